//! What the operator reviews: templates that wait for a decision.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use plaza_business::templates::{self, Decision, Template, TemplateError};
use plaza_protocol::{Ctx, ErrorCode, TemplateId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) after: Option<String>,
    status: Option<String>,
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
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let word = page.status.unwrap_or_else(|| "PENDING".to_owned());
    let status = templates::Status::parse(&word)
        .ok_or_else(|| Problem::invalid("status: not a status of a template"))?;
    let after: Option<TemplateId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| Problem::invalid("after: not the id of a template"))?;
    let list = async move |ctx: &Ctx, tx: &mut _| templates::queue(ctx, tx, status, after).await;
    let found = app.db.read(&ctx, "operator.templates", list).await?;
    Ok(Json(json!({"data": found.iter().map(template_view).collect::<Vec<_>>()})))
}

/// `POST /operator/api/templates/{template_id}/approve`
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    decide(&app, &ctx, &id, Decision::Approve).await
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Rejection {
    reason: Option<String>,
}

/// `POST /operator/api/templates/{template_id}/reject`
pub(super) async fn reject(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Rejection>,
) -> Result<Json<Value>, Problem> {
    decide(&app, &ctx, &id, Decision::Reject(body.reason)).await
}

async fn decide(app: &App, ctx: &Ctx, id: &str, decision: Decision) -> Result<Json<Value>, Problem> {
    let id: TemplateId = id.parse().map_err(|_| Problem::not_found("this template"))?;
    let decide = async move |ctx: &Ctx, tx: &mut _| templates::decide(ctx, tx, id, decision.clone()).await;
    let template = app.db.transact(ctx, "operator.decide", decide).await?;
    Ok(Json(template_view(&template)))
}

#[derive(Debug, Deserialize)]
pub(super) struct NewCategory {
    category: String,
}

/// `POST /operator/api/templates/{template_id}/category`: a template that was handed in under another one than its own.
pub(super) async fn set_category(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<NewCategory>,
) -> Result<Json<Value>, Problem> {
    let id: TemplateId = id.parse().map_err(|_| Problem::not_found("this template"))?;
    let set = async move |ctx: &Ctx, tx: &mut _| templates::set_category(ctx, tx, id, &body.category).await;
    let template = app.db.transact(&ctx, "operator.set_category", set).await?;
    Ok(Json(template_view(&template)))
}
