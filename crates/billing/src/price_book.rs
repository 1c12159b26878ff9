//! # A price book in memory
//!
//! Pure: which market a number belongs to, which version is in force, what a message costs then and whether it is free.
//!
//! **Market.** Of the prefixes of the number that stood alone at the time, the longest. A number that begins with 77 is
//! Kazakhstan's from the day on which Kazakhstan has prices of its own; before, it is what 7 is. `*` matches everything.
//!
//! **Version.** The latest one that has begun. It ends where the next one begins, or on its own last day.
//!
//! Prices of calls have versions of their own, which are found in the same way: a new price of a call leaves the version
//! that messages are charged by as it is.
//!
//! **Price.** Where the version has no row for a market and category:
//! 1. the row of the newest older version, if that row was published without a last day;
//! 2. for authentication-international, the market's authentication price: the surcharge exists in some markets only;
//! 3. the price of the market "Other", found the same way.
//!
//! If that finds nothing either, the message cannot be priced and is refused. All of it is worked out once, when the book
//! is read; rating is a look-up.
//!
//! **Free.** The rules of the version in their order. One without a quantity makes a message free at once; one with a
//! monthly quantity does so while the quantity lasts, and counts only messages that no other rule makes free.

use crate::{Category, PricingType, WindowState};
use plaza_protocol::{Currency, Micros, PriceBookId, PriceVersionId, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The digits of a number that are enough to know its market.
pub(crate) const PREFIX_DIGITS_MAX: usize = 4;
/// The market of numbers that belong to no other.
pub(crate) const OTHER: &str = "Other";

/// The kinds of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// The person wrote within the last 24 hours.
    CustomerService,
    /// The person came by an ad or a page button within the last 72 hours.
    FreeEntryPoint,
}

impl WindowKind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerService => "customer_service",
            Self::FreeEntryPoint => "free_entry_point",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::CustomerService, Self::FreeEntryPoint].into_iter().find(|kind| kind.as_str() == text)
    }

    fn is_open(self, window: &WindowState, at: Timestamp) -> bool {
        let until = match self {
            Self::CustomerService => window.customer_service_until,
            Self::FreeEntryPoint => window.free_entry_point_until,
        };
        until.is_some_and(|until| at < until)
    }
}

/// When a message costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeRule {
    /// What such a message's pricing type is.
    pub pricing_type: PricingType,
    /// Only for this category.
    pub category: Option<Category>,
    /// Only while this window is open.
    pub window: Option<WindowKind>,
    /// Only so many per phone number and month.
    pub monthly_quantity: Option<i64>,
    /// For people.
    pub note: String,
}

impl FreeRule {
    fn matches(&self, category: Category, window: &WindowState, at: Timestamp) -> bool {
        self.category.is_none_or(|only| only == category)
            && self.window.is_none_or(|kind| kind.is_open(window, at))
    }
}

/// Where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A row of the version itself.
    Version,
    /// A row of this older version that was published without a last day.
    Older(PriceVersionId),
    /// The market's authentication price.
    Authentication,
    /// The price of the market "Other".
    Other,
}

/// A price of a market and category in a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// For one delivered message, or one pulse of a call.
    pub unit: Micros,
    /// Where it comes from.
    pub origin: Origin,
}

/// A row of the price table, before gaps are filled.
#[derive(Debug, Clone)]
pub(crate) struct PriceRow {
    pub(crate) market: Arc<str>,
    pub(crate) category: Category,
    pub(crate) unit: Micros,
    pub(crate) is_open: bool,
}

/// Prices and rules from a day on.
#[derive(Debug, Clone)]
pub struct PriceVersion {
    /// Its id.
    pub price_version_id: PriceVersionId,
    /// Its first moment.
    pub effective_from: Timestamp,
    /// The moment after its last one; `None`: open.
    pub effective_to: Option<Timestamp>,
    /// When messages are free, in order.
    pub rules: Vec<FreeRule>,
    prices: HashMap<(Arc<str>, Category), Price>,
}

impl PriceVersion {
    /// The price of a market and category.
    pub fn price(&self, market: &Arc<str>, category: Category) -> Option<Price> {
        self.prices.get(&(market.clone(), category)).copied()
    }
}

/// A version as it is read from the tables.
#[derive(Debug)]
pub(crate) struct VersionRows {
    pub(crate) price_version_id: PriceVersionId,
    pub(crate) effective_from: Timestamp,
    pub(crate) effective_to: Option<Timestamp>,
    pub(crate) prices: Vec<PriceRow>,
    pub(crate) rules: Vec<FreeRule>,
}

