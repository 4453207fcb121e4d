//! The lines in which two strings differ.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// The number of lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// The time to search for the shortest diff. A longer diff is used after it.
const TIME: Duration = Duration::from_millis(500);

/// One line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DiffLine {
    /// A gap, where equal lines are left out.
    Gap,
    /// A line in both strings.
    Same(String),
    /// A line in the old string only.
    Removed(String),
    /// A line in the new string only.
    Added(String),
}

/// Returns the lines that differ, with those around them. Empty for equal strings.
pub(crate) fn lines(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = TextDiff::configure().timeout(TIME).diff_lines(old, new);
    let mut lines = Vec::new();
    let mut next = 0;
    for group in diff.grouped_ops(CONTEXT_LINES) {
        let start = group.first().map_or(0, |op| op.old_range().start);
        if start > next {
            lines.push(DiffLine::Gap);
        }
        next = group.last().map_or(0, |op| op.old_range().end);
        for op in &group {
            for change in diff.iter_changes(op) {
                let text = change.value();
                let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
                lines.push(match change.tag() {
                    ChangeTag::Equal => DiffLine::Same(text),
                    ChangeTag::Delete => DiffLine::Removed(text),
                    ChangeTag::Insert => DiffLine::Added(text),
                });
            }
        }
    }
    if !lines.is_empty() && next < old.lines().count() {
        lines.push(DiffLine::Gap);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> Vec<String> {
        let show = |line| match line {
            DiffLine::Gap => "…".to_owned(),
            DiffLine::Same(text) => text,
            DiffLine::Removed(text) => format!("-{text}"),
            DiffLine::Added(text) => format!("+{text}"),
        };
        lines(old, new).into_iter().map(show).collect()
    }

    #[test]
    fn equal_strings_have_no_diff() {
        assert!(lines("a\nb\n", "a\nb\n").is_empty());
    }

    #[test]
    fn lines_far_from_a_change_are_left_out() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nV\n6\n7\n8\n9\n";
        assert_eq!(shown(old, new), ["…", "2", "3", "4", "-5", "+V", "6", "7", "8", "…"]);
    }

    #[test]
    fn a_missing_line_end_does_not_change_earlier_lines() {
        assert_eq!(shown("a\n", "a\nb"), ["a", "+b"]);
    }
}
