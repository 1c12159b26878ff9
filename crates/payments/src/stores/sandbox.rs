//! # The built-in store
//!
//! Takes no money, renews by the server's clock, and has the faults of real stores: cards that are declined, payments that
//! take a while, renewals that fail, notifications that get lost. Which fault a purchase has stands in its token. It
//! remembers in memory: after a restart, what was bought ends with the period that is paid.

use super::{Basket, Store, StoreError};
use async_trait::async_trait;
use plaza_billing::plans::{PurchaseState, Receipt, StorePayment, Term};
use plaza_protocol::{Ctx, Micros, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    looks: usize,
}

/// The built-in store.
#[derive(Debug, Default)]
pub struct SandboxStore(Mutex<BTreeMap<String, Sold>>);

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
            refunded_at: None,
        }
    }

    fn receipt(&self, reference: &str, now: Timestamp) -> Receipt {
        let is_once = self.basket.term == Term::Once;
        let is_pending = self.is(tokens::PENDING) && self.looks < 2;
        let periods = if is_once { 1 } else { self.periods(now) };
        let paid = if is_pending || self.is(tokens::FAMILY) { 0 } else { periods };
        let mut payments: Vec<_> = (0..paid).map(|period| self.payment(reference, period)).collect();
        if let (Some(at), Some(last)) = (self.refunded_at, payments.last_mut()) {
            last.refunded_at = Some(at);
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
    fn sold(&self) -> MutexGuard<'_, BTreeMap<String, Sold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, reference: &str, change: impl FnOnce(&mut Sold) -> T) -> Result<T, StoreError> {
        let mut all = self.sold();
        let sold = all.get_mut(reference);
        sold.map(change).ok_or_else(|| StoreError::NotGenuine("it was not bought here".to_owned()))
    }
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
        let now = ctx.now();
        self.change(reference, |sold| {
            sold.looks = sold.looks.saturating_add(1);
            sold.receipt(reference, now)
        })
    }

    async fn read_notification(&self, _ctx: &Ctx, body: &[u8]) -> Result<Option<String>, StoreError> {
        Ok(std::str::from_utf8(body).ok().map(str::to_owned))
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
        let at = ctx.now();
        let sold = Sold { basket, at, renewal_stopped_at: None, refunded_at: None, looks: 0 };
        self.sold().insert(reference.clone(), sold);
        Ok(reference)
    }

    async fn set_renewal(&self, ctx: &Ctx, reference: &str, renews: bool) -> Result<(), StoreError> {
        let now = ctx.now();
        self.change(reference, |sold| match (renews, sold.renewal_stopped_at) {
            (true, Some(stopped)) if sold.start_of(sold.periods(stopped)) <= now => {
                Err(StoreError::Refused("it has ended: buy it again".to_owned()))
            }
            (true, _) => {
                sold.renewal_stopped_at = None;
                Ok(())
            }
            (false, stopped) => {
                sold.renewal_stopped_at = stopped.or(Some(now));
                Ok(())
            }
        })?
    }

    async fn refund(&self, ctx: &Ctx, reference: &str) -> Result<bool, StoreError> {
        let now = ctx.now();
        self.change(reference, |sold| {
            sold.refunded_at = sold.refunded_at.or(Some(now));
            !sold.is(tokens::SILENT)
        })
    }
}
