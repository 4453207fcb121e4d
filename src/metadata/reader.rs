//! Reading values one by one: what is missing, misspelt or of another type becomes a finding with its place.

use serde::de::{DeserializeOwned, IgnoredAny};

use super::Document;
use super::document::{ReadError, Step, Steps, at, camel_case};
use crate::finding::{Finding, FindingName, Severity};

/// A document being read, and what was found so far.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) findings: Vec<Finding>,
}

impl Reader<'_> {
    /// The value at a path; if it is not there, that is a finding.
    pub(super) fn required<T: DeserializeOwned>(&mut self, path: &[Step], fix: &str) -> Option<T> {
        match self.document.read(path) {
            Ok(Some(value)) => Some(value),
            Ok(None) => {
                let message = format!("`{}` is missing{}", self.document.spelling(path), context(path));
                self.error(FindingName::MissingKey, path, message, fix);
                None
            }
            Err(error) => {
                self.wrong_type(path, "", error);
                None
            }
        }
    }

    /// The value at a path, if there is one; one of another type is a finding.
    pub(super) fn value<T: DeserializeOwned>(&mut self, path: &[Step]) -> Option<T> {
        match self.document.read(path) {
            Ok(value) => value,
            Err(error) => {
                self.wrong_type(path, "", error);
                None
            }
        }
    }

    /// The list of texts at a path, which must be there.
    pub(super) fn texts(&mut self, path: &[Step]) -> Option<Vec<String>> {
        if !self.is_list(path) {
            return None;
        }
        (0..self.document.len(path)).map(|index| self.value(&below(path, index))).collect()
    }

    /// Is there a list at this path? If not, that is a finding.
    pub(super) fn is_list(&mut self, path: &[Step]) -> bool {
        let example = match path.last() {
            Some(Step::Key(key)) if key == "operations" => "[\"CREATE\"]",
            Some(Step::Key(key)) if key == "apiVersions" => "[\"v1\"]",
            Some(Step::Key(key)) if key == "apiGroups" => "[\"\"]",
            Some(Step::Key(key)) if key == "resources" => "[\"pods\"]",
            _ => "[]",
        };
        let sign = if self.document.is_table() { " =" } else { ":" };
        let fix = format!("write, for example, `{}{sign} {example}`", self.document.spelling(path));
        // In TOML, rules are written as `[[…rules]]`; a raw policy has none and needs not say so.
        if self.document.is_table()
            && *path == at!["rules"]
            && self.document.keys(&at![]).iter().all(|key| key != "rules")
        {
            return false;
        }
        self.required::<Vec<IgnoredAny>>(path, &fix).is_some()
    }

    /// Warns of keys that Kubewarden would drop without a word, and refuses repeated ones, as Kubewarden does.
    pub(super) fn unknown_keys(&mut self, path: &[Step], known: &[&str]) {
        let keys = self.document.keys(path);
        let table = self.document.is_table();
        let normal = |key: &str| if table { camel_case(key) } else { key.to_owned() };
        for (index, written) in keys.iter().enumerate() {
            let key = normal(written);
            let at = below(path, Step::Key(written.clone()));
            if known.contains(&key.as_str()) {
                if keys[..index].iter().any(|earlier| normal(earlier) == key) {
                    self.error(
                        FindingName::DuplicateKey,
                        &at,
                        format!("`{written}` is written twice"),
                        "keep one of them",
                    );
                }
                continue;
            }
            let (name, fix) = match (key.as_str(), self.nearest(&key, known, path)) {
                ("contextAware", _) => (
                    FindingName::LegacyContextAware,
                    "remove it; a policy that reads cluster resources lists them in `contextAwareResources`"
                        .to_owned(),
                ),
                ("scope", _) if !path.is_empty() => (
                    FindingName::UnknownKey,
                    "remove it: a scope can only be given in the resource that deploys the policy".to_owned(),
                ),
                (_, Some(near)) => (FindingName::UnknownKey, format!("write `{near}`")),
                (_, None) => {
                    (FindingName::UnknownKey, format!("remove it; known here are {}", self.list(known, path)))
                }
            };
            self.warning(
                name,
                &at,
                format!("`{written}` is no key that Kubewarden knows: it is ignored"),
                fix,
            );
        }
    }

    /// The known key a misspelt one most likely means, in the spelling of this file.
    fn nearest(&self, key: &str, known: &[&str], path: &[Step]) -> Option<String> {
        let similarity = |known: &str| {
            let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
            strsim::normalized_damerau_levenshtein(&plain(key), &plain(known))
        };
        let near = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
        (similarity(near) > 0.6).then(|| self.spell(path, near))
    }

    fn list(&self, keys: &[&str], path: &[Step]) -> String {
        let spelt: Vec<String> = keys.iter().map(|key| format!("`{}`", self.spell(path, key))).collect();
        spelt.join(", ")
    }

    /// A key as this file would have it.
    pub(super) fn spell(&self, path: &[Step], key: &str) -> String {
        self.document.spelling(&[path, &[Step::from(key)]].concat())
    }

    /// `expected`: what should be there, when the deserialiser would say it less clearly.
    pub(super) fn wrong_type(&mut self, path: &[Step], expected: &str, error: ReadError) {
        let (found, wanted) = describe(&error.message);
        let wanted = if expected.is_empty() { wanted } else { expected.to_owned() };
        let subject = match path.last() {
            Some(Step::Key(_)) => format!("`{}`{}", self.document.spelling(path), context(path)),
            Some(Step::Index(index)) => {
                format!("item {} of `{}`", index + 1, self.document.spelling(&path[..path.len() - 1]))
            }
            None => "the file".to_owned(),
        };
        let key = path
            .iter()
            .rev()
            .find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
        let sign = if self.document.is_table() { " =" } else { ":" };
        let spelling = self.document.spelling(path);
        let value = found.strip_prefix("the string `").and_then(|rest| rest.strip_suffix('`'));
        let fix = match (wanted.as_str(), value) {
            ("a list", Some(value)) if key.is_some() => format!("write `{spelling}{sign} [\"{value}\"]`"),
            ("`true` or `false`", _) => {
                format!("write `{spelling}{sign} true` or `{spelling}{sign} false`, without quotes")
            }
            _ => format!("write {wanted}"),
        };
        self.error(FindingName::WrongType, path, format!("{subject} must be {wanted}, found {found}"), fix);
    }

    pub(super) fn error(
        &mut self,
        name: FindingName,
        path: &[Step],
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.find(Severity::Error, name, path, message.into(), fix.into());
    }

    pub(super) fn warning(
        &mut self,
        name: FindingName,
        path: &[Step],
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.find(Severity::Warning, name, path, message.into(), fix.into());
    }

    fn find(&mut self, severity: Severity, name: FindingName, path: &[Step], message: String, fix: String) {
        let (place, quote) = self.document.place(path);
        self.findings.push(Finding { name, severity, message, place: Some(place), quote, fix });
    }

    pub(super) fn at_line(
        &mut self,
        severity: Severity,
        name: FindingName,
        line: Option<usize>,
        message: impl Into<String>,
        fix: &str,
    ) {
        let (place, quote) = self.document.place_of_line(line);
        self.findings.push(Finding {
            name,
            severity,
            message: message.into(),
            place: Some(place),
            quote,
            fix: fix.to_owned(),
        });
    }
}

