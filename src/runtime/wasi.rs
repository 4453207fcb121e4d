//! WASI preview 1 for a guest that has stdin, stdout, stderr, arguments, clocks and randomness, and nothing else.
//!
//! It is that of wasmtime-wasi, but three functions are wrapped: `poll_oneoff` would let a guest sleep for as long as
//! it likes without being interrupted, and `fd_read` and `fd_write` would pass through an executor, which pipes in
//! memory never need.

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, EnterGuard, Runtime};
use wasmtime::{Caller, Extern, Linker, Result, bail};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as preview1, WasiSnapshotPreview1};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wiggle::GuestMemory;

use super::guest::Guest;

const MODULE: &str = "wasi_snapshot_preview1";

/// The most bytes of a guest's memory that a function may copy to the host. Reads and writes have no such limit,
/// because they copy in pieces.
pub(super) const COPIED_BYTES: usize = 1 << 20;

/// Provides WASI to guests.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    p1::add_to_linker_sync(linker, |guest| &mut guest.wasi)?;
    linker.allow_shadowing(true);
    linker.func_wrap(MODULE, "fd_read", fd_read)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "poll_oneoff", poll_oneoff)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn fd_read(mut caller: Caller<'_, Guest>, fd: i32, buffers: i32, count: i32, read: i32) -> Result<i32> {
    let (mut memory, wasi) = parts(&mut caller, usize::MAX)?;
    at_once(preview1::fd_read(wasi, &mut memory, fd, buffers, count, read))
}

fn fd_write(mut caller: Caller<'_, Guest>, fd: i32, buffers: i32, count: i32, written: i32) -> Result<i32> {
    let (mut memory, wasi) = parts(&mut caller, usize::MAX)?;
    at_once(preview1::fd_write(wasi, &mut memory, fd, buffers, count, written))
}

fn poll_oneoff(
    mut caller: Caller<'_, Guest>,
    subscriptions: i32,
    events: i32,
    count: i32,
    ready: i32,
) -> Result<i32> {
    let Some(time_left) = caller.data().time_left() else { return Err(caller.data_mut().out_of_time()) };
    let (mut memory, wasi) = parts(&mut caller, COPIED_BYTES)?;
    // Only its own runtime moves the clock for those who wait.
    let polled = runtime()?.block_on(async {
        let polled = preview1::poll_oneoff(wasi, &mut memory, subscriptions, events, count, ready);
        tokio::time::timeout(time_left, polled).await
    });
    polled.unwrap_or_else(|_| Err(caller.data_mut().out_of_time()))
}

/// Enters the runtime of wasmtime-wasi's functions until the guard is dropped. Without it, they would start threads, and
/// panic if that fails. Nothing waits in this runtime.
pub(super) fn enter_runtime() -> Option<EnterGuard<'static>> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(|| runtime().ok()).as_ref().map(Runtime::enter)
}

/// Creates a runtime that starts no threads.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_time().build()
}

/// Returns the memory and the context that a function of WASI works on.
fn parts<'a>(
    caller: &'a mut Caller<'_, Guest>,
    copied_bytes: usize,
) -> Result<(GuestMemory<'a>, &'a mut WasiP1Ctx)> {
    // A start function runs before there is an instance.
    let memory = caller.data().memory.or_else(|| caller.get_export("memory").and_then(Extern::into_memory));
    let Some(memory) = memory else { bail!("no memory is exported as `memory`") };
    let (memory, guest) = memory.data_and_store_mut(caller);
    guest.wasi.set_hostcall_fuel(copied_bytes);
    Ok((GuestMemory::Unshared(memory), &mut guest.wasi))
}

/// Returns the result of a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => bail!("a pipe in memory is not ready"),
    }
}
