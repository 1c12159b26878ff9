//! The bakery: opened once over the operator's surface, then run by a bot that uses only what every developer has: the
//! Cloud API with an access token, and a webhook.

use super::BAKERY;
use anyhow::{Context as _, bail};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use hmac::{Hmac, KeyInit as _, Mac as _};
use plaza_protocol::Secret;
use plaza_server::DemoBusiness;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(super) const NAME: &str = "Tulip Bakery";
const VERIFY_TOKEN: &str = "tulip";
const TEMPLATE: &str = "order_confirmed";

/// What the bakery's owner keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Account {
    waba_id: String,
    phone_number_id: String,
    app_id: String,
    app_secret: String,
    access_token: String,
}

/// The bot.
#[derive(Debug)]
struct Bot {
    http: reqwest::Client,
    url: String,
    account: Account,
}

/// Opens the bakery, or finds it, and starts its bot. The answer opens its console.
pub(super) async fn open(
    url: &str,
    operator_token: &str,
    folder: &Path,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<DemoBusiness> {
    let http = reqwest::Client::new();
    let file = folder.join("bakery.json");
    let account = match fs::read(&file) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", file.display()))?
        }
        Err(_) => {
            let account = create(&http, url, operator_token).await?;
            fs::write(&file, serde_json::to_vec_pretty(&account)?)?;
            account
        }
    };
    let access_token = Secret(account.access_token.clone());
    let bot = Arc::new(Bot { http, url: url.to_owned(), account });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let callback = format!("http://{}/webhook", listener.local_addr()?);
    let router = Router::new().route("/webhook", get(handshake).post(receive)).with_state(bot.clone());
    tasks.spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    bot.prepare(&callback).await?;
    Ok(DemoBusiness { name: NAME.to_owned(), access_token })
}

async fn create(http: &reqwest::Client, url: &str, operator_token: &str) -> anyhow::Result<Account> {
    let body = json!({"name": NAME, "number": BAKERY, "country": "DE", "currency": "EUR", "credit": "250.00",
        "time_zone": "Europe/Berlin"});
    let request = http.post(format!("{url}/operator/api/businesses")).bearer_auth(operator_token).json(&body);
    let response = request.send().await?;
    if !response.status().is_success() {
        bail!("the bakery could not be opened: {}", response.text().await?);
    }
    Ok(response.json().await?)
}

