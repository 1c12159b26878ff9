//! Media: upload, look up, download, delete, and the links that messages name.
//!
//! An upload is looked at, encrypted under a key of its own, put into the blob store, and only then recorded: what was
//! answered with an id is there. A download's address is good for five minutes, on this same origin, and needs the
//! token like everything else.

use super::errors::GraphError;
use super::list::origin;
use super::subscriptions::success;
use super::{Answer, Call, CloudApi};
use crate::cloud_api::params::Params;
use axum::http::{HeaderValue, StatusCode};
use plaza_blobs::Bytes;
use plaza_business::codes;
use plaza_business::media::{self, MediaError, MediaSource, NewMedia, kinds};
use plaza_business::messages::SendMessage;
use plaza_crypto::{open_attachment, seal_attachment};
use plaza_db::Tx;
use plaza_protocol::limits::{BODY_BYTES_MAX, FILE_BYTES_MAX};
use plaza_protocol::{Actor, BlobId, Ctx, MediaId, PhoneNumberId, Secret};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How long the address of a download is good.
const ADDRESS_LIFETIME_S: i64 = 5 * 60;

/// `POST /{phone}/media`
pub(super) async fn upload(call: Call) -> Result<Value, GraphError> {
    let phone = call.phone();
    let _large = call.app.large_bodies.acquire().await.map_err(GraphError::internal)?;
    let (mut parts, ()) = axum::http::Request::new(()).into_parts();
    parts.headers = call.headers.clone();
    let body = Params::read(&parts, call.take_body(), FILE_BYTES_MAX.saturating_add(BODY_BYTES_MAX)).await?;
    // Some clients write everything but the file into the address.
    let text = |name| body.text(name).or_else(|| call.params.text(name));
    let product = text("messaging_product").ok_or_else(|| {
        GraphError::new(codes::INVALID_PARAMETER).details("the parameter messaging_product is required")
    })?;
    if !product.eq_ignore_ascii_case("whatsapp") {
        let details = "messaging_product: \"whatsapp\" is expected";
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(details));
    }
    let file = body.file("file").ok_or_else(|| {
        let details = "file: a file in a multipart body is expected";
        GraphError::new(codes::INVALID_PARAMETER).details(details)
    })?;
    // The part's own type is the more telling; a client that does not know it says octet-stream.
    let said = file.content_type.clone().filter(|said| !said.starts_with("application/octet-stream"));
    let said = said.or_else(|| text("type")).unwrap_or_default();
    let kind = kinds::look(&said, &file.bytes)
        .map_err(|why| GraphError::new(codes::INVALID_PARAMETER).details(format!("file: {why}")))?;
    let id = store(&call.app, &call.ctx, phone, kind, file.bytes.clone(), None).await?;
    Ok(json!({"id": id.to_string()}))
}

/// Encrypts a file, puts it into the store and records it.
async fn store(
    app: &CloudApi,
    ctx: &Ctx,
    phone: PhoneNumberId,
    kind: kinds::MediaKind,
    file: Bytes,
    link: Option<String>,
) -> Result<MediaId, GraphError> {
    let key: [u8; 32] = ctx.random();
    let (bytes, sha256) = (file.len() as u64, Sha256::digest(&file).into());
    // Megabytes of encryption are not for the threads that answer requests.
    let sealed = tokio::task::spawn_blocking(move || seal_attachment(&key, &file)).await;
    let blob = sealed.map_err(GraphError::internal)?.map_err(GraphError::internal)?;
    let id: BlobId = ctx.uuid();
    let new = NewMedia {
        blob: id,
        key: Secret(key),
        blob_sha256: Sha256::digest(&blob).into(),
        sha256,
        blob_bytes: blob.len(),
        bytes,
        kind,
        link,
    };
    app.blobs.put(id.0, blob.into()).await?;
    let business = app.business.clone();
    let record = async move |ctx: &Ctx, tx: &mut Tx| business.add_media(ctx, tx, phone, &new).await;
    Ok(app.db.transact(ctx, "cloud_api.add_media", record).await?)
}

/// Fetches the files that a message names by a link, unless they were fetched a moment ago. One that cannot be had does
/// not refuse the message: it is accepted, and fails, as in the Cloud API.
pub(super) async fn fetch_links(
    app: &CloudApi,
    ctx: &Ctx,
    phone: PhoneNumberId,
    message: &mut SendMessage,
) -> Result<(), GraphError> {
    let links: Vec<String> = message
        .media()
        .iter()
        .filter_map(|one| match &one.source {
            MediaSource::Link(link) => Some(link.clone()),
            MediaSource::Id(_) => None,
        })
        .collect();
    for link in links {
        if let Err(why) = fetch(app, ctx, phone, link).await? {
            message.not_fetched(why);
            break;
        }
    }
    Ok(())
}

