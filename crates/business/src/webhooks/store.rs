//! The SQL of webhooks.

use super::deliveries::{
    Attempt, Claimed, DeliveryFilter, DeliveryState, DeliveryView, Outcome, retry_after,
};
use super::subscriptions::{Callback, Callbacks, WabaSubscription, owner};
use super::{EndpointId, Event, body};
use crate::apps::App;
use plaza_db::{DbError, Row, Tx, Value, params, statements};
use plaza_protocol::{AppId, Ctx, PhoneNumberId, PortfolioId, Timestamp, WabaId, WebhookDeliveryId};
use uuid::Uuid;

statements! {
    SELECT_TARGETS = "SELECT coalesce(p.endpoint_id, w.endpoint_id, a.endpoint_id), coalesce(a.fields, '')
        FROM waba_subscription w
        LEFT JOIN app_subscription a ON a.app_id = w.app_id
        LEFT JOIN phone_number_subscription p ON p.app_id = w.app_id AND p.phone_number_id = $2
        WHERE w.waba_id = $1";
    INSERT_DELIVERY = "INSERT INTO webhook_delivery (delivery_id, endpoint_id, portfolio_id, waba_id, field, lane, entry,
        state, attempts, next_attempt_at, created_at, tried_since) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $8, $8)";
    INSERT_ENDPOINT = "INSERT INTO webhook_endpoint (endpoint_id, app_id, portfolio_id, url, updates_max, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (app_id, url) DO UPDATE SET updates_max = $5
        RETURNING endpoint_id";
    SET_APP_SUBSCRIPTION = "INSERT INTO app_subscription (app_id, endpoint_id, fields, updated_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (app_id) DO UPDATE SET endpoint_id = $2, fields = $3, updated_at = $4";
    SELECT_APP_SUBSCRIPTION = "SELECT s.endpoint_id, e.url, s.fields FROM app_subscription s
        JOIN webhook_endpoint e ON e.endpoint_id = s.endpoint_id WHERE s.app_id = $1";
    DELETE_APP_SUBSCRIPTION = "DELETE FROM app_subscription WHERE app_id = $1";
    SUBSCRIBE_WABA = "INSERT INTO waba_subscription (waba_id, app_id, endpoint_id, created_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (waba_id, app_id) DO UPDATE SET endpoint_id = $3";
    UNSUBSCRIBE_WABA = "DELETE FROM waba_subscription WHERE waba_id = $1 AND app_id = $2";
    SELECT_WABA_ENDPOINT = "SELECT endpoint_id FROM waba_subscription WHERE waba_id = $1 AND app_id = $2";
    SELECT_WABA_SUBSCRIPTIONS = "SELECT s.app_id, a.portfolio_id, a.name, e.url FROM waba_subscription s
        JOIN app a ON a.app_id = s.app_id LEFT JOIN webhook_endpoint e ON e.endpoint_id = s.endpoint_id
        WHERE s.waba_id = $1 ORDER BY s.app_id LIMIT 100";
    SET_PHONE_NUMBER_CALLBACK = "INSERT INTO phone_number_subscription (phone_number_id, app_id, endpoint_id, created_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (phone_number_id, app_id) DO UPDATE SET endpoint_id = $3";
    SELECT_PHONE_NUMBER_ENDPOINT = "SELECT endpoint_id FROM phone_number_subscription
        WHERE phone_number_id = $1 AND app_id = $2";
    DELETE_PHONE_NUMBER_CALLBACK = "DELETE FROM phone_number_subscription WHERE phone_number_id = $1 AND app_id = $2";
    SELECT_CALLBACKS = "SELECT ae.url, we.url, pe.url FROM waba_subscription w
        LEFT JOIN app_subscription a ON a.app_id = w.app_id
        LEFT JOIN phone_number_subscription p ON p.app_id = w.app_id AND p.phone_number_id = $2
        LEFT JOIN webhook_endpoint ae ON ae.endpoint_id = a.endpoint_id
        LEFT JOIN webhook_endpoint we ON we.endpoint_id = w.endpoint_id
        LEFT JOIN webhook_endpoint pe ON pe.endpoint_id = p.endpoint_id
        WHERE w.waba_id = $1 AND w.app_id = $3";
    IS_REFERRED_TO = "SELECT CAST(1 AS BIGINT) FROM webhook_endpoint e WHERE e.endpoint_id = $1 AND (
        EXISTS (SELECT 1 FROM app_subscription a WHERE a.app_id = e.app_id AND a.endpoint_id = $1)
        OR EXISTS (SELECT 1 FROM waba_subscription w WHERE w.app_id = e.app_id AND w.endpoint_id = $1)
        OR EXISTS (SELECT 1 FROM phone_number_subscription p WHERE p.app_id = e.app_id AND p.endpoint_id = $1))";
    MOVE_WAITING = "UPDATE webhook_delivery SET endpoint_id = $2, next_attempt_at = $3
        WHERE endpoint_id = $1 AND state = 0";
    SELECT_DUE_ENDPOINTS = "SELECT e.endpoint_id, e.app_id, e.url, e.updates_max, a.sealed_secret
        FROM webhook_endpoint e JOIN app a ON a.app_id = e.app_id
        WHERE EXISTS (SELECT 1 FROM webhook_delivery d
            WHERE d.endpoint_id = e.endpoint_id AND d.state = 0 AND d.next_attempt_at <= $1)";
    /// `+state` keeps SQLite from going through everything that is pending; the rows are found by their ids.
    CLAIM = "UPDATE webhook_delivery SET next_attempt_at = $3
        WHERE +state = 0 AND next_attempt_at <= $2 AND delivery_id IN (
            SELECT delivery_id FROM webhook_delivery WHERE endpoint_id = $1 AND state = 0 AND next_attempt_at <= $2
            ORDER BY next_attempt_at LIMIT $4)
        RETURNING delivery_id, entry, lane, attempts, created_at";
    MARK_DELIVERED = "UPDATE webhook_delivery SET state = 1, attempts = $2, last_status = $3, last_error = NULL
        WHERE delivery_id = $1";
    MARK_FAILED = "UPDATE webhook_delivery SET attempts = $2, last_status = $3, last_error = $4, next_attempt_at = $5
        WHERE delivery_id = $1 AND state = 0";
    /// Taken and not tried: it stands where it stood.
    GIVE_BACK = "UPDATE webhook_delivery SET next_attempt_at = created_at WHERE delivery_id = $1 AND state = 0";
    INSERT_ATTEMPT = "INSERT INTO webhook_attempt (delivery_id, attempt, at, duration_ms, status, error)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    INSERT_ANSWER = "INSERT INTO webhook_answer (delivery_id, attempt, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    BURY = "UPDATE webhook_delivery SET state = 2 WHERE state = 0 AND tried_since <= $1";
    FORGET_ATTEMPTS = "DELETE FROM webhook_attempt WHERE delivery_id IN (
        SELECT delivery_id FROM webhook_delivery WHERE state = 1 AND tried_since <= $1 ORDER BY tried_since LIMIT 1000)";
    FORGET_ANSWERS = "DELETE FROM webhook_answer WHERE delivery_id IN (
        SELECT delivery_id FROM webhook_delivery WHERE state = 1 AND tried_since <= $1 ORDER BY tried_since LIMIT 1000)";
    FORGET_DELIVERIES = "DELETE FROM webhook_delivery WHERE delivery_id IN (
        SELECT delivery_id FROM webhook_delivery WHERE state = 1 AND tried_since <= $1 ORDER BY tried_since LIMIT 1000)";
    SELECT_DELIVERIES = "SELECT d.delivery_id, d.waba_id, d.field, e.url, d.state, d.attempts, d.next_attempt_at,
        d.last_status, d.last_error, d.created_at, d.entry, d.portfolio_id FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
        WHERE d.delivery_id < $1 AND (CAST($3 AS BIGINT) IS NULL OR d.state = $3)
        AND (CAST($4 AS TEXT) IS NULL OR d.field = $4)
        ORDER BY d.delivery_id DESC LIMIT $2";
    SELECT_DELIVERIES_OF = "SELECT d.delivery_id, d.waba_id, d.field, e.url, d.state, d.attempts, d.next_attempt_at,
        d.last_status, d.last_error, d.created_at, d.entry, d.portfolio_id FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
        WHERE d.portfolio_id = $5 AND d.delivery_id < $1 AND (CAST($3 AS BIGINT) IS NULL OR d.state = $3)
        AND (CAST($4 AS TEXT) IS NULL OR d.field = $4)
        ORDER BY d.delivery_id DESC LIMIT $2";
    SELECT_DELIVERY = "SELECT d.delivery_id, d.waba_id, d.field, e.url, d.state, d.attempts, d.next_attempt_at,
        d.last_status, d.last_error, d.created_at, d.entry, d.portfolio_id FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id WHERE d.delivery_id = $1";
    SELECT_ATTEMPTS = "SELECT t.attempt, t.at, t.duration_ms, t.status, t.error, a.body FROM webhook_attempt t
        LEFT JOIN webhook_answer a ON a.delivery_id = t.delivery_id AND a.attempt = t.attempt
        WHERE t.delivery_id = $1 ORDER BY t.attempt DESC LIMIT 100";
    RESEND = "UPDATE webhook_delivery SET state = 0, next_attempt_at = $2, tried_since = $2 WHERE delivery_id = $1";
}

