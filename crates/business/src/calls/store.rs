//! The SQL of calls.

use super::length_max;
use super::permissions::{DAY, Granted};
use crate::portfolios::BusinessNumber;
use plaza_billing::QUARTER;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::content::CallOutcome;
use plaza_protocol::{
    AccountId, BusinessMessageId, Ctx, DeviceId, Micros, PhoneNumberId, PortfolioId, Timestamp, limits,
};

statements! {
    INSERT_CALL = "INSERT INTO voice_call (call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state,
        created_at, due_at, is_pre_accepted, device_id, biz_opaque_callback_data)
        VALUES ($1, $2, $3, $4, $5, 0, $6, $7, FALSE, $8, $9) ON CONFLICT (call_id) DO NOTHING";
    SELECT_CALL = "SELECT call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state, due_at, ends_at,
        is_pre_accepted, accepted_at, alive_at, outcome, device_id, biz_opaque_callback_data
        FROM voice_call WHERE call_id = $1";
    GOING_ON = "SELECT call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state, due_at, ends_at,
        is_pre_accepted, accepted_at, alive_at, outcome, device_id, biz_opaque_callback_data
        FROM voice_call WHERE phone_number_id = $1 AND account_id = $2 AND state < 2 LIMIT 1";
    COUNT_GOING_ON = "SELECT CAST(count(*) AS BIGINT) FROM voice_call WHERE phone_number_id = $1 AND state < 2";
    DUE = "SELECT call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state, due_at, ends_at,
        is_pre_accepted, accepted_at, alive_at, outcome, device_id, biz_opaque_callback_data
        FROM voice_call WHERE state < 2 AND due_at <= $1 ORDER BY due_at LIMIT 100";
    RANG = "UPDATE voice_call SET rang_at = $2
        WHERE call_id = $1 AND state = 0 AND is_outgoing AND rang_at IS NULL";
    PRE_ACCEPT = "UPDATE voice_call SET is_pre_accepted = TRUE WHERE call_id = $1 AND state = 0";
    ACCEPT = "UPDATE voice_call SET state = 1, accepted_at = $2, alive_at = $2, due_at = $3, ends_at = $4,
        device_id = $5 WHERE call_id = $1 AND state = 0
        RETURNING call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state, due_at, ends_at,
        is_pre_accepted, accepted_at, alive_at, outcome, device_id, biz_opaque_callback_data";
    ALIVE = "UPDATE voice_call SET alive_at = $3, due_at = CASE WHEN ends_at < $4 THEN ends_at ELSE $4 END
        WHERE call_id = $1 AND device_id = $2 AND state = 1";
    END = "UPDATE voice_call SET state = 2, ended_at = $2, outcome = $3 WHERE call_id = $1 AND state < 2
        RETURNING call_id, portfolio_id, phone_number_id, account_id, is_outgoing, state, due_at, ends_at,
        is_pre_accepted, accepted_at, alive_at, outcome, device_id, biz_opaque_callback_data";
    SET_COST = "UPDATE voice_call SET cost_micros = $2 WHERE call_id = $1";
    SET_CALLBACK_DATA = "UPDATE voice_call SET biz_opaque_callback_data = $2 WHERE call_id = $1";
    CONNECTED = "SELECT CAST(count(*) AS BIGINT), min(accepted_at) FROM voice_call
        WHERE phone_number_id = $1 AND account_id = $2 AND accepted_at > $3 AND is_outgoing";
    SUMS = "SELECT CAST(v.ended_at - v.ended_at % CAST($4 AS BIGINT) AS BIGINT) AS quarter, v.is_outgoing,
        substr(c.number, 1, 3) AS prefix, CAST(count(*) AS BIGINT), CAST(coalesce(sum(v.cost_micros), 0) AS BIGINT),
        CAST(sum(v.ended_at - v.accepted_at) AS BIGINT)
        FROM voice_call v
        JOIN business_contact c ON c.portfolio_id = v.portfolio_id AND c.account_id = v.account_id
        WHERE v.phone_number_id = $1 AND v.created_at >= $5 AND v.created_at < $3
        AND v.ended_at >= $2 AND v.ended_at < $3 AND v.accepted_at IS NOT NULL
        GROUP BY quarter, v.is_outgoing, prefix";
    SELECT_PERMISSION = "SELECT expires_at, is_permanent FROM call_permission
        WHERE phone_number_id = $1 AND account_id = $2";
    PUT_PERMISSION = "INSERT INTO call_permission (phone_number_id, account_id, expires_at, is_permanent)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (phone_number_id, account_id) DO UPDATE SET expires_at = $3, is_permanent = $4, unanswered = 0";
    NOTE_UNANSWERED = "UPDATE call_permission SET unanswered = unanswered + 1,
        expires_at = CASE WHEN unanswered + 1 >= $3 THEN 0 ELSE expires_at END,
        is_permanent = CASE WHEN unanswered + 1 >= $3 THEN FALSE ELSE is_permanent END
        WHERE phone_number_id = $1 AND account_id = $2";
    FORGET_UNANSWERED = "UPDATE call_permission SET unanswered = 0
        WHERE phone_number_id = $1 AND account_id = $2 AND unanswered > 0";
    NOTE_REQUEST = "INSERT INTO call_permission_request (phone_number_id, account_id, message_id, requested_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (phone_number_id, account_id, message_id) DO NOTHING";
    SELECT_REQUESTS = "SELECT requested_at FROM call_permission_request
        WHERE phone_number_id = $1 AND account_id = $2 AND requested_at > $3 ORDER BY requested_at LIMIT 100";
    FORGET_REQUEST = "DELETE FROM call_permission_request
        WHERE phone_number_id = $1 AND account_id = $2 AND message_id = $3";
    FORGET_REQUESTS = "DELETE FROM call_permission_request WHERE phone_number_id = $1 AND account_id = $2";
    FORGET_OLD_REQUESTS = "DELETE FROM call_permission_request WHERE requested_at <= $1";
}

