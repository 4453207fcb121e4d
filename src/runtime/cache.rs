//! Compiled modules, kept on disk between runs by wasmtime's own cache.

use std::path::PathBuf;

use wasmtime::CacheConfig;

/// Where compiled modules are kept. A cache that cannot be used is as good as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere.
    None,
}

impl Cache {
    /// In the user's folder for caches.
    pub fn of_user() -> Self {
        let folder = match std::env::var_os("XDG_CACHE_HOME") {
            Some(folder) if !folder.is_empty() => Some(PathBuf::from(folder)),
            _ => std::env::home_dir().map(|home| home.join(".cache")),
        };
        folder
            .filter(|folder| folder.is_absolute())
            .map_or(Self::None, |folder| Self::Folder(folder.join("cargo-kw-wasi")))
    }

    pub(super) fn open(&self) -> Option<wasmtime::Cache> {
        let Self::Folder(folder) = self else { return None };
        let mut config = CacheConfig::new();
        config.with_directory(folder);
        wasmtime::Cache::new(config).ok()
    }
}
