//! # The ends of a message
//!
//! Delivered: rated, charged and counted. Failed or expired: what was held is given back.

use super::{BATCH_MESSAGES, Charged, Event, Message, Payer, end_id, payer, payers};
use crate::category::{Category, Pricing, PricingType};
use crate::earnings::Used;
use crate::error::BillingError;
use crate::international::Codes;
use crate::price_book::Rate;
use crate::prices::Prices;
use crate::reports::{Charge, Sums};
use crate::tiers::{Counted, Tier, Volumes};
use crate::{caps, funds, store};
use plaza_db::{Tx, Value, params};
use plaza_ledger::{Action, Transfer};
use plaza_protocol::{
    BusinessMessageId, Ctx, LedgerAccountId, Micros, PhoneNumberId, PortfolioId, Timestamp, TransferId,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Charges messages that were delivered or read. The answer holds those that were charged by this call (a free message
/// counts as charged, with nothing); those that were charged, failed or expired before are missing.
pub async fn delivered(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    deliveries: &[(BusinessMessageId, Timestamp)],
) -> Result<Vec<Charged>, BillingError> {
    // Of several receipts of a message the earliest counts.
    let mut earliest: BTreeMap<BusinessMessageId, Timestamp> = BTreeMap::new();
    for (message_id, at) in deliveries {
        let earlier = earliest.get(message_id).is_none_or(|known| at < known);
        if earlier {
            earliest.insert(*message_id, *at);
        }
    }
    let deliveries: Vec<_> = earliest.into_iter().map(|(message_id, at)| (message_id, at, None)).collect();
    let mut charged = Vec::new();
    for batch in deliveries.chunks(BATCH_MESSAGES) {
        charged.append(&mut deliver_batch(ctx, tx, prices, batch).await?);
    }
    Ok(charged)
}

/// Charges a call that has ended: when it was picked up, and how many pulses it had. `None`: it was charged, or given
/// up, before.
pub async fn called(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    (call, picked_up_at, pulses): (BusinessMessageId, Timestamp, i64),
) -> Result<Option<Charged>, BillingError> {
    let charged = deliver_batch(ctx, tx, prices, &[(call, picked_up_at, Some(pulses))]).await?;
    tx.execute_many(store::INSERT_PULSES, charged.iter().map(|_| params![call, pulses]).collect()).await?;
    Ok(charged.into_iter().next())
}

/// A message, when it was delivered, and the pulses of a call.
type Delivery = (BusinessMessageId, Timestamp, Option<i64>);

/// A delivered message with its rate.
struct Rated {
    event: Event,
    rate: Rate,
    period: i64,
    /// Which of the month's free quantity it is.
    allowance: Option<i64>,
    /// The how-manieth of the month's volume it is.
    volume: Option<i64>,
    hash: [u8; 32],
}

impl Rated {
    fn pricing_type(&self) -> PricingType {
        self.rate.pricing_type(self.allowance)
    }

    fn unit(&self) -> Micros {
        self.rate.unit_at(self.volume)
    }

    fn tier(&self) -> Option<Tier> {
        self.rate.tier(self.volume)
    }

    /// What its volume is counted under.
    fn counted(&self) -> Option<Counted> {
        let message = &self.event.message;
        Counted::of(
            message.portfolio_id,
            self.period,
            &self.rate.market,
            message.category,
            self.pricing_type(),
        )
    }
}

async fn deliver_batch(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    deliveries: &[Delivery],
) -> Result<Vec<Charged>, BillingError> {
    let keys: Vec<Value> = deliveries.iter().map(|(message, _, _)| message.into()).collect();
    let taken = tx.query_list(store::TAKE_INTENTS, &[], &keys).await?;
    let messages: Vec<Message> = taken.iter().map(store::taken).collect::<Result<_, _>>()?;
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let ids = messages.iter().map(|message| message.portfolio_id).collect();
    let mut payers = payers(tx, prices, store::PORTFOLIOS_LOCKED, ids).await?;
    let known: HashMap<_, _> = deliveries.iter().map(|(id, at, pulses)| (*id, (*at, *pulses))).collect();
    let mut rated = Vec::with_capacity(messages.len());
    for message in messages {
        let (at, pulses) = known.get(&message.message_id).copied().unwrap_or_default();
        let message = Message { pulses, ..message };
        rated.push(rate(payer(&payers, message.portfolio_id)?, message, at)?);
    }
    rated.sort_by_key(|rated| (rated.event.delivered_at, rated.event.message.message_id));
    use_allowances(tx, &mut rated).await?;
    use_volumes(tx, &mut rated).await?;
    count_codes(tx, &payers, &rated).await?;
    link(&mut payers, &mut rated)?;
    let owed = settle(ctx, tx, &payers, &rated).await?;
    record(ctx, tx, &payers, &rated, &owed).await
}

fn rate(payer: &Payer, message: Message, at: Timestamp) -> Result<Rated, BillingError> {
    // Nothing is delivered before it is sent; only clocks say so.
    let delivered_at = at.max(message.sent_at);
    let rate = message.rate(&payer.book, delivered_at);
    let rate = rate.ok_or(BillingError::Damaged("a message was accepted that has no price"))?;
    let period = payer.period(delivered_at)?;
    Ok(Rated {
        event: Event { message, sequence: 0, delivered_at },
        rate,
        period,
        allowance: None,
        volume: None,
        hash: [0; 32],
    })
}

/// Numbers the messages that count towards a free quantity.
async fn use_allowances(tx: &mut Tx, rated: &mut [Rated]) -> Result<(), BillingError> {
    let mut counts: BTreeMap<(PhoneNumberId, Category, i64), i64> = BTreeMap::new();
    let key = |rated: &Rated| {
        let message = &rated.event.message;
        (message.phone_number_id, message.category.outside_groups(), rated.period)
    };
    for rated in rated.iter().filter(|rated| rated.rate.allowance.is_some()) {
        let count = counts.entry(key(rated)).or_default();
        *count = count.saturating_add(1);
    }
    let rows = counts
        .iter()
        .map(|((phone, category, period), count)| params![phone, category.as_str(), period, count]);
    let answers = tx.query_many(store::COUNT_ALLOWANCE, rows.collect()).await?;
    for ((_, count), answer) in counts.iter_mut().zip(answers) {
        let row = answer.into_iter().next().ok_or(BillingError::Damaged("a counter did not answer"))?;
        *count = row.get::<i64>(0)?.saturating_sub(*count);
    }
    for rated in rated.iter_mut().filter(|rated| rated.rate.allowance.is_some()) {
        if let Some(used) = counts.get_mut(&key(rated)) {
            *used = used.saturating_add(1);
            rated.allowance = Some(*used);
        }
    }
    Ok(())
}

/// Numbers the messages that are charged, where the price may depend on it: by the volume of the month.
async fn use_volumes(tx: &mut Tx, rated: &mut [Rated]) -> Result<(), BillingError> {
    let mut volumes = Volumes::count(tx, rated.iter().filter_map(Rated::counted)).await?;
    for rated in rated {
        rated.volume = rated.counted().and_then(|counted| volumes.next(&counted));
    }
    Ok(())
}

/// Counts the one-time codes that went abroad.
async fn count_codes(
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    rated: &[Rated],
) -> Result<(), BillingError> {
    let mut codes = Codes::default();
    for rated in rated {
        let (message, market) = (&rated.event.message, &rated.rate.market);
        let payer = payer(payers, message.portfolio_id)?;
        codes.add((message.portfolio_id, payer), message.category, market, rated.event.delivered_at);
    }
    Ok(codes.count(tx).await?)
}

/// Numbers the events of each portfolio and makes the chains longer.
fn link(payers: &mut BTreeMap<PortfolioId, Payer>, rated: &mut [Rated]) -> Result<(), BillingError> {
    for rated in rated {
        let id = rated.event.message.portfolio_id;
        let payer = payers.get_mut(&id).ok_or(BillingError::UnknownPortfolio(id))?;
        payer.events = payer.events.saturating_add(1);
        rated.event.sequence = payer.events;
        rated.hash = rated.event.hash(&payer.hash);
        payer.hash = rated.hash.to_vec();
    }
    Ok(())
}

/// What is owed of messages: the parts of their prices that came from the receivable account.
type Owed = HashMap<BusinessMessageId, Micros>;

/// Posts the real prices out of the holds, and gives back the rest. Of several holds the first pays first.
async fn settle(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    rated: &[Rated],
) -> Result<Owed, BillingError> {
    let held: Vec<&Rated> = rated.iter().filter(|rated| rated.event.message.held > Micros::ZERO).collect();
    let ids: Vec<BusinessMessageId> = held.iter().map(|rated| rated.event.message.message_id).collect();
    let splits = funds::splits(tx, &ids).await?;
    let on_credit = on_credit(ctx, tx, payers, &held, &splits).await?;
    let mut owed = Owed::new();
    let (mut ends, mut unspent) = (Vec::with_capacity(held.len()), Vec::with_capacity(held.len()));
    for rated in held {
        let message = &rated.event.message;
        let amount = message.amount(rated.pricing_type(), rated.unit());
        let mut left = amount;
        for (hold, transfer_id, part) in funds::parts(message.message_id, message.held, &splits) {
            let amount = left.min(part);
            left = Micros(left.0.saturating_sub(amount.0));
            let is_paid = amount > Micros::ZERO;
            if is_paid && on_credit.contains(&hold) {
                let sum = owed.entry(message.message_id).or_default();
                *sum = Micros(sum.0.saturating_add(amount.0));
            }
            let action = if is_paid { Action::PostHold { hold, amount } } else { Action::VoidHold { hold } };
            ends.push(Transfer { transfer_id, action });
        }
        unspent.push((message, Micros(message.held.0.saturating_sub(amount.0))));
    }
    end_holds(ctx, tx, &ends).await?;
    caps::release(tx, &unspent).await?;
    Ok(owed)
}

/// Those of the holds that were set aside on a credit line. Holds are looked up for portfolios alone that have
/// something set aside there.
async fn on_credit(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    held: &[&Rated],
    splits: &funds::Splits,
) -> Result<HashSet<TransferId>, BillingError> {
    let lines = payers.iter().map(|(id, payer)| (funds::receivable(*id, payer.currency), *id));
    let lines: BTreeMap<LedgerAccountId, _> =
        lines.map(|(line, id)| (line.id(), (line.code(), id))).collect();
    let ids: Vec<LedgerAccountId> = lines.keys().copied().collect();
    let used = plaza_ledger::holding(ctx, tx, &ids).await?;
    let used = used.iter().filter_map(|id| lines.get(id));
    let (codes, owing): (BTreeSet<&String>, BTreeSet<PortfolioId>) =
        used.map(|(code, id)| (code, *id)).unzip();
    let holds: Vec<TransferId> = held
        .iter()
        .map(|rated| &rated.event.message)
        .filter(|message| owing.contains(&message.portfolio_id))
        .flat_map(|message| funds::parts(message.message_id, message.held, splits))
        .map(|(hold, _, _)| hold)
        .collect();
    if holds.is_empty() {
        return Ok(HashSet::new());
    }
    let transfers = plaza_ledger::transfers(ctx, tx, &holds).await?;
    let on_credit = transfers.iter().filter(|hold| codes.contains(&hold.debit));
    Ok(on_credit.map(|hold| hold.transfer_id).collect())
}

async fn end_holds(ctx: &Ctx, tx: &mut Tx, ends: &[Transfer]) -> Result<(), BillingError> {
    for batch in ends.chunks(plaza_ledger::BATCH_TRANSFERS_MAX) {
        // The intent was there, so the hold is: they come and go together.
        if plaza_ledger::post(ctx, tx, batch).await?.iter().any(Result::is_err) {
            return Err(BillingError::Damaged("the hold of a message on its way has ended"));
        }
    }
    Ok(())
}

/// Writes events, charges, chains and sums.
async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    rated: &[Rated],
    owed: &Owed,
) -> Result<Vec<Charged>, BillingError> {
    let (mut events, mut charges) = (Vec::with_capacity(rated.len()), Vec::with_capacity(rated.len()));
    let (mut sums, mut used) = (Sums::default(), Used::default());
    let mut charged = Vec::with_capacity(rated.len());
    for rated in rated {
        let charge = charge(ctx, payer(payers, rated.event.message.portfolio_id)?, rated);
        charged.push(Charged {
            message_id: charge.message_id,
            charge_id: charge.charge_id,
            amount: charge.amount,
            currency: charge.currency,
            pricing: Pricing::new(charge.pricing_type, charge.category),
            begins_tier: rated.tier().is_some_and(|tier| tier.is_begun_by(rated.volume)),
        });
        sums.add(&charge)?;
        used.add(&charge)?;
        let mut row = charge.row();
        row.push(owed.get(&charge.message_id).copied().unwrap_or_default().into());
        charges.push(row);
        let mut row = store::message_row(&rated.event.message);
        row.extend(params![rated.event.sequence, rated.event.delivered_at, rated.hash]);
        events.push(row);
    }
    tx.insert_rows(store::INSERT_EVENTS, events).await?;
    tx.insert_rows(store::INSERT_CHARGES, charges).await?;
    let chains = payers.iter().map(|(id, payer)| params![id, payer.events, payer.hash.clone()]);
    tx.execute_many(store::UPDATE_CHAIN, chains.collect()).await?;
    used.store(tx).await?;
    tx.execute_many(store::ADD_REVENUE, sums.rows()).await?;
    Ok(charged)
}

fn charge(ctx: &Ctx, payer: &Payer, rated: &Rated) -> Charge {
    let message = &rated.event.message;
    let pricing_type = rated.pricing_type();
    let (unit, tier) = (rated.unit(), rated.tier());
    let amount = message.amount(pricing_type, unit);
    Charge {
        charge_id: ctx.following(message.message_id.as_bytes()).ordered_id(),
        message_id: message.message_id,
        run: 0,
        portfolio_id: message.portfolio_id,
        waba_id: message.waba_id,
        phone_number_id: message.phone_number_id,
        price_version_id: rated.rate.price_version_id,
        market: rated.rate.market.to_string(),
        category: message.category,
        pricing_type,
        unit: message.list_price(unit),
        amount,
        currency: payer.currency,
        transfer_id: (amount > Micros::ZERO).then(|| end_id(message.message_id)),
        period: rated.period,
        allowance: rated.allowance,
        sent_at: message.sent_at,
        delivered_at: rated.event.delivered_at,
        charged_at: ctx.now(),
        tier: tier.map(|tier| tier.from),
        tier_to: tier.and_then(|tier| tier.to),
        volume: rated.volume,
    }
}

/// Gives back what was held for messages that failed. Those that were charged or ended before stay as they are. The
/// answer is how many ended now.
pub async fn failed(ctx: &Ctx, tx: &mut Tx, messages: &[BusinessMessageId]) -> Result<usize, BillingError> {
    let keys: Vec<Value> = messages.iter().map(Into::into).collect();
    let mut ended = 0_usize;
    for batch in keys.chunks(BATCH_MESSAGES) {
        let taken = tx.query_list(store::TAKE_INTENTS, &[], batch).await?;
        let taken: Vec<Message> = taken.iter().map(store::taken).collect::<Result<_, _>>()?;
        give_back(ctx, tx, &taken, |hold| Action::VoidHold { hold }).await?;
        ended = ended.saturating_add(taken.len());
    }
    Ok(ended)
}

/// Ends the oldest messages whose time is over, at most `limit` of them, and gives back what was held for them.
pub async fn expire(ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<Vec<BusinessMessageId>, BillingError> {
    let taken = tx.query(store::TAKE_EXPIRED, params![ctx.now(), limit]).await?;
    let taken: Vec<Message> = taken.iter().map(store::taken).collect::<Result<_, _>>()?;
    give_back(ctx, tx, &taken, |hold| Action::ExpireHold { hold }).await?;
    Ok(taken.iter().map(|message| message.message_id).collect())
}

/// Gives back what was held for messages that were never delivered.
async fn give_back(
    ctx: &Ctx,
    tx: &mut Tx,
    taken: &[Message],
    end: impl Fn(TransferId) -> Action,
) -> Result<(), BillingError> {
    let held: Vec<&Message> = taken.iter().filter(|message| message.held > Micros::ZERO).collect();
    let ids: Vec<BusinessMessageId> = held.iter().map(|message| message.message_id).collect();
    let splits = funds::splits(tx, &ids).await?;
    let parts = held.iter().flat_map(|message| funds::parts(message.message_id, message.held, &splits));
    let ends = parts.map(|(hold, transfer_id, _)| Transfer { transfer_id, action: end(hold) });
    end_holds(ctx, tx, &ends.collect::<Vec<_>>()).await?;
    let unspent: Vec<_> = held.iter().map(|message| (*message, message.held)).collect();
    caps::release(tx, &unspent).await
}
