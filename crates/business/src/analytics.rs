//! # Analytics
//!
//! What happened to an account's messages, counted from the messages themselves and from their charges: each event
//! counts at its own time (sent, delivered, read, charged), from the first second asked for (included) to the last
//! (excluded). Data points are half hours, or days and months of the business's time zone, which its invoices follow
//! too; at the edges they are cut to the time asked for, so that their sum is exactly that of the time.
//!
//! - `analytics`: messages sent and delivered, by product.
//! - `pricing_analytics`: what was delivered and what it cost, by number, country, category and type of price.
//! - `call_analytics`: calls that connected, by the time of their end: how many, how long, and what they cost
//!   ([`calls()`]).
//! - `conversation_analytics`: always empty. Conversations have no price here, as in the Cloud API since July 2025.
//! - [`groups`]: what was said in groups, and who came and went.
//! - [`templates`]: templates, and all languages of a template together.
//! - [`overview`]: an account at a glance, for the console.
//!
//! Nothing is counted by person.

mod calls;
pub mod groups;
pub mod overview;
mod store;
pub mod templates;

pub use calls::calls;
pub(crate) use store::STATEMENTS;
pub(crate) use templates::{Spent, note_click, note_spent};

use crate::documents::{Kind, Shape, field, required};
use crate::management::ManageError;
use crate::portfolios::{self, Waba};
use crate::{codes, country};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use plaza_billing::{BillingError, QUARTER, Tier};
use plaza_db::Tx;
use plaza_protocol::{Ctx, Micros, PhoneNumberId, Timestamp, WabaId};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How far back messages and prices are counted.
const LOOK_BACK: Duration = Duration::from_secs(366 * 24 * 3600);
/// Data points of one answer.
const POINTS_MAX: usize = 10_000;
/// Entries of a filter.
const FILTER_MAX: usize = 100;
/// Microseconds of half an hour.
const HALF_HOUR: i64 = 1_800_000_000;
/// Templates that were sent.
const TEMPLATES: i64 = 0;
/// Other messages that were sent.
const OTHERS: i64 = 2;
/// Messages of people.
const RECEIVED: i64 = 100;
/// Messages of people in groups.
const RECEIVED_IN_GROUPS: i64 = 103;
/// Messages in groups: sent templates, other ones, received.
const OF_GROUPS: [i64; 3] = [101, 102, RECEIVED_IN_GROUPS];

const TIMES: i64 = 100_000_000_000;
const GRANULARITIES: &[&str] = &["HALF_HOUR", "DAY", "DAILY", "MONTH", "MONTHLY"];
const FILTER: Kind = Kind::List(FILTER_MAX, &Kind::Text(1, 40));
const MESSAGES: Shape = Shape(&[
    required("start", Kind::Number(0, TIMES)),
    required("end", Kind::Number(0, TIMES)),
    required("granularity", Kind::Choice(GRANULARITIES)),
    field("phone_numbers", FILTER),
    field("country_codes", FILTER),
    field("product_types", Kind::List(10, &Kind::Number(0, 1000))),
]);
const METRICS: &[&str] = &["COST", "VOLUME", "CONVERSATION"];
const TYPES: &[&str] =
    &["REGULAR", "FREE_CUSTOMER_SERVICE", "FREE_GROUP_CUSTOMER_SERVICE", "FREE_ENTRY_POINT"];
const CATEGORIES: &[&str] = &[
    "AUTHENTICATION",
    "AUTHENTICATION_INTERNATIONAL",
    "CALL",
    "GROUP_MARKETING",
    "GROUP_SERVICE",
    "GROUP_UTILITY",
    "MARKETING",
    "MARKETING_LITE",
    "SERVICE",
    "UTILITY",
];
const DIMENSIONS: &[&str] = &["COUNTRY", "PHONE", "PRICING_CATEGORY", "PRICING_TYPE", "TIER"];
const PRICES: Shape = Shape(&[
    required("start", Kind::Number(0, TIMES)),
    required("end", Kind::Number(0, TIMES)),
    required("granularity", Kind::Choice(GRANULARITIES)),
    field("phone_numbers", FILTER),
    field("country_codes", FILTER),
    field("metric_types", Kind::List(10, &Kind::Choice(METRICS))),
    field("pricing_types", Kind::List(10, &Kind::Choice(TYPES))),
    field("pricing_categories", Kind::List(10, &Kind::Choice(CATEGORIES))),
    field("dimensions", Kind::List(10, &Kind::Choice(DIMENSIONS))),
]);
const CONVERSATIONS: Shape = Shape(&[
    required("start", Kind::Number(0, TIMES)),
    required("end", Kind::Number(0, TIMES)),
    required("granularity", Kind::Choice(GRANULARITIES)),
]);

