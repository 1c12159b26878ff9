//! # Media
//!
//! Files of a business: uploaded through the API, fetched from a link that a message names, or sent by people. A file
//! lies in the blob store, encrypted under a key of its own; that key stands here, sealed under the key file. A message
//! carries the blob's id and key to its recipient, so that sending a file to a million people copies nothing.
//!
//! An uploaded file can be used for 30 days, one that a person sent for 7; then its id is unknown. Whose file it is
//! says the portfolio: another's does not exist.
//!
//! [`kinds`] says which files may be sent as what, and looks at their first bytes.

pub mod kinds;
mod store;

pub(crate) use store::STATEMENTS;

use crate::codes::{self, Code};
use crate::json::node::{Node, Refusal, missing};
use crate::messages::SendError;
use crate::portfolios::{self, BusinessNumber, LookupError, NodeKind};
use crate::{Business, SealError, may_touch};
use kinds::MediaKind;
use plaza_db::{DbError, Tx};
use plaza_messaging::{MessagingError, attachments};
use plaza_protocol::content::reply::Reply;
use plaza_protocol::content::{Attachment, Body, Content, InteractiveReply, Media, MediaForm};
use plaza_protocol::{BlobId, Ctx, MediaId, PhoneNumberId, PortfolioId, Secret, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// How long an uploaded file can be used.
pub const UPLOADED_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a file that a person sent can be fetched.
pub const RECEIVED_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// Files that the answer of a form brings: 30 photos and 30 documents.
const FORM_FILES_MAX: usize = 60;
/// How long what came from a link is used again.
const LINK_REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// Characters below a file.
const CAPTION_CHARACTERS_MAX: usize = 1024;
/// Characters of a document's name.
const FILENAME_CHARACTERS_MAX: usize = 240;
/// Characters of an address that the server fetches a file from.
const LINK_CHARACTERS_MAX: usize = 2048;
/// The largest file that a business can receive.
const RECEIVED_BYTES_MAX: u64 = 100 * 1024 * 1024;

/// A file that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaUse {
    /// What it is to be shown as.
    pub form: MediaForm,
    /// Where it is.
    pub source: MediaSource,
    /// The member of the request that names it.
    pub member: String,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// Uploaded before.
    Id(MediaId),
    /// On the web: the server fetches it.
    Link(String),
}

/// A file, by id or by link, wherever it stands: the file's bytes are filled in later, in the order of `uses`.
pub(crate) fn file(form: MediaForm, node: &Node<'_>, uses: &mut Vec<MediaUse>) -> Result<Media, Refusal> {
    let id = node.text("id", 64)?;
    let link = node.text("link", LINK_CHARACTERS_MAX)?;
    let source = match (id.trim(), link.trim()) {
        ("", "") => return Err(missing(&node.at("id"))),
        ("", link) => {
            let is_web = url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !is_web {
                return Err(node.refuse_member("link", "an address that begins with https:// is expected"));
            }
            MediaSource::Link(link.to_owned())
        }
        (id, _) => {
            let id =
                id.parse().map_err(|_| node.refuse_member("id", "the id of an uploaded file is expected"))?;
            MediaSource::Id(id)
        }
    };
    uses.push(MediaUse { form, source, member: node.path().to_owned() });
    let takes_caption =
        matches!(form, MediaForm::Image | MediaForm::Video | MediaForm::Document | MediaForm::Gif);
    let caption = if takes_caption { node.text("caption", CAPTION_CHARACTERS_MAX)? } else { String::new() };
    let is_document = form == MediaForm::Document;
    let filename = if is_document { node.text("filename", FILENAME_CHARACTERS_MAX)? } else { String::new() };
    let is_voice = form == MediaForm::Audio && node.boolean("voice").unwrap_or(false);
    Ok(Media { caption, filename, is_voice, ..Media::pending(form) })
}

/// A file whose blob is in the store.
#[derive(Debug, Clone)]
pub struct NewMedia {
    /// The blob.
    pub blob: BlobId,
    /// What opens it.
    pub key: Secret<[u8; 32]>,
    /// SHA-256 of the blob.
    pub blob_sha256: [u8; 32],
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Size of the blob.
    pub blob_bytes: usize,
    /// Size of the file.
    pub bytes: u64,
    /// What it is.
    pub kind: MediaKind,
    /// The link that it was fetched from.
    pub link: Option<String>,
}

/// A file of a business.
#[derive(Debug, Clone)]
pub struct StoredMedia {
    /// Its id.
    pub media_id: MediaId,
    /// Whose it is.
    pub portfolio_id: PortfolioId,
    /// The number that it was uploaded for, or sent to.
    pub phone_number_id: PhoneNumberId,
    /// The blob.
    pub blob: BlobId,
    sealed_key: Vec<u8>,
    blob_sha256: Vec<u8>,
    /// SHA-256 of the file.
    pub sha256: Vec<u8>,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub mime_type: String,
    width: u32,
    height: u32,
    /// Whether it moves.
    pub is_animated: bool,
    /// When its id is forgotten.
    pub expires_at: Timestamp,
}

