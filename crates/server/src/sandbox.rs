//! # The sandbox
//!
//! What only the sandbox and the demo have, for whoever sits at this machine: the operator's session without a sign-in,
//! a clock that can be moved, people that a test drives by HTTP ([`people`]), errors by rule ([`rules`]), the state
//! kept and taken again ([`snapshots`]), and the list of the demo's people. `docs/testing-your-bot.md` tells how a test
//! uses them.

mod people;
mod rules;
mod seed;
mod snapshots;

pub use seed::SeedError;
pub(crate) use seed::plant;
pub use snapshots::{Pause, Wish};

use crate::app::App;
use crate::cloud_api;
use crate::problem::{Body, Problem};
use crate::{jobs, sandbox_only, stores};
use axum::extract::{ConnectInfo, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use people::{DoCall, NewPerson, People, Say, Wanted};
use plaza_protocol::{Chain, ErrorCode};
use rules::{NewRule, Rules};
use serde::Deserialize;
use serde_json::{Value, json};
use snapshots::{Named, Wishes};
use std::net::SocketAddr;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The clock moves at most so far in one step.
const ADVANCE_SECONDS_MAX: u64 = 400 * 24 * 3600;

/// Whether a request was addressed to this machine, and by no page of elsewhere: a foreign page cannot reach the
/// sandbox by a name that it points here.
fn is_local(app: &App, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    (is_loopback || name.eq_ignore_ascii_case("localhost")) && app.is_origin_allowed(headers)
}

/// What the sandbox knows of itself.
#[derive(Debug)]
pub(crate) struct Sandbox {
    rules: Rules,
    people: Arc<People>,
    wishes: Wishes,
}

impl Sandbox {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { rules: Rules::default(), people: Arc::new(People::new(folder)), wishes: Wishes::default() }
    }

    /// The server listens.
    pub(crate) async fn wake(&self, app: &App, address: SocketAddr) {
        self.people.wake(&app.ctx, format!("http://{address}")).await;
    }

    /// The server is about to pause.
    pub(crate) async fn sleep(&self) {
        self.people.sleep().await;
    }

    /// What a snapshot or a restore asks of whoever runs the server.
    pub(crate) async fn wish(&self) -> Option<Wish> {
        self.wishes.next().await
    }
}

/// The answer of a rule to a request for the Cloud API, if one speaks of it.
pub(crate) fn refusal(app: &App, request: &Request) -> Option<Response> {
    if !app.settings.sandbox {
        return None;
    }
    let target = cloud_api::target(request.uri().path());
    let refusal = app.sandbox.rules.take(request.method(), &target.segments())?;
    Some(cloud_api::refuse(&app.ctx, &target, refusal.code, &refusal.details))
}

/// Whoever asks sits at this machine, and the server is a sandbox.
pub(crate) struct AtThisMachine;

impl FromRequestParts<Arc<App>> for AtThisMachine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if app.settings.sandbox && is_local(app, &parts.headers) { Ok(Self) } else { Err(sandbox_only()) }
    }
}

/// The same, and the connection itself comes from this machine: for what hands out tokens.
struct OverLoopback;

impl FromRequestParts<Arc<App>> for OverLoopback {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        AtThisMachine::from_request_parts(parts, app).await?;
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let is_loopback = from.is_some_and(|from| from.0.ip().to_canonical().is_loopback());
        if is_loopback { Ok(Self) } else { Err(sandbox_only()) }
    }
}

/// The addresses of the sandbox.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/session", get(session))
        .route("/business", get(business))
        .route("/clock", post(clock))
        .route("/people", get(list_people).post(add_person))
        .route("/people/{number}/messages", post(say))
        .route("/people/{number}/calls", post(call))
        .route("/messages", get(messages))
        .route("/world", get(own_world))
        .route("/rules", get(list_rules).post(add_rule).delete(clear_rules))
        .route("/snapshot", post(keep))
        .route("/restore", post(take))
}

/// `GET /_sandbox/session`: the operator's token, for whoever sits at this machine.
async fn session(State(app): State<Arc<App>>, _: OverLoopback) -> Json<Value> {
    Json(json!({"operator_token": app.settings.operator_token.0}))
}

/// `GET /_sandbox/business`: a token of the demo's business, for whoever sits at this machine.
async fn business(State(app): State<Arc<App>>, _: OverLoopback) -> Result<Json<Value>, Problem> {
    let business = app.demo_business.get().ok_or_else(|| Problem::not_found("the demo's business"))?;
    Ok(Json(json!({"name": business.name, "access_token": business.access_token.0})))
}

#[derive(Debug, Deserialize)]
struct Advance {
    advance_s: u64,
}

