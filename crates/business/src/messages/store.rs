//! The SQL of messages.

use super::request::Idempotency;
use super::statuses::Status;
use crate::portfolios::BusinessNumber;
use crate::webhooks::payload;
use plaza_db::{DbError, Row, Tx, Value as Column, params, statements};
use plaza_protocol::{
    AccountId, BusinessMessageId, Ctx, MessageId, PhoneNumberId, PortfolioId, TemplateId, Timestamp,
};
use serde_json::Value;

statements! {
    INSERT_MESSAGE = "INSERT INTO business_message (message_id, portfolio_id, waba_id, phone_number_id, account_id,
        is_outgoing, kind, template_id, category, status, pricing, biz_opaque_callback_data, accepted_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (message_id) DO NOTHING";
    SELECT_MESSAGE = "SELECT message_id, portfolio_id, phone_number_id, account_id, is_outgoing, category, pricing,
        biz_opaque_callback_data, template_id FROM business_message WHERE message_id = $1";
    DELIVERED = "UPDATE business_message SET status = 2, delivered_at = $2
        WHERE message_id = $1 AND is_outgoing AND status < 2
        RETURNING message_id, portfolio_id, phone_number_id, account_id, is_outgoing, category, pricing,
        biz_opaque_callback_data, template_id";
    READ = "UPDATE business_message SET status = 3, read_at = $2 WHERE message_id = $1 AND is_outgoing AND status = 2
        RETURNING message_id, portfolio_id, phone_number_id, account_id, is_outgoing, category, pricing,
        biz_opaque_callback_data, template_id";
    FAILED = "UPDATE business_message SET status = 4, failed_at = $2
        WHERE message_id = $1 AND is_outgoing AND status < 2
        RETURNING message_id, portfolio_id, phone_number_id, account_id, is_outgoing, category, pricing,
        biz_opaque_callback_data, template_id";
    UNREAD_UP_TO = "SELECT m.message_id FROM business_message m
        JOIN business_message last ON last.message_id = $3
        WHERE m.phone_number_id = $1 AND m.account_id = $2 AND m.accepted_at <= last.accepted_at
        AND last.phone_number_id = $1 AND last.account_id = $2 AND m.is_outgoing AND m.status < 3
        ORDER BY m.accepted_at DESC LIMIT 1000";
    SET_READ = "UPDATE business_message SET status = 3, read_at = $2 WHERE message_id = $1 AND status < 3";
    EXPIRED = "SELECT message_id FROM business_message WHERE status < 2 AND expires_at <= $1
        ORDER BY expires_at LIMIT 1000";
    NOTE_REQUEST = "INSERT INTO message_request (phone_number_id, idempotency_key, body_sha256, message_id, created_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (phone_number_id, idempotency_key) DO NOTHING";
    SELECT_REQUEST = "SELECT message_id, body_sha256 FROM message_request
        WHERE phone_number_id = $1 AND idempotency_key = $2";
    FORGET_REQUEST = "DELETE FROM message_request
        WHERE phone_number_id = $1 AND idempotency_key = $2 AND message_id = $3";
    FORGET_REQUESTS = "DELETE FROM message_request WHERE created_at <= $1";
}

/// A row to write.
pub(super) struct NewMessage {
    pub(super) message_id: BusinessMessageId,
    pub(super) account: AccountId,
    pub(super) is_outgoing: bool,
    pub(super) kind: &'static str,
    pub(super) template: Option<TemplateId>,
    pub(super) category: Option<&'static str>,
    pub(super) status: Status,
    pub(super) pricing: Option<String>,
    pub(super) callback_data: Option<String>,
    pub(super) at: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// A row, as far as its later life needs it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(super) message_id: BusinessMessageId,
    pub(super) portfolio: PortfolioId,
    pub(super) phone: PhoneNumberId,
    pub(super) account: AccountId,
    pub(super) is_outgoing: bool,
    category: Option<String>,
    pricing: Option<String>,
    pub(super) callback_data: Option<String>,
    pub(super) template: Option<TemplateId>,
}

impl Message {
    /// Whether it has a price, though that may be zero.
    pub(super) fn is_priced(&self) -> bool {
        self.category.is_some()
    }

    /// What its statuses call the category.
    pub(super) fn category(&self) -> Option<&str> {
        self.category.as_deref()
    }

    /// Whether it came by the address of marketing messages.
    pub(super) fn is_marketing_lite(&self) -> bool {
        self.category() == Some(payload::MARKETING_LITE)
    }

    /// The pricing object of when it was sent.
    pub(super) fn pricing(&self) -> Option<Value> {
        self.pricing.as_deref().and_then(|pricing| serde_json::from_str(pricing).ok())
    }
}

