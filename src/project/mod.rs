//! Projects, from which policies are compiled. Code above this layer does not know the language.

mod cargo;
mod compile;
mod compiler;
mod go;
mod load;
mod network;
mod selection;
mod source;

pub(crate) use compile::{Compile, Features};
pub(crate) use compiler::Compiler;
pub(crate) use load::{load, load_to_compile};
pub(crate) use network::Network;
pub(crate) use selection::Selection;
pub(crate) use source::Project;
