//! # The device of a hosted number
//!
//! The gateway of a business number is a client inside the server: the same keys, groups and rules as any other, but
//! without a timeline, an outbox or a connection; those are the gateway's tables and transactions. It works on one
//! conversation at a time and loads only that one's rows:
//!
//! ```text
//! rows below conversation_prefix(id)  →  hosted.load(rows)
//! hosted.encrypt(id, message_id, &content)  →  the Send to store for the other devices
//! hosted.take_changes()  →  rows to write, in the same transaction
//! hosted.evict(id)
//! ```
//!
//! To encrypt, the device's own row ([`DEVICE_ROW`]) and the conversation's rows suffice; a welcome needs the key
//! package rows ([`plaza_crypto::KEY_PACKAGES`]) too. Where the transaction fails, the value is thrown away (or evicted
//! and loaded again): memory must not be ahead of the table.

use crate::conversation::{Conversation, ConversationError, Outcome};
use crate::registration::{Registration, RegistrationError};
use crate::rows::{self, RowError};
use crate::store::Row;
use plaza_crypto::{
    Change, Device, Identity, KeyPackageError, Keystore, Suite, conversation_prefix, make_key_package,
};
use plaza_protocol::content::Content;
use plaza_protocol::wire::{self, Envelope};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId, MessageId};
use std::sync::{Mutex, PoisonError};

/// The row with the device's keys.
pub const DEVICE_ROW: &[u8] = rows::DEVICE;

/// See the [module](self).
#[derive(Debug)]
pub struct Hosted {
    keystore: Keystore,
    device: Device,
    /// The conversation that was used last, as its rows say: reading it from them costs more than a message.
    kept: Mutex<Option<Conversation>>,
}

impl Hosted {
    /// A new device with a new identity, and what the server has to know of it. `take_changes` gives its rows.
    pub fn register(
        ctx: &Ctx,
        account: AccountId,
        device: DeviceId,
    ) -> Result<(Self, Registration), RegistrationError> {
        let keystore = Keystore::new();
        let (device, registration) =
            Registration::new(ctx, &keystore, Identity::new(ctx), account, device, true)?;
        Ok((Self { keystore, device, kept: Mutex::default() }, registration))
    }

    /// The device from its rows; those of conversations may be among them.
    pub fn open(rows: impl IntoIterator<Item = Row>) -> Result<Self, RowError> {
        let keystore = Keystore::new();
        keystore.rows().load(rows);
        let device = keystore.rows().get(rows::DEVICE).ok_or(RowError)?;
        Ok(Self {
            device: Device::from_bytes(&device).map_err(|_| RowError)?,
            keystore,
            kept: Mutex::default(),
        })
    }

    /// Whose device it is.
    pub fn account(&self) -> AccountId {
        self.device.account()
    }

    /// Which device it is.
    pub fn device(&self) -> DeviceId {
        self.device.id()
    }

    /// Adds rows as they were stored.
    pub fn load(&self, rows: impl IntoIterator<Item = Row>) {
        self.take_kept();
        self.keystore.rows().load(rows);
    }

    /// Forgets the loaded rows of a conversation.
    pub fn evict(&self, conversation: ConversationId) {
        self.take_kept();
        self.keystore.rows().evict(&conversation_prefix(conversation));
    }

    /// What has changed since the last call: to be stored with whatever else belongs to the step.
    pub fn take_changes(&self) -> Vec<Change> {
        self.keystore.rows().take_changes()
    }

