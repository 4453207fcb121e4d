//! Reads values of the types that metadata uses, and reports each value of another type.

use crate::finding::FindingName;
use crate::yaml::{DocumentReader, Fields, MapEntry, Node, NodeContent, Syntax};

use super::Document;

/// A document being read.
pub(super) struct MetadataReader<'a> {
    pub(super) document: &'a Document,
    pub(super) reader: DocumentReader<'a>,
}

/// An item of a list of strings.
pub(super) struct Item {
    pub(super) line: usize,
    pub(super) text: String,
}

impl<'a> MetadataReader<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        Self { document, reader: document.reader() }
    }

    /// Whether this is the table of a `Cargo.toml`.
    pub(super) fn is_table(&self) -> bool {
        self.reader.syntax == Syntax::Toml
    }

    /// Reads the keys of a map. Warns about each key that Kubewarden would silently ignore.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.reader.fields(node, what, known)?;
        for entry in fields.unknown(known) {
            let key = fields.normal(&entry.key);
            let (name, fix) = match &*key {
                "contextAware" => (
                    FindingName::LegacyContextAware,
                    "remove it; a policy that reads cluster resources lists them in `contextAwareResources`"
                        .to_owned(),
                ),
                "scope" if !what.is_empty() => (
                    FindingName::UnknownKey,
                    "remove it: a scope can only be given in the resource that deploys the policy".to_owned(),
                ),
                _ => (FindingName::UnknownKey, fields.instead_of(&key, known)),
            };
            let message = format!("unknown key `{}`: Kubewarden ignores it", entry.key);
            self.reader.warning(name, entry.line, message, fix);
        }
        Some(fields)
    }

    /// Reads the value of a key, and reports it if it is missing.
    pub(super) fn required<'n>(&mut self, fields: &Fields<'n>, key: &str, fix: &str) -> Option<&'n MapEntry> {
        let entry = fields.find(key);
        if entry.is_none() {
            let message = format!("`{}` is missing{}", fields.spelling(key), within(fields));
            self.reader.error(FindingName::MissingKey, fields.line, message, fix);
        }
        entry
    }

    /// Reads the list of a required key. For Kubewarden, a key without a value is an empty list.
    pub(super) fn list<'n>(&mut self, fields: &Fields<'n>, key: &str, example: &str) -> Option<&'n [Node]> {
        let example = self.reader.example(&fields.spelling(key), example);
        let entry = self.required(fields, key, &format!("write, for example, `{example}`"))?;
        match &entry.value.content {
            NodeContent::List(items) => Some(items),
            _ if entry.value.is_left_out() => Some(&[]),
            NodeContent::Text(text) => {
                let fix = self.reader.example(&entry.key, &format!("[\"{text}\"]"));
                self.wrong_type(fields, entry, "a list", format!("write `{fix}`"))
            }
            _ => self.wrong_type(fields, entry, "a list", "write a list".to_owned()),
        }
    }

    /// Reads the list of strings of a required key.
    pub(super) fn strings(&mut self, fields: &Fields<'_>, key: &str, example: &str) -> Option<Vec<Item>> {
        let items = self.list(fields, key, example)?;
        let spelling = fields.spelling(key);
        let read = |(index, item): (usize, &Node)| match item.as_text() {
            Some(text) => Some(Item { line: item.line, text: text.to_owned() }),
            None => {
                let message =
                    format!("item {} of `{spelling}` must be a string, found {}", index + 1, item.content);
                self.reader.error(FindingName::WrongType, item.line, message, "write a string");
                None
            }
        };
        // Read all of them, so that each mistake is reported.
        let read: Vec<_> = items.iter().enumerate().map(read).collect();
        read.into_iter().collect()
    }

    pub(super) fn string(&mut self, fields: &Fields<'_>, entry: &MapEntry) -> Option<String> {
        let text = entry.value.as_text();
        if text.is_none() {
            self.wrong_type::<()>(fields, entry, "a string", "write a string".to_owned());
        }
        text.map(str::to_owned)
    }

    /// Reads the string of a key that may be missing or null.
    pub(super) fn optional_string<'n>(
        &mut self,
        fields: &Fields<'n>,
        key: &str,
    ) -> Option<(&'n MapEntry, String)> {
        let entry = fields.find(key).filter(|entry| !entry.value.is_null())?;
        Some((entry, self.string(fields, entry)?))
    }

    pub(super) fn boolean(&mut self, fields: &Fields<'_>, entry: &MapEntry) -> Option<bool> {
        if let NodeContent::Bool(value) = entry.value.content {
            return Some(value);
        }
        let [yes, no] = ["true", "false"].map(|value| self.reader.example(&entry.key, value));
        let fix = format!("write `{yes}` or `{no}`, without quotes");
        self.wrong_type(fields, entry, "`true` or `false`", fix)
    }

    pub(super) fn wrong_type<T>(
        &mut self,
        fields: &Fields<'_>,
        entry: &MapEntry,
        wanted: &str,
        fix: String,
    ) -> Option<T> {
        self.reader.wrong_type(entry, &within(fields), wanted, fix);
        None
    }
}

/// Returns ` in rule 2 of `rules``, or an empty string for the whole file.
pub(super) fn within(fields: &Fields<'_>) -> String {
    if fields.what.is_empty() { String::new() } else { format!(" in {}", fields.what) }
}
