//! Reads a case file, and reports all mistakes in it at once, each with its line.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::checks::Check;
use super::{Case, CaseFile, CaseSettings, Expect};
use crate::error::{name_list, nearest};
use crate::finding::{Finding, FindingName, Place, has_errors};
use crate::kubernetes::{KnownKinds, Rule};
use crate::protocol::PolicyType;
use crate::yaml::{self, Fields, MapEntry, Node, NodeContent};
use reader::ValueReader;

mod expect;
mod reader;
mod request;
#[cfg(test)]
mod tests;

/// Keys of the file.
const FILE_KEYS: [&str; 5] = ["settings", "settings_file", "skip_checks", "crds", "cases"];
/// Keys of a case.
const CASE_KEYS: [&str; 15] = [
    "name",
    "settings",
    "settings_file",
    "request",
    "object",
    "operation",
    "old_object",
    "user",
    "groups",
    "namespace",
    "object_name",
    "sub_resource",
    "dry_run",
    "options",
    "expect",
];
/// Keys of a case about the request that is made for an object.
const DETAIL_KEYS: [&str; 9] = [
    "operation",
    "old_object",
    "user",
    "groups",
    "namespace",
    "object_name",
    "sub_resource",
    "dry_run",
    "options",
];
/// What requests are made for.
const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/// The cases of a file, or what is wrong with them.
#[derive(Debug)]
pub struct CheckedCases {
    /// `None` when there are findings.
    pub file: Option<CaseFile>,
    /// What is wrong, in the order of the file. All findings are errors.
    pub findings: Vec<Finding>,
}

/// Reads a case file. `path` is as the user would write it; paths in the file are relative to its folder. The rules of
/// the policy name plurals of custom resources.
pub fn read(path: &Path, bytes: &[u8], policy_type: PolicyType, rules: &[Rule]) -> CheckedCases {
    let (file, findings) = match std::str::from_utf8(bytes) {
        Ok(text) => {
            let kinds = KnownKinds::of_rules(rules);
            let reader = ValueReader::new(path, text, policy_type);
            let mut reader = CaseReader { policy_type, kinds, reader };
            (reader.file(), reader.reader.document.into_findings())
        }
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let place = Place { file: path.to_owned(), line: Some(line) };
            let finding =
                Finding::error(FindingName::InvalidYaml, "the file is not UTF-8", "save it as UTF-8");
            (None, vec![Finding { place: Some(place), ..finding }])
        }
    };
    CheckedCases { file: file.filter(|_| !has_errors(&findings)), findings }
}

struct CaseReader<'a> {
    policy_type: PolicyType,
    kinds: KnownKinds,
    reader: ValueReader<'a>,
}

impl CaseReader<'_> {
    fn file(&mut self) -> Option<CaseFile> {
        let root = match yaml::parse(self.reader.text) {
            Ok(root) => root,
            Err(error) => {
                self.reader.document.unreadable(&error);
                return None;
            }
        };
        let fields = self.reader.fields(&root, "a case file", &FILE_KEYS)?;
        let settings = self.settings(&fields).unwrap_or_default();
        let skipped_checks = fields.find("skip_checks").map(|entry| self.skipped_checks(entry));
        if let Some(crds) = fields.find("crds") {
            self.define_kinds(crds);
        }
        let Some(cases) = fields.find("cases") else {
            self.reader.error(
                FindingName::MissingKey,
                root.line,
                "there are no cases",
                "write a list `cases:`",
            );
            return None;
        };
        let cases = self.cases(cases, &settings)?;
        let path = self.reader.file.to_owned();
        Some(CaseFile { path, cases, skipped_checks: skipped_checks.unwrap_or_default() })
    }

    fn skipped_checks(&mut self, entry: &MapEntry) -> Vec<Check> {
        let names = Check::ALL.map(Check::name);
        let fix = format!("write a list of {}", name_list(names));
        let items = self.reader.list(entry, &fix).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| {
                let known = match &item.content {
                    NodeContent::Text(name) => Check::ALL.into_iter().find(|check| check.name() == name),
                    _ => None,
                };
                if known.is_none() {
                    let near = match &item.content {
                        NodeContent::Text(name) => nearest(name, &names),
                        _ => None,
                    };
                    let fix = near.map_or_else(|| fix.clone(), |near| format!("write `{near}`"));
                    let message = format!("unknown check: found {}", item.content);
                    self.reader.error(FindingName::UnknownCheck, item.line, message, fix);
                }
                known
            })
            .collect()
    }

    /// Reads the settings in these fields, if there are any.
    fn settings(&mut self, fields: &Fields<'_>) -> Option<Arc<CaseSettings>> {
        let settings = match (fields.find("settings"), fields.find("settings_file")) {
            (Some(_), Some(file)) => {
                self.contradiction(
                    file,
                    "`settings` and `settings_file` are both written",
                    "keep one of them",
                );
                None
            }
            (Some(settings), None) => self.reader.settings(settings),
            (None, Some(file)) => self.reader.settings_of_fixture(file),
            (None, None) => return None,
        };
        settings.map(|settings| Arc::new(CaseSettings::new(settings)))
    }

    fn cases(&mut self, entry: &MapEntry, settings: &Arc<CaseSettings>) -> Option<Vec<Case>> {
        let items = self.reader.list(entry, "begin each case with `- name:`")?;
        let mut cases: Vec<Case> = Vec::new();
        let mut lines = HashMap::new();
        for item in items {
            let merged = item.with_merges();
            let Some(case) = self.case(merged.as_ref().unwrap_or(item), settings) else { continue };
            if let Some(earlier) = lines.insert(case.name.clone(), case.line) {
                let message = format!("the case in line {earlier} has the name `{}` too", case.name);
                self.reader.error(
                    FindingName::DuplicateName,
                    case.line,
                    message,
                    "give each case a name of its own",
                );
            }
            cases.push(case);
        }
        Some(cases)
    }

    fn case(&mut self, node: &Node, file_settings: &Arc<CaseSettings>) -> Option<Case> {
        let fields = self.reader.fields(node, "a case", &CASE_KEYS)?;
        let name = self.name(&fields, node.line);
        let settings = self.settings(&fields).unwrap_or_else(|| Arc::clone(file_settings));
        let has_request = fields.find_any(&["request", "object"]).is_some();
        let request = self.request(&fields);
        let expect = self.expect(&fields, node.line);
        if let Some(expect) = &expect {
            self.check_expectations(&fields, expect, has_request, node.line);
        }
        Some(Case { name: name?, line: node.line, settings, request, expect: expect? })
    }

    fn name(&mut self, fields: &Fields<'_>, line: usize) -> Option<String> {
        let Some(entry) = fields.find("name") else {
            let fix = "write `name:` and what the case checks, such as `a denied name is rejected`";
            self.reader.error(FindingName::MissingKey, line, "the case has no `name`", fix);
            return None;
        };
        let name = self.reader.string(entry)?.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            let message = "`name` must be one line that is not empty";
            self.reader.error(
                FindingName::WrongType,
                entry.value.line,
                message,
                "write what the case checks",
            );
            return None;
        }
        Some(name.to_owned())
    }

    fn contradiction(&mut self, entry: &MapEntry, message: impl Into<String>, fix: impl Into<String>) {
        self.reader.error(FindingName::Contradiction, entry.line, message, fix);
    }
}
