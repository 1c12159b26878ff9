//! # Invoices
//!
//! What a portfolio used in a month becomes one invoice. A month is one of the portfolio's time zone, and a message
//! belongs to the month of its delivery.
//!
//! 1. **Gathering.** [`gather`] sums charges into `usage_month`, set by set and in steps: it follows the gapless numbers
//!    of the portfolio's usage events, so that every charge is summed once, whenever it was committed. It runs all month;
//!    at its end only the tail is left.
//! 2. **Draft.** When the month has ended, [`draft`] writes lines by market, category, tier and price. Receipts still
//!    come in (up to thirty days late): the draft waits for the time of grace of the [`LegalEntity`].
//! 3. **Final.** [`finalize`] writes the lines once more, gives the invoice the next number, books what is owed, copies
//!    seller and buyer into it and keeps the digest of its PDF, all in one transaction. From here on it never changes.
//!    What is delivered in its month and comes later is a line of its own on the next invoice.
//! 4. **Paid, overdue, void.** [`pay`] and [`credit`] take from what is due; a credit note has a number of its own, and
//!    an invoice becomes void by one over its whole amount.
//!
//! ## The rules
//!
//! - Lines are rounded once each, half to even, to the currency's minor unit. Tax is worked out of their sum. The total
//!   is the sum of the charges, plus tax where prices do not contain it, plus the rounding that the ledger books.
//! - Usage that was charged to a prepaid balance is settled already: of it the invoice is a statement. Usage that was
//!   charged to the receivable account is due. Which of the two it was, each charge says, part by part.
//! - What is left of an invoice (tax, fees) is taken from the prepaid balance if it suffices; otherwise it is due.
//! - Numbers are without gaps per legal entity and year. The row that gives them out stays locked until the document is
//!   committed, and a document that fails gives its number back.
//! - Payments and credit notes never exceed what is due and the total; the database checks it once more.
//!
//! An invoice covers a charge if the usage event's number is at most the invoice's `sequence_to`, the month is the
//! invoice's or an earlier one, and no invoice issued before covers it. No charge is marked for it.
//!
//! A month that is rated again changes the sums of what no final invoice covers, at once. For the rest there are documents:
//! a credit note, or an adjustment on the next invoice (`rerated.rs`).
//!
//! Whoever locks more than one row takes them in this order: sums of a portfolio, invoice, number, ledger accounts. The
//! number before the accounts: who issues documents does so one after the other, and nobody waits in a circle.

mod document;
mod draft;
mod gather;
mod letters;
mod named;
mod number;
mod parties;
mod pdf;
mod rated;
pub(crate) mod rerated;
mod settle;
mod store;
mod total;
mod ubl;
mod verify;

pub use document::{Document, DocumentLine, DocumentTax, Letter, Party, credit_note_document, letter};
pub use draft::{Closed, close, close_due, draft, finalize, open_periods};
pub use gather::{Gathered, behind, gather};
pub use letters::{Consequence, attached, remind};
pub use named::named_in;
pub use number::{Numbered, Numbers, Series, numbers, set_series};
pub use parties::{
    LegalEntity, Profile, TaxRate, entity, profile, remove_tax_rate, set_entity, set_profile, set_tax_rate,
    tax_rates,
};
pub use rated::{RatedFile, RatedLine, rated_lines};
pub use settle::{
    Credit, CreditNote, Paid, Payment, PaymentSource, credit, credit_notes, mark_overdue, overdue, pay,
    payable, payments,
};
pub use total::Treatment;
pub(crate) use verify::verify;

use crate::BillingError;
use jiff::civil;
use jiff::tz::TimeZone;
use plaza_db::{DbError, Row, Tx, params};
use plaza_ledger::LedgerError;
use plaza_protocol::{
    Actor, Ctx, Currency, InvoiceId, InvoiceItemId, Micros, PortfolioId, Timestamp, limits,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// All SQL of the module.
pub(crate) fn statements() -> &'static [plaza_db::Sql] {
    store::STATEMENTS
}

