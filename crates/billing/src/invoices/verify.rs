//! Holds sums against charges, invoices against sums, numbers against documents.

use super::document::DocumentLine;
use super::{InvoiceError, Line, LineKind, invoice, number, store};
use crate::BillingError;
use crate::verify::kinds::{INVOICES, LINES, USAGE};
use plaza_db::{Tx, params};
use plaza_ledger::{Account, AccountKind, Findings};
use plaza_protocol::{Ctx, InvoiceId, PortfolioId};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one page.
const PAGE_ROWS: i64 = 256;

/// What does not hold, in words.
pub(crate) async fn verify(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    match check(ctx, tx, found).await {
        Ok(()) => Ok(()),
        Err(InvoiceError::Db(error)) => Err(error.into()),
        Err(InvoiceError::Ledger(error)) => Err(error.into()),
        Err(InvoiceError::Billing(error)) => Err(error),
        Err(InvoiceError::Damaged(what)) => Err(BillingError::Damaged(what)),
        Err(other) => {
            found.differs(INVOICES, format!("invoices: {other}"));
            Ok(())
        }
    }
}

async fn check(ctx: &Ctx, tx: &mut Tx, found: &mut Findings) -> Result<(), InvoiceError> {
    let mut after = PortfolioId(i64::MIN);
    loop {
        let page = tx.query(store::PORTFOLIOS_AFTER, params![after, PAGE_ROWS]).await?;
        for row in &page {
            after = row.get(0)?;
            check_sums(tx, after, found).await?;
        }
        if page.is_empty() {
            break;
        }
    }
    let mut after = InvoiceId(uuid::Uuid::nil());
    let mut owed: BTreeMap<(PortfolioId, plaza_protocol::Currency), i128> = BTreeMap::new();
    loop {
        let page = tx.query(store::INVOICES_AFTER, params![after, PAGE_ROWS]).await?;
        for row in &page {
            after = row.get(0)?;
            check_invoice(ctx, tx, after, &mut owed, found).await?;
        }
        if page.is_empty() {
            break;
        }
    }
    for ((portfolio, currency), micros) in owed {
        let account = Account::new(AccountKind::Invoiced(portfolio), currency);
        let posted = i128::from(plaza_ledger::balance(ctx, tx, &account).await?.posted.0);
        if posted != micros {
            let which = format!("portfolio {portfolio} ({currency})");
            let difference = format!("{which}: its invoices leave {micros} micros open, the ledger {posted}");
            found.differs(INVOICES, difference);
        }
    }
    number::verify(tx, found).await
}

/// The sums are those of the charges, and what is marked stands on invoices.
async fn check_sums(tx: &mut Tx, portfolio: PortfolioId, found: &mut Findings) -> Result<(), InvoiceError> {
    type Key = (i64, String, String, String, i64, i64);
    let rows = tx.query_list(gather_mark(), &[], &[portfolio.into()]).await?;
    let sequence: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    let read = |rows: Vec<plaza_db::Row>| -> Result<BTreeMap<Key, (i64, i64, i64)>, InvoiceError> {
        let mut sums = BTreeMap::new();
        for row in rows {
            let key = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
            sums.insert(key, (row.get(6)?, row.get(7)?, row.get(8)?));
        }
        Ok(sums)
    };
    let kept = read(tx.query(store::SUMMED, params![portfolio]).await?)?;
    let again = read(tx.query(store::SUMMED_AGAIN, params![portfolio, sequence]).await?)?;
    found.checked(USAGE, i64::try_from(again.len()).unwrap_or(i64::MAX));
    if kept != again {
        let difference = "the sums of its months are not those of its charges";
        found.differs(USAGE, format!("portfolio {portfolio}: {difference}"));
    }
    let marked = read(tx.query(store::MARKED_USAGE, params![portfolio]).await?)?;
    let invoiced = read(tx.query(store::INVOICED_USAGE, params![portfolio]).await?)?;
    for key in marked.keys().chain(invoiced.keys()).collect::<BTreeSet<&Key>>() {
        let (marked, invoiced) = (marked.get(key), invoiced.get(key));
        if marked != invoiced {
            let (month, market, category, ..) = key;
            let which = format!("portfolio {portfolio}, {month}, {category} to {market}");
            let difference = format!("{marked:?} is marked as invoiced, its invoices have {invoiced:?}");
            found.differs(LINES, format!("{which}: {difference}"));
        }
    }
    Ok(())
}

