//! # Who pushes
//!
//! Pub/Sub signs each push with a token (OpenID Connect, RS256): that it is the service account of the operator's push
//! subscription, for the audience that was configured there. Google's public keys are fetched where they are published and
//! kept for as long as the answer says. A push that is not signed so is refused before anything of it is read.

use super::super::StoreError;
use super::{text, unavailable};
use crate::{Network, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_protocol::{Ctx, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where Google publishes the keys.
pub const GOOGLE_KEYS_URL: &str = "https://www.googleapis.com/oauth2/v3/certs";
/// As it names itself.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// So far clocks may differ.
const SKEW_SECONDS: i64 = 60;
/// Bytes of a token; they have some 900.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Keys are kept at least so long, and for so long nobody asks again who had no answer: whoever pushes what, the server does
/// not fetch them all the time. They are kept for a day at most.
const KEPT_AT_LEAST: Duration = Duration::from_secs(60);
const KEPT_AT_MOST: Duration = Duration::from_secs(24 * 3600);
/// What somebody hears as long as there are no keys.
const UNREADABLE: &str = "Google's keys cannot be read";
/// Keys that are kept; Google has two or three.
const KEYS_MAX: usize = 20;

/// Who may push.
#[derive(Debug, Clone)]
pub struct Pushes {
    /// The Pub/Sub subscription: `projects/…/subscriptions/…`.
    pub subscription: String,
    /// The service account that it signs as.
    pub account: String,
    /// For whom it signs: what is configured at the subscription, else the address that it calls.
    pub audience: String,
    /// Where Google's keys are.
    pub keys_url: String,
}

#[derive(Debug, Clone)]
struct Key {
    id: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// What is known of Google's keys.
#[derive(Debug)]
struct Kept {
    keys: Vec<Key>,
    until: Timestamp,
    /// When they were asked for last.
    asked_at: Timestamp,
    /// Whether there was no answer then that could be read.
    has_failed: bool,
}

/// Google's keys, as they were published last.
#[derive(Debug, Default)]
pub(super) struct Keys {
    kept: Mutex<Option<Kept>>,
    /// One asks, and who comes meanwhile waits for its answer.
    asking: tokio::sync::Mutex<()>,
}

fn unsigned(what: &str) -> StoreError {
    StoreError::Unsigned(what.to_owned())
}

fn unknown_key() -> StoreError {
    unsigned("its key is none of Google's")
}

fn part(text: &str) -> Result<Vec<u8>, StoreError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| unsigned("its token cannot be read"))
}

fn json(text: &str) -> Result<Value, StoreError> {
    serde_json::from_slice(&part(text)?).map_err(|_| unsigned("its token cannot be read"))
}

fn read_keys(body: &[u8]) -> Option<Vec<Key>> {
    let of: Value = serde_json::from_slice(body).ok()?;
    let keys = of.get("keys")?.as_array()?.iter().take(KEYS_MAX);
    let keys = keys.filter(|key| text(key, "kty") == "RSA").filter_map(|key| {
        let decoded = |member| URL_SAFE_NO_PAD.decode(text(key, member)).ok();
        Some(Key { id: text(key, "kid").to_owned(), modulus: decoded("n")?, exponent: decoded("e")? })
    });
    Some(keys.collect())
}

/// Google's keys, and for how long they are good.
async fn fetch(network: &dyn Network, url: &str) -> Result<(Vec<Key>, Duration), StoreError> {
    let request = Request { is_post: false, url: url.to_owned(), headers: Vec::new(), body: String::new() };
    let answer = network.call(request).await.map_err(|error| unavailable(&error.to_string()))?;
    let keys = read_keys(&answer.body).filter(|keys| answer.status == 200 && !keys.is_empty());
    let age = answer.max_age.unwrap_or_default().clamp(KEPT_AT_LEAST, KEPT_AT_MOST);
    Ok((keys.ok_or_else(|| unavailable(UNREADABLE))?, age))
}

impl Keys {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of the key of a name; `None`: Google may be asked.
    fn known(&self, now: Timestamp, id: &str) -> Option<Result<Key, StoreError>> {
        let kept = self.kept();
        let kept = kept.as_ref()?;
        if let Some(key) = kept.keys.iter().find(|key| now < kept.until && key.id == id) {
            return Some(Ok(key.clone()));
        }
        let may_ask = now >= crate::later(kept.asked_at, KEPT_AT_LEAST);
        let error = || if kept.has_failed { unavailable(UNREADABLE) } else { unknown_key() };
        (!may_ask).then(|| Err(error()))
    }

    /// The key of a name. Whatever is pushed, Google is asked once a minute at most, and by one at a time.
    async fn get(&self, ctx: &Ctx, network: &dyn Network, url: &str, id: &str) -> Result<Key, StoreError> {
        if let Some(known) = self.known(ctx.now(), id) {
            return known;
        }
        let _one_asks = self.asking.lock().await;
        if let Some(known) = self.known(ctx.now(), id) {
            return known;
        }
        let answer = fetch(network, url).await;
        let (mut kept, asked_at) = (self.kept(), ctx.now());
        match answer {
            Ok((keys, age)) => {
                let found = keys.iter().find(|key| key.id == id).cloned();
                let until = crate::later(asked_at, age);
                *kept = Some(Kept { keys, until, asked_at, has_failed: false });
                found.ok_or_else(unknown_key)
            }
            Err(error) => {
                let (keys, until) =
                    kept.take().map_or((Vec::new(), asked_at), |kept| (kept.keys, kept.until));
                *kept = Some(Kept { keys, until, asked_at, has_failed: true });
                Err(error)
            }
        }
    }

    /// Whether a push is signed by the account, for the audience, now.
    pub(super) async fn check(
        &self,
        ctx: &Ctx,
        network: &dyn Network,
        from: &Pushes,
        authorization: Option<&str>,
    ) -> Result<(), StoreError> {
        let token = authorization.and_then(|value| value.split_once(' '));
        let token =
            token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let token = token.filter(|token| token.len() <= TOKEN_BYTES_MAX);
        let token = token.ok_or_else(|| {
            unsigned("it has no bearer token: switch authentication on at the subscription")
        })?;
        let parts: Vec<&str> = token.split('.').collect();
        let [head, body, signature] = parts.as_slice() else {
            return Err(unsigned("its token cannot be read"));
        };
        let header = json(head)?;
        if text(&header, "alg") != "RS256" {
            return Err(unsigned("its token is signed in another way than Google signs"));
        }
        let key = self.get(ctx, network, &from.keys_url, text(&header, "kid")).await?;
        let message = format!("{head}.{body}");
        RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &part(signature)?)
            .map_err(|_| unsigned("the signature of its token is wrong"))?;
        check_claims(&json(body)?, from, ctx.now().seconds())
    }
}

fn check_claims(claims: &Value, from: &Pushes, now: i64) -> Result<(), StoreError> {
    if !ISSUERS.contains(&text(claims, "iss")) {
        return Err(unsigned("its token is not issued by Google"));
    }
    if text(claims, "aud") != from.audience {
        return Err(unsigned("its token is for another audience than store.google.notifications_audience"));
    }
    let is_verified = claims.get("email_verified").and_then(Value::as_bool) == Some(true);
    if text(claims, "email") != from.account || !is_verified {
        return Err(unsigned("its token is of another account than store.google.notifications_account"));
    }
    let second = |member| claims.get(member).and_then(Value::as_i64);
    let is_over = second("exp").is_none_or(|end| end.saturating_add(SKEW_SECONDS) <= now);
    let is_early = second("iat").is_some_and(|at| at.saturating_sub(SKEW_SECONDS) > now);
    if is_over || is_early { Err(unsigned("its token is not good now")) } else { Ok(()) }
}
