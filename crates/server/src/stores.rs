//! # What people buy, over HTTP
//!
//! `/v1/store`: what there is, what a person has and until when; buying, showing what was bought in an app store, ending a
//! renewal. A device names itself by its token. Stores tell of changes at `/_payments/stores/{store}/notifications`, which
//! leads to a look-up and is believed nothing else.

use crate::app::App;
use crate::attachments;
use crate::egress::Egress;
use crate::payments::WayOut;
use crate::plan_views;
use crate::problem::{Body, Problem};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plaza_billing::plans::{
    self, Audience, Holder, Plan, Purchase, PurchaseError, PurchaseFilter, PurchaseState, Term,
    currency_of_country, product_of,
};
use plaza_db::Tx;
use plaza_messaging::MessagingError;
use plaza_messaging::accounts;
use plaza_payments::stores::apple::Apple;
pub use plaza_payments::stores::apple::AppleSettings;
use plaza_payments::stores::google::Google;
pub use plaza_payments::stores::google::{GOOGLE_KEYS_URL, GoogleSettings, Pushes, ServiceAccount};
use plaza_payments::stores::sandbox::{SandboxStore, tokens};
use plaza_payments::stores::{Basket, BuyError, Notification, Store, StoreError, Stores};
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::{AccountId, Actor, Chain, Ctx, Currency, ErrorCode, PhoneNumber, PurchaseId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Through which stores people buy; read from the configuration by the binary.
#[derive(Debug, Clone, Default)]
pub struct StoreSettings {
    /// The built-in store, which takes no money.
    pub sandbox: bool,
    /// An app in Apple's App Store.
    pub apple: Option<AppleSettings>,
    /// An app in Google Play.
    pub google: Option<GoogleSettings>,
}

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;
/// How often stores are asked about what is due.
const ROUND_EVERY: Duration = Duration::from_secs(30);
/// Conversations that everybody can pin.
const PINNED_FREE: i64 = 3;

/// The stores of a network with these settings.
pub(crate) fn stores(settings: &StoreSettings, db: plaza_db::Db, egress: &Arc<Egress>) -> Stores {
    let mut all: Vec<Arc<dyn Store>> = Vec::new();
    if settings.sandbox {
        all.push(Arc::new(SandboxStore::new(db.clone())));
    }
    if let Some(apple) = &settings.apple {
        all.push(Arc::new(Apple::new(Arc::new(WayOut(egress.clone())), apple.clone())));
    }
    if let Some(google) = &settings.google {
        all.push(Arc::new(Google::new(Arc::new(WayOut(egress.clone())), google.clone())));
    }
    Stores::new(db, all)
}

/// Runs until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(ROUND_EVERY) => round(&app).await,
        }
    }
}

/// Asks the stores about what is due.
pub(crate) async fn round(app: &App) {
    if let Err(error) = app.stores.reconcile(&app.ctx_for(Actor::System)).await {
        tracing::error!(error = %Chain(&error), "purchases could not be looked up");
    }
}

/// The addresses of people and of stores.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/store", get(overview))
        .route("/v1/store/orders", post(order))
        .route("/v1/store/purchases", post(submit))
        .route("/v1/store/purchases/{purchase_id}/renewal", post(set_renewal))
        .route("/_payments/stores/{store}/notifications", post(notify))
}

/// The operator's addresses.
pub(crate) fn operator_router() -> Router<Arc<App>> {
    Router::new().route("/purchases", get(list)).route("/purchases/{purchase_id}/refund", post(refund))
}

impl From<PurchaseError> for Problem {
    fn from(error: PurchaseError) -> Self {
        match error {
            PurchaseError::NotFound => Self::not_found("this purchase"),
            PurchaseError::OtherAccount => Self::new(ErrorCode::Conflict, error.to_string()),
            PurchaseError::UnknownProduct(_) | PurchaseError::TooLong => Self::invalid(error.to_string()),
            PurchaseError::Plan(error) => error.into(),
            PurchaseError::Billing(error) => error.into(),
            PurchaseError::Db(error) => error.into(),
        }
    }
}

impl From<BuyError> for Problem {
    fn from(error: BuyError) -> Self {
        match error {
            BuyError::Purchase(error) => error.into(),
            BuyError::Db(error) => error.into(),
            BuyError::NoStore(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            BuyError::Store(StoreError::Declined(words)) => Self::new(ErrorCode::InsufficientFunds, words),
            BuyError::Store(StoreError::Unsigned(words)) => Self::new(ErrorCode::Unauthenticated, words),
            BuyError::Store(StoreError::Unavailable(_)) => {
                Self::new(ErrorCode::Unavailable, "the store does not answer: try again later")
            }
            BuyError::Store(error) => Self::invalid(error.to_string()),
        }
    }
}

/// Whose device asks, and the context of what it does.
pub(crate) async fn person(app: &App, headers: &HeaderMap) -> Result<(Ctx, AccountId), Problem> {
    let ctx = app.ctx_for(Actor::Anonymous);
    let by = attachments::device(app, &ctx, headers).await?;
    Ok((ctx.acting_as(Actor::Device { account: by.account, device: by.device }), by.account))
}

/// In what somebody pays: that of their number's country.
async fn currency_of(app: &App, ctx: &Ctx, account: AccountId) -> Result<Currency, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| accounts::get(ctx, tx, &[account]).await;
    let found = app.db.read(ctx, "store.account", read).await?;
    let number = found.first().and_then(|account| account.number.parse::<PhoneNumber>().ok());
    let country = number.map_or("XX", |number| plaza_business::country::of(&number));
    Ok(currency_of_country(country))
}

