//! The limits of the business API at their borders: the last that is allowed, and the first that is not. [`LIMITS`] is
//! the list of them, row by row as `docs/operations/limits.md` tells them; a row without a test fails.

use super::*;
use plaza_business::quality;
use std::collections::BTreeSet;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Each row of the table "Businesses" with a test that meets it: the file, and what stands in it.
const LIMITS: &[(&str, &str, &str)] = &[
    ("the body of a request", CODES, "codes::TOO_LARGE =>"),
    ("management calls of an app about one account", PARTNERS, "an_account_is_managed_so_often_an_hour"),
    ("registrations and deregistrations of a number", HERE, "a_number_is_registered_ten_times_in_72_hours"),
    ("wrong PINs", CODES, "codes::PIN_GUESSES =>"),
    (
        "numbers of a business; QR codes of a number; people it blocks",
        HERE,
        "a_business_has_20_numbers_and_a_number_2000_codes",
    ),
    ("a file in pieces", HERE, "a_file_in_pieces_has_16_mib"),
    ("a document (a profile, a schedule, settings)", HERE, "a_document_has_64_kib"),
    ("messages of a number; to one person", PACE, "a_person_gets_45_at_once_and_then_one_every_six_seconds"),
    (
        "people whom a business writes to outside the window, within 24 hours",
        REACH,
        "a_business_reaches_250_people_in_24_hours_and_no_more",
    ),
    (
        "campaigns that the tags of a business's messages name",
        CAMPAIGNS,
        "tags_name_a_thousand_campaigns_a_month_and_then_the_template_does",
    ),
    (
        "marketing templates that a person gets",
        REACH,
        "a_person_gets_so_much_advertising_over_all_businesses",
    ),
    ("a file of a message", KINDS, "sizes_end_where_they_should"),
    ("an uploaded file is known for; one that a person sent", HERE, "files_and_their_addresses_end_in_time"),
    ("the address of a download", HERE, "files_and_their_addresses_end_in_time"),
    ("what came from a link is used again for", HERE, "a_link_is_used_again_for_ten_minutes"),
    (
        "templates made by an account; changes of an approved one",
        HERE,
        "an_account_makes_100_templates_an_hour_and_has_250",
    ),
    (
        "catalogs of a business; products of one; items of a batch",
        HERE,
        "catalogs_and_their_products_end_somewhere",
    ),
    (
        "products that a message about a whole catalog carries",
        HERE,
        "a_message_about_a_whole_catalog_carries_30_products",
    ),
    ("analytics", ANALYTICS, "templates_are_counted_by_day_and_cost_what_was_paid"),
    ("flows of an account; copied by one request", HERE, "an_account_has_500_flows_and_copies_100"),
    ("a flow JSON; what goes into the message itself", HERE, "an_account_has_500_flows_and_copies_100"),
    ("an endpoint's answer to a form", EGRESS, "an_answer_without_end_is_cut_off"),
    ("messages with a throttled flow", FLOWS, "throttled_and_blocked_flows"),
    ("a customer-service window", HERE, "a_window_closes_24_hours_after_the_last_word"),
    ("a page of a list", HERE, "a_page_has_100_rows"),
    (
        "estimates of what a send would cost; numbers, markets and messages of one",
        AUDIENCE,
        "what_a_send_would_cost_is_asked_thirty_times_at_once",
    ),
    (
        "API keys of a business that are in force",
        HERE,
        "a_business_has_100_keys_in_force_or_what_its_plan_gives",
    ),
    (
        "an endpoint's answer to a webhook that is kept",
        WEBHOOKS,
        "every_failure_is_tried_again_with_the_same_body",
    ),
    ("changes of a number's groups; calls that it begins", CODES, "codes::GROUP_RATE =>"),
    ("groups of a number", CODES, "codes::GROUP_LIMIT =>"),
    ("subject of a group; its description; its picture", GROUPS, "bad_input_is_told_by_its_member"),
    ("calls of a number at a time; with one person", CODES, "codes::CONCURRENT_CALLS =>"),
    ("calls to a person that connect", CALLS, "ten_calls_to_a_person_connect_in_a_day"),
    (
        "requests to be allowed to call a person",
        CALLS,
        "a_person_allows_calls_for_a_week_or_for_good_and_takes_it_back",
    ),
    (
        "a permission to call that is not for good",
        CALLS,
        "a_person_allows_calls_for_a_week_or_for_good_and_takes_it_back",
    ),
    ("a call rings; is not heard of; goes on", CALLS, "the_clock_ends_what_nobody_ends"),
    ("a session description of a call", HERE, "a_session_description_has_32_kib"),
    (
        "events in one webhook call; its body",
        WEBHOOKS,
        "one_call_carries_as_many_updates_as_the_endpoint_takes",
    ),
    (
        "programs that ask for the webhooks of an account",
        SUBSCRIPTIONS,
        "a_listener_ends_by_hand_or_by_silence_and_comes_back",
    ),
    ("a webhook's answer", WEBHOOKS, "every_failure_is_tried_again_with_the_same_body"),
    ("a webhook event is tried for", WEBHOOKS, "what_was_tried_for_seven_days_is_dead_and_can_be_sent_again"),
    ("a webhook address", SUBSCRIPTIONS, "callbacks_that_cannot_be_are_refused"),
];

