//! # Spending caps
//!
//! How much a portfolio, one of its accounts, a number or a campaign (the messages of one template) may spend in a day or
//! a month of the portfolio's time zone. A cap of the operator binds the business; the business sets its own beside it,
//! and whichever is reached first counts.
//!
//! What is **spent** is what was held or charged for the messages that were sent in the time: it counts from the moment a
//! message is accepted, and goes down where one fails or costs less. It is kept by day (`spending_day`), in the same
//! transaction as the hold, under the lock of the portfolio's prepaid account: two servers never both see the last cent.
//! A cap that **blocks** refuses what would go beyond it, before anything is sent; one that **alerts** only tells.
//!
//! At 50, 80 and 100 % it is told, once each for a limit in a period. A blocking cap is reached when the dearest message
//! of the last ones would not fit any more.

pub(crate) mod store;

use crate::BillingError;
use crate::alerts::{self, NewAlert};
use crate::error::Refused;
use crate::funds::{lock, require_payer};
use crate::portfolio::currency_of;
use crate::usage::{Intent, Message, Payer};
use jiff::tz::TimeZone;
use plaza_db::{Row, Tx, Value, params};
use plaza_ledger::named_id;
use plaza_protocol::{Actor, Ctx, Currency, Micros, PhoneNumberId, PortfolioId, Timestamp, WabaId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// Caps of one portfolio, the operator's and its own.
pub const CAPS_MAX: usize = 200;
/// Characters of a cap's subject: a template's name has no more.
pub const SUBJECT_CHARS_MAX: usize = 512;
/// At so many hundredths of a cap it is told.
pub const ALERTS_AT: [i64; 3] = [50, 80, 100];

plaza_protocol::words! {
    /// Who set a cap.
    Owner {
        /// Whoever runs the network.
        Operator = "operator",
        /// The business itself.
        Business = "business",
    }
    /// What is capped.
    Scope {
        /// All of a portfolio.
        Portfolio = "portfolio",
        /// A business account.
        Account = "account",
        /// A phone number.
        Number = "number",
        /// All messages of a template, by its name.
        Campaign = "campaign",
    }
    /// The time of a cap.
    Period {
        /// A day in the portfolio's time zone.
        Day = "day",
        /// A month in the portfolio's time zone.
        Month = "month",
    }
    /// What a cap does.
    CapAction {
        /// Refuses what goes beyond.
        Block = "block",
        /// Tells, and lets everything through.
        Alert = "alert",
    }
}

/// A cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Its id.
    pub cap_id: Uuid,
    /// Who set it.
    pub owner: Owner,
    /// What is capped.
    pub scope: Scope,
    /// Which: an id or a template's name; empty for the portfolio.
    pub subject: Arc<str>,
    /// In which time.
    pub period: Period,
    /// How much may be spent.
    pub limit: Micros,
    /// Of the limit.
    pub currency: Currency,
    /// What it does.
    pub action: CapAction,
}

/// `the cap of 100.00 USD a day for the template spring_sale`
impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cap of {} {} a {}", self.limit, self.currency, self.period.as_str())?;
        match self.scope {
            Scope::Portfolio => f.write_str(" for the business"),
            Scope::Account => write!(f, " for the account {}", self.subject),
            Scope::Number => write!(f, " for the number {}", self.subject),
            Scope::Campaign => write!(f, " for the template {}", self.subject),
        }
    }
}

impl Cap {
    /// Who can raise it, in words.
    pub fn remedy(&self) -> &'static str {
        match self.owner {
            Owner::Operator => "the operator set it and can raise it",
            Owner::Business => "raise it under Billing in the manager, /manager/billing",
        }
    }

    fn covers(&self, place: &Place<'_>) -> bool {
        match self.scope {
            Scope::Portfolio => true,
            Scope::Account => *self.subject == place.account,
            Scope::Number => *self.subject == place.number,
            Scope::Campaign => place.campaign == Some(&*self.subject),
        }
    }

    /// Whether it counts for what a number of an account sends.
    pub(crate) fn covers_send(&self, waba: WabaId, phone: PhoneNumberId, campaign: Option<&str>) -> bool {
        self.covers(&Place { account: waba.to_string(), number: phone.to_string(), campaign })
    }

    /// The days that it sums up together with a day, as `20261128`.
    fn span(&self, day: i64) -> (i64, i64) {
        match self.period {
            Period::Day => (day, day),
            Period::Month => {
                let month = day.div_euclid(100).saturating_mul(100);
                (month, month.saturating_add(99))
            }
        }
    }

    /// The least that is spent at so many hundredths.
    fn is_at(&self, spent: i64, percent: i64) -> bool {
        i128::from(spent).saturating_mul(100) >= i128::from(self.limit.0).saturating_mul(i128::from(percent))
    }
}

