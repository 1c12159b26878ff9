//! # Days that are paid, and earned one by one
//!
//! A payment buys a stretch of days. When *k* of its *n* days have passed, amount × *k* / *n* (half to even) has been
//! earned; the part of a day is the difference of two such sums, so that all days together are the amount exactly. When a
//! stretch is closed before its end, what is not earned by then is given back.

use super::calendar::Calendar;
use super::{DAMAGED, PlanError, share, store};
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Transfer, derived_id};
use plaza_protocol::{Ctx, Currency, Micros, SubscriptionId, Timestamp};
use uuid::Uuid;

/// Stretches that one step moves on.
const STRETCHES_MAX: i64 = 64;

/// A stretch.
#[derive(Debug, Clone)]
pub(super) struct Deferral {
    id: Uuid,
    currency: Currency,
    time_zone: String,
    amount: Micros,
    days: i64,
    days_done: i64,
    next_day: i64,
    earned: Micros,
    due_at: Option<Timestamp>,
}

fn read(row: &Row) -> Result<Deferral, PlanError> {
    Ok(Deferral {
        id: row.get(0)?,
        currency: row.get(2)?,
        time_zone: row.get(3)?,
        amount: row.get(4)?,
        days: row.get(5)?,
        days_done: row.get(6)?,
        next_day: row.get(7)?,
        earned: row.get(8)?,
        due_at: row.get(9)?,
    })
}

/// The account of what is paid and not earned.
pub(super) fn deferred(currency: Currency) -> Account {
    Account::new(AccountKind::SubscriptionDeferred, currency)
}

impl Deferral {
    /// How many days have passed on a day.
    fn passed(&self, today: i64) -> i64 {
        let more = if self.due_at.is_some() { today.saturating_sub(self.next_day).max(0) } else { 0 };
        self.days_done.saturating_add(more).min(self.days)
    }

    /// What is not earned by the beginning of a day.
    pub(super) fn rest(&self, today: i64) -> Option<Micros> {
        self.amount.checked_sub(share(self.amount, self.passed(today), self.days)?)
    }

    /// The transfers of the days up to a day, each the difference to the day before.
    fn earn(&mut self, today: i64) -> Option<Vec<Transfer>> {
        let mut transfers = Vec::new();
        while self.days_done < self.passed(today) {
            self.days_done = self.days_done.checked_add(1)?;
            self.next_day = self.next_day.checked_add(1)?;
            let earned = share(self.amount, self.days_done, self.days)?;
            let amount = earned.checked_sub(self.earned)?;
            self.earned = earned;
            if amount > Micros::ZERO {
                let action = Action::Posted {
                    debit: deferred(self.currency),
                    credit: Account::new(AccountKind::SubscriptionRevenue, self.currency),
                    amount,
                };
                let transfer_id = derived_id(self.id, &format!("day {}", self.days_done));
                transfers.push(Transfer { transfer_id, action });
            }
        }
        Some(transfers)
    }
}

/// Writes down that days are paid: the transfer to the deferred account is the caller's.
pub(super) async fn open(
    ctx: &Ctx,
    tx: &mut Tx,
    (subscription, time_zone): (SubscriptionId, &str),
    (currency, amount): (Currency, Micros),
    (from_day, days): (i64, i64),
) -> Result<(), PlanError> {
    let due_at = end_of(&Calendar::of(time_zone), from_day)?;
    let id: Uuid = ctx.ordered_id();
    let row = params![id, subscription, currency, time_zone, amount, days, from_day, due_at];
    tx.execute(store::INSERT_DEFERRAL, row).await?;
    Ok(())
}

fn end_of(calendar: &Calendar, day: i64) -> Result<Timestamp, PlanError> {
    calendar.start_of(day.saturating_add(1)).ok_or(DAMAGED)
}

/// The stretches of a subscription that are not over.
pub(super) async fn of(tx: &mut Tx, subscription: SubscriptionId) -> Result<Vec<Deferral>, PlanError> {
    tx.query(store::OPEN_DEFERRALS, params![subscription]).await?.iter().map(read).collect()
}

/// What happens to a stretch when its days up to today are earned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Pauses,
    /// What is left was given back.
    Closes,
}

