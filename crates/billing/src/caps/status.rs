//! How far caps are used now, when they are reached at this pace, and what was spent and delivered meanwhile.

use super::meter::alert_id;
use super::{Cap, CapAction, Period, Scope, caps_of, store};
use crate::funds::require_payer;
use crate::{BillingError, alerts};
use jiff::tz::TimeZone;
use plaza_db::{Tx, Value, params};
use plaza_protocol::{Ctx, Micros, PortfolioId, Timestamp};
use uuid::Uuid;

/// A cap and how far it is used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapStatus {
    /// The cap.
    pub cap: Cap,
    /// Spent in the running period.
    pub spent: Micros,
    /// When its period ends.
    pub ends_at: Timestamp,
    /// When it is reached in the period if it goes on like so far; `None`: not in this period, or it is reached.
    pub reached_at: Option<Timestamp>,
    /// It is reached: a message like the last ones costs more than it leaves.
    pub is_full: bool,
}

/// Where the running period begins and ends.
fn bounds(zone: &TimeZone, period: Period, now: Timestamp) -> Result<(Timestamp, Timestamp), BillingError> {
    let out_of_range = |_| BillingError::Damaged("a time is out of range");
    let now = jiff::Timestamp::from_microsecond(now.0).map_err(out_of_range)?.to_zoned(zone.clone());
    let (first, span) = match period {
        Period::Day => (now.date(), jiff::Span::new().days(1)),
        Period::Month => (now.date().first_of_month(), jiff::Span::new().months(1)),
    };
    let at = |date: jiff::civil::Date| -> Result<Timestamp, BillingError> {
        let at = date.to_zoned(zone.clone()).map_err(out_of_range)?;
        Ok(Timestamp(at.timestamp().as_microsecond()))
    };
    Ok((at(first)?, at(first.checked_add(span).map_err(out_of_range)?)?))
}

/// When a limit is reached if the rest of the period goes on like its begin.
fn forecast(
    limit: Micros,
    spent: Micros,
    (starts_at, now, ends_at): (Timestamp, Timestamp, Timestamp),
) -> Option<Timestamp> {
    let elapsed = now.0.checked_sub(starts_at.0).filter(|elapsed| *elapsed > 0)?;
    if spent <= Micros::ZERO || spent >= limit {
        return None;
    }
    let takes = i128::from(limit.0).checked_mul(i128::from(elapsed))?.checked_div(i128::from(spent.0))?;
    let reached = starts_at.0.checked_add(i64::try_from(takes).ok()?)?;
    (reached < ends_at.0).then_some(Timestamp(reached))
}

