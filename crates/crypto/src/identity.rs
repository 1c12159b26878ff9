//! # Who a device belongs to
//!
//! An account has one **identity key**, born on its first device; it never leaves the account's own devices. Each
//! device has a signature key of its own, the one that it uses in MLS. A **device certificate** binds the two: it names
//! account and device, carries both public keys, and is signed by the identity key ("this device is mine") and by the
//! device ("I am that device"), so that nobody can claim another's device for an account.
//!
//! A certificate proves itself. Whether the identity key in it is the right one is a question for whoever knows the
//! account: the server compares it with the key that was registered; a client keeps the first one that it sees and
//! tells its person when it changes ([`crate::safety_number`] lets two people compare).

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use plaza_protocol::{AccountId, Ctx, DeviceId, Timestamp};

/// The public identity key of an account: Ed25519, 32 bytes.
pub type IdentityKey = [u8; 32];

const SIGNED_BY_IDENTITY: &[u8] = b"plaza device certificate 1, identity\0";
const SIGNED_BY_DEVICE: &[u8] = b"plaza device certificate 1, device\0";
const VERSION: u8 = 1;
const HOSTED: u8 = 1;
const BODY_BYTES: usize = 1 + 16 + 16 + 32 + 32 + 8 + 1;

/// A certificate's length.
pub const CERTIFICATE_BYTES: usize = BODY_BYTES + 64 + 64;

/// A private Ed25519 key; its `Debug` shows nothing of it.
#[derive(Clone)]
struct Private(SigningKey);

impl std::fmt::Debug for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Private(…)")
    }
}

impl Private {
    fn new(ctx: &Ctx) -> Self {
        Self(SigningKey::from_bytes(&ctx.random()))
    }

    fn sign(&self, label: &[u8], body: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(&[label, body].concat()).to_bytes()
    }
}

/// The private identity key of an account.
#[derive(Debug, Clone)]
pub struct Identity(Private);

impl Identity {
    /// A new identity: an account's first device makes it.
    pub fn new(ctx: &Ctx) -> Self {
        Self(Private::new(ctx))
    }

    /// Reads the identity from what [`Self::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Private(SigningKey::from_bytes(bytes)))
    }

    /// The private key, for the device's own store.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.0.to_bytes()
    }

    /// The public key.
    pub fn key(&self) -> IdentityKey {
        self.0.0.verifying_key().to_bytes()
    }

    /// Makes a device of this account, with a new key and its certificate.
    pub fn new_device(&self, ctx: &Ctx, account: AccountId, device: DeviceId, hosted: bool) -> Device {
        let key = Private::new(ctx);
        let mut certificate = Certificate {
            account,
            device,
            identity_key: self.key(),
            device_key: key.0.verifying_key().to_bytes(),
            created_at: ctx.now(),
            hosted,
            identity_signature: [0; 64],
            device_signature: [0; 64],
        };
        let body = certificate.body();
        certificate.identity_signature = self.0.sign(SIGNED_BY_IDENTITY, &body);
        certificate.device_signature = key.sign(SIGNED_BY_DEVICE, &body);
        Device { key, certificate }
    }
}

/// A device of an account with its private signature key.
#[derive(Debug, Clone)]
pub struct Device {
    key: Private,
    certificate: Certificate,
}

