//! `run`: one policy answers requests, as a policy server would.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use crate::build::{self, BuildRequest};
use crate::deploy::Deployed;
use crate::error::{Outcome, WithHint, failure, is_reader_gone};
use crate::fs;
use crate::kubernetes::{self, InputDocument, InputFormat, Operation, RequestDetails};
use crate::module;
use crate::options::{CompileArgs, LimitArgs, OF_BUILDS, PackageArgs};
use crate::protocol::{
    AdmissionResponse, Evaluation, HostCalls, Installation, Mode, PolicyType, Request, Settings,
};
use crate::runtime::{Cache, Limits, Policy};
use crate::shell::Shell;
use crate::untrusted::printable;

/// An object with more text than this is not shown as a diff.
const SHOWN_BYTES: usize = 1 << 20;

/// Answer requests with a policy, as a policy server would
///
/// Builds the policy, checks the settings with it, and prints on stdout what `kwctl run` would print: the admission
/// response, one line of JSON for each request. At a terminal the verdict is also said in words, and a change of the
/// object is shown as a diff. The exit code is 0 whether the request is accepted or rejected, and 1 when the settings are
/// not valid or there is no request to answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi run -r request.json                      an admission request, or an AdmissionReview
  cargo kw-wasi run -r pod.yaml -s settings.yaml         a Pod, as one would `kubectl apply` it
  kubectl get pods -o yaml | cargo kw-wasi run -r -      all Pods of a namespace, a line each
  cargo kw-wasi run -r new.yaml --operation UPDATE --old-object old.yaml
  cargo kw-wasi run -r pod.yaml --manifest policy.yaml   as that ClusterAdmissionPolicy configures it
  cargo kw-wasi run -r pod.yaml --wasm policy.wasm | jq .allowed")]
pub struct RunArgs {
    /// What to answer: an admission request, an AdmissionReview, or Kubernetes objects in JSON or YAML; `-` is stdin
    #[arg(short, long, value_name = "PATH")]
    request_path: PathBuf,
    /// Any JSON is a request, as for a policy whose metadata says `policyType: raw`
    #[arg(long)]
    raw: bool,
    /// What is done to a Kubernetes object: `CREATE`, `UPDATE`, `DELETE` or `CONNECT` [default: CREATE]
    #[arg(long, value_name = "OPERATION")]
    operation: Option<Operation>,
    /// The Kubernetes object before an UPDATE or DELETE [default: the same object]
    #[arg(long, value_name = "PATH")]
    old_object: Option<PathBuf>,
    /// Settings of the policy, in YAML or JSON [default: none]
    #[arg(short, long, visible_alias = "settings", value_name = "PATH", help_heading = "Configuration")]
    settings_path: Option<PathBuf>,
    /// Settings of the policy, as JSON on the command line; a file given too has precedence
    #[arg(long, value_name = "JSON", help_heading = "Configuration")]
    settings_json: Option<String>,
    /// Take settings, mode, right to mutate and message from this ClusterAdmissionPolicy or AdmissionPolicy
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["settings_path", "settings_json", "raw"],
        help_heading = "Configuration"
    )]
    manifest: Option<PathBuf>,
    /// Run this module, and build nothing
    #[arg(long, value_name = "PATH", conflicts_with_all = OF_BUILDS)]
    wasm: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    package: PackageArgs,
    #[command(flatten)]
    compile: CompileArgs,
}

impl RunArgs {
    /// Prints an admission response for each request.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        // What cannot be answered ends with 1, as for `kwctl run`; a build that fails ends as `build` does.
        let refused = |error| {
            if !is_reader_gone(&error) {
                shell.error(&error);
            }
            Ok(Outcome::Failed)
        };
        let (request, policy) = match self.into_request() {
            Ok(request) => request,
            Err(error) => return refused(error),
        };
        let wasm = match policy {
            Source::Module(path) => path,
            Source::Project(project) => build::build_one(*project, &shell.quieter())?.wasm,
        };
        answer(request, &wasm, shell).map_or_else(refused, |()| Ok(Outcome::Done))
    }

    /// Reads all that can be read before the policy is there, so that a long build does not end with a typing error.
    fn into_request(self) -> Result<(RunRequest, Source)> {
        let (installation, settings) = match &self.manifest {
            Some(path) => {
                let deployed = Deployed::from_yaml(&fs::read_to_string(path)?)
                    .with_context(|| format!("could not read the policy's manifest `{}`", path.display()))?;
                (Some(deployed.installation), deployed.settings)
            }
            None => (None, settings(self.settings_path.as_deref(), self.settings_json.as_deref())?),
        };
        let old_object = self.old_object.as_deref().map(old_object).transpose()?;
        let request = RunRequest {
            documents: documents(&self.request_path)?,
            details: RequestDetails { operation: self.operation, old_object },
            policy_type: self.raw.then_some(PolicyType::Raw),
            settings,
            installation,
            limits: self.limits.into(),
        };
        let policy = match self.wasm {
            Some(path) => Source::Module(path),
            None => Source::Project(Box::new(BuildRequest::new(self.package.into(), self.compile.into()))),
        };
        Ok((request, policy))
    }
}

