//! # Bank transfers
//!
//! A top-up by bank transfer is a reference (ISO 11649: `RF`, two check digits, twelve digits) that the payer writes. What
//! arrives at the bank comes in by a statement or by the operator's hand, each entry once, by the statement's own name for
//! it. If its reference and its amount are those of an open payment, that succeeds; if it names an invoice and is at most
//! what is open of it, it pays that. Everything else goes to the account
//! `suspense` and to a list, until the operator says whose it is or sends it back.

use crate::camt;
use crate::payment::{State, words};
use crate::payments::{Change, change, currency_of, move_money, prepaid};
use crate::{Payment, PaymentError, amount, store};
use plaza_billing::alerts;
use plaza_billing::audit::{self, Act, On};
use plaza_billing::exchange::{ExchangeRate, Foreign, exchange};
use plaza_billing::invoices::{self, PaymentSource};
use plaza_billing::payouts::{self, NewPayout, Part, Payout};
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, derived_id};
use plaza_protocol::limits::STATEMENT_BYTES_MAX;
use plaza_protocol::{Actor, BankEntryId, Ctx, Currency, Micros, PaymentId, PortfolioId, Timestamp};
use serde_json::json;

/// The provider of payments by bank transfer, in rows.
pub const BANK: &str = "bank";
/// Entries of one statement.
pub const STATEMENT_ROWS_MAX: usize = 5_000;
/// Digits of a reference behind its check digits.
const REFERENCE_DIGITS: usize = 12;
/// Characters of a payer, of what they wrote, and of the statement's name for an entry.
pub(crate) const TEXT_CHARACTERS_MAX: usize = 300;
/// Characters of what an invoice keeps of an entry's name.
const REFERENCE_CHARACTERS_MAX: usize = 200;
/// Rows of the list of what is in suspense.
const SUSPENSE_ROWS: i64 = 500;

words! {
    /// Where the money of an entry is.
    EntryState, "a state of a bank entry is unknown":
    /// It paid a payment.
    Matched = "matched",
    /// Nobody knows whose it is.
    Suspense = "suspense",
    /// The operator has said whose it is.
    Assigned = "assigned",
    /// It was sent back.
    Returned = "returned",
    /// A store paid it out.
    Payout = "payout",
}

/// What a bank says of money that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The statement's own name for it.
    pub key: String,
    /// When.
    pub booked_at: Timestamp,
    /// How much.
    pub amount: Micros,
    /// Of it.
    pub currency: Currency,
    /// Who paid.
    pub payer: String,
    /// What they wrote.
    pub remittance: String,
}

/// Money that came to the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankEntry {
    /// Its id.
    pub entry_id: BankEntryId,
    /// What the bank says.
    pub booking: Booking,
    /// Where the money is.
    pub state: EntryState,
    /// Why it is, or was, in suspense.
    pub why: String,
    /// Whose it is.
    pub portfolio_id: Option<PortfolioId>,
    /// What it paid, or was meant to pay.
    pub payment_id: Option<PaymentId>,
    /// When Plaza learnt of it.
    pub recorded_at: Timestamp,
}

impl BankEntry {
    fn read(row: &Row) -> Result<Self, PaymentError> {
        Ok(Self {
            entry_id: row.get(0)?,
            booking: Booking {
                key: row.get(1)?,
                booked_at: row.get(2)?,
                currency: row.get(3)?,
                amount: row.get(4)?,
                payer: row.get(5)?,
                remittance: row.get(6)?,
            },
            state: EntryState::read(row, 7)?,
            why: row.get(8)?,
            portfolio_id: row.get(9)?,
            payment_id: row.get(10)?,
            recorded_at: row.get(11)?,
        })
    }
}

/// A statement cannot be read. Nothing of it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not CSV with the wanted columns.
    #[error("the statement is not CSV with the columns id,booked_on,amount,currency,reference,payer: {0}")]
    Csv(String),
    /// Not XML, or not a statement in it.
    #[error("the statement is not CAMT.053 that can be read: {0}")]
    Xml(String),
    /// More bytes than are read at once.
    #[error("a statement has at most {STATEMENT_BYTES_MAX} bytes: split it")]
    TooLarge,
    /// A row is wrong.
    #[error("entry {row}, {column}: {what}")]
    Row {
        /// Counted from 1, the header not included.
        row: usize,
        /// The column's name, or the element's.
        column: &'static str,
        /// What is needed.
        what: &'static str,
    },
    /// More rows than are read at once.
    #[error("a statement has at most {STATEMENT_ROWS_MAX} rows: split it")]
    TooLong,
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Entries that paid a payment or an invoice.
    pub matched: usize,
    /// Entries that wait in suspense.
    pub suspense: Vec<BankEntry>,
    /// Entries that were recorded before.
    pub known: usize,
}