/// The length of data points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Granularity {
    HalfHour,
    Day,
    Month,
}

/// The time that is asked about, cut into data points.
struct Span {
    from: Timestamp,
    to: Timestamp,
    granularity: Granularity,
    zone: TimeZone,
}

impl Span {
    fn read(
        ctx: &Ctx,
        waba: &Waba,
        asked: &Map<String, Value>,
        look_back: Duration,
    ) -> Result<Self, ManageError> {
        let time = |name: &str| {
            let seconds = asked.get(name).and_then(Value::as_i64).unwrap_or_default();
            Timestamp::from_seconds(seconds)
        };
        let (from, to) = (time("start"), time("end"));
        if to <= from {
            return Err(ManageError::invalid("end", "a time after start is expected"));
        }
        if from < ctx.now() - look_back {
            let days = look_back.as_secs() / (24 * 3600);
            let what = format!("messages are counted for {days} days: a later time is expected");
            return Err(ManageError::invalid("start", &what));
        }
        let granularity = match asked.get("granularity").and_then(Value::as_str) {
            Some("HALF_HOUR") => Granularity::HalfHour,
            Some("MONTH" | "MONTHLY") => Granularity::Month,
            _ => Granularity::Day,
        };
        let zone = TimeZone::get(&waba.time_zone).unwrap_or(TimeZone::UTC);
        Ok(Self { from, to, granularity, zone })
    }

    /// As it is told.
    fn word(&self) -> &'static str {
        match self.granularity {
            Granularity::HalfHour => "HALF_HOUR",
            Granularity::Day => "DAY",
            Granularity::Month => "MONTH",
        }
    }

    /// The data point that a moment falls into.
    fn point(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let (start, end) = match self.granularity {
            Granularity::HalfHour => {
                let start = at.0.saturating_sub(at.0.rem_euclid(HALF_HOUR));
                (Timestamp(start), Timestamp(start.saturating_add(HALF_HOUR)))
            }
            Granularity::Day | Granularity::Month => self.civil(at).unwrap_or((self.from, self.to)),
        };
        (start.max(self.from), end.min(self.to))
    }

    fn civil(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let local = jiff::Timestamp::from_microsecond(at.0).ok()?.to_zoned(self.zone.clone());
        let (start, end) = match self.granularity {
            Granularity::Month => {
                let first = local.first_of_month().ok()?;
                (first.start_of_day().ok()?, first.checked_add(1.month()).ok()?.start_of_day().ok()?)
            }
            _ => (local.start_of_day().ok()?, local.tomorrow().ok()?.start_of_day().ok()?),
        };
        let moment = |zoned: jiff::Zoned| Timestamp(zoned.timestamp().as_microsecond());
        Some((moment(start), moment(end)))
    }

    /// All data points.
    fn points(&self) -> Result<Vec<(Timestamp, Timestamp)>, ManageError> {
        let mut points = Vec::new();
        let mut at = self.from;
        while at < self.to {
            if points.len() >= POINTS_MAX {
                return Err(too_many());
            }
            let point = self.point(at);
            points.push(point);
            at = point.1.max(Timestamp(at.0.saturating_add(1)));
        }
        Ok(points)
    }
}

fn too_many() -> ManageError {
    let what = format!(
        "{POINTS_MAX} data points are given at most: ask for a shorter time or a coarser granularity"
    );
    ManageError::invalid("granularity", &what)
}

