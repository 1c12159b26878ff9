//! What both engines promise, through the door that the rest of Plaza uses.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

use plaza_db::testing::{ctx, each_engine};
use plaza_db::{Db, DbError, Migration, Sql, params};
use plaza_protocol::{AccountId, Timestamp, Wake};
use std::sync::{Arc, Mutex};

const CREATE: Sql = Sql {
    name: "test::CREATE",
    text: "CREATE TABLE IF NOT EXISTS note (note_id UUID PRIMARY KEY, text TEXT NOT NULL, at BIGINT NOT NULL, good BOOLEAN NOT NULL, raw BYTEA)",
};
const INSERT: Sql = Sql {
    name: "test::INSERT",
    text: "INSERT INTO note (note_id, text, at, good, raw) VALUES ($1, $2, $3, $4, $5)",
};
const COUNT: Sql = Sql { name: "test::COUNT", text: "SELECT count(*) FROM note" };
const ALL: Sql = Sql { name: "test::ALL", text: "SELECT note_id, text, at, good, raw FROM note ORDER BY at" };

async fn table(db: &Db) {
    db.transact(&ctx().0, "create", async |_, tx| tx.execute(CREATE, vec![]).await).await.unwrap();
}

async fn count(db: &Db) -> i64 {
    db.read(&ctx().0, "count", async |_, tx| tx.query_one(COUNT, vec![]).await)
        .await
        .unwrap()
        .unwrap()
        .get(0)
        .unwrap()
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    each_engine(async |db| {
        table(&db).await;
        let (ctx, _) = ctx();
        let id: AccountId = ctx.uuid();
        db.transact(&ctx, "insert", async move |ctx, tx| {
            tx.execute(INSERT, params![id, "täxt", ctx.now(), true, vec![0_u8, 255]]).await?;
            tx.execute_many(
                INSERT,
                vec![params![ctx.uuid::<AccountId>(), "", Timestamp(0), false, None::<Vec<u8>>]],
            )
            .await
        })
        .await
        .unwrap();
        let rows = db.read(&ctx, "all", async |_, tx| tx.query(ALL, vec![]).await).await.unwrap();
        assert_eq!(rows[1].get::<AccountId>(0).unwrap(), id);
        assert_eq!(rows[1].get::<String>(1).unwrap(), "täxt");
        assert_eq!(rows[1].get::<Timestamp>(2).unwrap(), ctx.now());
        assert!(rows[1].get::<bool>(3).unwrap() && !rows[0].get::<bool>(3).unwrap());
        assert_eq!(rows[1].get::<Vec<u8>>(4).unwrap(), [0, 255]);
        assert_eq!(rows[0].get::<Option<Vec<u8>>>(4).unwrap(), None);
        assert!(matches!(rows[0].get::<i64>(1), Err(DbError::Column { column: 1, .. })));
    })
    .await;
}

