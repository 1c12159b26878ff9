//! Revenue, charges and their explanations, the overview and the sandbox's outbox.

use super::ctx;
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use plaza_billing::{self as billing, BillingError, Bucket, Charge, Explanation, Revenue};
use plaza_business::portfolios;
use plaza_messaging::{accounts, registration};
use plaza_protocol::{ChargeId, ErrorCode, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);
/// Rows on a page that names no limit.
const PAGE_ROWS: u32 = 50;

impl From<BillingError> for Problem {
    fn from(error: BillingError) -> Self {
        let code = match &error {
            BillingError::UnknownPortfolio(_) | BillingError::UnknownCap => ErrorCode::NotFound,
            BillingError::OperatorOnly | BillingError::OperatorsCap => ErrorCode::Forbidden,
            BillingError::KeyReused
            | BillingError::CreditInUse { .. }
            | BillingError::TooManyGrants
            | BillingError::TooManyCaps => ErrorCode::Conflict,
            BillingError::UnknownTimeZone
            | BillingError::BadAmount
            | BillingError::BadKey
            | BillingError::BadNote
            | BillingError::BadEnd
            | BillingError::BadLimit
            | BillingError::BadSubject
            | BillingError::BadAddress
            | BillingError::SameCurrency(_)
            | BillingError::NoThreshold => ErrorCode::Invalid,
            _ => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RevenueQuery {
    period: Option<String>,
}

/// `GET /operator/api/revenue?period=today|month`
pub(super) async fn revenue(
    State(app): State<Arc<App>>,
    Query(query): Query<RevenueQuery>,
) -> Result<Json<Value>, Problem> {
    let ctx = ctx(&app);
    let now = ctx.now();
    let today = Timestamp(now.0 - now.0.rem_euclid(86_400_000_000));
    let (from, bucket, before) = match query.period.as_deref().unwrap_or("today") {
        "today" => (today, Bucket::Hour, today - DAY),
        "month" => {
            let month = month_start(now)?;
            (month, Bucket::Day, month_start(month - HOUR)?)
        }
        _ => return Err(Problem::new(ErrorCode::Invalid, "period: today or month is needed")),
    };
    // Sums are kept by the hour: the running one belongs to the period.
    let until = now + HOUR;
    // The period before, as far as this one has come.
    let before_until = (before + until.since(from)).min(from);
    let (revenue, previous) = app
        .db
        .read(&ctx, "operator.revenue", async move |ctx, tx| {
            let revenue = billing::revenue(ctx, tx, from, until, bucket).await?;
            let previous = billing::revenue(ctx, tx, before, before_until, bucket).await?;
            Ok::<_, BillingError>((revenue, previous))
        })
        .await?;
    Ok(Json(json!({
        "period": {"from": from.seconds(), "to": until.seconds()},
        "currency": main_currency(&revenue),
        "totals": revenue.totals.iter().map(|total| json!({
            "category": total.category.as_str(), "market": total.market, "currency": total.currency.code(),
            "messages": total.messages, "billable": total.billable, "amount_micros": total.amount.0,
        })).collect::<Vec<_>>(),
        "series": revenue.series.iter().map(|point| json!({
            "at": point.at.seconds(), "currency": point.currency.code(), "category": point.category.as_str(),
            "messages": point.messages, "amount_micros": point.amount.0,
        })).collect::<Vec<_>>(),
        "previous": by_currency(&previous),
    })))
}

/// The start of the UTC month that a time lies in.
fn month_start(at: Timestamp) -> Result<Timestamp, Problem> {
    let wrong = |_| Problem::new(ErrorCode::Internal, "the server's clock is out of range");
    let time = jiff::Timestamp::from_second(at.seconds()).map_err(wrong)?.to_zoned(jiff::tz::TimeZone::UTC);
    let first = time.first_of_month().and_then(|first| first.start_of_day()).map_err(wrong)?;
    Ok(Timestamp::from_seconds(first.timestamp().as_second()))
}

/// The currency that most of the period's revenue is in.
fn main_currency(revenue: &Revenue) -> String {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for total in &revenue.totals {
        let sum = sums.entry(total.currency.code()).or_default();
        *sum = sum.saturating_add(total.amount.0);
    }
    sums.into_iter().max_by_key(|(_, sum)| *sum).map_or_else(|| "USD".to_owned(), |(code, _)| code.to_owned())
}

fn by_currency(revenue: &Revenue) -> Value {
    let mut sums: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for total in &revenue.totals {
        let (messages, amount) = sums.entry(total.currency.code()).or_default();
        *messages = messages.saturating_add(total.messages);
        *amount = amount.saturating_add(total.amount.0);
    }
    let main = main_currency(revenue);
    let (messages, amount) = sums.get(main.as_str()).copied().unwrap_or_default();
    let currencies: Vec<Value> = sums
        .iter()
        .map(|(code, (messages, amount))| json!({"currency": code, "messages": messages, "amount_micros": amount}))
        .collect();
    json!({"messages": messages, "amount_micros": amount, "currency": main, "by_currency": currencies})
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    limit: Option<u32>,
    after: Option<String>,
}

fn charge_view(charge: &Charge, names: &BTreeMap<i64, String>) -> Value {
    json!({
        "charge_id": charge.charge_id, "message_id": charge.message_id,
        "portfolio_id": charge.portfolio_id,
        "portfolio_name": names.get(&charge.phone_number_id.0),
        "waba_id": charge.waba_id, "phone_number_id": charge.phone_number_id,
        "market": charge.market, "category": charge.category.as_str(), "pricing_type": charge.pricing_type.as_str(),
        "unit_micros": charge.unit.0, "amount_micros": charge.amount.0, "currency": charge.currency.code(),
        "sent_at": charge.sent_at.seconds(), "delivered_at": charge.delivered_at.seconds(),
    })
}

pub(crate) async fn names(
    ctx: &plaza_protocol::Ctx,
    tx: &mut plaza_db::Tx,
    charges: &[Charge],
) -> Result<BTreeMap<i64, String>, BillingError> {
    let mut names = BTreeMap::new();
    for charge in charges {
        if let std::collections::btree_map::Entry::Vacant(vacant) = names.entry(charge.phone_number_id.0)
            && let Ok(number) = portfolios::phone_number(ctx, tx, charge.phone_number_id).await
        {
            vacant.insert(number.verified_name);
        }
    }
    Ok(names)
}

/// `GET /operator/api/charges?limit=&after=`
pub(super) async fn charges(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let limit = page.limit.unwrap_or(PAGE_ROWS).clamp(1, 100);
    let after: Option<ChargeId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| Problem::new(ErrorCode::Invalid, "after: not the id of a charge"))?;
    let ctx = ctx(&app);
    let (charges, names) = app
        .db
        .read(&ctx, "operator.charges", async move |ctx, tx| {
            let charges = billing::charges(ctx, tx, after, limit).await?;
            let names = names(ctx, tx, &charges).await?;
            Ok::<_, BillingError>((charges, names))
        })
        .await?;
    let full = charges.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next = charges.last().filter(|_| full).map(|charge| charge.charge_id);
    let data: Vec<Value> = charges.iter().map(|charge| charge_view(charge, &names)).collect();
    Ok(Json(json!({"data": data, "next": next})))
}

/// `GET /operator/api/charges/{charge_id}`: why this price.
pub(super) async fn charge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: ChargeId = id.parse().map_err(|_| Problem::not_found("this charge"))?;
    let ctx = ctx(&app);
    let prices = app.prices.clone();
    let found = app
        .db
        .read(&ctx, "operator.charge", async move |ctx, tx| {
            let Some(explanation) = billing::explain(ctx, tx, &prices, id).await? else { return Ok(None) };
            let names = names(ctx, tx, std::slice::from_ref(&explanation.charge)).await?;
            Ok::<_, BillingError>(Some((explanation, names)))
        })
        .await?;
    let (explanation, names) = found.ok_or_else(|| Problem::not_found("this charge"))?;
    Ok(Json(explanation_view(&explanation, &names)))
}

/// A charge and why it is what it is.
pub(crate) fn explanation_view(explanation: &Explanation, names: &BTreeMap<i64, String>) -> Value {
    let version = &explanation.price_version;
    json!({
        "charge": charge_view(&explanation.charge, names),
        "why": explanation.why.iter().map(|step| json!({
            "step": step.step, "value": step.value, "because": step.because,
        })).collect::<Vec<_>>(),
        "price_version": {
            "id": version.id, "effective_from": version.effective_from.seconds(),
            "effective_to": version.effective_to.map(Timestamp::seconds),
        },
        "transfers": explanation.transfers.iter().map(|transfer| json!({
            "transfer_id": transfer.transfer_id, "kind": transfer.kind.as_str(), "debit": transfer.debit,
            "credit": transfer.credit, "amount_micros": transfer.amount.0, "at": transfer.at.seconds(),
        })).collect::<Vec<_>>(),
    })
}

/// `GET /operator/api/outbox`: the sandbox's one-time codes.
pub(super) async fn outbox(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    if !app.settings.sandbox {
        return Err(Problem::not_found("the outbox (it exists with --sandbox only)"));
    }
    let ctx = ctx(&app);
    let codes = app
        .db
        .read(&ctx, "operator.outbox", async |ctx, tx| registration::sandbox_codes(ctx, tx).await)
        .await?;
    let data: Vec<Value> = codes
        .iter()
        .map(|code| {
            json!({
                "number": code.number, "code": code.code, "purpose": "registration",
                "created_at": code.created_at.seconds(), "expires_at": code.expires_at.seconds(),
            })
        })
        .collect();
    Ok(Json(json!({"data": data})))
}

/// `GET /operator/api/overview`
pub(super) async fn overview(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    let ctx = ctx(&app);
    let (people, businesses) =
        app.db.read(&ctx, "operator.overview", async |ctx, tx| accounts::count(ctx, tx).await).await?;
    Ok(Json(json!({"accounts": people, "businesses": businesses, "connected": app.hub.len()})))
}
