//! # Plans
//!
//! A business pays for a plan by the month or the year, from its prepaid balance; a person buys one in an app store. What
//! a plan gives are **entitlements**, and these are what the rest of Plaza asks for ([`entitled`]), never plans. Plans are
//! rows that a file brings ([`PlanSource`]); privacy and safety cannot be sold, because no entitlement names them.
//!
//! ## The life of a subscription
//!
//! ```text
//! start ─▶ trialing ─▶ active ⇄ paused
//!             │          │ ▲
//!             └────▶ past_due ─▶ ended          cancel, at once or at the end: canceled
//! ```
//!
//! - A **period** is paid when it begins. If the balance does not suffice, the subscription is *past due*: it is tried
//!   again each day and gives what it gave, until its days of grace are over and it ends.
//! - A **trial** is had once by a portfolio. During it nothing is charged, and a change of plan costs nothing.
//! - A **change** of plan or term is paid by the day: the days of the old plan that were not used are given back, those
//!   of the new one are charged ([`quote`] says how much beforehand). An amount is rounded once, half to even.
//! - While it is **paused** nothing is given and no day passes.
//!
//! ## The money
//!
//! A payment moves from `portfolio:{id}:prepaid` to `deferred:subscriptions`. Each day that has passed earns its part
//! ([`step`]): after *k* of *n* days, amount × *k* / *n* has moved on to `revenue:subscriptions`, so that the days add up
//! to the amount exactly. What is given back moves from deferred to prepaid. The id of each transfer follows from the
//! subscription and the period, change or day that it is for.
//!
//! Days are those of the subscriber's own calendar.

mod calendar;
mod catalog;
mod deferral;
mod entitled;
mod life;
mod lines;
mod purchases;
mod store;
mod verify;

pub(crate) use catalog::{KEY_CHARACTERS_MAX, is_key};
pub use catalog::{
    Plan, PlanFileError, PlanPrice, PlanSource, currency_of_country, import_plans, plan, plans,
};
pub use entitled::{entitled, entitlements, next_lapse};
pub use life::{
    Cancel, NewSubscription, Quote, Status, Stepped, Subscription, cancel, change, had_trial, keep, pause,
    pay, quote, resume, start, step, subscription, subscriptions,
};
pub use lines::{Line, LineKind, SubscriptionStep, steps, subscription_lines, unearned};
pub use purchases::{
    KeptPayment, Purchase, PurchaseError, PurchaseFilter, PurchaseState, Receipt, Sales, StorePayment,
    StoreRefund, apply_receipt, due_purchases, had_trial_of, postpone_purchase, product_of, purchase,
    purchase_by_id, purchases, purchases_of, sales,
};
pub(crate) use purchases::{STATEMENTS as PURCHASE_STATEMENTS, compare_items};

pub(crate) use store::STATEMENTS;
pub(crate) use verify::{compare_lines, compare_stretches};

use crate::BillingError;
use plaza_db::DbError;
use plaza_protocol::{AccountId, Actor, Ctx, Currency, Micros, PortfolioId, words};
use std::fmt;

words! {
    /// Whom a plan is for.
    Audience {
        /// Businesses.
        Business = "business",
        /// People.
        Person = "person",
    }
}

words! {
    /// How long a payment lasts.
    Term {
        /// A month.
        Month = "month",
        /// A year.
        Year = "year",
        /// For good.
        Once = "once",
    }
}

words! {
    /// What a plan can give. There is nothing here that makes anybody safer or more private.
    Entitlement {
        /// The badge of a verified business; its review comes first.
        Badge = "badge",
        /// System users of a business.
        Agents = "agents",
        /// Calls of the API about an account in an hour.
        ManagementCalls = "management_calls_per_hour",
        /// API keys of a business that are in force: one for each till, terminal and program.
        ApiKeys = "api_keys",
        /// A public page of the business; it shows what people see of it anyway.
        LandingPage = "landing_page",
        /// Accent colours of the messenger.
        AccentThemes = "accent_themes",
        /// Conversations that stay on top of a person's list.
        PinnedConversations = "pinned_conversations",
        /// Packs of stickers.
        StickerPacks = "sticker_packs",
    }
}

impl Entitlement {
    /// Whom it is for.
    pub fn audience(self) -> Audience {
        match self {
            Self::Badge | Self::Agents | Self::ManagementCalls | Self::ApiKeys | Self::LandingPage => {
                Audience::Business
            }
            Self::AccentThemes | Self::PinnedConversations | Self::StickerPacks => Audience::Person,
        }
    }

