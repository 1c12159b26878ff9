//! # Webhook deliveries, looked at
//!
//! The operator sees everybody's, a business its own: the addresses are the same below both surfaces, and whose rows they
//! show follows from the context that the surface has put beside the request.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plaza_business::webhooks::{self, DeliveryFilter, DeliveryState, DeliveryView};
use plaza_db::DbError;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::{Ctx, WebhookDeliveryId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;

/// The addresses, for a surface that lets nobody in without an [`Extension`] of who they are.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/webhook-deliveries", get(list))
        .route("/webhook-deliveries/{delivery_id}", get(one))
        .route("/webhook-deliveries/{delivery_id}/resend", post(resend))
}

#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<usize>,
    after: Option<String>,
    state: Option<String>,
    field: Option<String>,
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

/// `GET …/webhook-deliveries?state=&field=&limit=&after=`
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
    let filter =
        DeliveryFilter { state: state.transpose()?, field: page.field.filter(|field| !field.is_empty()) };
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
