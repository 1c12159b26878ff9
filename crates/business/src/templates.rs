//! # Templates
//!
//! A template is a text with gaps that the operator has approved beforehand: the only thing that a business may send
//! outside a customer-service window. It has a name and a language; together they are unique in an account.
//!
//! `PENDING` → `APPROVED` or `REJECTED` by the operator. An approved one may be `PAUSED` for a while or `DISABLED` for
//! good; both refuse to be sent. A deleted one keeps its row, because messages refer to it, and gives its name free. In
//! a sandbox the decision falls at once: approved, unless the name begins with `reject_`.
//!
//! Each change of status is an event for the account's webhooks (`message_template_status_update`), and so is a change
//! of its category (`template_category_update`) or of what it says (`message_template_components_update`). A template
//! that people complain about is paused by [`crate::quality`].
//!
//! [`definition`] is what a template is made of and the rules for it, [`render`] how it is filled in.

pub mod definition;
pub mod library;
pub mod lifecycle;
pub mod render;
pub(crate) mod store;
mod wording;

pub(crate) use store::STATEMENTS;

use crate::portfolios::{self, LookupError, NodeKind};
use crate::quality::Rating;
use crate::webhooks::{self, Event};
use crate::{Business, is_operator, json, may_touch};
use definition::{Definition, ParameterFormat, Problem, subcodes};
use plaza_billing::Category;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, PortfolioId, TemplateId, Timestamp, WabaId};
use render::{RenderError, Rendered, SendTemplate, canonical_language};
use serde_json::{Value, json};
use std::time::Duration;

/// Templates of one account.
pub const TEMPLATES_MAX: i64 = 250;
/// Templates that an account makes in an hour.
pub(crate) const CREATIONS_PER_HOUR: i64 = 100;
pub(crate) const CREATION_WINDOW: Duration = Duration::from_secs(3600);
/// Characters of a name.
const NAME_CHARACTERS_MAX: usize = 512;
/// Characters of a reason for a rejection.
const REASON_CHARACTERS_MAX: usize = 1024;
/// What makes the sandbox reject a template.
const SANDBOX_REJECTED_PREFIX: &str = "reject_";
/// Why the sandbox, or an operator who gives no reason, rejects.
const DEFAULT_REASON: &str = "INVALID_FORMAT";

/// Where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Waits for the operator.
    Pending,
    /// May be sent.
    Approved,
    /// Refused.
    Rejected,
    /// May not be sent for now.
    Paused,
    /// May not be sent any more.
    Disabled,
    /// Put away for now by the business.
    Archived,
    /// Gone; its name is free.
    Deleted,
}

impl Status {
    const ALL: [Self; 7] = [
        Self::Pending,
        Self::Approved,
        Self::Rejected,
        Self::Paused,
        Self::Disabled,
        Self::Archived,
        Self::Deleted,
    ];

    /// The word of the Cloud API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
            Self::Archived => "ARCHIVED",
            Self::Deleted => "DELETED",
        }
    }

    /// Reads the word, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text))
    }
}

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The id.
    pub template_id: TemplateId,
    /// Its account.
    pub waba_id: WabaId,
    /// Whose it is.
    pub portfolio_id: PortfolioId,
    /// Its name.
    pub name: String,
    /// `en` or `en_US`.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub category: Category,
    /// How its gaps are marked.
    pub format: ParameterFormat,
    /// Where it stands.
    pub status: Status,
    /// `NONE`, or why it was rejected.
    pub rejected_reason: String,
    /// As the business wrote them.
    pub components: Value,
    /// How long an undelivered message of it is kept.
    pub message_send_ttl_seconds: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What people make of it, and since when.
    pub quality: (Rating, Timestamp),
}

impl Template {
    /// Its category as the management side writes it: in capitals.
    pub fn category_word(&self) -> String {
        self.category.as_str().to_ascii_uppercase()
    }

    /// What its body says, with the gaps as they were written.
    pub fn body(&self) -> String {
        Definition::read_in(&self.components, self.format, &self.language)
            .map(|read| read.body_text())
            .unwrap_or_default()
    }
}

/// A template cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No such template or account, or another portfolio's.
    #[error("there is no such object, or it belongs to another business portfolio")]
    NotFound,
    /// Only the operator may.
    #[error("only the operator decides on templates")]
    Forbidden,
    /// A member cannot be used.
    #[error("{0}")]
    Invalid(Problem),
    /// It does not wait for a decision.
    #[error("the template is {}: only a PENDING one can be decided on", .0.as_str())]
    NotPending(Status),
    /// Too many were made.
    #[error("an account makes at most {CREATIONS_PER_HOUR} templates an hour: try again later")]
    TooMany,
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<LookupError> for TemplateError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

