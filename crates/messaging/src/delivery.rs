//! # Delivery
//!
//! A message becomes an envelope in the mailbox of each device of its group, in the same transaction that gives it its
//! place in the conversation; only after the commit is its sender answered. A device gets its mailbox in the order of
//! `seq`, and acknowledges cumulatively: what is acknowledged is deleted, and becomes a *delivered* receipt.
//!
//! - A send carries an id that the client made. The second time, it finds the first answer.
//! - `gseq` orders a conversation, `seq` a mailbox. Both are given out under the lock of a row that every writer of
//!   that conversation, or that mailbox, has to update: a reader never sees a number whose predecessor is still open.
//! - A message is accepted in the current epoch and the two before it, unless a device was removed since; and only
//!   while the group holds exactly the present devices of its members. Otherwise the sender is told what to do first.
//!
//! Everything here takes batches: what arrives in the same few milliseconds shares one transaction.

pub(crate) mod store;

use crate::MessagingError;
use crate::accounts::Device;
use crate::conversations::{self, conversation_id};
use plaza_db::{Tx, params};
use plaza_protocol::limits::{ENVELOPE_LIFETIME, MESSAGE_BYTES_MAX, PAST_EPOCHS, SEND_REMEMBERED};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, MessageId, Timestamp, Wake, wire};
use prost::Message as _;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use store::*;

/// Conversations whose leaves are kept in memory.
const LEAVES_CACHED: usize = 100_000;

/// Leaves of a group, with the version of the conversation's device list that they belong to.
type Leaves = Arc<[(DeviceId, AccountId)]>;

/// What the delivery of a process keeps in memory: the leaves of busy conversations. A version in the conversation's
/// row says whether they are still true, so that any number of processes may keep their own.
#[derive(Debug, Default)]
pub struct Delivery {
    leaves: Mutex<HashMap<ConversationId, (i64, Leaves)>>,
}

/// A message on its way in.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Who sends it.
    pub sender: Device,
    /// Its frame.
    pub send: wire::Send,
    /// Whether the device is hosted.
    pub is_hosted: bool,
    /// Whether the conversation is a group, where the sender is hosted: each copy has an account of its own.
    pub is_group: bool,
}

/// An envelope and the devices it goes to.
#[derive(Debug, Clone)]
pub(crate) struct Addressed {
    pub(crate) conversation: ConversationId,
    pub(crate) kind: wire::EnvelopeKind,
    pub(crate) gseq: u64,
    pub(crate) epoch: u64,
    pub(crate) sender: Device,
    pub(crate) is_hosted: bool,
    pub(crate) is_group: bool,
    pub(crate) message_id: MessageId,
    pub(crate) body: Vec<u8>,
    pub(crate) devices: Vec<DeviceId>,
}

impl Delivery {
    /// Stores a batch of messages, in its order. Each has an outcome of its own; an error is the whole batch's.
    pub async fn send(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        batch: Vec<Outgoing>,
    ) -> Result<Vec<Result<wire::Sent, MessagingError>>, MessagingError> {
        let now = ctx.now();
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut addressed = Vec::with_capacity(batch.len());
        let mut accepted: HashMap<(DeviceId, MessageId), wire::Sent> = HashMap::new();
        for outgoing in batch {
            let outcome = self.accept(tx, outgoing, now, &mut accepted, &mut addressed).await;
            match outcome {
                Err(MessagingError::Db(error)) => return Err(error.into()),
                outcome => outcomes.push(outcome),
            }
        }
        let sent =
            addressed.iter().map(|one: &Addressed| (one.sender.device, one.message_id, one.gseq)).collect();
        remember(ctx, tx, sent).await?;
        store(ctx, tx, addressed).await?;
        Ok(outcomes)
    }

