//! # The file of a version
//!
//! CSV with a header: `effective_from,effective_to,market,currency,category,tier_from,price`. What is exported is what is
//! taken in: reading an export of a version and exporting it again gives the same bytes.
//!
//! A file that is not good is refused with everything that is wrong in it, by row and column, up to a bound.

use crate::Category;
use crate::import::{DAY, TIER, day_of, end, first_moment, tier_from};
use crate::price_book::PriceRow;
use csv::StringRecord;
use plaza_protocol::{Currency, Micros, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Bytes of a file.
pub(super) const FILE_BYTES_MAX: usize = plaza_protocol::limits::BODY_BYTES_MAX;
/// Rows of a file.
pub(super) const FILE_ROWS_MAX: usize = 20_000;
/// Faults that are told.
const FAULTS_MAX: usize = 100;

const COLUMNS: [&str; 7] =
    ["effective_from", "effective_to", "market", "currency", "category", "tier_from", "price"];
/// Columns that may be there, for people.
const NOTES: [&str; 4] = ["unit", "source", "checked", "note"];

/// What is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1 below the header; 0: the header, or the file as a whole.
    pub row: usize,
    /// The column's name; empty: the whole row.
    pub column: &'static str,
    /// What is wrong, and what is needed.
    pub what: String,
}

/// A version that is in a file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) from: Timestamp,
    pub(super) to: Option<Timestamp>,
    pub(super) rows: Vec<PriceRow>,
}

/// What a file of a book must be like.
pub(super) struct Expected<'a> {
    pub(super) currency: Currency,
    pub(super) categories: &'a [Category],
    /// The markets that there are.
    pub(super) markets: &'a [Arc<str>],
    /// Markets that must have a price.
    pub(super) required: Vec<Arc<str>>,
    /// The spans of the versions that are published.
    pub(super) published: Vec<(Timestamp, Option<Timestamp>)>,
    /// It begins at this moment or later.
    pub(super) not_before: Timestamp,
}

/// The header of exports.
pub(super) fn header() -> String {
    format!("{}\n", COLUMNS.join(","))
}

/// The row of a price.
pub(super) fn row(
    (from, to): (Timestamp, Option<Timestamp>),
    currency: Currency,
    (market, category, tier, unit): (&str, Category, i64, Micros),
) -> String {
    let last_day = to.map(|to| day_of(Timestamp(to.0.saturating_sub(1)))).unwrap_or_default();
    // Names of markets have no quotation marks; a comma is all that CSV would mind.
    let market = if market.contains(',') { format!("\"{market}\"") } else { market.to_owned() };
    format!("{},{last_day},{market},{currency},{category},{tier},{unit}\n", day_of(from))
}

/// Reads a file, or says what is wrong with it.
pub(super) fn read(text: &str, expected: &Expected<'_>) -> Result<Content, Vec<Fault>> {
    let whole = |column, what: &str| vec![Fault { row: 0, column, what: what.to_owned() }];
    if text.len() > FILE_BYTES_MAX {
        return Err(whole("", &format!("the file has more than {FILE_BYTES_MAX} bytes")));
    }
    if text.starts_with('\u{feff}') {
        return Err(whole("", "the file begins with a byte order mark: save it as UTF-8 without one"));
    }
    let first_line = text.lines().next().unwrap_or_default();
    if !first_line.contains(',') && (first_line.contains(';') || first_line.contains('\t')) {
        return Err(whole(
            "",
            "columns are separated by semicolons or tabs: save the file with commas between columns and points in \
             decimals",
        ));
    }
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| whole("", &error.to_string()))?.clone();
    let columns = Columns::of(&header)?;
    let mut reading = Reading { expected, columns, faults: Vec::new(), span: None, prices: BTreeMap::new() };
    for (row, record) in (1_usize..).zip(reader.records()) {
        if row > FILE_ROWS_MAX {
            return Err(whole("", &format!("the file has more than {FILE_ROWS_MAX} rows")));
        }
        match record {
            Ok(record) if record.len() == header.len() => reading.take(row, &record),
            Ok(record) => reading.fault(
                row,
                "",
                format!(
                    "it has {} columns, the header {}: a decimal comma or a comma in a name splits a column",
                    record.len(),
                    header.len()
                ),
            ),
            Err(error) => reading.fault(row, "", error.to_string()),
        }
        if reading.faults.len() >= FAULTS_MAX {
            return Err(reading.faults);
        }
    }
    reading.finish()
}

/// Where each column stands.
struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, Vec<Fault>> {
        let mut columns = HashMap::new();
        let mut faults = Vec::new();
        let mut fault = |column, what: String| faults.push(Fault { row: 0, column, what });
        for (at, name) in header.iter().enumerate() {
            match COLUMNS.into_iter().find(|known| *known == name) {
                Some(known) if columns.insert(known, at).is_some() => {
                    fault(known, "the column is there twice".to_owned());
                }
                Some(_) => {}
                None if NOTES.contains(&name) => {}
                None => fault("", format!("unknown column {name}: {} are known", COLUMNS.join(", "))),
            }
        }
        for column in COLUMNS.into_iter().filter(|column| *column != "tier_from") {
            if !columns.contains_key(column) {
                fault(column, "the column is missing".to_owned());
            }
        }
        if faults.is_empty() { Ok(Self(columns)) } else { Err(faults) }
    }

    fn get<'a>(&self, record: &'a StringRecord, column: &str) -> &'a str {
        self.0.get(column).and_then(|at| record.get(*at)).unwrap_or_default()
    }
}

type Key = (Arc<str>, Category, i64);

struct Reading<'a> {
    expected: &'a Expected<'a>,
    columns: Columns,
    faults: Vec<Fault>,
    /// First moment and end, as the first row has them.
    span: Option<(Timestamp, Option<Timestamp>)>,
    /// Prices, each with the row that it stands in.
    prices: BTreeMap<Key, (usize, Micros)>,
}

