//! One error for all operations: each case has its stable code and says what to do.

use plaza_db::DbError;
use plaza_protocol::{ErrorCode, wire};
use std::time::Duration;

/// An operation was not carried out, and nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum MessagingError {
    /// A member is malformed or out of its range.
    #[error("{member}: {problem}")]
    Invalid {
        /// The member.
        member: &'static str,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The actor may not do this.
    #[error("this needs the token of a device")]
    Unauthenticated,
    /// Not there, or not for this account to know of.
    #[error("{0} does not exist, or not for this account")]
    NotFound(&'static str),
    /// Known, but not for this account.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Against what is there already.
    #[error("{0}")]
    Conflict(&'static str),
    /// Nobody has this number here.
    #[error("this number is not registered on this network")]
    NotRegistered,
    /// The number belongs to an account already.
    #[error("this number belongs to another account already")]
    NumberTaken,
    /// Too many in too short a time.
    #[error("too many {what}: try again in {} s", retry_after.as_secs().max(1))]
    RateLimited {
        /// Of what.
        what: &'static str,
        /// When to come back.
        retry_after: Duration,
    },
    /// The code is wrong.
    #[error("the code is wrong: {tries_left} tries left")]
    CodeWrong {
        /// Tries before a pause.
        tries_left: i64,
    },
    /// The code is too old, or was used.
    #[error("the code has expired: ask for a new one")]
    CodeExpired,
    /// The device was replaced.
    #[error("this device was replaced by another registration of its number: register again")]
    DeviceRevoked,
    /// Another commit won the epoch.
    #[error("another commit won this epoch: catch up, then try again")]
    EpochConflict {
        /// The current epoch.
        epoch: u64,
    },
    /// Encrypted in an epoch that is too old.
    #[error("the message was encrypted in an old epoch: catch up, encrypt again, send again")]
    StaleEpoch {
        /// The current epoch.
        epoch: u64,
    },
    /// A member's devices changed.
    #[error("a member's devices changed: add and remove them in a commit, then send again")]
    DeviceListChanged {
        /// The current epoch.
        epoch: u64,
    },
    /// An MLS object does not verify.
    #[error("{what} does not verify")]
    BadMls {
        /// Which.
        what: &'static str,
        /// Why.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A key package came twice.
    #[error("key_packages: one of them was uploaded before; make new ones")]
    KeyPackageReused,
    /// Larger than a limit.
    #[error("{what} is larger than {bytes_max} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// The database failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl MessagingError {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid { .. } => ErrorCode::Invalid,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::NotRegistered => ErrorCode::NotRegistered,
            Self::NumberTaken => ErrorCode::AlreadyExists,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::CodeWrong { .. } => ErrorCode::CodeWrong,
            Self::CodeExpired => ErrorCode::CodeExpired,
            Self::DeviceRevoked => ErrorCode::DeviceRevoked,
            Self::EpochConflict { .. } => ErrorCode::EpochConflict,
            Self::StaleEpoch { .. } => ErrorCode::StaleEpoch,
            Self::DeviceListChanged { .. } => ErrorCode::DeviceListChanged,
            Self::BadMls { .. } => ErrorCode::BadMls,
            Self::KeyPackageReused => ErrorCode::KeyPackageReused,
            Self::TooLarge { .. } => ErrorCode::TooLarge,
            Self::Db(error) if error.is_full() => ErrorCode::StorageFull,
            Self::Db(_) => ErrorCode::Unavailable,
        }
    }

    /// When a repeat may succeed.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Db(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// The error as a client of the socket sees it. What is ours alone stays with us.
    pub fn to_wire(&self) -> wire::Error {
        let epoch = match self {
            Self::EpochConflict { epoch }
            | Self::StaleEpoch { epoch }
            | Self::DeviceListChanged { epoch } => *epoch,
            _ => 0,
        };
        let message = match self {
            Self::Db(error) if error.is_full() => "the server's disk is full: nothing was stored".to_owned(),
            Self::Db(_) => "the server cannot store anything just now: try again".to_owned(),
            other => other.to_string(),
        };
        let retry_after = self.retry_after().unwrap_or_default();
        wire::Error {
            code: self.code().as_str().to_owned(),
            message,
            retry_after_ms: u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX),
            epoch,
        }
    }

    pub(crate) fn invalid(member: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { member, problem: problem.into() }
    }
}
