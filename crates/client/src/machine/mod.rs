//! # The machine of a person's client
//!
//! [`Machine`] knows the device, its conversations, what waits to be sent and how far the mailbox was stored. A driver
//! around it owns the store and the connection:
//!
//! 1. It loads the rows below [`crate::LOADED`] and opens the machine ([`Machine::open`]), or makes a new device
//!    ([`NewDevice`]).
//! 2. It tells the machine what happens: [`Machine::connected`], [`Machine::receive`], [`Machine::disconnected`],
//!    [`Machine::tick`] at [`Machine::next_tick`], and the person's wishes.
//! 3. After each of them, or after several, it takes the [`Step`]: **first** the changes are stored, in one batch,
//!    **then** the frames are sent, then the events are shown. An acknowledgement is a frame, so nothing is
//!    acknowledged that is not stored; a send is a frame, so no key is used on the wire whose use is not stored.
//!
//! If storing fails, the machine is ahead of its store: the driver drops it and opens it again.
//!
//! What goes out of a conversation goes in order, one message at a time: the next one is encrypted when the server has
//! stored the one before. Whatever was in flight when a connection ended is asked again on the next one, under the same
//! ids, which makes that harmless.

mod accounts;
mod asides;
mod calls;
mod groups;
mod incoming;
mod membership;
mod outbox;
mod receipts;
mod talk;

pub use calls::{CallSignal, CallView, CallWish, call_body};
pub use groups::{GroupAnswer, GroupAsk};
pub(crate) use talk::Talk;

use crate::contact::{Contact, Contacts};
use crate::conversation::{Conversation, ConversationError, Phase};
use crate::registration::{Registration, RegistrationError};
use crate::rows::{self, RowError};
use crate::store::Row;
use crate::timeline::{Body, Item, Lens, Notice, Progress};
use crate::view::ConversationView;
use outbox::Entry;
use plaza_crypto::{CONVERSATIONS, Change, Device, Identity, Keystore, Suite, make_key_package};
use plaza_protocol::content::{Content, Feedback, Opinion};
use plaza_protocol::limits::{
    ACKNOWLEDGE_EVERY, ACKNOWLEDGE_EVERY_ENVELOPES, KEY_PACKAGES_LOW, KEY_PACKAGES_STOCK,
};
use plaza_protocol::native::DeviceRegistered;
use plaza_protocol::wire::{
    self, ClientFrame, ServerFrame, TakesCalls, client_frame, request, response, server_frame,
};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, ErrorCode, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A connection that is silent for so long is asked whether it is there…
const PING_AFTER: Duration = Duration::from_secs(25);
/// …and given up when it does not answer within this time.
const PONG_WITHIN: Duration = Duration::from_secs(15);

