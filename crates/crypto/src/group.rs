//! # The group behind a conversation
//!
//! A conversation has one MLS group; its id is the conversation's. [`Group`] is a device's own view of it, with the
//! secrets. Its rules:
//!
//! - A change of members is a **commit**. Making one ([`Group::commit`]) changes nothing yet: it is pending until the
//!   server has put it into the group's order ([`Group::confirm`]) or another one came first ([`Group::clear`]).
//! - A device that has lost its way joins by itself ([`Group::join_external`]), with what the server publishes of the
//!   group. Its old leaf goes in the same step, if its signature key is still the same.
//! - Messages of the last [`PAST_EPOCHS`] epochs are still read, since they may cross a commit on the way.
//! - An operation that fails leaves the rows as they were. The `Group` value itself may then be ahead of them: it is
//!   loaded again.

use crate::algorithms::Algorithms;
use crate::group_rows::GroupRows;
use crate::rows::group_prefix;
use crate::{
    Cause, Device, KeyPackageError, LeafError, Member, Rows, RowsError, Suite, key_package, leaf, padding,
};
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    GroupId, LeafNodeParameters, MlsGroup, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    OpenMlsProvider, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProtocolMessage, Sender,
    SenderRatchetConfiguration, StagedCommit, StagedWelcome,
};
use openmls_rust_crypto::RustCrypto;
use plaza_protocol::{AccountId, ConversationId, DeviceId};
use std::collections::BTreeSet;

/// Epochs before the current one whose messages a device still reads. One more than the server accepts.
const PAST_EPOCHS: usize = 3;
const _: () = assert!(PAST_EPOCHS as u64 == plaza_protocol::limits::PAST_EPOCHS + 1);
/// Messages of one sender that may come out of order.
const OUT_OF_ORDER_MESSAGES: u32 = 16;
/// Messages of one sender that may be missing in between.
const MISSING_MESSAGES: u32 = 10_000;

/// The algorithms and the rows of one device.
#[derive(Debug, Default)]
pub struct Keystore {
    crypto: Algorithms,
    rows: Rows,
}

impl Keystore {
    /// A keystore without rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }
}

/// The keystore as openmls wants to see it.
#[derive(Debug)]
pub(crate) struct Provider<'a> {
    crypto: &'a Algorithms,
    rows: GroupRows<'a>,
}

impl<'a> Provider<'a> {
    pub(crate) fn of_group(keystore: &'a Keystore, conversation: ConversationId) -> Self {
        Self { crypto: &keystore.crypto, rows: GroupRows::new(&keystore.rows, conversation) }
    }

    /// For what belongs to no group.
    pub(crate) fn of_device(keystore: &'a Keystore) -> Self {
        Self::of_group(keystore, ConversationId(Default::default()))
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = Algorithms;
    type RandProvider = RustCrypto;
    type StorageProvider = GroupRows<'a>;

    fn storage(&self) -> &GroupRows<'a> {
        &self.rows
    }

    fn crypto(&self) -> &Algorithms {
        self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto.randomness()
    }
}

