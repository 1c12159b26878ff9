//! Who businesses are: the queue of applications and reports, decisions; and who has which plan.

use super::OperatorName;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::{documents, plan_views};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use plaza_billing::plans::{self, Audience, PlanError};
use plaza_business::management::ManageError;
use plaza_business::verification::{self, Decision, REASONS, Reviewer, Status};
use plaza_db::Tx;
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The addresses.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/verifications", get(queue))
        .route("/verifications/{business_id}", get(one))
        .route("/verifications/{business_id}/{decision}", post(decide))
        .route("/verification/documents/{document_id}", get(documents::download))
        .route("/plans", get(list_plans))
        .route("/subscriptions", get(subscribers))
}

fn business(id: &str) -> Result<PortfolioId, Problem> {
    id.parse().map_err(|_| Problem::not_found("this business"))
}

#[derive(Debug, Deserialize)]
struct Which {
    /// Absent: what waits.
    status: Option<String>,
}

/// `GET /operator/api/verifications?status=`
async fn queue(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let what = "status: draft, pending, seconded, more_wanted, approved, rejected or withdrawn is expected";
    let word = which.status.filter(|word| !word.is_empty());
    let status = word.map(|word| Status::parse(&word).ok_or_else(|| Problem::invalid(what))).transpose()?;
    let list = async move |ctx: &Ctx, tx: &mut Tx| verification::queue(ctx, tx, status).await;
    let found = app.db.read(&ctx, "operator.verifications", list).await?;
    let data = found.iter().map(|waiting| {
        let of = &waiting.verification;
        json!({
            "business_id": of.portfolio, "name": waiting.name, "status": of.status.as_str(),
            "legal_name": of.legal_name, "submitted_at": of.submitted_at.map(Timestamp::seconds),
            "decided_at": of.decided_at.map(Timestamp::seconds), "approved_by": of.approved_by,
            "reports": waiting.reports,
        })
    });
    Ok(Json(json!({"data": data.collect::<Vec<_>>()})))
}

async fn whole(app: &App, ctx: &Ctx, by: &OperatorName, id: PortfolioId) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let portfolio = plaza_business::portfolios::portfolio(ctx, tx, id).await?;
        let (of, papers) = verification::get(ctx, tx, id).await?;
        let reports = verification::open_reports(ctx, tx, id).await?;
        let shows = verification::shows_badge(ctx, tx, id).await?;
        let steps = verification::steps(ctx, tx, Some(id), None).await?;
        let plan = plans::subscription(ctx, tx, id).await?;
        Ok::<_, ManageError>((portfolio, of, papers, reports, shows, steps, plan))
    };
    let (portfolio, of, papers, reports, shows, steps, plan) =
        app.db.read(ctx, "operator.verification", read).await?;
    let mut view = plan_views::verification(&of, &papers);
    view["name"] = json!(portfolio.name);
    view["country"] = json!(portfolio.country);
    view["reports"] = json!(reports);
    view["shows_badge"] = json!(shows);
    view["subscription"] = json!(plan.as_ref().map(plan_views::subscription));
    view["steps"] = steps.iter().map(plan_views::step).collect();
    view["four_eyes"] = json!(app.settings.four_eyes);
    view["reviewer"] = json!(&*by.0);
    view["reasons"] = REASONS.iter().map(|(word, what)| json!({"reason": word, "what": what})).collect();
    Ok(Json(view))
}

/// `GET /operator/api/verifications/{business_id}`
async fn one(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(by): Extension<OperatorName>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    whole(&app, &ctx, &by, business(&id)?).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Explained {
    reason: String,
    words: String,
}

/// `POST /operator/api/verifications/{business_id}/{approve|reject|ask|withdraw|dismiss}`
async fn decide(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(by): Extension<OperatorName>,
    Path((id, word)): Path<(String, String)>,
    Body(body): Body<Explained>,
) -> Result<Json<Value>, Problem> {
    let id = business(&id)?;
    let decision = match word.as_str() {
        "approve" => Decision::Approve,
        "reject" => Decision::Reject(body.reason, body.words),
        "ask" => Decision::AskForMore(body.words),
        "withdraw" => Decision::Withdraw(body.reason, body.words),
        "dismiss" => Decision::Dismiss(body.words),
        _ => return Err(Problem::not_found("this address")),
    };
    let (name, four_eyes) = (by.0.clone(), app.settings.four_eyes);
    let decide = async move |ctx: &Ctx, tx: &mut Tx| {
        verification::decide(ctx, tx, id, Reviewer { name: &name, four_eyes }, &decision).await
    };
    app.db.transact(&ctx, "operator.decide_verification", decide).await?;
    whole(&app, &ctx, &by, id).await
}

/// `GET /operator/api/plans`: all plans, of both audiences.
async fn list_plans(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
) -> Result<Json<Value>, Problem> {
    let list = async |ctx: &Ctx, tx: &mut Tx| {
        let mut all = plans::plans(ctx, tx, Audience::Business).await?;
        all.extend(plans::plans(ctx, tx, Audience::Person).await?);
        Ok::<_, PlanError>((all, plans::unearned(ctx, tx).await?))
    };
    let (all, unearned) = app.db.read(&ctx, "operator.plans", list).await?;
    let unearned = unearned
        .iter()
        .map(|(currency, amount)| json!({"currency": currency.code(), "amount_micros": amount.0}));
    Ok(Json(json!({
        "data": all.iter().map(|plan| plan_views::plan(plan, None)).collect::<Vec<_>>(),
        "unearned": unearned.collect::<Vec<_>>(),
    })))
}

#[derive(Debug, Deserialize)]
struct BeforeSeconds {
    before: Option<i64>,
}

/// `GET /operator/api/subscriptions?before=`
async fn subscribers(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Query(page): Query<BeforeSeconds>,
) -> Result<Json<Value>, Problem> {
    let before = page.before.map(Timestamp::from_seconds);
    let list = async move |ctx: &Ctx, tx: &mut Tx| {
        let mut views = Vec::new();
        for of in plans::subscriptions(ctx, tx, before).await? {
            let mut view = plan_views::subscription(&of);
            view["name"] = json!(plaza_business::portfolios::portfolio(ctx, tx, of.portfolio_id).await?.name);
            views.push(view);
        }
        Ok::<_, ManageError>(views)
    };
    Ok(Json(json!({"data": app.db.read(&ctx, "operator.subscriptions", list).await?})))
}
