//! # Rating a month again
//!
//! A message is rated when its receipt comes, and receipts come as networks please: late, out of order, in two batches
//! instead of one. Where a price depends on the how-manieth message of the month it is, by volume or by a free
//! quantity, the order in which receipts came decides who gets which. [`rerate`] puts that right: it rates a
//! portfolio's month again **in the order of its deliveries**, and posts the differences. So the same deliveries make
//! the same bill, however their receipts came.
//!
//! Nothing is updated. A charge that should have been another one gets a correction that names what held before and
//! what holds now, and a transfer of the difference; the last correction of a message holds. Rating a month twice finds
//! nothing the second time. A charge never becomes more than what was held for the message.
//!
//! What goes back is posted before what is taken, so that a month whose differences balance needs no money. If what is
//! taken is not covered then, nothing of the run is kept and the caller is told what is missing. What goes back goes to
//! where the price came from: promotional credit as long as it lasts, the prepaid balance, the credit line.
//!
//! **Invoices** follow. A message that no final invoice has moves from its line to another one. The messages of a final
//! invoice stay on it: what they cost less is a credit note of it, what they cost more an adjustment on the next
//! invoice, and no balance is touched beside these documents.
//!
//! A run takes one transaction and reads the month once; it keeps in memory what it changes, and the corrections of
//! before.

mod compare;
mod record;
mod settle;
pub(crate) mod store;
mod verify;

pub(crate) use record::Place;
pub(crate) use verify::{Verified, verify};

use crate::audit::{self, Act};
use crate::invoices::{InvoiceError, rerated};
use crate::usage::payers;
use crate::{BillingError, Category, Charge, Prices, PricingType};
use plaza_db::{Row, Tx, Value, params};
use plaza_ledger::derived_id;
use plaza_protocol::{Actor, BusinessMessageId, Ctx, Currency, InvoiceId, Micros, PortfolioId, TransferId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How a message is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating {
    /// How it was priced.
    pub pricing_type: PricingType,
    /// The first message of the tier; `None`: no tiers.
    pub tier: Option<i64>,
    /// Its last message; `None`: without end, or no tiers.
    pub tier_to: Option<i64>,
    /// The list price.
    pub unit: Micros,
    /// What is charged.
    pub amount: Micros,
}

impl Rating {
    pub(crate) fn of(charge: &Charge) -> Self {
        Self {
            pricing_type: charge.pricing_type,
            tier: charge.tier,
            tier_to: charge.tier_to,
            unit: charge.unit,
            amount: charge.amount,
        }
    }

    /// From five columns.
    fn read(row: &Row, first: usize) -> Result<Self, BillingError> {
        let column = |offset: usize| first.saturating_add(offset);
        let pricing_type = PricingType::parse(&row.get::<String>(first)?);
        Ok(Self {
            pricing_type: pricing_type.ok_or(BillingError::Damaged("a pricing type is unknown"))?,
            tier: row.get(column(1))?,
            tier_to: row.get(column(2))?,
            unit: row.get(column(3))?,
            amount: row.get(column(4))?,
        })
    }

    fn row(&self) -> Vec<Value> {
        params![self.pricing_type.as_str(), self.tier, self.tier_to, self.unit, self.amount]
    }
}

/// Messages that are charged otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The market.
    pub market: String,
    /// The category.
    pub category: Category,
    /// What held before.
    pub before: Rating,
    /// What holds now.
    pub after: Rating,
    /// How many messages.
    pub messages: i64,
    /// Of all of them together: above zero is more to pay.
    pub difference: Micros,
}

/// What rating a month again did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerating {
    /// Whose month.
    pub portfolio_id: PortfolioId,
    /// The month: 202611.
    pub period: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// The number of the run; 0: nothing was changed.
    pub run: i64,
    /// Messages of the month.
    pub messages: i64,
    /// What the month was charged with before.
    pub before: Micros,
    /// And what it is charged with now.
    pub after: Micros,
    /// By market, category and both ratings.
    pub changed: Vec<Changed>,
    /// Final invoices whose messages cost less: each with what a credit note gives back, before tax. Above zero: they
    /// cost more, and it goes on the next invoice.
    pub documents: Vec<(InvoiceId, Micros)>,
}

/// Whether a run is made, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Says what would change.
    Dry,
    /// Changes it.
    Real,
}

/// A correction that is to be made.
struct Correction {
    charge: Charge,
    before: Rating,
    after: Rating,
    /// What was held for the message.
    held: Micros,
    sequence: i64,
    /// Pieces of the invoice's line: the pulses of a call.
    pieces: i64,
    allowance: Option<i64>,
    volume: Option<i64>,
    /// Transfers of the corrections before.
    moved: Vec<TransferId>,
    /// What was owed of it before, and what is owed now.
    from_credit: Micros,
    credit: Micros,
    /// Transfers of this one.
    transfers: i64,
    /// The final invoice that has the message.
    invoice: Option<InvoiceId>,
}

impl Correction {
    fn difference(&self) -> Result<Micros, BillingError> {
        self.after.amount.checked_sub(self.before.amount).ok_or(BillingError::Damaged("a sum is too large"))
    }
}

/// What holds of a message that was corrected.
struct Holds {
    rating: Rating,
    credit: Micros,
    moved: Vec<TransferId>,
}

