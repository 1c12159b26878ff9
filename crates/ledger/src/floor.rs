//! # Floors
//!
//! The chart of accounts says below which balance an account never falls. Where a portfolio is granted credit, its
//! receivable account gets a lower floor; the change is a row of its own, numbered and chained like the entries, so that
//! verification knows which floor was in force at each entry. A floor above what stands on the account is refused.

use crate::transfer::Refused;
use crate::{Account, LedgerError, store};
use plaza_db::{Tx, Value, params};
use plaza_protocol::{Ctx, LedgerAccountId, Micros, Timestamp, TransferId};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A change of an account's floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) account: LedgerAccountId,
    pub(crate) number: i64,
    pub(crate) change_id: TransferId,
    pub(crate) floor: Micros,
    pub(crate) after_version: i64,
    pub(crate) at: Timestamp,
    pub(crate) hash: Vec<u8>,
}

impl Change {
    /// Links the change to the one before it.
    pub(crate) fn link(&self, before: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update(before)
            .chain_update(self.account.as_bytes())
            .chain_update(self.number.to_be_bytes())
            .chain_update(self.change_id.as_bytes())
            .chain_update(self.floor.0.to_be_bytes())
            .chain_update(self.after_version.to_be_bytes())
            .chain_update(self.at.0.to_be_bytes())
            .finalize()
            .into()
    }
}

/// A floor as it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Below that the account never falls.
    pub floor: Micros,
    /// Since when.
    pub at: Timestamp,
}

/// What can be taken from an account, and what stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Credits minus debits.
    pub posted: Micros,
    /// Set aside by open holds.
    pub held: Micros,
    /// Its floor; `None`: it has none.
    pub floor: Option<Micros>,
}

impl Room {
    /// What can be set aside or taken; `None`: there is no limit.
    pub fn free(&self) -> Option<Micros> {
        let free = self.floor.map(|floor| self.posted.0.saturating_sub(self.held.0).saturating_sub(floor.0));
        free.map(Micros)
    }
}

/// Locks accounts in the order of their ids until the end of the transaction, and says what each has. Those of `must`
/// are made if they are not there; of `may` those are missing in the answer that were never used.
pub async fn lock(
    _ctx: &Ctx,
    tx: &mut Tx,
    must: &[Account],
    may: &[Account],
) -> Result<BTreeMap<LedgerAccountId, Room>, LedgerError> {
    let ids: std::collections::BTreeSet<LedgerAccountId> = must.iter().chain(may).map(Account::id).collect();
    let keys: Vec<Value> = ids.iter().map(Into::into).collect();
    let mut rooms = rooms(tx, &keys).await?;
    let mut new: Vec<&Account> = must.iter().filter(|account| !rooms.contains_key(&account.id())).collect();
    if !new.is_empty() {
        new.sort_unstable_by_key(|account| account.id());
        let keys: Vec<Value> = new.iter().map(|account| account.id().into()).collect();
        let rows = new.iter().map(|account| store::new_account_row(account)).collect();
        tx.insert_rows(store::INSERT_ACCOUNTS, rows).await?;
        rooms.append(&mut self::rooms(tx, &keys).await?);
    }
    Ok(rooms)
}

async fn rooms(tx: &mut Tx, keys: &[Value]) -> Result<BTreeMap<LedgerAccountId, Room>, LedgerError> {
    let rows = tx.query_list(store::ACCOUNTS, &[], keys).await?;
    let rooms = rows.iter().map(|row| {
        let (id, state) = store::account(row)?;
        Ok((id, Room { posted: state.posted, held: state.held, floor: state.floor }))
    });
    rooms.collect()
}

/// What an account has, without a lock; what the chart says of one that was never used.
pub async fn room(_ctx: &Ctx, tx: &mut Tx, account: &Account) -> Result<Room, LedgerError> {
    let Some(row) = tx.query_one(store::ROOM, params![account.id()]).await? else {
        return Ok(Room { floor: account.floor(), ..Room::default() });
    };
    Ok(Room { posted: row.get(0)?, held: row.get(1)?, floor: row.get(2)? })
}