fn purchase_view(app: &App, of: &Purchase) -> Value {
    json!({
        "purchase_id": of.purchase_id, "store": of.store, "plan": of.plan_key, "term": of.term.as_str(),
        "state": of.state.as_str(), "expires_at": of.expires_at.map(Timestamp::seconds), "renews": of.renews,
        "is_trial": of.is_trial, "is_family_shared": of.is_family_shared,
        "manage_url": app.stores.manage_url(&of.store), "created_at": of.created_at.seconds(),
    })
}

fn product_view(plan: &Plan, currency: Currency) -> Value {
    let mut view = plan_views::plan(plan, Some(currency));
    let terms = plan.prices.iter().filter(|price| price.currency == currency);
    let products =
        terms.map(|price| (price.term.as_str().to_owned(), json!(product_of(&plan.key, price.term))));
    view["products"] = Value::Object(products.collect::<Map<_, _>>());
    view
}

/// All that a person sees of the store.
async fn whole(app: &App, ctx: &Ctx, account: AccountId) -> Result<Json<Value>, Problem> {
    let currency = currency_of(app, ctx, account).await?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let offered = plans::plans(ctx, tx, Audience::Person).await?;
        let purchases = plans::purchases_of(ctx, tx, account).await?;
        let entitlements = plans::entitlements(ctx, tx, Holder::Person(account)).await?;
        let had_trial = plans::had_trial_of(ctx, tx, account).await?;
        let lapse = plans::next_lapse(ctx, tx, Holder::Person(account)).await?;
        Ok::<_, PurchaseError>((offered, purchases, entitlements, (had_trial, lapse)))
    };
    let (offered, purchases, entitlements, (had_trial, lapse)) =
        app.db.read(ctx, "store.overview", read).await?;
    let has = |plan: &Plan| purchases.iter().any(|each| each.plan_key == plan.key && each.state.gives());
    let shown = offered.iter().filter(|plan| plan.is_offered || has(plan));
    let entitled = entitlements.iter().map(|(name, value)| {
        let value = if name.is_limit() { json!(value) } else { json!(true) };
        (name.as_str().to_owned(), value)
    });
    let mut entitled: Map<String, Value> = entitled.collect();
    entitled.entry("pinned_conversations").or_insert(json!(PINNED_FREE));
    Ok(Json(json!({
        "currency": currency.code(),
        "plans": shown.map(|plan| product_view(plan, currency)).collect::<Vec<_>>(),
        "purchases": purchases.iter().map(|each| purchase_view(app, each)).collect::<Vec<_>>(),
        "entitlements": entitled,
        // To be asked again then: what ends by itself is not pushed.
        "changes_in_s": lapse.map(|at| at.since(ctx.now()).as_secs() + 1),
        "free": {"pinned_conversations": PINNED_FREE},
        "had_trial": had_trial,
        "stores": app.stores.all().map(Store::name).collect::<Vec<_>>(),
    })))
}

/// `GET /v1/store`
async fn overview(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let (ctx, account) = person(&app, &headers).await?;
    whole(&app, &ctx, account).await
}

#[derive(Debug, Deserialize)]
struct Order {
    plan: String,
    term: String,
    /// What the built-in store is paid with.
    token: Option<String>,
}

/// `POST /v1/store/orders`: buys in the built-in store.
async fn order(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(body): Body<Order>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (ctx, account) = person(&app, &headers).await?;
    let term =
        Term::parse(&body.term).ok_or_else(|| Problem::invalid("term: month, year or once is expected"))?;
    let currency = currency_of(&app, &ctx, account).await?;
    let key = body.plan.clone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let plan = plans::plan(ctx, tx, &key).await?;
        let had_trial = plans::had_trial_of(ctx, tx, account).await?;
        let purchases = plans::purchases_of(ctx, tx, account).await?;
        Ok::<_, PurchaseError>((plan, had_trial, purchases))
    };
    let (plan, had_trial, purchases) = app.db.read(&ctx, "store.order", read).await?;
    if plan.audience != Audience::Person || !plan.is_offered {
        return Err(Problem::not_found("this plan"));
    }
    let has = |each: &Purchase| {
        each.plan_key == plan.key && (each.state.gives() || each.state == PurchaseState::Pending)
    };
    if purchases.iter().any(has) {
        return Err(Problem::new(ErrorCode::Conflict, "you have this already"));
    }
    let basket = Basket {
        account,
        product: product_of(&plan.key, term),
        term,
        price: plan.price(currency, term)?,
        currency,
        trial_days: if had_trial { 0 } else { plan.trial_days },
        token: body.token.unwrap_or_else(|| tokens::GOOD.to_owned()),
    };
    let bought = app.stores.buy(&ctx, "sandbox", basket).await?;
    Ok((StatusCode::CREATED, Json(purchase_view(&app, &bought))))
}

