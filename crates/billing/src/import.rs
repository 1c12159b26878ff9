//! # Importing a price book
//!
//! Six files: **rates** (one row a market, category and period, in one currency), **tier rates** (the same, for prices that
//! fall with the volume of the month: a row for each tier, which says after how many messages it begins), **call rates** (the same for pulses of
//! calls), **markets** (which market a calling code belongs to, and since when on its own), **free rules** (when a message
//! costs nothing, by period) and **currencies** (how many units of each currency the book's currency is worth). From them
//! comes one book per currency, with one beside it for calls; amounts are converted once, half to even at the sixth
//! decimal, and are from then on prices like any other. The embedded files are an example: the reference rates, converted
//! by fixed example factors; tiers and rates of calls are made up.
//!
//! Each first day among the rates begins a version, at 00:00 UTC. A rule belongs to the versions that begin within its
//! period. A version that is published never changes: importing the same content again does nothing, other content under
//! the same day is refused.

use crate::audit::{self, Act, On};
use crate::category::{Category, PricingType};
use crate::error::ImportError;
use crate::price_book::{PREFIX_DIGITS_MAX, WindowKind};
use crate::store;
use plaza_db::{DbError, Tx, Value, params};
use plaza_protocol::{Ctx, Currency, Micros, PriceBookId, PriceVersionId, Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Where prices come from: six CSV files with a header each.
#[derive(Debug, Clone, Copy)]
pub struct PriceSource<'a> {
    /// The name of the books.
    pub name: &'a str,
    /// `effective_from,effective_to,market,currency,category,price`, and `tier_from` where there are tiers.
    pub rates: &'a str,
    /// More of the same: the prices with tiers. Empty: there are none.
    pub tier_rates: &'a str,
    /// The same columns: one price for a pulse of a call. Empty: businesses make no calls.
    pub call_rates: &'a str,
    /// `market,iso2,calling_code,standalone_since`.
    pub markets: &'a str,
    /// `effective_from,effective_to,pricing_type,category,window,monthly_quantity,scope,note`.
    pub free_rules: &'a str,
    /// `currency,units_per_usd`.
    pub currencies: &'a str,
}

