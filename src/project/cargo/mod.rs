//! Cargo packages as projects.

mod configuration;
mod package;
mod rustflags;
mod selection;
pub(crate) mod toolchain;
mod workspace;

pub(crate) use workspace::{CargoWorkspace, load};
