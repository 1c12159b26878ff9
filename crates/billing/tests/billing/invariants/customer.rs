//! A business as its events say that it is: what it has, what it may spend, what of it is set aside, what each message
//! cost and who paid. It reads nothing from the database.

use crate::model::{Judged, Rater, month_of};
use crate::*;
use std::collections::{BTreeMap, BTreeSet};

/// An account: prepaid, the credit line, or a grant by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Grant(u8),
    Prepaid,
    Credit,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) posted: i64,
    pub(super) held: i64,
}

/// Where a message is.
#[derive(Debug, Clone)]
pub(super) enum State {
    OnItsWay(Vec<(Source, i64)>),
    Charged { at: Timestamp, judged: Judged, paid: Vec<(Source, i64)> },
    Ended,
}

/// Promotional credit.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) id: uuid::Uuid,
    pub(super) amount: i64,
    pub(super) until: Timestamp,
}

pub(super) struct Customer {
    pub(super) id: PortfolioId,
    pub(super) rooms: BTreeMap<Source, Room>,
    pub(super) limit: i64,
    /// The widest line that it ever had.
    pub(super) widest: i64,
    pub(super) paid_in: BTreeMap<u8, i64>,
    pub(super) grants: BTreeMap<u8, Given>,
    pub(super) limits: u32,
    /// All that it asked to send, in order.
    pub(super) asked: Vec<Intent>,
    pub(super) messages: BTreeMap<BusinessMessageId, State>,
    /// Transfers that must be there.
    pub(super) transfers: usize,
    rater: Rater,
}

impl Customer {
    pub(super) fn new(id: PortfolioId) -> Self {
        Self {
            id,
            rooms: [(Source::Prepaid, Room::default()), (Source::Credit, Room::default())].into(),
            limit: 0,
            widest: 0,
            paid_in: BTreeMap::new(),
            grants: BTreeMap::new(),
            limits: 0,
            asked: Vec::new(),
            messages: BTreeMap::new(),
            transfers: 0,
            rater: Rater::new(),
        }
    }

    pub(super) fn room(&mut self, source: Source) -> &mut Room {
        self.rooms.entry(source).or_default()
    }

    /// What pays, in the order of use: the grant that ends first, what was paid in, what may be owed.
    fn free(&self, now: Timestamp) -> Vec<(Source, i64)> {
        let mut open: Vec<_> = self.grants.iter().filter(|(_, grant)| grant.until > now).collect();
        open.sort_by_key(|(_, grant)| grant.until);
        let sources = open.into_iter().map(|(key, _)| Source::Grant(*key));
        sources
            .chain([Source::Prepaid, Source::Credit])
            .map(|source| {
                let room = self.rooms.get(&source).copied().unwrap_or_default();
                let line = if source == Source::Credit { self.limit } else { 0 };
                (source, (room.posted - room.held + line).max(0))
            })
            .collect()
    }

    /// Who pays an amount: the first who has all of it, or several in their order. `None`: all together have less.
    fn plan(&self, amount: i64, now: Timestamp) -> Option<Vec<(Source, i64)>> {
        let free = self.free(now);
        if let Some((source, _)) = free.iter().find(|(_, free)| *free >= amount) {
            return Some(vec![(*source, amount)]);
        }
        let mut left = amount;
        let parts = free.into_iter().filter_map(|(source, free)| {
            let part = free.min(left);
            left -= part;
            (part > 0).then_some((source, part))
        });
        let parts = parts.collect();
        (left == 0).then_some(parts)
    }

    /// Whether each message may be sent; and it is.
    pub(super) fn send(&mut self, intents: &[Intent], now: Timestamp) -> Vec<bool> {
        intents
            .iter()
            .map(|intent| {
                self.asked.push(intent.clone());
                let worst = self.rater.worst(intent);
                let plan = if worst == 0 { Some(Vec::new()) } else { self.plan(worst, now) };
                let Some(parts) = plan else { return false };
                for (source, part) in &parts {
                    self.room(*source).held += part;
                    self.transfers += 1;
                }
                self.messages.insert(intent.message_id, State::OnItsWay(parts));
                true
            })
            .collect()
    }

    pub(super) fn intent(&self, id: BusinessMessageId) -> &Intent {
        self.asked.iter().find(|intent| intent.message_id == id).unwrap()
    }

    /// What was set aside for a message that ends.
    fn take(&mut self, id: BusinessMessageId) -> Option<Vec<(Source, i64)>> {
        let state = self.messages.get_mut(&id)?;
        let State::OnItsWay(parts) = state else { return None };
        let parts = parts.clone();
        *state = State::Ended;
        for (source, part) in &parts {
            self.room(*source).held -= part;
            self.transfers += 1;
        }
        Some(parts)
    }

