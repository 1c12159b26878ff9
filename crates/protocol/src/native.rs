//! The JSON bodies of the native HTTP surface: registration, which comes before a device has a socket.
//!
//! 1. `POST /v1/registrations` [`StartRegistration`] → [`RegistrationStarted`]: a one-time code is on its way.
//! 2. `POST /v1/registrations/{registration_id}/verify` [`VerifyCode`] → [`CodeVerified`].
//! 3. `POST /v1/devices` [`RegisterDevice`] → [`DeviceRegistered`]. The account's devices before it are revoked.

use crate::{AccountId, DeviceId, RegistrationId, Timestamp};
use serde::{Deserialize, Serialize};

/// Bytes as base64 in JSON.
pub mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes bytes as a base64 text.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    /// Reads bytes from a base64 text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A wrapper for lists of bytes in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Base64(#[serde(with = "base64_bytes")] pub Vec<u8>);

/// Asks for a one-time code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartRegistration {
    /// As the person wrote it, with the country code.
    pub number: String,
}

/// The same answer whether the number is registered or not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegistrationStarted {
    /// For the next step.
    pub registration_id: RegistrationId,
    /// When the code ends.
    pub expires_at: Timestamp,
}

/// Brings the code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VerifyCode {
    /// Six digits.
    pub code: String,
}

/// The number is the asker's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeVerified {
    /// The account of this number: new, or the one that it had.
    pub account_id: AccountId,
    /// Good for one device, as long as the code was.
    pub registration_token: String,
}

/// Registers the device and its keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegisterDevice {
    /// From [`CodeVerified`].
    pub registration_token: String,
    /// Made by the client. A repeat with the same id gets the first answer.
    pub device_id: DeviceId,
    /// The name that others see.
    pub name: String,
    /// The account identity key, Ed25519, 32 bytes.
    pub identity_key: Base64,
    /// The device certificate, signed by the identity key and by the device.
    pub certificate: Base64,
    /// One-time key packages.
    pub key_packages: Vec<Base64>,
    /// The last-resort key package.
    pub last_resort: Base64,
}

/// The device is in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceRegistered {
    /// The account.
    pub account_id: AccountId,
    /// The device.
    pub device_id: DeviceId,
    /// For [`crate::wire::Hello`]. Shown once.
    pub token: String,
}
