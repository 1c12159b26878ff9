//! Who does not pay: the steps, who stands where, and whom the operator waits for. And the mails that tell it.

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plaza_billing::mail::{self, MailState};
use plaza_billing::standing::{self, Late};
use plaza_business::portfolios;
use plaza_db::Tx;
use plaza_payments::PaymentError;
use plaza_payments::dunning::{self, Hold, Step, StepAction};
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The addresses.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/dunning", get(overview))
        .route("/dunning-steps", get(steps).post(set_steps))
        .route("/dunning/{business_id}/hold", post(hold).delete(release))
        .route("/mails", get(mails))
}

fn step_view(step: &Step) -> Value {
    json!({"after_days": step.after_days, "action": step.action.as_str()})
}

/// What is known of somebody who is late.
struct Row {
    late: Late,
    name: String,
    hold: Option<Hold>,
}

impl Row {
    fn view(&self, steps: &[Step]) -> Value {
        let late = &self.late;
        let next = steps.iter().find(|step| late.steps_up_to.is_none_or(|taken| step.after_days > taken));
        let days = |step: &Step| DAY.saturating_mul(u32::try_from(step.after_days).unwrap_or(u32::MAX));
        json!({
            "business_id": late.portfolio_id, "name": self.name, "standing": late.standing.as_str(),
            "overdue_since": late.since.seconds(), "steps_up_to_days": late.steps_up_to,
            "next": next.map(|step| json!({
                "action": step.action.as_str(), "at": (late.since + days(step)).seconds(),
            })),
            "hold": self.hold.as_ref().map(hold_view),
        })
    }
}

fn hold_view(hold: &Hold) -> Value {
    json!({"until": hold.until.seconds(), "reason": hold.reason})
}

/// `GET /operator/api/dunning`: the steps, and who is late.
async fn overview(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| {
        let steps = dunning::steps(ctx, tx).await?;
        let holds = dunning::holds(ctx, tx).await?;
        let mut holds: BTreeMap<PortfolioId, Hold> =
            holds.into_iter().map(|hold| (hold.portfolio_id, hold)).collect();
        let mut rows = Vec::new();
        for late in standing::late(ctx, tx).await? {
            let found = portfolios::portfolio(ctx, tx, late.portfolio_id).await;
            let name = found.map(|portfolio| portfolio.name).unwrap_or_default();
            rows.push(Row { late, name, hold: holds.remove(&late.portfolio_id) });
        }
        rows.sort_by_key(|row| (std::cmp::Reverse(row.late.standing), row.late.since));
        Ok::<_, PaymentError>((steps, rows))
    };
    let (steps, rows) = app.db.read(&ctx, "operator.dunning", read).await?;
    Ok(Json(json!({
        "steps": steps.iter().map(step_view).collect::<Vec<_>>(),
        "late": rows.iter().map(|row| row.view(&steps)).collect::<Vec<_>>(),
    })))
}

fn steps_view(steps: &[Step]) -> Json<Value> {
    Json(json!({"data": steps.iter().map(step_view).collect::<Vec<_>>()}))
}

/// `GET /operator/api/dunning-steps`
async fn steps(State(app): State<Arc<App>>, Extension(ctx): Extension<Ctx>) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| dunning::steps(ctx, tx).await;
    Ok(steps_view(&app.db.read(&ctx, "operator.dunning_steps", read).await?))
}

#[derive(Debug, Deserialize)]
struct WantedStep {
    after_days: i64,
    action: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedSteps {
    steps: Vec<WantedStep>,
}

/// `POST /operator/api/dunning-steps {"steps": [{"after_days": 1, "action": "mail"}, …]}`
async fn set_steps(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Body(body): Body<WantedSteps>,
) -> Result<Json<Value>, Problem> {
    let read = |step: &WantedStep| {
        let what = "action: one of mail, webhook, throttle, suspend is expected";
        let action = StepAction::parse(&step.action).ok_or_else(|| Problem::invalid(what))?;
        Ok::<_, Problem>(Step { after_days: step.after_days, action })
    };
    let wanted: Vec<Step> = body.steps.iter().map(read).collect::<Result<_, _>>()?;
    let set = async move |ctx: &Ctx, tx: &mut Tx| dunning::set_steps(ctx, tx, &wanted).await;
    Ok(steps_view(&app.db.transact(&ctx, "operator.set_dunning_steps", set).await?))
}

fn portfolio(text: &str) -> Result<PortfolioId, Problem> {
    text.parse().map_err(|_| Problem::not_found("this business"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHold {
    days: u32,
    reason: String,
}

/// `POST /operator/api/dunning/{business_id}/hold {"days": 7, "reason": "…"}`: nothing is done for so long.
async fn hold(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
    Body(body): Body<NewHold>,
) -> Result<Json<Value>, Problem> {
    let portfolio_id = portfolio(&id)?;
    let until: Timestamp = ctx.now() + DAY.saturating_mul(body.days.min(100_000));
    let wanted = Hold { portfolio_id, until, reason: body.reason };
    let view = hold_view(&wanted);
    let hold = async move |ctx: &Ctx, tx: &mut Tx| dunning::hold(ctx, tx, &wanted).await;
    app.db.transact(&ctx, "operator.hold_dunning", hold).await?;
    Ok(Json(view))
}

/// `DELETE /operator/api/dunning/{business_id}/hold`
async fn release(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = portfolio(&id)?;
    let release = async move |ctx: &Ctx, tx: &mut Tx| dunning::release(ctx, tx, id).await;
    app.db.transact(&ctx, "operator.release_dunning", release).await?;
    Ok(Json(json!({"ok": true})))
}

/// `GET /operator/api/mails`: whether mails go out, and how many do not.
async fn mails(State(app): State<Arc<App>>, Extension(ctx): Extension<Ctx>) -> Result<Json<Value>, Problem> {
    let read = async |ctx: &Ctx, tx: &mut Tx| mail::outbox(ctx, tx).await;
    let found = app.db.read(&ctx, "operator.mails", read).await?;
    let of = |states: &[&str]| {
        let is_one = |state: &&MailState| states.contains(&state.state.as_str());
        found.iter().filter(is_one).map(|state| state.mails).sum::<i64>()
    };
    Ok(Json(json!({
        "is_configured": app.settings.mail.is_some(), "age_days_max": mail::AGE_MAX.as_secs() / DAY.as_secs(),
        "waiting": of(&["waiting", "taken"]), "sent": of(&["sent"]), "failed": of(&["failed"]),
        "too_old": of(&["too_old"]),
    })))
}
