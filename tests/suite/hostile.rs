//! Guests that do what no guest should do, each in a file in `tests/hostile`. Each is stopped, the reason is reported, and
//! this process stays small.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cargo_kw_wasi::protocol::PolicyType;
use cargo_kw_wasi::protocol::{Request, Settings};
use cargo_kw_wasi::runtime::{Bound, Cache, GuestOutcome, Limits, Policy};

use crate::support;

const TIME_LIMIT: Duration = Duration::from_millis(500);
const LIMITS: Limits = Limits { time: Some(TIME_LIMIT), memory_bytes: 256 << 20, output_bytes: 16 << 20 };

/// The memory that the tool may use in addition to the guest's.
const OWN_BYTES: usize = 150 << 20;

/// How a guest ends.
#[derive(Debug, PartialEq)]
enum End {
    Stopped(Bound),
    /// A trap whose reason contains this string.
    Trap(&'static str),
    Exit(i32),
}

use End::{Exit, Stopped, Trap};

const TIME: End = Stopped(Bound::Time(TIME_LIMIT));
const MEMORY: End = Stopped(Bound::Memory(LIMITS.memory_bytes));
const STDOUT: End = Stopped(Bound::Stdout(LIMITS.output_bytes));
const STDERR: End = Stopped(Bound::Stderr(LIMITS.output_bytes));
const OUT_OF_BOUNDS: End = Trap("out of bounds");

const ENDS: &[(&str, End)] = &[
    ("answers-with-many-values", Stopped(Bound::Answer(50_332_768))),
    ("asks-by-a-long-name", Exit(0)),
    ("calls-the-host-from-nowhere", Trap("are not in a memory of 65536 bytes")),
    ("calls-the-host-in-no-language", Trap("invalid utf-8")),
    ("endless-loop", TIME),
    ("floods-in-one-write", STDOUT),
    ("floods-stderr", STDERR),
    ("floods-stdout", STDOUT),
    ("floods-with-crumbs", TIME),
    ("grows-memory", MEMORY),
    ("grows-table", MEMORY),
    ("grows-within-its-own-limit", Exit(7)),
    ("has-no-memory", Trap("no memory is exported")),
    ("huge-table", MEMORY),
    ("leaves-with-a-code-out-of-range", Trap("exit status")),
    ("logs-a-long-message", Exit(0)),
    ("logs-all-of-its-memory", TIME),
    ("logs-empty-records", TIME),
    ("logs-many-lines", Exit(0)),
    ("logs-many-values", Exit(0)),
    ("many-memories", MEMORY),
    ("never-reads-the-answer", Stopped(Bound::Unread(LIMITS.output_bytes))),
    ("opens-a-long-path", TIME),
    ("reads-to-nowhere", OUT_OF_BOUNDS),
    ("recurses", Trap("stack")),
    ("sleeps", TIME),
    ("sleeps-again-and-again", TIME),
    ("start-section-loops", TIME),
    ("starts-with-memory", MEMORY),
    ("waits-for-too-much", TIME),
    ("wants-arguments-nowhere", OUT_OF_BOUNDS),
    ("wants-too-much-randomness", Trap("requested len")),
    ("writes-from-nowhere", OUT_OF_BOUNDS),
    ("writes-with-a-list-from-nowhere", OUT_OF_BOUNDS),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile")
}

/// One test for all guests, in a process of its own, since the memory of the process is measured.
#[test]
fn a_hostile_guest_is_stopped_in_time_and_in_little_memory() {
    if !support::is_alone("hostile::a_hostile_guest_is_stopped_in_time_and_in_little_memory") {
        return;
    }
    let mut wrong = Vec::new();
    for (name, end) in ENDS {
        let wasm = wat::parse_file(folder().join(format!("{name}.wat"))).unwrap();
        // A guest that ends for another reason gets enough time for that, however busy the machine is.
        let time = if *end == TIME { TIME_LIMIT } else { Duration::from_secs(60) };
        let limits = Limits { time: Some(time), ..LIMITS };
        let policy = Policy::load(&wasm, limits, Cache::None).unwrap();
        let request = Request::from_json("{}", PolicyType::Raw).unwrap();
        forget_peak();
        let start = Instant::now();
        let evaluation = policy.validate(&request, &Settings::default());
        let took = start.elapsed();
        let peak = peak_bytes();
        let outcome = policy.call(&["validate"], b"{}").outcome;
        let as_expected = match (&outcome, end) {
            // An answer that is too large is noticed only when it is read.
            (GuestOutcome::Exit(0), Stopped(bound @ Bound::Answer(_))) => {
                evaluation.failure.as_deref() == Some(bound.to_string().as_str())
            }
            (GuestOutcome::Stopped(bound), Stopped(expected)) => {
                bound == expected && evaluation.failure.as_deref() == Some(bound.to_string().as_str())
            }
            (GuestOutcome::Trap(why), Trap(words)) => why.contains(words),
            (GuestOutcome::Exit(code), Exit(expected)) => code == expected,
            _ => false,
        };
        if !as_expected {
            wrong.push(format!("{name}: {outcome:?} and {:?} instead of {end:?}", evaluation.failure));
        }
        if evaluation.response.allowed || evaluation.response.code() != Some(500) {
            wrong.push(format!("{name}: {:?}", evaluation.response));
        }
        // A busy machine lets a process wait, but not for seconds.
        let most = if *end == TIME { TIME_LIMIT + Duration::from_secs(3) } else { Duration::from_secs(20) };
        if took > most {
            wrong.push(format!("{name}: took {took:?}"));
        }
        if peak > LIMITS.memory_bytes + OWN_BYTES {
            wrong.push(format!("{name}: took {} MiB", peak >> 20));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_hostile_guest_is_listed() {
    let mut files: Vec<_> = folder()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(files, ENDS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn refused_capabilities_are_named_once() {
    let wasm = wat::parse_file(folder().join("never-reads-the-answer.wat")).unwrap();
    let call = Policy::load(&wasm, LIMITS, Cache::None).unwrap().call(&["validate"], b"{}");
    assert_eq!(call.host_calls.refused_capabilities, ["oci/v1/verify"]);
}

#[test]
fn log_records_that_are_too_large_are_counted_and_not_kept() {
    let calls = |name: &str| {
        let wasm = wat::parse_file(folder().join(name).with_extension("wat")).unwrap();
        Policy::load(&wasm, LIMITS, Cache::None).unwrap().call(&["validate"], b"{}").host_calls
    };
    for name in ["logs-a-long-message", "logs-many-lines", "logs-many-values"] {
        let calls = calls(name);
        assert_eq!((calls.logged.as_str(), calls.unlogged), ("", 1), "{name}");
    }
    let calls = calls("logs-empty-records");
    assert!(calls.logged.lines().count() <= 16 << 10 && calls.unlogged > 0, "{calls:?}");
}

/// These guests run for some hundred milliseconds and then end.
#[test]
fn without_a_time_limit_a_guest_is_not_interrupted() {
    let waits = r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const 300000000))
            (drop (call $poll_oneoff (i32.const 0) (i32.const 104) (i32.const 1) (i32.const 200)))))"#;
    let counts = r#"(module
        (memory (export "memory") 1)
        (func (export "_start") (local $left i32)
            (local.set $left (i32.const 500000000))
            (loop $again
                (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#;
    for guest in [waits, counts] {
        let wasm = wat::parse_str(guest).unwrap();
        let outcome = |time| {
            let limits = Limits { time, ..LIMITS };
            Policy::load(&wasm, limits, Cache::None).unwrap().call(&["validate"], b"{}").outcome
        };
        let time = Duration::from_millis(50);
        assert_eq!(outcome(Some(time)), GuestOutcome::Stopped(Bound::Time(time)), "{guest}");
        assert_eq!(outcome(None), GuestOutcome::Exit(0), "{guest}");
    }
}

/// Resets the peak memory of this process.
#[cfg(target_os = "linux")]
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[cfg(target_os = "linux")]
fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Other systems do not report it, and the memory that the tool uses does not depend on the system.
#[cfg(not(target_os = "linux"))]
fn forget_peak() {}

#[cfg(not(target_os = "linux"))]
fn peak_bytes() -> usize {
    0
}
