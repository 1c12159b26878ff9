//! The business's own money: what it has and spends and on what, its caps and what it wants to hear, whom its invoices
//! name and where transfers go.

use super::Caller;
use crate::app::App;
use crate::balances::{self, CapBody, WatchBody};
use crate::problem::{Body, Problem};
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use plaza_billing::campaigns::{self, Campaign};
use plaza_billing::funds;
use plaza_billing::invoices::{self, InvoiceError, Period, Profile};
use plaza_db::Tx;
use plaza_protocol::{Ctx, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /manager/api/billing`
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    balances::overview(&app, &ctx, caller.token.portfolio).await
}

/// `POST /manager/api/billing/caps`
pub(super) async fn set_cap(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<CapBody>,
) -> Result<Json<Value>, Problem> {
    balances::set_cap(&app, &ctx, caller.token.portfolio, body).await
}

/// `DELETE /manager/api/billing/caps/{cap_id}`
pub(super) async fn remove_cap(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(cap): Path<String>,
) -> Result<Json<Value>, Problem> {
    balances::remove_cap(&app, &ctx, caller.token.portfolio, &cap).await
}

/// `POST /manager/api/billing/thresholds`
pub(super) async fn set_thresholds(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<WatchBody>,
) -> Result<Json<Value>, Problem> {
    balances::set_watch(&app, &ctx, caller.token.portfolio, body).await
}

#[derive(Debug, Deserialize)]
pub(super) struct OfMonth {
    /// `2026-11`; absent: the running one.
    period: Option<String>,
}

fn campaign_view(campaign: &Campaign) -> Value {
    json!({
        "name": campaign.name, "category": campaign.category.as_str(), "messages": campaign.messages,
        "billable": campaign.billable, "amount_micros": campaign.amount.0,
    })
}

/// `GET /manager/api/billing/campaigns?period=`: what each campaign cost, and what belongs to none.
pub(super) async fn campaigns(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<OfMonth>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let asked = query.period.filter(|text| !text.is_empty());
    let asked: Option<Period> = asked.map(|text| text.parse()).transpose()?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let funds = funds::funds(ctx, tx, portfolio).await?;
        let zone = jiff::tz::TimeZone::get(&funds.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let period = asked.or_else(|| Period::of(ctx.now(), &zone)).ok_or(InvoiceError::BadPeriod)?;
        let found = campaigns::campaigns(ctx, tx, portfolio, period.number()).await?;
        Ok::<_, InvoiceError>((funds.currency, period, found))
    };
    let (currency, period, found) = app.db.read(&ctx, "manager.campaigns", read).await?;
    Ok(Json(json!({
        "period": period.to_string(), "currency": currency.code(), "amount_micros": found.amount().0,
        "data": found.shown.iter().map(campaign_view).collect::<Vec<_>>(), "more": found.others,
        "more_amount_micros": found.others_amount.0,
    })))
}

/// `GET /manager/api/billing/profile`: whom the invoices name.
pub(super) async fn profile(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let read = async move |ctx: &Ctx, tx: &mut Tx| invoices::profile(ctx, tx, portfolio).await;
    Ok(Json(json!({"profile": app.db.read(&ctx, "manager.invoice_profile", read).await?})))
}

/// `POST /manager/api/billing/profile`: whom the next ones name. Final invoices keep what they say.
pub(super) async fn set_profile(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Profile>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        invoices::set_profile(ctx, tx, portfolio, &body).await?;
        invoices::profile(ctx, tx, portfolio).await
    };
    Ok(Json(json!({"profile": app.db.transact(&ctx, "manager.set_invoice_profile", set).await?})))
}

/// `GET /manager/api/billing/bank-account`: where transfers go; 404: the operator has said nothing.
pub(super) async fn bank_account(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| invoices::entity(ctx, tx).await;
    let entity =
        app.db.read(&ctx, "manager.bank_account", read).await?.filter(|entity| !entity.iban.is_empty());
    let entity = entity.ok_or_else(|| {
        Problem::new(ErrorCode::NotFound, "the operator has not said yet where transfers go: ask them")
    })?;
    Ok(Json(json!({
        "name": entity.name, "iban": entity.iban, "bic": entity.bic, "email": entity.email,
    })))
}
