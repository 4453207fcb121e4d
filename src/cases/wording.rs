//! What a string must be.

use std::fmt;

use regex_lite::Regex;

/// What a case says about a string: that it is this one, or that it matches an expression.
#[derive(Debug, Clone)]
pub(crate) enum Wording {
    /// The whole string.
    Exactly(String),
    /// Anywhere in the string unless it has anchors. Written `/…/`.
    Matching(Regex),
}

impl Wording {
    /// Reads what is written in a case file. Fails with the reason when it is between slashes but not a regular
    /// expression.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let expression = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        match expression {
            Some(expression) => Regex::new(expression).map(Self::Matching).map_err(|error| error.to_string()),
            None => Ok(Self::Exactly(written.to_owned())),
        }
    }

    /// Is `text` what was meant?
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => expected == text,
            Self::Matching(expression) => expression.is_match(text),
        }
    }
}

/// As it is written in a case file.
impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => f.write_str(text),
            Self::Matching(expression) => write!(f, "/{expression}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fits(written: &str, text: &str) -> bool {
        Wording::parse(written).unwrap().fits(text)
    }

    #[test]
    fn a_plain_string_is_the_whole_string() {
        assert!(fits("no", "no") && !fits("no", "not") && !fits("no", "No"));
        assert!(fits("a.c", "a.c") && !fits("a.c", "abc"));
        assert!(fits("", "") && fits("/", "/") && fits("/a", "/a") && !fits("", "a"));
    }

    #[test]
    fn an_expression_between_slashes_matches_anywhere() {
        assert!(fits("/a.c/", "xabcx") && !fits("/^a.c$/", "xabcx"));
        assert!(fits("/(?i)NO/", "no") && fits("//", "anything"));
        assert!(fits("/a/b/", "xa/b"));
        assert_eq!(Wording::parse("/a.c/").unwrap().to_string(), "/a.c/");
    }

    #[test]
    fn an_invalid_expression_is_refused() {
        assert!(Wording::parse("/(/").unwrap_err().contains("group"));
    }
}
