//! Modules made to take all memory or time, under every verb that reads modules: the tool stays small, and says what is
//! wrong.

use std::alloc::System;
use std::process::Stdio;

use cargo_kw_wasi::module::inspection::Inspection;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

use crate::support::guest::{self, Behavior};
use crate::support::{self, Case, TOOL};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The guest may use 256 MiB of it.
const MOST_BYTES: usize = 600 << 20;

/// A module with a custom section after it.
fn with_section(mut wasm: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let mut body = leb(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    wasm.push(0);
    wasm.extend(leb(body.len()));
    wasm.extend(body);
    wasm
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A module that does nothing, with this metadata.
fn described(metadata: &str) -> Vec<u8> {
    let text = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    with_section(wat::parse_str(text).unwrap(), "io.kubewarden.metadata", metadata.as_bytes())
}

/// Metadata of a policy with these rules.
fn with_rules(rules: &str) -> String {
    format!(r#"{{"executionMode":"wasi","mutating":false,"protocolVersion":"Unknown","rules":[{rules}]}}"#)
}

fn rule(resources: &str) -> String {
    format!(r#"{{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":[{resources}]}}"#)
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

/// A guest of `tests/hostile` as a policy.
fn hostile(name: &str) -> Vec<u8> {
    let file = format!("{}/tests/hostile/{name}.wat", env!("CARGO_MANIFEST_DIR"));
    with_section(wat::parse_file(file).unwrap(), "io.kubewarden.metadata", guest::METADATA.as_bytes())
}

fn many_sections(count: usize) -> Vec<u8> {
    (0..count).fold(described(guest::METADATA), |mut wasm, _| {
        wasm.extend_from_slice(b"\0\x02\x01a");
        wasm
    })
}

fn nested_loops(depth: usize) -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 1) (func (export "_start") {} {}))"#,
        "loop ".repeat(depth),
        "end ".repeat(depth)
    );
    with_section(wat::parse_str(text).unwrap(), "io.kubewarden.metadata", guest::METADATA.as_bytes())
}

/// The exit code, the greatest amount of memory, and the output, of a verb.
fn measured(case: &Case, args: &[&str]) -> (Option<i32>, usize, String) {
    let file = |name: &str| std::fs::File::create(case.path(name)).unwrap();
    let mut command = case.program(TOOL).command;
    command.arg("kw-wasi").args(args).stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
    let mut child = command.spawn().unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let status = loop {
        let text = std::fs::read_to_string(&status_file).unwrap_or_default();
        let high_water = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = high_water.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
        peak = peak.max(kilobytes.unwrap_or_default() << 10);
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    };
    let output = [case.read_bytes("stderr"), case.read_bytes("stdout")].concat();
    assert!(output.len() < 20 << 20, "{args:?} prints {} bytes", output.len());
    (status.code(), peak, String::from_utf8_lossy(&output).into_owned())
}

#[test]
fn no_module_takes_much_memory_under_any_verb() {
    let bombs: [(&str, Vec<u8>, &str); 12] = [
        ("long-message", hostile("logs-a-long-message"), ""),
        ("all-memory", hostile("logs-all-of-its-memory"), ""),
        ("many-records", hostile("logs-empty-records"), ""),
        ("many-lines", hostile("logs-many-lines"), ""),
        ("many-values", hostile("logs-many-values"), ""),
        ("large-metadata", described(&with_rules(&list(50_000, |n| rule(&format!("\"a{n}\""))))), "metadata"),
        ("values", described(&with_rules(&list(100_000, |_| r#"{"":0}"#.to_owned()))), "metadata"),
        ("thousand-rules", described(&with_rules(&list(1_000, |_| rule(r#""Pods ","""#)))), ""),
        (
            "resources",
            described(&with_rules(&rule(&(list(50_000, |n| format!("\"a{n}/b\"")) + ",\"\"")))),
            "",
        ),
        ("empty-resources", described(&with_rules(&rule(&list(200_000, |_| "\"\"".to_owned())))), ""),
        ("sections", many_sections(2_000_000), ""),
        ("loops", nested_loops(20_000), "loops inside each other"),
    ];
    let case = Case::empty();
    case.write("request.json", "{}");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut wrong = Vec::new();
    for (name, wasm, says) in bombs {
        case.write(&format!("{name}.wasm"), wasm);
        let file = format!("{name}.wasm");
        for args in [
            &["run", "--raw", "-r", "request.json", "--wasm", &file][..],
            &["test", "--wasm", &file],
            &["inspect", &file],
            &["inspect", "--format", "yaml", &file],
            &["inspect", "--format", "json", &file],
            &["push", "localhost:1/demo:v1", "--wasm", &file],
            &["manifest", "--wasm", &file],
        ] {
            let (code, peak, output) = measured(&case, args);
            let guests = if args[0] == "test" { threads } else { 1 };
            if peak > MOST_BYTES * guests || code.is_none() || output.contains("panicked") {
                wrong.push(format!("{name}: {args:?}: {code:?}, {} MiB", peak >> 20));
            }
            if !output.contains(says) {
                wrong.push(format!("{name}: {args:?} does not say `{says}`: {output}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is allocated while a module is inspected, in bytes.
fn cost_of_inspection(wasm: &[u8]) -> usize {
    let region = Region::new(ALLOCATOR);
    let inspection = Inspection::of(wasm, "policy.wasm".as_ref());
    let allocated = region.change().bytes_allocated;
    drop(inspection);
    allocated
}

/// Makes metadata of a size.
type Generator = fn(usize) -> String;

#[test]
fn checking_metadata_costs_no_more_than_twice_for_twice_the_metadata() {
    if !support::is_alone("bombs::checking_metadata_costs_no_more_than_twice_for_twice_the_metadata") {
        return;
    }
    let kinds: [(&str, Generator); 6] = [
        ("rules", |count| with_rules(&list(count, |n| rule(&format!("\"a{n}\""))))),
        ("wrong rules", |count| with_rules(&list(count, |_| rule(r#""Pods ","","""#)))),
        ("resources", |count| with_rules(&rule(&list(count * 10, |n| format!("\"a{n}/b\""))))),
        ("equal resources", |count| with_rules(&rule(&list(count * 10, |_| "\"pods\"".to_owned())))),
        ("unknown keys", |count| format!("{{{}}}", list(count, |n| format!("\"mutatin{n}\":0")))),
        ("annotations", |count| {
            format!("{{\"annotations\":{{{}}}}}", list(count * 10, |n| format!("\"a{n}\":\"b\"")))
        }),
    ];
    for (name, metadata) in kinds {
        let [once, twice] = [500, 1000].map(|count| cost_of_inspection(&described(&metadata(count))));
        assert!(twice * 10 <= once * 22, "{name}: {once} and {twice} bytes");
    }
}

#[test]
fn a_policy_that_prints_before_its_answer_is_shown_what_it_printed() {
    let case = Case::empty();
    let answer = Behavior::prints("hello\n{\"accepted\":true}");
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    case.write("request.json", "{}");
    let run = case.kw_wasi("run --raw -r request.json --wasm p.wasm").run().code(0);
    run.stdout_has("Cannot deserialize policy validation response")
        .stderr_has("the policy's stdout is not one JSON document:")
        .stderr_has("\n  hello\n  {\"accepted\":true}\n")
        .stderr_has("print only the answer to stdout");
    let run = case.kw_wasi("test --wasm p.wasm").run().code(1);
    run.stdout_has("hello");
}

#[test]
fn a_raw_request_in_a_request_is_noted() {
    let case = Case::empty();
    let answer = Behavior::prints("{\"accepted\":true}");
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    case.write("wrapped.json", r#"{"request":{"user":"jane"}}"#);
    case.write("bare.json", r#"{"request":"tea"}"#);
    let run = |file: &str| case.kw_wasi(&format!("run --raw --wasm p.wasm -r {file}")).run().code(0);
    run("wrapped.json").stderr_has("not unwrapped");
    run("bare.json").stderr_lacks("not unwrapped");
}

#[test]
fn refused_settings_are_one_failure_and_not_two() {
    let case = Case::empty();
    let fails = Behavior::prints("not an answer").and_says("I need settings");
    let refuses = Behavior::prints(r#"{"valid":false,"message":"no"}"#);
    case.write("p.wasm", guest::policy(&fails, &refuses, guest::METADATA));
    case.write("tests/policy.yml", "cases:\n- name: one\n  object: {apiVersion: v1, kind: Pod, metadata: {name: a}}\n  expect: {allowed: true}\n");
    let run = case.kw_wasi("test --wasm p.wasm").run().code(1);
    run.stdout_has("test protocol::subcommands ... ok")
        .stdout_has("test protocol::one-document ... ok")
        .stdout_has("test one ... FAILED");
    // Where the policy fails although the settings are good, what it said is shown.
    case.write("p.wasm", guest::policy(&fails, &guest::settings_are_valid(), guest::METADATA));
    let run = case.kw_wasi("test --wasm p.wasm protocol::subcommands").run().code(1);
    run.stdout_has("I need settings");
}

#[test]
fn a_long_refusal_of_settings_is_shortened() {
    let case = Case::empty();
    let message = "line\\n".repeat(700_000);
    let refuses = Behavior::prints(&format!(r#"{{"valid":false,"message":"{message}"}}"#));
    case.write("p.wasm", guest::policy(&guest::settings_are_valid(), &refuses, guest::METADATA));
    case.write("tests/policy.yml", "cases:\n- name: one\n  object: {apiVersion: v1, kind: Pod, metadata: {name: a}}\n  expect: {allowed: true}\n");
    case.write("request.json", "{}");
    for args in ["test --wasm p.wasm", "run --raw -r request.json --wasm p.wasm"] {
        let run = case.kw_wasi(args).run().code(1);
        assert!(run.stdout.len() + run.stderr.len() < 64 << 10, "{args}: {}", run.stdout.len());
        assert!((run.stdout + &run.stderr).contains("more bytes"), "{args}");
    }
}

#[test]
fn nothing_at_a_terminal_obeys_the_policy() {
    let case = Case::empty();
    let evil = "a\u{9b}31m\u{7f}\u{202e}\u{2066}\u{61c}b";
    let answer = Behavior::prints(&format!(r#"{{"accepted":false,"message":"{evil}"}}"#)).and_says(evil);
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    case.write("request.json", "{}");
    let name = "e\u{1b}[31mvil\u{202e}.policy.yml";
    case.write(
        &format!("tests/{name}"),
        format!("cases:\n- name: \"x\\u009b\\u202e\"\n  object: {{apiVersion: v1, kind: Pod, metadata: {{name: a}}}}\n  expect: {{allowed: true, message: \"{evil}x\"}}\n").replace('\u{7f}', "").replace('\u{9b}', ""),
    );
    for args in [
        "run --raw -r request.json --wasm p.wasm",
        "test --wasm p.wasm --format json",
        "test --wasm p.wasm --format junit",
        "test --wasm p.wasm --color never",
        "test --wasm p.wasm --list --format json",
        "test --wasm p.wasm --list",
        "inspect p.wasm --format json",
    ] {
        let (screen, _) = case.kw_wasi(args).env("CARGO_TERM_COLOR", "never").at_a_terminal();
        let is_obeyed =
            |c: char| c.is_control() && !"\n\r\t".contains(c) || "\u{202e}\u{2066}\u{61c}".contains(c);
        assert!(!screen.contains(is_obeyed), "{args}: {screen:?}");
    }
    // Scripts get what `kwctl` prints.
    let run = case.kw_wasi("run --raw -r request.json --wasm p.wasm").run().code(0);
    run.stdout_has(evil);
}

#[test]
fn a_lack_of_memory_is_an_error_of_the_tool() {
    let case = Case::empty();
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1)
            (func (export "_start") (if (i32.eq (memory.grow (i32.const 16000)) (i32.const -1)) (then unreachable))))"#,
    )
    .unwrap();
    case.write("p.wasm", with_section(wasm, "io.kubewarden.metadata", guest::METADATA.as_bytes()));
    case.write("request.json", "{}");
    let run = |kilobytes: &str, args: &str| {
        let script = format!("ulimit -v {kilobytes}; exec {TOOL} kw-wasi {args} --wasm p.wasm");
        case.program("sh").args(["-c", &script]).run()
    };
    let answer = Behavior::prints("{\"accepted\":true}");
    for verb in ["run --raw -r request.json", "test"] {
        run("3000000", &format!("{verb} --memory-limit 4GiB"))
            .code(101)
            .stderr_has("this machine could not run the policy");
    }
    // No more is reserved than the policy may use.
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    run("3000000", "run --raw -r request.json").code(0).stdout_has("\"allowed\":true");
}

#[test]
fn the_number_of_threads_is_not_that_of_the_environment() {
    let case = Case::empty();
    let answer = Behavior::prints("{\"accepted\":true}");
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    case.write("request.json", "{}");
    for args in ["run --raw -r request.json --wasm p.wasm", "test --wasm p.wasm"] {
        let run = case.kw_wasi(args).env("RAYON_NUM_THREADS", "100000").run();
        assert!(run.code.is_some_and(|code| code < 2) && !run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

#[test]
fn where_no_thread_can_be_started_one_does_all_the_work() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::empty();
    let answer = Behavior::prints("{\"accepted\":true}");
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    case.write("request.json", "{}");
    // The limit is not for root, who becomes another user, who has to see the files.
    let readable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(case.root().parent().unwrap(), readable).unwrap();
    let is_root = case.program("id").args(["-u"]).run().stdout.trim() == "0";
    let user = if is_root { "exec setpriv --reuid=65534 --clear-groups " } else { "" };
    let run = |args: &str| {
        let script = format!("{user}bash -c 'ulimit -u 1; exec {TOOL} kw-wasi {args} --wasm p.wasm'");
        case.program("bash").args(["-c", &script]).run()
    };
    let none = "--time-limit none";
    run(&format!("run --raw -r request.json {none}")).code(0).stdout_has("\"allowed\":true");
    run(&format!("test {none}")).code(1).stdout_has("test protocol::subcommands ... ok");
    // The clock needs a thread of its own.
    for args in ["run --raw -r request.json", "test"] {
        run(args).code(101).stderr_has("no thread for the time limit");
    }
}

#[test]
fn a_cache_that_is_not_used_is_explained_to_who_asks() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::empty();
    let answer = Behavior::prints("{\"accepted\":true}");
    case.write("p.wasm", guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA));
    case.write("request.json", "{}");
    let folder = case.home().join(".cache/cargo-kw-wasi");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let run =
        |flags: &str| case.kw_wasi(&format!("run --raw -r request.json --wasm p.wasm {flags}")).run().code(0);
    run("-v")
        .stderr_has("compiled policies are not kept: the folder")
        .stderr_has("written to by other users");
    run("").stderr_lacks("compiled policies");
    assert_eq!(folder.read_dir().unwrap().count(), 0);
}
