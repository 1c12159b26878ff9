//! What the operator's page of revenue says.

use crate::*;
use plaza_billing::plans::{self, Cancel, NewSubscription, PlanSource, Term};
use plaza_billing::{Bucket, PartOf, Revenue, RevenueOf, Split, Sum};

const ROSE: PortfolioId = PortfolioId(101);
async fn told(world: &World, (from, to): (&str, &str), bucket: Bucket, by: Split) -> Revenue {
    let of = RevenueOf { from: at(from), to: at(to), bucket, by, currency: None };
    let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::revenue(ctx, tx, of).await;
    world.db.read(&world.ctx, "test.revenue", read).await.unwrap()
}

const DAYS: (&str, &str) = ("2026-11-01T00:00:00Z", "2026-11-04T00:00:00Z");

async fn by(world: &World, by: Split) -> Revenue {
    told(world, DAYS, Bucket::Day, by).await
}

fn sum(messages: i64, billable: i64, amount: i64) -> Sum {
    Sum { messages, billable, amount: Micros(amount) }
}

/// A message of a portfolio, delivered an hour after it was sent.
async fn sell(world: &World, portfolio: PortfolioId, (category, to): (Category, &str), when: &str) {
    world.clock.advance(Duration::from_millis(1));
    let sent_at = at(when);
    let message = Intent { portfolio_id: portfolio, ..world.message(category, to, sent_at) };
    world.send_and_deliver(message, sent_at + Duration::from_secs(3600)).await;
}

const GERMANY: &str = "+4915112345678";
const BRAZIL: &str = "+5511987654321";

/// Tulip: marketing to Germany (0.1365 each) and a free message; Rose: utility to Brazil (0.0068 each).
async fn some_sales(world: &World) {
    world.open(ROSE, Currency::USD, "UTC").await;
    world.top_up(ROSE, "100", "start").await.unwrap();
    sell(world, TULIP, (Category::Marketing, GERMANY), "2026-11-01T08:15:00Z").await;
    sell(world, TULIP, (Category::Marketing, GERMANY), "2026-11-01T08:59:00Z").await;
    sell(world, ROSE, (Category::Utility, BRAZIL), "2026-11-01T09:00:00Z").await;
    sell(world, TULIP, (Category::Service, BRAZIL), "2026-11-03T09:00:00Z").await;
    sell(world, ROSE, (Category::Utility, BRAZIL), "2026-11-03T09:00:00Z").await;
}

