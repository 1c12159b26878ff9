//! # The ledger
//!
//! Double entry, in two phases. Money moves between [`Account`]s by [`Transfer`]s and never otherwise:
//!
//! - **posted** moves an amount at once;
//! - a **hold** sets an amount aside on the debited account; later it is **posted** for that amount or less and the rest
//!   is free again, **voided**, or **expired** by [`expire_holds`]. Exactly one of the three, once.
//!
//! ## What always holds
//!
//! 1. Debits equal credits in each currency; no transfer crosses currencies.
//! 2. An account's row is the fold of its entries, whose versions run from 1 without a gap.
//! 3. An account with a floor never falls below it, open holds counted. The database checks it once more.
//! 4. A transfer id stands for one transfer. Posting it again gives the first outcome and changes nothing.
//! 5. Transfers and entries are never changed. A correction is a new transfer.
//! 6. Times of an account's entries never run backwards, even if the clocks of two servers differ.
//! 7. Each account's entries form a hash chain whose end stands in the account's row: `hash(n)` covers `hash(n-1)`, the
//!    entry and its whole transfer. The digest in the [`Report`] covers all ends; written down somewhere else, it shows
//!    later that nothing before it was touched. The chain is per account rather than one for all, because one for all
//!    would be one row that every posting on every server waits for.
//! 8. A floor is the chart's, or the last of its changes ([`set_floor`]), which are chained like the entries and covered
//!    by the digest. Each entry kept to the floor of its time.
//!
//! [`verify()`] proves all of it from the tables.
//!
//! ## How a batch is posted
//!
//! [`post()`] takes a slice, and makes a handful of statements of it: read the holds that it ends, the accounts that it
//! touches (both locked in the order of their ids, so that no two batches wait for each other in a circle) and the
//! transfers that it repeats; compute everything in memory (`book.rs`, pure, checked arithmetic); write transfers,
//! entries, holds and accounts. Transfers of a batch take effect in its order, and a refused one has none.
//!
//! A hold touches only the debited account. The credited one is named in it and touched when the hold is posted: this
//! keeps the accounts that everybody pays into out of the path of a send.
//!
//! Start reading at [`Transfer`], then `book.rs`.

#![cfg_attr(
    not(test),
    deny(
        missing_docs,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
        clippy::as_conversions,
        clippy::indexing_slicing
    )
)]

mod account;
mod book;
mod error;
mod export;
mod findings;
mod floor;
mod post;
mod store;
mod transfer;
mod verify;

pub use account::{Account, AccountKind, Balance, Turnover, balance, turnover};
pub use error::LedgerError;
pub use export::{Format, Statement, StatementLine, export, statement};
pub use findings::{Checked, Findings};
pub use floor::{Floor, Idle, Room, floors, holding, idle, lock, room, set_floor, version};
pub use post::{BATCH_TRANSFERS_MAX, expire_holds, post};
pub use transfer::{Action, Kind, Outcome, Refused, Transfer, TransferView, derived_id, named_id, transfers};
pub use verify::{Report, verify};

/// All SQL of the crate, for the test that prepares it on both engines.
pub fn statements() -> Vec<plaza_db::Sql> {
    store::STATEMENTS.to_vec()
}

#[cfg(test)]
mod tests {
    use super::store;

    #[tokio::test]
    async fn both_engines_understand_all_statements() {
        plaza_db::testing::prepare_all(&super::statements()).await;
        plaza_db::testing::each_engine(async |db| {
            db.transact(&plaza_db::testing::ctx().0, "prepare", async |_, tx| {
                for sql in store::LIST_STATEMENTS {
                    let columns = sql.text.split(['(', ')']).nth(1).unwrap_or_default().split(',').count();
                    let before = usize::from(sql.text.contains("$1"));
                    tx.prepare(sql.sample(tx.dialect(), before, columns)).await?;
                }
                Ok::<_, plaza_db::DbError>(())
            })
            .await
            .unwrap();
        })
        .await;
    }
}
