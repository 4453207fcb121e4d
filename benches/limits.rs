//! Times and sizes beside their limits: design section 7. Fails when one is over.
//!
//! Times are medians, since machines are shared and noisy; a time over its limit is measured once more.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use cargo_kw_wasi::metadata::Metadata;
use cargo_kw_wasi::module;

const TOOL: &str = env!("CARGO_BIN_EXE_cargo-kw-wasi");
const RUNS: usize = 21;

struct Bench {
    folder: tempfile::TempDir,
    toolchain: String,
    over: Vec<String>,
}

fn main() -> ExitCode {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/wasm-toolchain");
    let output = Command::new(script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "there is a toolchain for policies");
    let toolchain = String::from_utf8(output.stdout).expect("a name").trim().to_owned();
    let mut bench = Bench { folder: tempfile::tempdir().expect("a folder"), toolchain, over: Vec::new() };
    print(&format!("{:<58} {:>12} {:>12}\n", "what", "measured", "at most"));
    bench.new_with_defaults();
    bench.annotate();
    bench.sizes();
    bench.nothing_to_do();
    if bench.over.is_empty() {
        return ExitCode::SUCCESS;
    }
    print(&format!("over the limit: {}\n", bench.over.join(", ")));
    ExitCode::FAILURE
}

fn print(text: &str) {
    use std::io::Write;
    std::io::stdout().write_all(text.as_bytes()).expect("stdout is open");
}

impl Bench {
    fn new_with_defaults(&mut self) {
        let mut number = 0;
        let folder = self.folder.path().join("new");
        std::fs::create_dir_all(&folder).expect("a folder");
        self.time("`new --defaults`, whole process", Duration::from_millis(20), || {
            number += 1;
            let mut command = Command::new(TOOL);
            command
                .args(["kw-wasi", "new", "-q", "--defaults"])
                .arg(format!("policy-{number}"))
                .current_dir(&folder);
            timed(&mut command)
        });
    }

    fn annotate(&mut self) {
        let text = format!("(module (memory 100) (data (i32.const 0) \"{}\"))", "x".repeat(5_000_000));
        let wasm = wat::parse_str(text).expect("a module");
        let metadata = Metadata::new();
        self.time("annotate, 5 MB module", Duration::from_millis(20), || {
            let start = Instant::now();
            std::hint::black_box(module::annotate(&wasm, &metadata).expect("it is a module"));
            start.elapsed()
        });
    }

    fn sizes(&mut self) {
        for kind in ["validate", "mutate", "raw-validate", "raw-mutate"] {
            let folder = self.project(kind);
            self.run(&folder, &["kw-wasi", "build", "-q"]);
            let size = std::fs::metadata(folder.join(format!("target/kubewarden/{kind}.wasm")))
                .expect("it was built")
                .len();
            let kilobytes = size as f64 / 1000.0;
            self.row(
                &format!("generated Rust policy, `{kind}`, annotated"),
                &format!("{kilobytes:.1} kB"),
                "110 kB",
                kilobytes > 110.0,
            );
        }
    }

    fn nothing_to_do(&mut self) {
        let folder = self.project("no-op");
        self.run(&folder, &["kw-wasi", "build", "-q"]);
        let toolchain = self.toolchain.clone();
        let mut commands = [command("cargo", &folder, &toolchain), command(TOOL, &folder, &toolchain)];
        commands[0].args(["build", "-q", "--target", "wasm32-wasip1", "--release"]);
        commands[1].args(["kw-wasi", "build", "-q"]).env("CARGO", cargo_of(&toolchain));
        timed(&mut commands[0]);
        let mut over = Vec::new();
        for _ in 0..RUNS {
            let cargo = timed(&mut commands[0]);
            over.push(timed(&mut commands[1]).saturating_sub(cargo));
        }
        self.report("`build` with nothing to do, over cargo's own", median(over), Duration::from_millis(50));
    }

    fn project(&self, name: &str) -> PathBuf {
        let kind = if name == "no-op" { "validate" } else { name };
        let folder = self.folder.path().to_owned();
        self.run(&folder, &["kw-wasi", "new", "-q", "--defaults", "--kind", kind, name]);
        folder.join(name)
    }

    fn run(&self, folder: &Path, args: &[&str]) {
        let status = command(TOOL, folder, &self.toolchain)
            .args(args)
            .env("CARGO", cargo_of(&self.toolchain))
            .status()
            .expect("it runs");
        assert!(status.success(), "{args:?} succeeds");
    }

    fn time(&mut self, what: &str, limit: Duration, mut once: impl FnMut() -> Duration) {
        let mut measure = || median((0..RUNS).map(|_| once()).collect());
        let mut time = measure();
        if time > limit {
            time = time.min(measure());
        }
        self.report(what, time, limit);
    }

    fn report(&mut self, what: &str, time: Duration, limit: Duration) {
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        self.row(what, &milliseconds(time), &milliseconds(limit), time > limit);
    }

    fn row(&mut self, what: &str, measured: &str, limit: &str, over: bool) {
        print(&format!("{what:<58} {measured:>12} {limit:>12}{}\n", if over { "  OVER" } else { "" }));
        if over {
            self.over.push(what.to_owned());
        }
    }
}

/// Cargo itself, without rustup in front: the tool is started by it.
fn cargo_of(toolchain: &str) -> PathBuf {
    let output = Command::new("rustup")
        .args(["which", "--toolchain", toolchain, "cargo"])
        .output()
        .expect("rustup runs");
    String::from_utf8(output.stdout).expect("a path").trim().into()
}

fn command(program: &str, folder: &Path, toolchain: &str) -> Command {
    let program = if program == "cargo" { cargo_of(toolchain) } else { program.into() };
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO") && text != "CARGO_HOME" {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder).env("RUSTUP_TOOLCHAIN", toolchain);
    command
}

fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).status().expect("it runs");
    let time = start.elapsed();
    assert!(status.success(), "{command:?} succeeds");
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
