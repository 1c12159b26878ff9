//! # What waits to be sent
//!
//! A message is in the outbox from the moment that the person sent it until the server has stored it; the rows survive
//! a restart. It is encrypted when it goes on its way, in the epoch that is current then; what is asked again is
//! encrypted again under the same id, and the server knows the id.

use super::asides::is_aside;
use super::talk::Work;
use super::{Event, Machine, MachineError, Purpose};
use crate::conversation::ConversationError;
use crate::rows;
use crate::timeline::{Body as ItemBody, Item, Progress, WAITING, order_of};
use crate::view::kind_and_text;
use plaza_protocol::content::{Body, Content, Reaction, Text};
use plaza_protocol::wire::{self, request, response};
use plaza_protocol::{ConversationId, Ctx, ErrorCode, MessageId, Timestamp};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::time::Duration;

/// A message in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) conversation: ConversationId,
    pub(super) message_id: MessageId,
    content: ByteBuf,
    at: Timestamp,
    /// Refused for good: it waits for the person.
    failed: bool,
}

impl Machine {
    pub(super) fn load_outbox(&mut self) -> Result<(), MachineError> {
        for (key, value) in self.keystore.rows().below(rows::OUTBOX) {
            let number = key.get(rows::OUTBOX.len()..).and_then(|bytes| bytes.try_into().ok());
            let number = number.map(u64::from_be_bytes).ok_or(rows::RowError)?;
            self.outbox.insert(number, rows::decode(&value)?);
        }
        Ok(())
    }

    /// Sends text.
    pub fn send_text(
        &mut self,
        ctx: &Ctx,
        conversation: ConversationId,
        text: &str,
        reply_to: Option<MessageId>,
    ) -> Result<MessageId, MachineError> {
        let body = Body::Text(Text { body: text.to_owned(), preview_url: false });
        self.send(ctx, conversation, self.content_of(body, reply_to))
    }

    /// Sends a message of any kind.
    pub fn send_body(
        &mut self,
        ctx: &Ctx,
        conversation: ConversationId,
        body: Body,
        reply_to: Option<MessageId>,
    ) -> Result<MessageId, MachineError> {
        self.send(ctx, conversation, self.content_of(body, reply_to))
    }

    /// Passes on what was said in another conversation.
    pub fn forward(
        &mut self,
        ctx: &Ctx,
        conversation: ConversationId,
        body: Body,
    ) -> Result<MessageId, MachineError> {
        self.send(ctx, conversation, Content { is_forwarded: true, ..self.content_of(body, None) })
    }

    /// Reacts to a message; an empty emoji takes the reaction back.
    pub fn send_reaction(
        &mut self,
        ctx: &Ctx,
        conversation: ConversationId,
        to: MessageId,
        emoji: &str,
    ) -> Result<MessageId, MachineError> {
        let body = Body::Reaction(Reaction { message_id: to.as_bytes().to_vec(), emoji: emoji.to_owned() });
        self.send(ctx, conversation, self.content_of(body, None))
    }

    /// Sends a message: at once if possible, otherwise when it is.
    pub fn send(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        content: Content,
    ) -> Result<MessageId, MachineError> {
        self.talk(id)?;
        let message_id = ctx.ordered_id();
        let number = self.stored.next;
        self.stored.next = number.saturating_add(1);
        self.save_stored()?;
        let entry = Entry {
            conversation: id,
            message_id,
            content: content.encode_to_vec().into(),
            at: ctx.now(),
            failed: false,
        };
        rows::write(self.keystore.rows(), rows::outbox(number), &entry)?;
        self.show_waiting(number, &entry, Progress::Waiting)?;
        self.outbox.insert(number, entry);
        self.drive(ctx, id)?;
        Ok(message_id)
    }

