//! # Numbers without gaps
//!
//! The row of the year stays locked until the document is committed, so that a document which fails gives its number
//! back, and the next one waits for it.
//!
//! What the numbers look like is a **series**: what they begin with, how the year is written, how many digits they
//! have. It holds from a year on, and is set before the first number of that year: within a year all numbers look
//! alike, so that everybody sees that none is missing.

use super::{InvoiceError, LegalEntity, parties, require_operator, store};
use crate::audit::{self, Act, On};
use crate::verify::kinds::NUMBERS;
use jiff::tz::TimeZone;
use plaza_db::{Tx, params};
use plaza_ledger::Findings;
use plaza_protocol::{Ctx, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

plaza_protocol::words! {
    /// What has a row of numbers of its own.
    Numbered {
        /// Invoices.
        Invoice = "invoice",
        /// Credit notes.
        CreditNote = "credit_note",
    }
}

/// Characters of a prefix.
const PREFIX_CHARS_MAX: usize = 16;
/// Digits of a number, at least.
const DIGITS_MIN: i64 = 3;
/// Digits of a number, at most.
const DIGITS_MAX: i64 = 10;

/// What numbers look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// What they begin with: `INV-`.
    pub prefix: String,
    /// How many digits of the year follow: 4 or 2.
    pub year_digits: i64,
    /// How many digits the number itself has at least; one that needs more has more.
    pub digits: i64,
}

impl Series {
    pub(super) fn usual(kind: Numbered) -> Self {
        let prefix = match kind {
            Numbered::Invoice => "INV-",
            Numbered::CreditNote => "CN-",
        };
        Self { prefix: prefix.to_owned(), year_digits: 4, digits: 6 }
    }

    /// What the numbers of a year begin with: `INV-2026-`.
    fn begin(&self, year: i64) -> String {
        let prefix = &self.prefix;
        if self.year_digits == 2 {
            format!("{prefix}{:02}-", year.rem_euclid(100))
        } else {
            format!("{prefix}{year:04}-")
        }
    }

    /// A number of a year: `INV-2026-000001`.
    pub fn number(&self, year: i64, n: i64) -> String {
        let width = usize::try_from(self.digits).unwrap_or_default();
        format!("{}{n:0width$}", self.begin(year))
    }

    fn check(&self) -> Result<(), InvoiceError> {
        let length = self.prefix.chars().count();
        let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '/' | '.');
        if length == 0 || length > PREFIX_CHARS_MAX || !self.prefix.chars().all(is_plain) {
            return Err(InvoiceError::Invalid(
                "prefix: 1 to 16 capital letters, digits, hyphens, slashes and dots are needed, such as INV-",
            ));
        }
        if !matches!(self.year_digits, 2 | 4) {
            return Err(InvoiceError::Invalid("year_digits: 4 (2026) or 2 (26) is needed"));
        }
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&self.digits) {
            return Err(InvoiceError::Invalid("digits: 3 to 10 are needed"));
        }
        Ok(())
    }
}

/// The numbers of a kind in a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Of what.
    pub kind: Numbered,
    /// The year.
    pub year: i64,
    /// What they look like.
    pub series: Series,
    /// How many were given out.
    pub last: i64,
}

