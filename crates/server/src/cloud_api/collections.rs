//! What an account keeps several of: schedules, welcome sequences, sign-up links, payment configurations.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, list as lists};
use plaza_business::codes;
use plaza_business::collections::{self, Collection};
use plaza_business::documents::Document;
use plaza_business::json::moment;
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

async fn create(call: &Call, collection: Collection, request: Value) -> Result<Document, GraphError> {
    let waba = call.waba();
    let work =
        async move |ctx: &Ctx, tx: &mut Tx| collections::create(ctx, tx, waba, collection, &request).await;
    call.write("cloud_api.create_document", work).await
}

async fn all(call: &Call, collection: Collection) -> Result<Vec<Document>, GraphError> {
    let waba = call.waba();
    let work = async move |ctx: &Ctx, tx: &mut Tx| collections::list(ctx, tx, waba, collection).await;
    call.read("cloud_api.documents", work).await
}

async fn change(call: &Call, collection: Collection, name: String) -> Result<Value, GraphError> {
    let (waba, request) = (call.waba(), call.params.value().clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        collections::change(ctx, tx, waba, collection, &name, &request).await
    };
    call.write("cloud_api.change_document", work).await?;
    Ok(success())
}

async fn delete(call: &Call, collection: Collection, name: String) -> Result<Value, GraphError> {
    let waba = call.waba();
    let work =
        async move |ctx: &Ctx, tx: &mut Tx| collections::delete(ctx, tx, waba, collection, &name).await;
    call.write("cloud_api.delete_document", work).await?;
    Ok(success())
}