/// Where a message counts.
struct Place<'a> {
    account: String,
    number: String,
    campaign: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn of(intent: &'a Intent) -> Self {
        Self {
            account: intent.waba_id.to_string(),
            number: intent.phone_number_id.to_string(),
            campaign: intent.campaign.as_deref(),
        }
    }
}

/// A cap in the periods that a batch touches: spent before it and now, by the first day of the period.
struct Live {
    portfolio: PortfolioId,
    cap: Cap,
    periods: BTreeMap<i64, (i64, i64)>,
    dearest: i64,
}

/// The caps of a batch. The accounts of its portfolios are locked.
#[derive(Default)]
pub(crate) struct Meter {
    live: Vec<Live>,
}

/// The rows of caps of portfolios.
async fn caps_of(tx: &mut Tx, keys: &[Value]) -> Result<Vec<(PortfolioId, Cap)>, BillingError> {
    let rows = tx.query_list(store::CAPS, &[], keys).await?;
    rows.iter().map(|row| Ok((row.get(1)?, cap(row)?))).collect()
}

fn cap(row: &Row) -> Result<Cap, BillingError> {
    const UNKNOWN: BillingError = BillingError::Damaged("a cap has an unknown word");
    Ok(Cap {
        cap_id: row.get(0)?,
        owner: Owner::parse(&row.get::<String>(2)?).ok_or(UNKNOWN)?,
        scope: Scope::parse(&row.get::<String>(3)?).ok_or(UNKNOWN)?,
        subject: row.get::<String>(4)?.into(),
        period: Period::parse(&row.get::<String>(5)?).ok_or(UNKNOWN)?,
        limit: row.get(6)?,
        action: CapAction::parse(&row.get::<String>(7)?).ok_or(UNKNOWN)?,
        currency: row.get(8)?,
    })
}

impl Meter {
    /// The caps of portfolios and how far they are used on these days.
    pub(crate) async fn load(
        tx: &mut Tx,
        days: &BTreeMap<PortfolioId, std::collections::BTreeSet<i64>>,
    ) -> Result<Self, BillingError> {
        let keys: Vec<Value> = days.keys().map(Into::into).collect();
        let mut live = Vec::new();
        let (mut places, mut keys_of) = (Vec::new(), Vec::new());
        for (portfolio, cap) in caps_of(tx, &keys).await? {
            for day in days.get(&portfolio).into_iter().flatten() {
                let (first, last) = cap.span(*day);
                keys_of.push(params![portfolio, cap.scope.as_str(), &*cap.subject, first, last]);
                places.push((live.len(), first));
            }
            live.push(Live { portfolio, cap, periods: BTreeMap::new(), dearest: 0 });
        }
        for ((at, first), rows) in places.into_iter().zip(tx.query_many(store::SPENT, keys_of).await?) {
            let spent: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
            if let Some(live) = live.get_mut(at) {
                live.periods.insert(first, (spent, spent));
            }
        }
        Ok(Self { live })
    }