/// It rings.
pub(super) const RINGING: i64 = 0;
/// Somebody picked up.
pub(super) const ACCEPTED: i64 = 1;

/// A call that begins.
pub(super) struct NewCall {
    pub(super) call_id: BusinessMessageId,
    pub(super) account: AccountId,
    pub(super) is_outgoing: bool,
    pub(super) device: Option<DeviceId>,
    pub(super) callback_data: Option<String>,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) call_id: BusinessMessageId,
    pub(super) portfolio: PortfolioId,
    pub(super) phone: PhoneNumberId,
    pub(super) account: AccountId,
    pub(super) is_outgoing: bool,
    pub(super) state: i64,
    due_at: Timestamp,
    ends_at: Option<Timestamp>,
    pub(super) is_pre_accepted: bool,
    pub(super) accepted_at: Option<Timestamp>,
    alive_at: Option<Timestamp>,
    /// It has ended, and nobody had picked up in time.
    pub(super) is_unanswered: bool,
    pub(super) device: Option<DeviceId>,
    pub(super) callback_data: Option<String>,
}

/// How and when the clock ends a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) outcome: CallOutcome,
    pub(super) at: Timestamp,
}

impl Call {
    /// From picking up to a moment, in microseconds; 0: nobody picked up.
    pub(super) fn length_us(&self, at: Timestamp) -> i64 {
        self.accepted_at.map_or(0, |accepted_at| at.0.saturating_sub(accepted_at.0).max(0))
    }