/// The operator's word on a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be sent.
    Approve,
    /// It may not, for this reason (`None`: its form).
    Reject(Option<String>),
}

struct NewTemplate {
    name: String,
    language: String,
    category: Category,
    format: ParameterFormat,
    components: Value,
    message_send_ttl_seconds: Option<i64>,
    /// It is one of the library, and needs no review.
    is_of_library: bool,
}

fn problem(member: &str, what: impl Into<String>) -> TemplateError {
    TemplateError::Invalid(Problem::new(member, what))
}

impl NewTemplate {
    fn read(request: &Value) -> Result<Self, TemplateError> {
        let name = json::text_member(request, "name").unwrap_or_default();
        let is_plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !is_plain || !(1..=NAME_CHARACTERS_MAX).contains(&name.len()) {
            return Err(problem("name", "1 to 512 lower-case letters, digits and _ are expected"));
        }
        let language = json::text_member(request, "language").unwrap_or_default();
        let language = canonical_language(&language)
            .ok_or_else(|| problem("language", "a language code such as en or en_US is expected"))?;
        let category = json::text_member(request, "category").unwrap_or_default();
        let category = read_category(&category)
            .ok_or_else(|| problem("category", "UTILITY, MARKETING or AUTHENTICATION is expected"))?;
        let format = match json::text_member(request, "parameter_format") {
            None => ParameterFormat::Positional,
            Some(text) => ParameterFormat::parse(&text)
                .ok_or_else(|| problem("parameter_format", "positional or named is expected"))?,
        };
        let of_library = json::text_member(request, "library_template_name");
        let components = match &of_library {
            Some(name) => library::components(request, name)?,
            None => components(request)?,
        };
        Definition::read_in(&components, format, &language).map_err(TemplateError::Invalid)?;
        let message_send_ttl_seconds = time_to_live(request, category)?;
        let is_of_library = of_library.is_some();
        Ok(Self { name, language, category, format, components, message_send_ttl_seconds, is_of_library })
    }
}

/// The components; form and query parameters bring them as JSON inside a text.
fn components(request: &Value) -> Result<Value, TemplateError> {
    match json::member(request, "components") {
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|_| problem("components", "a list of components in JSON is expected")),
        Some(value) => Ok(value.clone()),
        None => Err(problem("components", "missing")),
    }
}

pub(crate) fn read_category(text: &str) -> Option<Category> {
    match text.to_ascii_uppercase().as_str() {
        "UTILITY" => Some(Category::Utility),
        "MARKETING" => Some(Category::Marketing),
        "AUTHENTICATION" => Some(Category::Authentication),
        _ => None,
    }
}

/// How long an undelivered message is kept; -1 is the longest, as if nothing was said.
fn time_to_live(request: &Value, category: Category) -> Result<Option<i64>, TemplateError> {
    let Some(value) = json::member(request, "message_send_ttl_seconds") else { return Ok(None) };
    let allowed = match category {
        Category::Authentication | Category::AuthenticationInternational => 30..=900,
        Category::Marketing | Category::GroupMarketing => 43_200..=2_592_000,
        _ => 30..=43_200,
    };
    match json::integer(value) {
        Some(-1) => Ok(None),
        Some(seconds) if allowed.contains(&seconds) => Ok(Some(seconds)),
        _ => {
            let what = format!("{} to {} is expected, or -1", allowed.start(), allowed.end());
            Err(problem("message_send_ttl_seconds", what))
        }
    }
}

impl Business {
    /// Makes a template from a request's members.
    pub async fn create_template(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        waba: WabaId,
        request: &Value,
    ) -> Result<Template, TemplateError> {
        let waba = portfolios::waba(ctx, tx, waba).await?;
        let new = NewTemplate::read(request)?;
        if store::count(tx, waba.waba_id).await? >= TEMPLATES_MAX {
            let what = format!("the account has {TEMPLATES_MAX} templates already: delete some");
            let problem = Problem { subcode: Some(subcodes::TOO_MANY), ..Problem::new("name", what) };
            return Err(TemplateError::Invalid(problem));
        }
        if store::made_since(tx, waba.waba_id, ctx.now() - CREATION_WINDOW).await? >= CREATIONS_PER_HOUR {
            return Err(TemplateError::TooMany);
        }
        let (status, reason) =
            if new.is_of_library { (Status::Approved, "NONE") } else { self.first_status(&new.name) };
        let template = Template {
            template_id: TemplateId(ctx.graph_id()),
            waba_id: waba.waba_id,
            portfolio_id: waba.portfolio_id,
            name: new.name,
            language: new.language,
            category: new.category,
            format: new.format,
            status,
            rejected_reason: reason.to_owned(),
            components: new.components,
            message_send_ttl_seconds: new.message_send_ttl_seconds,
            created_at: ctx.now(),
            quality: (Rating::Unknown, ctx.now()),
        };
        if !store::insert(tx, &template).await? {
            let what = "there is a template of this name in this language already: delete it, or choose another name";
            let problem = Problem { subcode: Some(subcodes::NAME_TAKEN), ..Problem::new("name", what) };
            return Err(TemplateError::Invalid(problem));
        }
        portfolios::store::insert_node(tx, template.template_id.0, NodeKind::Template, waba.portfolio_id)
            .await?;
        if status != Status::Pending {
            emit_status(ctx, tx, &template).await?;
        }
        Ok(template)
    }

