//! # Messaging
//!
//! What the server does for people who talk: it knows their accounts and devices, keeps the order of each
//! conversation, and holds encrypted envelopes until every device has them. It never sees what they say.
//!
//! - [`registration`]: a phone number is proved with a one-time code; a device brings its keys.
//! - [`accounts`]: who is who, and which devices an account has.
//! - [`key_packages`]: what others need to add a device to a group; each is handed out once.
//! - [`conversations`]: creation, members, and the one linear history of commits of each MLS group.
//! - [`groups`]: conversations of several accounts that one of them manages; invite links and who waits to be let in.
//! - [`delivery`]: a message is stored for each device before its sender is answered, and deleted when the device has
//!   it; receipts follow from that.
//!
//! Operations take a context and a transaction and are composed by the caller. Nothing here knows HTTP, sockets, or
//! that some accounts belong to businesses that pay.

pub mod accounts;
pub mod attachments;
pub mod conversations;
pub mod delivery;
mod error;
pub mod groups;
pub mod key_packages;
mod rate;
pub mod registration;

pub use error::MessagingError;

use plaza_db::Sql;
use sha2::{Digest, Sha256};

/// All SQL of this crate.
pub fn statements() -> Vec<Sql> {
    [
        accounts::store::STATEMENTS,
        attachments::store::STATEMENTS,
        conversations::store::STATEMENTS,
        delivery::store::STATEMENTS,
        groups::store::STATEMENTS,
        key_packages::store::STATEMENTS,
        rate::STATEMENTS,
        registration::store::STATEMENTS,
    ]
    .concat()
}

/// What is stored of a token: it has 256 random bits, so that a plain hash is enough.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
