//! The disk: file access whose errors always name the path. Files are written whole or not at all.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

mod temporary;

pub(crate) use temporary::{TemporaryFile, TemporaryFolder};

/// The most bytes to read from a file or a pipe.
const MOST_BYTES: u64 = 1 << 28;

/// Reads a file as bytes, or a pipe, such as the one that a shell creates for `<(command)`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    read_bounded(path, Pipes::Accepted).with_context(|| format!("could not read `{}`", path.display()))
}

/// Whether a pipe is accepted as a file. A user who names a pipe expects that it ends; a pipe that this tool finds may
/// block forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pipes {
    Accepted,
    Refused,
}

/// Reads a file as bytes. Refuses devices, because some of them, such as `/dev/zero`, never end.
fn read_bounded(path: &Path, pipes: Pipes) -> std::io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?;
    if path == Path::new("/dev/null") {
        return Ok(Vec::new());
    }
    // Reading a folder fails by itself.
    let ends = kind.is_file() || kind.is_dir() || (pipes == Pipes::Accepted && is_pipe(&kind));
    if !ends {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    read_at_most(MOST_BYTES, std::fs::File::open(path)?, "it is larger than 256 MiB")
}

/// Reads to the end. Fails with `too_much` after more than `most` bytes.
fn read_at_most(most: u64, file: impl Read, too_much: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(std::io::Error::other(too_much));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn is_pipe(kind: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &std::fs::Metadata) -> bool {
    false
}

/// Reads a file as a string. Fails if it is not UTF-8.
fn read_string_bounded(path: &Path, pipes: Pipes) -> std::io::Result<String> {
    let bytes = read_bounded(path, pipes)?;
    String::from_utf8(bytes)
        .map_err(|_| std::io::Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

/// Reads a file as a string, without the byte order mark that some programs add. Fails if it is not UTF-8.
pub(crate) fn read_to_string(path: &Path) -> Result<String> {
    let mut text = read_string_bounded(path, Pipes::Accepted)
        .with_context(|| format!("could not read `{}`", path.display()))?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// The most that a file of documents may have. `kubectl` has no limit, but no cluster takes an object of more than 3 MB.
const DOCUMENT_BYTES: u64 = 16_000_000;

/// A file of YAML or JSON, as `kubectl` reads it: UTF-8, or UTF-16 with a byte order mark. What is not valid is replaced.
/// Fails when it has more than 16 MB.
pub fn read_document(path: &Path) -> Result<String> {
    let read = std::fs::File::open(path).and_then(document_in);
    read.with_context(|| format!("could not read `{}`", path.display()))
}

/// Reads an open file or stdin like [`read_document`].
pub(crate) fn document_in(file: impl Read) -> std::io::Result<String> {
    read_at_most(DOCUMENT_BYTES, file, "it has more than 16 MB").map(decode)
}

/// Source: `unicode.BOMOverride` of golang.org/x/text.
fn decode(bytes: Vec<u8>) -> String {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> =
            bytes.chunks(2).map(|pair| <[u8; 2]>::try_from(pair).map_or(0xfffd, unit)).collect();
        String::from_utf16_lossy(&units)
    };
    match &bytes[..] {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// A file as a string, or `None` if it does not exist.
pub(crate) fn find_text(path: &Path) -> Result<Option<String>> {
    absent_is_none(read_string_bounded(path, Pipes::Refused), path)
}

/// Reads a file as bytes. Returns `None` if it does not exist.
pub(crate) fn find(path: &Path) -> Result<Option<Vec<u8>>> {
    absent_is_none(read_bounded(path, Pipes::Refused), path)
}

/// Converts line endings to those of Unix, because those of a file depend on the system it was checked out on.
pub(crate) fn unix_line_ends(text: String) -> String {
    if text.contains("\r\n") { text.replace("\r\n", "\n") } else { text }
}

fn absent_is_none<T>(read: std::io::Result<T>, path: &Path) -> Result<Option<T>> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read `{}`", path.display())),
    }
}

/// Lists the files in a folder, in any order, without those in its subfolders. Empty if the folder does not exist.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let Some(entries) = absent_is_none(std::fs::read_dir(folder), folder)? else { return Ok(Vec::new()) };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let paths = paths.with_context(|| format!("could not read `{}`", folder.display()))?;
    Ok(paths.into_iter().filter(|path| path.is_file()).collect())
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The file is new, or its content has changed.
    Changed,
    /// The file already had this content, and its modification time is unchanged.
    Unchanged,
}

/// Writes a file through a temporary file in the same folder, so that a reader sees the old file or the new one, and
/// a failure leaves the old one. A file that already has this content is not touched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<Written> {
    if read_bounded(path, Pipes::Refused).is_ok_and(|present| present == bytes) {
        return Ok(Written::Unchanged);
    }
    // Write to the target of a link, so that the link remains.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder_of(&target);
    create_folder(folder)?;
    TemporaryFile::create_in(folder)
        .and_then(|file| file.become_file(&target, bytes))
        .with_context(|| format!("could not write `{}`", path.display()))?;
    Ok(Written::Changed)
}

/// Fails if [`write()`] could not write this file. Creates its folder.
pub(crate) fn require_writable(path: &Path) -> Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder_of(&target);
    create_folder(folder)?;
    let could_not = || format!("could not write `{}`", path.display());
    if target.is_dir() {
        return Err(anyhow::anyhow!("it is a folder, not a file")).with_context(could_not);
    }
    TemporaryFile::create_in(folder).map(drop).with_context(could_not)
}

