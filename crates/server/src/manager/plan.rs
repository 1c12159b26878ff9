//! The plan of a business, and showing who it is.

use super::Caller;
use crate::app::App;
use crate::problem::{Body, Problem};
use crate::{documents, plan_views};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use plaza_billing::plans::{self, Audience, Cancel, NewSubscription, PlanError, Subscription, Term};
use plaza_business::management::ManageError;
use plaza_business::{landing, verification};
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, PortfolioId};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The addresses, for a surface that lets nobody in without a [`Caller`].
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/plan", get(read).post(start))
        .route("/plan/quote", get(quote))
        .route("/plan/change", post(change))
        .route("/plan/cancel", post(cancel))
        .route("/plan/{step}", post(step))
        .route("/verification", get(application).put(save))
        .route("/verification/submit", post(submit))
        .route("/verification/documents", post(add_document))
        .route("/verification/documents/{document_id}", delete(remove_document).get(documents::download))
}

/// What a plan operation ends with: the badge may have to follow.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Manage(#[from] ManageError),
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<StepError> for Problem {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Plan(error) => error.into(),
            StepError::Manage(error) => error.into(),
            StepError::Db(error) => error.into(),
        }
    }
}

/// `GET /manager/api/plan`: the plans that can be had, and the one that one has.
async fn read(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let offered = plans::plans(ctx, tx, Audience::Business).await?;
        let current = plans::subscription(ctx, tx, portfolio).await?;
        let steps = plans::steps(ctx, tx, portfolio).await?;
        let balance = plaza_billing::balance(ctx, tx, portfolio).await.map_err(PlanError::from)?;
        let had_trial = plans::had_trial(ctx, tx, portfolio).await?;
        let pages = landing::pages(ctx, tx, portfolio).await?;
        Ok::<_, StepError>((offered, current, steps, balance, (had_trial, pages)))
    };
    let (offered, current, steps, balance, (had_trial, pages)) =
        app.db.read(&ctx, "manager.plan", read).await?;
    let own = current.as_ref().map(|current| current.plan_key.as_str());
    let offered = offered.iter().filter(|plan| plan.is_offered || Some(plan.key.as_str()) == own);
    Ok(Json(json!({
        "plans": offered.map(|plan| plan_views::plan(plan, Some(balance.currency))).collect::<Vec<_>>(),
        "subscription": current.as_ref().map(plan_views::subscription),
        "had_trial": had_trial,
        "balance": {"currency": balance.currency.code(), "available_micros": balance.available.0},
        "steps": steps.iter().map(plan_views::subscription_step).collect::<Vec<_>>(),
        "pages": pages.iter().map(|(name, path)| json!({"name": name, "path": path})).collect::<Vec<_>>(),
    })))
}

fn term(word: &str) -> Result<Term, Problem> {
    match Term::parse(word) {
        Some(term @ (Term::Month | Term::Year)) => Ok(term),
        _ => Err(Problem::invalid("term: month or year is expected")),
    }
}

#[derive(Debug, Deserialize)]
struct Wanted {
    plan: String,
    term: String,
    #[serde(default)]
    trial: bool,
}

/// `POST /manager/api/plan`
async fn start(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let portfolio = caller.token.portfolio;
    let new = NewSubscription { plan: body.plan, term: term(&body.term)?, trial: body.trial };
    let start = async move |ctx: &Ctx, tx: &mut Tx| {
        let begun = plans::start(ctx, tx, portfolio, &new).await?;
        verification::refresh_badge(ctx, tx, portfolio).await?;
        Ok::<_, StepError>(begun)
    };
    let begun = app.db.transact(&ctx, "manager.start_plan", start).await?;
    Ok((StatusCode::CREATED, Json(plan_views::subscription(&begun))))
}

/// `GET /manager/api/plan/quote?plan=&term=`: what a change would cost now.
async fn quote(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let (portfolio, term) = (caller.token.portfolio, term(&wanted.term)?);
    let quote =
        async move |ctx: &Ctx, tx: &mut Tx| plans::quote(ctx, tx, portfolio, (&wanted.plan, term)).await;
    Ok(Json(plan_views::quote(&app.db.read(&ctx, "manager.quote_plan", quote).await?)))
}

