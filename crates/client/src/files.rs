//! # Files of messages
//!
//! A file is encrypted under a key of its own and uploaded as a blob, then the message goes out that carries the key.
//! This makes the request and opens the answer; the driver around the machine carries both over HTTP.

use crate::machine::Machine;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plaza_crypto::{ATTACHMENT_KEY_BYTES, open_attachment, seal_attachment};
use plaza_protocol::content::{
    Attachment, Body, Content, Header, InteractiveReply, Media, MediaForm, header, reply,
};
use plaza_protocol::limits::FILE_BYTES_MAX;
use plaza_protocol::{BlobId, Ctx};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An address on the server, a blob's or a form's, and the token to ask with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRequest {
    /// Below the server's origin.
    pub path: String,
    /// For `Authorization: Bearer …`.
    pub token: String,
}

/// A file on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Where to `PUT` the blob.
    pub request: BlobRequest,
    /// The encrypted bytes.
    pub blob: Vec<u8>,
    /// What the message carries.
    pub attachment: Attachment,
}

/// A file cannot be sent or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Too large.
    #[error("a file may have 100 MB")]
    TooLarge,
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is not what the message says.
    #[error("the file is damaged")]
    Damaged,
}

impl Machine {
    /// Encrypts a file.
    pub fn prepare_upload(&self, ctx: &Ctx, file: &[u8], mime_type: &str) -> Result<Upload, FileError> {
        if file.is_empty() {
            return Err(FileError::Empty);
        }
        if file.len() > FILE_BYTES_MAX {
            return Err(FileError::TooLarge);
        }
        let key: [u8; ATTACHMENT_KEY_BYTES] = ctx.random();
        let blob = seal_attachment(&key, file).map_err(|_| FileError::TooLarge)?;
        let id: BlobId = ctx.uuid();
        let attachment = Attachment {
            blob_id: id.as_bytes().to_vec(),
            key: key.to_vec(),
            blob_sha256: Sha256::digest(&blob).to_vec(),
            sha256: Sha256::digest(file).to_vec(),
            bytes: file.len() as u64,
            mime_type: mime_type.to_owned(),
            ..Attachment::default()
        };
        Ok(Upload { request: self.blob(id), blob, attachment })
    }

    /// Where to put bytes that were encrypted for somebody else than the members of a conversation.
    pub fn new_blob(&self, ctx: &Ctx) -> (BlobId, BlobRequest) {
        let id: BlobId = ctx.uuid();
        (id, self.blob(id))
    }

    /// How to ask for the blob of an attachment.
    pub fn blob_request(&self, attachment: &Attachment) -> Result<BlobRequest, FileError> {
        BlobId::from_slice(&attachment.blob_id).map(|id| self.blob(id)).map_err(|_| FileError::Damaged)
    }

    fn blob(&self, id: BlobId) -> BlobRequest {
        BlobRequest { path: format!("/v1/blobs/{id}"), token: self.token().to_owned() }
    }
}

/// The file in a blob, if it is the one that the message speaks of.
pub fn open_file(attachment: &Attachment, blob: &[u8]) -> Result<Vec<u8>, FileError> {
    let key = attachment.key.as_slice().try_into().map_err(|_| FileError::Damaged)?;
    let file = open_attachment(key, blob, attachment.bytes).map_err(|_| FileError::Damaged)?;
    if Sha256::digest(&file).as_slice() == attachment.sha256 { Ok(file) } else { Err(FileError::Damaged) }
}

/// The message that carries a file: its form follows from its type.
pub fn media_message(attachment: Attachment, filename: &str, caption: &str) -> Body {
    let form = match attachment.mime_type.split('/').next() {
        Some("image") if attachment.mime_type == "image/webp" => MediaForm::Sticker,
        Some("image") if matches!(attachment.mime_type.as_str(), "image/jpeg" | "image/png") => {
            MediaForm::Image
        }
        Some("video") => MediaForm::Video,
        Some("audio") => MediaForm::Audio,
        _ => MediaForm::Document,
    };
    let filename = if form == MediaForm::Document { filename.to_owned() } else { String::new() };
    Body::Media(Media {
        attachment: Some(attachment),
        caption: caption.to_owned(),
        filename,
        ..Media::pending(form)
    })
}

/// What stands for a file in the answer of a form, but for its name. The gateway puts the id of a file of the business
/// in the place of the blob's.
pub fn form_file(attachment: &Attachment) -> Value {
    json!({
        "id": hex::encode(&attachment.blob_id),
        "mime_type": attachment.mime_type,
        "sha256": STANDARD.encode(&attachment.sha256),
    })
}

/// The same message as one that was spoken just now, or as a sticker that moves.
#[must_use]
pub fn played(mut body: Body, is_voice: bool, is_animated: bool) -> Body {
    if let Body::Media(media) = &mut body {
        media.is_voice = is_voice && media.form() == MediaForm::Audio;
        media.is_animated = is_animated && media.form() == MediaForm::Sticker;
    }
    body
}

/// The attachments of a message, in the order in which they stand in it.
pub fn attachments(content: &Content) -> Vec<&Attachment> {
    fn of_header(header: Option<&Header>) -> Option<&Attachment> {
        match header?.header.as_ref()? {
            header::Header::Media(media) => media.attachment.as_ref(),
            _ => None,
        }
    }
    match &content.body {
        Some(Body::Media(media)) => media.attachment.iter().collect(),
        Some(Body::Template(template)) => {
            let cards = template.cards.iter().map(|card| card.header.as_ref());
            std::iter::once(template.rich_header.as_ref()).chain(cards).filter_map(of_header).collect()
        }
        Some(Body::Interactive(asked)) => {
            let cards = asked.cards.iter().map(|card| card.header.as_ref());
            std::iter::once(asked.header.as_ref()).chain(cards).filter_map(of_header).collect()
        }
        Some(Body::InteractiveReply(InteractiveReply { reply: Some(reply::Reply::Form(form)) })) => {
            form.files.iter().collect()
        }
        _ => Vec::new(),
    }
}
