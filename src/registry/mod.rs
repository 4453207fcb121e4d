//! Registries, which store policies as OCI artifacts.
//!
//! Sources: OCI distribution specification 1.1; `kwctl push` and `pull` 1.36. [`artifact`] defines what is stored.

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
mod target;
mod trust;

pub use connection::{Connection, Patience};
pub(crate) use connection::{certificates, is_loopback};
pub use credentials::CredentialSources;
pub(crate) use location::ModuleLocation;
pub(crate) use pull::{PulledPolicy, pull};

pub use push::{Pushed, TagPolicy, push};
