//! A business talks with several people at once, over real sockets and with real keys.

use crate::server::{Business, PATIENCE, Person, Server, answer, get};
use plaza_client::view::{GroupView, Ticks};
use plaza_client::{GroupAnswer, GroupAsk};
use plaza_client_native::ClientError;
use plaza_protocol::{ConversationId, ErrorCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

const TULIP: &str = "+4930901820";

impl Business {
    async fn get(&self, path: &str) -> Value {
        let (status, found) = get(&format!("{}/v23.0/{path}", self.url), Some(&self.token)).await;
        assert_eq!(status, 200, "{found}");
        found
    }

    async fn delete(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = reqwest::Client::new().delete(format!("{}/v23.0/{path}", self.url)).json(body);
        answer(request, Some(&self.token)).await
    }

    /// A group with the code of its link.
    async fn group(&self, mode: &str) -> (String, String) {
        let asked =
            json!({"messaging_product": "whatsapp", "subject": "Bread club", "join_approval_mode": mode});
        let (status, made) = self.post(&format!("{}/groups", self.phone), &asked).await;
        assert_eq!(status, 200, "{made}");
        let list = self.get(&format!("{}/groups", self.phone)).await;
        let id = list["data"]["groups"][0]["id"].as_str().unwrap().to_owned();
        let link = self.get(&format!("{id}/invite_link")).await["invite_link"].as_str().unwrap().to_owned();
        assert!(link.starts_with(&format!("{}/g/", self.url)), "{link}");
        (id, link.rsplit('/').next().unwrap().to_owned())
    }

    async fn says(&self, group: &str, message: Value) -> (u16, Value) {
        let mut message = message;
        message["messaging_product"] = json!("whatsapp");
        message["recipient_type"] = json!("group");
        message["to"] = json!(group);
        self.post(&format!("{}/messages", self.phone), &message).await
    }

    fn template() -> Value {
        json!({"type": "template", "template": {"name": "ready", "language": {"code": "en"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "all"}]}]}})
    }
}

impl Person {
    async fn asks(&self, ask: GroupAsk) -> Result<GroupAnswer, ClientError> {
        self.client.ask_group(ask, PATIENCE).await
    }

    /// Follows a link, and waits until the device is in the group.
    async fn joins(&mut self, code: &str) -> ConversationId {
        let answer = self.asks(GroupAsk::Join { code: code.to_owned() }).await.unwrap();
        let GroupAnswer::Joined { conversation_id } = answer else { panic!("{answer:?}") };
        self.is_in(conversation_id).await;
        conversation_id
    }

    async fn is_in(&mut self, id: ConversationId) {
        self.until(move |machine| machine.group(id).is_some_and(plaza_client::Conversation::is_ready)).await;
    }

    /// Waits until something holds of the client.
    async fn until(&mut self, holds: impl Fn(&plaza_client::Machine) -> bool + Clone + Send + 'static) {
        let mut updates = self.client.updates();
        timeout(PATIENCE, async {
            loop {
                let holds = holds.clone();
                if self.client.with(move |machine, _| Ok(holds(machine))).await.unwrap() {
                    return;
                }
                let _ = updates.recv().await;
            }
        })
        .await
        .expect("it comes to hold");
    }

    async fn group(&self, id: ConversationId) -> GroupView {
        self.client
            .with(move |machine, _| Ok(machine.conversation(id)))
            .await
            .unwrap()
            .unwrap()
            .group
            .unwrap()
    }

    async fn notices(&self, id: ConversationId) -> Vec<String> {
        let page = self.client.timeline(id, None, 100).await.unwrap();
        page.items.into_iter().filter(|item| item.kind == "notice").map(|item| item.text).collect()
    }
}

