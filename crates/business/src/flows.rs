//! # Flows
//!
//! A flow is a form that people fill in inside a conversation: a JSON document of screens ([`definition`]), and perhaps
//! an endpoint of the business that is asked while it is filled in ([`exchange`]). It belongs to an account, where its
//! name is unique, and remembers the app that made it, with whose secret calls of the endpoint are signed.
//!
//! `DRAFT` → `PUBLISHED` → `DEPRECATED`. A draft can be changed, sent to try it (`mode: draft`), and deleted. A
//! published flow is as it is: its document, name and categories stay, only its endpoint may move; to change it, one
//! makes another from it (`clone_flow_id`). A deprecated one opens no more. The operator may `THROTTLE` a published
//! flow (ten messages an hour, until it is well again) or `BLOCK` it. Each change of a status is an event of the field
//! `flows`.
//!
//! A document with errors is kept, and its errors with it: they keep the flow from being published, not from being
//! worked on.
//!
//! [`sending`] is what a message with a flow needs, [`calls`] what is remembered of calls of the endpoint.

pub mod calls;
pub mod definition;
pub mod exchange;
pub(crate) mod sending;
mod store;

use crate::codes::{self, Code};
use crate::documents;
use crate::json;
use crate::portfolios::{self, LookupError, NodeKind, Waba};
use crate::settings::Setting;
use crate::webhooks::{self, Event};
use crate::{Business, SealError, is_operator, may_touch};
use definition::Definition;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Actor, AppId, BlobId, Ctx, FlowId, PhoneNumberId, PortfolioId, Timestamp, WabaId};
use serde_json::{Value, json};
pub(crate) use store::STATEMENTS;

/// Flows of one account.
pub const FLOWS_MAX: usize = 500;
/// Bytes of a flow JSON.
pub const FLOW_JSON_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Flows that are copied by one request.
pub const MIGRATED_MAX: usize = 100;
/// Characters of a name.
const NAME_CHARACTERS_MAX: usize = 200;
/// Characters of an endpoint's address.
const ENDPOINT_CHARACTERS_MAX: usize = 2048;

/// What a flow may be for.
pub const CATEGORIES: &[&str] = &[
    "SIGN_UP",
    "SIGN_IN",
    "APPOINTMENT_BOOKING",
    "LEAD_GENERATION",
    "CONTACT_US",
    "CUSTOMER_SUPPORT",
    "SURVEY",
    "OTHER",
];

/// Where a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Worked on.
    Draft,
    /// May be sent.
    Published,
    /// Not any more.
    Deprecated,
    /// The operator has stopped it.
    Blocked,
    /// May be sent a little.
    Throttled,
}

impl Status {
    const ALL: [Self; 5] = [Self::Draft, Self::Published, Self::Deprecated, Self::Blocked, Self::Throttled];

    /// The word of the Cloud API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Published => "PUBLISHED",
            Self::Deprecated => "DEPRECATED",
            Self::Blocked => "BLOCKED",
            Self::Throttled => "THROTTLED",
        }
    }

    /// Reads the word, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text))
    }
}

