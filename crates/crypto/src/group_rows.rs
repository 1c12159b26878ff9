//! # The rows of a group, as openmls wants to see them
//!
//! One row for each part of a group, below the group's prefix; key packages and what else belongs to the device lie
//! beside the groups. openmls names everything by its own ids; a [`GroupRows`] is of one group, so that they need not
//! stand in the keys again.

use crate::rows::{KEY_PACKAGES, Rows, RowsError, decode, encode, group_prefix};
use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits};
use plaza_protocol::ConversationId;
use serde::Serialize;
use serde::de::DeserializeOwned;

const JOIN_CONFIG: &str = "config";
const TREE: &str = "tree";
const INTERIM_TRANSCRIPT_HASH: &str = "interim";
const GROUP_CONTEXT: &str = "context";
const CONFIRMATION_TAG: &str = "tag";
const GROUP_STATE: &str = "state";
const MESSAGE_SECRETS: &str = "messages";
const RESUMPTION_PSK: &str = "resumption";
const OWN_LEAF_INDEX: &str = "leaf";
const EPOCH_SECRETS: &str = "epoch";
const OWN_LEAF_NODES: &str = "leaves";
const PROPOSALS: &str = "proposals";
const EPOCH_KEYS: &str = "keys";

/// The rows as openmls wants to see them, for the group of one conversation.
#[derive(Debug)]
pub(crate) struct GroupRows<'a> {
    rows: &'a Rows,
    prefix: Vec<u8>,
}

impl<'a> GroupRows<'a> {
    pub(crate) fn new(rows: &'a Rows, conversation: ConversationId) -> Self {
        Self { rows, prefix: group_prefix(conversation) }
    }

    fn group_key(&self, name: &str) -> Vec<u8> {
        [&self.prefix, name.as_bytes()].concat()
    }

    fn epoch_key<K: Serialize>(&self, epoch: &K, leaf_index: u32) -> Result<Vec<u8>, RowsError> {
        Ok([&self.prefix[..], EPOCH_KEYS.as_bytes(), b"/", &encode(&(epoch, leaf_index))?].concat())
    }

    fn put(&self, key: Vec<u8>, value: &impl Serialize) -> Result<(), RowsError> {
        self.rows.set(key, encode(value)?);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, RowsError> {
        self.rows.read(key)
    }

    fn list<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Vec<T>, RowsError> {
        Ok(self.read(key)?.unwrap_or_default())
    }

    fn delete(&self, key: Vec<u8>) {
        self.rows.remove(&key);
    }
}

fn device_key(prefix: &[u8], id: &impl Serialize) -> Result<Vec<u8>, RowsError> {
    Ok([prefix, &encode(id)?].concat())
}

const LEAF_KEYS: &[u8] = b"d/e/";
const SIGNATURE_KEYS: &[u8] = b"d/s/";
const PRE_SHARED_KEYS: &[u8] = b"d/p/";

/// A queued proposal with its reference, each as CBOR. Plaza's clients commit what they propose in the same step, so
/// that this list is empty but for what a future version of a peer may send.
type StoredProposals = Vec<(serde_bytes::ByteBuf, serde_bytes::ByteBuf)>;

impl StorageProvider<V> for GroupRows<'_> {
    type Error = RowsError;

