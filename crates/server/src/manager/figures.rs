//! Two pages of figures: how much of its limits a number has used and how it is rated, and what became of an account's
//! messages.

use super::Caller;
use crate::app::App;
use crate::cloud_api::quota;
use crate::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use plaza_business::analytics::overview::{self, Counts, Overview};
use plaza_business::management::ManageError;
use plaza_business::quality::{self, Said, Shown};
use plaza_business::usage::Usage;
use plaza_business::{codes, portfolios};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PhoneNumberId, Timestamp, WabaId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The time that is shown if none is named.
const SHOWN: Duration = Duration::from_secs(30 * 24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

fn usage_view(usage: &Usage) -> Value {
    json!({
        "name": usage.name, "used": usage.used, "max": usage.max,
        "window_s": usage.window.map(|window| window.as_secs()), "code": usage.code.number,
    })
}

fn said_view(said: Said) -> Value {
    json!({"all": said.all, "last_day": said.fresh})
}

fn quality_view(shown: &Shown) -> Value {
    let signals = &shown.signals;
    json!({
        "rating": shown.rating.as_str(),
        "since": (shown.since > Timestamp(0)).then(|| shown.since.seconds()),
        "delivered": signals.delivered, "people": signals.people,
        "readable": signals.readable, "read": signals.read,
        "blocks": said_view(signals.blocks), "reports": said_view(signals.reports),
    })
}

/// `GET /manager/api/numbers/{phone_number_id}/limits`
pub(super) async fn limits(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let phone: PhoneNumberId = id.parse().map_err(|_| Problem::not_found("this number"))?;
    let business = app.business.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let rated = quality::of_number(ctx, tx, phone).await?;
        let calls_max = quota::calls_max(ctx, tx, number.waba_id).await?;
        Ok::<_, ManageError>((number, rated, business.usage(ctx, tx, phone).await?, calls_max))
    };
    let (number, rated, mut limits, max) = app.db.read(&ctx, "manager.limits", read).await?;
    let used = app.cloud_api.managed(&ctx, caller.token.app, number.waba_id).min(max);
    limits.push(Usage {
        name: "management_calls",
        used: Some(used),
        max: Some(max),
        window: Some(HOUR),
        code: codes::ACCOUNT_CALLS,
    });
    Ok(Json(json!({
        "phone_number_id": phone, "quality": quality_view(&rated),
        "limits": limits.iter().map(usage_view).collect::<Vec<_>>(),
    })))
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    account: String,
    since: Option<i64>,
    until: Option<i64>,
}

fn counts_view(counts: &Counts) -> Value {
    json!({"sent": counts.sent, "delivered": counts.delivered, "read": counts.read, "failed": counts.failed})
}

fn with(mut view: Value, members: Value) -> Value {
    if let (Some(view), Value::Object(members)) = (view.as_object_mut(), members) {
        view.extend(members);
    }
    view
}

/// `GET /manager/api/analytics?account=&since=&until=`
pub(super) async fn analytics(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let waba: WabaId = asked.account.parse().map_err(|_| Problem::not_found("this account"))?;
    let until = asked.until.map_or(ctx.now(), Timestamp::from_seconds);
    let since = asked.since.map_or(until - SHOWN, Timestamp::from_seconds);
    let read = async move |ctx: &Ctx, tx: &mut Tx| overview::overview(ctx, tx, waba, (since, until)).await;
    let Overview { currency, days, costs, templates, before, amount_before } =
        app.db.read(&ctx, "manager.analytics", read).await?;
    let days = days.iter().map(|(start, counts)| with(counts_view(counts), json!({"day": start.seconds()})));
    let costs = costs.iter().map(|cost| {
        json!({"category": cost.category.as_str(), "country": cost.country, "messages": cost.messages,
            "amount_micros": cost.amount.0})
    });
    let templates = templates.iter().map(|one| {
        let about = json!({"template_id": one.template, "name": one.name, "language": one.language,
            "clicks": one.clicks, "amount_micros": one.amount.0});
        with(counts_view(&one.counts), about)
    });
    Ok(Json(json!({
        "since": since.seconds(), "until": until.seconds(), "currency": currency.code(),
        "days": days.collect::<Vec<_>>(), "costs": costs.collect::<Vec<_>>(),
        "templates": templates.collect::<Vec<_>>(),
        "before": with(counts_view(&before), json!({"amount_micros": amount_before.0})),
    })))
}
