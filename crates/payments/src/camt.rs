//! # Statements in CAMT.053
//!
//! What banks hand out: ISO 20022's *BankToCustomerStatement*, in any of its versions. Of each booked entry in our favour
//! there is a [`Booking`]; a batch whose transactions have amounts of their own becomes one for each. What left the
//! account and what is only announced is skipped.
//!
//! **Its name for an entry** makes that the same entry of two statements counts once: the account servicer's reference,
//! else the entry's own reference or its place, within the statement's id; each together with the account.
//!
//! A statement comes from outside. Nothing in it is followed or unfolded: a document type is refused, and with it every
//! entity; depth, bytes, texts and entries are bounded; and nothing is recorded unless all of it could be read.

use crate::Booking;
use crate::bank::{STATEMENT_ROWS_MAX, StatementError, TEXT_CHARACTERS_MAX};
use plaza_protocol::limits::STATEMENT_BYTES_MAX;
use plaza_protocol::{Currency, Micros, Timestamp};
use quick_xml::Reader;
use quick_xml::XmlVersion::Explicit1_0;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::collections::BTreeMap;

/// Elements within each other. The deepest that is read has 13.
const DEPTH_MAX: usize = 32;
/// What banks write where they have no reference.
const NO_REFERENCE: [&str; 3] = ["NONREF", "NOTPROVIDED", "NONE"];

/// The beginning of the name of every version.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";

fn wrong(what: impl Into<String>) -> StatementError {
    StatementError::Xml(what.into())
}

/// One transaction of an entry.
#[derive(Debug, Default, Clone)]
struct Details {
    amount: Option<(String, String)>,
    is_credit: Option<bool>,
    reference: String,
    end_to_end: String,
    payer: String,
    remittance: Vec<String>,
}

/// An entry as it stands in the statement.
#[derive(Debug, Default, Clone)]
struct Entry {
    amount: Option<(String, String)>,
    is_credit: bool,
    status: String,
    booked: String,
    reference: String,
    servicer_reference: String,
    about: String,
    details: Vec<Details>,
}

/// What is known while a statement is read.
#[derive(Debug, Default)]
struct Reading {
    /// The names of the elements that are open.
    path: Vec<String>,
    text: String,
    currency: String,
    account: String,
    statement: String,
    place: usize,
    entry: Entry,
    bookings: Vec<Booking>,
    names: BTreeMap<String, usize>,
    is_statement: bool,
}

