//! The key that flows encrypt for: an RSA public key of 2048 bits, as PEM.

use crate::documents::{Kind, Shape, required};
use crate::management::ManageError;
use crate::numbers::text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

const KEY: Shape = Shape(&[required("business_public_key", Kind::Text(1, 4096))]);
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// Bytes of the modulus.
const MODULUS_BYTES: usize = 256;
/// The algorithm of a key: `rsaEncryption`, no parameters.
const RSA: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;

/// The key in a request. Line ends may come escaped, as environment variables carry them.
pub(super) fn read(request: &Value) -> Result<Map<String, Value>, ManageError> {
    let mut members = KEY.read(request)?;
    let pem =
        text(&members, "business_public_key").unwrap_or_default().replace("\\n", "\n").replace('\r', "");
    let what =
        "an RSA public key of 2048 bits is expected, as PEM that begins with -----BEGIN PUBLIC KEY-----";
    if !is_rsa_2048(&pem) {
        return Err(ManageError::invalid("business_public_key", what));
    }
    members.insert("business_public_key".to_owned(), Value::String(pem.trim().to_owned() + "\n"));
    Ok(members)
}

/// Whether a PEM holds an RSA key of 2048 bits.
pub(crate) fn is_rsa_2048(pem: &str) -> bool {
    let Some(inner) = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) else {
        return false;
    };
    let encoded: String = inner.split_ascii_whitespace().collect();
    STANDARD.decode(encoded).is_ok_and(|der| modulus(&der).is_some_and(is_full))
}

fn is_full(modulus: &[u8]) -> bool {
    let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    digits.len() == MODULUS_BYTES && digits.first().is_some_and(|first| *first >= 0x80)
}

/// The modulus of a public key in DER.
fn modulus(der: &[u8]) -> Option<&[u8]> {
    let (key, []) = element(der, SEQUENCE)? else { return None };
    let (bits, []) = element(key.strip_prefix(&RSA)?, BIT_STRING)? else { return None };
    let (numbers, []) = element(bits.strip_prefix(&[0])?, SEQUENCE)? else { return None };
    let (modulus, rest) = element(numbers, INTEGER)?;
    let (exponent, []) = element(rest, INTEGER)? else { return None };
    (!exponent.is_empty()).then_some(modulus)
}

/// One element of DER with this tag: its content, and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let ([high, low], rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
