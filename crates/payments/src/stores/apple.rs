//! # The App Store
//!
//! A client hands over a transaction that Apple signed: a JWS whose certificates lead to a root that the operator has
//! configured. It says which purchase it is about; how that stands, the App Store Server API says, whose transactions are
//! signed the same way and checked the same way. Notifications are version 2, a JWS as well, and are a hint.
//!
//! Which of Apple's many certificates may sign transactions stands in extensions of the certificates (Apple's markers for
//! receipts): without that check any developer's certificate of the same root would do. The chain is checked by the library
//! that checks those of TLS; Apple's own library says the same of good and of forged ones in `tests/compat/test_apple.py`.

use super::{Notification, Store, StoreError};
use crate::{Network, Request};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use plaza_billing::plans::{PurchaseState, Receipt, StorePayment, StoreRefund};
use plaza_protocol::{AccountId, Ctx, Micros, Secret, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};

/// 1.2.840.113635.100.6.11.1, on the certificate that signs.
const MARKER_OF_LEAF: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x0b, 0x01];
/// 1.2.840.113635.100.6.2.1, on the one above it.
const MARKER_OF_ISSUER: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, 0x02, 0x01];
/// A token to the interface is good for so many seconds.
const TOKEN_SECONDS: i64 = 300;
/// Pages of a purchase's history, of twenty transactions each.
const PAGES_MAX: usize = 50;
/// All of a payment, in thousandths of a percent.
const WHOLE: i64 = 100_000;
/// So far the clock of who signs may be ahead.
const SIGNED_AHEAD_MAX: Duration = Duration::from_secs(24 * 3600);

/// An app in the App Store.
#[derive(Debug, Clone)]
pub struct AppleSettings {
    /// Where the App Store Server API is.
    pub url: String,
    /// Apple's root certificate, DER.
    pub root: Vec<u8>,
    /// The app's bundle id.
    pub bundle_id: String,
    /// What stands before `plus.month` in the names of products.
    pub products_prefix: String,
    /// Of the key for in-app purchases.
    pub issuer_id: String,
    /// The same.
    pub key_id: String,
    /// The key, PKCS 8, DER.
    pub key: Secret<Vec<u8>>,
    /// Of each payment Apple keeps so much, in percent.
    pub commission_percent: i64,
    /// Purchases of Apple's sandbox count, too.
    pub takes_sandbox: bool,
}

/// The App Store.
#[derive(Debug)]
pub struct Apple {
    network: Arc<dyn Network>,
    settings: AppleSettings,
}

fn not_genuine(what: &str) -> StoreError {
    StoreError::NotGenuine(what.to_owned())
}

fn text<'a>(of: &'a Value, member: &str) -> &'a str {
    of.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A time in milliseconds.
fn time(of: &Value, member: &str) -> Option<Timestamp> {
    of.get(member).and_then(Value::as_i64).map(|millis| Timestamp(millis.saturating_mul(1000)))
}

/// Which part was given back, in thousandths of a percent; `None`: nothing was. What names no part is the whole.
fn revoked_part(of: &Value) -> Option<i64> {
    time(of, "revocationDate")?;
    let part = of.get("revocationPercentage").and_then(Value::as_i64).unwrap_or(WHOLE);
    Some(part.clamp(0, WHOLE))
}

/// What was given back of a payment. Apple says it as a part that is rounded to three decimals.
fn refund(of: &Value, amount: Micros) -> Option<StoreRefund> {
    let back =
        i128::from(amount.0).checked_mul(i128::from(revoked_part(of)?))?.checked_div(i128::from(WHOLE))?;
    Some(StoreRefund { amount: Micros(i64::try_from(back).ok()?), at: time(of, "revocationDate")? })
}

fn decoded(part: &str) -> Result<Vec<u8>, StoreError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| not_genuine("it is no signed transaction"))
}

fn parsed(bytes: &[u8]) -> Result<Value, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| not_genuine("it is no signed transaction"))
}

/// An element of DER: its tag, its content, and what comes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length
                .iter()
                .fold(0_usize, |sum, byte| sum.saturating_mul(256).saturating_add(usize::from(*byte)));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// Whether a certificate has an extension.
