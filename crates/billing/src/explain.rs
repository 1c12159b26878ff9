//! # Why this price
//!
//! Each charge can say, in a few steps that a person can follow, how it came about: from the rows that it was made from,
//! rated again, and from the ledger.

use crate::import::day_of;
use crate::price_book::{Origin, PriceBook, WindowKind};
use crate::rerating::{self, Corrected};
use crate::usage::{Message, Payer, payers};
use crate::{BillingError, Category, Charge, Prices, PricingType, Rate, charges_of, store};
use plaza_db::{Tx, params};
use plaza_ledger::TransferView;
use plaza_protocol::{BusinessMessageId, ChargeId, Ctx, Micros, PortfolioId, PriceVersionId, Timestamp};
use std::collections::BTreeSet;

/// A charge with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was charged.
    pub charge: Charge,
    /// How it came about, in order.
    pub why: Vec<Step>,
    /// The version of the price book.
    pub price_version: VersionView,
    /// The hold and its end.
    pub transfers: Vec<TransferView>,
}

/// One step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was decided.
    pub step: String,
    /// How.
    pub value: String,
    /// Why.
    pub because: String,
}

/// When a version is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionView {
    /// Its id.
    pub id: PriceVersionId,
    /// Its first moment.
    pub effective_from: Timestamp,
    /// The moment after its last one.
    pub effective_to: Option<Timestamp>,
}

/// Explains a charge; `None` if there is none with this id.
pub async fn explain(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    charge: ChargeId,
) -> Result<Option<Explanation>, BillingError> {
    let Some(row) = tx.query_one(store::CHARGE, params![charge]).await? else { return Ok(None) };
    let charge = Charge::read(&row, 0)?;
    let row = tx.query_one(store::EVENT, params![charge.message_id]).await?;
    let (event, _) = store::event(&row.ok_or(BillingError::Damaged("a charge has no usage event"))?, 15)?;
    let payers = payers(tx, prices, store::PORTFOLIOS, BTreeSet::from([charge.portfolio_id])).await?;
    let payer =
        payers.get(&charge.portfolio_id).ok_or(BillingError::UnknownPortfolio(charge.portfolio_id))?;
    let splits = crate::funds::splits(tx, &[charge.message_id]).await?;
    let parts = crate::funds::parts(charge.message_id, event.message.held, &splits);
    let ids: Vec<_> = parts.into_iter().flat_map(|(hold, end, _)| [hold, end]).collect();
    let mut transfers = plaza_ledger::transfers(ctx, tx, &ids).await?;
    transfers.sort_by_key(|transfer| (transfer.at, transfer.hold.is_some()));
    let message = event.message;
    let book = &payer.book;
    let version = book.version(charge.price_version_id);
    let version = version.ok_or(BillingError::Damaged("a charge has no price version"))?;
    let price_version = VersionView {
        id: version.price_version_id,
        effective_from: version.effective_from,
        effective_to: version.effective_to,
    };
    let rate = message
        .rate(book, charge.delivered_at)
        .ok_or(BillingError::Damaged("a charge cannot be rated again"))?;
    let mut why =
        vec![category(&message), market(book, &message, &charge), version_step(&price_version, &message)];
    why.push(price(&charge, &rate));
    why.extend(tier(&charge, &rate, payer));
    match message.pulses {
        Some(pulses) => why.push(length(pulses, &charge)),
        None => why.extend(windows(&message, charge.delivered_at)),
    }
    why.push(rule(&charge, &rate, payer));
    why.push(held(&message, &charge));
    why.push(amount(&message, &charge));
    for corrected in rerating::of_message(tx, charge.message_id).await? {
        why.push(correction(&charge, &corrected));
    }
    Ok(Some(Explanation { charge, why, price_version, transfers }))
}

/// Explains what a message of a portfolio cost; `None` if nothing was charged for it (yet).
pub async fn explain_message(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    portfolio: PortfolioId,
    message: BusinessMessageId,
) -> Result<Option<Explanation>, BillingError> {
    match charges_of(ctx, tx, portfolio, &[message]).await?.into_iter().flatten().next() {
        Some(charge) => explain(ctx, tx, prices, charge.charge_id).await,
        None => Ok(None),
    }
}

fn step(step: &str, value: impl Into<String>, because: impl Into<String>) -> Step {
    Step { step: step.to_owned(), value: value.into(), because: because.into() }
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| at.0.to_string(), |at| format!("{at:.0}"))
}

fn correction(charge: &Charge, corrected: &Corrected) -> Step {
    let Corrected { run, before, after, number } = corrected;
    let place =
        number.map_or_else(String::new, |number| format!(" it is number {number} of those that count, and"));
    let because = format!(
        "the month was rated again, run {run}: in the order of the deliveries{place} it costs this instead of {before} {}",
        charge.currency
    );
    step("Corrected", format!("{after} {}", charge.currency), because)
}

fn category(message: &Message) -> Step {
    if message.category == Category::Call {
        let because = format!("the business called, {}; calls of people are free", time(message.sent_at));
        return step("Category", message.category.as_str(), because);
    }
    if message.category == Category::AuthenticationInternational {
        let because = format!(
            "it was a one-time code of a business that is based elsewhere and sends many of them, sent {}",
            time(message.sent_at)
        );
        return step("Category", message.category.as_str(), because);
    }
    let kind = if message.template { "a template" } else { "a free-form message" };
    let because = format!("it was {kind} of this category when it was sent, {}", time(message.sent_at));
    step("Category", message.category.as_str(), because)
}

