use super::*;
use crate::messages::{Request, SendError, Unsendable};
use crate::testing::{ANA, Shop, create as create_business};
use plaza_db::Db;
use plaza_db::testing::each_engine;
use plaza_protocol::Micros;
use plaza_protocol::content::{Action, Body, FlowAction, action};
use std::time::Duration;

const CREDIT: Micros = Micros(100_000_000);
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoNryPR8Kzwu1/Jlx9Joq\nihTFsZ1DcZZNGMhhlOIEO8mE1tNiGNs6af17oXKpaiafwM2LDFh3ZfdqyiA8ZJqk\nt+UczE8JqAo2y0nTZe1hT1D2Yi0FTl0l3mbzTe//iePr8sWFWZ8vjjGXJR2PjeHB\n5EolE2DQ+eTD1/Mt+Prj4gc7CZ7K1ZHChpTo8PMtjkEzqISQP4PPVXspCrpoKRK2\n/2v7PIj2fElPsA2psWVdoWEzMerzSPQ6k9zirVXawTIPzn7IIep+xTkV79O0uUm3\n2ksDHGx3yqQJrtonKq6DBduj2FxaPIfT7sHjoJBSoQQT1qXS3S6hJ+L+0hSPCdS6\nCwIDAQAB\n-----END PUBLIC KEY-----\n";

/// A form of one screen; `endpoint` makes it ask one.
pub(super) fn document(is_asking: bool) -> String {
    let name = if is_asking { "data_exchange" } else { "complete" };
    let mut document = json!({"version": "6.0", "screens": [{"id": "BOOK", "terminal": true,
        "layout": {"type": "SingleColumnLayout", "children": [
            {"type": "TextInput", "name": "seats", "label": "Seats"},
            {"type": "Footer", "label": "Book", "on-click-action": {"name": name, "payload": {"seats": "${form.seats}"}}}]}}]});
    if is_asking {
        document["data_api_version"] = json!("3.0");
        document["routing_model"] = json!({"BOOK": []});
    }
    document.to_string()
}

pub(super) fn request(name: &str) -> Value {
    json!({"name": name, "categories": "[\"OTHER\"]", "flow_json": document(false)})
}

/// An operation of the shop's app.
macro_rules! act {
    ($shop:expr, |$ctx:ident, $tx:ident| $work:expr) => {{
        let work = async move |$ctx: &Ctx, $tx: &mut Tx| $work.await;
        $shop.db.transact(&$shop.app, "test", work).await
    }};
}

pub(super) async fn made(shop: &Shop, request: Value) -> Result<Flow, FlowError> {
    let waba = shop.created.waba_id;
    act!(shop, |ctx, tx| create(ctx, tx, waba, &request))
}

async fn shop(db: Db) -> Shop {
    let shop = Shop::open(db, CREDIT).await;
    shop.subscribe(&["flows"]).await;
    shop
}

