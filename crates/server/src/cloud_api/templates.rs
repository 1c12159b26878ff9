//! Message templates: create, read, list, delete.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, list as lists};
use plaza_business::templates::{self, TEMPLATES_MAX, Template, library, lifecycle};
use plaza_business::{codes, health, json as sloppy};
use plaza_db::Tx;
use plaza_protocol::{Ctx, TemplateId, Timestamp};
use serde_json::{Map, Value, json};

/// What is returned when nothing is asked for.
const DEFAULT_FIELDS: &[&str] =
    &["name", "parameter_format", "components", "language", "status", "category", "message_send_ttl_seconds"];

pub(super) async fn create(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let (business, request) = (call.app.business.clone(), call.params.value().clone());
    let create = async move |ctx: &Ctx, tx: &mut Tx| business.create_template(ctx, tx, waba, &request).await;
    let template = call.app.db.transact(&call.ctx, "cloud_api.create_template", create).await?;
    Ok(json!({
        "id": template.template_id.to_string(),
        "status": template.status.as_str(),
        "category": template.category_word(),
    }))
}

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.template();
    let read = async move |ctx: &Ctx, tx: &mut Tx| templates::get(ctx, tx, id).await;
    let template = call.app.db.read(&call.ctx, "cloud_api.template", read).await?;
    let mut view = view(&template);
    if lists::Fields::of(&call).wants("health_status") {
        let of = health::Subject::Template(id);
        let health =
            call.read("cloud_api.health", async move |ctx: &Ctx, tx: &mut Tx| health::of(ctx, tx, of).await);
        let health = health.await?;
        if let Some(members) = view.as_object_mut() {
            members.insert("health_status".to_owned(), health);
        }
    }
    Ok(lists::select(&call, view, DEFAULT_FIELDS))
}

pub(super) async fn delete(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let name = call.params.required("name")?;
    let id = call.params.text("hsm_id").map(|id| {
        id.parse::<TemplateId>().map_err(|_| {
            GraphError::new(codes::INVALID_PARAMETER).details("hsm_id: the id of a template is expected")
        })
    });
    let id = id.transpose()?;
    let delete = async move |ctx: &Ctx, tx: &mut Tx| templates::delete(ctx, tx, waba, &name, id).await;
    call.app.db.transact(&call.ctx, "cloud_api.delete_template", delete).await?;
    Ok(success())
}

/// `POST /{template}`
pub(super) async fn edit(call: Call) -> Result<Value, GraphError> {
    let (id, business, request) = (call.template(), call.app.business.clone(), call.params.value().clone());
    let edit = async move |ctx: &Ctx, tx: &mut Tx| business.edit_template(ctx, tx, id, &request).await;
    let template = call.app.db.transact(&call.ctx, "cloud_api.edit_template", edit).await?;
    Ok(
        json!({"success": true, "id": id.to_string(), "name": template.name, "category": template.category_word()}),
    )
}

/// `POST /{waba}/upsert_message_templates`
pub(super) async fn upsert(call: Call) -> Result<Value, GraphError> {
    let (waba, business) = (call.waba(), call.app.business.clone());
    let mut request = call.params.value().clone();
    request["languages"] = json!(call.params.words("languages"));
    let upsert =
        async move |ctx: &Ctx, tx: &mut Tx| business.upsert_authentication(ctx, tx, waba, &request).await;
    let made = call.app.db.transact(&call.ctx, "cloud_api.upsert_templates", upsert).await?;
    let made = made.iter().map(|template| {
        json!({
            "id": template.template_id.to_string(),
            "status": template.status.as_str(),
            "language": template.language,
            "category": template.category_word(),
        })
    });
    Ok(json!({"data": made.collect::<Vec<_>>()}))
}

/// `GET /{waba}/message_template_previews`
pub(super) async fn previews(call: Call) -> Result<Value, GraphError> {
    let mut languages = call.params.words("languages");
    if languages.is_empty() {
        languages = call.params.words("language");
    }
    if languages.is_empty() {
        languages.push("en_US".to_owned());
    }
    let advice = call.params.text("add_security_recommendation");
    let advice = advice.is_some_and(|text| sloppy::boolean(&Value::String(text)).unwrap_or(false));
    let minutes = call.params.integer("code_expiration_minutes")?;
    Ok(json!({"data": lifecycle::previews(&languages, advice, minutes)}))
}