/// `POST /manager/api/plan/change`
async fn change(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Problem> {
    let (portfolio, term) = (caller.token.portfolio, term(&wanted.term)?);
    let change = async move |ctx: &Ctx, tx: &mut Tx| {
        let changed = plans::change(ctx, tx, portfolio, (&wanted.plan, term)).await?;
        verification::refresh_badge(ctx, tx, portfolio).await?;
        Ok::<_, StepError>(changed)
    };
    let (changed, quote) = app.db.transact(&ctx, "manager.change_plan", change).await?;
    let mut view = plan_views::subscription(&changed);
    view["charged"] = plan_views::quote(&quote);
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
struct When {
    when: String,
}

/// `POST /manager/api/plan/cancel`: `{"when": "now"|"at_end"}`
async fn cancel(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<When>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let when = match body.when.as_str() {
        "now" => Cancel::Now,
        "at_end" => Cancel::AtEnd,
        _ => return Err(Problem::invalid("when: now or at_end is expected")),
    };
    let cancel = async move |ctx: &Ctx, tx: &mut Tx| {
        let canceled = plans::cancel(ctx, tx, portfolio, when).await?;
        verification::refresh_badge(ctx, tx, portfolio).await?;
        Ok::<_, StepError>(canceled)
    };
    let (canceled, back) = app.db.transact(&ctx, "manager.cancel_plan", cancel).await?;
    let mut view = plan_views::subscription(&canceled);
    view["credit_micros"] = json!(back.0);
    Ok(Json(view))
}

/// `POST /manager/api/plan/{keep|pause|resume|pay}`
async fn step(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(word): Path<String>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    if !["keep", "pause", "resume", "pay"].contains(&word.as_str()) {
        return Err(Problem::not_found("this address"));
    }
    let work = async move |ctx: &Ctx, tx: &mut Tx| {
        let next = one_step(ctx, tx, portfolio, &word).await?;
        verification::refresh_badge(ctx, tx, portfolio).await?;
        Ok::<_, StepError>(next)
    };
    let next = app.db.transact(&ctx, "manager.plan_step", work).await?;
    Ok(Json(plan_views::subscription(&next)))
}

async fn one_step(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    word: &str,
) -> Result<Subscription, PlanError> {
    match word {
        "keep" => plans::keep(ctx, tx, portfolio).await,
        "pause" => plans::pause(ctx, tx, portfolio).await,
        "resume" => plans::resume(ctx, tx, portfolio).await,
        _ => plans::pay(ctx, tx, portfolio).await,
    }
}

async fn whole(app: &App, ctx: &Ctx, portfolio: PortfolioId) -> Result<Json<Value>, Problem> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| {
        let (of, papers) = verification::get(ctx, tx, portfolio).await?;
        let shows = verification::shows_badge(ctx, tx, portfolio).await?;
        let steps = verification::steps(ctx, tx, Some(portfolio), None).await?;
        Ok::<_, ManageError>((of, papers, shows, steps))
    };
    let (of, papers, shows, steps) = app.db.read(ctx, "manager.verification", read).await?;
    let mut view = plan_views::verification(&of, &papers);
    view["shows_badge"] = json!(shows);
    // Who reported the business, which operator decided, and how many have to, is not the business's to know.
    let is_told = |step: &&verification::Step| {
        step.actor != "person" && !matches!(step.kind.as_str(), "reports_dismissed" | "seconded")
    };
    let told = steps.iter().filter(is_told);
    let told = told.map(|step| {
        let mut view = plan_views::step(step);
        if step.actor.starts_with("operator:") {
            view["actor"] = json!("operator");
        }
        view
    });
    view["steps"] = told.collect();
    if let Some(members) = view.as_object_mut() {
        members.remove("approved_by");
        if of.status == verification::Status::Seconded {
            members.insert("status".to_owned(), json!("pending"));
        }
    }
    Ok(Json(view))
}

/// `GET /manager/api/verification`
async fn application(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    whole(&app, &ctx, caller.token.portfolio).await
}

/// `PUT /manager/api/verification`: puts the application down without sending it in.
async fn save(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Body(body): Body<Value>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let save = async move |ctx: &Ctx, tx: &mut Tx| verification::save(ctx, tx, portfolio, &body).await;
    app.db.transact(&ctx, "manager.save_verification", save).await?;
    whole(&app, &ctx, portfolio).await
}

/// `POST /manager/api/verification/submit`
async fn submit(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, Problem> {
    let portfolio = caller.token.portfolio;
    let submit = async move |ctx: &Ctx, tx: &mut Tx| verification::submit(ctx, tx, portfolio).await;
    app.db.transact(&ctx, "manager.submit_verification", submit).await?;
    whole(&app, &ctx, portfolio).await
}

/// `POST /manager/api/verification/documents?kind=&name=`: the body is the file.
async fn add_document(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    about: Query<documents::About>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Problem> {
    documents::add(&app, &ctx, caller.token.portfolio, (about, request)).await
}

/// `DELETE /manager/api/verification/documents/{document_id}`
async fn remove_document(
    State(app): State<Arc<App>>,
    Extension(ctx): Extension<Ctx>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    documents::remove(&app, &ctx, caller.token.portfolio, &id).await
}
