//! Parses what people type into a [`Resource`]: names as in kubectl, or paths as in the API's URLs.

mod refusals;
#[cfg(test)]
mod tests;

use super::builtin::{self, BUILT_IN, BuiltIn};
use super::error::{Error, quoted};
use super::{Resource, names};
use std::str::FromStr;

/// The longest input. No resource is longer, and the limit keeps the search for similar names short.
const MAX_BYTES: usize = 512;

const FORMS: &str =
    "write `pods`, `deployments.apps`, `apps/v1/deployments` or, for a subresource, `pods/exec`";

/// Accepts a plural, singular, kind or short name (`pods`, `po`, `Deployment`) alone, with a group
/// (`deployments.apps`), with version and group (`deployments.v1.apps`), or as a path (`v1/pods`,
/// `apps/v1/deployments`); each may be followed by `/` and a subresource. `*` means all groups, versions and
/// resources, `*.apps` for all of a group. A custom resource needs its group and version.
impl FromStr for Resource {
    type Err = Error;

    fn from_str(typed: &str) -> Result<Self, Error> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(Error::new("the name of a resource is empty", FORMS));
        }
        if typed.len() > MAX_BYTES {
            let message = format!("{} is too long for a resource", quoted(typed));
            return Err(Error::new(message, FORMS));
        }
        Typed::split(typed)?.resolve()
    }
}

/// The parts of the input. The group is `None` if it was left out, and `Some("")` for the core group.
#[derive(Clone, Copy)]
struct Typed<'a> {
    whole: &'a str,
    group: Option<&'a str>,
    version: Option<&'a str>,
    name: &'a str,
    subresource: Option<&'a str>,
}

impl<'a> Typed<'a> {
    fn split(whole: &'a str) -> Result<Self, Error> {
        let segments: Vec<_> = whole.split('/').collect();
        let path = |group, version, name, subresource| Self {
            whole,
            group: Some(group),
            version: Some(version),
            name,
            subresource,
        };
        Ok(match *segments {
            [name] => Self::dotted(whole, name, None),
            [version, name] if names::is_version(version) => path("", version, name, None),
            [group, version] if names::is_version(version) => {
                let example = quoted(&format!("{group}/{version}/widgets"));
                let hint = format!("write for example {example}");
                return Err(Error::new(format!("{} names no resource", quoted(whole)), hint));
            }
            [name, subresource] => Self::dotted(whole, name, Some(subresource)),
            [version, name, subresource] if names::is_version(version) => {
                path("", version, name, Some(subresource))
            }
            [group, version, name] => path(group, version, name, None),
            [group, version, name, subresource] => path(group, version, name, Some(subresource)),
            _ => {
                let message = format!("{} has too many parts", quoted(whole));
                return Err(Error::new(message, FORMS));
            }
        })
    }

