//! The verbs, one file each.

pub mod build;
pub mod completions;
pub mod inspect;
pub mod manifest;
pub mod new;
pub mod push;
pub mod run;
pub mod test;
