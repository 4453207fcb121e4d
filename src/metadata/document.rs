//! A metadata file as written: values by path, and the line each was written in.
//!
//! YAML is read with the parser family of the real host, value by value and each as the type the host gives it,
//! so that what is a list, a boolean or text is decided exactly as there. A path is looked up by parsing again:
//! the files are small, and only a finding asks for a line.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::finding::{Place, Quote};
use crate::fs;
pub(super) use crate::yaml::ReadError;

/// One step from a value to a value inside it. Keys have the spelling of `metadata.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path below the root of a document.
pub(super) type Steps = Vec<Step>;

/// Joins a path and further steps.
macro_rules! at {
    ($($step:expr),* $(,)?) => { [$(crate::metadata::document::Step::from($step)),*] };
}
pub(super) use at;

/// A file with metadata.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Yaml,
    /// The table `[package.metadata.kubewarden]`.
    Toml(Box<toml_edit::Document<String>>),
}

/// Where the metadata lies in `Cargo.toml`.
const TABLE: [&str; 3] = ["package", "metadata", "kubewarden"];

impl Document {
    /// The text of a `metadata.yml`.
    pub fn yaml(path: &Path, text: String) -> Self {
        Self { path: path.to_owned(), text, content: Content::Yaml }
    }

    /// The text of a `Cargo.toml`, of which the table `[package.metadata.kubewarden]` counts.
    pub fn toml(path: &Path, text: String) -> Result<Self, toml_edit::TomlError> {
        // Unlike YAML, TOML keeps the line ends of the file in a text of several lines.
        let text = fs::unix_line_ends(text);
        let content = Content::Toml(Box::new(text.parse()?));
        Ok(Self { path: path.to_owned(), text, content })
    }

    /// Is it the table of a `Cargo.toml`?
    pub(super) fn is_table(&self) -> bool {
        matches!(self.content, Content::Toml(_))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Fails when the text is not one document of its format.
    pub(super) fn check_syntax(&self) -> Result<(), ReadError> {
        match self.content {
            Content::Yaml => {
                yaml_serde::from_str::<IgnoredAny>(&self.text).map(drop).or_else(|error| {
                    // An empty file is a document without keys.
                    if self.text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
                        return Ok(());
                    }
                    Err(ReadError::from(&error))
                })
            }
            Content::Toml(_) => Ok(()),
        }
    }

    /// The value at a path as a `T`; `None` where there is nothing.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &[Step]) -> Result<Option<T>, ReadError> {
        match &self.content {
            Content::Yaml => seek(&self.text, Seek { path, goal: Goal::Value(PhantomData) })
                .map_err(|error| ReadError::from(&error)),
            Content::Toml(document) => {
                let Some(item) = find(document, path) else { return Ok(None) };
                let value = item
                    .clone()
                    .into_value()
                    .map_err(|_| ReadError { message: "invalid type: none".to_owned(), line: None })?;
                T::deserialize(serde::de::IntoDeserializer::into_deserializer(value)).map(Some).map_err(
                    |error| ReadError {
                        message: error.message().to_owned(),
                        line: error.span().map(|span| self.line_of(span.start)),
                    },
                )
            }
        }
    }

    /// The keys of the map at a path, as written, in order, repeated ones too. Empty where there is no map.
    pub(super) fn keys(&self, path: &[Step]) -> Vec<String> {
        match &self.content {
            Content::Yaml => seek::<Keys>(&self.text, Seek { path, goal: Goal::Value(PhantomData) })
                .ok()
                .flatten()
                .map_or_else(Vec::new, |keys| keys.0),
            Content::Toml(document) => find(document, path)
                .and_then(toml_edit::Item::as_table_like)
                .map_or_else(Vec::new, |table| table.iter().map(|(key, _)| key.to_owned()).collect()),
        }
    }

    /// The number of values in the list at a path; 0 where there is no list.
    pub(super) fn len(&self, path: &[Step]) -> usize {
        self.read::<Vec<IgnoredAny>>(path).ok().flatten().map_or(0, |items| items.len())
    }

    /// The key at the end of a path as it was written, which in a table may be `api-groups` for `apiGroups`.
    pub(super) fn spelling(&self, path: &[Step]) -> String {
        let Some((Step::Key(key), parents)) = path.split_last() else { return String::new() };
        match self.content {
            Content::Yaml => key.clone(),
            Content::Toml(_) => self
                .keys(parents)
                .into_iter()
                .find(|written| camel_case(written) == *key || written == key)
                .unwrap_or_else(|| {
                    if parents.last() == Some(&"annotations".into()) { key.clone() } else { kebab_case(key) }
                }),
        }
    }

    /// Where the value at a path was written; where there is none, where the values around it are.
    pub(super) fn place(&self, path: &[Step]) -> (Place, Option<Quote>) {
        let line = (0..=path.len()).rev().find_map(|end| self.line(&path[..end]));
        self.place_of_line(line)
    }

    /// A line of this file as a place.
    pub(super) fn place_of_line(&self, line: Option<usize>) -> (Place, Option<Quote>) {
        let quote = line.and_then(|line| Quote::of(&self.text, line));
        (Place { file: self.path.clone(), line }, quote)
    }

    fn line(&self, path: &[Step]) -> Option<usize> {
        match &self.content {
            Content::Yaml => {
                if path.is_empty() {
                    return None;
                }
                let error = seek::<IgnoredAny>(&self.text, Seek { path, goal: Goal::Stop }).err()?;
                Some(error.location()?.line())
            }
            Content::Toml(document) => Some(self.line_of(span(document, path)?.start)),
        }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }
}

