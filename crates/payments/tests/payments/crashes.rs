//! The process dies between any two steps: after each call to the provider, before it and before its answer is stored.
//! Whatever was reached, the same request and the reconciliation bring it to the one right end.

use super::*;
use async_trait::async_trait;
use plaza_payments::{
    Attached, Order, Payout, Provider, ProviderError, RefundOrder, RefundState, RefundTruth, SetUp, Truth,
    tokens,
};
use std::sync::atomic::AtomicUsize;

/// Where the process dies at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Before,
    After,
}

/// The built-in provider, and a process that dies at the call of a number: all later calls of that life get no answer.
#[derive(Debug)]
struct Mortal {
    inner: Arc<Sandbox>,
    calls: AtomicUsize,
    dies_at: usize,
    place: Where,
}

impl Mortal {
    async fn live<T>(
        &self,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let dead = || ProviderError::Unknown("the process has died".to_owned());
        if number > self.dies_at || (number == self.dies_at && self.place == Where::Before) {
            return Err(dead());
        }
        let answer = call.await;
        if number == self.dies_at { Err(dead()) } else { answer }
    }
}

#[async_trait]
impl Provider for Mortal {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    async fn set_up(&self, portfolio: PortfolioId, customer: Option<&str>) -> Result<SetUp, ProviderError> {
        self.inner.set_up(portfolio, customer).await
    }
    async fn attach(
        &self,
        portfolio: PortfolioId,
        customer: Option<&str>,
        token: &str,
    ) -> Result<Attached, ProviderError> {
        self.inner.attach(portfolio, customer, token).await
    }
    async fn detach(&self, token: &str) -> Result<(), ProviderError> {
        self.inner.detach(token).await
    }
    async fn prepare(&self, ctx: &Ctx, order: &Order) -> Result<String, ProviderError> {
        self.live(self.inner.prepare(ctx, order)).await
    }
    async fn confirm(&self, ctx: &Ctx, reference: &str, off_session: bool) -> Result<Truth, ProviderError> {
        self.live(self.inner.confirm(ctx, reference, off_session)).await
    }
    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError> {
        self.live(self.inner.look_up(ctx, reference)).await
    }
    async fn cancel(&self, ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError> {
        self.live(self.inner.cancel(ctx, reference)).await
    }
    async fn refund(&self, ctx: &Ctx, order: &RefundOrder) -> Result<RefundTruth, ProviderError> {
        self.live(self.inner.refund(ctx, order)).await
    }
    async fn find_refund(
        &self,
        ctx: &Ctx,
        order: &RefundOrder,
    ) -> Result<Option<RefundTruth>, ProviderError> {
        self.live(self.inner.find_refund(ctx, order)).await
    }
    async fn fee(
        &self,
        ctx: &Ctx,
        charge: &str,
        currency: Currency,
    ) -> Result<Option<Micros>, ProviderError> {
        self.live(self.inner.fee(ctx, charge, currency)).await
    }
    async fn payouts(&self, ctx: &Ctx) -> Result<Vec<Payout>, ProviderError> {
        self.live(self.inner.payouts(ctx)).await
    }
}

impl World {
    /// The same world, whose process will die.
    fn mortal(&self, dies_at: usize, place: Where) -> Payments {
        let provider = Mortal { inner: self.sandbox.clone(), calls: AtomicUsize::new(0), dies_at, place };
        Payments::new(self.db.clone(), Some(Arc::new(provider)))
    }
}

#[tokio::test]
async fn a_payment_survives_a_death_at_every_call() {
    each_world(async |world| {
        let mut paid = 0;
        for (card, ends_as) in [(tokens::GOOD, State::Succeeded), (tokens::DECLINED, State::Failed)] {
            world.card(card).await;
            for place in [Where::Before, Where::After] {
                for dies_at in 0..4 {
                    let key = format!("{card} {place:?} {dies_at}");
                    let mortal = world.mortal(dies_at, place);
                    let first = mortal.top_up(&world.ctx, wish("10", &key)).await.unwrap();
                    let repeated = world.top_up("10", &key).await.unwrap();
                    assert_eq!(repeated.payment_id, first.payment_id);
                    world.later().await;
                    world.later().await;
                    assert_eq!(world.state(first.payment_id).await, ends_as, "{key}");
                    paid += usize::from(ends_as == State::Succeeded);
                    assert_eq!(world.captures().await, paid, "{key}: taken once, or not at all");
                    assert_eq!(
                        world.balance(TULIP).await.available,
                        Micros(10_000_000 * i64::try_from(paid).unwrap())
                    );
                }
            }
        }
        assert_eq!(world.owed("sandbox").await, Micros::ZERO);
    })
    .await;
}

#[tokio::test]
async fn a_refund_survives_a_death_at_every_call() {
    each_world(async |world| {
        world.card(tokens::GOOD).await;
        let payment = world.top_up("100", "k").await.unwrap().payment_id;
        let mut given = 0;
        for place in [Where::Before, Where::After] {
            let mortal = world.mortal(0, place);
            let (amount, key) = (micros("10"), format!("{place:?}"));
            let reason = "asked for".to_owned();
            let first = mortal.refund(&world.ctx, payment, amount, reason, key.clone()).await.unwrap();
            assert_eq!(first.state, RefundState::Processing);
            // The next life dies while it looks.
            world.clock.advance(3 * MINUTE);
            world.mortal(0, Where::After).reconcile(&world.ctx).await.unwrap();
            world.later().await;
            given += 1;
            let refund = world.refund(payment, "10", &key).await.unwrap();
            assert_eq!(refund.state, RefundState::Succeeded);
            assert_eq!(world.refunded().await, Micros(10_000_000 * given), "given back once");
            assert_eq!(world.balance(TULIP).await.available, Micros(100_000_000 - 10_000_000 * given));
        }
    })
    .await;
}

#[tokio::test]
async fn a_payout_survives_a_death_at_every_call() {
    each_world(async |world| {
        world.card(tokens::GOOD).await;
        for place in [Where::Before, Where::After] {
            // The fee, and then the payout.
            for dies_at in 0..2 {
                world.top_up("10", &format!("{place:?} {dies_at}")).await.unwrap();
                assert_eq!(world.owed("sandbox").await, micros("10"));
                world.clock.advance(3 * MINUTE);
                let died = world.mortal(dies_at, place).reconcile(&world.ctx).await.unwrap();
                assert_eq!(died.payouts, 0, "{place:?} {dies_at}");
                // A fee that was not known yet is asked for again on the next day.
                world.clock.advance(DAY);
                let next = world.later().await;
                assert_eq!(
                    (next.payouts, world.owed("sandbox").await),
                    (1, Micros::ZERO),
                    "{place:?} {dies_at}"
                );
                assert_eq!(world.later().await.payouts, 0, "told again, booked once");
            }
        }
    })
    .await;
}