impl Device {
    /// Reads the device from what [`Self::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CertificateError> {
        let (key, certificate) = bytes.split_at_checked(32).ok_or(CertificateError::Malformed)?;
        let key: [u8; 32] = key.try_into().map_err(|_| CertificateError::Malformed)?;
        let device = Self {
            key: Private(SigningKey::from_bytes(&key)),
            certificate: Certificate::from_bytes(certificate)?,
        };
        if device.key.0.verifying_key().to_bytes() != device.certificate.device_key {
            return Err(CertificateError::Malformed);
        }
        Ok(device)
    }

    /// The private key and the certificate, for the device's own store.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.key.0.to_bytes()[..], &self.certificate.to_bytes()].concat()
    }

    /// Whose device it is.
    pub fn account(&self) -> AccountId {
        self.certificate.account
    }

    /// Which device it is.
    pub fn id(&self) -> DeviceId {
        self.certificate.device
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// What MLS signs with.
impl Signer for Device {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign(&[], payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Why a certificate is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate of this version.
    #[error("the device certificate is malformed")]
    Malformed,
    /// A signature does not verify.
    #[error("the device certificate has a wrong signature")]
    BadSignature,
}

/// Binds a device to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose device it is.
    pub account: AccountId,
    /// Which device it is.
    pub device: DeviceId,
    /// The account's identity key.
    pub identity_key: IdentityKey,
    /// The device's signature key, Ed25519.
    pub device_key: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether somebody else than the account holds the device's keys: the operator's gateway.
    pub hosted: bool,
    identity_signature: [u8; 64],
    device_signature: [u8; 64],
}

impl Certificate {
    fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(CERTIFICATE_BYTES);
        body.push(VERSION);
        body.extend_from_slice(self.account.as_bytes());
        body.extend_from_slice(self.device.as_bytes());
        body.extend_from_slice(&self.identity_key);
        body.extend_from_slice(&self.device_key);
        body.extend_from_slice(&self.created_at.0.to_be_bytes());
        body.push(if self.hosted { HOSTED } else { 0 });
        body
    }

    /// As it stands in a leaf node and in a registration.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.body();
        bytes.extend_from_slice(&self.identity_signature);
        bytes.extend_from_slice(&self.device_signature);
        bytes
    }

    /// Reads a certificate; its signatures are checked by [`Self::verify`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CertificateError> {
        let mut rest = Reader(bytes);
        let [version] = rest.take()?;
        let certificate = Self {
            account: AccountId::from_slice(&rest.take::<16>()?).map_err(|_| CertificateError::Malformed)?,
            device: DeviceId::from_slice(&rest.take::<16>()?).map_err(|_| CertificateError::Malformed)?,
            identity_key: rest.take()?,
            device_key: rest.take()?,
            created_at: Timestamp(i64::from_be_bytes(rest.take()?)),
            hosted: match rest.take()? {
                [0] => false,
                [HOSTED] => true,
                _ => return Err(CertificateError::Malformed),
            },
            identity_signature: rest.take()?,
            device_signature: rest.take()?,
        };
        if version != VERSION || !rest.0.is_empty() {
            return Err(CertificateError::Malformed);
        }
        Ok(certificate)
    }

    /// Checks both signatures.
    pub fn verify(&self) -> Result<(), CertificateError> {
        let body = self.body();
        verify(&self.identity_key, SIGNED_BY_IDENTITY, &body, &self.identity_signature)?;
        verify(&self.device_key, SIGNED_BY_DEVICE, &body, &self.device_signature)
    }
}

fn verify(key: &[u8; 32], label: &[u8], body: &[u8], signature: &[u8; 64]) -> Result<(), CertificateError> {
    VerifyingKey::from_bytes(key)
        .and_then(|key| key.verify_strict(&[label, body].concat(), &Signature::from_bytes(signature)))
        .map_err(|_| CertificateError::BadSignature)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CertificateError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(CertificateError::Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ctx;
    use proptest::prelude::*;

    fn device() -> Device {
        let ctx = ctx(1);
        Identity::new(&ctx).new_device(&ctx, ctx.uuid(), ctx.uuid(), true)
    }

    #[test]
    fn a_device_survives_its_store() {
        let device = device();
        let read = Device::from_bytes(&device.to_bytes()).unwrap();
        assert_eq!(read.certificate(), device.certificate());
        assert_eq!(device.certificate().to_bytes().len(), CERTIFICATE_BYTES);
        read.certificate().verify().unwrap();
        assert!(read.certificate().hosted);
    }

    #[test]
    fn one_changed_bit_is_noticed() {
        let bytes = device().certificate().to_bytes();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let verified = Certificate::from_bytes(&changed).and_then(|certificate| certificate.verify());
            assert!(verified.is_err(), "byte {at}");
        }
    }

    #[test]
    fn nobody_certifies_the_device_of_another() {
        let ctx = ctx(2);
        let (ana, eve) = (Identity::new(&ctx), Identity::new(&ctx));
        let device = ana.new_device(&ctx, ctx.uuid(), ctx.uuid(), false);
        let mut forged = device.certificate().clone();
        forged.identity_key = eve.key();
        forged.identity_signature = eve.0.sign(SIGNED_BY_IDENTITY, &forged.body());
        assert_eq!(forged.verify(), Err(CertificateError::BadSignature));
    }

    proptest! {
        #[test]
        fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let verified = Certificate::from_bytes(&bytes).and_then(|certificate| certificate.verify());
            prop_assert!(verified.is_err());
            prop_assert!(Device::from_bytes(&bytes).is_err());
        }
    }
}
