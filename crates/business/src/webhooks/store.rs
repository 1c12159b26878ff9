//! The SQL of webhooks.

use super::deliveries::{
    Attempt, Claimed, DeliveryFilter, DeliveryState, DeliveryView, DueEndpoint, Outcome,
};
use super::listeners::Listener;
use super::subscriptions::{Callback, Callbacks, WabaSubscription, owner};
use super::{EndpointId, Event, body};
use crate::apps::App;
use plaza_db::{DbError, Row, Sql, Tx, Value, params, statements};
use plaza_protocol::{
    AppId, Ctx, PhoneNumberId, PortfolioId, Timestamp, WabaId, WebhookDeliveryId, WebhookListenerId,
};
use std::time::Duration;
use uuid::Uuid;

statements! {
    SELECT_TARGETS = "SELECT coalesce(p.endpoint_id, w.endpoint_id, a.endpoint_id), coalesce(a.fields, '')
        FROM waba_subscription w
        LEFT JOIN app_subscription a ON a.app_id = w.app_id
        LEFT JOIN phone_number_subscription p ON p.app_id = w.app_id AND p.phone_number_id = $2
        WHERE w.waba_id = $1
        UNION ALL SELECT l.endpoint_id, l.fields FROM webhook_listener l WHERE l.waba_id = $1 AND l.lapses_at > $3";
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
    /// Jumps through the index of what waits, from endpoint to endpoint: endpoints for which nothing waits cost
    /// nothing, and one for which a million deliveries wait costs two looks.
    SELECT_DUE_ENDPOINTS = "WITH RECURSIVE waiting (endpoint_id) AS (
            SELECT (SELECT d.endpoint_id FROM webhook_delivery d WHERE d.state = 0 ORDER BY d.endpoint_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.endpoint_id FROM webhook_delivery d
                WHERE d.state = 0 AND d.endpoint_id > w.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
            FROM waiting w WHERE w.endpoint_id IS NOT NULL)
        SELECT e.endpoint_id, e.app_id, e.url, e.updates_max, a.sealed_secret
        FROM waiting w JOIN webhook_endpoint e ON e.endpoint_id = w.endpoint_id JOIN app a ON a.app_id = e.app_id
        WHERE EXISTS (SELECT 1 FROM webhook_delivery d
            WHERE d.endpoint_id = w.endpoint_id AND d.state = 0 AND d.next_attempt_at <= $1)
        AND NOT EXISTS (SELECT 1 FROM webhook_listener l WHERE l.endpoint_id = e.endpoint_id)";
    /// `+state` keeps SQLite from going through everything that is pending; the rows are found by their ids.
    CLAIM = "UPDATE webhook_delivery SET next_attempt_at = $3
        WHERE +state = 0 AND next_attempt_at <= $2 AND delivery_id IN (
            SELECT delivery_id FROM webhook_delivery WHERE endpoint_id = $1 AND state = 0 AND next_attempt_at <= $2
            ORDER BY next_attempt_at LIMIT $4)
        RETURNING delivery_id, entry, lane, attempts, created_at";
    /// The same, where what waits holds up what came later in its lane.
    CLAIM_IN_ORDER = "UPDATE webhook_delivery SET next_attempt_at = $3
        WHERE +state = 0 AND next_attempt_at <= $2 AND delivery_id IN (
            SELECT d.delivery_id FROM webhook_delivery d
            WHERE d.endpoint_id = $1 AND d.state = 0 AND d.next_attempt_at <= $2
            AND NOT EXISTS (SELECT 1 FROM webhook_delivery o WHERE o.endpoint_id = $1 AND o.state = 0
                AND o.lane = d.lane AND o.next_attempt_at > $2 AND o.delivery_id < d.delivery_id)
            ORDER BY d.delivery_id LIMIT $4)
        RETURNING delivery_id, entry, lane, attempts, created_at";
    MARK_DELIVERED = "UPDATE webhook_delivery SET state = 1, attempts = $2, last_status = $3, last_error = NULL
        WHERE delivery_id = $1";
    /// After the last try it is dead.
    MARK_FAILED = "UPDATE webhook_delivery SET attempts = $2, last_status = $3, last_error = $4, next_attempt_at = $5,
        state = CASE WHEN tried_since <= $6 THEN 2 ELSE 0 END WHERE delivery_id = $1 AND state = 0";
    /// Taken and not tried: it stands where it stood.
    GIVE_BACK = "UPDATE webhook_delivery SET next_attempt_at = created_at WHERE delivery_id = $1 AND state = 0";
    INSERT_ATTEMPT = "INSERT INTO webhook_attempt (delivery_id, attempt, at, duration_ms, status, error)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    INSERT_ANSWER = "INSERT INTO webhook_answer (delivery_id, attempt, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    HURRY = "UPDATE webhook_delivery SET next_attempt_at = created_at
        WHERE endpoint_id = $1 AND state = 0 AND next_attempt_at > $2";
    BURY = "UPDATE webhook_delivery SET state = 2 WHERE state = 0 AND tried_since <= $1 AND next_attempt_at > $2";
    GIVE_UP = "UPDATE webhook_delivery SET state = 2,
        last_error = coalesce(last_error, 'the endpoint could not be reached for 7 days')
        WHERE endpoint_id = $1 AND state = 0 AND tried_since <= $2";
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
        AND (CAST($4 AS TEXT) IS NULL OR d.field = $4) AND (CAST($5 AS BIGINT) IS NULL OR d.waba_id = $5)
        AND (CAST($6 AS BIGINT) IS NULL OR e.app_id = $6)
        ORDER BY d.delivery_id DESC LIMIT $2";
    SELECT_DELIVERIES_OF = "SELECT d.delivery_id, d.waba_id, d.field, e.url, d.state, d.attempts, d.next_attempt_at,
        d.last_status, d.last_error, d.created_at, d.entry, d.portfolio_id FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
        WHERE d.portfolio_id = $7 AND d.delivery_id < $1 AND (CAST($3 AS BIGINT) IS NULL OR d.state = $3)
        AND (CAST($4 AS TEXT) IS NULL OR d.field = $4) AND (CAST($5 AS BIGINT) IS NULL OR d.waba_id = $5)
        AND (CAST($6 AS BIGINT) IS NULL OR e.app_id = $6)
        ORDER BY d.delivery_id DESC LIMIT $2";
    SELECT_DELIVERY = "SELECT d.delivery_id, d.waba_id, d.field, e.url, d.state, d.attempts, d.next_attempt_at,
        d.last_status, d.last_error, d.created_at, d.entry, d.portfolio_id FROM webhook_delivery d
        JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id WHERE d.delivery_id = $1";
    SELECT_ATTEMPTS = "SELECT t.attempt, t.at, t.duration_ms, t.status, t.error, a.body FROM webhook_attempt t
        LEFT JOIN webhook_answer a ON a.delivery_id = t.delivery_id AND a.attempt = t.attempt
        WHERE t.delivery_id = $1 ORDER BY t.attempt DESC LIMIT 100";
    REPLAY = "UPDATE webhook_delivery SET state = 0, next_attempt_at = created_at, tried_since = $1
        WHERE delivery_id IN (SELECT d.delivery_id FROM webhook_delivery d
            JOIN webhook_endpoint e ON e.endpoint_id = d.endpoint_id
            WHERE d.state = 2 AND (CAST($2 AS BIGINT) IS NULL OR d.portfolio_id = $2)
            AND (CAST($3 AS TEXT) IS NULL OR d.field = $3) AND (CAST($4 AS BIGINT) IS NULL OR d.waba_id = $4)
            AND (CAST($5 AS BIGINT) IS NULL OR e.app_id = $5)
            ORDER BY d.delivery_id LIMIT $6)";
    INSERT_LISTENER = "INSERT INTO webhook_listener (endpoint_id, waba_id, app_id, portfolio_id, fields, is_kept,
        created_at, lapses_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SELECT_LISTENER = "SELECT endpoint_id, waba_id, app_id, portfolio_id, fields, is_kept, lapses_at
        FROM webhook_listener WHERE endpoint_id = $1";
    SELECT_LISTENERS = "SELECT endpoint_id, waba_id, app_id, portfolio_id, fields, is_kept, lapses_at
        FROM webhook_listener WHERE lapses_at > $1 AND (CAST($2 AS BIGINT) IS NULL OR portfolio_id = $2)
        ORDER BY created_at LIMIT 100";
    COUNT_LISTENERS = "SELECT count(*) FROM webhook_listener WHERE waba_id = $1 AND lapses_at > $2";
    MOVE_LAPSE = "UPDATE webhook_listener SET is_kept = $2, lapses_at = $3 WHERE endpoint_id = $1";
    SELECT_SEALED_SECRET = "SELECT sealed_secret FROM app WHERE app_id = $1";
    IS_DUE = "SELECT CAST(1 AS BIGINT) FROM webhook_delivery
        WHERE endpoint_id = $1 AND state = 0 AND next_attempt_at <= $2 LIMIT 1";
    SELECT_ATTEMPTS_OF = "SELECT attempts FROM webhook_delivery
        WHERE delivery_id = $1 AND endpoint_id = $2 AND state = 0";
    BURY_FOR = "UPDATE webhook_delivery SET state = 2, last_error = $2 WHERE endpoint_id = $1 AND state = 0";
    /// Only what wrote nothing since is looked at: what is replayed for one that has ended waits for it.
    BURY_LAPSED = "UPDATE webhook_delivery SET state = 2, last_error = 'the listener ended: it asked for nothing'
        WHERE state = 0 AND endpoint_id IN (SELECT l.endpoint_id FROM webhook_listener l WHERE l.lapses_at <= $1)
        AND tried_since < (SELECT l.lapses_at FROM webhook_listener l WHERE l.endpoint_id = webhook_delivery.endpoint_id)";
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
    now: Timestamp,
) -> Result<Vec<Target>, DbError> {
    let rows = tx.query(SELECT_TARGETS, params![waba, phone.unwrap_or(PhoneNumberId(0)), now]).await?;
    let targets = rows.iter().map(|row| {
        let endpoint: Option<Uuid> = row.get(0)?;
        let fields = row.get(1)?;
        Ok(endpoint.map(|endpoint| Target { endpoint: EndpointId(endpoint), fields }))
    });
    targets.filter_map(Result::transpose).collect()
}

pub(super) fn delivery_row(ctx: &Ctx, endpoint: EndpointId, event: &Event, entry: &str) -> Vec<Value> {
    let id: WebhookDeliveryId = ctx.following(entry).sequenced_id();
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

/// An endpoint that is asked for: its address is nobody's.
pub(super) async fn listening_endpoint(ctx: &Ctx, tx: &mut Tx, app: &App) -> Result<EndpointId, DbError> {
    let id: WebhookListenerId = ctx.uuid();
    let row = params![id, app.app_id, owner(app), format!("listener:{id}"), 1_i64, ctx.now()];
    tx.query_one(INSERT_ENDPOINT, row).await?;
    Ok(EndpointId(id.0))
}

pub(super) async fn insert_listener(ctx: &Ctx, tx: &mut Tx, listener: &Listener) -> Result<(), DbError> {
    let Listener { listener_id, waba, app, portfolio, fields, is_kept, lapses_at } = listener;
    let fields = fields.join(",");
    let row = params![listener_id, waba, app, portfolio, fields, *is_kept, ctx.now(), *lapses_at];
    tx.execute(INSERT_LISTENER, row).await.map(drop)
}

fn read_listener(row: &Row) -> Result<Listener, DbError> {
    let fields: String = row.get(4)?;
    let fields = fields.split(',').filter(|field| !field.is_empty()).map(str::to_owned);
    Ok(Listener {
        listener_id: row.get(0)?,
        waba: row.get(1)?,
        app: row.get(2)?,
        portfolio: row.get(3)?,
        fields: fields.collect(),
        is_kept: row.get(5)?,
        lapses_at: row.get(6)?,
    })
}

pub(super) async fn listener(tx: &mut Tx, endpoint: EndpointId) -> Result<Option<Listener>, DbError> {
    tx.query_one(SELECT_LISTENER, params![endpoint.0]).await?.as_ref().map(read_listener).transpose()
}

pub(super) async fn listeners(
    tx: &mut Tx,
    portfolio: Option<PortfolioId>,
    now: Timestamp,
) -> Result<Vec<Listener>, DbError> {
    tx.query(SELECT_LISTENERS, params![now, portfolio]).await?.iter().map(read_listener).collect()
}

pub(super) async fn listeners_of(tx: &mut Tx, waba: WabaId, now: Timestamp) -> Result<usize, DbError> {
    let count = tx.query_one(COUNT_LISTENERS, params![waba, now]).await?;
    let count: i64 = count.map_or(Ok(0), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

pub(super) async fn move_lapse(
    tx: &mut Tx,
    endpoint: EndpointId,
    is_kept: bool,
    lapses_at: Timestamp,
) -> Result<(), DbError> {
    tx.execute(MOVE_LAPSE, params![endpoint.0, is_kept, lapses_at]).await.map(drop)
}

pub(super) async fn sealed_secret(tx: &mut Tx, app: AppId) -> Result<Option<Vec<u8>>, DbError> {
    tx.query_one(SELECT_SEALED_SECRET, params![app]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn is_due(tx: &mut Tx, endpoint: EndpointId, now: Timestamp) -> Result<bool, DbError> {
    Ok(tx.query_one(IS_DUE, params![endpoint.0, now]).await?.is_some())
}

/// How often a delivery was tried, if it waits for this endpoint.
pub(super) async fn attempts_of(
    tx: &mut Tx,
    endpoint: EndpointId,
    id: WebhookDeliveryId,
) -> Result<Option<i64>, DbError> {
    tx.query_one(SELECT_ATTEMPTS_OF, params![id, endpoint.0]).await?.map(|row| row.get(0)).transpose()
}

pub(super) async fn bury_for(tx: &mut Tx, endpoint: EndpointId, why: &str) -> Result<u64, DbError> {
    tx.execute(BURY_FOR, params![endpoint.0, why]).await
}

pub(super) async fn bury_lapsed(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(BURY_LAPSED, params![now]).await
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

pub(super) async fn due_endpoints(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<DueEndpoint>, DbError> {
    let rows = tx.query(SELECT_DUE_ENDPOINTS, params![ctx.now()]).await?;
    let due = |row: &Row| {
        Ok(DueEndpoint {
            endpoint_id: EndpointId(row.get(0)?),
            app: row.get(1)?,
            url: row.get(2)?,
            updates_max: usize::try_from(row.get::<i64>(3)?).unwrap_or(1).max(1),
            sealed_secret: row.get(4)?,
        })
    };
    rows.iter().map(due).collect()
}

/// `claim` is [`CLAIM`] or [`CLAIM_IN_ORDER`].
pub(super) async fn claim(
    tx: &mut Tx,
    claim: Sql,
    endpoint: EndpointId,
    now: Timestamp,
    lease_until: Timestamp,
    limit: usize,
) -> Result<Vec<Claimed>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx.query(claim, params![endpoint.0, now, lease_until, limit]).await?;
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

/// `tried_since`: what was tried from then on and fails is given up.
pub(super) async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    pause: impl Fn(i64) -> Duration,
    tried_since: Timestamp,
    outcomes: Vec<Outcome>,
) -> Result<(), DbError> {
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
            Some(error) => {
                let next = ctx.now() + pause(count);
                failed.push(params![id, count, status, error, next, tried_since]);
            }
        }
    }
    tx.execute_many(MARK_DELIVERED, delivered).await?;
    tx.execute_many(MARK_FAILED, failed).await?;
    tx.execute_many(INSERT_ATTEMPT, attempts).await?;
    tx.execute_many(INSERT_ANSWER, answers).await.map(drop)
}

pub(super) async fn hurry(tx: &mut Tx, endpoint: EndpointId, beyond: Timestamp) -> Result<(), DbError> {
    tx.execute(HURRY, params![endpoint.0, beyond]).await.map(drop)
}

pub(super) async fn bury(tx: &mut Tx, tried_since: Timestamp, beyond: Timestamp) -> Result<u64, DbError> {
    tx.execute(BURY, params![tried_since, beyond]).await
}

pub(super) async fn give_up(
    tx: &mut Tx,
    endpoint: EndpointId,
    tried_since: Timestamp,
) -> Result<u64, DbError> {
    tx.execute(GIVE_UP, params![endpoint.0, tried_since]).await
}

pub(super) async fn replay(
    tx: &mut Tx,
    portfolio: Option<PortfolioId>,
    filter: &DeliveryFilter,
    now: Timestamp,
    limit: usize,
) -> Result<u64, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.execute(REPLAY, params![now, portfolio, filter.field.as_deref(), filter.waba, filter.app, limit]).await
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
    let state = filter.state.map(DeliveryState::number);
    params![after, limit, state, filter.field.as_deref(), filter.waba, filter.app]
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
