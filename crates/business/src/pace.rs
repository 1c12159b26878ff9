//! # How fast a business may send
//!
//! Limits, those of the Cloud API where it names them, so that a program meets here what it will meet there:
//!
//! - **Throughput**: a number sends at most 80 messages a second, or 1,000 where the operator has raised it. More is
//!   refused with 130429.
//! - **Calls and groups**: a number begins 10 calls a second, 50 at once, and changes its groups 5 times a second, 50
//!   at once. More is refused with 138005 and 131208.
//! - **Overdue invoices**: once the steps against late payers have come so far, all numbers of the portfolio send one
//!   message a second each. More is refused with 130429.
//! - **Pair rate**: one person gets a message of one number every six seconds on average. Up to 45 may come at once,
//!   borrowed from the time after: then the next one has to wait until that is paid back. More is refused with 131056.
//!
//! The counts live in memory, for each process: a limit that forgets at a restart is no harm, and a row for each
//! message would be. They are bounded; who has not sent for a while is forgotten.

use crate::Business;
use plaza_billing::standing::Standing;
use plaza_protocol::{AccountId, Ctx, PhoneNumberId, Timestamp, limits};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Messages of a number in a second, unless the operator has raised it.
pub const STANDARD_MESSAGES_PER_S: u32 = 80;
/// …and where it was raised.
pub const HIGH_MESSAGES_PER_S: u32 = 1_000;
/// …and where invoices are overdue.
pub const OVERDUE_MESSAGES_PER_S: u32 = 1;
/// A person gets one message of a number in this time…
pub(crate) const PAIR_EVERY: Duration = Duration::from_secs(6);
/// …and so many at once.
pub(crate) const PAIR_BURST: u32 = 45;
/// Buckets in memory, of each kind.
const BUCKETS_MAX: usize = 100_000;

/// Too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooFast {
    /// The number as a whole.
    #[error("the phone number sends more than {per_s} messages a second: wait {} ms", wait.as_millis().max(1))]
    Number {
        /// The limit.
        per_s: u32,
        /// When to come back.
        wait: Duration,
    },
    /// The portfolio has not paid.
    #[error(
        "an invoice is overdue: until it is paid, this phone number sends {per_s} message a second; wait {} ms, and pay it \
         under Billing in the manager, /manager/billing",
        wait.as_millis().max(1)
    )]
    Overdue {
        /// The limit.
        per_s: u32,
        /// When to come back.
        wait: Duration,
    },
    /// To this person.
    #[error("too many messages to this person: one every 6 seconds, {PAIR_BURST} at once; wait {} s", wait.as_secs().max(1))]
    Pair {
        /// When to come back.
        wait: Duration,
    },
}

/// When a bucket is empty again; each message puts its share on top.
type Buckets<K> = Mutex<HashMap<K, Timestamp>>;

/// The limits of a process.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    numbers: Buckets<PhoneNumberId>,
    pairs: Buckets<(PhoneNumberId, AccountId)>,
    calls: Buckets<PhoneNumberId>,
    groups: Buckets<PhoneNumberId>,
    estimates: Buckets<PhoneNumberId>,
}

impl Pace {
    /// Counts a message, or says how long to wait. What is refused is not counted.
    pub(crate) fn take(
        &self,
        ctx: &Ctx,
        phone: PhoneNumberId,
        to: AccountId,
        per_s: u32,
    ) -> Result<(), TooFast> {
        let share = Duration::from_secs(1).checked_div(per_s).unwrap_or_default();
        let burst = share.saturating_mul(per_s);
        let empty_at =
            look(&self.numbers, ctx, &phone, share, burst).map_err(|wait| TooFast::Number { per_s, wait })?;
        let pair = (phone, to);
        let pair_empty_at = look(&self.pairs, ctx, &pair, PAIR_EVERY, PAIR_EVERY.saturating_mul(PAIR_BURST))
            .map_err(|wait| TooFast::Pair { wait })?;
        put(&self.numbers, ctx, phone, empty_at);
        put(&self.pairs, ctx, pair, pair_empty_at);
        Ok(())
    }
}

impl Business {
    /// Counts a message of a number, or says how long to wait.
    pub(crate) fn keep_pace(
        &self,
        ctx: &Ctx,
        phone: PhoneNumberId,
        to: AccountId,
        standing: Standing,
    ) -> Result<(), TooFast> {
        // Of who is suspended, only what costs nothing comes so far: it is not slowed down.
        if standing != Standing::Throttled {
            return self.messages_per_s.map_or(Ok(()), |per_s| self.pace.take(ctx, phone, to, per_s));
        }
        self.pace.take(ctx, phone, to, OVERDUE_MESSAGES_PER_S).map_err(|refused| match refused {
            TooFast::Number { per_s, wait } => TooFast::Overdue { per_s, wait },
            other => other,
        })
    }
}

impl Pace {
    /// Counts a call that a number begins, or says how long to wait.
    pub(crate) fn take_call(&self, ctx: &Ctx, phone: PhoneNumberId) -> Result<(), Duration> {
        take_one(&self.calls, ctx, phone, limits::CALLS_BEGUN_PER_S, limits::CALLS_BEGUN_AT_ONCE)
    }

