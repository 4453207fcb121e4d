//! A Go module as a project: its name, its metadata, and compiling it with the official compiler.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::error::failure;
use crate::fs;
use crate::metadata::{Facts, key};
use crate::process::{Program, Running};
use crate::project::compile::{Artifact, Compile, Features};
use crate::project::load::{Language, Projects};
use crate::project::network::Network;
use crate::project::selection::Selection;
use crate::project::source::{MetadataSource, Project};
use crate::shell::{Shell, Verbosity};

mod flags;

/// The first version of Go that compiles for `wasip1`, without the `1.` in front.
const OLDEST_MINOR: u32 = 21;

const INSTALL: &str = "get Go 1.21 or later from https://go.dev/dl or from your system's packages";

/// What of a module matters to compile it.
#[derive(Debug)]
pub(crate) struct GoModule {
    root: PathBuf,
    /// What `go build` calls the program.
    program: String,
    target_dir: PathBuf,
    /// What go says of itself in this module is on its way: it may have to fetch another version first.
    question: Running,
}

/// What `go env` prints.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE", default)]
#[derive(Default)]
struct Environment {
    goversion: String,
    goflags: String,
    /// `go.work` of the workspace, if the module is used in one.
    gowork: String,
    /// Where go works, if the user says so.
    gotmpdir: String,
}

/// The module that this `go.mod` is of.
pub(crate) fn load(
    manifest: &Path,
    selection: &Selection,
    compile: &Compile,
    shell: &Shell,
) -> Result<(Projects, Language)> {
    refuse_what_only_cargo_has(selection, compile)?;
    let manifest = std::path::absolute(manifest)
        .with_context(|| format!("could not find the folder of `{}`", manifest.display()))?;
    let shown = fs::for_people(&manifest);
    let root = fs::folder_of(&manifest).to_owned();
    let text = fs::read_to_string(&manifest)?;
    let path = module_path(&text).ok_or_else(|| {
        failure(
            format!("could not find the name of the module in `{}`", shown.display()),
            "write `module example.com/name` in its first line, or let `go mod init` write the file",
        )
    })?;
    let name = program_name(path).to_owned();
    let source = source(&root, path)?;
    let mut go = Program::on_path("go").ok_or_else(|| {
        failure(format!("could not build the Go module `{path}`: there is no `go` on PATH"), INSTALL)
    })?;
    go.folder(&root).args(["env", "-json", "GOVERSION", "GOFLAGS", "GOWORK", "GOTMPDIR"]);
    add_network(&mut go, compile.network);
    let question = go.start(shell)?;
    let target_dir = match &compile.target_dir {
        Some(path) => std::path::absolute(path)
            .with_context(|| format!("could not find the folder `{}`", path.display()))?,
        None => root.join("target"),
    };
    let facts = Facts { name: name.clone(), file: shown, ..Facts::default() };
    let project = Project { name: name.clone(), version: None, root: root.clone(), source, facts };
    let projects = Projects { policies: vec![project], output_folder: target_dir.join("kubewarden") };
    Ok((projects, Language::Go(GoModule { root, program: name, target_dir, question })))
}

/// Flags that cargo has and go has not.
fn refuse_what_only_cargo_has(selection: &Selection, compile: &Compile) -> Result<()> {
    let Features { names, all, no_default } = &compile.features;
    let flags = [
        (!selection.packages.is_empty(), "--package", "run it in the folder of the module"),
        (selection.workspace, "--workspace", "run it in the folder of each module"),
        (!selection.exclude.is_empty(), "--exclude", "run it in the folder of each module"),
        (!names.is_empty(), "--features", "build tags go behind `--`: `-- -tags name`"),
        (*all, "--all-features", "build tags go behind `--`: `-- -tags name`"),
        (*no_default, "--no-default-features", "build tags go behind `--`: `-- -tags name`"),
        (
            compile.profile.as_deref().is_some_and(|profile| profile != "release"),
            "--profile",
            "leave it out: a policy in Go is always built for release",
        ),
    ];
    match flags.into_iter().find(|(given, ..)| *given) {
        Some((_, flag, hint)) => {
            Err(failure(format!("`{flag}` is for cargo projects, and this is a Go module"), hint))
        }
        None => Ok(()),
    }
}

