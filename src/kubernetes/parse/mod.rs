//! From what people type to a [`Resource`]: names as kubectl takes them, or paths as in the API's URLs.

mod refusals;

use super::builtin::{self, BUILT_IN, BuiltIn};
use super::error::{Error, quoted};
use super::{Resource, names};
use std::str::FromStr;

/// Longer than any resource can be written; keeps the search for similar names short.
const MAX_BYTES: usize = 512;

const FORMS: &str =
    "write `pods`, `deployments.apps`, `apps/v1/deployments` or, for a subresource, `pods/exec`";

/// Accepts a plural, singular, kind or short name (`pods`, `po`, `Deployment`) alone, with a group
/// (`deployments.apps`), with version and group (`deployments.v1.apps`), or as a path (`v1/pods`,
/// `apps/v1/deployments`); each may be followed by `/` and a subresource. `*` stands for all groups, versions and
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

/// The parts of what was typed. A group is `None` if it was left out, which is not the core group, `Some("")`.
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

    /// kubectl's form: `name`, `name.group`, `name.version.group`, or `name.version.` in the core group.
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
            return Err(self.misspelt(subresource, "a subresource", hint));
        }
        if let Some(version) = self.version
            && version != "*"
            && !names::is_version(version)
        {
            let hint = "a version is `v1`, `v1beta1`, `v2alpha3` and so on, or `*` for all";
            return Err(self.misspelt(version, "a version", hint));
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

    /// Groups below `k8s.io` gain resources with most releases of Kubernetes, the five without a dot no longer do:
    /// there a name that is not in the table is wrong, elsewhere only one that looks like a slip is.
    fn missing_in(self, group: &str) -> Result<Resource, Error> {
        let similar = builtin::similar_to(self.name, builtin::of_group(group));
        let is_slip = builtin::of_group(group).any(|built_in| built_in.is_nearly_called(self.name));
        let elsewhere: Vec<_> = BUILT_IN.iter().filter(|built_in| built_in.is_called(self.name)).collect();
        if let Some(version) = self.version
            && group.contains('.')
            && !is_slip
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
            return Err(self.misspelt(group, "an API group", hint));
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

    /// A resource this tool has no table entry for, named in full.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> String {
        match typed.parse::<Resource>() {
            Ok(resource) => resource.to_string(),
            Err(error) => panic!("{typed}: {error}; {}", error.hint()),
        }
    }

    /// Message and hint.
    fn refused(typed: &str) -> (String, String) {
        let error = typed.parse::<Resource>().unwrap_err();
        (error.to_string(), error.hint().to_owned())
    }

    #[track_caller]
    fn assert_refused(typed: &str, message: &str, hint: &str) {
        assert_eq!(refused(typed), (message.to_owned(), hint.to_owned()));
    }

    #[test]
    fn every_form_is_read() {
        for (typed, full) in [
            ("pods", "v1/pods"),
            ("pod", "v1/pods"),
            ("po", "v1/pods"),
            ("Pod", "v1/pods"),
            (" PODS ", "v1/pods"),
            ("deployments.apps", "apps/v1/deployments"),
            ("deploy.apps", "apps/v1/deployments"),
            ("deployments.v1.apps", "apps/v1/deployments"),
            ("Deployment.v1.apps", "apps/v1/deployments"),
            ("pods.v1.", "v1/pods"),
            ("pods.v1", "v1/pods"),
            ("apps/v1/deployments", "apps/v1/deployments"),
            ("apps/v1/Deployment", "apps/v1/deployments"),
            ("v1/pods", "v1/pods"),
            ("/v1/pods", "v1/pods"), // an empty group is the core group
            ("pods/exec", "v1/pods/exec"),
            ("po/*", "v1/pods/*"),
            ("deployments.apps/scale", "apps/v1/deployments/scale"),
            ("deployments.v1.apps/scale", "apps/v1/deployments/scale"),
            ("v1/pods/status", "v1/pods/status"),
            ("apps/v1/deployments/scale", "apps/v1/deployments/scale"),
            ("*", "*"),
            ("*/*", "*/*"),
            ("*/scale", "*/scale"),
            ("*.apps", "*.apps"),
            ("*.v1.apps", "apps/v1/*"),
            ("apps/*/*", "*.apps"),
            ("*/*/*", "*"),
            ("v1/*", "v1/*"),
            ("*.v1", "v1/*"),
            ("*.example.com", "*.example.com"),
            ("*/v1/po", "*/v1/pods"),
            ("apps/*/sts", "apps/*/statefulsets"),
            ("hpa", "autoscaling/v2/horizontalpodautoscalers"),
            ("autoscaling/v1/hpa", "autoscaling/v1/horizontalpodautoscalers"),
            ("events", "v1/events"),
            ("events.events.k8s.io", "events.k8s.io/v1/events"),
            ("rolebindings", "rbac.authorization.k8s.io/v1/rolebindings"),
            ("example.com/v1/widgets", "example.com/v1/widgets"),
            ("widgets.v1alpha1.example.com", "example.com/v1alpha1/widgets"),
            ("example.com/*/widgets/status", "example.com/*/widgets/status"),
            ("serving.knative.dev/v1/services", "serving.knative.dev/v1/services"),
            ("scheduling.k8s.io/v1alpha1/workloads", "scheduling.k8s.io/v1alpha1/workloads"),
        ] {
            assert_eq!(read(typed), full, "{typed}");
        }
    }

    #[test]
    fn every_built_in_resource_is_found_by_each_of_its_names() {
        for built_in in BUILT_IN {
            let mut names = vec![built_in.plural, built_in.kind];
            names.extend(built_in.short_names);
            let full = |version| {
                let api_version = names::api_version(built_in.group, version);
                format!("{api_version}/{}", built_in.plural)
            };
            let preferred = full(built_in.preferred_version());
            assert_eq!(read(&built_in.typed()), preferred);
            for name in names {
                assert_eq!(read(name).rsplit('/').next(), Some(built_in.plural));
            }
            for version in built_in.versions {
                let resource: Resource = full(version).parse().unwrap();
                assert_eq!(resource.built_in, Some(built_in));
                assert_eq!(resource.to_string(), full(version));
            }
        }
    }

    #[test]
    fn the_kind_of_a_custom_resource_is_proposed() {
        let resource: Resource = "example.com/v1/policies".parse().unwrap();
        assert_eq!(resource.kind().unwrap(), "Policy");
        assert!(!resource.is_built_in());
    }

    #[test]
    fn unknown_names_bring_the_nearest_and_the_custom_form() {
        let custom =
            "a custom resource is written `GROUP/VERSION/RESOURCE`, such as `example.com/v1/widgets`";
        assert_refused("zzz", "`zzz` is not a resource of Kubernetes", custom);
        assert_refused(
            "deploymnet/scale",
            "`deploymnet` is not a resource of Kubernetes",
            &format!("did you mean `deployments.apps/scale`? {custom}"),
        );
        let (_, hint) = refused("pots");
        assert!(hint.starts_with("did you mean `pods`"), "{hint}");
        assert_refused("apps", "`apps` is not a resource of Kubernetes", "it is a group: write `*.apps`");
        assert_refused(
            "apps/deployments",
            "`apps` is not a resource of Kubernetes",
            "it is a group: write `deployments.apps`",
        );
    }

    #[test]
    fn a_custom_resource_needs_a_version() {
        assert_refused(
            "widgets.example.com",
            "custom resource `widgets.example.com` has no version",
            "write `example.com/VERSION/widgets`",
        );
        assert_refused(
            "Widgets.example.com/status",
            "custom resource `Widgets.example.com/status` has no version",
            "write `example.com/VERSION/widgets/status`",
        );
        assert_refused(
            "example.com/widgets",
            "custom resource `example.com/widgets` has no version",
            "write `example.com/VERSION/widgets`",
        );
        assert_refused(
            "example.com/v1",
            "`example.com/v1` names no resource",
            "write for example `example.com/v1/widgets`",
        );
    }

    #[test]
    fn built_in_groups_have_the_resources_and_versions_of_the_table() {
        assert_refused(
            "v1/deployments",
            "the core group has no resource `deployments`",
            "write `apps/v1/deployments`",
        );
        assert_refused("pods.apps", "group `apps` has no resource `pods`", "write `pods`");
        assert_refused(
            "networking.k8s.io/v1/ingreses",
            "group `networking.k8s.io` has no resource `ingreses`",
            "did you mean `networking.k8s.io/v1/ingresses` or `networking.k8s.io/v1/ingressclasses`?",
        );
        assert_refused(
            "batch/v1/zzz",
            "group `batch` has no resource `zzz`",
            "it has `batch/v1/cronjobs` or `batch/v1/jobs`",
        );
        assert_refused(
            "policy/v1beta1/pdb",
            "Kubernetes has no version `v1beta1` of `poddisruptionbudgets.policy`",
            "it has `v1`",
        );
        assert_refused(
            "autoscaling/v3/*",
            "Kubernetes has no version `v3` of `horizontalpodautoscalers.autoscaling`",
            "it has `v2` or `v1`",
        );
        assert_refused(
            "resource.k8s.io/v9/*",
            "Kubernetes has no version `v9` of `*.resource.k8s.io`",
            "it has `v1`, `v1beta2` or `v1beta1`",
        );
        assert_refused(
            "*.v9.certificates.k8s.io",
            "Kubernetes has no version `v9` of `*.certificates.k8s.io`",
            "it has `v1`, `v1beta1` or `v1alpha1`",
        );
    }

    #[test]
    fn resources_newer_than_the_table_are_taken_in_the_groups_that_grow() {
        for newer in [
            "lifecycle.k8s.io/v1alpha1/evictionrequests",
            "resource.k8s.io/v1/devicetaintrules",
            "resource.k8s.io/v1alpha3/resourcepoolstatusrequests",
            "scheduling.k8s.io/v1beta1/podgroups",
            "scheduling.k8s.io/v1beta1/workloads",
        ] {
            assert_eq!(read(newer), newer);
        }
    }

    #[test]
    fn groups_without_a_dot_are_kubernetes_own() {
        assert_refused(
            "extensions/v1beta1/ingresses",
            "Kubernetes has no API group `extensions`",
            "write `networking.k8s.io/v1/ingresses`",
        );
        assert_refused(
            "ingresses.networking",
            "Kubernetes has no API group `networking`",
            "write `ingresses.networking.k8s.io`",
        );
        assert_refused("core/v1/pods", "Kubernetes has no API group `core`", "write `v1/pods`");
        assert_refused(
            "foo/v1/widgets",
            "Kubernetes has no API group `foo`",
            "a group of custom resources has a dot in it: `example.com/v1/widgets`",
        );
    }

    #[test]
    fn misspelt_parts_are_named() {
        for (typed, message) in [
            ("", "the name of a resource is empty"),
            ("a/b/c/d/e", "`a/b/c/d/e` has too many parts"),
            ("apps/deployments/scale", "`deployments` in `apps/deployments/scale` is not a version"),
            ("pods/Exec", "`Exec` in `pods/Exec` is not a subresource"),
            ("pods/", "a subresource is empty in `pods/`"),
            ("Example.com/v1/a", "`Example.com` in `Example.com/v1/a` is not an API group"),
            ("a.b..c", "`b..c` in `a.b..c` is not an API group"),
            ("example.com/v1/wid_gets", "`wid_gets` in `example.com/v1/wid_gets` is not a resource"),
            ("pods,services", "`pods,services` is not a resource of Kubernetes"),
            ("p\no", "`p\\no` is not a resource of Kubernetes"),
        ] {
            assert_eq!(refused(typed).0, message);
        }
        let (_, hint) = refused("example.com/v1/Policy");
        assert_eq!(hint, "use the plural in lower case, perhaps `policies`");
        assert!(refused(&"a".repeat(1000)).0.ends_with("…` is too long for a resource"));
    }

    #[test]
    fn any_text_gives_an_answer_of_one_line() {
        let pieces =
            ["", "*", "v1", "apps", "pods", "Pod", ".", "/", "..", "é", "\n", "\0", "-", "example.com"];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    check(&format!("{a}{b}{c}"));
                    check(&format!("{a}/{b}/{c}"));
                    check(&format!("{a}.{b}/{c}"));
                }
            }
        }
        fn check(typed: &str) {
            match typed.parse::<Resource>() {
                Ok(resource) => assert_eq!(resource.to_string().parse(), Ok(resource), "{typed}"),
                Err(error) => {
                    for text in [error.to_string(), error.hint().to_owned()] {
                        assert!(!text.is_empty() && !text.contains('\n'), "{text}");
                    }
                }
            }
        }
    }
}
