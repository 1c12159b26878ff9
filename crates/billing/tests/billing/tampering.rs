//! Whatever somebody changes in the tables, verification says so.

use crate::*;
use plaza_billing::exchange::{self, Foreign};
use plaza_billing::lapses;
use plaza_billing::plans::{self, Cancel, NewSubscription, PlanSource, Term};
use plaza_db::{DbError, Sql};

/// Carries what was found out of a transaction that is rolled back.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) Vec<String>);

impl From<DbError> for Found {
    fn from(error: DbError) -> Self {
        panic!("{}", plaza_protocol::Chain(&error))
    }
}

impl From<BillingError> for Found {
    fn from(error: BillingError) -> Self {
        panic!("{}", plaza_protocol::Chain(&error))
    }
}

impl World {
    /// A payment in euros, a credit line, a plan that was given back and one that goes on, and a balance that lapsed.
    async fn has_a_bit_of_everything(&self) {
        let euros =
            Foreign { amount: micros("100"), currency: Currency::EUR, rate: "1.0834".parse().unwrap() };
        let begin = async move |ctx: &Ctx, tx: &mut Tx| {
            exchange::top_up_in(ctx, tx, TULIP, euros, "euros").await?;
            plaza_billing::funds::set_credit_limit(ctx, tx, TULIP, micros("50"), "line").await
        };
        self.with(begin).await.unwrap();
        let plan = async |tx: &mut Tx, ctx: &Ctx, ends: bool| {
            let new = NewSubscription { plan: "verified".to_owned(), term: Term::Month, trial: false };
            plans::start(ctx, tx, TULIP, &new).await?;
            if ends { plans::cancel(ctx, tx, TULIP, Cancel::Now).await.map(drop) } else { Ok(()) }
        };
        let plans = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::import_plans(ctx, tx, &PlanSource::reference()).await.unwrap();
            plan(tx, ctx, true).await?;
            plan(tx, ctx, false).await
        };
        self.db.transact(&self.ctx, "test.plans", plans).await.unwrap();
        self.clock.advance(3 * DAY);
        let step = async |ctx: &Ctx, tx: &mut Tx| plans::step(ctx, tx).await;
        self.db.transact(&self.ctx, "test.step", step).await.unwrap();
        self.open(PortfolioId(101), Currency::USD, "UTC").await;
        self.top_up(PortfolioId(101), "7", "unused").await.unwrap();
        for _ in 0..2 {
            self.clock.advance(400 * DAY);
            let lapse = async |ctx: &Ctx, tx: &mut Tx| lapses::step(ctx, tx, 12).await;
            assert!(self.with(lapse).await.unwrap() > 0);
        }
    }

    /// Verification finds each change, and names the kind of rows that it is seen in. The changes are taken back.
    async fn are_found(&self, changes: &[(&'static str, &'static str)]) {
        let mut unseen = Vec::new();
        for (kind, text) in changes.iter().copied() {
            // New prices in memory each time: what is verified is what the tables say.
            let prices = Prices::default();
            let tamper = async move |ctx: &Ctx, tx: &mut Tx| {
                assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
                let found = plaza_billing::verify(ctx, tx, &prices).await?;
                assert_eq!(found.ok, found.differences.is_empty());
                let kinds = found.kinds.iter().filter(|of| of.differing > 0);
                Err::<(), _>(Found(kinds.map(|of| of.kind.to_owned()).collect()))
            };
            let seen = self.db.transact(&self.ctx, "test.tamper", tamper).await.unwrap_err().0;
            if !seen.iter().any(|seen| seen == kind) {
                unseen.push(format!("{text}: not in {kind}, but in {seen:?}"));
            }
        }
        assert_eq!(unseen, Vec::<String>::new(), "{:?}", self.db);
    }

    /// Changes rows behind billing's back.
    pub(crate) async fn tamper(&self, text: &'static str) {
        let change = async move |_: &Ctx, tx: &mut Tx| {
            assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
            Ok::<_, DbError>(())
        };
        self.db.transact(&self.ctx, "test.change", change).await.unwrap();
    }
}

