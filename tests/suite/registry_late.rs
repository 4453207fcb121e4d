//! `push` with registries that accept a policy, but show it late, show it to nobody, or announce uploads at wrong places.

use crate::support::bad_registry::{Answer, BadRegistry, Reply, Request};
use crate::support::guest::{Behavior, policy, settings_are_valid};
use crate::support::{Case, Invocation};
use snapbox::str;

const METADATA: &str = r#"{"executionMode":"wasi","mutating":false,"protocolVersion":"Unknown",
    "rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}]}"#;

fn case() -> Case {
    let case = Case::empty();
    let validate = Behavior::prints(r#"{"accepted":true}"#);
    case.write("policy.wasm", policy(&validate, &settings_are_valid(), METADATA));
    case
}

fn push(case: &Case, registry: &BadRegistry) -> Invocation {
    case.kw_wasi(&format!("push --wasm policy.wasm --insecure {}/demo:v1", registry.host))
        .redact("[HOST]", &registry.host)
}

/// The digest that a push to a registry prints.
#[track_caller]
fn digest_reference(registry: &BadRegistry) -> String {
    format!("{}/demo@{}\n", registry.host, crate::support::bad_registry::digest(&registry.manifest("v1")))
}

/// Whether this is the first look at the manifest after it was uploaded: the very first look was before that.
fn is_first_readback(request: &Request) -> bool {
    request.is("GET", "/manifests/") && request.times_before == 1
}

#[test]
fn an_accepted_push_waits_until_it_can_be_read() {
    for status in [404, 429, 500, 503] {
        let late = move |request: &Request| {
            is_first_readback(request).then(|| Reply::Answer(Answer::status(status).body("later")))
        };
        let (case, registry) = (case(), BadRegistry::start(late));
        let run = push(&case, &registry).succeed().stderr_eq(str![[r#"
      Pushed [HOST]/demo:v1 ([..])

"#]]);
        assert_eq!(run.stdout, digest_reference(&registry), "{status}");
    }
}

#[test]
fn a_tag_may_mean_the_old_content_for_a_while() {
    let old = r#"{"schemaVersion":2}"#;
    let late = move |request: &Request| {
        is_first_readback(request).then(|| Reply::Answer(Answer::status(200).body(old)))
    };
    let (case, registry) = (case(), BadRegistry::start(late));
    registry.put_manifest("v1", old);
    let run = push(&case, &registry).arg("--force").succeed().stderr_eq(str![[r#"
      Pushed [HOST]/demo:v1 ([..])

"#]]);
    assert_eq!(run.stdout, digest_reference(&registry));
}

#[test]
fn an_accepted_push_that_cannot_be_read_is_a_warning() {
    for (status, reason) in
        [(403, "403 (forbidden)"), (401, "401 (unauthorized)"), (405, "405 (method not allowed)")]
    {
        let refuses = move |request: &Request| {
            (request.is("GET", "/manifests/") && request.times_before > 0)
                .then(|| Reply::Answer(Answer::status(status)))
        };
        let (case, registry) = (case(), BadRegistry::start(refuses));
        let run = push(&case, &registry).redact("[REASON]", reason).succeed().stderr_eq(str![[r#"
warning: the registry accepted the manifest of `[HOST]/demo:v1`, but it could not be read back: the registry answered [REASON]
  hint: check it in a while: `cargo kw-wasi inspect [HOST]/demo:v1`
      Pushed [HOST]/demo:v1 ([..])

"#]]);
        assert_eq!(run.stdout, digest_reference(&registry));
        assert_eq!(registry.count("GET", "/manifests/"), 2, "it will not change in a few seconds");
    }
}

#[test]
fn an_accepted_push_that_never_shows_is_a_warning() {
    let never = |request: &Request| {
        (request.is("GET", "/manifests/") && request.times_before > 0)
            .then(|| Reply::Answer(Answer::status(404)))
    };
    let (case, registry) = (case(), BadRegistry::start(never));
    let run = push(&case, &registry).succeed().stderr_eq(str![[r#"
warning: the registry accepted the manifest of `[HOST]/demo:v1`, but it could not be read back: the registry answered 404 (not found)
  hint: check it in a while: `cargo kw-wasi inspect [HOST]/demo:v1`
      Pushed [HOST]/demo:v1 ([..])

"#]]);
    assert_eq!(run.stdout, digest_reference(&registry));
    assert_eq!(registry.count("GET", "/manifests/"), 6);
}

#[test]
fn an_upload_at_another_server_gets_no_password_and_is_blamed() {
    let elsewhere = BadRegistry::start(|_| Answer::status(401).into());
    let location = format!("http://{}/upload", elsewhere.host);
    let sends_away = move |request: &Request| match &request.authorization {
        None => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"").into(),
        Some(_) => request
            .is("POST", "/uploads/")
            .then(|| Reply::Answer(Answer::status(202).header("Location", &location))),
    };
    let (case, registry) = (case(), BadRegistry::start(sends_away));
    let login =
        serde_json::json!({ "auths": { &registry.host: { "username": "jane", "password": "s3cret" } } });
    std::fs::write(case.home().join("config.json"), login.to_string()).unwrap();
    push(&case, &registry)
        .env("DOCKER_CONFIG", case.home())
        .redact("[ELSEWHERE]", &elsewhere.host)
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: `http://[ELSEWHERE]`, to which the registry sent the upload, answered 401 (unauthorized)
  hint: credentials for `[HOST]` are not sent to another server: the registry has to announce uploads under the name `[HOST]`; tell its administrators

"#]]);
    assert!(elsewhere.requests().iter().all(|request| request.authorization.is_none()));
}

#[test]
fn a_module_is_not_downloaded_for_hours() {
    use std::time::Duration;
    // 250 MB, of which a byte comes now and then: the window is a minute, here it is what the test can wait for.
    let trickles = |request: &Request| {
        let pause = Duration::from_millis(100);
        request.is("GET", "/manifests/").then_some(Reply::Trickle { announced: 250 << 20, pieces: 40, pause })
    };
    let registry = BadRegistry::start(trickles);
    let reference = format!("{}/demo:v1", registry.host).parse().unwrap();
    let patience =
        cargo_kw_wasi::registry::Patience { silence: Duration::from_secs(1), ..Default::default() };
    let connection = cargo_kw_wasi::registry::Connection { plain_http: true, patience, ..Default::default() };
    let artifact = cargo_kw_wasi::registry::artifact::Artifact::new(vec![7; 10], None);
    let shell = cargo_kw_wasi::shell::Shell::default().quieter();
    let tag_policy = cargo_kw_wasi::registry::TagPolicy::Keep;
    let error =
        cargo_kw_wasi::registry::push(&reference, connection, &artifact, tag_policy, &shell).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!(
            "could not look up `{}/demo:v1`: the registry sends too little: less than 16 KiB in a second",
            registry.host
        )
    );
}
