use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

const DELIVERY: (&str, &str) = ("x-plaza-delivery", "whd_0");

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
    Egress::new(EgressPolicy::new(true, &[]).unwrap(), &Tls::default()).unwrap()
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
    let egress = Egress::new(EgressPolicy::default(), &Tls::default()).unwrap();
    let error = egress.post("https://localhost/hook", String::new(), "sha256=0", DELIVERY).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
}

#[tokio::test]
async fn redirects_are_answers_like_any_other() {
    let url = endpoint(
        "HTTP/1.1 301 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let posted = sandbox().post(&url, String::new(), "sha256=0", DELIVERY).await.unwrap();
    assert_eq!(posted.check().unwrap_err().status(), Some(301));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    // More bytes are promised than come, and more come than are read.
    let url = endpoint("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
    let posted = sandbox().post(&url, "{}".to_owned(), "sha256=0", DELIVERY).await.unwrap();
    assert_eq!(posted, Posted { status: 200, body: "hello".to_owned() });
    let broken = endpoint("HTTP/1.1 200 OK\r\ncontent-length: 500000\r\n\r\nhello").await;
    let posted = sandbox().post(&broken, "{}".to_owned(), "sha256=0", DELIVERY).await.unwrap();
    assert_eq!(posted.status, 200, "the status was said");
}

#[tokio::test]
async fn a_broken_connection_is_told_without_the_address() {
    let reset = endpoint("").await;
    let error = sandbox().post(&reset, "{}".to_owned(), "sha256=0", DELIVERY).await.unwrap_err();
    assert!(matches!(error, EgressError::Unreachable(_)), "{error}");
    let error = sandbox()
        .post("http://127.0.0.1:9/hook?secret=1", "{}".to_owned(), "sha256=0", DELIVERY)
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("no connection to the endpoint"), "{error}");
    assert!(!error.to_string().contains("secret"));
}

/// Made by testdata/tls/make.sh.
macro_rules! pem {
    ($name:literal) => {
        include_bytes!(concat!("../../testdata/tls/", $name, ".pem"))
    };
}

/// An endpoint behind TLS that talks only to those who show a certificate of its authority.
async fn guarded_endpoint() -> String {
    let certificate = |pem: &[u8]| CertificateDer::from_pem_slice(pem).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(pem!("authority"))).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate(pem!("endpoint"))],
            PrivateKeyDer::from_pem_slice(pem!("endpoint-key")).unwrap(),
        )
        .unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut head = [0; 4096];
            let _ = socket.read(&mut head).await;
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    format!("https://localhost:{}/hook", address.port())
}

/// A certificate and its key.
type Identity<'a> = (&'a [u8], &'a [u8]);

fn with(identity: Option<Identity<'_>>, authorities: Option<&[u8]>) -> Egress {
    let tls = Tls::new(identity, authorities).unwrap();
    Egress::new(EgressPolicy::new(true, &[]).unwrap(), &tls).unwrap()
}

#[tokio::test]
async fn an_endpoint_that_asks_for_a_certificate_gets_the_operators() {
    let url = guarded_endpoint().await;
    let own: Identity<'_> = (pem!("plaza"), pem!("plaza-key"));
    let impostor: Identity<'_> = (pem!("impostor"), pem!("impostor-key"));
    let authority: Option<&[u8]> = Some(pem!("authority"));
    let plaza = with(Some(own), authority);
    let posted = plaza.post(&url, "{}".to_owned(), "sha256=0", DELIVERY).await.unwrap();
    assert_eq!(posted, Posted { status: 200, body: "ok".to_owned() });
    let asked = plaza.exchange(&url, "{}".to_owned(), "sha256=0", Duration::from_secs(5), 10).await.unwrap();
    assert_eq!(asked, (200, b"ok".to_vec()));
    let handshake = plaza.handshake(&url, "t", "1").await.unwrap_err();
    assert!(matches!(handshake, EgressError::Challenge), "it answered: {handshake}");
    // Whoever serves files learns nothing of the certificate.
    plaza.fetch(&url, 10).await.unwrap_err();
    for (who, egress) in [
        ("nobody", with(None, authority)),
        ("somebody else", with(Some(impostor), authority)),
        ("one who does not trust the endpoint", with(Some(own), None)),
    ] {
        let error = egress.post(&url, "{}".to_owned(), "sha256=0", DELIVERY).await.unwrap_err();
        assert!(matches!(error, EgressError::Unreachable(_)), "{who}: {error}");
    }
}

#[test]
fn certificates_that_cannot_be_used_are_refused_at_once() {
    let (certificate, key): (&[u8], &[u8]) = (pem!("plaza"), pem!("plaza-key"));
    let other: &[u8] = pem!("impostor-key");
    for (what, identity, authorities) in [
        ("no certificate", Some((&b"x"[..], key)), None),
        ("no key", Some((certificate, &b"x"[..])), None),
        ("another's key", Some((certificate, other)), None),
        ("no authority at all", None, Some(&b"x"[..])),
        ("no authority", None, Some(&b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"[..])),
    ] {
        assert!(Tls::new(identity, authorities).is_err(), "{what}");
    }
    assert!(!format!("{:?}", Tls::new(Some((certificate, key)), None).unwrap()).contains("PRIVATE"));
}
