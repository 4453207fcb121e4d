//! HTTP with limits: no request takes longer, and no body is longer, than we allow.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response, Url};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::{Connection, Patience};
use super::error::{RegistryError, RegistryErrorKind, innermost};
use super::trust::tls_with;
use crate::shell::Progress;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
/// The most bytes that are read of a body that explains an error.
const MAX_ERROR_BYTES: usize = 1 << 16;
/// A body that comes more slowly than this, for as long as we bear silence, is given up.
const MIN_BYTES_PER_SECOND: f64 = 16384.0;
/// What is sent between two updates of the progress.
const PIECE_BYTES: usize = 1 << 16;

/// A client for one registry and its token server.
pub(super) struct HttpClient {
    client: reqwest::Client,
    patience: Patience,
}

/// A whole response with a success status.
pub(super) struct WholeResponse {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl HttpClient {
    pub(super) fn new(connection: &Connection) -> Result<Self, RegistryError> {
        // The provider is the same for the whole process; the second time, it is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = match connection.authorities.as_slice() {
            [] => None,
            named => {
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                Some(tls_with(named, &provider).map_err(RegistryErrorKind::Setup)?)
            }
        };
        let client = client(connection, tls).map_err(|error| RegistryErrorKind::Setup(innermost(&error)))?;
        Ok(Self { client, patience: connection.patience })
    }

    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request, and waits for the head of the response, whatever its status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        self.within(self.patience.silence, async { Ok(request.send().await?) }).await
    }

    /// Sends a request, which must succeed.
    pub(super) async fn succeed(&self, request: RequestBuilder) -> Result<Response, RegistryError> {
        self.require_success(self.send(request).await?).await
    }

    /// Sends a request with a large body. It may take any time while it makes progress, and it must succeed.
    pub(super) async fn upload(
        &self,
        request: RequestBuilder,
        body: Bytes,
        progress: Progress,
    ) -> Result<Response, RegistryError> {
        let last_piece = Arc::new(Mutex::new(Instant::now()));
        let body = UploadBody { sent: 0, rest: body, progress, last_piece: last_piece.clone() };
        let mut request = std::pin::pin!(request.body(reqwest::Body::wrap(body)).send());
        let deadline = || *last_piece.lock().expect("no thread panics with the lock") + self.patience.silence;
        loop {
            match timeout_at(deadline(), &mut request).await {
                Ok(response) => return self.require_success(response?).await,
                Err(_) if deadline() > Instant::now() => {}
                Err(_) => return Err(RegistryErrorKind::TimedOut.into()),
            }
        }
    }

    /// Turns a status that is not a success into an error with the message of the server.
    pub(super) async fn require_success(&self, response: Response) -> Result<Response, RegistryError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.within(self.patience.silence, start_of(response)).await.unwrap_or_default();
        Err(RegistryError::of_status(status.as_u16(), &body))
    }

    /// Reads a body, unless it is longer than this. `progress` receives the number of bytes read so far.
    pub(super) async fn read(
        &self,
        mut response: Response,
        max_bytes: usize,
        progress: impl Fn(usize),
    ) -> Result<WholeResponse, RegistryError> {
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        let mut window = Window { start: Instant::now(), bytes: 0 };
        let next = async |response: &mut Response| Ok(response.chunk().await?);
        while let Some(bytes) = self.within(self.patience.silence, next(&mut response)).await? {
            body.extend_from_slice(&bytes);
            if body.len() > max_bytes {
                return Err(RegistryErrorKind::TooLarge(max_bytes).into());
            }
            progress(body.len());
            window.take(bytes.len(), self.patience.silence)?;
        }
        Ok(WholeResponse { headers, body })
    }

    async fn within<T>(
        &self,
        time: Duration,
        request: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        timeout(time, request).await.unwrap_or_else(|_| Err(RegistryErrorKind::TimedOut.into()))
    }
}

/// What came since its start.
struct Window {
    start: Instant,
    bytes: usize,
}

impl Window {
    /// Counts bytes, and fails when a window is over and brought too little.
    fn take(&mut self, bytes: usize, length: Duration) -> Result<(), RegistryError> {
        self.bytes += bytes;
        if self.start.elapsed() < length {
            return Ok(());
        }
        if (self.bytes as f64) < MIN_BYTES_PER_SECOND * self.start.elapsed().as_secs_f64() {
            return Err(RegistryErrorKind::TooSlow.into());
        }
        *self = Self { start: Instant::now(), bytes: 0 };
        Ok(())
    }
}

fn client(connection: &Connection, tls: Option<rustls::ClientConfig>) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(connection.patience.connect)
        .https_only(!connection.plain_http)
        // The proxies of the connection are used instead, which exempt this machine.
        .no_proxy();
    if let Some(tls) = tls {
        builder = builder.tls_backend_preconfigured(tls);
    }
    let exempt = reqwest::NoProxy::from_string(&connection.proxies.exempt);
    if let Some(url) = &connection.proxies.http {
        builder = builder.proxy(reqwest::Proxy::http(url)?.no_proxy(exempt.clone()));
    }
    if let Some(url) = &connection.proxies.https {
        builder = builder.proxy(reqwest::Proxy::https(url)?.no_proxy(exempt));
    }
    builder.build()
}

async fn start_of(mut response: Response) -> Result<String, RegistryError> {
    let mut start = Vec::new();
    while let Some(bytes) = response.chunk().await? {
        start.extend_from_slice(&bytes);
        if start.len() > MAX_ERROR_BYTES {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&start).into_owned())
}

/// The body of an upload, which is sent in pieces, so that its progress follows the connection.
struct UploadBody {
    sent: usize,
    rest: Bytes,
    progress: Progress,
    last_piece: Arc<Mutex<Instant>>,
}

impl http_body::Body for UploadBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(size);
        self.sent += size;
        self.progress.set(self.sent);
        *self.last_piece.lock().expect("no thread panics with the lock") = Instant::now();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
