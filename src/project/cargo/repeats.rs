//! Warnings that several calls of cargo print, of which people see one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::process::StderrFilter;

/// Warnings that were printed, by all calls so far.
#[derive(Debug, Default)]
pub(super) struct PrintedWarnings {
    texts: Arc<Mutex<BTreeSet<String>>>,
}

/// The warning that is being read.
#[derive(Default)]
struct WarningBlock {
    bytes: Vec<u8>,
}

impl PrintedWarnings {
    /// A filter for one more call, which drops the warnings that were printed.
    pub(super) fn filter(&self) -> StderrFilter {
        let texts = Arc::clone(&self.texts);
        let mut block = WarningBlock::default();
        StderrFilter(Box::new(move |line| {
            let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
            block.pass(line, &mut texts)
        }))
    }
}

impl WarningBlock {
    /// What to print after this line, the empty one being the end.
    fn pass(&mut self, line: &[u8], texts: &mut BTreeSet<String>) -> Vec<u8> {
        let text = String::from_utf8_lossy(line);
        let plain = anstream::adapter::strip_str(&text).to_string();
        let is_warning = plain.starts_with("warning");
        let is_new_block = is_warning || line.is_empty() || plain.starts_with("error") || is_status(&plain);
        if !is_new_block && !self.bytes.is_empty() {
            self.bytes.extend(line);
            return Vec::new();
        }
        let before = std::mem::take(&mut self.bytes);
        let is_new = before.is_empty() || texts.insert(String::from_utf8_lossy(&before).into_owned());
        let mut printed = if is_new { before } else { Vec::new() };
        if is_warning {
            self.bytes.extend(line);
        } else {
            printed.extend(line);
        }
        printed
    }
}

/// `   Compiling demo v0.1.0`: a verb that ends in the twelfth column.
fn is_status(line: &str) -> bool {
    let Some((verb, rest)) = line.split_at_checked(12) else { return false };
    let verb = verb.trim_start();
    rest.starts_with(' ') && verb.starts_with(char::is_uppercase) && verb.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
\u{1b}[33mwarning\u{1b}[0m: unused manifest key: package.bogus
   Compiling one v0.1.0
warning: unused variable: `x`
 --> src/main.rs:1:5
  |
1 |     let x = 1;
  |         ^ help: ...

warning: `one` (bin \"one\") generated 1 warning
    Finished `policy` profile [optimized] target(s) in 0.01s
";

    fn pass(output: &str, filter: &mut StderrFilter) -> String {
        let lines = output.split_inclusive('\n').chain([""]);
        lines.map(|line| String::from_utf8((filter.0)(line.as_bytes())).unwrap()).collect()
    }

    #[test]
    fn a_warning_is_printed_once_and_everything_else_each_time() {
        let printed = PrintedWarnings::default();
        assert_eq!(pass(OUTPUT, &mut printed.filter()), OUTPUT);
        let second = OUTPUT.replace("`x`", "`y`");
        let shown = pass(&second, &mut printed.filter());
        assert_eq!(
            shown,
            second
                .split_inclusive('\n')
                .skip(1)
                .filter(|line| !line.contains("generated"))
                .collect::<String>()
        );
        assert_eq!(pass("error: no\nwarning: last", &mut printed.filter()), "error: no\nwarning: last");
    }
}
