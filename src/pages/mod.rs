//! Results for people: pages and lines, laid out for a terminal. Output for scripts is elsewhere.

mod inspection;
mod page;
mod requests;
mod verdict;

pub(crate) use inspection::inspection;
pub(crate) use requests::{guessed_kinds, not_asked};
pub(crate) use verdict::{Verdict, host_log, unannounced_mutation, unreadable_answer};
