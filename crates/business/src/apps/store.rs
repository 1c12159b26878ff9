//! The SQL of apps and tokens.

use super::keys::{Key, KeyId};
use super::{App, NewApp, Scope, Token, TokenKind};
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{AppId, Ctx, PortfolioId, Timestamp};

statements! {
    INSERT_APP = "INSERT INTO app (app_id, portfolio_id, name, sealed_secret, created_at)
        VALUES ($1, $2, $3, $4, $5)";
    SELECT_APP = "SELECT portfolio_id, name, sealed_secret, created_at FROM app WHERE app_id = $1";
    SELECT_APPS = "SELECT app_id, portfolio_id, name FROM app WHERE portfolio_id = $1 ORDER BY app_id LIMIT 100";
    INSERT_TOKEN = "INSERT INTO access_token (token_sha256, app_id, portfolio_id, scopes, issued_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    SELECT_TOKEN = "SELECT app_id, portfolio_id, scopes, issued_at, expires_at FROM access_token
        WHERE token_sha256 = $1 AND revoked_at IS NULL";
    SELECT_KEYS = "SELECT t.token_sha256, t.app_id, t.scopes, t.issued_at, t.expires_at, n.name, n.ending,
        g.token_sha256 IS NOT NULL FROM access_token t
        LEFT JOIN token_name n ON n.token_sha256 = t.token_sha256
        LEFT JOIN token_grant g ON g.token_sha256 = t.token_sha256
        WHERE t.portfolio_id = $1 AND t.revoked_at IS NULL ORDER BY t.issued_at DESC, t.token_sha256 LIMIT $2";
    NAME_TOKEN = "INSERT INTO token_name (token_sha256, name, ending) VALUES ($1, $2, $3)";
    REVOKE_TOKEN = "UPDATE access_token SET revoked_at = $2 WHERE token_sha256 = $1 AND revoked_at IS NULL";
}

pub(super) async fn insert_app(
    ctx: &Ctx,
    tx: &mut Tx,
    id: AppId,
    new: &NewApp,
    sealed_secret: Vec<u8>,
) -> Result<(), DbError> {
    let row = params![id, new.portfolio, &new.name, sealed_secret, ctx.now()];
    tx.execute(INSERT_APP, row).await.map(drop)
}

/// The app, its sealed secret and when it was made.
pub(super) async fn app(tx: &mut Tx, id: AppId) -> Result<Option<(App, Vec<u8>, Timestamp)>, DbError> {
    let Some(row) = tx.query_one(SELECT_APP, params![id]).await? else { return Ok(None) };
    let app = App { app_id: id, portfolio: row.get(0)?, name: row.get(1)? };
    Ok(Some((app, row.get(2)?, row.get(3)?)))
}

pub(super) async fn of_portfolio(tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<App>, DbError> {
    let rows = tx.query(SELECT_APPS, params![portfolio]).await?;
    rows.iter()
        .map(|row| Ok(App { app_id: row.get(0)?, portfolio: row.get(1)?, name: row.get(2)? }))
        .collect()
}

pub(super) async fn insert_token(
    ctx: &Ctx,
    tx: &mut Tx,
    sha256: &[u8; 32],
    app: AppId,
    portfolio: PortfolioId,
    scopes: &[Scope],
    expires_at: Option<Timestamp>,
) -> Result<(), DbError> {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let row = params![sha256.as_slice(), app, portfolio, scopes.join(","), ctx.now(), expires_at];
    tx.execute(INSERT_TOKEN, row).await.map(drop)
}

fn read_scopes(text: &str) -> Vec<Scope> {
    let is_named = |scope: &Scope| text.split(',').any(|name| name == scope.as_str());
    Scope::ALL.iter().copied().filter(is_named).collect()
}

pub(super) async fn keys(tx: &mut Tx, portfolio: PortfolioId, limit: usize) -> Result<Vec<Key>, DbError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx.query(SELECT_KEYS, params![portfolio, limit]).await?;
    let key = |row: &Row| {
        let fingerprint: Vec<u8> = row.get(0)?;
        Ok(Key {
            key_id: KeyId(fingerprint.try_into().unwrap_or_default()),
            name: row.get(5)?,
            ending: row.get(6)?,
            app: row.get(1)?,
            scopes: read_scopes(&row.get::<String>(2)?),
            issued_at: row.get(3)?,
            expires_at: row.get(4)?,
            is_delegated: row.get(7)?,
        })
    };
    rows.iter().map(key).collect()
}

pub(super) async fn name_token(
    tx: &mut Tx,
    sha256: &[u8; 32],
    name: &str,
    ending: &str,
) -> Result<(), DbError> {
    tx.execute(NAME_TOKEN, params![sha256.as_slice(), name, ending]).await.map(drop)
}

pub(super) async fn token(tx: &mut Tx, sha256: &[u8; 32]) -> Result<Option<Token>, DbError> {
    let Some(row) = tx.query_one(SELECT_TOKEN, params![sha256.as_slice()]).await? else { return Ok(None) };
    let scopes: String = row.get(2)?;
    Ok(Some(Token {
        kind: TokenKind::SystemUser,
        app: row.get(0)?,
        portfolio: row.get(1)?,
        scopes: read_scopes(&scopes),
        issued_at: row.get(3)?,
        expires_at: row.get(4)?,
        user: None,
        targets: None,
        needs_proof: false,
    }))
}

pub(super) async fn revoke_token(ctx: &Ctx, tx: &mut Tx, sha256: &[u8; 32]) -> Result<bool, DbError> {
    Ok(tx.execute(REVOKE_TOKEN, params![sha256.as_slice(), ctx.now()]).await? == 1)
}
