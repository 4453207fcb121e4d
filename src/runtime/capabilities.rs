//! What a guest may ask of its host while it runs: `host.call`.
//!
//! The answer, or the text of a failure, is appended to the guest's stdin. Source: Kubewarden's host capabilities.

use serde_json::{Map, Value};
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

    /// What is to be logged, in a line, if that is asked. It needs no grant, never fails, and answers nothing.
    pub(super) fn logged(&self) -> Option<String> {
        if (self.binding, self.namespace, self.operation) != ("kubewarden", "tracing", "log") {
            return None;
        }
        let Ok(mut record) = serde_json::from_slice::<Map<String, Value>>(self.payload) else {
            return Some(format!("not a record to log: {}", String::from_utf8_lossy(self.payload)));
        };
        let mut text = |key| match record.remove(key) {
            Some(Value::String(text)) => text,
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let mut line = format!("{}: {}", text("level").to_lowercase(), text("message"));
        if !record.is_empty() {
            line = format!("{} {}", line.trim_end(), Value::Object(record));
        }
        Some(line)
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

/// Grants nothing, as a policy server does that was told nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCapabilities;

impl HostCapabilities for NoCapabilities {
    fn call(&self, call: &CapabilityCall<'_>) -> std::result::Result<Vec<u8>, String> {
        // In the order in which a host looks at them.
        match (call.binding, call.namespace, call.operation) {
            // All it has is `log`, of which no grant decides.
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
    fn nothing_is_granted() {
        let call = |binding, namespace, operation| {
            NoCapabilities.call(&CapabilityCall { binding, namespace, operation, payload: b"{}" })
        };
        let refused = |binding, namespace, operation| call(binding, namespace, operation).unwrap_err();
        assert_eq!(refused("kubewarden", "tracing", "nope"), "unknown operation: nope");
        assert_eq!(refused("other", "tracing", "log"), "unknown binding: other");
        let not_granted = "Policy has not been granted access to the 'oci/v1/verify' host capability. The violation has been reported.";
        assert_eq!(refused("kubewarden", "oci", "v1/verify"), not_granted);
    }

    #[test]
    fn a_record_is_a_line() {
        let logged = |binding, operation, payload: &str| {
            CapabilityCall { binding, namespace: "tracing", operation, payload: payload.as_bytes() }.logged()
        };
        for (payload, line) in [
            (r#"{"level":"INFO","message":"all is well"}"#, "info: all is well"),
            (r#"{"message":"why","level":"error","b":[1],"a":null}"#, r#"error: why {"a":null,"b":[1]}"#),
            (r#"{"level":"debug","pod":"web"}"#, r#"debug: {"pod":"web"}"#),
            ("oh no", "not a record to log: oh no"),
        ] {
            assert_eq!(logged("kubewarden", "log", payload).as_deref(), Some(line));
        }
        assert_eq!(logged("other", "log", "{}"), None);
        assert_eq!(logged("kubewarden", "nope", "{}"), None);
    }
}
