//! What the dispatcher asks and records, and what a business sees of its own deliveries, and the operator of all.
//! Everything comes and goes in batches.

use super::{EndpointId, listeners, store};
use crate::{Business, Reach, may_touch, reach};
use plaza_db::{DbError, Tx};
use plaza_protocol::{AppId, Ctx, PortfolioId, Secret, Timestamp, WabaId, Wake, WebhookDeliveryId, limits};
use std::time::Duration;

/// The pauses after the first, second, … attempt; the last one repeats.
const RETRY_AFTER: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(4 * 3600),
];
/// A delivery that was taken by a dispatcher and not heard of is due again after this time.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// What was delivered is kept for so long, to be looked at.
const DELIVERED_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Attempts after which an endpoint that answers again counts as having come back.
const ATTEMPTS_OF_A_RETURN: i64 = 5;
/// Characters of an error that are kept.
const ERROR_CHARACTERS_MAX: usize = 500;
/// Characters of an answer that are kept.
const ANSWER_CHARACTERS_MAX: usize = 2000;

/// The pause after an attempt failed; `attempts` counts it.
pub fn retry_after(attempts: i64) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(RETRY_AFTER.len() - 1);
    RETRY_AFTER.get(index).copied().unwrap_or(LEASE)
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is tried.
    Pending,
    /// The endpoint answered 200.
    Delivered,
    /// Given up: it can be sent again by hand.
    Dead,
}

impl DeliveryState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// Reads its name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Dead].into_iter().find(|state| state.as_str() == text)
    }

    pub(super) fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Delivered => 1,
            Self::Dead => 2,
        }
    }

    pub(crate) fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Pending,
            1 => Self::Delivered,
            _ => Self::Dead,
        }
    }
}

/// An endpoint for which something is due.
#[derive(Debug, Clone)]
pub struct DueEndpoint {
    /// The id.
    pub endpoint_id: EndpointId,
    /// Its app.
    pub app: AppId,
    /// Where to call.
    pub url: String,
    /// Updates in one call, at most.
    pub updates_max: usize,
    /// See [`Business::signing_secret`]: opened only for an endpoint that is called.
    pub(super) sealed_secret: Vec<u8>,
}

/// A delivery that a dispatcher took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The id.
    pub delivery_id: WebhookDeliveryId,
    /// The bytes to send.
    pub entry: String,
    /// Deliveries of one lane go one after the other.
    pub lane: i64,
    /// Attempts before this one.
    pub attempts: i64,
    /// When its cause happened.
    pub created_at: Timestamp,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which delivery.
    pub delivery_id: WebhookDeliveryId,
    /// Attempts, this one included.
    pub attempts: i64,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// The HTTP status, if there was an answer.
    pub status: Option<i64>,
    /// `None`: it went well.
    pub error: Option<String>,
    /// What the endpoint said; empty: nothing.
    pub answer: String,
}

/// A delivery, as its owner and the operator see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// The id.
    pub delivery_id: WebhookDeliveryId,
    /// Whose it is.
    pub portfolio: PortfolioId,
    /// The account that it is about.
    pub waba_id: WabaId,
    /// Its field.
    pub field: String,
    /// Where it goes.
    pub url: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// Pending: when it is tried next.
    pub next_attempt_at: Timestamp,
    /// The last answer.
    pub last_status: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When its cause happened.
    pub created_at: Timestamp,
    /// The body, as it is sent alone.
    pub body: String,
}

/// One call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From one.
    pub attempt: i64,
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: i64,
    /// The answer.
    pub status: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
    /// What the endpoint said, if anything.
    pub answer: Option<String>,
}

/// Which deliveries are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In this state; `None`: in any.
    pub state: Option<DeliveryState>,
    /// Of this field; `None`: of any.
    pub field: Option<String>,
    /// About this account; `None`: about any.
    pub waba: Option<WabaId>,
    /// For this app; `None`: for any.
    pub app: Option<AppId>,
}

impl Business {
    /// What the calls to an endpoint are signed with. `None`: it cannot be opened with this key file.
    pub fn signing_secret(&self, endpoint: &DueEndpoint) -> Option<Secret<String>> {
        self.open_secret(endpoint.app, &endpoint.sealed_secret).ok()
    }
}

/// Endpoints for which something is due now.
pub async fn due_endpoints(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<DueEndpoint>, DbError> {
    store::due_endpoints(ctx, tx).await
}

/// Takes up to `limit` due deliveries of an endpoint, the longest due first. Until they are recorded nobody else gets
/// them, unless that takes longer than the lease.
pub async fn claim(
    ctx: &Ctx,
    tx: &mut Tx,
    endpoint: EndpointId,
    limit: usize,
) -> Result<Vec<Claimed>, DbError> {
    let (now, lease) = (ctx.now(), ctx.now() + LEASE);
    let mut claimed = store::claim(tx, store::CLAIM, endpoint, now, lease, limit).await?;
    claimed.sort_by_key(|claimed| (claimed.created_at, claimed.delivery_id));
    Ok(claimed)
}

/// Records what came of attempts; what was taken and not tried is due again at once, in its old place. Whoever answers
/// again after many attempts has come back: the rest of what waits is due at once too.
pub async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    endpoint: EndpointId,
    outcomes: &[Outcome],
    untried: &[WebhookDeliveryId],
) -> Result<(), DbError> {
    record_with(ctx, tx, retry_after, outcomes, untried).await?;
    let is_return = |outcome: &Outcome| outcome.error.is_none() && outcome.attempts > ATTEMPTS_OF_A_RETURN;
    if outcomes.iter().any(is_return) {
        // What another dispatcher has taken is left to it.
        store::hurry(tx, endpoint, ctx.now() + LEASE).await?;
    }
    Ok(())
}

