//! A file with metadata, as a tree with lines: YAML, the table of a `Cargo.toml`, or the JSON in a module.

use std::path::{Path, PathBuf};

use crate::finding::FileLines;
use crate::fs;
use crate::yaml::{self, DocumentReader, Node, NodeContent, ReadError, Syntax};

use super::{Metadata, table};

/// A file with metadata.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
    source: DocumentSource,
}

#[derive(Debug)]
enum DocumentSource {
    Yaml,
    /// The table `[package.metadata.kubewarden]`.
    Table(Node),
    /// The metadata section of a module, whose lines people do not see.
    Section(Node),
}

impl Document {
    /// Creates a document from the content of a `metadata.yml`.
    pub fn yaml(path: &Path, text: String) -> Self {
        Self { path: path.to_owned(), text, source: DocumentSource::Yaml }
    }

    /// Creates a document from the content of a `Cargo.toml`. Only the table `[package.metadata.kubewarden]` is read.
    pub(crate) fn toml(path: &Path, text: String) -> Result<Self, toml_edit::TomlError> {
        // Unlike YAML, TOML keeps the line endings of the file in a multi-line string.
        let text = fs::unix_line_ends(text);
        let source = DocumentSource::Table(table::read(&text)?);
        Ok(Self { path: path.to_owned(), text, source })
    }

    /// Creates a document from the metadata section of a module, which a host reads as JSON. Empty if it is not JSON.
    pub(crate) fn section(module: &Path, section: &[u8]) -> Self {
        let value: serde_json::Value = serde_json::from_slice(section).unwrap_or_default();
        let source = DocumentSource::Section(Node::from(&value));
        Self { path: module.to_owned(), text: String::from_utf8_lossy(section).into_owned(), source }
    }

    /// The content of a `metadata.yml`; `None` for other documents.
    pub(super) fn yaml_text(&self) -> Option<&str> {
        matches!(self.source, DocumentSource::Yaml).then_some(self.text.as_str())
    }

    /// Reads the document with the host's own reader.
    pub(super) fn read_as_the_host(&self) -> Result<(), ReadError> {
        match &self.source {
            DocumentSource::Table(_) => Ok(()),
            DocumentSource::Yaml => yaml_serde::from_str::<Metadata>(&self.text)
                .map(drop)
                .map_err(|error| ReadError::from(&error)),
            DocumentSource::Section(_) => serde_json::from_str::<Metadata>(&self.text)
                .map(drop)
                .map_err(|error| ReadError { message: error.to_string(), line: None }),
        }
    }

    /// Returns a reader that collects what is wrong in this document.
    pub(super) fn reader(&self) -> DocumentReader<'_> {
        let lines = || FileLines::of(&self.path, &self.text);
        match self.source {
            DocumentSource::Yaml => DocumentReader::new(Some(lines()), Syntax::Yaml),
            DocumentSource::Table(_) => DocumentReader::new(Some(lines()), Syntax::Toml),
            DocumentSource::Section(_) => DocumentReader::new(None, Syntax::Yaml),
        }
    }

    /// Parses the document into a tree. An empty file is a map without keys.
    pub(super) fn tree(&self) -> Result<Node, ReadError> {
        let mut node = match &self.source {
            DocumentSource::Yaml => yaml::parse(&self.text)?,
            DocumentSource::Table(node) | DocumentSource::Section(node) => node.clone(),
        };
        if node.is_null() {
            node.content = NodeContent::Map(Vec::new());
        }
        Ok(node)
    }

    /// The line of the whole document, which is the line of the table's header.
    pub(super) fn line(&self) -> Option<usize> {
        match &self.source {
            DocumentSource::Table(node) => Some(node.line),
            DocumentSource::Yaml | DocumentSource::Section(_) => None,
        }
    }
}
