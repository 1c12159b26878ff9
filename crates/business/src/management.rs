//! # Managing
//!
//! What all operations share that change a business's own things: numbers, profiles, settings, partners, users. They
//! fail in few ways, and each failure knows how the Cloud API numbers it.

use crate::SealError;
use crate::codes::{self, Code};
use crate::portfolios::LookupError;
use crate::webhooks::SubscribeError;
use plaza_db::DbError;
use plaza_messaging::MessagingError;

/// Something of a business cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// No such object, or another portfolio's.
    #[error("there is no such object, or it belongs to another business portfolio")]
    NotFound,
    /// It cannot be done; what, and what to do instead.
    #[error("{what}")]
    Refused {
        /// The number that clients branch on.
        code: Code,
        /// Beside it, where the Cloud API tells cases apart by a second number.
        subcode: Option<i64>,
        /// In words.
        what: String,
    },
    /// A secret at rest cannot be read or written.
    #[error("a secret at rest")]
    Seal(#[from] SealError),
    /// The account on the network failed.
    #[error("the account on the network")]
    Messaging(#[from] MessagingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl ManageError {
    /// A member of the request cannot be used.
    pub(crate) fn invalid(member: &str, what: &str) -> Self {
        Self::refused(codes::INVALID_PARAMETER, format!("{member}: {what}"))
    }

    /// It cannot be done.
    pub(crate) fn refused(code: Code, what: impl Into<String>) -> Self {
        Self::Refused { code, subcode: None, what: what.into() }
    }
}

impl From<LookupError> for ManageError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

impl From<SubscribeError> for ManageError {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::NotFound => Self::NotFound,
            SubscribeError::Db(error) => Self::Db(error),
            SubscribeError::Invalid { member, what } => Self::invalid(member, &what),
        }
    }
}

/// The end of a try that counts: a wrong code or PIN is a value and not an error, which would undo the count.
pub type Tried<T> = Result<Result<T, ManageError>, ManageError>;
