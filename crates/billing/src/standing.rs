//! # How portfolios stand with their invoices
//!
//! Whoever takes the steps against late payers writes here how far they are ([`set`], [`clear`]); whoever accepts
//! messages reads it by one key, or along with what is read of a payer anyway. Who has paid everything that was overdue
//! is in good standing with that payment, not at the next look.

pub(crate) mod store;

use crate::BillingError;
use crate::funds::require_operator;
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, PortfolioId, Timestamp};

/// How a portfolio stands with its invoices. What comes later is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// All is paid, or not due.
    Good,
    /// Something is overdue.
    Late,
    /// It sends more slowly.
    Throttled,
    /// It sends nothing that costs.
    Suspended,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Good, Self::Late, Self::Throttled, Self::Suspended];

    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Late => "late",
            Self::Throttled => "throttled",
            Self::Suspended => "suspended",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word)
    }

    pub(crate) fn read(row: &Row, column: usize) -> Result<Self, BillingError> {
        match row.get::<Option<String>>(column)? {
            None => Ok(Self::Good),
            Some(word) => Self::parse(&word).ok_or(BillingError::Damaged("a standing is unknown")),
        }
    }
}

/// A portfolio that is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// How it stands.
    pub standing: Standing,
    /// When the oldest invoice that is not paid was due.
    pub since: Timestamp,
    /// Days of the last step that was taken for this debt.
    pub steps_up_to: Option<i64>,
}

/// How a portfolio stands: one row by its key. The caller has seen to it that whoever asks may know.
pub async fn standing(_ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Standing, BillingError> {
    tx.query_one(store::STANDING, params![portfolio])
        .await?
        .map_or(Ok(Standing::Good), |row| Standing::read(&row, 0))
}

/// Everybody who is late.
pub async fn late(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Late>, BillingError> {
    require_operator(ctx)?;
    let rows = tx.query(store::STANDINGS, vec![]).await?;
    let late = rows.iter().map(|row| {
        Ok(Late {
            portfolio_id: row.get(0)?,
            standing: Standing::read(row, 1)?,
            since: row.get(2)?,
            steps_up_to: row.get(3)?,
        })
    });
    late.collect()
}

/// Says how a portfolio stands that is late.
pub async fn set(ctx: &Ctx, tx: &mut Tx, late: &Late) -> Result<(), BillingError> {
    require_operator(ctx)?;
    let row = params![late.portfolio_id, late.standing.as_str(), late.since, late.steps_up_to, ctx.now()];
    tx.execute(store::SET_STANDING, row).await?;
    Ok(())
}

/// It is not late any more.
pub async fn clear(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), BillingError> {
    require_operator(ctx)?;
    tx.execute(store::CLEAR_STANDING, params![portfolio]).await?;
    Ok(())
}

/// An invoice has ended: without another one that is overdue the portfolio is in good standing.
pub(crate) async fn settled(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<(), BillingError> {
    tx.execute(store::CLEAR_IF_PAID, params![portfolio, ctx.now()]).await?;
    Ok(())
}
