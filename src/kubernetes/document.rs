//! Reads files with Kubernetes objects and requests: JSON, or YAML with one or more documents.
//!
//! The rules are those of `kubectl create -f`, whatever the file is called. What a document means to a policy is left to
//! `protocol`.
//!
//! Source: `YAMLOrJSONDecoder` and `UnstructuredJSONScheme` of k8s.io/apimachinery, which tests compare this with.

use std::fmt;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use crate::yaml::{self, ReadError};

/// One document of a file. It is not yet a value, because the meaning of its scalars depends on the reader.
#[derive(Debug, Clone)]
pub struct InputDocument(InputContent);

#[derive(Debug, Clone)]
enum InputContent {
    Json(Value),
    Yaml(yaml::Node),
}

/// Why a file could not be read.
#[derive(Debug)]
pub(crate) struct UnreadableDocument {
    /// `JSON` or `YAML`.
    pub(crate) format: &'static str,
    pub(crate) error: ReadError,
}

impl fmt::Display for UnreadableDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not valid {}: {}", self.format, self.error)
    }
}

impl std::error::Error for UnreadableDocument {}

impl From<ReadError> for UnreadableDocument {
    fn from(error: ReadError) -> Self {
        Self { format: "YAML", error }
    }
}

impl From<serde_json::Error> for UnreadableDocument {
    fn from(error: serde_json::Error) -> Self {
        let position = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string().replace(&position, "");
        Self { format: "JSON", error: ReadError { message, line: Some(error.line()) } }
    }
}

/// The documents of a file: YAML documents, or JSON values one after the other.
///
/// # Errors
///
/// When it is neither, or is empty.
pub fn read_documents(text: &str) -> Result<Vec<InputDocument>> {
    let documents = parse_documents(text)?;
    if documents.is_empty() {
        return Err(anyhow!("it is empty"));
    }
    Ok(documents)
}

/// The same, possibly none.
pub(crate) fn parse_documents(text: &str) -> Result<Vec<InputDocument>, UnreadableDocument> {
    yaml::refuse_heavy(text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str(text) {
        Ok(document) => Ok(vec![Value::into(document)]),
        Err(_) if text.trim_start().starts_with('{') => json_documents(text),
        Err(_) => yaml_documents(text, 1),
    }
}

/// JSON values one after the other. What follows the first may be YAML, and so may all of it.
fn json_documents(text: &str) -> Result<Vec<InputDocument>, UnreadableDocument> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut documents = Vec::new();
    let error = loop {
        match values.next() {
            None => return Ok(documents),
            Some(Ok(value)) => documents.push(value.into()),
            Some(Err(error)) => break UnreadableDocument::from(error),
        }
    };
    if documents.len() > 1 || error.error.message.starts_with("number out of range") {
        return Err(error);
    }
    let (before, rest) = text.split_at(values.byte_offset());
    // `kubectl` takes what is shorter for the end.
    if rest.len() < 4 {
        return Err(error);
    }
    let blank = rest.find(|c: char| c == '\n' || !c.is_whitespace()).unwrap_or(rest.len());
    let blank = if rest[blank..].starts_with('\n') { blank + 1 } else { blank };
    let line = 1 + before.matches('\n').count() + rest[..blank].matches('\n').count();
    match yaml_documents(&rest[blank..], line) {
        Ok(more) => documents.extend(more),
        // YAML has no quotes where JSON wants them.
        Err(of_yaml) if error.error.message.starts_with("key must be a string") => return Err(of_yaml),
        Err(_) => return Err(error),
    }
    Ok(documents)
}

