use super::*;
use crate::messages::SendError;
use crate::settings::Setting;
use crate::testing::{ANA, Shop};
use plaza_billing::{BillingError, Prices};
use plaza_db::testing::each_engine;
use plaza_protocol::Micros;
use plaza_protocol::content::reply::Reply;
use plaza_protocol::content::{
    Body, CallAlive, CallHangUp, CallPermissionReply, CallRinging, Content, HangUpReason, InteractiveReply,
};
use serde_json::{Value, json};

const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
const ANSWER: &str = "v=0\r\no=- 3 4 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
const EUROS: Micros = Micros(100_000_000);
const SECOND: Duration = Duration::from_secs(1);

/// A shop that takes calls, and Ana's phone and tablet.
struct Line {
    shop: Shop,
    phone: DeviceId,
    tablet: DeviceId,
}

impl Line {
    async fn open(db: plaza_db::Db) -> Self {
        let shop = Shop::open(db, EUROS).await;
        shop.subscribe(&["messages", "calls"]).await;
        let (phone, tablet) = (shop.system.uuid(), shop.system.uuid());
        let line = Self { shop, phone, tablet };
        line.set(json!({"status": "ENABLED"})).await;
        line
    }

    /// What happens at one instant has no order.
    fn tick(&self) {
        self.shop.clock.advance(Duration::from_micros(1));
    }

