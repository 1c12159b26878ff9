//! # Secrets at rest
//!
//! An app's secret must be readable by the server, because webhooks are signed with it. It is stored encrypted under a
//! key that lives in a file beside the database, so that a copy of the database alone signs nothing.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use plaza_protocol::{Ctx, Secret};

const NONCE_BYTES: usize = 12;

/// The key of the key file: 32 bytes.
#[derive(Debug)]
pub struct SealingKey(Secret<[u8; 32]>);

/// A sealed secret cannot be opened: another key file, or a damaged row.
#[derive(Debug, thiserror::Error)]
#[error("a stored secret cannot be opened with this key file")]
pub struct SealError;

impl SealingKey {
    /// From the bytes of the key file.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Secret(key))
    }

    /// Encrypts `secret` for the object `about`: sealed for one, it does not open for another.
    pub(crate) fn seal(&self, ctx: &Ctx, about: i64, secret: &str) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_BYTES] = ctx.random();
        let payload = Payload { msg: secret.as_bytes(), aad: &about.to_be_bytes() };
        let sealed = self.cipher().encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| SealError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// The secret that was sealed for `about`.
    pub(crate) fn open(&self, about: i64, sealed: &[u8]) -> Result<Secret<String>, SealError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(SealError)?;
        let payload = Payload { msg: sealed, aad: &about.to_be_bytes() };
        let secret = self.cipher().decrypt(Nonce::from_slice(nonce), payload).map_err(|_| SealError)?;
        String::from_utf8(secret).map(Secret).map_err(|_| SealError)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(Key::from_slice(&self.0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_for_its_object_only() {
        let (ctx, _) = plaza_db::testing::ctx();
        let key = SealingKey::new([7; 32]);
        let sealed = key.seal(&ctx, 17, "s3cr3t").unwrap();
        assert_eq!(key.open(17, &sealed).unwrap().0, "s3cr3t");
        assert!(key.open(18, &sealed).is_err(), "another object");
        assert!(SealingKey::new([8; 32]).open(17, &sealed).is_err(), "another key");
        assert!(key.open(17, &sealed[..5]).is_err(), "cut off");
        assert!(!sealed.windows(6).any(|window| window == b"s3cr3t"));
        assert!(!format!("{key:?}").contains('7'));
    }
}
