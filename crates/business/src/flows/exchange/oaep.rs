//! RSA with a public key: OAEP with SHA-256 (RFC 8017, section 7.1), and the key's PEM (RFC 7468, RFC 5280).
//!
//! By hand, because it is little: encrypting needs no secret of ours. The crate `rsa` would bring decryption, which has
//! an open advisory (RUSTSEC-2023-0071). The arithmetic is `crypto-bigint`'s, in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Encoding as _, U64, U2048};
use sha2::{Digest as _, Sha256};

/// Bytes of a key's modulus.
const MODULUS_BYTES: usize = 256;
const HASH_BYTES: usize = 32;
/// Between the hash of the label and the message.
const PADDING_BYTES_LEAST: usize = MODULUS_BYTES - 2 * HASH_BYTES - 2;
/// `rsaEncryption`.
const ALGORITHM: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// Characters of a PEM.
const PEM_CHARACTERS_MAX: usize = 4096;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// A public RSA key of 2048 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: U2048,
    exponent: u64,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    pub fn read(pem: &str) -> Option<Self> {
        if pem.len() > PEM_CHARACTERS_MAX {
            return None;
        }
        let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
        let (inner, _) = rest.split_once("-----END PUBLIC KEY-----")?;
        let inner: String = inner.replace("\\n", "").split_whitespace().collect();
        Self::from_der(&STANDARD.decode(inner).ok()?)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let mut outer = Der(der).inside(SEQUENCE)?;
        let mut algorithm = Der(outer.next(SEQUENCE)?);
        if algorithm.next(OBJECT_IDENTIFIER)? != ALGORITHM {
            return None;
        }
        // The first byte of a bit string says how many bits of the last are unused.
        let key = outer.next(BIT_STRING)?.strip_prefix(&[0])?;
        let mut key = Der(key).inside(SEQUENCE)?;
        let modulus = key.next(INTEGER)?.strip_prefix(&[0])?;
        let exponent = key.next(INTEGER)?;
        if modulus.len() != MODULUS_BYTES || exponent.is_empty() || exponent.len() > 8 {
            return None;
        }
        let exponent = exponent.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        let modulus = U2048::from_be_slice(modulus);
        let is_usable =
            bool::from(modulus.bit(0)) && modulus.bits() == 2048 && exponent >= 3 && exponent % 2 == 1;
        is_usable.then_some(Self { modulus, exponent })
    }

    /// Encrypts a short message; `seed` is random, and used once.
    pub(super) fn encrypt(&self, message: &[u8], seed: [u8; HASH_BYTES]) -> Option<Vec<u8>> {
        let padding = PADDING_BYTES_LEAST.checked_sub(message.len())?;
        let mut block = Sha256::digest([]).to_vec();
        block.resize(block.len().saturating_add(padding), 0);
        block.push(1);
        block.extend_from_slice(message);
        mask(&mut block, &seed);
        let mut seed = seed.to_vec();
        mask(&mut seed, &block);
        let padded = [&[0][..], &seed, &block].concat();
        let number = U2048::from_be_slice(&padded);
        let modulus = DynResidueParams::new(&self.modulus);
        let power = DynResidue::new(&number, modulus).pow(&U64::from_u64(self.exponent));
        Some(power.retrieve().to_be_bytes().to_vec())
    }
}

/// Lays the mask of a seed over some bytes (MGF1).
fn mask(bytes: &mut [u8], seed: &[u8]) {
    for (counter, part) in (0_u32..).zip(bytes.chunks_mut(HASH_BYTES)) {
        let digest = Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        part.iter_mut().zip(digest).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// What is left to read of a DER text.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next value, if it is of this kind.
    fn next(&mut self, kind: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81 | 0x82 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (length.iter().fold(0_usize, |number, byte| (number << 8) | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (*found == kind).then_some(content)
    }

    fn inside(mut self, kind: u8) -> Option<Self> {
        self.next(kind).map(Self)
    }
}
