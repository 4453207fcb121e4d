//! dialoguer's prompts, fitted to the screen. They leave the terminal as it was.

use std::io;

use anyhow::{Context, Result};
use dialoguer::console::Term;
use dialoguer::{FuzzySelect, Input, MultiSelect, Select};

use super::screen::{MARK, PlainTheme, Screen, fold};
use crate::error::Canceled;
use crate::signals::Deferral;
use crate::template::Choice;

pub(super) const LIST_KEYS: &str = "Arrow keys move, Enter selects, Esc goes back";
const MARKS_KEYS: &str = "Arrow keys move, Space marks, Enter goes on, Esc goes back";
const SEARCH_KEYS: &str = "Type a part of the name, Enter adds it, Esc goes on";

/// A terminal that can move its cursor.
#[derive(Debug)]
pub(super) struct Widgets {
    term: Term,
    deferral: Deferral,
}

impl Widgets {
    pub(super) fn new(term: Term, deferral: Deferral) -> Self {
        Self { term, deferral }
    }

    /// Prints a line that stays, folded to the width of the terminal. Returns the number of lines that it takes.
    pub(super) fn print(&self, line: &str) -> Result<usize> {
        let lines = fold(line, Screen::of(&self.term).columns - 1);
        self.term.write_line(&lines.join("\n"))?;
        Ok(lines.len())
    }

    /// Clears the last lines that were printed.
    pub(super) fn clear(&self, lines: usize) -> Result<()> {
        Ok(self.term.clear_last_lines(lines)?)
    }

    /// Asks for one entry of a list. Returns its index, or `None` if the person wants to go back.
    pub(super) fn select(
        &self,
        question: &str,
        notes: &[&str],
        entries: &[Choice],
        start: usize,
    ) -> Result<Option<usize>> {
        let list = List::new(&self.term, question, notes, entries);
        let select = Select::with_theme(&list.theme).with_prompt(&list.question).items(&list.entries);
        self.finish(select.default(start).max_length(list.rows).report(false).interact_on_opt(&self.term))
    }

    /// Asks for several entries of a list. Returns their indices, or `None` if the person wants to go back.
    pub(super) fn marks(
        &self,
        question: &str,
        objection: Option<&str>,
        entries: &[Choice],
        marked: &[bool],
    ) -> Result<Option<Vec<usize>>> {
        let notes: Vec<_> = [MARKS_KEYS].into_iter().chain(objection).collect();
        let list = List::new(&self.term, question, &notes, entries);
        let select = MultiSelect::with_theme(&list.theme).with_prompt(&list.question).items(&list.entries);
        self.finish(select.defaults(marked).max_length(list.rows).report(false).interact_on_opt(&self.term))
    }

    /// Asks for one entry of a long list, found by part of its name. `None` if the person wants no more.
    pub(super) fn search(&self, question: &str, entries: &[Choice]) -> Result<Option<usize>> {
        let list = List::new(&self.term, question, &[SEARCH_KEYS], entries);
        let select = FuzzySelect::with_theme(&list.theme).with_prompt(&list.question).items(&list.entries);
        // The line that is typed takes one of the rows.
        let select = select.default(0).max_length(list.rows.saturating_sub(1).max(1));
        self.finish(select.highlight_matches(false).report(false).interact_on_opt(&self.term))
    }

    /// Asks for a line until it passes the check.
    pub(super) fn line(
        &self,
        question: &str,
        notes: &[&str],
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        let screen = Screen::of(&self.term);
        let head = screen.question(question, notes);
        self.term.write_line(&head)?;
        let theme = PlainTheme { columns: screen.columns };
        // The prompt itself is short, since dialoguer knows of one line only.
        let input = Input::<String>::with_theme(&theme).with_prompt(MARK).allow_empty(true).report(false);
        let input = input.validate_with(|line: &String| check(line));
        let line = self.finish(input.interact_text_on(&self.term))?;
        // dialoguer has cleared the last line of what was typed.
        self.term.clear_last_lines(head.lines().count() + screen.lines_of(&line) - 1)?;
        Ok(line)
    }

    /// Turns the outcome of a prompt into a result. The cursor is visible again, even after an error.
    fn finish<T>(&self, outcome: dialoguer::Result<T>) -> Result<T> {
        let error = match outcome {
            Ok(answer) if !self.deferral.has_signal() => return Ok(answer),
            Ok(_) => None,
            Err(dialoguer::Error::IO(error)) => Some(error),
        };
        // Neither matters next to what went wrong.
        let _ = self.term.show_cursor();
        let _ = self.term.write_line("");
        match error {
            Some(error) if !is_end(&error) && !self.deferral.has_signal() => {
                Err(error).context("could not ask at the terminal")
            }
            _ => Err(Canceled.into()),
        }
    }
}

/// Was it a signal such as that of Ctrl-C, or the end of the input?
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof)
}

/// A list fitted to the screen.
struct List {
    theme: PlainTheme,
    question: String,
    entries: Vec<String>,
    /// How many entries are shown at once.
    rows: usize,
}

impl List {
    fn new(term: &Term, question: &str, notes: &[&str], entries: &[Choice]) -> Self {
        let screen = Screen::of(term);
        let mut question = screen.question(question, notes);
        if entries.len() > screen.entries(&question) {
            question = screen.with_room_for_pages(question);
        }
        let explained = entries.iter().filter(|entry| !entry.about.is_empty());
        let width = explained.map(|entry| entry.value.len()).max().unwrap_or(0);
        Self {
            theme: PlainTheme { columns: screen.columns },
            rows: screen.entries(&question),
            question,
            entries: entries.iter().map(|entry| screen.entry(&entry.value, &entry.about, width)).collect(),
        }
    }
}
