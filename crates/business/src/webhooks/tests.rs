use super::*;
use crate::testing::{HOOK, Shop};
use plaza_db::testing::each_engine;
use plaza_protocol::{Actor, Micros, WebhookDeliveryId, limits};
use serde_json::json;
use std::time::Duration;

fn at(shop: &Shop, value: &str) -> Event {
    Event {
        portfolio: shop.created.business_id,
        waba: shop.created.waba_id,
        phone: Some(shop.created.phone_number_id),
        field: MESSAGES,
        lane: 1,
        value: json!({ "text": value }),
    }
}

async fn emit_one(shop: &Shop, value: &str) {
    let event = at(shop, value);
    let emit = async move |ctx: &Ctx, tx: &mut Tx| emit(ctx, tx, vec![event.clone()]).await;
    shop.db.transact(&shop.system, "test", emit).await.unwrap();
}

async fn due(shop: &Shop) -> Vec<DueEndpoint> {
    let business = shop.business.clone();
    let due = async move |ctx: &Ctx, tx: &mut Tx| business.due_endpoints(ctx, tx).await;
    shop.db.read(&shop.system, "test", due).await.unwrap().0
}

async fn take(shop: &Shop, endpoint: EndpointId, limit: usize) -> Vec<Claimed> {
    let claim = async move |ctx: &Ctx, tx: &mut Tx| claim(ctx, tx, endpoint, limit).await;
    shop.db.transact(&shop.system, "test", claim).await.unwrap()
}

async fn say(shop: &Shop, claimed: &Claimed, error: Option<&str>) {
    let outcome = Outcome {
        delivery_id: claimed.delivery_id,
        attempts: claimed.attempts + 1,
        at: shop.system.now(),
        duration: Duration::from_millis(17),
        status: Some(if error.is_some() { 500 } else { 200 }),
        error: error.map(str::to_owned),
        answer: error.map(|error| format!("{error}\0")).unwrap_or_default(),
    };
    let record =
        async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, std::slice::from_ref(&outcome), &[]).await;
    shop.db.transact(&shop.system, "test", record).await.unwrap();
}

#[test]
fn the_signature_is_the_known_one() {
    // The known answer of the reference vector for webhooks.
    let body = br#"{"object":"whatsapp_business_account","entry":[]}"#;
    assert_eq!(
        signature("s3cr3t", body),
        "sha256=db780e74b7152a02fc0b09479909f9711f095199be060883718889797fa8638d"
    );
    assert_eq!(super::body([]).as_bytes(), body);
    assert_eq!(
        super::body([r#"{"id":"1"}"#, r#"{"id":"2"}"#]),
        r#"{"object":"whatsapp_business_account","entry":[{"id":"1"},{"id":"2"}]}"#
    );
}

#[tokio::test]
async fn the_nearest_callback_wins() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        emit_one(&shop, "to nobody").await;
        assert!(shop.deliveries().await.is_empty(), "there is no callback");
        shop.subscribe(&["messages"]).await;
        emit_one(&shop, "to the app").await;
        let (app, waba, phone) = (shop.created.app_id, shop.created.waba_id, shop.created.phone_number_id);
        let override_with = |url: &str| Callback { url: url.to_owned(), updates_max: 1 };
        let (of_waba, of_phone) =
            (override_with("https://example.org/waba"), override_with("https://example.org/phone"));
        let nearer = async move |ctx: &Ctx, tx: &mut Tx| {
            subscribe_waba(ctx, tx, waba, app, Some(&of_waba)).await?;
            let seen = waba_subscriptions(ctx, tx, waba).await?;
            assert_eq!(seen.len(), 1);
            assert_eq!(seen[0].override_url.as_deref(), Some("https://example.org/waba"));
            Ok::<_, SubscribeError>(())
        };
        shop.db.transact(&shop.app, "test", nearer).await.unwrap();
        emit_one(&shop, "to the account").await;
        let nearest = async move |ctx: &Ctx, tx: &mut Tx| {
            set_phone_number_callback(ctx, tx, phone, app, Some(&of_phone)).await
        };
        shop.db.transact(&shop.app, "test", nearest).await.unwrap();
        emit_one(&shop, "to the number").await;
        let mut urls: Vec<_> = shop.deliveries().await.into_iter().map(|delivery| delivery.url).collect();
        urls.sort();
        assert_eq!(urls, [HOOK, "https://example.org/phone", "https://example.org/waba"]);
        let none = async move |ctx: &Ctx, tx: &mut Tx| {
            set_phone_number_callback(ctx, tx, phone, app, None).await?;
            unsubscribe_waba(ctx, tx, waba, app).await
        };
        shop.db.transact(&shop.app, "test", none).await.unwrap();
        emit_one(&shop, "to nobody again").await;
        assert_eq!(shop.deliveries().await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn an_app_hears_of_its_fields_only() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["message_template_status_update", "flows"]).await;
        emit_one(&shop, "unheard").await;
        assert!(shop.deliveries().await.is_empty());
        shop.subscribe(&["flows", " messages"]).await;
        emit_one(&shop, "heard").await;
        assert_eq!(shop.deliveries().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_address_takes_over_what_waits() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        emit_one(&shop, "waits").await;
        let app = shop.created.app_id;
        let change = async move |ctx: &Ctx, tx: &mut Tx| {
            let callback = Callback { url: "https://example.org/new".to_owned(), updates_max: 1 };
            set_app_subscription(ctx, tx, app, &callback, &["messages".to_owned()]).await
        };
        shop.db.transact(&shop.app, "test", change).await.unwrap();
        assert_eq!(shop.deliveries().await[0].url, "https://example.org/new");
    })
    .await;
}

