//! # What is owed, what is near, and who is on which plan
//!
//! The parts of the operator's dashboard that do not follow from the sums of messages. **Ageing**: open invoices by how
//! many days they are late. **Tiers**: the portfolios that are on the way to their next volume tier, which will make
//! their messages cheaper. **Plans**: what the customers of each plan pay for messages, and what their plans bring in a
//! month.
//!
//! For the operator. One currency at a time, except for ageing, which has all of them; nothing here reads charges.

pub(crate) mod store;

use crate::{BillingError, Category, Customer, Prices, prices};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, PriceBookId, Timestamp};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Debtors of a list.
const DEBTORS_MAX: i64 = 10;
/// Volumes that are looked at: the largest ones are the ones near a tier.
const VOLUMES_MAX: i64 = 2000;
/// Portfolios near a tier that are told.
const NEAR_MAX: usize = 10;
/// From how much of the way on a tier is near, per cent.
const NEAR_PERCENT: i128 = 50;

/// How late an invoice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Late {
    /// It is not due yet.
    Current,
    /// 1 to 30 days.
    To30,
    /// 31 to 60 days.
    To60,
    /// 61 to 90 days.
    To90,
    /// More than 90 days.
    Over90,
}

impl Late {
    /// All of them, the youngest first.
    pub const ALL: [Self; 5] = [Self::Current, Self::To30, Self::To60, Self::To90, Self::Over90];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::To30 => "1-30",
            Self::To60 => "31-60",
            Self::To90 => "61-90",
            Self::Over90 => "over-90",
        }
    }
}

/// Open invoices of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Of the amount.
    pub currency: Currency,
    /// How late they are.
    pub late: Late,
    /// How many.
    pub invoices: i64,
    /// What is to be paid of them.
    pub amount: Micros,
}

/// Who owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debtor {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// Open invoices.
    pub invoices: i64,
    /// When the oldest of them is, or was, due.
    pub due_at: Timestamp,
    /// What is to be paid.
    pub amount: Micros,
}

/// A portfolio on its way to a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// Where it sends to.
    pub market: String,
    /// Whose volume counts.
    pub category: Category,
    /// Charged this month.
    pub volume: i64,
    /// Messages before the first one of the tier.
    pub tier_from: i64,
    /// What a message costs now.
    pub now: Micros,
    /// What one costs in the tier.
    pub then: Micros,
}

/// What the customers of a plan pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfPlan {
    /// The plan's key and name; `None`: those who have no plan.
    pub plan: Option<(String, String)>,
    /// Portfolios that have it, or that paid without one.
    pub customers: i64,
    /// What they paid for messages and calls in the last span and today.
    pub usage: Micros,
    /// What the plan brings in a month: a twelfth of what is paid by the year. Trials and pauses bring nothing.
    pub monthly: Micros,
}

