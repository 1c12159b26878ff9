//! The books, as other people's programs read them: hledger and beancount balance what `plaza ledger export` writes.

use crate::server::{Person, Server};
use plaza_client::view::Ticks;
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What a program says of a text: whether it is content, and its words.
fn judge(program: &str, arguments: &[&str], text: &[u8]) -> (bool, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed, ./x install test brings it: {error}"));
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&words).into_owned())
}

#[tokio::test]
async fn other_programs_balance_the_books() {
    let server = Server::start().await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let business = server.business("+4930901820").await;
    let mut conversation = None;
    for _ in 0..3 {
        let messages = format!("{}/messages", business.phone);
        let (status, sent) = business.post(&messages, &business.template_to(&ana.number)).await;
        assert_eq!(status, 200, "{sent}");
        let (read, _) = ana.next().await;
        ana.client.mark_read(read).await.unwrap();
        conversation = Some(read);
    }
    // When an answer has come, everything before it has.
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation.unwrap(), Ticks::Delivered).await;
    let charges = server.operator("charges").await;
    let paid: i64 = charges["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|charge| charge["amount_micros"].as_i64().unwrap())
        .sum();
    let one = charges["data"][0]["amount_micros"].as_i64().unwrap();
    assert!(one > 0 && paid == 3 * one, "{charges}");
    let dollars = |micros: i64| format!("-{}.{:06} USD", micros / 1_000_000, micros % 1_000_000);
    // An auditor that accepts everything proves nothing: the same books, off by a micro.
    let forged = |books: &str| books.replacen(&dollars(one), &dollars(one + 1), 1);
    let growth = server.operator("earnings").await;
    assert_eq!(growth["currency"], "USD", "{growth}");
    assert_eq!(
        (growth["month_micros"].as_i64(), growth["forecast_micros"].as_i64()),
        (Some(paid), Some(paid))
    );
    let today = growth["days"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (today["paid"]["messages"].as_i64(), today["paid"]["amount_micros"].as_i64()),
        (Some(3), Some(paid))
    );
    assert_eq!(server.operator("earnings?currency=XXX").await["code"], "invalid");

    let journal = server.ledger(&["export", "--format", "hledger"]);
    let (ok, said) = judge("hledger", &["-f", "-", "check"], &journal);
    assert!(ok, "{said}\n{}", String::from_utf8_lossy(&journal));
    let (ok, said) = judge(
        "hledger",
        &["-f", "-", "balance", "revenues", "--depth", "1", "--output-format", "csv"],
        &journal,
    );
    assert!(ok, "{said}");
    assert!(said.contains(&dollars(paid)), "{said}");
    let journal = String::from_utf8(journal).unwrap();
    assert!(!judge("hledger", &["-f", "-", "check"], forged(&journal).as_bytes()).0, "{journal}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.beancount");
    let books = String::from_utf8(server.ledger(&["export", "--format", "beancount"])).unwrap();
    for (text, content) in [(books.clone(), true), (forged(&books), false)] {
        std::fs::write(&file, &text).unwrap();
        let (ok, said) = judge("bean-check", &[file.to_str().unwrap()], b"");
        assert_eq!(ok, content, "{said}\n{text}");
    }

    let code = format!("portfolio:{}:prepaid", charges["data"][0]["portfolio_id"].as_str().unwrap());
    let statement = server.ledger(&["statement", "--account", &code, "--currency", "USD", "--json"]);
    let statement: Value = serde_json::from_slice(&statement).unwrap();
    let lines = statement["lines"].as_array().unwrap();
    assert_eq!((lines.len(), statement["opening_micros"].as_i64()), (4, Some(0)), "{statement}");
    let sum: i64 = lines.iter().map(|line| line["amount_micros"].as_i64().unwrap()).sum();
    assert_eq!(Some(sum), statement["closing_micros"].as_i64(), "{statement}");
    assert_eq!(lines[0]["amount_micros"].as_i64().unwrap() - paid, sum, "{statement}");
    let past = ["statement", "--account", &code, "--currency", "USD", "--to", "2020-01-01", "--json"];
    let before: Value = serde_json::from_slice(&server.ledger(&past)).unwrap();
    assert_eq!(
        (before["lines"].as_array().map(Vec::len), before["closing_micros"].as_i64()),
        (Some(0), Some(0))
    );
}