/// YAML documents, each after a line that begins with `---`. `line` is that of the first character.
fn yaml_documents(text: &str, mut line: usize) -> Result<Vec<InputDocument>, UnreadableDocument> {
    let mut documents = Vec::new();
    let mut read = |text: &str, line| -> Result<(), ReadError> {
        let document = yaml::parse_first(text, line)?;
        if !document.is_null() {
            documents.push(document.into());
        }
        Ok(())
    };
    let (mut start, mut start_line, mut end) = (0, line, 0);
    for written in text.split_inclusive('\n') {
        if let Some(after) = written.strip_prefix("---").map(str::trim) {
            if !after.is_empty() && !after.starts_with('#') {
                let message = "only a comment may follow `---`: write the document below it".to_owned();
                return Err(ReadError { message, line: Some(line) }.into());
            }
            read(&text[start..end], start_line)?;
            (start, start_line) = (end + written.len(), line + 1);
        }
        end += written.len();
        line += 1;
    }
    read(&text[start..], start_line)?;
    Ok(documents)
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
    /// The objects of a document: the items of a list, as `kubectl get` prints it, one by one; nothing where the document
    /// is null.
    ///
    /// # Errors
    ///
    /// When `kubectl` could not read it.
    pub(crate) fn into_objects(self) -> Result<Vec<Value>> {
        match self.into_object()? {
            Value::Null => Ok(Vec::new()),
            list if is_list(&list) => items(list),
            object => Ok(vec![object]),
        }
    }

    /// The one value, by Kubernetes' rules: those of YAML 1.1.
    ///
    /// # Errors
    ///
    /// When `kubectl` could not read it.
    pub fn into_object(self) -> Result<Value> {
        match self.0 {
            InputContent::Json(value) if is_object(&value) => {
                Ok(yaml::Node::from(&value).to_kubernetes_json()?)
            }
            InputContent::Json(value) => Ok(value),
            InputContent::Yaml(node) => Ok(node.to_kubernetes_json()?),
        }
    }

    /// Returns the value by Kubewarden's rules, which are those of YAML 1.2.
    pub(crate) fn into_json(self) -> Value {
        match self.0 {
            InputContent::Json(value) => value,
            InputContent::Yaml(node) => node.to_json(),
        }
    }

    /// The line of a key that is written again, and the key. JSON has no lines here.
    pub(crate) fn repeated_key(&self) -> Option<(usize, &str)> {
        match &self.0 {
            InputContent::Json(_) => None,
            InputContent::Yaml(node) => node.repeated_key().map(|entry| (entry.line, entry.key.as_str())),
        }
    }
}

/// Is this a list of objects? Whatever its kind, it has `items`.
pub(crate) fn is_list(document: &Value) -> bool {
    is_object(document) && document.get("items").is_some()
}

/// Whether a document is a Kubernetes object, for which a request can be created. The `kind` of an admission request
/// is not a string, and an `AdmissionReview` is recognized by its `kind`.
pub(crate) fn is_object(document: &Value) -> bool {
    document["kind"].as_str().is_some_and(|kind| kind != "AdmissionReview")
}

