//! Which files can be sent as what: types and sizes as published, and a look at the first bytes, so that a program does
//! not travel as a picture.

use plaza_protocol::content::MediaForm;
use plaza_protocol::webp;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// One type of file.
struct Kind {
    form: MediaForm,
    mime_type: &'static str,
    bytes_max: u64,
    looks: fn(&[u8]) -> bool,
}

const OFFICE: &str = "application/vnd.openxmlformats-officedocument.";

/// What can be uploaded. A type may be sent as more than one form.
fn kinds() -> impl Iterator<Item = Kind> {
    use MediaForm::{Audio, Document, Image, Sticker, Video};
    let row = |form, mime_type, bytes_max, looks| Kind { form, mime_type, bytes_max, looks };
    [
        row(Image, "image/jpeg", 5 * MIB, |b| b.starts_with(&[0xFF, 0xD8, 0xFF])),
        row(Image, "image/png", 5 * MIB, |b| b.starts_with(b"\x89PNG\r\n\x1a\n")),
        row(Sticker, "image/webp", 500 * KIB, webp::is_webp),
        row(Video, "video/mp4", 16 * MIB, is_iso_media),
        row(Video, "video/3gpp", 16 * MIB, is_iso_media),
        row(Audio, "audio/aac", 16 * MIB, is_aac),
        row(Audio, "audio/amr", 16 * MIB, |b| b.starts_with(b"#!AMR")),
        row(Audio, "audio/mpeg", 16 * MIB, is_mp3),
        row(Audio, "audio/mp4", 16 * MIB, is_iso_media),
        row(Audio, "audio/ogg", 16 * MIB, |b| b.starts_with(b"OggS")),
        row(Document, "text/plain", 100 * MIB, is_text),
        row(Document, "application/pdf", 100 * MIB, |b| b.starts_with(b"%PDF-")),
        row(Document, "application/msword", 100 * MIB, is_old_office),
        row(Document, "application/vnd.ms-excel", 100 * MIB, is_old_office),
        row(Document, "application/vnd.ms-powerpoint", 100 * MIB, is_old_office),
        row(Document, "wordprocessingml.document", 100 * MIB, is_zip),
        row(Document, "spreadsheetml.sheet", 100 * MIB, is_zip),
        row(Document, "presentationml.presentation", 100 * MIB, is_zip),
    ]
    .into_iter()
}

/// Bytes of a sticker that does not move.
const STATIC_STICKER_BYTES_MAX: u64 = 100 * KIB;
/// Bytes of a film that plays by itself.
const GIF_BYTES_MAX: u64 = 16 * MIB;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaKind {
    /// Its type, without parameters.
    pub mime_type: String,
    /// Pixels; 0: not known.
    pub width: u32,
    /// Pixels; 0: not known.
    pub height: u32,
    /// A sticker that moves.
    pub is_animated: bool,
}

