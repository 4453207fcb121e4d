//! One policy on its way from metadata that are known to be good to the files to deploy.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::{Annotator, BuildRequest, BuiltPolicy};
use crate::deploy::{self, Choices, Deployment};
use crate::error::{WithHint, failure};
use crate::finding::{Finding, FindingName, has_errors, tally};
use crate::fs::{self, Written};
use crate::kubernetes;
use crate::metadata::{Metadata, key};
use crate::module;
use crate::process::Program;
use crate::project::{Network, Project, Projects};
use crate::shell::Shell;

/// One policy whose metadata is known to be good, and where its files go.
pub(super) struct Plan<'a> {
    project: &'a Project,
    metadata: Metadata,
    usage: Option<String>,
    pub(super) wasm: PathBuf,
    manifest: PathBuf,
}

/// Checks the metadata of all policies before anything slow.
pub(super) fn plan<'a>(
    projects: &'a Projects,
    request: &BuildRequest,
    shell: &Shell,
) -> Result<Vec<Plan<'a>>> {
    let several = projects.policies.len() > 1;
    let mut plans: Vec<Plan<'a>> = Vec::new();
    let mut refused = Vec::new();
    for project in &projects.policies {
        let checked = project.metadata();
        shell.findings(&checked.findings);
        let Some(metadata) = checked.metadata else {
            refused.push(format!("`{}` ({})", project.name, tally(&checked.findings)));
            continue;
        };
        let wasm = output_path(projects, project, request.output.as_deref(), several)?;
        let manifest = wasm.with_extension("yml");
        let usage = readme(project)?;
        plans.push(Plan { project, metadata, usage, wasm, manifest });
    }
    if !refused.is_empty() {
        bail!("could not build {}: the metadata is not what Kubewarden accepts", refused.join(", "));
    }
    Ok(plans)
}

fn output_path(
    projects: &Projects,
    project: &Project,
    output: Option<&Path>,
    several: bool,
) -> Result<PathBuf> {
    let file = format!("{}.wasm", project.name);
    let path = match output {
        None => projects.output_folder.join(file),
        Some(folder)
            if folder.is_dir() || folder.as_os_str().to_string_lossy().ends_with(std::path::is_separator) =>
        {
            folder.join(file)
        }
        Some(path) if several => {
            return Err(failure(
                format!("could not write several policies to the one file `{}`", path.display()),
                "name an existing folder with `--output`, or one policy with `--package`",
            ));
        }
        Some(path) if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("yml")) => {
            return Err(failure(
                format!("`{}` is the name of the manifest that goes beside the module", path.display()),
                "name the module `….wasm`",
            ));
        }
        Some(path) => path.to_owned(),
    };
    check_output(&path)?;
    std::path::absolute(&path).with_context(|| format!("could not find the folder of `{}`", path.display()))
}

/// Fails when something would be lost: only a module is replaced by a module.
fn check_output(path: &Path) -> Result<()> {
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let is_module = metadata.is_file() && (metadata.len() == 0 || fs::read(path)?.starts_with(b"\0asm"));
    if is_module {
        return Ok(());
    }
    Err(failure(
        format!("could not write the policy: `{}` exists, and is no WebAssembly module", path.display()),
        "name another file, or an existing folder",
    ))
}

fn readme(project: &Project) -> Result<Option<String>> {
    let path = project.readme();
    // The same README is the same usage text, whatever system it was checked out on.
    fs::find_text(&path)
        .map(|text| text.map(fs::unix_line_ends))
        .context("could not use the README as the usage text of the policy")
        .hint(|| format!("save `{}` as UTF-8", fs::for_people(&path).display()))
}

