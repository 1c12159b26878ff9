//! Prices by the volume of the month, and categories of groups.

use crate::*;
use plaza_billing::outlook::Near;
use plaza_billing::{Charge, PricingType};

const GERMANY: &str = "+4915112345678";
const INDIA: &str = "+919812345678";
const ROSE: PortfolioId = PortfolioId(140);
/// Tiers after two and after four messages; the last one is the dearest. Groups have a price of their own in India.
const TIERS: &str = "\
effective_from,effective_to,market,currency,category,tier_from,price
2027-01-01,,Germany,USD,utility,0,0.055
2027-01-01,,Germany,USD,utility,2,0.05
2027-01-01,,Germany,USD,utility,4,0.06
2027-01-01,,India,USD,authentication,0,0.0014
2027-01-01,,India,USD,authentication,2,0.0013
2027-01-01,,India,USD,authentication_international,0,0.0304
2027-01-01,,India,USD,authentication_international,2,0.03
2027-01-01,,India,USD,group_marketing,,0.01
";

/// A world with a book of few messages' tiers, and a portfolio in Berlin that pays by it.
async fn each_tiered_world<F: AsyncFn(World)>(test: F) {
    each_world(async |world| {
        let import = async |ctx: &Ctx, tx: &mut Tx| {
            let source = PriceSource { name: "a small one", tier_rates: TIERS, ..PriceSource::reference() };
            plaza_billing::import_price_book(ctx, tx, &source).await
        };
        world.db.transact(&world.ctx, "test.import", import).await.unwrap();
        world.open(ROSE, Currency::USD, "Europe/Berlin").await;
        world.top_up(ROSE, "100", "start").await.unwrap();
        test(world).await;
    })
    .await;
}

fn message(world: &World, category: Category, to: &str, sent_at: &str) -> Intent {
    Intent { portfolio_id: ROSE, ..world.message(category, to, at(sent_at)) }
}

async fn charge_of(world: &World, message: BusinessMessageId) -> Charge {
    let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::charges_of(ctx, tx, ROSE, &[message]).await;
    world.db.read(&world.ctx, "test.charge", read).await.unwrap().remove(0).unwrap()
}

async fn why(world: &World, charge: &Charge, step: &str) -> Option<(String, String)> {
    let (prices, id) = (world.prices.clone(), charge.charge_id);
    let explain = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::explain(ctx, tx, &prices, id).await;
    let why = world.db.read(&world.ctx, "test.explain", explain).await.unwrap().unwrap().why;
    why.into_iter().find(|found| found.step == step).map(|found| (found.value, found.because))
}

