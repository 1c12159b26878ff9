//! # What each campaign cost
//!
//! A campaign is what caps mean by it: the messages whose tag names it, and those of a template that name none (who sends
//! them says which it is, [`crate::Intent::campaign`]). Its costs are summed by month in the step that sums usage for the
//! invoices, along the same numbers of usage events; what came since is added when somebody looks. So the campaigns of a
//! month, and what belongs to none, are together what its charges are.
//!
//! A month that is rated again moves its sums in the same transaction.

pub(crate) mod store;

use crate::funds::require_payer;
use crate::verify::kinds::CAMPAIGNS;
use crate::{BillingError, Category, prices};
use plaza_db::{Tx, params};
use plaza_ledger::Findings;
use plaza_protocol::{Ctx, Micros, PortfolioId};

/// Campaigns of one answer; the rest is one line.
pub const CAMPAIGNS_SHOWN: i64 = 200;

/// What a campaign cost in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its name; `None`: calls, and free-form messages that name none.
    pub name: Option<String>,
    /// What its messages were for.
    pub category: Category,
    /// Delivered messages, and calls.
    pub messages: i64,
    /// Those of them that were not free.
    pub billable: i64,
    /// What they cost.
    pub amount: Micros,
}

/// The campaigns of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Campaigns {
    /// The dearest, the dearest first.
    pub shown: Vec<Campaign>,
    /// How many others there are.
    pub others: i64,
    /// What the others cost.
    pub others_amount: Micros,
}

impl Campaigns {
    /// What all of them cost: what the month cost.
    pub fn amount(&self) -> Micros {
        self.shown.iter().fold(self.others_amount, |sum, one| Micros(sum.0.saturating_add(one.amount.0)))
    }
}

/// The campaigns of a month: [`CAMPAIGNS_SHOWN`] of them, and the sum of the others.
pub async fn campaigns(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: i64,
) -> Result<Campaigns, BillingError> {
    require_payer(ctx, portfolio)?;
    let mut found = Campaigns::default();
    for row in tx.query(store::OF_MONTH, params![portfolio, period, CAMPAIGNS_SHOWN]).await? {
        let others: i64 = row.get(5)?;
        if others > 0 {
            (found.others, found.others_amount) = (others, row.get(4)?);
            continue;
        }
        let name: String = row.get(0)?;
        found.shown.push(Campaign {
            name: Some(name).filter(|name| !name.is_empty()),
            category: prices::category(&row, 1)?,
            messages: row.get(2)?,
            billable: row.get(3)?,
            amount: row.get(4)?,
        });
    }
    Ok(found)
}

/// Sums the charges of usage events after `from`, up to `to`.
pub(crate) async fn gather(
    tx: &mut Tx,
    portfolio: PortfolioId,
    (from, to): (i64, i64),
) -> Result<(), plaza_db::DbError> {
    tx.execute(store::GATHER, params![portfolio, from, to]).await.map(drop)
}

/// Moves what a run of rating changed.
pub(crate) async fn correct(
    tx: &mut Tx,
    portfolio: PortfolioId,
    (period, run): (i64, i64),
) -> Result<(), BillingError> {
    tx.execute(store::CORRECT, params![portfolio, period, run]).await?;
    Ok(())
}

/// For verification: what the sums say that the charges do not.
pub(crate) async fn verify(tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    if let Some(row) = tx.query_one(store::COUNT, vec![]).await? {
        found.checked(CAMPAIGNS, row.get(0)?);
    }
    for row in tx.query(store::WRONG, vec![]).await? {
        let (portfolio, period): (PortfolioId, i64) = (row.get(0)?, row.get(1)?);
        let (campaign, category, kind): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
        let (messages, amount): (i64, i64) = (row.get(5)?, row.get(6)?);
        let which = format!("portfolio {portfolio}, campaign {campaign:?}, {period}, {category}, {kind}");
        found.differs(
            CAMPAIGNS,
            format!("{which}: the sums have {messages} messages and {amount} micros more than the charges"),
        );
    }
    Ok(())
}
