//! Describes a failure: explanations, a diff of expected and actual values, and what the policy wrote to stderr.

use serde_json::Value;

use crate::cases::{Failure, Mismatch};
use crate::diff::{self, DiffLine};
use crate::shell::{Paint, Tone};
use crate::untrusted::printable;

/// Describes a failure in full.
pub(super) fn describe(failure: &Failure, paint: Paint) -> String {
    let mut text = String::new();
    for note in &failure.notes {
        text += &format!("{}\n", indented(&printable(note)));
    }
    for mismatch in &failure.mismatches {
        text += &describe_mismatch(mismatch, paint);
    }
    if !failure.stderr.is_empty() {
        text += &format!("the policy wrote to stderr:\n  {}\n", indented(&printable(&failure.stderr)));
    }
    text
}

/// Describes a failure in one line.
pub(super) fn summarize(failure: &Failure) -> String {
    let notes =
        failure.notes.iter().filter_map(|note| note.lines().next()).map(|note| printable(note).into_owned());
    let mismatches = failure.mismatches.iter().map(|mismatch| match brief(mismatch) {
        Some((expected, got)) => format!("{}: expected {expected}, got {got}", mismatch.what),
        None => format!("{} is not as expected", mismatch.what),
    });
    notes.chain(mismatches).collect::<Vec<_>>().join("; ")
}

fn describe_mismatch(mismatch: &Mismatch, paint: Paint) -> String {
    let what = mismatch.what;
    if let Some((expected, got)) = brief(mismatch) {
        return format!("{what}: expected {expected}, got {got}\n");
    }
    format!(
        "{what}, {} expected, {} got:\n{}",
        paint.text(Tone::Bad, "-"),
        paint.text(Tone::Good, "+"),
        diff(mismatch, paint)
    )
}

/// Returns both sides of a mismatch, if they are short.
fn brief(mismatch: &Mismatch) -> Option<(String, String)> {
    let brief = |value: &Value| match value {
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => Some("nothing".to_owned()),
        _ if lines(value).is_empty() => Some(value.to_string()),
        _ => None,
    };
    Some((brief(&mismatch.expected)?, brief(&mismatch.got)?))
}

fn diff(mismatch: &Mismatch, paint: Paint) -> String {
    let line = |line| match line {
        DiffLine::Gap => "    …\n".to_owned(),
        DiffLine::Same(text) => format!("    {text}\n"),
        DiffLine::Removed(text) => format!("  {}\n", paint.text(Tone::Bad, &format!("- {text}"))),
        DiffLine::Added(text) => format!("  {}\n", paint.text(Tone::Good, &format!("+ {text}"))),
    };
    diff::lines(&lines(&mismatch.expected), &lines(&mismatch.got)).into_iter().map(line).collect()
}

/// Formats a value for a diff: a string as it is, a list with one item per line, an object as YAML.
fn lines(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let line = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            items.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Value::Object(map) if map.is_empty() => return String::new(),
        _ => yaml_serde::to_string(value).unwrap_or_else(|_| value.to_string()),
    };
    if text.is_empty() { text } else { format!("{}\n", printable(text.trim_end_matches('\n'))) }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n  ")
}
