//! Answers without a person: `--defaults`, and stdin that is not a terminal.

use anyhow::Result;

use crate::error::{failure, name_list};
use crate::template::{AnswerLine, Ask, Decision, Prompt, Reply, Topic};

/// `--defaults`: takes the default of each question.
#[derive(Debug)]
pub(crate) struct TakeDefaults;

impl Ask for TakeDefaults {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Result<Reply> {
        Ok(Reply::Answer(prompt.default.clone()))
    }

    fn review(&mut self, _: &[AnswerLine], _: &str) -> Result<Decision> {
        Ok(Decision::Create)
    }
}

/// No terminal: remembers what would have been asked.
#[derive(Debug, Default)]
pub(crate) struct NoTerminal {
    missing: Vec<Topic>,
}

impl Ask for NoTerminal {
    fn ask(&mut self, prompt: &Prompt<'_>) -> Result<Reply> {
        self.missing.push(prompt.question.topic);
        Ok(Reply::Answer(prompt.default.clone()))
    }

    /// Fails, and names the flags of all missing answers.
    fn finish(&mut self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let list = name_list(&self.missing);
        Err(failure(
            format!("stdin is not a terminal, and these arguments are missing: {list}"),
            "pass them, or `--defaults` to use the default of each",
        ))
    }

    fn review(&mut self, _: &[AnswerLine], _: &str) -> Result<Decision> {
        Ok(Decision::Create)
    }
}
