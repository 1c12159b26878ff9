//! # What a number is set to
//!
//! The documents of a phone number: its public **profile**, its **settings** (calling, where messages are stored,
//! identity checks), what its catalog shows, its legal **compliance** data, its greeting with prompts and commands (the
//! **bot**), its key for flows, and its standing as an **official business account**. Each has one shape and one
//! operation to read and one to change; a few have a rule on top.

pub(crate) mod key;
mod shapes;

pub use shapes::REGIONS;

use crate::documents::{self, Key};
use crate::management::ManageError;
use crate::numbers::{event, log, text};
use crate::portfolios::{self, BusinessNumber};
use crate::webhooks;
use crate::{Business, is_operator, json as sloppy};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PhoneNumberId};
use serde_json::{Map, Value, json};

/// The documents of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// What people see.
    Profile,
    /// Calling, storage, identity checks.
    Settings,
    /// What of the catalog is shown.
    Commerce,
    /// What the law wants to know.
    Compliance,
    /// Greeting, prompts, commands.
    Automation,
    /// The key that flows encrypt for.
    Encryption,
    /// Whether it is an official business account.
    Official,
}

impl Setting {
    fn kind(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Settings => "settings",
            Self::Commerce => "commerce",
            Self::Compliance => "compliance",
            Self::Automation => "automation",
            Self::Encryption => "encryption",
            Self::Official => "official",
        }
    }

    pub(crate) fn key(self, phone: PhoneNumberId) -> Key<'static> {
        Key::only(phone.0, self.kind())
    }
}

/// What a number is set to. What was never set is not there, but for the defaults that the interface names.
pub async fn read(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    setting: Setting,
) -> Result<Map<String, Value>, ManageError> {
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let mut body = documents::body(tx, setting.key(number.phone_number_id)).await?;
    for (name, default) in shapes::defaults(setting) {
        match (body.get_mut(&name), default) {
            (None, default) => drop(body.insert(name, default)),
            // A part that was set keeps the defaults of what it does not name.
            (Some(Value::Object(set)), Value::Object(members)) => {
                for (name, default) in members {
                    set.entry(name).or_insert(default);
                }
            }
            (Some(_), _) => {}
        }
    }
    Ok(body)
}

impl Business {
    /// Changes what a number is set to: the members that the request has.
    pub async fn change_setting(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        setting: Setting,
        request: &Value,
    ) -> Result<(), ManageError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let change = match setting {
            Setting::Profile => self.profile_change(ctx, tx, request).await?,
            Setting::Settings => shapes::settings(ctx, request)?,
            Setting::Commerce => shapes::COMMERCE.read(request)?,
            Setting::Compliance => shapes::compliance(request)?,
            Setting::Automation => shapes::automation(request)?,
            Setting::Encryption => key::read(request)?,
            Setting::Official => return self.change_official(ctx, tx, &number, request).await,
        };
        if change.is_empty() {
            let what = "no member is given that can be set here";
            return Err(ManageError::refused(crate::codes::INVALID_PARAMETER, what));
        }
        let is_calling = setting == Setting::Settings && change.contains_key("calling");
        let whole = documents::merge(ctx, tx, setting.key(phone), number.portfolio_id, change).await?;
        let what = format!("the {} of a phone number was changed", setting.kind());
        log(ctx, tx, &number, "ACCOUNT_UPDATED", &what).await?;
        if is_calling {
            let calling = without_passwords(whole.get("calling").cloned().unwrap_or_default());
            let value = json!({
                "timestamp": ctx.now().seconds().to_string(),
                "type": "phone_number_settings",
                "phone_number_settings": {"phone_number_id": phone.to_string(), "calling": calling},
            });
            webhooks::emit(ctx, tx, vec![event(&number, "account_settings_update", value)]).await?;
        }
        Ok(())
    }

    async fn profile_change(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        request: &Value,
    ) -> Result<Map<String, Value>, ManageError> {
        let mut change = shapes::PROFILE.read(request)?;
        if let Some(handle) = text(&change, "profile_picture_handle").map(str::to_owned) {
            crate::uploads::check_handle(
                ctx,
                tx,
                "profile_picture_handle",
                &handle,
                &["image/jpeg", "image/png"],
            )
            .await?;
            change.insert("profile_picture_handle".to_owned(), Value::String(handle));
        }
        Ok(change)
    }

    /// Applies to be an official business account, or takes the application back.
    async fn change_official(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        request: &Value,
    ) -> Result<(), ManageError> {
        let given = shapes::OFFICIAL.read(request)?;
        let action = text(&given, "action").unwrap_or_default().to_owned();
        let key = Setting::Official.key(number.phone_number_id);
        let old = documents::body(tx, key).await?;
        let status = text(&old, "oba_status").unwrap_or("NONE").to_owned();
        let next = match (action.as_str(), status.as_str()) {
            ("SUBMIT_APPLICATION", "NONE" | "CANCELLED" | "EXPIRED")
            | ("RESUBMIT_APPLICATION", "REJECTED" | "EXPIRED" | "CANCELLED") => "PENDING",
            ("WITHDRAW_APPLICATION", "PENDING" | "UNDER_REVIEW") => "CANCELLED",
            _ => {
                let what = format!("action: {action} is not possible while the status is {status}");
                return Err(ManageError::refused(crate::codes::INVALID_PARAMETER, what));
            }
        };
        if next == "PENDING"
            && given.get("application_data").is_none()
            && !old.contains_key("application_data")
        {
            return Err(ManageError::invalid("application_data", "the parameter is required"));
        }
        let mut body = old;
        body.insert("oba_status".to_owned(), json!(next));
        body.insert("status_message".to_owned(), json!(shapes::official_message(next)));
        if let Some(data) = given.get("application_data") {
            body.insert("application_data".to_owned(), data.clone());
        }
        documents::put(ctx, tx, key, number.portfolio_id, &body).await?;
        log(ctx, tx, number, "ACCOUNT_UPDATED", "the application for an official business account changed")
            .await?;
        if self.sandbox && next == "PENDING" {
            decide_official(ctx, tx, number, true).await?;
        }
        Ok(())
    }
}

