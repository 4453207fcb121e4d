//! Host capabilities: what a policy may ask of its host while it runs, and what answers it.
//!
//! Source: Kubewarden's host capabilities. `runtime` passes calls to this room, and answers back to the policy.

mod gate;

use serde_json::{Map, Value};

pub(crate) use gate::NoCapabilities;

/// The most characters of a name that a message repeats.
const NAMED_CHARS: usize = 100;

/// A call from a guest to its host.
#[derive(Debug)]
pub(crate) struct CapabilityCall<'a> {
    /// The binding; `kubewarden` in a correct call.
    pub(crate) binding: &'a str,
    /// The namespace, such as `oci` or `kubernetes`.
    pub(crate) namespace: &'a str,
    /// The operation, such as `v1/manifest_digest`.
    pub(crate) operation: &'a str,
    /// The payload, as JSON.
    pub(crate) payload: &'a [u8],
}

impl CapabilityCall<'_> {
    /// The name under which the capability is granted, such as `oci/v1/manifest_digest`.
    pub(crate) fn path(&self) -> String {
        let mut path: String =
            format_args!("{}/{}", shortened(self.namespace), shortened(self.operation)).to_string();
        path.retain(|c| !c.is_control());
        path
    }

    /// Returns the line to log, if this is a call to log, which needs no grant, never fails, and has no answer.
    pub(crate) fn logged(&self) -> Option<String> {
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

/// Answers the calls of guests to their host.
pub(crate) trait HostCapabilities: Send + Sync + std::fmt::Debug {
    /// Returns the answer. The error is the message for the guest.
    fn call(&self, call: &CapabilityCall<'_>) -> Result<Vec<u8>, String>;
}

#[cfg(test)]
mod tests {
    use super::*;

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
