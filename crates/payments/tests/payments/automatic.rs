//! Topping up by itself.

use super::*;
use plaza_payments::{Automatic, Cause, Wanted, tokens};

fn settings() -> Automatic {
    Automatic {
        is_enabled: true,
        threshold: micros("20"),
        amount: micros("50"),
        monthly_max: Some(micros("120")),
        ..Automatic::default()
    }
}

impl World {
    async fn set(&self, wanted: Automatic) -> Result<Automatic, PaymentError> {
        let set =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::set_automatic(ctx, tx, TULIP, &wanted).await;
        self.db.transact(&self.ctx, "test.automatic", set).await
    }

    async fn wanted(&self, amount: &str, key: &'static str) -> Wanted {
        let amount = micros(amount);
        let want = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_payments::top_up_wanted(ctx, tx, TULIP, amount, key).await
        };
        self.db.transact(&self.ctx, "test.wanted", want).await.unwrap()
    }
}

#[tokio::test]
async fn a_low_balance_is_topped_up_within_the_months_maximum() {
    each_world(async |world| {
        assert!(matches!(world.set(settings()).await, Err(PaymentError::NoMethod)));
        world.card(tokens::GOOD).await;
        world.set(settings()).await.unwrap();
        assert_eq!(world.later().await.automatic, 1);
        assert_eq!(world.available().await, "50.00");
        assert_eq!(world.list().await[0].cause, Cause::Automatic);
        assert_eq!(world.later().await.automatic, 0, "there is enough");
        world.spend("31").await;
        assert_eq!(world.later().await.automatic, 1);
        assert_eq!(world.available().await, "69.00");
        world.set(Automatic { threshold: micros("70"), ..settings() }).await.unwrap();
        assert_eq!(world.later().await.automatic, 0, "a third one would pass the month's maximum");
        world.clock.advance(30 * DAY);
        assert_eq!(world.later().await.automatic, 1, "another month");
        assert_eq!((world.captures().await, world.available().await), (3, "119.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_card_that_was_declined_is_not_hammered() {
    each_world(async |world| {
        world.card(tokens::DECLINED).await;
        world.set(settings()).await.unwrap();
        assert_eq!(world.later().await.automatic, 1);
        assert_eq!(world.list().await[0].state, State::Failed);
        assert_eq!(world.later().await.automatic, 0, "it waits a day");
        world.clock.advance(DAY);
        assert_eq!(world.later().await.automatic, 1);
        assert_eq!(world.wanted("50", "other").await, Wanted::Off);
        world.card(tokens::GOOD).await;
        world.set(settings()).await.unwrap();
        assert_eq!(world.later().await.automatic, 1, "or until the settings are saved again");
        assert_eq!(world.available().await, "50.00");
    })
    .await;
}

#[tokio::test]
async fn a_wish_is_one_payment_for_its_key() {
    each_world(async |world| {
        assert_eq!(world.wanted("50", "w1").await, Wanted::Off);
        world.card(tokens::CONFIRM).await;
        world.set(settings()).await.unwrap();
        let Wanted::Made(id) = world.wanted("50", "w1").await else { panic!("it is made") };
        assert_eq!(world.wanted("50", "w1").await, Wanted::Made(id));
        assert_eq!(world.wanted("50", "w2").await, Wanted::UnderWay);
        world.later().await;
        assert_eq!(world.state(id).await, State::RequiresAction, "the reconciliation has asked the provider");
        world.payments.answer(&world.ctx, TULIP, id, true).await.unwrap();
        assert_eq!(world.wanted("71", "w3").await, Wanted::AboveMonthlyMaximum);
        assert_eq!((world.captures().await, world.available().await), (1, "50.00".to_owned()));
        for bad in [
            Automatic { amount: Micros::ZERO, ..settings() },
            Automatic { amount: micros("0.001"), ..settings() },
            Automatic { threshold: micros("-1"), ..settings() },
            Automatic { threshold: Micros::ZERO, ..settings() },
            Automatic { monthly_max: Some(micros("49")), ..settings() },
            Automatic { amount: Micros(i64::MAX), ..settings() },
        ] {
            assert!(world.set(bad).await.is_err(), "{bad:?}");
        }
    })
    .await;
}