#[tokio::test]
async fn each_message_costs_what_its_tier_says_and_the_dearest_is_held() {
    each_tiered_world(async |world| {
        let sent = "2027-01-05T00:00:00Z";
        let utility = || message(&world, Category::Utility, GERMANY, sent);
        let intents: Vec<_> = (0..5).map(|_| utility()).collect();
        for held in world.hold(&intents).await {
            assert_eq!(held.unwrap().held.to_string(), "0.06", "the last tier is the dearest");
        }
        // Receipts come in another order than that of the deliveries, in one batch.
        let mut deliveries: Vec<_> = intents
            .iter()
            .zip(1..)
            .map(|(intent, n)| (intent.message_id, at(sent) + Duration::from_secs(n)))
            .collect();
        deliveries.reverse();
        let mut charged = world.deliver(deliveries).await;
        charged.sort_by_key(|charged| charged.message_id);
        let amounts: Vec<_> = charged.iter().map(|charged| charged.amount.to_string()).collect();
        assert_eq!(amounts, ["0.055", "0.055", "0.05", "0.05", "0.06"]);
        let begun: Vec<_> = charged.iter().map(|charged| charged.begins_tier).collect();
        assert_eq!(begun, [false, false, true, false, true]);
        let charge = charge_of(&world, intents[2].message_id).await;
        assert_eq!((charge.tier, charge.tier_to, charge.volume), (Some(2), Some(4), Some(3)));
        assert_eq!(charge.unit, micros("0.05"));
        let (value, because) = why(&world, &charge, "Volume tier").await.unwrap();
        assert_eq!(value, "3:4: 0.05 USD");
        assert_eq!(
            because,
            "it was charged message number 3 of utility to Germany in 2027-01 (Europe/Berlin)"
        );
        assert_eq!(
            why(&world, &charge, "Charged").await.unwrap().1,
            "the price of its tier; the rest of what was held is given back"
        );
        // Other markets and categories count for themselves, and a price without tiers has none.
        let other = message(&world, Category::Utility, INDIA, sent);
        world.send_and_deliver(other.clone(), at(sent)).await;
        let charge = charge_of(&world, other.message_id).await;
        assert_eq!((charge.tier, charge.tier_to, charge.volume), (None, None, Some(1)));
        let marketing = message(&world, Category::Marketing, GERMANY, sent);
        world.send_and_deliver(marketing.clone(), at(sent)).await;
        assert_eq!(charge_of(&world, marketing.message_id).await.volume, None);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_volume_begins_anew_with_the_month_of_the_time_zone() {
    each_tiered_world(async |world| {
        let cost = async |delivered: &str| {
            let intent = message(&world, Category::Utility, GERMANY, "2027-01-30T00:00:00Z");
            world.send_and_deliver(intent, at(delivered)).await.amount.to_string()
        };
        for _ in 0..2 {
            assert_eq!(cost("2027-01-31T22:59:59Z").await, "0.055");
        }
        assert_eq!(cost("2027-01-31T22:59:59Z").await, "0.05");
        assert_eq!(cost("2027-01-31T23:00:00Z").await, "0.055", "February begins at 23:00 UTC");
        // What comes late adds to its own month.
        assert_eq!(cost("2027-01-31T22:00:00Z").await, "0.05");
        assert_eq!(cost("2027-01-31T22:00:00Z").await, "0.06");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn only_charged_messages_count_and_authentication_from_abroad_counts_with_authentication() {
    each_tiered_world(async |world| {
        let sent = "2027-01-05T00:00:00Z";
        let window = WindowState { free_entry_point_until: Some(at(sent) + DAY), ..WindowState::default() };
        for _ in 0..3 {
            let free = Intent { window, ..message(&world, Category::Authentication, INDIA, sent) };
            assert_eq!(world.send_and_deliver(free, at(sent)).await.amount, Micros::ZERO);
        }
        let mut amounts = Vec::new();
        for category in [
            Category::Authentication,
            Category::AuthenticationInternational,
            Category::Authentication,
            Category::AuthenticationInternational,
        ] {
            let intent = message(&world, category, INDIA, sent);
            amounts.push(world.send_and_deliver(intent, at(sent)).await.amount.to_string());
        }
        assert_eq!(amounts, ["0.0014", "0.0304", "0.0013", "0.03"]);
        world.assert_sound().await;
        // The counters follow from the charges.
        let rebuild = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::rebuild_volumes(ctx, tx).await;
        world.db.transact(&world.ctx, "test.rebuild", rebuild).await.unwrap();
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn batches_and_their_order_change_no_sum() {
    each_tiered_world(async |world| {
        let sent = at("2027-01-05T00:00:00Z");
        let intents: Vec<_> =
            (0..9).map(|_| message(&world, Category::Utility, GERMANY, "2027-01-05T00:00:00Z")).collect();
        world.hold(&intents).await;
        // A different number of messages in each batch, and each receipt twice.
        let mut sum = 0;
        for batch in [&intents[5..], &intents[..1], &intents[..3], &intents[1..6]] {
            let deliveries = batch.iter().map(|intent| (intent.message_id, sent)).collect();
            sum += world.deliver(deliveries).await.iter().map(|charged| charged.amount.0).sum::<i64>();
        }
        assert_eq!(Micros(sum).to_string(), "0.51", "2 × 0.055 + 2 × 0.05 + 5 × 0.06");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_to_a_group_is_charged_by_the_price_of_groups_or_that_outside_of_them() {
    each_tiered_world(async |world| {
        let sent = "2027-01-05T00:00:00Z";
        let cost = async |category, to| {
            let intent = message(&world, category, to, sent);
            let charged = world.send_and_deliver(intent.clone(), at(sent)).await;
            (charged.amount.to_string(), charge_of(&world, intent.message_id).await)
        };
        let (amount, charge) = cost(Category::GroupMarketing, INDIA).await;
        assert_eq!((amount.as_str(), charge.category), ("0.01", Category::GroupMarketing));
        assert!(
            why(&world, &charge, "List price")
                .await
                .unwrap()
                .1
                .starts_with("the version's price of group_marketing")
        );
        let (amount, charge) = cost(Category::GroupMarketing, GERMANY).await;
        assert_eq!(amount, "0.1365");
        assert_eq!(
            why(&world, &charge, "List price").await.unwrap().1,
            "Germany has no price of its own for it in groups: its price outside of them"
        );
        // Its volume is that of the category outside of groups.
        assert_eq!(cost(Category::Utility, GERMANY).await.1.volume, Some(1));
        assert_eq!(cost(Category::GroupUtility, GERMANY).await.1.volume, Some(2));
        assert_eq!(cost(Category::GroupUtility, GERMANY).await.0, "0.05");
        // The free quantity is shared, and the webhook has a word of its own for it.
        let (amount, charge) = cost(Category::GroupService, GERMANY).await;
        assert_eq!((amount.as_str(), charge.pricing_type), ("0.00", PricingType::FreeGroupCustomerService));
        assert_eq!(cost(Category::Service, GERMANY).await.1.allowance, Some(2));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_near_a_tier_is_told_until_the_last_one() {
    each_tiered_world(async |world| {
        let sent = "2027-01-05T00:00:00Z";
        world.clock.set(at(sent));
        let near = async |world: &World| {
            let prices = world.prices.clone();
            let read = async move |ctx: &Ctx, tx: &mut Tx| {
                plaza_billing::outlook::near_tiers(ctx, tx, &prices, Currency::USD).await
            };
            world.db.read(&world.ctx, "test.near", read).await.unwrap()
        };
        assert_eq!(near(&world).await, []);
        let deliver = async |world: &World, count: usize| {
            let intents: Vec<_> =
                (0..count).map(|_| message(world, Category::Utility, GERMANY, sent)).collect();
            assert!(world.hold(&intents).await.iter().all(Result::is_ok));
            world.deliver(intents.iter().map(|intent| (intent.message_id, at(sent))).collect()).await;
        };
        let expected = |volume, tier_from, now, then| Near {
            portfolio_id: ROSE,
            market: "Germany".to_owned(),
            category: Category::Utility,
            volume,
            tier_from,
            now: Micros(now),
            then: Micros(then),
        };
        deliver(&world, 1).await;
        assert_eq!(near(&world).await, [expected(1, 2, 55_000, 50_000)]);
        deliver(&world, 1).await;
        assert_eq!(near(&world).await, [expected(2, 4, 50_000, 60_000)], "half of the way to the next one");
        deliver(&world, 2).await;
        assert_eq!(near(&world).await, [], "it is in the last tier");
    })
    .await;
}

#[tokio::test]
async fn wrong_tiers_are_named() {
    const HEADER: &str = "effective_from,effective_to,market,currency,category,tier_from,price\n";
    each_engine(async |db| {
        let (ctx, _) = plaza_db::testing::ctx();
        for (rows, expected) in [
            ("2027-01-01,,X,USD,utility,-1,1\n", "tier rates, row 1, column tier_from: a number of messages"),
            ("2027-01-01,,X,USD,marketing,5,1\n", "tier rates, row 1, column tier_from: only utility"),
            ("2027-01-01,,X,USD,utility,5,1\n", "tier rates, row 1, column tier_from: the tier that begins at 0"),
            (
                "2027-01-01,,X,USD,utility,0,1\n2027-01-01,,X,USD,utility,5,1\n2027-01-01,,X,USD,utility,5,2\n",
                "tier rates, row 3, column category: the market has two",
            ),
        ] {
            let tier_rates = format!("{HEADER}{rows}").leak();
            let source = PriceSource { tier_rates, ..PriceSource::reference() };
            let import =
                async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::import_price_book(ctx, tx, &source).await;
            let error = db.transact(&ctx, "test.import", import).await.unwrap_err();
            assert!(error.to_string().starts_with(expected), "{rows}: {error}");
        }
    })
    .await;
}
