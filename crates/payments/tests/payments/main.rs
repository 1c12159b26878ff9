//! Payments through their public operations, with the built-in provider and its faults, on both engines.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod apple;
mod automatic;
mod bank;
mod crashes;
mod dunning;
mod google;
mod invariants;
mod invoices;
mod payouts;
mod refunds;
mod statements;
mod stores;
mod top_ups;

use plaza_billing::{Balance, PriceSource};
use plaza_db::testing::each_engine;
use plaza_db::{Db, Tx};
use plaza_payments::{Filter, Method, Payment, PaymentError, Payments, Refund, Sandbox, State, TopUp};
use plaza_protocol::{Ctx, Currency, ManualClock, Micros, PaymentId, PortfolioId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TULIP: PortfolioId = PortfolioId(100);
const ROSE: PortfolioId = PortfolioId(101);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A network with two portfolios that pay in dollars, and the built-in provider.
#[derive(Clone)]
struct World {
    db: Db,
    ctx: Ctx,
    clock: Arc<ManualClock>,
    sandbox: Arc<Sandbox>,
    payments: Payments,
    next: Arc<AtomicU64>,
}

/// Runs a test in a world on each engine.
async fn each_world<F: AsyncFn(World)>(test: F) {
    each_engine(async |db| {
        let world = World::on(db).await;
        test(world.clone()).await;
        world.check_books().await;
    })
    .await;
}

impl World {
    async fn on(db: Db) -> Self {
        let (ctx, clock) = plaza_db::testing::ctx();
        let sandbox = Arc::new(Sandbox::new(db.clone()));
        let payments = Payments::new(db.clone(), Some(sandbox.clone()));
        let world = Self { db, ctx, clock, sandbox, payments, next: Arc::default() };
        let open = async |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await.unwrap();
            for portfolio in [TULIP, ROSE] {
                plaza_billing::open_portfolio(ctx, tx, portfolio, Currency::USD, "UTC").await?;
            }
            Ok::<_, plaza_billing::BillingError>(())
        };
        world.db.transact(&world.ctx, "test.open", open).await.unwrap();
        world
    }
}

fn micros(text: &str) -> Micros {
    Micros::parse_decimal(text).unwrap()
}

fn wish(amount: &str, key: &str) -> TopUp {
    TopUp {
        portfolio_id: TULIP,
        amount: micros(amount),
        currency: None,
        key: key.to_owned(),
        method: None,
        by_bank_transfer: false,
    }
}

impl World {
    /// A card of Tulip's with the faults of its kind; it becomes the default.
    async fn card(&self, kind: &str) -> Method {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let added = self.payments.add_method(&self.ctx, TULIP, format!("{kind}_{number}")).await.unwrap();
        self.payments.set_default(&self.ctx, TULIP, added.method_id).await.unwrap()
    }

    async fn top_up(&self, amount: &str, key: &str) -> Result<Payment, PaymentError> {
        self.payments.top_up(&self.ctx, wish(amount, key)).await
    }

    async fn refund(&self, of: PaymentId, amount: &str, key: &str) -> Result<Refund, PaymentError> {
        let (amount, reason) = (micros(amount), "asked for".to_owned());
        self.payments.refund(&self.ctx, of, amount, reason, key.to_owned()).await
    }

    /// How often the provider took money.
    async fn captures(&self) -> usize {
        usize::try_from(self.sandbox.told(&self.ctx).await.unwrap().0).unwrap()
    }

    /// What the provider gave back.
    async fn refunded(&self) -> Micros {
        self.sandbox.told(&self.ctx).await.unwrap().1
    }

    async fn balance(&self, portfolio: PortfolioId) -> Balance {
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::balance(ctx, tx, portfolio).await;
        self.db.read(&self.ctx, "test.balance", read).await.unwrap()
    }

    /// What Tulip can spend.
    async fn available(&self) -> String {
        self.balance(TULIP).await.available.to_string()
    }

    async fn list(&self) -> Vec<Payment> {
        let filter = Filter { portfolio: Some(TULIP), ..Filter::default() };
        let list = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::payments(ctx, tx, &filter, 100).await;
        self.db.read(&self.ctx, "test.payments", list).await.unwrap()
    }

    async fn state(&self, id: PaymentId) -> State {
        self.list().await.into_iter().find(|payment| payment.payment_id == id).unwrap().state
    }

    /// What the provider owes, and since when.
    async fn owed(&self, provider: &str) -> Micros {
        let report = self.payments.report(&self.ctx).await.unwrap();
        report
            .clearing
            .iter()
            .find(|clearing| clearing.provider == provider)
            .map_or(Micros::ZERO, |found| found.owed)
    }

    /// Three minutes later the reconciliation has its turn.
    async fn later(&self) -> plaza_payments::Reconciled {
        self.clock.advance(3 * MINUTE);
        self.payments.reconcile(&self.ctx).await.unwrap()
    }

    /// The ledger verifies.
    async fn check_books(&self) {
        let verify = async |ctx: &Ctx, tx: &mut Tx| plaza_ledger::verify(ctx, tx).await;
        let report = self.db.read(&self.ctx, "test.verify", verify).await.unwrap();
        assert_eq!(report.found.differences, Vec::<String>::new());
    }

    /// Spends from the balance, or holds it.
    async fn spend(&self, amount: &str) {
        use plaza_ledger::{Account, AccountKind, Action, Transfer, named_id};
        let amount = micros(amount);
        let spend = async move |ctx: &Ctx, tx: &mut Tx| {
            let hold = Action::Hold {
                debit: Account::new(AccountKind::PortfolioPrepaid(TULIP), Currency::USD),
                credit: Account::new(AccountKind::CallRevenue, Currency::USD),
                amount,
                expires_at: ctx.now() + 30 * DAY,
            };
            let transfer = Transfer { transfer_id: named_id("test spend"), action: hold };
            let posted = plaza_ledger::post(ctx, tx, &[transfer]).await.unwrap();
            plaza_billing::alerts::money_moved(ctx, tx, TULIP).await?;
            Ok::<_, plaza_billing::BillingError>(posted)
        };
        assert!(self.db.transact(&self.ctx, "test.spend", spend).await.unwrap()[0].is_ok());
    }
}
