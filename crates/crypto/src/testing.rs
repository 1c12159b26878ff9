//! What the tests of this crate share.

use plaza_protocol::{Ctx, ManualClock, SeededIds, Timestamp};
use std::sync::Arc;

/// A context that repeats from its seed.
pub(crate) fn ctx(seed: u64) -> Ctx {
    Ctx::system(Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000))), Arc::new(SeededIds::new(seed)))
}