/// Reads a statement.
pub(crate) fn read_camt(xml: &str) -> Result<Vec<Booking>, StatementError> {
    if xml.len() > STATEMENT_BYTES_MAX {
        return Err(StatementError::TooLarge);
    }
    let mut reader = Reader::from_str(xml);
    let mut reading = Reading::default();
    loop {
        let event = reader.read_event().map_err(|error| wrong(error.to_string()))?;
        match event {
            Event::Start(start) => reading.open(&start)?,
            Event::Empty(start) => {
                reading.open(&start)?;
                reading.close()?;
            }
            Event::End(_) => reading.close()?,
            Event::Text(text) => {
                let text = text.xml10_content().map_err(|error| wrong(error.to_string()))?;
                reading.push(&text);
            }
            Event::CData(text) => {
                let text = text.xml10_content().map_err(|error| wrong(error.to_string()))?;
                reading.push(&text);
            }
            Event::GeneralRef(reference) => reading.push(&character(&reference)?),
            Event::DocType(_) => {
                return Err(wrong("a document type is not taken, nor entities of one's own"));
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if !reading.path.is_empty() {
        return Err(wrong("it ends in the middle"));
    }
    if !reading.is_statement {
        return Err(wrong(
            "BkToCstmrStmt is missing: a statement (camt.053) is expected, not an advice or a report",
        ));
    }
    Ok(reading.bookings)
}

/// A character reference, or one of the five that XML knows by itself.
fn character(reference: &BytesRef<'_>) -> Result<String, StatementError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| wrong(error.to_string()))? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|error| wrong(error.to_string()))?;
    let known = quick_xml::escape::resolve_predefined_entity(&name);
    known.map(str::to_owned).ok_or_else(|| wrong("an entity of one's own is not taken"))
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), StatementError> {
        if self.path.len() >= DEPTH_MAX {
            return Err(wrong(format!("more than {DEPTH_MAX} elements stand within each other")));
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        let attribute = |name: &str| {
            let found = start.try_get_attribute(name).map_err(|error| wrong(error.to_string()))?;
            let value = found.map(|value| value.normalized_value(Explicit1_0)).transpose();
            Ok(value.map_err(|error| wrong(error.to_string()))?.map(std::borrow::Cow::into_owned))
        };
        if self.path.is_empty() {
            self.begin(&name, start)?;
        }
        match name.as_str() {
            "Amt" => self.currency = attribute("Ccy")?.unwrap_or_default(),
            "BkToCstmrStmt" => self.is_statement = true,
            "Stmt" => (self.place, self.account, self.statement) = Default::default(),
            "Ntry" => {
                self.entry = Entry::default();
                self.place = self.place.saturating_add(1);
            }
            "TxDtls" => self.entry.details.push(Details::default()),
            _ => {}
        }
        if self.entry.details.len() > STATEMENT_ROWS_MAX {
            return Err(StatementError::TooLong);
        }
        self.path.push(name);
        self.text.clear();
        Ok(())
    }

    /// The outermost element says what it is.
    fn begin(&self, name: &str, start: &BytesStart<'_>) -> Result<(), StatementError> {
        let mut spaces = start.attributes().flatten().filter(|attribute| {
            let key = attribute.key.as_ref();
            key == b"xmlns" || key.starts_with(b"xmlns:")
        });
        let is_camt = spaces.any(|space| space.value.starts_with(NAMESPACE.as_bytes()));
        if name == "Document" && is_camt && !self.is_statement {
            return Ok(());
        }
        Err(wrong("a Document of camt.053 is expected"))
    }

    fn push(&mut self, text: &str) {
        // What is kept is cut later; what nobody asked for is not gathered.
        if self.text.len() < TEXT_CHARACTERS_MAX.saturating_mul(4) {
            self.text.push_str(text);
        }
    }

    fn close(&mut self) -> Result<(), StatementError> {
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.text.clear();
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path.get(2..).unwrap_or_default() {
            ["Stmt", "Id"] => self.statement = text,
            ["Stmt", "Acct", "Id", "IBAN"] | ["Stmt", "Acct", "Id", "Othr", "Id"] => self.account = text,
            ["Stmt", "Ntry"] => {
                let entry = std::mem::take(&mut self.entry);
                self.take(&entry)?;
            }
            ["Stmt", "Ntry", "NtryDtls", "TxDtls", rest @ ..] => {
                let currency = std::mem::take(&mut self.currency);
                let amount = (text, currency);
                if let Some(details) = self.entry.details.last_mut() {
                    details.read(rest, amount);
                }
            }
            ["Stmt", "Ntry", rest @ ..] => {
                let currency = std::mem::take(&mut self.currency);
                self.entry.read(rest, text, currency);
            }
            _ => {}
        }
        self.path.pop();
        Ok(())
    }

    /// The bookings of an entry.
    fn take(&mut self, entry: &Entry) -> Result<(), StatementError> {
        if !entry.is_credit || entry.status != "BOOK" {
            return Ok(());
        }
        let bad = |column, what| StatementError::Row { row: self.place, column, what };
        let whole = money(entry.amount.as_ref()).map_err(|(column, what)| bad(column, what))?;
        let booked_at = day(&entry.booked)
            .ok_or_else(|| bad("BookgDt", "a day such as 2026-11-02, or a moment, is needed"))?;
        let single: Vec<&Details> =
            entry.details.iter().filter(|details| details.is_credit != Some(false)).collect();
        let amounts: Vec<_> = single
            .iter()
            .map(|details| money(details.amount.as_ref()).ok())
            .collect::<Option<_>>()
            .unwrap_or_default();
        let sum = amounts.iter().fold(0_i64, |sum, (amount, _)| sum.saturating_add(amount.0));
        // Only a batch whose parts are the whole is taken apart.
        let is_batch =
            amounts.len() > 1 && amounts.iter().all(|(_, currency)| *currency == whole.1) && sum == whole.0.0;
        let name = self.name(entry);
        if is_batch {
            for (number, (details, (amount, currency))) in (1_usize..).zip(single.into_iter().zip(amounts)) {
                let own = if is_reference(&details.reference) {
                    details.reference.clone()
                } else {
                    number.to_string()
                };
                let booking = details.booking(format!("{name}/{own}"), booked_at);
                self.add(Booking { amount, currency, ..booking })?;
            }
            return Ok(());
        }
        let mut all = Details::default();
        for details in &entry.details {
            all.remittance.extend(details.remittance.iter().cloned());
            all.remittance.push(details.end_to_end.clone());
            if all.payer.is_empty() {
                all.payer.clone_from(&details.payer);
            }
        }
        all.remittance.push(entry.about.clone());
        let booking = all.booking(name, booked_at);
        self.add(Booking { amount: whole.0, currency: whole.1, ..booking })
    }

    fn add(&mut self, booking: Booking) -> Result<(), StatementError> {
        if self.bookings.len() >= STATEMENT_ROWS_MAX {
            return Err(StatementError::TooLong);
        }
        if booking.amount <= Micros::ZERO {
            return Ok(());
        }
        // Two entries of one statement are two, whatever the bank calls them.
        let times = self.names.entry(booking.key.clone()).or_default();
        *times = times.saturating_add(1);
        let key = if *times > 1 { format!("{}#{times}", booking.key) } else { booking.key };
        self.bookings.push(Booking { key, ..booking });
        Ok(())
    }

    fn name(&self, entry: &Entry) -> String {
        let own = if is_reference(&entry.servicer_reference) {
            entry.servicer_reference.clone()
        } else if is_reference(&entry.reference) {
            format!("{}/{}", self.statement, entry.reference)
        } else {
            format!("{}/{}", self.statement, self.place)
        };
        cut(&format!("camt {}/{own}", self.account), TEXT_CHARACTERS_MAX.saturating_sub(80))
    }
}

impl Entry {
    fn read(&mut self, path: &[&str], text: String, currency: String) {
        match path {
            ["Amt"] => self.amount = Some((text, currency)),
            ["CdtDbtInd"] => self.is_credit = text == "CRDT",
            ["Sts"] if !text.is_empty() => self.status = text,
            ["Sts", "Cd"] => self.status = text,
            ["BookgDt", "Dt" | "DtTm"] => self.booked = text,
            ["NtryRef"] => self.reference = text,
            ["AcctSvcrRef"] => self.servicer_reference = text,
            ["AddtlNtryInf"] => self.about = text,
            _ => {}
        }
    }
}

impl Details {
    fn read(&mut self, path: &[&str], (text, currency): (String, String)) {
        match path {
            ["Amt"] | ["AmtDtls", "TxAmt", "Amt"] if self.amount.is_none() => {
                self.amount = Some((text, currency));
            }
            ["CdtDbtInd"] => self.is_credit = Some(text == "CRDT"),
            ["Refs", "AcctSvcrRef" | "TxId"] if self.reference.is_empty() => self.reference = text,
            ["Refs", "EndToEndId"] if is_reference(&text) => self.end_to_end = text,
            ["RltdPties", "Dbtr", "Nm"] | ["RltdPties", "Dbtr", "Pty", "Nm"] => self.payer = text,
            ["RmtInf", "Ustrd"]
            | ["RmtInf", "Strd", "CdtrRefInf", "Ref"]
            | ["RmtInf", "Strd", "AddtlRmtInf"] => {
                self.remittance.push(text);
            }
            _ => {}
        }
    }

    fn booking(&self, key: String, booked_at: Timestamp) -> Booking {
        let words: Vec<&str> = self
            .remittance
            .iter()
            .chain([&self.end_to_end])
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        Booking {
            key: cut(&key, TEXT_CHARACTERS_MAX.saturating_sub(20)),
            booked_at,
            amount: Micros::ZERO,
            currency: Currency::EUR,
            payer: cut(&self.payer, TEXT_CHARACTERS_MAX),
            remittance: cut(&words.join(" "), TEXT_CHARACTERS_MAX),
        }
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn is_reference(text: &str) -> bool {
    !text.is_empty() && !NO_REFERENCE.contains(&text.to_ascii_uppercase().as_str())
}

type Wrong = (&'static str, &'static str);

fn money(amount: Option<&(String, String)>) -> Result<(Micros, Currency), Wrong> {
    let (text, currency) = amount.ok_or(("Amt", "an amount is needed"))?;
    let currency = currency.parse().map_err(|_| ("Ccy", "one of the billing currencies, such as EUR"))?;
    let amount = Micros::parse_decimal(text).filter(|amount| *amount >= Micros::ZERO);
    Ok((
        amount.ok_or(("Amt", "a decimal such as 100.00, with at most six digits after the point"))?,
        currency,
    ))
}

/// A day, or a moment: its begin in UTC where no time is said.
fn day(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(moment.as_microsecond()));
    }
    let day: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    Some(Timestamp(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests;
