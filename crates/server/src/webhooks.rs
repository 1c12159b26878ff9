//! # The webhook dispatcher
//!
//! Takes deliveries that are due, calls their endpoints, and records what came of it. It is woken when something was
//! written, and looks by itself once a second, because wake-ups may be lost and clocks move.
//!
//! Each endpoint is worked on by a task of its own, with a bounded number of calls at a time: one that is slow or dead
//! costs the others nothing. Deliveries of one lane (one person) go one after the other; lanes go side by side. An
//! endpoint that failed several times in a row is left alone for a while and then asked with a single delivery; what
//! waits for it meanwhile is not used up.
//!
//! Several servers may run on one database: a delivery is taken by one of them, and given back by time if that one
//! dies.

use crate::egress::{Egress, EgressError, Posted};
use futures_util::future::join_all;
use plaza_business::Business;
use plaza_business::webhooks::{
    self, Claimed, DELIVERY_HEADER, DueEndpoint, EndpointId, Outcome, body, signature,
};
use plaza_db::{Db, DbError};
use plaza_protocol::limits::WEBHOOK_BODY_BYTES_MAX;
use plaza_protocol::{Chain, Ctx, Secret, Timestamp, WebhookDeliveryId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The dispatcher looks for itself this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What is too old is given up this often.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Calls to one endpoint at a time.
const LANES: usize = 8;
/// Deliveries that are taken at once at first, for each update that a call may carry; bounded by [`CLAIM_MAX`].
const CLAIM_PER_UPDATE: usize = 32;
/// No call begins later than this after its delivery was taken: a dispatcher must be done before the lease ends.
const CALLS_BEGIN_WITHIN: Duration = Duration::from_secs(30);
/// An endpoint that is through with what was taken in this time gets twice as many the next time.
const CLAIM_GROWS_WITHIN: Duration = Duration::from_secs(1);
/// Deliveries that are taken at once.
const CLAIM_MAX: usize = 2000;
/// Failures in a row after which an endpoint is left alone.
const FAILURES_TOLERATED: u32 = 5;
/// The longest that an endpoint is left alone.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(60);

/// What the dispatcher works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    db: Db,
    ctx: Ctx,
    business: Arc<Business>,
    egress: Arc<Egress>,
    wake: Arc<Notify>,
    state: Arc<Mutex<State>>,
}

/// What is known of endpoints while the process lives. Losing it costs a few calls.
#[derive(Debug, Default)]
struct State {
    busy: BTreeSet<EndpointId>,
    health: BTreeMap<EndpointId, Health>,
    /// The secrets of their apps cannot be opened.
    sealed: BTreeSet<EndpointId>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Health {
    failures: u32,
    left_alone_until: Timestamp,
}

impl Health {
    fn is_sick(self) -> bool {
        self.failures >= FAILURES_TOLERATED
    }

    /// After so many failures in a row: 2 s, 4 s, 8 s, … up to a minute.
    fn pause(self) -> Duration {
        let doublings = self.failures.saturating_sub(FAILURES_TOLERATED).min(6);
        Duration::from_secs(2_u64 << doublings).min(LEFT_ALONE_MAX)
    }
}

impl Dispatcher {
    /// `wake` rings when deliveries may have been written.
    pub fn new(db: Db, ctx: Ctx, business: Arc<Business>, egress: Arc<Egress>, wake: Arc<Notify>) -> Self {
        Self { db, ctx, business, egress, wake, state: Arc::default() }
    }

