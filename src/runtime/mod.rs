//! The host: runs a policy module on one request, or one set of settings, as a policy server does.
//!
//! Each call gets a fresh instance with stdin, stdout, stderr, arguments, clocks and randomness: no files, no
//! environment, no network. What a guest may use is limited, so that no guest can hang or bloat this process.
//! `protocol` interprets the answer.

mod cache;
mod compile;
mod guest;
mod host_call;
mod limits;
mod threads;
mod trouble;
mod wasi;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use wasmtime::{Config, Engine, InstancePre, Linker, Store, UpdateDeadline};
use wasmtime_wasi::I32Exit;

pub use cache::Cache;
pub use limits::{Bound, Limits};
pub(crate) use threads::pool;
pub use trouble::HostTrouble;

use crate::host::{HostCapabilities, NoCapabilities};
use crate::module;
use crate::protocol::{Evaluation, GuestOutput, HostCalls, Request, Settings, SettingsVerdict};
use crate::untrusted::is_heavy;
use guest::Guest;
use trouble::ours;

/// The address space of 32-bit WebAssembly.
const WHOLE_MEMORY_BYTES: u64 = 1 << 32;

/// The interval at which a running guest checks the clock.
const TICK: Duration = Duration::from_millis(10);

/// A compiled policy, ready to evaluate requests.
pub struct Policy {
    instance: InstancePre<Guest>,
    limits: Limits,
    capabilities: Arc<dyn HostCapabilities>,
    /// The first problem of this machine that a call met.
    trouble: OnceLock<HostTrouble>,
}

/// The result of a call of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// How the guest ended.
    pub outcome: GuestOutcome,
    /// What the guest wrote to stdout.
    pub stdout: Vec<u8>,
    /// What the guest wrote to stderr.
    pub(crate) stderr: Vec<u8>,
    /// The results of the guest's calls to its host.
    pub host_calls: HostCalls,
}

/// How a guest ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestOutcome {
    /// It returned, which counts as 0, or exited with a code.
    Exit(i32),
    /// It trapped, with the engine's message, which no host shows to the cluster.
    Trap(String),
    /// The module has no `_start` to call, for this reason.
    NoStart(String),
    /// It exceeded a limit.
    Stopped(Bound),
    /// This machine could not run it.
    Unrun(HostTrouble),
}

impl Policy {
    /// Compiles a module, or takes it from the cache.
    ///
    /// # Errors
    ///
    /// Fails if it is not a module, imports something that no host provides, or takes too long to compile. If this machine
    /// lacks something, a [`HostTrouble`] is among the causes.
    pub fn load(wasm: &[u8], limits: Limits, cache: Cache) -> Result<Self> {
        Self::load_slowly(wasm, limits, &cache, || ())
    }

