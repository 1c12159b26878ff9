//! Token buckets in the database: a limit holds across restarts and processes.

use crate::MessagingError;
use plaza_db::{Tx, params, statements};
use plaza_protocol::{AccountId, Ctx, Timestamp};
use std::time::Duration;

statements! {
    /// What is used up, and since when.
    BUCKET = "SELECT used, at FROM rate_bucket WHERE name = $1 AND subject = $2 AND about = $3";
    /// Writes it back.
    SET_BUCKET = "INSERT INTO rate_bucket (name, subject, about, used, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (name, subject, about) DO UPDATE SET used = excluded.used, at = excluded.at";
}

/// A limit: so many at once, one more after each refill time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    pub(crate) burst: i64,
    pub(crate) refill: Duration,
}

/// Takes one from the bucket of `subject` (against `about`), or says when there will be one.
pub(crate) async fn take(
    ctx: &Ctx,
    tx: &mut Tx,
    limit: Limit,
    subject: AccountId,
    about: AccountId,
) -> Result<(), MessagingError> {
    let now = ctx.now();
    let row = tx.query_one(BUCKET, params![limit.name, subject, about]).await?;
    let (used, at) = match row {
        Some(row) => (row.get::<i64>(0)?, row.get(1)?),
        None => (0, now),
    };
    let refill = i64::try_from(limit.refill.as_micros()).unwrap_or(i64::MAX).max(1);
    let refilled = (now.0 - at.0).max(0) / refill;
    let used_now = (used - refilled).max(0);
    if used_now >= limit.burst {
        return Err(MessagingError::RateLimited { what: limit.name, retry_after: limit.refill });
    }
    // The bucket's time moves by whole refills, so that a busy subject loses no fraction of one.
    let at = if used_now == 0 { now } else { Timestamp(at.0 + refilled * refill) };
    tx.execute(SET_BUCKET, params![limit.name, subject, about, used_now + 1, at]).await?;
    Ok(())
}