    async fn set(&self, calling: Value) {
        let (business, phone) = (self.shop.business.clone(), self.shop.created.phone_number_id);
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            let change = json!({"calling": calling});
            business.change_setting(ctx, tx, phone, Setting::Settings, &change).await
        };
        self.shop.db.transact(&self.shop.app, "test.set", set).await.unwrap();
    }

    async fn control(&self, mut request: Value) -> Result<Controlled, CallError> {
        self.tick();
        request["messaging_product"] = json!("whatsapp");
        let request = CallRequest::read(&request)?;
        let (business, phone) = (self.shop.business.clone(), self.shop.created.phone_number_id);
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.control_call(ctx, tx, phone, &request).await;
        self.shop.db.transact(&self.shop.app, "test.control", work).await
    }

    /// The shop calls Ana.
    async fn connect(&self) -> Result<(BusinessMessageId, Signals), CallError> {
        let placed = self
            .control(json!({"action": "connect", "to": ANA, "biz_opaque_callback_data": "order-17",
                "session": {"sdp_type": "offer", "sdp": SDP}}))
            .await?;
        Ok((parse_id(&placed.begun.unwrap()).unwrap(), placed.signals))
    }

    async fn act(
        &self,
        call: BusinessMessageId,
        action: &str,
        sdp: Option<&str>,
    ) -> Result<Vec<Signal>, CallError> {
        let mut request = json!({"action": action, "call_id": format_id(call)});
        if let Some(sdp) = sdp {
            request["session"] = json!({"sdp_type": "answer", "sdp": sdp});
        }
        Ok(self.control(request).await?.signals.signals)
    }

    /// One of Ana's devices says something; what it is told.
    async fn says(&self, device: DeviceId, call: BusinessMessageId, signal: Signal) -> Vec<Signal> {
        self.tick();
        let said = PersonSignal {
            account: self.shop.ana,
            device,
            number: ANA.parse().unwrap(),
            name: "Ana".to_owned(),
            call: MessageId(call.0),
            signal,
        };
        let (business, phone) = (self.shop.business.clone(), self.shop.created.phone_number_id);
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.person_signalled(ctx, tx, phone, &said).await;
        self.shop.db.transact(&self.shop.system, "test.says", work).await.unwrap().signals
    }

    /// Ana calls the shop.
    async fn ana_calls(&self) -> (BusinessMessageId, Vec<Signal>) {
        let call: BusinessMessageId = self.shop.system.ordered_id();
        let offer = Signal::Offer(CallOffer { sdp: SDP.to_owned(), payload: "menu".to_owned() });
        (call, self.says(self.phone, call, offer).await)
    }

    async fn hangs_up(&self, device: DeviceId, call: BusinessMessageId) -> Vec<Signal> {
        let reason = HangUpReason::Person.into();
        self.says(device, call, Signal::HangUp(CallHangUp { reason })).await
    }

    fn answers(early: bool) -> Signal {
        Signal::Answer(CallAnswer { sdp: ANSWER.to_owned(), is_early: early })
    }

    async fn clock(&self) -> Vec<Signals> {
        let business = self.shop.business.clone();
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.end_due_calls(ctx, tx).await;
        self.shop.db.transact(&self.shop.system, "test.clock", work).await.unwrap()
    }

    /// Asks Ana for the permission, in her window.
    async fn ask(&self) -> Result<BusinessMessageId, SendError> {
        let request = json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
            "type": "call_permission_request", "body": {"text": "May we call you?"},
            "action": {"name": "call_permission_request"}}});
        Ok(self.shop.send(request).await?.message_id)
    }

    async fn replies(&self, to: BusinessMessageId, is_accepted: bool, is_permanent: bool) {
        let reply = CallPermissionReply { is_accepted, is_permanent, expires_at: 1 };
        let body = Body::InteractiveReply(InteractiveReply { reply: Some(Reply::CallPermission(reply)) });
        self.shop
            .ana_sends(Content {
                reply_to: to.as_bytes().to_vec(),
                sender_name: "Ana".to_owned(),
                body: Some(body),
                ..Content::default()
            })
            .await;
    }

    /// Ana lets the shop call.
    async fn allow(&self, is_permanent: bool) {
        self.shop.ana_writes("Hello").await;
        let asked = self.ask().await.unwrap();
        self.replies(asked, true, is_permanent).await;
    }

    async fn permissions(&self) -> Value {
        let (business, phone) = (self.shop.business.clone(), self.shop.created.phone_number_id);
        let asked = json!({"user_wa_id": ANA});
        let work =
            async move |ctx: &Ctx, tx: &mut Tx| business.call_permissions(ctx, tx, phone, &asked).await;
        self.shop.db.read(&self.shop.app, "test.permissions", work).await.unwrap()
    }

    /// What webhooks said of calls, in order: the events and statuses.
    async fn told(&self) -> Vec<Value> {
        let deliveries =
            self.shop.deliveries().await.into_iter().filter(|delivery| delivery.field == "calls");
        let values = deliveries.map(|delivery| {
            let body: Value = serde_json::from_str(&delivery.body).unwrap();
            assert!(body["entry"][0].get("time").is_none());
            let value = &body["entry"][0]["changes"][0]["value"];
            assert_eq!(value["contacts"][0]["wa_id"], "4915112345678");
            let mut told = value.get("calls").or(value.get("statuses")).unwrap()[0].clone();
            if let Some(errors) = value.get("errors") {
                told["errors"] = errors.clone();
            }
            told
        });
        values.collect()
    }

    /// What the shop was told about being allowed to call.
    async fn replies_told(&self) -> Vec<Value> {
        let reply = |value: &Value| value["messages"][0]["interactive"].get("call_permission_reply").cloned();
        self.shop.values().await.iter().filter_map(reply).collect()
    }

    async fn words(&self) -> Vec<String> {
        let word =
            |told: &Value| told.get("event").or(told.get("status")).unwrap().as_str().unwrap().to_owned();
        self.told().await.iter().map(word).collect()
    }

    async fn balance(&self) -> plaza_billing::Balance {
        let portfolio = self.shop.created.business_id;
        let check = async move |ctx: &Ctx, tx: &mut Tx| {
            let found = plaza_billing::verify(ctx, tx, &Prices::default()).await?;
            assert_eq!(found.differences, Vec::<String>::new());
            plaza_billing::balance(ctx, tx, portfolio).await
        };
        self.shop.db.transact::<_, BillingError, _>(&self.shop.system, "test.balance", check).await.unwrap()
    }

    async fn analytics(&self, more: Value) -> Value {
        let waba = self.shop.created.waba_id;
        let now = self.shop.system.now().seconds();
        let mut asked = json!({"start": now - 86_400, "end": now + 1, "granularity": "DAILY"});
        for (name, value) in more.as_object().unwrap() {
            asked[name] = value.clone();
        }
        let work = async move |ctx: &Ctx, tx: &mut Tx| crate::analytics::calls(ctx, tx, waba, &asked).await;
        let answer = self.shop.db.read(&self.shop.app, "test.analytics", work).await.unwrap();
        answer["data"][0]["data_points"].clone()
    }
}

