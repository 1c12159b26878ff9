//! What the mails of invoices say: one goes out with each final invoice and credit note, and reminders go to who has not
//! paid. A mail names the document that goes along; its PDF is made when the mail is sent, from what never changes.

use super::document::{Document, credit_note_document, letter};
use super::{Invoice, InvoiceError, decimal, find, pdf, require_operator, settle, store};
use crate::alerts::{self, NewAlert};
use crate::mail::{self, Attachment, Mail};
use plaza_db::{Tx, params};
use plaza_ledger::named_id;
use plaza_protocol::{Ctx, PortfolioId, Timestamp};

/// Invoices that a reminder lists.
const REMINDED_INVOICES: u32 = 50;

/// Puts the mail of a document into the outbox.
pub(super) async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    document: &Document,
    attachment: Attachment,
) -> Result<(), InvoiceError> {
    let letter = letter(document);
    let mail = Mail {
        to: letter.to,
        subject: letter.subject,
        body_text: letter.body,
        body_html: None,
        attachments: vec![attachment],
    };
    mail::enqueue(ctx, tx, &mail).await?;
    Ok(())
}

/// The name and the bytes of what goes along with a mail.
pub async fn attached(
    ctx: &Ctx,
    tx: &mut Tx,
    attachment: Attachment,
) -> Result<(String, Vec<u8>), InvoiceError> {
    require_operator(ctx)?;
    let document = match attachment {
        Attachment::Invoice(id) => find(tx, id).await?.ok_or(InvoiceError::Unknown)?.document()?,
        Attachment::CreditNote(id) => {
            let note = settle::find_credit_note(tx, id).await?.ok_or(InvoiceError::Unknown)?;
            let invoice = find(tx, note.invoice_id).await?.ok_or(InvoiceError::Unknown)?;
            credit_note_document(&invoice.document()?, &note)?
        }
    };
    Ok((format!("{}.pdf", document.number), pdf(&document)?))
}

/// What happens to somebody who has not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// A mail.
    Mail,
    /// A call of its webhook.
    Webhook,
    /// It sends more slowly.
    Throttle,
    /// It sends nothing that costs.
    Suspend,
}

impl Consequence {
    fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::Throttle => "throttle",
            Self::Suspend => "suspend",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Mail | Self::Webhook => "Please pay them now.",
            Self::Throttle => "Until they are paid, your messages are sent more slowly.",
            Self::Suspend => "Until they are paid, nothing is sent that costs.",
        }
    }
}

/// Tells a portfolio that invoices are overdue, and what follows from it: by mail, by webhook, or both. The same step of
/// the same debt is told by webhook once.
pub async fn remind(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    (since, after_days): (Timestamp, i64),
    consequence: Consequence,
) -> Result<(), InvoiceError> {
    require_operator(ctx)?;
    let rows = tx.query(store::OVERDUE_OF, params![portfolio, ctx.now(), REMINDED_INVOICES]).await?;
    let mut overdue = Vec::with_capacity(rows.len());
    for row in rows {
        let invoice = find(tx, row.get(0)?).await?.ok_or(InvoiceError::Unknown)?;
        overdue.push((invoice.document()?, invoice));
    }
    if consequence != Consequence::Webhook {
        mail_reminder(ctx, tx, &overdue, consequence).await?;
    }
    if consequence != Consequence::Mail {
        let key = format!("plaza alert\0overdue {portfolio} {} {after_days}", since.0);
        let numbers: Vec<&str> = overdue.iter().map(|(document, _)| document.number.as_str()).collect();
        let text = format!("Invoices are overdue: {}. {}", numbers.join(", "), consequence.words());
        let alert = NewAlert {
            alert_id: named_id(&key).0,
            portfolio,
            kind: "overdue",
            text,
            details: serde_json::json!({
                "invoices": numbers, "action": consequence.as_str(), "overdue_since": since.seconds(),
            }),
        };
        alerts::raise(ctx, tx, &alert).await?;
    }
    Ok(())
}

async fn mail_reminder(
    ctx: &Ctx,
    tx: &mut Tx,
    overdue: &[(Document, Invoice)],
    consequence: Consequence,
) -> Result<(), InvoiceError> {
    // The newest knows where mails go today.
    let Some((last, _)) = overdue.last() else { return Ok(()) };
    let lines = overdue.iter().map(|(document, invoice)| {
        let open = decimal(invoice.open_minor(), invoice.currency);
        let (number, currency, due) = (&document.number, invoice.currency, &document.due_on);
        format!("  {number}: {open} {currency}, due {due}\n")
    });
    let seller = &last.seller;
    let mut ways = String::from("Pay in the manager under Billing, or by bank transfer");
    if !last.iban.is_empty() {
        ways.push_str(&format!(" to {}", last.iban));
    }
    let body = format!(
        "Hello {},\n\nthese invoices are overdue:\n\n{}\n{} {ways}, with the number of the invoice as reference.\n\n{}\n{}\n",
        last.buyer.name,
        lines.collect::<String>(),
        consequence.words(),
        seller.name,
        seller.email
    );
    let subject = match consequence {
        Consequence::Mail | Consequence::Webhook => {
            format!("Reminder from {}: invoices are overdue", seller.name)
        }
        Consequence::Throttle => format!("{}: you send more slowly, invoices are overdue", seller.name),
        Consequence::Suspend => format!("{}: sending is suspended, invoices are overdue", seller.name),
    };
    let attachments = overdue.iter().map(|(_, invoice)| Attachment::Invoice(invoice.invoice_id)).collect();
    let mail = Mail { to: last.buyer.email.clone(), subject, body_text: body, body_html: None, attachments };
    mail::enqueue(ctx, tx, &mail).await?;
    Ok(())
}
