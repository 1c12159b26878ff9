//! # What a send would cost
//!
//! Before a campaign: what would it cost if it were sent and delivered now? The answer is worked out by what charges
//! afterwards: the same look into the price book, the same free quantities and volumes as they stand now, message by
//! message in the order in which they are given. Nothing is set aside and nothing is counted.
//!
//! Two amounts come out. The **cost** is what would be charged. The **most** is what would be set aside while the messages
//! are on their way: a window may close and a price may change before they arrive. The balance, and the caps that block,
//! are asked for the most, as a hold is.
//!
//! Messages that are priced alike are one step, however many they are: a million cost as little to estimate as one.

pub(crate) mod store;

use crate::caps::{self, CapAction, CapStatus};
use crate::funds::{self, require_payer};
use crate::international;
use crate::price_book::{PREFIX_DIGITS_MAX, PriceBook, Rate};
use crate::standing::Standing;
use crate::tiers::Counted;
use crate::usage::{Message, Payer, at_most, payers};
use crate::{BillingError, Category, Prices, PricingType, Tier, WindowState};
use plaza_db::{Tx, params};
use plaza_protocol::{
    BusinessMessageId, Ctx, Currency, Micros, PhoneNumber, PhoneNumberId, PortfolioId, Timestamp, WabaId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Messages of one estimate.
pub const MESSAGES_MAX: i64 = 100_000_000;

/// What is to be sent.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who pays.
    pub portfolio_id: PortfolioId,
    /// The business account.
    pub waba_id: WabaId,
    /// The sending number.
    pub phone_number_id: PhoneNumberId,
    /// What for.
    pub category: Category,
    /// The name of the template, which caps ask for.
    pub campaign: Option<Arc<str>>,
    /// How long each message waits for its recipient.
    pub lasts: Duration,
    /// The business pays no more than that for one.
    pub max_price: Option<Micros>,
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A person.
    Number(PhoneNumber),
    /// Anybody in a market.
    Market(String),
}

/// A part of a send.
#[derive(Debug, Clone)]
pub struct Part {
    /// To whom.
    pub to: To,
    /// How many.
    pub messages: i64,
    /// Their windows with the sending number.
    pub window: WindowState,
}

/// Messages that are priced alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The market.
    pub market: Arc<str>,
    /// What they are charged as.
    pub category: Category,
    /// How they are priced.
    pub pricing_type: PricingType,
    /// The tier of the price; `None`: it has none.
    pub tier: Option<Tier>,
    /// The price of one.
    pub unit: Micros,
    /// How many.
    pub messages: i64,
    /// What they cost.
    pub amount: Micros,
    /// What would be set aside for them.
    pub most: Micros,
}

/// What a send would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Of all amounts.
    pub currency: Currency,
    /// By market, category and price.
    pub lines: Vec<Line>,
    /// Messages that have no price: they would be refused.
    pub unpriced: i64,
    /// All messages with a price.
    pub messages: i64,
    /// What they cost.
    pub amount: Micros,
    /// What would be set aside for them.
    pub most: Micros,
    /// What can be spent now.
    pub available: Micros,
    /// The caps that count for it.
    pub caps: Vec<CapStatus>,
    /// How the portfolio stands with its invoices.
    pub standing: Standing,
}

impl Estimate {
    /// Whether a cap has no room for it.
    pub fn exceeds(&self, cap: &CapStatus) -> bool {
        cap.spent.0.checked_add(self.most.0).is_none_or(|after| after > cap.cap.limit.0)
    }

    /// Whether all of it could be sent now, as far as money decides.
    pub fn is_affordable(&self) -> bool {
        let blocks = |cap: &CapStatus| cap.cap.action == CapAction::Block && self.exceeds(cap);
        let is_paid = self.most > Micros::ZERO;
        !is_paid
            || (self.most <= self.available
                && self.standing != Standing::Suspended
                && !self.caps.iter().any(blocks))
    }
}

/// Messages as the price book sees them: whose prices are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Destination {
    digits: String,
    window: WindowState,
    messages: i64,
}

