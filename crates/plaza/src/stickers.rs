//! `plaza stickers`: the packs of stickers of a running server, over the operator's surface.

use crate::business::Server;
use crate::output;
use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use plaza_billing::stickers::{images_of, read_pack};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The file that says what is in a pack.
const MANIFEST: &str = "pack.toml";

#[derive(Debug, Subcommand)]
pub(crate) enum StickersCommand {
    /// Add the pack in a folder: pack.toml, and the pictures that it names.
    Add(Add),
    /// List the packs.
    List(List),
    /// Remove a pack that was added. What was sent stays with those who have it.
    Remove(Remove),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    server: Server,
    /// The folder.
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    server: Server,
    /// The key of the pack.
    pack: String,
}

pub(crate) async fn run(command: StickersCommand) -> anyhow::Result<ExitCode> {
    match command {
        StickersCommand::Add(Add { server, folder }) => {
            let body = pack_in(&folder).await?;
            let added = server.post("sticker-packs", &body).await?;
            if server.is_json() {
                output::line(&added);
            } else {
                let count = added["stickers"].as_array().map_or(0, Vec::len);
                output::line(format!("{} was added, with {count} stickers.", word(&added, "title")));
            }
        }
        StickersCommand::List(List { server }) => {
            let packs = server.get("sticker-packs").await?;
            if server.is_json() {
                output::line(&packs);
            } else {
                packs["data"].as_array().into_iter().flatten().for_each(|pack| output::line(line(pack)));
            }
        }
        StickersCommand::Remove(Remove { server, pack }) => {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if !pack.bytes().all(is_name) {
                bail!("there is no pack {pack:?}: plaza stickers list has those that were added");
            }
            let removed = server.send(Method::DELETE, &format!("sticker-packs/{pack}"), None).await?;
            if server.is_json() {
                output::line(&removed);
            } else {
                output::line(format!("{pack} was removed."));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn word<'a>(of: &'a Value, member: &str) -> &'a str {
    of[member].as_str().unwrap_or_default()
}

fn line(pack: &Value) -> String {
    let count = pack["stickers"].as_array().map_or(0, Vec::len);
    let own = if pack["is_own"] == true { ", part of Plaza" } else { "" };
    format!("{}\t{}\t{}\t{count} stickers{own}", word(pack, "key"), word(pack, "title"), word(pack, "access"))
}

/// The pack of a folder as the server takes it. What is wrong with it is said before anything is sent.
async fn pack_in(folder: &Path) -> anyhow::Result<Value> {
    let path = folder.join(MANIFEST);
    let manifest =
        tokio::fs::read_to_string(&path).await.with_context(|| format!("reading {}", path.display()))?;
    let mut images = BTreeMap::new();
    for file in images_of(&manifest)? {
        let path = folder.join(&file);
        let bytes = tokio::fs::read(&path).await.with_context(|| format!("reading {}", path.display()))?;
        images.insert(file, bytes);
    }
    read_pack(&manifest, |file| images.get(file).map(Vec::as_slice))?;
    let images = images.iter().map(|(file, bytes)| (file.clone(), json!(STANDARD.encode(bytes))));
    Ok(json!({"manifest": manifest, "images": images.collect::<Map<_, _>>()}))
}
