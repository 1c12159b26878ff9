//! What the operator looks after: webhook deliveries, templates that wait for review, businesses.

use super::ctx;
use crate::app::App;
use crate::gateway::GatewayError;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use plaza_business::portfolios::{self, CreateError, CreatedBusiness, LookupError, NewBusiness};
use plaza_business::templates::{self, Decision, Template, TemplateError};
use plaza_business::webhooks::{self, DeliveryState, DeliveryView};
use plaza_db::DbError;
use plaza_messaging::MessagingError;
use plaza_protocol::{
    Ctx, Currency, ErrorCode, Micros, PhoneNumber, PhoneNumberId, PortfolioId, TemplateId, Timestamp, WebhookDeliveryId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<usize>,
    after: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

fn invalid(detail: impl Into<String>) -> Problem {
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
    let after: Option<WebhookDeliveryId> =
        page.after.map(|after| after.parse()).transpose().map_err(|_| invalid("after: not the id of a delivery"))?;
    let state = match page.state.as_deref() {
        None | Some("") => None,
        Some(word) => {
            Some(DeliveryState::parse(word).ok_or_else(|| invalid("state: pending, delivered or dead is needed"))?)
        }
    };
    let list = async move |ctx: &Ctx, tx: &mut _| webhooks::deliveries(ctx, tx, state, after, limit).await;
    let deliveries = app.db.read(&ctx(&app), "operator.deliveries", list).await?;
    let next = deliveries.last().filter(|_| deliveries.len() == limit).map(|last| last.delivery_id);
    Ok(Json(json!({"data": deliveries.iter().map(delivery_view).collect::<Vec<_>>(), "next": next})))
}

/// `GET /operator/api/webhook-deliveries/{delivery_id}`: with every call that was made.
pub(super) async fn delivery(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
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
pub(super) async fn resend(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
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

fn template_view(template: &Template) -> Value {
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
    let status = templates::Status::parse(&word).ok_or_else(|| invalid("status: not a status of a template"))?;
    let after: Option<TemplateId> =
        page.after.map(|after| after.parse()).transpose().map_err(|_| invalid("after: not the id of a template"))?;
    let list = async move |ctx: &Ctx, tx: &mut _| templates::queue(ctx, tx, status, after).await;
    let found = app.db.read(&ctx(&app), "operator.templates", list).await?;
    Ok(Json(json!({"data": found.iter().map(template_view).collect::<Vec<_>>()})))
}

/// `POST /operator/api/templates/{template_id}/approve`
pub(super) async fn approve(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
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

/// What `plaza business create` and the console send.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CreateBusiness {
    name: String,
    number: String,
    country: Option<String>,
    currency: Option<String>,
    time_zone: Option<String>,
    credit: Option<String>,
}

/// A business cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewBusinessError {
    #[error("opening the number's account")]
    Gateway(#[from] GatewayError),
    #[error("creating the business")]
    Create(#[from] CreateError),
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<NewBusinessError> for Problem {
    fn from(error: NewBusinessError) -> Self {
        match error {
            NewBusinessError::Gateway(GatewayError::Messaging(MessagingError::NumberTaken))
            | NewBusinessError::Create(CreateError::NumberTaken) => {
                Self::new(ErrorCode::AlreadyExists, "number: it belongs to an account already")
            }
            NewBusinessError::Gateway(GatewayError::Messaging(error @ MessagingError::Invalid { .. })) => error.into(),
            NewBusinessError::Create(error @ CreateError::Invalid { .. }) => {
                Self::new(ErrorCode::Invalid, error.to_string())
            }
            NewBusinessError::Db(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl App {
    /// Opens the number's account and makes the business around it, in one transaction.
    pub(crate) async fn create_business(
        self: &Arc<Self>,
        ctx: &Ctx,
        new: NewBusiness,
    ) -> Result<CreatedBusiness, NewBusinessError> {
        let app = self.clone();
        self.db
            .transact(ctx, "operator.create_business", async move |ctx, tx| {
                let account_id = app.gateway.open(ctx, tx, &new.number, &new.name).await?;
                let new = NewBusiness { account_id, ..new.clone() };
                Ok(app.business.create(ctx, tx, &new).await?)
            })
            .await
    }
}

/// `POST /operator/api/businesses`
pub(super) async fn create_business(
    State(app): State<Arc<App>>,
    Body(body): Body<CreateBusiness>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let number: PhoneNumber = body.number.parse().map_err(|error| invalid(format!("number: {error}")))?;
    let currency: Currency = body
        .currency
        .as_deref()
        .unwrap_or("USD")
        .parse()
        .map_err(|error| invalid(format!("currency: {error}")))?;
    let credit = Micros::parse_decimal(body.credit.as_deref().unwrap_or("0"))
        .ok_or_else(|| invalid("credit: write an amount such as 100.00, with at most six digits after the point"))?;
    let new = NewBusiness {
        name: body.name,
        number,
        // Taken from the account that is opened.
        account_id: plaza_protocol::AccountId(Default::default()),
        country: body.country.unwrap_or_else(|| "US".to_owned()),
        currency,
        time_zone: body.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        credit,
    };
    let created = app.create_business(&ctx(&app), new).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({
            "business_id": created.business_id, "waba_id": created.waba_id,
            "phone_number_id": created.phone_number_id, "display_phone_number": created.display_phone_number,
            "app_id": created.app_id, "app_secret": created.app_secret.0, "access_token": created.access_token.0,
        })),
    ))
}

/// `GET /operator/api/businesses?after=`
pub(super) async fn businesses(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let after: Option<PhoneNumberId> =
        page.after.map(|after| after.parse()).transpose().map_err(|_| invalid("after: not the id of a number"))?;
    let list = async move |ctx: &Ctx, tx: &mut _| portfolios::numbers_after(ctx, tx, after).await;
    let numbers = app.db.read(&ctx(&app), "operator.businesses", list).await.map_err(|error| match error {
        LookupError::NotFound => Problem::not_found("this business"),
        LookupError::Db(error) => error.into(),
    })?;
    let data: Vec<Value> = numbers
        .iter()
        .map(|number| {
            json!({
                "business_id": number.portfolio_id, "waba_id": number.waba_id,
                "phone_number_id": number.phone_number_id, "display_phone_number": number.number,
                "name": number.verified_name, "quality": number.quality,
            })
        })
        .collect();
    Ok(Json(json!({"data": data})))
}

#[derive(Debug, Deserialize)]
pub(super) struct Credit {
    amount: String,
    /// The same key twice credits once.
    key: String,
}

/// `POST /operator/api/businesses/{business_id}/credit`
pub(super) async fn credit(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Body(body): Body<Credit>,
) -> Result<Json<Value>, Problem> {
    let portfolio: PortfolioId = id.parse().map_err(|_| Problem::not_found("this business"))?;
    let amount = Micros::parse_decimal(&body.amount)
        .filter(|amount| *amount > Micros::ZERO)
        .ok_or_else(|| invalid("amount: write a positive amount such as 100.00"))?;
    if body.key.is_empty() || body.key.len() > 100 {
        return Err(invalid("key: 1 to 100 characters of your choice; the same key credits once"));
    }
    let top_up = async move |ctx: &Ctx, tx: &mut _| {
        plaza_billing::top_up(ctx, tx, portfolio, amount, &body.key).await
    };
    let balance = app.db.transact(&ctx(&app), "operator.credit", top_up).await?;
    Ok(Json(json!({
        "currency": balance.currency.code(), "posted_micros": balance.posted.0, "held_micros": balance.held.0,
        "available_micros": balance.available.0, "at": Timestamp::seconds(app.ctx.now()),
    })))
}
