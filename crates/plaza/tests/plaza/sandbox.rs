//! What a test of a bot uses: people by HTTP, errors by rule, snapshots, and a world from a file.

use crate::server::{Business, Server, get, post};
use serde_json::{Value, json};
use std::sync::Arc;

const TULIP: &str = "+4930901820";

async fn person(server: &Server, name: &str) -> Value {
    let (status, person) = post(&sandbox(server, "people"), None, &json!({"name": name})).await;
    assert_eq!(status, 200, "{person}");
    person
}

fn sandbox(server: &Server, path: &str) -> String {
    format!("{}/_sandbox/{path}", server.url)
}

async fn says(server: &Server, number: &str, what: Value) -> Value {
    let (status, said) = post(&sandbox(server, &format!("people/{number}/messages")), None, &what).await;
    assert_eq!(status, 200, "{said}");
    said
}

/// What the person got after a cursor; waits for one.
async fn next(server: &Server, number: &str, after: u64) -> Value {
    let number = number.replace('+', "%2B");
    let query = format!("messages?to={number}&after={after}&timeout_s=20");
    let (status, heard) = get(&sandbox(server, &query), None).await;
    assert_eq!((status, heard["messages"].as_array().map(Vec::len)), (200, Some(1)), "{heard}");
    heard["messages"][0].clone()
}

async fn sends(business: &Business, message: Value) -> (u16, Value) {
    business.post(&format!("{}/messages", business.phone), &message).await
}

#[tokio::test]
async fn a_person_writes_reads_and_presses_by_http() {
    let server = Server::start().await;
    let business = server.business(TULIP).await;
    let ana = person(&server, "Ana").await;
    let number = ana["number"].as_str().unwrap();
    assert_eq!(ana["wa_id"], number.trim_start_matches('+'));
    let template = json!({"name": "asked", "language": "en", "category": "UTILITY", "components": [
        {"type": "BODY", "text": "Shall we deliver?"},
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}, {"type": "QUICK_REPLY", "text": "No"}]}]});
    assert_eq!(business.post(&format!("{}/message_templates", business.waba), &template).await.0, 200);
    let question = json!({"messaging_product": "whatsapp", "to": ana["wa_id"], "type": "template",
        "template": {"name": "asked", "language": {"code": "en"}}});
    assert_eq!(sends(&business, question).await.0, 200);
    let asked = next(&server, number, 0).await;
    assert_eq!((&asked["type"], &asked["from"]), (&json!("template"), &json!(TULIP)), "{asked}");
    assert!(asked["text"].as_str().unwrap().contains("Shall we deliver?"), "{asked}");
    let press = json!({"reply_to": asked["message_id"], "answer": {"do": "button", "index": 1}});
    assert!(says(&server, number, press).await["message_id"].is_string());
    let beside = json!({"reply_to": asked["message_id"], "answer": {"do": "button", "index": 7}});
    let path = format!("people/{number}/messages");
    assert_eq!(post(&sandbox(&server, &path), None, &beside).await.1["code"], "invalid");
    let said = says(&server, number, json!({"to": TULIP, "text": "Is there bread?"})).await;
    assert!(said["message_id"].is_string(), "{said}");
    assert_eq!(sends(&business, business.template_to(number)).await.0, 200);
    let second = next(&server, number, asked["cursor"].as_u64().unwrap()).await;
    assert_eq!(second["text"], "Hello Ana, your bread is ready.");
    let none = get(&sandbox(&server, "messages?from=%2B4930901821"), None).await.1;
    assert_eq!(none["messages"], json!([]));
    let (status, nothing) =
        post(&sandbox(&server, "people/+99980000099/messages"), None, &json!({"to": TULIP, "text": "x"}))
            .await;
    assert_eq!((status, nothing["code"].as_str()), (404, Some("not_found")));
    let again = post(&sandbox(&server, "people"), None, &json!({"name": "Ana", "number": number})).await.1;
    assert_eq!(again["account_id"], ana["account_id"], "the same number is the same person");
}

#[tokio::test]
async fn a_rule_refuses_as_the_interface_would() {
    let server = Server::start().await;
    let business = server.business(TULIP).await;
    let ana = person(&server, "Ana").await;
    let rule =
        json!({"path": "*/messages", "method": "POST", "code": 130_429, "times": 2, "details": "slow down"});
    assert_eq!(post(&sandbox(&server, "rules"), None, &rule).await.0, 200);
    let hello = business.template_to(ana["number"].as_str().unwrap());
    for _ in 0..2 {
        let (status, refused) = sends(&business, hello.clone()).await;
        let error = &refused["error"];
        assert_eq!((status, &error["code"]), (400, &json!(130_429)), "{refused}");
        assert_eq!(error["error_data"]["details"], "slow down");
        assert!(error["fbtrace_id"].is_string());
    }
    assert_eq!(sends(&business, hello).await.0, 200);
    next(&server, ana["number"].as_str().unwrap(), 0).await;
    let (_, rules) = get(&sandbox(&server, "rules"), None).await;
    assert_eq!(rules["data"][0]["refused"], 2);
    let wrong = json!({"path": "*", "code": 1, "status": 200});
    assert_eq!(post(&sandbox(&server, "rules"), None, &wrong).await.1["code"], "invalid");
    let cleared = reqwest::Client::new().delete(sandbox(&server, "rules")).send().await.unwrap();
    assert!(cleared.status().is_success());
    assert_eq!(get(&sandbox(&server, "rules"), None).await.1["data"], json!([]));
}

