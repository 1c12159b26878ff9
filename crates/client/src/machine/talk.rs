//! A conversation of the machine: its cryptography, the row that the list shows, and the work that is under way for it.

use crate::conversation::{Conversation, Phase};
use crate::rows::{self, RowError};
use crate::timeline::{Progress, Receipt, WAITING, order_of_notice, ticks};
use crate::view::Ticks;
use plaza_crypto::Rows;
use plaza_protocol::{AccountId, Ctx, DeviceId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LAST: Duration = Duration::from_secs(60);

/// What the list of conversations shows, and how far everybody has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) last_text: String,
    pub(crate) last_at: Timestamp,
    pub(crate) last_mine: bool,
    /// The order of what was said last; [`WAITING`] and above: not sent yet.
    pub(crate) last_order: u64,
    pub(crate) last_failed: bool,
    pub(crate) unread: u32,
    /// The highest number that was seen here.
    pub(crate) gseq: u64,
    /// The highest number of somebody else's message.
    pub(crate) theirs: u64,
    /// What this person has seen…
    pub(crate) read_up_to: u64,
    /// …and how much of it the server knows.
    pub(crate) read_sent: u64,
    pub(crate) receipts: Vec<Receipt>,
    /// Notices behind the highest number.
    notices: u8,
    /// Absent: a conversation of two.
    #[serde(default)]
    pub(crate) group: Option<GroupSummary>,
}

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupSummary {
    pub(crate) subject: String,
    pub(crate) description: String,
    pub(crate) picture: String,
    /// Absent: the server has not told yet.
    pub(crate) manager: Option<AccountId>,
}

/// What is under way.
#[derive(Debug, Default)]
pub(super) enum Work {
    #[default]
    Nothing,
    /// Key packages are asked for.
    Claiming { answers: usize, packages: Vec<Vec<u8>>, gone: Vec<DeviceId> },
    /// An answer to a send, a creation, a commit or a look at the conversation is awaited.
    Asking,
}

#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) conversation: Conversation,
    pub(crate) summary: Summary,
    pub(super) work: Work,
    /// The server says that the devices in the group are not the present ones.
    pub(super) must_mend: bool,
    /// Nothing is encrypted before this epoch is reached.
    pub(super) wait_for_epoch: u64,
    pub(super) retry_at: Option<Timestamp>,
    attempts: u32,
    pub(super) rejoined_at: Option<Timestamp>,
    pub(super) typing_until: Option<Timestamp>,
    pub(super) typing_sent_at: Option<Timestamp>,
    pub(super) online: bool,
}

impl Talk {
    pub(crate) fn new(conversation: Conversation) -> Self {
        Self {
            conversation,
            summary: Summary::default(),
            work: Work::Nothing,
            must_mend: false,
            wait_for_epoch: 0,
            retry_at: None,
            attempts: 0,
            rejoined_at: None,
            typing_until: None,
            typing_sent_at: None,
            online: false,
        }
    }

    pub(crate) fn load(rows: &Rows, conversation: Conversation) -> Result<Self, RowError> {
        let summary = rows::read(rows, &rows::conversation(conversation.id(), rows::VIEW))?;
        Ok(Self { summary: summary.unwrap_or_default(), ..Self::new(conversation) })
    }

    pub(crate) fn save(&self, rows: &Rows) -> Result<(), RowError> {
        rows::write(rows, rows::conversation(self.conversation.id(), rows::VIEW), &self.summary)
    }

    /// A connection ended: what was asked will not be answered.
    pub(super) fn forget_work(&mut self) {
        self.work = Work::Nothing;
        self.retry_at = None;
        self.attempts = 0;
        self.wait_for_epoch = 0;
    }

    /// Not now: later, and later still after each failure, with some chance in it so that two do not meet again.
    pub(super) fn try_later(&mut self, ctx: &Ctx, at_least: Duration) {
        let doubled = RETRY_FIRST.saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX));
        let base = doubled.min(RETRY_LAST).max(at_least);
        let [chance] = ctx.random::<1>();
        // Up to half as long again.
        let jitter = base.saturating_mul(u32::from(chance)) / 512;
        self.attempts = self.attempts.saturating_add(1).min(10);
        self.work = Work::Nothing;
        self.retry_at = Some(ctx.now() + base + jitter);
    }

    pub(super) fn succeeded(&mut self) {
        self.work = Work::Nothing;
        self.attempts = 0;
        self.retry_at = None;
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.work, Work::Nothing)
    }

    pub(super) fn next_tick(&self) -> Option<Timestamp> {
        self.retry_at.into_iter().chain(self.typing_until).min()
    }

    pub(crate) fn others(&self, me: AccountId) -> Vec<AccountId> {
        self.conversation.members().iter().copied().filter(|account| *account != me).collect()
    }

    /// The order and the number at which the next notice stands.
    pub(super) fn next_notice(&mut self) -> (u64, u64) {
        self.summary.notices = self.summary.notices.saturating_add(1);
        (order_of_notice(self.summary.gseq, self.summary.notices), self.summary.gseq)
    }

    /// A number was reached.
    pub(super) fn reached(&mut self, gseq: u64) {
        if gseq > self.summary.gseq {
            self.summary.gseq = gseq;
            self.summary.notices = 0;
        }
    }

    /// Something was said.
    pub(super) fn said(&mut self, text: &str, at: Timestamp, mine: bool, order: u64) {
        let waits = self.summary.last_order >= WAITING && order < WAITING;
        if waits && !mine {
            return;
        }
        self.summary.last_text = text.chars().take(120).collect();
        self.summary.last_at = at;
        self.summary.last_mine = mine;
        self.summary.last_order = order;
        self.summary.last_failed = false;
    }

    pub(super) fn last_ticks(&self, me: AccountId) -> Option<Ticks> {
        if !self.summary.last_mine {
            return None;
        }
        let gseq = self.summary.last_order / 256;
        let progress = match self.summary.last_order {
            _ if self.summary.last_failed => Progress::Failed(String::new()),
            WAITING.. => Progress::Waiting,
            _ => Progress::Sent,
        };
        Some(ticks(&progress, gseq, &self.others(me), &self.summary.receipts))
    }

    pub(super) fn phase(&self) -> Phase {
        self.conversation.phase()
    }
}
