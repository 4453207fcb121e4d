//! Colors: when there are any, and what they mean.

use anstream::AutoStream;
use anstream::stream::RawStream;
use anstyle::{AnsiColor, Style};

// Those of cargo.
pub(super) const STATUS: Style = AnsiColor::BrightGreen.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::BrightYellow.on_default().bold();
pub(super) const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
pub(super) const NOTE: Style = AnsiColor::BrightCyan.on_default().bold();
pub(super) const PLACE: Style = AnsiColor::BrightBlue.on_default().bold();

/// The values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ColorChoice {
    /// When the stream is a terminal, unless the environment asks for something else.
    #[default]
    Auto,
    /// Also in files and pipes.
    Always,
    /// No colors.
    Never,
}

impl ColorChoice {
    /// Whether this stream gets colors, by `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` too.
    pub(super) fn paint(self, stream: &impl RawStream) -> Paint {
        let color = match self {
            Self::Never => false,
            Self::Always => true,
            Self::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
        };
        Paint { color }
    }
}

/// How results on stdout are colored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    pub(super) color: bool,
}

/// What a piece of a result means to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be, or new.
    Good,
    /// Not as it should be, or gone.
    Bad,
    /// Above other things.
    Title,
}

impl Paint {
    /// No colors.
    pub(crate) fn plain() -> Self {
        Self { color: false }
    }

    /// The string in the color of a tone.
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

    /// The stream, made to obey the codes of colors: consoles of Windows have to be told.
    pub(super) fn stream<S: RawStream>(self, stream: S) -> AutoStream<S> {
        let choice =
            if self.color { anstream::ColorChoice::Always } else { anstream::ColorChoice::AlwaysAnsi };
        AutoStream::new(stream, choice)
    }
}