    /// Checks one message and gives it its place.
    async fn accept(
        &self,
        tx: &mut Tx,
        outgoing: Outgoing,
        now: Timestamp,
        accepted: &mut HashMap<(DeviceId, MessageId), wire::Sent>,
        addressed: &mut Vec<Addressed>,
    ) -> Result<wire::Sent, MessagingError> {
        let Outgoing { sender, send, is_hosted, is_group } = outgoing;
        let conversation = conversation_id(&send.conversation_id)?;
        let message_id = message_id(&send.message_id)?;
        if send.ciphertext.len() > MESSAGE_BYTES_MAX {
            return Err(MessagingError::TooLarge { what: "ciphertext", bytes_max: MESSAGE_BYTES_MAX });
        }
        if let Some(sent) = accepted.get(&(sender.device, message_id)) {
            return Ok(sent.clone());
        }
        if let Some(sent) = repeated(tx, sender.device, message_id).await? {
            return Ok(sent);
        }
        let parameters =
            params![conversation, sender.device, send.epoch, send.epoch.saturating_add(PAST_EPOCHS)];
        let Some(row) = tx.query_one(NEXT_GSEQ, parameters).await? else {
            return Err(refusal(tx, conversation, sender.device).await?);
        };
        let gseq: u64 = row.get(0)?;
        let leaves = self.leaves(tx, conversation, row.get(1)?).await?;
        let sent = wire::Sent { gseq, sent_at: now.0 };
        accepted.insert((sender.device, message_id), sent.clone());
        addressed.push(Addressed {
            conversation,
            kind: wire::EnvelopeKind::Message,
            gseq,
            epoch: send.epoch,
            sender,
            is_hosted,
            is_group,
            message_id,
            body: send.ciphertext,
            devices: leaves.iter().map(|leaf| leaf.0).filter(|device| *device != sender.device).collect(),
        });
        Ok(sent)
    }

    /// The leaves of a group at a version of its device list.
    async fn leaves(
        &self,
        tx: &mut Tx,
        conversation: ConversationId,
        version: i64,
    ) -> Result<Leaves, MessagingError> {
        let cached = self.leaves.lock().unwrap_or_else(PoisonError::into_inner).get(&conversation).cloned();
        if let Some((_, leaves)) = cached.filter(|(cached, _)| *cached == version) {
            return Ok(leaves);
        }
        let leaves: Leaves = conversations::devices(tx, conversation).await?.into_iter().collect();
        let mut cache = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= LEAVES_CACHED {
            cache.clear();
        }
        cache.insert(conversation, (version, leaves.clone()));
        Ok(leaves)
    }
}

/// Why a message was not given a place.
async fn refusal(
    tx: &mut Tx,
    conversation: ConversationId,
    device: DeviceId,
) -> Result<MessagingError, MessagingError> {
    let row = tx.query_one(STANDING, params![conversation, device]).await?;
    let Some(row) = row else { return Ok(MessagingError::NotFound("conversation")) };
    let epoch = row.get(0)?;
    Ok(if row.get::<bool>(1)? {
        MessagingError::DeviceListChanged { epoch }
    } else {
        MessagingError::StaleEpoch { epoch }
    })
}

/// The answer that a message or commit of this id got before.
pub(crate) async fn repeated(
    tx: &mut Tx,
    device: DeviceId,
    message_id: MessageId,
) -> Result<Option<wire::Sent>, MessagingError> {
    let Some(row) = tx.query_one(REPEATED, params![device, message_id]).await? else { return Ok(None) };
    Ok(Some(wire::Sent { gseq: row.get(0)?, sent_at: row.get(1)? }))
}

/// Remembers what was stored, for repeats.
pub(crate) async fn remember(
    ctx: &Ctx,
    tx: &mut Tx,
    sent: Vec<(DeviceId, MessageId, u64)>,
) -> Result<(), MessagingError> {
    let now = ctx.now();
    let rows = sent.into_iter().map(|(device, message, gseq)| params![device, message, gseq, now]).collect();
    tx.execute_many(REMEMBER, rows).await?;
    Ok(())
}

