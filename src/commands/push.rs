//! `push`: a policy goes to a registry, from which clusters load it.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use bytesize::ByteSize;
use serde::Serialize;

use crate::build::{self, BuildRequest};
use crate::deploy::{Choices, Deployment, no_registry};
use crate::error::{Outcome, failure};
use crate::fs;
use crate::kubernetes;
use crate::metadata::{Metadata, key};
use crate::module::inspection;
use crate::options::{CompileArgs, OF_BUILDS, PackageArgs, RegistryArgs};
use crate::registry::artifact::Artifact;
use crate::registry::{self, Overwrite, Pushed, Reference};
use crate::shell::Shell;

/// Upload a policy to a registry, and report its digest
///
/// Builds the policy and uploads it as an OCI artifact: to the registry its metadata name, tagged `v` and its version,
/// unless a reference says otherwise. Prints `host/repository@sha256:…`, which names exactly this policy for ever. A tag
/// that exists with other content is refused. Credentials are those of `docker login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi push                                    where the metadata say
  cargo kw-wasi push ghcr.io/acme/policies/demo:v1.2.0  somewhere else
  cargo kw-wasi push localhost:5000/demo --insecure     a registry on this machine, without TLS
  cargo kw-wasi push --locked --manifest-out demo.yml   and the resource that deploys exactly this policy
  cosign sign $(cargo kw-wasi push -q)                  signed by its digest")]
pub struct PushArgs {
    /// Where to: `host/repository:tag` [default: registry and version of the metadata]
    #[arg(value_name = "REFERENCE")]
    reference: Option<Reference>,
    /// Push this module, and build nothing
    #[arg(long, value_name = "PATH", conflicts_with_all = OF_BUILDS)]
    wasm: Option<PathBuf>,
    /// Let the tag name this policy, whatever it named before and whatever version the policy has
    #[arg(long)]
    force: bool,
    /// How to report what was pushed, on stdout: its digest reference, or a JSON object
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    format: Format,
    /// Write the resource that deploys exactly this policy to this file
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    manifest_out: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    package: PackageArgs,
    #[command(flatten)]
    compile: CompileArgs,
}

/// The values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The digest reference
    Human,
    /// A JSON object
    Json,
}

/// What was pushed, for scripts. `immutable_ref` is the name `kwctl` has for it.
#[derive(Serialize)]
struct Report<'a> {
    immutable_ref: &'a str,
    reference: &'a str,
    digest: &'a str,
    size_bytes: usize,
    already_there: bool,
}

impl PushArgs {
    /// Pushes one policy.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        let wasm = match self.wasm {
            Some(path) => path,
            None => {
                let request = BuildRequest::new(self.package.into(), self.compile.into());
                build::build_one(request, shell)?.wasm
            }
        };
        let module = fs::read(&wasm)?;
        let shown = fs::for_people(&wasm);
        let (metadata, findings) = inspection::require_policy(&module, &shown)
            .with_context(|| format!("could not push `{}`", shown.display()))?;
        shell.findings(&findings);
        let reference = reference(self.reference, &metadata)?;
        if !self.force {
            check_tag(reference.tag(), &metadata)?;
        }
        if let Some(path) = &self.manifest_out {
            // Found out before anything is sent.
            pinned(&metadata, "")?;
            fs::require_writable(path)?;
        }
        let connection = self.registry.connection_to(reference.host())?;
        let artifact = Artifact::new(module, Some(&metadata.annotations));
        let overwrite = if self.force { Overwrite::Allow } else { Overwrite::Refuse };
        let pushed = registry::push(&reference, connection, &artifact, overwrite, shell)?;
        let digest = artifact.digest();
        let immutable = format!("{}/{}@{digest}", reference.registry(), reference.repository());
        let size = ByteSize::b(artifact.module.len() as u64).display().si();
        match pushed {
            Pushed::Now => shell.status("Pushed", format!("{reference} ({size})")),
            Pushed::Before => shell.status("Fresh", format!("{reference} ({size}): it was there already")),
        }
        let report = match self.format {
            Format::Human => immutable.clone(),
            Format::Json => serde_json::to_string(&Report {
                immutable_ref: &immutable,
                reference: &reference.to_string(),
                digest: &digest,
                size_bytes: artifact.module.len(),
                already_there: pushed == Pushed::Before,
            })
            .context("could not report in JSON")?,
        };
        shell.result(&format!("{report}\n")).context("could not write to stdout")?;
        if let Some(path) = &self.manifest_out {
            fs::write(path, pinned(&metadata, &immutable)?.as_bytes())?;
            shell.status("Manifest", fs::for_people(path).display());
        }
        Ok(Outcome::Done)
    }
}

/// Where to push: what was typed, and what it leaves open from the metadata.
fn reference(typed: Option<Reference>, metadata: &Metadata) -> Result<Reference> {
    let tag = metadata.annotation(key::VERSION).map(|version| format!("v{version}"));
    let typed = match (typed, metadata.annotation(key::OCI_URL)) {
        (Some(typed), _) => typed,
        (None, Some(url)) => {
            url.parse::<Reference>().map_err(|reason| anyhow!(reason)).with_context(|| {
                format!("could not push to `{url}`, which annotation `{}` names", key::OCI_URL)
            })?
        }
        (None, None) => {
            return Err(no_registry("nothing says which registry the policy goes to", "name a reference"));
        }
    };
    if let (None, Some(tag)) = (typed.tag(), &tag)
        && !registry::is_tag(tag)
    {
        return Err(failure(
            format!(
                "could not push: the policy has the version `{}`, and `{tag}` cannot be a tag",
                &tag[1..]
            ),
            "name a reference with a tag: `host/repository:tag`",
        ));
    }
    let reference = typed.with_default_tag(tag.as_deref().unwrap_or("latest"));
    if let Some(digest) = reference.digest() {
        return Err(failure(
            format!(
                "could not push to `{reference}`: `{digest}` is what a push ends with, and no tag to push to"
            ),
            "write `host/repository:tag`",
        ));
    }
    Ok(reference)
}

/// A tag that looks like a version is taken for the one of the policy.
fn check_tag(tag: Option<&str>, metadata: &Metadata) -> Result<()> {
    let (Some(tag), Some(version)) = (tag, metadata.annotation(key::VERSION)) else { return Ok(()) };
    let tagged = tag.strip_prefix('v').unwrap_or(tag);
    if tagged == version || semver::Version::parse(tagged).is_err() {
        return Ok(());
    }
    Err(failure(
        format!("could not push: the tag is `{tag}`, and the policy says it has the version `{version}`"),
        format!("push to `:v{version}`, or change the version and build again; `--force` pushes it as it is"),
    ))
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
