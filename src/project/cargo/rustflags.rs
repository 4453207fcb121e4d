//! The compiler flags that are added to those of the user.

use std::path::{Path, PathBuf};

use cargo_platform::{Cfg, CfgExpr};

use super::configuration::CargoConfiguration;
use super::toolchain::{Toolchain, WASM_TARGET};
use super::workspace::CargoWorkspace;
use crate::fs;

/// The size of the stack: the compiler's default of one mebibyte, and some more for speed.
///
/// The cost of an evaluation is that of the pages it touches (2 to 3 us each). The C library's allocator writes to
/// both ends of the heap before the first use, and the heap ends where the memory ends, at a multiple of 64 KiB. The
/// stack and the policy's data are below the heap. With a stack of this size, the heap of a generated policy is small
/// enough for its end to share a page with what is allocated after the buffer of standard input, and large enough for
/// most requests. For other policies, the size makes no difference.
const STACK_BYTES: u32 = (1 << 20) + 0x8d40;

/// The flags of the user, and the place that cargo takes them from. It reads one place only.
#[derive(Debug)]
pub(super) struct UserFlags {
    pub(super) flags: Vec<String>,
    pub(super) place: FlagsPlace,
}

/// Where cargo looks for flags, in this order (The Cargo Book, `build.rustflags`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagsPlace {
    /// An environment variable.
    Variable(&'static str),
    /// All `target.*.rustflags` that match.
    Target,
    /// `build.rustflags`.
    Build,
}

impl UserFlags {
    /// The flags that `cargo build` would give to the compiler, whose conditions are `cfgs`.
    pub(super) fn find(configuration: &CargoConfiguration, cfgs: &[Cfg]) -> Self {
        if let Some((name, flags)) = flags_in_environment() {
            return Self { flags, place: FlagsPlace::Variable(name) };
        }
        let mut flags = configuration.list(&["target", WASM_TARGET, "rustflags"]);
        for (condition, conditional) in configuration.conditional_lists("rustflags") {
            if CfgExpr::matches_key(condition, cfgs) {
                flags.extend(conditional);
            }
        }
        match flags.is_empty() {
            false => Self { flags, place: FlagsPlace::Target },
            true => Self { flags: configuration.list(&["build", "rustflags"]), place: FlagsPlace::Build },
        }
    }
}

/// A variable that is set decides, even if it is empty.
fn flags_in_environment() -> Option<(&'static str, Vec<String>)> {
    const ENCODED: &str = "CARGO_ENCODED_RUSTFLAGS";
    const PLAIN: &str = "RUSTFLAGS";
    if let Ok(flags) = std::env::var(ENCODED) {
        let flags = flags.split('\x1f').filter(|_| !flags.is_empty());
        return Some((ENCODED, flags.map(str::to_owned).collect()));
    }
    let flags = std::env::var(PLAIN).ok()?;
    let flags = flags.split(' ').map(str::trim).filter(|flag| !flag.is_empty());
    Some((PLAIN, flags.map(str::to_owned).collect()))
}

/// The size of the stack, then the flags of the user, then the remapping that keeps this machine's paths out of the
/// module: the value for CARGO_ENCODED_RUSTFLAGS. In the order in which rustc reads them: the last match counts.
pub(super) fn rustflags(users: &UserFlags, workspace: &CargoWorkspace, toolchain: &Toolchain) -> String {
    let mut flags = vec!["-Clink-arg=-z".to_owned(), format!("-Clink-arg=stack-size={STACK_BYTES}")];
    flags.extend_from_slice(&users.flags);
    for (from, to) in prefixes(workspace, toolchain) {
        // The compiler sees some paths as given and some with links resolved.
        let resolved = fs::canonicalize(&from).ok().filter(|resolved| *resolved != from);
        for from in std::iter::once(from).chain(resolved) {
            if let Some(from) = from.to_str() {
                flags.push(format!("--remap-path-prefix={from}={to}"));
            }
        }
    }
    flags.join("\x1f")
}

/// Returns the folders of this machine whose paths the compiler sees, and what replaces each in the module.
fn prefixes(workspace: &CargoWorkspace, toolchain: &Toolchain) -> Vec<(PathBuf, &'static str)> {
    let is_not_root = |folder: &&Path| folder.parent().is_some();
    let home = std::env::home_dir().filter(|home| is_not_root(&home.as_path()));
    let cargo_home = fs::current_folder().ok().and_then(|here| cargo_config2::cargo_home_with_cwd(&here));
    // Path dependencies are often next to the workspace, so the folders above it are mapped, from the top down.
    let mut around: Vec<_> = workspace.root.ancestors().skip(1).filter(is_not_root).collect();
    around.reverse();
    let outside = around.into_iter().chain(workspace.path_dependencies.iter().map(PathBuf::as_path));
    let mut prefixes: Vec<_> = home.map(|home| (home, "/home")).into_iter().collect();
    prefixes.extend(outside.map(|folder| (folder.to_owned(), "/outside")));
    prefixes.push((workspace.root.clone(), "/policy"));
    prefixes.push((workspace.target_dir.clone(), "/target"));
    prefixes.extend(cargo_home.map(|folder| (folder, "/cargo")));
    prefixes.push((toolchain.sysroot.join("lib/rustlib/src/rust"), "/rustc"));
    prefixes
}
