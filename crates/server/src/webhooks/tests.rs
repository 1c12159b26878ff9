use super::*;
use crate::egress::{EgressPolicy, Tls};
use plaza_billing::{PriceSource, Prices};
use plaza_business::SealingKey;
use plaza_business::portfolios::{CreateError, CreatedBusiness, NewBusiness};
use plaza_business::templates::TemplateError;
use plaza_business::webhooks::{
    Attempt, Callback, DeliveryFilter, DeliveryState, DeliveryView, SubscribeError,
};
use plaza_db::testing::{ctx, each_engine};
use plaza_db::{Sql, Tx, params};
use plaza_protocol::{Currency, ManualClock, Micros};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A receiver: it keeps what comes and answers with a status that the test sets.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    bodies: Arc<Mutex<Vec<String>>>,
    signatures: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self {
            url,
            status: Arc::new(AtomicU16::new(200)),
            bodies: Arc::default(),
            signatures: Arc::default(),
        };
        let (status, bodies, signatures) =
            (receiver.status.clone(), receiver.bodies.clone(), receiver.signatures.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (status, bodies, signatures) = (status.clone(), bodies.clone(), signatures.clone());
                tokio::spawn(async move {
                    let Some((signature, body)) = read(&mut socket).await else { return };
                    bodies.lock().unwrap().push(body);
                    signatures.lock().unwrap().push(signature);
                    let status = status.load(Ordering::SeqCst);
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\nlocation: /y\r\ncontent-length: 4\r\nconnection: close\r\n\r\nseen"
                    );
                    let _ = socket.write_all(answer.as_bytes()).await;
                });
            }
        });
        receiver
    }

    fn count(&self) -> usize {
        self.bodies.lock().unwrap().len()
    }
}

async fn read(socket: &mut tokio::net::TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let value = |name: &str| {
                head.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
            };
            if body.len() >= value("content-length:")?.parse::<usize>().ok()? {
                return Some((value("x-hub-signature-256:")?, body.to_owned()));
            }
        }
        let mut chunk = vec![0; 64 * 1024];
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
        }
    }
}

struct World {
    dispatcher: Dispatcher,
    clock: Arc<ManualClock>,
    shop: CreatedBusiness,
}

impl World {
    async fn open(db: Db) -> Self {
        let (system, clock) = ctx();
        let business = Arc::new(Business::new(SealingKey::new([7; 32]), Prices::default(), true));
        let shop = business_named(&db, &system, &business, "+4930901820").await;
        let egress = Arc::new(Egress::new(EgressPolicy::new(true, &[]).unwrap(), &Tls::default()).unwrap());
        let dispatcher = Dispatcher::new(db, system, business, egress, Arc::default());
        Self { dispatcher, clock, shop }
    }

