//! What only the sandbox and the demo have: the operator's session without a sign-in, and that of the demo's business, a
//! clock that can be moved, and the list of the demo's people.

use crate::app::App;
use crate::problem::{Body, Problem};
use crate::{jobs, sandbox_only};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use plaza_protocol::{Chain, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The clock moves at most so far in one step.
const ADVANCE_SECONDS_MAX: u64 = 400 * 24 * 3600;

/// Whether a request was addressed to this machine, and by no page of elsewhere: a foreign page cannot reach the sandbox
/// by a name that it points here.
fn is_local(app: &App, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    (is_loopback || name.eq_ignore_ascii_case("localhost")) && app.is_origin_allowed(headers)
}

/// `GET /_sandbox/session`: the operator's token, for whoever sits at this machine.
pub(crate) async fn session(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    if !app.settings.sandbox || !from.ip().to_canonical().is_loopback() || !is_local(&app, &headers) {
        return Err(sandbox_only());
    }
    Ok(Json(json!({"operator_token": app.settings.operator_token.0})))
}

/// `GET /_sandbox/business`: a token of the demo's business, for whoever sits at this machine.
pub(crate) async fn business(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    if !app.settings.sandbox || !from.ip().to_canonical().is_loopback() || !is_local(&app, &headers) {
        return Err(sandbox_only());
    }
    let business = app.demo_business.get().ok_or_else(|| Problem::not_found("the demo's business"))?;
    Ok(Json(json!({"name": business.name, "access_token": business.access_token.0})))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Advance {
    advance_s: u64,
}

/// `POST /_sandbox/clock {"advance_s": N}`
pub(crate) async fn clock(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Body(body): Body<Advance>,
) -> Result<Json<Value>, Problem> {
    if !app.settings.sandbox || !is_local(&app, &headers) {
        return Err(sandbox_only());
    }
    if body.advance_s > ADVANCE_SECONDS_MAX {
        let detail = format!("advance_s: at most {ADVANCE_SECONDS_MAX} seconds in one step");
        return Err(Problem::new(ErrorCode::Invalid, detail));
    }
    let ahead_us = app.clock.advance(Duration::from_secs(body.advance_s)).ok_or_else(|| {
        Problem::new(ErrorCode::Invalid, "advance_s: the sandbox's clock goes at most ten years ahead")
    })?;
    if let Err(error) = tokio::fs::write(&app.settings.clock_file, ahead_us.to_string()).await {
        tracing::warn!(error = %Chain(&error), "the sandbox's clock will be the machine's again after a restart");
    }
    jobs::tidy(&app).await;
    app.webhooks.notify_one();
    Ok(Json(json!({"now": app.ctx.now().seconds()})))
}

/// `GET /demo/api/world`: who is there to talk to.
pub(crate) async fn world(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    if !app.settings.demo {
        return Err(Problem::not_found("the demo"));
    }
    Ok(Json(app.world.get().cloned().unwrap_or_else(|| json!({"people": [], "businesses": []}))))
}
