//! Whatever somebody changes behind the ledger's back, verification says so.

use crate::*;
use plaza_db::Sql;
use plaza_db::testing::{ctx, each_engine};
use std::time::Duration;

async fn ledger(db: &Db, ctx: &Ctx) {
    let later = ctx.now() + Duration::from_secs(60);
    let batch = vec![
        posted(1, &bank(), &prepaid(1), 1000),
        hold(2, &prepaid(1), &revenue(), 70, later),
        hold(3, &prepaid(1), &revenue(), 80, later),
        hold(4, &prepaid(1), &revenue(), 90, later),
        post_hold(5, 2, 60),
        void_hold(6, 3),
    ];
    assert!(post(db, ctx, batch).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn every_change_is_found() {
    const CHANGES: [&str; 18] = [
        "UPDATE ledger_account SET posted = posted + 1 WHERE code = 'bank'",
        "UPDATE ledger_account SET held = held - 1 WHERE held > 0",
        "UPDATE ledger_account SET version = version + 1 WHERE code = 'bank'",
        "UPDATE ledger_account SET floor = -5 WHERE floor = 0",
        "DELETE FROM ledger_account WHERE code = 'revenue:messages:utility'",
        "UPDATE ledger_transfer SET amount = amount + 1 WHERE kind = 'post_hold'",
        "UPDATE ledger_transfer SET amount = amount - 1 WHERE kind = 'hold' AND amount = 90",
        "UPDATE ledger_transfer SET at = at + 1 WHERE kind = 'posted'",
        "DELETE FROM ledger_transfer WHERE kind = 'void_hold'",
        "UPDATE ledger_entry SET posted = posted - 1 WHERE posted < -100",
        "DELETE FROM ledger_entry WHERE version = 2",
        "DELETE FROM ledger_hold WHERE amount = 90",
        "UPDATE ledger_transfer SET expires_at = expires_at + 1 WHERE kind = 'hold' AND amount = 70",
        // Posted twice, above the hold, across currencies, on another chain, back in time.
        "INSERT INTO ledger_transfer (transfer_id, kind, debit, credit, amount, at)
         SELECT credit, kind, debit, credit, amount, at FROM ledger_transfer WHERE kind = 'posted'",
        "UPDATE ledger_transfer SET amount = 71 WHERE kind = 'post_hold'",
        "UPDATE ledger_account SET currency = 'EUR' WHERE code = 'bank'",
        "UPDATE ledger_account SET hash = (SELECT a.hash FROM ledger_account a WHERE a.code = 'bank')
         WHERE code <> 'bank'",
        "UPDATE ledger_entry SET at = at - 1 WHERE version = 2",
    ];
    each_engine(async |db| {
        let (ctx, _) = ctx();
        ledger(&db, &ctx).await;
        assert_sound(&db, &ctx).await;
        let sound = verify(&db, &ctx).await;
        for text in CHANGES {
            // Change, look, and take the change back with the transaction.
            let found = db
                .transact(&ctx, "test", async move |ctx, tx| {
                    assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
                    let report = plaza_ledger::verify(ctx, tx).await?;
                    Err::<(), _>(Found(Some(report.found.differences)))
                })
                .await
                .unwrap_err();
            let differences = found.0.expect(text);
            assert!(!differences.is_empty(), "{db:?}: nobody noticed {text}");
        }
        assert_eq!(verify(&db, &ctx).await, sound);
    })
    .await;
}

/// Someone rewrites an entry, its transfer and both balances so that all sums are right again. The digest still tells.
#[tokio::test]
async fn a_change_that_keeps_all_sums_breaks_the_chain() {
    const CHANGES: [&str; 3] = [
        "UPDATE ledger_transfer SET amount = 61 WHERE kind = 'post_hold'",
        "UPDATE ledger_entry SET posted = CASE WHEN posted = 60 THEN 61 ELSE -61 END WHERE posted = 60 OR posted = -60",
        "UPDATE ledger_account SET posted = posted + CASE WHEN floor IS NULL THEN 1 ELSE -1 END WHERE code <> 'bank'",
    ];
    each_engine(async |db| {
        let (ctx, _) = ctx();
        ledger(&db, &ctx).await;
        db.transact(&ctx, "test", async |_, tx| {
            for text in CHANGES {
                tx.execute(Sql { name: "test", text }, vec![]).await?;
            }
            Ok::<_, plaza_db::DbError>(())
        })
        .await
        .unwrap();
        let differences = verify(&db, &ctx).await.found.differences;
        assert_eq!(differences.len(), 2, "both chains: {differences:?}");
    })
    .await;
}

/// Carries the differences out of a transaction that is rolled back.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) Option<Vec<String>>);

impl From<plaza_db::DbError> for Found {
    fn from(error: plaza_db::DbError) -> Self {
        panic!("{}", plaza_protocol::Chain(&error))
    }
}

impl From<LedgerError> for Found {
    fn from(error: LedgerError) -> Self {
        panic!("{}", plaza_protocol::Chain(&error))
    }
}
