//! `plaza person store`: what there is to buy, what is bought, buying and ending a renewal in the server's own store.

use super::say::ask_store;
use crate::output;
use clap::Args;
use plaza_protocol::{Micros, PurchaseId};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct Shop {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Buy a plan or an item in the server's own store.
    #[arg(long, value_name = "PLAN", requires = "term", conflicts_with_all = ["cancel", "keep"])]
    buy: Option<String>,
    /// For how long.
    #[arg(long, value_name = "TERM", value_parser = ["month", "year", "once"], requires = "buy")]
    term: Option<String>,
    /// End a subscription with the time that is paid.
    #[arg(long, value_name = "PURCHASE", conflicts_with = "keep")]
    cancel: Option<PurchaseId>,
    /// Let it go on.
    #[arg(long, value_name = "PURCHASE")]
    keep: Option<PurchaseId>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn shop(command: Shop) -> anyhow::Result<ExitCode> {
    let change = match (&command.buy, command.cancel, command.keep) {
        (Some(plan), _, _) => Some(("/orders".to_owned(), json!({"plan": plan, "term": command.term}))),
        (None, Some(id), _) => Some((format!("/purchases/{id}/renewal"), json!({"renews": false}))),
        (None, None, Some(id)) => Some((format!("/purchases/{id}/renewal"), json!({"renews": true}))),
        (None, None, None) => None,
    };
    if let Some((path, body)) = change {
        ask_store(&command.home, path, Some(body)).await?;
    }
    let shop = ask_store(&command.home, String::new(), None).await?;
    Ok(tell(&shop, command.json, lines))
}

/// Prints an answer as JSON or in lines.
pub(super) fn tell(answer: &Value, json: bool, lines: fn(&Value) -> Vec<String>) -> ExitCode {
    if json {
        output::line(answer);
    } else {
        for line in lines(answer) {
            output::line(line);
        }
    }
    ExitCode::SUCCESS
}

pub(super) fn rows<'a>(of: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    of[member].as_array().into_iter().flatten()
}

pub(super) fn word<'a>(of: &'a Value, member: &str) -> &'a str {
    of[member].as_str().unwrap_or_default()
}

/// What there is, and what is bought, in lines.
fn lines(shop: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for plan in rows(shop, "plans") {
        let price = |price: &Value| {
            let amount = Micros(price["amount_micros"].as_i64().unwrap_or_default());
            format!("{amount} {} {}", word(price, "currency"), word(price, "term"))
        };
        let prices: Vec<_> = rows(plan, "prices").map(price).collect();
        lines.push(format!("{}: {} ({})", word(plan, "key"), word(plan, "summary"), prices.join(", ")));
    }
    for bought in rows(shop, "purchases") {
        let ends = if bought["renews"].as_bool() == Some(true) { "renewed by itself" } else { "not renewed" };
        let (plan, state, id) = (word(bought, "plan"), word(bought, "state"), word(bought, "purchase_id"));
        lines.push(format!("{plan}: {state}, {ends} ({id})"));
    }
    lines
}