/// `GET /message_template_library`
pub(super) async fn library(call: Call) -> Result<Value, GraphError> {
    let asked = call.params.value().as_object().cloned().unwrap_or_default();
    let found = library::entries().into_iter().filter(|entry| library::matches(entry, &asked));
    lists::page(&call, found.collect())
}

/// `POST /{waba}/message_templates/archive` and `/unarchive`
pub(super) async fn archive(call: Call) -> Result<Value, GraphError> {
    put_away(call, true, "archived_templates").await
}

pub(super) async fn unarchive(call: Call) -> Result<Value, GraphError> {
    put_away(call, false, "unarchived_templates").await
}

async fn put_away(call: Call, away: bool, member: &str) -> Result<Value, GraphError> {
    let (waba, ids) = (call.waba(), template_ids(&call, "hsm_ids")?);
    let archive = async move |ctx: &Ctx, tx: &mut Tx| lifecycle::archive(ctx, tx, waba, &ids, away).await;
    let outcome = call.app.db.transact(&call.ctx, "cloud_api.archive_templates", archive).await?;
    let failed: Map<_, _> =
        outcome.failed.into_iter().map(|(id, why)| (id.to_string(), json!(why))).collect();
    let done: Vec<_> = outcome.done.iter().map(ToString::to_string).collect();
    Ok(json!({member: done, "failed_templates": failed}))
}

/// `POST /{waba}/migrate_message_templates`
pub(super) async fn migrate(call: Call) -> Result<Value, GraphError> {
    let (to, business) = (call.waba(), call.app.business.clone());
    let from = call.params.required("source_waba_id")?.parse().map_err(|_| {
        GraphError::new(codes::INVALID_PARAMETER).details("source_waba_id: the id of an account is expected")
    })?;
    let page = usize::try_from(call.params.integer("page_number")?.unwrap_or(0)).unwrap_or(0);
    let only = template_ids(&call, "template_ids")?;
    let copy = async move |ctx: &Ctx, tx: &mut Tx| {
        business.copy_templates(ctx, tx, to, from, (page, only.as_slice())).await
    };
    let outcome = call.app.db.transact(&call.ctx, "cloud_api.migrate_templates", copy).await?;
    let done: Vec<_> = outcome.done.iter().map(ToString::to_string).collect();
    let failed = outcome.failed.iter().map(|(id, why)| json!({"id": id.to_string(), "reason": why}));
    Ok(json!({"migrated_templates": done, "failed_templates": failed.collect::<Vec<_>>()}))
}

/// `POST /{template}/unpause`
pub(super) async fn unpause(call: Call) -> Result<Value, GraphError> {
    let id = call.template();
    let unpause = async move |ctx: &Ctx, tx: &mut Tx| lifecycle::unpause(ctx, tx, id).await;
    Ok(match call.app.db.transact(&call.ctx, "cloud_api.unpause_template", unpause).await? {
        None => success(),
        Some(reason) => json!({"success": false, "reason": reason}),
    })
}

/// `GET /{template}/compare`. Blocks are not told by template, so that their rates are equal and in the order asked
/// for.
pub(super) async fn compare(call: Call) -> Result<Value, GraphError> {
    let mut ids = vec![call.template()];
    ids.extend(template_ids(&call, "template_ids")?);
    let second = |seconds: i64| Timestamp(seconds.saturating_mul(1_000_000));
    let end = call.params.integer("end")?.map_or(call.ctx.now(), second);
    let start = call.params.integer("start")?.map_or(Timestamp(0), second);
    let asked = ids.clone();
    let count = async move |ctx: &Ctx, tx: &mut Tx| lifecycle::sends(ctx, tx, &asked, (start, end)).await;
    let counts = call.app.db.read(&call.ctx, "cloud_api.compare_templates", count).await?;
    let order: Vec<_> = ids.iter().map(ToString::to_string).collect();
    let sends = counts.iter().map(|(id, count)| json!({"key": id.to_string(), "value": count}));
    let reasons =
        counts.iter().map(|(id, _)| json!({"key": id.to_string(), "value": "UNKNOWN_BLOCK_REASON"}));
    Ok(json!({"data": [
        {"metric": "BLOCK_RATE", "type": "RELATIVE", "order_by_relative_metric": order},
        {"metric": "MESSAGE_SENDS", "type": "NUMBER_VALUES", "number_values": sends.collect::<Vec<_>>()},
        {"metric": "TOP_BLOCK_REASON", "type": "STRING_VALUES", "string_values": reasons.collect::<Vec<_>>()},
    ]}))
}

