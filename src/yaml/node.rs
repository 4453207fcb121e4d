//! The tree that a document is read into: values, each with the line it starts in.

use std::fmt;

use serde_json::{Number, Value};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) content: Content,
    /// A scalar without quotes, tag, or `|` and `>` in front, as it was written: another reader may take it for
    /// something else.
    pub(super) plain: Option<String>,
}

/// What JSON can hold. YAML's tags, which it cannot, are errors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file, repeated keys too.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The line of the key.
    pub(crate) line: usize,
    pub(crate) key: String,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// The value alone. Of a repeated key the last one counts, as in JSON.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// A key that is written again, anywhere below this value, the first of them.
    pub(crate) fn repeated_key(&self) -> Option<&Entry> {
        match &self.content {
            Content::List(items) => items.iter().find_map(Self::repeated_key),
            Content::Map(entries) => {
                let mut seen = std::collections::HashSet::new();
                entries.iter().find_map(|entry| {
                    if seen.insert(&entry.key) { entry.value.repeated_key() } else { Some(entry) }
                })
            }
            _ => None,
        }
    }
}

/// `the text `pods``, `a list`: what stands there, in the words of a message.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Number(number) => write!(f, "the number `{number}`"),
            Self::Text(text) if text.len() > 40 || text.contains('\n') => f.write_str("a text"),
            Self::Text(text) => write!(f, "the text `{text}`"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) => f.write_str("a map"),
        }
    }
}
