//! # Who calls
//!
//! `Authorization: Bearer …`, `Authorization: OAuth …` or `access_token=…`; a token in the parameters wins, because
//! SDKs put their own in the header of every call and the one that a method wants beside it.
//!
//! A good token is remembered for a few seconds, under its fingerprint: sending costs no look-up, and a revoked token
//! dies at most that much later.

use super::CloudApi;
use super::errors::GraphError;
use super::params::Params;
use axum::http::{HeaderMap, Method, header};
use plaza_business::apps::{self, AuthenticateError, Token, TokenKind};
use plaza_business::codes;
use plaza_business::portfolios::NodeKind;
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx, PortfolioId, Timestamp, WabaId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a token is believed without looking.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);
/// Tokens that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Tokens that were good a moment ago.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<HashMap<[u8; 32], (Token, Timestamp)>>);

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenCache")
    }
}

impl TokenCache {
    fn get(&self, ctx: &Ctx, fingerprint: &[u8; 32]) -> Option<Token> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, seen_at) = tokens.get(fingerprint)?;
        let now = ctx.now();
        // A clock that was put back is no reason to believe longer.
        let is_fresh = *seen_at <= now && now < *seen_at + REMEMBERED_FOR;
        let is_good = token.expires_at.is_none_or(|expires_at| now < expires_at);
        (is_fresh && is_good).then(|| token.clone())
    }

    pub(super) fn forget(&self, fingerprint: &[u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(fingerprint);
    }

    fn put(&self, ctx: &Ctx, fingerprint: [u8; 32], token: &Token) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= REMEMBERED_MAX {
            tokens.clear();
        }
        tokens.insert(fingerprint, (token.clone(), ctx.now()));
    }
}

/// Who calls an operation that needs no token: it may nothing.
pub(super) fn nobody(ctx: &Ctx) -> Token {
    Token {
        kind: TokenKind::Nobody,
        app: AppId(0),
        portfolio: PortfolioId(0),
        scopes: Vec::new(),
        issued_at: ctx.now(),
        expires_at: None,
        user: None,
        targets: None,
        needs_proof: false,
    }
}

/// The token of a request.
pub(super) async fn authenticate(
    app: &CloudApi,
    ctx: &Ctx,
    headers: &HeaderMap,
    params: &mut Params,
) -> Result<Token, GraphError> {
    let given = params.take_token().or_else(|| header_token(headers));
    let given = given.ok_or_else(|| GraphError::new(codes::TOKEN_NEEDED))?;
    let proof = params.take("appsecret_proof");
    let token = look_up(app, ctx, given.clone()).await?;
    if proof.is_some() || token.needs_proof {
        check_proof(app, ctx, &token, given, proof).await?;
    }
    Ok(token)
}

/// The caller shows that they know the app's secret: then a stolen token alone is worth nothing.
async fn check_proof(
    app: &CloudApi,
    ctx: &Ctx,
    token: &Token,
    given: String,
    proof: Option<String>,
) -> Result<(), GraphError> {
    let Some(proof) = proof else {
        let what = "the app wants an appsecret_proof with each call: the hex HMAC-SHA256 of the token under its secret";
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(what));
    };
    let (business, of) = (app.business.clone(), token.app);
    let check = async move |_: &Ctx, tx: &mut Tx| business.is_proof(tx, of, &given, &proof).await;
    if app.db.read(ctx, "cloud_api.check_proof", check).await? {
        return Ok(());
    }
    let what = "Invalid appsecret_proof provided in the API argument";
    Err(GraphError::new(codes::INVALID_PARAMETER).details(what))
}

/// A token that reaches some accounts only, an employee's or a partner's, does not act for the whole business.
pub(super) fn check_reach(token: &Token, method: &Method, kind: NodeKind) -> Result<(), GraphError> {
    let is_of_business = match kind {
        NodeKind::Portfolio | NodeKind::User | NodeKind::PreverifiedNumber | NodeKind::Catalog => {
            *method != Method::GET
        }
        NodeKind::Solution => true,
        _ => false,
    };
    if token.targets.is_none() || !is_of_business {
        return Ok(());
    }
    let what =
        "the access token reaches some accounts only: this wants one of an administrator of the business";
    Err(GraphError::new(codes::PERMISSION).details(what))
}

/// A token that reaches some accounts only reaches what belongs to these.
pub(super) fn check_target(token: &Token, waba: Option<WabaId>) -> Result<(), GraphError> {
    match (&token.targets, waba) {
        (Some(targets), Some(waba)) if !targets.contains(&waba.0) => {
            let what = format!(
                "the access token does not reach the account {waba}: its user has to be assigned to it"
            );
            Err(GraphError::new(codes::PERMISSION).details(what))
        }
        _ => Ok(()),
    }
}

/// Whose token this is.
pub(super) async fn look_up(app: &CloudApi, ctx: &Ctx, given: String) -> Result<Token, AuthenticateError> {
    let fingerprint = apps::fingerprint(&given);
    if let Some(token) = app.tokens.get(ctx, &fingerprint) {
        return Ok(token);
    }
    let business = app.business.clone();
    let found = app.db.read(ctx, "cloud_api.authenticate", async move |ctx, tx| {
        business.authenticate(ctx, tx, &given).await
    });
    let token = found.await?;
    app.tokens.put(ctx, fingerprint, &token);
    Ok(token)
}

fn header_token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    (is_known && !token.trim().is_empty()).then(|| token.trim().to_owned())
}
