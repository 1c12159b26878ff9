//! # The life of a paid message
//!
//! Accepted, then delivered, failed or expired. While it is on its way, a row of `usage_intent` holds what was known
//! when it was accepted. Whoever ends the message takes that row away, and the database gives it to one taker only:
//! this is what makes the first of *delivered* and *read* charge and all later receipts do nothing, without a time
//! limit.
//!
//! A message that is delivered becomes a usage event and a charge. The order within a batch is that of the deliveries,
//! then of the ids, so that the same deliveries use up a free quantity in the same order, however they came in.
//!
//! `hold.rs` is the accepting, `deliver.rs` the ends; here is what both know of a message and its payer.

mod deliver;
mod hold;

pub use deliver::{called, delivered, expire, failed};
pub use hold::hold;
pub(crate) use hold::revenue_of;

use crate::category::{Category, Pricing, PricingType, WindowState};
use crate::error::BillingError;
use crate::international::Abroad;
use crate::price_book::{PriceBook, Rate};
use crate::prices::Prices;
use crate::standing::Standing;
use jiff::tz::TimeZone;
use plaza_db::{ListSql, Tx, Value};
use plaza_ledger::derived_id;
use plaza_protocol::{
    BusinessMessageId, ChargeId, Currency, Micros, PhoneNumber, PhoneNumberId, PortfolioId, Timestamp,
    TransferId, WabaId,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Of a call: the pulses of its greatest length.
    pub pulses_max: Option<i64>,
    /// The campaign that it belongs to: the one that its tag names, or its template.
    pub campaign: Option<Arc<str>>,
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
    /// It is the first message of another tier than that of the month's first one.
    pub begins_tier: bool,
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
    /// Of a call that has ended.
    pub(crate) pulses: Option<i64>,
    /// Where its price counts as spent; `None`: it is free and of no campaign, or nobody needs to know.
    pub(crate) spent: Option<SpentOn>,
}

/// The day of a payer and the campaign on which a message counts as spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpentOn {
    /// 20261128, in the payer's time zone.
    pub(crate) day: i64,
    pub(crate) campaign: Option<Arc<str>>,
}

impl Message {
    /// What it costs if it is delivered at a moment. Where the book has a hole then, the price of the sending stands:
    /// it was there when the message was accepted.
    pub(crate) fn rate(&self, book: &PriceBook, delivered_at: Timestamp) -> Option<Rate> {
        let at = |at| book.rate(&self.destination, self.category, &self.window, at);
        at(delivered_at).or_else(|| at(self.sent_at))
    }

    /// The list price: that of a message, or that of all pulses of a call.
    pub(crate) fn list_price(&self, unit: Micros) -> Micros {
        self.pulses.map_or(unit, |pulses| times(unit, pulses))
    }

    /// What it costs with a pricing type: nothing, or the list price, but not more than the business wants to pay, and
    /// not more than what was held.
    pub(crate) fn amount(&self, pricing_type: PricingType, unit: Micros) -> Micros {
        match pricing_type {
            PricingType::Regular => at_most(self.list_price(unit), self.max_price).min(self.held),
            PricingType::FreeCustomerService
            | PricingType::FreeGroupCustomerService
            | PricingType::FreeEntryPoint => Micros::ZERO,
        }
    }
}

pub(crate) fn at_most(price: Micros, max_price: Option<Micros>) -> Micros {
    max_price.map_or(price, |max| price.min(max)).max(Micros::ZERO)
}

/// The price of so many pulses.
fn times(unit: Micros, pulses: i64) -> Micros {
    Micros(unit.0.saturating_mul(pulses.max(0)))
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
        // Only calls have pulses: what messages were hashed like stays as it is.
        let pulses = message.pulses.map(i64::to_be_bytes);
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
            .chain_update(pulses.as_ref().map_or(&[][..], |pulses| &pulses[..]))
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
    pub(crate) abroad: Abroad,
    pub(crate) standing: Standing,
    /// Since when an invoice is overdue.
    pub(crate) overdue_since: Option<Timestamp>,
}

impl Payer {
    /// The day of a moment: 20261128.
    pub(crate) fn day(&self, at: Timestamp) -> Result<i64, BillingError> {
        day_in(&self.time_zone, at)
    }

    /// The month of a moment: 202611.
    pub(crate) fn period(&self, at: Timestamp) -> Result<i64, BillingError> {
        let at = jiff::Timestamp::from_microsecond(at.0);
        let date =
            at.map_err(|_| BillingError::Damaged("a time is out of range"))?.to_zoned(self.time_zone.clone());
        Ok(i64::from(date.year()).saturating_mul(100).saturating_add(i64::from(date.month())))
    }
}

/// The day of a moment in a time zone: 20261128.
pub(crate) fn day_in(zone: &TimeZone, at: Timestamp) -> Result<i64, BillingError> {
    let at = jiff::Timestamp::from_microsecond(at.0);
    let date = at.map_err(|_| BillingError::Damaged("a time is out of range"))?.to_zoned(zone.clone());
    let month = i64::from(date.year()).saturating_mul(100).saturating_add(i64::from(date.month()));
    Ok(month.saturating_mul(100).saturating_add(i64::from(date.day())))
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
        let mut digest = row.get::<Option<Vec<u8>>>(6)?.ok_or(BillingError::NoPriceBook(currency))?;
        // A contract's content is its own and that of the list below it.
        digest.extend(row.get::<Option<Vec<u8>>>(7)?.unwrap_or_default());
        let book = prices.book(tx, row.get(3)?, currency, digest).await?;
        let (events, hash) = (row.get(4)?, row.get(5)?);
        let abroad =
            Abroad { country: row.get::<Option<String>>(8)?.unwrap_or_default(), starts_at: row.get(9)? };
        let (standing, overdue_since) = (Standing::read(&row, 10)?, row.get(11)?);
        payers.insert(id, Payer { currency, time_zone, book, events, hash, abroad, standing, overdue_since });
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
