//! The decision of the policy.

use serde_json::Value;

use crate::kubewarden::Response;
use crate::settings::Settings;

/// Rejects a document with a `name` that the settings deny.
///
/// A raw request can be any JSON. A policy that knows its shape can take a struct instead.
pub fn validate(request: Value, settings: &Settings) -> Response {
    match request.get("name").and_then(Value::as_str) {
        Some(name) if settings.denied_names.iter().any(|denied| denied == name) => {
            Response::reject(403, format!("name {name} is not accepted"))
        }
        _ => Response::accept(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn validate_json(request: Value) -> Response {
        let settings = Settings {
            denied_names: vec!["bad".to_owned()],
        };
        validate(request, &settings)
    }

    #[test]
    fn a_denied_name_is_rejected() {
        let request = include_str!("../tests/fixtures/rejected.json");
        let response = validate_json(serde_json::from_str(request).unwrap());
        assert_eq!(response, Response::reject(403, "name bad is not accepted"));
    }

    #[test]
    fn another_name_is_accepted() {
        let request = include_str!("../tests/fixtures/accepted.json");
        let response = validate_json(serde_json::from_str(request).unwrap());
        assert_eq!(response, Response::accept());
    }

    #[test]
    fn a_document_without_a_name_is_accepted() {
        for request in [
            json!({}),
            json!({ "name": null }),
            json!({ "name": ["bad"] }),
            json!(["bad"]),
            json!("bad"),
            json!(null),
        ] {
            assert_eq!(validate_json(request), Response::accept());
        }
    }
}
