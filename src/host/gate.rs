//! Decides whether the host answers a call.

use super::{CapabilityCall, HostCapabilities, shortened};

/// Grants nothing, as a policy server does by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NoCapabilities;

impl HostCapabilities for NoCapabilities {
    fn call(&self, call: &CapabilityCall<'_>) -> Result<Vec<u8>, String> {
        // In the order in which a Kubewarden host checks them.
        match (call.binding, call.namespace, call.operation) {
            // Its only operation is `log`, which needs no grant.
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
}
