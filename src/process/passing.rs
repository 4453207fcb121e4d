//! The stderr of a child, passed on line by line by a thread, which knows whether there was anything.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::shell::Shell;

/// How long to wait for the rest of stderr once the child has ended. A process that it left in the background may keep the
/// pipe open.
const PATIENCE: Duration = Duration::from_secs(1);

/// Gets each line with its end, and returns what to print now. An empty line is the end.
type LineFilter = dyn FnMut(&[u8]) -> Vec<u8> + Send;

/// Chooses what of the stderr of a child is printed.
pub(crate) struct StderrFilter(pub(crate) Box<LineFilter>);

impl fmt::Debug for StderrFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StderrFilter")
    }
}

/// The stderr of a child, which passes on until it ends.
#[derive(Debug)]
pub(super) struct PassedStderr {
    printed: Receiver<()>,
}

impl PassedStderr {
    pub(super) fn start(pipe: ChildStderr, filter: Option<StderrFilter>) -> Self {
        let (first, printed) = channel();
        std::thread::spawn(move || pass(pipe, filter, first));
        Self { printed }
    }

    /// Did the child print anything? Waits for the end of what it printed.
    pub(super) fn has_printed(self) -> bool {
        let printed = self.printed.recv_timeout(PATIENCE).is_ok();
        // The other end is dropped after the last line.
        while self.printed.recv_timeout(PATIENCE).is_ok() {}
        printed
    }
}

fn pass(pipe: ChildStderr, filter: Option<StderrFilter>, printed: Sender<()>) {
    let mut filter = filter.map(|StderrFilter(filter)| filter);
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    // What cannot be read or printed cannot be reported either.
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let _ = printed.send(());
        match &mut filter {
            Some(filter) => Shell::pass(&filter(&line)),
            None => Shell::pass(&line),
        }
        line.clear();
    }
    if let Some(filter) = &mut filter {
        Shell::pass(&filter(&[]));
    }
}
