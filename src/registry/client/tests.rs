use std::net::TcpListener;
use std::time::Instant;

use super::super::Patience;
use super::bad_registry::{BadRegistry, Reply};
use super::*;

/// Pushes a module of so many bytes, with so much patience.
fn push_with_patience(host: &str, bytes: usize, silence: Duration) -> Result<Pushed> {
    let reference = format!("{host}/demo:v1").parse().unwrap();
    let patience = Patience { silence, ..Patience::default() };
    let connection = Connection { plain_http: true, patience, ..Connection::default() };
    let shell = Shell::default().quieter();
    let operation = RegistryOperation::Push;
    Registry::open_as(Credentials::nobody(), &reference, connection, operation, &shell)?
        .push(&Artifact::new(vec![7; bytes], None), Overwrite::Refuse)
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
        format!("could not talk to the registry (`{host}/demo:v1`): the registry does not answer")
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
        format!("could not upload the module (`{}/demo:v1`): the registry does not answer", registry.host)
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

#[test]
fn digests_are_checked_by_their_algorithm() {
    let of_nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert!(check_digest(of_nothing, b"").is_ok());
    assert!(matches!(check_digest(of_nothing, b"x").unwrap_err().kind, Kind::Digest { .. }));
    let sha512 = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                  47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
    assert!(check_digest(sha512, b"").is_ok());
    for wrong in ["", "sha256", "md5:00", "sha256:../v2", "sha256:a?b"] {
        assert!(matches!(check_digest(wrong, b"").unwrap_err().kind, Kind::Nonsense(_)), "{wrong}");
    }
}
