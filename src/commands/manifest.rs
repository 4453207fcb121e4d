//! `manifest`: the Kubernetes resource that deploys a policy.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use yaml_serde::Mapping;

use crate::deploy::artifacthub;
use crate::deploy::{Choices, Deployment, module_in_registry, no_registry};
use crate::error::{Outcome, WithHint, failure};
use crate::finding::{Finding, tally};
use crate::fs;
use crate::kubernetes::{self, Rule};
use crate::metadata::{Metadata, PolicyType, key};
use crate::module::inspection;
use crate::options::{NetworkArgs, PackageArgs};
use crate::project::{self, Project, Selection};
use crate::protocol::Mode;
use crate::registry::ModuleLocation;
use crate::settings_file;
use crate::shell::Shell;

/// Print the resource that deploys a policy
///
/// A `ClusterAdmissionPolicy`, or with `--namespace` an `AdmissionPolicy`, from the metadata of the project, which is
/// not compiled for it, or of modules that were built. For a raw policy, which no cluster resource can deploy, it is the
/// entry for the policies.yml of a policy server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi manifest | kubectl apply -f -             deploy what was pushed, without settings
  cargo kw-wasi manifest -s settings.yaml --mode monitor  with settings, and nothing is rejected yet
  cargo kw-wasi manifest --namespace team-a               for the requests of one namespace
  cargo kw-wasi manifest --workspace                      all policies of the workspace
  cargo kw-wasi manifest policy.wasm --module ghcr.io/acme/policies/demo:v1.2.0
  cargo kw-wasi manifest --artifacthub -o artifacthub-pkg.yml")]
pub struct ManifestArgs {
    /// Modules to deploy [default: the policy of this project]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write it to this file, not to stdout
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Print the package file of Artifact Hub instead, from the same metadata
    #[arg(
        long,
        conflicts_with_all = ["namespace", "name", "module", "settings", "settings_json", "mode", "policy_server"],
        help_heading = "Output"
    )]
    artifacthub: bool,
    /// The questions of a user interface, for Artifact Hub [default: questions-ui.yml or questions.yml of the project]
    #[arg(long, value_name = "PATH", requires = "artifacthub", help_heading = "Output")]
    questions: Option<PathBuf>,
    #[command(flatten)]
    choices: ChoiceArgs,
    /// What the resource is called [default: title of the policy]
    #[arg(long, value_name = "NAME", value_parser = object_name, help_heading = "Resource")]
    name: Option<String>,
    /// Where the cluster finds the module: a registry reference, or a URL [default: registry and version of the policy]
    #[arg(long, value_name = "REFERENCE", help_heading = "Resource")]
    module: Option<ModuleLocation>,
    #[command(flatten)]
    package: PackageArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

/// What the operator decides.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Resource")]
pub(crate) struct ChoiceArgs {
    /// Deploy it to this namespace only, as an AdmissionPolicy
    #[arg(long, value_name = "NAMESPACE", value_parser = label)]
    namespace: Option<String>,
    /// Settings of the policy, in YAML or JSON [default: none]
    #[arg(short, long, visible_alias = "settings-path", value_name = "PATH")]
    settings: Option<PathBuf>,
    /// Settings of the policy, as JSON on the command line
    #[arg(long, value_name = "JSON", conflicts_with = "settings")]
    settings_json: Option<String>,
    /// Reject requests, or only report those that would be [default: protect, by the cluster]
    #[arg(long, value_name = "MODE")]
    mode: Option<ModeChoice>,
    /// The policy server that runs it [default: `default`, by the cluster]
    #[arg(long, value_name = "NAME", value_parser = object_name)]
    policy_server: Option<String>,
}

/// The values of `--mode`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ModeChoice {
    /// Requests are rejected
    Protect,
    /// It is only logged which would be
    Monitor,
}

fn object_name(typed: &str) -> Result<String, String> {
    kubernetes::check_name(typed).map(|()| typed.to_owned())
}

/// The name of a namespace has no dots.
fn label(typed: &str) -> Result<String, String> {
    match typed.contains('.') {
        true => Err("`.` is not allowed in the name of a namespace".to_owned()),
        false => object_name(typed),
    }
}

impl TryFrom<ChoiceArgs> for Choices {
    type Error = anyhow::Error;

    fn try_from(args: ChoiceArgs) -> Result<Self> {
        let settings = match (&args.settings, &args.settings_json) {
            (Some(path), _) => settings_file::read(&fs::read_to_string(path)?)
                .with_context(|| format!("could not take the settings from `{}`", path.display()))?,
            (None, Some(json)) => settings_file::read_json(json)
                .context("could not take the settings from `--settings-json`")?,
            (None, None) => Mapping::new(),
        };
        let mode = args.mode.map(|mode| match mode {
            ModeChoice::Protect => Mode::Protect,
            ModeChoice::Monitor => Mode::Monitor,
        });
        Ok(Self { namespace: args.namespace, settings, mode, policy_server: args.policy_server })
    }
}

