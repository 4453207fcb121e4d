//! A person at a terminal that can move its cursor: dialoguer's prompts.

use anyhow::Result;

use super::resources::ResourceList;
use super::typed;
use super::widgets::{LIST_KEYS, Widgets};
use crate::error::Canceled;
use crate::template::{AnswerLine, Ask, Choice, Decision, NONE, Prompt, Reply, Topic};

/// A person at a terminal that can move its cursor.
#[derive(Debug)]
pub(super) struct Dialog {
    widgets: Widgets,
    /// The answers on the screen, with the number of lines that each takes.
    shown: Vec<(Topic, usize)>,
    /// Has the person been told what Esc does, and where?
    knows_esc: bool,
}

const ESC: &str = "Esc goes back from lists; any answer can be changed at the end";

impl Ask for Dialog {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Result<Reply> {
        let question = prompt.question;
        let values = match (question.topic, question.several) {
            (Topic::Resource, _) => ResourceList::of(&prompt.default).ask(&self.widgets, prompt)?,
            (_, true) => self.marks_checked(prompt)?,
            (_, false) if question.choices.is_empty() => Some(self.line_checked(prompt)?),
            (_, false) => self.choice(prompt)?,
        };
        let Some(values) = values else { return Ok(Reply::Back) };
        let shown = if values.is_empty() { NONE.to_owned() } else { values.join(", ") };
        let lines = self.widgets.print(&format!("{}: {shown}", question.label))?;
        self.shown.push((question.topic, lines));
        Ok(Reply::Answer(values))
    }

    fn withdraw(&mut self, topic: Topic) -> Result<()> {
        match self.shown.pop_if(|(last, _)| *last == topic) {
            Some((_, lines)) => self.widgets.clear(lines),
            None => Ok(()),
        }
    }

    fn review(&mut self, answers: &[AnswerLine], consequence: &str) -> Result<Decision> {
        let mut entries = vec![Choice::new("Create it", "")];
        entries.extend(answers.iter().map(|line| Choice::new(&line.topic.question().label, &line.answer)));
        entries.push(Choice::new("Write nothing", ""));
        let notes = [consequence, LIST_KEYS];
        Ok(match self.widgets.select("Create it, or change an answer?", &notes, &entries, 0)? {
            None => Decision::Back,
            Some(0) => Decision::Create,
            Some(index) => match answers.get(index - 1) {
                Some(line) => Decision::Change(line.topic),
                None => return Err(Canceled.into()),
            },
        })
    }
}

impl Dialog {
    pub(super) fn new(widgets: Widgets) -> Self {
        Self { widgets, shown: Vec::new(), knows_esc: false }
    }

    /// One of the choices of a question. `None` for the way back.
    fn choice(&self, prompt: &Prompt<'_>) -> Result<Option<Vec<String>>> {
        let choices = &prompt.question.choices;
        let start = choices.iter().position(|choice| prompt.default.contains(&choice.value)).unwrap_or(0);
        let chosen = self.widgets.select(&prompt.question.prompt, &[LIST_KEYS], choices, start)?;
        Ok(chosen.map(|index| vec![choices[index].value.clone()]))
    }

    /// Several of the choices of a question. `None` for the way back.
    fn marks_checked(&self, prompt: &Prompt<'_>) -> Result<Option<Vec<String>>> {
        let choices = &prompt.question.choices;
        let mut marked: Vec<_> =
            choices.iter().map(|choice| prompt.default.contains(&choice.value)).collect();
        let mut objection = None;
        loop {
            let Some(chosen) =
                self.widgets.marks(&prompt.question.prompt, objection.as_deref(), choices, &marked)?
            else {
                return Ok(None);
            };
            let values: Vec<_> = chosen.iter().map(|index| choices[*index].value.clone()).collect();
            match prompt.check(&values) {
                Ok(()) => return Ok(Some(values)),
                Err(error) => objection = Some(error.at_prompt()),
            }
            marked = (0..choices.len()).map(|index| chosen.contains(&index)).collect();
        }
    }

    /// A line that is typed, checked.
    fn line_checked(&mut self, prompt: &Prompt<'_>) -> Result<Vec<String>> {
        let question = prompt.question;
        let default = prompt.default.join(" ");
        let head = if default.is_empty() {
            question.prompt.clone()
        } else {
            format!("{} [{default}]", question.prompt)
        };
        let read = |line: &str| match typed::values(question, line) {
            values if values.is_empty() && line.is_empty() => prompt.default.clone(),
            values => values,
        };
        let check = |values: &[String]| prompt.check(values).map_err(|objection| objection.at_prompt());
        let esc = (!std::mem::replace(&mut self.knows_esc, true)).then_some(ESC);
        let notes: Vec<_> = question.note.as_deref().into_iter().chain(esc).collect();
        self.widgets.line(&head, &notes, &|line| check(&read(line))).map(|line| read(&line))
    }
}
