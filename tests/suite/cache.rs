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
