//! What each campaign cost is together what its month cost.

use crate::*;
use plaza_billing::campaigns::{self, CAMPAIGNS_SHOWN, Campaign, Campaigns};
use plaza_billing::caps;

const GERMANY: &str = "+4915112345678";

async fn of(world: &World, period: i64) -> Vec<Campaign> {
    let found = all(world, period).await;
    assert_eq!((found.others, found.others_amount), (0, Micros::ZERO));
    found.shown
}

async fn all(world: &World, period: i64) -> Campaigns {
    let read = async move |ctx: &Ctx, tx: &mut Tx| campaigns::campaigns(ctx, tx, TULIP, period).await;
    world.db.read(&world.ctx, "test.campaigns", read).await.unwrap()
}

async fn gather(world: &World) {
    let gather = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::invoices::gather(ctx, tx, TULIP).await;
    world.db.transact(&world.ctx, "test.gather", gather).await.unwrap();
}

fn shown(found: &[Campaign]) -> Vec<(&str, &str, i64, i64, String)> {
    found
        .iter()
        .map(|one| {
            (
                one.name.as_deref().unwrap_or("-"),
                one.category.as_str(),
                one.messages,
                one.billable,
                one.amount.to_string(),
            )
        })
        .collect()
}

#[tokio::test]
async fn campaigns_add_up_to_the_month_before_and_after_it_is_summed() {
    each_world(async |world| {
        let now = world.ctx.now();
        let day = jiff::Timestamp::from_microsecond(now.0).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
        let period = i64::from(day.year()) * 100 + i64::from(day.month());
        let send = async |campaign: Option<&str>, category, window| {
            let message = world.message(category, GERMANY, world.ctx.now());
            let message = Intent { campaign: campaign.map(Into::into), window, ..message };
            world.send_and_deliver(message, world.ctx.now()).await;
        };
        let free = WindowState { free_entry_point_until: Some(now + DAY), ..WindowState::default() };
        let open = WindowState { customer_service_until: Some(now + DAY), ..WindowState::default() };
        send(Some("spring"), Category::Marketing, WindowState::default()).await;
        send(Some("spring"), Category::Marketing, free).await;
        send(Some("order"), Category::Utility, WindowState::default()).await;
        let before = of(&world, period).await;
        gather(&world).await;
        assert_eq!(of(&world, period).await, before, "summed, it is the same");
        send(None, Category::Service, open).await;
        send(Some("order"), Category::Utility, WindowState::default()).await;
        let found = of(&world, period).await;
        let rows = shown(&found);
        assert_eq!(rows.len(), 3, "{rows:?}");
        assert_eq!((rows[0].0, rows[0].1, rows[0].2, rows[0].3), ("spring", "marketing", 2, 1), "{rows:?}");
        assert_eq!((rows[1].0, rows[1].1, rows[1].2, rows[1].3), ("order", "utility", 2, 2), "{rows:?}");
        assert_eq!((rows[2].0, rows[2].1, rows[2].2), ("-", "service", 1), "{rows:?}");
        let usage = async |ctx: &Ctx, tx: &mut Tx| caps::usage_now(ctx, tx, TULIP).await;
        let usage = world.db.read(&world.ctx, "test.usage", usage).await.unwrap();
        let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.sum::<i64>();
        assert_eq!(
            sum(&mut found.iter().map(|one| one.amount.0)),
            sum(&mut usage.iter().map(|one| one.amount.0)),
            "nothing is lost between them"
        );
        gather(&world).await;
        assert_eq!(of(&world, period).await, found);
        // What never arrives belongs to no campaign, also where it costs nothing.
        let gone = Intent {
            campaign: Some("gone".into()),
            window: free,
            ..world.message(Category::Utility, GERMANY, now)
        };
        world.hold(std::slice::from_ref(&gone)).await;
        let failed =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::failed(ctx, tx, &[gone.message_id]).await;
        world.db.transact(&world.ctx, "test.failed", failed).await.unwrap();
        assert_eq!(of(&world, period).await, found);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_beyond_the_dearest_is_one_sum() {
    each_world(async |world| {
        let now = world.ctx.now();
        let day = jiff::Timestamp::from_microsecond(now.0).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
        let period = i64::from(day.year()) * 100 + i64::from(day.month());
        let send = async |campaign: String, category| {
            let message = world.message(category, GERMANY, world.ctx.now());
            let message = Intent { campaign: Some(campaign.into()), ..message };
            world.send_and_deliver(message, world.ctx.now()).await;
        };
        for n in 1..CAMPAIGNS_SHOWN {
            send(format!("spring {n:03}"), Category::Marketing).await;
        }
        gather(&world).await;
        send("order 1".to_owned(), Category::Utility).await;
        let whole = all(&world, period).await;
        assert_eq!((whole.shown.len(), whole.others), (200, 0));
        let order = whole.shown[199].clone();
        assert_eq!(order.name.as_deref(), Some("order 1"), "the cheapest stands last");
        send("order 2".to_owned(), Category::Utility).await;
        send("order 3".to_owned(), Category::Utility).await;
        send("spring 000".to_owned(), Category::Marketing).await;
        let found = all(&world, period).await;
        assert_eq!((found.shown.len(), found.others), (200, 3));
        assert_eq!(found.shown[0].name.as_deref(), Some("spring 000"));
        assert!(found.shown.iter().all(|one| one.category == Category::Marketing));
        assert_eq!(found.others_amount, Micros(order.amount.0 * 3));
        assert_eq!(found.amount().0, whole.amount().0 + order.amount.0 * 2 + found.shown[0].amount.0);
    })
    .await;
}
