//! # The client core
//!
//! What every client of Plaza is made of, in the browser, on the command line, in the gateway, in tests and in the load
//! generator. It is sans-I/O: frames, the person's wishes and the clock go in; frames to send, one batch of changed
//! rows and events for the view come out ([`Machine`]). The rows live in a [`store::Store`], the frames travel over
//! whatever the driver around it has.

#![deny(missing_docs, clippy::expect_used, clippy::panic, clippy::float_arithmetic)]

mod answer;
mod contact;
pub mod conversation;
pub mod files;
pub mod flows;
pub mod hosted;
pub mod machine;
mod registration;
mod rows;
pub mod store;
pub mod timeline;
pub mod view;

pub use answer::{Answer, AnswerError, OrderLine, answer};
pub use contact::Contact;
pub use conversation::{Conversation, ConversationError, Outcome, Phase, Received};
pub use hosted::Hosted;
pub use machine::{
    CallSignal, CallView, CallWish, Event, GroupAnswer, GroupAsk, Machine, MachineError, NewDevice,
    SessionView, Step, call_body,
};
pub use plaza_crypto::{CONVERSATIONS, Change, KEY_PACKAGES, conversation_prefix};
pub use registration::{Registration, RegistrationError};
pub use rows::{LOADED, RowError};
