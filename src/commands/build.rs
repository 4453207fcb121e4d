//! `build`: from a project to a module with its metadata inside and a manifest beside it.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;

use crate::byte_size::ByteSize;
use crate::cli::{CompileArgs, PackageArgs};
use crate::deploy::{self, Choices, Deployment};
use crate::finding::{Finding, has_errors, tally};
use crate::fs::{self, Written};
use crate::kubernetes;
use crate::metadata::{Metadata, PolicyType, key};
use crate::module;
use crate::outcome::Outcome;
use crate::process::{Program, pasteable};
use crate::project::{Compile, Compiler, Network, Project, Projects, Selection};
use crate::shell::{Shell, WithHint, failure};
use crate::wasm_opt;

/// Compile a policy to WebAssembly, ready to deploy
///
/// Compiles the package for `wasm32-wasip1`, or the Go module for `wasip1`, checks that a Kubewarden host can load what
/// came of it, and embeds the policy's metadata, from `[package.metadata.kubewarden]` in Cargo.toml or from a
/// hand-written metadata.yml. Writes `<target-dir>/kubewarden/<name>.wasm` and beside it `<name>.yml`, the resource that deploys it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi build                               the policy in this folder
  cargo kw-wasi build -o annotated-policy.wasm      where to put it
  cargo kw-wasi build --workspace --locked          all policies of the workspace, as CI does it
  cargo kw-wasi build --message-format json         for scripts
  cargo kw-wasi build -- -tags prod                 more for `go build`, or for `cargo build`")]
pub struct BuildArgs {
    #[command(flatten)]
    package: PackageArgs,
    #[command(flatten)]
    compile: CompileArgs,
    /// The short form of `--release`; other verbs have another `-r`
    #[arg(short = 'r', hide = true)]
    release_in_short: bool,
    /// Write the policy to this file, or into this folder: `<target-dir>/kubewarden/<name>.wasm` by default
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    output: Option<PathBuf>,
    /// What embeds the metadata: this tool, or `kwctl annotate`
    #[arg(long, value_name = "TOOL", default_value = "builtin", help_heading = "Output")]
    annotator: Annotator,
    /// Make the module smaller with `wasm-opt -Oz` from PATH
    #[arg(long, help_heading = "Output")]
    wasm_opt: bool,
    /// How to report what was built: in words on stderr, or also as one JSON object per policy on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    message_format: MessageFormat,
}

/// The values of `--annotator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Annotator {
    /// This tool: needs no other program
    Builtin,
    /// `kwctl annotate` from PATH
    Kwctl,
}

/// The values of `--message-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum MessageFormat {
    /// Words on stderr
    Human,
    /// Also one JSON object per policy on stdout
    Json,
}

