//! # Listeners
//!
//! A developer's own machine cannot be called from outside. A **listener** is an endpoint that asks: the command line
//! opens one for an account, takes what is there, hands it to a program beside it and says what came of that. It hears
//! of the account besides whoever is subscribed, each event with the bytes and the signature that an endpoint of the
//! app would get, and takes nothing from anybody.
//!
//! Its events are deliveries like any other: taken under a lease, in the list with their attempts, given up after 7
//! days. Pauses between attempts are short, because somebody sits in front of it. A listener that asks for nothing for
//! an hour has ended, for a week if it is **kept**; what waits for one that has ended is given up, and comes again when
//! it is opened again and the dead letters are replayed.

use super::deliveries::{Claimed, LEASE, Outcome, record_with};
use super::subscriptions::{SubscribeError, own_app};
use super::{DELIVERY_HEADER, EndpointId, body, signature, store};
use crate::apps::{self, App};
use crate::{Business, Reach, may_touch, portfolios, reach};
use plaza_db::{DbError, Tx};
use plaza_protocol::{
    Actor, AppId, Ctx, PortfolioId, Timestamp, WabaId, WebhookDeliveryId, WebhookListenerId, limits,
};
use std::time::Duration;

/// The pauses after the first, second, … attempt; the last one repeats.
const RETRY_AFTER: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// A listener ends when it has not asked for so long…
const LAPSES_AFTER: Duration = Duration::from_secs(3600);
/// …and a kept one after this time.
const KEPT_LAPSES_AFTER: Duration = limits::WEBHOOK_RETRIED;
/// Listeners of an account at a time.
const LISTENERS_MAX: usize = 10;
/// Deliveries that are taken at once.
pub const TAKEN_MAX: usize = 100;

/// A listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its id.
    pub listener_id: WebhookListenerId,
    /// The account that it hears of.
    pub waba: WabaId,
    /// The app whose secret signs.
    pub app: AppId,
    /// Whose app.
    pub portfolio: PortfolioId,
    /// What it hears of; empty: everything.
    pub fields: Vec<String>,
    /// It goes on when its program ends.
    pub is_kept: bool,
    /// When it ends by itself.
    pub lapses_at: Timestamp,
}

impl Listener {
    fn endpoint(&self) -> EndpointId {
        EndpointId(self.listener_id.0)
    }

    fn lapses(is_kept: bool, now: Timestamp) -> Timestamp {
        now + if is_kept { KEPT_LAPSES_AFTER } else { LAPSES_AFTER }
    }
}