/// A flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The id.
    pub flow_id: FlowId,
    /// Its account.
    pub waba_id: WabaId,
    /// Whose it is.
    pub portfolio_id: PortfolioId,
    /// The app that made it.
    pub app_id: AppId,
    /// Its name, which people do not see.
    pub name: String,
    /// What it is for.
    pub categories: Vec<String>,
    /// Where it stands.
    pub status: Status,
    /// Who is asked while it is filled in.
    pub endpoint_uri: Option<String>,
    /// The version of its document.
    pub json_version: Option<String>,
    /// The version of what its endpoint is asked with.
    pub data_api_version: Option<String>,
    /// The ids of its screens, the first one first.
    pub screens: Vec<String>,
    /// What is wrong with its document.
    pub validation_errors: Vec<Value>,
    /// The size of its document; 0: it has none.
    pub json_bytes: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Flow {
    /// Whether its document asks an endpoint.
    pub fn asks_endpoint(&self) -> bool {
        self.data_api_version.is_some()
    }

    /// How it is with the flow itself, its account, its business and its app: the worst is how it is in all.
    pub fn health(&self) -> Value {
        let (word, errors) = match self.status {
            Status::Published => ("AVAILABLE", None),
            Status::Throttled => ("LIMITED", Some("The flow is throttled: its endpoint fails or is slow.")),
            Status::Draft => ("LIMITED", Some("The flow is a draft: it can be sent in draft mode only.")),
            Status::Deprecated => ("BLOCKED", Some("The flow is deprecated.")),
            Status::Blocked => ("BLOCKED", Some("The flow is blocked.")),
        };
        let mut own =
            json!({"entity_type": "FLOW", "id": self.flow_id.to_string(), "can_send_message": word});
        if let Some(what) = errors {
            let solution = "Publish the flow, mend its endpoint, or make another flow from it.";
            own["errors"] = json!([{
                "error_code": 131_000, "error_description": what, "possible_solution": solution,
            }]);
        }
        let well =
            |kind: &str, id: String| json!({"entity_type": kind, "id": id, "can_send_message": "AVAILABLE"});
        let entities = json!([
            own,
            well("WABA", self.waba_id.to_string()),
            well("BUSINESS", self.portfolio_id.to_string()),
            well("APP", self.app_id.to_string()),
        ]);
        json!({"can_send_message": word, "entities": entities})
    }

    fn take(&mut self, flow_json: &str) {
        let read = Definition::read(flow_json);
        self.json_version = read.json_version;
        self.data_api_version = read.data_api_version;
        self.screens = read.screens;
        self.validation_errors = read.errors;
        self.json_bytes = i64::try_from(flow_json.len()).unwrap_or(i64::MAX);
    }
}

/// A flow cannot be made, changed or read.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// No such flow, account or message, or another portfolio's.
    #[error("there is no such object, or it belongs to another business portfolio")]
    NotFound,
    /// Only the operator may.
    #[error("only the operator decides on this")]
    Forbidden,
    /// A member cannot be used.
    #[error("{member}: {what}")]
    Invalid {
        /// Which.
        member: &'static str,
        /// Why, and what is expected.
        what: String,
    },
    /// It cannot be done as the flow stands.
    #[error("{what}")]
    State {
        /// How the Cloud API numbers it.
        code: Code,
        /// Why, and what to do.
        what: String,
    },
    /// A secret cannot be opened.
    #[error("the secret of an app")]
    Seal(#[from] SealError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<LookupError> for FlowError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

fn invalid(member: &'static str, what: impl Into<String>) -> FlowError {
    FlowError::Invalid { member, what: what.into() }
}

fn state(code: Code, what: impl Into<String>) -> FlowError {
    FlowError::State { code, what: what.into() }
}

fn name(text: &str) -> Result<String, FlowError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.contains('\0') {
        return Err(invalid("name", format!("1 to {NAME_CHARACTERS_MAX} characters are expected")));
    }
    Ok(name.to_owned())
}

/// A list of words, or one that is JSON inside a text, or words with commas between.
fn words(request: &Value, member: &'static str) -> Result<Option<Vec<String>>, FlowError> {
    let items = match json::member(request, member) {
        None => return Ok(None),
        Some(Value::Array(items)) => items.iter().filter_map(json::text).collect(),
        Some(Value::String(text)) => match serde_json::from_str::<Vec<String>>(text) {
            Ok(items) => items,
            Err(_) => text.split(',').map(str::to_owned).collect(),
        },
        Some(_) => return Err(invalid(member, "a list in JSON is expected")),
    };
    let items = items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty());
    Ok(Some(items.collect()))
}

