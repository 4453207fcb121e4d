//! Parses a string into a tree.
//!
//! It uses the parser of the real host, so that strings, numbers and null are distinguished in the same way. That
//! parser gives positions only in its errors. So each scalar is kept by a visitor that then fails on purpose: the
//! error says where the scalar is, and parsing continues after it. The time is proportional to the length of the
//! string, and aliases cannot multiply it without limit.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::Number;

use super::node::{KeyForm, MapEntry, Node, NodeContent};
use super::positions::Positions;
use super::weight::is_heavy;

/// Why a file could not be read.
#[derive(Debug)]
pub(crate) struct ReadError {
    /// The message of the parser, without a position.
    pub(crate) message: String,
    /// The line, counted from 1.
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

/// Parses a string with one document. An empty document is null.
pub(crate) fn parse(text: &str) -> Result<Node, ReadError> {
    let mut documents = parse_all(text)?.into_iter();
    match (documents.next(), documents.next()) {
        (first, None) => Ok(first.unwrap_or(Node::new(1, NodeContent::Null))),
        (_, Some(second)) => {
            Err(ReadError { message: "there is more than one document".to_owned(), line: Some(second.line) })
        }
    }
}

/// Parses a string with any number of documents.
pub(crate) fn parse_all(text: &str) -> Result<Vec<Node>, ReadError> {
    read(text, 1, Tags::Refuse, usize::MAX)
}

/// Reads the first document of a string and nothing after it, as Go's readers do, for [`Node::to_kubernetes_json`].
/// `line` is that of the first character, counted from 1.
pub(crate) fn parse_first(text: &str, line: usize) -> Result<Node, ReadError> {
    let documents = read(text, line, Tags::Keep, 1)?;
    Ok(documents.into_iter().next().unwrap_or(Node::new(line, NodeContent::Null)))
}

fn read(text: &str, line: usize, tags: Tags, count: usize) -> Result<Vec<Node>, ReadError> {
    let lines_before = line - 1;
    let below = |error: ReadError| ReadError { line: error.line.map(|line| line + lines_before), ..error };
    refuse_heavy(text)?;
    refuse_deep_nesting(text).map_err(below)?;
    let (positions, limits) = (Positions::of(text), ReadLimits::of(text));
    let tree =
        Tree { around: line, lines_before, path_bytes: 0, tags, positions: &positions, limits: &limits };
    let documents = yaml_serde::Deserializer::from_str(text).take(count);
    let nodes = documents.map(|document| tree.deserialize(document)).collect::<Result<_, _>>();
    nodes.map_err(|error| below(ReadError::from(&error)))
}

/// Whether the reader of a document knows tags other than YAML's own, and its own on values that they do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// They are errors.
    Refuse,
    /// They are kept, for `kubectl`'s rules.
    Keep,
}

/// Refuses a string whose values would need far more memory than itself.
pub(crate) fn refuse_heavy(text: &str) -> Result<(), ReadError> {
    if is_heavy(text) {
        return Err(ReadError { message: "it has too many values".to_owned(), line: None });
    }
    Ok(())
}

/// The parser looks at all open brackets for each token, long before a deserialiser could refuse their number.
fn refuse_deep_nesting(text: &str) -> Result<(), ReadError> {
    const OPEN_BRACKETS: usize = 10_000;
    let (mut open, mut line) = (0_usize, 1);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            b'\n' => line += 1,
            _ => {}
        }
        if open > OPEN_BRACKETS {
            let message = "lists and maps are nested too deeply".to_owned();
            return Err(ReadError { message, line: Some(line) });
        }
    }
    Ok(())
}

/// How much may still be read, so that aliases cannot repeat a document without end.
struct ReadLimits {
    values: Cell<usize>,
    /// The bytes of strings and keys.
    bytes: Cell<usize>,
    /// The bytes of the paths of values, which the parser writes into each of its errors.
    path_bytes: Cell<usize>,
}

impl ReadLimits {
    /// Allows any string without aliases, in which a value takes at least one character, and some aliases.
    fn of(text: &str) -> Self {
        Self {
            values: Cell::new(text.len() + 100_000),
            bytes: Cell::new(2 * text.len() + (16 << 20)),
            path_bytes: Cell::new(256 * text.len() + (64 << 20)),
        }
    }

    fn take<E: Error>(&self, bytes: usize, path_bytes: usize) -> Result<(), E> {
        let take = |left: &Cell<usize>, count| left.get().checked_sub(count).map(|rest| left.set(rest));
        take(&self.values, 1)
            .and(take(&self.bytes, bytes))
            .and(take(&self.path_bytes, path_bytes))
            .ok_or_else(|| E::custom("aliases repeat too much, or keys are too long"))
    }
}