/// All that `run` needs to know: no flag is left open.
#[derive(Debug)]
struct RunRequest {
    documents: Vec<InputDocument>,
    details: RequestDetails,
    /// `None` leaves it to the module.
    policy_type: Option<PolicyType>,
    settings: Settings,
    /// `None` where no resource says how the policy is installed.
    installation: Option<Installation>,
    limits: Limits,
}

/// Where the policy comes from.
#[derive(Debug)]
enum Source {
    Module(PathBuf),
    Project(Box<BuildRequest>),
}

fn settings(path: Option<&Path>, json: Option<&str>) -> Result<Settings> {
    match (path, json) {
        (Some(path), _) => Settings::from_yaml(&fs::read_to_string(path)?)
            .hint(|| format!("the settings are those in `{}`", path.display())),
        (None, Some(json)) => {
            Settings::from_json(json).hint(|| "the settings are those of `--settings-json`".to_owned())
        }
        (None, None) => Ok(Settings::default()),
    }
}

fn documents(path: &Path) -> Result<Vec<InputDocument>> {
    if path != "-" {
        return kubernetes::read_documents(&fs::read_to_string(path)?, InputFormat::of(path))
            .with_context(|| format!("could not read the request `{}`", path.display()));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("could not read stdin")?;
    kubernetes::read_documents(&text, InputFormat::Unknown).context("could not read the request on stdin")
}

fn old_object(path: &Path) -> Result<Value> {
    let documents = kubernetes::read_documents(&fs::read_to_string(path)?, InputFormat::of(path))
        .with_context(|| format!("could not read the old object `{}`", path.display()))?;
    let mut objects: Vec<_> = documents.into_iter().flat_map(InputDocument::into_objects).collect();
    match (objects.pop(), objects.len()) {
        (Some(object), 0) if kubernetes::is_object(&object) => Ok(object),
        (Some(_), 0) => {
            bail!("could not read the old object `{}`: it is no Kubernetes object", path.display())
        }
        (None, _) => bail!("could not read the old object `{}`: there is nothing in it", path.display()),
        (Some(_), _) => bail!("could not read the old object `{}`: there are several in it", path.display()),
    }
}

/// What `run` does once there is a module.
fn answer(request: RunRequest, wasm: &Path, shell: &Shell) -> Result<()> {
    let policy = load(wasm, request.limits, shell)?;
    let metadata = policy.metadata().expect("`load` refuses a module without");
    let policy_type = request.policy_type.unwrap_or(metadata.policy_type);
    let documents: Vec<_> =
        request.documents.into_iter().flat_map(|document| policy_type.values_of(document)).collect();
    let count = documents.len();
    if count == 0 {
        bail!("could not read the request: there is nothing in it");
    }
    if count > 1 && request.details.old_object.is_some() {
        return Err(failure(
            format!("could not say which of {count} objects the one of `--old-object` was"),
            "ask about one object at a time",
        ));
    }
    let mut requests = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let read = Request::for_value(document, policy_type, &request.details);
        requests.push(match count {
            1 => read?,
            _ => read.with_context(|| format!("could not read request {} of {count}", index + 1))?,
        });
    }
    check_settings(&policy, &request.settings, shell)?;
    for asked in &requests {
        let evaluation = policy.validate(asked, &request.settings);
        let as_installed;
        let response = match &request.installation {
            Some(installation) => {
                as_installed = installation.apply(evaluation.response.clone());
                &as_installed
            }
            // Not even copied: an answer may be long.
            None => &evaluation.response,
        };
        shell.result_line(response).context("could not write to stdout")?;
        report_log(&evaluation.log, &evaluation.host_calls, shell);
        if let Some(failure) = evaluation.failure.as_deref().filter(|why| response.message() != Some(*why)) {
            shell.warn(format!("the policy failed: {}", printable(failure)), None);
        }
        if response.patch.is_some() && request.installation.is_none() && !metadata.mutating {
            warn_of_mutation(shell);
        }
        if shell.has_reader() {
            report(asked, &evaluation, response, request.installation.as_ref(), shell);
        } else {
            say_monitored(&evaluation, response, request.installation.as_ref(), shell);
        }
    }
    Ok(())
}

/// Says what becomes of a change that the metadata do not announce.
pub(crate) fn warn_of_mutation(shell: &Shell) {
    shell.warn(
        "the policy changes the object, but its metadata say `mutating: false`: a cluster would reject the request",
        Some("say `mutating = true` in `[package.metadata.kubewarden]`, or `mutating: true` in `metadata.yml`"),
    );
}

