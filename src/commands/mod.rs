//! The verbs, one file each.

pub mod build;
pub mod new;
pub mod run;
pub mod test;