/// Records all entries of a statement, each once.
pub async fn import(ctx: &Ctx, tx: &mut Tx, bookings: &[Booking]) -> Result<Imported, PaymentError> {
    let mut done = Imported::default();
    let mut new = Vec::new();
    for booking in bookings {
        let (entry, is_known) = put(&ctx.acting_as(Actor::System), tx, booking).await?;
        if !is_known {
            new.push(entry.clone());
        }
        match entry.state {
            _ if is_known => done.known = done.known.saturating_add(1),
            EntryState::Suspense => done.suspense.push(entry),
            _ => done.matched = done.matched.saturating_add(1),
        }
    }
    for entry in &new {
        note(ctx, tx, Act::BankEntry, entry, None).await?;
    }
    Ok(done)
}

/// ISO 7064, MOD 97-10, over digits and letters (A is 10).
fn remainder(text: &str) -> Option<u32> {
    let mut remainder = 0_u32;
    for c in text.chars() {
        let digit = c.to_digit(36)?;
        let step = if digit < 10 { 10 } else { 100_u32 };
        remainder = remainder.checked_mul(step)?.checked_add(digit)?.checked_rem(97)?;
    }
    Some(remainder)
}

/// A reference that nobody else has.
pub(crate) fn new_reference(ctx: &Ctx) -> String {
    let random = u64::from_be_bytes(ctx.random()).checked_rem(1_000_000_000_000).unwrap_or_default();
    let digits = format!("{random:0REFERENCE_DIGITS$}");
    let check = remainder(&format!("{digits}RF00")).and_then(|remainder| 98_u32.checked_sub(remainder));
    format!("RF{:02}{digits}", check.unwrap_or_default())
}

/// The references in what somebody wrote: in any case, with spaces and dashes or without.
fn references(text: &str) -> Vec<String> {
    let plain: Vec<char> =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let length = REFERENCE_DIGITS.saturating_add(4);
    let found = plain.windows(length).filter_map(|window| {
        let candidate: String = window.iter().collect();
        let rest = candidate.strip_prefix("RF")?;
        let (check, digits) = rest.split_at_checked(2)?;
        let is_good = rest.bytes().all(|byte| byte.is_ascii_digit())
            && remainder(&format!("{digits}RF{check}")) == Some(1);
        is_good.then_some(candidate)
    });
    found.collect()
}

/// Reads a statement: CAMT.053, or CSV with a header. What left the account is skipped.
pub fn read_statement(text: &str) -> Result<Vec<Booking>, StatementError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') { camt::read_camt(text) } else { read_csv(text) }
}

fn read_csv(text: &str) -> Result<Vec<Booking>, StatementError> {
    if text.len() > STATEMENT_BYTES_MAX {
        return Err(StatementError::TooLarge);
    }
    let csv_error = |error: csv::Error| StatementError::Csv(error.to_string());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(csv_error)?.clone();
    let place = |name: &'static str| {
        let found = header.iter().position(|column| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| StatementError::Csv(format!("the column {name} is missing")))
    };
    let (id, booked_on, amount) = (place("id")?, place("booked_on")?, place("amount")?);
    let (currency, reference, payer) = (place("currency")?, place("reference")?, place("payer")?);
    let mut bookings = Vec::new();
    for (at, record) in reader.records().enumerate() {
        if at >= STATEMENT_ROWS_MAX {
            return Err(StatementError::TooLong);
        }
        let record = record.map_err(csv_error)?;
        let row = at.saturating_add(1);
        let bad = |column, what| StatementError::Row { row, column, what };
        let field = |place: usize| record.get(place).unwrap_or_default();
        let amount = Micros::parse_decimal(field(amount)).ok_or_else(|| {
            bad("amount", "a decimal such as 100.00, with at most six digits after the point")
        })?;
        let currency: Currency = field(currency)
            .parse()
            .map_err(|_| bad("currency", "one of the billing currencies, such as EUR"))?;
        let day: jiff::civil::Date =
            field(booked_on).parse().map_err(|_| bad("booked_on", "a day such as 2026-11-02"))?;
        let time =
            day.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| bad("booked_on", "a day of this era"))?;
        let is_key = (1..=TEXT_CHARACTERS_MAX).contains(&field(id).chars().count());
        if !is_key {
            return Err(bad("id", "the bank's own name for the entry, 1 to 300 characters"));
        }
        if amount > Micros::ZERO {
            let cut = |place: usize| field(place).chars().take(TEXT_CHARACTERS_MAX).collect();
            bookings.push(Booking {
                key: field(id).to_owned(),
                booked_at: Timestamp(time.timestamp().as_microsecond()),
                amount,
                currency,
                payer: cut(payer),
                remittance: cut(reference),
            });
        }
    }
    Ok(bookings)
}

