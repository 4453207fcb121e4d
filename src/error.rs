//! How a verb ends: its outcome, or an error that says what to do now. None of it needs a terminal.

use std::fmt::{self, Display};

/// How a verb that could complete ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked to.
    Done,
    /// Something stated beforehand did not hold.
    Failed,
}

/// An error with a hint: what to do now. It reads like the error it wraps.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.chain().nth(1)
    }
}

/// The hints of an error and its causes.
pub(crate) fn hints(error: &anyhow::Error) -> impl Iterator<Item = &str> {
    error.chain().filter_map(|link| link.downcast_ref::<Hinted>()).map(|hinted| hinted.hint.as_str())
}

/// Adds a hint to an error.
pub(crate) trait WithHint<T> {
    /// The same result; an error gets a hint, shown below it and its causes.
    fn hint(self, hint: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, hint: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { error: error.into(), hint: hint() }.into())
    }
}

/// An error with this message and this hint.
pub(crate) fn failure(message: impl Display, hint: impl Into<String>) -> anyhow::Error {
    Hinted { error: anyhow::anyhow!("{message}"), hint: hint.into() }.into()
}

/// The known name that a misspelt one most likely means.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    // Long names are not misspelt ones, and comparing takes the product of both lengths.
    if name.len() > 100 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let similarity = |known: &str| strsim::normalized_damerau_levenshtein(&plain(name), &plain(known));
    let near = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    (similarity(near) > 0.6).then_some(near)
}

/// Names in backticks, separated by commas.
pub(crate) fn name_list(names: impl IntoIterator<Item = impl Display>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The user backed out of a question.
#[derive(Debug)]
pub struct Cancelled;

impl Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled: nothing was written")
    }
}

impl std::error::Error for Cancelled {}

/// Has the program that reads our output stopped reading, as `head` does? Then nobody sees a message.
pub fn is_reader_gone(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_pipe))
}
