mod analytics;
mod balances;
mod borders;
mod calls;
mod catalogs;
mod codes;
mod flows;
mod groups;
mod landing;
mod limits;
mod management;
mod operations;
mod partners;
mod quality;
mod standing;

use super::*;
use crate::egress::{EgressPolicy, Tls};
use axum::body::Body;
use axum::http::Request as HttpRequest;
use plaza_billing::{PriceSource, Prices};
use plaza_business::SealingKey;
use plaza_business::messages::{Inbound, SendError};
use plaza_business::portfolios::{CreateError, CreatedBusiness, NewBusiness};
use plaza_db::testing::{ctx, each_engine, sqlite};
use plaza_db::{DbError, Sql, Tx, params};
use plaza_protocol::content::{self, Content};
use plaza_protocol::{AccountId, Currency, ManualClock, Micros, PhoneNumber};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ANA: &str = "+4915112345678";
const INSERT_PERSON: Sql = Sql {
    name: "tests::INSERT_PERSON",
    text: "INSERT INTO account (account_id, number, name, is_business, is_verified, hosted_by, created_at)
        VALUES ($1, $2, $3, FALSE, FALSE, '', $4)",
};

struct World {
    app: CloudApi,
    clock: Arc<ManualClock>,
    shop: CreatedBusiness,
    rival: CreatedBusiness,
    ana: AccountId,
    /// Messages that the gateway got.
    delivered: Arc<AtomicUsize>,
    /// The words of them.
    said: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn open() -> Self {
        let (db, folder) = sqlite().await;
        Self::on(db, folder, business()).await
    }

    /// Runs a test in a world on each engine.
    async fn on_each_engine(business: impl Fn() -> Business, test: impl AsyncFn(Self)) {
        each_engine(async |db| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            test(Self::on(db, folder, business()).await).await;
        })
        .await;
    }

    async fn on(db: Db, folder: tempfile::TempDir, business: Business) -> Self {
        let (system, clock) = ctx();
        let business = Arc::new(business);
        let ana: AccountId = system.uuid();
        let made = business.clone();
        let setup = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference())
                .await
                .expect("the reference is good");
            let number: PhoneNumber = ANA.parse().expect("a number");
            tx.execute(INSERT_PERSON, params![ana, number, "Ana", ctx.now()]).await?;
            let shop = made.create(ctx, tx, &new_business("Tulip", "+4930901820", ctx.uuid())).await?;
            let rival = made.create(ctx, tx, &new_business("Rose", "+4930901821", ctx.uuid())).await?;
            Ok::<_, CreateError>((shop, rival))
        };
        let (shop, rival) = db.transact(&system, "test.setup", setup).await.unwrap();
        let delivered = Arc::new(AtomicUsize::new(0));
        let said = Arc::new(Mutex::new(Vec::new()));
        let (counter, words) = (delivered.clone(), said.clone());
        let gateway = Gateway::new(
            move |_, _, accepted| {
                counter.fetch_add(accepted.len(), Ordering::SeqCst);
                let bodies = accepted.iter().filter_map(|one| one.content.as_ref()?.body.as_ref());
                words.lock().unwrap().extend(bodies.map(content::Body::summary));
                Box::pin(async { Ok(()) })
            },
            |_, _, _| Box::pin(async { Ok(()) }),
        );
        let egress = Arc::new(Egress::new(EgressPolicy::new(true, &[]).unwrap(), &Tls::default()).unwrap());
        let blobs = Blobs::open(&plaza_blobs::BlobPlace::Folder(folder.path().join("blobs"))).unwrap();
        let app = CloudApi::new(db, system, business, Arc::new(gateway), egress, blobs);
        Self { app, clock, shop, rival, ana, delivered, said, _folder: folder }
    }

    /// Somebody registers.
    async fn person(&self, number: &str) -> AccountId {
        let account: AccountId = self.app.ctx.uuid();
        let number: PhoneNumber = number.parse().unwrap();
        let insert = async move |ctx: &Ctx, tx: &mut Tx| {
            tx.execute(INSERT_PERSON, params![account, &number, "Ben", ctx.now()]).await
        };
        self.app.db.transact(&self.app.ctx, "test.person", insert).await.unwrap();
        account
    }

    async fn ask(&self, request: HttpRequest<Body>) -> (u16, Value) {
        let (_, status, body) = self.ask_all(request).await;
        (status, body)
    }

    async fn ask_all(&self, request: HttpRequest<Body>) -> (HeaderMap, u16, Value) {
        let response = handle(State(self.app.clone()), request).await;
        let status = response.status().as_u16();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json; charset=UTF-8");
        assert!(response.headers().contains_key("facebook-api-version"));
        let headers = response.headers().clone();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (headers, status, serde_json::from_slice(&body).unwrap())
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let token = format!("Bearer {}", self.shop.access_token.0);
        HttpRequest::builder()
            .method(method)
            .uri(path)
            .header("authorization", token)
            .header("host", "plaza.test")
    }

    async fn delete(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.request("DELETE", path).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Asks with another token than the shop's own.
    async fn as_token(&self, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let request = HttpRequest::builder().method(method).uri(path).header("host", "plaza.test");
        let request = request.header("authorization", format!("Bearer {token}"));
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.request("POST", path).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap()).await
    }

    fn messages(&self) -> String {
        format!("/v23.0/{}/messages", self.shop.phone_number_id)
    }

    async fn ana_writes(&self) -> String {
        let body = content::Body::Text(content::Text { body: "Hello".to_owned(), preview_url: false });
        let ctx = self.app.ctx.clone();
        let inbound = Inbound {
            account: self.ana,
            number: ANA.parse().unwrap(),
            name: "Ana".to_owned(),
            message_id: ctx.ordered_id(),
            at: ctx.now(),
            content: Content { sender_name: "Ana".to_owned(), body: Some(body), ..Content::default() },
            group: None,
        };
        let id = plaza_protocol::BusinessMessageId(inbound.message_id.0);
        let (business, phone) = (self.app.business.clone(), self.shop.phone_number_id);
        let receive = async move |ctx: &Ctx, tx: &mut Tx| business.received(ctx, tx, phone, &inbound).await;
        self.app.db.transact::<_, SendError, _>(&ctx, "test.receive", receive).await.unwrap();
        plaza_business::wamid::format(id)
    }
}

