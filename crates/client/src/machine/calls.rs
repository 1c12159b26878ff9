//! # Calls
//!
//! A call is offered, answered and ended by signals that travel like messages and stand in no timeline, but for the
//! last one. The machine tells the view each of them and keeps none: whoever has a call open knows what to do with it,
//! and everybody else lets it pass.
//!
//! Only an offer needs care. One that is too old rings no more. One that lay in the mailbox waits until the mailbox is
//! empty, because the end of the call may lie behind it. And when it rings here, the caller is told.

use super::{Event, Machine, MachineError};
use crate::conversation::Received;
use plaza_protocol::content::signal::Signal;
use plaza_protocol::content::{
    Body, Call, CallAlive, CallAnswer, CallHangUp, CallOffer, CallRinging, HangUpReason,
};
use plaza_protocol::limits::{CALL_RINGS_FOR, SDP_BYTES_MAX};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, MessageId, Timestamp, wire};
use serde::{Deserialize, Serialize};

/// A signal of a call that came.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSignal {
    /// In this conversation.
    pub conversation: ConversationId,
    /// The message that offered the call.
    pub call: MessageId,
    /// Who said it.
    pub account: AccountId,
    /// Another device of this account said it.
    pub mine: bool,
    /// The device that said it.
    pub device: DeviceId,
    /// When the server stored it.
    pub at: Timestamp,
    /// What it says.
    pub signal: Signal,
}

/// A signal of a call, for a user interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallView {
    /// In this conversation.
    pub conversation_id: String,
    /// The call.
    pub call_id: String,
    /// Another device of this account said it.
    pub mine: bool,
    /// Of an accepted call: this device has it.
    pub here: bool,
    /// When the server stored it, in milliseconds.
    pub at: i64,
    /// What it says, with its kind as `signal`.
    #[serde(flatten)]
    pub signal: Signal,
}

/// What a person does about a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum CallWish {
    /// Calls.
    Start {
        /// The session description.
        sdp: String,
        /// Of the button that was pressed.
        #[serde(default)]
        payload: String,
    },
    /// Picks up.
    Accept {
        /// The session description.
        sdp: String,
    },
    /// Declines, or hangs up.
    HangUp {
        /// `person`, `busy` or `media`.
        #[serde(default)]
        reason: String,
    },
    /// Is still there.
    Alive,
}

impl CallWish {
    /// The signal that says so; `None`: the session description is too long.
    pub fn signal(self) -> Option<Signal> {
        Some(match self {
            Self::Start { sdp, .. } | Self::Accept { sdp } if sdp.len() > SDP_BYTES_MAX => return None,
            Self::Start { sdp, payload } => Signal::Offer(CallOffer { sdp, payload }),
            Self::Accept { sdp } => Signal::Answer(CallAnswer { sdp, is_early: false }),
            Self::HangUp { reason } => {
                let reason = match reason.as_str() {
                    "busy" => HangUpReason::Busy,
                    "media" => HangUpReason::Media,
                    _ => HangUpReason::Person,
                };
                Signal::HangUp(CallHangUp { reason: reason.into() })
            }
            Self::Alive => Signal::Alive(CallAlive {}),
        })
    }
}

/// The message that carries a signal; without a call, that of a new one, which takes the message's id.
pub fn call_body(call: Option<MessageId>, signal: Signal) -> Body {
    let call_id = call.map(|call| call.as_bytes().to_vec()).unwrap_or_default();
    Body::Call(Call { call_id, signal: Some(signal) })
}

impl Machine {
    /// A signal, for a user interface.
    pub fn call_view(&self, said: &CallSignal) -> CallView {
        let here = matches!(&said.signal, Signal::Accepted(accepted)
            if accepted.device_id == self.session.device.as_bytes());
        CallView {
            conversation_id: said.conversation.to_string(),
            call_id: said.call.to_string(),
            mine: said.mine,
            here,
            at: said.at.milliseconds(),
            signal: said.signal.clone(),
        }
    }

    /// Says something about a call; an offer makes a new one, whose id is the answer.
    pub fn signal_call(
        &mut self,
        ctx: &Ctx,
        conversation: ConversationId,
        call: Option<MessageId>,
        signal: Signal,
    ) -> Result<MessageId, MachineError> {
        let body = call_body(call, signal);
        let message = self.send_body(ctx, conversation, body, None)?;
        Ok(call.unwrap_or(message))
    }

    /// What helps the media of calls through firewalls, as the server says.
    pub fn ice_servers(&self) -> &[wire::IceServer] {
        &self.connection.ice_servers
    }

    pub(super) fn call_signal(
        &mut self,
        ctx: &Ctx,
        id: ConversationId,
        received: &Received,
        call: &Call,
    ) -> Result<(), MachineError> {
        let Some(signal) = call.signal.clone() else { return Ok(()) };
        let is_offer = matches!(signal, Signal::Offer(_));
        let named = if is_offer { Ok(received.message_id) } else { MessageId::from_slice(&call.call_id) };
        let Ok(named) = named else { return Ok(()) };
        let said = CallSignal {
            conversation: id,
            call: named,
            account: received.account,
            mine: received.account == self.me(),
            device: received.device,
            at: received.sent_at,
            signal,
        };
        if !is_offer {
            if matches!(said.signal, Signal::Answer(_) | Signal::HangUp(_) | Signal::Ended(_)) {
                self.offered.remove(&named);
            }
            self.events.push(Event::Call(Box::new(said)));
            return Ok(());
        }
        if said.mine {
            return Ok(());
        }
        self.offered.insert(named, said);
        if self.connection.caught_up { self.ring_offered(ctx) } else { Ok(()) }
    }

    /// The mailbox is empty: what was offered lately and has not ended rings.
    pub(super) fn ring_offered(&mut self, ctx: &Ctx) -> Result<(), MachineError> {
        let there = Timestamp(ctx.now().0.saturating_add(self.connection.ahead));
        for (call, offer) in std::mem::take(&mut self.offered) {
            if there.since(offer.at) < CALL_RINGS_FOR {
                self.signal_call(ctx, offer.conversation, Some(call), Signal::Ringing(CallRinging {}))?;
                self.events.push(Event::Call(Box::new(offer)));
            }
        }
        Ok(())
    }
}
