//! An expected string: an exact one, or a regular expression.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// How much of a string is searched, and how large an expression may be when it is compiled: searching takes time in
/// proportion to the product.
const SEARCHED_BYTES: usize = 100_000;
const EXPRESSION_BYTES: usize = 50_000;

/// What a case expects of a string.
#[derive(Debug, Clone)]
pub(crate) enum Wording {
    /// The string is equal to this one.
    Exactly(String),
    /// Anywhere in the first 100 kB of the string unless it has anchors. Written `/…/`.
    Matching(Regex),
}

impl Wording {
    /// Parses a string in a case file. Fails with the reason if it is between slashes but not a regular expression.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let expression = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        match expression {
            Some(expression) => {
                let expression = RegexBuilder::new(expression).size_limit(EXPRESSION_BYTES).build();
                expression.map(Self::Matching).map_err(|error| error.to_string())
            }
            None => Ok(Self::Exactly(written.to_owned())),
        }
    }

    /// Whether `text` is as expected.
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => expected == text,
            Self::Matching(expression) => {
                expression.is_match(&text[..text.floor_char_boundary(SEARCHED_BYTES)])
            }
        }
    }
}

/// Written as in a case file.
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
        assert!(Wording::parse("/(a{1000}){1000}/").unwrap_err().contains("size"));
    }

    #[test]
    fn the_start_of_a_long_string_is_searched() {
        let text = format!("{}é{}no", "x".repeat(SEARCHED_BYTES - 1), "x".repeat(SEARCHED_BYTES));
        assert!(fits("/^xxx/", &text) && !fits("/no/", &text));
    }
}
