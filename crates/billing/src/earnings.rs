//! # How the network earns
//!
//! What an operator asks once a week: how much is it a year, does it grow, who pays, who pays less than before, do new
//! customers stay, what do the free windows cost, and what will this month bring. Answered from sums by portfolio, day
//! and month, and from sums of those (`rollup.rs`), all kept in the transaction that makes the charges; they can be
//! thrown away and built again ([`rebuild`]), and verification compares the two. One currency at a time; days are those
//! of UTC, months the portfolios' own.
//!
//! **Forecast.** What the rest of the month brings is taken to be what the same days of the week brought on average in
//! the four weeks before, as far as there were that many. The range is what it would bring if each of its days were
//! like the weakest, or the strongest, of those.

mod rollup;
mod store;

pub(crate) use store::STATEMENTS;

use crate::outlook::{self, OfPlan};
use crate::rerating::{Place, Rating};
use crate::verify::kinds::DASHBOARD;
use crate::{BillingError, Category, Charge, PricingType};
use plaza_db::{Row, Tx, Value, params};
use plaza_ledger::Findings;
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, Timestamp};
use rollup::Rollups;
use std::collections::BTreeMap;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days that are shown one by one.
pub const DAYS_SHOWN: i64 = 90;
/// Days of a span that is compared with the one before it.
pub const SPAN_DAYS: i64 = 30;
/// Days that the forecast looks back.
const FORECAST_DAYS: i64 = 28;
/// Customers of a list.
const CUSTOMERS_MAX: usize = 10;
/// Months whose new customers are followed.
const COHORTS_MAX: i64 = 12;

/// Messages, what they cost at list price, and what was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Delivered messages and calls.
    pub messages: i64,
    /// What they would have cost if nothing were free.
    pub list: Micros,
    /// What was charged.
    pub amount: Micros,
}

impl Traffic {
    fn add(&mut self, other: Self) -> Result<(), BillingError> {
        let too_large = BillingError::Damaged("a sum is too large");
        self.messages = self.messages.saturating_add(other.messages);
        self.list = self.list.checked_add(other.list).ok_or(too_large)?;
        self.amount =
            self.amount.checked_add(other.amount).ok_or(BillingError::Damaged("a sum is too large"))?;
        Ok(())
    }
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Day {
    /// Its begin.
    pub at: Timestamp,
    /// What was paid for.
    pub paid: Traffic,
    /// What was free.
    pub free: Traffic,
}

/// A customer in two spans of [`SPAN_DAYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// Charged in the last span.
    pub amount: Micros,
    /// Charged in the one before.
    pub before: Micros,
    /// Charged today, which is in neither of them.
    pub today: Micros,
    /// Delivered in the last span.
    pub messages: i64,
}

/// The customers who first paid in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The month: 202611.
    pub month: i64,
    /// Each month since: the month, how many of them paid, and how much.
    pub months: Vec<(i64, i64, Micros)>,
}

/// How the network earns in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earnings {
    /// Of all amounts.
    pub currency: Currency,
    /// Currencies with traffic in the days shown.
    pub currencies: Vec<Currency>,
    /// The last [`DAYS_SHOWN`] days up to today, those without traffic included.
    pub days: Vec<Day>,
    /// The last [`SPAN_DAYS`] full days.
    pub last: Micros,
    /// As many days before them.
    pub before: Micros,
    /// What the last span would be in a year.
    pub run_rate: Micros,
    /// This month (UTC) so far.
    pub month: Micros,
    /// What it is expected to be at its end.
    pub forecast: Micros,
    /// The same if the days to come are weak, and if they are strong.
    pub forecast_range: (Micros, Micros),
    /// The last span and today by how messages were priced.
    pub types: Vec<(PricingType, Traffic)>,
    /// Customers of the last span and of today.
    pub customers: usize,
    /// Those who paid most.
    pub top: Vec<Customer>,
    /// Those who paid less than before, the largest loss first.
    pub shrinking: Vec<Customer>,
    /// Those who paid more than before, the largest gain first.
    pub growing: Vec<Customer>,
    /// New customers by month, and how they stayed.
    pub cohorts: Vec<Cohort>,
    /// What the customers of each plan pay, the largest first.
    pub plans: Vec<OfPlan>,
}

/// What a portfolio had in a day, in one category and priced one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortfolioDay {
    /// The day's begin.
    pub at: Timestamp,
    /// The category.
    pub category: Category,
    /// How it was priced.
    pub pricing_type: PricingType,
    /// Messages and amounts.
    pub traffic: Traffic,
}

