//! # Wake-ups between processes
//!
//! After a commit somebody may be waiting: a device's socket, the webhook dispatcher, the gateway of a hosted number.
//! The bus tells them. In one process it is a function call; between processes it is NATS (core, at most once).
//!
//! **Invariant: the bus may lose everything.** It carries hints; the truth is in the database, and whoever waits for a
//! hint also looks by itself every few seconds. So nothing here is stored, acknowledged or retried, and what does not
//! fit into the queue to NATS is dropped.

use bytes::Bytes;
use futures_util::StreamExt as _;
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, Wake, wire};
use prost::{Message, Oneof};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// Batches of wake-ups that wait for NATS; more are dropped.
const QUEUE_BATCHES_MAX: usize = 1024;
/// The subject that all processes of a network share.
const SUBJECT: &str = "plaza.wake";

/// The bus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The address is not one of NATS.
    #[error("the NATS address cannot be used: write it as nats://host:4222")]
    Connect(#[from] async_nats::ConnectError),
}

type Listener = Box<dyn Fn(Wake) + Send + Sync>;

/// Tells those who wait, here and in other processes. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    listener: Arc<OnceLock<Listener>>,
    remote: Option<mpsc::Sender<Vec<Wake>>>,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.remote.is_some() { "Bus(NATS)" } else { "Bus(in-process)" })
    }
}

impl Bus {
    /// A bus for one process.
    pub fn in_process() -> Self {
        Self { listener: Arc::default(), remote: None }
    }

