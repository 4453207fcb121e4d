//! Signals that end the process, from a terminal or from elsewhere, and what is put right before they do: temporary
//! files are removed, and child programs get the signal too.
//!
//! Nothing can be done about SIGKILL; what it leaves is removed by a later call, see `fs`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// What must not outlive the process.
#[derive(Debug)]
pub(crate) enum Leftover {
    /// A file, or a folder with all that is in it.
    Temporary(PathBuf),
    /// The process of this id, which has not been waited for.
    Child(u32),
}

static HELD: Mutex<BTreeMap<u64, Leftover>> = Mutex::new(BTreeMap::new());

/// How many [`Deferral`]s there are.
static DEFERRALS: AtomicUsize = AtomicUsize::new(0);
/// Has a signal arrived?
static ARRIVED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// Was there a deferral that ended after a signal? Then the process is about to end by itself.
static SEEN: AtomicBool = AtomicBool::new(false);

/// Something is put right if a signal ends the process, as long as this exists.
#[derive(Debug)]
pub(crate) struct Held(u64);

/// Creates something that is put right if a signal ends the process, until the second result is dropped. No signal ends the
/// process in between.
pub(crate) fn hold<T, E>(
    create: impl FnOnce() -> Result<T, E>,
    leftover: impl FnOnce(&T) -> Leftover,
) -> Result<(T, Held), E> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut held = held();
    let created = create()?;
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    held.insert(id, leftover(&created));
    Ok((created, Held(id)))
}

impl Drop for Held {
    fn drop(&mut self) {
        held().remove(&self.0);
    }
}

fn held() -> MutexGuard<'static, BTreeMap<u64, Leftover>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it exists, a signal does not end the process. It interrupts what waits for a key, though. Soon after the last
/// one is gone, the process ends, unless it has ended by itself.
#[derive(Debug)]
pub(crate) struct Deferral(());

impl Deferral {
    pub(crate) fn begin() -> Self {
        // If the process is being ended already, this waits until it is: nothing is created while leftovers are removed.
        let _held = held();
        DEFERRALS.fetch_add(1, Ordering::SeqCst);
        // Elsewhere Ctrl-C is all there is, and nothing but a question waits.
        #[cfg(not(unix))]
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&ARRIVED));
        Self(())
    }

    /// Has a signal arrived?
    pub(crate) fn has_signal(&self) -> bool {
        ARRIVED.load(Ordering::SeqCst)
    }
}

impl Drop for Deferral {
    fn drop(&mut self) {
        SEEN.fetch_or(self.has_signal(), Ordering::SeqCst);
        DEFERRALS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Starts to wait for signals.
pub fn watch() {
    #[cfg(unix)]
    wait::watch();
}

#[cfg(unix)]
mod wait {
    use super::{ARRIVED, Arc, DEFERRALS, Leftover, Ordering, SEEN, held};
    use rustix::process::{Pid, Signal, getpid, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::path::Path;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    pub(super) fn watch() {
        let ignored = ignored_signals();
        // `nohup` has SIGHUP ignored, and a shell SIGINT in its background.
        let watched = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
            .into_iter()
            .filter(|signal| (ignored >> (signal - 1)) & 1 == 0);
        let watched: Vec<_> = watched.collect();
        let (sender, receiver) = mpsc::channel::<Signals>();
        let wait = move || {
            if let Ok(signal) = receiver.recv().map(|mut signals| signals.forever().next())
                && let Some(signal) = signal
            {
                end(signal);
            }
        };
        // Without a thread or a handler, a signal ends the process as it would have.
        let Ok(_) = thread::Builder::new().spawn(wait) else { return };
        let Ok(signals) = Signals::new(&watched) else { return };
        for signal in watched {
            let _ = signal_hook::flag::register(signal, Arc::clone(&ARRIVED));
        }
        let _ = sender.send(signals);
    }

    /// The set of signals that this process was started to ignore: bit 0 is signal 1. Empty where it is not known.
    fn ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
    }

    fn wait_for_deferrals() {
        while DEFERRALS.load(Ordering::SeqCst) > 0 {
            // The signal may have come just before the question began to wait for a key. This one interrupts it.
            let _ = kill_process(getpid(), Signal::INT);
            thread::sleep(Duration::from_millis(20));
        }
        if SEEN.load(Ordering::SeqCst) {
            // Time to say how it ended.
            thread::sleep(Duration::from_secs(2));
        }
    }

    /// Removes a file or a folder. The rest of the process may still write to the folder for a moment, until it needs what
    /// [`end`] has locked.
    fn remove(path: &Path) {
        for _ in 0..100 {
            let removed = match std::fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
                Ok(_) => std::fs::remove_file(path),
                Err(_) => return,
            };
            if removed.is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Puts right what is held, and ends the process as the signal would have. Nothing can be done about a failure.
    fn end(signal: i32) {
        let held = loop {
            wait_for_deferrals();
            let held = held();
            if DEFERRALS.load(Ordering::SeqCst) == 0 {
                break held;
            }
        };
        for leftover in held.values() {
            match leftover {
                Leftover::Child(id) => {
                    let id = i32::try_from(*id).ok().and_then(Pid::from_raw);
                    let signal = Signal::from_named_raw(signal);
                    let _ = id.zip(signal).map(|(id, signal)| kill_process(id, signal));
                }
                Leftover::Temporary(path) => remove(path),
            }
        }
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
}
