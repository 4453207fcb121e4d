//! `push` and `inspect REFERENCE` with real registries: one without authentication, one with a password, and one with TLS.
//! `curl` and `jq` check what is stored.

use std::time::Duration;

use crate::support::bad_registry::{BadRegistry, Reply, digest};
use crate::support::guest::{Behavior, policy, settings_are_valid};
use crate::support::registry::{self, PASSWORD, USER};
use crate::support::{self, Case, Invocation, Run};
use snapbox::str;

/// A case with a policy in `policy.wasm`, whose metadata names this registry.
fn case(host: &str, repository: &str) -> Case {
    let case = Case::empty();
    write_policy(&case, &metadata(host, repository, "0.1.0"));
    case
}

fn write_policy(case: &Case, metadata: &str) {
    let validate = Behavior::prints(r#"{"accepted":true}"#);
    case.write("policy.wasm", policy(&validate, &settings_are_valid(), metadata));
}

fn metadata(host: &str, repository: &str, version: &str) -> String {
    serde_json::json!({
        "executionMode": "wasi",
        "mutating": false,
        "protocolVersion": "Unknown",
        "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"] }],
        "annotations": {
            "io.kubewarden.policy.title": "demo",
            "io.kubewarden.policy.version": version,
            "io.kubewarden.policy.description": "  Looks at pods \n",
            "io.kubewarden.policy.ociUrl": format!("{host}/{repository}"),
            "io.kubewarden.policy.source": "https://example.com/demo",
            "io.kubewarden.policy.usage": "# demo\n\nMany lines.\n",
        },
    })
    .to_string()
}

/// `push --wasm policy.wasm` without TLS.
fn push(case: &Case, args: &str) -> Invocation {
    case.kw_wasi(&format!("push --wasm policy.wasm --insecure {args}"))
}

/// Returns the digest reference on stdout.
#[track_caller]
fn pushed(run: &Run) -> String {
    let line = run.stdout.strip_suffix('\n').unwrap();
    assert!(line.contains("@sha256:") && !line.contains(char::is_whitespace), "{line}");
    line.to_owned()
}

#[track_caller]
fn curl(case: &Case, args: &[&str]) -> String {
    let run = case.program("curl").args(["--silent", "--show-error", "--fail", "--max-time", "20"]);
    run.args(args).succeed().stdout
}

#[track_caller]
fn jq(case: &Case, filter: &str, file: &str) -> String {
    case.program("jq").args(["--raw-output", filter, file]).succeed().stdout.trim_end().to_owned()
}

/// Asserts that the registry stores what Kubewarden's own tools would store, byte for byte.
#[track_caller]
fn assert_stored(case: &Case, url: &str, repository: &str, immutable: &str, further: &[&str]) {
    let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
    let manifest = format!("{url}/v2/{repository}/manifests/v0.1.0");
    let mut args = vec!["--header", accept, "--dump-header", "headers", "--output", "manifest", &manifest];
    args.extend(further);
    curl(case, &args);
    let headers = case.read("headers").to_lowercase();
    assert!(headers.contains("content-type: application/vnd.oci.image.manifest.v1+json\r\n"), "{headers}");
    let manifest = case.read_bytes("manifest");
    let expected = digest(&manifest);
    assert!(headers.contains(&format!("docker-content-digest: {expected}\r\n")), "{headers}");
    assert_eq!(immutable.split_once('@').unwrap().1, expected);
    // The manifest is canonical JSON: sorted and compact.
    let canonical =
        case.program("jq").args(["--sort-keys", "--compact-output", ".", "manifest"]).succeed().stdout;
    assert_eq!(canonical.trim_end().as_bytes(), manifest);
    assert_eq!(jq(case, "keys | join(\" \")", "manifest"), "annotations config layers schemaVersion");
    assert_eq!(jq(case, ".schemaVersion", "manifest"), "2");
    assert_eq!(jq(case, ".config.mediaType", "manifest"), "application/vnd.wasm.config.v1+json");
    assert_eq!(jq(case, ".layers | length", "manifest"), "1");
    assert_eq!(jq(case, ".layers[0] | keys | join(\" \")", "manifest"), "digest mediaType size");
    assert_eq!(jq(case, ".layers[0].mediaType", "manifest"), "application/vnd.wasm.content.layer.v1+wasm");
    assert_eq!(
        jq(case, ".annotations | to_entries[] | \"\\(.key)=\\(.value)\"", "manifest"),
        format!(
            "io.kubewarden.policy.description=Looks at pods\n\
             io.kubewarden.policy.ociUrl={}/{repository}\n\
             io.kubewarden.policy.source=https://example.com/demo\n\
             io.kubewarden.policy.title=demo\n\
             io.kubewarden.policy.version=0.1.0\n\
             org.opencontainers.image.source=https://example.com/demo",
            url.split_once("://").unwrap().1
        )
    );
    for (part, expected) in [("config", b"{}".to_vec()), ("layers[0]", case.read_bytes("policy.wasm"))] {
        let digest_there = jq(case, &format!(".{part}.digest"), "manifest");
        assert_eq!(jq(case, &format!(".{part}.size"), "manifest"), expected.len().to_string());
        let blob = format!("{url}/v2/{repository}/blobs/{digest_there}");
        let mut args = vec!["--location", "--output", "blob", &blob];
        args.extend(further);
        curl(case, &args);
        assert_eq!(case.read_bytes("blob"), expected);
        assert_eq!(digest(&expected), digest_there);
    }
}

