//! The SQL of documents.

use super::{Document, Key};
use plaza_db::{DbError, Row, Tx, params, statements};
use plaza_protocol::{Ctx, PortfolioId};
use serde_json::Value;

statements! {
    PUT = "INSERT INTO node_document (parent_id, kind, name, document_id, portfolio_id, body, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        ON CONFLICT (parent_id, kind, name) DO UPDATE SET body = $6, updated_at = $7 RETURNING document_id";
    SELECT = "SELECT document_id, parent_id, portfolio_id, name, body, created_at, updated_at FROM node_document
        WHERE parent_id = $1 AND kind = $2 AND name = $3";
    SELECT_BY_ID = "SELECT document_id, parent_id, portfolio_id, name, body, created_at, updated_at FROM node_document
        WHERE document_id = $1 AND kind = $2";
    SELECT_NAMED = "SELECT document_id, parent_id, portfolio_id, name, body, created_at, updated_at FROM node_document
        WHERE kind = $1 AND name = $2 ORDER BY parent_id LIMIT 1000";
    SELECT_OF_KIND = "SELECT document_id, parent_id, portfolio_id, name, body, created_at, updated_at FROM node_document
        WHERE parent_id = $1 AND kind = $2 ORDER BY created_at DESC, name LIMIT 2000";
    COUNT = "SELECT CAST(count(*) AS BIGINT) FROM node_document WHERE parent_id = $1 AND kind = $2";
    DELETE = "DELETE FROM node_document WHERE parent_id = $1 AND kind = $2 AND name = $3";
}

fn document(row: &Row) -> Result<Document, DbError> {
    let body: String = row.get(4)?;
    let body = match serde_json::from_str(&body) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    Ok(Document {
        document_id: row.get(0)?,
        parent: row.get(1)?,
        portfolio: row.get(2)?,
        name: row.get(3)?,
        body,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}

pub(super) async fn get(tx: &mut Tx, key: Key<'_>) -> Result<Option<Document>, DbError> {
    tx.query_one(SELECT, params![key.parent, key.kind, key.name]).await?.as_ref().map(document).transpose()
}

pub(super) async fn by_id(tx: &mut Tx, kind: &str, id: i64) -> Result<Option<Document>, DbError> {
    tx.query_one(SELECT_BY_ID, params![id, kind]).await?.as_ref().map(document).transpose()
}

pub(super) async fn named(tx: &mut Tx, kind: &str, name: &str) -> Result<Vec<Document>, DbError> {
    tx.query(SELECT_NAMED, params![kind, name]).await?.iter().map(document).collect()
}

pub(super) async fn list(tx: &mut Tx, parent: i64, kind: &str) -> Result<Vec<Document>, DbError> {
    tx.query(SELECT_OF_KIND, params![parent, kind]).await?.iter().map(document).collect()
}

pub(super) async fn count(tx: &mut Tx, parent: i64, kind: &str) -> Result<usize, DbError> {
    let count: i64 = tx.query_one(COUNT, params![parent, kind]).await?.map_or(Ok(0), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

pub(super) async fn put(
    ctx: &Ctx,
    tx: &mut Tx,
    key: Key<'_>,
    portfolio: PortfolioId,
    body: &str,
) -> Result<i64, DbError> {
    let id = ctx.graph_id();
    let row = params![key.parent, key.kind, key.name, id, portfolio, body, ctx.now()];
    tx.query_one(PUT, row).await?.map_or(Ok(id), |row| row.get(0))
}

pub(super) async fn delete(tx: &mut Tx, key: Key<'_>) -> Result<bool, DbError> {
    Ok(tx.execute(DELETE, params![key.parent, key.kind, key.name]).await? == 1)
}