/// A policy whose metadata are known to be good.
#[derive(Debug)]
struct Policy {
    /// What people call it.
    shown: String,
    /// Stands in for a title.
    name: String,
    version: Option<String>,
    metadata: Metadata,
    /// What is worth a warning in them.
    warnings: Vec<Finding>,
    /// The folder of its project.
    folder: Option<PathBuf>,
}

impl Policy {
    fn is_raw(&self) -> bool {
        self.metadata.policy_type == PolicyType::Raw
    }

    /// What the resource is called when nobody says so.
    fn title(&self) -> &str {
        self.metadata.annotation(key::TITLE).unwrap_or(&self.name)
    }
}

impl ManifestArgs {
    /// Prints the manifests.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        let choices = Choices::try_from(self.choices)?;
        let policies = match self.files.as_slice() {
            [] => of_projects(&self.package.into(), self.network, shell)?,
            files => files.iter().map(|file| of_module(file)).collect::<Result<_>>()?,
        };
        if policies.len() > 1 {
            check_together(&policies, self.name.is_some() || self.module.is_some() || self.artifacthub)?;
        }
        let mut documents = Vec::new();
        for policy in &policies {
            documents.push(match self.artifacthub {
                true => package(policy, self.questions.as_deref(), shell)?,
                false => manifest(policy, self.name.as_deref(), self.module.as_ref(), &choices, shell)?,
            });
        }
        // A policy server reads one document, with an entry for each policy.
        let separator = if policies.iter().all(Policy::is_raw) { "" } else { "---\n" };
        let text = documents.join(separator);
        match &self.output {
            Some(path) => {
                fs::write(path, text.as_bytes())?;
                shell.status("Wrote", fs::for_people(path).display());
            }
            None => shell.result(&text).context("could not write to stdout")?,
        }
        Ok(Outcome::Done)
    }
}

/// Fails unless several policies can be deployed by one text. A flag may be about one of them only.
fn check_together(policies: &[Policy], flag_is_about_one: bool) -> Result<()> {
    let choose = match policies.iter().any(|policy| policy.folder.is_none()) {
        true => "name one file",
        false => "name one with `--package`",
    };
    let shown = |policies: &mut dyn Iterator<Item = &Policy>| {
        policies.map(|policy| format!("`{}`", policy.shown)).collect::<Vec<_>>().join(", ")
    };
    if flag_is_about_one {
        return Err(failure(
            format!(
                "`--name`, `--module` and `--artifacthub` are about one policy, and there are several: {}",
                shown(&mut policies.iter())
            ),
            choose,
        ));
    }
    let raw = shown(&mut policies.iter().filter(|policy| policy.is_raw()));
    let others = shown(&mut policies.iter().filter(|policy| !policy.is_raw()));
    if !raw.is_empty() && !others.is_empty() {
        return Err(failure(
            format!("a policy server deploys the raw policies ({raw}), a cluster the others ({others})"),
            "call `manifest` once for these and once for those",
        ));
    }
    for (index, policy) in policies.iter().enumerate() {
        if let Some(other) = policies[..index].iter().find(|other| other.title() == policy.title()) {
            return Err(failure(
                format!(
                    "`{}` and `{}` have the title `{}`: one would be deployed over the other",
                    other.shown,
                    policy.shown,
                    policy.title()
                ),
                choose,
            ));
        }
    }
    Ok(())
}

fn of_projects(selection: &Selection, network: NetworkArgs, shell: &Shell) -> Result<Vec<Policy>> {
    let read = |project: Project| {
        let checked = project.metadata();
        let Some(metadata) = checked.metadata else {
            shell.findings(&checked.findings);
            bail!(
                "could not describe `{}` ({}): the metadata is not what Kubewarden accepts",
                project.name,
                tally(&checked.findings)
            );
        };
        let version = project.version_in(&metadata).map(str::to_owned);
        Ok(Policy {
            shown: project.name.clone(),
            name: project.name,
            version,
            metadata,
            warnings: checked.findings,
            folder: Some(project.root),
        })
    };
    project::load(selection, network.into(), shell)?.into_iter().map(read).collect()
}

fn of_module(file: &Path) -> Result<Policy> {
    let shown = fs::for_people(file);
    let (metadata, warnings) = inspection::require_policy(&fs::read(file)?, &shown)?;
    Ok(Policy {
        name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        shown: shown.display().to_string(),
        version: metadata.annotation(key::VERSION).map(str::to_owned),
        metadata,
        warnings,
        folder: None,
    })
}

