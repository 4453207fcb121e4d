//! The verbs, one file each.

pub(crate) mod build;
pub(crate) mod completions;
pub(crate) mod inspect;
pub(crate) mod manifest;
pub(crate) mod new;
pub(crate) mod push;
pub(crate) mod run;
pub(crate) mod test;