fn outcome(signals: &[Signal]) -> (CallOutcome, i64) {
    match signals {
        [Signal::Ended(ended)] => (ended.outcome(), ended.seconds),
        other => panic!("an end is expected: {other:?}"),
    }
}

#[tokio::test]
async fn a_person_calls_the_business_picks_up_and_nothing_is_charged() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        let (call, said) = line.ana_calls().await;
        assert_eq!(said, []);
        let early = line.act(call, "pre_accept", Some(ANSWER)).await.unwrap();
        assert!(matches!(&early[..], [Signal::Answer(answer)] if answer.is_early && answer.sdp == ANSWER));
        let accepted = line.act(call, "accept", None).await.unwrap();
        let of_phone = line.phone.as_bytes().to_vec();
        assert_eq!(accepted, [Signal::Accepted(CallAccepted { device_id: of_phone })]);
        assert_eq!(line.act(call, "accept", Some(ANSWER)).await.unwrap(), [], "a repeat");
        line.shop.clock.advance(75 * SECOND);
        line.says(line.phone, call, Signal::Alive(CallAlive {})).await;
        assert_eq!(line.hangs_up(line.tablet, call).await, [], "the tablet has no part in it");
        assert_eq!(outcome(&line.hangs_up(line.phone, call).await), (CallOutcome::Completed, 75));
        assert_eq!(line.act(call, "terminate", None).await.unwrap(), [], "it has ended");
        let told = line.told().await;
        assert_eq!(line.words().await, ["connect", "terminate"]);
        let expected = json!({"id": format_id(call), "from": "4915112345678", "to": "4930901820",
            "event": "connect", "direction": "USER_INITIATED", "timestamp": told[0]["timestamp"],
            "session": {"sdp_type": "offer", "sdp": SDP}, "cta_payload": "menu"});
        assert_eq!(told[0], expected);
        assert_eq!((&told[1]["status"], &told[1]["duration"]), (&json!("COMPLETED"), &json!(75)));
        let start: i64 = told[1]["start_time"].as_str().unwrap().parse().unwrap();
        assert_eq!(told[1]["end_time"], (start + 75).to_string());
        assert_eq!(line.balance().await.posted, EUROS);
        // A call opens the window, as a message does.
        line.ask().await.unwrap();
        let points = line.analytics(json!({"dimensions": ["DIRECTION"]})).await;
        let point = &points[0];
        assert_eq!(
            (&point["count"], &point["cost"], &point["average_duration"], &point["direction"]),
            (&json!(1), &json!(0.0), &json!(75), &json!("USER_INITIATED"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_business_calls_the_first_device_has_it_and_its_pulses_are_charged() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        assert!(matches!(line.connect().await, Err(CallError::NoPermission)));
        line.allow(false).await;
        let before = line.balance().await;
        let (call, signals) = line.connect().await.unwrap();
        assert!(matches!(&signals.signals[..], [Signal::Offer(offer)] if offer.sdp == SDP));
        assert_eq!((signals.call, signals.account), (MessageId(call.0), line.shop.ana));
        assert!(line.balance().await.held > before.held, "the longest call is held");
        assert!(matches!(line.connect().await, Err(CallError::Duplicate)));
        for device in [line.phone, line.tablet] {
            line.says(device, call, Signal::Ringing(CallRinging {})).await;
        }
        let accepted = line.says(line.tablet, call, Line::answers(false)).await;
        let of_tablet = line.tablet.as_bytes().to_vec();
        assert_eq!(accepted, [Signal::Accepted(CallAccepted { device_id: of_tablet })]);
        assert_eq!(line.says(line.phone, call, Line::answers(false)).await, [], "too late");
        assert_eq!(line.hangs_up(line.phone, call).await, [], "the call is the tablet's");
        line.shop.clock.advance(62 * SECOND);
        let over = line.act(call, "terminate", None).await.unwrap();
        assert_eq!(outcome(&over), (CallOutcome::Completed, 62));
        assert_eq!(line.words().await, ["RINGING", "connect", "ACCEPTED", "terminate"]);
        let told = line.told().await;
        assert_eq!(told[1]["session"], json!({"sdp_type": "answer", "sdp": ANSWER}));
        let status = json!({"id": format_id(call), "timestamp": told[2]["timestamp"], "type": "call",
            "status": "ACCEPTED", "recipient_id": "4915112345678",
            "recipient_user_id": told[2]["recipient_user_id"], "biz_opaque_callback_data": "order-17"});
        assert_eq!(told[2], status);
        assert_eq!((&told[3]["direction"], &told[3]["duration"]), (&json!("BUSINESS_INITIATED"), &json!(62)));
        // Eleven pulses in Germany, at 0.0033 dollars in euros of the example.
        let balance = line.balance().await;
        assert_eq!(balance.held, before.held);
        assert_eq!(before.posted.0 - balance.posted.0, 11 * 3036);
        let points =
            line.analytics(json!({"directions": ["BUSINESS_INITIATED"], "dimensions": ["COUNTRY"]})).await;
        assert_eq!(
            (&points[0]["count"], &points[0]["cost"], &points[0]["country"]),
            (&json!(1), &json!(0.033_396), &json!("DE"))
        );
    })
    .await;
}

