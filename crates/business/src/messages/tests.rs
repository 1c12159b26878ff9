use super::*;
use crate::codes;
use crate::reach::{self, Tier};
use crate::templates::FillError;
use crate::testing::{self, ANA, NUMBER, Shop, text};
use crate::webhooks::payload::Failure;
use plaza_billing::{BillingError, Prices};
use plaza_db::testing::each_engine;
use plaza_protocol::Micros;
use plaza_protocol::content;
use serde_json::{Value, json};

const EUROS: Micros = Micros(10_000_000);

async fn open(db: plaza_db::Db) -> Shop {
    let shop = Shop::open(db, EUROS).await;
    shop.subscribe(&["messages"]).await;
    shop
}

async fn ready_template(shop: &Shop) {
    let (business, waba) = (shop.business.clone(), shop.created.waba_id);
    let create = async move |ctx: &Ctx, tx: &mut Tx| {
        let request = json!({"name": "ready", "language": "en_US", "category": "UTILITY", "components": [
            {"type": "BODY", "text": "Hi {{1}}, your bread is ready to be fetched."}]});
        business.create_template(ctx, tx, waba, &request).await
    };
    shop.db.transact(&shop.app, "test", create).await.unwrap();
}

fn template(parameters: &[&str]) -> Value {
    let parameters: Vec<Value> =
        parameters.iter().map(|text| json!({"type": "text", "text": text})).collect();
    json!({"messaging_product": "whatsapp", "to": ANA, "type": "template", "template": {
        "name": "ready", "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": parameters}]}})
}

async fn acknowledge(shop: &Shop, ids: &[BusinessMessageId]) -> usize {
    let (business, now) = (shop.business.clone(), shop.system.now());
    let ids: Vec<_> = ids.iter().map(|id| (MessageId(id.0), now)).collect();
    let deliver = async move |ctx: &Ctx, tx: &mut Tx| business.device_acknowledged(ctx, tx, &ids).await;
    shop.db.transact(&shop.system, "test", deliver).await.unwrap()
}

async fn read(shop: &Shop, ids: &[BusinessMessageId]) -> usize {
    let (business, now) = (shop.business.clone(), shop.system.now());
    let ids: Vec<_> = ids.iter().map(|id| (MessageId(id.0), now)).collect();
    let read = async move |ctx: &Ctx, tx: &mut Tx| business.read(ctx, tx, &ids).await;
    shop.db.transact(&shop.system, "test", read).await.unwrap()
}

async fn verify(shop: &Shop) -> (u64, Vec<String>, plaza_billing::Balance) {
    let portfolio = shop.created.business_id;
    let check = async move |ctx: &Ctx, tx: &mut Tx| {
        let report = plaza_billing::verify(ctx, tx, &Prices::default()).await?;
        let balance = plaza_billing::balance(ctx, tx, portfolio).await?;
        Ok::<_, BillingError>((report, balance))
    };
    let (report, balance) = shop.db.transact(&shop.system, "test", check).await.unwrap();
    (u64::try_from(report.charges).unwrap(), report.differences, balance)
}

async fn statuses(shop: &Shop) -> Vec<Value> {
    let mut statuses: Vec<Value> = shop
        .values()
        .await
        .into_iter()
        .filter_map(|value| value.get("statuses").map(|statuses| statuses[0].clone()))
        .collect();
    // Events of one instant have no order of their own.
    let rank = |status: &Value| {
        ["sent", "delivered", "read", "failed"].iter().position(|word| status["status"] == **word)
    };
    statuses.sort_by_key(|status| rank(status));
    statuses
}

fn person(accepted: &Accepted) -> (AccountId, String) {
    match &accepted.to {
        To::Person { account, user_id, .. } => (*account, user_id.clone()),
        To::Group { .. } => panic!("{:?}", accepted.to),
    }
}

