//! `new`: creates a policy project from a few answers.

use std::io::IsTerminal;

use anyhow::Result;
use clap::builder::{PossibleValue, PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches};

use crate::error::Outcome;
use crate::fs;
use crate::process::pasteable;
use crate::prompts::{self, NoTerminal, TakeDefaults};
use crate::shell::Shell;
use crate::template::{
    self, Ask, Decision, Given, Interview, OccupiedFolder, ProjectPlan, Question, Topic, questions,
};

/// Create a policy project
///
/// Asks for everything not given as a flag, and lists all answers before it writes anything. The project is small, has
/// tests, and belongs to its author. `--name` and `--repository` are not asked for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # Ask for everything
  cargo kw-wasi new
  # Ask for nothing: a policy for pods in ./my-policy
  cargo kw-wasi new --defaults
  # Ask for the rest
  cargo kw-wasi new no-root --resource workloads
  # A policy that changes objects
  cargo kw-wasi new add-owner --kind mutate --resource pods,services --defaults
  # A policy for any JSON document, without a cluster
  cargo kw-wasi new check --kind raw-validate --defaults
  # A policy in Go
  cargo kw-wasi new check --lang go --module-path github.com/acme/check

Resources are written as `pods`, `deployments.apps`, `apps/v1/deployments`,
`pods/exec` or `*`.")]
pub(crate) struct NewArgs {
    #[command(flatten)]
    given: GivenArgs,
    /// Do not prompt; use defaults for everything not given
    #[arg(long, help_heading = "Writing")]
    defaults: bool,
    /// List the files, and write nothing
    #[arg(long, help_heading = "Writing")]
    dry_run: bool,
    /// Write into a folder that has files, next to them
    #[arg(long, help_heading = "Writing")]
    force: bool,
}

impl NewArgs {
    /// Creates the project.
    pub(crate) fn run(self, shell: &Shell) -> Result<Outcome> {
        let occupied = if self.force { OccupiedFolder::Fill } else { OccupiedFolder::Refuse };
        let is_attended = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let mut ask: Box<dyn Ask> = match (self.defaults, is_attended) {
            (true, _) => Box::new(TakeDefaults),
            (false, true) => prompts::at_terminal(),
            (false, false) => Box::new(NoTerminal::default()),
        };
        let mut interview = Interview::new(self.given.0, occupied, shell)?;
        interview.fill(ask.as_mut())?;
        let plan = loop {
            let plan = interview.plan()?;
            if self.dry_run {
                return list(&plan, shell);
            }
            match ask.review(&interview.lines(), &plan.summary())? {
                Decision::Create => break plan,
                Decision::Change(topic) => interview.change(topic, ask.as_mut())?,
                Decision::Back => {
                    interview.back(ask.as_mut())?;
                    interview.fill(ask.as_mut())?;
                }
            }
        };
        // From here on a signal ends the process again.
        drop(ask);
        template::write(&plan, occupied, shell)?;
        report(&plan, shell);
        Ok(Outcome::Done)
    }
}

fn list(plan: &ProjectPlan, shell: &Shell) -> Result<Outcome> {
    shell.result(&plan.list())?;
    if let Some(change) = &plan.workspace {
        let manifest = fs::for_people(&change.manifest);
        shell.note(format!("`{}` would be changed: {}", manifest.display(), change.summary()));
    }
    plan.notes.iter().for_each(|note| shell.note(format!("note: {note}")));
    Ok(Outcome::Done)
}

fn report(plan: &ProjectPlan, shell: &Shell) {
    let shown = fs::for_people(&plan.destination);
    shell.status("Created", format!("policy `{}` in `{}`", plan.name, shown.display()));
    if let Some(change) = &plan.workspace {
        shell.status("Updated", change);
    }
    plan.notes.iter().for_each(|note| shell.status("Note", note));
    let enter = if shown.as_os_str() == "." {
        String::new()
    } else {
        format!("cd {} && ", pasteable(shown.as_os_str()))
    };
    shell.status("Next", format!("{enter}cargo kw-wasi build"));
}

/// The flags that answer questions. Each question has one, described by its data.
#[derive(Debug)]
struct GivenArgs(Given);

impl clap::Args for GivenArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.args(questions().iter().map(flag))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for GivenArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let values = |question: &Question| {
            let values = matches.get_many::<String>(question.topic.name())?;
            let values = values.map(|value| match question.is_none(value) {
                true => String::new(),
                false => question.canonical(value.clone()),
            });
            // What is offered has neither comma nor space in it; what is typed may be a list.
            let is_list = question.several && question.choices.is_empty();
            Some((question.topic, if is_list { values.flat_map(words).collect() } else { values.collect() }))
        };
        Ok(Self(questions().iter().filter_map(values).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// `a b` and `a,b` are two.
fn words(list: String) -> Vec<String> {
    list.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn flag(question: &'static Question) -> Arg {
    let name = question.topic.name();
    let mut help = question.help.clone();
    if !question.default.is_empty() && !help.contains("[default") {
        help.push_str(&format!(" [default: {}]", question.default.join(",")));
    }
    let arg = Arg::new(name).value_name(&*question.value).help(help).value_parser(values(question));
    let arg = match &question.heading {
        Some(heading) => arg.help_heading(&**heading),
        None => arg,
    };
    let arg = if question.topic == Topic::Path { arg } else { arg.long(name) };
    if question.several { arg.action(ArgAction::Append).value_delimiter(',').ignore_case(true) } else { arg }
}

fn values(question: &'static Question) -> ValueParser {
    if question.choices.is_empty() {
        return ValueParser::string();
    }
    let values =
        question.choices.iter().map(|choice| PossibleValue::new(&*choice.value).help(&*choice.about));
    PossibleValuesParser::new(values).into()
}