fn manifest(
    policy: &Policy,
    name: Option<&str>,
    module: Option<&ModuleLocation>,
    choices: &Choices,
    shell: &Shell,
) -> Result<String> {
    let metadata = &policy.metadata;
    shell.findings(&policy.warnings);
    let name = name.unwrap_or(policy.title());
    kubernetes::check_name(name)
        .map_err(|reason| anyhow::anyhow!("{reason}"))
        .with_context(|| format!("`{name}` cannot name a Kubernetes resource"))
        .hint(|| "give it a name with `--name`, or the policy a title".to_owned())?;
    let in_registry = module_in_registry(metadata, policy.version.as_deref());
    let module = match (module, in_registry) {
        (Some(module), _) => module.to_string(),
        (None, Some(module)) => module,
        (None, None) => {
            return Err(no_registry(
                format!("nothing says where the cluster finds the module of `{}`", policy.shown),
                "name it with `--module`",
            ));
        }
    };
    if policy.is_raw() {
        if choices.namespace.is_some() || choices.policy_server.is_some() {
            return Err(failure(
                format!("`{}` is a raw policy, which no resource of a cluster can deploy", policy.shown),
                "leave out `--namespace` and `--policy-server`: what is printed is an entry for the policies.yml of a \
                 policy server",
            ));
        }
        shell.status(
            "Raw",
            "an entry for the policies.yml of a policy server: no cluster resource deploys the policy",
        );
    } else {
        check_namespaced(policy, choices)?;
        report_cluster_access(metadata, choices, shell);
    }
    Ok(Deployment { name, module: &module, metadata, choices }.to_yaml())
}

/// Fails for a rule that Kubewarden refuses in an `AdmissionPolicy`. Source: its controller's webhook as of 1.36, which
/// looks at the versions where it speaks of groups.
fn check_namespaced(policy: &Policy, choices: &Choices) -> Result<()> {
    let is_any = |names: &[String]| names.iter().any(|name| name == "*" || name == "*/*");
    let everything = |rule: &Rule| is_any(&rule.api_versions) && is_any(&rule.resources);
    if choices.namespace.is_none() || !policy.metadata.rules.iter().any(everything) {
        return Ok(());
    }
    Err(failure(
        format!(
            "`{}` has a rule for all versions and all resources, which Kubewarden refuses for one namespace",
            policy.shown
        ),
        "name versions or resources in its rules, or deploy it without `--namespace`",
    ))
}

/// Who applies the resource lets the policy read from the cluster: that should not pass unseen.
fn report_cluster_access(metadata: &Metadata, choices: &Choices, shell: &Shell) {
    if metadata.context_aware_resources.is_empty() {
        return;
    }
    let kinds: Vec<_> = metadata
        .context_aware_resources
        .iter()
        .map(|resource| format!("{} ({})", resource.kind, resource.api_version))
        .collect();
    let kinds = kinds.join(", ");
    match &choices.namespace {
        None => shell.status("Grants", format!("the policy may read {kinds} from the whole cluster")),
        Some(_) => shell.warn(
            format!("the policy wants to read {kinds} from the cluster, which no AdmissionPolicy can grant"),
            Some("deploy it without `--namespace`, as a ClusterAdmissionPolicy"),
        ),
    }
}

fn package(policy: &Policy, questions: Option<&Path>, shell: &Shell) -> Result<String> {
    let questions = match (questions, &policy.folder) {
        (Some(path), _) => Some(fs::read_to_string(path)?),
        (None, Some(folder)) => questions_in(folder)?,
        (None, None) => None,
    };
    let questions = questions.map(fs::unix_line_ends);
    match artifacthub::Package::new(&policy.metadata, questions.as_deref(), now()?) {
        Ok(package) => {
            shell.findings(&policy.warnings);
            Ok(package.to_yaml())
        }
        // What was worth a warning is an error here.
        Err(findings) => {
            shell.findings(&findings);
            bail!("could not describe `{}` to Artifact Hub ({})", policy.shown, tally(&findings))
        }
    }
}

/// As `kwctl` looks for it.
fn questions_in(folder: &Path) -> Result<Option<String>> {
    for name in ["questions-ui.yml", "questions-ui.yaml", "questions.yml", "questions.yaml"] {
        if let Some(text) = fs::find_text(&folder.join(name))? {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// The time, or that of `SOURCE_DATE_EPOCH`, so that the same sources give the same file.
/// Source: reproducible-builds.org, "SOURCE_DATE_EPOCH".
fn now() -> Result<SystemTime> {
    let Some(seconds) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(SystemTime::now()) };
    // Until the year 9999, behind which there is no form for it.
    let seconds = seconds.to_str().and_then(|seconds| seconds.parse::<u32>().ok());
    let seconds = seconds.context("`SOURCE_DATE_EPOCH` must be a number of seconds since 1970")?;
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()))
}
