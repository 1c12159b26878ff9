//! Accepted, delivered, failed, expired: each once.

use crate::*;

const GERMANY: &str = "+4915112345678";

fn now(world: &World) -> Timestamp {
    world.ctx.now()
}

#[tokio::test]
async fn the_first_of_delivered_and_read_charges() {
    each_world(async |world| {
        let intent = world.message(Category::Marketing, GERMANY, now(&world));
        let message = intent.message_id;
        world.hold(std::slice::from_ref(&intent)).await;
        let standing = world.balance(TULIP).await;
        assert_eq!(
            (standing.held.to_string(), standing.available.to_string()),
            ("0.1365".into(), "999.8635".into())
        );
        // Delivered and read arrive together, then both again, then alone.
        let later = now(&world) + Duration::from_secs(5);
        let charged = world.deliver(vec![(message, later), (message, now(&world)), (message, later)]).await;
        assert_eq!(charged.len(), 1);
        for _ in 0..3 {
            assert_eq!(world.deliver(vec![(message, later)]).await, []);
        }
        assert_eq!(world.fail(vec![message]).await, 0, "what is delivered cannot fail");
        // The sender repeats its request: the answer of then, and nothing held again.
        let again = world.hold(std::slice::from_ref(&intent)).await[0].clone().unwrap();
        assert_eq!(again.held.to_string(), "0.1365");
        let standing = world.balance(TULIP).await;
        assert_eq!((standing.held, standing.posted.to_string()), (Micros::ZERO, "999.8635".into()));
        assert_eq!(world.assert_sound().await.charges, 1);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_fails_costs_nothing() {
    each_world(async |world| {
        let intent = world.message(Category::Marketing, GERMANY, now(&world));
        world.hold(&[intent.clone(), intent.clone()]).await;
        assert_eq!(world.balance(TULIP).await.held.to_string(), "0.1365", "twice in a batch is once");
        assert_eq!(world.fail(vec![intent.message_id, intent.message_id]).await, 1);
        assert_eq!(world.fail(vec![intent.message_id]).await, 0);
        assert_eq!(world.deliver(vec![(intent.message_id, now(&world))]).await, []);
        assert_eq!(world.hold(&[intent]).await, [Err(Refused::Ended)]);
        assert_eq!(world.balance(TULIP).await.available, micros("1000"));
        assert_eq!(world.assert_sound().await.charges, 0);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_nobody_gets_expires() {
    each_world(async |world| {
        let paid = world.message(Category::Marketing, GERMANY, now(&world));
        let window =
            WindowState { free_entry_point_until: Some(now(&world) + 40 * DAY), ..WindowState::default() };
        let free = Intent { window, ..world.message(Category::Marketing, GERMANY, now(&world)) };
        let answers = world.hold(&[paid.clone(), free.clone()]).await;
        assert_eq!(answers[1].clone().unwrap().held, Micros::ZERO);
        world.clock.advance(30 * DAY - Duration::from_secs(1));
        assert_eq!(world.expire().await, []);
        world.clock.advance(Duration::from_secs(1));
        let mut expired = world.expire().await;
        expired.sort();
        assert_eq!(expired, [paid.message_id, free.message_id]);
        assert_eq!(world.expire().await, []);
        assert_eq!(
            world.deliver(vec![(paid.message_id, now(&world)), (free.message_id, now(&world))]).await,
            []
        );
        assert_eq!(world.balance(TULIP).await.available, micros("1000"));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn too_little_credit_refuses_before_anything_is_sent() {
    each_world(async |world| {
        let poor = PortfolioId(102);
        world.open(poor, Currency::USD, "UTC").await;
        let message = |world: &World| Intent {
            portfolio_id: poor,
            ..world.message(Category::Marketing, GERMANY, now(world))
        };
        let refused = |available: &str| {
            let (needed, available) = (micros("0.1365"), micros(available));
            Err(Refused::InsufficientFunds { needed, available, currency: Currency::USD })
        };
        assert_eq!(world.hold(&[message(&world)]).await, [refused("0")]);
        world.top_up(poor, "0.3", "payment 1").await.unwrap();
        let batch = [message(&world), message(&world), message(&world)];
        let answers = world.hold(&batch).await;
        assert!(answers[0].is_ok() && answers[1].is_ok());
        assert_eq!(answers[2], refused("0.027"), "what is held for others is not available");
        assert_eq!(
            world.deliver(vec![(batch[2].message_id, now(&world))]).await,
            [],
            "it was never accepted"
        );
        world.fail(vec![batch[0].message_id]).await;
        assert!(world.hold(&batch[2..]).await[0].is_ok(), "room was made");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_credits_once() {
    each_world(async |world| {
        for _ in 0..3 {
            let balance = world.top_up(TULIP, "25", "payment 7").await.unwrap();
            assert_eq!(balance.available, micros("1025"));
        }
        assert!(matches!(world.top_up(TULIP, "26", "payment 7").await, Err(BillingError::KeyReused)));
        assert!(matches!(world.top_up(TULIP, "0", "payment 8").await, Err(BillingError::BadAmount)));
        assert!(matches!(world.top_up(TULIP, "-1", "payment 8").await, Err(BillingError::BadAmount)));
        assert!(matches!(
            world.top_up(PortfolioId(9), "1", "x").await,
            Err(BillingError::UnknownPortfolio(_))
        ));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_portfolio_is_opened_once_in_one_currency() {
    each_world(async |world| {
        let open = async |currency: Currency, zone: &'static str| {
            let open = async move |ctx: &Ctx, tx: &mut Tx| {
                plaza_billing::open_portfolio(ctx, tx, TULIP, currency, zone).await
            };
            world.db.transact(&world.ctx, "test.open", open).await
        };
        open(Currency::USD, "UTC").await.unwrap();
        assert!(matches!(open(Currency::EUR, "UTC").await, Err(BillingError::CurrencyFixed(Currency::USD))));
        assert!(matches!(open(Currency::USD, "Mars/Olympus").await, Err(BillingError::UnknownTimeZone)));
        let stranger =
            Intent { portfolio_id: PortfolioId(9), ..world.message(Category::Utility, GERMANY, now(&world)) };
        let prices = world.prices.clone();
        let hold = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::hold(ctx, tx, &prices, std::slice::from_ref(&stranger)).await
        };
        let result = world.db.transact(&world.ctx, "test.hold", hold).await;
        assert!(matches!(result, Err(BillingError::UnknownPortfolio(PortfolioId(9)))));
    })
    .await;
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing() {
    each_world(async |world| {
        let intents = [
            world.message(Category::Service, GERMANY, now(&world)),
            world.message(Category::Marketing, GERMANY, now(&world)),
        ];
        world.hold(&intents).await;
        let before = world.assert_sound().await;
        let (prices, intent) = (world.prices.clone(), world.message(Category::Utility, GERMANY, now(&world)));
        let messages = intents.clone().map(|intent| intent.message_id);
        let give_up = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::hold(ctx, tx, &prices, std::slice::from_ref(&intent)).await?;
            let deliveries = messages.map(|message| (message, ctx.now()));
            assert_eq!(plaza_billing::delivered(ctx, tx, &prices, &deliveries).await?.len(), 2);
            Err::<(), _>(BillingError::BadAmount)
        };
        world.db.transact(&world.ctx, "test.give_up", give_up).await.unwrap_err();
        assert_eq!(world.verify().await, before);
        let charged =
            world.deliver(intents.iter().map(|intent| (intent.message_id, now(&world))).collect()).await;
        assert_eq!(charged.len(), 2, "what was rolled back can be done");
        world.assert_sound().await;
    })
    .await;
}
