//! Other programs: a child process is a value that can print itself, run, and fail with a message.

mod exchange;
mod passing;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::shell::Shell;
use crate::signals::{self, Held, Leftover};
use passing::PassedStderr;
pub(crate) use passing::StderrFilter;

/// A child failed, and its exit code becomes ours. No message is added if it has already printed why on stderr.
#[derive(Debug)]
pub struct ChildFailed {
    /// The exit code of the child; 101 if a signal ended it.
    pub code: u8,
    program: String,
    /// The command line and how it ended, if the child could not or did not print why.
    silent: Option<String>,
}

impl ChildFailed {
    /// Has the child printed why it failed?
    pub fn has_said_why(&self) -> bool {
        self.silent.is_none()
    }
}

impl fmt::Display for ChildFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.silent {
            Some(ending) => f.write_str(ending),
            None => write!(f, "`{}` failed", self.program),
        }
    }
}

impl std::error::Error for ChildFailed {}

/// A program with its arguments, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    name: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
}

impl Program {
    /// Creates a program with this name or path, without arguments.
    pub(crate) fn new(name: impl Into<OsString>) -> Self {
        Self { name: name.into(), args: Vec::new(), env: Vec::new(), folder: None }
    }

    /// Returns the cargo that runs this subcommand: `$CARGO`, or else the one on `PATH`.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Adds one argument.
    pub(crate) fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    pub(crate) fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Sets the folder in which the program runs.
    pub(crate) fn folder(&mut self, folder: &Path) -> &mut Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Runs the program to its end, with stdout and stderr passing through.
    pub(crate) fn run(&self, shell: &Shell) -> Result<()> {
        shell.command(self);
        self.spawn(Stdio::inherit(), Stderr::of_ours())?.finish()
    }

    /// Starts the program with stdout piped and stderr passing through, for questions with a short answer.
    pub(crate) fn start(&self, shell: &Shell) -> Result<Running> {
        shell.command(self);
        self.spawn(Stdio::piped(), Stderr::Passed(None))
    }

    /// Starts the program with stdout piped and stderr passing through, with the progress that the program shows at a terminal.
    pub(crate) fn start_with_progress(&self, shell: &Shell) -> Result<Running> {
        shell.command(self);
        self.spawn(Stdio::piped(), Stderr::of_ours())
    }

    /// Starts the program with stdout piped, and on stderr what the filter leaves.
    pub(crate) fn start_filtered(&self, filter: StderrFilter, shell: &Shell) -> Result<Running> {
        shell.command(self);
        self.spawn(Stdio::piped(), Stderr::Passed(Some(filter)))
    }

    /// Starts the program with stdout piped and stderr discarded, for calls that may fail.
    pub(crate) fn start_silently(&self, shell: &Shell) -> Result<Running> {
        shell.command(self);
        self.spawn(Stdio::piped(), Stderr::Discarded)
    }

    /// Finds the program with this name on `PATH`. `None` if there is none.
    pub(crate) fn on_path(name: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // On Windows npm installs scripts, which are only found by their full name.
        let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
        find_in(std::env::split_paths(&path), name, endings).map(Self::new)
    }

    fn spawn(&self, stdout: Stdio, stderr: Stderr) -> Result<Running> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(stdout);
        match &stderr {
            Stderr::Shared => command.stderr(Stdio::inherit()),
            Stderr::Passed(_) => command.stderr(Stdio::piped()),
            Stderr::Discarded => command.stderr(Stdio::null()),
        };
        let (mut child, held) = start(&mut command).with_context(|| self.not_started())?;
        let passed = match (stderr, child.stderr.take()) {
            (Stderr::Passed(filter), Some(pipe)) => Some(PassedStderr::start(pipe, filter)),
            _ => None,
        };
        Ok(Running { child, passed, program: self.clone(), _held: held })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.name);
        command.args(&self.args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn not_started(&self) -> String {
        format!("could not start `{}`", self.name.display())
    }

    fn succeeded(&self, status: ExitStatus, has_printed: bool) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let silent = match (code, has_printed) {
            (Some(_), true) => None,
            (Some(_), false) => {
                Some(format!("`{}` failed without a message ({status})", self.command_line()))
            }
            (None, _) => Some(format!("`{}` failed ({status})", self.command_line())),
        };
        let program = self.name.to_string_lossy().into_owned();
        Err(ChildFailed { code: code.unwrap_or(101), program, silent }.into())
    }

    /// The command line without variables.
    fn command_line(&self) -> String {
        std::iter::once(&self.name).chain(&self.args).map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// What becomes of the stderr of a child.
enum Stderr {
    /// It is ours.
    Shared,
    /// It passes through this process, and the filter.
    Passed(Option<StderrFilter>),
    Discarded,
}

impl Stderr {
    /// At a terminal it must be ours, for colors and progress. Elsewhere it can pass through this process.
    fn of_ours() -> Self {
        if std::io::stderr().is_terminal() { Self::Shared } else { Self::Passed(None) }
    }
}

/// Starts a child that ends with this process.
fn start(command: &mut Command) -> std::io::Result<(Child, Held)> {
    signals::hold(|| command.spawn(), |child| Leftover::Child(child.id()))
}

/// Finds the program with this name in one of these folders. Returns its name, or for a script its path.
fn find_in(folders: impl Iterator<Item = PathBuf>, name: &str, endings: &[&str]) -> Option<OsString> {
    for folder in folders {
        for ending in endings {
            let file = folder.join(format!("{name}{ending}"));
            if file.is_file() {
                return Some(if ["", ".exe"].contains(ending) { name.into() } else { file.into() });
            }
        }
    }
    None
}

/// The command line, quoted for a POSIX shell, ready to paste.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{}={} ", name.display(), quoted(value))?;
        }
        f.write_str(&self.command_line())
    }
}