    fn covering<'a>(&'a mut self, intent: &Intent, day: i64) -> impl Iterator<Item = &'a mut Live> {
        let place = (!self.live.is_empty()).then(|| Place::of(intent));
        let portfolio = intent.portfolio_id;
        let which: Vec<bool> = self
            .live
            .iter()
            .map(|live| {
                live.portfolio == portfolio
                    && live.periods.contains_key(&live.cap.span(day).0)
                    && place.as_ref().is_some_and(|place| live.cap.covers(place))
            })
            .collect();
        self.live.iter_mut().zip(which).filter(|(_, covers)| *covers).map(|(live, _)| live)
    }

    /// Whether all caps leave room for a message that may cost so much.
    pub(crate) fn admit(&mut self, intent: &Intent, day: i64, worst: Micros) -> Result<(), Refused> {
        for live in self.covering(intent, day) {
            let (_, spent) = live.periods.get(&live.cap.span(day).0).copied().unwrap_or_default();
            let fits = spent.checked_add(worst.0).is_some_and(|after| after <= live.cap.limit.0);
            if live.cap.action == CapAction::Block && !fits {
                return Err(Refused::CapReached {
                    cap: Box::new(live.cap.clone()),
                    spent: Micros(spent),
                    needed: worst,
                });
            }
        }
        Ok(())
    }

    /// Counts a message that was accepted.
    pub(crate) fn count(&mut self, intent: &Intent, day: i64, held: Micros) {
        for live in self.covering(intent, day) {
            let first = live.cap.span(day).0;
            live.dearest = live.dearest.max(held.0);
            if let Some((_, spent)) = live.periods.get_mut(&first) {
                *spent = spent.saturating_add(held.0);
            }
        }
    }

    /// Tells of the thresholds that the batch crossed.
    pub(crate) async fn tell(&self, ctx: &Ctx, tx: &mut Tx) -> Result<(), BillingError> {
        for live in &self.live {
            for (first, (before, after)) in live.periods.iter().filter(|(_, spent)| spent.0 != spent.1) {
                tell(ctx, tx, live.portfolio, &live.cap, *first, (*before, *after), live.dearest).await?;
            }
        }
        Ok(())
    }
}

/// Tells what was crossed on the way from one amount to another.
async fn tell(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    cap: &Cap,
    first: i64,
    (before, after): (i64, i64),
    dearest: i64,
) -> Result<(), BillingError> {
    let mut last = None;
    for percent in ALERTS_AT {
        let is_full = percent == 100
            && cap.action == CapAction::Block
            && after.saturating_add(dearest) > cap.limit.0
            && dearest > 0;
        let crossed = (cap.is_at(after, percent) && !cap.is_at(before, percent)) || is_full;
        if !crossed {
            continue;
        }
        let name = format!("plaza cap alert\0{}\0{first}\0{}\0{percent}", cap.cap_id, cap.limit);
        let consequence = match (percent, cap.action) {
            (100, CapAction::Block) => format!(" Further messages are refused: {}.", cap.remedy()),
            (100, CapAction::Alert) => " Messages still go out.".to_owned(),
            _ => String::new(),
        };
        let spent = Micros(after);
        let text = format!("{percent} % of {cap} is used ({spent} {}).{consequence}", cap.currency);
        let alert = NewAlert {
            alert_id: named_id(&name).0,
            portfolio,
            kind: "cap",
            text,
            details: serde_json::json!({
                "cap_id": cap.cap_id.to_string(), "percent": percent, "scope": cap.scope.as_str(),
                "subject": &*cap.subject, "period": cap.period.as_str(), "period_start": first,
                "limit_micros": cap.limit.0, "spent_micros": after, "currency": cap.currency.code(),
                "action": cap.action.as_str(),
            }),
        };
        if alerts::raise(ctx, tx, &alert).await? {
            last = Some(alert);
        }
    }
    // Several at once make one mail: the highest.
    match last {
        Some(alert) => alerts::mail(ctx, tx, &alert).await,
        None => Ok(()),
    }
}

/// Adds to what was spent: by portfolio, scope, subject and day.
#[derive(Default)]
pub(crate) struct Spent(BTreeMap<(PortfolioId, Scope, String, i64), i64>);

impl Spent {
    fn add(&mut self, message: &Message, amount: i64) {
        let Some(on) = &message.spent else { return };
        let mut one = |scope, subject: String| {
            let sum = self.0.entry((message.portfolio_id, scope, subject, on.day)).or_default();
            *sum = sum.saturating_add(amount);
        };
        one(Scope::Portfolio, String::new());
        one(Scope::Account, message.waba_id.to_string());
        one(Scope::Number, message.phone_number_id.to_string());
        if let Some(campaign) = &on.campaign {
            one(Scope::Campaign, campaign.to_string());
        }
    }

