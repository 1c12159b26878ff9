//! # Posting
//!
//! A batch is read, computed and written with a handful of statements. The order of the locks (holds by id, then
//! accounts by id) is the same for every batch. What happened before under the same ids is read last, when nobody else
//! can be writing to these accounts any more.

use crate::book::Book;
use crate::transfer::{Outcome, Refused};
use crate::{Account, Action, LedgerError, Transfer, derived_id, store};
use plaza_db::{Tx, Value, params};
use plaza_protocol::{Ctx, LedgerAccountId, TransferId};
use std::collections::{BTreeMap, HashSet};

/// Transfers of one batch: bounds how long its accounts are locked.
pub const BATCH_TRANSFERS_MAX: usize = 4096;

/// Makes transfers, in order. The answer has one result for each: what happened, or why nothing did. Asking again for a
/// transfer that happened gives the same answer.
pub async fn post(
    ctx: &Ctx,
    tx: &mut Tx,
    transfers: &[Transfer],
) -> Result<Vec<Result<Outcome, Refused>>, LedgerError> {
    if transfers.is_empty() {
        return Ok(Vec::new());
    }
    if transfers.len() > BATCH_TRANSFERS_MAX {
        return Err(LedgerError::BatchTooLarge(transfers.len()));
    }
    let mut book = load(ctx, tx, transfers).await?;
    let versions: BTreeMap<LedgerAccountId, i64> =
        book.accounts.iter().map(|(id, state)| (*id, state.version)).collect();
    let results = transfers.iter().map(|transfer| book.apply(transfer)).collect();
    write(tx, &book, &versions).await?;
    Ok(results)
}

