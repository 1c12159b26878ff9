//! Charges and their explanations, the overview and the sandbox's outbox.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use plaza_billing::{self as billing, BillingError, Charge, Explanation};
use plaza_business::portfolios;
use plaza_messaging::{accounts, registration};
use plaza_protocol::{ChargeId, Ctx, ErrorCode, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

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
            | BillingError::BadDays
            | BillingError::NoThreshold => ErrorCode::Invalid,
            _ => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
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
    ctx: &Ctx,
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
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let limit = page.limit.unwrap_or(PAGE_ROWS).clamp(1, 100);
    let after: Option<ChargeId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| Problem::new(ErrorCode::Invalid, "after: not the id of a charge"))?;
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
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: ChargeId = id.parse().map_err(|_| Problem::not_found("this charge"))?;
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
pub(super) async fn outbox(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    if !app.settings.sandbox {
        return Err(Problem::not_found("the outbox (it exists with --sandbox only)"));
    }
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
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let (people, businesses) =
        app.db.read(&ctx, "operator.overview", async |ctx, tx| accounts::count(ctx, tx).await).await?;
    Ok(Json(json!({"accounts": people, "businesses": businesses, "connected": app.hub.len()})))
}
