//! Businesses as the operator handles them: opening one, crediting it, pointing its webhooks somewhere, its templates
//! by name. The command line's `plaza business` and `plaza template` call these.

use super::reviews::{Page, template_view};
use crate::app::App;
use crate::gateway::GatewayError;
use crate::problem::{Body, Problem};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use plaza_billing::exchange::{self, Foreign};
use plaza_business::portfolios::{self, CreateError, CreatedBusiness, LookupError, NewBusiness};
use plaza_business::reach::{self, Standing, Tier};
use plaza_business::standing;
use plaza_business::templates::{self, Decision, TemplateError};
use plaza_business::webhooks::{self, Callback, SubscribeError};
use plaza_db::DbError;
use plaza_messaging::MessagingError;
use plaza_protocol::{
    Ctx, Currency, ErrorCode, Micros, PhoneNumber, PhoneNumberId, PortfolioId, Timestamp, WabaId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What a business starts with in the sandbox, so that it can send at once.
const SANDBOX_CREDIT: &str = "100.00";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What `plaza business create` and the console send.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CreateBusiness {
    name: String,
    number: String,
    country: Option<String>,
    currency: Option<String>,
    time_zone: Option<String>,
    credit: Option<String>,
    messaging_limit: Option<String>,
}

/// A business cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewBusinessError {
    #[error("opening the number's account")]
    Gateway(#[from] GatewayError),
    #[error("creating the business")]
    Create(#[from] CreateError),
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<NewBusinessError> for Problem {
    fn from(error: NewBusinessError) -> Self {
        match error {
            NewBusinessError::Gateway(GatewayError::Messaging(MessagingError::NumberTaken))
            | NewBusinessError::Create(CreateError::NumberTaken) => {
                Self::new(ErrorCode::AlreadyExists, "number: it belongs to an account already")
            }
            NewBusinessError::Gateway(GatewayError::Messaging(error @ MessagingError::Invalid { .. })) => {
                error.into()
            }
            NewBusinessError::Create(error @ CreateError::Invalid { .. }) => {
                Self::new(ErrorCode::Invalid, error.to_string())
            }
            NewBusinessError::Create(CreateError::Billing(error)) => error.into(),
            NewBusinessError::Db(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl App {
    /// Opens the number's account and makes the business around it, in one transaction.
    pub(crate) async fn create_business(
        self: &Arc<Self>,
        ctx: &Ctx,
        new: NewBusiness,
    ) -> Result<CreatedBusiness, NewBusinessError> {
        let app = self.clone();
        self.db
            .transact(ctx, "operator.create_business", async move |ctx, tx| {
                let account_id = app.gateway.open(ctx, tx, &new.number, &new.name).await?;
                let new = NewBusiness { account_id, ..new.clone() };
                Ok(app.business.create(ctx, tx, &new).await?)
            })
            .await
    }
}

/// `POST /operator/api/businesses`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<CreateBusiness>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let number: PhoneNumber =
        body.number.parse().map_err(|error| Problem::invalid(format!("number: {error}")))?;
    let currency: Currency = body
        .currency
        .as_deref()
        .unwrap_or("USD")
        .parse()
        .map_err(|error| Problem::invalid(format!("currency: {error}")))?;
    let first_credit = if app.settings.sandbox { SANDBOX_CREDIT } else { "0" };
    let credit = Micros::parse_decimal(body.credit.as_deref().unwrap_or(first_credit)).ok_or_else(|| {
        Problem::invalid("credit: write an amount such as 100.00, with at most six digits after the point")
    })?;
    let messaging_limit = body.messaging_limit.as_deref().map(tier).transpose()?;
    let country = body.country.unwrap_or_else(|| plaza_business::country::of(&number).to_owned());
    let new = NewBusiness {
        name: body.name,
        number,
        // Taken from the account that is opened.
        account_id: plaza_protocol::AccountId(Default::default()),
        country,
        currency,
        time_zone: body.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        credit,
        messaging_limit,
    };
    let created = app.create_business(&ctx, new).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({
            "business_id": created.business_id, "waba_id": created.waba_id,
            "phone_number_id": created.phone_number_id, "display_phone_number": created.display_phone_number,
            "app_id": created.app_id, "app_secret": created.app_secret.0, "access_token": created.access_token.0,
        })),
    ))
}

/// `GET /operator/api/businesses?after=`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let after: Option<PhoneNumberId> = page
        .after
        .map(|after| after.parse())
        .transpose()
        .map_err(|_| Problem::invalid("after: not the id of a number"))?;
    let list = async move |ctx: &Ctx, tx: &mut _| portfolios::numbers_after(ctx, tx, after).await;
    let numbers = app.db.read(&ctx, "operator.businesses", list).await.map_err(|error| match error {
        LookupError::NotFound => Problem::not_found("this business"),
        LookupError::Db(error) => error.into(),
    })?;
    let data: Vec<Value> = numbers
        .iter()
        .map(|number| {
            json!({
                "business_id": number.portfolio_id, "waba_id": number.waba_id,
                "phone_number_id": number.phone_number_id, "display_phone_number": number.number,
                "name": number.verified_name, "quality": number.quality,
            })
        })
        .collect();
    Ok(Json(json!({"data": data})))
}

#[derive(Debug, Deserialize)]
pub(super) struct Credit {
    amount: String,
    /// Of the amount, if it is not what the business pays in.
    currency: Option<Currency>,
    /// What one unit of it is worth in what the business pays in.
    rate: Option<String>,
    /// The same key twice credits once.
    key: String,
}

/// Money of another currency: both what it is and at what rate it counts are given, or neither.
fn foreign(
    amount: Micros,
    currency: Option<Currency>,
    rate: Option<&str>,
) -> Result<Option<Foreign>, Problem> {
    match (currency, rate) {
        (None, None) => Ok(None),
        (Some(currency), Some(rate)) => {
            let rate = rate.parse().map_err(|error| Problem::invalid(format!("rate: {error}")))?;
            Ok(Some(Foreign { amount, currency, rate }))
        }
        _ => Err(Problem::invalid(
            "currency and rate belong together: what came in, and what one unit of it is worth",
        )),
    }
}

/// `POST /operator/api/businesses/{business_id}/credit`
pub(super) async fn credit(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Credit>,
) -> Result<Json<Value>, Problem> {
    let portfolio: PortfolioId = id.parse().map_err(|_| Problem::not_found("this business"))?;
    let amount = Micros::parse_decimal(&body.amount)
        .filter(|amount| *amount > Micros::ZERO)
        .ok_or_else(|| Problem::invalid("amount: write a positive amount such as 100.00"))?;
    if body.key.is_empty() || body.key.len() > 100 {
        return Err(Problem::invalid("key: 1 to 100 characters of your choice; the same key credits once"));
    }
    let foreign = foreign(amount, body.currency, body.rate.as_deref())?;
    let top_up = async move |ctx: &Ctx, tx: &mut _| match foreign {
        Some(foreign) => exchange::top_up_in(ctx, tx, portfolio, foreign, &body.key).await,
        None => plaza_billing::top_up(ctx, tx, portfolio, amount, &body.key).await,
    };
    let balance = app.db.transact(&ctx, "operator.credit", top_up).await?;
    Ok(Json(json!({
        "currency": balance.currency.code(), "posted_micros": balance.posted.0, "held_micros": balance.held.0,
        "available_micros": balance.available.0, "at": Timestamp::seconds(app.ctx.now()),
    })))
}

fn tier(word: &str) -> Result<Tier, Problem> {
    Tier::parse(word).ok_or_else(|| {
        let words: Vec<&str> = Tier::ALL.iter().map(|tier| tier.as_str()).collect();
        Problem::invalid(format!("messaging_limit: one of {} is expected", words.join(", ")))
    })
}

fn standing_view(standing: &Standing) -> Json<Value> {
    Json(json!({
        "messaging_limit": standing.tier.as_str(), "people": standing.reach.map(|reach| reach.people),
        "people_max": standing.tier.people_max(),
    }))
}

/// `GET /operator/api/businesses/{business_id}/messaging-limit`
pub(super) async fn messaging_limit(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let portfolio: PortfolioId = id.parse().map_err(|_| Problem::not_found("this business"))?;
    let read = async move |ctx: &Ctx, tx: &mut _| reach::standing(ctx, tx, portfolio).await;
    Ok(standing_view(&app.db.read(&ctx, "operator.messaging_limit", read).await?))
}

#[derive(Debug, Deserialize)]
pub(super) struct MessagingLimit {
    messaging_limit: String,
}

/// `POST /operator/api/businesses/{business_id}/messaging-limit`
pub(super) async fn set_messaging_limit(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<MessagingLimit>,
) -> Result<Json<Value>, Problem> {
    let portfolio: PortfolioId = id.parse().map_err(|_| Problem::not_found("this business"))?;
    let tier = tier(&body.messaging_limit)?;
    let set = async move |ctx: &Ctx, tx: &mut _| reach::set(ctx, tx, portfolio, tier).await;
    Ok(standing_view(&app.db.transact(&ctx, "operator.set_messaging_limit", set).await?))
}

impl From<SubscribeError> for Problem {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::NotFound => Self::not_found("this account"),
            SubscribeError::Db(error) => error.into(),
            other => Self::new(ErrorCode::Invalid, other.to_string()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Subscribe {
    callback: String,
    verify_token: String,
}

/// `POST /operator/api/wabas/{waba_id}/subscribe`: the account's webhooks go to an address, which is asked first.
pub(super) async fn subscribe(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(waba): Path<String>,
    Body(body): Body<Subscribe>,
) -> Result<Json<Value>, Problem> {
    let waba = waba_id(&waba)?;
    let callback = Callback { url: body.callback, updates_max: 1 };
    webhooks::check_callback("callback", &callback)?;
    let challenge = (u64::from_be_bytes(ctx.random()) >> 16).to_string();
    app.egress.handshake(&callback.url, &body.verify_token, &challenge).await.map_err(|error| {
        let code = if error.is_refused() { ErrorCode::AddressRefused } else { ErrorCode::Invalid };
        Problem::new(code, format!("callback: {error}"))
    })?;
    let subscribed = callback.clone();
    app.db
        .transact(&ctx, "operator.subscribe", async move |ctx, tx| {
            let apps = webhooks::waba_subscriptions(ctx, tx, waba).await?;
            let first = apps.first().ok_or(SubscribeError::NotFound)?;
            webhooks::subscribe_waba(ctx, tx, waba, first.app.app_id, Some(&subscribed)).await
        })
        .await?;
    Ok(Json(json!({"success": true, "waba_id": waba, "callback": callback.url})))
}

fn waba_id(text: &str) -> Result<WabaId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this account"))
}

/// A restriction that ends by itself lasts so long at most.
const STANDING_DAYS_MAX: u32 = 365;

#[derive(Debug, Deserialize)]
pub(super) struct NewStanding {
    /// `ACTIVE`, `RESTRICTED` or `DISABLED`.
    state: String,
    /// What for: a word such as `SPAM`.
    violation: Option<String>,
    /// Absent: until further notice.
    days: Option<u32>,
}

/// `POST /operator/api/wabas/{waba_id}/standing`: an account is restricted, stopped, or goes on.
pub(super) async fn set_standing(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(waba): Path<String>,
    Body(body): Body<NewStanding>,
) -> Result<Json<Value>, Problem> {
    let waba = waba_id(&waba)?;
    let state = standing::State::parse(&body.state)
        .ok_or_else(|| Problem::invalid("state: ACTIVE, RESTRICTED or DISABLED is expected"))?;
    let until = match body.days {
        None => None,
        Some(days @ 1..=STANDING_DAYS_MAX) => Some(app.ctx.now() + DAY.saturating_mul(days)),
        Some(_) => return Err(Problem::invalid(format!("days: 1 to {STANDING_DAYS_MAX}, or nothing"))),
    };
    let next = standing::Standing { state, violation: body.violation.unwrap_or_default(), until };
    let told = next.clone();
    let set = async move |ctx: &Ctx, tx: &mut _| standing::set(ctx, tx, waba, &next).await;
    app.db.transact(&ctx, "operator.set_standing", set).await?;
    Ok(Json(json!({
        "waba_id": waba, "state": told.state.as_str(), "violation": told.violation,
        "until": told.until.map(Timestamp::seconds),
    })))
}

/// `POST /operator/api/wabas/{waba_id}/templates`
pub(super) async fn create_template(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(waba): Path<String>,
    Body(body): Body<Value>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let waba = waba_id(&waba)?;
    let business = app.business.clone();
    let create = async move |ctx: &Ctx, tx: &mut _| business.create_template(ctx, tx, waba, &body).await;
    let template = app.db.transact(&ctx, "operator.create_template", create).await?;
    Ok((StatusCode::CREATED, Json(template_view(&template))))
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Decide {
    language: Option<String>,
    reason: Option<String>,
}

/// `POST /operator/api/wabas/{waba_id}/templates/{name}/{decision}`: in one language, or in all that it has.
pub(super) async fn decide_by_name(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((waba, name, decision)): Path<(String, String, String)>,
    Body(body): Body<Decide>,
) -> Result<Json<Value>, Problem> {
    let waba = waba_id(&waba)?;
    let decision = match decision.as_str() {
        "approve" => Decision::Approve,
        "reject" => Decision::Reject(body.reason),
        _ => return Err(Problem::not_found("this address")),
    };
    let language = body.language;
    let decided = app
        .db
        .transact(&ctx, "operator.decide_by_name", async move |ctx, tx| {
            let mut decided = Vec::new();
            for template in templates::list(ctx, tx, waba).await? {
                let is_asked = template.name == name
                    && language
                        .as_ref()
                        .is_none_or(|language| template.language.eq_ignore_ascii_case(language));
                if is_asked {
                    decided.push(templates::decide(ctx, tx, template.template_id, decision.clone()).await?);
                }
            }
            if decided.is_empty() { Err(TemplateError::NotFound) } else { Ok(decided) }
        })
        .await?;
    Ok(Json(match decided.as_slice() {
        [one] => template_view(one),
        all => json!({"data": all.iter().map(template_view).collect::<Vec<_>>()}),
    }))
}
