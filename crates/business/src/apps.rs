//! # Apps and their tokens
//!
//! An **app** calls the API with an **access token** and is called by webhooks signed with its **secret**. A token is 32
//! random bytes behind the prefix `PLZ`, shown once and stored as its SHA-256; it carries scopes and may expire. The
//! **app token** is `app_id|app_secret`: it stands for the app itself, and a few methods want it.

mod store;

pub(crate) use store::STATEMENTS;

use crate::portfolios::{NodeKind, store as portfolio_store};
use crate::{Business, SealError, is_operator, may_touch};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_db::{DbError, Tx};
use plaza_protocol::{AppId, Ctx, PortfolioId, Secret, Timestamp};
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
        let found = store::token(tx, &fingerprint(token)).await?.ok_or(AuthenticateError::Unknown)?;
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
        })
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

/// An app, if the actor may know of it.
pub async fn app(ctx: &Ctx, tx: &mut Tx, id: AppId) -> Result<Option<App>, DbError> {
    let found = store::app(tx, id).await?.map(|(app, _, _)| app);
    Ok(found.filter(|app| may_touch(ctx, app.portfolio)))
}

#[cfg(test)]
mod tests;
