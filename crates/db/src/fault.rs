//! # The process is gone
//!
//! Tests ask what is left when a process dies between two statements: of rating, posting, finalising, paying. They arm
//! a database with the number of a step ([`Db::crash_at`](crate::Db::crash_at)); that step and all after it are
//! answered with [`DbError::Closed`], as they would be by a process that is not there any more. The begin of a
//! transaction is a step, each statement is one, and the commit is two: one before it, where nothing has happened yet,
//! and one after it, where all of it has happened and nobody was told.
//!
//! Outside of tests this is an empty type, and asking it costs nothing.

use crate::DbError;

#[cfg(not(any(test, feature = "testing")))]
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(());

#[cfg(not(any(test, feature = "testing")))]
impl Faults {
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same face as in tests")]
    #[inline]
    pub(crate) fn step(&self) -> Result<(), DbError> {
        Ok(())
    }
}

#[cfg(any(test, feature = "testing"))]
pub(crate) use armed::Faults;

#[cfg(any(test, feature = "testing"))]
mod armed {
    use super::DbError;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// The step at which the process dies, and how far it is. Shared by all connections of a database.
    #[derive(Debug, Clone)]
    pub(crate) struct Faults(Arc<[AtomicU64; 2]>);

    impl Default for Faults {
        fn default() -> Self {
            Self(Arc::new([AtomicU64::new(u64::MAX), AtomicU64::new(0)]))
        }
    }

    impl Faults {
        pub(crate) fn step(&self) -> Result<(), DbError> {
            let [dies_at, passed] = &*self.0;
            let step = passed.fetch_add(1, Ordering::SeqCst) + 1;
            if step >= dies_at.load(Ordering::SeqCst) { Err(DbError::Closed) } else { Ok(()) }
        }

        pub(crate) fn arm(&self, step: u64) {
            let [dies_at, passed] = &*self.0;
            passed.store(0, Ordering::SeqCst);
            dies_at.store(step, Ordering::SeqCst);
        }

        pub(crate) fn is_dead(&self) -> bool {
            let [dies_at, passed] = &*self.0;
            passed.load(Ordering::SeqCst) >= dies_at.load(Ordering::SeqCst)
        }
    }
}
