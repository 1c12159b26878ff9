//! Calls between a business and a person whose device runs here: signals go encrypted, through a server that may die.

use crate::server::{Business, PATIENCE, Server, get, post};
use serde_json::{Value, json};

const TULIP: &str = "+4930901820";
const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
const ANSWER: &str = "v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

/// Somebody of the sandbox, and how far their messages were read.
struct Somebody<'a> {
    server: &'a Server,
    number: String,
    cursor: u64,
}

impl<'a> Somebody<'a> {
    async fn register(server: &'a Server, name: &str) -> Self {
        let url = format!("{}/_sandbox/people", server.url);
        let (status, person) = post(&url, None, &json!({"name": name})).await;
        assert_eq!(status, 200, "{person}");
        Self { server, number: person["number"].as_str().unwrap().to_owned(), cursor: 0 }
    }

    async fn does(&self, what: &str, body: Value) -> Value {
        let url = format!("{}/_sandbox/people/{}/{what}", self.server.url, self.number);
        let (status, done) = post(&url, None, &body).await;
        assert_eq!(status, 200, "{done}");
        done
    }

    /// What comes next, if it is a message or a signal of this kind.
    async fn hears(&mut self, kind: &str) -> Value {
        let (number, after) = (self.number.replace('+', "%2B"), self.cursor);
        let query = format!("messages?to={number}&after={after}&timeout_s=20");
        let (status, heard) = get(&format!("{}/_sandbox/{query}", self.server.url), None).await;
        let first = heard["messages"][0].clone();
        assert_eq!(status, 200, "{heard}");
        let told = first.get("signal").or(first.get("type")).unwrap_or(&Value::Null);
        assert_eq!(told, kind, "{heard}");
        self.cursor = first["cursor"].as_u64().unwrap();
        first
    }
}

async fn takes_calls(business: &Business) {
    // Whoever calls has to hear that the other side picks up.
    let url = format!("{}/manager/api/webhook-listeners", business.url);
    let listener = json!({"waba_id": business.waba, "fields": ["calls"]});
    assert_eq!(post(&url, Some(&business.token), &listener).await.0, 201);
    let settings = json!({"calling": {"status": "ENABLED"}});
    let (status, set) = business.post(&format!("{}/settings", business.phone), &settings).await;
    assert_eq!(status, 200, "{set}");
}

async fn acts(business: &Business, action: &str, call: &str) -> (u16, Value) {
    let request = json!({"messaging_product": "whatsapp", "action": action, "call_id": call,
        "session": {"sdp_type": "answer", "sdp": ANSWER}});
    business.post(&format!("{}/calls", business.phone), &request).await
}

/// The business may call Ana.
async fn ana_allows(business: &Business, ana: &mut Somebody<'_>) {
    takes_calls(business).await;
    ana.does("messages", json!({"to": TULIP, "text": "Hello"})).await;
    let request = json!({"messaging_product": "whatsapp", "to": ana.number, "type": "interactive", "interactive": {
        "type": "call_permission_request", "body": {"text": "May we call you?"},
        "action": {"name": "call_permission_request"}}});
    let path = format!("{}/messages", business.phone);
    // The window opens when the gateway has read what Ana wrote.
    let deadline = std::time::Instant::now() + PATIENCE;
    while business.post(&path, &request).await.0 != 200 {
        assert!(std::time::Instant::now() < deadline, "the window does not open");
    }
    let asked = ana.hears("interactive").await;
    let yes = json!({"do": "calls", "accepted": true, "permanent": true});
    ana.does("messages", json!({"reply_to": asked["message_id"], "answer": yes})).await;
}

async fn connects(business: &Business, ana: &Somebody<'_>) -> String {
    let request = json!({"messaging_product": "whatsapp", "action": "connect", "to": ana.number,
        "session": {"sdp_type": "offer", "sdp": SDP}});
    let path = format!("{}/calls", business.phone);
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let (status, placed) = business.post(&path, &request).await;
        if status == 200 {
            return placed["calls"][0]["id"].as_str().unwrap().to_owned();
        }
        assert_eq!(placed["error"]["code"], 138_006, "{placed}");
        assert!(std::time::Instant::now() < deadline, "the permission does not come");
    }
}

