//! Runs the shell steps of workflows as GitHub does: every `run` of every job in order, in GitHub's environment. It knows
//! only the actions and expressions in its tables, and fails on others.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use yaml_serde::Value;

use super::{Case, Run};

/// A machine of GitHub that runs workflows.
pub(crate) struct Runner<'a> {
    case: &'a Case,
    /// `owner/name` on `https://github.com`.
    repository: &'static str,
    reference: &'static str,
    expressions: BTreeMap<String, String>,
    environment: Vec<(String, OsString)>,
    path: Vec<PathBuf>,
    /// The files that jobs pass to later jobs.
    artifacts: PathBuf,
    jobs: RefCell<usize>,
    only: Option<&'static str>,
}

/// A step that ran.
pub(crate) struct Ran {
    pub(crate) job: String,
    pub(crate) step: String,
    pub(crate) run: Run,
}

/// The state of a job between two steps.
struct Job<'a> {
    name: &'a str,
    workspace: PathBuf,
    temporary: PathBuf,
    environment: BTreeMap<String, String>,
    outputs: BTreeMap<String, BTreeMap<String, String>>,
    matrix: BTreeMap<String, String>,
    shell: Option<String>,
}

impl<'a> Runner<'a> {
    /// A runner for a tag of a repository. The case has a bare clone of it in `github/<owner>/<name>`.
    pub(crate) fn for_tag(case: &'a Case, repository: &'static str, tag: &'static str) -> Self {
        let artifacts = case.temporary("artifacts");
        let expressions = [("github.token", "the-token")];
        let expressions = expressions.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let runner = Self {
            case,
            repository,
            reference: tag,
            expressions,
            environment: Vec::new(),
            path: vec![case.temporary("bin")],
            artifacts,
            jobs: RefCell::new(0),
            only: None,
        };
        // Git finds `https://github.com` in the case.
        let github = case.temporary("github");
        let config = format!("[url \"file://{}/\"]\n\tinsteadOf = https://github.com/\n", github.display());
        let file = case.home().join(".gitconfig");
        let before = std::fs::read_to_string(&file).unwrap();
        if !before.contains(&config) {
            std::fs::write(file, before + &config).unwrap();
        }
        runner
    }

