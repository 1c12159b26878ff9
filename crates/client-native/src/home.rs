//! # A home directory
//!
//! What one device of the command line keeps: its rows, the address of its server, and what it has heard but not told
//! yet. One process owns it at a time: two would use the same keys twice.

use crate::store::SqliteStore;
use plaza_client::store::{Scan, Store as _};
use plaza_client::{Change, LOADED, Machine, MachineError, Received, Step};
use plaza_db::DbError;
use plaza_protocol::content::{Body, Content};
use plaza_protocol::{AccountId, Clock, ConversationId, Ctx, MessageId, Timestamp};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

const SERVER: &[u8] = b"n/server";
const HEARD: &[u8] = b"n/heard/";

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "this is where a client's time comes from")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A home could not be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process owns it.
    #[error("another process uses this home directory")]
    InUse,
    /// The directory cannot be used.
    #[error("the home directory {path} cannot be used")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of rows.
    #[error("the home directory's database cannot be used")]
    Db(#[from] DbError),
    /// The rows in it.
    #[error("the home directory's rows are broken")]
    Machine(#[from] MachineError),
    /// A row in it.
    #[error("the home directory's rows are broken")]
    Row,
    /// Nobody is registered in it.
    #[error("nobody is registered in this home directory: run `plaza person register` first")]
    NotRegistered,
}

/// A message that was heard, for a listener that may have been away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// In this conversation.
    pub conversation: ConversationId,
    /// Which message.
    pub message_id: MessageId,
    /// Whose.
    pub account: AccountId,
    /// Its place in the conversation.
    pub gseq: u64,
    /// When the server stored it.
    pub at: Timestamp,
    content: Vec<u8>,
}

impl Heard {
    pub(crate) fn new(conversation: ConversationId, received: &Received) -> Self {
        Self {
            conversation,
            message_id: received.message_id,
            account: received.account,
            gseq: received.gseq,
            at: received.sent_at,
            content: received.content.encode_to_vec(),
        }
    }

    /// What it says.
    pub fn content(&self) -> Content {
        Content::decode(self.content.as_slice()).unwrap_or_default()
    }

    /// Its type, as the command line names it.
    pub fn kind(&self) -> &'static str {
        self.content().body.as_ref().map_or("unsupported", Body::kind)
    }

    /// The text to show.
    pub fn text(&self) -> String {
        self.content().body.as_ref().map(Body::summary).unwrap_or_default()
    }

    /// The change that keeps it until it was told.
    pub(crate) fn change(&self) -> Option<Change> {
        let value = serde_json::to_vec(self).ok()?;
        Some((heard_key(self), Some(value)))
    }
}

fn heard_key(heard: &Heard) -> Vec<u8> {
    [HEARD, &heard.at.0.to_be_bytes(), heard.message_id.as_bytes()].concat()
}

/// See the [module](self).
#[derive(Debug)]
pub struct Home {
    store: SqliteStore,
    /// Held, and let go with the value.
    _lock: File,
}

impl Home {
    /// Opens a home, and makes the directory if there is none.
    pub async fn open(ctx: &Ctx, directory: &Path) -> Result<Self, HomeError> {
        let failed = |source| HomeError::Directory { path: directory.to_owned(), source };
        std::fs::create_dir_all(directory).map_err(failed)?;
        let lock = File::create(directory.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HomeError::InUse),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let store = SqliteStore::open(ctx, &directory.join("client.sqlite")).await?;
        Ok(Self { store, _lock: lock })
    }

    /// Its rows.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Keeps a device that was just registered, in place of whatever was here.
    pub async fn keep(&self, url: &str, machine: &mut Machine) -> Result<(), HomeError> {
        let before = self.store.scan(Scan::all(b"")).await?;
        let mut changes: Vec<Change> = before.into_iter().map(|(key, _)| (key, None)).collect();
        let Step { changes: first, .. } = machine.take_step();
        changes.extend(first);
        changes.push((SERVER.to_vec(), Some(url.as_bytes().to_vec())));
        Ok(self.store.apply(changes).await?)
    }

    /// The device, and the address of its server.
    pub async fn machine(&self) -> Result<(Machine, String), HomeError> {
        let url = self.store.get(SERVER).await?.ok_or(HomeError::NotRegistered)?;
        let machine = open_machine(&self.store).await?.ok_or(HomeError::NotRegistered)?;
        Ok((machine, String::from_utf8_lossy(&url).into_owned()))
    }

    /// What was heard and not told, the oldest first.
    pub async fn heard(&self, limit: usize) -> Result<Vec<Heard>, HomeError> {
        let rows = self.store.scan(Scan { limit, ..Scan::all(HEARD) }).await?;
        rows.iter().map(|(_, value)| serde_json::from_slice(value).map_err(|_| HomeError::Row)).collect()
    }

    /// It was told.
    pub async fn told(&self, heard: &Heard) -> Result<(), HomeError> {
        Ok(self.store.apply(vec![(heard_key(heard), None)]).await?)
    }
}

async fn open_machine(store: &SqliteStore) -> Result<Option<Machine>, HomeError> {
    let mut rows = Vec::new();
    for prefix in LOADED {
        rows.extend(store.scan(Scan::all(prefix)).await?);
    }
    Ok(Machine::open(rows)?)
}