#[tokio::test]
async fn several_people_and_a_business_talk_in_one_group() {
    let mut server = Server::start().await;
    let business = server.business(TULIP).await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let mut ben = Person::register(&server, "+999000002", "Ben").await;
    let mut cem = Person::register(&server, "+999000003", "Cem").await;
    let (group, code) = business.group("auto_approve").await;

    // What the link leads to can be seen before one is in.
    let GroupAnswer::Invitation(seen) = ana.asks(GroupAsk::Look { code: code.clone() }).await.unwrap() else {
        panic!("an invitation")
    };
    assert_eq!((seen.subject.as_str(), seen.manager.as_str(), seen.participants), ("Bread club", "Tulip", 0));
    assert!(!seen.is_member && !seen.hosted_by.is_empty());
    let id = ana.joins(&code).await;
    assert_eq!(ben.joins(&code).await, id);
    let sent = business.says(&group, Business::template()).await;
    assert_eq!(sent.0, 200, "{}", sent.1);
    for person in [&mut ana, &mut ben] {
        assert_eq!(person.next().await, (id, "Hello all, your bread is ready.".to_owned()));
    }
    // Who comes later reads nothing of it, and everything that follows.
    assert_eq!(cem.joins(&code).await, id);
    ben.client.send_text_and_wait(id, "Hello Ana and Cem", PATIENCE).await.unwrap();
    assert_eq!(ana.next().await, (id, "Hello Ana and Cem".to_owned()));
    assert_eq!(cem.next().await, (id, "Hello Ana and Cem".to_owned()), "the first that they get");
    let names: Vec<_> = cem.group(id).await.members.into_iter().map(|member| member.name).collect();
    assert_eq!(names, ["Tulip", "Cem", "Ana", "Ben"]);
    assert!(cem.group(id).await.members[0].is_manager);
    ana.until(move |machine| {
        let view = machine.conversation(id).and_then(|view| view.group);
        view.is_some_and(|view| view.members.iter().any(|member| member.name == "Cem"))
    })
    .await;
    assert_eq!(ana.notices(id).await, ["You joined the group.", "Ben joined.", "Cem joined."]);

    // Somebody wrote: the business may write freely, and pays for each copy once.
    let (status, sent) =
        business.says(&group, json!({"type": "text", "text": {"body": "Good morning"}})).await;
    assert_eq!(status, 200, "{sent}");
    for person in [&mut ana, &mut ben, &mut cem] {
        assert_eq!(person.next().await, (id, "Good morning".to_owned()));
        person.client.mark_read(id).await.unwrap();
        // When this is stored, what was read before it is charged.
        person.client.send_text_and_wait(id, "Morning", PATIENCE).await.unwrap();
    }
    for person in [&mut ana, &mut ben, &mut cem] {
        for _ in 0..2 {
            assert_eq!(person.next().await, (id, "Morning".to_owned()));
        }
    }
    ben.ticks(id, Ticks::Delivered).await;
    let charges = server.operator("charges").await;
    assert_eq!(charges["data"].as_array().unwrap().len(), 5, "two copies and three: {charges}");

    // Another name is told to all.
    let change = json!({"messaging_product": "whatsapp", "subject": "Bread and cake"});
    assert_eq!(business.post(&group, &change).await.0, 200);
    ben.until(move |machine| machine.conversation(id).is_some_and(|view| view.title == "Bread and cake"))
        .await;
    assert!(ben.notices(id).await.last().unwrap().contains("Bread and cake"));

    // Ben is out: he gets nothing more, and does not come back by this link.
    let out = json!({"messaging_product": "whatsapp", "participants": [{"user": "+999000002"}]});
    let (status, removed) = business.delete(&format!("{group}/participants"), &out).await;
    assert_eq!(status, 200, "{removed}");
    ben.until(move |machine| machine.conversation(id).is_some_and(|view| view.is_left)).await;
    assert_eq!(ben.notices(id).await.last().unwrap(), "You are no longer in this group.");
    let refused = ben.asks(GroupAsk::Join { code: code.clone() }).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { code: ErrorCode::Forbidden, .. }), "{refused}");
    let failed = ben.client.send_text_and_wait(id, "Hey", PATIENCE).await.unwrap_err();
    assert!(matches!(failed, ClientError::Refused { .. }), "{failed}");
    ana.client.send_text_and_wait(id, "Just us", PATIENCE).await.unwrap();
    assert_eq!(cem.next().await.1, "Just us");
    assert_eq!(ana.notices(id).await.last().unwrap(), "Ben is no longer in the group.");

    // Cem leaves by himself, and may come back.
    assert_eq!(cem.asks(GroupAsk::Leave { conversation: id }).await.unwrap(), GroupAnswer::Left);
    ana.client.send_text_and_wait(id, "Only the two of us", PATIENCE).await.unwrap();
    let (_, info) = get(&format!("{}/v23.0/{group}", server.url), Some(&business.token)).await;
    assert_eq!(info["total_participant_count"], 1, "{info}");
    assert_eq!(cem.joins(&code).await, id);
    ana.client.send_text_and_wait(id, "Welcome back", PATIENCE).await.unwrap();
    assert_eq!(cem.next().await, (id, "Welcome back".to_owned()), "nothing of the time between");

    // A link in a template, a direct message beside the group: both are what they were.
    ana.write(TULIP, "Hello alone").await;
    let alone = json!({"messaging_product": "whatsapp", "to": "+999000001", "text": {"body": "Hello Ana"}});
    assert_eq!(business.post(&format!("{}/messages", business.phone), &alone).await.0, 200);
    let (direct, text) = ana.next().await;
    assert_eq!(text, "Hello Ana");
    assert_ne!(direct, id);

    assert_eq!(business.delete(&group, &json!({})).await.0, 200);
    for person in [&mut ana, &mut cem] {
        person.until(move |machine| machine.conversation(id).is_some_and(|view| view.is_left)).await;
    }
    assert!(server.stop());
    let books = server.verify();
    assert_eq!(books["ok"].as_bool(), Some(true), "{books}");
    let written = server.everything_written();
    for word in ["Hello Ana and Cem", "Only the two of us", "Good morning"] {
        assert!(
            !written.windows(word.len()).any(|window| window == word.as_bytes()),
            "{word} was written down"
        );
    }
}

