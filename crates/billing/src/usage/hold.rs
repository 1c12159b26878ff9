//! # Accepting a message
//!
//! The most that a message can cost until it expires is set aside in the ledger, or the message is refused. The whole
//! batch is looked up, quoted in memory, held and written down with a few statements. Before it is planned who pays
//! what, the accounts of the payers are locked: what the plan sees is what the ledger finds.

use super::{BATCH_MESSAGES, Held, Intent, Message, Payer, SpentOn, at_most, hold_id, payer, payers, times};
use crate::caps::{self, Meter};
use crate::category::{Category, Pricing};
use crate::error::{BillingError, Refused};
use crate::funds::{self, Purse, part_hold_id};
use crate::international;
use crate::price_book::{PREFIX_DIGITS_MAX, Rate};
use crate::prices::Prices;
use crate::standing::Standing;
use crate::{alerts, store};
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
    /// As it is charged: a one-time code may be one from abroad.
    category: Category,
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
    let is_paid = quotes.iter().any(|quote| quote.worst > Micros::ZERO);
    let mut purses = if is_paid { funds::lock_payers(ctx, tx, &payers).await? } else { BTreeMap::new() };
    // Looked up under the locks: what another server accepted a moment ago is there by now.
    let keys: Vec<Value> = intents.iter().map(|intent| intent.message_id.into()).collect();
    let accepted = accepted(tx, &keys).await?;
    quotes.retain(|quote| match accepted.get(&quote.intent.message_id) {
        None => true,
        Some(held) => {
            answers.insert(quote.intent.message_id, Ok(quote.held(*held)));
            false
        }
    });
    set_aside(ctx, tx, (&payers, &mut purses), quotes, &mut answers).await?;
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
    let Intent { window, sent_at, .. } = intent;
    let category = international::category(payer, intent.category, &destination, *sent_at);
    let rate = payer.book.rate(&destination, category, window, *sent_at);
    let worst = payer.book.worst_case(&destination, category, window, *sent_at, intent.expires_at);
    let (Some(rate), Some(worst)) = (rate, worst) else {
        let market = payer.book.market_at(&destination, *sent_at).map_or("", |(_, market)| market);
        return Err(Refused::NoPrice { market: market.to_owned() });
    };
    Ok(Quote {
        intent,
        category,
        destination,
        currency: payer.currency,
        worst: at_most(intent.pulses_max.map_or(worst, |pulses| times(worst, pulses)), intent.max_price),
        pricing: Pricing::new(rate.pricing_type(None), category),
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
        keys.push(params![quote.intent.phone_number_id, quote.category.outside_groups().as_str(), period]);
    }
    let answers = tx.query_many(store::ALLOWANCE_USED, keys).await?;
    for (quote, rows) in counted.iter_mut().zip(answers) {
        let used: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
        quote.pricing = Pricing::new(quote.rate.pricing_type(used.checked_add(1)), quote.category);
    }
    Ok(())
}

/// What a message was given: where it is set aside, or why it is not.
type Plan = Result<Vec<(Account, Micros)>, Refused>;

/// Sees in memory which messages the caps and the purses allow, in order.
fn plan(
    payers: &BTreeMap<PortfolioId, Payer>,
    purses: &mut BTreeMap<PortfolioId, Purse>,
    meter: &mut Meter,
    quote: &Quote<'_>,
) -> Result<Plan, BillingError> {
    let Quote { intent, worst, currency, .. } = quote;
    if *worst <= Micros::ZERO {
        return Ok(Ok(Vec::new()));
    }
    let payer = payer(payers, intent.portfolio_id)?;
    if payer.standing == Standing::Suspended {
        return Ok(Err(Refused::Suspended { since: payer.overdue_since.unwrap_or_default() }));
    }
    let day = payer.day(intent.sent_at)?;
    if let Err(refused) = meter.admit(intent, day, *worst) {
        return Ok(Err(refused));
    }
    let purse = purses.entry(intent.portfolio_id).or_default();
    Ok(match purse.take(*worst) {
        Some(parts) => {
            meter.count(intent, day, *worst);
            Ok(parts)
        }
        None => Err(Refused::InsufficientFunds {
            needed: *worst,
            available: purse.available(),
            currency: *currency,
        }),
    })
}

