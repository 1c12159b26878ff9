//! # The life of a paid message
//!
//! Accepted, then delivered, failed or expired. While it is on its way, a row of `usage_intent` holds what was known when
//! it was accepted. Whoever ends the message takes that row away, and the database gives it to one taker only: this is
//! what makes the first of *delivered* and *read* charge and all later receipts do nothing, without a time limit.
//!
//! A message that is delivered becomes a usage event and a charge. The order within a batch is that of the deliveries,
//! then of the ids, so that the same deliveries use up a free quantity in the same order, however they were batched.

use crate::category::{Category, Pricing, PricingType, WindowState};
use crate::error::{BillingError, Refused};
use crate::portfolio::prepaid;
use crate::price_book::{PREFIX_DIGITS_MAX, PriceBook, Rate};
use crate::prices::Prices;
use crate::reports::{Charge, Sums};
use crate::store;
use jiff::tz::TimeZone;
use plaza_db::{ListSql, Tx, Value, params};
use plaza_ledger::{Account, AccountKind, Action, Transfer, derived_id};
use plaza_protocol::{
    BusinessMessageId, ChargeId, Ctx, Currency, Micros, PhoneNumber, PhoneNumberId, PortfolioId, Timestamp,
    TransferId, WabaId,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Messages of one round: bounds the statements and the time that rows are locked.
const BATCH_MESSAGES: usize = 1024;

/// A message that a business wants to send.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Its id.
    pub message_id: BusinessMessageId,
    /// Who pays.
    pub portfolio_id: PortfolioId,
    /// The business account.
    pub waba_id: WabaId,
    /// The sending number.
    pub phone_number_id: PhoneNumberId,
    /// The recipient. Only the digits that decide the market are kept.
    pub to: PhoneNumber,
    /// What it is for. Fixed from here on.
    pub category: Category,
    /// Whether it is a template.
    pub template: bool,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The windows between number and person.
    pub window: WindowState,
    /// It is not delivered any more after that.
    pub expires_at: Timestamp,
    /// The business pays no more than that.
    pub max_price: Option<Micros>,
}

/// A message that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The message.
    pub message_id: BusinessMessageId,
    /// The most that it can cost: set aside.
    pub held: Micros,
    /// Of the amount.
    pub currency: Currency,
    /// How it would be priced if it were delivered now.
    pub pricing: Pricing,
}

/// A message that was delivered, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// The message.
    pub message_id: BusinessMessageId,
    /// The record of what it cost and why.
    pub charge_id: ChargeId,
    /// What it cost.
    pub amount: Micros,
    /// Of the amount.
    pub currency: Currency,
    /// How it was priced.
    pub pricing: Pricing,
}

/// What is kept of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) message_id: BusinessMessageId,
    pub(crate) portfolio_id: PortfolioId,
    pub(crate) waba_id: WabaId,
    pub(crate) phone_number_id: PhoneNumberId,
    pub(crate) destination: String,
    pub(crate) category: Category,
    pub(crate) template: bool,
    pub(crate) sent_at: Timestamp,
    pub(crate) window: WindowState,
    pub(crate) max_price: Option<Micros>,
    pub(crate) held: Micros,
}

impl Message {
    /// What it costs with a pricing type: nothing, or the list price, but not more than the business wants to pay, and
    /// not more than what was held.
    pub(crate) fn amount(&self, pricing_type: PricingType, unit: Micros) -> Micros {
        match pricing_type {
            PricingType::Regular => at_most(unit, self.max_price).min(self.held),
            PricingType::FreeCustomerService | PricingType::FreeEntryPoint => Micros::ZERO,
        }
    }
}

fn at_most(price: Micros, max_price: Option<Micros>) -> Micros {
    max_price.map_or(price, |max| price.min(max)).max(Micros::ZERO)
}

/// A message that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) message: Message,
    pub(crate) sequence: i64,
    pub(crate) delivered_at: Timestamp,
}

