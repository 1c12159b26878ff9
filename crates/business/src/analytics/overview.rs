//! # An account at a glance
//!
//! What a console shows of a time: for each day the messages that were sent on it, and how many of them have arrived,
//! were read, or failed since; what the deliveries of that time cost, by category and country; and how the templates
//! did. A message counts on the day of its sending, so that each day can be read as a share of itself. Costs count when
//! they were charged, as on the invoice.

use super::{Granularity, LOOK_BACK, Span, billing, store};
use crate::country;
use crate::management::ManageError;
use crate::portfolios;
use crate::templates::{self, TemplateError};
use plaza_billing::Category;
use plaza_db::Tx;
use plaza_protocol::{Ctx, Currency, Micros, TemplateId, Timestamp, WabaId};
use std::collections::BTreeMap;

/// Templates that are told about, those that were sent most.
const TEMPLATES_MAX: i64 = 50;

/// What became of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sent in this time.
    pub sent: i64,
    /// Of them arrived,
    pub delivered: i64,
    /// read,
    pub read: i64,
    /// or given up.
    pub failed: i64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.sent = self.sent.saturating_add(other.sent);
        self.delivered = self.delivered.saturating_add(other.delivered);
        self.read = self.read.saturating_add(other.read);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// What the deliveries to a country cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Of which category.
    pub category: Category,
    /// ISO 3166.
    pub country: &'static str,
    /// Deliveries.
    pub messages: i64,
    /// What they cost.
    pub amount: Micros,
}

/// How a template did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performance {
    /// Which.
    pub template: TemplateId,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its messages.
    pub counts: Counts,
    /// Presses of its buttons.
    pub clicks: i64,
    /// What its deliveries cost.
    pub amount: Micros,
}

/// A time, and the one of the same length before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// What amounts are in.
    pub currency: Currency,
    /// Each day, and when it begins.
    pub days: Vec<(Timestamp, Counts)>,
    /// The largest first.
    pub costs: Vec<Cost>,
    /// The most sent first.
    pub templates: Vec<Performance>,
    /// The messages of the time before.
    pub before: Counts,
    /// What the deliveries of the time before cost.
    pub amount_before: Micros,
}

/// What happened to an account's messages in a time.
pub async fn overview(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    (from, to): (Timestamp, Timestamp),
) -> Result<Overview, ManageError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    if to <= from || from < ctx.now() - LOOK_BACK {
        return Err(ManageError::invalid(
            "since",
            "a time before until, and within the last year, is expected",
        ));
    }
    let zone = jiff::tz::TimeZone::get(&waba.time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let span = Span { from, to, granularity: Granularity::Day, zone };
    let owner = (waba.portfolio_id, waba.waba_id);
    let mut days: BTreeMap<Timestamp, Counts> =
        span.points()?.into_iter().map(|(start, _)| (start, Counts::default())).collect();
    for (quarter, counts) in store::cohorts(tx, owner, (from, to)).await? {
        days.entry(span.point(quarter).0).or_default().add(counts);
    }
    let mut performances = Vec::new();
    for (template, counts) in store::of_templates(tx, owner, (from, to), TEMPLATES_MAX).await? {
        let (name, language) = match templates::get(ctx, tx, template).await {
            Ok(template) => (template.name, template.language),
            Err(TemplateError::Db(error)) => return Err(error.into()),
            // It was deleted; what it did stays.
            Err(_) => (String::new(), String::new()),
        };
        let clicks = store::clicks_between(tx, template, (from, to)).await?;
        let amount = store::spent_between(tx, template, (from, to)).await?;
        performances.push(Performance { template, name, language, counts, clicks, amount });
    }
    let mut sums: BTreeMap<(&'static str, &'static str), Cost> = BTreeMap::new();
    for spent in plaza_billing::spending(ctx, tx, owner, (from, to)).await.map_err(billing)? {
        let country = country::of_digits(&spent.prefix);
        let category = spent.category;
        let sum = sums.entry((category.as_str(), country)).or_insert(Cost {
            category,
            country,
            messages: 0,
            amount: Micros::ZERO,
        });
        sum.messages = sum.messages.saturating_add(spent.messages);
        sum.amount = Micros(sum.amount.0.saturating_add(spent.amount.0));
    }
    let mut costs: Vec<Cost> = sums.into_values().collect();
    costs.sort_by_key(|cost| std::cmp::Reverse((cost.amount, cost.messages)));
    let earlier = (from - to.since(from), from);
    let mut before = Counts::default();
    for (_, counts) in store::cohorts(tx, owner, earlier).await? {
        before.add(counts);
    }
    let mut amount_before = Micros::ZERO;
    for spent in plaza_billing::spending(ctx, tx, owner, earlier).await.map_err(billing)? {
        amount_before = Micros(amount_before.0.saturating_add(spent.amount.0));
    }
    let balance = plaza_billing::balance(ctx, tx, waba.portfolio_id).await.map_err(billing)?;
    let days = days.into_iter().collect();
    Ok(Overview { currency: balance.currency, days, costs, templates: performances, before, amount_before })
}