#[tokio::test]
async fn who_does_not_want_a_call_declines_it_and_nothing_is_charged() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        line.allow(true).await;
        let before = line.balance().await;
        let (call, _) = line.connect().await.unwrap();
        assert_eq!(outcome(&line.hangs_up(line.tablet, call).await), (CallOutcome::Declined, 0));
        assert_eq!(line.says(line.phone, call, Line::answers(false)).await, []);
        assert_eq!(line.words().await, ["REJECTED", "terminate"]);
        let told = line.told().await;
        assert_eq!((&told[1]["status"], told[1].get("duration")), (&json!("FAILED"), None));
        let (call, _) = line.connect().await.unwrap();
        let cancelled = line.act(call, "terminate", None).await.unwrap();
        assert_eq!(outcome(&cancelled), (CallOutcome::Cancelled, 0));
        let (call, _) = line.ana_calls().await;
        assert_eq!(outcome(&line.act(call, "reject", None).await.unwrap()), (CallOutcome::Declined, 0));
        assert_eq!(line.balance().await, before);
    })
    .await;
}

#[tokio::test]
async fn the_clock_ends_what_nobody_ends() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        line.allow(true).await;
        let (call, _) = line.connect().await.unwrap();
        line.shop.clock.advance(59 * SECOND);
        assert_eq!(line.clock().await, []);
        line.shop.clock.advance(SECOND);
        let ended = line.clock().await;
        assert_eq!(outcome(&ended[0].signals), (CallOutcome::Unanswered, 0));
        assert_eq!(line.clock().await, [], "once");
        assert_eq!(line.says(line.phone, call, Line::answers(false)).await, []);
        let (call, _) = line.ana_calls().await;
        line.shop.clock.advance(60 * SECOND);
        line.clock().await;
        assert!(matches!(line.act(call, "accept", Some(ANSWER)).await, Err(CallError::TimedOut)));
        // Picked up, alive once, and then never heard of again: what is charged ends with the last sign of life.
        let before = line.balance().await;
        let (call, _) = line.connect().await.unwrap();
        line.says(line.phone, call, Line::answers(false)).await;
        line.shop.clock.advance(29 * SECOND);
        line.says(line.phone, call, Signal::Alive(CallAlive {})).await;
        line.shop.clock.advance(limits::CALL_LOST_AFTER - SECOND);
        assert_eq!(line.clock().await, []);
        line.shop.clock.advance(SECOND);
        assert_eq!(outcome(&line.clock().await[0].signals), (CallOutcome::Lost, 29));
        let told = line.told().await.pop().unwrap();
        assert_eq!((&told["status"], &told["duration"]), (&json!("FAILED"), &json!(29)));
        assert_eq!(told["errors"][0]["code"], 138_021);
        assert_eq!(before.posted.0 - line.balance().await.posted.0, 5 * 3036);
        // However alive it is, the longest call ends.
        let (call, _) = line.connect().await.unwrap();
        line.says(line.phone, call, Line::answers(false)).await;
        for _ in 0..60 {
            line.shop.clock.advance(60 * SECOND);
            line.says(line.phone, call, Signal::Alive(CallAlive {})).await;
        }
        assert_eq!(outcome(&line.clock().await[0].signals), (CallOutcome::Completed, 3600));
        line.balance().await;
    })
    .await;
}

