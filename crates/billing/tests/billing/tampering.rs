//! Whatever somebody changes in the tables, verification says so.

use crate::*;
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
    const CHANGES: [&str; 29] = [
        "UPDATE charge SET amount_micros = amount_micros - 1 WHERE category = 'marketing'",
        "UPDATE charge SET unit_micros = unit_micros + 1 WHERE category = 'marketing'",
        "UPDATE charge SET market = 'Brazil' WHERE market = 'Germany'",
        "UPDATE charge SET category = 'utility' WHERE category = 'marketing'",
        "UPDATE charge SET pricing_type = 'regular' WHERE pricing_type = 'free_customer_service'",
        "UPDATE charge SET pricing_type = 'free_entry_point', amount_micros = 0 WHERE category = 'marketing'",
        "UPDATE charge SET currency = 'EUR'",
        "UPDATE charge SET transfer_id = NULL WHERE category = 'marketing'",
        "UPDATE charge SET allowance = 17 WHERE category = 'service'",
        "UPDATE charge SET allowance = NULL WHERE category = 'service'",
        "UPDATE charge SET delivered_at = delivered_at - 1 WHERE category = 'marketing'",
        "UPDATE charge SET volume = 2 WHERE category = 'utility'",
        "UPDATE charge SET volume = NULL WHERE category = 'utility'",
        "UPDATE charge SET tier = 0 WHERE category = 'utility'",
        "UPDATE tier_counter SET volume = volume + 1",
        "DELETE FROM tier_counter",
        "UPDATE charge SET run = 1 WHERE category = 'marketing'",
        "DELETE FROM charge WHERE category = 'marketing'",
        "DELETE FROM usage_event WHERE category = 'service'",
        "UPDATE usage_event SET destination = '5511' WHERE category = 'marketing'",
        "UPDATE usage_event SET held = held + 1 WHERE category = 'marketing'",
        "UPDATE billing_portfolio SET usage_events = usage_events - 1",
        "UPDATE allowance_counter SET used = used + 1",
        "DELETE FROM allowance_counter",
        "UPDATE revenue_hour SET amount_micros = amount_micros + 1 WHERE category = 'marketing'",
        "DELETE FROM revenue_hour WHERE category = 'service'",
        "UPDATE usage_sum SET list_micros = list_micros + 1 WHERE span = 'day' AND category = 'marketing'",
        "DELETE FROM usage_sum WHERE span = 'month' AND category = 'service'",
        "UPDATE ledger_account SET posted = posted + 1 WHERE code = 'revenue:messages:marketing'",
    ];
    each_world(async |world| {
        for category in [Category::Marketing, Category::Service, Category::Utility] {
            let intent = world.message(category, "+4915112345678", world.ctx.now());
            world.send_and_deliver(intent, world.ctx.now() + Duration::from_secs(1)).await;
        }
        let sound = world.assert_sound().await;
        for text in CHANGES {
            // New prices in memory each time: what is verified is what the tables say.
            let prices = Prices::default();
            let tamper = async move |ctx: &Ctx, tx: &mut Tx| {
                assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
                Err::<(), _>(Found(plaza_billing::verify(ctx, tx, &prices).await?.differences))
            };
            let found = world.db.transact(&world.ctx, "test.tamper", tamper).await.unwrap_err();
            assert!(!found.0.is_empty(), "{:?}: nobody noticed {text}", world.db);
        }
        assert_eq!(world.verify().await, sound);
    })
    .await;
}

/// A month that was rated again, then final, paid in part and credited.
#[tokio::test]
async fn every_change_of_what_came_later_is_found() {
    const CHANGES: [&str; 12] = [
        "UPDATE charge_correction SET amount_micros = amount_micros - 1 WHERE amount_micros > 0",
        "UPDATE charge_correction SET from_amount_micros = from_amount_micros + 1",
        "UPDATE charge_correction SET unit_micros = unit_micros + 1",
        "UPDATE charge_correction SET credit_micros = credit_micros + 1",
        "UPDATE charge_correction SET market = 'Other'",
        "DELETE FROM charge_correction WHERE run = 1",
        "UPDATE usage_month SET amount_micros = amount_micros + 1",
        "UPDATE invoice SET paid_minor = paid_minor + 1",
        "UPDATE invoice SET credited_minor = credited_minor + 1",
        "UPDATE invoice_payment SET amount_minor = amount_minor + 1",
        "UPDATE credit_note SET amount_minor = amount_minor + 1",
        "DELETE FROM credit_note",
    ];
    each_engine(async |db| {
        let world = World::started(&db, 1, crashes::SENT);
        world.november_backwards(["0.1", "0.3", "0.7"]).await;
        world.rated_again().await;
        world.finalized().await;
        world.paid_and_credited().await;
        let sound = world.assert_sound().await;
        for text in CHANGES {
            let prices = Prices::default();
            let tamper = async move |ctx: &Ctx, tx: &mut Tx| {
                assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
                Err::<(), _>(Found(plaza_billing::verify(ctx, tx, &prices).await?.differences))
            };
            let found = world.db.transact(&world.ctx, "test.tamper", tamper).await.unwrap_err();
            assert!(!found.0.is_empty(), "{:?}: nobody noticed {text}", world.db);
        }
        assert_eq!(world.verify().await, sound);
    })
    .await;
}
