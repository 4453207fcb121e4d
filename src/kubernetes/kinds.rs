//! Which resource has the objects of a kind, and whether they are in a namespace.
//!
//! Kubernetes' own kinds are a table. Of custom resources only their definition is certain; the rules of a policy name
//! the plural, [`well_known`] has what many clusters have, and the rest is a guess that is told with the request.

use anyhow::{Result, bail};
use serde_json::Value;

use super::{
    GroupVersionKind, GroupVersionResource, GuessedKind, InputDocument, Rule, Scope, builtin, names,
    well_known,
};
use crate::error::failure;

/// What is known of kinds besides Kubernetes' own.
#[derive(Debug, Clone, Default)]
pub struct KnownKinds {
    definitions: Vec<KindDefinition>,
    rules: Vec<Rule>,
}

/// What a `CustomResourceDefinition` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KindDefinition {
    group: String,
    kind: String,
    plural: String,
    scope: Scope,
}

/// The resource of a kind.
pub(super) struct KindHome {
    pub(super) resource: GroupVersionResource,
    pub(super) subresource: Option<&'static str>,
    pub(super) scope: Scope,
    pub(super) guess: Option<GuessedKind>,
}

impl KnownKinds {
    /// The kinds that a policy with these rules is about.
    pub fn of_rules(rules: &[Rule]) -> Self {
        Self { definitions: Vec::new(), rules: rules.to_vec() }
    }

    /// Adds the definitions of custom resources in a file. Other objects in it are ignored.
    ///
    /// # Errors
    ///
    /// When a definition lacks a name or scope, there is none, or `kubectl` could not read a document.
    pub fn define(&mut self, documents: Vec<InputDocument>) -> Result<()> {
        let mut definitions = Vec::new();
        for document in documents {
            definitions.extend(document.into_objects()?);
        }
        definitions.retain(|object| object["kind"] == "CustomResourceDefinition");
        if definitions.is_empty() {
            bail!("there is no `CustomResourceDefinition` in it");
        }
        for definition in &definitions {
            self.definitions.push(KindDefinition::of(definition)?);
        }
        Ok(())
    }

    /// Learns what the policy is about.
    pub(crate) fn set_rules(&mut self, rules: &[Rule]) {
        self.rules = rules.to_vec();
    }

    /// Where the objects of a kind are. `is_in_namespace` is whether the object says so.
    pub(super) fn home(&self, kind: &GroupVersionKind, is_in_namespace: bool) -> KindHome {
        let home = |plural: &str, scope| KindHome {
            resource: gvr(&kind.group, &kind.version, plural),
            subresource: None,
            scope,
            guess: None,
        };
        if let Some((owner, subresource)) = self.owner_of_subresource(kind) {
            return KindHome {
                resource: gvr(owner.group, owner.preferred_version(), owner.plural),
                subresource: Some(subresource),
                ..home(owner.plural, owner.scope)
            };
        }
        if let Some(own) = builtin::of_kind(&kind.group, &kind.kind) {
            return home(own.plural, own.scope);
        }
        let is_meant = |known: &&KindDefinition| (&known.group, &known.kind) == (&kind.group, &kind.kind);
        if let Some(known) = self.definitions.iter().find(is_meant) {
            return home(&known.plural, known.scope);
        }
        if let Some((plural, scope)) = well_known::find(&kind.group, &kind.kind) {
            return home(&plural, scope);
        }
        let scope = match is_in_namespace {
            false if kind.kind.starts_with("Cluster") && kind.kind != "Cluster" => Scope::Cluster,
            _ => Scope::Namespaced,
        };
        let in_rules = self.plural_in_rules(kind);
        let plural = in_rules.map_or_else(|| names::plural_of(&kind.kind), str::to_owned);
        let guess = GuessedKind {
            kind: kind.clone(),
            scope: (!is_in_namespace).then_some(scope),
            plural: in_rules.is_none().then(|| plural.clone()),
        };
        let is_guess = guess.scope.is_some() || guess.plural.is_some();
        KindHome { guess: is_guess.then_some(guess), ..home(&plural, scope) }
    }

    /// The resource of which objects of this kind are a subresource: the one in the rules, or the most common.
    fn owner_of_subresource(
        &self,
        kind: &GroupVersionKind,
    ) -> Option<(&'static builtin::BuiltIn, &'static str)> {
        let owners = || builtin::with_subresource_of_kind(&kind.group, &kind.kind);
        let is_in_rules = |(owner, subresource): &(&builtin::BuiltIn, &str)| {
            let name = format!("{}/{subresource}", owner.plural);
            self.resources_of(owner.group).any(|resource| *resource == name)
        };
        owners().find(is_in_rules).or_else(|| owners().next())
    }

    fn resources_of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a str> {
        let rules = self.rules.iter().filter(move |rule| rule.api_groups.iter().any(|its| its == group));
        rules.flat_map(|rule| rule.resources.iter().map(String::as_str))
    }

    /// The plural of the kind, if the rules name it.
    fn plural_in_rules<'a>(&'a self, kind: &'a GroupVersionKind) -> Option<&'a str> {
        let plurals = self.resources_of(&kind.group).map(|name| name.split('/').next().unwrap_or(name));
        let expected = names::plural_of(&kind.kind);
        let likely = plurals.filter_map(|plural| {
            let letters = plural.replace('-', "");
            let is_expected = letters == expected;
            Some((is_expected, names::likeness(&letters, &kind.kind)?, plural))
        });
        likely.max_by_key(|(is_expected, likeness, _)| (*is_expected, *likeness)).map(|(.., plural)| plural)
    }
}

impl KindDefinition {
    fn of(definition: &Value) -> Result<Self> {
        let spec = &definition["spec"];
        let text = |what: &str, value: &Value| match value.as_str().filter(|text| !text.is_empty()) {
            Some(text) => Ok(text.to_owned()),
            None => Err(failure(
                format!("the `CustomResourceDefinition` has no `{what}`"),
                "use the definition that the cluster has: `kubectl get crd NAME -o yaml`",
            )),
        };
        let scope = match text("spec.scope", &spec["scope"])?.as_str() {
            "Namespaced" => Scope::Namespaced,
            "Cluster" => Scope::Cluster,
            other => bail!("`spec.scope` of a `CustomResourceDefinition` is `{other}`"),
        };
        Ok(Self {
            group: text("spec.group", &spec["group"])?,
            kind: text("spec.names.kind", &spec["names"]["kind"])?,
            plural: text("spec.names.plural", &spec["names"]["plural"])?,
            scope,
        })
    }
}

fn gvr(group: &str, version: &str, plural: &str) -> GroupVersionResource {
    GroupVersionResource { group: group.to_owned(), version: version.to_owned(), resource: plural.to_owned() }
}
