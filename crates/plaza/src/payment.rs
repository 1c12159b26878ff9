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
    /// Say that money of the bank is what a store paid out, and what it was for: that the store's account returns to zero.
    /// With a report of the store, what that says is taken; without `--book` it is only shown.
    Payout(StorePayout),
}

#[derive(Debug, Args)]
pub(crate) struct ImportStatement {
    #[command(flatten)]
    server: Server,
    /// The file.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct StorePayout {
    #[command(flatten)]
    server: Server,
    /// The entry of the bank that waits in suspense.
    entry: String,
    /// apple, google; with a report it says so itself.
    #[arg(long)]
    store: Option<String>,
    /// Apple's financial report (Single File) or Google's earnings report.
    #[arg(long, conflicts_with = "part")]
    report: Option<PathBuf>,
    /// What it settles in one currency: CURRENCY:SETTLED:PAID[:WITHHELD[:ARRIVED]], such as EUR:85.00:84.00:1.00. ARRIVED is
    /// what came to the bank for it, if that has another currency.
    #[arg(long)]
    part: Vec<String>,
    /// What banks kept on the way.
    #[arg(long, default_value = "0")]
    bank_fee: String,
    /// Book what the report says.
    #[arg(long, requires = "report")]
    book: bool,
}

/// A part as it stands on the command line.
fn part(text: &str) -> anyhow::Result<Value> {
    let names = ["currency", "settled", "paid", "withheld", "arrived"];
    let values: Vec<&str> = text.split(':').collect();
    if !(3..=names.len()).contains(&values.len()) {
        bail!(
            "--part {text}: CURRENCY:SETTLED:PAID[:WITHHELD[:ARRIVED]] is expected, such as EUR:85.00:85.00"
        );
    }
    Ok(names
        .iter()
        .zip(values)
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into())
}

fn micros(value: &Value) -> plaza_protocol::Micros {
    plaza_protocol::Micros(value.as_i64().unwrap_or_default())
}

/// What a report says, as the parts of a payout.
fn parts_of(told: &Value) -> Vec<Value> {
    let parts = told["parts"].as_array().into_iter().flatten();
    let parts = parts.map(|part| {
        let mut of = json!({
            "currency": part["currency"], "settled": micros(&part["expected_micros"]).to_string(),
            "paid": micros(&part["paid_micros"]).to_string(),
        });
        if !part["arrived_micros"].is_null() {
            of["arrived"] = json!(micros(&part["arrived_micros"]).to_string());
        }
        of
    });
    parts.collect()
}

async fn payout(wanted: &StorePayout) -> anyhow::Result<()> {
    let (mut store, mut parts) = (wanted.store.clone(), Vec::new());
    if let Some(file) = &wanted.report {
        let told = wanted.server.post("store-reports", &json!({"report": read(file)?})).await?;
        let whose = told["store"].as_str().unwrap_or_default();
        if let Some(named) = store.as_deref().filter(|named| *named != whose) {
            anyhow::bail!("--store {named}: the report is one of {whose}");
        }
        store = Some(whose.to_owned());
        parts = parts_of(&told);
        for part in told["parts"].as_array().into_iter().flatten() {
            output::line(format!(
                "{}: {} expected, {} paid by {}",
                text(&part["currency"]),
                micros(&part["expected_micros"]),
                micros(&part["paid_micros"]),
                text(&told["store"])
            ));
        }
        for part in told["other"].as_array().into_iter().flatten() {
            output::line(format!(
                "{}: {} paid by {whose}, in a currency that the books do not have; what arrived of it: {}",
                text(&part["currency"]),
                micros(&part["paid_micros"]),
                part["arrived_micros"].as_i64().map_or_else(
                    || "not said".to_owned(),
                    |amount| plaza_protocol::Micros(amount).to_string()
                )
            ));
        }
        if !wanted.book {
            output::line("Nothing is booked yet: add --book, or name the parts with --part.");
            return Ok(());
        }
    }
    for text in &wanted.part {
        parts.push(part(text)?);
    }
    let store = store.context("--store: which store paid?")?;
    let body = json!({"store": store, "bank_fee": wanted.bank_fee, "parts": parts});
    let done = wanted.server.post(&format!("suspense/{}/payout", wanted.entry), &body).await?;
    if wanted.server.is_json() {
        output::line(done);
        return Ok(());
    }
    for part in done["parts"].as_array().into_iter().flatten() {
        output::line(format!(
            "{}: {} settled: {} paid, {} withheld, {} more commission than was booked",
            text(&part["currency"]),
            micros(&part["settled_micros"]),
            micros(&part["paid_micros"]),
            micros(&part["withheld_micros"]),
            micros(&part["commission_micros"])
        ));
    }
    Ok(())
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
    let wanted = match command {
        PaymentCommand::ImportStatement(wanted) => wanted,
        PaymentCommand::Payout(wanted) => {
            payout(&wanted).await?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let body = json!({"statement": read(&wanted.file)?});
    let done = wanted.server.post("bank-statements", &body).await?;
    if wanted.server.is_json() {
        output::line(done);
    } else {
        show(&done);
    }
    Ok(ExitCode::SUCCESS)
}
