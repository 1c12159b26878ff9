//! The surface of the businesses' console: what it lets in, and that a business sees its own and nothing else.

use crate::server::{Business, Person, Server, answer, get, post};
use plaza_client::view::Ticks;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// Every address of the surface.
const ADDRESSES: [(&str, &str); 37] = [
    ("GET", "session"),
    ("GET", "numbers/106540352242922/limits"),
    ("GET", "analytics?account=102290129340398"),
    ("GET", "messages"),
    ("GET", "messages/wamid.AZqJ0hd1cH2Lr0bZ8mXw1A"),
    ("GET", "webhook-deliveries"),
    ("GET", "webhook-deliveries/whd_019a0000000070008000000000000000"),
    ("POST", "webhook-deliveries/whd_019a0000000070008000000000000000/resend"),
    ("POST", "webhook-deliveries/replay"),
    ("GET", "webhook-listeners"),
    ("POST", "webhook-listeners"),
    ("POST", "webhook-listeners/whl_019a0000000070008000000000000000/open"),
    ("POST", "webhook-listeners/whl_019a0000000070008000000000000000/take"),
    ("POST", "webhook-listeners/whl_019a0000000070008000000000000000/outcomes"),
    ("DELETE", "webhook-listeners/whl_019a0000000070008000000000000000"),
    ("GET", "billing"),
    ("POST", "billing/estimate"),
    ("GET", "billing/markets"),
    ("GET", "billing/campaigns"),
    ("GET", "billing/profile"),
    ("POST", "billing/profile"),
    ("GET", "billing/bank-account"),
    ("GET", "billing/invoices"),
    ("GET", "plan"),
    ("POST", "plan"),
    ("POST", "plan/change"),
    ("POST", "plan/cancel"),
    ("POST", "plan/pause"),
    ("GET", "plan/quote?plan=verified&term=month"),
    ("GET", "verification"),
    ("POST", "verification/submit"),
    ("POST", "verification/documents?kind=tax&name=a"),
    ("GET", "verification/documents/00000000-0000-4000-8000-000000000000"),
    ("DELETE", "verification/documents/00000000-0000-4000-8000-000000000000"),
    ("GET", "keys"),
    ("POST", "keys"),
    ("DELETE", "keys/0000000000000000000000000000000000000000000000000000000000000000"),
];

/// An endpoint that repeats the challenge and thanks for events.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|read| read == 1) {
                head.extend_from_slice(&byte);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            let _ = socket.read_exact(&mut body);
            let challenge =
                head.split("hub.challenge=").nth(1).and_then(|rest| rest.split(['&', ' ']).next());
            let said = challenge.unwrap_or("thank you");
            let _ = write!(
                socket,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
                said.len()
            );
        }
    });
    url
}

fn url(server: &Server, path: &str) -> String {
    format!("{}/manager/api/{path}", server.url)
}

async fn ask(server: &Server, method: &str, path: &str, token: Option<&str>) -> (u16, Value) {
    let client = reqwest::Client::new();
    let request = match method {
        "GET" => client.get(url(server, path)),
        "DELETE" => client.delete(url(server, path)),
        _ => client.post(url(server, path)).json(&json!({"name": "x", "scopes": []})),
    };
    answer(request, token).await
}

