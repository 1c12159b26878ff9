//! # Forms that are being filled in
//!
//! A person's device has a message with a form and asks: for the document, where the message does not carry it, and for
//! what the business's endpoint says to what the person did. The endpoint is called here, through the guarded client,
//! encrypted and signed; the device sees what it answered, and nothing of how.
//!
//! `GET /v1/flows/{message_id}` is the document, `POST` asks the endpoint. Each call leaves a row of how it went.
//!
//! A photo or document of a form is encrypted by the device for the endpoint, under a key that goes along with what the
//! endpoint is asked, and uploaded as a blob. `POST /v1/flows/{message_id}/media` makes an address of it that the
//! endpoint can fetch without a token, as it fetches files of Meta's.

use crate::app::App;
use crate::attachments::{device, fetch};
use crate::cloud_api::origin_of;
use crate::egress::{Egress, EgressError};
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use plaza_business::flows::calls::{self, CallOutcome, FlowCall};
use plaza_business::flows::exchange::{
    self, ANSWER_BYTES_MAX, EXCHANGE_TIMEOUT, Endpoint, ExchangeRequest, Reply, Sealed,
};
use plaza_business::flows::{self, FlowError};
use plaza_db::{Db, Tx};
use plaza_messaging::{accounts, attachments};
use plaza_protocol::{Actor, BlobId, Chain, Ctx, ErrorCode, FlowId, MessageId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// How long the endpoint of a form can fetch a file, in seconds. Meta keeps its for as long.
const MEDIA_LIFETIME_S: i64 = 20 * 24 * 3600;

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::NotFound => Self::not_found("this form"),
            FlowError::Invalid { .. } | FlowError::State { .. } => {
                Self::new(ErrorCode::Invalid, error.to_string())
            }
            FlowError::Forbidden => Self::new(ErrorCode::Forbidden, error.to_string()),
            FlowError::Db(error) => error.into(),
            FlowError::Seal(_) => Self::internal(&error),
        }
    }
}

/// Who asks, and about which message.
async fn asker(app: &App, headers: &HeaderMap, message: &str) -> Result<(Ctx, MessageId), Problem> {
    let ctx = app.ctx_for(Actor::Anonymous);
    let by = device(app, &ctx, headers).await?;
    let message = message.parse().map_err(|_| Problem::not_found("this message"))?;
    Ok((ctx.acting_as(Actor::Device { account: by.account, device: by.device }), message))
}

/// `GET /v1/flows/{message_id}`: the document of a form.
pub(crate) async fn document(
    State(app): State<Arc<App>>,
    Path(message): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (ctx, message) = asker(&app, &headers, &message).await?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| exchange::flow_json_of(ctx, tx, message).await;
    Ok(flow_json(app.db.read(&ctx, "flows.document", read).await?))
}

