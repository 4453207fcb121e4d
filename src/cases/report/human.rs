//! A report for people, in the format of `cargo test`.

use std::time::Duration;

use super::failure::describe;
use super::{Tally, TestReport};
use crate::cases::{Failure, Suite, Test, Tested};
use crate::shell::{Paint, Tone};
use crate::untrusted::printable;

pub(super) struct Human {
    paint: Paint,
    tally: Tally,
    /// The names of failed tests, each with a description.
    failed: Vec<(String, String)>,
}

impl Human {
    pub(super) fn new(paint: Paint) -> Self {
        Self { paint, tally: Tally::default(), failed: Vec::new() }
    }

    fn describe(&self, test: &Test<'_>, failure: &Failure) -> String {
        let place =
            test.place().map(|(file, line)| format!("{}:{line}\n", printable(&file.to_string_lossy())));
        format!("{}{}", place.unwrap_or_default(), describe(failure, self.paint))
    }

    fn result(&self, result: &str) -> String {
        let tone = if result == "FAILED" { Tone::Bad } else { Tone::Good };
        self.paint.text(tone, result)
    }
}

impl TestReport for Human {
    fn begin(&mut self, _policy: &str, suite: &Suite<'_>) -> String {
        self.tally = Tally { filtered_out: suite.filtered_out, ..Tally::default() };
        self.failed.clear();
        let count = suite.tests.len();
        format!("\nrunning {count} test{}\n", if count == 1 { "" } else { "s" })
    }

    fn tested(&mut self, test: &Test<'_>, tested: &Tested) -> String {
        self.tally.count(tested);
        let result = match tested {
            Tested::Passed(_) => self.result("ok"),
            Tested::Failed(failure, _) => {
                self.failed.push((shown(test), self.describe(test, failure)));
                self.result("FAILED")
            }
            Tested::Ignored => "ignored".to_owned(),
        };
        format!("test {} ... {result}\n", shown(test))
    }

    fn end(&mut self, time: Duration) -> String {
        let mut text = String::new();
        if !self.failed.is_empty() {
            text += "\nfailures:\n";
            for (name, description) in &self.failed {
                text += &format!("\n---- {name} ----\n{description}");
            }
            text += "\n\nfailures:\n";
            for (name, _) in &self.failed {
                text += &format!("    {name}\n");
            }
        }
        let Tally { passed, failed, ignored, filtered_out } = self.tally;
        text += &format!(
            "\ntest result: {}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; {filtered_out} \
             filtered out; finished in {:.2}s\n",
            self.result(self.tally.result()),
            time.as_secs_f64()
        );
        text
    }

    fn finish(&mut self) -> String {
        String::new()
    }
}

/// Lists tests as `name: test`, like `cargo test -- --list`.
pub(super) fn list(suite: &Suite<'_>) -> String {
    suite.tests.iter().map(|test| format!("{}: test\n", shown(test))).collect()
}

/// Returns the name of a test as one printable line.
fn shown(test: &Test<'_>) -> String {
    printable(&test.name()).replace('\n', "\\n")
}
