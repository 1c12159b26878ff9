//! Files of a message. The bytes travel beside the message as an encrypted **blob** that the server keeps and cannot
//! read; the message carries the blob's id and its key.

use prost::{Enumeration, Message};
use serde::Serialize;

/// A file: where its encrypted bytes are, and how to open them.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Attachment {
    /// The 16 bytes of the blob's id.
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "hexadecimal")]
    pub blob_id: Vec<u8>,
    /// What opens it. Made for this file alone.
    #[prost(bytes = "vec", tag = "2")]
    #[serde(skip)]
    pub key: Vec<u8>,
    /// SHA-256 of the encrypted bytes.
    #[prost(bytes = "vec", tag = "3")]
    #[serde(skip)]
    pub blob_sha256: Vec<u8>,
    /// SHA-256 of the file.
    #[prost(bytes = "vec", tag = "4")]
    #[serde(serialize_with = "hexadecimal")]
    pub sha256: Vec<u8>,
    /// Size of the file.
    #[prost(uint64, tag = "5")]
    pub bytes: u64,
    #[prost(string, tag = "6")]
    pub mime_type: String,
    /// Pixels; 0: not known.
    #[prost(uint32, tag = "7")]
    pub width: u32,
    #[prost(uint32, tag = "8")]
    pub height: u32,
}

/// What a file is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum MediaForm {
    Unknown = 0,
    Image = 1,
    Video = 2,
    Audio = 3,
    Document = 4,
    Sticker = 5,
    /// A film that plays by itself, without sound.
    Gif = 6,
}

impl MediaForm {
    /// As the Cloud API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Gif => "gif",
        }
    }

    /// Reads the Cloud API's name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Document, Self::Sticker, Self::Gif]
            .into_iter()
            .find(|form| form.as_str() == text)
    }
}

/// A file as a message shows it.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Media {
    #[prost(enumeration = "MediaForm", tag = "1")]
    #[serde(serialize_with = "form")]
    pub form: i32,
    #[prost(message, optional, tag = "2")]
    pub attachment: Option<Attachment>,
    #[prost(string, tag = "3")]
    pub caption: String,
    /// Of a document.
    #[prost(string, tag = "4")]
    pub filename: String,
    /// Of a recording: it was spoken into the messenger.
    #[prost(bool, tag = "5")]
    pub is_voice: bool,
    /// Of a sticker.
    #[prost(bool, tag = "6")]
    pub is_animated: bool,
}

impl Media {
    /// A file whose place is known and whose bytes are not yet: see [`super::Body::attachments_mut`].
    pub fn pending(form: MediaForm) -> Self {
        Self { form: form.into(), attachment: Some(Attachment::default()), ..Self::default() }
    }

    /// What to call it where there is no caption.
    pub fn name(&self) -> &str {
        if !self.filename.is_empty() {
            return &self.filename;
        }
        match self.form() {
            MediaForm::Image => "Photo",
            MediaForm::Video => "Video",
            MediaForm::Audio if self.is_voice => "Voice message",
            MediaForm::Audio => "Audio",
            MediaForm::Sticker => "Sticker",
            MediaForm::Gif => "GIF",
            MediaForm::Document | MediaForm::Unknown => "Document",
        }
    }
}

fn hexadecimal<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn form<S: serde::Serializer>(form: &i32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(MediaForm::try_from(*form).unwrap_or(MediaForm::Unknown).as_str())
}