/// Reads one value with everything in it.
#[derive(Clone, Copy)]
struct Tree<'a> {
    /// The line of what contains the value.
    around: usize,
    /// How many lines there are above the text.
    lines_before: usize,
    /// Length of the path of the value in the parser's words.
    path_bytes: usize,
    tags: Tags,
    positions: &'a Positions<'a>,
    limits: &'a ReadLimits,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let mut scalar = None;
        let error = match deserializer.deserialize_any(Collect { tree: self, scalar: &mut scalar }) {
            Ok(node) => return Ok(node),
            Err(error) => error,
        };
        let unfit = || match self.tags {
            Tags::Keep => unfit_scalar(&error.to_string()).map(NodeContent::Text),
            Tags::Refuse => None,
        };
        let Some(content) = scalar.or_else(unfit) else { return Err(error) };
        let (line, column) = place_of(&error);
        let (plain, tagged) = self.positions.spelling(line, column, &content);
        Ok(Node { line: line + self.lines_before, content, plain, tagged })
    }
}

/// The scalar that did not fit its tag, from the message about it: `invalid value: string "0644", expected an integer`.
fn unfit_scalar(message: &str) -> Option<String> {
    const BEFORE: &str = "invalid value: string \"";
    message.match_indices(BEFORE).find_map(|(start, _)| {
        let mut text = String::new();
        let mut chars = message[start + BEFORE.len()..].chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => text.push(unescape(&mut chars)?),
                c => text.push(c),
            }
        }
        let after = chars.as_str().strip_prefix(", expected ")?;
        let of_tags = ["a boolean", "an integer", "a float", "null"];
        of_tags.iter().any(|tag| after.starts_with(tag)).then_some(text)
    })
}

/// The character that is escaped as Rust prints it.
fn unescape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'u' => {
            let (code, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            *chars = rest.chars();
            char::from_u32(u32::from_str_radix(code, 16).ok()?)?
        }
        c => c,
    })
}

/// Line and column that an error of the parser names. It does not name the very first position.
fn place_of(error: &impl fmt::Display) -> (usize, usize) {
    let text = error.to_string();
    let place = text.rsplit_once(" at line ").and_then(|(_, place)| place.split_once(" column "));
    place.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?))).unwrap_or((1, 1))
}

/// Keeps a scalar and fails; collects what is in a list or a map.
struct Collect<'a> {
    tree: Tree<'a>,
    scalar: &'a mut Option<NodeContent>,
}

impl Collect<'_> {
    fn keep<E: Error>(self, content: NodeContent) -> Result<Node, E> {
        let bytes = if let NodeContent::Text(text) = &content { text.len() } else { 0 };
        self.tree.limits.take(bytes, self.tree.path_bytes)?;
        *self.scalar = Some(content);
        Err(E::custom("kept"))
    }

    /// An integer of more than 64 bits.
    fn keep_wide<E: Error>(self, value: f64) -> Result<Node, E> {
        match self.tree.tags {
            Tags::Keep => self.visit_f64(value),
            Tags::Refuse => Err(E::custom("the number does not fit into 64 bits: write it in quotes")),
        }
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.keep(NodeContent::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.keep(NodeContent::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.keep(NodeContent::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.keep(NodeContent::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.keep(NodeContent::Number(value.into()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Node, E> {
        self.keep_wide(value as f64)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Node, E> {
        self.keep_wide(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.keep(Number::from_f64(value).map_or(NodeContent::Null, NodeContent::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        self.keep(NodeContent::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        self.tree.limits.take(0, 0)?;
        // `[index]`
        let path_bytes = self.tree.path_bytes + 8;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Tree { path_bytes, ..self.tree })? {
            list.push(item);
        }
        let line = list.first().map_or(self.tree.around, |first: &Node| first.line);
        Ok(Node::new(line, NodeContent::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        self.tree.limits.take(0, 0)?;
        let mut entries = Vec::new();
        while let Some((line, key, form)) = map.next_key_seed(Key(self.tree))? {
            self.tree.limits.take(key.len(), self.tree.path_bytes)?;
            let path_bytes = self.tree.path_bytes + key.len() + 1;
            let value = map.next_value_seed(Tree { around: line, path_bytes, ..self.tree })?;
            entries.push(MapEntry { line, key, value, form });
        }
        let line = entries.first().map_or(self.tree.around, |first: &MapEntry| first.line);
        Ok(Node::new(line, NodeContent::Map(entries)))
    }

    /// A value with a tag that is not YAML's own.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (tag, content) = tagged.variant::<String>()?;
        match self.tree.tags {
            Tags::Keep => content.newtype_variant_seed(self.tree),
            Tags::Refuse => Err(A::Error::custom(format!("unknown tag `!{tag}`"))),
        }
    }
}

/// Reads a key as a string, whatever it looks like, with its line. A list or a map cannot be a key.
struct Key<'a>(Tree<'a>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = (usize, String, KeyForm);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut key = None;
        match (deserializer.deserialize_str(KeepKey(&mut key)), key) {
            (Err(error), Some(key)) => {
                let (line, column) = place_of(&error);
                let form = self.0.positions.key_form(line, column);
                Ok((line + self.0.lines_before, key, form))
            }
            (Err(error), None) => Err(error),
            (Ok(never), _) => match never {},
        }
    }
}

struct KeepKey<'a>(&'a mut Option<String>);

impl Visitor<'_> for KeepKey<'_> {
    type Value = std::convert::Infallible;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        *self.0 = Some(key.to_owned());
        Err(E::custom("kept"))
    }
}

#[cfg(test)]
mod tests;
