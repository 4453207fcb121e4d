//! What all integration tests share: a case with its own folder and home, and the output of a run.

pub(crate) mod bad_registry;
pub(crate) mod cluster;
pub(crate) mod dice;
pub(crate) mod guest;
pub(crate) mod registry;
#[cfg(target_os = "linux")]
pub(crate) mod workflow;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cargo_kw_wasi::fs;
use snapbox::{Assert, Data, Redactions};

/// The tool under test.
pub(crate) const TOOL: &str = env!("CARGO_BIN_EXE_cargo-kw-wasi");

/// Whether this process runs only one test. If not, starts a process that runs only `test`, which must pass.
///
/// For tests that measure their own process. `test` is the name as the test program lists it.
pub(crate) fn is_alone(test: &str) -> bool {
    const ALONE: &str = "KW_WASI_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program).args(["--exact", test]).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    false
}

/// Prints what `make attack` has counted.
#[cfg(unix)]
#[expect(clippy::print_stdout, reason = "the counts are for people")]
pub(crate) fn print_count(count: std::fmt::Arguments<'_>) {
    println!("{count}");
}

/// A folder for one test, `[ROOT]` in snapshots, with a home next to it.
pub(crate) struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    /// A case whose root is empty.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("kw-wasi-").tempdir().unwrap();
        let case = Self { folder };
        std::fs::create_dir_all(case.root()).unwrap();
        std::fs::create_dir_all(case.home()).unwrap();
        std::fs::write(
            case.home().join(".gitconfig"),
            "[user]\n\tname = Jane Doe\n\temail = jane@example.com\n",
        )
        .unwrap();
        case
    }

    /// A case with a policy project in its root. It has no dependencies, so it compiles in a moment.
    pub(crate) fn policy() -> Self {
        let case = Self::empty();
        case.write("Cargo.toml", POLICY_MANIFEST);
        case.write("src/main.rs", POLICY_SOURCE);
        case.write("README.md", "# demo\n\nA demo.\n");
        case
    }

    /// A case with a policy project in Go in its root, without dependencies.
    pub(crate) fn go_policy() -> Self {
        let case = Self::empty();
        case.write("go.mod", "module example.com/acme/demo\n\ngo 1.21\n");
        case.write("main.go", GO_SOURCE);
        case.write("metadata.yml", GO_METADATA);
        case.write("README.md", "# demo\n\nA demo.\n");
        case
    }

    pub(crate) fn root(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join("root")
    }

    pub(crate) fn home(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join("home")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// A folder next to the root.
    pub(crate) fn temporary(&self, path: &str) -> PathBuf {
        let path = self.folder.path().canonicalize().unwrap().join(path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[track_caller]
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(self.read_bytes(path)).unwrap()
    }

    #[track_caller]
    pub(crate) fn read_bytes(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Replaces a string in a file, which must contain it.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(from), "`{from}` is in {path}:\n{text}");
        self.write(path, text.replace(from, to))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// An executable shell script `bin/<name>`, first on `PATH` of [`Case::path_with_stubs`]. Windows cannot
    /// run such scripts.
    #[cfg(unix)]
    pub(crate) fn stub(&self, name: &str, script: &str) -> &Self {
        let path = self.folder.path().join("bin").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        make_executable(&path);
        self
    }

    /// All files below the root, sorted, without the folders `target` and `.git`.
    pub(crate) fn files(&self) -> Vec<String> {
        files_below(&self.root())
    }

    /// `cargo kw-wasi …`, with the arguments separated by spaces.
    pub(crate) fn kw_wasi(&self, args: &str) -> Invocation {
        let mut invocation = self.program(TOOL);
        invocation.command.arg("kw-wasi").args(args.split_whitespace());
        invocation
    }

    /// Any program, in the root of the case and with the same environment.
    pub(crate) fn program(&self, name: impl AsRef<OsStr>) -> Invocation {
        let mut command = Command::new(name);
        command.current_dir(self.root()).stdin(Stdio::null());
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy();
            // `CI` and `CLICOLOR` change when there are colors.
            let prefixes = ["CARGO", "RUST", "GIT_", "GO", "DOCKER_", "CLICOLOR", "XDG_"];
            let names = ["CI", "MAKEFLAGS", "MAKELEVEL", "REGISTRY_AUTH_FILE"];
            if prefixes.iter().any(|prefix| name.starts_with(prefix)) || names.contains(&&*name) {
                command.env_remove(&variable);
            }
        }
        command
            .env("HOME", self.home())
            .env("USERPROFILE", self.home())
            .env("LOCALAPPDATA", self.home())
            .env("CARGO_HOME", cargo_home())
            .env("RUSTUP_HOME", rustup_home())
            .env("RUSTUP_TOOLCHAIN", wasm_toolchain())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(go_environment().iter().map(|(name, value)| (name, value)))
            .env("CARGO_TERM_COLOR", "never")
            .env("NO_COLOR", "1");
        Invocation { command, redactions: self.redactions() }
    }

    /// `PATH` that starts with the stubs of this case.
    pub(crate) fn path_with_stubs(&self) -> std::ffi::OsString {
        let path = std::env::var_os("PATH").unwrap();
        std::env::join_paths(
            std::iter::once(self.folder.path().join("bin")).chain(std::env::split_paths(&path)),
        )
        .unwrap()
    }

    pub(crate) fn redactions(&self) -> Redactions {
        let mut redactions = Redactions::new();
        redactions.insert("[ROOT]", self.root()).unwrap();
        redactions.insert("[HOME]", self.home()).unwrap();
        redactions.insert("[TEMP]", self.folder.path().to_owned()).unwrap();
        redactions.insert("[TOOLCHAIN]", wasm_toolchain()).unwrap();
        redactions
    }
}

