//! `manifest`: the Kubernetes resource that deploys a policy.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use yaml_serde::Mapping;

use crate::deploy::{
    Choices, Deployment, artifacthub, find_cluster_wide, module_in_registry, no_registry, settings,
};
use crate::error::{Outcome, WithHint, failure, name_list};
use crate::finding::tally;
use crate::fs;
use crate::kubernetes::{self, Rule};
use crate::metadata::Metadata;
use crate::options::{PROJECT, PolicyArgs, SettingsArgs, SettingsSource, UncompiledArgs, module_source};
use crate::policy_source::DescribedPolicy;
use crate::protocol::Mode;
use crate::registry::ModuleLocation;
use crate::shell::Shell;

/// Print the resource that deploys a policy
///
/// Prints a `ClusterAdmissionPolicy`, or with `--namespace` an `AdmissionPolicy`, from the metadata of the project, which
/// is not compiled, or of modules. No cluster resource deploys a raw policy: for one, this prints the entry for the
/// policies.yml of a policy server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # Deploy the policy of this project once it is pushed, without settings
  cargo kw-wasi manifest | kubectl apply -f -
  # With settings, and without rejecting anything yet
  cargo kw-wasi manifest -s settings.yaml --mode monitor
  # For the requests of one namespace
  cargo kw-wasi manifest -n team-a
  # For all policies of the workspace
  cargo kw-wasi manifest --workspace
  # For a policy that is in a registry
  cargo kw-wasi manifest ghcr.io/acme/policies/demo:v1.2.0
  # Write the package file of Artifact Hub
  cargo kw-wasi manifest --artifacthub -o artifacthub-pkg.yml")]
#[command(mut_arg("settings_json", |json| json.conflicts_with("settings")))]
pub(crate) struct ManifestArgs {
    /// Modules to deploy: files, or references in a registry [default: the policy of this project]
    #[arg(value_name = "FILE", conflicts_with_all = ["wasm", PROJECT])]
    modules: Vec<OsString>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Print the package file of Artifact Hub instead, from the same metadata
    #[arg(long, conflicts_with_all = ["ResourceArgs", "SettingsArgs"], help_heading = "Output")]
    artifacthub: bool,
    /// Questions of a user interface, for Artifact Hub [default: questions-ui.yml or questions.yml of the project]
    #[arg(long, value_name = "FILE", requires = "artifacthub", help_heading = "Output")]
    questions: Option<PathBuf>,
    #[command(flatten)]
    resource: ResourceArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    policy: PolicyArgs<UncompiledArgs>,
}

/// What the operator decides about a resource.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Resource")]
struct ResourceArgs {
    /// Name of the resource [default: title of the policy]
    #[arg(long, value_name = "NAME", value_parser = object_name)]
    name: Option<String>,
    /// Deploy the policy to this namespace only, as an AdmissionPolicy
    #[arg(short, long, value_name = "NAMESPACE", value_parser = namespace_name)]
    namespace: Option<String>,
    /// Where the cluster finds the module: a registry reference, or a URL [default: registry and version of the policy]
    #[arg(long, value_name = "REFERENCE")]
    module: Option<ModuleLocation>,
    /// Reject requests, or only log which would be rejected [default: protect, by the cluster]
    #[arg(long, value_name = "MODE")]
    mode: Option<ModeChoice>,
    /// The policy server that runs the policy [default: `default`, by the cluster]
    #[arg(long, value_name = "NAME", value_parser = object_name)]
    policy_server: Option<String>,
}

/// The values of `--mode`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ModeChoice {
    /// Reject requests
    Protect,
    /// Only log which requests would be rejected
    Monitor,
}

fn object_name(typed: &str) -> Result<String, String> {
    kubernetes::check_name(typed).map(|()| typed.to_owned())
}

/// The name of a namespace has no dots.
fn namespace_name(typed: &str) -> Result<String, String> {
    match typed.contains('.') {
        true => Err("`.` is not allowed in the name of a namespace".to_owned()),
        false => object_name(typed),
    }
}

impl ManifestArgs {
    /// Prints the manifests.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        let is_about_one = self.resource.name.is_some() || self.resource.module.is_some() || self.artifacthub;
        let document = match self.artifacthub {
            true => ManifestDocument::Package { questions: self.questions },
            false => ManifestDocument::Resource(self.resource.with(self.settings.into())?),
        };
        let policies = policies(self.modules, self.policy, shell)?;
        if policies.len() > 1 {
            check_together(&policies, is_about_one)?;
        }
        let documents =
            policies.iter().map(|policy| document.of(policy, shell)).collect::<Result<Vec<_>>>()?;
        // A policy server reads one document, with an entry for each policy.
        let separator = if policies.iter().all(DescribedPolicy::is_raw) { "" } else { "---\n" };
        let text = documents.join(separator);
        match &self.output {
            Some(path) => {
                warn_of_habit(path, shell);
                fs::write(path, text.as_bytes())?;
                shell.status("Wrote", fs::for_people(path).display());
            }
            None => shell.result(&text).context("could not write to stdout")?,
        }
        Ok(Outcome::Done)
    }
}

fn policies(
    modules: Vec<OsString>,
    policy: PolicyArgs<UncompiledArgs>,
    shell: &Shell,
) -> Result<Vec<DescribedPolicy>> {
    let registry = policy.registry().clone();
    let sources = match modules.is_empty() {
        true => vec![policy.source()?],
        false => modules.into_iter().map(|it| module_source(it, &registry)).collect::<Result<_>>()?,
    };
    let mut policies = Vec::new();
    for source in sources {
        policies.extend(source.describe(shell)?);
    }
    Ok(policies)
}

