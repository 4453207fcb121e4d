//! Formats of output.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Formats of output. Each verb has some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    Human,
    /// YAML
    Yaml,
    /// JSON
    Json,
    /// JUnit XML
    Junit,
}

impl OutputFormat {
    /// Parses the name of one of these formats.
    pub(crate) fn one_of<const N: usize>(formats: [Self; N]) -> impl TypedValueParser<Value = Self> {
        let names = formats.map(|format| format.to_possible_value().expect("no format is hidden"));
        PossibleValuesParser::new(names)
            .map(|name| Self::from_str(&name, false).expect("one of the possible values"))
    }
}
