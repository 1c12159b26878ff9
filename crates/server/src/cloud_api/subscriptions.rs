//! Callbacks: of an app (`/{app}/subscriptions`), of an account (`/{waba}/subscribed_apps`).
//!
//! A callback is asked before it is remembered: a GET with a challenge, which it must repeat. An address that is
//! private or of a wrong scheme is refused with the reason.

use super::Call;
use super::errors::GraphError;
use plaza_business::codes;
use plaza_business::webhooks::{self, Callback, FIELDS};
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx};
use serde_json::{Value, json};

/// The only object whose changes can be subscribed to.
const OBJECT: &str = "whatsapp_business_account";
/// Digits of a challenge.
const CHALLENGE_MODULUS: u64 = 10_000_000_000;

pub(super) fn success() -> Value {
    json!({"success": true})
}

/// A callback from an address and the parameters beside it.
pub(super) fn callback(call: &Call, url: String) -> Result<Callback, GraphError> {
    let updates_max = call.params.integer("max_updates_per_call")?.unwrap_or(1);
    Ok(Callback { url, updates_max })
}

/// Asks the callback whether it wants to be called.
pub(super) async fn verify(
    call: &Call,
    member: &'static str,
    callback: &Callback,
    verify_token: Option<String>,
) -> Result<(), GraphError> {
    webhooks::check_callback(member, callback)?;
    let verify_token = verify_token.ok_or_else(|| {
        GraphError::new(codes::INVALID_PARAMETER).details("the parameter verify_token is required")
    })?;
    let challenge = u64::from_be_bytes(call.ctx.random()) % CHALLENGE_MODULUS;
    call.app.egress.handshake(&callback.url, &verify_token, &challenge.to_string()).await.map_err(|error| {
        let code = if error.is_refused() { codes::INVALID_PARAMETER } else { codes::CALLBACK_VERIFICATION };
        GraphError::new(code).details(format!("{member}: {error}"))
    })
}

/// The app of the token, and no other.
fn own_app(call: &Call) -> Result<AppId, GraphError> {
    let app = call.app_id();
    if call.token.app == app { Ok(app) } else { Err(GraphError::new(codes::APP_TOKEN_NEEDED)) }
}

fn check_object(call: &Call) -> Result<(), GraphError> {
    match call.params.text("object") {
        None => Ok(()),
        Some(object) if object == OBJECT => Ok(()),
        Some(_) => {
            Err(GraphError::new(codes::INVALID_PARAMETER).details(format!("object: {OBJECT} is expected")))
        }
    }
}

pub(super) async fn app_subscribe(call: Call) -> Result<Value, GraphError> {
    let app = own_app(&call)?;
    check_object(&call)?;
    let callback = callback(&call, call.params.required("callback_url")?)?;
    let mut fields = call.params.words("fields");
    if fields.is_empty() {
        fields = FIELDS.iter().map(|field| (*field).to_owned()).collect();
    }
    verify(&call, "callback_url", &callback, call.params.text("verify_token")).await?;
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        webhooks::set_app_subscription(ctx, tx, app, &callback, &fields).await
    };
    call.app.db.transact(&call.ctx, "cloud_api.set_app_subscription", set).await?;
    Ok(success())
}

pub(super) async fn app_list(call: Call) -> Result<Value, GraphError> {
    let app = own_app(&call)?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| webhooks::app_subscription(ctx, tx, app).await;
    let subscription = call.app.db.read(&call.ctx, "cloud_api.app_subscription", read).await?;
    let view = subscription.map(|subscription| {
        let fields =
            subscription.fields.iter().map(|name| json!({"name": name, "version": super::DEFAULT_VERSION}));
        json!({
            "object": OBJECT,
            "callback_url": subscription.url,
            "active": true,
            "fields": fields.collect::<Vec<_>>(),
        })
    });
    Ok(json!({"data": view.into_iter().collect::<Vec<_>>()}))
}

pub(super) async fn app_unsubscribe(call: Call) -> Result<Value, GraphError> {
    let app = own_app(&call)?;
    check_object(&call)?;
    let delete = async move |ctx: &Ctx, tx: &mut Tx| webhooks::delete_app_subscription(ctx, tx, app).await;
    call.app.db.transact(&call.ctx, "cloud_api.delete_app_subscription", delete).await?;
    Ok(success())
}

/// Without `override_callback_uri` the app hears of the account by its own callback, and an override goes.
pub(super) async fn waba_subscribe(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let callback =
        call.params.scalar("override_callback_uri")?.map(|url| callback(&call, url)).transpose()?;
    if let Some(callback) = &callback {
        verify(&call, "override_callback_uri", callback, call.params.text("verify_token")).await?;
    }
    let app = call.token.app;
    let subscribe = async move |ctx: &Ctx, tx: &mut Tx| {
        webhooks::subscribe_waba(ctx, tx, waba, app, callback.as_ref()).await
    };
    call.app.db.transact(&call.ctx, "cloud_api.subscribe_waba", subscribe).await?;
    Ok(success())
}

pub(super) async fn waba_list(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let read = async move |ctx: &Ctx, tx: &mut Tx| webhooks::waba_subscriptions(ctx, tx, waba).await;
    let subscriptions = call.app.db.read(&call.ctx, "cloud_api.waba_subscriptions", read).await?;
    let view = subscriptions.into_iter().map(|subscription| {
        let id = subscription.app.app_id.to_string();
        let data = json!({"id": id, "name": subscription.app.name, "link": format!("/apps/{id}")});
        match subscription.override_url {
            Some(url) => json!({"whatsapp_business_api_data": data, "override_callback_uri": url}),
            None => json!({"whatsapp_business_api_data": data}),
        }
    });
    Ok(json!({"data": view.collect::<Vec<_>>()}))
}

pub(super) async fn waba_unsubscribe(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let app = call.token.app;
    let unsubscribe =
        async move |ctx: &Ctx, tx: &mut Tx| webhooks::unsubscribe_waba(ctx, tx, waba, app).await;
    call.app.db.transact(&call.ctx, "cloud_api.unsubscribe_waba", unsubscribe).await?;
    Ok(success())
}
