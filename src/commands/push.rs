//! `push`: uploads policies to a registry, from which clusters load them.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use bytesize::ByteSize;
use serde::Serialize;

use crate::deploy::{Choices, Deployment, no_registry};
use crate::error::{Outcome, failure};
use crate::fs;
use crate::kubernetes;
use crate::metadata::{Metadata, key};
use crate::options::{CompiledArgs, OutputFormat, PackagesArgs, PolicyArgs, ReferenceParser, RegistryArgs};
use crate::policy_source::PolicyModule;
use crate::reference::{Reference, has_login, is_tag};
use crate::registry::artifact::Artifact;
use crate::registry::{self, Connection, Pushed, TagPolicy};
use crate::shell::Shell;

/// Upload a policy to a registry, and report its digest
///
/// Builds the policy and uploads it as an OCI artifact. By default, its metadata says to which registry, and the tag is
/// `v` and its version. Prints `host/repository@sha256:…`, a reference that always means exactly this policy. A tag that
/// exists with other content is refused. Credentials are those of `docker login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # Push to the registry of the metadata
  cargo kw-wasi push
  # Push to another registry
  cargo kw-wasi push ghcr.io/acme/policies/demo:v1.2.0
  # Push to a registry on this machine, without TLS
  cargo kw-wasi push localhost:5000/demo --insecure
  # Write the resource that deploys exactly this policy, too
  cargo kw-wasi push --locked --manifest-out demo.yml
  # Push all policies of the workspace
  cargo kw-wasi push --workspace
  # Sign the policy by its digest
  cosign sign $(cargo kw-wasi push -q)")]
pub(crate) struct PushArgs {
    /// Where to push to: `host/repository:tag` [default: registry and version of the metadata]
    ///
    /// Without a tag, the tag is `v` and the version of the policy, as without a reference. Other commands read `latest`.
    #[arg(value_name = "REFERENCE", value_parser = ReferenceParser)]
    reference: Option<Reference>,
    /// Move the tag if it exists, and accept a tag that is not the version of the policy
    #[arg(long)]
    force: bool,
    /// Format of the report on stdout, one line for each policy: its digest reference, or a JSON object
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        value_parser = OutputFormat::one_of([OutputFormat::Human, OutputFormat::Json]),
        help_heading = "Output"
    )]
    format: OutputFormat,
    /// Write the resource that deploys exactly this policy to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    manifest_out: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs<CompiledArgs<PackagesArgs>>,
}

impl PushArgs {
    /// Pushes the selected policies.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        let destination = Destination {
            reference: self.reference,
            tag_policy: if self.force { TagPolicy::Move } else { TagPolicy::Keep },
            registry: self.policy.registry().clone(),
        };
        let source = self.policy.source()?;
        let is_explicit = source.is_explicit();
        let found = source.find(shell)?;
        if !is_explicit {
            found.require_one("name one with `--package`, or pass `--workspace` for all of them")?;
        }
        let count = found.count();
        if count > 1 && (destination.reference.is_some() || self.manifest_out.is_some()) {
            return Err(failure(
                format!("REFERENCE and `--manifest-out` are about one policy, and {count} are selected"),
                "select one policy with `--package`",
            ));
        }
        // What can be refused is refused before anything is compiled, and all the rest before anything is sent.
        for project in found.projects() {
            if let Some(metadata) = project.metadata().metadata {
                destination.reference(&metadata, Some(&project.registry_place()))?;
            }
        }
        let uploads = found.modules(shell)?.into_iter().map(|module| destination.upload(module, shell));
        let uploads = uploads.collect::<Result<Vec<_>>>()?;
        if let (Some(path), Some(upload)) = (&self.manifest_out, uploads.first()) {
            pinned(&upload.metadata, "")?;
            fs::require_writable(path)?;
        }
        for upload in uploads {
            let Sent { immutable, metadata } = upload.send(destination.tag_policy, self.format, shell)?;
            if let Some(path) = &self.manifest_out {
                fs::write(path, pinned(&metadata, &immutable)?.as_bytes())?;
                shell.status("Manifest", fs::for_people(path).display());
            }
        }
        Ok(Outcome::Done)
    }
}

/// Where policies are pushed to.
struct Destination {
    /// `None`: the metadata of each policy decides.
    reference: Option<Reference>,
    tag_policy: TagPolicy,
    registry: RegistryArgs,
}

impl Destination {
    /// The upload of a module, checked as far as it can be without a connection.
    fn upload(&self, module: PolicyModule, shell: &Shell) -> Result<Upload> {
        let (metadata, findings) = module
            .metadata()
            .with_context(|| format!("could not push `{}`", module.origin.shown().display()))?;
        shell.findings(&findings);
        let reference = self.reference(&metadata, None)?;
        let connection = self.registry.connection_to(reference.host())?;
        let artifact = Artifact::new(module.bytes, Some(&metadata.annotations));
        Ok(Upload { reference, connection, artifact, metadata })
    }