fn has_extension(certificate: &[u8], wanted: &[u8]) -> Option<bool> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    let extensions = loop {
        let (tag, content, after) = element(rest)?;
        if tag == 0xa3 {
            break content;
        }
        rest = after;
    };
    let (_, mut rest, _) = element(extensions)?;
    while let Some((_, extension, after)) = element(rest) {
        if element(extension).is_some_and(|(tag, oid, _)| tag == 0x06 && oid == wanted) {
            return Some(true);
        }
        rest = after;
    }
    Some(false)
}

/// What is signed, if the signature and the certificates are Apple's.
pub fn read_signed(signed: &str, root: &[u8], now: Timestamp) -> Result<Value, StoreError> {
    let mut parts = signed.trim().split('.');
    let (Some(head), Some(body), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(not_genuine("it is no signed transaction"));
    };
    let header = parsed(&decoded(head)?)?;
    if text(&header, "alg") != "ES256" {
        return Err(not_genuine("it is signed in another way than Apple signs"));
    }
    let chain = header.get("x5c").and_then(Value::as_array).into_iter().flatten();
    let chain: Vec<Vec<u8>> = chain
        .filter_map(Value::as_str)
        .map(|one| STANDARD.decode(one).map_err(|_| not_genuine("its certificates cannot be read")))
        .collect::<Result<_, _>>()?;
    let [leaf, issuer, ..] = chain.as_slice() else {
        return Err(not_genuine("its certificates are missing"));
    };
    if chain.len() > 3
        || has_extension(leaf, MARKER_OF_LEAF) != Some(true)
        || has_extension(issuer, MARKER_OF_ISSUER) != Some(true)
    {
        return Err(not_genuine("its certificates are not those that sign transactions"));
    }
    let payload = parsed(&decoded(body)?)?;
    // The certificates have to be good when it was signed, which may be long ago.
    let signed_at = time(&payload, "signedDate").unwrap_or(now);
    if signed_at > crate::later(now, SIGNED_AHEAD_MAX) {
        return Err(not_genuine("it is signed in the future"));
    }
    let at = UnixTime::since_unix_epoch(Duration::from_secs(
        u64::try_from(signed_at.seconds()).unwrap_or_default(),
    ));
    check_chain((leaf, issuer), root, at)?;
    let leaf = CertificateDer::from(leaf.as_slice());
    let leaf = EndEntityCert::try_from(&leaf).map_err(|_| not_genuine("its certificate cannot be read"))?;
    let key = leaf.subject_public_key_info();
    let point = public_point(&key).ok_or_else(|| not_genuine("its certificate has another key"))?;
    let message = signed.trim().rsplit_once('.').map_or("", |(message, _)| message);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(message.as_bytes(), &decoded(signature)?)
        .map_err(|_| not_genuine("its signature is wrong"))?;
    Ok(payload)
}

/// The point of a public key on P-256: what the bit string of its SubjectPublicKeyInfo holds.
fn public_point(key: &[u8]) -> Option<&[u8]> {
    let (_, content, _) = element(key)?;
    let (_, _, bits) = element(content)?;
    let (_, bits, _) = element(bits)?;
    bits.split_first().map(|(_, point)| point)
}

fn check_chain((leaf, issuer): (&[u8], &[u8]), root: &[u8], at: UnixTime) -> Result<(), StoreError> {
    let wrong = |_| not_genuine("its certificates do not lead to Apple's root");
    let root = CertificateDer::from(root);
    let anchor = webpki::anchor_from_trusted_cert(&root).map_err(wrong)?;
    let (leaf, issuer) = (CertificateDer::from(leaf), CertificateDer::from(issuer));
    let leaf = EndEntityCert::try_from(&leaf).map_err(wrong)?;
    // Apple's certificates name no use of their key that the library knows: one that is not there is never wanted.
    let usage = KeyUsage::required_if_present(MARKER_OF_LEAF);
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &[anchor], &[issuer], at, usage, None, None)
        .map(drop)
        .map_err(wrong)
}

