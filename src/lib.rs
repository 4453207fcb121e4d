//! `cargo kw-wasi`: create, build, test and deploy Kubewarden policies that are plain WASI programs.
//!
//! The command line is the interface. This library exists so that tests and benchmarks reach its parts; it is not
//! a stable API.

mod build;
pub mod cases;
pub mod cli;
mod commands;
pub mod deploy;
mod diff;
mod digest;
pub mod error;
mod finding;
pub mod fs;
mod host;
pub mod kubernetes;
pub mod metadata;
pub mod module;
mod options;
mod pages;
mod policy_source;
pub mod process;
mod project;
mod prompts;
pub mod protocol;
mod reference;
pub mod registry;
pub mod runtime;
pub mod shell;
pub mod signals;
mod template;
mod untrusted;
mod yaml;
