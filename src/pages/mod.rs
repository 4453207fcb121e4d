//! Results for people: pages and lines, laid out for a terminal. Output for scripts is elsewhere.

mod inspection;
mod page;
mod verdict;

pub(crate) use inspection::inspection;
pub(crate) use verdict::{Verdict, guessed_kinds, host_log, unannounced_mutation, unreadable_answer};
