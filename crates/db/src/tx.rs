//! The transaction: what an operation holds while it reads and writes.

use crate::fault::Faults;
use crate::value::{Row, Value};
use crate::{DbError, Sql, postgres, sqlite};
use plaza_protocol::Wake;

/// An open transaction on one of the engines.
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) wakes: Vec<Wake>,
    pub(crate) faults: Faults,
}

pub(crate) enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Connection),
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

/// The few fragments in which the engines differ. Adding one is a decision about the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite: one writer, so nothing is ever locked by another.
    Sqlite,
    /// PostgreSQL and its kin.
    Postgres,
}

impl Tx {
    /// Which engine answers.
    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; the answer is the number of rows it changed.
    pub async fn execute(&mut self, sql: Sql, parameters: Vec<Value>) -> Result<u64, DbError> {
        self.faults.step()?;
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute(sql, &parameters),
            Connection::Postgres(connection) => connection.execute(sql, &parameters).await,
        }
    }

    /// Runs the same statement for each row of parameters, in one exchange with the server.
    pub async fn execute_many(&mut self, sql: Sql, rows: Vec<Vec<Value>>) -> Result<u64, DbError> {
        self.faults.step()?;
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute_many(sql, &rows),
            Connection::Postgres(connection) => connection.execute_many(sql, &rows).await,
        }
    }

    /// All rows of an answer.
    pub async fn query(&mut self, sql: Sql, parameters: Vec<Value>) -> Result<Vec<Row>, DbError> {
        self.faults.step()?;
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.query(sql, &parameters),
            Connection::Postgres(connection) => connection.query(sql, &parameters).await,
        }
    }

    /// The first row of an answer, if there is one.
    pub async fn query_one(&mut self, sql: Sql, parameters: Vec<Value>) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// The answers of the same statement for each row of parameters, in one exchange with the server.
    pub async fn query_many(&mut self, sql: Sql, rows: Vec<Vec<Value>>) -> Result<Vec<Vec<Row>>, DbError> {
        self.faults.step()?;
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                rows.iter().map(|parameters| connection.query(sql, parameters)).collect()
            }
            Connection::Postgres(connection) => connection.query_many(sql, &rows).await,
        }
    }

    /// Checks that the engine understands a statement.
    pub async fn prepare(&mut self, sql: Sql) -> Result<(), DbError> {
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.prepare(sql),
            Connection::Postgres(connection) => connection.prepare(sql).await.map(|_| ()),
        }
    }

    /// The tables and indexes as SQLite keeps their text, in the order of their names. For the generated schema file.
    pub async fn schema(&mut self) -> Result<Vec<String>, DbError> {
        let rows = self.query(crate::sql::SCHEMA, vec![]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Says who should look once this transaction is committed.
    pub fn wake(&mut self, wake: Wake) {
        self.wakes.push(wake);
    }
}

impl Tx {
    /// Runs plain statements without parameters: transaction control and migrations.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        if sql != "ROLLBACK" {
            self.faults.step()?;
        }
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.batch(sql),
            Connection::Postgres(connection) => connection.batch(sql).await,
        }?;
        // Who dies here has committed, and tells nobody.
        if sql == "COMMIT" { self.faults.step() } else { Ok(()) }
    }
}
