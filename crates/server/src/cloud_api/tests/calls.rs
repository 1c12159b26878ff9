//! Calls through the door, and how each refusal comes about.

use super::*;
use plaza_protocol::content::reply::Reply;
use plaza_protocol::content::{Body as Said, CallPermissionReply, InteractiveReply};

const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

impl World {
    fn calls(&self) -> String {
        format!("/v23.0/{}/calls", self.shop.phone_number_id)
    }

    /// The number takes calls, or goes by other settings.
    pub(super) async fn takes_calls(&self, calling: Value) {
        self.subscribe_to(&["messages", "calls"]).await;
        let path = format!("/{}/settings", self.shop.phone_number_id);
        let (status, set) = self.post(&path, json!({"calling": calling})).await;
        assert_eq!(status, 200, "{set}");
    }

    pub(super) async fn asks_to_call(&self) -> (u16, Value) {
        self.post(&self.messages(), request()).await
    }

    /// Ana lets the business call.
    pub(super) async fn ana_allows(&self, is_permanent: bool) {
        self.takes_calls(json!({"status": "ENABLED"})).await;
        self.ana_writes().await;
        let (status, asked) = self.asks_to_call().await;
        assert_eq!(status, 200, "{asked}");
        let asked = plaza_business::wamid::parse(asked["messages"][0]["id"].as_str().unwrap()).unwrap();
        let reply = CallPermissionReply { is_accepted: true, is_permanent, expires_at: 0 };
        let body = Said::InteractiveReply(InteractiveReply { reply: Some(Reply::CallPermission(reply)) });
        let reply_to = asked.as_bytes().to_vec();
        self.ana_says(Content { reply_to, body: Some(body), ..Content::default() }).await;
    }

    async fn ana_says(&self, content: Content) {
        let ctx = self.app.ctx.clone();
        let inbound = Inbound {
            account: self.ana,
            number: ANA.parse().unwrap(),
            name: "Ana".to_owned(),
            message_id: ctx.ordered_id(),
            at: ctx.now(),
            content,
            group: None,
        };
        let (business, phone) = (self.app.business.clone(), self.shop.phone_number_id);
        let receive = async move |ctx: &Ctx, tx: &mut Tx| business.received(ctx, tx, phone, &inbound).await;
        self.app.db.transact::<_, SendError, _>(&ctx, "test.receive", receive).await.unwrap();
    }

    pub(super) async fn connects(&self) -> (u16, Value) {
        self.post(&self.calls(), connect(ANA)).await
    }

    pub(super) async fn acts(&self, action: &str, call: &str) -> (u16, Value) {
        let answer = json!({"sdp_type": "answer", "sdp": SDP});
        let request =
            json!({"messaging_product": "whatsapp", "action": action, "call_id": call, "session": answer});
        self.post(&self.calls(), request).await
    }

    /// One of Ana's devices says something about a call.
    pub(super) async fn ana_signals(&self, call: &str, signal: content::signal::Signal) {
        let id = plaza_business::calls::parse_id(call).unwrap();
        let said = plaza_business::calls::PersonSignal {
            account: self.ana,
            device: self.app.ctx.uuid(),
            number: ANA.parse().unwrap(),
            name: "Ana".to_owned(),
            call: plaza_protocol::MessageId(id.0),
            signal,
        };
        let (business, phone) = (self.app.business.clone(), self.shop.phone_number_id);
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.person_signalled(ctx, tx, phone, &said).await;
        self.app.db.transact(&self.app.ctx, "test.signal", work).await.unwrap();
    }

    /// Ana calls the business.
    pub(super) async fn ana_calls(&self) -> String {
        self.takes_calls(json!({"status": "ENABLED"})).await;
        let call = plaza_business::calls::format_id(self.app.ctx.ordered_id());
        let offer = content::CallOffer { sdp: SDP.to_owned(), payload: String::new() };
        self.ana_signals(&call, content::signal::Signal::Offer(offer)).await;
        call
    }

    /// The clock ends what nobody ended.
    pub(super) async fn end_due_calls(&self) {
        let business = self.app.business.clone();
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.end_due_calls(ctx, tx).await;
        self.app.db.transact(&self.app.ctx, "test.clock", work).await.unwrap();
    }
}

fn request() -> Value {
    json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
        "type": "call_permission_request", "body": {"text": "May we call you?"},
        "action": {"name": "call_permission_request"}}})
}

pub(super) fn connect(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "action": "connect",
        "session": {"sdp_type": "offer", "sdp": SDP}})
}

pub(super) fn picks_up() -> content::signal::Signal {
    content::signal::Signal::Answer(content::CallAnswer { sdp: SDP.to_owned(), is_early: false })
}

pub(super) fn hangs_up() -> content::signal::Signal {
    content::signal::Signal::HangUp(content::CallHangUp::default())
}

#[tokio::test]
async fn a_call_goes_through_the_door() {
    World::on_each_engine(business, async |world| {
        world.ana_allows(true).await;
        let (status, placed) = world.connects().await;
        assert_eq!((status, &placed["messaging_product"]), (200, &json!("whatsapp")), "{placed}");
        let call = placed["calls"][0]["id"].as_str().unwrap().to_owned();
        assert!(call.starts_with("wacid."), "{call}");
        assert_eq!(code(&world.connects().await), (400, 138_003), "one call at a time");
        let done = json!({"messaging_product": "whatsapp", "success": true});
        assert_eq!(world.acts("terminate", &call).await, (200, done.clone()));
        assert_eq!(world.acts("terminate", &call).await, (200, done.clone()), "a repeat");
        let call = world.ana_calls().await;
        assert_eq!(world.acts("pre_accept", &call).await, (200, done.clone()));
        assert_eq!(world.acts("accept", &call).await, (200, done.clone()));
        // A call can be named by who is in it, too.
        let by_person = json!({"messaging_product": "whatsapp", "to": ANA, "action": "terminate"});
        assert_eq!(world.post(&world.calls(), by_person.clone()).await, (200, done));
        assert_eq!(code(&world.post(&world.calls(), by_person).await), (400, 100), "it is over");
    })
    .await;
}

#[tokio::test]
async fn permissions_are_told_to_their_own_business() {
    let world = World::open().await;
    world.ana_allows(false).await;
    let path = format!("/{}/call_permissions?user_wa_id=4915112345678", world.shop.phone_number_id);
    let (status, told) = world.get(&path).await;
    assert_eq!((status, &told["permission"]["status"]), (200, &json!("temporary")), "{told}");
    let limits = &told["actions"][1]["limits"][0];
    assert_eq!((&limits["time_period"], &limits["max_allowed"]), (&json!("PT24H"), &json!(10)));
    let unasked = format!("/{}/call_permissions", world.shop.phone_number_id);
    assert_eq!(code(&world.get(&unasked).await), (400, 131_008));
    let stranger = format!("/{}/call_permissions?user_wa_id=4915199999999", world.shop.phone_number_id);
    assert_eq!(world.get(&stranger).await.1["permission"]["status"], "no_permission");
    let token = &world.rival.access_token.0;
    assert_eq!(code(&world.as_token("GET", &path, token, json!({})).await), (400, 100));
    let theirs = format!("/{}/call_permissions?user_wa_id=4915112345678", world.rival.phone_number_id);
    let (_, told) = world.as_token("GET", &theirs, token, json!({})).await;
    assert_eq!(told["permission"]["status"], "no_permission", "a permission is one number's");
}
