//! # Where the rows are kept
//!
//! A [`Store`] keeps rows of bytes in the order of their keys. It can do three things: read one row, read rows below a
//! prefix, and apply a batch of changes all at once: either all of it is durable, or none. There are three of them, in
//! memory, on SQLite and on IndexedDB, and one suite of tests for all ([`store_tests`](crate::store_tests)).

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

/// The tests that each store passes: `store_tests!(attribute, new_store)`, where the attribute runs an async test and
/// `new_store` is an async function that gives an empty store.
#[macro_export]
macro_rules! store_tests {
    (#[$test:meta], $new:path) => {
        use $crate::store::{Scan, Store as _};

        fn row(key: &str, value: &str) -> (Vec<u8>, Option<Vec<u8>>) {
            (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))
        }

        fn keys(rows: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
            rows.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect()
        }

        #[$test]
        async fn what_is_applied_is_read_back() {
            let store = $new().await;
            assert_eq!(store.get(b"a").await.unwrap(), None);
            store
                .apply(vec![row("a", "1"), row("b", ""), (vec![0, 255], Some(vec![0, 1, 255]))])
                .await
                .unwrap();
            assert_eq!(store.get(b"a").await.unwrap(), Some(b"1".to_vec()));
            assert_eq!(store.get(b"b").await.unwrap(), Some(Vec::new()));
            assert_eq!(store.get(&[0, 255]).await.unwrap(), Some(vec![0, 1, 255]));
            store.apply(vec![row("a", "2"), (b"b".to_vec(), None), (b"c".to_vec(), None)]).await.unwrap();
            assert_eq!(store.get(b"a").await.unwrap(), Some(b"2".to_vec()));
            assert_eq!(store.get(b"b").await.unwrap(), None);
            store.apply(vec![]).await.unwrap();
        }

        #[$test]
        async fn scans_stay_below_their_prefix_and_in_order() {
            let store = $new().await;
            let rows = ["t/2", "t/1", "t", "u/1", "s/9", "t/10", "t/\u{7f}"].map(|key| row(key, key));
            store.apply(rows.to_vec()).await.unwrap();
            let all = store.scan(Scan::all(b"t/")).await.unwrap();
            assert_eq!(keys(&all), ["t/1", "t/10", "t/2", "t/\u{7f}"]);
            let last = store.scan(Scan::last(b"t/", 2)).await.unwrap();
            assert_eq!(keys(&last), ["t/\u{7f}", "t/2"]);
            let before = Scan { after: Some(b"t/2".to_vec()), ..Scan::last(b"t/", 9) };
            assert_eq!(keys(&store.scan(before).await.unwrap()), ["t/10", "t/1"]);
            let after = Scan { after: Some(b"t/1".to_vec()), limit: 2, ..Scan::all(b"t/") };
            assert_eq!(keys(&store.scan(after).await.unwrap()), ["t/10", "t/2"]);
            assert_eq!(store.scan(Scan::all(b"")).await.unwrap().len(), 7);
            assert_eq!(store.scan(Scan::all(b"x")).await.unwrap().len(), 0);
        }

        #[$test]
        async fn a_prefix_of_high_bytes_has_an_end() {
            let store = $new().await;
            let rows = [vec![255], vec![255, 255], vec![255, 255, 1], vec![254, 255], vec![254, 255, 9]];
            store.apply(rows.iter().map(|key| (key.clone(), Some(vec![1]))).collect()).await.unwrap();
            assert_eq!(store.scan(Scan::all(&[255, 255])).await.unwrap().len(), 2);
            assert_eq!(store.scan(Scan::all(&[255])).await.unwrap().len(), 3);
            assert_eq!(store.scan(Scan::all(&[254, 255])).await.unwrap().len(), 2);
        }

        #[$test]
        async fn a_large_batch_is_one() {
            let store = $new().await;
            let rows: Vec<_> =
                (0..3000_u32).map(|n| (n.to_be_bytes().to_vec(), Some(vec![7; 300]))).collect();
            store.apply(rows).await.unwrap();
            assert_eq!(store.scan(Scan::all(&[])).await.unwrap().len(), 3000);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// Runs what never waits.
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the memory store never waits"),
        }
    }

    mod suite {
        async fn new_store() -> crate::store::MemoryStore {
            crate::store::MemoryStore::new()
        }

        mod cases {
            crate::store_tests!(#[allow(dead_code, reason = "called by the functions below")], super::new_store);

            #[test]
            fn memory_what_is_applied_is_read_back() {
                super::super::block_on(what_is_applied_is_read_back());
            }
            #[test]
            fn memory_scans_stay_below_their_prefix_and_in_order() {
                super::super::block_on(scans_stay_below_their_prefix_and_in_order());
            }
            #[test]
            fn memory_a_prefix_of_high_bytes_has_an_end() {
                super::super::block_on(a_prefix_of_high_bytes_has_an_end());
            }
            #[test]
            fn memory_a_large_batch_is_one() {
                super::super::block_on(a_large_batch_is_one());
            }
        }
    }
}
