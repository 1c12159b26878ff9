//! How the network earns: growth, customers, what is free, and what the month will bring.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use plaza_billing::{self as billing, BillingError, Customer, Earnings, Traffic, outlook};
use plaza_business::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Ctx, Currency, ErrorCode, PortfolioId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct EarningsQuery {
    currency: Option<String>,
}

fn currency_of(query: EarningsQuery) -> Result<Option<Currency>, Problem> {
    let currency = query.currency.map(|code| code.parse::<Currency>()).transpose();
    currency.map_err(|error| Problem::new(ErrorCode::Invalid, format!("currency: {error}")))
}

/// `GET /operator/api/earnings?currency=`
pub(super) async fn earnings(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(query): Query<EarningsQuery>,
) -> Result<Json<Value>, Problem> {
    let currency = currency_of(query)?;
    let books = app.prices.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let earnings = billing::earnings(ctx, tx, currency).await?;
        let near = outlook::near_tiers(ctx, tx, &books, earnings.currency).await?;
        let lists = earnings.top.iter().chain(&earnings.shrinking).chain(&earnings.growing);
        let ids =
            lists.map(|customer| customer.portfolio_id).chain(near.iter().map(|near| near.portfolio_id));
        let names = portfolios::names(ctx, tx, ids).await?;
        Ok::<_, BillingError>((earnings, near, names))
    };
    let (earnings, near, names) = app.db.read(&ctx, "operator.earnings", read).await?;
    let mut view = view(&earnings, &names);
    let near = near.iter().map(|near| {
        json!({
            "portfolio_id": near.portfolio_id, "name": names.get(&near.portfolio_id), "market": near.market,
            "category": near.category.as_str(), "volume": near.volume, "tier_from": near.tier_from,
            "now_micros": near.now.0, "then_micros": near.then.0,
        })
    });
    view["near_tiers"] = near.collect();
    Ok(Json(view))
}

/// `GET /operator/api/unpaid`: open invoices by age, and who owes most in the currency, or in the one with most
/// invoices.
pub(super) async fn unpaid(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(query): Query<EarningsQuery>,
) -> Result<Json<Value>, Problem> {
    let wanted = currency_of(query)?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let ageing = outlook::ageing(ctx, tx).await?;
        let mut invoices: BTreeMap<Currency, i64> = BTreeMap::new();
        for open in &ageing {
            *invoices.entry(open.currency).or_default() += open.invoices;
        }
        let most = invoices.iter().max_by_key(|(_, count)| **count).map(|(currency, _)| *currency);
        let currency = wanted.or(most).unwrap_or(Currency::USD);
        let debtors = outlook::debtors(ctx, tx, currency).await?;
        let names = portfolios::names(ctx, tx, debtors.iter().map(|debtor| debtor.portfolio_id)).await?;
        Ok::<_, BillingError>((currency, ageing, debtors, names))
    };
    let (currency, ageing, debtors, names) = app.db.read(&ctx, "operator.unpaid", read).await?;
    let ages = outlook::Late::ALL.map(|late| {
        let open = ageing.iter().find(|open| open.currency == currency && open.late == late);
        json!({
            "late": late.as_str(), "invoices": open.map_or(0, |open| open.invoices),
            "amount_micros": open.map_or(0, |open| open.amount.0),
        })
    });
    let debtors = debtors.iter().map(|debtor| {
        json!({
            "portfolio_id": debtor.portfolio_id, "name": names.get(&debtor.portfolio_id),
            "invoices": debtor.invoices, "due_at": debtor.due_at.seconds(), "amount_micros": debtor.amount.0,
        })
    });
    let currencies: BTreeSet<&str> = ageing.iter().map(|open| open.currency.code()).collect();
    Ok(Json(json!({
        "currency": currency.code(), "currencies": currencies, "ageing": ages,
        "debtors": debtors.collect::<Vec<_>>(),
    })))
}

fn view(earnings: &Earnings, names: &BTreeMap<PortfolioId, String>) -> Value {
    let customers = |customers: &[Customer]| -> Vec<Value> {
        let view = |customer: &Customer| {
            json!({
                "portfolio_id": customer.portfolio_id, "name": names.get(&customer.portfolio_id),
                "amount_micros": customer.amount.0, "before_micros": customer.before.0,
                "today_micros": customer.today.0, "messages": customer.messages,
            })
        };
        customers.iter().map(view).collect()
    };
    let traffic = |traffic: &Traffic| {
        let (messages, list, amount) = (traffic.messages, traffic.list.0, traffic.amount.0);
        json!({"messages": messages, "list_micros": list, "amount_micros": amount})
    };
    json!({
        "currency": earnings.currency.code(),
        "currencies": earnings.currencies.iter().map(|currency| currency.code()).collect::<Vec<_>>(),
        "span_days": billing::SPAN_DAYS,
        "last_micros": earnings.last.0, "before_micros": earnings.before.0,
        "run_rate_micros": earnings.run_rate.0,
        "month_micros": earnings.month.0, "forecast_micros": earnings.forecast.0,
        "forecast_low_micros": earnings.forecast_range.0.0, "forecast_high_micros": earnings.forecast_range.1.0,
        "days": earnings.days.iter().map(|day| json!({
            "at": day.at.seconds(), "paid": traffic(&day.paid), "free": traffic(&day.free),
        })).collect::<Vec<_>>(),
        "pricing_types": earnings.types.iter().map(|(kind, sum)| json!({
            "pricing_type": kind.as_str(), "messages": sum.messages, "list_micros": sum.list.0,
            "amount_micros": sum.amount.0,
        })).collect::<Vec<_>>(),
        "customers": {
            "count": earnings.customers, "top": customers(&earnings.top),
            "growing": customers(&earnings.growing), "shrinking": customers(&earnings.shrinking),
        },
        "plans": earnings.plans.iter().map(|of| json!({
            "plan": of.plan.as_ref().map(|(key, _)| key), "name": of.plan.as_ref().map(|(_, name)| name),
            "customers": of.customers, "usage_micros": of.usage.0, "monthly_micros": of.monthly.0,
        })).collect::<Vec<_>>(),
        "cohorts": earnings.cohorts.iter().map(|cohort| json!({
            "month": cohort.month,
            "months": cohort.months.iter().map(|(month, customers, amount)| json!({
                "month": month, "customers": customers, "amount_micros": amount.0,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
