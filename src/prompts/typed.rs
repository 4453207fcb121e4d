//! Parses what a person types into the values of an answer.

use std::path::Path;

use crate::template::{Question, Topic};

/// The values in a line, without control characters, which nobody types on purpose.
pub(super) fn values(question: &Question, line: &str) -> Vec<String> {
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    let line = line.trim();
    if question.several {
        return words(line).map(|word| question.canonical(word.to_owned())).collect();
    }
    match line {
        "" => Vec::new(),
        line if question.is_none(line) => Vec::new(),
        line if question.topic == Topic::Path => vec![in_home(line, std::env::home_dir().as_deref())],
        line => vec![question.canonical(line.to_owned())],
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([',', ' ']).filter(|word| !word.is_empty())
}

/// `~/x` is in the home folder, as in a shell.
fn in_home(typed: &str, home: Option<&Path>) -> String {
    match (typed.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            home.join(rest.trim_start_matches(['/', '\\'])).to_string_lossy().into_owned()
        }
        _ => typed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_nothing() {
        let description = Topic::Description.question();
        assert_eq!(values(description, " a\u{1b}\u{9b}\tb\u{7f} "), ["ab"]);
        assert!(values(description, "\u{3}").is_empty());
    }

    #[test]
    fn a_tilde_means_the_home_folder() {
        let home = Path::new("/home/jane");
        for (typed, path) in [("~/x", "/home/jane/x"), ("~", "/home/jane/"), ("~x", "~x"), ("a/~", "a/~")] {
            assert_eq!(in_home(typed, Some(home)), path);
        }
        assert_eq!(in_home("~/x", None), "~/x");
    }

    #[test]
    fn resources_are_words_and_an_optional_answer_can_be_none() {
        assert_eq!(values(Topic::Resource.question(), "po, services  nodes,"), ["po", "services", "nodes"]);
        assert!(values(Topic::License.question(), "none").is_empty());
        assert_eq!(values(Topic::Vcs.question(), "none"), ["none"]);
    }
}
