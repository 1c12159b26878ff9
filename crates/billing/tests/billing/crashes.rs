//! The process dies between any two statements of rating, posting, closing a month, finalising, paying and subscribing.
//! What is left is nothing or all of it, and repeating the operation gives the same books, to the byte of their hash
//! chains.

use crate::model;
use crate::*;
use plaza_billing::caps::{self, CapAction, NewCap, Scope};
use plaza_billing::funds::{self, NewGrant};
use plaza_billing::invoices::{
    self, Credit, InvoiceError, LineKind, NewItem, Payment, PaymentSource, Period, TaxRate,
};
use plaza_billing::plans::{self, NewSubscription, PlanError, PlanSource, Term};
use plaza_billing::{Run, rerate};
use plaza_db::testing::dies_everywhere;
use plaza_protocol::{InvoiceItemId, SeededIds};
use std::fmt::Debug;

const GERMANY: &str = "+4915112345678";
const INDIA: &str = "+919812345678";
pub(crate) const SENT: &str = "2026-11-10T10:00:00Z";
/// After November and its time of grace.
const CLOSED: &str = "2026-12-04T01:00:00Z";

impl World {
    /// A process that has just started, at a time, whose ids follow from a seed.
    pub(crate) fn started(db: &Db, seed: u64, now: &str) -> Self {
        let clock = Arc::new(ManualClock::new(at(now)));
        let ctx = Ctx::system(clock.clone(), Arc::new(SeededIds::new(seed)));
        let next = Arc::new(AtomicU64::new(seed << 32));
        Self { db: db.clone(), ctx, clock, prices: Prices::default(), next }
    }

    /// Prices of few markets, and Tulip with so much of promotional credit, paid in, and to be owed.
    async fn furnish(&self, [granted, paid, owed]: [&str; 3]) {
        self.import(model::source()).await;
        self.open(TULIP, Currency::USD, "Europe/Berlin").await;
        self.top_up(TULIP, paid, "start").await.unwrap();
        let grant = new_grant(granted, "welcome");
        let owed = micros(owed);
        let furnish = async move |ctx: &Ctx, tx: &mut Tx| {
            funds::grant(ctx, tx, TULIP, &grant).await?;
            funds::set_credit_limit(ctx, tx, TULIP, owed, "line").await?;
            caps::set_cap(ctx, tx, TULIP, &cap("900")).await
        };
        self.with(furnish).await.unwrap();
    }

    /// Messages of all kinds: tiers, free ones, dear ones.
    fn mixed(&self) -> Vec<Intent> {
        let (sent, campaign) = (at(SENT), Some(Arc::from("sale")));
        let mut intents: Vec<_> = (0..4).map(|_| self.message(Category::Utility, GERMANY, sent)).collect();
        intents.extend((0..5).map(|_| self.message(Category::Service, GERMANY, sent)));
        intents.extend((0..3).map(|_| self.message(Category::Authentication, INDIA, sent)));
        intents.push(Intent { campaign, ..self.message(Category::Marketing, GERMANY, sent) });
        intents
    }

    /// A November with charges in the wrong order, and everybody known who stands on its invoice.
    pub(crate) async fn november_backwards(&self, funds: [&str; 3]) {
        self.furnish(funds).await;
        for (n, intent) in (0..).zip(self.mixed()) {
            let later = intent.sent_at + Duration::from_secs(3600 * (100 - n));
            self.send_and_deliver(intent, later).await;
        }
        let parties = async |ctx: &Ctx, tx: &mut Tx| {
            invoices::set_entity(ctx, tx, &crate::invoices::entity()).await?;
            invoices::set_profile(ctx, tx, TULIP, &crate::invoices::buyer("DE", "", false)).await?;
            let rate = TaxRate {
                jurisdiction: "DE".to_owned(),
                effective_from: at("2020-01-01T00:00:00Z"),
                effective_to: None,
                ppm: 190_000,
                name: "VAT".to_owned(),
                reverse_charge: true,
            };
            invoices::set_tax_rate(ctx, tx, &rate).await?;
            let item = NewItem {
                item_id: InvoiceItemId(uuid::Uuid::from_u64_pair(1, 9)),
                portfolio: TULIP,
                period: november(),
                kind: LineKind::Fee,
                description: "A fee".to_owned(),
                quantity: 1,
                unit: micros("20.005"),
                amount: micros("20.005"),
                is_settled: false,
            };
            invoices::add_item(ctx, tx, &item).await
        };
        self.db.transact(&self.ctx, "test.parties", parties).await.unwrap();
    }

