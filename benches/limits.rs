//! Measures times and sizes, and fails if one exceeds its limit. `docs/performance.md` describes them.
//!
//! Times are medians, since machines are shared and noisy. A time that exceeds its limit is measured once more.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use cargo_kw_wasi::metadata::{Metadata, PolicyType};
use cargo_kw_wasi::module;
use cargo_kw_wasi::protocol::{Request, Settings};
use cargo_kw_wasi::runtime::{Cache, Limits, Policy};

const TOOL: &str = env!("CARGO_BIN_EXE_cargo-kw-wasi");
const RUNS: usize = 21;

/// The floor: a policy that prints a constant, with one write and one page of memory. The constant is the response of the
/// generated policy, so that the host does the same work for both.
///
/// Its time is the host's share of an evaluation, from the JSON of a request to the JSON of its response, as in a policy
/// server: the request is parsed and serialized, an instance is created and ends, the response is read. Like the real
/// host, ours creates instances on demand and not from a pool; unlike the real one, which links for each call, it links in
/// advance. The limit was measured with `kwctl bench`, which has no time limit. With a time limit, code with loops is
/// slower; the floor has no loops.
const FLOOR: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\46\00\00\00")
  (data (i32.const 16) "{\"accepted\":false,\"message\":\"pod name bad is not accepted\",\"code\":403}")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

struct Bench {
    folder: tempfile::TempDir,
    toolchain: String,
    /// The names of the values that exceed their limits.
    over: Vec<String>,
}

/// The argument with which this program only measures evaluations and prints the results. The paths of the policy, the
/// request and the settings follow it.
const EVALUATIONS: &str = "evaluations";

