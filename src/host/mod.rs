//! Host capabilities: what a policy may ask of its host while it runs, and what answers it.
//!
//! Source: Kubewarden's host capabilities. `runtime` passes calls to this room, and answers back to the policy.

mod gate;

use serde_json::{Map, Value};

pub(crate) use gate::NoCapabilities;

use crate::untrusted::{is_heavy, printable};

/// The most characters of a name that a message repeats.
const NAMED_CHARS: usize = 100;

/// The most bytes that are shown of a record that is not JSON.
const UNREADABLE_BYTES: usize = 1 << 10;

/// How many times the memory of its line a record may need while it is parsed.
const PARSED_PER_BYTE: usize = 3;

/// How much more memory a record may need, so that a short record is read however little room is left.
const PARSED_BYTES: usize = 1 << 16;

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
        let path = format!("{}/{}", shortened(self.namespace), shortened(self.operation));
        printable(&path).replace(['\n', '\t'], " ")
    }

    /// Whether this is a call to log, which needs no grant, never fails, and has no answer.
    pub(crate) fn is_log(&self) -> bool {
        (self.binding, self.namespace, self.operation) == ("kubewarden", "tracing", "log")
    }

    /// Returns the line to log. `None` if it is longer than `room_bytes`, or if parsing the record would take much more
    /// memory than that. Checks the length first, then the weight, and only then parses the record.
    pub(crate) fn log_line(&self, room_bytes: usize) -> Option<String> {
        let heaviest = room_bytes.saturating_mul(PARSED_PER_BYTE).saturating_add(PARSED_BYTES);
        if self.payload.len() > room_bytes || is_heavy(self.payload, heaviest) {
            return None;
        }
        Some(self.record()).filter(|line| line.len() <= room_bytes)
    }

    fn record(&self) -> String {
        let Ok(mut record) = serde_json::from_slice::<Map<String, Value>>(self.payload) else {
            let start = &self.payload[..self.payload.len().min(UNREADABLE_BYTES)];
            return format!("not a record to log: {}", String::from_utf8_lossy(start));
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
        line
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
            let payload = payload.as_bytes();
            let call = CapabilityCall { binding, namespace: "tracing", operation, payload };
            if call.is_log() { call.log_line(1000) } else { None }
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

    #[test]
    fn a_record_that_does_not_fit_is_not_parsed() {
        let line = |payload: &[u8], room_bytes| {
            let call = CapabilityCall { binding: "", namespace: "", operation: "", payload };
            call.log_line(room_bytes)
        };
        let message = format!(r#"{{"level":"info","message":"{}"}}"#, "a".repeat(500));
        assert_eq!(line(message.as_bytes(), message.len()).map(|line| line.len()), Some(506));
        assert_eq!(line(message.as_bytes(), message.len() - 1), None);
        let heavy = format!(r#"{{"a":[{}0]}}"#, r#"{"":0},"#.repeat(1000));
        assert_eq!(line(heavy.as_bytes(), 10_000), None);
        assert!(line(heavy.as_bytes(), 1_000_000).is_some());
        // Each byte that is not UTF-8 becomes a character of three.
        let shown = line(&[0xff; 10_000], 10_000).unwrap();
        assert_eq!(shown.chars().filter(|c| *c == '\u{fffd}').count(), UNREADABLE_BYTES);
        assert_eq!(line(&[0xff; 1_000], 1_000), None);
    }
}
