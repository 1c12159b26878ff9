//! # The gateway: devices of business numbers
//!
//! A business number is an account like any other, and its conversations are encrypted like any other. Its one device
//! is *hosted*: this server holds its keys, encrypts what the business sends through the API and decrypts what people
//! answer, with the same client core that runs in a browser. Everybody who talks to the number is told so. The gateway
//! sees the conversations of the numbers that it hosts, and no others.
//!
//! - Everything happens in the caller's transaction: a message of a business is accepted, paid for, encrypted and in
//!   its recipient's mailbox together, or not at all.
//! - The keys and groups are rows ([`state`]), sealed under the server's key file. Groups in use stay in memory; a
//!   version in the database says whether that memory is still the truth, so a rolled-back transaction or another
//!   process costs a reload and nothing else, and a message key is never used twice.
//! - Incoming envelopes are worked off per device, in order ([`inbound`]), and acknowledged in the same transaction,
//!   from which the person's *delivered* tick follows.

mod groups;
mod inbound;
mod state;

pub(crate) use inbound::{end_calls, end_due_calls, forget_old, run};

use plaza_business::SealingKey;
use plaza_business::calls::Signals;
use plaza_business::messages::{Accepted, MarkedRead, To};
use plaza_client::{ConversationError, Hosted, Phase};
use plaza_db::{DbError, Sql, Tx, Value, params, statements};
use plaza_messaging::accounts::{self, Device, HostedAccount};
use plaza_messaging::delivery::{self, Delivery, Outgoing};
use plaza_messaging::{MessagingError, conversations, key_packages};
use plaza_protocol::content::signal::Signal;
use plaza_protocol::content::{Body, Call, Content};
use plaza_protocol::limits::{KEY_PACKAGES_LOW, KEY_PACKAGES_STOCK};
use plaza_protocol::{AccountId, Actor, ConversationId, Ctx, DeviceId, MessageId, PhoneNumber, Wake, wire};
use state::State;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Tries of a send whose group moves under it.
const TRIES_MAX: usize = 4;

statements! {
    /// Where a message stands in its conversation.
    INSERT_MESSAGE = "INSERT INTO hosted_message (conversation_id, gseq, is_outgoing, message_id, sent_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (conversation_id, gseq) DO NOTHING";
    /// Where a message stands in a group.
    INSERT_GROUP_MESSAGE = "INSERT INTO hosted_group_message (conversation_id, gseq, message_id, sent_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (conversation_id, gseq) DO NOTHING";
    /// Nobody asks for these any more.
    DELETE_OLD_IN_GROUPS = "DELETE FROM hosted_group_message WHERE sent_at < $1";
    /// Where a person's message stands.
    INBOUND_GSEQ = "SELECT gseq FROM hosted_message
        WHERE conversation_id = $1 AND message_id = $2 AND NOT is_outgoing";
    /// The business has read these.
    DELETE_INBOUND = "DELETE FROM hosted_message WHERE conversation_id = $1 AND gseq <= $2 AND NOT is_outgoing";
    /// Nobody asks for these any more.
    DELETE_OLD = "DELETE FROM hosted_message WHERE sent_at < $1";
    /// Hosted devices with something in their mailboxes.
    WITH_MAIL = "SELECT d.account_id, d.device_id FROM device d
        WHERE d.is_hosted AND EXISTS (SELECT 1 FROM mailbox m WHERE m.device_id = d.device_id)
        ORDER BY d.device_id LIMIT 100";
    /// The device of a hosted account.
    DEVICE = "SELECT device_id FROM device WHERE account_id = $1 AND is_hosted AND revoked_at IS NULL";
}

/// All SQL of the gateway.
pub(crate) fn statements() -> Vec<Sql> {
    [STATEMENTS, state::STATEMENTS].concat()
}

