//! The settings of the policy, and how they are checked.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::kubewarden::null_as_default;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Labels to add where they are missing.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, Box<str>>,
}

impl Settings {
    /// Checks what the types cannot check. The person who deploys the policy sees the message.
    ///
    /// The rules are those of Kubernetes, which would otherwise refuse each labeled object.
    pub fn check(&self) -> Result<(), String> {
        for (key, value) in &self.labels {
            let (prefix, name) = match key.split_once('/') {
                Some((prefix, name)) => (Some(prefix), name),
                None => (None, key.as_str()),
            };
            let mistake = if prefix.is_some_and(|prefix| !is_dns_name(prefix)) {
                "the part before the `/` of its key must be a DNS name in lower case"
            } else if !is_label_name(name) {
                "its key must be 1 to 63 letters, digits and inner `-`, `_` and `.`"
            } else if !value.is_empty() && !is_label_name(value) {
                "its value must be at most 63 letters, digits and inner `-`, `_` and `.`"
            } else {
                continue;
            };
            return Err(format!("label `{key}: {value}` is not valid: {mistake}"));
        }
        Ok(())
    }
}

fn is_label_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.len() <= 63 && text.bytes().all(allowed) && has_alphanumeric_ends(text)
}

fn is_dns_name(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let is_part = |part: &str| part.bytes().all(allowed) && has_alphanumeric_ends(part);
    text.len() <= 253 && text.split('.').all(is_part)
}

fn has_alphanumeric_ends(text: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    is_end(text.as_bytes().first()) && is_end(text.as_bytes().last())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), String> {
        let settings: Settings = serde_json::from_str(json).map_err(|error| error.to_string())?;
        settings.check()
    }

    fn check_label(key: &str, value: &str) -> Result<(), String> {
        let labels = BTreeMap::from([(key.to_owned(), value.into())]);
        Settings { labels }.check()
    }

    #[track_caller]
    fn assert_refused(checked: Result<(), String>, reason: &str) {
        let message = checked.unwrap_err();
        assert!(message.contains(reason), "{message}");
    }

    #[test]
    fn no_setting_is_required() {
        assert_eq!(check("{}"), Ok(()));
        assert_eq!(check(r#"{"labels": null}"#), Ok(()));
        assert_eq!(check(r#"{"labels": {}}"#), Ok(()));
    }

    #[test]
    fn labels_can_be_configured() {
        assert_eq!(check(r#"{"labels": {"owner": "platform"}}"#), Ok(()));
        assert_eq!(check_label("example.com/Cost_Center.1", "a-b"), Ok(()));
        assert_eq!(check_label(&"k".repeat(63), &"v".repeat(63)), Ok(()));
        assert_eq!(check_label("empty", ""), Ok(()));
    }

    #[test]
    fn a_key_that_is_not_a_name_is_refused() {
        for key in ["", "-a", "a-", "a b", "ä", "a/", "a/b/c", &"k".repeat(64)] {
            assert_refused(check_label(key, "v"), "its key must be");
        }
    }

    #[test]
    fn a_prefix_that_is_not_a_dns_name_is_refused() {
        for prefix in ["", "Example.com", "a..b", "-a.b", "a_b", &"p".repeat(254)] {
            let key = format!("{prefix}/name");
            assert_refused(check_label(&key, "v"), "before the `/` of its key");
        }
    }

    #[test]
    fn a_value_that_is_not_a_name_is_refused() {
        for value in [" ", "a b", "a/b", ".a", "a.", &"v".repeat(64)] {
            assert_refused(check_label("owner", value), "its value must be");
        }
    }

    #[test]
    fn a_wrong_type_is_refused() {
        let reason = r#"invalid type: string "bad", expected a map"#;
        assert_refused(check(r#"{"labels": "bad"}"#), reason);
        let reason = "invalid type: integer `1`, expected a string";
        assert_refused(check(r#"{"labels": {"owner": 1}}"#), reason);
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert_refused(check(r#"{"label": {}}"#), "unknown field `label`");
    }
}
