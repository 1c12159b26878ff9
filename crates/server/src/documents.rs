//! Documents of verification: up from a business, down to it and to the operator. Each is encrypted under a key of its
//! own before it goes to the blob store.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use plaza_blobs::{BlobError, Bytes};
use plaza_business::management::ManageError;
use plaza_business::verification::{self, DOCUMENT_BYTES_MAX, Document, DocumentId, NewDocument};
use plaza_crypto::{open_attachment, seal_attachment};
use plaza_db::Tx;
use plaza_protocol::{BlobId, Chain, Ctx, ErrorCode, PortfolioId, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

fn unavailable(error: &BlobError) -> Problem {
    tracing::error!(error = %Chain(error), "the store of files failed");
    Problem::new(ErrorCode::Unavailable, "the store of files does not answer: try again")
}

pub(crate) fn view(document: &Document) -> Value {
    json!({
        "document_id": document.document_id.to_string(), "kind": document.kind, "name": document.name,
        "media_type": document.media_type, "bytes": document.bytes, "added_at": document.added_at.seconds(),
    })
}

pub(crate) fn parse_id(text: &str) -> Result<DocumentId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this document"))
}

#[derive(Debug, Deserialize)]
pub(crate) struct About {
    kind: String,
    name: String,
}

/// Takes a document of a business: the body is the file.
pub(crate) async fn add(
    app: &Arc<App>,
    ctx: &Ctx,
    portfolio: PortfolioId,
    (Query(about), request): (Query<About>, Request),
) -> Result<(StatusCode, Json<Value>), Problem> {
    let _large = app.large_bodies.acquire().await.map_err(|error| Problem::internal(&error))?;
    let file = axum::body::to_bytes(request.into_body(), DOCUMENT_BYTES_MAX).await.map_err(|_| {
        let limit = DOCUMENT_BYTES_MAX / 1024 / 1024;
        Problem::new(ErrorCode::TooLarge, format!("a document may have {limit} MB: send a smaller scan"))
    })?;
    let media_type = verification::look(&about.name, &about.kind, &file)?;
    let key: [u8; 32] = ctx.random();
    let bytes = file.len();
    let sealed = tokio::task::spawn_blocking(move || seal_attachment(&key, &file)).await;
    let sealed =
        sealed.map_err(|error| Problem::internal(&error))?.map_err(|error| Problem::internal(&error))?;
    let (blob, blob_sha256) = (ctx.uuid::<BlobId>(), Sha256::digest(&sealed).into());
    app.blobs.put(blob.0, Bytes::from(sealed)).await.map_err(|error| unavailable(&error))?;
    let (kind, name) = (about.kind, about.name);
    let new = NewDocument { kind, name, media_type, bytes, blob, key: Secret(key), blob_sha256 };
    let business = app.business.clone();
    let add = async move |ctx: &Ctx, tx: &mut Tx| {
        business.add_verification_document(ctx, tx, portfolio, &new).await
    };
    match app.db.transact(ctx, "verification.add_document", add).await {
        Ok(document) => Ok((StatusCode::CREATED, Json(view(&document)))),
        Err(error) => {
            // Nobody knows of it.
            if let Err(error) = app.blobs.delete(blob.0).await {
                tracing::warn!(error = %Chain(&error), "a file that nobody knows of stays in the store");
            }
            Err(error.into())
        }
    }
}

/// Takes a document away, and its file with it.
pub(crate) async fn remove(
    app: &Arc<App>,
    ctx: &Ctx,
    portfolio: PortfolioId,
    id: &str,
) -> Result<Json<Value>, Problem> {
    let id = parse_id(id)?;
    let remove =
        async move |ctx: &Ctx, tx: &mut Tx| verification::remove_document(ctx, tx, portfolio, id).await;
    let blob = app.db.transact(ctx, "verification.remove_document", remove).await?;
    app.blobs.delete(blob.0).await.map_err(|error| unavailable(&error))?;
    Ok(Json(json!({"ok": true})))
}

/// `GET …/verification/documents/{document_id}`: the file. Below both surfaces; whose it may be follows from the context.
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = parse_id(&id)?;
    let business = app.business.clone();
    let find = async move |ctx: &Ctx, tx: &mut Tx| business.verification_document(ctx, tx, id).await;
    let (document, key) = app.db.read::<_, ManageError, _>(&ctx, "verification.document", find).await?;
    let sealed = app.blobs.get(document.blob.0).await.map_err(|error| unavailable(&error))?;
    let sealed = sealed.ok_or_else(|| Problem::not_found("this document"))?;
    let bytes = u64::try_from(document.bytes).unwrap_or_default();
    let opened = tokio::task::spawn_blocking(move || open_attachment(&key.0, &sealed, bytes)).await;
    let file =
        opened.map_err(|error| Problem::internal(&error))?.map_err(|error| Problem::internal(&error))?;
    let mut response = (StatusCode::OK, file).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&document.media_type);
    headers
        .insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A file of somebody else's never runs as a page of ours.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
