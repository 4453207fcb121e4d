//! The flags that the compiler gets besides those of the user.

use std::path::Path;

use anyhow::{Context, Result};

use super::toolchain::{Toolchain, WASM_TARGET};
use super::workspace::CargoWorkspace;
use crate::fs;

/// The compiler's one mebibyte, and some more for the sake of speed.
///
/// An evaluation costs what the pages cost that it touches (2 to 3 us each). The C library's allocator writes to both
/// ends of the heap before the first use, and the heap ends where the memory does, at a multiple of 64 KiB. What lies
/// below it is the stack and the policy's data; with a stack of this size the heap of a generated policy is small
/// enough for its end to share a page with what is allocated behind the buffer of standard input, and large enough for
/// what most requests take. Other policies lie as they happen to.
const STACK_BYTES: u32 = (1 << 20) + 0x8d40;

impl CargoWorkspace {
    /// The size of the stack, then the flags the user has for the compiler, wherever they are written, then the
    /// remapping that keeps this machine's paths out of the module. In the order in which rustc reads them, where the
    /// last match counts.
    pub(crate) fn rustflags(&self, toolchain: &Toolchain) -> Result<String> {
        let mut flags = vec!["-Clink-arg=-z".to_owned(), format!("-Clink-arg=stack-size={STACK_BYTES}")];
        let theirs = self
            .configuration
            .rustflags(WASM_TARGET)
            .context("could not read `rustflags` in cargo's configuration")?;
        flags.extend(theirs.into_iter().flat_map(|flags| flags.flags));
        let home = std::env::home_dir().filter(|home| home.parent().is_some());
        let cargo_home =
            std::env::current_dir().ok().and_then(|here| cargo_config2::cargo_home_with_cwd(&here));
        let sources = toolchain.sysroot.join("lib/rustlib/src/rust");
        // A dependency by path often lies beside the workspace: what they share is mapped, from the top down.
        let around: Vec<_> =
            self.root.ancestors().skip(1).filter(|folder| folder.parent().is_some()).collect();
        let outside =
            around.into_iter().rev().map(Path::to_owned).chain(self.path_dependencies.iter().cloned());
        let prefixes =
            std::iter::once((home, "/home")).chain(outside.map(|folder| (Some(folder), "/outside"))).chain([
                (Some(self.root.clone()), "/policy"),
                (Some(self.target_dir.clone()), "/target"),
                (cargo_home, "/cargo"),
                (Some(sources), "/rustc"),
            ]);
        for (from, to) in prefixes {
            let Some(from) = from else { continue };
            // The compiler sees some paths as given and some with links resolved.
            let resolved = fs::canonicalize(&from).ok().filter(|resolved| *resolved != from);
            for from in [Some(from), resolved].into_iter().flatten() {
                if let Some(from) = from.to_str() {
                    flags.push(format!("--remap-path-prefix={from}={to}"));
                }
            }
        }
        Ok(flags.join("\x1f"))
    }
}