#[tokio::test]
async fn every_change_is_found() {
    const CHANGES: [(&str, &str); 34] = [
        ("charges", "UPDATE charge SET amount_micros = amount_micros - 1 WHERE category = 'marketing'"),
        ("charges", "UPDATE charge SET unit_micros = unit_micros + 1 WHERE category = 'marketing'"),
        ("charges", "UPDATE charge SET market = 'Brazil' WHERE market = 'Germany'"),
        ("charges", "UPDATE charge SET category = 'utility' WHERE category = 'marketing'"),
        (
            "charges",
            "UPDATE charge SET pricing_type = 'regular' WHERE pricing_type = 'free_customer_service'",
        ),
        (
            "charges",
            "UPDATE charge SET pricing_type = 'free_entry_point', amount_micros = 0 WHERE category = 'marketing'",
        ),
        ("charges", "UPDATE charge SET currency = 'EUR'"),
        ("charges", "UPDATE charge SET transfer_id = NULL WHERE category = 'marketing'"),
        ("free_quantities", "UPDATE charge SET allowance = 17 WHERE category = 'service'"),
        ("charges", "UPDATE charge SET allowance = NULL WHERE category = 'service'"),
        ("charges", "UPDATE charge SET delivered_at = delivered_at - 1 WHERE category = 'marketing'"),
        ("charges", "UPDATE charge SET volume = 2 WHERE category = 'utility'"),
        ("charges", "UPDATE charge SET volume = NULL WHERE category = 'utility'"),
        ("charges", "UPDATE charge SET tier = 0 WHERE category = 'utility'"),
        ("tier_counters", "UPDATE tier_counter SET volume = volume + 1"),
        ("tier_counters", "DELETE FROM tier_counter"),
        ("charges", "UPDATE charge SET run = 1 WHERE category = 'marketing'"),
        ("charges", "DELETE FROM charge WHERE category = 'marketing'"),
        ("usage_events", "DELETE FROM usage_event WHERE category = 'service'"),
        ("usage_events", "UPDATE usage_event SET destination = '5511' WHERE category = 'marketing'"),
        ("usage_events", "UPDATE usage_event SET held = held + 1 WHERE category = 'marketing'"),
        ("usage_events", "UPDATE billing_portfolio SET usage_events = usage_events - 1"),
        ("free_quantities", "UPDATE allowance_counter SET used = used + 1"),
        ("free_quantities", "DELETE FROM allowance_counter"),
        (
            "revenue_hours",
            "UPDATE revenue_hour SET amount_micros = amount_micros + 1 WHERE category = 'marketing'",
        ),
        ("revenue_hours", "DELETE FROM revenue_hour WHERE category = 'service'"),
        (
            "dashboard",
            "UPDATE usage_sum SET list_micros = list_micros + 1 WHERE span = 'day' AND category = 'marketing'",
        ),
        ("dashboard", "DELETE FROM usage_sum WHERE span = 'month' AND category = 'service'"),
        (
            "accounts",
            "UPDATE ledger_account SET posted = posted + 1 WHERE code = 'revenue:messages:marketing'",
        ),
        ("dashboard", "UPDATE traffic_day SET messages = messages + 1 WHERE pricing_type = 'regular'"),
        ("dashboard", "DELETE FROM customer_sum WHERE span = 'month'"),
        ("spent", "UPDATE spending_day SET spent_micros = spent_micros + 1 WHERE scope = 'number'"),
        ("spent", "UPDATE usage_event SET spent_day = spent_day + 1 WHERE category = 'marketing'"),
        ("entries", "UPDATE ledger_entry SET at = at - 1 WHERE version = 2"),
    ];
    each_world(async |world| {
        for category in [Category::Marketing, Category::Service, Category::Utility] {
            let intent = world.message(category, "+4915112345678", world.ctx.now());
            world.send_and_deliver(intent, world.ctx.now() + Duration::from_secs(1)).await;
        }
        let sound = world.assert_sound().await;
        world.are_found(&CHANGES).await;
        assert_eq!(world.verify().await, sound);
    })
    .await;
}

