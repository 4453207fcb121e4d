//! Reads files with Kubernetes objects and requests: JSON, or YAML with one or more documents.
//!
//! The rules are those of `kubectl apply -f`. `protocol` decides what a document means to a policy.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::error::WithHint;
use crate::yaml;

/// One document of a file. It is not yet a value, because the meaning of its scalars depends on the reader.
#[derive(Debug, Clone)]
pub struct InputDocument(InputContent);

#[derive(Debug, Clone)]
enum InputContent {
    Json(Value),
    Yaml(yaml::Node),
}

/// How to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// As JSON.
    Json,
    /// As YAML, which includes JSON.
    Yaml,
    /// By its content: JSON starts with a bracket.
    Unknown,
}

impl InputFormat {
    /// Returns the format for the extension of a file.
    pub(crate) fn of(path: &Path) -> Self {
        let is =
            |known: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(known));
        match (is("json"), is("yaml") || is("yml")) {
            (true, _) => Self::Json,
            (_, true) => Self::Yaml,
            _ => Self::Unknown,
        }
    }
}

/// Reads the documents of a file: one in JSON, one or more in YAML.
///
/// # Errors
///
/// Fails if the file is not in this format, or is empty.
pub fn read_documents(text: &str, format: InputFormat) -> Result<Vec<InputDocument>> {
    let looks_like_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let error = match serde_json::from_str(text) {
        Ok(document) => return Ok(vec![Value::into(document)]),
        Err(error) => error,
    };
    match format {
        InputFormat::Json => return Err(error).context("not valid JSON"),
        InputFormat::Unknown if looks_like_json => {
            return Err(error).context("not valid JSON").hint(|| {
                "if it is YAML that begins with a bracket, give it as a file that ends in `.yaml`".to_owned()
            });
        }
        InputFormat::Yaml | InputFormat::Unknown => {}
    }
    let documents = yaml::parse_all(text.strip_prefix('\u{feff}').unwrap_or(text));
    let documents = documents.context(match format {
        InputFormat::Yaml => "not valid YAML",
        _ => "neither valid JSON nor valid YAML",
    })?;
    // A `---` at the end is followed by a document that is null.
    let documents: Vec<_> = documents.into_iter().filter(|document| !document.is_null()).collect();
    if documents.is_empty() {
        return Err(anyhow!("it is empty"));
    }
    Ok(documents.into_iter().map(InputDocument::from).collect())
}

impl From<Value> for InputDocument {
    fn from(json: Value) -> Self {
        Self(InputContent::Json(json))
    }
}

impl From<yaml::Node> for InputDocument {
    fn from(node: yaml::Node) -> Self {
        Self(InputContent::Yaml(node))
    }
}

impl InputDocument {
    /// Returns the objects of a document: each item of a `List`, as `kubectl get` prints it; none if the document is
    /// null.
    pub(crate) fn into_objects(self) -> Vec<Value> {
        match self.into_object() {
            Value::Null => Vec::new(),
            mut list if is_list(&list) => {
                list["items"].as_array_mut().map(std::mem::take).unwrap_or_default()
            }
            object => vec![object],
        }
    }

    /// Returns the value by Kubernetes' rules, which are those of YAML 1.1.
    pub fn into_object(self) -> Value {
        match self.0 {
            InputContent::Json(value) => value,
            InputContent::Yaml(node) => node.to_kubernetes_json(),
        }
    }

    /// Returns the value by Kubewarden's rules, which are those of YAML 1.2.
    pub(crate) fn into_json(self) -> Value {
        match self.0 {
            InputContent::Json(value) => value,
            InputContent::Yaml(node) => node.to_json(),
        }
    }
}

/// Whether this is a `List`, which `kubectl get` prints for several objects.
pub(crate) fn is_list(document: &Value) -> bool {
    document["kind"] == "List" && document["apiVersion"] == "v1" && document["items"].is_array()
}

/// Whether a document is a Kubernetes object, for which a request can be created. The `kind` of an admission request
/// is not a string, and an `AdmissionReview` is recognized by its `kind`.
pub(crate) fn is_object(document: &Value) -> bool {
    document["kind"].as_str().is_some_and(|kind| kind != "AdmissionReview")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects(text: &str, format: InputFormat) -> Vec<Value> {
        let documents = read_documents(text, format).unwrap();
        documents.into_iter().flat_map(InputDocument::into_objects).collect()
    }

    #[test]
    fn documents_are_json_or_yaml() {
        let read = |text| objects(text, InputFormat::Unknown);
        assert_eq!(read("{\"a\": 1}"), [json!({"a": 1})]);
        assert_eq!(read("a: 1"), [json!({"a": 1})]);
        assert_eq!(read("---\na: 1\n---\nb: 2\n---\n").len(), 2);
        assert_eq!(read("[1, 2]"), [json!([1, 2])]);
        assert_eq!(objects("{a: 1, b: [c]}", InputFormat::Yaml), [json!({"a": 1, "b": ["c"]})]);
    }

    #[test]
    fn kubernetes_reads_yaml_as_kubectl_does() {
        let text = "mode: 0644\non: yes\nitems: null\n";
        let document = || read_documents(text, InputFormat::Yaml).unwrap().remove(0);
        assert_eq!(document().into_object(), json!({"mode": 420, "on": true, "items": null}));
        assert_eq!(document().into_json(), json!({"mode": "0644", "on": "yes", "items": null}));
    }

    #[test]
    fn the_items_of_a_list_are_objects() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- {kind: Pod}\n- {kind: Service}\n";
        assert_eq!(objects(list, InputFormat::Yaml).len(), 2);
        let empty = r#"{"apiVersion":"v1","kind":"List","items":[]}"#;
        assert_eq!(objects(empty, InputFormat::Json).len(), 0);
        for no_list in
            [r#"{"apiVersion":"v1","kind":"List"}"#, r#"{"apiVersion":"v1","kind":"List","items":1}"#]
        {
            let document: Value = serde_json::from_str(no_list).unwrap();
            assert_eq!(objects(no_list, InputFormat::Json), [document]);
        }
        assert_eq!(objects("null", InputFormat::Json).len(), 0);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        for (text, format, words) in [
            ("{\"a\": 1,}", InputFormat::Unknown, "not valid JSON"),
            ("{\"a\": 1e400}", InputFormat::Unknown, "number out of range"),
            ("\u{feff}{\"a\": 1}", InputFormat::Unknown, "not valid JSON"),
            ("a: 1", InputFormat::Json, "not valid JSON"),
            ("", InputFormat::Unknown, "it is empty"),
            ("---\n# none\n---\n", InputFormat::Yaml, "it is empty"),
            ("a: [", InputFormat::Unknown, "neither"),
            ("a: 1\nb: [", InputFormat::Yaml, "not valid YAML: line 3"),
            ("\t- x: y: z", InputFormat::Unknown, "neither"),
        ] {
            let error = format!("{:#}", read_documents(text, format).unwrap_err());
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
