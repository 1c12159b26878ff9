//! What the page is told: the machine's events, gathered after a step and resolved into views.

use crate::idb::IdbStore;
use crate::js::Refusal;
use plaza_client::timeline::{self, Lens};
use plaza_client::view::{ConversationView, ItemView};
use plaza_client::{CallSignal, CallView, Event, Machine, SessionView};
use plaza_protocol::{ConversationId, MessageId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Items in one event; who looks further back reads pages.
const ITEMS_MAX: usize = 100;

/// The session, as the page knows it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Session {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Session {
    pub(crate) fn of(session: Option<SessionView>) -> Self {
        match session {
            None => Self { state: "none", ..Self::default() },
            Some(session) => Self {
                state: "registered",
                account_id: Some(session.account.to_string()),
                device_id: Some(session.device.to_string()),
                number: Some(session.number),
                name: Some(session.name),
            },
        }
    }
}

/// An event for the page.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Told {
    Session { session: Session },
    Connection { state: &'static str },
    Conversation { conversation: ConversationView },
    Items { conversation_id: String, items: Vec<ItemView> },
    Moved { from: String, to: String },
    Call { call: CallView },
    Entitlements,
}

/// Orders from and to, both included.
type Ranges = Vec<(u64, u64)>;

/// What has to be read again after a step.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) told: Vec<Told>,
    conversations: BTreeSet<ConversationId>,
    ranges: BTreeMap<ConversationId, Ranges>,
    single: BTreeSet<(ConversationId, MessageId)>,
    calls: Vec<CallSignal>,
}

impl Gathered {
    pub(crate) fn add(&mut self, event: &Event) {
        match event {
            Event::Online => self.told.push(Told::Connection { state: "online" }),
            Event::Conversation(id) => {
                self.conversations.insert(*id);
            }
            Event::Items { conversation, orders } => self.add_range(*conversation, *orders),
            Event::Reacted { conversation, message_id } => {
                self.single.insert((*conversation, *message_id));
            }
            Event::Entitlements => self.told.push(Told::Entitlements),
            Event::Call(call) => self.calls.push((**call).clone()),
            Event::Moved { from, to } => {
                self.told.push(Told::Moved { from: from.to_string(), to: to.to_string() });
            }
            _ => {}
        }
    }

    /// Neighbours become one: a burst of messages is read at once.
    fn add_range(&mut self, id: ConversationId, (from, to): (u64, u64)) {
        let ranges = self.ranges.entry(id).or_default();
        match ranges.last_mut() {
            Some(last) if from >= last.0 && to.saturating_sub(last.0) < 256 * ITEMS_MAX as u64 => {
                last.1 = last.1.max(to);
            }
            _ => ranges.push((from, to)),
        }
    }

    /// Takes from the machine what the views need; the rest is read without it.
    pub(crate) fn prepare(self, machine: Option<&Machine>) -> Prepared {
        let mut prepared = Prepared { told: self.told, ranges: Vec::new(), single: Vec::new() };
        let Some(machine) = machine else { return prepared };
        for id in self.conversations {
            if let Some(conversation) = machine.conversation(id) {
                prepared.told.push(Told::Conversation { conversation });
            }
        }
        for call in &self.calls {
            prepared.told.push(Told::Call { call: machine.call_view(call) });
        }
        for (id, ranges) in self.ranges {
            prepared.ranges.push((id, machine.lens(id), ranges));
        }
        for (id, message) in self.single {
            prepared.single.push((id, machine.lens(id), message));
        }
        prepared
    }
}

/// See [`Gathered::prepare`].
#[derive(Debug)]
pub(crate) struct Prepared {
    told: Vec<Told>,
    ranges: Vec<(ConversationId, Lens, Ranges)>,
    single: Vec<(ConversationId, Lens, MessageId)>,
}

impl Prepared {
    /// Reads the items.
    pub(crate) async fn read(self, store: &IdbStore) -> Result<Vec<Told>, Refusal> {
        let mut told = self.told;
        for (id, lens, ranges) in self.ranges {
            for orders in ranges {
                let items = timeline::between(store, &lens, id, orders, ITEMS_MAX).await;
                told.push(items_of(id, items.map_err(|error| Refusal::broken(&error))?));
            }
        }
        for (id, lens, message) in self.single {
            let item = timeline::one(store, &lens, id, message).await;
            told.push(items_of(id, item.map_err(|error| Refusal::broken(&error))?.into_iter().collect()));
        }
        told.retain(|told| !matches!(told, Told::Items { items, .. } if items.is_empty()));
        Ok(told)
    }
}

fn items_of(id: ConversationId, items: Vec<ItemView>) -> Told {
    Told::Items { conversation_id: id.to_string(), items }
}
