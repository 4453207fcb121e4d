//! Cargo packages as projects: what their manifests say, and compiling them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Message, MetadataCommand, TargetKind};

use super::{Artifact, Compile, Language, Project, Projects, Selection, Source};
use crate::error::{WithHint, failure};
use crate::fs;
use crate::metadata::{Document, Facts, WRITTEN_BY_US};
use crate::process::Program;
use crate::shell::Shell;

mod selection;
pub(super) mod toolchain;

use selection::{folder, has_table, select};
use toolchain::{Question, Toolchain, WASM_TARGET};

/// What all packages have in common.
#[derive(Debug)]
pub(super) struct Workspace {
    /// What there is to compile, in the order of the projects.
    packages: Vec<Package>,
    root: PathBuf,
    target_dir: PathBuf,
    /// Folders of packages that members depend on by path.
    path_dependencies: Vec<PathBuf>,
    manifest_path: Option<PathBuf>,
    configuration: cargo_config2::Config,
}

/// What of a package matters to compile it.
#[derive(Debug)]
struct Package {
    id: cargo_metadata::PackageId,
    /// Name and version, since a dependency may have the same name.
    spec: String,
    /// The program that is the policy: it needs not have the package's name.
    binary: String,
}

/// Finds the packages that are meant, beginning at this `Cargo.toml`.
pub(super) fn load(
    manifest: &Path,
    selection: &Selection,
    compile: &Compile,
    shell: &Shell,
) -> Result<(Projects, Language)> {
    let configuration = configuration()?;
    // Both take a while and neither needs the other.
    let question = Question::ask(&rustc(&configuration), shell)?;
    let mut cargo = Program::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version=1"]);
    if let Some(path) = &selection.manifest_path {
        cargo.arg("--manifest-path").arg(path);
    }
    cargo.args(compile.network.flags());
    let json = cargo.start(shell)?.finish_with_output()?;
    let metadata =
        MetadataCommand::parse(json).context("could not understand what `cargo metadata` printed")?;

    let selected = select(&metadata, manifest, selection)?;
    let packages = selected.iter().map(|package| Package::of(package)).collect::<Result<Vec<_>>>()?;
    let policies = selected.into_iter().map(project).collect::<Result<Vec<_>>>()?;
    different_binaries(&policies, &packages)?;
    let target_dir = match &compile.target_dir {
        Some(path) => std::path::absolute(path)
            .with_context(|| format!("could not find the folder `{}`", path.display()))?,
        None => metadata.target_directory.clone().into_std_path_buf(),
    };
    let projects = Projects { policies, output_folder: target_dir.join("kubewarden") };
    let workspace = Workspace {
        packages,
        root: metadata.workspace_root.clone().into_std_path_buf(),
        target_dir,
        path_dependencies: path_dependencies(&metadata),
        manifest_path: selection.manifest_path.clone(),
        configuration,
    };
    Ok((projects, Language::Cargo(Box::new(workspace), question)))
}

/// Cargo's configuration, from files and environment.
fn configuration() -> Result<cargo_config2::Config> {
    let here = std::env::current_dir().context("could not find the current folder")?;
    // Of no use here, and cargo takes more words for it than the library that reads it.
    let environment = std::env::vars_os().filter(|(name, _)| name != "CARGO_BUILD_JOBS");
    let options = cargo_config2::ResolveOptions::default().env(environment);
    cargo_config2::Config::load_with_options(here, options)
        .context("could not read cargo's configuration")
        .hint(|| "if cargo itself accepts it, write it another way, such as a number for `jobs`".to_owned())
}

/// The compiler itself: a wrapper around it answers no questions.
fn rustc(configuration: &cargo_config2::Config) -> PathBuf {
    configuration.build.rustc.clone().unwrap_or_else(|| "rustc".into())
}

/// Cargo writes programs of one name to one file: of two policies, both outputs would have the code of one.
fn different_binaries(policies: &[Project], packages: &[Package]) -> Result<()> {
    for (index, (policy, Package { binary, .. })) in policies.iter().zip(packages).enumerate() {
        if let Some(other) = packages[..index].iter().position(|other| other.binary == *binary) {
            return Err(failure(
                format!(
                    "packages `{}` and `{}` both have a program `{binary}`, which cargo would write to one file",
                    policies[other].name, policy.name
                ),
                "give their programs different names, or build them one after the other with `--package`",
            ));
        }
    }
    Ok(())
}

