//! Flags of the user that the compiler or the linker refused: where they come from.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use super::configuration::{CargoConfiguration, ask_cargo, rustc};
use super::rustflags::{FlagsPlace, UserFlags};
use super::toolchain::WASM_TARGET;
use crate::fs;
use crate::process::Program;
use crate::shell::Shell;

/// Says where the flags and the linker come from that keep even an empty program from being built.
pub(super) fn explain(
    users: &UserFlags,
    configuration: &CargoConfiguration,
    further: &[OsString],
    shell: &Shell,
) {
    let linker = std::env::var(LINKER_VARIABLE).ok();
    let linker =
        linker.as_deref().or_else(|| configuration.get(&["target", WASM_TARGET, "linker"])?.as_str());
    let nothing_is_set = users.flags.is_empty() && linker.is_none();
    if nothing_is_set || builds_an_empty_program(users, linker, shell).unwrap_or(true) {
        return;
    }
    const HINT: &str = "an empty program cannot be built with it either: if it is not meant for WebAssembly, move it to the target it is for";
    if !users.flags.is_empty() {
        let place = shown_place(users.place, further, shell);
        shell.warn(format!("the compiler was given `{}`, from {place}", users.flags.join(" ")), Some(HINT));
    }
    if let Some(linker) = linker {
        let place = origins("linker", WASM_TARGET, further, shell);
        shell.warn(format!("the linker is `{linker}`, from {place}"), Some(HINT));
    }
}

const LINKER_VARIABLE: &str = "CARGO_TARGET_WASM32_WASIP1_LINKER";

/// Does the compiler build an empty program with these flags and this linker?
fn builds_an_empty_program(users: &UserFlags, linker: Option<&str>, shell: &Shell) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("empty.rs");
    fs::write(&source, b"fn main() {}")?;
    let mut program = Program::new(rustc());
    program.args(["--target", WASM_TARGET, "--out-dir"]).arg(folder.path());
    // A path in a file is relative to that file, which is not known here.
    if let Some(linker) = linker.filter(|linker| !linker.contains('/') || linker.starts_with('/')) {
        program.arg(format!("-Clinker={linker}"));
    }
    program.args(&users.flags).arg(&source);
    Ok(program.start_silently(shell)?.finish_with_output().is_ok())
}

fn shown_place(place: FlagsPlace, further: &[OsString], shell: &Shell) -> String {
    match place {
        FlagsPlace::Variable(name) => format!("the environment variable {name}"),
        FlagsPlace::Target => {
            format!("`target.*.rustflags` in {}", origins("rustflags", WASM_TARGET, further, shell))
        }
        FlagsPlace::Build => {
            format!("`build.rustflags` in {}", origins("rustflags", "build", further, shell))
        }
    }
}

/// Where the values of a key of `build`, or of tables of the target, are written.
fn origins(key: &str, table: &str, further: &[OsString], shell: &Shell) -> String {
    let mut cargo = ask_cargo(further);
    cargo.args(["--show-origin", if table == "build" { "build" } else { "target" }]);
    let answer = cargo.start_silently(shell).and_then(|running| running.finish_with_output());
    let mut found = origins_in(&answer.unwrap_or_default(), key, table);
    let name = if table == "build" {
        "BUILD".to_owned()
    } else {
        format!("TARGET_{}", table.to_uppercase().replace('-', "_"))
    };
    let variable = format!("CARGO_{name}_{}", key.to_uppercase());
    if std::env::var_os(&variable).is_some() {
        found.insert(format!("the environment variable {variable}"));
    }
    match found.is_empty() {
        true => "cargo's configuration".to_owned(),
        false => found.into_iter().collect::<Vec<_>>().join(" and "),
    }
}

/// Reads `build.rustflags = "…" # FILE`, or a list of several lines, each with its file.
fn origins_in(answer: &str, key: &str, table: &str) -> BTreeSet<String> {
    let mut origins = BTreeSet::new();
    let mut is_ours = false;
    for line in answer.lines() {
        if !line.starts_with([' ', ']']) {
            let name = line.split_once(&format!(".{key} = ")).map_or("", |(name, _)| name);
            is_ours = name.contains(table) || name.contains("cfg(");
        }
        let Some((_, origin)) = line.rsplit_once(" # ").filter(|_| is_ours) else { continue };
        origins.insert(match origin {
            "--config cli option" => "`--config` after `--`".to_owned(),
            file => format!("`{}`", shown(Path::new(file)).display()),
        });
    }
    origins
}

fn shown(file: &Path) -> std::path::PathBuf {
    fs::canonicalize(file).map_or_else(|_| file.to_owned(), |file| fs::for_people(&file))
}

#[cfg(test)]
mod tests {
    use super::origins_in;

    #[test]
    fn the_files_of_flags_are_found_in_the_answer_of_cargo() {
        let answer = "\
build.rustflags = \"--cfg a\" # /nowhere/a.toml
target.'cfg(target_family = \"wasm\")'.rustflags = [
    \"--cfg\", # /nowhere/b.toml
    \"b\", # /nowhere/b.toml
]
target.wasm32-wasip1.linker = \"x\" # /nowhere/c.toml
target.wasm32-wasip1.rustflags = [
    \"-Clink-arg=#\", # --config cli option
]
target.x86_64-unknown-linux-gnu.rustflags = [
    \"-v\", # /nowhere/d.toml
]
";
        let found = |key, table| Vec::from_iter(origins_in(answer, key, table));
        let build = answer.lines().next().unwrap();
        assert_eq!(Vec::from_iter(origins_in(build, "rustflags", "build")), ["`/nowhere/a.toml`"]);
        assert_eq!(found("rustflags", "wasm32-wasip1"), ["`--config` after `--`", "`/nowhere/b.toml`"]);
        assert_eq!(found("linker", "wasm32-wasip1"), ["`/nowhere/c.toml`"]);
    }
}
