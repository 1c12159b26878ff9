//! # The built-in store
//!
//! Takes no money, renews by the server's clock, and has the faults of real stores: cards that are declined, payments that
//! take a while, renewals that fail, notifications that get lost. Which fault a purchase has stands in its token. It
//! remembers in tables of its own, so that it is one store over restarts and for several processes.

mod store;

pub(crate) use store::STATEMENTS;

use super::{Basket, Notification, Store, StoreError};
use async_trait::async_trait;
use plaza_billing::audit::{self, Act, On};
use plaza_billing::plans::{PurchaseState, Receipt, StorePayment, StoreRefund, Term};
use plaza_db::{Db, DbError, Tx, params};
use plaza_protocol::{Ctx, Micros, Timestamp};

/// What a person pays with.
pub mod tokens {
    /// Pays.
    pub const GOOD: &str = "good";
    /// Is declined.
    pub const DECLINED: &str = "declined";
    /// Pays once it was looked up twice.
    pub const PENDING: &str = "pending";
    /// Pays; what happens later is not told.
    pub const SILENT: &str = "silent";
    /// Pays once; the renewal fails.
    pub const LAPSES: &str = "lapses";
    /// Somebody of the family pays.
    pub const FAMILY: &str = "family";

    /// All of them.
    pub const ALL: [&str; 6] = [GOOD, DECLINED, PENDING, SILENT, LAPSES, FAMILY];
}

/// Of each payment the store keeps so much, in percent.
const COMMISSION_PERCENT: i64 = 15;
/// A renewal that fails is tried for so many days.
const GRACE_DAYS: i64 = 3;
/// A purchase has so many periods at most.
const PERIODS_MAX: i64 = 1200;
const DAY_US: i64 = 24 * 3600 * 1_000_000;

#[derive(Debug, Clone)]
struct Sold {
    basket: Basket,
    at: Timestamp,
    renewal_stopped_at: Option<Timestamp>,
    refunded_at: Option<Timestamp>,
    looks: i64,
    /// Of periods, in part.
    refunds: Vec<(i64, StoreRefund)>,
}

/// The built-in store.
#[derive(Debug)]
pub struct SandboxStore {
    db: Db,
}

fn not_here() -> StoreError {
    StoreError::NotGenuine("it was not bought here".to_owned())
}

/// A sale of the store, if it has it; looked at so many times more.
async fn sold(tx: &mut Tx, reference: &str, looks: i64) -> Result<Option<Sold>, DbError> {
    let Some(row) = tx.query_one(store::LOOK_AT_SALE, params![reference, looks]).await? else {
        return Ok(None);
    };
    let term = Term::parse(&row.get::<String>(2)?).unwrap_or(Term::Once);
    let mut refunds = Vec::new();
    for row in tx.query(store::SALE_REFUNDS, params![reference]).await? {
        refunds.push((row.get(0)?, StoreRefund { amount: row.get(1)?, at: row.get(2)? }));
    }
    let basket = Basket {
        account: row.get(0)?,
        product: row.get(1)?,
        term,
        price: row.get(3)?,
        currency: row.get(4)?,
        trial_days: row.get(5)?,
        token: row.get(6)?,
    };
    let (at, renewal_stopped_at, refunded_at) = (row.get(7)?, row.get(8)?, row.get(9)?);
    Ok(Some(Sold { basket, at, renewal_stopped_at, refunded_at, looks: row.get(10)?, refunds }))
}

fn months_after(at: Timestamp, months: i64) -> Timestamp {
    let moved = jiff::Timestamp::from_microsecond(at.0).ok().and_then(|time| {
        let then =
            time.to_zoned(jiff::tz::TimeZone::UTC).checked_add(jiff::Span::new().try_months(months).ok()?);
        Some(then.ok()?.timestamp().as_microsecond())
    });
    Timestamp(moved.unwrap_or(i64::MAX))
}

fn commission(amount: Micros) -> Micros {
    Micros(amount.0.saturating_mul(COMMISSION_PERCENT).checked_div(100).unwrap_or_default())
}

impl Sold {
    fn is(&self, token: &str) -> bool {
        self.basket.token == token
    }