/// Why a group could not be made, joined or loaded.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Not the MLS object that it should be, or of another conversation.
    #[error("the welcome or group info is malformed")]
    Malformed,
    /// The key package that it was made for is gone: join by an external commit.
    #[error("the key package of this welcome was used before")]
    NoKeyPackage,
    /// A key package of somebody else is refused.
    #[error("a member's key package is refused")]
    KeyPackage(#[from] KeyPackageError),
    /// A leaf is refused.
    #[error("a member's leaf is refused")]
    Leaf(#[from] LeafError),
    /// The group is of a suite that this version does not know.
    #[error("the group is of an unknown suite")]
    UnknownSuite,
    /// It does not verify.
    #[error("the group does not verify")]
    Invalid(#[source] Cause),
    /// The rows are broken.
    #[error("the group's rows are broken")]
    Rows(#[from] RowsError),
}

/// Why a commit could not be made or ended.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A key package is refused.
    #[error("a key package is refused")]
    KeyPackage(#[from] KeyPackageError),
    /// A device to remove is no member, or nothing changes.
    #[error("the commit would change nothing")]
    Nothing,
    /// The library refuses.
    #[error("the commit could not be made")]
    Mls(#[source] Cause),
    /// The rows are broken.
    #[error("the group's rows are broken")]
    Rows(#[from] RowsError),
}

/// A message could not be encrypted: a commit is pending, or the device is no longer a member.
#[derive(Debug, thiserror::Error)]
#[error("the message could not be encrypted in this state of the group")]
pub struct EncryptError(#[source] Cause);

/// Why a message could not be processed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Of an epoch that this device has not reached: a commit is missing.
    #[error("the message is of an epoch to come")]
    FutureEpoch,
    /// A commit of an epoch that has ended.
    #[error("the commit is of an epoch that has ended")]
    PastEpoch,
    /// Not an MLS message of this group.
    #[error("the message is malformed")]
    Malformed,
    /// Its keys are gone, or it was changed on the way.
    #[error("the message cannot be decrypted")]
    Undecryptable(#[source] Cause),
    /// A commit brings a leaf that is refused.
    #[error("a new member's leaf is refused")]
    Leaf(#[from] LeafError),
    /// A commit does not verify.
    #[error("the commit is not valid")]
    InvalidCommit(#[source] Cause),
    /// The rows are broken.
    #[error("the group's rows are broken")]
    Rows(#[source] Cause),
}

/// What a change of the group gives to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The commit, an MLS PublicMessage. Empty where a group is made.
    pub commit: Vec<u8>,
    /// The group info of the new epoch, with the ratchet tree and the external public key.
    pub group_info: Vec<u8>,
    /// The welcome for those who were added; empty if there are none.
    pub welcome: Vec<u8>,
    /// The epoch that this ends.
    pub epoch: u64,
}

/// What a message was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processed {
    /// A message of another device.
    Message {
        /// Whose device sent it.
        account: AccountId,
        /// Which device sent it.
        device: DeviceId,
        /// What it says.
        content: Vec<u8>,
        /// What the sender said beside it, readable for the server but not to be changed by it.
        beside: Vec<u8>,
    },
    /// The group has moved to its next epoch.
    Commit {
        /// Who came.
        added: Vec<Member>,
        /// Who went.
        removed: Vec<Member>,
    },
    /// This device was removed: it reads nothing more.
    Removed,
    /// A message of this device, come back: it cannot be read, and need not.
    Own,
}

/// A device's view of a group.
#[derive(Debug)]
pub struct Group {
    conversation: ConversationId,
    mls: MlsGroup,
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(PAST_EPOCHS)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(
            OUT_OF_ORDER_MESSAGES,
            MISSING_MESSAGES,
        ))
        .build()
}

fn bytes_of(message: &MlsMessageOut) -> Result<Vec<u8>, Cause> {
    message.tls_serialize_detached().map_err(Into::into)
}

fn optional_bytes(message: Option<&MlsMessageOut>) -> Result<Vec<u8>, Cause> {
    message.map_or_else(|| Ok(Vec::new()), bytes_of)
}

fn body_of(bytes: &[u8]) -> Option<MlsMessageBodyIn> {
    MlsMessageIn::tls_deserialize_exact(bytes).ok().map(MlsMessageIn::extract)
}

impl Group {
    /// Makes the group of a new conversation with all devices in it. It begins in epoch 1, at once: nobody else can
    /// have changed it.
    pub fn create(
        keystore: &Keystore,
        device: &Device,
        conversation: ConversationId,
        key_packages: &[Vec<u8>],
    ) -> Result<(Self, Committed), JoinError> {
        let provider = Provider::of_group(keystore, conversation);
        let packages = key_packages
            .iter()
            .map(|bytes| key_package::validated(&provider, bytes))
            .collect::<Result<Vec<_>, _>>()?;
        // The group speaks what all of its first members speak: the suite of their key packages.
        let suite = packages.first().map_or(Suite::current(), |(_, _, suite)| *suite);
        keystore.rows.atomically(|| {
            keystore.rows.remove_below(&group_prefix(conversation));
            let mls = Self::create_alone(&provider, device, conversation, suite)?;
            let mut group = Self { conversation, mls };
            let added = packages.into_iter().map(|(package, _, _)| package).collect();
            let committed = group.stage(&provider, device, added, Vec::new()).map_err(JoinError::Invalid)?;
            group.mls.merge_pending_commit(&provider).map_err(|error| JoinError::Invalid(error.into()))?;
            Ok((group, committed))
        })
    }

    fn create_alone(
        provider: &Provider<'_>,
        device: &Device,
        conversation: ConversationId,
        suite: Suite,
    ) -> Result<MlsGroup, JoinError> {
        MlsGroup::builder()
            .with_group_id(GroupId::from_slice(conversation.as_bytes()))
            .ciphersuite(suite.mls)
            .with_wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(PAST_EPOCHS)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(
                OUT_OF_ORDER_MESSAGES,
                MISSING_MESSAGES,
            ))
            .lifetime(leaf::lifetime())
            .with_capabilities(leaf::capabilities())
            .with_leaf_node_extensions(leaf::extensions(device)?)
            .map_err(|_| JoinError::Leaf(LeafError::NoCertificate))?
            .build(provider, device, leaf::credential(device))
            .map_err(|error| JoinError::Invalid(error.into()))
    }

    /// Joins by a welcome. What was known of the group before is replaced.
    pub fn join(
        keystore: &Keystore,
        conversation: ConversationId,
        welcome: &[u8],
    ) -> Result<Self, JoinError> {
        let Some(MlsMessageBodyIn::Welcome(welcome)) = body_of(welcome) else {
            return Err(JoinError::Malformed);
        };
        let provider = Provider::of_group(keystore, conversation);
        keystore.rows.atomically(|| {
            keystore.rows.remove_below(&group_prefix(conversation));
            let staged = StagedWelcome::build_from_welcome(&provider, &join_config(), welcome)
                .map_err(no_key_package)?
                .skip_lifetime_validation()
                .build()
                .map_err(|error| JoinError::Invalid(error.into()))?;
            if staged.group_context().group_id().as_slice() != conversation.as_bytes() {
                return Err(JoinError::Malformed);
            }
            let mls = staged.into_group(&provider).map_err(|error| JoinError::Invalid(error.into()))?;
            let group = Self { conversation, mls };
            group.verify_leaves()?;
            Ok(group)
        })
    }

    /// Joins by an external commit. The group is in its new epoch at once; if the server refuses the commit, it is
    /// [deleted](Self::delete) and joined again.
    pub fn join_external(
        keystore: &Keystore,
        device: &Device,
        conversation: ConversationId,
        group_info: &[u8],
    ) -> Result<(Self, Committed), JoinError> {
        let Some(MlsMessageBodyIn::GroupInfo(group_info)) = body_of(group_info) else {
            return Err(JoinError::Malformed);
        };
        if group_info.group_id().as_slice() != conversation.as_bytes() {
            return Err(JoinError::Malformed);
        }
        Suite::of(group_info.ciphersuite()).ok_or(JoinError::UnknownSuite)?;
        let epoch = group_info.epoch().as_u64();
        let provider = Provider::of_group(keystore, conversation);
        let parameters = LeafNodeParameters::builder()
            .with_capabilities(leaf::capabilities())
            .with_extensions(leaf::extensions(device)?)
            .build();
        keystore.rows.atomically(|| {
            keystore.rows.remove_below(&group_prefix(conversation));
            let (mls, bundle) = MlsGroup::external_commit_builder()
                .with_config(join_config())
                .skip_lifetime_validation()
                .build_group(&provider, group_info, leaf::credential(device))
                .map_err(|error| JoinError::Invalid(error.into()))?
                .leaf_node_parameters(parameters)
                .load_psks(provider.storage())
                .map_err(|error| JoinError::Invalid(error.into()))?
                .use_ratchet_tree_extension(true)
                .build(provider.rand(), provider.crypto(), device, |_| true)
                .map_err(|error| JoinError::Invalid(error.into()))?
                .finalize(&provider)
                .map_err(|error| JoinError::Invalid(error.into()))?;
            let group = Self { conversation, mls };
            group.verify_leaves()?;
            let (commit, _, group_info) = bundle.into_messages();
            let committed = Committed {
                commit: bytes_of(&commit).map_err(JoinError::Invalid)?,
                group_info: optional_bytes(group_info.as_ref()).map_err(JoinError::Invalid)?,
                welcome: Vec::new(),
                epoch,
            };
            Ok((group, committed))
        })
    }

    /// Loads a group from its rows; `None` if there are none.
    pub fn load(keystore: &Keystore, conversation: ConversationId) -> Result<Option<Self>, RowsError> {
        let provider = Provider::of_group(keystore, conversation);
        let group_id = GroupId::from_slice(conversation.as_bytes());
        let mls = MlsGroup::load(provider.storage(), &group_id)?;
        Ok(mls.map(|mls| Self { conversation, mls }))
    }

    /// Forgets a group for good.
    pub fn delete(keystore: &Keystore, conversation: ConversationId) {
        keystore.rows.remove_below(&group_prefix(conversation));
    }

    /// Its conversation.
    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Its epoch.
    pub fn epoch(&self) -> u64 {
        self.mls.epoch().as_u64()
    }

    /// Its algorithms.
    pub fn suite(&self) -> Option<Suite> {
        Suite::of(self.mls.ciphersuite())
    }

    /// The devices in it.
    pub fn members(&self) -> Vec<Member> {
        let leaves = self.mls.treesync().full_leaves();
        leaves.filter_map(|(_, leaf)| leaf::parsed(leaf).ok()).collect()
    }

    /// Whether a commit of this device waits for the server's word.
    pub fn is_commit_pending(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// A short value that all members of the epoch share and nobody else knows: equal values, equal groups.
    pub fn epoch_authenticator(&self) -> Vec<u8> {
        self.mls.epoch_authenticator().as_slice().to_vec()
    }

    /// Encrypts a message for all other devices of the group. What stands `beside` it is not secret, but nobody can
    /// change it: the message's id.
    pub fn encrypt(
        &mut self,
        keystore: &Keystore,
        device: &Device,
        content: &[u8],
        beside: &[u8],
    ) -> Result<Vec<u8>, EncryptError> {
        let provider = Provider::of_group(keystore, self.conversation);
        self.mls.set_aad(beside.to_vec());
        keystore.rows.atomically(|| {
            let message = self
                .mls
                .create_message(&provider, device, &padding::pad(content))
                .map_err(|error| EncryptError(error.into()))?;
            bytes_of(&message).map_err(EncryptError)
        })
    }

    /// Makes a commit that adds the devices of the key packages and removes others. It is pending afterwards.
    pub fn commit(
        &mut self,
        keystore: &Keystore,
        device: &Device,
        add: &[Vec<u8>],
        remove: &[DeviceId],
    ) -> Result<Committed, CommitError> {
        let provider = Provider::of_group(keystore, self.conversation);
        let present: BTreeSet<_> = self.members().into_iter().map(|member| member.device).collect();
        let mut added = Vec::with_capacity(add.len());
        for bytes in add {
            let (package, member, _) = key_package::validated(&provider, bytes)?;
            if !present.contains(&member.device) || remove.contains(&member.device) {
                added.push(package);
            }
        }
        let removed: Vec<_> = self
            .mls
            .treesync()
            .full_leaves()
            .filter(|(_, leaf)| leaf::parsed(leaf).is_ok_and(|member| remove.contains(&member.device)))
            .map(|(index, _)| index)
            .collect();
        if added.is_empty() && removed.is_empty() {
            return Err(CommitError::Nothing);
        }
        keystore.rows.atomically(|| self.stage(&provider, device, added, removed).map_err(CommitError::Mls))
    }

    fn stage(
        &mut self,
        provider: &Provider<'_>,
        device: &Device,
        add: Vec<openmls::prelude::KeyPackage>,
        remove: Vec<openmls::prelude::LeafNodeIndex>,
    ) -> Result<Committed, Cause> {
        let epoch = self.epoch();
        let bundle = self
            .mls
            .commit_builder()
            .propose_adds(add)
            .propose_removals(remove)
            .load_psks(provider.storage())?
            .use_ratchet_tree_extension(true)
            .build(provider.rand(), provider.crypto(), device, |_| true)?
            .stage_commit(provider)?;
        let (commit, welcome, group_info) = bundle.into_messages();
        Ok(Committed {
            commit: bytes_of(&commit)?,
            group_info: optional_bytes(group_info.as_ref())?,
            welcome: optional_bytes(welcome.as_ref())?,
            epoch,
        })
    }

    /// The server has accepted the pending commit: the group moves on. Without one, nothing happens.
    pub fn confirm(&mut self, keystore: &Keystore) -> Result<(), CommitError> {
        if !self.is_commit_pending() {
            return Ok(());
        }
        let provider = Provider::of_group(keystore, self.conversation);
        keystore.rows.atomically(|| {
            self.mls.merge_pending_commit(&provider).map_err(|error| CommitError::Mls(error.into()))
        })
    }

    /// The server has refused the pending commit: it is forgotten.
    pub fn clear(&mut self, keystore: &Keystore) -> Result<(), CommitError> {
        let provider = Provider::of_group(keystore, self.conversation);
        keystore.rows.atomically(|| Ok(self.mls.clear_pending_commit(provider.storage())?))
    }

    /// Takes a message or a commit of the group, in the server's order.
    pub fn process(&mut self, keystore: &Keystore, message: &[u8]) -> Result<Processed, ProcessError> {
        let message = match body_of(message) {
            Some(MlsMessageBodyIn::PrivateMessage(message)) => ProtocolMessage::from(message),
            Some(MlsMessageBodyIn::PublicMessage(message)) => ProtocolMessage::from(message),
            _ => return Err(ProcessError::Malformed),
        };
        if message.group_id().as_slice() != self.conversation.as_bytes() {
            return Err(ProcessError::Malformed);
        }
        if message.epoch() > self.mls.epoch() {
            return Err(ProcessError::FutureEpoch);
        }
        let is_handshake = message.is_handshake_message();
        if is_handshake && message.epoch() < self.mls.epoch() {
            return Err(ProcessError::PastEpoch);
        }
        let provider = Provider::of_group(keystore, self.conversation);
        keystore.rows.atomically(|| {
            let processed = self.mls.process_message(&provider, message).map_err(|error| {
                let cause: Cause = error.into();
                if is_handshake {
                    ProcessError::InvalidCommit(cause)
                } else {
                    ProcessError::Undecryptable(cause)
                }
            })?;
            let sender = processed.sender().clone();
            let credential = processed.credential().clone();
            let beside = processed.aad().to_vec();
            match processed.into_content() {
                ProcessedMessageContent::ApplicationMessage(message) => {
                    let (account, device) = leaf::of_credential(&credential)?;
                    let content = padding::unpad(message.into_bytes()).ok_or(ProcessError::Malformed)?;
                    Ok(Processed::Message { account, device, content, beside })
                }
                ProcessedMessageContent::StagedCommitMessage(staged) => {
                    self.merge(&provider, &sender, *staged)
                }
                ProcessedMessageContent::OwnPendingCommit => self.merge_own(&provider),
                ProcessedMessageContent::OwnPrivateMessage => Ok(Processed::Own),
                // Proposals travel inside commits only.
                _ => Err(ProcessError::Malformed),
            }
        })
    }

    fn merge_own(&mut self, provider: &Provider<'_>) -> Result<Processed, ProcessError> {
        let before = self.members();
        self.mls.merge_pending_commit(provider).map_err(|error| ProcessError::Rows(error.into()))?;
        Ok(difference(before, self.members()))
    }

    fn merge(
        &mut self,
        provider: &Provider<'_>,
        sender: &Sender,
        staged: StagedCommit,
    ) -> Result<Processed, ProcessError> {
        for added in staged.add_proposals() {
            leaf::verified_key_package(added.add_proposal().key_package())?;
        }
        if let Some(new_leaf) = staged.update_path_leaf_node() {
            let member = leaf::verified(new_leaf)?;
            if let Sender::Member(index) = sender {
                let old = self.mls.member(*index).ok_or(LeafError::Credential)?;
                if leaf::of_credential(old)? != (member.account, member.device) {
                    return Err(LeafError::OtherDevice.into());
                }
            }
        }
        let is_removed = staged.self_removed();
        let before = self.members();
        self.mls.merge_staged_commit(provider, staged).map_err(|error| ProcessError::Rows(error.into()))?;
        Ok(if is_removed { Processed::Removed } else { difference(before, self.members()) })
    }

    fn verify_leaves(&self) -> Result<(), LeafError> {
        let mut devices = BTreeSet::new();
        for (_, leaf) in self.mls.treesync().full_leaves() {
            if !devices.insert(leaf::verified(leaf)?.device) {
                return Err(LeafError::Twice);
            }
        }
        Ok(())
    }
}

fn no_key_package(error: openmls::prelude::WelcomeError<RowsError>) -> JoinError {
    match error {
        openmls::prelude::WelcomeError::NoMatchingKeyPackage => JoinError::NoKeyPackage,
        other => JoinError::Invalid(other.into()),
    }
}

fn difference(before: Vec<Member>, after: Vec<Member>) -> Processed {
    let devices = |members: &[Member]| members.iter().map(|member| member.device).collect::<BTreeSet<_>>();
    let (old, new) = (devices(&before), devices(&after));
    Processed::Commit {
        added: after.into_iter().filter(|member| !old.contains(&member.device)).collect(),
        removed: before.into_iter().filter(|member| !new.contains(&member.device)).collect(),
    }
}