/// Rates a portfolio's month again, in the order of its deliveries.
pub async fn rerate(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    (portfolio, period): (PortfolioId, i64),
    run: Run,
) -> Result<Rerating, InvoiceError> {
    crate::funds::require_operator(ctx)?;
    if run == Run::Real {
        rerated::catch_up(tx, portfolio).await?;
    }
    let sql = if run == Run::Real { crate::store::PORTFOLIOS_LOCKED } else { crate::store::PORTFOLIOS };
    let payers = payers(tx, prices, sql, BTreeSet::from([portfolio])).await?;
    let payer = payers.get(&portfolio).ok_or(BillingError::UnknownPortfolio(portfolio))?;
    let (corrected, last_run) = corrected(tx, portfolio, period).await?;
    let mut rerating = Rerating {
        portfolio_id: portfolio,
        period,
        currency: payer.currency,
        run: 0,
        messages: 0,
        before: Micros::ZERO,
        after: Micros::ZERO,
        changed: Vec::new(),
        documents: Vec::new(),
    };
    let mut corrections = compare::compare(tx, payer, (portfolio, period), &corrected, &mut rerating).await?;
    let covering = rerated::covering(tx, portfolio, period).await?;
    for correction in &mut corrections {
        correction.invoice = rerated::covered_by(&covering, correction.sequence);
    }
    rerating.changed = compare::summed(&corrections)?;
    rerating.documents = by_invoice(&corrections)?;
    if run == Run::Real && !corrections.is_empty() {
        rerating.run = last_run.saturating_add(1);
        let system = ctx.acting_as(Actor::System);
        // The number of a credit note is taken before the accounts, as for every document.
        for (invoice, difference) in &rerating.documents {
            rerated::correct_final(&system, tx, *invoice, (period, rerating.run), *difference).await?;
        }
        settle::settle(ctx, tx, (portfolio, payer.currency), rerating.run, &mut corrections).await?;
        record::record(ctx, tx, rerating.run, &corrections).await?;
        let details = serde_json::json!({
            "period": period, "run": rerating.run, "messages": rerating.messages, "before_micros": rerating.before.0,
            "after_micros": rerating.after.0, "currency": rerating.currency.code(),
            "documents": rerating.documents.len(),
        });
        audit::note(ctx, tx, Act::Rerated, portfolio, details).await?;
    }
    Ok(rerating)
}

/// What differs for the messages of final invoices, by invoice; where it balances there is nothing to be written.
fn by_invoice(corrections: &[Correction]) -> Result<Vec<(InvoiceId, Micros)>, BillingError> {
    let mut sums: BTreeMap<InvoiceId, Micros> = BTreeMap::new();
    for correction in corrections {
        if let Some(invoice) = correction.invoice {
            let sum = sums.entry(invoice).or_default();
            let added = sum.checked_add(correction.difference()?);
            *sum = added.ok_or(BillingError::Damaged("a sum is too large"))?;
        }
    }
    Ok(sums.into_iter().filter(|(_, difference)| *difference != Micros::ZERO).collect())
}

/// What holds of the messages that were corrected, and the number of the last run.
async fn corrected(
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: i64,
) -> Result<(HashMap<BusinessMessageId, Holds>, i64), BillingError> {
    let (mut corrected, mut last_run): (HashMap<BusinessMessageId, Holds>, i64) = (HashMap::new(), 0);
    for row in tx.query(store::OF_MONTH, params![portfolio, period]).await? {
        // Run after run: the last one holds.
        let message: BusinessMessageId = row.get(0)?;
        last_run = row.get(1)?;
        let mut moved = corrected.remove(&message).map(|holds| holds.moved).unwrap_or_default();
        moved.extend(transfers_of(message, last_run, row.get(8)?));
        corrected.insert(message, Holds { rating: Rating::read(&row, 2)?, credit: row.get(7)?, moved });
    }
    Ok((corrected, last_run))
}

fn transfer_of(message: BusinessMessageId, run: i64) -> TransferId {
    derived_id(message.0, &format!("rerating {run}"))
}

/// The ids of the transfers of a correction, of which there are so many.
fn transfers_of(message: BusinessMessageId, run: i64, transfers: i64) -> impl Iterator<Item = TransferId> {
    (0..transfers).map(move |part| part_of(message, run, part))
}

fn part_of(message: BusinessMessageId, run: i64, part: i64) -> TransferId {
    match part {
        0 => transfer_of(message, run),
        part => derived_id(message.0, &format!("rerating {run} part {part}")),
    }
}

/// A correction as it was made, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Corrected {
    pub(crate) run: i64,
    pub(crate) before: Micros,
    pub(crate) after: Micros,
    /// Its place in the month: by volume, or of the free quantity.
    pub(crate) number: Option<i64>,
}

/// The corrections of a message, in order.
pub(crate) async fn of_message(
    tx: &mut Tx,
    message: BusinessMessageId,
) -> Result<Vec<Corrected>, BillingError> {
    let rows = tx.query(store::OF_MESSAGE, params![message]).await?;
    let corrected = |row: &Row| {
        let (volume, allowance): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?);
        Ok(Corrected {
            run: row.get(0)?,
            before: row.get(1)?,
            after: row.get(2)?,
            number: volume.or(allowance),
        })
    };
    rows.iter().map(corrected).collect()
}
