//! # Accepting a message
//!
//! The most that a message can cost until it expires is set aside in the ledger, or the message is refused. The whole
//! batch is looked up, quoted in memory, held and written down with a few statements.

use super::{BATCH_MESSAGES, Held, Intent, Message, Payer, at_most, hold_id, payer, payers, times};
use crate::category::{Category, Pricing};
use crate::error::{BillingError, Refused};
use crate::price_book::{PREFIX_DIGITS_MAX, Rate};
use crate::prices::Prices;
use crate::store;
use plaza_db::{Tx, Value, params};
use plaza_ledger::{Account, AccountKind, Action, Transfer};
use plaza_protocol::{BusinessMessageId, Ctx, Currency, Micros, PortfolioId, TransferId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
        worst: at_most(intent.pulses_max.map_or(worst, |pulses| times(worst, pulses)), intent.max_price),
        pricing: Pricing::new(rate.pricing_type(None), *category),
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
        keys.push(params![
            quote.intent.phone_number_id,
            quote.intent.category.outside_groups().as_str(),
            period
        ]);
    }
    let answers = tx.query_many(store::ALLOWANCE_USED, keys).await?;
    for (quote, rows) in counted.iter_mut().zip(answers) {
        let used: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
        quote.pricing = Pricing::new(quote.rate.pricing_type(used.checked_add(1)), quote.intent.category);
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
            .or_insert_with(|| Account::new(revenue_of(category), currency));
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

/// What a category earns for.
pub(crate) fn revenue_of(category: Category) -> AccountKind {
    match category {
        Category::Call => AccountKind::CallRevenue,
        other => AccountKind::MessageRevenue(other.as_str().into()),
    }
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
        pulses: None,
    });
    row.push(intent.expires_at.into());
    row
}
