//! `push` and `inspect REFERENCE` with registries that fail, with registries that change content, and with servers that are
//! not registries. Each ends with 101 and a message of its own, and nothing is reported as pushed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::bad_registry::{Answer, BadRegistry, Reply, Request, digest};
use crate::support::guest::{Behavior, policy, settings_are_valid};
use crate::support::{Case, Invocation, Run};
use snapbox::data::Inline;
use snapbox::{Data, str};

const METADATA: &str = r#"{"executionMode":"wasi","mutating":false,"protocolVersion":"Unknown",
    "rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}]}"#;

const SECRET: &str = "s3cret and long";

fn case() -> Case {
    let case = Case::empty();
    let validate = Behavior::prints(&"x".repeat(300_000));
    case.write("policy.wasm", policy(&validate, &settings_are_valid(), METADATA));
    case
}

fn push(case: &Case, registry: &BadRegistry) -> Invocation {
    case.kw_wasi(&format!("push --wasm policy.wasm --insecure {}/demo:v1", registry.host))
        .redact("[HOST]", &registry.host)
        .redact("[MODULE]", digest(&case.read_bytes("policy.wasm")))
}

fn inspect(case: &Case, registry: &BadRegistry) -> Invocation {
    case.kw_wasi(&format!("inspect --insecure {}/demo:v1", registry.host)).redact("[HOST]", &registry.host)
}

/// Adds a user and a password for this registry.
fn logged_in(case: &Case, registry: &BadRegistry, invocation: Invocation) -> Invocation {
    let auths =
        serde_json::json!({ "auths": { &registry.host: { "auth": base64(&format!("jane:{SECRET}")) } } });
    std::fs::write(case.home().join("config.json"), auths.to_string()).unwrap();
    invocation.env("DOCKER_CONFIG", case.home())
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Asserts that a push to a registry that misbehaves like this fails with this message.
#[track_caller]
fn push_fails(
    misbehave: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    expected: impl Into<Data>,
) -> BadRegistry {
    let (case, registry) = (case(), BadRegistry::start(misbehave));
    fails(push(&case, &registry), expected);
    registry
}

#[track_caller]
fn fails(invocation: Invocation, expected: impl Into<Data>) -> Run {
    invocation.run().code(101).stdout_eq("").stderr_lacks("Pushed").stderr_lacks(SECRET).stderr_eq(expected)
}

/// Answers all uploads with this status.
fn refuses(status: u16) -> impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static {
    move |request| {
        let json = r#"{"errors":[{"code":"SOME_CODE","message":"the reason"}]}"#;
        request.is("POST", "/uploads/").then(|| Reply::Answer(Answer::status(status).body(json)))
    }
}

#[test]
fn each_status_has_its_own_message() {
    push_fails(
        refuses(400),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 400 (bad request): the reason

"#]],
    );
    push_fails(
        refuses(401),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 401 (unauthorized): the reason
  hint: log in with `docker login [HOST]`: there are no credentials for `[HOST]`

"#]],
    );
    push_fails(
        refuses(403),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 403 (forbidden): the reason
  hint: log in with `docker login [HOST]`

"#]],
    );
    push_fails(
        refuses(404),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 404 (not found): the reason
  hint: check the name of the repository; some registries need it to be created before the first push

"#]],
    );
    let registry = push_fails(
        refuses(429),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 429 (too many requests): the reason
  hint: wait a while, or log in with `docker login [HOST]`: many registries have a higher limit for users who are logged in

"#]],
    );
    assert_eq!(registry.count("POST", "/uploads/"), 1, "only server errors are retried");
}

#[test]
fn a_status_has_another_message_after_a_login() {
    for (status, words) in
        [(401, "log in again with"), (403, "`jane` needs permission to write"), (429, "wait a while, and")]
    {
        let (case, registry) = (
            case(),
            BadRegistry::start(move |request| {
                match request.is("GET", "/v2/") && request.authorization.is_none() {
                    true => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"").into(),
                    false => refuses(status)(request),
                }
            }),
        );
        let run = logged_in(&case, &registry, push(&case, &registry)).run().code(101).stdout_eq("");
        run.stderr_has(words).stderr_has("the reason").stderr_lacks(SECRET);
    }
}

