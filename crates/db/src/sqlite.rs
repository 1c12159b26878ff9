//! # SQLite
//!
//! One writing thread with group commit, and a few reading threads. A job's future is polled once, to its end: it
//! awaits nothing but the database, and this database answers at once.

use crate::fault::Faults;
use crate::value::{Row, Value};
use crate::{DbError, Migration, OnCommit, Sql, Tx, migrate, tx};
use plaza_protocol::{Chain, Ctx, Wake};
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Jobs that wait for the writer; beyond, callers wait to enqueue.
const QUEUE_JOBS_MAX: usize = 4096;
/// Jobs in one commit: bounds the time until the first of them is answered.
const GROUP_JOBS_MAX: usize = 1024;
/// When jobs come in groups, the writer waits so long for more: a sync shared by ten costs a tenth.
const GROUP_LINGER: Duration = Duration::from_micros(1500);
/// From so many jobs in the last group on, it waits.
const GROUP_LINGER_FROM_JOBS: usize = 4;
/// Reading threads.
const READERS: usize = 2;
/// Prepared statements that a connection keeps.
const STATEMENTS_CACHED: usize = 512;

/// What a job leaves behind: an answer to give once it is known whether the commit held.
type Finish = Box<dyn FnOnce(Result<(), DbError>) + Send>;
/// A job: runs inside the open transaction, or learns why there is none; says whether its changes shall stay.
type Job = Box<dyn FnOnce(Result<&mut Tx, DbError>) -> (bool, Finish) + Send>;

pub(crate) struct Sqlite {
    writer: mpsc::Sender<Job>,
    readers: mpsc::Sender<Job>,
    stopped: Arc<AtomicBool>,
    /// Set when the file is to be let go.
    closing: Arc<AtomicBool>,
    /// One for each thread; they end with it.
    running: Mutex<Vec<oneshot::Receiver<()>>>,
}

impl Sqlite {
    pub(crate) async fn open(
        path: PathBuf,
        migrations: &'static [Migration],
        on_commit: &OnCommit,
        faults: &Faults,
    ) -> Result<Self, DbError> {
        let (writer, jobs) = mpsc::channel(QUEUE_JOBS_MAX);
        let (readers, reads) = mpsc::channel::<Job>(QUEUE_JOBS_MAX);
        let stopped = Arc::new(AtomicBool::new(false));
        let (opened, is_open) = oneshot::channel();
        let closing = Arc::new(AtomicBool::new(false));
        let mut running = Vec::new();
        let (file, flag, ends) = (path.clone(), stopped.clone(), closing.clone());
        let (run, runs) = oneshot::channel();
        let (on_commit, of_writer) = (on_commit.clone(), faults.clone());
        spawn("plaza-db-writer", move || {
            match open_writer(&file, migrations, of_writer) {
                Ok(tx) => {
                    let _ = opened.send(Ok(()));
                    Writer { tx, on_commit, stopped: flag, closing: ends, last_group: 0 }.run(jobs);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            }
            drop(run);
        })?;
        running.push(runs);
        is_open.await.map_err(|_| DbError::Closed)??;
        let reads = Arc::new(Mutex::new(reads));
        for _ in 0..READERS {
            let mut tx = open_reader(&path, faults.clone())?;
            let (reads, ends) = (reads.clone(), closing.clone());
            let (run, runs) = oneshot::channel();
            spawn("plaza-db-reader", move || {
                while !ends.load(Ordering::Acquire) {
                    let next = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                    let Some(job) = next else { break };
                    let begun = block_once(tx.batch("BEGIN"));
                    let (_, finish) = job(begun.map(|()| &mut tx));
                    tx.wakes.clear();
                    finish(block_once(tx.batch("COMMIT")));
                }
                drop((tx, run));
            })?;
            running.push(runs);
        }
        Ok(Self { writer, readers, stopped, closing, running: Mutex::new(running) })
    }

    /// Lets the file go: what is under way is finished, who asks afterwards hears that it is closed.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        // A thread that waits for a job looks up when it gets one.
        let nothing = || -> Job { Box::new(|_| (false, Box::new(|_| ()))) };
        let _ = self.writer.send(nothing()).await;
        for _ in 0..READERS {
            let _ = self.readers.send(nothing()).await;
        }
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in running {
            // It is dropped, never sent: the end of a thread is an error here.
            let _ = thread.await;
        }
    }

    pub(crate) fn ready(&self) -> Result<(), DbError> {
        if self.stopped.load(Ordering::Acquire) { Err(DbError::Stopped) } else { Ok(()) }
    }

    pub(crate) async fn transact<T, E, F>(&self, ctx: Ctx, name: &'static str, work: F) -> Result<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.ready()?;
        enqueue(&self.writer, ctx, name, work).await
    }

    pub(crate) async fn read<T, E, F>(&self, ctx: Ctx, name: &'static str, work: F) -> Result<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        enqueue(&self.readers, ctx, name, work).await
    }
}

