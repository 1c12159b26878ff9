//! # Webhooks for a program that cannot be called
//!
//! What `plaza webhook listen` asks: it opens a listener, takes what is there (and waits for it, if nothing is), and
//! says what the program beside it answered. The addresses are the same below the operator's and the businesses'
//! surface, and whose listeners they reach follows from the context that the surface has put beside the request.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use plaza_business::webhooks::listeners::{self, Handed, Listener, TAKEN_MAX};
use plaza_business::webhooks::{Outcome, SubscribeError};
use plaza_protocol::{AppId, Ctx, ErrorCode, WabaId, WebhookDeliveryId, WebhookListenerId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Seconds that a question waits at most.
const TIMEOUT_S_MAX: u64 = 30;
/// Whoever waits looks by itself so often: deliveries become due by time, and wake-ups may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Fields that a listener names at most.
const FIELDS_MAX: usize = 50;
/// Characters of the name of a field.
const FIELD_CHARACTERS_MAX: usize = 64;

/// The addresses, for a surface that lets nobody in without an [`Extension`] of who they are.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/webhook-listeners", get(list).post(open))
        .route("/webhook-listeners/{listener_id}", delete(end))
        .route("/webhook-listeners/{listener_id}/open", post(reopen))
        .route("/webhook-listeners/{listener_id}/take", post(take))
        .route("/webhook-listeners/{listener_id}/outcomes", post(outcomes))
}

fn view(listener: &Listener) -> Value {
    json!({
        "listener_id": listener.listener_id, "waba_id": listener.waba, "app_id": listener.app,
        "fields": listener.fields, "is_kept": listener.is_kept, "lapses_at": listener.lapses_at.seconds(),
    })
}

fn listener_id(text: &str) -> Result<WebhookListenerId, Problem> {
    text.parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::new(
        ErrorCode::NotFound,
        "this listener does not exist, or it has ended: open it again, or another one",
    )
}

fn refused(error: SubscribeError) -> Problem {
    match error {
        SubscribeError::NotFound => gone(),
        other => other.into(),
    }
}

/// `GET …/webhook-listeners`
async fn list(State(app): State<Arc<App>>, Extension(ctx): Extension<Ctx>) -> Result<Json<Value>, Problem> {
    let list = async |ctx: &Ctx, tx: &mut _| listeners::listeners(ctx, tx).await;
    let found = app.db.read(&ctx, "listeners.list", list).await?;
    Ok(Json(json!({"data": found.iter().map(view).collect::<Vec<_>>()})))
}

#[derive(Debug, Deserialize)]
struct Open {
    waba_id: String,
    /// Absent: the app of the token; for the operator the first that is subscribed.
    app_id: Option<String>,
    /// Absent: everything.
    #[serde(default)]
    fields: Vec<String>,
    /// It goes on when its program ends.
    #[serde(default)]
    keep: bool,
}

/// `POST …/webhook-listeners {"waba_id", "app_id", "fields", "keep"}`
async fn open(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<Open>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let waba: WabaId = body.waba_id.parse().map_err(|_| Problem::not_found("this account"))?;
    let of: Option<AppId> =
        body.app_id.map(|id| id.parse().map_err(|_| Problem::not_found("this app"))).transpose()?;
    let is_field = |field: &String| {
        !field.is_empty() && !field.contains(',') && field.chars().count() <= FIELD_CHARACTERS_MAX
    };
    if body.fields.len() > FIELDS_MAX || !body.fields.iter().all(is_field) {
        return Err(Problem::invalid("fields: a list of names such as messages is expected"));
    }
    let open =
        async move |ctx: &Ctx, tx: &mut _| listeners::open(ctx, tx, waba, of, &body.fields, body.keep).await;
    let opened = app.db.transact(&ctx, "listeners.open", open).await?;
    Ok((StatusCode::CREATED, Json(view(&opened))))
}

#[derive(Debug, Deserialize)]
struct Reopen {
    #[serde(default)]
    keep: bool,
}

/// `POST …/webhook-listeners/{listener_id}/open {"keep"}`: takes it up again, also when it has ended.
async fn reopen(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Reopen>,
) -> Result<Json<Value>, Problem> {
    let id = listener_id(&id)?;
    let reopen = async move |ctx: &Ctx, tx: &mut _| listeners::reopen(ctx, tx, id, body.keep).await;
    let listener = app.db.transact(&ctx, "listeners.reopen", reopen).await.map_err(refused)?;
    Ok(Json(view(&listener)))
}

