//! The parts of a cluster that read and check a resource: the YAML reader of `kubectl`, and the schemas of Kubewarden's
//! resources, applied as by the API server.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Value, json};

const SCHEMAS: [&str; 2] = [
    include_str!("../../crds/policies.kubewarden.io_clusteradmissionpolicies.yaml"),
    include_str!("../../crds/policies.kubewarden.io_admissionpolicies.yaml"),
];

/// Reads YAML documents as `kubectl` does. Each result is the value or the error.
#[track_caller]
pub(crate) fn read_all(texts: &[String]) -> Vec<Result<Value, String>> {
    ask(texts.iter().map(|text| json!({ "yaml": text })))
}

/// Reads files as `kubectl create -f` does. Each result is a list of objects or the error.
#[track_caller]
pub(crate) fn read_files(files: &[Vec<u8>]) -> Vec<Result<Value, String>> {
    use base64::Engine;
    let encode = |file: &Vec<u8>| base64::engine::general_purpose::STANDARD.encode(file);
    ask(files.iter().map(|file| json!({ "file": encode(file) })))
}

/// Asks the reader of `kubectl`, which `make setup` compiles.
#[track_caller]
fn ask(questions: impl ExactSizeIterator<Item = Value>) -> Vec<Result<Value, String>> {
    #[derive(Deserialize)]
    struct Answer {
        value: Value,
        error: Option<String>,
    }
    let count = questions.len();
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-programs/cluster-yaml");
    let mut child = Command::new(reader)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`make setup` compiles {reader}: {error}"));
    let lines: String = questions.map(|question| format!("{question}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers: Vec<_> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter::<Answer>()
        .map(|answer| answer.unwrap())
        .map(|answer| answer.error.map_or(Ok(answer.value), Err))
        .collect();
    assert_eq!(answers.len(), count);
    answers
}

/// Reads one YAML string as a cluster does.
#[track_caller]
pub(crate) fn read(text: &str) -> Value {
    read_all(&[text.to_owned()]).remove(0).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// Checks resources as the API server does before Kubewarden sees them.
pub(crate) struct ApiServer(HashMap<String, Validator>);

impl ApiServer {
    pub(crate) fn new() -> Self {
        Self(SCHEMAS.into_iter().map(validator).collect())
    }

    /// The errors of a resource; empty if it is valid. As with `kubectl apply`, an unknown field is an error.
    pub(crate) fn complaints(&self, resource: &Value) -> Vec<String> {
        let kind = resource["kind"].as_str().unwrap_or_default();
        let Some(validator) =
            self.0.get(kind).filter(|_| resource["apiVersion"] == "policies.kubewarden.io/v1")
        else {
            return vec![format!("there is no kind `{kind}` in `{}`", resource["apiVersion"])];
        };
        let wrong = validator.iter_errors(resource);
        let mut complaints: Vec<_> =
            wrong.map(|error| format!("{}: {error}", error.instance_path())).collect();
        let is_name = |name: &Value, dots: bool| {
            name.as_str().is_some_and(|name| {
                let label = regex_lite::Regex::new("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$").unwrap();
                name.len() <= 253
                    && name.split('.').all(|part| label.is_match(part))
                    && (dots || name.len() <= 63 && !name.contains('.'))
            })
        };
        let metadata = &resource["metadata"];
        if !is_name(&metadata["name"], true) {
            complaints.push(format!("name: {}", metadata["name"]));
        }
        if (kind == "AdmissionPolicy") != is_name(&metadata["namespace"], false) {
            complaints.push(format!("namespace of {kind}: {}", metadata["namespace"]));
        }
        // The checks of Kubewarden's webhook.
        let rules = resource["spec"]["rules"].as_array().map_or(&[][..], Vec::as_slice);
        let says_something = |list: &Value| {
            list.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(|item| item != ""))
        };
        let good = |rule: &Value| {
            ["operations", "apiVersions", "resources"].iter().all(|key| says_something(&rule[key]))
        };
        if rules.is_empty() || !rules.iter().all(good) {
            complaints.push(format!("rules: {rules:?}"));
        }
        complaints
    }

    #[track_caller]
    pub(crate) fn accepts(&self, yaml: &str) -> Value {
        let resource = read(yaml);
        let complaints = self.complaints(&resource);
        assert!(complaints.is_empty(), "{complaints:#?}\n{yaml}");
        resource
    }
}

/// The kind of a resource definition, and a validator for resources of its version `v1`.
fn validator(definition: &str) -> (String, Validator) {
    let definition: Value = yaml_serde::from_str(definition).unwrap();
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let version =
        versions.iter().find(|version| version["name"] == "v1" && version["served"] == true).unwrap();
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    // Every resource has these fields, but definitions do not list them.
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    schema["properties"]["metadata"] = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "namespace": {"type": "string"}, "annotations": texts, "labels": texts,
    }});
    schema["required"] = json!(["metadata", "spec"]);
    to_json_schema(&mut schema);
    let kind = definition["spec"]["names"]["kind"].as_str().unwrap().to_owned();
    (kind, jsonschema::draft4::new(&schema).unwrap())
}