/// An empty filter lets everything through.
struct Filters {
    numbers: BTreeSet<String>,
    countries: BTreeSet<String>,
}

impl Filters {
    fn read(asked: &Map<String, Value>) -> Self {
        let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
        Self {
            numbers: words(asked, "phone_numbers").into_iter().map(digits).collect(),
            countries: words(asked, "country_codes").into_iter().map(|word| word.to_uppercase()).collect(),
        }
    }

    fn lets_country(&self, country: &str) -> bool {
        self.countries.is_empty() || self.countries.contains(country)
    }

    /// The numbers of the account that are asked about, with their digits.
    async fn numbers(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        waba: &Waba,
    ) -> Result<BTreeMap<PhoneNumberId, String>, ManageError> {
        let all = portfolios::phone_numbers(ctx, tx, waba.waba_id).await?;
        let digits = all.into_iter().map(|one| (one.phone_number_id, one.number.digits().to_owned()));
        Ok(digits.filter(|(_, digits)| self.numbers.is_empty() || self.numbers.contains(digits)).collect())
    }
}

fn words(asked: &Map<String, Value>, name: &str) -> Vec<String> {
    let items = asked.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Messages sent and delivered: the `analytics` of an account.
pub async fn messages(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Value, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let asked = MESSAGES.read(asked)?;
    let span = Span::read(ctx, &waba, &asked, LOOK_BACK)?;
    let filters = Filters::read(&asked);
    let products: BTreeSet<i64> = match asked.get("product_types").and_then(Value::as_array) {
        Some(types) if !types.is_empty() => types.iter().filter_map(Value::as_i64).collect(),
        _ => BTreeSet::from([TEMPLATES, OTHERS]),
    };
    let of_groups = products.iter().filter(|product| OF_GROUPS.contains(product)).count();
    let is_known = products
        .iter()
        .all(|product| [TEMPLATES, OTHERS, RECEIVED].contains(product) || OF_GROUPS.contains(product));
    if !is_known || (of_groups > 0 && of_groups < products.len()) {
        return Err(ManageError::Refused {
            code: codes::INVALID_PARAMETER,
            subcode: Some(codes::SUBCODE_PRODUCT_TYPES),
            what: "product_types: 0, 2 and 100, or those of groups: 101, 102 and 103".to_owned(),
        });
    }
    let mut counts: BTreeMap<(Timestamp, Timestamp), (i64, i64)> =
        span.points()?.into_iter().map(|point| (point, (0, 0))).collect();
    let numbers = filters.numbers(ctx, tx, &waba).await?;
    let mut countries = BTreeSet::new();
    for phone in numbers.keys() {
        for count in store::messages(tx, *phone, (span.from, span.to)).await? {
            let country = country::of_digits(&count.prefix);
            if !products.contains(&count.product) || !filters.lets_country(country) {
                continue;
            }
            countries.insert(country);
            let sums = counts.entry(span.point(count.quarter)).or_default();
            sums.0 = sums.0.saturating_add(count.sent);
            sums.1 = sums.1.saturating_add(count.delivered);
        }
    }
    let points = counts.into_iter().map(|((start, end), (sent, delivered))| {
        let mut point =
            json!({"start": start.seconds(), "end": end.seconds(), "sent": sent, "delivered": delivered});
        if of_groups > 0 {
            point["groups_sent"] = json!(sent);
            point["groups_delivered"] = json!(delivered);
        }
        point
    });
    Ok(json!({
        "phone_numbers": numbers.values().collect::<Vec<_>>(),
        "country_codes": countries,
        "granularity": span.word(),
        "data_points": points.collect::<Vec<_>>(),
        "waba_timezone": waba.time_zone,
    }))
}

/// What was delivered and what it cost: the `pricing_analytics` of an account. Points in which nothing was delivered
/// are left out.
pub async fn prices(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Value, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let asked = PRICES.read(asked)?;
    let span = Span::read(ctx, &waba, &asked, LOOK_BACK)?;
    let filters = Filters::read(&asked);
    let (types, categories) = (words(&asked, "pricing_types"), words(&asked, "pricing_categories"));
    let (metrics, dimensions) = (words(&asked, "metric_types"), words(&asked, "dimensions"));
    let numbers = filters.numbers(ctx, tx, &waba).await?;
    let has = |list: &[String], word: &str| list.iter().any(|known| known == word);
    let lets = |list: &[String], word: &str| list.is_empty() || has(list, word);
    let mut sums: BTreeMap<PriceKey, (i64, i64)> = BTreeMap::new();
    let owner = (waba.portfolio_id, waba.waba_id);
    let spending = plaza_billing::spending(ctx, tx, owner, (span.from, span.to)).await;
    for spent in spending.map_err(billing)? {
        let Some(number) = numbers.get(&spent.phone) else { continue };
        let country = country::of_digits(&spent.prefix);
        let category = spent.category.as_str().to_uppercase();
        let kind = spent.pricing_type.as_str().to_uppercase();
        if !filters.lets_country(country) || !lets(&types, &kind) || !lets(&categories, &category) {
            continue;
        }
        let (start, end) = span.point(spent.quarter);
        let part = |dimension: &str, value: String| has(&dimensions, dimension).then_some(value);
        let key = PriceKey {
            start,
            end,
            phone_number: part("PHONE", number.clone()),
            country: part("COUNTRY", country.to_owned()),
            tier: part("TIER", Tier::words(spent.tier.unwrap_or(0), spent.tier_to)),
            pricing_type: part("PRICING_TYPE", kind),
            pricing_category: part("PRICING_CATEGORY", category),
        };
        let sum = sums.entry(key).or_default();
        *sum = (sum.0.saturating_add(spent.messages), sum.1.saturating_add(spent.amount.0));
        if sums.len() > POINTS_MAX {
            return Err(too_many());
        }
    }
    let points = sums.into_iter().map(|(key, (volume, cost))| {
        let mut point = key.view();
        if lets(&metrics, "VOLUME") {
            point.insert("volume".to_owned(), json!(volume));
        }
        if lets(&metrics, "COST") {
            point.insert("cost".to_owned(), amount(Micros(cost)));
        }
        Value::Object(point)
    });
    Ok(json!({"data": [{"data_points": points.collect::<Vec<_>>()}], "waba_timezone": waba.time_zone}))
}

/// A data point of prices, in the order in which they are told.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct PriceKey {
    start: Timestamp,
    end: Timestamp,
    phone_number: Option<String>,
    country: Option<String>,
    tier: Option<String>,
    pricing_type: Option<String>,
    pricing_category: Option<String>,
}

