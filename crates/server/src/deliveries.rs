//! # Webhook deliveries, looked at
//!
//! The operator sees everybody's, a business its own: the addresses are the same below both surfaces, and whose rows
//! they show follows from the context that the surface has put beside the request.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plaza_business::webhooks::{self, DeliveryFilter, DeliveryState, DeliveryView};
use plaza_db::DbError;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::{AppId, Ctx, WabaId, WebhookDeliveryId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;
/// Deliveries that one call replays.
const REPLAY_ROWS: usize = 1000;

/// The addresses, for a surface that lets nobody in without an [`Extension`] of who they are.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/webhook-deliveries", get(list))
        .route("/webhook-deliveries/replay", post(replay))
        .route("/webhook-deliveries/{delivery_id}", get(one))
        .route("/webhook-deliveries/{delivery_id}/resend", post(resend))
}

#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<usize>,
    after: Option<String>,
    state: Option<String>,
    field: Option<String>,
    waba_id: Option<String>,
    app_id: Option<String>,
}

/// Which deliveries; what is not given narrows nothing.
#[derive(Debug, Deserialize)]
struct Wanted {
    field: Option<String>,
    waba_id: Option<String>,
    app_id: Option<String>,
}

impl Wanted {
    fn filter(self, state: Option<DeliveryState>) -> Result<DeliveryFilter, Problem> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let waba: Option<WabaId> = given(self.waba_id)
            .map(|id| id.parse().map_err(|_| Problem::invalid("waba_id: the id of an account is expected")))
            .transpose()?;
        let app: Option<AppId> = given(self.app_id)
            .map(|id| id.parse().map_err(|_| Problem::invalid("app_id: the id of an app is expected")))
            .transpose()?;
        Ok(DeliveryFilter { state, field: given(self.field), waba, app })
    }
}

fn view(delivery: &DeliveryView) -> Value {
    json!({
        "delivery_id": delivery.delivery_id, "waba_id": delivery.waba_id, "field": delivery.field,
        "url": delivery.url, "state": delivery.state.as_str(), "attempts": delivery.attempts,
        "next_attempt_at": (delivery.state == DeliveryState::Pending).then(|| delivery.next_attempt_at.seconds()),
        "last_status": delivery.last_status, "last_error": delivery.last_error,
        "created_at": delivery.created_at.seconds(), "body": delivery.body,
    })
}

/// `GET …/webhook-deliveries?state=&field=&waba_id=&app_id=&limit=&after=`
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let limit = page.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let after: Option<WebhookDeliveryId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| Problem::invalid("after: not the id of a delivery"))?;
    let state = page.state.filter(|word| !word.is_empty()).map(|word| {
        DeliveryState::parse(&word)
            .ok_or_else(|| Problem::invalid("state: pending, delivered or dead is needed"))
    });
    let wanted = Wanted { field: page.field, waba_id: page.waba_id, app_id: page.app_id };
    let filter = wanted.filter(state.transpose()?)?;
    let list = async move |ctx: &Ctx, tx: &mut _| webhooks::deliveries(ctx, tx, &filter, after, limit).await;
    let deliveries = app.db.read(&ctx, "webhooks.list", list).await?;
    let next = deliveries.last().filter(|_| deliveries.len() == limit).map(|last| last.delivery_id);
    Ok(Json(json!({"data": deliveries.iter().map(view).collect::<Vec<_>>(), "next": next})))
}

/// `GET …/webhook-deliveries/{delivery_id}`: with the calls that were made, the latest first.
async fn one(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = delivery_id(&id)?;
    let (delivery, attempts) = app
        .db
        .read(&ctx, "webhooks.one", async move |ctx, tx| {
            let delivery = webhooks::delivery(ctx, tx, id).await?;
            Ok::<_, DbError>((delivery, webhooks::attempts(ctx, tx, id).await?))
        })
        .await?;
    let mut view = view(&delivery.ok_or_else(|| Problem::not_found("this delivery"))?);
    view["tries"] = attempts
        .iter()
        .map(|attempt| {
            json!({
                "attempt": attempt.attempt, "at": attempt.at.seconds(), "duration_ms": attempt.duration_ms,
                "status": attempt.status, "error": attempt.error, "answer": attempt.answer,
            })
        })
        .collect();
    Ok(Json(view))
}

/// `POST …/webhook-deliveries/replay {"field", "waba_id", "app_id"}`: what was given up is due again, a bounded number
/// at a time; the answer says whether there is more.
async fn replay(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<Wanted>,
) -> Result<Json<Value>, Problem> {
    let filter = body.filter(None)?;
    let replay = async move |ctx: &Ctx, tx: &mut _| webhooks::replay(ctx, tx, &filter, REPLAY_ROWS).await;
    let replayed = app.db.transact(&ctx, "webhooks.replay", replay).await?;
    Ok(Json(
        json!({"replayed": replayed, "is_more": usize::try_from(replayed).is_ok_and(|n| n >= REPLAY_ROWS)}),
    ))
}

/// `POST …/webhook-deliveries/{delivery_id}/resend`
async fn resend(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = delivery_id(&id)?;
    let resend = async move |ctx: &Ctx, tx: &mut _| webhooks::resend(ctx, tx, id).await;
    match app.db.transact(&ctx, "webhooks.resend", resend).await? {
        true => Ok(Json(json!({"ok": true}))),
        false => Err(Problem::not_found("this delivery")),
    }
}

fn delivery_id(text: &str) -> Result<WebhookDeliveryId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this delivery"))
}
