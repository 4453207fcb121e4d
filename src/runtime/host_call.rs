//! `host.call`, through which a guest asks its host while it runs.
//!
//! The answer, or the message of a failure, is appended to the guest's stdin.

use wasmtime::{Caller, Linker, Result, bail};

use super::guest::Guest;
use crate::host::CapabilityCall;

/// The names of the modules from which the function is imported.
const MODULES: [&str; 2] = ["host", "kubewarden:javy/host"];

/// Provides `host.call` to guests.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    for module in MODULES {
        linker.func_wrap(module, "call", host_call)?;
    }
    Ok(())
}

/// Returns 0 if the answer is on stdin, and 1 if a failure is. Traps if a pointer is out of range, or if a name is
/// not UTF-8.
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
    let status = guest.ask(&call)?;
    // Nothing else looks at the clock before the next loop or function of the guest.
    match guest.time_left() {
        Some(_) => Ok(status),
        None => Err(guest.out_of_time()),
    }
}

fn slice(memory: &[u8], start: u32, length: u32) -> Result<&[u8]> {
    let start = usize::try_from(start)?;
    match memory.get(start..).and_then(|rest| rest.get(..usize::try_from(length).ok()?)) {
        Some(slice) => Ok(slice),
        None => bail!("{length} bytes at {start} are not in a memory of {} bytes", memory.len()),
    }
}