/// An endpoint that hears of an account.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) endpoint: EndpointId,
    /// Empty: everything.
    fields: String,
}

impl Target {
    pub(super) fn wants(&self, field: &str) -> bool {
        self.fields.is_empty() || self.fields.split(',').any(|wanted| wanted.trim() == field)
    }
}

pub(super) async fn targets(
    tx: &mut Tx,
    waba: WabaId,
    phone: Option<PhoneNumberId>,
) -> Result<Vec<Target>, DbError> {
    let rows = tx.query(SELECT_TARGETS, params![waba, phone.unwrap_or(PhoneNumberId(0))]).await?;
    let targets = rows.iter().map(|row| {
        let endpoint: Option<Uuid> = row.get(0)?;
        let fields = row.get(1)?;
        Ok(endpoint.map(|endpoint| Target { endpoint: EndpointId(endpoint), fields }))
    });
    targets.filter_map(Result::transpose).collect()
}

pub(super) fn delivery_row(ctx: &Ctx, endpoint: EndpointId, event: &Event, entry: &str) -> Vec<Value> {
    let id: WebhookDeliveryId = ctx.ordered_id();
    params![id, endpoint.0, event.portfolio, event.waba, event.field, event.lane, entry, ctx.now()]
}

pub(super) async fn insert_deliveries(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    tx.execute_many(INSERT_DELIVERY, rows).await.map(drop)
}

