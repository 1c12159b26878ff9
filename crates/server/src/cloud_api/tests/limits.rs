//! Marketing messages, and the limits on whom a business writes to first, through the door and on both engines.

use super::*;
use plaza_business::reach::{self, MarketingCap, Tier};
use plaza_business::webhooks::{self, DeliveryFilter};
use plaza_protocol::MessageId;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn template(name: &str, to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": "template",
        "template": {"name": name, "language": {"code": "en_US"}}})
}

/// A number outside the countries without a marketing cap.
pub(super) fn number(at: usize) -> String {
    format!("+5511{at:09}")
}

impl World {
    pub(super) async fn template(&self, name: &str, category: &str) {
        let path = format!("/{}/message_templates", self.shop.waba_id);
        let body = json!({"name": name, "language": "en_US", "category": category,
            "components": [{"type": "BODY", "text": "Fresh bread today."}]});
        let (status, made) = self.post(&path, body).await;
        assert_eq!(status, 200, "{made}");
    }

    pub(super) async fn people(&self, count: usize) {
        for at in 0..count {
            self.person(&number(at)).await;
        }
    }

    async fn send(&self, name: &str, at: usize) -> (u16, i64) {
        let answer = self.post(&self.messages(), template(name, &number(at))).await;
        if answer.0 == 200 { (200, 0) } else { code(&answer) }
    }

    /// Sends to many at the same time; how many got it.
    pub(super) async fn send_all(&self, name: &str, people: std::ops::Range<usize>) -> usize {
        let mut sent = 0;
        for some in people.collect::<Vec<_>>().chunks(64) {
            let sends = some.iter().map(|at| self.send(name, *at));
            let outcomes = futures_util::future::join_all(sends).await;
            assert!(
                outcomes.iter().all(|outcome| matches!(outcome, (200, 0) | (400, 131_064))),
                "{outcomes:?}"
            );
            sent += outcomes.iter().filter(|outcome| outcome.0 == 200).count();
        }
        sent
    }

    /// The events of a field, the newest first.
    pub(super) async fn events(&self, field: &str) -> Vec<Value> {
        let list = async |ctx: &Ctx, tx: &mut Tx| {
            webhooks::deliveries(ctx, tx, &DeliveryFilter::default(), None, 100).await
        };
        let deliveries = self.app.db.read(&self.app.ctx, "test.deliveries", list).await.unwrap();
        let changes = deliveries.iter().map(|delivery| {
            let body: Value = serde_json::from_str(&delivery.body).unwrap();
            body["entry"][0]["changes"][0].clone()
        });
        changes.filter(|change| change["field"] == field).map(|change| change["value"].clone()).collect()
    }

    async fn subscribe(&self) {
        self.subscribe_to(&["messages", "phone_number_quality_update", "business_capability_update"]).await;
    }

    pub(super) async fn subscribe_to(&self, fields: &[&str]) {
        let app = self.shop.app_id;
        let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            let callback = webhooks::Callback { url: "https://example.org/hook".to_owned(), updates_max: 1 };
            webhooks::set_app_subscription(ctx, tx, app, &callback, &fields).await
        };
        self.app.db.transact(&self.app.ctx, "test.subscribe", set).await.unwrap();
    }

    pub(super) async fn acknowledge(&self, wamid: &str) {
        let id = plaza_business::wamid::parse(wamid).unwrap();
        let (business, at) = (self.app.business.clone(), self.app.ctx.now());
        let deliver = async move |ctx: &Ctx, tx: &mut Tx| {
            business.device_acknowledged(ctx, tx, &[(MessageId(id.0), at)]).await
        };
        self.app.db.transact(&self.app.ctx, "test.deliver", deliver).await.unwrap();
    }

    async fn step(&self) -> usize {
        let step = async |ctx: &Ctx, tx: &mut Tx| reach::step(ctx, tx).await;
        self.app.db.transact(&self.app.ctx, "test.step", step).await.unwrap()
    }

    pub(super) async fn limit(&self) -> Value {
        let field = "whatsapp_business_manager_messaging_limit";
        self.get(&format!("/{}?fields={field}", self.shop.phone_number_id)).await.1[field].clone()
    }
}

