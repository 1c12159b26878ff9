//! What happens to a final invoice: payments, credit notes, and the day on which it is due.

use super::document::credit_note_document;
use super::number::{self, Numbered};
use super::parties::entity;
use super::total::{half_even, micros};
use super::{Invoice, InvoiceError, Status, decimal, find, letters, require_operator, require_sight, store};
use crate::alerts;
use crate::audit::{self, Act, On};
use crate::mail::Attachment;
use crate::portfolio::prepaid;
use crate::standing;
use plaza_db::{Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Transfer, derived_id};
use plaza_protocol::{CreditNoteId, Ctx, InvoiceId, InvoicePaymentId, Micros, PortfolioId, Timestamp};
use serde_json::json;

/// Characters of a reference or reason.
const WORDS_CHARS_MAX: usize = 200;

/// Where a payment comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentSource {
    /// Money at the bank.
    Transfer,
    /// Captured by a provider of this name.
    Provider(String),
}

/// A payment of an invoice.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Stands for this payment for ever: the same key pays once.
    pub key: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Where from.
    pub source: PaymentSource,
    /// What the bank or provider calls it.
    pub reference: String,
}

/// A payment that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Its id.
    pub payment_id: InvoicePaymentId,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// `transfer`, or the provider's name.
    pub method: String,
    /// What the bank or provider calls it.
    pub reference: String,
    /// When.
    pub paid_at: Timestamp,
}

/// Takes from an invoice.
#[derive(Debug, Clone)]
pub struct Credit {
    /// Stands for this credit note for ever: the same key credits once.
    pub key: String,
    /// How much, tax included, in minor units; `None`: all that is left.
    pub amount_minor: Option<i64>,
    /// Why: it stands on the credit note.
    pub reason: String,
}

/// A credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// Its id.
    pub credit_note_id: CreditNoteId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its number.
    pub number: String,
    /// Why.
    pub reason: String,
    /// Tax included, in minor units.
    pub amount_minor: i64,
    /// The tax in it.
    pub tax_minor: i64,
    /// What it took from the amount due; the rest went to the balance.
    pub due_minor: i64,
    /// When.
    pub issued_at: Timestamp,
}

fn credit_note(row: &plaza_db::Row) -> Result<CreditNote, InvoiceError> {
    Ok(CreditNote {
        credit_note_id: row.get(0)?,
        invoice_id: row.get(1)?,
        number: row.get(2)?,
        reason: row.get(3)?,
        amount_minor: row.get(4)?,
        tax_minor: row.get(5)?,
        due_minor: row.get(6)?,
        issued_at: row.get(7)?,
    })
}

fn paid(row: &plaza_db::Row) -> Result<Paid, InvoiceError> {
    Ok(Paid {
        payment_id: row.get(0)?,
        amount_minor: row.get(1)?,
        method: row.get(2)?,
        reference: row.get(3)?,
        paid_at: row.get(4)?,
    })
}

/// Locks an invoice, and reads it as it is then.
async fn locked(tx: &mut Tx, id: InvoiceId) -> Result<Invoice, InvoiceError> {
    tx.query_list(store::LOCK_INVOICES, &[], &[id.into()]).await?;
    let invoice = find(tx, id).await?.ok_or(InvoiceError::Unknown)?;
    if invoice.status == Status::Draft { Err(InvoiceError::NotFinal) } else { Ok(invoice) }
}

fn check_words(words: &str, wrong: &'static str) -> Result<(), InvoiceError> {
    let is_good = !words.trim().is_empty()
        && words.chars().count() <= WORDS_CHARS_MAX
        && !words.chars().any(char::is_control);
    if is_good { Ok(()) } else { Err(InvoiceError::Invalid(wrong)) }
}

fn above_rest(rest: i64, invoice: &Invoice) -> InvoiceError {
    InvoiceError::AboveRest { rest: decimal(rest, invoice.currency), currency: invoice.currency }
}

