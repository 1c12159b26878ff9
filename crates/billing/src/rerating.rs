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
//! taken is not covered then, nothing of the run is kept and the caller is told what is missing.
//!
//! A run takes one transaction and reads the month once; it keeps in memory what it changes, and the corrections of
//! before.

pub(crate) mod store;

use crate::portfolio::prepaid;
use crate::price_book::Rate;
use crate::tiers::Counted;
use crate::usage::{Event, Payer, payers, revenue_of};
use crate::{BillingError, Category, Charge, Prices, PricingType};
use plaza_db::{Row, Tx, Value, params};
use plaza_ledger::{Account, Action, BATCH_TRANSFERS_MAX, Refused, Transfer, derived_id};
use plaza_protocol::{
    BusinessMessageId, CorrectionId, Ctx, Currency, Micros, PhoneNumberId, PortfolioId, Timestamp, TransferId,
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
    allowance: Option<i64>,
    volume: Option<i64>,
}

impl Correction {
    fn difference(&self) -> Result<Micros, BillingError> {
        self.after.amount.checked_sub(self.before.amount).ok_or(BillingError::Damaged("a sum is too large"))
    }
}

/// Rates a portfolio's month again, in the order of its deliveries.
pub async fn rerate(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    (portfolio, period): (PortfolioId, i64),
    run: Run,
) -> Result<Rerating, BillingError> {
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
    };
    let corrections = compare(tx, payer, (portfolio, period), &corrected, &mut rerating).await?;
    rerating.changed = summed(&corrections)?;
    if run == Run::Real && !corrections.is_empty() {
        rerating.run = last_run.saturating_add(1);
        settle(ctx, tx, (portfolio, payer.currency), rerating.run, &corrections).await?;
        record(ctx, tx, rerating.run, &corrections).await?;
    }
    Ok(rerating)
}

/// What holds of the messages that were corrected, and the number of the last run.
async fn corrected(
    tx: &mut Tx,
    portfolio: PortfolioId,
    period: i64,
) -> Result<(HashMap<BusinessMessageId, Rating>, i64), BillingError> {
    let (mut corrected, mut last_run) = (HashMap::new(), 0);
    for row in tx.query(store::OF_MONTH, params![portfolio, period]).await? {
        // Run after run: the last one holds.
        corrected.insert(row.get(0)?, Rating::read(&row, 2)?);
        last_run = row.get(1)?;
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
    corrected: &HashMap<BusinessMessageId, Rating>,
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
            let held = corrected.get(&charge.message_id).copied().unwrap_or_else(|| Rating::of(&charge));
            rerating.messages = rerating.messages.saturating_add(1);
            before = before.saturating_add(i128::from(held.amount.0));
            after = after.saturating_add(i128::from(now.amount.0));
            if now != held {
                corrections.push(Correction { charge, before: held, after: now, allowance, volume });
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

/// Gives back and takes what the corrections differ by.
async fn settle(
    ctx: &Ctx,
    tx: &mut Tx,
    (portfolio, currency): (PortfolioId, Currency),
    run: i64,
    corrections: &[Correction],
) -> Result<(), BillingError> {
    let paid = prepaid(portfolio, currency);
    let (mut back, mut taken) = (Vec::new(), Vec::new());
    for correction in corrections {
        let difference = correction.difference()?;
        let earned = Account::new(revenue_of(correction.charge.category), currency);
        let transfer_id = transfer_of(correction.charge.message_id, run);
        let posted = |debit: Account, credit: Account, amount: Micros| Transfer {
            transfer_id,
            action: Action::Posted { debit, credit, amount },
        };
        match difference.0 {
            0 => {}
            less if less < 0 => back.push(posted(earned, paid.clone(), Micros(less.saturating_neg()))),
            more => taken.push(posted(paid.clone(), earned, Micros(more))),
        }
    }
    back.append(&mut taken);
    for batch in back.chunks(BATCH_TRANSFERS_MAX) {
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

async fn record(ctx: &Ctx, tx: &mut Tx, run: i64, corrections: &[Correction]) -> Result<(), BillingError> {
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
            ctx.now()
        ]);
        rows.push(row);
    }
    tx.insert_rows(store::INSERT, rows).await?;
    used.store(tx).await?;
    tx.execute_many(crate::store::ADD_REVENUE, sums.rows()).await?;
    Ok(())
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
        let ids: Vec<TransferId> =
            verified.iter().map(|each| transfer_of(each.message_id, each.run)).collect();
        let transfers = plaza_ledger::transfers(ctx, tx, &ids).await?;
        let moved: HashMap<TransferId, Micros> =
            transfers.iter().map(|transfer| (transfer.transfer_id, transfer.amount)).collect();
        for each in &verified {
            seen = seen.saturating_add(1);
            let difference = each.difference()?;
            let wanted = (difference != Micros::ZERO).then(|| transfer_of(each.message_id, each.run));
            let amount = wanted.and_then(|id| moved.get(&id)).map_or(0, |amount| amount.0);
            if each.held != each.before {
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
