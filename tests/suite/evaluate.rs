//! Every case in `evaluate.json` and `patch.json`, which record what `kwctl run` and policy-server do.

use crate::support::guest::{self, Behavior, End};
use crate::support::{Case, Run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn vectors(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn bytes(guest: &Value, name: &str) -> Vec<u8> {
    match guest[format!("{name}_base64")].as_str() {
        Some(base64) => STANDARD.decode(base64).unwrap(),
        None => guest[name].as_str().unwrap().into(),
    }
}

fn behavior(guest: &Value) -> Behavior {
    let is = |key: &str| guest[key] == true;
    let end = match guest["exit_code"].as_u64() {
        _ if is("trap") => End::Trap,
        _ if is("loop") => End::Loop,
        Some(code) => End::Exit(u32::try_from(code).unwrap()),
        None => End::Return,
    };
    Behavior { stdout: bytes(guest, "stdout"), stderr: bytes(guest, "stderr"), end, echo: false }
}

/// One case of `evaluate.json`: a guest, a request, settings, and options.
struct Evaluation<'a> {
    case: &'a Value,
    validate: Behavior,
    validate_settings: Behavior,
}

impl<'a> Evaluation<'a> {
    fn new(case: &'a Value, file: &Value) -> Self {
        let settings = case.get("guest_settings").unwrap_or(&file["default_guest_settings"]);
        Self { case, validate: behavior(&case["guest"]), validate_settings: behavior(settings) }
    }

    fn run(&self) -> Run {
        let folder = Case::empty();
        let options = &self.case["options"];
        let mut metadata: Value = serde_json::from_str(guest::METADATA).unwrap();
        for (key, value) in options["metadata"].as_object().into_iter().flatten() {
            metadata[key] = value.clone();
        }
        let wasm = guest::policy(&self.validate, &self.validate_settings, &metadata.to_string());
        folder.write("policy.wasm", wasm);
        folder.write("request.json", self.case["input"].to_string());
        let mut run = folder.kw_wasi("run --wasm policy.wasm -r request.json");
        if options["raw"] == true {
            run = run.arg("--raw");
        }
        if let Some(seconds) = options["time_limit_seconds"].as_u64() {
            run = run.arg("--time-limit").arg(seconds.to_string());
        }
        let given = match options["settings_given"].as_str() {
            Some(given) => Some(given.to_owned()),
            None => Some(&self.case["settings"]).filter(|settings| !settings.is_null()).map(Value::to_string),
        };
        match options["policy_resource"].as_object() {
            Some(resource) => {
                let mut spec = resource.clone();
                let name = spec.remove("name").unwrap();
                spec.insert("settings".to_owned(), self.case["settings"].clone());
                let resource = json!({
                    "apiVersion": "policies.kubewarden.io/v1",
                    "kind": "ClusterAdmissionPolicy",
                    "metadata": {"name": name},
                    "spec": spec,
                });
                folder.write("resource.yaml", resource.to_string());
                run = run.args(["--manifest", "resource.yaml"]);
            }
            None => {
                if let Some(given) = given {
                    run = run.args(["--settings-json", &given]);
                }
            }
        }
        run.run()
    }

    /// Runs the case again with a guest that logs its stdin, and returns the log.
    fn stdin_of(mut self, verb: &str) -> Vec<u8> {
        self.validate.echo = verb == "validate";
        self.validate_settings.echo = verb == "validate-settings";
        let run = self.run().code(0);
        let logged = run.stderr.lines().find_map(|line| line.trim_start().strip_prefix("Logged "));
        logged.expect("the guest did not log its stdin").into()
    }
}

/// Fails if the run differs from what the case expects.
fn judge(evaluation: &Evaluation<'_>) -> Result<(), String> {
    let expected = &evaluation.case["expected"];
    let run = evaluation.run();
    // A case without an exit status is about a policy server.
    let status = expected["exit_status"].as_i64().unwrap_or(0);
    if run.code.map(i64::from) != Some(status) {
        return Err(format!("ended with {:?}: {}", run.code, run.stderr));
    }
    let response = &expected["admission_response"];
    if response.is_null() {
        if !run.stdout.is_empty() {
            return Err(format!("printed {}", run.stdout));
        }
    } else {
        // The order of keys matters, and the output ends with a newline. No case has several audit annotations.
        let line = format!("{}\n", in_order(response));
        if run.stdout != line {
            return Err(format!("printed {}instead of {line}", run.stdout));
        }
    }
    if let Some(error) = expected["error"].as_str()
        && !run.stderr.lines().any(|line| line.strip_prefix("error: ") == Some(error))
    {
        return Err(format!("`{error}` is not in:\n{}", run.stderr));
    }
    Ok(())
}

/// The compact JSON of an admission response, with keys in the order in which they are printed.
fn in_order(response: &Value) -> String {
    fn ordered(value: &Value, keys: &[&str]) -> String {
        let object = value.as_object().unwrap();
        let unknown: Vec<_> = object.keys().filter(|key| !keys.contains(&key.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let members = keys.iter().filter_map(|key| {
            let value = match (*key, object.get(*key)?) {
                ("status", value) if value.is_object() => {
                    ordered(value, &["status", "message", "reason", "details", "code"])
                }
                ("causes", Value::Array(causes)) => {
                    let causes: Vec<_> =
                        causes.iter().map(|cause| ordered(cause, &["reason", "message", "field"])).collect();
                    format!("[{}]", causes.join(","))
                }
                ("details", value) => ordered(value, &["causes"]),
                (_, value) => value.to_string(),
            };
            Some(format!("\"{key}\":{value}"))
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
    ordered(response, &["uid", "allowed", "patchType", "patch", "status", "auditAnnotations", "warnings"])
}

#[test]
fn every_case_is_answered_as_kwctl_and_policy_server_do() {
    let file = vectors("evaluate.json");
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in ["cases", "limit_cases"].iter().flat_map(|list| file[list].as_array().unwrap()) {
        count += 1;
        if let Err(why) = judge(&Evaluation::new(case, &file)) {
            wrong.push(format!("{}: {why}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 68);
}

#[test]
fn a_policy_reads_the_same_as_from_kwctl() {
    let file = vectors("evaluate.json");
    let mut count = 0;
    for case in file["cases"].as_array().unwrap() {
        for (verb, key) in [("validate", "validate_stdin"), ("validate-settings", "settings_stdin")] {
            let Some(expected) = case["expected"].get(key) else { continue };
            count += 1;
            let read = Evaluation::new(case, &file).stdin_of(verb);
            // serde_json's map sorts keys, as the real host's does. The JSON is compact, with nothing around it.
            assert_eq!(String::from_utf8(read).unwrap(), expected.to_string(), "{}", case["name"]);
        }
    }
    assert!(count >= 4, "only {count} cases have the input of the policy");
}

#[test]
fn patches_are_those_of_the_reference() {
    let file = vectors("patch.json");
    for case in file["cases"].as_array().unwrap() {
        let answer = json!({"accepted": true, "mutated_object": case["mutated"]}).to_string();
        let wasm = guest::policy(&Behavior::prints(&answer), &guest::settings_are_valid(), guest::METADATA);
        let folder = Case::empty();
        folder.write("policy.wasm", wasm).write("request.json", case["original"].to_string());
        let run = folder.kw_wasi("run --raw --wasm policy.wasm -r request.json").succeed();
        let response: Value = serde_json::from_str(&run.stdout).unwrap();
        match case["patch"].as_array() {
            None => assert_eq!((response.get("patch"), response.get("patchType")), (None, None), "{case}"),
            Some(operations) => {
                let patch = STANDARD.decode(response["patch"].as_str().unwrap()).unwrap();
                let in_order = |operation: &Value| {
                    let members = ["op", "path", "value"]
                        .iter()
                        .filter_map(|key| Some(format!("\"{key}\":{}", operation.get(*key)?)));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                };
                let operations: Vec<_> = operations.iter().map(in_order).collect();
                let expected = format!("[{}]", operations.join(","));
                assert_eq!(String::from_utf8(patch).unwrap(), expected, "{case}");
            }
        }
    }
}
