//! A session with a registry about one repository: our credentials, and the requests for its content.
//!
//! Sources: OCI distribution specification 1.1; Docker's token authentication.

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::challenge::{AuthenticationChallenge, token_server};
use super::credentials::secret;
use super::error::{RegistryError, RegistryErrorKind, RegistryServer};
use super::http::{HttpClient, WholeResponse};
use super::target::{Access, RegistryTarget};
use crate::digest::Digest;
use crate::shell::Progress;

/// The size of the largest token response. Tokens have a few thousand bytes.
const MAX_TOKEN_BYTES: usize = 1 << 20;

/// How we authenticate to a registry.
enum Authentication {
    Anonymous,
    /// With the password, in the form in which it is sent.
    Basic(HeaderValue),
    /// With a token of the registry's token server, which expires, and the form in which it is sent.
    Bearer {
        token: String,
        header: HeaderValue,
    },
}

impl Authentication {
    fn bearer(token: &str) -> Result<Self, RegistryError> {
        match secret(&format!("Bearer {token}")) {
            Some(header) if !token.is_empty() => Ok(Self::Bearer { token: token.to_owned(), header }),
            _ => Err(RegistryErrorKind::NoToken.into()),
        }
    }
}

/// A session with a registry about one repository.
pub(super) struct RegistrySession {
    http: HttpClient,
    /// `https://host/v2/`
    base: Url,
    repository: String,
    authentication: Authentication,
}

impl RegistrySession {
    /// Asks a registry how to authenticate, and does so.
    pub(super) async fn open(target: &RegistryTarget<'_>) -> Result<Self, RegistryError> {
        let host = target.reference.host();
        let scheme = if target.connection.plain_http { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}/v2/"))
            .map_err(|error| RegistryErrorKind::Setup(format!("`{host}` is not a host: {error}")))?;
        let mut session = Self {
            http: HttpClient::new(&target.connection)?,
            base,
            repository: target.reference.repository().to_owned(),
            authentication: Authentication::Anonymous,
        };
        session.authentication = session.authenticate(target).await?;
        Ok(session)
    }

    /// The token, which must not be printed.
    pub(super) fn token(&self) -> Option<&str> {
        match &self.authentication {
            Authentication::Bearer { token, .. } => Some(token),
            _ => None,
        }
    }

    async fn authenticate(&self, target: &RegistryTarget<'_>) -> Result<Authentication, RegistryError> {
        use AuthenticationChallenge::{Basic, Bearer};
        let credentials = &target.credentials;
        let response = self.http.send(self.http.request(Method::GET, self.base.clone())).await?;
        let status = response.status();
        let challenge = AuthenticationChallenge::of(response.headers());
        match (challenge, credentials.header()) {
            (Some(Bearer { realm, service }), _) => match credentials.registry_token() {
                Some(token) => Authentication::bearer(token),
                None => {
                    let host = target.reference.host();
                    let url = token_server(&realm, host, &target.connection)?;
                    let server = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
                    if let Some(source) = credentials.source() {
                        let why =
                            format!("`{server}`, the token server of `{host}`, gets what is in {source}");
                        target.shell.detail("Login", why);
                    }
                    let bearer = self.bearer_from(url, service.as_deref(), target).await;
                    bearer.map_err(|error| error.at(RegistryServer::Token(server)))
                }
            },
            (Some(Basic), Some(basic)) => {
                // Find a wrong password before anything else.
                let request = self.http.request(Method::GET, self.base.clone());
                self.http.succeed(request.header(AUTHORIZATION, basic.clone())).await?;
                Ok(Authentication::Basic(basic))
            }
            // The repository may be public.
            (Some(Basic), None) => Ok(Authentication::Anonymous),
            (None, Some(basic)) if status == StatusCode::UNAUTHORIZED => Ok(Authentication::Basic(basic)),
            // Some registries have nothing at this URL.
            (None, _) if status == StatusCode::NOT_FOUND => Ok(Authentication::Anonymous),
            (None, _) => self.http.require_success(response).await.map(|_| Authentication::Anonymous),
        }
    }

    /// Gets a token for the repository: with an identity token by OAuth, else with the password, as Docker's client does.
    async fn bearer_from(
        &self,
        mut server: Url,
        service: Option<&str>,
        target: &RegistryTarget<'_>,
    ) -> Result<Authentication, RegistryError> {
        #[derive(serde::Deserialize)]
        struct TokenResponse {
            token: Option<String>,
            access_token: Option<String>,
        }
        let actions = match target.access {
            Access::Read => "pull",
            Access::Write => "pull,push",
        };
        let scope = format!("repository:{}:{actions}", self.repository);
        let response = match target.credentials.identity_token() {
            Some(token) => self.exchange(server, service, &scope, token).await?,
            None => {
                server.query_pairs_mut().append_pair("scope", &scope);
                if let Some(service) = service {
                    server.query_pairs_mut().append_pair("service", service);
                }
                let mut request = self.http.request(Method::GET, server);
                if let Some(basic) = target.credentials.header() {
                    request = request.header(AUTHORIZATION, basic);
                }
                self.http.succeed(request).await?
            }
        };
        let body = self.http.read(response, MAX_TOKEN_BYTES, |_| ()).await?.body;
        let response: Option<TokenResponse> = serde_json::from_slice(&body).ok();
        let token =
            response.and_then(|response| response.token.or(response.access_token)).unwrap_or_default();
        Authentication::bearer(&token)
    }

