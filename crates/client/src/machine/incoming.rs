//! # What the mailbox brings
//!
//! Each delivery is worked into the rows before it counts as stored; what cannot be read leaves a notice, and where the
//! group is of no use any more, the conversation joins anew. Nothing that comes in stops the machine.

use super::talk::Talk;
use super::{Event, Machine, MachineError};
use crate::contact::Learned;
use crate::conversation::{Conversation, Outcome, Phase, Received};
use crate::timeline::{Body as ItemBody, Item, Notice, Progress, order_of};
use crate::view::kind_and_text;
use plaza_crypto::Member;
use plaza_protocol::content::{Body, signal::Signal};
use plaza_protocol::wire::{Deliver, Envelope};
use plaza_protocol::{ConversationId, Ctx};
use prost::Message as _;
use std::time::Duration;

/// A conversation joins anew because of unreadable messages this often at most.
const REJOIN_EVERY: Duration = Duration::from_secs(60);

impl Machine {
    pub(super) fn deliver(&mut self, ctx: &Ctx, deliver: Deliver) -> Result<(), MachineError> {
        if deliver.seq > self.stored.seq {
            if let Some(envelope) = &deliver.envelope {
                self.envelope(ctx, envelope)?;
            }
            self.stored.seq = deliver.seq;
            self.save_stored()?;
        }
        self.acknowledge_soon(ctx);
        Ok(())
    }

    fn envelope(&mut self, ctx: &Ctx, envelope: &Envelope) -> Result<(), MachineError> {
        let Ok(id) = ConversationId::from_slice(&envelope.conversation_id) else {
            return Ok(());
        };
        if !self.talks.contains_key(&id) {
            let conversation = Conversation::lost(&self.keystore, id, vec![self.me()])?;
            self.talks.insert(id, Talk::new(conversation));
        }
        self.process(ctx, id, envelope)?;
        self.process_held(ctx, id)?;
        self.drive(ctx, id)
    }

    pub(super) fn process_held(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        for held in talk.conversation.take_held(&self.keystore) {
            self.process(ctx, id, &held)?;
        }
        Ok(())
    }

    pub(super) fn process(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        envelope: &Envelope,
    ) -> Result<(), MachineError> {
        let Some(talk) = self.talks.get_mut(&id) else { return Ok(()) };
        let outcome = talk.conversation.process(&self.keystore, envelope)?;
        match outcome {
            Outcome::Message(received) => self.message(ctx, id, *received),
            Outcome::Members { added, .. } => {
                talk.reached(envelope.gseq);
                self.save_summary(id)?;
                self.epoch_opened(ctx, id, &added)?;
                self.members_changed(ctx, id)
            }
            Outcome::Joined => {
                talk.succeeded();
                self.connection.key_packages = self.connection.key_packages.saturating_sub(1);
                if self.connection.online {
                    self.refill_key_packages()?;
                }
                self.learn_devices(ctx, id)?;
                if envelope.is_group {
                    self.entered(ctx, id)?;
                }
                self.ask_for_unknown_accounts();
                self.events.push(Event::Conversation(id));
                Ok(())
            }
            Outcome::Unreadable => {
                talk.reached(envelope.gseq);
                let recently = talk.rejoined_at.is_some_and(|at| ctx.now().since(at) < REJOIN_EVERY);
                if !recently && talk.phase() == Phase::Active {
                    talk.conversation.lose(&self.keystore)?;
                }
                self.notice(ctx, id, Notice::Unreadable)
            }
            Outcome::Broken | Outcome::Removed | Outcome::Held | Outcome::Skipped => Ok(()),
        }
    }

    /// The group moved on: whatever waited for that may go.
    fn epoch_opened(&mut self, ctx: &Ctx, id: ConversationId, added: &[Member]) -> Result<(), MachineError> {
        let talk = self.talk(id)?;
        if talk.wait_for_epoch > 0
            && talk.conversation.epoch().is_some_and(|epoch| epoch >= talk.wait_for_epoch)
        {
            talk.wait_for_epoch = 0;
            talk.retry_at = None;
        }
        for member in added {
            self.learn_member(ctx, member)?;
        }
        self.ask_for_unknown_accounts();
        Ok(())
    }

    /// Learns the identity keys of all devices of a group.
    pub(super) fn learn_devices(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let devices = self.talks.get(&id).map(|talk| talk.conversation.devices()).unwrap_or_default();
        for member in &devices {
            self.learn_member(ctx, member)?;
        }
        Ok(())
    }

    fn learn_member(&mut self, ctx: &Ctx, member: &Member) -> Result<(), MachineError> {
        if member.account == self.me() {
            return Ok(());
        }
        let learned = self.contacts.learn_key(self.keystore.rows(), member.account, &member.identity_key)?;
        if learned == Learned::NewKey { self.learned(ctx, member.account, learned) } else { Ok(()) }
    }

    fn message(&mut self, ctx: &Ctx, id: ConversationId, received: Received) -> Result<(), MachineError> {
        let mine = received.account == self.me();
        if self.contacts.is_blocked(received.account) {
            self.talk(id)?.reached(received.gseq);
            return Ok(self.save_summary(id)?);
        }
        if let Some(Body::Call(call)) = &received.content.body {
            self.call_signal(ctx, id, &received, call)?;
        }
        if let Some(Body::GroupChange(_)) = &received.content.body
            && !self.is_manager(id, received.account)
        {
            // Only the manager names a group; from anybody else it means nothing.
            self.talk(id)?.reached(received.gseq);
            return Ok(self.save_summary(id)?);
        }
        if let Some(Body::GroupChange(change)) = &received.content.body {
            self.group_changed(id, change)?;
        }
        if self.put_aside(id, received.account, received.content.body.as_ref())? {
            self.talk(id)?.reached(received.gseq);
        } else {
            self.show(id, &received, mine)?;
        }
        self.save_summary(id)?;
        let is_signal = matches!(&received.content.body, Some(Body::Call(_)));
        if !mine && !is_signal {
            self.events.push(Event::Received { conversation: id, message: Box::new(received) });
        }
        Ok(())
    }

    fn show(&mut self, id: ConversationId, received: &Received, mine: bool) -> Result<(), MachineError> {
        let order = order_of(received.gseq);
        let item = Item {
            id: received.message_id,
            author: received.account,
            at: received.sent_at,
            gseq: received.gseq,
            progress: Progress::Sent,
            body: ItemBody::Content(received.content.encode_to_vec().into()),
        };
        self.put_item(id, order, &item)?;
        let talk = self.talk(id)?;
        talk.reached(received.gseq);
        talk.said(&kind_and_text(&received.content).1, received.sent_at, mine, order);
        if !mine {
            talk.typing_until = None;
            talk.summary.theirs = talk.summary.theirs.max(received.gseq);
            if received.gseq > talk.summary.read_up_to && is_news(received.content.body.as_ref()) {
                talk.summary.unread = talk.summary.unread.saturating_add(1);
            }
        }
        self.events.push(Event::Conversation(id));
        Ok(())
    }
}

/// Whether the person has not heard of it yet: of a call that they took themselves they have.
fn is_news(body: Option<&Body>) -> bool {
    match body {
        Some(Body::Call(call)) => matches!(&call.signal, Some(Signal::Ended(ended)) if ended.is_missed()),
        _ => true,
    }
}
