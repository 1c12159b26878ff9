//! # The life of a subscription
//!
//! Each operation takes the row (which locks it), moves money if it must, and writes the row back with what it now gives.
//! A refusal leaves everything as it was.

use super::calendar::{Calendar, date, plus};
use super::lines::{self, LineKind};
use super::{
    Audience, DAMAGED, Holder, Plan, PlanError, Term, catalog, deferral, entitled, may_act, share, store,
};
use crate::portfolio::prepaid;
use crate::{BillingError, balance};
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Action, Refused, Transfer, derived_id};
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, SubscriptionId, Timestamp, TransferId, limits};

/// Subscriptions that one step looks at.
const SUBSCRIPTIONS_MAX: i64 = 32;
/// Steps of one subscription that were missed and are made up for at a time.
const MISSED_MAX: usize = 64;

plaza_protocol::words! {
    /// Where a subscription stands.
    Status {
        /// Tried out.
        Trialing = "trialing",
        /// Paid.
        Active = "active",
        /// Not paid, and within its days of grace.
        PastDue = "past_due",
        /// Stopped for a while.
        Paused = "paused",
        /// Ended by its subscriber.
        Canceled = "canceled",
        /// Ended because nobody paid.
        Ended = "ended",
    }
}

/// A plan that a business has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub subscription_id: SubscriptionId,
    /// Whose.
    pub portfolio_id: PortfolioId,
    /// The plan.
    pub plan_key: String,
    /// By the month or the year.
    pub term: Term,
    /// In what it is paid.
    pub currency: Currency,
    /// The price of a term, as agreed.
    pub price: Micros,
    /// Whose calendar.
    pub time_zone: String,
    /// Where it stands.
    pub status: Status,
    /// How long its trial was; 0: it had none.
    pub trial_days: i64,
    /// How long it goes on unpaid.
    pub grace_days: i64,
    /// It ends with its period.
    pub cancel_at_end: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    anchor_day: i64,
    period: i64,
    from_day: i64,
    to_day: i64,
    grace_until: Option<i64>,
    paused_on: Option<i64>,
    revision: i64,
    due_at: Option<Timestamp>,
}

impl Subscription {
    fn read(row: &Row) -> Result<Self, PlanError> {
        Ok(Self {
            subscription_id: row.get(0)?,
            portfolio_id: row.get(1)?,
            plan_key: row.get(2)?,
            term: Term::parse(&row.get::<String>(3)?).ok_or(DAMAGED)?,
            currency: row.get(4)?,
            price: row.get(5)?,
            time_zone: row.get(6)?,
            status: Status::parse(&row.get::<String>(7)?).ok_or(DAMAGED)?,
            anchor_day: row.get(8)?,
            period: row.get(9)?,
            from_day: row.get(10)?,
            to_day: row.get(11)?,
            trial_days: row.get(12)?,
            grace_days: row.get(13)?,
            grace_until: row.get(14)?,
            paused_on: row.get(15)?,
            cancel_at_end: row.get(16)?,
            revision: row.get(17)?,
            created_at: row.get(18)?,
            ended_at: row.get(19)?,
            due_at: row.get(20)?,
        })
    }

    fn holder(&self) -> Holder {
        Holder::Business(self.portfolio_id)
    }

    fn calendar(&self) -> Calendar {
        Calendar::of(&self.time_zone)
    }

    fn today(&self, ctx: &Ctx) -> Result<i64, PlanError> {
        self.calendar().today(ctx).ok_or(DAMAGED)
    }

    fn source(&self) -> String {
        self.subscription_id.to_string()
    }

    /// Whether it is neither canceled nor ended.
    pub fn is_live(&self) -> bool {
        self.ended_at.is_none()
    }

    /// The first day of its trial or period: `2026-11-28`.
    pub fn from(&self) -> String {
        in_words(self.from_day)
    }

    /// The day after the last one of its trial or period: when it is paid next.
    pub fn to(&self) -> String {
        in_words(self.to_day)
    }

    /// While it is not paid: the day on which it ends.
    pub fn grace_until(&self) -> Option<String> {
        self.grace_until.map(in_words)
    }

    /// While it is paused: the days that are left.
    pub fn paused_days(&self) -> Option<i64> {
        self.paused_on.map(|on| self.to_day.saturating_sub(on))
    }
}

fn in_words(day: i64) -> String {
    date(day).map(|date| date.to_string()).unwrap_or_default()
}