#[tokio::test]
async fn a_business_calls_ana_picks_up_and_a_server_that_dies_in_between_forgets_nothing() {
    let mut server = Server::start().await;
    let business = server.business(TULIP).await;
    let (call, number) = {
        let mut ana = Somebody::register(&server, "Ana").await;
        ana_allows(&business, &mut ana).await;
        let call = connects(&business, &ana).await;
        let offer = ana.hears("offer").await;
        assert_eq!((&offer["sdp"], &offer["from"]), (&json!(SDP), &json!(TULIP)), "{offer}");
        ana.does("calls", json!({"to": TULIP, "call_id": offer["call_id"], "do": "accept", "sdp": ANSWER}))
            .await;
        assert_eq!(ana.hears("accepted").await["here"], true);
        (call, ana.number)
    };
    server.kill_and_restart().await;
    let mut ana = Somebody { server: &server, number, cursor: 0 };
    assert_eq!(acts(&business, "terminate", &call).await.0, 200);
    let ended = ana.hears("ended").await;
    assert_eq!(
        (&ended["outcome"], &ended["is_from_person"]),
        (&json!("completed"), &json!(false)),
        "{ended}"
    );
    let charges = server.operator("charges?limit=100").await;
    let of_calls: Vec<_> =
        charges["data"].as_array().unwrap().iter().filter(|charge| charge["category"] == "call").collect();
    assert_eq!(of_calls.len(), 1, "{charges}");
    let verified = server.verify();
    assert_eq!((&verified["ok"], &verified["differences"]), (&json!(true), &json!([])), "{verified}");
}

#[tokio::test]
async fn a_call_that_nobody_ends_is_over_when_its_time_is() {
    let mut server = Server::start().await;
    let business = server.business(TULIP).await;
    let (call, number) = {
        let mut ana = Somebody::register(&server, "Ana").await;
        ana_allows(&business, &mut ana).await;
        let call = connects(&business, &ana).await;
        let offer = ana.hears("offer").await;
        ana.does("calls", json!({"to": TULIP, "call_id": offer["call_id"], "do": "accept", "sdp": ANSWER}))
            .await;
        ana.hears("accepted").await;
        (call, ana.number)
    };
    server.kill_and_restart().await;
    let clock = format!("{}/_sandbox/clock", server.url);
    assert_eq!(post(&clock, None, &json!({"advance_s": 100})).await.0, 200);
    let mut ana = Somebody { server: &server, number, cursor: 0 };
    assert_eq!(ana.hears("ended").await["outcome"], "lost");
    assert_eq!(acts(&business, "terminate", &call).await.0, 200, "it is over");
    assert_eq!(server.verify()["ok"], true);
}

#[tokio::test]
async fn ana_calls_a_business_that_picks_up_and_one_that_takes_no_calls() {
    let server = Server::start().await;
    let business = server.business(TULIP).await;
    let mut ana = Somebody::register(&server, "Ana").await;
    let start = json!({"to": TULIP, "do": "start", "sdp": SDP});
    ana.does("calls", start.clone()).await;
    assert_eq!(ana.hears("ended").await["outcome"], "closed");
    takes_calls(&business).await;
    let call = ana.does("calls", start).await["call_id"].as_str().unwrap().to_owned();
    // By the person, for want of a webhook that would tell the id.
    let request = json!({"messaging_product": "whatsapp", "action": "accept", "to": ana.number,
        "session": {"sdp_type": "answer", "sdp": ANSWER}});
    let deadline = std::time::Instant::now() + PATIENCE;
    while business.post(&format!("{}/calls", business.phone), &request).await.0 != 200 {
        assert!(std::time::Instant::now() < deadline, "it does not ring");
    }
    assert_eq!(ana.hears("answer").await["sdp"], ANSWER);
    assert_eq!(ana.hears("accepted").await["call_id"], json!(call));
    ana.does("calls", json!({"to": TULIP, "call_id": call, "do": "hang_up"})).await;
    let ended = ana.hears("ended").await;
    assert_eq!((&ended["outcome"], &ended["is_from_person"]), (&json!("completed"), &json!(true)), "{ended}");
    assert_eq!(server.operator("charges?limit=100").await["data"], json!([]), "calls of people are free");
}
