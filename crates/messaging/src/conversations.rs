//! # Conversations and the order of commits
//!
//! An MLS group has one linear history of commits, and this module keeps it. A commit names the epoch that it ends; the
//! first to arrive wins that epoch by a compare-and-set on the conversation's row, everybody else is told
//! `epoch_conflict`, catches up and tries again. In the same transaction the commit is checked against the group's
//! public state, the state moves on, the GroupInfo for joining from outside is replaced, the commit goes into the
//! mailboxes of the devices that stay, and the welcome into those of the devices that came. So nobody ever receives a
//! welcome for a commit that lost, or a GroupInfo that is older than the epoch.
//!
//! The server's policy, the same for every client:
//! - leaves are present devices of the conversation's members, certified by their accounts;
//! - a device that a commit removes is revoked, or belongs to the account that commits;
//! - a device of a member may join from outside at any time: that is how a device comes back that lost its state;
//! - between two accounts there is one conversation; the second creation is told of the first;
//! - a group ([`crate::groups`]) is opened by its manager alone; who is in it the commits only follow.

pub(crate) mod store;

use crate::MessagingError;
use crate::accounts::{self, Device};
use crate::delivery::{self, Addressed};
use plaza_crypto::public_group::RefusedError;
use plaza_crypto::{Member, PublicState};
use plaza_db::{Row, Tx, params};
use plaza_protocol::limits::{FRAME_BYTES_MAX, MEMBERS_MAX, PAGE_ROWS_MAX};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, MessageId, wire};
use std::collections::{BTreeMap, BTreeSet};
use store::*;

/// Opens a conversation, or names the one that two accounts have already.
pub async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &wire::CreateConversation,
) -> Result<wire::Created, MessagingError> {
    let me = Device::acting(ctx)?;
    let conversation = conversation_id(&request.conversation_id)?;
    let members = member_accounts(request, me.account)?;
    let [a, b] = members[..] else {
        return Err(MessagingError::invalid("accounts", "a conversation has two members in this version"));
    };
    if let Some(row) = tx.query_one(DIRECT, params![a, b]).await? {
        return Ok(wire::Created { conversation_id: row.get(0)?, existed: true });
    }
    let (state, leaves, present) = read_group(tx, me, conversation, &members, request).await?;
    let claimed = tx.execute(INSERT_DIRECT, params![a, b, conversation]).await?;
    if claimed == 0 {
        // Somebody else created it in this instant.
        let row =
            tx.query_one(DIRECT, params![a, b]).await?.ok_or(MessagingError::NotFound("conversation"))?;
        return Ok(wire::Created { conversation_id: row.get(0)?, existed: true });
    }
    let epoch = state.epoch();
    insert(ctx, tx, &state, (&leaves, &present), (conversation, &request.group_info)).await?;
    tx.execute_many(INSERT_MEMBER, members.iter().map(|account| params![account, conversation]).collect())
        .await?;
    let welcome = Addressed {
        conversation,
        kind: wire::EnvelopeKind::Welcome,
        gseq: 0,
        epoch,
        sender: me,
        is_hosted: false,
        is_group: false,
        message_id: MessageId(conversation.0),
        body: request.welcome.clone(),
        devices: leaves.iter().filter(|leaf| **leaf != me).map(|leaf| leaf.device).collect(),
    };
    delivery::store(ctx, tx, vec![welcome]).await?;
    Ok(wire::Created { conversation_id: request.conversation_id.clone(), existed: false })
}

/// Opens the conversation of a group that its manager has made ([`crate::groups::create`]), with the manager's devices
/// in it.
pub async fn open_group(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &wire::CreateConversation,
) -> Result<(), MessagingError> {
    let me = Device::acting(ctx)?;
    let conversation = conversation_id(&request.conversation_id)?;
    let group = crate::groups::get(tx, conversation).await?.filter(|group| group.manager == me.account);
    if group.is_none() {
        return Err(MessagingError::NotFound("group"));
    }
    let (state, leaves, present) = read_group(tx, me, conversation, &[me.account], request).await?;
    insert(ctx, tx, &state, (&leaves, &present), (conversation, &request.group_info)).await
}

