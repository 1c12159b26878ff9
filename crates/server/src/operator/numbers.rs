//! What the operator decides about numbers and apps: display names, official accounts, and which partner's app a client
//! lets in.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use plaza_business::management::ManageError;
use plaza_business::numbers::{self, NameDecision};
use plaza_business::{apps, groups, settings, users};
use plaza_protocol::{AppId, Ctx, ErrorCode, PhoneNumberId, PortfolioId, WabaId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

impl From<ManageError> for Problem {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::NotFound => Self::not_found("this object"),
            ManageError::Db(error) => error.into(),
            ManageError::Refused { what, .. } => Self::new(ErrorCode::Invalid, what),
            other @ (ManageError::Seal(_) | ManageError::Messaging(_)) => Self::internal(&other),
        }
    }
}

fn phone_id(text: &str) -> Result<PhoneNumberId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this number"))
}

fn app_id(text: &str) -> Result<AppId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this app"))
}

/// `approve` or `reject`, the last word of an address.
fn is_approved(decision: &str) -> Result<bool, Problem> {
    match decision {
        "approve" => Ok(true),
        "reject" => Ok(false),
        _ => Err(Problem::not_found("this address")),
    }
}

/// `GET /operator/api/names`: display names that wait for a decision.
pub(super) async fn names(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let list = async |ctx: &Ctx, tx: &mut _| numbers::waiting_names(ctx, tx).await;
    let waiting = app.db.read(&ctx, "operator.names", list).await?;
    let data: Vec<Value> = waiting
        .iter()
        .map(|(number, name)| {
            json!({
                "phone_number_id": number.phone_number_id, "display_phone_number": number.number,
                "verified_name": number.verified_name, "requested_name": name,
            })
        })
        .collect();
    Ok(Json(json!({"data": data})))
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Reason {
    reason: Option<String>,
}

/// `POST /operator/api/numbers/{phone_number_id}/name/{approve|reject}`
pub(super) async fn decide_name(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((phone, decision)): Path<(String, String)>,
    Body(body): Body<Reason>,
) -> Result<Json<Value>, Problem> {
    let phone = phone_id(&phone)?;
    let decision =
        if is_approved(&decision)? { NameDecision::Approve } else { NameDecision::Decline(body.reason) };
    let decide = async move |ctx: &Ctx, tx: &mut _| numbers::decide_name(ctx, tx, phone, &decision).await;
    app.db.transact(&ctx, "operator.decide_name", decide).await?;
    Ok(Json(json!({"success": true})))
}

/// `POST /operator/api/numbers/{phone_number_id}/official/{approve|reject}`
pub(super) async fn decide_official(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((phone, decision)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (phone, approved) = (phone_id(&phone)?, is_approved(&decision)?);
    let decide =
        async move |ctx: &Ctx, tx: &mut _| settings::decide_application(ctx, tx, phone, approved).await;
    app.db.transact(&ctx, "operator.decide_official", decide).await?;
    Ok(Json(json!({"success": true})))
}

#[derive(Debug, Deserialize)]
pub(super) struct LetIn {
    business_id: String,
    waba_ids: Vec<String>,
}

/// `POST /operator/api/apps/{app_id}/codes`: a client lets a partner's app into some of its accounts.
pub(super) async fn issue_code(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<LetIn>,
) -> Result<Json<Value>, Problem> {
    let id = app_id(&id)?;
    let client: PortfolioId =
        body.business_id.parse().map_err(|_| Problem::invalid("business_id: not an id"))?;
    let accounts: Result<Vec<WabaId>, _> = body.waba_ids.iter().map(|id| id.parse()).collect();
    let accounts = accounts.map_err(|_| Problem::invalid("waba_ids: a list of ids is needed"))?;
    let issue = async move |ctx: &Ctx, tx: &mut _| users::issue_code(ctx, tx, id, client, &accounts).await;
    let code = app.db.transact(&ctx, "operator.issue_code", issue).await?;
    Ok(Json(json!({"code": code.0})))
}

#[derive(Debug, Deserialize)]
pub(super) struct Proof {
    required: bool,
}

/// `POST /operator/api/apps/{app_id}/proof`: whether each call of an app has to prove that it knows its secret.
pub(super) async fn require_proof(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<Proof>,
) -> Result<Json<Value>, Problem> {
    let id = app_id(&id)?;
    let set = async move |ctx: &Ctx, tx: &mut _| apps::require_proof(ctx, tx, id, body.required).await;
    app.db.transact(&ctx, "operator.require_proof", set).await?;
    Ok(Json(json!({"success": true})))
}

/// `POST /operator/api/groups/{group-id}/suspend` and `…/resume`: stops a group of a business, or lets it go on.
pub(super) async fn decide_group(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((group, decision)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let group = groups::parse_id(&group).or_else(|| group.parse().ok());
    let group = group.ok_or_else(|| Problem::not_found("this group"))?;
    let is_suspended = match decision.as_str() {
        "suspend" => true,
        "resume" => false,
        _ => return Err(Problem::not_found("this address")),
    };
    let decide = async move |ctx: &Ctx, tx: &mut _| groups::suspend(ctx, tx, group, is_suspended).await;
    app.db.transact(&ctx, "operator.decide_group", decide).await?;
    Ok(Json(json!({"success": true})))
}