impl Event {
    /// Links the event to the one before it.
    pub(crate) fn hash(&self, before: &[u8]) -> [u8; 32] {
        let message = &self.message;
        let optional = |number: Option<i64>| number.unwrap_or(i64::MIN).to_be_bytes();
        Sha256::new()
            .chain_update(before)
            .chain_update(message.message_id.as_bytes())
            .chain_update(message.portfolio_id.0.to_be_bytes())
            .chain_update(message.waba_id.0.to_be_bytes())
            .chain_update(message.phone_number_id.0.to_be_bytes())
            .chain_update(format!("{}\0{}\0", message.destination, message.category))
            .chain_update([u8::from(message.template)])
            .chain_update(message.sent_at.0.to_be_bytes())
            .chain_update(optional(message.window.customer_service_until.map(|until| until.0)))
            .chain_update(optional(message.window.free_entry_point_until.map(|until| until.0)))
            .chain_update(optional(message.max_price.map(|price| price.0)))
            .chain_update(message.held.0.to_be_bytes())
            .chain_update(self.sequence.to_be_bytes())
            .chain_update(self.delivered_at.0.to_be_bytes())
            .finalize()
            .into()
    }
}

/// A portfolio while a batch works on it.
pub(crate) struct Payer {
    pub(crate) currency: Currency,
    pub(crate) time_zone: TimeZone,
    pub(crate) book: Arc<PriceBook>,
    pub(crate) events: i64,
    pub(crate) hash: Vec<u8>,
    account: Account,
}

impl Payer {
    /// The month of a moment: 202611.
    pub(crate) fn period(&self, at: Timestamp) -> Result<i64, BillingError> {
        let at = jiff::Timestamp::from_microsecond(at.0);
        let date =
            at.map_err(|_| BillingError::Damaged("a time is out of range"))?.to_zoned(self.time_zone.clone());
        Ok(i64::from(date.year()).saturating_mul(100).saturating_add(i64::from(date.month())))
    }
}

/// The portfolios with these ids, their books in memory.
pub(crate) async fn payers(
    tx: &mut Tx,
    prices: &Prices,
    sql: ListSql,
    ids: BTreeSet<PortfolioId>,
) -> Result<BTreeMap<PortfolioId, Payer>, BillingError> {
    let keys: Vec<Value> = ids.iter().map(Into::into).collect();
    let mut payers = BTreeMap::new();
    for row in tx.query_list(sql, &[], &keys).await? {
        let (id, currency): (PortfolioId, Currency) = (row.get(0)?, row.get(1)?);
        let time_zone = TimeZone::get(&row.get::<String>(2)?).map_err(|_| BillingError::UnknownTimeZone)?;
        let digest = row.get::<Option<Vec<u8>>>(6)?.ok_or(BillingError::NoPriceBook(currency))?;
        let book = prices.book(tx, row.get(3)?, currency, digest).await?;
        let (events, hash, account) = (row.get(4)?, row.get(5)?, prepaid(id, currency));
        payers.insert(id, Payer { currency, time_zone, book, events, hash, account });
    }
    match ids.into_iter().find(|id| !payers.contains_key(id)) {
        Some(unknown) => Err(BillingError::UnknownPortfolio(unknown)),
        None => Ok(payers),
    }
}

fn payer(payers: &BTreeMap<PortfolioId, Payer>, id: PortfolioId) -> Result<&Payer, BillingError> {
    payers.get(&id).ok_or(BillingError::UnknownPortfolio(id))
}

/// The transfers of a message: their ids follow from its own.
pub(crate) fn hold_id(message: BusinessMessageId) -> TransferId {
    derived_id(message.0, "hold")
}

/// The id of the transfer that ends the hold of a message.
pub(crate) fn end_id(message: BusinessMessageId) -> TransferId {
    derived_id(message.0, "end")
}

/// Sets aside the most that each message can cost, or says why it must not be sent. One answer for each, in order. A
/// message that was accepted before gets the answer of then, whatever the balance is now.
pub async fn hold(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    intents: &[Intent],
) -> Result<Vec<Result<Held, Refused>>, BillingError> {
    let mut answers = Vec::with_capacity(intents.len());
    for batch in intents.chunks(BATCH_MESSAGES) {
        answers.append(&mut hold_batch(ctx, tx, prices, batch).await?);
    }
    Ok(answers)
}

