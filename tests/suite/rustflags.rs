//! The compiler's flags of the user, wherever cargo finds them, are those of rustc's own command line.

use crate::support::{Case, Run};
use snapbox::str;

/// The marks `--cfg mark_…` of the compiler's command line for the package, in their order.
#[track_caller]
fn marks(run: &Run) -> Vec<String> {
    let mut lines = run.stderr.lines();
    let line = lines.find(|line| line.contains("Running `") && line.contains("--crate-name demo"));
    let line = line.unwrap_or_else(|| panic!("{}", run.stderr));
    let words = line.split_whitespace().filter(|word| word.starts_with("mark_"));
    words.map(|word| word.trim_matches(['\'', '`']).to_owned()).collect()
}

/// A place for flags: files, variables, arguments.
struct Place {
    files: &'static [(&'static str, &'static str)],
    variables: &'static [(&'static str, &'static str)],
    args: &'static [&'static str],
    expected: &'static [&'static str],
}

const NOWHERE: Place = Place { files: &[], variables: &[], args: &[], expected: &[] };
const CONFIG: &str = ".cargo/config.toml";
const BUILD: &str = "[build]\nrustflags = [\"--cfg\", \"mark_build\"]\n";
const TARGET: &str = "[target.wasm32-wasip1]\nrustflags = \"--cfg mark_target\"\n";
const CONDITIONAL: &str = "[target.'cfg(target_family = \"wasm\")']\nrustflags = [\"--cfg\", \"mark_wasm\"]\n[target.'cfg(unix)']\nrustflags = [\"--cfg\", \"mark_unix\"]\n";
const INCLUDED: &str = "include = [\"../flags.toml\"]\n";

const PLACES: &[Place] = &[
    NOWHERE,
    Place { files: &[(CONFIG, BUILD)], expected: &["mark_build"], ..NOWHERE },
    Place {
        files: &[(CONFIG, "build.rustflags = \"--cfg mark_build\"\n")],
        expected: &["mark_build"],
        ..NOWHERE
    },
    Place { files: &[(CONFIG, TARGET)], expected: &["mark_target"], ..NOWHERE },
    Place { files: &[(CONFIG, CONDITIONAL)], expected: &["mark_wasm"], ..NOWHERE },
    Place {
        files: &[(CONFIG, TARGET), ("../.cargo/config.toml", CONDITIONAL)],
        expected: &["mark_target", "mark_wasm"],
        ..NOWHERE
    },
    Place {
        files: &[(CONFIG, TARGET), ("../.cargo/config.toml", BUILD)],
        expected: &["mark_target"],
        ..NOWHERE
    },
    Place { files: &[(CONFIG, INCLUDED), ("flags.toml", TARGET)], expected: &["mark_target"], ..NOWHERE },
    Place { files: &[(CONFIG, INCLUDED), ("flags.toml", BUILD)], expected: &["mark_build"], ..NOWHERE },
    Place { args: &["--config", "build.rustflags=['--cfg','mark_cli']"], expected: &["mark_cli"], ..NOWHERE },
    Place {
        files: &[(CONFIG, BUILD)],
        args: &["--config=build.rustflags=['--cfg','mark_cli']"],
        expected: &["mark_build", "mark_cli"],
        ..NOWHERE
    },
    Place {
        files: &[("more.toml", TARGET)],
        args: &["--config", "more.toml"],
        expected: &["mark_target"],
        ..NOWHERE
    },
    Place {
        files: &[(CONFIG, TARGET)],
        variables: &[("RUSTFLAGS", " --cfg  mark_variable ")],
        expected: &["mark_variable"],
        ..NOWHERE
    },
    Place { files: &[(CONFIG, TARGET)], variables: &[("RUSTFLAGS", "")], ..NOWHERE },
    Place {
        files: &[(CONFIG, TARGET)],
        variables: &[("RUSTFLAGS", "--cfg a"), ("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}mark_encoded")],
        expected: &["mark_encoded"],
        ..NOWHERE
    },
    Place {
        files: &[(CONFIG, BUILD)],
        variables: &[("CARGO_BUILD_RUSTFLAGS", "--cfg mark_variable")],
        expected: &["mark_build", "mark_variable"],
        ..NOWHERE
    },
    Place {
        files: &[(CONFIG, "target.wasm32-wasip1.rustflags = ['--cfg', 'mark_target']\n")],
        variables: &[("CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS", "--cfg mark_variable")],
        expected: &["mark_target", "mark_variable"],
        ..NOWHERE
    },
];

