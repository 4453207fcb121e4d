//! The settings of the policy, and how they are checked.

use serde::Deserialize;

use crate::kubewarden::null_as_default;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names to reject.
    #[serde(deserialize_with = "null_as_default")]
    pub denied_names: Vec<String>,
}

impl Settings {
    /// Checks what the types cannot check. The person who deploys the policy sees the message.
    pub fn check(&self) -> Result<(), String> {
        if self.denied_names.iter().any(String::is_empty) {
            return Err("`denied_names` must not contain an empty name".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), String> {
        let settings: Settings = serde_json::from_str(json).map_err(|error| error.to_string())?;
        settings.check()
    }

    #[track_caller]
    fn assert_refused(json: &str, reason: &str) {
        let message = check(json).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }

    #[test]
    fn no_setting_is_required() {
        assert_eq!(check("{}"), Ok(()));
        assert_eq!(check(r#"{"denied_names": null}"#), Ok(()));
        assert_eq!(check(r#"{"denied_names": []}"#), Ok(()));
    }

    #[test]
    fn names_can_be_denied() {
        assert_eq!(check(r#"{"denied_names": ["bad", "worse"]}"#), Ok(()));
    }

    #[test]
    fn an_empty_name_is_refused() {
        assert_refused(r#"{"denied_names": ["bad", ""]}"#, "an empty name");
    }

    #[test]
    fn a_wrong_type_is_refused() {
        let reason = r#"invalid type: string "bad", expected a sequence"#;
        assert_refused(r#"{"denied_names": "bad"}"#, reason);
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert_refused(r#"{"denied_name": []}"#, "unknown field `denied_name`");
    }
}