/// What a message may cost.
struct Quote<'a> {
    intent: &'a Intent,
    destination: String,
    currency: Currency,
    worst: Micros,
    rate: Rate,
    pricing: Pricing,
}

async fn hold_batch(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    intents: &[Intent],
) -> Result<Vec<Result<Held, Refused>>, BillingError> {
    let ids = intents.iter().map(|intent| intent.portfolio_id).collect();
    let payers = payers(tx, prices, store::PORTFOLIOS, ids).await?;
    let keys: Vec<Value> = intents.iter().map(|intent| intent.message_id.into()).collect();
    let accepted = accepted(tx, &keys).await?;
    let mut answers: HashMap<BusinessMessageId, Result<Held, Refused>> = HashMap::new();
    let mut quotes: Vec<Quote<'_>> = Vec::new();
    let mut asked: BTreeSet<BusinessMessageId> = BTreeSet::new();
    for intent in intents.iter().filter(|intent| asked.insert(intent.message_id)) {
        match quote(payer(&payers, intent.portfolio_id)?, intent) {
            Ok(quote) => quotes.push(quote),
            Err(refused) => drop(answers.insert(intent.message_id, Err(refused))),
        }
    }
    look_at_allowances(tx, &payers, &mut quotes).await?;
    quotes.retain(|quote| match accepted.get(&quote.intent.message_id) {
        None => true,
        Some(held) => {
            answers.insert(quote.intent.message_id, Ok(quote.held(*held)));
            false
        }
    });
    set_aside(ctx, tx, &payers, quotes, &mut answers).await?;
    let answer = |intent: &Intent| {
        answers.get(&intent.message_id).cloned().ok_or(BillingError::Damaged("a message has no answer"))
    };
    intents.iter().map(answer).collect()
}

/// What was held for messages that were accepted before.
async fn accepted(tx: &mut Tx, ids: &[Value]) -> Result<HashMap<BusinessMessageId, Micros>, BillingError> {
    let rows = tx.query_list(store::ACCEPTED, &[], ids).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

impl Quote<'_> {
    fn held(&self, held: Micros) -> Held {
        Held { message_id: self.intent.message_id, held, currency: self.currency, pricing: self.pricing }
    }
}

fn quote<'a>(payer: &Payer, intent: &'a Intent) -> Result<Quote<'a>, Refused> {
    let digits = intent.to.digits();
    let destination = digits.get(..PREFIX_DIGITS_MAX).unwrap_or(digits).to_owned();
    let Intent { category, window, sent_at, .. } = intent;
    let rate = payer.book.rate(&destination, *category, window, *sent_at);
    let worst = payer.book.worst_case(&destination, *category, window, *sent_at, intent.expires_at);
    let (Some(rate), Some(worst)) = (rate, worst) else {
        let market = payer.book.market_at(&destination, *sent_at).map_or("", |(_, market)| market);
        return Err(Refused::NoPrice { market: market.to_owned() });
    };
    Ok(Quote {
        intent,
        destination,
        currency: payer.currency,
        worst: at_most(worst, intent.max_price),
        pricing: Pricing::new(pricing_type(&rate, None), *category),
        rate,
    })
}