/// The day of now in a portfolio's time zone.
pub(super) async fn today(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, BillingError> {
    crate::usage::day_in(&zone_of(tx, portfolio).await?, ctx.now())
}

async fn zone_of(tx: &mut Tx, portfolio: PortfolioId) -> Result<TimeZone, BillingError> {
    let row = tx.query_one(crate::funds::store::PORTFOLIO, params![portfolio]).await?;
    let zone: String = row.ok_or(BillingError::UnknownPortfolio(portfolio))?.get(1)?;
    TimeZone::get(&zone).map_err(|_| BillingError::UnknownTimeZone)
}

/// The caps of a portfolio and how far they are used.
pub async fn statuses(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<CapStatus>, BillingError> {
    require_payer(ctx, portfolio)?;
    let zone = zone_of(tx, portfolio).await?;
    let day = crate::usage::day_in(&zone, ctx.now())?;
    let caps = caps_of(tx, &[portfolio.into()]).await?;
    let told: Vec<Value> = caps.iter().map(|(_, cap)| told_full(cap, day).into()).collect();
    let told = alerts::told(tx, &told).await?;
    let cheapest = cheapest(&usage_of(tx, portfolio, day.div_euclid(100)).await?);
    let mut statuses = Vec::with_capacity(caps.len());
    for (_, cap) in caps {
        let spent = spent(tx, portfolio, (cap.scope, &cap.subject), cap.span(day)).await?;
        let (starts_at, ends_at) = bounds(&zone, cap.period, ctx.now())?;
        let reached_at = forecast(cap.limit, spent, (starts_at, ctx.now(), ends_at));
        let dearest = told.get(&told_full(&cap, day)).and_then(|details| details["dearest_micros"].as_i64());
        let next = match cap.action {
            CapAction::Block => dearest.map(Micros).max(cheapest),
            CapAction::Alert => None,
        };
        let is_full = !has_room(cap.limit, spent, next);
        let reached_at = reached_at.filter(|_| !is_full);
        statuses.push(CapStatus { cap, spent, ends_at, reached_at, is_full });
    }
    Ok(statuses)
}

/// What tells that a cap is full in the period of a day, if it was told.
fn told_full(cap: &Cap, day: i64) -> Uuid {
    alert_id(cap, cap.span(day).0, 100)
}

/// Whether something can still be spent, and a message that costs so much still fits.
fn has_room(limit: Micros, spent: Micros, next: Option<Micros>) -> bool {
    spent < limit && next.is_none_or(|next| spent.checked_add(next).is_some_and(|after| after <= limit))
}

/// What the cheapest paid messages of a month cost, on average.
fn cheapest(usage: &[UsageNow]) -> Option<Micros> {
    usage.iter().filter_map(|usage| usage.amount.0.checked_div(usage.billable)).min().map(Micros)
}

async fn spent(
    tx: &mut Tx,
    portfolio: PortfolioId,
    (scope, subject): (Scope, &str),
    (first, last): (i64, i64),
) -> Result<Micros, BillingError> {
    let row = tx.query_one(store::SPENT, params![portfolio, scope.as_str(), subject, first, last]).await?;
    Ok(row.map_or(Ok(Micros::ZERO), |row| row.get(0))?)
}

/// What a portfolio spent today and this month, holds included.
pub async fn spent_now(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<(Micros, Micros), BillingError> {
    require_payer(ctx, portfolio)?;
    let day = today(ctx, tx, portfolio).await?;
    let month = day.div_euclid(100).saturating_mul(100);
    let today = spent(tx, portfolio, (Scope::Portfolio, ""), (day, day)).await?;
    let this_month = spent(tx, portfolio, (Scope::Portfolio, ""), (month, month.saturating_add(99))).await?;
    Ok((today, this_month))
}

/// Whether an amount is too little for what a portfolio sends: nothing, or less than the cheapest of its paid messages.
pub fn is_too_little(available: Micros, usage: &[UsageNow]) -> bool {
    !has_room(available, Micros::ZERO, cheapest(usage))
}

/// What was delivered in a category, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageNow {
    /// What for.
    pub category: String,
    /// Delivered messages of the running month.
    pub messages: i64,
    /// Those of them that cost something.
    pub billable: i64,
    /// What they cost.
    pub amount: Micros,
}

/// What a portfolio's delivered messages of the running month cost, by category.
pub async fn usage_now(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<UsageNow>, BillingError> {
    require_payer(ctx, portfolio)?;
    let month = today(ctx, tx, portfolio).await?.div_euclid(100);
    usage_of(tx, portfolio, month).await
}

async fn usage_of(tx: &mut Tx, portfolio: PortfolioId, month: i64) -> Result<Vec<UsageNow>, BillingError> {
    let rows = tx.query(store::USAGE_OF_MONTH, params![portfolio, month]).await?;
    let usage = rows.iter().map(|row| {
        Ok(UsageNow {
            category: row.get(0)?,
            messages: row.get(1)?,
            billable: row.get(2)?,
            amount: row.get(3)?,
        })
    });
    usage.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_goes_on_like_the_period_began() {
        let forecast = |limit, spent, now| {
            forecast(Micros(limit), Micros(spent), (Timestamp(0), Timestamp(now), Timestamp(100)))
        };
        assert_eq!(forecast(80, 20, 20), Some(Timestamp(80)));
        assert_eq!(forecast(80, 10, 20), None, "not in this period");
        assert_eq!(forecast(80, 80, 20), None, "it is reached");
        assert_eq!(forecast(80, 0, 20), None);
        assert_eq!(forecast(80, 20, 0), None);
        assert_eq!(forecast(i64::MAX, i64::MAX - 1, 99), Some(Timestamp(99)));
    }

    #[test]
    fn what_does_not_pay_for_one_more_message_is_too_little() {
        let usage = |billable, amount| UsageNow {
            category: "marketing".to_owned(),
            messages: 10,
            billable,
            amount: Micros(amount),
        };
        let used = [usage(10, 500), usage(0, 0), usage(4, 120)];
        let too_little = |available| is_too_little(Micros(available), &used);
        assert_eq!([0, 29, 30].map(too_little), [true, true, false], "the cheapest cost 30");
        assert_eq!([0, 1].map(|available| is_too_little(Micros(available), &[])), [true, false]);
    }

    #[test]
    fn periods_begin_at_midnight_of_the_time_zone_also_when_clocks_change() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let noon = at("2026-10-25T12:00:00Z");
        let day = (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"));
        assert_eq!(bounds(&berlin, Period::Day, noon).unwrap(), day, "twenty-five hours");
        let month = (at("2026-09-30T22:00:00Z"), at("2026-10-31T23:00:00Z"));
        assert_eq!(bounds(&berlin, Period::Month, noon).unwrap(), month);
    }
}
