//! # Webhooks of providers
//!
//! A webhook is a hint that something changed. Its signature is checked, its event is noted, and then the payment that it
//! speaks of is looked up. What the webhook claims is never believed: it may be old, doubled or in the wrong order.

use crate::{Payment, PaymentError, Payments, store};
use hmac::{Hmac, KeyInit as _, Mac as _};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, Secret, Timestamp};
use serde_json::Value;
use sha2::Sha256;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// So far the time of a signature may be from ours.
const TOLERANCE: Duration = Duration::from_secs(300);
/// Characters of an event's id and kind.
const WORD_CHARACTERS_MAX: usize = 200;

/// A webhook is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// There is no signature, or it is not one.
    #[error("the Stripe-Signature header is missing or cannot be read: t=…,v1=… is expected")]
    Unsigned,
    /// It was signed with another secret, or changed on its way.
    #[error("the signature does not belong to this body and this endpoint's secret")]
    WrongSignature,
    /// It was signed too long ago, or in the future.
    #[error("the signature is more than 5 minutes old, or from the future: send the webhook again")]
    TooOld,
    /// The body is not an event.
    #[error("the body is not an event with id and type")]
    Malformed,
}

/// An event of a webhook whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's name for it.
    pub event_id: String,
    /// What it tells.
    pub kind: String,
    /// The intent that it speaks of, if it does.
    pub intent: Option<String>,
}

/// Checks a webhook's signature (scheme v1 of Stripe) and reads its event.
pub fn read_webhook(
    body: &[u8],
    signature: Option<&str>,
    secret: &Secret<String>,
    now: Timestamp,
) -> Result<Event, WebhookError> {
    let signature = signature.ok_or(WebhookError::Unsigned)?;
    let parts: Vec<(&str, &str)> =
        signature.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let signed_at = parts.iter().find(|(name, _)| *name == "t").map(|(_, value)| *value);
    let signed_at: i64 = signed_at.and_then(|text| text.parse().ok()).ok_or(WebhookError::Unsigned)?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).map_err(|_| WebhookError::WrongSignature)?;
    mac.update(signed_at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let expected = hex::encode(mac.finalize().into_bytes());
    // While a secret is being changed there are two.
    let mut given = parts.iter().filter(|(name, _)| *name == "v1").map(|(_, value)| *value).peekable();
    if given.peek().is_none() {
        return Err(WebhookError::Unsigned);
    }
    if !given.any(|given| bool::from(given.as_bytes().ct_eq(expected.as_bytes()))) {
        return Err(WebhookError::WrongSignature);
    }
    let distance = now.seconds().abs_diff(signed_at);
    if distance > TOLERANCE.as_secs() {
        return Err(WebhookError::TooOld);
    }
    let said: Value = serde_json::from_slice(body).map_err(|_| WebhookError::Malformed)?;
    let word = |name: &str| {
        let found = said.get(name).and_then(Value::as_str);
        let found = found.filter(|text| !text.is_empty() && text.chars().count() <= WORD_CHARACTERS_MAX);
        found.map(str::to_owned).ok_or(WebhookError::Malformed)
    };
    let object = said.pointer("/data/object");
    let member = |name: &str| object.and_then(|object| object.get(name)).and_then(Value::as_str);
    let intent = match member("object") {
        Some("payment_intent") => member("id"),
        _ => member("payment_intent"),
    };
    Ok(Event { event_id: word("id")?, kind: word("type")?, intent: intent.map(str::to_owned) })
}

impl Payments {
    /// Takes a hint: the payment of the event, looked up; `None`: the event speaks of none of ours.
    pub async fn hint(&self, ctx: &Ctx, event: Event) -> Result<Option<Payment>, PaymentError> {
        let provider = self.provider()?.name();
        let note = async move |ctx: &Ctx, tx: &mut Tx| {
            tx.query_one(store::NOTE_EVENT, params![provider, &event.event_id, &event.kind, ctx.now()])
                .await?;
            let Some(intent) = &event.intent else { return Ok(None) };
            let row = tx.query_one(store::PAYMENT_OF_REFERENCE, params![provider, intent]).await?;
            row.map(|row| Payment::read(&row)).transpose()
        };
        match self.db.transact(ctx, "payments.hint", note).await? {
            Some(payment) => self.advance(ctx, payment.payment_id).await.map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(body: &[u8], at: i64, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn a_webhook_is_taken_with_a_fresh_signature_of_this_secret_only() {
        let body = br#"{"id": "evt_1", "type": "payment_intent.succeeded",
            "data": {"object": {"object": "payment_intent", "id": "pi_1"}}}"#;
        let secret = Secret("whsec_1".to_owned());
        let now = Timestamp::from_seconds(1_800_000_000);
        let read = |signature: Option<&str>, body: &[u8]| read_webhook(body, signature, &secret, now);
        let good = sign(body, 1_800_000_000, "whsec_1");
        let event = read(Some(&good), body).unwrap();
        assert_eq!((event.event_id.as_str(), event.intent.as_deref()), ("evt_1", Some("pi_1")));
        let edge = sign(body, 1_800_000_000 - 300, "whsec_1");
        assert!(read(Some(&edge), body).is_ok());
        for at in [1_800_000_000 - 301, 1_800_000_000 + 301] {
            let old = sign(body, at, "whsec_1");
            assert_eq!(read(Some(&old), body).unwrap_err(), WebhookError::TooOld);
        }
        let other = sign(body, 1_800_000_000, "whsec_2");
        assert_eq!(read(Some(&other), body).unwrap_err(), WebhookError::WrongSignature);
        assert_eq!(read(Some(&good), b"{}").unwrap_err(), WebhookError::WrongSignature);
        for unsigned in [None, Some(""), Some("t=1"), Some("v1=00"), Some("t=x,v1=00")] {
            assert_eq!(read(unsigned, body).unwrap_err(), WebhookError::Unsigned, "{unsigned:?}");
        }
        for malformed in
            [&b"nonsense"[..], b"{}", br#"{"id": 7, "type": "x"}"#, br#"{"id": "", "type": "x"}"#]
        {
            let signature = sign(malformed, 1_800_000_000, "whsec_1");
            assert_eq!(read(Some(&signature), malformed).unwrap_err(), WebhookError::Malformed);
        }
        let two = format!("{good},v1=00");
        assert!(read(Some(&two), body).is_ok(), "while a secret is changed there are two");
    }
}
