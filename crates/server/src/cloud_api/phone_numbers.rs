//! Phone numbers: reading them, their life, their username, what happened to their messages.

use super::errors::GraphError;
use super::subscriptions::{callback, success, verify};
use super::{Call, list as lists};
use lists::Fields;
use plaza_business::apps::Token;
use plaza_business::history::{self, History};
use plaza_business::management::ManageError;
use plaza_business::numbers;
use plaza_business::portfolios::{self, BusinessNumber};
use plaza_business::reach;
use plaza_business::settings::{self, Setting};
use plaza_business::{codes, health, json as sloppy, usernames, webhooks};
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Map, Value, json};

/// What is returned when nothing is asked for.
const DEFAULT_FIELDS: &[&str] = &[
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "status",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
];

/// To how many people the business may write first, by its name and by the one that it had before.
const MESSAGING_LIMIT: &str = "whatsapp_business_manager_messaging_limit";
const MESSAGING_LIMIT_OLD: &str = "messaging_limit_tier";

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let (phone, fields, token) = (call.phone(), Fields::of(&call), call.token.clone());
    let view = call
        .read("cloud_api.phone_number", async move |ctx: &Ctx, tx: &mut Tx| {
            let number = portfolios::phone_number(ctx, tx, phone).await?;
            load(ctx, tx, &number, &fields, &token).await
        })
        .await?;
    Ok(lists::select(&call, view, DEFAULT_FIELDS))
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let (waba, fields, token) = (call.waba(), Fields::of(&call), call.token.clone());
    let views = call
        .read("cloud_api.phone_numbers", async move |ctx: &Ctx, tx: &mut Tx| {
            let mut views = Vec::new();
            for number in portfolios::phone_numbers(ctx, tx, waba).await? {
                views.push(load(ctx, tx, &number, &fields, &token).await?);
            }
            Ok::<_, ManageError>(views)
        })
        .await?;
    let views = match call.params.text("sort").as_deref() {
        Some("creation_time.desc" | "last_onboarded_time.desc") => views.into_iter().rev().collect(),
        _ => views,
    };
    lists::page(&call, views.into_iter().map(|view| lists::select(&call, view, DEFAULT_FIELDS)).collect())
}