impl Reading<'_> {
    fn fault(&mut self, row: usize, column: &'static str, what: impl Into<String>) {
        self.faults.push(Fault { row, column, what: what.into() });
    }

    fn take(&mut self, row: usize, record: &StringRecord) {
        let text = |column| self.columns.get(record, column);
        let (from, to) = (first_moment(text("effective_from")), end(text("effective_to")));
        let (currency, category) =
            (text("currency").parse::<Currency>(), text("category").parse::<Category>());
        let (tier, price) = (tier_from(text("tier_from")), price(text("price")));
        let name = text("market");
        let market = self.expected.markets.iter().find(|market| market.as_ref() == name).cloned();
        let mut faults: Vec<(&'static str, String)> = Vec::new();
        if from.is_none() {
            faults.push(("effective_from", DAY.to_owned()));
        }
        if to.is_none() {
            faults.push(("effective_to", format!("{DAY}, or nothing")));
        }
        match currency {
            Err(error) => faults.push(("currency", error.to_string())),
            Ok(currency) if currency != self.expected.currency => {
                faults.push(("currency", format!("the book is in {}", self.expected.currency)));
            }
            Ok(_) => {}
        }
        match &category {
            Err(error) => faults.push(("category", error.to_string())),
            Ok(category) if !self.expected.categories.contains(category) => {
                faults.push(("category", "messages and calls have books of their own".to_owned()));
            }
            Ok(category) if tier.is_some_and(|tier| tier > 0) && category.accrues_with().is_none() => {
                faults.push(("tier_from", "only utility and authentication have tiers".to_owned()));
            }
            Ok(_) => {}
        }
        if tier.is_none() {
            faults.push(("tier_from", TIER.to_owned()));
        }
        if market.is_none() {
            faults.push(("market", format!("there is no market {name}: its numbers are not known")));
        }
        if let Err(what) = &price {
            faults.push(("price", (*what).to_owned()));
        }
        if let (Some(from), Some(to)) = (from, to) {
            if to.is_some_and(|to| to <= from) {
                faults.push(("effective_to", "the last day comes before the first one".to_owned()));
            }
            let (first, last) = *self.span.get_or_insert((from, to));
            if first != from {
                faults.push((
                    "effective_from",
                    "a file holds one version: all rows begin on one day".to_owned(),
                ));
            }
            if first == from && last != to {
                faults.push(("effective_to", "a file holds one version: all rows end on one day".to_owned()));
            }
        }
        if let (Some(market), Ok(category), Some(tier), Ok(price)) = (market, category, tier, price) {
            match self.prices.get(&(market.clone(), category, tier)) {
                Some((other, _)) => {
                    let what = format!("row {other} has the same market, category and tier");
                    faults.push(("category", what));
                }
                None => drop(self.prices.insert((market, category, tier), (row, price))),
            }
        }
        for (column, what) in faults {
            self.fault(row, column, what);
        }
    }

    /// What can be seen only of the whole.
    fn finish(mut self) -> Result<Content, Vec<Fault>> {
        let Some((from, to)) = self.span else {
            if self.faults.is_empty() {
                self.fault(0, "price", "there is no price");
            }
            return Err(self.faults);
        };
        let without_first: Vec<usize> = self
            .prices
            .iter()
            .filter(|((market, category, _), _)| !self.prices.contains_key(&(market.clone(), *category, 0)))
            .map(|(_, (row, _))| *row)
            .collect();
        for row in without_first {
            self.fault(row, "tier_from", "the tier that begins at 0 is missing");
        }
        let named: BTreeSet<&str> = self.prices.keys().map(|(market, ..)| market.as_ref()).collect();
        let is_missing = |market: &&Arc<str>| !named.contains(market.as_ref());
        let missing: Vec<Arc<str>> = self.expected.required.iter().filter(is_missing).cloned().collect();
        for market in missing {
            self.fault(0, "market", format!("{market} has prices in the version before, and none here"));
        }
        if from < self.expected.not_before {
            let day = day_of(self.expected.not_before);
            self.fault(
                1,
                "effective_from",
                format!("{day} or later is needed: a price is told before it counts"),
            );
        }
        for (begun, until) in self.expected.published.clone() {
            let overlaps = begun == from
                || (begun < from && until.is_some_and(|until| from < until))
                || (from < begun && to.is_some_and(|to| begun < to));
            if overlaps {
                let day = day_of(begun);
                self.fault(
                    1,
                    "effective_from",
                    format!("it overlaps the version of {day}, which is published"),
                );
            }
        }
        if !self.faults.is_empty() {
            self.faults.sort_by_key(|fault| fault.row);
            self.faults.truncate(FAULTS_MAX);
            return Err(self.faults);
        }
        let rows = self.prices.into_iter().map(|((market, category, tier_from), (_, unit))| PriceRow {
            market,
            category,
            tier_from,
            unit,
            is_open: to.is_none(),
        });
        Ok(Content { from, to, rows: rows.collect() })
    }
}

/// A price, or what is wrong with it.
fn price(text: &str) -> Result<Micros, &'static str> {
    match Micros::parse_decimal(text) {
        Some(price) if price >= Micros::ZERO => Ok(price),
        Some(_) => Err("a price is never below zero"),
        None if text.contains(',') => Err("decimals have a point: 0.0550"),
        None => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            match (digits(whole), digits(fraction)) {
                (true, true) if fraction.len() > 6 => Err("at most six digits after the point are kept"),
                (true, _) if fraction.is_empty() || digits(fraction) => Err("it is too large to be kept"),
                _ => Err("a decimal such as 0.0550 is needed"),
            }
        }
    }
}