#[tokio::test]
async fn what_came_after_a_snapshot_never_was() {
    let mut server = Server::start().await;
    let business = server.business(TULIP).await;
    let ana = person(&server, "Ana").await;
    let number = ana["number"].as_str().unwrap().to_owned();
    assert_eq!(sends(&business, business.template_to(&number)).await.0, 200);
    next(&server, &number, 0).await;
    // Once this is stored, what was heard before is acknowledged, and charged.
    says(&server, &number, json!({"to": TULIP, "text": "Thanks"})).await;
    let clean = json!({"name": "clean"});
    assert_eq!(post(&sandbox(&server, "snapshot"), None, &clean).await, (200, json!({"success": true})));
    for round in 0..2 {
        says(&server, &number, json!({"to": TULIP, "text": "Hello"})).await;
        server.business("+4930901821").await;
        post(&sandbox(&server, "clock"), None, &json!({"advance_s": 3600})).await;
        assert_eq!(server.operator("charges").await["data"].as_array().unwrap().len(), 1, "round {round}");
        assert_eq!(sends(&business, business.template_to(&number)).await.0, 200);
        let heard = next(&server, &number, 0).await;
        assert_eq!(heard["text"], "Hello Ana, your bread is ready.");
        assert_eq!(post(&sandbox(&server, "restore"), None, &clean).await, (200, json!({"success": true})));
    }
    let nothing = get(&sandbox(&server, "messages"), None).await.1;
    assert_eq!(nothing["messages"], json!([]), "nothing was heard yet");
    assert_eq!(server.business("+4930901821").await.phone.len(), 15, "the number is free again");
    let (status, unknown) = post(&sandbox(&server, "restore"), None, &json!({"name": "other"})).await;
    assert_eq!((status, unknown["code"].as_str()), (400, Some("invalid")), "{unknown}");
    assert_eq!(post(&sandbox(&server, "snapshot"), None, &json!({"name": "../x"})).await.0, 400);
    assert_eq!(server.verify()["ok"], true);
    // It is as good a data folder as any.
    server.kill_and_restart().await;
    assert_eq!(sends(&business, business.template_to(&number)).await.0, 200);
    next(&server, &number, 0).await;
}

#[tokio::test]
async fn a_world_begins_with_what_a_file_says() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let file = folder.path().join("world.json");
    let seed = json!({
        "people": [{"name": "Ana", "number": "+999100001"}],
        "businesses": [{"name": "Tulip", "number": TULIP, "country": "DE", "currency": "EUR", "credit": "10.00",
            "templates": [{"name": "ready", "language": "en", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "Your bread is ready."}]}]}],
    });
    std::fs::write(&file, seed.to_string()).unwrap();
    let arguments = ["--sandbox".to_owned(), "--seed".to_owned(), file.display().to_string()];
    let mut server = Server::start_in(folder.clone(), "server", &arguments).await;
    let (_, world) = get(&sandbox(&server, "world"), None).await;
    let business = &world["businesses"][0];
    assert_eq!((&business["number"], &world["people"][0]["name"]), (&json!(TULIP), &json!("Ana")), "{world}");
    let url = format!("{}/v23.0/{}/messages", server.url, business["phone_number_id"].as_str().unwrap());
    let message = json!({"messaging_product": "whatsapp", "to": "+999100001", "type": "template",
        "template": {"name": "ready", "language": {"code": "en"}}});
    assert_eq!(post(&url, business["access_token"].as_str(), &message).await.0, 200);
    assert_eq!(next(&server, "+999100001", 0).await["text"], "Your bread is ready.");
    server.kill_and_restart().await;
    assert_eq!(get(&sandbox(&server, "world"), None).await.1, world, "the same file again changes nothing");
}

#[tokio::test]
async fn nobody_from_elsewhere_reaches_the_sandbox() {
    let server = Server::start().await;
    let foreign = |request: reqwest::RequestBuilder| request.header("Host", "plaza.example").send();
    let http = reqwest::Client::new();
    for path in ["session", "people", "messages", "rules", "world"] {
        let answer = foreign(http.get(sandbox(&server, path))).await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
    }
    for path in ["clock", "people", "people/+999/messages", "rules", "snapshot", "restore"] {
        let answer = foreign(http.post(sandbox(&server, path)).json(&json!({}))).await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
    }
}
