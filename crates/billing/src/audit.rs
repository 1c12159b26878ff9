//! # Who did it
//!
//! Every act of an operator that moves or decides about money or prices leaves a line in the audit log, written by the
//! operation itself, in the same transaction: what did not happen is not in the log, and nothing happens without it. Jobs
//! of Plaza and businesses leave none: what they do stands in the ledger and in their own rows.
//!
//! Lines are only added. Each is linked to the one before it by its hash; `plaza ledger verify` follows the chain.

pub(crate) mod store;

use crate::BillingError;
use crate::funds::require_operator;
use crate::verify::kinds::AUDIT;
use plaza_db::{DbError, Row, Tx, params};
use plaza_ledger::Findings;
use plaza_protocol::{Ctx, PortfolioId, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Who acts where somebody starts the server or works on its database directly.
pub const COMMAND_LINE: &str = "command line";

plaza_protocol::words! {
    /// What an operator did.
    Act {
        /// Credited a balance.
        Credit = "credit",
        /// Credited money of another currency.
        Exchange = "exchange",
        /// Gave promotional credit.
        PromotionalCredit = "promotional_credit",
        /// Set what a portfolio may owe.
        CreditLine = "credit_line",
        /// Gave back what had lapsed.
        Reinstate = "reinstate",
        /// Set a cap.
        CapSet = "cap_set",
        /// Took a cap away.
        CapRemoved = "cap_removed",
        /// Made the book of a contract.
        PriceBookCreated = "price_book_created",
        /// Took in a file of prices as a draft.
        PricesDrafted = "prices_drafted",
        /// Withdrew a draft.
        PricesWithdrawn = "prices_withdrawn",
        /// Published a version.
        PricesPublished = "prices_published",
        /// Took in the files of the list prices.
        PricesImported = "prices_imported",
        /// Rated a month again.
        Rerated = "rerated",
        /// Made an invoice final.
        InvoiceIssued = "invoice_issued",
        /// Issued a credit note.
        CreditNote = "credit_note",
        /// Voided an invoice by a credit note over the whole of it.
        InvoiceVoided = "invoice_voided",
        /// Marked an invoice as paid, or a part of it.
        InvoicePaid = "invoice_paid",
        /// Said who sends the invoices.
        LegalEntity = "legal_entity",
        /// Said whom the invoices of a portfolio name.
        InvoiceProfile = "invoice_profile",
        /// Set what numbers of documents look like.
        InvoiceSeries = "invoice_series",
        /// Set a tax rate.
        TaxRate = "tax_rate",
        /// Took a tax rate back.
        TaxRateRemoved = "tax_rate_removed",
        /// Put reminders and suspension off.
        RemindersHeld = "reminders_held",
        /// Lets reminders go on.
        RemindersReleased = "reminders_released",
        /// Set the steps against those who do not pay.
        ReminderSteps = "reminder_steps",
        /// Gave back of a payment.
        Refund = "refund",
        /// Sent back the money of a refund.
        RefundSent = "refund_sent",
        /// Recorded money that came to the bank.
        BankEntry = "bank_entry",
        /// Said whose money in suspense is.
        SuspenseAssigned = "suspense_assigned",
        /// Sent money in suspense back.
        SuspenseReturned = "suspense_returned",
        /// Booked the payout of a store.
        StorePayout = "store_payout",
        /// Gave back what was bought in a store.
        PurchaseRefund = "purchase_refund",
        /// Took in the file of plans; what is not in it is withdrawn.
        PlansImported = "plans_imported",
        /// Added a sticker pack.
        StickerPackAdded = "sticker_pack_added",
        /// Took a sticker pack away.
        StickerPackRemoved = "sticker_pack_removed",
        /// Built sums again that had differed.
        SumsRepaired = "sums_repaired",
    }
}

/// What it was done to.
#[derive(Debug, Clone)]
pub struct On {
    subject: String,
    portfolio: Option<PortfolioId>,
}

impl On {
    /// Something that is no portfolio's alone.
    pub fn of(subject: impl ToString) -> Self {
        Self { subject: subject.to_string(), portfolio: None }
    }

    /// It is this portfolio's.
    pub fn owned_by(self, portfolio: PortfolioId) -> Self {
        Self { portfolio: Some(portfolio), ..self }
    }
}

impl From<PortfolioId> for On {
    fn from(portfolio: PortfolioId) -> Self {
        Self::of(portfolio).owned_by(portfolio)
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place: 1, 2, 3 …
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// The operator's name, or [`COMMAND_LINE`].
    pub person: String,
    /// What, a word of [`Act`].
    pub act: String,
    /// The id of what it was done to.
    pub subject: String,
    /// Whose that is; `None`: nobody's alone.
    pub portfolio: Option<PortfolioId>,
    /// More of it, as JSON.
    pub details: String,
}

impl Line {
    fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            sequence: row.get(0)?,
            at: row.get(1)?,
            person: row.get(2)?,
            act: row.get(3)?,
            subject: row.get(4)?,
            portfolio: row.get(5)?,
            details: row.get(6)?,
        })
    }

    /// Links the line to the one before it.
    fn hash(&self, before: &str) -> String {
        let mut digest = Sha256::new()
            .chain_update(before)
            .chain_update(self.sequence.to_be_bytes())
            .chain_update(self.at.0.to_be_bytes())
            .chain_update(self.portfolio.map_or(i64::MIN, |id| id.0).to_be_bytes());
        for text in [&self.person, &self.act, &self.subject, &self.details] {
            // The length keeps one text apart from the next.
            let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
            digest = digest.chain_update(bytes.to_be_bytes()).chain_update(text);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Writes down what the operator of this context does; of anybody else, nothing. It comes last in an operation: the end of
/// the log is locked until the transaction has ended.
pub async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    act: Act,
    on: impl Into<On>,
    details: Value,
) -> Result<(), DbError> {
    let Some(person) = ctx.operator() else { return Ok(()) };
    let row = tx.query_one(store::NEXT, vec![]).await?;
    let row = row.ok_or_else(|| DbError::Commit("the audit log has no head".to_owned()))?;
    let (sequence, before): (i64, String) = (row.get(0)?, row.get(1)?);
    let On { subject, portfolio } = on.into();
    let line = Line {
        sequence,
        at: ctx.now(),
        person: person.to_owned(),
        act: act.as_str().to_owned(),
        subject,
        portfolio,
        details: details.to_string(),
    };
    let hash = line.hash(&before);
    let Line { at, person, act, subject, portfolio, details, .. } = &line;
    let row = params![
        sequence,
        *at,
        person.as_str(),
        act.as_str(),
        subject.as_str(),
        *portfolio,
        details.as_str(),
        hash.as_str()
    ];
    tx.execute(store::INSERT, row).await?;
    tx.execute(store::SET_HEAD, params![hash.as_str()]).await?;
    Ok(())
}

/// Which lines are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What; empty: everything.
    pub act: String,
    /// Who; empty: everybody.
    pub person: String,
    /// Whose.
    pub portfolio: Option<PortfolioId>,
    /// Not before.
    pub from: Timestamp,
    /// Before this time, and of this time before this place.
    pub before: (Timestamp, i64),
}