    async fn subscribe(&self, shop: &CreatedBusiness, url: &str, updates_max: i64) {
        let (app, callback) = (shop.app_id, Callback { url: url.to_owned(), updates_max });
        let fields = vec!["message_template_status_update".to_owned()];
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            webhooks::set_app_subscription(ctx, tx, app, &callback, &fields).await
        };
        self.dispatcher.db.transact::<_, SubscribeError, _>(&self.dispatcher.ctx, "test", set).await.unwrap();
    }

    /// Something happens: a template is made and approved at once.
    async fn event(&self, shop: &CreatedBusiness, name: &str) {
        let (business, waba) = (self.dispatcher.business.clone(), shop.waba_id);
        let request = json!({"name": name, "language": "en", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Grüße / Hello"}]});
        let create =
            async move |ctx: &Ctx, tx: &mut Tx| business.create_template(ctx, tx, waba, &request).await;
        self.dispatcher
            .db
            .transact::<_, TemplateError, _>(&self.dispatcher.ctx, "test", create)
            .await
            .unwrap();
        self.clock.advance(Duration::from_millis(1));
    }

    async fn deliveries(&self) -> Vec<DeliveryView> {
        let read = async |ctx: &Ctx, tx: &mut Tx| {
            webhooks::deliveries(ctx, tx, &DeliveryFilter::default(), None, 100).await
        };
        self.dispatcher.db.read::<_, DbError, _>(&self.dispatcher.ctx, "test", read).await.unwrap()
    }

    async fn calls(&self, id: WebhookDeliveryId) -> Vec<Attempt> {
        let read = async move |ctx: &Ctx, tx: &mut Tx| webhooks::attempts(ctx, tx, id).await;
        self.dispatcher.db.read::<_, DbError, _>(&self.dispatcher.ctx, "test", read).await.unwrap()
    }

    async fn states(&self) -> Vec<(&'static str, i64)> {
        self.deliveries().await.iter().map(|delivery| (delivery.state.as_str(), delivery.attempts)).collect()
    }
}

async fn business_named(db: &Db, system: &Ctx, business: &Arc<Business>, number: &str) -> CreatedBusiness {
    let new = NewBusiness {
        name: "Tulip".to_owned(),
        number: number.parse().unwrap(),
        account_id: system.uuid(),
        country: "DE".to_owned(),
        currency: Currency::EUR,
        time_zone: "UTC".to_owned(),
        credit: Micros::ZERO,
        messaging_limit: None,
    };
    let business = business.clone();
    let create = async move |ctx: &Ctx, tx: &mut Tx| {
        plaza_billing::import_price_book(ctx, tx, &PriceSource::reference())
            .await
            .expect("the reference is good");
        business.create(ctx, tx, &new).await
    };
    db.transact::<_, CreateError, _>(system, "test.create", create).await.unwrap()
}

#[tokio::test]
async fn an_event_is_delivered_once_and_signed() {
    each_engine(async |db| {
        let (world, receiver) = (World::open(db).await, Receiver::open().await);
        world.subscribe(&world.shop, &receiver.url, 1).await;
        world.event(&world.shop, "ready").await;
        world.dispatcher.run_once().await;
        world.dispatcher.run_once().await;
        assert_eq!(receiver.count(), 1);
        let body = receiver.bodies.lock().unwrap()[0].clone();
        assert!(body.is_ascii());
        assert_eq!(
            receiver.signatures.lock().unwrap()[0],
            signature(&world.shop.app_secret.0, body.as_bytes())
        );
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["entry"][0]["changes"][0]["value"]["message_template_name"], "ready");
        let delivery = world.deliveries().await.remove(0);
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.last_status),
            (DeliveryState::Delivered, 1, Some(200))
        );
        assert_eq!(delivery.body, body, "what the operator sees is what was sent");
        let calls = world.calls(delivery.delivery_id).await;
        assert_eq!(calls.len(), 1);
        assert_eq!((calls[0].status, calls[0].answer.as_deref()), (Some(200), Some("seen")));
    })
    .await;
}

#[tokio::test]
async fn every_failure_is_tried_again_with_the_same_body() {
    each_engine(async |db| {
        let (world, receiver) = (World::open(db).await, Receiver::open().await);
        world.subscribe(&world.shop, &receiver.url, 1).await;
        world.event(&world.shop, "ready").await;
        for (attempt, (status, pause)) in
            [(500, 5), (302, 30), (410, 120), (201, 600)].into_iter().enumerate()
        {
            receiver.status.store(status, Ordering::SeqCst);
            world.dispatcher.run_once().await;
            let delivery = world.deliveries().await.remove(0);
            assert_eq!(
                (delivery.attempts, delivery.last_status),
                (i64::try_from(attempt).unwrap() + 1, Some(i64::from(status)))
            );
            assert!(delivery.last_error.unwrap().contains(&status.to_string()));
            world.dispatcher.run_once().await;
            assert_eq!(receiver.count(), attempt + 1, "not before its time");
            world.clock.advance(Duration::from_secs(pause));
        }
        receiver.status.store(200, Ordering::SeqCst);
        world.dispatcher.run_once().await;
        assert_eq!(world.states().await, [("delivered", 5)]);
        let calls = world.calls(world.deliveries().await[0].delivery_id).await;
        let told: Vec<_> =
            calls.iter().map(|call| (call.attempt, call.status, call.error.is_some())).collect();
        assert_eq!((told[0], told[4]), ((5, Some(200), false), (1, Some(500), true)), "the latest first");
        let bodies = receiver.bodies.lock().unwrap();
        assert!(bodies.iter().all(|body| *body == bodies[0]));
    })
    .await;
}