fn words(statuses: &[Value]) -> Vec<&str> {
    statuses.iter().map(|status| status["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_template_goes_through_its_life_and_is_charged_once() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let mut request = template(&["Ana"]);
        request["biz_opaque_callback_data"] = json!("order-17");
        let accepted = shop.send(request).await.unwrap();
        let To::Person { account, wa_id, .. } = &accepted.to else { panic!("{:?}", accepted.to) };
        assert_eq!((wa_id.as_str(), *account), ("4915112345678", shop.ana));
        let content = accepted.content.clone().unwrap();
        let Some(Body::Template(filled)) = content.body else { panic!("{content:?}") };
        assert_eq!(filled.body, "Hi Ana, your bread is ready to be fetched.");
        let (charges, _, balance) = verify(&shop).await;
        assert_eq!(charges, 0);
        assert!(balance.held > Micros::ZERO, "the worst price is held");
        for _ in 0..2 {
            acknowledge(&shop, &[accepted.message_id]).await;
            read(&shop, &[accepted.message_id]).await;
        }
        let (charges, differences, balance) = verify(&shop).await;
        assert_eq!((charges, differences), (1, vec![]));
        assert_eq!(balance.held, Micros::ZERO);
        assert!(balance.posted < EUROS, "{balance:?}");
        let statuses = statuses(&shop).await;
        assert_eq!(words(&statuses), ["sent", "delivered", "read"]);
        let pricing =
            json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"});
        assert_eq!((&statuses[0]["pricing"], &statuses[1]["pricing"]), (&pricing, &pricing));
        assert!(statuses[2].get("pricing").is_none());
        for status in &statuses {
            assert_eq!(status["biz_opaque_callback_data"], "order-17");
            assert_eq!(status["id"], accepted.wamid);
            assert_eq!(status["recipient_id"], "4915112345678");
        }
    })
    .await;
}

#[tokio::test]
async fn a_read_receipt_alone_is_delivery_too() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let first = shop.send(template(&["Ana"])).await.unwrap();
        let second = shop.send(template(&["Ana"])).await.unwrap();
        let (business, phone, ana) = (shop.business.clone(), shop.created.phone_number_id, shop.ana);
        let up_to = async move |ctx: &Ctx, tx: &mut Tx| {
            business.read_up_to(ctx, tx, phone, ana, MessageId(second.message_id.0), ctx.now()).await
        };
        assert_eq!(shop.db.transact(&shop.system, "test", up_to).await.unwrap(), 4, "two steps each");
        assert_eq!(acknowledge(&shop, &[first.message_id]).await, 0, "too late to be news");
        assert_eq!(words(&statuses(&shop).await), ["sent", "sent", "delivered", "delivered", "read", "read"]);
        let (charges, differences, _) = verify(&shop).await;
        assert_eq!((charges, differences), (2, vec![]));
    })
    .await;
}

#[tokio::test]
async fn free_form_needs_an_open_window() {
    each_engine(async |db| {
        let shop = open(db).await;
        let error = shop.send(text("Fresh bread!")).await.unwrap_err();
        assert!(matches!(error, SendError::WindowClosed { until: None }), "{error}");
        shop.ana_writes("Do you have bread?").await;
        let accepted = shop.send(text("Fresh bread!")).await.unwrap();
        acknowledge(&shop, &[accepted.message_id]).await;
        let statuses = statuses(&shop).await;
        // Of the first 1,000 service messages of the month.
        let pricing = &statuses[1]["pricing"];
        assert_eq!(
            (&pricing["billable"], &pricing["category"]),
            (&json!(false), &json!("service")),
            "{pricing}"
        );
        shop.clock.advance(limits::CUSTOMER_SERVICE_WINDOW);
        let error = shop.send(text("Still there?")).await.unwrap_err();
        assert!(matches!(error, SendError::WindowClosed { until: Some(_) }), "{error}");
        let (_, differences, _) = verify(&shop).await;
        assert_eq!(differences, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_repeated_request_is_one_message_and_one_charge() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let first = shop.send_with_key(template(&["Ana"]), Some("order-17")).await.unwrap();
        for _ in 0..2 {
            let again = shop.send_with_key(template(&["Ana"]), Some("order-17")).await.unwrap();
            assert_eq!((again.message_id, again.content.is_none()), (first.message_id, true));
        }
        let other = shop.send_with_key(template(&["Ben"]), Some("order-17")).await.unwrap_err();
        assert!(matches!(other, SendError::KeyReused), "{other}");
        for _ in 0..2 {
            acknowledge(&shop, &[first.message_id, first.message_id]).await;
        }
        let (charges, differences, _) = verify(&shop).await;
        assert_eq!((charges, differences), (1, vec![]));
        assert_eq!(words(&statuses(&shop).await), ["sent", "delivered"]);
        let refused = shop.send_with_key(text("outside the window"), Some("order-18")).await;
        assert!(refused.is_err());
        ready_again(&shop).await;
    })
    .await;
}

/// A key is only used up by a message that was accepted.
#[tokio::test]
async fn in_a_batch_each_message_has_its_own_answer() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let keyed = |request: &Value, key: &str| {
            let idempotency = Idempotency { key: key.to_owned(), body_sha256: [7; 32] };
            SendMessage::read(request, Some(idempotency)).unwrap()
        };
        let mut missing = template(&["Ana"]);
        missing["template"]["name"] = json!("nobody_made_it");
        let batch = std::sync::Arc::new([
            keyed(&template(&["Ana"]), "first"),
            keyed(&missing, "refused"),
            keyed(&template(&["Ben"]), "third"),
        ]);
        let send_all = async || {
            let (business, phone) = (shop.business.clone(), shop.created.phone_number_id);
            let batch = batch.clone();
            let all = async move |ctx: &Ctx, tx: &mut Tx| {
                let sends: Vec<_> = batch.iter().map(|message| Sending { ctx, phone, message }).collect();
                business.accept_all(tx, &sends).await
            };
            shop.db.transact(&shop.app, "test", all).await.unwrap()
        };
        let answers = send_all().await;
        let [Ok(first), Err(SendError::Template(_)), Ok(third)] = &answers[..] else { panic!("{answers:?}") };
        assert!(first.content.is_some() && third.content.is_some());
        assert_eq!(words(&statuses(&shop).await), ["sent", "sent"]);
        let again = send_all().await;
        let [Ok(repeat), Err(SendError::Template(_)), Ok(_)] = &again[..] else { panic!("{again:?}") };
        assert_eq!((repeat.message_id, &repeat.content), (first.message_id, &None), "a repeat");
        let accepted = shop.send_with_key(template(&["Ana"]), Some("refused")).await.unwrap();
        assert!(accepted.content.is_some(), "the key of a refused request is free again");
        acknowledge(&shop, &[first.message_id, third.message_id, accepted.message_id]).await;
        let (charges, differences, balance) = verify(&shop).await;
        assert_eq!((charges, differences, balance.held), (3, vec![], Micros::ZERO));
    })
    .await;
}

