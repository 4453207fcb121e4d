//! No input makes a parser panic. By default, each test runs for a second; with `make fuzz`, for a minute.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::dice::Dice;
use crate::support::guest;
use cargo_kw_wasi::cases;
use cargo_kw_wasi::deploy::Deployed;
use cargo_kw_wasi::kubernetes::{KnownKinds, RequestDetails, read_documents};
use cargo_kw_wasi::module::inspection::{Inspection, require_policy};
use cargo_kw_wasi::protocol::PolicyType;
use cargo_kw_wasi::protocol::{Evaluation, GuestOutput, Request, SettingsVerdict};

impl Dice {
    /// A string with some of its parts doubled, dropped, or replaced by words or bytes.
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

/// Calls `check` again and again until the time is over.
fn fuzz(mut check: impl FnMut(&mut Dice)) {
    let seconds = std::env::var("FUZZ_SECONDS").map_or(1, |seconds| seconds.parse().unwrap());
    let (start, mut rounds) = (Instant::now(), 0);
    let mut dice = Dice::default();
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
        let checked = cases::read(path, &bytes, policy_type, &[]);
        assert_eq!(checked.file.is_some(), checked.findings.is_empty());
        for finding in &checked.findings {
            let line = finding.place.as_ref().and_then(|place| place.line).expect("every finding has a line");
            assert!(line >= 1 && line <= bytes.len() + 1, "line {line} of {bytes:?}");
        }
    });
}

const REQUESTS: &str = "
apiVersion: v1
kind: List
items:
  - &a {apiVersion: v1, kind: Pod, mode: 0644, on: yes, \"b\": '0x1F', c: -1_0.5e3}
  - <<: *a
    metadata: {name: >-
      0755}
---
{\"kind\": \"AdmissionReview\", \"request\": {\"uid\": \"1\", \"object\": {\"a\": [1.0, null]}}}
";

#[test]
fn requests() {
    const WORDS: &[&str] = &[
        "0", "0x", "0b1", "0o", "-", "+", "_", ".", "e", "1e400", "yes", "<<: ", "*a", "&x ", "!!str ", "'",
        "\"", "|\n ", ">", "\r", "\u{85}", "\u{2028}", "\u{feff}", "ä", "---\n", "{", "}", "[", "]", ": ",
        "- ", "\n", "\n  ", "null", "kind", "List", "items",
    ];
    fuzz(|dice| {
        let bytes = dice.vary(REQUESTS, WORDS);
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        for document in read_documents(text).into_iter().flatten() {
            for policy_type in [PolicyType::Kubernetes, PolicyType::Raw] {
                for value in policy_type.values_of(document.clone()).into_iter().flatten() {
                    let details = RequestDetails::default();
                    let _ = Request::for_value(value, policy_type, &details, &KnownKinds::default());
                }
            }
        }
        let _ = Deployed::from_yaml(text);
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
        let answer = GuestOutput {
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

/// A module that may have a section with arbitrary metadata.
fn module(dice: &mut Dice) -> Vec<u8> {
    const METADATA: &str = r#"{"protocolVersion":"Unknown","rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}],"annotations":{"io.kubewarden.policy.title":"demo"},"mutating":false,"executionMode":"wasi"}"#;
    const WORDS: &[&str] = &[
        "null", "1", "[", "]", "{", "}", "\"", ",", ":", "wasi", "opa", "rules", "\\u0000", "\\ud800",
        "1e999",
    ];
    let mut module = match dice.roll(3) {
        0 => guest::policy(&Default::default(), &Default::default(), METADATA),
        _ => {
            let seed = dice.bytes(600);
            let config = wasm_smith::Config { max_imports: 3, max_funcs: 5, ..Default::default() };
            let mut source = arbitrary::Unstructured::new(&seed);
            wasm_smith::Module::new(config, &mut source).unwrap().to_bytes()
        }
    };
    if dice.roll(2) == 0 {
        use wasm_encoder::{CustomSection, Encode, Section};
        let data = dice.vary(METADATA, WORDS);
        let section = CustomSection { name: "io.kubewarden.metadata".into(), data: data.into() };
        module.push(section.id());
        section.encode(&mut module);
    }
    module
}

#[test]
fn modules() {
    let (mut read, mut refused) = (0, 0);
    fuzz(|dice| {
        let mut bytes = module(dice);
        for _ in 0..dice.roll(4) {
            match dice.roll(4) {
                0 => bytes.truncate(dice.roll(bytes.len() + 1)),
                1 => bytes.extend(dice.bytes(3)),
                _ if bytes.is_empty() => {}
                _ => {
                    let place = dice.roll(bytes.len());
                    bytes[place] = dice.roll(256) as u8;
                }
            }
        }
        let path = Path::new("fuzzed.wasm");
        match Inspection::of(&bytes, path) {
            Ok(inspection) => {
                read += 1;
                assert_eq!(inspection.sizes.total(), bytes.len());
                let sections: usize = inspection.sections.iter().map(|section| section.size_bytes).sum();
                assert_eq!(sections + 8, bytes.len());
                serde_json::to_string(&inspection).unwrap();
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("(at byte "), "{error:#}");
            }
        }
        if let Err(error) = require_policy(&bytes, path) {
            assert!(error.to_string().contains("fuzzed.wasm"), "{error:#}");
        }
    });
    assert!(read > 20 && refused > 20, "{read} were read, {refused} refused");
}