#[test]
fn a_push_stores_what_kubewarden_stores() {
    let host = &registry::open().host;
    let case = case(host, "stores/demo");
    let run = push(&case, "").redact("[HOST]", host).succeed().stderr_eq(str![[r#"
      Pushed [HOST]/stores/demo:v0.1.0 (1.0 kB)

"#]]);
    let immutable = pushed(&run);
    assert!(immutable.starts_with(&format!("{host}/stores/demo@")), "{immutable}");
    assert_stored(&case, &format!("http://{host}"), "stores/demo", &immutable, &[]);
}

#[test]
fn a_second_push_finds_the_policy_in_the_registry() {
    let registry = registry::open();
    let case = case(&registry.host, "again/demo");
    let first = pushed(&push(&case, "").succeed());
    let second = push(&case, "").redact("[HOST]", &registry.host).succeed().stderr_eq(str![[r#"
       Fresh [HOST]/again/demo:v0.1.0 (1.0 kB): it was there already

"#]]);
    assert_eq!(pushed(&second), first);
    // The same policy can get another tag.
    assert_eq!(pushed(&push(&case, &format!("{}/again/demo:stable", registry.host)).succeed()), first);
    let json = push(&case, "--format json").succeed().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["immutable_ref"], first);
    assert_eq!(json["already_there"], true);
}

#[test]
fn nothing_is_uploaded_a_second_time() {
    let registry = BadRegistry::good();
    let case = case(&registry.host, "demo");
    push(&case, "").succeed();
    assert_eq!((registry.count("POST", "/uploads/"), registry.count("PUT", "/manifests/")), (2, 1));
    push(&case, "").succeed();
    assert_eq!((registry.count("POST", "/uploads/"), registry.count("PUT", "/manifests/")), (2, 1));
}

#[test]
fn a_module_that_the_registry_has_lost_is_uploaded_again() {
    let registry = BadRegistry::good();
    let case = case(&registry.host, "demo");
    let first = pushed(&push(&case, "").succeed());
    let module = digest(&case.read_bytes("policy.wasm"));
    registry.forget_blob(&module);
    assert_eq!(pushed(&push(&case, "").succeed().stderr_has("Pushed")), first);
    registry.replace_blob(&module, b"something else");
    assert_eq!(pushed(&push(&case, "").succeed().stderr_has("Pushed")), first);
}

#[test]
fn a_report_in_json_is_what_scripts_read() {
    let host = &registry::open().host;
    let case = case(host, "json/demo");
    let run = push(&case, "--format json -q").redact("[HOST]", host).succeed().stderr_eq("");
    case.write("report", &run.stdout);
    let immutable = jq(&case, ".immutable_ref", "report");
    assert_stored(&case, &format!("http://{host}"), "json/demo", &immutable, &[]);
    assert_eq!(jq(&case, ".reference", "report"), format!("{host}/json/demo:v0.1.0"));
    assert_eq!(immutable, format!("{host}/json/demo@{}", jq(&case, ".digest", "report")));
    assert_eq!(jq(&case, ".size_bytes", "report"), case.read_bytes("policy.wasm").len().to_string());
    assert_eq!(jq(&case, ".already_there", "report"), "false");
}

#[test]
fn a_tag_keeps_its_content_unless_forced() {
    let host = &registry::open().host;
    let case = case(host, "tag/demo");
    let first = pushed(&push(&case, "").succeed());
    let changed = metadata(host, "tag/demo", "0.1.0").replace("Looks at pods", "Looks elsewhere");
    write_policy(&case, &changed);
    let (_, there) = first.split_once('@').unwrap();
    push(&case, "").redact("[HOST]", host).redact("[DIGEST]", there).run().code(101).stdout_eq("").stderr_eq(
        str![[r#"
error: could not push to `[HOST]/tag/demo:v0.1.0`: the tag exists with other content (`[DIGEST]`)
  hint: raise the version of the policy, or pass `--force`, after which clusters get another policy under the same tag

"#]],
    );
    assert_eq!(curl_digest(&case, host, "tag/demo", "v0.1.0"), there);
    let second = pushed(&push(&case, "--force").succeed());
    assert_ne!(second, first);
    assert_eq!(curl_digest(&case, host, "tag/demo", "v0.1.0"), second.split_once('@').unwrap().1);
}

fn curl_digest(case: &Case, host: &str, repository: &str, tag: &str) -> String {
    let url = format!("http://{host}/v2/{repository}/manifests/{tag}");
    digest(curl(case, &["--header", "Accept: application/vnd.oci.image.manifest.v1+json", &url]).as_bytes())
}

#[test]
fn a_tag_that_contradicts_the_version_is_refused() {
    let host = &registry::open().host;
    let case = case(host, "version/demo");
    push(&case, &format!("{host}/version/demo:v0.2.0"))
        .redact("[HOST]", host)
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not push to the tag `v0.2.0`: the version of the policy is `0.1.0`
  hint: push to `:v0.1.0`, or change the version and build again; `--force` pushes it as it is

"#]]);
    push(&case, &format!("{host}/version/demo:0.2.0-rc.1")).run().code(101).stdout_eq("");
    for tag in ["0.1.0", "v0.1.0", "latest", "v0", "2026-11-24"] {
        push(&case, &format!("{host}/version/demo:{tag}")).succeed();
    }
    push(&case, &format!("{host}/version/demo:v0.2.0 --force")).succeed();
}

#[test]
fn a_version_that_cannot_be_a_tag_needs_a_reference() {
    let host = &registry::open().host;
    let case = Case::empty();
    write_policy(&case, &metadata(host, "build/demo", "0.1.0+build"));
    push(&case, "").redact("[HOST]", host).run().code(101).stdout_eq("").stderr_eq(str![[r#"
warning[version-with-build]: `0.1.0+build` cannot be a tag in a registry: `+` is not allowed there
  fix: remove the `+` and what follows it
error: could not push version `0.1.0+build` of the policy: `v0.1.0+build` is not a valid tag
  hint: name a reference with a tag: `host/repository:tag`

"#]]);
}

#[test]
fn modules_without_metadata_or_with_two_are_refused() {
    let host = &registry::open().host;
    let case = case(host, "none/demo");
    let annotated = case.read_bytes("policy.wasm");
    // Repeat the section, with its header and content.
    let name = b"io.kubewarden.metadata";
    let at = annotated.windows(name.len()).position(|window| window == name).unwrap();
    let start = (0..at).rev().find(|&start| annotated[start] == 0 && start + 5 > at - 3).unwrap();
    let twice = [&annotated[..], &annotated[start..]].concat();
    case.write("policy.wasm", &annotated[..start]);
    push(&case, "").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error: could not push `policy.wasm`
  cause: `policy.wasm` has no readable Kubewarden metadata: it is a WASI program without metadata
  hint: use a module written by `cargo kw-wasi build` or `kwctl annotate`

"#]]);
    case.write("policy.wasm", twice);
    push(&case, "--force").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error: could not push `policy.wasm`
  cause: `policy.wasm` has more than one section with metadata, of which Kubewarden reads the first
  hint: build it with `cargo kw-wasi build`, which leaves one

"#]]);
    case.write("policy.wasm", "no wasm");
    push(&case, "").run().code(101).stdout_eq("").stderr_has("could not push `policy.wasm`");
}

#[test]
fn the_manifest_deploys_exactly_what_was_pushed() {
    let host = &registry::open().host;
    let case = case(host, "out/demo");
    let run = push(&case, "--manifest-out deploy/demo.yml").redact("[HOST]", host).succeed();
    let manifest: serde_json::Value = yaml_serde::from_str(&case.read("deploy/demo.yml")).unwrap();
    assert_eq!(manifest["kind"], "ClusterAdmissionPolicy");
    assert_eq!(manifest["metadata"]["name"], "demo");
    assert_eq!(manifest["spec"]["module"], format!("registry://{}", pushed(&run)));
    run.stderr_eq(str![[r#"
      Pushed [HOST]/out/demo:v0.1.0 (1.0 kB)
    Manifest deploy/demo.yml

"#]]);
}

#[test]
fn a_manifest_that_cannot_be_written_is_noticed_before_anything_is_sent() {
    let registry = BadRegistry::good();
    let case = case(&registry.host, "demo");
    case.write("folder/file", "");
    for path in ["folder", "folder/file/demo.yml", "."] {
        let run = push(&case, &format!("--manifest-out {path}")).run().code(101).stdout_eq("");
        run.stderr_has("error: could not ");
    }
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn the_project_in_the_folder_is_built_and_pushed_to_the_registry_in_its_metadata() {
    let host = &registry::open().host;
    let case = Case::policy();
    case.edit("Cargo.toml", "ghcr.io/acme/policies", &format!("{host}/acme/policies"));
    // The user sees cargo's progress.
    let run = case.kw_wasi("push --insecure").succeed().stderr_has("Compiling demo v0.1.0");
    let run = run.stderr_has("Pushed").stderr_lacks("warning");
    let immutable = pushed(&run);
    assert!(immutable.starts_with(&format!("{host}/acme/policies/demo@sha256:")), "{immutable}");
    case.kw_wasi(&format!("inspect --insecure {host}/acme/policies/demo:v0.1.0"))
        .succeed()
        .stdout_has("demo v0.1.0")
        .stdout_has(immutable.split_once('@').unwrap().1);
    // Builds are deterministic: a build from scratch gives the same policy.
    std::fs::remove_dir_all(case.path("target")).unwrap();
    case.kw_wasi("push --insecure").succeed().stderr_has("it was there already");
}

#[test]
fn the_policies_of_a_workspace_are_pushed_with_one_line_for_each() {
    let host = &registry::open().host;
    let case = Case::empty();
    case.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n");
    for name in ["a", "b"] {
        let manifest = support::POLICY_MANIFEST.replace("demo", name);
        let manifest = manifest.replace("ghcr.io/acme/policies", &format!("{host}/workspace"));
        case.write(&format!("{name}/Cargo.toml"), manifest.split("[profile").next().unwrap());
        case.write(&format!("{name}/src/main.rs"), support::POLICY_SOURCE);
    }
    case.kw_wasi("push --insecure").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error: there are several policies to choose from: `a`, `b`
  hint: name one with `--package`, or pass `--workspace` for all of them

"#]]);
    case.kw_wasi(&format!("push --insecure --workspace {host}/other"))
        .run()
        .code(101)
        .stderr_has("REFERENCE and `--manifest-out` are about one policy, and 2 are selected");
    let run = case.kw_wasi("push --insecure --workspace").succeed();
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    for (line, name) in lines.iter().zip(["a", "b"]) {
        assert!(line.starts_with(&format!("{host}/workspace/{name}@sha256:")), "{line}");
    }
}

#[test]
fn every_verb_accepts_a_policy_in_a_registry() {
    let host = &registry::open().host;
    let case = case(host, "verbs/demo");
    push(&case, "").succeed();
    let reference = format!("--insecure --wasm {host}/verbs/demo:v0.1.0");
    case.write("pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n");
    case.kw_wasi(&format!("run -r pod.yaml {reference}")).succeed().stdout_has(r#""allowed":true"#);
    case.kw_wasi(&format!("test {reference}")).run().stderr_has(&format!("demo ({host}/verbs/demo:v0.1.0)"));
    case.kw_wasi(&format!("inspect {reference}")).succeed().stdout_has("demo v0.1.0");
    case.kw_wasi(&format!("manifest {reference}"))
        .succeed()
        .stdout_has(&format!("module: registry://{host}/verbs/demo:v0.1.0"));
    let copy = case.kw_wasi(&format!("push {reference} {host}/verbs/copy:v0.1.0")).succeed();
    assert!(pushed(&copy).starts_with(&format!("{host}/verbs/copy@sha256:")));
    case.kw_wasi(&format!("run -r pod.yaml --insecure --wasm {host}/verbs/none:v1"))
        .run()
        .code(1)
        .stdout_eq("");
}

#[test]
fn inspect_reads_from_a_registry() {
    let host = &registry::open().host;
    let case = case(host, "inspect/demo");
    let immutable = pushed(&push(&case, "").succeed());
    let from_file = case.kw_wasi("inspect policy.wasm --format json").succeed().stdout;
    let from_file: serde_json::Value = serde_json::from_str(&from_file).unwrap();
    for reference in [
        format!("{host}/inspect/demo:v0.1.0"),
        format!("registry://{host}/inspect/demo:v0.1.0"),
        immutable.clone(),
    ] {
        let run = case.kw_wasi(&format!("inspect --insecure --format json {reference}")).succeed();
        let mut from_registry: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let own = from_registry.as_object_mut().unwrap();
        assert_eq!(own.remove("digest").unwrap(), immutable.split_once('@').unwrap().1);
        own["source"] = "policy.wasm".into();
        assert_eq!(from_registry, from_file);
    }
    case.kw_wasi(&format!("inspect --insecure {host}/inspect/demo:v9"))
        .redact("[HOST]", host)
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not read the manifest of `[HOST]/inspect/demo:v9`
  cause: the registry answered 404 (not found): manifest unknown
  hint: check the repository and the tag; some registries show them only to users who are logged in

"#]]);
}

/// Writes Docker's `config.json` to a folder in the home of the case, and returns the folder.
fn write_docker_config(case: &Case, config: &serde_json::Value) -> std::path::PathBuf {
    let folder = case.home().join("docker config");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    folder
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[track_caller]
fn assert_no_secret(run: &Run, secret: &str) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(secret) && !text.contains(&base64(&format!("{USER}:{secret}"))), "{text}");
    }
}

#[test]
fn credentials_of_dockers_configuration_are_used() {
    let host = &registry::with_password().host;
    let case = case(host, "config/demo");
    let auth = base64(&format!("{USER}:{PASSWORD}"));
    let folder = write_docker_config(&case, &serde_json::json!({ "auths": { host: { "auth": auth } } }));
    let run = push(&case, "-v -v").env("DOCKER_CONFIG", &folder).succeed();
    assert_no_secret(&run, PASSWORD);
    let user = format!("{USER}:{PASSWORD}");
    let further = ["--user", user.as_str()];
    assert_stored(&case, &format!("http://{host}"), "config/demo", &pushed(&run), &further);
    let inspect = format!("inspect --insecure -v -v {host}/config/demo:v0.1.0");
    assert_no_secret(&case.kw_wasi(&inspect).env("DOCKER_CONFIG", &folder).succeed(), PASSWORD);
    // Without the variable, the folder is `.docker` in the home.
    push(&case, "").run().code(101);
    std::fs::rename(folder, case.home().join(".docker")).unwrap();
    push(&case, "").succeed();
}

#[test]
fn credentials_of_helpers_are_used() {
    let host = &registry::with_password().host;
    let case = case(host, "helper/demo");
    case.stub(
        "docker-credential-test",
        &format!("read host\necho \"$1 $host\" >> '{}'\necho '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
            case.path("asked").display()),
    );
    for config in [
        serde_json::json!({ "credHelpers": { host: "test" } }),
        serde_json::json!({ "credsStore": "test", "auths": { host: {} } }),
    ] {
        let folder = write_docker_config(&case, &config);
        let run =
            push(&case, "-v -v").env("DOCKER_CONFIG", &folder).env("PATH", case.path_with_stubs()).succeed();
        assert_no_secret(&run, PASSWORD);
    }
    assert_eq!(case.read("asked"), format!("get {host}\n").repeat(2));
}

#[test]
fn missing_and_wrong_credentials_have_different_messages() {
    let host = &registry::with_password().host;
    let case = case(host, "wrong/demo");
    let attempt = |config: &serde_json::Value| {
        let folder = write_docker_config(&case, config);
        push(&case, "-v -v")
            .env("DOCKER_CONFIG", &folder)
            .env("PATH", case.path_with_stubs())
            .redact("[HOST]", host)
            .redact("[CONFIG]", folder.to_str().unwrap())
            .run()
            .code(101)
            .stdout_eq("")
    };
    attempt(&serde_json::json!({})).stderr_eq(str![[r#"
       Login no credentials for `[HOST]`
error: could not look up `[HOST]/wrong/demo:v0.1.0`
  cause: the registry answered 401 (unauthorized): authentication required
  hint: log in with `docker login [HOST]`: there are no credentials for `[HOST]`

"#]]);
    let auth = base64(&format!("{USER}:s3cret-and-wrong"));
    let run = attempt(&serde_json::json!({ "auths": { host: { "auth": auth } } }));
    assert_no_secret(&run, "s3cret-and-wrong");
    run.stderr_eq(str![[r#"
       Login credentials for `[HOST]` from `[CONFIG]/config.json`
error: could not log in to the registry of `[HOST]/wrong/demo:v0.1.0`
  cause: the registry answered 401 (unauthorized): authentication required
  hint: log in again with `docker login [HOST]`: the password of `jane` from `[CONFIG]/config.json` was refused

"#]]);
    attempt(&serde_json::json!({ "auths": { host: { "auth": "%%%" } } })).stderr_eq(str![[r#"
error: could not get the credentials for `[HOST]`
  cause: `[CONFIG]/config.json`: the entry for `[HOST]` cannot be read: its `auth` is not base64
  hint: repair the file, or log in again with `docker login [HOST]`

"#]]);
    attempt(&serde_json::json!({ "auths": { host: { "identitytoken": "s3cret" } } })).stderr_eq(str![[r#"
       Login credentials for `[HOST]` from `[CONFIG]/config.json`
error: could not look up `[HOST]/wrong/demo:v0.1.0`
  cause: the registry answered 401 (unauthorized): authentication required
  hint: log in again with `docker login [HOST]`: the token from `[CONFIG]/config.json` was refused

"#]]);
    attempt(&serde_json::json!({ "credHelpers": { host: "missing" } })).stderr_eq(str![[r#"
     Running `docker-credential-missing get`
error: could not get the credentials for `[HOST]`
  cause: `[CONFIG]/config.json` names a credential helper
  cause: could not start `docker-credential-missing`
  cause: No such file or directory (os error 2)
  hint: check that the credential helper `docker-credential-missing` is on PATH and works: `echo [HOST] | docker-credential-missing get`

"#]]);
    // A helper says on stdout what went wrong, unless that is JSON, which may have a secret.
    case.stub(
        "docker-credential-broken",
        "read host\necho '{\"Secret\":\"s3cret\"}'\necho 'the safe is locked' >&2\nexit 1\n",
    );
    case.stub("docker-credential-locked", "read host\necho 'the safe is locked'\nexit 1\n");
    attempt(&serde_json::json!({ "credHelpers": { host: "locked" } }))
        .stderr_has("`docker-credential-locked` failed (exit status: 1): the safe is locked\n");
    attempt(&serde_json::json!({ "credHelpers": { host: "broken" } })).stderr_eq(str![[r#"
     Running `docker-credential-broken get`
error: could not get the credentials for `[HOST]`
  cause: `[CONFIG]/config.json` names a credential helper
  cause: the credential helper `docker-credential-broken` failed (exit status: 1): the safe is locked

"#]]);
    case.stub("docker-credential-babbling", "read host\necho s3cret\n");
    attempt(&serde_json::json!({ "credHelpers": { host: "babbling" } })).stderr_eq(str![[r#"
     Running `docker-credential-babbling get`
error: could not get the credentials for `[HOST]`
  cause: `[CONFIG]/config.json` names a credential helper
  cause: the output of the credential helper `docker-credential-babbling` is not what Docker expects: it is not a JSON object
  hint: check that `credHelpers` and `credsStore` name the right helper

"#]]);
    case.stub(
        "docker-credential-empty",
        "read host\necho 'credentials not found in native keychain'\nexit 1\n",
    );
    attempt(&serde_json::json!({ "credHelpers": { host: "empty" } }))
        .stderr_has(": there are no credentials for `");
    attempt(&serde_json::json!("no object")).stderr_eq(str![[r#"
error: could not get the credentials for `[HOST]`
  cause: `[CONFIG]/config.json`: it is not a JSON object
  hint: repair the file, or log in again with `docker login [HOST]`

"#]]);
}

#[test]
fn a_registry_with_tls_needs_a_trusted_authority() {
    let registry = registry::with_tls();
    let host = &registry.host;
    let case = case(host, "tls/demo");
    let push = |args: &str| case.kw_wasi(&format!("push --wasm policy.wasm {args}")).redact("[HOST]", host);
    push("").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error: could not connect to the registry of `[HOST]/tls/demo:v0.1.0`
  cause: the certificate of the registry is not trusted (invalid peer certificate: UnknownIssuer)
  hint: if the certificate of `[HOST]` is from a private authority, trust that one with `--ca FILE`

"#]]);
    let mut immutable = Vec::new();
    for encoding in ["pem", "der"] {
        let authority = registry.authority(encoding);
        let run = push(&format!("--ca {}", authority.display())).succeed();
        immutable.push(pushed(&run));
        case.kw_wasi(&format!("inspect {host}/tls/demo:v0.1.0 --ca {}", authority.display())).succeed();
    }
    assert_eq!(immutable[0], immutable[1]);
    let authority = registry.authority("pem");
    let further = ["--cacert", authority.to_str().unwrap()];
    assert_stored(&case, &format!("https://{host}"), "tls/demo", &immutable[0], &further);
    // Plain HTTP to a registry with TLS, and TLS to a registry without it.
    push("--insecure").run().code(101).stdout_eq("").stderr_eq(str![[r#"
error: could not connect to the registry of `[HOST]/tls/demo:v0.1.0`
  cause: the registry answered 400 (bad request): Client sent an HTTP request to an HTTPS server.
  hint: for a registry with TLS, leave out `--insecure`

"#]]);
    let open = &registry::open().host;
    case.kw_wasi(&format!("push --wasm policy.wasm {open}/tls/demo"))
        .redact("[HOST]", open)
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not connect to the registry of `[HOST]/tls/demo:v0.1.0`
  cause: the registry does not speak TLS
  hint: for a registry without TLS, use `--insecure` if it is on this machine, and `--insecure=[HOST]` otherwise

"#]]);
}

#[test]
fn a_self_signed_certificate_can_be_trusted() {
    let registry = registry::self_signed();
    let host = &registry.host;
    let case = case(host, "self/demo");
    let own = registry.authority("pem");
    let push = |args: &str| case.kw_wasi(&format!("push --wasm policy.wasm {args}"));
    push("").run().code(101).stdout_eq("").stderr_has("the certificate of the registry is not trusted");
    let immutable = pushed(&push(&format!("--ca {}", own.display())).succeed());
    let further = ["--cacert", own.to_str().unwrap()];
    assert_stored(&case, &format!("https://{host}"), "self/demo", &immutable, &further);
    // The certificate of another registry does not help, even though it is trusted for itself.
    let other = registry::with_tls().authority("pem");
    push(&format!("--ca {}", other.display())).run().code(101).stdout_eq("").stderr_has("is not trusted");
}

#[test]
fn an_upload_without_encryption_is_refused_and_explained() {
    let registry = registry::behind_proxy();
    let host = &registry.host;
    let case = case(host, "proxied/demo");
    case.kw_wasi(&format!("push --wasm policy.wasm --ca {}", registry.authority("pem").display()))
        .redact("[HOST]", host)
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not upload the module to `[HOST]/proxied/demo:v0.1.0`
  cause: the registry wants the upload at `http://[HOST]/v2/proxied/demo/blobs/uploads/[..]`, without encryption
  hint: the registry does not know that it is reached with TLS: its proxy has to send `X-Forwarded-Proto: https`, or its configuration has to set `relativeurls`; tell its administrators

"#]]);
}

#[test]
fn a_password_in_a_reference_is_not_repeated() {
    let case = case("registry.example.com", "demo");
    case.write("request.json", "{}");
    for (args, code) in [
        ("push --wasm policy.wasm jane:s3cret@registry.example.com/demo:v1", 2),
        ("push --wasm policy.wasm registry://jane:s3cret@registry.example.com/demo", 2),
        ("inspect jane:s3cret@registry.example.com/demo:v1", 101),
        ("inspect registry://jane:s3cret@registry.example.com/demo", 101),
        ("run --wasm jane:s3cret@registry.example.com:5000/demo -r request.json", 1),
    ] {
        let run = case.kw_wasi(args).run().code(code).stdout_eq("").stderr_lacks("s3cret");
        run.stderr_has("a reference has neither user nor password, which come from `docker login`");
    }
    write_policy(&case, &metadata("jane:s3cret@registry.example.com", "demo", "0.1.0"));
    push(&case, "")
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_lacks("s3cret")
        .stderr_has("`[login]@registry.example.com/demo`");
}

#[test]
fn a_misspelt_path_does_not_exist_and_is_asked_nowhere() {
    let case = case("registry.example.com", "demo");
    case.write("build.out/policy.wasm", case.read_bytes("policy.wasm"));
    for path in
        ["./policy.wsm", "build.out/policy.wsm", "build.uot/policy.wasm", "target/x.wasm", "../a.b/c.wasm"]
    {
        case.kw_wasi("inspect").arg(path).redact("[PATH]", path).run().code(101).stdout_eq("").stderr_eq(
            str![[r#"
error: could not read `[PATH]`
  cause: No such file or directory (os error 2)

"#]],
        );
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf_8_is_read() {
    use std::os::unix::ffi::OsStrExt;
    let case = case("registry.example.com", "demo");
    let name = std::ffi::OsStr::from_bytes(b"p\xfclicy.wasm");
    std::fs::copy(case.path("policy.wasm"), case.root().join(name)).unwrap();
    for format in ["human", "json", "yaml"] {
        case.kw_wasi("inspect").arg(name).args(["--format", format]).succeed().stdout_has("demo");
    }
}

#[test]
fn a_file_that_is_not_an_authority_is_refused() {
    let registry = registry::with_tls();
    let case = case(&registry.host, "authority/demo");
    let push = |path: &str| {
        case.kw_wasi("push --wasm policy.wasm").args(["--ca", path]).run().code(101).stdout_eq("")
    };
    push("nothing.pem").stderr_eq(str![[r#"
error: could not read `nothing.pem`
  cause: No such file or directory (os error 2)

"#]]);
    case.write("garbage.pem", "garbage");
    push("garbage.pem").stderr_eq(str![[r#"
error: could not trust `garbage.pem`: it has no certificate in PEM or DER
  hint: name the certificate of an authority, in PEM or DER

"#]]);
    case.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    push("broken.pem").stderr_eq(str![[r#"
error: could not trust `broken.pem`: it is not valid PEM (base64 decode error: InvalidCharacter(33))
  hint: name the certificate of an authority, in PEM or DER

"#]]);
    case.write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    push("key.pem").stderr_eq(str![[r#"
error: could not trust `key.pem`: it has no certificate
  hint: name the certificate of an authority, in PEM or DER

"#]]);
}

#[test]
fn plain_http_is_for_this_machine_unless_the_host_is_named() {
    let case = case("registry.example.com:5000", "demo");
    let attempt =
        |args: &str| case.kw_wasi(&format!("push --wasm policy.wasm {args}")).run().code(101).stdout_eq("");
    attempt("--insecure").stderr_eq(str![[r#"
error: `registry.example.com:5000` is not on this machine: what is sent there over plain HTTP can be read and changed on the way
  hint: pass `--insecure=registry.example.com:5000` to use plain HTTP anyway

"#]]);
    attempt("--insecure=registry.example.com").stderr_eq(str![[r#"
error: `--insecure=registry.example.com` names another host than `registry.example.com:5000`
  hint: name the host with its port, as in the reference

"#]]);
    case.kw_wasi("inspect registry.example.com:5000/demo --insecure").run().code(101).stdout_eq("");
    let host = &registry::open().host;
    case.kw_wasi(&format!("push --wasm policy.wasm --insecure={host} {host}/named/demo")).succeed();
}

#[test]
fn invalid_references_are_usage_errors() {
    let case = case("registry.example.com", "demo");
    for wrong in ["https://ghcr.io/a/b", "ghcr.io/A/b", "ghcr.io/a/b:", "[::1]:5000/a"] {
        case.kw_wasi("push --wasm policy.wasm").arg(wrong).run().code(2).stdout_eq("").stderr_has(wrong);
    }
    let digest = digest(b"");
    case.kw_wasi(&format!("push --wasm policy.wasm ghcr.io/a/b@{digest}"))
        .redact("[DIGEST]", &digest)
        .run()
        .code(101)
        .stderr_eq(str![[r#"
error: could not push to `ghcr.io/a/b@[DIGEST]`: `[DIGEST]` is a digest, and only a tag can be pushed to
  hint: write `host/repository:tag`

"#]]);
    write_policy(
        &case,
        &metadata("registry.example.com", "demo", "0.1.0").replace("policy.ociUrl", "policy.other"),
    );
    push(&case, "").run().code(101).stderr_eq(str![[r#"
error: the policy's metadata has no registry to push to
  hint: name a reference, or build the policy again, with a registry in its metadata

"#]]);
}

#[test]
fn proxies_of_the_environment_are_used_but_not_for_this_machine() {
    let host = &registry::open().host;
    let case = case(host, "proxy/demo");
    let proxy = BadRegistry::start(|_| support::bad_registry::Answer::status(403).body("no way").into());
    let url = format!("http://{}", proxy.host);
    let with_proxy = |invocation: Invocation| {
        let names = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];
        let invocation = invocation.env("no_proxy", "").env("NO_PROXY", "");
        names.iter().fold(invocation, |invocation, name| invocation.env(name, &url))
    };
    with_proxy(push(&case, "")).succeed();
    assert_eq!(proxy.lines(), [""; 0]);
    with_proxy(case.kw_wasi("inspect registry.example.com/demo:v1 --insecure=registry.example.com"))
        .run()
        .code(101)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not log in to the registry of `registry.example.com/demo:v1`
  cause: the registry answered 403 (forbidden): no way
  hint: log in with `docker login registry.example.com`

"#]]);
    assert_eq!(proxy.lines(), ["GET http://registry.example.com/v2/"]);
    let run = with_proxy(case.kw_wasi("inspect registry.example.com/demo:v1")).run().code(101).stdout_eq("");
    assert_eq!(proxy.lines()[1], "CONNECT registry.example.com:443");
    run.stderr_has("could not connect to the registry of `registry.example.com/demo:v1`");
}

#[test]
fn a_progress_bar_is_shown_only_at_a_terminal() {
    // The slow upload leaves enough time to show the bar.
    let slow = |request: &support::bad_registry::Request| {
        request
            .is("PUT", "/uploads/")
            .then_some(Reply::Slowly { pieces: 2, pause: Duration::from_millis(300) })
    };
    let registry = BadRegistry::start(slow);
    let case = Case::empty();
    let large = Behavior::prints(&"x".repeat(3 << 20));
    case.write(
        "policy.wasm",
        policy(&large, &settings_are_valid(), &metadata(&registry.host, "demo", "0.1.0")),
    );
    let (screen, code) = case.kw_wasi("push --wasm policy.wasm --insecure").at_a_terminal();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("   Uploading [") && screen.contains("MiB/3.0"), "{screen}");
    // The bar is removed in the end.
    let last = screen.rsplit("Uploading").next().unwrap();
    assert!(last.contains("Pushed"), "{screen}");
    let tag = format!("{}/demo:other --force", registry.host);
    push(&case, &tag).succeed().stderr_lacks("Uploading").stderr_lacks("\r").stderr_lacks("Checking");
    let (screen, code) = case
        .kw_wasi(&format!("push --wasm policy.wasm --insecure -q {}/demo:third", registry.host))
        .at_a_terminal();
    assert_eq!(code, 0);
    assert!(!screen.contains("Uploading"), "{screen}");
}
