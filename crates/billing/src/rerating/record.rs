//! What a run leaves in the tables: corrections, sums, and the lines of invoices that are not final.

use super::{Correction, store, transfer_of};
use crate::invoices::{InvoiceError, rerated};
use crate::{Category, Charge, PricingType};
use plaza_db::{Tx, Value, params};
use plaza_protocol::{CorrectionId, Ctx, Currency, Micros, PortfolioId, Timestamp};
use std::collections::BTreeMap;

/// Writes the corrections of a run, and what follows from them.
pub(super) async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    run: i64,
    corrections: &[Correction],
) -> Result<(), InvoiceError> {
    let (mut sums, mut used) = (crate::reports::Sums::default(), crate::earnings::Used::default());
    let mut rows = Vec::with_capacity(corrections.len());
    for correction in corrections {
        let Correction { charge, before, after, .. } = correction;
        let key = Place::of(charge);
        sums.correct(&key, before, after)?;
        used.correct(&key, before, after)?;
        let has_moved = correction.difference()? != Micros::ZERO;
        let mut row = params![
            ctx.ordered_id::<CorrectionId>(),
            charge.message_id,
            run,
            charge.charge_id,
            charge.portfolio_id,
            charge.waba_id,
            charge.phone_number_id,
            charge.period,
            charge.market.as_str(),
            charge.category.as_str(),
            charge.currency,
            charge.delivered_at
        ];
        row.extend(before.row());
        row.extend(after.row());
        row.extend(params![
            correction.allowance,
            correction.volume,
            has_moved.then(|| transfer_of(charge.message_id, run)),
            ctx.now(),
            correction.from_credit,
            correction.credit,
            correction.transfers,
            correction.invoice
        ]);
        rows.push(row);
    }
    tx.insert_rows(store::INSERT, rows).await?;
    if let Some(Correction { charge, .. }) = corrections.first() {
        crate::campaigns::correct(tx, charge.portfolio_id, (charge.period, run)).await?;
    }
    used.store(tx).await?;
    tx.execute_many(crate::store::ADD_REVENUE, sums.rows()).await?;
    rerated::move_usage(tx, moved_usage(corrections)).await
}

/// A line of an invoice: market, category, pricing type, tier, and what one piece was charged with.
type LineKey<'a> = (&'a str, Category, PricingType, i64, i64);

/// What lines have more or less: pieces, amount, what is owed of it, and their first usage event.
fn moved_usage(corrections: &[Correction]) -> Vec<(Vec<Value>, i64, [i64; 3])> {
    let mut lines: BTreeMap<LineKey<'_>, (i64, i64, i64, i64)> = BTreeMap::new();
    for correction in corrections.iter().filter(|correction| correction.invoice.is_none()) {
        let Correction { charge, before, after, from_credit, credit, .. } = correction;
        for (rating, owed, sign) in [(before, from_credit, -1_i64), (after, credit, 1)] {
            let unit = rating.amount.0.checked_div(correction.pieces).unwrap_or_default();
            let key = (
                charge.market.as_str(),
                charge.category,
                rating.pricing_type,
                rating.tier.unwrap_or(-1),
                unit,
            );
            let sum = lines.entry(key).or_insert((0, 0, 0, i64::MAX));
            let add = |sum: i64, more: i64| sum.saturating_add(more.saturating_mul(sign));
            *sum = (
                add(sum.0, correction.pieces),
                add(sum.1, rating.amount.0),
                add(sum.2, owed.0),
                sum.3.min(correction.sequence),
            );
        }
    }
    let Some(first) = corrections.first() else { return Vec::new() };
    let (portfolio, period) = (first.charge.portfolio_id, first.charge.period);
    let row = |((market, category, kind, tier, unit), sum): (LineKey<'_>, (i64, i64, i64, i64))| {
        let key = params![portfolio, period, market, category.as_str(), kind.as_str(), tier, unit];
        (key, sum.3, [sum.0, sum.1, sum.2])
    };
    lines.into_iter().map(row).collect()
}

/// Where a correction counts in the sums.
pub(crate) struct Place<'a> {
    pub(crate) portfolio_id: PortfolioId,
    pub(crate) period: i64,
    pub(crate) market: &'a str,
    pub(crate) category: Category,
    pub(crate) currency: Currency,
    pub(crate) delivered_at: Timestamp,
}

impl<'a> Place<'a> {
    pub(crate) fn of(charge: &'a Charge) -> Self {
        Self {
            portfolio_id: charge.portfolio_id,
            period: charge.period,
            market: &charge.market,
            category: charge.category,
            currency: charge.currency,
            delivered_at: charge.delivered_at,
        }
    }
}
