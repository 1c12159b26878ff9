//! An endpoint is away for days while the server is killed again and again: nothing is lost.
//!
//! Whoever sends keeps an own list of what was acknowledged, and what must therefore be told: of each message of the
//! business that it was sent, delivered and read; of each message of a person that it came. In the end the list is
//! compared with what the endpoint has answered with 200, and what stands in the list of dead letters.

use crate::endpoint::{Endpoint, Told, event};
use crate::server::{Business, PATIENCE, Server, get, post};
use plaza_business::wamid;
use plaza_protocol::{BusinessMessageId, MessageId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

const TULIP: &str = "+4930901820";
const DAY_S: u64 = 24 * 3600;
/// Rows of a page: several are needed.
const PAGE: usize = 7;

/// An event: the id of a message, and what is told of it.
type Happened = (String, String);

struct World {
    server: Server,
    business: Business,
    endpoint: Endpoint,
    people: Vec<String>,
    /// What must be told.
    happened: BTreeSet<Happened>,
    /// Messages of the business to each person, and of each person, in their order.
    sequences: BTreeMap<String, Vec<String>>,
    sent: usize,
}

impl World {
    async fn open(database: Option<String>) -> Self {
        let mut arguments = vec!["--sandbox".to_owned()];
        arguments.extend(database.into_iter().flat_map(|url| ["--database-url".to_owned(), url]));
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Server::start_in(folder, "server", &arguments).await;
        let (business, endpoint) = (server.business(TULIP).await, Endpoint::open().await);
        let callback = json!({"override_callback_uri": endpoint.url(), "verify_token": "t"});
        assert_eq!(business.post(&format!("{}/subscribed_apps", business.waba), &callback).await.0, 200);
        let mut people = Vec::new();
        for name in ["Ana", "Ben", "Cem"] {
            let url = format!("{}/_sandbox/people", server.url);
            let (status, person) = post(&url, None, &json!({"name": name})).await;
            assert_eq!(status, 200, "{person}");
            people.push(person["number"].as_str().unwrap().to_owned());
        }
        let (happened, sequences) = (BTreeSet::new(), BTreeMap::new());
        Self { server, business, endpoint, people, happened, sequences, sent: 0 }
    }

    /// The business writes to everybody.
    async fn send(&mut self) {
        for person in &self.people {
            let (status, sent) = self
                .business
                .post(&format!("{}/messages", self.business.phone), &self.business.template_to(person))
                .await;
            assert_eq!(status, 200, "{sent}");
            let id = sent["messages"][0]["id"].as_str().unwrap().to_owned();
            self.happened.extend(["sent", "delivered", "read"].map(|what| (id.clone(), what.to_owned())));
            self.sequences.entry(format!("to {person}")).or_default().push(id);
            self.sent += 1;
        }
    }

    /// Everybody writes to the business.
    async fn hear(&mut self) {
        for person in &self.people {
            let url = format!("{}/_sandbox/people/{person}/messages", self.server.url);
            let (status, said) = post(&url, None, &json!({"to": TULIP, "text": "Is there bread?"})).await;
            assert_eq!(status, 200, "{said}");
            let id: MessageId = said["message_id"].as_str().unwrap().parse().unwrap();
            let id = wamid::format(BusinessMessageId(id.0));
            self.happened.insert((id.clone(), "received".to_owned()));
            self.sequences.entry(format!("of {person}")).or_default().push(id);
        }
    }

    /// Waits until the business's log has everything that is to happen.
    async fn everything_happened(&self) {
        let url = format!("{}/manager/api/messages?limit=100&status=", self.server.url);
        let received = self.happened.iter().filter(|(_, what)| what == "received").count();
        for (status, wanted) in [("read", self.sent), ("received", received)] {
            let began = Instant::now();
            loop {
                let (_, log) = get(&format!("{url}{status}"), Some(&self.business.token)).await;
                let found = log["data"].as_array().map_or(0, Vec::len);
                if found >= wanted {
                    break;
                }
                assert!(began.elapsed() < PATIENCE, "{found} of {wanted} are {status}: {log}");
            }
        }
    }

    async fn wait(&self, seconds: u64) {
        let url = format!("{}/_sandbox/clock", self.server.url);
        let (status, now) = post(&url, None, &json!({"advance_s": seconds})).await;
        assert_eq!(status, 200, "{now}");
    }

    /// All deliveries in a state, page by page, as one of the consoles shows them.
    async fn listed(&self, console: &str, state: &str) -> Vec<Value> {
        let session = get(&format!("{}/_sandbox/session", self.server.url), None).await.1;
        let token = match console {
            "operator" => session["operator_token"].as_str().unwrap(),
            _ => &self.business.token,
        };
        let url = format!("{}/{console}/api/webhook-deliveries?state={state}&limit={PAGE}", self.server.url);
        let (mut listed, mut after) = (Vec::new(), String::new());
        loop {
            let (status, page) = get(&format!("{url}{after}"), Some(token)).await;
            assert_eq!(status, 200, "{page}");
            let of_messages = |delivery: &&Value| delivery["field"] == "messages";
            listed.extend(page["data"].as_array().unwrap().iter().filter(of_messages).cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return listed,
            }
        }
    }

    fn told(&self) -> BTreeSet<Happened> {
        events(&self.endpoint.told())
    }

    /// Business as usual, then four days without the endpoint, which is gone or broken by turns, and with a kill on
    /// each.
    async fn four_days_without(&mut self) {
        let before = self.endpoint.calls();
        self.send().await;
        self.endpoint.called(before + 1).await;
        self.server.kill_and_restart().await;
        self.hear().await;
        for day in 0..4 {
            if day % 2 == 0 {
                self.endpoint.go().await;
            } else {
                self.endpoint.come_back().await;
                self.endpoint.answer(500);
            }
            let before = self.endpoint.calls();
            self.send().await;
            if day % 2 == 1 {
                // It dies while it delivers, which it does again when it has left the endpoint alone for a while.
                self.wait(120).await;
                self.endpoint.called(before + 1).await;
            }
            self.server.kill_and_restart().await;
            self.hear().await;
            for _ in 0..2 {
                self.wait(DAY_S / 2).await;
            }
        }
        // Whoever died with a message unread reads it with the next one.
        self.send().await;
        self.everything_happened().await;
    }

    /// What the endpoint heard is signed, the same at each repeat, and can be put in order.
    fn check_told(&self) {
        let mut calls: BTreeMap<String, Told> = BTreeMap::new();
        for told in self.endpoint.told() {
            assert!(told.is_signed_with(&self.business.app_secret), "{told:?}");
            let before = calls.entry(told.delivery.clone()).or_insert_with(|| told.clone());
            assert_eq!(*before, told, "a repeat is the same call");
        }
        // In the order of the ids that came with them.
        let events: Vec<Happened> =
            calls.values().filter(|told| told.is_about_messages()).map(Told::event).collect();
        assert_eq!(events.len(), self.happened.len(), "each event is one delivery");
        for (person, ids) in &self.sequences {
            let first = if person.starts_with("to") { "sent" } else { "received" };
            let told = events.iter().filter(|(id, what)| what == first && ids.contains(id));
            assert_eq!(
                told.map(|(id, _)| id).collect::<Vec<_>>(),
                ids.iter().collect::<Vec<_>>(),
                "{person}"
            );
            for id in ids.iter().filter(|_| first == "sent") {
                let told = events.iter().filter(|(of, _)| of == id).map(|(_, what)| what.as_str());
                assert_eq!(told.collect::<Vec<_>>(), ["sent", "delivered", "read"], "{person}, {id}");
            }
        }
    }
}

/// What was said of messages. In so many days there is news of other things, too: how well templates do, for instance.
fn events(told: &[Told]) -> BTreeSet<Happened> {
    told.iter().filter(|told| told.is_about_messages()).map(Told::event).collect()
}

async fn it_comes_back_after_days(database: Option<String>) {
    let mut world = World::open(database).await;
    world.four_days_without().await;
    let heard = world.told();
    assert!(heard.len() < world.happened.len(), "it missed something");
    world.endpoint.answer(200);
    let before = world.endpoint.calls();
    // The longest pause between two attempts.
    world.wait(4 * 3600).await;
    world.endpoint.called(before + 3).await;
    world.server.kill_and_restart().await;
    // What the dead server had taken is free again after a minute.
    world.wait(60).await;
    let wanted = world.happened.clone();
    let is_all = |told: &[Told]| wanted.is_subset(&events(told));
    world.endpoint.told_until(is_all, "everything arrives").await;
    world.check_told();
    assert_eq!(world.listed("manager", "dead").await, Vec::<Value>::new());
}

async fn it_stays_away(database: Option<String>) {
    let mut world = World::open(database).await;
    world.four_days_without().await;
    world.endpoint.go().await;
    for day in 0..8 {
        world.wait(DAY_S).await;
        if day % 3 == 0 {
            world.server.kill_and_restart().await;
        }
    }
    let began = Instant::now();
    while !world.listed("operator", "pending").await.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{:?}", world.listed("operator", "pending").await);
        world.wait(60).await;
    }
    // Nothing is lost: it was told, or it stands in the list, which is the same for business and operator.
    let dead = world.listed("manager", "dead").await;
    assert_eq!(dead, world.listed("operator", "dead").await);
    assert!(dead.iter().all(|delivery| delivery["last_error"].is_string()), "it says why: {dead:#?}");
    let listed: BTreeSet<_> = dead.iter().map(|delivery| event(delivery["body"].as_str().unwrap())).collect();
    assert_eq!(listed.len(), dead.len(), "each stands there once");
    let known: BTreeSet<_> = listed.union(&world.told()).cloned().collect();
    assert_eq!(known, world.happened);

    world.endpoint.answer(200);
    world.endpoint.come_back().await;
    let replay = format!("{}/manager/api/webhook-deliveries/replay", world.server.url);
    let (status, replayed) = post(&replay, Some(&world.business.token), &json!({"field": "messages"})).await;
    assert_eq!((status, replayed), (200, json!({"replayed": dead.len(), "is_more": false})));
    // It may have been left alone just now, for a minute at most.
    world.wait(60).await;
    let wanted = world.happened.clone();
    let is_all = |told: &[Told]| events(told) == wanted;
    world.endpoint.told_until(is_all, "everything arrives").await;
    world.check_told();
    assert_eq!(world.listed("manager", "dead").await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_endpoint_comes_back_after_days_and_hears_everything() {
    it_comes_back_after_days(None).await;
}

#[tokio::test]
async fn an_endpoint_comes_back_after_days_and_hears_everything_on_postgres() {
    it_comes_back_after_days(Some(plaza_db::testing::postgres_url().await)).await;
}

#[tokio::test]
async fn what_an_endpoint_missed_for_a_week_is_listed_and_replayed() {
    it_stays_away(None).await;
}

#[tokio::test]
async fn what_an_endpoint_missed_for_a_week_is_listed_and_replayed_on_postgres() {
    it_stays_away(Some(plaza_db::testing::postgres_url().await)).await;
}
