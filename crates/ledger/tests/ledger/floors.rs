//! An account is given credit: how far below zero it may fall, and that nobody lowers it behind the ledger's back.

use crate::*;
use plaza_db::Sql;
use plaza_db::testing::{ctx, each_engine};
use std::time::Duration;

#[tokio::test]
async fn credit_is_used_up_to_its_limit_and_not_taken_back_below_its_use() {
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let debt = receivable(1);
        assert!(matches!(
            amounts(&db, &ctx, vec![posted(1, &debt, &revenue(), 1)]).await[0],
            Err(Refused::Insufficient { .. })
        ));
        assert_eq!(set_floor(&db, &ctx, &debt, 10, -100).await, Ok(-100));
        assert_eq!(set_floor(&db, &ctx, &debt, 10, -100).await, Ok(-100), "asking twice is asking once");
        assert_eq!(set_floor(&db, &ctx, &debt, 10, -200).await, Err(Refused::Different));
        assert_eq!(set_floor(&db, &ctx, &bank(), 11, -200).await, Err(Refused::NoFloor));
        let later = ctx.now() + Duration::from_secs(60);
        let taken = vec![
            posted(2, &debt, &revenue(), 60),
            hold(3, &debt, &revenue(), 30, later),
            posted(4, &debt, &revenue(), 11),
        ];
        let available = Micros(-90);
        assert_eq!(
            amounts(&db, &ctx, taken).await,
            [Ok(60), Ok(30), Err(Refused::Insufficient { available })]
        );
        assert_eq!(set_floor(&db, &ctx, &debt, 12, -89).await, Err(Refused::Insufficient { available }));
        assert_eq!(set_floor(&db, &ctx, &debt, 13, -90).await, Ok(-90));
        assert_eq!(amounts(&db, &ctx, vec![void_hold(5, 3)]).await, [Ok(0)]);
        assert_eq!(set_floor(&db, &ctx, &debt, 14, -60).await, Ok(-60));
        assert_sound(&db, &ctx).await;
    })
    .await;
}

#[tokio::test]
async fn whoever_changes_a_floor_in_the_tables_is_found() {
    const CHANGES: [&str; 5] = [
        "UPDATE ledger_account SET floor = -500 WHERE floor = -100",
        "UPDATE ledger_floor SET floor = -60 WHERE number = 1",
        "DELETE FROM ledger_floor WHERE number = 2",
        "DELETE FROM ledger_floor WHERE number = 1",
        "UPDATE ledger_floor SET after_version = after_version + 5 WHERE number = 2",
    ];
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let debt = receivable(1);
        set_floor(&db, &ctx, &debt, 10, -50).await.unwrap();
        assert_eq!(amounts(&db, &ctx, vec![posted(1, &debt, &revenue(), 40)]).await, [Ok(40)]);
        let before = verify(&db, &ctx).await.digest;
        set_floor(&db, &ctx, &debt, 11, -100).await.unwrap();
        assert_sound(&db, &ctx).await;
        assert_ne!(verify(&db, &ctx).await.digest, before, "the digest covers floors");
        for text in CHANGES {
            let found = db
                .transact(&ctx, "test", async move |ctx, tx| {
                    assert!(tx.execute(Sql { name: "test", text }, vec![]).await? > 0, "{text}");
                    let report = plaza_ledger::verify(ctx, tx).await?;
                    Err::<(), _>(tampering::Found(Some(report.found.differences)))
                })
                .await
                .unwrap_err();
            assert!(!found.0.expect(text).is_empty(), "{db:?}: nobody noticed {text}");
        }
    })
    .await;
}
