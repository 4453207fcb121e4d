//! The questions of `new`. They are data in `templates/shared`, shared by all languages.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded;
use super::kind::KINDS;

/// All questions, in the order in which they are asked.
static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    let mut file: QuestionFile = embedded::data("shared/questions.toml");
    for question in &mut file.questions {
        if question.topic == Topic::Kind {
            question.choices = KINDS.iter().map(|kind| Choice::new(&kind.name, &kind.about)).collect();
        }
    }
    file.questions
});

/// What people type for an optional answer that they do not want to give.
pub(crate) const NONE: &str = "none";

/// All questions, in the order in which they are asked.
pub(crate) fn questions() -> &'static [Question] {
    &QUESTIONS
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionFile {
    questions: Vec<Question>,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Topic {
    Lang,
    Path,
    Name,
    Repository,
    ModulePath,
    Kind,
    Resource,
    Operation,
    Types,
    Description,
    Author,
    License,
    Registry,
    Vcs,
}

/// One thing that `new` wants to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) topic: Topic,
    /// What help calls the value of the flag.
    pub(crate) value: String,
    /// Where help lists the flag. `None` for the positional argument.
    pub(crate) heading: Option<String>,
    /// What help says of the flag.
    pub(crate) help: String,
    /// The name of the answer in a list of answers.
    pub(crate) label: String,
    /// The text of the question at a prompt.
    pub(crate) prompt: String,
    /// A line below the question that says what to type.
    pub(crate) note: Option<String>,
    /// The answer if none is given. Several for a question that takes several.
    #[serde(default)]
    pub(crate) default: Vec<String>,
    /// May there be several answers?
    #[serde(default)]
    pub(crate) several: bool,
    /// Is an empty answer refused?
    #[serde(default)]
    pub(crate) required: bool,
    /// Is it asked, or taken from its flag or default?
    #[serde(default = "yes")]
    pub(crate) asked: bool,
    /// The languages that it applies to; all if empty.
    #[serde(default)]
    pub(crate) languages: Vec<String>,
    /// Does it apply only to policies for Kubernetes objects?
    #[serde(default)]
    pub(crate) kubernetes: bool,
    /// The possible answers; empty if any string can be one.
    #[serde(default)]
    pub(crate) choices: Vec<Choice>,
    /// Regular expression that answers must match.
    pub(crate) pattern: Option<String>,
    /// The reason given for an answer that does not match.
    #[serde(default)]
    pub(crate) wrong: String,
    /// What to write instead.
    #[serde(default)]
    pub(crate) fix: String,
}

fn yes() -> bool {
    true
}

/// One of the answers to a question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) value: String,
    /// What it means. May be empty.
    pub(crate) about: String,
}

impl Choice {
    pub(crate) fn new(value: &str, about: &str) -> Self {
        Self { value: value.to_owned(), about: about.to_owned() }
    }
}

impl Question {
    /// Does this string mean that there is no answer?
    pub(crate) fn is_none(&self, typed: &str) -> bool {
        typed == NONE && !self.required && self.choices.is_empty()
    }

    /// Replaces a choice typed in another case by its own spelling.
    pub(crate) fn canonical(&self, typed: String) -> String {
        let choice = self.choices.iter().find(|choice| choice.value.eq_ignore_ascii_case(&typed));
        choice.map_or(typed, |choice| choice.value.clone())
    }
}

impl Topic {
    /// The question about it.
    pub(crate) fn question(self) -> &'static Question {
        questions().iter().find(|question| question.topic == self).expect("a test asks for each topic")
    }

    /// The name of its flag, without `--`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lang => "lang",
            Self::Path => "path",
            Self::Name => "name",
            Self::Repository => "repository",
            Self::ModulePath => "module-path",
            Self::Kind => "kind",
            Self::Resource => "resource",
            Self::Operation => "operation",
            Self::Types => "types",
            Self::Description => "description",
            Self::Author => "author",
            Self::License => "license",
            Self::Registry => "registry",
            Self::Vcs => "vcs",
        }
    }
}

/// Its form on the command line: `--kind`, `PATH`.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("PATH"),
            other => write!(f, "--{}", other.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::language::Language;

    #[test]
    fn each_topic_has_its_question_and_the_language_is_the_first() {
        let mut topics: Vec<_> = questions().iter().map(|question| question.topic).collect();
        assert_eq!(topics[..2], [Topic::Lang, Topic::Path]);
        topics.sort();
        topics.dedup();
        assert_eq!(topics.len(), Topic::Vcs as usize + 1, "each exactly once");
        assert_eq!(topics.len(), questions().len());
    }

    #[test]
    fn patterns_are_regular_expressions_and_defaults_are_choices() {
        for question in questions() {
            if let Some(pattern) = &question.pattern {
                regex_lite::Regex::new(pattern).unwrap();
                assert!(!question.wrong.is_empty() && !question.fix.is_empty(), "{}", question.topic);
            }
            let is_choice = |value: &String| question.choices.iter().any(|choice| choice.value == *value);
            assert!(
                question.choices.is_empty() || question.default.iter().all(is_choice),
                "{}",
                question.topic
            );
        }
    }

    #[test]
    fn each_language_has_a_template() {
        for choice in &Topic::Lang.question().choices {
            assert_eq!(Language::find(&choice.value).unwrap().name, choice.value);
        }
    }
}
