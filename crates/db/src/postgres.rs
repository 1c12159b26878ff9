//! # PostgreSQL
//!
//! One thread with a runtime of its own drives all connections, so that the futures of transactions need not be `Send`.
//! A job takes an idle connection or opens one, up to the limit. A broken connection is thrown away and the job tried
//! on a new one; a transaction that PostgreSQL could not serialise is tried again after a short, growing, random pause.

use crate::fault::Faults;
use crate::value::{Row, Value};
use crate::{DbError, Migration, OnCommit, Sql, Tx, migrate, tx};
use bytes::BytesMut;
use futures_util::future::try_join_all;
use plaza_protocol::Ctx;
use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

/// Jobs that wait for a connection; beyond, callers wait to enqueue.
const QUEUE_JOBS_MAX: usize = 4096;
/// Tries of a transaction before its error is the caller's.
const TRIES_MAX: u32 = 8;
/// The pause before the second try; it doubles.
const RETRY_PAUSE: Duration = Duration::from_millis(4);

type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
/// A job, made into a future on the thread that will poll it.
type Job = Box<dyn FnOnce(Rc<Pool>) -> Local<'static, ()> + Send>;

pub(crate) struct Postgres {
    jobs: mpsc::Sender<Job>,
}

struct Pool {
    config: Config,
    idle: RefCell<Vec<Tx>>,
    permits: Semaphore,
    on_commit: OnCommit,
    faults: Faults,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        connections_max: usize,
        migrations: &'static [Migration],
        (on_commit, faults): (OnCommit, Faults),
    ) -> Result<Self, DbError> {
        let mut config: Config = url
            .parse()
            .map_err(|_| DbError::Open("the database address is not a postgres:// address".to_owned()))?;
        config.application_name("plaza").connect_timeout(Duration::from_secs(5));
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE_JOBS_MAX);
        let (opened, is_open) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DbError::Open(format!("no runtime for the database: {error}")))?;
        let thread = std::thread::Builder::new().name("plaza-db-postgres".to_owned()).spawn(move || {
            let local = tokio::task::LocalSet::new();
            let pool = Rc::new(Pool {
                config,
                idle: RefCell::default(),
                permits: Semaphore::new(connections_max),
                on_commit,
                faults,
            });
            local.block_on(&runtime, async move {
                let migrated = async {
                    let mut tx = pool.connect().await?;
                    migrate::apply(&mut tx, migrations).await?;
                    pool.idle.borrow_mut().push(tx);
                    Ok::<(), DbError>(())
                };
                let is_ok = {
                    let result = migrated.await;
                    let is_ok = result.is_ok();
                    let _ = opened.send(result);
                    is_ok
                };
                while is_ok && let Some(job) = queue.recv().await {
                    tokio::task::spawn_local(job(pool.clone()));
                }
            });
        });
        thread.map_err(|error| DbError::Open(format!("no thread for the database: {error}")))?;
        is_open.await.map_err(|_| DbError::Closed)??;
        Ok(Self { jobs })
    }

    pub(crate) async fn transact<T, E, F>(
        &self,
        ctx: Ctx,
        name: &'static str,
        work: F,
        read_only: bool,
    ) -> Result<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |pool| {
            Box::pin(async move {
                let _ = answer.send(pool.run(&ctx, name, &work, read_only).await);
            })
        });
        self.jobs.send(job).await.map_err(|_| DbError::Closed)?;
        answered.await.map_err(|_| DbError::Closed)?
    }
}

/// The end of one try.
enum Try<T, E> {
    Done(Result<T, E>),
    Again(DbError),
}

impl Pool {
    async fn run<T, E, F>(&self, ctx: &Ctx, name: &'static str, work: &F, read_only: bool) -> Result<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        let _permit = self.permits.acquire().await.map_err(|_| DbError::Closed)?;
        let mut tries = 1;
        loop {
            let idle = self.idle.borrow_mut().pop();
            let mut tx = match idle {
                Some(tx) => tx,
                None => self.connect().await?,
            };
            let outcome = self.attempt(&mut tx, ctx, work, read_only).await;
            tx.wakes.clear();
            if tx.is_open() {
                self.idle.borrow_mut().push(tx);
            }
            match outcome {
                Try::Done(result) => return result,
                Try::Again(error) if tries == TRIES_MAX => return Err(E::from(error)),
                Try::Again(error) => {
                    tracing::debug!(job = name, tries, error = %plaza_protocol::Chain(&error), "again");
                    let [jitter] = ctx.random::<1>();
                    tokio::time::sleep(RETRY_PAUSE * (1 << tries.min(6)) * (u32::from(jitter) + 128) / 256)
                        .await;
                    tries += 1;
                }
            }
        }
    }

    async fn attempt<T, E, F>(&self, tx: &mut Tx, ctx: &Ctx, work: &F, read_only: bool) -> Try<T, E>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, E>,
        E: From<DbError>,
    {
        let begin = if read_only {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        } else {
            "BEGIN ISOLATION LEVEL READ COMMITTED"
        };
        if let Err(error) = tx.batch(begin).await {
            // Nothing ran yet: a connection that broke while idle may be replaced at once.
            return if error.is_disconnect() { Try::Again(error) } else { Try::Done(Err(E::from(error))) };
        }
        let result = work(ctx, tx).await;
        let retry = tx.failure();
        if result.is_err() || retry.is_some() {
            let _ = tx.batch("ROLLBACK").await;
            return match (retry, result) {
                (Some(error), _) => Try::Again(error),
                (None, result) => Try::Done(result),
            };
        }
        match tx.batch("COMMIT").await {
            Ok(()) => {
                if !tx.wakes.is_empty()
                    && let Some(hook) = self.on_commit.get()
                {
                    hook(std::mem::take(&mut tx.wakes));
                }
                Try::Done(result)
            }
            Err(error) if error.is_retryable() => Try::Again(error),
            // A connection that broke at the commit: nobody knows. The caller asks again; operations are idempotent.
            Err(error) => Try::Done(Err(E::from(error))),
        }
    }

