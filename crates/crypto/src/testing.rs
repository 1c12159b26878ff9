//! What the tests of this crate share.

use crate::{Device, Identity};
use plaza_protocol::{Ctx, ManualClock, SeededIds, Timestamp};
use std::sync::Arc;

/// A context that repeats from its seed.
pub(crate) fn ctx(seed: u64) -> Ctx {
    Ctx::system(Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000))), Arc::new(SeededIds::new(seed)))
}

/// A device of a new account.
pub(crate) fn device(ctx: &Ctx) -> Device {
    Identity::new(ctx).new_device(ctx, ctx.uuid(), ctx.uuid(), false)
}
