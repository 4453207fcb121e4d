//! Cargo packages as projects.

mod compiler;
mod configuration;
mod package;
mod package_spec;
mod rustflags;
mod selection;
mod toolchain;
mod workspace;

pub(crate) use compiler::{CargoCompiler, load_to_compile};
pub(crate) use workspace::load;