    async fn connect(&self) -> Result<Tx, DbError> {
        let (client, connection) = self.config.connect(NoTls).await?;
        tokio::task::spawn_local(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %plaza_protocol::Chain(&error), "a database connection ended");
            }
        });
        let connection = Connection { client, prepared: HashMap::new(), failure: None };
        Ok(Tx {
            connection: tx::Connection::Postgres(connection),
            wakes: Vec::new(),
            faults: self.faults.clone(),
        })
    }
}

impl Tx {
    fn is_open(&self) -> bool {
        matches!(&self.connection, tx::Connection::Postgres(connection) if !connection.client.is_closed())
    }

    /// The failure after which the transaction is to be tried again, whatever its code made of it.
    fn failure(&mut self) -> Option<DbError> {
        match &mut self.connection {
            tx::Connection::Postgres(connection) => connection.failure.take(),
            tx::Connection::Sqlite(_) => None,
        }
    }
}

/// A connection with its prepared statements.
pub(crate) struct Connection {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
    failure: Option<DbError>,
}

impl Connection {
    pub(crate) async fn prepare(&mut self, sql: Sql) -> Result<Statement, DbError> {
        if let Some(statement) = self.prepared.get(sql.text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql.text).await?;
        self.prepared.insert(sql.text, statement.clone());
        Ok(statement)
    }

    pub(crate) async fn execute(&mut self, sql: Sql, parameters: &[Value]) -> Result<u64, DbError> {
        let statement = self.prepare(sql).await?;
        let result = self.client.execute_raw(&statement, parameters).await;
        self.note(result)
    }

    pub(crate) async fn execute_many(&mut self, sql: Sql, rows: &[Vec<Value>]) -> Result<u64, DbError> {
        let statement = self.prepare(sql).await?;
        let results = try_join_all(rows.iter().map(|row| self.client.execute_raw(&statement, row))).await;
        self.note(results).map(|counts| counts.iter().sum())
    }

    pub(crate) async fn query(&mut self, sql: Sql, parameters: &[Value]) -> Result<Vec<Row>, DbError> {
        let statement = self.prepare(sql).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let result = self.client.query(&statement, &parameters).await;
        self.note(result)?.iter().map(read).collect()
    }

    pub(crate) async fn query_many(
        &mut self,
        sql: Sql,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, DbError> {
        let statement = self.prepare(sql).await?;
        let (client, statement) = (&self.client, &statement);
        let answers = try_join_all(rows.iter().map(|row| async move {
            let parameters: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| value as _).collect();
            client.query(statement, &parameters).await
        }))
        .await;
        self.note(answers)?.iter().map(|rows| rows.iter().map(read).collect()).collect()
    }

    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Remembers a failure that calls for another try, even if the operation makes another error of it.
    fn note<T>(&mut self, result: Result<T, tokio_postgres::Error>) -> Result<T, DbError> {
        result.map_err(|error| {
            let code = error.code().cloned();
            let error = DbError::Postgres(error);
            if error.is_retryable() {
                self.failure = Some(DbError::Commit(format!("could not serialise ({code:?})")));
            }
            error
        })
    }
}

fn read(row: &tokio_postgres::Row) -> Result<Row, DbError> {
    let value = |(column, kind): (usize, &Type)| -> Result<Value, DbError> {
        Ok(match *kind {
            Type::INT8 => row.try_get::<_, Option<i64>>(column)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(column)?.map(i64::from).into(),
            Type::TEXT | Type::VARCHAR | Type::NAME => row.try_get::<_, Option<String>>(column)?.into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(column)?.into(),
            Type::BOOL => row.try_get::<_, Option<bool>>(column)?.into(),
            Type::UUID => row.try_get::<_, Option<uuid::Uuid>>(column)?.into(),
            _ => return Err(DbError::Column { column, wanted: "UUID, TEXT, BIGINT, BOOLEAN or BYTEA" }),
        })
    };
    row.columns()
        .iter()
        .map(tokio_postgres::Column::type_)
        .enumerate()
        .map(value)
        .collect::<Result<_, _>>()
        .map(Row)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::I64(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::I64(number) if *kind == Type::BOOL => (*number != 0).to_sql(kind, out),
            Self::I64(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::UUID => uuid::Uuid::from_slice(bytes)?.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
            Self::Bool(flag) => flag.to_sql(kind, out),
            Self::Uuid(id) if *kind == Type::BYTEA => id.as_bytes().as_slice().to_sql(kind, out),
            Self::Uuid(id) => id.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8
                | Type::INT4
                | Type::TEXT
                | Type::VARCHAR
                | Type::NAME
                | Type::BYTEA
                | Type::BOOL
                | Type::UUID
        )
    }

    to_sql_checked!();
}
