//! `inspect`: what a module carries.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytesize::ByteSize;
use serde::Serialize;
use serde_json::Value;

use crate::build::{self, BuildRequest};
use crate::error::Outcome;
use crate::finding::tally;
use crate::fs;
use crate::metadata::key;
use crate::module::inspection::{Inspection, Kind};
use crate::options::{CompileArgs, PackageArgs, RegistryArgs};
use crate::registry::{self, Reference};
use crate::shell::{Paint, Shell, Tone};
use crate::untrusted::printable;
use crate::yaml;

/// Show what a policy carries: metadata, contract, sizes
///
/// Looks at a module in a file or in a registry, by default at the policy of this project, which is built first. Policies
/// of other kinds are recognised and named. What a cluster would refuse, or not do as it is meant, is reported; the exit
/// code is 0 even then, for whoever looks wants to see it. Scripts look at `findings` in JSON or YAML.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi inspect                                    the policy of this project
  cargo kw-wasi inspect policy.wasm                        a file
  cargo kw-wasi inspect ghcr.io/acme/policies/demo:v1.2.0  what a registry has
  cargo kw-wasi inspect --format json | jq .metadata.rules
  cargo kw-wasi inspect policy.wasm --format json | jq -e '.findings == []'")]
pub struct InspectArgs {
    /// A module, or where a registry has it [default: the policy of this project]
    #[arg(value_name = "FILE | REFERENCE")]
    what: Option<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
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
    /// For a person
    Human,
    /// YAML, with the metadata as they are
    Yaml,
    /// The same as JSON
    Json,
}

/// Where a module is from.
enum Origin {
    File(PathBuf),
    Registry { reference: String, digest: String },
}

/// What is shown of a module, for scripts.
#[derive(Serialize)]
struct Report<'a> {
    /// The file, or the reference.
    source: String,
    /// Digest of the manifest in the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(flatten)]
    inspection: &'a Inspection,
}

impl InspectArgs {
    /// Shows one module.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        let (module, origin) = match self.what {
            None => {
                let request = BuildRequest::new(self.package.into(), self.compile.into());
                let path = build::build_one(request, &shell.quieter())?.wasm;
                (fs::read(&path)?, Origin::File(fs::for_people(&path)))
            }
            Some(what) if !fs::exists(Path::new(&what)) && registry::looks_like_reference(&what) => {
                pull(&what, &self.registry, shell)?
            }
            Some(what) => {
                let path = fs::path_of_url(&what).unwrap_or_else(|| what.into());
                (fs::read(&path)?, Origin::File(fs::for_people(&path)))
            }
        };
        let name = origin.name();
        let inspection = Inspection::of(&module, &name)
            .with_context(|| format!("could not inspect `{}`", name.display()))?;
        let text = match self.format {
            Format::Human => for_people(&inspection, &origin, shell),
            Format::Yaml => yaml::to_string(&origin.report(&inspection)).context("could not write YAML")?,
            Format::Json => {
                let json = serde_json::to_string_pretty(&origin.report(&inspection));
                without_controls(json.context("could not write JSON")?) + "\n"
            }
        };
        shell.result(&text).context("could not write to stdout")?;
        if self.format == Format::Human {
            shell.findings(&inspection.findings);
        }
        Ok(Outcome::Done)
    }
}

/// JSON may hold control characters beyond those of ASCII as they are; a terminal would obey them.
fn without_controls(json: String) -> String {
    let obeyed = |c: char| c.is_control() && c != '\n';
    if !json.contains(obeyed) {
        return json;
    }
    json.chars().fold(String::new(), |mut text, c| {
        match obeyed(c) {
            true => text += &format!("\\u{:04x}", u32::from(c)),
            false => text.push(c),
        }
        text
    })
}