fn code(outcome: Result<impl std::fmt::Debug, FlowError>) -> i64 {
    match outcome.unwrap_err() {
        FlowError::State { code, .. } => code.number,
        FlowError::Invalid { .. } => 100,
        FlowError::NotFound => 33,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_flow_is_made_changed_published_deprecated_and_deleted() {
    each_engine(async |db| {
        let shop = shop(db).await;
        let flow = made(&shop, json!({"name": "booking", "categories": ["sign_up", "OTHER"]})).await.unwrap();
        assert_eq!((flow.status, flow.json_bytes, flow.categories.len()), (Status::Draft, 0, 2));
        let id = flow.flow_id;
        assert_eq!(code(act!(shop, |ctx, tx| publish(ctx, tx, id, None))), 139_002, "no document");
        let bad = act!(shop, |ctx, tx| upload(ctx, tx, id, "{")).unwrap();
        assert_eq!(bad.validation_errors.len(), 1);
        assert_eq!(code(act!(shop, |ctx, tx| publish(ctx, tx, id, None))), 139_002, "a document with errors");
        let good = act!(shop, |ctx, tx| upload(ctx, tx, id, &document(false))).unwrap();
        assert_eq!(
            (good.json_version.as_deref(), good.screens.as_slice()),
            (Some("6.0"), &["BOOK".to_owned()][..])
        );
        assert_eq!(code(act!(shop, |ctx, tx| deprecate(ctx, tx, id))), 139_003);
        let change =
            json!({"name": "seats", "categories": "SURVEY", "endpoint_uri": "https://example.org/flow"});
        let changed = act!(shop, |ctx, tx| update(ctx, tx, id, &change)).unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.categories.as_slice()),
            ("seats", &["SURVEY".to_owned()][..])
        );
        let published = act!(shop, |ctx, tx| publish(ctx, tx, id, None)).unwrap();
        assert_eq!(published.status, Status::Published);
        assert_eq!(
            act!(shop, |ctx, tx| publish(ctx, tx, id, None)).unwrap().status,
            Status::Published,
            "again"
        );
        for outcome in [
            act!(shop, |ctx, tx| upload(ctx, tx, id, &document(false))),
            act!(shop, |ctx, tx| update(ctx, tx, id, &json!({"name": "other"}))),
        ] {
            assert_eq!(code(outcome), 139_001);
        }
        let moved = act!(shop, |ctx, tx| update(ctx, tx, id, &json!({"endpoint_uri": ""}))).unwrap();
        assert_eq!(moved.endpoint_uri, None, "an endpoint may move");
        assert_eq!(code(act!(shop, |ctx, tx| delete(ctx, tx, id))), 139_004);
        assert_eq!(act!(shop, |ctx, tx| deprecate(ctx, tx, id)).unwrap().status, Status::Deprecated);
        assert_eq!(code(act!(shop, |ctx, tx| publish(ctx, tx, id, None))), 139_002);
        let changes: Vec<_> = shop.values().await.iter().map(|value| value["new_status"].clone()).collect();
        assert_eq!(changes, ["PUBLISHED", "DEPRECATED"]);

        let draft = made(&shop, request("draft")).await.unwrap().flow_id;
        act!(shop, |ctx, tx| delete(ctx, tx, draft)).unwrap();
        assert_eq!(code(act!(shop, |ctx, tx| get(ctx, tx, draft))), 33);
        made(&shop, request("draft")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn requests_that_cannot_be_are_told_why() {
    each_engine(async |db| {
        let shop = shop(db).await;
        made(&shop, request("taken")).await.unwrap();
        for (change, member) in [
            (json!({"name": ""}), "name"),
            (json!({"name": "x".repeat(201)}), "name"),
            (json!({"name": "taken"}), "name"),
            (json!({"categories": null}), "categories"),
            (json!({"categories": "[]"}), "categories"),
            (json!({"categories": ["SHOPPING"]}), "categories"),
            (json!({"endpoint_uri": "ftp://example.org"}), "endpoint_uri"),
            (json!({"flow_json": null, "clone_flow_id": "17"}), "clone_flow_id"),
            (json!({"flow_json": null, "clone_flow_id": "x"}), "clone_flow_id"),
        ] {
            let mut request = request("new");
            request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let error = made(&shop, request).await.unwrap_err();
            assert!(
                matches!(&error, FlowError::Invalid { member: at, .. } if *at == member),
                "{member}: {error}"
            );
        }
        let other = made(&shop, request("other")).await.unwrap().flow_id;
        let taken = act!(shop, |ctx, tx| update(ctx, tx, other, &json!({"name": "taken"})));
        assert_eq!(code(taken), 100);
        assert_eq!(code(act!(shop, |ctx, tx| update(ctx, tx, other, &json!({})))), 100, "nothing to change");
    })
    .await;
}

#[tokio::test]
async fn another_business_knows_of_no_flow() {
    each_engine(async |db| {
        let shop = shop(db).await;
        let flow = made(&shop, request("own")).await.unwrap();
        let rival =
            create_business(&shop.db, &shop.system, &shop.business, "Rival", "+4930901821", CREDIT).await;
        let app = shop.system.for_request(Actor::App { app: rival.app_id, portfolio: rival.business_id });
        let rival_shop = Shop { app, ..shop };
        let (id, waba) = (flow.flow_id, flow.waba_id);
        assert_eq!(code(act!(rival_shop, |ctx, tx| get(ctx, tx, id))), 33);
        assert_eq!(code(act!(rival_shop, |ctx, tx| list(ctx, tx, waba))), 33);
        assert_eq!(code(act!(rival_shop, |ctx, tx| upload(ctx, tx, id, "{}"))), 33);
        assert_eq!(code(act!(rival_shop, |ctx, tx| delete(ctx, tx, id))), 33);
        assert_eq!(code(act!(rival_shop, |ctx, tx| flow_json(ctx, tx, id))), 33);
        let copy = json!({"name": "copy", "categories": "OTHER", "clone_flow_id": id.to_string()});
        let own = rival.waba_id;
        assert_eq!(code(act!(rival_shop, |ctx, tx| create(ctx, tx, own, &copy))), 100);
        let from = json!({"source_waba_id": waba.to_string()});
        assert_eq!(code(act!(rival_shop, |ctx, tx| migrate(ctx, tx, own, &from))), 100);
    })
    .await;
}

#[tokio::test]
async fn a_copy_and_publishing_at_once() {
    each_engine(async |db| {
        let shop = shop(db).await;
        let source = made(&shop, json!({"name": "a", "categories": "OTHER", "flow_json": document(false), "publish": true}));
        let source = source.await.unwrap();
        assert_eq!(source.status, Status::Published);
        let copy = json!({"name": "b", "categories": "OTHER", "clone_flow_id": source.flow_id.to_string()});
        let copy = made(&shop, copy).await.unwrap();
        assert_eq!((copy.status, copy.json_bytes), (Status::Draft, source.json_bytes));
        let broken = made(&shop, json!({"name": "c", "categories": "OTHER", "flow_json": "{}", "publish": true}));
        let broken = broken.await.unwrap();
        assert_eq!((broken.status, broken.validation_errors.is_empty()), (Status::Draft, false));
        let asking = json!({"name": "d", "categories": "OTHER", "flow_json": document(true), "publish": true});
        assert_eq!(code(made(&shop, asking).await), 139_002, "it has no endpoint");
        let phone = shop.created.phone_number_id;
        let asking = json!({"name": "e", "categories": "OTHER", "flow_json": document(true), "endpoint_uri": "https://x.example"});
        let asking = made(&shop, asking).await.unwrap().flow_id;
        assert_eq!(code(act!(shop, |ctx, tx| publish(ctx, tx, asking, None))), 139_002, "there is no key");
        let key = json!({"business_public_key": KEY});
        let business = shop.business.clone();
        act!(shop, |ctx, tx| business.change_setting(ctx, tx, phone, Setting::Encryption, &key)).unwrap();
        let unwell = "it answered 500";
        assert_eq!(code(act!(shop, |ctx, tx| publish(ctx, tx, asking, Some(unwell)))), 139_002);
        assert_eq!(act!(shop, |ctx, tx| publish(ctx, tx, asking, None)).unwrap().status, Status::Published);
        let waba = shop.created.waba_id;
        let names: Vec<_> = act!(shop, |ctx, tx| list(ctx, tx, waba)).unwrap().into_iter().map(|flow| flow.name).collect();
        assert_eq!(names.len(), 4, "{names:?}");
    })
    .await;
}

fn message(flow: &Value, more: Value) -> Value {
    let mut parameters = json!({"flow_message_version": "3", "flow_cta": "Book"});
    parameters.as_object_mut().unwrap().extend(flow.as_object().unwrap().clone());
    parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
        "type": "flow", "body": {"text": "Book a table"}, "action": {"name": "flow", "parameters": parameters}}})
}

fn carried(body: Option<Body>) -> FlowAction {
    let action = match body.unwrap() {
        Body::Interactive(interactive) => interactive.action,
        Body::Template(template) => template.buttons.into_iter().find_map(|button| button.action),
        _ => None,
    };
    match action {
        Some(Action { action: Some(action::Action::Flow(flow)) }) => flow,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_carries_the_flow() {
    each_engine(async |db| {
        let shop = shop(db).await;
        shop.ana_writes("Hello").await;
        let published =
            json!({"name": "a", "categories": "OTHER", "flow_json": document(false), "publish": true});
        let flow = made(&shop, published).await.unwrap();
        for named in [json!({"flow_id": flow.flow_id.to_string()}), json!({"flow_name": "a"})] {
            let accepted = shop.send(message(&named, json!({}))).await.unwrap();
            let carried = carried(accepted.content.unwrap().body);
            assert_eq!(carried.flow_id, flow.flow_id.to_string());
            assert_eq!(
                (carried.token.as_str(), carried.flow_json, carried.has_endpoint),
                ("unused", document(false), false)
            );
        }
        let named = json!({"flow_name": "a"});
        let token = shop.send(message(&named, json!({"flow_token": "t-1"}))).await.unwrap();
        assert_eq!(carried(token.content.unwrap().body).token, "t-1");
        made(&shop, request("draft")).await.unwrap();
        let draft = json!({"flow_name": "draft"});
        shop.send(message(&draft, json!({"mode": "draft"}))).await.unwrap();
        for (named, more, member) in [
            (&draft, json!({}), "flow_name"),
            (&json!({"flow_id": "17"}), json!({}), "flow_id"),
            (&json!({"flow_name": "none"}), json!({}), "flow_name"),
            (&named, json!({"flow_action_payload": {"screen": "NO"}}), "flow_action_payload.screen"),
            (&named, json!({"flow_action": "data_exchange"}), "flow_action"),
        ] {
            let error = shop.send(message(named, more)).await.unwrap_err();
            let expected = format!("interactive.action.parameters.{member}");
            assert!(matches!(&error, SendError::Invalid { member, .. } if *member == expected), "{error}");
        }
        let mut large: Value = serde_json::from_str(&document(false)).unwrap();
        large["screens"][0]["data"] = json!({"long": {"type": "string", "__example__": "x".repeat(33_000)}});
        let large =
            json!({"name": "large", "categories": "OTHER", "flow_json": large.to_string(), "publish": true});
        made(&shop, large).await.unwrap();
        let accepted = shop.send(message(&json!({"flow_name": "large"}), json!({}))).await.unwrap();
        let id = accepted.message_id;
        assert_eq!(carried(accepted.content.unwrap().body).flow_json, "");
        let device = |account| shop.system.for_request(Actor::Device { account, device: shop.system.uuid() });
        let read = async move |ctx: &Ctx, tx: &mut Tx| {
            exchange::flow_json_of(ctx, tx, plaza_protocol::MessageId(id.0)).await
        };
        assert!(shop.db.read(&device(shop.ana), "test", read).await.unwrap().len() > 33_000);
        let stranger = shop.db.read(&device(shop.system.uuid()), "test", read).await;
        assert_eq!(code(stranger), 33, "another person's device");
        assert_eq!(code(shop.db.read(&shop.app, "test", read).await), 33);
    })
    .await;
}

#[tokio::test]
async fn throttled_and_blocked_flows() {
    each_engine(async |db| {
        let shop = shop(db).await;
        shop.ana_writes("Hello").await;
        let published =
            json!({"name": "a", "categories": "OTHER", "flow_json": document(false), "publish": true});
        let id = made(&shop, published).await.unwrap().flow_id;
        let named = json!({"flow_name": "a"});
        let set = async |status| {
            let work = async move |ctx: &Ctx, tx: &mut Tx| set_status(ctx, tx, id, status).await;
            shop.db.transact(&shop.system, "test", work).await.unwrap()
        };
        assert!(matches!(
            act!(shop, |ctx, tx| set_status(ctx, tx, id, Status::Blocked)),
            Err(FlowError::Forbidden)
        ));
        assert_eq!(set(Status::Throttled).await.health()["can_send_message"], "LIMITED");
        for _ in 0..10 {
            shop.send(message(&named, json!({}))).await.unwrap();
        }
        let eleventh = shop.send(message(&named, json!({}))).await;
        assert!(matches!(eleventh, Err(SendError::Flow(Unsendable::Throttled))));
        shop.clock.advance(Duration::from_secs(3601));
        shop.send(message(&named, json!({}))).await.unwrap();
        assert_eq!(set(Status::Blocked).await.health()["can_send_message"], "BLOCKED");
        let blocked = shop.send(message(&named, json!({}))).await;
        assert!(matches!(blocked, Err(SendError::Flow(Unsendable::Blocked))));
        set(Status::Published).await;
        shop.send(message(&named, json!({}))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_template_opens_a_flow() {
    each_engine(async |db| {
        let shop = shop(db).await;
        let published = json!({"name": "a", "categories": "OTHER", "flow_json": document(false), "publish": true});
        let flow = made(&shop, published).await.unwrap().flow_id;
        let template = json!({"name": "book", "language": "en", "category": "UTILITY", "components": [
            {"type": "BODY", "text": "Book a table"},
            {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Book", "flow_id": flow.to_string(), "navigate_screen": "BOOK"}]}]});
        let (business, waba) = (shop.business.clone(), shop.created.waba_id);
        act!(shop, |ctx, tx| business.create_template(ctx, tx, waba, &template)).unwrap();
        let send = json!({"messaging_product": "whatsapp", "to": ANA, "type": "template",
            "template": {"name": "book", "language": {"code": "en"}}});
        assert!(Request::read(&send, None).is_ok());
        let carried = carried(shop.send(send).await.unwrap().content.unwrap().body);
        assert_eq!((carried.flow_id, carried.flow_json), (flow.to_string(), document(false)));
    })
    .await;
}

#[tokio::test]
async fn metrics_are_counted_from_calls() {
    each_engine(async |db| {
        let shop = shop(db).await;
        let flow = made(&shop, request("a")).await.unwrap().flow_id;
        let begun = shop.system.now();
        for (outcome, duration_ms) in [
            (calls::CallOutcome::Ok, 300),
            (calls::CallOutcome::Ok, 1001),
            (calls::CallOutcome::Refused, 20),
            (calls::CallOutcome::Timeout, 10_000),
        ] {
            let call =
                calls::FlowCall { at: shop.system.now(), screen: None, outcome, status: None, duration_ms };
            act!(shop, |ctx, tx| calls::record(ctx, tx, flow, &call)).unwrap();
        }
        shop.clock.advance(Duration::from_secs(24 * 3600 + 1));
        let until = shop.system.now().seconds().to_string();
        let ask = async |name: &str| {
            let (since, until) = (Some(begun.seconds().to_string()), Some(until.clone()));
            let asked =
                calls::MetricRequest { name: name.to_owned(), granularity: "DAY".to_owned(), since, until };
            act!(shop, |ctx, tx| calls::metric(ctx, tx, flow, &asked))
        };
        let point = async |name| ask(name).await.unwrap()["data_points"][0]["data"].clone();
        assert_eq!(point("ENDPOINT_REQUEST_COUNT").await, json!([{"key": "value", "value": 4}]));
        assert_eq!(point("ENDPOINT_REQUEST_ERROR").await, json!([{"key": "timeout_error", "value": 1}]));
        assert_eq!(point("ENDPOINT_REQUEST_ERROR_RATE").await, json!([{"key": "value", "value": 0.25}]));
        assert_eq!(
            point("ENDPOINT_REQUEST_LATENCY_SECONDS_CEIL").await,
            json!([{"key": "1", "value": 2}, {"key": "10", "value": 1}, {"key": "2", "value": 1}])
        );
        assert_eq!(
            point("ENDPOINT_AVAILABILITY").await,
            json!([{"key": "succeeded", "value": 3}, {"key": "failed", "value": 1}])
        );
        assert_eq!(code(ask("ENDPOINT_MOOD").await), 100);
        shop.clock.advance(Duration::from_secs(90 * 24 * 3600));
        let forgotten = async |ctx: &Ctx, tx: &mut Tx| calls::forget_old(ctx, tx).await;
        assert_eq!(shop.db.transact(&shop.system, "test", forgotten).await.unwrap(), 4);
    })
    .await;
}