    async fn write(self, tx: &mut Tx) -> Result<(), BillingError> {
        let rows = self.0.into_iter().filter(|(_, amount)| *amount != 0).map(
            |((portfolio, scope, subject, day), amount)| {
                params![portfolio, scope.as_str(), subject, day, amount]
            },
        );
        tx.execute_many(store::ADD_SPENT, rows.collect()).await?;
        Ok(())
    }
}

/// Counts what was held for messages that were accepted.
pub(crate) async fn count(tx: &mut Tx, accepted: &[Message]) -> Result<(), BillingError> {
    let mut spent = Spent::default();
    for message in accepted {
        spent.add(message, message.held.0);
    }
    spent.write(tx).await
}

/// Takes back what messages do not cost, of what was counted for them.
pub(crate) async fn release(tx: &mut Tx, messages: &[(&Message, Micros)]) -> Result<(), BillingError> {
    let mut spent = Spent::default();
    for (message, amount) in messages.iter().filter(|(_, amount)| *amount > Micros::ZERO) {
        spent.add(message, 0_i64.saturating_sub(amount.0));
    }
    spent.write(tx).await
}

/// A cap to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCap {
    /// What is capped.
    pub scope: Scope,
    /// Which: an id or a template's name; empty for the portfolio.
    pub subject: String,
    /// In which time.
    pub period: Period,
    /// How much may be spent; zero: nothing.
    pub limit: Micros,
    /// What it does.
    pub action: CapAction,
}

/// A cap and how far it is used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapStatus {
    /// The cap.
    pub cap: Cap,
    /// Spent in the running period.
    pub spent: Micros,
    /// When its period ends.
    pub ends_at: Timestamp,
    /// When it is reached in the period if it goes on like so far; `None`: not in this period, or it is reached.
    pub reached_at: Option<Timestamp>,
}

fn owner(ctx: &Ctx) -> Owner {
    match ctx.actor() {
        Actor::System | Actor::Operator => Owner::Operator,
        _ => Owner::Business,
    }
}

/// Sets a cap: the operator's, or the business's own, after who asks. There is one for each owner, scope, subject and
/// period: setting it again changes limit and action. Below what was spent already is allowed for it to block at once.
pub async fn set_cap(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    new: &NewCap,
) -> Result<CapStatus, BillingError> {
    require_payer(ctx, portfolio)?;
    let currency = currency_of(tx, portfolio).await?;
    if new.limit < Micros::ZERO {
        return Err(BillingError::BadLimit);
    }
    let is_named = match new.scope {
        Scope::Portfolio => new.subject.is_empty(),
        Scope::Account | Scope::Number => new.subject.parse::<i64>().is_ok_and(|id| id > 0),
        Scope::Campaign => !new.subject.is_empty() && new.subject.chars().count() <= SUBJECT_CHARS_MAX,
    };
    if !is_named {
        return Err(BillingError::BadSubject);
    }
    lock(ctx, tx, std::iter::once((&portfolio, currency))).await?;
    let owner = owner(ctx);
    let caps = caps_of(tx, &[portfolio.into()]).await?;
    let known = caps.iter().find(|(_, cap)| {
        cap.owner == owner
            && cap.scope == new.scope
            && *cap.subject == *new.subject
            && cap.period == new.period
    });
    if known.is_none() && caps.len() >= CAPS_MAX {
        return Err(BillingError::TooManyCaps);
    }
    let cap_id = known.map_or_else(|| ctx.uuid(), |(_, cap)| cap.cap_id);
    let row = params![
        cap_id,
        portfolio,
        owner.as_str(),
        new.scope.as_str(),
        new.subject.as_str(),
        new.period.as_str(),
        new.limit,
        new.action.as_str(),
        ctx.now()
    ];
    tx.execute(store::SET_CAP, row).await?;
    let found = statuses(ctx, tx, portfolio).await?.into_iter().find(|status| status.cap.cap_id == cap_id);
    let status = found.ok_or(BillingError::Damaged("a cap was not kept"))?;
    let day = today(ctx, tx, portfolio).await?;
    let first = status.cap.span(day).0;
    tell(ctx, tx, portfolio, &status.cap, first, (-1, status.spent.0), 0).await?;
    Ok(status)
}