async fn fetch(
    app: &CloudApi,
    ctx: &Ctx,
    phone: PhoneNumberId,
    link: String,
) -> Result<Result<(), String>, GraphError> {
    let Actor::App { portfolio, .. } = ctx.actor() else { return Ok(Err("nobody asks".to_owned())) };
    let asked = link.clone();
    let look = async move |ctx: &Ctx, tx: &mut Tx| media::linked(ctx, tx, portfolio, &asked).await;
    if app.db.read(ctx, "cloud_api.media_link", look).await?.is_some() {
        return Ok(Ok(()));
    }
    let _large = app.large_bodies.acquire().await.map_err(GraphError::internal)?;
    let (said, file) = match app.egress.fetch(&link, FILE_BYTES_MAX).await {
        Ok(fetched) => fetched,
        Err(error) => return Ok(Err(format!("the file could not be fetched from its link: {error}"))),
    };
    match kinds::look(&said, &file) {
        Ok(kind) => store(app, ctx, phone, kind, file.into(), Some(link)).await.map(|_| Ok(())),
        Err(why) => Ok(Err(format!("the file behind the link cannot be sent: {why}"))),
    }
}

/// `GET /{media}`
pub(super) async fn get(call: Call) -> Result<Value, GraphError> {
    let id = call.media();
    let read = async move |ctx: &Ctx, tx: &mut Tx| media::media(ctx, tx, id).await;
    let found = call.app.db.read(&call.ctx, "cloud_api.media", read).await?;
    require_number(&call, found.phone_number_id)?;
    let until = call.ctx.now().seconds().saturating_add(ADDRESS_LIFETIME_S);
    let signature = call.app.business.media_signature(id, until)?;
    let origin = origin(&call);
    Ok(json!({
        "messaging_product": "whatsapp",
        "url": format!("{origin}/{id}/download/{until}-{signature}"),
        "mime_type": found.mime_type,
        "sha256": hex::encode(&found.sha256),
        "file_size": found.bytes,
        "id": id.to_string(),
    }))
}

/// With `phone_number_id` only that number's files are known.
fn require_number(call: &Call, phone: PhoneNumberId) -> Result<(), GraphError> {
    match call.params.text("phone_number_id") {
        Some(asked) if asked != phone.to_string() => Err(MediaError::NotFound.into()),
        _ => Ok(()),
    }
}

/// `DELETE /{media}`
pub(super) async fn delete(call: Call) -> Result<Value, GraphError> {
    let id = call.media();
    let read = async move |ctx: &Ctx, tx: &mut Tx| media::media(ctx, tx, id).await;
    let found = call.app.db.read(&call.ctx, "cloud_api.media", read).await?;
    require_number(&call, found.phone_number_id)?;
    let delete = async move |ctx: &Ctx, tx: &mut Tx| media::delete(ctx, tx, id).await;
    call.app.db.transact(&call.ctx, "cloud_api.delete_media", delete).await?;
    call.app.forget(id.0);
    Ok(success())
}

/// `GET /{media}/download/{key}`: the bytes of a file, by the address that [`get`] gave.
pub(super) async fn download(call: Call) -> Result<Answer, GraphError> {
    let id = call.media();
    let gone = || GraphError::from(MediaError::NotFound).status(StatusCode::NOT_FOUND);
    let (until, given) = call.argument(0).split_once('-').ok_or_else(gone)?;
    let until: i64 = until.parse().map_err(|_| gone())?;
    let signature = call.app.business.media_signature(id, until)?;
    let is_ours: bool = signature.as_bytes().ct_eq(given.as_bytes()).into();
    if !is_ours || until < call.ctx.now().seconds() {
        return Err(gone());
    }
    let business = call.app.business.clone();
    let open = async move |ctx: &Ctx, tx: &mut Tx| business.open_media(ctx, tx, id).await;
    let (found, attachment) = match call.app.db.read(&call.ctx, "cloud_api.open_media", open).await {
        Err(MediaError::NotFound) => return Err(gone()),
        found => found?,
    };
    let blob = call.app.blobs.get(found.blob.0).await?.ok_or_else(gone)?;
    let key: [u8; 32] = attachment.key.try_into().map_err(|_| gone())?;
    let opened = tokio::task::spawn_blocking(move || open_attachment(&key, &blob, found.bytes)).await;
    let opened = opened.map_err(GraphError::internal)?.map_err(|_| {
        let details = "the file is damaged: what was sent does not open with its key";
        GraphError::new(codes::MEDIA_DOWNLOAD).details(details)
    })?;
    let kind = HeaderValue::from_str(&found.mime_type);
    Ok(Answer::bytes(&kind.unwrap_or(HeaderValue::from_static("application/octet-stream")), opened))
}
