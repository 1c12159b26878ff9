//! What rating a month again means to its invoices: before one is final its sums follow, after it a document does.

use super::settle::{Credit, credit};
use super::total::half_even;
use super::{InvoiceError, LineKind, NewItem, Period, add_item, find, gather, store};
use plaza_db::{Tx, Value, params};
use plaza_ledger::named_id;
use plaza_protocol::{Ctx, InvoiceId, InvoiceItemId, Micros, PortfolioId};

/// One whole in parts per million.
const WHOLE_PPM: i128 = 1_000_000;

/// A final invoice, as far as it says which messages it has.
pub(crate) struct Covers {
    pub(crate) invoice_id: InvoiceId,
    sequence_to: i64,
}

/// Sums all usage of a portfolio, and keeps others from doing so until the transaction ends.
pub(crate) async fn catch_up(tx: &mut Tx, portfolio: PortfolioId) -> Result<(), InvoiceError> {
    let mut from = gather::lock(tx, portfolio).await?;
    let (_, _, events) = super::draft::portfolio(tx, portfolio).await?;
    loop {
        let gathered = gather::step(tx, portfolio, (from, events)).await?;
        if !gathered.is_behind {
            return Ok(());
        }
        from = gathered.sequence;
    }
}

/// The final invoices that may have messages of a month, in the order of their issue.
pub(crate) async fn covering(
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: i64,
) -> Result<Vec<Covers>, InvoiceError> {
    let rows = tx.query(store::COVERING, params![portfolio, period]).await?;
    rows.iter().map(|row| Ok(Covers { invoice_id: row.get(0)?, sequence_to: row.get(1)? })).collect()
}

/// The invoice that has the message with this usage event.
pub(crate) fn covered_by(covering: &[Covers], sequence: i64) -> Option<InvoiceId> {
    covering.iter().find(|covers| sequence <= covers.sequence_to).map(|covers| covers.invoice_id)
}

/// What the messages of a final invoice cost less becomes a credit note of it, tax included; what they cost more
/// becomes an adjustment on the next invoice. The same run does it once.
pub(crate) async fn correct_final(
    ctx: &Ctx,
    tx: &mut Tx,
    id: InvoiceId,
    (period, run): (i64, i64),
    difference: Micros,
) -> Result<(), InvoiceError> {
    let period = Period::from_number(period).ok_or(InvoiceError::BadPeriod)?;
    if difference > Micros::ZERO {
        let item = InvoiceItemId(named_id(&format!("plaza rerating\0{id}\0{period}\0{run}")).0);
        let invoice = find(tx, id).await?.ok_or(InvoiceError::Unknown)?;
        let item = NewItem {
            item_id: item,
            portfolio: invoice.portfolio_id,
            period,
            kind: LineKind::Adjustment,
            description: format!(
                "Messages of {period} rated again (to {})",
                invoice.number.unwrap_or_default()
            ),
            quantity: 1,
            unit: difference,
            amount: difference,
            is_settled: false,
        };
        return add_item(ctx, tx, &item).await;
    }
    let invoice = find(tx, id).await?.ok_or(InvoiceError::Unknown)?;
    let ppm = invoice.document()?.taxes.first().map_or(0, |tax| i128::from(tax.treatment.ppm));
    let added = if invoice.is_tax_inclusive { 0 } else { ppm };
    let minor = i128::from(invoice.currency.minor_micros());
    let gross = i128::from(difference.0.unsigned_abs())
        .checked_mul(WHOLE_PPM.saturating_add(added))
        .zip(WHOLE_PPM.checked_mul(minor))
        .and_then(|(amount, whole)| half_even(amount, whole))
        .and_then(|amount| i64::try_from(amount).ok())
        .ok_or(InvoiceError::BadAmount)?;
    // What was credited before is not credited again, and less than half a minor unit is nothing that can be paid.
    let amount = gross.min(invoice.total_minor.saturating_sub(invoice.credited_minor));
    if amount <= 0 {
        return Ok(());
    }
    let note = Credit {
        key: format!("rerating {period} {run}"),
        amount_minor: Some(amount),
        reason: format!("Messages of {period} rated again"),
    };
    credit(ctx, tx, id, &note).await?;
    Ok(())
}

/// Moves usage between the lines of an invoice that is not final. Of each line its key, the first usage event that it
/// has now, and what it has more, or less: pieces, amount, what is owed of it.
pub(crate) async fn move_usage(
    tx: &mut Tx,
    lines: Vec<(Vec<Value>, i64, [i64; 3])>,
) -> Result<(), InvoiceError> {
    let with = |key: &[Value], more: &[i64]| {
        let mut row = key.to_vec();
        row.extend(more.iter().map(|value| Value::from(*value)));
        row
    };
    let begun = lines.iter().map(|(key, first, _)| with(key, &[*first])).collect();
    tx.execute_many(store::BEGIN_USAGE, begun).await?;
    let moved = lines.iter().map(|(key, _, more)| with(key, more)).collect();
    tx.execute_many(store::MOVE_USAGE, moved).await?;
    Ok(())
}

/// Whether the order of a month's deliveries can have decided about a price: more than one tier was reached, or a free
/// quantity was used up.
pub(crate) async fn is_ordered(
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: Period,
) -> Result<bool, InvoiceError> {
    Ok(tx.query_one(store::IS_ORDERED, params![portfolio, period.number()]).await?.is_some())
}
