//! The rules, one at a time.

use crate::*;
use plaza_db::testing::{ctx, each_engine};
use plaza_db::{Sql, params};
use plaza_ledger::LedgerError;
use std::time::Duration;

#[tokio::test]
async fn a_hold_is_posted_for_less_and_the_rest_is_free_again() {
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let later = ctx.now() + Duration::from_secs(60);
        let batch = vec![
            posted(1, &bank(), &prepaid(1), 100),
            hold(2, &prepaid(1), &revenue(), 70, later),
            hold(3, &prepaid(1), &revenue(), 31, later),
        ];
        let answer = amounts(&db, &ctx, batch).await;
        assert_eq!(answer, [Ok(100), Ok(70), Err(Refused::Insufficient { available: Micros(30) })]);
        let standing = balance(&db, &ctx, prepaid(1)).await;
        assert_eq!((standing.posted.0, standing.held.0, standing.available.0), (100, 70, 30));
        let answer =
            amounts(&db, &ctx, vec![post_hold(4, 2, 55), hold(3, &prepaid(1), &revenue(), 31, later)]).await;
        assert_eq!(answer, [Ok(55), Ok(31)]);
        assert_eq!(balance(&db, &ctx, revenue()).await.posted, Micros(55));
        assert_eq!(balance(&db, &ctx, prepaid(1)).await.available, Micros(14));
        assert_eq!(balance(&db, &ctx, bank()).await.posted, Micros(-100));
        assert_sound(&db, &ctx).await;
    })
    .await;
}

#[tokio::test]
async fn a_hold_ends_once() {
    each_engine(async |db| {
        let (ctx, clock) = ctx();
        let soon = ctx.now() + Duration::from_secs(60);
        let start = vec![posted(1, &bank(), &prepaid(1), 100), hold(2, &prepaid(1), &revenue(), 10, soon)];
        post(&db, &ctx, start).await;
        let answer =
            amounts(&db, &ctx, vec![post_hold(3, 2, 11), post_hold(3, 2, 10), void_hold(4, 2)]).await;
        assert_eq!(answer, [Err(Refused::AboveHold { held: Micros(10) }), Ok(10), Err(Refused::HoldEnded)]);
        assert_eq!(amounts(&db, &ctx, vec![post_hold(5, 2, 10)]).await, [Err(Refused::HoldEnded)]);
        assert_eq!(amounts(&db, &ctx, vec![void_hold(6, 9)]).await, [Err(Refused::UnknownHold)]);
        // One that nobody ends expires, and only then.
        let too_early = Transfer { transfer_id: id(70), action: Action::ExpireHold { hold: id(7) } };
        post(&db, &ctx, vec![hold(7, &prepaid(1), &revenue(), 10, soon)]).await;
        clock.advance(Duration::from_secs(59));
        assert_eq!(expire(&db, &ctx).await, 0);
        assert_eq!(post(&db, &ctx, vec![too_early]).await, [Err(Refused::NotExpired)]);
        clock.advance(Duration::from_secs(1));
        assert_eq!((expire(&db, &ctx).await, expire(&db, &ctx).await), (1, 0));
        assert_eq!(amounts(&db, &ctx, vec![post_hold(8, 7, 1)]).await, [Err(Refused::HoldEnded)]);
        assert_eq!(balance(&db, &ctx, prepaid(1)).await.available, Micros(90));
        assert_sound(&db, &ctx).await;
    })
    .await;
}

#[tokio::test]
async fn an_id_stands_for_one_transfer_for_ever() {
    each_engine(async |db| {
        let (ctx, clock) = ctx();
        let first = post(&db, &ctx, vec![posted(1, &bank(), &prepaid(1), 100)]).await;
        clock.advance(Duration::from_secs(5));
        let again = post(&db, &ctx, vec![posted(1, &bank(), &prepaid(1), 100)]).await;
        assert_eq!(again, [first[0].map(|first| Outcome { repeated: true, ..first })]);
        for other in
            [posted(1, &bank(), &prepaid(1), 99), posted(1, &bank(), &prepaid(2), 100), void_hold(1, 1)]
        {
            assert_eq!(post(&db, &ctx, vec![other]).await, [Err(Refused::Different)]);
        }
        let twice = vec![posted(2, &bank(), &prepaid(1), 5), posted(2, &bank(), &prepaid(1), 5)];
        assert_eq!(amounts(&db, &ctx, twice).await, [Ok(5), Ok(5)]);
        assert_eq!(balance(&db, &ctx, prepaid(1)).await.posted, Micros(105));
        assert_sound(&db, &ctx).await;
    })
    .await;
}

