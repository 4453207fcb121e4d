//! How far a long task is.

use indicatif::{ProgressBar, ProgressStyle};

use super::{CYAN, Shell};

impl Shell {
    /// A bar for a task of so many bytes. Nothing is drawn unless there is a person to see it, and enough to wait for.
    pub fn progress_bar(&self, verb: &str, total_bytes: usize) -> Progress {
        /// Less is gone before one has looked.
        const WORTH_A_BAR: usize = 1 << 17;
        if !self.has_reader() || total_bytes < WORTH_A_BAR {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(total_bytes as u64);
        let verb = self.paint(CYAN, &format!("{verb:>12}"));
        let template = format!("{verb} [{{bar:25}}] {{bytes}}/{{total_bytes}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress(bar)
    }
}

/// A bar that shows how far a task is. It is gone from the screen when it is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// So many bytes are done.
    pub fn set(&self, bytes: usize) {
        self.0.set_position(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
