//! Questions put to a person at a terminal, and what answers them where there is none.
//!
//! [`Dialog`] has lists and lines to edit, for terminals that can move the cursor; [`PlainLines`] only prints and reads
//! lines. What is asked, and which answers can be used, is left to `template`.

mod dialog;
mod interrupt;
mod plain;
mod resources;
mod screen;
mod typed;
mod unattended;
mod widgets;

use anyhow::Result;
use dialoguer::console::{self, Term};

use dialog::Dialog;
use interrupt::Interrupt;
use plain::PlainLines;
pub(crate) use unattended::{NoTerminal, TakeDefaults};
use widgets::Widgets;

use crate::template::Ask;

/// A smaller screen has no room for a list and its keys.
const LEAST_ROWS: u16 = 8;
const LEAST_COLUMNS: u16 = 30;

/// Asks at the terminal on stderr. From here on Ctrl-C does not end the process, but the question.
pub(crate) fn at_terminal() -> Result<Box<dyn Ask>> {
    let interrupt = Interrupt::catch()?;
    let term = Term::stderr();
    let (rows, columns) = term.size();
    Ok(if console::is_dumb() || rows < LEAST_ROWS || columns < LEAST_COLUMNS {
        Box::new(PlainLines::new(term, interrupt))
    } else {
        Box::new(Dialog::new(Widgets::new(term, interrupt)))
    })
}
