//! The public page of a business, through the door.

use super::*;
use plaza_billing::plans::{self, Cancel, NewSubscription, PlanSource, Term};

/// The page of a name: its status and its HTML.
async fn page(world: &World, name: &str) -> (StatusCode, String) {
    let response = landing_page(&world.app, name, "https://plaza.test").await;
    let (status, body) = (response.status(), response.into_body());
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

impl World {
    async fn takes_a_plan(&self) {
        let portfolio = self.shop.business_id;
        let start = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::import_plans(ctx, tx, &PlanSource::reference()).await.expect("the plans are good");
            let new = NewSubscription { plan: "verified".to_owned(), term: Term::Month, trial: true };
            plans::start(ctx, tx, portfolio, &new).await
        };
        self.app.db.transact(&self.app.ctx, "test.plan", start).await.unwrap();
    }
}

#[tokio::test]
async fn a_business_has_a_public_page_while_its_plan_gives_one() {
    World::on_each_engine(business, async |world| {
        let phone = world.shop.phone_number_id;
        let set = async |edge: &str, body: Value| {
            let answer = world.post(&format!("/{phone}/{edge}"), body).await;
            assert_eq!(answer.0, 200, "{}", answer.1);
        };
        let profile = json!({"messaging_product": "whatsapp", "about": "Bread & <b>cake</b>",
            "description": "Since 1901.", "address": "Gartenweg 1", "email": "a@b.example",
            "websites": ["https://tulip.example/?a=1&b=\"2\""]});
        set("whatsapp_business_profile", profile).await;
        set("username", json!({"username": "tulip.bakery"})).await;
        let catalog = world.catalog().await;
        let connect = format!("/{}/product_catalogs", world.shop.waba_id);
        assert_eq!(world.post(&connect, json!({"catalog_id": catalog})).await.0, 200);

        let unknown = page(&world, "nobody.here").await;
        assert_eq!(unknown.0, StatusCode::NOT_FOUND);
        for name in ["tulip.bakery", "4930901820", "+4930901820"] {
            assert_eq!(page(&world, name).await, unknown, "{name}: no plan, as if it were unknown");
        }
        world.takes_a_plan().await;
        let (status, html) = page(&world, "4930901820").await;
        assert_eq!(status, StatusCode::OK);
        for shown in [
            "<title>Tulip</title>",
            "Bread &amp; &lt;b&gt;cake&lt;/b&gt;",
            "Since 1901.",
            "Gartenweg 1",
            "mailto:a@b.example",
            "href=\"/chat?to=%2B4930901820\">Chat</a>",
            "aria-label=\"QR code of the chat with Tulip\"",
            "<link rel=\"canonical\" href=\"https://plaza.test/b/tulip.bakery\">",
        ] {
            assert!(html.contains(shown), "{shown}: {html}");
        }
        assert!(
            !html.contains("<b>") && !html.contains("<script") && !html.contains(" src=\"http"),
            "{html}"
        );
        assert!(!html.contains("Verified"), "nobody has checked who it is");
        assert!(!html.contains("Rye loaf"), "its catalog is not shown");
        for name in ["tulip.bakery", "@Tulip.Bakery", "+49 30 901820"] {
            assert_eq!(page(&world, name).await, (StatusCode::OK, html.clone()), "{name}");
        }
        set("whatsapp_commerce_settings?is_catalog_visible=true", json!({})).await;
        let (_, html) = page(&world, "tulip.bakery").await;
        assert!(html.contains("<h3>Rye loaf</h3>") && html.contains("4.50 EUR"), "{html}");
        assert!(
            !html.contains("Cake</h3>") && !html.contains("loaf.png"),
            "sold out; of another server: {html}"
        );
        assert_eq!(page(&world, "4930901821").await, unknown, "the rival has no plan");

        let (portfolio, ctx) = (world.shop.business_id, &world.app.ctx);
        let end = async move |ctx: &Ctx, tx: &mut Tx| plans::cancel(ctx, tx, portfolio, Cancel::Now).await;
        world.app.db.transact(ctx, "test.cancel", end).await.unwrap();
        assert_eq!(page(&world, "tulip.bakery").await, unknown, "it goes with the plan");
    })
    .await;
}
