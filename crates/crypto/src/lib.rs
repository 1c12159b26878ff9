//! # End-to-end encryption
//!
//! Everything secret between devices is in this crate: who a device is ([`Identity`], [`Device`], [`Certificate`]), the
//! MLS group behind a conversation ([`Group`], RFC 9420, openmls), key packages, and the server's view of a group
//! ([`PublicState`]), which holds no secret. The crate does no I/O and compiles to WebAssembly: state lives in
//! [`Rows`], and each step leaves one batch of changed rows for the caller to store.
//!
//! - Handshakes are MLS PublicMessages: the server validates and orders them. Applications are PrivateMessages, padded.
//! - Each leaf is bound to an account by a device certificate; one function judges leaves for everybody.
//! - Algorithms are data, see [`Suite`].
//!
//! Randomness inside MLS and its algorithms is drawn from the operating system by the algorithms' provider; ids and
//! identity keys come from the context.

#![deny(missing_docs, clippy::expect_used, clippy::panic, clippy::float_arithmetic)]

mod algorithms;
mod attachment;
mod endpoint_file;
mod group;
mod group_rows;
mod identity;
mod key_package;
mod leaf;
mod padding;
pub mod public_group;
mod rows;
mod safety;
mod suite;
#[cfg(test)]
mod testing;

pub use attachment::{
    ATTACHMENT_KEY_BYTES, AttachmentError, open_attachment, seal_attachment, sealed_attachment_bytes,
};
pub use endpoint_file::{EndpointKeys, seal_for_endpoint};
pub use group::{CommitError, Committed, EncryptError, Group, JoinError, Keystore, ProcessError, Processed};
pub use identity::{CERTIFICATE_BYTES, Certificate, CertificateError, Device, Identity, IdentityKey};
pub use key_package::{KeyPackageError, KeyPackageFacts, inspect_key_package, make_key_package};
pub use leaf::{LeafError, Member};
pub use public_group::PublicState;
pub use rows::{CONVERSATIONS, Change, KEY_PACKAGES, Rows, RowsError, conversation_prefix};
pub use safety::safety_number;
pub use suite::{SUITES, Suite};

/// An error of the MLS library, kept as the cause of one of ours.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
