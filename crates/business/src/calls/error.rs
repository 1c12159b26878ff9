//! Why a call is not made, or nothing is done about it.

use crate::json::node::Refusal;
use crate::management::ManageError;
use crate::portfolios::LookupError;
use plaza_billing::BillingError;
use plaza_db::DbError;
use plaza_messaging::MessagingError;
use plaza_protocol::{Currency, Micros, Timestamp, limits};
use std::time::Duration;

/// Nothing was done, and nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// A member that must be there is not.
    #[error("the parameter {member} is required")]
    Missing {
        /// Which.
        member: String,
    },
    /// A member has a value that cannot be.
    #[error("{member}: {what}")]
    Invalid {
        /// Which.
        member: String,
        /// Why, and what is expected.
        what: String,
    },
    /// No such number, or another portfolio's.
    #[error("there is no such phone number, or it belongs to another business portfolio")]
    NotFound,
    /// The number has no such call.
    #[error("{member}: it names no call of this phone number")]
    UnknownCall {
        /// What named it.
        member: &'static str,
    },
    /// The number was deregistered.
    #[error("the phone number is not registered: register it first")]
    NotRegistered,
    /// The settings say so.
    #[error("calling is disabled for this phone number: set calling.status to ENABLED in its settings")]
    Disabled,
    /// The settings say that calls go another way.
    #[error(
        "calls of this phone number go by SIP: disable calling.sip in its settings to call through this address"
    )]
    Sip,
    /// Nobody would hear that the person picks up.
    #[error("no app hears of calls: subscribe one to the field calls of the account, and only then call")]
    Unheard,
    /// The number begins too many calls.
    #[error(
        "too many calls of this phone number: {} a second, {} at once; wait {} ms",
        limits::CALLS_BEGUN_PER_S, limits::CALLS_BEGUN_AT_ONCE, wait.as_millis().max(1)
    )]
    TooFast {
        /// When to come back.
        wait: Duration,
    },
    /// The business called itself.
    #[error("the recipient is the sender")]
    RecipientIsSender,
    /// Nobody has this number here, or no device.
    #[error("the person cannot be called: they are not on this network, or have no device")]
    Uncallable,
    /// The person did not allow it, or it is long ago.
    #[error("the person has not allowed calls: send a call_permission_request, and call once they accept")]
    NoPermission,
    /// Enough calls connected with this person.
    #[error("{calls_max} calls to one person may connect within 24 hours{}", when(*next))]
    ConnectedLimit {
        /// How many.
        calls_max: u32,
        /// When one more may.
        next: Option<Timestamp>,
    },
    /// The two are in a call already.
    #[error("a call with this person is going on: try again when it has ended")]
    Duplicate,
    /// As many calls as a number may have.
    #[error("this phone number has as many calls as it may have at a time: try again when some have ended")]
    Concurrent,
    /// The balance does not cover the price.
    #[error(
        "the balance does not cover the price of the longest call: {needed} {currency} are needed, {available} are there"
    )]
    InsufficientFunds {
        /// The price of the greatest length.
        needed: Micros,
        /// What is not held already.
        available: Micros,
        /// The portfolio's currency.
        currency: Currency,
    },
    /// A spending cap leaves no room for the longest call.
    #[error("{0}")]
    CapReached(plaza_billing::Refused),
    /// An invoice is overdue for too long.
    #[error("{0}")]
    Suspended(plaza_billing::Refused),
    /// The price book does not know the person's market.
    #[error("the price book has no price of calls for the market {market}")]
    NoPrice {
        /// Which.
        market: String,
    },
    /// Billing knows the new call as an ended one: a bug.
    #[error("the price could not be held")]
    NotHeld,
    /// It rang for too long.
    #[error("nobody picked up in time: the call has ended")]
    TimedOut,
    /// It has ended otherwise.
    #[error("the call has ended")]
    Over,
    /// The price could not be held or posted.
    #[error("billing")]
    Billing(#[source] BillingError),
    /// The person could not be looked up.
    #[error("messaging")]
    Messaging(#[source] MessagingError),
    /// The settings could not be read.
    #[error("the settings of the number")]
    Settings(#[source] ManageError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

fn when(next: Option<Timestamp>) -> String {
    next.map(|next| format!(": the next may after {} (seconds since 1970)", next.seconds()))
        .unwrap_or_default()
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        match refusal.what {
            None => Self::Missing { member: refusal.member },
            Some(what) => Self::Invalid { member: refusal.member, what },
        }
    }
}

impl From<LookupError> for CallError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

impl From<ManageError> for CallError {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::NotFound => Self::NotFound,
            ManageError::Db(error) => Self::Db(error),
            other => Self::Settings(other),
        }
    }
}

impl From<BillingError> for CallError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Db(error) => Self::Db(error),
            other => Self::Billing(other),
        }
    }
}

impl From<MessagingError> for CallError {
    fn from(error: MessagingError) -> Self {
        match error {
            MessagingError::Db(error) => Self::Db(error),
            other => Self::Messaging(other),
        }
    }
}
