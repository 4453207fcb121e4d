//! Reads metadata from a document: all that is wrong with it in one go, each with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::document::{ReadError, Step, at};
use super::reader::{Reader, below, describe};
use super::{ContextAwareResource, Document, Metadata, PolicyType, annotations, check};
use crate::finding::{Finding, FindingName, Severity, has_errors};
use crate::kubernetes::{Operation, Rule};

/// What the project knows besides its metadata: for a cargo package, what `[package]` says.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Name of the project.
    pub name: String,
    /// The file the facts are from, as the user would name it.
    pub file: PathBuf,
    /// Version of the project, where the language has one.
    pub version: Option<String>,
    /// One line about it.
    pub description: Option<String>,
    /// `Name <mail>` each.
    pub authors: Vec<String>,
    /// SPDX expression.
    pub license: Option<String>,
    /// URL of the sources.
    pub repository: Option<String>,
    /// URL of the home page.
    pub homepage: Option<String>,
}

/// Metadata as far as they could be read, and what is wrong with them.
#[derive(Debug)]
pub struct Checked {
    /// `None` when a finding is an error.
    pub metadata: Option<Metadata>,
    /// Errors and warnings, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads and checks the metadata of a document. In a table, what `facts` say is filled in.
pub fn read(document: &Document, facts: &Facts) -> Checked {
    let mut reader = Reader { document, findings: Vec::new() };
    let metadata = reader.metadata(facts);
    let mut findings = reader.findings;
    // By place, so that a person works through the file from top to bottom.
    findings.sort_by_key(|finding| finding.place.as_ref().map(|place| (place.file.clone(), place.line)));
    let metadata = metadata.filter(|_| !has_errors(&findings));
    Checked { metadata, findings }
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
/// What only a table has: these become annotations.
const TABLE_KEYS: [&str; 4] = ["title", "registry", "severity", "category"];
const RULE_KEYS: [&str; 4] = ["apiGroups", "apiVersions", "resources", "operations"];
const RESOURCE_KEYS: [&str; 2] = ["apiVersion", "kind"];
const OPERATIONS: [&str; 5] = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"];

impl Reader<'_> {
    fn metadata(&mut self, facts: &Facts) -> Option<Metadata> {
        self.syntax()?;
        self.keys();
        let mut metadata = Metadata::new();
        metadata.rules = self.rules();
        metadata.mutating = self.mutating();
        metadata.background_audit = self.value(&at!["backgroundAudit"]).unwrap_or(true);
        self.execution_mode();
        self.protocol_version();
        metadata.policy_type = self.policy_type();
        metadata.context_aware_resources = self.context_aware_resources();
        metadata.host_capabilities =
            self.value::<Option<BTreeSet<String>>>(&at!["hostCapabilities"]).flatten();
        metadata.minimum_kubewarden_version = self.minimum_version();
        metadata.annotations = self.annotations();
        annotations::complete(self, &mut metadata, facts);
        check::has_rules(self, &metadata);
        check::context_aware_resources(self);
        annotations::check(self, &metadata, facts);
        self.as_the_host_reads();
        Some(metadata)
    }

    /// One document, a map, without a byte order mark; `None` when nothing below makes sense.
    fn syntax(&mut self) -> Option<()> {
        if !self.document.is_table() && self.document.text().starts_with('\u{feff}') {
            let fix = "save the file as UTF-8 without a byte order mark";
            self.error(
                FindingName::ByteOrderMark,
                &[],
                "the file starts with a byte order mark, which Kubewarden takes for a part of the first key",
                fix,
            );
            return None;
        }
        if let Err(error) = self.document.check_syntax() {
            let several = error.message.contains("more than one document");
            let fix = if several {
                "keep one document: remove everything from the `---` on"
            } else {
                "correct the YAML"
            };
            let message = if several {
                "the file has more than one YAML document".to_owned()
            } else {
                format!("not YAML: {}", error.message)
            };
            self.at_line(Severity::Error, FindingName::InvalidYaml, error.line, message, fix);
            return None;
        }
        if let Err(error) = self.document.read::<Option<BTreeMap<String, IgnoredAny>>>(&[]) {
            self.at_line(
                Severity::Error,
                FindingName::InvalidYaml,
                error.line,
                "the file must hold a map of keys and values",
                "start with `rules:`",
            );
            return None;
        }
        Some(())
    }

    fn keys(&mut self) {
        let table: &[&str] = if self.document.is_table() { &TABLE_KEYS } else { &[] };
        let known: Vec<&str> = KEYS.iter().chain(table).copied().collect();
        self.unknown_keys(&at![], &known);
    }

    fn rules(&mut self) -> Vec<Rule> {
        let path = at!["rules"];
        if !self.is_list(&path) {
            return Vec::new();
        }
        (0..self.document.len(&path)).filter_map(|index| self.rule(&at!["rules", index])).collect()
    }

    fn rule(&mut self, path: &[Step]) -> Option<Rule> {
        if let Err(error) = self.document.read::<BTreeMap<String, IgnoredAny>>(path) {
            self.wrong_type(path, "a rule", error);
            return None;
        }
        self.unknown_keys(path, &RULE_KEYS);
        let [api_groups, api_versions, resources, operations] = RULE_KEYS.map(|key| {
            let path = below(path, key);
            let list = self.texts(&path)?;
            check::list(self, &path, key, &list);
            Some(list)
        });
        let operations =
            operations.map(|operations| self.operations(&below(path, "operations"), &operations));
        Some(Rule {
            api_groups: api_groups?,
            api_versions: api_versions?,
            resources: resources?,
            operations: operations?,
        })
    }

    fn operations(&mut self, path: &[Step], written: &[String]) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (index, name) in written.iter().enumerate() {
            match Operation::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(
                name,
            )) {
                Ok(operation) => operations.push(operation),
                Err(_) => {
                    let upper = name.to_uppercase();
                    let fix = if OPERATIONS.contains(&upper.as_str()) {
                        format!("write `{upper}`")
                    } else {
                        "write one of `CREATE`, `UPDATE`, `DELETE`, `CONNECT`, `*`".to_owned()
                    };
                    self.error(
                        FindingName::UnknownOperation,
                        &below(path, index),
                        format!("`{name}` is no operation"),
                        fix,
                    );
                }
            }
        }
        operations
    }

    fn mutating(&mut self) -> bool {
        let line = |value: bool| {
            if self.document.is_table() {
                format!("mutating = {value}")
            } else {
                format!("mutating: {value}")
            }
        };
        let fix = format!("write `{}` if the policy changes objects, else `{}`", line(true), line(false));
        self.required(&at!["mutating"], &fix).unwrap_or_default()
    }

    /// `wasi`. A table needs not say it; a `metadata.yml` must, since Kubewarden takes another mode for granted.
    fn execution_mode(&mut self) {
        let path = at!["executionMode"];
        let key = self.spell(&[], "executionMode");
        let line =
            if self.document.is_table() { format!("{key} = \"wasi\"") } else { format!("{key}: wasi") };
        let fix = format!("write `{line}`: this tool builds WASI policies only");
        match self.value::<String>(&path) {
            Some(mode) if mode == "wasi" => {}
            Some(mode) => self.error(
                FindingName::ExecutionMode,
                &path,
                format!("`{key}` must be `wasi`, found `{mode}`"),
                fix,
            ),
            None if self.document.is_table()
                || self.document.keys(&at![]).iter().any(|written| written == "executionMode") => {}
            None => self.error(
                FindingName::ExecutionMode,
                &at![],
                "`executionMode` is missing: Kubewarden would take the policy for a waPC one",
                fix,
            ),
        }
    }

    /// Overwritten when a module is annotated, but a value Kubewarden cannot read is still refused.
    fn protocol_version(&mut self) {
        let path = at!["protocolVersion"];
        if let Some(version) = self.value::<Option<String>>(&path).flatten()
            && !["v1", "Unknown"].contains(&version.as_str())
        {
            let key = self.spell(&[], "protocolVersion");
            self.error(
                FindingName::UnknownProtocolVersion,
                &path,
                format!("`{key}` must be `v1` or `Unknown`, found `{version}`"),
                "remove it: it is set when the policy is built",
            );
        }
    }

    fn policy_type(&mut self) -> PolicyType {
        let path = at!["policyType"];
        match self.value::<String>(&path).as_deref() {
            None | Some("kubernetes") => PolicyType::Kubernetes,
            Some("raw") => PolicyType::Raw,
            Some(other) => {
                let key = self.spell(&[], "policyType");
                self.error(
                    FindingName::UnknownPolicyType,
                    &path,
                    format!("`{key}` must be `kubernetes` or `raw`, found `{other}`"),
                    "write one of the two",
                );
                PolicyType::Kubernetes
            }
        }
    }

    fn context_aware_resources(&mut self) -> BTreeSet<ContextAwareResource> {
        let path = at!["contextAwareResources"];
        if self.document.read::<IgnoredAny>(&path).ok().flatten().is_none() || !self.is_list(&path) {
            return BTreeSet::new();
        }
        let mut resources = BTreeSet::new();
        for index in 0..self.document.len(&path) {
            let path = at!["contextAwareResources", index];
            self.unknown_keys(&path, &RESOURCE_KEYS);
            let [api_version, kind] = RESOURCE_KEYS.map(|key| {
                let fix =
                    format!("write, for example, `{key}: {}`", if key == "kind" { "Pod" } else { "v1" });
                self.required::<String>(&below(&path, key), &fix)
            });
            if let (Some(api_version), Some(kind)) = (api_version, kind) {
                resources.insert(ContextAwareResource { api_version, kind });
            }
        }
        resources
    }

    fn minimum_version(&mut self) -> Option<semver::Version> {
        let path = at!["minimumKubewardenVersion"];
        let text = self.value::<Option<String>>(&path)??;
        match semver::Version::parse(&text) {
            Ok(version) => Some(version),
            Err(error) => {
                let key = self.spell(&[], "minimumKubewardenVersion");
                self.error(
                    FindingName::InvalidVersion,
                    &path,
                    format!("`{key}` is no semantic version: {error}"),
                    "write three numbers, such as `1.20.0`, without a leading `v`",
                );
                None
            }
        }
    }

    fn annotations(&mut self) -> BTreeMap<String, String> {
        let path = at!["annotations"];
        if let Err(error) = self.document.read::<Option<BTreeMap<String, IgnoredAny>>>(&path) {
            self.wrong_type(&path, "a map of text by key", error);
            return BTreeMap::new();
        }
        let mut annotations = BTreeMap::new();
        for key in self.document.keys(&path) {
            let path = below(&path, key.as_str());
            match self.document.read::<String>(&path) {
                Ok(text) => {
                    if annotations.insert(key.clone(), text.unwrap_or_default()).is_some() {
                        self.warning(
                            FindingName::DuplicateKey,
                            &path,
                            format!("annotation `{key}` is written twice: the last one counts"),
                            "keep one of them",
                        );
                    }
                }
                Err(error) => self.wrong_annotation(&path, &key, error),
            }
        }
        annotations
    }

    fn wrong_annotation(&mut self, path: &[Step], key: &str, error: ReadError) {
        let fix = if key == "hostCapabilities" {
            "move `hostCapabilities` out of `annotations`, to the top level".to_owned()
        } else if self.document.is_table() && !self.document.keys(path).is_empty() {
            "put the whole key in quotes: TOML takes the dots of a bare key for nested tables".to_owned()
        } else {
            "write text: several values go into one text, separated by commas".to_owned()
        };
        let (found, _) = describe(&error.message);
        self.error(
            FindingName::InvalidAnnotation,
            path,
            format!("annotation `{key}` must be text, found {found}"),
            fix,
        );
    }

    /// What the host's own types make of the file: what is left to refuse, it refuses here.
    fn as_the_host_reads(&mut self) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[expect(dead_code, reason = "only whether it can be read matters")]
        struct Host {
            rules: Vec<Rule>,
            annotations: Option<BTreeMap<String, String>>,
            mutating: bool,
            #[serde(default)]
            background_audit: bool,
            #[serde(default)]
            policy_type: PolicyType,
            #[serde(default)]
            context_aware_resources: BTreeSet<ContextAwareResource>,
            host_capabilities: Option<BTreeSet<String>>,
            minimum_kubewarden_version: Option<semver::Version>,
        }
        if self.document.is_table() || has_errors(&self.findings) {
            return;
        }
        if let Err(error) = yaml_serde::from_str::<Host>(self.document.text()) {
            let line = error.location().map(|location| location.line());
            self.at_line(
                Severity::Error,
                FindingName::Unreadable,
                line,
                format!("Kubewarden could not read this: {error}"),
                "correct the YAML",
            );
        }
    }
}
