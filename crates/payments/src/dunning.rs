//! # Who does not pay
//!
//! The steps are rows that the operator changes: so many days after the oldest open invoice was due, something happens.
//! Whatever was reached shows in one word, billing's [`Standing`], which a send reads by one key. Who has paid is in good
//! standing at once. The operator may **hold** a portfolio: until a day nothing is done against it, and what was done is
//! undone; afterwards the steps go on where they would be.

use crate::payment::words;
use crate::payments::currency_of;
use crate::{PaymentError, earlier, later, store};
use plaza_billing::audit::{self, Act, On};
use plaza_billing::standing::{self, Late, Standing};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Steps that there may be.
pub const STEPS_MAX: usize = 20;
/// Days after which the last step may come.
pub const DAYS_MAX: i64 = 365;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The longest that is waited.
pub const HOLD_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// Characters of why.
const REASON_CHARACTERS_MAX: usize = 200;

words! {
    /// What a step does.
    StepAction, "an action of a dunning step is unknown":
    /// The business gets a mail.
    Mail = "mail",
    /// Its webhook is called.
    Webhook = "webhook",
    /// It sends more slowly.
    Throttle = "throttle",
    /// It sends nothing that costs.
    Suspend = "suspend",
}

/// What happens after some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// After the oldest open invoice was due.
    pub after_days: i64,
    /// What happens.
    pub action: StepAction,
}

/// A portfolio that has not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// When its oldest open invoice was due.
    pub since: Timestamp,
}

/// A step that was reached now: whoever called sends the mail or the webhook. Each comes once for a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Whom.
    pub portfolio_id: PortfolioId,
    /// The step.
    pub step: Step,
    /// Since when something is overdue.
    pub since: Timestamp,
}

/// A portfolio that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// Until then nothing is done.
    pub until: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
}

/// Those that are waited for now.
pub async fn holds(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Hold>, PaymentError> {
    let rows = tx.query(store::DUNNING_HOLDS, params![ctx.now()]).await?;
    let hold = |row: &Row| Ok(Hold { portfolio_id: row.get(0)?, until: row.get(1)?, reason: row.get(2)? });
    rows.iter().map(hold).collect()
}

/// Waits for a portfolio: until then no step is taken against it, and it sends again as if it were late only.
pub async fn hold(ctx: &Ctx, tx: &mut Tx, wanted: &Hold) -> Result<(), PaymentError> {
    if wanted.until <= ctx.now() || wanted.until > later(ctx.now(), HOLD_MAX) {
        return Err(PaymentError::Invalid("days: 1 to 365"));
    }
    let characters = wanted.reason.trim().chars().count();
    if !(1..=REASON_CHARACTERS_MAX).contains(&characters) {
        return Err(PaymentError::Invalid("reason: 1 to 200 characters"));
    }
    currency_of(tx, wanted.portfolio_id).await?;
    let row = params![wanted.portfolio_id, wanted.until, wanted.reason.trim(), ctx.now()];
    tx.execute(store::SET_DUNNING_HOLD, row).await?;
    let late = standing::late(ctx, tx).await?;
    if let Some(late) = late.into_iter().find(|late| late.portfolio_id == wanted.portfolio_id) {
        standing::set(ctx, tx, &Late { standing: Standing::Late, ..late }).await?;
    }
    let details = json!({"until": wanted.until.seconds(), "reason": wanted.reason.trim()});
    audit::note(ctx, tx, Act::RemindersHeld, wanted.portfolio_id, details).await?;
    Ok(())
}

/// Waits no longer: the next look takes what is due.
pub async fn release(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), PaymentError> {
    if tx.execute(store::END_DUNNING_HOLD, params![portfolio]).await? > 0 {
        audit::note(ctx, tx, Act::RemindersReleased, portfolio, json!({})).await?;
    }
    Ok(())
}

/// The steps, in their order.
pub async fn steps(_ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Step>, PaymentError> {
    let rows = tx.query(store::DUNNING_STEPS, vec![]).await?;
    rows.iter().map(|row| Ok(Step { after_days: row.get(0)?, action: StepAction::read(row, 1)? })).collect()
}

/// Puts these in place of the steps.
pub async fn set_steps(ctx: &Ctx, tx: &mut Tx, wanted: &[Step]) -> Result<Vec<Step>, PaymentError> {
    if wanted.len() > STEPS_MAX {
        return Err(PaymentError::Invalid("steps: at most 20"));
    }
    if wanted.iter().any(|step| !(0..=DAYS_MAX).contains(&step.after_days)) {
        return Err(PaymentError::Invalid("after_days: 0 to 365"));
    }
    let rises = wanted.iter().zip(wanted.iter().skip(1)).all(|(one, next)| one.after_days < next.after_days);
    if !rises {
        return Err(PaymentError::Invalid("after_days: each step comes later than the one before"));
    }
    tx.execute(store::CLEAR_DUNNING_STEPS, vec![]).await?;
    for (number, step) in (1_i64..).zip(wanted) {
        let row = params![number, step.after_days, step.action.as_str()];
        tx.execute(store::INSERT_DUNNING_STEP, row).await?;
    }
    let told =
        wanted.iter().map(|step| json!({"after_days": step.after_days, "action": step.action.as_str()}));
    let details = json!({"steps": told.collect::<Vec<_>>()});
    audit::note(ctx, tx, Act::ReminderSteps, On::of("reminders"), details).await?;
    steps(ctx, tx).await
}

/// Takes the steps that are due. `overdue` is everybody who has not paid; who is not among them is in good standing again.
pub async fn step(ctx: &Ctx, tx: &mut Tx, overdue: &[Overdue]) -> Result<Vec<Notice>, PaymentError> {
    let steps = steps(ctx, tx).await?;
    let present = standing::late(ctx, tx).await?;
    let mut present: BTreeMap<PortfolioId, Late> =
        present.into_iter().map(|late| (late.portfolio_id, late)).collect();
    let held: BTreeSet<PortfolioId> =
        holds(ctx, tx).await?.into_iter().map(|hold| hold.portfolio_id).collect();
    let mut notices = Vec::new();
    for late in overdue.iter().filter(|late| late.since <= ctx.now()) {
        let before = present.remove(&late.portfolio_id);
        // A younger debt is another one: its steps begin anew.
        let taken = before.filter(|row| row.since == late.since).and_then(|row| row.steps_up_to);
        let is_reached = |step: &&Step| {
            let days = u32::try_from(step.after_days).unwrap_or(u32::MAX);
            late.since <= earlier(ctx.now(), DAY.saturating_mul(days))
        };
        let mut reached = Standing::Late;
        let mut up_to = taken;
        let is_held = held.contains(&late.portfolio_id);
        for step in steps.iter().filter(|step| !is_held && is_reached(step)) {
            reached = reached.max(match step.action {
                StepAction::Mail | StepAction::Webhook => Standing::Late,
                StepAction::Throttle => Standing::Throttled,
                StepAction::Suspend => Standing::Suspended,
            });
            if taken.is_none_or(|taken| step.after_days > taken) {
                notices.push(Notice { portfolio_id: late.portfolio_id, step: *step, since: late.since });
                up_to = Some(step.after_days);
            }
        }
        let now = Late {
            portfolio_id: late.portfolio_id,
            standing: reached,
            since: late.since,
            steps_up_to: up_to,
        };
        if before != Some(now) {
            standing::set(ctx, tx, &now).await?;
        }
    }
    for portfolio in present.keys() {
        standing::clear(ctx, tx, *portfolio).await?;
    }
    Ok(notices)
}