    /// Offers an identity token to a token server: OAuth's grant `refresh_token`.
    async fn exchange(
        &self,
        server: Url,
        service: Option<&str>,
        scope: &str,
        identity_token: &str,
    ) -> Result<Response, RegistryError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", identity_token)
            .append_pair("client_id", env!("CARGO_PKG_NAME"))
            .append_pair("scope", scope)
            .append_pair("service", service.unwrap_or_default());
        let request = self.http.request(Method::POST, server);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        // A body that is sent once does not follow a redirect to another server.
        self.http.upload(request, form.finish().into(), Progress::hidden()).await
    }

    /// Reads the content at this path of the repository, unless it is longer than this. `progress` receives the
    /// number of bytes read so far.
    pub(super) async fn get(
        &self,
        path: &str,
        accept: &str,
        max_bytes: usize,
        progress: impl Fn(usize),
    ) -> Result<WholeResponse, RegistryError> {
        let request = self.request(Method::GET, self.url(path)).header(ACCEPT, accept);
        let response = self.http.succeed(request).await?;
        self.http.read(response, max_bytes, progress).await
    }

    /// Whether the registry says that it has this blob.
    pub(super) async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let request = self.request(Method::HEAD, self.url(&format!("blobs/{digest}")));
        match self.http.succeed(request).await {
            Ok(_) => Ok(true),
            // Some registries refuse this request for a blob that they do not have.
            Err(RegistryError {
                kind: RegistryErrorKind::NotFound | RegistryErrorKind::Refused(_), ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads a blob in one request, which every registry supports. Returns the location of the blob, if the
    /// registry names it.
    pub(super) async fn upload_blob(
        &self,
        bytes: Bytes,
        digest: &Digest,
        progress: Progress,
    ) -> Result<Option<String>, RegistryError> {
        let response = self.http.succeed(self.request(Method::POST, self.url("blobs/uploads/"))).await?;
        if response.status() != StatusCode::ACCEPTED {
            let why = format!(
                "it answered the start of an upload with {} instead of 202",
                response.status().as_u16()
            );
            return Err(RegistryErrorKind::Protocol(why).into());
        }
        let mut url = upload_url(&response)?;
        if self.base.scheme() == "https" && url.scheme() != "https" {
            return Err(RegistryErrorKind::InsecureUpload(url[..url::Position::AfterPath].to_owned()).into());
        }
        let server = match url.origin() == self.base.origin() {
            true => RegistryServer::Registry,
            false => RegistryServer::Upload(url.origin().ascii_serialization()),
        };
        url.query_pairs_mut().append_pair("digest", digest.as_str());
        let request = self.request(Method::PUT, url).header(CONTENT_TYPE, "application/octet-stream");
        let response = self.http.upload(request, bytes, progress).await.map_err(|error| error.at(server))?;
        Ok(location(&response))
    }

    /// Uploads a manifest. Returns the location of the manifest, if the registry names it.
    pub(super) async fn upload_manifest(
        &self,
        name: &str,
        media_type: &'static str,
        manifest: Vec<u8>,
    ) -> Result<Option<String>, RegistryError> {
        let request = self.request(Method::PUT, self.url(&format!("manifests/{name}")));
        let response = self.http.succeed(request.header(CONTENT_TYPE, media_type).body(manifest)).await?;
        Ok(location(&response))
    }

    /// Returns the URL of something in the repository.
    fn url(&self, path: &str) -> Url {
        let path = format!("{}/{path}", self.repository);
        self.base.join(&path).expect("names of repositories, tags and digests can be part of a path")
    }

    /// Creates a request with our credentials, unless it goes to another host.
    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let is_registry = url.origin() == self.base.origin();
        let request = self.http.request(method, url);
        match &self.authentication {
            Authentication::Basic(header) | Authentication::Bearer { header, .. } if is_registry => {
                request.header(AUTHORIZATION, header)
            }
            _ => request,
        }
    }
}

/// Returns the URL of an upload, which may be on another host.
fn upload_url(response: &Response) -> Result<Url, RegistryError> {
    let protocol = |why: String| RegistryError::from(RegistryErrorKind::Protocol(why));
    let location = location(response)
        .ok_or_else(|| protocol("it did not name a URL to upload to (no `Location`)".to_owned()))?;
    let url = if location.starts_with('/') { response.url().join(&location) } else { location.parse() };
    url.map_err(|error| protocol(format!("`{location}` is not a URL to upload to ({error})")))
}

fn location(response: &Response) -> Option<String> {
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    Some(location.to_owned())
}
