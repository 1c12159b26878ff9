//! # The rows that the cryptographic state lives in
//!
//! Everything that has to survive a restart is a row: a key and a value, both bytes. [`Rows`] holds the rows that are
//! loaded and remembers which of them a step has changed; the caller takes the changes ([`Rows::take_changes`]) and
//! stores them in **one** write together with its own. Nothing here touches a disk.
//!
//! Keys are readable and sorted so that one conversation lies together and can be loaded and evicted alone:
//!
//! | key | value |
//! |---|---|
//! | `c/` + conversation id + `/m/` + name | one part of the MLS group of that conversation |
//! | `d/k/` + reference | a key package with its private keys |
//! | others | the callers' own |
//!
//! A message rewrites one row of its group, the message secrets; the ratchet tree is rewritten by commits only. Values
//! are CBOR: compact, and self-describing as openmls requires.

use plaza_protocol::ConversationId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A row's key and its new value; `None` where the row is gone.
pub type Change = (Vec<u8>, Option<Vec<u8>>);

/// What all keys of conversations begin with.
pub const CONVERSATIONS: &[u8] = b"c/";

/// What all rows of a conversation begin with.
pub fn conversation_prefix(conversation: ConversationId) -> Vec<u8> {
    [CONVERSATIONS, conversation.as_bytes(), b"/"].concat()
}

/// What the keys of key packages begin with.
pub const KEY_PACKAGES: &[u8] = b"d/k/";

/// A row could not be written or read back.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A value could not be written as CBOR.
    #[error("a row could not be encoded")]
    Encode,
    /// A stored row is not what this version writes.
    #[error("a stored row could not be read")]
    Decode,
}

#[derive(Default)]
struct Inner {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    changed: BTreeSet<Vec<u8>>,
    /// While a step runs.
    before: Option<Before>,
}

/// What each row that a step touched was before, and whether it had changed already.
type Before = BTreeMap<Vec<u8>, (Option<Vec<u8>>, bool)>;

impl Inner {
    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        if let Some(before) = &mut self.before {
            let state = || (self.values.get(&key).cloned(), self.changed.contains(&key));
            before.entry(key.clone()).or_insert_with(state);
        }
        match value {
            Some(value) => self.values.insert(key.clone(), value),
            None => self.values.remove(&key),
        };
        self.changed.insert(key);
    }

    fn roll_back(&mut self, before: Before) {
        for (key, (value, changed)) in before {
            if !changed {
                self.changed.remove(&key);
            }
            match value {
                Some(value) => self.values.insert(key, value),
                None => self.values.remove(&key),
            };
        }
    }
}

/// The rows that are loaded, and which of them have changed.
#[derive(Default)]
pub struct Rows(Mutex<Inner>);

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("loaded", &self.inner().values.len()).finish_non_exhaustive()
    }
}

impl Rows {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds rows as they were stored.
    pub fn load(&self, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) {
        self.inner().values.extend(rows);
    }

    /// Forgets the loaded rows below `prefix`; what was stored of them stays stored.
    pub fn evict(&self, prefix: &[u8]) {
        let mut inner = self.inner();
        let keys: Vec<_> = keys_below(&inner.values, prefix).collect();
        for key in keys {
            inner.values.remove(&key);
            inner.changed.remove(&key);
        }
    }

    /// The value of a row.
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.inner().values.get(key).cloned()
    }

    /// The value of a row, decoded. Under the lock: a row may be large, and is not copied for that.
    pub(crate) fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, RowsError> {
        self.inner().values.get(key).map(|bytes| decode(bytes)).transpose()
    }

    /// Whether any row below `prefix` is loaded.
    pub fn any(&self, prefix: &[u8]) -> bool {
        keys_below(&self.inner().values, prefix).next().is_some()
    }

    /// The loaded rows below `prefix`, in the order of their keys.
    pub fn below(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let inner = self.inner();
        inner
            .values
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Writes a row.
    pub fn set(&self, key: Vec<u8>, value: Vec<u8>) {
        self.inner().write(key, Some(value));
    }

    /// Removes a row.
    pub fn remove(&self, key: &[u8]) {
        let mut inner = self.inner();
        if inner.values.contains_key(key) {
            inner.write(key.to_vec(), None);
        }
    }

    /// Removes all loaded rows below `prefix`.
    pub fn remove_below(&self, prefix: &[u8]) {
        let mut inner = self.inner();
        let keys: Vec<_> = keys_below(&inner.values, prefix).collect();
        for key in keys {
            inner.write(key, None);
        }
    }

    /// Runs one step: where it fails, the rows are what they were before. Steps do not nest.
    pub fn atomically<T, E>(&self, step: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let outer = self.inner().before.replace(BTreeMap::new());
        debug_assert!(outer.is_none(), "steps do not nest");
        let result = step();
        let mut inner = self.inner();
        if let (Some(before), true) = (inner.before.take(), result.is_err()) {
            inner.roll_back(before);
        }
        result
    }

    /// What has changed since the last call: one batch, to be stored in one write.
    pub fn take_changes(&self) -> Vec<Change> {
        let mut inner = self.inner();
        let changed = std::mem::take(&mut inner.changed);
        changed
            .into_iter()
            .map(|key| {
                let value = inner.values.get(&key).cloned();
                (key, value)
            })
            .collect()
    }
}

fn keys_below<'a>(
    values: &'a BTreeMap<Vec<u8>, Vec<u8>>,
    prefix: &'a [u8],
) -> impl Iterator<Item = Vec<u8>> + 'a {
    values
        .range(prefix.to_vec()..)
        .map(|(key, _)| key)
        .take_while(move |key| key.starts_with(prefix))
        .cloned()
}

/// Writes a value as CBOR.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, RowsError> {
    cbor4ii::serde::to_vec(Vec::new(), value).map_err(|_| RowsError::Encode)
}

/// Reads a value from CBOR.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RowsError> {
    cbor4ii::serde::from_slice(bytes).map_err(|_| RowsError::Decode)
}

/// What the rows of a conversation's group begin with.
pub(crate) fn group_prefix(conversation: ConversationId) -> Vec<u8> {
    [&conversation_prefix(conversation)[..], b"m/"].concat()
}
