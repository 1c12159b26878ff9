//! # Balances over HTTP
//!
//! What a portfolio has to pay from, what it spends, its caps and what it was told: one view for the operator and for the
//! business itself. What each may change is decided in billing, by who asks.

use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use plaza_billing::BillingError;
use plaza_billing::alerts::{self, Alert, Watch};
use plaza_billing::caps::{self, CapAction, CapStatus, NewCap, Period, Scope, UsageNow};
use plaza_billing::funds::{self, Funds, Grant};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Micros, PortfolioId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Alerts on the overview.
const ALERTS_SHOWN: u32 = 20;

/// An amount such as `100.00`, zero allowed.
pub(crate) fn amount(member: &str, text: &str) -> Result<Micros, Problem> {
    Micros::parse_decimal(text).filter(|amount| *amount >= Micros::ZERO).ok_or_else(|| {
        Problem::invalid(format!(
            "{member}: write an amount such as 100.00, with at most six digits after the point"
        ))
    })
}

fn grant_view(grant: &Grant) -> Value {
    json!({
        "grant_id": grant.grant_id.to_string(), "amount_micros": grant.amount.0, "left_micros": grant.left.0,
        "held_micros": grant.held.0, "note": grant.note, "granted_at": grant.granted_at.seconds(),
        "expires_at": grant.expires_at.seconds(),
    })
}

pub(crate) fn funds_view(funds: &Funds) -> Value {
    json!({
        "available_micros": funds.available.0, "held_micros": funds.held.0,
        "prepaid_micros": funds.prepaid.0, "prepaid_held_micros": funds.prepaid_held.0,
        "grants": funds.grants.iter().map(grant_view).collect::<Vec<_>>(),
        "credit": {"limit_micros": funds.credit.limit.0, "used_micros": funds.credit.used.0,
            "held_micros": funds.credit.held.0},
    })
}

fn cap_view(status: &CapStatus) -> Value {
    let CapStatus { cap, spent, ends_at, reached_at, is_full } = status;
    json!({
        "cap_id": cap.cap_id.to_string(), "owner": cap.owner.as_str(), "scope": cap.scope.as_str(), "subject": &*cap.subject,
        "period": cap.period.as_str(), "limit_micros": cap.limit.0, "spent_micros": spent.0,
        "action": cap.action.as_str(), "ends_at": ends_at.seconds(),
        "reached_at": reached_at.map(Timestamp::seconds), "is_full": is_full,
    })
}

fn usage_view(usage: &UsageNow) -> Value {
    json!({
        "category": usage.category, "messages": usage.messages, "billable": usage.billable,
        "amount_micros": usage.amount.0,
    })
}

fn watch_view(watch: &Watch) -> Value {
    json!({
        "mail_to": watch.mail_to, "threshold_micros": watch.threshold.map(|amount| amount.0),
        "top_up_micros": watch.top_up.map(|amount| amount.0),
    })
}

fn alert_view(alert: &Alert) -> Value {
    json!({
        "alert_id": alert.alert_id.to_string(), "kind": alert.kind, "text": alert.text, "details": alert.details,
        "at": alert.at.seconds(),
    })
}

/// Everything about a portfolio's money on one page.
pub(crate) async fn overview(
    app: &Arc<App>,
    ctx: &Ctx,
    portfolio: PortfolioId,
) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let funds = funds::funds(ctx, tx, portfolio).await?;
        let (today, month) = caps::spent_now(ctx, tx, portfolio).await?;
        let usage = caps::usage_now(ctx, tx, portfolio).await?;
        let caps = caps::statuses(ctx, tx, portfolio).await?;
        let watch = alerts::watch(ctx, tx, portfolio).await?;
        let alerts = alerts::alerts(ctx, tx, portfolio, ALERTS_SHOWN).await?;
        Ok::<_, BillingError>(json!({
            "currency": funds.currency.code(), "time_zone": funds.time_zone, "at": ctx.now().seconds(),
            "balance": funds_view(&funds), "is_empty": caps::is_too_little(funds.available, &usage),
            "spent": {"today_micros": today.0, "month_micros": month.0},
            "usage": usage.iter().map(usage_view).collect::<Vec<_>>(),
            "caps": caps.iter().map(cap_view).collect::<Vec<_>>(),
            "thresholds": watch_view(&watch),
            "alerts": alerts.iter().map(alert_view).collect::<Vec<_>>(),
        }))
    };
    Ok(Json(app.db.read(ctx, "balances.overview", read).await?))
}

/// A cap to be set.
#[derive(Debug, Deserialize)]
pub(crate) struct CapBody {
    /// `portfolio`, `account`, `number` or `campaign`.
    scope: String,
    /// Which: an id or the name of a campaign; absent for the portfolio.
    subject: Option<String>,
    /// `day` or `month`.
    period: String,
    limit: String,
    /// `block` or `alert`.
    action: Option<String>,
}

pub(crate) async fn set_cap(
    app: &Arc<App>,
    ctx: &Ctx,
    portfolio: PortfolioId,
    body: CapBody,
) -> Result<Json<Value>, Problem> {
    let new = NewCap {
        scope: Scope::parse(&body.scope)
            .ok_or_else(|| Problem::invalid("scope: portfolio, account, number or campaign is expected"))?,
        subject: body.subject.unwrap_or_default(),
        period: Period::parse(&body.period)
            .ok_or_else(|| Problem::invalid("period: day or month is expected"))?,
        limit: amount("limit", &body.limit)?,
        action: CapAction::parse(body.action.as_deref().unwrap_or("block"))
            .ok_or_else(|| Problem::invalid("action: block or alert is expected"))?,
    };
    let set = async move |ctx: &Ctx, tx: &mut Tx| caps::set_cap(ctx, tx, portfolio, &new).await;
    Ok(Json(cap_view(&app.db.transact(ctx, "balances.set_cap", set).await?)))
}

pub(crate) async fn remove_cap(
    app: &Arc<App>,
    ctx: &Ctx,
    portfolio: PortfolioId,
    cap: &str,
) -> Result<Json<Value>, Problem> {
    let cap: Uuid = cap.parse().map_err(|_| Problem::not_found("this cap"))?;
    let remove = async move |ctx: &Ctx, tx: &mut Tx| caps::remove_cap(ctx, tx, portfolio, cap).await;
    app.db.transact(ctx, "balances.remove_cap", remove).await?;
    Ok(Json(json!({"ok": true})))
}

/// What a portfolio wants to hear; what is absent is not told.
#[derive(Debug, Deserialize)]
pub(crate) struct WatchBody {
    mail_to: Option<String>,
    threshold: Option<String>,
    top_up: Option<String>,
}

pub(crate) async fn set_watch(
    app: &Arc<App>,
    ctx: &Ctx,
    portfolio: PortfolioId,
    body: WatchBody,
) -> Result<Json<Value>, Problem> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let watch = Watch {
        mail_to: given(body.mail_to),
        threshold: given(body.threshold).map(|text| amount("threshold", &text)).transpose()?,
        top_up: given(body.top_up).map(|text| amount("top_up", &text)).transpose()?,
    };
    let view = watch_view(&watch);
    let set = async move |ctx: &Ctx, tx: &mut Tx| alerts::set_watch(ctx, tx, portfolio, &watch).await;
    app.db.transact(ctx, "balances.set_watch", set).await?;
    Ok(Json(view))
}