    /// Sets the value of an expression, such as `secrets.NAME`.
    pub(crate) fn expression(mut self, name: &str, value: &str) -> Self {
        self.expressions.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets an environment variable of the machine.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a folder to `PATH`, after the stubs of the case.
    pub(crate) fn on_path(mut self, folder: PathBuf) -> Self {
        self.path.push(folder);
        self
    }

    /// Runs only the steps with this name, without looking at their conditions.
    pub(crate) fn only(mut self, step: &'static str) -> Self {
        self.only = Some(step);
        self
    }

    /// Runs a workflow of the repository. Ends at the first step that fails, which is the last one returned.
    #[track_caller]
    pub(crate) fn run(&self, workflow: &str) -> Vec<Ran> {
        let file = self.case.temporary("workflow");
        self.check_out(&file);
        let text = std::fs::read_to_string(file.join(format!(".github/workflows/{workflow}"))).unwrap();
        self.run_text(&file, &text)
    }

    fn run_text(&self, checkout: &Path, text: &str) -> Vec<Ran> {
        let workflow: Value = yaml_serde::from_str(text).unwrap();
        let mut ran = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        let jobs = workflow["jobs"].as_mapping().unwrap();
        let shell = workflow["defaults"]["run"]["shell"].as_str().map(str::to_owned);
        while done.len() < jobs.len() {
            let ready = jobs.iter().find(|(name, job)| {
                let needs = texts(&job["needs"]);
                !done.contains(&name.as_str().unwrap())
                    && needs.iter().all(|need| done.contains(&need.as_str()))
            });
            let (name, job) = ready.expect("jobs need each other in a circle");
            let name = name.as_str().unwrap();
            done.push(name);
            if let Some(called) = job["uses"].as_str() {
                let called = called.strip_prefix("./").expect("a workflow of this repository");
                let text = std::fs::read_to_string(checkout.join(called)).unwrap();
                let called: Value = yaml_serde::from_str(&text).unwrap();
                assert!(called["on"].as_mapping().unwrap().contains_key("workflow_call"), "it can be called");
                ran.extend(self.run_text(checkout, &text));
                if failed(&ran) {
                    return ran;
                }
                continue;
            }
            for matrix in self.matrix_of(job) {
                self.run_job(name, job, matrix, shell.clone(), &mut ran);
                if failed(&ran) {
                    return ran;
                }
            }
        }
        ran
    }

    /// The entries of a matrix that this machine can run.
    fn matrix_of(&self, job: &Value) -> Vec<BTreeMap<String, String>> {
        let include = &job["strategy"]["matrix"]["include"];
        if include.is_null() {
            assert!(job["strategy"].is_null(), "only a matrix of `include` is known");
            return vec![BTreeMap::new()];
        }
        let entries = include.as_sequence().unwrap().iter().map(|entry| {
            let entry = entry.as_mapping().unwrap().iter();
            entry.map(|(key, value)| (key.as_str().unwrap().to_owned(), scalar(value))).collect()
        });
        entries.collect()
    }

    fn run_job(
        &self,
        name: &str,
        job: &Value,
        matrix: BTreeMap<String, String>,
        shell: Option<String>,
        ran: &mut Vec<Ran>,
    ) {
        let number = self.jobs.replace_with(|number| *number + 1);
        let mut state = Job {
            name,
            workspace: self.case.temporary(&format!("runner/{number}/work")),
            temporary: self.case.temporary(&format!("runner/{number}/temp")),
            environment: BTreeMap::new(),
            outputs: BTreeMap::new(),
            matrix,
            shell,
        };
        for step in job["steps"].as_sequence().unwrap() {
            let skipped = match (self.only, step["if"].as_str()) {
                (Some(only), _) => !step["run"].is_null() && step["name"].as_str() != Some(only),
                (None, Some(condition)) => !self.holds(condition, &state),
                (None, None) => false,
            };
            if skipped {
                if let Some(id) = step["id"].as_str() {
                    state.outputs.entry(id.to_owned()).or_default();
                }
                continue;
            }
            match (step["uses"].as_str(), step["run"].as_str()) {
                (Some(action), None) => self.use_action(action, &step["with"], &state),
                (None, Some(script)) => {
                    ran.push(self.run_script(step, script, &mut state));
                    if failed(ran) {
                        return;
                    }
                }
                _ => panic!("a step either runs or uses something: {step:?}"),
            }
        }
    }

    fn use_action(&self, action: &str, with: &Value, job: &Job<'_>) {
        let with = |key: &str| self.evaluated(&scalar(&with[key]), job);
        match action {
            "actions/checkout@v5" => {
                assert_eq!(with("persist-credentials"), "false", "the token must not stay in the checkout");
                self.check_out(&job.workspace);
            }
            "actions/setup-go@v6" => assert_eq!(with("go-version"), "stable"),
            "actions/upload-artifact@v6" => {
                assert_eq!(with("if-no-files-found"), "error");
                let to = self.artifacts.join(with("name"));
                copy(&job.workspace.join(with("path")), &to);
            }
            "actions/download-artifact@v7" => {
                copy(&self.artifacts, &job.workspace.join(with("path")));
            }
            other => panic!("`{other}` is not an action that this test knows"),
        }
    }

    fn run_script(&self, step: &Value, script: &str, job: &mut Job<'_>) -> Ran {
        assert!(!script.contains("${{"), "a script must not contain an expression:\n{script}");
        let file = |name: &str| {
            let path = job.temporary.join(name);
            std::fs::write(&path, "").unwrap();
            path
        };
        let (output, environment, summary) = (file("output"), file("env"), file("summary"));
        let path = job.temporary.join("script.sh");
        std::fs::write(&path, script).unwrap();
        // GitHub's command lines for the default shell and for `shell: bash`.
        let shell: &[&str] = match step["shell"].as_str().or(job.shell.as_deref()) {
            None => &["-e"],
            Some("bash") => &["--noprofile", "--norc", "-eo", "pipefail"],
            Some(other) => panic!("`{other}` is not a shell that this test knows"),
        };
        let path_of_machine = std::env::var_os("PATH").unwrap();
        let paths = self.path.iter().cloned().chain(std::env::split_paths(&path_of_machine));
        let mut command = self.case.program("bash").args(shell).arg(&path).folder(&job.workspace);
        for (name, value) in [
            ("PATH", std::env::join_paths(paths).unwrap()),
            ("CI", "true".into()),
            ("GITHUB_ACTIONS", "true".into()),
            ("GITHUB_ACTOR", "jane".into()),
            ("GITHUB_ENV", environment.clone().into()),
            ("GITHUB_OUTPUT", output.clone().into()),
            ("GITHUB_STEP_SUMMARY", summary.into()),
            ("GITHUB_REF", format!("refs/tags/{}", self.reference).into()),
            ("GITHUB_REF_NAME", self.reference.into()),
            ("GITHUB_REF_TYPE", "tag".into()),
            ("GITHUB_REPOSITORY", self.repository.into()),
            ("GITHUB_SERVER_URL", "https://github.com".into()),
            ("GITHUB_WORKSPACE", job.workspace.clone().into()),
            ("RUNNER_OS", "Linux".into()),
            ("RUNNER_TEMP", job.temporary.clone().into()),
        ] {
            command = command.env(name, value);
        }
        for (name, value) in &self.environment {
            command = command.env(name, value);
        }
        for (name, value) in &job.environment {
            command = command.env(name, value);
        }
        for (name, value) in step["env"].as_mapping().into_iter().flatten() {
            command = command.env(name.as_str().unwrap(), self.evaluated(&scalar(value), job));
        }
        let run = command.run();
        job.environment.extend(assignments(&environment));
        if let Some(id) = step["id"].as_str() {
            job.outputs.insert(id.to_owned(), assignments(&output));
        }
        let name = step["name"].as_str().unwrap_or_else(|| script.lines().next().unwrap());
        Ran { job: job.name.to_owned(), step: name.to_owned(), run }
    }

    /// A fresh clone with the tag checked out, as the checkout action leaves it.
    fn check_out(&self, folder: &Path) {
        let _ = std::fs::remove_dir_all(folder);
        let url = format!("https://github.com/{}", self.repository);
        let clone = ["clone", "--quiet", "-c", "advice.detachedHead=false", "--branch", self.reference];
        self.case.program("git").args(clone).arg(&url).arg(folder).succeed();
    }

    /// `a == 'b'` or `a != 'b'`.
    fn holds(&self, condition: &str, job: &Job<'_>) -> bool {
        let (left, right, equal) = match (condition.split_once(" == "), condition.split_once(" != ")) {
            (Some((left, right)), None) => (left, right, true),
            (None, Some((left, right))) => (left, right, false),
            _ => panic!("`{condition}` is not a condition that this test knows"),
        };
        let right = right.strip_prefix('\'').and_then(|right| right.strip_suffix('\'')).unwrap();
        (self.value(left, job) == right) == equal
    }

    /// The string with its expressions replaced.
    fn evaluated(&self, text: &str, job: &Job<'_>) -> String {
        let mut parts = text.split("${{");
        let mut result = parts.next().unwrap().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").unwrap();
            result.push_str(&self.value(expression.trim(), job));
            result.push_str(rest);
        }
        result
    }

