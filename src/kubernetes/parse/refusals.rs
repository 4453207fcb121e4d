//! Errors about input that does not name a resource, with what to write instead.

use super::Typed;
use crate::kubernetes::builtin::{self, BUILT_IN, BuiltIn};
use crate::kubernetes::error::{Error, alternatives, quoted};
use crate::kubernetes::names;
use std::cmp::Reverse;

impl Typed<'_> {
    pub(super) fn unknown_name(self) -> Error {
        let custom =
            "a custom resource is written `GROUP/VERSION/RESOURCE`, such as `example.com/v1/widgets`";
        let message = format!("{} is not a resource of Kubernetes", quoted(self.name));
        if builtin::of_group(self.name).next().is_some() {
            let name = self.subresource.unwrap_or("*");
            let meant = builtin::of_group(self.name).find(|built_in| built_in.is_called(name));
            let written = meant.map_or(format!("*.{}", self.name), BuiltIn::typed);
            return Error::new(message, format!("it is a group: write `{written}`"));
        }
        let hint = match &*builtin::similar_to(self.name, BUILT_IN.iter()) {
            [] => custom.to_owned(),
            similar => format!("did you mean {}? {custom}", self.instead(similar)),
        };
        Error::new(message, hint)
    }

    /// Returns the error about a group without a dot, which can only be one of Kubernetes' own, but is not.
    pub(super) fn unknown_group(self, group: &str) -> Error {
        let message = format!("Kubernetes has no API group {}", quoted(group));
        let by_name: Vec<_> = BUILT_IN.iter().filter(|built_in| built_in.is_called(self.name)).collect();
        let hint = match &*by_name {
            [] => "a group of custom resources has a dot in it: `example.com/v1/widgets`".to_owned(),
            resources => format!("write {}", self.instead(resources)),
        };
        // `example.com/widgets` looks like resource `example` of group `com`
        let domain = format!("{}.{group}", self.name);
        match (self.version, self.subresource) {
            (None, Some(name)) if by_name.is_empty() && names::is_group(&domain) => {
                self.without_version(&domain, name)
            }
            _ => Error::new(message, hint),
        }
    }

    /// Returns the error about a custom resource without a version. `name` may include a subresource.
    pub(super) fn without_version(self, group: &str, name: &str) -> Error {
        let message = format!("custom resource {} has no version", quoted(self.whole));
        Error::new(message, format!("write {}", quoted(&format!("{group}/VERSION/{name}"))))
    }

    pub(super) fn not_a_resource(self) -> Error {
        let plural = names::plural_of(self.name);
        let hint = match names::is_resource(&plural) {
            true => format!("use the plural in lower case, perhaps `{plural}`"),
            false => "use the plural in lower case, such as `widgets`".to_owned(),
        };
        self.misspelled(self.name, "a resource", &hint)
    }

    pub(super) fn unserved(self, built_in: Vec<&BuiltIn>) -> Error {
        let mut versions: Vec<_> = built_in.iter().flat_map(|b| b.versions).collect();
        versions.sort_by_key(|version| (version.len(), Reverse(*version))); // stable ones first
        versions.dedup();
        let of = match &*built_in {
            [only] => only.typed(),
            _ => format!("*.{}", built_in[0].group),
        };
        let version = quoted(self.version.unwrap_or_default());
        Error::new(
            format!("Kubernetes has no version {version} of {}", quoted(&of)),
            format!("it has {}", alternatives(&versions)),
        )
    }

    pub(super) fn misspelled(self, part: &str, noun: &str, hint: &str) -> Error {
        let place = match part == self.whole {
            true => String::new(),
            false => format!(" in {}", quoted(self.whole)),
        };
        let message = match part {
            "" => format!("{noun} is empty{place}"),
            part => format!("{}{place} is not {noun}", quoted(part)),
        };
        Error::new(message, hint)
    }

    /// Returns what to write instead for each of `resources`, in the form that the user chose.
    pub(super) fn instead(self, resources: &[&BuiltIn]) -> String {
        let written = |built_in: &&BuiltIn| {
            let full = |version| {
                let api_version = names::api_version(built_in.group, version);
                format!("{api_version}/{}", built_in.plural)
            };
            self.with_subresource(match self.version {
                Some(_) => full(built_in.preferred_version()),
                None => built_in.typed(),
            })
        };
        alternatives(&resources.iter().map(written).collect::<Vec<_>>())
    }

    pub(super) fn with_subresource(self, name: String) -> String {
        match self.subresource {
            Some(subresource) => format!("{name}/{subresource}"),
            None => name,
        }
    }
}