#[tokio::test]
async fn revenue_is_split_each_way_and_the_parts_are_the_total() {
    each_world(async |world| {
        some_sales(&world).await;
        let total = sum(5, 4, 2 * 136_500 + 2 * 6_800);
        let (tulip, rose) = (sum(3, 2, 273_000), sum(2, 2, 13_600));
        for split in Split::ALL {
            let found = by(&world, *split).await;
            assert_eq!((found.currency, found.total), (Currency::USD, total), "{split:?}");
            assert_eq!(found.currencies, [(Currency::USD, total)], "{split:?}");
            assert_eq!(found.more, (0, Sum::default()), "{split:?}");
            let days: Vec<_> = found.series.iter().map(|point| (point.at, point.total)).collect();
            let day = |day: &str, sum: Sum| (at(&format!("{day}T00:00:00Z")), sum);
            let expected = [
                day("2026-11-01", sum(3, 3, 279_800)),
                day("2026-11-02", Sum::default()),
                day("2026-11-03", sum(2, 1, 6_800)),
            ];
            assert_eq!(days, expected, "{split:?}");
            for point in &found.series {
                let parts: i64 = point.parts.iter().map(|part| part.0).sum();
                assert_eq!(parts + point.others.0, point.total.amount.0, "{split:?}");
            }
        }
        let (germany, brazil) = ("Germany".to_owned(), "Brazil".to_owned());
        let found = by(&world, Split::Portfolio).await;
        assert_eq!(found.parts, [(PartOf::Portfolio(TULIP), tulip), (PartOf::Portfolio(ROSE), rose)]);
        let over_time: Vec<_> = found.series.iter().map(|point| point.parts.clone()).collect();
        let (day, third) = (vec![Micros(273_000), Micros(6_800)], vec![Micros(0), Micros(6_800)]);
        assert_eq!(over_time, [day, vec![Micros::ZERO; 2], third]);

        let found = by(&world, Split::Category).await;
        let service = (PartOf::Category(Category::Service), sum(1, 0, 0));
        let marketing = (PartOf::Category(Category::Marketing), sum(2, 2, 273_000));
        assert_eq!(found.parts, [marketing, (PartOf::Category(Category::Utility), rose), service]);
        assert_eq!(found.over_time, 2, "what brought nothing is not told over time");

        let found = by(&world, Split::Market).await;
        let markets =
            [(PartOf::Market(germany), sum(2, 2, 273_000)), (PartOf::Market(brazil), sum(3, 2, 13_600))];
        assert_eq!(found.parts, markets);
        assert_eq!(by(&world, Split::MarketAndCategory).await.parts.len(), 3);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_day_is_told_by_the_hour_up_to_the_running_one() {
    each_world(async |world| {
        some_sales(&world).await;
        let hours = ("2026-11-01T00:00:00Z", "2026-11-01T10:00:00Z");
        let found = told(&world, hours, Bucket::Hour, Split::Category).await;
        let messages: Vec<i64> = found.series.iter().map(|point| point.total.messages).collect();
        assert_eq!(messages, [0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(found.currencies, [(Currency::USD, sum(2, 2, 273_000))], "the hour after is not in it");
    })
    .await;
}

#[tokio::test]
async fn the_revenue_of_a_day_stays_with_the_plan_of_that_day() {
    each_world(async |world| {
        world.clock.set(at("2026-11-01T00:30:00Z"));
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        world.db.transact(&world.ctx, "test.plans", import).await.unwrap();
        some_sales(&world).await;
        world.clock.set(at("2026-11-03T12:00:00Z"));
        let new = NewSubscription { plan: "verified".into(), term: Term::Month, trial: false };
        let start = async move |ctx: &Ctx, tx: &mut Tx| plans::start(ctx, tx, ROSE, &new).await.map(drop);
        world.db.transact(&world.ctx, "test.start", start).await.unwrap();

        let verified = || PartOf::Plan(Some(("verified".to_owned(), "Verified".to_owned())));
        let parts = [(PartOf::Plan(None), sum(4, 3, 279_800)), (verified(), sum(1, 1, 6_800))];
        assert_eq!(by(&world, Split::Plan).await.parts, parts);

        // What the customer chooses later changes nothing of the days before, a pause included.
        world.clock.advance(2 * DAY);
        let pause = async |ctx: &Ctx, tx: &mut Tx| plans::pause(ctx, tx, ROSE).await.map(drop);
        world.db.transact(&world.ctx, "test.pause", pause).await.unwrap();
        sell(&world, ROSE, (Category::Utility, BRAZIL), "2026-11-05T13:00:00Z").await;
        world.clock.advance(DAY);
        let resume = async |ctx: &Ctx, tx: &mut Tx| plans::resume(ctx, tx, ROSE).await.map(drop);
        world.db.transact(&world.ctx, "test.resume", resume).await.unwrap();
        sell(&world, ROSE, (Category::Utility, BRAZIL), "2026-11-06T13:00:00Z").await;
        let cancel = async |ctx: &Ctx, tx: &mut Tx| plans::cancel(ctx, tx, ROSE, Cancel::Now).await.map(drop);
        world.clock.advance(DAY);
        world.db.transact(&world.ctx, "test.cancel", cancel).await.unwrap();
        sell(&world, ROSE, (Category::Utility, BRAZIL), "2026-11-07T13:00:00Z").await;
        assert_eq!(by(&world, Split::Plan).await.parts, parts);
        let later = ("2026-11-05T00:00:00Z", "2026-11-08T00:00:00Z");
        let found = told(&world, later, Bucket::Day, Split::Plan).await;
        assert_eq!(found.parts, [(PartOf::Plan(None), sum(2, 2, 13_600)), (verified(), sum(1, 1, 6_800))]);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_sums_are_built_again_as_they_were() {
    each_world(async |world| {
        some_sales(&world).await;
        let mut before = Vec::new();
        for split in Split::ALL {
            before.push(by(&world, *split).await);
        }
        let rebuild = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::rebuild_revenue(ctx, tx).await;
        world.db.transact(&world.ctx, "test.rebuild", rebuild).await.unwrap();
        for (split, before) in Split::ALL.iter().zip(before) {
            assert_eq!(by(&world, *split).await, before, "{split:?}");
        }
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn beyond_ten_customers_the_rest_is_one_part_over_time() {
    each_world(async |world| {
        for place in 0..12 {
            let portfolio = PortfolioId(200 + place);
            world.open(portfolio, Currency::USD, "UTC").await;
            world.top_up(portfolio, "100", "start").await.unwrap();
            for _ in 0..=place {
                sell(&world, portfolio, (Category::Marketing, GERMANY), "2026-11-02T08:00:00Z").await;
            }
        }
        let found = by(&world, Split::Portfolio).await;
        assert_eq!((found.parts.len(), found.over_time), (12, 10));
        assert_eq!(found.parts[0], (PartOf::Portfolio(PortfolioId(211)), sum(12, 12, 12 * 136_500)));
        assert_eq!(found.series[1].others, Micros(3 * 136_500), "the two smallest");
        let app = plaza_protocol::Actor::App { app: plaza_protocol::AppId(1), portfolio: TULIP };
        let (from, to) = (at(DAYS.0), at(DAYS.1));
        let of = RevenueOf { from, to, bucket: Bucket::Day, by: Split::Market, currency: None };
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::revenue(ctx, tx, of).await;
        let refused = world.db.read(&world.ctx.acting_as(app), "test.revenue", read).await;
        assert!(matches!(refused, Err(BillingError::OperatorOnly)), "{refused:?}");
    })
    .await;
}
