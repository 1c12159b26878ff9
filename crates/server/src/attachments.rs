//! `/v1/blobs/{blob_id}`: the encrypted files of messages, up and down. A device names itself by its token; that it
//! knows a blob's id, which is random, is what lets it fetch the blob.

use crate::app::App;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use plaza_messaging::accounts::{self, Device};
use plaza_messaging::{MessagingError, attachments};
use plaza_protocol::limits::ATTACHMENT_BYTES_MAX;
use plaza_protocol::{Actor, BlobId, Chain, Ctx, ErrorCode};
use std::sync::Arc;

/// Whose device asks.
pub(crate) async fn device(app: &App, ctx: &Ctx, headers: &HeaderMap) -> Result<Device, Problem> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let find = async move |ctx: &Ctx, tx: &mut _| accounts::authenticate(ctx, tx, &token).await;
    Ok(app.db.read(ctx, "attachments.device", find).await?)
}

fn unavailable(error: &plaza_blobs::BlobError) -> Problem {
    tracing::error!(error = %Chain(error), "the store of files failed");
    Problem::new(ErrorCode::Unavailable, "the store of files does not answer: try again")
}

/// `PUT`: stores a blob under an id that the device made. The same one twice is stored once.
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    Path(blob): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let ctx = app.ctx_for(Actor::Anonymous);
    let by = device(&app, &ctx, &parts.headers).await?;
    let ctx = ctx.acting_as(Actor::Device { account: by.account, device: by.device });
    let blob: BlobId =
        blob.parse().map_err(|_| Problem::new(ErrorCode::Invalid, "blob_id: blb_… is expected"))?;
    let _large = app.large_bodies.acquire().await.map_err(|error| Problem::internal(&error))?;
    let bytes = axum::body::to_bytes(body, ATTACHMENT_BYTES_MAX).await.map_err(|_| {
        Problem::from(MessagingError::TooLarge { what: "the blob", bytes_max: ATTACHMENT_BYTES_MAX })
    })?;
    let size = bytes.len();
    let admit = async move |ctx: &Ctx, tx: &mut _| attachments::admit(ctx, tx, by, blob, size).await;
    if app.db.transact(&ctx, "attachments.admit", admit).await? {
        app.blobs.put(blob.0, bytes).await.map_err(|error| unavailable(&error))?;
        let record =
            async move |ctx: &Ctx, tx: &mut _| attachments::uploaded(ctx, tx, by.account, blob, size).await;
        app.db.transact(&ctx, "attachments.uploaded", record).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `GET`: the blob as it was uploaded.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Path(blob): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ctx = app.ctx_for(Actor::Anonymous);
    device(&app, &ctx, &headers).await?;
    let blob: BlobId = blob.parse().map_err(|_| Problem::not_found("this blob"))?;
    fetch(&app, &ctx, blob).await
}

/// A blob for somebody who may have it.
pub(crate) async fn fetch(app: &App, ctx: &Ctx, blob: BlobId) -> Result<Response, Problem> {
    let gone = || Problem::not_found("this blob");
    let find = async move |ctx: &Ctx, tx: &mut _| attachments::is_known(ctx, tx, blob).await;
    if !app.db.read(ctx, "attachments.find", find).await? {
        return Err(gone());
    }
    let bytes = app.blobs.get(blob.0).await.map_err(|error| unavailable(&error))?.ok_or_else(gone)?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// Deletes blobs whose time is over: from the store first, so that what is left of a crash is a row, which comes again.
pub(crate) async fn delete_old(app: &App, ctx: &Ctx) -> Result<(), MessagingError> {
    let page = async |ctx: &Ctx, tx: &mut _| attachments::expired(ctx, tx).await;
    let expired = app.db.read(ctx, "attachments.expired", page).await?;
    let mut gone = Vec::with_capacity(expired.len());
    for blob in expired {
        match app.blobs.delete(blob.0).await {
            Ok(()) => gone.push(blob),
            Err(error) => tracing::error!(error = %Chain(&error), "a blob could not be deleted"),
        }
    }
    let forget = async move |ctx: &Ctx, tx: &mut _| attachments::forget(ctx, tx, &gone).await;
    app.db.transact(ctx, "attachments.forget", forget).await
}
