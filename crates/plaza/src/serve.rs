//! `plaza serve`: wires the parts and runs until it is told to stop.

use crate::config::{Config, Flags, clock_ahead_us};
use crate::{demo, output};
use anyhow::Context as _;
use plaza_bus::Bus;
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_protocol::{Ctx, Ids, RandomIds, SeededIds, Timestamp};
use plaza_server::{Running, ServerClock, Settings};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Where the clock stands at first in a sandbox whose ids repeat: 2026-11-02, 09:00 UTC, a Monday.
const STANDS_AT: Timestamp = Timestamp::from_seconds(1_793_610_000);

pub(crate) async fn run(flags: Flags) -> anyhow::Result<ExitCode> {
    log_to_stderr();
    let start = Ctx::system(Arc::new(ServerClock::default()), Arc::new(RandomIds::default()));
    let config = Config::read(flags, &start)?;
    let listener = std::net::TcpListener::bind(config.listen)
        .with_context(|| format!("listening on {}: is another server there?", config.listen))?;
    listener.set_nonblocking(true)?;
    let mut running = begin(&config, &listener).await?;
    if let Some(seed) = &config.seed {
        running.plant(seed).await?;
    }
    announce(&config, &running);
    let world = if config.settings.demo { Some(demo::start(&running, &config.data).await?) } else { None };
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            Some(wish) = running.wish() => {
                running.pause().await;
                let outcome = wish.pause.carry_out(&config.data).map_err(|error| error.to_string());
                running = begin(&config, &listener).await?;
                wish.done(outcome);
            }
        }
    }
    tracing::info!("shutting down");
    drop(world);
    running.shut_down().await;
    Ok(ExitCode::SUCCESS)
}

/// Which of the servers on this data it is, in words. Each draws other ids than those before it; a restored snapshot
/// brings back how many there were, so that after each restore the same calls give the same ids.
fn next_life(settings: &Settings) -> anyhow::Result<String> {
    let file = settings.sandbox_folder.join("lives");
    let lives =
        std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0_u64);
    std::fs::create_dir_all(&settings.sandbox_folder)?;
    std::fs::write(&file, (lives + 1).to_string()).with_context(|| format!("writing {}", file.display()))?;
    Ok(format!("life {lives}"))
}

/// A server on the socket. The sandbox begins several, one after the other.
async fn begin(config: &Config, listener: &std::net::TcpListener) -> anyhow::Result<Running> {
    let ahead_us = clock_ahead_us(&config.settings);
    let (clock, ids): (_, Arc<dyn Ids>) = match config.seed_ids {
        None => (ServerClock::ahead_by(ahead_us), Arc::new(RandomIds::default())),
        Some(seed) => {
            let seed = SeededIds::new(seed);
            let ids = seed.following(next_life(&config.settings)?.as_bytes());
            (ServerClock::standing_at(STANDS_AT, ahead_us), ids.unwrap_or_else(|| Arc::new(seed)))
        }
    };
    let clock = Arc::new(clock);
    let ctx = Ctx::system(clock.clone(), ids);
    let db = match &config.database_url {
        Some(url) => Db::open_postgres(url, config.database_connections_max, SERVER_MIGRATIONS)
            .await
            .context("opening the PostgreSQL database")?,
        None => {
            let path = config.data.join("plaza.db");
            let opened = Db::open_sqlite(&path, SERVER_MIGRATIONS).await;
            opened.with_context(|| format!("opening the database {}", path.display()))?
        }
    };
    let bus = match &config.nats {
        Some(url) => Bus::nats(&ctx, url).await?,
        None => Bus::in_process(),
    };
    let listener = TcpListener::from_std(listener.try_clone()?)?;
    Ok(plaza_server::start(ctx, clock, db, bus, config.settings.clone(), listener).await?)
}

fn announce(config: &Config, running: &Running) {
    let engine = running.app.db.engine_name();
    let address = format!("http://{}", running.address);
    output::line(format!("Plaza {} is ready ({engine}).", env!("CARGO_PKG_VERSION")));
    output::line(format!("  front page  {address}/"));
    output::line(format!("  messenger   {address}/chat"));
    output::line(format!("  operator    {address}/operator"));
    output::line(format!("  API         {address}/v23.0/"));
    if !config.settings.sandbox {
        output::line(format!("  operator's token: {}", config.data.join("operator-token").display()));
    }
}

/// Lines of JSON to the standard error; `RUST_LOG` sets how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,async_nats=warn"));
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second call fails, and there is none.
    let _ = subscriber.try_init();
}
