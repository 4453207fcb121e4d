//! The answers given so far, as strings.

use std::collections::BTreeMap;
use std::path::Path;

use super::kind::PolicyKind;
use super::language::Language;
use super::question::{Question, Topic};
use super::subject;

/// The answers given on the command line, by topic.
pub(crate) type Given = BTreeMap<Topic, Vec<String>>;

/// The answers so far, by topic.
#[derive(Debug, Default)]
pub(super) struct Form(BTreeMap<Topic, FormEntry>);

#[derive(Debug)]
struct FormEntry {
    values: Vec<String>,
    origin: AnswerOrigin,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerOrigin {
    Flag,
    Person,
    /// The default, also if a person confirmed it. It changes when the answers it depends on change.
    Default,
    /// An earlier answer to a question that is open again.
    Earlier,
}

impl Form {
    pub(super) fn set(&mut self, topic: Topic, values: Vec<String>, origin: AnswerOrigin) {
        self.0.insert(topic, FormEntry { values, origin });
    }

    /// Forgets an answer.
    pub(super) fn clear(&mut self, topic: Topic) {
        self.0.remove(&topic);
    }

    /// Opens a question again; its answer becomes the default.
    pub(super) fn reopen(&mut self, topic: Topic) {
        if let Some(entry) = self.0.get_mut(&topic) {
            entry.origin = AnswerOrigin::Earlier;
        }
    }

    /// Makes the flags answers like any other, which the person can change.
    pub(super) fn adopt_flags(&mut self) {
        for entry in self.0.values_mut().filter(|entry| entry.origin == AnswerOrigin::Flag) {
            entry.origin = AnswerOrigin::Person;
        }
    }

    /// Empty when there is no answer.
    pub(super) fn values(&self, topic: Topic) -> &[String] {
        self.0.get(&topic).map_or(&[], |entry| &entry.values)
    }

    /// The only answer; empty when there is none.
    pub(super) fn one(&self, topic: Topic) -> &str {
        self.values(topic).first().map_or("", String::as_str)
    }

    /// `None` when there is no answer.
    pub(super) fn origin(&self, topic: Topic) -> Option<AnswerOrigin> {
        self.0.get(&topic).map(|entry| entry.origin)
    }

    /// The folder of the project, as typed.
    pub(super) fn path(&self) -> &Path {
        Path::new(self.one(Topic::Path))
    }

    /// `None` until it is known.
    pub(super) fn language(&self) -> Option<&'static Language> {
        Language::find(self.one(Topic::Lang))
    }

    /// `None` until it is known.
    pub(super) fn kind(&self) -> Option<&'static PolicyKind> {
        PolicyKind::find(self.one(Topic::Kind))
    }

    /// Does the question apply to the language and the kind, as far as they are known?
    pub(super) fn applies(&self, question: &Question) -> bool {
        let language = self.language().is_none_or(|language| {
            question.languages.is_empty() || question.languages.contains(&language.name)
        });
        language && !(question.kubernetes && self.kind().is_some_and(|kind| kind.raw))
    }

    /// Is there more than one sensible answer?
    pub(super) fn leaves_open(&self, question: &Question) -> bool {
        match question.topic {
            Topic::Types => subject::has_type(self.values(Topic::Resource)),
            _ => question.asked,
        }
    }
}