/// `example.com/acme/demo` of `module example.com/acme/demo // a comment`, also in quotes.
fn module_path(text: &str) -> Option<&str> {
    text.lines().find_map(|line| {
        let line = line.split("//").next().unwrap_or_default().trim();
        let path = line.strip_prefix("module")?;
        if !path.starts_with([' ', '\t', '"', '`']) {
            return None;
        }
        let path = path.trim().trim_matches(['"', '`']);
        (!path.is_empty() && path != "(").then_some(path)
    })
}

/// What `go build` calls a program: the last part of the path that is no major version.
fn program_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let is_version = last.strip_prefix('v').is_some_and(|version| {
        version.chars().all(|c| c.is_ascii_digit())
            && !version.starts_with('0')
            && !["", "1"].contains(&version)
    });
    if is_version { parts.next().unwrap_or(last) } else { last }
}

fn source(root: &Path, module: &str) -> Result<MetadataSource> {
    let path = root.join("metadata.yml");
    match fs::find(&path)? {
        Some(bytes) => MetadataSource::file(&path, bytes),
        None if root.join("metadata.yaml").is_file() => Err(failure(
            format!(
                "the module `{module}` has a `metadata.yaml`, but Kubewarden's workflows look for `metadata.yml`"
            ),
            "rename the file",
        )),
        None => Err(failure(
            format!(
                "the Go module `{module}` is not a policy: `{}` is missing",
                fs::for_people(&path).display()
            ),
            format!(
                "write it:\n\nrules:\n- apiGroups: [\"\"]\n  apiVersions: [v1]\n  resources: [pods]\n  operations: [CREATE, \
                 UPDATE]\nmutating: false\nexecutionMode: wasi\nannotations:\n  {}: {}\n  {}: 0.1.0\n",
                key::TITLE,
                program_name(module),
                key::VERSION
            ),
        )),
    }
}

/// Nothing is fetched where nothing may be: neither from proxies nor, for private modules, from their repositories.
fn add_network(go: &mut Program, network: Network) {
    if !network.may_fetch() {
        go.env("GOPROXY", "off").env("GONOPROXY", "none").env("GOVCS", "*:off");
    }
}

