//! A webhook endpoint of a test: it keeps what it answered with 200, fails when it is told to, and can be away.

use crate::server::PATIENCE;
use plaza_business::webhooks::signature;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// A call that was answered with 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) delivery: String,
    pub(crate) signature: String,
    pub(crate) body: String,
}

impl Told {
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        self.signature == signature(secret, self.body.as_bytes())
    }

    pub(crate) fn is_about_messages(&self) -> bool {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["entry"][0]["changes"][0]["field"] == "messages"
    }

    /// The id of the message that it is about, and what is said of it: a status, or `received`.
    pub(crate) fn event(&self) -> (String, String) {
        event(&self.body)
    }
}

/// What a body tells: the id of a message, and its status, or `received`.
pub(crate) fn event(body: &str) -> (String, String) {
    let body: Value = serde_json::from_str(body).unwrap();
    let value = &body["entry"][0]["changes"][0]["value"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match value["statuses"].get(0) {
        Some(status) => (text(&status["id"]), text(&status["status"])),
        None => (text(&value["messages"][0]["id"]), "received".to_owned()),
    }
}

#[derive(Debug)]
struct State {
    status: AtomicU16,
    calls: AtomicUsize,
    told: Mutex<Vec<Told>>,
    news: Notify,
}

pub(crate) struct Endpoint {
    address: SocketAddr,
    state: Arc<State>,
    serving: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let state = State {
            status: AtomicU16::new(200),
            calls: AtomicUsize::new(0),
            told: Mutex::default(),
            news: Notify::new(),
        };
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(state));
        let serving = Some(tokio::spawn(serve(listener, state.clone())));
        Self { address, state, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers with this status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// Goes away: whoever calls finds nobody.
    pub(crate) async fn go(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    /// Comes back to the same address.
    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = Some(tokio::spawn(serve(listener, self.state.clone())));
    }

    /// What it answered with 200, in the order of its coming.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.state.told.lock().unwrap().clone()
    }

    /// How often it was called, whatever it answered.
    pub(crate) fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Waits until it was called so often.
    pub(crate) async fn called(&self, wanted: usize) {
        self.until(|| self.state.calls.load(Ordering::SeqCst) >= wanted, "calls come").await;
    }

    /// Waits until something holds of what was told.
    pub(crate) async fn told_until(&self, holds: impl Fn(&[Told]) -> bool, what: &str) {
        self.until(|| holds(&self.state.told.lock().unwrap()), what).await;
    }

    async fn until(&self, holds: impl Fn() -> bool, what: &str) {
        let waited = timeout(PATIENCE, async {
            loop {
                let news = self.state.news.notified();
                if holds() {
                    return;
                }
                news.await;
            }
        });
        assert!(waited.await.is_ok(), "{what}; it was told {:#?}", self.told());
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

/// Connections end with the task.
async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(answer(socket, state.clone()));
    }
}

async fn answer(mut socket: TcpStream, state: Arc<State>) {
    let Some((head, body)) = read(&mut socket).await else { return };
    let is_handshake = head.starts_with("GET ");
    let challenge = head.split("hub.challenge=").nth(1).and_then(|rest| rest.split(['&', ' ']).next());
    let status = if is_handshake { 200 } else { state.status.load(Ordering::SeqCst) };
    let said = challenge.unwrap_or("thank you");
    let text =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}", said.len());
    if !is_handshake {
        if status == 200 {
            let header = |name| header(&head, name).unwrap_or_default();
            let told =
                Told { delivery: header("x-plaza-delivery"), signature: header("x-hub-signature-256"), body };
            state.told.lock().unwrap().push(told);
        }
        state.calls.fetch_add(1, Ordering::SeqCst);
    }
    let _ = socket.write_all(text.as_bytes()).await;
    state.news.notify_waiters();
}

fn header(head: &str, wanted: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    })
}

async fn read(socket: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
