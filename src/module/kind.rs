//! The kinds of modules that Kubewarden distinguishes.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::untrusted::printable;

/// The kind of a module, as Kubewarden sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModuleKind {
    /// A plain WASI policy, which this tool is for.
    Wasi,
    /// A policy that is called through waPC.
    Wapc,
    /// A Rego policy made with Open Policy Agent.
    Opa,
    /// A Rego policy made for Gatekeeper.
    Gatekeeper,
    /// A WebAssembly component, which Kubewarden does not load.
    Component,
    /// A policy with an execution mode that this tool does not know.
    Other(String),
    /// A module without readable metadata, which Kubewarden does not deploy. It may look like a policy of some kind.
    Unannotated(Option<Resemblance>),
}

/// What a module without metadata looks like, by its imports and exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Resemblance {
    /// A WASI program.
    Wasi,
    /// A waPC policy.
    Wapc,
    /// A Rego policy.
    Rego,
}

impl ModuleKind {
    /// Returns the kind that the metadata in a module gives. The error says why a host could not read the metadata.
    pub(super) fn of_metadata(metadata: &Value) -> Result<Self, String> {
        let metadata = metadata.as_object().ok_or("it is not a JSON object")?;
        Ok(match metadata.get("executionMode") {
            // The default of Kubewarden.
            None => Self::Wapc,
            Some(Value::String(mode)) => match mode.as_str() {
                "wasi" => Self::Wasi,
                "kubewarden-wapc" => Self::Wapc,
                "opa" => Self::Opa,
                "gatekeeper" => Self::Gatekeeper,
                other => Self::Other(other.to_owned()),
            },
            Some(other) => return Err(format!("`executionMode` must be a string, found `{other}`")),
        })
    }
}

/// One word, so that a script can compare it. The mode of [`ModuleKind::Other`] is in the metadata.
impl Serialize for ModuleKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Wasi => "wasi",
            Self::Wapc => "wapc",
            Self::Opa => "opa",
            Self::Gatekeeper => "gatekeeper",
            Self::Component => "component",
            Self::Other(_) => "other",
            Self::Unannotated(_) => "unannotated",
        })
    }
}

impl fmt::Display for ModuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wasi => f.write_str("WASI policy"),
            Self::Wapc => f.write_str("waPC policy"),
            Self::Opa => f.write_str("Rego policy of Open Policy Agent"),
            Self::Gatekeeper => f.write_str("Rego policy of Gatekeeper"),
            Self::Component => f.write_str("WebAssembly component"),
            Self::Other(mode) => write!(f, "policy of the mode `{}`", printable(mode)),
            Self::Unannotated(None) => f.write_str("WebAssembly module without metadata"),
            Self::Unannotated(Some(Resemblance::Wasi)) => f.write_str("WASI program without metadata"),
            Self::Unannotated(Some(Resemblance::Wapc)) => f.write_str("waPC module without metadata"),
            Self::Unannotated(Some(Resemblance::Rego)) => f.write_str("Rego module without metadata"),
        }
    }
}
