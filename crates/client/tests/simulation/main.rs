//! # Simulation
//!
//! Three people talk over a bad network: connections end at any frame, frames come twice, processes die between any two
//! steps, people write at the same moment to each other for the first time, devices lose their groups or are registered
//! anew in the middle. Everything follows from a seed. At the end the network heals, and then:
//!
//! - nothing waits in an outbox;
//! - each message is on the timeline of every device that was in the group when it was sent: once, in the same order;
//! - all devices of a conversation stand in the same epoch, with the same secrets, and the server agrees.

#![expect(clippy::unwrap_used, reason = "a step that fails is the failure of the test")]

mod server;

use plaza_client::store::{MemoryStore, Scan};
use plaza_client::view::ItemView;
use plaza_client::{Event, LOADED, Machine, NewDevice, conversation_prefix, timeline};
use plaza_protocol::native::DeviceRegistered;
use plaza_protocol::wire::ClientFrame;
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, ManualClock, SeededIds, Timestamp};
use server::Server;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Runs what never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the memory store never waits"),
    }
}

struct Person {
    account: AccountId,
    number: String,
    device: DeviceId,
    machine: Machine,
    store: MemoryStore,
    /// On the way to the server.
    outgoing: VecDeque<ClientFrame>,
    connected: bool,
    /// Numbers that it wants to write to, with what to say, once the conversation is open.
    to_say: BTreeMap<u64, String>,
    failed: Vec<String>,
}

impl Person {
    /// Stores, then sends: as a driver does.
    fn step(&mut self, ctx: &Ctx) {
        let step = self.machine.take_step();
        self.store.apply_now(step.changes);
        if self.connected {
            self.outgoing.extend(step.frames);
        }
        for event in step.events {
            match event {
                Event::Opened { ticket, result } => {
                    let text = self.to_say.remove(&ticket).unwrap();
                    let conversation = result.unwrap();
                    self.machine.send_text(ctx, conversation, &text, None).unwrap();
                    self.step(ctx);
                }
                Event::Failed { error, .. } => self.failed.push(error),
                _ => {}
            }
        }
    }

    fn reopen(&mut self) {
        let rows = LOADED.iter().flat_map(|prefix| self.store.scan_now(&Scan::all(prefix)));
        self.machine = Machine::open(rows).unwrap().unwrap();
        self.to_say.clear();
    }

    fn timeline(&self, conversation: ConversationId) -> Vec<ItemView> {
        let lens = self.machine.lens(conversation);
        now(timeline::page(&self.store, &lens, conversation, None, 10_000)).unwrap().items
    }
}

