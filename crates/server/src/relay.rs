//! # The relay
//!
//! What sockets send most (messages, acknowledgements, read marks) goes through one queue per lane. A lane takes what
//! has gathered while its last transaction was under way, stores all of it in one transaction, and answers everybody
//! after the commit: under load, dozens of messages share a sync to the disk, and an idle server answers at once.
//!
//! A device always uses the same lane, so that what it sends stays in order. SQLite has one writer and so one lane.

use crate::app::{App, RelayError};
use crate::hub::{Connection, Push};
use plaza_business::messages::StatusError;
use plaza_db::DbError;
use plaza_messaging::MessagingError;
use plaza_messaging::accounts::Device;
use plaza_messaging::delivery::{self, Outgoing};
use plaza_protocol::{Actor, Chain, wire};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// Items that wait in a lane; beyond, a socket is not read.
const LANE_ITEMS_MAX: usize = 4096;
/// Items in one transaction.
const BATCH_ITEMS_MAX: usize = 512;
/// When one batch follows the other, a small one waits so long for more: what a sync to the disk costs is shared by
/// more messages. A message that comes alone is never held up.
const LINGER: Duration = Duration::from_millis(4);
/// A batch with so many items is large enough.
const LINGER_BELOW_ITEMS: usize = 64;

/// One thing that a device sent.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) connection: Connection,
    pub(crate) work: Work,
}

#[derive(Debug)]
pub(crate) enum Work {
    Send { request: u64, send: wire::Send },
    Read { request: u64, read: wire::ReadUpTo },
    Acknowledge { up_to: u64 },
}

/// The queues.
#[derive(Debug)]
pub(crate) struct Relay {
    lanes: Vec<mpsc::Sender<Item>>,
}

/// The ends of the queues that the lanes' tasks read.
pub(crate) type Lanes = Vec<mpsc::Receiver<Item>>;

impl Relay {
    pub(crate) fn new(lanes: usize) -> (Self, Lanes) {
        let (senders, receivers) = (0..lanes).map(|_| mpsc::channel(LANE_ITEMS_MAX)).unzip();
        (Self { lanes: senders }, receivers)
    }

    /// Puts an item into its lane; waits while that is full.
    pub(crate) async fn put(&self, item: Item) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(item.connection.device.device);
        let lane = usize::try_from(hash % self.lanes.len() as u64).unwrap_or(0);
        if let Some(lane) = self.lanes.get(lane) {
            // A closed lane means shutdown: the client repeats what was not answered.
            let _ = lane.send(item).await;
        }
    }
}

/// Works a lane off until its senders are gone.
pub(crate) async fn run(app: Arc<App>, mut lane: mpsc::Receiver<Item>) {
    let mut items = Vec::with_capacity(BATCH_ITEMS_MAX);
    let mut last_ended = None;
    while lane.recv_many(&mut items, BATCH_ITEMS_MAX).await > 0 {
        let is_busy = last_ended.is_some_and(|at: Instant| at.elapsed() < LINGER);
        if is_busy && items.len() < LINGER_BELOW_ITEMS {
            sleep(LINGER).await;
            gather(&mut lane, &mut items);
        }
        let batch = Arc::new(Batch::sort(items.drain(..)));
        app.metrics.relay_batch(batch.sends.len(), batch.acknowledges.len());
        match store(&app, &batch).await {
            Ok(outcomes) => batch.answer(outcomes),
            // What fails on the side of the businesses must not keep people from talking: their messages go through, and
            // each receipt gets a transaction of its own, so that the one that fails holds back no other. It is
            // cumulative, and comes again.
            Err(RelayError::Business(error)) => {
                tracing::error!(error = %Chain(&error), "receipts of a business could not be stored");
                let (messages, receipts) = batch.apart();
                match store(&app, &messages).await {
                    Ok(outcomes) => batch.answer(outcomes),
                    Err(error) => batch.refuse(error),
                }
                for receipt in receipts {
                    if let Err(error) = store(&app, &receipt).await {
                        let device = receipt.device();
                        tracing::error!(device.id = ?device, error = %Chain(&error), "a receipt waits");
                    }
                }
            }
            Err(error) => batch.refuse(error),
        }
        last_ended = Some(Instant::now());
    }
}