/// The payment that an entry means, and why it does not pay it.
async fn meant(tx: &mut Tx, booking: &Booking) -> Result<(Option<Payment>, String), PaymentError> {
    let references = references(&booking.remittance);
    for reference in &references {
        let row = tx.query_one(store::PAYMENT_OF_REFERENCE, params![BANK, reference]).await?;
        let Some(row) = row else { continue };
        let payment = Payment::read(&row)?;
        let why = if payment.currency != booking.currency {
            format!("the payment is in {}", payment.currency)
        } else if payment.amount != booking.amount {
            format!("the payment asked for {} {}", payment.amount, payment.currency)
        } else if payment.state.is_open() {
            String::new()
        } else {
            format!("the payment had {} before", payment.state.as_str())
        };
        return Ok((Some(payment), why));
    }
    let why = match references.as_slice() {
        [] => "it names no reference".to_owned(),
        some => format!("no payment has the reference {}", some.join(", ")),
    };
    Ok((None, why))
}

/// Pays the invoice whose number an entry names; whose it is, or why it does not pay it.
async fn pay_invoice(
    ctx: &Ctx,
    tx: &mut Tx,
    booking: &Booking,
    entry: BankEntryId,
) -> Result<Option<Result<PortfolioId, String>>, PaymentError> {
    let Some(named) = invoices::named_in(ctx, tx, &booking.remittance).await? else { return Ok(None) };
    let invoice = invoices::payable(ctx, tx, named.invoice_id).await?;
    let number = invoice.number.clone().unwrap_or_default();
    let open = amount::from_minor(invoice.open_minor(), invoice.currency).unwrap_or_default();
    let currency = invoice.currency;
    let amount_minor = amount::to_minor(booking.amount, booking.currency);
    let why = if currency != booking.currency {
        format!("invoice {number} is in {currency}")
    } else if open == Micros::ZERO {
        format!("nothing is open of invoice {number}")
    } else if booking.amount > open {
        format!("{open} {currency} are open of invoice {number}")
    } else if let Ok(amount_minor) = amount_minor {
        let payment = invoices::Payment {
            key: entry.to_string(),
            amount_minor,
            source: PaymentSource::Transfer,
            reference: reference_of(booking, entry),
        };
        invoices::pay(ctx, tx, invoice.invoice_id, &payment).await?;
        return Ok(Some(Ok(invoice.portfolio_id)));
    } else {
        "its amount cannot be a payment".to_owned()
    };
    Ok(Some(Err(why)))
}

/// What the bank calls an entry, in the words that an invoice keeps.
fn reference_of(booking: &Booking, entry: BankEntryId) -> String {
    let plain: String =
        booking.key.chars().filter(|c| !c.is_control()).take(REFERENCE_CHARACTERS_MAX).collect();
    if plain.trim().is_empty() { entry.to_string() } else { plain }
}

/// Records an entry of the bank; whether it was known. The same entry counts once.
pub async fn record(ctx: &Ctx, tx: &mut Tx, booking: &Booking) -> Result<(BankEntry, bool), PaymentError> {
    let (entry, is_known) = put(&ctx.acting_as(Actor::System), tx, booking).await?;
    if !is_known {
        note(ctx, tx, Act::BankEntry, &entry, None).await?;
    }
    Ok((entry, is_known))
}

/// Writes down what an operator did with an entry: the bank's name for it, its amount, and what became of it.
async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    act: Act,
    entry: &BankEntry,
    rate: Option<ExchangeRate>,
) -> Result<(), PaymentError> {
    let booking = &entry.booking;
    let details = json!({
        "key": booking.key, "amount_micros": booking.amount.0, "currency": booking.currency.code(),
        "state": entry.state.as_str(), "rate": rate.map(|rate| rate.to_string()),
    });
    let on = On::of(entry.entry_id);
    let on = entry.portfolio_id.map_or(on.clone(), |portfolio| on.owned_by(portfolio));
    Ok(audit::note(ctx, tx, act, on, details).await?)
}

