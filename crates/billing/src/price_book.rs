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
//! 3. for a category of groups, the market's price of the same category outside of groups;
//! 4. the price of the market "Other", found the same way.
//!
//! If that finds nothing either, the message cannot be priced and is refused. All of it is worked out once, when the book
//! is read; rating is a look-up.
//!
//! **Contract.** A portfolio's own book names a few prices that were agreed with it; each stands in for the list price of its
//! market and category while its version is in force. A price of a category counts in groups too, unless groups have one.
//! Rules and all other prices are those of the list.
//!
//! **Tiers.** A price may have steps by the volume of the month: see `tiers.rs`. Where nothing else is said, a price is the
//! one of its first tier: the list price.
//!
//! **Free.** The rules of the version in their order. One without a quantity makes a message free at once; one with a
//! monthly quantity does so while the quantity lasts, and counts only messages that no other rule makes free. A rule for a
//! category is one for the same category in groups too, and shares its quantity.

use crate::{Category, PricingType, Tier, WindowState};
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
        self.category.is_none_or(|only| only == category || only == category.outside_groups())
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
    /// The price of the category outside of groups.
    OutsideGroups,
    /// The price of the market "Other".
    Other,
    /// It was agreed with the portfolio.
    Contract,
}

/// A price of a market and category in a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// For one delivered message, or one pulse of a call, in the first tier.
    pub unit: Micros,
    /// Its tiers, the first included, in order; empty: it has none.
    pub tiers: Arc<[Tier]>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Price {
    /// What a message costs, given the how-manieth of the month's volume it is.
    pub fn unit_at(&self, volume: Option<i64>) -> Micros {
        tier_of(&self.tiers, volume).map_or(self.unit, |tier| tier.unit)
    }

    /// Its tiers, or itself, by their begins.
    pub(crate) fn steps(&self) -> BTreeMap<i64, Micros> {
        let tiers = self.tiers.iter().map(|tier| (tier.from, tier.unit));
        [(0, self.unit)].into_iter().chain(tiers).collect()
    }
}

/// The tier that a message falls into.
fn tier_of(tiers: &[Tier], volume: Option<i64>) -> Option<Tier> {
    let volume = volume?;
    tiers.iter().rev().find(|tier| tier.from < volume).copied()
}

/// A row of the price table, before gaps are filled.
#[derive(Debug, Clone)]
pub(crate) struct PriceRow {
    pub(crate) market: Arc<str>,
    pub(crate) category: Category,
    pub(crate) tier_from: i64,
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
        self.prices.get(&(market.clone(), category)).cloned()
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
    /// ISO 3166, separated by spaces.
    pub(crate) countries: String,
}

