//! The SQL of numbers' lives.

use crate::portfolios::{PENDING, UNVERIFIED, Waba};
use crate::quality::Rating;
use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, PhoneNumber, PhoneNumberId, PortfolioId, Timestamp};
use uuid::Uuid;

statements! {
    INSERT_NUMBER = "INSERT INTO business_phone_number
        (phone_number_id, waba_id, portfolio_id, account_id, number, verified_name, quality, status, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'UNKNOWN', $7, $8)";
    COUNT_NUMBERS = "SELECT CAST(count(*) AS BIGINT) FROM business_phone_number WHERE portfolio_id = $1";
    SELECT_HOLDER = "SELECT phone_number_id, portfolio_id, status FROM business_phone_number WHERE number = $1";
    FORGET_NUMBER = "DELETE FROM business_phone_number WHERE phone_number_id = $1 AND status = 'UNVERIFIED'";
    FORGET_STATE = "DELETE FROM number_state WHERE phone_number_id = $1";
    FORGET_NODE = "DELETE FROM graph_node WHERE node_id = $1";
    FORGET_DOCUMENTS = "DELETE FROM node_document WHERE parent_id = $1";
    SET_STATUS = "UPDATE business_phone_number SET status = $2 WHERE phone_number_id = $1";
    SET_QUALITY = "UPDATE business_phone_number SET quality = $2 WHERE phone_number_id = $1";
    SET_NAME = "UPDATE business_phone_number SET verified_name = $2 WHERE phone_number_id = $1";
    SET_ACCOUNT = "UPDATE business_phone_number SET account_id = $2 WHERE phone_number_id = $1";
    SELECT_STATE = "SELECT verification, code_sha256, code_expires_at, code_tries, sealed_pin, pin_tries, pin_tried_at,
        name_status, new_name, new_name_status, search_visibility, onboarded_at, is_preverified
        FROM number_state WHERE phone_number_id = $1";
    PUT_STATE = "INSERT INTO number_state (phone_number_id, verification, code_sha256, code_expires_at, code_tries,
        sealed_pin, pin_tries, pin_tried_at, name_status, new_name, new_name_status, search_visibility, onboarded_at,
        is_preverified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (phone_number_id) DO UPDATE SET verification = $2, code_sha256 = $3, code_expires_at = $4,
        code_tries = $5, sealed_pin = $6, pin_tries = $7, pin_tried_at = $8, name_status = $9, new_name = $10,
        new_name_status = $11, search_visibility = $12, onboarded_at = $13, is_preverified = $14";
    SELECT_WAITING_NAMES = "SELECT phone_number_id FROM number_state
        WHERE name_status = 'PENDING_REVIEW' OR new_name_status = 'PENDING_REVIEW' ORDER BY phone_number_id LIMIT 100";
    COUNT_ATTEMPTS = "SELECT CAST(count(*) AS BIGINT) FROM number_attempt WHERE node_id = $1 AND kind = $2 AND at > $3";
    INSERT_ATTEMPT = "INSERT INTO number_attempt (node_id, kind, attempt_id, at) VALUES ($1, $2, $3, $4)";
    FORGET_ATTEMPTS = "DELETE FROM number_attempt WHERE node_id = $1 AND at < $2";
}

/// What a number has beside its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberState {
    /// `VERIFIED`, `NOT_VERIFIED` or `EXPIRED`.
    pub verification: String,
    /// The hash of the code under way, and until when it is good.
    pub(crate) code: Option<(Vec<u8>, Timestamp)>,
    pub(crate) code_tries: i64,
    pub(crate) sealed_pin: Option<Vec<u8>>,
    pub(crate) pin_tries: i64,
    pub(crate) pin_tried_at: Timestamp,
    /// `APPROVED`, `PENDING_REVIEW` or `DECLINED`: of the name that people see.
    pub name_status: String,
    /// The name that was asked for.
    pub new_name: Option<String>,
    /// Where its review stands.
    pub new_name_status: Option<String>,
    /// `VISIBLE` or `NON_VISIBLE`.
    pub search_visibility: String,
    /// When it was last registered.
    pub onboarded_at: Option<Timestamp>,
    /// Whether a partner verified it beforehand.
    pub is_preverified: bool,
}

impl NumberState {
    /// Of a number that the operator opened.
    fn of_opened() -> Self {
        Self {
            verification: "VERIFIED".to_owned(),
            code: None,
            code_tries: 0,
            sealed_pin: None,
            pin_tries: 0,
            pin_tried_at: Timestamp(0),
            name_status: "APPROVED".to_owned(),
            new_name: None,
            new_name_status: None,
            search_visibility: "NON_VISIBLE".to_owned(),
            onboarded_at: None,
            is_preverified: false,
        }
    }

    /// Of a number that was just added.
    pub(super) fn of_new(is_preverified: bool) -> Self {
        let word = if is_preverified { "VERIFIED" } else { "NOT_VERIFIED" };
        Self { verification: word.to_owned(), is_preverified, ..Self::of_opened() }
    }

    /// Whether a PIN is set.
    pub fn has_pin(&self) -> bool {
        self.sealed_pin.is_some()
    }
}

