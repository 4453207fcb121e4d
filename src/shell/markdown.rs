//! Renders Markdown for a terminal.

use super::{Paint, Shell};
use crate::untrusted::printable;

impl Shell {
    /// Renders Markdown in lines that fit the screen. A string that is too long to be written by hand is returned as
    /// it is, because the time to lay it out grows faster than the length of a line in a table.
    pub(crate) fn markdown(&self, text: &str) -> String {
        const LONG: usize = 1 << 18;
        const LONG_LINE: usize = 1 << 12;
        if text.len() > LONG || text.lines().any(|line| line.len() > LONG_LINE) {
            return printable(text).into_owned();
        }
        let skin = match self.paint_results() {
            Paint { color: true } => termimad::MadSkin::default(),
            Paint { color: false } => termimad::MadSkin::no_style(),
        };
        // Wider lines are hard to read.
        let width = usize::from(termimad::terminal_size().0).clamp(20, 100);
        skin.text(&printable(text), Some(width)).to_string()
    }
}
