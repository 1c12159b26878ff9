//! The SQL of the ledger.

use crate::book::{Entry, Hold, State};
use crate::floor::Change;
use crate::transfer::{Kind, Recorded};
use crate::{Account, LedgerError};
use plaza_db::{Row, Value, list_statements, params, statements};
use plaza_protocol::LedgerAccountId;

statements! {
    /// What stands on an account.
    BALANCE = "SELECT posted, held FROM ledger_account WHERE ledger_account_id = $1";
    /// What stands on an account, and its floor.
    ROOM = "SELECT posted, held, floor FROM ledger_account WHERE ledger_account_id = $1";
    /// The number of an account's entries.
    VERSION = "SELECT version FROM ledger_account WHERE ledger_account_id = $1";
    /// An account.
    ACCOUNT = "
        SELECT ledger_account_id, floor, posted, held, version, hash, updated_at FROM ledger_account
        WHERE ledger_account_id = $1";
    /// Another floor.
    SET_FLOOR = "UPDATE ledger_account SET floor = $3 WHERE ledger_account_id = $1 AND version = $2";
    /// A change of a floor.
    FLOOR_CHANGE = "
        SELECT ledger_account_id, number, change_id, floor, after_version, at, hash FROM ledger_floor
        WHERE change_id = $1";
    /// The last change of an account's floor.
    LAST_FLOOR = "
        SELECT ledger_account_id, number, change_id, floor, after_version, at, hash FROM ledger_floor
        WHERE ledger_account_id = $1 ORDER BY number DESC LIMIT 1";
    /// The newest changes of an account's floor.
    FLOORS_OF = "SELECT floor, at FROM ledger_floor WHERE ledger_account_id = $1 ORDER BY number DESC LIMIT 100";
    /// Keeps a change of a floor.
    INSERT_FLOOR = "
        INSERT INTO ledger_floor (ledger_account_id, number, change_id, floor, after_version, at, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// For verification: all changes of floors.
    ALL_FLOORS = "
        SELECT ledger_account_id, number, change_id, floor, after_version, at, hash FROM ledger_floor
        ORDER BY ledger_account_id, number";
    /// The new state of an account. The old version guards against a lock that was not held.
    UPDATE_ACCOUNT = "
        UPDATE ledger_account SET posted = $3, held = $4, version = $5, hash = $6, updated_at = $7
        WHERE ledger_account_id = $1 AND version = $2";
    /// A hold has ended.
    END_HOLD = "DELETE FROM ledger_hold WHERE hold_id = $1";
    /// The oldest holds whose time is over.
    EXPIRED = "SELECT hold_id FROM ledger_hold WHERE expires_at <= $1 ORDER BY expires_at, hold_id LIMIT $2";
    /// What messages brought in.
    USAGE_REVENUE = "
        SELECT code, currency, posted, version FROM ledger_account
        WHERE (code >= 'revenue:messages:' AND code < 'revenue:messages;') OR code = 'revenue:calls' ORDER BY code, currency";
    /// For verification: the accounts in the order of their ids.
    ACCOUNTS_AFTER = "
        SELECT ledger_account_id, floor, posted, held, version, hash, updated_at, code, currency
        FROM ledger_account WHERE ledger_account_id > $1 ORDER BY ledger_account_id LIMIT $2";
    /// For verification: entries in the order of account and version, each with its transfer and the hold that it ends.
    ENTRIES_AFTER = "
        SELECT e.ledger_account_id, e.version, e.posted, e.held, e.at,
               t.transfer_id, t.kind, t.debit, t.credit, t.amount, t.hold_id, t.expires_at, t.at,
               h.kind, h.debit, h.credit, h.amount, e.transfer_id
        FROM ledger_entry e
        LEFT JOIN ledger_transfer t ON t.transfer_id = e.transfer_id
        LEFT JOIN ledger_transfer h ON h.transfer_id = t.hold_id
        WHERE (e.ledger_account_id, e.version) > ($1, $2)
        ORDER BY e.ledger_account_id, e.version LIMIT $3";
    /// For exports: transfers that moved money, in the order of their ids, with the codes of their accounts.
    MOVED_AFTER = "
        SELECT t.transfer_id, t.kind, d.code, c.code, d.currency, t.amount, t.at FROM ledger_transfer t
        JOIN ledger_account d ON d.ledger_account_id = t.debit
        JOIN ledger_account c ON c.ledger_account_id = t.credit
        WHERE t.transfer_id > $1 AND t.kind IN ('posted', 'post_hold') ORDER BY t.transfer_id LIMIT $2";
    /// What stood on an account before a moment.
    POSTED_BEFORE = "
        SELECT CAST(coalesce(sum(posted), 0) AS BIGINT) FROM ledger_entry WHERE ledger_account_id = $1 AND at < $2";
    /// What moved on an account after a version, between two moments.
    MOVED_ON = "
        SELECT e.version, e.transfer_id, t.kind, o.code, e.posted, e.at FROM ledger_entry e
        JOIN ledger_transfer t ON t.transfer_id = e.transfer_id
        JOIN ledger_account o ON o.ledger_account_id =
            CASE WHEN t.debit = e.ledger_account_id THEN t.credit ELSE t.debit END
        WHERE e.ledger_account_id = $1 AND e.version > $2 AND e.at >= $3 AND e.at < $4 AND e.posted <> 0
        ORDER BY e.version LIMIT $5";
    /// For verification: how many transfers of each kind there are.
    TRANSFERS_BY_KIND = "SELECT kind, count(*) FROM ledger_transfer GROUP BY kind ORDER BY kind";
    /// For verification: how many holds are open by the working copy.
    HOLDS_OPEN = "SELECT count(*) FROM ledger_hold";
    /// For verification: holds that are open by their transfers, but not in the working copy, or with other content.
    HOLDS_MISSING = "
        SELECT t.transfer_id FROM ledger_transfer t
        LEFT JOIN ledger_hold o ON o.hold_id = t.transfer_id AND o.debit = t.debit AND o.credit = t.credit
            AND o.amount = t.amount AND o.expires_at = t.expires_at
        WHERE t.kind = 'hold' AND o.hold_id IS NULL
            AND NOT EXISTS (SELECT 1 FROM ledger_transfer e WHERE e.hold_id = t.transfer_id)
        ORDER BY t.transfer_id LIMIT $1";
    /// For verification: holds in the working copy that have ended or never were.
    HOLDS_LEFT_OVER = "
        SELECT o.hold_id FROM ledger_hold o
        LEFT JOIN ledger_transfer t ON t.transfer_id = o.hold_id AND t.kind = 'hold'
        LEFT JOIN ledger_transfer e ON e.hold_id = o.hold_id
        WHERE t.transfer_id IS NULL OR e.transfer_id IS NOT NULL
        ORDER BY o.hold_id LIMIT $1";
}

list_statements! {
    /// Those of these accounts on which something is set aside.
    HOLDING = "
        SELECT ledger_account_id FROM ledger_account WHERE held > 0 AND ledger_account_id IN ({list})";
    /// Accounts with something that nothing has touched since a moment.
    IDLE = "
        SELECT ledger_account_id, version FROM ledger_account
        WHERE posted > 0 AND held = 0 AND updated_at <= $1 AND ledger_account_id IN ({list}) ORDER BY ledger_account_id";
    /// Open holds, locked.
    HOLDS = "
        SELECT hold_id, debit, credit, amount, expires_at FROM ledger_hold
        WHERE hold_id IN ({list}) ORDER BY hold_id {for_update}";
    /// Accounts, locked.
    ACCOUNTS = "
        SELECT ledger_account_id, floor, posted, held, version, hash, updated_at FROM ledger_account
        WHERE ledger_account_id IN ({list}) ORDER BY ledger_account_id {for_update}";
    /// Which of these accounts are there.
    WHICH_ACCOUNTS = "SELECT ledger_account_id FROM ledger_account WHERE ledger_account_id IN ({list})";
    /// Transfers that happened before.
    TRANSFERS = "
        SELECT transfer_id, kind, debit, credit, amount, hold_id, expires_at, at FROM ledger_transfer
        WHERE transfer_id IN ({list})";
    /// Which of these are the ids of holds.
    WERE_HOLDS = "SELECT transfer_id FROM ledger_transfer WHERE kind = 'hold' AND transfer_id IN ({list})";
    /// Transfers to be shown.
    TRANSFER_VIEWS = "
        SELECT t.transfer_id, t.kind, d.code, c.code, t.amount, t.hold_id, t.at FROM ledger_transfer t
        JOIN ledger_account d ON d.ledger_account_id = t.debit
        JOIN ledger_account c ON c.ledger_account_id = t.credit
        WHERE t.transfer_id IN ({list})";
    /// An account's first use.
    INSERT_ACCOUNTS = "
        INSERT INTO ledger_account
            (ledger_account_id, code, currency, floor, posted, held, version, hash, updated_at)
        VALUES {rows} ON CONFLICT (ledger_account_id) DO NOTHING";
    /// What happened.
    INSERT_TRANSFERS = "
        INSERT INTO ledger_transfer (transfer_id, kind, debit, credit, amount, hold_id, expires_at, at) VALUES {rows}";
    /// What it changed.
    INSERT_ENTRIES = "
        INSERT INTO ledger_entry (ledger_account_id, version, transfer_id, posted, held, at) VALUES {rows}";
    /// What was set aside.
    INSERT_HOLDS = "INSERT INTO ledger_hold (hold_id, debit, credit, amount, expires_at) VALUES {rows}";
}

/// An account's id and state, from its first seven columns.
pub(crate) fn account(row: &Row) -> Result<(LedgerAccountId, State), LedgerError> {
    let hash: Vec<u8> = row.get(5)?;
    let hash =
        hash.try_into().map_err(|_| LedgerError::Damaged("the hash of an account has a wrong length"))?;
    let state = State {
        floor: row.get(1)?,
        posted: row.get(2)?,
        held: row.get(3)?,
        version: row.get(4)?,
        hash,
        updated_at: row.get(6)?,
    };
    Ok((row.get(0)?, state))
}

/// A change of a floor from its seven columns.
pub(crate) fn floor_change(row: &Row) -> Result<Change, LedgerError> {
    Ok(Change {
        account: row.get(0)?,
        number: row.get(1)?,
        change_id: row.get(2)?,
        floor: row.get(3)?,
        after_version: row.get(4)?,
        at: row.get(5)?,
        hash: row.get(6)?,
    })
}

/// The parameters of [`INSERT_FLOOR`].
pub(crate) fn floor_row(change: &Change) -> Vec<Value> {
    params![
        change.account,
        change.number,
        change.change_id,
        change.floor,
        change.after_version,
        change.at,
        change.hash.clone()
    ]
}

/// The parameters of [`INSERT_ACCOUNTS`].
pub(crate) fn new_account_row(account: &Account) -> Vec<Value> {
    let state = State::new(account.floor());
    params![
        account.id(),
        account.code(),
        account.currency(),
        state.floor,
        state.posted,
        state.held,
        state.version,
        state.hash,
        state.updated_at
    ]
}

/// A hold from its five columns.
pub(crate) fn hold(row: &Row) -> Result<Hold, LedgerError> {
    Ok(Hold {
        hold_id: row.get(0)?,
        debit: row.get(1)?,
        credit: row.get(2)?,
        amount: row.get(3)?,
        expires_at: row.get(4)?,
    })
}

/// A transfer from eight columns, `first` being its id.
pub(crate) fn transfer(row: &Row, first: usize) -> Result<Recorded, LedgerError> {
    let column = |offset: usize| first.saturating_add(offset);
    Ok(Recorded {
        transfer_id: row.get(first)?,
        kind: Kind::parse(&row.get::<String>(column(1))?)?,
        debit: row.get(column(2))?,
        credit: row.get(column(3))?,
        amount: row.get(column(4))?,
        hold: row.get(column(5))?,
        expires_at: row.get(column(6))?,
        at: row.get(column(7))?,
    })
}

/// The parameters of [`INSERT_TRANSFERS`].
pub(crate) fn transfer_row(transfer: &Recorded) -> Vec<Value> {
    params![
        transfer.transfer_id,
        transfer.kind.as_str(),
        transfer.debit,
        transfer.credit,
        transfer.amount,
        transfer.hold,
        transfer.expires_at,
        transfer.at
    ]
}

/// The parameters of [`INSERT_ENTRIES`].
pub(crate) fn entry_row(entry: &Entry) -> Vec<Value> {
    params![entry.account, entry.version, entry.transfer_id, entry.posted, entry.held, entry.at]
}

/// The parameters of [`INSERT_HOLDS`].
pub(crate) fn hold_row(hold: &Hold) -> Vec<Value> {
    params![hold.hold_id, hold.debit, hold.credit, hold.amount, hold.expires_at]
}

/// The parameters of [`UPDATE_ACCOUNT`].
pub(crate) fn account_row(id: LedgerAccountId, old_version: i64, state: &State) -> Vec<Value> {
    params![id, old_version, state.posted, state.held, state.version, state.hash, state.updated_at]
}