/// The same, for code that can be interrupted.
const LIMITED_EVALUATIONS: &str = "limited-evaluations";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if let [what @ (EVALUATIONS | LIMITED_EVALUATIONS), policy, request, settings] =
        args.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        let mut limits = Limits::default();
        if what == EVALUATIONS {
            limits.time = None;
        }
        let [floor, policy] = evaluate_in_turn(limits, policy.as_ref(), request.as_ref(), settings.as_ref());
        let numbers = [floor.microseconds, floor.faults, policy.microseconds, policy.faults];
        print(&serde_json::to_string(&numbers).expect("numbers"));
        return ExitCode::SUCCESS;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/wasm-toolchain");
    let output = Command::new(script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "scripts/wasm-toolchain prints a toolchain");
    let toolchain = String::from_utf8(output.stdout).expect("a name").trim().to_owned();
    let mut bench = Bench { folder: tempfile::tempdir().expect("a folder"), toolchain, over: Vec::new() };
    print(&format!("{:<58} {:>12} {:>12}\n", "what", "measured", "at most"));
    bench.new_with_defaults();
    bench.annotate();
    bench.sizes();
    bench.nothing_to_do();
    bench.run_of_a_built_policy();
    bench.run_of_a_go_policy();
    bench.thousand_cases();
    bench.evaluations();
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
        let folder = self.folder.path().to_owned();
        self.run(&folder, &["kw-wasi", "new", "-q", "--defaults", "--lang", "go", "in-go"]);
        let folder = folder.join("in-go");
        self.run(&folder, &["kw-wasi", "build", "-q"]);
        let size =
            std::fs::metadata(folder.join("target/kubewarden/in-go.wasm")).expect("it was built").len();
        let kilobytes = size as f64 / 1000.0;
        let over = kilobytes > 3600.0;
        self.row(
            "generated Go policy, `validate`, annotated",
            &format!("{kilobytes:.0} kB"),
            "3600 kB",
            over,
        );
    }

    /// The first run compiles the module, the second finds it in the cache.
    fn run_of_a_go_policy(&mut self) {
        let folder = self.built_project("in-go");
        let cache = self.folder.path().join("cache-of-go");
        let run = || {
            let mut command = Command::new(TOOL);
            command
                .args(["kw-wasi", "run", "-q", "--wasm", "target/kubewarden/in-go.wasm"])
                .args(["-r", "tests/fixtures/rejected.json", "-s", "tests/fixtures/settings.json"])
                .env("XDG_CACHE_HOME", &cache)
                .current_dir(&folder)
                .stdout(Stdio::null());
            timed(&mut command)
        };
        let cold = (0..3).map(|_| {
            let _ = std::fs::remove_dir_all(&cache);
            run()
        });
        let cold = median(cold.collect());
        self.report("`run` of a Go policy, cold: it is compiled", cold, Duration::from_secs(6));
        self.time("`run` of a Go policy, warm, whole process", Duration::from_millis(100), run);
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

    fn run_of_a_built_policy(&mut self) {
        let folder = self.built_project("validate");
        let cache = self.folder.path().join("cache");
        self.time("`run` of a built policy, whole process", Duration::from_millis(60), || {
            let mut command = Command::new(TOOL);
            command
                .args(["kw-wasi", "run", "-q", "--wasm", "target/kubewarden/validate.wasm"])
                .args(["-r", "tests/fixtures/rejected.json", "-s", "tests/fixtures/settings.json"])
                .env("XDG_CACHE_HOME", &cache)
                .current_dir(&folder)
                .stdout(Stdio::null());
            timed(&mut command)
        });
    }

    /// Tests a generated policy, already built, with a thousand cases.
    fn thousand_cases(&mut self) {
        let folder = self.built_project("validate");
        let cases: String = (0..1000)
            .map(|number| {
                format!(
                    "  - name: case {number}\n    request: fixtures/rejected.json\n    expect: {{ allowed: false, code: 403 }}\n"
                )
            })
            .collect();
        let path = folder.join("tests/thousand.yml");
        std::fs::write(&path, format!("settings: {{ denied_names: [bad] }}\ncases:\n{cases}"))
            .expect("a file");
        let cache = self.folder.path().join("cache");
        self.time("`test` with 1,000 cases, whole process", Duration::from_secs(2), || {
            let mut command = Command::new(TOOL);
            command
                .args(["kw-wasi", "test", "-q", "--wasm", "target/kubewarden/validate.wasm"])
                .args(["--cases", "tests/thousand.yml"])
                .env("XDG_CACHE_HOME", &cache)
                .current_dir(&folder)
                .stdout(Stdio::null());
            timed(&mut command)
        });
    }

    /// Compares the generated policy with the floor. The layout of code and data in a process can change the result by a
    /// tenth, so several processes measure it.
    fn evaluations(&mut self) {
        const PROCESSES: usize = 9;
        let folder = self.built_project("validate");
        let measure = |what: &str| -> Vec<[f64; 4]> {
            let measured = (0..PROCESSES).map(|_| {
                let output = Command::new(std::env::current_exe().expect("it is a file"))
                    .arg(what)
                    .arg(folder.join("target/kubewarden/validate.wasm"))
                    .arg(folder.join("tests/fixtures/rejected.json"))
                    .arg(folder.join("tests/fixtures/settings.json"))
                    .stderr(Stdio::inherit())
                    .output()
                    .expect("it runs");
                serde_json::from_slice(&output.stdout).expect("four numbers")
            });
            measured.collect()
        };
        let middle = |measured: &[[f64; 4]], number: fn(&[f64; 4]) -> f64| {
            let mut numbers: Vec<_> = measured.iter().map(number).collect();
            numbers.sort_unstable_by(f64::total_cmp);
            numbers[PROCESSES / 2]
        };
        let ratio: fn(&[f64; 4]) -> f64 = |[floor, _, policy, _]| policy / floor;
        let measured = measure(EVALUATIONS);
        let what =
            format!("generated policy over the floor of {:.0} us", middle(&measured, |[time, ..]| *time));
        let times = middle(&measured, ratio);
        self.row(&what, &format!("{times:.2} times"), "1.35 times", times > 1.35);
        let times = middle(&measure(LIMITED_EVALUATIONS), ratio);
        self.row("the same where it can be interrupted", &format!("{times:.2} times"), "-", false);
        let what = format!(
            "generated policy over the floor of {:.1} page faults",
            middle(&measured, |[_, faults, ..]| *faults)
        );
        let more = middle(&measured, |[_, floor, _, policy]| policy - floor);
        self.row(&what, &format!("{more:.2}"), "3.50", more > 3.5);
    }

    /// The project that [`Self::sizes`] built.
    fn built_project(&self, kind: &str) -> PathBuf {
        self.folder.path().join(kind)
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

/// The cargo of the toolchain itself instead of rustup's proxy, since cargo is what starts the tool.
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

/// The cost of one evaluation.
struct Evaluations {
    /// The median.
    microseconds: f64,
    /// The mean; it is nearly the same each time.
    faults: f64,
}

/// Evaluates a request with the floor and a policy in turn, so that both run under the same conditions.
fn evaluate_in_turn(limits: Limits, wasm: &Path, request: &Path, settings: &Path) -> [Evaluations; 2] {
    const BATCHES: usize = 60;
    const BATCH: u32 = 50;
    let text = |path| std::fs::read_to_string(path).expect("a file");
    let (request, settings) = (text(request), Settings::from_json(&text(settings)).expect("settings"));
    let load = |wasm: &[u8]| Policy::load(wasm, limits, Cache::None).expect("a policy");
    let policy = std::fs::read(wasm).expect("it was built");
    let policies = [load(&wat::parse_str(FLOOR).expect("a module")), load(&policy)];
    let evaluate = |policy: &Policy| {
        let request = Request::from_json(&request, PolicyType::Kubernetes).expect("a request");
        serde_json::to_string(&policy.validate(&request, &settings).response).expect("it is JSON")
    };
    let mut times = [Vec::new(), Vec::new()];
    let mut faults = [0, 0];
    for batch in 0..=BATCHES {
        for (place, policy) in policies.iter().enumerate() {
            let (faults_before, start) = (minor_faults(), Instant::now());
            for _ in 0..BATCH {
                std::hint::black_box(evaluate(policy));
            }
            let (time, faults_after) = (start.elapsed(), minor_faults());
            // The first batch warms up.
            if batch > 0 {
                times[place].push(time / BATCH);
                faults[place] += faults_after - faults_before;
            }
        }
    }
    [0, 1].map(|place| Evaluations {
        microseconds: median(times[place].clone()).as_secs_f64() * 1e6,
        faults: faults[place] as f64 / (BATCHES as f64 * f64::from(BATCH)),
    })
}

/// The minor page faults of this process: `ru_minflt` of `getrusage`, which the kernel also reports in `/proc`.
fn minor_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields = stat.rsplit(')').next().expect("the name of the program is in parentheses");
    fields.split_whitespace().nth(7).expect("a field of proc(5)").parse().expect("a number")
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