/// Sees how far the free quantities are used, for what the `sent` webhook says of the price.
async fn look_at_allowances(
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    quotes: &mut [Quote<'_>],
) -> Result<(), BillingError> {
    let mut counted: Vec<&mut Quote<'_>> =
        quotes.iter_mut().filter(|quote| quote.rate.allowance.is_some()).collect();
    let mut keys = Vec::with_capacity(counted.len());
    for quote in &counted {
        let period = payer(payers, quote.intent.portfolio_id)?.period(quote.intent.sent_at)?;
        keys.push(params![quote.intent.phone_number_id, quote.intent.category.as_str(), period]);
    }
    let answers = tx.query_many(store::ALLOWANCE_USED, keys).await?;
    for (quote, rows) in counted.iter_mut().zip(answers) {
        let used: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
        let pricing_type = pricing_type(&quote.rate, used.checked_add(1));
        quote.pricing = Pricing::new(pricing_type, quote.intent.category);
    }
    Ok(())
}

/// Holds in the ledger what the quotes say, and writes down the messages that were accepted.
async fn set_aside(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    quotes: Vec<Quote<'_>>,
    answers: &mut HashMap<BusinessMessageId, Result<Held, Refused>>,
) -> Result<(), BillingError> {
    let mut revenue: BTreeMap<(Category, Currency), Account> = BTreeMap::new();
    let mut transfers = Vec::new();
    for quote in quotes.iter().filter(|quote| quote.worst > Micros::ZERO) {
        let (category, currency) = (quote.intent.category, quote.currency);
        let credit = revenue
            .entry((category, currency))
            .or_insert_with(|| Account::new(AccountKind::MessageRevenue(category.as_str().into()), currency));
        transfers.push(Transfer {
            transfer_id: hold_id(quote.intent.message_id),
            action: Action::Hold {
                debit: payer(payers, quote.intent.portfolio_id)?.account.clone(),
                credit: credit.clone(),
                amount: quote.worst,
                expires_at: quote.intent.expires_at,
            },
        });
    }
    let outcomes = plaza_ledger::post(ctx, tx, &transfers).await?;
    let outcomes: HashMap<TransferId, _> =
        transfers.iter().map(|transfer| transfer.transfer_id).zip(outcomes).collect();
    // A hold that the ledger knows is of a message that another server accepted a moment ago, or of one that has ended.
    let is_known = |quote: &&Quote<'_>| match outcomes.get(&hold_id(quote.intent.message_id)) {
        Some(Ok(outcome)) => outcome.repeated,
        Some(Err(refused)) => *refused == plaza_ledger::Refused::Different,
        None => false,
    };
    let known: Vec<Value> =
        quotes.iter().filter(is_known).map(|quote| quote.intent.message_id.into()).collect();
    let accepted = accepted(tx, &known).await?;
    let mut rows = Vec::with_capacity(quotes.len());
    for quote in &quotes {
        let message_id = quote.intent.message_id;
        let answer = match outcomes.get(&hold_id(message_id)) {
            _ if is_known(&quote) => {
                accepted.get(&message_id).map(|held| quote.held(*held)).ok_or(Refused::Ended)
            }
            None => Ok(quote.held(Micros::ZERO)),
            Some(Ok(outcome)) => Ok(quote.held(outcome.amount)),
            Some(Err(plaza_ledger::Refused::Insufficient { available })) => Err(Refused::InsufficientFunds {
                needed: quote.worst,
                available: *available,
                currency: quote.currency,
            }),
            Some(Err(_)) => return Err(BillingError::Damaged("the ledger refused a hold")),
        };
        if let (Ok(held), false) = (&answer, is_known(&quote)) {
            rows.push(intent_row(quote, held.held));
        }
        answers.insert(message_id, answer);
    }
    tx.insert_rows(store::INSERT_INTENTS, rows).await?;
    Ok(())
}

fn intent_row(quote: &Quote<'_>, held: Micros) -> Vec<Value> {
    let intent = quote.intent;
    let mut row = store::message_row(&Message {
        message_id: intent.message_id,
        portfolio_id: intent.portfolio_id,
        waba_id: intent.waba_id,
        phone_number_id: intent.phone_number_id,
        destination: quote.destination.clone(),
        category: intent.category,
        template: intent.template,
        sent_at: intent.sent_at,
        window: intent.window,
        max_price: intent.max_price,
        held,
    });
    row.push(intent.expires_at.into());
    row
}

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
    let deliveries: Vec<_> = earliest.into_iter().collect();
    let mut charged = Vec::new();
    for batch in deliveries.chunks(BATCH_MESSAGES) {
        charged.append(&mut deliver_batch(ctx, tx, prices, batch).await?);
    }
    Ok(charged)
}

