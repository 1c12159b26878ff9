//! One-time codes from abroad.

use crate::*;
use plaza_billing::{AUTHENTICATION_INTERNATIONAL_MESSAGES, AUTHENTICATION_INTERNATIONAL_NOTICE};
use plaza_db::{DbError, Sql, params};

const INDIA: &str = "+919812345678";
const GERMANY: &str = "+4915112345678";
const MANY: Sql =
    Sql { name: "test::MANY", text: "UPDATE authentication_day SET messages = $2 WHERE portfolio_id = $1" };
const CODES: Sql = Sql {
    name: "test::CODES",
    text: "SELECT messages FROM authentication_day WHERE portfolio_id = $1 ORDER BY day",
};

async fn based_in(world: &World, country: &'static str) {
    let set = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::set_country(ctx, tx, TULIP, country).await;
    world.db.transact(&world.ctx, "test.country", set).await.unwrap();
}

async fn notice(world: &World) -> Vec<(PortfolioId, Timestamp)> {
    let notice = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::notice_international(ctx, tx).await;
    world.db.transact(&world.ctx, "test.notice", notice).await.unwrap()
}

async fn codes(world: &World) -> Vec<i64> {
    let read = async |_: &Ctx, tx: &mut Tx| {
        let rows = tx.query(CODES, params![TULIP]).await?;
        rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>, DbError>>()
    };
    world.db.read(&world.ctx, "test.codes", read).await.unwrap()
}

async fn cost(world: &World, to: &str) -> (Category, String) {
    let now = world.ctx.now();
    let charged = world.send_and_deliver(world.message(Category::Authentication, to, now), now).await;
    (charged.pricing.category, charged.amount.to_string())
}

#[tokio::test]
async fn many_codes_abroad_cost_their_own_price_after_the_notice() {
    each_world(async |world| {
        based_in(&world, "DE").await;
        let at_home = (Category::Authentication, "0.055".to_owned());
        let before = (Category::Authentication, "0.0014".to_owned());
        let abroad = (Category::AuthenticationInternational, "0.0304".to_owned());
        assert_eq!(cost(&world, GERMANY).await, at_home);
        assert_eq!(codes(&world).await, Vec::<i64>::new(), "what goes home does not count");
        assert_eq!(cost(&world, INDIA).await, before);
        assert_eq!(codes(&world).await, [1]);
        let many = async |ctx: &Ctx, tx: &mut Tx| {
            let _ = ctx;
            tx.execute(MANY, params![TULIP, AUTHENTICATION_INTERNATIONAL_MESSAGES]).await
        };
        world.assert_sound().await;
        world.db.transact(&world.ctx, "test.many", many).await.unwrap();
        let wrong = world.verify().await.differences;
        assert!(wrong[0].contains("750000 codes abroad are counted"), "{wrong:?}");
        assert_eq!(notice(&world).await, [], "not more than that");
        assert_eq!(cost(&world, INDIA).await, before);
        let starts_at = world.ctx.now() + AUTHENTICATION_INTERNATIONAL_NOTICE;
        assert_eq!(notice(&world).await, [(TULIP, starts_at)]);
        assert_eq!(notice(&world).await, [], "it is told once");
        assert_eq!(cost(&world, INDIA).await, before, "not before the notice is over");
        let now = world.ctx.now();
        let on_its_way = world.message(Category::Authentication, INDIA, now);
        world.hold(std::slice::from_ref(&on_its_way)).await;
        world.clock.advance(AUTHENTICATION_INTERNATIONAL_NOTICE);
        assert_eq!(cost(&world, INDIA).await, abroad);
        assert_eq!(cost(&world, GERMANY).await, at_home);
        let late = world.deliver(vec![(on_its_way.message_id, world.ctx.now())]).await[0];
        assert_eq!(late.pricing.category, Category::Authentication, "fixed when it was sent");
        // The days of then no longer count, and what was decided stays.
        world.clock.advance(31 * DAY);
        assert_eq!(notice(&world).await, []);
        assert_eq!(codes(&world).await, Vec::<i64>::new());
        assert_eq!(cost(&world, INDIA).await, abroad);
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_business_of_the_country_itself_never_pays_it() {
    each_world(async |world| {
        based_in(&world, "IN").await;
        assert_eq!(cost(&world, INDIA).await.1, "0.0014");
        assert_eq!(codes(&world).await, Vec::<i64>::new());
        world.assert_sound().await;
    })
    .await;
}