/// `POST /_sandbox/clock {"advance_s": N}`
async fn clock(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    Body(body): Body<Advance>,
) -> Result<Json<Value>, Problem> {
    if body.advance_s > ADVANCE_SECONDS_MAX {
        let detail = format!("advance_s: at most {ADVANCE_SECONDS_MAX} seconds in one step");
        return Err(Problem::new(ErrorCode::Invalid, detail));
    }
    let ahead_us = app.clock.advance(Duration::from_secs(body.advance_s)).ok_or_else(|| {
        Problem::new(ErrorCode::Invalid, "advance_s: the sandbox's clock goes at most ten years ahead")
    })?;
    if let Err(error) = write_whole(&app.settings.clock_file, &ahead_us.to_string()).await {
        tracing::warn!(error = %Chain(&error), "the sandbox's clock will be the machine's again after a restart");
    }
    stores::round(&app).await;
    jobs::tidy(&app).await;
    app.webhooks.notify_one();
    app.listeners.notify_waiters();
    Ok(Json(json!({"now": app.ctx.now().seconds()})))
}

/// Writes a file beside its place and moves it there: whoever is killed meanwhile leaves the old one, never half a one.
async fn write_whole(path: &FilePath, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    tokio::fs::write(&beside, text).await?;
    tokio::fs::rename(&beside, path).await
}

/// `POST /_sandbox/people {"name": "Ana"}`
async fn add_person(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    Body(new): Body<NewPerson>,
) -> Result<Json<Value>, Problem> {
    app.sandbox.people.add(&app.ctx, new).await.map(Json)
}

/// `POST /_sandbox/people/{number}/calls {"to": "+49…", "do": "start", "sdp": "v=0…"}`
async fn call(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    Path(number): Path<String>,
    Body(asked): Body<DoCall>,
) -> Result<Json<Value>, Problem> {
    app.sandbox.people.call(&number, asked).await.map(Json)
}

/// `GET /_sandbox/people`
async fn list_people(State(app): State<Arc<App>>, _: AtThisMachine) -> Json<Value> {
    Json(json!({"data": app.sandbox.people.list().await}))
}

/// `POST /_sandbox/people/{number}/messages {"to": "+49…", "text": "Hello"}`
async fn say(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    _: AtThisMachine,
    Body(what): Body<Say>,
) -> Result<Json<Value>, Problem> {
    app.sandbox.people.say(&number, what).await.map(Json)
}

/// `GET /_sandbox/messages?to=&from=&after=&count=&timeout_s=`
async fn messages(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(wanted) = wanted.map_err(|error| Problem::new(ErrorCode::Invalid, error.body_text()))?;
    app.sandbox.people.heard(&wanted).await.map(Json)
}

/// `GET /_sandbox/world`: the businesses of the seed with their keys, and the people.
async fn own_world(State(app): State<Arc<App>>, _: AtThisMachine) -> Json<Value> {
    Json(json!({"businesses": seed::businesses(&app).await, "people": app.sandbox.people.list().await}))
}

/// `POST /_sandbox/rules {"path": "*/messages", "code": 130429, "times": 2}`
async fn add_rule(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    Body(new): Body<NewRule>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(json!(app.sandbox.rules.add(new)?)))
}

/// `GET /_sandbox/rules`
async fn list_rules(State(app): State<Arc<App>>, _: AtThisMachine) -> Json<Value> {
    Json(json!({"data": app.sandbox.rules.list()}))
}

/// `DELETE /_sandbox/rules`
async fn clear_rules(State(app): State<Arc<App>>, _: AtThisMachine) -> Json<Value> {
    app.sandbox.rules.clear();
    Json(json!({"success": true}))
}

/// `POST /_sandbox/snapshot {"name": "clean"}`
async fn keep(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    Body(named): Body<Named>,
) -> Result<Json<Value>, Problem> {
    pause(&app, Pause::Keep(named.checked()?)).await
}

/// `POST /_sandbox/restore {"name": "clean"}`
async fn take(
    State(app): State<Arc<App>>,
    _: AtThisMachine,
    Body(named): Body<Named>,
) -> Result<Json<Value>, Problem> {
    pause(&app, Pause::Take(named.checked()?)).await
}

async fn pause(app: &App, pause: Pause) -> Result<Json<Value>, Problem> {
    if !app.settings.has_snapshots {
        let what = "snapshots are for a sandbox with the embedded database, files in its folder, and no demo";
        return Err(Problem::new(ErrorCode::Invalid, what));
    }
    app.sandbox.wishes.ask(pause).await?;
    Ok(Json(json!({"success": true})))
}

/// `GET /demo/api/world`: who is there to talk to.
pub(crate) async fn world(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    if !app.settings.demo {
        return Err(Problem::not_found("the demo"));
    }
    Ok(Json(app.world.get().cloned().unwrap_or_else(|| json!({"people": [], "businesses": []}))))
}
