//! The metadata in a module, as a host reads it before it runs the policy.

use anyhow::{Context, Result, bail};

use super::sections::{TOO_MANY_VALUES, has_too_many_values};
use super::{METADATA_SECTION, read_metadata};
use crate::metadata::Metadata;

/// Reads the metadata in a module. Returns `None` if there is none, which a host treats as another kind of policy.
/// All values must have the right types, as in a host.
pub(crate) fn host_metadata(wasm: &[u8]) -> Result<Option<Metadata>> {
    let sections = read_metadata(wasm)?;
    let Some(section) = sections.first() else { return Ok(None) };
    if has_too_many_values(section) {
        bail!(TOO_MANY_VALUES);
    }
    serde_json::from_slice(section)
        .map(Some)
        .with_context(|| format!("cannot deserialize custom section `{METADATA_SECTION}` of wasm module"))
}
