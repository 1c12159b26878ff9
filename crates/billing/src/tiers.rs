//! # Prices by volume
//!
//! The more utility and authentication messages a portfolio pays for in a market and month, the less the next one may
//! cost. A price has **tiers** for that: each begins after so many messages, and each message is charged at the price of
//! the tier that it falls into, so that what was charged before stays as it is. Only messages that are charged count;
//! authentication from abroad counts with authentication, a message in a group with its category outside of groups.
//!
//! The volume is a row per portfolio, month, market and category. It is counted in the transaction that charges, once per
//! row and batch, and each charge keeps which number it was: so it explains itself, and the counters can be built again
//! from the charges ([`rebuild_volumes`]). A portfolio is locked before its volumes are, so its messages are numbered one
//! after another; within a batch in the order of their deliveries, then of their ids.

pub(crate) mod store;

use crate::{BillingError, Category, PricingType, prices};
use plaza_db::{Tx, Value, params};
use plaza_protocol::{Ctx, Micros, PortfolioId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A step of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// Messages of the month before the first one at this price.
    pub from: i64,
    /// The last message at this price; `None`: without end.
    pub to: Option<i64>,
    /// The price of each.
    pub unit: Micros,
}

impl Tier {
    /// Whether this message is the first one of the tier, and a tier was there before.
    pub(crate) fn is_begun_by(&self, volume: Option<i64>) -> bool {
        self.from > 0 && volume == self.from.checked_add(1)
    }

    /// How a tier is told: `0:750000`, `750001:2000000`, `2000001:MAX`.
    pub fn words(from: i64, to: Option<i64>) -> String {
        let first = if from > 0 { from.saturating_add(1) } else { 0 };
        to.map_or_else(|| format!("{first}:MAX"), |to| format!("{first}:{to}"))
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::words(self.from, self.to))
    }
}

/// What a volume is counted under, in the order in which the rows are locked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counted {
    portfolio: PortfolioId,
    period: i64,
    market: Arc<str>,
    category: Category,
}

impl Counted {
    /// `None`: such a message does not count.
    pub(crate) fn of(
        portfolio: PortfolioId,
        period: i64,
        market: &Arc<str>,
        category: Category,
        pricing_type: PricingType,
    ) -> Option<Self> {
        let category = category.accrues_with().filter(|_| pricing_type == PricingType::Regular)?;
        Some(Self { portfolio, period, market: market.clone(), category })
    }
}

impl Counted {
    /// The key of its row.
    pub(crate) fn key(&self) -> Vec<Value> {
        let Self { portfolio, period, market, category } = self;
        params![portfolio, period, market.as_ref(), category.as_str()]
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { portfolio, period, market, category } = self;
        write!(f, "portfolio {portfolio}, {category} to {market}, {period}")
    }
}

/// The volumes that a batch adds to, as they stood before it; each message takes the next number.
pub(crate) struct Volumes(BTreeMap<Counted, i64>);

impl Volumes {
    /// Counts a batch's messages.
    pub(crate) async fn count(
        tx: &mut Tx,
        messages: impl Iterator<Item = Counted>,
    ) -> Result<Self, BillingError> {
        let mut volumes: BTreeMap<Counted, i64> = BTreeMap::new();
        for counted in messages {
            let messages = volumes.entry(counted).or_default();
            *messages = messages.saturating_add(1);
        }
        let rows = volumes.iter().map(|(counted, messages)| {
            let Counted { portfolio, period, market, category } = counted;
            params![portfolio, period, market.as_ref(), category.as_str(), messages]
        });
        let answers = tx.query_many(store::COUNT_VOLUME, rows.collect()).await?;
        for (messages, answer) in volumes.values_mut().zip(answers) {
            let row = answer.into_iter().next().ok_or(BillingError::Damaged("a counter did not answer"))?;
            *messages = row.get::<i64>(0)?.saturating_sub(*messages);
        }
        Ok(Self(volumes))
    }

    /// The number of the next message.
    pub(crate) fn next(&mut self, counted: &Counted) -> Option<i64> {
        let volume = self.0.get_mut(counted)?;
        *volume = volume.saturating_add(1);
        Some(*volume)
    }
}

/// All counters, for verification.
pub(crate) async fn counters(tx: &mut Tx) -> Result<BTreeMap<Counted, i64>, BillingError> {
    let mut counters = BTreeMap::new();
    for row in tx.query(store::VOLUMES, vec![]).await? {
        let market: String = row.get(2)?;
        let category = prices::category(&row, 3)?;
        let (portfolio, period) = (row.get(0)?, row.get(1)?);
        counters.insert(Counted { portfolio, period, market: market.into(), category }, row.get(4)?);
    }
    Ok(counters)
}

/// Builds the counters again from the charges. Run it while nothing is delivered.
pub async fn rebuild_volumes(_ctx: &Ctx, tx: &mut Tx) -> Result<(), BillingError> {
    tx.execute(store::CLEAR_VOLUMES, vec![]).await?;
    tx.execute(store::REBUILD_VOLUMES, vec![]).await?;
    Ok(())
}