    /// Shows a message that has no place in the conversation yet.
    fn show_waiting(&mut self, number: u64, entry: &Entry, progress: Progress) -> Result<(), MachineError> {
        let content = Content::decode(entry.content.as_slice()).unwrap_or_default();
        if self.put_aside(entry.conversation, self.me(), content.body.as_ref())? {
            return Ok(());
        }
        let order = WAITING.saturating_add(number);
        let failed = matches!(progress, Progress::Failed(_));
        let item = Item {
            id: entry.message_id,
            author: self.me(),
            at: entry.at,
            gseq: 0,
            progress,
            body: ItemBody::Content(entry.content.clone()),
        };
        self.put_item(entry.conversation, order, &item)?;
        let text = kind_and_text(&content).1;
        let talk = self.talk(entry.conversation)?;
        talk.said(&text, item.at, true, order);
        talk.summary.last_failed = failed;
        self.save_summary(entry.conversation)?;
        self.events.push(Event::Conversation(entry.conversation));
        Ok(())
    }

    /// Tries a refused message again.
    pub fn retry(&mut self, ctx: &Ctx, message_id: MessageId) -> Result<(), MachineError> {
        let found = self.outbox.iter().find(|(_, entry)| entry.message_id == message_id);
        let Some((number, mut entry)) = found.map(|(number, entry)| (*number, entry.clone())) else {
            return Ok(());
        };
        entry.failed = false;
        rows::write(self.keystore.rows(), rows::outbox(number), &entry)?;
        self.show_waiting(number, &entry, Progress::Waiting)?;
        let id = entry.conversation;
        self.outbox.insert(number, entry);
        self.drive(ctx, id)
    }

    /// How many messages wait to be sent.
    pub fn waiting(&self) -> usize {
        self.outbox.values().filter(|entry| !entry.failed).count()
    }

    pub(super) fn has_waiting(&self, id: ConversationId) -> bool {
        self.next_waiting(id).is_some()
    }

    fn next_waiting(&self, id: ConversationId) -> Option<&Entry> {
        self.outbox.values().find(|entry| entry.conversation == id && !entry.failed)
    }