/// Works out what a send would cost if it were delivered now.
pub async fn estimate(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    plan: &Plan,
    parts: &[Part],
) -> Result<Estimate, BillingError> {
    require_payer(ctx, plan.portfolio_id)?;
    let funds = funds::funds(ctx, tx, plan.portfolio_id).await?;
    let ids = BTreeSet::from([plan.portfolio_id]);
    let mut payers = payers(tx, prices, crate::store::PORTFOLIOS, ids).await?;
    let payer = payers.remove(&plan.portfolio_id).ok_or(BillingError::UnknownPortfolio(plan.portfolio_id))?;
    let mut caps = caps::statuses(ctx, tx, plan.portfolio_id).await?;
    caps.retain(|status| {
        status.cap.covers_send(plan.waba_id, plan.phone_number_id, plan.campaign.as_deref())
    });
    let mut estimate = Estimate {
        currency: payer.currency,
        lines: Vec::new(),
        unpriced: 0,
        messages: 0,
        amount: Micros::ZERO,
        most: Micros::ZERO,
        available: funds.available,
        caps,
        standing: payer.standing,
    };
    let now = ctx.now();
    let mut counters = Counters::new(plan, payer.period(now)?);
    for destination in merged(&payer.book, parts, now, &mut estimate.unpriced)? {
        let Some(quoted) = Quoted::of(plan, &payer, &destination, now) else {
            estimate.unpriced = sum(estimate.unpriced, destination.messages)?;
            continue;
        };
        counters.load(tx, &quoted).await?;
        let mut left = destination.messages;
        while left > 0 {
            let step = counters.step(&quoted, left);
            left = left.saturating_sub(step.messages);
            estimate.add(&quoted, &step)?;
        }
    }
    estimate.lines.sort_by(|a, b| (&a.market, a.category, b.unit).cmp(&(&b.market, b.category, a.unit)));
    Ok(estimate)
}

/// The parts by what decides about the price, in their order.
fn merged(
    book: &PriceBook,
    parts: &[Part],
    now: Timestamp,
    unpriced: &mut i64,
) -> Result<Vec<Destination>, BillingError> {
    let mut order: Vec<Destination> = Vec::new();
    let mut all = 0_i64;
    for part in parts {
        all = sum(all, part.messages)?;
        if part.messages < 0 || all > MESSAGES_MAX {
            return Err(BillingError::BadAmount);
        }
        let digits = match &part.to {
            To::Number(number) => Some(prefix(number.digits()).to_owned()),
            To::Market(market) => book.prefix_of(market, now),
        };
        let (Some(digits), window) = (digits, part.window) else {
            *unpriced = sum(*unpriced, part.messages)?;
            continue;
        };
        match order.last_mut() {
            Some(last) if last.digits == digits && last.window == window => {
                last.messages = sum(last.messages, part.messages)?;
            }
            _ => order.push(Destination { digits, window, messages: part.messages }),
        }
    }
    Ok(order)
}

fn prefix(digits: &str) -> &str {
    digits.get(..PREFIX_DIGITS_MAX).unwrap_or(digits)
}

fn sum(a: i64, b: i64) -> Result<i64, BillingError> {
    a.checked_add(b).ok_or(BillingError::BadAmount)
}

/// A destination with its prices.
struct Quoted {
    message: Message,
    rate: Rate,
    worst: Micros,
}

impl Quoted {
    fn of(plan: &Plan, payer: &Payer, to: &Destination, now: Timestamp) -> Option<Self> {
        let category = international::category(payer, plan.category, &to.digits, now);
        let until = funds::later(now, plan.lasts);
        let worst = payer.book.worst_case(&to.digits, category, &to.window, now, until)?;
        let message = Message {
            message_id: BusinessMessageId(Uuid::nil()),
            portfolio_id: plan.portfolio_id,
            waba_id: plan.waba_id,
            phone_number_id: plan.phone_number_id,
            destination: to.digits.clone(),
            category,
            template: true,
            sent_at: now,
            window: to.window,
            max_price: plan.max_price,
            held: at_most(worst, plan.max_price),
            pulses: None,
            spent: None,
        };
        let rate = message.rate(&payer.book, now)?;
        Some(Self { worst: message.held, rate, message })
    }
}

/// Some messages that are priced alike.
struct Step {
    messages: i64,
    pricing_type: PricingType,
    tier: Option<Tier>,
    unit: Micros,
}

/// Free quantities and volumes as they would go on.
struct Counters {
    portfolio: PortfolioId,
    phone: PhoneNumberId,
    period: i64,
    allowances: BTreeMap<Category, i64>,
    volumes: BTreeMap<Counted, i64>,
}

impl Counters {
    fn new(plan: &Plan, period: i64) -> Self {
        Self {
            portfolio: plan.portfolio_id,
            phone: plan.phone_number_id,
            period,
            allowances: BTreeMap::new(),
            volumes: BTreeMap::new(),
        }
    }