async fn ready_again(shop: &Shop) {
    assert!(shop.send_with_key(template(&["Ana"]), Some("order-18")).await.is_ok());
}

#[tokio::test]
async fn an_empty_balance_sends_nothing() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        ready_template(&shop).await;
        let error = shop.send(template(&["Ana"])).await.unwrap_err();
        assert!(matches!(error, SendError::InsufficientFunds { .. }), "{error}");
        assert!(statuses(&shop).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_fails_is_not_charged() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let lost = shop.send(template(&["Ana"])).await.unwrap();
        let arrived = shop.send(template(&["Ana"])).await.unwrap();
        acknowledge(&shop, &[arrived.message_id]).await;
        let business = shop.business.clone();
        let both = [lost.message_id, arrived.message_id];
        let fail = async move |ctx: &Ctx, tx: &mut Tx| {
            let failure = Failure { code: codes::UNDELIVERABLE, details: "The device is gone.".to_owned() };
            let both: Vec<_> = both.iter().map(|id| (*id, failure.clone())).collect();
            business.failed(ctx, tx, &both).await
        };
        assert_eq!(
            shop.db.transact(&shop.system, "test", fail).await.unwrap(),
            1,
            "what arrived cannot fail"
        );
        let statuses = statuses(&shop).await;
        let failed = statuses.last().unwrap();
        assert_eq!((&failed["status"], &failed["id"]), (&json!("failed"), &json!(lost.wamid)));
        let fixture: Value =
            serde_json::from_str(include_str!("../../fixtures/pywa/message_status.json")).unwrap();
        same_members(
            &failed["errors"][0],
            &fixture["failed"]["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0],
        );
        let (charges, differences, balance) = verify(&shop).await;
        assert_eq!((charges, differences, balance.held), (1, vec![], Micros::ZERO));
    })
    .await;
}

#[tokio::test]
async fn what_does_not_arrive_in_its_time_fails() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        shop.send(template(&["Ana"])).await.unwrap();
        let business = shop.business.clone();
        let expire = async move |ctx: &Ctx, tx: &mut Tx| business.expire_messages(ctx, tx).await;
        assert_eq!(shop.db.transact(&shop.system, "test", expire.clone()).await.unwrap(), 0);
        shop.clock.advance(limits::ENVELOPE_LIFETIME);
        assert_eq!(shop.db.transact(&shop.system, "test", expire.clone()).await.unwrap(), 1);
        assert_eq!(shop.db.transact(&shop.system, "test", expire).await.unwrap(), 0);
        assert_eq!(words(&statuses(&shop).await), ["sent", "failed"]);
        let (charges, differences, balance) = verify(&shop).await;
        assert_eq!((charges, differences, balance.held), (0, vec![], Micros::ZERO));
    })
    .await;
}

