//! A conversation with a registry: who we are to it, what we read from it, and how long we wait.
//!
//! Nothing that comes is longer or takes longer than we allow. What is stored goes through `oci-client`, which would send
//! a password wherever a registry tells it to, and panics at a token that is no text: it is handed what we have agreed on
//! with the registry, and asks nobody itself. Sources: OCI distribution specification 1.1; Docker's token authentication.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryTokenType;
use oci_client::{Client, RegistryOperation};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use tokio::time::Instant;

use super::connection::{Connection, Patience, is_loopback};
use super::credentials::Credentials;
use super::error::{RegistryError, RegistryErrorKind, innermost};
use crate::digest::Digest;
use crate::reference::Reference;
use crate::shell::Progress;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
/// What is read of an answer that says what went wrong.
const MAX_ERROR_BYTES: usize = 1 << 16;
/// Tokens are a few thousand bytes.
const MAX_TOKEN_BYTES: usize = 1 << 20;
/// What is sent between two looks at the progress.
const PIECE_BYTES: usize = 1 << 16;
/// Who sends less than this in a second does not want to come to an end.
const MIN_BYTES_PER_SECOND: usize = 16 << 10;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// How our requests say who we are.
#[derive(Clone)]
enum Pass {
    Nobody,
    Password(String, String),
    /// From the token server of the registry. It does not last.
    Token(String),
}

/// A registry that knows who we are.
pub(super) struct RegistrySession {
    /// For what is stored.
    oci: Client,
    oci_reference: oci_client::Reference,
    http: reqwest::Client,
    /// `https://host`
    base: String,
    repository: String,
    authorization: Option<HeaderValue>,
    patience: Patience,
    pass: Pass,
}

/// What came for a request that went well.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// When a piece was last sent.
#[derive(Clone)]
struct Pulse(Arc<Mutex<Instant>>);

impl Pulse {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn beat(&self) {
        *self.0.lock().expect("nobody panics with it") = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().expect("nobody panics with it")
    }
}

impl RegistrySession {
    /// Asks a registry how it wants to know who we are, and tells it.
    pub(super) async fn open(
        reference: &Reference,
        connection: &Connection,
        credentials: &Credentials,
        access: Access,
    ) -> Result<Self, RegistryError> {
        let host = reference.host();
        let scheme = if connection.plain_http { "http" } else { "https" };
        let oci_reference = reference.to_string().parse();
        let mut session = Self {
            oci_reference: oci_reference.map_err(|error| RegistryErrorKind::Setup(format!("{error}")))?,
            oci: oci_client(host, connection).map_err(|error| RegistryErrorKind::Setup(innermost(&error)))?,
            http: http_client(connection).map_err(|error| RegistryErrorKind::Setup(innermost(&error)))?,
            base: format!("{scheme}://{host}"),
            repository: reference.repository().to_owned(),
            authorization: None,
            patience: connection.patience,
            pass: Pass::Nobody,
        };
        let pass = session.agree(reference, connection, credentials, access).await?;
        session.authorization = match &pass {
            Pass::Nobody => None,
            Pass::Password(user, password) => Some(basic(user, password)?),
            Pass::Token(token) => Some(bearer(token)?),
        };
        session.hand_over(&pass).await;
        session.pass = pass;
        Ok(session)
    }

    /// What the registry must not make us print.
    pub(super) fn token(&self) -> Option<&str> {
        match &self.pass {
            Pass::Token(token) => Some(token),
            _ => None,
        }
    }

