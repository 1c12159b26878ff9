//! # Whom a business may write to first
//!
//! Inside a customer-service window the person has asked for an answer, and nothing here counts. Outside it, two limits
//! keep people from being flooded:
//!
//! - **The messaging limit** belongs to the portfolio: so many different people within 24 hours, 250 at first, then
//!   2,000, 10,000, 100,000, and none at all. One person more is refused with 131064, and gets the message when
//!   somebody's 24 hours are over or when they write themselves.
//! - **The marketing cap** belongs to the person: so much advertising within a period, whoever sends it
//!   ([`marketing`]). More is refused with 131049.
//!
//! **The limit rises by itself** ([`step`]): from 250 to 2,000 after 2,000 delivered templates in 30 days, or once a
//! number is an official business account or the business is verified; from there on whenever the portfolio reached at least half as many people as
//! it may within the last seven days. While one of its registered numbers is rated RED it stays. **It falls by itself**
//! ([`lower`]) by one step for each seven days that a number has been RED ([`crate::quality`]). The operator can set
//! it; the server's configuration says with which a portfolio begins. Each change is told to the webhooks.
//!
//! **How it counts.** A person who was reached takes a place. Their row says when they were last reached, the
//! portfolio's row how many places are taken. Only when all are taken are those looked at whose 24 hours are over: so a
//! message costs a few rows whatever the limit, and a portfolio without a limit one look that finds nothing.

pub mod marketing;
mod store;

pub use marketing::MarketingCap;
pub(crate) use store::STATEMENTS;

use crate::management::ManageError;
use crate::numbers;
use crate::portfolios::{self, Waba};
use crate::quality;
use crate::settings::{self, Setting};
use crate::webhooks::{self, Event};
use crate::{Business, is_operator, verification};
use plaza_db::{DbError, Tx};
use plaza_protocol::{AccountId, BusinessMessageId, Ctx, PhoneNumber, PortfolioId};
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// How long a person who was reached takes a place.
pub(crate) const PLACE_TAKEN_FOR: Duration = Duration::from_secs(24 * 3600);
/// Whom a portfolio reached in this time says whether it uses its limit, and is remembered for as long.
const USE_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);
/// Deliveries in this time raise the first limit.
const DELIVERIES_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Templates delivered in that time, for the second limit.
const DELIVERIES_FOR_2K: i64 = 2_000;
/// How often it is looked at whether a limit rises.
const CHECKED_EVERY: Duration = HOUR;

macro_rules! tiers {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $people:expr;)*) => {
        /// A messaging limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Tier { $($(#[$doc])* $name,)* }

        impl Tier {
            /// All of them, the lowest first.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word of the Cloud API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// How many people; `None`: any number.
            pub fn people_max(self) -> Option<i64> {
                match self { $(Self::$name => $people,)* }
            }
        }
    };
}

tiers! {
    /// Where a portfolio begins.
    People250 = "TIER_250", Some(250);
    /// The second.
    People2K = "TIER_2K", Some(2_000);
    /// The third.
    People10K = "TIER_10K", Some(10_000);
    /// The last that is one.
    People100K = "TIER_100K", Some(100_000);
    /// No limit.
    Unlimited = "TIER_UNLIMITED", None;
}

impl Tier {
    /// Reads the word, in either case and with or without `TIER_`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_named = |tier: &&Self| {
            let short = tier.as_str().trim_start_matches("TIER_");
            text.eq_ignore_ascii_case(tier.as_str()) || text.eq_ignore_ascii_case(short)
        };
        Self::ALL.iter().find(is_named).copied()
    }

    fn of(people_max: Option<i64>) -> Self {
        let same = |tier: &&Self| tier.people_max() == people_max;
        Self::ALL.iter().find(same).copied().unwrap_or(Self::Unlimited)
    }

    fn next(self) -> Option<Self> {
        Self::ALL.iter().copied().find(|tier| *tier > self)
    }

    fn previous(self) -> Option<Self> {
        Self::ALL.iter().rev().copied().find(|tier| *tier < self)
    }
}

/// How much of its limit a portfolio has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// People who take a place.
    pub people: i64,
    /// Places.
    pub people_max: i64,
}

impl Reach {
    /// In hundredths.
    pub fn percent(self) -> i64 {
        self.people.saturating_mul(100) / self.people_max.max(1)
    }
}

/// The standing of a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its limit.
    pub tier: Tier,
    /// What it used of it; `None`: it has no limit.
    pub reach: Option<Reach>,
}

/// A person cannot be written to first, for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooFar {
    /// All places are taken.
    #[error(
        "{people_max} people outside the customer-service window within 24 hours are possible: try again in {} minutes, \
         or write to people who wrote to you", wait.as_secs().div_ceil(60)
    )]
    People {
        /// The limit.
        people_max: i64,
        /// Until the next place is free.
        wait: Duration,
    },
    /// The person got enough advertising.
    #[error(
        "the person has got as much advertising as one gets in {} hours: try again after that time, or once they have \
         written to you", period.as_secs().div_ceil(3600)
    )]
    Marketing {
        /// In this time.
        period: Duration,
    },
}

