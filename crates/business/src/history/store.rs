//! The SQL of histories, and of the log.

use super::log::{Filter, Logged, Person, Place, State};
use crate::webhooks::DeliveryState;
use crate::{groups, messages, wamid};
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{
    AccountId, BusinessMessageId, GroupId, PhoneNumberId, PortfolioId, Timestamp, WabaId, WebhookDeliveryId,
};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// An event is written at most so long after what it tells: the length of a transaction, and some.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

statements! {
    SELECT_MESSAGE = "SELECT m.message_id, m.portfolio_id, m.waba_id, m.phone_number_id, m.accepted_at,
        m.delivered_at, m.read_at, m.failed_at, m.account_id, g.group_id, g.message_id, c.user_id
        FROM business_message m LEFT JOIN group_message g ON g.copy_id = m.message_id
        LEFT JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        WHERE m.message_id = $1 AND m.is_outgoing";
    SELECT_COPIES = "SELECT m.message_id, m.portfolio_id, m.waba_id, m.phone_number_id, m.accepted_at,
        m.delivered_at, m.read_at, m.failed_at, m.account_id, g.group_id, g.message_id, c.user_id
        FROM group_message g JOIN business_message m ON m.message_id = g.copy_id
        LEFT JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        WHERE g.message_id = $1 AND m.is_outgoing ORDER BY m.message_id LIMIT 100";
    SELECT_MESSAGES = "SELECT m.message_id, m.portfolio_id, m.waba_id, m.phone_number_id, m.accepted_at,
        m.delivered_at, m.read_at, m.failed_at, m.account_id, g.group_id, g.message_id, c.user_id
        FROM business_message m LEFT JOIN group_message g ON g.copy_id = m.message_id
        LEFT JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        WHERE m.message_id >= $2 AND m.phone_number_id = $1 AND m.is_outgoing ORDER BY m.message_id DESC LIMIT 100";
    SELECT_LOG = "SELECT m.message_id, m.portfolio_id, m.waba_id, m.phone_number_id, m.is_outgoing, m.kind,
        m.template_id, t.name, m.category, m.status, m.accepted_at, m.delivered_at, m.read_at, m.failed_at,
        c.number, c.name, c.user_id, m.account_id, g.group_id, g.message_id FROM business_message m
        LEFT JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        LEFT JOIN template t ON t.template_id = m.template_id
        LEFT JOIN group_message g ON g.copy_id = m.message_id
        WHERE m.portfolio_id = $1 AND m.accepted_at >= $2 AND (m.accepted_at, m.message_id) < ($3, $4)
        AND m.status >= $5 AND m.status <= $6
        AND (CAST($7 AS BOOLEAN) IS NULL OR m.is_outgoing = $7)
        AND (CAST($8 AS BIGINT) IS NULL OR m.phone_number_id = $8)
        AND (CAST($9 AS UUID) IS NULL OR m.account_id = $9)
        AND (CAST($10 AS TEXT) IS NULL OR m.category = $10)
        ORDER BY m.accepted_at DESC, m.message_id DESC LIMIT $11";
    SELECT_LOGGED = "SELECT m.message_id, m.portfolio_id, m.waba_id, m.phone_number_id, m.is_outgoing, m.kind,
        m.template_id, t.name, m.category, m.status, m.accepted_at, m.delivered_at, m.read_at, m.failed_at,
        c.number, c.name, c.user_id, m.account_id, g.group_id, g.message_id FROM business_message m
        LEFT JOIN business_contact c ON c.portfolio_id = m.portfolio_id AND c.account_id = m.account_id
        LEFT JOIN template t ON t.template_id = m.template_id
        LEFT JOIN group_message g ON g.copy_id = m.message_id
        WHERE m.message_id = $1";
    SELECT_TOLD = "SELECT d.entry, d.state, d.attempts, d.last_error, e.url, d.delivery_id FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
        WHERE d.delivery_id >= $1 AND d.delivery_id < $2 AND d.waba_id = $3 AND d.lane = $4
        ORDER BY d.delivery_id LIMIT 200";
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
    pub(super) told: ToldAs,
}

/// By what webhooks know a message: of what goes to a group, there is one for everybody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToldAs {
    wamid: String,
    lane: i64,
    /// Whose copy it is, in a group.
    participant: Option<String>,
}

impl ToldAs {
    fn new(
        message: BusinessMessageId,
        account: AccountId,
        group: Option<(GroupId, BusinessMessageId)>,
        user_id: Option<String>,
    ) -> Self {
        match group {
            None => Self { wamid: wamid::format(message), lane: messages::lane(account), participant: None },
            Some((group, shared)) => {
                Self { wamid: wamid::format(shared), lane: groups::lane(group), participant: user_id }
            }
        }
    }
}

/// A delivery that may have told of it.
pub(super) struct Told {
    entry: String,
    pub(super) state: DeliveryState,
    pub(super) attempts: i64,
    pub(super) error: Option<String>,
    pub(super) url: String,
    pub(super) delivery: WebhookDeliveryId,
}

