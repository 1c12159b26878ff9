//! A business as its events say that it is: what it has, what it may spend, what of it is set aside, what each message
//! and call cost and who paid. It reads nothing from the database.

use super::caps::Cap;
use super::plans::Subscribed;
use crate::model::{Agreed, Judged, Rater, date_of, month_of};
use crate::*;
use plaza_billing::caps::{Owner, Period, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

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

/// What is known of a message or call for good, once it is accepted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// The day on which it was sent, where its portfolio is: 20261128.
    pub(super) day: i64,
    /// The most that it could cost.
    pub(super) held: i64,
    /// What it cost when it was charged first.
    pub(super) first: i64,
    /// Of a call that was charged.
    pub(super) pulses: i64,
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
    pub(super) sent: BTreeMap<BusinessMessageId, Sent>,
    /// Its two templates, as they are categorised now.
    pub(super) templates: [Category; 2],
    /// Whether it has a price book of its own.
    pub(super) has_contract: bool,
    pub(super) agreed: Vec<Agreed>,
    pub(super) caps: BTreeMap<(Owner, Scope, String, Period), Cap>,
    /// Messages that a cap refused.
    pub(super) capped: usize,
    pub(super) plan: Option<Subscribed>,
    pub(super) had_trial: bool,
    /// What its plans were paid and given back with, by month.
    pub(super) plan_lines: Vec<(i64, i64)>,
    /// Earned of plans so far.
    pub(super) plans_earned: i64,
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
            sent: BTreeMap::new(),
            templates: [Category::Marketing, Category::Utility],
            has_contract: false,
            agreed: Vec::new(),
            caps: BTreeMap::new(),
            capped: 0,
            plan: None,
            had_trial: false,
            plan_lines: Vec::new(),
            plans_earned: 0,
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
                let plan = match worst {
                    0 => Some(Vec::new()),
                    _ if !self.caps_admit(intent, worst) => {
                        self.capped += 1;
                        None
                    }
                    _ => self.plan(worst, now),
                };
                let Some(parts) = plan else { return false };
                for (source, part) in &parts {
                    self.room(*source).held += part;
                    self.transfers += 1;
                }
                self.messages.insert(intent.message_id, State::OnItsWay(parts));
                let day = self.day_of(intent.sent_at);
                self.sent.insert(intent.message_id, Sent { day, held: worst, first: 0, pulses: 1 });
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
        taken.into_iter().map(|(at, id, parts)| (id, self.charge(id, at, (parts, 1)))).collect()
    }

    /// A call that was picked up at a time has ended after so many pulses: what it costs now.
    pub(super) fn hang_up(&mut self, id: BusinessMessageId, at: Timestamp, pulses: i64) -> Option<i64> {
        let parts = self.take(id)?;
        let at = at.max(self.intent(id).sent_at);
        Some(self.charge(id, at, (parts, pulses)))
    }

    fn charge(
        &mut self,
        id: BusinessMessageId,
        at: Timestamp,
        (parts, pulses): (Vec<(Source, i64)>, i64),
    ) -> i64 {
        let intent = self.intent(id).clone();
        let sent = self.sent.get_mut(&id).unwrap();
        sent.pulses = pulses;
        let judged = self.rater.rate_held(&intent, at, (sent.held, pulses));
        let (mut left, mut paid) = (judged.5, Vec::new());
        sent.first = left;
        for (source, part) in parts {
            let amount = left.min(part);
            left -= amount;
            self.room(source).posted -= amount;
            if amount > 0 {
                paid.push((source, amount));
            }
        }
        assert_eq!(left, 0, "more than was held");
        let amount = judged.5;
        self.messages.insert(id, State::Charged { at, judged, paid });
        amount
    }

    /// What was agreed is published.
    pub(super) fn agree(&mut self, agreed: Agreed) {
        self.agreed.push(agreed);
        self.rater.agreed.clone_from(&self.agreed);
    }

    /// A rater that has counted nothing yet.
    pub(super) fn rater(&self) -> Rater {
        let mut rater = Rater::new();
        rater.agreed.clone_from(&self.agreed);
        rater
    }

    /// What counts as spent, message by message, with the day: what is held for those on their way, and what the others
    /// cost when they were charged.
    pub(super) fn spending(&self) -> impl Iterator<Item = (&Intent, i64, i64)> {
        self.asked.iter().filter_map(|intent| {
            let sent = self.sent.get(&intent.message_id)?;
            let amount = match &self.messages[&intent.message_id] {
                State::OnItsWay(parts) => parts.iter().map(|(_, part)| part).sum(),
                State::Charged { .. } => sent.first,
                State::Ended => 0,
            };
            Some((intent, sent.day, amount))
        })
    }

    /// The same of some days and of what is covered, summed.
    pub(super) fn spent_in(&self, days: &RangeInclusive<i64>, covers: impl Fn(&Intent) -> bool) -> i64 {
        let counts = |(intent, day, _): &(&Intent, i64, i64)| days.contains(day) && covers(intent);
        self.spending().filter(counts).map(|(_, _, amount)| amount).sum()
    }

    /// The day of a moment where it is: 20261128.
    pub(super) fn day_of(&self, at: Timestamp) -> i64 {
        let date = date_of(self.id, at);
        (i64::from(date.year()) * 100 + i64::from(date.month())) * 100 + i64::from(date.day())
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

    /// The months in which something was charged, for messages or plans.
    pub(super) fn months(&self) -> BTreeSet<i64> {
        let charged = self.messages.values().filter_map(|state| match state {
            State::Charged { at, .. } => Some(month_of(self.id, *at)),
            _ => None,
        });
        charged.chain(self.plan_lines.iter().map(|(month, _)| *month)).collect()
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
        let (mut rater, mut changes) = (self.rater(), Vec::new());
        for (at, id) in of_month {
            let sent = self.sent[&id];
            let now = rater.rate_held(self.intent(id), at, (sent.held, sent.pulses));
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