/// The same, with other pauses.
pub(super) async fn record_with(
    ctx: &Ctx,
    tx: &mut Tx,
    pause: impl Fn(i64) -> Duration,
    outcomes: &[Outcome],
    untried: &[WebhookDeliveryId],
) -> Result<(), DbError> {
    store::give_back(tx, untried).await?;
    let shortened = outcomes.iter().map(|outcome| Outcome {
        error: outcome.error.as_ref().map(|error| error.chars().take(ERROR_CHARACTERS_MAX).collect()),
        answer: outcome.answer.chars().take(ANSWER_CHARACTERS_MAX).map(storable).collect(),
        ..outcome.clone()
    });
    store::record(ctx, tx, pause, ctx.now() - limits::WEBHOOK_RETRIED, shortened.collect()).await
}

/// An endpoint cannot be reached: what has waited for it for 7 days is given up without another try. The answer is how
/// many that were.
pub async fn give_up(ctx: &Ctx, tx: &mut Tx, endpoint: EndpointId) -> Result<u64, DbError> {
    store::give_up(tx, endpoint, ctx.now() - limits::WEBHOOK_RETRIED).await
}

/// A text column takes every character but this one.
fn storable(character: char) -> char {
    if character == '\0' { char::REPLACEMENT_CHARACTER } else { character }
}

/// Gives up what was tried for 7 days and has its next attempt far ahead, and forgets what was delivered long ago. What
/// is due or under way is tried first, and given up when that fails: a server that was off for a week loses nothing
/// untried. The answer is how many were given up.
pub async fn sweep(ctx: &Ctx, tx: &mut Tx) -> Result<u64, DbError> {
    let now = ctx.now();
    let dead = store::bury(tx, now - limits::WEBHOOK_RETRIED, now + LEASE).await?;
    let dead = dead.saturating_add(listeners::sweep(ctx, tx).await?);
    store::forget_delivered(tx, now - DELIVERED_KEPT).await?;
    Ok(dead)
}

/// Deliveries, the latest first, a page after `after`: a business's own, of everybody for the operator.
pub async fn deliveries(
    ctx: &Ctx,
    tx: &mut Tx,
    filter: &DeliveryFilter,
    after: Option<WebhookDeliveryId>,
    limit: usize,
) -> Result<Vec<DeliveryView>, DbError> {
    let limit = limit.min(limits::PAGE_ROWS_MAX);
    match reach(ctx) {
        Reach::Nothing => Ok(Vec::new()),
        Reach::Everything => store::deliveries(tx, filter, after, limit).await,
        Reach::Of(portfolio) => store::deliveries_of(tx, portfolio, filter, after, limit).await,
    }
}

/// One delivery.
pub async fn delivery(
    ctx: &Ctx,
    tx: &mut Tx,
    id: WebhookDeliveryId,
) -> Result<Option<DeliveryView>, DbError> {
    Ok(store::delivery(tx, id).await?.filter(|delivery| may_touch(ctx, delivery.portfolio)))
}

/// The calls that were made for a delivery.
pub async fn attempts(ctx: &Ctx, tx: &mut Tx, id: WebhookDeliveryId) -> Result<Vec<Attempt>, DbError> {
    if delivery(ctx, tx, id).await?.is_none() {
        return Ok(Vec::new());
    }
    store::attempts(tx, id).await
}

/// Makes what is given up and fits the filter due again, oldest first, at most so many. The answer is how many that
/// were.
pub async fn replay(ctx: &Ctx, tx: &mut Tx, filter: &DeliveryFilter, limit: usize) -> Result<u64, DbError> {
    let portfolio = match reach(ctx) {
        Reach::Nothing => return Ok(0),
        Reach::Everything => None,
        Reach::Of(portfolio) => Some(portfolio),
    };
    let replayed = store::replay(tx, portfolio, filter, ctx.now(), limit).await?;
    if replayed > 0 {
        tx.wake(Wake::Webhooks);
    }
    Ok(replayed)
}

/// Makes a delivery due at once, whatever its state. `false`: there is none.
pub async fn resend(ctx: &Ctx, tx: &mut Tx, id: WebhookDeliveryId) -> Result<bool, DbError> {
    if delivery(ctx, tx, id).await?.is_none() || !store::resend(tx, id, ctx.now()).await? {
        return Ok(false);
    }
    tx.wake(Wake::Webhooks);
    Ok(true)
}