fn path_dependencies(metadata: &cargo_metadata::Metadata) -> Vec<PathBuf> {
    let dependencies = metadata.packages.iter().flat_map(|package| &package.dependencies);
    let mut paths: Vec<_> =
        dependencies.filter_map(|dependency| dependency.path.clone()).map(Into::into).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn project(package: &cargo_metadata::Package) -> Result<Project> {
    let root = folder(package).to_owned();
    let manifest = fs::for_people(package.manifest_path.as_std_path());
    let facts = Facts {
        name: package.name.to_string(),
        file: manifest.clone(),
        version: Some(package.version.to_string()),
        description: package.description.clone().map(fs::unix_line_ends),
        authors: package.authors.clone(),
        license: package.license.clone(),
        repository: package.repository.clone(),
        homepage: package.homepage.clone(),
    };
    Ok(Project {
        name: package.name.to_string(),
        version: Some(package.version.to_string()),
        source: source(package, &root, &manifest)?,
        root,
        facts,
    })
}

fn source(package: &cargo_metadata::Package, root: &Path, manifest: &Path) -> Result<Source> {
    let path = root.join("metadata.yml");
    let shown = fs::for_people(&path);
    let text = fs::find(&path)?;
    let ours = text.as_ref().is_some_and(|text| text.starts_with(WRITTEN_BY_US.as_bytes()));
    if has_table(package) {
        if text.is_some() && !ours {
            return Err(failure(
                format!(
                    "package `{}` has its metadata twice: in `{}` and in `{}`, which was not written by this tool",
                    package.name,
                    manifest.display(),
                    shown.display()
                ),
                format!(
                    "move what only `{0}` says to the table: its keys are accepted there as they are, and what `[package]` says (version, description, \
                     authors, license, repository) needs no annotation; then remove `{0}`, and `build` writes it from the table. Or remove the table",
                    shown.display()
                ),
            ));
        }
        let toml = fs::read_to_string(package.manifest_path.as_std_path())?;
        let document = Document::toml(manifest, toml)
            .with_context(|| format!("could not read the metadata of package `{}`", package.name))?;
        return Ok(Source::Table(Box::new(document)));
    }
    if ours {
        return Err(failure(
            format!(
                "`{}` was written from the table `[package.metadata.kubewarden]` of `{}`, which is gone",
                shown.display(),
                manifest.display()
            ),
            format!(
                "bring the table back, or remove the first line of `{}` to make it your own file",
                shown.display()
            ),
        ));
    }
    Source::file(&path, text.unwrap_or_default())
}

impl Package {
    fn of(package: &cargo_metadata::Package) -> Result<Self> {
        Ok(Self {
            id: package.id.clone(),
            spec: format!("{}@{}", package.name, package.version),
            binary: binary(package)?,
        })
    }
}

/// The binary that is the policy: the only one, the one `default-run` names, or the one with the package's name.
fn binary(package: &cargo_metadata::Package) -> Result<String> {
    let binaries: Vec<&str> = package
        .targets
        .iter()
        .filter(|target| target.kind.contains(&TargetKind::Bin))
        .map(|target| target.name.as_str())
        .collect();
    let chosen = package.default_run.as_deref().or(match binaries.as_slice() {
        [only] => Some(only),
        several => several.iter().copied().find(|name| *name == package.name.as_str()),
    });
    match chosen {
        Some(name) => Ok(name.to_owned()),
        None if binaries.is_empty() => Err(failure(
            format!(
                "package `{}` has no program: a WASI policy is a program, not a library [not-a-command]",
                package.name
            ),
            "add `src/main.rs` with a `fn main`; a library written with `kubewarden-policy-sdk` is a waPC policy, which `kwctl` and Kubewarden's Rust template build",
        )),
        None => Err(failure(
            format!(
                "package `{}` has several programs ({}), and none has its name",
                package.name,
                binaries.join(", ")
            ),
            "say which is the policy: `default-run = \"…\"` in `[package]`",
        )),
    }
}

/// The compiler's one mebibyte, and some more for the sake of speed.
///
/// An evaluation costs what the pages cost that it touches (2 to 3 us each). The C library's allocator writes to both
/// ends of the heap before the first use, and the heap ends where the memory does, at a multiple of 64 KiB. What lies
/// below it is the stack and the policy's data; with a stack of this size the heap of a generated policy is small
/// enough for its end to share a page with what is allocated behind the buffer of standard input, and large enough for
/// what most requests take. Other policies lie as they happen to.
const STACK_BYTES: u32 = (1 << 20) + 0x8d40;

impl Workspace {
    pub(super) fn compile(
        &self,
        policies: &[Project],
        compile: &Compile,
        toolchain: &Toolchain,
        shell: &Shell,
    ) -> Result<Vec<Artifact>> {
        let mut cargo = Program::cargo();
        cargo.args(["build", "--message-format=json-render-diagnostics", "--target", WASM_TARGET]);
        cargo.arg("--profile").arg(compile.profile.as_deref().unwrap_or("release"));
        if let Some(path) = &self.manifest_path {
            cargo.arg("--manifest-path").arg(path);
        }
        for package in &self.packages {
            cargo.args(["--package", &package.spec, "--bin", &package.binary]);
        }
        for names in &compile.features.names {
            cargo.arg("--features").arg(names);
        }
        let flags = [
            (compile.features.all, "--all-features"),
            (compile.features.no_default, "--no-default-features"),
        ];
        cargo.args(flags.into_iter().filter_map(|(given, flag)| given.then_some(flag)));
        if compile.target_dir.is_some() {
            cargo.arg("--target-dir").arg(&self.target_dir);
        }
        if let Some(jobs) = &compile.jobs {
            cargo.arg(format!("--jobs={jobs}"));
        }
        cargo.args(compile.network.flags());
        cargo.args(shell.cargo_flags());
        cargo.args(&compile.further);
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.rustflags(toolchain)?);

        let mut running = cargo.start(shell)?;
        let mut artifacts: Vec<Option<PathBuf>> = self.packages.iter().map(|_| None).collect();
        for message in Message::parse_stream(running.stdout()) {
            let Message::CompilerArtifact(artifact) =
                message.context("could not read what `cargo build` printed")?
            else {
                continue;
            };
            let Some(executable) = artifact.executable else { continue };
            let package = self.packages.iter().position(|package| {
                package.id == artifact.package_id && package.binary == artifact.target.name
            });
            if let Some(index) = package {
                artifacts[index] = Some(executable.into_std_path_buf());
            }
        }
        running.finish()?;
        let artifact = |((policy, package), path): ((&Project, &Package), Option<PathBuf>)| {
            let path = path.with_context(|| {
                format!("cargo built no program `{}` for package `{}`", package.binary, policy.name)
            })?;
            Ok(Artifact { path })
        };
        policies.iter().zip(&self.packages).zip(artifacts).map(artifact).collect()
    }

    /// The size of the stack, then the flags the user has for the compiler, wherever they are written, then the
    /// remapping that keeps this machine's paths out of the module. In the order in which rustc reads them, where the
    /// last match counts.
    fn rustflags(&self, toolchain: &Toolchain) -> Result<String> {
        let mut flags = vec!["-Clink-arg=-z".to_owned(), format!("-Clink-arg=stack-size={STACK_BYTES}")];
        let theirs = self
            .configuration
            .rustflags(WASM_TARGET)
            .context("could not read `rustflags` in cargo's configuration")?;
        flags.extend(theirs.into_iter().flat_map(|flags| flags.flags));
        let home = std::env::home_dir().filter(|home| home.parent().is_some());
        let cargo_home =
            std::env::current_dir().ok().and_then(|here| cargo_config2::cargo_home_with_cwd(&here));
        let sources = toolchain.sysroot.join("lib/rustlib/src/rust");
        // A dependency by path often lies beside the workspace: what they share is mapped, from the top down.
        let around: Vec<_> =
            self.root.ancestors().skip(1).filter(|folder| folder.parent().is_some()).collect();
        let outside =
            around.into_iter().rev().map(Path::to_owned).chain(self.path_dependencies.iter().cloned());
        let prefixes =
            std::iter::once((home, "/home")).chain(outside.map(|folder| (Some(folder), "/outside"))).chain([
                (Some(self.root.clone()), "/policy"),
                (Some(self.target_dir.clone()), "/target"),
                (cargo_home, "/cargo"),
                (Some(sources), "/rustc"),
            ]);
        for (from, to) in prefixes {
            let Some(from) = from else { continue };
            // The compiler sees some paths as given and some with links resolved.
            let resolved = fs::canonicalize(&from).ok().filter(|resolved| *resolved != from);
            for from in [Some(from), resolved].into_iter().flatten() {
                if let Some(from) = from.to_str() {
                    flags.push(format!("--remap-path-prefix={from}={to}"));
                }
            }
        }
        Ok(flags.join("\x1f"))
    }
}
