//! What people read about results: pages and lines, laid out for a terminal. What scripts read is not here.

mod inspection;
mod page;
mod verdict;

pub(crate) use inspection::inspection;
pub(crate) use verdict::{Verdict, host_log, unannounced_mutation};