/// How the network earns, as seen at this moment: in a currency, or in the one with most messages.
pub async fn earnings(ctx: &Ctx, tx: &mut Tx, currency: Option<Currency>) -> Result<Earnings, BillingError> {
    let today = Timestamp(begin_of_day(ctx.now().0));
    let days_ago = |days: i64| Timestamp(today.0.saturating_sub(days.saturating_mul(DAY)));
    let (from, to) = (days_ago(DAYS_SHOWN.saturating_sub(1)), Timestamp(today.0.saturating_add(DAY)));
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    let mut at = from.0;
    while at < to.0 {
        days.insert(at, Day { at: Timestamp(at), ..Day::default() });
        at = at.saturating_add(DAY);
    }
    let rows = tx.query(store::DAYS, params![from, to]).await?;
    let mut messages: BTreeMap<&str, (i64, Currency)> = BTreeMap::new();
    for row in &rows {
        let of: Currency = row.get(1)?;
        let (sum, _) = messages.entry(of.code()).or_insert((0, of));
        *sum = sum.saturating_add(row.get(3)?);
    }
    let currencies = messages.values().map(|(_, currency)| *currency).collect();
    let main = messages.values().max_by_key(|(sum, _)| *sum).map_or(Currency::USD, |(_, currency)| *currency);
    let currency = currency.unwrap_or(main);
    let mut types: BTreeMap<PricingType, Traffic> = BTreeMap::new();
    for row in rows {
        if row.get::<Currency>(1)? != currency {
            continue;
        }
        let (bucket, kind): (i64, PricingType) = (row.get(0)?, pricing_type(&row, 2)?);
        let traffic = Traffic { messages: row.get(3)?, list: row.get(4)?, amount: row.get(5)? };
        if let Some(day) = days.get_mut(&bucket) {
            let side = if kind == PricingType::Regular { &mut day.paid } else { &mut day.free };
            side.add(traffic)?;
        }
        if bucket >= days_ago(SPAN_DAYS).0 {
            types.entry(kind).or_default().add(traffic)?;
        }
    }
    let days: Vec<Day> = days.into_values().collect();
    let sum = |from: Timestamp, to: Timestamp| -> i128 {
        let within = days.iter().filter(|day| from <= day.at && day.at < to);
        within.map(|day| i128::from(day.paid.amount.0)).sum()
    };
    let (span, double) = (days_ago(SPAN_DAYS), days_ago(SPAN_DAYS.saturating_mul(2)));
    let (last, before) = (sum(span, today), sum(double, span));
    let year = last.saturating_mul(365).checked_div(i128::from(SPAN_DAYS)).unwrap_or_default();
    let (begin, end) = month_of(today)?;
    let month = sum(begin, to);
    let customers = customers(tx, currency, [double, span, today, to]).await?;
    let plans = outlook::by_plan(tx, currency, &customers).await?;
    let [weak, usual, strong] = rest_of_month(&days, today, end);
    let at_its_end = |rest: i128| micros(month.saturating_add(rest));
    let list = |mut list: Vec<Customer>, key: fn(&Customer) -> i64| {
        list.retain(|customer| key(customer) > 0);
        list.sort_by_key(|customer| (std::cmp::Reverse(key(customer)), customer.portfolio_id));
        list.truncate(CUSTOMERS_MAX);
        list
    };
    Ok(Earnings {
        currency,
        currencies,
        last: micros(last)?,
        before: micros(before)?,
        run_rate: micros(year)?,
        month: micros(month)?,
        forecast: at_its_end(usual)?,
        forecast_range: (at_its_end(weak)?, at_its_end(strong)?),
        types: types.into_iter().collect(),
        customers: customers.iter().filter(|customer| paid(customer) > 0).count(),
        top: list(customers.clone(), paid),
        shrinking: list(customers.clone(), |customer| customer.before.0.saturating_sub(customer.amount.0)),
        growing: list(customers, |customer| customer.amount.0.saturating_sub(customer.before.0)),
        cohorts: cohorts(tx, currency, begin).await?,
        plans,
        days,
    })
}

