//! # Businesses that send, without a server
//!
//! Portfolios with money, and messages of all categories to the markets of the reference prices. Billing runs in this
//! process; each batch of messages is accepted in one durable transaction and delivered in another, as on a server under
//! load.

use anyhow::{Context as _, bail};
use plaza_billing::{BillingError, Category, ImportError, Intent, PriceSource, Prices, WindowState};
use plaza_db::Db;
use plaza_protocol::{
    BusinessMessageId, Ctx, Currency, Micros, PhoneNumber, PhoneNumberId, PortfolioId, WabaId,
};
use std::time::Duration;

/// Messages of a batch.
pub(crate) const BATCH: usize = 1000;
/// What each portfolio starts with: more than it can spend.
const CREDIT: Micros = Micros(1_000_000_000_000);
/// How long a message may take to its delivery.
const DELIVERED_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// Portfolios that are opened in one transaction.
const OPENED_AT_ONCE: i64 = 250;
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

/// The businesses.
pub(crate) struct Businesses {
    db: Db,
    prices: Prices,
    first: i64,
    count: i64,
    numbers: Vec<PhoneNumber>,
}

impl Businesses {
    /// Opens portfolios that nobody had before, with money.
    pub(crate) async fn open(ctx: &Ctx, db: &Db, count: u32) -> anyhow::Result<Self> {
        db.transact(ctx, "bench.prices", async |ctx, tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await
        })
        .await
        .map_err(|error: ImportError| error)
        .context("importing the prices")?;
        let numbers = NUMBERS.map(str::parse::<PhoneNumber>);
        let numbers = numbers.into_iter().collect::<Result<_, _>>()?;
        let (first, count) = (ctx.graph_id(), i64::from(count));
        let businesses = Self { db: db.clone(), prices: Prices::default(), first, count, numbers };
        let mut from = first;
        while from < first + count {
            let to = (from + OPENED_AT_ONCE).min(first + count);
            db.transact(ctx, "bench.open", async move |ctx, tx| {
                for id in (from..to).map(PortfolioId) {
                    plaza_billing::open_portfolio(ctx, tx, id, Currency::USD, "Europe/Berlin").await?;
                    plaza_billing::top_up(ctx, tx, id, CREDIT, "bench").await?;
                }
                Ok(())
            })
            .await
            .map_err(|error: BillingError| error)
            .context("opening the portfolios")?;
            from = to;
        }
        Ok(businesses)
    }

    pub(crate) fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Their ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PortfolioId> + use<> {
        (self.first..self.first + self.count).map(PortfolioId)
    }

    /// The batch that begins with the `n`-th message, sent now.
    pub(crate) fn batch(&self, ctx: &Ctx, n: usize) -> Vec<Intent> {
        (n..n + BATCH).map(|n| self.intent(ctx, n)).collect()
    }

    /// Portfolios, markets and categories take turns.
    fn intent(&self, ctx: &Ctx, n: usize) -> Intent {
        let turn = |of: usize| n / of;
        let portfolio = self.first + i64::try_from(n).unwrap_or_default() % self.count;
        let category = Category::MESSAGES[turn(7) % Category::MESSAGES.len()];
        let sent_at = ctx.now();
        Intent {
            message_id: ctx.ordered_id::<BusinessMessageId>(),
            portfolio_id: PortfolioId(portfolio),
            waba_id: WabaId(portfolio),
            phone_number_id: PhoneNumberId(portfolio),
            to: self.numbers[turn(3) % self.numbers.len()].clone(),
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

    /// Prices and holds.
    pub(crate) async fn accept(&self, ctx: &Ctx, intents: Vec<Intent>) -> anyhow::Result<()> {
        let book = self.prices.clone();
        let held = self
            .db
            .transact(ctx, "bench.hold", async move |ctx, tx| {
                plaza_billing::hold(ctx, tx, &book, &intents).await
            })
            .await
            .map_err(|error: BillingError| error)
            .context("accepting a batch")?;
        match held.into_iter().find_map(Result::err) {
            Some(refused) => bail!("a message was refused: {refused}"),
            None => Ok(()),
        }
    }

    /// Rates, posts, counts, explains and sums up what is delivered now.
    pub(crate) async fn deliver(&self, ctx: &Ctx, messages: &[BusinessMessageId]) -> anyhow::Result<()> {
        let (book, now) = (self.prices.clone(), ctx.now());
        let deliveries: Vec<_> = messages.iter().map(|message| (*message, now)).collect();
        let charged = self
            .db
            .transact(ctx, "bench.delivered", async move |ctx, tx| {
                plaza_billing::delivered(ctx, tx, &book, &deliveries).await
            })
            .await
            .map_err(|error: BillingError| error)
            .context("delivering a batch")?;
        if charged.len() != messages.len() {
            bail!("{} of {} deliveries were charged", charged.len(), messages.len());
        }
        Ok(())
    }
}
