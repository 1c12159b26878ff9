//! Billing through its public operations, on both engines.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod abroad;
mod books;
mod calls;
mod campaigns;
mod caps;
mod crashes;
mod earnings;
mod estimate;
mod exchange;
mod funds;
mod interleaving;
mod invariants;
mod invoices;
mod lapses;
mod lifecycle;
mod mail;
mod model;
mod outlook;
mod plans;
mod reference;
mod regimes;
mod reports;
mod revenue;
mod stickers;
mod tampering;
mod tiers;
mod year;

use plaza_billing::{
    Balance, BillingError, Category, Charged, Held, Intent, PriceSource, Prices, Refused, Verification,
    WindowState,
};
use plaza_db::testing::each_engine;
use plaza_db::{Db, Tx};
use plaza_protocol::{
    BusinessMessageId, Ctx, Currency, ManualClock, Micros, PhoneNumberId, PortfolioId, Timestamp, WabaId,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TULIP: PortfolioId = PortfolioId(100);
const PHONE: PhoneNumberId = PhoneNumberId(300);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A network with the reference prices and a portfolio, Tulip, that pays in dollars and has a thousand of them.
#[derive(Clone)]
struct World {
    db: Db,
    ctx: Ctx,
    clock: Arc<ManualClock>,
    prices: Prices,
    next: Arc<AtomicU64>,
}

/// Runs a test in a world on each engine.
async fn each_world<F: AsyncFn(World)>(test: F) {
    each_engine(async |db| {
        let (ctx, clock) = plaza_db::testing::ctx();
        let world = World { db, ctx, clock, prices: Prices::default(), next: Arc::default() };
        let import = async |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await
        };
        world.db.transact(&world.ctx, "test.import", import).await.unwrap();
        world.open(TULIP, Currency::USD, "UTC").await;
        world.top_up(TULIP, "1000", "start").await.unwrap();
        test(world).await;
    })
    .await;
}

/// A time such as `2026-10-01T00:00:00Z`.
fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

fn micros(text: &str) -> Micros {
    Micros::parse_decimal(text).unwrap()
}

impl World {
    fn id(&self) -> BusinessMessageId {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        BusinessMessageId(uuid::Uuid::from_u64_pair(n, 7))
    }

    /// A message to `to`, sent at a time, that may be delivered for thirty days.
    fn message(&self, category: Category, to: &str, sent_at: Timestamp) -> Intent {
        Intent {
            message_id: self.id(),
            portfolio_id: TULIP,
            waba_id: WabaId(200),
            phone_number_id: PHONE,
            to: to.parse().unwrap(),
            category,
            template: category != Category::Service,
            sent_at,
            window: WindowState::default(),
            expires_at: sent_at + 30 * DAY,
            max_price: None,
            pulses_max: None,
            campaign: None,
        }
    }

    async fn import(&self, source: PriceSource<'static>) {
        let import =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::import_price_book(ctx, tx, &source).await;
        self.db.transact(&self.ctx, "test.import", import).await.unwrap();
    }

    async fn open(&self, portfolio: PortfolioId, currency: Currency, time_zone: &'static str) {
        let open = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::open_portfolio(ctx, tx, portfolio, currency, time_zone).await
        };
        self.db.transact(&self.ctx, "test.open", open).await.unwrap();
    }

    async fn top_up(
        &self,
        portfolio: PortfolioId,
        amount: &str,
        key: &'static str,
    ) -> Result<Balance, BillingError> {
        let amount = micros(amount);
        let top_up =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::top_up(ctx, tx, portfolio, amount, key).await;
        self.db.transact(&self.ctx, "test.top_up", top_up).await
    }

    async fn balance(&self, portfolio: PortfolioId) -> Balance {
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::balance(ctx, tx, portfolio).await;
        self.db.read(&self.ctx, "test.balance", read).await.unwrap()
    }

    async fn hold(&self, intents: &[Intent]) -> Vec<Result<Held, Refused>> {
        let (prices, intents) = (self.prices.clone(), intents.to_vec());
        let hold = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::hold(ctx, tx, &prices, &intents).await;
        self.db.transact(&self.ctx, "test.hold", hold).await.unwrap()
    }

    async fn deliver(&self, deliveries: Vec<(BusinessMessageId, Timestamp)>) -> Vec<Charged> {
        let prices = self.prices.clone();
        let deliver =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::delivered(ctx, tx, &prices, &deliveries).await;
        self.db.transact(&self.ctx, "test.delivered", deliver).await.unwrap()
    }

    /// Sends one message and has it delivered; what it cost.
    async fn send_and_deliver(&self, intent: Intent, delivered_at: Timestamp) -> Charged {
        assert!(self.hold(std::slice::from_ref(&intent)).await[0].is_ok());
        self.deliver(vec![(intent.message_id, delivered_at)]).await[0]
    }

    async fn fail(&self, messages: Vec<BusinessMessageId>) -> usize {
        let fail = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::failed(ctx, tx, &messages).await;
        self.db.transact(&self.ctx, "test.failed", fail).await.unwrap()
    }

    async fn expire(&self) -> Vec<BusinessMessageId> {
        let expire = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::expire(ctx, tx, 100).await;
        self.db.transact(&self.ctx, "test.expire", expire).await.unwrap()
    }

    /// Has a phone number's free service messages of a month used up.
    async fn use_up(&self, portfolio: PortfolioId, phone: PhoneNumberId, delivered_at: Timestamp) {
        let intents: Vec<_> = (0..1000)
            .map(|_| Intent {
                portfolio_id: portfolio,
                phone_number_id: phone,
                ..self.message(Category::Service, "+5511987654321", delivered_at)
            })
            .collect();
        assert!(self.hold(&intents).await.iter().all(Result::is_ok));
        let charged =
            self.deliver(intents.iter().map(|intent| (intent.message_id, delivered_at)).collect()).await;
        assert_eq!(charged.iter().filter(|charged| charged.pricing.billable).count(), 0);
        assert_eq!(charged.len(), 1000);
    }

    /// Does something in a transaction, as whoever runs the network.
    async fn with<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, BillingError> + Send + 'static,
    ) -> Result<T, BillingError> {
        self.db.transact(&self.ctx, "test.with", work).await
    }

    async fn funds(&self, portfolio: PortfolioId) -> plaza_billing::funds::Funds {
        self.with(async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::funds::funds(ctx, tx, portfolio).await)
            .await
            .unwrap()
    }

    async fn verify(&self) -> Verification {
        let prices = self.prices.clone();
        let verify = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::verify(ctx, tx, &prices).await;
        self.db.read(&self.ctx, "test.verify", verify).await.unwrap()
    }

    async fn assert_sound(&self) -> Verification {
        let found = self.verify().await;
        assert_eq!(found.differences, Vec::<String>::new(), "{:?}", self.db);
        assert!(found.ok);
        found
    }
}