    fn value(&self, expression: &str, job: &Job<'_>) -> String {
        if let Some(value) = self.expressions.get(expression) {
            return value.clone();
        }
        let known = match expression.split('.').collect::<Vec<_>>().as_slice() {
            // A missing output is empty; a step that has not run yet is a mistake.
            ["steps", id, "outputs", name] => {
                job.outputs.get(*id).map(|outputs| outputs.get(*name).cloned().unwrap_or_default())
            }
            ["matrix", name] => job.matrix.get(*name).cloned(),
            _ => None,
        };
        known.unwrap_or_else(|| panic!("`{expression}` is not an expression that this test knows"))
    }
}

/// A stub of `curl` that downloads archives of this tool from the folder `archives` in the case's home. It fails like
/// `curl --fail` if the archive is missing.
pub(crate) fn stub_curl(case: &Case) {
    case.stub("curl", CURL);
}

const CURL: &str = r#"[ "$1 $2 $3 $4 $5 $6 $7 $8" = "--fail --silent --show-error --location --proto =https --retry 3" ] || exit 3
[ "$9" = --output ] || exit 3
shift 9
case $2 in
  https://github.com/kubewarden/cargo-kw-wasi/releases/latest/download/*) ;;
  *) echo "curl: $2" >&2; exit 3 ;;