/// A month that was rated again, then final, paid in part and credited.
#[tokio::test]
async fn every_change_of_what_came_later_is_found() {
    const CHANGES: [(&str, &str); 24] = [
        (
            "corrections",
            "UPDATE charge_correction SET amount_micros = amount_micros - 1 WHERE amount_micros > 0",
        ),
        ("corrections", "UPDATE charge_correction SET from_amount_micros = from_amount_micros + 1"),
        ("corrections", "UPDATE charge_correction SET unit_micros = unit_micros + 1"),
        ("corrections", "UPDATE charge_correction SET credit_micros = credit_micros + 1"),
        ("corrections", "UPDATE charge_correction SET market = 'Other'"),
        ("revenue_hours", "DELETE FROM charge_correction WHERE run = 1"),
        ("usage_months", "UPDATE usage_month SET amount_micros = amount_micros + 1"),
        ("invoices", "UPDATE invoice SET paid_minor = paid_minor + 1"),
        ("invoices", "UPDATE invoice SET credited_minor = credited_minor + 1"),
        ("invoices", "UPDATE invoice_payment SET amount_minor = amount_minor + 1"),
        ("invoices", "UPDATE credit_note SET amount_minor = amount_minor + 1"),
        ("invoices", "DELETE FROM credit_note"),
        ("document_numbers", "DELETE FROM credit_note"),
        ("document_numbers", "UPDATE invoice_number SET last = last + 1"),
        ("campaigns", "UPDATE campaign_month SET amount_micros = amount_micros + 1"),
        ("campaigns", "DELETE FROM campaign_month"),
        ("usage_months", "UPDATE usage_gathered SET sequence = sequence - 1"),
        (
            "invoice_lines",
            "UPDATE usage_month SET invoiced_quantity = invoiced_quantity - 1 WHERE invoiced_quantity > 0",
        ),
        ("invoice_lines", "UPDATE invoice_line SET unit_micros = unit_micros + 1"),
        ("invoice_lines", "UPDATE invoice_line SET quantity = quantity + 1 WHERE position = 1"),
        ("invoice_lines", "DELETE FROM invoice_line WHERE position = 1"),
        (
            "invoices",
            "UPDATE invoice SET charges_micros = charges_micros + 1, rounding_micros = rounding_micros - 1",
        ),
        ("invoices", "UPDATE invoice SET pdf_sha256 = NULL"),
        ("revenue_accounts", "DELETE FROM charge_correction WHERE run = 1"),
    ];
    each_engine(async |db| {
        let world = World::started(&db, 1, crashes::SENT);
        world.november_backwards(["0.1", "0.3", "0.7"]).await;
        world.rated_again().await;
        world.finalized().await;
        world.paid_and_credited().await;
        let sound = world.assert_sound().await;
        world.are_found(&CHANGES).await;
        assert_eq!(world.verify().await, sound);
    })
    .await;
}

/// Plans, exchanges and balances that lapsed.
#[tokio::test]
async fn every_change_beside_messages_is_found() {
    const CHANGES: [(&str, &str); 8] = [
        ("plans", "UPDATE subscription_deferral SET earned_micros = earned_micros + 1 WHERE is_open"),
        ("plans", "UPDATE subscription_deferral SET days_done = days_done + 1 WHERE is_open"),
        ("plans", "UPDATE subscription_deferral SET credited_micros = credited_micros - 1 WHERE NOT is_open"),
        ("plans", "UPDATE subscription_line SET amount_micros = amount_micros - 1"),
        ("exchanges", "UPDATE currency_exchange SET rate_nanos = rate_nanos + 1000"),
        ("exchanges", "DELETE FROM currency_exchange"),
        ("lapses", "UPDATE balance_lapse SET amount_micros = amount_micros + 1"),
        ("lapses", "UPDATE balance_lapse SET reinstated_at = 1"),
    ];
    each_world(async |world| {
        world.has_a_bit_of_everything().await;
        let sound = world.assert_sound().await;
        for kind in ["plans", "exchanges", "lapses", "floors"] {
            assert!(sound.kinds.iter().any(|of| of.kind == kind && of.checked > 0), "{kind}");
        }
        world.are_found(&CHANGES).await;
        assert_eq!(world.verify().await, sound);
    })
    .await;
}

/// Sums can be built again; nothing else is touched.
#[tokio::test]
async fn sums_that_differ_are_built_again_and_nothing_else() {
    each_world(async |world| {
        for category in [Category::Marketing, Category::Utility] {
            let intent = world.message(category, "+4915112345678", world.ctx.now());
            world.send_and_deliver(intent, world.ctx.now() + Duration::from_secs(1)).await;
        }
        let (sound, content) = (world.assert_sound().await, world.db.content().await);
        world.tamper("UPDATE revenue_hour SET amount_micros = amount_micros + 1").await;
        world.tamper("DELETE FROM usage_sum WHERE span = 'day'").await;
        world.tamper("UPDATE tier_counter SET volume = volume + 7").await;
        let wrong = world.verify().await;
        let repair = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::repair(ctx, tx, &wrong).await;
        assert_eq!(world.with(repair).await.unwrap(), ["tier_counters", "revenue_hours", "dashboard"]);
        assert_eq!((world.verify().await, world.db.content().await), (sound.clone(), content));
        world.tamper("UPDATE charge SET market = 'Brazil'").await;
        let wrong = world.verify().await;
        let kept = world.db.content().await;
        // The sums by market follow from the charges, whatever these say; the charges stay wrong.
        let repair = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::repair(ctx, tx, &wrong).await;
        world.with(repair).await.unwrap();
        assert_eq!(world.db.content().await["charge"], kept["charge"]);
        assert!(!world.verify().await.ok);
        let business = plaza_protocol::Actor::App { app: plaza_protocol::AppId(1), portfolio: TULIP };
        let other = World { ctx: world.ctx.acting_as(business), ..world.clone() };
        let repair = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::repair(ctx, tx, &sound).await;
        assert!(matches!(other.with(repair).await, Err(BillingError::OperatorOnly)));
    })
    .await;
}
