//! # Wake-ups
//!
//! A hint that something changed, published after the commit that changed it: in the process, or through NATS to the
//! other processes. All of them may be lost; whoever waits also looks by itself now and then.

use crate::{AccountId, ConversationId, DeviceId, wire};
use std::sync::Arc;

/// A hint to look.
#[derive(Debug, Clone)]
pub enum Wake {
    /// New envelopes in a device's mailbox.
    Mailbox {
        /// Whose.
        device: DeviceId,
        /// The envelopes, where the reader is in the same process: it need not read what it is handed. Rising, without
        /// gaps. Not sent to other processes.
        envelopes: Arc<[wire::Deliver]>,
    },
    /// A receipt rose; for the devices of these accounts, if they are connected.
    Receipt {
        /// Who is told.
        accounts: Arc<[AccountId]>,
        /// The new state.
        update: wire::ReceiptUpdate,
    },
    /// Typing or presence; for the devices of these accounts, if they are connected.
    Ephemeral {
        /// Who is told.
        accounts: Arc<[AccountId]>,
        /// What of.
        ephemeral: wire::Ephemeral,
    },
    /// A device was revoked: close its connection.
    Revoked(DeviceId),
    /// There is something to deliver to webhooks.
    Webhooks,
    /// A hosted device has envelopes (any of them).
    Hosted(DeviceId),
    /// What a person has bought changed: their devices look again, if they are connected.
    Entitlements(AccountId),
    /// A conversation's members or epoch changed.
    Conversation(ConversationId),
}
