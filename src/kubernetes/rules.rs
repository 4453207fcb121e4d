//! The rules that select the requests Kubernetes sends to a policy.
//!
//! Source: the validation of webhook rules in k8s.io/kubernetes, pkg/apis/admissionregistration/validation.

use super::Resource;
use super::error::{Error, alternatives, quoted};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a request does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// Creates an object.
    Create,
    /// Changes an object, by `PUT` or `PATCH`.
    Update,
    /// Deletes an object.
    Delete,
    /// Connects through the API server: `kubectl exec`, `attach`, `port-forward` and `proxy`.
    Connect,
    /// `*`: every operation.
    #[serde(rename = "*")]
    All,
}

impl Operation {
    /// Every operation, `*` last.
    pub const EVERY: [Self; 5] = [Self::Create, Self::Update, Self::Delete, Self::Connect, Self::All];

    /// The operation, as written in rules and requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
            Self::All => "*",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Accepts any letter case.
impl FromStr for Operation {
    type Err = Error;

    fn from_str(typed: &str) -> Result<Self, Error> {
        let typed = typed.trim();
        let is_meant = |operation: &Self| operation.as_str().eq_ignore_ascii_case(typed);
        Self::EVERY.into_iter().find(is_meant).ok_or_else(|| {
            let message = match typed {
                "" => "the name of an operation is empty".to_owned(),
                typed => format!("{} is not an operation", quoted(typed)),
            };
            let hint = format!("use {}", alternatives(&Self::EVERY.map(Self::as_str)));
            Error::new(message, hint)
        })
    }
}

/// One rule: every combination of a group, a version, a resource and an operation in it selects requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// API groups: `""` is the core group, `*` is any group.
    pub api_groups: Vec<String>,
    /// API versions: `v1`, or `*` for any.
    pub api_versions: Vec<String>,
    /// Resources: `pods`, `pods/exec`, `*`.
    pub resources: Vec<String>,
    /// Operations on the resources.
    pub operations: Vec<Operation>,
}

/// Returns the rules that select `operations` on `resources`.
///
/// Resources of one group and version share a rule. Rules and the resources in them are in the order of first
/// mention, without repetitions. Fails if nothing would be selected, if the operations do not pass
/// [`check_operations`], or if a `*` covers another resource of the list.
pub(crate) fn rules(resources: &[Resource], operations: &[Operation]) -> Result<Vec<Rule>, Error> {
    check_operations(operations)?;
    check_resources(resources)?;
    let mut rules: Vec<Rule> = Vec::new();
    for resource in resources {
        let is_home = |rule: &&mut Rule| {
            rule.api_groups == [resource.group()] && rule.api_versions == [resource.version()]
        };
        let name = resource.in_rule();
        match rules.iter_mut().find(is_home) {
            Some(rule) if rule.resources.contains(&name) => {}
            Some(rule) => rule.resources.push(name),
            None => rules.push(Rule {
                api_groups: vec![resource.group().to_owned()],
                api_versions: vec![resource.version().to_owned()],
                resources: vec![name],
                operations: operations.to_vec(),
            }),
        }
    }
    Ok(rules)
}

/// Fails for operations that Kubernetes refuses: none at all, `*` next to others, or an operation given twice.
pub(crate) fn check_operations(operations: &[Operation]) -> Result<(), Error> {
    if operations.is_empty() {
        let hint = format!("use {}", alternatives(&Operation::EVERY.map(Operation::as_str)));
        return Err(Error::new("no operation given", hint));
    }
    if operations.len() > 1 && operations.contains(&Operation::All) {
        let hint = "use `*` alone, or name the operations without it";
        return Err(Error::new("`*` already covers every operation", hint));
    }
    for (place, operation) in operations.iter().enumerate() {
        if operations[..place].contains(operation) {
            let message = format!("operation `{operation}` is given twice");
            return Err(Error::new(message, format!("leave out one `{operation}`")));
        }
    }
    Ok(())
}

fn check_resources(resources: &[Resource]) -> Result<(), Error> {
    if resources.is_empty() {
        let hint = "name at least one, such as `pods` or `deployments.apps`";
        return Err(Error::new("no resource given", hint));
    }
    for wide in resources {
        if let Some(covered) = resources.iter().find(|narrow| wide.covers(narrow)) {
            let covered = covered.short();
            let hint = format!("leave out `{covered}`, or name resources without `*`");
            let message = format!("`{}` already covers `{covered}`", wide.short());
            return Err(Error::new(message, hint));
        }
    }
    Ok(())
}

