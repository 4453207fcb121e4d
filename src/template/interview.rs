//! From flags, a person's answers and defaults to a [`ProjectPlan`]: language and folder first, then a look
//! around, then the rest.

use anyhow::{Context, Result};

use super::answers::Answers;
use super::checks;
use super::destination::OccupiedFolder;
use super::form::{AnswerOrigin, Form, Given};
use super::objection::Objection;
use super::plan::{ProjectPlan, plan};
use super::question::{NONE, Question, Topic, questions};
use super::surroundings::{Defaults, Surroundings};
use crate::error::{Canceled, failure};
use crate::shell::Shell;

/// Answers questions: a person at a terminal, or defaults. Methods fail with [`Canceled`] when a person backs out.
pub(crate) trait Ask {
    /// Answers a question.
    fn ask(&mut self, prompt: &Prompt<'_>) -> Result<Reply>;

    /// Removes the answer to a question from the screen before the question is asked again.
    fn withdraw(&mut self, _: Topic) -> Result<()> {
        Ok(())
    }

    /// Called after the last question.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    /// Shows all answers and what would be written, and asks whether to go on.
    fn review(&mut self, answers: &[AnswerLine], consequence: &str) -> Result<Decision>;
}

/// A question, its default and its check at the time it is asked.
pub(crate) struct Prompt<'a> {
    pub(crate) question: &'static Question,
    /// The answer if nothing is typed.
    pub(crate) default: Vec<String>,
    check: &'a dyn Fn(&[String]) -> Result<(), Objection>,
}

impl Prompt<'_> {
    /// Fails when this cannot be the answer.
    pub(crate) fn check(&self, values: &[String]) -> Result<(), Objection> {
        (self.check)(values)
    }
}

/// The outcome of a question.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The answer; several values only where the question takes several.
    Answer(Vec<String>),
    /// The person wants to answer the previous question again.
    Back,
}

/// An answer in the list of all answers.
#[derive(Debug)]
pub(crate) struct AnswerLine {
    pub(crate) topic: Topic,
    pub(crate) answer: String,
}

/// What a person decides about the list of all answers.
#[derive(Debug)]
pub(crate) enum Decision {
    /// Create the project.
    Create,
    /// Answer this question again.
    Change(Topic),
    /// Answer the last question again.
    Back,
}

/// Asks the questions in order, and keeps the answers.
pub(crate) struct Interview<'a> {
    occupied: OccupiedFolder,
    defaults: Defaults<'a>,
    form: Form,
    around: Option<Surroundings>,
    /// The questions that were asked, in order.
    asked: Vec<Topic>,
}

impl<'a> Interview<'a> {
    /// Starts with the answers of the command line.
    pub(crate) fn new(given: Given, occupied: OccupiedFolder, shell: &'a Shell) -> Result<Self> {
        let mut form = Form::default();
        for (topic, values) in given {
            form.set(topic, values, AnswerOrigin::Flag);
        }
        let defaults = Defaults::new(shell);
        let mut interview = Self { occupied, defaults, form, around: None, asked: Vec::new() };
        interview.check_flags()?;
        interview.look_around()?;
        Ok(interview)
    }

    /// Asks for all missing answers.
    pub(crate) fn fill(&mut self, ask: &mut dyn Ask) -> Result<()> {
        while let Some(question) = questions().iter().find(|question| self.is_open(question)) {
            if !self.is_asked(question) {
                let default = self.default_of(question)?;
                self.form.set(question.topic, default, AnswerOrigin::Default);
            } else if self.answer(question, ask)? {
                self.asked.push(question.topic);
            } else {
                self.back(ask)?;
            }
        }
        ask.finish()?;
        self.check_all()
    }

    /// Asks one question again, and the questions that its new answer opens.
    pub(crate) fn change(&mut self, topic: Topic, ask: &mut dyn Ask) -> Result<()> {
        self.form.adopt_flags();
        if self.answer(topic.question(), ask)? { self.fill(ask) } else { Ok(()) }
    }

    /// Opens the question that was asked last. Fails when there is none.
    pub(crate) fn back(&mut self, ask: &mut dyn Ask) -> Result<()> {
        self.form.adopt_flags();
        let topic = self.asked.pop().ok_or(Canceled)?;
        self.form.reopen(topic);
        ask.withdraw(topic)
    }