pub(super) async fn endpoint(
    ctx: &Ctx,
    tx: &mut Tx,
    app: &App,
    callback: &Callback,
) -> Result<EndpointId, DbError> {
    let id: Uuid = ctx.uuid();
    let row = params![id, app.app_id, owner(app), &callback.url, callback.updates_max, ctx.now()];
    tx.query_one(INSERT_ENDPOINT, row).await?.map_or(Ok(EndpointId(id)), |row| row.get(0).map(EndpointId))
}

pub(super) async fn set_app_subscription(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
    endpoint: EndpointId,
    fields: &str,
) -> Result<(), DbError> {
    tx.execute(SET_APP_SUBSCRIPTION, params![app, endpoint.0, fields, ctx.now()]).await.map(drop)
}

pub(super) async fn app_subscription(
    tx: &mut Tx,
    app: AppId,
) -> Result<Option<(EndpointId, String, Vec<String>)>, DbError> {
    let Some(row) = tx.query_one(SELECT_APP_SUBSCRIPTION, params![app]).await? else { return Ok(None) };
    let fields: String = row.get(2)?;
    Ok(Some((EndpointId(row.get(0)?), row.get(1)?, fields.split(',').map(str::to_owned).collect())))
}

pub(super) async fn delete_app_subscription(tx: &mut Tx, app: AppId) -> Result<(), DbError> {
    tx.execute(DELETE_APP_SUBSCRIPTION, params![app]).await.map(drop)
}

pub(super) async fn subscribe_waba(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    app: AppId,
    endpoint: Option<EndpointId>,
) -> Result<(), DbError> {
    let row = params![waba, app, endpoint.map(|endpoint| endpoint.0), ctx.now()];
    tx.execute(SUBSCRIBE_WABA, row).await.map(drop)
}

pub(super) async fn unsubscribe_waba(tx: &mut Tx, waba: WabaId, app: AppId) -> Result<(), DbError> {
    tx.execute(UNSUBSCRIBE_WABA, params![waba, app]).await.map(drop)
}

pub(super) async fn waba_endpoint(
    tx: &mut Tx,
    waba: WabaId,
    app: AppId,
) -> Result<Option<EndpointId>, DbError> {
    let Some(row) = tx.query_one(SELECT_WABA_ENDPOINT, params![waba, app]).await? else { return Ok(None) };
    Ok(row.get::<Option<Uuid>>(0)?.map(EndpointId))
}