async fn see(server: &Server, business: &Business, path: &str) -> Value {
    let (status, body) = get(&url(server, path), Some(&business.token)).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

#[tokio::test]
async fn nothing_is_there_without_a_token_of_a_whole_business() {
    let server = Server::start().await;
    let business = server.business("+4930901820").await;
    for (method, path) in ADDRESSES {
        for token in [None, Some("PLZwrong"), Some("")] {
            let (status, problem) = ask(&server, method, path, token).await;
            assert_eq!((status, problem["code"].as_str()), (401, Some("unauthenticated")), "{method} {path}");
        }
    }
    let session = see(&server, &business, "session").await;
    assert_eq!(
        (session["name"].as_str(), session["balance"]["currency"].as_str()),
        (Some("Tulip"), Some("USD"))
    );
    assert_eq!(session["accounts"][0]["id"].as_str(), Some(business.waba.as_str()));
    // A key that may only send opens no console.
    let sends = json!({"name": "Till", "scopes": ["whatsapp_business_messaging"]});
    let (status, made) = post(&url(&server, "keys"), Some(&business.token), &sends).await;
    assert_eq!(status, 201, "{made}");
    for (method, path) in ADDRESSES {
        let (status, problem) = ask(&server, method, path, made["access_token"].as_str()).await;
        assert_eq!((status, problem["code"].as_str()), (403, Some("forbidden")), "{method} {path}");
    }
    let operator = get(&format!("{}/_sandbox/session", server.url), None).await.1;
    let (status, _) = ask(&server, "GET", "session", operator["operator_token"].as_str()).await;
    assert_eq!(status, 401, "the operator's token is none of a business");
    assert_eq!(get(&format!("{}/_sandbox/business", server.url), None).await.0, 404, "there is no demo");
}

#[tokio::test]
async fn a_messages_life_is_told_to_its_business_alone() {
    let server = Server::start().await;
    let (shop, rival) = (server.business("+4930901820").await, server.business("+4930901821").await);
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let callback = json!({"override_callback_uri": endpoint(), "verify_token": "t"});
    assert_eq!(shop.post(&format!("{}/subscribed_apps", shop.waba), &callback).await.0, 200);
    let (status, sent) = shop.post(&format!("{}/messages", shop.phone), &shop.template_to(&ana.number)).await;
    assert_eq!(status, 200, "{sent}");
    let id = sent["messages"][0]["id"].as_str().unwrap();
    let (conversation, _) = ana.next().await;
    ana.client.mark_read(conversation).await.unwrap();
    // When her answer is there, everything before it is too.
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation, Ticks::Delivered).await;

    let log = see(&server, &shop, "messages").await;
    let row = |n: usize, member: &str| log["data"][n][member].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (row(0, "direction"), row(0, "status"), row(0, "kind")),
        ("in".into(), "received".into(), "text".into())
    );
    assert_eq!((row(1, "message_id"), row(1, "status")), (id.to_owned(), "read".into()), "{log}");
    assert_eq!(log["data"][1]["template"]["name"], "ready");
    assert!(log["data"][1]["charge"]["amount_micros"].as_i64().is_some(), "{log}");
    for (query, found) in [
        ("direction=out", 1),
        ("status=received", 1),
        ("person=%2B999000001", 2),
        ("person=%2B999000009", 0),
        ("category=utility&status=read", 1),
        ("category=marketing", 0),
        ("until=1", 0),
        ("limit=1", 1),
    ] {
        let data = see(&server, &shop, &format!("messages?{query}")).await;
        assert_eq!(data["data"].as_array().unwrap().len(), found, "{query}: {data}");
    }
    let first = see(&server, &shop, "messages?limit=1").await;
    let rest =
        see(&server, &shop, &format!("messages?limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest["data"][0]["message_id"].as_str(), Some(id));

    let life = see(&server, &shop, &format!("messages/{id}")).await;
    let steps: Vec<_> =
        life["steps"].as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap()).collect();
    assert_eq!(steps, ["sent", "delivered", "read"]);
    assert!(!life["price"]["why"].as_array().unwrap().is_empty(), "{life}");
    let told = life["steps"][1]["webhooks"][0]["delivery_id"].as_str().unwrap();
    let delivery = see(&server, &shop, &format!("webhook-deliveries/{told}")).await;
    assert!(delivery["body"].as_str().unwrap().contains(id), "{delivery}");
    let (status, _) =
        post(&url(&server, &format!("webhook-deliveries/{told}/resend")), Some(&shop.token), &json!({}))
            .await;
    assert_eq!(status, 200);

    // The rival sees none of it, and cannot tell it from what does not exist.
    assert_eq!(see(&server, &rival, "messages").await["data"], json!([]));
    assert_eq!(see(&server, &rival, "webhook-deliveries").await["data"], json!([]));
    for (method, path) in [
        ("GET", format!("messages/{id}")),
        ("GET", format!("webhook-deliveries/{told}")),
        ("POST", format!("webhook-deliveries/{told}/resend")),
    ] {
        let (status, problem) = ask(&server, method, &path, Some(&rival.token)).await;
        assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")), "{method} {path}");
    }
}