#[tokio::test]
async fn a_person_allows_calls_for_a_week_or_for_good_and_takes_it_back() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        assert_eq!(line.permissions().await["permission"], json!({"status": "no_permission"}));
        line.shop.ana_writes("Hello").await;
        let asked = line.ask().await.unwrap();
        assert!(matches!(line.ask().await, Err(SendError::Calls(RequestRefused::TooMany { .. }))));
        line.replies(asked, true, false).await;
        let until = (line.shop.system.now() + limits::CALL_PERMISSION_LIFETIME).seconds();
        let permissions = line.permissions().await;
        assert_eq!(permissions["permission"], json!({"status": "temporary", "expiration_time": until}));
        let [request, call] = &permissions["actions"].as_array().unwrap()[..] else {
            panic!("{permissions}")
        };
        assert_eq!(
            (&request["can_perform_action"], &call["can_perform_action"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(request["limits"][0]["current_usage"], 1);
        assert!(request["limits"][0]["limit_expiration_time"].is_i64());
        let expected = json!({"response": "accept", "is_permanent": false, "response_source": "user_action",
            "expiration_timestamp": until});
        assert_eq!(
            line.replies_told().await,
            [expected],
            "the server says until when, whatever the device says"
        );
        // A call that connects starts the count anew.
        let (call, _) = line.connect().await.unwrap();
        line.says(line.phone, call, Line::answers(false)).await;
        line.hangs_up(line.phone, call).await;
        line.ask().await.unwrap();
        line.shop.clock.advance(24 * 3600 * SECOND);
        line.shop.ana_writes("Hello").await;
        line.ask().await.unwrap();
        line.shop.clock.advance(24 * 3600 * SECOND);
        line.shop.ana_writes("Hello").await;
        assert!(
            matches!(line.ask().await, Err(SendError::Calls(RequestRefused::TooMany { .. }))),
            "twice a week"
        );
        line.replies(asked, false, false).await;
        assert!(matches!(line.connect().await, Err(CallError::NoPermission)));
        line.replies(asked, true, true).await;
        assert_eq!(line.permissions().await["permission"], json!({"status": "permanent"}));
        line.shop.clock.advance(24 * 3600 * SECOND * 30);
        line.shop.ana_writes("Hello").await;
        assert!(matches!(line.ask().await, Err(SendError::Calls(RequestRefused::Permanent))));
        line.connect().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_does_not_take_four_calls_in_a_row_is_called_no_more() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        line.allow(true).await;
        let untaken = async |how: usize| {
            let (call, _) = line.connect().await.unwrap();
            match how {
                0 => drop(line.hangs_up(line.phone, call).await),
                1 => drop(line.act(call, "terminate", None).await.unwrap()),
                _ => {
                    line.shop.clock.advance(limits::CALL_RINGS_FOR);
                    line.clock().await;
                }
            }
        };
        for how in 0..3 {
            untaken(how).await;
        }
        // One that is taken starts the count anew, whoever called.
        let (call, _) = line.ana_calls().await;
        line.act(call, "accept", Some(ANSWER)).await.unwrap();
        line.hangs_up(line.phone, call).await;
        for how in [0, 1, 2] {
            untaken(how).await;
        }
        // One that could not be put through says nothing about Ana.
        let (call, _) = line.connect().await.unwrap();
        let broken = CallHangUp { reason: HangUpReason::Media.into() };
        line.says(line.phone, call, Signal::HangUp(broken)).await;
        assert_eq!(line.permissions().await["permission"], json!({"status": "permanent"}));
        untaken(0).await;
        assert_eq!(line.permissions().await["permission"], json!({"status": "no_permission"}));
        assert!(matches!(line.connect().await, Err(CallError::NoPermission)));
        line.allow(false).await;
        assert_eq!(line.permissions().await["permission"]["status"], "temporary", "given again");
        for how in [2, 2, 2] {
            untaken(how).await;
        }
        line.connect().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nobody_is_called_where_nobody_would_hear_that_they_pick_up() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        line.allow(true).await;
        line.shop.subscribe(&["messages"]).await;
        assert!(matches!(line.connect().await, Err(CallError::Unheard)));
        line.shop.subscribe(&["calls"]).await;
        line.connect().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn ten_calls_to_a_person_connect_in_a_day() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        line.allow(true).await;
        for _ in 0..limits::CONNECTED_CALLS_PER_DAY {
            let (call, _) = line.connect().await.unwrap();
            line.says(line.phone, call, Line::answers(false)).await;
            line.shop.clock.advance(60 * SECOND);
            line.hangs_up(line.phone, call).await;
        }
        let Err(CallError::ConnectedLimit { calls_max: 10, next: Some(next) }) = line.connect().await else {
            panic!("a limit is expected")
        };
        line.shop.clock.advance(next.since(line.shop.system.now()));
        line.connect().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn settings_say_who_gets_through() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        let closed = |signals: &[Signal]| assert_eq!(outcome(signals), (CallOutcome::Closed, 0));
        line.set(json!({"status": "DISABLED"})).await;
        closed(&line.ana_calls().await.1);
        assert!(matches!(line.connect().await, Err(CallError::Disabled)));
        line.shop.ana_writes("Hello").await;
        assert!(matches!(line.ask().await, Err(SendError::Calls(RequestRefused::Disabled))));
        let sip = json!({"status": "ENABLED", "sip": {"status": "ENABLED", "servers": [{"hostname": "sip.example"}]}});
        line.set(sip).await;
        assert!(matches!(line.connect().await, Err(CallError::Sip)));
        line.set(json!({"status": "ENABLED", "sip": {"status": "DISABLED"}, "call_hours": {"status": "ENABLED",
            "timezone_id": "Europe/Berlin", "weekly_operating_hours": []}}))
            .await;
        closed(&line.ana_calls().await.1);
        // Who calls lets the shop call back, where it wants to.
        line.set(json!({"status": "ENABLED", "call_hours": {"status": "DISABLED"},
            "callback_permission_status": "ENABLED"}))
            .await;
        let (call, said) = line.ana_calls().await;
        assert_eq!(said, []);
        let [reply] = &line.replies_told().await[..] else { panic!("one is expected") };
        assert_eq!((&reply["response"], &reply["response_source"]), (&json!("accept"), &json!("automatic")));
        assert_eq!(outcome(&line.ana_calls().await.1), (CallOutcome::Busy, 0), "one call at a time");
        line.act(call, "reject", None).await.unwrap();
        line.connect().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn another_portfolio_and_another_person_have_no_part_in_a_call() {
    each_engine(async |db| {
        let line = Line::open(db).await;
        let (call, _) = line.ana_calls().await;
        let rival = line.shop.rival().await;
        let request = json!({"messaging_product": "whatsapp", "action": "accept", "call_id": format_id(call),
            "session": {"sdp_type": "answer", "sdp": ANSWER}});
        let request = CallRequest::read(&request).unwrap();
        let (business, phone) = (line.shop.business.clone(), line.shop.created.phone_number_id);
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.control_call(ctx, tx, phone, &request).await;
        let theirs = line.shop.db.transact(&line.shop.system.for_request(rival), "test", work).await;
        assert!(matches!(theirs, Err(CallError::NotFound)));
        let ben = line.shop.person("+4915112345679", "Ben").await;
        let said = PersonSignal {
            account: ben,
            device: line.tablet,
            number: "+4915112345679".parse().unwrap(),
            name: "Ben".to_owned(),
            call: MessageId(call.0),
            signal: Signal::HangUp(CallHangUp { reason: HangUpReason::Person.into() }),
        };
        let business = line.shop.business.clone();
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.person_signalled(ctx, tx, phone, &said).await;
        assert_eq!(line.shop.db.transact(&line.shop.system, "test", work).await.unwrap().signals, []);
        line.act(call, "accept", Some(ANSWER)).await.unwrap();
        let none = json!({"action": "terminate", "call_id": format_id(line.shop.system.ordered_id())});
        assert!(matches!(line.control(none).await, Err(CallError::UnknownCall { .. })));
    })
    .await;
}

#[test]
fn pulses_are_counted_as_they_begin() {
    for (seconds, expected) in [(0, 1), (1, 1), (6, 1), (7, 2), (60, 10), (61, 11)] {
        assert_eq!(pulses(seconds * 1_000_000), expected, "{seconds}");
    }
    let id = BusinessMessageId(uuid::Uuid::from_u128(9));
    assert_eq!(parse_id(&format_id(id)), Some(id));
    assert_eq!(parse_id("wacid.x"), None);
}
