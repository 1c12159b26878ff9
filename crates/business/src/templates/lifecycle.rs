//! # The later life of a template
//!
//! A template that was decided on can be written anew: all its components are replaced and it is reviewed again. An
//! approved one may be changed once a day and ten times in a month, and keeps its category. One that is not needed for
//! now can be put away (`ARCHIVED`) and brought back; one that was paused for its pacing, set going again.
//! Authentication templates are made in many languages by one call. Templates can be copied from another account of the
//! same portfolio.

use super::definition::{Definition, ParameterFormat, authentication_text};
use super::render::canonical_language;
use super::wording;
use super::{
    NewTemplate, Status, Template, TemplateError, components, emit_status, event, get, list, problem,
    read_category, store, time_to_live,
};
use crate::json::{self, list_member, text_member};
use crate::webhooks::{self, Event};
use crate::{Business, portfolios, quality};
use plaza_billing::Category;
use plaza_db::Tx;
use plaza_protocol::{Ctx, TemplateId, Timestamp, WabaId};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
/// Changes of an approved template in a day…
const CHANGES_PER_DAY: usize = 1;
/// …and in 30 days.
const CHANGES_PER_MONTH: usize = 10;
/// Languages of one call for authentication templates, and templates of one call for archiving.
const AT_ONCE_MAX: usize = 100;
/// Templates on one page of a copy.
const COPY_PAGE: usize = 500;

/// What became of several templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// These went through.
    pub done: Vec<TemplateId>,
    /// These did not, and why.
    pub failed: Vec<(TemplateId, String)>,
}

impl Business {
    /// Writes a template anew.
    pub async fn edit_template(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: TemplateId,
        request: &Value,
    ) -> Result<Template, TemplateError> {
        let before = get(ctx, tx, id).await?;
        if !matches!(before.status, Status::Approved | Status::Rejected | Status::Paused) {
            let what = format!(
                "the template is {}: only an APPROVED, REJECTED or PAUSED one can be changed",
                before.status.as_str()
            );
            return Err(problem("template", what));
        }
        let category = match text_member(request, "category") {
            None => before.category,
            Some(text) => read_category(&text)
                .ok_or_else(|| problem("category", "UTILITY, MARKETING or AUTHENTICATION is expected"))?,
        };
        if before.status == Status::Approved && category != before.category {
            return Err(problem("category", "the category of an approved template cannot be changed"));
        }
        let format = match text_member(request, "parameter_format") {
            None => before.format,
            Some(text) => ParameterFormat::parse(&text)
                .ok_or_else(|| problem("parameter_format", "positional or named is expected"))?,
        };
        let new_components = match json::member(request, "components") {
            None => before.components.clone(),
            Some(_) => components(request)?,
        };
        Definition::read_in(&new_components, format, &before.language).map_err(TemplateError::Invalid)?;
        let ttl = match json::member(request, "message_send_ttl_seconds") {
            None => before.message_send_ttl_seconds,
            Some(_) => time_to_live(request, category)?,
        };
        if before.status == Status::Approved {
            require_room(ctx, tx, id).await?;
            store::note_change(ctx, tx, id).await?;
        }
        let (status, reason) = self.first_status(&before.name);
        let old_components = before.components.clone();
        let after = Template {
            category,
            format,
            status,
            rejected_reason: reason.to_owned(),
            components: new_components,
            message_send_ttl_seconds: ttl,
            ..before
        };
        store::update(ctx, tx, &after).await?;
        quality::restart(ctx, tx, &after).await?;
        if after.components != old_components {
            webhooks::emit(ctx, tx, vec![components_event(&after)]).await?;
        }
        if status != Status::Pending {
            emit_status(ctx, tx, &after).await?;
        }
        Ok(after)
    }