/// What a message costs at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The version in force.
    pub price_version_id: PriceVersionId,
    /// The market.
    pub market: Arc<str>,
    /// The list price: that of the first tier.
    pub unit: Micros,
    /// The tiers of the price; empty: it has none.
    pub tiers: Arc<[Tier]>,
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

    /// The tier of a message, given the how-manieth of the month's volume it is.
    pub fn tier(&self, volume: Option<i64>) -> Option<Tier> {
        tier_of(&self.tiers, volume)
    }

    /// What such a message costs.
    pub fn unit_at(&self, volume: Option<i64>) -> Micros {
        self.tier(volume).map_or(self.unit, |tier| tier.unit)
    }

    /// The most that it costs, whatever the volume. The first tier need not be the dearest.
    pub fn dearest(&self) -> Micros {
        self.tiers.iter().map(|tier| tier.unit).fold(self.unit, Micros::max)
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
    /// What was agreed with a portfolio.
    contract: Vec<PriceVersion>,
    /// The names of all markets, in order.
    names: Vec<Arc<str>>,
    /// The countries of each market.
    countries: HashMap<Arc<str>, String>,
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
        contract: Vec<VersionRows>,
        market_rows: Vec<MarketRow>,
    ) -> Self {
        let mut names: Vec<Arc<str>> = market_rows.iter().map(|row| row.market.clone()).collect();
        let all = versions.iter().chain(&call_versions);
        names.extend(all.flat_map(|version| version.prices.iter().map(|price| price.market.clone())));
        names.sort_unstable();
        names.dedup();
        let mut markets: HashMap<String, Vec<(Timestamp, Arc<str>)>> = HashMap::new();
        let mut countries: HashMap<Arc<str>, String> = HashMap::new();
        for row in market_rows {
            let all = countries.entry(row.market.clone()).or_default();
            all.push(' ');
            all.push_str(&row.countries);
            markets.entry(row.prefix).or_default().push((row.since, row.market));
        }
        for since in markets.values_mut() {
            since.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
        }
        let versions = in_order(versions, &names, &Category::MESSAGES);
        let call_versions = in_order(call_versions, &names, &[Category::Call]);
        let contract = agreed(contract);
        Self { price_book_id, currency, versions, call_versions, contract, names, countries, markets }
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
        let all = self.versions.iter().chain(&self.call_versions).chain(&self.contract);
        all.into_iter().find(|version| version.price_version_id == id)
    }

    /// The names of all markets, in order.
    pub fn markets(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Whether a country belongs to a market.
    pub(crate) fn is_in(&self, market: &Arc<str>, country: &str) -> bool {
        let countries = self.countries.get(market);
        countries.is_some_and(|countries| countries.split(' ').any(|each| each.eq_ignore_ascii_case(country)))
    }

    /// Whether a market has a price of its own for one-time codes from abroad.
    pub(crate) fn has_international(&self, market: &Arc<str>, at: Timestamp) -> bool {
        let price = self.price_at(market, Category::AuthenticationInternational, at);
        price.is_some_and(|(_, price)| {
            matches!(price.origin, Origin::Version | Origin::Older(_) | Origin::Contract)
        })
    }

    /// What a market and category cost at a moment, and by which version: the agreed price, or that of the list.
    pub fn price_at(
        &self,
        market: &Arc<str>,
        category: Category,
        at: Timestamp,
    ) -> Option<(PriceVersionId, Price)> {
        let agreed = in_force(&self.contract, at).and_then(|version| {
            let of = |category| version.price(market, category);
            let price = of(category).or_else(|| of(category.outside_groups()))?;
            Some((version.price_version_id, price))
        });
        agreed.or_else(|| {
            let version = in_force(self.versions_of(category), at)?;
            Some((version.price_version_id, version.price(market, category)?))
        })
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

    /// A prefix whose numbers are of a market, the shortest.
    pub(crate) fn prefix_of(&self, market: &str, at: Timestamp) -> Option<String> {
        let is_of = |prefix: &&String| {
            let stands = if prefix.as_str() == "*" { "" } else { prefix.as_str() };
            self.market_at(stands, at).is_some_and(|(_, found)| **found == *market)
        };
        let found = self.markets.keys().filter(is_of).min_by_key(|prefix| (prefix.len(), prefix.as_str()))?;
        Some(if found == "*" { String::new() } else { found.clone() })
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
        let (price_version_id, price) = self.price_at(market, category, at)?;
        let matching = || version.rules.iter().filter(|rule| rule.matches(category, window, at));
        let told = |rule: &FreeRule| match category.is_of_group() {
            true => FreeRule { pricing_type: rule.pricing_type.in_group(), ..rule.clone() },
            false => rule.clone(),
        };
        let free = matching().find(|rule| rule.monthly_quantity.is_none()).map(told);
        let allowance = match free {
            Some(_) => None,
            None => matching().find(|rule| rule.monthly_quantity.is_some()).map(told),
        };
        let Price { unit, tiers, origin } = price;
        Some(Rate { price_version_id, market: market.clone(), unit, tiers, origin, free, allowance })
    }

    /// The most that a message can cost if it is delivered between two moments. A month's free quantity may be used up
    /// by then, so it does not count. The price changes only where a version begins, a contract ends, a window closes or
    /// a market becomes one of its own: these moments are tried.
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
            Some(if rate.free.is_some() { Micros::ZERO } else { rate.dearest() })
        };
        let first = at(from)?;
        let windows = [window.customer_service_until, window.free_entry_point_until].into_iter().flatten();
        let versions = self.versions_of(category).iter().map(|version| version.effective_from);
        let agreed =
            self.contract.iter().flat_map(|version| [Some(version.effective_from), version.effective_to]);
        let prefixes = (1..=PREFIX_DIGITS_MAX).filter_map(|length| self.markets.get(digits.get(..length)?));
        let markets = prefixes.flatten().map(|(since, _)| *since);
        let moments = windows
            .chain(versions)
            .chain(agreed.flatten())
            .chain(markets)
            .filter(|moment| from < *moment && *moment <= until);
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
    let mut open = BTreeMap::new();
    for version in versions {
        if let Some(last) = filled.last_mut() {
            let next = version.effective_from;
            last.effective_to = Some(last.effective_to.map_or(next, |to| to.min(next)));
        }
        filled.push(fill(version, names, categories, &mut open));
    }
    filled
}