fn categories(request: &Value) -> Result<Option<Vec<String>>, FlowError> {
    let Some(given) = words(request, "categories")? else { return Ok(None) };
    let mut categories: Vec<String> = Vec::new();
    for word in given.iter().map(|word| word.to_ascii_uppercase()) {
        if !CATEGORIES.contains(&word.as_str()) {
            let what = format!("\"{word}\": some of {} are expected", CATEGORIES.join(", "));
            return Err(invalid("categories", what));
        }
        if !categories.contains(&word) {
            categories.push(word);
        }
    }
    if categories.is_empty() {
        return Err(invalid("categories", format!("at least one of {} is expected", CATEGORIES.join(", "))));
    }
    Ok(Some(categories))
}

/// The address of an endpoint; an empty one takes it away.
fn endpoint_uri(request: &Value) -> Result<Option<Option<String>>, FlowError> {
    let Some(text) = json::text_member(request, "endpoint_uri") else { return Ok(None) };
    let text = text.trim();
    if text.is_empty() {
        return Ok(Some(None));
    }
    let is_web =
        url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_web || text.len() > ENDPOINT_CHARACTERS_MAX {
        return Err(invalid("endpoint_uri", "an address that begins with https:// is expected"));
    }
    Ok(Some(Some(text.to_owned())))
}

fn check_size(flow_json: &str) -> Result<(), FlowError> {
    if flow_json.len() > FLOW_JSON_BYTES_MAX || flow_json.contains('\0') {
        return Err(invalid(
            "file",
            format!("a flow JSON of at most {FLOW_JSON_BYTES_MAX} bytes is expected"),
        ));
    }
    Ok(())
}

/// Makes a flow from a request's members.
pub async fn create(ctx: &Ctx, tx: &mut Tx, waba: WabaId, request: &Value) -> Result<Flow, FlowError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let name = name(&json::text_member(request, "name").unwrap_or_default())?;
    let categories = categories(request)?.ok_or_else(|| invalid("categories", "missing"))?;
    let endpoint_uri = endpoint_uri(request)?.flatten();
    let flow_json = match json::member(request, "flow_json") {
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
        None => None,
    };
    let source = json::text_member(request, "clone_flow_id").filter(|id| !id.is_empty());
    let flow_json = match (flow_json, source) {
        (None, Some(id)) => {
            let unknown = || invalid("clone_flow_id", "the id of a flow of this business is expected");
            let source = match get(ctx, tx, id.parse().map_err(|_| unknown())?).await {
                Err(FlowError::NotFound) => return Err(unknown()),
                found => found?,
            };
            store::asset(tx, source.flow_id).await?
        }
        (flow_json, _) => flow_json,
    };
    let flow = insert(ctx, tx, &waba, name, categories, endpoint_uri, flow_json.as_deref()).await?;
    let is_wanted = json::member(request, "publish").and_then(json::boolean).unwrap_or(false);
    // Errors of the document are told in the answer; the flow stays a draft.
    if is_wanted && flow.json_bytes > 0 && flow.validation_errors.is_empty() {
        return publish(ctx, tx, flow.flow_id, None).await;
    }
    Ok(flow)
}

async fn insert(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: &Waba,
    name: String,
    categories: Vec<String>,
    endpoint_uri: Option<String>,
    flow_json: Option<&str>,
) -> Result<Flow, FlowError> {
    let Actor::App { app, .. } = ctx.actor() else { return Err(FlowError::NotFound) };
    if store::count_of(tx, waba.waba_id).await? >= FLOWS_MAX {
        return Err(invalid("name", format!("the account has {FLOWS_MAX} flows already: delete some")));
    }
    let mut flow = Flow {
        flow_id: FlowId(ctx.graph_id()),
        waba_id: waba.waba_id,
        portfolio_id: waba.portfolio_id,
        app_id: app,
        name,
        categories,
        status: Status::Draft,
        endpoint_uri,
        json_version: None,
        data_api_version: None,
        screens: Vec::new(),
        validation_errors: Vec::new(),
        json_bytes: 0,
        created_at: ctx.now(),
        updated_at: ctx.now(),
    };
    if let Some(flow_json) = flow_json {
        check_size(flow_json)?;
        flow.take(flow_json);
        store::set_asset(tx, flow.flow_id, flow_json).await?;
    }
    if !store::insert(tx, &flow).await? {
        return Err(name_taken());
    }
    portfolios::store::insert_node(tx, flow.flow_id.0, NodeKind::Flow, waba.portfolio_id).await?;
    Ok(flow)
}