#[tokio::test]
async fn bad_transfers_are_refused_and_the_rest_of_the_batch_stands() {
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let euro = Account::new(AccountKind::Bank, Currency::EUR);
        let batch = vec![
            posted(1, &bank(), &prepaid(1), 0),
            posted(2, &bank(), &prepaid(1), -1),
            posted(3, &euro, &prepaid(1), 1),
            posted(4, &bank(), &bank(), 1),
            posted(5, &bank(), &prepaid(1), i64::MAX),
            posted(6, &bank(), &prepaid(1), 1),
            posted(7, &prepaid(1), &bank(), 7),
        ];
        let answer = amounts(&db, &ctx, batch).await;
        assert_eq!(
            answer,
            [
                Err(Refused::NotPositive),
                Err(Refused::NotPositive),
                Err(Refused::Currencies),
                Err(Refused::SameAccount),
                Ok(i64::MAX),
                Err(Refused::TooLarge),
                Ok(7)
            ]
        );
        assert_sound(&db, &ctx).await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_an_error() {
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let many: Vec<_> = (0..5000).map(|n| posted(n, &bank(), &prepaid(1), 1)).collect();
        let result =
            db.transact(&ctx, "test", async move |ctx, tx| plaza_ledger::post(ctx, tx, &many).await).await;
        assert!(matches!(result, Err(LedgerError::BatchTooLarge(5000))));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_runs_behind_does_not_turn_time_back() {
    each_engine(async |db| {
        let (ctx, clock) = ctx();
        let first = post(&db, &ctx, vec![posted(1, &bank(), &prepaid(1), 1)]).await;
        clock.set(ctx.now() - Duration::from_secs(3600));
        let second = post(&db, &ctx, vec![posted(2, &bank(), &prepaid(1), 1)]).await;
        assert_eq!(first[0].unwrap().at, second[0].unwrap().at);
        assert_sound(&db, &ctx).await;
    })
    .await;
}

/// Each statement of a batch fails once, by a row that stands in its way; nothing of the batch is left, and the same
/// batch goes through when the way is free.
#[tokio::test]
async fn a_failure_between_any_two_statements_leaves_nothing() {
    const OBSTACLES: [(&str, &str); 3] = [
        (
            "INSERT INTO ledger_entry (ledger_account_id, version, transfer_id, posted, held, at) VALUES ($1, 2, $1, 0, 0, 0)",
            "DELETE FROM ledger_entry WHERE ledger_account_id = $1 AND version = 2",
        ),
        (
            "INSERT INTO ledger_hold (hold_id, debit, credit, amount, expires_at) VALUES ($2, $1, $1, 0, 0)",
            "DELETE FROM ledger_hold WHERE hold_id = $2 AND debit = $1",
        ),
        (
            "UPDATE ledger_account SET floor = posted WHERE ledger_account_id = $1 OR ledger_account_id = $2",
            "UPDATE ledger_account SET floor = 0 WHERE ledger_account_id = $1 OR ledger_account_id = $2",
        ),
    ];
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let later = ctx.now() + Duration::from_secs(60);
        post(&db, &ctx, vec![posted(1, &bank(), &prepaid(1), 100)]).await;
        for (n, (obstacle, removal)) in OBSTACLES.into_iter().enumerate() {
            let before = verify(&db, &ctx).await;
            let base = 10 + u32::try_from(n).unwrap() * 10;
            let batch = vec![
                posted(base, &bank(), &prepaid(2), 9),
                hold(base + 1, &prepaid(1), &revenue(), 10, later),
            ];
            let change = async |text: &'static str| {
                let parameters = if text.contains("$2") {
                    params![prepaid(1).id(), id(base + 1)]
                } else {
                    params![prepaid(1).id()]
                };
                let sql = Sql { name: "test", text };
                db.transact(&ctx, "test", async move |_, tx| tx.execute(sql, parameters.clone()).await)
                    .await
                    .unwrap();
            };
            change(obstacle).await;
            let asked = batch.clone();
            let result = db
                .transact(&ctx, "test", async move |ctx, tx| {
                    let results = plaza_ledger::post(ctx, tx, &asked).await?;
                    // A floor is a refusal, not a failure: the caller gives the batch up itself.
                    if results.iter().any(Result::is_err) {
                        Err(LedgerError::Damaged("given up"))
                    } else {
                        Ok(())
                    }
                })
                .await;
            assert!(result.is_err(), "obstacle {n}");
            change(removal).await;
            assert_eq!(verify(&db, &ctx).await, before, "obstacle {n}");
            assert_eq!(amounts(&db, &ctx, batch).await, [Ok(9), Ok(10)], "obstacle {n}");
            post(&db, &ctx, vec![void_hold(base + 2, base + 1)]).await;
            assert_sound(&db, &ctx).await;
        }
    })
    .await;
}

#[tokio::test]
async fn many_at_once_never_spend_more_than_there_is() {
    each_engine(async |db| {
        let (ctx, _) = ctx();
        let later = ctx.now() + Duration::from_secs(60);
        post(&db, &ctx, vec![posted(0, &bank(), &prepaid(1), 100), posted(1, &bank(), &prepaid(2), 100)])
            .await;
        // Forty callers, each with a hold on both portfolios, in opposite orders, and each asks twice.
        let callers: Vec<_> = (0..40_u32)
            .flat_map(|n| [n, n])
            .map(|n| {
                let (db, ctx) = (db.clone(), ctx.clone());
                let mut batch = vec![
                    hold(100 + 2 * n, &prepaid(1), &revenue(), 7, later),
                    hold(101 + 2 * n, &prepaid(2), &revenue(), 7, later),
                ];
                if n % 2 == 0 {
                    batch.reverse();
                }
                tokio::spawn(async move { post(&db, &ctx, batch).await })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
        for portfolio in [1, 2] {
            let standing = balance(&db, &ctx, prepaid(portfolio)).await;
            assert_eq!((standing.held.0, standing.available.0), (98, 2));
        }
        let ends: Vec<_> = (0..80_u32)
            .flat_map(|n| [(n, n % 3 == 0), (n, n % 3 != 0)])
            .map(|(n, voids)| {
                let (db, ctx) = (db.clone(), ctx.clone());
                let end = if voids { void_hold(1000 + n, 100 + n) } else { post_hold(2000 + n, 100 + n, 5) };
                tokio::spawn(async move {
                    post(&db, &ctx, vec![end]).await.into_iter().all(|result| result.is_ok())
                })
            })
            .collect();
        let mut good = 0;
        for end in ends {
            good += usize::from(end.await.unwrap());
        }
        assert_eq!(good, 28, "each of the 28 holds ended once");
        assert_sound(&db, &ctx).await;
    })
    .await;
}