/// A number with all its members; those that cost a question of their own only if they were asked for.
pub(super) async fn load(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    fields: &Fields,
    token: &Token,
) -> Result<Value, ManageError> {
    let phone = number.phone_number_id;
    let state = numbers::state(ctx, tx, phone).await?;
    let mut view = json!({
        "id": phone.to_string(),
        "display_phone_number": number.number.to_string(),
        "verified_name": number.verified_name,
        "quality_rating": number.quality,
        "quality_score": {"score": number.quality},
        "status": number.status,
        "code_verification_status": state.verification,
        "name_status": state.name_status,
        "platform_type": if number.is_registered { "CLOUD_API" } else { "NOT_APPLICABLE" },
        "host_platform": if number.is_registered { "CLOUD_API" } else { "NOT_APPLICABLE" },
        "throughput": {"level": if number.is_registered { "STANDARD" } else { "NOT_APPLICABLE" }},
        "account_mode": "LIVE",
        "is_pin_enabled": state.has_pin(),
        "is_on_biz_app": false,
        "is_preverified_number": state.is_preverified,
        "search_visibility": state.search_visibility,
        "country_code": number.country(),
        "country_dial_code": number.dial_code(),
        "last_onboarded_time": state.onboarded_at.unwrap_or(number.created_at).seconds().to_string(),
        "creation_time": number.created_at.seconds().to_string(),
        "unified_cert_status": if state.name_status == "APPROVED" { "APPROVED" } else { "NAME_PENDING_REVIEW" },
    });
    let mut insert = |name: &str, value: Value| {
        if let Some(members) = view.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(status) = &state.new_name_status {
        insert("new_name_status", json!(status));
        insert("new_display_name", json!(state.new_name));
    }
    if fields.wants(MESSAGING_LIMIT) || fields.wants(MESSAGING_LIMIT_OLD) {
        let limit = reach::standing(ctx, tx, number.portfolio_id).await?.tier.as_str();
        insert(MESSAGING_LIMIT, json!(limit));
        insert(MESSAGING_LIMIT_OLD, json!(limit));
    }
    let official = settings::read(ctx, tx, phone, Setting::Official).await?;
    let is_official = official.get("oba_status").and_then(Value::as_str) == Some("APPROVED");
    insert("is_official_business_account", json!(is_official));
    if fields.wants("username")
        && let Some(username) = usernames::get(ctx, tx, phone).await?
    {
        insert("username", json!(username));
    }
    if fields.wants("health_status") {
        insert("health_status", health::of(ctx, tx, health::Subject::Phone(phone)).await?);
    }
    if fields.wants("conversational_automation") {
        let mut automation = settings::read(ctx, tx, phone, Setting::Automation).await?;
        automation.insert("id".to_owned(), json!(portfolios::bot_id(phone).to_string()));
        insert("conversational_automation", Value::Object(automation));
    }
    if fields.wants("whatsapp_business_profile") {
        let id = portfolios::profile_id(phone).to_string();
        insert("whatsapp_business_profile", json!({"data": [{"id": id}]}));
    }
    if fields.wants("webhook_configuration") {
        let callbacks = webhooks::callbacks(ctx, tx, phone, token.app).await?;
        let mut configuration = Map::new();
        let all = [
            ("application", callbacks.app),
            ("whatsapp_business_account", callbacks.waba),
            ("phone_number", callbacks.phone),
        ];
        for (name, url) in all {
            if let Some(url) = url {
                configuration.insert(name.to_owned(), json!(url));
            }
        }
        insert("webhook_configuration", Value::Object(configuration));
    }
    Ok(view)
}

/// `POST /{waba-id}/phone_numbers`
pub(super) async fn add(call: Call) -> Result<Value, GraphError> {
    let (waba, request, business) = (call.waba(), call.params.value().clone(), call.app.business.clone());
    let add = async move |ctx: &Ctx, tx: &mut Tx| business.add_number(ctx, tx, waba, &request).await;
    let phone = call.write("cloud_api.add_number", add).await?;
    Ok(json!({"id": phone.to_string()}))
}

/// `POST /{phone}`: the callback, where there is one, is asked before anything changes.
pub(super) async fn configure(call: Call) -> Result<Value, GraphError> {
    let own = match call.params.object("webhook_configuration") {
        None => None,
        Some(configuration) => {
            // Without an address an override goes: something else in its place is no wish for that.
            let text = |name| match configuration.get(name) {
                Some(Value::Object(_) | Value::Array(_)) => {
                    let what = format!("webhook_configuration.{name}: a text is expected");
                    Err(GraphError::new(codes::INVALID_PARAMETER).details(what))
                }
                _ => Ok(sloppy::text_member(&configuration, name).filter(|text| !text.is_empty())),
            };
            let callback = text("override_callback_uri")?.map(|url| callback(&call, url)).transpose()?;
            if let Some(callback) = &callback {
                verify(&call, "override_callback_uri", callback, text("verify_token")?).await?;
            }
            Some(callback)
        }
    };
    let (phone, request, business) = (call.phone(), call.params.value().clone(), call.app.business.clone());
    let app = call.token.app;
    let configure = async move |ctx: &Ctx, tx: &mut Tx| {
        let callback = own.as_ref().map(|callback| (app, callback.as_ref()));
        business.configure_number(ctx, tx, phone, &request, callback).await
    };
    call.write("cloud_api.configure_number", configure).await?;
    Ok(success())
}

pub(super) async fn request_code(call: Call) -> Result<Value, GraphError> {
    let (phone, request, business) = (call.phone(), call.params.value().clone(), call.app.business.clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| business.request_code(ctx, tx, phone, &request).await;
    call.write("cloud_api.request_code", work).await?;
    Ok(success())
}

pub(super) async fn verify_code(call: Call) -> Result<Value, GraphError> {
    let (phone, code, business) = (call.phone(), call.params.required("code")?, call.app.business.clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| business.verify_code(ctx, tx, phone, &code).await;
    call.try_write("cloud_api.verify_code", work).await?;
    Ok(json!({"success": true, "id": phone.to_string()}))
}

/// Registers a number; for the first time, the gateway opens its account in the same transaction.
pub(super) async fn register(call: Call) -> Result<Value, GraphError> {
    let (phone, request, business) = (call.phone(), call.params.value().clone(), call.app.business.clone());
    let gateway = call.app.gateway.clone();
    let register = async move |ctx: &Ctx, tx: &mut Tx| {
        let registered = match business.register(ctx, tx, phone, &request).await? {
            Ok(registered) => registered,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if registered.needs_account {
            let account = gateway.open(ctx, tx, &registered.number).await?;
            numbers::attach_account(ctx, tx, phone, account).await?;
        }
        Ok(Ok(()))
    };
    call.try_write("cloud_api.register", register).await?;
    Ok(success())
}

pub(super) async fn deregister(call: Call) -> Result<Value, GraphError> {
    let (phone, business) = (call.phone(), call.app.business.clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| business.deregister(ctx, tx, phone).await;
    call.try_write("cloud_api.deregister", work).await?;
    Ok(success())
}

pub(super) async fn username(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let get = async move |ctx: &Ctx, tx: &mut Tx| usernames::get(ctx, tx, phone).await;
    let name = call.read("cloud_api.username", get).await?;
    Ok(name.map_or_else(|| json!({}), |name| json!({"username": name, "status": "approved"})))
}

pub(super) async fn set_username(call: Call) -> Result<Value, GraphError> {
    let (phone, name) = (call.phone(), call.params.required("username")?);
    let set = async move |ctx: &Ctx, tx: &mut Tx| usernames::set(ctx, tx, phone, &name).await;
    call.write("cloud_api.set_username", set).await?;
    Ok(json!({"status": "approved"}))
}

pub(super) async fn delete_username(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let delete = async move |ctx: &Ctx, tx: &mut Tx| usernames::delete(ctx, tx, phone).await;
    call.write("cloud_api.delete_username", delete).await?;
    Ok(success())
}

pub(super) async fn username_suggestions(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let work = async move |ctx: &Ctx, tx: &mut Tx| usernames::suggestions(ctx, tx, phone).await;
    let names = call.read("cloud_api.username_suggestions", work).await?;
    Ok(json!({"data": [{"username_suggestions": names}]}))
}

fn events(call: &Call, history: &History) -> Vec<Value> {
    let events = history.events.iter().enumerate().map(|(index, event)| {
        let mut view = json!({
            "id": format!("{}{index}", history.id()),
            "delivery_status": event.status,
            "timestamp": event.at.seconds(),
            "application": {"id": call.token.app.to_string()},
        });
        if let Some(members) = view.as_object_mut() {
            let optional = [
                ("webhook_update_state", event.webhook.map(str::to_owned)),
                ("webhook_uri", event.url.clone()),
                ("error_description", event.error.clone()),
            ];
            for (name, value) in optional {
                if let Some(value) = value {
                    members.insert(name.to_owned(), json!(value));
                }
            }
        }
        view
    });
    events.collect()
}

pub(super) async fn message_history(call: Call) -> Result<Value, GraphError> {
    let (phone, wanted) = (call.phone(), call.params.text("message_id"));
    let list = async move |ctx: &Ctx, tx: &mut Tx| history::list(ctx, tx, phone, wanted.as_deref()).await;
    let histories = call.read("cloud_api.message_history", list).await?;
    let items = histories.iter().map(|history| {
        let view = json!({
            "id": history.id(),
            "message_id": plaza_business::wamid::format(history.message),
            "events": {"data": events(&call, history)},
        });
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}

pub(super) async fn message_events(call: Call) -> Result<Value, GraphError> {
    let message = history::message_of(&call.id).ok_or(ManageError::NotFound)?;
    let get = async move |ctx: &Ctx, tx: &mut Tx| history::get(ctx, tx, message).await;
    let history = call.read("cloud_api.message_events", get).await?;
    super::auth::check_target(&call.token, Some(history.waba))?;
    let filter = call.params.text("status_filter").map(|word| word.to_ascii_uppercase());
    if let Some(word) = &filter
        && !["SENT", "DELIVERED", "READ", "FAILED", "DELETED"].contains(&word.as_str())
    {
        let what = "status_filter: one of SENT, DELIVERED, READ, FAILED, DELETED is expected";
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(what));
    }
    let nodes = events(&call, &history).into_iter();
    let nodes =
        nodes.filter(|node| filter.as_ref().is_none_or(|word| node["delivery_status"] == word.as_str()));
    let items = nodes.map(|mut node| {
        let at = node["timestamp"].clone();
        if let Some(members) = node.as_object_mut() {
            members.remove("timestamp");
            members.insert("occurrence_timestamp".to_owned(), at.clone());
            members.insert("status_timestamp".to_owned(), at);
        }
        let id = node["id"].clone();
        json!({"id": id, "cursor": lists::encode_cursor(id.as_str().unwrap_or_default()), "node": node})
    });
    let mut answer = lists::page(&call, items.collect())?;
    for item in answer["data"].as_array_mut().into_iter().flatten() {
        if let Some(members) = item.as_object_mut() {
            members.remove("id");
        }
    }
    Ok(answer)
}
