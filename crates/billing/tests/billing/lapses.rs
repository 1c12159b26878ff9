//! Balances that nobody uses: told, taken, given back, each once.

use crate::*;
use plaza_billing::alerts;
use plaza_billing::lapses::{self, Lapse, NOTICE};

const YEAR: u32 = 12;

impl World {
    async fn step(&self, months: u32) -> usize {
        let step = async move |ctx: &Ctx, tx: &mut Tx| lapses::step(ctx, tx, months).await;
        self.db.transact(&self.ctx, "test.lapses", step).await.unwrap()
    }

    async fn lapses(&self) -> Vec<Lapse> {
        let read = async |ctx: &Ctx, tx: &mut Tx| lapses::lapses(ctx, tx, TULIP).await;
        self.db.read(&self.ctx, "test.lapses", read).await.unwrap()
    }

    async fn reinstate(&self) -> Micros {
        let give = async |ctx: &Ctx, tx: &mut Tx| lapses::reinstate(ctx, tx, TULIP).await;
        self.db.transact(&self.ctx, "test.reinstate", give).await.unwrap()
    }

    async fn alert_kinds(&self) -> Vec<String> {
        let read = async |ctx: &Ctx, tx: &mut Tx| alerts::alerts(ctx, tx, TULIP, 10).await;
        let told = self.db.read(&self.ctx, "test.alerts", read).await.unwrap();
        told.into_iter().map(|alert| alert.kind).collect()
    }
}

#[tokio::test]
async fn an_unused_balance_is_told_then_lapses_and_comes_back_once() {
    each_world(async |world| {
        world.clock.advance(360 * DAY);
        assert_eq!(world.step(YEAR).await, 0, "not a year yet");
        world.clock.advance(6 * DAY);
        assert_eq!(world.step(0).await, 0, "the operator's rules know no end");
        assert_eq!((world.step(YEAR).await, world.step(YEAR).await), (1, 0), "told once");
        assert_eq!((world.balance(TULIP).await.posted, world.alert_kinds().await.len()), (micros("1000"), 1));
        world.clock.advance(NOTICE - Duration::from_secs(1));
        assert_eq!(world.step(YEAR).await, 0);
        world.clock.advance(Duration::from_secs(1));
        assert_eq!((world.step(YEAR).await, world.step(YEAR).await), (1, 0), "taken once");
        assert_eq!(world.balance(TULIP).await.posted, Micros::ZERO);
        assert_eq!(world.alert_kinds().await.len(), 2);
        assert_eq!(world.lapses().await[0].amount, Some(micros("1000")));
        world.assert_sound().await;
        assert_eq!((world.reinstate().await, world.reinstate().await), (micros("1000"), Micros::ZERO));
        assert_eq!(world.balance(TULIP).await.posted, micros("1000"));
        world.assert_sound().await;
        assert_eq!(world.step(YEAR).await, 0, "it has moved");
    })
    .await;
}

#[tokio::test]
async fn whatever_moves_it_keeps_a_balance() {
    each_world(async |world| {
        world.clock.advance(366 * DAY);
        assert_eq!(world.step(YEAR).await, 1);
        world.clock.advance(NOTICE - DAY);
        world.top_up(TULIP, "1", "again").await.unwrap();
        world.clock.advance(2 * DAY);
        assert_eq!(world.step(YEAR).await, 0, "a top-up within the notice");
        world.clock.advance(366 * DAY);
        let message = world.message(Category::Marketing, "+4915112345678", world.ctx.now());
        assert!(world.hold(std::slice::from_ref(&message)).await[0].is_ok());
        assert_eq!(world.step(YEAR).await, 0, "something is on its way");
        world.deliver(vec![(message.message_id, world.ctx.now())]).await;
        assert_eq!(world.step(YEAR).await, 0, "it was used");
        world.clock.advance(366 * DAY);
        assert_eq!(world.step(YEAR).await, 1, "told anew");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_lapse_that_was_not_booked_is_found() {
    each_world(async |world| {
        world.clock.advance(366 * DAY);
        world.step(YEAR).await;
        world.clock.advance(NOTICE);
        world.step(YEAR).await;
        world.tamper("UPDATE balance_lapse SET amount_micros = amount_micros - 1").await;
        let found = world.verify().await.differences;
        assert!(found.len() == 1 && found[0].starts_with("breakage in USD"), "{found:?}");
    })
    .await;
}
