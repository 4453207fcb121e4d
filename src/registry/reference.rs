//! Names of policies in registries.

use std::str::FromStr;

use oci_client::Reference;

/// `host/repository`, with a tag, a digest, both or none, as it was typed: nothing is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedReference {
    reference: Reference,
    /// `None` where no tag was typed.
    tag: Option<String>,
}

impl FromStr for TypedReference {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let text = typed.strip_prefix("registry://").unwrap_or(typed);
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!("`{scheme}://` is no registry: write `host/repository:tag`"));
        }
        let reference = parse_reference(text)?;
        let behind_host = text.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let tag = behind_host.contains(':').then(|| reference.tag().map(str::to_owned)).flatten();
        Ok(Self { reference, tag })
    }
}

/// May it be a tag? Source: OCI distribution specification, "Pulling manifests".
pub fn is_tag(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (1..=128).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with(['.', '-'])
}

impl TypedReference {
    /// What was typed.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// With this tag where none was typed.
    pub fn with_default_tag(self, tag: Option<&str>) -> Reference {
        match (tag, &self.tag, self.reference.digest()) {
            (Some(tag), None, None) => Reference::with_tag(
                self.reference.registry().to_owned(),
                self.reference.repository().to_owned(),
                tag.to_owned(),
            ),
            _ => self.reference,
        }
    }
}

/// Could this be a reference to a registry rather than a file? It needs a scheme, or a host in front.
pub fn looks_like_reference(typed: &str) -> bool {
    if typed.starts_with("registry://") {
        return true;
    }
    let Some((host, rest)) = typed.split_once('/') else { return false };
    let is_host = host.contains(['.', ':']) && !host.starts_with('.') || host == "localhost";
    is_host && !rest.is_empty() && parse_reference(typed).is_ok()
}

pub(super) fn parse_reference(text: &str) -> Result<Reference, String> {
    if text.chars().any(char::is_whitespace) {
        return Err("there is a space in it: write `host/repository:tag`".to_owned());
    }
    text.parse::<Reference>().map_err(|error| format!("{error}: write `host/repository:tag`, in lower case"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_was_typed_is_kept() {
        let whole = |typed: &str, tag| typed.parse::<TypedReference>().unwrap().with_default_tag(tag).whole();
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(whole("localhost:5000/a/b", Some("v1.0.0")), "localhost:5000/a/b:v1.0.0");
        assert_eq!(whole("localhost:5000/a/b:latest", Some("v1.0.0")), "localhost:5000/a/b:latest");
        assert_eq!(whole("registry://ghcr.io/a/b", None), "ghcr.io/a/b:latest");
        assert_eq!(whole(&format!("ghcr.io/a/b@{digest}"), Some("v1.0.0")), format!("ghcr.io/a/b@{digest}"));
        for wrong in ["", "https://ghcr.io/a/b", "ghcr.io/A/b", "ghcr.io/a b"] {
            assert!(wrong.parse::<TypedReference>().is_err(), "{wrong}");
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
        ] {
            assert!(!looks_like_reference(file), "{file}");
        }
    }

    #[test]
    fn a_name_without_a_host_is_one_of_docker() {
        let reference = "busybox".parse::<TypedReference>().unwrap().with_default_tag(None);
        assert_eq!(reference.whole(), "docker.io/library/busybox:latest");
        assert_eq!(reference.resolve_registry(), "index.docker.io");
        let reference = "acme/demo:v1".parse::<TypedReference>().unwrap().with_default_tag(Some("v2"));
        assert_eq!(reference.whole(), "docker.io/acme/demo:v1");
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
