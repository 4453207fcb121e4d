//! `run` prints each outcome on stdout for scripts and on stderr for people.

use crate::support::guest::{self, Behavior, End};
use crate::support::{self, Case, Run};
#[cfg(unix)]
use rexpect::session::spawn_command;
#[cfg(unix)]
use snapbox::file;
use snapbox::str;

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: main
    image: registry.example/web:1
";

/// A case with a Pod in `pod.yaml` and a policy with this behavior in `policy.wasm`.
fn case(validate: Behavior) -> Case {
    case_with(validate, guest::settings_are_valid(), guest::METADATA)
}

fn case_with(validate: Behavior, validate_settings: Behavior, metadata: &str) -> Case {
    let case = Case::empty();
    case.write("policy.wasm", guest::policy(&validate, &validate_settings, metadata));
    case.write("pod.yaml", POD);
    case
}

#[track_caller]
fn run(case: &Case, args: &str) -> Run {
    case.kw_wasi(&format!("run --wasm policy.wasm -r pod.yaml {args}")).run()
}

const MUTATED: &str = r#"{"accepted":true,"mutated_object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default","labels":{"owner":"me"}},"spec":{"containers":[{"name":"main","image":"registry.example/web:1"}]}}}"#;

#[test]
fn accepted() {
    run(&case(Behavior::prints(r#"{"accepted":true}"#)), "").code(0).stderr_eq("").stdout_eq(str![[r#"
{"uid":"[..]","allowed":true,"auditAnnotations":null,"warnings":null}

"#]]);
}

#[test]
fn rejected() {
    let case = case(Behavior::prints(r#"{"accepted":false,"message":"no","code":403,"warnings":["w"]}"#));
    run(&case, "").code(0).stderr_eq("").stdout_eq(str![[r#"
{"uid":"[..]","allowed":false,"status":{"message":"no","code":403},"auditAnnotations":null,"warnings":["w"]}

"#]]);
}

#[test]
fn mutated_against_the_metadata() {
    let run = run(&case(Behavior::prints(MUTATED)), "").code(0);
    assert!(run.stdout.contains(r#""patchType":"JSONPatch","patch":"W3si"#), "{}", run.stdout);
    run.stderr_eq(str![[r#"
warning: the policy changes the object, but its metadata says `mutating: false`: a cluster would reject the request
  hint: write `mutating = true` in `[package.metadata.kubewarden]`, or `mutating: true` in `metadata.yml`

"#]]);
}

#[test]
fn mutated_as_the_metadata_says() {
    let metadata = guest::METADATA.replace("false", "true");
    let case = case_with(Behavior::prints(MUTATED), guest::settings_are_valid(), &metadata);
    run(&case, "").code(0).stderr_eq("");
}

#[test]
fn settings_that_are_not_valid() {
    let refusal = Behavior::prints(r#"{"valid":false,"message":"replicas must be positive"}"#);
    let case = case_with(Behavior::prints("{}"), refusal, guest::METADATA);
    run(&case, "").code(1).stdout_eq("").stderr_eq(str![[r#"
error: Provided settings are not valid: replicas must be positive

"#]]);
}

#[test]
fn settings_that_make_the_policy_fail() {
    let failing = Behavior::prints("").and_says("boom").and_ends(End::Trap);
    let case = case_with(Behavior::prints("{}"), failing, guest::METADATA);
    run(&case, "").code(1).stdout_eq("").stderr_eq(str![[r#"
warning: the policy failed while it checked the settings: it trapped: wasm trap: wasm `unreachable` instruction executed
error: Provided settings are not valid: boom

"#]]);
}

#[test]
fn settings_of_the_wrong_type() {
    let case = case(Behavior::prints("{}"));
    run(&case, "--settings-json [1]").code(1).stdout_eq("").stderr_eq(str![[r#"
error: Invalid settings in CRD, not an object
  hint: the settings are those of `--settings-json`

"#]]);
    case.write("settings.yaml", "a: [");
    run(&case, "-s settings.yaml")
        .code(1)
        .stdout_eq("")
        .stderr_has("error: the settings are not valid YAML")
        .stderr_has("`settings.yaml`");
    run(&case, "-s nowhere.yaml").code(1).stderr_has("could not read `nowhere.yaml`");
}

#[test]
fn settings_come_from_a_file_or_from_the_command_line() {
    let echo = Behavior { echo: true, ..guest::settings_are_valid() };
    let case = case_with(Behavior::prints(r#"{"accepted":true}"#), echo, guest::METADATA);
    case.write("settings.yaml", "b: [x]\na: 1\n");
    run(&case, "-s settings.yaml").code(0).stderr_eq(str![[r#"
      Logged {"a":1,"b":["x"]}

"#]]);
    run(&case, "--settings-json {}").code(0).stderr_has("Logged {}");
    // Like kwctl, without an error.
    run(&case, "-s settings.yaml --settings-json {}").code(0).stderr_has(r#"Logged {"a":1,"b":["x"]}"#);
}

#[test]
fn failures_of_the_policy_are_answers() {
    let failing = |end| case(Behavior::prints(r#"{"accepted":true}"#).and_says(" why\n").and_ends(end));
    run(&failing(End::Exit(3)), "")
        .code(0)
        .stderr_eq(str![[r#"
warning: the policy failed: it ended with exit code 3

"#]])
        .stdout_eq(str![[r#"
{"uid":"[..]","allowed":false,"status":{"message":"why","code":500},"auditAnnotations":null,"warnings":null}

"#]]);
    run(&failing(End::Trap), "").code(0).stderr_eq(str![[r#"
warning: the policy failed: it trapped: wasm trap: wasm `unreachable` instruction executed

"#]]);
    run(&failing(End::Loop), "--time-limit 200ms").code(0).stderr_eq(str![[r#"
warning: the policy failed: it was stopped after 200ms (see `--time-limit`)

"#]]);
    let run = run(&case(Behavior::prints("hello")), "").code(0).stderr_eq(str![[r#"
warning: the policy's stdout is not one JSON document:
  hello
  hint: print only the answer to stdout, and messages to stderr

"#]]);
    run.stdout_eq(str![[r#"
{"uid":"[..]","allowed":false,"status":{"message":"internal server error: Cannot deserialize policy validation response: expected value at line 1 column 1","code":500},"auditAnnotations":null,"warnings":null}

"#]]);
}

#[test]
fn each_limit_can_be_set_and_is_named() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#).and_says("more than ten bytes"));
    for (limit, words) in [
        ("--output-limit 10B", "wrote more than 10 B to stdout (see `--output-limit`)"),
        ("--memory-limit 64KiB", "needed more than 64.0 KiB of memory (see `--memory-limit`)"),
    ] {
        // The limits apply to settings too.
        run(&case, limit).code(1).stdout_eq("").stderr_has(words);
    }
    run(&case, "--output-limit 17B").code(0).stderr_has("wrote more than 17 B to stderr");
    run(&case, "--time-limit none").code(0).stdout_has("\"allowed\":true");
    run(&case, "--time-limit never").code(2).stderr_has("`500ms`, or `none`");
    run(&case, "--memory-limit much").code(2).stderr_has("`256MiB`");
}

#[test]
fn what_a_host_only_logs_is_shown() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#).and_says("one\ntwo \u{1b}[31mred\n"));
    run(&case, "").code(0).stderr_eq(str![[r#"
      Logged one
             two /u{1b}[31mred

"#]]);
    run(&case, "-q").code(0).stderr_eq("");
}

#[test]
fn several_documents_are_several_requests() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    case.write("pod.yaml", format!("---\n{POD}---\n{}---\n", POD.replace("web", "db")));
    let both = run(&case, "").code(0);
    assert_eq!(both.stdout.lines().count(), 2, "{}", both.stdout);
    case.write("pod.yaml", format!("{POD}---\nkind: Pod\n"));
    run(&case, "").code(1).stdout_eq("").stderr_eq(str![[r#"
error: could not read request 2 of 2
  cause: the object has no `apiVersion`
  hint: a Kubernetes object says what it is: `apiVersion: v1` and `kind: Pod`

"#]]);
}

#[test]
fn an_object_becomes_a_request() {
    let case = case(Behavior { echo: true, ..Behavior::prints(r#"{"accepted":true}"#) });
    let asked = |args: &str| {
        let stderr = run(&case, args).code(0).stderr;
        let logged = stderr.trim_start().strip_prefix("Logged ").unwrap();
        serde_json::from_str::<serde_json::Value>(logged).unwrap()["request"].clone()
    };
    let created = asked("");
    assert_eq!(created["operation"], "CREATE");
    assert_eq!(created["resource"]["resource"], "pods");
    assert_eq!((&created["name"], &created["namespace"]), (&"web".into(), &"default".into()));
    case.write("old.yaml", POD.replace(":1", ":0"));
    let updated = asked("--operation UPDATE --old-object old.yaml");
    assert_eq!(updated["object"]["spec"]["containers"][0]["image"], "registry.example/web:1");
    assert_eq!(updated["oldObject"]["spec"]["containers"][0]["image"], "registry.example/web:0");
    let deleted = asked("--operation delete");
    assert_eq!((deleted.get("object"), &deleted["oldObject"]), (None, &created["object"]));
    for wrong in ["*", "REMOVE"] {
        let run = run(&case, &format!("--operation {wrong}")).code(2);
        run.stderr_has(&format!("invalid value '{wrong}'")).stderr_has("CREATE, UPDATE, DELETE, CONNECT");
    }
    case.write("request.json", r#"{"kind":"AdmissionReview","request":{}}"#);
    case.kw_wasi("run --wasm policy.wasm -r request.json --operation DELETE")
        .run()
        .code(1)
        .stderr_has("leave out `--operation` and `--old-object`");
}

#[test]
fn requests_that_are_not_valid() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    for (text, words) in [
        ("", "error: could not read the request `pod.yaml`\n  cause: it is empty"),
        ("[1]", "error: Invalid request object"),
        ("{\"a\": 1", "could not read the request `pod.yaml`"),
        ("{\"kind\": \"AdmissionReview\"}", "error: invalid AdmissionReview object"),
        (
            "{}",
            "error: cannot build AdmissionRequest object from given input: missing field `uid`\n  hint: a request is",
        ),
    ] {
        case.write("pod.yaml", text);
        run(&case, "").code(1).stdout_eq("").stderr_has(words);
    }
    case.kw_wasi("run --wasm policy.wasm -r nowhere").run().code(1).stderr_has("could not read `nowhere`");
    case.kw_wasi("run --wasm policy.wasm").run().code(2).stderr_has("<FILE");
}

#[test]
fn a_request_can_come_from_stdin() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    let mut invocation = case.kw_wasi("run --wasm policy.wasm -r -");
    invocation.command.stdin(std::fs::File::open(case.path("pod.yaml")).unwrap());
    invocation.succeed().stdout_eq(str![[r#"
{"uid":"[..]","allowed":true,"auditAnnotations":null,"warnings":null}

"#]]);
}

/// PowerShell and editors on Windows write a byte order mark and Windows line endings.
#[test]
fn files_that_were_written_on_windows_are_read() {
    let echo = Behavior { echo: true, ..Behavior::prints(r#"{"accepted":true}"#) };
    let case = case(echo);
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}"#;
    for request in [POD, json] {
        case.write("pod.yaml", request).write("settings.yaml", "a: |\n  b\n  c\n");
        let as_on_unix = run(&case, "-s settings.yaml").code(0);
        for file in ["pod.yaml", "settings.yaml"] {
            case.write(file, format!("\u{feff}{}", case.read(file).replace('\n', "\r\n")));
        }
        let as_on_windows = run(&case, "-s settings.yaml").code(0);
        assert_eq!(as_on_windows.stdout, as_on_unix.stdout);
        assert_eq!(as_on_windows.stderr, as_on_unix.stderr);
    }
}

const RESOURCE: &str = "\
apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata:
  name: demo
spec:
  module: registry://ghcr.io/acme/policies/demo:v0.1.0
  settings: {a: 1}
  rules: [{ apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE] }]
  mutating: false
";

#[test]
fn a_manifest_says_how_the_policy_is_installed() {
    let refusing = Behavior::prints(r#"{"accepted":false,"message":"no","code":403}"#);
    let echo = Behavior { echo: true, ..guest::settings_are_valid() };
    let case = case_with(refusing, echo, guest::METADATA);
    case.write("resource.yaml", format!("{RESOURCE}  message: ask the platform team\n"));
    run(&case, "--manifest resource.yaml").code(0).stderr_has(r#"Logged {"a":1}"#).stdout_eq(str![[r#"
{"uid":"[..]","allowed":false,"status":{"message":"ask the platform team","details":{"causes":[{"reason":null,"message":"no","field":null}]},"code":403},"auditAnnotations":null,"warnings":null}

"#]]);
    case.write("resource.yaml", format!("{RESOURCE}  mode: monitor\n"));
    run(&case, "--manifest resource.yaml").code(0).stdout_eq(str![[r#"
{"uid":"[..]","allowed":true,"auditAnnotations":null,"warnings":null}

"#]]);
    run(&case, "--manifest resource.yaml --settings-json {}").code(2);
}

#[test]
fn without_a_terminal_a_monitored_answer_is_shown_too() {
    let case = case(Behavior::prints(r#"{"accepted":false,"message":"no","code":403}"#));
    case.write("resource.yaml", format!("{RESOURCE}  mode: monitor\n"));
    run(&case, "--manifest resource.yaml").code(0).stderr_eq(str![[r#"
   Monitored in mode `protect` it would be rejected
      Reason no (code 403)

"#]]);
}

#[test]
fn mode_monitor_says_what_mode_protect_would_do() {
    let monitored = |validate: &str, more: &str| {
        let case = case(Behavior::prints(validate));
        case.write("resource.yaml", format!("{RESOURCE}  mode: monitor\n{more}"));
        run(&case, "--manifest resource.yaml").code(0).stderr
    };
    let rejected = monitored(MUTATED, "");
    assert!(rejected.contains("in mode `protect` it would be rejected"), "{rejected}");
    assert!(rejected.contains("currently configured to not allow mutations"), "{rejected}");
    let refused = monitored(r#"{"accepted":false,"message":"no"}"#, "  message: ask the platform team\n");
    assert!(refused.contains("Reason ask the platform team"), "{refused}");
    assert!(refused.contains("Cause no"), "{refused}");
    assert_eq!(monitored(r#"{"accepted":true}"#, ""), "");
}

#[test]
fn a_request_that_a_cluster_would_not_send_is_answered_and_said() {
    let rules = r#""rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["services"],"operations":["CREATE"]}]"#;
    let metadata = guest::METADATA.replace(r#""rules":[]"#, rules);
    let accepting = || Behavior::prints(r#"{"accepted":true}"#);
    let case = case_with(accepting(), guest::settings_are_valid(), &metadata);
    run(&case, "").code(0).stdout_has("\"allowed\":true").stderr_eq(str![[r#"
warning: a cluster would not send this request: no rule of the policy covers CREATE of `v1/pods`
  hint: the rules cover CREATE of `v1/services`

"#]]);
    // What a resource says counts instead.
    case.write("resource.yaml", RESOURCE);
    run(&case, "--manifest resource.yaml").code(0).stderr_eq("");
    for (more, words) in [
        (
            "  objectSelector: { matchLabels: { app: db } }\n",
            "`objectSelector` of the policy does not select",
        ),
        (
            "  namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }\n",
            "`namespaceSelector` of the policy does not select",
        ),
        ("  namespaceSelector: { matchLabels: { env: prod } }\n", "was not evaluated"),
        (
            "  matchConditions: [{ name: a, expression: 'true' }]\n",
            "`matchConditions`, which are not evaluated",
        ),
    ] {
        case.write("resource.yaml", format!("{RESOURCE}{more}"));
        run(&case, "--manifest resource.yaml").code(0).stdout_has("\"allowed\":true").stderr_has(words);
    }
    run(&case, "--manifest resource.yaml --operation DELETE").stderr_has("covers DELETE of `v1/pods`");
    case.write(
        "resource.yaml",
        RESOURCE.replace("Cluster", "").replace("name: demo", "name: demo\n  namespace: shop"),
    );
    run(&case, "--manifest resource.yaml").code(0).stderr_has("in namespace `shop` only");
    case.write("resource.yaml", format!("{RESOURCE}  objectSelector: {{ matchLabels: [] }}\n"));
    run(&case, "--manifest resource.yaml").code(1).stderr_has("could not read `spec.objectSelector`");
}

#[test]
fn the_resource_sets_the_time_limit_unless_the_user_does() {
    let case = case(Behavior::prints("").and_ends(End::Loop));
    case.write("resource.yaml", format!("{RESOURCE}  timeoutEvalSeconds: 3\n"));
    run(&case, "--manifest resource.yaml").code(0).stderr_has("it was stopped after 3s");
    run(&case, "--manifest resource.yaml --time-limit 200ms").code(0).stderr_has("stopped after 200ms");
}

#[test]
fn a_definition_says_what_a_custom_resource_is() {
    let case = case(Behavior { echo: true, ..Behavior::prints(r#"{"accepted":true}"#) });
    case.write("pod.yaml", "apiVersion: example.com/v1\nkind: Gadget\nmetadata: { name: a }\n");
    run(&case, "").code(0).stderr_has("hint: pass its CustomResourceDefinition with `--crd FILE`");
    let names = "names: { plural: gadgetry, kind: Gadget }";
    case.write(
        "crds.yaml",
        format!("kind: Service\n---\nkind: CustomResourceDefinition\nspec: {{ group: example.com, scope: Cluster, {names} }}\n"),
    );
    let run = run(&case, "--crd crds.yaml").code(0);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    run.stderr_has(r#""resource":"gadgetry""#);
}

#[test]
fn a_document_that_is_not_a_request_is_refused() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    for (file, text, words) in [
        ("a.json", "{\"a\": 1e400}", "number out of range"),
        ("a.json", "{\"uid\": [}", "not valid JSON: line 1: "),
        ("a.json", r#"{"apiVersion":"v1","kind":"List","items":[]}"#, "there is nothing in it"),
        ("a.yaml", "# nothing\n", "it is empty"),
        ("a.yaml", "a: 1\nb: [\n", "not valid YAML: line 3: "),
    ] {
        case.write(file, text);
        let answer = case.kw_wasi(&format!("run --wasm policy.wasm -r {file}")).run();
        answer.code(1).stdout_eq("").stderr_has(words);
    }
}

#[test]
fn a_list_is_several_requests_of_kubernetes_and_one_raw_one() {
    let case = case(Behavior { echo: true, ..Behavior::prints(r#"{"accepted":true}"#) });
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}"#;
    case.write("list.json", format!(r#"{{"apiVersion":"v1","kind":"List","items":[{pod},{pod}]}}"#));
    let both = case.kw_wasi("run --wasm policy.wasm -r list.json").run().code(0);
    assert_eq!(both.stdout.lines().count(), 2);
    let one = case.kw_wasi("run --wasm policy.wasm -r list.json --raw").run().code(0);
    assert_eq!(one.stdout.lines().count(), 1);
    one.stderr_has(r#""request":{"apiVersion":"v1","items":[{"#);
}

#[test]
fn several_files_have_an_answer_for_each_request() {
    let case = case(Behavior { echo: true, ..Behavior::prints(r#"{"accepted":true}"#) });
    for name in ["a", "b", "c"] {
        case.write(&format!("{name}.json"), POD.replace("web", name));
    }
    let answers = case.kw_wasi("run --wasm policy.wasm b.json c.json -r a.json").run().code(0);
    assert_eq!(answers.stdout.lines().count(), 3);
    let names: Vec<_> = answers.stderr.match_indices(r#""metadata":{"name":""#).collect();
    let names: Vec<_> = names.iter().map(|(at, found)| &answers.stderr[at + found.len()..][..1]).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let twice = case.kw_wasi("run --wasm policy.wasm - -r -").run();
    twice.code(1).stderr_has("stdin can be read only once");
}

#[test]
fn without_a_request_the_settings_alone_are_checked() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    case.write("settings.yaml", "a: 1\n");
    let valid = case.kw_wasi("run --wasm policy.wasm -s settings.yaml").run();
    valid.code(0).stdout_eq("").stderr_has("they are valid");
    let refusing = case_with(
        Behavior::prints(r#"{"accepted":true}"#),
        Behavior::prints(r#"{"valid":false,"message":"no"}"#),
        guest::METADATA,
    );
    refusing.write("settings.yaml", "a: 1\n");
    let refused = refusing.kw_wasi("run --wasm policy.wasm -s settings.yaml").run();
    refused.code(1).stdout_eq("").stderr_has("Provided settings are not valid: no");
}

#[test]
fn objects_are_read_as_kubectl_reads_them() {
    let case = case(Behavior { echo: true, ..Behavior::prints(r#"{"accepted":true}"#) });
    case.write("pod.yaml", format!("{POD}  hostNetwork: yes\n  mode: 0644\n  text: '0644'\n"));
    run(&case, "").code(0).stderr_has(r#""hostNetwork":true,"mode":420,"text":"0644""#);
    run(&case, "--raw").code(0).stderr_has(r#""hostNetwork":"yes","mode":"0644","text":"0644""#);
}

#[test]
fn an_old_object_belongs_to_one_request() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    case.write("old.yaml", POD);
    run(&case, "--old-object old.yaml --operation UPDATE").code(0);
    run(&case, "--old-object old.yaml").code(1).stdout_eq("").stderr_has("a CREATE has none");
    case.write("old.yaml", "5");
    run(&case, "--old-object old.yaml --operation UPDATE")
        .code(1)
        .stderr_has("it is not a Kubernetes object");
    case.write("old.yaml", POD).write("pod.yaml", format!("{POD}---\n{POD}"));
    run(&case, "--old-object old.yaml --operation UPDATE").code(1).stderr_has("and the request has 2");
}

#[test]
fn metadata_that_no_host_reads_is_refused() {
    for (from, to, words) in [
        (r#","mutating":false"#, "", "missing field `mutating`"),
        (r#","rules":[]"#, "", "missing field `rules`"),
        (r#""rules":[]"#, r#""rules":[{"apiGroups":[]}]"#, "missing field `apiVersions`"),
        (r#""rules":[]"#, r#""rules":[],"annotations":{"a":1}"#, "expected a string"),
        (r#""rules":[]"#, r#""rules":[],"minimumKubewardenVersion":"x""#, "unexpected character"),
        ("Unknown", "v9", "unknown variant `v9`"),
    ] {
        let metadata = guest::METADATA.replace(from, to);
        assert_ne!(metadata, guest::METADATA, "{from}");
        let case =
            case_with(Behavior::prints(r#"{"accepted":true}"#), guest::settings_are_valid(), &metadata);
        let words = format!(
            "cannot deserialize custom section `io.kubewarden.metadata` of wasm module\n  cause: {words}"
        );
        let run = run(&case, "").code(1).stdout_eq("");
        assert!(run.stderr.contains(words.split('\n').next().unwrap()), "{}", run.stderr);
        run.stderr_has(words.rsplit(": ").next().unwrap());
    }
}

#[test]
fn a_module_is_not_built() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    for flag in ["-p demo", "--manifest-path Cargo.toml", "--features a", "--profile dev"] {
        run(&case, flag).code(2).stderr_has("cannot be used with");
    }
}

/// `head` exits before the output ends.
#[cfg(unix)]
#[test]
fn a_reader_may_stop_reading() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    let mut tool = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-kw-wasi"))
        .args(["kw-wasi", "run", "--wasm", "policy.wasm", "-r", "-"])
        .current_dir(case.path("."))
        .env("XDG_CACHE_HOME", case.path("cache"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(tool.stdout.take());
    std::io::Write::write_all(&mut tool.stdin.take().unwrap(), POD.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn manifests_that_deploy_no_policy() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    for (text, words) in [
        (POD.to_owned(), "the file has no policy"),
        (format!("{RESOURCE}---\n{RESOURCE}"), "the file has 2 policies"),
        (RESOURCE.replace("Policy\n", "PolicyGroup\n"), "a policy group"),
        (RESOURCE.replace("{a: 1}", "[1]"), "Invalid settings in CRD, not an object"),
        (format!("{RESOURCE}  mode: quiet\n"), "could not read `spec.mode`"),
        (format!("{RESOURCE}  mode: quiet\n"), "unknown variant `quiet`"),
        (RESOURCE.replace("mutating: false", "mutating: null"), "could not read `spec.mutating`"),
        (format!("{RESOURCE}  mode: protect\n  mode: monitor\n"), "`mode` is written twice"),
        (RESOURCE.replace("io/v1", "io/v1alpha2"), "its `apiVersion` is `policies.kubewarden.io/v1alpha2`"),
        ("a: [".to_owned(), "could not read the policy's manifest `resource.yaml`"),
    ] {
        case.write("resource.yaml", text);
        run(&case, "--manifest resource.yaml").code(1).stdout_eq("").stderr_has(words);
    }
}

#[test]
fn modules_that_are_not_wasi_policies() {
    let case = case(Behavior::prints(r#"{"accepted":true}"#));
    let module = |text: &str| wat::parse_str(text).unwrap();
    case.write("policy.wasm", module("(module (func (export \"_start\")) (memory (export \"memory\") 1))"));
    run(&case, "").code(1).stdout_eq("").stderr_eq(str![[r#"
error: `policy.wasm` has no Kubewarden metadata: a host treats it as a waPC policy
  hint: use a module written by `cargo kw-wasi build` or `kwctl annotate`

"#]]);
    let metadata = guest::METADATA.replace("wasi", "kubewarden-wapc");
    case.write("policy.wasm", guest::policy(&Behavior::default(), &guest::settings_are_valid(), &metadata));
    run(&case, "").code(1).stdout_eq("").stderr_has("says `executionMode: kubewarden-wapc`");
    case.write(
        "policy.wasm",
        module("(module (import \"env\" \"f\" (func)) (func (export \"_start\")) (memory (export \"memory\") 1))"),
    );
    run(&case, "")
        .code(1)
        .stdout_eq("")
        .stderr_has("error[unknown-import]")
        .stderr_has("unknown import: `env::f`");
    case.write("policy.wasm", "no module");
    run(&case, "").code(1).stdout_eq("").stderr_has("not a WebAssembly module");
    case.kw_wasi("run --wasm nowhere.wasm -r pod.yaml")
        .run()
        .code(1)
        .stderr_has("could not read `nowhere.wasm`");
}

/// A policy that accepts everything after one call of its host.
fn calling_the_host(namespace: &str, operation: &str, payload: &str) -> Case {
    let case = case(Behavior::default());
    let ends = [namespace, operation, payload]
        .iter()
        .scan(110, |at, text| {
            *at += text.len();
            Some(*at)
        })
        .collect::<Vec<_>>();
    let text = format!(
        r#"(module
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "kubewarden{namespace}{operation}{payload}")
  (data (i32.const 0) "\00\04\00\00\1e\00\00\00")
  (data (i32.const 1024) "{{\"accepted\":true,\"valid\":true}}")
  (func (export "_start")
    (drop (call $call (i32.const 100) (i32.const 10) (i32.const 110) (i32.const {})
      (i32.const {}) (i32.const {}) (i32.const {}) (i32.const {})))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (@custom "io.kubewarden.metadata" "{}"))"#,
        namespace.len(),
        ends[0],
        operation.len(),
        ends[1],
        payload.len(),
        guest::METADATA.replace('"', "\\\""),
        payload = payload.replace('"', "\\\""),
    );
    case.write("policy.wasm", wat::parse_str(text).unwrap());
    case
}

#[test]
fn what_is_logged_through_the_host_is_shown() {
    let case = calling_the_host("tracing", "log", r#"{"level":"info","message":"seen","pod":"web"}"#);
    // The policy logs once for the settings and once for the request.
    run(&case, "").code(0).stderr_eq(str![[r#"
      Logged info: seen {"pod":"web"}
      Logged info: seen {"pod":"web"}

"#]]);
    case.write(
        "tests/policy.yml",
        "cases: [{ name: a, object: { apiVersion: v1, kind: Pod }, expect: { allowed: false } }]",
    );
    let test = case.kw_wasi("test --wasm policy.wasm --skip protocol").run().code(1);
    test.stdout_has("the policy logged: info: seen {\"pod\":\"web\"}");
}

#[test]
fn a_refused_capability_is_named() {
    let case = calling_the_host("oci", "v1/verify", "");
    let warning =
        "warning: the policy asked for the host capability `oci/v1/verify`, which is not provided here";
    let run = run(&case, "").code(0).stderr_has(warning);
    assert!(run.stdout.contains("\"allowed\":true"), "{}", run.stdout);
}

/// Stdout and stderr at a pseudo-terminal, which only Unix has in this form.
#[cfg(unix)]
fn screen(case: &Case, args: &str) -> String {
    let mut invocation = case.kw_wasi(&format!("run --wasm policy.wasm -r pod.yaml {args}"));
    invocation
        .command
        .env_remove("NO_COLOR")
        .env_remove("CARGO_TERM_COLOR")
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::inherit());
    let mut command = std::process::Command::new(support::TOOL);
    command.args(invocation.command.get_args()).current_dir(case.root());
    for (name, value) in invocation.command.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut session = spawn_command(command, Some(20_000)).unwrap();
    // The output was decoded as Latin-1.
    let bytes = session.exp_eof().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let seen = String::from_utf8(bytes).unwrap();
    let uid = seen.split("\"uid\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("no uid");
    seen.replace("\r\n", "\n").replace(uid, "UID").replace('\u{1b}', "<ESC>")
}

#[cfg(unix)]
#[track_caller]
fn assert_screen(case: &Case, args: &str, expected: snapbox::Data) {
    support::assert_snapshot(&screen(case, args), expected, case.redactions());
}

#[cfg(unix)]
#[test]
fn at_a_terminal_the_verdict_is_shown_in_words() {
    assert_screen(
        &case(Behavior::prints(r#"{"accepted":true}"#)),
        "",
        file!["../snapshots/run-accepted.txt"],
    );
    let rejecting = r#"{"accepted":false,"message":"no","code":403,"warnings":["careful"],"audit_annotations":{"by":"demo"}}"#;
    let case = case(Behavior::prints(rejecting));
    assert_screen(&case, "", file!["../snapshots/run-rejected.txt"]);
    case.write("resource.yaml", format!("{RESOURCE}  mode: monitor\n"));
    assert_screen(&case, "--manifest resource.yaml", file!["../snapshots/run-monitored.txt"]);
    case.write("resource.yaml", format!("{RESOURCE}  message: ask the platform team\n"));
    assert_screen(&case, "--manifest resource.yaml", file!["../snapshots/run-custom-message.txt"]);
}

#[cfg(unix)]
#[test]
fn at_a_terminal_a_mutation_is_a_diff() {
    let case = case(Behavior::prints(MUTATED));
    assert_screen(&case, "--color=always", file!["../snapshots/run-mutated.txt"]);
    case.write("resource.yaml", RESOURCE);
    assert_screen(&case, "--manifest resource.yaml", file!["../snapshots/run-mutation-forbidden.txt"]);
    case.write("resource.yaml", RESOURCE.replace("mutating: false", "mutating: true"));
    assert_screen(
        &case,
        "--color=never --manifest resource.yaml",
        file!["../snapshots/run-mutation-allowed.txt"],
    );
}

#[cfg(unix)]
#[test]
fn at_a_terminal_failures_are_shown_in_words() {
    let case = case(Behavior::prints("").and_says("cannot read input\n").and_ends(End::Exit(1)));
    assert_screen(&case, "", file!["../snapshots/run-failed.txt"]);
    assert_screen(&case, "-q", file!["../snapshots/run-quiet.txt"]);
}

#[test]
fn the_policy_is_built_first_and_silently() {
    let case = Case::policy();
    case.write("pod.yaml", POD);
    let target = support::shared_target_folder("run");
    let run = || case.kw_wasi("run -r pod.yaml").env("CARGO_TARGET_DIR", &target).run();
    for _ in 0..2 {
        run().code(0).stderr_eq("").stdout_eq(str![[r#"
{"uid":"[..]","allowed":true,"auditAnnotations":null,"warnings":null}

"#]]);
    }
    assert!(target.join("kubewarden/demo.wasm").exists());
    case.edit("src/main.rs", "fn main()", "fn main(");
    let failed = run();
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(101), ""), "{}", failed.stderr);
    assert!(failed.stderr.starts_with("error"), "{}", failed.stderr);
}

/// The guest uses 17 MiB of memory; the tool may use 150 MiB more.
#[cfg(target_os = "linux")]
#[test]
fn long_answers_take_little_memory() {
    const LIMIT_KB: usize = (17 + 150) << 10;
    let case = Case::empty();
    case.write("pod.yaml", POD);
    let wat = r#"(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 272)
  (data (i32.const 1024) "{\"accepted\":false,\"valid\":true,\"message\":\"")
  (data (i32.const 2048) "\"}")
  (func $write (param $to i32) (param $from i32) (param $bytes i32)
    (i32.store (i32.const 0) (local.get $from))
    (i32.store (i32.const 4) (local.get $bytes))
    (drop (call $fd_write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (memory.fill (i32.const 4096) (i32.const 97) (i32.const 16777000))
    (call $write (i32.const 1) (i32.const 1024) (i32.const 42))
    (call $write (i32.const 1) (i32.const 4096) (i32.const 16777000))
    (call $write (i32.const 1) (i32.const 2048) (i32.const 2))
    (call $write (i32.const 2) (i32.const 4096) (i32.const 16777000)))
  (@custom "io.kubewarden.metadata" "{\"rules\":[],\"mutating\":false,\"executionMode\":\"wasi\"}"))"#;
    case.write("policy.wasm", wat::parse_str(wat).unwrap());
    let mut tool = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-kw-wasi"))
        .args(["kw-wasi", "run", "--wasm", "policy.wasm", "-r", "pod.yaml"])
        .current_dir(case.path("."))
        .env("XDG_CACHE_HOME", case.path("cache"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::fs::File::create(case.path("stderr")).unwrap())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", tool.id());
    // The output is read slowly, so that the tool still runs when it uses the most memory.
    let mut stdout = tool.stdout.take().unwrap();
    let (mut peak_kb, mut printed, mut piece) = (0, 0, vec![0; 1 << 16]);
    loop {
        let read = std::io::Read::read(&mut stdout, &mut piece).unwrap();
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        peak_kb = peak_kb.max(peak.trim().trim_end_matches(" kB").parse().unwrap());
        printed += read;
        if read == 0 {
            break;
        }
    }
    assert!(tool.wait().unwrap().success());
    assert!(printed > 16_777_000, "{printed} bytes");
    assert!(std::fs::metadata(case.path("stderr")).unwrap().len() > 2 * 16_777_000);
    assert!((17 << 10..LIMIT_KB).contains(&peak_kb), "{} MiB", peak_kb >> 10);
}