/// Those of the messages that ended before: the ledger knows a hold of theirs.
async fn ended(
    ctx: &Ctx,
    tx: &mut Tx,
    quotes: &[Quote<'_>],
    plans: &[Plan],
) -> Result<BTreeSet<BusinessMessageId>, BillingError> {
    // A single hold that is known is refused when it is posted; only the others have to be looked up.
    let odd =
        quotes.iter().zip(plans).filter(|(_, plan)| plan.as_ref().map_or(true, |parts| parts.len() > 1));
    let odd: HashMap<TransferId, BusinessMessageId> =
        odd.map(|(quote, _)| (hold_id(quote.intent.message_id), quote.intent.message_id)).collect();
    let ids: Vec<TransferId> = odd.keys().copied().collect();
    let known = plaza_ledger::transfers(ctx, tx, &ids).await?;
    Ok(known.iter().filter_map(|transfer| odd.get(&transfer.transfer_id).copied()).collect())
}

/// Holds in the ledger what the quotes say, and writes down the messages that were accepted.
async fn set_aside(
    ctx: &Ctx,
    tx: &mut Tx,
    (payers, purses): (&BTreeMap<PortfolioId, Payer>, &mut BTreeMap<PortfolioId, Purse>),
    quotes: Vec<Quote<'_>>,
    answers: &mut HashMap<BusinessMessageId, Result<Held, Refused>>,
) -> Result<(), BillingError> {
    let paid = quotes.iter().filter(|quote| quote.worst > Micros::ZERO);
    let days = caps::days(payers, paid.map(|quote| (quote.intent.portfolio_id, quote.intent.sent_at)))?;
    let mut meter = Meter::load(tx, &days).await?;
    let mut plans = Vec::with_capacity(quotes.len());
    for quote in &quotes {
        plans.push(plan(payers, purses, &mut meter, quote)?);
    }
    let ended = ended(ctx, tx, &quotes, &plans).await?;
    let (mut transfers, mut splits) = (Vec::new(), Vec::new());
    let mut revenue: BTreeMap<(Category, Currency), Account> = BTreeMap::new();
    for (quote, plan) in quotes.iter().zip(&plans) {
        let message_id = quote.intent.message_id;
        let Ok(parts) = plan else { continue };
        if ended.contains(&message_id) {
            continue;
        }
        let (category, currency) = (quote.category, quote.currency);
        let credit = revenue
            .entry((category, currency))
            .or_insert_with(|| Account::new(revenue_of(category), currency));
        for ((debit, amount), part) in parts.iter().zip(0_i64..) {
            let transfer_id = if part == 0 { hold_id(message_id) } else { part_hold_id(message_id, part) };
            if part > 0 {
                splits.push(params![message_id, part, *amount]);
            }
            transfers.push(Transfer {
                transfer_id,
                action: Action::Hold {
                    debit: debit.clone(),
                    credit: credit.clone(),
                    amount: *amount,
                    expires_at: quote.intent.expires_at,
                },
            });
        }
    }
    let mut outcomes: HashMap<TransferId, _> = HashMap::new();
    for batch in transfers.chunks(plaza_ledger::BATCH_TRANSFERS_MAX) {
        let posted = plaza_ledger::post(ctx, tx, batch).await?;
        outcomes.extend(batch.iter().map(|transfer| transfer.transfer_id).zip(posted));
    }
    let mut rows = Vec::with_capacity(quotes.len());
    let mut accepted = Vec::with_capacity(quotes.len());
    for (quote, plan) in quotes.iter().zip(plans) {
        let message_id = quote.intent.message_id;
        let is_free = quote.worst <= Micros::ZERO;
        let answer = match (plan, outcomes.get(&hold_id(message_id))) {
            _ if ended.contains(&message_id) => Err(Refused::Ended),
            (Err(refused), _) => Err(refused),
            (Ok(_), None) if is_free => Ok(quote.held(Micros::ZERO)),
            (Ok(_), Some(Ok(outcome))) if !outcome.repeated => Ok(quote.held(quote.worst)),
            // The ledger knows the hold, but the message is neither on its way nor delivered.
            (Ok(_), Some(Ok(_) | Err(plaza_ledger::Refused::Different))) => Err(Refused::Ended),
            (Ok(_), _) => return Err(BillingError::Damaged("the ledger refused a hold")),
        };
        if let Ok(held) = &answer {
            let day = payer(payers, quote.intent.portfolio_id)?.day(quote.intent.sent_at)?;
            let message = message_of(quote, held.held, day);
            rows.push(intent_row(quote, &message));
            accepted.push(message);
        }
        answers.insert(message_id, answer);
    }
    tx.insert_rows(store::INSERT_INTENTS, rows).await?;
    tx.insert_rows(funds::store::INSERT_SPLITS, splits).await?;
    caps::count(tx, &accepted).await?;
    meter.tell(ctx, tx).await?;
    watch(ctx, tx, payers, purses).await
}

/// Sees whose balance ran low.
async fn watch(
    ctx: &Ctx,
    tx: &mut Tx,
    payers: &BTreeMap<PortfolioId, Payer>,
    purses: &BTreeMap<PortfolioId, Purse>,
) -> Result<(), BillingError> {
    let keys: Vec<Value> = purses.keys().map(Into::into).collect();
    for (id, watching) in alerts::watches(tx, &keys).await? {
        if let Some(purse) = purses.get(&id) {
            alerts::see(ctx, tx, (id, payer(payers, id)?.currency), purse, &watching, false).await?;
        }
    }
    Ok(())
}

/// What a category earns for.
pub(crate) fn revenue_of(category: Category) -> AccountKind {
    match category {
        Category::Call => AccountKind::CallRevenue,
        other => AccountKind::MessageRevenue(other.as_str().into()),
    }
}

fn message_of(quote: &Quote<'_>, held: Micros, day: i64) -> Message {
    let intent = quote.intent;
    Message {
        message_id: intent.message_id,
        portfolio_id: intent.portfolio_id,
        waba_id: intent.waba_id,
        phone_number_id: intent.phone_number_id,
        destination: quote.destination.clone(),
        category: quote.category,
        template: intent.template,
        sent_at: intent.sent_at,
        window: intent.window,
        max_price: intent.max_price,
        held,
        pulses: None,
        // What is free is not spent; of which campaign it is, is kept all the same.
        spent: (held > Micros::ZERO || intent.campaign.is_some())
            .then(|| SpentOn { day, campaign: intent.campaign.clone() }),
    }
}

fn intent_row(quote: &Quote<'_>, message: &Message) -> Vec<Value> {
    let mut row = store::message_row(message);
    row.push(quote.intent.expires_at.into());
    row
}
