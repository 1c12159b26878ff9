//! What the documents of an invoice show. It is copied into the invoice when it becomes final: PDF and XML are functions
//! of it alone, and so are the same whenever they are made.

use super::total::{Totals, Treatment};
use super::{CreditNote, InvoiceError, LegalEntity, Line, LineKind, Period, Profile, pdf};
use jiff::tz::TimeZone;
use plaza_protocol::{Currency, Timestamp};
use serde::{Deserialize, Serialize};

/// Seller or buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Name.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Postal code.
    pub postal_code: String,
    /// City.
    pub city: String,
    /// Country, two letters.
    pub country: String,
    /// Tax id; empty: none.
    pub tax_id: String,
    /// Mail address.
    pub email: String,
}

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentLine {
    /// What it is for.
    pub kind: LineKind,
    /// In words.
    pub text: String,
    /// What it is a line of its own for; empty: nothing.
    pub note: String,
    /// How many.
    pub quantity: i64,
    /// The price of one, micros.
    pub unit_micros: i64,
    /// Exact, micros.
    pub amount_micros: i64,
    /// Without tax, minor units.
    pub net_minor: i64,
}

/// A line of the tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentTax {
    /// How it is taxed.
    pub treatment: Treatment,
    /// Of what, minor units.
    pub base_minor: i64,
    /// The tax, minor units.
    pub tax_minor: i64,
}

/// What the documents show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The number; empty on a draft.
    pub number: String,
    /// Of a credit note: the number of the invoice that it takes from.
    #[serde(default)]
    pub credits: String,
    /// Of a credit note: why.
    #[serde(default)]
    pub reason: String,
    /// The portfolio's id: what the buyer's books know it by.
    pub account: String,
    /// The month.
    pub period: String,
    /// Its first day, 2026-11-01.
    pub period_from: String,
    /// Its last day.
    pub period_to: String,
    /// The day of issue.
    pub issued_on: String,
    /// The day on which it is due.
    pub due_on: String,
    /// Days are those of this time zone.
    pub time_zone: String,
    /// Of all amounts.
    pub currency: Currency,
    /// Who sends it.
    pub seller: Party,
    /// Where transfers go.
    pub iban: String,
    /// The bank of it.
    pub bic: String,
    /// Who gets it.
    pub buyer: Party,
    /// Lines.
    pub lines: Vec<DocumentLine>,
    /// Taxes.
    pub taxes: Vec<DocumentTax>,
    /// Without tax.
    pub subtotal_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// With tax.
    pub total_minor: i64,
    /// Paid in advance.
    pub prepaid_minor: i64,
    /// What rounding added, micros.
    pub rounding_micros: i64,
}

impl Document {
    /// What is due.
    pub fn due_minor(&self) -> i64 {
        self.total_minor.saturating_sub(self.prepaid_minor).max(0)
    }
}

/// What the documents of a credit note show.
pub fn credit_note_document(invoice: &Document, note: &CreditNote) -> Result<Document, InvoiceError> {
    let net_minor = note.amount_minor.saturating_sub(note.tax_minor);
    let micros = net_minor.saturating_mul(invoice.currency.minor_micros());
    let line = DocumentLine {
        kind: LineKind::Adjustment,
        text: format!("Credit on invoice {}", invoice.number),
        note: String::new(),
        quantity: 1,
        unit_micros: micros,
        amount_micros: micros,
        net_minor,
    };
    let taxes = invoice.taxes.iter().take(1).map(|tax| DocumentTax {
        treatment: tax.treatment.clone(),
        base_minor: net_minor,
        tax_minor: note.tax_minor,
    });
    Ok(Document {
        number: note.number.clone(),
        credits: invoice.number.clone(),
        reason: note.reason.clone(),
        issued_on: day(note.issued_at, &invoice.time_zone)?,
        due_on: String::new(),
        lines: vec![line],
        taxes: taxes.collect(),
        subtotal_minor: net_minor,
        tax_minor: note.tax_minor,
        total_minor: note.amount_minor,
        prepaid_minor: 0,
        rounding_micros: 0,
        ..invoice.clone()
    })
}

/// A mail that goes with an invoice or credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where to.
    pub to: String,
    /// In one line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// The mail that goes with a document.
