//! # Calls of endpoints
//!
//! Each call of a flow's endpoint leaves a row: when, from which screen, how long it took, and how it went. What was
//! asked and answered is not kept. From these rows the metrics of a flow are counted, for as long as they are there.

use super::{FlowError, get, store};
use crate::json::moment;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, FlowId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a call is remembered.
const REMEMBERED: Duration = Duration::from_secs(90 * 24 * 3600);
/// Data points of one answer: 90 days, or 30 days of hours.
const POINTS_MAX: i64 = 720;
const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// An answer that can be used.
    Ok,
    /// None in time.
    Timeout,
    /// No connection, or an address that is not called.
    Unreachable,
    /// Another HTTP status than expected.
    HttpStatus,
    /// An answer that does not decrypt.
    Undecryptable,
    /// An answer that is not what a client can show.
    Malformed,
    /// It knows the flow token no more, or the signature was wrong: an answer, but no failure of the endpoint.
    Refused,
}

impl CallOutcome {
    /// The word in the table and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Timeout => "timeout_error",
            Self::Unreachable => "unreachable_error",
            Self::HttpStatus => "http_status_error",
            Self::Undecryptable => "decryption_error",
            Self::Malformed => "response_error",
            Self::Refused => "refused",
        }
    }
}

/// A call of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowCall {
    /// When it began.
    pub at: Timestamp,
    /// The screen that asked.
    pub screen: Option<String>,
    /// How it went.
    pub outcome: CallOutcome,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: i64,
}

/// Remembers a call.
pub async fn record(ctx: &Ctx, tx: &mut Tx, flow: FlowId, call: &FlowCall) -> Result<(), DbError> {
    store::insert_call(tx, ctx.ordered_id(), flow, call).await
}

/// Forgets old calls, a page of them. A job.
pub async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<u64, DbError> {
    store::forget_calls(tx, ctx.now() - REMEMBERED).await
}

/// What is asked of the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricRequest {
    /// `ENDPOINT_REQUEST_COUNT`, …
    pub name: String,
    /// `DAY`, `HOUR` or `LIFETIME`.
    pub granularity: String,
    /// A day as 2026-01-31, or seconds since 1970; absent: 30 days ago.
    pub since: Option<String>,
    /// The same; absent: now.
    pub until: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Count,
    Errors,
    ErrorRate,
    Latency,
    Availability,
}

impl Metric {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ENDPOINT_REQUEST_COUNT" => Self::Count,
            "ENDPOINT_REQUEST_ERROR" => Self::Errors,
            "ENDPOINT_REQUEST_ERROR_RATE" => Self::ErrorRate,
            "ENDPOINT_REQUEST_LATENCY_SECONDS_CEIL" => Self::Latency,
            "ENDPOINT_AVAILABILITY" => Self::Availability,
            _ => return None,
        })
    }

    fn values(self, groups: &[Group]) -> Vec<Value> {
        let all: i64 = groups.iter().map(|group| group.count).sum();
        let is_error = |group: &&Group| !matches!(group.outcome.as_str(), "ok" | "refused");
        let failed: i64 = groups.iter().filter(is_error).map(|group| group.count).sum();
        let value = |key: &str, value: Value| json!({"key": key, "value": value});
        let counted = |by: &dyn Fn(&Group) -> String, groups: &mut dyn Iterator<Item = &Group>| {
            let mut counts: BTreeMap<String, i64> = BTreeMap::new();
            for group in groups {
                *counts.entry(by(group)).or_default() += group.count;
            }
            counts.iter().map(|(key, count)| value(key, json!(count))).collect()
        };
        match self {
            Self::Count => vec![value("value", json!(all))],
            Self::Errors => counted(&|group| group.outcome.clone(), &mut groups.iter().filter(is_error)),
            Self::ErrorRate => {
                #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
                let rate = failed as f64 / all.max(1) as f64;
                vec![value("value", json!(rate))]
            }
            Self::Latency => counted(&|group| group.seconds.max(1).to_string(), &mut groups.iter()),
            Self::Availability => {
                vec![value("succeeded", json!(all - failed)), value("failed", json!(failed))]
            }
        }
    }
}

/// Calls of one period that went the same way and took as long.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) outcome: String,
    pub(super) seconds: i64,
    pub(super) count: i64,
}

fn invalid(what: &str) -> FlowError {
    FlowError::Invalid { member: "fields", what: format!("metric: {what}") }
}

fn time(text: &str) -> Result<Timestamp, FlowError> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(Timestamp(seconds.saturating_mul(1_000_000)));
    }
    let date: jiff::civil::Date =
        text.parse().map_err(|_| invalid("since and until are days as 2026-01-31"))?;
    let start = date.to_zoned(jiff::tz::TimeZone::UTC);
    let start = start.map_err(|_| invalid("since and until are days as 2026-01-31"))?;
    Ok(Timestamp(start.timestamp().as_microsecond()))
}

/// A metric of a flow, in the form of the Cloud API. Periods in which nothing was called are left out.
pub async fn metric(ctx: &Ctx, tx: &mut Tx, id: FlowId, asked: &MetricRequest) -> Result<Value, FlowError> {
    let flow = get(ctx, tx, id).await?;
    let metric = Metric::parse(&asked.name).ok_or_else(|| {
        invalid(
            "name is ENDPOINT_REQUEST_COUNT, ENDPOINT_REQUEST_ERROR, ENDPOINT_REQUEST_ERROR_RATE, \
             ENDPOINT_REQUEST_LATENCY_SECONDS_CEIL or ENDPOINT_AVAILABILITY",
        )
    })?;
    let until = asked.until.as_deref().map(time).transpose()?.unwrap_or_else(|| ctx.now());
    let since = asked.since.as_deref().map(time).transpose()?;
    let since = since.unwrap_or(Timestamp(until.0.saturating_sub(30 * DAY_US)));
    let (period, since) = match asked.granularity.to_ascii_uppercase().as_str() {
        "LIFETIME" => (i64::MAX, Timestamp(flow.created_at.0.min(since.0))),
        "HOUR" => (HOUR_US, since),
        "DAY" | "" => (DAY_US, since),
        _ => return Err(invalid("granularity is DAY, HOUR or LIFETIME")),
    };
    if until.0 < since.0 {
        return Err(invalid("until is before since"));
    }
    if until.0.saturating_sub(since.0).checked_div(period).unwrap_or(0) > POINTS_MAX {
        return Err(invalid("at most 720 data points are given: ask for a shorter time"));
    }
    let mut periods: BTreeMap<i64, Vec<Group>> = BTreeMap::new();
    for (number, group) in store::count_calls(tx, flow.flow_id, since, until, period).await? {
        periods.entry(number).or_default().push(group);
    }
    let points = periods.iter().map(|(number, groups)| {
        let at = since.0.saturating_add(number.saturating_mul(period));
        json!({"timestamp": moment(Timestamp(at)), "data": metric.values(groups)})
    });
    let granularity = if asked.granularity.is_empty() { "DAY" } else { &asked.granularity };
    Ok(json!({
        "name": asked.name,
        "granularity": granularity.to_ascii_uppercase(),
        "data_points": points.filter(|point| point["data"].as_array().is_some_and(|data| !data.is_empty()))
            .collect::<Vec<_>>(),
    }))
}
