//! A real registry: Debian's `docker-registry`, on a free port of this machine, with its storage in a folder of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The user of a registry with a password.
pub(crate) const USER: &str = "jane";
pub(crate) const PASSWORD: &str = "correct horse";
/// `jane:correct horse`, hashed with bcrypt.
const HTPASSWD: &str = "jane:$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n";

/// A registry that runs until it is dropped, or until this process ends.
pub(crate) struct Registry {
    /// `127.0.0.1:40000`
    pub(crate) host: String,
    folder: PathBuf,
    /// A shell that waits for the end of its stdin, and then stops the registry and removes the folder.
    keeper: Child,
}

/// What a registry requires of its users.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Password,
    Tls,
    /// With a certificate that is its own authority.
    SelfSigned,
    /// With TLS, but announces itself without.
    BehindProxy,
}

/// A registry without TLS and without authentication. Tests share it; each has its own repositories.
pub(crate) fn open() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::start(Kind::Open))
}

/// A registry without TLS for one user.
pub(crate) fn with_password() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::start(Kind::Password))
}

/// A registry with a certificate of an authority that no system trusts.
pub(crate) fn with_tls() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::start(Kind::Tls))
}

/// A registry with a self-signed certificate, made as Docker's documentation says: it is marked as that of an authority.
pub(crate) fn self_signed() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::start(Kind::SelfSigned))
}

/// A registry with TLS that announces its URLs without it, as behind a proxy that does not tell.
pub(crate) fn behind_proxy() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::start(Kind::BehindProxy))
}

impl Registry {
    fn start(kind: Kind) -> Self {
        // The port is free now, and may be taken a moment later.
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::try_start(kind) {
                Ok(registry) => return registry,
                Err(why) if attempts == 5 => panic!("docker-registry does not start: {why}"),
                Err(_) => {}
            }
        }
    }

    fn try_start(kind: Kind) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("kw-wasi-registry-").tempdir().unwrap().keep();
        let host = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage:\n  filesystem: {{rootdirectory: {folder}/store}}\n  maintenance: {{uploadpurging: {{enabled: false}}}}\n\
             http:\n  addr: {host}\n",
            folder = folder.display()
        );
        match kind {
            Kind::Open => {}
            Kind::Password => {
                let path = folder.join("htpasswd");
                std::fs::write(&path, HTPASSWD).unwrap();
                config += &format!("auth:\n  htpasswd: {{realm: test, path: {}}}\n", path.display());
            }
            Kind::Tls | Kind::SelfSigned | Kind::BehindProxy => {
                match kind {
                    Kind::SelfSigned => write_self_signed(&folder),
                    _ => write_certificates(&folder),
                }
                if kind == Kind::BehindProxy {
                    config += &format!("  host: http://{host}\n");
                }
                config += &format!(
                    "  tls: {{certificate: {0}/server.pem, key: {0}/server.key}}\n",
                    folder.display()
                );
            }
        }
        std::fs::write(folder.join("config.yml"), config).unwrap();
        let script = "cd \"$1\" || exit 1\n\
                      docker-registry serve config.yml > log 2>&1 &\n\
                      cat > /dev/null\n\
                      kill $! 2> /dev/null\n\
                      wait\n\
                      rm -r \"$1\"";
        let keeper = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self { host, folder, keeper };
        let start = Instant::now();
        while !registry.answers() {
            let log = std::fs::read_to_string(registry.folder.join("log")).unwrap_or_default();
            if start.elapsed() > Duration::from_secs(20) || log.contains("fatal") || log.contains("not found")
            {
                return Err(format!("{log} (`make setup` installs it)"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }

    /// Whether it accepts connections and answers: in HTTP, even if only to tell the client to use TLS.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.host) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n").is_ok()
            && stream.read(&mut [0; 16]).is_ok_and(|read| read > 0)
    }

    /// The certificate of the authority, for a registry with TLS.
    pub(crate) fn authority(&self, encoding: &str) -> PathBuf {
        self.folder.join(format!("authority.{encoding}"))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Writes a certificate authority, and a certificate for this machine that it signed.
fn write_certificates(folder: &Path) {
    let write = |name: &str, content: &[u8]| std::fs::write(folder.join(name), content).unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "test authority");
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&authority_key).unwrap();
    write("authority.pem", certificate.pem().as_bytes());
    write("authority.der", certificate.der());
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    write("server.pem", server.signed_by(&key, &issuer).unwrap().pem().as_bytes());
    write("server.key", key.serialize_pem().as_bytes());
}

/// Writes a self-signed certificate for this machine, as `openssl req -x509` does.
fn write_self_signed(folder: &Path) {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut server = rcgen::CertificateParams::new(names).unwrap();
    server.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = server.self_signed(&key).unwrap().pem();
    std::fs::write(folder.join("server.pem"), &certificate).unwrap();
    std::fs::write(folder.join("authority.pem"), certificate).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}
