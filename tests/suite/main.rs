//! All integration tests, in one program: each further program would link the WebAssembly runtime again.

mod support;

#[cfg(target_os = "linux")]
mod attack;
#[cfg(target_os = "linux")]
mod bombs;
mod build;
mod cache;
mod completions;
#[cfg(unix)]
mod credentials;
mod deploy;
mod evaluate;
mod fuzz;
mod go;
mod help;
mod hostile;
mod house;
mod inspect;
mod kubectl;
mod man;
mod manifest;
mod names;
mod neighbors;
mod new;
#[cfg(unix)]
mod picture;
#[cfg(unix)]
mod prompts;
mod readme;
mod registry;
mod registry_late;
mod registry_patience;
mod registry_trouble;
#[cfg(target_os = "linux")]
mod release;
mod requests;
mod run;
mod rustflags;
mod selection;
mod templates;
mod terminal;
mod test_verb;
#[cfg(target_os = "linux")]
mod workflows;