const HERE: &str = include_str!("borders.rs");
const CODES: &str = include_str!("codes.rs");
const PARTNERS: &str = include_str!("partners.rs");
const REACH: &str = include_str!("limits.rs");
const ANALYTICS: &str = include_str!("analytics.rs");
const EGRESS: &str = include_str!("../../egress/tests.rs");
const WEBHOOKS: &str = include_str!("../../webhooks/tests.rs");
const CALLS: &str = include_str!("../../../../business/src/calls/tests.rs");
const GROUPS: &str = include_str!("groups.rs");
const CAMPAIGNS: &str = include_str!("../../../../business/src/campaigns.rs");
const PACE: &str = include_str!("../../../../business/src/pace.rs");
const AUDIENCE: &str = include_str!("../../../../business/src/audience/tests.rs");
const KINDS: &str = include_str!("../../../../business/src/media/kinds.rs");
const FLOWS: &str = include_str!("../../../../business/src/flows/tests.rs");
const SUBSCRIPTIONS: &str = include_str!("../../../../business/src/webhooks/tests.rs");
const PAGE: &str = include_str!("../../../../../docs/operations/limits.md");

#[test]
fn every_limit_that_is_told_has_its_test() {
    let table = PAGE.split("## Businesses").nth(1).unwrap().split("###").next().unwrap();
    let told: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| limit "))
        .map(|line| line.trim_start_matches("| ").split(" | ").next().unwrap())
        .collect();
    let listed: BTreeSet<&str> = LIMITS.iter().map(|(row, _, _)| *row).collect();
    assert_eq!(told, listed, "docs/operations/limits.md and this list name the same limits");
    for (row, file, test) in LIMITS {
        // In this file a name stands in the list, too.
        let met = if *file == HERE { format!("fn {test}(") } else { (*test).to_owned() };
        assert!(file.contains(&met), "{row}: there is no {test}");
    }
}

impl World {
    async fn executes(&self, sql: Sql, row: Vec<plaza_db::Value>) {
        let fill = async move |_: &Ctx, tx: &mut Tx| tx.execute(sql, row.clone()).await;
        self.app.db.transact::<_, DbError, _>(&self.app.ctx, "test.fill", fill).await.unwrap();
    }
}

/// The numbers 1 to $1, on both engines.
macro_rules! many {
    ($insert:literal) => {
        concat!(
            "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1) ",
            $insert
        )
    };
}

