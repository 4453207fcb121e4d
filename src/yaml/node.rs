//! The tree of a document: values, each with the line in which it starts.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Number, Value};

/// A value, and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The line, counted from 1.
    pub(crate) line: usize,
    pub(crate) content: NodeContent,
    /// The scalar as it was written, unless it has quotes, a tag, or a leading `|` or `>`: another reader may read it
    /// differently.
    pub(super) plain: Option<String>,
    /// A scalar with a tag. `None` for all others.
    pub(super) tagged: Option<Box<Tagged>>,
}

/// A scalar with a tag, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tagged {
    /// `!Ref`, `!!int`.
    pub(super) tag: String,
    pub(super) text: String,
}

/// What JSON can hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeContent {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// A map in the order of the file, with repeated keys.
    Map(Vec<MapEntry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapEntry {
    /// The line of the key.
    pub(crate) line: usize,
    pub(crate) key: String,
    pub(crate) value: Node,
    pub(super) form: KeyForm,
}

/// How a key was written. By default with quotes: whatever reads it takes it for a string.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KeyForm {
    pub(super) is_plain: bool,
    pub(super) tag: Option<Box<str>>,
}

impl MapEntry {
    /// A key that is a string for every reader.
    pub(crate) fn new(line: usize, key: String, value: Node) -> Self {
        Self { line, key, value, form: KeyForm::default() }
    }
}

impl Node {
    /// Creates a value whose spelling does not matter.
    pub(crate) fn new(line: usize, content: NodeContent) -> Self {
        Self { line, content, plain: None, tagged: None }
    }

    /// Returns the value as a string, for a key where a host reads any scalar without quotes as a string.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.content {
            NodeContent::Text(text) => Some(text),
            _ => self.plain.as_deref(),
        }
    }

    /// Whether there is no value at all, not even `null`.
    pub(crate) fn is_left_out(&self) -> bool {
        self.plain.as_deref() == Some("")
    }

    pub(crate) fn is_null(&self) -> bool {
        self.content == NodeContent::Null
    }

    /// The value alone, without tags. Of a repeated key the last one counts, as in JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            NodeContent::Null => Value::Null,
            NodeContent::Bool(value) => Value::Bool(*value),
            NodeContent::Number(number) => Value::Number(number.clone()),
            NodeContent::Text(text) => Value::String(text.clone()),
            NodeContent::List(items) => items.iter().map(Self::to_json).collect(),
            NodeContent::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// A map with the maps of its `<<` in place of these: its own keys first, then those of the first map. `None` if it has
    /// no `<<`.
    pub(crate) fn with_merges(&self) -> Option<Self> {
        let NodeContent::Map(entries) = &self.content else { return None };
        if entries.iter().all(|entry| entry.key != "<<") {
            return None;
        }
        let (merges, own): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key == "<<");
        let maps = merges.iter().flat_map(|merge| match &merge.value.content {
            NodeContent::List(maps) => maps.as_slice(),
            _ => std::slice::from_ref(&merge.value),
        });
        let mut merged: Vec<MapEntry> = own.into_iter().cloned().collect();
        let mut present: HashSet<String> = merged.iter().map(|entry| entry.key.clone()).collect();
        for map in maps {
            let all = map.with_merges();
            // What is not a map stays, to be reported.
            let NodeContent::Map(entries) = &all.as_ref().unwrap_or(map).content else { return None };
            let missing = entries.iter().filter(|entry| present.insert(entry.key.clone()));
            merged.extend(missing.cloned().collect::<Vec<_>>());
        }
        Some(Self::new(self.line, NodeContent::Map(merged)))
    }

    /// A key that is written again, anywhere below this value, the first of them.
    pub(crate) fn repeated_key(&self) -> Option<&MapEntry> {
        match &self.content {
            NodeContent::List(items) => items.iter().find_map(Self::repeated_key),
            NodeContent::Map(entries) => {
                let mut seen = HashSet::new();
                entries.iter().find_map(|entry| {
                    if seen.insert(&entry.key) { entry.value.repeated_key() } else { Some(entry) }
                })
            }
            _ => None,
        }
    }
}

/// JSON has no lines, so all values get the first line.
impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        let content = match value {
            Value::Null => NodeContent::Null,
            Value::Bool(value) => NodeContent::Bool(*value),
            Value::Number(number) => NodeContent::Number(number.clone()),
            Value::String(text) => NodeContent::Text(text.clone()),
            Value::Array(items) => NodeContent::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| MapEntry::new(1, key.clone(), value.into());
                NodeContent::Map(map.iter().map(entry).collect())
            }
        };
        Self::new(1, content)
    }
}

/// Written as in a message: `the string `pods``, `a list`.
impl fmt::Display for NodeContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Number(number) => write!(f, "the number `{number}`"),
            Self::Text(text) if text.len() > 40 || text.contains('\n') => f.write_str("a string"),
            Self::Text(text) => write!(f, "the string `{text}`"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) => f.write_str("a map"),
        }
    }
}
