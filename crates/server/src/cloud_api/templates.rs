//! Message templates: create, read, list, delete.

use super::errors::GraphError;
use super::subscriptions::success;
use super::{Call, list as lists};
use plaza_business::templates::{self, TEMPLATES_MAX, Template};
use plaza_business::{codes, health};
use plaza_db::Tx;
use plaza_protocol::{Ctx, TemplateId};
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
        "quality_score": {"score": "UNKNOWN", "date": template.created_at.seconds()},
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
            && is_one_of(&self.quality, "UNKNOWN")
            && is_part(&self.name, &template.name)
            && is_part(&self.content, &content)
            && (is_part(either, &template.name) || is_part(either, &content))
    }
}
