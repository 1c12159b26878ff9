//! The SQL of histories.

use crate::webhooks::DeliveryState;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{BusinessMessageId, PhoneNumberId, PortfolioId, Timestamp, WabaId};
use serde_json::Value;
use uuid::Uuid;

statements! {
    SELECT_MESSAGE = "SELECT message_id, portfolio_id, waba_id, phone_number_id, accepted_at, delivered_at, read_at,
        failed_at FROM business_message WHERE message_id = $1 AND is_outgoing";
    SELECT_MESSAGES = "SELECT message_id, portfolio_id, waba_id, phone_number_id, accepted_at, delivered_at, read_at,
        failed_at FROM business_message WHERE message_id >= $2 AND phone_number_id = $1 AND is_outgoing
        ORDER BY message_id DESC LIMIT 100";
    SELECT_TOLD = "SELECT d.entry, d.state, d.attempts, d.last_error, e.url FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
        WHERE d.delivery_id >= $1 AND d.delivery_id < $2 AND d.waba_id = $3 LIMIT 200";
}

/// A message, as far as its history needs it.
pub(super) struct MessageRow {
    pub(super) message: BusinessMessageId,
    pub(super) portfolio: PortfolioId,
    pub(super) waba: WabaId,
    pub(super) phone: PhoneNumberId,
    pub(super) accepted_at: Timestamp,
    pub(super) delivered_at: Option<Timestamp>,
    pub(super) read_at: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
}

/// A delivery that may have told of it.
pub(super) struct Told {
    entry: String,
    pub(super) state: DeliveryState,
    pub(super) attempts: i64,
    pub(super) error: Option<String>,
    pub(super) url: String,
}

impl Told {
    /// Whether it tells this status of this message.
    pub(super) fn is_about(&self, wamid: &str, status: &str) -> bool {
        let entry: Value = serde_json::from_str(&self.entry).unwrap_or_default();
        let told = entry.pointer("/changes/0/value/statuses/0");
        let member = |name: &str| told.and_then(|told| told.get(name)).and_then(Value::as_str);
        member("id") == Some(wamid) && member("status") == Some(status)
    }
}

fn message_row(row: &Row) -> Result<MessageRow, DbError> {
    Ok(MessageRow {
        message: row.get(0)?,
        portfolio: row.get(1)?,
        waba: row.get(2)?,
        phone: row.get(3)?,
        accepted_at: row.get(4)?,
        delivered_at: row.get(5)?,
        read_at: row.get(6)?,
        failed_at: row.get(7)?,
    })
}

pub(super) async fn message(tx: &mut Tx, id: BusinessMessageId) -> Result<Option<MessageRow>, DbError> {
    tx.query_one(SELECT_MESSAGE, params![id]).await?.as_ref().map(message_row).transpose()
}

/// The latest messages: their ids are in the order of time.
pub(super) async fn messages(
    tx: &mut Tx,
    phone: PhoneNumberId,
    since: Timestamp,
) -> Result<Vec<MessageRow>, DbError> {
    tx.query(SELECT_MESSAGES, params![phone, first_id(since.milliseconds())])
        .await?
        .iter()
        .map(message_row)
        .collect()
}

/// The deliveries that were written in the millisecond of a status: their ids begin with it.
pub(super) async fn told(tx: &mut Tx, row: &MessageRow, at: Timestamp) -> Result<Vec<Told>, DbError> {
    let (from, to) = (first_id(at.milliseconds()), first_id(at.milliseconds().saturating_add(1)));
    let told = |row: &Row| {
        Ok(Told {
            entry: row.get(0)?,
            state: DeliveryState::from_number(row.get(1)?),
            attempts: row.get(2)?,
            error: row.get(3)?,
            url: row.get(4)?,
        })
    };
    tx.query(SELECT_TOLD, params![from, to, row.waba]).await?.iter().map(told).collect()
}

/// The smallest id that is made in a millisecond.
fn first_id(milliseconds: i64) -> Uuid {
    let millis = u128::try_from(milliseconds).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
