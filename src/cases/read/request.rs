//! Reads the request of a case.

use serde_json::Value;

use super::{CaseReader, DETAIL_KEYS, OPERATIONS};
use crate::error::{name_list, nearest};
use crate::finding::FindingName;
use crate::kubernetes::{self, Operation, RequestDetails};
use crate::protocol::{PolicyType, Request};
use crate::yaml::{Fields, MapEntry, NodeContent};

impl CaseReader<'_> {
    /// Reads the request of a case, which is inline or in a file.
    pub(super) fn request(&mut self, fields: &Fields<'_>) -> Option<Request> {
        let mut string =
            |key| fields.find(key).and_then(|entry| self.reader.string(entry)).map(str::to_owned);
        let (user, namespace, name, sub_resource) =
            (string("user"), string("namespace"), string("object_name"), string("sub_resource"));
        let details = RequestDetails {
            operation: fields.find("operation").and_then(|entry| self.operation(entry)),
            old_object: fields.find("old_object").and_then(|entry| self.reader.value(entry)),
            user,
            groups: fields.find("groups").and_then(|entry| self.groups(entry)),
            namespace,
            name,
            sub_resource,
            dry_run: fields.find("dry_run").and_then(|entry| self.reader.boolean(entry)),
            options: fields.find("options").and_then(|entry| self.reader.inline(&entry.value)),
        };
        let of_details = fields.find_any(&DETAIL_KEYS);
        let (entry, document) = match (fields.find("request"), fields.find("object")) {
            (Some(_), Some(object)) => {
                self.contradiction(object, "`request` and `object` are both written", "keep one of them");
                return None;
            }
            (Some(request), None) => (request, self.reader.value_of_fixture(request)?),
            (None, Some(object)) => (object, self.reader.inline(&object.value)?),
            (None, None) => {
                let entry = of_details?;
                let message = format!("`{}` needs an object", entry.key);
                self.reader.error(
                    FindingName::MissingRequest,
                    entry.line,
                    message,
                    "write `request:` or `object:`",
                );
                return None;
            }
        };
        if let Some(given) = of_details
            && let Some(what) = self.complete(&document)
        {
            let message = format!("`{}` is for Kubernetes objects, and this is {what}", given.key);
            self.contradiction(given, message, "remove it");
            return None;
        }
        match Request::for_value(document, self.policy_type, &details, &self.kinds) {
            Ok(request) => Some(request),
            Err(error) => {
                let fix = "write an admission request, an AdmissionReview or a Kubernetes object";
                self.reader.error(
                    FindingName::InvalidRequest,
                    entry.line,
                    format!("not a request: {error:#}"),
                    fix,
                );
                None
            }
        }
    }

    /// Learns plural and scope of custom resources from the files that `crds` names: one, or a list.
    pub(super) fn define_kinds(&mut self, entry: &MapEntry) {
        let files = match &entry.value.content {
            NodeContent::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        for file in files {
            let Some(documents) = self.reader.documents_of_fixture(file, &entry.key) else { continue };
            if let Err(error) = self.kinds.define(documents) {
                let message = format!("could not read the definitions: {error:#}");
                let fix = "name a file with CustomResourceDefinitions";
                self.reader.error(FindingName::InvalidFixture, file.line, message, fix);
            }
        }
    }

    /// Describes a document that is already a request.
    fn complete(&self, document: &Value) -> Option<&'static str> {
        match self.policy_type {
            PolicyType::Raw => Some("a document for a raw policy"),
            PolicyType::Kubernetes if kubernetes::is_object(document) => None,
            PolicyType::Kubernetes => Some("an admission request, which has its own"),
        }
    }

    fn groups(&mut self, entry: &MapEntry) -> Option<Vec<String>> {
        let fix = "write a list of strings, such as `[system:authenticated]`";
        let items = self.reader.list(entry, fix)?;
        let mut groups = Vec::new();
        for item in items {
            let NodeContent::Text(group) = &item.content else {
                let message = format!("`groups` must hold strings, found {}", item.content);
                self.reader.error(FindingName::WrongType, item.line, message, "write it in quotes");
                return None;
            };
            groups.push(group.clone());
        }
        Some(groups)
    }

    fn operation(&mut self, entry: &MapEntry) -> Option<Operation> {
        let written = self.reader.string(entry)?;
        let is_meant = |known: &Operation| *known != Operation::All && known.as_str() == written;
        let known = Operation::EVERY.into_iter().find(is_meant);
        if known.is_none() {
            let fix = match nearest(written, &OPERATIONS) {
                Some(near) => format!("write `{near}`"),
                None => format!("write one of {}", name_list(OPERATIONS)),
            };
            let message = format!("unknown operation `{written}`");
            self.reader.error(FindingName::UnknownOperation, entry.value.line, message, fix);
        }
        known
    }
}
