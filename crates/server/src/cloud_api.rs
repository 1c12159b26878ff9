//! # The Cloud API
//!
//! The surface that business SDKs call, with the addresses, members and error codes of the WhatsApp Cloud API. An SDK
//! works unchanged but for its base URL.
//!
//! Every object is a node at `/{version}/{id}`, and what belongs to it an edge below: one router tells phone numbers,
//! accounts, apps and templates apart by their id. Any version is accepted, or none, and a slash at the end. Parameters
//! come by query, JSON, form or multipart, in any mixture ([`params`]). Errors have Graph's shape ([`errors`]).
//!
//! Handlers read parameters, call one operation of `plaza-business`, and write the answer. Rules about messages and
//! templates are not here.

mod auth;
mod errors;
mod list;
mod media;
mod messages;
mod params;
mod path;
mod phone_numbers;
mod sends;
mod subscriptions;
mod templates;
mod tokens;
mod wabas;

pub use messages::{Gateway, Work};
pub use path::claims;

use crate::egress::Egress;
use auth::TokenCache;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use errors::GraphError;
use params::Params;
use path::Target;
use plaza_blobs::Blobs;
use plaza_business::Business;
use plaza_business::apps::{Scope, Token};
use plaza_business::portfolios::{self, LookupError, Node, NodeKind};
use plaza_db::Db;
use plaza_protocol::limits::{BODY_BYTES_MAX, LARGE_BODIES_MAX};
use plaza_protocol::{Actor, AppId, Ctx, MediaId, PhoneNumberId, PortfolioId, TemplateId, WabaId};
use sends::Sends;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The version that is named in answers to requests without one.
const DEFAULT_VERSION: &str = "v23.0";
/// Nodes that are remembered: their kind and owner never change.
const NODES_REMEMBERED_MAX: usize = 100_000;

/// What the surface works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CloudApi {
    db: Db,
    ctx: Ctx,
    business: Arc<Business>,
    gateway: Arc<Gateway>,
    sends: Sends,
    egress: Arc<Egress>,
    blobs: Blobs,
    /// Bodies with files that are read at a time.
    large_bodies: Arc<Semaphore>,
    tokens: Arc<TokenCache>,
    nodes: Arc<Mutex<HashMap<i64, Node>>>,
}

impl CloudApi {
    /// `ctx` gives each request its clock and ids, `gateway` puts messages into conversations, `egress` asks callbacks.
    /// Inside a runtime: the sends have a task.
    pub fn new(
        db: Db,
        ctx: Ctx,
        business: Arc<Business>,
        gateway: Arc<Gateway>,
        egress: Arc<Egress>,
        blobs: Blobs,
    ) -> Self {
        let (tokens, nodes) = (Arc::default(), Arc::default());
        let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES_MAX));
        let sends = Sends::new(db.clone(), business.clone(), gateway.clone());
        Self { db, ctx, business, gateway, sends, egress, blobs, large_bodies, tokens, nodes }
    }

    /// What an id names, if the token's portfolio may know of it.
    async fn node(&self, ctx: &Ctx, id: i64, portfolio: PortfolioId) -> Result<Option<NodeKind>, GraphError> {
        let remembered = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        let node = match remembered {
            Some(node) => node,
            None => {
                let system = ctx.acting_as(Actor::System);
                let found = self.db.read(&system, "cloud_api.node", async move |ctx, tx| {
                    portfolios::node(ctx, tx, id).await
                });
                match found.await {
                    Ok(node) => self.remember(id, node),
                    Err(LookupError::NotFound) => return Ok(None),
                    Err(LookupError::Db(error)) => return Err(error.into()),
                }
            }
        };
        Ok((node.portfolio == portfolio).then_some(node.kind))
    }

    /// A node is gone.
    fn forget(&self, id: i64) {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn remember(&self, id: i64, node: Node) -> Node {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if nodes.len() >= NODES_REMEMBERED_MAX {
            nodes.clear();
        }
        nodes.insert(id, node);
        node
    }
}

/// One authenticated request to a node.
#[derive(Debug)]
struct Call {
    app: CloudApi,
    ctx: Ctx,
    token: Token,
    params: Params,
    headers: HeaderMap,
    /// The path as it was asked for, for links to the next page.
    path: String,
}

impl Call {
    fn require(&self, scope: Scope) -> Result<(), GraphError> {
        if self.token.allows(scope) { Ok(()) } else { Err(GraphError::permission(scope)) }
    }
}

/// Answers a request whose path [`claims`] says is of this surface.
pub async fn handle(State(app): State<CloudApi>, request: Request) -> Response {
    let ctx = app.ctx.for_request(Actor::Anonymous);
    let target = Target::of(request.uri().path());
    if media::is_download(&target) {
        return media::download(&app, &ctx, request).await;
    }
    let version = target.version.clone().unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let outcome = answer(app, &ctx, target, request).await;
    let trace = trace(&ctx);
    let (status, body) = match outcome {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => error.answer(&ctx, &trace),
    };
    respond(status, &body, &version, &trace)
}