/// A prefix of numbers: the market that it has stood for since a day.
#[derive(Debug, Clone)]
pub(crate) struct MarketRow {
    pub(crate) prefix: String,
    pub(crate) since: Timestamp,
    pub(crate) market: Arc<str>,
}

/// What a message costs at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The version in force.
    pub price_version_id: PriceVersionId,
    /// The market.
    pub market: Arc<str>,
    /// The list price.
    pub unit: Micros,
    /// Where the price comes from.
    pub origin: Origin,
    /// A rule without a quantity makes it free.
    pub free: Option<FreeRule>,
    /// A rule makes so many per phone number and month free, and this message counts.
    pub allowance: Option<FreeRule>,
}

impl Rate {
    /// How a message is priced, given which of the month's free quantity it is.
    pub fn pricing_type(&self, allowance: Option<i64>) -> PricingType {
        match (&self.free, &self.allowance, allowance) {
            (Some(rule), _, _) => rule.pricing_type,
            (None, Some(rule), Some(n)) if rule.monthly_quantity.is_some_and(|quantity| n <= quantity) => {
                rule.pricing_type
            }
            _ => PricingType::Regular,
        }
    }
}

/// All versions of a book, and the markets.
#[derive(Debug)]
pub struct PriceBook {
    /// Its id.
    pub price_book_id: PriceBookId,
    /// Its currency.
    pub currency: Currency,
    /// In the order of time.
    versions: Vec<PriceVersion>,
    /// Those of calls.
    call_versions: Vec<PriceVersion>,
    /// By prefix, the newest first.
    markets: HashMap<String, Vec<(Timestamp, Arc<str>)>>,
}

impl PriceBook {
    /// Puts a book together and fills the gaps of its versions.
    pub(crate) fn new(
        price_book_id: PriceBookId,
        currency: Currency,
        versions: Vec<VersionRows>,
        call_versions: Vec<VersionRows>,
        market_rows: Vec<MarketRow>,
    ) -> Self {
        let mut names: Vec<Arc<str>> = market_rows.iter().map(|row| row.market.clone()).collect();
        let all = versions.iter().chain(&call_versions);
        names.extend(all.flat_map(|version| version.prices.iter().map(|price| price.market.clone())));
        names.sort_unstable();
        names.dedup();
        let mut markets: HashMap<String, Vec<(Timestamp, Arc<str>)>> = HashMap::new();
        for row in market_rows {
            markets.entry(row.prefix).or_default().push((row.since, row.market));
        }
        for since in markets.values_mut() {
            since.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        }
        let versions = in_order(versions, &names, &Category::MESSAGES);
        let call_versions = in_order(call_versions, &names, &[Category::Call]);
        Self { price_book_id, currency, versions, call_versions, markets }
    }

    fn versions_of(&self, category: Category) -> &[PriceVersion] {
        if category == Category::Call { &self.call_versions } else { &self.versions }
    }

    /// The version in force at a moment, for messages.
    pub fn version_at(&self, at: Timestamp) -> Option<&PriceVersion> {
        in_force(&self.versions, at)
    }

    /// A version by its id.
    pub fn version(&self, id: PriceVersionId) -> Option<&PriceVersion> {
        self.versions.iter().chain(&self.call_versions).find(|version| version.price_version_id == id)
    }

    /// The market of a number, given its first digits, and the prefix that decided.
    pub fn market_at(&self, digits: &str, at: Timestamp) -> Option<(&str, &Arc<str>)> {
        let standing = |prefix: &str| {
            let (prefix, since) = self.markets.get_key_value(prefix)?;
            since.iter().find(|(since, _)| *since <= at).map(|(_, market)| (prefix.as_str(), market))
        };
        let longest_first = (1..=PREFIX_DIGITS_MAX).rev().filter_map(|length| digits.get(..length));
        longest_first.into_iter().find_map(standing).or_else(|| standing("*"))
    }

    /// What a message costs if it is delivered at `at`, or a pulse of a call that is picked up then.
    pub fn rate(
        &self,
        digits: &str,
        category: Category,
        window: &WindowState,
        at: Timestamp,
    ) -> Option<Rate> {
        let version = in_force(self.versions_of(category), at)?;
        let (_, market) = self.market_at(digits, at)?;
        let price = version.price(market, category)?;
        let matching = || version.rules.iter().filter(|rule| rule.matches(category, window, at));
        let free = matching().find(|rule| rule.monthly_quantity.is_none()).cloned();
        let allowance = match free {
            Some(_) => None,
            None => matching().find(|rule| rule.monthly_quantity.is_some()).cloned(),
        };
        let (unit, origin) = (price.unit, price.origin);
        let price_version_id = version.price_version_id;
        Some(Rate { price_version_id, market: market.clone(), unit, origin, free, allowance })
    }