/// The items of a list. Those that do not say what they are, are what the list says.
fn items(mut list: Value) -> Result<Vec<Value>> {
    let mut items = match list["items"].take() {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        _ => bail!("`items` of a `{}` must be a list", list["kind"].as_str().unwrap_or_default()),
    };
    for (index, item) in items.iter_mut().enumerate() {
        let is_object = item.is_object();
        if !is_object || item.get("items").is_some_and(Value::is_array) {
            let what = if is_object { "is a list itself" } else { "is not an object" };
            bail!("item {} of a `{}` {what}", index + 1, list["kind"].as_str().unwrap_or_default());
        }
        let says = |key: &str| item[key].as_str().is_some_and(|text| !text.is_empty());
        if !says("kind") && !says("apiVersion") {
            let kind = list["kind"].as_str().unwrap_or_default();
            item["kind"] = kind.strip_suffix("List").unwrap_or(kind).into();
            item["apiVersion"] = list["apiVersion"].clone();
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects(text: &str) -> Vec<Value> {
        let documents = read_documents(text).unwrap().into_iter();
        documents.flat_map(|document| document.into_objects().unwrap()).collect()
    }

    #[test]
    fn documents_are_json_or_yaml() {
        assert_eq!(objects("{\"a\": 1}"), [json!({"a": 1})]);
        assert_eq!(objects("a: 1"), [json!({"a": 1})]);
        assert_eq!(objects("---\na: 1\n--- # two\nb: 2\n---\n").len(), 2);
        assert_eq!(objects("[1, 2]"), [json!([1, 2])]);
        assert_eq!(objects("{a: 1, b: [c]}"), [json!({"a": 1, "b": ["c"]})]);
        assert_eq!(objects("\u{feff}{\"a\": 1,}"), [json!({"a": 1})]);
    }

    #[test]
    fn json_values_may_follow_each_other() {
        let two = [json!({"a": 1}), json!({"b": 2})];
        for text in [
            "{\"a\": 1}{\"b\": 2}",
            "{\"a\": 1}\n\n{\"b\": 2}\n",
            "{\"a\": 1}\nb: 2",
            "{\"a\": 1}\n---\nb: 2",
            "{\"a\": 1}\n{b: 2}",
        ] {
            assert_eq!(objects(text), two, "{text}");
        }
    }

    #[test]
    fn kubernetes_reads_yaml_as_kubectl_does() {
        let text = "mode: 0644\non: yes\nitems: null\n";
        let document = || read_documents(text).unwrap().remove(0);
        assert_eq!(document().into_object().unwrap(), json!({"mode": 420, "true": true, "items": null}));
        assert_eq!(document().into_json(), json!({"mode": "0644", "on": "yes", "items": null}));
    }

    #[test]
    fn numbers_are_those_that_kubernetes_keeps() {
        let text = r#"{"kind": "A", "a": 1.0, "b": 18446744073709551615, "c": 1e3, "d": 9223372036854775808, "e": 0.5}"#;
        let expected = json!({
            "kind": "A", "a": 1, "b": 18_446_744_073_709_552_000_f64, "c": 1000, "d": 9_223_372_036_854_776_000_u64,
            "e": 0.5,
        });
        assert_eq!(objects(text), [expected]);
        let request = r#"{"kind": {"kind": "A"}, "a": 1.0}"#;
        assert_eq!(objects(request), [serde_json::from_str::<Value>(request).unwrap()]);
    }

    #[test]
    fn whatever_has_items_is_a_list() {
        let list = "apiVersion: v1\nkind: List\nitems:\n- {kind: Pod}\n- {kind: Service}\n";
        assert_eq!(objects(list).len(), 2);
        let list = "apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a}}]";
        assert_eq!(objects(list), [json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})]);
        let list =
            "apiVersion: example.com/v1\nkind: WidgetList\nitems: [{}, {apiVersion: b/v2, kind: Gadget}]";
        let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget"});
        assert_eq!(objects(list), [widget, json!({"apiVersion": "b/v2", "kind": "Gadget"})]);
        for empty in ["null", "[]"] {
            assert_eq!(objects(&format!("{{kind: PodList, items: {empty}}}")).len(), 0);
        }
        for wrong in ["{}", "1", "[a]", "[null]", "[{kind: PodList, items: []}]"] {
            let document = read_documents(&format!("{{kind: PodList, items: {wrong}}}")).unwrap().remove(0);
            assert!(document.into_objects().is_err(), "{wrong}");
        }
        assert_eq!(objects("null").len(), 0);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        for (text, words) in [
            ("{\"a\": 1e400}", "not valid JSON: line 1: number out of range"),
            ("{\"a\": [}", "not valid JSON"),
            ("{}{} x", "not valid JSON"),
            ("", "it is empty"),
            ("---\n# none\n---\n", "it is empty"),
            ("a: 1\nb: [", "not valid YAML: line 3"),
            ("a: 1\n---\nb: 1\nc: [", "not valid YAML: line 5"),
            ("\t- x: y: z", "not valid YAML"),
            ("a: 1\n--- {b: 1}", "not valid YAML: line 2: only a comment may follow `---`"),
        ] {
            let error = format!("{:#}", read_documents(text).unwrap_err());
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