    /// Counts a change of a number's groups, or says how long to wait.
    pub(crate) fn take_group_change(&self, ctx: &Ctx, phone: PhoneNumberId) -> Result<(), Duration> {
        take_one(&self.groups, ctx, phone, limits::GROUP_CHANGES_PER_S, limits::GROUP_CHANGES_AT_ONCE)
    }

    /// Counts a question about what a send would cost, or says how long to wait.
    pub(crate) fn take_estimate(&self, ctx: &Ctx, phone: PhoneNumberId) -> Result<(), Duration> {
        let share = limits::ESTIMATE_EVERY;
        let burst = share.saturating_mul(limits::ESTIMATES_AT_ONCE);
        let empty_at = look(&self.estimates, ctx, &phone, share, burst)?;
        put(&self.estimates, ctx, phone, empty_at);
        Ok(())
    }

    /// How many messages of this second a number has used.
    pub(crate) fn used(&self, ctx: &Ctx, phone: PhoneNumberId, per_s: u32) -> i64 {
        let buckets = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let left = buckets.get(&phone).map(|empty_at| empty_at.since(ctx.now())).unwrap_or_default();
        let used = left.as_micros().saturating_mul(u128::from(per_s)).div_ceil(1_000_000);
        i64::try_from(used).unwrap_or(i64::MAX)
    }
}

fn take_one(
    buckets: &Buckets<PhoneNumberId>,
    ctx: &Ctx,
    phone: PhoneNumberId,
    per_s: u32,
    at_once: u32,
) -> Result<(), Duration> {
    let share = Duration::from_secs(1).checked_div(per_s).unwrap_or_default();
    let empty_at = look(buckets, ctx, &phone, share, share.saturating_mul(at_once))?;
    put(buckets, ctx, phone, empty_at);
    Ok(())
}

/// When the bucket would be empty again with one more share in it; or how long until there is room.
fn look<K: Hash + Eq>(
    buckets: &Buckets<K>,
    ctx: &Ctx,
    key: &K,
    share: Duration,
    burst: Duration,
) -> Result<Timestamp, Duration> {
    let now = ctx.now();
    let buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    let empty_at = buckets.get(key).copied().unwrap_or(now).max(now) + share;
    let full_at = now + burst;
    if empty_at <= full_at { Ok(empty_at) } else { Err(empty_at.since(full_at)) }
}

fn put<K: Hash + Eq>(buckets: &Buckets<K>, ctx: &Ctx, key: K, empty_at: Timestamp) {
    let now = ctx.now();
    let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    if buckets.len() >= BUCKETS_MAX {
        buckets.retain(|_, empty_at| *empty_at > now);
        if buckets.len() >= BUCKETS_MAX {
            buckets.clear();
        }
    }
    buckets.insert(key, empty_at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_db::testing::ctx;

    const PHONE: PhoneNumberId = PhoneNumberId(17);

    #[test]
    fn a_person_gets_45_at_once_and_then_one_every_six_seconds() {
        let ((ctx, clock), pace) = (ctx(), Pace::default());
        let ana: AccountId = ctx.uuid();
        for n in 0..PAIR_BURST {
            assert_eq!(pace.take(&ctx, PHONE, ana, 1_000), Ok(()), "{n}");
        }
        let refused = pace.take(&ctx, PHONE, ana, 1_000).unwrap_err();
        assert_eq!(refused, TooFast::Pair { wait: PAIR_EVERY });
        assert_eq!(pace.take(&ctx, PHONE, ctx.uuid(), 1_000), Ok(()), "somebody else");
        assert_eq!(pace.take(&ctx, PhoneNumberId(18), ana, 1_000), Ok(()), "another number");
        clock.advance(PAIR_EVERY);
        assert_eq!(pace.take(&ctx, PHONE, ana, 1_000), Ok(()));
        assert!(pace.take(&ctx, PHONE, ana, 1_000).is_err());
    }

    #[test]
    fn a_number_sends_80_in_a_second() {
        let ((ctx, clock), pace) = (ctx(), Pace::default());
        let send = || pace.take(&ctx, PHONE, ctx.uuid(), STANDARD_MESSAGES_PER_S);
        for n in 0..STANDARD_MESSAGES_PER_S {
            assert_eq!(send(), Ok(()), "{n}");
        }
        assert!(matches!(send(), Err(TooFast::Number { per_s: 80, .. })));
        assert_eq!(pace.used(&ctx, PHONE, STANDARD_MESSAGES_PER_S), 80);
        clock.advance(Duration::from_millis(500));
        assert_eq!(pace.used(&ctx, PHONE, STANDARD_MESSAGES_PER_S), 40);
        clock.advance(Duration::from_millis(500));
        assert_eq!(pace.used(&ctx, PHONE, STANDARD_MESSAGES_PER_S), 0);
        assert_eq!(send(), Ok(()));
    }
}
