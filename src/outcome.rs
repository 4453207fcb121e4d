//! How a command ends, and the exit code that says so.

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::process::ChildFailed;
use crate::shell::Shell;

/// How a command that could complete ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked to.
    Done,
    /// Something stated beforehand did not hold.
    Failed,
}

/// The user backed out of a question: nothing was written, and there is nothing to say.
#[derive(Debug)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// Did whoever reads our output stop doing so, such as `head`? Nobody is there to be told.
pub(crate) fn is_reader_gone(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_pipe))
}

/// 0 done, 1 failed or cancelled, the child's own code after a child that has said why, 101 could not complete.
pub fn exit_code(result: Result<Outcome>, shell: &Shell) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) if error.is::<Cancelled>() => ExitCode::FAILURE,
        Err(error) if is_reader_gone(&error) => ExitCode::from(101),
        Err(error) => match error.downcast_ref::<ChildFailed>() {
            Some(child) => ExitCode::from(child.code),
            None => {
                shell.error(&error);
                ExitCode::from(101)
            }
        },
    }
}