#[tokio::test]
async fn people_wait_for_the_business_and_new_devices_follow() {
    let server = Server::start().await;
    let business = server.business(TULIP).await;
    let mut ana = Person::register(&server, "+999000001", "Ana").await;
    let mut ben = Person::register(&server, "+999000002", "Ben").await;
    let (group, code) = business.group("approval_required").await;
    for person in [&ana, &ben] {
        let asked = person.asks(GroupAsk::Join { code: code.clone() }).await.unwrap();
        assert_eq!(asked, GroupAnswer::Requested);
    }
    let GroupAnswer::Invitation(seen) = ben.asks(GroupAsk::Look { code: code.clone() }).await.unwrap() else {
        panic!("an invitation")
    };
    assert!(seen.is_requested && seen.is_approval_required && !seen.is_member);
    assert_eq!(ben.asks(GroupAsk::Cancel { code: code.clone() }).await.unwrap(), GroupAnswer::Cancelled);
    let waiting = business.get(&format!("{group}/join_requests")).await;
    assert_eq!(waiting["data"].as_array().unwrap().len(), 1, "{waiting}");
    let approve =
        json!({"messaging_product": "whatsapp", "join_requests": [waiting["data"][0]["join_request_id"]]});
    let (status, approved) = business.post(&format!("{group}/join_requests"), &approve).await;
    assert_eq!(status, 200, "{approved}");
    // The group appears by itself.
    let id = timeout(PATIENCE, async {
        let mut updates = ana.client.updates();
        loop {
            let found = ana.client.conversations().await.unwrap();
            if let Some(found) = found.iter().find(|found| found.group.is_some() && !found.title.is_empty()) {
                return found.id.parse::<ConversationId>().unwrap();
            }
            let _ = updates.recv().await;
        }
    })
    .await
    .unwrap();
    ana.is_in(id).await;
    let asked = ben.asks(GroupAsk::Join { code: code.clone() }).await.unwrap();
    assert_eq!(asked, GroupAnswer::Requested, "he asks again");
    let waiting = business.get(&format!("{group}/join_requests")).await;
    let approve =
        json!({"messaging_product": "whatsapp", "join_requests": [waiting["data"][0]["join_request_id"]]});
    assert_eq!(business.post(&format!("{group}/join_requests"), &approve).await.0, 200);
    ben.is_in(id).await;

    // Ana has a new device: it joins from outside, or is let in by the business, which speaks at that moment.
    let mut ana_again = Person::register(&server, "+999000001", "Ana").await;
    assert_eq!(business.says(&group, Business::template()).await.0, 200);
    let next = timeout(Duration::from_secs(10), ana_again.next()).await;
    let page = ana_again.client.timeline(id, None, 100).await;
    assert_eq!(next, Ok((id, "Hello all, your bread is ready.".to_owned())), "{page:?}");
    ana_again
        .until(move |machine| machine.conversation(id).is_some_and(|view| view.title == "Bread club"))
        .await;
    ana_again.client.send_text_and_wait(id, "It is me", PATIENCE).await.unwrap();
    for expected in ["Hello all, your bread is ready.", "It is me"] {
        let next = timeout(Duration::from_secs(10), ben.next()).await;
        let page = ben.client.timeline(id, None, 100).await.unwrap();
        assert_eq!(next.map(|(_, text)| text).as_deref(), Ok(expected), "{:?}", page.items);
    }
    // What a link leads to nobody learns by guessing.
    let unknown = ben.asks(GroupAsk::Look { code: "AAAAAAAAAAAAAAAAAAAAAA".to_owned() }).await.unwrap_err();
    assert!(matches!(unknown, ClientError::Refused { code: ErrorCode::NotFound, .. }), "{unknown}");
}