    /// Compiles a module, or takes it from the cache, like [`Self::load`]. Calls `on_slow` if that takes more than a second.
    pub(crate) fn load_slowly(
        wasm: &[u8],
        limits: Limits,
        cache: &Cache,
        on_slow: impl FnOnce(),
    ) -> Result<Self> {
        // Wasmtime's cache starts a thread, and panics if it cannot.
        let cache = threads::can_start().then(|| cache.open(wasm)).flatten();
        if cache.as_ref().is_none_or(|cache| !cache.has_module)
            && let Some(finding) = module::check_nesting(wasm)
        {
            bail!(finding.message);
        }
        let mut config = Config::new();
        config
            .epoch_interruption(limits.time.is_some())
            .parallel_compilation(pool().is_some())
            // More would only be reserved, but a system may limit that too.
            .memory_reservation((limits.memory_bytes as u64).min(WHOLE_MEMORY_BYTES))
            .memory_reservation_for_growth(0)
            .cache(cache.as_ref().map(|cache| cache.wasmtime.clone()));
        let engine = Engine::new(&config).map_err(ours).context("could not start the WebAssembly engine")?;
        let time = limits.time.map(|_| compile::time_limit(wasm.len()));
        let module =
            compile::compile(&engine, wasm, time, on_slow).context("could not compile the module")?;
        if let Some(cache) = cache {
            cache.close();
        }
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker).map_err(ours)?;
        host_call::add_to_linker(&mut linker).map_err(ours)?;
        let instance = linker.instantiate_pre(&module).map_err(ours).context("could not link the module")?;
        if limits.time.is_some() {
            tick(&engine)?;
        }
        let capabilities = Arc::new(NoCapabilities);
        Ok(Self { instance, limits, capabilities, trouble: OnceLock::new() })
    }

    /// Fails if this machine could not run one of the calls, whose outcome is then not an answer of the policy.
    pub(crate) fn require_no_trouble(&self) -> Result<()> {
        self.trouble.get().map_or(Ok(()), |trouble| Err(trouble.clone().into_error()))
    }

    /// Runs a fresh instance with these arguments after `policy.wasm`.
    pub fn call(&self, args: &[&str], stdin: &[u8]) -> Call {
        let guest = Guest::new(args, stdin, self.limits, Arc::clone(&self.capabilities));
        let mut store = Store::new(self.instance.module().engine(), guest);
        store.limiter(|guest| guest);
        store.set_hostcall_fuel(wasi::COPIED_BYTES);
        if self.limits.time.is_some() {
            store.set_epoch_deadline(1);
            store.epoch_deadline_callback(|mut store| match store.data().time_left() {
                Some(_) => Ok(UpdateDeadline::Continue(1)),
                None => Err(store.data_mut().out_of_time()),
            });
        }
        let _runtime = wasi::enter_runtime();
        let outcome = self.run(&mut store);
        if let GuestOutcome::Unrun(trouble) = &outcome {
            let _ = self.trouble.set(trouble.clone());
        }
        let guest = store.into_data();
        Call {
            outcome: guest.stopped().map_or(outcome, GuestOutcome::Stopped),
            stdout: guest.stdout.take(),
            stderr: guest.stderr.take(),
            host_calls: guest.host_calls,
        }
    }

    fn run(&self, store: &mut Store<Guest>) -> GuestOutcome {
        let instance = match self.instance.instantiate(&mut *store) {
            Ok(instance) => instance,
            Err(error) => return GuestOutcome::of_error(&error),
        };
        store.data_mut().memory = instance.get_memory(&mut *store, "memory");
        let start = match instance.get_typed_func::<(), ()>(&mut *store, "_start") {
            Ok(start) => start,
            // The message of Kubewarden's host.
            Err(error) => {
                return GuestOutcome::NoStart(format!(
                    "cannot find `_start` function inside of module: {error}"
                ));
            }
        };
        match start.call(store, ()) {
            Ok(()) => GuestOutcome::Exit(0),
            Err(error) => GuestOutcome::of_error(&error),
        }
    }

    /// Asks the policy whether it can be run with these settings.
    pub(crate) fn validate_settings(&self, settings: &Settings) -> SettingsVerdict {
        let stdin = serde_json::to_vec(settings).expect("settings are JSON values");
        let mut call = self.call(&["validate-settings"], &stdin).weighed(self.answer_limit_bytes(&stdin));
        let host_calls = std::mem::take(&mut call.host_calls);
        SettingsVerdict { host_calls, ..SettingsVerdict::new(call.into()) }
    }

    /// Asks the policy about a request. The settings should be valid.
    pub fn validate(&self, request: &Request, settings: &Settings) -> Evaluation {
        let stdin = request.to_stdin(settings);
        let mut call = self.call(&["validate"], &stdin).weighed(self.answer_limit_bytes(&stdin));
        let host_calls = std::mem::take(&mut call.host_calls);
        Evaluation { host_calls, ..Evaluation::new(request, call.into()) }
    }

    /// Returns the most memory that a parsed answer may take. An answer with the whole changed request is well within
    /// it.
    fn answer_limit_bytes(&self, stdin: &[u8]) -> usize {
        let output_bytes = self.limits.output_bytes.max(Limits::default().output_bytes);
        output_bytes.saturating_mul(3).saturating_add(stdin.len().saturating_mul(40))
    }
}

impl Call {
    /// Marks the call as stopped if its answer would be too large to read: a short string can contain a great many
    /// values.
    fn weighed(mut self, limit_bytes: usize) -> Self {
        if self.outcome == GuestOutcome::Exit(0) && is_heavy(&self.stdout, limit_bytes) {
            self.outcome = GuestOutcome::Stopped(Bound::Answer(limit_bytes));
        }
        self
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl GuestOutcome {
    fn of_error(error: &wasmtime::Error) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::Exit(exit.0);
        }
        match HostTrouble::find(error) {
            Some(trouble) => Self::Unrun(trouble),
            None => Self::Trap(format!("{:#}", error.root_cause())),
        }
    }

    /// Returns why the guest did not end as it should, in words for people.
    fn failure(&self) -> Option<String> {
        match self {
            Self::Exit(0) => None,
            Self::Exit(code) => Some(format!("it ended with exit code {code}")),
            Self::Trap(why) => Some(format!("it trapped: {why}")),
            Self::NoStart(why) => Some(why.clone()),
            Self::Stopped(bound) => Some(bound.to_string()),
            Self::Unrun(trouble) => Some(format!("it could not be run on this machine: {trouble}")),
        }
    }
}

impl From<Call> for GuestOutput {
    fn from(call: Call) -> Self {
        let failure = call.outcome.failure();
        let stderr = match call.outcome {
            GuestOutcome::NoStart(why) => why.into_bytes(),
            _ => call.stderr,
        };
        Self { failure, stdout: call.stdout, stderr }
    }
}

/// Advances the engine's clock for as long as the engine exists.
fn tick(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("clock".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })
        .map_err(|error| {
            let why = format!("no thread for the time limit ({error}); `--time-limit none` needs none");
            HostTrouble::new(why).into_error()
        })?;
    Ok(())
}