/// Holds off everybody else who locks this folder, until the result is dropped. `None` where a folder cannot be locked,
/// as on Windows and some network file systems: nobody waits there.
pub(crate) fn lock_folder(folder: &Path) -> Option<std::fs::File> {
    let opened = std::fs::File::open(folder).ok()?;
    opened.lock().ok()?;
    Some(opened)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).with_context(|| format!("could not remove `{}`", path.display()))
}

/// Returns the folder of a file; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates a folder and its parents.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("could not create the folder `{}`", path.display()))
}

/// Whether the file or folder exists. A broken link counts as existing.
pub(crate) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Returns the absolute path of an existing file or folder, with links resolved. On Windows, it does not have the
/// prefix `\\?\`, which people and some programs do not understand.
pub fn canonicalize(path: &Path) -> std::io::Result<PathBuf> {
    dunce::canonicalize(path)
}

/// Returns the path in a `file://` URL; `None` for anything else.
pub(crate) fn path_of_url(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("file://")?;
    let path = url::Url::parse(url).ok().and_then(|url| url.to_file_path().ok());
    // `file://policy.wasm` is not a valid URL, but its meaning is clear.
    Some(path.unwrap_or_else(|| rest.into()))
}

/// Returns the current folder.
pub(crate) fn current_folder() -> Result<PathBuf> {
    std::env::current_dir().context("could not find the current folder")
}

/// Returns the absolute path without accessing the disk: links and `..` are kept.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("could not find `{}`", path.display()))
}

/// Returns the absolute path with links and `..` resolved, even if not all of it exists yet.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf> {
    let absolute = absolute(path)?;
    let mut resolved = PathBuf::new();
    for part in absolute.components() {
        match part {
            std::path::Component::ParentDir => drop(resolved.pop()),
            std::path::Component::CurDir => {}
            part => {
                resolved.push(part);
                if let Ok(canonical) = canonicalize(&resolved) {
                    resolved = canonical;
                }
            }
        }
    }
    Ok(resolved)
}

/// Formats a path for scripts, with `/` on every system.
pub(crate) fn for_scripts(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Returns the path to show to people: relative if it is inside the current folder.
pub(crate) fn for_people(path: &Path) -> PathBuf {
    let below =
        std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    match below {
        Some(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Some(below) => below,
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_become_those_of_unix() {
        for (text, expected) in [("a\r\n\r\nb\r\n", "a\n\nb\n"), ("a\nb", "a\nb"), ("a\rb\r", "a\rb\r")] {
            assert_eq!(unix_line_ends(text.to_owned()), expected);
        }
    }

    #[test]
    fn documents_are_utf_8_or_utf_16() {
        let utf_16 =
            |unit: fn(u16) -> [u8; 2]| "\u{feff}ä: 🦀".encode_utf16().flat_map(unit).collect::<Vec<_>>();
        for bytes in
            ["ä: 🦀".into(), "\u{feff}ä: 🦀".into(), utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)]
        {
            assert_eq!(document_in(&bytes[..]).unwrap(), "ä: 🦀");
        }
        assert_eq!(document_in(&b"a\xff"[..]).unwrap(), "a\u{fffd}");
        assert_eq!(document_in(&b"\xff\xfea\0b"[..]).unwrap(), "a\u{fffd}");
        assert_eq!(document_in(std::io::repeat(b' ')).unwrap_err().to_string(), "it has more than 16 MB");
    }

    #[test]
    fn resolved_paths_have_no_windows_prefix() {
        let folder = tempfile::tempdir().unwrap();
        for path in
            [canonicalize(folder.path()).unwrap(), resolve(&folder.path().join("a/../new/b")).unwrap()]
        {
            assert!(path.is_absolute() && !path.to_str().unwrap().contains('?'), "{}", path.display());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_files_and_named_pipes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("/dev/zero", path("zero")).unwrap();
        std::fs::write(path("file"), "a").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        for name in ["zero", "pipe"] {
            assert!(find(&path(name)).is_err() && find_text(&path(name)).is_err(), "{name}");
        }
        assert!(read(&path("zero")).is_err());
        assert_eq!(read("/dev/null".as_ref()).unwrap(), b"");
        assert_eq!(read(&path("link")).unwrap(), b"a");
        let pipe = path("pipe");
        let writer = std::thread::spawn(move || std::fs::write(pipe, "b"));
        assert_eq!(read(&path("pipe")).unwrap(), b"b");
        writer.join().unwrap().unwrap();
    }

    #[test]
    fn the_url_of_a_file_names_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b%.wasm");
        let url = url::Url::from_file_path(&file).unwrap();
        assert_eq!(path_of_url(url.as_str()), Some(file));
        assert_eq!(path_of_url("policy.wasm"), None);
        assert_eq!(path_of_url("https://example.com/policy.wasm"), None);
    }
}
