//! The terminal: everything that is printed for a person or a script passes through here.
//!
//! Results that a script may read go to stdout, everything else to stderr, as in cargo.

mod color;
mod diff;
mod markdown;
mod problems;
mod progress;
mod term;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{BufWriter, IsTerminal, Write};

use anstyle::Style;
use anyhow::Result;
use serde::Serialize;

pub(crate) use color::{ColorChoice, Paint, Tone};
pub(crate) use progress::Progress;
pub(crate) use term::TermFlags;

use crate::untrusted::{printable, printable_json};
use color::{ERROR, STATUS};
use term::TermTable;

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Also the commands that are run.
    Verbose,
}

/// The length from which a message is printed line by line.
const LONG_BYTES: usize = 1 << 16;

/// Prints to stderr and stdout, with the verbosity and the colors that the user wants.
#[derive(Debug)]
pub struct Shell {
    verbosity: Verbosity,
    /// How often `-v` was given, which is passed on to other programs.
    verbose_level: u8,
    color_choice: ColorChoice,
    /// The colors of stderr.
    paint: Paint,
}

/// The shell to use before the command line is parsed.
impl Default for Shell {
    fn default() -> Self {
        let color_choice = ColorChoice::default();
        let paint = color_choice.paint(&std::io::stderr());
        Self { verbosity: Verbosity::Normal, verbose_level: 0, color_choice, paint }
    }
}

impl Shell {
    /// Creates a shell from the command line, the environment and cargo's configuration.
    pub(crate) fn new(flags: TermFlags) -> Result<Self> {
        let (verbosity, color_choice) = flags.or(TermTable::load()?)?;
        let paint = color_choice.paint(&std::io::stderr());
        Ok(Self { verbosity, verbose_level: flags.verbose_level, color_choice, paint })
    }

    /// Returns the colors for results on stdout.
    pub(crate) fn paint_results(&self) -> Paint {
        self.color_choice.paint(&std::io::stdout())
    }

    /// How much the user wants to see.
    pub(crate) fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Returns a shell that prints no progress, unless `-v` asks for more.
    pub fn quieter(&self) -> Self {
        let verbosity = match self.verbosity {
            Verbosity::Verbose => Verbosity::Verbose,
            _ => Verbosity::Quiet,
        };
        Self { verbosity, ..*self }
    }

    /// Whether a person reads stderr.
    pub(crate) fn has_reader(&self) -> bool {
        self.verbosity >= Verbosity::Normal && std::io::stderr().is_terminal()
    }

    /// Returns the flags that make cargo print as much as this shell, in the same colors.
    pub(crate) fn cargo_flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.verbosity == Verbosity::Quiet {
            flags.push("--quiet".to_owned());
        }
        // One `-v` shows the commands that this tool runs; two or more also show those that cargo runs.
        if self.verbose_level > 1 {
            flags.push(format!("-{}", "v".repeat(usize::from(self.verbose_level - 1))));
        }
        match self.color_choice {
            ColorChoice::Auto => {}
            ColorChoice::Always => flags.push("--color=always".to_owned()),
            ColorChoice::Never => flags.push("--color=never".to_owned()),
        }
        flags
    }

    /// Returns the same flags for a cargo whose stderr is a pipe to this process.
    pub(crate) fn cargo_flags_through_pipe(&self) -> Vec<String> {
        let mut flags = self.cargo_flags();
        if self.color_choice == ColorChoice::Auto && self.paint.color {
            flags.push("--color=always".to_owned());
        }
        flags
    }

    /// Prints `   Verb message`, as cargo reports progress.
    pub(crate) fn status(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.verb(STATUS, verb, message);
        }
    }

    /// Prints bad news in the same way.
    pub(crate) fn setback(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.verb(ERROR, verb, message);
        }
    }

    /// Prints a command that is about to run, with `-v` only.
    pub(crate) fn command(&self, command: impl Display) {
        self.detail("Running", format!("`{command}`"));
    }

    /// Prints `   Verb message` if `-v` is given.
    pub(crate) fn detail(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.verb(STATUS, verb, message);
        }
    }

    fn verb(&self, style: Style, verb: &str, message: impl Display) {
        let verb = self.paint.styled(style, &format!("{verb:>12}"));
        let message = message.to_string();
        let message = printable(&message);
        let message = message.trim_end();
        if message.len() < LONG_BYTES {
            return self.line(&format!("{verb} {}", indent(message, 13)));
        }
        // Not copied as a whole: most of it may be line ends.
        let mut stderr = BufWriter::new(self.paint.stream(std::io::stderr().lock()));
        let mut margin = verb;
        for line in message.split('\n') {
            if writeln!(stderr, "{margin} {line}").is_err() {
                return;
            }
            margin = " ".repeat(12);
        }
    }

    /// Prints a line without a verb, below a status.
    pub fn note(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.line(&printable(&message.to_string()));
        }
    }

    /// Whether a person reads stdout.
    pub(crate) fn has_reader_of_results(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Prints a result to stdout, as it is.
    pub(crate) fn result(&self, text: &str) -> std::io::Result<()> {
        let mut stdout = self.paint_results().stream(std::io::stdout().lock());
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Prints a result to stdout, as one line of JSON. Characters that a terminal would obey are escaped only for a terminal.
    pub(crate) fn result_line(&self, result: &impl Serialize) -> std::io::Result<()> {
        if self.has_reader_of_results() {
            return self.result(&format!("{}\n", printable_json(&serde_json::to_string(result)?)));
        }
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        serde_json::to_writer(&mut stdout, result)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Prints on stderr what another program has printed on its own.
    pub(crate) fn pass(bytes: &[u8]) {
        let _ = std::io::stderr().lock().write_all(bytes);
    }

    /// Prints a line to stderr. A closed stderr is not an error.
    fn line(&self, text: &str) {
        let _ = writeln!(self.paint.stream(std::io::stderr().lock()), "{text}");
    }
}

/// Indents all lines but the first.
fn indent(text: &str, by: usize) -> Cow<'_, str> {
    let text = text.trim_end();
    match text.contains('\n') {
        true => text.replace('\n', &format!("\n{}", " ".repeat(by))).into(),
        false => text.into(),
    }
}
