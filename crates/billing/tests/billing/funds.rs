//! What pays, in which order, and that nothing is spent that is not there.

use crate::*;
use plaza_billing::funds::{self, NewGrant};

const GERMANY: &str = "+4915112345678";
const OAK: PortfolioId = PortfolioId(101);

/// What a marketing message to Germany costs in November 2026.
async fn price(world: &World) -> Micros {
    let message = world.message(Category::Marketing, GERMANY, world.ctx.now());
    let held = world.hold(std::slice::from_ref(&message)).await[0].clone().unwrap().held;
    world.fail(vec![message.message_id]).await;
    held
}

fn times(amount: Micros, n: i64) -> Micros {
    Micros(amount.0 * n)
}

impl World {
    async fn grant(
        &self,
        portfolio: PortfolioId,
        amount: Micros,
        days: u32,
        key: &'static str,
    ) -> Result<bool, BillingError> {
        let new = NewGrant { amount, lasts: DAY * days, note: "welcome".to_owned(), key: key.to_owned() };
        let grant = async move |ctx: &Ctx, tx: &mut Tx| funds::grant(ctx, tx, portfolio, &new).await;
        self.with(grant).await.map(|granted| granted.repeated)
    }

    async fn credit_limit(
        &self,
        portfolio: PortfolioId,
        limit: Micros,
        key: &'static str,
    ) -> Result<funds::Credit, BillingError> {
        let set =
            async move |ctx: &Ctx, tx: &mut Tx| funds::set_credit_limit(ctx, tx, portfolio, limit, key).await;
        self.with(set).await
    }

    async fn end_grants(&self) -> usize {
        self.with(async |ctx: &Ctx, tx: &mut Tx| funds::end_grants(ctx, tx).await).await.unwrap()
    }

    fn to_germany(&self, portfolio: PortfolioId) -> Intent {
        let message = self.message(Category::Marketing, GERMANY, self.ctx.now());
        Intent { portfolio_id: portfolio, ..message }
    }

    fn messages(&self, portfolio: PortfolioId, n: usize) -> Vec<Intent> {
        (0..n).map(|_| self.to_germany(portfolio)).collect()
    }
}

fn ids(intents: &[Intent]) -> Vec<BusinessMessageId> {
    intents.iter().map(|intent| intent.message_id).collect()
}

