//! # The Cloud API
//!
//! The surface that business SDKs call, with the addresses, members and error codes of the WhatsApp Cloud API. An SDK
//! works unchanged but for its base URL.
//!
//! Every object is a node at `/{version}/{id}`, and what belongs to it an edge below. What may be asked of which kind
//! of node stands in one table ([`operations`]), by which requests are routed. Any version is accepted, or none, and a
//! slash at the end. Parameters come by query, JSON, form or multipart, in any mixture ([`params`]). Errors have
//! Graph's shape ([`errors`]).
//!
//! Handlers read parameters, call one operation of `plaza-business`, and write the answer. Rules about messages and
//! templates are not here.

mod analytics;
mod answer;
mod auth;
mod blocks;
mod businesses;
mod calls;
mod catalogs;
mod collections;
mod errors;
mod flows;
mod groups;
mod landing;
mod list;
mod media;
mod messages;
mod operations;
mod params;
mod path;
mod phone_numbers;
mod pictures;
mod preverified;
pub(crate) mod quota;
mod sends;
mod settings;
mod solutions;
mod subscriptions;
mod templates;
mod tokens;
mod uploads;
mod users;
mod wabas;

pub use groups::group_picture;
pub use landing::landing_page;
pub(crate) use list::origin_of;
pub use messages::{Calling, Gateway, Grouping, Opening, Work};
pub use operations::reference;
pub use path::claims;
pub use pictures::{follow, picture};