#[tokio::test]
async fn templates_and_recipients_are_checked() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let with = |change: fn(&mut Value)| {
            let mut request = template(&["Ana"]);
            change(&mut request);
            request
        };
        let error =
            shop.send(with(|request| request["template"]["name"] = json!("nothing"))).await.unwrap_err();
        assert!(matches!(error, SendError::Template(FillError::NotFound { .. })), "{error}");
        let error = shop
            .send(with(|request| request["template"]["language"]["code"] = json!("de")))
            .await
            .unwrap_err();
        assert!(matches!(error, SendError::Template(FillError::NotFound { .. })), "{error}");
        let error = shop.send(template(&[])).await.unwrap_err();
        assert!(matches!(error, SendError::Template(FillError::Render(_))), "{error}");
        assert!(
            shop.send(with(|request| request["template"]["language"]["code"] = json!("en-us"))).await.is_ok()
        );
        let error = shop.send(with(|request| request["to"] = json!("+4915199999999"))).await.unwrap_err();
        assert!(matches!(error, SendError::Undeliverable), "nobody has it: {error}");
        let error = shop.send(with(|request| request["to"] = json!(NUMBER))).await.unwrap_err();
        assert!(matches!(error, SendError::RecipientIsSender), "{error}");
        let by_user = person(&shop.send(template(&["Ana"])).await.unwrap()).1;
        let mut request = template(&["Ana"]);
        request["to"] = Value::Null;
        request["recipient"] = json!(by_user);
        assert_eq!(person(&shop.send(request).await.unwrap()).0, shop.ana);
        for status in [templates::Status::Pending, templates::Status::Rejected] {
            set_status(&shop, status).await;
            let error = shop.send(template(&["Ana"])).await.unwrap_err();
            assert!(matches!(error, SendError::Template(FillError::NotFound { .. })), "{status:?}: {error}");
        }
        set_status(&shop, templates::Status::Paused).await;
        assert!(matches!(shop.send(template(&["Ana"])).await, Err(SendError::Template(FillError::Paused))));
        set_status(&shop, templates::Status::Disabled).await;
        assert!(matches!(shop.send(template(&["Ana"])).await, Err(SendError::Template(FillError::Disabled))));
        let phone = shop.created.phone_number_id;
        let business = shop.business.clone();
        let off = async move |ctx: &Ctx, tx: &mut Tx| {
            business.deregister(ctx, tx, phone).await.and_then(|deregistered| deregistered)
        };
        shop.db.transact(&shop.app, "test", off).await.unwrap();
        assert!(matches!(shop.send(template(&["Ana"])).await, Err(SendError::NotRegistered)));
    })
    .await;
}

async fn set_status(shop: &Shop, status: templates::Status) {
    let waba = shop.created.waba_id;
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        let template = templates::list(ctx, tx, waba).await?.remove(0);
        templates::set_status(ctx, tx, template, status, "NONE".to_owned()).await
    };
    shop.db.transact(&shop.system, "test", set).await.unwrap();
}