    async fn agree(
        &self,
        reference: &Reference,
        connection: &Connection,
        credentials: &Credentials,
        access: Access,
    ) -> Result<Pass, RegistryError> {
        let url = format!("{}/v2/", self.base);
        let answer = self.send(self.http.get(&url)).await?;
        let status = answer.status();
        let challenge = Challenge::of(answer.headers());
        let wanted = status == StatusCode::UNAUTHORIZED;
        match (challenge, credentials.user_and_password()) {
            (Some(Challenge::Token { realm, service }), who) => {
                let realm = checked_realm(&realm, reference.host(), connection)?;
                let actions = match access {
                    Access::Read => "pull",
                    Access::Write => "pull,push",
                };
                let scope = format!("repository:{}:{actions}", reference.repository());
                let server = realm[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
                let token = self.fetch_token(realm, service.as_deref(), &scope, who).await;
                Ok(Pass::Token(token.map_err(|error| error.at_token_server(server))?))
            }
            (Some(Challenge::Password), Some((user, password))) => {
                // A wrong password is found out before anything else.
                let request = self.http.get(&url).header(AUTHORIZATION, basic(user, password)?);
                self.accepted(self.send(request).await?).await?;
                Ok(Pass::Password(user.to_owned(), password.to_owned()))
            }
            // Perhaps it lets everybody read.
            (Some(Challenge::Password), None) => Ok(Pass::Nobody),
            (None, Some((user, password))) if wanted => {
                Ok(Pass::Password(user.to_owned(), password.to_owned()))
            }
            // Not every registry has something here.
            (None, _) if status == StatusCode::NOT_FOUND => Ok(Pass::Nobody),
            (None, _) => self.accepted(answer).await.map(|_| Pass::Nobody),
        }
    }

    async fn fetch_token(
        &self,
        realm: Url,
        service: Option<&str>,
        scope: &str,
        who: Option<(&str, &str)>,
    ) -> Result<String, RegistryError> {
        #[derive(serde::Deserialize)]
        struct Given {
            token: Option<String>,
            access_token: Option<String>,
        }
        let mut url = realm;
        url.query_pairs_mut().append_pair("scope", scope);
        if let Some(service) = service {
            url.query_pairs_mut().append_pair("service", service);
        }
        let mut request = self.http.get(url);
        if let Some((user, password)) = who {
            request = request.header(AUTHORIZATION, basic(user, password)?);
        }
        let answer = self.accepted(self.send(request).await?).await?;
        let answer = self.whole(answer, MAX_TOKEN_BYTES, |_| ()).await?;
        let given: Option<Given> = serde_json::from_slice(&answer.body).ok();
        let token = given.and_then(|given| given.token.or(given.access_token)).unwrap_or_default();
        match token.is_empty() || bearer(&token).is_err() {
            true => Err(RegistryErrorKind::NoToken.into()),
            false => Ok(token),
        }
    }

    /// Gives `oci-client` all it needs, so that it does not go and ask.
    async fn hand_over(&self, pass: &Pass) {
        let auth = match pass {
            // It asks for nothing where nothing is stored.
            Pass::Nobody => return,
            Pass::Password(user, password) => {
                for operation in [RegistryOperation::Pull, RegistryOperation::Push] {
                    let token = RegistryTokenType::Basic(user.clone(), password.clone());
                    self.oci.tokens.insert(&self.oci_reference, operation, token).await;
                }
                RegistryAuth::Basic(user.clone(), password.clone())
            }
            Pass::Token(token) => RegistryAuth::Bearer(token.clone()),
        };
        self.oci.store_auth_if_needed(self.oci_reference.resolve_registry(), &auth).await;
    }

    /// What is at this path of the repository, unless it is longer than this. `progress` hears how much has come.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        max_bytes: usize,
        progress: impl Fn(usize),
    ) -> Result<Answer, RegistryError> {
        let request = self.request(Method::GET, path).header(ACCEPT, accept);
        let answer = self.accepted(self.send(request).await?).await?;
        self.whole(answer, max_bytes, progress).await
    }

