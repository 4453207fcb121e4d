//! The verbs, one file each.

pub mod build;
pub mod completions;
pub mod inspect;
pub mod manifest;
pub mod new;
pub mod push;
pub mod run;
pub mod test;

/// How a verb that could complete ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked to.
    Done,
    /// Something stated beforehand did not hold.
    Failed,
}