/// What a business asks for.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// Which plan.
    pub plan: String,
    /// By the month or the year.
    pub term: Term,
    /// Tried out first.
    pub trial: bool,
}

/// When a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// At once; what is paid and not used is given back.
    Now,
    /// With its period.
    AtEnd,
}

/// What a change would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// In what.
    pub currency: Currency,
    /// The price of the new term.
    pub price: Micros,
    /// What is given back of the old plan.
    pub credit: Micros,
    /// What the new one costs for the days that are charged now.
    pub charge: Micros,
    /// The days that are charged now…
    pub days: i64,
    /// …of a term of so many.
    pub days_of_term: i64,
    /// When it is paid next: `2026-12-28`.
    pub next_payment: String,
    /// Whether the trial goes on, and nothing is charged now.
    pub is_trial: bool,
}

impl Quote {
    /// What is taken from the balance now; below zero: what comes back.
    pub fn due(&self) -> Micros {
        self.charge.checked_sub(self.credit).unwrap_or_default()
    }
}

/// The subscription that a portfolio has, or had last.
pub async fn subscription(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
) -> Result<Option<Subscription>, PlanError> {
    may_act(ctx, Holder::Business(portfolio))?;
    tx.query_one(store::CURRENT, params![portfolio]).await?.as_ref().map(Subscription::read).transpose()
}

