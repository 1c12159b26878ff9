//! # Sends share transactions
//!
//! The embedded database has one writer. There, sends that come while a transaction is under way gather, and the next
//! transaction takes all of them: prices are held, group states stored and envelopes written for the whole batch, and
//! one sync to the disk answers everybody. A send that comes alone goes at once, and so does each on PostgreSQL, where
//! transactions run side by side and small ones stand in each other's way less.
//!
//! A refusal is one message's own. Where the batch as a whole fails, it is rolled back, nothing of it has happened, and
//! each send goes alone: one conversation with a difficulty keeps no other from its answer.

use super::messages::Gateway;
use plaza_business::Business;
use plaza_business::messages::{Accepted, SendError, SendMessage, Sending};
use plaza_db::{Db, DbError, Tx};
use plaza_protocol::{Actor, Chain, Ctx, PhoneNumberId};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Sends that wait for the next transaction; beyond, callers wait to enqueue.
const QUEUE_SENDS_MAX: usize = 1024;
/// Sends in one transaction: bounds how long people's messages wait behind them.
const BATCH_SENDS_MAX: usize = 64;

type Outcome = Result<Accepted, SendError>;

/// The way of sends into the database. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Sends {
    work: Work,
    /// `None`: each goes alone.
    queue: Option<mpsc::Sender<Item>>,
}

/// What a transaction works with.
#[derive(Debug, Clone)]
struct Work {
    db: Db,
    business: Arc<Business>,
    gateway: Arc<Gateway>,
}

#[derive(Debug)]
struct Item {
    request: Request,
    answer: oneshot::Sender<Outcome>,
}

#[derive(Debug, Clone)]
struct Request {
    ctx: Ctx,
    phone: PhoneNumberId,
    message: Arc<SendMessage>,
}

impl Sends {
    pub(super) fn new(db: Db, business: Arc<Business>, gateway: Arc<Gateway>) -> Self {
        let has_one_writer = db.engine_name() == "SQLite";
        let work = Work { db, business, gateway };
        let queue = has_one_writer.then(|| {
            let (queue, items) = mpsc::channel(QUEUE_SENDS_MAX);
            // Not tracked: it ends with the senders, after everything that could send.
            tokio::spawn(work.clone().run(items));
            queue
        });
        Self { work, queue }
    }

    /// Accepts a message and hands it to the gateway, in one transaction with others.
    pub(super) async fn send(&self, ctx: &Ctx, phone: PhoneNumberId, message: SendMessage) -> Outcome {
        let request = Request { ctx: ctx.clone(), phone, message: Arc::new(message) };
        let Some(queue) = &self.queue else { return self.work.alone(request).await };
        let (answer, answered) = oneshot::channel();
        queue.send(Item { request, answer }).await.map_err(|_| DbError::Closed)?;
        answered.await.map_err(|_| DbError::Closed)?
    }
}

impl Work {
    async fn run(self, mut items: mpsc::Receiver<Item>) {
        let mut waiting = Vec::with_capacity(BATCH_SENDS_MAX);
        loop {
            if waiting.is_empty() && items.recv_many(&mut waiting, BATCH_SENDS_MAX).await == 0 {
                return;
            }
            let rest = waiting.split_off(without_repeats(&waiting));
            let (requests, answers): (Vec<_>, Vec<_>) = std::mem::replace(&mut waiting, rest)
                .into_iter()
                .map(|item| (item.request, item.answer))
                .unzip();
            for (outcome, answer) in self.batch(requests).await.into_iter().zip(answers) {
                // Who has gone away in the meantime learns it from the webhook.
                let _ = answer.send(outcome);
            }
        }
    }

    /// One outcome for each request, in order.
    async fn batch(&self, requests: Vec<Request>) -> Vec<Outcome> {
        let requests: Arc<[Request]> = requests.into();
        if requests.len() > 1 {
            match self.together(requests.clone()).await {
                Ok(outcomes) => return outcomes,
                Err(error) => tracing::debug!(error = %Chain(&error), "a batch of sends goes one by one"),
            }
        }
        let mut outcomes = Vec::with_capacity(requests.len());
        for request in requests.iter() {
            outcomes.push(self.alone(request.clone()).await);
        }
        outcomes
    }

    async fn together(&self, requests: Arc<[Request]>) -> Result<Vec<Outcome>, SendError> {
        let Some(first) = requests.first() else { return Ok(Vec::new()) };
        let (ctx, work) = (first.ctx.acting_as(Actor::System), self.clone());
        let all = async move |ctx: &Ctx, tx: &mut Tx| {
            let sends: Vec<Sending<'_>> = requests.iter().map(Request::as_send).collect();
            let outcomes = work.business.accept_all(tx, &sends).await?;
            let new: Vec<&Accepted> =
                outcomes.iter().flatten().filter(|accepted| accepted.content.is_some()).collect();
            if !new.is_empty() {
                (work.gateway.deliver)(ctx, tx, &new).await?;
            }
            Ok(outcomes)
        };
        self.db.transact(&ctx, "cloud_api.send_messages", all).await
    }

    async fn alone(&self, request: Request) -> Outcome {
        let (ctx, work) = (request.ctx.clone(), self.clone());
        let one = async move |ctx: &Ctx, tx: &mut Tx| {
            let accepted = work.business.accept(ctx, tx, request.phone, &request.message).await?;
            if accepted.content.is_some() {
                (work.gateway.deliver)(ctx, tx, &[&accepted]).await?;
            }
            Ok(accepted)
        };
        self.db.transact(&ctx, "cloud_api.send_message", one).await
    }
}

impl Request {
    fn as_send(&self) -> Sending<'_> {
        Sending { ctx: &self.ctx, phone: self.phone, message: &self.message }
    }
}

/// How many of the items have no two requests with the same idempotency key among them.
fn without_repeats(items: &[Item]) -> usize {
    let mut keys = BTreeSet::new();
    let is_repeat = |item: &Item| {
        let key = item.request.message.idempotency_key();
        key.is_some_and(|key| !keys.insert((item.request.phone.0, key.to_owned())))
    };
    items.iter().position(is_repeat).unwrap_or(items.len())
}
