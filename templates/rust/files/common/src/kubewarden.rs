//! The protocol between Kubewarden and the policy.
//!
//! There is no need to edit it: the decision is in `policy.rs`, the settings are in `settings.rs`.

// This is the whole protocol; a policy uses what it needs.
#![allow(dead_code)]

use std::env;
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Runs the subcommand on the command line with the JSON from standard input.
///
/// `validate` decides on a request. `check` returns an error if the settings are not valid.
/// Kubewarden checks settings when a policy is deployed, long before the first request.
pub fn run<R, S, O>(
    validate: fn(R, &S) -> Response<O>,
    check: fn(&S) -> Result<(), String>,
) -> ExitCode
where
    R: DeserializeOwned,
    S: DeserializeOwned + Default,
    O: Serialize,
{
    let mut arguments = env::args_os().skip(1);
    let answered = match (arguments.next(), arguments.next()) {
        (Some(verb), None) if verb == "validate" => answer_request(validate),
        (Some(verb), None) if verb == "validate-settings" => answer_settings(check),
        _ => {
            complain("usage: policy.wasm validate|validate-settings");
            return ExitCode::from(2);
        }
    };
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the policy could not answer: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The decision of the policy. `O` is the type of the object that a mutating policy returns.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Response<O = ()> {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutated_object: Option<O>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    audit_annotations: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl<O: Default> Response<O> {
    /// Accepts the request as it is.
    pub fn accept() -> Self {
        Self {
            accepted: true,
            ..Self::default()
        }
    }

    /// Accepts the request with `object` in place of its own. Whatever `object` lacks is removed.
    pub fn mutate(object: O) -> Self {
        Self {
            mutated_object: Some(object),
            ..Self::accept()
        }
    }

    /// Rejects the request and tells the user why. `code` is an HTTP status, such as 403.
    pub fn reject(code: u16, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            message: Some(message.into()),
            ..Self::default()
        }
    }

    /// Shows `warning` to the user, whether or not the request is accepted.
    pub fn warn(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// Records `value` under `key` in the cluster's audit log.
    pub fn audit(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.audit_annotations.push((key.into(), value.into()));
        self
    }
}

fn as_map<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

/// Reads null as if the field were missing, for `#[serde(deserialize_with)]`.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
struct ValidationRequest<R, S> {
    request: R,
    settings: Option<S>,
}

fn answer_request<R, S, O>(validate: fn(R, &S) -> Response<O>) -> io::Result<()>
where
    R: DeserializeOwned,
    S: DeserializeOwned + Default,
    O: Serialize,
{
    let ValidationRequest { request, settings } = read_question()??;
    write_answer(&validate(request, &settings.unwrap_or_default()))
}

#[derive(Serialize)]
struct SettingsResponse {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn answer_settings<S>(check: fn(&S) -> Result<(), String>) -> io::Result<()>
where
    S: DeserializeOwned + Default,
{
    let checked = match read_question::<Option<S>>()? {
        Ok(settings) => check(&settings.unwrap_or_default()),
        Err(error) => Err(error.to_string()),
    };
    write_answer(&SettingsResponse {
        valid: checked.is_ok(),
        message: checked.err(),
    })
}

/// Reads the JSON on standard input.
///
/// Most of the time for an answer is spent on touching fresh memory, so input that fits into the
/// buffer of standard input is parsed in place. It is complete if it is valid JSON.
fn read_question<T: DeserializeOwned>() -> io::Result<serde_json::Result<T>> {
    let mut stdin = io::stdin().lock();
    let start = stdin.fill_buf()?;
    if start.ends_with(b"}") {
        match parse(start) {
            Err(error) if error.is_eof() => {}
            parsed => return Ok(parsed),
        }
    }
    let mut input = Vec::with_capacity(1 << 16);
    stdin.read_to_end(&mut input)?;
    Ok(parse(&input))
}

/// Parses JSON with `from_str`, as the rest of the policy does: `from_slice` would add a second copy
/// of the parser.
#[inline(never)]
fn parse<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let json = std::str::from_utf8(json).map_err(Error::custom)?;
    serde_json::from_str(json)
}

fn write_answer(answer: &impl Serialize) -> io::Result<()> {
    let mut json = serde_json::to_vec(answer)?;
    json.push(b'\n'); // flushes standard output, which is buffered by line
    io::stdout().write_all(&json)
}

/// Writes to standard error, which Kubewarden shows to the user when a policy fails.
fn complain(message: &str) {
    // `eprintln!` would panic if standard error is closed.
    let _ = io::stderr().write_all(format!("{message}\n").as_bytes());
}
