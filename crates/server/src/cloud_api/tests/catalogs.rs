//! Catalogs through the door, and messages that name their products.

use super::*;
use std::sync::Mutex as StdMutex;

/// A world whose gateway keeps what it is given to deliver.
pub(super) async fn selling() -> (World, Arc<StdMutex<Vec<Content>>>) {
    let mut world = World::open().await;
    let kept: Arc<StdMutex<Vec<Content>>> = Arc::default();
    let keep = kept.clone();
    let gateway = Gateway::new(
        move |_, _, accepted| {
            keep.lock().unwrap().extend(accepted.iter().filter_map(|one| one.content.clone()));
            Box::pin(async { Ok(()) })
        },
        |_, _, _| Box::pin(async { Ok(()) }),
    );
    let app = &world.app;
    world.app = CloudApi::new(
        app.db.clone(),
        app.ctx.clone(),
        app.business.clone(),
        Arc::new(gateway),
        app.egress.clone(),
        app.blobs.clone(),
    );
    (world, kept)
}

impl World {
    /// A catalog with a loaf and a roll.
    pub(super) async fn catalog(&self) -> String {
        let path = format!("/v23.0/{}/owned_product_catalogs", self.shop.business_id);
        let (status, made) = self.post(&path, json!({"name": "Bread", "vertical": "commerce"})).await;
        assert_eq!(status, 200, "{made}");
        let id = made["id"].as_str().unwrap().to_owned();
        let loaf = json!({"retailer_id": "loaf", "name": "Rye loaf", "description": "Dark", "price": 420,
            "currency": "EUR", "image_url": "https://example.org/loaf.png"});
        let (status, made) = self.post(&format!("/{id}/products"), loaf).await;
        assert_eq!(status, 200, "{made}");
        let batch = json!({"item_type": "PRODUCT_ITEM", "requests": [
            {"method": "CREATE", "data": {"id": "roll", "title": "Roll", "price": "0.60 EUR",
                "image": [{"url": "https://example.org/roll.png"}]}},
            {"method": "CREATE", "data": {"id": "cake", "title": "Cake", "price": "20 EUR",
                "availability": "out of stock"}},
            {"method": "UPDATE", "data": {"id": "loaf", "price": "4.50 EUR"}},
            {"method": "CREATE", "data": {"id": "bad", "title": "No price"}},
            {"method": "DELETE", "data": {"id": "nothing"}},
        ]});
        let (status, done) = self.post(&format!("/{id}/items_batch"), batch).await;
        assert_eq!(status, 200, "{done}");
        assert!(done["handles"][0].is_string());
        let refused: Vec<&str> = done["validation_status"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["retailer_id"].as_str().unwrap())
            .collect();
        assert_eq!(refused, ["bad", "nothing"], "{done}");
        id
    }

    pub(super) async fn connect(&self, id: &str) -> (u16, Value) {
        self.post(&format!("/v23.0/{}/product_catalogs", self.shop.waba_id), json!({"catalog_id": id})).await
    }
}

pub(super) fn interactive(kind: &str, action: Value) -> Value {
    let mut interactive = json!({"type": kind, "body": {"text": "Today"}, "action": action});
    if kind == "product_list" {
        interactive["header"] = json!({"type": "text", "text": "Bread"});
    }
    json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": interactive})
}