    fn write_mls_join_config<
        GroupId: traits::GroupId<V>,
        MlsGroupJoinConfig: traits::MlsGroupJoinConfig<V>,
    >(
        &self,
        _: &GroupId,
        value: &MlsGroupJoinConfig,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(JOIN_CONFIG), value)
    }

    fn mls_group_join_config<
        GroupId: traits::GroupId<V>,
        MlsGroupJoinConfig: traits::MlsGroupJoinConfig<V>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Option<MlsGroupJoinConfig>, RowsError> {
        self.read(&self.group_key(JOIN_CONFIG))
    }

    fn delete_group_config<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(JOIN_CONFIG));
        Ok(())
    }

    fn write_tree<GroupId: traits::GroupId<V>, TreeSync: traits::TreeSync<V>>(
        &self,
        _: &GroupId,
        value: &TreeSync,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(TREE), value)
    }

    fn tree<GroupId: traits::GroupId<V>, TreeSync: traits::TreeSync<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<TreeSync>, RowsError> {
        self.read(&self.group_key(TREE))
    }

    fn delete_tree<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(TREE));
        Ok(())
    }

    fn write_interim_transcript_hash<
        GroupId: traits::GroupId<V>,
        InterimTranscriptHash: traits::InterimTranscriptHash<V>,
    >(
        &self,
        _: &GroupId,
        value: &InterimTranscriptHash,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(INTERIM_TRANSCRIPT_HASH), value)
    }

    fn interim_transcript_hash<
        GroupId: traits::GroupId<V>,
        InterimTranscriptHash: traits::InterimTranscriptHash<V>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Option<InterimTranscriptHash>, RowsError> {
        self.read(&self.group_key(INTERIM_TRANSCRIPT_HASH))
    }

    fn delete_interim_transcript_hash<GroupId: traits::GroupId<V>>(
        &self,
        _: &GroupId,
    ) -> Result<(), RowsError> {
        self.delete(self.group_key(INTERIM_TRANSCRIPT_HASH));
        Ok(())
    }

    fn write_context<GroupId: traits::GroupId<V>, GroupContext: traits::GroupContext<V>>(
        &self,
        _: &GroupId,
        value: &GroupContext,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(GROUP_CONTEXT), value)
    }

    fn group_context<GroupId: traits::GroupId<V>, GroupContext: traits::GroupContext<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<GroupContext>, RowsError> {
        self.read(&self.group_key(GROUP_CONTEXT))
    }

    fn delete_context<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(GROUP_CONTEXT));
        Ok(())
    }

    fn write_confirmation_tag<GroupId: traits::GroupId<V>, ConfirmationTag: traits::ConfirmationTag<V>>(
        &self,
        _: &GroupId,
        value: &ConfirmationTag,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(CONFIRMATION_TAG), value)
    }

    fn confirmation_tag<GroupId: traits::GroupId<V>, ConfirmationTag: traits::ConfirmationTag<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<ConfirmationTag>, RowsError> {
        self.read(&self.group_key(CONFIRMATION_TAG))
    }

    fn delete_confirmation_tag<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(CONFIRMATION_TAG));
        Ok(())
    }

    fn write_group_state<GroupState: traits::GroupState<V>, GroupId: traits::GroupId<V>>(
        &self,
        _: &GroupId,
        value: &GroupState,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(GROUP_STATE), value)
    }

    fn group_state<GroupState: traits::GroupState<V>, GroupId: traits::GroupId<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<GroupState>, RowsError> {
        self.read(&self.group_key(GROUP_STATE))
    }

    fn delete_group_state<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(GROUP_STATE));
        Ok(())
    }

    fn write_message_secrets<GroupId: traits::GroupId<V>, MessageSecrets: traits::MessageSecrets<V>>(
        &self,
        _: &GroupId,
        value: &MessageSecrets,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(MESSAGE_SECRETS), value)
    }

    fn message_secrets<GroupId: traits::GroupId<V>, MessageSecrets: traits::MessageSecrets<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<MessageSecrets>, RowsError> {
        self.read(&self.group_key(MESSAGE_SECRETS))
    }

    fn delete_message_secrets<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(MESSAGE_SECRETS));
        Ok(())
    }

    fn write_resumption_psk_store<
        GroupId: traits::GroupId<V>,
        ResumptionPskStore: traits::ResumptionPskStore<V>,
    >(
        &self,
        _: &GroupId,
        value: &ResumptionPskStore,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(RESUMPTION_PSK), value)
    }

    fn resumption_psk_store<
        GroupId: traits::GroupId<V>,
        ResumptionPskStore: traits::ResumptionPskStore<V>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Option<ResumptionPskStore>, RowsError> {
        self.read(&self.group_key(RESUMPTION_PSK))
    }

    fn delete_all_resumption_psk_secrets<GroupId: traits::GroupId<V>>(
        &self,
        _: &GroupId,
    ) -> Result<(), RowsError> {
        self.delete(self.group_key(RESUMPTION_PSK));
        Ok(())
    }

    fn write_own_leaf_index<GroupId: traits::GroupId<V>, LeafNodeIndex: traits::LeafNodeIndex<V>>(
        &self,
        _: &GroupId,
        value: &LeafNodeIndex,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(OWN_LEAF_INDEX), value)
    }

    fn own_leaf_index<GroupId: traits::GroupId<V>, LeafNodeIndex: traits::LeafNodeIndex<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<LeafNodeIndex>, RowsError> {
        self.read(&self.group_key(OWN_LEAF_INDEX))
    }

    fn delete_own_leaf_index<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(OWN_LEAF_INDEX));
        Ok(())
    }

    fn write_group_epoch_secrets<
        GroupId: traits::GroupId<V>,
        GroupEpochSecrets: traits::GroupEpochSecrets<V>,
    >(
        &self,
        _: &GroupId,
        value: &GroupEpochSecrets,
    ) -> Result<(), RowsError> {
        self.put(self.group_key(EPOCH_SECRETS), value)
    }

    fn group_epoch_secrets<GroupId: traits::GroupId<V>, GroupEpochSecrets: traits::GroupEpochSecrets<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Option<GroupEpochSecrets>, RowsError> {
        self.read(&self.group_key(EPOCH_SECRETS))
    }

    fn delete_group_epoch_secrets<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(EPOCH_SECRETS));
        Ok(())
    }

    fn append_own_leaf_node<GroupId: traits::GroupId<V>, LeafNode: traits::LeafNode<V>>(
        &self,
        _: &GroupId,
        value: &LeafNode,
    ) -> Result<(), RowsError> {
        let key = self.group_key(OWN_LEAF_NODES);
        let mut nodes: Vec<serde_bytes::ByteBuf> = self.list(&key)?;
        nodes.push(encode(value)?.into());
        self.put(key, &nodes)
    }

    fn own_leaf_nodes<GroupId: traits::GroupId<V>, LeafNode: traits::LeafNode<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Vec<LeafNode>, RowsError> {
        let nodes: Vec<serde_bytes::ByteBuf> = self.list(&self.group_key(OWN_LEAF_NODES))?;
        nodes.iter().map(|node| decode(node)).collect()
    }

    fn delete_own_leaf_nodes<GroupId: traits::GroupId<V>>(&self, _: &GroupId) -> Result<(), RowsError> {
        self.delete(self.group_key(OWN_LEAF_NODES));
        Ok(())
    }

    fn queue_proposal<
        GroupId: traits::GroupId<V>,
        ProposalRef: traits::ProposalRef<V>,
        QueuedProposal: traits::QueuedProposal<V>,
    >(
        &self,
        _: &GroupId,
        proposal_ref: &ProposalRef,
        proposal: &QueuedProposal,
    ) -> Result<(), RowsError> {
        let key = self.group_key(PROPOSALS);
        let mut proposals: StoredProposals = self.list(&key)?;
        proposals.push((encode(proposal_ref)?.into(), encode(proposal)?.into()));
        self.put(key, &proposals)
    }

    fn queued_proposal_refs<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        _: &GroupId,
    ) -> Result<Vec<ProposalRef>, RowsError> {
        let proposals: StoredProposals = self.list(&self.group_key(PROPOSALS))?;
        proposals.iter().map(|(reference, _)| decode(reference)).collect()
    }

    fn queued_proposals<
        GroupId: traits::GroupId<V>,
        ProposalRef: traits::ProposalRef<V>,
        QueuedProposal: traits::QueuedProposal<V>,
    >(
        &self,
        _: &GroupId,
    ) -> Result<Vec<(ProposalRef, QueuedProposal)>, RowsError> {
        let proposals: StoredProposals = self.list(&self.group_key(PROPOSALS))?;
        proposals.iter().map(|(reference, proposal)| Ok((decode(reference)?, decode(proposal)?))).collect()
    }

    fn remove_proposal<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        _: &GroupId,
        proposal_ref: &ProposalRef,
    ) -> Result<(), RowsError> {
        let key = self.group_key(PROPOSALS);
        let mut proposals: StoredProposals = self.list(&key)?;
        let reference = encode(proposal_ref)?;
        proposals.retain(|(stored, _)| stored.as_slice() != reference);
        self.put(key, &proposals)
    }

    fn clear_proposal_queue<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        _: &GroupId,
    ) -> Result<(), RowsError> {
        self.delete(self.group_key(PROPOSALS));
        Ok(())
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<V>,
        EpochKey: traits::EpochKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        _: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<(), RowsError> {
        self.put(self.epoch_key(epoch, leaf_index)?, &key_pairs)
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<V>,
        EpochKey: traits::EpochKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        _: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>, RowsError> {
        self.list(&self.epoch_key(epoch, leaf_index)?)
    }

    fn delete_encryption_epoch_key_pairs<GroupId: traits::GroupId<V>, EpochKey: traits::EpochKey<V>>(
        &self,
        _: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<(), RowsError> {
        self.delete(self.epoch_key(epoch, leaf_index)?);
        Ok(())
    }

    fn write_key_package<Reference: traits::HashReference<V>, KeyPackage: traits::KeyPackage<V>>(
        &self,
        reference: &Reference,
        key_package: &KeyPackage,
    ) -> Result<(), RowsError> {
        self.put(device_key(KEY_PACKAGES, reference)?, key_package)
    }

    fn key_package<Reference: traits::HashReference<V>, KeyPackage: traits::KeyPackage<V>>(
        &self,
        reference: &Reference,
    ) -> Result<Option<KeyPackage>, RowsError> {
        self.read(&device_key(KEY_PACKAGES, reference)?)
    }

    fn delete_key_package<Reference: traits::HashReference<V>>(
        &self,
        reference: &Reference,
    ) -> Result<(), RowsError> {
        self.delete(device_key(KEY_PACKAGES, reference)?);
        Ok(())
    }

    fn write_signature_key_pair<
        SignaturePublicKey: traits::SignaturePublicKey<V>,
        SignatureKeyPair: traits::SignatureKeyPair<V>,
    >(
        &self,
        public_key: &SignaturePublicKey,
        value: &SignatureKeyPair,
    ) -> Result<(), RowsError> {
        self.put(device_key(SIGNATURE_KEYS, public_key)?, value)
    }

    fn signature_key_pair<
        SignaturePublicKey: traits::SignaturePublicKey<V>,
        SignatureKeyPair: traits::SignatureKeyPair<V>,
    >(
        &self,
        public_key: &SignaturePublicKey,
    ) -> Result<Option<SignatureKeyPair>, RowsError> {
        self.read(&device_key(SIGNATURE_KEYS, public_key)?)
    }

    fn delete_signature_key_pair<SignaturePublicKey: traits::SignaturePublicKey<V>>(
        &self,
        public_key: &SignaturePublicKey,
    ) -> Result<(), RowsError> {
        self.delete(device_key(SIGNATURE_KEYS, public_key)?);
        Ok(())
    }

    fn write_encryption_key_pair<
        EncryptionKey: traits::EncryptionKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        public_key: &EncryptionKey,
        value: &HpkeKeyPair,
    ) -> Result<(), RowsError> {
        self.put(device_key(LEAF_KEYS, public_key)?, value)
    }

    fn encryption_key_pair<HpkeKeyPair: traits::HpkeKeyPair<V>, EncryptionKey: traits::EncryptionKey<V>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<Option<HpkeKeyPair>, RowsError> {
        self.read(&device_key(LEAF_KEYS, public_key)?)
    }

    fn delete_encryption_key_pair<EncryptionKey: traits::EncryptionKey<V>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<(), RowsError> {
        self.delete(device_key(LEAF_KEYS, public_key)?);
        Ok(())
    }

    fn write_psk<PskId: traits::PskId<V>, PskBundle: traits::PskBundle<V>>(
        &self,
        psk_id: &PskId,
        psk: &PskBundle,
    ) -> Result<(), RowsError> {
        self.put(device_key(PRE_SHARED_KEYS, psk_id)?, psk)
    }

    fn psk<PskBundle: traits::PskBundle<V>, PskId: traits::PskId<V>>(
        &self,
        psk_id: &PskId,
    ) -> Result<Option<PskBundle>, RowsError> {
        self.read(&device_key(PRE_SHARED_KEYS, psk_id)?)
    }

    fn delete_psk<PskKey: traits::PskId<V>>(&self, psk_id: &PskKey) -> Result<(), RowsError> {
        self.delete(device_key(PRE_SHARED_KEYS, psk_id)?);
        Ok(())
    }
}
