//! The location from which a cluster loads a module: a registry, or a URL.

use std::fmt;
use std::str::FromStr;

use crate::reference::Reference;

/// The location from which a cluster loads a module: `registry://…`, or a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModuleLocation(String);

impl FromStr for ModuleLocation {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        match typed.split_once("://") {
            None => typed.parse::<Reference>().map(|_| Self(format!("registry://{typed}"))),
            Some(("registry", _)) => typed.parse::<Reference>().map(|_| Self(typed.to_owned())),
            Some(("http" | "https" | "file", rest)) if !rest.is_empty() => Ok(Self(typed.to_owned())),
            Some((scheme @ ("http" | "https" | "file"), _)) => {
                Err(format!("there is nothing after `{scheme}://`"))
            }
            Some((scheme, _)) => {
                Err(format!("unknown scheme `{scheme}`: write `registry`, `https`, `http` or `file`"))
            }
        }
    }
}

impl fmt::Display for ModuleLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_location_has_a_scheme_that_clusters_know() {
        let parsed = |typed: &str| typed.parse::<ModuleLocation>().map(|location| location.to_string());
        assert_eq!(parsed("ghcr.io/acme/demo:v1").as_deref(), Ok("registry://ghcr.io/acme/demo:v1"));
        assert_eq!(
            parsed("registry://ghcr.io/acme/demo:v1").as_deref(),
            Ok("registry://ghcr.io/acme/demo:v1")
        );
        assert_eq!(parsed("file:///tmp/a.wasm").as_deref(), Ok("file:///tmp/a.wasm"));
        assert_eq!(parsed("https://example.com/a.wasm").as_deref(), Ok("https://example.com/a.wasm"));
        for wrong in ["", "Ghcr.io/Acme/Demo", "oci://ghcr.io/a", "https://", "a b", "registry://"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