#[test]
fn a_registry_that_fails_gets_four_attempts() {
    let start = Instant::now();
    let registry = push_fails(
        refuses(500),
        str![[r#"
warning: could not upload the module to `[HOST]/demo:v1`: the registry answered 500 (internal server error): the reason; trying again in 0.5 s
warning: could not upload the module to `[HOST]/demo:v1`: the registry answered 500 (internal server error): the reason; trying again in 1 s
warning: could not upload the module to `[HOST]/demo:v1`: the registry answered 500 (internal server error): the reason; trying again in 2 s
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 500 (internal server error): the reason
  hint: this is a problem with the registry: try again later

"#]],
    );
    assert_eq!(registry.count("POST", "/uploads/"), 4);
    assert!((Duration::from_millis(3500)..Duration::from_secs(30)).contains(&start.elapsed()));
}

#[test]
fn a_transient_error_is_not_a_failure() {
    // The second attempt succeeds, both for the module and for the manifest.
    let registry = BadRegistry::start(|request| {
        let first = request.times_before == 0;
        (first && request.is("PUT", "/")).then(|| Reply::Answer(Answer::status(503)))
    });
    let case = case();
    let run = push(&case, &registry).succeed().stderr_eq(str![[r#"
warning: could not upload the module to `[HOST]/demo:v1`: the registry answered 503 (service unavailable); trying again in 0.5 s
warning: could not upload the configuration to `[HOST]/demo:v1`: the registry answered 503 (service unavailable); trying again in 0.5 s
warning: could not upload the manifest to `[HOST]/demo:v1`: the registry answered 503 (service unavailable); trying again in 0.5 s
      Pushed [HOST]/demo:v1 (300.7 kB)

"#]]);
    assert!(run.stdout.starts_with(&format!("{}/demo@sha256:", registry.host)), "{}", run.stdout);
}

#[test]
fn a_connection_that_drops_in_the_middle_is_retried() {
    let drops_once = |request: &Request| {
        (request.times_before == 0 && request.is("PUT", "/uploads/")).then_some(Reply::HangUpAfter(100_000))
    };
    let (case, registry) = (case(), BadRegistry::start(drops_once));
    push(&case, &registry).succeed().stderr_has("the connection to the registry failed");
    let module = digest(&case.read_bytes("policy.wasm"));
    assert_eq!(registry.count("PUT", &module.replace(':', "%3A")), 2);
}

#[test]
fn a_connection_that_always_drops_is_given_up() {
    let drops = |request: &Request| request.is("PUT", "/uploads/").then_some(Reply::HangUpAfter(100_000));
    let registry = push_fails(
        drops,
        str![[r#"
warning: could not upload the module to `[HOST]/demo:v1`: the connection to the registry failed ([..]); trying again in 0.5 s
warning: could not upload the module to `[HOST]/demo:v1`: the connection to the registry failed ([..]); trying again in 1 s
warning: could not upload the module to `[HOST]/demo:v1`: the connection to the registry failed ([..]); trying again in 2 s
error: could not upload the module to `[HOST]/demo:v1`
  cause: the connection to the registry failed ([..])
  hint: check that `[HOST]` is the right host and is up, and that no firewall or proxy is in the way

"#]],
    );
    assert_eq!(registry.count("PUT", "/uploads/"), 4);
    assert_eq!(registry.count("PUT", "/manifests/"), 0);
}

#[test]
fn a_host_without_a_server_is_reported() {
    let (case, registry) = (case(), BadRegistry::good());
    let invocation = push(&case, &registry);
    drop(registry);
    fails(
        invocation,
        str![[r#"
warning: could not connect to the registry of `[HOST]/demo:v1`: the connection to the registry failed (Connection refused [..]); trying again in 0.5 s
warning: could not connect to the registry of `[HOST]/demo:v1`: the connection to the registry failed (Connection refused [..]); trying again in 1 s
warning: could not connect to the registry of `[HOST]/demo:v1`: the connection to the registry failed (Connection refused [..]); trying again in 2 s
error: could not connect to the registry of `[HOST]/demo:v1`
  cause: the connection to the registry failed (Connection refused [..])
  hint: check that `[HOST]` is the right host and is up, and that no firewall or proxy is in the way

"#]],
    );
}

#[test]
fn a_web_site_is_not_a_registry() {
    let page = "<!DOCTYPE html><html><body>Hello!</body></html>";
    let site = move |status| {
        move |_: &Request| Answer::status(status).header("Content-Type", "text/html").body(page).into()
    };
    push_fails(
        site(200),
        str![[r#"
error: could not look up `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: it sent `text/html` instead of a manifest
  hint: check that `[HOST]` is a registry

"#]],
    );
    push_fails(
        site(404),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 404 (not found)
  hint: check the name of the repository; some registries need it to be created before the first push

"#]],
    );
    push_fails(
        site(418),
        str![[r#"
error: could not connect to the registry of `[HOST]/demo:v1`
  cause: the registry answered 418 (i'm a teapot)

"#]],
    );
    let (case, registry) = (case(), BadRegistry::start(site(200)));
    fails(
        inspect(&case, &registry),
        str![[r#"
error: could not read the manifest of `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: it sent `text/html` instead of a manifest
  hint: check that `[HOST]` is a registry

"#]],
    );
}

#[test]
fn a_registry_that_violates_the_protocol() {
    let odd = |answer: Answer| {
        move |request: &Request| request.is("POST", "/uploads/").then(|| Reply::Answer(answer.clone()))
    };
    push_fails(
        odd(Answer::status(202)),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: it did not name a URL to upload to (no `Location`)
  hint: check that `[HOST]` is a registry

"#]],
    );
    push_fails(
        odd(Answer::status(200)),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: it answered the start of an upload with 200 instead of 202
  hint: check that `[HOST]` is a registry

"#]],
    );
    push_fails(
        odd(Answer::status(202).header("Location", "nowhere at all")),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: `nowhere at all` is not a URL to upload to (relative URL without a base)
  hint: check that `[HOST]` is a registry

"#]],
    );
    push_fails(
        odd(Answer::status(307)),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 307 (temporary redirect)

"#]],
    );
}

#[test]
fn a_registry_that_redirects_in_a_circle() {
    push_fails(
        |request| {
            request.is("GET", "/").then(|| Reply::Answer(Answer::status(302).header("Location", "/v2/again")))
        },
        str![[r#"
error: could not connect to the registry of `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: its redirect cannot be followed (too many redirects)
  hint: check that `[HOST]` is a registry

"#]],
    );
}

#[test]
fn a_redirect_is_followed_without_the_password() {
    let (case, elsewhere) = (case(), BadRegistry::good());
    let to = format!("http://{}", elsewhere.host);
    let registry = BadRegistry::start(move |request| {
        if request.authorization.is_none() && request.is("GET", "/v2/") {
            return Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"").into();
        }
        let path = request.line.split(' ').nth(1).unwrap();
        let moved = Answer::status(307).header("Location", format!("{to}{path}"));
        // Both reads and the location of an upload are redirected.
        if request.is("GET", "/blobs/") {
            moved.into()
        } else if request.is("POST", "/uploads/") {
            Answer::status(202).header("Location", format!("{to}{path}1")).into()
        } else {
            None
        }
    });
    logged_in(&case, &registry, push(&case, &registry)).succeed();
    assert!(registry.requests().iter().any(|request| request.authorization.is_some()));
    assert_eq!(elsewhere.count("PUT", "/uploads/"), 2);
    assert_eq!(elsewhere.count("GET", "/blobs/"), 2);
    assert!(elsewhere.requests().iter().all(|request| request.authorization.is_none()));
}

#[test]
fn a_registry_that_changes_what_it_stores() {
    let other = digest(b"other");
    let location = format!("/v2/demo/blobs/{other}");
    let other_location = location.clone();
    push_fails(
        move |request| {
            request
                .is("PUT", "/uploads/")
                .then(|| Reply::Answer(Answer::status(201).header("Location", other_location.clone())))
        },
        str![[r#"
error: could not push to `[HOST]/demo:v1`: the registry stored the module as `sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa` instead of `[MODULE]`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    push_fails(
        move |request| {
            request
                .is("PUT", "/manifests/")
                .then(|| Reply::Answer(Answer::status(201).header("Location", location.clone())))
        },
        str![[r#"
error: could not push to `[HOST]/demo:v1`: the registry stored the manifest as `sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa` instead of `sha256:7f1edf4a1d44c4c888691f234213b7c3e3d3fd7322912c9ac878517255fd914a`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    // The header has the right digest, but the content differs.
    push_fails(
        |request| {
            (request.is("GET", "/manifests/") && request.times_before > 0)
                .then(|| Reply::Answer(Answer::status(200).body(r#"{"schemaVersion":2}"#)))
        },
        str![[r#"
error: could not push to `[HOST]/demo:v1`
  cause: the registry sent content with the digest `sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f` instead of `sha256:7f1edf4a1d44c4c888691f234213b7c3e3d3fd7322912c9ac878517255fd914a`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    push_fails(
        move |request| {
            (request.is("GET", "/manifests/") && request.times_before > 0).then(|| {
                let answer = Answer::status(200).header("Docker-Content-Digest", other.clone());
                Reply::Answer(answer.body(r#"{"schemaVersion":2}"#))
            })
        },
        str![[r#"
error: could not push to `[HOST]/demo:v1`
  cause: the registry sent content with the digest `sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f` instead of `sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    push_fails(
        |request| request.is("GET", "/blobs/").then(|| Reply::Answer(Answer::status(200).body("other"))),
        str![[r#"
error: could not push to `[HOST]/demo:v1`
  cause: the registry sent content with the digest `sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa` instead of `[MODULE]`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
}

/// Asserts that a push is accepted, with these warnings, and prints its digest.
#[track_caller]
fn is_accepted(case: &Case, registry: &BadRegistry, expected: impl Into<Data>) {
    let run = push(case, registry).succeed().stderr_eq(expected);
    let digest = crate::support::bad_registry::digest(&registry.manifest("v1"));
    assert_eq!(run.stdout, format!("{}/demo@{digest}\n", registry.host));
}

#[test]
fn a_registry_that_keeps_nothing() {
    let keeps_no_blob =
        |request: &Request| request.is("GET", "/blobs/").then(|| Reply::Answer(Answer::status(404)));
    is_accepted(
        &case(),
        &BadRegistry::start(keeps_no_blob),
        str![[r#"
warning: the registry accepted the module of `[HOST]/demo:v1`, but it could not be read back: the registry answered 404 (not found)
  hint: check it in a while: `cargo kw-wasi inspect [HOST]/demo:v1`
warning: the registry accepted the configuration of `[HOST]/demo:v1`, but it could not be read back: the registry answered 404 (not found)
  hint: check it in a while: `cargo kw-wasi inspect [HOST]/demo:v1`
      Pushed [HOST]/demo:v1 ([..])

"#]],
    );
}

#[test]
fn a_registry_that_claims_to_have_it_already() {
    // The registry has the manifest, but never the module.
    let case = case();
    let manifest = {
        let good = BadRegistry::good();
        push(&case, &good).succeed();
        good.manifest("v1")
    };
    let registry = BadRegistry::start(|request| {
        (request.is("GET", "/blobs/") || request.is("HEAD", "/blobs/"))
            .then(|| Reply::Answer(Answer::status(404)))
    });
    registry.put_manifest("v1", manifest);
    is_accepted(
        &case,
        &registry,
        str![[r#"
warning: the registry accepted the module of `[HOST]/demo:v1`, but it could not be read back: the registry answered 404 (not found)
  hint: check it in a while: `cargo kw-wasi inspect [HOST]/demo:v1`
warning: the registry accepted the configuration of `[HOST]/demo:v1`, but it could not be read back: the registry answered 404 (not found)
  hint: check it in a while: `cargo kw-wasi inspect [HOST]/demo:v1`
      Pushed [HOST]/demo:v1 ([..])

"#]],
    );
}

/// The manifest of the tag `v1`, with one layer like this.
fn manifest(media_type: &str, digest: &str, size: usize) -> String {
    serde_json::json!({
        "schemaVersion": 2,
        "config": { "mediaType": "application/vnd.wasm.config.v1+json", "digest": digest, "size": 2 },
        "layers": [{ "mediaType": media_type, "digest": digest, "size": size }],
    })
    .to_string()
}

const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

#[test]
fn downloads_are_verified() {
    let case = case();
    let attempt = |answer: Answer, expected: Inline| {
        let module = b"the module";
        let registry = BadRegistry::start(move |request| {
            request.is("GET", "/blobs/").then(|| Reply::Answer(answer.clone()))
        });
        registry.put_manifest("v1", manifest(LAYER, &digest(module), module.len()));
        fails(inspect(&case, &registry), expected);
    };
    attempt(
        Answer::status(200).body("the nodule"),
        str![[r#"
error: could not download the module of `[HOST]/demo:v1`
  cause: the registry sent content with the digest `sha256:6d56116393e0e5423d24b310572760b917787fa60e8f275bb57005349bf94d7a` instead of `sha256:27b79e090f701dbe1d61c03e9edc7d0110ee41406a83f4e68ab14774b64c0ebf`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    attempt(
        Answer::status(200).body("the module and more"),
        str![[r#"
error: could not download the module of `[HOST]/demo:v1`
  cause: the registry sent more than 10 bytes
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    attempt(
        Answer::status(200).body("the mod"),
        str![[r#"
error: could not download the module of `[HOST]/demo:v1`
  cause: the registry sent content with the digest `sha256:986058097da3ca261eee6119429f7d88b2b44cc3f1ac97d82f36a68fe06d95c5` instead of `sha256:27b79e090f701dbe1d61c03e9edc7d0110ee41406a83f4e68ab14774b64c0ebf`
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    attempt(
        Answer::status(404),
        str![[r#"
error: could not download the module of `[HOST]/demo:v1`
  cause: the registry answered 404 (not found)
  hint: check the repository and the tag; some registries show them only to users who are logged in

"#]],
    );
    // The body is shorter than announced, as after a broken connection.
    attempt(
        Answer::status(200).body("the mod").announces(10),
        str![[r#"
warning: could not download the module of `[HOST]/demo:v1`: the connection to the registry failed ([..]); trying again in 0.5 s
warning: could not download the module of `[HOST]/demo:v1`: the connection to the registry failed ([..]); trying again in 1 s
warning: could not download the module of `[HOST]/demo:v1`: the connection to the registry failed ([..]); trying again in 2 s
error: could not download the module of `[HOST]/demo:v1`
  cause: the connection to the registry failed ([..])
  hint: check that `[HOST]` is the right host and is up, and that no firewall or proxy is in the way

"#]],
    );
}

#[test]
fn what_is_not_a_policy_is_not_downloaded() {
    let case = case();
    let attempt = |manifest: &str, expected: Inline| {
        let registry = BadRegistry::good();
        registry.put_manifest("v1", manifest);
        fails(inspect(&case, &registry), expected);
        assert_eq!(registry.count("GET", "/blobs/"), 0);
    };
    let some = digest(b"some");
    attempt(
        &manifest("application/wasm", &some, 4),
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: it is not a policy: it has a layer of type `application/wasm`
  hint: a policy has only layers of type `application/vnd.wasm.content.layer.v1+wasm`

"#]],
    );
    attempt(
        &manifest(LAYER, &some, 1 << 40),
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: its module is too large for a policy: 1099511627776 bytes

"#]],
    );
    attempt(
        &manifest(LAYER, "md5:00", 4),
        str![[r#"
error: could not download the module of `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: `md5:00` is not a SHA-2 digest such as `sha256:…`
  hint: check that `[HOST]` is a registry

"#]],
    );
    attempt(
        &manifest(LAYER, "sha256:../../../v2/", 4),
        str![[r#"
error: could not download the module of `[HOST]/demo:v1`
  cause: the registry does not follow the protocol of registries: `sha256:../../../v2/` does not have 64 hexadecimal digits
  hint: check that `[HOST]` is a registry

"#]],
    );
    attempt(
        r#"{"schemaVersion":1}"#,
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: its manifest does not have the schema version 2

"#]],
    );
    attempt(
        r#"{"schemaVersion":2}"#,
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: its manifest is not an image manifest
  cause: missing field `config`

"#]],
    );
    attempt(
        "[]",
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: its manifest does not have the schema version 2

"#]],
    );
    attempt(
        r#"{"schemaVersion":2,"config":{"mediaType":"a","digest":"b","size":1},"layers":[]}"#,
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: it is not a policy: it has no layer

"#]],
    );
    attempt(
        r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#,
        str![[r#"
error: could not pull `[HOST]/demo:v1`
  cause: it is a list of images, and none of them is for this platform

"#]],
    );
}

#[test]
fn an_image_index_needs_an_image_for_this_platform() {
    let (case, registry) = (case(), BadRegistry::good());
    push(&case, &registry).succeed();
    let image = registry.manifest("v1");
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    registry.put_manifest(
        "list",
        serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest(&image),
                "size": image.len(),
                "platform": { "os": std::env::consts::OS, "architecture": architecture },
            }],
        })
        .to_string(),
    );
    case.kw_wasi(&format!("inspect --insecure {}/demo:list", registry.host))
        .succeed()
        .stdout_has(&digest(&image));
}

/// A registry whose users get tokens from another server.
struct WithTokens {
    registry: BadRegistry,
    server: BadRegistry,
}

/// `give` is the answer of the token server to each request; `valid` says which tokens the registry accepts.
fn with_tokens(
    give: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    valid: impl Fn(&Request, &str) -> bool + Send + Sync + 'static,
) -> WithTokens {
    let server = BadRegistry::start(move |request| give(request).into());
    let realm = format!("http://{}/token", server.host);
    let registry = BadRegistry::start(move |request| {
        let token = request.authorization.as_deref().and_then(|text| text.strip_prefix("Bearer "));
        match token.is_some_and(|token| valid(request, token)) {
            true => None,
            false => Answer::status(401)
                .header("WWW-Authenticate", format!("Bearer realm=\"{realm}\",service=\"the registry\""))
                .into(),
        }
    });
    WithTokens { registry, server }
}

#[test]
fn tokens_come_from_a_token_server() {
    let case = case();
    let both = with_tokens(|_| Answer::status(200).body(r#"{"token":"t0ken"}"#), |_, token| token == "t0ken");
    let run = logged_in(&case, &both.registry, push(&case, &both.registry)).args(["-v", "-v"]).succeed();
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains("t0ken") && !text.contains(SECRET), "{text}");
    }
    let [question] = &both.server.requests()[..] else { panic!("one question, one token") };
    assert_eq!(question.line, "GET /token?scope=repository%3Ademo%3Apull%2Cpush&service=the+registry");
    assert_eq!(question.authorization, Some(format!("Basic {}", base64(&format!("jane:{SECRET}")))));
    // Servers may give a token to anonymous users too.
    let both =
        with_tokens(|_| Answer::status(200).body(r#"{"access_token":"t0ken"}"#), |_, token| token == "t0ken");
    push(&case, &both.registry).succeed();
    inspect(&case, &both.registry).succeed();
    let requests = both.server.requests();
    assert!(requests.iter().all(|request| request.authorization.is_none()));
    assert_eq!(requests[1].line, "GET /token?scope=repository%3Ademo%3Apull&service=the+registry");
}

#[test]
fn token_servers_can_fail() {
    let case = case();
    let attempt = |answer: Answer, expected: Inline| {
        let both = with_tokens(move |_| answer.clone(), |_, _| false);
        let invocation = push(&case, &both.registry).redact("[SERVER]", &both.server.host);
        fails(logged_in(&case, &both.registry, invocation), expected);
    };
    // The server repeats what was sent to it.
    let echo = format!("jane:{SECRET} is unknown, and so is {}", base64(&format!("jane:{SECRET}")));
    attempt(
        Answer::status(401).body(echo),
        str![[r#"
error: could not log in to the registry of `[HOST]/demo:v1`
  cause: `[SERVER]`, the token server of the registry, answered 401 (unauthorized): jane:[password] is unknown, and so is [password]
  hint: log in again with `docker login [HOST]`: the password of `jane` from `[HOME]/config.json` was refused

"#]],
    );
    attempt(
        Answer::status(403),
        str![[r#"
error: could not log in to the registry of `[HOST]/demo:v1`
  cause: `[SERVER]`, the token server of the registry, answered 403 (forbidden)
  hint: `jane` needs permission to write to this repository, and so does an access token

"#]],
    );
    attempt(
        Answer::status(200).body("<html>"),
        str![[r#"
error: could not log in to the registry of `[HOST]/demo:v1`
  cause: `[SERVER]`, the token server of the registry, did not return a token
  hint: this is a problem with the registry: tell its administrators

"#]],
    );
    attempt(
        Answer::status(200).body(r#"{"token":"a\nb"}"#),
        str![[r#"
error: could not log in to the registry of `[HOST]/demo:v1`
  cause: `[SERVER]`, the token server of the registry, did not return a token
  hint: this is a problem with the registry: tell its administrators

"#]],
    );
    attempt(
        Answer::status(200).body(r#"{"token":""}"#),
        str![[r#"
error: could not log in to the registry of `[HOST]/demo:v1`
  cause: `[SERVER]`, the token server of the registry, did not return a token
  hint: this is a problem with the registry: tell its administrators

"#]],
    );
    // The server gives a token, but the registry does not accept it.
    attempt(
        Answer::status(200).body(r#"{"token":"t0ken"}"#),
        str![[r#"
error: could not look up `[HOST]/demo:v1`
  cause: the registry answered 401 (unauthorized)
  hint: the token of `jane` was refused: check that `jane` may write to this repository

"#]],
    );
}

#[test]
fn a_token_that_expires_in_the_middle_is_renewed() {
    let case = case();
    // One token is valid until the upload, the other from there on.
    static EXPIRED: AtomicBool = AtomicBool::new(false);
    let give =
        |request: &Request| Answer::status(200).body(format!(r#"{{"token":"t{}"}}"#, request.times_before));
    let both = with_tokens(give, |request, token| {
        if request.is("PUT", "/manifests/") {
            EXPIRED.store(true, Ordering::SeqCst);
        }
        token == if EXPIRED.load(Ordering::SeqCst) { "t1" } else { "t0" }
    });
    push(&case, &both.registry).succeed();
    assert_eq!(both.server.lines().len(), 2);
    assert_eq!(both.registry.count("PUT", "/manifests/"), 2);
}

#[test]
fn a_password_that_stops_working_in_the_middle() {
    let (case, registry) = (
        case(),
        BadRegistry::start(|request| {
            let challenge = Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\"");
            (request.authorization.is_none() || request.is("PUT", "/uploads/"))
                .then_some(Reply::Answer(challenge))
        }),
    );
    fails(
        logged_in(&case, &registry, push(&case, &registry)),
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 401 (unauthorized)
  hint: log in again with `docker login [HOST]`: the password of `jane` from `[HOME]/config.json` was refused

"#]],
    );
    assert_eq!(registry.count("PUT", "/uploads/"), 1);
    assert_eq!(registry.count("PUT", "/manifests/"), 0);
}

#[test]
fn a_password_is_not_sent_to_an_insecure_token_server() {
    for realm in ["http://auth.example.com/token", "ftp://127.0.0.1/", "no url", "file:///etc/passwd"] {
        let (case, registry) = (
            case(),
            BadRegistry::start(move |_| {
                Answer::status(401).header("WWW-Authenticate", format!("Bearer realm=\"{realm}\"")).into()
            }),
        );
        let run = logged_in(&case, &registry, push(&case, &registry)).run().code(101).stdout_eq("");
        run.stderr_lacks(SECRET).stderr_has("error: could not ").stderr_has("  hint: ");
        assert_eq!(registry.lines(), ["GET /v2/"]);
    }
    push_fails(
        |_| {
            Answer::status(401).header("WWW-Authenticate", "Bearer realm=\"http://auth.example.com/\"").into()
        },
        str![[r#"
error: could not log in to the registry of `[HOST]/demo:v1`
  cause: the registry asks for the password at `http://auth.example.com/`, without encryption
  hint: passwords are sent by `https` only: tell the administrators of the registry

"#]],
    );
}

#[test]
fn a_registry_cannot_control_the_terminal() {
    let registry = push_fails(
        |request| {
            request.is("POST", "/uploads/").then(|| {
                Reply::Answer(Answer::status(400).body("\u{1b}[31mred\u{1b}[0m\n\nerror: pushed\u{7}"))
            })
        },
        str![[r#"
error: could not upload the module to `[HOST]/demo:v1`
  cause: the registry answered 400 (bad request): /u{1b}[31mred/u{1b}[0m error: pushed/u{7}

"#]],
    );
    assert_eq!(registry.count("POST", "/uploads/"), 1);
}

#[test]
fn an_endless_answer_is_not_read_to_the_end() {
    let case = case();
    let endless = vec![b' '; 6 << 20];
    let registry = BadRegistry::start(move |request| {
        request.is("GET", "/manifests/").then(|| Reply::Answer(Answer::status(200).body(endless.clone())))
    });
    fails(
        inspect(&case, &registry),
        str![[r#"
error: could not read the manifest of `[HOST]/demo:v1`
  cause: the registry sent more than 4194304 bytes
  hint: do not use this content: the registry, or something on the way to it, changes what it is given

"#]],
    );
    let long = "x".repeat(1 << 20);
    push_fails(
        move |request| {
            request.is("GET", "/manifests/").then(|| Reply::Answer(Answer::status(403).body(long.clone())))
        },
        str![[r#"
error: could not look up `[HOST]/demo:v1`
  cause: the registry answered 403 (forbidden): xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  hint: log in with `docker login [HOST]`

"#]],
    );
}
