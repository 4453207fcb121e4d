//! Makes strings from a policy, a registry or a file safe to print, and weighs them before they are parsed.

mod weight;

use std::borrow::Cow;

pub(crate) use weight::is_heavy;

use crate::fs;

/// Escapes all characters that a terminal would obey. Line endings and tabs are kept.
///
/// Most strings have no such characters; they may be long, so they are not copied.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let text = fs::unix_line_ends(text.to_owned());
    escaped(&text, |c| c.escape_default().to_string()).into_owned().into()
}

/// Escapes the characters in JSON that a terminal obeys; the values stay the same. Serializers escape control characters of
/// ASCII only.
pub(crate) fn printable_json(json: &str) -> Cow<'_, str> {
    escaped(json, |c| format!("\\u{:04x}", u32::from(c)))
}

/// Escapes the characters in XML that a terminal obeys; the text stays the same.
pub(crate) fn printable_xml(xml: &str) -> Cow<'_, str> {
    escaped(xml, |c| format!("&#x{:x};", u32::from(c)))
}

/// The most bytes of an excerpt.
const EXCERPT_BYTES: usize = 16 << 10;

/// Shortens a string to [`EXCERPT_BYTES`] and to 200 lines.
pub(crate) fn excerpt(text: &str) -> String {
    const LINES: usize = 200;
    let end_of_lines = text.match_indices('\n').nth(LINES - 1).map_or(text.len(), |(end, _)| end);
    let end = text.floor_char_boundary(EXCERPT_BYTES.min(end_of_lines));
    match text[end..].trim_end().len() {
        0 => text[..end].to_owned(), // what is left is blank
        left => format!("{}\n… and {left} more bytes", &text[..end]),
    }
}

/// Replaces each character that a terminal obeys with the result of `escape`.
fn escaped(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let escape = |mut escaped: String, c| {
        match is_obeyed(c) {
            true => escaped += &escape(c),
            false => escaped.push(c),
        }
        escaped
    };
    text.chars().fold(String::new(), escape).into()
}

/// Whether a terminal obeys this character: control characters of ASCII and Latin-1, and direction marks, which
/// change the order in which a line is shown.
pub(crate) fn is_obeyed(c: char) -> bool {
    let is_direction = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    is_direction || c.is_control() && !matches!(c, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_tabs_stay() {
        assert_eq!(printable("plain\n\ttext\n"), "plain\n\ttext\n");
        assert_eq!(printable("line ends\r\nof Windows\r\n"), "line ends\nof Windows\n");
    }

    #[test]
    fn an_excerpt_is_short_in_bytes_and_in_lines() {
        let lines = "line\n".repeat(200);
        assert_eq!(excerpt(&lines), lines.trim_end());
        let shown = excerpt(&"line\n".repeat(7_000));
        assert!(shown.lines().count() == 201 && shown.ends_with("… and 34000 more bytes"), "{shown}");
        assert_eq!(excerpt(&"é".repeat(10_000)).len(), EXCERPT_BYTES + "\n… and 3616 more bytes".len());
    }

    #[test]
    fn json_and_xml_keep_their_meaning() {
        let text = "a\u{9b}31m\u{7f}\u{202e}\u{2066}\u{61c}b";
        let json = serde_json::to_string(&[text]).unwrap();
        let shown = printable_json(&json);
        assert_eq!(shown, r#"["a\u009b31m\u007f\u202e\u2066\u061cb"]"#);
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
        assert_eq!(printable_xml("<a>\u{9b}\u{202e}</a>\n"), "<a>&#x9b;&#x202e;</a>\n");
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let controls = ('\0'..='\u{1f}').filter(|c| !"\n\t".contains(*c)).chain('\u{7f}'..='\u{9f}');
        let directions = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let directions = directions.chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for c in controls.chain(directions) {
            let shown = printable(&format!("a{c}b")).into_owned();
            assert_eq!(shown, format!("a{}b", c.escape_default()));
        }
        assert_eq!(printable("\u{1b}[31mred"), "\\u{1b}[31mred");
        assert_eq!(printable("hidden\rshown"), "hidden\\rshown");
    }
}
