//! Reads metadata from a document, and reports all mistakes in it at once, each with its line.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, FindingName, has_errors};
use crate::kubernetes::{self, Operation, Rule};
use crate::yaml::{Fields, MapEntry, Node, NodeContent};

use super::annotations::{self, Root};
use super::reader::{Item, MetadataReader, within};
use super::{ContextAwareResource, Document, Facts, Metadata, PolicyType, check};

/// The metadata of a document, and what is wrong with it.
#[derive(Debug)]
pub struct Checked {
    /// The metadata; `None` if a finding is an error.
    pub metadata: Option<Metadata>,
    /// Errors and warnings, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads and checks the metadata of a document. In a table, the values of `facts` are filled in.
pub fn read(document: &Document, facts: &Facts) -> Checked {
    let mut reader = MetadataReader::new(document);
    let metadata = reader.tree().and_then(|tree| reader.metadata(&tree, facts));
    let findings = reader.reader.into_findings();
    Checked { metadata: metadata.filter(|_| !has_errors(&findings)), findings }
}

const KEYS: [&str; 10] = [
    "protocolVersion",
    "rules",
    "annotations",
    "mutating",
    "backgroundAudit",
    "executionMode",
    "policyType",
    "contextAwareResources",
    "hostCapabilities",
    "minimumKubewardenVersion",
];
/// Keys that only a table has: they become annotations.
const TABLE_KEYS: [&str; 4] = ["title", "registry", "severity", "category"];
/// Keys of a rule, each with an example.
const RULE_KEYS: [(&str, &str); 4] = [
    ("apiGroups", "[\"\"]"),
    ("apiVersions", "[\"v1\"]"),
    ("resources", "[\"pods\"]"),
    ("operations", "[\"CREATE\"]"),
];
/// Keys of a context-aware resource, each with an example.
const RESOURCE_KEYS: [(&str, &str); 2] = [("apiVersion", "v1"), ("kind", "Pod")];

impl MetadataReader<'_> {
    /// Parses the document, which must be one map without a byte order mark. `None` if there is nothing more to
    /// check.
    fn tree(&mut self) -> Option<Node> {
        if self.document.yaml_text().is_some_and(|text| text.starts_with('\u{feff}')) {
            let message =
                "the file starts with a byte order mark, which Kubewarden reads as part of the first key";
            let fix = "save the file as UTF-8 without a byte order mark";
            self.reader.error(FindingName::ByteOrderMark, None, message, fix);
            return None;
        }
        match self.document.tree() {
            Ok(node) if matches!(node.content, NodeContent::Map(_)) => Some(node),
            Ok(node) => {
                let message = "the file must hold a map of keys and values";
                self.reader.error(FindingName::InvalidYaml, node.line, message, "start with `rules:`");
                None
            }
            Err(error) => {
                self.reader.unreadable(&error);
                None
            }
        }
    }

    fn metadata(&mut self, tree: &Node, facts: &Facts) -> Option<Metadata> {
        let table: &[&str] = if self.is_table() { &TABLE_KEYS } else { &[] };
        let known: Vec<&str> = KEYS.iter().chain(table).copied().collect();
        let mut fields = self.fields(tree, "", &known)?;
        fields.line = self.document.line();
        let mut metadata = Metadata::new();
        metadata.policy_type = self.policy_type(&fields);
        metadata.rules = self.rules(&fields, metadata.policy_type);
        metadata.mutating = self.mutating(&fields);
        let audit = fields.find("backgroundAudit");
        metadata.background_audit = audit.and_then(|entry| self.boolean(&fields, entry)).unwrap_or(true);
        self.execution_mode(&fields);
        self.protocol_version(&fields);
        metadata.context_aware_resources = self.context_aware_resources(&fields);
        metadata.host_capabilities = self.host_capabilities(&fields);
        metadata.minimum_kubewarden_version = self.minimum_version(&fields);
        metadata.annotations = self.annotations(&fields);
        let root = Root::of(fields);
        annotations::complete(self, &root, &mut metadata, facts);
        annotations::check(self, &root, &metadata, facts);
        self.as_the_host_reads();
        Some(metadata)
    }

