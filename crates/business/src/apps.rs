//! # Apps and their tokens
//!
//! An **app** calls the API with an **access token** and is called by webhooks signed with its **secret**. A token is
//! 32 random bytes behind the prefix `PLZ`, shown once and stored as its SHA-256; it carries scopes and may expire. The
//! **app token** is `app_id|app_secret`: it stands for the app itself, and a few methods want it.
//!
//! A business sees its tokens as its [`keys`]: by name and last characters, never the token again.

pub mod keys;
mod store;

pub(crate) use store::STATEMENTS;

use crate::management::ManageError;
use crate::portfolios::{NodeKind, store as portfolio_store};
use crate::{Business, SealError, documents, is_operator, may_touch, users};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use plaza_db::{DbError, Tx};
use plaza_protocol::{Actor, AppId, Ctx, PortfolioId, Secret, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a token begins with: secret scanners know it by that.
const TOKEN_PREFIX: &str = "PLZ";
/// No token is longer than this.
pub const TOKEN_BYTES_MAX: usize = 512;

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Sending, and webhooks of messages.
    Messaging,
    /// Numbers, templates, subscriptions.
    Management,
}

impl Scope {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Messaging, Self::Management];

    /// The permission's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messaging => "whatsapp_business_messaging",
            Self::Management => "whatsapp_business_management",
        }
    }
}

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Issued to an app.
    SystemUser,
    /// `app_id|app_secret`.
    App,
    /// No token: an operation that needs none.
    Nobody,
}

/// A good token: who calls, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which kind.
    pub kind: TokenKind,
    /// The app.
    pub app: AppId,
    /// Whose app.
    pub portfolio: PortfolioId,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends; `None`: it does not.
    pub expires_at: Option<Timestamp>,
    /// The system user that it is of.
    pub user: Option<i64>,
    /// The accounts that it reaches; `None`: all of the portfolio.
    pub targets: Option<Vec<i64>>,
    /// Whether each call has to prove that the caller knows the app's secret.
    pub needs_proof: bool,
}

impl Token {
    /// Whether it may be used for this.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// A token does not open the door. The reasons are told apart for the owner of the token only.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is no token of ours, or was taken back.
    #[error("the access token is unknown or was revoked")]
    Unknown,
    /// It was good until then.
    #[error("the access token has expired")]
    Expired(Timestamp),
    /// The app's secret cannot be opened.
    #[error("opening the app secret")]
    Seal(#[from] SealError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// An app to make.
#[derive(Debug)]
pub(crate) struct NewApp {
    pub(crate) portfolio: PortfolioId,
    pub(crate) name: String,
}

/// An app that was made, with its secret, which is shown once.
#[derive(Debug)]
pub(crate) struct CreatedApp {
    pub(crate) app_id: AppId,
    pub(crate) secret: Secret<String>,
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The id.
    pub app_id: AppId,
    /// Whose it is.
    pub portfolio: PortfolioId,
    /// Its name.
    pub name: String,
}

/// The fingerprint of a token: what is stored and cached in its place.
pub fn fingerprint(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Business {
    pub(crate) async fn create_app<E: From<DbError> + From<SealError>>(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        new: NewApp,
    ) -> Result<CreatedApp, E> {
        let app_id = AppId(ctx.graph_id());
        let secret = hex::encode(ctx.random::<16>());
        let sealed = self.sealing.seal(ctx, &app_id.0.to_be_bytes(), secret.as_bytes())?;
        store::insert_app(ctx, tx, app_id, &new, sealed).await?;
        portfolio_store::insert_node(tx, app_id.0, NodeKind::App, new.portfolio).await?;
        Ok(CreatedApp { app_id, secret: Secret(secret) })
    }

    /// Whose token this is.
    pub async fn authenticate(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        token: &str,
    ) -> Result<Token, AuthenticateError> {
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Err(AuthenticateError::Unknown);
        }
        if let Some((app, secret)) = token.split_once('|') {
            return self.authenticate_app(tx, app, secret).await;
        }
        let fingerprint = fingerprint(token);
        let mut found = store::token(tx, &fingerprint).await?.ok_or(AuthenticateError::Unknown)?;
        if let Some(grant) = users::grant(tx, &fingerprint).await? {
            found.targets = grant.targets;
            found.user = grant.user;
            if let (true, Some(user)) = (grant.is_employee, grant.user) {
                found.targets = Some(users::targets_of(tx, user).await?);
            }
        }
        found.needs_proof = needs_proof(tx, found.app).await?;
        match found.expires_at {
            Some(expired) if expired <= ctx.now() => Err(AuthenticateError::Expired(expired)),
            _ => Ok(found),
        }
    }

    async fn authenticate_app(
        &self,
        tx: &mut Tx,
        app: &str,
        secret: &str,
    ) -> Result<Token, AuthenticateError> {
        let app: AppId = app.parse().map_err(|_| AuthenticateError::Unknown)?;
        let (app, sealed, created_at) = store::app(tx, app).await?.ok_or(AuthenticateError::Unknown)?;
        let own = self.open_secret(app.app_id, &sealed)?;
        if !bool::from(own.0.as_bytes().ct_eq(secret.as_bytes())) {
            return Err(AuthenticateError::Unknown);
        }
        Ok(Token {
            kind: TokenKind::App,
            app: app.app_id,
            portfolio: app.portfolio,
            scopes: vec![Scope::Management],
            issued_at: created_at,
            expires_at: None,
            user: None,
            targets: None,
            needs_proof: false,
        })
    }

    /// Whether a proof shows that the caller of a token knows the secret of its app.
    pub async fn is_proof(
        &self,
        tx: &mut Tx,
        app: AppId,
        token: &str,
        proof: &str,
    ) -> Result<bool, AuthenticateError> {
        let (_, sealed, _) = store::app(tx, app).await?.ok_or(AuthenticateError::Unknown)?;
        let secret = self.open_secret(app, &sealed)?;
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()) else { return Ok(false) };
        mac.update(token.as_bytes());
        let own = hex::encode(mac.finalize().into_bytes());
        Ok(bool::from(own.as_bytes().ct_eq(proof.to_ascii_lowercase().as_bytes())))
    }

    /// The secret that the app's webhooks are signed with. For the dispatcher.
    pub(crate) fn open_secret(&self, app: AppId, sealed: &[u8]) -> Result<Secret<String>, SealError> {
        let secret = self.sealing.open(&app.0.to_be_bytes(), sealed)?;
        String::from_utf8(secret).map(Secret).map_err(|_| SealError)
    }
}

/// Issues a token. The answer is the only time that it is seen.
pub async fn issue_token(
    ctx: &Ctx,
    tx: &mut Tx,
    app: AppId,
    portfolio: PortfolioId,
    scopes: &[Scope],
    expires_at: Option<Timestamp>,
) -> Result<Secret<String>, DbError> {
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(ctx.random::<32>()));
    store::insert_token(ctx, tx, &fingerprint(&token), app, portfolio, scopes, expires_at).await?;
    Ok(Secret(token))
}

