//! Compiling a Go module with the official compiler.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::environment::{EnvironmentQuestion, GoEnvironment, add_network};
use super::flags;
use super::module::load_package;
use super::package::{GoPackage, package_in};
use crate::error::failure;
use crate::fs;
use crate::process::Program;
use crate::project::compile::{Compile, Features, Made};
use crate::project::selection::Selection;
use crate::project::source::Project;
use crate::shell::{Shell, Verbosity};

/// `go build`, for one package of a module.
#[derive(Debug)]
pub(crate) struct GoCompiler {
    root: PathBuf,
    package: GoPackage,
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
    flags::refuse_other_programs(&compile.further)?;
    let (project, package) = load_package(manifest, selection)?;
    let root = project.root.clone();
    let question = EnvironmentQuestion::ask(&project, compile.network, shell)?;
    let target_dir = compile.absolute_target_dir()?.unwrap_or_else(|| root.join("target"));
    Ok((project, GoCompiler { root, package, target_dir, compile, question }))
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

    /// Compiles the package.
    pub(crate) fn compile(self, made: &mut Made, shell: &Shell) -> Result<()> {
        // A folder: then go refuses what is not a program, where it would write a library to a file.
        let folder = self.target_dir.join("wasip1");
        let program = folder.join(self.package.program_name());
        self.refuse_program_of_another_module(&program)?;
        let environment = self.question.answer()?;
        environment.refuse_other_modes(&self.compile.further)?;
        fs::create_folder(&folder)?;
        let mut go = go_build(&self.root, &folder, &environment, &self.compile, shell)?;
        go.arg(self.package.argument());
        add_network(&mut go, self.compile.network);
        go.run(shell).inspect_err(|_| explain(&environment, shell))?;
        let is_other = |package| package != self.package.import_path();
        if !program.is_file() || package_in(&program)?.is_some_and(is_other) {
            return Err(failure(
                format!("`go build` succeeded, but did not write `{}`", fs::for_people(&program).display()),
                "leave out the arguments after `--`",
            ));
        }
        made(&program)
    }

    /// In a target folder that was named, two modules whose paths end alike would replace each other's program.
    fn refuse_program_of_another_module(&self, program: &Path) -> Result<()> {
        let module = &self.package.module;
        let is_of_module = |package: &String| package == module || package.starts_with(&format!("{module}/"));
        match package_in(program)? {
            Some(package) if self.compile.target_dir.is_some() && !is_of_module(&package) => Err(failure(
                format!(
                    "could not write the program of `{module}`: `{}` is that of `{package}`",
                    fs::for_people(program).display()
                ),
                "name another folder with `--target-dir`, or remove that file if its module is gone",
            )),
            _ => Ok(()),
        }
    }
}

/// Says where the flags come from that may be the reason why a build failed.
fn explain(environment: &GoEnvironment, shell: &Shell) {
    let flags = flags::suspicious(&environment.flags);
    if !flags.is_empty() {
        shell.warn(
            format!("go was given `{}`, from {}", flags.join(" "), environment.place_of_flags()),
            Some("if this is not meant for WebAssembly, build with another GOFLAGS"),
        );
    }
}

/// The command line that writes a program to this folder, without the package.
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
