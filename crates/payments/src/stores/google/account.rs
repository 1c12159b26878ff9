//! # The service account
//!
//! It signs a statement of who it is and what it wants to do, and gets a token for that, which is good for an hour and kept
//! for so long.

use super::super::StoreError;
use super::{later_by, text};
use crate::{Network, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use plaza_protocol::{Ctx, Secret, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What it wants to do.
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A statement is good for so many seconds.
const STATEMENT_SECONDS: i64 = 3600;
/// So many seconds before its end a token is not used any more.
const SPARE_SECONDS: i64 = 60;

/// Who asks Google.
#[derive(Debug, Clone)]
pub struct ServiceAccount {
    /// Its name.
    pub email: String,
    /// Its key's.
    pub key_id: String,
    /// Its key, PKCS 8, DER.
    pub key: Secret<Vec<u8>>,
    /// Where tokens are given out.
    pub token_url: String,
}

/// What is wrong with the file of a service account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AccountError(&'static str);

impl ServiceAccount {
    /// Reads the JSON file that Google gives for an account's key.
    pub fn read(file: &[u8]) -> Result<Self, AccountError> {
        let of: Value = serde_json::from_slice(file).map_err(|_| AccountError("it is no JSON"))?;
        let lines = text(&of, "private_key").lines().map(str::trim);
        let key: String = lines.filter(|line| !line.starts_with("-----")).collect();
        let key = STANDARD.decode(key).map_err(|_| AccountError("its private_key is no PEM"))?;
        RsaKeyPair::from_pkcs8(&key).map_err(|_| AccountError("its private_key is no RSA key"))?;
        let (email, token_url) = (text(&of, "client_email"), text(&of, "token_uri"));
        if email.is_empty() {
            return Err(AccountError("its client_email is missing"));
        }
        if !token_url.starts_with("https://") && !token_url.starts_with("http://") {
            return Err(AccountError("its token_uri must begin with https://"));
        }
        let (email, token_url) = (email.to_owned(), token_url.to_owned());
        Ok(Self { email, key_id: text(&of, "private_key_id").to_owned(), key: Secret(key), token_url })
    }

    fn statement(&self, ctx: &Ctx) -> Result<String, StoreError> {
        let now = ctx.now().seconds();
        let head = json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id});
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_url, "iat": now,
            "exp": now.saturating_add(STATEMENT_SECONDS),
        });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&head), encode(&claims));
        let broken = || StoreError::Unavailable("the key for Google Play cannot be used".to_owned());
        let key = RsaKeyPair::from_pkcs8(&self.key.0).map_err(|_| broken())?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|_| broken())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The token that is good now, if there is one.
#[derive(Debug, Default)]
pub(super) struct Token(Mutex<Option<(Secret<String>, Timestamp)>>);

impl Token {
    fn kept(&self) -> MutexGuard<'_, Option<(Secret<String>, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was refused.
    pub(super) fn forget(&self) {
        *self.kept() = None;
    }

    /// The token for a call.
    pub(super) async fn get(
        &self,
        ctx: &Ctx,
        network: &dyn Network,
        account: &ServiceAccount,
    ) -> Result<Secret<String>, StoreError> {
        let kept = self.kept().clone();
        if let Some((token, _)) = kept.filter(|(_, until)| ctx.now() < *until) {
            return Ok(token);
        }
        let statement = account.statement(ctx)?;
        let asked_at = ctx.now();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &statement)
            .finish();
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let request = Request { is_post: true, url: account.token_url.clone(), headers, body };
        let answer = network.call(request).await;
        let answer = answer.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        if answer.status != 200 {
            let words = format!("Google's server of tokens answered {}", answer.status);
            return Err(StoreError::Unavailable(words));
        }
        let silent = || StoreError::Unavailable("Google's server of tokens gave none".to_owned());
        let answer: Value = serde_json::from_slice(&answer.body).map_err(|_| silent())?;
        let token = text(&answer, "access_token");
        if token.is_empty() {
            return Err(silent());
        }
        let token = Secret(token.to_owned());
        let seconds = answer.get("expires_in").and_then(Value::as_i64).unwrap_or_default();
        let until = later_by(asked_at, seconds.saturating_sub(SPARE_SECONDS));
        *self.kept() = Some((token.clone(), until));
        Ok(token)
    }
}
