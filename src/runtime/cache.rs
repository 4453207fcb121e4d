//! Compiled modules, kept on disk between runs by wasmtime's own cache, a folder for each module.
//!
//! Wasmtime runs what it finds in its cache, and a file with a flipped bit ends the process. So a checksum of
//! what wasmtime keeps is stored next to it, and a folder where the two do not match is removed. Because anyone who can
//! write to the folder decides what this tool runs, only its owner may. Nothing here is an error: whatever goes wrong, the
//! module is compiled.

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

    /// Returns the reason why the folder is not used, if it is not safe.
    pub(crate) fn refusal(&self) -> Option<String> {
        match self {
            Self::Folder(root) => claim(root).err(),
            Self::None => None,
        }
    }

    /// Opens the cache for this module.
    pub(super) fn open(&self, wasm: &[u8]) -> Option<OpenCache> {
        let Self::Folder(root) = self else { return None };
        claim(root).ok()?;
        let folder = root.join(sha256(wasm));
        let mut has_module = false;
        if std::fs::symlink_metadata(&folder).is_ok() {
            private_folder(&folder).ok()?;
            if let Some(checksum) = checksum_of(&folder)
                && Some(checksum) == kept_checksum(&folder)
            {
                has_module = true;
                mark_as_used(&folder);
            } else {
                remove_entry(&folder)?;
            }
        }
        if !has_module {
            create_private_folder(&folder).ok()?;
        }
        let mut config = CacheConfig::new();
        config.with_directory(folder.join(COMPILED));
        // Wasmtime would compress files that are used often again, and the checksum would not match.
        config.with_optimized_compression_usage_counter_threshold(u64::MAX);
        Some(OpenCache { wasmtime: wasmtime::Cache::new(config).ok()?, has_module, folder })
    }
}

/// Creates the folder and its parent if they do not exist, with access for this user only. Fails unless both are folders of
/// this user that nobody else can write to.
fn claim(root: &Path) -> Result<(), String> {
    for folder in [root.parent().unwrap_or(root), root] {
        if std::fs::symlink_metadata(folder).is_err() {
            create_private_folder(folder)
                .map_err(|error| format!("could not create the folder `{}`: {error}", folder.display()))?;
        }
        private_folder(folder).map_err(|why| format!("the folder `{}` {why}", folder.display()))?;
    }
    Ok(())
}

/// Creates a folder with access for this user only, but never in a folder of another user.
fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)?;
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix has modes"))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        let is_shared = |metadata: &std::fs::Metadata| metadata.mode() & 0o1000 != 0;
        let metadata = std::fs::metadata(parent)?;
        if !is_of_user(&metadata) && !is_shared(&metadata) {
            return Err(std::io::Error::other("its parent belongs to another user"));
        }
        builder.mode(0o700);
    }
    match builder.create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Fails unless the path is a folder of this user, not a link, that nobody else can write to.
fn private_folder(folder: &Path) -> Result<(), &'static str> {
    let metadata = std::fs::symlink_metadata(folder).map_err(|_| "cannot be looked at")?;
    if !metadata.is_dir() {
        return Err("is a link or a file");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if !is_of_user(&metadata) {
            return Err("belongs to another user");
        }
        if metadata.mode() & 0o022 != 0 {
            return Err("can be written to by other users");
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_of_user(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == rustix::process::geteuid().as_raw()
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
    /// Whether the compiled module is there already.
    pub(super) has_module: bool,
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

/// Returns the checksum of everything that wasmtime keeps in a folder; `None` if it cannot be read, or if wasmtime did not
/// write it.
fn checksum_of(folder: &Path) -> Option<String> {
    let mut files = Vec::new();
    for compiler in std::fs::read_dir(folder.join(COMPILED).join("modules")).into_iter().flatten() {
        let compiler = compiler.ok()?;
        if !compiler.file_type().ok()?.is_dir() {
            return None;
        }
        for file in std::fs::read_dir(compiler.path()).ok()? {
            let file = file.ok()?;
            // Neither a link nor a pipe, which might never end.
            if !file.file_type().ok()?.is_file() {
                return None;
            }
            files.push(file.path());
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

/// Reads the stored checksum.
fn kept_checksum(folder: &Path) -> Option<String> {
    let file = folder.join(CHECKSUM);
    let metadata = std::fs::symlink_metadata(&file).ok()?;
    let is_short = metadata.is_file() && metadata.len() <= 1000;
    is_short.then(|| std::fs::read_to_string(file).ok()).flatten()
}

/// Removes the folder of a module. `None` if it contains anything else, or cannot be removed.
fn remove_entry(folder: &Path) -> Option<()> {
    let name = folder.file_name()?.to_str()?;
    let is_ours = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_ours || !std::fs::symlink_metadata(folder).ok()?.is_dir() {
        return None;
    }
    for entry in std::fs::read_dir(folder).ok()? {
        if ![CHECKSUM, COMPILED]
            .iter()
            .any(|ours| entry.as_ref().is_ok_and(|entry| entry.file_name() == *ours))
        {
            return None;
        }
    }
    std::fs::remove_dir_all(folder).ok()
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
        let _ = remove_entry(&folder);
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