    /// The most that a message can cost if it is delivered between two moments. A month's free quantity may be used up
    /// by then, so it does not count. The price changes only where a version begins, a window closes or a market
    /// becomes one of its own: these moments are tried.
    pub fn worst_case(
        &self,
        digits: &str,
        category: Category,
        window: &WindowState,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<Micros> {
        let at = |moment: Timestamp| {
            let rate = self.rate(digits, category, window, moment)?;
            Some(if rate.free.is_some() { Micros::ZERO } else { rate.unit })
        };
        let first = at(from)?;
        let windows = [window.customer_service_until, window.free_entry_point_until].into_iter().flatten();
        let versions = self.versions_of(category).iter().map(|version| version.effective_from);
        let prefixes = (1..=PREFIX_DIGITS_MAX).filter_map(|length| self.markets.get(digits.get(..length)?));
        let markets = prefixes.flatten().map(|(since, _)| *since);
        let moments =
            windows.chain(versions).chain(markets).filter(|moment| from < *moment && *moment <= until);
        Some(moments.filter_map(at).fold(first, Micros::max))
    }
}

fn in_force(versions: &[PriceVersion], at: Timestamp) -> Option<&PriceVersion> {
    let version = versions.iter().rev().find(|version| version.effective_from <= at)?;
    version.effective_to.is_none_or(|to| at < to).then_some(version)
}

/// Versions one after another, each ending where the next one begins, with every price of these categories worked out.
fn in_order(
    mut versions: Vec<VersionRows>,
    names: &[Arc<str>],
    categories: &[Category],
) -> Vec<PriceVersion> {
    versions.sort_by_key(|version| version.effective_from);
    let mut filled: Vec<PriceVersion> = Vec::with_capacity(versions.len());
    let mut open: BTreeMap<(Arc<str>, Category), (PriceVersionId, Micros)> = BTreeMap::new();
    for version in versions {
        if let Some(last) = filled.last_mut() {
            let next = version.effective_from;
            last.effective_to = Some(last.effective_to.map_or(next, |to| to.min(next)));
        }
        filled.push(fill(version, names, categories, &mut open));
    }
    filled
}

/// Works out every price of a version. `open` holds the rows of older versions that were published without a last day.
fn fill(
    version: VersionRows,
    names: &[Arc<str>],
    categories: &[Category],
    open: &mut BTreeMap<(Arc<str>, Category), (PriceVersionId, Micros)>,
) -> PriceVersion {
    let own: HashMap<(Arc<str>, Category), Micros> =
        version.prices.iter().map(|row| ((row.market.clone(), row.category), row.unit)).collect();
    let direct = |market: &Arc<str>, category: Category| {
        let key = (market.clone(), category);
        let older = || open.get(&key).map(|(id, unit)| Price { unit: *unit, origin: Origin::Older(*id) });
        own.get(&key).map(|unit| Price { unit: *unit, origin: Origin::Version }).or_else(older)
    };
    let of_market = |market: &Arc<str>, category: Category| {
        direct(market, category).or_else(|| {
            let domestic = || direct(market, Category::Authentication);
            let is_international = category == Category::AuthenticationInternational;
            let price = is_international.then(domestic).flatten()?;
            Some(Price { origin: Origin::Authentication, ..price })
        })
    };
    let other: Arc<str> = OTHER.into();
    let mut prices = HashMap::new();
    for market in names {
        for category in categories {
            let elsewhere =
                || of_market(&other, *category).map(|price| Price { origin: Origin::Other, ..price });
            if let Some(price) = of_market(market, *category).or_else(elsewhere) {
                prices.insert((market.clone(), *category), price);
            }
        }
    }
    for row in version.prices {
        let key = (row.market, row.category);
        if row.is_open {
            open.insert(key, (version.price_version_id, row.unit));
        } else {
            // A row with a last day ends what an older one promised.
            open.remove(&key);
        }
    }
    let VersionRows { price_version_id, effective_from, effective_to, rules, .. } = version;
    PriceVersion { price_version_id, effective_from, effective_to, rules, prices }
}
