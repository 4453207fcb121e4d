//! The answers to all questions as typed values, from which a project is made.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::form::Form;
use super::kind::PolicyKind;
use super::language::Language;
use super::question::Topic;
use super::subject;
use super::surroundings::{INHERITED, Surroundings};
use crate::kubernetes::{Operation, Resource};

/// Everything that a project is made from.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) language: &'static Language,
    pub(super) kind: &'static PolicyKind,
    /// Name of the package and of the policy.
    pub(super) name: String,
    /// `None` for a policy that sees any JSON document.
    pub(super) subject: Option<PolicySubject>,
    /// Path of the Go module; `None` in other languages.
    pub(super) module_path: Option<String>,
    pub(super) description: Option<String>,
    pub(super) author: Option<String>,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    /// Registry and path, without the name of the policy.
    pub(super) registry: Option<String>,
    pub(super) version_control: VersionControl,
    /// Keys of `[package]` that are inherited from the workspace because no other value was given.
    pub(super) inherited: BTreeSet<&'static str>,
}

/// The requests that a policy for Kubernetes sees, and how it reads their objects.
#[derive(Debug)]
pub(super) struct PolicySubject {
    /// At least one.
    pub(super) resources: Vec<Resource>,
    /// At least one.
    pub(super) operations: Vec<Operation>,
    pub(super) types: ObjectTypes,
}

/// How a policy reads objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectTypes {
    /// Into small structs of its own.
    Own,
    /// Into the types of the crate `k8s-openapi`.
    K8sOpenapi,
}

/// Version control of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionControl {
    /// A new git repository.
    Git,
    /// No new repository.
    None,
}

impl Answers {
    /// Parses a form that has all answers.
    pub(super) fn of(form: &Form, around: &Surroundings) -> Result<Self> {
        let text = |topic| Some(form.one(topic).to_owned()).filter(|text| !text.is_empty());
        let kind = form.kind().context("the kind is asked for")?;
        let is_inherited = |key: &str, topic: Option<Topic>| {
            around.inherits(key) && topic.is_none_or(|topic| form.origin(topic).is_none())
        };
        let inherited = INHERITED.into_iter().filter(|(key, topic)| is_inherited(key, *topic));
        Ok(Self {
            language: form.language().context("the language is asked for")?,
            kind,
            name: form.one(Topic::Name).to_owned(),
            subject: if kind.raw { None } else { Some(PolicySubject::of(form)?) },
            module_path: text(Topic::ModulePath),
            description: text(Topic::Description),
            author: text(Topic::Author),
            license: text(Topic::License),
            repository: text(Topic::Repository),
            registry: text(Topic::Registry).map(|registry| registry.trim_end_matches('/').to_owned()),
            version_control: match form.one(Topic::Vcs) {
                "git" => VersionControl::Git,
                _ => VersionControl::None,
            },
            inherited: inherited.map(|(key, _)| key).collect(),
        })
    }
}

impl PolicySubject {
    fn of(form: &Form) -> Result<Self> {
        Ok(Self {
            resources: subject::resources(form.values(Topic::Resource))?,
            operations: subject::operations(form.values(Topic::Operation))?,
            types: match form.one(Topic::Types) {
                "k8s-openapi" => ObjectTypes::K8sOpenapi,
                _ => ObjectTypes::Own,
            },
        })
    }
}
