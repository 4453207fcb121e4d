//! Groups of options that several verbs share, each turned into a plain value.

mod compile;
mod format;
mod limits;
mod network;
mod operation;
mod package;
mod policy;
mod registry;
mod settings;

pub(crate) use compile::CompiledArgs;
pub(crate) use format::OutputFormat;
pub(crate) use limits::LimitArgs;
pub(crate) use network::{NetworkArgs, UncompiledArgs};
pub(crate) use operation::operation_of_request;
pub(crate) use package::{PackageArgs, PackagesArgs};
pub(crate) use policy::{PROJECT, PolicyArgs, module_source};
pub(crate) use registry::{ReferenceParser, RegistryArgs};
pub(crate) use settings::{SettingsArgs, SettingsSource};
