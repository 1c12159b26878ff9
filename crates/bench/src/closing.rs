//! # Closing a month
//!
//! So many charges of so many portfolios, spread over September 2026, are made through the product's own path: accepted
//! and delivered. Then the month is closed into invoices (summed, rated again where the order of receipts may have decided
//! about prices, drafted, finalised with numbers, bookings and PDF digests), and closed once more, which must change
//! nothing. At last the operator's pages are asked for what they show. Memory is the process's peak since the charges were
//! there; the rows are on the disk.

use crate::Options;
use crate::charges::{BATCH, Businesses};
use crate::process::Meter;
use crate::report::{Better, Report, progress};
use anyhow::{Context as _, bail};
use plaza_billing::invoices::{self, Closed, InvoiceError, LegalEntity, Profile};
use plaza_billing::{BillingError, Bucket, RevenueOf, Split};
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_protocol::{Ctx, ManualClock, RandomIds, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// 2026-09-02 00:00 and 2026-09-30 00:00 UTC: within the month everywhere.
const FROM: Timestamp = Timestamp(1_788_307_200_000_000);
const TO: Timestamp = Timestamp(1_790_726_400_000_000);
/// 2026-10-05 00:00 UTC: the time of grace is over.
const CLOSED_AT: Timestamp = Timestamp(1_791_158_400_000_000);
/// Invoices of a page.
const PAGE: u32 = 50;

pub(crate) async fn run(options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("plaza-bench-").tempdir()?;
    let db = match options.database_url() {
        Some(url) => Db::open_postgres(url, 2, SERVER_MIGRATIONS).await?,
        None => Db::open_sqlite(&folder.path().join("plaza.db"), SERVER_MIGRATIONS).await?,
    };
    let clock = Arc::new(ManualClock::new(FROM));
    let ctx = Ctx::system(clock.clone(), Arc::new(RandomIds::default()));
    let businesses = Businesses::open(&ctx, &db, options.portfolios()).await?;
    parties(&ctx, &db, &businesses).await?;
    let charges = fill(options, &ctx, &clock, &businesses).await?;
    clock.set(CLOSED_AT);
    let meter = Meter::of_this_process();
    meter.forget_peak()?;
    let (closed, took) = close(&ctx, &db, &businesses).await?;
    let peak = meter.peak_bytes()?;
    if closed.issued.len() != businesses.ids().count() || !closed.waiting.is_empty() {
        bail!("{} invoices were issued, {} wait", closed.issued.len(), closed.waiting.len());
    }
    let (again, took_again) = close(&ctx, &db, &businesses).await?;
    if !again.issued.is_empty() {
        bail!("{} invoices were issued twice", again.issued.len());
    }
    let pages = pages(&ctx, &db).await?;
    progress(format!("closed in {:.1} s, at most {:.0} MB", took.as_secs_f64(), peak / 1e6));
    let work = format!("{charges} charges, {} portfolios", options.portfolios());
    let mut section = report.section(options.subject(), work);
    section
        .add("closing", "s", Better::Lower, took.as_secs_f64())
        .add("closing again", "s", Better::Lower, took_again.as_secs_f64())
        .add("peak of memory while closing", "MB", Better::Lower, peak / 1e6);
    for (page, took) in pages {
        section.add(page, "ms", Better::Lower, took.as_secs_f64() * 1e3);
    }
    Ok(())
}

/// Who issues the invoices, and who gets them.
async fn parties(ctx: &Ctx, db: &Db, businesses: &Businesses) -> anyhow::Result<()> {
    let place = |name: &str| (name.to_owned(), "Marktplatz 1".to_owned(), "10115".to_owned());
    let (name, street, postal_code) = place("Bench Networks");
    let seller = LegalEntity {
        name,
        street,
        postal_code,
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: String::new(),
        email: "billing@bench.example".to_owned(),
        iban: String::new(),
        bic: String::new(),
        time_zone: "Europe/Berlin".to_owned(),
        grace_h: 72,
        due_days: 14,
    };
    let (name, street, postal_code) = place("A business");
    let buyer = Profile {
        name,
        street,
        postal_code,
        city: "Berlin".to_owned(),
        country: "DE".to_owned(),
        tax_id: String::new(),
        email: "books@bench.example".to_owned(),
        is_tax_inclusive: false,
    };
    let ids: Vec<_> = businesses.ids().collect();
    db.transact(ctx, "bench.parties", async move |ctx, tx| {
        invoices::set_entity(ctx, tx, &seller).await?;
        for id in &ids {
            invoices::set_profile(ctx, tx, *id, &buyer).await?;
        }
        Ok(())
    })
    .await
    .map_err(|error: InvoiceError| error)
    .context("naming seller and buyers")
}

/// Makes the charges of the month; how many.
async fn fill(
    options: &Options,
    ctx: &Ctx,
    clock: &ManualClock,
    businesses: &Businesses,
) -> anyhow::Result<usize> {
    let batches = options.charges().div_ceil(BATCH);
    let between = (TO.0 - FROM.0) / i64::try_from(batches).unwrap_or(i64::MAX);
    let tenth = batches.div_ceil(10);
    for batch in 0..batches {
        clock.advance(Duration::from_micros(u64::try_from(between).unwrap_or_default()));
        let intents = businesses.batch(ctx, batch * BATCH);
        let ids: Vec<_> = intents.iter().map(|intent| intent.message_id).collect();
        businesses.accept(ctx, intents).await?;
        businesses.deliver(ctx, &ids).await?;
        if (batch + 1) % tenth == 0 {
            progress(format!("{} of {} charges", (batch + 1) * BATCH, batches * BATCH));
        }
    }
    Ok(batches * BATCH)
}

async fn close(ctx: &Ctx, db: &Db, businesses: &Businesses) -> anyhow::Result<(Closed, Duration)> {
    let began = Instant::now();
    let closed = invoices::close(ctx, db, businesses.prices(), None, false).await.context("closing")?;
    Ok((closed, began.elapsed()))
}

/// How long the operator's pages wait for what they show, each asked once before.
async fn pages(ctx: &Ctx, db: &Db) -> anyhow::Result<[(&'static str, Duration); 3]> {
    let revenue = async || {
        db.read(ctx, "bench.revenue", async move |ctx, tx| {
            let by = Split::MarketAndCategory;
            let of = RevenueOf { from: FROM, to: CLOSED_AT, bucket: Bucket::Day, by, currency: None };
            plaza_billing::revenue(ctx, tx, of).await.map(drop)
        })
        .await
        .map_err(|error: BillingError| anyhow::Error::from(error))
    };
    let growth = async || {
        db.read(ctx, "bench.growth", async move |ctx, tx| {
            plaza_billing::earnings(ctx, tx, None).await.map(drop)
        })
        .await
        .map_err(|error: BillingError| anyhow::Error::from(error))
    };
    let list = async || {
        db.read(ctx, "bench.invoices", async move |ctx, tx| {
            invoices::list(ctx, tx, invoices::Filter::default(), None, PAGE).await.map(drop)
        })
        .await
        .map_err(|error: InvoiceError| anyhow::Error::from(error))
    };
    revenue().await?;
    growth().await?;
    list().await?;
    Ok([
        ("revenue page", timed(revenue).await?),
        ("growth page", timed(growth).await?),
        ("page of invoices", timed(list).await?),
    ])
}

async fn timed(work: impl AsyncFn() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    work().await?;
    Ok(began.elapsed())
}