async fn put(ctx: &Ctx, tx: &mut Tx, booking: &Booking) -> Result<(BankEntry, bool), PaymentError> {
    if booking.amount <= Micros::ZERO {
        return Err(PaymentError::BadAmount("it must be above zero"));
    }
    let characters = booking.key.chars().count();
    if !(1..=TEXT_CHARACTERS_MAX).contains(&characters) {
        return Err(PaymentError::Invalid("key: the bank's own name for the entry, 1 to 300 characters"));
    }
    if let Some(row) = tx.query_one(store::ENTRY_OF_KEY, params![&booking.key]).await? {
        let known = BankEntry::read(&row)?;
        let is_same = (known.booking.amount, known.booking.currency) == (booking.amount, booking.currency);
        return if is_same { Ok((known, true)) } else { Err(PaymentError::KeyReused) };
    }
    let (payment, mut why) = meant(tx, booking).await?;
    let mut has_paid = false;
    if let (Some(payment), true) = (&payment, why.is_empty()) {
        has_paid = change(ctx, tx, payment, &Change::to(State::Succeeded)).await?;
        if !has_paid {
            "the payment had ended before".clone_into(&mut why);
        }
    }
    let entry_id: BankEntryId = ctx.ordered_id();
    let mut owner = payment.as_ref().filter(|_| has_paid).map(|payment| payment.portfolio_id);
    if payment.is_none() {
        match pay_invoice(ctx, tx, booking, entry_id).await? {
            Some(Ok(portfolio)) => {
                (owner, has_paid) = (Some(portfolio), true);
                why.clear();
            }
            Some(Err(reason)) => why = reason,
            None => {}
        }
    }
    let state = if has_paid { EntryState::Matched } else { EntryState::Suspense };
    let row = params![
        entry_id,
        &booking.key,
        booking.booked_at,
        booking.currency,
        booking.amount,
        &booking.payer,
        &booking.remittance,
        state.as_str(),
        &why,
        owner,
        payment.as_ref().map(|payment| payment.payment_id),
        ctx.now()
    ];
    if tx.execute(store::INSERT_ENTRY, row).await? == 0 {
        return Err(PaymentError::Invalid("key: somebody recorded this entry at the same moment; try again"));
    }
    if !has_paid {
        let bank = Account::new(AccountKind::Bank, booking.currency);
        let suspense = Account::new(AccountKind::Suspense, booking.currency);
        move_money(ctx, tx, derived_id(entry_id.0, "suspense"), (bank, suspense), booking.amount).await?;
    }
    Ok((load(tx, entry_id).await?, false))
}

async fn load(tx: &mut Tx, id: BankEntryId) -> Result<BankEntry, PaymentError> {
    let row = tx.query_one(store::ENTRY, params![id]).await?;
    BankEntry::read(&row.ok_or(PaymentError::UnknownEntry)?)
}

/// What nobody could assign yet, the oldest first.
pub async fn suspense(_ctx: &Ctx, tx: &mut Tx) -> Result<Vec<BankEntry>, PaymentError> {
    tx.query(store::SUSPENSE, params![SUSPENSE_ROWS]).await?.iter().map(BankEntry::read).collect()
}

/// The money is a portfolio's. If it was meant for a payment of another amount, that payment is called off. Money of
/// another currency than the portfolio's needs the rate at which it counts.
pub async fn assign(
    ctx: &Ctx,
    tx: &mut Tx,
    id: BankEntryId,
    portfolio: PortfolioId,
    rate: Option<ExchangeRate>,
) -> Result<BankEntry, PaymentError> {
    let entry = load(tx, id).await?;
    let currency = currency_of(tx, portfolio).await?;
    if (entry.booking.currency == currency) != rate.is_none() {
        return Err(PaymentError::WrongCurrency(currency));
    }
    end(tx, id, EntryState::Assigned, Some(portfolio)).await?;
    if let Some(payment) = entry.payment_id {
        let payment = crate::payment::load(tx, payment).await?;
        if payment.portfolio_id == portfolio {
            change(ctx, tx, &payment, &Change::to(State::Canceled)).await?;
        }
    }
    let (transfer, Booking { amount, currency: paid_in, .. }) = (derived_id(id.0, "assigned"), entry.booking);
    if let Some(rate) = rate {
        let foreign = Foreign { amount, currency: paid_in, rate };
        exchange(ctx, tx, (transfer.0, AccountKind::Suspense), portfolio, foreign).await?;
    } else {
        let accounts = (Account::new(AccountKind::Suspense, currency), prepaid(portfolio, currency));
        move_money(ctx, tx, transfer, accounts, amount).await?;
        alerts::money_moved(ctx, tx, portfolio).await?;
    }
    let assigned = load(tx, id).await?;
    note(ctx, tx, Act::SuspenseAssigned, &assigned, rate).await?;
    Ok(assigned)
}

