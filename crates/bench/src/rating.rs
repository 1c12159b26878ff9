//! # Rating: from a delivery to a charge
//!
//! Billing alone, in this process, without a server: messages of all categories to the markets of the reference prices are
//! accepted in batches of 1,000 (priced, held) and delivered in batches of 1,000 (rated, posted, counted, explained, summed
//! up). Each batch is one durable transaction, as on a server under load.

use crate::Options;
use crate::people;
use crate::process::Meter;
use crate::report::{Better, Report, progress};
use anyhow::{Context as _, bail};
use plaza_billing::{BillingError, Category, ImportError, Intent, PriceSource, Prices, WindowState};
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_protocol::{
    BusinessMessageId, Ctx, Currency, Micros, PhoneNumber, PhoneNumberId, PortfolioId, WabaId,
};
use std::time::{Duration, Instant};

const PORTFOLIOS: i64 = 50;
const BATCH: usize = 1000;
/// What each portfolio starts with: more than it can spend.
const CREDIT: Micros = Micros(1_000_000_000_000);
/// How long a message may take to its delivery.
const DELIVERED_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// One in every market that people think of first.
const NUMBERS: [&str; 8] = [
    "+4915112345678",
    "+5511987654321",
    "+919812345678",
    "+12025550143",
    "+447700900123",
    "+34612345678",
    "+628123456789",
    "+971501234567",
];

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
    let (ctx, prices) = (people::ctx(), Prices::default());
    let first = open(&ctx, db).await?;
    let numbers = NUMBERS.map(str::parse::<PhoneNumber>);
    let numbers: Vec<PhoneNumber> = numbers.into_iter().collect::<Result<_, _>>()?;
    let (mut messages, mut accepting, mut delivering) = (0_usize, Duration::ZERO, Duration::ZERO);
    let meter = Meter::of_this_process();
    let (began, cpu_seconds) = (Instant::now(), meter.cpu_seconds()?);
    while began.elapsed() < options.lasting() {
        let intents: Vec<Intent> =
            (messages..messages + BATCH).map(|n| intent(&ctx, first, &numbers, n)).collect();
        let deliveries: Vec<_> = intents.iter().map(|intent| (intent.message_id, ctx.now())).collect();
        let (at, book) = (Instant::now(), prices.clone());
        let held = db
            .transact(&ctx, "bench.hold", async move |ctx, tx| {
                plaza_billing::hold(ctx, tx, &book, &intents).await
            })
            .await
            .map_err(|error: BillingError| error)
            .context("accepting a batch")?;
        accepting += at.elapsed();
        if let Some(refused) = held.into_iter().find_map(Result::err) {
            bail!("a message was refused: {refused}");
        }
        let (at, book) = (Instant::now(), prices.clone());
        let charged = db
            .transact(&ctx, "bench.delivered", async move |ctx, tx| {
                plaza_billing::delivered(ctx, tx, &book, &deliveries).await
            })
            .await
            .map_err(|error: BillingError| error)
            .context("delivering a batch")?;
        delivering += at.elapsed();
        if charged.len() != BATCH {
            bail!("{} of {BATCH} deliveries were charged", charged.len());
        }
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

/// Opens portfolios that nobody had before, with money; the first of their ids.
async fn open(ctx: &Ctx, db: &Db) -> anyhow::Result<i64> {
    db.transact(ctx, "bench.prices", async |ctx, tx| {
        plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await
    })
    .await
    .map_err(|error: ImportError| error)
    .context("importing the prices")?;
    let first = ctx.graph_id();
    db.transact(ctx, "bench.open", async move |ctx, tx| {
        for id in (first..first + PORTFOLIOS).map(PortfolioId) {
            plaza_billing::open_portfolio(ctx, tx, id, Currency::USD, "Europe/Berlin").await?;
            plaza_billing::top_up(ctx, tx, id, CREDIT, "bench").await?;
        }
        Ok(())
    })
    .await
    .map_err(|error: BillingError| error)
    .context("opening the portfolios")?;
    Ok(first)
}

/// The `n`-th message: portfolios, markets and categories take turns.
fn intent(ctx: &Ctx, first: i64, numbers: &[PhoneNumber], n: usize) -> Intent {
    let turn = |of: usize| n / of;
    let portfolio = first + i64::try_from(n).unwrap_or_default() % PORTFOLIOS;
    let category = Category::MESSAGES[turn(7) % Category::MESSAGES.len()];
    let sent_at = ctx.now();
    Intent {
        message_id: ctx.ordered_id::<BusinessMessageId>(),
        portfolio_id: PortfolioId(portfolio),
        waba_id: WabaId(portfolio),
        phone_number_id: PhoneNumberId(portfolio),
        to: numbers[turn(3) % numbers.len()].clone(),
        category,
        template: category != Category::Service,
        sent_at,
        window: WindowState::default(),
        expires_at: sent_at + DELIVERED_WITHIN,
        max_price: None,
        pulses_max: None,
        campaign: None,
    }
}