/// A delivered message with its rate.
struct Rated {
    event: Event,
    rate: Rate,
    period: i64,
    /// Which of the month's free quantity it is.
    allowance: Option<i64>,
    hash: [u8; 32],
}

impl Rated {
    fn pricing_type(&self) -> PricingType {
        pricing_type(&self.rate, self.allowance)
    }
}

/// How a message is priced, given which of the month's free quantity it is.
pub(crate) fn pricing_type(rate: &Rate, allowance: Option<i64>) -> PricingType {
    match (&rate.free, &rate.allowance, allowance) {
        (Some(rule), _, _) => rule.pricing_type,
        (None, Some(rule), Some(n)) if rule.monthly_quantity.is_some_and(|quantity| n <= quantity) => {
            rule.pricing_type
        }
        _ => PricingType::Regular,
    }
}

async fn deliver_batch(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    deliveries: &[(BusinessMessageId, Timestamp)],
) -> Result<Vec<Charged>, BillingError> {
    let keys: Vec<Value> = deliveries.iter().map(|(message, _)| message.into()).collect();
    let taken = tx.query_list(store::TAKE_INTENTS, &[], &keys).await?;
    let messages: Vec<Message> = taken.iter().map(store::message).collect::<Result<_, _>>()?;
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let ids = messages.iter().map(|message| message.portfolio_id).collect();
    let mut payers = payers(tx, prices, store::PORTFOLIOS_LOCKED, ids).await?;
    let times: HashMap<_, _> = deliveries.iter().copied().collect();
    let mut rated = Vec::with_capacity(messages.len());
    for message in messages {
        let at = times.get(&message.message_id).copied().unwrap_or_default();
        rated.push(rate(payer(&payers, message.portfolio_id)?, message, at)?);
    }
    rated.sort_by_key(|rated| (rated.event.delivered_at, rated.event.message.message_id));
    use_allowances(tx, &mut rated).await?;
    link(&mut payers, &mut rated)?;
    settle(ctx, tx, &rated).await?;
    record(ctx, tx, &payers, &rated).await
}

fn rate(payer: &Payer, message: Message, at: Timestamp) -> Result<Rated, BillingError> {
    // Nothing is delivered before it is sent; only clocks say so.
    let delivered_at = at.max(message.sent_at);
    let book = &payer.book;
    let at = |at| book.rate(&message.destination, message.category, &message.window, at);
    // Where the book has a hole at the delivery, the price of the sending stands: it was there when it was accepted.
    let rate = at(delivered_at).or_else(|| at(message.sent_at));
    let rate = rate.ok_or(BillingError::Damaged("a message was accepted that has no price"))?;
    let period = payer.period(delivered_at)?;
    Ok(Rated {
        event: Event { message, sequence: 0, delivered_at },
        rate,
        period,
        allowance: None,
        hash: [0; 32],
    })
}

