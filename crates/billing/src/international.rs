//! # One-time codes from abroad
//!
//! Some markets have a price of their own for the one-time codes of businesses that are based elsewhere. It counts for a
//! portfolio that has sent many of them: more than [`AUTHENTICATION_INTERNATIONAL_MESSAGES`] within
//! [`AUTHENTICATION_INTERNATIONAL_WITHIN_DAYS`] days to such markets, and [`AUTHENTICATION_INTERNATIONAL_NOTICE`] after it
//! was told so. From then on, what is sent as authentication to one of these markets is accepted, held and charged as
//! authentication from abroad. The category is fixed when a message is sent, so messages on their way keep theirs.
//!
//! Which markets these are follows from the price book, and where a portfolio is based from its country. What is counted
//! are sums by the day, in the transaction that charges; a job looks at them.

pub(crate) mod store;

use crate::usage::Payer;
use crate::verify::kinds::CODES;
use crate::{BillingError, Category};
use plaza_db::{DbError, Tx, Value, params};
use plaza_ledger::Findings;
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A portfolio that sends more codes from abroad pays their price.
pub const AUTHENTICATION_INTERNATIONAL_MESSAGES: i64 = 750_000;
/// Within so many days, the running one included.
pub const AUTHENTICATION_INTERNATIONAL_WITHIN_DAYS: i64 = 30;
/// So long after it was told.
pub const AUTHENTICATION_INTERNATIONAL_NOTICE: Duration = Duration::from_secs(30 * 86_400);

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Portfolios that one run of the job tells.
const TOLD_MAX: i64 = 100;

/// Where a portfolio stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Abroad {
    /// Where it is based.
    pub(crate) country: String,
    /// From when its codes to other countries cost more.
    pub(crate) starts_at: Option<Timestamp>,
}

/// Whether a market has a price for codes from abroad, and the portfolio is based elsewhere.
fn is_abroad(payer: &Payer, market: &Arc<str>, at: Timestamp) -> bool {
    !payer.abroad.country.is_empty()
        && !payer.book.is_in(market, &payer.abroad.country)
        && payer.book.has_international(market, at)
}

/// The category that a message has which is sent now.
pub(crate) fn category(payer: &Payer, category: Category, destination: &str, sent_at: Timestamp) -> Category {
    let counts = category == Category::Authentication
        && payer.abroad.starts_at.is_some_and(|starts_at| starts_at <= sent_at)
        && payer
            .book
            .market_at(destination, sent_at)
            .is_some_and(|(_, market)| is_abroad(payer, market, sent_at));
    if counts { Category::AuthenticationInternational } else { category }
}

/// Codes that were delivered abroad, by portfolio and day: the order in which the rows are locked.
#[derive(Debug, Default)]
pub(crate) struct Codes(BTreeMap<(PortfolioId, i64), i64>);

impl Codes {
    /// Looks at a delivered message.
    pub(crate) fn add(
        &mut self,
        (portfolio, payer): (PortfolioId, &Payer),
        category: Category,
        market: &Arc<str>,
        delivered_at: Timestamp,
    ) {
        let is_code = matches!(category, Category::Authentication | Category::AuthenticationInternational);
        if is_code && is_abroad(payer, market, delivered_at) {
            let messages = self.0.entry((portfolio, day_of(delivered_at))).or_default();
            *messages = messages.saturating_add(1);
        }
    }

    /// Says where the sums that still count differ from these.
    pub(crate) async fn compare(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        found: &mut Findings,
    ) -> Result<(), BillingError> {
        let first = first_day(ctx);
        let mut kept: BTreeMap<(PortfolioId, i64), i64> = BTreeMap::new();
        for row in tx.query(store::CODES_SINCE, params![first]).await? {
            kept.insert((row.get(0)?, row.get(1)?), row.get(2)?);
        }
        let counted = self.0.iter().filter(|((_, day), _)| *day >= first);
        let counted: BTreeMap<(PortfolioId, i64), i64> =
            counted.map(|(key, messages)| (*key, *messages)).collect();
        let keys: std::collections::BTreeSet<_> = kept.keys().chain(counted.keys()).collect();
        for key in keys {
            found.checked(CODES, 1);
            let (there, here) = (kept.get(key).copied(), counted.get(key).copied());
            let (there, here) = (there.unwrap_or_default(), here.unwrap_or_default());
            if there != here {
                let (portfolio, day) = key;
                let which = format!("portfolio {portfolio}, day {day}");
                found.differs(
                    CODES,
                    format!("{which}: {there} codes abroad are counted, {here} were delivered"),
                );
            }
        }
        Ok(())
    }

    /// Adds them to the sums.
    pub(crate) async fn count(&self, tx: &mut Tx) -> Result<(), DbError> {
        let rows: Vec<Vec<Value>> =
            self.0.iter().map(|((portfolio, day), messages)| params![portfolio, day, messages]).collect();
        tx.execute_many(store::COUNT_CODES, rows).await.map(drop)
    }
}

/// So much later; the end of time at the latest.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY)
}

/// The first day that counts.
fn first_day(ctx: &Ctx) -> i64 {
    day_of(ctx.now()).saturating_sub(AUTHENTICATION_INTERNATIONAL_WITHIN_DAYS.saturating_sub(1))
}

/// Says where a portfolio is based.
pub async fn set_country(
    _ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    country: &str,
) -> Result<(), BillingError> {
    tx.execute(store::SET_COUNTRY, params![portfolio, country]).await?;
    Ok(())
}

/// Finds the portfolios that have come to so many codes abroad, and notes when their price changes. A job; the answer is
/// whom to tell, each once, with the first moment. Sums that no longer count are forgotten.
pub async fn notice_international(
    ctx: &Ctx,
    tx: &mut Tx,
) -> Result<Vec<(PortfolioId, Timestamp)>, BillingError> {
    let first = first_day(ctx);
    tx.execute(store::FORGET_CODES, params![first]).await?;
    let limits = params![first, AUTHENTICATION_INTERNATIONAL_MESSAGES, TOLD_MAX];
    let starts_at = later(ctx.now(), AUTHENTICATION_INTERNATIONAL_NOTICE);
    let mut told = Vec::new();
    for row in tx.query(store::OVER, limits).await? {
        let portfolio: PortfolioId = row.get(0)?;
        // Another process may have told it a moment ago.
        if tx.execute(store::NOTICE, params![portfolio, ctx.now(), starts_at]).await? > 0 {
            told.push((portfolio, starts_at));
        }
    }
    Ok(told)
}
