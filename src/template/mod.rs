//! Templates of policy projects: what they ask, what they render to, and writing it.
//!
//! Three values in this order: [`Answers`], [`Plan`] (every byte that will be written), files on disk. Everything is
//! rendered before the first write.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

mod answers;
mod context;
mod embedded;
mod members;
mod metadata_file;
mod plan;
mod prompts;
mod render;
mod surroundings;
mod workspace;
mod write;

pub mod package_name;

pub use answers::{Answers, Given};
pub use plan::{Plan, plan};
pub use prompts::{Ask, NoTerminal, TakeDefaults, Terminal};
pub use surroundings::Surroundings;
pub use write::{Overwrite, write};

/// A template: a folder under `templates/`.
#[derive(Debug)]
pub struct Template {
    /// Name of the folder: the language.
    pub name: String,
    content: Content,
}

/// What `template.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// Do its projects join the cargo workspace they lie in?
    #[serde(default)]
    workspaces: bool,
    /// What templates call `words`: how the language says things.
    words: BTreeMap<String, String>,
    kinds: BTreeMap<String, Kind>,
    standalone: Layers,
    questions: Vec<Question>,
}

/// One policy to start from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    layers: Vec<String>,
    /// Default of the question `description`.
    description: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layers {
    layers: Vec<String>,
}

/// One thing a template wants to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What the answer is called.
    pub name: String,
    /// How it is answered on the command line.
    pub flag: String,
    /// How it is asked.
    pub prompt: String,
    /// The answer when nothing is said. Several for a question that takes several.
    #[serde(default)]
    pub default: Vec<String>,
    /// May there be several answers?
    #[serde(default)]
    pub several: bool,
    /// Must there be an answer?
    #[serde(default)]
    pub required: bool,
    /// Is it asked, or taken from its flag or default?
    #[serde(default = "yes")]
    pub asked: bool,
    /// The kinds of policy that it makes sense for; all when empty.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The only answers, if there are only some.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// How to type an answer that is not among those offered.
    pub other: Option<String>,
    /// Regular expression that an answer matches.
    pattern: Option<String>,
    /// What to write instead of an answer that does not.
    hint: Option<String>,
}

fn yes() -> bool {
    true
}

/// One of the answers to a question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The answer.
    pub value: String,
    /// What it means.
    pub about: String,
}

/// A file of a project, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Below the root of the project.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Template {
    /// The template of this name.
    ///
    /// # Errors
    ///
    /// When there is none; the message lists those that exist.
    pub fn find(name: &str) -> Result<Self> {
        let text = embedded::text(&format!("{name}/template.toml"))
            .with_context(|| format!("there is no template for the language `{name}`"))?;
        let content =
            toml_edit::de::from_str(text).with_context(|| format!("template `{name}` is damaged"))?;
        Ok(Self { name: name.to_owned(), content })
    }

    /// What it asks, in order.
    pub fn questions(&self) -> &[Question] {
        &self.content.questions
    }

    /// The language, as people write it.
    fn title(&self) -> &str {
        match self.name.as_str() {
            "go" => "Go",
            "rust" => "Rust",
            other => other,
        }
    }

    fn kind(&self, name: &str) -> Result<&Kind> {
        self.content.kinds.get(name).with_context(|| format!("template `{}` has no kind `{name}`", self.name))
    }
}