#[cfg(test)]
pub(crate) fn list_statements() -> &'static [plaza_db::ListSql] {
    store::LIST_STATEMENTS
}

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InvoiceError {
    /// The database.
    #[error("storage")]
    Db(#[from] DbError),
    /// The ledger.
    #[error("the ledger")]
    Ledger(#[from] LedgerError),
    /// Billing.
    #[error("billing")]
    Billing(#[from] BillingError),
    /// Only whoever runs the network may.
    #[error("only the operator may do this")]
    Forbidden,
    /// There is no such invoice.
    #[error("there is no such invoice")]
    Unknown,
    /// Not a month.
    #[error("a month such as 2026-11 is needed")]
    BadPeriod,
    /// The month is running.
    #[error("{period} has not ended: it can be closed after {ends_at}")]
    NotEnded {
        /// Which.
        period: Period,
        /// Its end in the portfolio's time zone.
        ends_at: String,
    },
    /// Late receipts may still come.
    #[error("the draft of {period} waits for late receipts until {until}")]
    Grace {
        /// Which.
        period: Period,
        /// The end of the time of grace.
        until: String,
    },
    /// An earlier month is not closed.
    #[error("{0} comes first: it has usage and no final invoice")]
    EarlierOpen(Period),
    /// Charges are being summed.
    #[error("usage is still being summed: try again")]
    Behind,
    /// Nobody to send invoices.
    #[error("the legal entity is not set: set name and address of the sender first")]
    NoSeller,
    /// Nobody to send it to.
    #[error("portfolio {0} has no address for invoices: set it first")]
    NoBuyer(PortfolioId),
    /// A draft cannot be paid or credited.
    #[error("the invoice is a draft")]
    NotFinal,
    /// It is paid, or void.
    #[error("the invoice has ended: it is {0}")]
    Ended(Status),
    /// More than is left.
    #[error("the amount is above the rest of {rest} {currency}")]
    AboveRest {
        /// What is left.
        rest: String,
        /// Of it.
        currency: Currency,
    },
    /// Zero or less, or too large to be kept.
    #[error("the amount must be above zero, in whole minor units of the currency, and fit")]
    BadAmount,
    /// The key of a payment, credit note or item was used for another one.
    #[error("the key was used for something else")]
    KeyReused,
    /// A field is missing or malformed.
    #[error("{0}")]
    Invalid(&'static str),
    /// A rate that begins later is there.
    #[error("a rate of {0} that begins then or later is there already: rates are added at the end")]
    RateExists(String),
    /// There is no such rate.
    #[error("there is no such tax rate")]
    UnknownRate,
    /// A rate that may stand on invoices.
    #[error("invoices were issued since this rate began: add a new rate from a later day instead")]
    RateUsed,
    /// A rate was taken back while an invoice was issued with it.
    #[error("the tax rate was changed meanwhile: try again")]
    RateChanged,
    /// Numbers of the year were given out.
    #[error("{0} has numbers already: within a year all look alike; choose from the next year on")]
    SeriesInUse(i64),
    /// Invoices and credit notes would have equal numbers.
    #[error("prefix: invoices and credit notes must not have the same numbers, and in {0} they would")]
    SameNumbers(i64),
    /// A row that this crate would not have written.
    #[error("the tables of invoices are damaged: {0}")]
    Damaged(&'static str),
    /// The document could not be made.
    #[error("the document cannot be made: {0}")]
    Document(&'static str),
}

/// A month of a portfolio: 202611, shown as 2026-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(i64);

impl Period {
    /// From the number in the tables.
    pub fn from_number(number: i64) -> Option<Self> {
        let (year, month) = (number.checked_div(100)?, number.checked_rem(100)?);
        ((2000..=9998).contains(&year) && (1..=12).contains(&month)).then_some(Self(number))
    }

    /// The number in the tables.
    pub fn number(self) -> i64 {
        self.0
    }

    fn first_day(self) -> Result<civil::Date, InvoiceError> {
        let year = self.0.checked_div(100).and_then(|year| i16::try_from(year).ok());
        let month = self.0.checked_rem(100).and_then(|month| i8::try_from(month).ok());
        let (Some(year), Some(month)) = (year, month) else { return Err(InvoiceError::BadPeriod) };
        civil::Date::new(year, month, 1).map_err(|_| InvoiceError::BadPeriod)
    }

    /// The month after.
    pub fn next(self) -> Self {
        let step = if self.0.checked_rem(100) == Some(12) { 89 } else { 1 };
        Self(self.0.saturating_add(step))
    }

    /// The month of a moment.
    pub fn of(at: Timestamp, time_zone: &TimeZone) -> Option<Self> {
        let date = jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(time_zone.clone()).date();
        Self::from_number(i64::from(date.year()).saturating_mul(100).saturating_add(i64::from(date.month())))
    }

    /// The month before the one of a moment.
    pub fn before(at: Timestamp, time_zone: &TimeZone) -> Option<Self> {
        let number = Self::of(at, time_zone)?.0;
        let step = if number.checked_rem(100) == Some(1) { 89 } else { 1 };
        Self::from_number(number.saturating_sub(step))
    }

    /// When it begins.
    pub fn start(self, time_zone: &TimeZone) -> Result<Timestamp, InvoiceError> {
        let start = self.first_day()?.to_zoned(time_zone.clone()).map_err(|_| InvoiceError::BadPeriod)?;
        Ok(Timestamp(start.timestamp().as_microsecond()))
    }

    /// When it has ended.
    pub fn end(self, time_zone: &TimeZone) -> Result<Timestamp, InvoiceError> {
        self.next().start(time_zone)
    }

    /// Its first and last day.
    pub(crate) fn days(self) -> Result<(civil::Date, civil::Date), InvoiceError> {
        let first = self.first_day()?;
        Ok((first, first.last_of_month()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.0.checked_div(100).unwrap_or(0), self.0.checked_rem(100).unwrap_or(0));
        write!(f, "{year:04}-{month:02}")
    }
}

impl FromStr for Period {
    type Err = InvoiceError;
    fn from_str(text: &str) -> Result<Self, InvoiceError> {
        let (year, month) = text.split_once('-').ok_or(InvoiceError::BadPeriod)?;
        let digits = |part: &str, n| part.len() == n && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(InvoiceError::BadPeriod);
        }
        format!("{year}{month}").parse().ok().and_then(Self::from_number).ok_or(InvoiceError::BadPeriod)
    }
}

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its month has ended; it waits for late receipts.
    Draft,
    /// Sent, and something is due.
    Final,
    /// Something is due, and the day has passed.
    Overdue,
    /// Nothing is due.
    Paid,
    /// A credit note took it back as a whole.
    Void,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Final, Self::Overdue, Self::Paid, Self::Void];

    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Final => "final",
            Self::Overdue => "overdue",
            Self::Paid => "paid",
            Self::Void => "void",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Messages and calls.
    Usage,
    /// Days of a plan.
    Subscription,
    /// Advertising.
    Ads,
    /// A fee.
    Fee,
    /// A correction; may be negative.
    Adjustment,
}

impl LineKind {
    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Subscription => "subscription",
            Self::Ads => "ads",
            Self::Fee => "fee",
            Self::Adjustment => "adjustment",
        }
    }

    fn parse(text: &str) -> Result<Self, InvoiceError> {
        [Self::Usage, Self::Subscription, Self::Ads, Self::Fee, Self::Adjustment]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(InvoiceError::Damaged("a line has an unknown kind"))
    }
}

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub kind: LineKind,
    /// The month of the delivery.
    pub period: Period,
    /// The market of usage.
    pub market: String,
    /// The category of usage.
    pub category: String,
    /// How usage was priced.
    pub pricing_type: String,
    /// Where the price's tier begins; -1: it has none.
    pub tier: i64,
    /// The words of everything else.
    pub description: String,
    /// Messages, pulses of calls, pieces.
    pub quantity: i64,
    /// What one was charged with.
    pub unit: Micros,
    /// Exact.
    pub amount: Micros,
    /// Of the amount, what is owed.
    pub credit: Micros,
    /// Without tax, in minor units.
    pub net_minor: i64,
    /// Other than usage: paid in advance.
    pub is_settled: bool,
}

/// An invoice. Amounts in minor units where the name says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its id: follows from portfolio and month.
    pub invoice_id: InvoiceId,
    /// Who pays.
    pub portfolio_id: PortfolioId,
    /// The month.
    pub period: Period,
    /// Where it stands.
    pub status: Status,
    /// `None` until final.
    pub number: Option<String>,
    /// Of all amounts.
    pub currency: Currency,
    /// Covers usage events up to this one.
    pub sequence_to: i64,
    /// Prices contain the tax.
    pub is_tax_inclusive: bool,
    /// The sum of the lines, exact.
    pub charges: Micros,
    /// Of the usage, what is owed.
    pub credit: Micros,
    /// What rounding added.
    pub rounding: Micros,
    /// Without tax.
    pub subtotal_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// With tax.
    pub total_minor: i64,
    /// Of the total, what was paid in advance.
    pub prepaid_minor: i64,
    /// Paid since.
    pub paid_minor: i64,
    /// Of the total, what was credited.
    pub credited_minor: i64,
    /// Of that, what took from the amount due.
    pub credited_due_minor: i64,
    /// When the draft was made.
    pub opened_at: Timestamp,
    /// When it became final.
    pub issued_at: Option<Timestamp>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// When it was paid or became void.
    pub ended_at: Option<Timestamp>,
    /// The digest of its PDF.
    pub pdf_sha256: Option<Vec<u8>>,
    /// What its documents show, as JSON.
    document: String,
    /// Its place among the portfolio's final invoices.
    pub(crate) ordinal: Option<i64>,
}