#[tokio::test]
async fn marketing_messages_have_their_own_address_and_word() {
    World::on_each_engine(business, async |world| {
        world.subscribe().await;
        world.template("news", "MARKETING").await;
        world.template("ready", "UTILITY").await;
        let path = format!("/v23.0/{}/marketing_messages", world.shop.phone_number_id);
        let mut request = template("news", ANA);
        request["product_policy"] = json!("STRICT");
        request["message_activity_sharing"] = json!("True");
        let (status, sent) = world.post(&path, request).await;
        assert_eq!((status, &sent["messages"][0]["message_status"]), (200, &json!("accepted")), "{sent}");
        world.clock.advance(Duration::from_secs(1));
        world.acknowledge(sent["messages"][0]["id"].as_str().unwrap()).await;
        let pricing =
            json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "marketing_lite"});
        for value in world.events("messages").await {
            assert_eq!(value["statuses"][0]["pricing"], pricing, "{value}");
        }
        assert_eq!(world.events("messages").await.len(), 2, "sent and delivered");

        let refused = async |change: &dyn Fn(&mut Value)| {
            let mut request = template("news", ANA);
            change(&mut request);
            code(&world.post(&path, request).await)
        };
        assert_eq!(refused(&|request| request["template"]["name"] = json!("ready")).await, (400, 134_100));
        assert_eq!(refused(&|request| *request = text()).await, (400, 131_055));
        assert_eq!(refused(&|request| request["product_policy"] = json!("LOOSE")).await, (400, 131_009));
        assert_eq!(refused(&|request| request["message_activity_sharing"] = json!("x")).await, (400, 131_009));
        assert_eq!(refused(&|request| request["template"]["name"] = json!("none")).await, (404, 132_001));
        assert_eq!(refused(&|request| request["messaging_product"] = Value::Null).await, (400, 131_008));
        let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x"});
        assert_eq!(code(&world.post(&path, mark).await).0, 400, "read marks have another address");
        assert_eq!(world.post(&world.messages(), template("ready", ANA)).await.0, 200);

        assert_eq!(world.post(&world.messages(), template("news", ANA)).await.0, 200, "both ways at first");
        let waba = format!("/{}", world.shop.waba_id);
        let only = json!({"disable_marketing_messages_on_cloud_api": true});
        assert_eq!(world.post(&waba, only).await.0, 200);
        let answer = world.post(&world.messages(), template("news", ANA)).await;
        assert_eq!(code(&answer), (400, 131_063));
        assert_eq!(world.post(&path, template("news", ANA)).await.0, 200);
        let field = "disable_marketing_messages_on_cloud_api";
        assert_eq!(world.get(&format!("{waba}?fields={field}")).await.1[field], true);
    })
    .await;
}

#[tokio::test]
async fn a_second_layer_of_encryption_is_refused_where_it_is_asked_for() {
    let world = World::open().await;
    let phone = world.shop.phone_number_id;
    let sealed = json!({"messaging_product": "whatsapp", "encrypted_contents": "e30"});
    let answer = world.post(&format!("/{phone}/messages_encrypted"), sealed).await;
    assert_eq!(code(&answer), (400, 100));
    let details = answer.1["error"]["error_data"]["details"].as_str().unwrap();
    assert!(details.contains("send at the address messages"), "{details}");
    let on = json!({"payload_encryption": {"status": "ENABLED", "client_encryption_key": "AA"}});
    assert_eq!(code(&world.post(&format!("/{phone}/settings"), on).await), (400, 100));
    let off = json!({"payload_encryption": {"status": "disabled"}});
    assert_eq!(world.post(&format!("/{phone}/settings"), off).await.0, 200);
}