    fn rules(&mut self, fields: &Fields<'_>, policy_type: PolicyType) -> Vec<Rule> {
        // In TOML, rules are written as `[[…rules]]`, so a raw policy, which has none, does not need the key.
        let left_out = self.is_table() && fields.find("rules").is_none();
        let items = if left_out { Some(&[][..]) } else { self.list(fields, "rules", "[]") };
        let Some(items) = items else { return Vec::new() };
        if items.is_empty() && policy_type == PolicyType::Kubernetes {
            let fix = if self.is_table() {
                "add a `[[package.metadata.kubewarden.rules]]` with `api-groups`, `api-versions`, `resources` and \
                 `operations`; if the policy is for other JSON, write `policy-type = \"raw\"`"
            } else {
                "add a rule with `apiGroups`, `apiVersions`, `resources` and `operations`; if the policy is for other \
                 JSON, write `policyType: raw`"
            };
            let message = "there are no rules: the cluster refuses a policy that asks for no requests";
            let line = fields.find("rules").map(|entry| entry.line).or(fields.line);
            self.reader.error(FindingName::EmptyRules, line, message, fix);
        }
        items.iter().enumerate().filter_map(|(index, item)| self.rule(index, item)).collect()
    }

    fn rule(&mut self, index: usize, node: &Node) -> Option<Rule> {
        let what = format!("rule {} of `rules`", index + 1);
        let fields = self.fields(node, &what, &RULE_KEYS.map(|(key, _)| key))?;
        let [api_groups, api_versions, resources, operations] = RULE_KEYS.map(|(key, example)| {
            let list = self.strings(&fields, key, example)?;
            check::list(self, &fields, key, &list);
            Some(list)
        });
        if let (Some(groups), Some(versions), Some(resources)) = (&api_groups, &api_versions, &resources) {
            check::names(self, groups, versions, resources);
        }
        let operations = operations.map(|operations| self.operations(&operations));
        let strings = |list: Option<Vec<Item>>| Some(list?.into_iter().map(|item| item.text).collect());
        Some(Rule {
            api_groups: strings(api_groups)?,
            api_versions: strings(api_versions)?,
            resources: strings(resources)?,
            operations: operations?,
        })
    }

    fn operations(&mut self, written: &[Item]) -> Vec<Operation> {
        let find = |name: &str| Operation::EVERY.into_iter().find(|known| known.as_str() == name);
        let mut operations = Vec::new();
        for item in written {
            if let Some(operation) = find(&item.text) {
                operations.push(operation);
                continue;
            }
            let upper = item.text.to_uppercase();
            let fix = match find(&upper) {
                Some(_) => format!("write `{upper}`"),
                None => "write one of `CREATE`, `UPDATE`, `DELETE`, `CONNECT`, `*`".to_owned(),
            };
            let message = format!("unknown operation `{}`", item.text);
            self.reader.error(FindingName::UnknownOperation, item.line, message, fix);
        }
        operations
    }

    fn mutating(&mut self, fields: &Fields<'_>) -> bool {
        let [yes, no] = ["true", "false"].map(|value| self.reader.example("mutating", value));
        let fix = format!("write `{yes}` if the policy changes objects, else `{no}`");
        let entry = self.required(fields, "mutating", &fix);
        entry.and_then(|entry| self.boolean(fields, entry)).unwrap_or_default()
    }

    /// Checks that the mode is `wasi`. A table may leave it out; a `metadata.yml` may not, because Kubewarden assumes
    /// another mode.
    fn execution_mode(&mut self, fields: &Fields<'_>) {
        let key = fields.spelling("executionMode");
        let value = if self.is_table() { "\"wasi\"" } else { "wasi" };
        let fix =
            format!("write `{}`: this tool builds WASI policies only", self.reader.example(&key, value));
        let Some(entry) = fields.find("executionMode") else {
            if !self.is_table() {
                let message =
                    "`executionMode` is missing: Kubewarden would treat the policy as a waPC policy";
                self.reader.error(FindingName::ExecutionMode, fields.line, message, fix);
            }
            return;
        };
        if let Some(mode) = self.string(fields, entry).filter(|mode| mode != "wasi") {
            let message = format!("`{key}` must be `wasi`, found `{mode}`");
            self.reader.error(FindingName::ExecutionMode, entry.line, message, fix);
        }
    }

    /// Checks the version of the protocol. It is overwritten when a module is annotated, but Kubewarden must be able
    /// to read it.
    fn protocol_version(&mut self, fields: &Fields<'_>) {
        if let Some((entry, version)) = self.optional_string(fields, "protocolVersion")
            && !["v1", "Unknown"].contains(&version.as_str())
        {
            let message = format!("`{}` must be `v1` or `Unknown`, found `{version}`", entry.key);
            let fix = "remove it: it is set when the policy is built";
            self.reader.error(FindingName::UnknownProtocolVersion, entry.line, message, fix);
        }
    }

    fn policy_type(&mut self, fields: &Fields<'_>) -> PolicyType {
        let Some(entry) = fields.find("policyType") else { return PolicyType::Kubernetes };
        match self.string(fields, entry).as_deref() {
            None | Some("kubernetes") => PolicyType::Kubernetes,
            Some("raw") => PolicyType::Raw,
            Some(other) => {
                let message = format!("`{}` must be `kubernetes` or `raw`, found `{other}`", entry.key);
                self.reader.error(
                    FindingName::UnknownPolicyType,
                    entry.line,
                    message,
                    "write one of the two",
                );
                PolicyType::Kubernetes
            }
        }
    }