fn name_taken() -> FlowError {
    invalid("name", "the account has a flow of this name already: choose another name")
}

/// One flow.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: FlowId) -> Result<Flow, FlowError> {
    let flow = store::get(tx, id).await?.ok_or(FlowError::NotFound)?;
    if may_touch(ctx, flow.portfolio_id) { Ok(flow) } else { Err(FlowError::NotFound) }
}

/// All flows of an account, the latest first: at most [`FLOWS_MAX`].
pub async fn list(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<Vec<Flow>, FlowError> {
    portfolios::waba(ctx, tx, waba).await?;
    Ok(store::all(tx, waba).await?)
}

/// The flow JSON as it was uploaded.
pub async fn flow_json(ctx: &Ctx, tx: &mut Tx, id: FlowId) -> Result<Option<String>, FlowError> {
    let flow = get(ctx, tx, id).await?;
    Ok(store::asset(tx, flow.flow_id).await?)
}

/// Changes name, categories and endpoint, those that are given.
pub async fn update(ctx: &Ctx, tx: &mut Tx, id: FlowId, request: &Value) -> Result<Flow, FlowError> {
    let mut flow = get(ctx, tx, id).await?;
    let new_name = json::text_member(request, "name").map(|text| name(&text)).transpose()?;
    let (categories, endpoint_uri) = (categories(request)?, endpoint_uri(request)?);
    if new_name.is_none() && categories.is_none() && endpoint_uri.is_none() {
        return Err(invalid("name", "name, categories or endpoint_uri is expected"));
    }
    let is_more = new_name.is_some() || categories.is_some();
    let may_change = match flow.status {
        Status::Draft => true,
        Status::Published | Status::Throttled | Status::Blocked => !is_more,
        Status::Deprecated => false,
    };
    if !may_change {
        return Err(not_a_draft(flow.status));
    }
    flow.name = new_name.unwrap_or(flow.name);
    flow.categories = categories.unwrap_or(flow.categories);
    flow.endpoint_uri = endpoint_uri.unwrap_or(flow.endpoint_uri);
    flow.updated_at = ctx.now();
    if store::is_name_taken(tx, &flow).await? {
        return Err(name_taken());
    }
    store::update(tx, &flow).await?;
    Ok(flow)
}

fn not_a_draft(status: Status) -> FlowError {
    let what = format!(
        "the flow is {}: only a DRAFT can be changed; make another from it with clone_flow_id",
        status.as_str()
    );
    state(codes::FLOW_UPDATE, what)
}

/// Puts another flow JSON into a draft. What is wrong with it is in the flow that comes back.
pub async fn upload(ctx: &Ctx, tx: &mut Tx, id: FlowId, flow_json: &str) -> Result<Flow, FlowError> {
    let mut flow = get(ctx, tx, id).await?;
    if flow.status != Status::Draft {
        return Err(not_a_draft(flow.status));
    }
    check_size(flow_json)?;
    flow.take(flow_json);
    flow.updated_at = ctx.now();
    store::set_asset(tx, flow.flow_id, flow_json).await?;
    store::update(tx, &flow).await?;
    Ok(flow)
}

/// Publishes a draft. `unwell` is what its endpoint answered to a health check, if that was not what it should.
pub async fn publish(ctx: &Ctx, tx: &mut Tx, id: FlowId, unwell: Option<&str>) -> Result<Flow, FlowError> {
    let flow = get(ctx, tx, id).await?;
    let refused = |what: String| Err(state(codes::FLOW_PUBLISH, what));
    if flow.status == Status::Published {
        return Ok(flow);
    }
    if flow.status != Status::Draft {
        return refused(format!("the flow is {}: only a DRAFT can be published", flow.status.as_str()));
    }
    if flow.json_bytes == 0 {
        return refused("the flow has no flow JSON: upload one to its assets".to_owned());
    }
    if !flow.validation_errors.is_empty() {
        let count = flow.validation_errors.len();
        return refused(format!(
            "the flow JSON has {count} errors: validation_errors of the flow tells them"
        ));
    }
    if flow.asks_endpoint() {
        if flow.endpoint_uri.is_none() {
            return refused("the flow JSON asks an endpoint: set endpoint_uri".to_owned());
        }
        if key_of_account(tx, flow.waba_id).await?.is_none() {
            let what = "no phone number of the account has a public key: upload one to its whatsapp_business_encryption";
            return refused(what.to_owned());
        }
        if let Some(unwell) = unwell {
            return refused(format!("the endpoint is not well: {unwell}"));
        }
    }
    change_status(ctx, tx, flow, Status::Published).await
}

/// Takes a published flow out of use. For good.
pub async fn deprecate(ctx: &Ctx, tx: &mut Tx, id: FlowId) -> Result<Flow, FlowError> {
    let flow = get(ctx, tx, id).await?;
    match flow.status {
        Status::Deprecated => Ok(flow),
        Status::Draft => {
            let what = "the flow is a DRAFT: only a published one can be deprecated; a draft can be deleted";
            Err(state(codes::FLOW_DEPRECATE, what))
        }
        Status::Published | Status::Throttled | Status::Blocked => {
            change_status(ctx, tx, flow, Status::Deprecated).await
        }
    }
}

/// Deletes a draft.
pub async fn delete(ctx: &Ctx, tx: &mut Tx, id: FlowId) -> Result<(), FlowError> {
    let flow = get(ctx, tx, id).await?;
    if flow.status != Status::Draft {
        let what = format!("the flow is {}: only a DRAFT can be deleted; deprecate it", flow.status.as_str());
        return Err(state(codes::FLOW_DELETE, what));
    }
    store::delete(tx, flow.flow_id).await?;
    portfolios::store::delete_node(tx, flow.flow_id.0).await?;
    Ok(())
}

/// Throttles or blocks a published flow, or lets it go again. For the operator.
pub async fn set_status(ctx: &Ctx, tx: &mut Tx, id: FlowId, status: Status) -> Result<Flow, FlowError> {
    if !is_operator(ctx) {
        return Err(FlowError::Forbidden);
    }
    let flow = get(ctx, tx, id).await?;
    let is_in_use = |status| matches!(status, Status::Published | Status::Throttled | Status::Blocked);
    if !is_in_use(flow.status) || !is_in_use(status) {
        return Err(invalid("status", "a published flow can become PUBLISHED, THROTTLED or BLOCKED"));
    }
    change_status(ctx, tx, flow, status).await
}

async fn change_status(ctx: &Ctx, tx: &mut Tx, flow: Flow, status: Status) -> Result<Flow, FlowError> {
    let (before, after) = (flow.status.as_str(), status.as_str());
    let flow = Flow { status, updated_at: ctx.now(), ..flow };
    store::update(tx, &flow).await?;
    let value = json!({
        "event": "FLOW_STATUS_CHANGE",
        "message": format!("Flow {} changed status from {before} to {after}", flow.name),
        "flow_id": flow.flow_id.to_string(),
        "old_status": before,
        "new_status": after,
    });
    let event = Event {
        portfolio: flow.portfolio_id,
        waba: flow.waba_id,
        phone: None,
        field: "flows",
        lane: flow.flow_id.0,
        value,
    };
    webhooks::emit(ctx, tx, vec![event]).await?;
    Ok(flow)
}

/// What came of copying flows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Migrated {
    /// Those that were copied: the source, and the id of the copy.
    pub copied: Vec<(Flow, FlowId)>,
    /// Those that were not: the name, and why.
    pub failed: Vec<(String, String)>,
}

