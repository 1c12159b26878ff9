//! The `call_analytics` of an account: calls that connected and ended in the time asked for, with what they cost to the
//! last micro and how long they were on average. Points without a call are left out.

use super::{FILTER, Filters, GRANULARITIES, LOOK_BACK, POINTS_MAX, Span, TIMES, amount, too_many, words};
use crate::calls::{self, direction};
use crate::country;
use crate::documents::{Kind, Shape, field, required};
use crate::management::ManageError;
use crate::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Ctx, Micros, Timestamp, WabaId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const METRICS: &[&str] = &["COUNT", "COST", "AVERAGE_DURATION"];
const DIRECTIONS: &[&str] = &["BUSINESS_INITIATED", "USER_INITIATED"];
const DIMENSIONS: &[&str] = &["COUNTRY", "DIRECTION", "PHONE"];
const CALLS: Shape = Shape(&[
    required("start", Kind::Number(0, TIMES)),
    required("end", Kind::Number(0, TIMES)),
    required("granularity", Kind::Choice(GRANULARITIES)),
    field("phone_numbers", FILTER),
    field("country_codes", FILTER),
    field("metric_types", Kind::List(10, &Kind::Choice(METRICS))),
    field("directions", Kind::List(2, &Kind::Choice(DIRECTIONS))),
    field("dimensions", Kind::List(10, &Kind::Choice(DIMENSIONS))),
]);

/// A data point, in the order in which they are told.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    start: Timestamp,
    end: Timestamp,
    phone_number: Option<String>,
    country: Option<String>,
    direction: Option<&'static str>,
}

#[derive(Default)]
struct Sums {
    count: i64,
    cost: i64,
    length_us: i64,
}

/// See the [module](self).
pub async fn calls(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Value, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let asked = CALLS.read(asked)?;
    let span = Span::read(ctx, &waba, &asked, LOOK_BACK)?;
    let filters = Filters::read(&asked);
    let (metrics, directions) = (words(&asked, "metric_types"), words(&asked, "directions"));
    let dimensions = words(&asked, "dimensions");
    let has = |list: &[String], word: &str| list.iter().any(|known| known == word);
    let lets = |list: &[String], word: &str| list.is_empty() || has(list, word);
    let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
    for (phone, number) in filters.numbers(ctx, tx, &waba).await? {
        for sum in calls::sums(tx, phone, (span.from, span.to)).await? {
            let country = country::of_digits(&sum.prefix);
            let direction = direction(sum.is_outgoing);
            if !filters.lets_country(country) || !lets(&directions, direction) {
                continue;
            }
            let (start, end) = span.point(sum.quarter);
            let key = Key {
                start,
                end,
                phone_number: has(&dimensions, "PHONE").then(|| number.clone()),
                country: has(&dimensions, "COUNTRY").then(|| country.to_owned()),
                direction: has(&dimensions, "DIRECTION").then_some(direction),
            };
            let point = sums.entry(key).or_default();
            point.count = point.count.saturating_add(sum.count);
            point.cost = point.cost.saturating_add(sum.cost.0);
            point.length_us = point.length_us.saturating_add(sum.length_us);
            if sums.len() > POINTS_MAX {
                return Err(too_many());
            }
        }
    }
    let points = sums.into_iter().map(|(key, point)| {
        let mut view = key.view();
        if lets(&metrics, "COUNT") {
            view.insert("count".to_owned(), json!(point.count));
        }
        if lets(&metrics, "COST") {
            view.insert("cost".to_owned(), amount(Micros(point.cost)));
        }
        if lets(&metrics, "AVERAGE_DURATION") {
            let seconds = point.length_us.div_euclid(point.count.max(1)).div_euclid(1_000_000);
            view.insert("average_duration".to_owned(), json!(seconds));
        }
        Value::Object(view)
    });
    Ok(json!({"data": [{"data_points": points.collect::<Vec<_>>()}], "waba_timezone": waba.time_zone}))
}

impl Key {
    fn view(self) -> Map<String, Value> {
        let mut view = Map::from_iter([
            ("start".to_owned(), json!(self.start.seconds())),
            ("end".to_owned(), json!(self.end.seconds())),
        ]);
        for (name, value) in [
            ("phone_number", self.phone_number),
            ("country", self.country),
            ("direction", self.direction.map(str::to_owned)),
        ] {
            if let Some(value) = value {
                view.insert(name.to_owned(), Value::String(value));
            }
        }
        view
    }
}
