//! Colours: when there are any, and what they mean.

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

// Those of cargo.
pub(super) const STATUS: Style = AnsiColor::BrightGreen.on_default().bold();
pub(super) const WARNING: Style = AnsiColor::BrightYellow.on_default().bold();
pub(super) const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
pub(super) const NOTE: Style = AnsiColor::BrightCyan.on_default().bold();
pub(super) const PLACE: Style = AnsiColor::BrightBlue.on_default().bold();

/// The values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ColourChoice {
    /// When the stream is a terminal, unless the environment asks for something else.
    #[default]
    Auto,
    /// Also in files and pipes.
    Always,
    /// No colours.
    Never,
}

impl ColourChoice {
    /// Whether this stream gets colours, by `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` too.
    pub(super) fn paint(self, stream: &impl RawStream) -> Paint {
        let colour = match self {
            Self::Never => false,
            Self::Always => true,
            Self::Auto => AutoStream::choice(stream) != ColorChoice::Never,
        };
        Paint { colour }
    }
}

/// How results on stdout are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    pub(super) colour: bool,
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
    /// No colours.
    pub(crate) fn plain() -> Self {
        Self { colour: false }
    }

    /// The string in the colour of a tone.
    pub(crate) fn text(self, tone: Tone, text: &str) -> String {
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Title => Style::new().bold(),
        };
        self.styled(style, text)
    }

    pub(super) fn styled(self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The stream, made to obey the codes of colours: consoles of Windows have to be told.
    pub(super) fn stream<S: RawStream>(self, stream: S) -> AutoStream<S> {
        let choice = if self.colour { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
        AutoStream::new(stream, choice)
    }
}
