//! Every error code that the surface can give, each through the door. A code without a way to it here fails the test.

use super::*;
use plaza_business::codes::{self, Code};
use plaza_business::reach::{MarketingCap, Tier};
use plaza_business::{flows, templates, users};

/// A thousand calls that ring.
const CALL_MANY: Sql = Sql {
    name: "tests::CALL_MANY",
    text: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO voice_call (call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state, created_at,
            due_at, is_pre_accepted)
        SELECT CAST(printf('%016d', i) AS BLOB), $1, $2, CAST(printf('%016d', i) AS BLOB), FALSE, 0, $3, $3, FALSE FROM n",
};

const BLOCK_MANY: Sql = Sql {
    name: "tests::BLOCK_MANY",
    text: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64000)
        INSERT INTO business_block (phone_number_id, account_id, portfolio_id, created_at)
        SELECT $1, CAST(printf('%016d', i) AS BLOB), $2, $3 FROM n",
};

#[tokio::test]
async fn every_code_is_met() {
    let mut unmet = Vec::new();
    for code in codes::ALL {
        match provoke(*code).await {
            Some((status, answer)) => assert_eq!(
                (status, &answer["error"]["code"]),
                (code.status, &json!(code.number)),
                "{}: {answer}",
                code.title
            ),
            None => unmet.push(code.number),
        }
    }
    assert!(unmet.is_empty(), "no test meets these codes: {unmet:?}");
}