/// Whether a portfolio has had its trial.
pub async fn had_trial(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<bool, PlanError> {
    may_act(ctx, Holder::Business(portfolio))?;
    Ok(tx.query_one(store::HAD_TRIAL, params![portfolio]).await?.is_some())
}

/// All subscriptions that were begun before a time, the latest first; a page of them. For the operator.
pub async fn subscriptions(
    ctx: &Ctx,
    tx: &mut Tx,
    before: Option<Timestamp>,
) -> Result<Vec<Subscription>, PlanError> {
    if !matches!(ctx.actor(), plaza_protocol::Actor::System | plaza_protocol::Actor::Operator) {
        return Err(PlanError::NotFound);
    }
    let limit = i64::try_from(limits::PAGE_ROWS_MAX).unwrap_or(i64::MAX);
    let before = before.unwrap_or(Timestamp(i64::MAX));
    tx.query(store::SUBSCRIPTIONS, params![before, limit]).await?.iter().map(Subscription::read).collect()
}

/// A portfolio begins to have a plan: with a trial, or paid at once.
pub async fn start(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    new: &NewSubscription,
) -> Result<Subscription, PlanError> {
    may_act(ctx, Holder::Business(portfolio))?;
    let plan = catalog::offered(ctx, tx, &new.plan, Audience::Business).await?;
    let payer = tx.query_one(store::PAYER, params![portfolio]).await?;
    let payer = payer.ok_or(BillingError::UnknownPortfolio(portfolio))?;
    let (currency, time_zone): (Currency, String) = (payer.get(0)?, payer.get(1)?);
    let price = plan.price(currency, new.term)?;
    if new.trial {
        if plan.trial_days == 0 {
            return Err(PlanError::NoTrial(plan.key));
        }
        if had_trial(ctx, tx, portfolio).await? {
            return Err(PlanError::TrialUsed);
        }
    }
    let trial_days = if new.trial { plan.trial_days } else { 0 };
    let today = Calendar::of(&time_zone).today(ctx).ok_or(DAMAGED)?;
    let to_day = if new.trial { today.checked_add(trial_days) } else { plus(today, new.term, 1) };
    let mut begun = Subscription {
        subscription_id: ctx.ordered_id(),
        portfolio_id: portfolio,
        plan_key: plan.key.clone(),
        term: new.term,
        currency,
        price,
        time_zone,
        status: if new.trial { Status::Trialing } else { Status::Active },
        trial_days,
        grace_days: plan.grace_days,
        cancel_at_end: false,
        created_at: ctx.now(),
        ended_at: None,
        anchor_day: today,
        period: 0,
        from_day: today,
        to_day: to_day.ok_or(DAMAGED)?,
        grace_until: None,
        paused_on: None,
        revision: 0,
        due_at: None,
    };
    begun.due_at = begun.calendar().start_of(begun.to_day);
    insert(tx, &begun).await?;
    if !new.trial {
        pay_period(ctx, tx, &begun, &plan.name).await??;
    }
    put(ctx, tx, &begun).await?;
    let how = if new.trial { "with a trial" } else { "paid" };
    lines::note(ctx, tx, &begun, "started", &format!("{} by the {}, {how}", plan.key, new.term.as_str()))
        .await?;
    Ok(begun)
}

async fn insert(tx: &mut Tx, new: &Subscription) -> Result<(), PlanError> {
    let row = params![
        new.subscription_id,
        new.portfolio_id,
        new.plan_key.as_str(),
        new.term.as_str(),
        new.currency,
        new.price,
        new.time_zone.as_str(),
        new.status.as_str(),
        new.anchor_day,
        new.period,
        new.from_day,
        new.to_day,
        new.trial_days,
        new.grace_days,
        new.grace_until,
        new.paused_on,
        new.cancel_at_end,
        new.revision,
        new.created_at,
        new.ended_at,
        new.due_at
    ];
    // The index lets one portfolio have one that is alive.
    if tx.execute(store::INSERT_SUBSCRIPTION, row).await? == 1 {
        Ok(())
    } else {
        Err(PlanError::AlreadySubscribed)
    }
}

/// Writes the row back, what it now gives, and which plan that is from now on: revenue by plan asks for it.
async fn put(ctx: &Ctx, tx: &mut Tx, next: &Subscription) -> Result<(), PlanError> {
    let row = params![
        next.subscription_id,
        next.plan_key.as_str(),
        next.term.as_str(),
        next.price,
        next.status.as_str(),
        next.anchor_day,
        next.period,
        next.from_day,
        next.to_day,
        next.grace_days,
        next.grace_until,
        next.paused_on,
        next.cancel_at_end,
        next.ended_at,
        next.due_at
    ];
    tx.execute(store::UPDATE_SUBSCRIPTION, row).await?;
    let has_plan = matches!(next.status, Status::Trialing | Status::Active | Status::PastDue);
    let plan = if has_plan { next.plan_key.as_str() } else { "" };
    tx.execute(store::CLOSE_SPAN, params![next.portfolio_id, ctx.now(), plan]).await?;
    if has_plan {
        tx.execute(store::OPEN_SPAN, params![next.portfolio_id, ctx.now(), plan]).await?;
    }
    let calendar = next.calendar();
    let until = match next.status {
        Status::Paused | Status::Canceled | Status::Ended => {
            return entitled::revoke(tx, next.holder(), &next.source()).await;
        }
        Status::PastDue => calendar.start_of(next.grace_until.unwrap_or(next.from_day)),
        Status::Trialing | Status::Active if next.cancel_at_end => calendar.start_of(next.to_day),
        // Should the step that pays the next period be late, nobody loses anything.
        Status::Trialing | Status::Active => {
            calendar.start_of(next.to_day.saturating_add(next.grace_days.max(1)))
        }
    };
    entitled::grant(tx, next.holder(), &next.source(), &next.plan_key, Some(until.ok_or(DAMAGED)?)).await
}

async fn take(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Subscription, PlanError> {
    may_act(ctx, Holder::Business(portfolio))?;
    let row = tx.query_one(store::TAKE, params![portfolio]).await?.ok_or(PlanError::NotFound)?;
    Subscription::read(&row)
}

/// Whether a payment went through; the reason why not, where it did not.
type Paid = Result<(), PlanError>;

/// Takes an amount from the balance for days, and writes line and stretch.
async fn charge(
    ctx: &Ctx,
    tx: &mut Tx,
    of: &Subscription,
    (kind, plan_name): (LineKind, &str),
    transfer_id: TransferId,
    (from_day, amount): (i64, Micros),
) -> Result<Paid, PlanError> {
    if amount > Micros::ZERO {
        let (debit, credit) = (prepaid(of.portfolio_id, of.currency), deferral::deferred(of.currency));
        let transfer = Transfer { transfer_id, action: Action::Posted { debit, credit, amount } };
        match plaza_ledger::post(ctx, tx, &[transfer]).await?.pop() {
            Some(Ok(outcome)) if outcome.repeated => return Ok(Ok(())),
            Some(Ok(_)) => {}
            Some(Err(Refused::Insufficient { available })) => {
                let currency = of.currency;
                return Ok(Err(PlanError::InsufficientFunds { needed: amount, available, currency }));
            }
            Some(Err(_)) | None => return Err(BillingError::BadAmount.into()),
        }
        let line = (kind, of.plan_key.as_str(), plan_name);
        lines::write(ctx, tx, of, line, (from_day, of.to_day), (amount, transfer_id)).await?;
        let days = of.to_day.saturating_sub(from_day);
        let whose = (of.subscription_id, of.time_zone.as_str());
        deferral::open(ctx, tx, whose, (of.currency, amount), (from_day, days)).await?;
    }
    Ok(Ok(()))
}

/// Pays the period that the row names. Its transfer's id follows from the period: a repeat pays once.
async fn pay_period(ctx: &Ctx, tx: &mut Tx, of: &Subscription, plan_name: &str) -> Result<Paid, PlanError> {
    let id = derived_id(of.subscription_id.0, &format!("period from {}", of.from_day));
    charge(ctx, tx, of, (LineKind::Period, plan_name), id, (of.from_day, of.price)).await
}

/// Gives back what is paid and not used.
async fn give_back(ctx: &Ctx, tx: &mut Tx, of: &Subscription, today: i64) -> Result<Micros, PlanError> {
    let amount = deferral::close(ctx, tx, of.subscription_id, today).await?;
    if amount > Micros::ZERO {
        let (debit, credit) = (deferral::deferred(of.currency), prepaid(of.portfolio_id, of.currency));
        let transfer_id = derived_id(of.subscription_id.0, &format!("credit of revision {}", of.revision));
        let transfer = Transfer { transfer_id, action: Action::Posted { debit, credit, amount } };
        for outcome in plaza_ledger::post(ctx, tx, &[transfer]).await? {
            outcome.map_err(|_| DAMAGED)?;
        }
        let plan = catalog::plan(ctx, tx, &of.plan_key).await?;
        let back = Micros::ZERO.checked_sub(amount).ok_or(DAMAGED)?;
        let line = (LineKind::Credit, plan.key.as_str(), plan.name.as_str());
        lines::write(ctx, tx, of, line, (today, of.to_day), (back, transfer_id)).await?;
    }
    Ok(amount)
}

/// The subscription as it would be after a change, and what that costs.
async fn changed(
    ctx: &Ctx,
    tx: &mut Tx,
    of: &Subscription,
    plan: &Plan,
    term: Term,
) -> Result<(Subscription, Quote), PlanError> {
    match of.status {
        Status::Trialing | Status::Active => {}
        Status::PastDue => return Err(PlanError::NotNow("the last period is not paid: pay it first")),
        Status::Paused => return Err(PlanError::NotNow("the subscription is paused: let it go on first")),
        Status::Canceled | Status::Ended => return Err(PlanError::NotFound),
    }
    if plan.key == of.plan_key && term == of.term {
        return Err(PlanError::NotNow("this is the plan that you have"));
    }
    let price = plan.price(of.currency, term)?;
    let today = of.today(ctx)?;
    let mut next = Subscription {
        plan_key: plan.key.clone(),
        term,
        price,
        grace_days: plan.grace_days,
        cancel_at_end: false,
        ..of.clone()
    };
    let is_trial = of.status == Status::Trialing;
    let mut quote = Quote {
        currency: of.currency,
        price,
        credit: Micros::ZERO,
        charge: Micros::ZERO,
        days: 0,
        days_of_term: of.to_day.saturating_sub(of.from_day),
        next_payment: String::new(),
        is_trial,
    };
    if !is_trial {
        for each in deferral::of(tx, of.subscription_id).await? {
            let rest = each.rest(today).ok_or(DAMAGED)?;
            quote.credit = quote.credit.checked_add(rest).ok_or(DAMAGED)?;
        }
        if term != of.term {
            // Another term begins today.
            (next.anchor_day, next.period, next.from_day) = (today, 0, today);
            next.to_day = plus(today, term, 1).ok_or(DAMAGED)?;
        }
        quote.days = next.to_day.saturating_sub(today).max(0);
        quote.days_of_term = next.to_day.saturating_sub(next.from_day);
        quote.charge = share(price, quote.days, quote.days_of_term).ok_or(DAMAGED)?;
    }
    quote.next_payment = next.to();
    next.due_at = next.calendar().start_of(next.to_day);
    Ok((next, quote))
}

/// What a change would cost today. Nothing is changed.
pub async fn quote(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    (plan, term): (&str, Term),
) -> Result<Quote, PlanError> {
    let of =
        subscription(ctx, tx, portfolio).await?.filter(Subscription::is_live).ok_or(PlanError::NotFound)?;
    let plan = catalog::offered(ctx, tx, plan, Audience::Business).await?;
    Ok(changed(ctx, tx, &of, &plan, term).await?.1)
}

/// Changes plan or term: the rest of the old is given back and the new is paid, or nothing happens.
pub async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    (plan, term): (&str, Term),
) -> Result<(Subscription, Quote), PlanError> {
    let of = take(ctx, tx, portfolio).await?;
    let plan = catalog::offered(ctx, tx, plan, Audience::Business).await?;
    let (next, quote) = changed(ctx, tx, &of, &plan, term).await?;
    if !quote.is_trial {
        let available = balance(ctx, tx, portfolio).await?.available;
        if quote.due() > available {
            let currency = of.currency;
            return Err(PlanError::InsufficientFunds { needed: quote.due(), available, currency });
        }
        let today = of.today(ctx)?;
        give_back(ctx, tx, &of, today).await?;
        let id = derived_id(of.subscription_id.0, &format!("change of revision {}", of.revision));
        charge(ctx, tx, &next, (LineKind::Change, &plan.name), id, (today, quote.charge)).await??;
    }
    put(ctx, tx, &next).await?;
    let what = format!("{} by the {} instead of {}", plan.key, term.as_str(), of.plan_key);
    lines::note(ctx, tx, &next, "changed", &what).await?;
    Ok((next, quote))
}

/// Ends a subscription.
pub async fn cancel(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    when: Cancel,
) -> Result<(Subscription, Micros), PlanError> {
    let mut next = take(ctx, tx, portfolio).await?;
    if when == Cancel::AtEnd {
        if !matches!(next.status, Status::Trialing | Status::Active) {
            return Err(PlanError::NotNow("there is no paid period to wait for: cancel it now"));
        }
        next.cancel_at_end = true;
        put(ctx, tx, &next).await?;
        lines::note(ctx, tx, &next, "cancel_at_end", &format!("ends on {}", next.to())).await?;
        return Ok((next, Micros::ZERO));
    }
    let today = next.today(ctx)?;
    let back = give_back(ctx, tx, &next, today).await?;
    end(ctx, tx, &mut next, Status::Canceled, "at once").await?;
    Ok((next, back))
}

async fn end(
    ctx: &Ctx,
    tx: &mut Tx,
    next: &mut Subscription,
    status: Status,
    details: &str,
) -> Result<(), PlanError> {
    (next.status, next.ended_at, next.due_at, next.paused_on) = (status, Some(ctx.now()), None, None);
    put(ctx, tx, next).await?;
    lines::note(ctx, tx, next, status.as_str(), details).await
}

/// Takes a cancellation at the end back.
pub async fn keep(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Subscription, PlanError> {
    let mut next = take(ctx, tx, portfolio).await?;
    if !next.cancel_at_end {
        return Err(PlanError::NotNow("it is not about to end"));
    }
    next.cancel_at_end = false;
    put(ctx, tx, &next).await?;
    lines::note(ctx, tx, &next, "kept", "").await?;
    Ok(next)
}

/// Stops a subscription for a while: its days wait.
pub async fn pause(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Subscription, PlanError> {
    let mut next = take(ctx, tx, portfolio).await?;
    if next.status != Status::Active {
        return Err(PlanError::NotNow("only a subscription that is paid can be paused"));
    }
    let today = next.today(ctx)?;
    deferral::pause(ctx, tx, next.subscription_id, today).await?;
    (next.status, next.paused_on, next.due_at, next.cancel_at_end) =
        (Status::Paused, Some(today), None, false);
    put(ctx, tx, &next).await?;
    let days = next.paused_days().unwrap_or_default();
    lines::note(ctx, tx, &next, "paused", &format!("{days} days are left")).await?;
    Ok(next)
}

/// Lets it go on with the days that were left.
pub async fn resume(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Subscription, PlanError> {
    let mut next = take(ctx, tx, portfolio).await?;
    let Some(paused_on) = next.paused_on else { return Err(PlanError::NotNow("it is not paused")) };
    let today = next.today(ctx)?;
    let waited = today.saturating_sub(paused_on).max(0);
    deferral::resume(tx, next.subscription_id, today).await?;
    next.from_day = next.from_day.checked_add(waited).ok_or(DAMAGED)?;
    next.to_day = next.to_day.checked_add(waited).ok_or(DAMAGED)?;
    // The periods after this one are counted from its end.
    if waited > 0 {
        (next.anchor_day, next.period) = (next.to_day, -1);
    }
    (next.status, next.paused_on) = (Status::Active, None);
    next.due_at = next.calendar().start_of(next.to_day);
    put(ctx, tx, &next).await?;
    lines::note(ctx, tx, &next, "resumed", &format!("paid until {}", next.to())).await?;
    Ok(next)
}

/// Pays what is open, now.
pub async fn pay(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Subscription, PlanError> {
    let mut next = take(ctx, tx, portfolio).await?;
    if next.status != Status::PastDue {
        return Err(PlanError::NotNow("nothing is open"));
    }
    let plan = catalog::plan(ctx, tx, &next.plan_key).await?;
    pay_period(ctx, tx, &next, &plan.name).await??;
    renewed(ctx, tx, &mut next).await?;
    Ok(next)
}

/// The period that the row names is paid.
async fn renewed(ctx: &Ctx, tx: &mut Tx, next: &mut Subscription) -> Result<(), PlanError> {
    (next.status, next.grace_until) = (Status::Active, None);
    next.due_at = next.calendar().start_of(next.to_day);
    put(ctx, tx, next).await?;
    lines::note(ctx, tx, next, "renewed", &format!("paid until {}", next.to())).await
}

/// What a step of housekeeping did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stepped {
    /// Whose plan may give something else now.
    pub touched: Vec<PortfolioId>,
    /// There may be more to do at once.
    pub is_more: bool,
}

/// Does some of what is due: earns the days that have passed, pays periods that begin, ends what is over. For
/// housekeeping, until nothing is left.
pub async fn step(ctx: &Ctx, tx: &mut Tx) -> Result<Stepped, PlanError> {
    may_act(ctx, Holder::Business(PortfolioId(0)))?;
    let mut stepped = Stepped { is_more: deferral::step(ctx, tx).await?, ..Stepped::default() };
    let due = tx.query(store::DUE, params![ctx.now(), SUBSCRIPTIONS_MAX]).await?;
    stepped.is_more |= i64::try_from(due.len()).is_ok_and(|rows| rows == SUBSCRIPTIONS_MAX);
    for row in due {
        let id: SubscriptionId = row.get(0)?;
        for _ in 0..MISSED_MAX {
            let Some(row) = tx.query_one(store::TAKE_DUE, params![id, ctx.now()]).await? else { break };
            let mut next = Subscription::read(&row)?;
            go_on(ctx, tx, &mut next).await?;
            stepped.touched.push(next.portfolio_id);
        }
    }
    // What was paid for days that have passed already is earned in the next one.
    stepped.is_more |= !stepped.touched.is_empty();
    stepped.touched.sort_unstable();
    stepped.touched.dedup();
    Ok(stepped)
}

async fn go_on(ctx: &Ctx, tx: &mut Tx, next: &mut Subscription) -> Result<(), PlanError> {
    let today = next.today(ctx)?;
    match next.status {
        Status::Trialing | Status::Active if next.cancel_at_end => {
            deferral::close(ctx, tx, next.subscription_id, next.to_day).await?;
            return end(ctx, tx, next, Status::Canceled, "at its end").await;
        }
        Status::Trialing => (next.anchor_day, next.period) = (next.to_day, 0),
        Status::Active => next.period = next.period.saturating_add(1),
        Status::PastDue => {
            if next.grace_until.is_some_and(|until| today >= until) {
                return end(ctx, tx, next, Status::Ended, "it was not paid within its days of grace").await;
            }
        }
        Status::Paused | Status::Canceled | Status::Ended => return Err(DAMAGED),
    }
    if next.status != Status::PastDue {
        next.from_day = next.to_day;
        let end = plus(next.anchor_day, next.term, next.period.saturating_add(1));
        next.to_day = end.ok_or(DAMAGED)?;
    }
    let plan = catalog::plan(ctx, tx, &next.plan_key).await?;
    if pay_period(ctx, tx, next, &plan.name).await?.is_ok() {
        return renewed(ctx, tx, next).await;
    }
    let is_first = next.status != Status::PastDue;
    next.status = Status::PastDue;
    let grace_until = next.grace_until.unwrap_or(next.from_day.saturating_add(next.grace_days));
    next.grace_until = Some(grace_until);
    // Again tomorrow, or the end.
    let again = today.saturating_add(1).min(grace_until.max(today));
    next.due_at = next.calendar().start_of(again);
    put(ctx, tx, next).await?;
    if is_first {
        lines::note(
            ctx,
            tx,
            next,
            "past_due",
            &format!("ends on {} unless it is paid", in_words(grace_until)),
        )
        .await?;
    }
    Ok(())
}
