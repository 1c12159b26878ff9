//! A seeded workload: whatever callers ask for, in whatever batches, the ledger answers as the auditor does.

use crate::auditor::Auditor;
use crate::{amounts, assert_sound, balance, expire};
use plaza_db::testing::{ctx, each_engine};
use plaza_ledger::{Account, AccountKind, Action, Transfer, named_id};
use plaza_protocol::{Currency, Micros, PortfolioId, TransferId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;

const CASES: i64 = 40;
const STEPS: usize = 120;

/// One step, in small numbers so that things collide.
#[derive(Debug, Clone)]
enum Ask {
    Transfer { id: u8, kind: u8, debit: u8, credit: u8, hold: u8, amount: i64, batch_ends: bool },
    Wait { seconds: u64 },
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let transfer = (0..90_u8, 0..5_u8, 0..6_u8, 0..6_u8, 0..90_u8, -2..60_i64, any::<bool>()).prop_map(
        |(id, kind, debit, credit, hold, amount, batch_ends)| Ask::Transfer {
            id,
            kind,
            debit,
            credit,
            hold,
            amount,
            batch_ends,
        },
    );
    let wait = (0..90_u64).prop_map(|seconds| Ask::Wait { seconds });
    prop::collection::vec(prop_oneof![12 => transfer, 1 => wait], STEPS)
}

/// The accounts of one case; nobody else uses them.
fn account(case: i64, which: u8) -> Account {
    let kind = match which {
        0 | 1 => AccountKind::PortfolioPrepaid(PortfolioId(case * 10 + i64::from(which))),
        _ => AccountKind::PspClearing(format!("{case}-{}", which % 3).into()),
    };
    Account::new(kind, if which == 5 { Currency::EUR } else { Currency::USD })
}

fn transfer_id(case: i64, id: u8) -> TransferId {
    named_id(&format!("{case} {id}"))
}

#[tokio::test]
async fn the_ledger_answers_as_the_auditor_does() {
    each_engine(async |db| {
        let (ctx, clock) = ctx();
        let mut runner = TestRunner::deterministic();
        let strategy = asks();
        let mut allowed = 0;
        for case in 0..CASES {
            let steps = strategy.new_tree(&mut runner).unwrap().current();
            let mut auditor = Auditor::default();
            auditor.limit(PortfolioId(case * 10), Currency::USD);
            auditor.limit(PortfolioId(case * 10 + 1), Currency::USD);
            let mut batch = Vec::new();
            for step in steps {
                let is_end = match step {
                    Ask::Transfer { id, kind, debit, credit, hold, amount, batch_ends } => {
                        let (debit, credit) = (account(case, debit), account(case, credit));
                        let (amount, hold) = (Micros(amount), transfer_id(case, hold));
                        // The same one for the same id while the clock stands still: asking again is asking the same.
                        let expires_at = ctx.now() + Duration::from_secs(u64::from(id));
                        let action = match kind {
                            0 | 1 => Action::Posted { debit, credit, amount },
                            2 => Action::Hold { debit, credit, amount, expires_at },
                            3 => Action::PostHold { hold, amount },
                            _ => Action::VoidHold { hold },
                        };
                        batch.push(Transfer { transfer_id: transfer_id(case, id), action });
                        batch_ends
                    }
                    Ask::Wait { .. } => true,
                };
                if is_end {
                    let batch = std::mem::take(&mut batch);
                    let expected: Vec<_> = batch.iter().map(|transfer| auditor.judge(transfer)).collect();
                    assert_eq!(amounts(&db, &ctx, batch.clone()).await, expected, "{db:?}, case {case}");
                    allowed += expected.iter().filter(|result| result.is_ok()).count();
                    // The caller did not hear the answer and asks again: what was done is done.
                    let again: Vec<_> = batch.iter().map(|transfer| auditor.judge(transfer)).collect();
                    assert_eq!(amounts(&db, &ctx, batch).await, again, "{db:?}, case {case}, again");
                }
                if let Ask::Wait { seconds } = step {
                    clock.advance(Duration::from_secs(seconds));
                    assert_eq!(expire(&db, &ctx).await, auditor.expire(ctx.now()), "{db:?}, case {case}");
                }
            }
            // Leave nothing for the next case's expiry.
            clock.advance(Duration::from_secs(10_000));
            assert_eq!(expire(&db, &ctx).await, auditor.expire(ctx.now()));
            for which in 0..6 {
                let account = account(case, which);
                let expected = auditor.balance(account.id());
                let balance = balance(&db, &ctx, account).await;
                assert_eq!(
                    (balance.posted.0, balance.held.0),
                    expected,
                    "{db:?}, case {case}, account {which}"
                );
            }
        }
        assert!(allowed > 500, "the workload does something: {allowed}");
        assert_sound(&db, &ctx).await;
    })
    .await;
}
