//! Options for the settings of a policy.

use std::path::PathBuf;

/// Options for the settings of a policy.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingsArgs {
    /// Read the policy's settings from this file, in YAML or JSON [default: no settings]
    #[arg(short, long, alias = "settings-path", value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Take the policy's settings from this JSON; `--settings` has precedence
    #[arg(long, value_name = "JSON")]
    settings_json: Option<String>,
}

/// The source of a policy's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingsSource {
    /// No source: the policy gets no settings.
    Nowhere,
    /// A file with YAML or JSON.
    File(PathBuf),
    /// JSON on the command line.
    CommandLine(String),
}

impl From<SettingsArgs> for SettingsSource {
    fn from(args: SettingsArgs) -> Self {
        match (args.settings, args.settings_json) {
            (Some(path), _) => Self::File(path),
            (None, Some(json)) => Self::CommandLine(json),
            (None, None) => Self::Nowhere,
        }
    }
}