impl Invoice {
    fn read(row: &Row) -> Result<Self, InvoiceError> {
        let damaged = InvoiceError::Damaged;
        Ok(Self {
            invoice_id: row.get(0)?,
            portfolio_id: row.get(1)?,
            period: Period::from_number(row.get(2)?).ok_or(damaged("an invoice has no month"))?,
            status: Status::parse(&row.get::<String>(3)?)
                .ok_or(damaged("an invoice has an unknown status"))?,
            number: row.get(4)?,
            currency: row.get(5)?,
            sequence_to: row.get(7)?,
            is_tax_inclusive: row.get(8)?,
            charges: row.get(9)?,
            credit: row.get(10)?,
            rounding: row.get(11)?,
            subtotal_minor: row.get(12)?,
            tax_minor: row.get(13)?,
            total_minor: row.get(14)?,
            prepaid_minor: row.get(15)?,
            paid_minor: row.get(16)?,
            credited_minor: row.get(17)?,
            credited_due_minor: row.get(18)?,
            opened_at: row.get(19)?,
            issued_at: row.get(20)?,
            due_at: row.get(21)?,
            ended_at: row.get(22)?,
            pdf_sha256: row.get(23)?,
            document: row.get(24)?,
            ordinal: row.get(25)?,
        })
    }

