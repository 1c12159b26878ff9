//! The SQL of accounts that were restricted or stopped.

use super::{Standing, State};
use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{Ctx, WabaId};

statements! {
    SELECT_STANDING = "SELECT state, violation, until FROM account_standing WHERE waba_id = $1";
    PUT_STANDING = "INSERT INTO account_standing (waba_id, state, violation, since, until) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (waba_id) DO UPDATE SET state = $2, violation = $3, since = $4, until = $5";
    DELETE_STANDING = "DELETE FROM account_standing WHERE waba_id = $1";
    OVER = "SELECT waba_id FROM account_standing WHERE until IS NOT NULL AND until <= $1 ORDER BY until LIMIT 100";
    SET_NUMBERS = "UPDATE business_phone_number SET status = $2
        WHERE waba_id = $1 AND status IN ('CONNECTED', 'RESTRICTED', 'BANNED')";
}

/// `None`: it is in order.
pub(crate) async fn of(tx: &mut Tx, waba: WabaId) -> Result<Option<Standing>, DbError> {
    let Some(row) = tx.query_one(SELECT_STANDING, params![waba]).await? else { return Ok(None) };
    // `put` wrote it.
    let state = State::parse(&row.get::<String>(0)?).unwrap_or(State::Disabled);
    Ok(Some(Standing { state, violation: row.get(1)?, until: row.get(2)? }))
}

pub(super) async fn put(ctx: &Ctx, tx: &mut Tx, waba: WabaId, standing: &Standing) -> Result<(), DbError> {
    let row = params![waba, standing.state.as_str(), &standing.violation, ctx.now(), standing.until];
    tx.execute(PUT_STANDING, row).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, waba: WabaId) -> Result<(), DbError> {
    tx.execute(DELETE_STANDING, params![waba]).await.map(drop)
}

/// Whose time is over.
pub(super) async fn over(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<WabaId>, DbError> {
    tx.query(OVER, params![ctx.now()]).await?.iter().map(|row| row.get(0)).collect()
}

/// Registered numbers of the account follow it.
pub(super) async fn set_numbers(tx: &mut Tx, waba: WabaId, status: &str) -> Result<(), DbError> {
    tx.execute(SET_NUMBERS, params![waba, status]).await.map(drop)
}
