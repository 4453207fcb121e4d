//! A person at a terminal that cannot move its cursor: questions and answers are lines.

use std::io::BufRead;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::Result;
use dialoguer::console::Term;

use super::typed;
use crate::error::Canceled;
use crate::signals::Deferral;
use crate::template::{AnswerLine, Ask, Decision, Prompt, Question, Reply, Topic};

/// A person who reads and types lines.
#[derive(Debug)]
pub(super) struct PlainLines {
    term: Term,
    deferral: Deferral,
    lines: Receiver<String>,
}

impl PlainLines {
    pub(super) fn new(term: Term, deferral: Deferral) -> Self {
        let (sender, lines) = mpsc::channel();
        // Reading a line goes on after Ctrl-C, so it is not done here. The thread ends with the process.
        std::thread::spawn(move || {
            let lines = std::io::stdin().lock().lines();
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { term, deferral, lines }
    }

    /// The next line. Fails with [`Canceled`] after Ctrl-C, and at the end of the input.
    fn line(&self) -> Result<String> {
        loop {
            match self.lines.recv_timeout(Duration::from_millis(20)) {
                _ if self.deferral.has_signal() => return Err(Canceled.into()),
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Canceled.into()),
            }
        }
    }
}

impl Ask for PlainLines {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Result<Reply> {
        let question = prompt.question;
        self.term.write_line(&question.prompt)?;
        for choice in &question.choices {
            self.term.write_line(format!("  {:<14}{}", choice.value, choice.about).trim_end())?;
        }
        self.term.write_line(&format!("  ({})", how_to_answer(prompt)))?;
        loop {
            let line = self.line()?;
            let values = match typed::values(question, &line) {
                values if values.is_empty() && line.trim().is_empty() => prompt.default.clone(),
                values => values,
            };
            match prompt.check(&values) {
                Ok(()) => return Ok(Reply::Answer(values)),
                Err(objection) => self.term.write_line(&objection.at_prompt())?,
            }
        }
    }

    fn review(&mut self, answers: &[AnswerLine], consequence: &str) -> Result<Decision> {
        for line in answers {
            self.term.write_line(&format!("  {:<17}{}", line.topic.question().label, line.answer))?;
        }
        self.term.write_line(consequence)?;
        self.term.write_line("Create it? (yes, no, or the name of an answer to change)")?;
        loop {
            let line = self.line()?;
            let named = |topic: Topic| topic.question().label.eq_ignore_ascii_case(line.trim());
            match line.trim().to_ascii_lowercase().as_str() {
                "" | "y" | "yes" => return Ok(Decision::Create),
                "n" | "no" => return Err(Canceled.into()),
                _ => match answers.iter().find(|line| named(line.topic)) {
                    Some(line) => return Ok(Decision::Change(line.topic)),
                    None => self.term.write_line("Type `yes`, `no`, or a name from the list.")?,
                },
            }
        }
    }
}

fn how_to_answer(prompt: &Prompt<'_>) -> String {
    let Question { note, several, required, choices, .. } = prompt.question;
    let mut parts: Vec<String> = note.iter().cloned().collect();
    if *several {
        parts.push("several separated by spaces".to_owned());
    }
    match prompt.default.join(" ") {
        default if !default.is_empty() => parts.push(format!("Enter for {default}")),
        _ if !required && choices.is_empty() => parts.push("Enter for none".to_owned()),
        _ => {}
    }
    if parts.is_empty() { "type it".to_owned() } else { parts.join("; ") }
}