impl PriceSource<'static> {
    /// The example price book that comes with Plaza.
    pub const fn reference() -> Self {
        Self {
            name: "reference",
            rates: include_str!("../data/rates.csv"),
            tier_rates: include_str!("../data/tier_rates.csv"),
            call_rates: include_str!("../data/call_rates.csv"),
            markets: include_str!("../data/markets.csv"),
            free_rules: include_str!("../data/free_rules.csv"),
            currencies: include_str!("../data/currencies.csv"),
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Books that are there now.
    pub books: usize,
    /// Versions that were published by this import.
    pub versions_published: usize,
    /// Prices in them.
    pub prices_published: usize,
}

const RATES: &str = "rates";
const TIER_RATES: &str = "tier rates";
const CALL_RATES: &str = "call rates";
const MARKETS: &str = "markets";
const FREE_RULES: &str = "free rules";
const CURRENCIES: &str = "currencies";

#[derive(Deserialize)]
struct RateRow {
    effective_from: String,
    effective_to: String,
    market: String,
    currency: String,
    category: String,
    price: String,
    #[serde(default)]
    tier_from: String,
}

#[derive(Deserialize)]
struct MarketRow {
    market: String,
    iso2: String,
    calling_code: String,
    standalone_since: String,
}

#[derive(Deserialize)]
struct RuleRow {
    effective_from: String,
    effective_to: String,
    pricing_type: String,
    category: String,
    window: String,
    monthly_quantity: String,
    scope: String,
    note: String,
}

#[derive(Deserialize)]
struct CurrencyRow {
    currency: String,
    units_per_usd: String,
}

/// The prices of one version, before conversion, by market, category and begin of the tier: unit price, and whether the
/// row has no last day.
type Prices = BTreeMap<(String, Category, i64), (Micros, bool)>;

struct Version {
    effective_to: Option<Timestamp>,
    prices: Prices,
    rules: Vec<Rule>,
}

struct Rule {
    from: Timestamp,
    to: Option<Timestamp>,
    pricing_type: PricingType,
    category: Option<Category>,
    window: Option<WindowKind>,
    monthly_quantity: Option<i64>,
    note: String,
}

/// Publishes what is new in the files. Safe to repeat, at each start for example.
pub async fn import_price_book(
    ctx: &Ctx,
    tx: &mut Tx,
    source: &PriceSource<'_>,
) -> Result<ImportReport, ImportError> {
    let (base, versions) = message_versions(source)?;
    let call_versions = call_versions(source, base)?;
    let markets = markets(source.markets)?;
    let factors = factors(source.currencies, base)?;
    publish_markets(tx, markets).await?;
    let mut report = ImportReport { books: factors.len(), ..ImportReport::default() };
    for (currency, factor) in factors {
        let id = Sha256::digest(format!("plaza price book\0{}\0{currency}", source.name));
        let book = PriceBookId(uuid_of(&id));
        for (from, version) in &versions {
            let prices = converted(&version.prices, factor)?;
            publish(ctx, tx, (book, currency), (*from, version), prices, &mut report).await?;
        }
        let mut parts = vec![book];
        if !call_versions.is_empty() {
            let name = format!("{} calls", source.name);
            let id = Sha256::digest(format!("plaza price book\0{name}\0{currency}"));
            let call_book = PriceBookId(uuid_of(&id));
            for (from, version) in &call_versions {
                let prices = converted(&version.prices, factor)?;
                let key = (call_book, currency);
                publish(ctx, tx, key, (*from, version), prices, &mut report).await?;
            }
            let digest = digest_of(tx, &[call_book]).await?;
            tx.execute(store::UPSERT_CALL_BOOK, params![call_book, name, currency, book, digest]).await?;
            // Whoever reads the book reads both.
            parts.push(call_book);
        }
        let digest = digest_of(tx, &parts).await?;
        tx.execute(store::UPSERT_BOOK, params![book, source.name, currency, digest]).await?;
    }
    if report.versions_published > 0 {
        let details = serde_json::json!({"books": report.books, "versions": report.versions_published, "prices": report.prices_published});
        audit::note(ctx, tx, Act::PricesImported, On::of(source.name), details).await?;
    }
    Ok(report)
}

/// Covers what books say, whoever published their versions, and the markets: what is kept in memory under it never changes.
pub(crate) async fn digest_of(tx: &mut Tx, books: &[PriceBookId]) -> Result<[u8; 32], DbError> {
    let mut digest = Sha256::new();
    for row in tx.query(store::MARKETS, vec![]).await? {
        let since: Timestamp = row.get(1)?;
        let (prefix, market, countries): (String, String, String) = (row.get(0)?, row.get(2)?, row.get(3)?);
        digest.update(format!("{prefix}\0{}\0{market}\0{countries}\n", since.0));
    }
    for book in books {
        digest.update(format!("{book}\n"));
        for row in tx.query(store::HASHES_OF_BOOK, params![book]).await? {
            digest.update(row.get::<Vec<u8>>(0)?);
        }
    }
    Ok(digest.finalize().into())
}

/// Publishes new market prefixes. One that is published keeps its market: what was charged must stay explainable.
async fn publish_markets(tx: &mut Tx, mut markets: Markets) -> Result<(), ImportError> {
    for row in tx.query(store::MARKETS, vec![]).await? {
        let key = (row.get(0)?, row.get(1)?);
        let published: (String, String) = (row.get(2)?, row.get(3)?);
        if markets.remove(&key).is_some_and(|wanted| wanted.0 != published.0) {
            let what = format!("{} belongs to {} already: give the change a date", key.0, published.0);
            return Err(ImportError::Row { file: MARKETS, row: 0, column: "market", what });
        }
    }
    let rows = markets.into_iter();
    let rows = rows.map(|((prefix, since), (market, countries))| params![prefix, since, market, countries]);
    tx.insert_rows(store::INSERT_MARKETS, rows.collect()).await?;
    Ok(())
}

/// Publishes a version, or sees that it is published already.
async fn publish(
    ctx: &Ctx,
    tx: &mut Tx,
    (book, currency): (PriceBookId, Currency),
    (from, version): (Timestamp, &Version),
    prices: Prices,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    let sha256 = hash_of(book, from, version, &prices);
    if let Some(row) = tx.query_one(store::VERSION_HASH, params![book, from]).await? {
        if row.get::<Vec<u8>>(0)? == sha256 {
            return Ok(());
        }
        return Err(ImportError::Published { effective_from: day_of(from), currency });
    }
    let id = PriceVersionId(uuid_of(&sha256));
    let row = params![id, book, from, version.effective_to, ctx.now(), sha256];
    tx.execute(store::INSERT_VERSION, row).await?;
    report.versions_published = report.versions_published.saturating_add(1);
    report.prices_published = report.prices_published.saturating_add(prices.len());
    tx.insert_rows(store::INSERT_PRICES, price_rows(id, &prices)).await?;
    let rows = version.rules.iter().zip(0_i64..).map(|(rule, position)| {
        params![
            id,
            position,
            rule.pricing_type.as_str(),
            rule.category.map(Category::as_str),
            rule.window.map(WindowKind::as_str),
            rule.monthly_quantity,
            rule.monthly_quantity.map(|_| "phone_number"),
            rule.note.as_str()
        ]
    });
    tx.insert_rows(store::INSERT_RULES, rows.collect()).await?;
    Ok(())
}

/// The rows of a version's prices: each tier ends where the next one begins.
fn price_rows(id: PriceVersionId, prices: &Prices) -> Vec<Vec<Value>> {
    let next = prices.keys().skip(1).map(Some).chain([None]);
    let rows = prices.iter().zip(next).map(|(((market, category, from), (unit, is_open)), next)| {
        let next = next.filter(|(other, of, _)| other == market && of == category);
        let to = next.map(|(.., to)| *to);
        params![id, market.as_str(), category.as_str(), from, to, unit, is_open]
    });
    rows.collect()
}

fn hash_of(book: PriceBookId, from: Timestamp, version: &Version, prices: &Prices) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("{book}\0{}\0{:?}\n", from.0, version.effective_to.map(|to| to.0)));
    for ((market, category, from), (unit, is_open)) in prices {
        // What versions without tiers were hashed like stays as it is.
        let tier = if *from > 0 { format!("\0{from}") } else { String::new() };
        hash.update(format!("{market}\0{category}\0{}\0{is_open}{tier}\n", unit.0));
    }
    for rule in &version.rules {
        let (category, window) = (rule.category.map(Category::as_str), rule.window.map(WindowKind::as_str));
        let kind = rule.pricing_type.as_str();
        hash.update(format!(
            "{kind}\0{category:?}\0{window:?}\0{:?}\0{}\n",
            rule.monthly_quantity, rule.note
        ));
    }
    hash.finalize().into()
}