/// The item at a path below [`TABLE`].
fn find<'a>(document: &'a toml_edit::Document<String>, path: &[Step]) -> Option<&'a toml_edit::Item> {
    let table = TABLE.iter().try_fold(document.as_item(), |item, key| item.get(key))?;
    path.iter().try_fold(table, |item, step| match step {
        Step::Index(index) => item.get(index),
        Step::Key(key) => item.get(key).or_else(|| {
            let table = item.as_table_like()?;
            let (written, _) = table.iter().find(|(written, _)| camel_case(written) == *key)?;
            table.get(written)
        }),
    })
}

/// Where the key (or the value, in a list) at a path was written.
fn span(document: &toml_edit::Document<String>, path: &[Step]) -> Option<std::ops::Range<usize>> {
    let item = find(document, path)?;
    if let Some((Step::Key(key), parents)) = path.split_last() {
        let table = find(document, parents)?.as_table_like()?;
        let written = table
            .iter()
            .map(|(written, _)| written)
            .find(|written| written == key || camel_case(written) == *key)?;
        if let Some(span) = table.key(written).and_then(toml_edit::Key::span) {
            return Some(span);
        }
    }
    item.span()
}

/// `api-groups` as `apiGroups`.
pub(super) fn camel_case(key: &str) -> String {
    let mut camel = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        match c {
            '-' => upper = true,
            c if upper => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// `apiGroups` as `api-groups`.
pub(super) fn kebab_case(key: &str) -> String {
    let mut kebab = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

fn seek<T: DeserializeOwned>(text: &str, seek: Seek<'_, T>) -> Result<Option<T>, yaml_serde::Error> {
    seek.deserialize(yaml_serde::Deserializer::from_str(text))
}

/// What is wanted at the end of a path.
enum Goal<T> {
    Value(PhantomData<T>),
    /// An error there: the parser then says where it stands.
    Stop,
}

/// Walks to a path and reads or stops there. Of a key written twice the last one counts, as in a map.
struct Seek<'a, T> {
    path: &'a [Step],
    goal: Goal<T>,
}

impl<'a, T> Seek<'a, T> {
    fn below(&self) -> Self {
        let goal = match self.goal {
            Goal::Value(_) => Goal::Value(PhantomData),
            Goal::Stop => Goal::Stop,
        };
        Self { path: &self.path[1..], goal }
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Seek<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        match (self.path, &self.goal) {
            ([], Goal::Value(_)) => T::deserialize(deserializer).map(Some),
            ([], Goal::Stop) => deserializer.deserialize_any(Stop).map(|never| match never {}),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Seek<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        let last = self.path.len() == 1;
        loop {
            // At the end of the path the key's own line is wanted, not its value's.
            let key = if last && matches!(self.goal, Goal::Stop) {
                map.next_key_seed(StopAt(&self.path[0]))?
            } else {
                map.next_key::<Text>()?.map(|text| text.0)
            };
            let Some(key) = key else { return Ok(found) };
            if self.path[0] == Step::Key(key) {
                found = map.next_value_seed(self.below())?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        let mut index = 0;
        loop {
            let more = if self.path[0] == Step::Index(index) {
                match items.next_element_seed(self.below())? {
                    Some(value) => {
                        found = value;
                        true
                    }
                    None => false,
                }
            } else {
                items.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                return Ok(found);
            }
            index += 1;
        }
    }

    // A scalar has nothing below it.
    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Option<T>, E> {
        Ok(None)
    }
}

/// A key as text, whatever it looks like; keys that are no scalars have no name.
struct Text(String);

impl<'de> serde::Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// The keys of a map, in order.
struct Keys(Vec<String>);

impl<'de> serde::Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some(Text(key)) = map.next_key()? {
                    map.next_value::<IgnoredAny>()?;
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Fails at the key that is looked for, and reads the others.
struct StopAt<'a>(&'a Step);

impl<'de> DeserializeSeed<'de> for StopAt<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for StopAt<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        if matches!(self.0, Step::Key(wanted) if wanted == key) {
            return Err(E::custom("here"));
        }
        Ok(key.to_owned())
    }
}

/// Fails at whatever it meets.
struct Stop;

enum Never {}

impl<'de> Visitor<'de> for Stop {
    type Value = Never;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Never, A::Error> {
        Err(serde::de::Error::custom("here"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Never, A::Error> {
        Err(serde::de::Error::custom("here"))
    }
}
