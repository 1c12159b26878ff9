//! `plaza ledger`: the books, straight from the database.

use crate::output;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use plaza_billing::{BillingError, Prices, Verification};
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_protocol::{Ctx, Currency, RandomIds, Timestamp};
use plaza_server::ServerClock;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Replay the books: compute balances, charges, counters, sums and invoices again from what never changes, and
    /// compare. Exit code 1 if something differs.
    #[command(visible_alias = "replay")]
    Verify(Verify),
    /// Write the books as plain-text accounting, so that another program can balance them.
    Export(Export),
    /// Print what moved on one account, with its balance after each line.
    Statement(Statement),
}

/// Where the books are.
#[derive(Debug, Args)]
struct Books {
    /// The data folder of a server with the embedded database.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The PostgreSQL database of a server.
    #[arg(long, env = "PLAZA_DATABASE_URL", value_name = "postgres://…", hide_env_values = true)]
    database_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    books: Books,
    /// Build the sums again that differ: tier_counters, revenue_hours, dashboard. Nothing else is changed.
    #[arg(long)]
    repair: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    books: Books,
    /// For which program.
    #[arg(long, value_enum, default_value_t = Format::Hledger)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Hledger,
    Beancount,
}

#[derive(Debug, Args)]
pub(crate) struct Statement {
    #[command(flatten)]
    books: Books,
    /// The code of the account, such as portfolio:123:prepaid.
    #[arg(long, value_name = "CODE")]
    account: String,
    /// Its currency, such as EUR.
    #[arg(long, value_name = "CODE")]
    currency: Currency,
    /// The first day (UTC), such as 2026-11-01. Without it: from the beginning.
    #[arg(long, value_name = "DAY")]
    from: Option<jiff::civil::Date>,
    /// The last day (UTC). Without it: up to now.
    #[arg(long, value_name = "DAY")]
    to: Option<jiff::civil::Date>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: LedgerCommand) -> anyhow::Result<ExitCode> {
    let ctx = Ctx::system(Arc::new(ServerClock::default()), Arc::new(RandomIds::default()));
    match command {
        LedgerCommand::Verify(asked) => verify(&ctx, asked).await,
        LedgerCommand::Export(asked) => export(&ctx, asked).await,
        LedgerCommand::Statement(asked) => statement(&ctx, asked).await,
    }
}

impl Books {
    async fn open(&self) -> anyhow::Result<Db> {
        match (&self.database_url, &self.data) {
            (Some(url), _) => Ok(Db::open_postgres(url, 1, SERVER_MIGRATIONS).await?),
            (None, Some(data)) => {
                let path = data.join("plaza.db");
                if !path.exists() {
                    bail!("there is no database at {}", path.display());
                }
                Ok(Db::open_sqlite(&path, SERVER_MIGRATIONS).await?)
            }
            (None, None) => bail!("say where the books are: --data DIR or --database-url postgres://…"),
        }
    }
}

async fn verify(ctx: &Ctx, asked: Verify) -> anyhow::Result<ExitCode> {
    let db = asked.books.open().await?;
    let mut verified = verified(ctx, &db).await?;
    let mut repaired = Vec::new();
    if asked.repair && !verified.ok {
        let wrong = verified.clone();
        let repair = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| {
            plaza_billing::repair(ctx, tx, &wrong).await.map_err(ReadError::from)
        };
        let ctx = &ctx.operated_by(plaza_billing::audit::COMMAND_LINE);
        repaired = db.transact(ctx, "ledger.repair", repair).await.context("building the sums again")?;
        verified = self::verified(ctx, &db).await?;
    }
    if asked.json {
        let mut told = serde_json::to_value(&verified)?;
        told["repaired"] = serde_json::to_value(&repaired)?;
        output::line(told);
    } else {
        let verdict = if verified.ok { "The books agree." } else { "The books do NOT agree." };
        output::line(format!("{verdict} {} transfers, {} charges.", verified.transfers, verified.charges));
        if !repaired.is_empty() {
            output::line(format!("Built again: {}.", repaired.join(", ")));
        }
        output::line(format!("{:<18} {:>12} {:>10}", "kind", "checked", "differing"));
        for of in &verified.kinds {
            output::line(format!("{:<18} {:>12} {:>10}", of.kind, of.checked, of.differing));
        }
        verified.differences.iter().for_each(output::line);
    }
    Ok(if verified.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn verified(ctx: &Ctx, db: &Db) -> anyhow::Result<Verification> {
    let verify = async |ctx: &Ctx, tx: &mut plaza_db::Tx| {
        plaza_billing::verify(ctx, tx, &Prices::default()).await.map_err(ReadError::from)
    };
    db.read(ctx, "ledger.verify", verify).await.context("reading the books")
}

async fn export(ctx: &Ctx, asked: Export) -> anyhow::Result<ExitCode> {
    let db = asked.books.open().await?;
    let format = match asked.format {
        Format::Hledger => plaza_ledger::Format::Hledger,
        Format::Beancount => plaza_ledger::Format::Beancount,
    };
    let write = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| {
        plaza_ledger::export(ctx, tx, format, &mut |text| output::text(text)).await.map_err(ReadError::from)
    };
    db.read(ctx, "ledger.export", write).await.context("reading the books")?;
    Ok(ExitCode::SUCCESS)
}

async fn statement(ctx: &Ctx, asked: Statement) -> anyhow::Result<ExitCode> {
    let from = asked.from.map_or(Ok(Timestamp(0)), midnight)?;
    let to = asked.to.map_or(Ok(Timestamp(i64::MAX)), |day| midnight(day.tomorrow()?))?;
    let db = asked.books.open().await?;
    let (code, currency) = (asked.account.clone(), asked.currency);
    let statement = db
        .read(ctx, "ledger.statement", async move |ctx, tx| {
            plaza_ledger::statement(ctx, tx, (&code, currency), (from, to)).await.map_err(ReadError::from)
        })
        .await
        .context("reading the books")?;
    let Some(statement) = statement else {
        bail!(
            "there is no account {} in {currency}: plaza ledger export lists all that there are",
            asked.account
        );
    };
    let at = |at: Timestamp| jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
    if asked.json {
        let lines = statement.lines.iter().map(|line| {
            serde_json::json!({
                "version": line.version, "transfer_id": line.transfer_id, "kind": line.kind.as_str(),
                "other": line.other, "amount_micros": line.amount.0, "balance_micros": line.balance.0,
                "at": at(line.at).to_string(),
            })
        });
        output::line(serde_json::json!({
            "account": asked.account, "currency": currency.code(), "opening_micros": statement.opening.0,
            "closing_micros": statement.closing.0, "lines": lines.collect::<Vec<_>>(),
        }));
    } else {
        output::line(format!("{} in {currency}: {} at the beginning", asked.account, statement.opening));
        for line in &statement.lines {
            output::line(format!(
                "{}  {:>16}  {:>16}  {}",
                at(line.at),
                line.amount,
                line.balance,
                line.other
            ));
        }
        output::line(format!("{} at the end", statement.closing));
    }
    Ok(ExitCode::SUCCESS)
}

/// 00:00 UTC of a day.
fn midnight(day: jiff::civil::Date) -> anyhow::Result<Timestamp> {
    Ok(Timestamp(day.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_microsecond()))
}

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("billing")]
    Billing(#[from] BillingError),
    #[error("the ledger")]
    Ledger(#[from] plaza_ledger::LedgerError),
    #[error("storage")]
    Db(#[from] plaza_db::DbError),
}