#[tokio::test]
async fn how_much_of_its_limits_a_number_has_used_is_told_to_its_business_alone() {
    let server = Server::start().await;
    let (shop, rival) = (server.business("+4930901820").await, server.business("+4930901821").await);
    let path = format!("numbers/{}/limits", shop.phone);
    let limit = |all: &Value, name: &str| {
        let limits = all["limits"].as_array().unwrap();
        limits.iter().find(|limit| limit["name"] == name).cloned().unwrap_or_else(|| panic!("{name}: {all}"))
    };
    let before = see(&server, &shop, &path).await;
    assert_eq!(before["phone_number_id"], shop.phone.as_str());
    assert_eq!(
        (&before["quality"]["delivered"], &before["quality"]["blocks"]),
        (&json!(0), &json!({"all": 0, "last_day": 0}))
    );
    assert_eq!(
        limit(&before, "numbers"),
        json!({"name": "numbers", "used": 1, "max": 20, "window_s": null, "code": 100})
    );
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    // She was written to first; another template is made; the number's settings are looked at twice.
    let (status, sent) = shop.post(&format!("{}/messages", shop.phone), &shop.template_to(&ana.number)).await;
    assert_eq!(status, 200, "{sent}");
    let (conversation, _) = ana.next().await;
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation, Ticks::Delivered).await;
    let template = json!({"name": "later", "language": "en", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Your bread is late."}]});
    assert_eq!(shop.post(&format!("{}/message_templates", shop.waba), &template).await.0, 200);
    for _ in 0..2 {
        let read = format!("{}/v23.0/{}/settings", server.url, shop.phone);
        assert_eq!(get(&read, Some(&shop.token)).await.0, 200);
    }
    let blocked = json!({"messaging_product": "whatsapp", "block_users": [{"user": ana.number}]});
    assert_eq!(shop.post(&format!("{}/block_users", shop.phone), &blocked).await.0, 200);
    let after = see(&server, &shop, &path).await;
    for (name, more) in [
        ("templates", 1),
        ("template_creations", 1),
        ("management_calls", 3),
        ("blocked_people", 1),
        ("numbers", 0),
    ] {
        let used = |all: &Value| limit(all, name)["used"].as_i64().unwrap();
        assert_eq!(used(&after) - used(&before), more, "{name}: {after}");
    }
    // The rival cannot tell it from a number that does not exist.
    for (token, path) in
        [(&rival.token, path.as_str()), (&shop.token, "numbers/17/limits"), (&shop.token, "numbers/x/limits")]
    {
        let (status, problem) = ask(&server, "GET", path, Some(token)).await;
        assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")), "{path}: {problem}");
    }
}

#[tokio::test]
async fn what_became_of_messages_is_told_to_their_business_alone() {
    let server = Server::start().await;
    let (shop, rival) = (server.business("+4930901820").await, server.business("+4930901821").await);
    let path = format!("analytics?account={}", shop.waba);
    let sum = |of: &Value, member: &str| -> i64 {
        of.as_array().unwrap().iter().map(|row| row[member].as_i64().unwrap()).sum()
    };
    let empty = see(&server, &shop, &path).await;
    assert_eq!(
        (sum(&empty["days"], "sent"), &empty["costs"], &empty["templates"]),
        (0, &json!([]), &json!([]))
    );
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let (status, sent) = shop.post(&format!("{}/messages", shop.phone), &shop.template_to(&ana.number)).await;
    assert_eq!(status, 200, "{sent}");
    let (conversation, _) = ana.next().await;
    ana.client.mark_read(conversation).await.unwrap();
    ana.write("+4930901820", "thanks").await;
    ana.ticks(conversation, Ticks::Delivered).await;
    let id = sent["messages"][0]["id"].as_str().unwrap();
    let charged =
        see(&server, &shop, &format!("messages/{id}")).await["price"]["charge"]["amount_micros"].clone();
    assert!(charged.as_i64().unwrap() > 0);

    let all = see(&server, &shop, &path).await;
    let became = ["sent", "delivered", "read", "failed"].map(|member| sum(&all["days"], member));
    assert_eq!((became, &all["currency"]), ([1, 1, 1, 0], &json!("USD")), "{all}");
    let template = &all["templates"][0];
    assert_eq!(
        (&template["name"], &template["read"], &template["amount_micros"]),
        (&json!("ready"), &json!(1), &charged)
    );
    let cost = &all["costs"][0];
    assert_eq!(
        (&cost["category"], &cost["messages"], &cost["amount_micros"]),
        (&json!("utility"), &json!(1), &charged)
    );
    assert_eq!(all["before"]["sent"], 0);
    // Of a time that is over by then, it is the time before.
    let (until, since) = (all["until"].as_i64().unwrap() + 7200, all["until"].as_i64().unwrap() + 3600);
    let later = see(&server, &shop, &format!("{path}&since={since}&until={until}")).await;
    assert_eq!((sum(&later["days"], "sent"), &later["templates"]), (0, &json!([])));
    let around = format!("{path}&since={}&until={until}", since - 1);
    assert_eq!(see(&server, &shop, &around).await["before"]["sent"], 1);

    for (token, path, expected) in [
        (&rival.token, path.clone(), (404, "not_found")),
        (&shop.token, "analytics?account=17".to_owned(), (404, "not_found")),
        (&shop.token, "analytics?account=x".to_owned(), (404, "not_found")),
        (&shop.token, format!("{path}&since={until}&until={since}"), (400, "invalid")),
    ] {
        let (status, problem) = ask(&server, "GET", &path, Some(token)).await;
        assert_eq!((status, problem["code"].as_str()), (expected.0, Some(expected.1)), "{path}: {problem}");
    }
}

#[tokio::test]
async fn keys_are_shown_once_and_taken_back_at_once() {
    let server = Server::start().await;
    let (shop, rival) = (server.business("+4930901820").await, server.business("+4930901821").await);
    let both = ["whatsapp_business_messaging", "whatsapp_business_management"];
    let new = json!({"name": "Robot", "scopes": both, "expires_in_days": 1});
    let (status, made) = post(&url(&server, "keys"), Some(&shop.token), &new).await;
    assert_eq!(status, 201, "{made}");
    let (key, token) = (made["key_id"].as_str().unwrap(), made["access_token"].as_str().unwrap());
    let list = see(&server, &shop, "keys").await;
    let robot = list["data"].as_array().unwrap().iter().find(|key| key["name"] == "Robot").unwrap();
    assert!(token.ends_with(robot["ending"].as_str().unwrap()) && robot["is_own"] == false, "{list}");
    assert!(!list.to_string().contains(token), "shown once");
    assert_eq!(get(&url(&server, "session"), Some(token)).await.0, 200, "it opens the console");

    let path = format!("keys/{key}");
    assert_eq!(ask(&server, "DELETE", &path, Some(&rival.token)).await.0, 404);
    let (status, problem) = ask(&server, "DELETE", &path, Some(token)).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("invalid")), "not the one in use: {problem}");
    assert_eq!(ask(&server, "DELETE", &path, Some(&shop.token)).await.0, 200);
    assert_eq!(get(&url(&server, "session"), Some(token)).await.0, 401, "at once");
    assert_eq!(ask(&server, "DELETE", "keys/xyz", Some(&shop.token)).await.0, 404);
    for wrong in [
        json!({"name": "", "scopes": both}),
        json!({"name": "x", "scopes": []}),
        json!({"name": "x", "scopes": ["all"]}),
        json!({"name": "x", "scopes": both, "expires_in_days": 0}),
        json!({"name": "x", "scopes": both, "expires_in_days": 3651}),
        json!({"name": "x".repeat(65), "scopes": both}),
    ] {
        let (status, problem) = post(&url(&server, "keys"), Some(&shop.token), &wrong).await;
        assert_eq!((status, problem["code"].as_str()), (400, Some("invalid")), "{wrong}: {problem}");
    }
    for wrong in ["status=lost", "direction=up", "person=abc", "phone_number_id=x", "after=x", "since=x"] {
        let (status, _) = get(&url(&server, &format!("messages?{wrong}")), Some(&shop.token)).await;
        assert_eq!(status, 400, "{wrong}");
    }
}
