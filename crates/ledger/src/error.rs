//! What can go wrong besides a refusal.

use plaza_db::DbError;

/// The ledger could not do its work. Nothing of the transaction may be kept.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
    /// More transfers in one batch than [`crate::BATCH_TRANSFERS_MAX`].
    #[error("a batch of {0} transfers is too large")]
    BatchTooLarge(usize),
    /// A row that this crate would not have written. `plaza ledger verify` says more.
    #[error("the ledger is damaged: {0}")]
    Damaged(&'static str),
}
