//! Adds the annotations that follow from `[package]`, and checks the values of annotations.

use std::collections::HashMap;

use url::Url;

use super::reader::MetadataReader;
use super::{Facts, Metadata, SEVERITIES, key, source};
use crate::finding::FindingName;
use crate::kubernetes;
use crate::reference;
use crate::yaml::{Fields, NodeContent};

/// The keys of a document, with the lines of its annotations.
pub(super) struct Root<'n> {
    fields: Fields<'n>,
    annotations: HashMap<&'n str, usize>,
}

impl<'n> Root<'n> {
    pub(super) fn of(fields: Fields<'n>) -> Self {
        let annotations = match fields.find("annotations").map(|entry| &entry.value.content) {
            Some(NodeContent::Map(entries)) => {
                entries.iter().map(|entry| (entry.key.as_str(), entry.line)).collect()
            }
            _ => HashMap::new(),
        };
        Self { fields, annotations }
    }

    /// The line of an annotation or, if there is none, of the map that it belongs to.
    fn annotation(&self, key: &str) -> Option<usize> {
        let around = || self.fields.find("annotations").map(|entry| entry.line).or(self.fields.line);
        self.annotations.get(key).copied().or_else(around)
    }

    /// The line of the table key that an annotation comes from, or of the annotation itself.
    fn source(&self, reader: &MetadataReader<'_>, annotation: &str, table_key: &str) -> Option<usize> {
        let key = self.fields.find(table_key).filter(|_| reader.is_table()).map(|entry| entry.line);
        key.or_else(|| self.annotation(annotation))
    }
}

/// Adds the annotations that follow from keys of a table or from `[package]`. An annotation that contradicts its
/// source is an error.
pub(super) fn complete(
    reader: &mut MetadataReader<'_>,
    root: &Root<'_>,
    metadata: &mut Metadata,
    facts: &Facts,
) {
    if !reader.is_table() {
        return;
    }
    let mut text = |key: &str| {
        let entry = root.fields.find(key)?;
        reader.string(&root.fields, entry)
    };
    let title = text("title").unwrap_or_else(|| facts.name.clone());
    let registry = text("registry");
    let severity = text("severity");
    let category = text("category");
    // A title that cannot be a part of it is a finding of its own.
    let oci_url = registry
        .map(|registry| format!("{}/{title}", registry.trim_end_matches('/')))
        .filter(|url| kubernetes::check_name(&title).is_ok() || reference::check_repository(url).is_ok());
    let author = authors(reader, root, &facts.authors);
    let sources = [
        (key::TITLE, Some(title), "`title`, or the name of the package"),
        (key::VERSION, facts.version.clone(), "`version` of the package"),
        (key::DESCRIPTION, facts.description.clone(), "`description` of the package"),
        (key::AUTHOR, author, "`authors` of the package"),
        (key::LICENSE, facts.license.clone(), "`license` of the package"),
        (key::SOURCE, facts.repository.clone(), "`repository` of the package"),
        (key::URL, facts.homepage.clone(), "`homepage` of the package"),
        (key::OCI_URL, oci_url, "`registry`, and the title"),
        (key::SEVERITY, severity, "`severity`"),
        (key::CATEGORY, category, "`category`"),
    ];
    for (key, value, source) in sources {
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        if let Some(written) = metadata.annotations.get(key).filter(|written| **written != value) {
            let message = format!("annotation `{key}` is `{written}`, but {source} is `{value}`");
            reader.reader.error(
                FindingName::Contradiction,
                root.annotation(key),
                message,
                "remove the annotation: it is then filled in automatically",
            );
        }
        metadata.annotations.insert(key.to_owned(), value);
    }
    if let (None, Some(repository)) = (metadata.annotation(key::URL), facts.repository.clone()) {
        metadata.annotations.insert(key::URL.to_owned(), repository);
    }
}