impl GoModule {
    /// Compiles the package in the root of the module. Go's own output passes through.
    pub(crate) fn compile(self, compile: &Compile, shell: &Shell) -> Result<Artifact> {
        let output = self.question.finish_with_output()?;
        let environment: Environment =
            serde_json::from_str(&output).context("could not understand what `go env` printed")?;
        check_version(&environment.goversion)?;
        let users = flags::split(&environment.goflags);

        let mut further = compile.further.clone();
        refuse_what_hides_the_program(&further)?;
        // A folder: then go refuses what is no program, where it would write a library to a file.
        let folder = self.target_dir.join("wasip1");
        fs::create_folder(&folder)?;
        let linker = flags::value(&users, "ldflags").map(str::to_owned).into_iter();
        let linker = linker.chain(flags::take(&mut further, "ldflags"));

        let mut go = Program::new("go");
        go.folder(&self.root).env("GOOS", "wasip1").env("GOARCH", "wasm").args(["build", "-trimpath"]);
        if !flags::has(&users, "buildvcs") {
            // The same sources are the same module, whatever is committed.
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
        if !compile.network.may_change_files() && !is_vendored(&self.root, &environment, &users, &further) {
            go.arg("-mod=readonly");
        }
        if environment.gotmpdir.is_empty() {
            // What go has linked it moves to its place, or copies it from another file system. A copy that is cut off has
            // a good beginning, which is all that go looks at the next time: it would be taken for the program ever after.
            go.env("GOTMPDIR", &folder);
        }
        add_network(&mut go, compile.network);
        go.arg(".").run(shell)?;
        let path = folder.join(&self.program);
        if !path.is_file() {
            return Err(failure(
                format!("`go build` succeeded, but wrote no `{}`", fs::for_people(&path).display()),
                "leave out what stands behind `--`, if anything does",
            ));
        }
        Ok(Artifact { path })
    }
}

/// Does go take dependencies from a folder `vendor`, where nothing can change? It does so by itself, in a workspace from
/// the folder beside `go.work`.
fn is_vendored(root: &Path, environment: &Environment, users: &[String], further: &[OsString]) -> bool {
    let further: Vec<_> = further.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match flags::value(&further, "mod").or_else(|| flags::value(users, "mod")) {
        Some(mode) => mode == "vendor",
        None => {
            let root = match environment.gowork.as_str() {
                "" | "off" => root,
                file => fs::folder_of(Path::new(file)),
            };
            root.join("vendor/modules.txt").is_file()
        }
    }
}

/// Flags with which go would leave the program elsewhere, or nowhere: an earlier one would be taken for it.
fn refuse_what_hides_the_program(further: &[OsString]) -> Result<()> {
    for arg in further.iter().filter_map(|arg| arg.to_str()) {
        match arg.split('=').next() {
            Some("-o" | "--o") => {
                return Err(failure(
                    "`-o` behind `--` would hide what go builds from this tool",
                    "use `--output`, in front of `--`",
                ));
            }
            Some("-n" | "--n") => {
                return Err(failure(
                    "`-n` behind `--` lets go build nothing",
                    "use `-x`, which shows the same commands and runs them",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The value of `-p` for cargo's `--jobs`: a number, one below zero counted from the number of cores, or `default`.
fn number_of_jobs(jobs: &str) -> Result<Option<usize>> {
    if jobs == "default" {
        return Ok(None);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match jobs.parse::<isize>() {
        Ok(number) if number > 0 => Ok(Some(number.unsigned_abs())),
        Ok(number) if number < 0 => Ok(Some(cores.saturating_sub(number.unsigned_abs()).max(1))),
        _ => Err(failure(
            format!("`{jobs}` is no number of jobs"),
            "write a number, one below zero to leave cores free, or `default`",
        )),
    }
}

/// `go1.26.1`, `go1.21rc2`, `devel go1.27-8f3a1c Tue …`
fn check_version(version: &str) -> Result<()> {
    let minor = version.split_once("go1.").and_then(|(_, rest)| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<u32>().ok()
    });
    if minor.is_none_or(|minor| minor >= OLDEST_MINOR) {
        return Ok(()); // of a version without a number go itself will say what it cannot do
    }
    Err(failure(format!("{version} cannot compile for WebAssembly with WASI"), INSTALL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_module_stands_in_its_manifest() {
        for (text, path) in [
            ("module demo", Some("demo")),
            ("module demo\r\n\r\ngo 1.21\r\n", Some("demo")),
            ("// about it\nmodule example.com/demo // more\n\ngo 1.21\n", Some("example.com/demo")),
            ("module \"example.com/demo\"\n", Some("example.com/demo")),
            ("modules demo\n", None),
            ("go 1.21\n", None),
            ("module\n", None),
        ] {
            assert_eq!(module_path(text), path, "{text}");
        }
    }

    #[test]
    fn a_program_has_the_last_name_that_is_no_version() {
        for (path, name) in [
            ("demo", "demo"),
            ("example.com/acme/demo", "demo"),
            ("example.com/demo/v2", "demo"),
            ("example.com/demo/v1", "v1"),
            ("example.com/v", "v"),
            ("v2", "v2"),
        ] {
            assert_eq!(program_name(path), name, "{path}");
        }
    }

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

    #[test]
    fn versions_before_wasip1_are_refused() {
        for version in ["go1.21", "go1.21rc2", "go1.26.8", "devel go1.27-8f3a1c Tue", "go2.0", "gccgo"] {
            assert!(check_version(version).is_ok(), "{version}");
        }
        for version in ["go1.20.14", "go1.9", "devel go1.20-abc"] {
            assert!(check_version(version).is_err(), "{version}");
        }
    }
}
