//! # A lean client of `plaza.v1`
//!
//! Speaks the protocol as [`plaza_protocol::wire`] tells it and as real clients do: it stores nothing, but acknowledges
//! like one that does, after 32 envelopes, half a second after the first, or at the end of its mailbox. What it is sent
//! stays encrypted: a client's own cost is not what is measured here.

use anyhow::{Context as _, bail};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use plaza_protocol::limits::{ACKNOWLEDGE_EVERY, ACKNOWLEDGE_EVERY_ENVELOPES, FRAME_BYTES_MAX};
use plaza_protocol::wire::{self, client_frame, request, response, server_frame};
use prost::Message as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// An answer that takes longer counts as none.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Small: the bench holds tens of thousands of sockets.
const BUFFER_BYTES: usize = 4096;
/// How many connections start from one loopback address: each has about 28,000 ports.
const CONNECTIONS_PER_ADDRESS: usize = 5000;

/// What a server sends that matters here.
#[derive(Debug)]
pub(crate) enum Incoming {
    Response(wire::Response),
    Deliver(wire::Deliver),
    Receipt(wire::ReceiptUpdate),
    Drained,
}

/// A connected device.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocketStream<TcpStream>,
    last_request: u64,
    /// The last `seq` that came.
    stored: u64,
    unacknowledged: usize,
    acknowledge_at: Option<Instant>,
}

/// The loopback address from which the connection with this number starts.
pub(crate) fn source(connection: usize) -> Ipv4Addr {
    let last = u8::try_from(connection / CONNECTIONS_PER_ADDRESS + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, 0, last)
}

/// A TCP connection from a loopback address of choice.
pub(crate) async fn tcp(server: SocketAddr, from: Ipv4Addr) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4().context("making a socket")?;
    socket.bind((from, 0).into()).with_context(|| format!("binding to {from}"))?;
    let stream = timeout(ANSWER_WITHIN, socket.connect(server)).await.context("the server is silent")?;
    let stream = stream.context("connecting to the server")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Socket {
    /// Connects and says hello. `resume_from` is the last `seq` that the device has, and `receipts_since` the time of
    /// its newest receipt.
    pub(crate) async fn connect(
        server: SocketAddr,
        from: Ipv4Addr,
        token: &str,
        resume_from: u64,
        receipts_since: i64,
    ) -> anyhow::Result<Self> {
        timeout(ANSWER_WITHIN, Self::greet(server, from, token, resume_from, receipts_since))
            .await
            .context("the server is silent")?
    }

    async fn greet(
        server: SocketAddr,
        from: Ipv4Addr,
        token: &str,
        resume_from: u64,
        receipts_since: i64,
    ) -> anyhow::Result<Self> {
        let stream = tcp(server, from).await?;
        let mut request = format!("ws://{server}/v1/connect").into_client_request()?;
        let protocol = HeaderValue::from_static(wire::SUBPROTOCOL);
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let upgraded = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
        let (socket, _) = upgraded.context("opening the socket")?;
        let mut socket =
            Self { socket, last_request: 0, stored: resume_from, unacknowledged: 0, acknowledge_at: None };
        let hello = wire::Hello { token: token.to_owned(), resume_from, receipts_since };
        socket.feed(client_frame::Body::Hello(hello)).await?;
        socket.flush().await?;
        match socket.frame().await? {
            server_frame::Body::HelloOk(_) => Ok(socket),
            other => bail!("instead of a welcome came {other:?}"),
        }
    }

    async fn feed(&mut self, body: client_frame::Body) -> anyhow::Result<()> {
        let frame = wire::ClientFrame { body: Some(body) }.encode_to_vec();
        self.socket.feed(Message::Binary(frame.into())).await.context("writing to the socket")
    }

    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        self.socket.flush().await.context("writing to the socket")
    }

    /// Writes a request into the buffer; [`Self::flush`] sends it.
    pub(crate) async fn request(&mut self, body: request::Body) -> anyhow::Result<u64> {
        self.last_request += 1;
        let id = self.last_request;
        self.feed(client_frame::Body::Request(wire::Request { id, body: Some(body) })).await?;
        Ok(id)
    }

    /// Makes a request and waits for its answer. What is delivered meanwhile is acknowledged and dropped.
    pub(crate) async fn call(&mut self, body: request::Body) -> anyhow::Result<response::Body> {
        let id = self.request(body).await?;
        self.flush().await?;
        let answer = async {
            loop {
                if let Incoming::Response(response) = self.next().await?
                    && response.id == id
                {
                    return response.body.context("an answer is of an unknown kind");
                }
            }
        };
        timeout(ANSWER_WITHIN, answer).await.context("the server is silent")?
    }

    async fn frame(&mut self) -> anyhow::Result<server_frame::Body> {
        loop {
            match self
                .socket
                .next()
                .await
                .context("the server closed the socket")?
                .context("reading the socket")?
            {
                Message::Binary(bytes) => {
                    return wire::ServerFrame::decode(bytes)?.body.context("a frame is of an unknown kind");
                }
                Message::Close(frame) => bail!("the server closed the socket: {frame:?}"),
                _ => {}
            }
        }
    }

    /// What comes next. Acknowledges when it is time; may be dropped while it waits.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Incoming> {
        loop {
            if self.unacknowledged >= ACKNOWLEDGE_EVERY_ENVELOPES {
                self.acknowledge().await?;
            }
            let frame = match self.acknowledge_at {
                None => self.frame().await?,
                Some(at) => match timeout_at(at, self.frame()).await {
                    Ok(frame) => frame?,
                    Err(_) => {
                        self.acknowledge().await?;
                        continue;
                    }
                },
            };
            if let Some(incoming) = self.take(frame).await? {
                return Ok(incoming);
            }
        }
    }

    /// What has come already, without waiting.
    pub(crate) fn next_now(&mut self) -> Option<anyhow::Result<Incoming>> {
        self.next().now_or_never()
    }

    async fn take(&mut self, frame: server_frame::Body) -> anyhow::Result<Option<Incoming>> {
        Ok(Some(match frame {
            server_frame::Body::Deliver(deliver) => {
                self.stored = deliver.seq.max(self.stored);
                self.unacknowledged += 1;
                self.acknowledge_at.get_or_insert_with(|| Instant::now() + ACKNOWLEDGE_EVERY);
                Incoming::Deliver(deliver)
            }
            server_frame::Body::Response(response) => Incoming::Response(response),
            server_frame::Body::Receipt(receipt) => Incoming::Receipt(receipt),
            server_frame::Body::Drained(_) => Incoming::Drained,
            server_frame::Body::GoAway(goodbye) => {
                bail!("the server said good-bye: {} ({})", goodbye.message, goodbye.code)
            }
            _ => return Ok(None),
        }))
    }

    /// Acknowledges what came. Nothing is forgotten if this is dropped half-way: the next one says it again.
    pub(crate) async fn acknowledge(&mut self) -> anyhow::Result<()> {
        if self.unacknowledged == 0 {
            return Ok(());
        }
        self.feed(client_frame::Body::Acknowledge(wire::Acknowledge { up_to: self.stored })).await?;
        self.unacknowledged = 0;
        self.acknowledge_at = None;
        self.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_start_from_several_addresses() {
        assert_eq!(source(0), Ipv4Addr::LOCALHOST);
        assert_eq!(source(19_999), Ipv4Addr::new(127, 0, 0, 4));
    }
}
