//! # How often an account may be managed
//!
//! An app may make 200 calls an hour about one account, and 5,000 about one with a registered number, or what the
//! plan of its business says; sending messages
//! and media does not count. Each answer says in its headers how much of the hour is used; beyond it, error 80007.
//!
//! Sending is counted elsewhere: the answer to a message that took a place of the messaging limit says in the same
//! header how much of that is used.
//!
//! The counts live in memory, of each process its own: they protect the server, and cost no write.

use super::CloudApi;
use super::errors::GraphError;
use super::operations::{Needs, Operation};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use plaza_billing::plans::{self, Entitlement, Holder};
use plaza_business::apps::{Scope, Token};
use plaza_business::codes;
use plaza_business::management::ManageError;
use plaza_business::portfolios::{self, Node};
use plaza_business::reach::Reach;
use plaza_db::Tx;
use plaza_protocol::{Actor, AppId, Ctx, PortfolioId, Timestamp, WabaId};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The header that tells the usage of each account.
const BY_BUSINESS: &str = "x-business-use-case-usage";
const HOUR: Duration = Duration::from_secs(3600);
/// Calls an hour about an account without a registered number.
const CALLS_MAX_NEW: i64 = 200;
/// Calls an hour about an account with one.
const CALLS_MAX: i64 = 5000;
/// Refused calls until it is looked again whether more are possible.
const LOOK_AGAIN_CALLS: i64 = 100;
/// Pairs of app and account that are counted at a time.
const COUNTED_MAX: usize = 100_000;

/// The calls of an app about an account in this hour.
#[derive(Debug, Clone, Copy)]
struct Count {
    since: Timestamp,
    calls: i64,
    calls_max: i64,
}

/// The counts of this hour.
#[derive(Debug, Default)]
pub(super) struct Quota(Mutex<HashMap<(AppId, WabaId), Count>>);

/// How much of the hour is used.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Usage {
    percent: i64,
    waba: Option<WabaId>,
    regain_minutes: u64,
}

impl Usage {
    /// As the headers that clients look at.
    pub(super) fn headers(&self) -> HeaderMap {
        let app = json!({"call_count": self.percent, "total_cputime": 0, "total_time": 0});
        let mut headers = HeaderMap::new();
        let mut insert = |name: &'static str, value: &Value| {
            if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        insert("x-app-usage", &app);
        let mut by_account = Map::new();
        if let Some(waba) = self.waba {
            let usage = usage(Scope::Management, self.percent, self.regain_minutes);
            by_account.insert(waba.to_string(), usage);
        }
        insert(BY_BUSINESS, &Value::Object(by_account));
        headers
    }
}

fn usage(scope: Scope, percent: i64, regain_minutes: u64) -> Value {
    json!([{
        "type": scope.as_str(),
        "call_count": percent,
        "total_cputime": 0,
        "total_time": 0,
        "estimated_time_to_regain_access": regain_minutes,
    }])
}

/// How much of the messaging limit of a portfolio is used, as the header that clients look at.
pub(super) fn of_reach(portfolio: PortfolioId, reach: Reach) -> HeaderMap {
    let by_portfolio = Map::from_iter([(portfolio.to_string(), usage(Scope::Messaging, reach.percent(), 0))]);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&Value::Object(by_portfolio).to_string()) {
        headers.insert(HeaderName::from_static(BY_BUSINESS), value);
    }
    headers
}

impl Quota {
    /// The count with this call in it.
    fn add(&self, ctx: &Ctx, key: (AppId, WabaId)) -> Count {
        let now = ctx.now();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTED_MAX {
            counts.retain(|_, count| now < count.since + HOUR);
        }
        let new = Count { since: now, calls: 0, calls_max: CALLS_MAX_NEW };
        let count = counts.entry(key).or_insert(new);
        // A clock that was put back begins anew too.
        if now >= count.since + HOUR || now < count.since {
            *count = new;
        }
        count.calls = count.calls.saturating_add(1);
        *count
    }

    /// The calls of this hour, without one more.
    fn used(&self, ctx: &Ctx, key: (AppId, WabaId)) -> i64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_of_now = |count: &&Count| ctx.now() >= count.since && ctx.now() < count.since + HOUR;
        counts.get(&key).filter(is_of_now).map_or(0, |count| count.calls)
    }

    fn raise(&self, key: (AppId, WabaId), calls_max: i64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&key) {
            count.calls_max = calls_max;
        }
    }
}

impl CloudApi {
    /// Management calls of an app about an account in this hour.
    pub(crate) fn managed(&self, ctx: &Ctx, app: AppId, waba: WabaId) -> i64 {
        self.quota.used(ctx, (app, waba))
    }
}

/// How many management calls about an account an app has in an hour: more with a registered number, and with a plan.
pub(crate) async fn calls_max(ctx: &Ctx, tx: &mut Tx, waba: WabaId) -> Result<i64, ManageError> {
    let numbers = portfolios::phone_numbers(ctx, tx, waba).await?;
    let Some(number) = numbers.iter().find(|number| number.is_registered) else {
        return Ok(CALLS_MAX_NEW);
    };
    let holder = Holder::Business(number.portfolio_id);
    let given = plans::entitled(ctx, tx, holder, Entitlement::ManagementCalls).await?;
    Ok(given.unwrap_or(CALLS_MAX).max(CALLS_MAX))
}

/// Counts a call about an account, and refuses one too many.
pub(super) async fn count(
    app: &CloudApi,
    ctx: &Ctx,
    operation: &Operation,
    token: &Token,
    node: Option<Node>,
) -> Result<Usage, (GraphError, Usage)> {
    let waba = node.and_then(|node| node.waba);
    let (Needs::Scope(Scope::Management), Some(waba)) = (operation.needs, waba) else {
        return Ok(Usage::default());
    };
    let key = (token.app, waba);
    let mut count = app.quota.add(ctx, key);
    // What has a number or a plan is looked up where it begins to matter, and now and then behind that.
    if count.calls.saturating_sub(count.calls_max).rem_euclid(LOOK_AGAIN_CALLS) == 1
        && count.calls > count.calls_max
    {
        let find_max = async move |ctx: &Ctx, tx: &mut Tx| calls_max(ctx, tx, waba).await;
        let system = ctx.acting_as(Actor::System);
        let found = app.db.read(&system, "cloud_api.calls_max", find_max).await;
        let calls_max = found.map_err(|error| (error.into(), Usage::default()))?;
        if calls_max > count.calls_max {
            app.quota.raise(key, calls_max);
            count.calls_max = calls_max;
        }
    }
    let wait = (count.since + HOUR).since(ctx.now());
    let is_over = count.calls > count.calls_max;
    let usage = Usage {
        percent: count.calls.min(count.calls_max).saturating_mul(100) / count.calls_max,
        waba: Some(waba),
        regain_minutes: if is_over { wait.as_secs().div_ceil(60) } else { 0 },
    };
    if is_over {
        let what = format!(
            "{} calls an hour about the account {waba} are possible: wait {} minutes",
            count.calls_max, usage.regain_minutes
        );
        return Err((GraphError::new(codes::ACCOUNT_CALLS).details(what), usage));
    }
    Ok(usage)
}