#[tokio::test]
async fn a_dead_endpoint_is_left_alone_and_loses_nothing() {
    each_engine(async |db| {
        let (world, well) = (World::open(db).await, Receiver::open().await);
        let rival = business_named(
            &world.dispatcher.db,
            &world.dispatcher.ctx,
            &world.dispatcher.business,
            "+4930901821",
        )
        .await;
        // Nobody listens there.
        world.subscribe(&world.shop, "http://127.0.0.1:9/hook", 1).await;
        world.subscribe(&rival, &well.url, 1).await;
        for number in 0..20 {
            world.event(&world.shop, &format!("lost_{number}")).await;
        }
        world.event(&rival, "heard").await;
        world.dispatcher.run_once().await;
        assert_eq!(well.count(), 1, "the other endpoint heard at once");
        let tried = world
            .states()
            .await
            .iter()
            .filter(|(state, attempts)| *state == "pending" && *attempts > 0)
            .count();
        world.dispatcher.run_once().await;
        let still = world
            .states()
            .await
            .iter()
            .filter(|(state, attempts)| *state == "pending" && *attempts > 0)
            .count();
        assert_eq!(tried, still, "it is left alone");
        let dead =
            world.deliveries().await.into_iter().find(|delivery| delivery.last_error.is_some()).unwrap();
        assert!(dead.last_error.unwrap().starts_with("no connection to the endpoint"));
        // It moves to an address that works: everything arrives.
        let moved = Receiver::open().await;
        world.subscribe(&world.shop, &moved.url, 1).await;
        for _ in 0..20 {
            world.dispatcher.run_once().await;
        }
        assert_eq!(moved.count(), 20);
        assert!(world.states().await.iter().all(|(state, _)| *state == "delivered"));
    })
    .await;
}

#[tokio::test]
async fn one_call_carries_as_many_updates_as_the_endpoint_takes() {
    each_engine(async |db| {
        let (world, receiver) = (World::open(db).await, Receiver::open().await);
        world.subscribe(&world.shop, &receiver.url, 1000).await;
        for number in 0..30 {
            world.event(&world.shop, &format!("ready_{number}")).await;
        }
        world.dispatcher.run_once().await;
        assert!(receiver.count() <= LANES, "{}", receiver.count());
        let bodies = receiver.bodies.lock().unwrap().clone();
        let updates: usize = bodies
            .iter()
            .map(|body| serde_json::from_str::<Value>(body).unwrap()["entry"].as_array().unwrap().len())
            .sum();
        assert_eq!(updates, 30);
        assert_eq!(world.states().await, vec![("delivered", 1); 30], "each has its own row");
    })
    .await;
}

#[tokio::test]
async fn what_was_tried_for_seven_days_is_dead_and_can_be_sent_again() {
    each_engine(async |db| {
        let (world, receiver) = (World::open(db).await, Receiver::open().await);
        world.subscribe(&world.shop, &receiver.url, 1).await;
        receiver.status.store(503, Ordering::SeqCst);
        world.event(&world.shop, "ready").await;
        world.dispatcher.run_once().await;
        world.clock.advance(Duration::from_secs(7 * 24 * 3600));
        world.dispatcher.run_once().await;
        assert_eq!(world.states().await[0].0, "dead");
        receiver.status.store(200, Ordering::SeqCst);
        let id = world.deliveries().await[0].delivery_id;
        let resend = async move |ctx: &Ctx, tx: &mut Tx| webhooks::resend(ctx, tx, id).await;
        assert!(
            world
                .dispatcher
                .db
                .transact::<_, DbError, _>(&world.dispatcher.ctx, "test", resend)
                .await
                .unwrap()
        );
        world.dispatcher.run_once().await;
        assert_eq!(world.states().await[0].0, "delivered");
    })
    .await;
}