/// The operator decides on an application.
pub async fn decide_application(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    is_approved: bool,
) -> Result<(), ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let number = portfolios::phone_number(ctx, tx, phone).await?;
    let body = documents::body(tx, Setting::Official.key(phone)).await?;
    if !matches!(text(&body, "oba_status"), Some("PENDING" | "UNDER_REVIEW")) {
        return Err(ManageError::invalid("phone_number_id", "no application of it waits"));
    }
    decide_official(ctx, tx, &number, is_approved).await
}

async fn decide_official(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    is_approved: bool,
) -> Result<(), ManageError> {
    let key = Setting::Official.key(number.phone_number_id);
    let mut body = documents::body(tx, key).await?;
    let (status, alert) =
        if is_approved { ("APPROVED", "OBA_APPROVED") } else { ("REJECTED", "OBA_REJECTED") };
    body.insert("oba_status".to_owned(), json!(status));
    body.insert("status_message".to_owned(), json!(shapes::official_message(status)));
    documents::put(ctx, tx, key, number.portfolio_id, &body).await?;
    let value = json!({
        "entity_type": "PHONE_NUMBER",
        "entity_id": number.phone_number_id.to_string(),
        "alert_info": {
            "alert_severity": "INFORMATIONAL",
            "alert_status": "NONE",
            "alert_type": alert,
            "alert_description": shapes::official_message(status),
        },
    });
    Ok(webhooks::emit(ctx, tx, vec![event(number, "account_alerts", value)]).await?)
}

/// Where messages are stored, as a registration asks for it.
pub(crate) async fn localize(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    given: &Map<String, Value>,
) -> Result<(), ManageError> {
    let mut storage = Map::new();
    if let Some(region) = given.get("data_localization_region") {
        storage.insert("status".to_owned(), json!("IN_COUNTRY_STORAGE_ENABLED"));
        storage.insert("data_localization_region".to_owned(), region.clone());
    }
    if let Some(minutes) = given.get("meta_store_retention_minutes") {
        storage.insert("retention_minutes".to_owned(), minutes.clone());
    }
    if storage.is_empty() {
        return Ok(());
    }
    let change = Map::from_iter([("storage_configuration".to_owned(), Value::Object(storage))]);
    let key = Setting::Settings.key(number.phone_number_id);
    documents::merge(ctx, tx, key, number.portfolio_id, change).await.map(drop)
}

/// The part about calling, without what SIP servers log in with.
pub fn without_passwords(mut calling: Value) -> Value {
    let servers = calling.get_mut("sip").and_then(|sip| sip.get_mut("servers")).and_then(Value::as_array_mut);
    for server in servers.into_iter().flatten() {
        if let Some(members) = server.as_object_mut() {
            members.remove("sip_user_password");
        }
    }
    calling
}

/// Whether the greeting is switched on: then the first opening of a chat is an event.
pub fn greets(automation: &Map<String, Value>) -> bool {
    automation.get("enable_welcome_message").and_then(sloppy::boolean).unwrap_or(false)
}