async fn earn(
    ctx: &Ctx,
    tx: &mut Tx,
    mut each: Deferral,
    today: i64,
    then: Then,
) -> Result<Micros, PlanError> {
    let before = each.days_done;
    let transfers = each.earn(today).ok_or(DAMAGED)?;
    for outcome in plaza_ledger::post(ctx, tx, &transfers).await? {
        outcome.map_err(|_| DAMAGED)?;
    }
    let rest = each.amount.checked_sub(each.earned).ok_or(DAMAGED)?;
    let is_open = then != Then::Closes && each.days_done < each.days;
    let credited = if then == Then::Closes { rest } else { Micros::ZERO };
    let due_at = match then {
        Then::GoesOn if is_open => Some(end_of(&Calendar::of(&each.time_zone), each.next_day)?),
        _ => None,
    };
    let row = params![each.id, each.days_done, each.next_day, each.earned, credited, is_open, due_at, before];
    if tx.execute(store::UPDATE_DEFERRAL, row).await? != 1 {
        return Err(DAMAGED);
    }
    Ok(rest)
}

/// Earns what is due, of some stretches; the answer is whether there may be more.
pub(super) async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<bool, PlanError> {
    let due = tx.query(store::DUE_DEFERRALS, params![ctx.now(), STRETCHES_MAX]).await?;
    for row in &due {
        let each = read(row)?;
        let today = Calendar::of(&each.time_zone).today(ctx).ok_or(DAMAGED)?;
        earn(ctx, tx, each, today, Then::GoesOn).await?;
    }
    Ok(i64::try_from(due.len()).is_ok_and(|rows| rows == STRETCHES_MAX))
}

/// Closes all stretches of a subscription on a day: the answer is what is to be given back.
pub(super) async fn close(
    ctx: &Ctx,
    tx: &mut Tx,
    of_it: SubscriptionId,
    today: i64,
) -> Result<Micros, PlanError> {
    let mut rest = Micros::ZERO;
    for each in of(tx, of_it).await? {
        rest = rest.checked_add(earn(ctx, tx, each, today, Then::Closes).await?).ok_or(DAMAGED)?;
    }
    Ok(rest)
}

/// Takes a part out of what is not earned on a day, and spreads the rest over the days that are left: the answer is what
/// was taken out.
pub(super) async fn reduce(
    ctx: &Ctx,
    tx: &mut Tx,
    of_it: SubscriptionId,
    today: i64,
    (part, whole): (Micros, Micros),
) -> Result<Micros, PlanError> {
    let mut taken = Micros::ZERO;
    for each in of(tx, of_it).await? {
        let (days, time_zone) = (each.days.saturating_sub(each.passed(today)), each.time_zone.clone());
        let (currency, next_day) = (each.currency, each.next_day.max(today));
        let rest = earn(ctx, tx, each, today, Then::Closes).await?;
        let out = share(rest, part.0, whole.0).ok_or(DAMAGED)?;
        taken = taken.checked_add(out).ok_or(DAMAGED)?;
        let stays = rest.checked_sub(out).ok_or(DAMAGED)?;
        if stays > Micros::ZERO && days > 0 {
            open(ctx, tx, (of_it, &time_zone), (currency, stays), (next_day, days)).await?;
        }
    }
    Ok(taken)
}

/// Stops the days of a subscription.
pub(super) async fn pause(
    ctx: &Ctx,
    tx: &mut Tx,
    of_it: SubscriptionId,
    today: i64,
) -> Result<(), PlanError> {
    for each in of(tx, of_it).await? {
        earn(ctx, tx, each, today, Then::Pauses).await?;
    }
    Ok(())
}

/// Lets them go on from a day.
pub(super) async fn resume(tx: &mut Tx, of_it: SubscriptionId, today: i64) -> Result<(), PlanError> {
    for each in of(tx, of_it).await? {
        let due_at = end_of(&Calendar::of(&each.time_zone), today)?;
        let done = each.days_done;
        let row = params![each.id, done, today, each.earned, Micros::ZERO, true, due_at, done];
        tx.execute(store::UPDATE_DEFERRAL, row).await?;
    }
    Ok(())
}
