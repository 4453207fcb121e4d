//! `run`: one policy answers requests, as a policy server would.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use crate::deploy::Deployed;
use crate::error::{Outcome, WithHint, failure, is_reader_gone};
use crate::fs;
use crate::kubernetes::{self, Coverage, InputDocument, KnownKinds, Operation, RequestDetails, Rule};
use crate::options::{
    CompiledArgs, LimitArgs, PackageArgs, PolicyArgs, SettingsArgs, SettingsSource, operation_of_request,
};
use crate::pages::{Verdict, guessed_kinds, host_log, not_asked, unannounced_mutation, unreadable_answer};
use crate::policy_source::{LoadedPolicy, PolicyModule, PolicySource};
use crate::protocol::{PolicyType, Request, Settings};
use crate::runtime::{HostTrouble, Limits, Policy};
use crate::shell::Shell;
use crate::untrusted::{excerpt, printable};

/// Answer requests with a policy, as a policy server would
///
/// Builds the policy, checks the settings with it, and prints on stdout what `kwctl run` would print: one admission
/// response for each request, as one line of JSON. At a terminal, the verdict is also shown in words, and a change of the
/// object as a diff. The exit code is 0 whether the request is accepted or rejected, and 1 if there is no answer: a file
/// is missing, or the request or the settings are not valid.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # Answer an admission request, or an AdmissionReview
  cargo kw-wasi run request.json
  # Answer the request that creates a Pod, with settings
  cargo kw-wasi run pod.yaml -s settings.yaml
  # Check the settings alone
  cargo kw-wasi run -s settings.yaml
  # Answer one request for each Pod of the current namespace
  kubectl get pods -o yaml | cargo kw-wasi run -
  # Answer the request that replaces an object
  cargo kw-wasi run new.yaml --operation UPDATE --old-object old.yaml
  # Answer the request for a custom resource, with its definition
  cargo kw-wasi run widget.yaml --crd widgets-crd.yaml
  # Configure the policy as a ClusterAdmissionPolicy does
  cargo kw-wasi run pod.yaml --manifest policy.yaml
  # Ask a policy that is in a registry
  cargo kw-wasi run pod.yaml --wasm ghcr.io/acme/policies/demo:v1.2.0")]
pub(crate) struct RunArgs {
    /// Read requests from these files, or from stdin if one is `-`: admission requests, AdmissionReviews, or Kubernetes
    /// objects, in JSON or YAML. Without any, check the settings alone
    #[arg(
        value_name = "FILE",
        required_unless_present_any = ["request_path", "settings", "settings_json", "manifest"]
    )]
    files: Vec<PathBuf>,
    /// Read requests from this file too, before the others; may be repeated
    #[arg(short, long, value_name = "FILE")]
    request_path: Vec<PathBuf>,
    /// Take any JSON as a request, as for a policy whose metadata says `policyType: raw`
    #[arg(long)]
    raw: bool,
    /// The operation on a Kubernetes object [default: CREATE, or what its kind is mostly for]
    #[arg(long, value_name = "OPERATION", ignore_case = true, value_parser = operation_of_request())]
    operation: Option<Operation>,
    /// The Kubernetes object before an UPDATE or DELETE [default: the same object]
    #[arg(long, value_name = "FILE")]
    old_object: Option<PathBuf>,
    /// Read plural and scope of custom resources from the CustomResourceDefinitions in this file
    #[arg(long, value_name = "FILE")]
    crd: Vec<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Configure the policy as this ClusterAdmissionPolicy or AdmissionPolicy does: settings, mode, mutation, message,
    /// time limit, and what it is asked about
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["SettingsArgs", "raw"],
        help_heading = "Settings"
    )]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    policy: PolicyArgs<CompiledArgs<PackageArgs>>,
}