/// Pays an invoice, or a part of it; never more than is open.
pub async fn pay(ctx: &Ctx, tx: &mut Tx, id: InvoiceId, payment: &Payment) -> Result<Invoice, InvoiceError> {
    require_operator(ctx)?;
    check_words(&payment.reference, "reference: 1 to 200 characters are needed")?;
    check_words(&payment.key, "key: 1 to 200 characters are needed")?;
    let invoice = locked(tx, id).await?;
    let payment_id = InvoicePaymentId(derived_id(id.0, &format!("payment {}", payment.key)).0);
    let (method, from) = match &payment.source {
        PaymentSource::Transfer => ("transfer", AccountKind::Bank),
        PaymentSource::Provider(name) => (name.as_str(), AccountKind::PspClearing(name.as_str().into())),
    };
    if let Some(row) = tx.query_one(store::PAYMENT, params![payment_id]).await? {
        let there = paid(&row)?;
        let is_same = (there.amount_minor, there.method.as_str()) == (payment.amount_minor, method);
        return if is_same { Ok(invoice) } else { Err(InvoiceError::KeyReused) };
    }
    if payment.amount_minor <= 0 {
        return Err(InvoiceError::BadAmount);
    }
    if matches!(invoice.status, Status::Paid | Status::Void) {
        return Err(InvoiceError::Ended(invoice.status));
    }
    if payment.amount_minor > invoice.open_minor() {
        return Err(above_rest(invoice.open_minor(), &invoice));
    }
    let owed = Account::new(AccountKind::Invoiced(invoice.portfolio_id), invoice.currency);
    let amount = micros(payment.amount_minor, invoice.currency)?;
    let mut moves = vec![(payment_id.0, "pay", Account::new(from, invoice.currency), owed, amount)];
    let after = Invoice {
        paid_minor: invoice.paid_minor.checked_add(payment.amount_minor).ok_or(InvoiceError::BadAmount)?,
        ..invoice.clone()
    };
    moves.extend(restore(payment_id.0, &invoice, &after)?);
    post(ctx, tx, moves).await?;
    let row = params![payment_id, id, payment.amount_minor, method, payment.reference.trim(), ctx.now()];
    tx.execute(store::INSERT_PAYMENT, row).await?;
    let settled = settle(ctx, tx, after).await?;
    let details = json!({
        "number": settled.number, "amount_minor": payment.amount_minor, "currency": settled.currency.code(),
        "method": method, "reference": payment.reference.trim(), "status": settled.status.as_str(),
    });
    audit::note(ctx, tx, Act::InvoicePaid, On::of(id).owned_by(settled.portfolio_id), details).await?;
    Ok(settled)
}

/// Takes from a final invoice by a credit note of its own number; never more than is left of its total. What is still
/// due becomes less; what was paid goes to the prepaid balance. One over the whole of an unpaid invoice voids it.
pub async fn credit(
    ctx: &Ctx,
    tx: &mut Tx,
    id: InvoiceId,
    credit: &Credit,
) -> Result<CreditNote, InvoiceError> {
    require_operator(ctx)?;
    check_words(&credit.reason, "reason: 1 to 200 characters are needed; they stand on the credit note")?;
    check_words(&credit.key, "key: 1 to 200 characters are needed")?;
    let invoice = locked(tx, id).await?;
    let credit_note_id = CreditNoteId(derived_id(id.0, &format!("credit note {}", credit.key)).0);
    if let Some(row) = tx.query_one(store::CREDIT_NOTE, params![credit_note_id]).await? {
        let there = credit_note(&row)?;
        let is_same = credit.amount_minor.is_none_or(|amount| amount == there.amount_minor);
        return if is_same { Ok(there) } else { Err(InvoiceError::KeyReused) };
    }
    let rest = invoice.total_minor.saturating_sub(invoice.credited_minor);
    let amount_minor = credit.amount_minor.unwrap_or(rest);
    if amount_minor > rest {
        return Err(above_rest(rest.max(0), &invoice));
    }
    if amount_minor <= 0 {
        return Err(if rest <= 0 { InvoiceError::Ended(invoice.status) } else { InvoiceError::BadAmount });
    }
    let credited_minor = invoice.credited_minor.saturating_add(amount_minor);
    let tax_minor =
        tax_until(&invoice, credited_minor)?.saturating_sub(tax_until(&invoice, invoice.credited_minor)?);
    let due_minor = amount_minor.min(invoice.open_minor());
    let after = Invoice {
        credited_minor,
        credited_due_minor: invoice.credited_due_minor.saturating_add(due_minor),
        ..invoice.clone()
    };
    let entity = entity(ctx, tx).await?.ok_or(InvoiceError::NoSeller)?;
    let number = number::next(ctx, tx, &entity, Numbered::CreditNote).await?;
    book(ctx, tx, credit_note_id, (&invoice, &after), (amount_minor, tax_minor, due_minor)).await?;
    let note = CreditNote {
        credit_note_id,
        invoice_id: id,
        number,
        reason: credit.reason.trim().to_owned(),
        amount_minor,
        tax_minor,
        due_minor,
        issued_at: ctx.now(),
    };
    let row = params![
        note.credit_note_id,
        id,
        &note.number,
        &note.reason,
        amount_minor,
        tax_minor,
        due_minor,
        note.issued_at
    ];
    tx.execute(store::INSERT_CREDIT_NOTE, row).await?;
    let settled = settle(ctx, tx, after).await?;
    if amount_minor > due_minor {
        // What was paid went back to the balance.
        alerts::look(ctx, tx, settled.portfolio_id, true).await?;
    }
    let document = credit_note_document(&settled.document()?, &note)?;
    letters::send(ctx, tx, &document, Attachment::CreditNote(credit_note_id)).await?;
    let act = if settled.status == Status::Void { Act::InvoiceVoided } else { Act::CreditNote };
    let details = json!({
        "invoice": settled.number, "credit_note": note.number, "amount_minor": amount_minor,
        "currency": settled.currency.code(), "reason": note.reason,
    });
    audit::note(ctx, tx, act, On::of(id).owned_by(settled.portfolio_id), details).await?;
    Ok(note)
}

