//! What a business pays with, what it paid in, and when it tops itself up.

use super::{Caller, PAGE_ROWS};
use crate::app::App;
use crate::payments::payment_view;
use crate::problem::{Body, Problem};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use plaza_db::Tx;
use plaza_payments::{self as payments, Automatic, Filter, Method, TopUp};
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::{Ctx, Currency, Micros, PaymentId, PaymentMethodId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The addresses.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/payments", get(list).post(top_up))
        .route("/payments/{payment_id}", get(one))
        .route("/payments/{payment_id}/look-up", post(look_up))
        .route("/payments/{payment_id}/confirm", post(confirm))
        .route("/payments/{payment_id}/cancel", post(cancel))
        .route("/payment-methods", get(list_methods).post(add_method))
        .route("/payment-methods/set-up", post(set_up))
        .route("/payment-methods/{method_id}", delete(remove_method))
        .route("/payment-methods/{method_id}/default", post(set_default))
        .route("/automatic-top-up", get(automatic).post(set_automatic))
}

fn payment_id(text: &str) -> Result<PaymentId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this payment"))
}

fn method_id(text: &str) -> Result<PaymentMethodId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this payment method"))
}

pub(crate) fn amount(name: &str, text: &str) -> Result<Micros, Problem> {
    let what =
        || format!("{name}: a decimal such as 100.00 is expected, no larger than nine million millions");
    Micros::parse_decimal(text).ok_or_else(|| Problem::invalid(what()))
}

fn method_view(method: &Method) -> Value {
    json!({
        "method_id": method.method_id, "kind": method.kind, "brand": method.brand, "last4": method.last4,
        "expires": method.expires, "is_default": method.is_default, "created_at": method.created_at.seconds(),
    })
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    state: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

/// `GET /manager/api/payments?state=&limit=&after=`
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let filter = Filter {
        portfolio: Some(caller.token.portfolio),
        ..filter(query.state.as_deref(), query.after.as_deref())?
    };
    let read = async move |ctx: &Ctx, tx: &mut Tx| payments::payments(ctx, tx, &filter, limit).await;
    let found = app.db.read(&ctx, "manager.payments", read).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.payment_id);
    let data: Vec<Value> = found.iter().map(payment_view).collect();
    Ok(Json(json!({"data": data, "next": next, "provider": app.payments.provider_name()})))
}

/// The state and the place of a query.
pub(crate) fn filter(state: Option<&str>, before: Option<&str>) -> Result<Filter, Problem> {
    let state = state.filter(|word| !word.is_empty()).map(|word| {
        let words: Vec<&str> = payments::State::ALL.iter().map(|state| state.as_str()).collect();
        let what = format!("state: one of {} is expected", words.join(", "));
        payments::State::parse(word).ok_or_else(|| Problem::invalid(what))
    });
    let before = before.map(|id| id.parse().map_err(|_| Problem::invalid("after: the id of a payment")));
    Ok(Filter { portfolio: None, state: state.transpose()?, before: before.transpose()? })
}

