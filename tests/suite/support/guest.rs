//! Policies as WebAssembly text, with given output and a given end.

use std::fmt::Write as _;

/// What a guest does when it is called: reads stdin to its end, writes, and ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behavior {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) end: End,
    /// Whether it also writes what it read to stderr.
    pub(crate) echo: bool,
}

/// How a guest ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Return,
    Exit(u32),
    Trap,
    /// It never ends.
    Loop,
}

impl Behavior {
    pub(crate) fn prints(stdout: &str) -> Self {
        Self { stdout: stdout.into(), ..Self::default() }
    }

    pub(crate) fn and_says(self, stderr: &str) -> Self {
        Self { stderr: stderr.into(), ..self }
    }

    pub(crate) fn and_ends(self, end: End) -> Self {
        Self { end, ..self }
    }
}

/// What most guests do for `validate-settings`.
pub(crate) fn settings_are_valid() -> Behavior {
    Behavior::prints(r#"{"valid":true}"#)
}

/// The metadata of a policy that stock Kubewarden runs as WASI.
pub(crate) const METADATA: &str =
    r#"{"executionMode":"wasi","mutating":false,"protocolVersion":"Unknown","rules":[]}"#;

/// A policy module that behaves like this for `validate` and `validate-settings`, with this metadata section.
pub(crate) fn policy(validate: &Behavior, validate_settings: &Behavior, metadata: &str) -> Vec<u8> {
    let stdout = |behavior: &Behavior| behavior.stdout.len();
    let stderr = |behavior: &Behavior| behavior.stderr.len();
    let [a, b] = [validate, validate_settings];
    // The four strings are placed one after the other, starting at 1024; after them is the buffer for stdin.
    let texts = [stdout(a), stderr(a), stdout(b), stderr(b)];
    let starts: Vec<usize> = (0..=texts.len()).map(|n| 1024 + texts[..n].iter().sum::<usize>()).collect();
    let bytes = [&a.stdout, &a.stderr, &b.stdout, &b.stderr].map(|bytes| escaped(bytes)).concat();
    let call = |behavior: &Behavior, first: usize| {
        let echo = if behavior.echo {
            "(call $write (i32.const 2) (local.get $room) (local.get $read))"
        } else {
            ""
        };
        let end = match behavior.end {
            End::Return => String::new(),
            End::Exit(code) => format!("(call $proc_exit (i32.const {code}))"),
            End::Trap => "unreachable".to_owned(),
            End::Loop => "(loop $forever (br $forever))".to_owned(),
        };
        format!(
            "(call $write (i32.const 1) (i32.const {}) (i32.const {}))\n\
             (call $write (i32.const 2) (i32.const {}) (i32.const {}))\n{echo} {end}",
            starts[first],
            texts[first],
            starts[first + 1],
            texts[first + 1],
        )
    };
    let (validate, validate_settings) = (call(a, 0), call(b, 2));
    let room = starts[4];
    let pages = room / 65536 + 4;
    let metadata = escaped(metadata.as_bytes());
    let text = format!(
        r#"(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") {pages})
  (data (i32.const 1024) "{bytes}")
  (func $write (param $to i32) (param $from i32) (param $bytes i32)
    (if (local.get $bytes) (then
      (i32.store (i32.const 0) (local.get $from))
      (i32.store (i32.const 4) (local.get $bytes))
      (if (call $fd_write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable)))))
  (func (export "_start")
    (local $room i32) (local $read i32)
    (local.set $room (i32.const {room}))
    (loop $more
      (i32.store (i32.const 0) (i32.add (local.get $room) (local.get $read)))
      (i32.store (i32.const 4) (i32.const 4096))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
      (local.set $read (i32.add (local.get $read) (i32.load (i32.const 8))))
      (br_if $more (i32.load (i32.const 8))))
    (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (if (i32.ne (i32.load (i32.const 16)) (i32.const 2)) (then unreachable))
    (if (i32.eq (i32.load (i32.const 20)) (i32.const 21)) ;; "policy.wasm", "validate", each with a zero
      (then {validate})
      (else {validate_settings})))
  (@custom "io.kubewarden.metadata" "{metadata}"))"#
    );
    wat::parse_str(text).unwrap()
}

/// Escapes bytes for a string in WebAssembly text.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:02x}").unwrap();
        text
    })
}
