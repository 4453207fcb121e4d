//! Projects: what policies are compiled from. Code above this room does not know the language.

mod cargo;
mod compile;
mod go;
mod load;
mod network;
mod selection;
mod source;

pub(crate) use compile::{Compile, Features};
pub(crate) use load::{Compiler, Projects};
pub(crate) use network::Network;
pub(crate) use selection::Selection;
pub(crate) use source::Project;
