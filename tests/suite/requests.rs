//! Every command in `admission-requests.json`, which records what an API server sent to a webhook: the request that this
//! tool makes of the same object is the same.

use cargo_kw_wasi::kubernetes::{self, KnownKinds, Operation, RequestDetails, read_documents};
use cargo_kw_wasi::protocol::PolicyType;
use serde_json::{Map, Value, json};

/// What a user has to say besides the object: the start of a case's name, the keys, and why.
#[rustfmt::skip] // a table
const DETAILS: &[(&str, &[&str], &str)] = &[
    ("label ", &["options"], "`kubectl label` has options of its own"),
    ("set image", &["options"], "`kubectl set` has options of its own"),
    ("cr update", &["options"], "`kubectl patch` has options of its own"),
    ("rollout restart", &["options"], "`kubectl rollout` has options of its own"),
    ("annotate ns", &["options"], "`kubectl annotate` has options of its own"),
    ("create pod field manager", &["options"], "`kubectl apply` has a name of its own"),
    ("apply pod client side", &["options"], "`kubectl apply` has a name of its own"),
    ("create pod dry run", &["dryRun", "options"], "nothing in the object says so"),
    ("patch pod status", &["options", "subResource"], "a Pod does not say of which subresource it is"),
    ("debug pod", &["options", "subResource"], "a Pod does not say of which subresource it is"),
    ("exec pod", &["name"], "the options of a connection do not say whose they are"),
    ("attach pod", &["name"], "the options of a connection do not say whose they are"),
    ("create token", &["name"], "a TokenRequest does not say whose it is"),
];

fn recorded_cases() -> Vec<Value> {
    let mut file: Value = serde_json::from_str(include_str!("../vectors/admission-requests.json")).unwrap();
    assert_eq!(file["format"], 1);
    match file["cases"].take() {
        Value::Array(cases) => cases,
        _ => panic!("there are no cases"),
    }
}

fn objects(case: &Value) -> Vec<Value> {
    let text = match &case["manifest"] {
        Value::Null => return Vec::new(),
        Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    let documents = read_documents(&text).unwrap();
    documents.into_iter().flat_map(|document| PolicyType::Kubernetes.values_of(document).unwrap()).collect()
}

/// The kinds that the cluster of the recording was told of.
fn defined_kinds(cases: &[Value]) -> KnownKinds {
    let mut kinds = KnownKinds::default();
    let definitions =
        cases.iter().flat_map(objects).filter(|object| object["kind"] == "CustomResourceDefinition");
    kinds.define(definitions.map(Into::into).collect()).unwrap();
    kinds
}

/// The request that this tool makes: for the object of the command, or for that of the recorded request, with these
/// details of it.
fn made(case: &Value, index: usize, recorded: &Value, details: &[&str], kinds: &KnownKinds) -> Value {
    let operation: Operation = recorded["operation"].as_str().unwrap().parse().unwrap();
    let mut manifest = objects(case).into_iter().nth(index);
    let arguments: Vec<_> = case["kubectl"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    if let (["-n", namespace, ..], Some(object)) = (arguments.as_slice(), &mut manifest) {
        object["metadata"]["namespace"] = json!(namespace);
    }
    let detail = |key: &str| details.contains(&key).then(|| recorded[key].clone());
    let text = |key: &str| detail(key).map(|value| value.as_str().unwrap().to_owned());
    let is_change = matches!(operation, Operation::Update | Operation::Delete);
    let has_old_object = is_change && !recorded["oldObject"].is_null();
    let details = RequestDetails {
        operation: is_change.then_some(operation),
        old_object: has_old_object.then(|| recorded["oldObject"].clone()),
        name: text("name"),
        sub_resource: text("subResource"),
        dry_run: detail("dryRun").map(|value| value.as_bool().unwrap()),
        options: detail("options"),
        ..RequestDetails::default()
    };
    let of_request = if operation == Operation::Delete { "oldObject" } else { "object" };
    let object = manifest.unwrap_or_else(|| recorded[of_request].clone());
    json!(kubernetes::request_for_object(object, details, kinds).unwrap())
}

/// Is all of `part` in `whole`? What an API server fills in is in `whole` alone.
fn is_part(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            // Typed objects are written without fields that are empty.
            let is_empty = |value: &Value| *value == "" || *value == false;
            let is_in = |(key, value): (&String, &Value)| match whole.get(key) {
                Some(other) => is_part(value, other),
                None => is_empty(value),
            };
            part.iter().all(is_in)
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| is_part(part, whole))
        }
        _ => part == whole,
    }
}

/// The keys of which the values differ, but for `uid`, the user, and what an API server fills into an object.
fn different_keys(made: &Value, recorded: &Value) -> Vec<String> {
    let without_null = |value: &Value| -> Map<String, Value> {
        let all = value.as_object().cloned().unwrap_or_default();
        all.into_iter().filter(|(_, value)| !value.is_null()).collect()
    };
    let (made, recorded) = (without_null(made), without_null(recorded));
    let mut keys: Vec<_> = made.keys().chain(recorded.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let mut different = Vec::new();
    for key in keys {
        let (one, other) = (&made.get(&key), &recorded.get(&key));
        match (key.as_str(), one, other) {
            ("uid" | "userInfo", Some(_), Some(_)) => {}
            ("object" | "oldObject", Some(one), Some(other)) if is_part(one, other) => {}
            ("options", Some(one), Some(other)) => {
                different.extend(different_keys(one, other).iter().map(|key| format!("options.{key}")));
            }
            _ if one == other => {}
            _ => different.push(key),
        }
    }
    different
}

#[test]
fn a_request_is_the_one_that_an_api_server_sends() {
    let cases = recorded_cases();
    assert_eq!(cases.len(), 111);
    let kinds = defined_kinds(&cases);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let details = DETAILS.iter().find(|(start, ..)| name.starts_with(start));
        let details = details.map_or::<&[&str], _>(&[], |(_, keys, _)| keys);
        for (index, recorded) in case["requests"].as_array().unwrap().iter().enumerate() {
            let made = made(case, index, recorded, details, &kinds);
            assert_eq!(different_keys(&made, recorded), [""; 0], "{name}: {made:#}\n{recorded:#}");
        }
    }
}

#[test]
fn custom_resources_are_guessed_as_the_recorded_cluster_has_them() {
    for case in recorded_cases().iter().filter(|case| case["name"] == "cr cluster") {
        let recorded = &case["requests"][0];
        assert_eq!(different_keys(&made(case, 0, recorded, &[], &KnownKinds::default()), recorded), [""; 0]);
    }
}