/// Returns the authors as a list of email addresses. Artifact Hub refuses a list with a name that has no address.
fn authors(reader: &mut MetadataReader<'_>, root: &Root<'_>, authors: &[String]) -> Option<String> {
    let mut addresses = Vec::new();
    for author in authors {
        match author.split_once('<').map(|(name, mail)| (name.trim(), mail)) {
            // In an email header, a comma separates addresses, unless it is in quotes.
            Some((name, mail)) if name.contains([',', '"']) => {
                addresses.push(format!("\"{}\" <{mail}", name.replace('"', "'")))
            }
            Some((name, _)) if !name.is_empty() => addresses.push(author.clone()),
            _ => {
                let message = format!(
                    "author `{author}` is not a name with an email address, which Artifact Hub needs: it is left out"
                );
                reader.reader.warning(
                    FindingName::AuthorWithoutAddress,
                    root.fields.line,
                    message,
                    "write `authors = [\"Jane Doe <jane@example.com>\"]`",
                );
            }
        }
    }
    (!addresses.is_empty()).then(|| addresses.join(", "))
}

/// Checks the values that Kubewarden, its workflows or Artifact Hub read.
pub(super) fn check(reader: &mut MetadataReader<'_>, root: &Root<'_>, metadata: &Metadata, facts: &Facts) {
    title(reader, root, metadata, facts);
    version(reader, root, metadata, facts);
    if let Some(url) = metadata.annotation(key::OCI_URL)
        && let Err(reason) = reference::check_repository(url)
    {
        let place = root.source(reader, key::OCI_URL, "registry");
        let fix = "write registry and repository, such as `ghcr.io/acme/policies`: lower case, without scheme and tag";
        reader.reader.error(
            FindingName::InvalidOciUrl,
            place,
            format!("`{}` does not name a repository in a registry: {reason}", reference::without_login(url)),
            fix,
        );
    }
    if let Some(severity) =
        metadata.annotation(key::SEVERITY).filter(|severity| !SEVERITIES.contains(severity))
    {
        let place = root.source(reader, key::SEVERITY, "severity");
        reader.reader.warning(
            FindingName::UnknownSeverity,
            place,
            format!("unknown severity `{severity}`"),
            "write `info`, `low`, `medium`, `high` or `critical`",
        );
    }
    if let Some(author) = metadata.annotation(key::AUTHOR).filter(|author| addresses(author).is_none()) {
        let message = format!("`{author}` is not a list of email addresses as Artifact Hub reads it");
        reader.reader.warning(FindingName::InvalidAuthor, root.annotation(key::AUTHOR), message, "write `Jane Doe <jane@example.com>`, several separated by commas; a name with a comma goes in double quotes");
    }
    for key in [key::URL, key::SOURCE] {
        if let Some(url) = metadata.annotation(key).filter(|url| absolute_url(url).is_err()) {
            reader.reader.warning(
                FindingName::InvalidUrl,
                root.annotation(key),
                format!("`{url}` is not an absolute URL, which Artifact Hub needs"),
                "write the whole URL, such as `https://example.com/policy`",
            );
        }
    }
    if let Some(source) = metadata.annotation(key::SOURCE)
        && let Ok(url) = absolute_url(source)
        && source::is_on_github(&url)
        && source::github_repository(&url).is_none()
    {
        reader.reader.warning(
            FindingName::InvalidUrl,
            root.annotation(key::SOURCE),
            format!(
                "`{source}` is not in a repository: Artifact Hub gets no link to the module of a release"
            ),
            "write the URL of a repository, such as `https://github.com/acme/policy`",
        );
    }
    artifact_hub(reader, root, metadata);
}

/// Checks the values that only Artifact Hub reads.
fn artifact_hub(reader: &mut MetadataReader<'_>, root: &Root<'_>, metadata: &Metadata) {
    if let Some(keywords) = metadata.annotation(key::KEYWORDS)
        && keywords.split(',').any(|keyword| keyword.trim().is_empty())
    {
        reader.reader.warning(
            FindingName::InvalidKeywords,
            root.annotation(key::KEYWORDS),
            "there is an empty keyword: Artifact Hub refuses the list",
            "separate the keywords by single commas",
        );
    }
    if let Some(hidden) =
        metadata.annotation(key::HIDDEN_UI).filter(|hidden| !["true", "false"].contains(hidden))
    {
        reader.reader.warning(
            FindingName::InvalidHiddenUi,
            root.annotation(key::HIDDEN_UI),
            format!("`{hidden}` is neither `true` nor `false`"),
            "write one of the two",
        );
    }
}

