//! # The server
//!
//! Everything with a socket: the WebSocket gateway of people's devices, the Cloud-API-compatible surface, the
//! operator's and the businesses' consoles, registration, the webhook dispatcher, jobs, metrics, and the web app that
//! is embedded in the binary. Handlers extract, call one operation, map the answer; rules live in the domain crates.
//!
//! [`start`] wires it: database → bus → sockets of this process, and other processes' through NATS. Shutdown stops
//! accepting, says good-bye to every socket with a time to come back, lets transactions and webhook calls under way
//! end, and returns.

mod app;
mod assets;
mod attachments;
mod balances;
pub mod cloud_api;
mod deliveries;
mod documents;
pub mod egress;
mod flows;
mod gateway;
mod hub;
mod invoices;
mod jobs;
mod listeners;
pub mod mail;
mod manager;
mod metrics;
mod native;
mod operator;
pub mod payments;
mod plan_views;
mod problem;
mod relay;
mod repeat;
mod requests;
mod sandbox;
mod socket;
mod stickers;
pub mod stores;
pub mod webhooks;

pub use app::{App, DemoBusiness, Operator, ServerClock, Settings};
pub use gateway::{Gateway, GatewayError};
pub use sandbox::{Pause, SeedError, Wish};

use crate::cloud_api::CloudApi;
use crate::egress::{Egress, EgressPolicy};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::relay::Relay;
use crate::repeat::Requests;
use crate::sandbox::Sandbox;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use plaza_billing::plans::PlanSource;
use plaza_billing::{PriceSource, Prices};
use plaza_blobs::Blobs;
use plaza_bus::Bus;
use plaza_business::calls::CallError;
use plaza_business::management::ManageError;
use plaza_business::messages::SendError;
use plaza_business::{Business, SealingKey};
use plaza_db::{Db, DbError, ListSql, Sql};
use plaza_messaging::delivery::Delivery;
use plaza_protocol::limits::{BODY_BYTES_MAX, LARGE_BODIES_MAX};
use plaza_protocol::{Chain, Ctx, ErrorCode, Wake};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Transactions and calls under way get so long to end at shutdown.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The price book could not be imported.
    #[error("importing the price book")]
    Prices(#[from] plaza_billing::ImportError),
    /// The plans could not be imported.
    #[error("importing the plans")]
    Plans(#[from] plaza_billing::plans::PlanFileError),
    /// The TLS library could not start.
    #[error("making the client for webhooks")]
    Egress(#[from] reqwest::Error),
    /// The store of files cannot be opened.
    #[error("opening the store of files")]
    Blobs(#[from] plaza_blobs::BlobError),
    /// An entry of the configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Its state.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    served: JoinHandle<()>,
}

impl Running {
    /// Makes the businesses, templates and people of a seed, where they are not there yet.
    pub async fn plant(&self, seed: &str) -> Result<(), SeedError> {
        sandbox::plant(&self.app, seed).await
    }

    /// What a test asks for between this server and the next. Never, but for a sandbox.
    pub async fn wish(&self) -> Option<Wish> {
        self.app.sandbox.wish().await
    }

    /// Ends everything but the request that waits for what comes next, and lets the database go. Whoever connects
    /// meanwhile waits at the socket for the next server on it.
    pub async fn pause(self) {
        self.app.sandbox.sleep().await;
        self.app.shutdown.cancel();
        self.app.hub.shut_down();
        self.app.tracker.close();
        if tokio::time::timeout(DRAIN_WITHIN, self.app.tracker.wait()).await.is_err() {
            tracing::warn!("pausing although something is still under way");
        }
        self.app.db.close().await;
    }

    /// Ends it: no new connections, a good-bye to every socket, what is under way is finished.
    pub async fn shut_down(self) {
        self.app.shutdown.cancel();
        self.app.hub.shut_down();
        self.app.tracker.close();
        let drained = async {
            let _ = self.served.await;
            self.app.tracker.wait().await;
        };
        if tokio::time::timeout(DRAIN_WITHIN, drained).await.is_err() {
            tracing::warn!("shutting down although something is still under way");
        }
    }
}

/// Wires the parts and serves on `listener`.
pub async fn start(
    ctx: Ctx,
    clock: Arc<ServerClock>,
    db: Db,
    bus: Bus,
    settings: Settings,
    listener: TcpListener,
) -> Result<Running, StartError> {
    let address = listener.local_addr().map_err(|error| StartError::Config(error.to_string()))?;
    // Whoever starts a new version of the server takes its prices and plans in.
    let starting = ctx.operated_by(plaza_billing::audit::COMMAND_LINE);
    let import = async |ctx: &Ctx, tx: &mut _| {
        plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await
    };
    db.transact(&starting, "start.import_prices", import).await?;
    let import = async |ctx: &Ctx, tx: &mut _| {
        plaza_billing::plans::import_plans(ctx, tx, &PlanSource::reference()).await
    };
    db.transact(&starting, "start.import_plans", import).await?;
    let prices = Prices::default();
    let sealing = settings.sealing_key.0;
    let business = Business::new(SealingKey::new(sealing), prices.clone(), settings.sandbox);
    let business = business.reaching(settings.first_tier, settings.marketing);
    let business = business.calling(settings.connected_calls_per_day);
    let business = business.grouping(settings.groups_per_number);
    let business = Arc::new(business.limited_to(settings.messages_per_s));
    let egress = Arc::new(Egress::new(egress_policy(&settings)?, &settings.webhook_tls)?);
    let blobs = Blobs::open(&settings.blobs)?;
    let wake_webhooks = Arc::new(Notify::new());
    let lanes = if db.engine_name() == "SQLite" { 1 } else { 4 };
    let (relay, queues) = Relay::new(lanes);
    let hosted_by = settings.operator_name.clone();
    let cloud_api = |app: &Weak<App>| {
        let gateway = Arc::new(cloud_api_gateway(app.clone()));
        CloudApi::new(db.clone(), ctx.clone(), business.clone(), gateway, egress.clone(), blobs.clone())
    };
    let paid_through = payments::payments(&settings.payments, db.clone(), egress.clone());
    let sold_through = stores::stores(&settings.stores, db.clone(), &egress);
    let sandbox = Sandbox::new(settings.sandbox_folder.clone());
    let app = Arc::new_cyclic(|app| App {
        db: db.clone(),
        business: business.clone(),
        prices,
        gateway: Gateway::new(SealingKey::new(sealing), hosted_by),
        settings,
        ctx: ctx.clone(),
        clock,
        bus: bus.clone(),
        hub: Hub::default(),
        relay,
        delivery: Delivery::default(),
        metrics: Metrics::new(),
        webhooks: wake_webhooks.clone(),
        listeners: Notify::new(),
        cloud_api: cloud_api(app),
        egress: egress.clone(),
        payments: paid_through,
        stores: sold_through,
        blobs: blobs.clone(),
        large_bodies: Semaphore::new(LARGE_BODIES_MAX),
        world: OnceLock::new(),
        sandbox,
        requests: Requests::default(),
        demo_business: OnceLock::new(),
        tracker: TaskTracker::new(),
        shutdown: CancellationToken::new(),
    });
    let state = app.clone();
    let opens = db.read(&ctx, "start.check_key", async move |_, tx| state.gateway.check_key(tx).await).await;
    if !opens.map_err(|error| StartError::Config(Chain(&error).to_string()))? {
        tracing::error!(
            "the numbers of this database are hosted with another sealing key: give this server the same file"
        );
    }
    listen_to_wakes(&app, &bus, &db);
    for queue in queues {
        // Not tracked: a lane ends with its senders, after everything that could write to it.
        tokio::spawn(relay::run(app.clone(), queue));
    }
    let dispatcher = webhooks::Dispatcher::new(db, ctx, business, egress, wake_webhooks);
    app.tracker.spawn(dispatcher.run(app.shutdown.clone()));
    app.tracker.spawn(gateway::run(app.clone()));
    app.tracker.spawn(gateway::end_calls(app.clone()));
    app.tracker.spawn(jobs::run(app.clone()));
    app.tracker.spawn(payments::run(app.clone()));
    app.tracker.spawn(stores::run(app.clone()));
    app.tracker.spawn(mail::run(app.clone()));
    if bus.is_remote() || lanes > 1 {
        app.tracker.spawn(jobs::look(app.clone()));
    }
    let shutdown = app.shutdown.clone();
    // Small frames go out at once: held back until the other end has confirmed the last ones, they came up to 40 ms late.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = %Chain(&error), "a connection closed at once");
        }
    });
    let served =
        axum::serve(listener, router(app.clone()).into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(shutdown.cancelled_owned());
    let served = tokio::spawn(async move {
        if let Err(error) = served.await {
            tracing::error!(error = %Chain(&error), "the listener ended");
        }
    });
    if app.settings.sandbox {
        app.sandbox.wake(&app, address).await;
    }
    Ok(Running { app, address, served })
}

fn egress_policy(settings: &Settings) -> Result<EgressPolicy, StartError> {
    EgressPolicy::new(settings.sandbox, &settings.egress_allowed)
        .map_err(|error| StartError::Config(error.to_string()))
}

/// What a commit changed reaches those who wait for it: here at once, elsewhere over the bus.
fn listen_to_wakes(app: &Arc<App>, bus: &Bus, db: &Db) {
    let listener = Arc::downgrade(app);
    bus.on_wake(move |wake| {
        let Some(app) = listener.upgrade() else { return };
        match wake {
            Wake::Webhooks => {
                app.webhooks.notify_one();
                app.listeners.notify_waiters();
            }
            Wake::Mailbox { device, .. } if app.gateway.hosts(device) => app.gateway.mail.notify_one(),
            wake => app.hub.wake(wake),
        }
    });
    let publisher = bus.clone();
    db.on_commit(move |wakes| publisher.publish(wakes));
}

/// The gateway as the Cloud API surface sees it.
fn cloud_api_gateway(app: Weak<App>) -> cloud_api::Gateway {
    let (reader, opener, caller, grouper) = (app.clone(), app.clone(), app.clone(), app.clone());
    cloud_api::Gateway::new(
        move |ctx, tx, accepted| {
            let app = app.upgrade();
            Box::pin(async move {
                let app = app.ok_or(DbError::Closed)?;
                app.gateway.deliver_all(ctx, tx, &app.delivery, accepted).await.map_err(send_error)?;
                accepted.iter().for_each(|_| app.metrics.business_message());
                Ok(())
            })
        },
        move |ctx, tx, read| {
            let app = reader.upgrade();
            Box::pin(async move {
                let app = app.ok_or(DbError::Closed)?;
                app.gateway.mark_read(ctx, tx, read).await.map_err(send_error)
            })
        },
    )
    .calling(move |ctx, tx, signals| {
        let app = caller.upgrade();
        Box::pin(async move {
            let app = app.ok_or(DbError::Closed)?;
            app.gateway.signal(ctx, tx, &app.delivery, signals).await.map_err(|error| match error {
                GatewayError::NoDevice => CallError::Uncallable,
                other => match send_error(other) {
                    SendError::Db(error) => CallError::Db(error),
                    SendError::Messaging(error) => CallError::Messaging(error),
                    _ => CallError::Db(DbError::Commit("a call could not be signalled".to_owned())),
                },
            })
        })
    })
    .opening(move |ctx, tx, number| {
        let app = opener.upgrade();
        Box::pin(async move {
            let app = app.ok_or(DbError::Closed)?;
            let opened = app.gateway.open(ctx, tx, &number.number, &number.verified_name).await;
            opened.map_err(|error| manage_error(error, "the account of a number could not be opened"))
        })
    })
    .grouping(move |ctx, tx, work| {
        let app = grouper.upgrade();
        Box::pin(async move {
            let app = app.ok_or(DbError::Closed)?;
            let done = app.gateway.work_for_group(ctx, tx, &app.delivery, work).await;
            done.map_err(|error| manage_error(error, "the hosted device of a group could not follow"))
        })
    })
}

fn manage_error(error: GatewayError, what: &str) -> ManageError {
    match error {
        GatewayError::Db(error) => ManageError::Db(error),
        GatewayError::Messaging(error) => ManageError::Messaging(error),
        other => {
            tracing::error!(error = %Chain(&other), "{what}");
            ManageError::Db(DbError::Commit(what.to_owned()))
        }
    }
}

fn send_error(error: GatewayError) -> SendError {
    match error {
        GatewayError::NoDevice => SendError::Undeliverable,
        GatewayError::Db(error) => SendError::Db(error),
        GatewayError::Messaging(error) => error.into(),
        other => {
            tracing::error!(error = %Chain(&other), "a hosted device could not send");
            SendError::Db(DbError::Commit("the hosted device could not send".to_owned()))
        }
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .route("/v1/connect", any(socket::connect))
        .route("/v1/registrations", post(native::start))
        .route("/v1/registrations/{registration_id}/verify", post(native::verify))
        .route("/v1/devices", post(native::register_device))
        .merge(stores::router())
        .merge(stickers::router())
        .route("/v1/blobs/{blob_id}", get(attachments::get).put(attachments::put))
        .route("/v1/flows/{message_id}", get(flows::document).post(flows::ask))
        .route("/v1/flows/{message_id}/media", post(flows::share))
        .route("/v1/flow-media/{blob_id}/{key}", get(flows::shared))
        .route("/v1/flow-assets/{flow_id}/{key}", get(flows::asset))
        .nest("/_sandbox", sandbox::router())
        .route("/demo/api/world", get(sandbox::world))
        .route("/message/{code}", get(follow))
        .route("/b/{name}", get(landing_page))
        .route("/picture/{phone_number_id}", get(picture))
        .route("/group-picture/{picture_id}", get(group_picture))
        .route("/_payments/stripe/webhook", post(payments::stripe_webhook))
        .nest("/operator/api", operator::router(app.clone()))
        .nest("/manager/api", manager::router(app.clone()))
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(app.clone(), count))
        .with_state(app)
}

async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    app.metrics.request();
    if !app.settings.repeats {
        return next.run(request).await;
    }
    let address = (request.method().clone(), request.uri().clone());
    app.requests.answer(&app.ctx, &address, next.run(request)).await
}

