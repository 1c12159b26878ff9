//! # A process that dies between two statements
//!
//! [`dies_everywhere`] runs an operation again and again, and each time the process dies one step later: before its
//! first statement, between any two of them, before the commit, and after it but before anybody was told. After each
//! death the database is opened again. Either nothing has happened, to the byte, or what has happened is sound and the
//! next lives go on from there, dying at each of their steps too. The last one reaches the end that there is where
//! nobody ever dies.

use super::{ctx, postgres_url, server, sql};
use crate::{Db, DbError, SERVER_MIGRATIONS, Sql, Tx};
use plaza_protocol::Ctx;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Lives after which an operation has ended, or never will.
const LIVES_MAX: u64 = 2000;

/// Where a database lies: it can be closed there, and opened again.
#[derive(Debug, Clone)]
pub enum Place {
    /// A SQLite file and its folder.
    File(PathBuf, Arc<tempfile::TempDir>),
    /// A PostgreSQL database.
    Server(String),
}

impl Place {
    /// For an empty SQLite database.
    pub fn file() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::File(folder.path().join("plaza.db"), Arc::new(folder))
    }

    /// For an empty PostgreSQL database.
    pub async fn server() -> Self {
        Self::Server(postgres_url().await)
    }

    /// Opens what lies there.
    pub async fn open(&self) -> Db {
        match self {
            Self::File(path, _) => Db::open_sqlite(path, SERVER_MIGRATIONS).await.expect("SQLite opens"),
            Self::Server(url) => {
                Db::open_postgres(url, 4, SERVER_MIGRATIONS).await.expect("PostgreSQL opens")
            }
        }
    }

    /// An empty database, filled.
    async fn fill<W>(&self, set_up: &impl AsyncFn(Db) -> W) -> (Db, W, Content) {
        let db = self.open().await;
        let world = set_up(db.clone()).await;
        let content = db.content().await;
        (db, world, content)
    }

    /// Throws away what lies there.
    pub(super) async fn drop(self) {
        match self {
            Self::File(_, folder) => drop(folder),
            Self::Server(url) => {
                let (_, name) = url.rsplit_once('/').expect("postgres://user@host:port/database");
                sql(&server(), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            }
        }
    }
}

/// The rows of each table that has some, as texts, in the order of the texts.
pub type Content = BTreeMap<String, Vec<String>>;

impl Db {
    /// The process dies at a step from here on, counted from 1: that step and all later ones fail.
    pub fn crash_at(&self, step: u64) {
        self.faults.arm(step);
    }

    /// Whether it came so far.
    pub fn has_crashed(&self) -> bool {
        self.faults.is_dead()
    }

    /// All that is stored.
    pub async fn content(&self) -> Content {
        let tables = match &*self.engine {
            crate::Engine::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
            crate::Engine::Postgres(_) => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
        };
        let read = async move |_: &Ctx, tx: &mut Tx| {
            let mut content = Content::new();
            for row in tx.query(Sql { name: "test::TABLES", text: tables }, vec![]).await? {
                let table: String = row.get(0)?;
                let all = Sql { name: "test::ALL", text: every_row_of(&table) };
                let rows = tx.query(all, vec![]).await?;
                let mut rows: Vec<String> = rows.iter().map(|row| format!("{:?}", row.0)).collect();
                rows.sort_unstable();
                if !rows.is_empty() {
                    content.insert(table, rows);
                }
            }
            Ok::<_, DbError>(content)
        };
        self.read(&ctx().0, "test.content", read).await.expect("the database answers")
    }
}

/// A statement that reads a table. Each is made once, and stays.
fn every_row_of(table: &str) -> &'static str {
    static TEXTS: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());
    let mut texts = TEXTS.lock().expect("nobody panics with it");
    texts.entry(table.to_owned()).or_insert_with(|| format!("SELECT * FROM {table}").leak())
}

/// Runs an operation with a death at every step, on both engines. `set_up` fills an empty database, always with the
/// same, and gives back what outlives the process; `operate` must do the same for the same database, and fail where its
/// process has died; `check` says that what is there is sound; `look` is what must be the same in the end. The answer
/// is how often the process died.
pub async fn dies_everywhere<W, E: Debug>(
    set_up: impl AsyncFn(Db) -> W,
    operate: impl AsyncFn(&W, Db) -> Result<(), E>,
    check: impl AsyncFn(Db),
    look: impl AsyncFn(&W, Db) -> Content,
) -> u64 {
    let mut died = 0;
    for [lives, dies] in [[Place::file(), Place::file()], [Place::server().await, Place::server().await]] {
        let (db, world, before) = lives.fill(&set_up).await;
        check(db.clone()).await;
        operate(&world, db.clone()).await.expect("it succeeds where nobody dies");
        check(db.clone()).await;
        let (end, wanted) = (db.content().await, look(&world, db.clone()).await);
        assert_ne!(before, end, "the operation does nothing");
        shut(db).await;
        lives.drop().await;
        let (db, world, found) = dies.fill(&set_up).await;
        assert_same(&found, &before, "it begins with the same");
        shut(db).await;
        died = die_on((&dies, &world), &operate, &check, (found, &wanted), &look).await;
        dies.drop().await;
    }
    died
}

/// Lives that each die one step later than the one before, until one of them has come further in what is looked at:
/// then the next ones go on from there, from their first step on. The last one lives. The answer is how many died.
async fn die_on<W, E: Debug>(
    (place, world): (&Place, &W),
    operate: &impl AsyncFn(&W, Db) -> Result<(), E>,
    check: &impl AsyncFn(Db),
    (mut found, wanted): (Content, &Content),
    look: &impl AsyncFn(&W, Db) -> Content,
) -> u64 {
    let (mut step, mut died, mut last) = (1, 0, Content::new());
    while died < LIVES_MAX {
        let db = place.open().await;
        db.crash_at(step);
        let outcome = operate(world, db.clone()).await;
        let has_crashed = db.has_crashed();
        shut(db).await;
        let db = place.open().await;
        if !has_crashed {
            outcome.expect("it succeeds where nobody dies");
            check(db.clone()).await;
            assert_same(&look(world, db.clone()).await, wanted, &format!("{db:?}, after {died} deaths"));
            shut(db).await;
            return died;
        }
        assert!(outcome.is_err(), "{db:?}: died at step {step}, and said that it is done");
        let left = db.content().await;
        (step, died) = (step + 1, died + 1);
        if left != found {
            check(db.clone()).await;
            let reached = look(world, db.clone()).await;
            if reached != last {
                (last, step) = (reached, 1);
            }
            found = left;
        }
        shut(db).await;
    }
    panic!("{place:?}: it never ends");
}

/// Says which rows differ, rather than all that are there.
fn assert_same(found: &Content, wanted: &Content, way: &str) {
    for (table, rows) in found.iter().chain(wanted) {
        let of = |content: &Content| content.get(table).cloned().unwrap_or_default();
        let (found, wanted) = (of(found), of(wanted));
        let only = |rows: &[String], others: &[String]| -> Vec<String> {
            rows.iter().filter(|row| !others.contains(row)).cloned().collect()
        };
        let (more, less) = (only(&found, &wanted), only(&wanted, &found));
        assert!(more.is_empty() && less.is_empty(), "{way}: {table} has {more:#?} instead of {less:#?}");
        assert_eq!(rows.len(), wanted.len(), "{way}: {table}");
    }
}

/// What a dead process leaves: its files and its server.
async fn shut(db: Db) {
    db.close().await;
    drop(db);
}
