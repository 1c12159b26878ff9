//! # How much advertising a person gets
//!
//! A person gets so many marketing templates within a period, over all businesses; the operator's configuration says
//! how many. Who answers is not protected from the business that they talk with: inside a customer-service window
//! nothing counts. In the European Economic Area, the United Kingdom, Japan and South Korea there is no such cap, as in
//! the Cloud API.
//!
//! A person has so many places, and an accepted template takes one for the length of the period. So nobody ever gets
//! more in any stretch of that length, whoever sends at the same moment.

use super::{Approach, store};
use crate::country;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, PhoneNumber};
use std::time::Duration;

/// How much advertising a person gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketingCap {
    /// Marketing templates…
    pub messages_max: u32,
    /// …within this time.
    pub period: Duration,
}

/// The longest period that can be configured; places are forgotten after it.
pub const PERIOD_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most marketing templates in a period that can be configured.
pub const MESSAGES_MAX: u32 = 100;

/// Countries without a cap: the European Economic Area, the United Kingdom, Japan, South Korea.
#[rustfmt::skip]
const UNCAPPED: &[&str] = &[
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IS", "IE", "IT", "LV", "LI", "LT",
    "LU", "MT", "NL", "NO", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "GB", "JP", "KR",
];

pub(super) fn is_capped_in(number: &PhoneNumber) -> bool {
    !UNCAPPED.contains(&country::of(number))
}

/// Takes a place of the person; whether there was one.
pub(super) async fn take(
    ctx: &Ctx,
    tx: &mut Tx,
    cap: &MarketingCap,
    approach: &Approach<'_>,
) -> Result<bool, DbError> {
    let free_since = ctx.now() - cap.period;
    let places = store::marketing_places(tx, approach.account).await?;
    let taken = places.iter().filter(|(_, taken_at)| *taken_at > free_since).count();
    // Places above a cap that was lowered are still taken.
    if taken >= usize::try_from(cap.messages_max).unwrap_or(usize::MAX) {
        return Ok(false);
    }
    let is_free =
        |place: &i64| places.iter().all(|(known, taken_at)| known != place || *taken_at <= free_since);
    for place in (0..i64::from(cap.messages_max)).filter(is_free) {
        if store::take_marketing_place(ctx, tx, approach, place, free_since).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Forgets what no cap can look at any more.
pub(super) async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<(), DbError> {
    store::forget_marketing_places(tx, ctx.now() - PERIOD_MAX).await
}
