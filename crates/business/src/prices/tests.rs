//! What is told of prices that change for one business.

use super::*;
use crate::testing::Shop;
use plaza_billing::{AUTHENTICATION_INTERNATIONAL_MESSAGES, AUTHENTICATION_INTERNATIONAL_NOTICE};
use plaza_db::testing::each_engine;
use plaza_db::{Sql, params};
use plaza_protocol::Micros;

const COUNT: Sql = Sql {
    name: "tests::COUNT",
    text: "INSERT INTO authentication_day (portfolio_id, day, messages) VALUES ($1, $2, $3)
        ON CONFLICT (portfolio_id, day) DO UPDATE SET messages = authentication_day.messages + excluded.messages",
};

impl Shop {
    /// So many one-time codes go abroad today.
    async fn codes(&self, messages: i64) {
        let portfolio = self.created.business_id;
        let count = async move |ctx: &Ctx, tx: &mut Tx| {
            tx.execute(COUNT, params![portfolio, ctx.now().0 / 86_400_000_000, messages]).await
        };
        self.db.transact(&self.system, "test.codes", count).await.unwrap();
    }

    async fn tell(&self) -> usize {
        self.db.transact(&self.system, "test.step", async |ctx, tx| step(ctx, tx).await).await.unwrap()
    }
}

#[tokio::test]
async fn who_sends_many_codes_abroad_is_told_once_from_when_they_cost_more() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["account_update"]).await;
        shop.codes(AUTHENTICATION_INTERNATIONAL_MESSAGES).await;
        assert_eq!((shop.tell().await, shop.values().await), (0, vec![]), "not more than that");
        shop.codes(1).await;
        assert_eq!((shop.tell().await, shop.tell().await), (1, 0), "once");
        let starts_at = shop.system.now() + AUTHENTICATION_INTERNATIONAL_NOTICE;
        let value = json!({
            "event": "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
            "auth_international_rate_eligibility": {"start_time": starts_at.seconds(), "exception_countries": []},
        });
        assert_eq!(shop.values().await, [value]);
        let app = shop.app.clone();
        let by_app = shop.db.transact(&app, "test.step", async |ctx, tx| step(ctx, tx).await).await.unwrap();
        assert_eq!(by_app, 0, "it is housekeeping");
    })
    .await;
}
