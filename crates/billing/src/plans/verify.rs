//! Proves from the tables that stretches earned what their days are worth, and that lines say what was moved.

use super::{share, store};
use crate::BillingError;
use crate::verify::kinds::PLANS;
use plaza_db::{Tx, params};
use plaza_ledger::Findings;
use plaza_protocol::{Ctx, Micros, TransferId};
use std::collections::HashMap;
use uuid::Uuid;

/// Rows of one page.
const PAGE_ROWS: i64 = 1024;

/// Each stretch has earned the share of the days that passed; one that is over has given back the rest.
pub(crate) async fn compare_stretches(tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let mut after = Uuid::nil();
    loop {
        let page = tx.query(store::DEFERRALS_AFTER, params![after, PAGE_ROWS]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.get(0)?;
        for row in &page {
            let (id, amount): (Uuid, Micros) = (row.get(0)?, row.get(1)?);
            let (days, done): (i64, i64) = (row.get(2)?, row.get(3)?);
            let (earned, credited): (Micros, Micros) = (row.get(4)?, row.get(5)?);
            let rest = amount.checked_sub(earned).unwrap_or_default();
            let credits = if row.get(6)? { credited == Micros::ZERO } else { credited == rest };
            found.checked(PLANS, 1);
            if share(amount, done, days) != Some(earned) || !credits {
                let what = format!("{done} of {days} days of {amount} earned {earned}, {credited} went back");
                found.differs(PLANS, format!("days {id} of a plan: {what}"));
            }
        }
    }
}

/// Each line is of the transfer that it names.
pub(crate) async fn compare_lines(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let mut after = Uuid::nil();
    loop {
        let page = tx.query(store::LINES_AFTER, params![after, PAGE_ROWS]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.get(0)?;
        let ids: Vec<TransferId> = page.iter().map(|row| row.get(1)).collect::<Result<_, _>>()?;
        let moved = plaza_ledger::transfers(ctx, tx, &ids).await?;
        let moved: HashMap<TransferId, Micros> =
            moved.iter().map(|transfer| (transfer.transfer_id, transfer.amount)).collect();
        for row in &page {
            let (line, transfer, amount): (Uuid, TransferId, Micros) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            found.checked(PLANS, 1);
            if moved.get(&transfer).map(|moved| moved.0) != Some(amount.0.saturating_abs()) {
                found.differs(PLANS, format!("line {line} of a plan: the ledger moved another amount"));
            }
        }
    }
}