    /// Works until `shutdown`; calls under way are finished and recorded.
    pub async fn run(self, shutdown: CancellationToken) {
        let tasks = TaskTracker::new();
        let mut swept_at: Option<Timestamp> = None;
        loop {
            let now = self.ctx.now();
            if swept_at.is_none_or(|at| now.since(at) >= SWEEP_EVERY) {
                swept_at = Some(now);
                self.sweep().await;
            }
            self.start_due(&tasks, &shutdown).await;
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Delivers everything that is due now, once, and comes back. For tests and tools that own the time.
    pub async fn run_once(&self) {
        let tasks = TaskTracker::new();
        self.sweep().await;
        self.start_due(&tasks, &CancellationToken::new()).await;
        tasks.close();
        tasks.wait().await;
    }

    async fn sweep(&self) {
        let sealed = self.state.lock().unwrap_or_else(PoisonError::into_inner).sealed.clone();
        let sweep = async move |ctx: &Ctx, tx: &mut _| {
            let mut dead = webhooks::sweep(ctx, tx).await?;
            for endpoint in &sealed {
                dead = dead.saturating_add(webhooks::give_up(ctx, tx, *endpoint).await?);
            }
            Ok::<_, DbError>(dead)
        };
        match self.db.transact(&self.ctx, "webhooks.sweep", sweep).await {
            Ok(0) => {}
            Ok(dead) => warn_dead(dead),
            Err(error) => log(&error, "webhook deliveries could not be swept"),
        }
    }

    /// Starts a task for each endpoint that has something due and none yet.
    async fn start_due(&self, tasks: &TaskTracker, shutdown: &CancellationToken) {
        let due =
            self.db.read(&self.ctx, "webhooks.due", async |ctx, tx| webhooks::due_endpoints(ctx, tx).await);
        let due = match due.await {
            Ok(due) => due,
            Err(error) => return log(&error, "due webhook deliveries could not be read"),
        };
        for endpoint in due {
            if let Some(app_secret) = self.begin(&endpoint) {
                let (dispatcher, shutdown) = (self.clone(), shutdown.clone());
                tasks.spawn(async move { dispatcher.work(endpoint, app_secret, shutdown).await });
            }
        }
    }

    /// Marks an endpoint as worked on: what its calls are signed with. `None`: it is worked on, rests, or cannot be
    /// called. One that hangs is looked at again whenever something is written for anybody, so that costs next to
    /// nothing.
    fn begin(&self, endpoint: &DueEndpoint) -> Option<Secret<String>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, now) = (endpoint.endpoint_id, self.ctx.now());
        let rests = state.health.get(&id).is_some_and(|health| now < health.left_alone_until);
        if rests || state.busy.contains(&id) {
            return None;
        }
        let secret = self.business.signing_secret(endpoint);
        if secret.is_some() {
            state.sealed.remove(&id);
            state.busy.insert(id);
        } else {
            tracing::error!(app.id = %endpoint.app, "the secret of an app cannot be opened with this key file");
            state.sealed.insert(id);
        }
        secret
    }

    /// Works off one endpoint until nothing is due or it fails.
    async fn work(&self, endpoint: DueEndpoint, app_secret: Secret<String>, shutdown: CancellationToken) {
        let mut share = endpoint.updates_max.saturating_mul(CLAIM_PER_UPDATE).min(CLAIM_MAX);
        while !shutdown.is_cancelled() {
            let limit = if self.health(endpoint.endpoint_id).is_sick() { 1 } else { share };
            let id = endpoint.endpoint_id;
            let claim = async move |ctx: &Ctx, tx: &mut _| webhooks::claim(ctx, tx, id, limit).await;
            let claimed = match self.db.transact(&self.ctx, "webhooks.claim", claim).await {
                Ok(claimed) if claimed.is_empty() => break,
                Ok(claimed) => claimed,
                Err(error) => {
                    log(&error, "webhook deliveries could not be taken");
                    break;
                }
            };
            let is_last = claimed.len() < limit;
            let began = tokio::time::Instant::now();
            let mut untried: BTreeSet<_> = claimed.iter().map(|delivery| delivery.delivery_id).collect();
            let outcomes = self.call(&endpoint, &app_secret, claimed).await;
            for outcome in &outcomes {
                untried.remove(&outcome.delivery_id);
            }
            let untried: Vec<_> = untried.into_iter().collect();
            let is_last = is_last && untried.is_empty();
            if began.elapsed() < CLAIM_GROWS_WITHIN {
                share = share.saturating_mul(2).min(CLAIM_MAX);
            }
            let goes_on = self.note(id, &outcomes);
            let is_sick = self.health(id).is_sick();
            let record = async move |ctx: &Ctx, tx: &mut _| {
                webhooks::record(ctx, tx, id, &outcomes, &untried).await?;
                if is_sick { webhooks::give_up(ctx, tx, id).await } else { Ok(0) }
            };
            match self.db.transact(&self.ctx, "webhooks.record", record).await {
                Ok(0) => {}
                Ok(dead) => warn_dead(dead),
                Err(error) => {
                    // They are due again when the lease ends: told twice rather than never.
                    log(&error, "outcomes of webhook calls could not be recorded");
                    break;
                }
            }
            if is_last || !goes_on {
                break;
            }
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).busy.remove(&endpoint.endpoint_id);
    }

    fn health(&self, endpoint: EndpointId) -> Health {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.health.get(&endpoint).copied().unwrap_or_default()
    }