/// A path and one more step.
pub(super) fn below(path: &[Step], step: impl Into<Step>) -> Steps {
    [path, &[step.into()]].concat()
}

/// ` in rule 2`, for a path inside a rule.
pub(super) fn context(path: &[Step]) -> String {
    match path {
        [Step::Key(list), Step::Index(index), ..] => {
            let noun = if list == "rules" { "rule" } else { "item" };
            format!(" in {noun} {} of `{list}`", index + 1)
        }
        _ => String::new(),
    }
}

/// The words of a deserialiser (`invalid type: string "pods", expected a sequence`) as what was found and what
/// was expected.
pub(super) fn describe(message: &str) -> (String, String) {
    let rest = message.find("invalid type: ").map(|at| &message[at + "invalid type: ".len()..]);
    let Some((found, expected)) = rest.and_then(|rest| rest.split_once(", expected ")) else {
        return (message.to_owned(), "something else".to_owned());
    };
    let found = match found.split_once(' ').unwrap_or((found, "")) {
        ("string", value) => format!("the string `{}`", value.trim_matches('"')),
        ("integer" | "boolean" | "floating", value) => {
            format!("`{}`", value.trim_start_matches("point ").trim_matches('`'))
        }
        ("sequence", _) => "a list".to_owned(),
        ("map", _) => "a map".to_owned(),
        ("unit" | "none" | "null", _) => "nothing".to_owned(),
        _ => found.to_owned(),
    };
    let expected = match expected.trim() {
        "a sequence" => "a list",
        "a boolean" | "a bool" => "`true` or `false`",
        "a string" | "string" => "text",
        "a map" => "a map",
        other => other,
    };
    (found, expected.to_owned())
}

/// The annotation at this key, as a path.
pub(super) fn annotation(key: &str) -> Steps {
    at!["annotations", key].into()
}
