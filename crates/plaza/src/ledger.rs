//! `plaza ledger`: the books, straight from the database.

use crate::output;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use plaza_billing::{BillingError, Prices};
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_protocol::{Ctx, RandomIds};
use plaza_server::ServerClock;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Check that balances, transfers and charges agree. Exit code 1 if they do not.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The data folder of a server with the embedded database.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The PostgreSQL database of a server.
    #[arg(long, env = "PLAZA_DATABASE_URL", value_name = "postgres://…", hide_env_values = true)]
    database_url: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(LedgerCommand::Verify(verify): LedgerCommand) -> anyhow::Result<ExitCode> {
    let ctx = Ctx::system(Arc::new(ServerClock::default()), Arc::new(RandomIds::default()));
    let db = match (&verify.database_url, &verify.data) {
        (Some(url), _) => Db::open_postgres(url, 1, SERVER_MIGRATIONS).await?,
        (None, Some(data)) => {
            let path = data.join("plaza.db");
            if !path.exists() {
                bail!("there is no database at {}", path.display());
            }
            Db::open_sqlite(&path, SERVER_MIGRATIONS).await?
        }
        (None, None) => bail!("say where the books are: --data DIR or --database-url postgres://…"),
    };
    let verified = db
        .read(&ctx, "ledger.verify", async |ctx, tx| {
            plaza_billing::verify(ctx, tx, &Prices::default()).await.map_err(VerifyError::from)
        })
        .await
        .context("reading the books")?;
    if verify.json {
        output::line(serde_json::to_string(&verified)?);
    } else {
        let verdict = if verified.ok { "The books agree." } else { "The books do NOT agree." };
        output::line(format!("{verdict} {} transfers, {} charges.", verified.transfers, verified.charges));
        verified.differences.iter().for_each(output::line);
    }
    Ok(if verified.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error("billing")]
    Billing(#[from] BillingError),
    #[error("storage")]
    Db(#[from] plaza_db::DbError),
}
