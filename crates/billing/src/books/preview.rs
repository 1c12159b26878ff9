//! # What a month would have cost
//!
//! The charges of a month, rated again as if a draft had been in force: each with the category, the market, the pricing
//! type and the number in the month's volume that it had, and not more than the business's own maximum. Only those who
//! pay by the very book of the draft count; a portfolio with a contract is asked for with a draft of its contract.
//!
//! Charges are read in the order of time, a page after another; what is kept is a sum for each market and category.

use super::{Book, store};
use crate::price_book::PriceBook;
use crate::{BillingError, Category, PricingType, prices};
use plaza_db::{Tx, params};
use plaza_protocol::{ChargeId, Currency, Micros, PriceBookId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Charges of one page.
const PAGE_ROWS: i64 = 1024;
/// A charge is made when its receipt comes in; clocks may differ by so many milliseconds.
const SKEW_MS: i64 = 86_400_000;

/// What a month cost, and would have cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Of the amounts.
    pub currency: Currency,
    /// The month: 202610, each portfolio's in its time zone.
    pub period: i64,
    /// By category and market.
    pub lines: Vec<PreviewLine>,
}

/// The sums of a category and market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewLine {
    /// The category.
    pub category: Category,
    /// The market.
    pub market: String,
    /// Delivered messages and calls.
    pub messages: i64,
    /// Those of them that were not free.
    pub billable: i64,
    /// What they cost.
    pub before: Micros,
    /// What they would have cost.
    pub after: Micros,
}

#[derive(Default)]
struct Sum {
    messages: i64,
    billable: i64,
    before: i64,
    after: i64,
}

/// Rates a month again by `candidate`, as of `at`.
pub(super) async fn rate_again(
    tx: &mut Tx,
    book: &Book,
    root: PriceBookId,
    (candidate, at): (&PriceBook, Timestamp),
    period: i64,
) -> Result<Preview, BillingError> {
    let mut sums: BTreeMap<(Category, String), Sum> = BTreeMap::new();
    let mut after = first_charge(period)?;
    loop {
        let page = tx.query(store::CHARGES_OF_MONTH, params![after, period, root, PAGE_ROWS]).await?;
        let Some(last) = page.last() else { break };
        after = last.get(0)?;
        for row in &page {
            let (market, category): (String, Category) = (row.get(1)?, prices::category(row, 2)?);
            let is_regular = row.get::<String>(3)? == PricingType::Regular.as_str();
            let (amount, volume, max): (Micros, Option<i64>, Option<Micros>) =
                (row.get(4)?, row.get(5)?, row.get(6)?);
            let pulses: Option<i64> = row.get(7)?;
            let sum = sums.entry((category, market.clone())).or_default();
            sum.messages = sum.messages.saturating_add(1);
            sum.before = sum.before.saturating_add(amount.0);
            if is_regular {
                sum.billable = sum.billable.saturating_add(1);
                let market: Arc<str> = market.into();
                // Where the candidate has no price, what was charged stays.
                let price = candidate.price_at(&market, category, at).map(|(_, price)| {
                    let unit = price.unit_at(volume);
                    let price = Micros(unit.0.saturating_mul(pulses.unwrap_or(1)));
                    max.map_or(price, |max| price.min(max))
                });
                sum.after = sum.after.saturating_add(price.unwrap_or(amount).0);
            }
        }
    }
    let lines = sums.into_iter().map(|((category, market), sum)| PreviewLine {
        category,
        market,
        messages: sum.messages,
        billable: sum.billable,
        before: Micros(sum.before),
        after: Micros(sum.after),
    });
    Ok(Preview { currency: book.currency, period, lines: lines.collect() })
}

/// The least id of a charge that may be of a month: ids begin with the time of their making.
fn first_charge(period: i64) -> Result<ChargeId, BillingError> {
    let (year, month) = (period.div_euclid(100), period.rem_euclid(100));
    let date = i16::try_from(year).ok().zip(i8::try_from(month).ok());
    let date = date.and_then(|(year, month)| jiff::civil::Date::new(year, month, 1).ok());
    let start = date.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let start = start.ok_or(BillingError::BadPeriod)?.timestamp().as_millisecond();
    // The first time zones are 14 hours ahead; the skew covers that too.
    let start = u128::try_from(start.saturating_sub(SKEW_MS)).unwrap_or_default();
    Ok(ChargeId(uuid::Uuid::from_u128(start << 80)))
}
