//! Asking: a person at a terminal, nobody, or nobody who minds the defaults.

use std::fmt;

use anyhow::{Context, Result};
use inquire::list_option::ListOption;
use inquire::validator::Validation;
use inquire::{Confirm, InquireError, MultiSelect, Select, Text};

use super::Question;
use crate::error::{failure, hints};
use crate::kubernetes;
use crate::shell::Shell;

/// Whoever answers questions.
pub trait Ask {
    /// The answers to a question, all checked; several only where the question takes several. `None` when the user
    /// backs out: `new` then ends quietly with nothing written.
    fn ask(&mut self, question: &Question) -> Result<Option<Vec<String>>>;

    /// After the last question.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    /// Shall it be done as `summary` says?
    fn confirm(&mut self, summary: &str) -> Result<bool>;
}

/// `--defaults`: asks nothing.
#[derive(Debug)]
pub struct TakeDefaults;

impl Ask for TakeDefaults {
    fn ask(&mut self, question: &Question) -> Result<Option<Vec<String>>> {
        Ok(Some(question.default.clone()))
    }

    fn confirm(&mut self, _: &str) -> Result<bool> {
        Ok(true)
    }
}

/// No terminal: asks nothing, and remembers what it would have asked.
#[derive(Debug, Default)]
pub struct NoTerminal {
    missing: Vec<String>,
}

impl Ask for NoTerminal {
    fn ask(&mut self, question: &Question) -> Result<Option<Vec<String>>> {
        self.missing.push(question.flag.clone());
        Ok(Some(question.default.clone()))
    }

    /// Fails with the flags of all that was not said.
    fn finish(&mut self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = self.missing.iter().map(|flag| format!("`{flag}`")).collect();
        Err(failure(
            format!("there is no terminal to ask at, and this was not said: {}", list.join(", ")),
            "say it with these flags, or pass `--defaults` to take the default of each",
        ))
    }

    fn confirm(&mut self, _: &str) -> Result<bool> {
        Ok(true)
    }
}

/// A person at a terminal.
#[derive(Debug)]
pub struct Terminal<'a> {
    /// Where the summary is shown.
    pub shell: &'a Shell,
}

impl Ask for Terminal<'_> {
    fn ask(&mut self, question: &Question) -> Result<Option<Vec<String>>> {
        let answer = match (question.name.as_str(), question.several) {
            ("resource", _) => resources(question),
            (_, true) => several(question, question.choices.iter().map(Entry::of).collect()),
            (_, false) if question.choices.is_empty() => text(question).map(|answer| vec![answer]),
            (_, false) => one(question),
        };
        let answer = backed_out(answer).context("could not ask at the terminal")?;
        if answer.is_none() {
            // Whatever comes next would be written over the question.
            self.shell.note("");
        }
        Ok(answer)
    }

    fn confirm(&mut self, summary: &str) -> Result<bool> {
        self.shell.note(summary);
        let answer = Confirm::new("Create it?").with_default(true).prompt();
        Ok(backed_out(answer).context("could not ask at the terminal")?.unwrap_or(false))
    }
}

/// Esc and Ctrl-C both mean: leave it.
fn backed_out<T>(answer: Result<T, InquireError>) -> Result<Option<T>, InquireError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(InquireError::OperationCanceled | InquireError::OperationInterrupted) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An answer to choose, with what it means.
#[derive(Debug, Clone)]
struct Entry {
    value: String,
    about: String,
}

impl Entry {
    fn of(choice: &super::Choice) -> Self {
        Self { value: choice.value.clone(), about: choice.about.clone() }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.about.is_empty() {
            f.write_str(&self.value)
        } else {
            write!(f, "{:<14} {}", self.value, self.about)
        }
    }
}

fn text(question: &Question) -> Result<String, InquireError> {
    let default = question.default.first().cloned().unwrap_or_default();
    let checked = question.clone();
    let mut prompt =
        Text::new(&question.prompt).with_validator(move |answer: &str| Ok(validation(checked.check(answer))));
    if !default.is_empty() {
        prompt = prompt.with_default(&default);
    }
    let hint = (!question.required && default.is_empty()).then_some("Enter for none");
    prompt.help_message = hint;
    prompt.prompt()
}

fn validation(check: Result<()>) -> Validation {
    match check {
        Ok(()) => Validation::Valid,
        Err(error) => {
            let hint = hints(&error).next().map(|hint| format!(": {hint}")).unwrap_or_default();
            Validation::Invalid(format!("{error:#}{hint}").into())
        }
    }
}

fn one(question: &Question) -> Result<Vec<String>, InquireError> {
    let entries: Vec<_> = question.choices.iter().map(Entry::of).collect();
    let start = entries.iter().position(|entry| question.default.contains(&entry.value)).unwrap_or(0);
    let answer = Select::new(&question.prompt, entries)
        .with_starting_cursor(start)
        .without_filtering()
        .with_help_message("↑↓ to move, enter to select")
        .with_formatter(&|answer: ListOption<&Entry>| answer.value.value.clone())
        .prompt()?;
    Ok(vec![answer.value])
}

fn several(question: &Question, entries: Vec<Entry>) -> Result<Vec<String>, InquireError> {
    let chosen: Vec<_> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| question.default.contains(&entry.value))
        .map(|(index, _)| index)
        .collect();
    let answers = MultiSelect::new(&question.prompt, entries)
        .with_default(&chosen)
        .with_page_size(12)
        .with_help_message("↑↓ to move, space to select, enter to go on")
        .with_formatter(&|answers: &[ListOption<&Entry>]| {
            answers.iter().map(|answer| answer.value.value.as_str()).collect::<Vec<_>>().join(", ")
        })
        .with_validator(|answers: &[ListOption<&Entry>]| {
            Ok(if answers.is_empty() {
                Validation::Invalid("select at least one".into())
            } else {
                Validation::Valid
            })
        })
        .prompt()?;
    Ok(answers.into_iter().map(|answer| answer.value).collect())
}

/// Last entry of the list of resources.
const BY_HAND: &str = "others…";

/// The common resources to choose from, and others typed by hand.
fn resources(question: &Question) -> Result<Vec<String>, InquireError> {
    let entry = |value: &str, about: &str| Entry { value: value.to_owned(), about: about.to_owned() };
    let mut entries: Vec<_> = kubernetes::COMMON.iter().map(|resource| entry(resource, "")).collect();
    entries.push(entry(BY_HAND, "typed by hand"));
    let mut answers = several(question, entries)?;
    if answers.pop_if(|answer| answer == BY_HAND).is_some() {
        let checked = question.clone();
        let typed = Text::new("Which others?")
            .with_help_message(question.other.as_deref().unwrap_or_default())
            .with_validator(move |answer: &str| {
                let words: Vec<&str> = words(answer).collect();
                let first_wrong = words.iter().map(|word| checked.check(word)).find(Result::is_err);
                let nothing = words.is_empty().then(|| checked.check(""));
                Ok(validation(first_wrong.or(nothing).unwrap_or(Ok(()))))
            })
            .prompt()?;
        answers.extend(words(&typed).map(str::to_owned));
    }
    Ok(answers)
}

fn words(answer: &str) -> impl Iterator<Item = &str> {
    answer.split([',', ' ']).filter(|word| !word.is_empty())
}
