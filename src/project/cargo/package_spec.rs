//! The specs that select packages: a name, a glob, or another form of `cargo help pkgid`.

use cargo_metadata::Package;

use crate::fs;

/// Whether a spec selects this package.
pub(crate) fn matches(typed: &str, package: &Package) -> bool {
    if let Some((_, place)) = typed.split_once("file://") {
        let (path, fragment) = place.split_once('#').map_or((place, ""), |(path, fragment)| (path, fragment));
        let place = fs::path_of_url(&format!("file://{path}")).unwrap_or_else(|| path.into());
        let same_place = place.canonicalize().is_ok_and(|path| {
            fs::folder_of(package.manifest_path.as_std_path())
                .canonicalize()
                .is_ok_and(|folder| folder == path)
        });
        return same_place
            && (fragment.is_empty() || is_version(fragment, package) || matches(fragment, package));
    }
    let (pattern, version) = match typed.split_once(['@', ':']) {
        Some((pattern, version)) => (pattern, Some(version)),
        None => (typed, None),
    };
    let name = package.name.as_str();
    let named = pattern == name || glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(name));
    named && version.is_none_or(|version| is_version(version, package))
}

/// Whether a spec selects this version: `1`, `1.2` and `1.2.3` all select version 1.2.3.
fn is_version(typed: &str, package: &Package) -> bool {
    let version = package.version.to_string();
    version.strip_prefix(typed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether one of the specs selects this package.
pub(crate) fn is_any_of(typed: &[String], package: &Package) -> bool {
    typed.iter().any(|typed| matches(typed, package))
}
