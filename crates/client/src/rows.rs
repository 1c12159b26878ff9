//! # The keys of a client's rows
//!
//! | key | value |
//! |---|---|
//! | `d/device`, `d/identity`, `d/session` | the device's keys and what it knows of itself |
//! | `d/progress` | how far its mailbox was stored |
//! | `d/k/…` | its key packages |
//! | `d/a/` + account | what is known of an account |
//! | `d/o/` + number | a message that waits to be sent |
//! | `c/` + conversation + `/state`, `/seen`, `/m/…` | the conversation's cryptography |
//! | `c/` + conversation + `/h/` + number | an envelope that waits for its epoch |
//! | `c/` + conversation + `/view` | what the list of conversations shows |
//! | `t/` + conversation + `/` + order | an item of the timeline |
//! | `i/` + conversation + `/` + message | the order of an item |
//! | `r/` + conversation + `/` + message + account | a reaction |
//! | `e/` + conversation + `/` + message + account | what its author has changed it to |
//!
//! What begins with `d/` or `c/` is small and is loaded when the client starts (the hosted client loads one
//! conversation at a time); timelines stay in the store and are read in pages.

use plaza_crypto::{Rows, conversation_prefix};
use plaza_protocol::{AccountId, ConversationId, MessageId};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const DEVICE: &[u8] = b"d/device";
pub(crate) const IDENTITY: &[u8] = b"d/identity";
pub(crate) const SESSION: &[u8] = b"d/session";
pub(crate) const PROGRESS: &[u8] = b"d/progress";
pub(crate) const ACCOUNTS: &[u8] = b"d/a/";
pub(crate) const OUTBOX: &[u8] = b"d/o/";
pub(crate) const STATE: &str = "state";
pub(crate) const SEEN: &str = "seen";
pub(crate) const VIEW: &str = "view";

/// What a client loads when it starts: all rows below these.
pub const LOADED: &[&[u8]] = &[b"d/", b"c/"];

/// A stored row is not what this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored row could not be read or written")]
pub struct RowError;

impl From<plaza_crypto::RowsError> for RowError {
    fn from(_: plaza_crypto::RowsError) -> Self {
        Self
    }
}

pub(crate) fn conversation(id: ConversationId, name: &str) -> Vec<u8> {
    [&conversation_prefix(id), name.as_bytes()].concat()
}

pub(crate) fn held(id: ConversationId, gseq: Option<u64>) -> Vec<u8> {
    let number = gseq.map(u64::to_be_bytes);
    [&conversation_prefix(id)[..], b"h/", number.as_ref().map_or(&[], |bytes| &bytes[..])].concat()
}

pub(crate) fn account(id: AccountId) -> Vec<u8> {
    [ACCOUNTS, id.as_bytes()].concat()
}

pub(crate) fn outbox(number: u64) -> Vec<u8> {
    [OUTBOX, &number.to_be_bytes()].concat()
}

pub(crate) fn timeline(id: ConversationId) -> Vec<u8> {
    [b"t/", &id.as_bytes()[..], b"/"].concat()
}

pub(crate) fn item(id: ConversationId, order: u64) -> Vec<u8> {
    [timeline(id), order.to_be_bytes().to_vec()].concat()
}

pub(crate) fn order(id: ConversationId, message: MessageId) -> Vec<u8> {
    [b"i/", &id.as_bytes()[..], b"/", message.as_bytes()].concat()
}

pub(crate) fn reactions(id: ConversationId, message: MessageId) -> Vec<u8> {
    [b"r/", &id.as_bytes()[..], b"/", message.as_bytes()].concat()
}

pub(crate) fn reaction(id: ConversationId, message: MessageId, account: AccountId) -> Vec<u8> {
    [reactions(id, message), account.as_bytes().to_vec()].concat()
}

pub(crate) fn amendment(id: ConversationId, message: MessageId, author: AccountId) -> Vec<u8> {
    [b"e/", &id.as_bytes()[..], b"/", message.as_bytes(), author.as_bytes()].concat()
}

pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, RowError> {
    cbor4ii::serde::to_vec(Vec::new(), value).map_err(|_| RowError)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RowError> {
    cbor4ii::serde::from_slice(bytes).map_err(|_| RowError)
}

pub(crate) fn read<T: DeserializeOwned>(rows: &Rows, key: &[u8]) -> Result<Option<T>, RowError> {
    rows.get(key).map(|bytes| decode(&bytes)).transpose()
}

pub(crate) fn write(rows: &Rows, key: Vec<u8>, value: &impl Serialize) -> Result<(), RowError> {
    rows.set(key, encode(value)?);
    Ok(())
}