/// An answer with the code. `None`: nobody has said how to come by it.
async fn provoke(code: Code) -> Option<(u16, Value)> {
    let (db, folder) = sqlite().await;
    let cap = MarketingCap { messages_max: 1, period: Duration::from_secs(3600) };
    let business = match code {
        codes::THROUGHPUT => business().limited_to(Some(1)),
        codes::PAIR_RATE => business().limited_to(Some(1000)),
        codes::MESSAGING_LIMIT => business().reaching(Tier::People250, None),
        codes::MARKETING_CAP => business().reaching(Tier::Unlimited, Some(cap)),
        codes::CONNECTED_CALLS => business().calling(1),
        codes::GROUP_LIMIT => business().grouping(1),
        codes::NO_GROUPS => business().grouping(0),
        _ => business(),
    };
    let world = World::on(db, folder, business).await;
    let phone = world.shop.phone_number_id;
    let path = world.messages();
    Some(match code {
        codes::CLIENT_SECRET => {
            let exchange = "/oauth/access_token?grant_type=client_credentials&client_secret=x&client_id=";
            world.get(&format!("{exchange}{}", world.shop.app_id)).await
        }
        codes::SERVICE => {
            let blobs = world.blobs();
            std::fs::remove_dir_all(&blobs).unwrap();
            std::fs::write(&blobs, "not a folder").unwrap();
            world.upload_picture().await
        }
        codes::TOO_MANY_CALLS => {
            let phone = world.new_number().await;
            let ask = json!({"code_method": "SMS", "language": "en_US"});
            world.until_refused(&format!("/{phone}/request_code"), &ask).await
        }
        codes::APP_TOKEN_NEEDED => {
            let token = world.partner_token().await;
            let path = format!("/{}/subscriptions", world.shop.app_id);
            world.as_token("POST", &path, &token, json!({})).await
        }
        codes::INVALID_PARAMETER => world.post("/v23.0/unknown", json!({})).await,
        codes::TOO_LARGE => {
            let request = world.request("POST", &path).body(Body::from(vec![b' '; BODY_BYTES_MAX + 1]));
            world.ask(request.unwrap()).await
        }
        codes::TOKEN_NEEDED => {
            world.ask(HttpRequest::get(format!("/v23.0/{phone}")).body(Body::empty()).unwrap()).await
        }
        codes::TOKEN_INVALID => world.as_token("GET", &format!("/{phone}"), "EAAwrong", json!({})).await,
        codes::PERMISSION => {
            let token = format!("{}|{}", world.shop.app_id, world.shop.app_secret.0);
            world.as_token("POST", &path, &token, text()).await
        }
        codes::ACCOUNT_CALLS => {
            assert_eq!(world.post(&format!("/{phone}/deregister"), json!({})).await.0, 200);
            let mut last = world.get(&format!("/{phone}/settings")).await;
            for _ in 0..200 {
                last = world.get(&format!("/{phone}/settings")).await;
            }
            last
        }
        codes::INSIGHTS_STAY => {
            let waba = format!("/{}", world.shop.waba_id);
            world.post(&waba, json!({"is_enabled_for_insights": true})).await;
            world.post(&waba, json!({"is_enabled_for_insights": false})).await
        }
        codes::CALLBACK_VERIFICATION => {
            let url = endpoint(|_| http("200 OK", "hello")).await;
            let callback = json!({"override_callback_uri": url, "verify_token": "vt"});
            world.post(&format!("/{}/subscribed_apps", world.shop.waba_id), callback).await
        }
        codes::THROUGHPUT | codes::PAIR_RATE => {
            world.ana_writes().await;
            world.until_refused(&path, &text()).await
        }
        codes::SOMETHING_WRONG => world.with_another_key().await,
        codes::PARAMETER_MISSING => world.sends_text_with(|message| message["text"] = Value::Null).await,
        codes::PARAMETER_VALUE => world.sends_text_with(|message| message["to"] = json!("Ana")).await,
        codes::RECIPIENT_IS_SENDER => {
            world.sends_text_with(|message| message["to"] = json!("+4930901820")).await
        }
        codes::UNDELIVERABLE => {
            world.sends_text_with(|message| message["to"] = json!("+4915199999999")).await
        }
        codes::UNSUPPORTED_TYPE => world.sends_text_with(|message| message["type"] = json!("hologram")).await,
        codes::RE_ENGAGEMENT => world.post(&path, text()).await,
        codes::PAYMENT => {
            let poor = world.poor_business().await;
            let token = &poor.access_token.0;
            let path = format!("/{}/message_templates", poor.waba_id);
            let made = world.as_token("POST", &path, token, template("ready", "We are open.")).await;
            assert_eq!(made.0, 200, "{}", made.1);
            let path = format!("/{}/messages", poor.phone_number_id);
            world.as_token("POST", &path, token, filled("ready", &[])).await
        }
        codes::MEDIA_UPLOAD => {
            let picture = world.upload_picture().await.1["id"].clone();
            let audio = json!({"id": picture});
            world
                .sends_text_with(|message| (message["type"], message["audio"]) = (json!("audio"), audio))
                .await
        }
        codes::MEDIA_DOWNLOAD => {
            let picture = world.upload_picture().await.1["id"].as_str().unwrap().to_owned();
            for file in walk(&world.blobs()) {
                let length = std::fs::metadata(&file).unwrap().len();
                std::fs::write(&file, vec![0; usize::try_from(length).unwrap()]).unwrap();
            }
            let url = world.get(&format!("/{picture}")).await.1["url"].as_str().unwrap().to_owned();
            world.get(url.trim_start_matches("http://plaza.test")).await
        }
        codes::TEMPLATE_NOT_FOUND => world.sends_template("nothing", &[]).await,
        codes::TEMPLATE_PARAMETER_COUNT => {
            world.makes_template("ready", "Hi {{1}}, we are open.").await;
            world.sends_template("ready", &[]).await
        }
        codes::TEMPLATE_PARAMETER_FORMAT => {
            world.makes_template("ready", "Hi {{1}}, we are open.").await;
            world.sends_template("ready", &[json!({"type": "image", "image": {"id": "1"}})]).await
        }
        codes::TEMPLATE_TOO_LONG => {
            world.makes_template("ready", "Hi {{1}}, we are open.").await;
            let long = json!({"type": "text", "text": "x".repeat(1024)});
            world.sends_template("ready", &[long]).await
        }
        codes::TEMPLATE_PAUSED => world.sends_template_that_is(templates::Status::Paused).await,
        codes::TEMPLATE_DISABLED => world.sends_template_that_is(templates::Status::Disabled).await,
        codes::FLOW_BLOCKED => world.sends_flow_that_is(flows::Status::Blocked).await,
        codes::FLOW_THROTTLED => world.sends_flow_that_is(flows::Status::Throttled).await,
        codes::REVERIFICATION_NEEDED => {
            let phone = world.new_number().await;
            world.registers(&phone, "123456").await
        }
        codes::PIN_MISMATCH => {
            world.registers(&phone.to_string(), "123456").await;
            world.registers(&phone.to_string(), "654321").await
        }
        codes::PIN_TOO_FAST => {
            world.registers(&phone.to_string(), "123456").await;
            world.registers(&phone.to_string(), "654321").await;
            world.registers(&phone.to_string(), "123456").await
        }
        codes::PIN_GUESSES => {
            world.registers(&phone.to_string(), "123456").await;
            for _ in 0..5 {
                world.registers(&phone.to_string(), "654321").await;
                world.clock.advance(Duration::from_secs(60));
            }
            world.registers(&phone.to_string(), "123456").await
        }
        codes::NOT_REGISTERED => {
            assert_eq!(world.post(&format!("/{phone}/deregister"), json!({})).await.0, 200);
            world.sends_text_with(|_| ()).await
        }
        codes::REGISTRATION_LIMIT => {
            let registration = json!({"messaging_product": "whatsapp", "pin": "123456"});
            world.until_refused(&format!("/{phone}/register"), &registration).await
        }
        codes::FLOW_UPDATE | codes::FLOW_DELETE | codes::FLOW_DEPRECATE | codes::FLOW_PUBLISH => {
            let flow = world.flow(json!({"name": "a", "categories": "OTHER"})).await;
            if code == codes::FLOW_DEPRECATE || code == codes::FLOW_PUBLISH {
                let step = if code == codes::FLOW_PUBLISH { "publish" } else { "deprecate" };
                return Some(world.post(&format!("/{flow}/{step}"), json!({})).await);
            }
            let done = super::flows::document("complete");
            world.post(&format!("/{flow}/assets"), json!({"asset_type": "FLOW_JSON", "file": done})).await;
            assert_eq!(world.post(&format!("/{flow}/publish"), json!({})).await.0, 200);
            match code {
                codes::FLOW_UPDATE => {
                    let again = json!({"asset_type": "FLOW_JSON", "file": done});
                    world.post(&format!("/{flow}/assets"), again).await
                }
                _ => world.delete(&format!("/{flow}"), json!({})).await,
            }
        }
        codes::INSIGHTS_OFF => {
            let asked = "start=1&end=2&granularity=daily&template_ids=1";
            world.get(&format!("/{}/template_analytics?{asked}", world.shop.waba_id)).await
        }
        codes::MESSAGING_LIMIT => {
            world.template("ready", "UTILITY").await;
            world.people(251).await;
            assert_eq!(world.send_all("ready", 0..250).await, 250);
            world.post(&path, limits::template("ready", &limits::number(250))).await
        }
        codes::MARKETING_CAP => {
            world.template("news", "MARKETING").await;
            world.people(1).await;
            let news = limits::template("news", &limits::number(0));
            assert_eq!(world.post(&path, news.clone()).await.0, 200);
            world.post(&path, news).await
        }
        codes::MARKETING_OFF => {
            world.template("news", "MARKETING").await;
            let only = json!({"disable_marketing_messages_on_cloud_api": true});
            assert_eq!(world.post(&format!("/{}", world.shop.waba_id), only).await.0, 200);
            world.post(&path, limits::template("news", ANA)).await
        }
        codes::LOCKED | codes::RESTRICTED => {
            use plaza_business::standing::State;
            world.template("ready", "UTILITY").await;
            world.stands(if code == codes::LOCKED { State::Disabled } else { State::Restricted }, None).await;
            world.post(&path, limits::template("ready", ANA)).await
        }
        codes::MARKETING_STOPPED => {
            world.template("news", "MARKETING").await;
            world.thinks(world.ana, ANA, content::Opinion::MarketingStopped).await;
            world.post(&path, limits::template("news", ANA)).await
        }
        codes::METHOD_NOT_ALLOWED => world.post(&format!("/{phone}/marketing_messages"), text()).await,
        codes::MARKETING_ONLY => {
            world.template("ready", "UTILITY").await;
            world.post(&format!("/{phone}/marketing_messages"), limits::template("ready", ANA)).await
        }
        codes::CALLING_OFF => world.connects().await,
        codes::UNCALLABLE => {
            world.takes_calls(json!({"status": "ENABLED"})).await;
            world.post(&format!("/{phone}/calls"), calls::connect("+4915199999999")).await
        }
        codes::NO_CALL_PERMISSION => {
            world.takes_calls(json!({"status": "ENABLED"})).await;
            world.connects().await
        }
        codes::CALL_PREREQUISITES => {
            world.ana_allows(true).await;
            world.subscribe_to(&["messages"]).await;
            world.connects().await
        }
        codes::CALL_RATE => {
            world.takes_calls(json!({"status": "ENABLED"})).await;
            for _ in 0..50 {
                assert_eq!(super::code(&world.connects().await), (401, 138_006));
            }
            world.connects().await
        }
        codes::DUPLICATE_CALL => {
            world.ana_allows(true).await;
            assert_eq!(world.connects().await.0, 200);
            world.connects().await
        }
        codes::CONCURRENT_CALLS => {
            world.ana_allows(true).await;
            let portfolio = world.shop.business_id;
            let fill = async move |ctx: &Ctx, tx: &mut Tx| {
                tx.execute(CALL_MANY, params![portfolio, phone, ctx.now()]).await
            };
            world.app.db.transact::<_, DbError, _>(&world.app.ctx, "test.calls", fill).await.unwrap();
            world.connects().await
        }
        codes::CONNECTED_CALLS => {
            world.ana_allows(true).await;
            let call = world.connects().await.1["calls"][0]["id"].as_str().unwrap().to_owned();
            world.ana_signals(&call, calls::picks_up()).await;
            assert_eq!(world.acts("terminate", &call).await.0, 200);
            world.connects().await
        }
        codes::CALL_CONNECTION => {
            let call = world.ana_calls().await;
            world.ana_signals(&call, calls::hangs_up()).await;
            world.acts("accept", &call).await
        }
        codes::CALL_TIMEOUT => {
            let call = world.ana_calls().await;
            world.clock.advance(Duration::from_secs(60));
            world.end_due_calls().await;
            world.acts("accept", &call).await
        }
        codes::CALL_REQUEST_LIMIT => {
            world.ana_allows(false).await;
            world.asks_to_call().await
        }
        codes::PERMANENT_PERMISSION => {
            world.ana_allows(true).await;
            world.asks_to_call().await
        }
        codes::CALL_PAYMENT => {
            world.ana_allows(true).await;
            world.spend_all().await;
            world.connects().await
        }
        codes::BLOCK_FAILED => world.blocks("+4915199999999").await,
        codes::BLOCK_LIMIT => {
            world.ana_writes().await;
            let portfolio = world.shop.business_id;
            let fill = async move |ctx: &Ctx, tx: &mut Tx| {
                tx.execute(BLOCK_MANY, params![phone, portfolio, ctx.now()]).await
            };
            world.app.db.transact::<_, DbError, _>(&world.app.ctx, "test.block", fill).await.unwrap();
            // It stands beside the person that it is about.
            let (status, answer) = world.blocks(ANA).await;
            let failed = &answer["block_users"]["failed_users"][0]["errors"][0];
            (status, json!({"error": failed}))
        }
        codes::EMPTY_GROUP
        | codes::UNKNOWN_GROUP
        | codes::NAMED_TWICE
        | codes::GROUP_FULL
        | codes::GROUP_SUSPENDED
        | codes::PICTURE_NOT_SQUARE
        | codes::PICTURE_TOO_SMALL
        | codes::GROUP_LIMIT
        | codes::PARTIAL_SUCCESS
        | codes::GROUP_RATE
        | codes::INVALID_CURSOR
        | codes::NOT_IN_GROUP
        | codes::NO_JOIN_REQUEST => world.meets_in_groups(code).await,
        codes::NO_GROUPS | codes::GROUPS_PAUSED => {
            use plaza_business::standing::State;
            if code == codes::GROUPS_PAUSED {
                world.stands(State::Restricted, None).await;
            }
            let asked = json!({"messaging_product": "whatsapp", "subject": "Bread club"});
            world.post(&format!("/{phone}/groups"), asked).await
        }
        codes::USERNAME_TAKEN => {
            let name = json!({"username": "tulip.garden"});
            let rival = format!("/{}/username", world.rival.phone_number_id);
            let taken = world.as_token("POST", &rival, &world.rival.access_token.0, name.clone()).await;
            assert_eq!(taken.0, 200, "{}", taken.1);
            world.post(&format!("/{phone}/username"), name).await
        }
        _ => return None,
    })
}

