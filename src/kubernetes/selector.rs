//! Selectors of labels, as webhooks have them. Source: `LabelSelector` of k8s.io/apimachinery.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Selects objects by their labels; without requirements, all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LabelSelector {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<LabelRequirement>>,
}

/// What one label has to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct LabelRequirement {
    key: String,
    operator: LabelOperator,
    #[serde(default)]
    values: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum LabelOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Does it select everything?
    pub(super) fn is_empty(&self) -> bool {
        self.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
            && self.match_expressions.as_ref().is_none_or(Vec::is_empty)
    }

    /// Does it select an object with these labels?
    pub(super) fn selects(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.results(move |key| Some(labels.get(key).and_then(Value::as_str)))
            .all(|is_met| is_met == Some(true))
    }

    /// The same if all that is known of the object is one label; `None` where the others decide.
    pub(super) fn selects_by(&self, known: &str, value: &str) -> Option<bool> {
        let mut results = self.results(move |key| (key == known).then_some(Some(value)));
        let is_known = |so_far: Option<bool>, is_met| match (so_far, is_met) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        results.by_ref().fold(Some(true), is_known)
    }

    /// Whether each requirement is met. `value_of` a label is `None` if it is not known.
    fn results<'a>(
        &'a self,
        value_of: impl Fn(&str) -> Option<Option<&'a str>> + 'a,
    ) -> impl Iterator<Item = Option<bool>> + 'a {
        let labels = self.match_labels.iter().flatten();
        let labels = labels.map(|(key, wanted)| (key, vec![wanted], LabelOperator::In));
        let expressions = self.match_expressions.iter().flatten();
        let expressions = expressions
            .map(|each| (&each.key, each.values.iter().flatten().collect::<Vec<_>>(), each.operator));
        labels.chain(expressions).map(move |(key, values, operator)| {
            let value = value_of(key)?;
            let is_one = value.is_some_and(|value| values.iter().any(|one| *one == value));
            Some(match operator {
                LabelOperator::In => is_one,
                LabelOperator::NotIn => !is_one,
                LabelOperator::Exists => value.is_some(),
                LabelOperator::DoesNotExist => value.is_none(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selector(value: Value) -> LabelSelector {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn objects_are_selected_as_a_cluster_does() {
        let object = json!({"metadata": {"labels": {"app": "web", "empty": ""}}});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (wanted, is_selected) in [
            (json!({}), true),
            (json!({"matchLabels": null, "matchExpressions": null}), true),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (json!({"matchLabels": {"app": "web", "other": "x"}}), false),
            (expression("app", "In", &["db", "web"]), true),
            (expression("app", "NotIn", &["db", "web"]), false),
            (expression("other", "In", &["x"]), false),
            (expression("other", "NotIn", &["x"]), true),
            (expression("empty", "Exists", &[]), true),
            (expression("app", "DoesNotExist", &[]), false),
            (expression("other", "DoesNotExist", &[]), true),
        ] {
            assert_eq!(selector(wanted.clone()).selects(&object), is_selected, "{wanted}");
        }
        assert!(!selector(json!({"matchLabels": {"app": "web"}})).selects(&json!({})));
        assert!(serde_json::from_value::<LabelSelector>(expression("app", "Equals", &["web"])).is_err());
    }

    #[test]
    fn one_known_label_may_decide() {
        let by_name = |wanted| selector(wanted).selects_by("name", "shop");
        assert_eq!(by_name(json!({})), Some(true));
        assert_eq!(by_name(json!({"matchLabels": {"name": "shop"}})), Some(true));
        assert_eq!(by_name(json!({"matchLabels": {"env": "prod"}})), None);
        assert_eq!(by_name(json!({"matchLabels": {"env": "prod", "name": "shop"}})), None);
        assert_eq!(by_name(json!({"matchLabels": {"env": "prod", "name": "other"}})), Some(false));
        let not_in = json!({"key": "name", "operator": "NotIn", "values": ["kube-system", "shop"]});
        assert_eq!(by_name(json!({ "matchExpressions": [not_in] })), Some(false));
    }
}