    fn counted(&self, quoted: &Quoted, pricing_type: PricingType) -> Option<Counted> {
        let (market, category) = (&quoted.rate.market, quoted.message.category);
        Counted::of(self.portfolio, self.period, market, category, pricing_type)
    }

    /// Looks up what counts for a destination, unless it is known.
    async fn load(&mut self, tx: &mut Tx, quoted: &Quoted) -> Result<(), BillingError> {
        let category = quoted.message.category.outside_groups();
        if quoted.rate.allowance.is_some() && !self.allowances.contains_key(&category) {
            let key = params![self.phone, category.as_str(), self.period];
            let row = tx.query_one(crate::store::ALLOWANCE_USED, key).await?;
            self.allowances.insert(category, row.map_or(Ok(0), |row| row.get(0))?);
        }
        if let Some(counted) = self.counted(quoted, PricingType::Regular)
            && !self.volumes.contains_key(&counted)
        {
            let row = tx.query_one(store::VOLUME, counted.key()).await?;
            self.volumes.insert(counted, row.map_or(Ok(0), |row| row.get(0))?);
        }
        Ok(())
    }

    /// The next messages that are priced alike, at most `left`.
    fn step(&mut self, quoted: &Quoted, left: i64) -> Step {
        let rate = &quoted.rate;
        let category = quoted.message.category.outside_groups();
        let mut messages = left;
        let mut used = self.allowances.get_mut(&category).filter(|_| rate.allowance.is_some());
        let nth = used.as_deref().map(|used| used.saturating_add(1));
        let pricing_type = rate.pricing_type(nth);
        if let (Some(used), Some(rule)) = (used.as_deref(), &rate.allowance) {
            let free = rule.monthly_quantity.unwrap_or(0).saturating_sub(*used);
            if free > 0 {
                messages = messages.min(free);
            }
        }
        let counted =
            Counted::of(self.portfolio, self.period, &rate.market, quoted.message.category, pricing_type);
        let volume = counted.and_then(|counted| self.volumes.get_mut(&counted));
        let next = volume.as_deref().map(|volume| volume.saturating_add(1));
        let tier = rate.tier(next);
        if let (Some(volume), Some(Tier { to: Some(to), .. })) = (volume.as_deref(), tier) {
            messages = messages.min(to.saturating_sub(*volume)).max(1);
        }
        if let Some(used) = used.as_mut() {
            **used = used.saturating_add(messages);
        }
        if let Some(volume) = volume {
            *volume = volume.saturating_add(messages);
        }
        Step { messages, pricing_type, tier, unit: rate.unit_at(next) }
    }
}

impl Estimate {
    fn add(&mut self, quoted: &Quoted, step: &Step) -> Result<(), BillingError> {
        let times = |each: Micros| each.0.checked_mul(step.messages).ok_or(BillingError::BadAmount);
        let amount = Micros(times(quoted.message.amount(step.pricing_type, step.unit))?);
        let most = Micros(times(quoted.worst)?);
        self.messages = sum(self.messages, step.messages)?;
        self.amount = Micros(sum(self.amount.0, amount.0)?);
        self.most = Micros(sum(self.most.0, most.0)?);
        let (market, category) = (&quoted.rate.market, quoted.message.category);
        let same = self.lines.iter_mut().find(|line| {
            line.market == *market
                && line.category == category
                && line.pricing_type == step.pricing_type
                && line.tier == step.tier
                && line.unit == step.unit
        });
        if let Some(line) = same {
            line.messages = sum(line.messages, step.messages)?;
            line.amount = Micros(sum(line.amount.0, amount.0)?);
            line.most = Micros(sum(line.most.0, most.0)?);
            return Ok(());
        }
        self.lines.push(Line {
            market: market.clone(),
            category,
            pricing_type: step.pricing_type,
            tier: step.tier,
            unit: step.unit,
            messages: step.messages,
            amount,
            most,
        });
        Ok(())
    }
}

/// The markets that messages of a portfolio can go to, in order.
pub async fn markets(
    ctx: &Ctx,
    tx: &mut Tx,
    prices: &Prices,
    portfolio: PortfolioId,
) -> Result<Vec<Arc<str>>, BillingError> {
    require_payer(ctx, portfolio)?;
    let mut payers = payers(tx, prices, crate::store::PORTFOLIOS, BTreeSet::from([portfolio])).await?;
    let payer = payers.remove(&portfolio).ok_or(BillingError::UnknownPortfolio(portfolio))?;
    let now = ctx.now();
    Ok(payer
        .book
        .markets()
        .iter()
        .filter(|market| payer.book.prefix_of(market, now).is_some())
        .cloned()
        .collect())
}
