//! A cluster and Kubewarden read every policy's metadata and every operator's settings as they were meant.

use std::path::Path;
use std::time::SystemTime;

use crate::support::cluster::{self, ApiServer, TRAPS, same};
use crate::support::dice::Dice;
use cargo_kw_wasi::deploy::artifacthub::Package;
use cargo_kw_wasi::deploy::{Choices, Deployment};
use cargo_kw_wasi::kubernetes::{self, Operation, Rule};
use cargo_kw_wasi::metadata::{ContextAwareResource, Document, Facts, Metadata, PolicyType, key, read};
use cargo_kw_wasi::protocol::Mode;
use serde_json::{Value, json};

/// Random values that are valid.
impl Dice {
    fn yes(&mut self) -> bool {
        self.roll(2) == 0
    }

    /// One trap, several traps joined together, or random characters.
    fn text(&mut self) -> String {
        match self.roll(4) {
            0 | 1 => self.pick(TRAPS).to_owned(),
            2 => (0..=self.roll(3)).map(|_| self.pick(TRAPS)).collect(),
            _ => {
                let bytes = self.bytes(24);
                let mut source = arbitrary::Unstructured::new(&bytes);
                source.arbitrary::<String>().unwrap()
            }
        }
    }

    fn name(&mut self) -> String {
        const NAMES: &[&str] =
            &["demo", "a", "1", "0x1f", "1e3", "yes", "no", "null", "1.10", "1-0", "2001-01-01", "a.b-c.d"];
        self.pick(NAMES).to_owned()
    }

    fn some<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..=self.roll(3)).map(|_| one(self)).collect()
    }

    /// A value for settings, as YAML and as JSON.
    fn value(&mut self, depth: usize) -> (yaml_serde::Value, Value) {
        let value = match self.roll(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.yes()),
            2 => json!([0_i64, -1, i64::MIN, 42][self.roll(4)]),
            3 => json!([u64::MAX, 1 << 63, 1_000_000, 8][self.roll(4)]),
            4 => json!([0.5, 1.0, -2.25, 1e300, 1e-7, 123_456_789.125, 1e21][self.roll(7)]),
            5 => json!(self.text()),
            6 => {
                let (yaml, json): (Vec<_>, Vec<_>) = (0..self.roll(3)).map(|_| self.value(depth - 1)).unzip();
                return (yaml_serde::Value::Sequence(yaml), Value::Array(json));
            }
            _ => {
                let (yaml, json) = self.settings(depth - 1);
                return (yaml_serde::Value::Mapping(yaml), json);
            }
        };
        (yaml_serde::to_value(&value).unwrap(), value)
    }

    fn settings(&mut self, depth: usize) -> (yaml_serde::Mapping, Value) {
        let (mut yaml, mut json) = (yaml_serde::Mapping::new(), serde_json::Map::new());
        for _ in 0..self.roll(4) {
            let (key, (in_yaml, in_json)) = (self.text(), self.value(depth));
            yaml.insert(key.clone().into(), in_yaml);
            json.insert(key, in_json);
        }
        (yaml, Value::Object(json))
    }

    fn metadata(&mut self) -> Metadata {
        const RESOURCES: &[&str] = &["pods", "pods/exec", "*/scale", "deployments", "jobs"];
        const VERSIONS: &[&str] = &["v1", "v1beta1", "v2"];
        let mut metadata = Metadata::new();
        metadata.rules = self.some(|dice| Rule {
            api_groups: vec![dice.pick(&["", "apps", "*", "3e1.example"]).to_owned()],
            api_versions: vec![dice.pick(VERSIONS).to_owned()],
            resources: vec![dice.pick(RESOURCES).to_owned()],
            operations: vec![Operation::EVERY[dice.roll(5)]],
        });
        metadata.mutating = self.yes();
        metadata.background_audit = self.yes();
        if self.yes() {
            let resources = self.some(|dice| ContextAwareResource {
                api_version: dice.pick(&["v1", "apps/v1"]).to_owned(),
                kind: dice.pick(&["Pod", "Yes", "Namespace"]).to_owned(),
            });
            metadata.context_aware_resources = resources.into_iter().collect();
        }
        if self.yes() {
            metadata.minimum_kubewarden_version = Some(semver::Version::new(1, self.roll(40) as u64, 0));
        }
        let mut annotate =
            |key: &str, value: String| drop(metadata.annotations.insert(key.to_owned(), value));
        annotate(key::TITLE, self.name());
        annotate(key::VERSION, self.pick(&["0.1.0", "1.10.0", "1.0.0-rc.1", "1.0.0-0x1"]).to_owned());
        annotate(key::OCI_URL, self.pick(&["ghcr.io/acme/demo", "localhost:5000/0x1f", "1e3/no"]).to_owned());
        for key in [
            key::CATEGORY,
            key::SEVERITY,
            key::DESCRIPTION,
            key::LICENSE,
            key::DISPLAY_NAME,
            "example.com/any",
        ] {
            if self.yes() {
                annotate(key, self.text());
            }
        }
        if self.yes() {
            annotate(&format!("k{}", self.text()), self.text());
        }
        metadata
    }
}

