//! Colors: when they are used, and what they mean.

use anstream::AutoStream;
use anstream::stream::RawStream;
use anstyle::{AnsiColor, Style};

// The styles of cargo.
pub(super) const STATUS: Style = AnsiColor::BrightGreen.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::BrightYellow.on_default().bold();
pub(super) const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
pub(super) const NOTE: Style = AnsiColor::BrightCyan.on_default().bold();
pub(super) const PLACE: Style = AnsiColor::BrightBlue.on_default().bold();

/// The values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ColorChoice {
    /// Use colors if the stream is a terminal, unless the environment asks for something else.
    #[default]
    Auto,
    /// Use colors in files and pipes too.
    Always,
    /// Do not use colors.
    Never,
}

impl ColorChoice {
    /// Decides whether a stream gets colors. `Auto` also considers `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and
    /// `TERM`.
    pub(super) fn paint(self, stream: &impl RawStream) -> Paint {
        let color = match self {
            Self::Never => false,
            Self::Always => true,
            Self::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
        };
        Paint { color }
    }
}

/// Whether output is colored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    pub(super) color: bool,
}

/// What a piece of a result means to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It is as it should be, or it is new.
    Good,
    /// It is not as it should be, or it was removed.
    Bad,
    /// It is a title.
    Title,
}

impl Paint {
    /// Returns a paint without colors.
    pub(crate) fn plain() -> Self {
        Self { color: false }
    }

    /// Returns a string in the color of a tone.
    pub(crate) fn text(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Title => Style::new().bold(),
        };
        self.styled(style, text)
    }

    pub(super) fn styled(self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Wraps a stream so that color codes work, which a console on Windows does not support by default.
    pub(super) fn stream<S: RawStream>(self, stream: S) -> AutoStream<S> {
        let choice =
            if self.color { anstream::ColorChoice::Always } else { anstream::ColorChoice::AlwaysAnsi };
        AutoStream::new(stream, choice)
    }
}
