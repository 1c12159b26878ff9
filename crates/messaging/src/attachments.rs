//! # Attachments
//!
//! A file of a message is encrypted by its sender and uploaded as a blob, before the message that carries its key. The
//! server keeps the blob for as long as a message may wait for its device, hands it to every device that knows its id
//! (the id is random, and stands in the encrypted message only), and knows nothing else about it.
//!
//! A blob never changes: an id that is there already is not written again, so that a recipient cannot replace a file.

pub(crate) mod store;

use crate::MessagingError;
use crate::accounts::Device;
use crate::rate::{self, Limit};
use plaza_db::{Tx, params};
use plaza_protocol::limits::{ATTACHMENT_BYTES_MAX, ENVELOPE_LIFETIME, UPLOAD_REFILL, UPLOADS_BURST};
use plaza_protocol::{AccountId, BlobId, Ctx};
use store::*;

/// The rate of uploads, for each account.
const UPLOADS: Limit = Limit { name: "uploads", burst: UPLOADS_BURST, refill: UPLOAD_REFILL };

/// Whether a device may upload a blob now. `false`: it is there already, and nothing has to be uploaded.
pub async fn admit(
    ctx: &Ctx,
    tx: &mut Tx,
    by: Device,
    blob: BlobId,
    bytes: usize,
) -> Result<bool, MessagingError> {
    if bytes == 0 {
        return Err(MessagingError::invalid("body", "the blob is empty"));
    }
    if bytes > ATTACHMENT_BYTES_MAX {
        return Err(MessagingError::TooLarge { what: "the blob", bytes_max: ATTACHMENT_BYTES_MAX });
    }
    if is_known(ctx, tx, blob).await? {
        return Ok(false);
    }
    rate::take(ctx, tx, UPLOADS, by.account, by.account).await?;
    Ok(true)
}

/// A blob is in the store: from now on it exists.
pub async fn uploaded(
    ctx: &Ctx,
    tx: &mut Tx,
    account: AccountId,
    blob: BlobId,
    bytes: usize,
) -> Result<(), MessagingError> {
    let now = ctx.now();
    tx.execute(INSERT_ATTACHMENT, params![blob, account, bytes as u64, now, now + ENVELOPE_LIFETIME]).await?;
    Ok(())
}

/// Whether a blob can be fetched.
pub async fn is_known(ctx: &Ctx, tx: &mut Tx, blob: BlobId) -> Result<bool, MessagingError> {
    Ok(tx.query_one(IS_KNOWN, params![blob, ctx.now()]).await?.is_some())
}

/// Keeps a blob as long as a message that is sent now.
pub async fn keep(ctx: &Ctx, tx: &mut Tx, blob: BlobId) -> Result<(), MessagingError> {
    tx.execute(KEEP, params![blob, ctx.now() + ENVELOPE_LIFETIME]).await?;
    Ok(())
}

/// Blobs whose time is over, a page of them: first they are deleted from the store, then forgotten here.
pub async fn expired(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<BlobId>, MessagingError> {
    let rows = tx.query(EXPIRED, params![ctx.now()]).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

/// Forgets blobs that are gone.
pub async fn forget(_: &Ctx, tx: &mut Tx, blobs: &[BlobId]) -> Result<(), MessagingError> {
    tx.execute_many(FORGET, blobs.iter().map(|blob| params![blob]).collect()).await?;
    Ok(())
}