/// A delivery as a listener gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The id.
    pub delivery_id: WebhookDeliveryId,
    /// Of one lane a later one is handed on after an earlier one.
    pub lane: i64,
    /// This attempt, from one.
    pub attempt: i64,
    /// What makes it the app's.
    pub headers: [(&'static str, String); 3],
    /// The body, to the byte.
    pub body: String,
}

/// Opens a listener for an account: of the app that is named, of the one that asks, or of the first that is subscribed.
pub async fn open(
    ctx: &Ctx,
    tx: &mut Tx,
    waba: WabaId,
    app: Option<AppId>,
    fields: &[String],
    is_kept: bool,
) -> Result<Listener, SubscribeError> {
    let waba = portfolios::waba(ctx, tx, waba).await?;
    let app = match (app, ctx.actor()) {
        (Some(app), _) | (None, Actor::App { app, .. }) => own_app(ctx, tx, app).await?,
        _ => first_app(tx, waba.waba_id, waba.portfolio_id).await?,
    };
    let now = ctx.now();
    if store::listeners_of(tx, waba.waba_id, now).await? >= LISTENERS_MAX {
        let what = format!("the account has {LISTENERS_MAX} listeners already: end one");
        return Err(SubscribeError::Invalid { member: "waba_id", what });
    }
    let endpoint = store::listening_endpoint(ctx, tx, &app).await?;
    let listener = Listener {
        listener_id: WebhookListenerId(endpoint.0),
        waba: waba.waba_id,
        app: app.app_id,
        portfolio: app.portfolio,
        fields: fields.to_vec(),
        is_kept,
        lapses_at: Listener::lapses(is_kept, now),
    };
    store::insert_listener(ctx, tx, &listener).await?;
    Ok(listener)
}

async fn first_app(tx: &mut Tx, waba: WabaId, owner: PortfolioId) -> Result<App, SubscribeError> {
    let subscribed = store::waba_subscriptions(tx, waba).await?.into_iter().next();
    match subscribed {
        Some(subscription) => Ok(subscription.app),
        None => apps::of_portfolio(tx, owner).await?.into_iter().next().ok_or(SubscribeError::NotFound),
    }
}

async fn own(ctx: &Ctx, tx: &mut Tx, id: WebhookListenerId) -> Result<Listener, SubscribeError> {
    let listener = store::listener(tx, EndpointId(id.0)).await?;
    listener.filter(|listener| may_touch(ctx, listener.portfolio)).ok_or(SubscribeError::NotFound)
}

/// Takes up a listener again, also one that has ended.
pub async fn reopen(
    ctx: &Ctx,
    tx: &mut Tx,
    id: WebhookListenerId,
    is_kept: bool,
) -> Result<Listener, SubscribeError> {
    let listener = own(ctx, tx, id).await?;
    let lapses_at = Listener::lapses(is_kept, ctx.now());
    store::move_lapse(tx, listener.endpoint(), is_kept, lapses_at).await?;
    Ok(Listener { is_kept, lapses_at, ..listener })
}

/// The listeners that have not ended.
pub async fn listeners(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Listener>, DbError> {
    match reach(ctx) {
        Reach::Nothing => Ok(Vec::new()),
        Reach::Everything => store::listeners(tx, None, ctx.now()).await,
        Reach::Of(portfolio) => store::listeners(tx, Some(portfolio), ctx.now()).await,
    }
}

/// Ends a listener. What waits for it is given up; the answer is how many that are.
pub async fn end(ctx: &Ctx, tx: &mut Tx, id: WebhookListenerId) -> Result<u64, SubscribeError> {
    let listener = own(ctx, tx, id).await?;
    store::move_lapse(tx, listener.endpoint(), listener.is_kept, ctx.now()).await?;
    Ok(store::bury_for(tx, listener.endpoint(), "the listener was ended").await?)
}

/// The listener asks: it goes on for a while longer.
pub async fn ask(ctx: &Ctx, tx: &mut Tx, id: WebhookListenerId) -> Result<(), SubscribeError> {
    let listener = own(ctx, tx, id).await?;
    if listener.lapses_at <= ctx.now() {
        return Err(SubscribeError::NotFound);
    }
    let lapses_at = Listener::lapses(listener.is_kept, ctx.now());
    store::move_lapse(tx, listener.endpoint(), listener.is_kept, lapses_at).await?;
    Ok(())
}

/// Whether something is there for the listener to take.
pub async fn is_due(ctx: &Ctx, tx: &mut Tx, id: WebhookListenerId) -> Result<bool, SubscribeError> {
    let listener = own(ctx, tx, id).await?;
    Ok(store::is_due(tx, listener.endpoint(), ctx.now()).await?)
}

impl Business {
    /// Takes up to `limit` due deliveries, the oldest first. Those that nobody speaks of within the lease come again.
    pub async fn take(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: WebhookListenerId,
        limit: usize,
    ) -> Result<Vec<Handed>, SubscribeError> {
        let listener = own(ctx, tx, id).await?;
        let sealed = store::sealed_secret(tx, listener.app).await?.ok_or(SubscribeError::NotFound)?;
        let Ok(secret) = self.open_secret(listener.app, &sealed) else {
            let what = "the app's secret cannot be opened with the key file of this server".to_owned();
            return Err(SubscribeError::Invalid { member: "listener_id", what });
        };
        let (now, lease, limit) = (ctx.now(), ctx.now() + LEASE, limit.min(TAKEN_MAX));
        let mut taken =
            store::claim(tx, store::CLAIM_IN_ORDER, listener.endpoint(), now, lease, limit).await?;
        taken.sort_by_key(|claimed| claimed.delivery_id);
        Ok(taken.into_iter().map(|claimed| handed(&secret.0, claimed)).collect())
    }
}

fn handed(secret: &str, claimed: Claimed) -> Handed {
    let body = body([claimed.entry.as_str()]);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("x-hub-signature-256", signature(secret, body.as_bytes())),
        (DELIVERY_HEADER, claimed.delivery_id.to_string()),
    ];
    let attempt = claimed.attempts.saturating_add(1);
    Handed { delivery_id: claimed.delivery_id, lane: claimed.lane, attempt, headers, body }
}

/// The listener says what came of attempts, and what it did not try. What is not its own is left out.
pub async fn heard(
    ctx: &Ctx,
    tx: &mut Tx,
    id: WebhookListenerId,
    outcomes: Vec<Outcome>,
    untried: &[WebhookDeliveryId],
) -> Result<(), SubscribeError> {
    let listener = own(ctx, tx, id).await?;
    let (mut own_outcomes, mut own_untried) = (Vec::new(), Vec::new());
    for outcome in outcomes.into_iter().take(TAKEN_MAX) {
        if let Some(attempts) = store::attempts_of(tx, listener.endpoint(), outcome.delivery_id).await? {
            own_outcomes.push(Outcome { attempts: attempts.saturating_add(1), ..outcome });
        }
    }
    for id in untried.iter().take(TAKEN_MAX) {
        if store::attempts_of(tx, listener.endpoint(), *id).await?.is_some() {
            own_untried.push(*id);
        }
    }
    let pause = |attempts: i64| {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(RETRY_AFTER.len() - 1);
        RETRY_AFTER.get(index).copied().unwrap_or(LEASE)
    };
    Ok(record_with(ctx, tx, pause, &own_outcomes, &own_untried).await?)
}

/// Gives up what waits for listeners that have ended by themselves. The answer is how many that were.
pub(super) async fn sweep(ctx: &Ctx, tx: &mut Tx) -> Result<u64, DbError> {
    store::bury_lapsed(tx, ctx.now()).await
}