/// The numbers of this year and of the next one.
pub async fn numbers(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Numbers>, InvoiceError> {
    require_operator(ctx)?;
    let this = this_year(ctx, tx).await?;
    let mut found = Vec::new();
    for kind in Numbered::ALL {
        for year in [this, this.saturating_add(1)] {
            let row = tx.query_one(store::LAST_NUMBER, params![parties::ENTITY, kind.as_str(), year]).await?;
            let last = row.map_or(Ok(0), |row| row.get(0))?;
            found.push(Numbers { kind: *kind, year, series: series(tx, *kind, year).await?, last });
        }
    }
    Ok(found)
}

/// Sets what the numbers of a kind look like, from this year or the next one on; as long as that year has no number
/// yet.
pub async fn set_series(
    ctx: &Ctx,
    tx: &mut Tx,
    kind: Numbered,
    year: i64,
    new: &Series,
) -> Result<(), InvoiceError> {
    require_operator(ctx)?;
    new.check()?;
    let this = this_year(ctx, tx).await?;
    if year != this && Some(year) != this.checked_add(1) {
        return Err(InvoiceError::Invalid("year: this year or the next one is needed"));
    }
    // The rows are locked: no document takes a number meanwhile, and nobody sets the other kind's series.
    let mut is_used = false;
    for each in Numbered::ALL {
        for locked in [this, this.saturating_add(1)] {
            let last = lock(tx, *each, locked).await?;
            is_used |= *each == kind && locked == year && last > 0;
        }
    }
    if is_used {
        return Err(InvoiceError::SeriesInUse(year));
    }
    for other in Numbered::ALL.iter().filter(|other| **other != kind) {
        if let Some(clash) = clash(tx, (kind, year, new), *other).await? {
            return Err(InvoiceError::SameNumbers(clash));
        }
    }
    let row = params![parties::ENTITY, kind.as_str(), year, new.prefix.as_str(), new.year_digits, new.digits];
    tx.execute(store::SET_SERIES, row).await?;
    let details = json!({
        "year": year, "prefix": new.prefix, "year_digits": new.year_digits, "digits": new.digits,
    });
    Ok(audit::note(ctx, tx, Act::InvoiceSeries, On::of(kind.as_str()), details).await?)
}

/// No document takes a number of a kind and year until this transaction has ended. The answer is the last one given out.
async fn lock(tx: &mut Tx, kind: Numbered, year: i64) -> Result<i64, InvoiceError> {
    let row = tx.query_one(store::LOCK_NUMBERS, params![parties::ENTITY, kind.as_str(), year]).await?;
    Ok(row.ok_or(InvoiceError::Damaged("a number did not answer"))?.get(0)?)
}

/// No invoice is issued until this transaction has ended.
pub(super) async fn hold_invoices(ctx: &Ctx, tx: &mut Tx) -> Result<(), InvoiceError> {
    let year = this_year(ctx, tx).await?;
    lock(tx, Numbered::Invoice, year).await.map(drop)
}

/// The first year in which a new series of a kind and that of another one give out the same numbers. Both hold until the
/// next one of their kind, so each change of either is looked at.
async fn clash(
    tx: &mut Tx,
    (kind, from, new): (Numbered, i64, &Series),
    other: Numbered,
) -> Result<Option<i64>, InvoiceError> {
    let until = changes(tx, kind, from).await?.first().copied().unwrap_or(i64::MAX);
    let others = changes(tx, other, from).await?;
    for year in std::iter::once(from).chain(others).take_while(|year| *year < until) {
        if series(tx, other, year).await?.begin(year) == new.begin(year) {
            return Ok(Some(year));
        }
    }
    Ok(None)
}

/// The years after one in which a kind's series changes, the earliest first.
async fn changes(tx: &mut Tx, kind: Numbered, after: i64) -> Result<Vec<i64>, InvoiceError> {
    let rows = tx.query(store::SERIES_AFTER, params![parties::ENTITY, kind.as_str(), after]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}

/// What the numbers of a year look like.
async fn series(tx: &mut Tx, kind: Numbered, year: i64) -> Result<Series, InvoiceError> {
    let row = tx.query_one(store::SERIES, params![parties::ENTITY, kind.as_str(), year]).await?;
    let Some(row) = row else { return Ok(Series::usual(kind)) };
    Ok(Series { prefix: row.get(0)?, year_digits: row.get(1)?, digits: row.get(2)? })
}

/// The next number of a kind.
pub(super) async fn next(
    ctx: &Ctx,
    tx: &mut Tx,
    entity: &LegalEntity,
    kind: Numbered,
) -> Result<String, InvoiceError> {
    let year = year_of(ctx.now(), &entity.time_zone)?;
    let row = tx.query_one(store::NEXT_NUMBER, params![parties::ENTITY, kind.as_str(), year]).await?;
    let n: i64 = row.ok_or(InvoiceError::Damaged("a number did not answer"))?.get(0)?;
    // After the number: its row is locked, and with it the series.
    Ok(series(tx, kind, year).await?.number(year, n))
}

/// As many documents bear a number of a year as were given out.
pub(super) async fn verify(tx: &mut Tx, found: &mut Findings) -> Result<(), InvoiceError> {
    for row in tx.query(store::NUMBERS, params![parties::ENTITY]).await? {
        let (kind, year, last): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(kind) = Numbered::parse(&kind) else { continue };
        let begin = series(tx, kind, year).await?.begin(year);
        let count = match kind {
            Numbered::Invoice => store::COUNT_INVOICES,
            Numbered::CreditNote => store::COUNT_CREDIT_NOTES,
        };
        // A number is digits only: what has a hyphen more is of another series.
        let patterns = params![format!("{begin}%"), format!("{begin}%-%")];
        let count: i64 = tx.query_one(count, patterns).await?.map_or(Ok(0), |row| row.get(0))?;
        found.checked(NUMBERS, count);
        if count != last {
            let difference = format!("{begin}%: {last} numbers were given out, {count} documents bear one");
            found.differs(NUMBERS, difference);
        }
    }
    Ok(())
}

/// This year, where the sender of invoices is.
async fn this_year(ctx: &Ctx, tx: &mut Tx) -> Result<i64, InvoiceError> {
    let entity = parties::entity(ctx, tx).await?;
    year_of(ctx.now(), entity.as_ref().map_or("UTC", |entity| &entity.time_zone))
}

fn year_of(at: Timestamp, zone: &str) -> Result<i64, InvoiceError> {
    let zone = TimeZone::get(zone).map_err(|_| InvoiceError::Damaged("a time zone is unknown"))?;
    let at = jiff::Timestamp::from_microsecond(at.0);
    let at = at.map_err(|_| InvoiceError::Damaged("a time is out of range"))?;
    Ok(i64::from(at.to_zoned(zone).year()))
}
