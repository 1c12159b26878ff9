//! The SQL of flows.

use super::calls::{FlowCall, Group};
use super::{Flow, Status};
use plaza_db::{DbError, Row, Tx, Value as Column, params, statements};
use plaza_protocol::{AccountId, BusinessMessageId, Ctx, FlowId, PhoneNumberId, Timestamp, WabaId};
use uuid::Uuid;

statements! {
    INSERT_FLOW = "INSERT INTO flow (flow_id, waba_id, portfolio_id, app_id, name, categories, status, endpoint_uri,
        json_version, data_api_version, screens, validation_errors, json_bytes, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING";
    SELECT_FLOW = "SELECT flow_id, waba_id, portfolio_id, app_id, name, categories, status, endpoint_uri, json_version,
        data_api_version, screens, validation_errors, json_bytes, created_at, updated_at FROM flow WHERE flow_id = $1";
    SELECT_FLOW_BY_NAME = "SELECT flow_id, waba_id, portfolio_id, app_id, name, categories, status, endpoint_uri,
        json_version, data_api_version, screens, validation_errors, json_bytes, created_at, updated_at FROM flow
        WHERE waba_id = $1 AND name = $2";
    LIST_FLOWS = "SELECT flow_id, waba_id, portfolio_id, app_id, name, categories, status, endpoint_uri, json_version,
        data_api_version, screens, validation_errors, json_bytes, created_at, updated_at FROM flow
        WHERE waba_id = $1 ORDER BY created_at DESC, flow_id DESC LIMIT 500";
    COUNT_FLOWS = "SELECT CAST(count(*) AS BIGINT) FROM flow WHERE waba_id = $1";
    COUNT_NAMESAKES = "SELECT CAST(count(*) AS BIGINT) FROM flow WHERE waba_id = $1 AND name = $2 AND flow_id <> $3";
    UPDATE_FLOW = "UPDATE flow SET name = $2, categories = $3, status = $4, endpoint_uri = $5, json_version = $6,
        data_api_version = $7, screens = $8, validation_errors = $9, json_bytes = $10, updated_at = $11
        WHERE flow_id = $1";
    DELETE_FLOW = "DELETE FROM flow WHERE flow_id = $1";
    SET_ASSET = "INSERT INTO flow_asset (flow_id, flow_json) VALUES ($1, $2)
        ON CONFLICT (flow_id) DO UPDATE SET flow_json = excluded.flow_json";
    SELECT_ASSET = "SELECT flow_json FROM flow_asset WHERE flow_id = $1";
    DELETE_ASSET = "DELETE FROM flow_asset WHERE flow_id = $1";
    INSERT_FLOW_MESSAGE = "INSERT INTO flow_message (message_id, flow_id, sent_at) VALUES ($1, $2, $3)
        ON CONFLICT (message_id) DO NOTHING";
    DELETE_FLOW_MESSAGE = "DELETE FROM flow_message WHERE message_id = $1";
    COUNT_SENT = "SELECT CAST(count(*) AS BIGINT) FROM flow_message WHERE flow_id = $1 AND sent_at > $2";
    FLOW_OF_MESSAGE = "SELECT f.flow_id, m.phone_number_id, m.account_id FROM flow_message f
        JOIN business_message m ON m.message_id = f.message_id WHERE f.message_id = $1 AND m.is_outgoing";
    INSERT_CALL = "INSERT INTO flow_call (call_id, flow_id, at, screen, outcome, status, duration_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    COUNT_CALLS = "SELECT (at - $2) / $4, outcome, (duration_ms + 999) / 1000, CAST(count(*) AS BIGINT) FROM flow_call
        WHERE flow_id = $1 AND at >= $2 AND at < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    FORGET_CALLS = "DELETE FROM flow_call WHERE call_id IN (
        SELECT call_id FROM flow_call WHERE at <= $1 ORDER BY at LIMIT 1000)";
}

fn list(items: &[String]) -> String {
    serde_json::to_string(items).unwrap_or_else(|_| "[]".to_owned())
}

fn validation_errors(flow: &Flow) -> String {
    serde_json::to_string(&flow.validation_errors).unwrap_or_else(|_| "[]".to_owned())
}

/// Whether the name was free.
pub(super) async fn insert(tx: &mut Tx, flow: &Flow) -> Result<bool, DbError> {
    let row = params![
        flow.flow_id,
        flow.waba_id,
        flow.portfolio_id,
        flow.app_id,
        &flow.name,
        list(&flow.categories),
        flow.status.as_str(),
        flow.endpoint_uri.clone(),
        flow.json_version.clone(),
        flow.data_api_version.clone(),
        list(&flow.screens),
        validation_errors(flow),
        flow.json_bytes,
        flow.created_at,
        flow.updated_at
    ];
    Ok(tx.execute(INSERT_FLOW, row).await? == 1)
}

fn flow(row: &Row) -> Result<Flow, DbError> {
    // The lists and words below were written by `insert` and `update`.
    let words =
        |column| row.get::<String>(column).map(|text| serde_json::from_str(&text).unwrap_or_default());
    Ok(Flow {
        flow_id: row.get(0)?,
        waba_id: row.get(1)?,
        portfolio_id: row.get(2)?,
        app_id: row.get(3)?,
        name: row.get(4)?,
        categories: words(5)?,
        status: Status::parse(&row.get::<String>(6)?).unwrap_or(Status::Blocked),
        endpoint_uri: row.get(7)?,
        json_version: row.get(8)?,
        data_api_version: row.get(9)?,
        screens: words(10)?,
        validation_errors: serde_json::from_str(&row.get::<String>(11)?).unwrap_or_default(),
        json_bytes: row.get(12)?,
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
    })
}