    fn first_status(&self, name: &str) -> (Status, &'static str) {
        match (self.sandbox, name.starts_with(SANDBOX_REJECTED_PREFIX)) {
            (false, _) => (Status::Pending, "NONE"),
            (true, false) => (Status::Approved, "NONE"),
            (true, true) => (Status::Rejected, DEFAULT_REASON),
        }
    }
}

/// How many templates an account has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// All that were not deleted.
    pub(crate) all: i64,
    /// Made within the hour, deleted ones among them.
    pub(crate) in_hour: i64,
}

pub(crate) async fn made(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Made, DbError> {
    let in_hour = store::made_since(tx, waba, ctx.now() - CREATION_WINDOW).await?;
    Ok(Made { all: store::count(tx, waba).await?, in_hour })
}

/// All templates of an account, the latest first: at most [`TEMPLATES_MAX`].
pub async fn list(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Vec<Template>, TemplateError> {
    portfolios::waba(ctx, tx, waba).await?;
    Ok(store::list(tx, waba).await?)
}

/// One template.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: TemplateId) -> Result<Template, TemplateError> {
    let template = store::get(tx, id).await?.ok_or(TemplateError::NotFound)?;
    let is_there = template.status != Status::Deleted && may_touch(ctx, template.portfolio_id);
    if is_there { Ok(template) } else { Err(TemplateError::NotFound) }
}

/// Deletes all languages of a name, or the one with this id. The answer is how many went.
pub async fn delete(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    name: &str,
    id: Option<TemplateId>,
) -> Result<u64, TemplateError> {
    portfolios::waba(ctx, tx, waba).await?;
    match store::delete(ctx, tx, waba, name, id).await? {
        0 => Err(problem("name", "the account has no template of this name")),
        gone => Ok(gone),
    }
}

/// Decides on a template that waits.
pub async fn decide(
    ctx: &Ctx,
    tx: &mut Tx,
    id: TemplateId,
    decision: Decision,
) -> Result<Template, TemplateError> {
    if !is_operator(ctx) {
        return Err(TemplateError::Forbidden);
    }
    let template = get(ctx, tx, id).await?;
    let (status, reason) = match decision {
        Decision::Approve => (Status::Approved, "NONE".to_owned()),
        Decision::Reject(reason) => (Status::Rejected, reason.unwrap_or_else(|| DEFAULT_REASON.to_owned())),
    };
    if reason.chars().count() > REASON_CHARACTERS_MAX {
        return Err(problem("reason", format!("at most {REASON_CHARACTERS_MAX} characters")));
    }
    if template.status == status {
        // The same word twice is the same decision.
        return Ok(template);
    }
    if template.status != Status::Pending {
        return Err(TemplateError::NotPending(template.status));
    }
    set_status(ctx, tx, template, status, reason).await
}

/// Moves a template to another status: what quality rating and the operator's tools do to an approved one.
pub async fn set_status(
    ctx: &Ctx,
    tx: &mut Tx,
    template: Template,
    status: Status,
    reason: String,
) -> Result<Template, TemplateError> {
    if !is_operator(ctx) {
        return Err(TemplateError::Forbidden);
    }
    let template = Template { status, rejected_reason: reason, ..template };
    store::set_status(ctx, tx, &template).await?;
    emit_status(ctx, tx, &template).await?;
    Ok(template)
}

/// Templates that stand so, in the order of their ids, a page after `after`. For the operator.
pub async fn queue(
    ctx: &Ctx,
    tx: &mut Tx,
    status: Status,
    after: Option<TemplateId>,
) -> Result<Vec<Template>, TemplateError> {
    if !is_operator(ctx) {
        return Err(TemplateError::Forbidden);
    }
    Ok(store::queue(tx, status, after.unwrap_or(TemplateId(0))).await?)
}

/// Why a template stands still, or goes on, though nobody decided so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standstill {
    /// For a while: the word for the first or the second time.
    Paused(&'static str),
    /// For good.
    Disabled,
    /// The pause is over.
    Over,
}

impl Standstill {
    fn told(self, ctx: &Ctx, value: &mut Value) {
        let (title, description) = match self {
            Self::Paused(word) => {
                (word, "People complained about it: it cannot be sent until the pause is over.")
            }
            Self::Disabled => ("DISABLED", "People complained about it again after two pauses."),
            Self::Over => ("UNPAUSE", "The pause is over: it can be sent again."),
        };
        if let Some(members) = value.as_object_mut() {
            members.insert("other_info".to_owned(), json!({"title": title, "description": description}));
            if self == Self::Disabled {
                let at = ctx.now().seconds();
                members.insert("disable_info".to_owned(), json!({"disable_date": at}));
            }
        }
    }
}

/// Moves a template to another status because of its quality.
pub(crate) async fn stand_still(
    ctx: &Ctx,
    tx: &mut Tx,
    template: Template,
    status: Status,
    why: Standstill,
) -> Result<(), DbError> {
    let template = Template { status, ..template };
    store::set_status(ctx, tx, &template).await?;
    let mut event = status_event(&template);
    why.told(ctx, &mut event.value);
    webhooks::emit(ctx, tx, vec![event]).await
}

/// The operator puts a template into the category that it belongs to.
pub async fn set_category(
    ctx: &Ctx,
    tx: &mut Tx,
    id: TemplateId,
    word: &str,
) -> Result<Template, TemplateError> {
    if !is_operator(ctx) {
        return Err(TemplateError::Forbidden);
    }
    let before = get(ctx, tx, id).await?;
    let category = read_category(word)
        .ok_or_else(|| problem("category", "UTILITY, MARKETING or AUTHENTICATION is expected"))?;
    if category == before.category {
        return Ok(before);
    }
    let previous = before.category_word();
    let template = Template { category, ..before };
    store::update(ctx, tx, &template).await?;
    let value = json!({
        "message_template_id": template.template_id.0,
        "message_template_name": template.name,
        "message_template_language": template.language,
        "previous_category": previous,
        "new_category": template.category_word(),
    });
    webhooks::emit(ctx, tx, vec![event(&template, "template_category_update", value)]).await?;
    Ok(template)
}

/// An event about a template.
pub(crate) fn event(template: &Template, field: &'static str, value: Value) -> Event {
    Event {
        portfolio: template.portfolio_id,
        waba: template.waba_id,
        phone: None,
        field,
        lane: template.template_id.0,
        value,
    }
}

async fn emit_status(ctx: &Ctx, tx: &mut Tx, template: &Template) -> Result<(), DbError> {
    webhooks::emit(ctx, tx, vec![status_event(template)]).await
}

fn status_event(template: &Template) -> Event {
    let known = ["ABUSIVE_CONTENT", "INVALID_FORMAT", "NONE", "PROMOTIONAL", "SCAM", "TAG_CONTENT_MISMATCH"];
    let reason = template.rejected_reason.as_str();
    let word = if known.contains(&reason) { reason } else { DEFAULT_REASON };
    let mut value = json!({
        "event": template.status.as_str(),
        "message_template_id": template.template_id.0,
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category_word(),
        "reason": word,
    });
    if template.status == Status::Rejected
        && let Some(members) = value.as_object_mut()
    {
        let recommendation = "Change the template as the reason says and submit it under another name.";
        members
            .insert("rejection_info".to_owned(), json!({"reason": reason, "recommendation": recommendation}));
    }
    event(template, "message_template_status_update", value)
}

/// A template cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// No such template in that language, or it is not approved.
    #[error("there is no approved template \"{name}\" in the language \"{language}\"")]
    NotFound {
        /// As asked for.
        name: String,
        /// As asked for.
        language: String,
    },
    /// Not for now.
    #[error("the template is paused")]
    Paused,
    /// Not any more.
    #[error("the template is disabled")]
    Disabled,
    /// The values do not fit.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// Finds the template that a request names and fills it in.
pub(crate) async fn fill(
    tx: &mut Tx,
    waba: WabaId,
    request: &SendTemplate,
) -> Result<(Template, Rendered), FillError> {
    let not_found = || FillError::NotFound { name: request.name.clone(), language: request.language.clone() };
    let language = canonical_language(&request.language).ok_or_else(not_found)?;
    let template = store::by_name(tx, waba, &request.name, &language).await?.ok_or_else(not_found)?;
    match template.status {
        Status::Approved => {}
        Status::Paused => return Err(FillError::Paused),
        Status::Disabled => return Err(FillError::Disabled),
        Status::Pending | Status::Rejected | Status::Archived | Status::Deleted => return Err(not_found()),
    }
    // What is stored was checked when it was made.
    let definition = Definition::read_in(&template.components, template.format, &template.language)
        .map_err(|_| not_found())?;
    let rendered = render::render(&definition, &template.name, &template.language, request)?;
    Ok((template, rendered))
}

#[cfg(test)]
mod tests;