/// A step failed: a row is broken, or the library refused what it must not refuse.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A row is broken.
    #[error("a stored row is broken")]
    Rows(#[from] RowError),
    /// A conversation's operation failed.
    #[error("a conversation's state is broken")]
    Conversation(#[from] ConversationError),
    /// Key packages could not be made.
    #[error("key packages could not be made")]
    KeyPackage(#[from] plaza_crypto::KeyPackageError),
    /// There is no such conversation.
    #[error("there is no such conversation")]
    NoSuchConversation,
}

/// Something that the view or a listener wants to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The server knows the device: requests are answered.
    Online,
    /// The mailbox is empty.
    CaughtUp,
    /// The server ended the connection.
    GoAway {
        /// Why.
        code: ErrorCode,
        /// When to come back; `None`: not with this token.
        retry_after: Option<Duration>,
    },
    /// The connection does not answer: connect again.
    Stalled,
    /// What the person has bought changed: the server says how it is now.
    Entitlements,
    /// A row of the list of conversations changed.
    Conversation(ConversationId),
    /// A draft has become another conversation, which was there already.
    Moved {
        /// The draft.
        from: ConversationId,
        /// What it is now.
        to: ConversationId,
    },
    /// Items changed: read them again, [`crate::timeline::between`].
    Items {
        /// In this conversation.
        conversation: ConversationId,
        /// The orders from and to, both included.
        orders: (u64, u64),
    },
    /// The reactions to a message changed: read its item again.
    Reacted {
        /// In this conversation.
        conversation: ConversationId,
        /// Which message.
        message_id: MessageId,
    },
    /// A message of somebody else came.
    Received {
        /// In this conversation.
        conversation: ConversationId,
        /// What came.
        message: Box<crate::Received>,
    },
    /// A signal of a call came.
    Call(Box<CallSignal>),
    /// A message of one's own was stored by the server.
    Sent {
        /// In this conversation.
        conversation: ConversationId,
        /// Which.
        message_id: MessageId,
        /// Its place in the conversation.
        gseq: u64,
    },
    /// A message of one's own was refused for good.
    Failed {
        /// In this conversation.
        conversation: ConversationId,
        /// Which.
        message_id: MessageId,
        /// For people.
        error: String,
    },
    /// An account came further in a conversation.
    Receipt {
        /// In this conversation.
        conversation: ConversationId,
        /// Which account, and how far.
        receipt: crate::timeline::Receipt,
    },
    /// The answer to [`Machine::ask_group`].
    Group {
        /// What [`Machine::ask_group`] gave.
        ticket: u64,
        /// What the server said.
        result: Result<GroupAnswer, (ErrorCode, String)>,
    },
    /// The answer to [`Machine::open_number`].
    Opened {
        /// What [`Machine::open_number`] gave.
        ticket: u64,
        /// The conversation, or why not.
        result: Result<ConversationId, (ErrorCode, String)>,
    },
}

/// What a step leaves for the driver. See the [module](self) for the order.
#[derive(Debug, Default)]
pub struct Step {
    /// To be stored, all or none.
    pub changes: Vec<Change>,
    /// To be sent afterwards, in order.
    pub frames: Vec<ClientFrame>,
    /// To be shown.
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Session {
    account: AccountId,
    device: DeviceId,
    number: String,
    name: String,
    token: String,
    /// The account's conversations were listed once: a new device does not know them.
    listed: bool,
}

/// The person's session, for the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The number, E.164.
    pub number: String,
    /// The name that others see.
    pub name: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    /// The last `seq` that was stored.
    seq: u64,
    /// The newest receipt.
    receipts_since: i64,
    /// The next number of the outbox.
    next: u64,
}

/// What a request was for.
#[derive(Debug, Clone)]
enum Purpose {
    Send { conversation: ConversationId, message_id: MessageId },
    Create(ConversationId),
    Commit(ConversationId),
    Claim(ConversationId),
    Fetch(ConversationId),
    LookUp { ticket: u64 },
    Group { ticket: u64 },
    Describe(ConversationId),
    Accounts,
    List,
    Read { conversation: ConversationId, gseq: u64 },
    Publish,
}

#[derive(Debug, Default)]
struct Connection {
    online: bool,
    caught_up: bool,
    next_request: u64,
    in_flight: BTreeMap<u64, Purpose>,
    unacknowledged: usize,
    acknowledge_at: Option<Timestamp>,
    last_heard: Timestamp,
    pinged: bool,
    key_packages: usize,
    /// How far the server's clock is ahead.
    ahead: i64,
    ice_servers: Vec<wire::IceServer>,
}

/// A device that is not registered yet.
#[derive(Debug)]
pub struct NewDevice {
    keystore: Keystore,
    device: Device,
    registration: Registration,
}

impl NewDevice {
    /// Makes the keys of a new device of an account.
    pub fn new(ctx: &Ctx, account: AccountId) -> Result<Self, RegistrationError> {
        let keystore = Keystore::new();
        let (device, registration) =
            Registration::new(ctx, &keystore, Identity::new(ctx), account, ctx.uuid(), false)?;
        Ok(Self { keystore, device, registration })
    }

    /// What the server has to know.
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The server knows the device: its machine. The first step holds the keys, and is stored before anything else.
    pub fn registered(
        self,
        answer: &DeviceRegistered,
        number: &str,
        name: &str,
    ) -> Result<Machine, MachineError> {
        let session = Session {
            account: answer.account_id,
            device: answer.device_id,
            number: number.to_owned(),
            name: name.to_owned(),
            token: answer.token.clone(),
            listed: false,
        };
        rows::write(self.keystore.rows(), rows::SESSION.to_vec(), &session)?;
        rows::write(self.keystore.rows(), rows::PROGRESS.to_vec(), &Stored::default())?;
        Ok(Machine::new(self.keystore, self.device, session, Stored::default()))
    }
}

/// See the [module](self).
#[derive(Debug)]
pub struct Machine {
    keystore: Keystore,
    device: Device,
    session: Session,
    stored: Stored,
    contacts: Contacts,
    talks: BTreeMap<ConversationId, Talk>,
    outbox: BTreeMap<u64, Entry>,
    connection: Connection,
    look_ups: BTreeMap<u64, String>,
    asks: BTreeMap<u64, GroupAsk>,
    next_ticket: u64,
    looking_at: Option<ConversationId>,
    /// Calls that were offered before the mailbox was empty.
    offered: BTreeMap<MessageId, CallSignal>,
    /// What was shown of groups while somebody in them had no name yet.
    unnamed: BTreeMap<ConversationId, (u64, u64)>,
    /// Rows that are not kept in memory.
    written: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    frames: Vec<ClientFrame>,
    events: Vec<Event>,
}

impl Machine {
    fn new(keystore: Keystore, device: Device, session: Session, stored: Stored) -> Self {
        Self {
            keystore,
            device,
            session,
            stored,
            contacts: Contacts::default(),
            talks: BTreeMap::new(),
            outbox: BTreeMap::new(),
            connection: Connection::default(),
            look_ups: BTreeMap::new(),
            asks: BTreeMap::new(),
            next_ticket: 0,
            looking_at: None,
            offered: BTreeMap::new(),
            unnamed: BTreeMap::new(),
            written: BTreeMap::new(),
            frames: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Opens the machine from its rows, those below [`crate::LOADED`]; `None` if no device was registered.
    pub fn open(rows: impl IntoIterator<Item = Row>) -> Result<Option<Self>, MachineError> {
        let keystore = Keystore::new();
        keystore.rows().load(rows);
        let Some(session) = rows::read::<Session>(keystore.rows(), rows::SESSION)? else {
            return Ok(None);
        };
        let device = keystore.rows().get(rows::DEVICE).ok_or(RowError)?;
        let device = Device::from_bytes(&device).map_err(|_| RowError)?;
        let stored = rows::read(keystore.rows(), rows::PROGRESS)?.unwrap_or_default();
        let mut machine = Self::new(keystore, device, session, stored);
        machine.contacts = Contacts::load(machine.keystore.rows())?;
        machine.load_conversations()?;
        machine.load_outbox()?;
        Ok(Some(machine))
    }

    fn load_conversations(&mut self) -> Result<(), MachineError> {
        for (key, _) in self.keystore.rows().below(CONVERSATIONS) {
            let id = key.get(CONVERSATIONS.len()..CONVERSATIONS.len().saturating_add(16)).unwrap_or_default();
            let Ok(id) = ConversationId::from_slice(id) else { continue };
            if self.talks.contains_key(&id) {
                continue;
            }
            if let Some(conversation) = Conversation::load(&self.keystore, id)? {
                let talk = Talk::load(self.keystore.rows(), conversation)?;
                self.talks.insert(id, talk);
            }
        }
        Ok(())
    }

    /// The session, for the view.
    pub fn session(&self) -> SessionView {
        SessionView {
            account: self.session.account,
            device: self.session.device,
            number: self.session.number.clone(),
            name: self.session.name.clone(),
        }
    }

    /// What this device names itself with, over HTTP.
    pub(crate) fn token(&self) -> &str {
        &self.session.token
    }

    /// Takes what has happened since the last call.
    pub fn take_step(&mut self) -> Step {
        let mut changes = std::mem::take(&mut self.written);
        changes.extend(self.keystore.rows().take_changes());
        Step {
            changes: changes.into_iter().collect(),
            frames: std::mem::take(&mut self.frames),
            events: std::mem::take(&mut self.events),
        }
    }

    fn me(&self) -> AccountId {
        self.session.account
    }

    fn talk(&mut self, id: ConversationId) -> Result<&mut Talk, MachineError> {
        self.talks.get_mut(&id).ok_or(MachineError::NoSuchConversation)
    }

    fn save_stored(&self) -> Result<(), RowError> {
        rows::write(self.keystore.rows(), rows::PROGRESS.to_vec(), &self.stored)
    }

    fn save_session(&self) -> Result<(), RowError> {
        rows::write(self.keystore.rows(), rows::SESSION.to_vec(), &self.session)
    }

    // The connection

    /// A connection is open: the machine says who it is.
    pub fn connected(&mut self, ctx: &Ctx) {
        self.connection = Connection { last_heard: ctx.now(), ..Connection::default() };
        for talk in self.talks.values_mut() {
            talk.forget_work();
        }
        self.frames.clear();
        self.frame(client_frame::Body::Hello(wire::Hello {
            token: self.session.token.clone(),
            resume_from: self.stored.seq,
            receipts_since: self.stored.receipts_since,
        }));
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.connection = Connection::default();
        self.frames.clear();
        for talk in self.talks.values_mut() {
            talk.forget_work();
            talk.typing_until = None;
            talk.online = false;
        }
    }

    /// Whether the server knows the device on this connection.
    pub fn is_online(&self) -> bool {
        self.connection.online
    }

    fn frame(&mut self, body: client_frame::Body) {
        self.frames.push(ClientFrame { body: Some(body) });
    }

    fn request(&mut self, purpose: Purpose, body: request::Body) {
        self.connection.next_request = self.connection.next_request.saturating_add(1);
        let id = self.connection.next_request;
        self.connection.in_flight.insert(id, purpose);
        self.frame(client_frame::Body::Request(wire::Request { id, body: Some(body) }));
    }

    /// A frame of the server.
    pub fn receive(&mut self, ctx: &Ctx, frame: ServerFrame) -> Result<(), MachineError> {
        self.connection.last_heard = ctx.now();
        self.connection.pinged = false;
        match frame.body {
            Some(server_frame::Body::HelloOk(hello)) => self.welcome(ctx, &hello),
            Some(server_frame::Body::Response(response)) => self.answer(ctx, response),
            Some(server_frame::Body::Deliver(deliver)) => self.deliver(ctx, deliver),
            Some(server_frame::Body::Drained(_)) => self.drained(ctx),
            Some(server_frame::Body::Ephemeral(ephemeral)) => {
                self.ephemeral(ctx, &ephemeral);
                Ok(())
            }
            Some(server_frame::Body::Receipt(receipt)) => self.receipt(&receipt),
            Some(server_frame::Body::Entitlements(_)) => {
                self.events.push(Event::Entitlements);
                Ok(())
            }
            Some(server_frame::Body::GoAway(away)) => {
                self.events.push(Event::GoAway {
                    code: ErrorCode::parse(&away.code),
                    retry_after: (away.retry_after_ms > 0)
                        .then(|| Duration::from_millis(away.retry_after_ms)),
                });
                Ok(())
            }
            // A pong has done its work by coming; a newer server's frames are no error.
            Some(server_frame::Body::Pong(_)) | None => Ok(()),
        }
    }

    fn welcome(&mut self, ctx: &Ctx, hello: &wire::HelloOk) -> Result<(), MachineError> {
        self.connection.online = true;
        self.connection.ahead = hello.server_time.saturating_sub(ctx.now().0);
        self.connection.ice_servers.clone_from(&hello.ice_servers);
        self.connection.key_packages = usize::try_from(hello.key_packages).unwrap_or(usize::MAX);
        self.events.push(Event::Online);
        self.refill_key_packages()?;
        for (ticket, number) in self.look_ups.clone() {
            self.look_up(ticket, number);
        }
        for (ticket, ask) in self.asks.clone() {
            self.request_group(ticket, &ask);
        }
        Ok(())
    }

    fn drained(&mut self, ctx: &Ctx) -> Result<(), MachineError> {
        self.connection.caught_up = true;
        self.acknowledge();
        self.events.push(Event::CaughtUp);
        if !self.session.listed {
            self.request(Purpose::List, request::Body::ListConversations(wire::ListConversations::default()));
        }
        self.contacts.forget_badges();
        self.ask_for_unknown_accounts();
        self.ring_offered(ctx)?;
        self.ask_for_unknown_groups();
        self.send_reads();
        self.send_look();
        let ids: Vec<_> = self.talks.keys().copied().collect();
        for id in ids {
            self.drive(ctx, id)?;
        }
        Ok(())
    }

    fn acknowledge_soon(&mut self, ctx: &Ctx) {
        self.connection.unacknowledged = self.connection.unacknowledged.saturating_add(1);
        if self.connection.unacknowledged >= ACKNOWLEDGE_EVERY_ENVELOPES {
            self.acknowledge();
        } else {
            self.connection.acknowledge_at.get_or_insert(ctx.now() + ACKNOWLEDGE_EVERY);
        }
    }

    fn acknowledge(&mut self) {
        self.connection.acknowledge_at = None;
        if std::mem::take(&mut self.connection.unacknowledged) > 0 {
            self.frame(client_frame::Body::Acknowledge(wire::Acknowledge { up_to: self.stored.seq }));
        }
    }

    fn refill_key_packages(&mut self) -> Result<(), MachineError> {
        if self.connection.key_packages >= KEY_PACKAGES_LOW {
            return Ok(());
        }
        let missing = KEY_PACKAGES_STOCK.saturating_sub(self.connection.key_packages);
        let key_packages = (0..missing)
            .map(|_| make_key_package(&self.keystore, &self.device, Suite::current(), false))
            .collect::<Result<_, _>>()?;
        self.connection.key_packages = KEY_PACKAGES_STOCK;
        let publish = wire::PublishKeyPackages { key_packages, last_resort: Vec::new() };
        self.request(Purpose::Publish, request::Body::PublishKeyPackages(publish));
        Ok(())
    }

    /// When [`Self::tick`] wants to be called next, at the latest.
    pub fn next_tick(&self) -> Option<Timestamp> {
        if !self.connection.online {
            return None;
        }
        let ping = if self.connection.pinged { PING_AFTER + PONG_WITHIN } else { PING_AFTER };
        let talks = self.talks.values().filter_map(Talk::next_tick);
        talks.chain(self.connection.acknowledge_at).chain([self.connection.last_heard + ping]).min()
    }

    /// Time has passed.
    pub fn tick(&mut self, ctx: &Ctx) -> Result<(), MachineError> {
        let now = ctx.now();
        if !self.connection.online {
            return Ok(());
        }
        if self.connection.acknowledge_at.is_some_and(|at| at <= now) {
            self.acknowledge();
        }
        let silent = now.since(self.connection.last_heard);
        if self.connection.pinged && silent >= PING_AFTER + PONG_WITHIN {
            self.events.push(Event::Stalled);
        } else if !self.connection.pinged && silent >= PING_AFTER {
            self.connection.pinged = true;
            self.frame(client_frame::Body::Ping(wire::Ping { number: 1 }));
        }
        let due: Vec<_> = self
            .talks
            .iter()
            .filter(|(_, talk)| talk.next_tick().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let talk = self.talk(id)?;
            if talk.typing_until.is_some_and(|until| until <= now) {
                talk.typing_until = None;
                self.events.push(Event::Conversation(id));
            }
            self.drive(ctx, id)?;
        }
        Ok(())
    }

    // Answers

    fn answer(&mut self, ctx: &Ctx, response: wire::Response) -> Result<(), MachineError> {
        let Some(purpose) = self.connection.in_flight.remove(&response.id) else {
            return Ok(());
        };
        let result = match response.body {
            Some(response::Body::Error(error)) => Err(error),
            Some(body) => Ok(body),
            None => {
                Err(wire::Error { code: ErrorCode::Internal.as_str().to_owned(), ..wire::Error::default() })
            }
        };
        match purpose {
            Purpose::Send { conversation, message_id } => self.sent(ctx, conversation, message_id, result),
            Purpose::Create(conversation) => self.created(ctx, conversation, result),
            Purpose::Commit(conversation) => self.committed(ctx, conversation, result),
            Purpose::Claim(conversation) => self.claimed(ctx, conversation, result),
            Purpose::Fetch(conversation) => self.fetched(ctx, conversation, result),
            Purpose::LookUp { ticket } => self.looked_up(ctx, ticket, result),
            Purpose::Group { ticket } => self.group_answered(ctx, ticket, result),
            Purpose::Describe(conversation) => self.described(ctx, conversation, result),
            Purpose::Accounts => match result {
                Ok(response::Body::Accounts(accounts)) => self.learn_accounts(ctx, &accounts.accounts),
                _ => Ok(()),
            },
            Purpose::List => self.listed(ctx, result),
            Purpose::Read { conversation, gseq } => self.read_stored(conversation, gseq, result.is_ok()),
            // The next hello says what the server has.
            Purpose::Publish => Ok(()),
        }
    }

    // The timeline

    fn put_item(&mut self, conversation: ConversationId, order: u64, item: &Item) -> Result<(), RowError> {
        self.written.insert(rows::item(conversation, order), Some(rows::encode(item)?));
        self.written.insert(rows::order(conversation, item.id), Some(order.to_be_bytes().to_vec()));
        self.events.push(Event::Items { conversation, orders: (order, order) });
        if self.has_unnamed(conversation) {
            let (from, to) = self.unnamed.entry(conversation).or_insert((order, order));
            (*from, *to) = (order.min(*from), order.max(*to));
        }
        Ok(())
    }

    fn notice(&mut self, ctx: &Ctx, id: ConversationId, notice: Notice) -> Result<(), MachineError> {
        let me = self.me();
        let talk = self.talk(id)?;
        let (order, gseq) = talk.next_notice();
        self.save_summary(id)?;
        let item = Item {
            id: ctx.uuid(),
            author: me,
            at: ctx.now(),
            gseq,
            progress: Progress::Sent,
            body: Body::Notice(notice),
        };
        self.put_item(id, order, &item)?;
        Ok(())
    }

    fn save_summary(&self, id: ConversationId) -> Result<(), RowError> {
        match self.talks.get(&id) {
            Some(talk) => talk.save(self.keystore.rows()),
            None => Ok(()),
        }
    }

    /// What a page of a conversation's timeline is read with.
    pub fn lens(&self, id: ConversationId) -> Lens {
        let talk = self.talks.get(&id);
        let others = talk.map(|talk| talk.others(self.session.account)).unwrap_or_default();
        let mut names: BTreeMap<_, _> =
            others.iter().map(|other| (*other, self.contacts.name(*other))).collect();
        if talk.is_some_and(|talk| talk.summary.group.is_some()) {
            // Those who went are named too.
            names.extend(self.contacts.names());
        }
        names.insert(self.session.account, self.session.name.clone());
        Lens {
            me: self.session.account,
            names,
            others,
            receipts: talk.map(|talk| talk.summary.receipts.clone()).unwrap_or_default(),
        }
    }

    /// The list of conversations, the newest first.
    pub fn conversations(&self) -> Vec<ConversationView> {
        let mut views: Vec<_> = self.talks.values().map(|talk| self.view_of(talk)).collect();
        views.sort_by(|one, other| other.last_at.cmp(&one.last_at).then_with(|| one.id.cmp(&other.id)));
        views
    }

    /// A row of the list of conversations.
    pub fn conversation(&self, id: ConversationId) -> Option<ConversationView> {
        self.talks.get(&id).map(|talk| self.view_of(talk))
    }

    /// The conversation as its cryptography sees it.
    pub fn group(&self, id: ConversationId) -> Option<&Conversation> {
        self.talks.get(&id).map(|talk| &talk.conversation)
    }

    /// What is known of an account.
    pub fn contact(&self, account: AccountId) -> Option<&Contact> {
        self.contacts.get(account)
    }

    /// Blocks whoever one talks to in a conversation of two, or lets them through again: what a blocked account sends
    /// is taken from the mailbox, and thrown away. Of a person only this device knows; the host of a business is told,
    /// and counts.
    pub fn block(&mut self, ctx: &Ctx, id: ConversationId, on: bool) -> Result<(), MachineError> {
        self.think(ctx, id, if on { Opinion::Blocked } else { Opinion::Unblocked })
    }

    /// Keeps what this person makes of whoever is at the other end, and tells the host of a business.
    pub fn think(&mut self, ctx: &Ctx, id: ConversationId, opinion: Opinion) -> Result<(), MachineError> {
        if self.note_opinion(id, opinion)? {
            let body = plaza_protocol::content::Body::Feedback(Feedback { opinion: opinion.into() });
            self.send_body(ctx, id, body, None)?;
        }
        Ok(())
    }

    /// Keeps what this person makes of whoever is at the other end; whether that is a business, whose host counts it.
    pub fn note_opinion(&mut self, id: ConversationId, opinion: Opinion) -> Result<bool, MachineError> {
        let me = self.me();
        if self.talk(id)?.summary.group.is_some() {
            return Ok(false);
        }
        let mut is_business = false;
        for other in self.talk(id)?.others(me) {
            self.contacts.note(self.keystore.rows(), other, opinion)?;
            is_business |= self.contacts.get(other).is_some_and(|contact| contact.is_business);
        }
        self.events.push(Event::Conversation(id));
        Ok(is_business)
    }

    /// The sixty digits that this person and another one compare.
    pub fn safety_number(&self, account: AccountId) -> Option<String> {
        let other: [u8; 32] = self.contacts.get(account)?.identity_key.as_slice().try_into().ok()?;
        let mine = self.device.certificate().identity_key;
        Some(plaza_crypto::safety_number((self.session.account, &mine), (account, &other)))
    }

    fn view_of(&self, talk: &Talk) -> ConversationView {
        let group = self.group_view(talk);
        let others = talk.others(self.session.account);
        // What is said of the other goes for conversations of two.
        let other = others.first().copied().filter(|_| group.is_none());
        let contact = other.and_then(|other| self.contacts.get(other)).cloned().unwrap_or_default();
        let takes_calls = contact.takes_calls();
        ConversationView {
            id: talk.conversation.id().to_string(),
            title: match &group {
                Some(group) => group.subject.clone(),
                None => other.map(|other| self.contacts.name(other)).unwrap_or_default(),
            },
            number: contact.number,
            is_business: contact.is_business,
            is_verified: contact.is_verified,
            hosted_by: contact.hosted_by,
            account_id: other.map(|other| other.to_string()).unwrap_or_default(),
            last_text: talk.summary.last_text.clone(),
            last_at: talk.summary.last_at.milliseconds(),
            last_mine: talk.summary.last_mine,
            last_ticks: talk.last_ticks(self.session.account),
            unread: talk.summary.unread,
            typing: talk.typing_until.is_some(),
            online: talk.online,
            is_blocked: contact.is_blocked,
            takes_calls: matches!(takes_calls, TakesCalls::ByButton | TakesCalls::Yes),
            shows_call_button: takes_calls == TakesCalls::Yes,
            wants_no_marketing: contact.wants_no_marketing,
            is_left: talk.phase() == Phase::Left,
            group,
        }
    }

    fn content_of(&self, body: plaza_protocol::content::Body, reply_to: Option<MessageId>) -> Content {
        Content {
            reply_to: reply_to.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            sender_name: self.session.name.clone(),
            body: Some(body),
            is_forwarded: false,
        }
    }
}