/// Open invoices by age, in all currencies.
pub async fn ageing(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Open>, BillingError> {
    crate::funds::require_operator(ctx)?;
    let now = ctx.now().0;
    let ago = |days: i64| now.saturating_sub(days.saturating_mul(DAY));
    let rows = tx.query(store::AGEING, params![now, ago(30), ago(60), ago(90)]).await?;
    let open = |row: &Row| {
        let late = usize::try_from(row.get::<i64>(1)?).ok().and_then(|place| Late::ALL.get(place).copied());
        Ok(Open {
            currency: row.get(0)?,
            late: late.ok_or(BillingError::Damaged("an age is unknown"))?,
            invoices: row.get(2)?,
            amount: row.get(3)?,
        })
    };
    rows.iter().map(open).collect()
}

/// Who owes most.
pub async fn debtors(ctx: &Ctx, tx: &mut Tx, currency: Currency) -> Result<Vec<Debtor>, BillingError> {
    crate::funds::require_operator(ctx)?;
    let rows = tx.query(store::DEBTORS, params![currency, DEBTORS_MAX]).await?;
    let debtor = |row: &Row| {
        Ok(Debtor {
            portfolio_id: row.get(0)?,
            invoices: row.get(1)?,
            due_at: row.get(2)?,
            amount: row.get(3)?,
        })
    };
    rows.iter().map(debtor).collect()
}

/// Who is on the way to a tier, the nearest first. The month is that of UTC.
pub async fn near_tiers(
    ctx: &Ctx,
    tx: &mut Tx,
    books: &Prices,
    currency: Currency,
) -> Result<Vec<Near>, BillingError> {
    crate::funds::require_operator(ctx)?;
    let date = crate::earnings::date_of(ctx.now())?;
    let month = i64::from(date.year()).saturating_mul(100).saturating_add(i64::from(date.month()));
    let mut near = Vec::new();
    for row in tx.query(store::VOLUMES_NOW, params![month, currency, VOLUMES_MAX]).await? {
        let (market, category): (String, Category) = (row.get(1)?, prices::category(&row, 2)?);
        let (volume, book): (i64, PriceBookId) = (row.get(3)?, row.get(4)?);
        let mut digest: Vec<u8> = row.get(5)?;
        digest.extend(row.get::<Option<Vec<u8>>>(6)?.unwrap_or_default());
        let book = books.book(tx, book, currency, digest).await?;
        let market: Arc<str> = market.into();
        let Some((_, price)) = book.price_at(&market, category, ctx.now()) else { continue };
        let Some(next) = price.tiers.iter().find(|tier| tier.from > volume) else { continue };
        if i128::from(volume).saturating_mul(100) < i128::from(next.from).saturating_mul(NEAR_PERCENT) {
            continue;
        }
        near.push(Near {
            portfolio_id: row.get(0)?,
            market: market.to_string(),
            category,
            volume,
            tier_from: next.from,
            now: price.unit_at(Some(volume.saturating_add(1))),
            then: next.unit,
        });
    }
    // How much of the way is left, in millionths.
    near.sort_by_key(|near| {
        let way = i128::from(near.volume).saturating_mul(1_000_000).checked_div(i128::from(near.tier_from));
        (Reverse(way), near.portfolio_id, near.market.clone())
    });
    near.truncate(NEAR_MAX);
    Ok(near)
}

/// What the customers of each plan pay, given what each customer pays for messages.
pub(crate) async fn by_plan(
    tx: &mut Tx,
    currency: Currency,
    customers: &[Customer],
) -> Result<Vec<OfPlan>, BillingError> {
    let mut usage: BTreeMap<PortfolioId, i64> = customers
        .iter()
        .map(|customer| (customer.portfolio_id, customer.amount.0.saturating_add(customer.today.0)))
        .filter(|(_, amount)| *amount > 0)
        .collect();
    let mut plans: BTreeMap<Option<(String, String)>, (i64, i64, i64)> = BTreeMap::new();
    for row in tx.query(store::PLANS_NOW, vec![]).await? {
        if row.get::<Currency>(5)? != currency {
            continue;
        }
        let (term, status, price): (String, String, i64) = (row.get(3)?, row.get(4)?, row.get(6)?);
        let monthly = if term == "year" { price.checked_div(12).unwrap_or_default() } else { price };
        let is_paid = !matches!(status.as_str(), "trialing" | "paused");
        let (count, used, month) = plans.entry(Some((row.get(1)?, row.get(2)?))).or_default();
        *count = count.saturating_add(1);
        *used = used.saturating_add(usage.remove(&row.get(0)?).unwrap_or_default());
        *month = month.saturating_add(if is_paid { monthly } else { 0 });
    }
    if !usage.is_empty() {
        let without = plans.entry(None).or_default();
        without.0 = i64::try_from(usage.len()).unwrap_or(i64::MAX);
        without.1 = usage.values().fold(0, |sum: i64, amount| sum.saturating_add(*amount));
    }
    let of_plan = |(plan, (customers, usage, monthly))| OfPlan {
        plan,
        customers,
        usage: Micros(usage),
        monthly: Micros(monthly),
    };
    let mut plans: Vec<OfPlan> = plans.into_iter().map(of_plan).collect();
    plans.sort_by_key(|of| Reverse(of.usage.0.saturating_add(of.monthly.0)));
    Ok(plans)
}
