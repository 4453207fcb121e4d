//! A short exchange with a child program: one message to it, one answer from it, within a time limit.

use std::io::{Read, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::{Program, start};
use crate::shell::Shell;

/// More than any answer needs. What comes after it is dropped.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// How often to look whether the child has ended.
const STEP: Duration = Duration::from_millis(5);
/// How long to wait for the rest of the output once the child has ended. A process that it left in the background may keep
/// the pipe open.
const LEFTOVER: Duration = Duration::from_millis(500);

/// What a program answered.
#[derive(Debug)]
pub(crate) struct ProgramAnswer {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Program {
    /// Runs the program with `message` on its stdin, and returns all it prints, at most 1 MiB of each stream.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, or takes longer than `limit`: it is killed then.
    pub(crate) fn exchange(&self, message: &[u8], limit: Duration, shell: &Shell) -> Result<ProgramAnswer> {
        shell.command(self);
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, _held) = start(&mut command).with_context(|| self.not_started())?;
        let stdout = Collected::start(child.stdout.take().expect("stdout is piped"));
        let stderr = Collected::start(child.stderr.take().expect("stderr is piped"));
        let (mut stdin, message) = (child.stdin.take().expect("stdin is piped"), message.to_owned());
        // A child that does not read its stdin must not stop us. It may also end without reading it.
        std::thread::spawn(move || stdin.write_all(&message));
        let status = self.wait_within(&mut child, limit)?;
        let deadline = Instant::now() + LEFTOVER;
        Ok(ProgramAnswer { status, stdout: stdout.take(deadline), stderr: stderr.take(deadline) })
    }

    fn wait_within(&self, child: &mut Child, limit: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            let name = self.name.display();
            match child.try_wait().with_context(|| format!("could not wait for `{name}`"))? {
                Some(status) => return Ok(status),
                None if start.elapsed() < limit => std::thread::sleep(STEP),
                None => {
                    // It may have ended by itself meanwhile.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(anyhow!(
                        "`{name}` did not end within {}, and was stopped",
                        humantime::format_duration(limit)
                    ));
                }
            }
        }
    }
}

/// The output of a child, collected while it runs.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Collected {
    fn start(pipe: impl Read + Send + 'static) -> Self {
        let (bytes, (sender, end)) = (Arc::<Mutex<Vec<u8>>>::default(), channel());
        let collected = bytes.clone();
        std::thread::spawn(move || {
            let mut pipe = pipe.take(MAX_ANSWER_BYTES);
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut piece) {
                collected.lock().expect("no thread panics with the lock").extend_from_slice(&piece[..read]);
            }
            // Dropping the pipe early could end the child: read what is left, and forget it.
            let _ = std::io::copy(&mut pipe.into_inner(), &mut std::io::sink());
            drop(sender);
        });
        Self { bytes, end }
    }

    /// What has come until the end, or until this time.
    fn take(self, deadline: Instant) -> Vec<u8> {
        // Either nothing is sent until the deadline, or the other end is dropped: both mean that it is time.
        let _ = self.end.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        std::mem::take(&mut self.bytes.lock().expect("no thread panics with the lock"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn exchange(script: &str, limit: Duration) -> Result<ProgramAnswer> {
        let mut program = Program::new("sh");
        program.args(["-c", script]).exchange(b"hello\n", limit, &Shell::default().quieter())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_program_gets_the_message_and_its_answer_is_read() {
        let answer = exchange("read line; echo \"$line, too\"; echo why >&2; exit 3", LONG).unwrap();
        assert_eq!(answer.stdout, b"hello, too\n");
        assert_eq!(answer.stderr, b"why\n");
        assert_eq!(answer.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_hangs_is_stopped_and_named() {
        let error = exchange("exec sleep 600", Duration::from_millis(100)).unwrap_err();
        assert_eq!(error.to_string(), "`sh` did not end within 100ms, and was stopped");
    }

    #[test]
    fn a_process_that_keeps_the_output_open_is_not_waited_for() {
        let answer = exchange("sleep 30 & echo answer", LONG).unwrap();
        assert_eq!(answer.stdout, b"answer\n");
    }

    #[test]
    fn an_endless_answer_is_cut() {
        let answer = exchange("head -c 3000000 /dev/zero", LONG).unwrap();
        assert_eq!(answer.stdout.len(), 1 << 20);
        assert!(answer.status.success());
    }
}