#[tokio::test]
async fn a_session_description_has_32_kib() {
    World::on_each_engine(business, async |world| {
        world.takes_calls(json!({"status": "ENABLED"})).await;
        let path = format!("/{}/calls", world.shop.phone_number_id);
        for (bytes, expected) in [(32 * 1024, (401, 138_006)), (32 * 1024 + 1, (400, 131_009))] {
            let mut call = calls::connect(ANA);
            call["session"]["sdp"] = json!(format!("v=0\r\nm=audio\r\n{}", "a".repeat(bytes - 14)));
            assert_eq!(code(&world.post(&path, call).await), expected, "{bytes}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_number_is_registered_ten_times_in_72_hours() {
    World::on_each_engine(business, async |world| {
        let path = format!("/{}/register", world.shop.phone_number_id);
        let registration = json!({"messaging_product": "whatsapp", "pin": "123456"});
        for n in 0..10 {
            let (status, answer) = world.post(&path, registration.clone()).await;
            assert_eq!(status, 200, "{n}: {answer}");
            world.clock.advance(HOUR);
        }
        assert_eq!(code(&world.post(&path, registration.clone()).await), (400, 133_016));
        world.clock.advance(72 * HOUR - 10 * HOUR - Duration::from_micros(1));
        assert_eq!(code(&world.post(&path, registration.clone()).await), (400, 133_016));
        world.clock.advance(Duration::from_micros(1));
        assert_eq!(world.post(&path, registration).await.0, 200, "the first is 72 hours old");
    })
    .await;
}

#[tokio::test]
async fn a_business_has_20_numbers_and_a_number_2000_codes() {
    World::on_each_engine(business, async |world| {
        let path = format!("/{}/phone_numbers", world.shop.waba_id);
        let add =
            |n: usize| json!({"cc": "49", "phone_number": format!("30901{n:04}"), "verified_name": "Tulip"});
        for n in 1..20 {
            let (status, answer) = world.post(&path, add(n)).await;
            assert_eq!(status, 200, "{n}: {answer}");
        }
        assert_eq!(code(&world.post(&path, add(20)).await), (400, 100));

        const CODES: Sql = Sql {
            name: "tests::CODES",
            text: many!(
                "INSERT INTO node_document
                (parent_id, kind, name, document_id, portfolio_id, body, created_at, updated_at)
                SELECT $2, 'qr', CAST(i AS TEXT), $2 - i, $3, '{}', 0, 0 FROM n"
            ),
        };
        let (phone, portfolio) = (world.shop.phone_number_id, world.shop.business_id);
        world.executes(CODES, params![1999_i64, phone, portfolio]).await;
        let path = format!("/{phone}/message_qrdls");
        let made = json!({"prefilled_message": "A table, please"});
        assert_eq!(world.post(&path, made.clone()).await.0, 200, "the two thousandth");
        assert_eq!(code(&world.post(&path, made).await), (400, 100));
    })
    .await;
}

#[tokio::test]
async fn a_file_in_pieces_has_16_mib() {
    World::on_each_engine(business, async |world| {
        let open = async |bytes: u64| {
            let path = format!("/{}/uploads?file_length={bytes}&file_type=image/png", world.shop.app_id);
            world.post(&path, json!({})).await
        };
        assert_eq!(open(16 * 1024 * 1024).await.0, 200);
        assert_eq!(code(&open(16 * 1024 * 1024 + 1).await), (400, 100));
    })
    .await;
}

#[tokio::test]
async fn a_document_has_64_kib() {
    World::on_each_engine(business, async |world| {
        // The largest single document: the calling settings, whose holidays are a list.
        let path = format!("/{}/settings", world.shop.phone_number_id);
        let holiday = |n: usize| json!({"date": format!("20{:02}-{:02}-{:02}", n / 336, n / 28 % 12 + 1, n % 28 + 1),
            "start_time": "0000", "end_time": "2359"});
        let with = |count: usize| {
            let holidays: Vec<Value> = (0..count).map(holiday).collect();
            json!({"calling": {"status": "ENABLED", "call_hours": {"status": "ENABLED", "timezone_id": "Europe/Berlin",
                "weekly_operating_hours": [{"day_of_week": "MONDAY", "open_time": "0900", "close_time": "1700"}],
                "holiday_schedule": holidays}}})
        };
        let answers = [world.post(&path, with(1)).await, world.post(&path, with(5_000)).await];
        assert_eq!(answers[0].0, 200, "{}", answers[0].1);
        assert_eq!(code(&answers[1]), (400, 100), "more than fits");
    })
    .await;
}

#[tokio::test]
async fn files_and_their_addresses_end_in_time() {
    World::on_each_engine(business, async |world| {
        let id = world.upload_picture().await.1["id"].as_str().unwrap().to_owned();
        let url = world.get(&format!("/{id}")).await.1["url"].as_str().unwrap().to_owned();
        let url = url.trim_start_matches("http://plaza.test").to_owned();
        let reads = async || {
            let response =
                handle(State(world.app.clone()), world.request("GET", &url).body(Body::empty()).unwrap())
                    .await;
            response.status().as_u16()
        };
        assert_eq!(reads().await, 200);
        world.clock.advance(Duration::from_secs(300));
        assert_eq!(reads().await, 200, "five minutes");
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(reads().await, 404);
        world.clock.advance(30 * DAY - Duration::from_secs(302));
        assert_eq!(world.get(&format!("/{id}")).await.0, 200, "just under thirty days");
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(code(&world.get(&format!("/{id}")).await), (400, 100));
    })
    .await;
}

#[tokio::test]
async fn a_link_is_used_again_for_ten_minutes() {
    let world = World::open().await;
    world.ana_writes().await;
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = fetched.clone();
    let url = endpoint(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        let head = "content-type: text/plain\r\ncontent-length: 5\r\nconnection: close";
        format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nbread")
    })
    .await;
    let document = json!({"messaging_product": "whatsapp", "to": ANA, "type": "document",
        "document": {"link": format!("{url}/list.txt"), "filename": "list.txt"}});
    let sends = async || {
        assert_eq!(world.post(&world.messages(), document.clone()).await.0, 200);
        fetched.load(Ordering::SeqCst)
    };
    assert_eq!((sends().await, sends().await), (1, 1));
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(sends().await, 1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(sends().await, 2);
}

#[tokio::test]
async fn an_account_makes_100_templates_an_hour_and_has_250() {
    World::on_each_engine(business, async |world| {
        let path = format!("/{}/message_templates", world.shop.waba_id);
        let new = |n: usize| {
            json!({"name": format!("made_{n}"), "language": "en", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "We are open."}]})
        };
        let mut first = String::new();
        for n in 0..250 {
            if n > 0 && n % 100 == 0 {
                assert_eq!(code(&world.post(&path, new(n)).await), (400, 80_007), "{n}");
                world.clock.advance(HOUR);
            }
            let (status, made) = world.post(&path, new(n)).await;
            assert_eq!(status, 200, "{n}: {made}");
            if n == 0 {
                first = made["id"].as_str().unwrap().to_owned();
            }
        }
        let refused = world.post(&path, new(250)).await;
        assert_eq!((code(&refused), &refused.1["error"]["error_subcode"]), ((400, 100), &json!(2_388_019)));

        // An approved one: once a day, ten times in thirty.
        let change = async |n: usize| {
            let text = format!("We are open until {n}.");
            world.post(&format!("/{first}"), json!({"components": [{"type": "BODY", "text": text}]})).await
        };
        for n in 0..10 {
            let (status, answer) = change(n).await;
            assert_eq!(status, 200, "{n}: {answer}");
            assert_eq!(code(&change(n + 100).await), (400, 100), "a second time on day {n}");
            world.clock.advance(DAY);
        }
        assert_eq!(code(&change(10).await), (400, 100), "the eleventh within thirty days");
        world.clock.advance(20 * DAY);
        assert_eq!(change(11).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn catalogs_and_their_products_end_somewhere() {
    World::on_each_engine(business, async |world| {
        let path = format!("/{}/owned_product_catalogs", world.shop.business_id);
        let mut catalog = String::new();
        for n in 0..100 {
            let (status, made) = world.post(&path, json!({"name": format!("Bread {n}")})).await;
            assert_eq!(status, 200, "{n}: {made}");
            catalog = made["id"].as_str().unwrap().to_owned();
        }
        assert_eq!(code(&world.post(&path, json!({"name": "One more"})).await), (400, 100));

        let batch = |from: usize, to: usize| {
            let create = |n: usize| {
                json!({"method": "CREATE", "data": {"id": n.to_string(), "title": "Loaf",
                "price": "4 EUR"}})
            };
            json!({"item_type": "PRODUCT_ITEM", "requests": (from..to).map(create).collect::<Vec<_>>()})
        };
        let edge = format!("/{catalog}/items_batch");
        assert_eq!(code(&world.post(&edge, batch(0, 5_001)).await), (400, 100));
        assert_eq!(world.post(&edge, batch(0, 5_000)).await.0, 200);
        let (_, filled) = world.post(&edge, batch(5_000, 9_999)).await;
        assert!(filled["validation_status"].as_array().is_none_or(Vec::is_empty), "{filled}");
        let product = |id: &str| json!({"retailer_id": id, "name": "Loaf", "price": 400, "currency": "EUR"});
        let products = format!("/{catalog}/products");
        assert_eq!(world.post(&products, product("last")).await.0, 200, "the ten thousandth");
        assert_eq!(code(&world.post(&products, product("more")).await), (400, 100));
    })
    .await;
}

#[tokio::test]
async fn a_message_about_a_whole_catalog_carries_30_products() {
    let (world, kept) = catalogs::selling().await;
    world.ana_writes().await;
    let id = world.catalog().await;
    let create = |n: usize| json!({"method": "CREATE", "data": {"id": format!("l{n}"), "title": "L", "price": "4 EUR"}});
    let many = json!({"item_type": "PRODUCT_ITEM", "requests": (0..40).map(create).collect::<Vec<_>>()});
    assert_eq!(world.post(&format!("/{id}/items_batch"), many).await.0, 200);
    assert_eq!(world.connect(&id).await.0, 200);
    let asked = catalogs::interactive("catalog_message", json!({"name": "catalog_message"}));
    let (status, answer) = world.post(&world.messages(), asked).await;
    assert_eq!(status, 200, "{answer}");
    let kept = kept.lock().unwrap();
    let said = serde_json::to_value(kept.last().unwrap().body.as_ref().unwrap()).unwrap();
    assert_eq!(said.to_string().matches("\"retailer_id\"").count(), 30, "{said}");
}

#[tokio::test]
async fn an_account_has_500_flows_and_copies_100() {
    World::on_each_engine(business, async |world| {
        let path = format!("/{}/flows", world.shop.waba_id);
        let new = |n: usize| json!({"name": format!("form {n}"), "categories": ["OTHER"]});
        for n in 0..500 {
            let (status, made) = world.post(&path, new(n)).await;
            assert_eq!(status, 200, "{n}: {made}");
        }
        assert_eq!(code(&world.post(&path, new(500)).await), (400, 100));
        let names: Vec<String> = (0..101).map(|n| format!("form {n}")).collect();
        let copy = json!({"source_waba_id": world.shop.waba_id.to_string(), "source_flow_names": names});
        let answer = world.post(&format!("/{}/migrate_flows", world.shop.waba_id), copy).await;
        assert_eq!(code(&answer), (400, 100), "101 at once");

        let (_, listed) = world.get(&format!("{path}?limit=1")).await;
        let flow = listed["data"][0]["id"].as_str().unwrap().to_owned();
        let upload = |bytes: usize| {
            let body = format!(
                "--x\r\nContent-Disposition: form-data; name=\"asset_type\"\r\n\r\nFLOW_JSON\r\n--x\r\n\
                 Content-Disposition: form-data; name=\"name\"\r\n\r\nflow.json\r\n--x\r\n\
                 Content-Disposition: form-data; name=\"file\"; filename=\"flow.json\"\r\n\
                 Content-Type: application/json\r\n\r\n{}\r\n--x--\r\n",
                " ".repeat(bytes)
            );
            let request = world.request("POST", &format!("/{flow}/assets"));
            let request = request.header("content-type", "multipart/form-data; boundary=x");
            world.ask(request.body(Body::from(body)).unwrap())
        };
        let refused = upload(10 * 1024 * 1024 + 1).await;
        assert!(refused.0 >= 400, "{}", refused.1);
    })
    .await;
}

#[tokio::test]
async fn a_window_closes_24_hours_after_the_last_word() {
    World::on_each_engine(business, async |world| {
        world.ana_writes().await;
        world.clock.advance(DAY - Duration::from_micros(1));
        assert_eq!(world.post(&world.messages(), text()).await.0, 200);
        world.clock.advance(Duration::from_micros(1));
        assert_eq!(code(&world.post(&world.messages(), text()).await), (400, 131_047));
        world.ana_writes().await;
        assert_eq!(world.post(&world.messages(), text()).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn a_page_has_100_rows() {
    World::on_each_engine(business, async |world| {
        let path = format!("/{}/message_templates", world.shop.waba_id);
        for n in 0..101 {
            if n == 100 {
                world.clock.advance(HOUR);
            }
            let new = json!({"name": format!("made_{n}"), "language": "en", "category": "UTILITY",
                "components": [{"type": "BODY", "text": "We are open."}]});
            assert_eq!(world.post(&path, new).await.0, 200);
        }
        let (_, page) = world.get(&format!("{path}?limit=100")).await;
        assert_eq!(page["data"].as_array().unwrap().len(), 100);
        let (status, more) = world.get(&format!("{path}?limit=101")).await;
        assert!(status == 400 || more["data"].as_array().unwrap().len() == 100, "{more}");
        let next =
            page["paging"]["next"].as_str().unwrap().trim_start_matches("http://plaza.test").to_owned();
        assert_eq!(world.get(&next).await.1["data"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_business_has_100_keys_in_force_or_what_its_plan_gives() {
    use plaza_billing::plans::{self, Cancel, NewSubscription};
    use plaza_business::apps::keys::{self, NewKey};
    use plaza_business::apps::{Scope, Token, TokenKind};
    World::on_each_engine(business, async |world| {
        let (app, portfolio) = (world.shop.app_id, world.shop.business_id);
        let now = world.app.ctx.now();
        let own = Token {
            app,
            portfolio,
            kind: TokenKind::SystemUser,
            scopes: Scope::ALL.to_vec(),
            targets: None,
            needs_proof: false,
            issued_at: now,
            expires_at: None,
            user: None,
        };
        let ctx = world.app.ctx.acting_as(Actor::App { app, portfolio });
        let make = async |n: usize| {
            let (own, new) = (
                own.clone(),
                NewKey { name: format!("Till {n}"), scopes: vec![Scope::Messaging], expires_at: None },
            );
            let create = async move |ctx: &Ctx, tx: &mut Tx| keys::create(ctx, tx, &own, &new).await;
            world.app.db.transact(&ctx, "test.key", create).await.is_ok()
        };
        // One was made with the business.
        for n in 1..100 {
            assert!(make(n).await, "{n}");
        }
        assert!(!make(100).await, "one more");
        let start = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::import_plans(ctx, tx, &plans::PlanSource::reference()).await.expect("the plans are good");
            let new =
                NewSubscription { plan: "verified-plus".to_owned(), term: plans::Term::Month, trial: true };
            plans::start(ctx, tx, portfolio, &new).await
        };
        world.app.db.transact(&ctx, "test.plan", start).await.unwrap();
        for n in 100..300 {
            assert!(make(n).await, "{n}: the plan gives 300");
        }
        assert!(!make(300).await, "one more than the plan gives");
        let end = async move |ctx: &Ctx, tx: &mut Tx| plans::cancel(ctx, tx, portfolio, Cancel::Now).await;
        world.app.db.transact(&ctx, "test.cancel", end).await.unwrap();
        let list = async move |ctx: &Ctx, tx: &mut Tx| keys::list(ctx, tx, portfolio).await;
        assert_eq!(world.app.db.read(&ctx, "test.keys", list).await.unwrap().len(), 300, "these stay");
        assert!(!make(301).await, "without the plan");
    })
    .await;
}

#[tokio::test]
async fn the_limits_of_a_number_are_told_with_their_use() {
    let limited = || business().limited_to(Some(80)).reaching(plaza_business::reach::Tier::People250, None);
    World::on_each_engine(limited, async |world| {
        world.template("ready", "UTILITY").await;
        world.people(2).await;
        for at in 0..2 {
            let sent = world.post(&world.messages(), limits::template("ready", &limits::number(at))).await;
            assert_eq!(sent.0, 200, "{}", sent.1);
        }
        let (business, phone) = (world.app.business.clone(), world.shop.phone_number_id);
        let read = async move |ctx: &Ctx, tx: &mut Tx| {
            Ok::<_, ManageError>((
                business.usage(ctx, tx, phone).await?,
                quality::of_number(ctx, tx, phone).await?,
            ))
        };
        let (usage, _) = world.app.db.read(&world.app.ctx, "test.usage", read).await.unwrap();
        let of =
            |name: &str| usage.iter().find(|one| one.name == name).map(|one| (one.used, one.max)).unwrap();
        assert_eq!(of("messaging_limit"), (Some(2), Some(250)));
        assert_eq!(of("throughput"), (Some(2), Some(80)));
        assert_eq!(of("pair_rate"), (None, Some(45)));
        assert_eq!(of("marketing_per_person"), (None, None));
        assert_eq!(of("template_creations"), (Some(1), Some(100)));
        assert_eq!(of("templates"), (Some(1), Some(250)));
        assert_eq!(of("numbers"), (Some(1), Some(20)));
        let rival = Actor::App { app: world.rival.app_id, portfolio: world.rival.business_id };
        let business = world.app.business.clone();
        let read = async move |ctx: &Ctx, tx: &mut Tx| business.usage(ctx, tx, phone).await;
        let theirs = world.app.db.read(&world.app.ctx.acting_as(rival), "test.usage", read).await;
        assert!(theirs.is_err(), "another's number does not exist");
    })
    .await;
}
