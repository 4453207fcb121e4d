//! Groups of options that several verbs take, each turned into a plain value.

mod compile;
mod limits;
mod network;
mod package;
mod registry;

pub(crate) use compile::{CompileArgs, OF_BUILDS};
pub(crate) use limits::LimitArgs;
pub(crate) use network::NetworkArgs;
pub(crate) use package::PackageArgs;
pub(crate) use registry::RegistryArgs;