async fn enqueue<T, E, F>(queue: &mpsc::Sender<Job>, ctx: Ctx, name: &'static str, work: F) -> Result<T, E>
where
    F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |tx| {
        let tx = match tx {
            Ok(tx) => tx,
            Err(error) => return (false, Box::new(move |_| drop(answer.send(Err(E::from(error)))))),
        };
        let result = catch_unwind(AssertUnwindSafe(|| block_once(work(&ctx, tx))));
        let Ok(result) = result else {
            tracing::error!(job = name, "a transaction's code panicked; it was rolled back");
            return (false, Box::new(|_| drop(answer)));
        };
        let keep = result.is_ok();
        let finish: Finish = Box::new(move |commit| {
            // An error of the job itself is more telling than that of the commit.
            let _ = answer.send(match (result, commit) {
                (Ok(_), Err(error)) => Err(E::from(error)),
                (result, _) => result,
            });
        });
        (keep, finish)
    });
    queue.send(job).await.map_err(|_| DbError::Closed)?;
    answered.await.map_err(|_| DbError::Closed)?
}

/// Polls a future that never waits.
#[expect(
    clippy::panic,
    reason = "a closure that awaits something else is a bug, and is caught by the job's guard"
)]
fn block_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a transaction awaited something other than the database"),
    }
}

struct Writer {
    tx: Tx,
    on_commit: OnCommit,
    stopped: Arc<AtomicBool>,
    closing: Arc<AtomicBool>,
    last_group: usize,
}

impl Writer {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while !self.closing.load(Ordering::Acquire) {
            let Some(first) = jobs.blocking_recv() else { return };
            if self.last_group >= GROUP_LINGER_FROM_JOBS {
                std::thread::sleep(GROUP_LINGER);
            }
            self.group(first, &mut jobs);
        }
    }

    /// One group commit.
    fn group(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let mut outcome = self.begin();
        let second = jobs.try_recv().ok();
        if second.is_none() && outcome.is_ok() {
            return self.alone(first);
        }
        let mut finishes: Vec<Finish> = Vec::new();
        let mut wakes: Vec<Wake> = Vec::new();
        let mut second = second;
        let mut next = Some(first);
        while let Some(job) = next {
            outcome = match outcome {
                Ok(()) => self.job(job, &mut finishes, &mut wakes),
                Err(error) => {
                    finishes.push(job(Err(copy(&error))).1);
                    Err(error)
                }
            };
            let is_open = finishes.len() < GROUP_JOBS_MAX && outcome.is_ok();
            next = second.take().or_else(|| if is_open { jobs.try_recv().ok() } else { None });
        }
        self.last_group = finishes.len();
        let outcome = outcome.and_then(|()| self.commit());
        if outcome.is_ok() {
            self.announce(wakes);
        }
        for finish in finishes {
            finish(outcome.as_ref().copied().map_err(copy));
        }
    }

    /// A job with nobody to share the transaction with needs no savepoint, whose journal costs as much as the job
    /// itself: if it fails, the whole transaction goes.
    fn alone(&mut self, job: Job) {
        self.last_group = 1;
        let (keep, finish) = job(Ok(&mut self.tx));
        let wakes = std::mem::take(&mut self.tx.wakes);
        if self.connection().is_autocommit() {
            return finish(Err(DbError::Full));
        }
        if !keep {
            return finish(block_once(self.tx.batch("ROLLBACK")));
        }
        let outcome = self.commit();
        if outcome.is_ok() {
            self.announce(wakes);
        }
        finish(outcome);
    }

    fn announce(&self, wakes: Vec<Wake>) {
        if !wakes.is_empty()
            && let Some(hook) = self.on_commit.get()
        {
            hook(wakes);
        }
    }

    fn begin(&mut self) -> Result<(), DbError> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(DbError::Stopped);
        }
        block_once(self.tx.batch("BEGIN IMMEDIATE"))
    }

    /// Runs one job in its savepoint.
    fn job(&mut self, job: Job, finishes: &mut Vec<Finish>, wakes: &mut Vec<Wake>) -> Result<(), DbError> {
        if let Err(error) = block_once(self.tx.execute(SAVEPOINT, vec![])) {
            finishes.push(job(Err(copy(&error))).1);
            return Err(error);
        }
        let (keep, finish) = job(Ok(&mut self.tx));
        finishes.push(finish);
        if self.connection().is_autocommit() {
            // SQLite gave up the whole transaction (a full disk does that): nothing of this group remains.
            self.tx.wakes.clear();
            return Err(DbError::Full);
        }
        if keep {
            wakes.append(&mut self.tx.wakes);
        } else {
            self.tx.wakes.clear();
            block_once(self.tx.execute(ROLLBACK_TO, vec![]))?;
        }
        block_once(self.tx.execute(RELEASE, vec![])).map(|_| ())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        let result = block_once(self.tx.batch("COMMIT"));
        if let Err(error) = &result {
            tracing::error!(error = %Chain(error), "a commit failed");
            let synced = !matches!(error, DbError::Sqlite(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure));
            if !synced {
                self.stopped.store(true, Ordering::Release);
            }
            if !self.connection().is_autocommit() {
                let _ = block_once(self.tx.batch("ROLLBACK"));
            }
        }
        result
    }

    fn connection(&self) -> &rusqlite::Connection {
        match &self.tx.connection {
            tx::Connection::Sqlite(connection) => &connection.0,
            tx::Connection::Postgres(_) => unreachable!("the writer opened SQLite"),
        }
    }
}