    /// A bus between processes. The connection is made, and made again, in the background: a NATS server that is away
    /// stops nobody.
    pub async fn nats(ctx: &Ctx, url: &str) -> Result<Self, BusError> {
        let client = async_nats::ConnectOptions::new()
            .name("plaza")
            .retry_on_initial_connect()
            .connection_timeout(Duration::from_secs(2))
            .reconnect_delay_callback(|attempts| Duration::from_millis(100 * attempts.clamp(1, 10) as u64))
            .connect(url)
            .await?;
        let (remote, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        let bus = Self { listener: Arc::default(), remote: Some(remote) };
        let me = u64::from_be_bytes(ctx.random());
        tokio::spawn(publish(client.clone(), queue, me));
        tokio::spawn(bus.clone().listen(client, me));
        Ok(bus)
    }

    /// Sets who is told. Once; a second call has no effect.
    pub fn on_wake(&self, listener: impl Fn(Wake) + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    /// Tells everybody. Never waits.
    pub fn publish(&self, wakes: Vec<Wake>) {
        if let Some(remote) = &self.remote {
            // A full queue means that NATS is away or slow: the others will look by themselves.
            let _ = remote.try_send(wakes.clone());
        }
        if let Some(listener) = self.listener.get() {
            wakes.into_iter().for_each(listener);
        }
    }

    /// Whether other processes may write what this one waits for.
    pub fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    async fn listen(self, client: async_nats::Client, me: u64) {
        let Ok(mut messages) = client.subscribe(SUBJECT).await else { return };
        while let Some(message) = messages.next().await {
            let Ok(batch) = Batch::decode(message.payload) else { continue };
            if batch.from == me {
                continue;
            }
            if let Some(listener) = self.listener.get() {
                batch.hints.into_iter().filter_map(Hint::into_wake).for_each(listener);
            }
        }
    }
}

async fn publish(client: async_nats::Client, mut queue: mpsc::Receiver<Vec<Wake>>, me: u64) {
    while let Some(mut wakes) = queue.recv().await {
        while let Ok(more) = queue.try_recv() {
            wakes.extend(more);
        }
        let batch = Batch { from: me, hints: wakes.iter().map(Hint::from_wake).collect() };
        if !batch.hints.is_empty() {
            let _ = client.publish(SUBJECT, Bytes::from(batch.encode_to_vec())).await;
        }
    }
}

/// What goes over NATS: the hints of one or several commits.
#[derive(Clone, PartialEq, Message)]
struct Batch {
    #[prost(fixed64, tag = "1")]
    from: u64,
    #[prost(message, repeated, tag = "2")]
    hints: Vec<Hint>,
}

#[derive(Clone, PartialEq, Message)]
struct Hint {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Kind {
    #[prost(bytes, tag = "1")]
    Mailbox(Vec<u8>),
    #[prost(message, tag = "2")]
    Receipt(ToldReceipt),
    #[prost(message, tag = "3")]
    Ephemeral(ToldEphemeral),
    #[prost(bytes, tag = "4")]
    Revoked(Vec<u8>),
    #[prost(bool, tag = "5")]
    Webhooks(bool),
    #[prost(bytes, tag = "6")]
    Hosted(Vec<u8>),
    #[prost(bytes, tag = "7")]
    Conversation(Vec<u8>),
    #[prost(bytes, tag = "8")]
    Entitlements(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct ToldReceipt {
    #[prost(bytes = "vec", repeated, tag = "1")]
    accounts: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "2")]
    update: Option<wire::ReceiptUpdate>,
}

#[derive(Clone, PartialEq, Message)]
struct ToldEphemeral {
    #[prost(bytes = "vec", repeated, tag = "1")]
    accounts: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "2")]
    ephemeral: Option<wire::Ephemeral>,
}

fn bytes_of(accounts: &[AccountId]) -> Vec<Vec<u8>> {
    accounts.iter().map(|account| account.as_bytes().to_vec()).collect()
}

fn accounts_of(bytes: &[Vec<u8>]) -> Arc<[AccountId]> {
    bytes.iter().filter_map(|bytes| AccountId::from_slice(bytes).ok()).collect()
}

impl Hint {
    fn from_wake(wake: &Wake) -> Self {
        let kind = match wake {
            Wake::Mailbox { device, .. } => Kind::Mailbox(device.as_bytes().to_vec()),
            Wake::Receipt { accounts, update } => {
                Kind::Receipt(ToldReceipt { accounts: bytes_of(accounts), update: Some(update.clone()) })
            }
            Wake::Ephemeral { accounts, ephemeral } => Kind::Ephemeral(ToldEphemeral {
                accounts: bytes_of(accounts),
                ephemeral: Some(ephemeral.clone()),
            }),
            Wake::Revoked(device) => Kind::Revoked(device.as_bytes().to_vec()),
            Wake::Webhooks => Kind::Webhooks(true),
            Wake::Hosted(device) => Kind::Hosted(device.as_bytes().to_vec()),
            Wake::Entitlements(account) => Kind::Entitlements(account.as_bytes().to_vec()),
            Wake::Conversation(conversation) => Kind::Conversation(conversation.as_bytes().to_vec()),
        };
        Self { kind: Some(kind) }
    }

    fn into_wake(self) -> Option<Wake> {
        Some(match self.kind? {
            Kind::Mailbox(device) => {
                Wake::Mailbox { device: DeviceId::from_slice(&device).ok()?, envelopes: Arc::from([]) }
            }
            Kind::Receipt(told) => {
                Wake::Receipt { accounts: accounts_of(&told.accounts), update: told.update? }
            }
            Kind::Ephemeral(told) => {
                Wake::Ephemeral { accounts: accounts_of(&told.accounts), ephemeral: told.ephemeral? }
            }
            Kind::Revoked(device) => Wake::Revoked(DeviceId::from_slice(&device).ok()?),
            Kind::Webhooks(_) => Wake::Webhooks,
            Kind::Hosted(device) => Wake::Hosted(DeviceId::from_slice(&device).ok()?),
            Kind::Entitlements(id) => Wake::Entitlements(AccountId::from_slice(&id).ok()?),
            Kind::Conversation(id) => Wake::Conversation(ConversationId::from_slice(&id).ok()?),
        })
    }
}