    /// Makes or rewrites an authentication template in several languages.
    pub async fn upsert_authentication(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        waba: WabaId,
        request: &Value,
    ) -> Result<Vec<Template>, TemplateError> {
        portfolios::waba(ctx, tx, waba).await?;
        let category = text_member(request, "category").unwrap_or_else(|| "AUTHENTICATION".to_owned());
        if read_category(&category) != Some(Category::Authentication) {
            return Err(problem(
                "category",
                "AUTHENTICATION is expected: other templates are made one by one",
            ));
        }
        let languages: Vec<String> = languages(request)?;
        let mut made = Vec::with_capacity(languages.len());
        for language in languages {
            let mut one = request.clone();
            one["language"] = json!(language);
            one["category"] = json!("AUTHENTICATION");
            one["components"] = with_fixed_body(&one["components"]);
            let new = NewTemplate::read(&one)?;
            let template = match store::by_name(tx, waba, &new.name, &new.language).await? {
                None => self.create_template(ctx, tx, waba, &one).await?,
                Some(known) => {
                    let (status, reason) = self.first_status(&known.name);
                    let template = Template {
                        status,
                        rejected_reason: reason.to_owned(),
                        components: new.components,
                        ..known
                    };
                    store::update(ctx, tx, &template).await?;
                    template
                }
            };
            made.push(template);
        }
        Ok(made)
    }

    /// Copies the approved templates of another account of the same portfolio, a page at a time.
    pub async fn copy_templates(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        to: WabaId,
        from: WabaId,
        (page, only): (usize, &[TemplateId]),
    ) -> Result<Outcome, TemplateError> {
        portfolios::waba(ctx, tx, to).await?;
        let templates = list(ctx, tx, from).await?;
        let wanted = templates
            .into_iter()
            .filter(|template| only.is_empty() || only.contains(&template.template_id))
            .skip(page.saturating_mul(COPY_PAGE))
            .take(COPY_PAGE);
        let mut outcome = Outcome::default();
        for template in wanted {
            let id = template.template_id;
            if template.status != Status::Approved {
                outcome.failed.push((id, format!("the template is {}", template.status.as_str())));
                continue;
            }
            let copy = Template { template_id: TemplateId(ctx.graph_id()), waba_id: to, ..template };
            if store::insert(tx, &copy).await? {
                let kind = portfolios::NodeKind::Template;
                portfolios::store::insert_node(tx, copy.template_id.0, kind, copy.portfolio_id).await?;
                outcome.done.push(copy.template_id);
            } else {
                outcome
                    .failed
                    .push((id, "the account has a template of this name and language already".to_owned()));
            }
        }
        Ok(outcome)
    }
}

/// What a template says now.
fn components_event(template: &Template) -> Event {
    let part = |kind: &str| {
        let mut parts = template.components.as_array().into_iter().flatten();
        parts.find(|part| text_member(part, "type").is_some_and(|word| word.eq_ignore_ascii_case(kind)))
    };
    let text = |kind: &str| part(kind).and_then(|part| text_member(part, "text"));
    let mut value = json!({
        "message_template_id": template.template_id.0,
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_element": template.body(),
    });
    let buttons: Vec<Value> = part("BUTTONS")
        .and_then(|buttons| list_member(buttons, "buttons"))
        .into_iter()
        .flatten()
        .map(|button| {
            let mut told = json!({});
            for (member, name) in
                [("type", "type"), ("text", "text"), ("url", "url"), ("phone_number", "phone_number")]
            {
                if let Some(text) = text_member(button, member) {
                    told[format!("message_template_button_{name}")] = json!(text);
                }
            }
            told
        })
        .collect();
    for (member, text) in [("title", text("HEADER")), ("footer", text("FOOTER"))] {
        if let Some(text) = text {
            value[format!("message_template_{member}")] = json!(text);
        }
    }
    if !buttons.is_empty() {
        value["message_template_buttons"] = json!(buttons);
    }
    event(template, "message_template_components_update", value)
}

/// An approved template is not changed at will: people get what was reviewed.
async fn require_room(ctx: &Ctx, tx: &mut Tx, id: TemplateId) -> Result<(), TemplateError> {
    let changes = store::changes(tx, id, ctx.now() - MONTH).await?;
    let today = changes.iter().filter(|at| **at > ctx.now() - DAY).count();
    if today >= CHANGES_PER_DAY {
        return Err(problem("template", "an approved template can be changed once in 24 hours"));
    }
    if changes.len() >= CHANGES_PER_MONTH {
        return Err(problem("template", "an approved template can be changed 10 times in 30 days"));
    }
    Ok(())
}

