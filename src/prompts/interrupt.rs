//! Ctrl-C while a question is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::SIGINT;

/// Was Ctrl-C pressed? Without it, it would end the process and leave the terminal without a cursor.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on Ctrl-C is noted, and does nothing else.
    pub(super) fn catch() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGINT, Arc::clone(&flag)).context("could not watch for Ctrl-C")?;
        Ok(Self(flag))
    }

    pub(super) fn was_pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