fn business() -> Business {
    Business::new(SealingKey::new([7; 32]), Prices::default(), true)
}

fn new_business(name: &str, number: &str, account_id: AccountId) -> NewBusiness {
    NewBusiness {
        name: name.to_owned(),
        number: number.parse().unwrap(),
        account_id,
        country: "DE".to_owned(),
        currency: Currency::EUR,
        time_zone: "Europe/Berlin".to_owned(),
        credit: Micros(100_000_000),
        messaging_limit: None,
    }
}

fn text() -> Value {
    json!({"messaging_product": "whatsapp", "to": "+49 151 12345678", "type": "text", "text": {"body": "Hi"}})
}

fn code(answer: &(u16, Value)) -> (u16, i64) {
    assert!(answer.1["error"]["message"].is_string(), "{}", answer.1);
    assert!(answer.1["error"]["type"].is_string());
    assert!(answer.1["error"]["fbtrace_id"].is_string());
    (answer.0, answer.1["error"]["code"].as_i64().unwrap())
}

/// A server that answers each request by `answer`, which gets the request line.
async fn endpoint(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let length = socket.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let _ = socket.write_all(answer(head.lines().next().unwrap_or_default()).as_bytes()).await;
        }
    });
    format!("http://{address}/hook")
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn challenge(request_line: &str) -> String {
    let (_, rest) = request_line.split_once("hub.challenge=").unwrap_or_default();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[tokio::test]
async fn a_text_is_sent_in_every_spelling() {
    let world = World::open().await;
    world.ana_writes().await;
    let phone = world.shop.phone_number_id;
    for path in [world.messages(), format!("/{phone}/messages"), format!("/v99.0/{phone}/messages/")] {
        let (status, answer) = world.post(&path, text()).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["messaging_product"], "whatsapp");
        assert_eq!(
            (&answer["contacts"][0]["input"], &answer["contacts"][0]["wa_id"]),
            (&json!("+49 151 12345678"), &json!("4915112345678"))
        );
        assert!(answer["messages"][0]["id"].as_str().unwrap().starts_with("wamid."));
    }
    let form = "messaging_product=whatsapp&to=4915112345678&type=text&text=%7B%22body%22%3A%22Hi%22%7D";
    let request =
        world.request("POST", &world.messages()).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.ask(request.body(Body::from(form)).unwrap()).await.0, 200);
    let path = format!("{}?access_token={}", world.messages(), world.shop.access_token.0);
    let request =
        HttpRequest::builder().method("POST").uri(path).body(Body::from(text().to_string())).unwrap();
    assert_eq!(world.ask(request).await.0, 200, "the token in the address, no content type");
    assert_eq!(world.delivered.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn sends_that_come_together_have_answers_of_their_own() {
    let world = World::open().await;
    world.ana_writes().await;
    let send = async |body: Value, key: &str| {
        let request = world.request("POST", &world.messages()).header("idempotency-key", key);
        world.ask(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let mut nobody = text();
    nobody["to"] = json!("+4915100000000");
    let sends = (0..20).map(|at| match at % 5 {
        1 => send(nobody.clone(), "nobody"),
        // The same key twice in the same instant is one message.
        2 => send(text(), "twice"),
        3 => send(text(), "twice"),
        _ => send(text(), ["a", "b", "c", "d", "e", "f", "g", "h"][at % 8]),
    });
    let answers = futures_util::future::join_all(sends).await;
    let mut ids = std::collections::BTreeSet::new();
    for (at, (status, answer)) in answers.into_iter().enumerate() {
        if at % 5 == 1 {
            assert_eq!((status, &answer["error"]["code"]), (400, &json!(131_026)), "{answer}");
        } else {
            assert_eq!(status, 200, "{answer}");
            ids.insert(answer["messages"][0]["id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(ids.len(), world.delivered.load(Ordering::SeqCst), "each message is delivered once");
}

#[tokio::test]
async fn a_repeat_with_its_key_is_the_same_message() {
    let world = World::open().await;
    world.ana_writes().await;
    let send = async |body: Value| {
        let request = world.request("POST", &world.messages()).header("idempotency-key", "order-17");
        world.ask(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let first = send(text()).await;
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!((send(text()).await, send(text()).await), (first.clone(), first));
    assert_eq!(world.delivered.load(Ordering::SeqCst), 1, "one message");
    let mut other = text();
    other["text"]["body"] = json!("Ho");
    assert_eq!(code(&send(other).await), (400, 100));
}

#[tokio::test]
async fn a_read_mark_with_typing_is_taken() {
    let world = World::open().await;
    let id = world.ana_writes().await;
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": {"type": "text"}});
    assert_eq!(world.post(&world.messages(), mark).await, (200, json!({"success": true})));
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.unknown"});
    assert_eq!(code(&world.post(&world.messages(), mark).await), (400, 131_009));
}

#[tokio::test]
async fn each_error_has_its_code_and_status() {
    let world = World::open().await;
    let path = world.messages();
    let sent = async |body: Value| code(&world.post(&path, body).await);
    assert_eq!(sent(text()).await, (400, 131_047), "no window");
    world.ana_writes().await;
    let with = |member: &str, value: Value| {
        let mut body = text();
        body[member] = value;
        body
    };
    assert_eq!(sent(with("messaging_product", Value::Null)).await, (400, 131_008));
    assert_eq!(sent(with("messaging_product", json!("sms"))).await, (400, 100));
    assert_eq!(sent(with("to", json!("Ana"))).await, (400, 131_009));
    assert_eq!(sent(with("to", json!("+4915199999999"))).await, (400, 131_026));
    assert_eq!(sent(with("to", json!("+4930901820"))).await, (400, 131_021));
    assert_eq!(sent(with("type", json!("hologram"))).await, (400, 131_051));
    assert_eq!(sent(with("type", json!("sticker"))).await, (400, 131_008), "without its sticker");
    let mut sticker = with("type", json!("sticker"));
    sticker["sticker"] = json!({"id": "17"});
    assert_eq!(sent(sticker).await, (400, 131_009), "nobody's file");
    let template = json!({"name": "nothing", "language": {"code": "en"}});
    let unknown = with("type", json!("template"));
    let unknown = {
        let mut body = unknown;
        body["template"] = template;
        body
    };
    assert_eq!(sent(unknown).await, (404, 132_001));
    for (body, expected) in [("[1]", (400, 100)), ("{", (400, 100)), ("\"a\"", (400, 100))] {
        let request = world.request("POST", &path).body(Body::from(body)).unwrap();
        assert_eq!(code(&world.ask(request).await), expected, "{body}");
    }
    let large = world.request("POST", &path).body(Body::from("x".repeat(1024 * 1024 + 1))).unwrap();
    assert_eq!(code(&world.ask(large).await), (413, 100));
    assert_eq!(code(&world.get(&format!("/{}/unknown_edge", world.shop.phone_number_id)).await), (400, 100));
    assert_eq!(code(&world.get("/v23.0/a/b/c/d").await), (400, 100));
}

#[tokio::test]
async fn tokens_are_checked_first() {
    let world = World::open().await;
    let ask = async |authorization: Option<&str>| {
        let mut request = HttpRequest::builder().method("POST").uri(world.messages());
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        world.ask(request.body(Body::from(text().to_string())).unwrap()).await
    };
    assert_eq!(code(&ask(None).await), (401, 104));
    assert_eq!(code(&ask(Some("Bearer ")).await), (401, 104));
    assert_eq!(code(&ask(Some("Bearer EAAwrong")).await), (401, 190));
    assert_eq!(code(&ask(Some("Basic abc")).await), (401, 104));
    world.ana_writes().await;
    let oauth = format!("OAuth {}", world.shop.access_token.0);
    assert_eq!(ask(Some(&oauth)).await.0, 200);
    let app_token = format!("Bearer {}|{}", world.shop.app_id, world.shop.app_secret.0);
    assert_eq!(code(&ask(Some(&app_token)).await), (403, 200), "an app token does not send");
}

#[tokio::test]
async fn a_revoked_token_dies_within_seconds() {
    let world = World::open().await;
    let path = format!("/{}", world.shop.phone_number_id);
    assert_eq!(world.get(&path).await.0, 200);
    let given = world.shop.access_token.0.clone();
    let revoke =
        async move |ctx: &Ctx, tx: &mut Tx| plaza_business::apps::revoke_token(ctx, tx, &given).await;
    world.app.db.transact::<_, DbError, _>(&world.app.ctx, "test.revoke", revoke).await.unwrap();
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(code(&world.get(&path).await), (401, 190));
}

#[tokio::test]
async fn another_portfolios_nodes_look_as_if_they_were_not_there() {
    let world = World::open().await;
    let nobody = "100000000000001".to_owned();
    let rival = &world.rival;
    for id in [
        nobody,
        rival.phone_number_id.to_string(),
        rival.waba_id.to_string(),
        rival.app_id.to_string(),
        "x1".into(),
    ] {
        for edge in
            ["", "/messages", "/message_templates", "/phone_numbers", "/subscribed_apps", "/subscriptions"]
        {
            let answer = world.get(&format!("/v23.0/{id}{edge}")).await;
            assert_eq!(code(&answer), (400, 100), "{id}{edge}");
            let error = &answer.1["error"];
            assert_eq!(
                (&error["error_subcode"], &error["type"]),
                (&json!(33), &json!("GraphMethodException")),
                "{id}{edge}"
            );
            assert!(error["message"].as_str().unwrap().contains(&id));
        }
    }
}

#[tokio::test]
async fn numbers_and_accounts_are_read_by_fields() {
    let world = World::open().await;
    let phone = world.shop.phone_number_id;
    let (_, all) = world.get(&format!("/v23.0/{phone}")).await;
    assert_eq!(
        (&all["display_phone_number"], &all["verified_name"]),
        (&json!("+4930901820"), &json!("Tulip"))
    );
    assert!(all.get("name_status").is_none(), "not asked for");
    let (_, some) =
        world.get(&format!("/v23.0/{phone}?fields=status,country_dial_code,unheard_of.x(1)")).await;
    assert_eq!(some, json!({"id": phone.to_string(), "status": "CONNECTED", "country_dial_code": "49"}));
    let (_, numbers) = world.get(&format!("/v23.0/{}/phone_numbers", world.shop.waba_id)).await;
    assert_eq!(numbers["data"][0]["id"], phone.to_string());
    assert!(numbers["paging"]["cursors"]["after"].is_string() && numbers["paging"].get("next").is_none());
    let (_, waba) =
        world.get(&format!("/v23.0/{}?fields=id,name,currency,timezone_id", world.shop.waba_id)).await;
    assert_eq!((&waba["name"], &waba["currency"]), (&json!("Tulip"), &json!("EUR")));
    assert_eq!(
        world
            .post(&format!("/{phone}/register"), json!({"messaging_product": "whatsapp", "pin": "123456"}))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn templates_are_made_listed_and_deleted() {
    let world = World::open().await;
    let path = format!("/v23.0/{}/message_templates", world.shop.waba_id);
    for number in 0..3 {
        let category = if number == 0 { "MARKETING" } else { "UTILITY" };
        let body = json!({"name": format!("ready_{number}"), "language": "en_US", "category": category,
            "components": [{"type": "BODY", "text": "Hi {{1}}, your bread is ready to be fetched."}]});
        let (status, made) = world.post(&path, body.clone()).await;
        assert_eq!(
            (status, &made["status"], &made["category"]),
            (200, &json!("APPROVED"), &json!(category)),
            "{made}"
        );
        let again = world.post(&path, body).await;
        assert_eq!((code(&again), &again.1["error"]["error_subcode"]), ((400, 100), &json!(2_388_024)));
        world.clock.advance(Duration::from_secs(1));
    }
    let (_, page) =
        world.get(&format!("{path}?limit=2&fields=name&summary=total_count,message_template_count")).await;
    let names = |page: &Value| {
        page["data"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&page), ["ready_2", "ready_1"]);
    assert_eq!(page["summary"], json!({"total_count": 3, "message_template_count": 3}));
    let next = page["paging"]["next"].as_str().unwrap();
    assert!(next.starts_with("http://plaza.test/v23.0/") && !next.contains("PLZ"), "{next}");
    let (_, rest) = world.get(next.trim_start_matches("http://plaza.test")).await;
    assert_eq!(names(&rest), ["ready_0"]);
    assert!(rest["paging"].get("next").is_none());
    for (query, count) in [
        ("category=marketing", 1),
        ("status=approved,paused", 3),
        ("name=ready_1", 1),
        ("name_or_content=BREAD", 3),
        ("language=en-us", 3),
        ("language=de", 0),
    ] {
        let (_, found) = world.get(&format!("{path}?{query}")).await;
        assert_eq!(found["data"].as_array().unwrap().len(), count, "{query}");
    }
    let id = rest["data"][0]["id"].as_str().unwrap();
    let (_, one) = world.get(&format!("/{id}")).await;
    assert_eq!((&one["name"], &one["parameter_format"]), (&json!("ready_0"), &json!("POSITIONAL")));
    let request =
        world.request("DELETE", &format!("{path}?name=ready_0&hsm_id={id}")).body(Body::empty()).unwrap();
    assert_eq!(world.ask(request).await, (200, json!({"success": true})));
    assert_eq!(code(&world.get(&format!("/{id}")).await), (400, 100));
    let (_, bad) = world.post(&path, json!({"name": "x", "language": "en", "category": "UTILITY", "components": [{"type": "CAROUSEL"}]})).await;
    assert!(
        bad["error"]["error_data"]["details"].as_str().unwrap().contains("components.carousel.cards"),
        "{bad}"
    );
}

#[tokio::test]
async fn callbacks_are_asked_before_they_are_believed() {
    let world = World::open().await;
    let app = world.shop.app_id;
    let good = endpoint(|line| {
        let is_ours = line.contains("hub.mode=subscribe") && line.contains("hub.verify_token=vt");
        if is_ours { http("200 OK", &challenge(line)) } else { http("403 Forbidden", "") }
    })
    .await;
    let subscribe = async |url: &str, token: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("object", "whatsapp_business_account")
            .append_pair("callback_url", url)
            .append_pair("verify_token", token)
            .append_pair("fields", "messages,flows")
            .append_pair("access_token", &format!("{app}|{}", world.shop.app_secret.0))
            .finish();
        world
            .ask(
                world
                    .request("POST", &format!("/v23.0/{app}/subscriptions?{query}"))
                    .body(Body::empty())
                    .unwrap(),
            )
            .await
    };
    assert_eq!(subscribe(&good, "vt").await, (200, json!({"success": true})));
    let (_, listed) = world.get(&format!("/v23.0/{app}/subscriptions")).await;
    assert_eq!(
        (&listed["data"][0]["callback_url"], &listed["data"][0]["active"]),
        (&json!(good), &json!(true))
    );
    assert_eq!(code(&subscribe(&good, "wrong").await), (400, 2200));
    let silent = endpoint(|_| http("200 OK", "hello")).await;
    let answer = subscribe(&silent, "vt").await;
    assert_eq!(code(&answer), (400, 2200));
    assert!(answer.1["error"]["error_data"]["details"].as_str().unwrap().contains("challenge"));
    let moved = endpoint(|line| {
        format!(
            "HTTP/1.1 302 Found\r\nlocation: /x?{}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            challenge(line)
        )
    })
    .await;
    let answer = subscribe(&moved, "vt").await;
    assert!(
        answer.1["error"]["error_data"]["details"].as_str().unwrap().contains("redirects are not followed")
    );
    for private in ["http://10.0.0.1/hook", "https://169.254.169.254/latest", "https://[fd00::1]/"] {
        let answer = subscribe(private, "vt").await;
        assert_eq!(code(&answer), (400, 100), "{private}");
        assert!(
            answer.1["error"]["error_data"]["details"].as_str().unwrap().contains("private"),
            "{private}"
        );
    }
    let waba = format!("/v23.0/{}/subscribed_apps", world.shop.waba_id);
    let overriding = json!({"override_callback_uri": good, "verify_token": "vt"});
    assert_eq!(world.post(&waba, overriding).await.0, 200);
    let (_, apps) = world.get(&waba).await;
    assert_eq!(apps["data"][0]["override_callback_uri"], json!(good));
    assert_eq!(apps["data"][0]["whatsapp_business_api_data"]["id"], app.to_string());
    assert_eq!(world.post(&waba, json!({})).await.0, 200, "the override goes");
    assert!(world.get(&waba).await.1["data"][0].get("override_callback_uri").is_none());
    let of_number = json!({"webhook_configuration": {"override_callback_uri": good, "verify_token": "vt"}});
    assert_eq!(world.post(&format!("/v23.0/{}/", world.shop.phone_number_id), of_number).await.0, 200);
    assert_eq!(
        code(&world.post(&format!("/{}/subscriptions", world.rival.app_id), json!({})).await),
        (400, 100)
    );
}

#[tokio::test]
async fn tokens_are_exchanged_and_looked_into() {
    let world = World::open().await;
    let (app, secret) = (world.shop.app_id, world.shop.app_secret.0.clone());
    let exchange =
        format!("/oauth/access_token?grant_type=client_credentials&client_id={app}&client_secret=");
    let (status, answer) = world.get(&format!("{exchange}{secret}")).await;
    assert_eq!((status, &answer["access_token"]), (200, &json!(format!("{app}|{secret}"))));
    assert_eq!(code(&world.get(&format!("{exchange}wrong")).await), (400, 1));
    let (_, own) = world.get(&format!("/debug_token?input_token={}", world.shop.access_token.0)).await;
    assert_eq!((&own["data"]["is_valid"], &own["data"]["app_id"]), (&json!(true), &json!(app.to_string())));
    for other in [world.rival.access_token.0.as_str(), "EAAwrong"] {
        let (_, answer) = world.get(&format!("/debug_token?input_token={other}")).await;
        assert_eq!(answer["data"]["is_valid"], false);
        assert!(answer["data"].get("app_id").is_none());
    }
}