/// Copies flows of another account of the same business: those with the names, or all. What was published is.
pub async fn migrate(ctx: &Ctx, tx: &mut Tx, to: WabaId, request: &Value) -> Result<Migrated, FlowError> {
    let to = portfolios::waba(ctx, tx, to).await?;
    let unknown = || invalid("source_waba_id", "the id of another account of this business is expected");
    let from = json::text_member(request, "source_waba_id").unwrap_or_default();
    let from = match portfolios::waba(ctx, tx, from.trim().parse().map_err(|_| unknown())?).await {
        Err(LookupError::NotFound) => return Err(unknown()),
        from => from?,
    };
    if from.waba_id == to.waba_id || from.portfolio_id != to.portfolio_id {
        return Err(unknown());
    }
    let names = words(request, "source_flow_names")?.unwrap_or_default();
    let mut sources = store::all(tx, from.waba_id).await?;
    let mut migrated = Migrated::default();
    if !names.is_empty() {
        let missing = names.iter().filter(|name| !sources.iter().any(|flow| flow.name == **name));
        migrated.failed =
            missing.map(|name| (name.clone(), "Flow name not found in source WABA.".to_owned())).collect();
        sources.retain(|flow| names.contains(&flow.name));
    }
    if sources.len() > MIGRATED_MAX {
        let what = format!("{} flows were named; at most {MIGRATED_MAX} are copied at once", sources.len());
        return Err(invalid("source_flow_names", what));
    }
    for source in sources {
        if store::by_name(tx, to.waba_id, &source.name).await?.is_some() {
            let why = "Flow with the same name exists in destination WABA.".to_owned();
            migrated.failed.push((source.name, why));
            continue;
        }
        let flow_json = store::asset(tx, source.flow_id).await?;
        let (name, categories) = (source.name.clone(), source.categories.clone());
        let endpoint = source.endpoint_uri.clone();
        let copy = insert(ctx, tx, &to, name, categories, endpoint, flow_json.as_deref()).await?;
        if source.status == Status::Published {
            change_status(ctx, tx, copy.clone(), Status::Published).await?;
        }
        migrated.copied.push((source, copy.flow_id));
    }
    Ok(migrated)
}