    /// Takes outcomes into account; whether the endpoint may be called on at once.
    fn note(&self, endpoint: EndpointId, outcomes: &[Outcome]) -> bool {
        let now = self.ctx.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if outcomes.iter().any(|outcome| outcome.error.is_none()) {
            state.health.remove(&endpoint);
            return true;
        }
        let health = state.health.entry(endpoint).or_default();
        let failures = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
        health.failures = health.failures.saturating_add(if health.is_sick() { 1 } else { failures });
        if health.is_sick() {
            health.left_alone_until = now + health.pause();
        }
        !health.is_sick()
    }

    /// Calls with all claimed deliveries: lanes side by side, each in its order.
    async fn call(
        &self,
        endpoint: &DueEndpoint,
        app_secret: &Secret<String>,
        claimed: Vec<Claimed>,
    ) -> Vec<Outcome> {
        let mut lanes: Vec<Vec<Claimed>> = vec![Vec::new(); LANES];
        for delivery in claimed {
            let lane = usize::try_from(delivery.lane.unsigned_abs()).unwrap_or(0) % LANES;
            if let Some(lane) = lanes.get_mut(lane) {
                lane.push(delivery);
            }
        }
        let lanes = lanes.into_iter().filter(|lane| !lane.is_empty());
        let calls = lanes.map(|lane| self.call_lane(endpoint, app_secret, lane));
        join_all(calls).await.into_iter().flatten().collect()
    }

    async fn call_lane(
        &self,
        endpoint: &DueEndpoint,
        app_secret: &Secret<String>,
        lane: Vec<Claimed>,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(lane.len());
        let (mut failures, taken_at) = (0_u32, tokio::time::Instant::now());
        for batch in batches(&lane, endpoint.updates_max) {
            if failures >= FAILURES_TOLERATED || taken_at.elapsed() >= CALLS_BEGIN_WITHIN {
                // It is down or slow: the rest keeps its attempts and is given back.
                break;
            }
            let body = body(batch.iter().map(|delivery| delivery.entry.as_str()));
            let signature = signature(&app_secret.0, body.as_bytes());
            let (at, began) = (self.ctx.now(), tokio::time::Instant::now());
            let first = batch.first().map(|delivery| delivery.delivery_id.to_string()).unwrap_or_default();
            let answer = self.egress.post(&endpoint.url, body, &signature, (DELIVERY_HEADER, &first)).await;
            let called = Called { at, duration: began.elapsed(), answer };
            failures = if called.error().is_none() { 0 } else { failures.saturating_add(1) };
            outcomes
                .extend(batch.iter().map(|delivery| called.outcome(delivery.delivery_id, delivery.attempts)));
        }
        outcomes
    }
}

struct Called {
    at: Timestamp,
    duration: Duration,
    answer: Result<Posted, EgressError>,
}

impl Called {
    /// Why it did not go well.
    fn error(&self) -> Option<String> {
        match &self.answer {
            Ok(posted) => posted.check().err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    fn outcome(&self, delivery_id: WebhookDeliveryId, attempts_before: i64) -> Outcome {
        let posted = self.answer.as_ref().ok();
        Outcome {
            delivery_id,
            attempts: attempts_before.saturating_add(1),
            at: self.at,
            duration: self.duration,
            status: posted.map(|posted| i64::from(posted.status)),
            error: self.error(),
            answer: posted.map(|posted| posted.body.clone()).unwrap_or_default(),
        }
    }
}

/// Cuts a lane into calls: at most `updates_max` updates each, and not too many bytes.
fn batches(lane: &[Claimed], updates_max: usize) -> Vec<&[Claimed]> {
    let mut batches = Vec::new();
    let mut rest = lane;
    let empty = body([]).len();
    while !rest.is_empty() {
        // Each entry but the first has a comma before it.
        let mut bytes = empty.saturating_sub(1);
        let fits = rest.iter().take(updates_max.max(1)).take_while(|delivery| {
            bytes = bytes.saturating_add(1).saturating_add(delivery.entry.len());
            bytes <= WEBHOOK_BODY_BYTES_MAX
        });
        // One that is too large alone goes alone.
        let (batch, behind) = rest.split_at(fits.count().max(1));
        batches.push(batch);
        rest = behind;
    }
    batches
}

fn warn_dead(dead: u64) {
    tracing::warn!(webhooks.dead = dead, "webhook deliveries were given up after 7 days");
}

fn log(error: &DbError, what: &'static str) {
    tracing::error!(error = %Chain(error), "{what}");
}

#[cfg(test)]
mod tests;
