//! Names of policies in registries: a host and a repository, with a tag, a digest, both or neither.
//!
//! Sources: OCI distribution specification 1.1, "Pulling manifests"; Docker's rules for names without a host.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// The registry of a name without a host.
const DOCKER: &str = "docker.io";
/// The host of that registry, which is also an older name of it.
const DOCKER_HOST: &str = "index.docker.io";
const MAX_REPOSITORY_CHARS: usize = 255;

/// `host/repository`, with the tag and the digest that were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// The name of the registry: a host, with its port if it has one.
    pub(crate) fn registry(&self) -> &str {
        &self.registry
    }

    /// The host to connect to, with its port if it has one.
    pub(crate) fn host(&self) -> &str {
        if self.registry == DOCKER { DOCKER_HOST } else { &self.registry }
    }

    /// The repository in the registry.
    pub(crate) fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if there is one.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The digest or tag of the manifest in the repository.
    pub(crate) fn manifest(&self) -> &str {
        self.digest().or(self.tag()).unwrap_or("latest")
    }

    /// Adds a tag, unless there is a tag or a digest.
    pub(crate) fn with_default_tag(mut self, tag: &str) -> Self {
        if self.digest.is_none() {
            self.tag.get_or_insert_with(|| tag.to_owned());
        }
        self
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        parse(typed.strip_prefix("registry://").unwrap_or(typed))
            .map_err(|reason| format!("{reason}: write `host/repository:tag`"))
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!("`{scheme}://` is not the scheme of a registry"));
    }
    if has_login(text) {
        return Err("a reference has neither user nor password, which come from `docker login`".to_owned());
    }
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest)),
        None => (text, None),
    };
    digest.map(str::parse::<Digest>).transpose()?;
    let last_part = text.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match text[last_part..].find(':') {
        Some(colon) => (&text[..last_part + colon], Some(&text[last_part + colon + 1..])),
        None => (text, None),
    };
    if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
        return Err(format!("`{tag}` is not a valid tag"));
    }
    let (registry, repository) = split_name(name)?;
    let owned = |part: Option<&str>| part.map(str::to_owned);
    Ok(Reference { registry, repository, tag: owned(tag), digest: owned(digest) })
}

/// Splits a name into registry and repository. A name without a host belongs to Docker's own registry.
fn split_name(name: &str) -> Result<(String, String), String> {
    let (registry, repository) = match name.split_once('/') {
        Some((host, repository)) if is_host(host) => (host, repository),
        _ => (DOCKER, name),
    };
    check_host(registry)?;
    check_parts(repository)?;
    let registry = if registry == DOCKER_HOST { DOCKER } else { registry };
    let repository = match registry == DOCKER && !repository.contains('/') {
        true => format!("library/{repository}"),
        false => repository.to_owned(),
    };
    Ok((registry.to_owned(), repository))
}

/// Whether the first part of a name is a host, rather than a part of the repository.
pub(crate) fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
}

fn check_host(host: &str) -> Result<(), String> {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_label = |label: &str| {
        label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_port = port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok();
    match name.split('.').all(is_label) && is_port {
        true => Ok(()),
        false => Err(format!("`{host}` is not a valid host")),
    }
}

fn check_parts(repository: &str) -> Result<(), String> {
    if repository.len() > MAX_REPOSITORY_CHARS {
        return Err(format!("the repository is longer than {MAX_REPOSITORY_CHARS} characters"));
    }
    match repository.split('/').find(|part| !is_part(part)) {
        None => Ok(()),
        Some("") => Err("a part of the repository is empty".to_owned()),
        Some(part) if part.contains(|c: char| c.is_ascii_uppercase()) => {
            Err(format!("the repository has upper-case letters in `{part}`"))
        }
        Some(part) => Err(format!(
            "`{part}` in the repository is not made of lower-case letters and digits, separated by `.`, `_`, `__` or `-`"
        )),
    }
}

/// Whether a part is made of lower-case letters and digits, separated by `.`, `_`, `__`, or any number of `-`.
fn is_part(part: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_separator = |text: &str| matches!(text, "" | "." | "_" | "__") || text.chars().all(|c| c == '-');
    part.starts_with(is_letter) && part.ends_with(is_letter) && part.split(is_letter).all(is_separator)
}

/// Fails unless `text` is only `host/repository`, without scheme, tag and digest.
pub(crate) fn check_repository(text: &str) -> Result<(), String> {
    if text.contains("://") {
        return Err("it has a scheme".to_owned());
    }
    match parse(text)? {
        Reference { digest: Some(_), .. } => Err("it has a digest".to_owned()),
        Reference { tag: Some(_), .. } => Err("it has a tag".to_owned()),
        _ => Ok(()),
    }
}

/// Whether a reference that was typed has something before an `@` that may be a password, which must not be repeated.
pub(crate) fn has_login(typed: &str) -> bool {
    typed.rsplit_once('@').is_some_and(|(_, rest)| {
        let is_digest = ["sha", "md5"].iter().any(|algorithm| rest.starts_with(algorithm));
        rest.contains('/') || !is_digest
    })
}

/// What was typed as a reference, for messages: without what may be a password.
pub(crate) fn without_login(typed: &str) -> String {
    match typed.rsplit_once('@').filter(|_| has_login(typed)) {
        Some((_, rest)) => format!("[login]@{rest}"),
        None => typed.to_owned(),
    }
}

/// Whether `text` can be a tag.
pub(crate) fn is_tag(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=128).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with(['.', '-'])
}

