//! # Rating: from a delivery to a charge
//!
//! Billing alone, in this process, without a server: messages are accepted in batches of 1,000 (priced, held) and
//! delivered in batches of 1,000 (rated, posted, counted, explained, summed up).

use crate::Options;
use crate::charges::{BATCH, Businesses};
use crate::people;
use crate::process::Meter;
use crate::report::{Better, Report, progress};
use plaza_db::{Db, SERVER_MIGRATIONS};
use std::time::{Duration, Instant};

const PORTFOLIOS: u32 = 50;

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("plaza-bench-").tempdir()?;
    let embedded = Db::open_sqlite(&folder.path().join("plaza.db"), SERVER_MIGRATIONS).await?;
    measure(options, report, "embedded", &embedded).await?;
    if let Some(url) = options.database_url() {
        let remote = Db::open_postgres(url, 2, SERVER_MIGRATIONS).await?;
        measure(options, report, "PostgreSQL", &remote).await?;
    }
    Ok(())
}

async fn measure(options: &Options, report: &mut Report, engine: &str, db: &Db) -> anyhow::Result<()> {
    let ctx = people::ctx();
    let businesses = Businesses::open(&ctx, db, PORTFOLIOS).await?;
    let (mut messages, mut accepting, mut delivering) = (0_usize, Duration::ZERO, Duration::ZERO);
    let meter = Meter::of_this_process();
    let (began, cpu_seconds) = (Instant::now(), meter.cpu_seconds()?);
    while began.elapsed() < options.lasting() {
        let intents = businesses.batch(&ctx, messages);
        let ids: Vec<_> = intents.iter().map(|intent| intent.message_id).collect();
        let at = Instant::now();
        businesses.accept(&ctx, intents).await?;
        accepting += at.elapsed();
        let at = Instant::now();
        businesses.deliver(&ctx, &ids).await?;
        delivering += at.elapsed();
        messages += BATCH;
    }
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), meter.cpu_seconds()? - cpu_seconds);
    let per_second = |spent: Duration| messages as f64 / spent.as_secs_f64();
    progress(format!("{engine}: {:.0} rated and posted/s", per_second(delivering)));
    report
        .section(engine, format!("batches of {BATCH}"))
        .add("accepted", "messages/s", Better::Higher, per_second(accepting))
        .add("delivered, rated and posted", "messages/s", Better::Higher, per_second(delivering))
        .add("both, end to end", "messages/s", Better::Higher, messages as f64 / seconds)
        .add("CPU of this process per message", "µs", Better::Lower, cpu_seconds * 1e6 / messages as f64);
    Ok(())
}
