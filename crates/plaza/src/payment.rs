//! `plaza payment`: money that came to the operator's bank, over the surface of a running server.

use crate::business::Server;
use crate::output;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use plaza_protocol::limits::STATEMENT_BYTES_MAX;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum PaymentCommand {
    /// Read a statement of the bank: CAMT.053, or CSV with the columns id,booked_on,amount,currency,reference,payer.
    /// Each entry counts once, however often it is read; what nobody can be found for waits in suspense.
    ImportStatement(ImportStatement),
}

#[derive(Debug, Args)]
pub(crate) struct ImportStatement {
    #[command(flatten)]
    server: Server,
    /// The file.
    file: PathBuf,
}

/// The file, unless it is larger than a statement may be.
fn read(file: &Path) -> anyhow::Result<String> {
    let reading = || format!("reading {}", file.display());
    let most = u64::try_from(STATEMENT_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(reading)?;
    opened.take(most.saturating_add(1)).read_to_end(&mut bytes).with_context(reading)?;
    if bytes.len() > STATEMENT_BYTES_MAX {
        bail!("{} is larger than a statement may be, {} MiB: split it", file.display(), most / 1024 / 1024);
    }
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", file.display()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn show(done: &Value) {
    let count = |member: &str| done[member].as_u64().unwrap_or_default();
    output::line(format!(
        "{} paid something, {} wait in suspense, {} were known.",
        count("matched"),
        count("suspense"),
        count("known")
    ));
    for entry in done["unmatched"].as_array().into_iter().flatten() {
        let amount = plaza_protocol::Micros(entry["amount_micros"].as_i64().unwrap_or_default());
        output::line(format!(
            "  {} {} from {}: {} ({})",
            amount,
            text(&entry["currency"]),
            text(&entry["payer"]),
            text(&entry["why"]),
            text(&entry["entry_id"])
        ));
    }
}

pub(crate) async fn run(command: PaymentCommand) -> anyhow::Result<ExitCode> {
    let PaymentCommand::ImportStatement(wanted) = command;
    let body = json!({"statement": read(&wanted.file)?});
    let done = wanted.server.post("bank-statements", &body).await?;
    if wanted.server.is_json() {
        output::line(done);
    } else {
        show(&done);
    }
    Ok(ExitCode::SUCCESS)
}
