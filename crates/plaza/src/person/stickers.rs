//! `plaza person stickers`: the packs, and which of them one may send from.

use super::say::ask_stickers;
use super::shop::{rows, tell, word};
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct Stickers {
    /// Where the keys and messages are kept.
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn stickers(command: Stickers) -> anyhow::Result<ExitCode> {
    let packs = ask_stickers(&command.home).await?;
    Ok(tell(&packs, command.json, lines))
}

/// A line a pack, and below it a line for each sticker as `--sticker` wants it.
fn lines(packs: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for pack in rows(packs, "packs") {
        let (key, title) = (word(pack, "key"), word(pack, "title"));
        let plans: Vec<_> = rows(pack, "plans").filter_map(Value::as_str).collect();
        let whose = match (pack["may_use"].as_bool(), plans.as_slice()) {
            (Some(true), _) => "yours".to_owned(),
            (_, []) => "not sold".to_owned(),
            (_, plans) => format!("in {}", plans.join(" or ")),
        };
        lines.push(format!("{title} ({whose})"));
        for sticker in rows(pack, "stickers") {
            let (name, emoji, text) = (word(sticker, "name"), word(sticker, "emoji"), word(sticker, "text"));
            lines.push(format!("  {key}/{name} {emoji} {text}"));
        }
    }
    lines
}
