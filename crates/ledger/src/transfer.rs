//! # Transfers
//!
//! What a caller asks for, what it gets, and what is kept. The caller makes the id, best [derived](derived_id) from what
//! the transfer is for: then asking twice is asking once.

use crate::account::uuid_of;
use crate::{Account, LedgerError, store};
use plaza_db::Tx;
use plaza_protocol::{Ctx, LedgerAccountId, Micros, Timestamp, TransferId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A movement of money to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Stands for this transfer for ever.
    pub transfer_id: TransferId,
    /// What shall happen.
    pub action: Action,
}

/// What a transfer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Moves the amount at once.
    Posted {
        /// Loses it.
        debit: Account,
        /// Gains it.
        credit: Account,
        /// Above zero.
        amount: Micros,
    },
    /// Sets the amount aside on the debited account.
    Hold {
        /// Shall lose it.
        debit: Account,
        /// Shall gain it.
        credit: Account,
        /// Above zero.
        amount: Micros,
        /// When the expiry job may give it back.
        expires_at: Timestamp,
    },
    /// Moves what a hold set aside, or less; the rest is free again.
    PostHold {
        /// The hold's transfer id.
        hold: TransferId,
        /// Above zero, at most what is held.
        amount: Micros,
    },
    /// Gives back what a hold set aside.
    VoidHold {
        /// The hold's transfer id.
        hold: TransferId,
    },
    /// Gives back what a hold set aside, because its time is over.
    ExpireHold {
        /// The hold's transfer id.
        hold: TransferId,
    },
}

impl Action {
    /// The hold that it ends.
    pub(crate) fn ended_hold(&self) -> Option<TransferId> {
        match self {
            Self::PostHold { hold, .. } | Self::VoidHold { hold } | Self::ExpireHold { hold } => Some(*hold),
            Self::Posted { .. } | Self::Hold { .. } => None,
        }
    }
}

/// What a transfer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Moved at once.
    Posted,
    /// Set aside.
    Hold,
    /// Moved from what was set aside.
    PostHold,
    /// Given back because the cause went away.
    VoidHold,
    /// Given back because the time was over.
    ExpireHold,
}

impl Kind {
    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Hold => "hold",
            Self::PostHold => "post_hold",
            Self::VoidHold => "void_hold",
            Self::ExpireHold => "expire_hold",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, LedgerError> {
        [Self::Posted, Self::Hold, Self::PostHold, Self::VoidHold, Self::ExpireHold]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(LedgerError::Damaged("a transfer has an unknown kind"))
    }
}

/// A transfer that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What was moved or set aside; zero where a hold was given back.
    pub amount: Micros,
    /// When.
    pub at: Timestamp,
    /// It had taken effect before: this is the answer of then.
    pub repeated: bool,
}

/// Why a transfer had no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The id stands for another transfer already.
    #[error("the transfer id was used for another transfer")]
    Different,
    /// The debited account would fall below its floor.
    #[error("the balance does not suffice")]
    Insufficient {
        /// What can be spent.
        available: Micros,
    },
    /// There never was such a hold.
    #[error("there is no such hold")]
    UnknownHold,
    /// The hold was posted, voided or expired before.
    #[error("the hold has ended")]
    HoldEnded,
    /// The time of the hold is not over.
    #[error("the hold has not expired yet")]
    NotExpired,
    /// More than was set aside.
    #[error("the amount is larger than the hold")]
    AboveHold {
        /// What was set aside.
        held: Micros,
    },
    /// The accounts have different currencies.
    #[error("the accounts have different currencies")]
    Currencies,
    /// The amount is zero or less.
    #[error("the amount must be above zero")]
    NotPositive,
    /// Debit and credit are the same account.
    #[error("debit and credit are the same account")]
    SameAccount,
    /// The account has no floor by the chart, and gets none.
    #[error("the account has no floor")]
    NoFloor,
    /// A balance would not fit into 63 bits.
    #[error("a balance would be too large")]
    TooLarge,
}

/// A transfer id that follows from a cause and a purpose. The first half is the cause's own: causes with ids that rise
/// with time make transfers that lie together on the disk.
pub fn derived_id(cause: Uuid, purpose: &str) -> TransferId {
    let digest = Sha256::new().chain_update(cause.as_bytes()).chain_update(purpose.as_bytes()).finalize();
    let mut bytes = *cause.as_bytes();
    bytes.iter_mut().skip(8).zip(digest.iter()).for_each(|(byte, from)| *byte = *from);
    TransferId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A transfer id that follows from a name.
pub fn named_id(name: &str) -> TransferId {
    TransferId(uuid_of(&Sha256::digest(name.as_bytes())))
}

/// A transfer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) transfer_id: TransferId,
    pub(crate) kind: Kind,
    pub(crate) debit: LedgerAccountId,
    pub(crate) credit: LedgerAccountId,
    pub(crate) amount: Micros,
    /// The hold that it ends.
    pub(crate) hold: Option<TransferId>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) at: Timestamp,
}

impl Recorded {
    pub(crate) fn outcome(&self, repeated: bool) -> Outcome {
        Outcome { amount: self.amount, at: self.at, repeated }
    }
}

/// A transfer to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// Its id.
    pub transfer_id: TransferId,
    /// What it was.
    pub kind: Kind,
    /// Code of the debited account.
    pub debit: String,
    /// Code of the credited account.
    pub credit: String,
    /// What was moved or set aside.
    pub amount: Micros,
    /// The hold that it ended.
    pub hold: Option<TransferId>,
    /// When.
    pub at: Timestamp,
}

/// The transfers with these ids, in the order of their ids; unknown ones are missing.
pub async fn transfers(
    _ctx: &Ctx,
    tx: &mut Tx,
    ids: &[TransferId],
) -> Result<Vec<TransferView>, LedgerError> {
    let keys: Vec<_> = ids.iter().map(Into::into).collect();
    let rows = tx.query_list(store::TRANSFER_VIEWS, &[], &keys).await?;
    let views = rows.iter().map(|row| {
        Ok(TransferView {
            transfer_id: row.get(0)?,
            kind: Kind::parse(&row.get::<String>(1)?)?,
            debit: row.get(2)?,
            credit: row.get(3)?,
            amount: row.get(4)?,
            hold: row.get(5)?,
            at: row.get(6)?,
        })
    });
    let mut views: Vec<_> = views.collect::<Result<_, LedgerError>>()?;
    views.sort_by_key(|view| view.transfer_id);
    Ok(views)
}
