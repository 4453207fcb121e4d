use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::super::client::bad_registry::{self, BadRegistry, Reply};
use super::super::connection::Patience;
use super::*;

/// Pushes a module of so many bytes, with so much patience.
fn push_with_patience(host: &str, bytes: usize, silence: Duration) -> Result<Pushed> {
    let reference = format!("{host}/demo:v1").parse().unwrap();
    let patience = Patience { silence, ..Patience::default() };
    let connection = Connection { plain_http: true, patience, ..Connection::default() };
    let shell = Shell::default().quieter();
    push(&reference, connection, &Artifact::new(vec![7; bytes], None), TagPolicy::Keep, &shell)
}

#[test]
fn nobody_waits_for_a_registry_that_never_answers() {
    // The system takes the connection, and nobody else does.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let start = Instant::now();
    let error = push_with_patience(&host, 10, Duration::from_millis(300)).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!("could not connect to the registry of `{host}/demo:v1`: the registry does not answer")
    );
    assert!(start.elapsed() < Duration::from_secs(10), "it is not tried again");
}

#[test]
fn nobody_waits_for_an_upload_that_does_not_go_on() {
    let pauses = |request: &bad_registry::Request| {
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
fn an_upload_may_take_long_as_long_as_it_goes_on() {
    let silence = Duration::from_secs(2);
    let slow = |request: &bad_registry::Request| {
        let pause = Duration::from_millis(100);
        request.is("PUT", "/uploads/").then_some(Reply::Slowly { pieces: 32, pause })
    };
    let registry = BadRegistry::start(slow);
    let start = Instant::now();
    let pushed = push_with_patience(&registry.host, 64 << 20, silence).unwrap();
    assert_eq!(pushed, Pushed::Now);
    assert!(start.elapsed() > silence);
}