type Versions = BTreeMap<Timestamp, Version>;

/// The versions of messages by their first moment, with their rules, and the currency of the rates.
fn message_versions(source: &PriceSource<'_>) -> Result<(Currency, Versions), ImportError> {
    let files = [(RATES, source.rates), (TIER_RATES, source.tier_rates)];
    let (base, mut versions) = versions(&files, &Category::MESSAGES)?;
    let base = base.ok_or_else(|| fault(RATES, 0, "price", "there is no price"))?;
    let rules = rules(source.free_rules)?;
    for (from, version) in &mut versions {
        let in_force = rules.iter().filter(|rule| rule.from <= *from && rule.to.is_none_or(|to| *from < to));
        version.rules = in_force.map(Rule::copy).collect();
    }
    for (row, rule) in rules.iter().enumerate() {
        if !versions.contains_key(&rule.from) {
            return Err(fault(FREE_RULES, row, "effective_from", "no prices begin on this day"));
        }
        let crosses = |to: Timestamp| versions.range(to..).next().is_some_and(|(next, _)| *next != to);
        if rule.to.is_some_and(crosses) {
            return Err(fault(FREE_RULES, row, "effective_to", "the day before prices begin is needed"));
        }
    }
    Ok((base, versions))
}

/// The versions of calls by their first moment.
fn call_versions(source: &PriceSource<'_>, base: Currency) -> Result<Versions, ImportError> {
    let (currency, versions) = versions(&[(CALL_RATES, source.call_rates)], &[Category::Call])?;
    if currency.is_some_and(|currency| currency != base) {
        return Err(fault(CALL_RATES, 0, "currency", "the currency of the rates is needed"));
    }
    Ok(versions)
}

