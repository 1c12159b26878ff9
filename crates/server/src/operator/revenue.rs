//! What came in: some days, split one way.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use plaza_billing::{self as billing, BillingError, Bucket, PartOf, Period, Revenue, RevenueOf, Split, Sum};
use plaza_business::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Ctx, Currency, ErrorCode, PortfolioId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
pub(super) struct RevenueQuery {
    period: Option<String>,
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    currency: Option<String>,
}

/// `GET /operator/api/revenue?period=&by=&currency=`: the period is today, 7d, 30d, 90d, month, last_month, or days
/// with `from` and `to`; it is split by category, market, market_category, portfolio or plan.
pub(super) async fn revenue(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(query): Query<RevenueQuery>,
) -> Result<Json<Value>, Problem> {
    let invalid = |text: String| Problem::new(ErrorCode::Invalid, text);
    let by = Split::parse(query.by.as_deref().unwrap_or("category")).ok_or_else(|| {
        let words: Vec<&str> = Split::ALL.iter().map(|split| split.as_str()).collect();
        invalid(format!("by: one of {} is needed", words.join(", ")))
    })?;
    let currency = query.currency.map(|code| code.parse::<Currency>()).transpose();
    let currency = currency.map_err(|error| invalid(format!("currency: {error}")))?;
    let word = query.period.as_deref().unwrap_or("today");
    let period = Period::parse(word, (query.from.as_deref(), query.to.as_deref()))?;
    let span = period.span(ctx.now())?;
    let of = RevenueOf { from: span.from, to: span.to, bucket: span.bucket, by, currency };
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let revenue = billing::revenue(ctx, tx, of).await?;
        let before = billing::revenue_sums(ctx, tx, span.before).await?;
        let paying = revenue.parts.iter().filter_map(|(part, _)| match part {
            PartOf::Portfolio(portfolio) => Some(*portfolio),
            _ => None,
        });
        let names = portfolios::names(ctx, tx, paying).await?;
        Ok::<_, BillingError>((revenue, before, names))
    };
    let (revenue, before, names) = app.db.read(&ctx, "operator.revenue", read).await?;
    let previous = before.iter().find(|(currency, _)| *currency == revenue.currency);
    let mut view = view(&revenue, &names);
    view["by"] = json!(by.as_str());
    view["period"] = json!({"from": span.from.seconds(), "to": span.to.seconds()});
    view["previous"] = sum_view(previous.map(|(_, sum)| *sum).unwrap_or_default());
    Ok(Json(view))
}

fn sum_view(sum: Sum) -> Value {
    json!({"messages": sum.messages, "billable": sum.billable, "amount_micros": sum.amount.0})
}

fn part_view(part: &PartOf, sum: Sum, names: &BTreeMap<PortfolioId, String>) -> Value {
    let mut view = match part {
        PartOf::Category(category) => json!({"category": category.as_str()}),
        PartOf::Market(market) => json!({"market": market}),
        PartOf::MarketAndCategory(market, category) => {
            json!({"market": market, "category": category.as_str()})
        }
        PartOf::Portfolio(portfolio) => json!({"portfolio_id": portfolio, "name": names.get(portfolio)}),
        PartOf::Plan(Some((key, name))) => json!({"plan": key, "name": name}),
        PartOf::Plan(None) => json!({"plan": null}),
    };
    if let (Some(view), Value::Object(sum)) = (view.as_object_mut(), sum_view(sum)) {
        view.extend(sum);
    }
    view
}

fn view(revenue: &Revenue, names: &BTreeMap<PortfolioId, String>) -> Value {
    let (more, rest) = revenue.more;
    let mut rest = sum_view(rest);
    rest["parts"] = json!(more);
    json!({
        "currency": revenue.currency.code(),
        "currencies": revenue.currencies.iter().map(|(currency, sum)| {
            json!({"currency": currency.code(), "messages": sum.messages, "amount_micros": sum.amount.0})
        }).collect::<Vec<_>>(),
        "bucket": match revenue.bucket { Bucket::Hour => "hour", Bucket::Day => "day" },
        "total": sum_view(revenue.total),
        "totals": revenue.parts.iter().map(|(part, sum)| part_view(part, *sum, names)).collect::<Vec<_>>(),
        "more": rest,
        "over_time": revenue.over_time,
        "series": revenue.series.iter().map(|point| json!({
            "at": point.at.seconds(), "messages": point.total.messages, "amount_micros": point.total.amount.0,
            "parts_micros": point.parts.iter().map(|amount| amount.0).collect::<Vec<_>>(),
            "others_micros": point.others.0,
        })).collect::<Vec<_>>(),
    })
}
