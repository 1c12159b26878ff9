//! Quality through the door: what people say moves the rating of numbers and templates, and what follows from it.

use super::limits::{number, template};
use super::*;
use plaza_business::quality;
use plaza_business::reach::{self, Tier};
use plaza_business::standing::{self, State as Stand};
use plaza_protocol::content::{Feedback, Opinion};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const TICK: Duration = Duration::from_millis(1);
const FIELDS: &[&str] = &[
    "messages",
    "user_preferences",
    "phone_number_quality_update",
    "business_capability_update",
    "message_template_quality_update",
    "message_template_status_update",
    "message_template_components_update",
    "template_category_update",
];

impl World {
    /// A person says what they make of the shop.
    pub(super) async fn thinks(&self, account: AccountId, number: &str, opinion: Opinion) {
        let body = content::Body::Feedback(Feedback { opinion: opinion.into() });
        let ctx = self.app.ctx.clone();
        let inbound = Inbound {
            account,
            number: number.parse().unwrap(),
            name: "Ben".to_owned(),
            message_id: ctx.ordered_id(),
            at: ctx.now(),
            content: Content { sender_name: "Ben".to_owned(), body: Some(body), ..Content::default() },
            group: None,
        };
        let (business, phone) = (self.app.business.clone(), self.shop.phone_number_id);
        let receive = async move |ctx: &Ctx, tx: &mut Tx| business.received(ctx, tx, phone, &inbound).await;
        self.app.db.transact::<_, SendError, _>(&ctx, "test.think", receive).await.unwrap();
    }

    /// The operator says what the shop may do.
    pub(super) async fn stands(&self, state: standing::State, until: Option<Duration>) {
        self.clock.advance(TICK);
        let until = until.map(|time| self.app.ctx.now() + time);
        let next = standing::Standing { state, violation: "SPAM".to_owned(), until };
        let (operator, waba) = (self.app.ctx.acting_as(Actor::Operator), self.shop.waba_id);
        let set = async move |ctx: &Ctx, tx: &mut Tx| standing::set(ctx, tx, waba, &next).await;
        self.app.db.transact(&operator, "test.stand", set).await.unwrap();
    }

    /// Housekeeping; how many ratings changed.
    async fn rates(&self) -> usize {
        // What is told at different moments has an order.
        self.clock.advance(TICK);
        let step = async |ctx: &Ctx, tx: &mut Tx| quality::step(ctx, tx).await;
        self.app.db.transact(&self.app.ctx, "test.rate", step).await.unwrap()
    }

    /// A template goes to these people and arrives.
    async fn reaches(&self, name: &str, people: std::ops::Range<usize>) {
        for at in people {
            let (status, sent) = self.post(&self.messages(), template(name, &number(at))).await;
            assert_eq!(status, 200, "{sent}");
            self.acknowledge(sent["messages"][0]["id"].as_str().unwrap()).await;
        }
    }