/// The versions of files by their first moment, and their currency.
fn versions(
    files: &[(&'static str, &str)],
    categories: &[Category],
) -> Result<(Option<Currency>, Versions), ImportError> {
    let mut versions: Versions = BTreeMap::new();
    let mut ends: BTreeMap<Timestamp, BTreeSet<Option<Timestamp>>> = BTreeMap::new();
    let mut tiers: BTreeMap<(Timestamp, String, Category), (&'static str, usize)> = BTreeMap::new();
    let mut base = None;
    let mut rows = Vec::new();
    for (file, text) in files {
        rows.extend(
            read::<RateRow>(file, text)?.into_iter().enumerate().map(|(row, rate)| (*file, row, rate)),
        );
    }
    for (file, row, rate) in rows {
        let fault = |column, what: &str| fault(file, row, column, what);
        let from = first_moment(&rate.effective_from).ok_or_else(|| fault("effective_from", DAY))?;
        let to = end(&rate.effective_to).ok_or_else(|| fault("effective_to", DAY))?;
        let currency: Currency =
            rate.currency.parse().map_err(|error| fault("currency", &format!("{error}")))?;
        if *base.get_or_insert(currency) != currency {
            return Err(fault("currency", "all rates must be in the same currency"));
        }
        let category: Category =
            rate.category.parse().map_err(|error| fault("category", &format!("{error}")))?;
        if !categories.contains(&category) {
            return Err(fault("category", "prices of messages and of calls stand in files of their own"));
        }
        let unit = Micros::parse_decimal(&rate.price).filter(|unit| *unit >= Micros::ZERO);
        let unit =
            unit.ok_or_else(|| fault("price", "a decimal from 0, with at most six digits after the point"))?;
        if rate.market.is_empty() {
            return Err(fault("market", "a name is needed"));
        }
        let tier_from = tier_from(&rate.tier_from).ok_or_else(|| fault("tier_from", TIER))?;
        if tier_from > 0 {
            if category.accrues_with().is_none() {
                return Err(fault("tier_from", "only utility and authentication have tiers"));
            }
            tiers.entry((from, rate.market.clone(), category)).or_insert((file, row));
        }
        ends.entry(from).or_default().insert(to);
        let version = versions.entry(from).or_insert_with(|| Version {
            effective_to: None,
            prices: Prices::new(),
            rules: Vec::new(),
        });
        let key = (rate.market, category, tier_from);
        if version.prices.insert(key, (unit, to.is_none())).is_some() {
            return Err(fault("category", "the market has two prices of this category from this day"));
        }
    }
    for ((from, market, category), (file, row)) in tiers {
        let first = versions.get(&from).and_then(|version| version.prices.get(&(market, category, 0)));
        if first.is_none() {
            return Err(fault(file, row, "tier_from", "the tier that begins at 0 is missing on this day"));
        }
    }
    for (from, version) in &mut versions {
        // A version whose prices all end on the same day ends with them.
        let ends: Vec<_> = ends.remove(from).into_iter().flatten().collect();
        version.effective_to = if let [end] = ends.as_slice() { *end } else { None };
    }
    Ok((base, versions))
}

pub(crate) const TIER: &str = "a number of messages from 0 is needed; nothing where there are no tiers";

/// How many messages of a month come before a tier.
pub(crate) fn tier_from(text: &str) -> Option<i64> {
    match text {
        "" => Some(0),
        text => text.parse().ok().filter(|from| *from >= 0),
    }
}

impl Rule {
    fn copy(&self) -> Self {
        Self { note: self.note.clone(), ..*self }
    }
}

fn rules(text: &str) -> Result<Vec<Rule>, ImportError> {
    let rows = read::<RuleRow>(FREE_RULES, text)?.into_iter().enumerate();
    let rules = rows.map(|(row, rule)| {
        let fault = |column, what: &str| fault(FREE_RULES, row, column, what);
        let pricing_type =
            PricingType::parse(&rule.pricing_type).filter(|kind| *kind != PricingType::Regular);
        let category = match rule.category.as_str() {
            "any" => None,
            text => Some(text.parse().map_err(|error| fault("category", &format!("{error}")))?),
        };
        let window = match rule.window.as_str() {
            "any" => None,
            text => Some(WindowKind::parse(text).ok_or_else(|| fault("window", "any or a kind of window"))?),
        };
        let monthly_quantity = match (rule.monthly_quantity.as_str(), rule.scope.as_str()) {
            ("", "") => None,
            (quantity, "phone_number") => {
                let quantity = quantity.parse().ok().filter(|quantity| *quantity > 0);
                Some(quantity.ok_or_else(|| fault("monthly_quantity", "a number above zero is needed"))?)
            }
            _ => return Err(fault("scope", "phone_number where there is a quantity, else nothing")),
        };
        Ok(Rule {
            from: first_moment(&rule.effective_from).ok_or_else(|| fault("effective_from", DAY))?,
            to: end(&rule.effective_to).ok_or_else(|| fault("effective_to", DAY))?,
            pricing_type: pricing_type
                .ok_or_else(|| fault("pricing_type", "a kind of free message is needed"))?,
            category,
            window,
            monthly_quantity,
            note: rule.note,
        })
    });
    rules.collect()
}

/// Prefix and first moment to market and countries.
type Markets = BTreeMap<(String, Timestamp), (String, String)>;

fn markets(text: &str) -> Result<Markets, ImportError> {
    let mut markets = Markets::new();
    for (row, market) in read::<MarketRow>(MARKETS, text)?.into_iter().enumerate() {
        let fault = |column, what: &str| fault(MARKETS, row, column, what);
        let code = market.calling_code;
        let is_code =
            (1..=PREFIX_DIGITS_MAX).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        if code != "*" && !is_code {
            return Err(fault("calling_code", "1 to 4 digits, or * for all others"));
        }
        let since = match market.standalone_since.as_str() {
            "" => Timestamp(0),
            day => first_moment(day).ok_or_else(|| fault("standalone_since", DAY))?,
        };
        let (name, countries) =
            markets.entry((code, since)).or_insert_with(|| (market.market.clone(), String::new()));
        if *name != market.market {
            return Err(fault("market", "the calling code belongs to two markets"));
        }
        if !countries.is_empty() {
            countries.push(' ');
        }
        countries.push_str(&market.iso2);
    }
    if markets.contains_key(&("*".to_owned(), Timestamp(0))) {
        Ok(markets)
    } else {
        Err(fault(MARKETS, markets.len(), "calling_code", "a row * for all others is needed"))
    }
}

fn factors(text: &str, base: Currency) -> Result<BTreeMap<Currency, Micros>, ImportError> {
    let mut factors = BTreeMap::from([(base, Micros(1_000_000))]);
    for (row, factor) in read::<CurrencyRow>(CURRENCIES, text)?.into_iter().enumerate() {
        let fault = |column, what: &str| fault(CURRENCIES, row, column, what);
        let currency = factor.currency.parse().map_err(|error| fault("currency", &format!("{error}")))?;
        let units = Micros::parse_decimal(&factor.units_per_usd).filter(|units| *units > Micros::ZERO);
        let units = units.ok_or_else(|| fault("units_per_usd", "a decimal above 0 is needed"))?;
        if factors.insert(currency, units).is_some_and(|before| before != units) {
            return Err(fault(
                "currency",
                "it stands there twice, or differs from the currency of the rates",
            ));
        }
    }
    Ok(factors)
}

fn converted(prices: &Prices, factor: Micros) -> Result<Prices, ImportError> {
    let mut converted = Prices::new();
    for (row, (key, (unit, is_open))) in prices.iter().enumerate() {
        let unit =
            scaled(*unit, factor).ok_or_else(|| fault(RATES, row, "price", "too large to be converted"))?;
        converted.insert(key.clone(), (unit, *is_open));
    }
    Ok(converted)
}

/// `unit × factor`, half to even at the sixth decimal.
fn scaled(unit: Micros, factor: Micros) -> Option<Micros> {
    let product = i128::from(unit.0).checked_mul(i128::from(factor.0))?;
    let (whole, rest) = (product.div_euclid(1_000_000), product.rem_euclid(1_000_000));
    let up = rest > 500_000 || (rest == 500_000 && whole.rem_euclid(2) == 1);
    i64::try_from(whole.checked_add(i128::from(up))?).ok().map(Micros)
}

pub(crate) const DAY: &str = "a day such as 2026-10-01 is needed";

/// 00:00 UTC of a day.
pub(crate) fn first_moment(day: &str) -> Option<Timestamp> {
    midnight(day.parse().ok()?)
}

/// The moment after the last day; `Some(None)` where there is none.
pub(crate) fn end(last_day: &str) -> Option<Option<Timestamp>> {
    match last_day {
        "" => Some(None),
        day => midnight(day.parse::<jiff::civil::Date>().ok()?.tomorrow().ok()?).map(Some),
    }
}

fn midnight(date: jiff::civil::Date) -> Option<Timestamp> {
    let start = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(start.timestamp().as_microsecond()))
}

/// The day of a moment, for people.
pub(crate) fn day_of(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map_or_else(|_| at.0.to_string(), |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

pub(crate) fn uuid_of(digest: &[u8]) -> uuid::Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, from)| *byte = *from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn read<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<Vec<T>, ImportError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().map_err(|source| ImportError::Csv { file, source })
}

fn fault(file: &'static str, row: usize, column: &'static str, what: &str) -> ImportError {
    ImportError::Row { file, row: row.saturating_add(1), column, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_rounds_half_to_even() {
        for (unit, factor, expected) in [
            (55_000, 920_000, 50_600),
            (1, 500_000, 0),
            (3, 500_000, 2),
            (800, 16_500_000_000, 13_200_000),
            (1, 1_500_000, 2),
        ] {
            assert_eq!(scaled(Micros(unit), Micros(factor)), Some(Micros(expected)), "{unit} × {factor}");
        }
        assert_eq!(scaled(Micros(i64::MAX), Micros(i64::MAX)), None);
    }

    #[test]
    fn the_embedded_files_have_four_versions() {
        let (base, versions) = message_versions(&PriceSource::reference()).unwrap();
        assert_eq!(call_versions(&PriceSource::reference(), base).unwrap().len(), 1);
        assert_eq!(base, Currency::USD);
        let days: Vec<_> = versions
            .iter()
            .map(|(from, version)| (day_of(*from), version.prices.len(), version.rules.len()))
            .collect();
        let expected =
            [("2025-07-01", 2, 3), ("2026-07-01", 161, 3), ("2026-10-01", 206, 2), ("2027-01-01", 59, 2)];
        assert_eq!(days, expected.map(|(day, prices, rules)| (day.to_owned(), prices, rules)));
    }
}