pub fn letter(document: &Document) -> Letter {
    let total = format!("{} {}", pdf::amount(document.total_minor, document.currency), document.currency);
    let due = format!("{} {}", pdf::amount(document.due_minor(), document.currency), document.currency);
    let seller = &document.seller.name;
    let (subject, told) = if !document.credits.is_empty() {
        let told = format!(
            "Attached is credit note {} over {total} on invoice {}.\nReason: {}",
            document.number, document.credits, document.reason
        );
        (format!("Credit note {} from {seller}", document.number), told)
    } else if document.due_minor() > 0 {
        let told = format!(
            "Attached is invoice {} for {} over {total}.\nPlease pay {due} by {}, reference {}.",
            document.number, document.period, document.due_on, document.number
        );
        (format!("Invoice {} from {seller}: {due} due {}", document.number, document.due_on), told)
    } else {
        let told = format!(
            "Attached is invoice {} for {} over {total}.\nIt was paid in advance: nothing is due.",
            document.number, document.period
        );
        (format!("Invoice {} from {seller}", document.number), told)
    };
    let body = format!("Hello {},\n\n{told}\n\n{seller}\n{}\n", document.buyer.name, document.seller.email);
    Letter { to: document.buyer.email.clone(), subject, body }
}

/// A day as documents write it.
pub(super) fn day(at: Timestamp, zone: &str) -> Result<String, InvoiceError> {
    let zone = TimeZone::get(zone).map_err(|_| InvoiceError::Damaged("a time zone is unknown"))?;
    let at = jiff::Timestamp::from_microsecond(at.0);
    let at = at.map_err(|_| InvoiceError::Damaged("a time is out of range"))?;
    Ok(at.to_zoned(zone).date().to_string())
}

pub(super) fn seller(entity: &LegalEntity) -> Party {
    let entity = entity.clone();
    Party {
        name: entity.name,
        street: entity.street,
        postal_code: entity.postal_code,
        city: entity.city,
        country: entity.country,
        tax_id: entity.tax_id,
        email: entity.email,
    }
}

pub(super) fn buyer(profile: &Profile) -> Party {
    let profile = profile.clone();
    Party {
        name: profile.name,
        street: profile.street,
        postal_code: profile.postal_code,
        city: profile.city,
        country: profile.country,
        tax_id: profile.tax_id,
        email: profile.email,
    }
}

/// A line in words: `Marketing messages, Germany`.
pub(super) fn text(line: &Line) -> String {
    if line.kind != LineKind::Usage {
        return line.description.clone();
    }
    let (category, is_in_group) =
        line.category.strip_prefix("group_").map_or((&*line.category, false), |category| (category, true));
    let what = match category {
        "marketing" => "Marketing messages",
        "utility" => "Utility messages",
        "authentication" => "Authentication messages",
        "authentication_international" => "Authentication messages (international)",
        "service" => "Service messages",
        "call" => "Calls, pulses of 6 s",
        other => other,
    };
    let groups = if is_in_group { " in groups" } else { "" };
    let mut text = format!("{what}{groups}, {}", line.market);
    if line.tier > 0 {
        text = format!("{text}, from message {}", line.tier.saturating_add(1));
    }
    match &*line.pricing_type {
        "free_customer_service" | "free_group_customer_service" => text.push_str(" (free)"),
        "free_entry_point" => text.push_str(" (free entry point)"),
        _ => {}
    }
    text
}

/// All of it, but for number and dates of issue.
pub(super) fn document(
    (account, period): (String, Period),
    (entity, profile): (&LegalEntity, &Profile),
    lines: &[Line],
    (tax, totals): (&Treatment, &Totals),
    currency: Currency,
) -> Result<Document, InvoiceError> {
    let (from, to) = period.days()?;
    let shown = lines.iter().map(|line| DocumentLine {
        kind: line.kind,
        text: text(line),
        note: if line.period == period || line.kind != LineKind::Usage {
            String::new()
        } else {
            format!("delivered in {}, reported late", line.period)
        },
        quantity: line.quantity,
        unit_micros: line.unit.0,
        amount_micros: line.amount.0,
        net_minor: line.net_minor,
    });
    Ok(Document {
        number: String::new(),
        credits: String::new(),
        reason: String::new(),
        account,
        period: period.to_string(),
        period_from: from.to_string(),
        period_to: to.to_string(),
        issued_on: String::new(),
        due_on: String::new(),
        time_zone: entity.time_zone.clone(),
        currency,
        seller: seller(entity),
        iban: entity.iban.clone(),
        bic: entity.bic.clone(),
        buyer: buyer(profile),
        lines: shown.collect(),
        taxes: vec![DocumentTax {
            treatment: tax.clone(),
            base_minor: totals.subtotal_minor,
            tax_minor: totals.tax_minor,
        }],
        subtotal_minor: totals.subtotal_minor,
        tax_minor: totals.tax_minor,
        total_minor: totals.total_minor,
        prepaid_minor: totals.prepaid_minor,
        rounding_micros: totals.rounding,
    })
}