/// The versions of a contract, each ending where the next one begins, with the prices that it names and no others.
fn agreed(mut versions: Vec<VersionRows>) -> Vec<PriceVersion> {
    versions.sort_by_key(|version| version.effective_from);
    let next = versions.iter().skip(1).map(|version| Some(version.effective_from)).chain([None]);
    let ends: Vec<_> = next.collect();
    let versions = versions.into_iter().zip(ends).map(|(version, next)| {
        let own = published(version.prices).into_iter();
        let prices =
            own.map(|(key, own)| (key, Price { unit: own.unit, tiers: own.tiers, origin: Origin::Contract }));
        PriceVersion {
            price_version_id: version.price_version_id,
            effective_from: version.effective_from,
            effective_to: version.effective_to.into_iter().chain(next).min(),
            rules: version.rules,
            prices: prices.collect(),
        }
    });
    versions.collect()
}

/// What was published for a market and category: the list price, its tiers, and whether it has no last day.
struct Published {
    unit: Micros,
    tiers: Arc<[Tier]>,
    is_open: bool,
}

/// The rows of a version by market and category.
fn published(rows: Vec<PriceRow>) -> HashMap<(Arc<str>, Category), Published> {
    let mut steps: HashMap<(Arc<str>, Category), Vec<PriceRow>> = HashMap::new();
    for row in rows {
        steps.entry((row.market.clone(), row.category)).or_default().push(row);
    }
    let prices = steps.into_iter().filter_map(|(key, mut rows)| {
        rows.sort_by_key(|row| row.tier_from);
        let ends = rows.iter().skip(1).map(|row| Some(row.tier_from)).chain([None]);
        let tiers = rows.iter().zip(ends);
        let tiers: Vec<Tier> =
            tiers.map(|(row, to)| Tier { from: row.tier_from, to, unit: row.unit }).collect();
        let first = rows.first()?;
        let tiers = if tiers.len() > 1 { tiers } else { Vec::new() };
        Some((key, Published { unit: first.unit, tiers: tiers.into(), is_open: first.is_open }))
    });
    prices.collect()
}

/// Prices of older versions that were published without a last day.
type OpenPrices = BTreeMap<(Arc<str>, Category), (PriceVersionId, Micros, Arc<[Tier]>)>;

/// Works out every price of a version. `open` holds the rows of older versions that were published without a last day.
fn fill(
    version: VersionRows,
    names: &[Arc<str>],
    categories: &[Category],
    open: &mut OpenPrices,
) -> PriceVersion {
    let own = published(version.prices);
    let direct = |market: &Arc<str>, category: Category| {
        let key = (market.clone(), category);
        let older = || {
            let (id, unit, tiers) = open.get(&key)?;
            Some(Price { unit: *unit, tiers: tiers.clone(), origin: Origin::Older(*id) })
        };
        let here = own.get(&key);
        here.map(|own| Price { unit: own.unit, tiers: own.tiers.clone(), origin: Origin::Version })
            .or_else(older)
    };
    let of_market = |market: &Arc<str>, category: Category| {
        direct(market, category).or_else(|| {
            let (instead, origin) = match category {
                Category::AuthenticationInternational => (Category::Authentication, Origin::Authentication),
                category if category.is_of_group() => (category.outside_groups(), Origin::OutsideGroups),
                _ => return None,
            };
            direct(market, instead).map(|price| Price { origin, ..price })
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
    for (key, price) in own {
        if price.is_open {
            open.insert(key, (version.price_version_id, price.unit, price.tiers));
        } else {
            // A row with a last day ends what an older one promised.
            open.remove(&key);
        }
    }
    let VersionRows { price_version_id, effective_from, effective_to, rules, .. } = version;
    PriceVersion { price_version_id, effective_from, effective_to, rules, prices }
}
