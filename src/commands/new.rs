//! `new`: from a few answers to a policy project.

use std::io::IsTerminal;

use anyhow::Result;

use crate::error::{Cancelled, Outcome};
use crate::fs;
use crate::process::pasteable;
use crate::shell::Shell;
use crate::template::{
    self, Answers, Ask, Given, NoTerminal, Overwrite, Plan, Surroundings, TakeDefaults, Template, Terminal,
};

/// Create a policy project
///
/// Asks what flags did not say, shows what will be written, and writes it. The project is small, has tests, and
/// belongs to its author.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cargo kw-wasi new                                           asks everything
  cargo kw-wasi new --defaults                                asks nothing: ./my-policy, for pods
  cargo kw-wasi new no-root --resource deployments.apps       asks the rest
  cargo kw-wasi new add-owner --kind mutate --resource pods,services --defaults
  cargo kw-wasi new check --kind raw-validate --defaults      any JSON, without a cluster
  cargo kw-wasi new --lang go --module-path github.com/acme/check check

Resources can be written as `pods`, `deployments.apps`, `apps/v1/deployments`, `pods/exec` or `*`.")]
pub struct NewArgs {
    /// Folder to create [default: my-policy]
    path: Option<String>,
    /// Language of the policy
    #[arg(long, value_name = "LANGUAGE", default_value = "rust", help_heading = "Policy")]
    lang: Language,
    /// What it does: `validate`, `mutate`, `raw-validate` or `raw-mutate`
    #[arg(long, value_name = "KIND", help_heading = "Policy")]
    kind: Option<String>,
    /// Resource that it sees; several separated by commas
    #[arg(long, value_name = "RESOURCE", help_heading = "Policy")]
    resource: Vec<String>,
    /// Operation that it sees: `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`; several separated by commas
    #[arg(long, value_name = "OPERATION", help_heading = "Policy")]
    operation: Vec<String>,
    /// How it reads objects: `serde` for small structs, `k8s-openapi` for all of Kubernetes' types
    #[arg(long, value_name = "TYPES", help_heading = "Policy")]
    types: Option<String>,
    /// Name of the package and of the policy [default: last part of the path]
    #[arg(long, value_name = "NAME", help_heading = "Package")]
    name: Option<String>,
    /// Path of the Go module, which ends in the name; if not given, from `--repository`, or `example.com/<name>`
    #[arg(long, value_name = "MODULE", help_heading = "Package")]
    module_path: Option<String>,
    /// One line about it
    #[arg(long, value_name = "TEXT", help_heading = "Package")]
    description: Option<String>,
    /// `Name <mail>` [default: from git's configuration]
    #[arg(long, value_name = "AUTHOR", help_heading = "Package")]
    author: Option<String>,
    /// SPDX expression [default: Apache-2.0]
    #[arg(long, value_name = "LICENSE", help_heading = "Package")]
    license: Option<String>,
    /// URL of the source repository
    #[arg(long, value_name = "URL", help_heading = "Package")]
    repository: Option<String>,
    /// Registry and path it will be pushed to, such as `ghcr.io/acme/policies`
    #[arg(long, value_name = "REGISTRY", help_heading = "Package")]
    registry: Option<String>,
    /// Version control: `git` or `none` [default: git, unless there is a repository]
    #[arg(long, value_name = "VCS", help_heading = "Package")]
    vcs: Option<String>,
    /// Ask nothing: take the default of all that is not said
    #[arg(long, help_heading = "Doing")]
    defaults: bool,
    /// List what would be written, and write nothing
    #[arg(long, help_heading = "Doing")]
    dry_run: bool,
    /// Write into a folder that has files, beside them
    #[arg(long, help_heading = "Doing")]
    force: bool,
}

/// The values of `--lang`: the names of the templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    /// Rust
    Rust,
    /// Go, for its official compiler
    Go,
}

impl Language {
    fn template(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Go => "go",
        }
    }
}

impl NewArgs {
    /// Creates the project.
    pub fn run(self, shell: &Shell) -> Result<Outcome> {
        let overwrite = if self.force { Overwrite::Beside } else { Overwrite::Refuse };
        let dry_run = self.dry_run;
        let mut ask: Box<dyn Ask> =
            match (self.defaults, std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
                (true, _) => Box::new(TakeDefaults),
                (false, true) => Box::new(Terminal { shell }),
                (false, false) => Box::new(NoTerminal::default()),
            };
        let template = Template::find(self.lang.template())?;
        let given = self.given();
        let around = |answers: &Answers| Surroundings::of(&answers.path(), &template);
        let mut known = None;
        let answers = Answers::collect(&template, &given, ask.as_mut(), &mut |question, answers| {
            let surroundings = match known.take() {
                None => around(answers)?,
                Some(surroundings) => surroundings,
            };
            surroundings.adjust(question, answers, &template, shell)?;
            known = Some(surroundings);
            Ok(())
        })?;
        let surroundings = known.map_or_else(|| around(&answers), Ok)?;
        let plan = template::plan(&template, &given, &answers, surroundings)?;
        plan.check_destination(overwrite)?;
        if dry_run {
            shell.result(&plan.list())?;
            if let Some((manifest, _)) = &plan.workspace_manifest {
                let manifest = fs::for_people(manifest);
                shell.note(format!("`{}` would be changed: {}", manifest.display(), plan.workspace_change()));
            }
            return Ok(Outcome::Done);
        }
        if !ask.confirm(&plan.summary())? {
            return Err(Cancelled.into());
        }
        template::write(&plan, overwrite, shell)?;
        report(&plan, shell);
        Ok(Outcome::Done)
    }

    /// What was said, by the name of the question.
    fn given(self) -> Given {
        let one = [
            ("path", self.path),
            ("name", self.name),
            ("kind", self.kind),
            ("module-path", self.module_path),
            ("description", self.description),
            ("author", self.author),
            ("license", self.license),
            ("registry", self.registry),
            ("repository", self.repository),
            ("vcs", self.vcs),
            ("types", self.types),
        ];
        let several = [("resource", self.resource), ("operation", self.operation)];
        let one = one.into_iter().filter_map(|(name, value)| Some((name, vec![value?])));
        one.chain(several.into_iter().filter(|(_, values)| !values.is_empty())).collect()
    }
}

fn report(plan: &Plan, shell: &Shell) {
    let shown = fs::for_people(&plan.destination);
    shell.status("Created", format!("policy `{}` in `{}`", plan.name, shown.display()));
    if let Some((manifest, _)) = &plan.workspace_manifest {
        let manifest = fs::for_people(manifest);
        shell.status("Updated", format!("`{}`: {}", manifest.display(), plan.workspace_change()));
    }
    let enter = if shown.as_os_str() == "." {
        String::new()
    } else {
        format!("cd {} && ", pasteable(shown.as_os_str()))
    };
    shell.status("Next", format!("{enter}cargo kw-wasi build"));
}