impl World {
    /// The codes of groups.
    async fn meets_in_groups(&self, code: Code) -> (u16, Value) {
        let group = self.group(json!({"join_approval_mode": "approval_required"})).await;
        let to = |group: &str| {
            json!({"messaging_product": "whatsapp", "recipient_type": "group", "to": group,
                "type": "text", "text": {"body": "Hi"}})
        };
        let out = json!({"messaging_product": "whatsapp", "participants": [{"user": ANA}]});
        let decide = |id: &str| json!({"messaging_product": "whatsapp", "join_requests": [id]});
        match code {
            codes::EMPTY_GROUP => self.post(&self.messages(), to(&group)).await,
            codes::UNKNOWN_GROUP => self.post(&self.messages(), to("cGxhemFfZ3JvdXA6MTc")).await,
            codes::GROUP_SUSPENDED => {
                self.suspend(&group, true).await;
                self.post(&self.messages(), to(&group)).await
            }
            codes::PICTURE_NOT_SQUARE => {
                self.sends_group_picture(&group, "file", &groups::png(300, 200)).await
            }
            codes::PICTURE_TOO_SMALL => {
                self.sends_group_picture(&group, "file", &groups::png(100, 100)).await
            }
            codes::GROUP_LIMIT => {
                let more = json!({"messaging_product": "whatsapp", "subject": "One more"});
                self.post(&format!("/{}/groups", self.shop.phone_number_id), more).await
            }
            codes::NOT_IN_GROUP => self.delete(&format!("/{group}/participants"), out).await,
            codes::NAMED_TWICE => {
                // It stands beside those who are out.
                let group = self.full_group(1).await.0;
                let twice = json!([{"user": limits::number(0)}, {"user": limits::number(0)}]);
                let out = json!({"messaging_product": "whatsapp", "participants": twice});
                let (_, answer) = self.delete(&format!("/{group}/participants"), out).await;
                (400, json!({"error": answer["failed_participants"][0]["errors"][0]}))
            }
            codes::PARTIAL_SUCCESS => {
                // It stands in an answer of 200, where it makes no client lose what was done.
                let group = self.full_group(1).await.0;
                let some = json!([{"user": limits::number(0)}, {"user": ANA}]);
                let out = json!({"messaging_product": "whatsapp", "participants": some});
                let (status, answer) = self.delete(&format!("/{group}/participants"), out).await;
                assert_eq!((status, answer["removed_participants"].as_array().map(Vec::len)), (200, Some(1)));
                (206, json!({"error": answer["errors"][0]}))
            }
            codes::GROUP_RATE => {
                let change = json!({"messaging_product": "whatsapp", "subject": "Bread and cake"});
                self.until_refused(&format!("/{group}"), &change).await
            }
            codes::INVALID_CURSOR => {
                self.get(&format!("/{}/groups?after=x", self.shop.phone_number_id)).await
            }
            codes::GROUP_FULL => {
                let group = self.full_group(8).await.0;
                self.post(&format!("/{group}/join_requests"), decide("jrq_00000000000000000000000000000000"))
                    .await
            }
            _ => self.post(&format!("/{group}/join_requests"), decide("17")).await,
        }
    }

