//! Templates of policy projects: what they ask, what they render to, and writing it.
//!
//! Three values in this order: [`Answers`](answers::Answers), [`ProjectPlan`] (every byte that will be written), files
//! on disk. Everything is rendered before the first write. The caller decides who answers, see [`Ask`].

mod answers;
mod checks;
mod context;
mod destination;
mod embedded;
mod form;
mod interview;
mod kind;
mod language;
mod members;
mod membership;
mod metadata_file;
mod objection;
mod package_name;
mod plan;
mod question;
mod render;
mod rendered;
mod subject;
mod surroundings;
mod workspace;
mod write;

pub(crate) use destination::OccupiedFolder;
pub(crate) use form::Given;
pub(crate) use interview::{AnswerLine, Ask, Decision, Interview, Prompt, Reply};
pub(crate) use plan::ProjectPlan;
pub(crate) use question::{Choice, NONE, Question, Topic, questions};
pub(crate) use subject::ALL_WORKLOADS;
pub(crate) use write::write;
