//! # The WebSocket
//!
//! One TCP connection, upgraded at `/v1/connect` with the subprotocol of [`plaza_protocol::wire`]. Binary messages
//! carry one frame each.

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use plaza_protocol::limits::FRAME_BYTES_MAX;
use plaza_protocol::wire::{ClientFrame, SUBPROTOCOL, ServerFrame};
use prost::Message as _;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

/// A client holds many sockets in the load generator: small buffers.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// A connection could not be made, or ended.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address is not one of a server.
    #[error("not the address of a server: it begins with http:// or https://")]
    Address,
    /// No connection.
    #[error("the server could not be reached")]
    Connect(#[source] std::io::Error),
    /// The server did not take the upgrade, or the connection ended.
    #[error("the connection ended")]
    Socket(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// The server sent what cannot be read.
    #[error("the server sent a frame that cannot be read")]
    Frame(#[source] prost::DecodeError),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
}

impl From<tokio_tungstenite::tungstenite::Error> for TransportError {
    fn from(error: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(Box::new(error))
    }
}

/// The address of the socket of a server at `url` (http or https).
pub fn connect_url(url: &str) -> Result<Url, TransportError> {
    let mut url = Url::parse(url).map_err(|_| TransportError::Address)?;
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        _ => return Err(TransportError::Address),
    };
    url.set_scheme(scheme).map_err(|()| TransportError::Address)?;
    url.join("/v1/connect").map_err(|_| TransportError::Address)
}

/// An open connection.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Connects; `from` chooses among the machine's own addresses.
    pub(crate) async fn connect(url: &str, from: Option<IpAddr>) -> Result<Self, TransportError> {
        let url = connect_url(url)?;
        let tcp = tcp(&url, from).await?;
        let mut request = url.as_str().into_client_request()?;
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let (stream, _) = client_async_tls_with_config(request, tcp, Some(config), None).await?;
        Ok(Self { stream })
    }

    /// The next frame.
    pub(crate) async fn receive(&mut self) -> Result<ServerFrame, TransportError> {
        read(&mut self.stream).await
    }

    /// Sends frames in order.
    pub(crate) async fn send(&mut self, frames: Vec<ClientFrame>) -> Result<(), TransportError> {
        write(&mut self.stream, frames).await
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        // The other end may be gone already; there is nobody to tell.
        let _ = self.stream.close(None).await;
    }
}

async fn tcp(url: &Url, from: Option<IpAddr>) -> Result<TcpStream, TransportError> {
    let host = url.host_str().ok_or(TransportError::Address)?.trim_matches(['[', ']']);
    let port = url.port_or_known_default().ok_or(TransportError::Address)?;
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in lookup_host((host, port)).await.map_err(TransportError::Connect)? {
        match tcp_to(address, from).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(TransportError::Connect(last))
}

async fn tcp_to(address: SocketAddr, from: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

type SocketError = tokio_tungstenite::tungstenite::Error;

async fn read(
    stream: &mut (impl Stream<Item = Result<Message, SocketError>> + Unpin),
) -> Result<ServerFrame, TransportError> {
    loop {
        match stream.next().await.ok_or(TransportError::Closed)?? {
            Message::Binary(bytes) => return ServerFrame::decode(bytes).map_err(TransportError::Frame),
            Message::Close(_) => return Err(TransportError::Closed),
            // Pings are answered by the library; there are no texts.
            _ => {}
        }
    }
}

async fn write(
    stream: &mut (impl Sink<Message, Error = SocketError> + Unpin),
    frames: Vec<ClientFrame>,
) -> Result<(), TransportError> {
    for frame in frames {
        stream.feed(Message::Binary(frame.encode_to_vec().into())).await?;
    }
    stream.flush().await.map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_stands_beside_the_pages() {
        let of = |url| connect_url(url).map(|url| url.to_string()).ok();
        assert_eq!(of("http://127.0.0.1:8080").as_deref(), Some("ws://127.0.0.1:8080/v1/connect"));
        assert_eq!(of("https://plaza.example/chat").as_deref(), Some("wss://plaza.example/v1/connect"));
        assert_eq!(of("ftp://plaza.example"), None);
        assert_eq!(of("plaza"), None);
    }
}
