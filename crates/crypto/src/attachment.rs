//! # Files of messages
//!
//! A file travels as a **blob** that the server keeps and cannot read. Its key is made for it alone and stands in the
//! message. The file is padded like a message (Padmé), cut into chunks, and each chunk is sealed with AES-256-GCM; the
//! nonce counts the chunks and marks the last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár,
//! 2015), so that chunks cannot be left out, put in another order, or cut off at the end. A reader may open one chunk
//! without the others.

use crate::padding::padme;
use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes256Gcm, Key, KeyInit as _, Nonce};

/// What opens a file.
pub const ATTACHMENT_KEY_BYTES: usize = 32;
/// Bytes of a file in one chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// What the seal of a chunk adds.
const TAG_BYTES: usize = 16;

/// A blob cannot be opened: another key, or it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file cannot be opened: it is damaged, or the key is another one's")]
pub struct AttachmentError;

/// The encrypted blob of a file.
pub fn seal_attachment(key: &[u8; ATTACHMENT_KEY_BYTES], file: &[u8]) -> Result<Vec<u8>, AttachmentError> {
    let mut padded = Vec::with_capacity(padme(file.len()));
    padded.extend_from_slice(file);
    padded.resize(padme(file.len()), 0);
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key));
    let chunks = padded.len().div_ceil(CHUNK_BYTES);
    let mut blob = Vec::with_capacity(padded.len().saturating_add(chunks.saturating_mul(TAG_BYTES)));
    for (number, chunk) in padded.chunks(CHUNK_BYTES).enumerate() {
        let nonce = nonce(number, number.saturating_add(1) == chunks)?;
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), chunk).map_err(|_| AttachmentError)?;
        blob.extend_from_slice(&sealed);
    }
    Ok(blob)
}

/// The file of `bytes` bytes in a blob.
pub fn open_attachment(
    key: &[u8; ATTACHMENT_KEY_BYTES],
    blob: &[u8],
    bytes: u64,
) -> Result<Vec<u8>, AttachmentError> {
    let bytes = usize::try_from(bytes).map_err(|_| AttachmentError)?;
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key));
    let chunk_bytes = CHUNK_BYTES.saturating_add(TAG_BYTES);
    let chunks = blob.len().div_ceil(chunk_bytes);
    let mut file = Vec::with_capacity(blob.len());
    for (number, chunk) in blob.chunks(chunk_bytes).enumerate() {
        let nonce = nonce(number, number.saturating_add(1) == chunks)?;
        file.extend_from_slice(
            &cipher.decrypt(Nonce::from_slice(&nonce), chunk).map_err(|_| AttachmentError)?,
        );
    }
    if file.len() != padme(bytes) {
        return Err(AttachmentError);
    }
    file.truncate(bytes);
    Ok(file)
}

/// The size of the blob of a file: what an uploader has to send.
pub fn sealed_attachment_bytes(file_bytes: usize) -> usize {
    let padded = padme(file_bytes);
    padded.saturating_add(padded.div_ceil(CHUNK_BYTES).saturating_mul(TAG_BYTES))
}

/// Seven zeros, the number of the chunk, and whether it is the last.
fn nonce(number: usize, is_last: bool) -> Result<[u8; 12], AttachmentError> {
    let number = u32::try_from(number).map_err(|_| AttachmentError)?;
    let mut nonce = [0; 12];
    let [a, b, c, d] = number.to_be_bytes();
    [nonce[7], nonce[8], nonce[9], nonce[10], nonce[11]] = [a, b, c, d, u8::from(is_last)];
    Ok(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn sizes_around_a_chunk_come_back() {
        for bytes in [0, 1, 63, 64, 65, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let file: Vec<u8> = (0..bytes).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let blob = seal_attachment(&KEY, &file).unwrap();
            assert_eq!(blob.len(), sealed_attachment_bytes(bytes), "{bytes}");
            assert_eq!(open_attachment(&KEY, &blob, bytes as u64).unwrap(), file, "{bytes}");
        }
    }

    #[test]
    fn a_changed_blob_does_not_open() {
        let file = vec![1; 3 * CHUNK_BYTES];
        let blob = seal_attachment(&KEY, &file).unwrap();
        let chunk = CHUNK_BYTES + TAG_BYTES;
        let open = |blob: &[u8]| open_attachment(&KEY, blob, file.len() as u64);
        let mut flipped = blob.clone();
        flipped[chunk + 5] ^= 1;
        assert_eq!(open(&flipped), Err(AttachmentError), "a bit");
        assert_eq!(open(&blob[..2 * chunk]), Err(AttachmentError), "the last chunk cut off");
        assert_eq!(open(&blob[chunk..]), Err(AttachmentError), "the first chunk left out");
        let swapped = [&blob[chunk..2 * chunk], &blob[..chunk], &blob[2 * chunk..]].concat();
        assert_eq!(open(&swapped), Err(AttachmentError), "two chunks swapped");
        assert_eq!(open_attachment(&[8; 32], &blob, file.len() as u64), Err(AttachmentError), "another key");
        assert_eq!(open_attachment(&KEY, &blob, 1), Err(AttachmentError), "another size");
        assert_eq!(open(&[]), Err(AttachmentError), "nothing");
    }

    proptest! {
        #[test]
        fn nothing_that_comes_panics(blob in proptest::collection::vec(any::<u8>(), 0..400), bytes: u64) {
            prop_assert_eq!(open_attachment(&KEY, &blob, bytes), Err(AttachmentError));
        }
    }
}
