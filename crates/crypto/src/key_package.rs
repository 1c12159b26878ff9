//! # Key packages
//!
//! With a key package of a device somebody else can put that device into a group while it is away. The server hands
//! each one out once; when the stock is gone, the one of last resort, which may be used again.

use crate::group::Provider;
use crate::{Cause, Device, Keystore, LeafError, Member, RowsError, Suite, leaf};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    KeyPackage, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, OpenMlsProvider as _,
    ProtocolVersion,
};

/// Why a key package is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyPackageError {
    /// Not a key package.
    #[error("the key package is malformed")]
    Malformed,
    /// Of a suite that this version does not know.
    #[error("the key package is of an unknown suite")]
    UnknownSuite,
    /// Its signatures do not verify.
    #[error("the key package is not valid")]
    Invalid(#[source] Cause),
    /// Its leaf is not that of a certified device.
    #[error("the key package's leaf is refused")]
    Leaf(#[from] LeafError),
    /// One could not be made.
    #[error("a key package could not be made")]
    Make(#[source] Cause),
    /// The rows are broken.
    #[error("the key package could not be stored")]
    Rows(#[from] RowsError),
}

/// What a key package says, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPackageFacts {
    /// Whose it is.
    pub member: Member,
    /// The suite of the groups that it is for.
    pub suite: Suite,
    /// Whether it may be used more than once.
    pub last_resort: bool,
    /// Its reference (RFC 9420, 5.2): the same for the same package.
    pub reference: Vec<u8>,
}

/// Makes a key package of a device; its private keys go into the keystore's rows.
pub fn make_key_package(
    keystore: &Keystore,
    device: &Device,
    suite: Suite,
    last_resort: bool,
) -> Result<Vec<u8>, KeyPackageError> {
    let provider = Provider::of_device(keystore);
    let mut builder = KeyPackage::builder()
        .key_package_lifetime(leaf::lifetime())
        .leaf_node_capabilities(leaf::capabilities())
        .leaf_node_extensions(leaf::extensions(device)?);
    if last_resort {
        builder = builder.mark_as_last_resort();
    }
    keystore.rows().atomically(|| {
        let bundle = builder
            .build(suite.mls, &provider, device, leaf::credential(device))
            .map_err(|error| KeyPackageError::Make(error.into()))?;
        let message = MlsMessageOut::from(bundle.into_key_package());
        message.to_bytes().map_err(|error| KeyPackageError::Make(error.into()))
    })
}

/// Checks a key package: its form, its signatures and its device's certificate.
pub fn inspect_key_package(keystore: &Keystore, bytes: &[u8]) -> Result<KeyPackageFacts, KeyPackageError> {
    let provider = Provider::of_device(keystore);
    let (package, member, suite) = validated(&provider, bytes)?;
    let reference =
        package.hash_ref(provider.crypto()).map_err(|error| KeyPackageError::Invalid(error.into()))?;
    Ok(KeyPackageFacts {
        member,
        suite,
        last_resort: package.last_resort(),
        reference: reference.as_slice().to_vec(),
    })
}

pub(crate) fn validated(
    provider: &Provider<'_>,
    bytes: &[u8],
) -> Result<(KeyPackage, Member, Suite), KeyPackageError> {
    let unverified = read(bytes).ok_or(KeyPackageError::Malformed)?;
    let package = unverified
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .map_err(|error| KeyPackageError::Invalid(error.into()))?;
    let suite = Suite::of(package.ciphersuite()).ok_or(KeyPackageError::UnknownSuite)?;
    let member = leaf::verified_key_package(&package)?;
    Ok((package, member, suite))
}

fn read(bytes: &[u8]) -> Option<KeyPackageIn> {
    match MlsMessageIn::tls_deserialize_exact(bytes).ok()?.extract() {
        MlsMessageBodyIn::KeyPackage(package) => Some(package),
        _ => None,
    }
}