#[tokio::test]
async fn parameters_are_numbered_wherever_they_stand() {
    const SWAPPED: Sql = Sql {
        name: "test::SWAPPED",
        text: "SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT), CAST($2 AS TEXT) WHERE $3",
    };
    each_engine(async |db| {
        let read = async |_: &plaza_protocol::Ctx, tx: &mut plaza_db::Tx| {
            tx.query_one(SWAPPED, params![7_i64, "seven", true]).await
        };
        let row = db.read::<_, DbError, _>(&ctx().0, "swapped", read).await.unwrap().unwrap();
        assert_eq!((row.get::<String>(0).unwrap(), row.get::<i64>(1).unwrap()), ("seven".to_owned(), 7));
        assert_eq!(row.get::<String>(2).unwrap(), "seven");
    })
    .await;
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing_and_harms_no_other() {
    each_engine(async |db| {
        table(&db).await;
        let (ctx, _) = ctx();
        let insert = |fail: bool| {
            let (db, ctx) = (db.clone(), ctx.clone());
            async move {
                db.transact(&ctx, "insert", async move |ctx, tx| {
                    tx.execute(
                        INSERT,
                        params![ctx.uuid::<AccountId>(), "x", ctx.now(), true, None::<Vec<u8>>],
                    )
                    .await?;
                    if fail { Err(DbError::Closed) } else { Ok(()) }
                })
                .await
            }
        };
        let jobs: Vec<_> = (0..40).map(|n| tokio::spawn(insert(n % 4 == 0))).collect();
        let mut good = 0;
        for job in jobs {
            good += i64::from(job.await.unwrap().is_ok());
        }
        assert_eq!((good, count(&db).await), (30, 30));
    })
    .await;
}

#[tokio::test]
async fn a_panic_in_a_transaction_is_the_callers_error_only() {
    let (db, _folder) = plaza_db::testing::sqlite().await;
    table(&db).await;
    let (ctx, _) = ctx();
    let result: Result<(), DbError> = db
        .transact(&ctx, "panics", async |ctx, tx| {
            tx.execute(INSERT, params![ctx.uuid::<AccountId>(), "x", ctx.now(), true, None::<Vec<u8>>])
                .await?;
            panic!("a bug")
        })
        .await;
    assert!(matches!(result, Err(DbError::Closed)));
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn wakes_follow_the_commit_and_only_the_commit() {
    each_engine(async |db| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = heard.clone();
        db.on_commit(move |wakes| ear.lock().unwrap().extend(wakes));
        let (ctx, _) = ctx();
        for fail in [true, false] {
            let _ = db
                .transact(&ctx, "wake", async move |_, tx| {
                    tx.wake(Wake::Webhooks);
                    if fail { Err(DbError::Closed) } else { Ok(()) }
                })
                .await;
        }
        assert_eq!(heard.lock().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_read_cannot_write_and_a_unique_column_says_so() {
    each_engine(async |db| {
        table(&db).await;
        let (ctx, _) = ctx();
        let id: AccountId = ctx.uuid();
        let insert = async move |ctx: &plaza_protocol::Ctx, tx: &mut plaza_db::Tx| {
            tx.execute(INSERT, params![id, "x", ctx.now(), true, None::<Vec<u8>>]).await
        };
        assert!(db.read(&ctx, "write", insert).await.is_err());
        assert_eq!(db.transact(&ctx, "write", insert).await.unwrap(), 1);
        assert!(db.transact(&ctx, "write", insert).await.unwrap_err().is_unique_violation());
    })
    .await;
}

#[tokio::test]
async fn a_read_only_file_and_a_bad_address_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/folder/plaza.db");
    assert!(Db::open_sqlite(&missing, &[]).await.is_err());
    let bad = Db::open_postgres("mysql://x", 1, &[]).await.unwrap_err();
    assert!(bad.to_string().contains("postgres://"), "{bad}");
    const BROKEN: &[Migration] =
        &[Migration { number: 1, name: "0001_broken", sql: "CREATE TABEL x (y BIGINT);" }];
    let error = Db::open_sqlite(&folder.path().join("x.db"), BROKEN).await.unwrap_err();
    assert_eq!(error.to_string(), "migration 0001_broken failed");
}

const LIMIT: Sql = Sql { name: "test::LIMIT", text: "PRAGMA max_page_count = 40" };
const MORE: Sql = Sql { name: "test::MORE", text: "PRAGMA max_page_count = 100000" };
const NO_WRITES: Sql = Sql { name: "test::NO_WRITES", text: "PRAGMA query_only = ON" };

/// Inserts notes of 10 KB at the same time, until one is refused.
async fn fill(db: &Db) -> (i64, DbError) {
    for _ in 0..20 {
        let insert = || {
            let (db, ctx) = (db.clone(), ctx().0);
            async move {
                let body = async |ctx: &plaza_protocol::Ctx, tx: &mut plaza_db::Tx| {
                    let id = AccountId::from_slice(&rand16()).map_err(|_| DbError::Closed)?;
                    tx.execute(INSERT, params![id, "x".repeat(10_000), ctx.now(), true, None::<Vec<u8>>])
                        .await
                };
                db.transact(&ctx, "fill", body).await
            }
        };
        let outcomes = [tokio::spawn(insert()), tokio::spawn(insert()), tokio::spawn(insert())];
        for outcome in outcomes {
            if let Err(error) = outcome.await.unwrap() {
                return (count(db).await, error);
            }
        }
    }
    panic!("it never filled up")
}

fn rand16() -> [u8; 16] {
    let ids = plaza_protocol::RandomIds::default();
    let mut bytes = [0; 16];
    plaza_protocol::Ids::fill(&ids, &mut bytes);
    bytes
}

#[tokio::test]
async fn a_full_disk_is_a_clear_error_and_ends_with_more_room() {
    let (db, _folder) = plaza_db::testing::sqlite_with(&[]).await;
    table(&db).await;
    let (ctx, _) = ctx();
    db.transact(&ctx, "limit", async |_, tx| tx.query(LIMIT, vec![]).await).await.unwrap();
    let (stored, error) = fill(&db).await;
    assert!(error.is_full(), "{error:?}");
    assert!(stored > 0, "what was acknowledged before stays, and can be read");
    db.transact(&ctx, "more", async |_, tx| tx.query(MORE, vec![]).await).await.unwrap();
    let insert = async |ctx: &plaza_protocol::Ctx, tx: &mut plaza_db::Tx| {
        tx.execute(INSERT, params![ctx.uuid::<AccountId>(), "room", ctx.now(), true, None::<Vec<u8>>]).await
    };
    assert_eq!(db.transact(&ctx, "insert", insert).await.unwrap(), 1);
    assert!(count(&db).await > stored);
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_a_clear_error() {
    let (db, _folder) = plaza_db::testing::sqlite_with(&[]).await;
    table(&db).await;
    let (ctx, _) = ctx();
    db.transact(&ctx, "no_writes", async |_, tx| tx.query(NO_WRITES, vec![]).await).await.unwrap();
    let insert = async |ctx: &plaza_protocol::Ctx, tx: &mut plaza_db::Tx| {
        tx.execute(INSERT, params![ctx.uuid::<AccountId>(), "x", ctx.now(), true, None::<Vec<u8>>]).await
    };
    let error = db.transact(&ctx, "insert", insert).await.unwrap_err();
    assert!(error.is_full(), "{error:?}");
    assert_eq!(count(&db).await, 0, "reads go on");
}

#[tokio::test]
async fn a_closed_database_lets_its_file_go() {
    let (db, folder) = plaza_db::testing::sqlite_with(&[]).await;
    table(&db).await;
    let (ctx, _) = ctx();
    let insert = async |ctx: &plaza_protocol::Ctx, tx: &mut plaza_db::Tx| {
        tx.execute(INSERT, params![ctx.uuid::<AccountId>(), "kept", ctx.now(), true, None::<Vec<u8>>]).await
    };
    db.transact(&ctx, "insert", insert).await.unwrap();
    db.close().await;
    for _ in 0..2 {
        assert!(matches!(db.transact(&ctx, "insert", insert).await, Err(DbError::Closed)));
        let read = db.read(&ctx, "count", async |_, tx| tx.query_one(COUNT, vec![]).await).await;
        assert!(matches!(read, Err(DbError::Closed)));
    }
    db.close().await;
    // Another may take the file, or its copy.
    let again = Db::open_sqlite(&folder.path().join("plaza.db"), &[]).await.unwrap();
    assert_eq!(count(&again).await, 1);
}