#[tokio::test]
async fn promotional_credit_pays_first_then_what_was_paid_in_then_credit() {
    each_world(async |world| {
        let price = price(&world).await;
        world.open(OAK, Currency::USD, "UTC").await;
        assert!(!world.grant(OAK, price, 60, "later").await.unwrap());
        assert!(!world.grant(OAK, price, 40, "sooner").await.unwrap());
        world
            .with(async move |ctx: &Ctx, tx: &mut Tx| {
                plaza_billing::top_up(ctx, tx, OAK, price, "paid").await
            })
            .await
            .unwrap();
        world.credit_limit(OAK, price, "line").await.unwrap();
        assert_eq!(world.funds(OAK).await.available, times(price, 4));
        let messages = world.messages(OAK, 5);
        let mut held = Vec::new();
        for message in &messages {
            held.push(world.hold(std::slice::from_ref(message)).await[0].is_ok());
            let funds = world.funds(OAK).await;
            assert_eq!(funds.held, times(price, i64::try_from(held.len().min(4)).unwrap()));
            let used = |left: &funds::Grant| left.held > Micros::ZERO;
            let grants: Vec<bool> = funds.grants.iter().map(used).collect();
            let n = held.len();
            assert_eq!(grants, [n > 0, n > 1], "{n}");
            assert_eq!(funds.prepaid_held > Micros::ZERO, n > 2);
            assert_eq!(funds.credit.held > Micros::ZERO, n > 3);
        }
        assert_eq!(held, [true, true, true, true, false]);
        let now = world.ctx.now();
        world.deliver(ids(&messages).into_iter().map(|id| (id, now)).collect()).await;
        let funds = world.funds(OAK).await;
        assert_eq!((funds.available, funds.held, funds.credit.used), (Micros::ZERO, Micros::ZERO, price));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_price_that_no_account_has_alone_is_split_and_every_part_ends_with_the_message() {
    each_world(async |world| {
        let price = price(&world).await;
        for (portfolio, end) in [(101, "delivered"), (102, "failed"), (103, "expired"), (104, "cheaper")] {
            let portfolio = PortfolioId(portfolio);
            world.open(portfolio, Currency::USD, "UTC").await;
            let third = Micros(price.0 / 3);
            world.grant(portfolio, third, 90, "start").await.unwrap();
            world
                .with(async move |ctx: &Ctx, tx: &mut Tx| {
                    plaza_billing::top_up(ctx, tx, portfolio, third, "paid").await
                })
                .await
                .unwrap();
            world.credit_limit(portfolio, price, "line").await.unwrap();
            // The credit line alone has all of it.
            let whole = world.to_germany(portfolio);
            assert!(world.hold(std::slice::from_ref(&whole)).await[0].is_ok());
            assert_eq!(world.funds(portfolio).await.credit.held, price);
            world.fail(vec![whole.message_id]).await;
            // Now nobody has.
            world.credit_limit(portfolio, Micros(price.0 - 2 * third.0), "less").await.unwrap();
            let mut message = world.to_germany(portfolio);
            message.expires_at = world.ctx.now() + DAY;
            for _ in 0..2 {
                let held = world.hold(std::slice::from_ref(&message)).await[0].clone().unwrap();
                assert_eq!(held.held, price, "asked twice, held once");
            }
            let funds = world.funds(portfolio).await;
            assert_eq!((funds.held, funds.available), (price, Micros::ZERO));
            let now = world.ctx.now();
            match end {
                "delivered" => {
                    assert_eq!(world.deliver(vec![(message.message_id, now)]).await[0].amount, price);
                }
                "failed" => assert_eq!(world.fail(vec![message.message_id]).await, 1),
                "expired" => {
                    world.clock.advance(DAY);
                    assert_eq!(world.expire().await, [message.message_id]);
                }
                _ => {
                    // Delivered as a free message.
                    assert_eq!(world.fail(vec![message.message_id]).await, 1);
                    assert_eq!(world.hold(&[message]).await[0], Err(Refused::Ended));
                }
            }
            let funds = world.funds(portfolio).await;
            assert_eq!(funds.held, Micros::ZERO, "{end}");
            let left = if end == "delivered" { Micros::ZERO } else { price };
            assert_eq!(funds.available, left, "{end}");
        }
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn unused_promotional_credit_ends_and_what_is_set_aside_stays_good() {
    each_world(async |world| {
        let price = price(&world).await;
        world.open(OAK, Currency::USD, "UTC").await;
        world.grant(OAK, times(price, 3), 5, "short").await.unwrap();
        let messages = world.messages(OAK, 2);
        assert!(world.hold(&messages).await.iter().all(Result::is_ok));
        assert_eq!(world.end_grants().await, 0);
        world.clock.advance(DAY * 5);
        assert_eq!(world.funds(OAK).await.available, Micros::ZERO, "it pays no more from its end on");
        assert!(matches!(
            world.hold(&world.messages(OAK, 1)).await[0],
            Err(Refused::InsufficientFunds { .. })
        ));
        assert_eq!(world.end_grants().await, 1);
        assert_eq!(world.end_grants().await, 0);
        // One is delivered from its hold, the other fails: its part goes back, too.
        let now = world.ctx.now();
        assert_eq!(world.deliver(vec![(messages[0].message_id, now)]).await[0].amount, price);
        assert_eq!(world.fail(vec![messages[1].message_id]).await, 1);
        assert_eq!(world.end_grants().await, 1);
        assert_eq!(world.end_grants().await, 0);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_given_twice_or_wrongly_changes_nothing() {
    each_world(async |world| {
        let ten = micros("10");
        assert_eq!(world.grant(TULIP, ten, 10, "coupon").await.ok(), Some(false));
        assert_eq!(world.grant(TULIP, ten, 10, "coupon").await.ok(), Some(true));
        assert!(matches!(world.grant(TULIP, micros("11"), 10, "coupon").await, Err(BillingError::KeyReused)));
        assert!(matches!(world.grant(TULIP, Micros::ZERO, 10, "zero").await, Err(BillingError::BadAmount)));
        assert!(matches!(world.grant(TULIP, Micros(-1), 10, "less").await, Err(BillingError::BadAmount)));
        assert!(matches!(world.grant(TULIP, Micros(i64::MAX), 10, "b").await, Err(BillingError::BadAmount)));
        assert!(matches!(world.grant(TULIP, ten, 0, "past").await, Err(BillingError::BadEnd)));
        assert!(matches!(world.grant(TULIP, ten, 9999, "far").await, Err(BillingError::BadEnd)));
        assert!(matches!(world.grant(OAK, ten, 10, "x").await, Err(BillingError::UnknownPortfolio(OAK))));
        assert!(matches!(world.credit_limit(TULIP, Micros(-1), "n").await, Err(BillingError::BadLimit)));
        assert!(matches!(world.credit_limit(TULIP, ten, "").await, Err(BillingError::BadKey)));
        world.credit_limit(TULIP, ten, "line").await.unwrap();
        assert!(matches!(world.credit_limit(TULIP, micros("9"), "line").await, Err(BillingError::KeyReused)));
        assert_eq!(world.funds(TULIP).await.grants.len(), 1);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_credit_limit_below_what_is_owed_is_refused() {
    each_world(async |world| {
        let price = price(&world).await;
        world.open(OAK, Currency::USD, "UTC").await;
        world.credit_limit(OAK, times(price, 5), "line").await.unwrap();
        let messages = world.messages(OAK, 2);
        assert!(world.hold(&messages).await.iter().all(Result::is_ok));
        world.deliver(vec![(messages[0].message_id, world.ctx.now())]).await;
        let refused = world.credit_limit(OAK, price, "less").await;
        assert!(matches!(refused, Err(BillingError::CreditInUse { used, .. }) if used == times(price, 2)));
        let credit = world.credit_limit(OAK, times(price, 2), "just").await.unwrap();
        assert_eq!((credit.limit, credit.used, credit.held), (times(price, 2), price, price));
        assert!(world.hold(&world.messages(OAK, 1)).await[0].is_err());
        world.assert_sound().await;
    })
    .await;
}

/// Two servers, many callers, one purse of several accounts: it is spent to the last message, and no further.
#[tokio::test]
async fn at_the_same_time_nobody_spends_more_than_there_is() {
    each_world(async |world| {
        let price = price(&world).await;
        world.open(OAK, Currency::USD, "UTC").await;
        // Ten and a half messages, in three accounts that fit no whole number.
        let part = Micros(price.0 * 7 / 2);
        world.grant(OAK, part, 50, "promo").await.unwrap();
        world
            .with(async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::top_up(ctx, tx, OAK, part, "paid").await)
            .await
            .unwrap();
        world.credit_limit(OAK, part, "line").await.unwrap();
        let mut callers = Vec::new();
        let messages = world.messages(OAK, 24);
        for message in messages.iter().flat_map(|message| [message.clone(), message.clone()]) {
            let world = world.clone();
            callers.push(tokio::spawn(async move {
                (message.message_id, world.hold(&[message]).await.remove(0))
            }));
        }
        let mut accepted = std::collections::BTreeSet::new();
        for caller in callers {
            let (id, answer) = caller.await.unwrap();
            match answer {
                Ok(held) => {
                    assert_eq!(held.held, price);
                    accepted.insert(id);
                }
                Err(refused) => assert!(matches!(refused, Refused::InsufficientFunds { .. }), "{refused}"),
            }
        }
        assert_eq!(accepted.len(), 10);
        assert_eq!(world.funds(OAK).await.held, times(price, 10));
        let now = world.ctx.now();
        let (one, two) = (world.clone(), world.clone());
        let receipts: Vec<_> = accepted.iter().map(|id| (*id, now)).collect();
        let again = receipts.clone();
        let both = (
            tokio::spawn(async move { one.deliver(receipts).await.len() }),
            tokio::spawn(async move { two.deliver(again).await.len() }),
        );
        assert_eq!(both.0.await.unwrap() + both.1.await.unwrap(), 10);
        let funds = world.funds(OAK).await;
        assert_eq!((funds.held, funds.available), (Micros::ZERO, Micros(price.0 / 2)));
        world.assert_sound().await;
    })
    .await;
}
