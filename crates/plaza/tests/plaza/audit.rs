//! Who did what with money and prices: each act of an operator stands in the audit log under the operator's name, once,
//! with the verification decisions in one list. On both engines.

use crate::server::{Server, get, post};
use serde_json::{Value, json};
use std::sync::Arc;

const ADA: &str = "the-token-of-ada-is-long-enough";

/// A server with a second operator, Ada.
async fn start(database: Option<&str>) -> Server {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let (token, config) = (folder.path().join("ada"), folder.path().join("plaza.toml"));
    std::fs::write(&token, ADA).unwrap();
    let operators = format!("[[operators]]\nname = \"Ada\"\ntoken_file = \"{}\"\n", token.display());
    std::fs::write(&config, operators).unwrap();
    let mut arguments = vec!["--sandbox".to_owned(), "--config".to_owned(), config.display().to_string()];
    if let Some(url) = database {
        arguments.extend(["--database-url".to_owned(), url.to_owned()]);
    }
    Server::start_in(folder, "server", &arguments).await
}

async fn ada(server: &Server, path: &str, body: Value) -> Value {
    let url = format!("{}/operator/api/{path}", server.url);
    let (status, told) = post(&url, Some(ADA), &body).await;
    assert!(status < 300, "{path}: {status} {told}");
    told
}

async fn log(server: &Server, query: &str) -> Value {
    let (status, told) = get(&format!("{}/operator/api/audit?{query}", server.url), Some(ADA)).await;
    assert_eq!(status, 200, "{told}");
    told
}

fn column<'a>(told: &'a Value, member: &str) -> Vec<&'a str> {
    told["data"].as_array().unwrap().iter().map(|row| row[member].as_str().unwrap_or("-")).collect()
}

async fn every_act_has_a_name(database: Option<&str>) {
    let server = start(database).await;
    let at_start = log(&server, "").await;
    assert_eq!(column(&at_start, "kind"), ["plans_imported", "prices_imported"]);
    assert_eq!(column(&at_start, "actor"), ["command line", "command line"]);

    let new =
        json!({"name": "Tulip", "number": "+4930901820", "country": "DE", "currency": "EUR", "credit": "5"});
    let (status, made) = server.post_operator("businesses", &new).await;
    assert_eq!(status, 201, "{made}");
    let id = made["business_id"].as_str().unwrap();
    let credit = json!({"amount": "10.00", "key": "one"});
    for _ in 0..2 {
        ada(&server, &format!("businesses/{id}/credit"), credit.clone()).await;
    }
    let line = json!({"limit": "50.00", "key": "line"});
    for _ in 0..2 {
        ada(&server, &format!("businesses/{id}/credit-line"), line.clone()).await;
    }
    let gift = json!({"amount": "1.00", "days": 30, "note": "welcome", "key": "gift"});
    ada(&server, &format!("businesses/{id}/promo"), gift).await;
    let foreign = json!({"amount": "10.00", "currency": "USD", "rate": "0.9", "key": "dollars"});
    ada(&server, &format!("businesses/{id}/credit"), foreign).await;
    let cap = json!({"scope": "portfolio", "period": "month", "limit": "20.00", "action": "block"});
    ada(&server, &format!("businesses/{id}/caps"), cap).await;
    let rate =
        json!({"jurisdiction": "DE", "effective_from": 4_000_000_000_i64, "ppm": 190_000, "name": "VAT"});
    ada(&server, "tax-rates", rate).await;
    let contract = json!({"portfolio_id": id, "name": "Tulip"});
    ada(&server, "price-books/contracts", contract).await;
    let hold = json!({"days": 7, "reason": "They called."});
    ada(&server, &format!("dunning/{id}/hold"), hold).await;

    let hers = log(&server, "person=Ada").await;
    let acts = [
        "reminders_held",
        "price_book_created",
        "tax_rate",
        "cap_set",
        "exchange",
        "promotional_credit",
        "credit_line",
        "credit",
    ];
    assert_eq!(column(&hers, "kind"), acts, "each once, whatever was asked again");
    assert!(column(&hers, "actor").iter().all(|actor| *actor == "operator:Ada"));
    let of = |told: &Value, kind: &str| {
        told["data"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap().clone()
    };
    let line = of(&hers, "credit_line");
    let details = json!({"limit_micros": 50_000_000, "before_micros": 0, "currency": "EUR"});
    assert_eq!(
        (&line["details"], &line["business_id"], &line["name"]),
        (&details, &json!(id), &json!("Tulip"))
    );
    assert_eq!(of(&hers, "tax_rate")["subject"], "DE");

    // What is refused leaves nothing.
    let (status, _) = post(
        &format!("{}/operator/api/businesses/{id}/promo", server.url),
        Some(ADA),
        &json!({
            "amount": "0.00", "days": 30, "key": "nothing"}),
    )
    .await;
    assert!(status >= 400);
    assert_eq!(log(&server, "person=Ada").await["data"], hers["data"]);

    assert_eq!(column(&log(&server, "kind=credit").await, "actor"), ["operator:Ada", "operator:operator"]);
    let theirs = log(&server, &format!("business_id={id}")).await;
    assert_eq!(column(&theirs, "kind").len(), 8, "seven of hers, and the credit at the opening: {theirs}");
    assert_eq!(log(&server, "until=1000").await["data"], json!([]));
    assert_eq!(log(&server, "from=4100000000").await["data"], json!([]));
    assert_eq!(log(&server, "business_id=12").await["data"], json!([]));

    // Page by page it is the same list.
    let whole = log(&server, "").await;
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let page = log(&server, &format!("limit=4&after={after}")).await;
        pages.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        next.clone_into(&mut after);
    }
    assert_eq!((&json!(pages), pages.len()), (&whole["data"], 11));
    let (status, told) = get(&format!("{}/operator/api/audit?after=x", server.url), Some(ADA)).await;
    assert_eq!(status, 400, "{told}");
    assert_eq!(get(&format!("{}/operator/api/audit", server.url), None).await.0, 401);
}

#[tokio::test]
async fn every_act_has_a_name_on_sqlite() {
    every_act_has_a_name(None).await;
}

#[tokio::test]
async fn every_act_has_a_name_on_postgres() {
    every_act_has_a_name(Some(&plaza_db::testing::postgres_url().await)).await;
}