    pub(crate) async fn rated_again(&self) {
        let again = async |ctx: &Ctx, tx: &mut Tx| {
            rerate(ctx, tx, &Prices::default(), (TULIP, november().number()), Run::Real).await
        };
        let run = self.db.transact(&self.ctx, "test.rerate", again).await.unwrap();
        assert!(!run.changed.is_empty());
    }

    pub(crate) async fn paid_and_credited(&self) {
        let settle = async |ctx: &Ctx, tx: &mut Tx| {
            let id = invoices::invoice_id(TULIP, november());
            let payment = Payment {
                key: "wire".to_owned(),
                amount_minor: 700,
                source: PaymentSource::Transfer,
                reference: "SEPA 4711".to_owned(),
            };
            invoices::pay(ctx, tx, id, &payment).await?;
            let credit =
                Credit { key: "a".to_owned(), amount_minor: Some(500), reason: "Sent twice".to_owned() };
            invoices::credit(ctx, tx, id, &credit).await.map(drop)
        };
        self.db.transact::<_, InvoiceError, _>(&self.ctx, "test.settle", settle).await.unwrap();
    }

    pub(crate) async fn finalized(&self) {
        self.clock.set(at(CLOSED));
        let finalize =
            async |ctx: &Ctx, tx: &mut Tx| invoices::finalize(ctx, tx, TULIP, november(), false).await;
        self.db.transact(&self.ctx, "test.finalize", finalize).await.unwrap().unwrap();
    }
}

fn november() -> Period {
    "2026-11".parse().unwrap()
}

fn cap(limit: &str) -> NewCap {
    NewCap {
        scope: Scope::Portfolio,
        subject: String::new(),
        period: caps::Period::Month,
        limit: micros(limit),
        action: CapAction::Block,
    }
}

fn new_grant(amount: &str, key: &str) -> NewGrant {
    NewGrant { amount: micros(amount), lasts: 20 * DAY, note: key.to_owned(), key: key.to_owned() }
}

/// Runs an operation of one transaction at a time, with a death at every step: the whole database is the same in the
/// end.
async fn survives<T, E, W>(now: &'static str, set_up: impl AsyncFn(World), work: impl Fn() -> W)
where
    T: Send + 'static,
    E: Debug + From<plaza_db::DbError> + Send + 'static,
    W: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
{
    dies_everywhere(
        async |db| set_up(World::started(&db, 1, SENT)).await,
        async |(), db| {
            let world = World::started(&db, 2, now);
            world.db.transact(&world.ctx, "test.operation", work()).await.map(drop)
        },
        async |db| drop(World::started(&db, 3, now).assert_sound().await),
        async |(), db| db.content().await,
    )
    .await;
}

#[tokio::test]
async fn holding() {
    let set_up = async |world: World| world.furnish(["0.1", "0.1", "0.1"]).await;
    survives(SENT, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| {
            let message = |n, category| {
                let message_id = BusinessMessageId(uuid::Uuid::from_u64_pair(n, 7));
                let campaign = Some(Arc::from("sale"));
                Intent { message_id, campaign, ..blank(category) }
            };
            // Two are split over all that pays, the third is refused, the last one costs nothing.
            let marketing = (0..3).map(|n| message(n, Category::Marketing));
            let free =
                WindowState { free_entry_point_until: Some(at(SENT) + 40 * DAY), ..WindowState::default() };
            let free = Intent { window: free, ..message(3, Category::Service) };
            let intents: Vec<_> = marketing.chain([free]).collect();
            let held = plaza_billing::hold(ctx, tx, &Prices::default(), &intents).await?;
            let accepted: Vec<bool> = held.iter().map(Result::is_ok).collect();
            assert_eq!(accepted, [true, true, false, true]);
            Ok::<_, BillingError>(())
        }
    })
    .await;
}

