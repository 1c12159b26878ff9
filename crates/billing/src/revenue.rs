//! # What came in
//!
//! The revenue of some days, in one currency, split one way: by category, by market, by both, by customer, or by plan.
//! A page shows the largest parts as a chart over time, the rest as one more part, and all of them as a table; parts
//! and rest are together the total, to the micro.
//!
//! Answered from sums that are kept in the transaction that makes the charges: by hour, market and category
//! (`revenue_hour`), by portfolio and day (`customer_sum`), and by day (`traffic_day`). The revenue of a customer's day
//! belongs to the plan that it had at the end of the day ([`crate::plans`] keeps which that was), and stays with it.

mod period;
pub(crate) mod store;

pub use period::{Period, Span};

use crate::{BillingError, Category, prices};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Microseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000_000;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Days that can be asked for at once.
pub const REVENUE_DAYS_MAX: i64 = 92;
/// Parts that are told over time.
pub const PARTS_OVER_TIME: usize = 10;
/// Parts of one answer; the rest is one sum.
pub const PARTS_MAX: usize = 200;

plaza_protocol::words! {
    /// What revenue is split by.
    Split {
        /// What messages were for.
        Category = "category",
        /// Where they went.
        Market = "market",
        /// Both of these.
        MarketAndCategory = "market_category",
        /// Who paid.
        Portfolio = "portfolio",
        /// The plan of who paid.
        Plan = "plan",
    }
}

/// The length of the buckets of a series. Days are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Bucket {
    fn length(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct RevenueOf {
    /// The first day: its begin.
    pub from: Timestamp,
    /// The end: the begin of a day, or of the hour after this one.
    pub to: Timestamp,
    /// The buckets that are wanted. Sums by portfolio and plan are kept by day: there, hours become days.
    pub bucket: Bucket,
    /// What it is split by.
    pub by: Split,
    /// `None`: the currency that brought most.
    pub currency: Option<Currency>,
}

/// Delivered messages and calls, and what they brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// How many.
    pub messages: i64,
    /// Those of them that were not free.
    pub billable: i64,
    /// What they brought in.
    pub amount: Micros,
}

impl Sum {
    fn read(row: &Row, first: usize) -> Result<Self, BillingError> {
        let column = |offset: usize| first.saturating_add(offset);
        Ok(Self { messages: row.get(first)?, billable: row.get(column(1))?, amount: row.get(column(2))? })
    }

    fn add(&mut self, other: Self) -> Result<(), BillingError> {
        self.messages = self.messages.saturating_add(other.messages);
        self.billable = self.billable.saturating_add(other.billable);
        self.amount = self.amount.checked_add(other.amount).ok_or(TOO_LARGE)?;
        Ok(())
    }
}

const TOO_LARGE: BillingError = BillingError::Damaged("a sum is too large");

/// What a part is the revenue of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOf {
    /// A category.
    Category(Category),
    /// A market.
    Market(String),
    /// A category in a market.
    MarketAndCategory(String, Category),
    /// A customer.
    Portfolio(PortfolioId),
    /// The customers of a plan, by its key and name; `None`: of no plan.
    Plan(Option<(String, String)>),
}

/// The revenue of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// Of all that follows but `currencies`.
    pub currency: Currency,
    /// What each currency brought.
    pub currencies: Vec<(Currency, Sum)>,
    /// All parts together.
    pub total: Sum,
    /// The parts, the largest first; at most [`PARTS_MAX`].
    pub parts: Vec<(PartOf, Sum)>,
    /// How many parts there are beyond these, and their sum.
    pub more: (usize, Sum),
    /// How many of the parts are told over time: the first ones, as far as they brought something.
    pub over_time: usize,
    /// The buckets, in order and without gaps.
    pub series: Vec<Point>,
    /// Their length.
    pub bucket: Bucket,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Its begin.
    pub at: Timestamp,
    /// All of it.
    pub total: Sum,
    /// What the parts brought that are told over time.
    pub parts: Vec<Micros>,
    /// What the others brought.
    pub others: Micros,
}