/// The public key of a number, PEM: what an endpoint is asked is encrypted under it. It is one of the number's
/// settings.
pub async fn business_public_key(tx: &mut Tx, phone: PhoneNumberId) -> Result<Option<String>, DbError> {
    let body = documents::body(tx, Setting::Encryption.key(phone)).await?;
    Ok(body.get("business_public_key").and_then(Value::as_str).map(str::to_owned))
}

/// The key of one of the account's numbers.
async fn key_of_account(tx: &mut Tx, waba: WabaId) -> Result<Option<String>, DbError> {
    for number in portfolios::store::phone_numbers_of(tx, waba).await? {
        if let Some(key) = business_public_key(tx, number.phone_number_id).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

impl Business {
    /// What makes the address of a flow JSON good until a time.
    pub fn flow_signature(&self, id: FlowId, until_s: i64) -> Result<String, FlowError> {
        let about = [b"flow".as_slice(), &id.0.to_be_bytes(), &until_s.to_be_bytes()].concat();
        Ok(hex::encode(self.sealing.sign(&about)?))
    }

    /// What proves that this server gave out the address of a file for an endpoint.
    pub fn flow_media_signature(&self, blob: BlobId, until_s: i64) -> Result<String, FlowError> {
        let about = [b"flow-media".as_slice(), blob.as_bytes(), &until_s.to_be_bytes()].concat();
        Ok(hex::encode(self.sealing.sign(&about)?))
    }
}

#[cfg(test)]
mod tests;