#[derive(Debug, Deserialize)]
struct Bought {
    store: String,
    /// What the store gave to the buyer's app.
    proof: String,
}

/// `POST /v1/store/purchases`: shows what was bought in an app store.
async fn submit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(body): Body<Bought>,
) -> Result<Json<Value>, Problem> {
    let (ctx, account) = person(&app, &headers).await?;
    let admit = async |ctx: &Ctx, tx: &mut Tx| accounts::admit_endpoint_request(ctx, tx).await;
    app.db.transact::<_, MessagingError, _>(&ctx, "store.admit", admit).await?;
    let bought = app.stores.submit(&ctx, account, (&body.store, &body.proof)).await?;
    Ok(Json(purchase_view(&app, &bought)))
}

#[derive(Debug, Deserialize)]
struct Renewal {
    renews: bool,
}

fn purchase_id(text: &str) -> Result<PurchaseId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this purchase"))
}

/// `POST /v1/store/purchases/{purchase_id}/renewal`
async fn set_renewal(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(body): Body<Renewal>,
) -> Result<Json<Value>, Problem> {
    let (ctx, account) = person(&app, &headers).await?;
    let id = purchase_id(&id)?;
    let changed = app.stores.set_renewal(&ctx, account, (id, body.renews)).await?;
    Ok(Json(purchase_view(&app, &changed)))
}

/// `POST /_payments/stores/{store}/notifications`: a hint of a store. One that cannot be looked up now is refused, so that
/// the store tells it again.
async fn notify(
    State(app): State<Arc<App>>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    if store == "sandbox" {
        return Err(Problem::not_found("this address"));
    }
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let notification = Notification { body: &body, authorization };
    let known = app.stores.hint(&app.ctx_for(Actor::Anonymous), &store, &notification).await?;
    Ok(Json(json!({"known": known})))
}

#[derive(Debug, Deserialize)]
struct Which {
    state: Option<String>,
    store: Option<String>,
    limit: Option<usize>,
    /// The id of the last row of the page before.
    after: Option<String>,
}

/// `GET /operator/api/purchases?state=&store=&limit=&after=`: what was bought, and what it earned. Whose it is stays with
/// the person.
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let limit = which.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let expected = "state: pending, active, grace, expired, revoked or replaced is expected";
    let word = which.state.filter(|word| !word.is_empty());
    let state = word.map(|word| PurchaseState::parse(&word).ok_or_else(|| Problem::invalid(expected)));
    let filter = PurchaseFilter {
        state: state.transpose()?,
        store: which.store.filter(|store| !store.is_empty()),
        after: which.after.as_deref().map(purchase_id).transpose()?,
    };
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let rows = plans::purchases(ctx, tx, &filter, limit).await?;
        // They are sums of everything: once, not for each page that is turned.
        let sales = if filter.after.is_none() { plans::sales(ctx, tx).await? } else { Vec::new() };
        Ok::<_, PurchaseError>((rows, sales))
    };
    let (rows, sales) = app.db.read(&ctx, "operator.purchases", read).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|(last, _)| last.purchase_id);
    let data = rows.iter().map(|(of, payments)| {
        let mut view = purchase_view(&app, of);
        view["can_refund"] = json!(of.store == "sandbox" && of.state.gives());
        view["payments"] = payments.iter().map(|paid| {
            json!({
                "transaction": paid.transaction, "plan": paid.plan_key, "currency": paid.currency.code(),
                "amount_micros": paid.amount.0, "commission_micros": paid.commission.0,
                "refunded_micros": paid.refunded.0, "at": paid.at.seconds(), "transfer_id": paid.transfer_id,
            })
        }).collect();
        view
    });
    let sales = sales.iter().map(|sold| {
        json!({
            "plan": sold.plan_key, "term": sold.term.as_str(), "currency": sold.currency.code(),
            "payments": sold.payments, "amount_micros": sold.amount.0,
            "commission_micros": sold.commission.0, "refunded_micros": sold.refunded.0,
        })
    });
    let stores: Vec<&str> = app.stores.all().map(Store::name).collect();
    Ok(Json(json!({
        "data": data.collect::<Vec<_>>(), "next": next, "sales": sales.collect::<Vec<_>>(), "stores": stores,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refund {
    /// So much of its last payment; absent: all that is left of it, and the purchase ends.
    amount: Option<String>,
}

/// `POST /operator/api/purchases/{purchase_id}/refund {"amount": "1.00"}`: in the built-in store.
async fn refund(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Refund>,
) -> Result<Json<Value>, Problem> {
    let amount = body.amount.map(|text| crate::manager::payments::amount("amount", &text)).transpose()?;
    app.stores.refund(&ctx, purchase_id(&id)?, amount).await?;
    Ok(Json(json!({"refunded": true})))
}
