//! Before a campaign: what it would cost and whom it would reach. Only sums leave here, never which number is which.

use super::Caller;
use crate::app::App;
use crate::balances::amount;
use crate::problem::{Body, Problem};
use axum::extract::State;
use axum::{Extension, Json};
use plaza_billing::caps::CapStatus;
use plaza_billing::estimate::{self, Estimate, Line};
use plaza_business::audience::{Audience, Forecast, Idea, What, Whom};
use plaza_business::reach::Standing as ReachStanding;
use plaza_db::Tx;
use plaza_protocol::{Ctx, ErrorCode, PhoneNumber, PhoneNumberId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Numbers that cannot be read and are told, so that they can be mended.
const WRONG_TOLD: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InMarket {
    market: String,
    messages: i64,
}

/// What is asked: a template or a category, and numbers or markets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    phone_number_id: String,
    template_id: Option<String>,
    category: Option<String>,
    to: Option<Vec<String>>,
    markets: Option<Vec<InMarket>>,
    max_price: Option<String>,
}

impl Asked {
    fn idea(self) -> Result<Idea, Problem> {
        let phone = self.phone_number_id.parse().map_err(|_| Problem::not_found("this number"))?;
        let what = match (self.template_id, self.category) {
            (Some(id), None) => What::Template(id.parse().map_err(|_| Problem::not_found("this template"))?),
            (None, Some(word)) => {
                What::Category(word.parse().map_err(|error| Problem::invalid(format!("category: {error}")))?)
            }
            _ => return Err(Problem::invalid("template_id or category: one of the two is expected")),
        };
        let whom = match (self.to, self.markets) {
            (Some(to), None) => Whom::Numbers(numbers(&to)?),
            (None, Some(markets)) => {
                Whom::Markets(markets.into_iter().map(|one| (one.market, one.messages)).collect())
            }
            _ => return Err(Problem::invalid("to or markets: one of the two is expected")),
        };
        let max_price = self.max_price.filter(|text| !text.is_empty());
        let max_price = max_price.map(|text| amount("max_price", &text)).transpose()?;
        Ok(Idea { phone, what, whom, max_price })
    }
}

fn numbers(texts: &[String]) -> Result<Vec<PhoneNumber>, Problem> {
    let mut numbers = Vec::with_capacity(texts.len());
    let mut wrong = Vec::new();
    for text in texts {
        match text.parse() {
            Ok(number) => numbers.push(number),
            Err(_) => wrong.push(text.chars().take(40).collect::<String>()),
        }
    }
    if wrong.is_empty() {
        return Ok(numbers);
    }
    let count = wrong.len();
    wrong.truncate(WRONG_TOLD);
    let list = wrong.join(", ");
    Err(Problem::invalid(format!("to: {count} are no phone numbers with their country code, such as {list}")))
}

fn line_view(line: &Line) -> Value {
    json!({
        "market": &*line.market, "category": line.category.as_str(), "pricing_type": line.pricing_type.as_str(),
        "tier": line.tier.map(|tier| tier.to_string()), "unit_micros": line.unit.0, "messages": line.messages,
        "amount_micros": line.amount.0, "most_micros": line.most.0,
    })
}

fn audience_view(audience: &Audience) -> Value {
    json!({
        "people": audience.people, "known": audience.known, "unknown": audience.unknown, "own": audience.own,
        "in_service_window": audience.in_service_window, "in_free_entry_point": audience.in_free_entry_point,
        "stopped": audience.stopped, "blocked": audience.blocked, "window_closed": audience.window_closed,
        "places": audience.places,
    })
}

fn reach_view(reach: &ReachStanding) -> Value {
    json!({
        "tier": reach.tier.as_str(),
        "people": reach.reach.map(|reach| reach.people), "people_max": reach.reach.map(|reach| reach.people_max),
    })
}

fn cap_view(estimate: &Estimate, status: &CapStatus) -> Value {
    let cap = &status.cap;
    json!({
        "cap_id": cap.cap_id.to_string(), "owner": cap.owner.as_str(), "scope": cap.scope.as_str(),
        "subject": &*cap.subject, "period": cap.period.as_str(), "action": cap.action.as_str(),
        "limit_micros": cap.limit.0, "spent_micros": status.spent.0, "is_exceeded": estimate.exceeds(status),
    })
}

fn view(forecast: &Forecast) -> Value {
    let estimate = &forecast.estimate;
    let template = forecast.template.as_ref().map(|template| {
        json!({"id": template.template_id, "name": template.name, "language": template.language,
            "status": template.status.as_str()})
    });
    json!({
        "template": template, "category": forecast.category.as_str(), "currency": estimate.currency.code(),
        "lines": estimate.lines.iter().map(line_view).collect::<Vec<_>>(),
        "messages": estimate.messages, "unpriced": estimate.unpriced,
        "amount_micros": estimate.amount.0, "most_micros": estimate.most.0,
        "available_micros": estimate.available.0, "standing": estimate.standing.as_str(),
        "caps": estimate.caps.iter().map(|cap| cap_view(estimate, cap)).collect::<Vec<_>>(),
        "is_affordable": estimate.is_affordable(),
        "audience": forecast.audience.as_ref().map(audience_view), "messaging_limit": reach_view(&forecast.reach),
    })
}

/// `POST /manager/api/billing/estimate {"phone_number_id": "…", "template_id": "…", "to": ["+49…"]}`
pub(super) async fn estimate(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<Asked>,
) -> Result<Json<Value>, Problem> {
    let idea = body.idea()?;
    let phone: PhoneNumberId = idea.phone;
    app.business.may_estimate(&ctx, phone).map_err(|wait| {
        let what = format!("too many estimates for this number: wait {} s", wait.as_secs().max(1));
        Problem::new(ErrorCode::RateLimited, what)
    })?;
    let business = app.business.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| business.forecast(ctx, tx, &idea).await;
    Ok(Json(view(&app.db.read(&ctx, "manager.estimate", read).await?)))
}

/// `GET /manager/api/billing/markets`: where messages can go.
pub(super) async fn markets(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let (portfolio, prices) = (caller.token.portfolio, app.prices.clone());
    let read = async move |ctx: &Ctx, tx: &mut Tx| estimate::markets(ctx, tx, &prices, portfolio).await;
    let found = app.db.read(&ctx, "manager.markets", read).await?;
    Ok(Json(json!({"data": found.iter().map(|market| &**market).collect::<Vec<_>>()})))
}