/// What is not one of Plaza's own addresses is the Cloud API's, or a page.
async fn elsewhere(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path();
    if cloud_api::claims(path) {
        if let Some(refused) = sandbox::refusal(&app, &request) {
            return refused;
        }
        return cloud_api::handle(State(app.cloud_api.clone()), request).await;
    }
    let is_api = ["/v1/", "/operator/api/", "/manager/api/", "/_sandbox/", "/_payments/", "/demo/api/"]
        .iter()
        .any(|api| path.starts_with(api));
    let wants_page = matches!(*request.method(), axum::http::Method::GET | axum::http::Method::HEAD);
    if is_api || !wants_page {
        return Problem::not_found("this address").into_response();
    }
    assets::serve(request.uri().clone(), app.settings.payments.card_page_policy().as_deref()).await
}

/// `GET /message/{code}`: where a QR code leads, and its picture.
async fn follow(State(app): State<Arc<App>>, Path(code): Path<String>, headers: HeaderMap) -> Response {
    cloud_api::follow(&app.cloud_api, &code, &cloud_api::origin_of(&headers)).await
}

/// `GET /b/{username or number}`: the public page of a business.
async fn landing_page(State(app): State<Arc<App>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    cloud_api::landing_page(&app.cloud_api, &name, &cloud_api::origin_of(&headers)).await
}

