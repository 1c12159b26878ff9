//! # Where the rows are kept
//!
//! A [`Store`] keeps rows of bytes in the order of their keys. It can do three things: read one row, read rows below a
//! prefix, and apply a batch of changes all at once: either all of it is durable, or none. There are three of them, in
//! memory, on SQLite and on IndexedDB, and one suite of tests for all ([`store_tests`](crate::store_tests)).

pub mod suite;

use plaza_crypto::Change;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

/// A row: its key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Which rows to read, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// What their keys begin with.
    pub prefix: Vec<u8>,
    /// Only rows before this key, in the order of the scan: what a page before ended with.
    pub after: Option<Vec<u8>>,
    /// From the last key down.
    pub reverse: bool,
    /// How many at most.
    pub limit: usize,
}

impl Scan {
    /// All rows below a prefix.
    pub fn all(prefix: &[u8]) -> Self {
        Self { prefix: prefix.to_vec(), after: None, reverse: false, limit: usize::MAX }
    }

    /// The last rows below a prefix, the newest first.
    pub fn last(prefix: &[u8], limit: usize) -> Self {
        Self { prefix: prefix.to_vec(), after: None, reverse: true, limit }
    }

    /// The keys from (included) and to (excluded; `None`: no end) that the scan covers.
    pub fn bounds(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let end = end_of(&self.prefix);
        match (&self.after, self.reverse) {
            (None, _) => (self.prefix.clone(), end),
            (Some(after), true) => (self.prefix.clone(), Some(after.clone())),
            // The smallest key after `after`.
            (Some(after), false) => ([after.as_slice(), &[0]].concat(), end),
        }
    }
}

/// The first key after all that begin with `prefix`; `None` if there is none.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// [`Send`] where there are threads; nothing in the browser, whose futures stay on their thread.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}
/// [`Send`] where there are threads; nothing in the browser, whose futures stay on their thread.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// Where the rows are kept.
pub trait Store {
    /// What can go wrong.
    type Error: std::error::Error + MaybeSend + 'static;

    /// Reads one row.
    fn get(&self, key: &[u8]) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + MaybeSend;

    /// Reads rows below a prefix.
    fn scan(&self, scan: Scan) -> impl Future<Output = Result<Vec<Row>, Self::Error>> + MaybeSend;

    /// Makes all changes durable, or none.
    fn apply(&self, changes: Vec<Change>) -> impl Future<Output = Result<(), Self::Error>> + MaybeSend;
}

/// Rows in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same rows in a new store.
    pub fn copy(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// [`Store::scan`], at once.
    pub fn scan_now(&self, scan: &Scan) -> Vec<Row> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = scan.bounds();
        let covered = rows
            .range(from..)
            .take_while(|(key, _)| to.as_ref().is_none_or(|to| *key < to))
            .map(|(key, value)| (key.clone(), value.clone()));
        if scan.reverse {
            let mut covered: Vec<_> = covered.collect();
            covered.reverse();
            covered.truncate(scan.limit);
            covered
        } else {
            covered.take(scan.limit).collect()
        }
    }

    /// [`Store::apply`], at once.
    pub fn apply_now(&self, changes: Vec<Change>) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in changes {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    async fn scan(&self, scan: Scan) -> Result<Vec<Row>, Infallible> {
        Ok(self.scan_now(&scan))
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<(), Infallible> {
        self.apply_now(changes);
        Ok(())
    }
}

/// The tests that each store passes: `store_tests!(#[attribute], new_store)`, where the attribute runs an async test
/// and `new_store` is an async function that gives an empty store.
#[macro_export]
macro_rules! store_tests {
    (#[$test:meta], $new:path) => {
        $crate::store_tests!(@cases #[$test], $new,
            what_is_applied_is_read_back,
            scans_stay_below_their_prefix_and_in_order,
            a_prefix_of_high_bytes_has_an_end,
            a_large_batch_is_one);
    };
    (@cases #[$test:meta], $new:path, $($case:ident),*) => {$(
        #[$test]
        async fn $case() {
            assert_eq!($crate::store::suite::$case(&$new().await).await, Ok(()));
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn memory_is_a_store() {
        let check = pin!(suite::check(async || Ok(MemoryStore::new())));
        // The memory store never waits.
        let verdict = check.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(verdict, Poll::Ready(Ok(())));
    }
}