/// A message to Germany.
fn blank(category: Category) -> Intent {
    Intent {
        message_id: BusinessMessageId(uuid::Uuid::nil()),
        portfolio_id: TULIP,
        waba_id: WabaId(200),
        phone_number_id: PHONE,
        to: GERMANY.parse().unwrap(),
        category,
        template: true,
        sent_at: at(SENT),
        window: WindowState::default(),
        expires_at: at(SENT) + 30 * DAY,
        max_price: None,
        pulses_max: None,
        campaign: None,
    }
}

/// Tulip has sent, from all that pays; what it sent.
async fn sent(world: &World) {
    world.furnish(["0.1", "0.3", "0.7"]).await;
    assert!(world.hold(&world.mixed()).await.iter().all(Result::is_ok));
}

/// The ids of [`sent`].
fn all_sent() -> Vec<BusinessMessageId> {
    (0..13).map(|n| BusinessMessageId(uuid::Uuid::from_u64_pair((1 << 32) + n, 7))).collect()
}

#[tokio::test]
async fn rating_and_posting() {
    survives(
        SENT,
        async |world: World| sent(&world).await,
        || {
            async |ctx: &Ctx, tx: &mut Tx| {
                let deliveries: Vec<_> = all_sent().into_iter().map(|id| (id, at(SENT) + DAY)).collect();
                let charged = plaza_billing::delivered(ctx, tx, &Prices::default(), &deliveries).await?;
                assert!(charged.is_empty() || charged.len() == 13);
                Ok::<_, BillingError>(())
            }
        },
    )
    .await;
}

#[tokio::test]
async fn voiding() {
    survives(
        SENT,
        async |world: World| sent(&world).await,
        || async |ctx: &Ctx, tx: &mut Tx| plaza_billing::failed(ctx, tx, &all_sent()[2..]).await,
    )
    .await;
}

#[tokio::test]
async fn expiring() {
    survives(
        "2026-12-10T10:00:00Z",
        async |world: World| sent(&world).await,
        || async |ctx: &Ctx, tx: &mut Tx| plaza_billing::expire(ctx, tx, 100).await.map(drop),
    )
    .await;
}

#[tokio::test]
async fn topping_up_and_granting() {
    let set_up = async |world: World| world.furnish(["0.1", "0.1", "0.1"]).await;
    survives(SENT, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| plaza_billing::top_up(ctx, tx, TULIP, micros("25"), "again").await
    })
    .await;
    survives(SENT, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| funds::grant(ctx, tx, TULIP, &new_grant("5", "again")).await.map(drop)
    })
    .await;
    survives(
        "2026-12-10T10:00:00Z",
        async |world: World| sent(&world).await,
        || async |ctx: &Ctx, tx: &mut Tx| funds::end_grants(ctx, tx).await,
    )
    .await;
    survives(SENT, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| {
            funds::set_credit_limit(ctx, tx, TULIP, micros("7"), "more").await?;
            caps::set_cap(ctx, tx, TULIP, &cap("7")).await.map(drop)
        }
    })
    .await;
}

#[tokio::test]
async fn rating_a_month_again() {
    let again = || {
        async |ctx: &Ctx, tx: &mut Tx| {
            rerate(ctx, tx, &Prices::default(), (TULIP, november().number()), Run::Real).await.map(drop)
        }
    };
    survives(CLOSED, async |world: World| world.november_backwards(["0.1", "0.3", "0.7"]).await, again).await;
    let set_up = async |world: World| {
        world.november_backwards(["0.1", "0.3", "0.7"]).await;
        world.finalized().await;
    };
    survives(CLOSED, set_up, again).await;
}