/// Whether the title can name the Kubernetes resource that deploys the policy.
fn title(reader: &mut MetadataReader<'_>, root: &Root<'_>, metadata: &Metadata, facts: &Facts) {
    let Some(title) = metadata.annotation(key::TITLE) else {
        if let Err(reason) = kubernetes::check_name(&facts.name) {
            let message = format!(
                "there is no title, and `{}` cannot name a Kubernetes resource: {reason}",
                facts.name
            );
            reader.reader.warning(
                FindingName::MissingTitle,
                root.fields.find("annotations").map(|entry| entry.line).or(root.fields.line),
                message,
                format!("add the annotation `{}`", key::TITLE),
            );
        }
        return;
    };
    let Err(reason) = kubernetes::check_name(title) else { return };
    let place = root.source(reader, key::TITLE, "title");
    let name = match kubernetes::propose_name(title) {
        Some(name) => format!("write `{name}`"),
        None => "write lower-case letters, digits and `-`".to_owned(),
    };
    let fix = format!("{name}; a title for people goes into the annotation `io.artifacthub.displayName`");
    reader.reader.warning(
        FindingName::InvalidTitle,
        place,
        format!("the title `{title}` cannot name a Kubernetes resource: {reason}"),
        fix,
    );
}

fn version(reader: &mut MetadataReader<'_>, root: &Root<'_>, metadata: &Metadata, facts: &Facts) {
    let line = root.annotation(key::VERSION);
    let Some(version) = metadata.annotation(key::VERSION) else { return };
    match semver::Version::parse(version) {
        Err(error) => {
            let fix = match version.strip_prefix('v') {
                Some(rest) if semver::Version::parse(rest).is_ok() => {
                    format!("write `{rest}`: the `v` belongs to the tag only")
                }
                _ => "write three numbers, such as `0.1.0`".to_owned(),
            };
            reader.reader.error(
                FindingName::InvalidVersion,
                line,
                format!("`{version}` is not a semantic version: {error}"),
                fix,
            );
            return;
        }
        Ok(version) if !version.build.is_empty() => {
            reader.reader.warning(
                FindingName::VersionWithBuild,
                line,
                format!("`{version}` cannot be a tag in a registry: `+` is not allowed there"),
                "remove the `+` and what follows it",
            );
        }
        Ok(_) => {}
    }
    if reader.is_table() {
        return;
    }
    if let Some(facts_version) = facts.version.as_deref().filter(|facts_version| *facts_version != version) {
        let file = facts.file.display();
        let message = format!(
            "annotation `{}` is `{version}`, but `{file}` has `version = \"{facts_version}\"`",
            key::VERSION
        );
        reader.reader.error(FindingName::VersionMismatch, line, message, format!("write the same version in both, or move the metadata to `[package.metadata.kubewarden]` in `{file}`, which needs no second version"));
        return;
    }
    // Kubewarden's release workflows use the second word of the first line with this key.
    let written =
        reader.document.yaml_text().and_then(|text| text.lines().find(|line| line.contains(key::VERSION)));
    let word = written.and_then(|line| line.split_whitespace().nth(1)).map(|word| word.replace('"', ""));
    if word.is_some_and(|word| word != version) {
        reader.reader.warning(FindingName::VersionLine, line, "Kubewarden's release workflows would not find the version here", format!("write `{}: {version}` on a line of its own, without single quotes, and do not mention the key before it", key::VERSION));
    }
}

/// Parses a URL with a host. The error says what is wrong, as a continuation of "is".
pub(crate) fn absolute_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if url.has_host() => Ok(url),
        Ok(_) => Err("not an absolute URL: it has no host".to_owned()),
        Err(error) => Err(format!("not an absolute URL: {error}")),
    }
}

/// The names and email addresses of a list such as `Name <mail>, "Last, First" <mail>`; `None` when an address lacks
/// its name or is not one.
pub(crate) fn addresses(text: &str) -> Option<Vec<(String, String)>> {
    let mut quoted = false;
    let addresses = text.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    let word =
        |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "<>@".contains(c));
    addresses
        .map(|address| {
            let (name, mail) = address.trim().split_once('<')?;
            let mail = mail.strip_suffix('>')?;
            let (user, host) = mail.split_once('@')?;
            let name = name.trim().trim_matches('"').trim();
            (!name.is_empty() && word(user) && word(host)).then(|| (name.to_owned(), mail.to_owned()))
        })
        .collect()
}