#[test]
fn flags_are_found_wherever_cargo_finds_them() {
    for place in PLACES {
        let case = Case::policy();
        for (path, text) in place.files {
            case.write(path, text);
        }
        let run = |line: &str| {
            let mut command = case.kw_wasi(line);
            if line == "cargo" {
                command = case.program("cargo").args(["build", "-v", "--target", "wasm32-wasip1"]);
            }
            for (name, value) in place.variables {
                command = command.env(name, value);
            }
            command.args(place.args).succeed()
        };
        let shown = format!("{:?} {:?} {:?}", place.files, place.variables, place.args);
        assert_eq!(marks(&run("cargo")), place.expected, "cargo itself: {shown}");
        let ours = run("build -vv --");
        assert_eq!(marks(&ours), place.expected, "{shown}");
        assert!(
            ours.stderr.contains("--remap-path-prefix=") && ours.stderr.contains("stack-size="),
            "{shown}"
        );
    }
}

/// The library that reads the configuration where cargo is not asked is stricter than cargo.
#[test]
fn a_configuration_that_cargo_accepts_is_accepted() {
    let case = Case::policy();
    case.write(CONFIG, format!("{BUILD}jobs = \"default\"\n"));
    let run = case.kw_wasi("build -vv").env("CARGO_NET_OFFLINE", "0").succeed();
    assert_eq!(marks(&run), ["mark_build"]);
    case.kw_wasi("manifest").env("CARGO_NET_OFFLINE", "0").succeed().stderr_eq("");
}

#[test]
fn a_flag_that_breaks_the_build_is_traced_to_its_place() {
    let case = Case::policy();
    case.write(CONFIG, "[build]\nrustflags = [\"-Clink-arg=-fuse-ld=lld\"]\n");
    case.kw_wasi("build").run().code(101).stderr_has(
        "warning: the compiler was given `-Clink-arg=-fuse-ld=lld`, from `build.rustflags` in `.cargo/config.toml`\n  hint: ",
    );
    let of_variable = case.kw_wasi("build").env("RUSTFLAGS", "-Cno-such-option");
    of_variable
        .run()
        .code(101)
        .stderr_has("was given `-Cno-such-option`, from the environment variable RUSTFLAGS");
    case.write(CONFIG, "[target.wasm32-wasip1]\nlinker = \"no-such-linker\"\n");
    case.kw_wasi("build")
        .run()
        .code(101)
        .stderr_has("the linker is `no-such-linker`, from `.cargo/config.toml`");
    // A mistake in the source is not blamed on flags.
    case.write(CONFIG, "[build]\nrustflags = [\"--cfg\", \"a\"]\n")
        .write("src/main.rs", "fn main() { nothing() }\n");
    case.kw_wasi("build").run().code(101).stderr_lacks("was given");
}

/// A cargo or a Go that fails silently leaves the user with nothing but an exit code.
#[cfg(unix)]
#[test]
fn a_child_that_fails_without_a_word_is_named_with_its_status() {
    let case = Case::policy();
    case.kw_wasi("build").env("CARGO", "/bin/false").run().code(1).stderr_eq(str![[r#"
error: `/bin/false metadata --quiet --no-deps --format-version=1` failed without a message (exit status: 1)

"#]]);
    case.stub("cargo", "case $1 in build) kill -KILL $$;; esac\nPATH=${PATH#*:} exec cargo \"$@\"\n");
    let killed = case.kw_wasi("build -q").env("PATH", case.path_with_stubs()).run().code(101);
    assert!(killed.stderr.ends_with("failed (signal: 9 (SIGKILL))\n"), "{}", killed.stderr);
    let go = Case::go_policy();
    go.stub("go", "exit 3\n");
    go.kw_wasi("build").env("PATH", go.path_with_stubs()).run().code(3).stderr_has(
        "error: `go env -json GOVERSION GOFLAGS GOENV GOWORK GOTMPDIR` failed without a message (exit status: 3)",
    );
}