/// What came in, for the operator.
pub async fn revenue(ctx: &Ctx, tx: &mut Tx, of: RevenueOf) -> Result<Revenue, BillingError> {
    crate::funds::require_operator(ctx)?;
    let (from, to) = (begin_of(of.from.0, DAY), begin_of(of.to.0, HOUR));
    let currencies = by_currency(tx, (from, to)).await?;
    let most = currencies.iter().max_by_key(|(_, sum)| (sum.amount, sum.messages));
    let currency = of.currency.or(most.map(|(currency, _)| *currency)).unwrap_or(Currency::USD);
    let bucket = match of.by {
        Split::Portfolio | Split::Plan => Bucket::Day,
        Split::Category | Split::Market | Split::MarketAndCategory => of.bucket,
    };
    let mut parts = Parts::default();
    match of.by {
        Split::Portfolio => parts.read_portfolios(tx, (from, to), currency).await?,
        Split::Plan => parts.read_plans(tx, (from, to), currency).await?,
        by => parts.read_hours(tx, (from, to, bucket), currency, by).await?,
    }
    parts.told(currency, currencies, (from, to, bucket))
}

/// What each currency brought from the begin of a day to that of an hour.
pub async fn revenue_sums(
    ctx: &Ctx,
    tx: &mut Tx,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<(Currency, Sum)>, BillingError> {
    crate::funds::require_operator(ctx)?;
    by_currency(tx, (begin_of(from.0, DAY), begin_of(to.0, HOUR))).await
}

async fn by_currency(tx: &mut Tx, (from, to): (i64, i64)) -> Result<Vec<(Currency, Sum)>, BillingError> {
    let mut sums: BTreeMap<&str, (Currency, Sum)> = BTreeMap::new();
    // Whole days, and the hours of a last one that is not over.
    let whole = begin_of(to, DAY);
    let days = tx.query(store::OF_DAYS, params![from, whole]).await?;
    let hours = tx.query(store::OF_HOURS, params![whole.max(from), to]).await?;
    for row in days.iter().chain(&hours) {
        let currency: Currency = row.get(0)?;
        let (_, sum) = sums.entry(currency.code()).or_insert((currency, Sum::default()));
        sum.add(Sum::read(row, 1)?)?;
    }
    Ok(sums.into_values().collect())
}

/// Parts while they are read.
#[derive(Default)]
struct Parts {
    totals: BTreeMap<PartOf, Sum>,
    /// By part and bucket; of portfolios, those of the largest only.
    over_time: BTreeMap<(PartOf, i64), Micros>,
    buckets: BTreeMap<i64, Sum>,
}

impl Parts {
    fn count(&mut self, part: PartOf, bucket: i64, sum: Sum) -> Result<(), BillingError> {
        self.totals.entry(part.clone()).or_default().add(sum)?;
        self.buckets.entry(bucket).or_default().add(sum)?;
        let amount = self.over_time.entry((part, bucket)).or_default();
        *amount = amount.checked_add(sum.amount).ok_or(TOO_LARGE)?;
        Ok(())
    }

    async fn read_hours(
        &mut self,
        tx: &mut Tx,
        (from, to, bucket): (i64, i64, Bucket),
        currency: Currency,
        by: Split,
    ) -> Result<(), BillingError> {
        let asked = params![from, to, bucket.length(), currency];
        for row in tx.query(store::BY_MARKET_AND_CATEGORY, asked).await? {
            let (market, category): (String, Category) = (row.get(1)?, prices::category(&row, 2)?);
            let part = match by {
                Split::Category => PartOf::Category(category),
                Split::Market => PartOf::Market(market),
                _ => PartOf::MarketAndCategory(market, category),
            };
            self.count(part, row.get(0)?, Sum::read(&row, 3)?)?;
        }
        Ok(())
    }

    async fn read_plans(
        &mut self,
        tx: &mut Tx,
        (from, to): (i64, i64),
        currency: Currency,
    ) -> Result<(), BillingError> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for row in tx.query(store::PLAN_NAMES, vec![]).await? {
            names.insert(row.get(0)?, row.get(1)?);
        }
        for row in tx.query(store::BY_PLAN, params![from, to, currency, DAY]).await? {
            let key: Option<String> = row.get(1)?;
            let plan = key.map(|key| {
                let name = names.get(&key).cloned();
                (key.clone(), name.unwrap_or(key))
            });
            self.count(PartOf::Plan(plan), row.get(0)?, Sum::read(&row, 2)?)?;
        }
        Ok(())
    }

    async fn read_portfolios(
        &mut self,
        tx: &mut Tx,
        (from, to): (i64, i64),
        currency: Currency,
    ) -> Result<(), BillingError> {
        for row in tx.query(store::BY_PORTFOLIO, params![from, to, currency]).await? {
            self.totals.insert(PartOf::Portfolio(row.get(0)?), Sum::read(&row, 1)?);
        }
        for row in tx.query(store::DAYS, params![from, to, currency]).await? {
            self.buckets.insert(row.get(0)?, Sum::read(&row, 1)?);
        }
        let largest = self.ordered().into_iter().take(PARTS_OVER_TIME);
        let largest: Vec<PortfolioId> = largest
            .filter_map(|(part, _)| match part {
                PartOf::Portfolio(portfolio) => Some(portfolio),
                _ => None,
            })
            .collect();
        let asked = largest.iter().map(|portfolio| params![*portfolio, from, to]).collect();
        let found = tx.query_many(store::DAYS_OF_PORTFOLIO, asked).await?;
        for (portfolio, rows) in largest.into_iter().zip(found) {
            for row in rows {
                self.over_time.insert((PartOf::Portfolio(portfolio), row.get(0)?), row.get(1)?);
            }
        }
        Ok(())
    }

    /// The parts, the largest first; those of nothing are left out.
    fn ordered(&self) -> Vec<(PartOf, Sum)> {
        let mut parts: Vec<(PartOf, Sum)> = self
            .totals
            .iter()
            .filter(|(_, sum)| **sum != Sum::default())
            .map(|(part, sum)| (part.clone(), *sum))
            .collect();
        parts.sort_by_key(|(_, sum)| (Reverse(sum.amount), Reverse(sum.messages)));
        parts
    }

    fn told(
        &self,
        currency: Currency,
        currencies: Vec<(Currency, Sum)>,
        (from, to, bucket): (i64, i64, Bucket),
    ) -> Result<Revenue, BillingError> {
        let mut parts = self.ordered();
        let (mut total, mut rest) = (Sum::default(), Sum::default());
        for (place, (_, sum)) in parts.iter().enumerate() {
            total.add(*sum)?;
            if place >= PARTS_MAX {
                rest.add(*sum)?;
            }
        }
        let more = (parts.len().saturating_sub(PARTS_MAX), rest);
        parts.truncate(PARTS_MAX);
        let brought = parts.iter().take(PARTS_OVER_TIME).take_while(|(_, sum)| sum.amount > Micros::ZERO);
        let told: Vec<PartOf> = brought.map(|(part, _)| part.clone()).collect();
        let mut series = Vec::new();
        let mut at = from;
        while at < to {
            series.push(self.point(at, &told)?);
            at = at.saturating_add(bucket.length());
        }
        Ok(Revenue { currency, currencies, total, parts, more, over_time: told.len(), series, bucket })
    }

    fn point(&self, at: i64, told: &[PartOf]) -> Result<Point, BillingError> {
        let total = self.buckets.get(&at).copied().unwrap_or_default();
        let mut others = total.amount;
        let mut parts = Vec::with_capacity(told.len());
        for part in told {
            let amount = self.over_time.get(&(part.clone(), at)).copied().unwrap_or_default();
            others = others.checked_sub(amount).ok_or(TOO_LARGE)?;
            parts.push(amount);
        }
        Ok(Point { at: Timestamp(at), total, parts, others })
    }
}

pub(crate) fn begin_of(at: i64, length: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(length))
}