#[tokio::test]
async fn gathering_drafting_and_finalising() {
    let set_up = async |world: World| world.november_backwards(["0.1", "0.3", "0.7"]).await;
    survives(CLOSED, set_up, || async |ctx: &Ctx, tx: &mut Tx| invoices::gather(ctx, tx, TULIP).await).await;
    survives(CLOSED, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| invoices::draft(ctx, tx, TULIP, november()).await
    })
    .await;
    survives(CLOSED, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| invoices::finalize(ctx, tx, TULIP, november(), false).await
    })
    .await;
    // Of a prepaid balance that suffices for all of it.
    let set_up = async |world: World| world.november_backwards(["0.1", "100", "0"]).await;
    survives(CLOSED, set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| invoices::finalize(ctx, tx, TULIP, november(), false).await
    })
    .await;
}

#[tokio::test]
async fn paying_crediting_and_falling_due() {
    let set_up = async |world: World| {
        world.november_backwards(["0.1", "0.3", "0.7"]).await;
        world.finalized().await;
    };
    let id = || invoices::invoice_id(TULIP, november());
    survives(CLOSED, set_up, || {
        async move |ctx: &Ctx, tx: &mut Tx| {
            let (invoice, _) = invoices::invoice(ctx, tx, id()).await?;
            let payment = Payment {
                key: "wire".to_owned(),
                amount_minor: invoice.due_minor(),
                source: PaymentSource::Transfer,
                reference: "SEPA 4711".to_owned(),
            };
            invoices::pay(ctx, tx, id(), &payment).await.map(drop)
        }
    })
    .await;
    survives(CLOSED, set_up, || {
        async move |ctx: &Ctx, tx: &mut Tx| {
            let credit =
                Credit { key: "a".to_owned(), amount_minor: Some(777), reason: "Sent twice".to_owned() };
            invoices::credit(ctx, tx, id(), &credit).await.map(drop)
        }
    })
    .await;
    survives("2027-02-01T00:00:00Z", set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| invoices::mark_overdue(ctx, tx, 10).await
    })
    .await;
}

#[tokio::test]
async fn closing_a_month_in_several_transactions() {
    dies_everywhere(
        async |db| World::started(&db, 1, SENT).november_backwards(["0.1", "0.3", "0.7"]).await,
        async |(), db| {
            let world = World::started(&db, 2, CLOSED);
            let closed = invoices::close(&world.ctx, &db, &world.prices, Some(november()), false).await?;
            assert_eq!(closed.waiting, []);
            Ok::<_, InvoiceError>(())
        },
        async |db| drop(World::started(&db, 3, CLOSED).assert_sound().await),
        async |(), db| {
            // The ids of letters and corrections are drawn anew by each life; what they say is the same.
            let mut content = db.content().await;
            content.retain(|table, _| !["charge_correction", "mail_outbox"].contains(&table.as_str()));
            content
        },
    )
    .await;
}

#[tokio::test]
async fn subscribing_and_renewing() {
    let subscribe = || {
        async |ctx: &Ctx, tx: &mut Tx| {
            if plans::subscription(ctx, tx, TULIP).await?.is_some() {
                return Ok(());
            }
            let new = NewSubscription { plan: "verified".to_owned(), term: Term::Month, trial: false };
            plans::start(ctx, tx, TULIP, &new).await.map(drop)
        }
    };
    let set_up = async |world: World| {
        world.furnish(["0.1", "100", "0"]).await;
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        world.db.transact(&world.ctx, "test.plans", import).await.unwrap();
    };
    survives(SENT, set_up, subscribe).await;
    let set_up = async |world: World| {
        set_up(world.clone()).await;
        world.db.transact(&world.ctx, "test.subscribe", subscribe()).await.unwrap();
    };
    survives("2026-12-11T10:00:00Z", set_up, || {
        async |ctx: &Ctx, tx: &mut Tx| {
            while plans::step(ctx, tx).await?.is_more {}
            Ok::<_, PlanError>(())
        }
    })
    .await;
}
