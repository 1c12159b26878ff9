//! The process dies between any two statements of a payment: at any of them in one life, at any later one in the next.
//! The provider is another machine and lives on. Whatever was reached, the same request and the reconciliation bring it
//! to the one right end, and the books are sound all the way.

use super::*;
use plaza_billing::payouts::Part;
use plaza_billing::plans::{self, PlanSource, PurchaseState, Receipt, StorePayment, StoreRefund};
use plaza_db::SERVER_MIGRATIONS;
use plaza_db::testing::{Content, START, dies_everywhere, sqlite_with};
use plaza_payments::{
    Booking, InvoicePayment, StorePayout, assign, assign_payout, dunning, record, return_entry, suspense,
    tokens,
};
use plaza_protocol::{SeededIds, Timestamp};
use std::sync::atomic::AtomicU32;

/// The built-in provider on another machine: its tables are in a database of its own.
async fn another_machine() -> (Arc<Sandbox>, impl Sized) {
    let place = SERVER_MIGRATIONS.iter().position(|migration| migration.number == 122).unwrap();
    let (db, folder) = sqlite_with(&SERVER_MIGRATIONS[place..=place]).await;
    (Arc::new(Sandbox::new(db)), folder)
}

impl World {
    /// A process that has just started, some time after the first one.
    fn started(sandbox: &Arc<Sandbox>, db: &Db, (seed, later): (u64, Duration)) -> Self {
        let clock = Arc::new(ManualClock::new(START + later));
        let ctx = Ctx::system(clock.clone(), Arc::new(SeededIds::new(seed)));
        let payments = Payments::new(db.clone(), Some(sandbox.clone()));
        let next = Arc::new(AtomicU64::new(seed << 32));
        Self { db: db.clone(), ctx, clock, sandbox: sandbox.clone(), payments, next }
    }

    /// Portfolios, and a card of Tulip's.
    async fn furnish(&self) {
        let open = async |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await.unwrap();
            for portfolio in [TULIP, ROSE] {
                plaza_billing::open_portfolio(ctx, tx, portfolio, Currency::USD, "UTC").await?;
            }
            Ok::<_, plaza_billing::BillingError>(())
        };
        self.db.transact(&self.ctx, "test.open", open).await.unwrap();
        self.card(tokens::GOOD).await;
    }

    async fn has_payments(&self) -> Result<bool, PaymentError> {
        let filter = Filter { portfolio: Some(TULIP), ..Filter::default() };
        let list = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::payments(ctx, tx, &filter, 1).await;
        Ok(!self.db.read(&self.ctx, "test.has_payments", list).await?.is_empty())
    }

    /// What payments and books say, without the ids that each life draws anew.
    async fn told(&self) -> Content {
        let turnover = async |ctx: &Ctx, tx: &mut Tx| plaza_ledger::turnover(ctx, tx).await;
        let accounts = self.db.read(&self.ctx, "test.turnover", turnover).await.unwrap();
        let accounts = accounts.iter().map(|each| format!("{each:?}")).collect();
        let payments = self.list().await;
        let payments = payments.iter().map(|each| {
            let Payment { state, amount, fee, refunded, cause, .. } = each;
            format!("{state:?} {amount} {fee:?} {refunded} {cause:?}")
        });
        let provider = format!("{} captures, {} refunded", self.captures().await, self.refunded().await);
        [
            ("accounts".to_owned(), accounts),
            ("payments".to_owned(), payments.collect()),
            ("provider".to_owned(), vec![provider]),
        ]
        .into()
    }
}