/// The tax in what was credited up to an amount: the shares of several credit notes add up to the tax of the invoice.
fn tax_until(invoice: &Invoice, credited_minor: i64) -> Result<i64, InvoiceError> {
    if invoice.total_minor <= 0 {
        return Ok(0);
    }
    i128::from(credited_minor)
        .checked_mul(i128::from(invoice.tax_minor))
        .and_then(|product| half_even(product, i128::from(invoice.total_minor)))
        .and_then(|tax| i64::try_from(tax).ok())
        .ok_or(InvoiceError::BadAmount)
}

type Move = (uuid::Uuid, &'static str, Account, Account, Micros);

async fn book(
    ctx: &Ctx,
    tx: &mut Tx,
    note: CreditNoteId,
    (before, after): (&Invoice, &Invoice),
    (amount, tax, due): (i64, i64, i64),
) -> Result<(), InvoiceError> {
    let currency = before.currency;
    let account = |kind| Account::new(kind, currency);
    let owed = || account(AccountKind::Invoiced(before.portfolio_id));
    let jurisdiction = before.document()?.taxes.first().map(|tax| tax.treatment.jurisdiction.clone());
    let office = account(AccountKind::Tax(jurisdiction.unwrap_or_default().into()));
    let mut moves: Vec<Move> = Vec::new();
    let refunded = if before.is_tax_inclusive {
        moves.push((note.0, "tax", office, account(AccountKind::ContraTax), micros(tax, currency)?));
        amount
    } else {
        moves.push((note.0, "tax", office, owed(), micros(tax, currency)?));
        amount.saturating_sub(tax)
    };
    moves.push((note.0, "refund", account(AccountKind::ContraRefund), owed(), micros(refunded, currency)?));
    let rest = micros(amount.saturating_sub(due), currency)?;
    moves.push((note.0, "balance", owed(), prepaid(before.portfolio_id, currency), rest));
    moves.extend(restore(note.0, before, after)?);
    post(ctx, tx, moves).await
}

/// What goes back to the credit line: usage that was owed is paid first.
fn restore(cause: uuid::Uuid, before: &Invoice, after: &Invoice) -> Result<Option<Move>, InvoiceError> {
    let restored = |invoice: &Invoice| {
        let settled = invoice.paid_minor.saturating_add(invoice.credited_due_minor);
        if settled >= invoice.due_minor() {
            return Ok(invoice.credit.0);
        }
        Ok::<_, InvoiceError>(micros(settled, invoice.currency)?.0.min(invoice.credit.0))
    };
    // Before anything was paid nothing was restored, also where nothing was due.
    let was = if before.paid_minor == 0 && before.credited_due_minor == 0 { 0 } else { restored(before)? };
    let moved = restored(after)?.saturating_sub(was);
    if before.due_minor() == 0 || moved <= 0 {
        return Ok(None);
    }
    let account = |kind| Account::new(kind, before.currency);
    Ok(Some((
        cause,
        "restore",
        account(AccountKind::Invoiced(before.portfolio_id)),
        account(AccountKind::PortfolioReceivable(before.portfolio_id)),
        Micros(moved),
    )))
}

async fn post(ctx: &Ctx, tx: &mut Tx, moves: Vec<Move>) -> Result<(), InvoiceError> {
    let transfers: Vec<_> = moves
        .into_iter()
        .filter(|(.., amount)| *amount > Micros::ZERO)
        .map(|(cause, name, debit, credit, amount)| Transfer {
            transfer_id: derived_id(cause, name),
            action: Action::Posted { debit, credit, amount },
        })
        .collect();
    if plaza_ledger::post(ctx, tx, &transfers).await?.iter().any(Result::is_err) {
        return Err(InvoiceError::Damaged("the ledger refused what settles an invoice"));
    }
    Ok(())
}

/// Writes where an invoice stands.
async fn settle(ctx: &Ctx, tx: &mut Tx, mut invoice: Invoice) -> Result<Invoice, InvoiceError> {
    let is_void = invoice.credited_minor == invoice.total_minor
        && invoice.credited_minor > 0
        && invoice.paid_minor == 0;
    if is_void {
        invoice.status = Status::Void;
    } else if invoice.open_minor() == 0 {
        invoice.status = Status::Paid;
    }
    if matches!(invoice.status, Status::Paid | Status::Void) && invoice.ended_at.is_none() {
        invoice.ended_at = Some(ctx.now());
    }
    let row = params![
        invoice.invoice_id,
        invoice.status.as_str(),
        invoice.paid_minor,
        invoice.credited_minor,
        invoice.credited_due_minor,
        invoice.ended_at
    ];
    tx.execute(store::SETTLE, row).await?;
    if matches!(invoice.status, Status::Paid | Status::Void) {
        standing::settled(ctx, tx, invoice.portfolio_id).await?;
    }
    Ok(invoice)
}

/// The credit notes of an invoice.
pub async fn credit_notes(_ctx: &Ctx, tx: &mut Tx, id: InvoiceId) -> Result<Vec<CreditNote>, InvoiceError> {
    tx.query(store::CREDIT_NOTES, params![id]).await?.iter().map(credit_note).collect()
}

pub(super) async fn find_credit_note(
    tx: &mut Tx,
    id: CreditNoteId,
) -> Result<Option<CreditNote>, InvoiceError> {
    tx.query_one(store::CREDIT_NOTE, params![id]).await?.map(|row| credit_note(&row)).transpose()
}

/// An invoice that is about to be paid, locked: two who pay it follow each other.
pub async fn payable(ctx: &Ctx, tx: &mut Tx, id: InvoiceId) -> Result<Invoice, InvoiceError> {
    let found = find(tx, id).await?.ok_or(InvoiceError::Unknown)?;
    require_sight(ctx, found.portfolio_id)?;
    locked(tx, id).await
}

/// Everybody who has not paid in time, and since when.
pub async fn overdue(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<(PortfolioId, Timestamp)>, InvoiceError> {
    require_operator(ctx)?;
    let rows = tx.query(store::OVERDUE, params![ctx.now()]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The payments of an invoice.
pub async fn payments(_ctx: &Ctx, tx: &mut Tx, id: InvoiceId) -> Result<Vec<Paid>, InvoiceError> {
    tx.query(store::PAYMENTS, params![id]).await?.iter().map(paid).collect()
}

/// Marks invoices whose day has passed, at most `limit` of them, and names them.
pub async fn mark_overdue(
    ctx: &Ctx,
    tx: &mut Tx,
    limit: u32,
) -> Result<Vec<(InvoiceId, PortfolioId)>, InvoiceError> {
    let rows = tx.query(store::MARK_OVERDUE, params![ctx.now(), limit]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