/// The last [`DAYS_SHOWN`] days of one portfolio, in order; days without traffic are left out. For the operator.
pub async fn portfolio_days(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<PortfolioDay>, BillingError> {
    crate::funds::require_operator(ctx)?;
    let from = begin_of_day(ctx.now().0).saturating_sub(DAYS_SHOWN.saturating_sub(1).saturating_mul(DAY));
    let day = |row: &Row| {
        Ok(PortfolioDay {
            at: row.get(0)?,
            category: crate::prices::category(row, 1)?,
            pricing_type: pricing_type(row, 2)?,
            traffic: Traffic { messages: row.get(3)?, list: row.get(4)?, amount: row.get(5)? },
        })
    };
    tx.query(store::DAYS_OF, params![portfolio, from]).await?.iter().map(day).collect()
}

/// What a customer paid in the last span and today.
fn paid(customer: &Customer) -> i64 {
    customer.amount.0.saturating_add(customer.today.0)
}

async fn customers(
    tx: &mut Tx,
    currency: Currency,
    [before, from, today, to]: [Timestamp; 4],
) -> Result<Vec<Customer>, BillingError> {
    let rows = tx.query(store::CUSTOMERS, params![before, from, today, to, currency]).await?;
    let customer = |row: &Row| {
        Ok(Customer {
            portfolio_id: row.get(0)?,
            amount: row.get(1)?,
            before: row.get(2)?,
            messages: row.get(3)?,
            today: row.get(4)?,
        })
    };
    rows.iter().map(customer).collect()
}

async fn cohorts(tx: &mut Tx, currency: Currency, month: Timestamp) -> Result<Vec<Cohort>, BillingError> {
    let date = date_of(month)?;
    let first = date.saturating_sub(jiff::Span::new().months(COHORTS_MAX.saturating_sub(1)));
    let first = i64::from(first.year()).saturating_mul(100).saturating_add(i64::from(first.month()));
    let mut cohorts: Vec<Cohort> = Vec::new();
    for row in tx.query(store::COHORTS, params![currency, first]).await? {
        let month: i64 = row.get(0)?;
        if cohorts.last().is_none_or(|last| last.month != month) {
            cohorts.push(Cohort { month, months: Vec::new() });
        }
        if let Some(cohort) = cohorts.last_mut() {
            cohort.months.push((row.get(1)?, row.get(2)?, row.get(3)?));
        }
    }
    Ok(cohorts)
}

/// What is still to come from now to the end of the month, by what the same days of the week brought: at least, on
/// average, at most.
fn rest_of_month(days: &[Day], today: Timestamp, end: Timestamp) -> [i128; 3] {
    let from = today.0.saturating_sub(FORECAST_DAYS.saturating_mul(DAY));
    let weekday = |at: i64| at.div_euclid(DAY).rem_euclid(7);
    // Days before the first one with traffic say nothing of how it goes.
    let begun = days.iter().find(|day| day.paid.messages > 0).map_or(today.0, |day| day.at.0);
    let usual = |at: i64| -> [i128; 3] {
        let same = days.iter().filter(|day| {
            day.at.0 >= from.max(begun) && day.at.0 < today.0 && weekday(day.at.0) == weekday(at)
        });
        let amounts: Vec<i128> = same.map(|day| i128::from(day.paid.amount.0)).collect();
        let count = i128::try_from(amounts.len()).unwrap_or(i128::MAX);
        let average = amounts.iter().sum::<i128>().checked_div(count).unwrap_or_default();
        let ends = (amounts.iter().min().copied(), amounts.iter().max().copied());
        [ends.0.unwrap_or_default(), average, ends.1.unwrap_or_default()]
    };
    let so_far = days.last().map_or(0, |day| i128::from(day.paid.amount.0));
    let mut rest = usual(today.0).map(|whole| whole.saturating_sub(so_far).max(0));
    let mut at = today.0.saturating_add(DAY);
    while at < end.0 {
        for (sum, day) in rest.iter_mut().zip(usual(at)) {
            *sum = sum.saturating_add(day);
        }
        at = at.saturating_add(DAY);
    }
    rest
}

fn begin_of_day(at: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(DAY))
}

