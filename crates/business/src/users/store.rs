//! The SQL of users, grants and codes.

use super::SystemUser;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{AppId, Ctx, PortfolioId, Timestamp, WabaId};

statements! {
    INSERT_USER = "INSERT INTO system_user (user_id, portfolio_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)";
    SELECT_USER = "SELECT user_id, portfolio_id, name, role FROM system_user WHERE user_id = $1";
    SELECT_USERS = "SELECT user_id, portfolio_id, name, role FROM system_user WHERE portfolio_id = $1
        ORDER BY user_id LIMIT 1000";
    COUNT_USERS = "SELECT COUNT(*) FROM system_user WHERE portfolio_id = $1";
    INSERT_GRANT = "INSERT INTO token_grant (token_sha256, user_id, targets) VALUES ($1, $2, $3)";
    SELECT_GRANT = "SELECT g.user_id, g.targets, u.role FROM token_grant g
        LEFT JOIN system_user u ON u.user_id = g.user_id WHERE g.token_sha256 = $1";
    INSERT_CODE = "INSERT INTO authorization_code (code_sha256, app_id, portfolio_id, targets, expires_at)
        VALUES ($1, $2, $3, $4, $5)";
    USE_CODE = "UPDATE authorization_code SET used_at = $3
        WHERE code_sha256 = $1 AND app_id = $2 AND used_at IS NULL AND expires_at > $3
        RETURNING portfolio_id, targets";
}

/// What a token has beside its scopes.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) user: Option<i64>,
    pub(crate) is_employee: bool,
    pub(crate) targets: Option<Vec<i64>>,
}

fn user(row: &Row) -> Result<SystemUser, DbError> {
    Ok(SystemUser { user_id: row.get(0)?, portfolio: row.get(1)?, name: row.get(2)?, role: row.get(3)? })
}

fn numbers(text: &str) -> Vec<i64> {
    text.split(',').filter_map(|number| number.parse().ok()).collect()
}

fn joined(numbers: &[i64]) -> String {
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

pub(super) async fn insert(ctx: &Ctx, tx: &mut Tx, user: &SystemUser) -> Result<(), DbError> {
    let row = params![user.user_id, user.portfolio, &user.name, &user.role, ctx.now()];
    tx.execute(INSERT_USER, row).await.map(drop)
}

pub(super) async fn get(tx: &mut Tx, id: i64) -> Result<Option<SystemUser>, DbError> {
    tx.query_one(SELECT_USER, params![id]).await?.as_ref().map(user).transpose()
}

pub(super) async fn count(tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, DbError> {
    tx.query_one(COUNT_USERS, params![portfolio]).await?.map_or(Ok(0), |row| row.get(0))
}

pub(super) async fn list(tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<SystemUser>, DbError> {
    tx.query(SELECT_USERS, params![portfolio]).await?.iter().map(user).collect()
}

pub(super) async fn insert_grant(
    tx: &mut Tx,
    token_sha256: &[u8; 32],
    user: Option<i64>,
    targets: Option<&[i64]>,
) -> Result<(), DbError> {
    let row = params![token_sha256.as_slice(), user, targets.map(joined)];
    tx.execute(INSERT_GRANT, row).await.map(drop)
}

pub(crate) async fn grant(tx: &mut Tx, token_sha256: &[u8; 32]) -> Result<Option<Grant>, DbError> {
    let Some(row) = tx.query_one(SELECT_GRANT, params![token_sha256.as_slice()]).await? else {
        return Ok(None);
    };
    let targets: Option<String> = row.get(1)?;
    let role: Option<String> = row.get(2)?;
    Ok(Some(Grant {
        user: row.get(0)?,
        is_employee: role.as_deref() == Some("EMPLOYEE"),
        targets: targets.map(|targets| numbers(&targets)),
    }))
}

pub(super) async fn insert_code(
    tx: &mut Tx,
    code_sha256: &[u8; 32],
    app: AppId,
    client: PortfolioId,
    accounts: &[WabaId],
    expires_at: Timestamp,
) -> Result<(), DbError> {
    let targets: Vec<i64> = accounts.iter().map(|account| account.0).collect();
    let row = params![code_sha256.as_slice(), app, client, joined(&targets), expires_at];
    tx.execute(INSERT_CODE, row).await.map(drop)
}

pub(super) async fn use_code(
    ctx: &Ctx,
    tx: &mut Tx,
    code_sha256: &[u8; 32],
    app: AppId,
) -> Result<Option<(PortfolioId, Vec<i64>)>, DbError> {
    let row = tx.query_one(USE_CODE, params![code_sha256.as_slice(), app, ctx.now()]).await?;
    row.map(|row| Ok((row.get(0)?, numbers(&row.get::<String>(1)?)))).transpose()
}
