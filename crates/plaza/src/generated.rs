//! Files of the repository that are made from the code: `./x gen` writes them, `./x check` compares them.

use crate::{config, output};
use clap::ValueEnum;
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_protocol::{Ctx, RandomIds};
use plaza_server::ServerClock;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum File {
    /// `migrations/schema.sql`: the tables as they are after all migrations.
    Schema,
    /// `docs/operations/config.md`: the configuration.
    Config,
    /// `docs/cloud-api.md`: the operations of the business interface.
    CloudApi,
}

pub(crate) async fn run(file: File) -> anyhow::Result<ExitCode> {
    output::line(match file {
        File::Schema => schema().await?,
        File::Config => config::reference(),
        File::CloudApi => plaza_server::cloud_api::reference(),
    });
    Ok(ExitCode::SUCCESS)
}

async fn schema() -> anyhow::Result<String> {
    let folder = std::env::temp_dir().join(format!("plaza-schema-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let db = Db::open_sqlite(&folder.join("schema.db"), SERVER_MIGRATIONS).await?;
    let ctx = Ctx::system(Arc::new(ServerClock::default()), Arc::new(RandomIds::default()));
    let tables = db.read(&ctx, "gen.schema", async |_, tx| tx.schema().await).await;
    drop(db);
    std::fs::remove_dir_all(&folder)?;
    let head = "-- What the migrations come to. Made by `./x gen`; read it, do not edit it.";
    Ok(format!("{head}\n\n{}", tables?.join("\n\n")))
}
