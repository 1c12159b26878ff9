//! What everybody noted, and what follows from it.

use super::chat::{Listener, Talker};
use super::paid::Caller;
use crate::report::{Better, Report};
use crate::socket::{Incoming, Socket, source};
use anyhow::Context as _;
use plaza_protocol::{ConversationId, MessageId};
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// A started server takes sends again within this time.
const ACCEPTS_WITHIN: Duration = Duration::from_secs(1);

/// The notes of a run.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) talkers: Vec<Talker>,
    pub(super) listeners: Vec<Listener>,
    pub(super) callers: Vec<Caller>,
    /// When the server was started last, until it accepts.
    pub(super) started_at: Option<Instant>,
    pub(super) accepting_after: Vec<Duration>,
    /// How far the server says, after everything, that conversations were read.
    read_up_to: HashMap<ConversationId, u64>,
    pub(super) charges: u64,
    pub(super) books_differ: usize,
}

/// What the journal says.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    acknowledged: u64,
    arrived: u64,
    redelivered: u64,
    paid_accepted: u64,
    paid_arrived: u64,
    charges: u64,
    slowest_ms: f64,
    lost: u64,
    doubled: u64,
    reordered: u64,
    reads_lost: u64,
    paid_lost: u64,
    charged_wrongly: u64,
    books_differ: u64,
    slow_starts: u64,
}

impl Journal {
    /// Messages of people that were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.talkers.iter().map(|talker| talker.acknowledged.len() as u64).sum()
    }

    /// Paid sends that were accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.callers.iter().map(|caller| caller.accepted.len() as u64).sum()
    }

    /// Asks the server for all read marks, as a client does that knows none.
    pub(super) async fn read_receipts(&mut self, server: SocketAddr) -> anyhow::Result<()> {
        for talker in &self.talkers {
            let mut socket = Socket::connect(server, source(0), &talker.person.token, 0, 0).await?;
            loop {
                match socket.next().await.context("asking for read marks")? {
                    Incoming::Receipt(receipt) => {
                        let conversation = ConversationId::from_slice(&receipt.conversation_id)?;
                        let highest = self.read_up_to.entry(conversation).or_default();
                        *highest = receipt.read_up_to.max(*highest);
                    }
                    Incoming::Drained => break,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    pub(super) fn judge(&self) -> Verdict {
        let (people, customers): (Vec<_>, Vec<_>) =
            self.listeners.iter().partition(|listener| listener.conversation.is_some());
        let seen = |listeners: &[&Listener]| -> HashSet<MessageId> {
            listeners.iter().flat_map(|listener| listener.seen.keys().copied()).collect()
        };
        let (seen_chat, seen_paid) = (seen(&people), seen(&customers));
        let missing = |ids: &[MessageId], seen: &HashSet<MessageId>| {
            ids.iter().filter(|id| !seen.contains(id)).count() as u64
        };
        let sum = |count: fn(&Listener) -> u64| self.listeners.iter().map(count).sum::<u64>();
        let is_read_lost = |listener: &&&Listener| {
            let said = listener.conversation.and_then(|conversation| self.read_up_to.get(&conversation.id));
            said.copied().unwrap_or_default() < listener.read_up_to
        };
        let slowest = self.accepting_after.iter().max().copied().unwrap_or_default();
        let paid_arrived = seen_paid.len() as u64;
        Verdict {
            acknowledged: self.acknowledged(),
            arrived: seen_chat.len() as u64,
            redelivered: sum(|listener| listener.redelivered),
            paid_accepted: self.accepted(),
            paid_arrived,
            charges: self.charges,
            slowest_ms: slowest.as_secs_f64() * 1000.0,
            lost: self.talkers.iter().map(|talker| missing(&talker.acknowledged, &seen_chat)).sum(),
            doubled: sum(|listener| listener.doubled)
                + self.callers.iter().map(|caller| caller.doubled).sum::<u64>(),
            reordered: sum(|listener| listener.reordered)
                + self.talkers.iter().map(|talker| talker.reordered).sum::<u64>(),
            reads_lost: people.iter().filter(is_read_lost).count() as u64,
            paid_lost: self.callers.iter().map(|caller| missing(&caller.accepted, &seen_paid)).sum(),
            charged_wrongly: self.charges.abs_diff(paid_arrived),
            books_differ: self.books_differ as u64,
            slow_starts: self.accepting_after.iter().filter(|after| **after > ACCEPTS_WITHIN).count() as u64,
        }
    }
}

impl Verdict {
    /// Everything that must be zero.
    fn must_be_zero(&self) -> [(&'static str, u64); 8] {
        [
            ("acknowledged and lost", self.lost),
            ("doubled", self.doubled),
            ("reordered or missing in between", self.reordered),
            ("read marks lost", self.reads_lost),
            ("paid sends accepted and lost", self.paid_lost),
            ("charges missing or double", self.charged_wrongly),
            ("differences in the books", self.books_differ),
            ("starts that took longer than a second", self.slow_starts),
        ]
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let faults = self.must_be_zero().into_iter().filter(|(_, count)| *count > 0);
        faults.map(|(what, count)| format!("{what}: {count}")).collect()
    }

    pub(super) fn add(&self, report: &mut Report, subject: &str, kills: u32) {
        let mut section = report.section(subject, format!("{kills} kills"));
        for (what, count) in [
            ("acknowledged", self.acknowledged),
            ("arrived", self.arrived),
            ("came again and were skipped", self.redelivered),
            ("paid sends accepted", self.paid_accepted),
            ("paid sends arrived", self.paid_arrived),
            ("charges", self.charges),
        ] {
            section.add(what, "", Better::Higher, count as f64);
        }
        section.add("slowest start until a send was accepted", "ms", Better::Lower, self.slowest_ms);
        for (what, count) in self.must_be_zero() {
            section.add(what, "must be 0", Better::Lower, count as f64);
        }
    }
}
