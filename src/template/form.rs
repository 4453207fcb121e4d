//! The answers so far, as they were typed.

use std::collections::BTreeMap;
use std::path::Path;

use super::kind::PolicyKind;
use super::language::Language;
use super::question::{Question, Topic};
use super::subject;

/// What was given on the command line.
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
    /// It is the default, or the person took it; it follows other answers.
    Default,
    /// It was given before, and is to be given again.
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

    /// Lets a question be asked again.
    pub(super) fn reopen(&mut self, topic: Topic) {
        if let Some(entry) = self.0.get_mut(&topic) {
            entry.origin = AnswerOrigin::Earlier;
        }
    }

    /// From here on flags are answers like others: the person may change what they have to fit.
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

    /// The folder of the project, as it was typed.
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

    /// Does the question make sense, as far as language and kind are known?
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
