//! The package file of Artifact Hub, `artifacthub-pkg.yml`, from the metadata of a policy.
//!
//! Sources: `kwctl scaffold artifacthub` 1.36; Artifact Hub's package metadata file.

use std::collections::BTreeMap;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use url::Url;

use crate::finding::{Finding, FindingName};
use crate::kubernetes;
use crate::metadata::{Metadata, absolute_url, addresses, browsable, github_repository, key};
use crate::reference::{Reference, without_login};
use crate::yaml;

/// The first line of the file that we write.
const HEADER: &str = "# Package of Artifact Hub, written by `cargo kw-wasi manifest --artifacthub`.";

/// The characters that are not escaped in a part of a URL's path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A policy as Artifact Hub lists it. Keys are those of its file, in the order of `kwctl`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    version: String,
    name: String,
    display_name: String,
    created_at: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(rename = "homeURL", skip_serializing_if = "Option::is_none")]
    home_url: Option<Url>,
    containers_images: [Image; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
    install: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maintainers: Vec<Maintainer>,
    provider: Provider,
    recommendations: [Recommendation; 1],
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct Image {
    name: &'static str,
    image: String,
}

#[derive(Debug, Serialize)]
struct Link {
    name: &'static str,
    url: String,
}

#[derive(Debug, Serialize)]
struct Maintainer {
    name: String,
    email: String,
}

#[derive(Debug, Serialize)]
struct Provider {
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct Recommendation {
    url: &'static str,
}

impl Package {
    /// Creates the package of a policy. `questions` is the content of the policy's `questions-ui.yml`.
    ///
    /// # Errors
    ///
    /// Returns a finding for each value that is missing in the metadata, or that Artifact Hub refuses.
    pub fn new(
        metadata: &Metadata,
        questions: Option<&str>,
        created_at: SystemTime,
    ) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut required = |key: &str, table: &str| {
            let value = metadata.annotation(key).map(str::to_owned);
            if value.is_none() {
                findings.push(Finding::error(
                    FindingName::ArtifacthubMissing,
                    format!("Artifact Hub needs the annotation `{key}`"),
                    format!("write {table} in Cargo.toml, or the annotation in `metadata.yml`"),
                ));
            }
            value.unwrap_or_default()
        };
        let title = required(key::TITLE, "`title` in `[package.metadata.kubewarden]`");
        let version = required(key::VERSION, "`version` in `[package]`");
        let description = required(key::DESCRIPTION, "`description` in `[package]`");
        let oci_url = required(key::OCI_URL, "`registry` in `[package.metadata.kubewarden]`");
        let display_name = required(
            key::DISPLAY_NAME,
            &format!("`\"{}\"` in `[package.metadata.kubewarden.annotations]`", key::DISPLAY_NAME),
        );
        check_title(&title, &mut findings);
        check_version(&version, &mut findings);
        // The image needs both; if one is missing, there is already a finding.
        let image = (!oci_url.is_empty() && !version.is_empty())
            .then(|| image(&oci_url, &version, &mut findings))
            .flatten()
            .unwrap_or_default();
        let source = url(metadata, key::SOURCE, &mut findings);
        let package = Self {
            links: links(source.as_ref(), metadata.annotation(key::RELEASE_TAG), &version),
            name: title,
            display_name,
            created_at: DateTime::<Utc>::from(created_at).to_rfc3339_opts(SecondsFormat::AutoSi, true),
            description,
            license: metadata.annotation(key::LICENSE).map(str::to_owned),
            home_url: url(metadata, key::URL, &mut findings),
            keywords: keywords(metadata, &mut findings),
            install: install(&image),
            containers_images: [Image { name: "policy", image }],
            maintainers: maintainers(metadata, &mut findings),
            provider: Provider { name: "kubewarden" },
            recommendations: [Recommendation {
                url: "https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller",
            }],
            annotations: annotations(metadata, questions, &mut findings),
            version,
        };
        if findings.is_empty() { Ok(package) } else { Err(findings) }
    }

    /// The content of the file.
    pub fn to_yaml(&self) -> String {
        let yaml = yaml::to_string(self).expect("only strings, lists and maps, which YAML can hold");
        format!("{HEADER}\n{yaml}")
    }
}

fn invalid(key: &str, message: String, fix: &str) -> Finding {
    Finding::error(FindingName::ArtifacthubInvalid, format!("annotation `{key}` {message}"), fix)
}

/// `kwctl` takes any title, but the page in Artifact Hub would offer a resource of that name.
fn check_title(title: &str, findings: &mut Vec<Finding>) {
    if let Err(reason) = kubernetes::check_name(title)
        && !title.is_empty()
    {
        findings.push(invalid(
            key::TITLE,
            format!("cannot name a package: {reason}"),
            "write lower-case letters, digits and `-`; the title for people is `io.artifacthub.displayName`",
        ));
    }
}

fn check_version(version: &str, findings: &mut Vec<Finding>) {
    if let Err(error) = semver::Version::parse(version)
        && !version.is_empty()
    {
        findings.push(invalid(
            key::VERSION,
            format!("is not a semantic version: {error}"),
            "write three numbers, such as `0.1.0`",
        ));
    }
}

/// Returns the image reference, with its registry filled in.
fn image(oci_url: &str, version: &str, findings: &mut Vec<Finding>) -> Option<String> {
    let image = format!("{oci_url}:v{version}");
    match image.parse::<Reference>() {
        // If the URL already had a tag, the version would not be the tag of the reference.
        Ok(reference) if reference.tag() == Some(&format!("v{version}")) => Some(reference.to_string()),
        _ => {
            findings.push(invalid(
                key::OCI_URL,
                format!("and the version do not make a valid image: `{}`", without_login(&image)),
                "write registry and repository in lower case, without scheme and tag, and a version without `+`",
            ));
            None
        }
    }
}

fn url(metadata: &Metadata, key: &str, findings: &mut Vec<Finding>) -> Option<Url> {
    let text = metadata.annotation(key)?;
    absolute_url(text)
        .map_err(|reason| {
            findings.push(invalid(
                key,
                format!("is {reason}"),
                "write the whole URL, such as `https://example.com/policy`",
            ));
        })
        .ok()
}

/// Returns links to the module of a release and to the sources. The URL of a release file is known for GitHub only.
fn links(source: Option<&Url>, release_tag: Option<&str>, version: &str) -> Vec<Link> {
    let Some(source) = source else { return Vec::new() };
    let mut links = Vec::new();
    if let Some(repository) = github_repository(source) {
        let tag = release_tag.map_or_else(|| format!("v{version}"), str::to_owned);
        let tag = utf8_percent_encode(&tag, SEGMENT);
        links.push(Link { name: "policy", url: format!("{repository}/releases/download/{tag}/policy.wasm") });
    }
    links.push(Link { name: "source", url: browsable(source) });
    links
}

fn keywords(metadata: &Metadata, findings: &mut Vec<Finding>) -> Vec<String> {
    let Some(text) = metadata.annotation(key::KEYWORDS) else { return Vec::new() };
    let keywords: Vec<_> = text.split(',').map(|keyword| keyword.trim().to_owned()).collect();
    if keywords.iter().any(String::is_empty) {
        findings.push(invalid(
            key::KEYWORDS,
            "has an empty keyword".to_owned(),
            "separate the keywords by single commas",
        ));
    }
    keywords
}

fn maintainers(metadata: &Metadata, findings: &mut Vec<Finding>) -> Vec<Maintainer> {
    let Some(text) = metadata.annotation(key::AUTHOR) else { return Vec::new() };
    match addresses(text) {
        Some(list) => list.into_iter().map(|(name, email)| Maintainer { name, email }).collect(),
        None => {
            findings.push(invalid(
                key::AUTHOR,
                "is not a list of email addresses".to_owned(),
                "write `Jane Doe <jane@example.com>`, several separated by commas; a name with a comma goes in double \
                 quotes",
            ));
            Vec::new()
        }
    }
}

fn install(image: &str) -> String {
    format!(
        "Download the policy with [kwctl](https://github.com/kubewarden/kwctl):\n\n\
         ```console\nkwctl pull registry://{image}\n```\n\n\
         Print the resource that deploys it, and put your settings in before you apply it:\n\n\
         ```console\nkwctl scaffold manifest -t ClusterAdmissionPolicy registry://{image}\n```\n"
    )
}

fn annotations(
    metadata: &Metadata,
    questions: Option<&str>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<&'static str, String> {
    let proof = "rules and resources are strings and lists, which YAML can hold";
    let mut annotations = BTreeMap::from([
        ("kubewarden/mutation", metadata.mutating.to_string()),
        ("kubewarden/rules", yaml::to_string(&metadata.rules).expect(proof)),
    ]);
    let resources = &metadata.context_aware_resources;
    if !resources.is_empty() {
        let text = yaml::to_string(resources).expect(proof);
        annotations.insert("kubewarden/contextAwareResources", text);
    }
    match questions {
        Some("") => findings.push(Finding::error(
            FindingName::ArtifacthubInvalid,
            "the file with questions is empty",
            "write the questions into it, or remove it",
        )),
        Some(questions) => drop(annotations.insert("kubewarden/questions-ui", questions.to_owned())),
        None => {}
    }
    for (name, key) in [("kubewarden/hidden-ui", key::HIDDEN_UI), ("kubewarden/resources", key::RESOURCES)] {
        if let Some(value) = metadata.annotation(key) {
            annotations.insert(name, value.to_owned());
        }
    }
    annotations
}
