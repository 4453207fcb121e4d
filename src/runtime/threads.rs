//! The threads that share long work, if they can be started.

use std::sync::OnceLock;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Returns a pool with one thread per processor. `None` if the threads cannot be started; the calling thread then does all
/// the work.
///
/// This is not rayon's global pool, which panics if it cannot start its threads, and starts as many as the environment says.
pub(crate) fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let start = || {
        let count = thread::available_parallelism().map_or(1, usize::from);
        ThreadPoolBuilder::new().num_threads(count).build().ok()
    };
    POOL.get_or_init(start).as_ref()
}

/// Whether another thread can be started in addition to those of the pool.
pub(super) fn can_start() -> bool {
    pool().is_some() && thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok())
}
