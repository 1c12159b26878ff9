//! What a send would cost, and what it did.

use crate::*;
use plaza_billing::caps::{self, CapAction, NewCap, Period, Scope};
use plaza_billing::estimate::{self, Estimate, Part, Plan, To};

const GERMANY: &str = "+4915112345678";
const INDIA: &str = "+919812345678";

fn plan(category: Category) -> Plan {
    Plan {
        portfolio_id: TULIP,
        waba_id: WabaId(200),
        phone_number_id: PHONE,
        category,
        campaign: Some("spring".into()),
        lasts: 30 * DAY,
        max_price: None,
    }
}

fn to(number: &str, messages: i64, window: WindowState) -> Part {
    Part { to: To::Number(number.parse().unwrap()), messages, window }
}

async fn estimate(world: &World, plan: Plan, parts: Vec<Part>) -> Result<Estimate, BillingError> {
    let prices = world.prices.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| estimate::estimate(ctx, tx, &prices, &plan, &parts).await;
    world.db.read(&world.ctx, "test.estimate", read).await
}

#[tokio::test]
async fn an_estimate_is_what_is_charged_when_it_is_sent() {
    each_world(async |world| {
        // Before and after the day from which service messages cost, with a free quantity each month.
        for day in ["2026-09-20T10:00:00Z", "2026-10-20T10:00:00Z"] {
            let day = at(day);
            if world.ctx.now() < day {
                world.clock.set(day);
            }
            let now = world.ctx.now();
            let open = WindowState { customer_service_until: Some(now + DAY), free_entry_point_until: None };
            let free = WindowState { customer_service_until: None, free_entry_point_until: Some(now + DAY) };
            for category in
                [Category::Marketing, Category::Utility, Category::Authentication, Category::Service]
            {
                let parts: Vec<_> =
                    [(GERMANY, 5, open), (INDIA, 7, WindowState::default()), (GERMANY, 3, free)]
                        .into_iter()
                        .map(|(number, messages, window)| to(number, messages, window))
                        .collect();
                let found = estimate(&world, plan(category), parts.clone()).await.unwrap();
                let intents: Vec<Intent> = parts
                    .iter()
                    .flat_map(|part| {
                        let To::Number(number) = &part.to else { unreachable!() };
                        let message = |_| Intent {
                            window: part.window,
                            template: true,
                            expires_at: now + 30 * DAY,
                            ..world.message(category, &number.to_string(), now)
                        };
                        (0..part.messages).map(message).collect::<Vec<_>>()
                    })
                    .collect();
                let held = world.hold(&intents).await;
                let most: i64 = held.iter().map(|held| held.as_ref().unwrap().held.0).sum();
                let deliveries = intents.iter().map(|intent| (intent.message_id, now)).collect();
                let cost: i64 = world.deliver(deliveries).await.iter().map(|charged| charged.amount.0).sum();
                assert_eq!((found.amount.0, found.most.0), (cost, most), "{category} {found:?}");
                assert_eq!((found.messages, found.unpriced), (15, 0));
                let lines: i64 = found.lines.iter().map(|line| line.amount.0).sum();
                assert_eq!(lines, cost);
            }
        }
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn tiers_and_free_quantities_go_on_where_they_stand() {
    each_world(async |world| {
        world.clock.set(at("2026-10-20T10:00:00Z"));
        let now = world.ctx.now();
        // Of the month's free thousand, one is used.
        let open = WindowState { customer_service_until: Some(now + DAY), free_entry_point_until: None };
        let message = Intent { window: open, ..world.message(Category::Service, GERMANY, now) };
        world.send_and_deliver(message, now).await;
        let found = estimate(&world, plan(Category::Service), vec![to(GERMANY, 1500, open)]).await.unwrap();
        let seen: Vec<_> =
            found.lines.iter().map(|line| (line.pricing_type.as_str(), line.messages)).collect();
        assert_eq!(seen, [("free_customer_service", 999), ("regular", 501)]);
        world.clock.set(at("2027-01-20T10:00:00Z"));
        // A hundred million at once go through all tiers of a market that has some.
        let market =
            Part { to: To::Market("India".into()), messages: 90_000_000, window: WindowState::default() };
        let found = estimate(&world, plan(Category::Utility), vec![market.clone()]).await.unwrap();
        assert_eq!(found.messages, 90_000_000);
        assert!(found.lines.len() > 1, "{found:?}");
        let from: Vec<i64> = found.lines.iter().map(|line| line.tier.unwrap().from).collect();
        assert!(from.is_sorted(), "the dearest first: {from:?}");
        let many = Part { messages: estimate::MESSAGES_MAX + 1, ..market };
        assert!(matches!(
            estimate(&world, plan(Category::Utility), vec![many]).await,
            Err(BillingError::BadAmount)
        ));
        let nowhere = Part { to: To::Market("Atlantis".into()), messages: 3, window: WindowState::default() };
        let found = estimate(&world, plan(Category::Utility), vec![nowhere]).await.unwrap();
        assert_eq!((found.messages, found.unpriced), (0, 3));
    })
    .await;
}

#[tokio::test]
async fn balance_and_caps_say_whether_it_can_be_sent() {
    each_world(async |world| {
        let send = |messages| vec![to(GERMANY, messages, WindowState::default())];
        let few = estimate(&world, plan(Category::Marketing), send(10)).await.unwrap();
        assert!(few.is_affordable() && few.caps.is_empty());
        let many = estimate(&world, plan(Category::Marketing), send(1_000_000)).await.unwrap();
        assert!(many.most > many.available && !many.is_affordable());
        let cap = async |scope, subject: &'static str, limit: &'static str, action| {
            let new = NewCap {
                scope,
                subject: subject.to_owned(),
                period: Period::Day,
                limit: micros(limit),
                action,
            };
            let set = async move |ctx: &Ctx, tx: &mut Tx| caps::set_cap(ctx, tx, TULIP, &new).await;
            world.db.transact(&world.ctx, "test.cap", set).await.unwrap();
        };
        cap(Scope::Campaign, "winter", "0", CapAction::Block).await;
        cap(Scope::Portfolio, "", "0.5", CapAction::Alert).await;
        let few = estimate(&world, plan(Category::Marketing), send(10)).await.unwrap();
        assert_eq!(few.caps.len(), 1, "another campaign's cap does not count");
        assert!(few.exceeds(&few.caps[0]) && few.is_affordable(), "it only tells");
        cap(Scope::Campaign, "spring", "0.5", CapAction::Block).await;
        assert!(!estimate(&world, plan(Category::Marketing), send(10)).await.unwrap().is_affordable());
        let foreign = world.ctx.acting_as(plaza_protocol::Actor::App {
            app: plaza_protocol::AppId(9),
            portfolio: PortfolioId(9),
        });
        let prices = world.prices.clone();
        let ask = async move |ctx: &Ctx, tx: &mut Tx| {
            estimate::estimate(ctx, tx, &prices, &plan(Category::Marketing), &[]).await
        };
        let answer = world.db.read(&foreign, "test.estimate", ask).await;
        assert!(matches!(answer, Err(BillingError::UnknownPortfolio(TULIP))), "{answer:?}");
    })
    .await;
}