impl Bot {
    async fn call(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}/v23.0/{path}", self.url)).bearer_auth(token).json(body);
        let response = request.send().await?;
        let ok = response.status().is_success();
        let answer: Value = response.json().await?;
        if !ok {
            bail!("{}", answer["error"]["message"].as_str().unwrap_or("the API refused"));
        }
        Ok(answer)
    }

    /// Points the app's webhook here and makes the template, once.
    async fn prepare(&self, callback: &str) -> anyhow::Result<()> {
        let Account { app_id, app_secret, access_token, waba_id, .. } = &self.account;
        let subscription = json!({"object": "whatsapp_business_account", "callback_url": callback,
            "verify_token": VERIFY_TOKEN, "fields": "messages"});
        self.call(&format!("{app_id}/subscriptions"), &format!("{app_id}|{app_secret}"), &subscription)
            .await?;
        self.call(&format!("{waba_id}/subscribed_apps"), access_token, &json!({})).await?;
        let template = json!({"name": TEMPLATE, "language": "en", "category": "UTILITY", "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Tulip Bakery"},
            {"type": "BODY", "text": "Hello {{1}}, your order {{2}} is ready at the counter from {{3}} on.",
                "example": {"body_text": [["Ana", "T-17", "9:30"]]}},
            {"type": "FOOTER", "text": "Baked on the square"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "On my way"},
                {"type": "QUICK_REPLY", "text": "Later"}]}]});
        // It is there from the second start on.
        let _ = self.call(&format!("{waba_id}/message_templates"), access_token, &template).await;
        Ok(())
    }

    async fn send(&self, message: Value) -> anyhow::Result<Value> {
        let path = format!("{}/messages", self.account.phone_number_id);
        self.call(&path, &self.account.access_token, &message).await
    }

    /// One message of a person.
    async fn answer(&self, message: &Value, name: &str) -> anyhow::Result<()> {
        let from = message["from"].as_str().context("from")?;
        let id = message["id"].as_str().context("id")?;
        self.send(json!({"messaging_product": "whatsapp", "status": "read", "message_id": id,
            "typing_indicator": {"type": "text"}}))
            .await?;
        if message["group_id"].is_string() {
            // People talk among themselves there.
            return Ok(());
        }
        let said = message["text"]["body"].as_str().or_else(|| message["button"]["text"].as_str());
        let said = said.unwrap_or_default().to_lowercase();
        let reply = match said.as_str() {
            text if text.contains("order") => {
                let number: String = id.chars().rev().filter(char::is_ascii_alphanumeric).take(4).collect();
                let values = [name.to_owned(), format!("T-{}", number.to_uppercase()), "9:30".to_owned()];
                let parameters: Vec<Value> =
                    values.iter().map(|text| json!({"type": "text", "text": text})).collect();
                json!({"messaging_product": "whatsapp", "to": from, "type": "template", "template": {
                    "name": TEMPLATE, "language": {"code": "en"},
                    "components": [{"type": "body", "parameters": parameters}]}})
            }
            text if text.contains("hour") || text.contains("open") => {
                text_to(from, "We are open from 6:30 to 18:00, on Sundays until noon.")
            }
            text if text.contains("thank") => {
                json!({"messaging_product": "whatsapp", "to": from, "type": "reaction",
                    "reaction": {"message_id": id, "emoji": "❤️"}})
            }
            text if text.contains("on my way") => text_to(from, "Lovely. Your bread is warm."),
            text if text.contains("later") => text_to(from, "No hurry, we keep it for you until six."),
            _ => text_to(from, "Welcome to Tulip Bakery! Write “order” for bread, or “hours”."),
        };
        self.send(reply).await.map(|_| ())
    }
}

fn text_to(to: &str, body: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}})
}

/// The webhook's handshake.
async fn handshake(Query(query): Query<HashMap<String, String>>) -> (StatusCode, String) {
    let same = query.get("hub.verify_token").is_some_and(|token| token == VERIFY_TOKEN);
    match query.get("hub.challenge").filter(|_| same) {
        Some(challenge) => (StatusCode::OK, challenge.clone()),
        None => (StatusCode::FORBIDDEN, String::new()),
    }
}

/// A call of the webhook: checked, then worked off behind the answer.
async fn receive(State(bot): State<Arc<Bot>>, headers: HeaderMap, body: String) -> StatusCode {
    let given = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("sha256=").and_then(|given| hex::decode(given).ok()).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(bot.account.app_secret.as_bytes()) else {
        return StatusCode::INTERNAL_SERVER_ERROR;
    };
    mac.update(body.as_bytes());
    if mac.verify_slice(&given).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(call) = serde_json::from_str::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    for (message, name) in messages(&call) {
        if let Err(error) = bot.answer(&message, &name).await {
            tracing::warn!(error = format!("{error:#}"), "the demo's bakery could not answer");
        }
    }
    StatusCode::OK
}

/// The messages of a call, each with its sender's name.
fn messages(call: &Value) -> Vec<(Value, String)> {
    let mut messages = Vec::new();
    for entry in call["entry"].as_array().into_iter().flatten() {
        for change in entry["changes"].as_array().into_iter().flatten() {
            let value = &change["value"];
            let name = value["contacts"][0]["profile"]["name"].as_str().unwrap_or("you");
            let new = value["messages"].as_array().into_iter().flatten();
            messages.extend(new.map(|message| (message.clone(), name.to_owned())));
        }
    }
    messages
}