#[tokio::test]
async fn a_business_reaches_250_people_in_24_hours_and_no_more() {
    let begin = || business().reaching(Tier::People250, None);
    World::on_each_engine(begin, async |world| {
        world.template("ready", "UTILITY").await;
        world.people(252).await;
        assert_eq!(world.limit().await, "TIER_250");
        for at in 0..250 {
            assert_eq!(world.send("ready", at).await, (200, 0), "person {at}");
            world.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(world.send("ready", 250).await, (400, 131_064), "one more");
        let details = world.post(&world.messages(), template("ready", &number(250))).await.1;
        // The first was reached 250 minutes ago.
        let details = details["error"]["error_data"]["details"].as_str().unwrap();
        assert!(details.contains("250 people") && details.contains("in 1190 minutes"), "{details}");
        assert_eq!(world.send("ready", 17).await, (200, 0), "who was reached already takes no second place");
        world.ana_writes().await;
        assert_eq!(world.post(&world.messages(), text()).await.0, 200, "an open window takes none");
        assert_eq!(world.post(&world.messages(), template("ready", ANA)).await.0, 200);

        // To the microsecond: a place is free again when 24 hours are over, and it is one place.
        world.clock.advance(DAY - Duration::from_secs(250 * 60) - Duration::from_micros(1));
        assert_eq!(world.send("ready", 250).await, (400, 131_064));
        world.clock.advance(Duration::from_micros(1));
        assert_eq!(world.send("ready", 250).await, (200, 0));
        assert_eq!(world.send("ready", 251).await, (400, 131_064));
        // The rival has a limit of its own.
        let path = format!("/{}/message_templates", world.rival.waba_id);
        let made = json!({"name": "ready", "language": "en_US", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Roses."}]});
        let token = world.rival.access_token.0.clone();
        assert_eq!(world.as_token("POST", &path, &token, made).await.0, 200);
        let path = format!("/{}/messages", world.rival.phone_number_id);
        let sent = world.as_token("POST", &path, &token, template("ready", &number(251))).await;
        assert_eq!(sent.0, 200, "{}", sent.1);
    })
    .await;
}

#[tokio::test]
async fn sends_at_the_same_moment_take_as_many_places_as_there_are() {
    let begin = || business().reaching(Tier::People250, None);
    World::on_each_engine(begin, async |world| {
        world.template("ready", "UTILITY").await;
        world.people(300).await;
        assert_eq!(world.send_all("ready", 0..300).await, 250);
        // The same people again: those who were reached, and no others.
        assert_eq!(world.send_all("ready", 0..300).await, 250);
        world.clock.advance(DAY);
        assert_eq!(world.send_all("ready", 20..300).await, 250);
        assert_eq!(world.delivered.load(Ordering::SeqCst), 750);
        assert_eq!(world.send_all("ready", 0..20).await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_limit_shows_before_it_is_reached() {
    let begin = || business().reaching(Tier::People250, None);
    World::on_each_engine(begin, async |world| {
        world.template("ready", "UTILITY").await;
        world.people(250).await;
        let health = async || {
            let path = format!("/{}?fields=health_status", world.shop.phone_number_id);
            let (_, answer) = world.get(&path).await;
            let entities = answer["health_status"]["entities"].as_array().unwrap().clone();
            entities.into_iter().find(|entity| entity["entity_type"] == "BUSINESS").unwrap()
        };
        let used = async |at: usize| {
            let request = world.request("POST", &world.messages());
            let body = Body::from(template("ready", &number(at)).to_string());
            let (headers, status, answer) = world.ask_all(request.body(body).unwrap()).await;
            assert_eq!(status, 200, "{answer}");
            let told: Value =
                serde_json::from_str(headers["x-business-use-case-usage"].to_str().unwrap()).unwrap();
            let told = &told[world.shop.business_id.to_string()][0];
            assert_eq!(told["type"], "whatsapp_business_messaging");
            told["call_count"].as_i64().unwrap()
        };
        assert_eq!(health().await["can_send_message"], "AVAILABLE");
        for at in 0..199 {
            assert_eq!(used(at).await, i64::try_from(at + 1).unwrap() * 100 / 250);
        }
        assert_eq!(health().await["can_send_message"], "AVAILABLE");
        assert_eq!(used(199).await, 80);
        let told = health().await;
        assert_eq!(told["can_send_message"], "LIMITED");
        assert!(told["additional_info"][0].as_str().unwrap().starts_with("200 of 250 people"), "{told}");
        for at in 200..250 {
            used(at).await;
        }
        assert_eq!(health().await["errors"][0]["error_code"], 131_064);
        world.clock.advance(DAY);
        assert_eq!(health().await["can_send_message"], "AVAILABLE", "a new day");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_paid_takes_no_place() {
    let cap = || business().reaching(Tier::People250, Some(MarketingCap { messages_max: 1, period: DAY }));
    World::on_each_engine(cap, async |world| {
        world.people(6).await;
        let made = world.app.business.clone();
        let make = async move |ctx: &Ctx, tx: &mut Tx| {
            // Enough for one message to Brazil.
            let credit = Micros(80_000);
            let new = NewBusiness { credit, ..new_business("Poor", "+4930901822", ctx.uuid()) };
            made.create(ctx, tx, &new).await
        };
        let poor = world.app.db.transact(&world.app.ctx, "test.poor", make).await.unwrap();
        let token = poor.access_token.0.clone();
        let made = json!({"name": "news", "language": "en_US", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Bread."}]});
        let path = format!("/{}/message_templates", poor.waba_id);
        assert_eq!(world.as_token("POST", &path, &token, made).await.0, 200);
        let path = format!("/{}/messages", poor.phone_number_id);
        let send = async |at: usize| {
            let answer = world.as_token("POST", &path, &token, template("news", &number(at))).await;
            if answer.0 == 200 { (200, 0) } else { code(&answer) }
        };
        // Together, so that they share transactions where there is one writer.
        let mut outcomes = futures_util::future::join_all((0..6).map(&send)).await;
        let paid = outcomes.iter().position(|outcome| *outcome == (200, 0)).unwrap();
        outcomes.remove(paid);
        assert_eq!(outcomes, [(400, 131_042); 5], "the balance is for one");
        let portfolio = poor.business_id;
        let used = async || {
            let read = async move |ctx: &Ctx, tx: &mut Tx| reach::standing(ctx, tx, portfolio).await;
            let standing = world.app.db.read(&world.app.ctx, "test.standing", read).await.unwrap();
            standing.reach.unwrap().people
        };
        assert_eq!(used().await, 1);
        let top_up = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::top_up(ctx, tx, portfolio, Micros(10_000_000), "more").await
        };
        world.app.db.transact(&world.app.ctx, "test.credit", top_up).await.unwrap();
        for at in 0..6 {
            let expected = if at == paid { (400, 131_049) } else { (200, 0) };
            assert_eq!(send(at).await, expected, "{at}");
        }
        assert_eq!(used().await, 6);
    })
    .await;
}

#[tokio::test]
async fn a_person_gets_so_much_advertising_over_all_businesses() {
    let begin = || {
        let cap = MarketingCap { messages_max: 2, period: DAY };
        business().reaching(Tier::Unlimited, Some(cap))
    };
    World::on_each_engine(begin, async |world| {
        world.template("news", "MARKETING").await;
        world.template("ready", "UTILITY").await;
        world.people(2).await;
        let token = world.rival.access_token.0.clone();
        let made = json!({"name": "news", "language": "en_US", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Roses."}]});
        let path = format!("/{}/message_templates", world.rival.waba_id);
        assert_eq!(world.as_token("POST", &path, &token, made).await.0, 200);
        let rival = async |at: usize| {
            let path = format!("/{}/messages", world.rival.phone_number_id);
            world.as_token("POST", &path, &token, template("news", &number(at))).await
        };
        assert_eq!(world.send("news", 0).await, (200, 0));
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(rival(0).await.0, 200, "the second, from somebody else");
        assert_eq!(world.send("news", 0).await, (400, 131_049), "the third");
        assert_eq!(code(&rival(0).await), (400, 131_049));
        assert_eq!(world.send("ready", 0).await, (200, 0), "that is no advertising");
        assert_eq!(world.send("news", 1).await, (200, 0), "somebody else");
        for _ in 0..3 {
            let sent = world.post(&world.messages(), template("news", ANA)).await;
            assert_eq!(sent.0, 200, "no cap in Germany: {}", sent.1);
        }
        world.clock.advance(DAY - Duration::from_secs(3600) - Duration::from_micros(1));
        assert_eq!(world.send("news", 0).await, (400, 131_049));
        world.clock.advance(Duration::from_micros(1));
        assert_eq!(world.send("news", 0).await, (200, 0), "the first is a day old");
        assert_eq!(world.send("news", 0).await, (400, 131_049), "the second is not");
    })
    .await;
}

#[tokio::test]
async fn the_limit_rises_by_use_and_is_told() {
    let begin = || business().reaching(Tier::People250, None);
    World::on_each_engine(begin, async |world| {
        world.subscribe().await;
        assert_eq!(world.step().await, 0);
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.step().await, 0, "nothing was earned");
        let apply = json!({"action": "SUBMIT_APPLICATION", "application_data": {"business_name": "Tulip"}});
        let path = format!("/{}/official_business_account", world.shop.phone_number_id);
        assert_eq!(world.post(&path, apply).await.0, 200);
        assert_eq!(world.step().await, 0, "looked at a moment ago");
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.step().await, 1, "an official account");
        assert_eq!(world.limit().await, "TIER_2K");
        let told = world.events("phone_number_quality_update").await;
        assert_eq!(
            told,
            [json!({"display_phone_number": "4930901820", "event": "UPGRADE", "old_limit": "TIER_250",
                "current_limit": "TIER_2K", "max_daily_conversations_per_business": "TIER_2K"})]
        );
        let told = world.events("business_capability_update").await;
        assert_eq!(told[0]["max_daily_conversations_per_business"], "TIER_2K");

        world.template("ready", "UTILITY").await;
        world.people(1000).await;
        assert_eq!(world.send_all("ready", 0..999).await, 999);
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.step().await, 0, "one less than half");
        assert_eq!(world.send("ready", 999).await, (200, 0));
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.step().await, 1, "half");
        assert_eq!(world.limit().await, "TIER_10K");
        world.clock.advance(8 * DAY);
        assert_eq!(world.step().await, 0, "what was used a week ago does not count");
    })
    .await;
}
