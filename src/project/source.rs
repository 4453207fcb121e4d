//! One project: where it is, and where its metadata is written.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::WithHint;
use crate::fs;
use crate::metadata::{self, Checked, Document, Facts, Metadata, key};

/// One policy's project.
#[derive(Debug)]
pub(crate) struct Project {
    /// The name of the package, which is also the name of the outputs.
    pub(crate) name: String,
    /// The version of the package, in a language where packages have one.
    pub(crate) version: Option<String>,
    /// The folder with README.md and metadata.yml.
    pub(crate) root: PathBuf,
    /// The name that the compiler gives to the program that is the policy.
    pub(crate) program: String,
    pub(crate) source: MetadataSource,
    pub(crate) facts: Facts,
}

/// Where the metadata is written.
#[derive(Debug)]
pub(crate) enum MetadataSource {
    /// `[package.metadata.kubewarden]`; `metadata.yml` follows it.
    Table(Box<Document>),
    /// `metadata.yml`.
    File(Box<Document>),
}

impl MetadataSource {
    /// Creates the source for a `metadata.yml` with these bytes.
    pub(crate) fn file(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let shown = fs::for_people(path);
        let text = String::from_utf8(bytes)
            .with_context(|| format!("could not read `{}`", shown.display()))
            .hint(|| "save the file as UTF-8".to_owned())?;
        Ok(Self::File(Box::new(Document::yaml(&shown, text))))
    }
}

impl Project {
    /// Returns the metadata, complete and checked.
    pub(crate) fn metadata(&self) -> Checked {
        match &self.source {
            MetadataSource::Table(document) | MetadataSource::File(document) => {
                metadata::read(document, &self.facts)
            }
        }
    }

    /// Returns the version of the policy: that of its metadata, or else that of the package.
    pub(crate) fn version_in<'a>(&'a self, metadata: &'a Metadata) -> Option<&'a str> {
        metadata.annotation(key::VERSION).or(self.version.as_deref())
    }

    /// Whether we write `metadata.yml`, from the content of another file.
    pub(crate) fn writes_metadata_file(&self) -> bool {
        matches!(self.source, MetadataSource::Table(_))
    }

    /// Says what to write, and where, to give the metadata a registry.
    pub(crate) fn registry_place(&self) -> String {
        match &self.source {
            MetadataSource::Table(_) => {
                "`registry = \"ghcr.io/you/policies\"` in `[package.metadata.kubewarden]`".to_owned()
            }
            MetadataSource::File(_) => format!("annotation `{}` in `metadata.yml`", key::OCI_URL),
        }
    }

    /// The path of `metadata.yml` next to the manifest, which is written by us or by hand.
    pub(crate) fn metadata_file(&self) -> PathBuf {
        self.root.join("metadata.yml")
    }

    /// The path of README.md next to the manifest, which becomes the usage text of the policy.
    pub(crate) fn readme(&self) -> PathBuf {
        self.root.join("README.md")
    }
}