esac
cp "$HOME/archives/${2##*/}" "$1" 2>/dev/null || { echo "curl: (22) The requested URL returned error: 404" >&2; exit 22; }
"#;

/// A stub of `gh` that keeps each release in a folder of the case's home. It knows only the flags that workflows use.
pub(crate) fn stub_gh(case: &Case) {
    case.stub("gh", GH);
}

const GH: &str = r#"[ "$GH_TOKEN" = the-token ] || { echo "gh: who are you?" >&2; exit 4; }
command="$1 $2"; shift 2
echo "gh $command $*" >> "$HOME/called"
[ "$command" = "auth setup-git" ] && exit
tag=$1; shift
folder=$HOME/gh/$tag
clobber=; verified=
while [ $# -gt 0 ]; do
  case $1 in
    --repo) [ "$2" = "$GITHUB_REPOSITORY" ] || exit 3; shift 2 ;;
    --title | --notes) shift 2 ;;
    --notes-file) cp "$2" "$HOME/notes.md" || exit 3; shift 2 ;;
    --prerelease=true | --prerelease=false | --generate-notes) shift ;;
    --clobber) clobber=1; shift ;;
    --verify-tag) verified=1; shift ;;
    -*) echo "gh: $1" >&2; exit 3 ;;
    *) break ;;
  esac
done
case $command in
  "release view") [ -d "$folder" ] || { echo "release not found" >&2; exit 1; } ;;
  "release create") [ -n "$verified" ] && mkdir -p "$HOME/gh" && mkdir "$folder" && cp -- "$@" "$folder" ;;
  "release upload") [ -n "$clobber" ] && [ -d "$folder" ] && cp -- "$@" "$folder" ;;
  *) exit 3 ;;
esac
"#;

fn failed(ran: &[Ran]) -> bool {
    ran.last().is_some_and(|ran| ran.run.code != Some(0))
}

/// Asserts that every step succeeded; returns the steps.
#[track_caller]
pub(crate) fn succeeded(ran: Vec<Ran>) -> Vec<Ran> {
    if failed(&ran) {
        let Ran { job, step, run } = ran.last().unwrap();
        panic!("job `{job}`, step `{step}`: {:?}\n{}\n{}", run.code, run.stdout, run.stderr);
    }
    ran
}

/// Asserts that the step with this name failed; returns its output.
#[track_caller]
pub(crate) fn failed_at(ran: Vec<Ran>, step: &str) -> Run {
    let last = ran.into_iter().next_back().unwrap();
    assert_eq!(last.step, step, "{}\n{}", last.run.stdout, last.run.stderr);
    assert_ne!(last.run.code, Some(0), "{}\n{}", last.run.stdout, last.run.stderr);
    last.run
}

/// The output of the step with this name.
#[track_caller]
pub(crate) fn step(ran: &[Ran], step: &str) -> Run {
    let names: Vec<_> = ran.iter().map(|ran| ran.step.as_str()).collect();
    let found = ran.iter().rev().find(|ran| ran.step == step);
    found.unwrap_or_else(|| panic!("`{step}` did not run, only {names:?}")).run.clone()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Sequence(items) => items.iter().map(scalar).collect(),
        one => vec![scalar(one)],
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        other => panic!("{other:?} is not a single value"),
    }
}

/// Lines of `name=value`.
fn assignments(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap();
    let line = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("`{line}` is not an assignment"));
        (name.to_owned(), value.to_owned())
    };
    text.lines().map(line).collect()
}

/// Copies a file or the content of a folder. Like artifacts, copies are not executable.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    if from.is_file() {
        std::fs::write(to.join(from.file_name().unwrap()), std::fs::read(from).unwrap()).unwrap();
        return;
    }
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => copy(&path, &to.join(path.file_name().unwrap())),
            false => copy(&path, to),
        }
    }
}
