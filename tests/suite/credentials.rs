//! Credentials for registries are those that Docker and podman find. Their own libraries are asked about the same files; what this
//! tool found is what arrives at a registry.

use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::json;

use crate::support::Case;
use crate::support::bad_registry::{Answer, BadRegistry, Request};

/// What proves who somebody is: user, password, identity token, registry token.
type Login = (Vec<u8>, Vec<u8>, String, String);

fn base64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn from_base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// A registry that wants a token, and the server that gives one to everybody.
struct Servers {
    registry: BadRegistry,
    tokens: BadRegistry,
}

impl Servers {
    fn start() -> Self {
        let tokens = BadRegistry::start(|_| Answer::status(200).body(r#"{"token":"t0ken"}"#).into());
        let challenge = format!("Bearer realm=\"http://{}/token\",service=\"a service\"", tokens.host);
        let registry = BadRegistry::start(move |request: &Request| match &request.authorization {
            None => Answer::status(401).header("WWW-Authenticate", &challenge).into(),
            Some(_) => None,
        });
        Self { registry, tokens }
    }

    /// What arrived at the servers.
    #[track_caller]
    fn login(&self) -> Login {
        let token = |identity: &str, registry: &str| {
            (Vec::new(), Vec::new(), identity.to_owned(), registry.to_owned())
        };
        let Some(request) = self.tokens.requests().pop() else {
            let bearer = self.registry.requests().pop().unwrap().authorization.unwrap();
            return token("", bearer.strip_prefix("Bearer ").unwrap());
        };
        if request.is("POST", "/token") {
            let form: std::collections::HashMap<_, _> =
                url::form_urlencoded::parse(&request.body).into_owned().collect();
            assert_eq!(form["grant_type"], "refresh_token");
            assert_eq!(form["service"], "a service");
            assert_eq!(form["scope"], "repository:team/app:pull");
            assert!(!form["client_id"].is_empty() && request.authorization.is_none());
            return token(&form["refresh_token"], "");
        }
        let Some(basic) = request.authorization else { return token("", "") };
        let pair = from_base64(basic.strip_prefix("Basic ").unwrap());
        let colon = pair.iter().position(|byte| *byte == b':').unwrap();
        (pair[..colon].to_owned(), pair[colon + 1..].to_owned(), String::new(), String::new())
    }
}

/// A question to the libraries of Docker and podman.
#[derive(serde::Serialize)]
struct Question {
    rules: &'static str,
    file: String,
    variable: String,
    name: String,
}

/// What they answer: one of several logins, or an error.
#[derive(Deserialize)]
struct Answers {
    logins: Option<Vec<TheirLogin>>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct TheirLogin {
    user: String,
    password: String,
    identity_token: String,
    registry_token: String,
}

#[track_caller]
fn ask_them(case: &Case, questions: &[Question]) -> Vec<Result<Vec<Login>, String>> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-programs/registry-credentials");
    let mut child = Command::new(program)
        .env("PATH", case.path_with_stubs())
        .env("HOME", case.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("`make setup` compiles {program}: {error}"));
    let lines: String =
        questions.iter().map(|question| serde_json::to_string(question).unwrap() + "\n").collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Answers>();
    let login = |login: TheirLogin| {
        let bytes = |text: &str| from_base64(text);
        (bytes(&login.user), bytes(&login.password), login.identity_token, login.registry_token)
    };
    answers
        .map(|answers| answers.unwrap())
        .map(|answers| match answers.error.as_str() {
            "" => Ok(answers.logins.unwrap_or_default().into_iter().map(login).collect()),
            error => Err(error.to_owned()),
        })
        .collect()
}

fn stub_helpers(case: &Case) {
    case.stub(
        "docker-credential-good",
        "echo '{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"s3cret\"}'\n",
    );
    case.stub("docker-credential-lower", "echo '{\"username\":\"u\",\"secret\":\"s3cret\"} more'\n");
    case.stub("docker-credential-token", "echo '{\"Username\":\"<token>\",\"Secret\":\"identity\"}'\n");
    case.stub("docker-credential-none", "echo 'credentials not found in native keychain'\nexit 1\n");
    case.stub("docker-credential-empty", "echo '{}'\n");
    case.stub("docker-credential-bad", "echo 'the safe is locked'\nexit 1\n");
    case.stub("docker-credential-text", "echo hello\n");
    case.stub(
        "docker-credential-exact",
        "read host\ncase \"$host\" in */*|'') echo no; exit 1;; esac\necho '{\"Username\":\"u\",\"Secret\":\"s3cret\"}'\n",
    );
}

/// Files of Docker, in which `H` is the registry, and the value of `DOCKER_AUTH_CONFIG`.
fn docker_files() -> Vec<(String, &'static str)> {
    let entry = r#"{"auth":"dTpw"}"#;
    let other = r#"{"auth":"bzpv"}"#;
    let auth = |auth: String| format!(r#"{{"auths":{{"H":{{"auth":{}}}}}}}"#, json!(auth));
    let mut files = Vec::new();
    // Keys.
    for key in [
        "H",
        "H/",
        "H/v1/",
        "H/v2/",
        "H/team",
        "H/team/app",
        "H/other",
        "https://H",
        "https://H/",
        "http://H/v1/",
        "https://jane@H/",
        "https://H?a",
        "HTTPS://H",
        "//H",
        " H",
        "H ",
        "H:",
        "H.",
        "x/H",
        "ftp://H",
        "https:/H",
        "",
        "/",
        "https://",
        "Hx",
        "https://index.docker.io/v1/",
    ] {
        files.push((format!(r#"{{"auths":{{"{key}":{entry}}}}}"#), ""));
    }
    // Two entries for one host.
    for (one, two) in
        [("H", "H/"), ("https://H", "http://H"), ("H/team", "H/other"), ("H/v1/", "https://H/v2/")]
    {
        files.push((format!(r#"{{"auths":{{"{one}":{entry},"{two}":{other}}}}}"#), ""));
        files.push((format!(r#"{{"auths":{{"{one}":{{}},"{two}":{other}}}}}"#), ""));
    }
    // Values of `auth`.
    for value in [
        base64("u:p"),
        base64("u:p:q"),
        base64("u:"),
        base64(":p"),
        base64("u"),
        base64(":"),
        base64("u:p\0\0"),
        base64(b"u:\0p\0"),
        base64(b"\xfc:\xe4\xff"),
        base64("ü:ß"),
        base64("u:p") + "\n",
        "dTp\r\nw".to_owned(),
        String::new(),
        "%%%".to_owned(),
        "dTpw ".to_owned(),
        "dTpwcQ==".to_owned(),
        "dTpwcR==".to_owned(),
        "_-==".to_owned(),
        base64(format!("u:{}", "p".repeat(5000))),
    ] {
        files.push((auth(value), ""));
    }
    // Other fields, and their case.
    for fields in [
        r#""auth":"","username":"u","password":"p""#,
        r#""username":"u","password":"p""#,
        r#""username":"u""#,
        r#""password":"p""#,
        r#""auth":"bzpv","username":"u","password":"p""#,
        r#""Auth":"dTpw""#,
        r#""AUTH":"dTpw""#,
        r#""UserName":"u","passWord":"p""#,
        r#""auth":null"#,
        r#""auth":null,"username":"u","password":"p""#,
        r#""identitytoken":"identity""#,
        r#""IdentityToken":"identity""#,
        r#""auth":"dTpw","identitytoken":"identity""#,
        r#""registrytoken":"registry""#,
        r#""email":"a@example.com""#,
        r#""unknown":[1]"#,
        r#""auth":5"#,
        r#""auth":["dTpw"]"#,
        "",
    ] {
        files.push((format!(r#"{{"auths":{{"H":{{{fields}}}}}}}"#), ""));
    }
    // Whole files.
    for file in [
        "",
        " \n",
        "{}",
        "null",
        "[]",
        "{",
        "5",
        r#"{"auths":null}"#,
        r#"{"auths":[]}"#,
        r#"{"auths":{"H":null}}"#,
        r#"{"auths":{"H":"dTpw"}}"#,
        r#"{"Auths":{"H":{"auth":"dTpw"}}}"#,
        r#"{"auths":{"H":{"auth":"dTpw"}}} trailing"#,
        r#"{"auths":{"H":{"auth":"dTpw"}}}{"auths":{}}"#,
        r#"{"auths":{"H":{"auth":"dTpw"}},"unknown":{"a":1}}"#,
    ] {
        files.push((file.to_owned(), ""));
    }
    // Helpers.
    for helper in ["good", "lower", "token", "none", "empty", "bad", "text", "missing", "exact"] {
        files.push((format!(r#"{{"credHelpers":{{"H":"{helper}"}},"auths":{{"H":{entry}}}}}"#), ""));
        files.push((format!(r#"{{"credsStore":"{helper}"}}"#), ""));
    }
    for file in [
        r#"{"credHelpers":{"H":""},"credsStore":"good","auths":{"H":{"auth":"bzpv"}}}"#,
        r#"{"credHelpers":{"H":"none"},"credsStore":"good"}"#,
        r#"{"credHelpers":{"https://H":"good"}}"#,
        r#"{"credHelpers":{"H/":"good"}}"#,
        r#"{"credHelpers":{"other":"bad"},"credsStore":"good"}"#,
        r#"{"credsStore":"","auths":{"H":{"auth":"bzpv"}}}"#,
        r#"{"credsStore":null,"auths":{"H":{"auth":"bzpv"}}}"#,
        r#"{"credHelpers":null,"auths":{"H":{"auth":"bzpv"}}}"#,
        r#"{"CREDSSTORE":"good"}"#,
        r#"{"credHelpers":[]}"#,
    ] {
        files.push((file.to_owned(), ""));
    }
    // The variable.
    let file = r#"{"auths":{"H":{"auth":"bzpv"}}}"#;
    for variable in [
        r#"{"auths":{"H":{"auth":"dTpw"}}}"#,
        r#"{"auths":{"H/":{"auth":"dTpw"}}}"#,
        r#"{"auths":{"x":{"auth":"dTpw"}}}"#,
        r#"{"auths":{"H":{"username":"u","password":"p"}}}"#,
        r#"{"auths":{"H":{"auth":"dTpw","email":"x"}}}"#,
        r#"{"auths":{"H":{"auth":""}}}"#,
        r#"{"auths":{"H":{"auth":"dTpw"},"x":{}}}"#,
        r#"{"auths":{"H":{"auth":"%"}}}"#,
        r#"{"auths":{"H":{"auth":"dTpw"}},"credsStore":"good"}"#,
        "{}",
        "{",
        "[]",
        "null",
        r#"{"auths":{}} x"#,
        r#"{"Auths":{"H":{"Auth":"dTpw"}}}"#,
    ] {
        files.push((file.to_owned(), variable));
        files.push((r#"{"credsStore":"token"}"#.to_owned(), variable));
    }
    files
}

/// Runs `inspect` with a file, and returns what arrived at the registry; `None` if the credentials could not be read.
fn ours(
    case: &Case,
    servers: &Servers,
    path: &str,
    file: &str,
    variables: &[(&str, String)],
) -> Option<Login> {
    std::fs::write(case.home().join(path), file).unwrap();
    let invocation = case.kw_wasi(&format!("inspect --insecure {}/team/app:v1", servers.registry.host));
    let invocation = invocation.env("PATH", case.path_with_stubs());
    let run =
        variables.iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value)).run();
    let run = run.code(101).stdout_eq("").stderr_lacks("s3cret");
    (!run.stderr.contains("could not get the credentials")).then(|| servers.login())
}

/// Compares what arrived at a registry with what others find in the same files.
#[track_caller]
fn compare(files: Vec<(String, &'static str)>, rules: &'static str) {
    let case = Case::empty();
    stub_helpers(&case);
    let home = case.home().to_owned();
    let (mut questions, mut found) = (Vec::new(), Vec::new());
    for (file, variable) in &files {
        let servers = Servers::start();
        let host = &servers.registry.host;
        let placeholder = regex_lite::Regex::new(r"\bH\b").unwrap();
        let file = placeholder.replace_all(file, host).into_owned();
        let variable = placeholder.replace_all(variable, host).into_owned();
        let (path, mut variables) = match rules {
            "docker" => ("config.json", vec![("DOCKER_CONFIG", home.to_str().unwrap().to_owned())]),
            _ => (
                "auth.json",
                vec![("REGISTRY_AUTH_FILE", home.join("auth.json").to_str().unwrap().to_owned())],
            ),
        };
        variables.push(("DOCKER_AUTH_CONFIG", variable.clone()));
        found.push(ours(&case, &servers, path, &file, &variables));
        let name = if rules == "docker" { host.clone() } else { format!("{host}/team/app") };
        questions.push(Question { rules, file, variable, name });
    }
    let theirs = ask_them(&case, &questions);
    assert_eq!(theirs.len(), files.len());
    let mut wrong = Vec::new();
    for (((file, variable), ours), theirs) in files.iter().zip(found).zip(theirs) {
        let agrees = match (&ours, &theirs) {
            // Of several secrets the best one is sent.
            (Some(ours), Ok(theirs)) => theirs.iter().any(|theirs| sent(theirs) == *ours),
            (None, Err(_)) => true,
            _ => false,
        };
        if !agrees {
            wrong.push(format!("{file} {variable}\n  ours {ours:?}\n  theirs {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is sent of a login to a registry with a token server.
fn sent(login: &Login) -> Login {
    let (user, password, identity, registry) = login.clone();
    match (registry.is_empty(), identity.is_empty()) {
        (false, _) => (vec![], vec![], String::new(), registry),
        (true, false) => (vec![], vec![], identity, registry),
        (true, true) => (user, password, identity, registry),
    }
}

#[test]
fn credentials_are_those_that_docker_finds() {
    compare(docker_files(), "docker");
}

#[test]
fn credentials_in_podmans_file_are_those_that_podman_finds() {
    let entry = r#"{"auth":"dTpw"}"#;
    let other = r#"{"auth":"bzpv"}"#;
    let mut files = Vec::new();
    for key in [
        "H",
        "H/",
        "H/team",
        "H/team/",
        "H/team/app",
        "H/team/app:v1",
        "H/team/application",
        "H/tea",
        "H/other",
        "https://H",
        "http://H/v1/",
        "https://H/team",
        "H/v1/",
        "x",
    ] {
        files.push((format!(r#"{{"auths":{{"{key}":{entry}}}}}"#), ""));
        files.push((format!(r#"{{"auths":{{"{key}":{entry},"H":{other}}}}}"#), ""));
        files.push((format!(r#"{{"auths":{{"{key}":{{}},"H":{other}}}}}"#), ""));
    }
    for file in [
        "{}",
        "{",
        r#"{"auths":{"H":{}}}"#,
        r#"{"auths":{"H":{"auth":"dTpw","identitytoken":"identity"}}}"#,
        r#"{"auths":{"H/team":{"auth":"dTpw"}},"credHelpers":{"H":"good"}}"#,
        r#"{"credHelpers":{"H":"token"}}"#,
        r#"{"credHelpers":{"H":"none"},"auths":{"H":{"auth":"dTpw"}}}"#,
        r#"{"credHelpers":{"H":"bad"}}"#,
        r#"{"credHelpers":{"H/team":"good"}}"#,
        r#"{"credsStore":"good"}"#,
    ] {
        files.push((file.to_owned(), ""));
    }
    compare(files, "podman");
}

#[test]
fn credentials_are_found_wherever_docker_and_podman_keep_them() {
    let case = Case::empty();
    let servers = Servers::start();
    let host = servers.registry.host.clone();
    let write = |path: &str, user: &str| {
        let path = case.home().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(
            path,
            json!({ "auths": { &host: { "auth": base64(format!("{user}:p")) } } }).to_string(),
        )
        .unwrap();
    };
    let user = |variables: &[(&str, &str)]| {
        let invocation = case.kw_wasi(&format!("inspect --insecure -v {host}/team/app:v1"));
        let run =
            variables.iter().fold(invocation, |run, (name, path)| run.env(name, case.home().join(path)));
        run.run().code(101);
        String::from_utf8(servers.login().0).unwrap()
    };
    assert_eq!(user(&[]), "");
    write(".config/containers/auth.json", "config");
    assert_eq!(user(&[]), "config");
    write("xdg/containers/auth.json", "xdg");
    assert_eq!(user(&[("XDG_CONFIG_HOME", "xdg")]), "xdg");
    write("run/containers/auth.json", "run");
    assert_eq!(user(&[("XDG_RUNTIME_DIR", "run")]), "run");
    write(".docker/config.json", "docker");
    assert_eq!(user(&[("XDG_RUNTIME_DIR", "run")]), "docker");
    write("docker/config.json", "named");
    assert_eq!(user(&[("DOCKER_CONFIG", "docker")]), "named");
    write("podman.json", "podman");
    assert_eq!(user(&[("DOCKER_CONFIG", "docker"), ("REGISTRY_AUTH_FILE", "podman.json")]), "podman");
    assert_eq!(user(&[("REGISTRY_AUTH_FILE", "missing.json")]), "docker");
}