/// Gives back the oldest holds whose time is over, at most `limit` of them; the answer is how many. Whoever keeps
/// records beside its holds ends them itself, with [`Action::ExpireHold`], together with the records.
pub async fn expire_holds(ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<usize, LedgerError> {
    let rows = tx.query(store::EXPIRED, params![ctx.now(), limit.min(1024)]).await?;
    let ends = rows.iter().map(|row| {
        let hold: TransferId = row.get(0)?;
        Ok(Transfer { transfer_id: derived_id(hold.0, "expire"), action: Action::ExpireHold { hold } })
    });
    let ends: Vec<_> = ends.collect::<Result<_, LedgerError>>()?;
    Ok(post(ctx, tx, &ends).await?.iter().filter(|result| result.is_ok()).count())
}

/// Reads what the batch touches, and locks it.
async fn load(ctx: &Ctx, tx: &mut Tx, transfers: &[Transfer]) -> Result<Book, LedgerError> {
    let mut book = Book::default();
    load_holds(tx, transfers, &mut book).await?;
    load_accounts(tx, transfers, &mut book).await?;
    let mut ids: Vec<Value> = transfers.iter().map(|transfer| transfer.transfer_id.into()).collect();
    ids.dedup();
    for row in tx.query_list(store::TRANSFERS, &[], &ids).await? {
        let transfer = store::transfer(&row, 0)?;
        book.known.insert(transfer.transfer_id, transfer);
    }
    let newest = book.accounts.values().map(|state| state.updated_at).max();
    book.at = ctx.now().max(newest.unwrap_or_default());
    Ok(book)
}

async fn load_holds(tx: &mut Tx, transfers: &[Transfer], book: &mut Book) -> Result<(), LedgerError> {
    let mut wanted: Vec<TransferId> =
        transfers.iter().filter_map(|transfer| transfer.action.ended_hold()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let keys: Vec<Value> = wanted.iter().map(Into::into).collect();
    for row in tx.query_list(store::HOLDS, &[], &keys).await? {
        let hold = store::hold(&row)?;
        book.holds.insert(hold.hold_id, hold);
    }
    let missing: Vec<Value> =
        wanted.iter().filter(|hold| !book.holds.contains_key(hold)).map(Into::into).collect();
    for row in tx.query_list(store::WERE_HOLDS, &[], &missing).await? {
        book.were_holds.insert(row.get(0)?);
    }
    Ok(())
}

/// The accounts that a batch changes, and those that its holds name only: these must be there, but are not locked.
#[derive(Default)]
struct Touched<'a> {
    changed: BTreeMap<LedgerAccountId, Option<&'a Account>>,
    named: BTreeMap<LedgerAccountId, &'a Account>,
}

impl<'a> Touched<'a> {
    fn by(transfers: &'a [Transfer], book: &Book) -> Self {
        let mut touched = Self::default();
        let posted = transfers.iter().filter(|transfer| matches!(transfer.action, Action::PostHold { .. }));
        let posted: HashSet<TransferId> =
            posted.filter_map(|transfer| transfer.action.ended_hold()).collect();
        for hold in book.holds.values() {
            touched.changed.insert(hold.debit, None);
            if posted.contains(&hold.hold_id) {
                touched.changed.insert(hold.credit, None);
            }
        }
        for transfer in transfers {
            match &transfer.action {
                Action::Posted { debit, credit, .. } => {
                    touched.changed.insert(debit.id(), Some(debit));
                    touched.changed.insert(credit.id(), Some(credit));
                }
                Action::Hold { debit, credit, .. } => {
                    touched.changed.insert(debit.id(), Some(debit));
                    touched.named.insert(credit.id(), credit);
                    if posted.contains(&transfer.transfer_id) {
                        touched.changed.insert(credit.id(), Some(credit));
                    }
                }
                Action::PostHold { .. } | Action::VoidHold { .. } | Action::ExpireHold { .. } => {}
            }
        }
        touched.named.retain(|id, _| !touched.changed.contains_key(id));
        touched
    }
}

async fn load_accounts(tx: &mut Tx, transfers: &[Transfer], book: &mut Book) -> Result<(), LedgerError> {
    let touched = Touched::by(transfers, book);
    let changed: Vec<LedgerAccountId> = touched.changed.keys().copied().collect();
    lock_accounts(tx, &changed, book).await?;
    let mut new: Vec<&Account> = Vec::new();
    for (id, account) in &touched.changed {
        if !book.accounts.contains_key(id) {
            new.push(account.ok_or(LedgerError::Damaged("a hold names an account that is not there"))?);
        }
    }
    let new_changed: Vec<LedgerAccountId> = new.iter().map(|account| account.id()).collect();
    if !touched.named.is_empty() {
        let keys: Vec<Value> = touched.named.keys().map(Into::into).collect();
        let rows = tx.query_list(store::WHICH_ACCOUNTS, &[], &keys).await?;
        let there: HashSet<LedgerAccountId> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        new.extend(touched.named.values().copied().filter(|account| !there.contains(&account.id())));
    }
    if new.is_empty() {
        return Ok(());
    }
    new.sort_unstable_by_key(|account| account.id());
    tx.insert_rows(
        store::INSERT_ACCOUNTS,
        new.iter().map(|account| store::new_account_row(account)).collect(),
    )
    .await?;
    // Another server may have made one of them a moment ago and used it since.
    lock_accounts(tx, &new_changed, book).await
}

async fn lock_accounts(tx: &mut Tx, ids: &[LedgerAccountId], book: &mut Book) -> Result<(), LedgerError> {
    let keys: Vec<Value> = ids.iter().map(Into::into).collect();
    for row in tx.query_list(store::ACCOUNTS, &[], &keys).await? {
        let (id, state) = store::account(&row)?;
        book.accounts.insert(id, state);
    }
    Ok(())
}

/// Writes what the batch changed.
async fn write(
    tx: &mut Tx,
    book: &Book,
    versions: &BTreeMap<LedgerAccountId, i64>,
) -> Result<(), LedgerError> {
    if book.transfers.is_empty() {
        return Ok(());
    }
    tx.insert_rows(store::INSERT_TRANSFERS, book.transfers.iter().map(store::transfer_row).collect()).await?;
    tx.insert_rows(store::INSERT_ENTRIES, book.entries.iter().map(store::entry_row).collect()).await?;
    let opened = book.opened.iter().filter_map(|hold| book.holds.get(hold));
    tx.insert_rows(store::INSERT_HOLDS, opened.map(store::hold_row).collect()).await?;
    tx.execute_many(store::END_HOLD, book.ended.iter().map(|hold| params![hold]).collect()).await?;
    let changed = book.accounts.iter().filter_map(|(id, state)| {
        let old = versions.get(id).copied().unwrap_or_default();
        (old != state.version).then(|| store::account_row(*id, old, state))
    });
    let changed: Vec<_> = changed.collect();
    let wanted = u64::try_from(changed.len()).unwrap_or(u64::MAX);
    if tx.execute_many(store::UPDATE_ACCOUNT, changed).await? != wanted {
        return Err(LedgerError::Damaged("an account changed under its lock"));
    }
    Ok(())
}
