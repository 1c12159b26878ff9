//! # Rows in a SQLite file
//!
//! One table. Each batch is one transaction, durable when it returns.

use plaza_client::Change;
use plaza_client::store::{Row, Scan, Store};
use plaza_db::{Db, DbError, Migration, params, statements};
use plaza_protocol::Ctx;
use std::path::Path;

const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "client rows",
    sql: "
-- The rows of a client: its keys, its conversations, its timeline. Their meaning is in the crate `client`.
CREATE TABLE IF NOT EXISTS client_row (
    -- personal: holds ids of accounts and conversations
    row_key   BYTEA PRIMARY KEY,
    -- personal: holds keys and what was said
    row_value BYTEA NOT NULL
) {{clustered}};",
}];

statements! {
    GET = "SELECT row_value FROM client_row WHERE row_key = $1";
    SCAN = "SELECT row_key, row_value FROM client_row WHERE row_key >= $1 AND row_key < $2 ORDER BY row_key LIMIT $3";
    SCAN_TO_END = "SELECT row_key, row_value FROM client_row WHERE row_key >= $1 ORDER BY row_key LIMIT $2";
    SCAN_BACK = "
        SELECT row_key, row_value FROM client_row WHERE row_key >= $1 AND row_key < $2
        ORDER BY row_key DESC LIMIT $3";
    SCAN_BACK_FROM_END = "
        SELECT row_key, row_value FROM client_row WHERE row_key >= $1 ORDER BY row_key DESC LIMIT $2";
    PUT = "
        INSERT INTO client_row (row_key, row_value) VALUES ($1, $2)
        ON CONFLICT (row_key) DO UPDATE SET row_value = excluded.row_value";
    DELETE = "DELETE FROM client_row WHERE row_key = $1";
}

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct SqliteStore {
    db: Db,
    ctx: Ctx,
}

impl SqliteStore {
    /// Opens or creates the file.
    pub async fn open(ctx: &Ctx, path: &Path) -> Result<Self, DbError> {
        Ok(Self { db: Db::open_sqlite(path, MIGRATIONS).await?, ctx: ctx.clone() })
    }

    /// Lets the file go.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

impl Store for SqliteStore {
    type Error = DbError;

    async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DbError> {
        let key = key.to_vec();
        self.db
            .read(&self.ctx, "client.get", async move |_, tx| {
                tx.query_one(GET, params![&key]).await?.map(|row| row.get(0)).transpose()
            })
            .await
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Row>, DbError> {
        self.db
            .read(&self.ctx, "client.scan", async move |_, tx| {
                let limit = i64::try_from(scan.limit).unwrap_or(i64::MAX);
                let rows = match scan.bounds() {
                    (from, Some(to)) => {
                        let sql = if scan.reverse { SCAN_BACK } else { SCAN };
                        tx.query(sql, params![from, to, limit]).await?
                    }
                    (from, None) => {
                        let sql = if scan.reverse { SCAN_BACK_FROM_END } else { SCAN_TO_END };
                        tx.query(sql, params![from, limit]).await?
                    }
                };
                rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
            })
            .await
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<(), DbError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.db
            .transact(&self.ctx, "client.apply", async move |_, tx| {
                for (key, value) in &changes {
                    match value {
                        Some(value) => tx.execute(PUT, params![key, value]).await?,
                        None => tx.execute(DELETE, params![key]).await?,
                    };
                }
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_protocol::{ManualClock, SeededIds};
    use std::sync::{Arc, Mutex};

    /// The directories of the tests' stores; they go with the process.
    static DIRECTORIES: Mutex<Vec<tempfile::TempDir>> = Mutex::new(Vec::new());

    async fn new_store() -> SqliteStore {
        let ctx = Ctx::system(Arc::new(ManualClock::default()), Arc::new(SeededIds::new(1)));
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&ctx, &directory.path().join("client.sqlite")).await.unwrap();
        DIRECTORIES.lock().unwrap().push(directory);
        store
    }

    plaza_client::store_tests!(#[tokio::test], new_store);
}
