use super::*;
use crate::testing::Shop;
use plaza_db::testing::each_engine;
use plaza_protocol::Micros;

fn request(name: &str) -> Value {
    json!({"name": name, "language": "en-us", "category": "utility", "components": [
        {"type": "BODY", "text": "Hi {{1}}, your bread is ready to be fetched."}]})
}

async fn create(shop: &Shop, request: Value) -> Result<Template, TemplateError> {
    create_with(shop, &shop.business, request).await
}

async fn create_with(
    shop: &Shop,
    business: &std::sync::Arc<Business>,
    request: Value,
) -> Result<Template, TemplateError> {
    let (business, waba) = (business.clone(), shop.created.waba_id);
    let create = async move |ctx: &Ctx, tx: &mut Tx| business.create_template(ctx, tx, waba, &request).await;
    shop.db.transact(&shop.app, "test", create).await
}

fn outside_a_sandbox() -> std::sync::Arc<Business> {
    std::sync::Arc::new(Business::new(
        crate::SealingKey::new([7; 32]),
        plaza_billing::Prices::default(),
        false,
    ))
}

#[tokio::test]
async fn the_sandbox_decides_at_once() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["message_template_status_update"]).await;
        let good = create(&shop, request("ready")).await.unwrap();
        assert_eq!(
            (good.status, good.language.as_str(), good.category_word().as_str()),
            (Status::Approved, "en_US", "UTILITY")
        );
        let bad = create(&shop, request("reject_me")).await.unwrap();
        assert_eq!(bad.status, Status::Rejected);
        let values = shop.values().await;
        let told: Vec<_> = values
            .iter()
            .map(|value| (value["event"].as_str(), value["message_template_id"].as_i64()))
            .collect();
        assert!(told.contains(&(Some("APPROVED"), Some(good.template_id.0))), "{told:?}");
        assert!(told.contains(&(Some("REJECTED"), Some(bad.template_id.0))), "{told:?}");
        let delivery = shop.deliveries().await.remove(0);
        let body: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(
            body["entry"][0]["time"],
            json!(shop.system.now().seconds()),
            "management fields carry a time"
        );
    })
    .await;
}

#[tokio::test]
async fn the_operator_decides_once() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["message_template_status_update"]).await;
        let business = outside_a_sandbox();
        let waiting = create_with(&shop, &business, request("ready")).await.unwrap();
        assert_eq!(waiting.status, Status::Pending);
        assert!(shop.values().await.is_empty(), "nothing to tell yet");
        let id = waiting.template_id;
        let say = async |ctx: &Ctx, decision: Decision| {
            let decide = async move |ctx: &Ctx, tx: &mut Tx| decide(ctx, tx, id, decision.clone()).await;
            shop.db.transact(ctx, "test", decide).await
        };
        assert!(
            matches!(say(&shop.app, Decision::Approve).await, Err(TemplateError::Forbidden)),
            "not its own judge"
        );
        let queue =
            shop.db.read(&shop.system, "test", async |ctx, tx| queue(ctx, tx, Status::Pending, None).await);
        assert_eq!(queue.await.unwrap().len(), 1);
        let rejected = say(&shop.system, Decision::Reject(Some("PROMOTIONAL".into()))).await.unwrap();
        assert_eq!((rejected.status, rejected.rejected_reason.as_str()), (Status::Rejected, "PROMOTIONAL"));
        assert!(say(&shop.system, Decision::Reject(None)).await.is_ok(), "the same word again");
        let late = say(&shop.system, Decision::Approve).await;
        assert!(matches!(late, Err(TemplateError::NotPending(Status::Rejected))), "{late:?}");
        let values = shop.values().await;
        assert_eq!(values.len(), 1);
        assert_eq!(values[0]["reason"], "PROMOTIONAL");
        assert!(values[0]["rejection_info"].is_object());
        let fixture: Value =
            serde_json::from_str(include_str!("../../fixtures/pywa/template_status_update.json")).unwrap();
        let expected = fixture["rejected"]["entry"][0]["changes"][0]["value"].as_object().unwrap();
        for (member, example) in expected {
            let kind = |value: &Value| std::mem::discriminant(value);
            assert_eq!(kind(&values[0][member]), kind(example), "{member}");
        }
    })
    .await;
}

#[tokio::test]
async fn names_are_taken_and_given_free() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let first = create(&shop, request("ready")).await.unwrap();
        let again = create(&shop, request("ready")).await.unwrap_err();
        assert!(matches!(&again, TemplateError::Invalid(problem) if problem.subcode == Some(subcodes::NAME_TAKEN)), "{again}");
        let mut german = request("ready");
        german["language"] = json!("de");
        create(&shop, german).await.unwrap();
        let waba = shop.created.waba_id;
        let gone = async move |ctx: &Ctx, tx: &mut Tx| {
            let one = delete(ctx, tx, waba, "ready", Some(first.template_id)).await?;
            let rest = delete(ctx, tx, waba, "ready", None).await?;
            assert!(matches!(get(ctx, tx, first.template_id).await, Err(TemplateError::NotFound)));
            assert!(delete(ctx, tx, waba, "ready", None).await.is_err(), "there is none any more");
            Ok::<_, TemplateError>((one, rest, list(ctx, tx, waba).await?.len()))
        };
        assert_eq!(shop.db.transact(&shop.app, "test", gone).await.unwrap(), (1, 1, 0));
        assert!(create(&shop, request("ready")).await.is_ok(), "the name is free");
    })
    .await;
}

#[tokio::test]
async fn members_that_cannot_be_are_named() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        for (member, value) in [
            ("name", json!("Ready")),
            ("name", json!("")),
            ("language", json!("english")),
            ("category", json!("FUN")),
            ("parameter_format", json!("both")),
            ("components", json!("[")),
            ("components", Value::Null),
            ("message_send_ttl_seconds", json!(5)),
        ] {
            let mut request = request("ready");
            request[member] = value;
            let error = create(&shop, request).await.unwrap_err();
            assert!(
                matches!(&error, TemplateError::Invalid(problem) if problem.member == member),
                "{member}: {error}"
            );
        }
        let mut form = request("form");
        form["components"] = json!(form["components"].to_string());
        assert!(create(&shop, form).await.is_ok(), "a form writes lists as text");
    })
    .await;
}
