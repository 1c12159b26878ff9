//! # Spending caps
//!
//! How much a portfolio, one of its accounts, a number or a campaign (the messages that name it, or those of a
//! template) may spend in a day or a month of the portfolio's time zone. A cap of the operator binds the business; the
//! business sets its own beside it, and whichever is reached first counts.
//!
//! What is **spent** is what was held or charged for the messages that were sent in the time: it counts from the moment
//! a message is accepted, and goes down where one fails or costs less. It is kept by day (`spending_day`), in the same
//! transaction as the hold, under the lock of the portfolio's prepaid account: two servers never both see the last
//! cent. A cap that **blocks** refuses what would go beyond it, before anything is sent; one that **alerts** only
//! tells.
//!
//! At 50, 80 and 100 % it is told, once each for a limit in a period. A blocking cap is reached when the dearest
//! message of the last ones would not fit any more.

mod meter;
mod spent;
mod status;
pub(crate) mod store;

pub(crate) use meter::Meter;
pub(crate) use spent::{count, days, release, verify};
pub use status::{CapStatus, UsageNow, is_too_little, spent_now, statuses, usage_now};

use crate::BillingError;
use crate::audit::{self, Act, On};
use crate::funds::{lock, require_payer};
use crate::portfolio::currency_of;
use crate::usage::Intent;
use meter::tell;
use plaza_db::{Row, Tx, Value, params};
use plaza_protocol::{Actor, Ctx, Currency, Micros, PhoneNumberId, PortfolioId, WabaId};
use status::today;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// Caps of one portfolio, the operator's and its own.
pub const CAPS_MAX: usize = 200;
/// Characters of a cap's subject: neither a template's name nor the tag of a message has more.
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
        /// The messages that name it, or those of a template that name none.
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
    /// Which: an id or a campaign's name; empty for the portfolio.
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

/// `the cap of 100.00 USD a day for the campaign spring_sale`
impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cap of {} {} a {}", self.limit, self.currency, self.period.as_str())?;
        match self.scope {
            Scope::Portfolio => f.write_str(" for the business"),
            Scope::Account => write!(f, " for the account {}", self.subject),
            Scope::Number => write!(f, " for the number {}", self.subject),
            Scope::Campaign => write!(f, " for the campaign {}", self.subject),
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

/// A cap to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCap {
    /// What is capped.
    pub scope: Scope,
    /// Which: an id or a campaign's name; empty for the portfolio.
    pub subject: String,
    /// In which time.
    pub period: Period,
    /// How much may be spent; zero: nothing.
    pub limit: Micros,
    /// What it does.
    pub action: CapAction,
}

fn owner(ctx: &Ctx) -> Owner {
    match ctx.actor() {
        Actor::System | Actor::Operator => Owner::Operator,
        _ => Owner::Business,
    }
}

fn noted(cap: &Cap) -> serde_json::Value {
    serde_json::json!({
        "owner": cap.owner.as_str(), "scope": cap.scope.as_str(), "subject": &*cap.subject,
        "period": cap.period.as_str(), "action": cap.action.as_str(), "limit_micros": cap.limit.0,
        "currency": cap.currency.code(),
    })
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
    audit::note(ctx, tx, Act::CapSet, On::of(cap_id).owned_by(portfolio), noted(&status.cap)).await?;
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
    audit::note(ctx, tx, Act::CapRemoved, On::of(cap_id).owned_by(portfolio), noted(&cap)).await?;
    Ok(())
}
