//! # Files for the endpoint of a form
//!
//! A photo or document that a person puts into a business's form is fetched by the business's own program, which opens
//! it the way WhatsApp Flows describe: AES-256 in CBC mode, then ten bytes of an HMAC-SHA-256 over the initial vector
//! and the ciphertext. The keys are made for this one file and go along in what the endpoint is asked. This format is
//! theirs, for their endpoints only; files of messages are sealed as in [`crate::seal_attachment`].

use aes_gcm::aes::Aes256;
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of the code at the end.
const CODE_BYTES: usize = 10;

/// What opens such a file.
#[derive(Clone)]
pub struct EndpointKeys {
    /// Of the cipher.
    pub encryption_key: [u8; 32],
    /// Of the code.
    pub hmac_key: [u8; 32],
    /// The initial vector.
    pub iv: [u8; 16],
}

impl std::fmt::Debug for EndpointKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EndpointKeys")
    }
}

/// The file as the endpoint fetches it.
pub fn seal_for_endpoint(keys: &EndpointKeys, file: &[u8]) -> Vec<u8> {
    let cipher = Encryptor::<Aes256>::new(&keys.encryption_key.into(), &keys.iv.into());
    let mut sealed = cipher.encrypt_padded_vec_mut::<Pkcs7>(file);
    // A key that is shorter than a block of SHA-256 is the same with zeros behind it.
    let mut block = [0; 64];
    block[..32].copy_from_slice(&keys.hmac_key);
    let mut code = Hmac::<Sha256>::new(&block.into());
    code.update(&keys.iv);
    code.update(&sealed);
    sealed.extend(code.finalize().into_bytes().into_iter().take(CODE_BYTES));
    sealed
}