impl Apple {
    /// An app in the App Store.
    pub fn new(network: Arc<dyn Network>, settings: AppleSettings) -> Self {
        Self { network, settings }
    }

    /// With what it works.
    pub fn settings(&self) -> &AppleSettings {
        &self.settings
    }

    /// The token for a call.
    fn token(&self, ctx: &Ctx) -> Result<String, StoreError> {
        let now = ctx.now().seconds();
        let head = json!({"alg": "ES256", "kid": self.settings.key_id, "typ": "JWT"});
        let claims = json!({
            "iss": self.settings.issuer_id, "iat": now, "exp": now.saturating_add(TOKEN_SECONDS),
            "aud": "appstoreconnect-v1", "bid": self.settings.bundle_id,
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&head), encode(&claims));
        let broken = || StoreError::Unavailable("the key for the App Store cannot be used".to_owned());
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.settings.key.0, &random);
        let signature = key.map_err(|_| broken())?.sign(&random, message.as_bytes()).map_err(|_| broken())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }

    async fn ask(&self, ctx: &Ctx, path: &str) -> Result<Value, StoreError> {
        let request = Request {
            is_post: false,
            url: format!("{}{path}", self.settings.url.trim_end_matches('/')),
            headers: vec![("authorization", format!("Bearer {}", self.token(ctx)?))],
            body: String::new(),
        };
        let answer = self.network.call(request).await;
        let answer = answer.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|_| StoreError::Unavailable("the answer is no JSON".to_owned())),
            400 | 404 => Err(not_genuine("the App Store has no such transaction")),
            status => Err(StoreError::Unavailable(format!("the App Store answered {status}"))),
        }
    }

    fn signed(&self, ctx: &Ctx, signed: &str) -> Result<Value, StoreError> {
        let payload = read_signed(signed, &self.settings.root, ctx.now())?;
        Ok(payload)
    }

    /// A transaction of this app.
    fn transaction(&self, ctx: &Ctx, signed: &str) -> Result<Value, StoreError> {
        let payload = self.signed(ctx, signed)?;
        if text(&payload, "bundleId") != self.settings.bundle_id {
            return Err(not_genuine("it is of another app"));
        }
        if text(&payload, "environment") != "Production" && !self.settings.takes_sandbox {
            return Err(not_genuine("it is of Apple's sandbox"));
        }
        Ok(payload)
    }

    fn product(&self, of: &Value) -> Result<String, StoreError> {
        let name = text(of, "productId");
        let product = name.strip_prefix(&self.settings.products_prefix);
        product.map(str::to_owned).ok_or_else(|| not_genuine("it is another product"))
    }

    /// All transactions of a purchase, the earliest first.
    async fn history(&self, ctx: &Ctx, reference: &str) -> Result<Vec<Value>, StoreError> {
        let (mut found, mut revision) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let page =
                self.ask(ctx, &format!("/inApps/v2/history/{reference}?sort=ASCENDING{revision}")).await?;
            for signed in page.get("signedTransactions").and_then(Value::as_array).into_iter().flatten() {
                let one = self.transaction(ctx, signed.as_str().unwrap_or_default())?;
                if text(&one, "originalTransactionId") == reference {
                    found.push(one);
                }
            }
            if page.get("hasMore").and_then(Value::as_bool) != Some(true) {
                return Ok(found);
            }
            let next: String =
                url::form_urlencoded::byte_serialize(text(&page, "revision").as_bytes()).collect();
            revision = format!("&revision={next}");
        }
        Err(StoreError::Unavailable("the history has no end".to_owned()))
    }

    /// Apple's word for how a subscription stands, and what it says of its renewal.
    async fn status(&self, ctx: &Ctx, reference: &str) -> Result<(i64, Value), StoreError> {
        let answer = self.ask(ctx, &format!("/inApps/v1/subscriptions/{reference}")).await?;
        let groups = answer.get("data").and_then(Value::as_array).into_iter().flatten();
        let rows = groups.filter_map(|group| group.get("lastTransactions")?.as_array()).flatten();
        for row in rows {
            if text(row, "originalTransactionId") == reference {
                let renewal = self.signed(ctx, text(row, "signedRenewalInfo"))?;
                return Ok((row.get("status").and_then(Value::as_i64).unwrap_or_default(), renewal));
            }
        }
        Err(not_genuine("the App Store has no such subscription"))
    }

    fn payment(&self, of: &Value) -> Result<Option<StorePayment>, StoreError> {
        let price = of.get("price").and_then(Value::as_i64).unwrap_or_default();
        // A currency that the books do not have is not booked: the operator sees a purchase without a payment.
        let Ok(currency) = text(of, "currency").parse() else { return Ok(None) };
        let amount = Micros(price.saturating_mul(1000));
        let percent = amount.0.saturating_mul(self.settings.commission_percent).checked_div(100);
        Ok(Some(StorePayment {
            transaction: text(of, "transactionId").to_owned(),
            product: self.product(of)?,
            amount,
            commission: Micros(percent.unwrap_or_default()),
            currency,
            from: time(of, "purchaseDate").ok_or_else(|| not_genuine("it has no date"))?,
            to: time(of, "expiresDate"),
            refunded: refund(of, amount),
        }))
    }
}

