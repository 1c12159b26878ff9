//! What the operator looks after: webhook deliveries, and templates that wait for review.

use super::ctx;
use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use plaza_business::templates::{self, Decision, Template, TemplateError};
use plaza_business::webhooks::{self, DeliveryState, DeliveryView};
use plaza_db::DbError;
use plaza_protocol::{Ctx, ErrorCode, TemplateId, WebhookDeliveryId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) limit: Option<usize>,
    pub(super) after: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

pub(super) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::Invalid, detail)
}

fn delivery_view(delivery: &DeliveryView) -> Value {
    json!({
        "delivery_id": delivery.delivery_id, "waba_id": delivery.waba_id, "field": delivery.field,
        "url": delivery.url, "state": delivery.state.as_str(), "attempts": delivery.attempts,
        "next_attempt_at": (delivery.state == DeliveryState::Pending).then(|| delivery.next_attempt_at.seconds()),
        "last_status": delivery.last_status, "last_error": delivery.last_error,
        "created_at": delivery.created_at.seconds(), "body": delivery.body,
    })
}

/// `GET /operator/api/webhook-deliveries?state=&limit=&after=`
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let limit = page.limit.unwrap_or(PAGE_ROWS).clamp(1, 100);
    let after: Option<WebhookDeliveryId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| invalid("after: not the id of a delivery"))?;
    let state = match page.state.as_deref() {
        None | Some("") => None,
        Some(word) => Some(
            DeliveryState::parse(word)
                .ok_or_else(|| invalid("state: pending, delivered or dead is needed"))?,
        ),
    };
    let list = async move |ctx: &Ctx, tx: &mut _| webhooks::deliveries(ctx, tx, state, after, limit).await;
    let deliveries = app.db.read(&ctx(&app), "operator.deliveries", list).await?;
    let next = deliveries.last().filter(|_| deliveries.len() == limit).map(|last| last.delivery_id);
    Ok(Json(json!({"data": deliveries.iter().map(delivery_view).collect::<Vec<_>>(), "next": next})))
}

/// `GET /operator/api/webhook-deliveries/{delivery_id}`: with every call that was made.
pub(super) async fn delivery(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = delivery_id(&id)?;
    let (delivery, attempts) = app
        .db
        .read(&ctx(&app), "operator.delivery", async move |ctx, tx| {
            let delivery = webhooks::delivery(ctx, tx, id).await?;
            Ok::<_, DbError>((delivery, webhooks::attempts(ctx, tx, id).await?))
        })
        .await?;
    let mut view = delivery_view(&delivery.ok_or_else(|| Problem::not_found("this delivery"))?);
    view["tries"] = attempts
        .iter()
        .map(|attempt| {
            json!({
                "attempt": attempt.attempt, "at": attempt.at.seconds(), "duration_ms": attempt.duration_ms,
                "status": attempt.status, "error": attempt.error,
            })
        })
        .collect();
    Ok(Json(view))
}

/// `POST /operator/api/webhook-deliveries/{delivery_id}/resend`
pub(super) async fn resend(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = delivery_id(&id)?;
    let resend = async move |ctx: &Ctx, tx: &mut _| webhooks::resend(ctx, tx, id).await;
    match app.db.transact(&ctx(&app), "operator.resend", resend).await? {
        true => Ok(Json(json!({"ok": true}))),
        false => Err(Problem::not_found("this delivery")),
    }
}

fn delivery_id(text: &str) -> Result<WebhookDeliveryId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this delivery"))
}

impl From<TemplateError> for Problem {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::NotFound => Self::not_found("this template"),
            TemplateError::Db(error) => error.into(),
            other => Self::new(ErrorCode::Invalid, other.to_string()),
        }
    }
}

pub(super) fn template_view(template: &Template) -> Value {
    json!({
        "template_id": template.template_id, "waba_id": template.waba_id, "name": template.name,
        "language": template.language, "category": template.category_word(), "status": template.status.as_str(),
        "body": template.body(),
    })
}

/// `GET /operator/api/templates?status=PENDING`
pub(super) async fn templates(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let word = page.status.unwrap_or_else(|| "PENDING".to_owned());
    let status =
        templates::Status::parse(&word).ok_or_else(|| invalid("status: not a status of a template"))?;
    let after: Option<TemplateId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| invalid("after: not the id of a template"))?;
    let list = async move |ctx: &Ctx, tx: &mut _| templates::queue(ctx, tx, status, after).await;
    let found = app.db.read(&ctx(&app), "operator.templates", list).await?;
    Ok(Json(json!({"data": found.iter().map(template_view).collect::<Vec<_>>()})))
}

/// `POST /operator/api/templates/{template_id}/approve`
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    decide(&app, &id, Decision::Approve).await
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Rejection {
    reason: Option<String>,
}

/// `POST /operator/api/templates/{template_id}/reject`
pub(super) async fn reject(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Body(body): Body<Rejection>,
) -> Result<Json<Value>, Problem> {
    decide(&app, &id, Decision::Reject(body.reason)).await
}

async fn decide(app: &App, id: &str, decision: Decision) -> Result<Json<Value>, Problem> {
    let id: TemplateId = id.parse().map_err(|_| Problem::not_found("this template"))?;
    let decide = async move |ctx: &Ctx, tx: &mut _| templates::decide(ctx, tx, id, decision.clone()).await;
    let template = app.db.transact(&ctx(app), "operator.decide", decide).await?;
    Ok(Json(template_view(&template)))
}
