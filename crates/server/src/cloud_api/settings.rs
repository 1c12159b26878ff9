//! The documents of a phone number: profile, settings, commerce, compliance, greeting, key, official account.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, list as lists};
use plaza_business::catalogs;
use plaza_business::json as sloppy;
use plaza_business::portfolios;
use plaza_business::settings::{self, Setting, without_passwords};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PhoneNumberId};
use serde_json::{Map, Value, json};

/// Members of a profile that are shown; a handle is for us.
const PROFILE_FIELDS: &[&str] = &[
    "messaging_product",
    "about",
    "address",
    "description",
    "email",
    "profile_picture_url",
    "websites",
    "vertical",
];

async fn read(call: &Call, phone: PhoneNumberId, setting: Setting) -> Result<Map<String, Value>, GraphError> {
    call.read("cloud_api.setting", async move |ctx: &Ctx, tx: &mut Tx| {
        settings::read(ctx, tx, phone, setting).await
    })
    .await
}

async fn change(
    call: &Call,
    phone: PhoneNumberId,
    setting: Setting,
    request: Value,
) -> Result<Value, GraphError> {
    let business = call.app.business.clone();
    let change =
        async move |ctx: &Ctx, tx: &mut Tx| business.change_setting(ctx, tx, phone, setting, &request).await;
    call.write("cloud_api.change_setting", change).await?;
    Ok(success())
}

/// Changes a document of the number in the address.
async fn change_own(call: &Call, setting: Setting) -> Result<Value, GraphError> {
    change(call, call.phone(), setting, call.params.value().clone()).await
}

fn one(item: Value) -> Value {
    json!({"data": [item]})
}

/// The profile as it is shown: the picture is an address on this server.
fn profile_view(call: &Call, phone: PhoneNumberId, mut profile: Map<String, Value>) -> Value {
    if profile.remove("profile_picture_handle").is_some() {
        let url = format!("{}/picture/{phone}", lists::origin(call));
        profile.insert("profile_picture_url".to_owned(), json!(url));
    }
    // Clients read it whether it was set or not.
    profile.entry("vertical").or_insert_with(|| json!("OTHER"));
    Value::Object(profile)
}

pub(super) async fn profile(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let profile = read(&call, phone, Setting::Profile).await?;
    let mut item = lists::select(&call, profile_view(&call, phone, profile), PROFILE_FIELDS);
    if let Some(members) = item.as_object_mut() {
        members.insert("messaging_product".to_owned(), json!("whatsapp"));
    }
    Ok(one(item))
}

pub(super) async fn set_profile(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Profile).await
}

/// The profile at its own id.
pub(super) async fn profile_node(call: Call) -> Result<Value, GraphError> {
    let phone = portfolios::number_of(call.node());
    let profile = read(&call, phone, Setting::Profile).await?;
    let number = call.read("cloud_api.phone_number", async move |ctx: &Ctx, tx: &mut Tx| {
        portfolios::phone_number(ctx, tx, phone).await
    });
    let number = number.await?;
    let mut view = profile_view(&call, phone, profile);
    if let Some(members) = view.as_object_mut() {
        members.insert("id".to_owned(), json!(call.id));
        members.insert("account_name".to_owned(), json!(number.verified_name));
    }
    let default = [PROFILE_FIELDS, &["account_name"]].concat();
    Ok(lists::select(&call, view, &default))
}

pub(super) async fn set_profile_node(call: Call) -> Result<Value, GraphError> {
    change(&call, portfolios::number_of(call.node()), Setting::Profile, call.params.value().clone()).await
}

pub(super) async fn settings(call: Call) -> Result<Value, GraphError> {
    let mut settings = read(&call, call.phone(), Setting::Settings).await?;
    let shows_passwords = call.params.value().get("include_sip_credentials").and_then(sloppy::boolean);
    if shows_passwords != Some(true)
        && let Some(calling) = settings.get_mut("calling")
    {
        *calling = without_passwords(calling.take());
    }
    Ok(lists::select_all(&call, Value::Object(settings)))
}

pub(super) async fn set_settings(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Settings).await
}

pub(super) async fn commerce(call: Call) -> Result<Value, GraphError> {
    let mut commerce = read(&call, call.phone(), Setting::Commerce).await?;
    let phone = call.phone();
    let connected = async move |ctx: &Ctx, tx: &mut Tx| {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        catalogs::of_account(ctx, tx, number.waba_id).await
    };
    // Clients read the catalog's id here; where there is none, the settings have the number's.
    let catalog = call.read("cloud_api.connected_catalog", connected).await?;
    let id = catalog.map_or_else(|| call.id.clone(), |catalog| catalog.catalog_id.to_string());
    commerce.insert("id".to_owned(), json!(id));
    Ok(one(lists::select_all(&call, Value::Object(commerce))))
}

pub(super) async fn set_commerce(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Commerce).await
}

pub(super) async fn compliance(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let (number, mut info) = call
        .read("cloud_api.compliance", async move |ctx: &Ctx, tx: &mut Tx| {
            let number = portfolios::phone_number(ctx, tx, phone).await?;
            let info = settings::read(ctx, tx, phone, Setting::Compliance).await?;
            Ok::<_, plaza_business::management::ManageError>((number, info))
        })
        .await?;
    if info.is_empty() {
        return Ok(json!({"data": []}));
    }
    info.insert("whatsapp_business_account_id".to_owned(), json!(number.waba_id.to_string()));
    Ok(one(lists::select_all(&call, Value::Object(info))))
}

pub(super) async fn set_compliance(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Compliance).await
}

pub(super) async fn encryption(call: Call) -> Result<Value, GraphError> {
    let mut key = read(&call, call.phone(), Setting::Encryption).await?;
    if key.is_empty() {
        return Ok(json!({"data": []}));
    }
    // The key is the one that was sent, byte for byte: there is no other copy that it could differ from.
    key.insert("business_public_key_signature_status".to_owned(), json!("VALID"));
    Ok(one(lists::select_all(&call, Value::Object(key))))
}

pub(super) async fn set_encryption(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Encryption).await
}

pub(super) async fn official(call: Call) -> Result<Value, GraphError> {
    let official = read(&call, call.phone(), Setting::Official).await?;
    let mut view = json!({
        "oba_status": official.get("oba_status"),
        "status_message": official.get("status_message"),
    });
    if let Some(members) = view.as_object_mut() {
        members.insert("id".to_owned(), json!(call.id));
    }
    Ok(lists::select_all(&call, view))
}

pub(super) async fn set_official(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Official).await?;
    let official = read(&call, call.phone(), Setting::Official).await?;
    let (status, message) = (official.get("oba_status"), official.get("status_message"));
    Ok(json!({
        "success": true,
        "message": message,
        "updated_status": {"id": call.id, "oba_status": status, "status_message": message},
        "tracking_id": call.ctx.request().to_string(),
    }))
}

pub(super) async fn set_automation(call: Call) -> Result<Value, GraphError> {
    change_own(&call, Setting::Automation).await
}

/// The greeting at its own id.
pub(super) async fn bot(call: Call) -> Result<Value, GraphError> {
    let phone = portfolios::number_of(call.node());
    let mut bot = read(&call, phone, Setting::Automation).await?;
    bot.insert("id".to_owned(), json!(call.id));
    Ok(lists::select_all(&call, Value::Object(bot)))
}
