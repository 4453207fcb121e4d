//! Reads a document key by key; each mistake becomes a finding with its place.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{MapEntry, Node, NodeContent, ReadError};
use crate::error::{name_list, nearest};
use crate::finding::{FileLines, Finding, FindingName, Severity};

/// How the keys of a document are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// YAML: `apiGroups: [""]`.
    Yaml,
    /// TOML, in which keys are also written in kebab case: `api-groups = [""]`.
    Toml,
}

/// The most warnings, and the most errors, that are kept for a document.
const MOST_FINDINGS: usize = 1000;

/// A document being read, with the findings so far.
pub(crate) struct DocumentReader<'a> {
    /// The lines of the document; `None` if people do not see them, so that its findings have no place.
    lines: Option<FileLines<'a>>,
    pub(crate) syntax: Syntax,
    pub(crate) findings: Vec<Finding>,
    /// The number of warnings and the number of errors that were found.
    counts: [usize; 2],
}

/// The keys of a map.
pub(crate) struct Fields<'n> {
    pub(crate) entries: &'n [MapEntry],
    /// Where a missing key belongs; `None` for the whole file.
    pub(crate) line: Option<usize>,
    /// What the map is, such as `a case`; empty for the whole file.
    pub(crate) what: String,
    syntax: Syntax,
}

impl<'a> DocumentReader<'a> {
    pub(crate) fn new(lines: Option<FileLines<'a>>, syntax: Syntax) -> Self {
        Self { lines, syntax, findings: Vec::new(), counts: [0; 2] }
    }

    pub(crate) fn error(
        &mut self,
        name: FindingName,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.find(Finding::error(name, message, fix), line.into());
    }

    pub(crate) fn warning(
        &mut self,
        name: FindingName,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.find(Finding::warning(name, message, fix), line.into());
    }

    fn find(&mut self, mut finding: Finding, line: Option<usize>) {
        let count = &mut self.counts[usize::from(finding.severity == Severity::Error)];
        *count += 1;
        if *count > MOST_FINDINGS {
            return;
        }
        if let Some(lines) = &self.lines {
            let (place, quote) = lines.place(line);
            (finding.place, finding.quote) = (Some(place), quote);
        }
        self.findings.push(finding);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Returns all findings by line, so that a person works through the file from top to bottom.
    pub(crate) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings;
        findings.sort_by_key(|finding| finding.place.as_ref().and_then(|place| place.line));
        findings
    }

    /// Returns `key: value`, or `key = value` in TOML.
    pub(crate) fn example(&self, key: &str, value: &str) -> String {
        let sign = if self.syntax == Syntax::Toml { " =" } else { ":" };
        format!("{key}{sign} {value}")
    }

    /// Reads the keys of a map. Reports a value that is not a map, and known keys that are repeated.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        let NodeContent::Map(entries) = &node.content else {
            let message = format!("{what} must be a map, found {}", node.content);
            self.error(
                FindingName::WrongType,
                node.line,
                message,
                format!("known keys are {}", name_list(known)),
            );
            return None;
        };
        let fields = Fields { entries, line: Some(node.line), what: what.to_owned(), syntax: self.syntax };
        let mut seen = HashSet::new();
        for entry in entries.iter().filter(|entry| known.contains(&&*fields.normal(&entry.key))) {
            if !seen.insert(fields.normal(&entry.key)) {
                let message = format!("`{}` is written twice", entry.key);
                self.error(FindingName::DuplicateKey, entry.line, message, "keep one of them");
            }
        }
        Some(fields)
    }

    /// Reports a file that is not YAML.
    pub(crate) fn unreadable(&mut self, error: &ReadError) {
        let message = format!("not YAML: {}", error.message);
        self.error(
            FindingName::InvalidYaml,
            error.line,
            message,
            "correct the YAML: one document with one map",
        );
    }

    pub(crate) fn wrong_type(
        &mut self,
        entry: &MapEntry,
        within: &str,
        wanted: &str,
        fix: impl Into<String>,
    ) {
        let message = format!("`{}`{within} must be {wanted}, found {}", entry.key, entry.value.content);
        let line = match entry.value.content {
            // A list or a map is recognized by its key.
            NodeContent::List(_) | NodeContent::Map(_) => entry.line,
            _ => entry.value.line,
        };
        self.error(FindingName::WrongType, line, message, fix);
    }
}

impl<'n> Fields<'n> {
    /// Finds a key with its value. If it is repeated, the last one counts.
    pub(crate) fn find(&self, key: &str) -> Option<&'n MapEntry> {
        self.entries.iter().rev().find(|entry| self.normal(&entry.key) == key)
    }

    /// Finds the first of these keys that is present.
    pub(crate) fn find_any(&self, keys: &[&str]) -> Option<&'n MapEntry> {
        self.entries.iter().find(|entry| keys.contains(&&*self.normal(&entry.key)))
    }

    /// Returns the keys that are not among the known ones.
    pub(crate) fn unknown(&self, known: &[&str]) -> impl Iterator<Item = &'n MapEntry> {
        self.entries.iter().filter(|entry| !known.contains(&&*self.normal(&entry.key)))
    }

    /// Returns the fix for an unknown key.
    pub(crate) fn instead_of(&self, unknown: &str, known: &[&str]) -> String {
        match nearest(unknown, known) {
            Some(near) => format!("write `{}`", self.spelling(near)),
            None => {
                let known: Vec<_> = known.iter().map(|key| self.spelling(key)).collect();
                let known: Vec<_> = known.iter().map(String::as_str).collect();
                format!("remove it; known keys are {}", name_list(&known))
            }
        }
    }

    /// Returns a key as it is spelled in this document, or would be.
    pub(crate) fn spelling(&self, key: &str) -> String {
        match (self.find(key), self.syntax) {
            (Some(entry), _) => entry.key.clone(),
            (None, Syntax::Yaml) => key.to_owned(),
            (None, Syntax::Toml) => kebab_case(key),
        }
    }

    /// Returns a key in the spelling of YAML.
    pub(crate) fn normal<'k>(&self, key: &'k str) -> Cow<'k, str> {
        match self.syntax {
            Syntax::Toml if key.contains('-') => Cow::Owned(camel_case(key)),
            _ => Cow::Borrowed(key),
        }
    }
}

/// Converts `api-groups` to `apiGroups`.
fn camel_case(key: &str) -> String {
    let mut parts = key.split('-');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Converts `apiGroups` to `api-groups`.
fn kebab_case(key: &str) -> String {
    let mut kebab = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}
