//! The SQL of groups.

use super::{BusinessGroup, NewPicture};
use plaza_billing::QUARTER;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{
    AccountId, BusinessMessageId, ConversationId, GroupId, MessageId, PhoneNumberId, Timestamp, WabaId,
};
use uuid::Uuid;

statements! {
    INSERT_GROUP = "INSERT INTO business_group (group_id, portfolio_id, waba_id, phone_number_id, conversation_id,
        invite_origin, is_suspended, created_at) VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7)";
    COUNT_GROUP = "INSERT INTO business_group_count (phone_number_id, group_count) VALUES ($1, 1)
        ON CONFLICT (phone_number_id) DO UPDATE SET group_count = business_group_count.group_count + 1
        WHERE business_group_count.group_count < $2";
    UNCOUNT_GROUP = "UPDATE business_group_count SET group_count = group_count - 1 WHERE phone_number_id = $1";
    SELECT_GROUP = "SELECT group_id, portfolio_id, waba_id, phone_number_id, conversation_id, invite_origin, is_suspended,
        customer_service_until, created_at FROM business_group WHERE group_id = $1";
    SELECT_OF_CONVERSATION = "SELECT group_id, portfolio_id, waba_id, phone_number_id, conversation_id, invite_origin,
        is_suspended, customer_service_until, created_at FROM business_group WHERE conversation_id = $1";
    SELECT_GROUPS = "SELECT group_id, portfolio_id, waba_id, phone_number_id, conversation_id, invite_origin,
        is_suspended, customer_service_until, created_at FROM business_group
        WHERE phone_number_id = $1 AND (created_at, group_id) > ($2, $3) ORDER BY created_at, group_id LIMIT $4";
    SELECT_GROUPS_OF_ACCOUNT = "SELECT group_id FROM business_group WHERE waba_id = $1 ORDER BY group_id LIMIT $2";
    DELETE_GROUP = "DELETE FROM business_group WHERE group_id = $1";
    SET_ORIGIN = "UPDATE business_group SET invite_origin = $2 WHERE group_id = $1";
    SET_SUSPENDED = "UPDATE business_group SET is_suspended = $2 WHERE group_id = $1";
    SET_WINDOW = "UPDATE business_group SET customer_service_until = $2
        WHERE group_id = $1 AND (customer_service_until IS NULL OR customer_service_until < $2)";
    DELETE_PICTURE = "DELETE FROM business_group_picture WHERE group_id = $1";
    INSERT_PICTURE = "INSERT INTO business_group_picture (picture_id, group_id, mime_type, bytes) VALUES ($1, $2, $3, $4)";
    SELECT_PICTURE = "SELECT mime_type, bytes FROM business_group_picture WHERE picture_id = $1";
    INSERT_GROUP_MESSAGE = "INSERT INTO group_message (copy_id, message_id, group_id) VALUES ($1, $2, $3)
        ON CONFLICT (copy_id) DO NOTHING";
    SELECT_COPY = "SELECT message_id, group_id FROM group_message WHERE copy_id = $1";
    SELECT_SAID = "SELECT g.group_id, m.is_outgoing, m.account_id FROM group_message g
        JOIN business_message m ON m.message_id = g.copy_id WHERE g.message_id = $1 LIMIT 1";
    ADD_FLOW = "INSERT INTO group_flow (group_id, quarter, joined, gone) VALUES ($1, $2, $3, $4)
        ON CONFLICT (group_id, quarter)
        DO UPDATE SET joined = group_flow.joined + excluded.joined, gone = group_flow.gone + excluded.gone";
}

fn group(row: &Row) -> Result<BusinessGroup, DbError> {
    Ok(BusinessGroup {
        group_id: row.get(0)?,
        portfolio_id: row.get(1)?,
        waba_id: row.get(2)?,
        phone_number_id: row.get(3)?,
        conversation: row.get(4)?,
        invite_origin: row.get(5)?,
        is_suspended: row.get(6)?,
        customer_service_until: row.get(7)?,
        created_at: row.get(8)?,
    })
}

pub(super) async fn insert(tx: &mut Tx, new: &BusinessGroup) -> Result<(), DbError> {
    let row = params![
        new.group_id,
        new.portfolio_id,
        new.waba_id,
        new.phone_number_id,
        new.conversation,
        &new.invite_origin,
        new.created_at
    ];
    tx.execute(INSERT_GROUP, row).await.map(drop)
}

/// One more group of a number; `false`: it has as many as it may have.
pub(super) async fn count(tx: &mut Tx, phone: PhoneNumberId, groups_max: u32) -> Result<bool, DbError> {
    if groups_max == 0 {
        return Ok(false);
    }
    Ok(tx.execute(COUNT_GROUP, params![phone, i64::from(groups_max)]).await? == 1)
}

