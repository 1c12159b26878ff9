//! The SQL of uploads. The bytes lie in rows, one for each piece.

use super::Session;
use plaza_db::{DbError, Tx, params, statements};
use plaza_protocol::{AppId, Ctx, Timestamp};
use uuid::Uuid;

statements! {
    INSERT = "INSERT INTO upload_session (upload_id, app_id, portfolio_id, file_type, length, received, created_at)
        VALUES ($1, $2, $3, $4, $5, 0, $6)";
    SELECT = "SELECT app_id, portfolio_id, file_type, length, received FROM upload_session WHERE upload_id = $1";
    COUNT = "SELECT CAST(count(*) AS BIGINT) FROM upload_session WHERE app_id = $1 AND created_at > $2";
    SET_RECEIVED = "UPDATE upload_session SET received = $2 WHERE upload_id = $1";
    APPEND = "INSERT INTO upload_piece (upload_id, position, bytes) VALUES ($1, $2, $3)";
    SELECT_PIECES = "SELECT bytes FROM upload_piece WHERE upload_id = $1 ORDER BY position";
}

pub(super) async fn insert(ctx: &Ctx, tx: &mut Tx, session: &Session) -> Result<(), DbError> {
    let row = params![
        session.upload_id,
        session.app,
        session.portfolio,
        &session.file_type,
        session.length,
        ctx.now()
    ];
    tx.execute(INSERT, row).await.map(drop)
}

pub(super) async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<Session>, DbError> {
    let Some(row) = tx.query_one(SELECT, params![id]).await? else { return Ok(None) };
    Ok(Some(Session {
        upload_id: id,
        app: row.get(0)?,
        portfolio: row.get(1)?,
        file_type: row.get(2)?,
        length: row.get(3)?,
        received: row.get(4)?,
    }))
}

pub(super) async fn count(tx: &mut Tx, app: AppId, since: Timestamp) -> Result<i64, DbError> {
    tx.query_one(COUNT, params![app, since]).await?.map_or(Ok(0), |row| row.get(0))
}

pub(super) async fn set_received(tx: &mut Tx, id: Uuid, received: i64) -> Result<(), DbError> {
    tx.execute(SET_RECEIVED, params![id, received]).await.map(drop)
}

/// Keeps a piece.
pub(crate) async fn append(
    tx: &mut Tx,
    session: &Session,
    position: i64,
    bytes: &[u8],
) -> Result<(), DbError> {
    tx.execute(APPEND, params![session.upload_id, position, bytes]).await.map(drop)
}

/// The pieces together.
pub(crate) async fn bytes(tx: &mut Tx, id: Uuid) -> Result<Vec<u8>, DbError> {
    let mut whole = Vec::new();
    for row in tx.query(SELECT_PIECES, params![id]).await? {
        whole.extend(row.get::<Vec<u8>>(0)?);
    }
    Ok(whole)
}
