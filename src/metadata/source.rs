//! Where the sources of a policy are, and what follows from it.

use url::Url;

/// Paths of GitHub that are not those of users or organizations.
const NOT_OWNERS: [&str; 8] =
    ["apps", "collections", "marketplace", "orgs", "settings", "sponsors", "topics", "users"];

/// Is it a URL of GitHub's pages or repositories?
pub(super) fn is_on_github(source: &Url) -> bool {
    matches!(source.host_str(), Some("github.com" | "www.github.com"))
}

/// The page of the repository on GitHub that a URL is in, such as `https://github.com/acme/policies` for
/// `git+https://github.com/acme/policies.git?tab=readme` and `https://github.com/acme/policies/tree/main/one`. `None` for
/// a URL elsewhere, or above repositories.
pub(crate) fn github_repository(source: &Url) -> Option<String> {
    let mut parts = source.path().split('/').filter(|part| !part.is_empty());
    let (owner, name) = (parts.next()?, parts.next()?);
    let name = name.strip_suffix(".git").unwrap_or(name);
    let is_repository = is_on_github(source) && !NOT_OWNERS.contains(&owner) && !name.is_empty();
    is_repository.then(|| format!("https://github.com/{owner}/{name}"))
}

/// The same place as a browser opens it: `https://` for `git+https://`.
pub(crate) fn browsable(source: &Url) -> String {
    let text = source.as_str();
    text.strip_prefix("git+").filter(|rest| rest.starts_with("http")).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_in_any_of_its_urls() {
        for source in [
            "https://github.com/a/p",
            "https://github.com/a/p/",
            "https://github.com//a//p",
            "https://github.com/a/p.git",
            "https://github.com/a/p.git/",
            "https://github.com/a/p?tab=readme-ov-file",
            "https://github.com/a/p#readme",
            "https://github.com/a/p/tree/main/x",
            "https://github.com/a/p/blob/main/x/README.md?plain=1#L3",
            "https://www.github.com/a/p",
            "http://github.com/a/p",
            "https://GitHub.com/a/p",
            "https://user@github.com/a/p",
            "git+https://github.com/a/p.git",
            "git://github.com/a/p.git",
            "ssh://git@github.com/a/p.git",
            "git+ssh://git@github.com/a/p.git#main",
        ] {
            let url = Url::parse(source).unwrap();
            assert_eq!(github_repository(&url).as_deref(), Some("https://github.com/a/p"), "{source}");
        }
    }

    #[test]
    fn what_is_not_in_a_repository_on_github_has_none() {
        for source in [
            "https://github.com",
            "https://github.com/a",
            "https://github.com/a/",
            "https://github.com/a/.git",
            "https://github.com/orgs/a/repositories",
            "https://gitlab.com/a/p",
            "https://gist.github.com/a/1",
            "https://github.com.example.com/a/p",
            "https://example.com/github.com/a/p",
        ] {
            assert_eq!(github_repository(&Url::parse(source).unwrap()), None, "{source}");
        }
    }

    #[test]
    fn a_browser_opens_https() {
        for (source, expected) in [
            ("git+https://github.com/a/p.git", "https://github.com/a/p.git"),
            ("https://example.com/a", "https://example.com/a"),
            ("git+ssh://git@example.com/a", "git+ssh://git@example.com/a"),
        ] {
            assert_eq!(browsable(&Url::parse(source).unwrap()), expected);
        }
    }
}
