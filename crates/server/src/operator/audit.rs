//! Who did what: the log of money and prices, and the steps of verifications, as one list.

use crate::app::App;
use crate::problem::Problem;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Extension, Json, Router};
use plaza_billing::BillingError;
use plaza_billing::audit::{self, Act, COMMAND_LINE, Line, Wanted};
use plaza_business::management::ManageError;
use plaza_business::portfolios;
use plaza_business::verification::{self, Step, StepsWanted};
use plaza_db::Tx;
use plaza_protocol::limits::PAGE_ROWS_MAX;
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Rows on a page that names no limit.
const PAGE_ROWS: usize = 50;

/// The addresses.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/audit", get(list))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    kind: Option<String>,
    person: Option<String>,
    business_id: Option<String>,
    /// Seconds: not before.
    from: Option<i64>,
    /// Seconds: before.
    until: Option<i64>,
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A row of either list.
#[derive(Debug)]
enum Entry {
    Line(Line),
    Step(Step),
}

/// Where a row stands: of one time, the steps of verifications are the later ones.
type Place = (Timestamp, Option<Uuid>, i64);

impl Entry {
    fn place(&self) -> Place {
        match self {
            Self::Line(line) => (line.at, None, line.sequence),
            Self::Step(step) => (step.at, Some(step.step_id), 0),
        }
    }

    fn portfolio(&self) -> Option<PortfolioId> {
        match self {
            Self::Line(line) => line.portfolio,
            Self::Step(step) => Some(step.portfolio),
        }
    }

    fn cursor(&self) -> String {
        match self {
            Self::Line(line) => format!("{}.{}", line.at.0, line.sequence),
            Self::Step(step) => format!("{}.{}", step.at.0, step.step_id),
        }
    }

    fn view(&self, name: Option<&String>) -> Value {
        let (at, kind, details) = match self {
            Self::Line(line) => {
                let details = serde_json::from_str(&line.details).unwrap_or(Value::Null);
                (line.at, &line.act, details)
            }
            Self::Step(step) => (step.at, &step.kind, json!(step.details)),
        };
        let (actor, subject) = match self {
            Self::Line(line) if line.person == COMMAND_LINE => (line.person.clone(), json!(line.subject)),
            Self::Line(line) => (format!("operator:{}", line.person), json!(line.subject)),
            Self::Step(step) => (step.actor.clone(), json!(step.portfolio)),
        };
        json!({
            "id": self.cursor(), "at": at.seconds(), "actor": actor, "kind": kind, "subject": subject,
            "business_id": self.portfolio(), "name": name, "details": details,
            "is_verification": matches!(self, Self::Step(_)),
        })
    }
}

/// Reads a cursor: what is to come of the log, and of the steps.
fn after(text: &str) -> Option<((Timestamp, i64), (Timestamp, Uuid))> {
    let (at, place) = text.split_once('.')?;
    let at = Timestamp(at.parse().ok()?);
    match place.parse::<i64>() {
        Ok(sequence) => Some(((at, sequence), (at, Uuid::nil()))),
        Err(_) => Some(((at, i64::MAX), (at, place.parse().ok()?))),
    }
}

/// `GET /operator/api/audit?kind=&person=&business_id=&from=&until=&limit=&after=`: the latest first.
async fn list(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let of = query.business_id.filter(|id| !id.is_empty());
    let of = of.map(|id| id.parse().map_err(|_| Problem::invalid("business_id: the id of a business")));
    let portfolio: Option<PortfolioId> = of.transpose()?;
    let seconds = |at: i64| Timestamp::from_seconds(at.clamp(0, 253_370_764_800));
    let from = query.from.map_or(Timestamp(i64::MIN), seconds);
    let until = query.until.map_or(Timestamp(i64::MAX), seconds);
    let first = ((until, i64::MIN), (until, Uuid::nil()));
    let what = "after: the `next` of the page before is expected";
    let cursor = query.after.filter(|text| !text.is_empty());
    let cursor = cursor.map(|text| after(&text).ok_or_else(|| Problem::invalid(what))).transpose()?;
    let (before_line, before_step) =
        cursor.map_or(first, |(line, step)| (line.min(first.0), step.min(first.1)));
    let (kind, person) = (query.kind.unwrap_or_default(), query.person.unwrap_or_default());
    let lines = Wanted { act: kind.clone(), person: person.clone(), portfolio, from, before: before_line };
    let steps = StepsWanted { kind, person, portfolio, from, before: before_step };
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let lines = audit::lines(ctx, tx, &lines, limit).await.map_err(told)?;
        let steps = verification::steps_page(ctx, tx, &steps, limit).await?;
        let mut rows: Vec<Entry> = lines.into_iter().map(Entry::Line).collect();
        rows.extend(steps.into_iter().map(Entry::Step));
        rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
        rows.truncate(limit);
        let names = portfolios::names(ctx, tx, rows.iter().filter_map(Entry::portfolio)).await?;
        Ok::<_, ManageError>((rows, names))
    };
    let (rows, names) = app.db.read(&ctx, "operator.audit", read).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(Entry::cursor);
    let view = |row: &Entry| row.view(row.portfolio().and_then(|id| names.get(&id)));
    Ok(Json(json!({
        "data": rows.iter().map(view).collect::<Vec<_>>(), "next": next,
        "acts": Act::ALL.iter().map(|act| act.as_str()).collect::<Vec<_>>(),
    })))
}

fn told(error: BillingError) -> ManageError {
    match error {
        BillingError::Db(error) => ManageError::Db(error),
        _ => ManageError::NotFound,
    }
}