    /// What its time being over means. A call that was lost ended with its last sign of life.
    pub(super) fn due_ending(&self) -> Ending {
        match (self.state, self.ends_at) {
            (RINGING, _) => Ending { outcome: CallOutcome::Unanswered, at: self.due_at },
            (_, Some(ends_at)) if ends_at <= self.due_at => {
                Ending { outcome: CallOutcome::Completed, at: ends_at }
            }
            _ => Ending { outcome: CallOutcome::Lost, at: self.alive_at.unwrap_or(self.due_at) },
        }
    }
}

fn read(row: &Row) -> Result<Call, DbError> {
    let outcome: Option<String> = row.get(11)?;
    Ok(Call {
        call_id: row.get(0)?,
        portfolio: row.get(1)?,
        phone: row.get(2)?,
        account: row.get(3)?,
        is_outgoing: row.get(4)?,
        state: row.get(5)?,
        due_at: row.get(6)?,
        ends_at: row.get(7)?,
        is_pre_accepted: row.get(8)?,
        accepted_at: row.get(9)?,
        alive_at: row.get(10)?,
        is_unanswered: outcome.as_deref() == Some(CallOutcome::Unanswered.as_str()),
        device: row.get(12)?,
        callback_data: row.get(13)?,
    })
}

/// Whether it is new.
pub(super) async fn insert(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    new: &NewCall,
) -> Result<bool, DbError> {
    let now = ctx.now();
    let row = params![
        new.call_id,
        number.portfolio_id,
        number.phone_number_id,
        new.account,
        new.is_outgoing,
        now,
        now + limits::CALL_RINGS_FOR,
        new.device,
        new.callback_data.clone()
    ];
    Ok(tx.execute(INSERT_CALL, row).await? == 1)
}

pub(super) async fn call(tx: &mut Tx, call: BusinessMessageId) -> Result<Option<Call>, DbError> {
    tx.query_one(SELECT_CALL, params![call]).await?.as_ref().map(read).transpose()
}

