//! Answers to a template's questions: from flags, from the person at the terminal, or by default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Ask, Question, Template, package_name};
use crate::error::{Cancelled, WithHint, failure};
use crate::fs;
use crate::kubernetes::{self, Operation, Resource};
use crate::metadata;

/// What was said on the command line, by the name of the question.
pub type Given = BTreeMap<&'static str, Vec<String>>;

/// An answer to each question that makes sense for the kind of policy; all have been checked.
#[derive(Debug, Default, Clone)]
pub struct Answers(BTreeMap<String, Vec<String>>);

impl Answers {
    /// The only answer to a question; empty when there is none.
    pub fn one(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    /// The kind of policy.
    pub fn kind(&self) -> &str {
        self.one("kind")
    }

    /// Where the project goes.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(self.one("path"))
    }

    /// The name of the package: what was said, or the last part of the path.
    pub fn package_name(&self) -> Result<String> {
        if self.0.contains_key("name") { Ok(self.one("name").to_owned()) } else { name_from(&self.path()) }
    }

    /// The resources the policy sees. Empty for a raw policy.
    pub fn resources(&self) -> Result<Vec<Resource>> {
        self.values("resource").map(parse_resource).collect()
    }

    /// The operations it sees. Empty for a raw policy.
    pub fn operations(&self) -> Result<Vec<Operation>> {
        self.values("operation").map(|text| Ok(text.parse()?)).collect()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Asks what was not given, in the order of the template. `adjust` fills in the defaults that depend on more than
    /// the template; it is called once the path is known.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] when the person backs out; a message that names the flags when there is nobody to ask.
    pub fn collect(
        template: &Template,
        given: &Given,
        ask: &mut dyn Ask,
        adjust: &mut dyn FnMut(&mut Question, &Self) -> Result<()>,
    ) -> Result<Self> {
        let mut answers = Self::default();
        let kind = given.get("kind").and_then(|kinds| kinds.first());
        let unknown = |name: &&&str| !template.questions().iter().any(|question| question.name == **name);
        if let Some(name) = given.keys().find(unknown) {
            return Err(failure(
                format!("`--{name}` makes no sense for a policy in {}", template.title()),
                "leave it out, or choose another `--lang`",
            ));
        }
        for question in template.questions() {
            let kind = Some(answers.kind()).filter(|kind| !kind.is_empty()).or(kind.map(String::as_str));
            let applies = question.kinds.is_empty()
                || kind.is_none_or(|kind| question.kinds.iter().any(|fitting| fitting == kind));
            if let Some(values) = given.get(question.name.as_str()) {
                if !applies {
                    return Err(failure(
                        format!(
                            "`{}` makes no sense for a policy of kind `{}`",
                            question.flag,
                            kind.unwrap_or_default()
                        ),
                        format!("leave it out, or choose `--kind` {}", question.kinds.join(" or ")),
                    ));
                }
                let values = split_values(question, values);
                for value in &values {
                    question
                        .check(value)
                        .with_context(|| format!("`{}` cannot be used for `{}`", value, question.flag))?;
                }
                answers.0.insert(question.name.clone(), values);
                continue;
            }
            if !applies {
                continue;
            }
            let mut question = question.clone();
            if question.name == "kind" {
                // Known by now, and nobody wants to answer the rest first.
                answers.check_name(template)?;
            }
            if answers.0.contains_key("path") {
                adjust(&mut question, &answers)?;
            }
            let values =
                if question.asked { ask.ask(&question)?.ok_or(Cancelled)? } else { question.default.clone() };
            if question.asked || !values.is_empty() {
                answers.0.insert(question.name.clone(), values);
            }
        }
        ask.finish()?;
        answers.check_together(template)?;
        Ok(answers)
    }

    /// Fails when the package cannot have its name. Needs the path only, and the name if it was said.
    fn check_name(&self, template: &Template) -> Result<()> {
        let name = self.package_name()?;
        let use_name = || "if the folder should have another name than the package, say `--name`".to_owned();
        let check =
            if template.content.workspaces { package_name::check } else { package_name::check_file_name };
        check(&name).map_err(anyhow::Error::msg).hint(use_name)?;
        kubernetes::check_name(&name)
            .map_err(anyhow::Error::msg)
            .with_context(|| {
                format!(
                    "`{name}` cannot be the title of a policy, since it cannot name a Kubernetes resource"
                )
            })
            .hint(|| match kubernetes::propose_name(&name) {
                Some(proposal) => format!("choose another name, such as `{proposal}` (`--name {proposal}`)"),
                None => use_name(),
            })
    }

    /// What no single answer shows.
    fn check_together(&self, template: &Template) -> Result<()> {
        self.check_name(template)?;
        let (name, module) = (self.package_name()?, self.one("module-path"));
        if !module.is_empty() && module.rsplit('/').next() != Some(name.as_str()) {
            return Err(failure(
                format!("the path of the module is `{module}`, but the policy is called `{name}`"),
                "end the path (`--module-path`) in the name of the policy, or say another `--name`",
            ));
        }
        let (resources, operations) = (self.resources()?, self.operations()?);
        if !resources.is_empty() {
            kubernetes::rules(&resources, &operations).map_err(with_hint)?;
            if self.kind() == "mutate"
                && !operations.iter().any(|operation| {
                    matches!(operation, Operation::Create | Operation::Update | Operation::All)
                })
            {
                return Err(failure(
                    "a policy that changes objects needs requests that have one: CREATE or UPDATE",
                    "add `--operation CREATE`, or choose `--kind validate`",
                ));
            }
        }
        if self.one("types") == "k8s-openapi"
            && !matches!(resources.as_slice(), [one] if one.k8s_openapi_path().is_some())
        {
            return Err(failure(
                "`--types k8s-openapi` needs exactly one `--resource`, and one of Kubernetes' own",
                "name one, or leave `--types` out: small structs fit any object",
            ));
        }
        Ok(())
    }
}

/// `my-policy` from `policies/my-policy`, and from `.` the name of the current folder.
fn name_from(path: &Path) -> Result<String> {
    let resolved = fs::resolve(path)?;
    let name = resolved.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| {
        failure(format!("could not make a package name of the path `{}`", path.display()), "say `--name`")
    })
}