/// Puts envelopes into mailboxes and wakes the devices.
pub(crate) async fn store(ctx: &Ctx, tx: &mut Tx, batch: Vec<Addressed>) -> Result<(), MessagingError> {
    let now = ctx.now();
    // The devices in the order of their ids: two processes lock the same rows in the same order.
    let mut mailboxes: BTreeMap<DeviceId, Vec<wire::Envelope>> = BTreeMap::new();
    for one in batch {
        let envelope = wire::Envelope {
            kind: one.kind.into(),
            conversation_id: one.conversation.as_bytes().to_vec(),
            gseq: one.gseq,
            epoch: one.epoch,
            sender_account: one.sender.account.as_bytes().to_vec(),
            sender_device: one.sender.device.as_bytes().to_vec(),
            message_id: one.message_id.as_bytes().to_vec(),
            sent_at: now.0,
            body: one.body,
            is_hosted: one.is_hosted,
            is_group: one.is_group,
        };
        for device in one.devices {
            mailboxes.entry(device).or_default().push(envelope.clone());
        }
    }
    let taken = mailboxes.iter().map(|(device, envelopes)| params![device, envelopes.len() as u64]).collect();
    let ends = tx.query_many(TAKE_SEQ, taken).await?;
    let mut rows = Vec::new();
    for ((device, envelopes), end) in mailboxes.into_iter().zip(ends) {
        // A device without a mailbox was revoked in the meantime.
        let Some(end) = end.first() else { continue };
        let first = end.get::<u64>(0)? + 1 - envelopes.len() as u64;
        let delivers: Arc<[wire::Deliver]> = (first..)
            .zip(envelopes)
            .map(|(seq, envelope)| wire::Deliver { seq, envelope: Some(envelope) })
            .collect();
        for deliver in delivers.iter() {
            let envelope = deliver.envelope.as_ref().map(wire::Envelope::encode_to_vec);
            rows.push(params![device, deliver.seq, now, envelope]);
        }
        tx.wake(Wake::Mailbox { device, envelopes: delivers });
    }
    tx.execute_many(INSERT_ENVELOPE, rows).await?;
    Ok(())
}

/// What waits for a device after `seq`, at most `limit` envelopes.
pub async fn mailbox(
    _: &Ctx,
    tx: &mut Tx,
    device: DeviceId,
    after: u64,
    limit: usize,
) -> Result<Vec<wire::Deliver>, MessagingError> {
    let rows = tx.query(MAILBOX, params![device, after, limit as u64]).await?;
    rows.iter()
        .map(|row| {
            let envelope = wire::Envelope::decode(row.get::<Vec<u8>>(1)?.as_slice())
                .map_err(|_| MessagingError::NotFound("envelope"))?;
            Ok(wire::Deliver { seq: row.get(0)?, envelope: Some(envelope) })
        })
        .collect()
}

/// A message that a device has stored.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Whose device.
    pub by: Device,
    /// The message.
    pub envelope: wire::Envelope,
}

/// Devices have stored everything up to a `seq`: deletes it, raises their receipts, and returns the messages among it
/// for whoever else cares that they arrived.
pub async fn acknowledge(
    ctx: &Ctx,
    tx: &mut Tx,
    batch: &[(Device, u64)],
) -> Result<Vec<Acknowledged>, MessagingError> {
    let deleted = tx
        .query_many(ACKNOWLEDGE, batch.iter().map(|(by, up_to)| params![by.device, up_to]).collect())
        .await?;
    let mut messages = Vec::new();
    let mut reached: BTreeMap<(ConversationId, AccountId), u64> = BTreeMap::new();
    for ((by, _), rows) in batch.iter().zip(deleted) {
        for row in rows {
            let Ok(envelope) = wire::Envelope::decode(row.get::<Vec<u8>>(0)?.as_slice()) else { continue };
            if envelope.kind() != wire::EnvelopeKind::Message
                || envelope.sender_account == by.account.as_bytes()
            {
                continue;
            }
            let conversation = conversation_id(&envelope.conversation_id)?;
            let highest = reached.entry((conversation, by.account)).or_default();
            *highest = envelope.gseq.max(*highest);
            messages.push(Acknowledged { by: *by, envelope });
        }
    }
    raise(ctx, tx, reached.into_iter().map(|(key, delivered)| (key, delivered, 0)).collect()).await?;
    Ok(messages)
}

