//! A month becomes an invoice: closed and settled by the operator on the command line, fetched by the business.

use crate::server::{Business, PATIENCE, Person, Server, answer, get, post};
use plaza_client::view::Ticks;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub(crate) fn plaza(server: &Server, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_plaza"))
        .arg("invoice")
        .args(arguments)
        .args(["--url", &server.url, "--json"])
        .output()
        .unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

pub(crate) fn plaza_json(server: &Server, arguments: &[&str]) -> Value {
    let (ok, said) = plaza(server, arguments);
    assert!(ok, "{arguments:?}: {said}");
    serde_json::from_str(&said).unwrap()
}

async fn file(server: &Server, business: &Business, path: &str) -> (u16, String, Vec<u8>) {
    let url = format!("{}/manager/api/billing/invoices/{path}", server.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(&business.token).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.bytes().await.unwrap().to_vec())
}

fn write(folder: &Path, name: &str, value: &Value) -> String {
    let path = folder.join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path.display().to_string()
}

/// A mail server that takes everything; what came, mail by mail.
async fn mail_server() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (tell, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take_mails(stream, tell.clone()));
        }
    });
    (url, mails)
}

async fn take_mails(stream: TcpStream, tell: mpsc::UnboundedSender<String>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 sink\r\n").await.unwrap();
    let mut data: Option<String> = None;
    while let Ok(Some(line)) = lines.next_line().await {
        let said = match (&mut data, line.split(' ').next().unwrap_or_default()) {
            (Some(mail), ".") => {
                tell.send(std::mem::take(mail)).unwrap();
                data = None;
                "250 taken"
            }
            (Some(mail), _) => {
                mail.push_str(&line);
                mail.push('\n');
                continue;
            }
            (None, "EHLO") => "250 sink",
            (None, "DATA") => {
                data = Some(String::new());
                "354 go on"
            }
            (None, "QUIT") => {
                write.write_all(b"221 bye\r\n").await.unwrap();
                return;
            }
            (None, _) => "250 ok",
        };
        write.write_all(format!("{said}\r\n").as_bytes()).await.unwrap();
    }
}

/// The bytes of the file that goes along.
fn attachment(mail: &str) -> Vec<u8> {
    use base64::Engine as _;
    let (_, part) = mail.split_once("Content-Disposition: attachment").unwrap();
    let (_, body) = part.split_once("\n\n").unwrap();
    let encoded: String = body.lines().take_while(|line| !line.starts_with("--")).collect();
    base64::engine::general_purpose::STANDARD.decode(encoded).unwrap()
}