fn template_ids(call: &Call, name: &str) -> Result<Vec<TemplateId>, GraphError> {
    let read = |id: String| {
        id.parse::<TemplateId>().map_err(|_| {
            GraphError::new(codes::INVALID_PARAMETER)
                .details(format!("{name}: ids of templates are expected"))
        })
    };
    call.params.words(name).into_iter().map(read).collect()
}

/// An account has few templates: they are read together, filtered here, and cut into pages.
pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let waba = call.waba();
    let read = async move |ctx: &Ctx, tx: &mut Tx| templates::list(ctx, tx, waba).await;
    let all = call.app.db.read(&call.ctx, "cloud_api.templates", read).await?;
    let filter = Filter::of(&call);
    let items = all.iter().filter(|template| filter.matches(template));
    let items: Vec<Value> =
        items.map(|template| lists::select(&call, view(template), DEFAULT_FIELDS)).collect();
    let found = items.len();
    let mut answer = lists::page(&call, items)?;
    let wanted = call.params.words("summary");
    if !wanted.is_empty()
        && let Some(members) = answer.as_object_mut()
    {
        members.insert("summary".to_owned(), summary(&wanted, found, all.len()));
    }
    Ok(answer)
}

fn summary(wanted: &[String], found: usize, all: usize) -> Value {
    let values = json!({
        "total_count": found,
        "message_template_count": all,
        "message_template_limit": TEMPLATES_MAX,
        "are_translations_complete": true,
    });
    let Value::Object(values) = values else { return values };
    Value::Object(values.into_iter().filter(|(name, _)| wanted.contains(name)).collect::<Map<_, _>>())
}

fn view(template: &Template) -> Value {
    let mut view = json!({
        "id": template.template_id.to_string(),
        "name": template.name,
        "language": template.language,
        "status": template.status.as_str(),
        "category": template.category_word(),
        "parameter_format": template.format.as_str(),
        "components": template.components,
        "rejected_reason": template.rejected_reason,
        "quality_score": {"score": template.quality.0.as_str(), "date": template.quality.1.seconds()},
    });
    if let (Some(seconds), Some(members)) = (template.message_send_ttl_seconds, view.as_object_mut()) {
        members.insert("message_send_ttl_seconds".to_owned(), json!(seconds));
    }
    view
}

/// What a list was asked for. Words compare in any case.
struct Filter {
    status: Vec<String>,
    category: Vec<String>,
    language: Vec<String>,
    name: Option<String>,
    content: Option<String>,
    name_or_content: Option<String>,
    quality: Vec<String>,
}

impl Filter {
    fn of(call: &Call) -> Self {
        let text = |name| call.params.text(name).map(|text: String| text.to_lowercase());
        Self {
            status: call.params.words("status"),
            category: call.params.words("category"),
            language: call.params.words("language"),
            name: text("name"),
            content: text("content"),
            name_or_content: text("name_or_content"),
            quality: call.params.words("quality_score"),
        }
    }

    fn matches(&self, template: &Template) -> bool {
        let is_one_of = |words: &[String], own: &str| {
            words.is_empty() || words.iter().any(|word| word.replace('-', "_").eq_ignore_ascii_case(own))
        };
        let content = template.body().to_lowercase();
        let is_part =
            |text: &Option<String>, own: &str| text.as_ref().is_none_or(|text| own.contains(text.as_str()));
        let either = &self.name_or_content;
        is_one_of(&self.status, template.status.as_str())
            && is_one_of(&self.category, &template.category_word())
            && is_one_of(&self.language, &template.language)
            && is_one_of(&self.quality, template.quality.0.as_str())
            && is_part(&self.name, &template.name)
            && is_part(&self.content, &content)
            && (is_part(either, &template.name) || is_part(either, &content))
    }
}
