//! Groups through the door: made, joined, talked in, charged, and taken apart, on both engines. What the hosted device
//! does about it is not here; people come by the same operations that their devices ask for.

use super::limits::{number, template};
use super::*;
use plaza_business::groups::copy_of;
use plaza_business::webhooks::{self, DeliveryFilter};
use plaza_messaging::MessagingError;
use plaza_messaging::groups::Joining;
use plaza_protocol::content::Text;
use plaza_protocol::{ConversationId, DeviceId, GroupId, MessageId};

/// So many people wait to be let into a group.
const WAITING: Sql = Sql {
    name: "tests::WAITING",
    text: "UPDATE group_conversation SET requests = $2 WHERE conversation_id = $1",
};

const FIELDS: [&str; 5] = [
    "messages",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
];

/// The head of a PNG file of so many pixels, as long as a file has to be to be looked at.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend(b"\x08\x02\0\0\0");
    file
}

impl World {
    /// The shop's app hears of everything about groups.
    pub(super) async fn hears_of_groups(&self) {
        let app = self.shop.app_id;
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            let callback = webhooks::Callback { url: "https://example.org/hook".to_owned(), updates_max: 1 };
            let fields: Vec<String> = FIELDS.map(str::to_owned).to_vec();
            webhooks::set_app_subscription(ctx, tx, app, &callback, &fields).await
        };
        self.app.db.transact(&self.app.ctx, "test.subscribe", set).await.unwrap();
    }

    /// What was told so far, the oldest first: field and value.
    async fn told(&self) -> Vec<(String, Value)> {
        let list = async |ctx: &Ctx, tx: &mut Tx| {
            webhooks::deliveries(ctx, tx, &DeliveryFilter::default(), None, 100).await
        };
        let deliveries = self.app.db.read(&self.app.ctx, "test.deliveries", list).await.unwrap();
        let changes = deliveries.iter().rev().map(|delivery| {
            let body: Value = serde_json::from_str(&delivery.body).unwrap();
            let change = body["entry"][0]["changes"][0].clone();
            (change["field"].as_str().unwrap().to_owned(), change["value"].clone())
        });
        changes.collect()
    }

    /// Ids are in the order of time, to the millisecond: what is done after this comes after what was done before.
    fn tick(&self) {
        self.clock.advance(Duration::from_millis(1));
    }

    /// The last thing that was told of a field.
    async fn last(&self, field: &str) -> Value {
        self.tick();
        let told = self.told().await;
        told.into_iter().rev().find(|(told, _)| told == field).map(|(_, value)| value).unwrap_or_default()
    }

    fn groups(&self) -> String {
        format!("/v23.0/{}/groups", self.shop.phone_number_id)
    }

    /// A group, by its id.
    pub(super) async fn group(&self, more: Value) -> String {
        let mut asked = json!({"messaging_product": "whatsapp", "subject": "Bread club"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, made) = self.post(&self.groups(), asked).await;
        assert_eq!((status, made["request_id"].as_str().map(str::len)), (200, Some(32)), "{made}");
        let (_, list) = self.get(&format!("{}?limit=100", self.groups())).await;
        list["data"]["groups"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The last part of a group's link.
    pub(super) async fn code_of(&self, group: &str) -> String {
        let (status, answer) = self.get(&format!("/{group}/invite_link")).await;
        assert_eq!(status, 200, "{answer}");
        let link = answer["invite_link"].as_str().unwrap();
        link.strip_prefix("http://plaza.test/g/").unwrap().to_owned()
    }

    fn device_of(&self, account: AccountId) -> Ctx {
        self.app.ctx.acting_as(Actor::Device { account, device: DeviceId(account.0) })
    }

    /// Somebody follows a link.
    pub(super) async fn joins(&self, account: AccountId, code: &str) -> Result<Joining, MessagingError> {
        self.tick();
        let (business, code) = (self.app.business.clone(), code.to_owned());
        let join = async move |ctx: &Ctx, tx: &mut Tx| {
            let (group, joining) = plaza_messaging::groups::join(ctx, tx, &code).await?;
            business.person_joins(ctx, tx, &group, &joining).await.expect("the business is told");
            Ok(joining)
        };
        self.app.db.transact(&self.device_of(account), "test.join", join).await
    }

    /// Where a group talks.
    async fn conversation_of(&self, group: &str) -> ConversationId {
        let id = plaza_business::groups::parse_id(group).unwrap();
        let system = self.app.ctx.acting_as(Actor::System);
        let get = async move |ctx: &Ctx, tx: &mut Tx| plaza_business::groups::get(ctx, tx, id).await;
        self.app.db.read(&system, "test.group", get).await.unwrap().here.conversation
    }

    async fn leaves(&self, account: AccountId, group: &str) {
        self.tick();
        let (business, conversation) = (self.app.business.clone(), self.conversation_of(group).await);
        let leave = async move |ctx: &Ctx, tx: &mut Tx| {
            let group = plaza_messaging::groups::leave(ctx, tx, conversation).await?;
            business.person_leaves(ctx, tx, &group).await.expect("the business is told");
            Ok::<_, MessagingError>(())
        };
        self.app.db.transact(&self.device_of(account), "test.leave", leave).await.unwrap();
    }

    /// A group with some people in it, whose numbers are [`number`].
    pub(super) async fn full_group(&self, people: usize) -> (String, Vec<AccountId>) {
        let group = self.group(json!({})).await;
        let code = self.code_of(&group).await;
        let mut accounts = Vec::new();
        for at in 0..people {
            let account = self.person(&number(at)).await;
            assert_eq!(self.joins(account, &code).await.unwrap(), Joining::Joined);
            accounts.push(account);
        }
        (group, accounts)
    }

    /// A person writes in a group.
    pub(super) async fn writes_in(
        &self,
        account: AccountId,
        at: usize,
        group: &str,
        reply_to: &str,
    ) -> String {
        let body = content::Body::Text(Text { body: "Hello all".to_owned(), preview_url: false });
        self.says_in(account, at, group, reply_to, body).await
    }

    /// A person says something in a group.
    async fn says_in(
        &self,
        account: AccountId,
        at: usize,
        group: &str,
        reply_to: &str,
        body: content::Body,
    ) -> String {
        self.tick();
        let ctx = self.app.ctx.clone();
        let reply_to = plaza_business::wamid::parse(reply_to).map(|id| id.as_bytes().to_vec());
        let inbound = Inbound {
            account,
            number: number(at).parse().unwrap(),
            name: "Ben".to_owned(),
            message_id: ctx.ordered_id(),
            at: ctx.now(),
            content: Content {
                sender_name: "Ben".to_owned(),
                reply_to: reply_to.unwrap_or_default(),
                body: Some(body),
                is_forwarded: false,
            },
            group: plaza_business::groups::parse_id(group),
        };
        let id = plaza_protocol::BusinessMessageId(inbound.message_id.0);
        let (business, phone) = (self.app.business.clone(), self.shop.phone_number_id);
        let receive = async move |ctx: &Ctx, tx: &mut Tx| business.received(ctx, tx, phone, &inbound).await;
        assert!(self.app.db.transact::<_, SendError, _>(&ctx, "test.receive", receive).await.unwrap());
        plaza_business::wamid::format(id)
    }

    /// The devices of participants have a message.
    async fn acknowledge_in_group(&self, wamid: &str, accounts: &[AccountId]) -> usize {
        self.tick();
        let id = MessageId(plaza_business::wamid::parse(wamid).unwrap().0);
        let (business, at) = (self.app.business.clone(), self.app.ctx.now());
        let copies: Vec<_> = accounts.iter().map(|account| (copy_of(id, *account), at)).collect();
        let deliver =
            async move |ctx: &Ctx, tx: &mut Tx| business.device_acknowledged(ctx, tx, &copies).await;
        self.app.db.transact(&self.app.ctx, "test.deliver", deliver).await.unwrap()
    }

    async fn has_read_in_group(&self, wamid: &str, account: AccountId) {
        self.tick();
        let id = MessageId(plaza_business::wamid::parse(wamid).unwrap().0);
        let (business, at) = (self.app.business.clone(), self.app.ctx.now());
        let read =
            async move |ctx: &Ctx, tx: &mut Tx| business.read(ctx, tx, &[(copy_of(id, account), at)]).await;
        self.app.db.transact(&self.app.ctx, "test.read", read).await.unwrap();
    }

    /// Posted and held of the shop's balance, in micros.
    async fn money(&self) -> (i64, i64) {
        let portfolio = self.shop.business_id;
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::balance(ctx, tx, portfolio).await;
        let balance = self.app.db.read(&self.app.ctx, "test.balance", read).await.unwrap();
        (100_000_000 - balance.posted.0, balance.held.0)
    }

    pub(super) async fn suspend(&self, group: &str, is_suspended: bool) {
        let id: GroupId = plaza_business::groups::parse_id(group).unwrap();
        let operator = self.app.ctx.acting_as(Actor::Operator);
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            plaza_business::groups::suspend(ctx, tx, id, is_suspended).await
        };
        self.app.db.transact(&operator, "test.suspend", set).await.unwrap();
    }

    /// Sends a picture for a group, as a file in the member `name`.
    pub(super) async fn sends_group_picture(&self, group: &str, name: &str, file: &[u8]) -> (u16, Value) {
        let mut body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n--x\r\n\
             Content-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        body.extend(file);
        body.extend(b"\r\n--x--\r\n");
        let request = self.request("POST", &format!("/v23.0/{group}"));
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }
}

fn to_group(group: &str, more: Value) -> Value {
    let mut message = json!({"messaging_product": "whatsapp", "recipient_type": "group", "to": group});
    message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message
}

fn text_to(group: &str, body: &str) -> Value {
    to_group(group, json!({"type": "text", "text": {"body": body}}))
}

fn template_to(group: &str, name: &str) -> Value {
    to_group(group, json!({"type": "template", "template": {"name": name, "language": {"code": "en_US"}}}))
}

#[tokio::test]
async fn a_group_is_made_named_and_deleted() {
    World::on_each_engine(business, async |world| {
        world.hears_of_groups().await;
        let asked = json!({"subject": "  Bread club ", "description": "Fresh on Fridays", "join_approval_mode": "auto_approve"});
        let group = world.group(asked).await;
        let told = world.last("group_lifecycle_update").await;
        let made = &told["groups"][0];
        assert_eq!(
            (&made["type"], &made["subject"], &made["description"], &made["join_approval_mode"]),
            (&json!("group_create"), &json!("Bread club"), &json!("Fresh on Fridays"), &json!("auto_approve"))
        );
        assert_eq!((&made["group_id"], told["metadata"]["phone_number_id"].as_str()), (&json!(group), Some(world.shop.phone_number_id.to_string().as_str())));
        assert_eq!(made["invite_link"], format!("http://plaza.test/g/{}", world.code_of(&group).await));
        assert!(made["timestamp"].is_string() && made["request_id"].is_string());

        let (status, all) = world.get(&format!("/{group}")).await;
        assert_eq!(status, 200, "{all}");
        assert_eq!(
            (&all["id"], &all["subject"], &all["suspended"], &all["total_participant_count"], &all["participants"]),
            (&json!(group), &json!("Bread club"), &json!(false), &json!(0), &json!([]))
        );
        assert!(all["creation_timestamp"].is_i64());
        let (_, some) = world.get(&format!("/v23.0/{group}?fields=subject,participants")).await;
        assert_eq!(some, json!({"id": group, "subject": "Bread club", "participants": []}));

        // Another name; another picture, in each of the members that clients use.
        let change = json!({"messaging_product": "whatsapp", "subject": "Bread and cake", "description": ""});
        assert_eq!(world.post(&format!("/{group}"), change).await.0, 200);
        let told = world.last("group_settings_update").await;
        assert_eq!(told["groups"][0]["group_subject"], json!({"text": "Bread and cake", "update_successful": true}));
        for name in ["file", "profile_picture_file"] {
            let (status, answer) = world.sends_group_picture(&group, name, &png(256, 256)).await;
            assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
        }
        let told = world.last("group_settings_update").await;
        let picture = &told["groups"][0]["profile_picture"];
        assert_eq!((&picture["mime_type"], &picture["update_successful"]), (&json!("image/png"), &json!(true)));
        assert!(told["groups"][0].get("group_subject").is_none(), "{told}");
        assert_eq!(world.get(&format!("/{group}?fields=subject,description")).await.1["description"], "");

        // A new link; none; a new one again.
        let first = world.code_of(&group).await;
        let product = json!({"messaging_product": "whatsapp"});
        assert_eq!(world.post(&format!("/{group}/invite_link"), product.clone()).await.0, 200);
        let second = world.code_of(&group).await;
        assert_ne!(first, second);
        let ben = world.person(&number(0)).await;
        assert!(matches!(world.joins(ben, &first).await, Err(MessagingError::NotFound(_))), "the first is of no use");
        assert_eq!(world.delete(&format!("/{group}/invite_link"), product.clone()).await.0, 200);
        assert_eq!(code(&world.get(&format!("/{group}/invite_link")).await), (400, 100));
        assert!(matches!(world.joins(ben, &second).await, Err(MessagingError::NotFound(_))));

        // The rival does not know of it, by either form of its id.
        let digits = plaza_business::groups::parse_id(&group).unwrap().to_string();
        for id in [&group, &digits] {
            let token = &world.rival.access_token.0;
            let answer = world.as_token("GET", &format!("/v23.0/{id}"), token, json!({})).await;
            assert_eq!((code(&answer), &answer.1["error"]["error_subcode"]), ((400, 100), &json!(33)));
        }
        let (status, gone) = world.delete(&format!("/{group}"), json!({})).await;
        assert_eq!((status, &gone["success"]), (200, &json!(true)), "{gone}");
        assert_eq!(world.last("group_lifecycle_update").await["groups"][0]["type"], "group_delete");
        assert_eq!(code(&world.get(&format!("/{group}")).await), (400, 100));
        assert_eq!(world.get(&world.groups()).await.1["data"], json!({"groups": []}));
        assert_eq!(code(&world.post(&world.messages(), text_to(&group, "Hi")).await), (400, 131_041));
    })
    .await;
}

#[tokio::test]
async fn people_come_by_link_until_the_group_is_full() {
    World::on_each_engine(business, async |world| {
        world.hears_of_groups().await;
        let (group, accounts) = world.full_group(8).await;
        let told = world.last("group_participants_update").await;
        let added = &told["groups"][0];
        assert_eq!(
            (&added["type"], &added["reason"]),
            (&json!("group_participants_add"), &json!("invite_link"))
        );
        assert_eq!(added["added_participants"][0]["wa_id"], number(7).trim_start_matches('+'));
        let code_ = world.code_of(&group).await;
        let ninth = world.person(&number(8)).await;
        assert!(matches!(world.joins(ninth, &code_).await, Err(MessagingError::Conflict(_))), "the ninth");
        assert_eq!(world.joins(accounts[0], &code_).await.unwrap(), Joining::Already { is_requested: false });
        let (_, all) = world.get(&format!("/{group}")).await;
        assert_eq!(
            (&all["total_participant_count"], all["participants"].as_array().unwrap().len()),
            (&json!(8), 8)
        );
        assert!(all["participants"][0]["user_id"].as_str().unwrap().contains('.'));

        // Nobody is put into a group; somebody is taken out of it, by number or by user id.
        let add = json!({"messaging_product": "whatsapp", "participants": [{"user": number(8)}]});
        assert_eq!(code(&world.post(&format!("/{group}/participants"), add).await), (400, 100));
        let by_id = all["participants"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["wa_id"] == number(1).trim_start_matches("+"));
        let user_id = by_id.unwrap()["user_id"].clone();
        let out = json!({"messaging_product": "whatsapp", "participants": [
            {"user": number(0)}, {"user_id": user_id}, {"user": number(8)}, {"user": number(0)}]});
        let (status, removed) = world.delete(&format!("/{group}/participants"), out).await;
        assert_eq!(
            (status, removed["removed_participants"].as_array().map(Vec::len)),
            (200, Some(2)),
            "{removed}"
        );
        assert_eq!(removed["errors"][0]["code"], 131_201, "what is done is done, and something is not");
        let codes: Vec<_> = removed["failed_participants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|failed| failed["errors"][0]["code"].clone())
            .collect();
        assert_eq!(codes, [json!(131_212), json!(131_202)]);
        let told = world.last("group_participants_update").await;
        let gone = &told["groups"][0];
        assert_eq!(
            (&gone["type"], &gone["initiated_by"]),
            (&json!("group_participants_remove"), &json!("business"))
        );
        assert_eq!(gone["removed_participants"][0]["input"], number(0));
        // Who was removed does not come back by the same link; by a new one they do.
        assert!(matches!(world.joins(accounts[0], &code_).await, Err(MessagingError::Forbidden(_))));
        assert_eq!(world.joins(ninth, &code_).await.unwrap(), Joining::Joined, "there is a place now");
        world.post(&format!("/{group}/invite_link"), json!({"messaging_product": "whatsapp"})).await;
        let anew = world.code_of(&group).await;
        assert_eq!(world.joins(accounts[0], &anew).await.unwrap(), Joining::Joined);
        world.leaves(accounts[2], &group).await;
        let told = world.last("group_participants_update").await;
        assert_eq!(told["groups"][0]["initiated_by"], "participant");
        assert_eq!(world.get(&format!("/{group}")).await.1["total_participant_count"], 7);
    })
    .await;
}

#[tokio::test]
async fn who_asks_to_be_let_in_waits_for_the_business() {
    World::on_each_engine(business, async |world| {
        world.hears_of_groups().await;
        let group = world.group(json!({"join_approval_mode": "approval_required"})).await;
        let link = world.code_of(&group).await;
        let mut requests = Vec::new();
        for at in 0..10 {
            let account = world.person(&number(at)).await;
            let Joining::Requested(request) = world.joins(account, &link).await.unwrap() else {
                panic!("they wait")
            };
            requests.push(request.id.to_string());
            let told = world.last("group_participants_update").await;
            let asked = &told["groups"][0];
            assert_eq!(
                (&asked["type"], &asked["join_request_id"]),
                (&json!("group_join_request_created"), &json!(request.id))
            );
        }
        let path = format!("/{group}/join_requests");
        let (_, page) = world.get(&format!("{path}?limit=4")).await;
        assert_eq!(page["data"].as_array().unwrap().len(), 4);
        let first = &page["data"][0];
        assert_eq!(
            (&first["join_request_id"], &first["wa_id"]),
            (&json!(requests[0]), &json!(number(0).trim_start_matches("+")))
        );
        assert!(first["creation_timestamp"].is_i64());
        let after = page["paging"]["cursors"]["after"].as_str().unwrap();
        let (_, rest) = world.get(&format!("{path}?limit=100&after={after}")).await;
        assert_eq!(rest["data"].as_array().unwrap().len(), 6);
        let decide = |ids: &[&String]| json!({"messaging_product": "whatsapp", "join_requests": ids});
        // One is refused, one takes their request back; of the others eight come in, and the last finds no place.
        let (status, refused) = world.delete(&path, decide(&[&requests[9]])).await;
        assert_eq!((status, &refused["rejected_join_requests"]), (200, &json!([requests[9]])), "{refused}");
        let all: Vec<&String> = requests.iter().collect();
        let (status, approved) = world.post(&path, decide(&all)).await;
        assert_eq!(
            (status, approved["approved_join_requests"].as_array().map(Vec::len)),
            (200, Some(8)),
            "{approved}"
        );
        assert_eq!(approved["errors"][0]["code"], 131_201);
        let failed: Vec<_> = approved["failed_join_requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|failed| failed["errors"][0]["code"].clone())
            .collect();
        assert_eq!(
            failed,
            [json!(131_204), json!(131_204)],
            "no place for the ninth, nor for the one who was refused"
        );
        let told = world.last("group_participants_update").await;
        assert_eq!(
            (
                told["groups"][0]["added_participants"].as_array().map(Vec::len),
                &told["groups"][0]["request_id"]
            ),
            (Some(8), &approved["request_id"])
        );
        assert_eq!(world.get(&path).await.1["data"].as_array().unwrap().len(), 1, "the ninth still waits");
        // With 999 before them, the thousandth finds room to wait; the next one does not.
        let conversation = world.conversation_of(&group).await;
        let fill =
            async move |_: &Ctx, tx: &mut Tx| tx.execute(WAITING, params![conversation, 999_i64]).await;
        world.app.db.transact::<_, DbError, _>(&world.app.ctx, "test.waiting", fill).await.unwrap();
        let (last, late) = (world.person(&number(10)).await, world.person(&number(11)).await);
        assert!(matches!(world.joins(last, &link).await, Ok(Joining::Requested(_))));
        let refused = world.joins(late, &link).await;
        assert!(
            matches!(refused, Err(MessagingError::Conflict(why)) if why.contains("too many people wait"))
        );
        let (_, page) = world.get(&format!("{path}?limit=100")).await;
        let ids: Vec<_> =
            page["data"].as_array().unwrap().iter().map(|one| &one["join_request_id"]).collect();
        assert_eq!(ids.len(), 2, "the refused one left nothing behind");
        let gone = json!({"messaging_product": "whatsapp", "join_requests": [ids[1]]});
        assert_eq!(world.delete(&path, gone).await.0, 200);
        assert!(matches!(world.joins(late, &link).await, Ok(Joining::Requested(_))), "there is room again");
        assert_eq!(code(&world.post(&path, decide(&[&requests[0]])).await), (400, 131_204));
        assert_eq!(code(&world.delete(&path, decide(&[&requests[0]])).await), (400, 131_213));
        assert_eq!(code(&world.delete(&path, decide(&[&"x".to_owned()])).await), (400, 131_213));
        assert_eq!(code(&world.delete(&path, decide(&[])).await), (400, 100));
    })
    .await;
}

#[tokio::test]
async fn each_copy_is_held_and_charged_once() {
    World::on_each_engine(business, async |world| {
        world.hears_of_groups().await;
        world.template("ready", "UTILITY").await;
        let (group, people) = world.full_group(3).await;
        let send = async |body: Value, key: &str| {
            let request = world.request("POST", &world.messages()).header("idempotency-key", key);
            world.ask(request.body(Body::from(body.to_string())).unwrap()).await
        };
        let mut message = template_to(&group, "ready");
        message["biz_opaque_callback_data"] = json!("order-17");
        let (status, sent) = send(message.clone(), "a").await;
        assert_eq!(status, 200, "{sent}");
        assert_eq!((&sent["messages"][0]["group_id"], &sent["contacts"][0]), (&json!(group), &json!({"input": group, "wa_id": group})));
        assert_eq!(send(message, "a").await, (200, sent.clone()), "a repeat is the same message");
        assert_eq!(world.delivered.load(Ordering::SeqCst), 1, "one message of the conversation");
        let wamid = sent["messages"][0]["id"].as_str().unwrap().to_owned();
        let (paid, held) = world.money().await;
        assert!(paid == 0 && held > 0 && held % 3 == 0, "three copies are held: {held}");
        let each = held / 3;

        // The first status tells all three, in one event.
        let told = world.last("messages").await;
        let statuses = told["statuses"].as_array().unwrap();
        assert_eq!((statuses.len(), told["contacts"].as_array().unwrap().len()), (3, 3));
        for (at, status) in statuses.iter().enumerate() {
            assert_eq!((&status["id"], &status["status"], &status["recipient_type"]), (&json!(wamid), &json!("sent"), &json!("group")));
            assert_eq!((&status["recipient_id"], &status["biz_opaque_callback_data"]), (&json!(group), &json!("order-17")));
            assert_eq!(status["recipient_participant_user_id"], told["contacts"][at]["user_id"]);
            let pricing = json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": "group_utility"});
            assert_eq!(status["pricing"], pricing);
        }

        // Two devices have it, and say so twice; one reads it; the third expires.
        assert_eq!(world.acknowledge_in_group(&wamid, &people[..2]).await, 2);
        let told = world.last("messages").await;
        assert_eq!((told["statuses"].as_array().unwrap().len(), &told["statuses"][0]["status"]), (2, &json!("delivered")));
        assert_eq!(told["statuses"][0]["pricing"]["category"], "group_utility");
        assert_eq!(world.acknowledge_in_group(&wamid, &people[..2]).await, 0, "nothing is charged twice");
        assert_eq!(world.money().await, (2 * each, each));
        world.has_read_in_group(&wamid, people[0]).await;
        let told = world.last("messages").await;
        let read = &told["statuses"][0];
        assert_eq!((&read["status"], &read["recipient_participant_id"]), (&json!("read"), &json!(number(0).trim_start_matches("+"))));
        world.clock.advance(Duration::from_secs(31 * 24 * 3600));
        let business = world.app.business.clone();
        let expire = async move |ctx: &Ctx, tx: &mut Tx| business.expire_messages(ctx, tx).await;
        let system = world.app.ctx.acting_as(Actor::System);
        assert_eq!(world.app.db.transact(&system, "test.expire", expire).await.unwrap(), 1);
        assert_eq!(world.money().await, (2 * each, 0), "what did not arrive is not paid");
        let told = world.last("messages").await;
        assert_eq!((&told["statuses"][0]["status"], &told["statuses"][0]["errors"][0]["code"]), (&json!("failed"), &json!(131_026)));
        let verify =
            async |ctx: &Ctx, tx: &mut Tx| plaza_billing::verify(ctx, tx, &Prices::default()).await;
        let verified = world.app.db.read(&system, "test.verify", verify).await.unwrap();
        assert!(verified.ok, "{verified:?}");
    })
    .await;
}

#[tokio::test]
async fn whoever_writes_opens_the_window_of_the_group() {
    World::on_each_engine(business, async |world| {
        world.hears_of_groups().await;
        let (group, people) = world.full_group(2).await;
        assert_eq!(code(&world.post(&world.messages(), text_to(&group, "Hi")).await), (400, 131_047));
        let said = world.writes_in(people[1], 1, &group, "").await;
        let told = world.last("messages").await;
        let message = &told["messages"][0];
        assert_eq!((&message["group_id"], &message["from"], &message["id"]), (&json!(group), &json!(number(1).trim_start_matches("+")), &json!(said)));
        let (status, sent) = world.post(&world.messages(), text_to(&group, "Welcome")).await;
        assert_eq!(status, 200, "{sent}");
        let own = sent["messages"][0]["id"].as_str().unwrap().to_owned();
        let told = world.last("messages").await;
        let pricing = json!({"billable": false, "pricing_model": "PMP", "type": "free_group_customer_service", "category": "group_service"});
        assert_eq!(told["statuses"][0]["pricing"], pricing);
        world.acknowledge_in_group(&own, &people).await;
        assert_eq!(world.money().await, (0, 0), "the first thousand of the month are free");
        // The window with one person alone is another matter.
        let alone = json!({"messaging_product": "whatsapp", "to": number(1), "text": {"body": "Hi"}});
        assert_eq!(code(&world.post(&world.messages(), alone).await), (400, 131_047));

        // What is about another message names one of the group, the business's or somebody's.
        for about in [&said, &own] {
            let reaction = to_group(&group, json!({"type": "reaction", "reaction": {"message_id": about, "emoji": "👍"}}));
            assert_eq!(world.post(&world.messages(), reaction).await.0, 200);
            let mut quoting = text_to(&group, "This one");
            quoting["context"] = json!({"message_id": about});
            assert_eq!(world.post(&world.messages(), quoting).await.0, 200);
            let pin = json!({"type": "pin", "message_id": about, "expiration_days": "7"});
            assert_eq!(world.post(&world.messages(), to_group(&group, json!({"type": "pin", "pin": pin}))).await.0, 200);
        }
        world.ana_writes().await;
        let elsewhere = world.ana_writes().await;
        let reaction = json!({"type": "reaction", "reaction": {"message_id": elsewhere, "emoji": "👍"}});
        assert_eq!(code(&world.post(&world.messages(), to_group(&group, reaction)).await), (400, 131_009));
        let mut quoting = text();
        quoting["context"] = json!({"message_id": said});
        assert_eq!(code(&world.post(&world.messages(), quoting).await), (400, 131_009), "nor the other way round");
        // An answer tells whom it answers.
        world.writes_in(people[0], 0, &group, &own).await;
        assert_eq!(world.last("messages").await["messages"][0]["context"], json!({"from": "4930901820", "id": own}));
        world.writes_in(people[0], 0, &group, &said).await;
        assert_eq!(world.last("messages").await["messages"][0]["context"]["from"], number(1).trim_start_matches("+"));
        let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": said});
        assert_eq!(world.post(&world.messages(), mark).await.0, 200);
        world.clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(code(&world.post(&world.messages(), text_to(&group, "Hi")).await), (400, 131_047), "a day later");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_to_a_group_is_refused_with_its_code() {
    World::on_each_engine(business, async |world| {
        let empty = world.group(json!({})).await;
        world.template("ready", "UTILITY").await;
        let path = format!("/v23.0/{}/message_templates", world.shop.waba_id);
        let login = json!({"name": "login", "language": "en_US", "category": "AUTHENTICATION", "components": [
            {"type": "BODY", "add_security_recommendation": true}, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]});
        let (status, made) = world.post(&path, login).await;
        assert_eq!(status, 200, "{made}");
        assert_eq!(code(&world.post(&world.messages(), template_to(&empty, "ready")).await), (400, 131_020));
        let code_ = world.code_of(&empty).await;
        let ben = world.person(&number(0)).await;
        world.joins(ben, &code_).await.unwrap();
        let group = empty;
        world.writes_in(ben, 0, &group, "").await;
        let sends = async |message: Value| code(&world.post(&world.messages(), message).await);
        let button = json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}}});
        assert_eq!(sends(to_group(&group, button)).await, (400, 131_051));
        let place = json!({"type": "location", "location": {"latitude": 1, "longitude": 1}});
        assert_eq!(sends(to_group(&group, place)).await, (400, 131_051));
        let mut login = template_to(&group, "login");
        login["template"]["components"] = json!([
            {"type": "body", "parameters": [{"type": "text", "text": "123456"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "123456"}]}]);
        assert_eq!(sends(login).await, (400, 131_051));
        assert_eq!(sends(text_to("cGxhemFfZ3JvdXA6MTc", "Hi")).await, (400, 131_041));
        assert_eq!(sends(text_to("Bread club", "Hi")).await, (400, 131_009));
        assert_eq!(sends(text_to("", "Hi")).await, (400, 131_008));
        let mut odd = text_to(&group, "Hi");
        odd["recipient_type"] = json!("crowd");
        assert_eq!(sends(odd).await, (400, 131_009));
        let news = world.post(&format!("/{}/marketing_messages", world.shop.phone_number_id), template_to(&group, "ready")).await;
        assert_eq!(code(&news), (400, 131_009));
        world.suspend(&group, true).await;
        assert_eq!(sends(text_to(&group, "Hi")).await, (403, 131_207));
        assert_eq!(world.get(&format!("/{group}")).await.1["suspended"], true);
        world.suspend(&group, false).await;
        assert_eq!(world.post(&world.messages(), text_to(&group, "Hi")).await.0, 200);
        // Another business does not speak in it.
        let token = &world.rival.access_token.0;
        let path = format!("/{}/messages", world.rival.phone_number_id);
        assert_eq!(code(&world.as_token("POST", &path, token, text_to(&group, "Hi")).await), (400, 131_041));
    })
    .await;
}

#[tokio::test]
async fn a_quick_reply_in_a_group_is_counted_for_its_template() {
    World::on_each_engine(business, async |world| {
        let made = json!({"name": "ready", "language": "en_US", "category": "UTILITY", "components": [
            {"type": "BODY", "text": "Fresh bread today."},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Keep one"}]}]});
        let (_, made) = world.post(&format!("/{}/message_templates", world.shop.waba_id), made).await;
        let on = format!("/{}?is_enabled_for_insights=true", world.shop.waba_id);
        assert_eq!(world.post(&on, json!({})).await.0, 200);
        let (group, people) = world.full_group(2).await;
        let (_, sent) = world.post(&world.messages(), template_to(&group, "ready")).await;
        let wamid = sent["messages"][0]["id"].as_str().unwrap().to_owned();
        world.hears_of_groups().await;
        let press = content::ButtonReply { text: "Keep one".to_owned(), payload: "keep".to_owned() };
        for (at, account) in people.iter().enumerate() {
            let body = content::Body::ButtonReply(press.clone());
            world.says_in(*account, at, &group, &wamid, body).await;
            let told = world.last("messages").await;
            let told = &told["messages"][0];
            assert_eq!((&told["button"]["payload"], &told["group_id"]), (&json!("keep"), &json!(group)));
            assert_eq!(told["context"]["id"], wamid);
        }
        // Whoever was not there got no copy: what they press is nobody's.
        let late = world.person(&number(2)).await;
        world.joins(late, &world.code_of(&group).await).await.unwrap();
        world.says_in(late, 2, &group, &wamid, content::Body::ButtonReply(press)).await;
        let day = world.app.ctx.now().seconds() - 24 * 3600;
        let asked = format!(
            "/v23.0/{}/template_analytics?start={day}&end={}&granularity=daily&template_ids={}",
            world.shop.waba_id,
            day + 2 * 24 * 3600,
            made["id"].as_str().unwrap()
        );
        let (status, answer) = world.get(&asked).await;
        assert_eq!(status, 200, "{answer}");
        let points = answer["data"][0]["data_points"].as_array().unwrap();
        let clicked: Vec<&Value> =
            points.iter().flat_map(|point| point["clicked"].as_array().unwrap()).collect();
        assert_eq!(
            clicked,
            [&json!({"type": "quick_reply_button", "button_content": "Keep one", "count": 2})]
        );
    })
    .await;
}

#[tokio::test]
async fn bad_input_is_told_by_its_member() {
    let world = World::open().await;
    let long = "é".repeat(129);
    for (asked, member) in [
        (json!({"subject": "x"}), "messaging_product"),
        (json!({"messaging_product": "sms", "subject": "x"}), "messaging_product"),
        (json!({"messaging_product": "whatsapp"}), "subject"),
        (json!({"messaging_product": "whatsapp", "subject": "   "}), "subject"),
        (json!({"messaging_product": "whatsapp", "subject": long}), "subject"),
        (json!({"messaging_product": "whatsapp", "subject": ["x"]}), "subject"),
        (
            json!({"messaging_product": "whatsapp", "subject": "x", "description": "y".repeat(2049)}),
            "description",
        ),
        (
            json!({"messaging_product": "whatsapp", "subject": "x", "join_approval_mode": "maybe"}),
            "join_approval_mode",
        ),
    ] {
        let answer = world.post(&world.groups(), asked.clone()).await;
        let details = answer.1["error"]["error_data"]["details"].as_str().unwrap_or_default().to_owned();
        assert_eq!((code(&answer), details.contains(member)), ((400, 100), true), "{asked}: {details}");
    }
    let group = world.group(json!({"subject": "é".repeat(128), "description": "y".repeat(2048)})).await;
    let product = || json!({"messaging_product": "whatsapp"});
    assert_eq!(code(&world.post(&format!("/{group}"), product()).await), (400, 100), "nothing to change");
    assert_eq!(code(&world.sends_group_picture(&group, "file", &png(191, 191)).await), (400, 131_210));
    assert_eq!(code(&world.sends_group_picture(&group, "file", &png(300, 200)).await), (400, 131_209));
    assert_eq!(code(&world.sends_group_picture(&group, "file", b"no picture").await), (400, 100));
    assert_eq!(code(&world.post(&format!("/{group}/join_requests"), product()).await), (400, 100));
    assert_eq!(code(&world.delete(&format!("/{group}/participants"), product()).await), (400, 100));
    for cursor in ["x", "Zm9v"] {
        let refused = (400, 131_059);
        assert_eq!(code(&world.get(&format!("{}?after={cursor}", world.groups())).await), refused);
        assert_eq!(code(&world.get(&format!("/{group}/join_requests?after={cursor}")).await), refused);
    }
}

#[tokio::test]
async fn a_number_has_as_many_groups_as_it_may_and_they_come_in_pages() {
    let few = || business().grouping(3);
    World::on_each_engine(few, async |world| {
        let mut made = Vec::new();
        for at in 0..3 {
            made.push(world.group(json!({"subject": format!("Group {at}")})).await);
            world.clock.advance(Duration::from_secs(1));
        }
        let fourth = json!({"messaging_product": "whatsapp", "subject": "One more"});
        assert_eq!(code(&world.post(&world.groups(), fourth.clone()).await), (400, 131_211));
        let (_, page) = world.get(&format!("{}?limit=2", world.groups())).await;
        let ids = |page: &Value| -> Vec<String> {
            let groups = page["data"]["groups"].as_array().unwrap();
            groups.iter().map(|group| group["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids(&page), made[..2]);
        let next =
            page["paging"]["next"].as_str().unwrap().trim_start_matches("http://plaza.test").to_owned();
        let (_, rest) = world.get(&next).await;
        assert_eq!((ids(&rest), rest["paging"].get("next")), (made[2..].to_vec(), None));
        assert_eq!(world.delete(&format!("/{}", made[0]), json!({})).await.0, 200);
        assert_eq!(world.post(&world.groups(), fourth).await.0, 200, "there is room again");
    })
    .await;
}

#[tokio::test]
async fn all_copies_are_paid_or_none() {
    World::on_each_engine(business, async |world| {
        let poor = world.business_with(Micros(100_000)).await;
        let token = poor.access_token.0.clone();
        let path = format!("/{}/message_templates", poor.waba_id);
        let news = json!({"name": "news", "language": "en_US", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Fresh bread today."}]});
        assert_eq!(world.as_token("POST", &path, &token, news).await.0, 200);
        let path = format!("/{}/groups", poor.phone_number_id);
        let asked = json!({"messaging_product": "whatsapp", "subject": "Bread club"});
        assert_eq!(world.as_token("POST", &path, &token, asked).await.0, 200);
        let (_, list) = world.as_token("GET", &path, &token, json!({})).await;
        let group = list["data"]["groups"][0]["id"].as_str().unwrap().to_owned();
        let (_, link) = world.as_token("GET", &format!("/{group}/invite_link"), &token, json!({})).await;
        let link = link["invite_link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        for at in 0..8 {
            let account = world.person(&number(at)).await;
            world.joins(account, &link).await.unwrap();
        }
        let path = format!("/{}/messages", poor.phone_number_id);
        let sent = world.as_token("POST", &path, &token, template_to(&group, "news")).await;
        assert_eq!(code(&sent), (400, 131_042), "{}", sent.1);
        let portfolio = poor.business_id;
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::balance(ctx, tx, portfolio).await;
        let balance = world.app.db.read(&world.app.ctx, "test.balance", read).await.unwrap();
        assert_eq!(
            (balance.posted, balance.available),
            (Micros(100_000), Micros(100_000)),
            "nothing is held"
        );
    })
    .await;
}

#[tokio::test]
async fn a_template_invites_to_a_group() {
    let world = World::open().await;
    let group = world.group(json!({})).await;
    let link = world.code_of(&group).await;
    let path = format!("/v23.0/{}/message_templates", world.shop.waba_id);
    let invite = json!({"name": "invite", "language": "en_US", "category": "UTILITY", "components": [
        {"type": "BODY", "text": "Join us at {{1}} today.", "example": {"body_text": [["https://example.org/g/1"]]}}]});
    let (status, made) = world.post(&path, invite).await;
    assert_eq!(status, 200, "{made}");
    let mut message = template("invite", ANA);
    let parameters =
        |group: &str| json!([{"type": "body", "parameters": [{"type": "group_id", "group_id": group}]}]);
    message["template"]["components"] = parameters(&group);
    assert_eq!(world.post(&world.messages(), message.clone()).await.0, 200);
    assert_eq!(
        world.said.lock().unwrap().last().cloned().unwrap(),
        format!("Join us at http://plaza.test/g/{link} today.")
    );
    message["template"]["components"] = parameters("cGxhemFfZ3JvdXA6MTc");
    assert_eq!(code(&world.post(&world.messages(), message).await), (400, 131_009));
}

#[tokio::test]
async fn groups_are_counted_apart() {
    World::on_each_engine(business, async |world| {
        world.template("ready", "UTILITY").await;
        let now = world.app.ctx.now().seconds();
        let (group, people) = world.full_group(2).await;
        let (_, sent) = world.post(&world.messages(), template_to(&group, "ready")).await;
        let wamid = sent["messages"][0]["id"].as_str().unwrap().to_owned();
        world.acknowledge_in_group(&wamid, &people).await;
        world.has_read_in_group(&wamid, people[0]).await;
        world.writes_in(people[0], 0, &group, "").await;
        world.post(&world.messages(), text_to(&group, "Thanks")).await;
        world.leaves(people[1], &group).await;
        let (from, to) = (now - 3600, now + 3600);
        let count = async |products: &str| {
            let field =
                format!("analytics.start({from}).end({to}).granularity(DAY).product_types([{products}])");
            let query =
                url::form_urlencoded::Serializer::new(String::new()).append_pair("fields", &field).finish();
            let (status, answer) = world.get(&format!("/v23.0/{}?{query}", world.shop.waba_id)).await;
            assert_eq!(status, 200, "{answer}");
            let points = answer["analytics"]["data_points"].as_array().unwrap().clone();
            let sum = |member: &str| {
                points.iter().map(|point| point[member].as_i64().unwrap_or_default()).sum::<i64>()
            };
            (sum("sent"), sum("delivered"), sum("groups_sent"))
        };
        assert_eq!(count("101").await, (2, 2, 2), "copies of templates");
        assert_eq!(count("102").await, (2, 0, 2), "copies of other messages");
        assert_eq!(count("103").await, (1, 1, 1), "what people said");
        assert_eq!(count("0,2,100").await, (0, 0, 0), "nothing of it is counted among the others");
        let ask = async |more: &str| {
            world.get(&format!("/{}/group_analytics?start={from}&end={to}{more}", world.shop.waba_id)).await
        };
        let (status, answer) = ask("&granularity=DAILY").await;
        assert_eq!(status, 200, "{answer}");
        let point = &answer["data"][0]["data_points"][0];
        let counts =
            ["sent", "delivered", "read", "joined", "left"].map(|name| point[name].as_i64().unwrap());
        assert_eq!((&point["group_id"], counts), (&json!(group), [4, 2, 1, 2, 1]));
        let (_, answer) = ask(&format!("&group_ids=%5B%22{group}%22%5D&metric_types=READ")).await;
        let point = &answer["data"][0]["data_points"][0];
        assert_eq!((&point["read"], point.get("sent")), (&json!(1), None));
        assert_eq!(code(&ask("&group_ids=cGxhemFfZ3JvdXA6MTc").await), (400, 100));
        assert_eq!(code(&ask("&metric_types=FEELINGS").await), (400, 100));
    })
    .await;
}
