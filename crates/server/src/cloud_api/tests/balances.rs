//! What a business may spend: a cap refuses before anything is sent, and says which it is and who raises it; promotional
//! credit pays where nothing was paid in; alerts reach the webhooks once.

use super::*;
use plaza_billing::caps::{self, CapAction, NewCap, Period, Scope};
use plaza_billing::funds::{self, NewGrant};
use std::time::Duration;

impl World {
    /// A business without money, with an approved template.
    async fn empty_shop(&self) -> CreatedBusiness {
        let made = self.app.business.clone();
        let make = async move |ctx: &Ctx, tx: &mut Tx| {
            let new = NewBusiness { credit: Micros(0), ..new_business("Poor", "+4930901822", ctx.uuid()) };
            made.create(ctx, tx, &new).await
        };
        let shop = self.app.db.transact(&self.app.ctx, "test.poor", make).await.unwrap();
        let body = json!({"name": "news", "language": "en_US", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Bread."}]});
        let path = format!("/{}/message_templates", shop.waba_id);
        assert_eq!(self.as_token("POST", &path, &shop.access_token.0, body).await.0, 200);
        shop
    }

    async fn send_news(&self, shop: &CreatedBusiness) -> (u16, Value) {
        let body = json!({"messaging_product": "whatsapp", "to": ANA, "type": "template",
            "template": {"name": "news", "language": {"code": "en_US"}}});
        let path = format!("/{}/messages", shop.phone_number_id);
        self.as_token("POST", &path, &shop.access_token.0, body).await
    }
}

#[tokio::test]
async fn a_cap_refuses_before_anything_is_sent_and_says_which_and_who_raises_it() {
    World::on_each_engine(business, async |world| {
        let shop = world.empty_shop().await;
        assert_eq!(world.send_news(&shop).await.1["error"]["code"], 131_042);
        let health = format!("/{}?fields=health_status", shop.waba_id);
        let can_send = async || {
            let token = format!("Bearer {}", shop.access_token.0);
            let request = HttpRequest::builder().method("GET").uri(&health).header("host", "plaza.test");
            let request = request.header("authorization", token).body(Body::empty()).unwrap();
            let answer = world.ask(request).await.1;
            answer["health_status"]["can_send_message"].clone()
        };
        assert_eq!(can_send().await, "BLOCKED", "there is no money");
        let portfolio = shop.business_id;
        let give = async move |ctx: &Ctx, tx: &mut Tx| {
            let new = NewGrant {
                amount: Micros(50_000_000),
                lasts: Duration::from_secs(86_400),
                note: "Welcome".to_owned(),
                key: "welcome".to_owned(),
            };
            funds::grant(ctx, tx, portfolio, &new).await?;
            // One message to Germany costs more than half of it, and two do not fit.
            let cap = NewCap {
                scope: Scope::Campaign,
                subject: "news".to_owned(),
                period: Period::Day,
                limit: Micros(200_000),
                action: CapAction::Block,
            };
            caps::set_cap(ctx, tx, portfolio, &cap).await
        };
        world.app.db.transact(&world.app.ctx, "test.give", give).await.unwrap();
        assert_eq!(can_send().await, "AVAILABLE");
        assert_eq!(world.send_news(&shop).await.0, 200, "promotional credit pays");
        let sent = world.delivered.load(Ordering::SeqCst);
        let refused = world.send_news(&shop).await;
        assert_eq!((refused.0, &refused.1["error"]["code"]), (400, &json!(131_042)));
        let details = refused.1["error"]["error_data"]["details"].as_str().unwrap();
        assert!(
            details.starts_with("the cap of 0.20 EUR a day for the campaign news is reached: "),
            "{details}"
        );
        assert!(details.ends_with("; the operator set it and can raise it"), "{details}");
        assert_eq!(world.delivered.load(Ordering::SeqCst), sent, "nothing was sent");
        let told = async || {
            let step = async |ctx: &Ctx, tx: &mut Tx| plaza_business::alerts::step(ctx, tx).await;
            world.app.db.transact(&world.app.ctx, "test.alerts", step).await.unwrap()
        };
        assert_eq!((told().await, told().await), (2, 0), "half, and full: no second one fits; once each");
    })
    .await;
}
