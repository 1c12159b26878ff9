//! Who is told: callbacks of apps, accounts and phone numbers. Whether an address answers the handshake is asked by the
//! surface, which may call out; what stands here is what is remembered.

use super::{EndpointId, store};
use crate::apps::{self, App};
use crate::portfolios::{self, LookupError};
use plaza_db::{DbError, Tx};
use plaza_protocol::limits::WEBHOOK_EVENTS_MAX;
use plaza_protocol::{AppId, Ctx, PhoneNumberId, PortfolioId, WabaId, limits};

/// What can be subscribed to. Others are accepted, as the list of the Cloud API grows, and never happen here.
pub const FIELDS: &[&str] = &[
    "messages",
    "calls",
    "message_template_status_update",
    "message_template_quality_update",
    "message_template_components_update",
    "template_category_update",
    "user_preferences",
    "flows",
    "account_alerts",
    "account_settings_update",
    "account_update",
    "business_capability_update",
    "business_username_update",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "partner_solutions",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
];
/// Characters of the list of fields.
const FIELDS_CHARACTERS_MAX: usize = 2048;

/// Where to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The address.
    pub url: String,
    /// Updates in one call, at most. One, unless the receiver reads more.
    pub updates_max: i64,
}

/// The callback of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSubscription {
    /// The address.
    pub url: String,
    /// What it hears of.
    pub fields: Vec<String>,
}

/// An app that hears of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WabaSubscription {
    /// The app.
    pub app: App,
    /// The account's own callback for it.
    pub override_url: Option<String>,
}

/// A subscription cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// No such object, or another portfolio's.
    #[error("there is no such object, or it belongs to another business portfolio")]
    NotFound,
    /// A member cannot be used.
    #[error("{member}: {what}")]
    Invalid {
        /// Which.
        member: &'static str,
        /// Why, and what is expected.
        what: String,
    },
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<LookupError> for SubscribeError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

/// Checks a callback's form: the address's length and the number of updates.
pub fn check_callback(member: &'static str, callback: &Callback) -> Result<(), SubscribeError> {
    let characters = callback.url.chars().count();
    if characters > limits::WEBHOOK_URL_CHARACTERS_MAX {
        let what =
            format!("{characters} characters; at most {} are allowed", limits::WEBHOOK_URL_CHARACTERS_MAX);
        return Err(SubscribeError::Invalid { member, what });
    }
    if !(1..=WEBHOOK_EVENTS_MAX).contains(&callback.updates_max) {
        let what = format!("1 to {WEBHOOK_EVENTS_MAX} is expected");
        return Err(SubscribeError::Invalid { member: "max_updates_per_call", what });
    }
    Ok(())
}

pub(super) async fn own_app(ctx: &Ctx, tx: &mut Tx, app: AppId) -> Result<App, SubscribeError> {
    apps::app(ctx, tx, app).await?.ok_or(SubscribeError::NotFound)
}

/// Sets the callback of an app. What waits for the one before goes to the new one.
pub async fn set_app_subscription(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
    callback: &Callback,
    fields: &[String],
) -> Result<(), SubscribeError> {
    let app = own_app(ctx, tx, app).await?;
    check_callback("callback_url", callback)?;
    let fields = fields.join(",");
    if fields.is_empty() || fields.chars().count() > FIELDS_CHARACTERS_MAX {
        let what = format!("a list such as {} is expected", FIELDS.join(","));
        return Err(SubscribeError::Invalid { member: "fields", what });
    }
    let before = store::app_subscription(tx, app.app_id).await?.map(|(endpoint, _, _)| endpoint);
    let endpoint = store::endpoint(ctx, tx, &app, callback).await?;
    store::set_app_subscription(ctx, tx, app.app_id, endpoint, &fields).await?;
    move_waiting(ctx, tx, before, endpoint).await?;
    Ok(())
}

/// The callback of an app.
pub async fn app_subscription(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
) -> Result<Option<AppSubscription>, SubscribeError> {
    let app = own_app(ctx, tx, app).await?;
    Ok(store::app_subscription(tx, app.app_id).await?.map(|(_, url, fields)| AppSubscription { url, fields }))
}

/// Takes the callback of an app away. What was written for it is still tried.
pub async fn delete_app_subscription(ctx: &Ctx, tx: &mut Tx, app: AppId) -> Result<(), SubscribeError> {
    let app = own_app(ctx, tx, app).await?;
    Ok(store::delete_app_subscription(tx, app.app_id).await?)
}

/// Lets an app hear of an account; with a callback for this account, or by the app's own.
pub async fn subscribe_waba(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    app: AppId,
    callback: Option<&Callback>,
) -> Result<(), SubscribeError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let app = own_app(ctx, tx, app).await?;
    let before = store::waba_endpoint(tx, waba.waba_id, app.app_id).await?;
    let endpoint = match callback {
        Some(callback) => {
            check_callback("override_callback_uri", callback)?;
            Some(store::endpoint(ctx, tx, &app, callback).await?)
        }
        None => None,
    };
    store::subscribe_waba(ctx, tx, waba.waba_id, app.app_id, endpoint).await?;
    if let Some(endpoint) = endpoint {
        move_waiting(ctx, tx, before, endpoint).await?;
    }
    Ok(())
}

/// Lets an app hear of an account no more.
pub async fn unsubscribe_waba(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    app: AppId,
) -> Result<(), SubscribeError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    Ok(store::unsubscribe_waba(tx, waba.waba_id, app).await?)
}

/// The apps that hear of an account.
pub async fn waba_subscriptions(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
) -> Result<Vec<WabaSubscription>, SubscribeError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    Ok(store::waba_subscriptions(tx, waba.waba_id).await?)
}

/// Where an app hears of a number: the nearest one counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Callbacks {
    /// The app's own.
    pub app: Option<String>,
    /// The account's.
    pub waba: Option<String>,
    /// The number's.
    pub phone: Option<String>,
}

/// The callbacks of an app for a number.
pub async fn callbacks(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    app: AppId,
) -> Result<Callbacks, SubscribeError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    Ok(store::callbacks(tx, number.waba_id, number.phone_number_id, app).await?)
}

/// Sets or takes away the callback of one phone number.
pub async fn set_phone_number_callback(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    app: AppId,
    callback: Option<&Callback>,
) -> Result<(), SubscribeError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let app = own_app(ctx, tx, app).await?;
    let before = store::phone_number_endpoint(tx, number.phone_number_id, app.app_id).await?;
    let Some(callback) = callback else {
        return Ok(store::delete_phone_number_callback(tx, number.phone_number_id, app.app_id).await?);
    };
    check_callback("override_callback_uri", callback)?;
    let endpoint = store::endpoint(ctx, tx, &app, callback).await?;
    store::set_phone_number_callback(ctx, tx, number.phone_number_id, app.app_id, endpoint).await?;
    move_waiting(ctx, tx, before, endpoint).await
}

/// An address that nothing refers to any more is no longer called: what waits for it goes to its successor.
async fn move_waiting(
    ctx: &Ctx,
    tx: &mut Tx,
    before: Option<EndpointId>,
    after: EndpointId,
) -> Result<(), SubscribeError> {
    if let Some(before) = before.filter(|before| *before != after)
        && !store::is_referred_to(tx, before).await?
    {
        store::move_waiting(ctx, tx, before, after).await?;
    }
    Ok(())
}

/// The portfolio that an endpoint belongs to is the app's.
pub(super) fn owner(app: &App) -> PortfolioId {
    app.portfolio
}
