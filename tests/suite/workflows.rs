//! The workflows that `new` writes: `actionlint` accepts them, and their steps test and release a generated project with the
//! real tool and a real registry. `rustup`, `docker login`, `gh` and the installation of the tool are replaced by stubs.
//!
//! The steps need the shell and the tools of GitHub's Linux machines.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::workflow::{Runner, failed_at, step, stub_curl, stub_gh, succeeded};
use crate::support::{self, Case, TOOL, cargo_home, shared_target_folder};

const REPOSITORY: &str = "acme/demo";
const FILES: [&str; 4] = ["SHA256SUMS", "artifacthub-pkg.yml", "policy.wasm", "policy.yml"];

/// A project with a repository on GitHub.
struct Project {
    case: Case,
}

impl Project {
    /// A new project, built and committed.
    fn new(args: &str) -> Self {
        let case = Case::empty();
        case.kw_wasi(&format!("new . --name demo --defaults -q {args}")).succeed();
        machine(&case);
        let project = Self { case };
        let bare = project.case.temporary("github/acme/demo");
        project.git(&["init", "--quiet", "--bare", bare.to_str().unwrap()]);
        project.commit();
        project
    }

    /// Builds, so that generated files are up to date, and commits everything.
    fn commit(&self) -> &Self {
        self.case
            .kw_wasi("build -q")
            .env("CARGO_TARGET_DIR", target().join("locally"))
            .env("RUSTUP_TOOLCHAIN", support::wasm_toolchain())
            .run();
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", "work"]);
        self
    }

    /// Tags the last commit and pushes the tag.
    fn tag(&self, tag: &str) -> &Self {
        self.git(&["tag", tag]);
        self.git(&["push", "--quiet", "https://github.com/acme/demo", tag]);
        self
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        let github = self.case.temporary("github");
        let rewrite = format!("url.file://{}/.insteadOf=https://github.com/", github.display());
        self.case.program("git").args(["-c", &rewrite]).args(args).succeed().stdout
    }

    fn runner(&self, tag: &'static str) -> Runner<'_> {
        Runner::for_tag(&self.case, REPOSITORY, tag)
            .on_path(self.case.temporary("cargo-home/bin"))
            .env("CARGO_HOME", self.case.temporary("cargo-home"))
            .env("CARGO_TARGET_DIR", target())
            .expression("secrets.REGISTRY_USER", "")
            .expression("secrets.REGISTRY_PASSWORD", "")
    }

    /// The same, with access to a registry.
    fn runner_with(&self, tag: &'static str, registry: &Registry) -> Runner<'_> {
        self.runner(tag)
            .env("SSL_CERT_FILE", &registry.authorities)
            .expression("secrets.REGISTRY_USER", "jane")
            .expression("secrets.REGISTRY_PASSWORD", "s3cret")
    }

    /// The path of a file of a release.
    fn asset(&self, tag: &str, file: &str) -> PathBuf {
        self.case.home().join("gh").join(tag).join(file)
    }

    #[track_caller]
    fn asset_text(&self, tag: &str, file: &str) -> String {
        std::fs::read_to_string(self.asset(tag, file)).unwrap()
    }

    #[track_caller]
    fn assert_assets(&self, tag: &str, files: &[&str]) {
        assert_eq!(support::files_below(&self.asset(tag, "")), files);
        let check = self.case.program("sha256sum").args(["--check", "--strict", "SHA256SUMS"]);
        let checked = check.folder(self.asset(tag, "")).succeed();
        assert_eq!(checked.stdout.lines().count(), files.len() - 1, "{}", checked.stdout);
        let wasm = std::fs::read(self.asset(tag, "policy.wasm")).unwrap();
        assert_eq!(cargo_kw_wasi::module::read_metadata(&wasm).unwrap().len(), 1, "it is annotated");
    }

    /// The calls of stubs since the last time.
    fn called(&self) -> String {
        let path = self.case.home().join("called");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        text
    }
}

fn target() -> PathBuf {
    shared_target_folder("generated")
}

/// Stubs for the programs of GitHub's machines.
fn machine(case: &Case) {
    // Downloaded crates are shared, installed programs are not.
    let home = case.temporary("cargo-home");
    case.temporary("cargo-home/bin");
    for entry in std::fs::read_dir(cargo_home()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "bin" {
            std::os::unix::fs::symlink(entry.path(), home.join(entry.file_name())).unwrap();
        }
    }
    // The toolchain with the target may lack clippy, so each command gets the toolchain that it needs.
    let cargo = on_path("cargo");
    case.stub(
        "cargo",
        &format!(
            r#"case $1 in
  kw-wasi) export RUSTUP_TOOLCHAIN={wasm} ;;
  install)
    [ "$*" = "install --locked cargo-kw-wasi" ] || exit 3
    echo "cargo $*" >> "$HOME/called"
    cp '{TOOL}' "$CARGO_HOME/bin/cargo-kw-wasi"
    exit ;;
  *) export RUSTUP_TOOLCHAIN={native} ;;
esac
exec '{cargo}' "$@"
"#,
            wasm = support::wasm_toolchain(),
            native = support::native_toolchain(),
            cargo = cargo.display(),
        ),
    );
    case.stub(
        "rustup",
        r#"echo "rustup $*" >> "$HOME/called"
case "$*" in
  "toolchain install stable --profile minimal --component clippy,rustfmt --target wasm32-wasip1") ;;
  "default stable") ;;
  *) echo "rustup: $*" >&2; exit 3 ;;