/// Takes a cap away: the operator any, a business its own.
pub async fn remove_cap(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    cap_id: Uuid,
) -> Result<(), BillingError> {
    require_payer(ctx, portfolio)?;
    let caps = caps_of(tx, &[portfolio.into()]).await?;
    let cap = caps.into_iter().map(|(_, cap)| cap).find(|cap| cap.cap_id == cap_id);
    let cap = cap.ok_or(BillingError::UnknownCap)?;
    if cap.owner == Owner::Operator && owner(ctx) == Owner::Business {
        return Err(BillingError::OperatorsCap);
    }
    tx.execute(store::REMOVE_CAP, params![cap_id]).await?;
    Ok(())
}

/// Where the running period begins and ends.
fn bounds(zone: &TimeZone, period: Period, now: Timestamp) -> Result<(Timestamp, Timestamp), BillingError> {
    let out_of_range = |_| BillingError::Damaged("a time is out of range");
    let now = jiff::Timestamp::from_microsecond(now.0).map_err(out_of_range)?.to_zoned(zone.clone());
    let (first, span) = match period {
        Period::Day => (now.date(), jiff::Span::new().days(1)),
        Period::Month => (now.date().first_of_month(), jiff::Span::new().months(1)),
    };
    let at = |date: jiff::civil::Date| -> Result<Timestamp, BillingError> {
        let at = date.to_zoned(zone.clone()).map_err(out_of_range)?;
        Ok(Timestamp(at.timestamp().as_microsecond()))
    };
    Ok((at(first)?, at(first.checked_add(span).map_err(out_of_range)?)?))
}

/// When a limit is reached if the rest of the period goes on like its begin.
fn forecast(
    limit: Micros,
    spent: Micros,
    (starts_at, now, ends_at): (Timestamp, Timestamp, Timestamp),
) -> Option<Timestamp> {
    let elapsed = now.0.checked_sub(starts_at.0).filter(|elapsed| *elapsed > 0)?;
    if spent <= Micros::ZERO || spent >= limit {
        return None;
    }
    let takes = i128::from(limit.0).checked_mul(i128::from(elapsed))?.checked_div(i128::from(spent.0))?;
    let reached = starts_at.0.checked_add(i64::try_from(takes).ok()?)?;
    (reached < ends_at.0).then_some(Timestamp(reached))
}

