//! # Secrets at rest
//!
//! Some secrets must be readable by the server: an app's secret, because webhooks are signed with it, and the keys of
//! the hosted devices. They are stored encrypted under a key that lives in a file beside the database, so that a copy
//! of the database alone signs and reads nothing.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, KeyInit as _, Mac as _};
use plaza_protocol::{Ctx, Secret};
use sha2::Sha256;

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

    /// Encrypts `secret` under the name `about`: sealed under one, it does not open under another.
    pub fn seal(&self, ctx: &Ctx, about: &[u8], secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_BYTES] = ctx.random();
        let payload = Payload { msg: secret, aad: about };
        let sealed = self.cipher().encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| SealError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What was sealed under the name `about`.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(SealError)?;
        let payload = Payload { msg: sealed, aad: about };
        self.cipher().decrypt(Nonce::from_slice(nonce), payload).map_err(|_| SealError)
    }

    /// A signature under the name `about`, that only this key makes.
    pub fn sign(&self, about: &[u8]) -> Result<[u8; 32], SealError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.0).map_err(|_| SealError)?;
        mac.update(b"plaza signature\0");
        mac.update(about);
        Ok(mac.finalize().into_bytes().into())
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
        let sealed = key.seal(&ctx, b"17", b"s3cr3t").unwrap();
        assert_eq!(key.open(b"17", &sealed).unwrap(), b"s3cr3t");
        assert!(key.open(b"18", &sealed).is_err(), "another object");
        assert!(SealingKey::new([8; 32]).open(b"17", &sealed).is_err(), "another key");
        assert!(key.open(b"17", &sealed[..5]).is_err(), "cut off");
        assert!(!sealed.windows(6).any(|window| window == b"s3cr3t"));
        assert!(!format!("{key:?}").contains('7'));
    }
}
