//! Whatever bytes come in, nothing panics. A second of each by default; `make fuzz` takes a minute.

use std::path::Path;
use std::time::{Duration, Instant};

use cargo_kw_wasi::cases;
use cargo_kw_wasi::metadata::PolicyType;
use cargo_kw_wasi::protocol::{Answer, Evaluation, Request, SettingsVerdict};

/// A generator of numbers that look random, the same in each run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        high as usize % below
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }

    /// A text with some of its pieces moved, doubled, dropped, or replaced by words or bytes.
    fn vary(&mut self, text: &str, words: &[&str]) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.roll(6) {
            let (from, length) = (self.roll(bytes.len() + 1), self.roll(12));
            let to = (from + length).min(bytes.len());
            let piece = match self.roll(5) {
                0 => Vec::new(),
                1 => bytes[from..to].repeat(2),
                2 => vec![self.roll(256) as u8; self.roll(4)],
                _ => self.pick(words).as_bytes().to_vec(),
            };
            bytes.splice(from..to, piece);
        }
        bytes
    }
}

/// Calls `check` with one seed after the other until the time is over.
fn fuzz(mut check: impl FnMut(&mut Dice)) {
    let seconds = std::env::var("FUZZ_SECONDS").map_or(1, |seconds| seconds.parse().unwrap());
    let (start, mut rounds) = (Instant::now(), 0);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    while start.elapsed() < Duration::from_secs(seconds) {
        check(&mut dice);
        rounds += 1;
    }
    assert!(rounds > 100, "{rounds} rounds in {seconds} s");
}

const CASES: &str = "
settings: {a: [1, 2]}
skip_checks: [one-document]
cases:
  - name: one
    object: &pod
      apiVersion: v1
      kind: Pod
      metadata: {name: a}
    operation: UPDATE
    old_object: *pod
    expect:
      allowed: true
      message: /a.*b/
      code: 403
      patch: [{op: add, path: /a, value: 1}]
      object: *pod
      warnings: [\"a\"]
      audit_annotations: {a: b}
  - {name: two, settings_file: policy.yml, expect: {settings_valid: false, message: >-
      folded}}
  - {name: three, request: fixtures/a.json, expect: {error: /^$/}}
";

#[test]
fn case_files() {
    const WORDS: &[&str] = &[
        "name",
        "settings",
        "object",
        "request",
        "expect",
        "cases",
        "error",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "*pod",
        "!t ",
        "!!binary ",
        "<<: *pod",
        "? ",
        "| ",
        "---\n",
        "...\n",
        "# ",
        "\"",
        "'",
        "\t",
        "\u{feff}",
        "null",
        "~",
        "1e999",
        "-.inf",
        "0x1f",
        "99999999999999999999",
        "/(/",
        "/a/",
        "\\",
        "\r",
        "\0",
        "\u{85}",
        "ä",
        "%YAML 9\n",
    ];
    let path = Path::new("nowhere/tests/policy.yml");
    fuzz(|dice| {
        let bytes = dice.vary(CASES, WORDS);
        let policy_type = if dice.roll(2) == 0 { PolicyType::Kubernetes } else { PolicyType::Raw };
        let checked = cases::read(path, &bytes, policy_type);
        assert_eq!(checked.file.is_some(), checked.findings.is_empty());
        for finding in &checked.findings {
            let line = finding.place.as_ref().and_then(|place| place.line).expect("every finding has a line");
            assert!(line >= 1 && line <= bytes.len() + 1, "line {line} of {bytes:?}");
        }
    });
}

#[test]
fn responses() {
    const WORDS: &[&str] = &[
        "true",
        "null",
        "\"message\"",
        "\"mutated_object\"",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "1e999",
        "-1",
        "65536",
        "\\u0000",
        "\\ud800",
        "\u{feff}",
        "accepted",
        "valid",
    ];
    const RESPONSE: &str = r#"{"accepted": true, "message": "m", "code": 403, "mutated_object": {"a": [1, {"b": null}]}, "audit_annotations": {"a": "b"}, "warnings": ["w"], "valid": false}"#;
    let requests = ["null", "[1, 2]", r#"{"a": [2, {"b": 1}], "c~/d": 1}"#]
        .map(|document| Request::Raw(serde_json::from_str(document).unwrap()));
    fuzz(|dice| {
        let answer = Answer {
            failure: (dice.roll(5) == 0).then(|| "it failed".to_owned()),
            stdout: dice.vary(RESPONSE, WORDS),
            stderr: dice.vary("a word", WORDS),
        };
        let evaluation = Evaluation::new(&requests[dice.roll(requests.len())], answer.clone());
        assert!(serde_json::to_string(&evaluation.response).is_ok());
        assert!(evaluation.failure.is_none() || !evaluation.response.allowed);
        let verdict = SettingsVerdict::new(answer);
        assert!(verdict.failure.is_none() || !verdict.valid);
    });
}
