//! The SQL of windows.

use super::{WindowKind, Windows};
use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{AccountId, BusinessMessageId, PhoneNumberId, Timestamp};

statements! {
    SELECT_WINDOWS = "SELECT kind, max(expires_at) FROM customer_window
        WHERE phone_number_id = $1 AND account_id = $2 GROUP BY kind";
    EXTEND_WINDOW = "UPDATE customer_window SET expires_at = $5
        WHERE phone_number_id = $1 AND account_id = $2 AND kind = $3 AND expires_at > $4 AND expires_at <= $5";
    OPEN_WINDOW = "INSERT INTO customer_window
        (phone_number_id, account_id, kind, opened_at, expires_at, cause_message_id)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
}

pub(super) async fn windows(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<Windows, DbError> {
    let mut windows = Windows::default();
    for row in tx.query(SELECT_WINDOWS, params![phone, account]).await? {
        let (kind, until): (String, Timestamp) = (row.get(0)?, row.get(1)?);
        if kind == WindowKind::CustomerService.as_str() {
            windows.customer_service_until = Some(until);
        } else if kind == WindowKind::FreeEntryPoint.as_str() {
            windows.free_entry_point_until = Some(until);
        }
    }
    Ok(windows)
}

/// Whether there was an open one.
pub(super) async fn extend(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    kind: WindowKind,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    Ok(tx.execute(EXTEND_WINDOW, params![phone, account, kind.as_str(), now, until]).await? > 0)
}

pub(super) async fn open(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    kind: WindowKind,
    now: Timestamp,
    until: Timestamp,
    cause: BusinessMessageId,
) -> Result<(), DbError> {
    tx.execute(OPEN_WINDOW, params![phone, account, kind.as_str(), now, until, cause]).await.map(drop)
}