    /// What has to be paid after what was paid in advance.
    pub fn due_minor(&self) -> i64 {
        self.total_minor.saturating_sub(self.prepaid_minor).max(0)
    }

    /// What is still to be paid.
    pub fn open_minor(&self) -> i64 {
        self.due_minor().saturating_sub(self.paid_minor).saturating_sub(self.credited_due_minor).max(0)
    }

    /// What its documents show.
    pub fn document(&self) -> Result<Document, InvoiceError> {
        serde_json::from_str(&self.document).map_err(|_| InvoiceError::Damaged("a document cannot be read"))
    }
}

/// The PDF of a document: the same document gives the same bytes.
pub fn pdf(document: &Document) -> Result<Vec<u8>, InvoiceError> {
    pdf::render(document)
}

/// The EN 16931 XML of a document that has a number.
pub fn xml(document: &Document) -> Result<String, InvoiceError> {
    ubl::render(document)
}

/// The id of the invoice of a portfolio and month.
pub fn invoice_id(portfolio: PortfolioId, period: Period) -> InvoiceId {
    InvoiceId(plaza_ledger::named_id(&format!("plaza invoice\0{portfolio}\0{period}")).0)
}

/// An invoice with its lines.
pub async fn invoice(ctx: &Ctx, tx: &mut Tx, id: InvoiceId) -> Result<(Invoice, Vec<Line>), InvoiceError> {
    let found = find(tx, id).await?.ok_or(InvoiceError::Unknown)?;
    require_sight(ctx, found.portfolio_id)?;
    let rows = tx.query(store::LINES, params![id]).await?;
    let lines = rows.iter().map(line).collect::<Result<_, _>>()?;
    Ok((found, lines))
}

/// Lets whoever runs the network through, and Plaza's own jobs.
fn require_operator(ctx: &Ctx) -> Result<(), InvoiceError> {
    match ctx.actor() {
        Actor::Operator | Actor::System => Ok(()),
        _ => Err(InvoiceError::Forbidden),
    }
}

/// Whose invoices one sees: a business its own, and another's does not exist.
fn require_sight(ctx: &Ctx, portfolio: PortfolioId) -> Result<(), InvoiceError> {
    match ctx.actor() {
        Actor::Operator | Actor::System => Ok(()),
        Actor::App { portfolio: own, .. } if own == portfolio => Ok(()),
        _ => Err(InvoiceError::Unknown),
    }
}

async fn find(tx: &mut Tx, id: InvoiceId) -> Result<Option<Invoice>, InvoiceError> {
    tx.query_one(store::INVOICE, params![id]).await?.map(|row| Invoice::read(&row)).transpose()
}

fn line(row: &Row) -> Result<Line, InvoiceError> {
    Ok(Line {
        kind: LineKind::parse(&row.get::<String>(0)?)?,
        period: Period::from_number(row.get(1)?).ok_or(InvoiceError::Damaged("a line has no month"))?,
        market: row.get(2)?,
        category: row.get(3)?,
        pricing_type: row.get(4)?,
        tier: row.get(5)?,
        description: row.get(6)?,
        quantity: row.get(7)?,
        unit: row.get(8)?,
        amount: row.get(9)?,
        credit: row.get(10)?,
        net_minor: row.get(11)?,
        is_settled: row.get(12)?,
    })
}

