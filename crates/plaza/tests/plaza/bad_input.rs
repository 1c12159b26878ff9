//! Frames and requests that no client of ours sends.

use crate::server::{Person, Server, get, post};
use futures_util::{SinkExt as _, StreamExt as _};
use plaza_protocol::wire::{self, client_frame, server_frame};
use prost::Message as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

async fn open(server: &Server, origin: Option<&str>, protocol: Option<&str>) -> Result<Socket, Error> {
    let mut request =
        format!("{}/v1/connect", server.url.replace("http", "ws")).into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

fn frame(body: client_frame::Body) -> Message {
    Message::Binary(wire::ClientFrame { body: Some(body) }.encode_to_vec().into())
}

/// The code of the good-bye that comes next.
async fn goodbye(socket: &mut Socket) -> String {
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message
            && let Some(server_frame::Body::GoAway(goodbye)) = wire::ServerFrame::decode(bytes).unwrap().body
        {
            assert!(!goodbye.message.is_empty(), "it says why");
            return goodbye.code;
        }
    }
    "no good-bye".to_owned()
}

#[tokio::test]
async fn frames_that_cannot_be_are_answered_with_a_goodbye() {
    let server = Server::start().await;
    let hello = |token: &str| wire::Hello { token: token.to_owned(), resume_from: 0, receipts_since: 0 };
    let cases = [
        (Message::Binary(vec![0xff; 20].into()), "bad_frame"),
        (Message::Binary(Vec::new().into()), "bad_frame"),
        (Message::Binary(vec![0x9a, 0x06, 0x00].into()), "bad_frame"),
        (Message::Text("{}".into()), "bad_frame"),
        (frame(client_frame::Body::Acknowledge(wire::Acknowledge { up_to: 1 })), "bad_frame"),
        (frame(client_frame::Body::Hello(hello("plaza_dev_nonsense"))), "unauthenticated"),
        (Message::Binary(vec![0; 300 * 1024].into()), "too_large"),
    ];
    for (message, code) in cases {
        let mut socket = open(&server, None, Some(wire::SUBPROTOCOL)).await.unwrap();
        let shown = format!("{message:?}").chars().take(60).collect::<String>();
        let _ = socket.send(message).await;
        assert_eq!(goodbye(&mut socket).await, code, "{shown}");
    }
    let (status, _) = get(&format!("{}/readyz", server.url), None).await;
    assert_eq!(status, 200, "the server goes on");
}

#[tokio::test]
async fn a_page_of_elsewhere_and_another_protocol_are_not_let_in() {
    let server = Server::start().await;
    let status = |result: Result<Socket, Error>| match result {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    };
    let foreign = open(&server, Some("https://evil.example"), Some(wire::SUBPROTOCOL)).await;
    assert_eq!(status(foreign), 403);
    assert_eq!(status(open(&server, None, Some("graphql-ws")).await), 400);
    assert_eq!(status(open(&server, None, None).await), 400);
    assert!(open(&server, Some(&server.url), Some(wire::SUBPROTOCOL)).await.is_ok(), "its own page is");
}

#[tokio::test]
async fn nothing_is_lost_to_a_client_that_misbehaves() {
    let server = Server::start().await;
    let ana = Person::register(&server, "+999000001", "Ana").await;
    let mut ben = Person::register(&server, "+999000002", "Ben").await;
    ana.write(&ben.number, "before").await;
    for _ in 0..20 {
        let mut socket = open(&server, None, Some(wire::SUBPROTOCOL)).await.unwrap();
        let _ = socket.send(Message::Binary(vec![0xff; 64].into())).await;
    }
    ana.write(&ben.number, "after").await;
    assert_eq!(ben.next().await.1, "before");
    assert_eq!(ben.next().await.1, "after");
}

/// Every address of the operator's surface.
const OPERATOR: [(&str, &str); 28] = [
    ("GET", "overview"),
    ("GET", "revenue"),
    ("GET", "charges"),
    ("GET", "charges/x"),
    ("GET", "webhook-deliveries"),
    ("GET", "webhook-deliveries/x"),
    ("POST", "webhook-deliveries/x/resend"),
    ("POST", "webhook-deliveries/replay"),
    ("GET", "webhook-listeners"),
    ("POST", "webhook-listeners"),
    ("POST", "webhook-listeners/x/open"),
    ("POST", "webhook-listeners/x/take"),
    ("POST", "webhook-listeners/x/outcomes"),
    ("GET", "templates"),
    ("POST", "templates/1/approve"),
    ("POST", "templates/1/reject"),
    ("POST", "businesses"),
    ("POST", "businesses/1/credit"),
    ("GET", "businesses/1/messaging-limit"),
    ("POST", "businesses/1/messaging-limit"),
    ("POST", "wabas/1/subscribe"),
    ("POST", "wabas/1/templates"),
    ("GET", "names"),
    ("POST", "numbers/1/name/approve"),
    ("POST", "numbers/1/official/approve"),
    ("POST", "apps/1/codes"),
    ("POST", "apps/1/proof"),
    ("GET", "outbox"),
];

#[tokio::test]
async fn nothing_of_the_operators_is_there_without_the_token() {
    let server = Server::start().await;
    for (method, path) in OPERATOR {
        let url = format!("{}/operator/api/{path}", server.url);
        for token in [None, Some("plaza_op_wrong")] {
            let (status, problem) =
                if method == "GET" { get(&url, token).await } else { post(&url, token, &json!({})).await };
            assert_eq!((status, problem["code"].as_str()), (401, Some("unauthenticated")), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn requests_that_cannot_be_are_problems_with_a_code() {
    let server = Server::start().await;
    let url = |path: &str| format!("{}{path}", server.url);
    let cases = [
        (post(&url("/v1/registrations"), None, &json!({"number": "abc"})).await, 400, "invalid"),
        (post(&url("/v1/registrations"), None, &json!({"nummer": "+999000001"})).await, 400, "invalid"),
        (post(&url("/v1/registrations"), None, &json!([])).await, 400, "invalid"),
        (
            post(&url("/v1/registrations/reg_x/verify"), None, &json!({"code": "1"})).await,
            400,
            "code_expired",
        ),
        (post(&url("/v1/devices"), None, &json!({"registration_token": "x"})).await, 400, "invalid"),
        (get(&url("/operator/api/charges"), Some("wrong")).await, 401, "unauthenticated"),
        (get(&url("/operator/api/charges"), None).await, 401, "unauthenticated"),
        (get(&url("/v1/nowhere"), None).await, 404, "not_found"),
        (post(&url("/_sandbox/clock"), None, &json!({"advance_s": -1})).await, 400, "invalid"),
    ];
    for (at, ((status, problem), wanted, code)) in cases.into_iter().enumerate() {
        assert_eq!((status, problem["code"].as_str()), (wanted, Some(code)), "case {at}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "case {at}: {problem}");
    }
}