#[async_trait]
impl Store for Apple {
    fn name(&self) -> &'static str {
        "apple"
    }

    async fn verify(&self, ctx: &Ctx, proof: &str) -> Result<Receipt, StoreError> {
        let shown = self.transaction(ctx, proof)?;
        self.look_up(ctx, text(&shown, "originalTransactionId")).await
    }

    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Receipt, StoreError> {
        if reference.is_empty() || !reference.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(not_genuine("it has no number"));
        }
        let asked_at = ctx.now();
        let history = self.history(ctx, reference).await?;
        let last = history.last().ok_or_else(|| not_genuine("the App Store has no such transaction"))?;
        // A part that was given back is a lower price: whether it still runs, the status of a subscription says.
        let is_revoked = revoked_part(last) == Some(WHOLE);
        let mut expires_at = time(last, "expiresDate");
        let (mut state, mut renews) = (PurchaseState::Active, false);
        if expires_at.is_some() {
            let (status, renewal) = self.status(ctx, reference).await?;
            renews = status == 1 && renewal.get("autoRenewStatus").and_then(Value::as_i64) == Some(1);
            state = match status {
                1 => PurchaseState::Active,
                4 => PurchaseState::Grace,
                5 => PurchaseState::Revoked,
                _ => PurchaseState::Expired,
            };
            if status == 4 {
                expires_at = time(&renewal, "gracePeriodExpiresDate").or(expires_at);
            }
        }
        let payments = history.iter().map(|one| self.payment(one)).collect::<Result<Vec<_>, _>>()?;
        Ok(Receipt {
            store: "apple",
            reference: reference.to_owned(),
            asked_at,
            account: text(last, "appAccountToken").parse::<uuid::Uuid>().ok().map(AccountId),
            product: self.product(last)?,
            state: if is_revoked { PurchaseState::Revoked } else { state },
            expires_at,
            renews: renews && !is_revoked,
            is_trial: text(last, "offerDiscountType") == "FREE_TRIAL",
            is_family_shared: text(last, "inAppOwnershipType") == "FAMILY_SHARED",
            replaces: None,
            payments: payments.into_iter().flatten().collect(),
        })
    }

    async fn read_notification(
        &self,
        ctx: &Ctx,
        notification: &Notification<'_>,
    ) -> Result<Option<String>, StoreError> {
        let payload = self.signed(ctx, text(&parsed(notification.body)?, "signedPayload"))?;
        let Some(data) = payload.get("data") else { return Ok(None) };
        let Some(signed) = data.get("signedTransactionInfo").and_then(Value::as_str) else { return Ok(None) };
        let about = self.transaction(ctx, signed)?;
        Ok(Some(text(&about, "originalTransactionId").to_owned()))
    }

    fn manage_url(&self) -> Option<&'static str> {
        Some("https://apps.apple.com/account/subscriptions")
    }
}