/// The MLS group of a conversation that is to be opened, its leaves, and the present devices of its members.
async fn read_group(
    tx: &mut Tx,
    me: Device,
    conversation: ConversationId,
    members: &[AccountId],
    request: &wire::CreateConversation,
) -> Result<(PublicState, Vec<Device>, BTreeSet<Device>), MessagingError> {
    check_size(&request.group_info, "group_info")?;
    check_size(&request.welcome, "welcome")?;
    let keys = accounts::identity_keys(tx, members).await?;
    let state = PublicState::from_group_info(conversation, &request.group_info, |account| {
        keys.get(&account).copied()
    })
    .map_err(|error| bad_mls("group_info", error))?;
    let leaves = devices_of(&state.members());
    if !leaves.contains(&me) {
        return Err(MessagingError::invalid("group_info", "the creating device is not in the group"));
    }
    let present = present_devices(tx, members).await?;
    check_leaves(&leaves, &present)?;
    Ok((state, leaves, present))
}

/// Writes a new conversation, but for its members.
async fn insert(
    ctx: &Ctx,
    tx: &mut Tx,
    state: &PublicState,
    (leaves, present): (&[Device], &BTreeSet<Device>),
    (conversation, group_info): (ConversationId, &[u8]),
) -> Result<(), MessagingError> {
    let is_stale = lacks(leaves, present);
    let created = tx.execute(INSERT, params![conversation, state.epoch(), is_stale, ctx.now()]).await?;
    if created == 0 {
        return Err(MessagingError::invalid("conversation_id", "is in use; make a new one"));
    }
    tx.execute(INSERT_STATE, params![conversation, to_bytes(state)?, group_info]).await?;
    insert_devices(tx, conversation, leaves).await
}

/// Whether a present device of a member is not in the group yet: then a commit comes before any message.
fn lacks(leaves: &[Device], present: &BTreeSet<Device>) -> bool {
    present.iter().any(|device| !leaves.contains(device))
}

fn member_accounts(
    request: &wire::CreateConversation,
    me: AccountId,
) -> Result<Vec<AccountId>, MessagingError> {
    let accounts: Result<BTreeSet<_>, _> =
        request.accounts.iter().map(|id| AccountId::from_slice(id)).collect();
    let accounts = accounts.map_err(|_| MessagingError::invalid("accounts", "each must have 16 bytes"))?;
    if !accounts.contains(&me) || accounts.len() < 2 || accounts.len() > MEMBERS_MAX {
        let rule = format!("must hold the creating account and 1 to {} others", MEMBERS_MAX - 1);
        return Err(MessagingError::invalid("accounts", rule));
    }
    Ok(accounts.into_iter().collect())
}