/// The expected resource, constructed independently.
fn expected(name: &str, module: &str, metadata: &Metadata, choices: &Choices, settings: &Value) -> Value {
    let mut about = json!({ "name": name });
    for key in [key::CATEGORY, key::SEVERITY] {
        if let Some(text) = metadata.annotations.get(key).filter(|text| !text.is_empty()) {
            about["annotations"][key] = json!(text);
        }
    }
    let rules: Vec<_> = metadata
        .rules
        .iter()
        .map(|rule| {
            json!({
                "apiGroups": rule.api_groups, "apiVersions": rule.api_versions, "resources": rule.resources,
                "operations": rule.operations.iter().map(|operation| operation.as_str()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut spec =
        json!({"module": module, "settings": settings, "rules": rules, "mutating": metadata.mutating});
    if !metadata.background_audit {
        spec["backgroundAudit"] = json!(false);
    }
    if let Some(mode) = choices.mode {
        spec["mode"] = json!(if mode == Mode::Monitor { "monitor" } else { "protect" });
    }
    if let Some(server) = &choices.policy_server {
        spec["policyServer"] = json!(server);
    }
    let kind = match &choices.namespace {
        Some(namespace) => {
            about["namespace"] = json!(namespace);
            "AdmissionPolicy"
        }
        None => {
            let wanted = &metadata.context_aware_resources;
            if !wanted.is_empty() {
                let wanted = wanted.iter();
                spec["contextAwareResources"] = wanted
                    .map(|wanted| json!({"apiVersion": wanted.api_version, "kind": wanted.kind}))
                    .collect();
            }
            "ClusterAdmissionPolicy"
        }
    };
    json!({"apiVersion": "policies.kubewarden.io/v1", "kind": kind, "metadata": about, "spec": spec})
}

#[test]
fn resources_say_what_was_meant_and_are_accepted() {
    let mut dice = Dice::default();
    let (mut texts, mut meant) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        let metadata = dice.metadata();
        let (settings, in_json) = dice.settings(3);
        let choices = Choices {
            namespace: dice.yes().then(|| dice.pick(&["default", "team-a", "1", "no"]).to_owned()),
            settings,
            mode: [None, Some(Mode::Protect), Some(Mode::Monitor)][dice.roll(3)],
            policy_server: dice.yes().then(|| dice.name()),
        };
        let name = dice.name();
        let module =
            dice.pick(&["registry://ghcr.io/a/b:v1.0.0", "file:///a: b #c", "https://example.com/x?y=1"]);
        texts.push(Deployment { name: &name, module, metadata: &metadata, choices: &choices }.to_yaml());
        meant.push(expected(&name, module, &metadata, &choices, &in_json));
    }
    let server = ApiServer::new();
    for ((text, meant), read) in texts.iter().zip(&meant).zip(cluster::read_all(&texts)) {
        let read = read.unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert!(same(&read, meant), "a cluster reads {read:#}\nnot {meant:#}\n{text}");
        let by_kubewarden: Value =
            yaml_serde::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert!(same(&by_kubewarden, meant), "Kubewarden reads {by_kubewarden:#}\nnot {meant:#}\n{text}");
        assert_eq!(server.complaints(&read), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn entries_of_a_policy_server_say_what_was_meant() {
    let mut dice = Dice::default();
    for _ in 0..500 {
        let mut metadata = dice.metadata();
        metadata.policy_type = PolicyType::Raw;
        let (settings, in_json) = dice.settings(2);
        let choices = Choices { settings, ..Choices::default() };
        let name = dice.name();
        let text =
            Deployment { name: &name, module: "registry://a.b/c:v1", metadata: &metadata, choices: &choices }
                .to_yaml();
        let read: Value = yaml_serde::from_str(&text).unwrap();
        let entry = &read[&name];
        assert!(same(&entry["settings"], &in_json), "{text}");
        assert_eq!(
            (&entry["module"], &entry["allowedToMutate"]),
            (&json!("registry://a.b/c:v1"), &json!(metadata.mutating))
        );
        assert_eq!(read.as_object().unwrap().len(), 1, "{text}");
    }
}

#[test]
fn metadata_files_read_back_as_what_was_written() {
    let mut dice = Dice::default();
    let all: Vec<_> = (0..1000).map(|_| dice.metadata()).collect();
    let texts: Vec<_> = all.iter().map(Metadata::to_yaml).collect();
    for ((metadata, text), in_go) in all.iter().zip(&texts).zip(cluster::read_all(&texts)) {
        // Artifact Hub reads it with a Go library.
        let in_go = in_go.unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert_eq!(in_go["annotations"], json!(metadata.annotations), "{text}");
        let facts = Facts { name: "demo".to_owned(), ..Facts::default() };
        let checked = read(&Document::yaml(Path::new("metadata.yml"), text.clone()), &facts);
        match checked.metadata {
            Some(read) => assert_eq!(read, *metadata, "{text}"),
            // An empty or unknown key is a finding, not another value.
            None => panic!("{:?}\n{text}", checked.findings),
        }
    }
}

#[test]
fn packages_of_artifact_hub_say_what_was_meant() {
    let mut dice = Dice::default();
    let (mut texts, mut meant) = (Vec::new(), Vec::new());
    while texts.len() < 500 {
        let (metadata, questions) = (dice.metadata(), dice.text());
        let Ok(package) = Package::new(&metadata, Some(&questions), SystemTime::UNIX_EPOCH) else { continue };
        texts.push(package.to_yaml());
        meant.push((metadata, questions));
    }
    for ((text, (metadata, questions)), read) in texts.iter().zip(&meant).zip(cluster::read_all(&texts)) {
        let read = read.unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert_eq!(read, yaml_serde::from_str::<Value>(text).unwrap(), "{text}");
        for (field, key) in [
            ("name", key::TITLE),
            ("version", key::VERSION),
            ("description", key::DESCRIPTION),
            ("displayName", key::DISPLAY_NAME),
        ] {
            assert_eq!(read[field].as_str(), metadata.annotation(key), "{text}");
        }
        assert_eq!(read["license"].as_str(), metadata.annotation(key::LICENSE), "{text}");
        assert_eq!(read["annotations"]["kubewarden/questions-ui"], json!(questions), "{text}");
        let rules: Vec<Rule> =
            yaml_serde::from_str(read["annotations"]["kubewarden/rules"].as_str().unwrap()).unwrap();
        assert_eq!(rules, metadata.rules, "{text}");
    }
}

/// Names are checked against Kubernetes' own definition of a DNS subdomain.
#[test]
fn names_are_those_of_kubernetes() {
    let label = regex_lite::Regex::new("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$").unwrap();
    let mut dice = Dice::default();
    let mut good = 0;
    for _ in 0..20_000 {
        let length = [1, 2, 3, 5, 62, 63, 64, 252, 253, 254][dice.roll(10)];
        let letters: &[&str] = if dice.yes() {
            &["a", "0", "-", ".", "A", "_", " ", "é"]
        } else {
            &["a", "z", "9", "b", "c", "d"]
        };
        let mut name: String = (0..length).map(|_| dice.pick(letters)).collect();
        if length > 63 && dice.yes() {
            name = name.chars().enumerate().map(|(n, c)| if n % 50 == 49 { '.' } else { c }).collect();
        }
        let by_kubernetes =
            name.len() <= 253 && name.split('.').all(|part| part.len() <= 63 && label.is_match(part));
        assert_eq!(kubernetes::check_name(&name).is_ok(), by_kubernetes, "{name}");
        good += usize::from(by_kubernetes);
    }
    assert!(good > 2000, "{good}");
}
