//! The ledger through its public operations, on both engines.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod auditor;
mod floors;
mod rules;
mod tampering;
mod workload;

use plaza_db::Db;
use plaza_ledger::{Account, AccountKind, Action, Balance, LedgerError, Outcome, Refused, Report, Transfer};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, Timestamp, TransferId};

/// The n-th transfer id of a test.
fn id(n: u32) -> TransferId {
    plaza_ledger::named_id(&format!("test {n}"))
}

fn bank() -> Account {
    Account::new(AccountKind::Bank, Currency::USD)
}

fn prepaid(portfolio: i64) -> Account {
    Account::new(AccountKind::PortfolioPrepaid(PortfolioId(portfolio)), Currency::USD)
}

fn revenue() -> Account {
    Account::new(AccountKind::MessageRevenue("utility".into()), Currency::USD)
}

fn posted(n: u32, debit: &Account, credit: &Account, amount: i64) -> Transfer {
    let action = Action::Posted { debit: debit.clone(), credit: credit.clone(), amount: Micros(amount) };
    Transfer { transfer_id: id(n), action }
}

fn hold(n: u32, debit: &Account, credit: &Account, amount: i64, expires_at: Timestamp) -> Transfer {
    let action =
        Action::Hold { debit: debit.clone(), credit: credit.clone(), amount: Micros(amount), expires_at };
    Transfer { transfer_id: id(n), action }
}

fn post_hold(n: u32, held: u32, amount: i64) -> Transfer {
    Transfer { transfer_id: id(n), action: Action::PostHold { hold: id(held), amount: Micros(amount) } }
}

fn void_hold(n: u32, held: u32) -> Transfer {
    Transfer { transfer_id: id(n), action: Action::VoidHold { hold: id(held) } }
}

async fn post(db: &Db, ctx: &Ctx, transfers: Vec<Transfer>) -> Vec<Result<Outcome, Refused>> {
    db.transact(ctx, "test.post", async move |ctx, tx| plaza_ledger::post(ctx, tx, &transfers).await)
        .await
        .unwrap()
}

/// What was moved or set aside, or why nothing was.
async fn amounts(db: &Db, ctx: &Ctx, transfers: Vec<Transfer>) -> Vec<Result<i64, Refused>> {
    post(db, ctx, transfers).await.into_iter().map(|result| result.map(|outcome| outcome.amount.0)).collect()
}

async fn expire(db: &Db, ctx: &Ctx) -> usize {
    db.transact(ctx, "test.expire", async |ctx, tx| plaza_ledger::expire_holds(ctx, tx, 1000).await)
        .await
        .unwrap()
}

async fn balance(db: &Db, ctx: &Ctx, account: Account) -> Balance {
    let read = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| plaza_ledger::balance(ctx, tx, &account).await;
    db.read(ctx, "test.balance", read).await.unwrap()
}

async fn verify(db: &Db, ctx: &Ctx) -> Report {
    let read = async |ctx: &Ctx, tx: &mut plaza_db::Tx| plaza_ledger::verify(ctx, tx).await;
    db.read::<_, LedgerError, _>(ctx, "test.verify", read).await.unwrap()
}

async fn assert_sound(db: &Db, ctx: &Ctx) {
    assert_eq!(verify(db, ctx).await.found.differences, Vec::<String>::new(), "{db:?}");
}

fn receivable(portfolio: i64) -> Account {
    Account::new(AccountKind::PortfolioReceivable(PortfolioId(portfolio)), Currency::USD)
}

async fn set_floor(db: &Db, ctx: &Ctx, account: &Account, n: u32, floor: i64) -> Result<i64, Refused> {
    let account = account.clone();
    let set = async move |ctx: &Ctx, tx: &mut plaza_db::Tx| {
        plaza_ledger::set_floor(ctx, tx, &account, id(n), Micros(floor)).await
    };
    db.transact::<_, LedgerError, _>(ctx, "test.floor", set).await.unwrap().map(|floor| floor.floor.0)
}
