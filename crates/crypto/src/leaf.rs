//! # What a leaf must be
//!
//! A device stands in a group as a leaf of its tree. The leaf's credential is the account id and the device id, 32
//! bytes; an extension carries the [`Certificate`]. [`verified`] is the one rule, the same for every client and for the
//! server: if two of them judged a leaf differently, the group would fall apart.
//!
//! A leaf is verified once, when it enters a group that one follows: by a welcome, a commit, or with the whole tree.
//! [`parsed`] reads a leaf that was verified before.

use crate::{Certificate, CertificateError, Device, IdentityKey, SUITES};
use openmls::prelude::{
    BasicCredential, Capabilities, Credential, CredentialType, CredentialWithKey, Extension, ExtensionType,
    Extensions, KeyPackage, LeafNode, Lifetime, ProtocolVersion, UnknownExtension,
};
use plaza_protocol::{AccountId, DeviceId};

/// The leaf-node extension with the device certificate, of the range for private use.
const CERTIFICATE_EXTENSION: u16 = 0xf100;

/// A device in a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Whose device it is.
    pub account: AccountId,
    /// Which device it is.
    pub device: DeviceId,
    /// The identity key that its certificate names.
    pub identity_key: IdentityKey,
    /// Whether somebody else than the account holds its keys.
    pub hosted: bool,
}

/// Why a leaf is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// The credential is not an account and a device.
    #[error("a leaf's credential is not an account and a device")]
    Credential,
    /// There is no certificate in it.
    #[error("a leaf has no device certificate")]
    NoCertificate,
    /// The certificate does not verify.
    #[error("a leaf's device certificate is not valid")]
    Certificate(#[from] CertificateError),
    /// The certificate is of another device or of another key.
    #[error("a leaf's device certificate is of another device")]
    OtherDevice,
    /// The same device stands in the group twice.
    #[error("a device stands in the group twice")]
    Twice,
}

/// Reads the account and the device from a credential.
pub(crate) fn of_credential(credential: &Credential) -> Result<(AccountId, DeviceId), LeafError> {
    if credential.credential_type() != CredentialType::Basic {
        return Err(LeafError::Credential);
    }
    let (account, device) =
        credential.serialized_content().split_at_checked(16).ok_or(LeafError::Credential)?;
    let account = AccountId::from_slice(account).map_err(|_| LeafError::Credential)?;
    let device = DeviceId::from_slice(device).map_err(|_| LeafError::Credential)?;
    Ok((account, device))
}

fn certificate_of(leaf: &LeafNode) -> Result<(Member, Certificate), LeafError> {
    let (account, device) = of_credential(leaf.credential())?;
    let bytes = &leaf.extensions().unknown(CERTIFICATE_EXTENSION).ok_or(LeafError::NoCertificate)?.0;
    let certificate = Certificate::from_bytes(bytes)?;
    let member =
        Member { account, device, identity_key: certificate.identity_key, hosted: certificate.hosted };
    Ok((member, certificate))
}

/// Checks a leaf: the rule for all who follow a group.
pub(crate) fn verified(leaf: &LeafNode) -> Result<Member, LeafError> {
    let (member, certificate) = certificate_of(leaf)?;
    let same_device = (certificate.account, certificate.device) == (member.account, member.device);
    if !same_device || leaf.signature_key().as_slice() != certificate.device_key {
        return Err(LeafError::OtherDevice);
    }
    certificate.verify()?;
    Ok(member)
}

/// Reads a leaf that was checked when it entered the group.
pub(crate) fn parsed(leaf: &LeafNode) -> Result<Member, LeafError> {
    certificate_of(leaf).map(|(member, _)| member)
}

/// Checks the leaf of a key package.
pub(crate) fn verified_key_package(key_package: &KeyPackage) -> Result<Member, LeafError> {
    verified(key_package.leaf_node())
}

/// The credential of a device, with its key.
pub(crate) fn credential(device: &Device) -> CredentialWithKey {
    let identity = [&device.account().as_bytes()[..], device.id().as_bytes()].concat();
    CredentialWithKey {
        credential: BasicCredential::new(identity).into(),
        signature_key: device.certificate().device_key.to_vec().into(),
    }
}

/// What a client of this version can do.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .versions(vec![ProtocolVersion::Mls10])
        .ciphersuites(SUITES.iter().map(|suite| suite.mls).collect())
        .extensions(vec![ExtensionType::LastResort, ExtensionType::Unknown(CERTIFICATE_EXTENSION)])
        .credentials(vec![CredentialType::Basic])
        .build()
}

/// The leaf extensions of a device.
pub(crate) fn extensions(device: &Device) -> Result<Extensions<LeafNode>, LeafError> {
    let certificate = UnknownExtension(device.certificate().to_bytes());
    Extensions::single(Extension::Unknown(CERTIFICATE_EXTENSION, certificate))
        .map_err(|_| LeafError::NoCertificate)
}

/// Leaves do not end by the clock: a device is removed by a commit when it goes. (An end would make each join fail as
/// soon as one member of the group was away for too long, and a client whose clock is wrong could not talk at all.)
pub(crate) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}