/// Turns a schema of Kubernetes into a JSON Schema: unknown fields are refused unless the schema preserves them, and
/// `nullable` becomes a type.
fn to_json_schema(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    for key in ["properties", "additionalProperties", "items", "allOf", "anyOf", "oneOf", "not"] {
        match (key, object.get_mut(key)) {
            ("properties", Some(Value::Object(fields))) => fields.values_mut().for_each(to_json_schema),
            (_, Some(Value::Array(list))) => list.iter_mut().for_each(to_json_schema),
            (_, Some(inner)) => to_json_schema(inner),
            (_, None) => {}
        }
    }
    let keeps_unknown = object.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
    if object.contains_key("properties") && !keeps_unknown {
        object.entry("additionalProperties").or_insert(json!(false));
    }
    if object.get("nullable") == Some(&json!(true))
        && let Some(kind) = object.get_mut("type")
    {
        *kind = json!([kind, "null"]);
    }
}

/// Strings that some YAML reader takes for something else.
pub(crate) const TRAPS: &[&str] = &[
    "",
    " ",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "true",
    "False",
    "null",
    "Null",
    "~",
    "1",
    "-1",
    "+1",
    "1.10",
    "1e3",
    "1_000",
    "0b1",
    "0o17",
    "017",
    "0x10",
    "08",
    "1:30",
    "190:20:30",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    ".5",
    ".inf",
    "-.INF",
    ".nan",
    "<<",
    "=",
    "-",
    "- a",
    "--- a",
    "---",
    "...",
    "...a",
    "a: b",
    "a:",
    ":a",
    "a #b",
    "#a",
    "a#b",
    "*a",
    "*",
    "&a",
    "!a",
    "!!str a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "{a}",
    "{",
    "[a]",
    "]",
    ",",
    "? a",
    "?",
    "\"a\"",
    "'a'",
    "it's",
    "a\\b",
    "a\nb",
    "a\n",
    "a\n\n",
    "\na",
    "\n",
    " a\n b",
    "  a\nb",
    "a\n\tb",
    "\ta",
    "a\tb",
    "a\r\nb",
    "\r",
    "a \nb",
    "a\n---\nb",
    "a\n...\nb",
    "a\n# b",
    "\u{1b}[31mred",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}a",
    "\u{ffff}",
    "\u{10ffff}",
    "é",
    "日本",
    "🦀",
    "\u{200b}",
];

/// Whether two readers mean the same. Some read a number such as `1.0` as an integer.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        // Fractions, and integers that a cluster keeps as floats because they do not fit into 64 bits with a sign.
        (Value::Number(a), Value::Number(b)) if a.as_i64().is_none() || b.as_i64().is_none() => {
            a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}
