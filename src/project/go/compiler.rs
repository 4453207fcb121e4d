//! Compiling a Go module with the official compiler.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::environment::{EnvironmentQuestion, GoEnvironment, add_network};
use super::flags;
use super::module::load;
use crate::error::failure;
use crate::fs;
use crate::process::Program;
use crate::project::compile::{Compile, CompiledModules, Features};
use crate::project::selection::Selection;
use crate::project::source::Project;
use crate::shell::{Shell, Verbosity};

/// `go build`, for the program in the root of a module.
#[derive(Debug)]
pub(crate) struct GoCompiler {
    root: PathBuf,
    target_dir: PathBuf,
    compile: Compile,
    question: EnvironmentQuestion,
}

/// Loads the module of this `go.mod`, and its compiler.
pub(crate) fn load_to_compile(
    manifest: &Path,
    selection: &Selection,
    compile: Compile,
    shell: &Shell,
) -> Result<(Project, GoCompiler)> {
    refuse_what_only_cargo_has(&compile)?;
    let project = load(manifest, selection)?;
    let root = project.root.clone();
    let question = EnvironmentQuestion::ask(&project, compile.network, shell)?;
    let target_dir = compile.absolute_target_dir()?.unwrap_or_else(|| root.join("target"));
    Ok((project, GoCompiler { root, target_dir, compile, question }))
}

/// Fails for flags that only cargo has.
fn refuse_what_only_cargo_has(compile: &Compile) -> Result<()> {
    let Features { names, all, no_default } = &compile.features;
    let tags = "build tags go after `--`: `-- -tags name`";
    let is_other_profile = compile.profile.as_deref().is_some_and(|profile| profile != "release");
    let flags = [
        (!names.is_empty(), "--features", tags),
        (*all, "--all-features", tags),
        (*no_default, "--no-default-features", tags),
        (is_other_profile, "--profile", "leave it out: a policy in Go is always built for release"),
    ];
    match flags.into_iter().find(|(given, ..)| *given) {
        Some((_, flag, hint)) => {
            Err(failure(format!("`{flag}` is for cargo projects, and this is a Go module"), hint))
        }
        None => Ok(()),
    }
}

impl GoCompiler {
    pub(crate) fn target_dir(&self) -> &Path {
        &self.target_dir
    }

    /// Compiles the package in the root of the module.
    pub(crate) fn compile(self, projects: &[&Project], shell: &Shell) -> Result<CompiledModules> {
        let environment = self.question.answer()?;
        flags::refuse_what_hides_the_program(&self.compile.further)?;
        // If the output is a folder, go refuses a library; if it is a file, go writes the library to it.
        let folder = self.target_dir.join("wasip1");
        fs::create_folder(&folder)?;
        let mut go = go_build(&self.root, &folder, &environment, &self.compile, shell)?;
        add_network(&mut go, self.compile.network);
        go.run(shell)?;
        let mut modules = CompiledModules::default();
        for project in projects {
            let path = folder.join(&project.program);
            if !path.is_file() {
                return Err(failure(
                    format!("`go build` succeeded, but did not write `{}`", fs::for_people(&path).display()),
                    "leave out the arguments after `--`",
                ));
            }
            modules.insert(project, path);
        }
        Ok(modules)
    }
}

/// Returns the command that builds the program in the root of the module into this folder.
fn go_build(
    root: &Path,
    folder: &Path,
    environment: &GoEnvironment,
    compile: &Compile,
    shell: &Shell,
) -> Result<Program> {
    let mut further = compile.further.clone();
    let linker = flags::value(&environment.flags, "ldflags").map(str::to_owned).into_iter();
    let linker = linker.chain(flags::take(&mut further, "ldflags"));
    let mut go = Program::new("go");
    go.folder(root).env("GOOS", "wasip1").env("GOARCH", "wasm").args(["build", "-trimpath"]);
    if !flags::has(&environment.flags, "buildvcs") {
        // The same sources must give the same module, whatever is committed.
        go.arg("-buildvcs=false");
    }
    go.args(flags::stripped(linker)).arg("-o").arg(folder.join(""));
    if let Some(jobs) = compile.jobs.as_deref().map(number_of_jobs).transpose()?.flatten() {
        go.args(["-p", &jobs.to_string()]);
    }
    if shell.verbosity() >= Verbosity::Verbose {
        go.arg("-v");
    }
    go.args(&further);
    if !compile.network.may_change_files() && !is_vendored(root, environment, &further) {
        go.arg("-mod=readonly");
    }
    if !environment.has_folder_for_work {
        // go moves the linked program to its place, or copies it from another file system. A copy that is cut off has
        // a valid beginning, which is all that go checks the next time, so go would use it as the program from then
        // on.
        go.env("GOTMPDIR", folder);
    }
    go.arg(".");
    Ok(go)
}

/// Whether go uses dependencies in a folder `vendor`, in which nothing can change. It does so by default if there is
/// one, which in a workspace is next to `go.work`.
fn is_vendored(root: &Path, environment: &GoEnvironment, further: &[OsString]) -> bool {
    let further: Vec<_> = further.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match flags::value(&further, "mod").or_else(|| flags::value(&environment.flags, "mod")) {
        Some(mode) => mode == "vendor",
        None => {
            let root = environment.workspace.as_deref().unwrap_or(root);
            root.join("vendor/modules.txt").is_file()
        }
    }
}

/// Parses the value of `--jobs`. As in cargo, a negative number counts down from the number of cores. `None` is go's
/// default.
fn number_of_jobs(jobs: &str) -> Result<Option<usize>> {
    if jobs == "default" {
        return Ok(None);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match jobs.parse::<isize>() {
        Ok(number) if number > 0 => Ok(Some(number.unsigned_abs())),
        Ok(number) if number < 0 => Ok(Some(cores.saturating_sub(number.unsigned_abs()).max(1))),
        _ => Err(failure(
            format!("`{jobs}` is not a number of jobs"),
            "write a number, a negative one to leave that many cores free, or `default`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::number_of_jobs;

    #[test]
    fn jobs_are_counted_as_cargo_counts_them() {
        assert_eq!(number_of_jobs("3").unwrap(), Some(3));
        assert_eq!(number_of_jobs("default").unwrap(), None);
        assert_eq!(number_of_jobs("-1000000").unwrap(), Some(1));
        assert!(number_of_jobs("-1").unwrap().is_some_and(|jobs| jobs > 0));
        for wrong in ["0", "", "many", "1.5"] {
            assert!(number_of_jobs(wrong).is_err(), "{wrong}");
        }
    }
}
