use super::listeners::{Handed, Listener};
use super::*;
use crate::testing::{HOOK, Shop};
use plaza_db::testing::each_engine;
use plaza_protocol::{Actor, Micros, WebhookDeliveryId, WebhookListenerId, limits};
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
    shop.db.read(&shop.system, "test", async |ctx, tx| due_endpoints(ctx, tx).await).await.unwrap()
}

async fn take(shop: &Shop, endpoint: EndpointId, limit: usize) -> Vec<Claimed> {
    let claim = async move |ctx: &Ctx, tx: &mut Tx| claim(ctx, tx, endpoint, limit).await;
    shop.db.transact(&shop.system, "test", claim).await.unwrap()
}

async fn say(shop: &Shop, endpoint: EndpointId, claimed: &Claimed, error: Option<&str>) {
    let outcome = Outcome {
        delivery_id: claimed.delivery_id,
        attempts: claimed.attempts + 1,
        at: shop.system.now(),
        duration: Duration::from_millis(17),
        status: Some(if error.is_some() { 500 } else { 200 }),
        error: error.map(str::to_owned),
        answer: error.map(|error| format!("{error}\0")).unwrap_or_default(),
    };
    let record = async move |ctx: &Ctx, tx: &mut Tx| {
        record(ctx, tx, endpoint, std::slice::from_ref(&outcome), &[]).await
    };
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
async fn what_waits_for_one_endpoint_costs_the_others_no_search() {
    // They run for each message that is sent; the backlog of an endpoint that is down may be millions.
    for sql in [store::SELECT_DUE_ENDPOINTS, store::CLAIM, store::IS_DUE] {
        let plan = plaza_db::testing::plan(sql).await;
        let deliveries = |step: &&String| step.contains(" d ") || step.contains("webhook_delivery");
        for step in plan.iter().filter(deliveries) {
            let is_by_key = step.contains("webhook_delivery_due") || step.contains("(delivery_id=?)");
            assert!(is_by_key, "{}: {step}", sql.name);
        }
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{}: {plan:?}", sql.name);
    }
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
        let secret = shop.business.signing_secret(&endpoint);
        assert_eq!(secret.as_ref(), Some(&shop.created.app_secret), "it is signed with the app's secret");
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
        say(&shop, endpoint.endpoint_id, &again[0], None).await;
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
        let give_back = async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, endpoint, &[], &untried).await;
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
            say(&shop, endpoint.endpoint_id, &taken[0], Some("the endpoint answered 500")).await;
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
        say(&shop, endpoint.endpoint_id, &taken[0], None).await;
        assert_eq!(shop.deliveries().await[0].state, DeliveryState::Delivered);
        shop.clock.advance(Duration::from_secs(8 * 24 * 3600));
        sweep(&shop).await;
        assert!(shop.deliveries().await.is_empty(), "what was delivered is forgotten in time");
    })
    .await;
}

/// Fails once, `times` times, each when it is due.
async fn fail(shop: &Shop, times: usize) -> EndpointId {
    let endpoint = due(shop).await.remove(0).endpoint_id;
    for _ in 0..times {
        let taken = take(shop, endpoint, 1).await;
        say(shop, endpoint, &taken[0], Some("the endpoint answered 500")).await;
        shop.clock.advance(retry_after(taken[0].attempts + 1));
    }
    endpoint
}

#[tokio::test]
async fn whoever_comes_back_gets_everything_at_once() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        emit_one(&shop, "tried often").await;
        let endpoint = fail(&shop, 5).await;
        for text in ["waits for its next try", "too"] {
            emit_one(&shop, text).await;
            let taken = take(&shop, endpoint, 9).await;
            let often = Claimed { attempts: 3, ..taken.last().unwrap().clone() };
            say(&shop, endpoint, &often, Some("the endpoint answered 500")).await;
            let untried: Vec<_> = taken.iter().rev().skip(1).map(|claimed| claimed.delivery_id).collect();
            let give_back =
                async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, endpoint, &[], &untried).await;
            shop.db.transact(&shop.system, "test", give_back).await.unwrap();
        }
        let mine = take(&shop, endpoint, 9).await;
        assert_eq!((mine.len(), mine[0].attempts), (1, 5), "the others are not due yet");
        say(&shop, endpoint, &mine[0], None).await;
        assert_eq!(take(&shop, endpoint, 9).await.len(), 2, "now they are");
    })
    .await;
}

