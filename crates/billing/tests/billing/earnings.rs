//! What the operator's page of growth says.

use crate::*;
use plaza_billing::{Earnings, Traffic};

const ROSE: PortfolioId = PortfolioId(101);
const EURO: PortfolioId = PortfolioId(102);

async fn earnings(world: &World, currency: Currency) -> Earnings {
    let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::earnings(ctx, tx, Some(currency)).await;
    world.db.read(&world.ctx, "test.earnings", read).await.unwrap()
}

/// Has `count` messages to Germany delivered on a day at noon.
pub(crate) async fn sell(world: &World, portfolio: PortfolioId, category: Category, day: &str, count: usize) {
    let delivered_at = at(&format!("{day}T12:00:00Z"));
    let intent =
        || Intent { portfolio_id: portfolio, ..world.message(category, "+4915112345678", delivered_at) };
    let intents: Vec<_> = (0..count).map(|_| intent()).collect();
    assert!(world.hold(&intents).await.iter().all(Result::is_ok));
    world.deliver(intents.iter().map(|intent| (intent.message_id, delivered_at)).collect()).await;
}

#[tokio::test]
async fn growth_is_told_from_sums_that_equal_the_charges() {
    each_world(async |world| {
        world.open(ROSE, Currency::USD, "UTC").await;
        world.top_up(ROSE, "100", "start").await.unwrap();
        world.open(EURO, Currency::EUR, "Europe/Berlin").await;
        world.top_up(EURO, "100", "start").await.unwrap();
        let empty = earnings(&world, Currency::USD).await;
        assert_eq!((empty.days.len(), empty.run_rate, empty.forecast), (90, Micros::ZERO, Micros::ZERO));
        assert_eq!((empty.customers, empty.top.len(), empty.cohorts.len()), (0, 0, 0));

        // A message of marketing to Germany costs 0.1365 USD since October.
        sell(&world, TULIP, Category::Marketing, "2026-10-20", 4).await;
        sell(&world, ROSE, Category::Marketing, "2026-10-20", 10).await;
        // Thursdays, and the one day before today.
        for day in ["2026-11-26", "2026-12-03", "2026-12-10"] {
            sell(&world, TULIP, Category::Marketing, day, 3).await;
        }
        sell(&world, ROSE, Category::Service, "2026-12-10", 2).await;
        sell(&world, ROSE, Category::Marketing, "2026-12-10", 1).await;
        sell(&world, EURO, Category::Marketing, "2026-12-10", 1).await;
        // A Friday, and so far one message today.
        world.clock.set(at("2026-12-11T13:00:00Z"));
        sell(&world, TULIP, Category::Marketing, "2026-12-11", 1).await;

        let price = |messages: i64| Micros(136_500 * messages);
        let found = earnings(&world, Currency::USD).await;
        assert_eq!(found.currencies, [Currency::EUR, Currency::USD]);
        assert_eq!((found.last, found.before), (price(10), price(14)));
        assert_eq!(found.run_rate, Micros(136_500 * 10 * 365 / 30));
        assert_eq!(found.month, price(3 + 4 + 1));
        // Four Thursdays brought ten messages; three are still to come: the 17th, the 24th and the 31st.
        assert_eq!(found.forecast, Micros(found.month.0 + 3 * (136_500 * 10 / 4)));
        // At worst none of them brings anything, at best each three: Thursdays only, because only those brought something.
        assert_eq!(found.forecast_range, (found.month, Micros(found.month.0 + 3 * 136_500 * 4)));
        assert_eq!(found.days[89].paid, Traffic { messages: 1, list: price(1), amount: price(1) });
        let thursday = found.days[88];
        assert_eq!(thursday.at, at("2026-12-10T00:00:00Z"));
        assert_eq!(
            (thursday.paid.messages, thursday.free.messages, thursday.free.amount),
            (4, 2, Micros::ZERO)
        );
        assert!(thursday.free.list > Micros::ZERO, "what the free messages would have cost: {thursday:?}");
        let ids = |customers: &[plaza_billing::Customer]| -> Vec<_> {
            customers
                .iter()
                .map(|customer| (customer.portfolio_id, customer.amount, customer.before))
                .collect()
        };
        let (tulip, rose) = ((TULIP, price(9), price(4)), (ROSE, price(1), price(10)));
        assert_eq!((found.customers, ids(&found.top)), (2, vec![tulip, rose]));
        assert_eq!((ids(&found.growing), ids(&found.shrinking)), (vec![tulip], vec![rose]));
        let [october] = &found.cohorts[..] else { panic!("{:?}", found.cohorts) };
        assert_eq!(october.month, 202_610);
        assert_eq!(october.months, [(202_610, 2, price(14)), (202_611, 1, price(3)), (202_612, 2, price(8))]);

        world.clock.advance(20 * DAY);
        let later = earnings(&world, Currency::USD).await;
        assert_eq!(ids(&later.top), [(TULIP, price(7), price(3)), (ROSE, price(1), Micros::ZERO)]);
        assert_eq!(ids(&later.shrinking), []);

        let rebuild = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::rebuild_revenue(ctx, tx).await;
        world.db.transact(&world.ctx, "test.rebuild", rebuild).await.unwrap();
        assert_eq!(earnings(&world, Currency::USD).await, later);
        world.assert_sound().await;
    })
    .await;
}
