//! What a subscription cost, for invoices; what happened to it; what is paid and not earned.

use super::{Holder, PlanError, calendar, life::Subscription, may_act, store};
use crate::BillingError;
use crate::invoices::{self, InvoiceError, Period};
use jiff::tz::TimeZone;
use plaza_db::{Tx, params};
use plaza_protocol::{
    Ctx, Currency, InvoiceItemId, Micros, PortfolioId, SubscriptionId, Timestamp, TransferId, limits,
};
use uuid::Uuid;

plaza_protocol::words! {
    /// What a line is for.
    LineKind {
        /// A whole period.
        Period = "period",
        /// The rest of a period, after a change.
        Change = "change",
        /// Days that were paid and not used.
        Credit = "credit",
    }
}

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub line_id: Uuid,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// What it is for.
    pub kind: LineKind,
    /// The plan.
    pub plan_key: String,
    /// Its name at the time.
    pub plan_name: String,
    /// The first day: `2026-11-28`.
    pub from: String,
    /// The day after the last one.
    pub to: String,
    /// What was charged; below zero: given back.
    pub amount: Micros,
    /// In what.
    pub currency: Currency,
    /// The ledger's transfer.
    pub transfer_id: TransferId,
    /// When.
    pub at: Timestamp,
}

/// What a portfolio's plans cost that was charged or given back from `from` (included) to `to` (excluded).
pub async fn subscription_lines(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Line>, PlanError> {
    may_act(ctx, Holder::Business(portfolio))?;
    let damaged = || BillingError::Damaged("a line of a subscription cannot be read");
    let day = |day: i64| calendar::date(day).map(|date| date.to_string()).ok_or_else(damaged);
    let mut lines = Vec::new();
    for row in tx.query(store::LINES, params![portfolio, from, to]).await? {
        lines.push(Line {
            line_id: row.get(0)?,
            subscription_id: row.get(1)?,
            kind: LineKind::parse(&row.get::<String>(2)?).ok_or_else(damaged)?,
            plan_key: row.get(3)?,
            plan_name: row.get(4)?,
            from: day(row.get(5)?)?,
            to: day(row.get(6)?)?,
            amount: row.get(7)?,
            currency: row.get(8)?,
            transfer_id: row.get(9)?,
            at: row.get(10)?,
        });
    }
    Ok(lines)
}

/// Writes a line, beside its transfer.
pub(super) async fn write(
    ctx: &Ctx,
    tx: &mut Tx,
    of: &Subscription,
    (kind, plan_key, plan_name): (LineKind, &str, &str),
    (from_day, to_day): (i64, i64),
    (amount, transfer): (Micros, TransferId),
) -> Result<(), PlanError> {
    let line_id = ctx.sequenced_id::<Uuid>();
    let row = params![
        line_id,
        of.subscription_id,
        of.portfolio_id,
        kind.as_str(),
        plan_key,
        plan_name,
        from_day,
        to_day,
        amount,
        of.currency,
        transfer,
        ctx.now()
    ];
    tx.execute(store::INSERT_LINE, row).await?;
    invoice(ctx, tx, of, (line_id, kind, plan_name), (from_day, to_day), amount).await
}

/// Puts a line on the invoice of the month: it is paid already.
async fn invoice(
    ctx: &Ctx,
    tx: &mut Tx,
    of: &Subscription,
    (line_id, kind, plan_name): (Uuid, LineKind, &str),
    (from_day, to_day): (i64, i64),
    amount: Micros,
) -> Result<(), PlanError> {
    if amount == Micros::ZERO {
        return Ok(());
    }
    let zone = TimeZone::get(&of.time_zone).unwrap_or(TimeZone::UTC);
    let day = |day: i64| calendar::date(day).map(|date| date.to_string());
    let (Some(period), Some(from), Some(to)) =
        (Period::of(ctx.now(), &zone), day(from_day), day(to_day.saturating_sub(1)))
    else {
        return Err(BillingError::Damaged("a line of a subscription has no days").into());
    };
    let what = if kind == LineKind::Credit { "not used, " } else { "" };
    let item = invoices::NewItem {
        item_id: InvoiceItemId(line_id),
        portfolio: of.portfolio_id,
        period,
        // What is given back takes from the invoice.
        kind: if amount < Micros::ZERO {
            invoices::LineKind::Adjustment
        } else {
            invoices::LineKind::Subscription
        },
        description: format!("{plan_name}, {what}{from} to {to}"),
        quantity: 1,
        unit: amount,
        amount,
        is_settled: true,
    };
    match invoices::put_item(ctx, tx, &item).await {
        Ok(()) => Ok(()),
        Err(InvoiceError::Db(error)) => Err(BillingError::from(error).into()),
        Err(_) => Err(BillingError::Damaged("a subscription cannot be put on an invoice").into()),
    }
}

/// Something that happened to a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionStep {
    /// Its id; rises with time.
    pub step_id: Uuid,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// Whose.
    pub portfolio_id: PortfolioId,
    /// `started`, `renewed`, `changed`, `past_due`, `paused`, `resumed`, `cancel_at_end`, `kept`, `canceled`, `ended`.
    pub kind: String,
    /// `system`, `operator`, `app:…`.
    pub actor: String,
    /// In words.
    pub details: String,
    /// When.
    pub at: Timestamp,
}

/// What happened to the subscriptions of a portfolio, the latest first.
pub async fn steps(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<SubscriptionStep>, PlanError> {
    may_act(ctx, Holder::Business(portfolio))?;
    let limit = i64::try_from(limits::PAGE_ROWS_MAX).unwrap_or(i64::MAX);
    let mut steps = Vec::new();
    for row in tx.query(store::STEPS_OF, params![portfolio, limit]).await? {
        steps.push(SubscriptionStep {
            step_id: row.get(0)?,
            subscription_id: row.get(1)?,
            portfolio_id: row.get(2)?,
            kind: row.get(3)?,
            actor: row.get(4)?,
            details: row.get(5)?,
            at: row.get(6)?,
        });
    }
    Ok(steps)
}

/// Writes what happened.
pub(super) async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    of: &Subscription,
    kind: &str,
    details: &str,
) -> Result<(), PlanError> {
    let row = params![
        ctx.sequenced_id::<Uuid>(),
        of.subscription_id,
        of.portfolio_id,
        kind,
        super::actor_word(ctx),
        details,
        ctx.now()
    ];
    tx.execute(store::INSERT_STEP, row).await?;
    Ok(())
}

/// What is paid for days to come, by currency: what must stand on `deferred:subscriptions`.
pub async fn unearned(_ctx: &Ctx, tx: &mut Tx) -> Result<Vec<(Currency, Micros)>, BillingError> {
    let rows = tx.query(store::UNEARNED, params![]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