/// A message to somebody whose customer-service window is closed.
#[derive(Debug)]
pub(crate) struct Approach<'a> {
    pub(crate) portfolio: PortfolioId,
    pub(crate) account: AccountId,
    pub(crate) number: &'a PhoneNumber,
    pub(crate) message: BusinessMessageId,
    pub(crate) is_marketing: bool,
}

/// An approach that may go out: what is given back if it does not after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Approached {
    pub(crate) reach: Option<Reach>,
    has_new_place: bool,
    has_marketing_place: bool,
}

impl Approached {
    /// The same, but that the person's place stays taken.
    pub(crate) fn without_place(self) -> Self {
        Self { has_new_place: false, ..self }
    }
}

impl Business {
    /// Takes the places for messages outside the window, one answer for each.
    pub(crate) async fn approach(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        approaches: &[Approach<'_>],
    ) -> Result<Vec<Result<Approached, TooFar>>, DbError> {
        let limits = store::limits(tx, approaches).await?;
        let mut answers = Vec::with_capacity(approaches.len());
        for (approach, limit) in approaches.iter().zip(limits) {
            answers.push(self.approach_one(ctx, tx, approach, limit).await?);
        }
        Ok(answers)
    }

    async fn approach_one(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        approach: &Approach<'_>,
        limit: Option<Reach>,
    ) -> Result<Result<Approached, TooFar>, DbError> {
        let mut approached = Approached::default();
        if let Some(cap) = &self.marketing
            && approach.is_marketing
            && marketing::is_capped_in(approach.number)
        {
            if !marketing::take(ctx, tx, cap, approach).await? {
                return Ok(Err(TooFar::Marketing { period: cap.period }));
            }
            approached.has_marketing_place = true;
        }
        let Some(limit) = limit else { return Ok(Ok(approached)) };
        if store::reach_again(ctx, tx, approach).await? {
            return Ok(Ok(Approached { reach: Some(limit), ..approached }));
        }
        match take_place(ctx, tx, approach, limit).await? {
            Ok(reach) => Ok(Ok(Approached { reach: Some(reach), has_new_place: true, ..approached })),
            Err(refused) => {
                give_back(tx, approach, approached).await?;
                Ok(Err(refused))
            }
        }
    }
}

/// A place for somebody who has none.
async fn take_place(
    ctx: &Ctx,
    tx: &mut Tx,
    approach: &Approach<'_>,
    limit: Reach,
) -> Result<Result<Reach, TooFar>, DbError> {
    let portfolio = approach.portfolio;
    let people = match store::take_place(tx, portfolio).await? {
        Some(people) => Some(people),
        None if store::free_places(tx, portfolio, ctx.now() - PLACE_TAKEN_FOR).await? => {
            store::take_place(tx, portfolio).await?
        }
        None => None,
    };
    let Some(people) = people else {
        let first = store::first_reached(tx, portfolio).await?.unwrap_or(ctx.now());
        let wait = (first + PLACE_TAKEN_FOR).since(ctx.now());
        return Ok(Err(TooFar::People { people_max: limit.people_max, wait }));
    };
    // Somebody else reached the person in the meantime: one place is enough.
    if !store::reach(ctx, tx, approach).await? {
        store::give_place(tx, portfolio).await?;
    }
    Ok(Ok(Reach { people, ..limit }))
}

/// The message does not go out after all.
pub(crate) async fn give_back(
    tx: &mut Tx,
    approach: &Approach<'_>,
    approached: Approached,
) -> Result<(), DbError> {
    if approached.has_marketing_place {
        store::free_marketing_place(tx, approach).await?;
    }
    if approached.has_new_place {
        store::forget_reached(tx, approach).await?;
        store::give_place(tx, approach.portfolio).await?;
    }
    Ok(())
}

/// The limit of a portfolio, and how much of it is used.
pub async fn standing(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Standing, ManageError> {
    portfolios::portfolio(ctx, tx, portfolio).await?;
    let Some(people_max) = store::people_max(tx, portfolio).await? else {
        return Ok(Standing { tier: Tier::Unlimited, reach: None });
    };
    let people = store::people_since(tx, portfolio, ctx.now() - PLACE_TAKEN_FOR).await?;
    Ok(Standing { tier: Tier::of(Some(people_max)), reach: Some(Reach { people, people_max }) })
}

/// The limit that a new portfolio begins with.
pub(crate) async fn begin(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, tier: Tier) -> Result<(), DbError> {
    if tier == Tier::Unlimited { Ok(()) } else { store::set(ctx, tx, portfolio, tier.people_max()).await }
}

/// The operator gives a portfolio another limit.
pub async fn set(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    tier: Tier,
) -> Result<Standing, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let before = standing(ctx, tx, portfolio).await?.tier;
    change(ctx, tx, portfolio, before, tier).await?;
    standing(ctx, tx, portfolio).await
}

/// What speaks for a higher limit.
#[derive(Debug, Clone, Copy, Default)]
struct Signs {
    /// Reached within seven days.
    people: i64,
    /// Templates delivered within 30 days.
    deliveries: i64,
    is_official: bool,
    is_verified: bool,
    has_red_number: bool,
}

impl Tier {
    /// The limit after this one, if it has been earned.
    fn earned(self, signs: Signs) -> Option<Self> {
        let half = self.people_max()?.div_euclid(2);
        let is_earned = match self {
            Self::People250 => {
                signs.is_official || signs.is_verified || signs.deliveries >= DELIVERIES_FOR_2K
            }
            _ => signs.people >= half,
        };
        self.next().filter(|_| is_earned && !signs.has_red_number)
    }
}

/// Raises the limits that have been earned; a portfolio is looked at once an hour. For housekeeping: the answer is how
/// many rose.
pub async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<usize, ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    marketing::forget_old(ctx, tx).await?;
    let mut raised = 0;
    for (portfolio, people_max) in store::due(tx, ctx.now() - CHECKED_EVERY).await? {
        store::forget_old(tx, portfolio, ctx.now() - USE_WITHIN).await?;
        store::checked(ctx, tx, portfolio).await?;
        raised += usize::from(earn(ctx, tx, portfolio, Tier::of(Some(people_max))).await?);
    }
    Ok(raised)
}