impl PriceKey {
    fn view(self) -> Map<String, Value> {
        let mut view = Map::from_iter([
            ("start".to_owned(), json!(self.start.seconds())),
            ("end".to_owned(), json!(self.end.seconds())),
        ]);
        for (name, value) in [
            ("phone_number", self.phone_number),
            ("country", self.country),
            ("tier", self.tier),
            ("pricing_type", self.pricing_type),
            ("pricing_category", self.pricing_category),
        ] {
            if let Some(value) = value {
                view.insert(name.to_owned(), Value::String(value));
            }
        }
        view
    }
}

/// The `conversation_analytics` of an account: messages are priced here, not conversations.
pub async fn conversations(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    asked: &Value,
) -> Result<Value, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    Span::read(ctx, &waba, &CONVERSATIONS.read(asked)?, LOOK_BACK)?;
    Ok(json!({"data": [{"data_points": []}]}))
}

pub(crate) fn billing(error: BillingError) -> ManageError {
    match error {
        BillingError::Db(error) => ManageError::Db(error),
        _ => ManageError::NotFound,
    }
}

/// An amount as the interface writes it: a number of the currency's units.
fn amount(micros: Micros) -> Value {
    let number = micros.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    number.map_or(Value::Null, Value::Number)
}

/// The quarter of an hour that a moment lies in.
fn quarter(at: Timestamp) -> Timestamp {
    Timestamp(at.0.saturating_sub(at.0.rem_euclid(QUARTER)))
}

#[cfg(test)]
mod tests;
