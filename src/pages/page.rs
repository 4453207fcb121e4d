//! A page: titles, each followed by lines with a name and a value.

use crate::shell::{Paint, Tone};
use crate::untrusted::printable;

/// A page, written from top to bottom.
pub(super) struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    pub(super) fn new(paint: Paint) -> Self {
        Self { text: String::new(), paint }
    }

    pub(super) fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += &self.paint.text(Tone::Title, &printable(title));
        self.text.push('\n');
    }

    /// Adds a name with a value next to it. A value of several lines stays in its column.
    pub(super) fn line(&mut self, name: &str, value: &str) {
        let value = printable(value).trim_end().replace('\n', &format!("\n{:22}", ""));
        self.text += format!("  {:<18}  {value}", printable(name)).trim_end();
        self.text.push('\n');
    }

    /// Adds a name with a value below it, for long names and values.
    pub(super) fn block(&mut self, name: &str, value: &str) {
        let value = printable(value.trim_end()).replace('\n', "\n    ");
        self.text += &format!("  {}\n    {value}\n", printable(name));
    }

    /// Adds paragraphs that are already laid out.
    pub(super) fn paragraphs(&mut self, text: &str) {
        self.text += text;
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
