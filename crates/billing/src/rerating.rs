//! # Rating a month again
//!
//! A message is rated when its receipt comes, and receipts come as networks please: late, out of order, in two batches
//! instead of one. Where a price depends on the how-manieth message of the month it is, by volume or by a free quantity,
//! the order in which receipts came decides who gets which. [`rerate`] puts that right: it rates a portfolio's month again
//! **in the order of its deliveries**, and posts the differences. So the same deliveries make the same bill, however their
//! receipts came.
//!
//! Nothing is updated. A charge that should have been another one gets a correction that names what held before and what
//! holds now, and a transfer of the difference; the last correction of a message holds. Rating a month twice finds nothing
//! the second time. A charge never becomes more than what was held for the message.
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

pub(crate) mod store;

use crate::campaigns;
use crate::invoices::{InvoiceError, rerated};
use crate::portfolio::prepaid;
use crate::price_book::Rate;
use crate::tiers::Counted;
use crate::usage::{Event, Payer, payers, revenue_of};
use crate::{BillingError, Category, Charge, Prices, PricingType};
use plaza_db::{Row, Tx, Value, params};
use plaza_ledger::{
    Account, AccountKind, Action, BATCH_TRANSFERS_MAX, Refused, Transfer, TransferView, derived_id,
};
use plaza_protocol::{
    BusinessMessageId, CorrectionId, Ctx, Currency, InvoiceId, Micros, PhoneNumberId, PortfolioId, Timestamp,
    TransferId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Rows of one page.
const PAGE_ROWS: i64 = 1024;

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
    /// Final invoices whose messages cost less: each with what a credit note gives back, before tax. Above zero: they cost
    /// more, and it goes on the next invoice.
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
    let mut corrections = compare(tx, payer, (portfolio, period), &corrected, &mut rerating).await?;
    let covering = rerated::covering(tx, portfolio, period).await?;
    for correction in &mut corrections {
        correction.invoice = rerated::covered_by(&covering, correction.sequence);
    }
    rerating.changed = summed(&corrections)?;
    rerating.documents = by_invoice(&corrections)?;
    if run == Run::Real && !corrections.is_empty() {
        rerating.run = last_run.saturating_add(1);
        // The number of a credit note is taken before the accounts, as for every document.
        for (invoice, difference) in &rerating.documents {
            rerated::correct_final(ctx, tx, *invoice, (period, rerating.run), *difference).await?;
        }
        settle(ctx, tx, (portfolio, payer.currency), rerating.run, &mut corrections).await?;
        record(ctx, tx, rerating.run, &corrections).await?;
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

/// Numbers within the month as they are given out in the order of the deliveries.
#[derive(Default)]
struct Numbers {
    allowances: BTreeMap<(PhoneNumberId, Category), i64>,
    volumes: BTreeMap<Counted, i64>,
}

impl Numbers {
    fn allowance(&mut self, event: &Event, rate: &Rate) -> Option<i64> {
        rate.allowance.as_ref()?;
        let key = (event.message.phone_number_id, event.message.category.outside_groups());
        let used = self.allowances.entry(key).or_default();
        *used = used.saturating_add(1);
        Some(*used)
    }

    fn volume(&mut self, event: &Event, period: i64, rate: &Rate, kind: PricingType) -> Option<i64> {
        let message = &event.message;
        let counted = Counted::of(message.portfolio_id, period, &rate.market, message.category, kind)?;
        let volume = self.volumes.entry(counted).or_default();
        *volume = volume.saturating_add(1);
        Some(*volume)
    }
}

/// Rates the month again and finds what differs from what holds.
async fn compare(
    tx: &mut Tx,
    payer: &Payer,
    (portfolio, period): (PortfolioId, i64),
    corrected: &HashMap<BusinessMessageId, Holds>,
    rerating: &mut Rerating,
) -> Result<Vec<Correction>, BillingError> {
    let (mut numbers, mut corrections) = (Numbers::default(), Vec::new());
    let (mut before, mut after) = (0_i128, 0_i128);
    let mut last = (Timestamp(i64::MIN), BusinessMessageId(Uuid::nil()));
    loop {
        let page =
            tx.query(store::MONTH_AFTER, params![portfolio, period, last.0, last.1, PAGE_ROWS]).await?;
        for row in &page {
            let (event, _) = crate::store::event(row, 37)?;
            let charge = Charge::read(row, 15)?;
            last = (charge.delivered_at, charge.message_id);
            let message = &event.message;
            let rate = message.rate(&payer.book, event.delivered_at);
            let rate = rate.ok_or(BillingError::Damaged("a charge cannot be rated again"))?;
            let allowance = numbers.allowance(&event, &rate);
            let pricing_type = rate.pricing_type(allowance);
            let volume = numbers.volume(&event, period, &rate, pricing_type);
            let (unit, tier) = (rate.unit_at(volume), rate.tier(volume));
            let now = Rating {
                pricing_type,
                tier: tier.map(|tier| tier.from),
                tier_to: tier.and_then(|tier| tier.to),
                unit: message.list_price(unit),
                amount: message.amount(pricing_type, unit),
            };
            let holds = corrected.get(&charge.message_id);
            let held = holds.map_or_else(|| Rating::of(&charge), |holds| holds.rating);
            rerating.messages = rerating.messages.saturating_add(1);
            before = before.saturating_add(i128::from(held.amount.0));
            after = after.saturating_add(i128::from(now.amount.0));
            if now != held {
                let owed: Micros = row.get(38)?;
                let credit = holds.map_or(owed, |holds| holds.credit);
                corrections.push(Correction {
                    charge,
                    before: held,
                    after: now,
                    held: message.held,
                    sequence: event.sequence,
                    pieces: message.pulses.map_or(1, |pulses| pulses.max(1)),
                    allowance,
                    volume,
                    moved: holds.map(|holds| holds.moved.clone()).unwrap_or_default(),
                    from_credit: credit,
                    credit,
                    transfers: 0,
                    invoice: None,
                });
            }
        }
        if page.is_empty() {
            break;
        }
    }
    let micros =
        |sum: i128| i64::try_from(sum).map(Micros).map_err(|_| BillingError::Damaged("a sum is too large"));
    (rerating.before, rerating.after) = (micros(before)?, micros(after)?);
    Ok(corrections)
}

fn summed(corrections: &[Correction]) -> Result<Vec<Changed>, BillingError> {
    let mut changed: BTreeMap<(&str, Category, Rating, Rating), (i64, Micros)> = BTreeMap::new();
    for correction in corrections {
        let Correction { charge, before, after, .. } = correction;
        let key = (charge.market.as_str(), charge.category, *before, *after);
        let (messages, difference) = changed.entry(key).or_default();
        *messages = messages.saturating_add(1);
        let sum = difference.checked_add(correction.difference()?);
        *difference = sum.ok_or(BillingError::Damaged("a sum is too large"))?;
    }
    let changed = changed.into_iter().map(|((market, category, before, after), (messages, difference))| {
        Changed { market: market.to_owned(), category, before, after, messages, difference }
    });
    Ok(changed.collect())
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

/// Gives back and takes what the corrections differ by. What a message of a final invoice costs less or more goes over
/// `contra:refund`: there the credit note takes it, and there the adjustment on the next invoice earns it. Of all
/// others the difference goes back to where the price came from, and more is taken as a new message would be paid.
async fn settle(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    run: i64,
    corrections: &mut [Correction],
) -> Result<(), BillingError> {
    // Whoever decides over a portfolio's money waits at its prepaid account.
    crate::funds::lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let sources = Sources::load(ctx, tx, (portfolio, currency)).await?;
    let refunds = Account::new(AccountKind::ContraRefund, currency);
    let mut moves = Vec::new();
    for batch in corrections.chunks_mut(PAGE_CORRECTIONS) {
        let paid = sources.paid(ctx, tx, batch).await?;
        for correction in batch {
            let difference = correction.difference()?;
            let less = Micros(difference.0.saturating_neg());
            let parts = match correction.invoice {
                Some(_) if less > Micros::ZERO => vec![(refunds.clone(), less)],
                None if less > Micros::ZERO => {
                    let paid = paid.get(&correction.charge.message_id).map_or(&[][..], Vec::as_slice);
                    sources.back(paid, less)
                }
                _ => continue,
            };
            push(correction, run, currency, parts, Direction::Back, &sources.credit, &mut moves);
        }
    }
    post(ctx, tx, currency, &moves).await?;
    moves.clear();
    let mut purses = crate::funds::lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let purse = purses.entry(portfolio).or_default();
    for correction in corrections {
        let more = correction.difference()?;
        if more <= Micros::ZERO {
            continue;
        }
        let parts = match correction.invoice {
            Some(_) => vec![(refunds.clone(), more)],
            None => {
                purse.take(more).ok_or(BillingError::Uncovered { available: purse.available(), currency })?
            }
        };
        push(correction, run, currency, parts, Direction::Taken, &sources.credit, &mut moves);
    }
    post(ctx, tx, currency, &moves).await
}

/// Corrections whose payments are looked up together.
const PAGE_CORRECTIONS: usize = 1024;

/// Where the money of a correction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Back,
    Taken,
}

fn push(
    correction: &mut Correction,
    run: i64,
    currency: Currency,
    parts: Vec<(Account, Micros)>,
    direction: Direction,
    credit_line: &Account,
    moves: &mut Vec<Transfer>,
) {
    for (account, amount) in parts {
        let earned = Account::new(revenue_of(correction.charge.category), currency);
        if account == *credit_line {
            let owed = correction.credit.0;
            correction.credit = Micros(match direction {
                Direction::Back => owed.saturating_sub(amount.0),
                Direction::Taken => owed.saturating_add(amount.0),
            });
        }
        let (debit, credit) = match direction {
            Direction::Back => (earned, account),
            Direction::Taken => (account, earned),
        };
        let transfer_id = part_of(correction.charge.message_id, run, correction.transfers);
        correction.transfers = correction.transfers.saturating_add(1);
        moves.push(Transfer { transfer_id, action: Action::Posted { debit, credit, amount } });
    }
}

async fn post(ctx: &Ctx, tx: &mut Tx, currency: Currency, moves: &[Transfer]) -> Result<(), BillingError> {
    for batch in moves.chunks(BATCH_TRANSFERS_MAX) {
        for outcome in plaza_ledger::post(ctx, tx, batch).await? {
            match outcome {
                Ok(_) => {}
                Err(Refused::Insufficient { available }) => {
                    return Err(BillingError::Uncovered { available, currency });
                }
                Err(_) => return Err(BillingError::Damaged("the ledger refused a correction")),
            }
        }
    }
    Ok(())
}

/// What was paid of a message, by the codes of the accounts, in the order of use; below zero: more came back to it than it
/// had paid.
type Paid = Vec<(String, i64)>;

/// The accounts that a portfolio's messages were paid from.
struct Sources {
    prepaid: Account,
    credit: Account,
    /// Promotional credit; `None`: it is over, what comes back goes to the prepaid balance.
    grants: HashMap<String, Option<Account>>,
}

impl Sources {
    async fn load(
        ctx: &Ctx,
        tx: &mut Tx,
        (portfolio, currency): (PortfolioId, Currency),
    ) -> Result<Self, BillingError> {
        let mut grants = HashMap::new();
        for row in tx.query(store::GRANTS, params![portfolio, ctx.now()]).await? {
            let account = crate::funds::promo(portfolio, row.get(0)?, currency);
            let is_over: bool = row.get(1)?;
            grants.insert(account.code(), (!is_over).then_some(account));
        }
        let credit = crate::funds::receivable(portfolio, currency);
        Ok(Self { prepaid: prepaid(portfolio, currency), credit, grants })
    }

    /// What was paid of the messages that cost less and stand on no final invoice.
    async fn paid(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        corrections: &[Correction],
    ) -> Result<HashMap<BusinessMessageId, Paid>, BillingError> {
        let mut less = Vec::new();
        for correction in corrections {
            if correction.invoice.is_none() && correction.difference()? < Micros::ZERO {
                less.push(correction);
            }
        }
        let ids: Vec<BusinessMessageId> = less.iter().map(|each| each.charge.message_id).collect();
        let splits = crate::funds::splits(tx, &ids).await?;
        let mut transfers: Vec<(BusinessMessageId, TransferId)> = Vec::new();
        for each in less {
            let message = each.charge.message_id;
            let ends = crate::funds::parts(message, each.held, &splits).into_iter().map(|(_, end, _)| end);
            transfers.extend(ends.chain(each.moved.iter().copied()).map(|id| (message, id)));
        }
        let ids: Vec<TransferId> = transfers.iter().map(|(_, id)| *id).collect();
        let mut known = HashMap::with_capacity(ids.len());
        for batch in ids.chunks(PAGE_CORRECTIONS) {
            let found = plaza_ledger::transfers(ctx, tx, batch).await?;
            known.extend(found.into_iter().map(|transfer| (transfer.transfer_id, transfer)));
        }
        let mut paid: HashMap<BusinessMessageId, Paid> = HashMap::new();
        for (message, id) in transfers {
            let Some(transfer) = known.get(&id) else { continue };
            let (account, amount) = if self.is_source(&transfer.debit) {
                (&transfer.debit, transfer.amount.0)
            } else {
                (&transfer.credit, transfer.amount.0.saturating_neg())
            };
            let of = paid.entry(message).or_default();
            match of.iter_mut().find(|(known, _)| known == account) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => of.push((account.clone(), amount)),
            }
        }
        Ok(paid)
    }

    fn is_source(&self, code: &str) -> bool {
        code == self.prepaid.code() || code == self.credit.code() || self.grants.contains_key(code)
    }

    /// Where an amount goes back to: what paid last gets it first.
    fn back(&self, paid: &[(String, i64)], amount: Micros) -> Vec<(Account, Micros)> {
        let mut left = amount;
        let mut parts: Vec<(Account, Micros)> = Vec::new();
        let mut give = |account: &Account, part: Micros| match parts.iter_mut().find(|(to, _)| to == account)
        {
            Some((_, sum)) => *sum = Micros(sum.0.saturating_add(part.0)),
            None => parts.push((account.clone(), part)),
        };
        for (code, from) in paid.iter().rev() {
            let part = left.min(Micros(*from));
            if part > Micros::ZERO {
                left = Micros(left.0.saturating_sub(part.0));
                let grant = self.grants.get(code).and_then(Option::as_ref);
                let is_credit = *code == self.credit.code();
                give(if is_credit { &self.credit } else { grant.unwrap_or(&self.prepaid) }, part);
            }
        }
        if left > Micros::ZERO {
            give(&self.prepaid, left);
        }
        parts
    }
}

async fn record(ctx: &Ctx, tx: &mut Tx, run: i64, corrections: &[Correction]) -> Result<(), InvoiceError> {
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
        campaigns::correct(tx, charge.portfolio_id, (charge.period, run)).await?;
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

/// Hands all corrections to `tally`, and says what is wrong with them.
pub(crate) async fn verify(
    ctx: &Ctx,
    tx: &mut Tx,
    tally: &mut (dyn FnMut(&Verified) -> Result<(), BillingError> + Send),
    differs: &mut (dyn FnMut(String) + Send),
) -> Result<(), BillingError> {
    let (mut after, mut seen) = (CorrectionId(Uuid::nil()), 0_i64);
    loop {
        let page = tx.query(store::AFTER, params![after, PAGE_ROWS]).await?;
        let mut verified = Vec::with_capacity(page.len());
        for row in &page {
            after = row.get(0)?;
            verified.push(Verified::read(row)?);
        }
        if verified.is_empty() {
            break;
        }
        let ids: Vec<TransferId> = verified
            .iter()
            .flat_map(|each| transfers_of(each.message_id, each.run, each.transfers))
            .collect();
        let transfers = plaza_ledger::transfers(ctx, tx, &ids).await?;
        let moved: HashMap<TransferId, TransferView> =
            transfers.into_iter().map(|transfer| (transfer.transfer_id, transfer)).collect();
        for each in &verified {
            seen = seen.saturating_add(1);
            let difference = each.difference()?;
            let wanted = (difference != Micros::ZERO).then(|| transfer_of(each.message_id, each.run));
            let line = crate::funds::receivable(each.portfolio_id, each.currency).code();
            let (mut amount, mut owed) = (0_i64, 0_i64);
            for id in transfers_of(each.message_id, each.run, each.transfers) {
                let Some(transfer) = moved.get(&id) else { continue };
                amount = amount.saturating_add(transfer.amount.0);
                let more = |account: &str| if account == line { transfer.amount.0 } else { 0 };
                owed = owed.saturating_add(more(&transfer.debit)).saturating_sub(more(&transfer.credit));
            }
            if each.from_credit.0.saturating_add(owed) != each.credit.0 {
                differs(format!(
                    "{}, run {}: the ledger has another part as owed",
                    each.message_id, each.run
                ));
            }
            if (each.held, each.held_credit) != (each.before, each.from_credit) {
                differs(format!("{}, run {}: it corrects what did not hold", each.message_id, each.run));
            }
            if each.transfer_id != wanted || amount != difference.0.saturating_abs() {
                differs(format!(
                    "{}, run {}: the ledger moved another difference",
                    each.message_id, each.run
                ));
            }
            tally(each)?;
        }
    }
    let count = tx.query_one(store::COUNT, vec![]).await?.map_or(Ok(0), |row| row.get(0))?;
    if seen != count {
        differs(format!("{count} corrections are there, {seen} of them belong to charges"));
    }
    Ok(())
}

/// A correction that is verified.
pub(crate) struct Verified {
    message_id: BusinessMessageId,
    run: i64,
    portfolio_id: PortfolioId,
    period: i64,
    market: String,
    pub(crate) category: Category,
    pub(crate) currency: Currency,
    delivered_at: Timestamp,
    pub(crate) before: Rating,
    pub(crate) after: Rating,
    transfer_id: Option<TransferId>,
    /// What held before it by the charge and the corrections.
    held: Rating,
    held_credit: Micros,
    from_credit: Micros,
    credit: Micros,
    pub(crate) transfers: i64,
}

impl Verified {
    fn read(row: &Row) -> Result<Self, BillingError> {
        Ok(Self {
            message_id: row.get(1)?,
            run: row.get(2)?,
            portfolio_id: row.get(3)?,
            period: row.get(4)?,
            market: row.get(5)?,
            category: crate::prices::category(row, 6)?,
            currency: row.get(7)?,
            delivered_at: row.get(8)?,
            before: Rating::read(row, 9)?,
            after: Rating::read(row, 14)?,
            transfer_id: row.get(19)?,
            held: Rating::read(row, 20)?,
            held_credit: row.get(25)?,
            from_credit: row.get(26)?,
            credit: row.get(27)?,
            transfers: row.get(28)?,
        })
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            portfolio_id: self.portfolio_id,
            period: self.period,
            market: &self.market,
            category: self.category,
            currency: self.currency,
            delivered_at: self.delivered_at,
        }
    }

    pub(crate) fn difference(&self) -> Result<Micros, BillingError> {
        self.after.amount.checked_sub(self.before.amount).ok_or(BillingError::Damaged("a sum is too large"))
    }
}
