//! A report for scripts: one JSON object per line. `docs/testing.md` has the keys.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Tally, TestReport};
use crate::cases::{Failure, Suite, Test, Tested};
use crate::fs;
use crate::untrusted::printable_json;

#[derive(Default)]
pub(super) struct Json {
    policy: String,
    tally: Tally,
    time: Duration,
}

impl TestReport for Json {
    fn begin(&mut self, policy: &str, suite: &Suite<'_>) -> String {
        policy.clone_into(&mut self.policy);
        self.tally.filtered_out += suite.filtered_out;
        String::new()
    }

    fn tested(&mut self, test: &Test<'_>, tested: &Tested) -> String {
        self.tally.count(tested);
        let mut line = head(&self.policy, test);
        let mut set = |key: &str, value| line.insert(key.to_owned(), value);
        match tested {
            Tested::Passed(time) => {
                set("result", json!("ok"));
                set("seconds", seconds(*time));
            }
            Tested::Failed(failure, time) => {
                set("result", json!("failed"));
                set("seconds", seconds(*time));
                let Failure { notes, mismatches, stderr } = failure;
                let mismatches = mismatches
                    .iter()
                    .map(|each| json!({"what": each.what, "expected": each.expected, "got": each.got}));
                set("notes", json!(notes));
                set("mismatches", mismatches.collect());
                set("stderr", json!(stderr));
            }
            Tested::Ignored => {
                set("result", json!("ignored"));
            }
        }
        in_line(line)
    }

    fn end(&mut self, time: Duration) -> String {
        self.time += time;
        String::new()
    }

    fn finish(&mut self) -> String {
        let Tally { passed, failed, ignored, filtered_out } = self.tally;
        let line = json!({
            "type": "summary",
            "result": self.tally.result().to_lowercase(),
            "passed": passed,
            "failed": failed,
            "ignored": ignored,
            "filtered_out": filtered_out,
            "seconds": seconds(self.time),
        });
        format!("{line}\n")
    }
}

pub(super) fn list(policy: &str, suite: &Suite<'_>) -> String {
    suite.tests.iter().map(|test| in_line(head(policy, test))).collect()
}

/// Returns an object as one line without characters that a terminal obeys, because names and output may contain them.
fn in_line(object: Map<String, Value>) -> String {
    format!("{}\n", printable_json(&Value::Object(object).to_string()))
}

fn head(policy: &str, test: &Test<'_>) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert("type".to_owned(), json!("case"));
    head.insert("policy".to_owned(), json!(policy));
    head.insert("name".to_owned(), json!(test.name()));
    if let Some((file, line)) = test.place() {
        head.insert("file".to_owned(), json!(fs::for_scripts(file)));
        head.insert("line".to_owned(), json!(line));
    }
    head
}

/// Returns the time in seconds, rounded to the microsecond.
fn seconds(time: Duration) -> Value {
    json!((time.as_secs_f64() * 1e6).round() / 1e6)
}