fn flow_json(text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// `GET /v1/flow-assets/{flow_id}/{key}`: the document of a flow, by an address that the Cloud API gave to its
/// business.
pub(crate) async fn asset(
    State(app): State<Arc<App>>,
    Path((flow, key)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let gone = || Problem::not_found("this document");
    let flow: FlowId = flow.parse().map_err(|_| gone())?;
    let ctx = app.ctx_for(Actor::System);
    if !is_signed(&ctx, &key, |until| app.business.flow_signature(flow, until))? {
        return Err(gone());
    }
    let read = async move |ctx: &Ctx, tx: &mut Tx| flows::flow_json(ctx, tx, flow).await;
    Ok(flow_json(app.db.read(&ctx, "flows.asset", read).await?.ok_or_else(gone)?))
}

/// What a device wants to show an endpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct Share {
    blob_id: BlobId,
}

/// `POST /v1/flows/{message_id}/media`: an address of an uploaded blob for the endpoint of the form.
pub(crate) async fn share(
    State(app): State<Arc<App>>,
    Path(message): Path<String>,
    headers: HeaderMap,
    Body(Share { blob_id }): Body<Share>,
) -> Result<Json<Value>, Problem> {
    let (ctx, message) = asker(&app, &headers, &message).await?;
    find(&app, &ctx, message).await?;
    let known = async move |ctx: &Ctx, tx: &mut Tx| attachments::is_known(ctx, tx, blob_id).await;
    if !app.db.read(&ctx, "flows.share", known).await? {
        return Err(Problem::not_found("this blob"));
    }
    let until = ctx.now().seconds().saturating_add(MEDIA_LIFETIME_S);
    let signature = app.business.flow_media_signature(blob_id, until)?;
    let url = format!("{}/v1/flow-media/{blob_id}/{until}-{signature}", origin_of(&headers));
    Ok(Json(json!({"media_id": blob_id.0.to_string(), "cdn_url": url})))
}

/// `GET /v1/flow-media/{blob_id}/{key}`: a file for an endpoint, encrypted as it was uploaded.
pub(crate) async fn shared(
    State(app): State<Arc<App>>,
    Path((blob, key)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let gone = || Problem::not_found("this file");
    let blob: BlobId = blob.parse().map_err(|_| gone())?;
    let ctx = app.ctx_for(Actor::System);
    let sign = |until| app.business.flow_media_signature(blob, until);
    if !is_signed(&ctx, &key, sign)? {
        return Err(gone());
    }
    fetch(&app, &ctx, blob).await
}

/// Whether a part of an address says until when it holds, and proves that this server said so.
fn is_signed(
    ctx: &Ctx,
    key: &str,
    sign: impl FnOnce(i64) -> Result<String, FlowError>,
) -> Result<bool, FlowError> {
    let Some((until, given)) = key.split_once('-') else { return Ok(false) };
    let Ok(until) = until.parse::<i64>() else { return Ok(false) };
    Ok(bool::from(sign(until)?.as_bytes().ct_eq(given.as_bytes())) && until >= ctx.now().seconds())
}

/// `POST /v1/flows/{message_id}`: what the endpoint says to what the person did. The answer is a screen with its data,
/// or an `error` with a message for the person; `is_closed` says that the form is over.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Path(message): Path<String>,
    headers: HeaderMap,
    Body(request): Body<Value>,
) -> Result<Json<Value>, Problem> {
    let (ctx, message) = asker(&app, &headers, &message).await?;
    let asked = ExchangeRequest::read(&request)?;
    let endpoint = find(&app, &ctx, message).await?;
    app.db.transact(&ctx, "flows.admit", accounts::admit_endpoint_request).await?;
    let (mut reply, status) = call(&app.db, &app.egress, &ctx, &endpoint, &asked).await?;
    if reply == Reply::KeyChanged {
        // The business has another key by now: it is looked up anew, and asked once more.
        let endpoint = find(&app, &ctx, message).await?;
        (reply, _) = call(&app.db, &app.egress, &ctx, &endpoint, &asked).await?;
    }
    if let Reply::Malformed(what) = &reply {
        complain(&app, &ctx, endpoint, &asked, what);
    }
    let failed = |code: &str, message: String, is_closed: bool| json!({"error": {"code": code, "message": message, "is_closed": is_closed}});
    let broken =
        |code| failed(code, "The business does not answer just now. Try again later.".to_owned(), false);
    Ok(Json(match reply {
        Reply::Screen(screen) => screen,
        Reply::Closed(message) => failed("closed", message, true),
        Reply::KeyChanged | Reply::Undecryptable => broken("encryption"),
        Reply::SignatureRefused => broken("signature"),
        Reply::Malformed(_) => broken("malformed"),
        Reply::Status(_) if status.is_none() => broken("unreachable"),
        Reply::Status(_) => broken("status"),
    }))
}

async fn find(app: &App, ctx: &Ctx, message: MessageId) -> Result<Endpoint, Problem> {
    let business = app.business.clone();
    let find = async move |ctx: &Ctx, tx: &mut Tx| business.endpoint_of(ctx, tx, message).await;
    Ok(app.db.read(ctx, "flows.endpoint", find).await?)
}

/// Tells an endpoint that its answer could not be shown. What it says to that does not matter.
fn complain(app: &Arc<App>, ctx: &Ctx, endpoint: Endpoint, asked: &ExchangeRequest, what: &str) {
    let note = endpoint.complaint(asked, what);
    let (app, ctx) = (app.clone(), ctx.clone());
    app.clone().tracker.spawn(async move {
        let Ok((sealed, signature)) = endpoint.seal(&ctx, &note) else { return };
        let _ = post(&app.egress, &endpoint.url, &sealed, &signature).await;
    });
}

/// Asks an endpoint once, and takes down how it went. The status is that of the answer, if there was one.
async fn call(
    db: &Db,
    egress: &Egress,
    ctx: &Ctx,
    endpoint: &Endpoint,
    asked: &ExchangeRequest,
) -> Result<(Reply, Option<u16>), Problem> {
    let at = ctx.now();
    let request = endpoint.request(asked);
    let (sealed, signature) = endpoint.seal(ctx, &request).map_err(|error| Problem::internal(&error))?;
    let answer = post(egress, &endpoint.url, &sealed, &signature).await;
    let (reply, outcome, status) = match answer {
        Ok((status, body)) => {
            let reply = endpoint.reply(&sealed, status, &body);
            let outcome = match &reply {
                Reply::Screen(_) => CallOutcome::Ok,
                Reply::Closed(_) | Reply::KeyChanged => CallOutcome::Refused,
                Reply::SignatureRefused | Reply::Status(_) => CallOutcome::HttpStatus,
                Reply::Undecryptable => CallOutcome::Undecryptable,
                Reply::Malformed(_) => CallOutcome::Malformed,
            };
            (reply, outcome, Some(status))
        }
        Err(outcome) => (Reply::Status(0), outcome, None),
    };
    record(db, ctx, endpoint.flow_id, asked.screen.clone(), (at, outcome, status)).await;
    Ok((reply, status))
}

/// Asks an endpoint whether it lives: what is wrong with it.
pub(crate) async fn ping(db: &Db, egress: &Egress, ctx: &Ctx, endpoint: &Endpoint) -> Option<String> {
    let at = ctx.now();
    let (sealed, signature) = match endpoint.seal(ctx, &endpoint.ping()) {
        Ok(sealed) => sealed,
        Err(error) => return Some(error.to_string()),
    };
    let (outcome, status, wrong) = match post(egress, &endpoint.url, &sealed, &signature).await {
        Ok((status, body)) if Endpoint::is_alive(&sealed, status, &body) => {
            (CallOutcome::Ok, Some(status), None)
        }
        Ok((200, _)) => {
            let what = "it did not answer {\"data\": {\"status\": \"active\"}} to a ping".to_owned();
            (CallOutcome::Malformed, Some(200), Some(what))
        }
        Ok((status, _)) => {
            (CallOutcome::HttpStatus, Some(status), Some(format!("it answered {status} to a ping")))
        }
        Err(CallOutcome::Timeout) => {
            let what = format!("it did not answer within {} s", EXCHANGE_TIMEOUT.as_secs());
            (CallOutcome::Timeout, None, Some(what))
        }
        Err(outcome) => (outcome, None, Some("there is no connection to it".to_owned())),
    };
    record(db, ctx, endpoint.flow_id, None, (at, outcome, status)).await;
    wrong
}

async fn post(
    egress: &Egress,
    url: &str,
    sealed: &Sealed,
    signature: &str,
) -> Result<(u16, Vec<u8>), CallOutcome> {
    let asked = egress.exchange(url, sealed.body.clone(), signature, EXCHANGE_TIMEOUT, ANSWER_BYTES_MAX);
    asked.await.map_err(|error| match error {
        EgressError::TimedOut(_) => CallOutcome::Timeout,
        _ => CallOutcome::Unreachable,
    })
}

/// A call that cannot be taken down is no reason to keep its answer from the person.
async fn record(
    db: &Db,
    ctx: &Ctx,
    flow: FlowId,
    screen: Option<String>,
    (at, outcome, status): (Timestamp, CallOutcome, Option<u16>),
) {
    let duration_ms = ctx.now().since(at).as_millis();
    let duration_ms = i64::try_from(duration_ms).unwrap_or(i64::MAX);
    let call = FlowCall { at, screen, outcome, status, duration_ms };
    let record = async move |ctx: &Ctx, tx: &mut Tx| calls::record(ctx, tx, flow, &call).await;
    if let Err(error) = db.transact(ctx, "flows.record", record).await {
        tracing::error!(error = %Chain(&error), "a call of a flow's endpoint could not be recorded");
    }
}