    fn context_aware_resources(&mut self, fields: &Fields<'_>) -> BTreeSet<ContextAwareResource> {
        const LIST: &str = "contextAwareResources";
        let items = fields.find(LIST).and_then(|_| self.list(fields, LIST, "[]")).unwrap_or_default();
        let read = |(index, item)| self.context_aware_resource(index, item);
        items.iter().enumerate().filter_map(read).collect()
    }

    fn context_aware_resource(&mut self, index: usize, node: &Node) -> Option<ContextAwareResource> {
        let what = format!("item {} of `contextAwareResources`", index + 1);
        let fields = self.fields(node, &what, &RESOURCE_KEYS.map(|(key, _)| key))?;
        let [api_version, kind] = RESOURCE_KEYS.map(|(key, example)| {
            let fix =
                format!("write, for example, `{}`", self.reader.example(&fields.spelling(key), example));
            let entry = self.required(&fields, key, &fix)?;
            let text = self.string(&fields, entry)?;
            if text.is_empty() {
                let message = format!("`{}`{} is empty", entry.key, within(&fields));
                let fix = format!("write, for example, `{example}`");
                self.reader.error(FindingName::EmptyText, entry.line, message, fix);
            }
            Some(text)
        });
        let (api_version, kind) = (api_version?, kind?);
        let is_complete = !api_version.is_empty() && !kind.is_empty();
        if let Some(finding) = kubernetes::misnamed_kind(&api_version, &kind).filter(|_| is_complete) {
            self.reader.warning(finding.name, node.line, finding.message, finding.fix);
        }
        Some(ContextAwareResource { api_version, kind })
    }

    fn host_capabilities(&mut self, fields: &Fields<'_>) -> Option<BTreeSet<String>> {
        const LIST: &str = "hostCapabilities";
        fields.find(LIST).filter(|entry| !entry.value.is_null())?;
        let items = self.strings(fields, LIST, "[]")?;
        Some(items.into_iter().map(|item| item.text).collect())
    }

    fn minimum_version(&mut self, fields: &Fields<'_>) -> Option<semver::Version> {
        let (entry, text) = self.optional_string(fields, "minimumKubewardenVersion")?;
        semver::Version::parse(&text)
            .map_err(|error| {
                let message = format!("`{}` is not a semantic version: {error}", entry.key);
                let fix = "write three numbers, such as `1.20.0`, without a leading `v`";
                self.reader.error(FindingName::InvalidVersion, entry.line, message, fix);
            })
            .ok()
    }

    fn annotations(&mut self, fields: &Fields<'_>) -> BTreeMap<String, String> {
        let mut annotations = BTreeMap::new();
        let Some(entry) = fields.find("annotations").filter(|entry| !entry.value.is_null()) else {
            return annotations;
        };
        let NodeContent::Map(entries) = &entry.value.content else {
            let fix = "write a map of strings".to_owned();
            self.wrong_type::<()>(fields, entry, "a map of strings", fix);
            return annotations;
        };
        for MapEntry { line, key, value, .. } in entries {
            let Some(text) = value.as_text() else {
                self.wrong_annotation(*line, key, value);
                continue;
            };
            if annotations.insert(key.clone(), text.to_owned()).is_some() {
                let message = format!("annotation `{key}` is written twice: the last one counts");
                self.reader.warning(FindingName::DuplicateKey, *line, message, "keep one of them");
            }
        }
        annotations
    }

    fn wrong_annotation(&mut self, line: usize, key: &str, value: &Node) {
        let fix = match &value.content {
            _ if key == "hostCapabilities" => {
                "move `hostCapabilities` out of `annotations`, to the top level"
            }
            NodeContent::Map(_) if self.is_table() => {
                "put the whole key in quotes: TOML reads the dots of a bare key as nested tables"
            }
            _ => "write one string, in which several values are separated by commas",
        };
        let message = format!("annotation `{key}` must be a string, found {}", value.content);
        self.reader.error(FindingName::InvalidAnnotation, line, message, fix);
    }

    /// Reads the file with the host's own reader too, which refuses what the checks above missed.
    fn as_the_host_reads(&mut self) {
        if self.reader.has_errors() {
            return;
        }
        if let Err(error) = self.document.read_as_the_host() {
            let message = format!("Kubewarden could not read this: {}", error.message);
            self.reader.error(FindingName::Unreadable, error.line, message, "correct it");
        }
    }
}