/// `GET /manager/api/payments/{payment_id}`
async fn one(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (id, portfolio) = (payment_id(&id)?, caller.token.portfolio);
    let read = async move |ctx: &Ctx, tx: &mut Tx| payments::payment_of(ctx, tx, portfolio, id).await;
    Ok(Json(payment_view(&app.db.read(&ctx, "manager.payment", read).await?)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTopUp {
    amount: String,
    /// The same key twice pays once.
    key: String,
    currency: Option<String>,
    method_id: Option<PaymentMethodId>,
    #[serde(default)]
    by_bank_transfer: bool,
}

/// `POST /manager/api/payments {"amount": "100.00", "key": "…"}`
async fn top_up(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<NewTopUp>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let currency: Option<Currency> = body
        .currency
        .map(|code| code.parse().map_err(|error| Problem::invalid(format!("currency: {error}"))))
        .transpose()?;
    let top_up = TopUp {
        portfolio_id: caller.token.portfolio,
        amount: amount("amount", &body.amount)?,
        currency,
        key: body.key,
        method: body.method_id,
        by_bank_transfer: body.by_bank_transfer,
    };
    let payment = app.payments.top_up(&ctx, top_up).await?;
    let status = if payment.state.is_open() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(payment_view(&payment))))
}

/// `POST /manager/api/payments/{payment_id}/look-up`: asks the provider how it stands.
async fn look_up(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (id, portfolio) = (payment_id(&id)?, caller.token.portfolio);
    let read = async move |ctx: &Ctx, tx: &mut Tx| payments::payment_of(ctx, tx, portfolio, id).await;
    app.db.read(&ctx, "manager.payment", read).await?;
    Ok(Json(payment_view(&app.payments.advance(&ctx, id).await?)))
}

#[derive(Debug, Deserialize)]
struct Confirm {
    approve: bool,
}

/// `POST /manager/api/payments/{payment_id}/confirm {"approve": true}`: the payer's answer to the built-in provider. With
/// a real one, the payer confirms there.
async fn confirm(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(body): Body<Confirm>,
) -> Result<Json<Value>, Problem> {
    let payment = app.payments.answer(&ctx, caller.token.portfolio, payment_id(&id)?, body.approve).await?;
    Ok(Json(payment_view(&payment)))
}

/// `POST /manager/api/payments/{payment_id}/cancel`
async fn cancel(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let payment = app.payments.cancel(&ctx, caller.token.portfolio, payment_id(&id)?).await?;
    Ok(Json(payment_view(&payment)))
}

/// `GET /manager/api/payment-methods`
async fn list_methods(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let read = async move |ctx: &Ctx, tx: &mut Tx| payments::methods(ctx, tx, portfolio).await;
    let found = app.db.read(&ctx, "manager.payment_methods", read).await?;
    let data: Vec<Value> = found.iter().map(method_view).collect();
    let card_form = app.settings.payments.card_form();
    let card_form = card_form.map(|(url, key)| json!({"script_url": url, "publishable_key": key}));
    Ok(Json(json!({"data": data, "provider": app.payments.provider_name(), "card_form": card_form})))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMethod {
    /// What the provider's page gave.
    token: String,
}

/// `POST /manager/api/payment-methods {"token": "pm_…"}`
async fn add_method(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<NewMethod>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let method = app.payments.add_method(&ctx, caller.token.portfolio, body.token).await?;
    Ok((StatusCode::CREATED, Json(method_view(&method))))
}

/// `POST /manager/api/payment-methods/set-up`: what the provider's script needs to take a card in the page.
async fn set_up(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let set_up = app.payments.set_up(&ctx, caller.token.portfolio).await?;
    Ok(Json(json!({
        "provider": app.payments.provider_name(), "client_secret": set_up.client_secret,
        "publishable_key": set_up.publishable_key,
    })))
}

/// `POST /manager/api/payment-methods/{method_id}/default`
async fn set_default(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let method = app.payments.set_default(&ctx, caller.token.portfolio, method_id(&id)?).await?;
    Ok(Json(method_view(&method)))
}

/// `DELETE /manager/api/payment-methods/{method_id}`
async fn remove_method(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    app.payments.remove_method(&ctx, caller.token.portfolio, method_id(&id)?).await?;
    Ok(Json(json!({"ok": true})))
}

fn automatic_view(settings: &Automatic, now: Timestamp) -> Value {
    let paused = Some(settings.paused_until).filter(|until| *until > now).map(Timestamp::seconds);
    json!({
        "is_enabled": settings.is_enabled, "threshold_micros": settings.threshold.0,
        "amount_micros": settings.amount.0, "monthly_max_micros": settings.monthly_max.map(|most| most.0), "paused_until": paused,
    })
}

/// `GET /manager/api/automatic-top-up`
async fn automatic(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let read = async move |ctx: &Ctx, tx: &mut Tx| payments::automatic(ctx, tx, portfolio).await;
    let settings = app.db.read(&ctx, "manager.automatic_top_up", read).await?;
    Ok(Json(automatic_view(&settings, ctx.now())))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAutomatic {
    is_enabled: bool,
    threshold: String,
    amount: String,
    /// Absent: whatever it takes.
    monthly_max: Option<String>,
}

/// `POST /manager/api/automatic-top-up {"is_enabled": true, "threshold": "20", "amount": "100", "monthly_max": "500"}`
async fn set_automatic(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<SetAutomatic>,
) -> Result<Json<Value>, Problem> {
    let wanted = Automatic {
        is_enabled: body.is_enabled,
        threshold: amount("threshold", &body.threshold)?,
        amount: amount("amount", &body.amount)?,
        monthly_max: body
            .monthly_max
            .filter(|text| !text.is_empty())
            .map(|text| amount("monthly_max", &text))
            .transpose()?,
        paused_until: Timestamp::default(),
    };
    let portfolio = caller.token.portfolio;
    let set = async move |ctx: &Ctx, tx: &mut Tx| payments::set_automatic(ctx, tx, portfolio, &wanted).await;
    let settings = app.db.transact(&ctx, "manager.set_automatic_top_up", set).await?;
    Ok(Json(automatic_view(&settings, ctx.now())))
}
