//! The decision of the policy.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::fields::{self, Fields};
use crate::kubewarden::Response;
use crate::settings::Settings;

/// Adds the labels of the settings that are not in the `labels` of the document.
///
/// A raw request can be any JSON. A document that cannot have labels is accepted as it is.
pub fn validate(request: Box<RawValue>, settings: &Settings) -> Response<Fields> {
    match add_missing(&request, &settings.labels) {
        Ok(Some(labeled)) => Response::mutate(labeled),
        Ok(None) | Err(_) => Response::accept(),
    }
}

/// Returns the document with the missing `labels` added, or `None` if none are missing.
///
/// Fails when the document, or its field `labels`, is not an object.
fn add_missing(
    document: &RawValue,
    labels: &BTreeMap<String, Box<str>>,
) -> serde_json::Result<Option<Fields>> {
    let mut document: Fields = fields::read(document)?;
    let mut present: Fields = document.get("labels")?;
    let mut changed = false;
    for (key, value) in labels {
        if !present.has(key) {
            present.set(key, value)?;
            changed = true;
        }
    }
    if !changed {
        return Ok(None);
    }
    document.set("labels", &present)?;
    Ok(Some(document))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The response as Kubewarden gets it.
    fn validate_json(request: &str) -> serde_json::Value {
        let settings = Settings {
            labels: BTreeMap::from([("owner".to_owned(), "platform".into())]),
        };
        let response = validate(serde_json::from_str(request).unwrap(), &settings);
        serde_json::to_value(response).unwrap()
    }

    fn accepted() -> serde_json::Value {
        json!({ "accepted": true })
    }

    #[test]
    fn a_missing_label_is_added() {
        let request = include_str!("../tests/fixtures/unlabeled.json");
        let response = validate_json(request);
        let mut expected: serde_json::Value = serde_json::from_str(request).unwrap();
        expected["labels"] = json!({ "owner": "platform" });
        assert_eq!(response["mutated_object"], expected);
    }

    #[test]
    fn a_label_keeps_its_value() {
        let request = include_str!("../tests/fixtures/labeled.json");
        assert_eq!(validate_json(request), accepted());
    }

    #[test]
    fn everything_else_is_kept() {
        let request = r#"{"size": 0.1, "labels": {"app": "web"}, "list": [null, {}]}"#;
        let expected = json!({
            "size": 0.1,
            "labels": { "app": "web", "owner": "platform" },
            "list": [null, {}],
        });
        assert_eq!(validate_json(request)["mutated_object"], expected);
    }

    #[test]
    fn null_is_treated_as_missing() {
        let expected = json!({ "labels": { "owner": "platform" } });
        for request in ["{}", r#"{"labels": {"owner": null}}"#] {
            assert_eq!(validate_json(request)["mutated_object"], expected);
        }
    }

    #[test]
    fn other_documents_are_accepted() {
        for request in ["null", "1", "\"text\"", "[{}]", r#"{"labels": "text"}"#] {
            assert_eq!(validate_json(request), accepted());
        }
    }
}