/// A command about to run.
pub(crate) struct Invocation {
    pub(crate) command: Command,
    redactions: Redactions,
}

impl Invocation {
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Snapshots have `placeholder` instead of `value`.
    pub(crate) fn redact(mut self, placeholder: &'static str, value: impl Into<String>) -> Self {
        self.redactions.insert(placeholder, value.into()).unwrap();
        self
    }

    pub(crate) fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    #[track_caller]
    pub(crate) fn run(mut self) -> Run {
        let output = self.command.output().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            redactions: self.redactions,
        }
    }

    /// Runs at a pseudo-terminal. Returns everything on the screen, and the exit code.
    #[track_caller]
    pub(crate) fn at_a_terminal(self) -> (String, i32) {
        let mut command = Command::new(self.command.get_program());
        command.args(self.command.get_args()).current_dir(self.command.get_current_dir().unwrap());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if self.command.get_envs().all(|(name, _)| name != "TERM") {
            command.env("TERM", "xterm");
        }
        let mut session = rexpect::session::spawn_command(command, Some(120_000)).unwrap();
        let screen = session.exp_eof().unwrap();
        // `Exited(Pid(7), 0)`: the type itself is not exported.
        let status = format!("{:?}", session.process().wait().unwrap());
        let code = status
            .strip_prefix("Exited(")
            .and_then(|rest| rest.strip_suffix(')')?.rsplit(", ").next()?.parse().ok());
        (screen, code.unwrap_or_else(|| panic!("it was killed: {status}")))
    }

    /// Runs, and fails the test unless the program succeeds.
    #[track_caller]
    pub(crate) fn succeed(self) -> Run {
        self.run().code(0)
    }
}

/// The output and the exit code of a command.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    redactions: Redactions,
}

impl Run {
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn stdout_eq(self, expected: impl Into<Data>) -> Self {
        self.assert().eq(self.stdout.as_str(), expected.into());
        self
    }

    #[track_caller]
    pub(crate) fn stderr_eq(self, expected: impl Into<Data>) -> Self {
        self.assert().eq(self.stderr.as_str(), expected.into());
        self
    }

    #[track_caller]
    pub(crate) fn stdout_has(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "`{text}` is not in:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub(crate) fn stderr_has(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn stderr_lacks(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "`{text}` is in:\n{}", self.stderr);
        self
    }

    fn assert(&self) -> Assert {
        Assert::new().action_env("SNAPSHOTS").redact_with(self.redactions.clone())
    }
}

/// Compares a string with a snapshot; `SNAPSHOTS=overwrite` rewrites it.
#[track_caller]
pub(crate) fn assert_snapshot(actual: &str, expected: Data, redactions: Redactions) {
    Assert::new().action_env("SNAPSHOTS").redact_with(redactions).eq(actual, expected);
}

pub(crate) fn files_below(root: &Path) -> Vec<String> {
    fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                if entry.file_name() != "target" && entry.file_name() != ".git" {
                    collect(root, &path, files);
                }
            } else {
                let below: Vec<_> =
                    path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
                files.push(below.join("/"));
            }
        }
    }
    let mut files = Vec::new();
    collect(root, root, &mut files);
    files.sort();
    files
}

