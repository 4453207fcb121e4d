//! Annotations: those a table leaves to `[package]`, and what their values must look like.

use super::document::{Steps, at};
use super::read::Facts;
use super::reader::{Reader, annotation};
use super::{Metadata, SEVERITIES, key};
use crate::finding::FindingName;
use crate::kubernetes;

/// Adds the annotations that a table says in other words, or that `[package]` says. Everything is written once: an
/// annotation that contradicts its source is an error.
pub(super) fn complete(reader: &mut Reader<'_>, metadata: &mut Metadata, facts: &Facts) {
    if !reader.document.is_table() {
        return;
    }
    let text = |reader: &mut Reader<'_>, key: &str| match reader.document.read::<String>(&at![key]) {
        Ok(text) => text,
        Err(_) => {
            reader.error(
                FindingName::WrongType,
                &at![key],
                format!("`{key}` must be text"),
                format!("write `{key} = \"…\"`"),
            );
            None
        }
    };
    let title = text(reader, "title").unwrap_or_else(|| facts.name.clone());
    let oci_url =
        text(reader, "registry").map(|registry| format!("{}/{title}", registry.trim_end_matches('/')));
    let severity = text(reader, "severity");
    let category = text(reader, "category");
    let author = authors(reader, &facts.authors);
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
            let message = format!("annotation `{key}` says `{written}`, but {source} says `{value}`");
            reader.error(
                FindingName::Contradiction,
                &annotation(key),
                message,
                "remove the annotation: everything about a policy is written once",
            );
        }
        metadata.annotations.insert(key.to_owned(), value);
    }
    if let (None, Some(repository)) = (metadata.annotation(key::URL), facts.repository.clone()) {
        metadata.annotations.insert(key::URL.to_owned(), repository);
    }
}

/// The authors as a list of mail addresses. Artifact Hub refuses the whole list for one name without an address.
fn authors(reader: &mut Reader<'_>, authors: &[String]) -> Option<String> {
    let mut addresses = Vec::new();
    for author in authors {
        match author.split_once('<').map(|(name, mail)| (name.trim(), mail)) {
            // In a mail header a comma separates addresses, unless it is in quotes.
            Some((name, mail)) if name.contains([',', '"']) => {
                addresses.push(format!("\"{}\" <{mail}", name.replace('"', "'")))
            }
            Some((name, _)) if !name.is_empty() => addresses.push(author.clone()),
            _ => {
                let message = format!(
                    "author `{author}` has no name with a mail address, which Artifact Hub needs: left out"
                );
                reader.warning(
                    FindingName::AuthorWithoutAddress,
                    &[],
                    message,
                    "write `authors = [\"Jane Doe <jane@example.com>\"]`",
                );
            }
        }
    }
    (!addresses.is_empty()).then(|| addresses.join(", "))
}

/// Checks the values that something in Kubewarden, its workflows or Artifact Hub reads.
pub(super) fn check(reader: &mut Reader<'_>, metadata: &Metadata, facts: &Facts) {
    let title_is_good = title(reader, metadata, facts);
    version(reader, metadata, facts);
    // In a table the title is a part of it, and one mistake is one finding.
    if let Some(url) =
        metadata.annotation(key::OCI_URL).filter(|_| title_is_good || !reader.document.is_table())
        && let Err(reason) = check_repository(url)
    {
        let place = source(reader, key::OCI_URL, "registry");
        let fix = "write registry and repository, such as `ghcr.io/acme/policies`: lower case, without scheme and tag";
        reader.error(
            FindingName::InvalidOciUrl,
            &place,
            format!("`{url}` does not name a repository in a registry: {reason}"),
            fix,
        );
    }
    if let Some(severity) =
        metadata.annotation(key::SEVERITY).filter(|severity| !SEVERITIES.contains(severity))
    {
        let place = source(reader, key::SEVERITY, "severity");
        reader.warning(
            FindingName::UnknownSeverity,
            &place,
            format!("`{severity}` is no severity that reports know"),
            "write `info`, `low`, `medium`, `high` or `critical`",
        );
    }
    if let Some(author) = metadata.annotation(key::AUTHOR).filter(|author| addresses(author).is_none()) {
        let message = format!("`{author}` is no list of mail addresses, as Artifact Hub reads it");
        reader.warning(FindingName::InvalidAuthor, &annotation(key::AUTHOR), message, "write `Jane Doe <jane@example.com>`, several separated by commas; a name with a comma goes in double quotes");
    }
    for key in [key::URL, key::SOURCE] {
        if let Some(url) = metadata.annotation(key).filter(|url| !is_absolute_url(url)) {
            reader.warning(
                FindingName::InvalidUrl,
                &annotation(key),
                format!("`{url}` is no absolute URL, as Artifact Hub wants it"),
                "write the whole URL, such as `https://example.com/policy`",
            );
        }
    }
    if let Some(keywords) = metadata.annotation(key::KEYWORDS)
        && keywords.split(',').any(|keyword| keyword.trim().is_empty())
    {
        reader.warning(
            FindingName::InvalidKeywords,
            &annotation(key::KEYWORDS),
            "there is an empty keyword: Artifact Hub refuses the list",
            "separate the keywords by single commas",
        );
    }
    if let Some(hidden) =
        metadata.annotation(key::HIDDEN_UI).filter(|hidden| !["true", "false"].contains(hidden))
    {
        reader.warning(
            FindingName::InvalidHiddenUi,
            &annotation(key::HIDDEN_UI),
            format!("`{hidden}` is neither `true` nor `false`"),
            "write one of the two",
        );
    }
}