/// Numbers the messages that count towards a free quantity.
async fn use_allowances(tx: &mut Tx, rated: &mut [Rated]) -> Result<(), BillingError> {
    let mut counts: BTreeMap<(PhoneNumberId, Category, i64), i64> = BTreeMap::new();
    let key =
        |rated: &Rated| (rated.event.message.phone_number_id, rated.event.message.category, rated.period);
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

/// Posts the real prices out of the holds, and gives back those of free messages.
async fn settle(ctx: &Ctx, tx: &mut Tx, rated: &[Rated]) -> Result<(), BillingError> {
    let held = rated.iter().filter(|rated| rated.event.message.held > Micros::ZERO);
    let ends = held.map(|rated| {
        let message = &rated.event.message;
        let (hold, amount) =
            (hold_id(message.message_id), message.amount(rated.pricing_type(), rated.rate.unit));
        let is_paid = amount > Micros::ZERO;
        let action = if is_paid { Action::PostHold { hold, amount } } else { Action::VoidHold { hold } };
        Transfer { transfer_id: end_id(message.message_id), action }
    });
    end_holds(ctx, tx, &ends.collect::<Vec<_>>()).await
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
) -> Result<Vec<Charged>, BillingError> {
    let (mut events, mut charges) = (Vec::with_capacity(rated.len()), Vec::with_capacity(rated.len()));
    let (mut sums, mut charged) = (Sums::default(), Vec::with_capacity(rated.len()));
    for rated in rated {
        let charge = charge(ctx, payer(payers, rated.event.message.portfolio_id)?, rated);
        charged.push(Charged {
            message_id: charge.message_id,
            charge_id: charge.charge_id,
            amount: charge.amount,
            currency: charge.currency,
            pricing: Pricing::new(charge.pricing_type, charge.category),
        });
        sums.add(&charge)?;
        charges.push(charge.row());
        let mut row = store::message_row(&rated.event.message);
        row.extend(params![rated.event.sequence, rated.event.delivered_at, rated.hash]);
        events.push(row);
    }
    tx.insert_rows(store::INSERT_EVENTS, events).await?;
    tx.insert_rows(store::INSERT_CHARGES, charges).await?;
    let chains = payers.iter().map(|(id, payer)| params![id, payer.events, payer.hash.clone()]);
    tx.execute_many(store::UPDATE_CHAIN, chains.collect()).await?;
    tx.execute_many(store::ADD_REVENUE, sums.rows()).await?;
    Ok(charged)
}

fn charge(ctx: &Ctx, payer: &Payer, rated: &Rated) -> Charge {
    let message = &rated.event.message;
    let pricing_type = rated.pricing_type();
    let amount = message.amount(pricing_type, rated.rate.unit);
    Charge {
        charge_id: ctx.ordered_id(),
        message_id: message.message_id,
        run: 0,
        portfolio_id: message.portfolio_id,
        waba_id: message.waba_id,
        phone_number_id: message.phone_number_id,
        price_version_id: rated.rate.price_version_id,
        market: rated.rate.market.to_string(),
        category: message.category,
        pricing_type,
        unit: rated.rate.unit,
        amount,
        currency: payer.currency,
        transfer_id: (amount > Micros::ZERO).then(|| end_id(message.message_id)),
        period: rated.period,
        allowance: rated.allowance,
        sent_at: message.sent_at,
        delivered_at: rated.event.delivered_at,
        charged_at: ctx.now(),
    }
}

/// Gives back what was held for messages that failed. Those that were charged or ended before stay as they are. The
/// answer is how many ended now.
pub async fn failed(ctx: &Ctx, tx: &mut Tx, messages: &[BusinessMessageId]) -> Result<usize, BillingError> {
    let keys: Vec<Value> = messages.iter().map(Into::into).collect();
    let mut ended = 0_usize;
    for batch in keys.chunks(BATCH_MESSAGES) {
        let taken = tx.query_list(store::TAKE_INTENTS, &[], batch).await?;
        let taken: Vec<Message> = taken.iter().map(store::message).collect::<Result<_, _>>()?;
        let held = taken.iter().filter(|message| message.held > Micros::ZERO);
        let ends = held.map(|message| Transfer {
            transfer_id: end_id(message.message_id),
            action: Action::VoidHold { hold: hold_id(message.message_id) },
        });
        end_holds(ctx, tx, &ends.collect::<Vec<_>>()).await?;
        ended = ended.saturating_add(taken.len());
    }
    Ok(ended)
}

/// Ends the oldest messages whose time is over, at most `limit` of them, and gives back what was held for them.
pub async fn expire(ctx: &Ctx, tx: &mut Tx, limit: u32) -> Result<Vec<BusinessMessageId>, BillingError> {
    let mut ends = Vec::new();
    let mut expired = Vec::new();
    for row in tx.query(store::TAKE_EXPIRED, params![ctx.now(), limit]).await? {
        let message_id: BusinessMessageId = row.get(0)?;
        expired.push(message_id);
        if row.get::<Micros>(1)? > Micros::ZERO {
            let action = Action::ExpireHold { hold: hold_id(message_id) };
            ends.push(Transfer { transfer_id: end_id(message_id), action });
        }
    }
    end_holds(ctx, tx, &ends).await?;
    Ok(expired)
}
