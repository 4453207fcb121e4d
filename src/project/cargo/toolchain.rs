//! Is the WebAssembly target installed, and if not, what to do about it.
//!
//! The `rustc` that is asked is the one cargo will use. That the target is installed shows in its standard library
//! being there: `rustc` lists targets it has no library for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::error::failure;
use crate::process::{Program, Running};
use crate::shell::Shell;

/// The triple that policies are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip1";

/// A toolchain that has the target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The folder the toolchain is installed in.
    pub(crate) sysroot: PathBuf,
}

/// May a missing target be fetched?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// Ask rustup for it.
    Allowed,
    /// Say how to get it.
    Forbidden,
}

/// A question to `rustc` on its way, so that other work can be done until the answer is there.
#[derive(Debug)]
pub(crate) struct ToolchainQuestion {
    rustc: PathBuf,
    running: Running,
}

impl ToolchainQuestion {
    /// Asks this `rustc` where its things are.
    pub(crate) fn ask(rustc: &Path, shell: &Shell) -> Result<Self> {
        let mut program = Program::new(rustc);
        program.args(["--print", "sysroot", "--print", "target-libdir", "--target", WASM_TARGET]);
        let running = program.start(shell).context("could not ask for the installed targets")?;
        Ok(Self { rustc: rustc.to_owned(), running })
    }

    /// The toolchain behind this `rustc`, after the target was added to it if need be.
    ///
    /// # Errors
    ///
    /// When the target is missing and cannot be added; the hint is the command for this system.
    pub(crate) fn require_target(self, fetch: Fetch, shell: &Shell) -> Result<Toolchain> {
        let rustc = self.rustc.clone();
        let (toolchain, installed) = self.answer()?;
        if installed {
            return Ok(toolchain);
        }
        let Some(name) = rustup_name(&toolchain.sysroot) else {
            let message = format!(
                "target `{WASM_TARGET}` is not installed for `{}` in `{}`",
                rustc.display(),
                toolchain.sysroot.display()
            );
            return Err(failure(message, system_command()));
        };
        let missing = format!("target `{WASM_TARGET}` is not installed for toolchain `{name}`");
        if fetch == Fetch::Forbidden {
            return Err(failure(
                missing,
                format!("run `rustup target add --toolchain {name} {WASM_TARGET}`, with a network"),
            ));
        }
        shell.status("Adding", format!("target `{WASM_TARGET}` to toolchain `{name}`"));
        let mut rustup = Program::new("rustup");
        rustup.args(["target", "add", "--toolchain", &name, WASM_TARGET]);
        let added = rustup.run(shell);
        let (toolchain, installed) = Self::ask(&rustc, shell)?.answer()?;
        if installed {
            return Ok(toolchain);
        }
        match added {
            Ok(()) => Err(failure(missing, "rustup says it is: is `RUSTC` set to another compiler?")),
            Err(error) => Err(failure(
                format!("{missing}, and could not be added: {error}"),
                format!(
                    "where rustup reaches no server, use a compiler that has the target: {}",
                    system_command()
                ),
            )),
        }
    }

    fn answer(self) -> Result<(Toolchain, bool)> {
        let rustc = self.rustc.display().to_string();
        let output = self.running.finish_with_output()?;
        let mut lines = output.lines();
        let (Some(sysroot), Some(libdir)) = (lines.next(), lines.next()) else {
            return Err(failure(
                format!("could not ask `{rustc}` for the installed targets: it answered `{}`", output.trim()),
                "is it a Rust compiler, 1.78 or later?",
            ));
        };
        let installed = std::fs::read_dir(libdir).is_ok_and(|files| {
            files.flatten().any(|file| {
                let name = file.file_name();
                let name = name.to_string_lossy();
                name.starts_with("libstd-") && name.ends_with(".rlib")
            })
        });
        Ok((Toolchain { sysroot: sysroot.into() }, installed))
    }
}

/// The name rustup has for the toolchain in this folder, if it is rustup's.
fn rustup_name(sysroot: &Path) -> Option<String> {
    let folder = sysroot.parent()?;
    (folder.file_name()? == "toolchains")
        .then(|| sysroot.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// What to run on this system to get a compiler with the target.
fn system_command() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    command_for(&format!("{} {}", value("ID="), value("ID_LIKE=")))
}

/// `systems`: the names of the distribution and of those it is like, as in `/etc/os-release`.
fn command_for(systems: &str) -> String {
    let known = systems.split_whitespace().find_map(|system| match system {
        "debian" | "ubuntu" => Some("`apt-get install libstd-rust-dev-wasm32`".to_owned()),
        "fedora" | "rhel" => Some(format!("`dnf install rust-std-static-{WASM_TARGET}`")),
        "arch" => Some("`pacman -S rust-wasm`".to_owned()),
        "alpine" => Some("`apk add rust-wasm`".to_owned()),
        "nixos" => Some(format!("a toolchain with `targets = [ \"{WASM_TARGET}\" ]` (rust-overlay, fenix)")),
        _ => None,
    });
    match known {
        Some(command) => format!(
            "{command}, if Rust is from your system's packages; else Rust from https://rustup.rs and `rustup target add {WASM_TARGET}`"
        ),
        None => format!("Rust from https://rustup.rs and `rustup target add {WASM_TARGET}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_the_one_of_the_distribution_or_of_one_it_is_like() {
        for (systems, word) in [
            ("debian ", "libstd-rust-dev-wasm32"),
            ("linuxmint ubuntu debian", "libstd-rust-dev-wasm32"),
            ("fedora ", "rust-std-static-wasm32-wasip1"),
            ("manjaro arch", "pacman"),
            ("alpine ", "apk add"),
            ("nixos ", "targets ="),
            ("plan9 ", "rustup target add"),
        ] {
            assert!(command_for(systems).contains(word), "{systems}");
        }
    }

    #[test]
    fn a_toolchain_is_rustups_when_it_lies_in_a_folder_of_toolchains() {
        assert_eq!(rustup_name(Path::new("/h/.rustup/toolchains/stable-x")).as_deref(), Some("stable-x"));
        assert_eq!(rustup_name(Path::new("/usr")), None);
        assert_eq!(rustup_name(Path::new("/")), None);
    }
}