pub(super) async fn waba_subscriptions(tx: &mut Tx, waba: WabaId) -> Result<Vec<WabaSubscription>, DbError> {
    let rows = tx.query(SELECT_WABA_SUBSCRIPTIONS, params![waba]).await?;
    let subscription = |row: &Row| {
        let app = App { app_id: row.get(0)?, portfolio: row.get(1)?, name: row.get(2)? };
        Ok(WabaSubscription { app, override_url: row.get(3)? })
    };
    rows.iter().map(subscription).collect()
}

pub(super) async fn set_phone_number_callback(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    app: AppId,
    endpoint: EndpointId,
) -> Result<(), DbError> {
    tx.execute(SET_PHONE_NUMBER_CALLBACK, params![phone, app, endpoint.0, ctx.now()]).await.map(drop)
}

pub(super) async fn phone_number_endpoint(
    tx: &mut Tx,
    phone: PhoneNumberId,
    app: AppId,
) -> Result<Option<EndpointId>, DbError> {
    let row = tx.query_one(SELECT_PHONE_NUMBER_ENDPOINT, params![phone, app]).await?;
    row.map(|row| row.get(0).map(EndpointId)).transpose()
}

pub(super) async fn delete_phone_number_callback(
    tx: &mut Tx,
    phone: PhoneNumberId,
    app: AppId,
) -> Result<(), DbError> {
    tx.execute(DELETE_PHONE_NUMBER_CALLBACK, params![phone, app]).await.map(drop)
}

pub(super) async fn callbacks(
    tx: &mut Tx,
    waba: WabaId,
    phone: PhoneNumberId,
    app: AppId,
) -> Result<Callbacks, DbError> {
    let Some(row) = tx.query_one(SELECT_CALLBACKS, params![waba, phone, app]).await? else {
        return Ok(Callbacks::default());
    };
    Ok(Callbacks { app: row.get(0)?, waba: row.get(1)?, phone: row.get(2)? })
}

pub(super) async fn is_referred_to(tx: &mut Tx, endpoint: EndpointId) -> Result<bool, DbError> {
    Ok(tx.query_one(IS_REFERRED_TO, params![endpoint.0]).await?.is_some())
}

pub(super) async fn move_waiting(
    ctx: &Ctx,
    tx: &mut Tx,
    before: EndpointId,
    after: EndpointId,
) -> Result<(), DbError> {
    tx.execute(MOVE_WAITING, params![before.0, after.0, ctx.now()]).await.map(drop)
}

/// A row of [`SELECT_DUE_ENDPOINTS`].
pub(super) struct DueRow {
    pub(super) endpoint_id: EndpointId,
    pub(super) app: AppId,
    pub(super) url: String,
    pub(super) updates_max: i64,
    pub(super) sealed_secret: Vec<u8>,
}

pub(super) async fn due_endpoints(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<DueRow>, DbError> {
    let rows = tx.query(SELECT_DUE_ENDPOINTS, params![ctx.now()]).await?;
    let due = |row: &Row| {
        Ok(DueRow {
            endpoint_id: EndpointId(row.get(0)?),
            app: row.get(1)?,
            url: row.get(2)?,
            updates_max: row.get(3)?,
            sealed_secret: row.get(4)?,
        })
    };
    rows.iter().map(due).collect()
}

pub(super) async fn claim(
    tx: &mut Tx,
    endpoint: EndpointId,
    now: Timestamp,
    lease_until: Timestamp,
    limit: usize,
) -> Result<Vec<Claimed>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx.query(CLAIM, params![endpoint.0, now, lease_until, limit]).await?;
    let claimed = |row: &Row| {
        Ok(Claimed {
            delivery_id: row.get(0)?,
            entry: row.get(1)?,
            lane: row.get(2)?,
            attempts: row.get(3)?,
            created_at: row.get(4)?,
        })
    };
    rows.iter().map(claimed).collect()
}

pub(super) async fn give_back(tx: &mut Tx, untried: &[WebhookDeliveryId]) -> Result<(), DbError> {
    tx.execute_many(GIVE_BACK, untried.iter().map(|id| params![*id]).collect()).await.map(drop)
}

