//! # Ledger: holds and posts
//!
//! The ledger alone, in this process, without a server: 100 portfolios with money, batches of 1,000 holds, each batch
//! posted as a whole afterwards. Each transfer writes its row, its entries with their hash chain, and the balances, in
//! one durable transaction a batch.

use crate::Options;
use crate::people;
use crate::process::Meter;
use crate::report::{Better, Report, progress};
use anyhow::{Context as _, bail};
use plaza_db::{Db, SERVER_MIGRATIONS};
use plaza_ledger::{Account, AccountKind, Action, LedgerError, Transfer, derived_id, post};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId};
use std::time::{Duration, Instant};
use uuid::Uuid;

const PORTFOLIOS: i64 = 100;
const BATCH: usize = 1000;
/// What each portfolio starts with: more than it can spend.
const CREDIT: Micros = Micros(1_000_000_000_000);
const PRICE: Micros = Micros(30_800);
/// A hold outlives the run.
const HELD_FOR: Duration = Duration::from_secs(24 * 3600);

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

/// What a kind of batch took.
#[derive(Debug, Default)]
struct Spent {
    transfers: usize,
    elapsed: Duration,
}

impl Spent {
    fn per_second(&self) -> f64 {
        self.transfers as f64 / self.elapsed.as_secs_f64()
    }
}

async fn measure(options: &Options, report: &mut Report, engine: &str, db: &Db) -> anyhow::Result<()> {
    let ctx = people::ctx();
    let book = Book::open(&ctx, db).await?;
    let (mut holds, mut posts) = (Spent::default(), Spent::default());
    let meter = Meter::of_this_process();
    let (began, cpu_seconds) = (Instant::now(), meter.cpu_seconds()?);
    while began.elapsed() < options.lasting() {
        let held = book.holds(&ctx);
        timed(&ctx, db, &held, &mut holds).await?;
        let posted: Vec<Transfer> = held.iter().map(post_of).collect();
        timed(&ctx, db, &posted, &mut posts).await?;
    }
    let transfers = (holds.transfers + posts.transfers) as f64;
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), meter.cpu_seconds()? - cpu_seconds);
    progress(format!("{engine}: {:.0} holds/s, {:.0} posts/s", holds.per_second(), posts.per_second()));
    report
        .section(engine, format!("batches of {BATCH}"))
        .add("holds", "transfers/s", Better::Higher, holds.per_second())
        .add("posts", "transfers/s", Better::Higher, posts.per_second())
        .add("holds and posts", "transfers/s", Better::Higher, transfers / seconds)
        .add("CPU of this process per transfer", "µs", Better::Lower, cpu_seconds * 1e6 / transfers);
    Ok(())
}

async fn timed(ctx: &Ctx, db: &Db, batch: &[Transfer], spent: &mut Spent) -> anyhow::Result<()> {
    let began = Instant::now();
    let transfers = batch.to_vec();
    let outcomes = db
        .transact(ctx, "bench.post", async move |ctx, tx| post(ctx, tx, &transfers).await)
        .await
        .map_err(|error: LedgerError| error)
        .context("posting a batch")?;
    spent.elapsed += began.elapsed();
    spent.transfers += outcomes.len();
    match outcomes.into_iter().find_map(Result::err) {
        Some(refused) => bail!("a transfer was refused: {refused}"),
        None => Ok(()),
    }
}

/// The transfer that ends a hold.
fn post_of(hold: &Transfer) -> Transfer {
    let action = Action::PostHold { hold: hold.transfer_id, amount: PRICE };
    Transfer { transfer_id: derived_id(hold.transfer_id.0, "post"), action }
}

/// The accounts of the run.
struct Book {
    prepaid: Vec<Account>,
    revenue: Account,
}

impl Book {
    /// Gives money to portfolios that nobody had before.
    async fn open(ctx: &Ctx, db: &Db) -> anyhow::Result<Self> {
        let currency: Currency = "USD".parse()?;
        let first = ctx.graph_id();
        let prepaid: Vec<Account> = (first..first + PORTFOLIOS)
            .map(|id| Account::new(AccountKind::PortfolioPrepaid(PortfolioId(id)), currency))
            .collect();
        let bank = Account::new(AccountKind::Bank, currency);
        let credits: Vec<Transfer> = prepaid
            .iter()
            .map(|account| Transfer {
                transfer_id: ctx.ordered_id(),
                action: Action::Posted { debit: bank.clone(), credit: account.clone(), amount: CREDIT },
            })
            .collect();
        timed(ctx, db, &credits, &mut Spent::default()).await?;
        let revenue = Account::new(AccountKind::MessageRevenue("marketing".into()), currency);
        Ok(Self { prepaid, revenue })
    }

    /// A batch of holds, one portfolio after the other.
    fn holds(&self, ctx: &Ctx) -> Vec<Transfer> {
        let expires_at = ctx.now() + HELD_FOR;
        self.prepaid
            .iter()
            .cycle()
            .take(BATCH)
            .map(|account| Transfer {
                transfer_id: derived_id(ctx.ordered_id::<Uuid>(), "hold"),
                action: Action::Hold {
                    debit: account.clone(),
                    credit: self.revenue.clone(),
                    amount: PRICE,
                    expires_at,
                },
            })
            .collect()
    }
}
