//! The build of one policy, from valid metadata to the files to deploy.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::built::BuiltPolicy;
use super::output::{OutputFiles, OutputPlace};
use super::request::{Annotator, Optimizer};
use super::{kwctl, manifest, metadata_file, wasm_opt};
use crate::deploy;
use crate::error::WithHint;
use crate::finding::has_errors;
use crate::fs::{self, Written};
use crate::metadata::Metadata;
use crate::module;
use crate::project::{Network, Project};
use crate::shell::Shell;

/// One policy with valid metadata, and the paths of its output files.
#[derive(Debug)]
pub(crate) struct PolicyBuild {
    project: Project,
    metadata: Metadata,
    /// The README, which becomes the usage text.
    usage: Option<String>,
    files: OutputFiles,
}

impl PolicyBuild {
    /// Prepares the build. Fails if the README cannot be read, or if a module would replace a file that is not one.
    pub(crate) fn new(project: Project, metadata: Metadata, place: &OutputPlace) -> Result<Self> {
        let files = place.files(&project.name)?;
        let usage = readme(&project)?;
        Ok(Self { project, metadata, usage, files })
    }

    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Updates `metadata.yml` if it does not match the table.
    pub(crate) fn update_metadata_file(&self, network: Network, shell: &Shell) -> Result<()> {
        metadata_file::update(&self.project, &self.metadata, network, shell)
    }

    /// Turns the compiled module into the files to deploy.
    pub(crate) fn finish(
        &self,
        compiled: &Path,
        annotator: Annotator,
        optimizer: Optimizer,
        shell: &Shell,
    ) -> Result<BuiltPolicy> {
        match optimizer {
            Optimizer::None => self.write(&self.annotate(compiled, annotator, shell)?, shell),
            Optimizer::WasmOpt => {
                let smaller = wasm_opt::run(compiled, fs::folder_of(&self.files.module), shell)?;
                self.write(&self.annotate(smaller.path(), annotator, shell)?, shell)
            }
        }
    }

    /// Returns the module with its metadata. Fails if no host would load it.
    fn annotate(&self, compiled: &Path, annotator: Annotator, shell: &Shell) -> Result<Vec<u8>> {
        let bytes = fs::read(compiled)?;
        let shown = fs::for_people(compiled);
        let findings = module::check_contract(&bytes);
        shell.findings(&findings);
        if has_errors(&findings) {
            bail!(
                "could not build `{}`: no Kubewarden host would load the module `{}`",
                self.project.name,
                shown.display()
            );
        }
        let annotated = match annotator {
            Annotator::Builtin => module::annotate(&bytes, &self.metadata.for_module(self.usage.as_deref())),
            Annotator::Kwctl => self.annotate_with_kwctl(compiled, shell),
        };
        annotated.with_context(|| format!("could not annotate `{}`", shown.display()))
    }

    fn annotate_with_kwctl(&self, compiled: &Path, shell: &Shell) -> Result<Vec<u8>> {
        let readme = self.usage.is_some().then(|| self.project.readme());
        let folder = fs::folder_of(&self.files.module);
        kwctl::annotate(compiled, &self.project.metadata_file(), readme.as_deref(), folder, shell)
    }

    /// Writes the module, and the manifest if the metadata has what it needs.
    fn write(&self, annotated: &[u8], shell: &Shell) -> Result<BuiltPolicy> {
        let manifest = manifest::to_yaml(&self.project, &self.metadata)
            .inspect_err(|missing| shell.findings(&[missing.finding(&self.project)]))
            .ok();
        if manifest.is_some() {
            manifest::refuse_to_replace_other_files(&self.files.manifest)?;
        }
        let module = fs::write(&self.files.module, annotated)?;
        let written = manifest::write(&self.files.manifest, manifest.as_deref())?;
        let version = self.project.version_in(&self.metadata);
        Ok(BuiltPolicy {
            name: self.project.name.clone(),
            version: version.map(str::to_owned),
            wasm: self.files.module.clone(),
            manifest: manifest.map(|_| self.files.manifest.clone()),
            size_bytes: annotated.len(),
            fresh: module == Written::Unchanged && written == Written::Unchanged,
            module: deploy::module_in_registry(&self.metadata, version),
            policy_type: self.metadata.policy_type,
        })
    }
}

fn readme(project: &Project) -> Result<Option<String>> {
    let path = project.readme();
    // The usage text must not depend on the system that the README was checked out on.
    fs::find_text(&path)
        .map(|text| text.map(fs::unix_line_ends))
        .context("could not use the README as the usage text of the policy")
        .hint(|| format!("save `{}` as UTF-8", fs::for_people(&path).display()))
}