impl BuildArgs {
    /// Builds the selected policies.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        let message_format = self.message_format;
        let built = build(&self.into(), shell)?;
        for policy in &built {
            policy.report(shell);
            if message_format == MessageFormat::Json {
                let line = serde_json::to_string(policy)
                    .context("could not report a path that is not UTF-8 as JSON")?;
                shell.result(&format!("{line}\n")).context("could not write to stdout")?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// All that `build` needs to know: no flag is left open.
#[derive(Debug)]
pub(crate) struct BuildRequest {
    selection: Selection,
    compile: Compile,
    output: Option<PathBuf>,
    annotator: Annotator,
    optimizer: Optimizer,
}

/// What makes the module smaller behind the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Optimizer {
    None,
    WasmOpt,
}

impl From<BuildArgs> for BuildRequest {
    fn from(args: BuildArgs) -> Self {
        Self {
            selection: args.package.into(),
            compile: args.compile.into(),
            output: args.output,
            annotator: args.annotator,
            optimizer: if args.wasm_opt { Optimizer::WasmOpt } else { Optimizer::None },
        }
    }
}

impl BuildRequest {
    /// A build to the place where it goes by default.
    pub(crate) fn new(selection: Selection, compile: Compile) -> Self {
        Self { selection, compile, output: None, annotator: Annotator::Builtin, optimizer: Optimizer::None }
    }
}

/// A policy as it lies on disk.
#[derive(Debug, Serialize)]
pub(crate) struct BuiltPolicy {
    name: String,
    version: Option<String>,
    /// The annotated module.
    wasm: PathBuf,
    /// The manifest beside it, unless the metadata lacks what it needs.
    manifest: Option<PathBuf>,
    size_bytes: usize,
    /// Had the files their content before?
    fresh: bool,
    /// What the manifest tells the cluster to load.
    module: Option<String>,
    #[serde(skip)]
    policy_type: PolicyType,
}

impl BuiltPolicy {
    /// The annotated module.
    pub(crate) fn wasm(&self) -> &Path {
        &self.wasm
    }
}

/// Builds the one policy that is selected, for verbs that need it.
pub(crate) fn build_one(request: &BuildRequest, shell: &Shell) -> Result<BuiltPolicy> {
    let mut built = build(request, shell)?;
    match (built.pop(), built.len()) {
        (Some(policy), 0) => Ok(policy),
        (last, _) => {
            let names: Vec<_> =
                built.iter().chain(&last).map(|policy| format!("`{}`", policy.name)).collect();
            Err(failure(
                format!("there are several policies to choose from: {}", names.join(", ")),
                "name one with `--package`",
            ))
        }
    }
}

/// What `build` does, from value to value.
pub(crate) fn build(request: &BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
    Loaded::new(request, shell)?.build(request, shell)
}

/// Projects that are about to be built.
pub(crate) struct Loaded {
    projects: Projects,
    compiler: Compiler,
}

impl Loaded {
    /// Finds the projects of a request.
    pub(crate) fn new(request: &BuildRequest, shell: &Shell) -> Result<Self> {
        if request.annotator == Annotator::Kwctl {
            kwctl()?;
        }
        if request.optimizer == Optimizer::WasmOpt {
            wasm_opt::require()?;
        }
        let (projects, compiler) = Projects::load(&request.selection, &request.compile, shell)?;
        Ok(Self { projects, compiler })
    }

    /// The projects, in the order of the workspace.
    pub(crate) fn projects(&self) -> &[Project] {
        &self.projects.policies
    }

    /// Builds them, one policy for each.
    pub(crate) fn build(self, request: &BuildRequest, shell: &Shell) -> Result<Vec<BuiltPolicy>> {
        let network = request.compile.network;
        let plans = plan(&self.projects, request, shell)?;
        for plan in &plans {
            plan.update_metadata_file(network, shell)?;
        }
        let artifacts = self.compiler.compile(&self.projects.policies, &request.compile, shell)?;
        plans
            .iter()
            .zip(artifacts)
            .map(|(plan, artifact)| match request.optimizer {
                Optimizer::None => plan.finish(&artifact.path, request.annotator, shell),
                Optimizer::WasmOpt => {
                    let optimized = wasm_opt::run(&artifact.path, fs::folder_of(&plan.wasm), shell)?;
                    plan.finish(&optimized, request.annotator, shell)
                }
            })
            .collect()
    }
}

/// One policy whose metadata is known to be good, and where its files go.
struct Plan<'a> {
    project: &'a Project,
    metadata: Metadata,
    usage: Option<String>,
    wasm: PathBuf,
    manifest: PathBuf,
}

/// Checks the metadata of all policies before anything slow.
fn plan<'a>(projects: &'a Projects, request: &BuildRequest, shell: &Shell) -> Result<Vec<Plan<'a>>> {
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
    fn update_metadata_file(&self, network: Network, shell: &Shell) -> Result<()> {
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
    fn finish(&self, compiled_to: &Path, annotator: Annotator, shell: &Shell) -> Result<BuiltPolicy> {
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
                "missing-title",
                "give the policy a title that can name a Kubernetes resource",
            )),
            None if self.version().is_none() => {
                Some(("version", "missing-version", "say which version it will be pushed as"))
            }
            None => Some(("registry", "missing-registry", "say which registry it will be pushed to")),
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

fn kwctl() -> Result<Program> {
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

impl BuiltPolicy {
    /// Says what a person wants to know: path, size, what to do next.
    fn report(&self, shell: &Shell) {
        let verb = if self.fresh { "Fresh" } else { "Built" };
        shell.status(verb, self);
        let Some(manifest) = &self.manifest else { return };
        let manifest = fs::for_people(manifest);
        let shown = manifest.display();
        match self.policy_type {
            PolicyType::Kubernetes => shell.status(
                "Manifest",
                format!(
                    "{shown} (once the module is pushed: kubectl apply -f {})",
                    pasteable(manifest.as_os_str())
                ),
            ),
            PolicyType::Raw => shell
                .status("Manifest", format!("{shown} (an entry for the policies.yml of a policy server)")),
        }
        if self.module.is_some() && !self.fresh {
            let wasm = fs::for_people(&self.wasm);
            shell.status("Next", format!("cargo kw-wasi push --wasm {}", pasteable(wasm.as_os_str())));
        }
    }
}

/// `demo v0.1.0: target/kubewarden/demo.wasm (101.2 kB)`
impl fmt::Display for BuiltPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}: {} ({})",
            self.name,
            self.version.as_ref().map(|version| format!(" v{version}")).unwrap_or_default(),
            fs::for_people(&self.wasm).display(),
            ByteSize(self.size_bytes)
        )
    }
}
