//! The lines of a file, which findings quote.

use std::path::Path;

use super::{Place, Quote};

/// A file with an index of its lines.
pub(crate) struct FileLines<'a> {
    /// The path of the file, as the user would write it.
    pub(crate) file: &'a Path,
    text: &'a str,
    /// The offset where each line begins.
    starts: Vec<usize>,
}

impl<'a> FileLines<'a> {
    pub(crate) fn of(file: &'a Path, text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(offset, _)| offset + 1)).collect();
        Self { file, text, starts }
    }

    /// Returns the place of a line, counted from 1, and a quote of the line.
    pub(crate) fn place(&self, line: Option<usize>) -> (Place, Option<Quote>) {
        let quote = line.and_then(|line| self.quote(line));
        (Place { file: self.file.to_owned(), line }, quote)
    }

    /// Quotes a line. Returns `None` for an empty line, and cuts off the end of a very long one.
    fn quote(&self, line: usize) -> Option<Quote> {
        const LONGEST: usize = 200;
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let mut text = self.text[start..].lines().next()?.trim_end().to_owned();
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        (!text.trim().is_empty()).then_some(Quote { line, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_quoted_in_part_when_they_are_long() {
        let text = format!("a\r\n\n  {}\n", "é".repeat(1000));
        let lines = FileLines::of(Path::new("f"), &text);
        let quote = |line| lines.place(Some(line)).1.map(|quote| quote.text);
        assert_eq!(quote(1).as_deref(), Some("a"));
        assert_eq!(quote(2), None);
        assert_eq!(quote(3).unwrap().chars().count(), 201);
        assert_eq!((quote(4), quote(5)), (None, None));
    }
}
