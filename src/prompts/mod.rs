//! Questions put to a person at a terminal, and what answers them where there is none.
//!
//! [`Dialog`] has lists and lines to edit, for terminals that can move the cursor; [`PlainLines`] only prints and reads
//! lines. What is asked, and which answers can be used, is left to `template`.

mod dialog;
mod plain;
mod resources;
mod screen;
mod typed;
mod unattended;
mod widgets;

use dialoguer::console::{self, Term};

use dialog::Dialog;
use plain::PlainLines;
pub(crate) use unattended::{NoTerminal, TakeDefaults};
use widgets::Widgets;

use crate::signals::Deferral;
use crate::template::Ask;

/// A smaller screen has no room for a list and its keys.
const LEAST_ROWS: u16 = 8;
const LEAST_COLUMNS: u16 = 30;

/// Asks at the terminal on stderr. Until the result is dropped, a signal such as that of Ctrl-C does not end the process,
/// but the question.
pub(crate) fn at_terminal() -> Box<dyn Ask> {
    let deferral = Deferral::begin();
    let term = Term::stderr();
    let (rows, columns) = term.size();
    if console::is_dumb() || rows < LEAST_ROWS || columns < LEAST_COLUMNS {
        Box::new(PlainLines::new(term, deferral))
    } else {
        Box::new(Dialog::new(Widgets::new(term, deferral)))
    }
}