    /// Whether it is a number; otherwise one has it or not.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::Agents | Self::ManagementCalls | Self::ApiKeys | Self::PinnedConversations)
    }
}

/// Who can have a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A business.
    Business(PortfolioId),
    /// A person.
    Person(AccountId),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Business(portfolio) => write!(f, "portfolio:{portfolio}"),
            Self::Person(account) => write!(f, "account:{account}"),
        }
    }
}

/// Something of a plan cannot be done, and nothing was.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Somebody else's.
    #[error("there is no such subscription")]
    NotFound,
    /// No such plan, or none that is offered.
    #[error("there is no plan {0:?}: the list of plans has those that can be had")]
    UnknownPlan(String),
    /// A plan for somebody else.
    #[error("{plan:?} is a plan for {audience}: choose one of your own list")]
    OtherAudience {
        /// The plan.
        plan: String,
        /// Whom it is for.
        audience: &'static str,
    },
    /// The plan is not sold in this currency or for this term.
    #[error("{plan:?} has no price by the {term} in {currency}")]
    NoPrice {
        /// The plan.
        plan: String,
        /// For how long.
        term: &'static str,
        /// In what.
        currency: Currency,
    },
    /// There is a subscription already.
    #[error("there is a subscription already: change it instead")]
    AlreadySubscribed,
    /// A trial is had once.
    #[error("the trial was used: the plan can be had without one")]
    TrialUsed,
    /// The plan has no trial.
    #[error("{0:?} has no trial")]
    NoTrial(String),
    /// The state of the subscription does not allow it.
    #[error("{0}")]
    NotNow(&'static str),
    /// The price is not on the balance.
    #[error(
        "the balance does not cover it: {needed} {currency} are needed, {available} {currency} are there; top it up first"
    )]
    InsufficientFunds {
        /// What it costs.
        needed: Micros,
        /// What can be spent.
        available: Micros,
        /// Of both.
        currency: Currency,
    },
    /// Billing failed.
    #[error("billing")]
    Billing(#[from] BillingError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

impl From<plaza_ledger::LedgerError> for PlanError {
    fn from(error: plaza_ledger::LedgerError) -> Self {
        BillingError::from(error).into()
    }
}

pub(crate) const DAMAGED: PlanError =
    PlanError::Billing(BillingError::Damaged("a row of a plan cannot be read"));

/// Whether the actor may act for a holder: itself, the operator and Plaza may.
pub(crate) fn may_act(ctx: &Ctx, holder: Holder) -> Result<(), PlanError> {
    let may = match (ctx.actor(), holder) {
        (Actor::System | Actor::Operator, _) => true,
        (Actor::App { portfolio, .. }, Holder::Business(own)) => portfolio == own,
        (Actor::Device { account, .. }, Holder::Person(own)) => account == own,
        _ => false,
    };
    if may { Ok(()) } else { Err(PlanError::NotFound) }
}

/// Who acted, as a row says it.
pub(crate) fn actor_word(ctx: &Ctx) -> String {
    match ctx.actor() {
        Actor::System => "system".to_owned(),
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::Operator => "operator".to_owned(),
        Actor::Device { account, .. } => format!("account:{account}"),
        Actor::App { app, .. } => format!("app:{app}"),
    }
}

/// `amount × part / whole`, half to even.
pub(crate) fn share(amount: Micros, part: i64, whole: i64) -> Option<Micros> {
    let (product, whole) = (i128::from(amount.0).checked_mul(i128::from(part))?, i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let (quotient, rest) = (product.checked_div_euclid(whole)?, product.checked_rem_euclid(whole)?);
    let twice = rest.checked_mul(2)?;
    let up = twice > whole || (twice == whole && quotient.rem_euclid(2) == 1);
    i64::try_from(quotient.checked_add(i128::from(up))?).ok().map(Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_half_to_even() {
        for (amount, part, whole, expected) in
            [(10, 1, 4, 2), (10, 3, 4, 8), (7, 1, 2, 4), (5, 1, 2, 2), (9, 30, 30, 9)]
        {
            assert_eq!(
                share(Micros(amount), part, whole),
                Some(Micros(expected)),
                "{amount} × {part} / {whole}"
            );
        }
        assert_eq!(share(Micros(1), 1, 0), None);
        assert_eq!(share(Micros(i64::MAX), 31, 31), Some(Micros(i64::MAX)));
    }
}
