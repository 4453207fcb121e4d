//! The terminal: everything the tool says to a person or a script passes here.
//!
//! Results a script may read go to stdout, everything else to stderr, as cargo does it.

mod colour;
mod diff;
mod markdown;
mod problems;
mod progress;

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{BufWriter, IsTerminal, Write};

use serde::Serialize;

pub use colour::{ColourChoice, Paint, Tone};
pub use progress::Progress;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Also the commands that are run.
    Verbose,
}

/// Where words to the user go, and how loud and colourful they are.
#[derive(Debug)]
pub struct Shell {
    verbosity: Verbosity,
    /// How often `-v` was given, for the programs that are run.
    verbose_level: u8,
    colour: bool,
    colour_choice: ColourChoice,
}

const GREEN: &str = "\x1b[1;32m";
const YELLOW: &str = "\x1b[1;33m";
const RED: &str = "\x1b[1;31m";
const CYAN: &str = "\x1b[1;36m";
const BLUE: &str = "\x1b[1;34m";
const RESET: &str = "\x1b[0m";

impl Shell {
    /// A shell with the loudness of `-q` or so many `-v`, and the colours of `--color`.
    pub fn new(quiet: bool, verbose_level: u8, colour_choice: ColourChoice) -> Self {
        let verbosity = match (quiet, verbose_level) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        let colour = colour_choice.applies_to(&std::io::stderr());
        Self { verbosity, verbose_level, colour, colour_choice }
    }

    /// The colours for results on stdout.
    pub fn paint_results(&self) -> Paint {
        Paint { colour: self.colour_choice.applies_to(&std::io::stdout()) }
    }

    /// The loudness asked for.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// The same, but silent about progress, unless `-v` asks for more.
    pub fn quieter(&self) -> Self {
        let verbosity = match self.verbosity {
            Verbosity::Verbose => Verbosity::Verbose,
            _ => Verbosity::Quiet,
        };
        Self { verbosity, ..*self }
    }

    /// Is there a person who reads what is said on stderr?
    pub fn has_reader(&self) -> bool {
        self.verbosity >= Verbosity::Normal && std::io::stderr().is_terminal()
    }

    /// The flags that make another cargo program as loud and colourful as this one.
    pub fn cargo_flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.verbosity == Verbosity::Quiet {
            flags.push("--quiet".to_owned());
        }
        // One `-v` shows the commands this tool runs; from the second on cargo shows what it runs.
        if self.verbose_level > 1 {
            flags.push(format!("-{}", "v".repeat(usize::from(self.verbose_level - 1))));
        }
        match self.colour_choice {
            ColourChoice::Auto => {}
            ColourChoice::Always => flags.push("--color=always".to_owned()),
            ColourChoice::Never => flags.push("--color=never".to_owned()),
        }
        flags
    }

    /// `   Verb message`, as cargo reports progress.
    pub fn status(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.progress(GREEN, verb, message);
        }
    }

    /// The same about something that went the other way.
    pub fn setback(&self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.progress(RED, verb, message);
        }
    }

    fn progress(&self, colour: &str, verb: &str, message: impl Display) {
        let verb = self.paint(colour, &format!("{verb:>12}"));
        self.line(&format!("{verb} {}", indent(&message.to_string(), 13)));
    }

    /// A line without a verb, below a status.
    pub fn note(&self, message: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.line(&message.to_string());
        }
    }

    /// A command about to run, shown with `-v`.
    pub fn command(&self, command: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.line(&format!("{} `{command}`", self.paint(GREEN, &format!("{:>12}", "Running"))));
        }
    }

    /// A warning, with what to do about it.
    pub fn warn(&self, message: impl Display, hint: Option<&str>) {
        if self.verbosity >= Verbosity::Normal {
            self.line(&format!("{}: {message}", self.paint(YELLOW, "warning")));
            self.hint(hint);
        }
    }

    /// Is there a person who reads results?
    pub fn has_reader_of_results(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// A result on stdout, as it is.
    pub fn result(&self, text: &str) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// A result on stdout, as one line of JSON.
    pub fn result_line(&self, result: &impl Serialize) -> std::io::Result<()> {
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        serde_json::to_writer(&mut stdout, result)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    fn hint(&self, hint: Option<&str>) {
        if let Some(hint) = hint {
            self.line(&format!("  {}: {}", self.paint(CYAN, "hint"), indent(hint, 8)));
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }

    /// A closed stderr is no reason to fail.
    fn line(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// Indents all lines of a text but the first.
fn indent(text: &str, by: usize) -> Cow<'_, str> {
    let text = text.trim_end();
    match text.contains('\n') {
        true => text.replace('\n', &format!("\n{}", " ".repeat(by))).into(),
        false => text.into(),
    }
}
