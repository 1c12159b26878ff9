//! Phone numbers: reading them, registering them, and their own callback.

use super::errors::GraphError;
use super::subscriptions::{callback, success, verify};
use super::{Call, list as lists};
use plaza_business::portfolios::{self, BusinessNumber};
use plaza_business::{codes, json as sloppy, webhooks};
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

/// What is returned when nothing is asked for.
const DEFAULT_FIELDS: &[&str] = &[
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
];

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let read = async move |ctx: &Ctx, tx: &mut Tx| portfolios::phone_number(ctx, tx, phone).await;
    let number = call.app.db.read(&call.ctx, "cloud_api.phone_number", read).await?;
    Ok(lists::select(&call, view(&number), DEFAULT_FIELDS))
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let read = async move |ctx: &Ctx, tx: &mut Tx| portfolios::phone_numbers(ctx, tx, waba).await;
    let numbers = call.app.db.read(&call.ctx, "cloud_api.phone_numbers", read).await?;
    let items = numbers.iter().map(|number| lists::select(&call, view(number), DEFAULT_FIELDS)).collect();
    lists::page(&call, items)
}

fn view(number: &BusinessNumber) -> Value {
    let status = if number.is_registered { "CONNECTED" } else { "DISCONNECTED" };
    json!({
        "id": number.phone_number_id.to_string(),
        "display_phone_number": number.number.to_string(),
        "verified_name": number.verified_name,
        "quality_rating": number.quality,
        "quality_score": {"score": number.quality},
        "status": status,
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "account_mode": "LIVE",
        "is_official_business_account": false,
        "is_pin_enabled": false,
        "is_on_biz_app": false,
        "is_preverified_number": false,
        "search_visibility": "NON_VISIBLE",
        "country_code": number.country(),
        "country_dial_code": number.dial_code(),
        "last_onboarded_time": number.created_at.seconds().to_string(),
    })
}

/// `POST /{phone}`: sets the number's own callback (`webhook_configuration`); an empty address takes it away.
pub(super) async fn configure(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let configuration = call.params.object("webhook_configuration").ok_or_else(|| {
        let details = "webhook_configuration is expected; other settings are not supported yet";
        GraphError::new(codes::INVALID_PARAMETER).details(details)
    })?;
    let text = |name| sloppy::text_member(&configuration, name).filter(|text| !text.is_empty());
    let callback = text("override_callback_uri").map(|url| callback(&call, url)).transpose()?;
    if let Some(callback) = &callback {
        verify(&call, "override_callback_uri", callback, text("verify_token")).await?;
    }
    let app = call.token.app;
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        webhooks::set_phone_number_callback(ctx, tx, phone, app, callback.as_ref()).await
    };
    call.app.db.transact(&call.ctx, "cloud_api.set_phone_number_callback", set).await?;
    Ok(success())
}

/// `POST /{phone}/register` and `/deregister`. The PIN of two-step verification is accepted and not kept: the number's
/// keys are the operator's, and there is no second registration to protect against.
pub(super) async fn register(call: Call) -> Result<Value, GraphError> {
    set_registered(call, true).await
}

pub(super) async fn deregister(call: Call) -> Result<Value, GraphError> {
    set_registered(call, false).await
}

async fn set_registered(call: Call, is_registered: bool) -> Result<Value, GraphError> {
    let phone = call.phone();
    let set =
        async move |ctx: &Ctx, tx: &mut Tx| portfolios::set_registered(ctx, tx, phone, is_registered).await;
    call.app.db.transact(&call.ctx, "cloud_api.register", set).await?;
    Ok(success())
}