pub(super) async fn record(ctx: &Ctx, tx: &mut Tx, outcomes: Vec<Outcome>) -> Result<(), DbError> {
    let (mut delivered, mut failed, mut attempts, mut answers) = (vec![], vec![], vec![], vec![]);
    for outcome in outcomes {
        let duration_ms = i64::try_from(outcome.duration.as_millis()).unwrap_or(i64::MAX);
        let (id, count, status) = (outcome.delivery_id, outcome.attempts, outcome.status);
        attempts.push(params![id, count, outcome.at, duration_ms, status, outcome.error.clone()]);
        if !outcome.answer.is_empty() {
            answers.push(params![id, count, outcome.answer]);
        }
        match outcome.error {
            None => delivered.push(params![id, count, status]),
            Some(error) => failed.push(params![id, count, status, error, ctx.now() + retry_after(count)]),
        }
    }
    tx.execute_many(MARK_DELIVERED, delivered).await?;
    tx.execute_many(MARK_FAILED, failed).await?;
    tx.execute_many(INSERT_ATTEMPT, attempts).await?;
    tx.execute_many(INSERT_ANSWER, answers).await.map(drop)
}

pub(super) async fn bury(tx: &mut Tx, tried_since: Timestamp) -> Result<u64, DbError> {
    tx.execute(BURY, params![tried_since]).await
}

pub(super) async fn forget_delivered(tx: &mut Tx, tried_since: Timestamp) -> Result<(), DbError> {
    tx.execute(FORGET_ANSWERS, params![tried_since]).await?;
    tx.execute(FORGET_ATTEMPTS, params![tried_since]).await?;
    tx.execute(FORGET_DELIVERIES, params![tried_since]).await.map(drop)
}

fn delivery_view(row: &Row) -> Result<DeliveryView, DbError> {
    let entry: String = row.get(10)?;
    Ok(DeliveryView {
        delivery_id: row.get(0)?,
        waba_id: row.get(1)?,
        field: row.get(2)?,
        url: row.get(3)?,
        state: DeliveryState::from_number(row.get(4)?),
        attempts: row.get(5)?,
        next_attempt_at: row.get(6)?,
        last_status: row.get(7)?,
        last_error: row.get(8)?,
        created_at: row.get(9)?,
        body: body([entry.as_str()]),
        portfolio: row.get(11)?,
    })
}

fn wanted(filter: &DeliveryFilter, after: Option<WebhookDeliveryId>, limit: usize) -> Vec<Value> {
    let after = after.unwrap_or(WebhookDeliveryId(Uuid::max()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    params![after, limit, filter.state.map(DeliveryState::number), filter.field.as_deref()]
}

pub(super) async fn deliveries(
    tx: &mut Tx,
    filter: &DeliveryFilter,
    after: Option<WebhookDeliveryId>,
    limit: usize,
) -> Result<Vec<DeliveryView>, DbError> {
    let rows = tx.query(SELECT_DELIVERIES, wanted(filter, after, limit)).await?;
    rows.iter().map(delivery_view).collect()
}

pub(super) async fn deliveries_of(
    tx: &mut Tx,
    portfolio: PortfolioId,
    filter: &DeliveryFilter,
    after: Option<WebhookDeliveryId>,
    limit: usize,
) -> Result<Vec<DeliveryView>, DbError> {
    let mut wanted = wanted(filter, after, limit);
    wanted.push(portfolio.into());
    tx.query(SELECT_DELIVERIES_OF, wanted).await?.iter().map(delivery_view).collect()
}

pub(super) async fn delivery(tx: &mut Tx, id: WebhookDeliveryId) -> Result<Option<DeliveryView>, DbError> {
    tx.query_one(SELECT_DELIVERY, params![id]).await?.as_ref().map(delivery_view).transpose()
}

pub(super) async fn attempts(tx: &mut Tx, id: WebhookDeliveryId) -> Result<Vec<Attempt>, DbError> {
    let rows = tx.query(SELECT_ATTEMPTS, params![id]).await?;
    let attempt = |row: &Row| {
        Ok(Attempt {
            attempt: row.get(0)?,
            at: row.get(1)?,
            duration_ms: row.get(2)?,
            status: row.get(3)?,
            error: row.get(4)?,
            answer: row.get(5)?,
        })
    };
    rows.iter().map(attempt).collect()
}

pub(super) async fn resend(tx: &mut Tx, id: WebhookDeliveryId, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.execute(RESEND, params![id, now]).await? == 1)
}
