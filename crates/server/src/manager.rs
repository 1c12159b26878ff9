//! # The businesses' surface
//!
//! What the console at `/manager` asks for and the Cloud API has no words for: who is signed in, the webhook deliveries
//! of the business, its log of messages down to one message's life, its limits and figures, its money, and its API
//! keys. Everything else the console asks the Cloud API itself.
//!
//! One signs in with an access token that reaches all of a business and may manage it. Whose rows are shown follows
//! from the token alone; no address names a business. JSON, amounts in micros, times in seconds; errors are
//! problem+json.

mod billing;
mod estimate;
mod figures;
pub(crate) mod payments;
mod plan;

use crate::app::App;
use crate::operator::reports::{explanation_view, names};
use crate::problem::{Body, Problem};
use crate::{deliveries, invoices, listeners};
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use plaza_billing::{self as rating, BillingError, Prices};
use plaza_business::apps::keys::{self, Key, KeyId, NewKey};
use plaza_business::apps::{self, AuthenticateError, Scope, Token, TokenKind};
use plaza_business::history::log::{self, Filter, Logged, Place, Step};
use plaza_business::management::ManageError;
use plaza_business::{portfolios, wamid};
use plaza_db::Tx;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::{Actor, BusinessMessageId, Ctx, ErrorCode, PortfolioId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;
/// A key that is to end ends at the latest after so long.
const KEY_DAYS_MAX: u64 = 3650;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// All addresses of the surface.
pub(crate) fn router(app: Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/session", get(session))
        .route("/numbers/{phone_number_id}/limits", get(figures::limits))
        .route("/analytics", get(figures::analytics))
        .route("/messages", get(messages))
        .route("/messages/{message_id}", get(message))
        .route("/keys", get(list_keys).post(create_key))
        .route("/keys/{key_id}", delete(revoke_key))
        .merge(plan::router())
        .merge(payments::router())
        .route("/billing", get(billing::overview))
        .route("/billing/caps", post(billing::set_cap))
        .route("/billing/caps/{cap_id}", delete(billing::remove_cap))
        .route("/billing/thresholds", post(billing::set_thresholds))
        .route("/billing/estimate", post(estimate::estimate))
        .route("/billing/markets", get(estimate::markets))
        .route("/billing/campaigns", get(billing::campaigns))
        .route("/billing/profile", get(billing::profile).post(billing::set_profile))
        .route("/billing/bank-account", get(billing::bank_account))
        .merge(deliveries::router())
        .merge(listeners::router())
        .merge(invoices::manager_router())
        .route_layer(from_fn_with_state(app, require_business))
}

/// Who is signed in.
#[derive(Debug, Clone)]
struct Caller {
    token: Token,
    key: KeyId,
}

/// Lets in whoever manages a business, and nobody else.
async fn require_business(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().trim().to_owned();
    let key = KeyId(apps::fingerprint(&given));
    let ctx = app.ctx_for(Actor::Anonymous);
    let token = app.cloud_api.token(&ctx, given).await?;
    check(&token)?;
    request.extensions_mut().insert(ctx.acting_as(Actor::App { app: token.app, portfolio: token.portfolio }));
    request.extensions_mut().insert(Caller { token, key });
    Ok(next.run(request).await)
}

/// Whether a good token is one for a console.
fn check(token: &Token) -> Result<(), Problem> {
    let refused = |what| Err(Problem::new(ErrorCode::Forbidden, what));
    if token.kind != TokenKind::SystemUser {
        return refused("an app's id and secret open no console: sign in with an access token");
    }
    if token.targets.is_some() {
        return refused(
            "this access token reaches some accounts only: sign in with one of the whole business",
        );
    }
    if token.needs_proof {
        return refused(
            "the app of this access token wants a proof with each call, which a browser cannot give",
        );
    }
    if !token.allows(Scope::Management) {
        return refused(
            "this access token may not manage: sign in with one that has whatsapp_business_management",
        );
    }
    Ok(())
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Unknown | AuthenticateError::Expired(_) => {
                Self::new(ErrorCode::Unauthenticated, error.to_string())
            }
            AuthenticateError::Db(error) => error.into(),
            AuthenticateError::Seal(_) => Self::internal(&error),
        }
    }
}