#[tokio::test]
async fn a_delivery_is_taken_once_and_comes_back_by_time() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        emit_one(&shop, "é/1").await;
        shop.clock.advance(Duration::from_millis(1));
        emit_one(&shop, "2").await;
        let endpoint = due(&shop).await.remove(0);
        assert_eq!(endpoint.app_secret, shop.created.app_secret, "it is signed with the app's secret");
        let taken = take(&shop, endpoint.endpoint_id, 10).await;
        let entry = |text: &str| {
            format!(
                r#"{{"id":"{}","changes":[{{"field":"messages","value":{{"text":"{text}"}}}}]}}"#,
                shop.created.waba_id
            )
        };
        assert_eq!(
            taken.iter().map(|claimed| claimed.entry.clone()).collect::<Vec<_>>(),
            [entry("\\u00e9\\/1"), entry("2")]
        );
        assert!(take(&shop, endpoint.endpoint_id, 10).await.is_empty(), "nobody else gets it");
        shop.clock.advance(Duration::from_secs(60));
        let again = take(&shop, endpoint.endpoint_id, 1).await;
        assert_eq!(again.len(), 1, "whoever had it is gone");
        say(&shop, &again[0], None).await;
        let states: Vec<_> =
            shop.deliveries().await.iter().map(|delivery| (delivery.state, delivery.attempts)).collect();
        assert!(states.contains(&(DeliveryState::Delivered, 1)), "{states:?}");
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_and_not_tried_stands_where_it_stood() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        for text in ["1", "2", "3"] {
            emit_one(&shop, text).await;
            shop.clock.advance(Duration::from_millis(1));
        }
        let endpoint = due(&shop).await.remove(0).endpoint_id;
        let taken = take(&shop, endpoint, 2).await;
        let untried: Vec<_> = taken.iter().map(|claimed| claimed.delivery_id).collect();
        let give_back = async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, &[], &untried).await;
        shop.db.transact(&shop.system, "test", give_back).await.unwrap();
        assert_eq!(take(&shop, endpoint, 2).await, taken, "before the third, with no attempt counted");
    })
    .await;
}

#[tokio::test]
async fn it_is_tried_for_seven_days_and_can_be_sent_again() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        emit_one(&shop, "hello").await;
        let (id, start) = (shop.deliveries().await[0].delivery_id, shop.system.now());
        let mut pauses = Vec::new();
        loop {
            let delivery = shop.deliveries().await.remove(0);
            let pause = delivery.next_attempt_at.since(shop.system.now());
            if shop.system.now().since(start) + pause > limits::WEBHOOK_RETRIED {
                break;
            }
            shop.clock.advance(pause);
            pauses.push(pause.as_secs());
            let endpoint = due(&shop).await.remove(0);
            let taken = take(&shop, endpoint.endpoint_id, 10).await;
            say(&shop, &taken[0], Some("the endpoint answered 500")).await;
        }
        assert_eq!(pauses[..10], [0, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400]);
        assert_eq!(sweep(&shop).await, 0, "not yet");
        shop.clock.set(start + limits::WEBHOOK_RETRIED);
        assert_eq!(sweep(&shop).await, 1);
        let dead = shop.deliveries().await.remove(0);
        assert_eq!((dead.state, dead.last_status), (DeliveryState::Dead, Some(500)));
        assert_eq!(dead.last_error.as_deref(), Some("the endpoint answered 500"));
        assert!(due(&shop).await.is_empty());
        let look = async move |ctx: &Ctx, tx: &mut Tx| {
            let attempts = attempts(ctx, tx, id).await?;
            assert!(resend(ctx, tx, id).await?);
            assert!(!resend(ctx, tx, WebhookDeliveryId(Uuid::nil())).await?, "there is none");
            Ok::<_, DbError>(attempts)
        };
        let attempts = shop.db.transact(&shop.system, "test", look).await.unwrap();
        assert!(attempts[0].attempt > attempts[1].attempt, "the latest first");
        let first = attempts.last().unwrap();
        assert_eq!((first.attempt, first.duration_ms, first.status), (1, 17, Some(500)));
        assert_eq!(
            first.answer.as_deref(),
            Some("the endpoint answered 500\u{fffd}"),
            "as far as it can be kept"
        );
        let endpoint = due(&shop).await.remove(0);
        let taken = take(&shop, endpoint.endpoint_id, 10).await;
        say(&shop, &taken[0], None).await;
        assert_eq!(shop.deliveries().await[0].state, DeliveryState::Delivered);
        shop.clock.advance(Duration::from_secs(8 * 24 * 3600));
        sweep(&shop).await;
        assert!(shop.deliveries().await.is_empty(), "what was delivered is forgotten in time");
    })
    .await;
}