/// Moves a group to its next epoch.
pub async fn commit(ctx: &Ctx, tx: &mut Tx, request: &wire::Commit) -> Result<wire::Sent, MessagingError> {
    let me = Device::acting(ctx)?;
    let conversation = conversation_id(&request.conversation_id)?;
    let message_id = delivery::message_id(&request.message_id)?;
    check_size(&request.commit, "commit")?;
    check_size(&request.group_info, "group_info")?;
    check_size(&request.welcome, "welcome")?;
    if let Some(sent) = delivery::repeated(tx, me.device, message_id).await? {
        return Ok(sent);
    }
    let row = tx.query_one(STATE, params![conversation, me.account]).await?;
    let row = row.ok_or(MessagingError::NotFound("conversation"))?;
    // The compare-and-set: from here on nobody else can end this epoch.
    let advanced = tx.query_one(ADVANCE, params![conversation, request.epoch]).await?;
    let Some(advanced) = advanced else {
        return Err(MessagingError::EpochConflict { epoch: current_epoch(tx, conversation).await? });
    };
    let gseq: u64 = advanced.get(0)?;
    let mut state = PublicState::from_bytes(conversation, &row.get::<Vec<u8>>(0)?)
        .map_err(|error| bad_mls("state", error))?;
    let members = members(tx, conversation).await?;
    let keys = accounts::identity_keys(tx, &members).await?;
    let applied = state
        .apply_commit(&request.commit, &request.group_info, request.epoch, |account| {
            keys.get(&account).copied()
        })
        .map_err(|error| match error {
            RefusedError::WrongEpoch { current } => MessagingError::EpochConflict { epoch: current },
            error => bad_mls("commit", error),
        })?;
    let present = present_devices(tx, &members).await?;
    let (leaves, added) = (devices_of(&applied.members), devices_of(&applied.added));
    let removed = devices_of(&applied.removed);
    check_policy(me, device_of(&applied.sender), &removed, &present)?;
    check_leaves(&added, &present)?;
    let is_group = crate::groups::get(tx, conversation).await?.is_some();
    // Who left a group of several hears nothing more: their devices go before anything else is said. Between two, a device
    // that is gone has no mailbox, and goes with the next commit.
    let is_stale =
        lacks(&leaves, &present) || (is_group && leaves.iter().any(|leaf| !present.contains(leaf)));
    // Whoever came cannot read older epochs, and whoever went must not: what is on its way is encrypted again.
    let epoch_min = (!removed.is_empty() || !added.is_empty()).then(|| state.epoch());
    tx.execute(AFTER_COMMIT, params![conversation, is_stale, epoch_min]).await?;
    tx.execute(UPDATE_STATE, params![conversation, to_bytes(&state)?, &request.group_info]).await?;
    tx.execute(DELETE_DEVICES, params![conversation]).await?;
    insert_devices(tx, conversation, &leaves).await?;
    delivery::remember(ctx, tx, vec![(me.device, message_id, gseq)]).await?;
    // The devices that stay, and those that go but are still there: they learn of their removal. Theirs may be accounts
    // that are no members any more.
    let owners: BTreeSet<_> = removed.iter().map(|device| device.account).collect();
    let there = present_devices(tx, &owners.into_iter().collect::<Vec<_>>()).await?;
    let gone = removed.iter().filter(|device| there.contains(device));
    let told = leaves.iter().chain(gone).filter(|other| **other != me && !added.contains(other));
    let commit = Addressed {
        conversation,
        kind: wire::EnvelopeKind::Commit,
        gseq,
        epoch: request.epoch,
        sender: me,
        is_hosted: false,
        is_group: false,
        message_id,
        body: request.commit.clone(),
        devices: told.map(|other| other.device).collect(),
    };
    let welcome = Addressed {
        kind: wire::EnvelopeKind::Welcome,
        is_group,
        epoch: state.epoch(),
        body: request.welcome.clone(),
        devices: added.iter().filter(|other| **other != me).map(|other| other.device).collect(),
        ..commit.clone()
    };
    delivery::store(ctx, tx, vec![commit, welcome]).await?;
    Ok(wire::Sent { gseq, sent_at: ctx.now().0 })
}

fn check_policy(
    me: Device,
    sender: Device,
    removed: &[Device],
    present: &BTreeSet<Device>,
) -> Result<(), MessagingError> {
    let refuse = |problem: &str| Err(MessagingError::invalid("commit", problem));
    if sender != me {
        return refuse("its sender is not the device that brings it");
    }
    if !removed.iter().all(|device| device.account == me.account || !present.contains(device)) {
        return refuse("it removes a present device of another account");
    }
    Ok(())
}

/// All leaves must be present devices of the members.
fn check_leaves(leaves: &[Device], present: &BTreeSet<Device>) -> Result<(), MessagingError> {
    if leaves.iter().all(|leaf| present.contains(leaf)) {
        return Ok(());
    }
    Err(MessagingError::invalid("group", "it holds a device that is not a present device of a member"))
}

async fn present_devices(tx: &mut Tx, members: &[AccountId]) -> Result<BTreeSet<Device>, MessagingError> {
    let rows = tx
        .query_many(accounts::store::DEVICES, members.iter().map(|account| params![account]).collect())
        .await?;
    let mut present = BTreeSet::new();
    for (account, rows) in members.iter().zip(rows) {
        for row in rows {
            present.insert(Device { account: *account, device: row.get(0)? });
        }
    }
    Ok(present)
}

async fn insert_devices(
    tx: &mut Tx,
    conversation: ConversationId,
    leaves: &[Device],
) -> Result<(), MessagingError> {
    let rows = leaves.iter().map(|leaf| params![conversation, leaf.device, leaf.account]).collect();
    tx.execute_many(INSERT_DEVICE, rows).await?;
    Ok(())
}