/// Those of these accounts on which something is set aside, without a lock.
pub async fn holding(
    _ctx: &Ctx,
    tx: &mut Tx,
    accounts: &[LedgerAccountId],
) -> Result<Vec<LedgerAccountId>, LedgerError> {
    let keys: Vec<_> = accounts.iter().map(Into::into).collect();
    let rows = tx.query_list(store::HOLDING, &[], &keys).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}

/// An account with money on it that nothing has touched for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    /// Which.
    pub account: LedgerAccountId,
    /// How many entries it has.
    pub version: i64,
}

/// Those of these accounts that have something, none of it set aside, and no entry after a moment. Without a lock.
pub async fn idle(
    _ctx: &Ctx,
    tx: &mut Tx,
    accounts: &[LedgerAccountId],
    since: Timestamp,
) -> Result<Vec<Idle>, LedgerError> {
    let keys: Vec<_> = accounts.iter().map(Into::into).collect();
    let rows = tx.query_list(store::IDLE, &[since.into()], &keys).await?;
    rows.iter().map(|row| Ok(Idle { account: row.get(0)?, version: row.get(1)? })).collect()
}

/// How many entries an account has.
pub async fn version(_ctx: &Ctx, tx: &mut Tx, account: &Account) -> Result<i64, LedgerError> {
    let row = tx.query_one(store::VERSION, params![account.id()]).await?;
    Ok(row.map_or(Ok(0), |row| row.get(0))?)
}

/// Gives an account that has a floor another one. The same change twice is one; `change_id` stands for it for ever.
pub async fn set_floor(
    ctx: &Ctx,
    tx: &mut Tx,
    account: &Account,
    change_id: TransferId,
    floor: Micros,
) -> Result<Result<Floor, Refused>, LedgerError> {
    if account.floor().is_none() {
        return Ok(Err(Refused::NoFloor));
    }
    lock(ctx, tx, std::slice::from_ref(account), &[]).await?;
    if let Some(row) = tx.query_one(store::FLOOR_CHANGE, params![change_id]).await? {
        let known = store::floor_change(&row)?;
        let is_same = known.account == account.id() && known.floor == floor;
        return Ok(if is_same { Ok(Floor { floor, at: known.at }) } else { Err(Refused::Different) });
    }
    let row = tx.query_one(store::ACCOUNT, params![account.id()]).await?;
    let (_, state) = store::account(&row.ok_or(LedgerError::Damaged("an account is gone"))?)?;
    let available =
        state.posted.checked_sub(state.held).ok_or(LedgerError::Damaged("a balance is too large"))?;
    if available < floor {
        return Ok(Err(Refused::Insufficient { available }));
    }
    let last = match tx.query_one(store::LAST_FLOOR, params![account.id()]).await? {
        Some(row) => Some(store::floor_change(&row)?),
        None => None,
    };
    let number = last.as_ref().map_or(0, |last| last.number).checked_add(1);
    let mut change = Change {
        account: account.id(),
        number: number.ok_or(LedgerError::Damaged("a floor has too many changes"))?,
        change_id,
        floor,
        after_version: state.version,
        at: ctx.now().max(state.updated_at).max(last.as_ref().map_or(Timestamp(0), |last| last.at)),
        hash: Vec::new(),
    };
    change.hash = change.link(last.as_ref().map_or(&[0; 32], |last| last.hash.as_slice())).to_vec();
    tx.execute(store::INSERT_FLOOR, store::floor_row(&change)).await?;
    if tx.execute(store::SET_FLOOR, params![account.id(), state.version, floor]).await? != 1 {
        return Err(LedgerError::Damaged("an account changed under its lock"));
    }
    Ok(Ok(Floor { floor, at: change.at }))
}

/// The floors that an account was given, the newest first, at most a hundred.
pub async fn floors(_ctx: &Ctx, tx: &mut Tx, account: &Account) -> Result<Vec<Floor>, LedgerError> {
    let rows = tx.query(store::FLOORS_OF, params![account.id()]).await?;
    rows.iter().map(|row| Ok(Floor { floor: row.get(0)?, at: row.get(1)? })).collect()
}
