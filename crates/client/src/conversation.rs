//! # A conversation, from the side of its cryptography
//!
//! [`Conversation`] is what every kind of client needs: the MLS group, the phase that it is in, what was seen already,
//! and the envelopes that wait for their epoch. A person's client ([`crate::Machine`]) puts a timeline and an outbox
//! around it; the gateway of a business number ([`crate::hosted`]) puts its own tables around it.
//!
//! ## Phases
//!
//! | phase | meaning | leaves it by |
//! |---|---|---|
//! | draft | only here, nothing was sent yet | the first message: creating |
//! | creating | the group is made, the server has not answered | the answer: active, or another one takes over |
//! | active | messages go and come | a loss, a removal |
//! | joining | an external commit is on its way | the answer: active, or lost again |
//! | lost | no group that could read: a new device, a lost store, a broken epoch | an external commit: joining |
//! | left | the account is no member any more | a welcome, or a link followed again |
//!
//! A conversation is never dead: whatever cannot be read ends in *lost*, and *lost* ends in a join from outside.
//!
//! ## Order and repetition
//!
//! The server gives each message and commit a number in the conversation (`gseq`). A number or a message id that was
//! seen is skipped. An envelope of an epoch to come is kept until the commit between was confirmed or processed.

use crate::rows::{self, RowError};
use plaza_crypto::{
    CommitError, Committed, Device, Group, JoinError, Keystore, Member, ProcessError, Processed, RowsError,
};
use plaza_protocol::content::Content;
use plaza_protocol::wire::{self, Envelope, EnvelopeKind};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, MessageId, Timestamp};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeSet;

/// Numbers and ids that are remembered to recognise a repetition.
const SEEN_MAX: usize = 32;
/// Envelopes that may wait for their epoch; more than that, and the conversation joins anew.
const HELD_MAX: usize = 512;

/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Only here.
    Draft,
    /// On its way to the server.
    Creating,
    /// Messages go and come.
    Active,
    /// An external commit is on its way.
    Joining,
    /// Must be joined from outside.
    Lost,
    /// No longer a member.
    Left,
}

/// A commit or a creation that the server has not answered; repeated as it is until it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    message_id: MessageId,
    commit: ByteBuf,
    group_info: ByteBuf,
    welcome: ByteBuf,
    epoch: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    members: Vec<AccountId>,
    phase: Phase,
    pending: Option<Pending>,
    /// The epoch in which this device came in: what was said before is not for it.
    since: u64,
    /// A creation was sent and its group lost: if the server has the conversation, it is with that group.
    attempted: bool,
}

/// What was seen: the newest numbers with their message ids, and the number up to which everything counts as seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    floor: u64,
    entries: Vec<(u64, [u8; 16])>,
}

impl Seen {
    fn contains(&self, gseq: u64, message_id: &[u8]) -> bool {
        gseq <= self.floor
            || self
                .entries
                .iter()
                .any(|(seen, id)| *seen == gseq || (!message_id.is_empty() && id == message_id))
    }

    fn insert(&mut self, gseq: u64, message_id: &[u8]) {
        let id = message_id.try_into().unwrap_or_default();
        let at = self.entries.partition_point(|(seen, _)| *seen < gseq);
        self.entries.insert(at, (gseq, id));
        if self.entries.len() > SEEN_MAX {
            self.floor = self.floor.max(self.entries.remove(0).0);
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.floor.to_be_bytes().to_vec();
        for (gseq, id) in &self.entries {
            bytes.extend_from_slice(&gseq.to_be_bytes());
            bytes.extend_from_slice(id);
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (floor, entries) = bytes.split_first_chunk::<8>()?;
        let entries = entries
            .chunks_exact(24)
            .map(|entry| {
                let (gseq, id) = entry.split_first_chunk::<8>()?;
                Some((u64::from_be_bytes(*gseq), id.try_into().ok()?))
            })
            .collect::<Option<_>>()?;
        Some(Self { floor: u64::from_be_bytes(*floor), entries })
    }
}

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// As the sender made it; the sender's device has signed it.
    pub message_id: MessageId,
    /// Who sent it, as its signature proves.
    pub account: AccountId,
    /// From which device.
    pub device: DeviceId,
    /// Its place in the conversation.
    pub gseq: u64,
    /// When the server stored it.
    pub sent_at: Timestamp,
    /// What it says.
    pub content: Content,
}

/// What an envelope was.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A message to show.
    Message(Box<Received>),
    /// Devices came or went.
    Members {
        /// Who came.
        added: Vec<Member>,
        /// Who went.
        removed: Vec<Member>,
    },
    /// This device is in the group now, by a welcome.
    Joined,
    /// Kept until its epoch comes.
    Held,
    /// Seen before, or nothing that matters.
    Skipped,
    /// A message that this device cannot read.
    Unreadable,
    /// The group cannot go on here: [`Phase::Lost`].
    Broken,
    /// The device was removed from the group: [`Phase::Lost`], until the server says whether it is still a member.
    Removed,
}