    async fn template_id(&self, name: &str) -> String {
        let (_, listed) = self.get(&format!("/{}/message_templates?name={name}", self.shop.waba_id)).await;
        listed["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Its status and rating.
    async fn standing(&self, id: &str) -> (Value, Value) {
        let (_, read) = self.get(&format!("/{id}?fields=status,quality_score")).await;
        (read["status"].clone(), read["quality_score"]["score"].clone())
    }

    async fn rating(&self) -> Value {
        let (_, read) = self.get(&format!("/{}?fields=quality_rating", self.shop.phone_number_id)).await;
        read["quality_rating"].clone()
    }
}

#[tokio::test]
async fn complaints_pause_a_template_twice_and_then_disable_it() {
    World::on_each_engine(business, async |world| {
        world.subscribe_to(&FIELDS[1..]).await;
        world.template("news", "MARKETING").await;
        let id = world.template_id("news").await;
        let mut accounts = Vec::new();
        for at in 0..50 {
            accounts.push(world.person(&number(at)).await);
        }
        world.reaches("news", 0..50).await;
        world.rates().await;
        assert_eq!(world.standing(&id).await, (json!("APPROVED"), json!("GREEN")));
        assert_eq!(world.rates().await, 0, "nothing is new");
        let complain = async |from: usize, to: usize| {
            for (at, account) in accounts.iter().enumerate().take(to).skip(from) {
                world.thinks(*account, &number(at), Opinion::Reported).await;
            }
        };
        complain(0, 2).await;
        assert_eq!(world.rates().await, 0, "two are chance");
        // 3 reports of today weigh 12 of 50 people: 240 in a thousand, but RED takes five.
        complain(2, 3).await;
        world.rates().await;
        assert_eq!(world.standing(&id).await, (json!("APPROVED"), json!("YELLOW")));
        let path = format!("/{id}?fields=health_status");
        assert_eq!(world.get(&path).await.1["health_status"]["can_send_message"], "LIMITED");

        for (pause, word) in [(3 * HOUR, "FIRST_PAUSE"), (6 * HOUR, "SECOND_PAUSE")] {
            complain(0, 5).await;
            world.rates().await;
            assert_eq!(world.standing(&id).await, (json!("PAUSED"), json!("RED")));
            let told = &world.events("message_template_status_update").await[0];
            assert_eq!((&told["event"], &told["other_info"]["title"]), (&json!("PAUSED"), &json!(word)));
            let refused = world.post(&world.messages(), template("news", &number(7))).await;
            assert_eq!(code(&refused), (400, 132_015));
            world.clock.advance(pause - TICK - TICK);
            world.rates().await;
            assert_eq!(world.standing(&id).await.0, "PAUSED");
            world.rates().await;
            assert_eq!(world.standing(&id).await, (json!("APPROVED"), json!("UNKNOWN")), "it begins anew");
            let told = &world.events("message_template_status_update").await[0];
            assert_eq!(
                (&told["event"], &told["other_info"]["title"]),
                (&json!("APPROVED"), &json!("UNPAUSE"))
            );
            world.clock.advance(HOUR);
            assert_eq!(world.rates().await, 0, "what led to the pause counts no more");
            world.reaches("news", 10..20).await;
        }
        complain(0, 5).await;
        world.rates().await;
        assert_eq!(world.standing(&id).await.0, "DISABLED");
        assert_eq!(code(&world.post(&world.messages(), template("news", &number(7))).await), (400, 132_016));
        let told = &world.events("message_template_status_update").await[0];
        assert!(told["disable_info"]["disable_date"].is_i64(), "{told}");
        let moves: Vec<(Value, Value)> = world
            .events("message_template_quality_update")
            .await
            .iter()
            .rev()
            .map(|told| (told["previous_quality_score"].clone(), told["new_quality_score"].clone()))
            .collect();
        let words = |from: &str, to: &str| (json!(from), json!(to));
        assert_eq!(
            moves[..4],
            [
                words("UNKNOWN", "GREEN"),
                words("GREEN", "YELLOW"),
                words("YELLOW", "RED"),
                words("RED", "UNKNOWN")
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_template_that_is_written_anew_begins_anew() {
    World::on_each_engine(business, async |world| {
        world.subscribe_to(FIELDS).await;
        world.template("news", "MARKETING").await;
        let id = world.template_id("news").await;
        world.people(6).await;
        for at in 0..6 {
            let account = world.person(&number(100 + at)).await;
            world.reaches("news", 100 + at..101 + at).await;
            world.thinks(account, &number(100 + at), Opinion::Blocked).await;
        }
        world.rates().await;
        assert_eq!(world.standing(&id).await.0, "PAUSED");
        let body = json!([{"type": "HEADER", "format": "TEXT", "text": "Tulip"},
            {"type": "BODY", "text": "Less often, and better bread."}]);
        assert_eq!(world.post(&format!("/{id}"), json!({"components": body})).await.0, 200);
        let told = &world.events("message_template_components_update").await[0];
        assert_eq!(told["message_template_element"], "Less often, and better bread.");
        assert_eq!(told["message_template_title"], "Tulip");
        assert_eq!(world.standing(&id).await, (json!("APPROVED"), json!("UNKNOWN")));
        world.rates().await;
        assert_eq!(world.standing(&id).await.0, "APPROVED");
        world.clock.advance(4 * HOUR);
        world.rates().await;
        assert_eq!(world.standing(&id).await, (json!("APPROVED"), json!("UNKNOWN")));
    })
    .await;
}

#[tokio::test]
async fn messages_that_nobody_opens_make_a_template_yellow() {
    World::on_each_engine(business, async |world| {
        world.template("news", "MARKETING").await;
        let id = world.template_id("news").await;
        world.people(100).await;
        world.reaches("news", 0..100).await;
        world.rates().await;
        assert_eq!(world.standing(&id).await.1, "GREEN", "there was no time to read them");
        world.clock.advance(DAY);
        world.rates().await;
        assert_eq!(world.standing(&id).await, (json!("APPROVED"), json!("YELLOW")));
        // Seven days later nothing of it counts.
        world.clock.advance(7 * DAY);
        world.rates().await;
        assert_eq!(world.standing(&id).await.1, "UNKNOWN");
    })
    .await;
}

#[tokio::test]
async fn a_number_that_people_block_is_red_and_costs_a_step_of_the_limit() {
    let begin = || business().reaching(Tier::People10K, None);
    World::on_each_engine(begin, async |world| {
        world.subscribe_to(FIELDS).await;
        world.template("ready", "UTILITY").await;
        let mut accounts = Vec::new();
        for at in 0..20 {
            accounts.push(world.person(&number(at)).await);
        }
        world.reaches("ready", 0..20).await;
        world.rates().await;
        assert_eq!(world.rating().await, "GREEN");
        for (at, account) in accounts.iter().enumerate().take(5) {
            world.thinks(*account, &number(at), Opinion::Blocked).await;
        }
        world.rates().await;
        assert_eq!(world.rating().await, "RED");
        let told = &world.events("phone_number_quality_update").await[0];
        assert_eq!(
            (
                &told["event"],
                &told["previous_quality_score"],
                &told["new_quality_score"],
                &told["current_limit"]
            ),
            (&json!("FLAGGED"), &json!("GREEN"), &json!("RED"), &json!("TIER_10K"))
        );
        let path = format!("/{}?fields=health_status", world.shop.phone_number_id);
        assert_eq!(world.get(&path).await.1["health_status"]["can_send_message"], "LIMITED");

        // Whoever thinks better of it is counted no more: four are not enough for RED.
        world.thinks(accounts[0], &number(0), Opinion::Unblocked).await;
        world.rates().await;
        assert_eq!(world.rating().await, "YELLOW");
        assert_eq!(world.events("phone_number_quality_update").await[0]["event"], "UNFLAGGED");
        world.thinks(accounts[0], &number(0), Opinion::Blocked).await;
        world.rates().await;
        assert_eq!(world.rating().await, "RED");

        // It stays so for a week: people go on complaining.
        world.clock.advance(6 * DAY);
        for (at, account) in accounts.iter().enumerate().take(10).skip(5) {
            world.thinks(*account, &number(at), Opinion::Reported).await;
        }
        world.rates().await;
        assert_eq!(world.limit().await, "TIER_10K");
        world.clock.advance(DAY);
        world.rates().await;
        assert_eq!((world.rating().await, world.limit().await), (json!("RED"), json!("TIER_2K")));
        assert_eq!(world.events("phone_number_quality_update").await[0]["event"], "DOWNGRADE");
        world.clock.advance(HOUR);
        world.rates().await;
        assert_eq!(world.limit().await, "TIER_2K", "one step a week");
        // And it does not rise meanwhile.
        let step = async |ctx: &Ctx, tx: &mut Tx| reach::step(ctx, tx).await;
        assert_eq!(world.app.db.transact(&world.app.ctx, "test.step", step).await.unwrap(), 0);
        world.clock.advance(7 * DAY);
        world.rates().await;
        assert_eq!(world.rating().await, "GREEN", "a quiet week");
    })
    .await;
}

#[tokio::test]
async fn who_wants_no_advertising_gets_none_and_opens_no_window() {
    World::on_each_engine(business, async |world| {
        world.subscribe_to(FIELDS).await;
        world.template("news", "MARKETING").await;
        world.template("ready", "UTILITY").await;
        let ana = world.ana;
        world.thinks(ana, ANA, Opinion::MarketingStopped).await;
        let told = world.events("user_preferences").await;
        let preference = &told[0]["user_preferences"][0];
        assert_eq!(
            (&preference["value"], &preference["category"]),
            (&json!("stop"), &json!("marketing_messages"))
        );
        assert_eq!(preference["wa_id"], "4915112345678");
        assert_eq!(world.events("messages").await.len(), 0, "it is no message");
        assert_eq!(code(&world.post(&world.messages(), text()).await), (400, 131_047), "no window");
        let news = template("news", ANA);
        assert_eq!(code(&world.post(&world.messages(), news.clone()).await), (400, 131_050));
        let path = format!("/v23.0/{}/marketing_messages", world.shop.phone_number_id);
        assert_eq!(code(&world.post(&path, news.clone()).await), (400, 131_050));
        assert_eq!(world.post(&world.messages(), template("ready", ANA)).await.0, 200, "what she ordered");
        world.thinks(ana, ANA, Opinion::MarketingResumed).await;
        assert_eq!(world.events("user_preferences").await[0]["user_preferences"][0]["value"], "resume");
        assert_eq!(world.post(&world.messages(), news).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn the_operator_puts_a_template_into_its_category() {
    World::on_each_engine(business, async |world| {
        world.subscribe_to(FIELDS).await;
        world.template("news", "UTILITY").await;
        let id: TemplateId = world.template_id("news").await.parse().unwrap();
        let operator = world.app.ctx.acting_as(Actor::Operator);
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_business::templates::set_category(ctx, tx, id, "MARKETING").await
        };
        world.app.db.transact(&operator, "test.category", set).await.unwrap();
        let told = &world.events("template_category_update").await[0];
        assert_eq!(
            (&told["previous_category"], &told["new_category"]),
            (&json!("UTILITY"), &json!("MARKETING"))
        );
        let (_, read) = world.get(&format!("/{id}?fields=category")).await;
        assert_eq!(read["category"], "MARKETING");
        let own = Actor::App { app: world.shop.app_id, portfolio: world.shop.business_id };
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_business::templates::set_category(ctx, tx, id, "UTILITY").await
        };
        let refused = world.app.db.transact(&world.app.ctx.acting_as(own), "test.category", set).await;
        assert!(refused.is_err(), "a business does not choose");
    })
    .await;
}

#[tokio::test]
async fn an_account_is_restricted_stopped_and_goes_on() {
    World::on_each_engine(business, async |world| {
        world.subscribe_to(&["account_update"]).await;
        world.template("ready", "UTILITY").await;
        let ready = template("ready", ANA);
        let status = async || {
            let (_, read) = world.get(&format!("/{}?fields=status", world.shop.phone_number_id)).await;
            read["status"].as_str().unwrap().to_owned()
        };
        let health = async || {
            let (_, read) = world.get(&format!("/{}?fields=health_status", world.shop.waba_id)).await;
            read["health_status"]["can_send_message"].as_str().unwrap().to_owned()
        };
        world.stands(Stand::Restricted, Some(7 * DAY)).await;
        assert_eq!((status().await.as_str(), health().await.as_str()), ("RESTRICTED", "LIMITED"));
        assert_eq!(code(&world.post(&world.messages(), ready.clone()).await), (403, 368));
        let told = world.events("account_update").await;
        assert_eq!(told[1]["violation_info"]["violation_type"], "SPAM");
        let restriction = &told[0]["restriction_info"][0];
        assert_eq!(restriction["restriction_type"], "RESTRICTED_BIZ_INITIATED_MESSAGING");
        assert_eq!(restriction["expiration"], world.app.ctx.now().seconds() + 7 * 24 * 3600);
        world.ana_writes().await;
        assert_eq!(world.post(&world.messages(), text()).await.0, 200, "it may answer");
        let path = format!("/{}/register", world.shop.phone_number_id);
        let anew = json!({"messaging_product": "whatsapp", "pin": "123456"});
        assert_eq!(code(&world.post(&path, anew).await), (403, 131_031), "no way around it");

        let step = async || {
            let step = async |ctx: &Ctx, tx: &mut Tx| standing::step(ctx, tx).await;
            world.app.db.transact(&world.app.ctx, "test.step", step).await.unwrap()
        };
        world.clock.advance(7 * DAY - Duration::from_micros(1));
        assert_eq!(step().await, 0);
        world.clock.advance(Duration::from_micros(1));
        assert_eq!((step().await, status().await.as_str()), (1, "CONNECTED"));
        assert_eq!(world.post(&world.messages(), ready.clone()).await.0, 200);

        world.stands(Stand::Disabled, None).await;
        assert_eq!((status().await.as_str(), health().await.as_str()), ("BANNED", "BLOCKED"));
        world.ana_writes().await;
        assert_eq!(code(&world.post(&world.messages(), text()).await), (403, 131_031));
        assert_eq!(world.events("account_update").await[0]["ban_info"]["waba_ban_state"], "DISABLE");
        world.stands(Stand::Active, None).await;
        assert_eq!(world.events("account_update").await[0]["ban_info"]["waba_ban_state"], "REINSTATE");
        assert_eq!(world.post(&world.messages(), text()).await.0, 200);

        // Another business is not touched, and cannot do it.
        let rival = Actor::App { app: world.rival.app_id, portfolio: world.rival.business_id };
        let waba = world.shop.waba_id;
        let next = standing::Standing { state: Stand::Disabled, violation: String::new(), until: None };
        let set = async move |ctx: &Ctx, tx: &mut Tx| standing::set(ctx, tx, waba, &next).await;
        assert!(world.app.db.transact(&world.app.ctx.acting_as(rival), "test.stand", set).await.is_err());
    })
    .await;
}
