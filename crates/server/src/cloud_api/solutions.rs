//! What two apps do together, and the clients of an app.

use super::errors::GraphError;
use super::{Call, list as lists};
use plaza_business::codes;
use plaza_business::json::moment;
use plaza_business::partners::{self, Side, Solution, Step};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId};
use serde_json::{Value, json};

const DEFAULT_FIELDS: &[&str] = &["name", "status", "status_for_pending_request"];

pub(super) async fn connected(call: Call) -> Result<Value, GraphError> {
    let app = call.app_id();
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::connected(ctx, tx, app).await;
    let found = call.read("cloud_api.connected_businesses", work).await?;
    let items = found.iter().map(|(client, document)| {
        let view = json!({
            "id": client.portfolio_id.to_string(),
            "name": client.name,
            "verification_status": "UNVERIFIED",
            "business_status": "ACTIVE",
            "created_time": moment(document.created_at),
            "updated_time": moment(document.updated_at),
        });
        lists::select_all(&call, view)
    });
    lists::page(&call, items.collect())
}

pub(super) async fn create(call: Call) -> Result<Value, GraphError> {
    let (app, request) = (call.app_id(), call.params.value().clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::create(ctx, tx, app, &request).await;
    let made = call.write("cloud_api.create_solution", work).await?;
    Ok(json!({"solution_id": made.id().to_string()}))
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let side = match call.params.text("role").map(|role| role.to_ascii_uppercase()).as_deref() {
        None => None,
        Some("OWNER") => Some(Side::Owner),
        Some("PARTNER") => Some(Side::Partner),
        Some(_) => {
            let what = "role: OWNER or PARTNER is expected";
            return Err(GraphError::new(codes::INVALID_PARAMETER).details(what));
        }
    };
    let app = call.app_id();
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::list(ctx, tx, app, side).await;
    let found = call.read("cloud_api.solutions", work).await?;
    lists::page(&call, found.iter().map(|one| lists::select(&call, one.view(), DEFAULT_FIELDS)).collect())
}

pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.node();
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::get(ctx, tx, id).await;
    let (found, _) = call.read("cloud_api.solution", work).await?;
    Ok(lists::select(&call, found.view(), DEFAULT_FIELDS))
}

async fn step(call: &Call, step: Step) -> Result<Solution, GraphError> {
    let (id, request) = (call.node(), call.params.value().clone());
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::step(ctx, tx, id, step, &request).await;
    call.write("cloud_api.solution_step", work).await
}

pub(super) async fn accept(call: Call) -> Result<Value, GraphError> {
    let solution = step(&call, Step::Accept).await?;
    Ok(json!({
        "solution_id": call.id,
        "partner_status": "ACCEPTED",
        "success": true,
        "update_time": moment(solution.updated_at()),
    }))
}

pub(super) async fn reject(call: Call) -> Result<Value, GraphError> {
    let solution = step(&call, Step::Reject).await?;
    Ok(json!({
        "success": true,
        "solution_id": call.id,
        "rejected_request_type": call.params.text("request_type").map(|word| word.to_ascii_uppercase()),
        "rejection_timestamp": moment(solution.updated_at()),
        "partner_app_id": solution.partner_app().to_string(),
    }))
}

pub(super) async fn request_deactivation(call: Call) -> Result<Value, GraphError> {
    step(&call, Step::RequestDeactivation).await?;
    Ok(json!({
        "success": true,
        "message": "The other side has been asked.",
        "request_id": call.ctx.request().to_string(),
    }))
}

pub(super) async fn accept_deactivation(call: Call) -> Result<Value, GraphError> {
    let solution = step(&call, Step::AcceptDeactivation).await?;
    Ok(lists::select(&call, solution.view(), DEFAULT_FIELDS))
}

pub(super) async fn reject_deactivation(call: Call) -> Result<Value, GraphError> {
    let solution = step(&call, Step::RejectDeactivation).await?;
    Ok(lists::select(&call, solution.view(), DEFAULT_FIELDS))
}

pub(super) async fn access_token(call: Call) -> Result<Value, GraphError> {
    let business = call.params.required("business_id")?;
    let client: PortfolioId = business.parse().map_err(|_| {
        GraphError::new(codes::INVALID_PARAMETER).details("business_id: the id of a business is expected")
    })?;
    let id = call.node();
    let work = async move |ctx: &Ctx, tx: &mut Tx| partners::access_token(ctx, tx, id, client).await;
    let (token, expires_at) = call.write("cloud_api.solution_token", work).await?;
    Ok(json!({"access_token": token.0, "expires_at": expires_at.seconds()}))
}