    /// The start of a period; the first follows the trial.
    fn start_of(&self, period: i64) -> Timestamp {
        let first = Timestamp(self.at.0.saturating_add(self.basket.trial_days.saturating_mul(DAY_US)));
        let months = if self.basket.term == Term::Year { 12 } else { 1 };
        months_after(first, period.saturating_mul(months))
    }

    /// How many periods were paid until now.
    fn periods(&self, now: Timestamp) -> i64 {
        let stops = self.renewal_stopped_at.or(self.refunded_at).unwrap_or(now).min(now);
        let reached = (0..PERIODS_MAX).find(|period| self.start_of(*period) > stops).unwrap_or(PERIODS_MAX);
        if self.is(tokens::LAPSES) { reached.min(1) } else { reached }
    }

    fn payment(&self, reference: &str, period: i64) -> StorePayment {
        let is_once = self.basket.term == Term::Once;
        StorePayment {
            transaction: format!("{reference}.{period}"),
            product: self.basket.product.clone(),
            amount: self.basket.price,
            commission: commission(self.basket.price),
            currency: self.basket.currency,
            from: self.start_of(period),
            to: (!is_once).then(|| self.start_of(period.saturating_add(1))),
            refunded: self.refunds.iter().find(|(of, _)| *of == period).map(|(_, refund)| *refund),
        }
    }

    fn is_pending(&self) -> bool {
        self.is(tokens::PENDING) && self.looks < 2
    }

    fn all_periods(&self, now: Timestamp) -> i64 {
        if self.basket.term == Term::Once { 1 } else { self.periods(now) }
    }

    /// Of them, those that were paid.
    fn paid_periods(&self, now: Timestamp) -> i64 {
        if self.is_pending() || self.is(tokens::FAMILY) { 0 } else { self.all_periods(now) }
    }

    fn receipt(&self, reference: &str, now: Timestamp) -> Receipt {
        let is_once = self.basket.term == Term::Once;
        let is_pending = self.is_pending();
        let (periods, paid) = (self.all_periods(now), self.paid_periods(now));
        let mut payments: Vec<_> = (0..paid).map(|period| self.payment(reference, period)).collect();
        if let (Some(at), Some(last)) = (self.refunded_at, payments.last_mut()) {
            last.refunded = Some(StoreRefund { amount: last.amount, at });
        }
        let end = self.start_of(periods);
        let lapsed = self.is(tokens::LAPSES) && self.renewal_stopped_at.is_none() && periods > 0;
        let grace = Timestamp(end.0.saturating_add(GRACE_DAYS.saturating_mul(DAY_US)));
        let state = match () {
            () if self.refunded_at.is_some() => PurchaseState::Revoked,
            () if is_pending => PurchaseState::Pending,
            () if is_once || end > now => PurchaseState::Active,
            () if lapsed && grace > now => PurchaseState::Grace,
            () => PurchaseState::Expired,
        };
        let until = if state == PurchaseState::Grace { grace } else { end };
        Receipt {
            store: "sandbox",
            reference: reference.to_owned(),
            asked_at: now,
            account: Some(self.basket.account),
            product: self.basket.product.clone(),
            state,
            expires_at: (!is_once).then_some(until),
            renews: !is_once && self.renewal_stopped_at.is_none() && self.refunded_at.is_none() && !lapsed,
            is_trial: self.basket.trial_days > 0,
            is_family_shared: self.is(tokens::FAMILY),
            replaces: None,
            payments,
        }
    }
}

impl SandboxStore {
    /// The store whose tables are in this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// One step of the store: all of it, or nothing.
    async fn step<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        step: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, SandboxError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.db.transact(ctx, "sandbox_store.step", step).await.map_err(|error| match error {
            SandboxError::Store(error) => error,
            SandboxError::Db(error) => {
                tracing::error!(error = %plaza_protocol::Chain(&error), "the built-in store cannot remember");
                StoreError::Unavailable("its database does not answer".to_owned())
            }
        })
    }
}

/// A step was not made.
#[derive(Debug, thiserror::Error)]
enum SandboxError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("storage")]
    Db(#[from] DbError),
}

#[async_trait]
impl Store for SandboxStore {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    async fn verify(&self, ctx: &Ctx, proof: &str) -> Result<Receipt, StoreError> {
        self.look_up(ctx, proof).await
    }

    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Receipt, StoreError> {
        let named = reference.to_owned();
        let look = async move |ctx: &Ctx, tx: &mut Tx| {
            let sold = sold(tx, &named, 1).await?.ok_or_else(not_here)?;
            Ok(sold.receipt(&named, ctx.now()))
        };
        self.step(ctx, look).await
    }

