//! Colours: when there are any, and what they mean.

use std::io::IsTerminal;

use super::RESET;

/// The values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourChoice {
    /// Colours when stderr is a terminal
    #[default]
    Auto,
    /// Colours in any case
    Always,
    /// No colours
    Never,
}

impl ColourChoice {
    pub(super) fn applies_to(self, stream: &impl IsTerminal) -> bool {
        match self {
            Self::Never => false,
            Self::Always => {
                console_takes_colours();
                true
            }
            Self::Auto => {
                stream.is_terminal()
                    && console_takes_colours()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// The console of Windows shows the codes for colours as they are, unless it is told to obey them.
fn console_takes_colours() -> bool {
    #[cfg(windows)]
    return termimad::crossterm::ansi_support::supports_ansi();
    #[cfg(not(windows))]
    true
}

/// How results on stdout are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    pub(super) colour: bool,
}

/// What a piece of a result means to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be, or new.
    Good,
    /// Not as it should be, or gone.
    Bad,
    /// Above other things.
    Title,
}

impl Paint {
    /// No colours.
    pub fn plain() -> Self {
        Self { colour: false }
    }

    /// A text in the colour of a tone.
    pub fn text(self, tone: Tone, text: &str) -> String {
        match (self.colour, tone) {
            (false, _) => text.to_owned(),
            (true, Tone::Good) => format!("\x1b[32m{text}{RESET}"),
            (true, Tone::Bad) => format!("\x1b[31m{text}{RESET}"),
            (true, Tone::Title) => format!("\x1b[1m{text}{RESET}"),
        }
    }
}