fn gather_mark() -> plaza_db::ListSql {
    plaza_db::ListSql {
        name: store::GATHERED.name,
        text: "SELECT sequence FROM usage_gathered WHERE portfolio_id IN ({list})",
    }
}

async fn check_invoice(
    ctx: &Ctx,
    tx: &mut Tx,
    id: InvoiceId,
    owed: &mut BTreeMap<(PortfolioId, plaza_protocol::Currency), i128>,
    found: &mut Findings,
) -> Result<(), InvoiceError> {
    let (invoice, lines) = invoice(ctx, tx, id).await?;
    let name = invoice.number.clone().unwrap_or_else(|| format!("draft {id}"));
    let mut wrong = |kind, what: &str| found.differs(kind, format!("{name}: {what}"));
    let charges: i128 = lines.iter().map(|line| i128::from(line.amount.0)).sum();
    let net: i128 = lines.iter().map(|line| i128::from(line.net_minor)).sum();
    if charges != i128::from(invoice.charges.0) || net != i128::from(invoice.subtotal_minor) {
        wrong(INVOICES, "its sums are not those of its lines");
    }
    if invoice.number.is_some() {
        let document = invoice.document()?;
        let shown =
            (document.subtotal_minor, document.tax_minor, document.total_minor, document.prepaid_minor);
        let kept = (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor, invoice.prepaid_minor);
        if shown != kept || Some(&document.number) != invoice.number.as_ref() {
            wrong(INVOICES, "its document shows other amounts");
        }
        let is_line = |(shown, line): (&DocumentLine, &Line)| {
            (shown.quantity, shown.unit_micros, shown.amount_micros, shown.net_minor)
                == (line.quantity, line.unit.0, line.amount.0, line.net_minor)
        };
        if document.lines.len() != lines.len() || !document.lines.iter().zip(&lines).all(is_line) {
            wrong(LINES, "its document shows other lines");
        }
        let sha256 = Sha256::digest(super::pdf::render(&document)?).to_vec();
        if invoice.pdf_sha256.as_deref() != Some(&sha256) {
            wrong(INVOICES, "its PDF is not the one that was sent");
        }
    }
    found.checked(INVOICES, 1);
    found.checked(LINES, i64::try_from(lines.len()).unwrap_or(i64::MAX));
    if invoice.number.is_none() {
        return Ok(());
    }
    let notes = super::credit_notes(ctx, tx, id).await?;
    let credited: i64 = notes.iter().map(|note| note.amount_minor).fold(0, i64::saturating_add);
    let credited_due: i64 = notes.iter().map(|note| note.due_minor).fold(0, i64::saturating_add);
    let paid: i64 =
        super::payments(ctx, tx, id).await?.iter().map(|paid| paid.amount_minor).fold(0, i64::saturating_add);
    if (credited, credited_due, paid)
        != (invoice.credited_minor, invoice.credited_due_minor, invoice.paid_minor)
    {
        found.differs(INVOICES, format!("{name}: what was paid and credited does not add up"));
    }
    // The credit line is restored as usage is paid; the rest of what is open stands on the account of invoices.
    let usage: i128 =
        lines.iter().filter(|line| line.kind == LineKind::Usage).map(|line| i128::from(line.credit.0)).sum();
    let due = i128::from(invoice.due_minor());
    let settled = i128::from(paid).saturating_add(i128::from(credited_due));
    let minor = i128::from(invoice.currency.minor_micros());
    let restored = if settled >= due { usage } else { settled.saturating_mul(minor).min(usage) };
    let open =
        due.saturating_sub(settled).saturating_mul(minor).saturating_sub(usage.saturating_sub(restored));
    let sum = owed.entry((invoice.portfolio_id, invoice.currency)).or_default();
    *sum = sum.saturating_sub(open);
    Ok(())
}
