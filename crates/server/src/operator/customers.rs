//! Everything about one portfolio that no list has: who it is, its numbers, its plan and its badge, which price book it
//! pays by, and what it sent and paid on each day.

use crate::app::App;
use crate::plan_views;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use plaza_billing::{self as billing, BillingError, PortfolioDay, plans};
use plaza_business::management::ManageError;
use plaza_business::{portfolios, verification};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId};
use serde_json::{Value, json};
use std::sync::Arc;

fn day_view(day: &PortfolioDay) -> Value {
    json!({
        "at": day.at.seconds(), "category": day.category.as_str(), "pricing_type": day.pricing_type.as_str(),
        "messages": day.traffic.messages, "list_micros": day.traffic.list.0,
        "amount_micros": day.traffic.amount.0,
    })
}

/// `GET /operator/api/businesses/{business_id}`
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: PortfolioId = id.parse().map_err(|_| Problem::not_found("this business"))?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let portfolio = portfolios::portfolio(ctx, tx, id).await?;
        let mut numbers = Vec::new();
        for waba in portfolios::wabas_of(ctx, tx, id).await? {
            numbers.extend(portfolios::phone_numbers(ctx, tx, waba.waba_id).await?);
        }
        let shows = verification::shows_badge(ctx, tx, id).await?;
        let plan = plans::subscription(ctx, tx, id).await?;
        Ok::<_, ManageError>((portfolio, numbers, shows, plan))
    };
    let (portfolio, numbers, shows, plan) = app.db.read(&ctx, "operator.business", read).await?;
    let days = async move |ctx: &Ctx, tx: &mut Tx| {
        let book = billing::book_of(ctx, tx, id).await?;
        Ok::<_, BillingError>((book, billing::portfolio_days(ctx, tx, id).await?))
    };
    let (book, days) = app.db.read(&ctx, "operator.business_days", days).await?;
    let numbers = numbers.iter().map(|number| {
        json!({
            "phone_number_id": number.phone_number_id, "display_phone_number": number.number,
            "name": number.verified_name, "quality": number.quality,
        })
    });
    Ok(Json(json!({
        "business_id": id, "name": portfolio.name, "country": portfolio.country,
        "time_zone": portfolio.time_zone, "created_at": portfolio.created_at.seconds(),
        "shows_badge": shows, "subscription": plan.as_ref().map(plan_views::subscription),
        "numbers": numbers.collect::<Vec<_>>(), "price_book_id": book,
        "days": days.iter().map(day_view).collect::<Vec<_>>(),
    })))
}