impl Resource {
    /// Whether `self` selects all that `other` does, and more.
    ///
    /// As in a rule, the resource `*` does not include subresources, `pods/*` includes the subresources of pods but
    /// not the pods, and `*/*` includes everything.
    fn covers(&self, other: &Self) -> bool {
        let wide = |own: &str, others: &str| own == "*" || own == others;
        let covers_subresource = match (self.subresource(), other.subresource()) {
            (None, None) => true,
            (Some("*"), None) => self.plural() == "*",
            (Some(own), Some(others)) => wide(own, others),
            _ => false,
        };
        self != other
            && wide(self.group(), other.group())
            && wide(self.version(), other.version())
            && wide(self.plural(), other.plural())
            && covers_subresource
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(typed: &str) -> Vec<Resource> {
        let typed = typed.split_whitespace();
        typed.map(|typed| typed.parse().unwrap()).collect()
    }

    /// Returns each rule as `group/version: resources`.
    fn shown(typed: &str) -> Vec<String> {
        let rules = rules(&resources(typed), &[Operation::Create]).unwrap();
        let show = |rule: &Rule| {
            let Rule { api_groups, api_versions, resources, .. } = rule;
            format!("{}/{}: {}", api_groups.join(","), api_versions.join(","), resources.join(","))
        };
        rules.iter().map(show).collect()
    }

    #[test]
    fn resources_of_a_group_and_version_share_a_rule_in_order_of_mention() {
        assert_eq!(
            shown("deploy pods sts svc jobs pods/exec Deployment"),
            ["apps/v1: deployments,statefulsets", "/v1: pods,services,pods/exec", "batch/v1: jobs",]
        );
        assert_eq!(shown("hpa autoscaling/v1/hpa").len(), 2);
        assert_eq!(shown("*"), ["*/*: *"]);
        assert_eq!(shown("*.apps pods"), ["apps/*: *", "/v1: pods"]);
        assert_eq!(shown("* pods/exec */scale"), ["*/*: *,*/scale", "/v1: pods/exec"]);
        assert_eq!(shown("pods pods/*"), ["/v1: pods,pods/*"]);
    }

    #[test]
    fn every_rule_has_all_operations() {
        let operations = [Operation::Update, Operation::Create];
        for rule in rules(&resources("pods deploy"), &operations).unwrap() {
            assert_eq!(rule.operations, [Operation::Update, Operation::Create]);
        }
    }

    #[test]
    fn a_wildcard_next_to_what_it_covers_is_refused_in_any_order() {
        for (typed, message) in [
            ("* pods", "`*` already covers `pods`"),
            ("pods *", "`*` already covers `pods`"),
            ("* *.apps", "`*` already covers `*.apps`"),
            ("*.apps deploy", "`*.apps` already covers `deployments.apps`"),
            ("apps/v1/* sts", "`apps/v1/*` already covers `statefulsets.apps`"),
            ("pods/* pods/exec", "`pods/*` already covers `pods/exec`"),
            ("*/scale deploy/scale", "`*/scale` already covers `deployments.apps/scale`"),
            ("*/* pods", "`*/*` already covers `pods`"),
            ("* */*", "`*/*` already covers `*`"),
        ] {
            let error = rules(&resources(typed), &[Operation::All]).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.hint().starts_with("leave out"), "{}", error.hint());
        }
    }

    #[test]
    fn rules_need_a_resource_and_an_operation() {
        let error = rules(&[], &[Operation::All]).unwrap_err();
        assert_eq!(error.to_string(), "no resource given");
        let error = rules(&resources("pods"), &[]).unwrap_err();
        assert_eq!(error.to_string(), "no operation given");
    }

    #[test]
    fn operations_are_read_in_any_letter_case() {
        assert_eq!("create".parse(), Ok(Operation::Create));
        assert_eq!(" Update ".parse(), Ok(Operation::Update));
        for operation in Operation::EVERY {
            assert_eq!(operation.to_string().parse(), Ok(operation));
        }
        let error = "patch".parse::<Operation>().unwrap_err();
        assert_eq!(error.to_string(), "`patch` is not an operation");
        assert_eq!(error.hint(), "use `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`");
    }

    #[test]
    fn an_operation_is_given_once_and_the_wildcard_alone() {
        use Operation::{All, Connect, Create, Delete, Update};
        assert_eq!(check_operations(&[All]), Ok(()));
        assert_eq!(check_operations(&[Create, Update, Delete, Connect]), Ok(()));
        for (operations, message) in [
            (vec![], "no operation given"),
            (vec![Create, All], "`*` already covers every operation"),
            (vec![All, All], "`*` already covers every operation"),
            (vec![Create, Update, Create], "operation `CREATE` is given twice"),
        ] {
            let error = check_operations(&operations).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
