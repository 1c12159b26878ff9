//! # A lean HTTP client, and a sink for webhooks
//!
//! One connection that is kept, one request at a time, bodies with a length: what the bench needs and nothing that
//! would take CPU time from the server beside it. The sink answers every webhook with 200 and counts what it carries.

use anyhow::{Context as _, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

/// An answer that takes longer counts as none.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const HEAD_BYTES_MAX: usize = 16 * 1024;
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Connections that the sink serves at a time.
const SINK_CONNECTIONS_MAX: usize = 64;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body of a success; anything else is an error with the server's own words.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("the server answered {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        serde_json::from_slice(&self.body).context("the server's answer is no JSON")
    }
}

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Http {
    stream: TcpStream,
    buffer: Vec<u8>,
    authorization: String,
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            timeout(ANSWER_WITHIN, TcpStream::connect(address)).await.context("the server is silent")?;
        let stream = stream.context("connecting to the server")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096), authorization: String::new() })
    }

    /// All further requests carry this bearer token.
    pub(crate) fn authorize(&mut self, token: &str) {
        self.authorization = format!("authorization: Bearer {token}\r\n");
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.request("GET", path, "", b"").await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.request("POST", path, "", &serde_json::to_vec(body)?).await
    }

    /// A post that may be repeated: the same key with the same body takes effect once.
    pub(crate) async fn post_once(&mut self, path: &str, key: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.request("POST", path, &format!("idempotency-key: {key}\r\n"), body).await
    }

    /// A post whose body is JSON already.
    pub(crate) async fn post_bytes(&mut self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.request("POST", path, "", body).await
    }

    async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut head = String::with_capacity(512);
        write!(
            head,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{}{headers}\r\n",
            body.len(),
            self.authorization,
        )?;
        let request = [head.as_bytes(), body].concat();
        let exchange = async {
            self.stream.write_all(&request).await?;
            self.answer().await
        };
        timeout(ANSWER_WITHIN, exchange).await.context("the server is silent")?
    }

    async fn answer(&mut self) -> anyhow::Result<Answer> {
        let head = read_head(&mut self.stream, &mut self.buffer).await?;
        let status = head.split_ascii_whitespace().nth(1).and_then(|word| word.parse().ok());
        let status = status.context("the answer has no status")?;
        let body = read_body(&mut self.stream, &mut self.buffer, &head).await?;
        Ok(Answer { status, body })
    }
}

/// Reads up to the empty line after the headers; what follows stays in the buffer.
pub(crate) async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<String> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            let head = std::mem::replace(buffer, rest);
            return String::from_utf8(head).context("the headers are no text");
        }
        if buffer.len() > HEAD_BYTES_MAX {
            bail!("the headers are too long");
        }
        if stream.read_buf(buffer).await? == 0 {
            bail!("the connection was closed");
        }
    }
}

/// Reads a body of the length that the headers tell.
pub(crate) async fn read_body(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    head: &str,
) -> anyhow::Result<Vec<u8>> {
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.unwrap_or(0);
    if length > BODY_BYTES_MAX {
        bail!("a body of {length} bytes is too long");
    }
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the connection was closed");
        }
    }
    let rest = buffer.split_off(length);
    Ok(std::mem::replace(buffer, rest))
}

/// A webhook endpoint that takes everything.
#[derive(Debug)]
pub(crate) struct Sink {
    address: SocketAddr,
    statuses: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Sink {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening for webhooks")?;
        let address = listener.local_addr()?;
        let statuses = Arc::new(AtomicU64::new(0));
        let count = statuses.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                if connections.len() >= SINK_CONNECTIONS_MAX {
                    connections.join_next().await;
                }
                connections.spawn(serve(stream, count.clone()));
            }
        });
        Ok(Self { address, statuses, task: task.abort_handle() })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Statuses of messages that have come so far: `sent`, `delivered`, and so on, each on its own.
    pub(crate) fn statuses(&self) -> u64 {
        self.statuses.load(Ordering::Relaxed)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one connection until it ends; a broken one is the caller's to repeat.
async fn serve(mut stream: TcpStream, count: Arc<AtomicU64>) {
    let mut buffer = Vec::with_capacity(16 * 1024);
    while let Ok(head) = read_head(&mut stream, &mut buffer).await {
        let Ok(body) = read_body(&mut stream, &mut buffer, &head).await else { return };
        count.fetch_add(statuses_in(&body), Ordering::Relaxed);
        let answer = challenge(&head).unwrap_or("ok");
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The word that the handshake wants back.
pub(crate) fn challenge(head: &str) -> Option<&str> {
    let line = head.lines().next()?;
    line.split(['?', '&', ' ']).find_map(|parameter| parameter.strip_prefix("hub.challenge="))
}

/// Counted in the bytes: reading all of the JSON would cost more than the server spends to write it.
fn statuses_in(body: &[u8]) -> u64 {
    const MEMBER: &[u8] = b"\"recipient_id\":";
    body.windows(MEMBER.len()).filter(|window| *window == MEMBER).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn the_sink_answers_a_handshake_and_counts_statuses() {
        let sink = Sink::start().await.unwrap();
        let mut http = Http::connect(sink.address).await.unwrap();
        let handshake = http.get("/?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=t").await.unwrap();
        assert_eq!(handshake.body, b"4711");
        let statuses = json!({"statuses": [{"recipient_id": "1"}, {"recipient_id": "2"}]});
        assert_eq!(http.post("/", &statuses).await.unwrap().status, 200);
        assert_eq!(sink.statuses(), 2);
    }

    #[test]
    fn an_error_is_told_in_the_servers_words() {
        let answer = Answer { status: 400, body: b"no template".to_vec() };
        assert!(answer.json().unwrap_err().to_string().contains("no template"));
    }
}