/// A type without its parameters, in lower case: `audio/ogg; codecs=opus` is `audio/ogg`.
pub fn plain(mime_type: &str) -> String {
    mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn of(mime_type: &str) -> impl Iterator<Item = Kind> {
    let short = mime_type.strip_prefix(OFFICE).unwrap_or(mime_type).to_owned();
    kinds().filter(move |kind| kind.mime_type == short)
}

/// Looks at a file that is said to be of a type; the error says why it cannot be used.
pub fn look(said: &str, file: &[u8]) -> Result<MediaKind, String> {
    let mime_type = match plain(said).as_str() {
        "image/jpg" => "image/jpeg".to_owned(),
        "audio/mp3" => "audio/mpeg".to_owned(),
        "audio/m4a" | "audio/x-m4a" => "audio/mp4".to_owned(),
        "audio/opus" => "audio/ogg".to_owned(),
        other => other.to_owned(),
    };
    let known: Vec<_> = of(&mime_type).collect();
    if known.is_empty() {
        let shown: String = mime_type.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(format!(
            "files of type {shown} cannot be sent; JPEG, PNG, WebP, MP4, 3GP, AAC, AMR, MP3, M4A, OGG, \
                            text, PDF and Office files can"
        ));
    }
    if file.is_empty() {
        return Err("the file is empty".to_owned());
    }
    if !known.iter().any(|kind| (kind.looks)(file)) {
        return Err(format!(
            "the file does not look like {mime_type}: its first bytes are those of something else"
        ));
    }
    let is_animated = mime_type == "image/webp" && webp::is_animated(file);
    let bytes = file.len() as u64;
    let most = known.iter().map(|kind| kind.bytes_max).max().unwrap_or(0);
    if bytes > most {
        return Err(format!("the file has {bytes} bytes; {mime_type} may have {most}"));
    }
    let (width, height) = pixels(file).unwrap_or_default();
    Ok(MediaKind { mime_type, width, height, is_animated })
}

/// Why a file of this type and size cannot be sent as `form`; `None`: it can.
pub(crate) fn refusal(form: MediaForm, mime_type: &str, bytes: u64, is_animated: bool) -> Option<String> {
    // Any file may travel as a document, a film as one that plays by itself.
    let bytes_max = match form {
        MediaForm::Document => of(mime_type).map(|_| 100 * MIB).max(),
        MediaForm::Gif => {
            of(mime_type).filter(|kind| kind.form == MediaForm::Video).map(|_| GIF_BYTES_MAX).max()
        }
        MediaForm::Sticker if mime_type == "image/webp" && !is_animated => Some(STATIC_STICKER_BYTES_MAX),
        form => of(mime_type).filter(|kind| kind.form == form).map(|kind| kind.bytes_max).max(),
    };
    match bytes_max {
        None => Some(format!("a file of type {mime_type} cannot be sent as {}", form.as_str())),
        Some(most) if bytes > most => {
            Some(format!("the file has {bytes} bytes; as {} it may have {most}", form.as_str()))
        }
        Some(_) => None,
    }
}

fn is_iso_media(b: &[u8]) -> bool {
    b.get(4..8) == Some(b"ftyp")
}

fn is_aac(b: &[u8]) -> bool {
    b.starts_with(b"ADIF") || matches!(b, [0xFF, second, ..] if second & 0xF6 == 0xF0)
}

fn is_mp3(b: &[u8]) -> bool {
    b.starts_with(b"ID3") || matches!(b, [0xFF, second, ..] if second & 0xE0 == 0xE0)
}

fn is_old_office(b: &[u8]) -> bool {
    b.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

fn is_zip(b: &[u8]) -> bool {
    b.starts_with(b"PK\x03\x04")
}

fn is_text(b: &[u8]) -> bool {
    !b.contains(&0) && std::str::from_utf8(b).is_ok()
}

/// Width and height of a picture, from its header.
fn pixels(b: &[u8]) -> Option<(u32, u32)> {
    let be32 = |at: usize| Some(u32::from_be_bytes(b.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let be16 =
        |at: usize| Some(u32::from(u16::from_be_bytes(b.get(at..at.checked_add(2)?)?.try_into().ok()?)));
    if b.starts_with(b"\x89PNG") {
        return Some((be32(16)?, be32(20)?));
    }
    if webp::is_webp(b) {
        return webp::pixels(b);
    }
    if !b.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    // JPEG: from marker to marker until the frame's.
    let mut at = 2_usize;
    loop {
        let marker = *b.get(at.checked_add(1)?)?;
        let is_frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        if is_frame {
            return Some((be16(at.checked_add(7)?)?, be16(at.checked_add(5)?)?));
        }
        at = at.checked_add(2)?.checked_add(usize::try_from(be16(at.checked_add(2)?)?).ok()?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02";

    #[test]
    fn a_file_is_what_it_looks_like() {
        let png = look("image/png", PNG).unwrap();
        assert_eq!((png.mime_type.as_str(), png.width, png.height), ("image/png", 2, 3));
        assert_eq!(look("image/PNG; q=1", PNG).unwrap().mime_type, "image/png");
        assert!(look("image/jpeg", PNG).unwrap_err().contains("does not look like"));
        assert!(look("application/x-msdownload", b"MZ").unwrap_err().contains("cannot be sent"));
        assert!(look("text/plain", b"").is_err());
        assert!(look("text/plain", b"a\0b").is_err());
        assert!(look("audio/ogg; codecs=opus", b"OggS....").is_ok());
        let office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert!(look(office, b"PK\x03\x04").is_ok());
        let mut animated = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0".to_vec();
        assert!(look("image/webp", &animated).unwrap().is_animated);
        animated[20] = 0;
        let still = look("image/webp", &animated).unwrap();
        assert_eq!((still.is_animated, still.width, still.height), (false, 16, 16));
    }

    #[test]
    fn sizes_end_where_they_should() {
        let refused = |form, mime, bytes| refusal(form, mime, bytes, false).is_some();
        assert!(!refused(MediaForm::Image, "image/png", 5 * MIB));
        assert!(refused(MediaForm::Image, "image/png", 5 * MIB + 1));
        assert!(!refused(MediaForm::Document, "image/png", 5 * MIB));
        assert!(refused(MediaForm::Image, "video/mp4", 1));
        assert!(refused(MediaForm::Sticker, "image/webp", 100 * KIB + 1));
        assert!(refusal(MediaForm::Sticker, "image/webp", 500 * KIB, true).is_none());
        assert!(look("image/png", &[PNG, &vec![0; usize::try_from(5 * MIB).unwrap()]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), said in ".*") {
            let _ = look(&said, &bytes);
            for head in [&[0xFF, 0xD8, 0xFF][..], b"\x89PNG", b"RIFF    WEBPVP8X"] {
                let _ = pixels(&[head, &bytes].concat());
            }
        }
    }
}
