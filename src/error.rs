//! Errors that say what to do now. No terminal is needed for them: [`crate::shell`] prints them.

use std::fmt::Display;

/// An error that also says what to do now. It reads like the error it wraps.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl Display for Hinted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.chain().nth(1)
    }
}

/// What to do about an error, as it and its causes say it.
pub fn hints(error: &anyhow::Error) -> impl Iterator<Item = &str> {
    error.chain().filter_map(|link| link.downcast_ref::<Hinted>()).map(|hinted| hinted.hint.as_str())
}

/// Adds to an error what to do about it.
pub trait WithHint<T> {
    /// The same, with `hint` shown below the error and its causes.
    fn hint(self, hint: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, hint: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { error: error.into(), hint: hint() }.into())
    }
}

/// An error of a message and a hint.
pub fn failure(message: impl Display, hint: impl Into<String>) -> anyhow::Error {
    Hinted { error: anyhow::anyhow!("{message}"), hint: hint.into() }.into()
}
