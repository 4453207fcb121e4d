//! Compiled modules on disk are used again, and the folder is harmless whatever it contains.

use std::path::{Path, PathBuf};

use crate::support::guest::{self, Behavior};
use cargo_kw_wasi::runtime::{Cache, GuestOutcome, Limits, Policy};

struct Module {
    folder: tempfile::TempDir,
    wasm: Vec<u8>,
}

impl Module {
    fn new() -> Self {
        let answer = Behavior::prints(r#"{"accepted":true}"#);
        let wasm = guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA);
        Self { folder: tempfile::tempdir().unwrap(), wasm }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("modules")
    }

    /// Runs the module with this cache, and fails the test unless it answers.
    #[track_caller]
    fn run(&self) {
        let policy = Policy::load(&self.wasm, Limits::default(), Cache::Folder(self.root())).unwrap();
        let call = policy.call(&["validate"], b"{}");
        assert_eq!((call.outcome, &*call.stdout), (GuestOutcome::Exit(0), &b"{\"accepted\":true}"[..]));
    }

    /// The compiled modules in the cache.
    fn kept(&self) -> Vec<PathBuf> {
        fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => collect(&path, files),
                    false => files.push(path),
                }
            }
        }
        let mut files = Vec::new();
        collect(&self.root(), &mut files);
        files.retain(|file| file.extension().is_none() && file.file_name().unwrap() != "checksum");
        files
    }
}

#[test]
fn a_module_is_compiled_once() {
    let module = Module::new();
    module.run();
    let [kept] = &*module.kept() else { panic!("one module is kept") };
    let written = kept.metadata().unwrap().modified().unwrap();
    module.run();
    assert_eq!(kept.metadata().unwrap().modified().unwrap(), written);
}

#[test]
fn a_damaged_module_is_compiled_again() {
    let module = Module::new();
    module.run();
    let kept = module.kept().pop().unwrap();
    let good = std::fs::read(&kept).unwrap();
    for place in (0..good.len()).step_by(good.len() / 50) {
        let mut damaged = good.clone();
        damaged[place] ^= 1 << (place % 8);
        replace(&kept, &damaged);
        module.run(); // would end this process if damaged code ran
    }
    for damaged in [&good[..good.len() / 2], b"", b"something else"] {
        replace(&kept, damaged);
        module.run();
    }
}

/// Creates the folder if it is missing: wasmtime cleans up in a thread of its own.
fn replace(file: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_folder_that_cannot_be_used_does_not_matter() {
    let module = Module::new();
    std::fs::write(module.root(), "in the way").unwrap();
    module.run();
    assert_eq!(std::fs::read_to_string(module.root()).unwrap(), "in the way");
    let module = Module::new();
    module.run();
    let folder = module.root().read_dir().unwrap().next().unwrap().unwrap().path();
    while std::fs::remove_dir_all(&folder).is_err() {} // wasmtime may still be cleaning up
    std::fs::write(&folder, "in the way").unwrap();
    module.run();
}

#[test]
fn only_fifty_modules_are_kept() {
    let mut module = Module::new();
    for number in 0..55 {
        let answer = Behavior::prints(r#"{"accepted":true}"#).and_says(&format!("{number}"));
        module.wasm = guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA);
        module.run();
    }
    assert_eq!(module.root().read_dir().unwrap().count(), 50);
}

/// Whoever can write to the folder decides what the tool runs.
#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_or_that_is_a_link_is_not_used() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let module = Module::new();
    module.run();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&module.root()), module.kept().len()), (0o700, 1));
    for mode in [0o770, 0o702, 0o777] {
        let module = Module::new();
        std::fs::create_dir(module.root()).unwrap();
        set_mode(&module.root(), mode);
        module.run();
        assert_eq!(module.root().read_dir().unwrap().count(), 0, "{mode:o}");
        // Nor is one in a folder that others can write to.
        std::fs::remove_dir(module.root()).unwrap();
        set_mode(module.folder.path(), mode);
        module.run();
        assert!(module.root().read_dir().map_or(0, Iterator::count) == 0, "{mode:o}");
    }
    let module = Module::new();
    let elsewhere = module.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    set_mode(&elsewhere, 0o700);
    symlink(&elsewhere, module.root()).unwrap();
    module.run();
    assert_eq!(elsewhere.read_dir().unwrap().count(), 0);
}

#[test]
fn only_what_the_tool_has_put_there_is_removed() {
    let module = Module::new();
    module.run();
    let digest = |number: usize| format!("{number:064x}");
    for number in 0..60 {
        std::fs::create_dir_all(module.root().join(digest(number)).join("compiled")).unwrap();
    }
    let foreign = ["documents", "0123", &digest(100)];
    for name in foreign {
        std::fs::create_dir_all(module.root().join(name)).unwrap();
        std::fs::write(module.root().join(name).join("precious"), "").unwrap();
    }
    let answer = Behavior::prints(r#"{"accepted":true}"#).and_says("another");
    let wasm = guest::policy(&answer, &guest::settings_are_valid(), guest::METADATA);
    let module = Module { wasm, ..module };
    module.run();
    for name in foreign {
        assert!(module.root().join(name).join("precious").exists(), "{name}");
    }
    // The three count as kept, and so do the two modules.
    assert!(module.root().read_dir().unwrap().count() <= 53);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_folder_is_not_read() {
    let module = Module::new();
    module.run();
    let kept = module.kept().pop().unwrap();
    std::fs::remove_file(&kept).unwrap();
    let make_pipe = |path: &Path| {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    make_pipe(&kept);
    module.run();
    let folder = module.root().read_dir().unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(folder.join("checksum")).unwrap();
    make_pipe(&folder.join("checksum"));
    module.run();
}