pub(super) async fn going_on(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<Option<Call>, DbError> {
    tx.query_one(GOING_ON, params![phone, account]).await?.as_ref().map(read).transpose()
}

pub(super) async fn count_going_on(tx: &mut Tx, phone: PhoneNumberId) -> Result<i64, DbError> {
    tx.query_one(COUNT_GOING_ON, params![phone]).await?.map_or(Ok(0), |row| row.get(0))
}

pub(super) async fn due(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Call>, DbError> {
    tx.query(DUE, params![ctx.now()]).await?.iter().map(read).collect()
}

/// Whether that was not known.
pub(super) async fn rang(ctx: &Ctx, tx: &mut Tx, call: BusinessMessageId) -> Result<bool, DbError> {
    Ok(tx.execute(RANG, params![call, ctx.now()]).await? == 1)
}

/// Whether it still rings.
pub(super) async fn pre_accept(tx: &mut Tx, call: BusinessMessageId) -> Result<bool, DbError> {
    Ok(tx.execute(PRE_ACCEPT, params![call]).await? == 1)
}

/// Somebody picks up. `None`: it does not ring any more.
pub(super) async fn accept(
    ctx: &Ctx,
    tx: &mut Tx,
    call: &Call,
    device: Option<DeviceId>,
) -> Result<Option<Call>, DbError> {
    let now = ctx.now();
    let (due_at, ends_at) = (now + limits::CALL_LOST_AFTER, now + length_max(call.is_outgoing));
    let row = tx.query_one(ACCEPT, params![call.call_id, now, due_at, ends_at, device]).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn alive(
    ctx: &Ctx,
    tx: &mut Tx,
    call: BusinessMessageId,
    device: DeviceId,
) -> Result<(), DbError> {
    let now = ctx.now();
    tx.execute(ALIVE, params![call, device, now, now + limits::CALL_LOST_AFTER]).await.map(drop)
}

/// Ends a call. `None`: it has ended.
pub(super) async fn end(
    tx: &mut Tx,
    call: BusinessMessageId,
    outcome: CallOutcome,
    at: Timestamp,
) -> Result<Option<Call>, DbError> {
    tx.query_one(END, params![call, at, outcome.as_str()]).await?.as_ref().map(read).transpose()
}

pub(super) async fn set_cost(tx: &mut Tx, call: BusinessMessageId, cost: Micros) -> Result<(), DbError> {
    tx.execute(SET_COST, params![call, cost]).await.map(drop)
}

pub(super) async fn set_callback_data(
    tx: &mut Tx,
    call: BusinessMessageId,
    data: &str,
) -> Result<(), DbError> {
    tx.execute(SET_CALLBACK_DATA, params![call, data]).await.map(drop)
}

/// Calls of the business that connected with a person within a day, and when the first of them did.
pub(super) async fn connected(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<(i64, Option<Timestamp>), DbError> {
    match tx.query_one(CONNECTED, params![phone, account, ctx.now() - DAY]).await? {
        Some(row) => Ok((row.get(0)?, row.get(1)?)),
        None => Ok((0, None)),
    }
}

/// Calls of one kind that connected and ended in one quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) quarter: Timestamp,
    pub(crate) is_outgoing: bool,
    /// The first three digits of the people's numbers.
    pub(crate) prefix: String,
    pub(crate) count: i64,
    pub(crate) cost: Micros,
    pub(crate) length_us: i64,
}

/// Calls of a number that connected and ended from `from` (included) to `to` (excluded).
pub(crate) async fn sums(
    tx: &mut Tx,
    phone: PhoneNumberId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Sum>, DbError> {
    let earliest = from - limits::FREE_CALL_LENGTH_MAX - DAY;
    let rows = tx.query(SUMS, params![phone, from, to, QUARTER, earliest]).await?;
    let read = |row: &Row| {
        Ok(Sum {
            quarter: row.get(0)?,
            is_outgoing: row.get(1)?,
            prefix: row.get(2)?,
            count: row.get(3)?,
            cost: row.get(4)?,
            length_us: row.get(5)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn granted(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<Option<Granted>, DbError> {
    let row = tx.query_one(SELECT_PERMISSION, params![phone, account]).await?;
    row.map(|row| Ok(Granted { expires_at: row.get(0)?, is_permanent: row.get(1)? })).transpose()
}

pub(super) async fn grant(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    granted: Granted,
) -> Result<(), DbError> {
    let row = params![phone, account, granted.expires_at, granted.is_permanent];
    tx.execute(PUT_PERMISSION, row).await.map(drop)
}

/// One more call that was not taken; at the last one the permission ends.
pub(super) async fn note_unanswered(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<(), DbError> {
    tx.execute(NOTE_UNANSWERED, params![phone, account, limits::UNANSWERED_CALLS_MAX]).await.map(drop)
}

pub(super) async fn forget_unanswered(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<(), DbError> {
    tx.execute(FORGET_UNANSWERED, params![phone, account]).await.map(drop)
}

pub(super) async fn note_request(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    message: BusinessMessageId,
) -> Result<(), DbError> {
    tx.execute(NOTE_REQUEST, params![phone, account, message, ctx.now()]).await.map(drop)
}

/// When a person was asked, the first time first.
pub(super) async fn requests(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    since: Timestamp,
) -> Result<Vec<Timestamp>, DbError> {
    tx.query(SELECT_REQUESTS, params![phone, account, since]).await?.iter().map(|row| row.get(0)).collect()
}

pub(super) async fn forget_request(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    message: BusinessMessageId,
) -> Result<(), DbError> {
    tx.execute(FORGET_REQUEST, params![phone, account, message]).await.map(drop)
}

pub(super) async fn forget_requests(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<(), DbError> {
    tx.execute(FORGET_REQUESTS, params![phone, account]).await.map(drop)
}

pub(super) async fn forget_old_requests(tx: &mut Tx, before: Timestamp) -> Result<(), DbError> {
    tx.execute(FORGET_OLD_REQUESTS, params![before]).await.map(drop)
}