#[tokio::test]
async fn what_is_due_after_a_week_is_tried_once_more() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        for text in ["tried", "never tried"] {
            emit_one(&shop, text).await;
            shop.clock.advance(Duration::from_millis(1));
        }
        shop.clock.advance(limits::WEBHOOK_RETRIED);
        assert_eq!(sweep(&shop).await, 0, "nobody has tried: the server was off");
        let endpoint = due(&shop).await.remove(0).endpoint_id;
        assert_eq!(take(&shop, endpoint, 9).await.len(), 2);
        assert_eq!(sweep(&shop).await, 0, "they are under way");
        shop.clock.advance(Duration::from_secs(60));
        let endpoint = fail(&shop, 1).await;
        let states: Vec<_> = shop.deliveries().await.iter().map(|delivery| delivery.state).collect();
        assert_eq!(states, [DeliveryState::Dead, DeliveryState::Pending], "what was tried is given up");
        let give_up = async move |ctx: &Ctx, tx: &mut Tx| give_up(ctx, tx, endpoint).await;
        assert_eq!(shop.db.transact(&shop.system, "test", give_up).await.unwrap(), 1, "nobody is there");
        // All of it comes again, or what is asked for.
        let (system, rival) = (shop.system.clone(), shop.system.for_request(shop.rival().await));
        let other = DeliveryFilter { waba: Some(WabaId(1)), ..DeliveryFilter::default() };
        let field = DeliveryFilter { field: Some("flows".to_owned()), ..DeliveryFilter::default() };
        let app = DeliveryFilter { app: Some(shop.created.app_id), ..DeliveryFilter::default() };
        let all = DeliveryFilter::default();
        for (ctx, filter, limit, replayed) in [
            (&rival, &all, 9, 0),
            (&system, &other, 9, 0),
            (&system, &field, 9, 0),
            (&shop.app, &app, 1, 1),
            (&shop.app, &all, 9, 1),
            (&system, &all, 9, 0),
        ] {
            let filter = filter.clone();
            let replay = async move |ctx: &Ctx, tx: &mut Tx| replay(ctx, tx, &filter, limit).await;
            assert_eq!(shop.db.transact(ctx, "test", replay).await.unwrap(), replayed);
        }
        assert_eq!(take(&shop, endpoint, 9).await.len(), 2);
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

async fn emit_in(shop: &Shop, lane: i64, value: &str) {
    let event = Event { lane, ..at(shop, value) };
    let emit = async move |ctx: &Ctx, tx: &mut Tx| emit(ctx, tx, vec![event.clone()]).await;
    shop.db.transact(&shop.system, "test", emit).await.unwrap();
}

async fn open_listener(shop: &Shop, fields: &[&str], is_kept: bool) -> Result<Listener, SubscribeError> {
    let waba = shop.created.waba_id;
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    let open =
        async move |ctx: &Ctx, tx: &mut Tx| listeners::open(ctx, tx, waba, None, &fields, is_kept).await;
    shop.db.transact(&shop.app, "test", open).await
}

async fn handed(shop: &Shop, id: WebhookListenerId) -> Result<Vec<Handed>, SubscribeError> {
    let business = shop.business.clone();
    let take = async move |ctx: &Ctx, tx: &mut Tx| {
        listeners::ask(ctx, tx, id).await?;
        business.take(ctx, tx, id, 10).await
    };
    shop.db.transact(&shop.app, "test", take).await
}

async fn tell(
    shop: &Shop,
    id: WebhookListenerId,
    handed: &[Handed],
    error: Option<&str>,
    untried: &[Handed],
) {
    let outcome = |handed: &Handed| Outcome {
        delivery_id: handed.delivery_id,
        attempts: 0,
        at: shop.system.now(),
        duration: Duration::from_millis(3),
        status: Some(if error.is_some() { 500 } else { 204 }),
        error: error.map(str::to_owned),
        answer: String::new(),
    };
    let outcomes: Vec<_> = handed.iter().map(outcome).collect();
    let untried: Vec<_> = untried.iter().map(|handed| handed.delivery_id).collect();
    let heard =
        async move |ctx: &Ctx, tx: &mut Tx| listeners::heard(ctx, tx, id, outcomes.clone(), &untried).await;
    shop.db.transact(&shop.app, "test", heard).await.unwrap();
}

fn texts(handed: &[Handed]) -> Vec<String> {
    let text = |handed: &Handed| {
        let body: Value = serde_json::from_str(&handed.body).unwrap();
        body["entry"][0]["changes"][0]["value"]["text"].as_str().unwrap().to_owned()
    };
    handed.iter().map(text).collect()
}

