//! Prints the metadata of a policy module as indented JSON: `metadata FILE.wasm`.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use cargo_kw_wasi::{fs, module, shell::Shell};

fn main() -> Result<()> {
    let path = PathBuf::from(std::env::args_os().nth(1).context("which module? `metadata FILE.wasm`")?);
    let wasm = fs::read(&path)?;
    let sections = module::read_metadata(&wasm)?;
    ensure!(sections.len() == 1, "`{}` has {} metadata sections, not one", path.display(), sections.len());
    let metadata: serde_json::Value = serde_json::from_slice(sections[0])?;
    let shell = Shell::new(false, 0, Default::default());
    shell.result(&format!("{metadata:#}\n"))?;
    Ok(())
}
