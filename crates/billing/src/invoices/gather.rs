//! Summing charges into `usage_month`, in steps that follow the numbers of a portfolio's usage events.

use super::{InvoiceError, store};
use crate::campaigns;
use plaza_db::{Tx, params};
use plaza_protocol::{Ctx, PortfolioId};

/// Usage events of one step: bounds how long a transaction writes.
const STEP_EVENTS: i64 = 50_000;

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathered {
    /// The last usage event that is summed.
    pub sequence: i64,
    /// There are more.
    pub is_behind: bool,
}

/// Sums the next charges of a portfolio. A step that fails has summed nothing; the next one begins where it did.
pub async fn gather(_ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Gathered, InvoiceError> {
    let from = lock(tx, portfolio).await?;
    // Read after the lock: what is committed now is what a step may sum.
    let (_, _, events) = super::draft::portfolio(tx, portfolio).await?;
    step(tx, portfolio, (from, events)).await
}

/// Locks how far a portfolio is summed, and says it.
pub(super) async fn lock(tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, InvoiceError> {
    tx.execute(store::BEGIN_GATHER, params![portfolio]).await?;
    let rows = tx.query_list(store::GATHERED, &[], &[portfolio.into()]).await?;
    let row = rows.first().ok_or(InvoiceError::Damaged("the mark of a portfolio's sums is missing"))?;
    Ok(row.get(0)?)
}

/// Sums a step of the usage events after `from`, of which there are `events`.
pub(super) async fn step(
    tx: &mut Tx,
    portfolio: PortfolioId,
    (from, events): (i64, i64),
) -> Result<Gathered, InvoiceError> {
    let to = events.min(from.saturating_add(STEP_EVENTS));
    if to > from {
        tx.execute(store::GATHER, params![portfolio, from, to]).await?;
        campaigns::gather(tx, portfolio, (from, to)).await?;
        tx.execute(store::SET_GATHERED, params![portfolio, to]).await?;
    }
    Ok(Gathered { sequence: to.max(from), is_behind: events > to })
}

/// Portfolios of which charges wait to be summed, at most `limit` of them.
pub async fn behind(_ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<Vec<PortfolioId>, InvoiceError> {
    let rows = tx.query(store::BEHIND, params![limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}
