//! # Packs of stickers, over HTTP
//!
//! `/v1/stickers`: the packs as a person has them, and the pictures. A device names itself by its token; the picture of a
//! pack that its person may not use is refused, but for the cover. The operator adds and removes packs, and sees them all.

use crate::app::App;
use crate::problem::Problem;
use crate::stores::person;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get};
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plaza_billing::stickers::{
    self, ANIMATED_BYTES_MAX, Image, Pack, STICKERS_MAX, Sticker, StickerError, read_pack,
};
use plaza_blobs::{BlobError, Bytes};
use plaza_db::Tx;
use plaza_protocol::{BlobId, Chain, Ctx, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The body that adds a pack: as many pictures as it may have, each as large as it may be, in base64.
const PACK_BYTES_MAX: usize = (STICKERS_MAX * ANIMATED_BYTES_MAX / 3 + 1) * 4 + 64 * 1024;

/// The addresses of people.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/stickers", get(offered)).route("/v1/stickers/{pack}/{name}", get(picture))
}

/// The operator's addresses.
pub(crate) fn operator_router() -> Router<Arc<App>> {
    Router::new()
        .route("/sticker-packs", get(list).post(add))
        .route("/sticker-packs/{pack}", delete(remove))
        .route("/sticker-packs/{pack}/{name}", get(any_picture))
}

impl From<StickerError> for Problem {
    fn from(error: StickerError) -> Self {
        match error {
            StickerError::NotFound => Self::not_found("this sticker"),
            StickerError::UnknownPack(_) => Self::new(ErrorCode::NotFound, error.to_string()),
            StickerError::NotEntitled => Self::new(ErrorCode::Forbidden, error.to_string()),
            StickerError::Exists(_) => Self::new(ErrorCode::AlreadyExists, error.to_string()),
            StickerError::PartOfPlaza(_) | StickerError::TooMany => {
                Self::new(ErrorCode::Conflict, error.to_string())
            }
            StickerError::File(error) => Self::invalid(error.to_string()),
            StickerError::Plan(error) => error.into(),
            StickerError::Db(error) => error.into(),
        }
    }
}

fn unavailable(error: &BlobError) -> Problem {
    tracing::error!(error = %Chain(error), "the store of files failed");
    Problem::new(ErrorCode::Unavailable, "the store of files does not answer: try again")
}

fn view(pack: &Pack, plans: &[String]) -> Value {
    let stickers = pack.stickers.iter().map(|each| {
        json!({
            "name": each.name, "emoji": each.emoji, "text": each.text, "is_animated": each.is_animated,
            "bytes": each.bytes,
        })
    });
    json!({
        "key": pack.key, "title": pack.title, "access": pack.access.as_str(), "plans": plans,
        "stickers": stickers.collect::<Vec<_>>(),
    })
}

fn operator_view(pack: &Pack, plans: &[String]) -> Value {
    let mut view = view(pack, plans);
    view["is_own"] = json!(pack.is_own);
    view
}

/// `GET /v1/stickers`: all packs, with what the person may send.
async fn offered(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let (ctx, account) = person(&app, &headers).await?;
    let read = async move |ctx: &Ctx, tx: &mut Tx| stickers::packs_for(ctx, tx, account).await;
    let packs = app.db.read(&ctx, "stickers.offered", read).await?;
    let packs = packs.iter().map(|each| {
        let mut view = view(&each.pack, &each.plans);
        view["may_use"] = json!(each.may_use);
        view
    });
    Ok(Json(json!({"packs": packs.collect::<Vec<_>>()})))
}

/// `GET /v1/stickers/{pack}/{name}`: a picture.
async fn picture(
    State(app): State<Arc<App>>,
    Path((pack, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (ctx, account) = person(&app, &headers).await?;
    let read =
        async move |ctx: &Ctx, tx: &mut Tx| stickers::sticker_for(ctx, tx, account, (&pack, &name)).await;
    let sticker = app.db.read(&ctx, "stickers.picture", read).await?;
    shown(&app, &sticker).await
}

/// A picture for somebody who may see it.
async fn shown(app: &App, sticker: &Sticker) -> Result<Response, Problem> {
    let bytes = match sticker.image {
        Image::Own(bytes) => Bytes::from_static(bytes),
        Image::Blob(blob) => {
            let found = app.blobs.get(blob.0).await.map_err(|error| unavailable(&error))?;
            found.ok_or_else(|| Problem::not_found("this sticker"))?
        }
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/webp"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Kept by the device that may see it, and not for another one's token.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization"));
    Ok(response)
}

/// `GET /operator/api/sticker-packs`
async fn list(State(app): State<Arc<App>>, Extension(ctx): Extension<Ctx>) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| stickers::packs(ctx, tx).await;
    let packs = app.db.read(&ctx, "operator.sticker_packs", read).await?;
    let packs = packs.iter().map(|(pack, plans)| operator_view(pack, plans));
    Ok(Json(json!({"data": packs.collect::<Vec<_>>()})))
}