/// The title names the Kubernetes resource that deploys the policy: can it?
fn title(reader: &mut Reader<'_>, metadata: &Metadata, facts: &Facts) -> bool {
    let Some(title) = metadata.annotation(key::TITLE) else {
        if let Err(reason) = kubernetes::check_name(&facts.name) {
            let message = format!(
                "there is no title, and `{}` cannot name a Kubernetes resource: {reason}",
                facts.name
            );
            reader.warning(
                FindingName::MissingTitle,
                &at!["annotations"],
                message,
                format!("add the annotation `{}`", key::TITLE),
            );
        }
        return true;
    };
    let Err(reason) = kubernetes::check_name(title) else { return true };
    let place = source(reader, key::TITLE, "title");
    let name = match kubernetes::propose_name(title) {
        Some(name) => format!("write `{name}`"),
        None => "write lower-case letters, digits and `-`".to_owned(),
    };
    let fix = format!("{name}; a title for people goes into the annotation `io.artifacthub.displayName`");
    reader.error(
        FindingName::InvalidTitle,
        &place,
        format!("the title `{title}` cannot name a Kubernetes resource: {reason}"),
        fix,
    );
    false
}

fn version(reader: &mut Reader<'_>, metadata: &Metadata, facts: &Facts) {
    let path = annotation(key::VERSION);
    let Some(version) = metadata.annotation(key::VERSION) else { return };
    match semver::Version::parse(version) {
        Err(error) => {
            let fix = match version.strip_prefix('v') {
                Some(rest) if semver::Version::parse(rest).is_ok() => {
                    format!("write `{rest}`: the `v` belongs to the tag only")
                }
                _ => "write three numbers, such as `0.1.0`".to_owned(),
            };
            reader.error(
                FindingName::InvalidVersion,
                &path,
                format!("`{version}` is no semantic version: {error}"),
                fix,
            );
            return;
        }
        Ok(version) if !version.build.is_empty() => {
            reader.warning(
                FindingName::VersionWithBuild,
                &path,
                format!("`{version}` cannot be a tag in a registry: `+` is not allowed there"),
                "remove the `+` and what follows it",
            );
        }
        Ok(_) => {}
    }
    if reader.document.is_table() {
        return;
    }
    if let Some(facts_version) = facts.version.as_deref().filter(|facts_version| *facts_version != version) {
        let file = facts.file.display();
        let message = format!(
            "annotation `{}` says `{version}`, but `{file}` says `version = \"{facts_version}\"`",
            key::VERSION
        );
        reader.error(FindingName::VersionMismatch, &path, message, format!("write the same version in both, or move the metadata to `[package.metadata.kubewarden]` in `{file}`, which needs no second version"));
        return;
    }
    // The release workflows of Kubewarden take the second word of the first line with this key.
    let line = reader.document.text().lines().find(|line| line.contains(key::VERSION));
    let word = line.and_then(|line| line.split_whitespace().nth(1)).map(|word| word.replace('"', ""));
    if word.is_some_and(|word| word != version) {
        reader.warning(FindingName::VersionLine, &path, "Kubewarden's release workflows would not find the version here", format!("write `{}: {version}` on a line of its own, without single quotes, and name the key nowhere before it", key::VERSION));
    }
}

/// The place of an annotation, or of the key of a table that it comes from.
fn source(reader: &Reader<'_>, annotation_key: &str, table_key: &str) -> Steps {
    if reader.document.is_table() && reader.document.keys(&at![]).iter().any(|key| key == table_key) {
        return at![table_key].into();
    }
    annotation(annotation_key)
}

/// Is this `registry/repository`, without scheme, tag and digest? Source: OCI distribution specification, "Pulling
/// manifests"; the first part may be a host with a port.
pub(crate) fn check_repository(text: &str) -> Result<(), &'static str> {
    if text.contains("://") {
        return Err("it has a scheme");
    }
    if text.contains('@') {
        return Err("it has a digest");
    }
    let parts: Vec<&str> = text.split('/').collect();
    let is_host = |part: &str| parts.len() > 1 && (part.contains(['.', ':']) || part == "localhost");
    for (index, part) in parts.iter().enumerate() {
        if part.chars().any(char::is_uppercase) {
            return Err("it has upper-case letters");
        }
        if index == 0 && is_host(part) {
            let (host, port) = part.split_once(':').unwrap_or((part, "0"));
            if host.is_empty()
                || !host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
                || port.parse::<u16>().is_err()
            {
                return Err("its first part is no host");
            }
            continue;
        }
        if part.contains(':') {
            return Err("it has a tag");
        }
        let separator = |c: char| "._-".contains(c);
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if part.is_empty() || part.starts_with(separator) || part.ends_with(separator) {
            return Err("a part of it is empty, or starts or ends with a separator");
        }
        if !part.chars().all(|c| letters(c) || separator(c)) || part.contains("..") || part.contains("___") {
            return Err(
                "a part of it has other characters than lower-case letters, digits, `.`, `_` and `-`",
            );
        }
    }
    Ok(())
}

fn is_absolute_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !rest.contains(char::is_whitespace)
}

/// The names and mail addresses of a list such as `Name <mail>, "Last, First" <mail>`; `None` when an address lacks its
/// name or is none.
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
