//! # Migrations
//!
//! Forward only, in the order of their numbers, each statement safe to repeat. The text is PostgreSQL's; SQLite takes
//! it as it is, but for one mark: `{{clustered}}` behind a table makes its rows lie in the order of the primary key
//! where the engine offers that.

use crate::tx::Dialect;
use crate::{DbError, Sql, Tx, Value};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Rising.
    pub number: i64,
    /// For people.
    pub name: &'static str,
    /// The statements, separated by semicolons at the ends of lines.
    pub sql: &'static str,
}

/// The schema of the server: all files of `migrations/`.
pub const SERVER_MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

const CREATE: Sql = Sql {
    name: "db::migrate::CREATE",
    text: "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL)",
};
const APPLIED: Sql =
    Sql { name: "db::migrate::APPLIED", text: "SELECT number FROM schema_migration ORDER BY number" };
const RECORD: Sql =
    Sql { name: "db::migrate::RECORD", text: "INSERT INTO schema_migration (number, name) VALUES ($1, $2)" };

/// Applies what is missing. Each migration is a transaction of its own, opened by `begin` and `commit`.
pub(crate) async fn apply(tx: &mut Tx, migrations: &[Migration]) -> Result<(), DbError> {
    tx.execute(CREATE, vec![]).await?;
    let applied: Vec<i64> =
        tx.query(APPLIED, vec![]).await?.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    for migration in migrations.iter().filter(|migration| !applied.contains(&migration.number)) {
        tx.batch("BEGIN").await?;
        match apply_one(tx, migration).await {
            Ok(()) => tx.batch("COMMIT").await?,
            Err(error) => {
                tx.batch("ROLLBACK").await?;
                // Another process was faster: the same row was recorded in the meantime.
                if !error.is_unique_violation() {
                    return Err(DbError::Migration(migration.name, Box::new(error)));
                }
            }
        }
    }
    Ok(())
}

async fn apply_one(tx: &mut Tx, migration: &Migration) -> Result<(), DbError> {
    // The row comes first: it makes a second process wait for this one.
    tx.execute(RECORD, vec![Value::I64(migration.number), Value::Text(migration.name.to_owned())]).await?;
    let clustered = if tx.dialect() == Dialect::Sqlite { "WITHOUT ROWID" } else { "" };
    tx.batch(&migration.sql.replace("{{clustered}}", clustered)).await
}
