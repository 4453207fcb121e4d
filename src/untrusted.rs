//! Strings from elsewhere, from a policy, a registry or a file: made safe to print, and weighed before they are parsed.

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
    fs::unix_line_ends(text.to_owned())
        .chars()
        .fold(String::new(), |mut printable, c| {
            if is_obeyed(c) {
                printable.extend(c.escape_default());
            } else {
                printable.push(c);
            }
            printable
        })
        .into()
}

/// Whether a terminal obeys this character: control characters of ASCII and Latin-1, and direction marks, which
/// change the order in which a line is shown.
fn is_obeyed(c: char) -> bool {
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
