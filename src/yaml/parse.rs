//! From text to a tree.
//!
//! Read with the parser family of the real host, so that what is text, a number or null is decided as there. That
//! parser tells positions in its errors only. So each scalar is kept by a visitor that then fails on purpose: the
//! error says the line, and reading goes on behind the scalar.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::positions::Positions;
use super::{Content, Entry, Node};

/// Why a text could not be read.
#[derive(Debug)]
pub(crate) struct ReadError {
    /// In the words of the parser, without a position.
    pub(crate) message: String,
    /// Counted from 1.
    pub(crate) line: Option<usize>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<&yaml_serde::Error> for ReadError {
    fn from(error: &yaml_serde::Error) -> Self {
        let text = error.to_string();
        let Some(location) = error.location() else { return Self { message: text, line: None } };
        let position = format!(" at line {} column {}", location.line(), location.column());
        Self { message: text.replace(&position, ""), line: Some(location.line()) }
    }
}

/// Reads a text that is one document. One without any value is null.
pub(crate) fn parse(text: &str) -> Result<Node, ReadError> {
    let positions = Positions::of(text);
    let tree = Tree { around: 1, positions: &positions };
    match tree.deserialize(yaml_serde::Deserializer::from_str(text)) {
        Ok(node) => Ok(node),
        Err(_) if is_blank(text) => Ok(Node { line: 1, content: Content::Null, plain: None }),
        Err(error) => Err(ReadError::from(&error)),
    }
}

/// Reads a text that is any number of documents.
pub(crate) fn parse_all(text: &str) -> Result<Vec<Node>, ReadError> {
    let positions = Positions::of(text);
    let tree = Tree { around: 1, positions: &positions };
    let documents = yaml_serde::Deserializer::from_str(text).map(|document| tree.deserialize(document));
    documents.collect::<Result<_, _>>().map_err(|error| ReadError::from(&error))
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// Reads one value with all that is in it.
#[derive(Clone, Copy)]
struct Tree<'a> {
    /// The line of what is around the value.
    around: usize,
    positions: &'a Positions<'a>,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let mut scalar = None;
        match deserializer.deserialize_any(Collect { tree: self, scalar: &mut scalar }) {
            Ok(node) => Ok(node),
            Err(error) => match scalar {
                Some(content) => {
                    let (line, column) = place_of(&error);
                    let plain = self.positions.plain_scalar(line, column, &content);
                    Ok(Node { line, content, plain })
                }
                None => Err(error),
            },
        }
    }
}

/// Line and column that an error of the parser names. It names none for the very first position.
fn place_of(error: &impl fmt::Display) -> (usize, usize) {
    let text = error.to_string();
    let place = text.rsplit_once(" at line ").and_then(|(_, place)| place.split_once(" column "));
    place.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?))).unwrap_or((1, 1))
}

/// Keeps a scalar and fails; collects what is in a list or a map.
struct Collect<'a> {
    tree: Tree<'a>,
    scalar: &'a mut Option<Content>,
}

impl Collect<'_> {
    fn keep<E: Error>(self, content: Content) -> Result<Node, E> {
        *self.scalar = Some(content);
        Err(E::custom("kept"))
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.keep(Content::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.keep(Content::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.keep(Content::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.keep(Content::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.keep(Content::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.keep(Number::from_f64(value).map_or(Content::Null, Content::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        self.keep(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.tree)? {
            list.push(item);
        }
        let line = list.first().map_or(self.tree.around, |first: &Node| first.line);
        Ok(Node { line, content: Content::List(list), plain: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some((line, key)) = map.next_key_seed(Key)? {
            let value = map.next_value_seed(Tree { around: line, ..self.tree })?;
            entries.push(Entry { line, key, value });
        }
        let line = entries.first().map_or(self.tree.around, |first: &Entry| first.line);
        Ok(Node { line, content: Content::Map(entries), plain: None })
    }
}

/// Reads a key as text, whatever it looks like, with its line. A list or a map is no key.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = (usize, String);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut key = None;
        match (deserializer.deserialize_str(KeepKey(&mut key)), key) {
            (Err(error), Some(key)) => Ok((place_of(&error).0, key)),
            (Err(error), None) => Err(error),
            (Ok(never), _) => match never {},
        }
    }
}

struct KeepKey<'a>(&'a mut Option<String>);

enum Never {}

impl Visitor<'_> for KeepKey<'_> {
    type Value = Never;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Never, E> {
        *self.0 = Some(key.to_owned());
        Err(E::custom("kept"))
    }
}

#[cfg(test)]
mod tests;
