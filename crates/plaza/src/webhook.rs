//! # `plaza webhook`: deliveries, dead letters, and webhooks for a machine that cannot be called
//!
//! What the consoles show of webhook deliveries, for scripts; and `listen`, which brings the webhooks of an account to
//! a program on this machine ([`listen`]). A business asks with an access token that may manage, and sees its own; the
//! operator asks with the operator's token, and sees all.

mod listen;

use crate::{business, output};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use listen::Listen;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// What the operator's tokens begin with, unless they were chosen by hand.
const OPERATOR_PREFIX: &str = "plaza_op_";
/// Rows of one page.
const PAGE_ROWS: usize = 100;

/// Where the server is, and who asks.
#[derive(Debug, Clone, Args)]
struct Access {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An access token of the business, or the operator's token.
    #[arg(long, env = "PLAZA_ACCESS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The operator's token, if it does not begin with plaza_op_. With a sandbox on this machine no token is needed.
    #[arg(long, env = "PLAZA_OPERATOR_TOKEN", hide_env_values = true)]
    operator_token: Option<String>,
    /// The server's data folder, to read the operator's token from.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Deliveries, the latest first.
    List(List),
    /// One delivery with each call that was made for it, and what the endpoint answered.
    Show(Show),
    /// Deliveries that were given up after 7 days.
    DeadLetters(DeadLetters),
    /// Send deliveries again: those that are named, or all dead letters that fit.
    Replay(Replay),
    /// Bring the webhooks of an account to a program on this machine, without an address that can be called.
    Listen(Listen),
}

/// Which deliveries; what is not given narrows nothing.
#[derive(Debug, Clone, Args)]
struct Which {
    /// About this account.
    #[arg(long, value_name = "ID")]
    waba: Option<String>,
    /// For this app.
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// Of this field, for example messages.
    #[arg(long)]
    field: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Pending,
    Delivered,
    Dead,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    which: Which,
    /// In this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// So many at most.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetters {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    which: Which,
    /// So many at most.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    access: Access,
    /// Its id: whd_…
    delivery: String,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    which: Which,
    /// Ids: whd_… Without any, the dead letters.
    #[arg(conflicts_with_all = ["waba", "app", "field"])]
    deliveries: Vec<String>,
}

/// A surface of the server, for whoever has the right token.
#[derive(Debug, Clone)]
struct Console {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer that is no success.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// There is no answer, or none of Plaza's: the server may come back.
    #[error("the server does not answer")]
    Silent(#[source] reqwest::Error),
    /// It is busy, starting or broken: it may be asked again.
    #[error("the server answered {0}")]
    Later(StatusCode),
    /// In the server's words.
    #[error("{0}")]
    Said(String),
}

impl Access {
    async fn console(&self) -> anyhow::Result<Console> {
        let url = self.url.trim_end_matches('/');
        let of = |surface: &str| format!("{url}/{surface}/api");
        let (base, token) = match &self.token {
            Some(token) if !token.starts_with(OPERATOR_PREFIX) => (of("manager"), token.clone()),
            Some(token) => (of("operator"), token.clone()),
            None => {
                let given = self.operator_token.as_deref();
                let token = business::operator_token(url, given, self.data.as_deref()).await;
                (of("operator"), token.context("an access token of the business is needed: --token")?)
            }
        };
        Ok(Console { http: reqwest::Client::new(), base, token })
    }

    fn print(&self, answer: &Value, in_words: impl FnOnce(&Value)) {
        if self.json { output::line(answer) } else { in_words(answer) }
    }
}

impl Console {
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Refused> {
        let request = self.http.request(method, format!("{}/{path}", self.base)).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.map_err(Refused::Silent)?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Refused::Later(status));
        }
        let answer: Value = response.json().await.map_err(Refused::Silent)?;
        if status.is_success() {
            return Ok(answer);
        }
        let detail = answer["detail"].as_str().map_or_else(|| format!("it answered {status}"), str::to_owned);
        Err(Refused::Said(detail))
    }

    async fn get(&self, path: &str) -> Result<Value, Refused> {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Refused> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Deliveries, page by page up to `limit`; the cursor behind the last, if there may be more.
    async fn deliveries(&self, which: &Which, state: Option<State>, limit: usize) -> anyhow::Result<Value> {
        let mut query = String::new();
        let state = state.map(|state| state.as_str().to_owned());
        for (name, value) in
            [("state", &state), ("field", &which.field), ("waba_id", &which.waba), ("app_id", &which.app)]
        {
            if let Some(value) = value {
                let is_word = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if !is_word {
                    bail!("{name}: {value:?} is none");
                }
                query.push('&');
                query.push_str(name);
                query.push('=');
                query.push_str(value);
            }
        }
        let (mut data, mut after) = (Vec::new(), String::new());
        loop {
            let rows = (limit - data.len()).min(PAGE_ROWS);
            if rows == 0 {
                break;
            }
            let page = self.get(&format!("webhook-deliveries?limit={rows}{query}{after}")).await?;
            data.extend(page["data"].as_array().into_iter().flatten().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => {
                    after.clear();
                    break;
                }
            }
        }
        let next = after.strip_prefix("&after=");
        Ok(json!({"data": data, "next": next}))
    }
}

