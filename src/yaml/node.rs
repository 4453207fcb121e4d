//! The tree of a document: values, each with the line in which it starts.

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
}

/// A value that JSON can hold. YAML's tags, which JSON cannot hold, are errors.
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
}

impl Node {
    /// Creates a value whose spelling does not matter.
    pub(crate) fn new(line: usize, content: NodeContent) -> Self {
        Self { line, content, plain: None }
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

    /// Returns the value without lines. If a key is repeated, the last one counts, as in JSON.
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

    /// Returns the first repeated key anywhere in this value.
    pub(crate) fn repeated_key(&self) -> Option<&MapEntry> {
        match &self.content {
            NodeContent::List(items) => items.iter().find_map(Self::repeated_key),
            NodeContent::Map(entries) => {
                let mut seen = std::collections::HashSet::new();
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
                let entry = |(key, value): (&String, &Value)| MapEntry {
                    line: 1,
                    key: key.clone(),
                    value: value.into(),
                };
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