async fn answer(app: CloudApi, ctx: &Ctx, target: Target, request: Request) -> Result<Value, GraphError> {
    let (parts, body) = request.into_parts();
    let bytes_max = target.body_bytes_max();
    let large =
        if bytes_max > BODY_BYTES_MAX { app.large_bodies.clone().acquire_owned().await.ok() } else { None };
    let mut params = Params::read(&parts, body, bytes_max).await?;
    let method = match parts.method {
        Method::HEAD => Method::GET,
        // Graph lets a query or form name the method, for clients that can only post.
        Method::POST => params.take_method().unwrap_or(Method::POST),
        other => other,
    };
    if let [name] | [name, "access_token"] = target.segments().as_slice()
        && *name == "oauth"
    {
        return tokens::exchange(&app, ctx, &params).await;
    }
    let token = auth::authenticate(&app, ctx, &parts.headers, &mut params).await?;
    let ctx = ctx.acting_as(Actor::App { app: token.app, portfolio: token.portfolio });
    let path = parts.uri.path().to_owned();
    let call = Call { app, ctx, token, params, headers: parts.headers, path };
    match target.segments().as_slice() {
        ["debug_token"] => tokens::debug(&call).await,
        [id] => route(call, &method, id, None).await,
        [id, edge] => {
            let answer = route(call, &method, id, Some(edge)).await;
            drop(large);
            answer
        }
        _ => Err(GraphError::unknown_path(&method)),
    }
}

/// The whole surface on one screen.
async fn route(call: Call, method: &Method, id: &str, edge: Option<&str>) -> Result<Value, GraphError> {
    let unknown = || GraphError::unknown_object(method, id);
    let number: i64 = id.parse::<PortfolioId>().map_err(|_| unknown())?.0;
    let kind = call.app.node(&call.ctx, number, call.token.portfolio).await?.ok_or_else(unknown)?;
    let (phone, waba, app) = (PhoneNumberId(number), WabaId(number), AppId(number));
    match (kind, method.as_str(), edge) {
        (NodeKind::PhoneNumber, "POST", Some("messages")) => messages::post(call, phone).await,
        (NodeKind::PhoneNumber, "POST", Some("media")) => media::upload(call, phone).await,
        (NodeKind::Media, "GET", None) => media::get(call, MediaId(number)).await,
        (NodeKind::Media, "DELETE", None) => media::delete(call, MediaId(number)).await,
        (NodeKind::PhoneNumber, "GET", None) => phone_numbers::get(call, phone).await,
        (NodeKind::PhoneNumber, "POST", None) => phone_numbers::configure(call, phone).await,
        (NodeKind::PhoneNumber, "POST", Some("register")) => phone_numbers::register(call, phone, true).await,
        (NodeKind::PhoneNumber, "POST", Some("deregister")) => {
            phone_numbers::register(call, phone, false).await
        }
        (NodeKind::Waba, "GET", None) => wabas::get(call, waba).await,
        (NodeKind::Waba, "GET", Some("phone_numbers")) => phone_numbers::list(call, waba).await,
        (NodeKind::Waba, "GET", Some("message_templates")) => templates::list(call, waba).await,
        (NodeKind::Waba, "POST", Some("message_templates")) => templates::create(call, waba).await,
        (NodeKind::Waba, "DELETE", Some("message_templates")) => templates::delete(call, waba).await,
        (NodeKind::Waba, "GET", Some("subscribed_apps")) => subscriptions::waba_list(call, waba).await,
        (NodeKind::Waba, "POST", Some("subscribed_apps")) => subscriptions::waba_subscribe(call, waba).await,
        (NodeKind::Waba, "DELETE", Some("subscribed_apps")) => {
            subscriptions::waba_unsubscribe(call, waba).await
        }
        (NodeKind::Template, "GET", None) => templates::get(call, TemplateId(number)).await,
        (NodeKind::App, "GET", Some("subscriptions")) => subscriptions::app_list(call, app).await,
        (NodeKind::App, "POST", Some("subscriptions")) => subscriptions::app_subscribe(call, app).await,
        (NodeKind::App, "DELETE", Some("subscriptions")) => subscriptions::app_unsubscribe(call, app).await,
        (_, _, Some(edge)) => Err(GraphError::unknown_edge(method, edge)),
        (_, _, None) => Err(unknown()),
    }
}

/// What support asks for: the request's id, in the form of Graph's trace ids.
fn trace(ctx: &Ctx) -> String {
    format!("A{}", URL_SAFE_NO_PAD.encode(ctx.request().as_bytes()))
}

fn respond(status: StatusCode, body: &Value, version: &str, trace: &str) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
    for (name, value) in
        [("facebook-api-version", version), ("x-fb-trace-id", trace), ("x-fb-request-id", trace)]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("OAuth \"Facebook Platform\""));
    }
    response
}

#[cfg(test)]
mod tests;
