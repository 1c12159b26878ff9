//! How the network earns: growth, customers, what is free, and what the month will bring.

use super::ctx;
use crate::app::App;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Query, State};
use plaza_billing::{self as billing, BillingError, Customer, Earnings, Traffic};
use plaza_business::portfolios;
use plaza_protocol::{Currency, ErrorCode, PortfolioId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct EarningsQuery {
    currency: Option<String>,
}

/// `GET /operator/api/earnings?currency=`
pub(super) async fn earnings(
    State(app): State<Arc<App>>,
    Query(query): Query<EarningsQuery>,
) -> Result<Json<Value>, Problem> {
    let currency = query.currency.map(|code| code.parse::<Currency>()).transpose();
    let currency =
        currency.map_err(|error| Problem::new(ErrorCode::Invalid, format!("currency: {error}")))?;
    let (earnings, names) = app
        .db
        .read(&ctx(&app), "operator.earnings", async move |ctx, tx| {
            let earnings = billing::earnings(ctx, tx, currency).await?;
            let mut names = BTreeMap::new();
            for customer in earnings.top.iter().chain(&earnings.shrinking).chain(&earnings.growing) {
                if let Ok(portfolio) = portfolios::portfolio(ctx, tx, customer.portfolio_id).await {
                    names.insert(customer.portfolio_id, portfolio.name);
                }
            }
            Ok::<_, BillingError>((earnings, names))
        })
        .await?;
    Ok(Json(view(&earnings, &names)))
}

fn view(earnings: &Earnings, names: &BTreeMap<PortfolioId, String>) -> Value {
    let customers = |customers: &[Customer]| -> Vec<Value> {
        let view = |customer: &Customer| {
            json!({
                "portfolio_id": customer.portfolio_id, "name": names.get(&customer.portfolio_id),
                "amount_micros": customer.amount.0, "before_micros": customer.before.0,
                "messages": customer.messages,
            })
        };
        customers.iter().map(view).collect()
    };
    let traffic = |traffic: &Traffic| json!({"messages": traffic.messages, "list_micros": traffic.list.0, "amount_micros": traffic.amount.0});
    json!({
        "currency": earnings.currency.code(),
        "currencies": earnings.currencies.iter().map(|currency| currency.code()).collect::<Vec<_>>(),
        "span_days": billing::SPAN_DAYS,
        "last_micros": earnings.last.0, "before_micros": earnings.before.0,
        "run_rate_micros": earnings.run_rate.0,
        "month_micros": earnings.month.0, "forecast_micros": earnings.forecast.0,
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
        "cohorts": earnings.cohorts.iter().map(|cohort| json!({
            "month": cohort.month,
            "months": cohort.months.iter().map(|(month, customers, amount)| json!({
                "month": month, "customers": customers, "amount_micros": amount.0,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}