impl Plan<'_> {
    /// Keeps `metadata.yml` in step with the table, as cargo does with `Cargo.lock`.
    pub(super) fn update_metadata_file(&self, network: Network, shell: &Shell) -> Result<()> {
        if !self.project.writes_metadata_file() {
            return Ok(());
        }
        let path = self.project.metadata_file();
        let yaml = self.metadata.to_yaml();
        if fs::find(&path)?.is_some_and(|present| same_but_for_line_ends(&present, &yaml)) {
            return Ok(());
        }
        let shown = fs::for_people(&path);
        if !network.may_change_files() {
            let what =
                if fs::exists(&path) { "does not say what" } else { "does not exist yet, and says what" };
            return Err(failure(
                format!(
                    "`{}` {what} the table `[package.metadata.kubewarden]` says, and may not be written because of `--locked` or `--frozen`",
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

    /// From what the compiler left to the files to deploy.
    pub(super) fn finish(
        &self,
        compiled_to: &Path,
        annotator: Annotator,
        shell: &Shell,
    ) -> Result<BuiltPolicy> {
        let compiled = fs::read(compiled_to)?;
        let findings = module::check_contract(&compiled);
        shell.findings(&findings);
        if has_errors(&findings) {
            bail!(
                "could not build `{}`: no Kubewarden host would load the module `{}`",
                self.project.name,
                fs::for_people(compiled_to).display()
            );
        }
        let annotated = match annotator {
            Annotator::Builtin => {
                module::annotate(&compiled, &self.metadata.for_module(self.usage.as_deref()))
            }
            Annotator::Kwctl => self.annotate_with_kwctl(compiled_to, shell),
        };
        let annotated = annotated
            .with_context(|| format!("could not annotate `{}`", fs::for_people(compiled_to).display()))?;
        let reference = deploy::module_in_registry(&self.metadata, self.version());
        let manifest = self.manifest_yaml(reference.as_deref(), shell)?;
        let mut fresh = fs::write(&self.wasm, &annotated)? == Written::Unchanged;
        match &manifest {
            Some(yaml) => fresh &= fs::write(&self.manifest, yaml.as_bytes())? == Written::Unchanged,
            // One of an earlier build would deploy something else.
            None if self.manifest_is_ours()? == Some(true) => fs::remove(&self.manifest)?,
            None => {}
        }
        Ok(BuiltPolicy {
            name: self.project.name.clone(),
            version: self.version().map(str::to_owned),
            wasm: self.wasm.clone(),
            manifest: manifest.map(|_| self.manifest.clone()),
            size_bytes: annotated.len(),
            fresh,
            module: reference,
            policy_type: self.metadata.policy_type,
        })
    }

    fn version(&self) -> Option<&str> {
        self.metadata.annotation(key::VERSION).or(self.project.version.as_deref())
    }

    /// The manifest; `None`, with the reason said, when something is missing for it.
    fn manifest_yaml(&self, module: Option<&str>, shell: &Shell) -> Result<Option<String>> {
        let name = self.metadata.annotation(key::TITLE).unwrap_or(&self.project.name);
        let missing = match module {
            _ if kubernetes::check_name(name).is_err() => Some((
                "title",
                FindingName::MissingTitle,
                "give the policy a title that can name a Kubernetes resource",
            )),
            None if self.version().is_none() => {
                Some(("version", FindingName::MissingVersion, "say which version it will be pushed as"))
            }
            None => {
                Some(("registry", FindingName::MissingRegistry, "say which registry it will be pushed to"))
            }
            Some(_) => None,
        };
        if let Some((what, finding, fix)) = missing {
            let fix = format!("{fix}: {}", self.where_to_write(what));
            shell.findings(&[Finding::warning(
                finding,
                format!("no manifest for `{}`: the metadata have no {what}", self.project.name),
                fix,
            )]);
            return Ok(None);
        }
        let module = module.context("checked above")?;
        if self.manifest_is_ours()? == Some(false) {
            return Err(failure(
                format!(
                    "could not write the manifest: `{}` exists and was not written by this tool",
                    fs::for_people(&self.manifest).display()
                ),
                "move that file, or build to another place with `--output`",
            ));
        }
        let choices = Choices::default();
        let resource = Deployment { name, module, metadata: &self.metadata, choices: &choices };
        Ok(Some(format!("{}\n{}", deploy::WRITTEN_BY_US, resource.to_yaml())))
    }

    /// Was the manifest written by us? `None` where there is none.
    fn manifest_is_ours(&self) -> Result<Option<bool>> {
        Ok(fs::find(&self.manifest)?.map(|present| present.starts_with(deploy::WRITTEN_BY_US.as_bytes())))
    }

    fn where_to_write(&self, what: &str) -> String {
        match (self.project.writes_metadata_file(), what) {
            (true, "registry") => {
                "`registry = \"ghcr.io/you/policies\"` in `[package.metadata.kubewarden]`".to_owned()
            }
            (true, _) => "`title = \"…\"` in `[package.metadata.kubewarden]`".to_owned(),
            (false, "registry") => format!("annotation `{}` in `metadata.yml`", key::OCI_URL),
            (false, "version") => format!("annotation `{}` in `metadata.yml`", key::VERSION),
            (false, _) => format!("annotation `{}` in `metadata.yml`", key::TITLE),
        }
    }

    /// The real annotator, in a temporary folder beside the output.
    fn annotate_with_kwctl(&self, compiled_to: &Path, shell: &Shell) -> Result<Vec<u8>> {
        let folder = fs::folder_of(&self.wasm);
        fs::create_folder(folder)?;
        let output = fs::temporary_file(folder)
            .with_context(|| format!("could not write to `{}`", folder.display()))?
            .into_temp_path();
        let mut kwctl = kwctl()?;
        kwctl.arg("annotate").arg("--metadata-path").arg(self.project.metadata_file());
        if self.usage.is_some() {
            kwctl.arg("--usage-path").arg(self.project.readme());
        }
        kwctl.arg("--output-path").arg(&output).arg(compiled_to);
        kwctl.run(shell)?;
        let annotated = fs::read(&output)?;
        if module::read_metadata(&annotated)?.is_empty() {
            return Err(anyhow!("`kwctl annotate` succeeded, but there are no metadata in what it wrote"));
        }
        Ok(annotated)
    }
}

pub(super) fn kwctl() -> Result<Program> {
    Program::on_path("kwctl").ok_or_else(|| {
        failure(
            "there is no `kwctl` on PATH",
            "leave out `--annotator kwctl`: the annotator of this tool needs no kwctl, and writes the same metadata",
        )
    })
}

/// A checkout on Windows may have changed the line ends.
fn same_but_for_line_ends(present: &[u8], yaml: &str) -> bool {
    present == yaml.as_bytes() || String::from_utf8_lossy(present).replace("\r\n", "\n") == yaml
}