    /// Sends the next waiting message of a conversation that is ready.
    pub(super) fn send_next(&mut self, ctx: &Ctx, id: ConversationId) -> Result<(), MachineError> {
        let Some(entry) = self.next_waiting(id).cloned() else {
            return Ok(());
        };
        let content = Content::decode(entry.content.as_slice()).unwrap_or_default();
        let Some(talk) = self.talks.get_mut(&id) else {
            return Ok(());
        };
        match talk.conversation.encrypt(&self.keystore, &self.device, entry.message_id, &content) {
            Ok(send) => {
                talk.work = Work::Asking;
                let purpose = Purpose::Send { conversation: id, message_id: entry.message_id };
                self.request(purpose, request::Body::Send(send));
                Ok(())
            }
            Err(ConversationError::NotReady) => Ok(()),
            Err(ConversationError::Encrypt(_)) => {
                // The group cannot encrypt any more: it is of no use.
                talk.conversation.lose(&self.keystore).map_err(MachineError::from)?;
                talk.try_later(ctx, Duration::ZERO);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn sent(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        message_id: MessageId,
        result: Result<response::Body, wire::Error>,
    ) -> Result<(), MachineError> {
        match result {
            Ok(response::Body::Sent(sent)) => {
                self.talk(id)?.succeeded();
                self.stored_by_server(id, message_id, &sent)?;
            }
            Ok(_) => self.talk(id)?.try_later(ctx, Duration::ZERO),
            Err(error) => self.not_sent(ctx, id, message_id, &error)?,
        }
        self.drive(ctx, id)
    }

    fn stored_by_server(
        &mut self,
        id: ConversationId,
        message_id: MessageId,
        sent: &wire::Sent,
    ) -> Result<(), MachineError> {
        let Some(number) = self.number_of(message_id) else {
            return Ok(());
        };
        let Some(entry) = self.outbox.remove(&number) else {
            return Ok(());
        };
        self.keystore.rows().remove(&rows::outbox(number));
        self.events.push(Event::Sent { conversation: id, message_id, gseq: sent.gseq });
        let content = Content::decode(entry.content.as_slice()).unwrap_or_default();
        self.talk(id)?.reached(sent.gseq);
        if !is_aside(content.body.as_ref()) {
            let waiting = WAITING.saturating_add(number);
            self.written.insert(rows::item(id, waiting), None);
            let item = Item {
                id: message_id,
                author: self.me(),
                at: Timestamp(sent.sent_at),
                gseq: sent.gseq,
                progress: Progress::Sent,
                body: ItemBody::Content(entry.content),
            };
            let order = order_of(sent.gseq);
            self.put_item(id, order, &item)?;
            let text = kind_and_text(&content).1;
            let talk = self.talk(id)?;
            if talk.summary.last_order <= order || talk.summary.last_order == waiting {
                talk.summary.last_order = 0;
                talk.said(&text, item.at, true, order);
            }
        }
        self.save_summary(id)?;
        self.events.push(Event::Conversation(id));
        Ok(())
    }

    fn number_of(&self, message_id: MessageId) -> Option<u64> {
        self.outbox.iter().find(|(_, entry)| entry.message_id == message_id).map(|(number, _)| *number)
    }

    fn not_sent(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        message_id: MessageId,
        error: &wire::Error,
    ) -> Result<(), MachineError> {
        let retry_after = Duration::from_millis(error.retry_after_ms);
        let talk = self.talk(id)?;
        match ErrorCode::parse(&error.code) {
            ErrorCode::StaleEpoch => {
                talk.work = Work::Nothing;
                if talk.conversation.epoch().is_some_and(|epoch| epoch < error.epoch) {
                    // The commits are on their way. If they do not come, the group is behind for good.
                    self.catch_up(ctx, id, error.epoch)?;
                }
            }
            ErrorCode::DeviceListChanged => {
                talk.work = Work::Nothing;
                talk.must_mend = true;
            }
            // Not a leaf of the group, for the server: look at the conversation.
            ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::BadMls => {
                talk.must_mend = true;
                talk.try_later(ctx, retry_after);
            }
            ErrorCode::TooLarge | ErrorCode::Invalid => {
                talk.succeeded();
                self.fail(message_id, &error.message)?;
            }
            _ => talk.try_later(ctx, retry_after),
        }
        Ok(())
    }

    /// A message is refused for good.
    fn fail(&mut self, message_id: MessageId, error: &str) -> Result<(), MachineError> {
        let Some(number) = self.number_of(message_id) else {
            return Ok(());
        };
        let Some(mut entry) = self.outbox.get(&number).cloned() else {
            return Ok(());
        };
        entry.failed = true;
        rows::write(self.keystore.rows(), rows::outbox(number), &entry)?;
        self.show_waiting(number, &entry, Progress::Failed(error.to_owned()))?;
        self.events.push(Event::Failed {
            conversation: entry.conversation,
            message_id,
            error: error.to_owned(),
        });
        self.outbox.insert(number, entry);
        Ok(())
    }

    /// All that waits in a conversation is refused for good.
    pub(super) fn fail_all(&mut self, id: ConversationId, error: &str) -> Result<(), MachineError> {
        let waiting: Vec<_> = self
            .outbox
            .values()
            .filter(|entry| entry.conversation == id && !entry.failed)
            .map(|entry| entry.message_id)
            .collect();
        for message_id in waiting {
            self.fail(message_id, error)?;
        }
        Ok(())
    }

    /// What waits in a draft goes to the conversation that was there before.
    pub(super) fn move_waiting(
        &mut self,
        from: ConversationId,
        to: ConversationId,
    ) -> Result<(), MachineError> {
        let numbers: Vec<_> = self
            .outbox
            .iter()
            .filter(|(_, entry)| entry.conversation == from)
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            let Some(mut entry) = self.outbox.get(&number).cloned() else { continue };
            self.written.insert(rows::item(from, WAITING.saturating_add(number)), None);
            self.written.insert(rows::order(from, entry.message_id), None);
            entry.conversation = to;
            rows::write(self.keystore.rows(), rows::outbox(number), &entry)?;
            self.show_waiting(number, &entry, Progress::Waiting)?;
            self.outbox.insert(number, entry);
        }
        Ok(())
    }
}
