//! Where credentials are looked for.

use std::path::PathBuf;

use super::config::LookupRules;

/// Where credentials are looked for; by default nowhere.
#[derive(Debug, Default)]
pub struct CredentialSources {
    /// The value of `DOCKER_AUTH_CONFIG`.
    pub(super) variable: Option<String>,
    /// Files, the most important first.
    pub(super) files: Vec<(PathBuf, LookupRules)>,
}

impl CredentialSources {
    /// Everything that Docker and podman look at: what a variable names comes first, then Docker's own file.
    pub(crate) fn from_environment() -> Self {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = std::env::home_dir();
        let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let docker = named("DOCKER_CONFIG").or_else(|| below_home(".docker"));
        let docker = docker.map(|folder| (folder.join("config.json"), LookupRules::Docker));
        let podman = match named("REGISTRY_AUTH_FILE") {
            Some(file) => {
                let files = [Some((file, LookupRules::Podman)), docker];
                return Self { variable: variable(), files: files.into_iter().flatten().collect() };
            }
            None => [
                runtime_folder(named("XDG_RUNTIME_DIR")),
                named("XDG_CONFIG_HOME")
                    .or_else(|| below_home(".config"))
                    .map(|folder| folder.join("containers")),
            ],
        };
        let podman = podman.into_iter().flatten();
        let podman = podman.map(|folder| (folder.join("auth.json"), LookupRules::Podman));
        Self { variable: variable(), files: docker.into_iter().chain(podman).collect() }
    }
}

fn variable() -> Option<String> {
    std::env::var("DOCKER_AUTH_CONFIG").ok().filter(|value| !value.is_empty())
}

/// The folder of podman's file until the next start of the machine: `/run/containers/1000` without `XDG_RUNTIME_DIR`.
#[cfg(target_os = "linux")]
fn runtime_folder(named: Option<PathBuf>) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let of_user = || {
        let user = std::fs::metadata("/proc/self").ok()?.uid();
        // Not every user may look into it.
        Some(PathBuf::from(format!("/run/containers/{user}")))
            .filter(|folder| folder.join("auth.json").is_file())
    };
    named.map(|folder| folder.join("containers")).or_else(of_user)
}

/// Other systems have none.
#[cfg(not(target_os = "linux"))]
fn runtime_folder(_: Option<PathBuf>) -> Option<PathBuf> {
    None
}
