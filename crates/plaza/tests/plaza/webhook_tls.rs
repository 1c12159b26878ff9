//! An endpoint behind TLS that lets in only those who show a certificate of its authority.

use crate::endpoint::Endpoint;
use crate::server::{Business, Server, post};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

/// Of the tests of the server; made by make.sh beside it.
fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/testdata/tls").join(format!("{name}.pem"))
}

/// A door before an endpoint: its address.
async fn door(endpoint: &Endpoint) -> String {
    let certificate = |name| CertificateDer::from_pem_file(pem(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate("authority")).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![certificate("endpoint")],
            PrivateKeyDer::from_pem_file(pem("endpoint-key")).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
    let behind = endpoint.url().trim_start_matches("http://").trim_end_matches("/hook").to_owned();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let Ok(mut inside) = acceptor.accept(socket).await else { return };
                let mut endpoint = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut inside, &mut endpoint).await;
            });
        }
    });
    url
}

async fn server(configuration: &str) -> Server {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let file = folder.path().join("plaza.toml");
    std::fs::write(&file, configuration).unwrap();
    let arguments = ["--sandbox".to_owned(), "--config".to_owned(), file.display().to_string()];
    Server::start_in(folder, "server", &arguments).await
}

async fn subscribe(business: &Business, url: &str) -> (u16, Value) {
    let callback = json!({"override_callback_uri": url, "verify_token": "t"});
    business.post(&format!("{}/subscribed_apps", business.waba), &callback).await
}

#[tokio::test]
async fn the_operators_certificate_opens_the_door_of_an_endpoint() {
    let endpoint = Endpoint::open().await;
    let url = door(&endpoint).await;
    let line = |key: &str, name: &str| format!("{key} = {:?}\n", pem(name).display().to_string());
    let authority = line("webhook_authorities_file", "authority");
    let shown =
        line("webhook_certificate_file", "plaza") + &line("webhook_key_file", "plaza-key") + &authority;
    let plaza = server(&shown).await;
    let business = plaza.business("+4930901820").await;
    assert_eq!(subscribe(&business, &url).await, (200, json!({"success": true})));
    let people = format!("{}/_sandbox/people", plaza.url);
    let ana = post(&people, None, &json!({"name": "Ana"})).await.1;
    let message = business.template_to(ana["number"].as_str().unwrap());
    assert_eq!(business.post(&format!("{}/messages", business.phone), &message).await.0, 200);
    endpoint.told_until(|told| told.len() == 3, "sent, delivered, read").await;
    assert!(endpoint.told().iter().all(|told| told.is_signed_with(&business.app_secret)));

    let stranger = server(&authority).await;
    let (status, refused) = subscribe(&stranger.business("+4930901820").await, &url).await;
    assert_eq!(status, 400, "{refused}");
}