impl RunArgs {
    /// Prints an admission response for each request.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        // What cannot be answered ends with 1, as for `kwctl run`; a build that fails ends as `build` does.
        let refused = |error: anyhow::Error| {
            if error.chain().any(|cause| cause.is::<HostTrouble>()) {
                return Err(error);
            }
            if !is_reader_gone(&error) {
                shell.error(&error);
            }
            Ok(Outcome::Failed)
        };
        let (request, source) = match self.into_request() {
            Ok(parts) => parts,
            Err(error) => return refused(error),
        };
        let is_build = source.is_project();
        match source.one_module(shell) {
            Ok(module) => request.answer(&module, shell).map_or_else(refused, |()| Ok(Outcome::Done)),
            Err(error) if is_build => Err(error),
            Err(error) => refused(error),
        }
    }

    /// Reads every file before the policy is built, so that a long build does not end with a typing error.
    fn into_request(self) -> Result<(RunRequest, PolicySource)> {
        let deployed = self.manifest.as_deref().map(deployed).transpose()?;
        let settings = match &deployed {
            Some(deployed) => deployed.settings.clone(),
            None => settings(&self.settings.into())?,
        };
        let old_object = self.old_object.as_deref().map(old_object).transpose()?;
        let request = RunRequest {
            documents: documents(self.request_path.iter().chain(&self.files))?,
            details: RequestDetails { operation: self.operation, old_object, ..RequestDetails::default() },
            kinds: known_kinds(&self.crd)?,
            policy_type: self.raw.then_some(PolicyType::Raw),
            settings,
            limits: self.limits.with_time(deployed.as_ref().and_then(|deployed| deployed.time_limit)),
            deployed,
        };
        Ok((request, self.policy.source()?))
    }
}

fn deployed(path: &Path) -> Result<Deployed> {
    Deployed::from_yaml(&fs::read_document(path)?)
        .with_context(|| format!("could not read the policy's manifest `{}`", path.display()))
}

fn settings(source: &SettingsSource) -> Result<Settings> {
    match source {
        SettingsSource::File(path) => Settings::from_yaml(&fs::read_document(path)?)
            .hint(|| format!("the settings are those in `{}`", path.display())),
        SettingsSource::CommandLine(json) => {
            Settings::from_json(json).hint(|| "the settings are those of `--settings-json`".to_owned())
        }
        SettingsSource::Nowhere => Ok(Settings::default()),
    }
}

fn known_kinds(definitions: &[PathBuf]) -> Result<KnownKinds> {
    let mut kinds = KnownKinds::default();
    for path in definitions {
        let documents = kubernetes::read_documents(&fs::read_document(path)?);
        documents
            .and_then(|documents| kinds.define(documents))
            .with_context(|| format!("could not read the definitions in `{}`", path.display()))?;
    }
    Ok(kinds)
}

/// The documents of all files, in their order.
fn documents<'a>(paths: impl Iterator<Item = &'a PathBuf> + Clone) -> Result<Vec<InputDocument>> {
    if paths.clone().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(failure("stdin can be read only once", "give `-` once"));
    }
    let mut documents = Vec::new();
    for path in paths {
        let (text, what) = if path == Path::new("-") {
            (
                fs::document_in(std::io::stdin()).context("could not read stdin")?,
                "the request on stdin".to_owned(),
            )
        } else {
            (fs::read_document(path)?, format!("the request `{}`", path.display()))
        };
        let read = kubernetes::read_documents(&text).with_context(|| format!("could not read {what}"))?;
        documents.extend(read);
    }
    Ok(documents)
}

fn old_object(path: &Path) -> Result<Value> {
    let text = fs::read_document(path)?;
    let read = || -> Result<Value> {
        let mut objects = Vec::new();
        for document in kubernetes::read_documents(&text)? {
            objects.extend(document.into_objects()?);
        }
        match (objects.pop(), objects.len()) {
            (Some(object), 0) if kubernetes::is_object(&object) => Ok(object),
            (Some(_), 0) => bail!("it is not a Kubernetes object"),
            (None, _) => bail!("the file is empty"),
            (Some(_), _) => bail!("the file has several"),
        }
    };
    read().with_context(|| format!("could not read the old object `{}`", path.display()))
}

/// What to ask the policy, and how it is configured: no flag is left open.
#[derive(Debug)]
struct RunRequest {
    /// None if only the settings are to be checked.
    documents: Vec<InputDocument>,
    details: RequestDetails,
    kinds: KnownKinds,
    /// `None` leaves it to the module.
    policy_type: Option<PolicyType>,
    settings: Settings,
    /// The resource that says how the policy is installed, if one does.
    deployed: Option<Deployed>,
    limits: Limits,
}

impl RunRequest {
    /// Asks the policy, and prints its answers.
    fn answer(mut self, module: &PolicyModule, shell: &Shell) -> Result<()> {
        let policy = module.load(self.limits, shell)?;
        if self.documents.is_empty() {
            check_settings(&policy.policy, &self.settings, shell)?;
            shell.status("Checked", "the settings: they are valid");
            return Ok(());
        }
        self.kinds.set_rules(&policy.metadata.rules);
        let requests = self.requests(policy.metadata.policy_type)?;
        note_wrapped_requests(&requests, shell);
        guessed_kinds(&requests, "pass its CustomResourceDefinition with `--crd FILE`", shell);
        self.tell_coverage(&requests, &policy.metadata.rules, shell);
        check_settings(&policy.policy, &self.settings, shell)?;
        requests.iter().try_for_each(|request| self.answer_one(request, &policy, shell))
    }