pub(crate) async fn run(command: WebhookCommand) -> anyhow::Result<ExitCode> {
    match command {
        WebhookCommand::List(list) => {
            let console = list.access.console().await?;
            let found = console.deliveries(&list.which, list.state, list.limit).await?;
            list.access.print(&found, |found| table(found, "No deliveries."));
        }
        WebhookCommand::DeadLetters(list) => {
            let console = list.access.console().await?;
            let found = console.deliveries(&list.which, Some(State::Dead), list.limit).await?;
            list.access.print(&found, |found| table(found, "No dead letters."));
        }
        WebhookCommand::Show(show) => {
            let console = show.access.console().await?;
            let found = console.get(&format!("webhook-deliveries/{}", word(&show.delivery)?)).await?;
            show.access.print(&found, describe);
        }
        WebhookCommand::Replay(replay) => {
            let replayed = replayed(&replay).await?;
            replay.access.print(&json!({"replayed": replayed}), |_| {
                output::line(format!("{replayed} on their way again."));
            });
        }
        WebhookCommand::Listen(listen) => return listen::run(listen).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// An id in an address.
fn word(id: &str) -> anyhow::Result<&str> {
    if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(id);
    }
    bail!("{id:?} is no id")
}

async fn replayed(replay: &Replay) -> anyhow::Result<u64> {
    let console = replay.access.console().await?;
    let mut count = 0;
    if replay.deliveries.is_empty() {
        let Which { waba, app, field } = &replay.which;
        let body = json!({"waba_id": waba, "app_id": app, "field": field});
        loop {
            let answer = console.post("webhook-deliveries/replay", &body).await?;
            count += answer["replayed"].as_u64().context("the server's answer has another form")?;
            if answer["is_more"] != true {
                return Ok(count);
            }
        }
    }
    for delivery in &replay.deliveries {
        let path = format!("webhook-deliveries/{}/resend", word(delivery)?);
        console.post(&path, &json!({})).await.with_context(|| delivery.clone())?;
        count += 1;
    }
    Ok(count)
}

fn table(found: &Value, nothing: &str) {
    let rows = found["data"].as_array().map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        output::line(nothing);
    }
    for row in rows {
        let text = |member: &str| row[member].as_str().unwrap_or_default();
        let body = row["body"].as_str().unwrap_or_default();
        output::line(format!(
            "{}  {:9} {:>3} tries  {:26} {}{}{}",
            text("delivery_id"),
            text("state"),
            row["attempts"],
            told(text("field"), body),
            text("url"),
            if row["last_error"].is_string() { "  " } else { "" },
            text("last_error"),
        ));
    }
    if let Some(next) = found["next"].as_str() {
        output::line(format!("There may be more behind {next}: ask with a larger --limit."));
    }
}

fn describe(delivery: &Value) {
    for member in [
        "delivery_id",
        "field",
        "waba_id",
        "url",
        "state",
        "attempts",
        "created_at",
        "next_attempt_at",
        "body",
    ] {
        let value = &delivery[member];
        if !value.is_null() {
            output::line(format!("{member:16} {}", in_words(value)));
        }
    }
    for call in delivery["tries"].as_array().into_iter().flatten() {
        let said =
            ["status", "duration_ms", "error", "answer"].into_iter().filter(|name| !call[*name].is_null());
        let said: Vec<String> = said.map(|name| format!("{name} {}", in_words(&call[name]))).collect();
        output::line(format!("call {:<11} at {}: {}", call["attempt"], call["at"], said.join(", ")));
    }
}

fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a body is about, in two words: `status delivered`, `message text`, or the field.
fn told(field: &str, body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let value = &body["entry"][0]["changes"][0]["value"];
    let status = value["statuses"][0]["status"].as_str().map(|status| format!("status {status}"));
    let message = value["messages"][0]["type"].as_str().map(|kind| format!("message {kind}"));
    status.or(message).unwrap_or_else(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_told_in_two_words() {
        let body = |value: Value| json!({"entry": [{"changes": [{"value": value}]}]}).to_string();
        assert_eq!(told("messages", &body(json!({"statuses": [{"status": "read"}]}))), "status read");
        assert_eq!(told("messages", &body(json!({"messages": [{"type": "text"}]}))), "message text");
        assert_eq!(told("flows", &body(json!({"event": "X"}))), "flows");
        assert_eq!(told("flows", "not JSON"), "flows");
    }

    #[test]
    fn only_ids_go_into_addresses() {
        assert!(word("whd_019a0000000070008000000000000000").is_ok());
        for wrong in ["", "../x", "a b", "a?b"] {
            assert!(word(wrong).is_err(), "{wrong}");
        }
    }
}