/// `DELETE …/webhook-listeners/{listener_id}`: what still waits for it is given up, and counted in the answer.
async fn end(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = listener_id(&id)?;
    let end = async move |ctx: &Ctx, tx: &mut _| listeners::end(ctx, tx, id).await;
    let given_up = app.db.transact(&ctx, "listeners.end", end).await.map_err(refused)?;
    Ok(Json(json!({"ok": true, "given_up": given_up})))
}

#[derive(Debug, Deserialize)]
struct Take {
    #[serde(default)]
    limit: usize,
    #[serde(default)]
    timeout_s: u64,
}

/// `POST …/webhook-listeners/{listener_id}/take {"limit", "timeout_s"}`: what is there, waited for if need be.
async fn take(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Take>,
) -> Result<Json<Value>, Problem> {
    let id = listener_id(&id)?;
    if body.limit > TAKEN_MAX || body.timeout_s > TIMEOUT_S_MAX {
        let what = format!("limit: at most {TAKEN_MAX}; timeout_s: at most {TIMEOUT_S_MAX}");
        return Err(Problem::invalid(what));
    }
    let ask = async move |ctx: &Ctx, tx: &mut _| listeners::ask(ctx, tx, id).await;
    app.db.transact(&ctx, "listeners.ask", ask).await.map_err(refused)?;
    let until = Instant::now() + Duration::from_secs(body.timeout_s);
    loop {
        // Listening comes before looking: nothing falls between the two.
        let news = app.listeners.notified();
        let taken = taken(&app, &ctx, id, body.limit).await?;
        if !taken.is_empty() || body.limit == 0 || Instant::now() >= until {
            return Ok(Json(json!({"data": taken.iter().map(handed).collect::<Vec<_>>()})));
        }
        tokio::select! {
            () = app.shutdown.cancelled() => return Ok(Json(json!({"data": []}))),
            () = news => {}
            () = sleep(LOOK_EVERY) => {}
            () = sleep_until(until) => {}
        }
    }
}

async fn taken(app: &App, ctx: &Ctx, id: WebhookListenerId, limit: usize) -> Result<Vec<Handed>, Problem> {
    // Looking costs no write.
    let is_due = async move |ctx: &Ctx, tx: &mut _| listeners::is_due(ctx, tx, id).await;
    if limit == 0 || !app.db.read(ctx, "listeners.is_due", is_due).await.map_err(refused)? {
        return Ok(Vec::new());
    }
    let business = app.business.clone();
    let take = async move |ctx: &Ctx, tx: &mut _| business.take(ctx, tx, id, limit).await;
    app.db.transact(ctx, "listeners.take", take).await.map_err(refused)
}

fn handed(handed: &Handed) -> Value {
    let headers: BTreeMap<_, _> = handed.headers.iter().map(|(name, value)| (*name, value)).collect();
    json!({
        "delivery_id": handed.delivery_id, "lane": handed.lane.to_string(), "attempt": handed.attempt,
        "headers": headers, "body": handed.body,
    })
}

#[derive(Debug, Deserialize)]
struct Outcomes {
    #[serde(default)]
    outcomes: Vec<Heard>,
    /// What was taken and not tried.
    #[serde(default)]
    untried: Vec<WebhookDeliveryId>,
}

#[derive(Debug, Deserialize)]
struct Heard {
    delivery_id: WebhookDeliveryId,
    /// What the program answered, if it did.
    status: Option<u16>,
    duration_ms: u64,
    /// Absent: it went well.
    error: Option<String>,
    #[serde(default)]
    answer: String,
}

/// `POST …/webhook-listeners/{listener_id}/outcomes {"outcomes": […], "untried": […]}`
async fn outcomes(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Outcomes>,
) -> Result<Json<Value>, Problem> {
    let id = listener_id(&id)?;
    if body.outcomes.len() > TAKEN_MAX || body.untried.len() > TAKEN_MAX {
        return Err(Problem::invalid(format!("outcomes, untried: at most {TAKEN_MAX}")));
    }
    let now = ctx.now();
    let outcome = |heard: Heard| {
        let duration = Duration::from_millis(heard.duration_ms);
        Outcome {
            delivery_id: heard.delivery_id,
            attempts: 0,
            at: now,
            duration,
            status: heard.status.map(i64::from),
            error: heard.error,
            answer: heard.answer,
        }
    };
    let outcomes: Vec<Outcome> = body.outcomes.into_iter().map(outcome).collect();
    let record = async move |ctx: &Ctx, tx: &mut _| {
        listeners::heard(ctx, tx, id, outcomes.clone(), &body.untried).await
    };
    app.db.transact(&ctx, "listeners.heard", record).await.map_err(refused)?;
    Ok(Json(json!({"ok": true})))
}