const SAVEPOINT: Sql = Sql { name: "db::sqlite::SAVEPOINT", text: "SAVEPOINT job" };
const RELEASE: Sql = Sql { name: "db::sqlite::RELEASE", text: "RELEASE job" };
const ROLLBACK_TO: Sql = Sql { name: "db::sqlite::ROLLBACK_TO", text: "ROLLBACK TO job" };

/// One failure told to several callers.
fn copy(error: &DbError) -> DbError {
    match error {
        DbError::Stopped => DbError::Stopped,
        error if error.is_full() => DbError::Full,
        error => DbError::Commit(Chain(error).to_string()),
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread
        .spawn(work)
        .map(|_| ())
        .map_err(|error| DbError::Open(format!("no thread for the database: {error}")))
}

fn open(path: &Path, pragmas: &str, faults: Faults) -> Result<Tx, DbError> {
    let connection = rusqlite::Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(pragmas)?;
    Ok(Tx { connection: tx::Connection::Sqlite(Connection(connection)), wakes: Vec::new(), faults })
}

/// The writer's cache is small on purpose: after most commits SQLite walks through all of it (a page that a balanced
/// tree moved had a high number for a moment), and what is not in it is in the system's.
fn open_writer(path: &Path, migrations: &[Migration], faults: Faults) -> Result<Tx, DbError> {
    let mut tx = open(
        path,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 67108864;",
        faults,
    )?;
    block_once(migrate::apply(&mut tx, migrations))?;
    Ok(tx)
}

fn open_reader(path: &Path, faults: Faults) -> Result<Tx, DbError> {
    open(path, "PRAGMA query_only = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;", faults)
}

/// The same statement with `?1…?n`. To SQLite `$2` is a *name*, numbered by its first appearance in the text; only `?2`
/// is the second parameter wherever it stands. Made once for each statement and thread, and found again by where the
/// text stands in memory: this runs for every statement.
fn numbered(text: &'static str) -> &'static str {
    thread_local! {
        static TEXTS: RefCell<HashMap<(usize, usize), &'static str>> = RefCell::default();
    }
    let place = (text.as_ptr().addr(), text.len());
    TEXTS.with_borrow_mut(|texts| {
        *texts.entry(place).or_insert_with(|| {
            let mut numbered = text.as_bytes().to_vec();
            for at in 1..numbered.len() {
                if numbered[at - 1] == b'$' && numbered[at].is_ascii_digit() {
                    numbered[at - 1] = b'?';
                }
            }
            String::from_utf8(numbered).map_or(text, |numbered| Box::leak(numbered.into_boxed_str()))
        })
    })
}

/// A connection, in or out of a transaction.
pub(crate) struct Connection(rusqlite::Connection);

impl Connection {
    pub(crate) fn execute(&self, sql: Sql, parameters: &[Value]) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(numbered(sql.text))?;
        Ok(statement.execute(rusqlite::params_from_iter(parameters))? as u64)
    }

    pub(crate) fn execute_many(&self, sql: Sql, rows: &[Vec<Value>]) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached(numbered(sql.text))?;
        let mut changed = 0;
        for parameters in rows {
            changed += statement.execute(rusqlite::params_from_iter(parameters))? as u64;
        }
        Ok(changed)
    }

    pub(crate) fn query(&self, sql: Sql, parameters: &[Value]) -> Result<Vec<Row>, DbError> {
        let mut statement = self.0.prepare_cached(numbered(sql.text))?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            answer.push(Row((0..columns)
                .map(|column| read(row.get_ref(column)?))
                .collect::<Result<_, _>>()?));
        }
        Ok(answer)
    }

    pub(crate) fn prepare(&self, sql: Sql) -> Result<(), DbError> {
        self.0.prepare(numbered(sql.text))?;
        Ok(())
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.0.execute_batch(sql)?;
        Ok(())
    }
}

fn read(value: ValueRef<'_>) -> Result<Value, rusqlite::Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::I64(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidQuery),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::I64(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Bool(flag) => ValueRef::Integer(i64::from(*flag)),
            Self::Uuid(id) => ValueRef::Blob(id.as_bytes()),
        }))
    }
}