#[tokio::test]
async fn a_listener_takes_what_an_endpoint_would_get_and_keeps_the_order() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        let id = open_listener(&shop, &["messages"], false).await.unwrap().listener_id;
        let deaf = open_listener(&shop, &["flows"], false).await.unwrap().listener_id;
        for (lane, text) in [(1, "1a"), (2, "2a"), (1, "1b")] {
            emit_in(&shop, lane, text).await;
        }
        assert_eq!(shop.deliveries().await.len(), 6, "the endpoint hears it too");
        assert_eq!(due(&shop).await.len(), 1, "nobody calls a listener");
        assert!(handed(&shop, deaf).await.unwrap().is_empty());
        let taken = handed(&shop, id).await.unwrap();
        assert_eq!(texts(&taken), ["1a", "2a", "1b"]);
        assert_eq!(taken[0].headers[1].1, signature(&shop.created.app_secret.0, taken[0].body.as_bytes()));
        assert!(handed(&shop, id).await.unwrap().is_empty(), "they are under way");
        // The first of a lane fails: what comes later in it waits, the other goes on.
        tell(&shop, id, &taken[..1], Some("the program answered 500"), &taken[2..]).await;
        tell(&shop, id, &taken[1..2], None, &[]).await;
        emit_in(&shop, 1, "1c").await;
        emit_in(&shop, 2, "2b").await;
        let taken = handed(&shop, id).await.unwrap();
        assert_eq!(texts(&taken), ["2b"]);
        shop.clock.advance(Duration::from_secs(1));
        let taken = handed(&shop, id).await.unwrap();
        assert_eq!(texts(&taken), ["1a", "1b", "1c"]);
        assert_eq!(taken[0].attempt, 2);
        tell(&shop, id, &taken, None, &[]).await;
        // The one under way is forgotten by its taker, and comes again after the lease.
        shop.clock.advance(Duration::from_secs(60));
        assert_eq!(texts(&handed(&shop, id).await.unwrap()), ["2b"]);
    })
    .await;
}

#[tokio::test]
async fn a_listener_ends_by_hand_or_by_silence_and_comes_back() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let (brief, kept) = (
            open_listener(&shop, &[], false).await.unwrap().listener_id,
            open_listener(&shop, &[], true).await.unwrap().listener_id,
        );
        emit_one(&shop, "for both").await;
        shop.clock.advance(Duration::from_secs(3600));
        assert!(
            matches!(handed(&shop, brief).await, Err(SubscribeError::NotFound)),
            "it was silent for an hour"
        );
        emit_one(&shop, "for the kept one").await;
        assert_eq!(sweep(&shop).await, 1, "what waited for the other");
        let open = shop.db.read(&shop.app, "test", async |ctx, tx| listeners::listeners(ctx, tx).await);
        let open: Vec<_> = open.await.unwrap().iter().map(|listener| listener.listener_id).collect();
        assert_eq!(open, [kept]);
        assert_eq!(handed(&shop, kept).await.unwrap().len(), 2);
        let end = async move |ctx: &Ctx, tx: &mut Tx| listeners::end(ctx, tx, kept).await;
        assert_eq!(shop.db.transact(&shop.app, "test", end).await.unwrap(), 2);
        let dead = shop.deliveries().await;
        assert!(dead.iter().all(|delivery| delivery.state == DeliveryState::Dead), "{dead:?}");
        assert!(dead.iter().all(|delivery| delivery.last_error.as_ref().unwrap().contains("the listener")));
        emit_one(&shop, "for nobody").await;
        assert_eq!(shop.deliveries().await.len(), 3);
        // Taken up again, it gets what is replayed.
        let again = async move |ctx: &Ctx, tx: &mut Tx| {
            listeners::reopen(ctx, tx, brief, false).await?;
            Ok::<_, SubscribeError>(replay(ctx, tx, &DeliveryFilter::default(), 9).await?)
        };
        assert_eq!(shop.db.transact(&shop.app, "test", again).await.unwrap(), 3);
        assert_eq!(sweep(&shop).await, 0, "what was replayed for the one that has ended waits for it");
        assert_eq!(texts(&handed(&shop, brief).await.unwrap()), ["for both"]);
        for _ in 1..10 {
            open_listener(&shop, &[], false).await.unwrap();
        }
        let many = open_listener(&shop, &[], false).await.unwrap_err();
        assert!(many.to_string().contains("10 listeners"), "{many}");
    })
    .await;
}
