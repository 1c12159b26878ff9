//! Calls of businesses: what is held, what is posted, and that prices of calls leave those of messages alone.

use super::*;
use plaza_billing::{Explanation, PricingType};
use plaza_protocol::ChargeId;

const GERMANY: &str = "+4915112345678";
/// An hour.
const LONGEST: i64 = 600;

impl World {
    fn call(&self, to: &str) -> Intent {
        let now = self.ctx.now();
        Intent { pulses_max: Some(LONGEST), template: false, ..self.message(Category::Call, to, now) }
    }

    async fn called(&self, call: BusinessMessageId, pulses: i64) -> Option<Charged> {
        let (prices, at) = (self.prices.clone(), self.ctx.now());
        let called = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::called(ctx, tx, &prices, (call, at, pulses)).await
        };
        self.db.transact(&self.ctx, "test.called", called).await.unwrap()
    }

    async fn explain(&self, charge: ChargeId) -> Explanation {
        let prices = self.prices.clone();
        let explain =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::explain(ctx, tx, &prices, charge).await;
        self.db.read(&self.ctx, "test.explain", explain).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_call_is_held_at_its_longest_and_posted_by_its_pulses_once() {
    each_world(async |world| {
        let call = world.call(GERMANY);
        let held = world.hold(std::slice::from_ref(&call)).await[0].clone().unwrap();
        // 0.0033 a pulse in Germany.
        assert_eq!((held.held, held.pricing.category), (micros("1.98"), Category::Call));
        assert_eq!(world.balance(TULIP).await.held, micros("1.98"));
        let charged = world.called(call.message_id, 21).await.unwrap();
        assert_eq!((charged.amount, charged.pricing.pricing_type), (micros("0.0693"), PricingType::Regular));
        assert_eq!(world.called(call.message_id, 600).await, None, "charged once");
        let balance = world.balance(TULIP).await;
        assert_eq!((balance.held, balance.posted), (Micros::ZERO, micros("999.9307")));
        let found = world.assert_sound().await;
        assert_eq!(found.charges, 1);
        let why = world.explain(charged.charge_id).await;
        let lines: Vec<_> =
            why.why.iter().map(|why| format!("{}: {} ({})", why.step, why.value, why.because)).collect();
        assert_eq!(lines[3], "List price: 0.0033 USD a pulse (the version's price of call in Germany)");
        assert!(
            lines[4].starts_with("Length: 21 pulses (of six seconds each, the last one begun;"),
            "{lines:?}"
        );
        let end = "Charged: 0.0693 USD (the list price times 21; the rest of what was held is given back)";
        assert_eq!(lines[7], end);
        assert_eq!(why.transfers[1].credit, "revenue:calls");
    })
    .await;
}

#[tokio::test]
async fn a_call_that_nobody_takes_costs_nothing_and_one_that_cannot_be_paid_is_not_made() {
    each_world(async |world| {
        let call = world.call(GERMANY);
        world.hold(std::slice::from_ref(&call)).await[0].clone().unwrap();
        assert_eq!(world.fail(vec![call.message_id]).await, 1);
        assert_eq!(world.called(call.message_id, 5).await, None);
        let balance = world.balance(TULIP).await;
        assert_eq!((balance.held, balance.posted), (Micros::ZERO, micros("1000")));
        let poor = PortfolioId(101);
        world.open(poor, Currency::USD, "UTC").await;
        world.top_up(poor, "1", "start").await.unwrap();
        let call = Intent { portfolio_id: poor, ..world.call(GERMANY) };
        let refused = world.hold(&[call]).await[0].clone().unwrap_err();
        let needed = Refused::InsufficientFunds {
            needed: micros("1.98"),
            available: micros("1"),
            currency: Currency::USD,
        };
        assert_eq!(refused, needed);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_never_costs_more_than_what_was_held() {
    each_world(async |world| {
        let call = world.call(GERMANY);
        world.hold(std::slice::from_ref(&call)).await[0].clone().unwrap();
        let charged = world.called(call.message_id, LONGEST + 100).await.unwrap();
        assert_eq!(charged.amount, micros("1.98"));
        world.assert_sound().await;
    })
    .await;
}