/// A file cannot be stored, found or sent.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No such file or number, or another portfolio's, or its time is over.
    #[error("there is no such media, or it belongs to another business portfolio, or it has expired")]
    NotFound,
    /// Its key cannot be opened or sealed.
    #[error("the key of a file")]
    Seal(#[from] SealError),
    /// The blob could not be recorded.
    #[error("messaging")]
    Messaging(#[source] MessagingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<LookupError> for MediaError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => Self::NotFound,
            LookupError::Db(error) => Self::Db(error),
        }
    }
}

impl From<MessagingError> for MediaError {
    fn from(error: MessagingError) -> Self {
        match error {
            MessagingError::Db(error) => Self::Db(error),
            other => Self::Messaging(other),
        }
    }
}

impl From<MediaError> for SendError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::NotFound => Self::NotFound,
            MediaError::Db(error) => Self::Db(error),
            MediaError::Messaging(error) => Self::Messaging(error),
            MediaError::Seal(_) => Self::Db(DbError::Commit("a file's key cannot be opened".to_owned())),
        }
    }
}

impl Business {
    /// Records a file of a phone number whose blob is in the store.
    pub async fn add_media(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        new: &NewMedia,
    ) -> Result<MediaId, MediaError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        attachments::uploaded(ctx, tx, number.account_id, new.blob, new.blob_bytes).await?;
        let media = self.insert(ctx, tx, &number, new, UPLOADED_LIFETIME).await?;
        if let Some(link) = &new.link {
            store::remember_link(ctx, tx, number.portfolio_id, &link_hash(link), media).await?;
        }
        Ok(media)
    }

    async fn insert(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        new: &NewMedia,
        lifetime: Duration,
    ) -> Result<MediaId, MediaError> {
        let media_id = MediaId(ctx.graph_id());
        let media = StoredMedia {
            media_id,
            portfolio_id: number.portfolio_id,
            phone_number_id: number.phone_number_id,
            blob: new.blob,
            sealed_key: self.sealing.seal(ctx, &about(media_id), &new.key.0)?,
            blob_sha256: new.blob_sha256.to_vec(),
            sha256: new.sha256.to_vec(),
            bytes: new.bytes,
            mime_type: new.kind.mime_type.clone(),
            width: new.kind.width,
            height: new.kind.height,
            is_animated: new.kind.is_animated,
            expires_at: ctx.now() + lifetime,
        };
        store::insert(ctx, tx, &media).await?;
        portfolios::store::insert_node(tx, media_id.0, NodeKind::Media, number.portfolio_id).await?;
        Ok(media_id)
    }

    /// What makes the address of a file good until a time.
    pub fn media_signature(&self, id: MediaId, until_s: i64) -> Result<String, MediaError> {
        let about = [b"media".as_slice(), &id.0.to_be_bytes(), &until_s.to_be_bytes()].concat();
        Ok(hex::encode(self.sealing.sign(&about)?))
    }

    /// A file with what opens it.
    pub async fn open_media(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: MediaId,
    ) -> Result<(StoredMedia, Attachment), MediaError> {
        let media = media(ctx, tx, id).await?;
        let attachment = self.attachment(&media)?;
        Ok((media, attachment))
    }

    fn attachment(&self, media: &StoredMedia) -> Result<Attachment, MediaError> {
        Ok(Attachment {
            blob_id: media.blob.as_bytes().to_vec(),
            key: self.sealing.open(&about(media.media_id), &media.sealed_key)?,
            blob_sha256: media.blob_sha256.clone(),
            sha256: media.sha256.clone(),
            bytes: media.bytes,
            mime_type: media.mime_type.clone(),
            width: media.width,
            height: media.height,
        })
    }

    /// The files that a message names, in its order; the server has fetched the links before.
    pub(crate) async fn attachments(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        uses: &[MediaUse],
    ) -> Result<Vec<Attachment>, SendError> {
        let mut found = Vec::with_capacity(uses.len());
        for one in uses {
            let media = match &one.source {
                MediaSource::Id(id) => store::get(ctx, tx, *id).await?,
                MediaSource::Link(link) => linked(ctx, tx, number.portfolio_id, link).await?,
            };
            let media = media.filter(|media| media.portfolio_id == number.portfolio_id).ok_or_else(|| {
                SendError::Invalid {
                    member: one.member.clone(),
                    what:
                        "it names no file of this business: upload it again, ids are forgotten after 30 days"
                            .to_owned(),
                }
            })?;
            if let Some(what) = kinds::refusal(one.form, &media.mime_type, media.bytes, media.is_animated) {
                return Err(SendError::Media { member: one.member.clone(), what });
            }
            attachments::keep(ctx, tx, media.blob).await?;
            found.push(self.attachment(&media)?);
        }
        Ok(found)
    }

    /// A file that a person sent to a number: from now on the business can fetch it. `None`: it is too large.
    pub(crate) async fn received_media(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        media: &Media,
    ) -> Result<Option<MediaId>, SendError> {
        let Some(attachment) = &media.attachment else { return Ok(None) };
        let (Ok(blob), Ok(key), Ok(blob_sha256), Ok(sha256)) = (
            BlobId::from_slice(&attachment.blob_id),
            <[u8; 32]>::try_from(attachment.key.as_slice()),
            <[u8; 32]>::try_from(attachment.blob_sha256.as_slice()),
            <[u8; 32]>::try_from(attachment.sha256.as_slice()),
        ) else {
            return Ok(None);
        };
        if attachment.bytes > RECEIVED_BYTES_MAX {
            return Ok(None);
        }
        let kind = MediaKind {
            mime_type: kinds::plain(&attachment.mime_type),
            width: attachment.width,
            height: attachment.height,
            is_animated: media.is_animated,
        };
        let new = NewMedia {
            blob,
            key: Secret(key),
            blob_sha256,
            sha256,
            blob_bytes: 0,
            bytes: attachment.bytes,
            kind,
            link: None,
        };
        Ok(Some(self.insert(ctx, tx, number, &new, RECEIVED_LIFETIME).await?))
    }

    /// Puts the ids of files of the business in the place of those of blobs, in the answer of a form that came with
    /// files.
    pub(crate) async fn name_form_files(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        content: &mut Content,
    ) -> Result<(), SendError> {
        let Some(Body::InteractiveReply(InteractiveReply { reply: Some(Reply::Form(form)) })) =
            &mut content.body
        else {
            return Ok(());
        };
        let files = std::mem::take(&mut form.files);
        let Ok(mut response) = serde_json::from_str::<Value>(&form.response_json) else { return Ok(()) };
        for attachment in files.into_iter().take(FORM_FILES_MAX) {
            let blob = hex::encode(&attachment.blob_id);
            let media = Media { attachment: Some(attachment), ..Media::pending(MediaForm::Document) };
            if let Some(id) = self.received_media(ctx, tx, number, &media).await? {
                name_file(&mut response, &blob, id);
                form.response_json = response.to_string();
            }
        }
        Ok(())
    }
}

