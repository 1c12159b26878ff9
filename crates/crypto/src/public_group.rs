//! # The server's view of a group
//!
//! The server orders commits; so that it never puts one into the order that the members would refuse, it follows each
//! group from its creation, without any secret: [`PublicState`] is the ratchet tree, the group context and little more.
//! It says who is in the group, checks each commit, and checks that the group info that comes with a commit is that of
//! the new epoch, so that whoever joins from outside later gets the right one.
//!
//! All input is what a client sent: anything may be wrong with it, and nothing of it panics. A state changes only by a
//! commit that is valid as a whole. One thing only members can check, the code under their membership key (RFC 9420,
//! 6.2): who spoils it makes the others refuse the commit and join anew.

use crate::group::Provider;
use crate::rows::{decode, encode, group_prefix};
use crate::{Cause, IdentityKey, Keystore, LeafError, Member, Suite, leaf};
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    GroupId, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _, ProcessedMessageContent, Proposal,
    ProposalStore, ProtocolMessage, PublicGroup, Sender, StagedCommit,
};
use plaza_protocol::{AccountId, ConversationId};
use std::collections::{BTreeMap, BTreeSet};

/// Why the server refuses a group info or a commit.
#[derive(Debug, thiserror::Error)]
pub enum RefusedError {
    /// Not the MLS object that it should be.
    #[error("the MLS object is malformed")]
    Malformed,
    /// Of another conversation.
    #[error("the MLS object is of another conversation")]
    OtherConversation,
    /// Of a suite that this version does not know.
    #[error("the group is of an unknown suite")]
    UnknownSuite,
    /// Made in another epoch than the current one.
    #[error("the commit is of another epoch")]
    WrongEpoch {
        /// The current epoch.
        current: u64,
    },
    /// A signature, a hash or the tree does not verify.
    #[error("the MLS object does not verify")]
    Invalid(#[source] Cause),
    /// A leaf is refused.
    #[error("a leaf is refused")]
    Leaf(#[from] LeafError),
    /// A leaf names an account that is not known, or an identity key that is not the account's.
    #[error("a leaf names another identity key than the account's")]
    Identity {
        /// The account.
        account: AccountId,
    },
    /// A commit holds something that Plaza does not use.
    #[error("the commit holds a proposal that is not allowed")]
    Proposal,
    /// A device joins from outside for an account that is no member, or removes what is not its own.
    #[error("the device may not join from outside")]
    External,
    /// The group info is not that of the epoch that the commit opens.
    #[error("the group info is not that of the new epoch")]
    OtherGroupInfo,
    /// The stored state is broken.
    #[error("the stored group state is broken")]
    State(#[source] Cause),
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The epoch that it opened.
    pub epoch: u64,
    /// Who committed.
    pub sender: Member,
    /// Whether the sender joined by this commit, from outside.
    pub external: bool,
    /// Who is in the group now.
    pub members: Vec<Member>,
    /// Who came, by a welcome or, if external, by itself.
    pub added: Vec<Member>,
    /// Who went.
    pub removed: Vec<Member>,
}

/// The public state of a group, as the server keeps it.
#[derive(Debug)]
pub struct PublicState {
    conversation: ConversationId,
    keystore: Keystore,
    group: PublicGroup,
}

impl PublicState {
    /// Begins to follow a group. The whole tree is checked; `identity_of` names the identity key that an account has
    /// registered.
    pub fn from_group_info(
        conversation: ConversationId,
        group_info: &[u8],
        identity_of: impl Fn(AccountId) -> Option<IdentityKey>,
    ) -> Result<Self, RefusedError> {
        let keystore = Keystore::new();
        let group = follow(&keystore, conversation, read_group_info(conversation, group_info)?)?;
        let state = Self { conversation, keystore, group };
        state.verify_leaves(&identity_of)?;
        Ok(state)
    }

    fn verify_leaves(
        &self,
        identity_of: &impl Fn(AccountId) -> Option<IdentityKey>,
    ) -> Result<(), RefusedError> {
        let mut devices = BTreeSet::new();
        for (_, leaf) in self.group.treesync().full_leaves() {
            let member = leaf::verified(leaf)?;
            known(&member, identity_of)?;
            if !devices.insert(member.device) {
                return Err(LeafError::Twice.into());
            }
        }
        Ok(())
    }

    /// Reads the state from what [`Self::to_bytes`] gave.
    pub fn from_bytes(conversation: ConversationId, bytes: &[u8]) -> Result<Self, RefusedError> {
        let rows: Vec<(serde_bytes::ByteBuf, serde_bytes::ByteBuf)> =
            decode(bytes).map_err(|error| RefusedError::State(error.into()))?;
        let keystore = Keystore::new();
        let prefix = group_prefix(conversation);
        let rows = rows.into_iter().map(|(name, value)| ([&prefix[..], &name].concat(), value.into_vec()));
        keystore.rows().load(rows);
        let group = load_group(&keystore, conversation)?;
        Ok(Self { conversation, keystore, group })
    }

    /// The state as one value.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RefusedError> {
        let prefix = group_prefix(self.conversation);
        let rows: Vec<(serde_bytes::ByteBuf, serde_bytes::ByteBuf)> = self
            .keystore
            .rows()
            .below(&prefix)
            .into_iter()
            .map(|(key, value)| (key.get(prefix.len()..).unwrap_or_default().to_vec().into(), value.into()))
            .collect();
        encode(&rows).map_err(|error| RefusedError::State(error.into()))
    }

    /// The current epoch.
    pub fn epoch(&self) -> u64 {
        self.group.group_context().epoch().as_u64()
    }

    /// The devices in the group, in the order of their ids.
    pub fn members(&self) -> Vec<Member> {
        let leaves = self.group.treesync().full_leaves();
        let mut members: Vec<_> = leaves.filter_map(|(_, leaf)| leaf::parsed(leaf).ok()).collect();
        members.sort();
        members
    }

    /// Checks a commit against the current epoch and, if it and the group info of the new epoch are right, moves on.
    /// An error leaves the state as it was.
    pub fn apply_commit(
        &mut self,
        commit: &[u8],
        group_info: &[u8],
        expected_epoch: u64,
        identity_of: impl Fn(AccountId) -> Option<IdentityKey>,
    ) -> Result<Applied, RefusedError> {
        let current = self.epoch();
        let message = read_commit(commit)?;
        if message.group_id().as_slice() != self.conversation.as_bytes() {
            return Err(RefusedError::OtherConversation);
        }
        if expected_epoch != current || message.epoch().as_u64() != current {
            return Err(RefusedError::WrongEpoch { current });
        }
        let next = read_group_info(self.conversation, group_info)?;
        let provider = Provider::of_group(&self.keystore, self.conversation);
        let processed = self
            .group
            .process_message(provider.crypto(), message)
            .map_err(|error| RefusedError::Invalid(error.into()))?;
        let sender = processed.sender().clone();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(RefusedError::Malformed);
        };
        let judged = self.judge(&sender, &staged, &identity_of)?;
        if next.group_context() != staged.group_context() {
            return Err(RefusedError::OtherGroupInfo);
        }
        // Its signature, tree and confirmation tag are checked like those of any group that one begins to follow.
        let published = follow(&Keystore::new(), self.conversation, next)?;
        let before = self.members();
        self.merge(*staged, &published)?;
        let members = self.members();
        let still: BTreeSet<_> = members.iter().map(|member| member.device).collect();
        let removed = before.into_iter().filter(|member| !still.contains(&member.device)).collect();
        Ok(Applied {
            epoch: self.epoch(),
            sender: judged.sender,
            external: judged.external,
            added: judged.added,
            removed,
            members,
        })
    }

    /// Whether a valid commit does only what Plaza allows.
    fn judge(
        &self,
        sender: &Sender,
        staged: &StagedCommit,
        identity_of: &impl Fn(AccountId) -> Option<IdentityKey>,
    ) -> Result<Judged, RefusedError> {
        let mut present: BTreeMap<u32, Member> = BTreeMap::new();
        for (index, leaf) in self.group.treesync().full_leaves() {
            present.insert(index.u32(), leaf::parsed(leaf)?);
        }
        let path_leaf = staged.update_path_leaf_node().map(leaf::verified).transpose()?;
        let (sender, external) = match (sender, path_leaf) {
            (Sender::Member(index), path_leaf) => {
                let member = present.get(&index.u32()).cloned().ok_or(RefusedError::Malformed)?;
                if path_leaf.is_some_and(|leaf| leaf != member) {
                    return Err(LeafError::OtherDevice.into());
                }
                (member, false)
            }
            (Sender::NewMemberCommit, Some(joiner)) => (joiner, true),
            _ => return Err(RefusedError::External),
        };
        known(&sender, identity_of)?;
        let mut added = Vec::new();
        for proposal in staged.queued_proposals() {
            match proposal.proposal() {
                Proposal::Add(add) => added.push(leaf::verified_key_package(add.key_package())?),
                Proposal::Remove(remove) => {
                    let removed = present.remove(&remove.removed().u32()).ok_or(RefusedError::Malformed)?;
                    if external && removed.account != sender.account {
                        return Err(RefusedError::External);
                    }
                }
                Proposal::ExternalInit(_) if external => {}
                _ => return Err(RefusedError::Proposal),
            }
        }
        if external {
            added.push(sender.clone());
        }
        let mut devices: BTreeSet<_> = present.values().map(|member| member.device).collect();
        for member in &added {
            known(member, identity_of)?;
            if !devices.insert(member.device) {
                return Err(LeafError::Twice.into());
            }
        }
        Ok(Judged { sender, external, added })
    }

    /// Moves on, if the published group is the same one; otherwise everything stays as it was.
    fn merge(&mut self, staged: StagedCommit, published: &PublicGroup) -> Result<(), RefusedError> {
        let provider = Provider::of_group(&self.keystore, self.conversation);
        let merged = self.keystore.rows().atomically(|| {
            self.group
                .merge_commit(provider.storage(), staged)
                .map_err(|error| RefusedError::State(error.into()))?;
            let same = self.group.confirmation_tag() == published.confirmation_tag();
            if same { Ok(()) } else { Err(RefusedError::OtherGroupInfo) }
        });
        if merged.is_err() {
            self.group = load_group(&self.keystore, self.conversation)?;
        }
        merged
    }
}

struct Judged {
    sender: Member,
    external: bool,
    added: Vec<Member>,
}

fn known(
    member: &Member,
    identity_of: &impl Fn(AccountId) -> Option<IdentityKey>,
) -> Result<(), RefusedError> {
    if identity_of(member.account) == Some(member.identity_key) {
        Ok(())
    } else {
        Err(RefusedError::Identity { account: member.account })
    }
}

fn load_group(keystore: &Keystore, conversation: ConversationId) -> Result<PublicGroup, RefusedError> {
    let provider = Provider::of_group(keystore, conversation);
    PublicGroup::load(provider.storage(), &GroupId::from_slice(conversation.as_bytes()))
        .map_err(|error| RefusedError::State(error.into()))?
        .ok_or_else(|| RefusedError::State("rows are missing".into()))
}

fn read_group_info(
    conversation: ConversationId,
    group_info: &[u8],
) -> Result<VerifiableGroupInfo, RefusedError> {
    let body =
        MlsMessageIn::tls_deserialize_exact(group_info).map_err(|_| RefusedError::Malformed)?.extract();
    let MlsMessageBodyIn::GroupInfo(group_info) = body else {
        return Err(RefusedError::Malformed);
    };
    if group_info.group_id().as_slice() != conversation.as_bytes() {
        return Err(RefusedError::OtherConversation);
    }
    Suite::of(group_info.ciphersuite()).ok_or(RefusedError::UnknownSuite)?;
    if group_info.extensions().external_pub().is_none() {
        return Err(RefusedError::Malformed);
    }
    Ok(group_info)
}

fn follow(
    keystore: &Keystore,
    conversation: ConversationId,
    group_info: VerifiableGroupInfo,
) -> Result<PublicGroup, RefusedError> {
    let provider = Provider::of_group(keystore, conversation);
    let tree = group_info.extensions().ratchet_tree().ok_or(RefusedError::Malformed)?.ratchet_tree().clone();
    let (group, _) = PublicGroup::from_external(
        provider.crypto(),
        provider.storage(),
        tree,
        group_info,
        ProposalStore::new(),
    )
    .map_err(|error| RefusedError::Invalid(error.into()))?;
    Ok(group)
}

fn read_commit(commit: &[u8]) -> Result<ProtocolMessage, RefusedError> {
    let body = MlsMessageIn::tls_deserialize_exact(commit).map_err(|_| RefusedError::Malformed)?.extract();
    match body {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message.into()),
        _ => Err(RefusedError::Malformed),
    }
}
