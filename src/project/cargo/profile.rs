//! The profile that policies are compiled with.

use std::path::Path;

use toml_edit::DocumentMut;

use super::configuration::CargoConfiguration;
use crate::fs;

/// Name of the profile that is used unless another one is named.
pub(super) const POLICY: &str = "policy";

/// Small, and quick to start, since each request starts the policy anew.
const SETTINGS: [(&str, &str); 6] = [
    ("inherits", "\"release\""),
    ("opt-level", "\"s\""),
    ("lto", "true"),
    ("codegen-units", "1"),
    ("panic", "\"abort\""),
    ("strip", "true"),
];

/// The arguments that give cargo the profile. A workspace that defines it has the last word, and so has each setting of it
/// in cargo's configuration or in the environment.
pub(super) fn arguments(workspace_root: &Path, configuration: &CargoConfiguration) -> Vec<String> {
    if is_defined_in(&workspace_root.join("Cargo.toml")) {
        return Vec::new();
    }
    let is_set = |key: &str| {
        let variable = format!("CARGO_PROFILE_POLICY_{}", key.to_uppercase().replace('-', "_"));
        configuration.get(&["profile", POLICY, key]).is_some() || std::env::var_os(variable).is_some()
    };
    let missing = SETTINGS.iter().filter(|(key, _)| !is_set(key));
    missing.map(|(key, value)| format!("--config=profile.{POLICY}.{key}={value}")).collect()
}

/// A manifest that cannot be read is reported by cargo.
fn is_defined_in(manifest: &Path) -> bool {
    let document = fs::find_text(manifest).ok().flatten().and_then(|text| text.parse::<DocumentMut>().ok());
    document.is_some_and(|document| document.get("profile").and_then(|it| it.get(POLICY)).is_some())
}