/// `GET /manager/api/session`: the business, what it has, and what the token may do.
async fn session(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let token = caller.token.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let portfolio = portfolios::portfolio(ctx, tx, token.portfolio).await?;
        let accounts = portfolios::wabas_of(ctx, tx, token.portfolio).await?;
        let app = apps::app(ctx, tx, token.app).await?;
        let balance = rating::funds::funds(ctx, tx, token.portfolio).await;
        Ok::<_, ManageError>((portfolio, accounts, app, balance))
    };
    let (portfolio, accounts, of, balance) = app.db.read(&ctx, "manager.session", read).await?;
    let balance = balance?;
    let accounts = accounts.iter().map(|waba| json!({"id": waba.waba_id, "name": waba.name}));
    Ok(Json(json!({
        "business_id": caller.token.portfolio, "name": portfolio.name,
        "app": {"id": caller.token.app, "name": of.map(|app| app.name)},
        "key_id": caller.key.to_string(),
        "scopes": scopes_view(&caller.token.scopes),
        "expires_at": caller.token.expires_at.map(Timestamp::seconds),
        "accounts": accounts.collect::<Vec<_>>(),
        "balance": {"currency": balance.currency.code(), "held_micros": balance.held.0,
            "available_micros": balance.available.0},
    })))
}

fn scopes_view(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().copied().map(Scope::as_str).collect()
}

#[derive(Debug, Deserialize)]
struct LogQuery {
    phone_number_id: Option<String>,
    person: Option<String>,
    direction: Option<String>,
    status: Option<String>,
    category: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    limit: Option<usize>,
    after: Option<String>,
}

impl LogQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let phone = given(&self.phone_number_id).map(|id| {
            id.parse().map_err(|_| Problem::invalid("phone_number_id: the id of a number is expected"))
        });
        let person = given(&self.person)
            .map(|number| number.parse().map_err(|error| Problem::invalid(format!("person: {error}"))));
        let is_outgoing = given(&self.direction).map(|word| match word.as_str() {
            "out" => Ok(true),
            "in" => Ok(false),
            _ => Err(Problem::invalid("direction: out or in is expected")),
        });
        let state = given(&self.status).map(|word| {
            let what = "status: received, sent, delivered, read or failed is expected";
            log::State::parse(&word).ok_or_else(|| Problem::invalid(what))
        });
        Ok(Filter {
            phone: phone.transpose()?,
            person: person.transpose()?,
            is_outgoing: is_outgoing.transpose()?,
            state: state.transpose()?,
            category: given(&self.category),
            since: self.since.map(Timestamp::from_seconds),
            until: self.until.map(Timestamp::from_seconds),
        })
    }
}

/// `GET /manager/api/messages?phone_number_id=&person=&direction=&status=&category=&since=&until=&limit=&after=`
async fn messages(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<LogQuery>,
) -> Result<Json<Value>, Problem> {
    let filter = query.filter()?;
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let after: Option<Place> = query.after.as_deref().map(str::parse).transpose()?;
    let portfolio = caller.token.portfolio;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let found = log::list(ctx, tx, portfolio, &filter, after, limit).await?;
        let ids: Vec<_> = found.iter().map(|message| message.message).collect();
        let charges = rating::charges_of(ctx, tx, portfolio, &ids).await;
        Ok::<_, ManageError>((found, charges))
    };
    let (found, charges) = app.db.read(&ctx, "manager.messages", read).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.place().to_string());
    let data = found.iter().zip(charges?).map(|(message, charge)| {
        let mut view = message_view(message);
        if let Some(charge) = charge {
            view["charge"] = json!({"amount_micros": charge.amount.0, "currency": charge.currency.code()});
        }
        view
    });
    Ok(Json(json!({"data": data.collect::<Vec<_>>(), "next": next})))
}

fn message_view(message: &Logged) -> Value {
    let person = message.person.as_ref().map(|person| {
        json!({"number": format!("+{}", person.number), "name": person.name, "user_id": person.user_id})
    });
    let template = message.template.as_ref().map(|(id, name)| json!({"id": id, "name": name}));
    json!({
        "message_id": message.wamid(), "waba_id": message.waba, "phone_number_id": message.phone,
        "direction": if message.is_outgoing { "out" } else { "in" }, "kind": message.kind,
        "template": template, "category": message.category, "status": message.state.as_str(),
        "at": message.accepted_at.seconds(), "person": person,
        "group_id": message.group.map(plaza_business::groups::format_id), "charge": null,
    })
}