    /// Everything that would be written for these answers. Fails if it cannot be written.
    pub(crate) fn plan(&self) -> Result<ProjectPlan> {
        let around = self.around.as_ref().context("the folder is asked for")?;
        let plan = plan(&Answers::of(&self.form, around)?, around)?;
        plan.check_destination(self.occupied)?;
        Ok(plan)
    }

    /// All answers, as shown to a person.
    pub(crate) fn lines(&self) -> Vec<AnswerLine> {
        let is_listed = |question: &&Question| {
            self.form.applies(question) && (self.form.leaves_open(question) || !question.asked)
        };
        let line = |question: &Question| {
            let answer = match self.form.values(question.topic).join(", ") {
                answer if !answer.is_empty() => answer,
                _ if self.is_inherited(question.topic) => "as in the workspace".to_owned(),
                _ => NONE.to_owned(),
            };
            AnswerLine { topic: question.topic, answer }
        };
        questions().iter().filter(is_listed).map(line).collect()
    }

    /// Asks a question. `false` if the person wants to go back instead.
    fn answer(&mut self, question: &'static Question, ask: &mut dyn Ask) -> Result<bool> {
        let proposed = self.default_of(question)?;
        let earlier = self.form.values(question.topic);
        let check = |values: &[String]| checks::check(question, values, &self.form, self.occupied);
        let default = if earlier.is_empty() { proposed.clone() } else { earlier.to_vec() };
        let Reply::Answer(values) = ask.ask(&Prompt { question, default, check: &check })? else {
            return Ok(false);
        };
        let origin = if values == proposed { AnswerOrigin::Default } else { AnswerOrigin::Person };
        self.form.set(question.topic, values, origin);
        if matches!(question.topic, Topic::Lang | Topic::Path) {
            self.look_around()?;
        }
        self.check_flags()?;
        self.follow(question.topic)?;
        Ok(true)
    }

    fn default_of(&self, question: &Question) -> Result<Vec<String>> {
        self.defaults.of(question, &self.form, self.around.as_ref())
    }

    fn is_open(&self, question: &Question) -> bool {
        matches!(self.form.origin(question.topic), None | Some(AnswerOrigin::Earlier))
            && self.form.applies(question)
            && !self.is_inherited(question.topic)
    }

    fn is_asked(&self, question: &Question) -> bool {
        self.form.leaves_open(question)
            && !self.around.as_ref().is_some_and(|around| around.settle(question.topic))
    }

    fn is_inherited(&self, topic: Topic) -> bool {
        self.form.origin(topic).is_none() && self.around.as_ref().is_some_and(|around| around.answer(topic))
    }

    fn look_around(&mut self) -> Result<()> {
        if self.form.language().is_some() && self.form.origin(Topic::Path).is_some() {
            self.around = Some(Surroundings::of(&self.form)?);
        }
        Ok(())
    }

    /// Updates later answers after a new one: defaults are computed again, and answers that no longer fit are opened.
    fn follow(&mut self, answered: Topic) -> Result<()> {
        for question in questions().iter().filter(|question| question.topic > answered) {
            let topic = question.topic;
            match self.form.origin(topic) {
                Some(AnswerOrigin::Default)
                    if self.around.as_ref().is_some_and(|around| around.answer(topic)) =>
                {
                    self.form.clear(topic);
                }
                Some(AnswerOrigin::Default) if self.form.applies(question) => {
                    let default = self.default_of(question)?;
                    self.form.set(topic, default, AnswerOrigin::Default);
                }
                None | Some(AnswerOrigin::Flag) => continue,
                _ => {}
            }
            if self.form.applies(question) && self.check(question).is_err() {
                self.form.reopen(topic);
                self.asked.retain(|asked| *asked != topic);
            }
        }
        Ok(())
    }

    /// Fails if a flag cannot be used together with the answers known so far.
    fn check_flags(&self) -> Result<()> {
        let flags = questions()
            .iter()
            .filter(|question| self.form.origin(question.topic) == Some(AnswerOrigin::Flag));
        for question in flags {
            if !self.form.applies(question) {
                return Err(self.out_of_place(question));
            }
            self.check_one(question)?;
        }
        Ok(())
    }

    fn check_all(&self) -> Result<()> {
        let answered = questions().iter().filter(|question| self.form.origin(question.topic).is_some());
        answered
            .filter(|question| self.form.applies(question))
            .try_for_each(|question| self.check_one(question))
    }

