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
    /// A value whose text does not matter.
    pub(crate) fn new(line: usize, content: Content) -> Self {
        Self { line, content, plain: None }
    }

    /// The value as a string where a host takes any scalar without quotes for one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => self.plain.as_deref(),
        }
    }

    /// Nothing at all, not even `null`.
    pub(crate) fn is_left_out(&self) -> bool {
        self.plain.as_deref() == Some("")
    }

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

/// JSON has no lines: all values are in the first.
impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(number) => Content::Number(number.clone()),
            Value::String(text) => Content::Text(text.clone()),
            Value::Array(items) => Content::List(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| Entry {
                    line: 1,
                    key: key.clone(),
                    value: value.into(),
                };
                Content::Map(map.iter().map(entry).collect())
            }
        };
        Self::new(1, content)
    }
}

/// The value in the words of a message: `the string `pods``, `a list`.
impl fmt::Display for Content {
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