pub(crate) async fn get(tx: &mut Tx, id: GroupId) -> Result<Option<BusinessGroup>, DbError> {
    tx.query_one(SELECT_GROUP, params![id]).await?.as_ref().map(group).transpose()
}

pub(super) async fn of_conversation(
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Option<BusinessGroup>, DbError> {
    tx.query_one(SELECT_OF_CONVERSATION, params![conversation]).await?.as_ref().map(group).transpose()
}

pub(super) async fn list(
    tx: &mut Tx,
    phone: PhoneNumberId,
    after: Option<&BusinessGroup>,
    limit: usize,
) -> Result<Vec<BusinessGroup>, DbError> {
    let (at, id) = after.map_or((Timestamp(0), GroupId(0)), |after| (after.created_at, after.group_id));
    let rows = tx.query(SELECT_GROUPS, params![phone, at, id, limit as u64]).await?;
    rows.iter().map(group).collect()
}

/// The groups of an account, for analytics.
pub(crate) async fn of_account(tx: &mut Tx, waba: WabaId, limit: usize) -> Result<Vec<GroupId>, DbError> {
    let rows = tx.query(SELECT_GROUPS_OF_ACCOUNT, params![waba, limit as u64]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

pub(super) async fn delete(tx: &mut Tx, id: GroupId, phone: PhoneNumberId) -> Result<(), DbError> {
    tx.execute(DELETE_GROUP, params![id]).await?;
    tx.execute(DELETE_PICTURE, params![id]).await?;
    tx.execute(UNCOUNT_GROUP, params![phone]).await.map(drop)
}

pub(super) async fn set_origin(tx: &mut Tx, id: GroupId, origin: &str) -> Result<(), DbError> {
    tx.execute(SET_ORIGIN, params![id, origin]).await.map(drop)
}

pub(super) async fn set_suspended(tx: &mut Tx, id: GroupId, is_suspended: bool) -> Result<(), DbError> {
    tx.execute(SET_SUSPENDED, params![id, is_suspended]).await.map(drop)
}

/// The window is extended, never shortened.
pub(super) async fn set_window(tx: &mut Tx, id: GroupId, until: Timestamp) -> Result<(), DbError> {
    tx.execute(SET_WINDOW, params![id, until]).await.map(drop)
}

pub(super) async fn set_picture(
    tx: &mut Tx,
    group: GroupId,
    id: Uuid,
    picture: &NewPicture,
) -> Result<(), DbError> {
    tx.execute(DELETE_PICTURE, params![group]).await?;
    tx.execute(INSERT_PICTURE, params![id, group, &picture.mime_type, picture.bytes.as_slice()])
        .await
        .map(drop)
}

pub(super) async fn picture(tx: &mut Tx, id: Uuid) -> Result<Option<(String, Vec<u8>)>, DbError> {
    let row = tx.query_one(SELECT_PICTURE, params![id]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Copies with the message that they are copies of.
pub(super) async fn note_messages(
    tx: &mut Tx,
    copies: Vec<(MessageId, MessageId, GroupId)>,
) -> Result<(), DbError> {
    let rows = copies.into_iter().map(|(copy, message, group)| params![copy, message, group]).collect();
    tx.execute_many(INSERT_GROUP_MESSAGE, rows).await.map(drop)
}

/// Of which message each is a copy, and in which group; `None`: it was not said in a group.
pub(crate) async fn copies(
    tx: &mut Tx,
    copies: &[BusinessMessageId],
) -> Result<Vec<Option<(BusinessMessageId, GroupId)>>, DbError> {
    let asked = copies.iter().map(|copy| params![copy]).collect();
    let answers = tx.query_many(SELECT_COPY, asked).await?;
    answers.iter().map(|rows| rows.first().map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()).collect()
}

/// A message of a group.
pub(crate) struct Said {
    pub(crate) group: GroupId,
    pub(crate) is_outgoing: bool,
    /// Who said it, if it was a person.
    pub(crate) account: AccountId,
}

/// Where a message of the conversation was said, and by whom.
pub(crate) async fn said(tx: &mut Tx, message: BusinessMessageId) -> Result<Option<Said>, DbError> {
    let row = tx.query_one(SELECT_SAID, params![message]).await?;
    row.map(|row| Ok(Said { group: row.get(0)?, is_outgoing: row.get(1)?, account: row.get(2)? })).transpose()
}

/// Counts who came and went.
pub(super) async fn note_flow(
    tx: &mut Tx,
    group: GroupId,
    at: Timestamp,
    (joined, gone): (i64, i64),
) -> Result<(), DbError> {
    let quarter = at.0.saturating_sub(at.0.rem_euclid(QUARTER));
    tx.execute(ADD_FLOW, params![group, quarter, joined, gone]).await.map(drop)
}