    /// Receipts of one batch: what each message costs now. Each counts once, and only for what is on its way.
    pub(super) fn deliver(
        &mut self,
        receipts: &[(BusinessMessageId, Timestamp)],
    ) -> Vec<(BusinessMessageId, i64)> {
        let known: BTreeMap<_, _> = receipts.iter().copied().collect();
        let mut taken: Vec<_> = known
            .into_iter()
            .filter_map(|(id, at)| {
                let parts = self.take(id)?;
                Some((at.max(self.intent(id).sent_at), id, parts))
            })
            .collect();
        taken.sort_by_key(|(at, id, _)| (*at, *id));
        let mut charged = Vec::new();
        for (at, id, parts) in taken {
            let intent = self.intent(id).clone();
            let judged = self.rater.rate(&intent, at);
            let mut left = judged.5;
            let mut paid = Vec::new();
            for (source, part) in parts {
                let amount = left.min(part);
                left -= amount;
                self.room(source).posted -= amount;
                if amount > 0 {
                    paid.push((source, amount));
                }
            }
            assert_eq!(left, 0, "more than was held");
            charged.push((id, judged.5));
            self.messages.insert(id, State::Charged { at, judged, paid });
        }
        charged
    }

    /// How many of these end now without a charge.
    pub(super) fn fail(&mut self, ids: &[BusinessMessageId]) -> usize {
        let ids: BTreeSet<_> = ids.iter().copied().collect();
        ids.into_iter().filter(|id| self.take(*id).is_some()).count()
    }

    /// Whose time is over.
    pub(super) fn expire(&mut self, now: Timestamp) -> BTreeSet<BusinessMessageId> {
        let over = self.asked.iter().filter(|intent| intent.expires_at <= now);
        let over: Vec<_> = over.map(|intent| intent.message_id).collect();
        over.into_iter().filter(|id| self.take(*id).is_some()).collect()
    }

    /// What is unused of grants that are over goes back.
    pub(super) fn end_grants(&mut self, now: Timestamp) {
        let over: Vec<_> =
            self.grants.iter().filter(|(_, grant)| grant.until <= now).map(|(key, _)| *key).collect();
        for key in over {
            let room = self.room(Source::Grant(key));
            if room.posted > room.held {
                room.posted = room.held;
                self.transfers += 1;
            }
        }
    }

    /// The months in which something was charged.
    pub(super) fn months(&self) -> BTreeSet<i64> {
        let charged = self.messages.values().filter_map(|state| match state {
            State::Charged { at, .. } => Some(month_of(self.id, *at)),
            _ => None,
        });
        charged.collect()
    }

    /// A month in the order of its deliveries: what goes back, then what is taken. `None`: that is more than there is,
    /// and nothing happens.
    pub(super) fn rerate(&mut self, month: i64, now: Timestamp) -> Option<usize> {
        let mut of_month: Vec<(Timestamp, BusinessMessageId)> = self
            .messages
            .iter()
            .filter_map(|(id, state)| match state {
                State::Charged { at, judged, .. } if judged.0 == month => Some((*at, *id)),
                _ => None,
            })
            .collect();
        of_month.sort_unstable();
        let (mut rater, mut changes) = (Rater::new(), Vec::new());
        for (at, id) in of_month {
            let now = rater.rate(self.intent(id), at);
            if let State::Charged { judged, .. } = &self.messages[&id]
                && *judged != now
            {
                changes.push((id, now.5 - judged.5, now));
            }
        }
        let before = (self.rooms.clone(), self.messages.clone(), self.transfers);
        for (id, difference, now_judged) in &changes {
            self.change(*id, |judged, _| *judged = now_judged.clone());
            if *difference < 0 {
                self.give_back(*id, -difference, now);
            }
        }
        for (id, difference, _) in &changes {
            if *difference <= 0 {
                continue;
            }
            let Some(parts) = self.plan(*difference, now) else {
                (self.rooms, self.messages, self.transfers) = before;
                return None;
            };
            for (source, part) in parts {
                self.room(source).posted -= part;
                self.transfers += 1;
                self.change(*id, |_, paid| add(paid, source, part));
            }
        }
        Some(changes.len())
    }

    /// What paid last gets it back first; a grant that is over gives it to the balance.
    fn give_back(&mut self, id: BusinessMessageId, amount: i64, now: Timestamp) {
        let State::Charged { paid, .. } = self.messages[&id].clone() else { return };
        let (mut left, mut parts) = (amount, Vec::new());
        for (source, from) in paid.iter().rev() {
            let part = left.min(*from).max(0);
            left -= part;
            let to = match source {
                Source::Grant(key) if self.grants[key].until <= now => Source::Prepaid,
                other => *other,
            };
            if part > 0 {
                add(&mut parts, to, part);
            }
        }
        if left > 0 {
            add(&mut parts, Source::Prepaid, left);
        }
        for (to, part) in parts {
            self.room(to).posted += part;
            self.transfers += 1;
            self.change(id, |_, paid| add(paid, to, -part));
        }
    }

    fn change(&mut self, id: BusinessMessageId, with: impl FnOnce(&mut Judged, &mut Vec<(Source, i64)>)) {
        if let Some(State::Charged { judged, paid, .. }) = self.messages.get_mut(&id) {
            with(judged, paid);
        }
    }

    /// What all its messages cost, by category.
    pub(super) fn spent(&self) -> BTreeMap<String, i64> {
        let mut spent = BTreeMap::new();
        for (id, state) in &self.messages {
            if let State::Charged { judged, .. } = state {
                *spent.entry(self.intent(*id).category.as_str().to_owned()).or_default() += judged.5;
            }
        }
        spent
    }
}

fn add(parts: &mut Vec<(Source, i64)>, source: Source, amount: i64) {
    match parts.iter_mut().find(|(known, _)| *known == source) {
        Some((_, sum)) => *sum += amount,
        None => parts.push((source, amount)),
    }
}
