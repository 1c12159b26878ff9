//! `plaza prices`: a price change from the export of a version to its publication.

use crate::server::Server;
use serde_json::Value;
use std::process::{Command, Output};

/// Runs `plaza prices` against a server.
fn prices(server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plaza"));
    command.arg("prices").args(arguments).args(["--url", &server.url]).output().unwrap()
}

fn json(server: &Server, arguments: &[&str]) -> Value {
    let output = prices(server, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_change_is_drafted_compared_and_published() {
    let server = Server::start().await;
    let books = json(&server, &["list"]);
    let books = books["data"].as_array().unwrap();
    let list = books.iter().find(|book| book["kind"] == "list" && book["currency"] == "USD").unwrap();
    let book = list["price_book_id"].as_str().unwrap();
    let versions = json(&server, &["list", "--book", book]);
    let version = versions["versions"][2]["price_version_id"].as_str().unwrap();
    let exported = json(&server, &["export", "--book", book, "--price-version", version]);
    let exported = exported["csv"].as_str().unwrap();
    // Far enough ahead for the notice, whatever the day of the test.
    let next = exported.replace("2026-10-01,", "2199-01-01,");
    let changed = next.replace("Germany,USD,utility,0,0.055\n", "Germany,USD,utility,0,0.07\n");
    let file = server.data().join("prices.csv");
    std::fs::write(&file, changed.replace("0.07\n", "\"0,07\"\n")).unwrap();
    let refused = prices(&server, &["import", "--book", book, file.to_str().unwrap()]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("price: decimals have a point: 0.0550"), "{said}");
    std::fs::write(&file, &changed).unwrap();
    let draft = json(&server, &["import", "--book", book, file.to_str().unwrap()]);
    let draft = draft["price_version_id"].as_str().unwrap();
    let changes = json(&server, &["diff", "--draft", draft]);
    let is_utility = |change: &&Value| {
        change["market"] == "Germany" && change["category"] == "utility" && change["tier_from"] == 0
    };
    let change = changes["data"].as_array().unwrap().iter().find(is_utility).unwrap();
    assert_eq!(
        (change["before_micros"].as_i64(), change["after_micros"].as_i64()),
        (Some(55_000), Some(70_000))
    );
    let preview = json(&server, &["preview", "--draft", draft, "--period", "202610"]);
    assert_eq!(
        (preview["currency"].as_str(), preview["data"].as_array().map(Vec::len)),
        (Some("USD"), Some(0))
    );
    assert_eq!(json(&server, &["publish", "--draft", draft])["price_version_id"], draft);
    let published = prices(&server, &["export", "--book", book, "--price-version", draft]);
    assert_eq!(String::from_utf8(published.stdout).unwrap(), changed);
    let again = prices(&server, &["publish", "--draft", draft]);
    assert!(!again.status.success(), "it is published once");
}
