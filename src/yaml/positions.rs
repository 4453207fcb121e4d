//! Finds what is written at a position that the parser names.

use super::NodeContent;

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

    /// Returns the scalar at this place as it was written, unless it has quotes, a tag, or a leading `|` or `>`. Both
    /// numbers are counted from 1, columns in characters.
    pub(super) fn plain_scalar(&self, line: usize, column: usize, content: &NodeContent) -> Option<String> {
        let rest = after_anchor(self.at(line, column));
        if rest.starts_with(['"', '\'', '|', '>', '!']) {
            return None;
        }
        if let NodeContent::Text(text) = content {
            return Some(text.clone());
        }
        // All others are one word.
        let end = rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        // What follows an empty scalar is not a part of it.
        let is_other = *content == NodeContent::Null && !is_null(word);
        Some(if is_other { String::new() } else { word.to_owned() })
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

/// Returns what follows an anchor, which may be on a later line; without an anchor, the whole string.
fn after_anchor(text: &str) -> &str {
    if !text.starts_with('&') {
        return text;
    }
    let end = text.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(text.len());
    let mut rest = text[end..].trim_start();
    while rest.starts_with('#') {
        rest = rest.split_once('\n').map_or("", |(_, below)| below).trim_start();
    }
    rest
}