esac
"#,
    );
    // No archive of the tool is available here; the tests in `release` install one.
    stub_curl(case);
    case.stub(
        "docker",
        r#"[ "$1" = login ] && [ "$3" = --username ] && [ "$5" = --password-stdin ] && [ $# = 5 ] || exit 3
read -r password
echo "docker login $2 as $4 with $password" >> "$HOME/called"
mkdir -p "$HOME/.docker"
printf '{"auths": {"%s": {"auth": "%s"}}}' "$2" "$(printf '%s:%s' "$4" "$password" | base64)" > "$HOME/.docker/config.json"
"#,
    );
    stub_gh(case);
}

fn on_path(program: &str) -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|path| path.is_file()).unwrap()
}

/// Debian's `docker-registry`, with TLS and a password, on a free port.
struct Registry {
    process: Child,
    host: String,
    /// The certificate authorities of the machine and the one of this registry.
    authorities: PathBuf,
    _folder: tempfile::TempDir,
}

impl Registry {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |file: &str| folder.path().join(file);
        let names = vec!["localhost".to_owned()];
        let (authority, issuer) = authority();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        std::fs::write(path("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        let trusted =
            std::env::var_os("SSL_CERT_FILE").unwrap_or("/etc/ssl/certs/ca-certificates.crt".into());
        let trusted = std::fs::read_to_string(trusted).unwrap_or_default();
        std::fs::write(path("authorities.pem"), trusted + &authority.pem()).unwrap();
        // `s3cret`.
        std::fs::write(
            path("htpasswd"),
            "jane:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n",
        )
        .unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {root}/data}}}}\n\
             auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}\n\
             http: {{addr: '127.0.0.1:{port}', tls: {{certificate: {root}/certificate.pem, key: {root}/key.pem}}}}\n",
            root = folder.path().display()
        );
        std::fs::write(path("config.yml"), configuration).unwrap();
        let mut process = Command::new("docker-registry")
            .args(["serve", path("config.yml").to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry is missing: `make setup` installs it");
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if started.elapsed() > Duration::from_secs(20) || process.try_wait().unwrap().is_some() {
                let _ = process.kill();
                let lines = BufReader::new(process.stderr.take().unwrap()).lines();
                panic!("the registry does not start: {:?}", lines.take(20).collect::<Vec<_>>());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let host = format!("localhost:{port}");
        Self { process, host, authorities: path("authorities.pem"), _folder: folder }
    }

    /// The digest of a tag of `demo` in the registry, as `curl` gets it.
    #[track_caller]
    fn digest(&self, case: &Case, tag: &str) -> String {
        let url = format!("https://{}/v2/policies/demo/manifests/{tag}", self.host);
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
        let curl =
            case.program(on_path("curl")).args(["-fsSI", "--user", "jane:s3cret", "-H", accept, "--cacert"]);
        let headers = curl.arg(&self.authorities).arg(url).succeed().stdout.to_lowercase();
        let digest = headers.lines().find_map(|line| line.strip_prefix("docker-content-digest: "));
        digest.unwrap_or_else(|| panic!("{headers}")).trim().to_owned()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn authority() -> (rcgen::Certificate, rcgen::Issuer<'static, rcgen::KeyPair>) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages.push(rcgen::KeyUsagePurpose::KeyCertSign);
    // With the same name as the certificate that it signs, it would look like a self-signed one.
    params.distinguished_name.push(rcgen::DnType::CommonName, "test authority");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate, rcgen::Issuer::new(params, key))
}

/// The workflows of generated projects and of this repository.
#[test]
fn actionlint_accepts_all_workflows() {
    let case = Case::empty();
    for lang in ["rust", "go"] {
        case.kw_wasi(&format!("new {lang} --lang {lang} --defaults -q")).succeed();
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    for folder in [case.path("rust"), case.path("go"), ours] {
        let workflows: Vec<_> = std::fs::read_dir(folder.join(".github/workflows")).unwrap().collect();
        assert_eq!(workflows.len(), 2, "test and release");
        let lint = case.program(support::actionlint()).args(["-verbose", "-shellcheck"]);
        let lint = lint.arg(on_path("shellcheck")).folder(folder).succeed();
        lint.stdout_eq("")
            .stderr_has("Found 0 errors in 2 files")
            .stderr_lacks("\"shellcheck\" was disabled");
    }
}

/// The workflows of both languages differ only in how the toolchain is installed.
#[test]
fn workflows_of_both_languages_differ_in_the_toolchain_only() {
    let case = Case::empty();
    for lang in ["rust", "go"] {
        case.kw_wasi(&format!("new {lang} --lang {lang} --defaults -q")).succeed();
    }
    let without_toolchain = |lang: &str| {
        let text = case.read(&format!("{lang}/.github/workflows/release.yml"));
        let steps: Vec<_> = text.split("\n      - ").map(str::to_owned).collect();
        let is_toolchain = |step: &&String| {
            step.starts_with("name: Install Rust\n") || step.starts_with("uses: actions/setup-go@v6\n")
        };
        assert_eq!(steps.iter().filter(is_toolchain).count(), 1);
        steps.into_iter().filter(|step| !is_toolchain(&step)).collect::<Vec<_>>()
    };
    assert_eq!(without_toolchain("rust"), without_toolchain("go"));
    let mut installations = Vec::new();
    for file in [
        "rust/.github/workflows/test.yml",
        "go/.github/workflows/test.yml",
        "go/.github/workflows/release.yml",
    ] {
        let text = case.read(file);
        let (_, rest) = text.split_once("      - name: Install cargo kw-wasi\n").unwrap();
        installations.push(rest.split("\n      - ").next().unwrap().to_owned());
    }
    installations.dedup();
    assert_eq!(installations.len(), 1, "the tool is installed in one way: {installations:#?}");
    // An existing repository has its own workflows.
    case.write("rust/inner/keep", "");
    case.kw_wasi("new rust/inner/demo --lang go --defaults -q").succeed();
    assert!(!case.exists("rust/inner/demo/.github"));
    assert!(!case.read("rust/inner/demo/README.md").contains("## Releases"));
    assert!(case.read("rust/README.md").contains("## Releases"));
}

#[test]
fn a_tag_releases_a_policy_in_rust() {
    let registry = Registry::start();
    let project = Project::new(&format!(
        "--registry {}/policies --repository https://github.com/acme/demo",
        registry.host
    ));
    project.tag("v0.1.0");
    let runner = project.runner_with("v0.1.0", &registry);
    let ran = succeeded(runner.run("release.yml"));
    assert!(step(&ran, "cargo test --locked").stdout.contains("test result: ok. "));
    assert!(step(&ran, "cargo kw-wasi test --locked").stdout.contains("test result: ok. "));
    step(&ran, "Push").stderr_has("Pushed ");
    let called = project.called();
    assert!(called.starts_with("rustup toolchain install stable "), "{called}");
    assert!(called.contains(&format!("docker login {} as jane with s3cret\n", registry.host)), "{called}");
    assert!(!called.contains("the-token"), "the token of GitHub is for GitHub: {called}");
    assert!(called.contains(" --prerelease=false "), "{called}");

    // The registry, the release and the manifest agree.
    let digest = registry.digest(&project.case, "v0.1.0");
    let module = format!("{}/policies/demo@{digest}", registry.host);
    project.assert_assets("v0.1.0", &FILES);
    let manifest = project.asset_text("v0.1.0", "policy.yml");
    assert!(manifest.contains(&format!("module: registry://{module}\n")), "{manifest}");
    assert!(called.contains(&format!("--notes Module: `{module}` --generate-notes")), "{called}");
    let package = project.asset_text("v0.1.0", "artifacthub-pkg.yml");
    assert!(
        package.contains("url: https://github.com/acme/demo/releases/download/v0.1.0/policy.wasm\n"),
        "{package}"
    );
    assert!(project.asset("v0.1.0", "policy.wasm").is_file(), "the module is a file of the release");
    assert_eq!(
        project.git(&["ls-remote", "https://github.com/acme/demo", "artifacthub"]),
        "",
        "artifacthub-repo.yml has no ID yet"
    );

    // A second run gives the same result.
    let before: Vec<_> = FILES.map(|file| std::fs::read(project.asset("v0.1.0", file)).unwrap()).into();
    let ran = succeeded(runner.run("release.yml"));
    step(&ran, "Push").stderr_has("Fresh ");
    let after: Vec<_> = FILES.map(|file| std::fs::read(project.asset("v0.1.0", file)).unwrap()).into();
    assert!(before == after, "the same tag gives the same files");
    assert!(project.called().contains("gh release upload v0.1.0 --repo acme/demo --clobber ./SHA256SUMS "));
}

#[test]
fn a_tag_releases_a_policy_in_go_and_describes_it_to_artifact_hub() {
    let registry = Registry::start();
    let project = Project::new(&format!("--lang go --registry {}/policies", registry.host));
    project.case.edit(
        "artifacthub-repo.yml",
        "00000000-0000-0000-0000-000000000000",
        "5a9a3c1e-6c5e-4c8e-9d5b-0f6a51c5d9c7",
    );
    project.commit().tag("v0.1.0");
    let runner = project.runner_with("v0.1.0", &registry);
    succeeded(runner.run("release.yml"));
    project.assert_assets("v0.1.0", &FILES);
    let branch = |what: &str| project.git(&["--git-dir", "../github/acme/demo", "log", "--format=%s", what]);
    let file = |file: &str| {
        project.git(&["--git-dir", "../github/acme/demo", "show", &format!("artifacthub:{file}")])
    };
    assert_eq!(branch("artifacthub"), "Release v0.1.0\n");
    assert_eq!(file("artifacthub-pkg.yml"), project.asset_text("v0.1.0", "artifacthub-pkg.yml"));
    assert_eq!(file(""), "tree artifacthub:\n\nREADME.md\nartifacthub-pkg.yml\nartifacthub-repo.yml\n");

    // Without a change there is no commit.
    succeeded(runner.run("release.yml"));
    assert_eq!(branch("artifacthub"), "Release v0.1.0\n");

    // A pre-release is not published to Artifact Hub.
    project.case.edit("metadata.yml", "version: 0.1.0", "version: 0.2.0-rc.1");
    project.commit().tag("v0.2.0-rc.1");
    project.called();
    succeeded(project.runner_with("v0.2.0-rc.1", &registry).run("release.yml"));
    assert!(project.called().contains(" --prerelease=true "));
    assert_eq!(branch("artifacthub"), "Release v0.1.0\n");
    project.assert_assets("v0.2.0-rc.1", &FILES);

    project.case.edit("metadata.yml", "version: 0.2.0-rc.1", "version: 0.2.0");
    project.commit().tag("v0.2.0");
    succeeded(project.runner_with("v0.2.0", &registry).run("release.yml"));
    assert_eq!(branch("artifacthub"), "Release v0.2.0\nRelease v0.1.0\n");
    assert!(file("artifacthub-pkg.yml").contains("version: 0.2.0\n"));

    // Another policy with the same version is not published.
    project.case.edit("README.md", "# demo", "# demo, renamed");
    project.commit().git(&["tag", "--force", "v0.2.0"]);
    project.git(&["push", "--quiet", "--force", "https://github.com/acme/demo", "v0.2.0"]);
    let before = std::fs::read(project.asset("v0.2.0", "policy.wasm")).unwrap();
    let failed = failed_at(project.runner_with("v0.2.0", &registry).run("release.yml"), "Push");
    failed.stderr_has("the tag exists with other content");
    assert!(std::fs::read(project.asset("v0.2.0", "policy.wasm")).unwrap() == before);
}

#[test]
fn a_tag_that_is_not_the_version_releases_nothing() {
    let project = Project::new("--lang go --registry localhost:1/policies");
    project.tag("v0.1.1");
    let failed = failed_at(
        project.runner("v0.1.1").run("release.yml"),
        "Compare the tag with the version of the policy",
    );
    assert_eq!(
        failed.stdout,
        "::error::The tag is v0.1.1, but the version of the policy is 0.1.0. Change one of them.\n"
    );
    let called = project.called();
    assert!(!called.contains("docker") && !called.contains("gh "), "{called}");
}

#[test]
fn without_a_registry_the_release_has_the_module_itself() {
    let project = Project::new("--lang go");
    project.tag("v0.1.0");
    let ran = succeeded(project.runner("v0.1.0").run("release.yml"));
    let stdout = step(&ran, "Compare the tag with the version of the policy").stdout;
    assert!(stdout.starts_with("::warning::The metadata has no registry"), "{stdout}");
    project.assert_assets("v0.1.0", &["SHA256SUMS", "policy.wasm", "policy.yml"]);
    let manifest = project.asset_text("v0.1.0", "policy.yml");
    let module = "module: https://github.com/acme/demo/releases/download/v0.1.0/policy.wasm\n";
    assert!(manifest.contains(module), "{manifest}");
    let called = project.called();
    assert!(!called.contains("docker"), "{called}");
    assert!(called.contains("--notes  --generate-notes"), "{called}");
}

/// Each registry gets its own password.
#[test]
fn ghcr_gets_the_token_of_the_workflow_and_others_their_own_password() {
    let project = Project::new("--lang go --registry ghcr.io/acme");
    project.tag("v0.1.0");
    let log_in = |registry: &str, user: &str| {
        let runner = project
            .runner("v0.1.0")
            .only("Log in to the registry")
            .expression("steps.policy.outputs.registry", registry)
            .expression("secrets.REGISTRY_USER", user)
            .expression("secrets.REGISTRY_PASSWORD", "s3cret");
        let ran = succeeded(runner.run("release.yml"));
        step(&ran, "Log in to the registry").stdout + &project.called()
    };
    assert_eq!(log_in("ghcr.io", ""), "docker login ghcr.io as jane with the-token\n");
    assert_eq!(log_in("ghcr.io", "other"), "docker login ghcr.io as jane with the-token\n");
    assert_eq!(log_in("quay.io", "other"), "docker login quay.io as other with s3cret\n");
    assert_eq!(
        log_in("quay.io", ""),
        "::notice::Not logged in to quay.io: the secret REGISTRY_USER is missing.\n"
    );
}