use crate::egress::Egress;
use crate::repeat::of_this_request;
use answer::Answer;
use auth::TokenCache;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use errors::GraphError;
use operations::{Needs, On, Operation};
use params::Params;
use path::Target;
use plaza_blobs::Blobs;
use plaza_business::apps::{AuthenticateError, Token};
use plaza_business::management::{ManageError, Tried};
use plaza_business::portfolios::{self, LookupError, Node, NodeKind};
use plaza_business::{Business, partners};
use plaza_db::{Db, Tx};
use plaza_protocol::limits::{BODY_BYTES_MAX, LARGE_BODIES_MAX};
use plaza_protocol::{
    Actor, AppId, Ctx, FlowId, GroupId, MediaId, PhoneNumberId, PortfolioId, TemplateId, WabaId,
};
use quota::{Quota, Usage};
use sends::Sends;
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
    quota: Arc<Quota>,
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
        let (tokens, nodes, quota) = (Arc::default(), Arc::default(), Arc::default());
        let large_bodies = Arc::new(Semaphore::new(LARGE_BODIES_MAX));
        let sends = Sends::new(db.clone(), business.clone(), gateway.clone());
        Self { db, ctx, business, gateway, sends, egress, blobs, large_bodies, tokens, nodes, quota }
    }

    /// What an id names, if the token's portfolio may know of it.
    async fn node(&self, ctx: &Ctx, id: &str, portfolio: PortfolioId) -> Result<Option<Node>, GraphError> {
        let of = |kind| Node { kind, portfolio, waba: None };
        if path::is_upload(id) {
            return Ok(Some(of(NodeKind::UploadSession)));
        }
        // Whose message it is, the operation asks.
        if plaza_business::history::message_of(id).is_some() {
            return Ok(Some(of(NodeKind::MessageHistory)));
        }
        let is_group = path::is_group(id);
        let Some(id) = path::number(id) else { return Ok(None) };
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
        if is_group && node.kind != NodeKind::Group {
            return Ok(None);
        }
        let is_known = node.portfolio == portfolio
            || node.kind.is_shared()
                && self
                    .db
                    .read(ctx, "cloud_api.may_know", async move |ctx: &Ctx, tx: &mut Tx| {
                        partners::may_know(ctx, tx, node.kind, id).await
                    })
                    .await?;
        Ok(is_known.then_some(node))
    }

    /// Whose token this is: for the other surface that businesses sign in to.
    pub(crate) async fn token(&self, ctx: &Ctx, given: String) -> Result<Token, AuthenticateError> {
        auth::look_up(self, ctx, given).await
    }

    /// A token was taken back: this process forgets it at once, others within seconds.
    pub(crate) fn forget_token(&self, fingerprint: &[u8; 32]) {
        self.tokens.forget(fingerprint);
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

/// One request, on its way to the handler of its operation.
#[derive(Debug)]
struct Call {
    app: CloudApi,
    ctx: Ctx,
    /// Of an operation that needs none: nobody's.
    token: Token,
    params: Params,
    headers: HeaderMap,
    /// The path as it was asked for, for links to the next page.
    path: String,
    operation: &'static Operation,
    /// The id of the node, as it was written; empty where there is none.
    id: String,
    /// The words of the path in place of the edge's arguments.
    arguments: Vec<String>,
    /// Where the handler reads it itself; else it has become parameters.
    body: Mutex<Option<Body>>,
}

impl Call {
    /// Runs one operation that reads.
    async fn read<T, E, F>(&self, name: &'static str, work: F) -> Result<T, GraphError>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<plaza_db::DbError> + Into<GraphError> + Send + 'static,
    {
        self.app.db.read(&self.ctx, name, work).await.map_err(Into::into)
    }

    /// Runs one operation that writes.
    async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, GraphError>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<plaza_db::DbError> + Into<GraphError> + Send + 'static,
    {
        self.app.db.transact(&self.ctx, name, work).await.map_err(Into::into)
    }

    /// Runs one operation that counts how often it was tried, also when it refuses.
    async fn try_write<T, F>(&self, name: &'static str, work: F) -> Result<T, GraphError>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Tried<T> + Send + 'static,
        T: Send + 'static,
    {
        let tried: Result<T, ManageError> = self.app.db.transact(&self.ctx, name, work).await?;
        Ok(tried?)
    }

    /// The id of the node as a number. Router and table have seen to it that there is one.
    fn node(&self) -> i64 {
        path::number(&self.id).unwrap_or_default()
    }

    fn phone(&self) -> PhoneNumberId {
        PhoneNumberId(self.node())
    }

    fn waba(&self) -> WabaId {
        WabaId(self.node())
    }

    fn app_id(&self) -> AppId {
        AppId(self.node())
    }

    fn media(&self) -> MediaId {
        MediaId(self.node())
    }

    fn flow(&self) -> FlowId {
        FlowId(self.node())
    }

    fn group(&self) -> GroupId {
        GroupId(self.node())
    }

    fn template(&self) -> TemplateId {
        TemplateId(self.node())
    }

    /// The word of the path in place of the edge's first argument, second, and so on.
    fn argument(&self, place: usize) -> &str {
        self.arguments.get(place).map_or("", String::as_str)
    }

    /// The body, once.
    fn take_body(&self) -> Body {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

/// What an address names, without its version.
pub(crate) fn target(path: &str) -> Target {
    Target::of(path)
}

/// The answer to a request that a rule of the sandbox refuses.
pub(crate) fn refuse(
    ctx: &Ctx,
    target: &Target,
    code: plaza_business::codes::Code,
    details: &str,
) -> Response {
    let ctx = of_this_request(ctx).for_request(Actor::Anonymous);
    let version = target.version.clone().unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let trace = trace(&ctx);
    respond(GraphError::new(code).details(details).answer(&ctx, &trace), &version, &trace)
}

/// Answers a request whose path [`claims`] says is of this surface.
pub async fn handle(State(app): State<CloudApi>, request: Request) -> Response {
    let ctx = of_this_request(&app.ctx).for_request(Actor::Anonymous);
    let target = Target::of(request.uri().path());
    let version = target.version.clone().unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let mut usage = Usage::default();
    let outcome = answer(app, &ctx, &target, request, &mut usage).await;
    let trace = trace(&ctx);
    let answer = outcome.unwrap_or_else(|error| error.answer(&ctx, &trace));
    respond(answer.with_usage(&usage), &version, &trace)
}

async fn answer(
    app: CloudApi,
    ctx: &Ctx,
    target: &Target,
    request: Request,
    usage: &mut Usage,
) -> Result<Answer, GraphError> {
    let (parts, body) = request.into_parts();
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let segments = target.segments();
    let is_streamed = operations::is_streamed(&method, &segments);
    let (body, rest) = if is_streamed { (Body::empty(), Some(body)) } else { (body, None) };
    let mut params = Params::read(&parts, body, BODY_BYTES_MAX).await?;
    // Graph lets a query or form name the method, for clients that can only post.
    let method = if method == Method::POST { params.take_method().unwrap_or(method) } else { method };
    let root = operations::find(On::Root, &method, &segments);
    let token = match &root {
        Some((operation, _)) if operation.needs == Needs::Nothing => auth::nobody(ctx),
        _ => auth::authenticate(&app, ctx, &parts.headers, &mut params).await?,
    };
    let ctx = match token.kind {
        plaza_business::apps::TokenKind::Nobody => ctx.clone(),
        _ => ctx.acting_as(Actor::App { app: token.app, portfolio: token.portfolio }),
    };
    let (id, node, (operation, arguments)) = match root {
        Some(found) => (String::new(), None, found),
        None => at_node(&app, &ctx, &method, &segments, token.portfolio).await?,
    };
    if let Needs::Scope(scope) = operation.needs
        && !token.allows(scope)
    {
        return Err(GraphError::permission(scope));
    }
    if let Some(node) = node {
        auth::check_reach(&token, &method, node.kind)?;
        auth::check_target(&token, node.waba)?;
    }
    match quota::count(&app, &ctx, operation, &token, node).await {
        Ok(counted) => *usage = counted,
        Err((error, counted)) => {
            *usage = counted;
            return Err(error);
        }
    }
    let path = parts.uri.path().to_owned();
    let headers = parts.headers;
    let shown = id.clone();
    let call =
        Call { app, ctx, token, params, headers, path, operation, id, arguments, body: Mutex::new(rest) };
    (operation.run)(call).await.map_err(|error| error.about(&method, &shown))
}

/// The operation at a node, if the node may be known of.
async fn at_node(
    app: &CloudApi,
    ctx: &Ctx,
    method: &Method,
    segments: &[&str],
    portfolio: PortfolioId,
) -> Result<(String, Option<Node>, operations::Found), GraphError> {
    let Some((id, words)) = segments.split_first() else { return Err(GraphError::unknown_path(method)) };
    if operations::is_root(id) {
        return Err(GraphError::unknown_path(method));
    }
    let unknown = || GraphError::unknown_object(method, id);
    let node = app.node(ctx, id, portfolio).await?.ok_or_else(unknown)?;
    let found = operations::find(On::Node(node.kind), method, words);
    let found = found.ok_or_else(|| match words {
        [] => unknown(),
        words => GraphError::unknown_edge(method, &words.join("/")),
    })?;
    Ok(((*id).to_owned(), Some(node), found))
}

/// What support asks for: the request's id, in the form of Graph's trace ids.
fn trace(ctx: &Ctx) -> String {
    format!("A{}", URL_SAFE_NO_PAD.encode(ctx.request().as_bytes()))
}

fn respond(answer: Answer, version: &str, trace: &str) -> Response {
    let mut response = answer.into_response();
    let status = response.status();
    let headers = response.headers_mut();
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
