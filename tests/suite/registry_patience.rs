//! How long `push` waits for a silent registry and for a slow one.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::Result;
use cargo_kw_wasi::registry::artifact::Artifact;
use cargo_kw_wasi::registry::{Connection, Patience, Pushed, TagPolicy, push};
use cargo_kw_wasi::shell::Shell;

use crate::support::bad_registry::{BadRegistry, Reply, Request};

/// Pushes a module of this size, and gives up after this silence.
fn push_with_patience(host: &str, bytes: usize, silence: Duration) -> Result<Pushed> {
    let reference = format!("{host}/demo:v1").parse().unwrap();
    let patience = Patience { silence, ..Patience::default() };
    let connection = Connection { plain_http: true, patience, ..Connection::default() };
    let shell = Shell::default().quieter();
    push(&reference, connection, &Artifact::new(vec![7; bytes], None), TagPolicy::Keep, &shell)
}

#[test]
fn a_registry_that_never_answers_is_given_up() {
    // The system accepts the connection, but no one answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let start = Instant::now();
    let error = push_with_patience(&host, 10, Duration::from_millis(300)).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!("could not connect to the registry of `{host}/demo:v1`: the registry does not answer")
    );
    assert!(start.elapsed() < Duration::from_secs(10), "there is no second attempt");
}

#[test]
fn an_upload_that_stalls_is_given_up() {
    let pauses = |request: &Request| {
        let pause = Duration::from_secs(4);
        request.is("PUT", "/uploads/").then_some(Reply::Slowly { pieces: 2, pause })
    };
    let registry = BadRegistry::start(pauses);
    let error = push_with_patience(&registry.host, 32 << 20, Duration::from_secs(1)).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!("could not upload the module to `{}/demo:v1`: the registry does not answer", registry.host)
    );
}

#[test]
fn a_slow_upload_is_not_given_up() {
    let silence = Duration::from_secs(2);
    let slow = |request: &Request| {
        let pause = Duration::from_millis(100);
        request.is("PUT", "/uploads/").then_some(Reply::Slowly { pieces: 32, pause })
    };
    let registry = BadRegistry::start(slow);
    let start = Instant::now();
    let pushed = push_with_patience(&registry.host, 64 << 20, silence).unwrap();
    assert_eq!(pushed, Pushed::Now);
    assert!(start.elapsed() > silence);
}
