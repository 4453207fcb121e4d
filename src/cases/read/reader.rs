//! Reads values of the types that cases use, and reports each value of another type.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::Wording;
use crate::finding::{FileLines, Finding, FindingName};
use crate::fs;
use crate::kubernetes::{self, InputDocument, UnreadableDocument};
use crate::protocol::{PolicyType, Settings};
use crate::yaml::{self, DocumentReader, Fields, MapEntry, Node, NodeContent, ReadError, Syntax};

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reads {
    /// Objects and requests.
    Objects,
    Settings,
}

/// A file being read, with the findings so far.
pub(super) struct ValueReader<'a> {
    /// The path of the file, as the user would write it.
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    pub(super) document: DocumentReader<'a>,
    /// The contents of other files, by path; `None` for those that were reported.
    fixtures: HashMap<(PathBuf, Reads), Option<InputDocument>>,
    /// Decides how YAML other than settings is read.
    policy_type: PolicyType,
}

impl<'a> ValueReader<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str, policy_type: PolicyType) -> Self {
        let document = DocumentReader::new(Some(FileLines::of(file, text)), Syntax::Yaml);
        Self { file, text, document, fixtures: HashMap::new(), policy_type }
    }

    /// Reports an error in a line of the file.
    pub(super) fn error(
        &mut self,
        name: FindingName,
        line: usize,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.document.error(name, line, message, fix);
    }

    fn wrong_type(&mut self, entry: &MapEntry, wanted: &str, fix: &str) {
        self.document.wrong_type(entry, "", wanted, fix);
    }

    /// A map of known keys. Unknown and repeated keys are reported, and a value that is not a map. Keys that begin with
    /// `x-` are the user's own, for anchors.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.document.fields(node, what, known)?;
        for entry in fields.unknown(known).filter(|entry| !entry.key.starts_with("x-")) {
            let message = format!("unknown key `{}` in {what}", entry.key);
            let fix = fields.instead_of(&entry.key, known);
            self.error(FindingName::UnknownKey, entry.line, message, fix);
        }
        Some(fields)
    }

    /// Reads the items of a list.
    pub(super) fn list<'n>(&mut self, entry: &'n MapEntry, fix: &str) -> Option<&'n [Node]> {
        let NodeContent::List(items) = &entry.value.content else {
            self.wrong_type(entry, "a list", fix);
            return None;
        };
        Some(items)
    }

    pub(super) fn string<'n>(&mut self, entry: &'n MapEntry) -> Option<&'n str> {
        let NodeContent::Text(text) = &entry.value.content else {
            self.wrong_type(entry, "a string", "write it in quotes");
            return None;
        };
        Some(text)
    }

    pub(super) fn boolean(&mut self, entry: &MapEntry) -> Option<bool> {
        let NodeContent::Bool(value) = entry.value.content else {
            self.wrong_type(entry, "`true` or `false`", "write `true` or `false`, without quotes");
            return None;
        };
        Some(value)
    }

    /// Reads a number that can be the code of a response.
    pub(super) fn code(&mut self, entry: &MapEntry) -> Option<u16> {
        let code = match &entry.value.content {
            NodeContent::Number(number) => number.as_u64().and_then(|code| u16::try_from(code).ok()),
            _ => None,
        };
        if code.is_none() {
            self.wrong_type(entry, "a whole number from 0 to 65535", "write the status, such as `403`");
        }
        code
    }

    pub(super) fn wording(&mut self, entry: &MapEntry) -> Option<Wording> {
        self.string(entry)?;
        self.wording_of(&entry.value, &entry.key)
    }

    /// Reads a string, or a regular expression between slashes.
    pub(super) fn wording_of(&mut self, node: &Node, what: &str) -> Option<Wording> {
        let NodeContent::Text(written) = &node.content else {
            let message = format!("`{what}` must hold strings, found {}", node.content);
            self.error(FindingName::WrongType, node.line, message, "write it in quotes");
            return None;
        };
        match Wording::parse(written) {
            Ok(wording) => Some(wording),
            Err(error) => {
                let error = error.lines().last().unwrap_or_default().to_owned();
                let message = format!("`{written}` is not a regular expression: {error}");
                let fix = "a string between slashes is a regular expression: write `\\` before its special characters";
                self.error(FindingName::InvalidRegex, node.line, message, fix);
                None
            }
        }
    }

    /// Reads any value, which is written inline or is in the file that a string names.
    pub(super) fn value(&mut self, entry: &MapEntry) -> Option<Value> {
        match &entry.value.content {
            NodeContent::Text(_) => self.value_of_fixture(entry),
            _ => self.inline(&entry.value),
        }
    }

    /// Reads an inline value.
    pub(super) fn inline(&mut self, node: &Node) -> Option<Value> {
        self.check_keys(node)?;
        self.resolve(node.clone().into(), node.line)
    }

    /// Reads the value in the file that this entry names.
    pub(super) fn value_of_fixture(&mut self, entry: &MapEntry) -> Option<Value> {
        let document = self.fixture(entry, Reads::Objects)?;
        self.resolve(document, entry.value.line)
    }

    /// The value of a document that this line has or names.
    fn resolve(&mut self, document: InputDocument, line: usize) -> Option<Value> {
        match self.policy_type.value_of(document) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("`kubectl` could not read this: {error:#}");
                self.error(FindingName::InvalidFixture, line, message, "write what a cluster would take");
                None
            }
        }
    }

    /// Reports a key that is written twice.
    pub(super) fn check_keys(&mut self, node: &Node) -> Option<()> {
        let Some(repeated) = node.repeated_key() else { return Some(()) };
        let message = format!("`{}` is written twice", repeated.key);
        self.error(FindingName::DuplicateKey, repeated.line, message, "keep one of them");
        None
    }

    /// Reads inline settings.
    pub(super) fn settings(&mut self, entry: &MapEntry) -> Option<Settings> {
        self.check_keys(&entry.value)?;
        self.take_settings(entry.value.to_json(), entry)
    }

    /// Reads the settings in the file that this entry names.
    pub(super) fn settings_of_fixture(&mut self, entry: &MapEntry) -> Option<Settings> {
        // Settings are Kubewarden's own, not Kubernetes'.
        let value = self.fixture(entry, Reads::Settings)?.into_json();
        self.take_settings(value, entry)
    }

    fn take_settings(&mut self, value: Value, entry: &MapEntry) -> Option<Settings> {
        let settings = Settings::try_from(value).ok();
        if settings.is_none() {
            let message = format!("`{}` must be a map, or a file with one", entry.key);
            let fix =
                "settings are keys and values: Kubewarden refuses anything else before the policy sees it";
            self.error(FindingName::WrongType, entry.value.line, message, fix);
        }
        settings
    }

    /// All documents in the file of Kubernetes objects that this names, relative to the folder of the case file. `key` is
    /// that of the file.
    pub(super) fn documents_of_fixture(&mut self, file: &Node, key: &str) -> Option<Vec<InputDocument>> {
        let NodeContent::Text(written) = &file.content else {
            let message = format!("`{key}` must name files, found {}", file.content);
            let fix = "write the path of a file, or a list of them";
            self.error(FindingName::WrongType, file.line, message, fix);
            return None;
        };
        let path = fs::folder_of(self.file).join(written);
        let text = self.read_text(&path, file.line, written)?;
        match kubernetes::read_documents(&text) {
            Ok(documents) => Some(documents),
            Err(error) => {
                let message = format!("could not read `{written}`: {error:#}");
                self.error(FindingName::InvalidFixture, file.line, message, "correct the file");
                None
            }
        }
    }

    /// The contents of the file that this names, relative to the folder of the case file.
    fn fixture(&mut self, entry: &MapEntry, reads: Reads) -> Option<InputDocument> {
        let written = self.string(entry)?;
        let path = fs::folder_of(self.file).join(written);
        let key = (path, reads);
        if let Some(known) = self.fixtures.get(&key) {
            return known.clone();
        }
        let value = self.read_fixture(&key.0, entry, written, reads);
        self.fixtures.insert(key, value.clone());
        value
    }

    fn read_text(&mut self, path: &Path, line: usize, written: &str) -> Option<String> {
        match fs::read_document(path) {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("could not read `{written}`: {}", error.root_cause());
                let fix = format!(
                    "write the path of a file, relative to the folder of this one, `{}`",
                    fs::folder_of(self.file).display()
                );
                self.error(FindingName::UnreadableFile, line, message, fix);
                None
            }
        }
    }

    fn read_fixture(
        &mut self,
        path: &Path,
        entry: &MapEntry,
        written: &str,
        reads: Reads,
    ) -> Option<InputDocument> {
        let text = self.read_text(path, entry.value.line, written)?;
        match parse(&text, reads) {
            Ok(value) => Some(value),
            Err(UnreadableDocument { format, error }) => {
                let (place, quote) = FileLines::of(path, &text).place(error.line);
                let message = format!("not {format}: {}", error.message);
                let fix =
                    format!("correct the {format}; {}:{} names the file", self.file.display(), entry.line);
                let finding = Finding::error(FindingName::InvalidFixture, message, fix);
                self.document.findings.push(Finding { place: Some(place), quote, ..finding });
                None
            }
        }
    }
}

/// Reads the one document of a file. Settings are Kubewarden's own: `kubectl` does not read them.
fn parse(text: &str, reads: Reads) -> Result<InputDocument, UnreadableDocument> {
    let document = match reads {
        Reads::Settings => match serde_json::from_str::<Value>(text) {
            Ok(value) => value.into(),
            Err(_) => yaml::parse(text)?.into(),
        },
        Reads::Objects => {
            let mut documents = kubernetes::parse_documents(text)?;
            match (documents.pop(), documents.len()) {
                (last, 0) => last.unwrap_or_else(|| Value::Null.into()),
                _ => {
                    let message = "there is more than one document".to_owned();
                    return Err(ReadError { message, line: None }.into());
                }
            }
        }
    };
    match document.repeated_key() {
        None => Ok(document),
        Some((line, key)) => {
            Err(ReadError { message: format!("`{key}` is written twice"), line: Some(line) }.into())
        }
    }
}
