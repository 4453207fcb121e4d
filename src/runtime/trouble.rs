//! Problems of this machine while a policy runs, which are not failures of the policy.

use std::error::Error;
use std::fmt;

use crate::error::WithHint;

/// The system refused memory, or a thread, that is needed to run a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostTrouble {
    why: String,
}

impl fmt::Display for HostTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for HostTrouble {}

impl HostTrouble {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }

    /// Finds the trouble in an error of the engine. `None` if the system did not refuse memory.
    pub(super) fn find(error: &wasmtime::Error) -> Option<Self> {
        error.chain().any(is_lack_of_memory).then(|| Self::new(format!("{error:#}")))
    }

    /// Converts it to an error with a hint.
    pub(super) fn into_error(self) -> anyhow::Error {
        let error = anyhow::Error::new(self).context("this machine could not run the policy");
        let hint =
            "check the limits of this shell with `ulimit -a`; a lower `--memory-limit` reserves less memory";
        Err::<(), _>(error).hint(|| hint.to_owned()).expect_err("it was an error before")
    }
}

fn is_lack_of_memory(error: &(dyn Error + 'static)) -> bool {
    #[cfg(unix)]
    if let Some(errno) = error.downcast_ref::<rustix::io::Errno>() {
        return *errno == rustix::io::Errno::NOMEM;
    }
    let of_system = error.downcast_ref::<std::io::Error>();
    of_system.is_some_and(|error| error.kind() == std::io::ErrorKind::OutOfMemory)
}

/// Converts an error of the engine, which has its own error type.
pub(super) fn ours(error: wasmtime::Error) -> anyhow::Error {
    match HostTrouble::find(&error) {
        Some(trouble) => trouble.into_error(),
        None => anyhow::Error::from_boxed(error.into_boxed_dyn_error()),
    }
}