    /// Says what a cluster would not ask: with the rules of the resource, or else those of the metadata if it has some.
    fn tell_coverage(&self, requests: &[Request], rules: &[Rule], shell: &Shell) {
        match &self.deployed {
            Some(deployed) => {
                if deployed.has_conditions {
                    shell.warn(
                        "the policy has `matchConditions`, which are not evaluated: a cluster may not send the request",
                        None,
                    );
                }
                not_asked(requests, &deployed.coverage, shell);
            }
            None if rules.is_empty() => {}
            None => not_asked(requests, &Coverage::of_rules(rules), shell),
        }
    }

    fn requests(&mut self, policy_type: PolicyType) -> Result<Vec<Request>> {
        let policy_type = self.policy_type.unwrap_or(policy_type);
        let documents = std::mem::take(&mut self.documents).into_iter();
        let values = documents.map(|document| policy_type.values_of(document)).collect::<Result<Vec<_>>>();
        let values: Vec<_> = values.context("could not read the request")?.into_iter().flatten().collect();
        let count = values.len();
        if count == 0 {
            bail!("could not read the request: there is nothing in it");
        }
        if count > 1 && self.details.old_object.is_some() {
            return Err(failure(
                format!("`--old-object` is about one object, and the request has {count}"),
                "ask about one object at a time",
            ));
        }
        let read = |(index, value)| {
            let read = Request::for_value(value, policy_type, &self.details, &self.kinds);
            match count {
                1 => read,
                _ => read.with_context(|| format!("could not read request {} of {count}", index + 1)),
            }
        };
        values.into_iter().enumerate().map(read).collect()
    }

    fn answer_one(&self, request: &Request, loaded: &LoadedPolicy, shell: &Shell) -> Result<()> {
        let evaluation = loaded.policy.validate(request, &self.settings);
        loaded.policy.require_no_trouble()?;
        let installation = self.deployed.as_ref().map(|deployed| &deployed.installation);
        // Not copied unless it is changed: an answer may be long.
        let as_installed = installation.map(|installation| installation.apply(evaluation.response.clone()));
        let response = as_installed.as_ref().unwrap_or(&evaluation.response);
        shell.result_line(response).context("could not write to stdout")?;
        host_log(&evaluation.log, &evaluation.host_calls, shell);
        unreadable_answer(evaluation.unreadable.as_deref(), shell);
        if let Some(failure) = evaluation.failure.as_deref().filter(|why| response.message() != Some(*why)) {
            shell.warn(format!("the policy failed: {}", printable(failure)), None);
        }
        if response.patch.is_some() && installation.is_none() && !loaded.metadata.mutating {
            unannounced_mutation(shell);
        }
        let verdict = Verdict { request, evaluation: &evaluation, response, installation };
        match shell.has_reader() {
            true => verdict.show(shell),
            false => verdict.show_monitored(shell),
        }
        Ok(())
    }
}

/// Prints a note if a raw request looks like a wrapped one, because a raw policy gets the whole document.
fn note_wrapped_requests(requests: &[Request], shell: &Shell) {
    let is_wrapped = |request: &Request| match request {
        Request::Raw(Value::Object(map)) => map.get("request").is_some_and(Value::is_object),
        _ => false,
    };
    if requests.iter().any(is_wrapped) {
        shell.note(
            "note: a raw policy gets the whole document: the value of its key `request` is not unwrapped",
        );
    }
}

fn check_settings(policy: &Policy, settings: &Settings, shell: &Shell) -> Result<()> {
    let verdict = policy.validate_settings(settings);
    policy.require_no_trouble()?;
    host_log(&verdict.log, &verdict.host_calls, shell);
    if verdict.valid {
        return Ok(());
    }
    if let Some(failure) = verdict.failure.filter(|failure| *failure != verdict.message) {
        shell.warn(format!("the policy failed while it checked the settings: {}", printable(&failure)), None);
    }
    unreadable_answer(verdict.unreadable.as_deref(), shell);
    let refusal = anyhow!("Provided settings are not valid: {}", printable(&excerpt(&verdict.message)));
    if verdict.message.is_empty() {
        return Err(refusal).hint(|| "the policy gave no reason".to_owned());
    }
    Err(refusal)
}
