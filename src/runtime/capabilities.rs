//! What a guest may ask of its host while it runs: `host.call`.
//!
//! The answer, or the text of a failure, is appended to the guest's stdin. Source: Kubewarden's host capabilities.

use wasmtime::{Caller, Linker, Result, bail};

use super::guest::Guest;

/// The names under which the one function is imported.
const MODULES: [&str; 2] = ["host", "kubewarden:javy/host"];

/// At most this many characters of what a guest calls a capability are repeated.
const NAMED_CHARS: usize = 100;

/// What a guest asks of its host.
#[derive(Debug)]
pub struct CapabilityCall<'a> {
    /// `kubewarden`, if the guest is right.
    pub binding: &'a str,
    /// `oci`, `kubernetes`.
    pub namespace: &'a str,
    /// `v1/manifest_digest`.
    pub operation: &'a str,
    /// JSON.
    pub payload: &'a [u8],
}

impl CapabilityCall<'_> {
    /// `oci/v1/manifest_digest`: what the capability is called where it is granted.
    pub fn path(&self) -> String {
        let mut path: String =
            format_args!("{}/{}", shortened(self.namespace), shortened(self.operation)).to_string();
        path.retain(|c| !c.is_control());
        path
    }
}

fn shortened(name: &str) -> &str {
    name.char_indices().nth(NAMED_CHARS).map_or(name, |(end, _)| &name[..end])
}

/// Answers what guests ask of their host.
pub trait HostCapabilities: Send + Sync + std::fmt::Debug {
    /// The answer, or, as the error, what the guest is told instead.
    fn call(&self, call: &CapabilityCall<'_>) -> std::result::Result<Vec<u8>, String>;
}

/// Grants nothing, as a policy server does that was told nothing else. Logging needs no grant; what is logged is dropped.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCapabilities;

impl HostCapabilities for NoCapabilities {
    fn call(&self, call: &CapabilityCall<'_>) -> std::result::Result<Vec<u8>, String> {
        // In the order in which a host looks at them.
        match (call.binding, call.namespace, call.operation) {
            ("kubewarden", "tracing", "log") => Ok(Vec::new()),
            ("kubewarden", "tracing", operation) => {
                Err(format!("unknown operation: {}", shortened(operation)))
            }
            ("kubewarden", ..) => Err(format!(
                "Policy has not been granted access to the '{}' host capability. The violation has been reported.",
                call.path()
            )),
            (binding, ..) => Err(format!("unknown binding: {}", shortened(binding))),
        }
    }
}

/// Provides `host.call` to guests.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    for module in MODULES {
        linker.func_wrap(module, "call", host_call)?;
    }
    Ok(())
}

/// 0 when the answer is on stdin, 1 when it is a failure that is. Pointers out of range and names that are no UTF-8 trap.
#[allow(clippy::too_many_arguments, reason = "four pointers with their lengths, as the guest passes them")]
fn host_call(
    mut caller: Caller<'_, Guest>,
    binding: u32,
    binding_bytes: u32,
    namespace: u32,
    namespace_bytes: u32,
    operation: u32,
    operation_bytes: u32,
    payload: u32,
    payload_bytes: u32,
) -> Result<i32> {
    let Some(memory) = caller.get_export("memory").and_then(wasmtime::Extern::into_memory) else {
        bail!("no memory is exported as `memory`");
    };
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let call = CapabilityCall {
        binding: str::from_utf8(slice(memory, binding, binding_bytes)?)?,
        namespace: str::from_utf8(slice(memory, namespace, namespace_bytes)?)?,
        operation: str::from_utf8(slice(memory, operation, operation_bytes)?)?,
        payload: slice(memory, payload, payload_bytes)?,
    };
    guest.ask(&call)
}

fn slice(memory: &[u8], start: u32, length: u32) -> Result<&[u8]> {
    let start = usize::try_from(start)?;
    match memory.get(start..).and_then(|rest| rest.get(..usize::try_from(length).ok()?)) {
        Some(slice) => Ok(slice),
        None => bail!("{length} bytes at {start} are not in a memory of {} bytes", memory.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_granted_and_logging_needs_no_grant() {
        let call = |binding, namespace, operation| {
            NoCapabilities.call(&CapabilityCall { binding, namespace, operation, payload: b"{}" })
        };
        assert_eq!(call("kubewarden", "tracing", "log"), Ok(Vec::new()));
        let refused = |binding, namespace, operation| call(binding, namespace, operation).unwrap_err();
        assert_eq!(refused("kubewarden", "tracing", "nope"), "unknown operation: nope");
        assert_eq!(refused("other", "tracing", "log"), "unknown binding: other");
        let not_granted = "Policy has not been granted access to the 'oci/v1/verify' host capability. The violation has been reported.";
        assert_eq!(refused("kubewarden", "oci", "v1/verify"), not_granted);
    }
}