    /// A loaded conversation.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, RowError> {
        Conversation::load(&self.keystore, id)
    }

    /// A conversation to change: the kept one, or read from its rows. Whoever fails drops it, and it is read again.
    fn taken(&self, id: ConversationId) -> Result<Option<Conversation>, RowError> {
        match self.take_kept().filter(|kept| kept.id() == id) {
            Some(kept) => Ok(Some(kept)),
            None => self.conversation(id),
        }
    }

    fn take_kept(&self) -> Option<Conversation> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, conversation: Conversation) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(conversation);
    }

    fn present(&self, id: ConversationId) -> Result<Conversation, ConversationError> {
        self.taken(id)?.ok_or(ConversationError::NotReady)
    }

    /// New one-time key packages for the server's stock.
    pub fn make_key_packages(&self, count: usize) -> Result<Vec<Vec<u8>>, KeyPackageError> {
        (0..count).map(|_| make_key_package(&self.keystore, &self.device, Suite::current(), false)).collect()
    }

    /// Encrypts a message for all other devices of a conversation.
    pub fn encrypt(
        &self,
        id: ConversationId,
        message_id: MessageId,
        content: &Content,
    ) -> Result<wire::Send, ConversationError> {
        let mut conversation = self.present(id)?;
        let send = conversation.encrypt(&self.keystore, &self.device, message_id, content)?;
        self.keep(conversation);
        Ok(send)
    }

    /// Takes an envelope of the device's mailbox. The first outcome is that of the envelope; others are those of
    /// envelopes that had waited for it.
    pub fn process(&self, envelope: &Envelope) -> Result<Vec<Outcome>, ConversationError> {
        let id = ConversationId::from_slice(&envelope.conversation_id).map_err(|_| RowError)?;
        let mut conversation = match self.taken(id)? {
            Some(conversation) => conversation,
            None => Conversation::lost(&self.keystore, id, Vec::new())?,
        };
        let mut outcomes = vec![conversation.process(&self.keystore, envelope)?];
        self.process_held(&mut conversation, &mut outcomes)?;
        self.keep(conversation);
        Ok(outcomes)
    }

    fn process_held(
        &self,
        conversation: &mut Conversation,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), ConversationError> {
        for held in conversation.take_held(&self.keystore) {
            outcomes.push(conversation.process(&self.keystore, &held)?);
        }
        Ok(())
    }

    /// Makes the group of a new conversation. The key packages are those of all other devices of the members.
    pub fn create(
        &self,
        ctx: &Ctx,
        id: ConversationId,
        members: Vec<AccountId>,
        key_packages: &[Vec<u8>],
    ) -> Result<wire::CreateConversation, ConversationError> {
        let mut conversation = Conversation::draft(&self.keystore, id, members)?;
        conversation.create(ctx, &self.keystore, &self.device, key_packages)
    }

    /// Makes a commit that adds and removes devices.
    pub fn commit(
        &self,
        ctx: &Ctx,
        id: ConversationId,
        add: &[Vec<u8>],
        remove: &[DeviceId],
    ) -> Result<wire::Commit, ConversationError> {
        self.present(id)?.commit(ctx, &self.keystore, &self.device, add, remove)
    }

    /// Joins a conversation from outside: after [`Outcome::Broken`] or [`Outcome::Removed`], or where there are no
    /// rows.
    pub fn join(
        &self,
        ctx: &Ctx,
        id: ConversationId,
        members: Vec<AccountId>,
        group_info: &[u8],
    ) -> Result<wire::Commit, ConversationError> {
        let mut conversation = match self.taken(id)? {
            Some(conversation) => conversation,
            None => Conversation::lost(&self.keystore, id, Vec::new())?,
        };
        conversation.set_members(&self.keystore, members)?;
        conversation.join(ctx, &self.keystore, &self.device, group_info)
    }

    /// The server has carried out what [`Self::create`], [`Self::commit`] or [`Self::join`] made: the outcomes of the
    /// envelopes that had waited for it.
    pub fn accepted(&self, id: ConversationId) -> Result<Vec<Outcome>, ConversationError> {
        let mut conversation = self.present(id)?;
        conversation.accepted(&self.keystore)?;
        let mut outcomes = Vec::new();
        self.process_held(&mut conversation, &mut outcomes)?;
        Ok(outcomes)
    }

    /// The server has refused it.
    pub fn refused(&self, id: ConversationId) -> Result<(), ConversationError> {
        self.present(id)?.refused(&self.keystore)
    }
}
