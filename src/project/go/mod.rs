//! Go modules as projects.

mod compiler;
mod environment;
mod flags;
mod module;
mod package;

pub(crate) use compiler::{GoCompiler, load_to_compile};
pub(crate) use module::load;