/// Gives a portfolio the limit that it has earned, if that is a higher one.
async fn earn(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, tier: Tier) -> Result<bool, ManageError> {
    let signs = signs(ctx, tx, portfolio, tier).await?;
    let Some(next) = tier.earned(signs) else { return Ok(false) };
    change(ctx, tx, portfolio, tier, next).await?;
    Ok(true)
}

/// Something that a limit is earned by has happened: it is looked at now.
pub(crate) async fn raise(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, ManageError> {
    match store::people_max(tx, portfolio).await? {
        Some(people_max) => earn(ctx, tx, portfolio, Tier::of(Some(people_max))).await,
        None => Ok(false),
    }
}

/// A number of the portfolio has been RED for long: its limit falls by a step, unless it changed lately. A portfolio
/// that never had a limit gets none by this. The answer is whether it fell.
pub(crate) async fn lower(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, ManageError> {
    let Some((people_max, changed_at)) = store::limit(tx, portfolio).await? else { return Ok(false) };
    let tier = Tier::of(people_max);
    let Some(lower) = tier.previous() else { return Ok(false) };
    if ctx.now().since(changed_at) < quality::RED_COSTS_AFTER {
        return Ok(false);
    }
    change(ctx, tx, portfolio, tier, lower).await?;
    Ok(true)
}

async fn signs(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId, tier: Tier) -> Result<Signs, ManageError> {
    let mut signs = Signs { has_red_number: store::has_red_number(tx, portfolio).await?, ..Signs::default() };
    if tier != Tier::People250 {
        signs.people = store::people(tx, portfolio).await?;
        return Ok(signs);
    }
    signs.is_verified = verification::status(tx, portfolio).await? == verification::Status::Approved;
    let since = ctx.now() - DELIVERIES_WITHIN;
    signs.deliveries = store::deliveries(tx, portfolio, since, DELIVERIES_FOR_2K).await?;
    for waba in portfolios::wabas_of(ctx, tx, portfolio).await? {
        for number in portfolios::phone_numbers(ctx, tx, waba.waba_id).await? {
            let official = settings::read(ctx, tx, number.phone_number_id, Setting::Official).await?;
            signs.is_official |= official.get("oba_status").and_then(Value::as_str) == Some("APPROVED");
        }
    }
    Ok(signs)
}

async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    before: Tier,
    after: Tier,
) -> Result<(), ManageError> {
    if before == after {
        return Ok(());
    }
    store::set(ctx, tx, portfolio, after.people_max()).await?;
    let mut events = Vec::new();
    for waba in portfolios::wabas_of(ctx, tx, portfolio).await? {
        events.push(capability(&waba, after));
        for number in portfolios::phone_numbers(ctx, tx, waba.waba_id).await? {
            let value = json!({
                "display_phone_number": number.number.digits(),
                "event": if after > before { "UPGRADE" } else { "DOWNGRADE" },
                "old_limit": before.as_str(),
                "current_limit": after.as_str(),
                "max_daily_conversations_per_business": after.as_str(),
            });
            events.push(numbers::event(&number, "phone_number_quality_update", value));
        }
    }
    Ok(webhooks::emit(ctx, tx, events).await?)
}

fn capability(waba: &Waba, tier: Tier) -> Event {
    Event {
        portfolio: waba.portfolio_id,
        waba: waba.waba_id,
        phone: None,
        field: "business_capability_update",
        lane: waba.waba_id.0,
        value: json!({
            "max_daily_conversations_per_business": tier.as_str(),
            "max_phone_numbers_per_business": numbers::NUMBERS_MAX,
            "max_phone_numbers_per_waba": numbers::NUMBERS_MAX,
        }),
    }
}

#[cfg(test)]
mod tests;
