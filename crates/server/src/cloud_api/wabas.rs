//! Business accounts: reading and changing them, what was done in them, who works with them.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, analytics, list as lists, phone_numbers};
use lists::Fields;
use plaza_business::activity;
use plaza_business::apps::Token;
use plaza_business::json::{self as sloppy, moment};
use plaza_business::management::ManageError;
use plaza_business::partners::{self, Intent};
use plaza_business::portfolios::{self, Waba};
use plaza_business::{codes, health, users, verification, wabas, webhooks};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Timestamp, WabaId};
use serde_json::{Value, json};

/// What is returned when nothing is asked for.
const DEFAULT_FIELDS: &[&str] = &["name", "timezone_id", "message_template_namespace", "currency"];

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let (waba, fields, token) = (call.waba(), Fields::of(&call), call.token.clone());
    let view = call
        .read("cloud_api.waba", async move |ctx: &Ctx, tx: &mut Tx| {
            let waba = portfolios::waba(ctx, tx, waba).await?;
            load(ctx, tx, &waba, &fields, &token).await
        })
        .await?;
    Ok(lists::select(&call, view, DEFAULT_FIELDS))
}

/// An account with all its members; those that cost a question of their own only if they were asked for.
pub(super) async fn load(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: &Waba,
    fields: &Fields,
    token: &Token,
) -> Result<Value, ManageError> {
    let settings = wabas::settings(ctx, tx, waba.waba_id).await?;
    let verified = verification::status(tx, waba.portfolio_id).await?;
    let is_own = waba.portfolio_id == token.portfolio;
    let owner = json!({"id": waba.portfolio_id.to_string(), "name": waba.portfolio_name});
    let mut view = json!({
        "id": waba.waba_id.to_string(),
        "name": waba.name,
        "currency": waba.currency.code(),
        "timezone_id": waba.time_zone,
        "country": waba.country,
        "message_template_namespace": format!("plaza_{}", waba.waba_id),
        "status": "ACTIVE",
        "account_review_status": "APPROVED",
        "business_verification_status": verified.graph_word(),
        "ownership_type": if is_own { "SELF_OWNED" } else { "CLIENT_OWNED" },
        "is_enabled_for_insights": settings.get("is_enabled_for_insights").cloned().unwrap_or(json!(false)),
        "marketing_messages_lite_api_status": "ONBOARDED",
        "owner_business_info": owner,
        "creation_time": waba.created_at.seconds(),
    });
    let mut insert = |name: &str, value: Value| {
        if let Some(members) = view.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    for name in ["purchase_order_number", "disable_marketing_messages_on_cloud_api"] {
        if let Some(value) = settings.get(name) {
            insert(name, value.clone());
        }
    }
    if fields.wants("health_status") {
        insert("health_status", health::of(ctx, tx, health::Subject::Waba(waba.waba_id)).await?);
    }
    for (name, value) in analytics::fields(ctx, tx, waba.waba_id, fields).await? {
        insert(&name, value);
    }
    if fields.wants("phone_numbers") {
        let mut numbers = Vec::new();
        for number in portfolios::phone_numbers(ctx, tx, waba.waba_id).await? {
            numbers.push(phone_numbers::load(ctx, tx, &number, fields, token).await?);
        }
        insert("phone_numbers", json!({"data": numbers}));
    }
    if fields.wants("subscribed_apps") {
        let apps = webhooks::waba_subscriptions(ctx, tx, waba.waba_id).await?;
        // Clients read what stands in the edge of this name, the description has the two members alone.
        let apps = apps.iter().map(|one| {
            let (id, name) = (one.app.app_id.to_string(), &one.app.name);
            let data = json!({"id": id, "name": name, "link": format!("/apps/{id}")});
            json!({"id": id, "name": name, "whatsapp_business_api_data": data})
        });
        insert("subscribed_apps", json!({"data": apps.collect::<Vec<_>>()}));
    }
    Ok(view)
}

pub(super) async fn change(call: Call) -> Result<Value, GraphError> {
    let (waba, request) = (call.waba(), call.params.value().clone());
    let change = async move |ctx: &Ctx, tx: &mut Tx| wabas::change(ctx, tx, waba, &request).await;
    call.write("cloud_api.change_waba", change).await?;
    Ok(success())
}

pub(super) async fn activities(call: Call) -> Result<Value, GraphError> {
    let time = |name: &str| -> Result<Option<Timestamp>, GraphError> {
        let wrong = || {
            let what =
                format!("{name}: seconds since 1970 are expected, or a moment like 2026-11-24T18:00:00Z");
            GraphError::new(codes::INVALID_PARAMETER).details(what)
        };
        let Some(text) = call.params.text(name) else { return Ok(None) };
        sloppy::instant(&text).map(Some).ok_or_else(wrong)
    };
    let span = (time("since")?.unwrap_or(Timestamp(0)), time("until")?.unwrap_or(Timestamp(i64::MAX)));
    let (waba, kinds) = (call.waba(), call.params.words("activity_type"));
    let list = async move |ctx: &Ctx, tx: &mut Tx| activity::list(ctx, tx, waba, span).await;
    let found = call.read("cloud_api.activities", list).await?;
    let wanted = found.into_iter().filter(|one| kinds.is_empty() || kinds.contains(&one.kind));
    let items = wanted.map(|one| {
        let mut view = json!({
            "id": one.activity_id.simple().to_string(),
            "activity_type": one.kind,
            "timestamp": moment(one.at),
            "actor_type": one.actor,
            "description": one.description,
            "details": one.details,
        });
        if let (Some(actor), Some(members)) = (one.actor_id, view.as_object_mut()) {
            members.insert("actor_id".to_owned(), json!(actor.to_string()));
        }
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}

/// The id of a user in the parameter of that name.
fn user_id(call: &Call) -> Result<i64, GraphError> {
    let id = call.params.required("user")?;
    id.parse().map_err(|_| {
        GraphError::new(codes::INVALID_PARAMETER).details("user: the id of a system user is expected")
    })
}

pub(super) async fn assigned_users(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let business = call.params.text("business");
    let work = async move |ctx: &Ctx, tx: &mut Tx| users::assigned(ctx, tx, waba).await;
    let found = call.read("cloud_api.assigned_users", work).await?;
    let found = found
        .into_iter()
        .filter(|(user, _)| business.as_ref().is_none_or(|business| user.portfolio.to_string() == *business));
    let items = found.map(|(user, tasks)| {
        let view = json!({
            "id": user.user_id.to_string(),
            "name": user.name,
            "user_type": "SYSTEM_USER",
            "tasks": tasks,
            "business": {"id": user.portfolio.to_string()},
        });
        lists::select(&call, view, &["name", "tasks", "user_type", "business"])
    });
    lists::page(&call, items.collect())
}

pub(super) async fn assign_user(call: Call) -> Result<Value, GraphError> {
    let (waba, user) = (call.waba(), user_id(&call)?);
    // `tasks=['MANAGE']` and `MANAGE,DEVELOP` are lists too.
    let tasks = call
        .params
        .words("tasks")
        .iter()
        .map(|task| task.replace(['[', ']', '\'', '"'], ""))
        .collect::<Vec<_>>();
    let request = if tasks.is_empty() { json!({}) } else { json!({"tasks": tasks}) };
    let assign = async move |ctx: &Ctx, tx: &mut Tx| users::assign(ctx, tx, waba, user, &request).await;
    call.write("cloud_api.assign_user", assign).await?;
    Ok(success())
}

pub(super) async fn unassign_user(call: Call) -> Result<Value, GraphError> {
    let (waba, user) = (call.waba(), user_id(&call)?);
    let unassign = async move |ctx: &Ctx, tx: &mut Tx| users::unassign(ctx, tx, waba, user).await;
    call.write("cloud_api.unassign_user", unassign).await?;
    Ok(success())
}

pub(super) async fn solutions(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let list = async move |ctx: &Ctx, tx: &mut Tx| partners::of_waba(ctx, tx, waba).await;
    let found = call.read("cloud_api.solutions", list).await?;
    lists::page(&call, found.iter().map(|solution| lists::select_all(&call, solution.view())).collect())
}

/// Accounts belong to their business here from the start: nobody asks for one on behalf of another.
pub(super) async fn onbehalf_requests(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let read = async move |ctx: &Ctx, tx: &mut Tx| portfolios::waba(ctx, tx, waba).await;
    call.read("cloud_api.waba", read).await?;
    lists::page(&call, vec![])
}

async fn note(call: &Call, intent: Intent) -> Result<(String, String), GraphError> {
    let (waba, request) = (call.waba(), call.params.value().clone());
    let work =
        async move |ctx: &Ctx, tx: &mut Tx| partners::note_intent(ctx, tx, waba, intent, &request).await;
    let noted = call.write("cloud_api.note_intent", work).await?;
    Ok((noted.document_id.to_string(), noted.text("status").to_owned()))
}

pub(super) async fn mobility(call: Call) -> Result<Value, GraphError> {
    let (id, status) = note(&call, Intent::Mobility).await?;
    let steps = ["The operator carries it out, or says why not."];
    Ok(json!({
        "success": true, "mobility_intent_id": id, "status": status, "approval_required": true, "next_steps": steps,
    }))
}

pub(super) async fn set_mobility(call: Call) -> Result<Value, GraphError> {
    let (id, _) = note(&call, Intent::SetMobility).await?;
    let mut answer = json!({"success": true, "intent_id": id});
    if let (Some(mutation), Some(members)) = (call.params.text("client_mutation_id"), answer.as_object_mut())
    {
        members.insert("client_mutation_id".to_owned(), json!(mutation));
    }
    Ok(answer)
}

pub(super) async fn migration(call: Call) -> Result<Value, GraphError> {
    let (id, status) = note(&call, Intent::Migration).await?;
    Ok(json!({"success": true, "migration_intent_id": id, "status": status}))
}

pub(super) async fn mobility_node(call: Call) -> Result<Value, GraphError> {
    let (id, token, fields) = (call.node(), call.token.clone(), Fields::default());
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let intent = partners::intent(ctx, tx, false, id).await?;
        let waba = portfolios::waba(ctx, tx, WabaId(intent.parent)).await?;
        let waba = load(ctx, tx, &waba, &fields, &token).await?;
        let solution = match intent.text("solution_id").parse() {
            Ok(solution) => partners::get(ctx, tx, solution).await.ok().map(|(solution, _)| solution.view()),
            Err(_) => None,
        };
        Ok::<_, ManageError>((intent, waba, solution))
    };
    let (intent, waba, solution) = call.read("cloud_api.mobility_intent", read).await?;
    let view = json!({
        "id": call.id,
        "waba": waba,
        "solution": solution,
        "status": intent.text("status"),
        "created_time": moment(intent.created_at),
        "updated_time": moment(intent.updated_at),
    });
    Ok(lists::select_all(&call, view))
}

pub(super) async fn migration_node(call: Call) -> Result<Value, GraphError> {
    let id = call.node();
    let read = async move |ctx: &Ctx, tx: &mut Tx| partners::intent(ctx, tx, true, id).await;
    let intent = call.read("cloud_api.migration_intent", read).await?;
    let status = match intent.text("status") {
        "APPROVED" => "ACCEPTED",
        "REJECTED" => "REJECTED",
        _ => "INITIATED",
    };
    Ok(lists::select_all(&call, json!({"id": call.id, "status": status})))
}
