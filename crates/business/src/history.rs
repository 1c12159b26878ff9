//! # What happened to a message
//!
//! The history of a message is read from its statuses and from the webhook deliveries that told them: when it was sent,
//! delivered, read or failed, and whether the business's endpoint has heard of it. Nothing is stored for it. Its id is
//! the message's own, written as a decimal number.
//!
//! The [`log`] lists the messages of a business, in both directions, and tells the life of each.

pub mod log;
mod store;

pub(crate) use store::STATEMENTS;

use crate::management::ManageError;
use crate::portfolios;
use crate::webhooks::DeliveryState;
use crate::{may_touch, wamid};
use plaza_db::Tx;
use plaza_protocol::{BusinessMessageId, Ctx, PhoneNumberId, Timestamp, WabaId};
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Something that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// `SENT`, `DELIVERED`, `READ` or `FAILED`.
    pub status: &'static str,
    /// When.
    pub at: Timestamp,
    /// `PENDING`, `DELIVERED`, `RETRYING` or `FAILED`; `None`: no endpoint was to be told, or the row is gone.
    pub webhook: Option<&'static str>,
    /// Where it was told.
    pub url: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
}

/// The history of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The message.
    pub message: BusinessMessageId,
    /// Its account.
    pub waba: WabaId,
    /// In the order of time.
    pub events: Vec<HistoryEvent>,
}

impl History {
    /// Its id: the message's as a decimal number.
    pub fn id(&self) -> String {
        self.message.0.as_u128().to_string()
    }
}

/// The message of a history's id.
pub fn message_of(id: &str) -> Option<BusinessMessageId> {
    let is_number = (19..=39).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.parse::<u128>().ok()).flatten().map(|id| BusinessMessageId(Uuid::from_u128(id)))
}

/// The histories of a number's outgoing messages of the last day, the latest first; or of one, however old.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    wanted: Option<&str>,
) -> Result<Vec<History>, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let rows = match wanted {
        Some(wamid) => {
            let message = wamid::parse(wamid);
            let message = message
                .ok_or_else(|| ManageError::invalid("message_id", "the id of a message is expected"))?;
            let found = match store::message(tx, message).await? {
                Some(found) => vec![found],
                // To a group: the history of everybody's copy.
                None => store::copies(tx, message).await?,
            };
            found.into_iter().filter(|row| row.phone == number.phone_number_id).collect()
        }
        None => store::messages(tx, number.phone_number_id, ctx.now() - DAY).await?,
    };
    let mut histories = Vec::with_capacity(rows.len());
    for row in rows {
        histories.push(history(tx, row).await?);
    }
    Ok(histories)
}

/// The history of one message.
pub async fn get(ctx: &Ctx, tx: &mut Tx, message: BusinessMessageId) -> Result<History, ManageError> {
    let row = store::message(tx, message).await?.ok_or(ManageError::NotFound)?;
    if may_touch(ctx, row.portfolio) { history(tx, row).await } else { Err(ManageError::NotFound) }
}

async fn history(tx: &mut Tx, row: store::MessageRow) -> Result<History, ManageError> {
    let happened = [
        ("SENT", "sent", Some(row.accepted_at)),
        ("DELIVERED", "delivered", row.delivered_at),
        ("READ", "read", row.read_at),
        ("FAILED", "failed", row.failed_at),
    ];
    let mut events = Vec::new();
    for (status, word, at) in happened {
        let Some(at) = at else { continue };
        let told = store::told(tx, row.waba, &row.told, at).await?;
        let told = told.into_iter().find(|told| told.is_about(&row.told, word));
        events.push(HistoryEvent {
            status,
            at,
            webhook: told.as_ref().map(|told| match told.state {
                DeliveryState::Pending if told.attempts > 0 => "RETRYING",
                DeliveryState::Pending => "PENDING",
                DeliveryState::Delivered => "DELIVERED",
                DeliveryState::Dead => "FAILED",
            }),
            url: told.as_ref().map(|told| told.url.clone()),
            error: told.and_then(|told| told.error),
        });
    }
    Ok(History { message: row.message, waba: row.waba, events })
}