async fn sweep(shop: &Shop) -> u64 {
    shop.db.transact(&shop.system, "test", async |ctx, tx| super::sweep(ctx, tx).await).await.unwrap()
}

#[tokio::test]
async fn pages_come_one_after_the_other() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        for number in 0..5 {
            emit_one(&shop, &number.to_string()).await;
            shop.clock.advance(Duration::from_millis(1));
        }
        let pages = async |ctx: &Ctx, tx: &mut Tx| {
            let all = DeliveryFilter::default();
            let pending = DeliveryFilter { state: Some(DeliveryState::Pending), ..all.clone() };
            let dead = DeliveryFilter { state: Some(DeliveryState::Dead), ..all.clone() };
            let other = DeliveryFilter { field: Some("flows".to_owned()), ..all.clone() };
            let first = deliveries(ctx, tx, &all, None, 3).await?;
            let last = first.last().map(|last| last.delivery_id);
            let rest = deliveries(ctx, tx, &pending, last, 3).await?;
            let none = [
                deliveries(ctx, tx, &dead, None, 3).await?.len(),
                deliveries(ctx, tx, &other, None, 3).await?.len(),
            ];
            Ok::<_, DbError>((first, rest, none))
        };
        let own = shop.db.read(&shop.app, "test", pages).await.unwrap();
        let all = shop.db.read(&shop.system, "test", pages).await.unwrap();
        assert_eq!(own, all, "the shop sees its own, the operator everybody's");
        let (first, rest, none) = all;
        assert_eq!((first.len(), rest.len(), none), (3, 2, [0, 0]));
        assert!(first[0].created_at > rest[0].created_at, "the latest first");
        let id = first[0].delivery_id;
        for (actor, sees) in [(Actor::Anonymous, 0), (shop.rival().await, 0), (shop.app.actor(), 5)] {
            let ctx = shop.system.for_request(actor);
            let look = async move |ctx: &Ctx, tx: &mut Tx| {
                let list = deliveries(ctx, tx, &DeliveryFilter::default(), None, 9).await?;
                Ok::<_, DbError>((
                    list.len(),
                    delivery(ctx, tx, id).await?.is_some(),
                    resend(ctx, tx, id).await?,
                ))
            };
            let seen = shop.db.transact(&ctx, "test", look).await.unwrap();
            assert_eq!(seen, (sees, sees > 0, sees > 0), "{actor:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn callbacks_that_cannot_be_are_refused() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let app = shop.created.app_id;
        for (member, url, updates_max, fields) in [
            ("callback_url", format!("https://example.org/{}", "x".repeat(200)), 1, "messages"),
            ("max_updates_per_call", HOOK.to_owned(), 0, "messages"),
            ("max_updates_per_call", HOOK.to_owned(), 1001, "messages"),
            ("fields", HOOK.to_owned(), 1000, ""),
        ] {
            let set = async move |ctx: &Ctx, tx: &mut Tx| {
                let callback = Callback { url: url.clone(), updates_max };
                let fields: Vec<String> =
                    fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
                set_app_subscription(ctx, tx, app, &callback, &fields).await
            };
            let error = shop.db.transact(&shop.app, "test", set).await.unwrap_err();
            assert!(
                matches!(error, SubscribeError::Invalid { member: named, .. } if named == member),
                "{error}"
            );
        }
    })
    .await;
}

#[test]
fn pauses_grow_and_stay() {
    let seconds: Vec<u64> = (1..=10).map(|attempts| retry_after(attempts).as_secs()).collect();
    assert_eq!(seconds, [5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400, 14400]);
    assert_eq!(retry_after(i64::MAX).as_secs(), 14400);
}