/// Puts the id of a file where that of its blob stands. The depth is bounded by the reader of the JSON.
fn name_file(value: &mut Value, blob: &str, id: MediaId) {
    match value {
        Value::Object(members) => {
            if members.get("id").is_some_and(|named| named == blob) {
                members.insert("id".to_owned(), Value::String(id.to_string()));
            }
            members.values_mut().for_each(|member| name_file(member, blob, id));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name_file(item, blob, id)),
        _ => {}
    }
}

/// A file of a business.
pub async fn media(ctx: &Ctx, tx: &mut Tx, id: MediaId) -> Result<StoredMedia, MediaError> {
    let media = store::get(ctx, tx, id).await?;
    media.filter(|media| may_touch(ctx, media.portfolio_id)).ok_or(MediaError::NotFound)
}

/// What was fetched from a link a moment ago.
pub async fn linked(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    link: &str,
) -> Result<Option<StoredMedia>, DbError> {
    store::linked(tx, portfolio, &link_hash(link), ctx.now() - LINK_REMEMBERED, ctx.now()).await
}

/// Forgets a file. Messages that carry it keep it: the blob goes when its own time is over.
pub async fn delete(ctx: &Ctx, tx: &mut Tx, id: MediaId) -> Result<(), MediaError> {
    let media = media(ctx, tx, id).await?;
    store::delete(tx, media.media_id).await?;
    portfolios::store::delete_node(tx, media.media_id.0).await?;
    Ok(())
}

/// Forgets files and links whose time is over, a page of them. A job.
pub async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<u64, DbError> {
    store::forget_old(ctx, tx, ctx.now() - LINK_REMEMBERED).await
}

/// The code of a file that could not be fetched or does not suit.
pub const UNSUITABLE: Code = codes::MEDIA_UPLOAD;

fn link_hash(link: &str) -> [u8; 32] {
    Sha256::digest(link.as_bytes()).into()
}

/// What a key is sealed for.
fn about(media: MediaId) -> Vec<u8> {
    [b"media/".as_slice(), &media.0.to_be_bytes()].concat()
}