/// Takes what has come meanwhile.
fn gather(lane: &mut mpsc::Receiver<Item>, items: &mut Vec<Item>) {
    while items.len() < BATCH_ITEMS_MAX
        && let Ok(item) = lane.try_recv()
    {
        items.push(item);
    }
}

async fn store(
    app: &Arc<App>,
    batch: &Arc<Batch>,
) -> Result<Vec<Result<wire::Sent, MessagingError>>, RelayError> {
    let ctx = app.ctx_for(Actor::System);
    let (work, state) = (batch.clone(), app.clone());
    app.db
        .transact(&ctx, "relay.batch", async move |ctx, tx| {
            let sent = state.delivery.send(ctx, tx, work.sends.clone()).await?;
            let arrived = delivery::acknowledge(ctx, tx, &work.acknowledges).await?;
            let read = delivery::read_up_to(ctx, tx, &work.reads).await?;
            state.business_receipts(ctx, tx, &arrived, &read).await?;
            Ok(sent)
        })
        .await
}

#[derive(Default)]
struct Batch {
    sends: Vec<Outgoing>,
    senders: Vec<(Connection, u64)>,
    reads: Vec<(Device, wire::ReadUpTo)>,
    readers: Vec<(Connection, u64)>,
    acknowledges: Vec<(Device, u64)>,
}

impl Batch {
    fn sort(items: impl Iterator<Item = Item>) -> Self {
        let mut batch = Self::default();
        for Item { connection, work } in items {
            let device = connection.device;
            match work {
                Work::Send { request, send } => {
                    batch.sends.push(Outgoing { sender: device, send, is_hosted: false, is_group: false });
                    batch.senders.push((connection, request));
                }
                Work::Read { request, read } => {
                    batch.reads.push((device, read));
                    batch.readers.push((connection, request));
                }
                Work::Acknowledge { up_to } => {
                    match batch.acknowledges.iter_mut().find(|(other, _)| *other == device) {
                        Some((_, before)) => *before = up_to.max(*before),
                        None => batch.acknowledges.push((device, up_to)),
                    }
                }
            }
        }
        batch
    }

    /// The messages of the batch, and each of its receipts alone.
    fn apart(&self) -> (Arc<Self>, Vec<Arc<Self>>) {
        let messages = Self { sends: self.sends.clone(), ..Self::default() };
        let acknowledges =
            self.acknowledges.iter().map(|one| Self { acknowledges: vec![*one], ..Self::default() });
        let reads = self.reads.iter().map(|one| Self { reads: vec![one.clone()], ..Self::default() });
        (Arc::new(messages), acknowledges.chain(reads).map(Arc::new).collect())
    }

    /// Whose receipt it is, in a batch of one.
    fn device(&self) -> Option<plaza_protocol::DeviceId> {
        let acknowledged = self.acknowledges.first().map(|(device, _)| device.device);
        acknowledged.or_else(|| self.reads.first().map(|(device, _)| device.device))
    }

    fn answer(&self, outcomes: Vec<Result<wire::Sent, MessagingError>>) {
        for ((connection, id), outcome) in self.senders.iter().zip(outcomes) {
            connection.push(response(*id, outcome.map(wire::response::Body::Sent)));
        }
        for (connection, id) in &self.readers {
            connection.push(response(*id, Ok(wire::response::Body::Done(wire::Done {}))));
        }
    }

    fn refuse(&self, error: RelayError) {
        tracing::error!(error = %Chain(&error), "a batch of messages could not be stored");
        let error = match error {
            RelayError::Messaging(error) => error,
            RelayError::Db(error) | RelayError::Business(StatusError::Db(error)) => error.into(),
            RelayError::Business(_) => DbError::Closed.into(),
        };
        for (connection, id) in self.senders.iter().chain(&self.readers) {
            let body = wire::response::Body::Error(error.to_wire());
            connection.push(Push::frame(wire::server_frame::Body::Response(wire::Response {
                id: *id,
                body: Some(body),
            })));
        }
    }
}

/// The answer to a request.
pub(crate) fn response(id: u64, outcome: Result<wire::response::Body, MessagingError>) -> Push {
    let body = outcome.unwrap_or_else(|error| wire::response::Body::Error(error.to_wire()));
    Push::frame(wire::server_frame::Body::Response(wire::Response { id, body: Some(body) }))
}
