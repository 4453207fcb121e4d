//! The syntax of names in the Kubernetes API, and how plurals and kinds relate.
//!
//! Sources: the validation of `CustomResourceDefinition` in k8s.io/apiextensions-apiserver, and
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>.

/// Whether `name` can be the plural of a resource or a subresource: an RFC 1035 label in lower case.
pub(super) fn is_resource(name: &str) -> bool {
    is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether `name` can be an API group other than the core group: a DNS subdomain in lower case.
pub(super) fn is_group(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Whether `name` is `v1`, `v1beta1` or `v2alpha3`, with any numbers.
pub(super) fn is_version(name: &str) -> bool {
    fn without_number(text: &str) -> Option<&str> {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest)
    }
    let Some(rest) = name.strip_prefix('v').and_then(without_number) else {
        return false;
    };
    let preview = rest.strip_prefix("alpha").or_else(|| rest.strip_prefix("beta"));
    name.len() <= 63 && (rest.is_empty() || preview.and_then(without_number) == Some(""))
}

fn is_label(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len())
        && name.chars().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// `apps/v1`, or `v1` in the core group.
pub(super) fn api_version(group: &str, version: &str) -> String {
    match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    }
}

/// The likely kind of a custom resource's plural: `widgets` gives `Widget`.
///
/// The plural does not show where a word ends: `gatewayclasses` gives `Gatewayclass`.
pub(super) fn kind_of(plural: &str) -> String {
    let capitalised = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    singular_of(plural).split('-').map(capitalised).collect()
}

/// The likely plural of a kind or singular, in any letter case: `Policy` gives `policies`, `PodChaos` `podchaos`.
///
/// Most custom resources are called what the generators of their definitions call them, which inflect English as
/// Rails does. A plural stays what it is.
pub(super) fn plural_of(kind: &str) -> String {
    match kind.to_ascii_lowercase() {
        // Not the Greek `schemata`.
        schema if schema.ends_with("schema") => schema + "s",
        endpoints if endpoints.ends_with("endpoints") => endpoints,
        kind => pluralizer::pluralize(&kind, 2, false),
    }
}

/// How many letters `plural`, written without hyphens, has in common with `kind`; `None` unless it may be its plural in
/// some language: `networkattachmentdefinitions`, `podchaos`, `indices`.
pub(super) fn likeness(plural: &str, kind: &str) -> Option<usize> {
    let kind = kind.to_ascii_lowercase();
    let shared = plural.bytes().zip(kind.bytes()).take_while(|(one, other)| one == other).count();
    let is_like = match kind.len() - shared {
        0 => plural.len() <= shared + 3,                    // quiz, quizzes
        1 | 2 => shared >= 3 && plural.len() <= shared + 4, // index, indices
        _ => false,
    };
    is_like.then_some(shared)
}

fn singular_of(plural: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|end| plural.ends_with(end));
    let without = |count| plural[..plural.len() - count].to_owned();
    if ends(&["series", "species", "ss", "us", "is"]) || plural.len() < 3 {
        plural.to_owned()
    } else if ends(&["ies"]) && plural.len() > 4 {
        without(3) + "y"
    } else if ends(&["caches"]) {
        without(1)
    } else if ends(&["sses", "xes", "zzes", "ches", "shes", "tuses", "iases"]) {
        without(2)
    } else if ends(&["s"]) {
        without(1)
    } else {
        plural.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_kubernetes() {
        for good in ["v1", "v2", "v10", "v1alpha1", "v2beta10"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "v", "1", "V1", "v1beta", "v1rc1", "v1beta1x", "vbeta1", "v1.2", "v١", "v-1", "*"] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn resources_and_groups_are_lower_case_dns_names() {
        assert!(is_resource("pods") && is_resource("a-b2"));
        for bad in ["", "Pods", "-a", "a-", "a_b", "2a", "a.b", "é", "a b"] {
            assert!(!is_resource(bad), "{bad}");
        }
        assert!(!is_resource(&"a".repeat(64)));
        assert!(is_group("apps") && is_group("3d.example.com"));
        for bad in ["", ".", "a..b", ".a", "a.", "A.b", "a/b", "-a.b"] {
            assert!(!is_group(bad), "{bad}");
        }
        assert!(!is_group(&"abc.".repeat(70)));
    }

    #[test]
    fn kinds_are_the_singular_capitalised() {
        for (plural, kind) in [
            ("widgets", "Widget"),
            ("policies", "Policy"),
            ("classes", "Class"),
            ("ingresses", "Ingress"),
            ("services", "Service"),
            ("databases", "Database"),
            ("caches", "Cache"),
            ("batches", "Batch"),
            ("meshes", "Mesh"),
            ("boxes", "Box"),
            ("statuses", "Status"),
            ("aliases", "Alias"),
            ("leases", "Lease"),
            ("series", "Series"),
            ("ties", "Tie"),
            ("data", "Data"),
            ("s", "S"),
            ("my-widgets", "MyWidget"),
        ] {
            assert_eq!(kind_of(plural), kind);
        }
    }

    #[test]
    fn plurals_are_those_of_english() {
        for (kind, plural) in [
            ("Widget", "widgets"),
            ("BackupPolicy", "backuppolicies"),
            ("Gateway", "gateways"),
            ("GatewayClass", "gatewayclasses"),
            ("SecurityContextConstraints", "securitycontextconstraints"),
            ("PodChaos", "podchaos"),
            ("Quiz", "quizzes"),
            ("Mesh", "meshes"),
            ("Box", "boxes"),
            ("Prometheus", "prometheuses"),
            ("Elasticsearch", "elasticsearches"),
            ("Index", "indices"),
            ("Analysis", "analyses"),
            ("Repository", "repositories"),
            ("XMLSchema", "xmlschemas"),
            ("CiliumEndpoints", "ciliumendpoints"),
            ("pods", "pods"),
            ("ingresses", "ingresses"),
        ] {
            assert_eq!(plural_of(kind), plural);
        }
    }

    #[test]
    fn a_plural_looks_like_its_kind_but_for_its_end() {
        for (plural, kind) in [
            ("widgets", "Widget"),
            ("networkattachmentdefinitions", "NetworkAttachmentDefinition"),
            ("podchaos", "PodChaos"),
            ("podchaoses", "PodChaos"),
            ("securitycontextconstraints", "SecurityContextConstraints"),
            ("quizzes", "Quiz"),
            ("quizs", "Quiz"),
            ("indexes", "Index"),
            ("policys", "Policy"),
            ("eventbus", "EventBus"),
        ] {
            assert!(likeness(plural, kind).is_some(), "{plural} {kind}");
        }
        for (plural, kind) in [
            ("gatewayclasses", "Gateway"),
            ("gateways", "GatewayClass"),
            ("widgetsets", "Widget"),
            ("clusterissuers", "Issuer"),
            ("issuers", "ClusterIssuer"),
            ("apps", "API"),
            ("*", "Widget"),
            ("", "Widget"),
        ] {
            assert_eq!(likeness(plural, kind), None, "{plural} {kind}");
        }
    }

    #[test]
    fn the_kinds_of_built_in_resources_would_be_guessed_but_for_their_capitals() {
        for built_in in super::super::BUILT_IN {
            let guessed = kind_of(built_in.plural).to_ascii_lowercase();
            let kind = built_in.kind.to_ascii_lowercase();
            assert!(kind == guessed || kind == "endpoints", "{kind}");
            assert!(plural_of(&kind) == built_in.plural || kind == "endpoints");
        }
    }
}