/// Whether `typed`, which is not a file, can be a reference: it has the scheme, or starts with a host. What ends like a
/// module is a misspelt file.
pub(crate) fn looks_like_reference(typed: &str) -> bool {
    if typed.starts_with("registry://") {
        return true;
    }
    let first = typed.split('/').next().unwrap_or_default();
    if first.split_once('@').is_some_and(|(login, _)| login.contains(':')) {
        return true;
    }
    let Some((host, rest)) = typed.split_once('/') else { return false };
    let is_module = rest.to_ascii_lowercase().ends_with(".wasm");
    is_host(host) && !host.starts_with('.') && !is_module && typed.parse::<Reference>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_what_was_typed() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for typed in [
            "localhost:5000/a/b",
            "localhost:5000/a/b:latest",
            "localhost/a",
            "Ghcr.io/a/b-c--d/e__f.g_h:v1.0.0-rc.1",
            &format!("ghcr.io/a/b@{digest}"),
            &format!("ghcr.io/a/b:v1@{digest}"),
        ] {
            assert_eq!(typed.parse::<Reference>().unwrap().to_string(), typed);
            assert_eq!(format!("registry://{typed}").parse::<Reference>().unwrap().to_string(), typed);
        }
    }

    #[test]
    fn a_default_tag_does_not_replace_a_tag_or_a_digest() {
        let with_tag = |typed: &str| typed.parse::<Reference>().unwrap().with_default_tag("v1").to_string();
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(with_tag("localhost:5000/a/b"), "localhost:5000/a/b:v1");
        assert_eq!(with_tag("localhost:5000/a/b:latest"), "localhost:5000/a/b:latest");
        assert_eq!(with_tag(&format!("ghcr.io/a/b@{digest}")), format!("ghcr.io/a/b@{digest}"));
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_named() {
        for (wrong, reason) in [
            ("", "a part of the repository is empty"),
            ("ghcr.io/", "a part of the repository is empty"),
            ("ghcr.io/a//b", "a part of the repository is empty"),
            ("https://ghcr.io/a/b", "`https://` is not the scheme of a registry"),
            ("ghcr.io/A/b", "the repository has upper-case letters in `A`"),
            ("Acme/b", "the repository has upper-case letters in `Acme`"),
            ("ghcr.io/a/b:", "`` is not a valid tag"),
            ("ghcr.io/a/b:ü", "`ü` is not a valid tag"),
            ("ghcr.io/a/b:c:d", "`c:d` is not a valid tag"),
            ("[::1]:5000/a", "`[::1]:5000` is not a valid host"),
            ("ghcr..io/a", "`ghcr..io` is not a valid host"),
            ("ghcr.io:99999/a", "`ghcr.io:99999` is not a valid host"),
            ("ghcr.io:+1/a", "`ghcr.io:+1` is not a valid host"),
            ("-ghcr.io/a", "`-ghcr.io` is not a valid host"),
            ("ghcr.io/a@md5:00", "`md5:00` is not a SHA-2 digest such as `sha256:…`"),
            (
                "jane:s3cret@ghcr.io/a",
                "a reference has neither user nor password, which come from `docker login`",
            ),
            (
                "jane:s3/cr@et@ghcr.io",
                "a reference has neither user nor password, which come from `docker login`",
            ),
            ("ghcr.io/a@sha256:00", "`sha256:00` does not have 64 hexadecimal digits"),
        ] {
            let expected = format!("{reason}: write `host/repository:tag`");
            assert_eq!(wrong.parse::<Reference>(), Err(expected), "{wrong}");
        }
        for part in ["a b", "a/.b", "a/b-", "a/b..c", "a/b___c", "a/b._c", "a/ä"] {
            let error = format!("ghcr.io/{part}").parse::<Reference>().unwrap_err();
            assert!(error.contains("is not made of lower-case letters and digits"), "{part}: {error}");
        }
        assert!(format!("ghcr.io/{}", "a".repeat(255)).parse::<Reference>().is_ok());
        assert!(format!("ghcr.io/{}", "a".repeat(256)).parse::<Reference>().is_err());
    }

    #[test]
    fn a_repository_has_neither_scheme_nor_tag_nor_digest() {
        for repository in ["ghcr.io/acme/demo", "localhost:5000/demo", "acme/demo", "demo"] {
            assert_eq!(check_repository(repository), Ok(()), "{repository}");
        }
        let digest = format!("ghcr.io/a/b:v1@sha256:{}", "a".repeat(64));
        for (wrong, reason) in [
            ("https://ghcr.io/a/b:v1", "it has a scheme"),
            ("registry://ghcr.io/a/b", "it has a scheme"),
            ("ghcr.io/a/b:v1", "it has a tag"),
            (&digest, "it has a digest"),
            ("ghcr.io/Acme/b", "the repository has upper-case letters in `Acme`"),
            ("ghcr.io:v1/a", "`ghcr.io:v1` is not a valid host"),
        ] {
            assert_eq!(check_repository(wrong), Err(reason.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn a_name_without_a_host_is_one_of_docker() {
        for (typed, whole) in [
            ("busybox", "docker.io/library/busybox"),
            ("busybox:5000", "docker.io/library/busybox:5000"),
            ("docker.io/busybox", "docker.io/library/busybox"),
            ("index.docker.io/acme/demo", "docker.io/acme/demo"),
            ("acme/demo:v1", "docker.io/acme/demo:v1"),
        ] {
            let reference = typed.parse::<Reference>().unwrap();
            assert_eq!((reference.to_string().as_str(), reference.host()), (whole, "index.docker.io"));
        }
    }

    #[test]
    fn files_and_references_are_told_apart() {
        for reference in
            ["registry://busybox", "ghcr.io/a/b:v1", "localhost:5000/a", "localhost/a", "127.0.0.1:5000/a"]
        {
            assert!(looks_like_reference(reference), "{reference}");
        }
        for file in [
            "policy.wasm",
            "./policy.wasm",
            "../a.b/policy.wasm",
            "target/policy.wasm",
            "/tmp/a.wasm",
            "a.b",
            "C:\\a\\b.wasm",
            "C:/a/b.wasm",
            "c:/a/b.wasm",
            "my.folder/policy.wasm",
            "demo-0.1.0/Policy.WASM",
        ] {
            assert!(!looks_like_reference(file), "{file}");
        }
    }

    #[test]
    fn a_password_in_a_reference_is_recognized() {
        for typed in
            ["jane:s3cret@ghcr.io/a/b", "jane@ghcr.io/a", "registry://jane:s3cret@ghcr.io", "a:b@c@d/e"]
        {
            assert!(has_login(typed), "{typed}");
        }
        for typed in ["ghcr.io/a/b:v1@sha256:00", "busybox@sha512:00", "a@md5:0", "ghcr.io/a"] {
            assert!(!has_login(typed), "{typed}");
        }
    }

    #[test]
    fn tags_are_those_of_the_specification() {
        for tag in ["v1.0.0", "latest", "_", "v1.0.0-rc.1"] {
            assert!(is_tag(tag), "{tag}");
        }
        for wrong in ["", "v1.0.0+build", ".a", "-a", "a/b", "ä", &"a".repeat(129)] {
            assert!(!is_tag(wrong), "{wrong}");
        }
    }
}
