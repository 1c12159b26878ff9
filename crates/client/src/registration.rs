//! # A new device
//!
//! [`Registration`] is what the server learns of a new device: the identity key, the certificate and the first key
//! packages. The private halves stay in the device's rows.

use crate::rows;
use plaza_crypto::{Device, Identity, IdentityKey, KeyPackageError, Keystore, Suite, make_key_package};
use plaza_protocol::limits::KEY_PACKAGES_STOCK;
use plaza_protocol::native::{Base64, RegisterDevice};
use plaza_protocol::{AccountId, Ctx, DeviceId};

/// A device could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// Its key packages could not be made.
    #[error("the device's key packages could not be made")]
    KeyPackage(#[from] KeyPackageError),
}

/// The public part of a new device.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The device.
    pub device: DeviceId,
    /// The account identity key.
    pub identity_key: IdentityKey,
    /// The device certificate.
    pub certificate: Vec<u8>,
    /// One-time key packages.
    pub key_packages: Vec<Vec<u8>>,
    /// The last-resort key package.
    pub last_resort: Vec<u8>,
}

impl Registration {
    pub(crate) fn new(
        ctx: &Ctx,
        keystore: &Keystore,
        identity: Identity,
        account: AccountId,
        device: DeviceId,
        hosted: bool,
    ) -> Result<(Device, Self), RegistrationError> {
        let device = identity.new_device(ctx, account, device, hosted);
        keystore.rows().set(rows::DEVICE.to_vec(), device.to_bytes());
        keystore.rows().set(rows::IDENTITY.to_vec(), identity.to_bytes().to_vec());
        let suite = Suite::current();
        let registration = Self {
            device: device.id(),
            identity_key: identity.key(),
            certificate: device.certificate().to_bytes(),
            key_packages: (0..KEY_PACKAGES_STOCK)
                .map(|_| make_key_package(keystore, &device, suite, false))
                .collect::<Result<_, _>>()?,
            last_resort: make_key_package(keystore, &device, suite, true)?,
        };
        Ok((device, registration))
    }

    /// The body of the request that registers the device.
    pub fn to_request(&self, registration_token: String, name: String) -> RegisterDevice {
        RegisterDevice {
            registration_token,
            device_id: self.device,
            name,
            identity_key: Base64(self.identity_key.to_vec()),
            certificate: Base64(self.certificate.clone()),
            key_packages: self.key_packages.iter().cloned().map(Base64).collect(),
            last_resort: Base64(self.last_resort.clone()),
        }
    }
}
