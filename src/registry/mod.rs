//! Registries: policies are OCI artifacts there.
//!
//! Sources: OCI distribution specification 1.1; `kwctl push` and `pull` 1.36. What is stored is in [`artifact`].

pub mod artifact;
mod challenge;
mod client;
mod connection;
mod credentials;
mod error;
mod hint;
mod http;
mod location;
mod manifest;
mod message;
mod proxies;
mod pull;
mod push;
mod session;

pub use connection::{Connection, Patience};
pub(crate) use connection::{certificates, is_loopback};
pub(crate) use location::ModuleLocation;
pub(crate) use pull::{PulledPolicy, pull};

pub use push::{Pushed, TagPolicy, push};
