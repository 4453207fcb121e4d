//! Cargo packages as projects.

mod arguments;
mod blame;
mod compiler;
mod configuration;
mod package;
mod package_spec;
mod profile;
mod repeats;
mod rustflags;
mod selection;
mod toolchain;
mod workspace;

pub(crate) use compiler::{CargoCompiler, load_to_compile};
pub(crate) use workspace::load;