/// With `kubectl`, `-o yaml` chooses a format.
fn warn_of_habit(output: &Path, shell: &Shell) {
    if output == "yaml" || output == "json" {
        let name = output.display();
        shell.warn(
            format!("`-o {name}` does not choose a format: it writes to a file named `{name}`"),
            Some("leave it out to print YAML to stdout"),
        );
    }
}

/// What is printed about each policy.
enum ManifestDocument {
    /// The resource that deploys it.
    Resource(ResourceRequest),
    /// Its package for Artifact Hub.
    Package { questions: Option<PathBuf> },
}

impl ManifestDocument {
    fn of(&self, policy: &DescribedPolicy, shell: &Shell) -> Result<String> {
        match self {
            Self::Resource(request) => request.resource(policy, shell),
            Self::Package { questions } => package(policy, questions.as_deref(), shell),
        }
    }
}

/// How policies are to be deployed: no flag is left open.
struct ResourceRequest {
    name: Option<String>,
    module: Option<ModuleLocation>,
    choices: Choices,
}

impl ResourceArgs {
    fn with(self, settings: SettingsSource) -> Result<ResourceRequest> {
        let settings = match &settings {
            SettingsSource::File(path) => settings::read(&fs::read_to_string(path)?)
                .with_context(|| format!("could not take the settings from `{}`", path.display()))?,
            SettingsSource::CommandLine(json) => {
                settings::read_json(json).context("could not take the settings from `--settings-json`")?
            }
            SettingsSource::Nowhere => Mapping::new(),
        };
        let mode = self.mode.map(|mode| match mode {
            ModeChoice::Protect => Mode::Protect,
            ModeChoice::Monitor => Mode::Monitor,
        });
        let choices =
            Choices { namespace: self.namespace, settings, mode, policy_server: self.policy_server };
        Ok(ResourceRequest { name: self.name, module: self.module, choices })
    }
}

impl ResourceRequest {
    fn resource(&self, policy: &DescribedPolicy, shell: &Shell) -> Result<String> {
        let Self { choices, .. } = self;
        shell.findings(&policy.warnings);
        let name = self.name.as_deref().unwrap_or(policy.title());
        kubernetes::check_name(name)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("`{name}` cannot name a Kubernetes resource"))
            .hint(|| "give the resource a name with `--name`, or the policy a title".to_owned())?;
        let module = self.module_of(policy)?;
        if policy.is_raw() {
            check_raw(policy, choices)?;
            shell.status(
                "Raw",
                "an entry for the policies.yml of a policy server: no cluster resource deploys the policy",
            );
        } else {
            check_namespaced(policy, choices)?;
            let namespace = choices.namespace.as_deref();
            shell.findings(namespace.and_then(|it| find_cluster_wide(&policy.metadata, it)).as_slice());
            report_cluster_access(&policy.metadata, choices, shell);
        }
        Ok(Deployment { name, module: &module, metadata: &policy.metadata, choices }.to_yaml())
    }

    /// Where the cluster finds the module.
    fn module_of(&self, policy: &DescribedPolicy) -> Result<String> {
        let location = self.module.as_ref().map(ModuleLocation::to_string);
        location
            .or_else(|| policy.reference.as_ref().map(|reference| format!("registry://{reference}")))
            .or_else(|| module_in_registry(&policy.metadata, policy.version.as_deref()))
            .ok_or_else(|| {
                no_registry(
                    format!(
                        "the metadata of `{}` has no registry for the cluster to load it from",
                        policy.shown
                    ),
                    "name the module with `--module`",
                    policy.registry_place.as_deref(),
                )
            })
    }
}

/// Fails for choices that a policy server does not read from its policies.yml.
fn check_raw(policy: &DescribedPolicy, choices: &Choices) -> Result<()> {
    if choices.namespace.is_none() && choices.policy_server.is_none() {
        return Ok(());
    }
    Err(failure(
        format!("`{}` is a raw policy, which no cluster resource can deploy", policy.shown),
        "leave out `--namespace` and `--policy-server`: the output is an entry for the policies.yml of a policy server",
    ))
}

/// Fails for a rule that Kubewarden refuses in an `AdmissionPolicy`. Source: its controller's webhook as of 1.36, which
/// looks at the versions where it speaks of groups.
fn check_namespaced(policy: &DescribedPolicy, choices: &Choices) -> Result<()> {
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

/// Reports what the policy can read from the cluster once the resource is applied.
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

/// Fails if several policies are selected and a flag is about only one.
fn check_together(policies: &[DescribedPolicy], flag_is_about_one: bool) -> Result<()> {
    let choose = match policies.iter().any(|policy| policy.folder.is_none()) {
        true => "name one file",
        false => "name one with `--package`",
    };
    let shown = |policies: &mut dyn Iterator<Item = &DescribedPolicy>| {
        name_list(policies.map(|policy| &policy.shown))
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

fn package(policy: &DescribedPolicy, questions: Option<&Path>, shell: &Shell) -> Result<String> {
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
    // 32 bits: later times do not fit the format.
    let seconds = seconds.to_str().and_then(|seconds| seconds.parse::<u32>().ok());
    let seconds = seconds.context("`SOURCE_DATE_EPOCH` must be a number of seconds since 1970")?;
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()))
}