    fn blobs(&self) -> std::path::PathBuf {
        self._folder.path().join("blobs")
    }

    /// A text to somebody whose window is open, with one thing changed.
    async fn sends_text_with(&self, change: impl FnOnce(&mut Value)) -> (u16, Value) {
        self.ana_writes().await;
        let mut message = text();
        change(&mut message);
        self.post(&self.messages(), message).await
    }

    /// Asks the same until it is too much.
    async fn until_refused(&self, path: &str, body: &Value) -> (u16, Value) {
        for _ in 0..300 {
            let answer = self.post(path, body.clone()).await;
            if answer.0 != 200 {
                return answer;
            }
        }
        panic!("{path} is taken three hundred times");
    }

    pub(super) async fn upload_picture(&self) -> (u16, Value) {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--x\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
            \x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\r\n--x--\r\n";
        let request = self.request("POST", &format!("/v23.0/{}/media", self.shop.phone_number_id));
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        self.ask(request.body(Body::from(body.to_vec())).unwrap()).await
    }

    async fn new_number(&self) -> String {
        let new = json!({"cc": "999", "phone_number": "30901999", "verified_name": "Tulip Garden"});
        let (status, added) = self.post(&format!("/{}/phone_numbers", self.shop.waba_id), new).await;
        assert_eq!(status, 200, "{added}");
        added["id"].as_str().unwrap().to_owned()
    }

