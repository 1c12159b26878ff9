//! # One SQL, two engines
//!
//! Everything that Plaza stores goes through this crate, and nothing else in Plaza knows a database driver. Behind one
//! facade stand **SQLite** (embedded, the default) and whatever speaks the **PostgreSQL** protocol. Each statement is
//! written once, in SQL that both understand; there is no query builder and no trait to implement twice.
//!
//! - [`Db::transact`] is the only way to write. The closure gets a context and a transaction; what it returns reaches
//!   the caller after the commit is on the disk, never before. It may run twice (PostgreSQL can refuse to serialise)
//!   and awaits nothing but the database.
//! - [`Db::read`] gives a read-only snapshot.
//! - [`statements!`] declares the SQL of a module. All of it is prepared on both engines in one test.
//! - [`ListSql`] is a statement over a list of keys or rows: a batch is a few statements.
//! - [`Tx::wake`] says who should look after the commit: a connected device, a dispatcher. Wake-ups are hints; the
//!   truth is in the tables.
//!
//! ## How a write becomes durable
//!
//! **SQLite**: one thread owns the only writing connection (WAL, `synchronous=FULL`). It takes what is waiting, opens a
//! transaction, runs each job in a savepoint of its own, commits once, and only then answers all callers: a *group
//! commit*. A failed job rolls back its savepoint and no other. If the commit itself fails, every job of the group is
//! told so; after a failed sync the engine stops for good, because nobody knows what the disk holds.
//!
//! **PostgreSQL**: one thread drives a pool of connections, a transaction a job, retried when the server answers that
//! it could not serialise. Both engines poll jobs on their own thread, so a closure's future need not be `Send`.
//!
//! Time, ids and money are BIGINT, UUID and BIGINT; see `docs/adding-a-feature.md` for the rules of portable SQL.

mod error;
mod fault;
mod list;
mod migrate;
mod postgres;
mod sql;
mod sqlite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tx;
mod value;

pub use error::DbError;
pub use list::ListSql;
pub use migrate::{Migration, SERVER_MIGRATIONS};
pub use sql::Sql;
pub use tx::{Dialect, Tx};
pub use value::{FromValue, Row, Value};

use plaza_protocol::{Ctx, Wake};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Called after a commit with the wake-ups of its transactions.
type OnCommit = Arc<OnceLock<Box<dyn Fn(Vec<Wake>) + Send + Sync>>>;

/// A database: embedded or remote, with its schema up to date. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Arc<Engine>,
    on_commit: OnCommit,
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "tests arm it"))]
    faults: fault::Faults,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self.engine {
            Engine::Sqlite(_) => "Db(SQLite)",
            Engine::Postgres(_) => "Db(PostgreSQL)",
        })
    }
}

impl Db {
    /// Opens or creates a SQLite file and brings its schema up to date.
    pub async fn open_sqlite(path: &Path, migrations: &'static [Migration]) -> Result<Self, DbError> {
        let (on_commit, faults) = (OnCommit::default(), fault::Faults::default());
        let engine = sqlite::Sqlite::open(path.to_owned(), migrations, &on_commit, &faults).await?;
        Ok(Self { engine: Arc::new(Engine::Sqlite(engine)), on_commit, faults })
    }

    /// Connects to a PostgreSQL database and brings its schema up to date.
    pub async fn open_postgres(
        url: &str,
        connections_max: usize,
        migrations: &'static [Migration],
    ) -> Result<Self, DbError> {
        let (on_commit, faults) = (OnCommit::default(), fault::Faults::default());
        let hooks = (on_commit.clone(), faults.clone());
        let engine = postgres::Postgres::open(url, connections_max, migrations, hooks).await?;
        Ok(Self { engine: Arc::new(Engine::Postgres(engine)), on_commit, faults })
    }

    /// Sets who hears of commits. Once; a second call has no effect.
    pub fn on_commit(&self, hook: impl Fn(Vec<Wake>) + Send + Sync + 'static) {
        let _ = self.on_commit.set(Box::new(hook));
    }

    /// Runs `work` in a transaction and answers after the commit is durable.
    pub async fn transact<T, E, F>(&self, ctx: &Ctx, name: &'static str, work: F) -> Result<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.transact(ctx.clone(), name, work).await,
            Engine::Postgres(engine) => engine.transact(ctx.clone(), name, work, false).await,
        }
    }

    /// Runs `work` on a read-only snapshot.
    pub async fn read<T, E, F>(&self, ctx: &Ctx, name: &'static str, work: F) -> Result<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(engine) => engine.read(ctx.clone(), name, work).await,
            Engine::Postgres(engine) => engine.transact(ctx.clone(), name, work, true).await,
        }
    }

    /// Whether the database answers and takes writes.
    pub async fn ready(&self, ctx: &Ctx) -> Result<(), DbError> {
        if let Engine::Sqlite(engine) = &*self.engine {
            engine.ready()?;
        }
        self.read(ctx, "db.ready", async |_, tx| tx.query(sql::PING, vec![]).await.map(|_| ())).await
    }

    /// Lets an embedded database's files go; afterwards every question is answered with [`DbError::Closed`]. A remote
    /// one's connections end with the last clone.
    pub async fn close(&self) {
        if let Engine::Sqlite(engine) = &*self.engine {
            engine.close().await;
        }
    }

    /// Which engine it is, for a start-up line.
    pub fn engine_name(&self) -> &'static str {
        match *self.engine {
            Engine::Sqlite(_) => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }
}
