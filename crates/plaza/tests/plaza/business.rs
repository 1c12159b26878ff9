//! A business writes to people, and pays once.

use crate::server::{Person, Server, answer};
use plaza_client::view::Ticks;
use serde_json::{Value, json};

#[tokio::test]
async fn a_request_sent_three_times_is_one_message_and_one_charge() {
    let server = Server::start().await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let business = server.business("+4930901820").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let url = format!("{}/v23.0/{}/messages", server.url, business.phone);
        let request = reqwest::Client::new().post(url).header("Idempotency-Key", "order-17");
        let (status, sent) =
            answer(request.json(&business.template_to(&ana.number)), Some(&business.token)).await;
        assert_eq!(status, 200, "{sent}");
        ids.push(sent["messages"][0]["id"].as_str().unwrap().to_owned());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let (conversation, text) = ana.next().await;
    assert_eq!(text, "Hello Ana, your bread is ready.");
    for _ in 0..2 {
        ana.client.mark_read(conversation).await.unwrap();
    }
    // An answer opens the window; when it is there, everything before it is too.
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation, Ticks::Delivered).await;
    let charges = server.operator("charges").await;
    assert_eq!(charges["data"].as_array().unwrap().len(), 1, "{charges}");
    let books = server.verify();
    assert_eq!((books["ok"].as_bool(), books["charges"].as_i64()), (Some(true), Some(1)), "{books}");
    let why =
        server.operator(&format!("charges/{}", charges["data"][0]["charge_id"].as_str().unwrap())).await;
    assert!(
        !why["why"].as_array().unwrap().is_empty() && !why["transfers"].as_array().unwrap().is_empty(),
        "{why}"
    );
    let free = json!({"messaging_product": "whatsapp", "to": ana.number, "text": {"body": "You're welcome"}});
    let (status, sent) = business.post(&format!("{}/messages", business.phone), &free).await;
    assert_eq!(status, 200, "inside the window: {sent}");
    assert_eq!(ana.next().await.1, "You're welcome");
}

#[tokio::test]
async fn what_a_business_may_not_do_is_said_with_its_code() {
    let server = Server::start().await;
    let ana = Person::register(&server, "+999000001", "Ana").await;
    let business = server.business("+4930901820").await;
    let other = server.business("+4930901821").await;
    let messages = format!("{}/messages", business.phone);
    let text = json!({"messaging_product": "whatsapp", "to": ana.number, "text": {"body": "x"}});
    let mut unknown = business.template_to(&ana.number);
    unknown["template"]["name"] = json!("nowhere");
    let mut count = business.template_to(&ana.number);
    count["template"]["components"] = json!([]);
    let cases: [(&str, Value, u16, i64); 5] = [
        ("a closed window", text, 400, 131047),
        ("an unknown template", unknown, 404, 132001),
        ("too few parameters", count, 400, 132000),
        ("not an object", json!([1, 2]), 400, 100),
        ("an unknown number", business.template_to("+999000009"), 400, 131026),
    ];
    for (what, body, status, code) in cases {
        let (given, answer) = business.post(&messages, &body).await;
        assert_eq!((given, answer["error"]["code"].as_i64()), (status, Some(code)), "{what}: {answer}");
    }
    let (status, foreign) = other.post(&messages, &business.template_to(&ana.number)).await;
    assert_eq!((status, foreign["error"]["error_subcode"].as_i64()), (400, Some(33)), "{foreign}");
    let url = format!("{}/v23.0/{messages}", server.url);
    let (status, wrong) = answer(reqwest::Client::new().post(&url).json(&json!({})), Some("nonsense")).await;
    assert_eq!((status, wrong["error"]["code"].as_i64()), (401, Some(190)), "{wrong}");
    let large = reqwest::Client::new().post(&url).body(vec![b' '; 1024 * 1024 + 1]);
    let (status, large) = answer(large, Some(&business.token)).await;
    assert!(status == 413 || status == 400, "{status} {large}");
    assert!(large["error"]["code"].is_i64(), "{large}");
    for address in
        ["http://10.0.0.1/hook", "https://192.168.1.1/", "ftp://x", "http://169.254.169.254/latest"]
    {
        let body = json!({"override_callback_uri": address, "verify_token": "t"});
        let (status, refused) = business.post(&format!("{}/subscribed_apps", business.waba), &body).await;
        assert_eq!(status, 400, "{address}: {refused}");
    }
    assert_eq!(server.operator("charges").await["data"], json!([]));
}
