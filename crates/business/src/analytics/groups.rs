//! # How groups do
//!
//! Each group by day: how many copies of messages were sent, delivered and read, and how many people came and went.

use super::{GRANULARITIES, LOOK_BACK, Span, TIMES, store, words};
use crate::documents::{Kind, Shape, field, required};
use crate::groups;
use crate::management::ManageError;
use crate::portfolios;
use plaza_db::Tx;
use plaza_protocol::{Ctx, GroupId, WabaId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Groups of one question.
const GROUPS_MAX: usize = 10;

const METRICS: &[&str] = &["SENT", "DELIVERED", "READ", "PARTICIPANTS_JOINED", "PARTICIPANTS_LEFT"];
/// What they are called in a data point, in the same order.
const MEMBERS: [&str; 5] = ["sent", "delivered", "read", "joined", "left"];
const ASKED: Shape = Shape(&[
    required("start", Kind::Number(0, TIMES)),
    required("end", Kind::Number(0, TIMES)),
    field("granularity", Kind::Choice(GRANULARITIES)),
    field("metric_types", Kind::List(10, &Kind::Choice(METRICS))),
    field("group_ids", Kind::List(GROUPS_MAX, &Kind::Text(1, 64))),
]);

/// The `group_analytics` of an account: of the groups that are named, or of its first ones.
pub async fn groups(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Value, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let asked = ASKED.read(asked)?;
    let span = Span::read(ctx, &waba, &asked, LOOK_BACK)?;
    let metrics = words(&asked, "metric_types");
    let named = words(&asked, "group_ids");
    let ids = if named.is_empty() {
        groups::store::of_account(tx, waba.waba_id, GROUPS_MAX).await?
    } else {
        let mut ids = Vec::with_capacity(named.len());
        for name in &named {
            ids.push(group_of(tx, waba.waba_id, name).await?);
        }
        ids
    };
    let mut points = Vec::new();
    for id in ids {
        for ((start, end), sums) in sums(tx, &span, id).await? {
            let mut view = Map::from_iter([
                ("group_id".to_owned(), json!(groups::format_id(id))),
                ("start".to_owned(), json!(start.seconds())),
                ("end".to_owned(), json!(end.seconds())),
            ]);
            for ((metric, member), sum) in METRICS.iter().zip(MEMBERS).zip(sums) {
                if metrics.is_empty() || metrics.iter().any(|known| known == metric) {
                    view.insert(member.to_owned(), json!(sum));
                }
            }
            points.push(Value::Object(view));
        }
    }
    Ok(json!({"granularity": span.word(), "data_points": points, "waba_timezone": waba.time_zone}))
}

/// A group of the account; another one's looks as if it did not exist.
async fn group_of(tx: &mut Tx, waba: WabaId, name: &str) -> Result<GroupId, ManageError> {
    let unknown = || ManageError::invalid("group_ids", &format!("the account has no group {name}"));
    let id = groups::parse_id(name).or_else(|| name.parse().ok()).ok_or_else(unknown)?;
    let found = groups::store::get(tx, id).await?;
    found.filter(|here| here.waba_id == waba).map(|here| here.group_id).ok_or_else(unknown)
}

type Point = (plaza_protocol::Timestamp, plaza_protocol::Timestamp);

async fn sums(tx: &mut Tx, span: &Span, id: GroupId) -> Result<BTreeMap<Point, [i64; 5]>, ManageError> {
    let mut sums: BTreeMap<Point, [i64; 5]> =
        span.points()?.into_iter().map(|point| (point, [0; 5])).collect();
    let mut add = |at, metric: usize, count: i64| {
        let sums = sums.entry(span.point(at)).or_default();
        if let Some(sum) = sums.get_mut(metric) {
            *sum = sum.saturating_add(count);
        }
    };
    for (step, at, count) in store::group_steps(tx, id, (span.from, span.to)).await? {
        add(at, usize::try_from(step).unwrap_or(usize::MAX), count);
    }
    for (at, joined, left) in store::group_flow(tx, id, (span.from, span.to)).await? {
        add(at, 3, joined);
        add(at, 4, left);
    }
    Ok(sums)
}