/// Quotes a word for a POSIX shell, if it needs quotes.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    // `shlex` would quote `--flag=a,b` too, which no shell needs.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into_owned();
    }
    if word.chars().any(char::is_control) {
        // The separator of CARGO_ENCODED_RUSTFLAGS is a control character.
        return format!("$'{}'", word.chars().map(escaped).collect::<String>());
    }
    shlex::try_quote(&word).expect("it has no NUL, which is a control character").into_owned()
}

/// Escapes a character inside `$'…'`.
fn escaped(c: char) -> String {
    match c {
        '\'' | '\\' => format!("\\{c}"),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}

/// Quotes a word for the common shells of this system.
pub(crate) fn pasteable(word: &OsStr) -> String {
    if cfg!(windows) { quoted_on_windows(word) } else { quoted(word) }
}

/// Quotes a word with double quotes, which mean the same in `cmd`, PowerShell and bash. Bash also keeps a backslash
/// inside them. The name of a file cannot contain a double quote.
fn quoted_on_windows(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("\"{word}\"") }
}

/// A child whose stdout we read.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    passed: Option<PassedStderr>,
    program: Program,
    /// Ends with this process.
    _held: Held,
}

impl Running {
    /// The child's stdout, to be read while it runs.
    pub(crate) fn stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child.stdout.take().expect("stdout is piped and taken once"))
    }

    /// Waits for the end. Fails with [`ChildFailed`] unless the child succeeded.
    pub(crate) fn finish(mut self) -> Result<()> {
        let status = self
            .child
            .wait()
            .with_context(|| format!("could not wait for `{}`", self.program.name.display()))?;
        let has_printed = self.passed.is_none_or(PassedStderr::has_printed);
        self.program.succeeded(status, has_printed)
    }

    /// Returns all of stdout. Fails with [`ChildFailed`] unless the child succeeded.
    pub(crate) fn finish_with_output(mut self) -> Result<String> {
        let text = std::io::read_to_string(self.stdout())
            .with_context(|| format!("could not read the output of `{}`", self.program.name.display()));
        self.finish()?;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_command_can_be_pasted() {
        let mut program = Program::new("echo");
        program.args(["plain", "two words", "it's", "", "a\x1fb"]).env("KEY", "a b");
        let line = program.to_string();
        assert_eq!(line, r#"KEY='a b' echo plain 'two words' "it's" '' $'a\x1fb'"#);
        if cfg!(windows) {
            return; // `bash` may be that of another system
        }
        let output = Command::new("bash").args(["-c", &line]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "plain two words it's  a\x1fb\n");
    }

    #[test]
    fn a_script_on_windows_is_started_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        for name in ["wasm-opt", "wasm-opt.cmd", "go.exe", "go.cmd", "kwctl"] {
            std::fs::write(file(name), "").unwrap();
        }
        let find = |name, endings: &[&str]| find_in([folder.path().to_owned()].into_iter(), name, endings);
        let on_windows = |name| find(name, &[".exe", ".cmd", ".bat"]);
        assert_eq!(on_windows("wasm-opt"), Some(file("wasm-opt.cmd").into()));
        assert_eq!(on_windows("go"), Some("go".into()));
        assert_eq!(on_windows("kwctl"), None, "it has no extension");
        assert_eq!(find("kwctl", &[""]), Some("kwctl".into()));
    }

    #[test]
    fn a_path_on_windows_is_quoted_for_all_its_shells() {
        for (word, quoted) in [
            ("demo", "demo"),
            (r"target\demo.yml", r#""target\demo.yml""#),
            (r"C:\my policies\demo", r#""C:\my policies\demo""#),
            ("C:/demo", "C:/demo"),
            ("", r#""""#),
        ] {
            assert_eq!(quoted_on_windows(OsStr::new(word)), quoted);
        }
    }
}