    async fn registers(&self, phone: &str, pin: &str) -> (u16, Value) {
        let registration = json!({"messaging_product": "whatsapp", "pin": pin});
        self.post(&format!("/{phone}/register"), registration).await
    }

    async fn blocks(&self, number: &str) -> (u16, Value) {
        let users = json!({"messaging_product": "whatsapp", "block_users": [{"user": number}]});
        self.post(&format!("/{}/block_users", self.shop.phone_number_id), users).await
    }

    async fn makes_template(&self, name: &str, body: &str) -> TemplateId {
        let path = format!("/{}/message_templates", self.shop.waba_id);
        let (status, made) = self.post(&path, template(name, body)).await;
        assert_eq!(status, 200, "{made}");
        made["id"].as_str().unwrap().parse().unwrap()
    }

    async fn sends_template(&self, name: &str, parameters: &[Value]) -> (u16, Value) {
        self.post(&self.messages(), filled(name, parameters)).await
    }

    async fn sends_template_that_is(&self, status: templates::Status) -> (u16, Value) {
        let id = self.makes_template("ready", "We are open.").await;
        let operator = self.app.ctx.acting_as(Actor::Operator);
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            let template = templates::get(ctx, tx, id).await?;
            templates::set_status(ctx, tx, template, status, "NONE".to_owned()).await
        };
        self.app.db.transact(&operator, "test.status", set).await.unwrap();
        self.sends_template("ready", &[]).await
    }

    async fn sends_flow_that_is(&self, status: flows::Status) -> (u16, Value) {
        let made = json!({"name": "a", "categories": "OTHER", "flow_json": super::flows::document("complete"), "publish": true});
        let flow = self.flow(made).await;
        let id = flow.parse().unwrap();
        let system = self.app.ctx.acting_as(Actor::System);
        let set = async move |ctx: &Ctx, tx: &mut Tx| flows::set_status(ctx, tx, id, status).await;
        self.app.db.transact(&system, "test.status", set).await.unwrap();
        self.ana_writes().await;
        let message = json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
            "type": "flow", "body": {"text": "Book"}, "action": {"name": "flow", "parameters": {
                "flow_message_version": "3", "flow_cta": "Book", "flow_id": flow}}}});
        self.until_refused(&self.messages(), &message).await
    }

    /// A partner's token for the shop's account.
    async fn partner_token(&self) -> String {
        let (client, waba, app) = (self.shop.business_id, self.shop.waba_id, self.rival.app_id);
        let issue =
            async move |ctx: &Ctx, tx: &mut Tx| users::issue_code(ctx, tx, app, client, &[waba]).await;
        let given = self.app.db.transact(&self.app.ctx, "test.code", issue).await.unwrap().0;
        let secret = &self.rival.app_secret.0;
        let exchange = format!("/oauth/access_token?client_id={app}&client_secret={secret}&code={given}");
        self.get(&exchange).await.1["access_token"].as_str().unwrap().to_owned()
    }

    /// Nearly all of the balance is held for something else.
    async fn spend_all(&self) {
        let now = self.app.ctx.now();
        let intent = plaza_billing::Intent {
            message_id: self.app.ctx.ordered_id(),
            portfolio_id: self.shop.business_id,
            waba_id: self.shop.waba_id,
            phone_number_id: self.shop.phone_number_id,
            to: ANA.parse().unwrap(),
            category: plaza_billing::Category::Call,
            template: false,
            sent_at: now,
            window: plaza_billing::WindowState::default(),
            expires_at: now + Duration::from_secs(3600),
            max_price: None,
            pulses_max: Some(32_500),
            campaign: None,
        };
        let hold = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::hold(ctx, tx, &Prices::default(), std::slice::from_ref(&intent)).await
        };
        let held = self.app.db.transact(&self.app.ctx, "test.hold", hold).await.unwrap();
        assert!(held[0].is_ok(), "{held:?}");
    }

    /// A business without any credit.
    async fn poor_business(&self) -> CreatedBusiness {
        self.business_with(Micros(0)).await
    }

    /// A business with so much credit.
    pub(super) async fn business_with(&self, credit: Micros) -> CreatedBusiness {
        let business = self.app.business.clone();
        let open = async move |ctx: &Ctx, tx: &mut Tx| {
            let new = NewBusiness { credit, ..new_business("Reed", "+4930901822", ctx.uuid()) };
            business.create(ctx, tx, &new).await
        };
        self.app.db.transact(&self.app.ctx, "test.poor", open).await.unwrap()
    }

    /// What the server answers whose key does not open what it has sealed.
    async fn with_another_key(&self) -> (u16, Value) {
        let app = self.shop.app_id;
        let set =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_business::apps::require_proof(ctx, tx, app, true).await;
        self.app.db.transact(&self.app.ctx, "test.proof", set).await.unwrap();
        let business = Arc::new(Business::new(SealingKey::new([8; 32]), Prices::default(), true));
        let app = CloudApi { business, ..self.app.clone() };
        let path = format!("/{}?appsecret_proof=00", self.shop.phone_number_id);
        let response = handle(State(app), self.request("GET", &path).body(Body::empty()).unwrap()).await;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

fn template(name: &str, body: &str) -> Value {
    json!({"name": name, "language": "en", "category": "UTILITY", "components": [{"type": "BODY", "text": body}]})
}

/// A message with the template filled in.
fn filled(name: &str, parameters: &[Value]) -> Value {
    let mut message = text();
    message["type"] = json!("template");
    message["template"] = json!({"name": name, "language": {"code": "en"},
        "components": [{"type": "body", "parameters": parameters}]});
    message
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
