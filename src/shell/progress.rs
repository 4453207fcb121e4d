//! A progress bar for long tasks.

use indicatif::{ProgressBar, ProgressStyle};

use super::Shell;
use super::color::NOTE;

impl Shell {
    /// Creates a bar for a task of this many bytes. It is drawn only for a person at a terminal that can move its
    /// cursor, and only if the task takes long enough to be seen.
    pub(crate) fn progress_bar(&self, verb: &str, total_bytes: usize) -> Progress {
        /// The size of the smallest task with a bar. A smaller one is over too soon.
        const WORTH_A_BAR: usize = 1 << 17;
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !self.has_reader() || is_dumb || total_bytes < WORTH_A_BAR {
            return Progress::hidden();
        }
        let bar = ProgressBar::new(total_bytes as u64);
        let verb = self.paint.styled(NOTE, &format!("{verb:>12}"));
        let template = format!("{verb} [{{bar:25}}] {{bytes}}/{{total_bytes}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress(bar)
    }
}

/// A bar that shows how much of a task is done. Dropping it removes it from the screen.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// No bar, for a task that is over at once.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Sets the number of bytes that are done.
    pub(crate) fn set(&self, bytes: usize) {
        self.0.set_position(bytes as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