/// A hosted device could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The delivery of messages refused.
    #[error("delivery")]
    Messaging(#[from] MessagingError),
    /// The client core refused.
    #[error("the conversation")]
    Conversation(#[from] ConversationError),
    /// The keys or the groups could not be used.
    #[error("the hosted device's keys: {0}")]
    Keys(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// The number has no hosted device.
    #[error("the number has no hosted device")]
    NotHosted,
    /// This process has another key file than the one that sealed the devices.
    #[error(
        "this server has another sealing key than the one that hosts the numbers: give it the same key file"
    )]
    OtherKey,
    /// The recipient's devices changed again and again.
    #[error("the recipient's devices keep changing")]
    Restless,
    /// The person has no device: nothing can be encrypted for them.
    #[error("the person has no device")]
    NoDevice,
    /// A receipt or a message could not be recorded.
    #[error("the business's records")]
    Business(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// Wraps an error of the keys.
fn keys<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl FnOnce(E) -> GatewayError {
    move |error| GatewayError::Keys(what, Box::new(error))
}

/// The hosted devices.
#[derive(Debug)]
pub struct Gateway {
    state: State,
    hosted_by: String,
    /// The devices of this database are sealed with a key that this process does not have.
    has_other_key: AtomicBool,
    /// Rings when a hosted device may have mail.
    pub(crate) mail: Notify,
}

impl Gateway {
    /// `sealing` encrypts the devices' keys at rest; `hosted_by` is who people are told holds them.
    pub(crate) fn new(sealing: SealingKey, hosted_by: String) -> Self {
        Self {
            state: State::new(sealing),
            hosted_by,
            has_other_key: AtomicBool::new(false),
            mail: Notify::new(),
        }
    }

    /// Looks whether this process can open what is sealed. One that cannot serves people all the same, and leaves the
    /// hosted numbers, with everything that waits for them, to the processes that can.
    pub(crate) async fn check_key(&self, tx: &mut Tx) -> Result<bool, GatewayError> {
        let opens = self.state.opens_any(tx).await?;
        self.has_other_key.store(!opens, Ordering::Release);
        Ok(opens)
    }

    fn require_key(&self) -> Result<(), GatewayError> {
        if self.has_other_key.load(Ordering::Acquire) { Err(GatewayError::OtherKey) } else { Ok(()) }
    }

    /// Opens the account of a business number, with its device and keys.
    pub async fn open(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &PhoneNumber,
        name: &str,
    ) -> Result<AccountId, GatewayError> {
        self.require_key()?;
        let (account, device): (AccountId, DeviceId) = (ctx.uuid(), ctx.uuid());
        let (hosted, registration) = Hosted::register(ctx, account, device).map_err(keys("making them"))?;
        let opened = HostedAccount {
            number: number.clone(),
            name: name.to_owned(),
            hosted_by: self.hosted_by.clone(),
            account,
            device,
            identity_key: registration.identity_key,
            certificate: registration.certificate,
            key_packages: registration.key_packages,
            last_resort: registration.last_resort,
        };
        accounts::open_hosted(ctx, tx, &opened).await?;
        self.state.store_own(ctx, tx, device, &hosted).await?;
        Ok(account)
    }

    /// Encrypts an accepted message and puts it into its recipient's mailboxes.
    pub(crate) async fn deliver(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        delivery: &Delivery,
        accepted: &Accepted,
    ) -> Result<(), GatewayError> {
        let Some(content) = &accepted.content else { return Ok(()) };
        let mut content = content.clone();
        content.sender_name.clone_from(&accepted.number.verified_name);
        self.require_key()?;
        let own = self.device(tx, accepted.number.account_id).await?;
        let ctx = &as_device(ctx, own);
        let message_id = MessageId(accepted.message_id.0);
        let (conversation, is_group) = self.conversation(ctx, tx, own, &accepted.to).await?;
        let sent = self.say(ctx, tx, delivery, own, (conversation, is_group), (message_id, &content)).await?;
        let sql = if is_group { INSERT_GROUP_MESSAGE } else { INSERT_MESSAGE };
        tx.execute(sql, place(conversation, is_group, sent.gseq, message_id, ctx)).await?;
        Ok(())
    }

    /// Encrypts what is to be said about a call, and puts it into the person's mailboxes. Nobody waits for receipts of
    /// it.
    pub(crate) async fn signal(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        delivery: &Delivery,
        signals: &Signals,
    ) -> Result<(), GatewayError> {
        let Signals { number, account, call, signals } = signals;
        self.require_key()?;
        let own = self.device(tx, number.account_id).await?;
        let ctx = &as_device(ctx, own);
        let conversation = self.with_person(ctx, tx, own, *account).await?;
        for signal in signals {
            let is_offer = matches!(signal, Signal::Offer(_));
            let said = match signal {
                Signal::Offer(_) => Call { call_id: Vec::new(), signal: Some(signal.clone()) },
                other => Call::about(*call, other.clone()),
            };
            let content = Content {
                sender_name: number.verified_name.clone(),
                body: Some(Body::Call(said)),
                ..Content::default()
            };
            let message_id = if is_offer { *call } else { ctx.ordered_id() };
            self.say(ctx, tx, delivery, own, (conversation, false), (message_id, &content)).await?;
        }
        Ok(())
    }

    /// Where a message of a number goes, and whether that is a group.
    async fn conversation(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        own: Device,
        to: &To,
    ) -> Result<(ConversationId, bool), GatewayError> {
        match to {
            To::Group { conversation, .. } => Ok((*conversation, true)),
            To::Person { account, .. } => Ok((self.with_person(ctx, tx, own, *account).await?, false)),
        }
    }

    /// The conversation of a number with a person.
    async fn with_person(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        own: Device,
        person: AccountId,
    ) -> Result<ConversationId, GatewayError> {
        match conversations::between(ctx, tx, own.account, person).await? {
            Some(conversation) => Ok(conversation),
            None => self.create(ctx, tx, own, person).await,
        }
    }

    /// Says something in a conversation, with its group brought up to date first if need be.
    async fn say(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        delivery: &Delivery,
        own: Device,
        (conversation, is_group): (ConversationId, bool),
        (message_id, content): (MessageId, &Content),
    ) -> Result<wire::Sent, GatewayError> {
        for _ in 0..TRIES_MAX {
            let hosted = self.state.take(tx, own.device, conversation).await?;
            let send = match hosted.encrypt(conversation, message_id, content) {
                Ok(send) => send,
                Err(ConversationError::NotReady) => {
                    self.join(ctx, tx, conversation, &hosted).await?;
                    hosted.encrypt(conversation, message_id, content)?
                }
                Err(error) => return Err(error.into()),
            };
            self.state.put(ctx, tx, conversation, hosted).await?;
            let outgoing = Outgoing { sender: own, send, is_hosted: true, is_group };
            match delivery.send(ctx, tx, vec![outgoing]).await?.pop() {
                Some(Ok(sent)) => return Ok(sent),
                Some(Err(MessagingError::DeviceListChanged { .. })) => {
                    self.update_devices(ctx, tx, own, conversation).await?;
                }
                Some(Err(MessagingError::StaleEpoch { .. } | MessagingError::NotFound(_))) => {
                    // The group moved on, or lost this device: join its present state.
                    let hosted = self.state.take(tx, own.device, conversation).await?;
                    self.join(ctx, tx, conversation, &hosted).await?;
                    self.state.put(ctx, tx, conversation, hosted).await?;
                }
                Some(Err(error)) => return Err(error.into()),
                None => return Err(GatewayError::Restless),
            }
        }
        Err(GatewayError::Restless)
    }

    /// The same for a batch, in its order. A group is taken, sealed and stored once, however many messages of the batch
    /// are for it, and all envelopes are stored together. Where anything is in the way, a new device for instance, the
    /// whole batch fails: the caller rolls back and delivers one by one, which knows what to do.
    pub(crate) async fn deliver_all(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        delivery: &Delivery,
        batch: &[&Accepted],
    ) -> Result<(), GatewayError> {
        if let [one] = batch {
            return self.deliver(ctx, tx, delivery, one).await;
        }
        self.require_key()?;
        let mut taken: BTreeMap<ConversationId, Hosted> = BTreeMap::new();
        let (mut outgoing, mut places) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for accepted in batch {
            let Some(content) = &accepted.content else { continue };
            let own = self.device(tx, accepted.number.account_id).await?;
            let message_id = MessageId(accepted.message_id.0);
            let (conversation, is_group) =
                self.conversation(&as_device(ctx, own), tx, own, &accepted.to).await?;
            let hosted = match taken.entry(conversation) {
                Entry::Occupied(occupied) => occupied.into_mut(),
                Entry::Vacant(vacant) => vacant.insert(self.state.take(tx, own.device, conversation).await?),
            };
            let send = match hosted.encrypt(conversation, message_id, content) {
                Err(ConversationError::NotReady) => {
                    self.join(&as_device(ctx, own), tx, conversation, hosted).await?;
                    hosted.encrypt(conversation, message_id, content)?
                }
                outcome => outcome?,
            };
            outgoing.push(Outgoing { sender: own, send, is_hosted: true, is_group });
            places.push((conversation, is_group, message_id));
        }
        for (conversation, hosted) in taken {
            self.state.put(ctx, tx, conversation, hosted).await?;
        }
        let (mut rows, mut in_groups) = (Vec::with_capacity(places.len()), Vec::new());
        for ((conversation, is_group, message_id), outcome) in
            places.into_iter().zip(delivery.send(ctx, tx, outgoing).await?)
        {
            let row = place(conversation, is_group, outcome?.gseq, message_id, ctx);
            if is_group { in_groups.push(row) } else { rows.push(row) }
        }
        tx.execute_many(INSERT_MESSAGE, rows).await?;
        tx.execute_many(INSERT_GROUP_MESSAGE, in_groups).await?;
        Ok(())
    }

    /// The business has read a person's message, and perhaps is typing an answer.
    pub(crate) async fn mark_read(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        read: &MarkedRead,
    ) -> Result<(), GatewayError> {
        let own = self.device(tx, read.number.account_id).await?;
        let known = match read.conversation {
            Some(conversation) => Some(conversation),
            None => conversations::between(ctx, tx, own.account, read.account).await?,
        };
        let Some(conversation) = known else { return Ok(()) };
        if let Some(row) = tx.query_one(INBOUND_GSEQ, params![conversation, read.message_id]).await? {
            let gseq: u64 = row.get(0)?;
            let up_to = wire::ReadUpTo { conversation_id: conversation.as_bytes().to_vec(), gseq };
            delivery::read_up_to(ctx, tx, &[(own, up_to)]).await?;
            tx.execute(DELETE_INBOUND, params![conversation, gseq]).await?;
        }
        if read.is_typing {
            let ephemeral = wire::Ephemeral {
                kind: wire::EphemeralKind::Typing.into(),
                conversation_id: conversation.as_bytes().to_vec(),
                account_id: own.account.as_bytes().to_vec(),
                is_answer: false,
            };
            let accounts: Arc<[AccountId]> = match read.conversation {
                Some(_) => conversations::members(tx, conversation).await?.into(),
                None => Arc::from([read.account]),
            };
            tx.wake(Wake::Ephemeral { accounts, ephemeral });
        }
        Ok(())
    }

    /// Whether this is a hosted device, as far as this process has met it; the others are found by looking.
    pub(crate) fn hosts(&self, device: DeviceId) -> bool {
        self.state.is_known(device)
    }

    /// The hosted device of an account.
    async fn device(&self, tx: &mut Tx, account: AccountId) -> Result<Device, GatewayError> {
        if let Some(device) = self.state.device_of(account) {
            return Ok(Device { account, device });
        }
        let row = tx.query_one(DEVICE, params![account]).await?.ok_or(GatewayError::NotHosted)?;
        let device = row.get(0)?;
        self.state.remember_device(account, device);
        Ok(Device { account, device })
    }

    /// Makes the conversation with a person, with all their devices in it.
    async fn create(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        own: Device,
        person: AccountId,
    ) -> Result<ConversationId, GatewayError> {
        let packages = claim(ctx, tx, person, vec![]).await?;
        if packages.is_empty() {
            return Err(GatewayError::NoDevice);
        }
        let conversation: ConversationId = ctx.uuid();
        let hosted = self.state.take(tx, own.device, conversation).await?;
        let request = hosted.create(ctx, conversation, vec![own.account, person], &packages)?;
        let created = conversations::create(ctx, tx, &request).await?;
        if created.existed {
            return ConversationId::from_slice(&created.conversation_id).map_err(keys("a conversation's id"));
        }
        hosted.accepted(conversation)?;
        self.state.put(ctx, tx, conversation, hosted).await?;
        Ok(conversation)
    }

    /// Brings a group's devices up to what its members have now.
    async fn update_devices(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        own: Device,
        conversation: ConversationId,
    ) -> Result<(), GatewayError> {
        let view = view(ctx, tx, conversation).await?;
        let hosted = self.state.take(tx, own.device, conversation).await?;
        let loaded = hosted.conversation(conversation).map_err(keys("reading a group"))?;
        if loaded.is_none_or(|group| group.epoch() != Some(view.epoch)) {
            self.join(ctx, tx, conversation, &hosted).await?;
        }
        let group = hosted.conversation(conversation).map_err(keys("reading a group"))?;
        let differences = group.ok_or(GatewayError::NotHosted)?.differences(&view.members);
        let mut packages = Vec::new();
        for (account, device) in differences.missing {
            packages.extend(claim(ctx, tx, account, vec![device.as_bytes().to_vec()]).await?);
        }
        if !packages.is_empty() || !differences.gone.is_empty() {
            let commit = hosted.commit(ctx, conversation, &packages, &differences.gone)?;
            conversations::commit(ctx, tx, &commit).await?;
            hosted.accepted(conversation)?;
        }
        self.state.put(ctx, tx, conversation, hosted).await
    }

    /// Joins a group's present state from outside, in place of what was known of it.
    async fn join(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        conversation: ConversationId,
        hosted: &Hosted,
    ) -> Result<(), GatewayError> {
        let view = view(ctx, tx, conversation).await?;
        if let Some(loaded) = hosted.conversation(conversation).map_err(keys("reading a group"))?
            && matches!(loaded.phase(), Phase::Active)
            && loaded.epoch() == Some(view.epoch)
        {
            return Ok(());
        }
        let members = view.members.iter().filter_map(|member| AccountId::from_slice(&member.account_id).ok());
        let commit = hosted.join(ctx, conversation, members.collect(), &view.group_info)?;
        conversations::commit(ctx, tx, &commit).await?;
        hosted.accepted(conversation)?;
        Ok(())
    }

    /// Fills a device's stock of key packages up again.
    async fn refill(&self, ctx: &Ctx, tx: &mut Tx, own: Device) -> Result<(), GatewayError> {
        let stock = key_packages::stock(tx, own.device).await?;
        if stock > KEY_PACKAGES_LOW {
            return Ok(());
        }
        let hosted = self.state.load_own(tx, own.device).await?;
        let key_packages =
            hosted.make_key_packages(KEY_PACKAGES_STOCK - stock).map_err(keys("making key packages"))?;
        let request = wire::PublishKeyPackages { key_packages, last_resort: vec![] };
        key_packages::publish(ctx, tx, &request).await?;
        self.state.store_own(ctx, tx, own.device, &hosted).await
    }
}

/// The row of where a message stands.
fn place(
    conversation: ConversationId,
    is_group: bool,
    gseq: u64,
    message_id: MessageId,
    ctx: &Ctx,
) -> Vec<Value> {
    if is_group {
        params![conversation, gseq, message_id, ctx.now()]
    } else {
        params![conversation, gseq, true, message_id, ctx.now()]
    }
}

async fn view(
    ctx: &Ctx,
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<wire::Conversation, MessagingError> {
    let request = wire::GetConversation { conversation_id: conversation.as_bytes().to_vec() };
    conversations::get(ctx, tx, &request).await
}

async fn claim(
    ctx: &Ctx,
    tx: &mut Tx,
    account: AccountId,
    device_ids: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, MessagingError> {
    let request = wire::ClaimKeyPackages { account_id: account.as_bytes().to_vec(), device_ids };
    let claimed = key_packages::claim(ctx, tx, &request).await?;
    Ok(claimed.packages.into_iter().map(|claimed| claimed.key_package).collect())
}

/// The same request, acted by the hosted device.
fn as_device(ctx: &Ctx, own: Device) -> Ctx {
    ctx.acting_as(Actor::Device { account: own.account, device: own.device })
}
