//! What templates can use: answers, and what follows from them.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::Answers;
use super::surroundings::{INHERITED, Surroundings};
use super::workspace::Workspace;
use crate::kubernetes::{self, Operation, Resource};

/// Edition of generated packages.
const EDITION: &str = "2024";

/// Kinds of resources whose name means something else in the code of a policy.
const TAKEN_NAMES: [&str; 8] =
    ["Request", "Response", "Settings", "Object", "Option", "String", "Vec", "Cow"];

/// What templates can use.
pub(super) fn context(
    name: &str,
    answers: &Answers,
    surroundings: &Surroundings,
    inherits: &dyn Fn(&str, &str) -> bool,
) -> Result<Value> {
    let mut inherit: Map<String, Value> = INHERITED
        .iter()
        .map(|(key, question)| (key.replace('-', "_"), inherits(key, question).into()))
        .collect();
    let lints = surroundings.workspace.as_ref().is_some_and(Workspace::has_lints);
    inherit.insert("lints".to_owned(), lints.into());

    let raw = answers.kind().starts_with("raw-");
    let mut context = json!({
        "name": name,
        "crate_name": name.replace('-', "_"),
        "edition": EDITION,
        "description": answers.one("description"),
        "license": answers.one("license"),
        "author": answers.one("author"),
        "repository": answers.one("repository"),
        "module": answers.one("module-path"),
        "registry": answers.one("registry").trim_end_matches('/'),
        "kind": answers.kind(),
        "mutating": answers.kind().ends_with("mutate"),
        "raw": raw,
        "standalone": surroundings.workspace.is_none(),
        "releases": surroundings.are_empty(),
        "inherit": inherit,
    });
    let added = if raw { without_kubernetes() } else { with_kubernetes(answers)? };
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

fn with_kubernetes(answers: &Answers) -> Result<Value> {
    let resources = answers.resources()?;
    let operations = answers.operations()?;
    let rules: Vec<Value> = kubernetes::rules(&resources, &operations)?
        .into_iter()
        .map(|rule| {
            json!({
                "api_groups": rule.api_groups, "api_versions": rule.api_versions,
                "resources": rule.resources, "operations": rule.operations,
            })
        })
        .collect();
    let kinds: Vec<String> =
        resources.iter().map_while(|resource| Some(resource.object_kind()?.kind)).collect();
    let kind = match (resources.as_slice(), kinds.as_slice()) {
        ([_], [kind]) => kind.clone(),
        _ => "Object".to_owned(),
    };
    let path = match resources.as_slice() {
        [one] => one.k8s_openapi_path().unwrap_or_default(),
        _ => String::new(),
    };
    let noun = kind.to_lowercase();
    let first = resources.first().context("the question for resources needs an answer")?;
    let operation = operations
        .iter()
        .copied()
        .find(|operation| *operation == Operation::Create)
        .or(operations.first().copied());
    let operation = operation.context("the question for operations needs an answer")?;
    let request =
        |name: &str, labels: Option<&_>| kubernetes::admission_request(first, operation, name, labels);
    let owned = [("owner".to_owned(), "somebody".to_owned())].into();
    Ok(json!({
        "k8s_openapi": answers.one("types") == "k8s-openapi",
        "k8s_openapi_feature": "latest",
        "rules": rules,
        "type": if TAKEN_NAMES.contains(&kind.as_str()) { "Object" } else { kind.as_str() },
        "article": if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" },
        "noun": noun,
        "k8s_path": path,
        "resource_kinds": if kinds.len() == resources.len() { kinds.join(", ") } else { "*".to_owned() },
        "request_accepted": request("good", None),
        "request_rejected": request("bad", None),
        "request_unlabelled": request("good", None),
        "request_labelled": request("good", Some(&owned)),
    }))
}

/// `pods`, `pods and services`; `objects` for any.
pub(super) fn nouns(resources: &[Resource]) -> String {
    let names: Vec<_> = resources.iter().map(Resource::plural).collect();
    match names.as_slice() {
        [] => "documents".to_owned(),
        _ if names.contains(&"*") => "objects".to_owned(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