    /// Splits kubectl's form: `name`, `name.group`, `name.version.group`, or `name.version.` in the core group.
    fn dotted(whole: &'a str, typed: &'a str, subresource: Option<&'a str>) -> Self {
        let (name, rest) = match typed.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (typed, None),
        };
        let (version, group) = match rest.map(|rest| rest.split_once('.').unwrap_or((rest, ""))) {
            Some((version, group)) if names::is_version(version) => (Some(version), Some(group)),
            _ => (None, rest),
        };
        Self { whole, group, version, name, subresource }
    }

    fn resolve(self) -> Result<Resource, Error> {
        if let Some(subresource) = self.subresource
            && subresource != "*"
            && !names::is_resource(subresource)
        {
            let hint =
                "a subresource is in lower case: `pods/exec`, `deployments.apps/scale`, or `pods/*` for all";
            return Err(self.misspelled(subresource, "a subresource", hint));
        }
        if let Some(version) = self.version
            && version != "*"
            && !names::is_version(version)
        {
            let hint = "a version is `v1`, `v1beta1`, `v2alpha3` and so on, or `*` for all";
            return Err(self.misspelled(version, "a version", hint));
        }
        match self.group {
            None if self.name == "*" => Ok(self.all_of("*")),
            None => builtin::find(self.name)
                .map(|built_in| self.known(built_in, built_in.preferred_version()))
                .ok_or_else(|| self.unknown_name()),
            Some("*") => self.of_any_group(),
            Some(group) if builtin::of_group(group).next().is_some() => self.of_built_in(group),
            Some(group) => self.of_custom(group),
        }
    }

    fn of_any_group(self) -> Result<Resource, Error> {
        match builtin::find(self.name) {
            _ if self.name == "*" => Ok(self.all_of("*")),
            Some(built_in) => {
                Ok(Resource { group: "*".to_owned(), ..self.known(built_in, self.version.unwrap_or("*")) })
            }
            None => self.unlisted("*", self.version.unwrap_or("*")),
        }
    }

    fn of_built_in(self, group: &str) -> Result<Resource, Error> {
        if self.name == "*" {
            let served = |version| builtin::of_group(group).any(|b| b.versions.contains(&version));
            return match self.version {
                Some(version) if version != "*" && !served(version) => {
                    Err(self.unserved(builtin::of_group(group).collect()))
                }
                _ => Ok(self.all_of(group)),
            };
        }
        match builtin::of_group(group).find(|built_in| built_in.is_called(self.name)) {
            Some(built_in) => match self.version.unwrap_or(built_in.preferred_version()) {
                version if version == "*" || built_in.versions.contains(&version) => {
                    Ok(self.known(built_in, version))
                }
                _ => Err(self.unserved(vec![built_in])),
            },
            None => self.missing_in(group),
        }
    }

    /// Handles a name that is not in the table. Groups in `k8s.io` gain resources with most releases of Kubernetes,
    /// so only a name that looks like a typo is an error. The five groups without a dot no longer do, so any name is.
    fn missing_in(self, group: &str) -> Result<Resource, Error> {
        let similar = builtin::similar_to(self.name, builtin::of_group(group));
        let is_typo = builtin::of_group(group).any(|built_in| built_in.is_nearly_called(self.name));
        let elsewhere: Vec<_> = BUILT_IN.iter().filter(|built_in| built_in.is_called(self.name)).collect();
        if let Some(version) = self.version
            && group.contains('.')
            && !is_typo
            && elsewhere.is_empty()
        {
            return self.unlisted(group, version);
        }
        let hint = if !elsewhere.is_empty() {
            format!("write {}", self.instead(&elsewhere))
        } else if !similar.is_empty() {
            format!("did you mean {}?", self.instead(&similar))
        } else {
            let all: Vec<_> = builtin::of_group(group).collect();
            format!("it has {}", self.instead(&all))
        };
        let group = match group {
            "" => "the core group".to_owned(),
            group => format!("group {}", quoted(group)),
        };
        let message = format!("{group} has no resource {}", quoted(self.name));
        Err(Error::new(message, hint))
    }

    fn of_custom(self, group: &str) -> Result<Resource, Error> {
        if !names::is_group(group) {
            let hint = "a group is a domain in lower case such as `example.com`; the core group is left out: `v1/pods`";
            return Err(self.misspelled(group, "an API group", hint));
        }
        if !group.contains('.') {
            return Err(self.unknown_group(group));
        }
        match self.version {
            _ if self.name == "*" => Ok(self.all_of(group)),
            Some(version) => self.unlisted(group, version),
            None => {
                let name = self.name.to_ascii_lowercase();
                self.check_name(&name)?;
                Err(self.without_version(group, &self.with_subresource(name)))
            }
        }
    }

    /// Returns a resource that is not in the table, but named in full.
    fn unlisted(self, group: &str, version: &str) -> Result<Resource, Error> {
        self.check_name(self.name)?;
        Ok(Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: self.name.to_owned(),
            subresource: self.subresource.map(str::to_owned),
            built_in: None,
        })
    }

    fn check_name(self, name: &str) -> Result<(), Error> {
        match names::is_resource(name) {
            true => Ok(()),
            false => Err(self.not_a_resource()),
        }
    }

    fn known(self, built_in: &'static BuiltIn, version: &str) -> Resource {
        Resource {
            group: built_in.group.to_owned(),
            version: version.to_owned(),
            plural: built_in.plural.to_owned(),
            subresource: self.subresource.map(str::to_owned),
            built_in: Some(built_in),
        }
    }

    fn all_of(self, group: &str) -> Resource {
        Resource {
            group: group.to_owned(),
            version: self.version.unwrap_or("*").to_owned(),
            plural: "*".to_owned(),
            subresource: self.subresource.map(str::to_owned),
            built_in: None,
        }
    }
}
