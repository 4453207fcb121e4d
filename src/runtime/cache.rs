//! Compiled modules, kept on disk between runs by wasmtime's own cache, a folder for each module.
//!
//! Wasmtime runs what it finds in its cache, and a file with a flipped bit ends the process. So a checksum of
//! what wasmtime keeps is stored next to it, and a folder where the two do not match is removed. Nothing here is an
//! error: whatever goes wrong, the module is compiled.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::CacheConfig;

use crate::digest::{hex, sha256};

/// The number of modules that are kept. Beyond it, the least recently used are removed.
const KEPT_MODULES: usize = 50;

/// The file with the checksum, in the folder of a module. Wasmtime has its own folder next to the file, because it
/// removes files that it does not know.
const CHECKSUM: &str = "checksum";
const COMPILED: &str = "compiled";

/// Where compiled modules are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    /// In this folder, which is used for nothing else.
    Folder(PathBuf),
    /// Nowhere: no modules are kept.
    None,
}

impl Cache {
    /// Returns the cache in the user's folder for caches.
    pub(crate) fn of_user() -> Self {
        users_folder(std::env::consts::OS, |name| std::env::var_os(name), std::env::home_dir())
            .filter(|folder| folder.is_absolute())
            .map_or(Self::None, |folder| Self::Folder(folder.join("cargo-kw-wasi").join("modules")))
    }

    /// Opens the cache for this module.
    pub(super) fn open(&self, wasm: &[u8]) -> Option<OpenCache> {
        let Self::Folder(root) = self else { return None };
        let folder = root.join(sha256(wasm));
        if folder.exists() {
            if checksum_of(&folder)? == std::fs::read_to_string(folder.join(CHECKSUM)).unwrap_or_default() {
                mark_as_used(&folder);
            } else {
                std::fs::remove_dir_all(&folder).ok()?;
            }
        }
        let mut config = CacheConfig::new();
        config.with_directory(folder.join(COMPILED));
        // Wasmtime would compress files that are used often again, and the checksum would not match.
        config.with_optimized_compression_usage_counter_threshold(u64::MAX);
        Some(OpenCache { wasmtime: wasmtime::Cache::new(config).ok()?, folder })
    }
}

/// Returns the user's folder for caches on a system. `XDG_CACHE_HOME` has precedence on every system.
fn users_folder(
    system: &str,
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME").or_else(|| match system {
        "windows" => set("LOCALAPPDATA"),
        "macos" => Some(home?.join("Library").join("Caches")),
        _ => Some(home?.join(".cache")),
    })
}

/// The open cache for one module.
pub(super) struct OpenCache {
    /// Wasmtime's cache, for an engine that only compiles this module.
    pub(super) wasmtime: wasmtime::Cache,
    folder: PathBuf,
}

impl OpenCache {
    /// Closes the cache after the module was compiled, or loaded from the cache.
    pub(super) fn close(self) {
        if self.wasmtime.cache_misses() == 0 {
            return;
        }
        if let Some(checksum) = checksum_of(&self.folder) {
            let _ = std::fs::write(self.folder.join(CHECKSUM), checksum);
        }
        if let Some(root) = self.folder.parent() {
            remove_oldest(root);
        }
    }
}

/// Returns the checksum of everything that wasmtime keeps in a folder; `None` if it cannot be read.
fn checksum_of(folder: &Path) -> Option<String> {
    let mut files = Vec::new();
    for compiler in std::fs::read_dir(folder.join(COMPILED).join("modules")).into_iter().flatten() {
        for file in std::fs::read_dir(compiler.ok()?.path()).ok()? {
            files.push(file.ok()?.path());
        }
    }
    files.retain(|file| file.extension().is_none()); // the others have statistics, or are not finished
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(file.file_name()?.as_encoded_bytes());
        digest.update(std::fs::read(file).ok()?);
    }
    Some(hex(&digest.finalize()))
}

fn mark_as_used(folder: &Path) {
    let _ = File::options()
        .append(true)
        .open(folder.join(CHECKSUM))
        .and_then(|file| file.set_modified(SystemTime::now()));
}

fn remove_oldest(root: &Path) {
    let mut folders: Vec<_> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|folder| {
            let folder = folder.ok()?.path();
            let used = std::fs::metadata(folder.join(CHECKSUM)).and_then(|checksum| checksum.modified());
            Some((used.unwrap_or(SystemTime::UNIX_EPOCH), folder))
        })
        .collect();
    folders.sort();
    folders.reverse();
    for (_, folder) in folders.into_iter().skip(KEPT_MODULES) {
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_where_the_system_has_them() {
        let folder = |system, variables: &[(&str, &str)]| {
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            };
            users_folder(system, variable, Some("/home/jane".into()))
        };
        let local = ("LOCALAPPDATA", r"C:\Users\jane\AppData\Local");
        assert_eq!(folder("linux", &[]), Some("/home/jane/.cache".into()));
        assert_eq!(folder("linux", &[("XDG_CACHE_HOME", "")]), Some("/home/jane/.cache".into()));
        assert_eq!(folder("macos", &[]), Some("/home/jane/Library/Caches".into()));
        assert_eq!(folder("windows", &[local]), Some(local.1.into()));
        assert_eq!(folder("windows", &[]), None);
        for system in ["linux", "macos", "windows"] {
            assert_eq!(folder(system, &[("XDG_CACHE_HOME", "/caches"), local]), Some("/caches".into()));
        }
    }
}
