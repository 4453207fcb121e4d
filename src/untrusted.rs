//! Text that comes from somebody else: a policy, a registry, a file.

use std::borrow::Cow;

use crate::fs;

/// A text of others without what a terminal would obey; line ends and tabs stay.
///
/// Most texts have nothing of that; they may be long, and are not copied.
pub fn printable(text: &str) -> Cow<'_, str> {
    // Marks of direction would show a line in another order.
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || turns(c);
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    fs::unix_line_ends(text.to_owned())
        .chars()
        .fold(String::new(), |mut printable, c| {
            if obeyed(c) {
                printable.extend(c.escape_default());
            } else {
                printable.push(c);
            }
            printable
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_give_no_orders_to_the_terminal() {
        for (text, shown) in [
            ("plain\n\ttext\n", "plain\n\ttext\n"),
            ("line ends\r\nof Windows\r\n", "line ends\nof Windows\n"),
            ("hidden\rshown", "hidden\\rshown"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("paid \u{202e}yb", "paid \\u{202e}yb"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }
}