/// The actor's conversations, a page at a time, by id.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &wire::ListConversations,
) -> Result<wire::Conversations, MessagingError> {
    let me = Device::acting(ctx)?;
    let after = if request.after.is_empty() {
        ConversationId(Default::default())
    } else {
        conversation_id(&request.after)?
    };
    let mut rows =
        tx.query(OF_ACCOUNT, params![me.account, after, me.device, PAGE_ROWS_MAX as i64 + 1]).await?;
    let more = rows.len() > PAGE_ROWS_MAX;
    rows.truncate(PAGE_ROWS_MAX);
    let mut conversations = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: ConversationId = row.get(0)?;
        conversations.push(view(tx, id, row, Vec::new()).await?);
    }
    Ok(wire::Conversations { conversations, more })
}

/// One of the actor's conversations, with what is needed to join its group from outside.
pub async fn get(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &wire::GetConversation,
) -> Result<wire::Conversation, MessagingError> {
    let me = Device::acting(ctx)?;
    let conversation = conversation_id(&request.conversation_id)?;
    let row = tx.query_one(ONE_OF_ACCOUNT, params![me.account, conversation, me.device]).await?;
    let row = row.ok_or(MessagingError::NotFound("conversation"))?;
    let group_info = row.get(4)?;
    view(tx, conversation, &row, group_info).await
}

async fn view(
    tx: &mut Tx,
    id: ConversationId,
    row: &Row,
    group_info: Vec<u8>,
) -> Result<wire::Conversation, MessagingError> {
    let accounts = members(tx, id).await?;
    Ok(wire::Conversation {
        conversation_id: id.as_bytes().to_vec(),
        members: accounts::views(tx, &accounts).await?.into_values().collect(),
        epoch: row.get(1)?,
        gseq: row.get(2)?,
        group_info,
        joined: row.get(3)?,
        group: crate::groups::view(tx, id).await?,
    })
}

/// The conversation between two accounts, if there is one.
pub async fn between(
    _: &Ctx,
    tx: &mut Tx,
    one: AccountId,
    other: AccountId,
) -> Result<Option<ConversationId>, MessagingError> {
    let (a, b) = if one < other { (one, other) } else { (other, one) };
    Ok(tx.query_one(DIRECT, params![a, b]).await?.map(|row| row.get(0)).transpose()?)
}

/// The accounts of a conversation.
pub async fn members(tx: &mut Tx, conversation: ConversationId) -> Result<Vec<AccountId>, MessagingError> {
    let rows = tx.query(MEMBERS, params![conversation]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}

/// The leaves of a group by account, for caches.
pub(crate) async fn devices(
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<BTreeMap<DeviceId, AccountId>, MessagingError> {
    let rows = tx.query(DEVICES_OF, params![conversation]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

async fn current_epoch(tx: &mut Tx, conversation: ConversationId) -> Result<u64, MessagingError> {
    let row =
        tx.query_one(EPOCH, params![conversation]).await?.ok_or(MessagingError::NotFound("conversation"))?;
    Ok(row.get(0)?)
}

pub(crate) fn conversation_id(bytes: &[u8]) -> Result<ConversationId, MessagingError> {
    ConversationId::from_slice(bytes)
        .map_err(|_| MessagingError::invalid("conversation_id", "must have 16 bytes"))
}

fn check_size(bytes: &[u8], what: &'static str) -> Result<(), MessagingError> {
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(MessagingError::TooLarge { what, bytes_max: FRAME_BYTES_MAX });
    }
    Ok(())
}

fn device_of(member: &Member) -> Device {
    Device { account: member.account, device: member.device }
}

fn devices_of(members: &[Member]) -> Vec<Device> {
    members.iter().map(device_of).collect()
}

fn to_bytes(state: &PublicState) -> Result<Vec<u8>, MessagingError> {
    state.to_bytes().map_err(|error| bad_mls("state", error))
}

fn bad_mls(what: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> MessagingError {
    MessagingError::BadMls { what, source: Some(Box::new(error)) }
}