/// Runs an operation with a death at every statement, after some time and then again and again after three minutes.
async fn survives(
    later: Duration,
    set_up: impl AsyncFn(&World),
    operate: impl AsyncFn(&World) -> Result<(), PaymentError>,
) {
    dies_everywhere(
        async |db| {
            let (sandbox, folder) = another_machine().await;
            let world = World::started(&sandbox, &db, (1, Duration::ZERO));
            world.furnish().await;
            set_up(&world).await;
            (sandbox, AtomicU32::new(0), folder)
        },
        async |(sandbox, lives, _), db| {
            // Each life begins some time after the one before, and looks at what that one left.
            let life = lives.fetch_add(1, Ordering::SeqCst);
            let world = World::started(sandbox, &db, (2, later + 10 * MINUTE * life));
            operate(&world).await?;
            // Whether the provider knows anything that is not here yet.
            if world.has_payments().await? {
                world.clock.advance(3 * MINUTE);
                world.payments.reconcile(&world.ctx).await?;
            }
            // The reconciliation leaves for the next time what it cannot do now.
            if db.has_crashed() { Err(PaymentError::Db(plaza_db::DbError::Closed)) } else { Ok(()) }
        },
        async |db| {
            let nobody = Arc::new(Sandbox::new(db.clone()));
            World::started(&nobody, &db, (3, later)).check_books().await;
        },
        async |(sandbox, ..), db| World::started(sandbox, &db, (4, later)).told().await,
    )
    .await;
}

#[tokio::test]
async fn topping_up() {
    survives(Duration::ZERO, async |_| (), async |world| world.top_up("10", "k").await.map(drop)).await;
}

#[tokio::test]
async fn a_declined_card() {
    let set_up = async |world: &World| drop(world.card(tokens::DECLINED).await);
    survives(Duration::ZERO, set_up, async |world| world.top_up("10", "k").await.map(drop)).await;
}

#[tokio::test]
async fn refunding() {
    let set_up = async |world: &World| drop(world.top_up("100", "k").await.unwrap());
    let refund = async |world: &World| {
        let filter = Filter { portfolio: Some(TULIP), ..Filter::default() };
        let list = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::payments(ctx, tx, &filter, 100).await;
        let payment = world.db.read(&world.ctx, "test.payments", list).await?[0].payment_id;
        world.refund(payment, "10", "r").await.map(drop)
    };
    survives(MINUTE, set_up, refund).await;
}

#[tokio::test]
async fn paying_an_invoice() {
    let set_up = async |world: &World| drop(world.issue("120").await);
    let pay = async |world: &World| {
        let invoice = plaza_billing::invoices::invoice_id(TULIP, "2026-11".parse().unwrap());
        let wish = InvoicePayment { invoice, key: "k".to_owned(), method: None };
        world.payments.pay_invoice(&world.ctx, wish).await.map(drop)
    };
    survives(40 * DAY, set_up, pay).await;
}

#[tokio::test]
async fn money_at_the_bank() {
    let booking = || Booking {
        key: "b1".to_owned(),
        booked_at: START,
        amount: micros("120"),
        currency: Currency::USD,
        payer: "Tulip".to_owned(),
        remittance: "no reference".to_owned(),
    };
    let book = async |world: &World| {
        let record = async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, &booking()).await.map(drop);
        world.db.transact(&world.ctx, "test.record", record).await
    };
    survives(MINUTE, async |_| (), book).await;
    let set_up = async |world: &World| book(world).await.unwrap();
    survives(MINUTE, set_up, async |world| {
        let to_tulip = async |ctx: &Ctx, tx: &mut Tx| match suspense(ctx, tx).await?.first() {
            Some(entry) => assign(ctx, tx, entry.entry_id, TULIP, None).await.map(drop),
            None => Ok(()),
        };
        world.db.transact(&world.ctx, "test.assign", to_tulip).await
    })
    .await;
    survives(MINUTE, set_up, async |world| {
        let back = async |ctx: &Ctx, tx: &mut Tx| match suspense(ctx, tx).await?.first() {
            Some(entry) => return_entry(ctx, tx, entry.entry_id).await.map(drop),
            None => Ok(()),
        };
        world.db.transact(&world.ctx, "test.return", back).await
    })
    .await;
}

