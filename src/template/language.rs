//! The properties of a language: `template.toml` in its folder.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded;
use super::question::Topic;

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let choices = Topic::Lang.question().choices.iter();
    choices.map(|choice| Language::read(&choice.value)).collect()
});

/// A language that policies are written in: a folder of templates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Language {
    /// Name of the folder.
    #[serde(skip)]
    pub(super) name: String,
    /// The language, as people write it.
    pub(super) title: String,
    /// Do its projects join the cargo workspace that they are in?
    #[serde(default)]
    pub(super) workspaces: bool,
    /// The variables `words` of templates: the terms of the language.
    pub(super) words: BTreeMap<String, String>,
    pub(super) standalone: Standalone,
}

/// The folders of files that only a project with its own repository gets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standalone {
    pub(super) layers: Vec<String>,
}

impl Language {
    /// `None` when there is no such language.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        LANGUAGES.iter().find(|language| language.name == name)
    }

    fn read(name: &str) -> Self {
        Self { name: name.to_owned(), ..embedded::data(&format!("{name}/template.toml")) }
    }
}