/// `a b` and `a,b` are two answers where a question takes several.
fn split_values(question: &Question, values: &[String]) -> Vec<String> {
    if !question.several {
        return values.to_vec();
    }
    let words = values.iter().flat_map(|value| value.split([',', ' '])).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn parse_resource(text: &str) -> Result<Resource> {
    text.parse::<Resource>().map_err(with_hint)
}

fn with_hint(error: kubernetes::Error) -> anyhow::Error {
    let hint = error.hint().to_owned();
    failure(error, hint)
}

impl Question {
    /// Fails when this cannot be an answer, or one of several.
    pub fn check(&self, value: &str) -> Result<()> {
        if self.required && value.trim().is_empty() {
            return Err(failure("an answer is needed here", format!("say `{}`", self.flag)));
        }
        if let Some(pattern) = &self.pattern
            && !regex_lite::Regex::new(pattern)
                .with_context(|| format!("question `{}` is damaged", self.name))?
                .is_match(value)
        {
            return Err(failure(
                "it does not have the form that is needed here",
                self.hint.clone().unwrap_or_default(),
            ));
        }
        match self.name.as_str() {
            "resource" => drop(parse_resource(value)?),
            "operation" => drop(value.parse::<Operation>().map_err(with_hint)?),
            "registry" => metadata::check_repository(value.trim_end_matches('/'))
                .map_err(|reason| failure(reason, "write registry and path, such as `ghcr.io/acme/policies`: lower case, without scheme and tag"))?,
            _ if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice.value == value) => {
                let list: Vec<_> = self.choices.iter().map(|choice| format!("`{}`", choice.value)).collect();
                return Err(failure(format!("there is no `{value}`"), format!("there are {}", list.join(", "))));
            }
            _ => {}
        }
        Ok(())
    }
}