/// Whether it is new.
pub(super) async fn insert(tx: &mut Tx, number: &BusinessNumber, new: NewMessage) -> Result<bool, DbError> {
    Ok(tx.execute(INSERT_MESSAGE, row(number, new)).await? == 1)
}

/// Writes what [`row`] made.
pub(super) async fn insert_all(tx: &mut Tx, rows: Vec<Vec<Column>>) -> Result<(), DbError> {
    tx.execute_many(INSERT_MESSAGE, rows).await.map(drop)
}

/// The parameters of a new row.
pub(super) fn row(number: &BusinessNumber, new: NewMessage) -> Vec<Column> {
    params![
        new.message_id,
        number.portfolio_id,
        number.waba_id,
        number.phone_number_id,
        new.account,
        new.is_outgoing,
        new.kind,
        new.template,
        new.category,
        new.status.number(),
        new.pricing,
        new.callback_data,
        new.at,
        new.expires_at
    ]
}

fn read(row: &Row) -> Result<Message, DbError> {
    Ok(Message {
        message_id: row.get(0)?,
        portfolio: row.get(1)?,
        phone: row.get(2)?,
        account: row.get(3)?,
        is_outgoing: row.get(4)?,
        category: row.get(5)?,
        pricing: row.get(6)?,
        callback_data: row.get(7)?,
        template: row.get(8)?,
    })
}

pub(super) async fn message(tx: &mut Tx, id: BusinessMessageId) -> Result<Option<Message>, DbError> {
    tx.query_one(SELECT_MESSAGE, params![id]).await?.as_ref().map(read).transpose()
}

/// Moves messages forward; the answer is those that moved, with the time that was given for them.
pub(super) async fn advance(
    tx: &mut Tx,
    to: Status,
    messages: &[(MessageId, Timestamp)],
) -> Result<Vec<(Message, Timestamp)>, DbError> {
    let sql = match to {
        Status::Sent => return Ok(Vec::new()),
        Status::Delivered => DELIVERED,
        Status::Read => READ,
        Status::Failed => FAILED,
    };
    let rows = messages.iter().map(|(id, at)| params![id, at]).collect();
    let answers = tx.query_many(sql, rows).await?;
    let moved = messages
        .iter()
        .zip(answers)
        .filter_map(|((_, at), rows)| rows.first().map(|row| read(row).map(|message| (message, *at))));
    moved.collect()
}

pub(super) async fn unread_up_to(
    tx: &mut Tx,
    phone: PhoneNumberId,
    account: AccountId,
    last: BusinessMessageId,
) -> Result<Vec<BusinessMessageId>, DbError> {
    let rows = tx.query(UNREAD_UP_TO, params![phone, account, last]).await?;
    // The answer is told in the order in which they were sent.
    rows.iter().rev().map(|row| row.get(0)).collect()
}

pub(super) async fn set_read(tx: &mut Tx, id: BusinessMessageId, now: Timestamp) -> Result<(), DbError> {
    tx.execute(SET_READ, params![id, now]).await.map(drop)
}

pub(super) async fn expired(tx: &mut Tx, now: Timestamp) -> Result<Vec<BusinessMessageId>, DbError> {
    tx.query(EXPIRED, params![now]).await?.iter().map(|row| row.get(0)).collect()
}

/// Whether the key is new.
pub(super) async fn note_request(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    idempotency: &Idempotency,
    message_id: BusinessMessageId,
) -> Result<bool, DbError> {
    let row = params![phone, &idempotency.key, idempotency.body_sha256, message_id, ctx.now()];
    Ok(tx.execute(NOTE_REQUEST, row).await? == 1)
}

pub(super) async fn request(
    tx: &mut Tx,
    phone: PhoneNumberId,
    idempotency: &Idempotency,
) -> Result<Option<(BusinessMessageId, Vec<u8>)>, DbError> {
    let Some(row) = tx.query_one(SELECT_REQUEST, params![phone, &idempotency.key]).await? else {
        return Ok(None);
    };
    Ok(Some((row.get(0)?, row.get(1)?)))
}

/// The request made no message after all.
pub(super) async fn forget_request(
    tx: &mut Tx,
    phone: PhoneNumberId,
    idempotency: &Idempotency,
    message_id: BusinessMessageId,
) -> Result<(), DbError> {
    tx.execute(FORGET_REQUEST, params![phone, &idempotency.key, message_id]).await.map(drop)
}

pub(super) async fn forget_requests(tx: &mut Tx, created_at: Timestamp) -> Result<(), DbError> {
    tx.execute(FORGET_REQUESTS, params![created_at]).await.map(drop)
}
