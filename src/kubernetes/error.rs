//! Errors about resources, operations and rules that a user typed.

use std::fmt;

/// The most characters of the user's input that a message repeats.
const QUOTED_CHARS: usize = 80;

/// What is wrong with the user's input, in one line, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    hint: String,
}

impl Error {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// What to do now, in one line without a leading `hint:`.
    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Quotes the user's input in backticks, always on one line.
pub(super) fn quoted(typed: &str) -> String {
    let shown: String = typed.chars().take(QUOTED_CHARS).collect();
    let dots = if shown.len() < typed.len() { "…" } else { "" };
    let escaped: String = shown
        .chars()
        .flat_map(|c| match c {
            '"' | '\'' | '\\' => vec![c],
            c => c.escape_debug().collect(),
        })
        .collect();
    format!("`{escaped}{dots}`")
}

/// Formats names as `` `a`, `b` or `c` ``.
pub(super) fn alternatives(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| quoted(name.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_words_stay_on_one_line_and_short() {
        assert_eq!(quoted("it's"), "`it's`");
        assert_eq!(quoted("a\nb\u{1b}[1m"), "`a\\nb\\u{1b}[1m`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), QUOTED_CHARS + 3);
    }

    #[test]
    fn alternatives_read_as_a_sentence() {
        assert_eq!(alternatives(&[""; 0]), "");
        assert_eq!(alternatives(&["a"]), "`a`");
        assert_eq!(alternatives(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
