//! # Calling out
//!
//! The one HTTP client of the server: webhooks and their handshake, files, endpoints of flows, payment providers. The
//! addresses come from businesses, so that each is a way into the operator's own network unless it is looked at. What holds:
//!
//! - **Names are resolved once, and every address that comes back is checked**: the connection goes to an address that
//!   passed, never to a second answer. Private, loopback, link-local, shared (CGNAT), multicast, documentation, mapped
//!   and translated ranges are refused. A literal address is checked the same way.
//! - **No redirects, no proxy from the environment, no cookies.** A redirect is an answer like any other that is not
//!   200.
//! - **https on 443 or 8443** for the world; http and other ports only for what the operator allowed by name, and for
//!   loopback in a sandbox.
//! - **A certificate of the operator's** ([`Tls`]) is shown to endpoints of businesses that ask for one, never to
//!   whoever serves a file.
//! - **Bounded**: time to connect, time in all, bytes of the answer that are read.

mod policy;
mod tls;

pub use policy::{EgressPolicy, InvalidEntry, Refusal};
pub use tls::{Tls, TlsError};

use axum::http::HeaderValue;
use plaza_protocol::limits::WEBHOOK_TIMEOUT;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The time to a connection, its encryption included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The time for a file, in all.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);
/// The time for a call to a provider, in all: below that after which its outcome is looked up.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a provider's answer.
const CALL_ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Idle connections that are kept for each host.
const IDLE_CONNECTIONS: usize = 8;

/// A call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The address is one that Plaza does not call.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No connection, no answer, or not in time.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("the endpoint did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// An answer, but not the expected one.
    #[error("the endpoint answered {status} instead of 200{hint}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What it may mean.
        hint: &'static str,
    },
    /// The handshake was not repeated.
    #[error(
        "the endpoint answered 200, but its body is not the challenge: it must repeat hub.challenge and nothing else"
    )]
    Challenge,
}

impl EgressError {
    /// Whether the address itself is the reason: another try will not help.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Challenge => Some(200),
            Self::Refused(_) | Self::Unreachable(_) | Self::TimedOut(_) => None,
        }
    }

    fn of_status(status: u16) -> Self {
        let hint = if (300..400).contains(&status) { "; redirects are not followed" } else { "" };
        Self::Status { status, hint }
    }
}

/// What an endpoint answered to a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of its body.
    pub body: String,
}

impl Posted {
    /// Any answer but 200 is an error.
    pub fn check(&self) -> Result<(), EgressError> {
        if self.status == 200 { Ok(()) } else { Err(EgressError::of_status(self.status)) }
    }
}

/// The client.
#[derive(Debug)]
pub struct Egress {
    /// For endpoints of businesses.
    client: Client,
    /// For files.
    files: Client,
    policy: Arc<EgressPolicy>,
}

/// What an outside address answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whole.
    pub body: Vec<u8>,
    /// For how long it may be kept, if it says so.
    pub max_age: Option<Duration>,
}

