//! # Test databases
//!
//! [`each_engine`] runs a test twice: on a SQLite file of its own, and on a PostgreSQL database of its own, cloned from
//! a template that holds the schema. The PostgreSQL server is the one of `PLAZA_TEST_POSTGRES`, or one that the first
//! test starts under the machine's temporary folder and that all later ones share.

mod crash;
mod property;

pub use crash::{Content, Place, dies_everywhere};
pub use property::property;

use crate::{Db, DbError, SERVER_MIGRATIONS, Tx, Value};
use plaza_protocol::{Ctx, ManualClock, SeededIds, Timestamp};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::NoTls;

/// 2026-11-02T09:00:00Z: a Monday, in the second month of the price regime of October 2026.
pub const START: Timestamp = Timestamp::from_seconds(1_793_610_000);

/// A context whose clock moves by hand and whose ids repeat.
pub fn ctx() -> (Ctx, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(START));
    (Ctx::system(clock.clone(), Arc::new(SeededIds::new(1))), clock)
}

/// Runs `test` on both engines, each with an empty database.
pub async fn each_engine<F: AsyncFn(Db)>(test: F) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite =
        Db::open_sqlite(&folder.path().join("plaza.db"), SERVER_MIGRATIONS).await.expect("SQLite opens");
    test(sqlite).await;
    test(postgres().await).await;
}

/// An empty SQLite database, in a folder that lives as long as the value beside it.
pub async fn sqlite() -> (Db, tempfile::TempDir) {
    sqlite_with(SERVER_MIGRATIONS).await
}

/// The same with other tables, or with none.
pub async fn sqlite_with(migrations: &'static [crate::Migration]) -> (Db, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = Db::open_sqlite(&folder.path().join("plaza.db"), migrations).await.expect("SQLite opens");
    (db, folder)
}

/// An empty PostgreSQL database.
pub async fn postgres() -> Db {
    let url = postgres_url().await;
    Db::open_postgres(&url, 8, SERVER_MIGRATIONS).await.expect("PostgreSQL opens")
}

/// The address of an empty PostgreSQL database with the schema in it.
pub async fn postgres_url() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let schema = SERVER_MIGRATIONS.iter().fold(17_u64, |hash, migration| {
        migration.sql.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    });
    let template = format!("plaza_template_{schema:016x}");
    let name = format!("plaza_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let _one_at_a_time = Lock::take(&temporary().join("plaza-test-template.lock"));
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{template}' AND datistemplate");
    if sql(&server, &exists).await == 0 {
        sql(&server, &format!("DROP DATABASE IF EXISTS {template}")).await;
        sql(&server, &format!("CREATE DATABASE {template}")).await;
        let db =
            Db::open_postgres(&address(&server, &template), 1, SERVER_MIGRATIONS).await.expect("it migrates");
        drop(db);
        sql(&server, &format!("ALTER DATABASE {template} IS_TEMPLATE true")).await;
    }
    let busy = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'");
    sql(&server, &busy).await;
    // Process numbers come again.
    sql(&server, &format!("DROP DATABASE IF EXISTS {name}")).await;
    sql(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    address(&server, &name)
}

fn address(server: &str, database: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("postgres://user@host:port/database");
    format!("{base}/{database}")
}

async fn sql(server: &str, statement: &str) -> usize {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await.expect("the test server answers");
    let driver = tokio::spawn(connection);
    let answer =
        client.simple_query(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    drop(client);
    let _ = driver.await;
    answer.iter().filter(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(_))).count()
}

fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// The server that the tests share.
#[expect(clippy::disallowed_methods, reason = "tests are told their server by the environment")]
fn server() -> String {
    if let Ok(url) = std::env::var("PLAZA_TEST_POSTGRES") {
        return url;
    }
    let folder = temporary().join("plaza-test-postgres");
    let _one_starts_it = Lock::take(&temporary().join("plaza-test-postgres.lock"));
    let running = folder.join("data/postmaster.pid");
    let port_file = folder.join("port");
    if let (true, Ok(port)) = (is_alive(&running), fs::read_to_string(&port_file)) {
        return format!("postgres://postgres@127.0.0.1:{}/postgres", port.trim());
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test server");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port")
        .port();
    let bin = newest_postgres();
    let is_root = output("id", &["-u"]).trim() == "0";
    if is_root {
        output("chown", &["postgres", &folder.display().to_string()]);
    }
    let data = folder.join("data");
    let start = format!(
        "{bin}/initdb -D {data} -U postgres -A trust -E UTF8 --no-sync >{log} 2>&1 && {bin}/pg_ctl -D {data} -w -l {log} \
         -o '-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off \
         -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=128MB' start",
        data = data.display(),
        log = folder.join("log").display(),
        folder = folder.display(),
    );
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh", "-c", &start]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", &start]);
        command
    };
    let done =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("sh runs");
    assert!(done.success(), "PostgreSQL did not start: see {}", folder.join("log").display());
    fs::write(&port_file, port.to_string()).expect("the folder is writable");
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

fn is_alive(pid_file: &Path) -> bool {
    let pid = fs::read_to_string(pid_file).ok().and_then(|text| text.lines().next().map(str::to_owned));
    pid.is_some_and(|pid| Path::new("/proc").join(pid).exists())
}

fn newest_postgres() -> String {
    let mut versions: Vec<u32> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is installed: ./x test installs it")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    format!(
        "/usr/lib/postgresql/{}/bin",
        versions.last().expect("PostgreSQL is installed: ./x test installs it")
    )
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A lock on a file, held by one process at a time.
struct Lock(#[expect(dead_code, reason = "closing the file lets the lock go")] fs::File);

impl Lock {
    fn take(path: &Path) -> Self {
        let file = fs::File::options().create(true).append(true).open(path).expect("a lock file");
        file.lock().expect("it locks");
        Self(file)
    }
}

/// Checks that both engines understand all statements.
pub async fn prepare_all(statements: &[crate::Sql]) {
    let statements: &'static [crate::Sql] = statements.to_vec().leak();
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let failed = db
            .transact(&ctx, "test.prepare_all", async move |_, tx| {
                for sql in statements {
                    if let Err(error) = tx.prepare(*sql).await {
                        return Ok::<_, DbError>(Some(format!(
                            "{}: {}",
                            sql.name,
                            plaza_protocol::Chain(&error)
                        )));
                    }
                }
                Ok(None)
            })
            .await
            .expect("the database answers");
        assert_eq!(failed, None, "{db:?}");
    })
    .await;
}

/// How SQLite goes about a statement: the steps of its plan, in its words. For statements that run once for each
/// message and must find their rows by an index, however many there are.
pub async fn plan(sql: crate::Sql) -> Vec<String> {
    let text: &'static str = format!("EXPLAIN QUERY PLAN {}", sql.text).leak();
    let count = (1..).take_while(|n| sql.text.contains(&format!("${n}"))).count();
    let explain = crate::Sql { name: sql.name, text };
    let (db, _folder) = sqlite().await;
    let steps = async move |_: &Ctx, tx: &mut Tx| {
        let steps = tx.query(explain, vec![Value::Null; count]).await?;
        steps.iter().map(|step| step.get(3)).collect::<Result<_, DbError>>()
    };
    db.read(&ctx().0, "test.plan", steps).await.expect("SQLite explains it")
}