impl Told {
    /// Whether it tells this status of this message.
    pub(super) fn is_about(&self, message: &ToldAs, status: &str) -> bool {
        let entry: Value = serde_json::from_str(&self.entry).unwrap_or_default();
        let told = entry.pointer("/changes/0/value/statuses").and_then(Value::as_array);
        told.into_iter().flatten().any(|told| {
            let member = |name: &str| told.get(name).and_then(Value::as_str);
            member("id") == Some(&message.wamid)
                && member("status") == Some(status)
                && member("recipient_participant_user_id") == message.participant.as_deref()
        })
    }

    /// Whether it tells that this message came in.
    pub(super) fn brings(&self, message: &ToldAs) -> bool {
        let entry: Value = serde_json::from_str(&self.entry).unwrap_or_default();
        let id = entry.pointer("/changes/0/value/messages/0/id").and_then(Value::as_str);
        id == Some(&message.wamid)
    }
}

fn logged(row: &Row) -> Result<Logged, DbError> {
    let (message, is_outgoing) = (row.get(0)?, row.get(4)?);
    let group: Option<(GroupId, BusinessMessageId)> = row.get::<Option<_>>(18)?.zip(row.get(19)?);
    let (number, name, user_id): (Option<String>, Option<String>, Option<String>) =
        (row.get(14)?, row.get(15)?, row.get(16)?);
    Ok(Logged {
        told: ToldAs::new(message, row.get(17)?, group, user_id.clone()),
        group: group.map(|(group, _)| group),
        message,
        portfolio: row.get(1)?,
        waba: row.get(2)?,
        phone: row.get(3)?,
        is_outgoing,
        kind: row.get(5)?,
        template: row.get::<Option<_>>(6)?.zip(row.get(7)?),
        category: row.get(8)?,
        state: State::from_number(is_outgoing, row.get(9)?),
        accepted_at: row.get(10)?,
        delivered_at: row.get(11)?,
        read_at: row.get(12)?,
        failed_at: row.get(13)?,
        person: number.map(|number| Person {
            number,
            name: name.unwrap_or_default(),
            user_id: user_id.unwrap_or_default(),
        }),
    })
}

/// A page of a portfolio's messages, the latest first. `account` is the person that the filter names.
pub(super) async fn log(
    tx: &mut Tx,
    portfolio: PortfolioId,
    filter: &Filter,
    account: Option<AccountId>,
    after: Place,
    limit: usize,
) -> Result<Vec<Logged>, DbError> {
    let (lowest, highest) = filter.state.map_or((0, i64::MAX), State::numbers);
    let wanted = params![
        portfolio,
        filter.since.unwrap_or_default(),
        after.at,
        after.message,
        lowest,
        highest,
        filter.is_outgoing(),
        filter.phone,
        account,
        filter.category.as_deref(),
        i64::try_from(limit).unwrap_or(i64::MAX)
    ];
    tx.query(SELECT_LOG, wanted).await?.iter().map(logged).collect()
}

pub(super) async fn one(tx: &mut Tx, id: BusinessMessageId) -> Result<Option<Logged>, DbError> {
    tx.query_one(SELECT_LOGGED, params![id]).await?.as_ref().map(logged).transpose()
}

fn message_row(row: &Row) -> Result<MessageRow, DbError> {
    let message = row.get(0)?;
    let group = row.get::<Option<_>>(9)?.zip(row.get(10)?);
    Ok(MessageRow {
        message,
        portfolio: row.get(1)?,
        waba: row.get(2)?,
        phone: row.get(3)?,
        accepted_at: row.get(4)?,
        delivered_at: row.get(5)?,
        read_at: row.get(6)?,
        failed_at: row.get(7)?,
        told: ToldAs::new(message, row.get(8)?, group, row.get(11)?),
    })
}

pub(super) async fn message(tx: &mut Tx, id: BusinessMessageId) -> Result<Option<MessageRow>, DbError> {
    tx.query_one(SELECT_MESSAGE, params![id]).await?.as_ref().map(message_row).transpose()
}

/// The copies of a message to a group.
pub(super) async fn copies(tx: &mut Tx, id: BusinessMessageId) -> Result<Vec<MessageRow>, DbError> {
    tx.query(SELECT_COPIES, params![id]).await?.iter().map(message_row).collect()
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

/// The deliveries about a person or a group that were written with a status or soon after it: a transaction takes its
/// time.
pub(super) async fn told(
    tx: &mut Tx,
    waba: WabaId,
    message: &ToldAs,
    at: Timestamp,
) -> Result<Vec<Told>, DbError> {
    let (from, to) = (first_id(at.milliseconds()), first_id((at + TOLD_WITHIN).milliseconds()));
    let told = |row: &Row| {
        Ok(Told {
            entry: row.get(0)?,
            state: DeliveryState::from_number(row.get(1)?),
            attempts: row.get(2)?,
            error: row.get(3)?,
            url: row.get(4)?,
            delivery: row.get(5)?,
        })
    };
    tx.query(SELECT_TOLD, params![from, to, waba, message.lane]).await?.iter().map(told).collect()
}

/// The smallest id that is made in a millisecond.
fn first_id(milliseconds: i64) -> Uuid {
    let millis = u128::try_from(milliseconds).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