struct World {
    ctx: Ctx,
    clock: Arc<ManualClock>,
    server: Server,
    people: Vec<Person>,
    /// What was said, by whom.
    said: BTreeSet<String>,
    next: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000)));
        let ctx = Ctx::system(clock.clone(), Arc::new(SeededIds::new(seed)));
        let mut world = Self {
            ctx,
            clock,
            server: Server::default(),
            people: Vec::new(),
            said: BTreeSet::new(),
            next: 0,
        };
        for name in ["ana", "ben", "cem"] {
            let account = world.ctx.uuid();
            let person = world.register(account, name);
            world.people.push(person);
        }
        world
    }

    fn register(&mut self, account: AccountId, number: &str) -> Person {
        let device = NewDevice::new(&self.ctx, account).unwrap();
        self.server.register(account, number, device.registration());
        let id = device.registration().device;
        let answer = DeviceRegistered { account_id: account, device_id: id, token: String::new() };
        let machine = device.registered(&answer, number, number).unwrap();
        let mut person = Person {
            account,
            number: number.to_owned(),
            device: id,
            machine,
            store: MemoryStore::new(),
            outgoing: VecDeque::new(),
            connected: false,
            to_say: BTreeMap::new(),
            failed: Vec::new(),
        };
        person.step(&self.ctx);
        person
    }

    fn chance(&self, of: u64) -> u64 {
        u64::from_be_bytes(self.ctx.random()) % of
    }

    fn someone(&self) -> usize {
        usize::try_from(self.chance(self.people.len() as u64)).unwrap()
    }

    /// Somebody writes to somebody.
    fn say(&mut self) {
        let (from, to) = (self.someone(), self.someone());
        if from == to {
            return;
        }
        let text = format!("{} {}", self.people[from].number, self.next);
        self.next += 1;
        let to = self.people[to].number.clone();
        let person = &mut self.people[from];
        let known = person.machine.conversations().into_iter().find(|view| view.number == to);
        match known {
            Some(view) => {
                self.said.insert(text.clone());
                person.machine.send_text(&self.ctx, view.id.parse().unwrap(), &text, None).unwrap();
            }
            // What was not sent before a crash was not sent: only open conversations count at once.
            None if person.connected => {
                let ticket = person.machine.open_number(&to);
                person.to_say.insert(ticket, text);
            }
            None => {}
        }
        person.step(&self.ctx);
    }

    fn connect(&mut self, who: usize) {
        let person = &mut self.people[who];
        self.server.disconnect(person.device);
        person.outgoing.clear();
        person.connected = true;
        person.machine.connected(&self.ctx);
        person.step(&self.ctx);
    }

    fn disconnect(&mut self, who: usize) {
        let person = &mut self.people[who];
        self.server.disconnect(person.device);
        person.outgoing.clear();
        person.connected = false;
        person.machine.disconnected();
        person.step(&self.ctx);
    }

    fn pass_to_server(&mut self, who: usize) -> bool {
        let person = &mut self.people[who];
        let Some(frame) = person.outgoing.pop_front() else { return false };
        self.server.receive(person.device, frame);
        true
    }

    fn pass_to_person(&mut self, who: usize, twice: bool) -> bool {
        let device = self.people[who].device;
        let frame = if twice { self.server.peek(device) } else { self.server.next(device) };
        let Some(frame) = frame else { return false };
        let person = &mut self.people[who];
        if person.connected {
            person.machine.receive(&self.ctx, frame).unwrap();
            person.step(&self.ctx);
        }
        true
    }

    fn tick(&mut self, by: Duration) {
        self.clock.advance(by);
        for person in &mut self.people {
            person.machine.tick(&self.ctx).unwrap();
            person.step(&self.ctx);
        }
    }

    /// One thing happens; how bad things may get depends on `trouble`.
    fn happen(&mut self, trouble: u64) {
        let who = self.someone();
        match self.chance(1000) {
            0..60 => self.say(),
            60..400 => {
                self.pass_to_server(who);
            }
            400..800 => {
                self.pass_to_person(who, false);
            }
            800..840 => {
                self.pass_to_person(who, true);
            }
            840..900 => self.tick(Duration::from_millis(self.chance(800))),
            900..950 => self.connect(who),
            950..970 => self.disconnect(who),
            970..985 => {
                // The process dies: what was not stored is gone.
                self.disconnect(who);
                self.people[who].reopen();
            }
            985..990 if trouble > 0 => self.lose_a_group(who),
            990..993 if trouble > 1 => self.register_anew(who),
            _ => self.tick(Duration::from_secs(self.chance(20))),
        }
    }

    /// The rows of a group are gone.
    fn lose_a_group(&mut self, who: usize) {
        self.disconnect(who);
        let person = &mut self.people[who];
        let groups = person.machine.conversations();
        let Some(view) = groups.first() else { return };
        let id: ConversationId = view.id.parse().unwrap();
        let prefix = [conversation_prefix(id), b"m/".to_vec()].concat();
        let rows = person.store.scan_now(&Scan::all(&prefix));
        person.store.apply_now(rows.into_iter().map(|(key, _)| (key, None)).collect());
        person.reopen();
    }

    /// The device is gone; its person registers another one.
    fn register_anew(&mut self, who: usize) {
        self.disconnect(who);
        let (account, number) = (self.people[who].account, self.people[who].number.clone());
        // What only that device knew is gone with it.
        self.said.retain(|text| !text.starts_with(&number));
        self.people[who] = self.register(account, &number);
    }

    /// The network is well again, until nothing moves any more.
    fn heal(&mut self) {
        for who in 0..self.people.len() {
            self.connect(who);
        }
        for _ in 0..400 {
            let mut moved = true;
            while moved {
                moved = false;
                for who in 0..self.people.len() {
                    while self.pass_to_server(who) || self.pass_to_person(who, false) {
                        moved = true;
                    }
                }
            }
            if self.people.iter().all(|person| person.machine.waiting() == 0 && person.to_say.is_empty())
                && self.has_converged()
            {
                self.tick(Duration::from_secs(1));
                return;
            }
            self.tick(Duration::from_secs(3));
        }
    }

    fn has_converged(&self) -> bool {
        self.server.talks.iter().all(|(id, talk)| {
            talk.members.iter().all(|member| {
                let person = self.people.iter().find(|person| person.account == *member).unwrap();
                person.machine.group(*id).is_some_and(|group| group.epoch() == Some(talk.state.epoch()))
            })
        })
    }

    fn check(&self, seed: u64) {
        for person in &self.people {
            assert_eq!(person.machine.waiting(), 0, "seed {seed}: {} still waits", person.number);
            assert_eq!(person.failed, Vec::<String>::new(), "seed {seed}: {}", person.number);
        }
        let mut arrived = BTreeSet::new();
        for (id, talk) in &self.server.talks {
            let both: Vec<_> = talk
                .members
                .iter()
                .map(|member| self.people.iter().find(|person| person.account == *member).unwrap())
                .collect();
            let groups: Vec<_> = both.iter().map(|person| person.machine.group(*id)).collect();
            let secrets: BTreeSet<_> = groups
                .iter()
                .map(|group| {
                    group.unwrap_or_else(|| panic!("seed {seed}: a group is missing")).epoch_authenticator()
                })
                .collect();
            assert_eq!(secrets.len(), 1, "seed {seed}: {id} has forked");
            assert_eq!(groups[0].unwrap().epoch(), Some(talk.state.epoch()), "seed {seed}");
            let timelines: Vec<_> = both.iter().map(|person| person.timeline(*id)).collect();
            for (person, items) in both.iter().zip(&timelines) {
                let texts: Vec<_> = items
                    .iter()
                    .filter(|item| item.kind == "text")
                    .map(|item| (item.gseq, &item.text))
                    .collect();
                let distinct: BTreeSet<_> = texts.iter().map(|(_, text)| text).collect();
                assert_eq!(
                    texts.len(),
                    distinct.len(),
                    "seed {seed}: {} has doubles: {texts:?}",
                    person.number
                );
                assert!(texts.is_sorted_by_key(|(gseq, _)| *gseq), "seed {seed}: out of order: {texts:?}");
                arrived.extend(texts.iter().map(|(_, text)| (*text).clone()));
            }
            // What one has, sent after the other came in, the other has too.
            for (mine, other) in [(0, 1), (1, 0)] {
                let since = talk.joined_at.get(&both[other].device).copied().unwrap_or(0);
                let theirs: BTreeSet<_> =
                    timelines[other].iter().map(|item| (item.gseq, item.text.clone())).collect();
                for item in timelines[mine].iter().filter(|item| item.kind == "text" && item.gseq > since) {
                    let there = theirs.contains(&(item.gseq, item.text.clone()));
                    assert!(
                        there,
                        "seed {seed}: {} at {} in {id} did not reach {} ({}), in since {since}",
                        item.text, item.gseq, both[other].number, both[other].device
                    );
                }
            }
        }
        for text in &self.said {
            assert!(arrived.contains(text), "seed {seed}: {text:?} is lost");
        }
    }
}

