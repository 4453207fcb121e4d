//! `metadata.yml`, kept in step with the table in Cargo.toml as cargo keeps `Cargo.lock`.

use anyhow::Result;

use crate::error::failure;
use crate::fs::{self, Written};
use crate::metadata::Metadata;
use crate::project::{Network, Project};
use crate::shell::Shell;

/// Writes the file if its content changes. Does nothing in projects whose metadata is not in a table.
pub(crate) fn update(project: &Project, metadata: &Metadata, network: Network, shell: &Shell) -> Result<()> {
    if !project.writes_metadata_file() {
        return Ok(());
    }
    let path = project.metadata_file();
    let yaml = metadata.to_yaml();
    if fs::find(&path)?.is_some_and(|present| same_but_for_line_ends(&present, &yaml)) {
        return Ok(());
    }
    let shown = fs::for_people(&path);
    if !network.may_change_files() {
        let what = if fs::exists(&path) {
            "does not match the table `[package.metadata.kubewarden]`"
        } else {
            "does not exist"
        };
        return Err(failure(
            format!(
                "`{}` {what}, and may not be written because of `--locked` or `--frozen`",
                shown.display()
            ),
            "run `cargo kw-wasi build` without that flag, and commit the file",
        ));
    }
    if fs::write(&path, yaml.as_bytes())? == Written::Changed {
        shell.status("Updated", shown.display());
    }
    Ok(())
}

/// Ignores line endings, which a checkout on Windows may have changed.
fn same_but_for_line_ends(present: &[u8], yaml: &str) -> bool {
    present == yaml.as_bytes() || String::from_utf8_lossy(present).replace("\r\n", "\n") == yaml
}
