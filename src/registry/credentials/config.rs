//! A file with credentials: Docker's `config.json`, podman's `auth.json`, or the variable `DOCKER_AUTH_CONFIG`.
//!
//! Sources: docker/cli 28, `cli/config`; containers/image 5.38, `pkg/docker/config`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::login::{Login, field};
use crate::reference::Reference;

/// The names of Docker's own registry.
const DOCKER_HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// Its key, the URL of its first version.
const DOCKER_KEY: &str = "https://index.docker.io/v1/";

/// Whose rules say which entry belongs to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LookupRules {
    Docker,
    Podman,
    /// Docker's rules for the variable, which has exact keys only.
    Variable,
}

/// What a file has for a registry.
pub(super) enum CredentialEntry {
    Nothing,
    Login(Login),
    /// A credential helper by its short name, and the name of the registry that it is asked for.
    Helper {
        helper: String,
        server: String,
    },
}

/// A file with credentials.
#[derive(Default)]
pub(super) struct CredentialFile {
    /// What belongs to each key; read only when it is needed.
    auths: BTreeMap<String, Value>,
    helpers: BTreeMap<String, String>,
    store: String,
}

impl CredentialFile {
    /// Reads a file, as Go does: what follows the first value does not count, and an empty file is an empty object.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(json);
        let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        match values.next() {
            None | Some(Ok(Value::Null)) => Ok(Self::default()),
            Some(Ok(Value::Object(file))) => Self::of(&file),
            Some(Ok(_)) => Err("it is not a JSON object".to_owned()),
            // The error may name a value, but no value of a string.
            Some(Err(error)) => Err(format!("it is not valid JSON: {error}")),
        }
    }

    /// Reads `DOCKER_AUTH_CONFIG`, about which Docker is strict: `auths` alone, and `auth` alone in each entry.
    pub(super) fn parse_variable(json: &str) -> Result<Self, String> {
        let value: Value = match json.trim() {
            "" => Value::Object(Map::new()),
            json => serde_json::from_str(json).map_err(|error| format!("it is not valid JSON: {error}"))?,
        };
        let file = value.as_object().ok_or("it is not a JSON object")?;
        only(file, "auths")?;
        let read = Self::of(file)?;
        for (key, entry) in &read.auths {
            only(entry.as_object().unwrap_or(&Map::new()), "auth")?;
            let login = Login::parse(entry).map_err(|why| format!("the entry for `{key}`: {why}"))?;
            if login.is_empty() {
                return Err(format!("the entry for `{key}` has no `auth`"));
            }
        }
        Ok(read)
    }

    fn of(file: &Map<String, Value>) -> Result<Self, String> {
        let object = |name| match field(file, name) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object.clone()),
            Some(_) => Err(format!("its `{name}` is not an object")),
        };
        let mut helpers = BTreeMap::new();
        for (key, helper) in object("credHelpers")? {
            let helper = helper.as_str().ok_or("a value in its `credHelpers` is not a string")?;
            helpers.insert(key, helper.to_owned());
        }
        let store = match field(file, "credsStore") {
            None => String::new(),
            Some(store) => store.as_str().ok_or("its `credsStore` is not a string")?.to_owned(),
        };
        Ok(Self { auths: object("auths")?.into_iter().collect(), helpers, store })
    }

    /// What the file has for the registry of a reference.
    ///
    /// # Errors
    ///
    /// When the entry for it cannot be read.
    pub(super) fn find(&self, reference: &Reference, rules: LookupRules) -> Result<CredentialEntry, String> {
        let host = reference.host();
        let server = match rules {
            LookupRules::Podman => reference.registry(),
            _ if DOCKER_HOSTS.contains(&host) => DOCKER_KEY,
            _ => host,
        };
        let helper = self.helpers.get(server).map(String::as_str);
        let helper = match rules {
            LookupRules::Docker => helper.unwrap_or(&self.store),
            LookupRules::Podman => helper.unwrap_or_default(),
            LookupRules::Variable => "",
        };
        if !helper.is_empty() {
            return Ok(CredentialEntry::Helper { helper: helper.to_owned(), server: server.to_owned() });
        }
        for key in self.keys(reference, server, rules) {
            let login = Login::parse(&self.auths[key])
                .map_err(|why| format!("the entry for `{key}` cannot be read: {why}"))?;
            if !login.is_empty() {
                return Ok(CredentialEntry::Login(login));
            }
            // Under these keys an entry counts even if it is empty: Docker and podman look no further.
            if key == server || rules == LookupRules::Podman && is_parent(key, reference) {
                break;
            }
        }
        Ok(CredentialEntry::Nothing)
    }

    /// The keys of the entries for a reference, the best one first: always in the same order, where Docker leaves it to
    /// chance.
    fn keys(&self, reference: &Reference, server: &str, rules: LookupRules) -> Vec<&String> {
        let names = match DOCKER_HOSTS.contains(&reference.host()) {
            true => &DOCKER_HOSTS[..],
            false => &[server],
        };
        let fits = |key: &str| {
            key == server
                || match rules {
                    LookupRules::Docker => names.contains(&&*host_of(key)),
                    LookupRules::Podman => is_parent(key, reference) || names.contains(&podman_host_of(key)),
                    LookupRules::Variable => false,
                }
        };
        let mut keys: Vec<_> = self.auths.keys().filter(|key| fits(key)).collect();
        keys.sort_by_key(|key| {
            let is_exact = *key == server && rules != LookupRules::Podman;
            (!is_exact, std::cmp::Reverse(if is_parent(key, reference) { key.len() } else { 0 }))
        });
        keys
    }
}

/// Whether a key is the registry, a namespace, or the repository of a reference.
fn is_parent(key: &str, reference: &Reference) -> bool {
    let repository = format!("{}/{}", reference.registry(), reference.repository());
    repository.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Fails if an object has another field than this one.
fn only(object: &Map<String, Value>, name: &str) -> Result<(), String> {
    match object.keys().find(|key| !key.eq_ignore_ascii_case(name)) {
        None => Ok(()),
        Some(other) => Err(format!("it has `{other}`, where only `{name}` may be")),
    }
}

/// The host of a key, with its port where it has one: Docker's `ConvertToHostname`.
fn host_of(key: &str) -> String {
    let Some((_, rest)) = key.split_once("://") else {
        return key.split('/').next().unwrap_or_default().to_owned();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.strip_suffix(':').unwrap_or(host).to_owned()
}

/// The host of a key by podman's rules: only keys with a scheme may have a path.
fn podman_host_of(key: &str) -> &str {
    let stripped = key.strip_prefix("http://").unwrap_or(key);
    let stripped = stripped.strip_prefix("https://").unwrap_or(stripped);
    if stripped == key { key } else { stripped.split('/').next().unwrap_or_default() }
}