pub(crate) fn date_of(at: Timestamp) -> Result<jiff::civil::Date, BillingError> {
    let at = jiff::Timestamp::from_microsecond(at.0);
    let at = at.map_err(|_| BillingError::Damaged("a time is out of range"))?;
    Ok(at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// The begin of the month (UTC) of a day, and that of the next one.
fn month_of(day: Timestamp) -> Result<(Timestamp, Timestamp), BillingError> {
    let out_of_range = |_| BillingError::Damaged("a time is out of range");
    let first = date_of(day)?.first_of_month();
    let next = first.checked_add(jiff::Span::new().months(1)).map_err(out_of_range)?;
    let begin = |date: jiff::civil::Date| {
        let begin = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(out_of_range)?;
        Ok::<_, BillingError>(Timestamp(begin.timestamp().as_microsecond()))
    };
    Ok((begin(first)?, begin(next)?))
}

fn micros(sum: i128) -> Result<Micros, BillingError> {
    i64::try_from(sum).map(Micros).map_err(|_| BillingError::Damaged("a sum is too large"))
}

fn pricing_type(row: &Row, column: usize) -> Result<PricingType, BillingError> {
    let text: String = row.get(column)?;
    PricingType::parse(&text).ok_or(BillingError::Damaged("a pricing type is unknown"))
}

/// Builds the sums again from the charges. Run it while nothing is delivered.
pub(crate) async fn rebuild(tx: &mut Tx) -> Result<(), BillingError> {
    tx.execute(store::CLEAR, vec![]).await?;
    tx.execute(store::REBUILD_DAYS, params![DAY]).await?;
    tx.execute(store::REBUILD_MONTHS, vec![]).await?;
    rollup::rebuild(tx).await
}

/// Span, bucket, portfolio, category, pricing type: the key of a sum, in the order of the locks.
type Key = (&'static str, i64, PortfolioId, Category, PricingType);

/// Sums of charges as they stand in `usage_sum`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Used(BTreeMap<Key, (Currency, Traffic)>);

impl Used {
    /// Counts a charge.
    pub(crate) fn add(&mut self, charge: &Charge) -> Result<(), BillingError> {
        let traffic = Traffic { messages: 1, list: charge.unit, amount: charge.amount };
        self.count(&Place::of(charge), charge.pricing_type, traffic)
    }

    /// Counts a correction: one message that is charged otherwise.
    pub(crate) fn correct(
        &mut self,
        place: &Place<'_>,
        before: &Rating,
        after: &Rating,
    ) -> Result<(), BillingError> {
        let minus = |amount: Micros| Micros(amount.0.saturating_neg());
        let gone = Traffic { messages: -1, list: minus(before.unit), amount: minus(before.amount) };
        self.count(place, before.pricing_type, gone)?;
        let come = Traffic { messages: 1, list: after.unit, amount: after.amount };
        self.count(place, after.pricing_type, come)
    }

    fn count(&mut self, place: &Place<'_>, kind: PricingType, traffic: Traffic) -> Result<(), BillingError> {
        for (span, bucket) in [("day", begin_of_day(place.delivered_at.0)), ("month", place.period)] {
            let key = (span, bucket, place.portfolio_id, place.category, kind);
            let (_, sum) = self.0.entry(key).or_insert((place.currency, Traffic::default()));
            sum.add(traffic)?;
        }
        Ok(())
    }

    /// Adds the sums to the tables.
    pub(crate) async fn store(&self, tx: &mut Tx) -> Result<(), BillingError> {
        let rows = self.0.iter().map(|((span, bucket, portfolio, category, kind), (currency, sum))| {
            params![
                *span,
                *bucket,
                *portfolio,
                category.as_str(),
                kind.as_str(),
                *currency,
                sum.messages,
                sum.list,
                sum.amount
            ]
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        tx.execute_many(store::ADD, rows).await?;
        Rollups::of(self)?.store(tx).await
    }

    /// Says where the tables differ from these sums.
    pub(crate) async fn compare(&self, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
        let mut kept = BTreeMap::new();
        for row in tx.query(store::ALL, vec![]).await? {
            let span: String = row.get(0)?;
            let span = if span == "day" { "day" } else { "month" };
            let key: Key =
                (span, row.get(1)?, row.get(2)?, crate::prices::category(&row, 3)?, pricing_type(&row, 4)?);
            let sum = Traffic { messages: row.get(6)?, list: row.get(7)?, amount: row.get(8)? };
            kept.insert(key, (row.get(5)?, sum));
        }
        let keys: std::collections::BTreeSet<&Key> = kept.keys().chain(self.0.keys()).collect();
        for key in keys {
            found.checked(DASHBOARD, 1);
            // A message that was corrected can leave a sum of nothing behind.
            let sum = |sums: &BTreeMap<Key, (Currency, Traffic)>| {
                sums.get(key).copied().filter(|(_, sum)| *sum != Traffic::default())
            };
            let (there, here) = (sum(&kept), sum(&self.0));
            if there != here {
                let difference = format!("the usage sum of {key:?} is {there:?}, the charges give {here:?}");
                found.differs(DASHBOARD, difference);
            }
        }
        Rollups::of(self)?.compare(tx, found).await
    }
}