/// The `max-age` of a `Cache-Control`, unless it says that nothing is kept.
fn max_age(said: &str) -> Option<Duration> {
    let words: Vec<&str> = said.split(',').map(str::trim).collect();
    if words.iter().any(|word| word.eq_ignore_ascii_case("no-store") || word.eq_ignore_ascii_case("no-cache"))
    {
        return None;
    }
    let seconds = words.iter().find_map(|word| word.strip_prefix("max-age="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

impl Egress {
    /// A client that calls what `policy` lets it. The error says why the TLS library could not start.
    pub fn new(policy: EgressPolicy, tls: &Tls) -> Result<Self, reqwest::Error> {
        let policy = Arc::new(policy);
        let client = || {
            Client::builder()
                .user_agent(concat!("Plaza/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(WEBHOOK_TIMEOUT)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .dns_resolver(Arc::new(GuardedResolver(policy.clone())))
        };
        let files = tls.trusted_by(client()).build()?;
        Ok(Self { client: tls.shown_by(client()).build()?, files, policy })
    }

    /// Posts a JSON body with its signature and one more header. The answer is what the endpoint said, as far as it is
    /// read; whether that is good, [`Posted::check`] knows.
    pub async fn post(
        &self,
        url: &str,
        body: String,
        signature: &str,
        (name, value): (&'static str, &str),
    ) -> Result<Posted, EgressError> {
        let url = self.policy.check_url(url)?;
        let header = |value: &str| {
            HeaderValue::from_str(value)
                .map_err(|_| EgressError::Unreachable("a header has no proper value".to_owned()))
        };
        let (signature, value) = (header(signature)?, header(value)?);
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature)
            .header(name, value)
            .body(body);
        let response = request.send().await.map_err(unreachable_because)?;
        let status = response.status().as_u16();
        // Reading it lets the connection be used again; an answer that breaks off is an answer nevertheless.
        let body = read(response).await.unwrap_or_default();
        Ok(Posted { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// Posts a JSON body with its signature and reads the answer, whatever its status is.
    pub async fn exchange(
        &self,
        url: &str,
        body: String,
        signature: &str,
        timeout: Duration,
        bytes_max: usize,
    ) -> Result<(u16, Vec<u8>), EgressError> {
        let url = self.policy.check_url(url)?;
        let request = self
            .client
            .post(url)
            .timeout(timeout)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature)
            .body(body);
        let failed = |error: reqwest::Error| {
            if error.is_timeout() { EgressError::TimedOut(timeout) } else { unreachable_because(error) }
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        Ok((
            status,
            read_whole(response, bytes_max).await.map_err(|error| match error {
                Unread::Broken(error) => failed(error),
                Unread::TooLarge => {
                    EgressError::Unreachable(format!("the answer is larger than {bytes_max} bytes"))
                }
            })?,
        ))
    }

    /// Calls a provider that the operator chose, with these headers: a POST if there is a body, or else a GET. The answer is
    /// its status and its body, whole.
    pub async fn call(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Option<String>,
    ) -> Result<Answer, EgressError> {
        let url = self.policy.check_url(url)?;
        let request = match body {
            Some(body) => self.files.post(url).body(body),
            None => self.files.get(url),
        };
        let mut request = request.timeout(CALL_TIMEOUT);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.map_err(unreachable_because)?;
        let status = response.status().as_u16();
        let said = response.headers().get("cache-control").and_then(|said| said.to_str().ok());
        let max_age = said.and_then(max_age);
        let body = read_whole(response, CALL_ANSWER_BYTES_MAX).await.map_err(|error| match error {
            Unread::Broken(error) => unreachable_because(error),
            Unread::TooLarge => {
                EgressError::Unreachable(format!("the answer is larger than {CALL_ANSWER_BYTES_MAX} bytes"))
            }
        })?;
        Ok(Answer { status, body, max_age })
    }

    /// Fetches a file: its type, as the endpoint says, and its bytes.
    pub async fn fetch(&self, url: &str, bytes_max: usize) -> Result<(String, Vec<u8>), EgressError> {
        let url = self.policy.check_url(url)?;
        let response =
            self.files.get(url).timeout(FETCH_TIMEOUT).send().await.map_err(unreachable_because)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(EgressError::of_status(status));
        }
        let said = response.headers().get("content-type").and_then(|said| said.to_str().ok());
        let said = said.unwrap_or("application/octet-stream").to_owned();
        let file = read_whole(response, bytes_max).await.map_err(|error| match error {
            Unread::Broken(error) => unreachable_because(error),
            Unread::TooLarge => {
                EgressError::Unreachable(format!("the file is larger than {bytes_max} bytes"))
            }
        })?;
        Ok((said, file))
    }

    /// Asks an endpoint whether it wants to be called: it must repeat the challenge.
    pub async fn handshake(&self, url: &str, verify_token: &str, challenge: &str) -> Result<(), EgressError> {
        let mut url = self.policy.check_url(url)?;
        url.query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", challenge)
            .append_pair("hub.verify_token", verify_token);
        let response = self.client.get(url).send().await.map_err(unreachable_because)?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(EgressError::of_status(status));
        }
        let body = read(response).await.map_err(unreachable_because)?;
        if body.trim_ascii() == challenge.as_bytes() { Ok(()) } else { Err(EgressError::Challenge) }
    }
}

/// Why a body is not there.
enum Unread {
    Broken(reqwest::Error),
    TooLarge,
}

/// An answer's body, if it is not too large.
async fn read_whole(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len().saturating_add(chunk.len()) > bytes_max {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The beginning of an answer's body.
async fn read(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if room <= chunk.len() {
            break;
        }
    }
    Ok(body)
}

/// In words that help the owner of the endpoint, without the address, which may hold a secret.
fn unreachable_because(error: reqwest::Error) -> EgressError {
    let error = error.without_url();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    let mut last = String::new();
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return EgressError::Refused(refusal.clone());
        }
        last = error.to_string();
        cause = error.source();
    }
    let what = if error.is_timeout() {
        format!("the endpoint did not answer within {} s", WEBHOOK_TIMEOUT.as_secs())
    } else if error.is_connect() {
        format!("no connection to the endpoint: {last}")
    } else {
        format!("the connection broke: {last}")
    };
    EgressError::Unreachable(what)
}

/// Resolves names and passes on only addresses that may be called: the connection has no others to choose from.
#[derive(Debug)]
struct GuardedResolver(Arc<EgressPolicy>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            policy.check_addresses(&host, found.iter().map(SocketAddr::ip))?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
