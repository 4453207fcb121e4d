//! Verbosity and colors: the command line decides, then the environment, then cargo's configuration files. The rules
//! are those of cargo's table `[term]`.

use std::ffi::OsString;

use anyhow::Result;

use super::{ColorChoice, Verbosity};
use crate::error::{failure, name_list};

/// The flags for verbosity and colors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TermFlags {
    /// `--quiet`.
    pub(crate) quiet: bool,
    /// How often `--verbose` was given.
    pub(crate) verbose_level: u8,
    /// `--color`, if given.
    pub(crate) color: Option<ColorChoice>,
}

impl TermFlags {
    /// Returns verbosity and colors, which are those of the table unless there are flags.
    pub(super) fn or(self, table: TermTable) -> Result<(Verbosity, ColorChoice)> {
        let verbosity = match (self.quiet, self.verbose_level) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => table.verbosity()?,
            (false, _) => Verbosity::Verbose,
        };
        Ok((verbosity, self.color.or(table.color).unwrap_or_default()))
    }
}

/// The part of the table `[term]` that applies to this tool too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TermTable {
    quiet: Option<bool>,
    verbose: Option<bool>,
    color: Option<ColorChoice>,
}

impl TermTable {
    /// Loads the table of this process. A value in the environment overrides the one in files.
    pub(super) fn load() -> Result<Self> {
        let environment = Self::from_environment(|name| std::env::var_os(name))?;
        let files = Self::from_files().unwrap_or_default();
        Ok(Self {
            quiet: environment.quiet.or(files.quiet),
            verbose: environment.verbose.or(files.verbose),
            color: environment.color.or(files.color),
        })
    }

    fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        const BOOLEANS: [(&str, bool); 2] = [("true", true), ("false", false)];
        const COLORS: [(&str, ColorChoice); 3] =
            [("auto", ColorChoice::Auto), ("always", ColorChoice::Always), ("never", ColorChoice::Never)];
        let quiet = "CARGO_TERM_QUIET";
        let verbose = "CARGO_TERM_VERBOSE";
        let color = "CARGO_TERM_COLOR";
        Ok(Self {
            quiet: variable(quiet).map(|value| one_of(&BOOLEANS, quiet, &value)).transpose()?,
            verbose: variable(verbose).map(|value| one_of(&BOOLEANS, verbose, &value)).transpose()?,
            color: variable(color).map(|value| one_of(&COLORS, color, &value)).transpose()?,
        })
    }

    /// Reads cargo's configuration files. Returns `None` on failure, which is reported when a build needs them.
    fn from_files() -> Option<Self> {
        let without_environment = cargo_config2::ResolveOptions::default().env([("", ""); 0]);
        let here = std::env::current_dir().ok()?;
        let term = cargo_config2::Config::load_with_options(here, without_environment).ok()?.term;
        let color = term.color.map(|color| match color {
            cargo_config2::Color::Auto => ColorChoice::Auto,
            cargo_config2::Color::Always => ColorChoice::Always,
            cargo_config2::Color::Never => ColorChoice::Never,
        });
        Some(Self { quiet: term.quiet, verbose: term.verbose, color })
    }

    fn verbosity(&self) -> Result<Verbosity> {
        match (self.verbose == Some(true), self.quiet == Some(true)) {
            (true, true) => Err(failure(
                "cargo's settings `term.verbose` and `term.quiet` are both true",
                "remove one of them from cargo's configuration, or unset CARGO_TERM_VERBOSE or CARGO_TERM_QUIET",
            )),
            (true, false) => Ok(Verbosity::Verbose),
            (false, true) => Ok(Verbosity::Quiet),
            (false, false) => Ok(Verbosity::Normal),
        }
    }
}

/// Returns the value that an environment variable names.
fn one_of<T: Copy>(values: &[(&str, T)], variable: &str, given: &OsString) -> Result<T> {
    match values.iter().find(|(name, _)| given == name) {
        Some((_, value)) => Ok(*value),
        None => {
            let names = name_list(values.iter().map(|(name, _)| name));
            Err(failure(
                format!("invalid value `{}` for the environment variable {variable}", given.display()),
                format!("set it to one of {names}, or unset it"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &'static [(&str, &str)]) -> Result<TermTable> {
        TermTable::from_environment(|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.into())
        })
    }

    fn verbosity(flags: TermFlags, variables: &'static [(&str, &str)]) -> Result<Verbosity> {
        flags.or(environment(variables)?).map(|(verbosity, _)| verbosity)
    }

    fn color(flag: Option<ColorChoice>, variables: &'static [(&str, &str)]) -> Result<ColorChoice> {
        TermFlags { color: flag, ..TermFlags::default() }.or(environment(variables)?).map(|(_, color)| color)
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let quiet = TermFlags { quiet: true, ..TermFlags::default() };
        let verbose = TermFlags { verbose_level: 1, ..TermFlags::default() };
        let both: &[_] = &[("CARGO_TERM_VERBOSE", "true"), ("CARGO_TERM_QUIET", "true")];
        assert_eq!(verbosity(quiet, &[("CARGO_TERM_VERBOSE", "true")]).unwrap(), Verbosity::Quiet);
        assert_eq!(verbosity(verbose, &[("CARGO_TERM_QUIET", "true")]).unwrap(), Verbosity::Verbose);
        assert_eq!(verbosity(verbose, both).unwrap(), Verbosity::Verbose);
        let never = Some(ColorChoice::Never);
        assert_eq!(color(never, &[("CARGO_TERM_COLOR", "always")]).unwrap(), ColorChoice::Never);
    }

    #[test]
    fn the_environment_decides_where_the_command_line_does_not() {
        let none = TermFlags::default();
        assert_eq!(verbosity(none, &[]).unwrap(), Verbosity::Normal);
        assert_eq!(verbosity(none, &[("CARGO_TERM_QUIET", "true")]).unwrap(), Verbosity::Quiet);
        assert_eq!(verbosity(none, &[("CARGO_TERM_QUIET", "false")]).unwrap(), Verbosity::Normal);
        assert_eq!(verbosity(none, &[("CARGO_TERM_VERBOSE", "true")]).unwrap(), Verbosity::Verbose);
        assert_eq!(color(None, &[]).unwrap(), ColorChoice::Auto);
        assert_eq!(color(None, &[("CARGO_TERM_COLOR", "always")]).unwrap(), ColorChoice::Always);
        assert_eq!(color(None, &[("CARGO_TERM_COLOR", "never")]).unwrap(), ColorChoice::Never);
    }

    #[test]
    fn wrong_values_are_errors_as_in_cargo() {
        for wrong in [
            [("CARGO_TERM_COLOR", "Always")],
            [("CARGO_TERM_COLOR", "")],
            [("CARGO_TERM_QUIET", "1")],
            [("CARGO_TERM_VERBOSE", "yes")],
        ] {
            let error = environment(Vec::leak(wrong.to_vec())).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("invalid value `{}` for the environment variable {}", wrong[0].1, wrong[0].0)
            );
        }
        let both: &[_] = &[("CARGO_TERM_VERBOSE", "true"), ("CARGO_TERM_QUIET", "true")];
        assert!(verbosity(TermFlags::default(), both).is_err());
    }
}