fn pull(what: &str, args: &RegistryArgs, shell: &Shell) -> Result<(Vec<u8>, Origin)> {
    let typed = what.parse::<Reference>().map_err(anyhow::Error::msg);
    let reference = typed.with_context(|| format!("could not inspect `{what}`"))?.with_default_tag("latest");
    let connection = args.connection_to(reference.host())?;
    let pulled = registry::pull(&reference, connection, shell)?;
    Ok((pulled.module, Origin::Registry { reference: reference.to_string(), digest: pulled.digest }))
}

impl Origin {
    fn name(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Registry { reference, .. } => PathBuf::from(reference),
        }
    }

    fn report<'a>(&'a self, inspection: &'a Inspection) -> Report<'a> {
        let digest = match self {
            Self::File(_) => None,
            Self::Registry { digest, .. } => Some(digest.as_str()),
        };
        Report { source: self.name().display().to_string(), digest, inspection }
    }
}

/// A page with titles, and below each lines of a name and a value.
struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += &self.paint.text(Tone::Title, title);
        self.text.push('\n');
    }

    fn line(&mut self, name: &str, value: &str) {
        // A value of several lines stays in its column.
        let value = printable(value).trim_end().replace('\n', &format!("\n{:22}", ""));
        self.text += format!("  {:<18}  {value}", printable(name)).trim_end();
        self.text.push('\n');
    }
}

fn for_people(inspection: &Inspection, origin: &Origin, shell: &Shell) -> String {
    let mut page = Page { text: String::new(), paint: shell.paint_results() };
    let metadata = inspection.metadata.as_ref().unwrap_or(&Value::Null);
    let annotation = |key: &str| metadata["annotations"][key].as_str().filter(|text| !text.is_empty());
    page.title(&match (annotation(key::TITLE), annotation(key::VERSION)) {
        (Some(title), Some(version)) => printable(&format!("{title} v{version}")).into_owned(),
        (Some(title), None) => printable(title).into_owned(),
        (None, _) => origin.name().display().to_string(),
    });
    match origin {
        Origin::File(path) => page.line("file", &path.display().to_string()),
        Origin::Registry { reference, digest } => {
            page.line("reference", reference);
            page.line("digest", digest);
        }
    }
    page.line("sha256", &inspection.sha256);
    page.line("kind", &inspection.kind.to_string());
    if let Some(metadata) = &inspection.metadata {
        describe(metadata, &mut page);
    }
    sizes(inspection, &mut page);
    interface(inspection, &mut page);
    page.title("Contract");
    page.line("", &verdict(inspection));
    if let Some(usage) = annotation(key::USAGE) {
        page.title("Usage");
        match shell.has_reader_of_results() {
            true => page.text += &shell.markdown(usage),
            false => page.text += printable(usage).trim_end(),
        }
        if !page.text.ends_with('\n') {
            page.text.push('\n');
        }
    }
    page.text
}

/// The metadata. They are shown as they are: what is missing, Kubewarden takes to be as it says.
fn describe(metadata: &Value, page: &mut Page) {
    let text = |key: &str| metadata[key].as_str();
    let yes_no = |key: &str, default| if metadata[key].as_bool().unwrap_or(default) { "yes" } else { "no" };
    page.line("execution mode", text("executionMode").unwrap_or("kubewarden-wapc (not said)"));
    page.line("policy type", text("policyType").unwrap_or("kubernetes"));
    page.line("mutating", yes_no("mutating", false));
    page.line("background audit", yes_no("backgroundAudit", true));
    if let Some(version) = text("minimumKubewardenVersion") {
        page.line("needs Kubewarden", &format!("{version} or later"));
    }
    if let Some(tool) = metadata["annotations"][key::ANNOTATED_BY].as_str() {
        page.line("annotated by", tool);
    }
    let rules = metadata["rules"].as_array().map_or(&[][..], Vec::as_slice);
    if !rules.is_empty() {
        page.title("Rules");
        for rule in rules {
            page.line(&list(&rule["operations"]), &described_resources(rule));
        }
    }
    let wanted = |key: &str| metadata[key].as_array().filter(|list| !list.is_empty());
    if let Some(resources) = wanted("contextAwareResources") {
        page.title("Reads from the cluster");
        for resource in resources {
            page.line(
                resource["apiVersion"].as_str().unwrap_or("?"),
                resource["kind"].as_str().unwrap_or("?"),
            );
        }
    }
    if wanted("hostCapabilities").is_some() {
        page.title("Asks of the host");
        page.line("", &list(&metadata["hostCapabilities"]));
    }
    if let Some(annotations) = metadata["annotations"].as_object() {
        page.title("Annotations");
        for (key, value) in annotations {
            if key != key::USAGE && key != key::ANNOTATED_BY {
                page.text += &format!("  {}\n", printable(key));
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                page.text += &format!("    {}\n", printable(value.trim_end()).replace('\n', "\n    "));
            }
        }
    }
}

