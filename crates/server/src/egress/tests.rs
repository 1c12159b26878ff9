use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn endpoint(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://localhost:{}/hook?secret=1", address.port())
}

fn sandbox() -> Egress {
    Egress::new(EgressPolicy::new(true, &[]).unwrap()).unwrap()
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
    let egress = Egress::new(EgressPolicy::default()).unwrap();
    let error = egress.post("https://localhost/hook", String::new(), "sha256=0").await.unwrap_err();
    assert!(error.is_refused(), "{error}");
}

#[tokio::test]
async fn redirects_are_answers_like_any_other() {
    let url = endpoint(
        "HTTP/1.1 301 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let posted = sandbox().post(&url, String::new(), "sha256=0").await.unwrap();
    assert_eq!(posted.check().unwrap_err().status(), Some(301));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    // More bytes are promised than come, and more come than are read.
    let url = endpoint("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
    let posted = sandbox().post(&url, "{}".to_owned(), "sha256=0").await.unwrap();
    assert_eq!(posted, Posted { status: 200, body: "hello".to_owned() });
    let broken = endpoint("HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\nhello").await;
    let posted = sandbox().post(&broken, "{}".to_owned(), "sha256=0").await.unwrap();
    assert_eq!(posted.status, 200, "the status was said");
}

#[tokio::test]
async fn a_broken_connection_is_told_without_the_address() {
    let reset = endpoint("").await;
    let error = sandbox().post(&reset, "{}".to_owned(), "sha256=0").await.unwrap_err();
    assert!(matches!(error, EgressError::Unreachable(_)), "{error}");
    let error =
        sandbox().post("http://127.0.0.1:9/hook?secret=1", "{}".to_owned(), "sha256=0").await.unwrap_err();
    assert!(error.to_string().starts_with("no connection to the endpoint"), "{error}");
    assert!(!error.to_string().contains("secret"));
}