/// Loads a module that is a WASI policy of Kubewarden.
pub(crate) fn load(wasm: &Path, limits: Limits, shell: &Shell) -> Result<Policy> {
    let bytes = fs::read(wasm)?;
    let shown = fs::for_people(wasm);
    let policy = Policy::load(&bytes, limits, Cache::of_user())
        .inspect_err(|_| shell.findings(&module::check_contract(&bytes)))
        .with_context(|| format!("could not load the policy `{}`", shown.display()))?;
    match policy.metadata() {
        None => Err(failure(
            format!("`{}` has no metadata of Kubewarden: a host takes it for a waPC policy", shown.display()),
            "run what `cargo kw-wasi build` or `kwctl annotate` has written",
        )),
        Some(metadata) if metadata.execution_mode != "wasi" => Err(failure(
            format!(
                "`{}` is no WASI policy: its metadata say `executionMode: {}`",
                shown.display(),
                printable(&metadata.execution_mode)
            ),
            "run a policy of another kind with `kwctl run`",
        )),
        Some(_) => Ok(policy),
    }
}

fn check_settings(policy: &Policy, settings: &Settings, shell: &Shell) -> Result<()> {
    let verdict = policy.validate_settings(settings);
    report_log(&verdict.log, &verdict.host_calls, shell);
    if verdict.valid {
        return Ok(());
    }
    if let Some(failure) = verdict.failure.filter(|failure| *failure != verdict.message) {
        shell.warn(
            format!("the policy failed when it was to check the settings: {}", printable(&failure)),
            None,
        );
    }
    let refusal = anyhow!("Provided settings are not valid: {}", printable(&verdict.message));
    if verdict.message.is_empty() {
        return Err(refusal).hint(|| "the policy gave no reason".to_owned());
    }
    Err(refusal)
}

/// What a host would only log.
fn report_log(log: &str, host_calls: &HostCalls, shell: &Shell) {
    for line in host_calls.logged.lines() {
        shell.status("Logged", printable(line));
    }
    if !log.is_empty() {
        shell.status("Logged", printable(log));
    }
    for capability in &host_calls.refused_capabilities {
        shell.warn(
            format!("the policy asked for the host capability `{capability}`, which is not provided here"),
            Some("the policy was told so, as on a host that does not grant it"),
        );
    }
}

/// The answer in words, for a person at a terminal.
fn report(
    request: &Request,
    evaluation: &Evaluation,
    response: &AdmissionResponse,
    installation: Option<&Installation>,
    shell: &Shell,
) {
    let about = about(request);
    match response.allowed {
        true => shell.status("Accepted", &about),
        false => shell.setback("Rejected", &about),
    }
    say_monitored(evaluation, response, installation, shell);
    say_reason(response, shell);
    for warning in response.warnings.iter().flatten() {
        shell.status("Warning", printable(warning));
    }
    for (key, value) in response.audit_annotations.iter().flatten() {
        shell.status("Audit", printable(&format!("{key}: {value}")));
    }
    if let (Some(patch), Some(old), Some(new)) =
        (&response.patch, request.object(), &evaluation.mutated_object)
    {
        let s = if patch.len() == 1 { "" } else { "s" };
        shell.status("Changed", format!("the object, with {} operation{s}", patch.len()));
        if let (Some(old), Some(new)) = (yaml(old), yaml(new)) {
            shell.diff(&old, &new);
        }
    }
}

/// Says what a host only logs: what the answer would be in mode `protect`.
fn say_monitored(
    evaluation: &Evaluation,
    response: &AdmissionResponse,
    installation: Option<&Installation>,
    shell: &Shell,
) {
    let is_monitored = installation.is_some_and(|installation| installation.mode == Mode::Monitor);
    if !is_monitored || *response == evaluation.response {
        return;
    }
    let verdict = if evaluation.response.allowed { "accepted with a change" } else { "rejected" };
    shell.status("Monitored", format!("in mode `protect` it would be {verdict}"));
    say_reason(&evaluation.response, shell);
}

fn say_reason(response: &AdmissionResponse, shell: &Shell) {
    let message = response.message().filter(|message| !message.is_empty()).map(printable);
    match (message, response.code()) {
        (None, None) => {}
        (Some(message), None) => shell.status("Reason", message),
        (None, Some(code)) => shell.status("Code", code),
        (Some(message), Some(code)) => shell.status("Reason", format!("{message} (code {code})")),
    }
    for cause in response.status.iter().filter_map(|status| status.details.as_ref()).flat_map(|d| &d.causes) {
        if let Some(message) = cause.message.as_deref().filter(|message| !message.is_empty()) {
            shell.status("Cause", printable(message));
        }
    }
}

/// `CREATE of Pod web in default`
fn about(request: &Request) -> String {
    let Request::Kubernetes(request) = request else { return "the request".to_owned() };
    let mut about = format!("{} of {}", request.operation, request.kind.kind);
    if let Some(subresource) = &request.sub_resource {
        about += &format!(" ({subresource})");
    }
    if let Some(name) = &request.name {
        about += &format!(" `{name}`");
    }
    if let Some(namespace) = &request.namespace {
        about += &format!(" in namespace `{namespace}`");
    }
    printable(&about).into_owned()
}

/// What a person reads best, unless it is too long to be read at all.
fn yaml(value: &Value) -> Option<String> {
    yaml_serde::to_string(value).ok().filter(|yaml| yaml.len() <= SHOWN_BYTES)
}