pub(crate) async fn state(tx: &mut Tx, phone: PhoneNumberId) -> Result<NumberState, DbError> {
    let Some(row) = tx.query_one(SELECT_STATE, params![phone]).await? else {
        return Ok(NumberState::of_opened());
    };
    let code_expires_at = row.get(2)?;
    Ok(NumberState {
        verification: row.get(0)?,
        code: row.get::<Option<Vec<u8>>>(1)?.map(|hash| (hash, code_expires_at)),
        code_tries: row.get(3)?,
        sealed_pin: row.get(4)?,
        pin_tries: row.get(5)?,
        pin_tried_at: row.get(6)?,
        name_status: row.get(7)?,
        new_name: row.get(8)?,
        new_name_status: row.get(9)?,
        search_visibility: row.get(10)?,
        onboarded_at: row.get(11)?,
        is_preverified: row.get(12)?,
    })
}

pub(crate) async fn put(tx: &mut Tx, phone: PhoneNumberId, state: &NumberState) -> Result<(), DbError> {
    let (code, expires_at) = match &state.code {
        Some((hash, expires_at)) => (Some(hash.clone()), *expires_at),
        None => (None, Timestamp(0)),
    };
    let row = params![
        phone,
        &state.verification,
        code,
        expires_at,
        state.code_tries,
        state.sealed_pin.clone(),
        state.pin_tries,
        state.pin_tried_at,
        &state.name_status,
        state.new_name.clone(),
        state.new_name_status.clone(),
        &state.search_visibility,
        state.onboarded_at,
        state.is_preverified
    ];
    tx.execute(PUT_STATE, row).await.map(drop)
}

/// Its account on the network does not exist yet: the id stands for it until the first registration opens one.
pub(super) async fn insert_number(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    waba: &Waba,
    number: &PhoneNumber,
    name: &str,
    is_verified: bool,
) -> Result<(), DbError> {
    let account: AccountId = ctx.uuid();
    let status = if is_verified { PENDING } else { UNVERIFIED };
    let row = params![phone, waba.waba_id, waba.portfolio_id, account, number, name, status, ctx.now()];
    tx.execute(INSERT_NUMBER, row).await.map(drop)
}

pub(super) async fn count(tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, DbError> {
    tx.query_one(COUNT_NUMBERS, params![portfolio]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Who has the number, and whether they have shown that it is theirs.
pub(super) async fn holder(
    tx: &mut Tx,
    number: &PhoneNumber,
) -> Result<Option<(PhoneNumberId, PortfolioId, bool)>, DbError> {
    let Some(row) = tx.query_one(SELECT_HOLDER, params![number]).await? else { return Ok(None) };
    Ok(Some((row.get(0)?, row.get(1)?, row.get::<String>(2)? != UNVERIFIED)))
}

/// Takes a number away that was added and never verified.
pub(super) async fn forget(tx: &mut Tx, phone: PhoneNumberId) -> Result<(), DbError> {
    if tx.execute(FORGET_NUMBER, params![phone]).await? == 1 {
        tx.execute(FORGET_STATE, params![phone]).await?;
        tx.execute(FORGET_DOCUMENTS, params![phone]).await?;
        tx.execute(FORGET_NODE, params![phone]).await?;
    }
    Ok(())
}

pub(super) async fn set_status(tx: &mut Tx, phone: PhoneNumberId, status: &str) -> Result<(), DbError> {
    tx.execute(SET_STATUS, params![phone, status]).await.map(drop)
}

pub(super) async fn set_name(tx: &mut Tx, phone: PhoneNumberId, name: &str) -> Result<(), DbError> {
    tx.execute(SET_NAME, params![phone, name]).await.map(drop)
}

pub(super) async fn set_account(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
) -> Result<(), DbError> {
    tx.execute(SET_ACCOUNT, params![phone, account]).await.map(drop)
}

pub(super) async fn waiting_names(tx: &mut Tx) -> Result<Vec<PhoneNumberId>, DbError> {
    tx.query(SELECT_WAITING_NAMES, params![]).await?.iter().map(|row| row.get(0)).collect()
}

pub(crate) async fn attempts(tx: &mut Tx, node: i64, kind: &str, since: Timestamp) -> Result<i64, DbError> {
    tx.query_one(COUNT_ATTEMPTS, params![node, kind, since]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Counts a try, and forgets those of last week.
pub(crate) async fn count_attempt(ctx: &Ctx, tx: &mut Tx, node: i64, kind: &str) -> Result<(), DbError> {
    let week = std::time::Duration::from_secs(7 * 24 * 3600);
    tx.execute(FORGET_ATTEMPTS, params![node, ctx.now() - week]).await?;
    let id: Uuid = ctx.ordered_id();
    tx.execute(INSERT_ATTEMPT, params![node, kind, id, ctx.now()]).await.map(drop)
}

pub(crate) async fn set_quality(tx: &mut Tx, phone: PhoneNumberId, rating: Rating) -> Result<(), DbError> {
    tx.execute(SET_QUALITY, params![phone, rating.as_str()]).await.map(drop)
}
