//! # What is said about another message
//!
//! A reaction, a change, a withdrawal: none of them stands in the timeline, each is a row beside the message that it is
//! about, and a view reads the two together. The row's key holds who said it, so that a change counts only if the
//! author of the message made it, whichever of the two arrives first.

use super::{Event, Machine, MachineError};
use crate::rows;
use crate::timeline::Amendment;
use plaza_protocol::content::Body;
use plaza_protocol::{AccountId, ConversationId, MessageId};

/// Whether a message is about another one, or for the host of a business alone, and stands in no timeline.
pub(super) fn is_aside(body: Option<&Body>) -> bool {
    match body {
        Some(Body::Reaction(_) | Body::Edit(_) | Body::Revoke(_) | Body::Feedback(_)) => true,
        Some(Body::Call(call)) => !call.is_item(),
        _ => false,
    }
}

impl Machine {
    /// Keeps what `account` said about another message; `false` for a message that stands for itself.
    pub(super) fn put_aside(
        &mut self,
        id: ConversationId,
        account: AccountId,
        body: Option<&Body>,
    ) -> Result<bool, MachineError> {
        let (target, row) = match body {
            Some(Body::Reaction(reaction)) => {
                let emoji = (!reaction.emoji.is_empty()).then(|| reaction.emoji.clone().into_bytes());
                (&reaction.message_id, Ok(emoji))
            }
            Some(Body::Edit(edit)) => (&edit.message_id, Err(Amendment::Text(edit.text.clone()))),
            Some(Body::Revoke(revoke)) => (&revoke.message_id, Err(Amendment::Revoked)),
            // Of the moment: told as an event, and kept nowhere.
            Some(Body::Call(call)) => return Ok(!call.is_item()),
            Some(Body::Feedback(_)) => return Ok(true),
            _ => return Ok(false),
        };
        let Ok(target) = MessageId::from_slice(target) else { return Ok(true) };
        let (key, value) = match row {
            Ok(emoji) => (rows::reaction(id, target, account), emoji),
            Err(amendment) => (rows::amendment(id, target, account), Some(rows::encode(&amendment)?)),
        };
        self.written.insert(key, value);
        self.events.push(Event::Reacted { conversation: id, message_id: target });
        Ok(true)
    }
}