    /// The reference given, completed from the metadata. `place` is where a project can name a registry.
    fn reference(&self, metadata: &Metadata, place: Option<&str>) -> Result<Reference> {
        let tag = metadata.annotation(key::VERSION).map(|version| format!("v{version}"));
        let typed = match (&self.reference, metadata.annotation(key::OCI_URL)) {
            (Some(typed), _) => typed.clone(),
            (None, Some(url)) => {
                url.parse::<Reference>().map_err(|reason| anyhow!(reason)).with_context(|| {
                    let url = if has_login(url) { "the registry".to_owned() } else { format!("`{url}`") };
                    format!("could not push to {url}, the value of annotation `{}`", key::OCI_URL)
                })?
            }
            (None, None) => {
                return Err(no_registry(
                    "the policy's metadata has no registry to push to",
                    "name a reference",
                    place,
                ));
            }
        };
        if let (None, Some(tag)) = (typed.tag(), &tag)
            && !is_tag(tag)
        {
            let version = &tag[1..];
            return Err(failure(
                format!("could not push version `{version}` of the policy: `{tag}` is not a valid tag"),
                "name a reference with a tag: `host/repository:tag`",
            ));
        }
        let reference = typed.with_default_tag(tag.as_deref().unwrap_or("latest"));
        if let Some(digest) = reference.digest() {
            return Err(failure(
                format!(
                    "could not push to `{reference}`: `{digest}` is a digest, and only a tag can be pushed to"
                ),
                "write `host/repository:tag`",
            ));
        }
        if self.tag_policy == TagPolicy::Keep {
            check_tag(reference.tag(), metadata)?;
        }
        Ok(reference)
    }
}

/// A tag that looks like a version must be the version of the policy.
fn check_tag(tag: Option<&str>, metadata: &Metadata) -> Result<()> {
    let (Some(tag), Some(version)) = (tag, metadata.annotation(key::VERSION)) else { return Ok(()) };
    let tagged = tag.strip_prefix('v').unwrap_or(tag);
    if tagged == version || semver::Version::parse(tagged).is_err() {
        return Ok(());
    }
    Err(failure(
        format!("could not push to the tag `{tag}`: the version of the policy is `{version}`"),
        format!("push to `:v{version}`, or change the version and build again; `--force` pushes it as it is"),
    ))
}

/// A policy on its way to a registry.
struct Upload {
    reference: Reference,
    connection: Connection,
    artifact: Artifact,
    metadata: Metadata,
}

/// A policy that is in the registry.
struct Sent {
    /// The reference with the digest.
    immutable: String,
    metadata: Metadata,
}

/// What a script reads about a push. `immutable_ref` is kwctl's name for it.
#[derive(Serialize)]
struct PushReport<'a> {
    immutable_ref: &'a str,
    reference: &'a str,
    digest: &'a str,
    size_bytes: usize,
    already_there: bool,
}

impl Upload {
    /// Pushes the policy and reports it.
    fn send(self, tag_policy: TagPolicy, format: OutputFormat, shell: &Shell) -> Result<Sent> {
        let Self { reference, connection, artifact, metadata } = self;
        let pushed = registry::push(&reference, connection, &artifact, tag_policy, shell)?;
        let digest = artifact.digest().to_string();
        let immutable = format!("{}/{}@{digest}", reference.registry(), reference.repository());
        let size_bytes = artifact.module.len();
        let size = ByteSize::b(size_bytes as u64).display().si();
        match pushed {
            Pushed::Now => shell.status("Pushed", format!("{reference} ({size})")),
            Pushed::Before => shell.status("Fresh", format!("{reference} ({size}): it was there already")),
        }
        let line = match format {
            OutputFormat::Json => serde_json::to_string(&PushReport {
                immutable_ref: &immutable,
                reference: &reference.to_string(),
                digest: &digest,
                size_bytes,
                already_there: pushed == Pushed::Before,
            })
            .context("could not report in JSON")?,
            _ => immutable.clone(),
        };
        shell.result(&format!("{line}\n")).context("could not write to stdout")?;
        Ok(Sent { immutable, metadata })
    }
}

/// The resource that deploys exactly this policy.
fn pinned(metadata: &Metadata, immutable: &str) -> Result<String> {
    let name =
        metadata.annotation(key::TITLE).context("could not write the manifest: the policy has no title")?;
    kubernetes::check_name(name).map_err(|reason| {
        anyhow!("could not write the manifest: the title `{name}` cannot name a resource: {reason}")
    })?;
    let module = format!("registry://{immutable}");
    Ok(Deployment { name, module: &module, metadata, choices: &Choices::default() }.to_yaml())
}