/// `GET /operator/api/sticker-packs/{pack}/{name}`: a picture.
async fn any_picture(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path((pack, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| stickers::sticker(ctx, tx, (&pack, &name)).await;
    let sticker = app.db.read(&ctx, "operator.sticker", read).await?;
    shown(&app, &sticker).await
}

#[derive(Debug, Deserialize)]
struct NewPack {
    /// What `pack.toml` says.
    manifest: String,
    /// The pictures by their files, in base64.
    images: BTreeMap<String, String>,
}

async fn body(request: Request) -> Result<NewPack, Problem> {
    let bytes = axum::body::to_bytes(request.into_body(), PACK_BYTES_MAX)
        .await
        .map_err(|_| Problem::new(ErrorCode::TooLarge, format!("a pack may have {PACK_BYTES_MAX} bytes")))?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::invalid(error.to_string()))
}

/// `POST /operator/api/sticker-packs`: adds a pack.
async fn add(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let _large = app.large_bodies.acquire().await.map_err(|error| Problem::internal(&error))?;
    let NewPack { manifest, images } = body(request).await?;
    let mut files = BTreeMap::new();
    for (file, text) in images {
        let bytes =
            STANDARD.decode(text).map_err(|_| Problem::invalid(format!("{file}: base64 is expected")))?;
        files.insert(file, bytes);
    }
    // A task of its own: whoever hangs up meanwhile leaves no files that nobody knows of.
    let here = app.clone();
    let store = async move { keep(&here, &ctx, manifest, files).await };
    let pack = tokio::spawn(store).await.map_err(|error| Problem::internal(&error))??;
    Ok((StatusCode::CREATED, Json(operator_view(&pack, &[]))))
}

/// Keeps a pack: its files before its rows. What a refusal leaves is deleted.
async fn keep(
    app: &App,
    ctx: &Ctx,
    manifest: String,
    files: BTreeMap<String, Vec<u8>>,
) -> Result<Pack, Problem> {
    let (manifest, files) = (Arc::new(manifest), Arc::new(files));
    let new = read_pack(&manifest, |file| files.get(file).map(Vec::as_slice)).map_err(StickerError::from)?;
    let mut blobs: Vec<BlobId> = Vec::new();
    let stored = async {
        for sticker in &new.stickers {
            let blob: BlobId = ctx.uuid();
            blobs.push(blob);
            let bytes = Bytes::copy_from_slice(sticker.image);
            app.blobs.put(blob.0, bytes).await.map_err(|error| unavailable(&error))?;
        }
        let (manifest, files, ids) = (manifest.clone(), files.clone(), blobs.clone());
        let add = async move |ctx: &Ctx, tx: &mut Tx| {
            let new = read_pack(&manifest, |file| files.get(file).map(Vec::as_slice))?;
            stickers::add_pack(ctx, tx, &new, &ids).await
        };
        app.db.transact(ctx, "operator.add_sticker_pack", add).await.map_err(Problem::from)
    };
    let stored = stored.await;
    if stored.is_err() {
        for blob in blobs {
            if let Err(error) = app.blobs.delete(blob.0).await {
                tracing::warn!(error = %Chain(&error), "a file that nobody knows of stays in the store");
            }
        }
    }
    stored
}

/// `DELETE /operator/api/sticker-packs/{pack}`: from people at once, then its files, then its rows. Where that ends early,
/// the same request goes on with it.
async fn remove(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Problem> {
    let pack = key.clone();
    let hide = async move |ctx: &Ctx, tx: &mut Tx| stickers::remove_pack(ctx, tx, &pack).await;
    for blob in app.db.transact(&ctx, "operator.remove_sticker_pack", hide).await? {
        app.blobs.delete(blob.0).await.map_err(|error| unavailable(&error))?;
    }
    let forget = async move |ctx: &Ctx, tx: &mut Tx| stickers::forget_pack(ctx, tx, &key).await;
    app.db.transact(&ctx, "operator.forget_sticker_pack", forget).await?;
    Ok(Json(json!({"removed": true})))
}