fn languages(request: &Value) -> Result<Vec<String>, TemplateError> {
    let wrong = || problem("languages", format!("a list of 1 to {AT_ONCE_MAX} language codes is expected"));
    let items = list_member(request, "languages").ok_or_else(wrong)?;
    let languages: Vec<String> = items.iter().filter_map(json::text).collect();
    if (1..=AT_ONCE_MAX).contains(&languages.len()) { Ok(languages) } else { Err(wrong()) }
}

/// Puts templates of an account away, or brings them back.
pub async fn archive(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    ids: &[TemplateId],
    away: bool,
) -> Result<Outcome, TemplateError> {
    portfolios::waba(ctx, tx, waba).await?;
    if !(1..=AT_ONCE_MAX).contains(&ids.len()) {
        return Err(problem("hsm_ids", format!("1 to {AT_ONCE_MAX} ids are expected, separated by commas")));
    }
    let mut outcome = Outcome::default();
    for id in ids {
        let found = match get(ctx, tx, *id).await {
            Ok(template) if template.waba_id == waba => template,
            Ok(_) | Err(TemplateError::NotFound) => {
                outcome.failed.push((*id, "there is no such template".to_owned()));
                continue;
            }
            Err(error) => return Err(error),
        };
        let (needed, next) =
            if away { (Status::Approved, Status::Archived) } else { (Status::Archived, Status::Approved) };
        if found.status != needed {
            let what = format!("the template is {}, not {}", found.status.as_str(), needed.as_str());
            outcome.failed.push((*id, what));
            continue;
        }
        let template = Template { status: next, ..found };
        store::set_status(ctx, tx, &template).await?;
        emit_status(ctx, tx, &template).await?;
        outcome.done.push(*id);
    }
    Ok(outcome)
}

/// Sets a paused template going again. The answer says why not, if not.
pub async fn unpause(ctx: &Ctx, tx: &mut Tx, id: TemplateId) -> Result<Option<String>, TemplateError> {
    let template = get(ctx, tx, id).await?;
    if template.status != Status::Paused {
        return Ok(Some(format!("the template is {}, not PAUSED", template.status.as_str())));
    }
    let template = Template { status: Status::Approved, ..template };
    store::set_status(ctx, tx, &template).await?;
    emit_status(ctx, tx, &template).await?;
    Ok(None)
}

/// How often each of some templates was sent between two times, in the order asked for.
pub async fn sends(
    ctx: &Ctx,
    tx: &mut Tx,
    ids: &[TemplateId],
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(TemplateId, i64)>, TemplateError> {
    let mut counts = Vec::with_capacity(ids.len());
    for id in ids {
        let template = get(ctx, tx, *id).await?;
        counts.push((*id, store::sends(tx, &template, from, to).await?));
    }
    Ok(counts)
}

/// What an authentication template says in some languages.
pub fn previews(languages: &[String], with_advice: bool, minutes: Option<i64>) -> Vec<Value> {
    let one = |language: &String| {
        let wording = wording::of(&canonical_language(language).unwrap_or_default());
        let mut preview = json!({
            "language": language,
            "body": authentication_text(wording, with_advice),
            "buttons": [{"text": wording.copy, "autofill_text": wording.autofill}],
        });
        if let Some(footer) = minutes.map(|minutes| wording.expiry(minutes)) {
            preview["footer"] = json!(footer);
        }
        preview
    };
    languages.iter().map(one).collect()
}

/// The body of these templates is ours; who says nothing about the advice in it wants none.
fn with_fixed_body(components: &Value) -> Value {
    let mut components = components.clone();
    for component in components.as_array_mut().into_iter().flatten() {
        let is_body = text_member(component, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("body"));
        if let (true, Some(members)) = (is_body, component.as_object_mut()) {
            members.entry("add_security_recommendation").or_insert(Value::Bool(false));
        }
    }
    components
}