#[tokio::test]
async fn another_portfolio_cannot_send_from_the_number() {
    each_engine(async |db| {
        let shop = open(db).await;
        let other =
            testing::create(&shop.db, &shop.system, &shop.business, "Rose", "+4930901821", EUROS).await;
        let app = plaza_protocol::Actor::App { app: other.app_id, portfolio: other.business_id };
        let stranger = shop.system.for_request(app);
        let (business, phone) = (shop.business.clone(), shop.created.phone_number_id);
        let Request::Send(message) = Request::read(&text("Hi"), None).unwrap() else { panic!("a send") };
        let send = async move |ctx: &Ctx, tx: &mut Tx| business.accept(ctx, tx, phone, &message).await;
        let error = shop.db.transact(&stranger, "test", send).await.unwrap_err();
        assert!(matches!(error, SendError::NotFound), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_persons_message_is_told_once_with_all_members() {
    each_engine(async |db| {
        let shop = open(db).await;
        ready_template(&shop).await;
        let sent = shop.send(template(&["Ana"])).await.unwrap();
        let inbound = shop.ana_writes("Grüße / 😮").await;
        assert!(!shop.receive(inbound.clone()).await, "a repeat is nothing new");
        let reply = content::ButtonReply { text: "Stop".into(), payload: "STOP".into() };
        let answered = sent.message_id.as_bytes().to_vec();
        shop.clock.advance(Duration::from_secs(1));
        shop.ana_sends(Content {
            reply_to: answered.clone(),
            body: Some(Body::ButtonReply(reply)),
            ..Content::default()
        })
        .await;
        shop.clock.advance(Duration::from_secs(1));
        let reaction = content::Reaction { message_id: answered, emoji: "👍".into() };
        shop.ana_sends(Content { body: Some(Body::Reaction(reaction)), ..Content::default() }).await;
        shop.clock.advance(Duration::from_secs(1));
        shop.ana_sends(Content::default()).await;

        let values: Vec<Value> =
            shop.values().await.into_iter().filter(|value| value.get("messages").is_some()).collect();
        let fixture = |file: &str, name: &str| {
            let all: Value = serde_json::from_str(file).unwrap();
            all[name]["entry"][0]["changes"][0]["value"].clone()
        };
        let (messages, buttons) = (
            include_str!("../../fixtures/pywa/message.json"),
            include_str!("../../fixtures/pywa/callback_button.json"),
        );
        for (value, example) in values.iter().zip([
            fixture(messages, "text"),
            fixture(buttons, "quick_reply"),
            fixture(messages, "reaction"),
            fixture(messages, "unsupported"),
        ]) {
            same_members(value, &example);
        }
        assert_eq!(values.len(), 4);
        let text = &values[0]["messages"][0];
        assert_eq!(
            (&text["text"]["body"], &text["id"]),
            (&json!("Grüße / 😮"), &json!(wamid::format(BusinessMessageId(inbound.message_id.0))))
        );
        assert_eq!(values[1]["messages"][0]["context"], json!({"from": "4930901820", "id": sent.wamid}));
        assert_eq!(values[2]["messages"][0]["reaction"], json!({"message_id": sent.wamid, "emoji": "👍"}));
        assert!(shop.deliveries().await.iter().all(|delivery| delivery.body.is_ascii()));
    })
    .await;
}

/// `value` has each member of `example` that Plaza has a word for, of the same kind.
fn same_members(value: &Value, example: &Value) {
    match (value, example) {
        (Value::Object(own), Value::Object(members)) => {
            for (name, example) in
                members.iter().filter(|(name, _)| *name != "parent_user_id" && *name != "unsupported")
            {
                let own = own.get(name).unwrap_or_else(|| panic!("{name} is missing in {value}"));
                same_members(own, example);
            }
        }
        (Value::Array(own), Value::Array(items)) => {
            for (own, example) in own.iter().zip(items) {
                same_members(own, example);
            }
        }
        _ => assert_eq!(std::mem::discriminant(value), std::mem::discriminant(example), "{value} {example}"),
    }
}

#[tokio::test]
async fn read_marks_and_reactions_need_a_message_of_the_pair() {
    each_engine(async |db| {
        let shop = open(db).await;
        let inbound = shop.ana_writes("Hello").await;
        let id = BusinessMessageId(inbound.message_id.0);
        let (business, phone) = (shop.business.clone(), shop.created.phone_number_id);
        let mark = async move |ctx: &Ctx, tx: &mut Tx| {
            let marked =
                business.mark_read(ctx, tx, phone, &ReadMark { message_id: id, is_typing: true }).await?;
            let unknown = ReadMark { message_id: ctx.ordered_id(), is_typing: false };
            assert!(matches!(
                business.mark_read(ctx, tx, phone, &unknown).await,
                Err(SendError::Invalid { .. })
            ));
            Ok::<_, SendError>(marked)
        };
        let marked = shop.db.transact(&shop.app, "test", mark).await.unwrap();
        assert_eq!(
            (marked.account, marked.message_id, marked.is_typing),
            (shop.ana, inbound.message_id, true)
        );
        let react = |id: BusinessMessageId| {
            json!({"messaging_product": "whatsapp", "to": ANA, "type": "reaction",
                "reaction": {"message_id": wamid::format(id), "emoji": "👍"}})
        };
        let reaction = shop.send(react(id)).await.unwrap();
        acknowledge(&shop, &[reaction.message_id]).await;
        let statuses = statuses(&shop).await;
        assert_eq!(words(&statuses), ["sent"], "of a reaction nothing more is told");
        assert!(statuses[0].get("pricing").is_none());
        let error = shop.send(react(shop.system.ordered_id())).await.unwrap_err();
        assert!(
            matches!(&error, SendError::Invalid { member, .. } if member == "reaction.message_id"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn in_a_batch_a_place_stays_with_whom_it_reached() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros(30_000)).await;
        let ben = shop.person("+5511900000001", "Ben").await;
        let (business, waba) = (shop.business.clone(), shop.created.waba_id);
        let portfolio = shop.created.business_id;
        let prepare = async move |ctx: &Ctx, tx: &mut Tx| {
            reach::set(ctx, tx, portfolio, Tier::People250).await?;
            for (name, category) in [("dear", "MARKETING"), ("cheap", "UTILITY")] {
                let request = json!({"name": name, "language": "en", "category": category, "components": [
                    {"type": "BODY", "text": "Fresh bread today."}]});
                business.create_template(ctx, tx, waba, &request).await.expect("it is well-formed");
            }
            Ok::<_, crate::management::ManageError>(())
        };
        shop.db.transact(&shop.system, "test", prepare).await.unwrap();
        let message = |name: &str| {
            let request = json!({"messaging_product": "whatsapp", "to": "+5511900000001", "type": "template",
                "template": {"name": name, "language": {"code": "en"}}});
            match Request::read(&request, None).unwrap() {
                Request::Send(message) => message,
                Request::Read(_) => panic!("a send is expected"),
            }
        };
        let batch: Vec<_> = ["dear", "cheap"].map(message).into();
        let (business, phone, app) = (shop.business.clone(), shop.created.phone_number_id, shop.app.clone());
        let send = async move |_: &Ctx, tx: &mut Tx| {
            let sends: Vec<_> = batch.iter().map(|message| Sending { ctx: &app, phone, message }).collect();
            let answers = business.accept_all(tx, &sends).await?;
            Ok::<_, SendError>(
                answers.into_iter().map(|answer| answer.map(|one| person(&one).0)).collect::<Vec<_>>(),
            )
        };
        let answers = shop.db.transact(&shop.system, "test", send).await.unwrap();
        let sent: Vec<bool> =
            answers.iter().map(|answer| matches!(answer, Ok(account) if *account == ben)).collect();
        assert_eq!(sent, [false, true], "the balance is for the second: {answers:?}");
        let used = async || {
            let read = async move |ctx: &Ctx, tx: &mut Tx| reach::standing(ctx, tx, portfolio).await;
            shop.db.read(&shop.system, "test", read).await.unwrap().reach.unwrap().people
        };
        assert_eq!(used().await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_first_message_of_a_tier_is_told_to_the_accounts() {
    const TIERS: &str = "\
        effective_from,effective_to,market,currency,category,tier_from,price\n\
        2026-11-01,,Germany,USD,utility,0,0.055\n\
        2026-11-01,,Germany,USD,utility,1,0.05\n\
        2026-11-01,,Germany,USD,utility,2,0.04\n";
    each_engine(async |db| {
        let (system, _) = plaza_db::testing::ctx();
        let import = async |ctx: &Ctx, tx: &mut Tx| {
            let reference = plaza_billing::PriceSource::reference();
            let source = plaza_billing::PriceSource { name: "a first one", tier_rates: TIERS, ..reference };
            plaza_billing::import_price_book(ctx, tx, &source).await
        };
        db.transact(&system, "test.prices", import).await.unwrap();
        let shop = Shop::open(db, EUROS).await;
        shop.subscribe(&["account_update"]).await;
        ready_template(&shop).await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(shop.send(template(&["Ana"])).await.unwrap().message_id);
        }
        acknowledge(&shop, &ids[..1]).await;
        assert_eq!(shop.values().await, Vec::<Value>::new(), "the month's first tier is nothing new");
        acknowledge(&shop, &ids).await;
        acknowledge(&shop, &ids).await;
        let told = |tier: &str| {
            json!({"event": "VOLUME_BASED_PRICING_TIER_UPDATE", "volume_tier_info": {
                "tier_update_time": shop.system.now().seconds(), "pricing_category": "UTILITY", "tier": tier,
                "effective_month": "2026-11", "region": "Germany"}})
        };
        assert_eq!(shop.values().await, [told("2:2"), told("3:MAX")]);
        assert_eq!(verify(&shop).await.1, Vec::<String>::new());
    })
    .await;
}
