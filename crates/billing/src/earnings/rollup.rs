//! Sums of the sums: days of all portfolios together, and each portfolio over all categories. The dashboard reads these
//! only; a batch adds a few rows to them, after the sums that they are made of and in the order of their keys.

use super::{Traffic, Used, pricing_type, store};
use crate::verify::kinds::DASHBOARD;
use crate::{BillingError, PricingType};
use plaza_db::{Tx, params};
use plaza_ledger::Findings;
use plaza_protocol::{Currency, Micros, PortfolioId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

type DayKey = (i64, Currency, PricingType);
type CustomerKey = (&'static str, i64, PortfolioId);
/// Messages, those of them that were not free, and what was charged.
type CustomerSum = (Currency, i64, i64, Micros);

/// What a batch, or everything, adds up to.
#[derive(Debug, Default)]
pub(super) struct Rollups {
    days: BTreeMap<DayKey, Traffic>,
    customers: BTreeMap<CustomerKey, CustomerSum>,
}

impl Rollups {
    pub(super) fn of(used: &Used) -> Result<Self, BillingError> {
        let mut rollups = Self::default();
        for ((span, bucket, portfolio, _, kind), (currency, traffic)) in &used.0 {
            if *span == "day" {
                rollups.days.entry((*bucket, *currency, *kind)).or_default().add(*traffic)?;
            }
            let nothing = (*currency, 0, 0, Micros::ZERO);
            let (_, messages, billable, amount) =
                rollups.customers.entry((*span, *bucket, *portfolio)).or_insert(nothing);
            *messages = messages.saturating_add(traffic.messages);
            if *kind == PricingType::Regular {
                *billable = billable.saturating_add(traffic.messages);
            }
            let sum = amount.checked_add(traffic.amount);
            *amount = sum.ok_or(BillingError::Damaged("a sum is too large"))?;
        }
        Ok(rollups)
    }

    /// Adds them to the tables.
    pub(super) async fn store(&self, tx: &mut Tx) -> Result<(), BillingError> {
        let customers = self.customers.iter().map(|((span, bucket, portfolio), sum)| {
            let (currency, messages, billable, amount) = *sum;
            params![*span, *bucket, *portfolio, currency, messages, billable, amount]
        });
        tx.execute_many(store::ADD_CUSTOMER, customers.collect()).await?;
        let days = self.days.iter().map(|((day, currency, kind), sum)| {
            params![*day, *currency, kind.as_str(), sum.messages, sum.list, sum.amount]
        });
        tx.execute_many(store::ADD_DAY, days.collect()).await?;
        Ok(())
    }

    /// Says where the tables differ from these sums.
    pub(super) async fn compare(&self, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
        let mut days = BTreeMap::new();
        for row in tx.query(store::ALL_DAYS, vec![]).await? {
            let sum = Traffic { messages: row.get(3)?, list: row.get(4)?, amount: row.get(5)? };
            days.insert((row.get(0)?, row.get(1)?, pricing_type(&row, 2)?), sum);
        }
        let mut customers = BTreeMap::new();
        for row in tx.query(store::ALL_CUSTOMERS, vec![]).await? {
            let span = if row.get::<String>(0)? == "day" { "day" } else { "month" };
            let sum: CustomerSum = (row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
            customers.insert((span, row.get(1)?, row.get(2)?), sum);
        }
        diff("sum of the day", (&days, &self.days), |sum| *sum == Traffic::default(), found);
        let is_nothing = |(_, messages, billable, amount): &CustomerSum| {
            (*messages, *billable, *amount) == (0, 0, Micros::ZERO)
        };
        diff("sum of the customer", (&customers, &self.customers), is_nothing, found);
        Ok(())
    }
}

/// A message that was corrected can leave a sum of nothing behind: that is as if there were none.
fn diff<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    (kept, made): (&BTreeMap<K, V>, &BTreeMap<K, V>),
    is_nothing: impl Fn(&V) -> bool,
    found: &mut Findings,
) {
    for key in kept.keys().chain(made.keys()).collect::<BTreeSet<&K>>() {
        found.checked(DASHBOARD, 1);
        let there = kept.get(key).filter(|sum| !is_nothing(sum));
        let here = made.get(key).filter(|sum| !is_nothing(sum));
        if there != here {
            let difference = format!("the {what} {key:?} is {there:?}, the charges give {here:?}");
            found.differs(DASHBOARD, difference);
        }
    }
}

/// Builds them again from the sums by portfolio and category.
pub(super) async fn rebuild(tx: &mut Tx) -> Result<(), BillingError> {
    tx.execute(store::CLEAR_DAYS, vec![]).await?;
    tx.execute(store::CLEAR_CUSTOMERS, vec![]).await?;
    tx.execute(store::REBUILD_TRAFFIC, vec![]).await?;
    tx.execute(store::REBUILD_CUSTOMERS, vec![]).await?;
    Ok(())
}
