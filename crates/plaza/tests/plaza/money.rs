//! Before and after a send over HTTP: what it would cost, what campaigns cost, and what a bank's statement pays.

use crate::server::{Business, Person, Server, get, post};
use plaza_client::view::Ticks;
use serde_json::{Value, json};
use std::process::Command;

fn url(server: &Server, path: &str) -> String {
    format!("{}/manager/api/billing/{path}", server.url)
}

async fn see(server: &Server, business: &Business, path: &str) -> Value {
    let (status, body) = get(&url(server, path), Some(&business.token)).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn ask(server: &Server, business: &Business, path: &str, body: &Value) -> (u16, Value) {
    post(&url(server, path), Some(&business.token), body).await
}

fn seller() -> Value {
    json!({"name": "Plaza Networks", "street": "Platz 1", "postal_code": "10117", "city": "Berlin", "country": "DE",
        "email": "billing@plaza.example", "iban": "DE02120300000000202051", "bic": "BYLADEM1001"})
}

#[tokio::test]
async fn a_send_costs_what_was_estimated_and_stands_in_its_campaign() {
    let server = Server::start().await;
    let (shop, rival) = (server.business("+4930901820").await, server.business("+4930901821").await);
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let idea = |to: &Value| json!({"phone_number_id": shop.phone, "category": "utility", "to": to});
    let (status, before) = ask(&server, &shop, "estimate", &idea(&json!([ana.number, "+999000002"]))).await;
    assert_eq!(status, 200, "{before}");
    assert_eq!(
        (before["audience"]["known"].as_i64(), before["audience"]["unknown"].as_i64()),
        (Some(0), Some(2)),
        "who is on the network is not told: {before}"
    );
    assert_eq!(before["is_affordable"], true);
    let (status, one) = ask(&server, &shop, "estimate", &idea(&json!([ana.number]))).await;
    assert_eq!(status, 200, "{one}");

    assert_eq!(see(&server, &shop, "campaigns").await["data"], json!([]));
    let (status, sent) = shop.post(&format!("{}/messages", shop.phone), &shop.template_to(&ana.number)).await;
    assert_eq!(status, 200, "{sent}");
    let (conversation, _) = ana.next().await;
    ana.client.mark_read(conversation).await.unwrap();
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation, Ticks::Delivered).await;
    let campaigns = see(&server, &shop, "campaigns").await;
    assert_eq!(campaigns["data"][0]["name"], "ready", "{campaigns}");
    assert_eq!(campaigns["data"][0]["amount_micros"], one["amount_micros"], "as it was estimated");
    assert_eq!(see(&server, &rival, "campaigns").await["data"], json!([]), "another's are its own");

    // A tag names the campaign instead of the template, and comes back as it was sent.
    let mut tagged = shop.template_to(&ana.number);
    tagged["biz_opaque_callback_data"] = json!("campaign:Spring 2026;order-17");
    let (status, sent) = shop.post(&format!("{}/messages", shop.phone), &tagged).await;
    assert_eq!(status, 200, "{sent}");
    ana.next().await;
    ana.client.mark_read(conversation).await.unwrap();
    ana.write("+4930901820", "thanks again").await;
    ana.ticks(conversation, Ticks::Delivered).await;
    let campaigns = see(&server, &shop, "campaigns").await;
    let of =
        |name: &str| campaigns["data"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned();
    let messages = |name: &str| of(name).map(|row| row["messages"].clone());
    assert_eq!((messages("ready"), messages("Spring 2026")), (Some(json!(1)), Some(json!(1))), "{campaigns}");

    let (status, theirs) = ask(&server, &rival, "estimate", &idea(&json!([ana.number]))).await;
    assert_eq!(status, 404, "another's number does not exist: {theirs}");
    for (body, words) in [
        (
            json!({"phone_number_id": shop.phone, "category": "utility", "to": ["12", "x"]}),
            "to: 2 are no phone numbers",
        ),
        (json!({"phone_number_id": shop.phone, "category": "lottery", "to": []}), "category"),
        (json!({"phone_number_id": shop.phone, "to": []}), "template_id or category"),
        (json!({"phone_number_id": shop.phone, "category": "utility"}), "to or markets"),
        (
            json!({"phone_number_id": shop.phone, "category": "utility",
                "markets": [{"market": "Germany", "messages": -1}]}),
            "messages",
        ),
    ] {
        let (status, problem) = ask(&server, &shop, "estimate", &body).await;
        let said = problem["detail"].as_str().unwrap_or_default();
        assert!(status == 400 && said.contains(words), "{status} {problem}");
    }
    let markets = see(&server, &shop, "markets").await;
    assert!(markets["data"].as_array().unwrap().contains(&json!("Germany")), "{markets}");
    let many = ask(&server, &shop, "campaigns?period=2026-13", &json!({})).await;
    assert_eq!(many.0, 405);
    let (status, problem) = get(&url(&server, "campaigns?period=2026-13"), Some(&shop.token)).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("invalid")));
}