/// How a store's payout is told: which store, what banks kept, and what it settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePayout {
    /// Which.
    pub store: String,
    /// What banks kept on the way.
    pub bank_fee: Micros,
    /// By currency.
    pub parts: Vec<Part>,
}

/// The money is what a store paid out. The same again changes nothing.
pub async fn assign_payout(
    ctx: &Ctx,
    tx: &mut Tx,
    id: BankEntryId,
    told: StorePayout,
) -> Result<Payout, PaymentError> {
    let entry = load(tx, id).await?;
    let Booking { amount, currency, booked_at, .. } = entry.booking;
    let StorePayout { store, bank_fee, parts } = told;
    let payout = NewPayout { payout_id: id.0, store, currency, amount, bank_fee, booked_at, parts };
    if entry.state != EntryState::Payout {
        end(tx, id, EntryState::Payout, None).await?;
    }
    Ok(payouts::book(ctx, tx, &AccountKind::Suspense, &payout).await?)
}

/// The money was sent back.
pub async fn return_entry(ctx: &Ctx, tx: &mut Tx, id: BankEntryId) -> Result<BankEntry, PaymentError> {
    let entry = load(tx, id).await?;
    end(tx, id, EntryState::Returned, None).await?;
    let currency = entry.booking.currency;
    let accounts = (Account::new(AccountKind::Suspense, currency), Account::new(AccountKind::Bank, currency));
    move_money(ctx, tx, derived_id(id.0, "returned"), accounts, entry.booking.amount).await?;
    let returned = load(tx, id).await?;
    note(ctx, tx, Act::SuspenseReturned, &returned, None).await?;
    Ok(returned)
}

async fn end(
    tx: &mut Tx,
    id: BankEntryId,
    state: EntryState,
    portfolio: Option<PortfolioId>,
) -> Result<(), PaymentError> {
    let ended = tx.execute(store::END_SUSPENSE, params![id, state.as_str(), portfolio]).await?;
    if ended == 1 { Ok(()) } else { Err(PaymentError::UnknownEntry) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_in_what_people_write() {
        let (ctx, _) = plaza_db::testing::ctx();
        let reference = new_reference(&ctx);
        assert_eq!(reference.len(), 16);
        let spaced: Vec<String> =
            reference.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
        for text in
            [reference.clone(), reference.to_lowercase(), format!("top-up {} thanks", spaced.join(" "))]
        {
            assert_eq!(references(&text), std::slice::from_ref(&reference), "{text}");
        }
        // One digit is wrong.
        let last = reference.chars().last().and_then(|c| c.to_digit(10)).unwrap();
        let wrong = format!("{}{}", &reference.get(..15).unwrap(), (last + 1) % 10);
        assert!(references(&wrong).is_empty());
        assert_eq!(references("RF18 5390 0754 7034"), ["RF18539007547034"], "the standard's own example");
        assert!(references("Rechnung 4711").is_empty());
    }

    #[test]
    fn a_statement_names_the_row_and_column_that_are_wrong() {
        let head = "id,booked_on,amount,currency,reference,payer\n";
        let read = |rows: &str| read_statement(&format!("{head}{rows}"));
        let good = read("a1,2026-11-02,100.00,EUR,RF18,Ana\na2,2026-11-02,-7,EUR,fee,Bank\n").unwrap();
        assert_eq!(good.len(), 1, "what left the account is skipped");
        assert_eq!(
            (good[0].amount, good[0].booked_at),
            (Micros(100_000_000), Timestamp::from_seconds(1_793_577_600))
        );
        for (rows, column) in [
            ("a1,2026-11-02,\"100,00\",EUR,r,p\n", "amount"),
            ("a1,2026-11-02,99999999999999,EUR,r,p\n", "amount"),
            ("a1,2026-11-02,1.0000001,EUR,r,p\n", "amount"),
            ("a1,2026-11-02,1,XXX,r,p\n", "currency"),
            ("a1,02.11.2026,1,EUR,r,p\n", "booked_on"),
            (",2026-11-02,1,EUR,r,p\n", "id"),
        ] {
            let error = read(rows).unwrap_err();
            assert!(matches!(error, StatementError::Row { row: 1, column: c, .. } if c == column), "{error}");
        }
        assert!(matches!(read("a1,2026-11-02\n").unwrap_err(), StatementError::Csv(_)));
        let other = read_statement("id;booked_on\na1;x\n").unwrap_err();
        assert!(other.to_string().contains("columns id,booked_on,amount"), "{other}");
        let long: String =
            (0..=STATEMENT_ROWS_MAX).map(|at| format!("a{at},2026-11-02,1,EUR,r,p\n")).collect();
        assert_eq!(read(&long).unwrap_err(), StatementError::TooLong);
    }
}