    fn check_one(&self, question: &Question) -> Result<()> {
        let values = self.form.values(question.topic);
        self.check(question).map_err(|objection| objection.into_error(question.topic, values))
    }

    fn check(&self, question: &Question) -> Result<(), Objection> {
        checks::check(question, self.form.values(question.topic), &self.form, self.occupied)
    }

    fn out_of_place(&self, question: &Question) -> anyhow::Error {
        let topic = question.topic;
        match (self.form.language(), self.form.kind()) {
            (Some(language), _)
                if !question.languages.is_empty() && !question.languages.contains(&language.name) =>
            {
                failure(
                    format!("`{topic}` makes no sense for a policy in {}", language.title),
                    "leave it out, or choose another `--lang`",
                )
            }
            (_, Some(kind)) => failure(
                format!("`{topic}` makes no sense for a policy of kind `{}`", kind.name),
                "leave it out, or choose a `--kind` for Kubernetes objects",
            ),
            _ => failure(format!("`{topic}` makes no sense here"), "leave it out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers from a list, the default for `""`; `Back` for `<`.
    struct Scripted {
        answers: Vec<(Topic, &'static str)>,
    }

    impl Ask for Scripted {
        fn ask(&mut self, prompt: &Prompt<'_>) -> Result<Reply> {
            let (topic, answer) = self.answers.remove(0);
            assert_eq!(topic, prompt.question.topic);
            let values = match answer {
                "<" => return Ok(Reply::Back),
                "" => prompt.default.clone(),
                answer => answer.split(' ').map(str::to_owned).collect(),
            };
            prompt.check(&values).unwrap();
            Ok(Reply::Answer(values))
        }

        fn review(&mut self, _: &[AnswerLine], _: &str) -> Result<Decision> {
            Ok(Decision::Create)
        }
    }

    fn given() -> Given {
        let folder = std::env::temp_dir().join("no-such-folder/demo");
        let one = |text: &str| vec![text.to_owned()];
        [
            (Topic::Path, vec![folder.to_string_lossy().into_owned()]),
            (Topic::Author, one("")),
            (Topic::License, one("MIT")),
            (Topic::Registry, one("ghcr.io/acme")),
            (Topic::Vcs, one("none")),
        ]
        .into()
    }

    fn answer_of(interview: &Interview<'_>, topic: Topic) -> String {
        interview.lines().into_iter().find(|line| line.topic == topic).map(|line| line.answer).unwrap()
    }

    #[test]
    fn questions_follow_from_answers_and_the_way_back_opens_them_again() {
        let shell = Shell::default();
        let mut interview = Interview::new(given(), OccupiedFolder::Refuse, &shell).unwrap();
        let mut ask = Scripted {
            answers: vec![
                (Topic::Lang, "go"),
                (Topic::ModulePath, ""),
                (Topic::Kind, "mutate"),
                (Topic::Resource, "<"),
                (Topic::Kind, "<"),
                (Topic::ModulePath, "<"),
                (Topic::Lang, "rust"),
                (Topic::Kind, ""),
                (Topic::Resource, "pods"),
                (Topic::Operation, ""),
                (Topic::Types, "k8s-openapi"),
                (Topic::Description, ""),
                // Afterwards.
                (Topic::Resource, "pods services"),
                (Topic::Kind, "raw-mutate"),
            ],
        };
        interview.fill(&mut ask).unwrap();
        assert_eq!(answer_of(&interview, Topic::Kind), "mutate");
        assert_eq!(answer_of(&interview, Topic::Description), "Adds labels to pods");
        interview.change(Topic::Resource, &mut ask).unwrap();
        assert_eq!(answer_of(&interview, Topic::Description), "Adds labels to pods and services");
        assert!(interview.lines().iter().all(|line| line.topic != Topic::Types));
        interview.change(Topic::Kind, &mut ask).unwrap();
        assert_eq!(answer_of(&interview, Topic::Description), "Adds labels to documents");
        assert!(ask.answers.is_empty());
        let plan = interview.plan().unwrap();
        assert!(plan.files.iter().any(|file| file.path.ends_with("src/main.rs")));
    }

    #[test]
    fn the_way_back_from_the_first_question_leads_out() {
        let shell = Shell::default();
        let mut interview = Interview::new(given(), OccupiedFolder::Refuse, &shell).unwrap();
        let mut ask = Scripted { answers: vec![(Topic::Lang, "<")] };
        assert!(interview.fill(&mut ask).unwrap_err().is::<Canceled>());
    }
}
