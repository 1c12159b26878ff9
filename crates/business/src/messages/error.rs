//! Why a message is not accepted. Each case is one that the sender does something else about.

use crate::calls::{CallError, RequestRefused};
use crate::flows::sending::Unsendable;
use crate::pace::TooFast;
use crate::portfolios::LookupError;
use crate::reach::TooFar;
use crate::templates::FillError;
use plaza_billing::{BillingError, Category};
use plaza_db::DbError;
use plaza_messaging::MessagingError;
use plaza_protocol::Timestamp;

/// A message is not accepted, and nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
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
    /// A file that does not suit the message.
    #[error("{member}: {what}")]
    Media {
        /// The member that names it.
        member: String,
        /// Why not.
        what: String,
    },
    /// A kind of message that Plaza does not carry.
    #[error("messages of type \"{kind}\" are not supported")]
    Unsupported {
        /// As the request names it.
        kind: String,
    },
    /// Something that a group is not told.
    #[error("{kind} cannot be sent to a group: send text, a file or another template")]
    NotInGroups {
        /// What.
        kind: String,
    },
    /// No such group of this number.
    #[error("there is no such group, or another phone number manages it")]
    UnknownGroup,
    /// Nobody is in it.
    #[error("nobody is in the group yet: people join by its invite link")]
    EmptyGroup,
    /// The operator has stopped it.
    #[error("the operator of this network has stopped the group for now")]
    GroupSuspended,
    /// No such number, or another portfolio's.
    #[error("there is no such phone number, or it belongs to another business portfolio")]
    NotFound,
    /// The number was deregistered.
    #[error("the phone number is not registered: register it first")]
    NotRegistered,
    /// The operator has stopped the account.
    #[error("the operator has stopped this account: it sends nothing until the operator lets it go on")]
    Locked,
    /// The operator lets the account answer only.
    #[error("the operator has restricted this account: it may answer, and writes to nobody first")]
    Restricted,
    /// The business wrote to itself.
    #[error("the recipient is the sender")]
    RecipientIsSender,
    /// Nobody has this number here.
    #[error("the recipient is not on this network")]
    Undeliverable,
    /// Free-form messages need an open window.
    #[error("more than 24 hours have passed since the person last wrote: send a template")]
    WindowClosed {
        /// When it closed; `None`: the person never wrote.
        until: Option<Timestamp>,
    },
    /// Faster than it may.
    #[error(transparent)]
    TooFast(#[from] TooFast),
    /// More people than the portfolio may write to first, or more advertising than the person gets.
    #[error(transparent)]
    TooFar(#[from] TooFar),
    /// Something else than a template, at the address of marketing messages.
    #[error("this address sends templates: send other messages at the address messages")]
    NotATemplate,
    /// A marketing template at the address of all messages, which the account does not want.
    #[error("the account sends marketing templates at the address marketing_messages only")]
    MarketingOff,
    /// A marketing template to somebody who wants none.
    #[error(
        "the person has stopped marketing messages of this business: send none until they want them again"
    )]
    MarketingStopped,
    /// A template of another category, at the address of marketing messages.
    #[error("this address sends marketing templates: send a {category} template at the address messages")]
    NotMarketing {
        /// The template's.
        category: Category,
    },
    /// The template cannot be sent.
    #[error("{0}")]
    Template(FillError),
    /// The flow cannot be sent just now.
    #[error("{}", .0.what())]
    Flow(Unsendable),
    /// The person is not asked for calls.
    #[error(transparent)]
    Calls(#[from] RequestRefused),
    /// Whether the person may be asked could not be found out.
    #[error("calls")]
    Calling(#[source] Box<CallError>),
    /// The balance does not cover the price.
    #[error("the balance does not cover the price: {needed} {currency} are needed, {available} are there")]
    InsufficientFunds {
        /// The worst-case price.
        needed: plaza_protocol::Micros,
        /// What is not held already.
        available: plaza_protocol::Micros,
        /// The portfolio's currency.
        currency: plaza_protocol::Currency,
    },
    /// A spending cap leaves no room for the message.
    #[error("{0}")]
    CapReached(plaza_billing::Refused),
    /// An invoice is overdue for too long.
    #[error("{0}")]
    Suspended(plaza_billing::Refused),
    /// The price book does not know the recipient's market.
    #[error("the price book has no price for the market {market}")]
    NoPrice {
        /// Which.
        market: String,
    },
    /// Billing knows the new message as an ended one: a bug.
    #[error("the price could not be held")]
    NotHeld,
    /// The same idempotency key came with another body.
    #[error("Idempotency-Key: it was used for another request; use a new key for each message")]
    KeyReused,
    /// The price could not be held.
    #[error("billing")]
    Billing(#[source] BillingError),
    /// The recipient could not be looked up.
    #[error("messaging")]
    Messaging(#[source] MessagingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<LookupError> for SendError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

impl From<CallError> for SendError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Db(error) => Self::Db(error),
            other => Self::Calling(Box::new(other)),
        }
    }
}

impl From<BillingError> for SendError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Db(error) => Self::Db(error),
            other => Self::Billing(other),
        }
    }
}

impl From<MessagingError> for SendError {
    fn from(error: MessagingError) -> Self {
        match error {
            MessagingError::Db(error) => Self::Db(error),
            other => Self::Messaging(other),
        }
    }
}

impl From<FillError> for SendError {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Db(error) => Self::Db(error),
            other => Self::Template(other),
        }
    }
}
