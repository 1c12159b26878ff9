//! With `--seed-ids` the same calls get the same answers, to the byte, and cause the same webhooks.

use crate::endpoint::{Endpoint, Told};
use crate::server::Server;
use serde_json::{Value, json};
use std::sync::Arc;

const TULIP: &str = "+4930901820";

/// A run of the script: what was answered, and how many webhooks had come.
struct Run<'a> {
    server: Server,
    endpoint: &'a Endpoint,
    told_before: usize,
    token: String,
    answers: Vec<String>,
}

impl<'a> Run<'a> {
    async fn start(seed: u64, endpoint: &'a Endpoint) -> Self {
        Self::start_at("127.0.0.1:0", seed, endpoint).await
    }

    async fn start_at(listen: &str, seed: u64, endpoint: &'a Endpoint) -> Self {
        let arguments = ["--sandbox".to_owned(), "--seed-ids".to_owned(), seed.to_string()];
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Server::start_at(listen, folder, "server", &arguments).await;
        let told_before = endpoint.told().len();
        Self { server, endpoint, told_before, token: String::new(), answers: Vec::new() }
    }

    async fn ask(&mut self, request: reqwest::RequestBuilder) -> Value {
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let response = request.send().await.unwrap();
        let trace = response.headers().get("x-fb-trace-id").cloned();
        let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
        self.answers.push(format!("{status} {trace:?} {body}"));
        serde_json::from_str(&body).unwrap_or_default()
    }

    async fn get(&mut self, path: &str) -> Value {
        let request = reqwest::Client::new().get(format!("{}/{path}", self.server.url));
        self.ask(request).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        let request = reqwest::Client::new().post(format!("{}/{path}", self.server.url)).json(&body);
        self.ask(request).await
    }

    /// Waits until so many webhooks of this run have come.
    async fn told(&self, count: usize) {
        let wanted = self.told_before + count;
        self.endpoint.told_until(|told| told.len() >= wanted, "webhooks come").await;
    }

    fn webhooks(&self) -> Vec<Told> {
        self.endpoint.told().split_off(self.told_before)
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member}: {value}"))
}

/// A bot's day: everything waits for what it causes, so that the order is the script's.
async fn script(run: &mut Run<'_>) {
    let session = run.get("_sandbox/session").await;
    run.token = text(&session, "operator_token").to_owned();
    let made =
        run.post("operator/api/businesses", json!({"name": "Tulip", "number": TULIP, "country": "DE"})).await;
    let (waba, phone) = (text(&made, "waba_id").to_owned(), text(&made, "phone_number_id").to_owned());
    run.token = text(&made, "access_token").to_owned();
    let subscribe = json!({"override_callback_uri": run.endpoint.url(), "verify_token": "t"});
    run.post(&format!("v23.0/{waba}/subscribed_apps"), subscribe).await;
    let template = json!({"name": "ready", "language": "en", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Your bread is ready."}]});
    run.post(&format!("v23.0/{waba}/message_templates"), template).await;
    run.told(1).await;
    let ana = run.post("_sandbox/people", json!({"name": "Ana"})).await;
    let number = text(&ana, "number").to_owned();
    let heard = format!("_sandbox/messages?to=%2B{}&timeout_s=20&after=", text(&ana, "wa_id"));
    let ready = json!({"messaging_product": "whatsapp", "to": number, "type": "template",
        "template": {"name": "ready", "language": {"code": "en"}}});
    let messages = format!("v23.0/{phone}/messages");
    run.post(&messages, ready.clone()).await;
    run.told(4).await;
    run.get(&format!("{heard}0")).await;
    // The same again is another message.
    run.post(&messages, ready).await;
    run.told(7).await;
    run.get(&format!("{heard}1")).await;
    let wrong = json!({"messaging_product": "whatsapp", "to": number, "text": {"body": "x"}});
    let refused = run.post(&messages, wrong).await;
    assert!(refused["error"]["fbtrace_id"].is_string(), "{refused}");
    run.post("_sandbox/clock", json!({"advance_s": 90})).await;
    run.post(&format!("_sandbox/people/{number}/messages"), json!({"to": TULIP, "text": "Thanks!"})).await;
    run.told(8).await;
    let answer = json!({"messaging_product": "whatsapp", "to": number, "text": {"body": "You are welcome"}});
    run.post(&messages, answer).await;
    run.told(11).await;
    run.post(&format!("v23.0/{phone}/message_qrdls"), json!({"prefilled_message": "Hi"})).await;
    run.get(&format!("v23.0/{waba}/phone_numbers")).await;
    run.get("manager/api/messages").await;
    run.get("manager/api/webhook-deliveries").await;
    run.token = text(&session, "operator_token").to_owned();
    run.get("operator/api/charges").await;
    run.post("_sandbox/people", json!({"name": "Ben"})).await;
}

#[tokio::test]
async fn two_runs_of_one_seed_are_equal_to_the_byte() {
    let endpoint = Endpoint::open().await;
    let mut first = Run::start(7, &endpoint).await;
    script(&mut first).await;
    let (answers, webhooks) = (first.answers.clone(), first.webhooks());
    // Answers name the server's address: the second one has the same.
    let address = first.server.url.trim_start_matches("http://").to_owned();
    drop(first);
    let mut second = Run::start_at(&address, 7, &endpoint).await;
    script(&mut second).await;
    for (before, after) in answers.iter().zip(&second.answers) {
        assert_eq!(before, after);
    }
    assert_eq!(answers.len(), second.answers.len());
    assert_eq!(webhooks, second.webhooks(), "bodies, signatures, ids of deliveries");
    assert_eq!(webhooks.len(), 11);
    assert!(webhooks.iter().any(|told| told.body.contains("1793610090")), "it is 90 seconds later");

    let mut third = Run::start(8, &endpoint).await;
    let webhooks = second.webhooks();
    script(&mut third).await;
    assert!(answers.iter().zip(&third.answers).any(|(one, other)| one != other), "another seed");
    assert!(webhooks.iter().zip(third.webhooks()).all(|(one, other)| *one != other));
}

#[tokio::test]
async fn after_a_restore_the_same_calls_get_the_same_ids_and_after_a_restart_others() {
    let endpoint = Endpoint::open().await;
    let mut run = Run::start(7, &endpoint).await;
    script(&mut run).await;
    run.post("_sandbox/snapshot", json!({})).await;
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let ana = run.post("_sandbox/people", json!({"name": "Cem"})).await;
        let made = run
            .post(
                "operator/api/businesses",
                json!({"name": "Rose", "number": "+4930901821", "country": "DE"}),
            )
            .await;
        rounds.push((text(&ana, "account_id").to_owned(), text(&made, "access_token").to_owned()));
        run.post("_sandbox/restore", json!({})).await;
    }
    assert_eq!(rounds[0], rounds[1]);
    run.server.kill_and_restart().await;
    let made = run
        .post("operator/api/businesses", json!({"name": "Rose", "number": "+4930901821", "country": "DE"}))
        .await;
    assert_ne!(text(&made, "access_token"), rounds[0].1, "what was drawn before is not drawn again");
}
