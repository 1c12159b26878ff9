//! The business's own money: what it has and spends, its caps and what it wants to hear.

use super::Caller;
use crate::app::App;
use crate::balances::{self, CapBody, WatchBody};
use crate::problem::{Body, Problem};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use plaza_protocol::Ctx;
use serde_json::Value;
use std::sync::Arc;

/// `GET /manager/api/billing`
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    balances::overview(&app, &ctx, caller.token.portfolio).await
}

/// `POST /manager/api/billing/caps`
pub(super) async fn set_cap(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<CapBody>,
) -> Result<Json<Value>, Problem> {
    balances::set_cap(&app, &ctx, caller.token.portfolio, body).await
}

/// `DELETE /manager/api/billing/caps/{cap_id}`
pub(super) async fn remove_cap(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(cap): Path<String>,
) -> Result<Json<Value>, Problem> {
    balances::remove_cap(&app, &ctx, caller.token.portfolio, &cap).await
}

/// `POST /manager/api/billing/thresholds`
pub(super) async fn set_thresholds(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<WatchBody>,
) -> Result<Json<Value>, Problem> {
    balances::set_watch(&app, &ctx, caller.token.portfolio, body).await
}
