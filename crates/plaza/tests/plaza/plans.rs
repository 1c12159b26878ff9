//! A business shows who it is and takes a plan; people see the badge while both hold.

use crate::server::{Business, PATIENCE, Person, Server, answer, get, post};
use serde_json::{Value, json};

const PDF: &[u8] = b"%PDF-1.7 an extract of the register";

fn own(server: &Server, path: &str) -> String {
    format!("{}/manager/api/{path}", server.url)
}

async fn upload(server: &Server, business: &Business, kind: &str, file: &[u8]) -> (u16, Value) {
    let url = own(server, &format!("verification/documents?kind={kind}&name=Extract"));
    answer(reqwest::Client::new().post(url).body(file.to_vec()), Some(&business.token)).await
}

/// Whether Ana's client shows the badge, once it does or does not as expected.
async fn badge(ana: &Person, expected: bool) {
    let mut updates = ana.client.updates();
    let seen = async {
        loop {
            let conversations = ana.client.conversations().await.unwrap();
            if conversations.iter().any(|each| each.is_business && each.is_verified == expected) {
                return;
            }
            updates.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
}

#[tokio::test]
async fn the_badge_of_a_business_comes_and_goes_on_open_clients() {
    let server = Server::start().await;
    let (shop, rival) = (server.business("+4930901820").await, server.business("+4930901821").await);
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let sent = shop.post(&format!("{}/messages", shop.phone), &shop.template_to(&ana.number)).await;
    assert_eq!(sent.0, 200, "{}", sent.1);
    ana.next().await;

    let application =
        json!({"legal_name": "Tulip GmbH", "registration_number": "HRB 1", "address": "Berlin"});
    let save = reqwest::Client::new().put(own(&server, "verification")).json(&application);
    assert_eq!(answer(save, Some(&shop.token)).await.0, 200);
    let (status, refused) = post(&own(&server, "verification/submit"), Some(&shop.token), &json!({})).await;
    assert_eq!(
        (status, refused["detail"].as_str()),
        (400, Some("something is missing: document:registration"))
    );
    assert_eq!(upload(&server, &shop, "registration", b"<html>").await.0, 400);
    assert_eq!(upload(&server, &shop, "registration", &vec![b'%'; 10 * 1024 * 1024 + 1]).await.0, 413);
    let (status, paper) = upload(&server, &shop, "registration", PDF).await;
    assert_eq!(status, 201, "{paper}");
    assert_eq!(post(&own(&server, "verification/submit"), Some(&shop.token), &json!({})).await.0, 200);

    let waiting = server.operator("verifications").await;
    let id = waiting["data"][0]["business_id"].as_str().unwrap().to_owned();
    let review = server.operator(&format!("verifications/{id}")).await;
    assert_eq!(
        (review["legal_name"].as_str(), review["documents"][0]["kind"].as_str()),
        (Some("Tulip GmbH"), Some("registration"))
    );
    let file = format!("verification/documents/{}", paper["document_id"].as_str().unwrap());
    let fetch = |url: String, token: String| async move {
        let response = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap())
    };
    let session = get(&format!("{}/_sandbox/session", server.url), None).await.1;
    let operator = session["operator_token"].as_str().unwrap().to_owned();
    let (status, bytes) = fetch(format!("{}/operator/api/{file}", server.url), operator).await;
    assert_eq!((status, &bytes[..]), (200, PDF));
    assert_eq!(fetch(own(&server, &file), rival.token.clone()).await.0, 404, "another's does not exist");
    assert!(!server.everything_written().windows(PDF.len()).any(|part| part == PDF), "it lies encrypted");

    let approve = server.post_operator(&format!("verifications/{id}/approve"), &json!({})).await;
    assert_eq!((approve.0, approve.1["shows_badge"].as_bool()), (200, Some(false)), "{}", approve.1);
    let (status, begun) = post(
        &own(&server, "plan"),
        Some(&shop.token),
        &json!({"plan": "verified", "term": "month", "trial": true}),
    )
    .await;
    assert_eq!((status, begun["status"].as_str()), (201, Some("trialing")), "{begun}");
    badge(&ana, true).await;
    let withdraw = json!({"reason": "IMPERSONATION", "words": "It is somebody else."});
    let withdrawn = server.post_operator(&format!("verifications/{id}/withdraw"), &withdraw).await;
    assert_eq!((withdrawn.0, withdrawn.1["status"].as_str()), (200, Some("withdrawn")));
    badge(&ana, false).await;
    let audit = server.operator("audit").await;
    let steps = audit["data"].as_array().unwrap().iter().filter(|row| row["is_verification"] == true);
    let kinds: Vec<_> = steps.map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["withdrawn", "approved", "submitted", "document_added"]);
    assert_eq!(audit["data"][0]["actor"], "operator:operator");
}

#[tokio::test]
async fn a_plan_that_cannot_be_paid_changes_nothing() {
    let server = Server::start().await;
    let poor = json!({"name": "Tulip", "number": "+4930901820", "country": "DE", "credit": "1.00"});
    let (status, shop) = server.post_operator("businesses", &poor).await;
    assert_eq!(status, 201, "{shop}");
    let token = shop["access_token"].as_str().unwrap();
    let start = async |plan: &str, trial: bool| {
        let body = json!({"plan": plan, "term": "month", "trial": trial});
        post(&own(&server, "plan"), Some(token), &body).await
    };
    let (status, refused) = start("verified", false).await;
    assert_eq!((status, refused["code"].as_str()), (402, Some("insufficient_funds")), "{refused}");
    assert_eq!(start("gold", false).await.0, 404);
    assert_eq!(start("plus", false).await.0, 400);
    assert_eq!(start("verified", true).await.0, 201);
    assert_eq!(start("verified-plus", false).await.0, 409);
    let quote = get(&own(&server, "plan/quote?plan=verified-plus&term=year"), Some(token)).await.1;
    assert_eq!((quote["due_micros"].as_i64(), quote["is_trial"].as_bool()), (Some(0), Some(true)), "{quote}");
    let cancel = post(&own(&server, "plan/cancel"), Some(token), &json!({"when": "now"})).await;
    assert_eq!((cancel.0, cancel.1["status"].as_str()), (200, Some("canceled")), "{}", cancel.1);
    assert_eq!(start("verified", true).await.0, 409, "a trial is had once");
    let shown = get(&own(&server, "plan"), Some(token)).await.1;
    assert_eq!(
        (shown["had_trial"].as_bool(), shown["plans"].as_array().map(Vec::len)),
        (Some(true), Some(3))
    );
    assert_eq!(server.verify()["ok"], true);
}