fn market(book: &PriceBook, message: &Message, charge: &Charge) -> Step {
    let because = match book.market_at(&message.destination, charge.delivered_at) {
        Some(("*", _)) | None => "no other market has numbers that begin like this one".to_owned(),
        Some((prefix, _)) => format!("the number starts with {prefix}"),
    };
    step("Market", charge.market.as_str(), because)
}

fn version_step(version: &VersionView, message: &Message) -> Step {
    let until = match version.effective_to {
        Some(to) => format!(" until {} 00:00 UTC", day_of(to)),
        None => String::new(),
    };
    let value = format!("from {}", day_of(version.effective_from));
    let when = if message.pulses.is_some() { "when it was picked up" } else { "at the delivery" };
    step("Price version", value, format!("it was in force {when}: since 00:00 UTC{until}"))
}

fn price(charge: &Charge, rate: &Rate) -> Step {
    let because = match rate.origin {
        Origin::Version => format!("the version's price of {} in {}", charge.category, charge.market),
        Origin::Older(_) => {
            "the version has no such row; an older one that was published without an end has".to_owned()
        }
        Origin::Authentication => {
            format!(
                "{} has no price of its own for authentication from abroad: its authentication price",
                charge.market
            )
        }
        Origin::Contract => {
            format!("the contract's price of {} in {}", charge.category, charge.market)
        }
        Origin::OutsideGroups => {
            format!("{} has no price of its own for it in groups: its price outside of them", charge.market)
        }
        Origin::Other => format!("the version has no such row for {}: the price of Other", charge.market),
    };
    let of_a_pulse = if charge.category == Category::Call { " a pulse" } else { "" };
    step("List price", format!("{} {}{of_a_pulse}", rate.unit, charge.currency), because)
}

/// Which step of the price the month's volume had come to.
fn tier(charge: &Charge, rate: &Rate, payer: &Payer) -> Option<Step> {
    let (volume, tier) = (charge.volume?, rate.tier(charge.volume)?);
    let category = charge.category.accrues_with()?;
    let because = format!(
        "it was charged message number {volume} of {category} to {} in {}",
        charge.market,
        month(charge, payer)
    );
    Some(step("Volume tier", format!("{tier}: {} {}", tier.unit, charge.currency), because))
}

/// The month of a charge, with its time zone.
fn month(charge: &Charge, payer: &Payer) -> String {
    let (year, month) = (charge.period.div_euclid(100), charge.period.rem_euclid(100));
    format!("{year}-{month:02} ({})", payer.time_zone.iana_name().unwrap_or("UTC"))
}

/// How long a call was.
fn length(pulses: i64, charge: &Charge) -> Step {
    let value = if pulses == 1 { "1 pulse".to_owned() } else { format!("{pulses} pulses") };
    let because = format!("of six seconds each, the last one begun; picked up {}", time(charge.delivered_at));
    step("Length", value, because)
}

fn windows(message: &Message, at: Timestamp) -> Vec<Step> {
    let windows = [
        ("Customer-service window", WindowKind::CustomerService, message.window.customer_service_until),
        ("Free entry point", WindowKind::FreeEntryPoint, message.window.free_entry_point_until),
    ];
    let shown = windows
        .into_iter()
        .filter(|(_, kind, until)| *kind == WindowKind::CustomerService || until.is_some());
    let steps = shown.map(|(name, _, until)| match until {
        None => step(name, "closed", "it was not open when the message was sent"),
        Some(until) if at < until => {
            step(name, "open", format!("it was open until {}, delivered {}", time(until), time(at)))
        }
        Some(until) => step(name, "closed", format!("it closed {}, delivered {}", time(until), time(at))),
    });
    steps.collect()
}

fn rule(charge: &Charge, rate: &Rate, payer: &Payer) -> Step {
    let kind = match charge.pricing_type {
        PricingType::Regular => "regular",
        PricingType::FreeCustomerService => "free (customer service)",
        PricingType::FreeGroupCustomerService => "free (customer service in a group)",
        PricingType::FreeEntryPoint => "free (entry point)",
    };
    let because = match (&rate.free, &rate.allowance, charge.allowance) {
        (Some(rule), _, _) => rule.note.clone(),
        (None, Some(rule), Some(n)) => {
            format!("it was number {n} of its phone number in {}: {}", month(charge, payer), rule.note)
        }
        _ if charge.category == Category::Call => "no rule makes calls of a business free".to_owned(),
        _ if charge.category.outside_groups() == Category::Marketing => {
            "no rule makes marketing messages free".to_owned()
        }
        _ => "no rule of the version makes it free".to_owned(),
    };
    step("Pricing type", kind, because)
}

fn held(message: &Message, charge: &Charge) -> Step {
    if message.held == Micros::ZERO {
        return step("Held", "nothing", "it could not cost anything when it was accepted");
    }
    let value = format!("{} {}", message.held, charge.currency);
    let because = match message.pulses {
        Some(_) => "the price of the longest call, set aside when the call began",
        None => "the most that it could cost until its expiry, set aside when it was accepted",
    };
    step("Held", value, because)
}

fn amount(message: &Message, charge: &Charge) -> Step {
    let because = if charge.amount == Micros::ZERO {
        "it is free; what was held is given back".to_owned()
    } else if let (Some(pulses), true) = (message.pulses, charge.amount == charge.unit) {
        format!("the list price times {pulses}; the rest of what was held is given back")
    } else if charge.amount == charge.unit {
        let price = if charge.tier.is_some() { "the price of its tier" } else { "the list price" };
        format!("{price}; the rest of what was held is given back")
    } else if message.max_price == Some(charge.amount) {
        "the business's own maximum".to_owned()
    } else {
        "not more than what the business agreed to when it was accepted".to_owned()
    };
    step("Charged", format!("{} {}", charge.amount, charge.currency), because)
}