#[tokio::test]
async fn steps_against_who_does_not_pay() {
    survives(
        40 * DAY,
        async |_| (),
        async |world| {
            let overdue = dunning::Overdue { portfolio_id: TULIP, since: Timestamp(START.0) };
            let step = async move |ctx: &Ctx, tx: &mut Tx| {
                let notices = dunning::step(ctx, tx, &[overdue]).await?;
                assert!(
                    notices.is_empty() || notices.last().unwrap().step.action == dunning::StepAction::Suspend
                );
                Ok::<_, PaymentError>(())
            };
            world.db.transact(&world.ctx, "test.step", step).await
        },
    )
    .await;
}

/// A month of Plus that a store sold when the world began, and gave a part of back a minute later, or not.
fn month(now: Timestamp, back: Option<&str>) -> Receipt {
    let end = START + 31 * DAY;
    let payment = StorePayment {
        transaction: "t1".to_owned(),
        product: "plus.month".to_owned(),
        amount: micros("2.00"),
        commission: micros("0.30"),
        currency: Currency::USD,
        from: START,
        to: Some(end),
        refunded: back.map(|amount| StoreRefund { amount: micros(amount), at: START + MINUTE }),
    };
    Receipt {
        store: "sandbox",
        reference: "chain-1".to_owned(),
        asked_at: now,
        account: None,
        product: "plus.month".to_owned(),
        state: PurchaseState::Active,
        expires_at: Some(end),
        renews: true,
        is_trial: false,
        is_family_shared: false,
        replaces: None,
        payments: vec![payment],
    }
}

impl World {
    /// Somebody has bought a month.
    async fn sell(&self) {
        let (receipt, somebody) = (month(self.ctx.now(), None), self.ctx.uuid());
        let sell = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::import_plans(ctx, tx, &PlanSource::reference()).await.unwrap();
            plans::apply_receipt(ctx, tx, Some(somebody), &receipt).await.map(drop)
        };
        self.db.transact(&self.ctx, "test.sell", sell).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_store_gives_back() {
    let set_up = async |world: &World| world.sell().await;
    // A part of the price, and then all of it.
    survives(2 * MINUTE, set_up, async |world| {
        for back in ["0.50", "2.00"] {
            let receipt = month(world.ctx.now(), Some(back));
            let apply =
                async move |ctx: &Ctx, tx: &mut Tx| plans::apply_receipt(ctx, tx, None, &receipt).await;
            let applied = world.db.transact(&world.ctx, "test.apply", apply).await;
            applied.map_err(|_| PaymentError::Damaged("a receipt was not applied"))?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_a_store_pays_out() {
    let set_up = async |world: &World| {
        world.sell().await;
        let booking = Booking {
            key: "b1".to_owned(),
            booked_at: START,
            amount: micros("1.50"),
            currency: Currency::USD,
            payer: "SANDBOX DISTRIBUTION".to_owned(),
            remittance: "payout 11/26".to_owned(),
        };
        let record = async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, &booking).await.map(drop);
        world.db.transact(&world.ctx, "test.record", record).await.unwrap();
    };
    survives(MINUTE, set_up, async |world| {
        // Some was withheld, and the store kept more than was booked.
        let [settled, paid, withheld, arrived] = ["1.70", "1.55", "0.10", "1.55"].map(micros);
        let part = Part { currency: Currency::USD, settled, paid, withheld, arrived };
        let told = StorePayout { store: "sandbox".to_owned(), bank_fee: micros("0.05"), parts: vec![part] };
        let assign = async move |ctx: &Ctx, tx: &mut Tx| match suspense(ctx, tx).await?.first() {
            Some(entry) => assign_payout(ctx, tx, entry.entry_id, told.clone()).await.map(drop),
            None => Ok(()),
        };
        world.db.transact(&world.ctx, "test.payout", assign).await
    })
    .await;
}