/// Which invoices are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of one portfolio.
    pub portfolio: Option<PortfolioId>,
    /// That stand so.
    pub status: Option<Status>,
    /// Of one month.
    pub period: Option<Period>,
}

/// Invoices, newest months first; `after` is the last one of the page before.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    filter: Filter,
    after: Option<InvoiceId>,
    limit: u32,
) -> Result<Vec<Invoice>, InvoiceError> {
    match filter.portfolio {
        Some(portfolio) => require_sight(ctx, portfolio)?,
        None => require_operator(ctx)?,
    }
    let limit = i64::from(limit).min(i64::try_from(limits::PAGE_ROWS_MAX).unwrap_or(i64::MAX));
    let place = match after {
        None => (i64::MAX, uuid::Uuid::nil()),
        Some(id) => (find(tx, id).await?.ok_or(InvoiceError::Unknown)?.period.0, id.0),
    };
    let parameters = params![
        filter.portfolio.map_or(0, |portfolio| portfolio.0),
        filter.status.map_or("", Status::as_str),
        filter.period.map_or(0, Period::number),
        place.0,
        place.1,
        limit
    ];
    tx.query(store::INVOICES, parameters).await?.iter().map(Invoice::read).collect()
}

/// Something besides usage that shall stand on an invoice.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// Derived from the cause: adding it twice adds it once.
    pub item_id: InvoiceItemId,
    /// Who pays.
    pub portfolio: PortfolioId,
    /// The month; if its invoice is final, the next one takes the item.
    pub period: Period,
    /// What it is; not usage.
    pub kind: LineKind,
    /// In words.
    pub description: String,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub unit: Micros,
    /// The whole.
    pub amount: Micros,
    /// It was paid, and booked, already.
    pub is_settled: bool,
}

/// Puts something on the next invoice. The same id puts it there once.
pub async fn add_item(ctx: &Ctx, tx: &mut Tx, item: &NewItem) -> Result<(), InvoiceError> {
    require_operator(ctx)?;
    put_item(ctx, tx, item).await
}

/// The same for what a business does itself, such as subscribing to a plan.
pub(crate) async fn put_item(ctx: &Ctx, tx: &mut Tx, item: &NewItem) -> Result<(), InvoiceError> {
    let words = item.description.trim();
    if item.kind == LineKind::Usage || words.is_empty() || words.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(InvoiceError::Invalid("an item needs a description of at most 200 characters"));
    }
    if item.amount == Micros::ZERO || (item.amount < Micros::ZERO && item.kind != LineKind::Adjustment) {
        return Err(InvoiceError::BadAmount);
    }
    let row = params![
        item.item_id,
        item.portfolio,
        item.period.0,
        item.kind.as_str(),
        words,
        item.quantity,
        item.unit,
        item.amount,
        item.is_settled,
        ctx.now()
    ];
    if tx.execute(store::INSERT_ITEM, row).await? == 1 {
        return Ok(());
    }
    let row = tx.query_one(store::ITEM, params![item.item_id]).await?;
    let row = row.ok_or(InvoiceError::Damaged("an item went away"))?;
    let there: (PortfolioId, i64, String, Micros, bool) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let same = (item.portfolio, item.period.0, item.kind.as_str().to_owned(), item.amount, item.is_settled);
    if there == same { Ok(()) } else { Err(InvoiceError::KeyReused) }
}

/// Characters of an item's description.
const DESCRIPTION_CHARS_MAX: usize = 200;

/// An amount in minor units as a decimal, without the currency.
pub(crate) fn decimal(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let digits = usize::try_from(currency.minor_digits()).unwrap_or(2);
    let all = minor.unsigned_abs().to_string();
    if digits == 0 {
        return format!("{sign}{all}");
    }
    let all = format!("{all:0>width$}", width = digits.saturating_add(1));
    let (whole, fraction) = all.split_at(all.len().saturating_sub(digits));
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other() {
        let december: Period = "2026-12".parse().unwrap();
        assert_eq!(december.next().to_string(), "2027-01");
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        assert_eq!(december.end(&zone).unwrap(), Timestamp::from_seconds(1_798_772_400));
        assert_eq!(Period::of(Timestamp::from_seconds(1_798_772_399), &zone), Some(december));
        assert_eq!(Period::before(Timestamp::from_seconds(1_798_772_400), &zone), Some(december));
        for bad in ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "+026-01", "2026-11-01"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn minor_units_are_those_of_the_currency() {
        assert_eq!(decimal(-5, Currency::USD), "-0.05");
        assert_eq!(decimal(123_456, Currency::EUR), "1234.56");
        assert_eq!(decimal(123_456, Currency::CLP), "123456");
    }
}
