//! Reads what a case expects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CaseReader, Expect};
use crate::cases::Wording;
use crate::error::name_list;
use crate::finding::FindingName;
use crate::yaml::{Fields, MapEntry, NodeContent};

/// Keys of `expect`.
pub(super) const EXPECT_KEYS: [&str; 10] = [
    "allowed",
    "message",
    "code",
    "patch",
    "object",
    "warnings",
    "audit_annotations",
    "settings_valid",
    "error",
    "skipped",
];
/// Keys about the answer to a request, which a failed evaluation does not have.
const ANSWER_KEYS: [&str; 6] = ["allowed", "code", "patch", "object", "warnings", "audit_annotations"];
/// Keys of an operation of a patch.
pub(super) const OPERATION_KEYS: [&str; 3] = ["op", "path", "value"];

impl CaseReader<'_> {
    pub(super) fn expect(&mut self, fields: &Fields<'_>, line: usize) -> Option<Expect> {
        let Some(entry) = fields.find("expect") else {
            let fix = "write `expect:` with at least one of its keys, such as `{ allowed: true }`";
            self.reader.error(
                FindingName::MissingKey,
                line,
                "the case expects nothing: it has no `expect`",
                fix,
            );
            return None;
        };
        let fields = self.reader.fields(&entry.value, "`expect`", &EXPECT_KEYS)?;
        if matches!(&entry.value.content, NodeContent::Map(entries) if entries.is_empty()) {
            let fix = format!("write one of {}", name_list(EXPECT_KEYS));
            self.reader.error(
                FindingName::MissingKey,
                entry.line,
                "`expect` is empty: the case expects nothing",
                fix,
            );
            return None;
        }
        Some(Expect {
            allowed: fields.find("allowed").and_then(|entry| self.reader.boolean(entry)),
            message: fields.find("message").and_then(|entry| self.reader.wording(entry)),
            code: fields.find("code").and_then(|entry| self.reader.code(entry)),
            patch: fields.find("patch").and_then(|entry| self.patch(entry)),
            object: fields.find("object").and_then(|entry| self.reader.value(entry)),
            warnings: fields.find("warnings").and_then(|entry| self.wordings(entry)),
            audit_annotations: fields.find("audit_annotations").and_then(|entry| self.annotations(entry)),
            settings_valid: fields.find("settings_valid").and_then(|entry| self.reader.boolean(entry)),
            error: fields.find("error").and_then(|entry| self.reader.wording(entry)),
            skipped: fields.find("skipped").and_then(|entry| self.reader.boolean(entry)),
        })
    }

    /// Finds expectations that contradict each other. An answer needs a request, accepted settings and no failure.
    pub(super) fn check_expectations(
        &mut self,
        case: &Fields<'_>,
        expect: &Expect,
        has_request: bool,
        line: usize,
    ) {
        let Some(NodeContent::Map(entries)) = case.find("expect").map(|entry| &entry.value.content) else {
            return;
        };
        let stated = |keys: &[&str]| entries.iter().find(|entry| keys.contains(&entry.key.as_str()));
        if let Some(error) = stated(&["error"])
            && let Some(other) = stated(&ANSWER_KEYS).or_else(|| stated(&["message"]))
        {
            let message = format!("a failed evaluation, as `error` expects, has no `{}`", other.key);
            self.contradiction(other, message, format!("remove `{}` or `{}`", other.key, error.key));
        }
        if expect.skipped == Some(true)
            && let Some(other) = stated(&ANSWER_KEYS).or_else(|| stated(&["message", "error"]))
        {
            let message =
                format!("a request that a cluster skips has no answer: `{}` cannot hold", other.key);
            self.contradiction(other, message, format!("remove `{}` or `skipped: true`", other.key));
        }
        if expect.settings_valid == Some(false)
            && let Some(other) = stated(&ANSWER_KEYS).or_else(|| stated(&["error", "skipped"]))
        {
            let message = format!(
                "a request is not evaluated with settings that are refused: `{}` cannot hold",
                other.key
            );
            self.contradiction(other, message, format!("remove `{}` or `settings_valid: false`", other.key));
        } else if !has_request {
            let fix = "write `request:` or `object:`, or `settings_valid:` alone";
            let without_use = || stated(&["message"]).filter(|_| expect.settings_valid == Some(true));
            if let Some(other) = stated(&ANSWER_KEYS).or_else(|| stated(&["skipped"])).or_else(without_use) {
                let message = format!("`{}` needs a request to be evaluated", other.key);
                self.reader.error(FindingName::MissingRequest, other.line, message, fix);
            } else if stated(&["settings_valid", "error"]).is_none() {
                let message = "there is nothing to evaluate: the case has no `request` and no `object`";
                self.reader.error(FindingName::MissingRequest, line, message, fix);
            }
        }
    }

    fn patch(&mut self, entry: &MapEntry) -> Option<Vec<Value>> {
        let fix = "write the operations, such as `[{ op: add, path: /metadata/labels/a, value: b }]`, or `[]` for none";
        let items = self.reader.list(entry, fix)?;
        for item in items {
            let Some(fields) = self.reader.fields(item, "an operation of a patch", &OPERATION_KEYS) else {
                continue;
            };
            let op = fields.find("op").and_then(|op| self.reader.string(op));
            match op {
                Some("remove") => {}
                Some("add" | "replace") if fields.find("value").is_some() => {}
                Some("add" | "replace") => {
                    self.reader.error(
                        FindingName::MissingKey,
                        item.line,
                        "the operation has no `value`",
                        "add it",
                    );
                }
                _ => {
                    let message = "`op` must be one of `add`, `remove`, `replace`";
                    self.reader.error(
                        FindingName::WrongType,
                        item.line,
                        message,
                        "hosts create patches with these operations only",
                    );
                }
            }
            match fields.find("path").map(|path| self.reader.string(path)) {
                Some(Some(path)) if !path.is_empty() && !path.starts_with('/') => {
                    let message = format!("`{path}` is not a JSON pointer");
                    self.reader.error(FindingName::WrongType, item.line, message, format!("write `/{path}`"));
                }
                Some(_) => {}
                None => self.reader.error(
                    FindingName::MissingKey,
                    item.line,
                    "the operation has no `path`",
                    "add it as a JSON pointer, such as `/metadata/labels`",
                ),
            }
        }
        match self.reader.inline(&entry.value)? {
            Value::Array(operations) => Some(operations),
            _ => None,
        }
    }

    fn wordings(&mut self, entry: &MapEntry) -> Option<Vec<Wording>> {
        let items = self.reader.list(entry, "write a list of strings, `[]` for none")?;
        items.iter().map(|item| self.reader.wording_of(item, &entry.key)).collect()
    }

    fn annotations(&mut self, entry: &MapEntry) -> Option<BTreeMap<String, Wording>> {
        let NodeContent::Map(entries) = &entry.value.content else {
            let message = format!("`{}` must be a map, found {}", entry.key, entry.value.content);
            self.reader.error(
                FindingName::WrongType,
                entry.line,
                message,
                "write a map of strings, `{}` for none",
            );
            return None;
        };
        self.reader.check_keys(&entry.value)?;
        entries
            .iter()
            .map(|each| Some((each.key.clone(), self.reader.wording_of(&each.value, &entry.key)?)))
            .collect()
    }
}