#[tokio::test]
async fn catalogs_are_made_filled_and_read() {
    World::on_each_engine(business, async |world| {
        let id = world.catalog().await;
        let (_, owned) = world
            .get(&format!("/{}/owned_product_catalogs?fields=name,product_count", world.shop.business_id))
            .await;
        assert_eq!(owned["data"], json!([{"id": id, "name": "Bread", "product_count": 3}]));
        let (_, one) = world.get(&format!("/{id}?fields=vertical,business")).await;
        let business = json!({"id": world.shop.business_id.to_string()});
        assert_eq!(one, json!({"id": id, "vertical": "commerce", "business": business}));
        let (_, page) =
            world.get(&format!("/{id}/products?limit=2&fields=retailer_id,price,image_url")).await;
        let loaf = &page["data"][1];
        assert_eq!((&loaf["retailer_id"], &loaf["price"]), (&json!("loaf"), &json!("4.50 EUR")), "{page}");
        assert_eq!(loaf["image_url"], "https://example.org/loaf.png", "what was not given stays");
        let next = page["paging"]["next"].as_str().unwrap().trim_start_matches("http://plaza.test");
        let (_, rest) = world.get(next).await;
        assert_eq!(rest["data"][0]["retailer_id"], "roll");
        assert!(rest["paging"].get("next").is_none());
        let foreign = world.rival.access_token.0.clone();
        for (method, edge) in
            [("GET", ""), ("GET", "/products"), ("POST", "/products"), ("POST", "/items_batch")]
        {
            let answer = world.as_token(method, &format!("/{id}{edge}"), &foreign, json!({})).await;
            assert_eq!(
                (code(&answer), &answer.1["error"]["error_subcode"]),
                ((400, 100), &json!(33)),
                "{edge}"
            );
        }
        for (body, member) in [
            (json!({"name": "x", "price": 1, "currency": "EUR"}), "retailer_id"),
            (json!({"retailer_id": "x", "price": 1, "currency": "EUR"}), "name"),
            (json!({"retailer_id": "x", "name": "x", "currency": "EUR"}), "price"),
            (json!({"retailer_id": "x", "name": "x", "price": 1}), "currency"),
            (json!({"retailer_id": "x", "name": "x", "price": 1, "currency": "12E"}), "currency"),
            (json!({"retailer_id": "x", "name": "x", "price": -1, "currency": "EUR"}), "price"),
            (
                json!({"retailer_id": "x", "name": "x", "price": 1, "currency": "EUR", "image_url": "x"}),
                "image_url",
            ),
        ] {
            let answer = world.post(&format!("/{id}/products"), body).await;
            assert_eq!(code(&answer), (400, 100));
            let details = answer.1["error"]["error_data"]["details"].as_str().unwrap();
            assert!(details.starts_with(member), "{details}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_sells_from_one_catalog() {
    World::on_each_engine(business, async |world| {
        let id = world.catalog().await;
        let edge = format!("/v23.0/{}/product_catalogs", world.shop.waba_id);
        let commerce = format!("/{}/whatsapp_commerce_settings", world.shop.phone_number_id);
        assert_eq!(world.get(&edge).await.1["data"], json!([]));
        assert_eq!(world.connect(&id).await.0, 200);
        assert_eq!(world.get(&edge).await.1["data"], json!([{"id": id, "name": "Bread"}]));
        assert_eq!(world.get(&commerce).await.1["data"][0]["id"], id.as_str());
        for nobody in ["17", "x", &world.shop.waba_id.to_string()] {
            assert_eq!(code(&world.connect(nobody).await), (400, 100), "{nobody}");
        }
        let foreign = format!("/v23.0/{}/product_catalogs", world.rival.waba_id);
        let token = world.rival.access_token.0.clone();
        let stolen = world.as_token("POST", &foreign, &token, json!({"catalog_id": id})).await;
        assert_eq!(code(&stolen), (400, 100), "another's catalog is none");
        assert_eq!(world.delete(&edge, json!({"catalog_id": id})).await.0, 200);
        assert_eq!(code(&world.delete(&edge, json!({"catalog_id": id})).await), (400, 100), "it is gone");
        assert_eq!(world.get(&edge).await.1["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn messages_name_products_that_are_there_and_carry_their_cards() {
    let (world, kept) = selling().await;
    world.ana_writes().await;
    let send = async |body: Value| world.post(&world.messages(), body).await;
    let one = |id: &str, retailer_id: &str| {
        interactive("product", json!({"catalog_id": id, "product_retailer_id": retailer_id}))
    };
    assert_eq!(send(one("9", "anything")).await.0, 200, "without a catalog any product may be named");
    kept.lock().unwrap().clear();
    let id = world.catalog().await;
    assert_eq!(world.connect(&id).await.0, 200);

    assert_eq!(send(one(&id, "loaf")).await.0, 200);
    let list = json!({"catalog_id": id, "sections": [
        {"title": "Hot", "product_items": [{"product_retailer_id": "roll"}, {"product_retailer_id": "cake"}]}]});
    assert_eq!(send(interactive("product_list", list.clone())).await.0, 200);
    let whole = json!({"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "roll"}});
    assert_eq!(send(interactive("catalog_message", whole)).await.0, 200);
    let made = json!({"name": "shelf", "language": "en_US", "category": "MARKETING", "components": [
        {"type": "BODY", "text": "What we have today."},
        {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "View items"}]}]});
    let (status, made) = world.post(&format!("/{}/message_templates", world.shop.waba_id), made).await;
    assert_eq!(status, 200, "{made}");
    let shelf = |retailer_id: &str| {
        let sections = json!([{"title": "Hot", "product_items": [{"product_retailer_id": retailer_id}]}]);
        json!({"messaging_product": "whatsapp", "to": ANA, "type": "template", "template": {
            "name": "shelf", "language": {"code": "en_US"}, "components": [{"type": "button", "sub_type": "mpm",
                "index": 0, "parameters": [{"type": "action", "action": {
                    "thumbnail_product_retailer_id": "loaf", "sections": sections}}]}]}})
    };
    let (status, sent) = send(shelf("roll")).await;
    assert_eq!(status, 200, "{sent}");

    let contents =
        serde_json::to_value(kept.lock().unwrap().iter().map(|one| &one.body).collect::<Vec<_>>()).unwrap();
    let loaf = json!({"catalog_id": id, "retailer_id": "loaf", "name": "Rye loaf", "description": "Dark",
        "price_micros": 4_500_000, "currency": "EUR", "image_url": "https://example.org/loaf.png"});
    assert_eq!(contents[0]["action"]["product"], loaf, "{contents:#}");
    let named = |products: &Value| {
        let names =
            products.as_array().unwrap().iter().map(|product| product["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(named(&contents[1]["action"]["sections"][0]["products"]), ["Roll", "Cake"]);
    assert_eq!(
        named(&contents[2]["action"]["products"]),
        ["Roll", "Rye loaf"],
        "what can be had, the thumbnail first"
    );
    let section = &contents[3]["buttons"][0]["action"]["sections"][0];
    assert_eq!(section["products"][0]["price_micros"], 600_000);

    for (body, word) in [
        (one(&id, "croissant"), "croissant"),
        (one("9", "loaf"), "connected to the catalog"),
        (interactive("product_list", json!({"catalog_id": "9", "sections": list["sections"]})), "connected"),
        (
            interactive(
                "catalog_message",
                json!({"name": "catalog_message",
            "parameters": {"thumbnail_product_retailer_id": "croissant"}}),
            ),
            "croissant",
        ),
        (shelf("croissant"), "croissant"),
    ] {
        let answer = send(body).await;
        assert_eq!(code(&answer), (400, 131_009), "{}", answer.1);
        let details = answer.1["error"]["error_data"]["details"].as_str().unwrap();
        assert!(details.contains(word), "{details}");
    }
}
