//! Temporary files and folders, next to what they become. They are removed when they are dropped, and when a signal ends
//! the process. If it is killed, the next one that creates a temporary file in the same folder removes them.

use std::fs::{File, Metadata};
use std::io::{Result, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::{TempDir, TempPath};

use crate::signals::{self, Held, Leftover};

const PREFIX: &str = ".kw-wasi-";
/// Characters after the prefix.
const RANDOM: usize = 6;
/// Nobody needs longer from creating a file to locking it.
const TIME_TO_LOCK: Duration = Duration::from_secs(600);

/// A temporary file. Others can read it if the user's umask allows that.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    path: TempPath,
    /// Open and locked, so that others leave it alone.
    file: File,
    _held: Held,
}

impl TemporaryFile {
    /// An empty file.
    pub(crate) fn create_in(folder: &Path) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).rand_bytes(RANDOM);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let create = || builder.tempfile_in(folder);
        let (created, held) = signals::hold(create, |it| Leftover::Temporary(it.path().to_owned()))?;
        let (file, path) = created.into_parts();
        lock(&file);
        sweep(folder, &file.metadata()?);
        Ok(Self { path, file, _held: held })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Becomes a file of these bytes, in place of one that is there.
    pub(super) fn become_file(mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes)?;
        Ok(self.path.persist(path)?)
    }
}

/// A temporary folder, which only the user can enter.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    folder: TempDir,
    _lock: Option<File>,
    _held: Held,
}

impl TemporaryFolder {
    /// An empty folder.
    pub(crate) fn create_in(folder: &Path) -> Result<Self> {
        let create = || tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempdir_in(folder);
        let (created, held) = signals::hold(create, |it| Leftover::Temporary(it.path().to_owned()))?;
        let lock = super::lock_folder(created.path());
        sweep(folder, &created.path().metadata()?);
        Ok(Self { folder: created, _lock: lock, _held: held })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// On Windows nobody else could write to a file that is locked.
fn lock(file: &File) {
    if cfg!(unix) {
        // Where nothing can be locked, nothing is swept.
        let _ = file.lock();
    }
}

/// Removes what killed processes of this user left in a folder. Failures are left to the next one.
fn sweep(folder: &Path, own: &Metadata) {
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name().to_string_lossy())) {
        let path = entry.path();
        let is_left = entry.metadata().is_ok_and(|found| {
            let age = found.modified().ok().and_then(|time| time.elapsed().ok());
            !found.is_symlink() && has_owner_of(&found, own) && age.is_some_and(|age| age > TIME_TO_LOCK)
        });
        let is_unlocked = || File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_left && is_unlocked() {
            let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        }
    }
}

fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(unix)]
fn has_owner_of(found: &Metadata, own: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.uid() == own.uid()
}

#[cfg(not(unix))]
fn has_owner_of(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[cfg(unix)]
    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::now() - TIME_TO_LOCK * 2;
        let make = |name: &str, is_folder: bool| {
            let path = folder.path().join(name);
            if is_folder {
                std::fs::create_dir_all(path.join("project/src")).unwrap();
            } else {
                std::fs::write(&path, "left").unwrap();
            }
            let open = File::open(&path).unwrap();
            open.set_modified(long_ago).unwrap();
            open
        };
        make(".kw-wasi-file00", false);
        make(".kw-wasi-folder", true);
        make(".kw-wasi-mynotes", false);
        make(".kw-wasi-n.otes", false);
        make("kw-wasi-abcdef", false);
        make(".kw-wasi-young0", false).set_modified(SystemTime::now()).unwrap();
        let locked = make(".kw-wasi-locked", true);
        locked.lock().unwrap();
        std::os::unix::fs::symlink("kw-wasi-abcdef", folder.path().join(".kw-wasi-link00")).unwrap();
        super::super::write(&folder.path().join("written"), b"x").unwrap();
        let mut names: Vec<_> = folder.path().read_dir().unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            [
                ".kw-wasi-link00",
                ".kw-wasi-locked",
                ".kw-wasi-mynotes",
                ".kw-wasi-n.otes",
                ".kw-wasi-young0",
                "kw-wasi-abcdef",
                "written"
            ]
        );
        drop(locked);
        // A child program that another test is starting may have the lock for a moment.
        let is_removed = || {
            drop(TemporaryFolder::create_in(folder.path()).unwrap());
            std::thread::sleep(Duration::from_millis(10));
            !folder.path().join(".kw-wasi-locked").exists()
        };
        assert!((0..500).any(|_| is_removed()));
    }

    #[test]
    fn a_temporary_file_of_another_call_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = TemporaryFile::create_in(folder.path()).unwrap();
        if cfg!(unix) {
            file.file.set_modified(SystemTime::now() - TIME_TO_LOCK * 2).unwrap();
        }
        let other = TemporaryFile::create_in(folder.path()).unwrap();
        assert!(file.path().exists() && other.path().exists());
    }
}
