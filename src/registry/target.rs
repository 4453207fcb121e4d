//! What a client of a registry is for.

use super::connection::Connection;
use super::credentials::Credentials;
use crate::reference::Reference;
use crate::shell::Shell;

/// The reference that a client is for, and how its registry is reached.
pub(super) struct RegistryTarget<'a> {
    pub(super) reference: &'a Reference,
    pub(super) shell: &'a Shell,
    pub(super) connection: Connection,
    pub(super) credentials: Credentials,
    pub(super) access: Access,
}

/// The access that a session needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}
