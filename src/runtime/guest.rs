//! One guest: its pipes, its limits, and why it was stopped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime::{Memory, ResourceLimiter, Result};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{WasiCtxBuilder, async_trait};

use super::{Bound, HostTrouble, Limits};
use crate::host::{CapabilityCall, HostCapabilities};
use crate::protocol::HostCalls;

/// The most different capabilities that are remembered.
const REMEMBERED: usize = 100;

/// The least that a line of the log counts, because a line is printed with other words.
const LINE_BYTES: usize = 1 << 10;

/// The most random bytes in one call. More are refused, because the host would have to hold them.
const RANDOM_BYTES: u64 = 16 << 20;

/// The size of a table entry, which is a pointer.
const TABLE_ENTRY_BYTES: usize = size_of::<usize>();

/// What the host knows about one running guest.
pub(super) struct Guest {
    pub(super) wasi: WasiP1Ctx,
    /// The export `memory`, once the guest is instantiated. It is looked up once, not for each call.
    pub(super) memory: Option<Memory>,
    pub(super) stdout: Output,
    pub(super) stderr: Output,
    /// The limit that the guest exceeded, if any.
    pub(super) stopped: Option<Bound>,
    pub(super) host_calls: HostCalls,
    /// How many lines it has logged through its host.
    logged_lines: usize,
    stdin: Input,
    capabilities: Arc<dyn HostCapabilities>,
    limits: Limits,
    /// The size of all memories and tables.
    used_bytes: usize,
    started: Instant,
}

impl Guest {
    pub(super) fn new(
        args: &[&str],
        stdin: &[u8],
        limits: Limits,
        capabilities: Arc<dyn HostCapabilities>,
    ) -> Self {
        let stdin = Input::new(stdin);
        let stdout = Output::new(limits.output_bytes);
        let stderr = Output::new(limits.output_bytes);
        let mut wasi = WasiCtxBuilder::new();
        wasi.arg("policy.wasm").args(args).max_random_size(RANDOM_BYTES);
        wasi.stdin(stdin.clone()).stdout(stdout.clone()).stderr(stderr.clone());
        Self {
            wasi: wasi.build_p1(),
            memory: None,
            stdout,
            stderr,
            stopped: None,
            host_calls: HostCalls::default(),
            logged_lines: 0,
            stdin,
            capabilities,
            limits,
            used_bytes: 0,
            started: Instant::now(),
        }
    }

    /// Returns the time that is left; `None` if there is none.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let time = self.limits.time.unwrap_or(Duration::MAX);
        time.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())
    }

    /// Stops the guest: the error makes it trap.
    pub(super) fn stop(&mut self, bound: Bound) -> wasmtime::Error {
        self.stopped = Some(bound);
        bound.into()
    }

    pub(super) fn out_of_time(&mut self) -> wasmtime::Error {
        self.stop(Bound::Time(self.limits.time.unwrap_or(Duration::MAX)))
    }

    /// Returns the limit at which the guest was stopped, if any.
    pub(super) fn stopped(&self) -> Option<Bound> {
        let flooded = |output: &Output| output.lock().flooded;
        self.stopped
            .or_else(|| flooded(&self.stdout).then_some(Bound::Stdout(self.limits.output_bytes)))
            .or_else(|| flooded(&self.stderr).then_some(Bound::Stderr(self.limits.output_bytes)))
    }

    /// Calls the host, and appends its answer to stdin. Returns 0 for an answer, and 1 for a failure.
    pub(super) fn ask(&mut self, call: &CapabilityCall<'_>) -> Result<i32> {
        if call.is_log() {
            self.log(call);
            return Ok(0);
        }
        let (answer, status) = match self.capabilities.call(call) {
            Ok(answer) => (answer, 0),
            Err(message) => {
                let path = call.path();
                let refused_capabilities = &mut self.host_calls.refused_capabilities;
                if refused_capabilities.len() < REMEMBERED && !refused_capabilities.contains(&path) {
                    refused_capabilities.push(path);
                }
                (message.into_bytes(), 1)
            }
        };
        if self.stdin.append(&answer) > self.limits.output_bytes {
            return Err(self.stop(Bound::Unread(self.limits.output_bytes)));
        }
        Ok(status)
    }

    /// Keeps a record to log, or only counts it. Too many records are not a failure, because a real host has no limit.
    fn log(&mut self, call: &CapabilityCall<'_>) {
        let HostCalls { logged, unlogged, .. } = &mut self.host_calls;
        // Each record costs a line, however short it is.
        let used_bytes = logged.len().saturating_add(self.logged_lines.saturating_mul(LINE_BYTES));
        let room_bytes = self.limits.output_bytes.saturating_sub(used_bytes);
        let line = call.log_line(room_bytes).map(|line| (1 + line.matches('\n').count(), line));
        match line.filter(|(count, line)| count.saturating_mul(LINE_BYTES) + line.len() <= room_bytes) {
            Some((count, line)) => {
                self.logged_lines += count;
                logged.push_str(&line);
                logged.push('\n');
            }
            None => *unlogged += 1,
        }
    }

    fn growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        unit: usize,
    ) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false); // the module's own limit: the guest is told, as on every host
        }
        let growth = desired.saturating_sub(current).saturating_mul(unit);
        let used_bytes = self.used_bytes.saturating_add(growth);
        if used_bytes > self.limits.memory_bytes {
            return Err(self.stop(Bound::Memory(self.limits.memory_bytes)));
        }
        self.used_bytes = used_bytes;
        Ok(true)
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.growing(current, desired, maximum, 1)
    }

    /// Stops the guest if this machine has no memory left. The guest might otherwise report that as its own failure.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        match HostTrouble::find(&error) {
            Some(_) => Err(error),
            None => Ok(()), // beyond what the module allows itself, or WebAssembly
        }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.growing(current, desired, maximum, TABLE_ENTRY_BYTES)
    }
}

/// Locks a mutex, even if a thread panicked: it cannot leave anything half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A guest's stdin: a queue that is at its end while it is empty, and continues when the host appends an answer.
#[derive(Clone)]
struct Input(Arc<Mutex<Bytes>>);

impl Input {
    fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(Bytes::copy_from_slice(bytes))))
    }

    /// Appends bytes, and returns how many are unread.
    fn append(&self, bytes: &[u8]) -> usize {
        let mut unread = lock(&self.0);
        let mut longer = BytesMut::from(std::mem::take(&mut *unread));
        longer.extend_from_slice(bytes);
        *unread = longer.freeze();
        unread.len()
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Input {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty()) // not used by preview 1
    }
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut unread = lock(&self.0);
        if unread.is_empty() {
            return Err(StreamError::Closed);
        }
        let size = size.min(unread.len());
        Ok(unread.split_to(size))
    }
}

/// A guest's stdout or stderr.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<OutputBuffer>>);

struct OutputBuffer {
    bytes: Vec<u8>,
    limit_bytes: usize,
    /// Whether the guest wrote more than its limit.
    flooded: bool,
}

impl Output {
    fn new(limit_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(OutputBuffer { bytes: Vec::new(), limit_bytes, flooded: false })))
    }

    fn lock(&self) -> MutexGuard<'_, OutputBuffer> {
        lock(&self.0)
    }

    /// Takes what was written.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().bytes)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink()) // not used by preview 1
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut written = self.lock();
        let room = written.limit_bytes - written.bytes.len();
        written.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            written.flooded = true;
            return Err(StreamError::Trap(wasmtime::format_err!("too much output")));
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    /// Always reports room, because `write` enforces the limit.
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(usize::MAX)
    }
}