/// `pods, pods/exec (v1)`, `deployments (apps/v1)`.
fn described_resources(rule: &Value) -> String {
    let groups = rule["apiGroups"].as_array().map_or(&[][..], Vec::as_slice);
    let versions = rule["apiVersions"].as_array().map_or(&[][..], Vec::as_slice);
    let mut apis = Vec::new();
    for group in groups {
        for version in versions {
            let version = version.as_str().unwrap_or("?");
            apis.push(match group.as_str() {
                Some("") => version.to_owned(),
                group => format!("{}/{version}", group.unwrap_or("?")),
            });
        }
    }
    format!("{} ({})", list(&rule["resources"]), apis.join(", "))
}

fn list(value: &Value) -> String {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    items.iter().map(|item| item.as_str().unwrap_or("?")).collect::<Vec<_>>().join(", ")
}

fn sizes(inspection: &Inspection, page: &mut Page) {
    page.title("Size");
    let total = inspection.size_bytes;
    let sizes = &inspection.sizes;
    let custom: Vec<_> = inspection
        .sections
        .iter()
        .filter(|section| {
            section.custom && section.name != "name" && section.name != crate::module::METADATA_SECTION
        })
        .map(|section| section.name.as_str())
        .collect();
    for (name, bytes, note) in [
        ("code", sizes.code, String::new()),
        ("data", sizes.data, String::new()),
        ("names", sizes.names, String::new()),
        ("metadata", sizes.metadata, String::new()),
        ("custom", sizes.custom, custom.join(", ")),
        ("other", sizes.other, String::new()),
    ] {
        // In tenths of a percent; an empty file has no parts.
        let tenths = (bytes * 1000 + total / 2).checked_div(total).unwrap_or(0);
        let percent = format!("{}.{} %", tenths / 10, tenths % 10);
        page.line(name, format!("{bytes:>10} bytes {percent:>8}  {note}").trim_end());
    }
    let size = ByteSize::b(total as u64).display().si();
    page.line("total", &format!("{total:>10} bytes  ({size})"));
}

fn interface(inspection: &Inspection, page: &mut Page) {
    if !inspection.imports.is_empty() {
        page.title("Imports");
        let modules: BTreeSet<_> = inspection.imports.iter().map(|import| import.module.as_str()).collect();
        for module in modules {
            let names: Vec<_> = inspection
                .imports
                .iter()
                .filter(|import| import.module == module)
                .map(|import| import.name.as_str())
                .collect();
            page.text += &format!("  {}\n    {}\n", printable(module), printable(&names.join(", ")));
        }
    }
    if !inspection.exports.is_empty() {
        page.title("Exports");
        for export in &inspection.exports {
            page.line(export.kind, &export.name);
        }
    }
}

fn verdict(inspection: &Inspection) -> String {
    match &inspection.kind {
        Kind::Wasi | Kind::Component | Kind::Unannotated(_) if !inspection.findings.is_empty() => {
            format!("{}: see below", tally(&inspection.findings))
        }
        Kind::Wasi => "good: a Kubewarden host can load it".to_owned(),
        _ => "not checked: this tool is for WASI policies; `kwctl` runs and pushes policies of every kind"
            .to_owned(),
    }
}