    async fn read_notification(
        &self,
        _ctx: &Ctx,
        notification: &Notification<'_>,
    ) -> Result<Option<String>, StoreError> {
        Ok(std::str::from_utf8(notification.body).ok().map(str::to_owned))
    }

    async fn check_out(&self, ctx: &Ctx, basket: Basket) -> Result<String, StoreError> {
        if basket.token == tokens::DECLINED {
            return Err(StoreError::Declined("your card was declined: try another one".to_owned()));
        }
        if !tokens::ALL.contains(&basket.token.as_str()) {
            let known = tokens::ALL.join(", ");
            return Err(StoreError::Refused(format!("token: one of {known} is needed")));
        }
        let reference = format!("sandbox_{}", ctx.uuid::<uuid::Uuid>().simple());
        let named = reference.clone();
        let sell = async move |ctx: &Ctx, tx: &mut Tx| {
            let row = params![
                named.as_str(),
                basket.account,
                basket.product.as_str(),
                basket.term.as_str(),
                basket.price,
                basket.currency,
                basket.trial_days,
                basket.token.as_str(),
                ctx.now()
            ];
            tx.execute(store::INSERT_SALE, row).await?;
            Ok(())
        };
        self.step(ctx, sell).await?;
        Ok(reference)
    }

    async fn set_renewal(&self, ctx: &Ctx, reference: &str, renews: bool) -> Result<(), StoreError> {
        let named = reference.to_owned();
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            let sold = sold(tx, &named, 0).await?.ok_or_else(not_here)?;
            let stopped_at = match (renews, sold.renewal_stopped_at) {
                (true, Some(stopped)) if sold.start_of(sold.periods(stopped)) <= ctx.now() => {
                    return Err(StoreError::Refused("it has ended: buy it again".to_owned()).into());
                }
                (true, _) => None,
                (false, stopped) => stopped.or(Some(ctx.now())),
            };
            tx.execute(store::SET_SALE_RENEWAL, params![named.as_str(), stopped_at]).await?;
            Ok(())
        };
        self.step(ctx, set).await
    }

    async fn refund(&self, ctx: &Ctx, reference: &str, amount: Option<Micros>) -> Result<bool, StoreError> {
        let named = reference.to_owned();
        let refund = async move |ctx: &Ctx, tx: &mut Tx| {
            let sold = sold(tx, &named, 0).await?.ok_or_else(not_here)?;
            let tells = !sold.is(tokens::SILENT);
            let Some(last) = sold.receipt(&named, ctx.now()).payments.pop() else {
                if amount.is_some() {
                    return Err(StoreError::Refused("nothing was paid for it yet".to_owned()).into());
                }
                // What was not paid for, such as days to try it, is taken back all the same.
                tx.execute(store::END_SALE, params![named.as_str(), ctx.now()]).await?;
                return Ok(tells);
            };
            let period = sold.paid_periods(ctx.now()).saturating_sub(1);
            let before = last.refunded.map_or(0, |refund| refund.amount.0);
            let left = last.amount.0.saturating_sub(before);
            let given = amount.unwrap_or(Micros(left));
            let details = serde_json::json!({
                "store": "sandbox", "amount_micros": given.0, "currency": last.currency.code(),
            });
            audit::note(ctx, tx, Act::PurchaseRefund, On::of(&named), details).await?;
            let Some(amount) = amount.filter(|amount| amount.0 != left) else {
                tx.execute(store::END_SALE, params![named.as_str(), ctx.now()]).await?;
                return Ok(tells);
            };
            if amount.0 <= 0 || amount.0 > left {
                let (most, currency) = (Micros(left), last.currency);
                let words =
                    format!("amount: above zero, and at most {most} {currency} are left to give back");
                return Err(StoreError::Refused(words).into());
            }
            let all = Micros(before.saturating_add(amount.0));
            tx.execute(store::PUT_SALE_REFUND, params![named.as_str(), period, all, ctx.now()]).await?;
            Ok(tells)
        };
        self.step(ctx, refund).await
    }
}
