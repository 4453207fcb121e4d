//! How a verb ends: its outcome, or an error that says what to do now. None of it needs a terminal.

use std::fmt::{self, Display};

/// The outcome of a verb that ran to completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The verb did what it was asked to do.
    Done,
    /// Something that was expected did not hold, such as a test.
    Failed,
}

/// An error with a hint about what to do now. It is displayed like the error it wraps.
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

/// Returns the hints of an error and its causes.
pub(crate) fn hints(error: &anyhow::Error) -> impl Iterator<Item = &str> {
    error.chain().filter_map(|link| link.downcast_ref::<Hinted>()).map(|hinted| hinted.hint.as_str())
}

/// Adds hints to errors.
pub(crate) trait WithHint<T> {
    /// Adds a hint to an error, which is shown below the error and its causes.
    fn hint(self, hint: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, hint: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { error: error.into(), hint: hint() }.into())
    }
}

/// Creates an error with a message and a hint.
pub(crate) fn failure(message: impl Display, hint: impl Into<String>) -> anyhow::Error {
    Hinted { error: anyhow::anyhow!("{message}"), hint: hint.into() }.into()
}

/// Returns the known name that a misspelled one most likely means.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    // A long name is not a typo, and the time of a comparison grows with the product of both lengths.
    if name.len() > 100 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    let similarity = |known: &str| strsim::normalized_damerau_levenshtein(&plain(name), &plain(known));
    let near = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    (similarity(near) > 0.6).then_some(near)
}

/// Formats names in backticks, separated by commas.
pub(crate) fn name_list(names: impl IntoIterator<Item = impl Display>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The user backed out of a question.
#[derive(Debug)]
pub struct Canceled;

impl Display for Canceled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("canceled: nothing was written")
    }
}

impl std::error::Error for Canceled {}

/// Whether the program that reads our output has stopped reading, as `head` does. Nobody would see a message.
pub fn is_reader_gone(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_pipe))
}
