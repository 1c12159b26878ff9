//! # Who does not pay
//!
//! The steps are rows that the operator changes: so many days after the oldest open invoice was due, something happens.
//! Whatever was reached shows in one word, billing's [`Standing`], which a send reads by one key. Who has paid is in good
//! standing at once.

use crate::payment::words;
use crate::{PaymentError, earlier, store};
use plaza_billing::standing::{self, Late, Standing};
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Steps that there may be.
pub const STEPS_MAX: usize = 20;
/// Days after which the last step may come.
pub const DAYS_MAX: i64 = 365;
const DAY: Duration = Duration::from_secs(24 * 3600);

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
    steps(ctx, tx).await
}

/// Takes the steps that are due. `overdue` is everybody who has not paid; who is not among them is in good standing again.
pub async fn step(ctx: &Ctx, tx: &mut Tx, overdue: &[Overdue]) -> Result<Vec<Notice>, PaymentError> {
    let steps = steps(ctx, tx).await?;
    let present = standing::late(ctx, tx).await?;
    let mut present: BTreeMap<PortfolioId, Late> =
        present.into_iter().map(|late| (late.portfolio_id, late)).collect();
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
        for step in steps.iter().filter(is_reached) {
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