fn run(seeds: std::ops::Range<u64>, trouble: u64) {
    for seed in seeds {
        let mut world = World::new(seed);
        for who in 0..world.people.len() {
            world.connect(who);
        }
        for _ in 0..1200 {
            world.happen(trouble);
        }
        world.heal();
        world.check(seed);
    }
}

#[test]
fn over_a_bad_network_nothing_is_lost_or_doubled() {
    run(0..20, 0);
}

#[test]
fn devices_that_lose_a_group_come_back() {
    run(100..120, 1);
}

#[test]
fn devices_that_are_registered_anew_come_back() {
    run(200..220, 2);
}

#[test]
fn on_a_good_network_nobody_joins_twice_and_ticks_turn_read() {
    let mut world = World::new(7);
    for who in 0..3 {
        world.connect(who);
    }
    world.heal();
    for _ in 0..40 {
        world.say();
        world.heal();
    }
    world.check(7);
    let ids: Vec<_> = world.server.talks.keys().copied().collect();
    for id in ids {
        assert!(world.server.talks[&id].joined_at.is_empty());
        for person in &mut world.people {
            if person.machine.group(id).is_some() {
                person.machine.mark_read(id).unwrap();
                person.step(&world.ctx);
            }
        }
        world.heal();
        for person in world.people.iter().filter(|person| person.machine.group(id).is_some()) {
            let read = Some(plaza_client::view::Ticks::Read);
            assert!(person.timeline(id).iter().all(|item| !item.mine || item.ticks == read));
            assert_eq!(person.machine.conversation(id).unwrap().unread, 0);
        }
    }
}
