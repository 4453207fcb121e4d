//! The compiler that cargo will use, and whether it has the WebAssembly target.
//!
//! The target is installed if its standard library is there: `rustc` also lists targets that it has no library for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_platform::Cfg;

use crate::error::{WithHint, failure};
use crate::process::{Program, Running};
use crate::project::network::Network;
use crate::shell::Shell;

/// The target triple for which policies are compiled.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip1";

/// A toolchain that has the target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The folder the toolchain is installed in.
    pub(crate) sysroot: PathBuf,
    /// The conditions that hold for the target, such as `target_family="wasm"`.
    pub(crate) cfgs: Vec<Cfg>,
}

/// A query to `rustc`, which runs in the background until its answer is needed.
#[derive(Debug)]
pub(crate) struct ToolchainQuestion {
    rustc: PathBuf,
    running: Running,
}

impl ToolchainQuestion {
    /// Asks this `rustc` for its folders.
    pub(crate) fn ask(rustc: &Path, shell: &Shell) -> Result<Self> {
        let mut program = Program::new(rustc);
        program.args([
            "--print",
            "sysroot",
            "--print",
            "target-libdir",
            "--print",
            "cfg",
            "--target",
            WASM_TARGET,
        ]);
        let running = program
            .start(shell)
            .with_context(|| format!("could not ask the compiler `{}` for its targets", rustc.display()));
        let running = running
            .hint(|| "install Rust from https://rustup.rs, or from your system's packages".to_owned())?;
        Ok(Self { rustc: rustc.to_owned(), running })
    }

    /// Returns the toolchain of this `rustc`. Adds the target if it is missing.
    ///
    /// # Errors
    ///
    /// Fails if the target is missing and cannot be added; the hint is the command for this system.
    pub(crate) fn require_target(self, network: Network, shell: &Shell) -> Result<Toolchain> {
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
        if !network.may_fetch() {
            return Err(failure(
                format!("target `{WASM_TARGET}` is not installed for toolchain `{name}`"),
                format!("run `rustup target add --toolchain {name} {WASM_TARGET}`, with a network"),
            ));
        }
        add_target(&rustc, &name, shell)
    }

    fn answer(self) -> Result<(Toolchain, bool)> {
        let rustc = self.rustc.display().to_string();
        let output = self.running.finish_with_output()?;
        let mut lines = output.lines();
        let (Some(sysroot), Some(libdir)) = (lines.next(), lines.next()) else {
            return Err(failure(
                format!("could not ask `{rustc}` for the installed targets: it answered `{}`", output.trim()),
                "check that it is a Rust compiler, 1.78 or later",
            ));
        };
        let installed = std::fs::read_dir(libdir).is_ok_and(|files| {
            files.flatten().any(|file| {
                let name = file.file_name();
                let name = name.to_string_lossy();
                name.starts_with("libstd-") && name.ends_with(".rlib")
            })
        });
        let cfgs = lines.filter_map(|line| line.parse().ok()).collect();
        Ok((Toolchain { sysroot: sysroot.into(), cfgs }, installed))
    }
}

/// Adds the target to the toolchain with this name, with rustup.
fn add_target(rustc: &Path, name: &str, shell: &Shell) -> Result<Toolchain> {
    shell.status("Adding", format!("target `{WASM_TARGET}` to toolchain `{name}`"));
    let mut rustup = Program::new("rustup");
    rustup.args(["target", "add", "--toolchain", name, WASM_TARGET]);
    let added = rustup.run(shell);
    let (toolchain, installed) = ToolchainQuestion::ask(rustc, shell)?.answer()?;
    if installed {
        return Ok(toolchain);
    }
    let missing = format!("target `{WASM_TARGET}` is not installed for toolchain `{name}`");
    match added {
        Ok(()) => Err(failure(
            format!("{missing}, although rustup reports that it is"),
            "check whether `RUSTC` is set to another compiler",
        )),
        Err(error) => Err(failure(
            format!("{missing}, and could not be added: {error}"),
            format!(
                "if rustup cannot reach its server, use a compiler that has the target: {}",
                system_command()
            ),
        )),
    }
}

/// Returns the name of the toolchain in this folder, if rustup installed it.
fn rustup_name(sysroot: &Path) -> Option<String> {
    let folder = sysroot.parent()?;
    (folder.file_name()? == "toolchains")
        .then(|| sysroot.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// Returns the command that installs a compiler with the target on this system.
fn system_command() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |key: &str| {
        let line = release.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    command_for(&format!("{} {}", value("ID="), value("ID_LIKE=")))
}

/// `systems` has the names of the distribution and of those it is like, as in `/etc/os-release`.
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
    fn a_toolchain_is_rustups_when_its_folder_is_in_toolchains() {
        assert_eq!(rustup_name(Path::new("/h/.rustup/toolchains/stable-x")).as_deref(), Some("stable-x"));
        assert_eq!(rustup_name(Path::new("/usr")), None);
        assert_eq!(rustup_name(Path::new("/")), None);
    }
}
