//! A portfolio's money as the operator handles it: its funds, its credit line, promotional credit, caps and thresholds.

use crate::app::App;
use crate::balances::{self, CapBody, WatchBody, amount};
use crate::problem::{Body, Problem};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use plaza_billing::exchange::{self, EXCHANGES_MAX, Exchanged};
use plaza_billing::funds::{self, NewGrant};
use plaza_billing::lapses;
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn portfolio(text: &str) -> Result<PortfolioId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this business"))
}

/// `GET /operator/api/businesses/{business_id}/billing`
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    balances::overview(&app, &ctx, portfolio(&id)?).await
}

#[derive(Debug, Deserialize)]
pub(super) struct CreditLine {
    /// What the portfolio may owe.
    limit: String,
    /// The same key changes once.
    key: String,
}

/// `POST /operator/api/businesses/{business_id}/credit-line`
pub(super) async fn set_credit_line(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<CreditLine>,
) -> Result<Json<Value>, Problem> {
    let (portfolio, limit) = (portfolio(&id)?, amount("limit", &body.limit)?);
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        funds::set_credit_limit(ctx, tx, portfolio, limit, &body.key).await
    };
    let credit = app.db.transact(&ctx, "operator.set_credit_line", set).await?;
    Ok(Json(json!({
        "limit_micros": credit.limit.0, "used_micros": credit.used.0, "held_micros": credit.held.0,
    })))
}

#[derive(Debug, Deserialize)]
pub(super) struct Promo {
    amount: String,
    /// It ends after so many days.
    days: u32,
    note: Option<String>,
    /// The same key gives once.
    key: String,
}

/// `POST /operator/api/businesses/{business_id}/promo`
pub(super) async fn grant(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Promo>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (portfolio, amount) = (portfolio(&id)?, amount("amount", &body.amount)?);
    if !(1..=funds::GRANT_DAYS_MAX).contains(&body.days) {
        return Err(Problem::invalid(format!("days: 1 to {} is expected", funds::GRANT_DAYS_MAX)));
    }
    let lasts = DAY.saturating_mul(body.days);
    let grant = async move |ctx: &Ctx, tx: &mut Tx| {
        let (note, key) = (body.note.clone().unwrap_or_default(), body.key.clone());
        funds::grant(ctx, tx, portfolio, &NewGrant { amount, lasts, note, key }).await
    };
    let promo = app.db.transact(&ctx, "operator.grant", grant).await?;
    let status = if promo.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(json!({"grant_id": promo.grant_id.to_string(), "repeated": promo.repeated}))))
}

/// `POST /operator/api/businesses/{business_id}/reinstate`: gives back what has lapsed.
pub(super) async fn reinstate(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let portfolio = portfolio(&id)?;
    let reinstate = async move |ctx: &Ctx, tx: &mut Tx| lapses::reinstate(ctx, tx, portfolio).await;
    let given = app.db.transact(&ctx, "operator.reinstate", reinstate).await?;
    Ok(Json(json!({"reinstated_micros": given.0})))
}

/// `GET /operator/api/exchanges`: the newest.
pub(super) async fn exchanges(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let newest = async |ctx: &Ctx, tx: &mut Tx| exchange::exchanges(ctx, tx, EXCHANGES_MAX).await;
    let made = app.db.read(&ctx, "operator.exchanges", newest).await?;
    let view = |made: &Exchanged| {
        json!({
            "exchange_id": made.exchange_id.to_string(), "business_id": made.portfolio.to_string(),
            "from_currency": made.foreign.currency.code(), "from_micros": made.foreign.amount.0,
            "to_currency": made.currency.code(), "to_micros": made.amount.0,
            "rate": made.foreign.rate.to_string(), "at": made.at.seconds(),
        })
    };
    Ok(Json(json!({"data": made.iter().map(view).collect::<Vec<_>>()})))
}

/// `POST /operator/api/businesses/{business_id}/caps`
pub(super) async fn set_cap(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<CapBody>,
) -> Result<Json<Value>, Problem> {
    balances::set_cap(&app, &ctx, portfolio(&id)?, body).await
}

/// `DELETE /operator/api/businesses/{business_id}/caps/{cap_id}`
pub(super) async fn remove_cap(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((id, cap)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    balances::remove_cap(&app, &ctx, portfolio(&id)?, &cap).await
}

/// `POST /operator/api/businesses/{business_id}/thresholds`
pub(super) async fn set_thresholds(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<WatchBody>,
) -> Result<Json<Value>, Problem> {
    balances::set_watch(&app, &ctx, portfolio(&id)?, body).await
}