/// The day of now in a portfolio's time zone.
async fn today(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<i64, BillingError> {
    crate::usage::day_in(&zone_of(tx, portfolio).await?, ctx.now())
}

async fn zone_of(tx: &mut Tx, portfolio: PortfolioId) -> Result<TimeZone, BillingError> {
    let row = tx.query_one(crate::funds::store::PORTFOLIO, params![portfolio]).await?;
    let zone: String = row.ok_or(BillingError::UnknownPortfolio(portfolio))?.get(1)?;
    TimeZone::get(&zone).map_err(|_| BillingError::UnknownTimeZone)
}

/// The caps of a portfolio and how far they are used.
pub async fn statuses(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<CapStatus>, BillingError> {
    require_payer(ctx, portfolio)?;
    let zone = zone_of(tx, portfolio).await?;
    let day = crate::usage::day_in(&zone, ctx.now())?;
    let caps = caps_of(tx, &[portfolio.into()]).await?;
    let mut statuses = Vec::with_capacity(caps.len());
    for (_, cap) in caps {
        let spent = spent(tx, portfolio, (cap.scope, &cap.subject), cap.span(day)).await?;
        let (starts_at, ends_at) = bounds(&zone, cap.period, ctx.now())?;
        let reached_at = forecast(cap.limit, spent, (starts_at, ctx.now(), ends_at));
        statuses.push(CapStatus { cap, spent, ends_at, reached_at });
    }
    Ok(statuses)
}

async fn spent(
    tx: &mut Tx,
    portfolio: PortfolioId,
    (scope, subject): (Scope, &str),
    (first, last): (i64, i64),
) -> Result<Micros, BillingError> {
    let row = tx.query_one(store::SPENT, params![portfolio, scope.as_str(), subject, first, last]).await?;
    Ok(row.map_or(Ok(Micros::ZERO), |row| row.get(0))?)
}

/// What a portfolio spent today and this month, holds included.
pub async fn spent_now(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<(Micros, Micros), BillingError> {
    require_payer(ctx, portfolio)?;
    let day = today(ctx, tx, portfolio).await?;
    let month = day.div_euclid(100).saturating_mul(100);
    let today = spent(tx, portfolio, (Scope::Portfolio, ""), (day, day)).await?;
    let this_month = spent(tx, portfolio, (Scope::Portfolio, ""), (month, month.saturating_add(99))).await?;
    Ok((today, this_month))
}

/// What was delivered in a category, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageNow {
    /// What for.
    pub category: String,
    /// Delivered messages of the running month.
    pub messages: i64,
    /// Those of them that cost something.
    pub billable: i64,
    /// What they cost.
    pub amount: Micros,
}

/// What a portfolio's delivered messages of the running month cost, by category.
pub async fn usage_now(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Vec<UsageNow>, BillingError> {
    require_payer(ctx, portfolio)?;
    let month = today(ctx, tx, portfolio).await?.div_euclid(100);
    let rows = tx.query(store::USAGE_OF_MONTH, params![portfolio, month]).await?;
    let usage = rows.iter().map(|row| {
        Ok(UsageNow {
            category: row.get(0)?,
            messages: row.get(1)?,
            billable: row.get(2)?,
            amount: row.get(3)?,
        })
    });
    usage.collect()
}

/// The days of messages in their payers' time zones.
pub(crate) fn days(
    payers: &BTreeMap<PortfolioId, Payer>,
    intents: impl Iterator<Item = (PortfolioId, Timestamp)>,
) -> Result<BTreeMap<PortfolioId, std::collections::BTreeSet<i64>>, BillingError> {
    let mut days: BTreeMap<PortfolioId, std::collections::BTreeSet<i64>> = BTreeMap::new();
    for (portfolio, at) in intents {
        if let Some(payer) = payers.get(&portfolio) {
            days.entry(portfolio).or_default().insert(payer.day(at)?);
        }
    }
    Ok(days)
}

/// For verification: what the counters should say, compared with what they say. The answer is what differs, in words.
pub(crate) async fn verify(tx: &mut Tx) -> Result<Vec<String>, BillingError> {
    let rows = tx.query(store::WRONG_DAYS, vec![]).await?;
    let differences = rows.iter().map(|row| {
        let (portfolio, scope, subject): (PortfolioId, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (day, kept, right): (i64, i64, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
        Ok(format!(
            "portfolio {portfolio}, {scope} {subject}, {day}: {kept} micros are counted as spent, {right} were"
        ))
    });
    differences.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_goes_on_like_the_period_began() {
        let forecast = |limit, spent, now| {
            forecast(Micros(limit), Micros(spent), (Timestamp(0), Timestamp(now), Timestamp(100)))
        };
        assert_eq!(forecast(80, 20, 20), Some(Timestamp(80)));
        assert_eq!(forecast(80, 10, 20), None, "not in this period");
        assert_eq!(forecast(80, 80, 20), None, "it is reached");
        assert_eq!(forecast(80, 0, 20), None);
        assert_eq!(forecast(80, 20, 0), None);
        assert_eq!(forecast(i64::MAX, i64::MAX - 1, 99), Some(Timestamp(99)));
    }

    #[test]
    fn periods_begin_at_midnight_of_the_time_zone_also_when_clocks_change() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let noon = at("2026-10-25T12:00:00Z");
        let day = (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"));
        assert_eq!(bounds(&berlin, Period::Day, noon).unwrap(), day, "twenty-five hours");
        let month = (at("2026-09-30T22:00:00Z"), at("2026-10-31T23:00:00Z"));
        assert_eq!(bounds(&berlin, Period::Month, noon).unwrap(), month);
    }
}