#[tokio::test]
async fn a_month_is_closed_fetched_credited_and_stays_as_it_was() {
    let (smtp, mut mails) = mail_server().await;
    let home = Arc::new(tempfile::tempdir().unwrap());
    let config = home.path().join("plaza.toml");
    std::fs::write(&config, format!("[mail]\nsmtp = \"{smtp}\"\nfrom = \"Plaza <billing@plaza.example>\"\n"))
        .unwrap();
    let arguments = ["--sandbox".to_owned(), "--config".to_owned(), config.display().to_string()];
    let server = Server::start_in(home, "server", &arguments).await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let business = server.business("+4930901820").await;
    let other = server.business("+4930901821").await;
    assert_eq!(
        business.post(&format!("{}/messages", business.phone), &business.template_to(&ana.number)).await.0,
        200
    );
    let (conversation, _) = ana.next().await;
    ana.client.mark_read(conversation).await.unwrap();
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation, Ticks::Delivered).await;
    let charge = server.operator("charges").await["data"][0].clone();
    let portfolio = charge["portfolio_id"].as_str().unwrap().to_owned();
    let delivered = jiff::Timestamp::from_second(charge["delivered_at"].as_i64().unwrap()).unwrap();
    let month = delivered.strftime("%Y-%m").to_string();

    let folder = tempfile::tempdir().unwrap();
    let party = json!({"name": "Plaza Networks GmbH", "street": "Marktplatz 1", "postal_code": "10115",
        "city": "Berlin", "country": "DE", "tax_id": "DE123456789", "email": "billing@plaza.example"});
    plaza_json(&server, &["seller", &write(folder.path(), "seller.json", &party)]);
    let (ok, said) = plaza(&server, &["close", "--month", &month]);
    assert!(!ok && said.contains("has not ended"), "{said}");
    let (ok, said) = plaza(&server, &["close", "--month", "2026-13"]);
    assert!(!ok && said.contains("a month such as 2026-11 is needed"), "{said}");
    let clock = format!("{}/_sandbox/clock", server.url);
    assert_eq!(post(&clock, None, &json!({"advance_s": 40 * 86_400})).await.0, 200);
    let closed = plaza_json(&server, &["close", "--month", &month]);
    assert!(closed["waiting"][0]["why"].as_str().unwrap().contains("no address"), "{closed}");
    let buyer = json!({"name": "Tulip Bakery", "street": "Gracht 7", "postal_code": "1015", "city": "Amsterdam",
        "country": "NL", "tax_id": "NL001234567B01", "email": "books@tulip.example"});
    plaza_json(&server, &["buyer", "--portfolio", &portfolio, &write(folder.path(), "buyer.json", &buyer)]);
    let closed = plaza_json(&server, &["close", "--month", &month]);
    // The housekeeping of the server may have closed it a moment before.
    assert_eq!(closed["waiting"], json!([]), "{closed}");
    let list = plaza_json(&server, &["list", "--month", &month]);
    let id = list["data"][0]["invoice_id"].as_str().unwrap().to_owned();
    let invoice = plaza_json(&server, &["show", &id]);
    assert_eq!((&invoice["status"], &invoice["buyer"]), (&json!("paid"), &json!("Tulip Bakery")));
    assert_eq!(invoice["charges_micros"], charge["amount_micros"]);
    assert_eq!(invoice["lines"][0]["quantity"], 1);

    // The business sees its own, with all files; nobody else does.
    let url = format!("{}/manager/api/billing/invoices", server.url);
    let (_, own) = get(&url, Some(&business.token)).await;
    assert_eq!(own["data"][0]["number"], invoice["number"]);
    assert_eq!(get(&url, Some(&other.token)).await.1["data"], json!([]));
    assert_eq!(get(&format!("{url}/{id}"), Some(&other.token)).await.0, 404);
    assert_eq!(get(&format!("{url}/{id}/pdf"), Some(&other.token)).await.0, 404);
    for (path, kind, begins) in [
        ("pdf", "application/pdf", "%PDF-"),
        ("xml", "application/xml", "<?xml"),
        ("csv", "text/csv", "charge_id,"),
        ("parquet", "application/vnd.apache.parquet", "PAR1"),
    ] {
        let (status, told, bytes) = file(&server, &business, &format!("{id}/{path}")).await;
        assert_eq!((status, told.as_str()), (200, kind), "{path}");
        assert!(bytes.starts_with(begins.as_bytes()), "{path}");
    }
    let pdf = file(&server, &business, &format!("{id}/pdf")).await.2;
    use sha2::Digest as _;
    assert_eq!(invoice["pdf_sha256"], hex::encode(sha2::Sha256::digest(&pdf)));
    assert_eq!(file(&server, &business, &format!("{id}/docx")).await.0, 404);
    let number = invoice["number"].as_str().unwrap();
    let mail = timeout(PATIENCE, mails.recv()).await.unwrap().unwrap();
    assert!(mail.contains("To: books@tulip.example"), "{mail}");
    assert!(mail.contains(&format!("filename=\"{number}.pdf\"")), "{mail}");
    assert_eq!(attachment(&mail), pdf, "the mail brings the same bytes");

    // A business can neither credit nor pay by itself; the operator credits once.
    let credit = format!("{}/operator/api/invoices/{id}/credit", server.url);
    let request = reqwest::Client::new().post(&credit).json(&json!({"reason": "x", "key": "x"}));
    assert_eq!(answer(request, Some(&business.token)).await.0, 401);
    let total = invoice["total_minor"].as_i64().unwrap();
    let more = (total + 1).to_string();
    let (ok, said) = plaza(&server, &["credit", &id, "--amount", &more, "--reason", "x", "--key", "a"]);
    assert!(!ok && said.contains("above the rest"), "{said}");
    for _ in 0..2 {
        let credited = plaza_json(&server, &["credit", &id, "--reason", "Sent by mistake", "--key", "a"]);
        assert_eq!(credited["credited_minor"], total);
        assert_eq!(credited["credit_notes"].as_array().unwrap().len(), 1);
    }
    let note = plaza_json(&server, &["show", &id])["credit_notes"][0]["number"].as_str().unwrap().to_owned();
    assert!(file(&server, &business, &format!("{id}/{note}.pdf")).await.2.starts_with(b"%PDF-"));
    let mail = timeout(PATIENCE, mails.recv()).await.unwrap().unwrap();
    assert!(mail.contains(&format!("filename=\"{note}.pdf\"")), "{mail}");
    assert!(attachment(&mail).starts_with(b"%PDF-"));
    let (ok, said) = plaza(&server, &["pay", &id, "--amount", "1", "--reference", "SEPA 1"]);
    assert!(!ok && said.contains("the invoice has ended"), "{said}");
    let books = server.verify();
    assert_eq!(books["ok"], true, "{books}");
}