#[tokio::test]
async fn the_running_dispatcher_hears_and_stops() {
    each_engine(async |db| {
        let (world, receiver) = (World::open(db).await, Receiver::open().await);
        world.subscribe(&world.shop, &receiver.url, 1).await;
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(world.dispatcher.clone().run(shutdown.clone()));
        world.event(&world.shop, "ready").await;
        world.dispatcher.wake.notify_one();
        let arrived = async {
            while world.states().await != [("delivered", 1)] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.expect("it arrives");
        shutdown.cancel();
        running.await.unwrap();
    })
    .await;
}

#[test]
fn a_lane_is_cut_by_number_and_by_size() {
    let (ctx, _) = ctx();
    let delivery = |bytes: usize| Claimed {
        delivery_id: ctx.ordered_id(),
        entry: "x".repeat(bytes),
        lane: 1,
        attempts: 0,
        created_at: ctx.now(),
    };
    let room = WEBHOOK_BODY_BYTES_MAX - body([]).len();
    let lane: Vec<Claimed> = [10, 10, 10, room, room + 1, 10].into_iter().map(delivery).collect();
    let sizes = |updates_max| batches(&lane, updates_max).iter().map(|batch| batch.len()).collect::<Vec<_>>();
    assert_eq!(sizes(1), [1, 1, 1, 1, 1, 1]);
    assert_eq!(sizes(2), [2, 1, 1, 1, 1]);
    assert_eq!(sizes(1000), [3, 1, 1, 1]);
    // Two that fill a body to the byte, with the comma between them; and a byte more.
    for (second, calls) in [(room - 11, 1), (room - 10, 2)] {
        let lane: Vec<Claimed> = [10, second].into_iter().map(delivery).collect();
        let batches = batches(&lane, 1000);
        assert_eq!(batches.len(), calls);
        let bytes = |batch: &[Claimed]| body(batch.iter().map(|delivery| delivery.entry.as_str())).len();
        assert!(batches.iter().all(|batch| bytes(batch) <= WEBHOOK_BODY_BYTES_MAX));
        assert!(calls == 2 || bytes(batches[0]) == WEBHOOK_BODY_BYTES_MAX);
    }
}

/// So many deliveries more of one lane, like one that is there, with entries of so many bytes.
async fn more(world: &World, count: usize, bytes: usize) {
    const COPY: Sql = Sql {
        name: "tests::COPY",
        text: "INSERT INTO webhook_delivery (delivery_id, endpoint_id, portfolio_id, waba_id, field, lane, entry, state,
            attempts, next_attempt_at, created_at, tried_since)
            SELECT $2, endpoint_id, portfolio_id, waba_id, field, 7, $3, 0, 0, created_at, created_at, created_at
            FROM webhook_delivery WHERE delivery_id = $1",
    };
    let first = world.deliveries().await.remove(0).delivery_id;
    let frame = r#"{"id":"1","changes":[],"filling":""}"#.len();
    let entry = format!(r#"{{"id":"1","changes":[],"filling":"{}"}}"#, "x".repeat(bytes - frame));
    let copy = async move |ctx: &Ctx, tx: &mut Tx| {
        let row = |_| params![first, ctx.sequenced_id::<WebhookDeliveryId>(), entry.as_str()];
        tx.execute_many(COPY, (0..count).map(row).collect()).await
    };
    world.dispatcher.db.transact::<_, DbError, _>(&world.dispatcher.ctx, "test", copy).await.unwrap();
}

#[tokio::test]
async fn a_call_carries_a_thousand_updates_and_three_megabytes_and_no_more() {
    each_engine(async |db| {
        let (world, receiver) = (World::open(db).await, Receiver::open().await);
        world.subscribe(&world.shop, &receiver.url, 1000).await;
        world.event(&world.shop, "first").await;
        world.dispatcher.run_once().await;
        let calls = |from: usize| -> Vec<(usize, usize)> {
            let bodies = receiver.bodies.lock().unwrap();
            let updates = |body: &String| {
                let read: Value = serde_json::from_str(body).unwrap();
                (read["entry"].as_array().unwrap().len(), body.len())
            };
            bodies.iter().skip(from).map(updates).collect()
        };
        more(&world, 1001, 100).await;
        world.dispatcher.run_once().await;
        let updates: Vec<_> = calls(1).iter().map(|(updates, _)| *updates).collect();
        assert_eq!(updates, [1000, 1], "a thousand and one");
        // Ten of them would have room but for what stands around them.
        more(&world, 25, WEBHOOK_BODY_BYTES_MAX / 10).await;
        world.dispatcher.run_once().await;
        let full = calls(3);
        assert_eq!(full.iter().map(|(updates, _)| *updates).collect::<Vec<_>>(), [9, 9, 7]);
        assert!(full.iter().all(|(_, bytes)| *bytes <= WEBHOOK_BODY_BYTES_MAX), "{full:?}");
        assert!(world.states().await.iter().all(|(state, _)| *state == "delivered"));
    })
    .await;
}