/// Lines of the log, the latest first.
pub async fn lines(ctx: &Ctx, tx: &mut Tx, wanted: &Wanted, limit: usize) -> Result<Vec<Line>, BillingError> {
    require_operator(ctx)?;
    let row = params![
        wanted.before.0,
        wanted.before.1,
        wanted.from,
        wanted.act.as_str(),
        wanted.person.as_str(),
        wanted.portfolio.map_or(0, |id| id.0),
        i64::try_from(limit).unwrap_or(i64::MAX)
    ];
    Ok(tx.query(store::PAGE, row).await?.iter().map(Line::read).collect::<Result<_, _>>()?)
}

/// For verification: follows the chain to its end.
pub(crate) async fn verify(tx: &mut Tx, found: &mut Findings) -> Result<(), BillingError> {
    let (mut last, mut hash) = (0_i64, String::new());
    loop {
        let rows = tx.query(store::AFTER, params![last]).await?;
        for row in &rows {
            let (line, kept): (Line, String) = (Line::read(row)?, row.get(7)?);
            if line.sequence != last.saturating_add(1) || line.hash(&hash) != kept {
                found.differs(AUDIT, format!("audit log, line {}: the chain is broken", line.sequence));
            }
            (last, hash) = (line.sequence, kept);
        }
        found.checked(AUDIT, i64::try_from(rows.len()).unwrap_or(i64::MAX));
        if rows.is_empty() {
            break;
        }
    }
    let head = match tx.query_one(store::HEAD, vec![]).await? {
        Some(row) => Some((row.get(0)?, row.get(1)?)),
        None => None,
    };
    if head != Some((last, hash)) {
        found.differs(AUDIT, "audit log: it does not end where its head says".to_owned());
    }
    Ok(())
}
