//! # Receipts, and what is of the moment
//!
//! How far an account has come in a conversation is two numbers that only rise; the server sends them, and the ticks
//! follow from them. What this person has seen is kept in a row until the server knows it. Typing and presence live in
//! memory only.

use super::{Event, Machine, MachineError, Purpose};
use crate::conversation::Phase;
use crate::timeline::{Receipt, order_of};
use plaza_protocol::wire::{self, EphemeralKind, client_frame, request};
use plaza_protocol::{AccountId, ConversationId, Ctx};
use std::time::Duration;

/// Who is writing is told this often at most…
const TYPING_EVERY: Duration = Duration::from_secs(5);
/// …and ends by itself after this time.
const TYPING_LASTS: Duration = Duration::from_secs(25);

impl Machine {
    pub(super) fn receipt(&mut self, update: &wire::ReceiptUpdate) -> Result<(), MachineError> {
        if update.at > self.stored.receipts_since {
            self.stored.receipts_since = update.at;
            self.save_stored()?;
        }
        let (Ok(id), Ok(account)) =
            (ConversationId::from_slice(&update.conversation_id), AccountId::from_slice(&update.account_id))
        else {
            return Ok(());
        };
        let me = self.me();
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        if account == me {
            let read = update.read_up_to.max(talk.summary.read_up_to);
            talk.summary.read_up_to = read;
            talk.summary.read_sent = talk.summary.read_sent.max(update.read_up_to);
            if read >= talk.summary.theirs {
                talk.summary.unread = 0;
            }
        } else {
            let Some((receipt, before)) = raise(&mut talk.summary.receipts, account, update) else {
                return Ok(());
            };
            let (from, to) = (before.saturating_add(1), receipt.delivered_up_to.max(receipt.read_up_to));
            self.events.push(Event::Items { conversation: id, orders: (order_of(from), order_of(to)) });
            self.events.push(Event::Receipt { conversation: id, receipt });
        }
        self.save_summary(id)?;
        self.events.push(Event::Conversation(id));
        Ok(())
    }

    /// The person has seen all that is there.
    pub fn mark_read(&mut self, id: ConversationId) -> Result<(), MachineError> {
        let talk = self.talk(id)?;
        if talk.summary.theirs <= talk.summary.read_up_to && talk.summary.unread == 0 {
            return Ok(());
        }
        talk.summary.read_up_to = talk.summary.theirs.max(talk.summary.read_up_to);
        talk.summary.unread = 0;
        self.save_summary(id)?;
        self.events.push(Event::Conversation(id));
        self.send_read(id);
        Ok(())
    }

    pub(super) fn send_reads(&mut self) {
        let ids: Vec<_> = self.talks.keys().copied().collect();
        for id in ids {
            self.send_read(id);
        }
    }

    fn send_read(&mut self, id: ConversationId) {
        let Some(talk) = self.talks.get(&id) else { return };
        let gseq = talk.summary.read_up_to;
        if gseq <= talk.summary.read_sent || !self.connection.online {
            return;
        }
        let read = wire::ReadUpTo { conversation_id: id.as_bytes().to_vec(), gseq };
        self.request(Purpose::Read { conversation: id, gseq }, request::Body::ReadUpTo(read));
    }

    pub(super) fn read_stored(
        &mut self,
        id: ConversationId,
        gseq: u64,
        stored: bool,
    ) -> Result<(), MachineError> {
        if let (true, Some(talk)) = (stored, self.talks.get_mut(&id)) {
            talk.summary.read_sent = talk.summary.read_sent.max(gseq);
            self.save_summary(id)?;
        }
        Ok(())
    }

    /// The person is writing, or has stopped.
    pub fn typing(&mut self, ctx: &Ctx, id: ConversationId, on: bool) {
        let online = self.connection.online;
        let Some(talk) = self.talks.get_mut(&id).filter(|talk| talk.phase() == Phase::Active) else { return };
        let recently = talk.typing_sent_at.is_some_and(|at| ctx.now().since(at) < TYPING_EVERY);
        if !online || (on && recently) || (!on && talk.typing_sent_at.is_none()) {
            return;
        }
        talk.typing_sent_at = on.then(|| ctx.now());
        self.moment(if on { EphemeralKind::Typing } else { EphemeralKind::TypingStopped }, id);
    }

    /// The person looks at a conversation, or at none: who is there is told for that one only.
    pub fn look_at(&mut self, id: Option<ConversationId>) {
        if let Some(before) = std::mem::replace(&mut self.looking_at, id).filter(|before| Some(*before) != id)
        {
            self.moment(EphemeralKind::Offline, before);
            if let Some(talk) = self.talks.get_mut(&before) {
                talk.online = false;
            }
        }
        self.send_look();
        self.ask_for_business();
    }

    pub(super) fn send_look(&mut self) {
        if let Some(id) = self.looking_at.filter(|id| {
            self.talks.get(id).is_some_and(|talk| !matches!(talk.phase(), Phase::Draft | Phase::Creating))
        }) {
            self.moment(EphemeralKind::Online, id);
        }
    }

    fn moment(&mut self, kind: EphemeralKind, id: ConversationId) {
        if self.connection.online {
            self.frame(client_frame::Body::Ephemeral(wire::Ephemeral {
                kind: kind.into(),
                conversation_id: id.as_bytes().to_vec(),
                account_id: Vec::new(),
                is_answer: false,
            }));
        }
    }

    pub(super) fn ephemeral(&mut self, ctx: &Ctx, moment: &wire::Ephemeral) {
        if moment.kind() == EphemeralKind::AccountChanged {
            if let Ok(account) = AccountId::from_slice(&moment.account_id) {
                self.contacts.forget(account);
                self.ask_for_unknown_accounts();
            }
            return;
        }
        let Ok(id) = ConversationId::from_slice(&moment.conversation_id) else { return };
        if AccountId::from_slice(&moment.account_id) == Ok(self.me()) {
            return;
        }
        let Some(talk) = self.talks.get_mut(&id) else { return };
        match EphemeralKind::try_from(moment.kind) {
            Ok(EphemeralKind::Typing) => talk.typing_until = Some(ctx.now() + TYPING_LASTS),
            Ok(EphemeralKind::TypingStopped) => talk.typing_until = None,
            Ok(EphemeralKind::Online) => talk.online = true,
            Ok(EphemeralKind::Offline) => {
                talk.online = false;
                talk.typing_until = None;
            }
            Ok(EphemeralKind::AccountChanged | EphemeralKind::Unknown) | Err(_) => return,
        }
        self.events.push(Event::Conversation(id));
    }
}

/// Raises what is known of an account; gives the new state and from where on ticks change. `None`: nothing new.
fn raise(
    receipts: &mut Vec<Receipt>,
    account: AccountId,
    update: &wire::ReceiptUpdate,
) -> Option<(Receipt, u64)> {
    let at = match receipts.iter().position(|receipt| receipt.account == account) {
        Some(at) => at,
        None => {
            receipts.push(Receipt { account, delivered_up_to: 0, read_up_to: 0 });
            receipts.len().saturating_sub(1)
        }
    };
    let receipt = receipts.get_mut(at)?;
    let before = *receipt;
    receipt.delivered_up_to = receipt.delivered_up_to.max(update.delivered_up_to);
    receipt.read_up_to = receipt.read_up_to.max(update.read_up_to);
    (*receipt != before).then(|| (*receipt, before.read_up_to.min(before.delivered_up_to)))
}
