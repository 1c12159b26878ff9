//! # What was done in an account
//!
//! Operations that change an account write one row each: what, when, and which app. The list answers "who did this?"
//! and is never changed.

mod store;

pub(crate) use store::STATEMENTS;

use crate::management::ManageError;
use crate::portfolios;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Actor, Ctx, PortfolioId, Timestamp, WabaId};
use serde_json::Value;
use uuid::Uuid;

/// Rows that one question brings, at most.
pub const ACTIVITIES_MAX: usize = 1000;

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its place in time.
    pub activity_id: Uuid,
    /// `PHONE_NUMBER_ADDED` and the like.
    pub kind: String,
    /// `API`, `ADMIN` or `SYSTEM`.
    pub actor: String,
    /// The app.
    pub actor_id: Option<i64>,
    /// In words.
    pub description: String,
    /// What it was about.
    pub details: Value,
    /// When.
    pub at: Timestamp,
}

/// Writes a row, in the transaction of what was done.
pub(crate) async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, waba): (PortfolioId, WabaId),
    kind: &str,
    description: &str,
    details: Value,
) -> Result<(), DbError> {
    let (actor, actor_id) = match ctx.actor() {
        Actor::App { app, .. } => ("API", Some(app.0)),
        Actor::Operator => ("ADMIN", None),
        Actor::System | Actor::Anonymous | Actor::Device { .. } => ("SYSTEM", None),
    };
    let activity = Activity {
        activity_id: ctx.ordered_id(),
        kind: kind.to_owned(),
        actor: actor.to_owned(),
        actor_id,
        description: description.to_owned(),
        details,
        at: ctx.now(),
    };
    store::insert(tx, portfolio, waba, &activity).await
}

/// What was done in an account between two times, the latest first.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    (since, until): (Timestamp, Timestamp),
) -> Result<Vec<Activity>, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    Ok(store::list(tx, waba.waba_id, since, until).await?)
}
