//! The SQL of media.

use super::StoredMedia;
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{Ctx, MediaId, PortfolioId, Timestamp};

statements! {
    INSERT_MEDIA = "INSERT INTO business_media (media_id, portfolio_id, phone_number_id, blob_id, sealed_key, blob_sha256,
        sha256, bytes, mime_type, width, height, is_animated, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    SELECT_MEDIA = "SELECT media_id, portfolio_id, phone_number_id, blob_id, sealed_key, blob_sha256, sha256, bytes,
        mime_type, width, height, is_animated, expires_at FROM business_media WHERE media_id = $1 AND expires_at > $2";
    SELECT_LINKED = "SELECT m.media_id, m.portfolio_id, m.phone_number_id, m.blob_id, m.sealed_key, m.blob_sha256,
        m.sha256, m.bytes, m.mime_type, m.width, m.height, m.is_animated, m.expires_at FROM media_link l
        JOIN business_media m ON m.media_id = l.media_id
        WHERE l.portfolio_id = $1 AND l.link_sha256 = $2 AND l.fetched_at > $3 AND m.expires_at > $4";
    REMEMBER_LINK = "INSERT INTO media_link (portfolio_id, link_sha256, media_id, fetched_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (portfolio_id, link_sha256) DO UPDATE SET media_id = excluded.media_id,
        fetched_at = excluded.fetched_at";
    DELETE_MEDIA = "DELETE FROM business_media WHERE media_id = $1";
    DELETE_NODES = "DELETE FROM graph_node WHERE node_id IN (
        SELECT media_id FROM business_media WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1000)";
    DELETE_OLD_MEDIA = "DELETE FROM business_media WHERE media_id IN (
        SELECT media_id FROM business_media WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1000)";
    DELETE_OLD_LINKS = "DELETE FROM media_link WHERE fetched_at <= $1";
}

pub(super) async fn insert(ctx: &Ctx, tx: &mut Tx, media: &StoredMedia) -> Result<(), DbError> {
    let row = params![
        media.media_id,
        media.portfolio_id,
        media.phone_number_id,
        media.blob,
        &media.sealed_key,
        &media.blob_sha256,
        &media.sha256,
        media.bytes,
        &media.mime_type,
        i64::from(media.width),
        i64::from(media.height),
        media.is_animated,
        ctx.now(),
        media.expires_at
    ];
    tx.execute(INSERT_MEDIA, row).await.map(drop)
}

fn media(row: &Row) -> Result<StoredMedia, DbError> {
    let pixels = |column| row.get::<i64>(column).map(|pixels| u32::try_from(pixels).unwrap_or(0));
    Ok(StoredMedia {
        media_id: row.get(0)?,
        portfolio_id: row.get(1)?,
        phone_number_id: row.get(2)?,
        blob: row.get(3)?,
        sealed_key: row.get(4)?,
        blob_sha256: row.get(5)?,
        sha256: row.get(6)?,
        bytes: row.get(7)?,
        mime_type: row.get(8)?,
        width: pixels(9)?,
        height: pixels(10)?,
        is_animated: row.get(11)?,
        expires_at: row.get(12)?,
    })
}

pub(super) async fn get(ctx: &Ctx, tx: &mut Tx, id: MediaId) -> Result<Option<StoredMedia>, DbError> {
    tx.query_one(SELECT_MEDIA, params![id, ctx.now()]).await?.as_ref().map(media).transpose()
}

pub(super) async fn linked(
    tx: &mut Tx,
    portfolio: PortfolioId,
    link_sha256: &[u8; 32],
    fetched_after: Timestamp,
    now: Timestamp,
) -> Result<Option<StoredMedia>, DbError> {
    let row =
        tx.query_one(SELECT_LINKED, params![portfolio, link_sha256.as_slice(), fetched_after, now]).await?;
    row.as_ref().map(media).transpose()
}

pub(super) async fn remember_link(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    link_sha256: &[u8; 32],
    media: MediaId,
) -> Result<(), DbError> {
    tx.execute(REMEMBER_LINK, params![portfolio, link_sha256.as_slice(), media, ctx.now()]).await.map(drop)
}

pub(super) async fn delete(tx: &mut Tx, id: MediaId) -> Result<(), DbError> {
    tx.execute(DELETE_MEDIA, params![id]).await.map(drop)
}

pub(super) async fn forget_old(ctx: &Ctx, tx: &mut Tx, links_before: Timestamp) -> Result<u64, DbError> {
    tx.execute(DELETE_NODES, params![ctx.now()]).await?;
    let gone = tx.execute(DELETE_OLD_MEDIA, params![ctx.now()]).await?;
    tx.execute(DELETE_OLD_LINKS, params![links_before]).await?;
    Ok(gone)
}