#[tokio::test]
async fn a_bank_statement_pays_top_ups_and_says_what_it_could_not_match() {
    let server = Server::start().await;
    let shop = server.business("+4930901820").await;
    let (status, problem) = get(&url(&server, "bank-account"), Some(&shop.token)).await;
    assert_eq!(status, 404, "{problem}");
    let client = reqwest::Client::new();
    let session = get(&format!("{}/_sandbox/session", server.url), None).await.1;
    let operator = session["operator_token"].as_str().unwrap();
    let put =
        client.put(format!("{}/operator/api/legal-entity", server.url)).bearer_auth(operator).json(&seller());
    assert_eq!(put.send().await.unwrap().status(), 200);
    assert_eq!(see(&server, &shop, "bank-account").await["iban"], "DE02120300000000202051");

    let wish = json!({"amount": "40.00", "key": "k1", "by_bank_transfer": true});
    let (_, payment) = post(&format!("{}/manager/api/payments", server.url), Some(&shop.token), &wish).await;
    let entry = |amount: &str, name: &str, words: &str| {
        format!(
            "<Ntry><Amt Ccy=\"USD\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-02</Dt>\
             </BookgDt><AcctSvcrRef>{name}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties><Dbtr><Nm>R. Rose</Nm></Dbtr></RltdPties>\
             <RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    };
    let statement = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt><Id>S1</Id>{}{}</Stmt>\
         </BkToCstmrStmt></Document>",
        entry("40.00", "A1", payment["reference"].as_str().unwrap()),
        entry("3.00", "A2", "thank you")
    );
    let file = server.data().join("statement.xml");
    let import = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_plaza"))
            .args(["payment", "import-statement", file.to_str().unwrap(), "--url", &server.url])
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (ok, said) = import(&statement);
    assert!(ok && said.starts_with("1 paid something, 1 wait in suspense, 0 were known."), "{said}");
    assert!(said.contains("3.00 USD from R. Rose: it names no reference"), "{said}");
    let (_, again) = import(&statement);
    assert!(again.starts_with("0 paid something, 0 wait in suspense, 2 were known."), "{again}");
    let hostile = statement.replace("<Document", "<!DOCTYPE D [<!ENTITY a \"b\">]><Document");
    let (ok, said) = import(&hostile);
    assert!(!ok && said.contains("a document type is not taken"), "{said}");
    let large = format!("{statement}{}", " ".repeat(9 * 1024 * 1024));
    let (ok, said) = import(&large);
    assert!(!ok && said.contains("split it"), "{said}");
    let body = json!({"statement": " ".repeat(17 * 1024 * 1024)});
    let (status, problem) = server.post_operator("bank-statements", &body).await;
    assert_eq!((status, problem["code"].as_str()), (413, Some("too_large")), "{problem}");

    let profile = json!({"name": "Tulip GmbH", "street": "Gartenweg 1", "postal_code": "10115", "city": "Berlin",
        "country": "DE", "tax_id": "", "email": "books@tulip.example", "is_tax_inclusive": true});
    let (status, kept) = ask(&server, &shop, "profile", &profile).await;
    assert_eq!(status, 200, "{kept}");
    assert_eq!(kept["profile"]["is_tax_inclusive"], false, "that is the operator's to say");
    assert_eq!(see(&server, &shop, "profile").await["profile"]["city"], "Berlin");
    let late = server.operator("dunning").await;
    assert_eq!((late["steps"].as_array().unwrap().len(), late["late"].as_array().unwrap().len()), (4, 0));
    let session = get(&format!("{}/manager/api/session", server.url), Some(&shop.token)).await.1;
    let hold = format!("dunning/{}/hold", session["business_id"].as_str().unwrap());
    let (status, held) =
        server.post_operator(&hold, &json!({"days": 7, "reason": "They pay on Monday"})).await;
    assert_eq!(status, 200, "{held}");
    let (status, refused) = server.post_operator(&hold, &json!({"days": 0, "reason": "x"})).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("invalid")), "{refused}");
    assert_eq!(server.operator("mails").await["is_configured"], false);
}
