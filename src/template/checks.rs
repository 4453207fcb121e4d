//! The checks of answers. Each runs as soon as the answer is given.

use anyhow::Result;

use super::destination::{self, OccupiedFolder};
use super::form::{AnswerOrigin, Form};
use super::objection::Objection;
use super::package_name;
use super::question::{Question, Topic};
use super::subject;
use super::surroundings::name_of;
use crate::error::name_list;
use crate::fs;
use crate::kubernetes::{self, Operation};
use crate::reference;

type Checked = Result<(), Objection>;

/// Fails when `values` cannot be the answer to `question`, the other answers being those of `form`.
pub(super) fn check(
    question: &Question,
    values: &[String],
    form: &Form,
    occupied: OccupiedFolder,
) -> Checked {
    general(question, values)?;
    let one = values.first().map_or("", String::as_str);
    match question.topic {
        Topic::Path => path(one, form, occupied),
        Topic::Name => name(one, form),
        Topic::ModulePath => module_path(one, form),
        Topic::Resource => {
            let resources = subject::resources(values)?;
            // Whichever operation: they have a check of their own.
            kubernetes::rules(&resources, &[Operation::Create]).map(drop).map_err(Objection::from)
        }
        Topic::Operation => operations(values, form),
        Topic::Types => types(one, form),
        Topic::License => license(one),
        Topic::Registry => registry(one),
        _ => Ok(()),
    }
}

/// Checks what the data of a question says: its choices, its pattern, and whether it needs an answer.
fn general(question: &Question, values: &[String]) -> Checked {
    if question.required && values.iter().all(|value| value.trim().is_empty()) {
        let fix = if question.several { "choose at least one" } else { "this cannot be left empty" };
        return Err(Objection::new(format!("no {} given", question.label.to_lowercase()), fix));
    }
    for value in values {
        if value.contains(char::is_control) {
            return Err(Objection::new("it has a control character", "write it without"));
        }
        let is_choice =
            |value: &String| question.choices.iter().any(|choice| choice.value.eq_ignore_ascii_case(value));
        if !question.choices.is_empty() && !is_choice(value) {
            let list = name_list(question.choices.iter().map(|choice| &choice.value));
            return Err(Objection::new(format!("unknown answer `{value}`"), format!("use {list}")));
        }
        let matches = |pattern: &String| regex_lite::Regex::new(pattern).is_ok_and(|it| it.is_match(value));
        if !question.pattern.as_ref().is_none_or(matches) {
            return Err(Objection::new(&question.wrong, &question.fix));
        }
    }
    Ok(())
}

/// Checks the folder, and the package name that follows from it.
fn path(typed: &str, form: &Form, occupied: OccupiedFolder) -> Checked {
    let path = std::path::Path::new(typed);
    let resolved =
        fs::resolve(path).map_err(|error| Objection::new(format!("{error:#}"), "choose another folder"))?;
    if !matches!(form.origin(Topic::Name), Some(AnswerOrigin::Flag | AnswerOrigin::Person)) {
        const BY_FLAG: &str = "if the folder should have another name than the package, pass `--name`";
        let Some(name) = name_of(&resolved) else {
            let reason = format!("could not make a package name of the path `{typed}`");
            return Err(Objection::new(reason, "choose another folder").by_flag("pass `--name`"));
        };
        self::name(&name, form).map_err(|objection| match kubernetes::propose_name(&name) {
            Some(proposal) if proposal != name => {
                objection.by_flag(format!("choose another name, such as `{proposal}` (`--name {proposal}`)"))
            }
            _ => objection.by_flag(BY_FLAG),
        })?;
    }
    destination::check(&resolved, occupied)
}

/// Checks a name that the package, the policy and files get.
fn name(name: &str, form: &Form) -> Checked {
    // Until the language is known only the rules for all of them hold.
    let is_cargos = form.language().is_some_and(|language| language.workspaces);
    let check = if is_cargos { package_name::check } else { package_name::check_file_name };
    check(name).map_err(|reason| Objection::new(reason, "choose another name"))?;
    kubernetes::check_name(name).map_err(|reason| {
        let fix = match kubernetes::propose_name(name) {
            Some(proposal) => format!("choose another name, such as `{proposal}`"),
            None => "choose another name".to_owned(),
        };
        Objection::new(
            format!("`{name}` cannot name a policy, which is a Kubernetes resource: {reason}"),
            fix,
        )
    })
}

fn module_path(typed: &str, form: &Form) -> Checked {
    let name = form.one(Topic::Name);
    if name.is_empty() || typed.rsplit('/').next() == Some(name) {
        return Ok(());
    }
    let fix = format!("end the path in `{name}`");
    let by_flag = format!("{fix}, or pass another `--name`");
    Err(Objection::new(format!("the policy is called `{name}`"), fix).by_flag(by_flag))
}

fn operations(typed: &[String], form: &Form) -> Checked {
    let operations = subject::operations(typed)?;
    kubernetes::check_operations(&operations)?;
    let has_object = |operation| matches!(operation, Operation::Create | Operation::Update | Operation::All);
    if form.kind().is_some_and(|kind| kind.mutating) && !operations.into_iter().any(has_object) {
        return Err(Objection::new(
            "a policy that changes objects needs requests with one",
            "add CREATE or UPDATE",
        )
        .by_flag("add `--operation CREATE`, or choose `--kind validate`"));
    }
    Ok(())
}

fn types(typed: &str, form: &Form) -> Checked {
    let resources = form.values(Topic::Resource);
    if typed != "serde" && !resources.is_empty() && !subject::has_type(resources) {
        return Err(Objection::new(
            "it needs exactly one resource, and one of Kubernetes' own",
            "choose `serde`: small structs fit any object",
        )
        .by_flag("name one `--resource`, or leave `--types` out: small structs fit any object"));
    }
    Ok(())
}

fn license(typed: &str) -> Checked {
    if typed.is_empty() {
        return Ok(());
    }
    // Cargo takes `/` for `OR`, as licenses were written once.
    let parsed = spdx::Expression::parse_mode(typed, spdx::ParseMode::LAX);
    parsed.map(drop).map_err(|error| {
        let part = typed.get(error.span).unwrap_or(typed);
        Objection::new(
            format!("not an SPDX license expression, at `{part}`: {}", error.reason),
            "write one, such as `Apache-2.0`, `MIT OR Apache-2.0` or `LicenseRef-Proprietary`",
        )
    })
}

fn registry(typed: &str) -> Checked {
    let typed = typed.trim_end_matches('/');
    if typed.is_empty() {
        return Ok(());
    }
    let host = typed.split('/').next().unwrap_or_default();
    // The check of repositories takes a single part for a name.
    let reason = match reference::check_repository(&format!("{typed}/policy")) {
        Err(reason) => reason,
        Ok(()) if !reference::is_host(host) => "its first part is not the host of a registry".to_owned(),
        Ok(()) => return Ok(()),
    };
    let fix =
        "write `none`, or registry and path, such as `ghcr.io/acme/policies`: lower case, no scheme, no tag";
    Err(Objection::new(format!("not a registry: {reason}"), fix))
}