/// Why an operation on a conversation failed.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// There is no group yet, or a commit waits for its answer: later.
    #[error("the conversation is not ready")]
    NotReady,
    /// The message could not be encrypted.
    #[error("the message could not be encrypted")]
    Encrypt(#[from] plaza_crypto::EncryptError),
    /// The group could not be made or joined.
    #[error("the group could not be joined")]
    Join(#[from] JoinError),
    /// The members could not be changed.
    #[error("the members could not be changed")]
    Commit(#[from] CommitError),
    /// A row is broken.
    #[error("the conversation's rows are broken")]
    Rows(#[from] RowError),
}

impl From<RowsError> for ConversationError {
    fn from(error: RowsError) -> Self {
        Self::Rows(error.into())
    }
}

/// See the [module](self).
#[derive(Debug)]
pub struct Conversation {
    id: ConversationId,
    state: State,
    seen: Seen,
    group: Option<Group>,
}

impl Conversation {
    fn new(id: ConversationId, members: Vec<AccountId>, phase: Phase) -> Self {
        Self {
            id,
            state: State { members, phase, pending: None, since: 0, attempted: false },
            seen: Seen::default(),
            group: None,
        }
    }

    /// A conversation that the server does not know yet.
    pub fn draft(keystore: &Keystore, id: ConversationId, members: Vec<AccountId>) -> Result<Self, RowError> {
        let conversation = Self::new(id, members, Phase::Draft);
        conversation.save(keystore)?;
        Ok(conversation)
    }

    /// A conversation of this account whose group this device does not have.
    pub fn lost(keystore: &Keystore, id: ConversationId, members: Vec<AccountId>) -> Result<Self, RowError> {
        let conversation = Self::new(id, members, Phase::Lost);
        conversation.save(keystore)?;
        Ok(conversation)
    }

    /// Loads a conversation whose rows are in the keystore; `None` if there are none.
    pub fn load(keystore: &Keystore, id: ConversationId) -> Result<Option<Self>, RowError> {
        let Some(state) = rows::read::<State>(keystore.rows(), &rows::conversation(id, rows::STATE))? else {
            return Ok(None);
        };
        let seen = match keystore.rows().get(&rows::conversation(id, rows::SEEN)) {
            Some(bytes) => Seen::from_bytes(&bytes).ok_or(RowError)?,
            None => Seen::default(),
        };
        let mut conversation = Self { id, state, seen, group: None };
        if !matches!(conversation.state.phase, Phase::Draft | Phase::Lost | Phase::Left) {
            let creating = conversation.state.phase == Phase::Creating;
            conversation.group = Group::load(keystore, id).unwrap_or_default();
            if conversation.group.is_none() {
                conversation.lose(keystore)?;
                if creating {
                    conversation.state.phase = Phase::Draft;
                    conversation.state.attempted = true;
                    conversation.save(keystore)?;
                }
            }
        }
        Ok(Some(conversation))
    }

    fn save(&self, keystore: &Keystore) -> Result<(), RowError> {
        rows::write(keystore.rows(), rows::conversation(self.id, rows::STATE), &self.state)
    }

    fn save_seen(&self, keystore: &Keystore) {
        keystore.rows().set(rows::conversation(self.id, rows::SEEN), self.seen.to_bytes());
    }

    /// Its id.
    pub fn id(&self) -> ConversationId {
        self.id
    }

    /// The accounts in it, as far as is known here.
    pub fn members(&self) -> &[AccountId] {
        &self.state.members
    }

    /// Its phase.
    pub fn phase(&self) -> Phase {
        self.state.phase
    }

    /// The epoch of its group.
    pub fn epoch(&self) -> Option<u64> {
        self.group.as_ref().map(Group::epoch)
    }

    /// The devices in its group.
    pub fn devices(&self) -> Vec<Member> {
        self.group.as_ref().map(Group::members).unwrap_or_default()
    }

    /// The accounts that have a device in its group.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.devices().into_iter().map(|member| member.account).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Equal values, equal groups.
    pub fn epoch_authenticator(&self) -> Option<Vec<u8>> {
        self.group.as_ref().map(Group::epoch_authenticator)
    }

    /// Whether a message can be encrypted now.
    pub fn is_ready(&self) -> bool {
        self.state.phase == Phase::Active && self.state.pending.is_none() && self.group.is_some()
    }

    /// The group is gone or of no use: it is forgotten, and must be joined from outside.
    pub fn lose(&mut self, keystore: &Keystore) -> Result<(), RowError> {
        Group::delete(keystore, self.id);
        self.group = None;
        self.state.phase = Phase::Lost;
        self.state.pending = None;
        self.save(keystore)
    }

    /// The account is no member any more.
    pub fn leave(&mut self, keystore: &Keystore) -> Result<(), RowError> {
        self.lose(keystore)?;
        self.state.phase = Phase::Left;
        self.save(keystore)
    }

    /// Encrypts a message for all other devices.
    pub fn encrypt(
        &mut self,
        keystore: &Keystore,
        device: &Device,
        message_id: MessageId,
        content: &Content,
    ) -> Result<wire::Send, ConversationError> {
        if !self.is_ready() {
            return Err(ConversationError::NotReady);
        }
        let group = self.group.as_mut().ok_or(ConversationError::NotReady)?;
        let ciphertext = group.encrypt(keystore, device, &content.encode_to_vec(), message_id.as_bytes())?;
        Ok(wire::Send {
            conversation_id: self.id.as_bytes().to_vec(),
            message_id: message_id.as_bytes().to_vec(),
            epoch: group.epoch(),
            ciphertext,
        })
    }

    /// Makes the group with the devices of the key packages: the request to send.
    pub fn create(
        &mut self,
        ctx: &Ctx,
        keystore: &Keystore,
        device: &Device,
        key_packages: &[Vec<u8>],
    ) -> Result<wire::CreateConversation, ConversationError> {
        let (group, committed) = Group::create(keystore, device, self.id, key_packages)?;
        self.group = Some(group);
        self.wait_for(ctx, keystore, committed, Phase::Creating)?;
        self.creation().ok_or(ConversationError::NotReady)
    }

    /// The creation that waits for its answer.
    pub fn creation(&self) -> Option<wire::CreateConversation> {
        let pending = self.state.pending.as_ref().filter(|_| self.state.phase == Phase::Creating)?;
        Some(wire::CreateConversation {
            conversation_id: self.id.as_bytes().to_vec(),
            accounts: self.state.members.iter().map(|account| account.as_bytes().to_vec()).collect(),
            group_info: pending.group_info.to_vec(),
            welcome: pending.welcome.to_vec(),
        })
    }

    /// Makes a commit that adds and removes devices: the request to send.
    pub fn commit(
        &mut self,
        ctx: &Ctx,
        keystore: &Keystore,
        device: &Device,
        add: &[Vec<u8>],
        remove: &[DeviceId],
    ) -> Result<wire::Commit, ConversationError> {
        if !self.is_ready() {
            return Err(ConversationError::NotReady);
        }
        let group = self.group.as_mut().ok_or(ConversationError::NotReady)?;
        let committed = group.commit(keystore, device, add, remove)?;
        self.wait_for(ctx, keystore, committed, Phase::Active)?;
        self.pending_commit().ok_or(ConversationError::NotReady)
    }

    /// Joins from outside, with the group info that the server published: the request to send.
    pub fn join(
        &mut self,
        ctx: &Ctx,
        keystore: &Keystore,
        device: &Device,
        group_info: &[u8],
    ) -> Result<wire::Commit, ConversationError> {
        let (group, committed) = Group::join_external(keystore, device, self.id, group_info)?;
        self.state.since = group.epoch();
        self.group = Some(group);
        self.wait_for(ctx, keystore, committed, Phase::Joining)?;
        self.pending_commit().ok_or(ConversationError::NotReady)
    }

    fn wait_for(
        &mut self,
        ctx: &Ctx,
        keystore: &Keystore,
        committed: Committed,
        phase: Phase,
    ) -> Result<(), RowError> {
        self.state.phase = phase;
        self.state.pending = Some(Pending {
            message_id: ctx.ordered_id(),
            commit: committed.commit.into(),
            group_info: committed.group_info.into(),
            welcome: committed.welcome.into(),
            epoch: committed.epoch,
        });
        self.save(keystore)
    }

    /// The commit that waits for its answer.
    pub fn pending_commit(&self) -> Option<wire::Commit> {
        let pending = self.state.pending.as_ref().filter(|_| self.state.phase != Phase::Creating)?;
        Some(wire::Commit {
            conversation_id: self.id.as_bytes().to_vec(),
            message_id: pending.message_id.as_bytes().to_vec(),
            epoch: pending.epoch,
            commit: pending.commit.to_vec(),
            group_info: pending.group_info.to_vec(),
            welcome: pending.welcome.to_vec(),
        })
    }

    /// The server has had this very conversation all along. If it may be with a group that was lost here, that one is
    /// joined instead.
    pub fn existed(&mut self, keystore: &Keystore) -> Result<(), ConversationError> {
        if self.state.attempted {
            self.state.attempted = false;
            return Ok(self.lose(keystore)?);
        }
        self.accepted(keystore)
    }

    /// The server has carried out what was pending. [`Self::take_held`] follows.
    pub fn accepted(&mut self, keystore: &Keystore) -> Result<(), ConversationError> {
        if self.state.pending.take().is_some() {
            if let Some(group) = &mut self.group {
                group.confirm(keystore)?;
            }
            self.state.phase = Phase::Active;
            self.save(keystore)?;
        }
        Ok(())
    }

    /// The server has refused what was pending: a commit of a member is forgotten, a join begins anew, a creation is a
    /// draft again.
    pub fn refused(&mut self, keystore: &Keystore) -> Result<(), ConversationError> {
        match self.state.phase {
            Phase::Creating => {
                self.lose(keystore)?;
                self.state.phase = Phase::Draft;
            }
            Phase::Joining => self.lose(keystore)?,
            _ if self.state.pending.take().is_some() => {
                if let Some(group) = &mut self.group {
                    group.clear(keystore)?;
                }
            }
            _ => {}
        }
        self.save(keystore)?;
        Ok(())
    }

    /// Sets who is in the conversation, as the server says.
    pub fn set_members(&mut self, keystore: &Keystore, members: Vec<AccountId>) -> Result<(), RowError> {
        if self.state.members != members {
            self.state.members = members;
            self.save(keystore)?;
        }
        Ok(())
    }

    /// Takes an envelope, in the server's order.
    pub fn process(
        &mut self,
        keystore: &Keystore,
        envelope: &Envelope,
    ) -> Result<Outcome, ConversationError> {
        let kind = EnvelopeKind::try_from(envelope.kind).unwrap_or(EnvelopeKind::Unknown);
        if kind != EnvelopeKind::Welcome && self.seen.contains(envelope.gseq, &envelope.message_id) {
            return Ok(Outcome::Skipped);
        }
        let outcome = match (kind, self.state.phase) {
            (EnvelopeKind::Welcome, _) => self.welcome(keystore, envelope)?,
            (EnvelopeKind::Unknown, _) | (_, Phase::Left) => Outcome::Skipped,
            (_, Phase::Draft | Phase::Creating | Phase::Joining | Phase::Lost) => {
                self.hold(keystore, envelope)?
            }
            (_, Phase::Active) => self.receive(keystore, envelope)?,
        };
        if !matches!(outcome, Outcome::Held | Outcome::Joined | Outcome::Broken)
            && kind != EnvelopeKind::Welcome
        {
            self.seen.insert(envelope.gseq, &envelope.message_id);
            self.save_seen(keystore);
        }
        Ok(outcome)
    }

    fn welcome(&mut self, keystore: &Keystore, envelope: &Envelope) -> Result<Outcome, ConversationError> {
        // A join from outside waits for its answer: if it is refused, this is the way in.
        if self.state.phase == Phase::Joining {
            return self.hold(keystore, envelope);
        }
        // A group that is as far knows better than a welcome.
        if self.epoch().is_some_and(|epoch| epoch >= envelope.epoch) {
            return Ok(Outcome::Skipped);
        }
        match Group::join(keystore, self.id, &envelope.body) {
            Ok(group) => {
                self.state.since = group.epoch();
                self.group = Some(group);
                self.state.phase = Phase::Active;
                self.state.pending = None;
                self.state.members = self.accounts();
                self.save(keystore)?;
                Ok(Outcome::Joined)
            }
            Err(_) if self.state.phase == Phase::Active => Ok(Outcome::Skipped),
            Err(_) => {
                self.lose(keystore)?;
                Ok(Outcome::Broken)
            }
        }
    }

    fn receive(&mut self, keystore: &Keystore, envelope: &Envelope) -> Result<Outcome, ConversationError> {
        let Some(group) = &mut self.group else {
            self.lose(keystore)?;
            return self.hold(keystore, envelope);
        };
        if envelope.epoch < self.state.since {
            return Ok(Outcome::Skipped);
        }
        let processed = match group.process(keystore, &envelope.body) {
            Ok(processed) => processed,
            Err(ProcessError::FutureEpoch) if self.state.pending.is_some() => {
                return self.hold(keystore, envelope);
            }
            Err(ProcessError::FutureEpoch) => {
                // The commit between is not here, and the server sends in order: it was lost.
                self.hold(keystore, envelope)?;
                self.lose(keystore)?;
                return Ok(Outcome::Broken);
            }
            Err(ProcessError::PastEpoch) => return Ok(Outcome::Skipped),
            Err(ProcessError::Undecryptable(_) | ProcessError::Malformed) => return Ok(Outcome::Unreadable),
            Err(ProcessError::InvalidCommit(_) | ProcessError::Leaf(_) | ProcessError::Rows(_)) => {
                self.lose(keystore)?;
                return Ok(Outcome::Broken);
            }
        };
        match processed {
            Processed::Message { account, device, content, beside } => {
                Ok(received(envelope, account, device, &content, &beside))
            }
            Processed::Commit { added, removed } => {
                // Whatever this device had on its way for that epoch has lost, or was this very commit.
                if self.state.pending.take().is_some() {
                    self.save(keystore)?;
                }
                Ok(Outcome::Members { added, removed })
            }
            Processed::Removed => {
                self.lose(keystore)?;
                Ok(Outcome::Removed)
            }
            Processed::Own => Ok(Outcome::Skipped),
        }
    }

    fn hold(&mut self, keystore: &Keystore, envelope: &Envelope) -> Result<Outcome, ConversationError> {
        let prefix = rows::held(self.id, None);
        if keystore.rows().below(&prefix).len() >= HELD_MAX {
            keystore.rows().remove_below(&prefix);
            self.lose(keystore)?;
            return Ok(Outcome::Broken);
        }
        keystore.rows().set(rows::held(self.id, Some(envelope.gseq)), envelope.encode_to_vec());
        Ok(Outcome::Held)
    }

    /// The envelopes that waited, in their order, to be processed again; none while the conversation is not ready.
    pub fn take_held(&mut self, keystore: &Keystore) -> Vec<Envelope> {
        if !self.is_ready() {
            return Vec::new();
        }
        let prefix = rows::held(self.id, None);
        let held = keystore.rows().below(&prefix);
        keystore.rows().remove_below(&prefix);
        held.iter().filter_map(|(_, bytes)| Envelope::decode(bytes.as_slice()).ok()).collect()
    }

    /// The last welcome among the envelopes that wait. Where a join from outside came too late, because somebody had
    /// let this device in, what was said since then is encrypted for the group that it leads to, and for no later one.
    pub fn take_held_welcome(&mut self, keystore: &Keystore) -> Option<Envelope> {
        let held = keystore.rows().below(&rows::held(self.id, None));
        let envelopes = held.iter().rev().filter_map(|(_, bytes)| Envelope::decode(bytes.as_slice()).ok());
        let welcome = envelopes.into_iter().find(|held| held.kind() == EnvelopeKind::Welcome)?;
        keystore.rows().remove_below(&rows::held(self.id, Some(welcome.gseq)));
        Some(welcome)
    }

    /// Which devices to add and to remove, so that the group has exactly the present devices of its members.
    pub fn differences(&self, members: &[wire::Account]) -> Differences {
        let leaves: BTreeSet<_> =
            self.devices().into_iter().map(|member| (member.account, member.device)).collect();
        let mut present = BTreeSet::new();
        for member in members {
            let Ok(account) = AccountId::from_slice(&member.account_id) else { continue };
            let devices = member.device_ids.iter().filter_map(|device| DeviceId::from_slice(device).ok());
            present.extend(devices.map(|device| (account, device)));
        }
        Differences {
            missing: present.difference(&leaves).copied().collect(),
            gone: leaves.difference(&present).map(|(_, device)| *device).collect(),
        }
    }
}

/// See [`Conversation::differences`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// Devices that are not in the group.
    pub missing: Vec<(AccountId, DeviceId)>,
    /// Leaves of devices that are not there any more.
    pub gone: Vec<DeviceId>,
}

fn received(
    envelope: &Envelope,
    account: AccountId,
    device: DeviceId,
    content: &[u8],
    beside: &[u8],
) -> Outcome {
    let (Ok(content), Ok(message_id)) = (Content::decode(content), MessageId::from_slice(beside)) else {
        return Outcome::Unreadable;
    };
    Outcome::Message(Box::new(Received {
        message_id,
        account,
        device,
        gseq: envelope.gseq,
        sent_at: Timestamp(envelope.sent_at),
        content,
    }))
}
