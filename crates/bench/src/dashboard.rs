//! # The operator's dashboard
//!
//! A thousand portfolios have messages delivered on each of 90 days, through the product's own path. The dashboard reads
//! sums by portfolio and day, never charges, so what it takes follows from portfolios and days alone: here each portfolio has
//! its row for each day, and ten million charges would not add another. Then each of its questions is asked, and timed.

use crate::Options;
use crate::report::{Better, Report, progress};
use anyhow::Context as _;
use plaza_billing::{
    BillingError, Bucket, Category, ImportError, Intent, PriceSource, Prices, RevenueOf, Split, WindowState,
    outlook,
};
use plaza_db::{Db, SERVER_MIGRATIONS, Tx};
use plaza_protocol::{
    BusinessMessageId, Ctx, Currency, ManualClock, Micros, PhoneNumber, PhoneNumberId, PortfolioId,
    RandomIds, Timestamp, WabaId,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PORTFOLIOS: i64 = 1000;
const DAYS: usize = 90;
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);
/// What each portfolio has delivered on a day.
const CATEGORIES: [Category; 2] = [Category::Utility, Category::Marketing];
/// 2026-10-02 12:00 UTC.
const FROM: Timestamp = Timestamp(1_790_942_400_000_000);
const CREDIT: Micros = Micros(1_000_000_000);
const NUMBERS: [&str; 4] = ["+4915112345678", "+5511987654321", "+919812345678", "+34612345678"];
/// How often each question is asked; the slowest answer counts.
const TIMES: usize = 5;

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("plaza-bench-").tempdir()?;
    let db = match options.database_url() {
        Some(url) => Db::open_postgres(url, 2, SERVER_MIGRATIONS).await?,
        None => Db::open_sqlite(&folder.path().join("plaza.db"), SERVER_MIGRATIONS).await?,
    };
    let clock = Arc::new(ManualClock::new(FROM));
    let ctx = Ctx::system(clock.clone(), Arc::new(RandomIds::default()));
    let prices = Prices::default();
    let first = open(&ctx, &db).await?;
    for day in 0..DAYS {
        for (turn, category) in CATEGORIES.into_iter().enumerate() {
            deliver(&ctx, &db, &prices, (first, category, day + turn)).await?;
        }
        clock.advance(DAY);
        if day % 30 == 29 {
            progress(format!("{} of {DAYS} days", day + 1));
        }
    }
    let work = format!("{PORTFOLIOS} portfolios, {DAYS} days");
    let growth = slowest(&ctx, &db, async |ctx, tx| {
        plaza_billing::earnings(ctx, tx, Some(Currency::USD)).await.map(drop)
    });
    let growth = growth.await?;
    let near = slowest(&ctx, &db, async move |ctx, tx| {
        outlook::near_tiers(ctx, tx, &prices, Currency::USD).await.map(drop)
    });
    let near = near.await?;
    let unpaid = slowest(&ctx, &db, async |ctx, tx| {
        outlook::ageing(ctx, tx).await?;
        outlook::debtors(ctx, tx, Currency::USD).await.map(drop)
    });
    let unpaid = unpaid.await?;
    let by_market = revenue(&ctx, &db, Split::MarketAndCategory).await?;
    let by_customer = revenue(&ctx, &db, Split::Portfolio).await?;
    let by_plan = revenue(&ctx, &db, Split::Plan).await?;
    let customer = slowest(&ctx, &db, async move |ctx, tx| {
        plaza_billing::portfolio_days(ctx, tx, PortfolioId(first)).await.map(drop)
    });
    let customer = customer.await?;
    let mut section = report.section(options.subject(), work);
    for (question, took) in [
        ("growth, customers, plans, forecast", growth),
        ("who is near a tier", near),
        ("unpaid by age", unpaid),
        ("revenue of 90 days by market and category", by_market),
        ("by customer", by_customer),
        ("by plan", by_plan),
        ("one customer", customer),
    ] {
        section.add(question, "ms", Better::Lower, took.as_secs_f64() * 1e3);
    }
    Ok(())
}

/// What the revenue page asks at most.
async fn revenue(ctx: &Ctx, db: &Db, by: Split) -> anyhow::Result<Duration> {
    let ask = async move |ctx: &Ctx, tx: &mut Tx| {
        let (from, to) = (ctx.now() - DAY * 90, ctx.now() + HOUR);
        let of = RevenueOf { from, to, bucket: Bucket::Day, by, currency: None };
        plaza_billing::revenue(ctx, tx, of).await.map(drop)
    };
    slowest(ctx, db, ask).await
}

/// Asks a question a few times; how long the slowest answer took.
async fn slowest(
    ctx: &Ctx,
    db: &Db,
    question: impl AsyncFn(&Ctx, &mut Tx) -> Result<(), BillingError> + Send + Clone + 'static,
) -> anyhow::Result<Duration> {
    let mut slowest = Duration::ZERO;
    for _ in 0..TIMES {
        let (began, ask) = (Instant::now(), question.clone());
        db.read(ctx, "bench.dashboard", ask).await.map_err(|error: BillingError| error)?;
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}

/// Prices, and portfolios with money; the first of their ids.
async fn open(ctx: &Ctx, db: &Db) -> anyhow::Result<i64> {
    let import = async |ctx: &Ctx, tx: &mut Tx| {
        plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await
    };
    db.transact(ctx, "bench.prices", import)
        .await
        .map_err(|error: ImportError| error)
        .context("importing the prices")?;
    let first = ctx.graph_id();
    let open = async move |ctx: &Ctx, tx: &mut Tx| {
        for id in (first..first + PORTFOLIOS).map(PortfolioId) {
            plaza_billing::open_portfolio(ctx, tx, id, Currency::USD, "UTC").await?;
            plaza_billing::top_up(ctx, tx, id, CREDIT, "bench").await?;
        }
        Ok(())
    };
    db.transact(ctx, "bench.open", open)
        .await
        .map_err(|error: BillingError| error)
        .context("opening the portfolios")?;
    Ok(first)
}

/// Has one message of each portfolio accepted and delivered.
async fn deliver(
    ctx: &Ctx,
    db: &Db,
    prices: &Prices,
    (first, category, turn): (i64, Category, usize),
) -> anyhow::Result<()> {
    let to: PhoneNumber = NUMBERS[turn % NUMBERS.len()].parse()?;
    let intents: Vec<Intent> =
        (first..first + PORTFOLIOS).map(|portfolio| intent(ctx, portfolio, &to, category)).collect();
    let deliveries: Vec<_> = intents.iter().map(|intent| (intent.message_id, ctx.now())).collect();
    let book = prices.clone();
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        plaza_billing::hold(ctx, tx, &book, &intents).await?;
        plaza_billing::delivered(ctx, tx, &book, &deliveries).await.map(drop)
    };
    db.transact(ctx, "bench.day", work).await.map_err(|error: BillingError| error).context("delivering a day")
}

fn intent(ctx: &Ctx, portfolio: i64, to: &PhoneNumber, category: Category) -> Intent {
    Intent {
        message_id: ctx.ordered_id::<BusinessMessageId>(),
        portfolio_id: PortfolioId(portfolio),
        waba_id: WabaId(portfolio),
        phone_number_id: PhoneNumberId(portfolio),
        to: to.clone(),
        category,
        template: true,
        sent_at: ctx.now(),
        window: WindowState::default(),
        expires_at: ctx.now() + DAY,
        max_price: None,
        pulses_max: None,
        campaign: None,
    }
}
