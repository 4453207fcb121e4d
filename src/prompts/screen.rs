//! How prompts look: plain characters, and no line wider than the terminal.
//!
//! dialoguer counts the lines that it writes by their ends, and clears as many. A line that the terminal wraps would
//! remain on the screen in part, so each is folded or cut here.

use std::fmt;

use dialoguer::console::{Term, measure_text_width, truncate_str};
use dialoguer::theme::Theme;

/// The width that dialoguer adds to the last line of a question while a list has several pages.
const PAGES: usize = " [Page 10/10] ".len();
/// The width of what precedes an entry: the mark of the cursor, and a box.
const MARKS: usize = "> [ ] ".len();

/// The mark that precedes a typed line.
pub(super) const MARK: &str = "> ";

/// The current size of the terminal.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Screen {
    pub(super) fn of(term: &Term) -> Self {
        let (rows, columns) = term.size();
        Self { rows: rows.into(), columns: columns.into() }
    }

    /// A question with its notes below it, folded.
    pub(super) fn question(&self, question: &str, notes: &[&str]) -> String {
        let columns = self.columns - 1;
        let mut lines = fold(&format!("? {question}"), columns);
        for note in notes {
            lines.extend(fold(note, columns - 2).into_iter().map(|line| format!("  {line}")));
        }
        lines.join("\n")
    }

    /// Adds a line if the last one has no room for what dialoguer adds to it.
    pub(super) fn with_room_for_pages(&self, mut question: String) -> String {
        let last = question.lines().last().map_or(0, measure_text_width);
        if last + PAGES > self.columns {
            question.push_str("\n ");
        }
        question
    }

    /// How many lines a typed line takes, with the mark in front of it.
    pub(super) fn lines_of(&self, typed: &str) -> usize {
        (MARK.len() + measure_text_width(typed)) / self.columns + 1
    }

    /// How many entries of a list fit below a question.
    pub(super) fn entries(&self, question: &str) -> usize {
        // The cursor waits in a line of its own.
        self.rows.saturating_sub(question.lines().count() + 1).max(1)
    }

    /// An entry of a list with what it means, cut to fit into a line.
    pub(super) fn entry(&self, value: &str, about: &str, value_width: usize) -> String {
        let entry = format!("{value:value_width$}  {about}");
        // dialoguer takes bytes for columns: three of them are a dot more than one.
        truncate_str(entry.trim_end(), self.columns - MARKS - 1, "...").into_owned()
    }
}

/// Breaks a line between words, so that no part is wider than `columns`; a longer word is broken too.
pub(super) fn fold(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.last_mut().expect("there is one from the start");
        let width = measure_text_width(last);
        if width > 0 && width + 1 + measure_text_width(word) > columns {
            lines.push(String::new());
        } else if width > 0 {
            last.push(' ');
        }
        for c in word.chars() {
            let last = lines.last_mut().expect("there is one from the start");
            if measure_text_width(last) >= columns {
                lines.push(c.to_string());
            } else {
                last.push(c);
            }
        }
    }
    lines
}

/// dialoguer's own marks for lists, and questions as [`Screen::question`] makes them.
#[derive(Debug)]
pub(super) struct PlainTheme {
    pub(super) columns: usize,
}

impl Theme for PlainTheme {
    fn format_prompt(&self, f: &mut dyn fmt::Write, prompt: &str) -> fmt::Result {
        f.write_str(prompt)
    }

    fn format_error(&self, f: &mut dyn fmt::Write, error: &str) -> fmt::Result {
        f.write_str(&fold(error, self.columns - 1).join("\n"))
    }

    fn format_input_prompt(&self, f: &mut dyn fmt::Write, prompt: &str, _: Option<&str>) -> fmt::Result {
        f.write_str(prompt)
    }

    fn format_fuzzy_select_prompt(
        &self,
        f: &mut dyn fmt::Write,
        prompt: &str,
        typed: &str,
        cursor: usize,
    ) -> fmt::Result {
        let (before, after) = typed.split_at(cursor);
        write!(f, "{prompt}\n> {before}|{after}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(fold("a bc def", 4), ["a bc", "def"]);
        assert_eq!(fold("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(fold("", 4), [""]);
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let screen = Screen { rows: 10, columns: 40 };
        let question = "Which resources should it see, of all that there are?";
        let question = screen.question(question, &["Space marks, Enter goes on"]);
        assert!(question.lines().all(|line| line.len() < 40), "{question}");
        let question = screen.with_room_for_pages(question);
        assert!(question.lines().last().unwrap().len() + PAGES <= 40, "{question}");
        assert_eq!(screen.entries(&question), 10 - question.lines().count() - 1);
        let entry = screen.entry("validate", "accept or reject Kubernetes objects", 12);
        assert_eq!(entry, "validate      accept or reject...");
    }
}