/// The secret of an app, sealed.
pub(crate) async fn sealed_secret(tx: &mut Tx, id: AppId) -> Result<Option<Vec<u8>>, DbError> {
    Ok(store::app(tx, id).await?.map(|(_, sealed, _)| sealed))
}

/// Takes a token back. Servers that remembered it forget it within seconds.
pub async fn revoke_token(ctx: &Ctx, tx: &mut Tx, token: &str) -> Result<bool, DbError> {
    if !is_operator(ctx) {
        return Ok(false);
    }
    store::revoke_token(ctx, tx, &fingerprint(token)).await
}

/// An app, if the actor may know of it: of its portfolio, or itself.
pub async fn app(ctx: &Ctx, tx: &mut Tx, id: AppId) -> Result<Option<App>, DbError> {
    let found = store::app(tx, id).await?.map(|(app, _, _)| app);
    let is_itself = matches!(ctx.actor(), Actor::App { app, .. } if app == id);
    Ok(found.filter(|app| is_itself || may_touch(ctx, app.portfolio)))
}

/// The apps of a portfolio.
pub(crate) async fn of_portfolio(tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<App>, DbError> {
    store::of_portfolio(tx, portfolio).await
}

fn settings(app: AppId) -> documents::Key<'static> {
    documents::Key::only(app.0, "app_settings")
}

async fn needs_proof(tx: &mut Tx, app: AppId) -> Result<bool, DbError> {
    let body = documents::body(tx, settings(app)).await?;
    Ok(body.get("require_proof").and_then(Value::as_bool).unwrap_or(false))
}

/// Says whether each call of an app has to carry `appsecret_proof`.
pub async fn require_proof(ctx: &Ctx, tx: &mut Tx, id: AppId, is_required: bool) -> Result<(), ManageError> {
    let app = app(ctx, tx, id).await?.ok_or(ManageError::NotFound)?;
    let change = Map::from_iter([("require_proof".to_owned(), Value::Bool(is_required))]);
    documents::merge(ctx, tx, settings(id), app.portfolio, change).await.map(drop)
}

#[cfg(test)]
mod tests;