/// People have seen conversations up to a `gseq`. Returns what rose: conversation, reader, from where, up to where.
pub async fn read_up_to(
    ctx: &Ctx,
    tx: &mut Tx,
    batch: &[(Device, wire::ReadUpTo)],
) -> Result<Vec<Read>, MessagingError> {
    let mut reads = Vec::new();
    for (by, request) in batch {
        let conversation = conversation_id(&request.conversation_id)?;
        let row = tx.query_one(READ_STANDING, params![conversation, by.account]).await?;
        let Some(row) = row else { continue };
        // Nobody has read what is not there yet.
        let (gseq, before): (u64, u64) = (row.get(0)?, row.get(1)?);
        let up_to = request.gseq.min(gseq);
        if up_to > before {
            reads.push(Read { by: *by, conversation, after: before, up_to });
        }
    }
    raise(
        ctx,
        tx,
        reads.iter().map(|read| ((read.conversation, read.by.account), read.up_to, read.up_to)).collect(),
    )
    .await?;
    Ok(reads)
}

/// A person has seen more of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Read {
    /// Whose device said so.
    pub by: Device,
    /// Where.
    pub conversation: ConversationId,
    /// What was read before.
    pub after: u64,
    /// What is read now.
    pub up_to: u64,
}

/// Raises receipts and tells the other members. Reading implies delivery.
async fn raise(
    ctx: &Ctx,
    tx: &mut Tx,
    reached: Vec<((ConversationId, AccountId), u64, u64)>,
) -> Result<(), MessagingError> {
    let now = ctx.now();
    let rows = reached
        .iter()
        .map(|((conversation, account), delivered, read)| {
            params![conversation, account, delivered, read, now]
        })
        .collect();
    let raised = tx.query_many(RAISE, rows).await?;
    for (((conversation, account), ..), row) in reached.into_iter().zip(raised) {
        let Some(row) = row.first() else { continue };
        let others = conversations::members(tx, conversation).await?;
        let update = wire::ReceiptUpdate {
            conversation_id: conversation.as_bytes().to_vec(),
            account_id: account.as_bytes().to_vec(),
            delivered_up_to: row.get(0)?,
            read_up_to: row.get(1)?,
            at: now.0,
        };
        let accounts = others.into_iter().filter(|other| *other != account).collect();
        tx.wake(Wake::Receipt { accounts, update });
    }
    Ok(())
}

/// The receipts of the account's conversations that rose since a time.
pub async fn receipts_since(
    _: &Ctx,
    tx: &mut Tx,
    account: AccountId,
    since: Timestamp,
) -> Result<Vec<wire::ReceiptUpdate>, MessagingError> {
    let rows = tx.query(RECEIPTS_SINCE, params![account, since]).await?;
    rows.iter()
        .map(|row| {
            Ok(wire::ReceiptUpdate {
                conversation_id: row.get(0)?,
                account_id: row.get(1)?,
                delivered_up_to: row.get(2)?,
                read_up_to: row.get(3)?,
                at: row.get(4)?,
            })
        })
        .collect()
}

/// Deletes envelopes that nobody fetched in 30 days and the memory of sends older than seven; a bounded number of each.
pub async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<u64, MessagingError> {
    let envelopes = tx.execute(EXPIRE_ENVELOPES, params![ctx.now() - ENVELOPE_LIFETIME]).await?;
    let sent = tx.execute(EXPIRE_SENT, params![ctx.now() - SEND_REMEMBERED]).await?;
    Ok(envelopes + sent)
}

pub(crate) fn message_id(bytes: &[u8]) -> Result<MessageId, MessagingError> {
    MessageId::from_slice(bytes).map_err(|_| MessagingError::invalid("message_id", "must have 16 bytes"))
}
