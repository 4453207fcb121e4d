//! The variables of templates: the answers, and values computed from them.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::answers::{Answers, ObjectTypes, PolicySubject};
use super::surroundings::{INHERITED, RUST_VERSION, Surroundings};
use super::workspace::Workspace;
use crate::kubernetes::{self, Operation, Resource};

/// Edition of generated packages.
const EDITION: &str = "2021";

/// Kinds whose name already means something else in the code of a policy.
const TAKEN_NAMES: [&str; 8] =
    ["Request", "Response", "Settings", "Object", "Option", "String", "Vec", "Cow"];

/// The variables of templates.
pub(super) fn context(answers: &Answers, around: &Surroundings) -> Result<Value> {
    let mut inherit: Map<String, Value> = INHERITED
        .iter()
        .map(|(key, _)| (key.replace('-', "_"), answers.inherited.contains(key).into()))
        .collect();
    let lints = around.workspace.as_ref().is_some_and(Workspace::has_lints);
    inherit.insert("lints".to_owned(), lints.into());

    let text = |answer: &Option<String>| answer.clone().unwrap_or_default();
    let mut context = json!({
        "name": answers.name,
        "edition": EDITION,
        "rust_version": RUST_VERSION,
        "words": answers.language.words,
        "description": text(&answers.description),
        "license": text(&answers.license),
        "author": text(&answers.author),
        "repository": text(&answers.repository),
        "module": text(&answers.module_path),
        "registry": text(&answers.registry),
        "mutating": answers.kind.mutating,
        "raw": answers.kind.raw,
        "standalone": around.workspace.is_none(),
        "releases": around.are_empty(),
        "inherit": inherit,
    });
    let added = match &answers.subject {
        None => without_kubernetes(),
        Some(subject) => with_kubernetes(subject)?,
    };
    if let (Value::Object(context), Value::Object(added)) = (&mut context, added) {
        context.extend(added);
    }
    Ok(context)
}

fn without_kubernetes() -> Value {
    json!({
        "k8s_openapi": false, "k8s_openapi_feature": "", "rules": [], "type": "Document", "noun": "document", "article": "a",
        "k8s_path": "", "resource_kinds": "",
    })
}

fn with_kubernetes(subject: &PolicySubject) -> Result<Value> {
    let (resources, operations) = (subject.resources.as_slice(), subject.operations.as_slice());
    let kinds: Vec<String> =
        resources.iter().map_while(|resource| Some(resource.object_kind()?.kind)).collect();
    let kind = match (resources, kinds.as_slice()) {
        ([_], [kind]) => kind.as_str(),
        _ => "Object",
    };
    let path = match resources {
        [one] => one.k8s_openapi_path().unwrap_or_default(),
        _ => String::new(),
    };
    let noun = kind.to_lowercase();
    let operation = operations.iter().find(|operation| **operation == Operation::Create);
    let operation = *operation.unwrap_or(&operations[0]);
    let request = |name: &str, labels: Option<&_>| {
        kubernetes::admission_request(&resources[0], operation, name, labels)
    };
    let creates = matches!(operation, Operation::Create | Operation::All);
    let owned = [("owner".to_owned(), "somebody".to_owned())].into();
    Ok(json!({
        "k8s_openapi": subject.types == ObjectTypes::K8sOpenapi,
        "k8s_openapi_feature": "latest",
        "rules": rules(resources, operations)?,
        "type": if TAKEN_NAMES.contains(&kind) { "Object" } else { kind },
        "article": if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" },
        "noun": noun,
        "k8s_path": path,
        "resource_kinds": resource_kinds(resources),
        "creates": creates,
        "generates_names": creates && resources[0].subresource().is_none(),
        "request_accepted": request("good", None),
        "request_rejected": request("bad", None),
        "request_unlabeled": request("good", None),
        "request_labeled": request("good", Some(&owned)),
    }))
}

/// The kinds, each once; `*` where a wildcard leaves one open. A subresource is a part of its resource, whatever the
/// object in the request is.
fn resource_kinds(resources: &[Resource]) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for resource in resources {
        match resource.kind() {
            None => return "*".to_owned(),
            Some(kind) if kinds.contains(&kind) => {}
            Some(kind) => kinds.push(kind),
        }
    }
    kinds.join(", ")
}

fn rules(resources: &[Resource], operations: &[Operation]) -> Result<Vec<Value>> {
    let rules = kubernetes::rules(resources, operations)?.into_iter();
    let value = |rule: kubernetes::Rule| {
        json!({
            "api_groups": rule.api_groups, "api_versions": rule.api_versions,
            "resources": rule.resources, "operations": rule.operations,
        })
    };
    Ok(rules.map(value).collect())
}
