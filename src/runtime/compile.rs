//! Compiles a module within a time limit.
//!
//! The compiler cannot be interrupted, and its time is not linear: a function with some thousand loops takes minutes. So it
//! runs in another thread, which is abandoned after the time limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::bail;
use wasmtime::{Engine, Module};

use super::pool;
use super::trouble::ours;
use crate::error::failure;

/// The time after which progress is shown.
const SLOW: Duration = Duration::from_secs(1);

/// The time limit for a module of this size: a minute, and 10 seconds for each megabyte. The largest policies, some 20 MB
/// from Go, take 10 to 20 seconds on two cores.
pub(super) fn time_limit(bytes: usize) -> Duration {
    let megabytes = u32::try_from(bytes / 1_000_000).unwrap_or(u32::MAX);
    Duration::from_secs(60) + Duration::from_secs(10).saturating_mul(megabytes)
}

/// Compiles a module. Calls `on_slow` if that takes more than a second.
///
/// Fails after `time`; the compiler may then continue until the process ends. `None` means no limit.
pub(super) fn compile(
    engine: &Engine,
    wasm: &[u8],
    time: Option<Duration>,
    on_slow: impl FnOnce(),
) -> anyhow::Result<Module> {
    let Some(pool) = pool() else { return Module::new(engine, wasm).map_err(ours) };
    let (sender, receiver) = mpsc::channel();
    let (engine, wasm) = (engine.clone(), wasm.to_vec());
    pool.spawn(move || {
        // A panic here would end the process.
        if let Ok(compiled) = catch_unwind(AssertUnwindSafe(|| Module::new(&engine, wasm))) {
            let _ = sender.send(compiled); // nobody listens any more if the time is over
        }
    });
    let time = time.unwrap_or(Duration::MAX);
    let compiled = match receiver.recv_timeout(SLOW.min(time)) {
        Err(RecvTimeoutError::Timeout) => {
            on_slow();
            receiver.recv_timeout(time.saturating_sub(SLOW))
        }
        ended => ended,
    };
    match compiled {
        Ok(compiled) => compiled.map_err(ours),
        Err(RecvTimeoutError::Disconnected) => bail!("the compiler failed without an error"),
        Err(RecvTimeoutError::Timeout) => Err(failure(
            format!("it was not compiled within {time:?}"),
            "most policies take a few seconds; to wait for this one, pass `--time-limit none`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiling_ends_when_its_time_is_over() {
        let loops = "(loop (br_if 0 (i32.const 0)))".repeat(500);
        let wasm = wat::parse_str(format!("(module (func {loops}))")).unwrap();
        let mut slow = 0;
        let compiled = compile(&Engine::default(), &wasm, Some(Duration::ZERO), || slow += 1);
        assert_eq!(compiled.unwrap_err().to_string(), "it was not compiled within 0ns");
        assert_eq!(slow, 1);
        assert!(compile(&Engine::default(), &wasm, None, || ()).is_ok());
    }
}