    /// Whether the registry says that it has this blob.
    pub(super) async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let request = self.request(Method::HEAD, &format!("blobs/{digest}"));
        match self.accepted(self.send(request).await?).await {
            Ok(_) => Ok(true),
            // Some do not answer this request for what they do not have.
            Err(RegistryError {
                kind: RegistryErrorKind::NotFound | RegistryErrorKind::Refused(_), ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v2/{}/{path}", self.base, self.repository);
        let request = self.http.request(method, url);
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    /// Uploads a blob. Returns its location.
    pub(super) async fn upload_blob(
        &self,
        bytes: Bytes,
        digest: &Digest,
        progress: Progress,
    ) -> Result<Option<String>, RegistryError> {
        let pulse = Pulse::new();
        let (heart, whole) = (pulse.clone(), bytes.clone());
        let pieces = stream::iter((0..bytes.len()).step_by(PIECE_BYTES)).map(move |start| {
            let end = (start + PIECE_BYTES).min(whole.len());
            heart.beat();
            progress.set(end);
            Ok(whole.slice(start..end))
        });
        let size = Some(bytes.len() as u64);
        let request = self.oci.push_blob_stream(&self.oci_reference, pieces, digest.as_str(), size);
        self.while_alive(&pulse, request).await.map(Some)
    }

    /// Uploads a manifest. Returns its location.
    pub(super) async fn upload_manifest(
        &self,
        media_type: &'static str,
        manifest: Vec<u8>,
    ) -> Result<Option<String>, RegistryError> {
        let media_type = HeaderValue::from_static(media_type);
        let request = self.oci.push_manifest_raw(&self.oci_reference, manifest, media_type);
        self.while_alive(&Pulse::new(), request).await.map(Some)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        self.within(self.patience.silence, async { Ok(request.send().await?) }).await
    }

    /// Or what is wrong.
    async fn accepted(&self, answer: Response) -> Result<Response, RegistryError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let said = self.within(self.patience.silence, start_of(answer)).await.unwrap_or_default();
        Err(RegistryError::of_status(status.as_u16(), &said))
    }

    async fn whole(
        &self,
        mut answer: Response,
        max_bytes: usize,
        progress: impl Fn(usize),
    ) -> Result<Answer, RegistryError> {
        let slowest = Duration::from_secs((max_bytes / MIN_BYTES_PER_SECOND) as u64);
        self.within(self.patience.silence + slowest, async {
            let headers = std::mem::take(answer.headers_mut());
            let mut body = Vec::new();
            while let Some(bytes) = answer.chunk().await? {
                body.extend_from_slice(&bytes);
                if body.len() > max_bytes {
                    return Err(RegistryErrorKind::TooLarge(max_bytes).into());
                }
                progress(body.len());
            }
            Ok(Answer { headers, body })
        })
        .await
    }

    async fn within<T>(
        &self,
        time: Duration,
        request: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        tokio::time::timeout(time, request).await.unwrap_or_else(|_| Err(RegistryErrorKind::TimedOut.into()))
    }

    /// Waits for a request as long as pieces of it are sent, and for its answer.
    async fn while_alive<T>(
        &self,
        pulse: &Pulse,
        request: impl Future<Output = Result<T, OciDistributionError>>,
    ) -> Result<T, RegistryError> {
        let mut request = std::pin::pin!(request);
        loop {
            let deadline = pulse.last() + self.patience.silence;
            match tokio::time::timeout_at(deadline, &mut request).await {
                Ok(answer) => return answer.map_err(|error| RegistryError::of(&error)),
                Err(_) if pulse.last() + self.patience.silence > Instant::now() => {}
                Err(_) => return Err(RegistryErrorKind::TimedOut.into()),
            }
        }
    }
}

fn http_client(connection: &Connection) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(connection.patience.connect)
        .read_timeout(connection.patience.silence)
        .https_only(!connection.plain_http);
    for der in &connection.authorities {
        builder = builder.add_root_certificate(reqwest::Certificate::from_der(der)?);
    }
    let proxies = &connection.proxies;
    let exempt = reqwest::NoProxy::from_string(&proxies.exempt);
    if let Some(url) = &proxies.http {
        builder = builder.proxy(reqwest::Proxy::http(url)?.no_proxy(exempt.clone()));
    }
    if let Some(url) = &proxies.https {
        builder = builder.proxy(reqwest::Proxy::https(url)?.no_proxy(exempt));
    }
    builder.build()
}

fn oci_client(host: &str, connection: &Connection) -> Result<Client, OciDistributionError> {
    use oci_client::client::{Certificate, CertificateEncoding};
    let protocol = match connection.plain_http {
        true => ClientProtocol::HttpsExcept(vec![host.to_owned()]),
        false => ClientProtocol::Https,
    };
    let authorities = connection.authorities.iter();
    let proxies = &connection.proxies;
    let config = ClientConfig {
        protocol,
        extra_root_certificates: authorities
            .map(|der| Certificate { encoding: CertificateEncoding::Der, data: der.clone() })
            .collect(),
        // One request for a blob: every registry takes that, and the progress is that of the wire.
        use_monolithic_push: true,
        connect_timeout: Some(connection.patience.connect),
        // It would limit the time of a whole upload, and not the silence in it; see `while_alive`.
        read_timeout: None,
        user_agent: USER_AGENT,
        http_proxy: proxies.http.clone(),
        https_proxy: proxies.https.clone(),
        no_proxy: Some(proxies.exempt.clone()),
        ..ClientConfig::default()
    };
    Client::try_from(config)
}

/// How a registry wants to know who one is.
enum Challenge {
    Password,
    Token { realm: String, service: Option<String> },
}

impl Challenge {
    /// The best of those in an answer.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut best = None;
        for header in headers.get_all(WWW_AUTHENTICATE) {
            let text = header.to_str().unwrap_or_default();
            for challenge in http_auth::parser::ChallengeParser::new(text).map_while(Result::ok) {
                let parameter = |name: &str| {
                    let mut all = challenge.params.iter();
                    all.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_unescaped())
                };
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    if let Some(realm) = parameter("realm") {
                        return Some(Self::Token { realm, service: parameter("service") });
                    }
                } else if challenge.scheme.eq_ignore_ascii_case("basic") {
                    best = Some(Self::Password);
                }
            }
        }
        best
    }
}

/// The token server gets the password: no other host may read it on its way.
fn checked_realm(realm: &str, host: &str, connection: &Connection) -> Result<Url, RegistryError> {
    let Ok(url) = realm.parse::<Url>() else {
        return Err(RegistryErrorKind::Protocol(format!("its token server has the address `{realm}`")).into());
    };
    let server = url.host_str().unwrap_or_default();
    let is_near = is_loopback(server) || host.split(':').next() == Some(server);
    match url.scheme() {
        "https" => Ok(url),
        "http" if connection.plain_http && is_near => Ok(url),
        _ => Err(RegistryErrorKind::InsecureTokenServer(realm.to_owned()).into()),
    }
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, RegistryError> {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    secret(&format!("Basic {encoded}"))
}

fn bearer(token: &str) -> Result<HeaderValue, RegistryError> {
    secret(&format!("Bearer {token}"))
}

fn secret(text: &str) -> Result<HeaderValue, RegistryError> {
    let mut value =
        text.parse::<HeaderValue>().map_err(|_| RegistryError::from(RegistryErrorKind::NoToken))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn start_of(mut answer: Response) -> Result<String, RegistryError> {
    let mut start = Vec::new();
    while let Some(bytes) = answer.chunk().await? {
        start.extend_from_slice(&bytes);
        if start.len() > MAX_ERROR_BYTES {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&start).into_owned())
}