/// `GET /picture/{phone-number-id}`: the picture of a business's profile.
async fn picture(State(app): State<Arc<App>>, Path(phone): Path<String>) -> Response {
    cloud_api::picture(&app.cloud_api, &phone).await
}

/// `GET /group-picture/{picture-id}`: the picture of a group.
async fn group_picture(State(app): State<Arc<App>>, Path(picture): Path<String>) -> Response {
    cloud_api::group_picture(&app.cloud_api, &picture).await
}

/// Whether requests can be served: the database answers and takes writes.
async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ready": false, "why": "shutting down"})))
            .into_response();
    }
    match app.db.ready(&app.ctx).await {
        Ok(()) => Json(json!({"ready": true})).into_response(),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "not ready");
            let why =
                if error.is_full() { "the database takes no writes" } else { "the database does not answer" };
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ready": false, "why": why}))).into_response()
        }
    }
}

async fn metrics_text(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

/// All SQL of this crate.
pub fn statements() -> Vec<Sql> {
    [gateway::statements(), app::STATEMENTS.to_vec()].concat()
}

/// All list statements of this crate.
pub fn list_statements() -> Vec<ListSql> {
    jobs::LISTS.to_vec()
}

/// An address that exists, but not in this mode.
fn sandbox_only() -> Problem {
    Problem::new(ErrorCode::NotFound, "this address exists with --sandbox only")
}

/// Runs a router's answer without a socket, for tests of surfaces.
pub async fn answer(app: &Arc<App>, request: Request) -> Response {
    router(app.clone()).oneshot(request).await.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_db::Dialect;

    #[tokio::test]
    async fn both_engines_understand_every_statement() {
        plaza_db::testing::prepare_all(&statements()).await;
        let lists: Vec<Sql> =
            list_statements().iter().map(|list| list.sample(Dialect::Sqlite, 0, 1)).collect();
        plaza_db::testing::prepare_all(&lists).await;
    }
}
