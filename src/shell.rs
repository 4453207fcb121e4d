//! The terminal: everything the tool says to a person or a script passes here.
//!
//! Results a script may read go to stdout, everything else to stderr, as cargo does it.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{BufWriter, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::diff;
use crate::error::hints;
use crate::finding::{Finding, Severity};
use crate::untrusted::printable;

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

/// How results on stdout are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    colour: bool,
}

/// What a piece of a result means to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be, or new.
    Good,
    /// Not as it should be, or gone.
    Bad,
    /// Above other things.
    Title,
}

impl Paint {
    /// No colours.
    pub fn plain() -> Self {
        Self { colour: false }
    }

    /// A text in the colour of a tone.
    pub fn text(self, tone: Tone, text: &str) -> String {
        match (self.colour, tone) {
            (false, _) => text.to_owned(),
            (true, Tone::Good) => format!("\x1b[32m{text}{RESET}"),
            (true, Tone::Bad) => format!("\x1b[31m{text}{RESET}"),
            (true, Tone::Title) => format!("\x1b[1m{text}{RESET}"),
        }
    }
}

/// The values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourChoice {
    /// Colours when stderr is a terminal
    #[default]
    Auto,
    /// Colours in any case
    Always,
    /// No colours
    Never,
}

impl ColourChoice {
    fn applies_to(self, stream: &impl IsTerminal) -> bool {
        match self {
            Self::Never => false,
            Self::Always => {
                console_takes_colours();
                true
            }
            Self::Auto => {
                stream.is_terminal()
                    && console_takes_colours()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// The console of Windows shows the codes for colours as they are, unless it is told to obey them.
fn console_takes_colours() -> bool {
    #[cfg(windows)]
    return termimad::crossterm::ansi_support::supports_ansi();
    #[cfg(not(windows))]
    true
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

    /// How one text became another, line by line, with the lines around each change.
    pub fn diff(&self, old: &str, new: &str) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        for line in diff::lines(old, new) {
            let (colour, sign, text) = match &line {
                diff::Line::Gap => (CYAN, ' ', "…"),
                diff::Line::Same(text) => ("", ' ', text.as_str()),
                diff::Line::Removed(text) => (RED, '-', text.as_str()),
                diff::Line::Added(text) => (GREEN, '+', text.as_str()),
            };
            let line = format!("{sign} {}", printable(text));
            let line = if colour.is_empty() { line } else { self.paint(colour, &line) };
            self.line(&format!("    {}", line.trim_end()));
        }
    }

    /// A bar for a task of so many bytes. Nothing is drawn unless there is a person to see it, and enough to wait for.
    pub fn progress_bar(&self, verb: &str, total_bytes: usize) -> Progress {
        /// Less is gone before one has looked.
        const WORTH_A_BAR: usize = 1 << 17;
        if !self.has_reader() || total_bytes < WORTH_A_BAR {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(total_bytes as u64);
        let verb = self.paint(CYAN, &format!("{verb:>12}"));
        let template = format!("{verb} [{{bar:25}}] {{bytes}}/{{total_bytes}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress(bar)
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

    /// An error with its causes, and what to do about it. Said even with `--quiet`.
    pub fn error(&self, error: &anyhow::Error) {
        self.line(&format!("{}: {}", self.paint(RED, "error"), printable(&error.to_string())));
        for cause in error.chain().skip(1) {
            self.line(&format!(
                "  {}: {}",
                self.paint(CYAN, "cause"),
                indent(&printable(&cause.to_string()), 9)
            ));
        }
        for hint in hints(error) {
            self.hint(Some(hint));
        }
    }

    /// Findings, each with its place and fix. Errors are shown even with `--quiet`.
    pub fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            let (colour, word) = match finding.severity {
                Severity::Error => (RED, "error"),
                Severity::Warning if self.verbosity == Verbosity::Quiet => continue,
                Severity::Warning => (YELLOW, "warning"),
            };
            let head = self.paint(colour, &format!("{word}[{}]", finding.name));
            self.line(&format!("{head}: {}", printable(&finding.message)));
            if let Some(place) = &finding.place {
                self.line(&format!("  {} {place}", self.paint(BLUE, "-->")));
            }
            if let Some(quote) = &finding.quote {
                let number = quote.line.to_string();
                let bar = self.paint(BLUE, "|");
                self.line(&format!("{} {bar}", " ".repeat(number.len() + 2)));
                self.line(&format!("  {} {bar} {}", self.paint(BLUE, &number), printable(&quote.text)));
                self.line(&format!("{} {bar}", " ".repeat(number.len() + 2)));
            }
            self.line(&format!("  {}: {}", self.paint(CYAN, "fix"), indent(&printable(&finding.fix), 7)));
        }
    }

    /// Is there a person who reads results?
    pub fn has_reader_of_results(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// A text in Markdown, as a terminal shows it: without its marks, in lines as wide as the screen. One that nobody
    /// wrote for people stays as it is: the time a layout takes grows faster than a line of a table.
    pub fn markdown(&self, text: &str) -> String {
        const LONG: usize = 1 << 18;
        const LONG_LINE: usize = 1 << 12;
        if text.len() > LONG || text.lines().any(|line| line.len() > LONG_LINE) {
            return printable(text).into_owned();
        }
        let skin = match self.paint_results() {
            Paint { colour: true } => termimad::MadSkin::default(),
            Paint { colour: false } => termimad::MadSkin::no_style(),
        };
        // Wider lines are hard to read.
        let width = usize::from(termimad::terminal_size().0).clamp(20, 100);
        skin.text(&printable(text), Some(width)).to_string()
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

/// A bar that shows how far a task is. It is gone from the screen when it is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// So many bytes are done.
    pub fn set(&self, bytes: usize) {
        self.0.set_position(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
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
