use super::*;

fn read(typed: &str) -> String {
    match typed.parse::<Resource>() {
        Ok(resource) => resource.to_string(),
        Err(error) => panic!("{typed}: {error}; {}", error.hint()),
    }
}

/// Returns the message and the hint of the error.
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
    assert_eq!(resource.built_in, None);
}

#[test]
fn unknown_names_bring_the_nearest_and_the_custom_form() {
    let custom = "a custom resource is written `GROUP/VERSION/RESOURCE`, such as `example.com/v1/widgets`";
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
fn misspelled_parts_are_named() {
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
    let pieces = ["", "*", "v1", "apps", "pods", "Pod", ".", "/", "..", "é", "\n", "\0", "-", "example.com"];
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