#[cfg(unix)]
pub(crate) fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The folder where cargo keeps crates.
pub(crate) fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(|| std::env::home_dir().unwrap().join(".cargo"), PathBuf::from)
}

fn rustup_home() -> PathBuf {
    std::env::var_os("RUSTUP_HOME")
        .map_or_else(|| std::env::home_dir().unwrap().join(".rustup"), PathBuf::from)
}

/// Environment variables for the go command: where it gets modules, and a cache that keeps what is compiled from one run of
/// the tests to the next.
fn go_environment() -> &'static [(String, String)] {
    static ENVIRONMENT: OnceLock<Vec<(String, String)>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let names = ["GOPROXY", "GOSUMDB", "GONOSUMDB", "GOMODCACHE"];
        let output = Command::new("go").arg("env").args(names).output().unwrap();
        assert!(output.status.success(), "go is missing: `make setup` installs it");
        let values = String::from_utf8(output.stdout).unwrap();
        let mut environment: Vec<_> = names
            .iter()
            .zip(values.lines())
            .map(|(name, value)| (name.to_string(), value.to_owned()))
            .collect();
        let cache = shared_target_folder("go-cache").to_str().unwrap().to_owned();
        environment.push(("GOCACHE".to_owned(), cache));
        environment.push(("GOTOOLCHAIN".to_owned(), "local".to_owned()));
        environment
    })
}

/// The path of `staticcheck`, which `make setup` installs.
pub(crate) fn staticcheck() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-programs/staticcheck")
}

/// The path of `actionlint`, which `make setup` installs.
pub(crate) fn actionlint() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-programs/actionlint")
}

/// The toolchain that compiles policies, from the project's own script.
pub(crate) fn wasm_toolchain() -> &'static str {
    static TOOLCHAIN: OnceLock<String> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/wasm-toolchain");
        // With `PATH` set explicitly, it is searched before the folders of Windows, whose `bash` is that of WSL.
        let path = std::env::var_os("PATH").unwrap();
        let output =
            Command::new("bash").arg(script).env("PATH", path).stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success(), "scripts/wasm-toolchain finds no toolchain");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// A folder that keeps compiled files from one run of the tests to the next.
pub(crate) fn shared_target_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub(crate) const POLICY_MANIFEST: &str = r#"[package]
name = "demo"
version = "0.1.0"
edition = "2021"

[package.metadata.kubewarden]
registry = "ghcr.io/acme/policies"
mutating = false

[[package.metadata.kubewarden.rules]]
api-groups = [""]
api-versions = ["v1"]
resources = ["pods"]
operations = ["CREATE"]

# Without link-time optimization, for speed.
[profile.policy]
inherits = "release"
strip = true
"#;

pub(crate) const GO_METADATA: &str = r#"rules:
- apiGroups: [""]
  apiVersions: [v1]
  resources: [pods]
  operations: [CREATE]
mutating: false
executionMode: wasi
annotations:
  io.kubewarden.policy.title: demo
  io.kubewarden.policy.version: 0.1.0
  io.kubewarden.policy.ociUrl: ghcr.io/acme/policies/demo
"#;

/// A small program that links in a moment: it uses only `os` from Go's standard library.
pub(crate) const GO_SOURCE: &str = r#"package main

import "os"

func main() {
	if len(os.Args) != 2 || (os.Args[1] != "validate" && os.Args[1] != "validate-settings") {
		os.Exit(2)
	}
	input := make([]byte, 1)
	os.Stdin.Read(input)
	if input[0] != '{' {
		os.Exit(1)
	}
	os.Stdout.WriteString("{\"accepted\":true,\"valid\":true}\n")
}
"#;

/// A case file with one case, which passes.
pub(crate) const ONE_CASE: &str = "cases:\n  - name: all is well\n    object: { apiVersion: v1, kind: Pod }\n    expect: { allowed: true }\n";

pub(crate) const POLICY_SOURCE: &str = r#"fn main() {
    println!("{{\"accepted\":true,\"valid\":true}}");
}
"#;

/// The toolchain of the machine, for native tests, lints and formatting.
pub(crate) fn native_toolchain() -> &'static str {
    static TOOLCHAIN: OnceLock<String> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| {
        let output = Command::new("rustup").args(["show", "active-toolchain"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().next().expect("no toolchain is active").to_owned()
    })
}
