//! Finds what is written at a position that the parser names.

use super::node::{KeyForm, NodeContent, Tagged};

/// A string with an index of its lines and columns.
pub(super) struct Positions<'a> {
    text: &'a str,
    lines: Vec<LineStart>,
}

struct LineStart {
    /// Where the line begins.
    offset: usize,
    /// Where every [`STEP`]th character begins, unless all characters take one byte.
    steps: Vec<usize>,
}

const STEP: usize = 64;

impl<'a> Positions<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut offset = 0;
        while offset < text.len() {
            let line = &text[offset..];
            // Line breaks are those of the parser.
            let end = line.find(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).unwrap_or(line.len());
            let after = line[end..].chars().next().map_or(0, char::len_utf8);
            let after = if line[end..].starts_with("\r\n") { 2 } else { after };
            lines.push(LineStart::of(&line[..end], offset));
            offset += end + after;
        }
        Self { text, lines }
    }

    /// The scalar at this place as it was written: first if it has no quotes, no tag, and no `|` or `>` in front, second
    /// if it has a tag. Both numbers are counted from 1, columns in characters.
    pub(super) fn spelling(
        &self,
        line: usize,
        column: usize,
        content: &NodeContent,
    ) -> (Option<String>, Option<Box<Tagged>>) {
        let (tag, rest) = after_properties(self.at(line, column));
        match (is_plain(rest), tag) {
            (true, None) => (Some(plain_text(rest, content)), None),
            (true, Some(tag)) => {
                (None, Some(Box::new(Tagged { tag: tag.to_owned(), text: plain_text(rest, content) })))
            }
            (false, None) => (None, None),
            (false, Some(tag)) => {
                let text = match content {
                    NodeContent::Text(text) => text.clone(),
                    // A number, a boolean or null has no quotes in it.
                    _ => rest.split(['"', '\'']).nth(1).unwrap_or_default().to_owned(),
                };
                (None, Some(Box::new(Tagged { tag: tag.to_owned(), text })))
            }
        }
    }

    /// How the key at this place is written.
    pub(super) fn key_form(&self, line: usize, column: usize) -> KeyForm {
        let (tag, rest) = after_properties(self.at(line, column));
        KeyForm { is_plain: is_plain(rest), tag: tag.map(Into::into) }
    }

    fn at(&self, line: usize, column: usize) -> &'a str {
        let Some(line) = self.lines.get(line.saturating_sub(1)) else { return "" };
        let column = column.saturating_sub(1);
        let (start, rest) = match line.steps.get(column / STEP) {
            Some(start) => (*start, column % STEP),
            None if line.steps.is_empty() => (line.offset + column, 0),
            None => return "",
        };
        let from = self.text.get(start..).unwrap_or_default();
        from.char_indices().nth(rest).map_or("", |(offset, _)| &from[offset..])
    }
}

impl LineStart {
    fn of(text: &str, offset: usize) -> Self {
        let steps = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STEP).map(|(index, _)| offset + index).collect()
        };
        Self { offset, steps }
    }
}

/// Whether this is a word for null, or for a number that JSON does not have, which is read as null.
fn is_null(word: &str) -> bool {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    ["~", "null", ".inf", ".nan"].iter().any(|known| unsigned.eq_ignore_ascii_case(known))
}

fn is_plain(rest: &str) -> bool {
    !rest.starts_with(['"', '\'', '|', '>'])
}

/// A scalar without quotes, of which `rest` begins with the first word.
fn plain_text(rest: &str, content: &NodeContent) -> String {
    if let NodeContent::Text(text) = content {
        return text.clone();
    }
    // All others are one word.
    let end = rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len());
    let word = &rest[..end];
    // What follows an empty scalar is not a part of it.
    let is_other = *content == NodeContent::Null && !is_null(word);
    if is_other { String::new() } else { word.to_owned() }
}

/// The tag in front of a value, and what follows tag and anchor, perhaps on a line below.
fn after_properties(text: &str) -> (Option<&str>, &str) {
    let (mut tag, mut rest) = (None, text);
    while rest.starts_with(['&', '!']) {
        let end = match rest.starts_with("!<") {
            true => rest.find('>').map_or(rest.len(), |end| end + 1),
            false => rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len()),
        };
        if rest.starts_with('!') {
            tag = Some(&rest[..end]);
        }
        rest = rest[end..].trim_start();
        while rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, below)| below).trim_start();
        }
    }
    (tag, rest)
}