fn step_view(step: &Step) -> Value {
    let told = step.told.iter().map(|told| {
        json!({
            "delivery_id": told.delivery, "state": told.state.as_str(), "attempts": told.attempts,
            "url": told.url, "error": told.error,
        })
    });
    // To the microsecond: steps may follow each other within one second.
    json!({"status": step.state.as_str(), "at": step.at.seconds(), "at_micros": step.at.0,
        "webhooks": told.collect::<Vec<_>>()})
}

/// `GET /manager/api/messages/{message_id}`: its life, and why it cost what it cost.
async fn message(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = wamid::parse(&id).ok_or_else(|| Problem::not_found("this message"))?;
    let (portfolio, prices) = (caller.token.portfolio, app.prices.clone());
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let (message, steps) = log::life(ctx, tx, id).await?;
        Ok::<_, ManageError>((message, steps, price(ctx, tx, &prices, portfolio, id).await))
    };
    let (message, steps, price) = app.db.read(&ctx, "manager.message", read).await?;
    let mut view = message_view(&message);
    view["steps"] = steps.iter().map(step_view).collect();
    view["price"] = json!(price?);
    Ok(Json(view))
}

/// What a message cost and why; `None`: nothing was charged for it (yet).
async fn price(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    portfolio: PortfolioId,
    message: BusinessMessageId,
) -> Result<Option<Value>, BillingError> {
    let explained = rating::explain_message(ctx, tx, prices, portfolio, message).await?;
    let Some(explanation) = explained else { return Ok(None) };
    let names = names(ctx, tx, std::slice::from_ref(&explanation.charge)).await?;
    Ok(Some(explanation_view(&explanation, &names)))
}

fn key_view(key: &Key, own: KeyId) -> Value {
    json!({
        "key_id": key.key_id.to_string(), "name": key.name, "ending": key.ending, "app_id": key.app,
        "scopes": scopes_view(&key.scopes), "issued_at": key.issued_at.seconds(),
        "expires_at": key.expires_at.map(Timestamp::seconds), "is_delegated": key.is_delegated,
        "is_own": key.key_id == own,
    })
}

/// `GET /manager/api/keys`
async fn list_keys(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let list = async move |ctx: &Ctx, tx: &mut Tx| keys::list(ctx, tx, portfolio).await;
    let found = app.db.read(&ctx, "manager.keys", list).await?;
    Ok(Json(json!({"data": found.iter().map(|key| key_view(key, caller.key)).collect::<Vec<_>>()})))
}

#[derive(Debug, Deserialize)]
struct CreateKey {
    name: String,
    scopes: Vec<String>,
    /// Absent: it does not end.
    expires_in_days: Option<u64>,
}

/// `POST /manager/api/keys`: the answer is the only time that the token is seen.
async fn create_key(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<CreateKey>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let scope = |name: &String| {
        let found = Scope::ALL.iter().copied().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| Problem::invalid(format!("scopes: {name:?} is no permission")))
    };
    let scopes = body.scopes.iter().map(scope).collect::<Result<_, _>>()?;
    let lifetime = match body.expires_in_days {
        None => None,
        Some(days @ 1..=KEY_DAYS_MAX) => Some(DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX))),
        Some(_) => return Err(Problem::invalid(format!("expires_in_days: 1 to {KEY_DAYS_MAX}, or nothing"))),
    };
    let new = NewKey { name: body.name, scopes, expires_at: lifetime.map(|lifetime| ctx.now() + lifetime) };
    let create = async move |ctx: &Ctx, tx: &mut Tx| keys::create(ctx, tx, &caller.token, &new).await;
    let (key, token) = app.db.transact(&ctx, "manager.create_key", create).await?;
    Ok((StatusCode::CREATED, Json(json!({"key_id": key.to_string(), "access_token": token.0}))))
}

/// `DELETE /manager/api/keys/{key_id}`
async fn revoke_key(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let key: KeyId = id.parse()?;
    let revoke = async move |ctx: &Ctx, tx: &mut Tx| keys::revoke(ctx, tx, caller.key, key).await;
    app.db.transact(&ctx, "manager.revoke_key", revoke).await?;
    app.cloud_api.forget_token(&key.0);
    Ok(Json(json!({"ok": true})))
}
