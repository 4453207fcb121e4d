//! The limits of a guest, and the messages when it exceeds them.

use std::fmt;
use std::time::Duration;

use bytesize::ByteSize;

/// What a guest may use in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time from instantiation to the end. `None` means no limit, and is a little faster: code that can be
    /// interrupted reads a counter in each loop and each function.
    pub time: Option<Duration>,
    /// The size of memories and tables together.
    pub memory_bytes: usize,
    /// The size of stdout and of stderr, each.
    pub output_bytes: usize,
}

/// The time is that of a policy server; a real host has no other limits.
impl Default for Limits {
    fn default() -> Self {
        Self { time: Some(Duration::from_secs(2)), memory_bytes: 256 << 20, output_bytes: 16 << 20 }
    }
}

/// The limit at which a guest was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It ran, or waited, for longer than this.
    Time(Duration),
    /// It needed more than this many bytes of memory.
    Memory(usize),
    /// It wrote more than this many bytes to stdout.
    Stdout(usize),
    /// It wrote more than this many bytes to stderr.
    Stderr(usize),
    /// It left more than this many bytes of the host's answers unread.
    Unread(usize),
    /// Its answer would need more than this many bytes of memory when read.
    Answer(usize),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "it was stopped after {time:?} (see `--time-limit`)"),
            Self::Memory(bytes) => {
                let bytes = ByteSize::b(*bytes as u64);
                write!(
                    f,
                    "it was stopped because it needed more than {bytes} of memory (see `--memory-limit`)"
                )
            }
            Self::Stdout(bytes) => {
                let bytes = ByteSize::b(*bytes as u64);
                write!(
                    f,
                    "it was stopped because it wrote more than {bytes} to stdout (see `--output-limit`)"
                )
            }
            Self::Stderr(bytes) => {
                let bytes = ByteSize::b(*bytes as u64);
                write!(
                    f,
                    "it was stopped because it wrote more than {bytes} to stderr (see `--output-limit`)"
                )
            }
            Self::Unread(bytes) => {
                write!(
                    f,
                    "it was stopped because it left more than {} of the host's answers unread",
                    ByteSize::b(*bytes as u64)
                )
            }
            Self::Answer(bytes) => {
                write!(
                    f,
                    "its answer was not read, because its values need more than {} of memory",
                    ByteSize::b(*bytes as u64)
                )
            }
        }
    }
}

impl std::error::Error for Bound {}