fn insert(view: &mut Value, name: &str, value: Value) {
    if let Some(members) = view.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

pub(super) async fn create_schedule(call: Call) -> Result<Value, GraphError> {
    let made = create(&call, Collection::Schedules, call.params.value().clone()).await?;
    Ok(json!({"id": made.document_id.to_string()}))
}

pub(super) async fn schedules(call: Call) -> Result<Value, GraphError> {
    let mut found = all(&call, Collection::Schedules).await?;
    match call.params.text("sort").as_deref() {
        Some("created_time.asc") => found.reverse(),
        Some("updated_time.asc") => found.sort_by_key(|one| one.updated_at),
        Some("updated_time.desc") => found.sort_by_key(|one| std::cmp::Reverse(one.updated_at)),
        _ => {}
    }
    let items = found.iter().map(|one| {
        let mut view = one.view();
        let is_active = one.body.get("is_active").and_then(Value::as_bool).unwrap_or(true);
        insert(&mut view, "is_active", json!(is_active));
        insert(&mut view, "status", json!(if is_active { "ACTIVE" } else { "INACTIVE" }));
        insert(&mut view, "created_time", json!(moment(one.created_at)));
        insert(&mut view, "updated_time", json!(moment(one.updated_at)));
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}

fn sequence_view(one: &Document) -> Value {
    json!({
        "id": one.name,
        "sequence_id": one.name,
        "name": one.text("name"),
        "welcome_message_sequence": one.body.get("welcome_message_sequence"),
        "is_used_in_ad": false,
    })
}

/// Without a `sequence_id` a new one, with it a change.
pub(super) async fn put_sequence(call: Call) -> Result<Value, GraphError> {
    if let Some(id) = call.params.text("sequence_id") {
        change(&call, Collection::WelcomeSequences, id.clone()).await?;
        return Ok(json!({"sequence_id": id, "success": true}));
    }
    let made = create(&call, Collection::WelcomeSequences, call.params.value().clone()).await?;
    Ok(json!({"sequence_id": made.name}))
}

pub(super) async fn sequences(call: Call) -> Result<Value, GraphError> {
    let wanted = call.params.text("sequence_id");
    let found = all(&call, Collection::WelcomeSequences).await?;
    let found = found.iter().filter(|one| wanted.as_ref().is_none_or(|wanted| one.name == *wanted));
    lists::page(&call, found.map(|one| lists::select_all(&call, sequence_view(one))).collect())
}

pub(super) async fn delete_sequence(call: Call) -> Result<Value, GraphError> {
    let id = call.params.required("sequence_id")?;
    delete(&call, Collection::WelcomeSequences, id).await
}

/// A link to sign up comes whole, whatever `fields` says: clients ask for `message`, and read `signup_message`.
fn signup_view(one: &Document) -> Value {
    let mut view = one.view();
    insert(&mut view, "waba_id", json!(one.parent.to_string()));
    view
}

pub(super) async fn create_signup(call: Call) -> Result<Value, GraphError> {
    let made = create(&call, Collection::Signups, call.params.value().clone()).await?;
    Ok(json!({"id": made.document_id.to_string()}))
}

pub(super) async fn signups(call: Call) -> Result<Value, GraphError> {
    let found = all(&call, Collection::Signups).await?;
    lists::page(&call, found.iter().map(signup_view).collect())
}

fn signup_id(call: &Call) -> Result<i64, GraphError> {
    call.argument(0).parse().map_err(|_| {
        GraphError::new(codes::INVALID_PARAMETER).details("the id of a sign-up link is expected")
    })
}

pub(super) async fn signup(call: Call) -> Result<Value, GraphError> {
    let id = signup_id(&call)?;
    let work = async move |ctx: &Ctx, tx: &mut Tx| collections::by_id(ctx, tx, Collection::Signups, id).await;
    let (waba, found) = call.read("cloud_api.signup", work).await?;
    super::auth::check_target(&call.token, Some(waba))?;
    Ok(signup_view(&found))
}

pub(super) async fn change_signup(call: Call) -> Result<Value, GraphError> {
    let (id, request, token) = (signup_id(&call)?, call.params.value().clone(), call.token.clone());
    let find = async move |ctx: &Ctx, tx: &mut Tx| collections::by_id(ctx, tx, Collection::Signups, id).await;
    let (waba, found) = call.read("cloud_api.signup", find).await?;
    super::auth::check_target(&token, Some(waba))?;
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        collections::change(ctx, tx, waba, Collection::Signups, &found.name, &request).await
    };
    call.write("cloud_api.change_signup", work).await?;
    Ok(json!({"success": true, "id": id.to_string()}))
}

fn payment_view(one: &Document) -> Value {
    let mut view = Value::Object(one.body.clone());
    insert(&mut view, "merchant_category_code", json!({"code": one.text("merchant_category_code")}));
    insert(&mut view, "purpose_code", json!({"code": one.text("purpose_code")}));
    insert(&mut view, "status", json!("Needs_Testing"));
    insert(&mut view, "created_timestamp", json!(one.created_at.seconds()));
    insert(&mut view, "updated_timestamp", json!(one.updated_at.seconds()));
    view
}

pub(super) async fn payment_configurations(call: Call) -> Result<Value, GraphError> {
    let found = all(&call, Collection::PaymentConfigurations).await?;
    let views: Vec<Value> = found.iter().map(payment_view).collect();
    Ok(json!({"data": [{"payment_configurations": views}]}))
}

pub(super) async fn payment_configuration(call: Call) -> Result<Value, GraphError> {
    let (waba, name) = (call.waba(), call.argument(0).to_owned());
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        collections::get(ctx, tx, waba, Collection::PaymentConfigurations, &name).await
    };
    let found = call.read("cloud_api.payment_configuration", work).await?;
    Ok(json!({"data": [payment_view(&found)]}))
}

fn link(call: &Call, name: &str) -> Value {
    // Ten minutes, as long as a code.
    let expiration = call.ctx.now().seconds().saturating_add(600);
    let url = format!("{}/operator?payment_configuration={name}", lists::origin(call));
    json!({"oauth_url": url, "expiration": expiration, "success": true})
}

pub(super) async fn create_payment(call: Call) -> Result<Value, GraphError> {
    let made = create(&call, Collection::PaymentConfigurations, call.params.value().clone()).await?;
    let has_provider = made.body.contains_key("provider_name");
    Ok(if has_provider { link(&call, &made.name) } else { success() })
}

pub(super) async fn change_payment(call: Call) -> Result<Value, GraphError> {
    change(&call, Collection::PaymentConfigurations, call.argument(0).to_owned()).await
}

pub(super) async fn delete_payment(call: Call) -> Result<Value, GraphError> {
    let name = match call.argument(0) {
        "" => call.params.required("configuration_name")?,
        name => name.to_owned(),
    };
    delete(&call, Collection::PaymentConfigurations, name).await
}

pub(super) async fn payment_link(call: Call) -> Result<Value, GraphError> {
    let (waba, name) = (call.waba(), call.params.required("configuration_name")?);
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        collections::get(ctx, tx, waba, Collection::PaymentConfigurations, &name).await
    };
    let found = call.read("cloud_api.payment_configuration", work).await?;
    Ok(link(&call, &found.name))
}