pub(super) async fn get(tx: &mut Tx, id: FlowId) -> Result<Option<Flow>, DbError> {
    tx.query_one(SELECT_FLOW, params![id]).await?.as_ref().map(flow).transpose()
}

pub(super) async fn by_name(tx: &mut Tx, waba: WabaId, name: &str) -> Result<Option<Flow>, DbError> {
    tx.query_one(SELECT_FLOW_BY_NAME, params![waba, name]).await?.as_ref().map(flow).transpose()
}

pub(super) async fn all(tx: &mut Tx, waba: WabaId) -> Result<Vec<Flow>, DbError> {
    tx.query(LIST_FLOWS, params![waba]).await?.iter().map(flow).collect()
}

async fn count(tx: &mut Tx, sql: plaza_db::Sql, row: Vec<Column>) -> Result<usize, DbError> {
    let count: i64 = tx.query_one(sql, row).await?.map_or(Ok(0), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

pub(super) async fn count_of(tx: &mut Tx, waba: WabaId) -> Result<usize, DbError> {
    count(tx, COUNT_FLOWS, params![waba]).await
}

/// Whether another flow of the account has the name.
pub(super) async fn is_name_taken(tx: &mut Tx, flow: &Flow) -> Result<bool, DbError> {
    Ok(count(tx, COUNT_NAMESAKES, params![flow.waba_id, &flow.name, flow.flow_id]).await? > 0)
}

pub(super) async fn update(tx: &mut Tx, flow: &Flow) -> Result<(), DbError> {
    let row = params![
        flow.flow_id,
        &flow.name,
        list(&flow.categories),
        flow.status.as_str(),
        flow.endpoint_uri.clone(),
        flow.json_version.clone(),
        flow.data_api_version.clone(),
        list(&flow.screens),
        validation_errors(flow),
        flow.json_bytes,
        flow.updated_at
    ];
    tx.execute(UPDATE_FLOW, row).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, id: FlowId) -> Result<(), DbError> {
    tx.execute(DELETE_ASSET, params![id]).await?;
    tx.execute(DELETE_FLOW, params![id]).await.map(drop)
}

pub(super) async fn set_asset(tx: &mut Tx, id: FlowId, flow_json: &str) -> Result<(), DbError> {
    tx.execute(SET_ASSET, params![id, flow_json]).await.map(drop)
}

pub(super) async fn asset(tx: &mut Tx, id: FlowId) -> Result<Option<String>, DbError> {
    tx.query_one(SELECT_ASSET, params![id]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn insert_message(
    ctx: &Ctx,
    tx: &mut Tx,
    message: BusinessMessageId,
    flow: FlowId,
) -> Result<(), DbError> {
    tx.execute(INSERT_FLOW_MESSAGE, params![message, flow, ctx.now()]).await.map(drop)
}

pub(super) async fn delete_message(tx: &mut Tx, message: BusinessMessageId) -> Result<(), DbError> {
    tx.execute(DELETE_FLOW_MESSAGE, params![message]).await.map(drop)
}

pub(super) async fn count_sent(tx: &mut Tx, id: FlowId, after: Timestamp) -> Result<usize, DbError> {
    count(tx, COUNT_SENT, params![id, after]).await
}

/// The flow of a message that a business sent, the number that sent it, and the account that it went to.
pub(super) async fn of_message(
    tx: &mut Tx,
    message: BusinessMessageId,
) -> Result<Option<(FlowId, PhoneNumberId, AccountId)>, DbError> {
    let Some(row) = tx.query_one(FLOW_OF_MESSAGE, params![message]).await? else { return Ok(None) };
    Ok(Some((row.get(0)?, row.get(1)?, row.get(2)?)))
}

pub(super) async fn insert_call(tx: &mut Tx, id: Uuid, flow: FlowId, call: &FlowCall) -> Result<(), DbError> {
    let row = params![
        id,
        flow,
        call.at,
        call.screen.clone(),
        call.outcome.as_str(),
        call.status.map(i64::from),
        call.duration_ms.max(0)
    ];
    tx.execute(INSERT_CALL, row).await.map(drop)
}

/// The calls from a time to another, by periods of so many microseconds, numbered from 0.
pub(super) async fn count_calls(
    tx: &mut Tx,
    flow: FlowId,
    since: Timestamp,
    until: Timestamp,
    period_us: i64,
) -> Result<Vec<(i64, Group)>, DbError> {
    let rows = tx.query(COUNT_CALLS, params![flow, since, until, period_us]).await?;
    let read = |row: &Row| {
        let group = Group { outcome: row.get(1)?, seconds: row.get(2)?, count: row.get(3)? };
        Ok((row.get(0)?, group))
    };
    rows.iter().map(read).collect()
}

/// A page of the calls up to a time.
pub(super) async fn forget_calls(tx: &mut Tx, until: Timestamp) -> Result<u64, DbError> {
    tx.execute(FORGET_CALLS, params![until]).await
}
