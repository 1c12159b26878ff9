//! # Messages
//!
//! A business sends with [`Business::accept`]; a person's message comes in through [`Business::received`]. Both are
//! part of a transaction that the caller also puts the envelopes into, so that a message is either accepted, paid for
//! and on its way, or nothing happened at all.
//!
//! **Order of checks** of a send: whose number it is, the form of the request (which [`SendMessage::read`] did),
//! whether the number is registered, who the recipient is, the template, the customer-service window, the limits on
//! whom a business writes to first ([`crate::reach`]), and last the payment. The first that fails is the answer.
//!
//! **Status** of an outgoing message: sent → delivered → read, or failed. It only moves forward. The row is written as
//! *sent*: the envelopes are stored in the same transaction, so there is no moment between. *Read* implies delivered:
//! where a read receipt is the first to come, both statuses are told and the charge falls then.
//!
//! **Repeats**: a request that carries an `Idempotency-Key` gets the first answer again, without a second message or
//! charge; the same key with another body is refused. Receipts may come twice in any order.
//!
//! What a message says is not stored: it goes into the conversation, and from there to the webhook.

mod approach;
mod error;
pub(crate) mod in_group;
pub(crate) mod request;
mod statuses;
mod store;

pub use crate::flows::sending::Unsendable;
pub use error::SendError;
pub use request::{Idempotency, ReadMark, Request, SendMessage};
pub use statuses::StatusError;
pub(crate) use store::STATEMENTS;

use crate::contacts::{self, Contact};
use crate::flows::sending;
use crate::groups;
use crate::media::{MediaError, MediaSource};
use crate::portfolios::{self, BusinessNumber};
use crate::quality::feedback;
use crate::reach::{Approached, Reach};
use crate::templates;
use crate::templates::definition::FlowName;
use crate::webhooks::{self, Event, payload};
use crate::windows::{self, Windows};
use crate::{Business, analytics, blocks, calls, campaigns, catalogs, codes, wabas, wamid};
use approach::{Unpaid, undo_all};
use plaza_billing::standing::Standing;
use plaza_billing::{self as billing, Category, Intent, Pricing, Refused, WindowState};
use plaza_db::{DbError, Tx};
use plaza_protocol::content::reply::Reply;
use plaza_protocol::content::{Body, Content, MediaForm};
use plaza_protocol::{
    AccountId, BusinessMessageId, ConversationId, Ctx, FlowId, GroupId, MessageId, PhoneNumber,
    PhoneNumberId, PortfolioId, Timestamp, limits,
};
use request::{Address, Draft, Kind, Recipient};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A message of a business is accepted: this is what goes into the conversation and into the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The id; the envelopes carry the same sixteen bytes.
    pub message_id: BusinessMessageId,
    /// The id as the Cloud API shows it.
    pub wamid: String,
    /// As the request wrote the recipient.
    pub input: String,
    /// The recipient.
    pub to: To,
    /// Who sends.
    pub number: BusinessNumber,
    /// How much of the messaging limit is used; `None`: it does not count, or there is no limit.
    pub reach: Option<Reach>,
    /// What to encrypt. `None`: this is a repeat, and everything was done the first time.
    pub content: Option<Content>,
}

/// Who gets a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A person.
    Person {
        /// Their account.
        account: AccountId,
        /// The digits of their number.
        wa_id: String,
        /// As the portfolio knows them.
        user_id: String,
    },
    /// Everybody in a group.
    Group {
        /// The group.
        group_id: GroupId,
        /// Where it talks.
        conversation: ConversationId,
    },
}

/// A message of a person that the gateway decrypted.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Who wrote.
    pub account: AccountId,
    /// Their number.
    pub number: PhoneNumber,
    /// Their name, as the account shows it.
    pub name: String,
    /// The id of the message in its conversation.
    pub message_id: MessageId,
    /// When it was sent.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
    /// Where they wrote; `None`: to the number alone.
    pub group: Option<GroupId>,
}

/// What becomes of one message: the kind, for the row, and what is charged for it.
pub(crate) struct Prepared {
    kind: &'static str,
    pub(crate) template: Option<templates::Template>,
    /// `None`: it is never charged (a reaction).
    pub(crate) category: Option<Category>,
    pub(crate) body: Body,
    /// The form that it opens.
    flow: Option<FlowId>,
}

/// Between whom a message is said.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Circle {
    /// The number and a person.
    Person(AccountId),
    /// The number and a group.
    Group(GroupId),
}

impl Business {
    /// Accepts a message: checks it, holds its price, writes its row and its `sent` event. The caller puts the
    /// envelopes of [`Accepted::content`] into the same transaction.
    pub async fn accept(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        message: &SendMessage,
    ) -> Result<Accepted, SendError> {
        let answers = self.accept_all(tx, &[Sending { ctx, phone, message }]).await?;
        answers.into_iter().next().unwrap_or(Err(SendError::NotHeld))
    }

    /// The same for a batch, each message with an answer of its own, in order; prices are held and events written
    /// together. An error is the whole batch's. Of a message that is refused nothing stays but the contact. No two
    /// messages of a batch carry the same idempotency key: whether the second is a repeat shows when the first is done.
    pub async fn accept_all(
        &self,
        tx: &mut Tx,
        sends: &[Sending<'_>],
    ) -> Result<Vec<Result<Accepted, SendError>>, SendError> {
        if sends.iter().all(|send| send.message.group().is_none()) {
            return self.accept_people(tx, sends).await;
        }
        let people: Vec<_> = sends.iter().filter(|send| send.message.group().is_none()).copied().collect();
        let mut people = self.accept_people(tx, &people).await?.into_iter();
        let mut answers = Vec::with_capacity(sends.len());
        for send in sends {
            answers.push(match send.message.group() {
                None => people.next().unwrap_or(Err(SendError::NotHeld)),
                Some(group) => match self.accept_in_group(tx, send, group).await {
                    Err(SendError::Db(error)) => return Err(error.into()),
                    outcome => outcome,
                },
            });
        }
        Ok(answers)
    }

    async fn accept_people(
        &self,
        tx: &mut Tx,
        sends: &[Sending<'_>],
    ) -> Result<Vec<Result<Accepted, SendError>>, SendError> {
        let Some(first) = sends.first() else { return Ok(Vec::new()) };
        let mut checked = Vec::with_capacity(sends.len());
        let mut standings = Standings::default();
        for send in sends {
            match self.check(tx, send, &mut standings).await {
                Err(SendError::Db(error)) => return Err(error.into()),
                outcome => checked.push(outcome),
            }
        }
        self.approach_all(first.ctx, tx, sends, &mut checked).await?;
        let priced = checked.iter().flatten().filter_map(|one| one.new.as_ref()?.intent.clone());
        let held = billing::hold(first.ctx, tx, &self.prices, &priced.collect::<Vec<_>>()).await?;
        let mut held = held.into_iter();
        let (mut unpaid, mut reached) = (Vec::new(), BTreeSet::new());
        let (mut answers, mut rows, mut events) = (Vec::with_capacity(sends.len()), Vec::new(), Vec::new());
        for (send, one) in sends.iter().zip(checked) {
            let Checked { number, contact, message_id, new } = match one {
                Ok(checked) => checked,
                Err(refused) => {
                    answers.push(Err(refused));
                    continue;
                }
            };
            let (mut content, mut reach) = (None, None);
            if let Some(new) = new {
                let pricing = match new.intent.as_ref().map(|_| pricing(held.next())).transpose() {
                    Ok(pricing) => pricing,
                    Err(refused) => {
                        unpaid.push(Unpaid { send, number, contact, message_id, new });
                        answers.push(Err(refused));
                        continue;
                    }
                };
                reach = new.approached.and_then(|approached| approached.reach);
                reached.extend(new.approached.map(|_| (number.portfolio_id, contact.account)));
                let (row, event) = written(send, &number, &contact, message_id, &new, pricing);
                rows.push(store::row(&number, row));
                events.push(event);
                let reply_to = send.message.reply_to.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
                let sender_name = number.verified_name.clone();
                let body = Some(new.prepared.body);
                content = Some(Content { reply_to, sender_name, body, is_forwarded: false })
                    .filter(|_| send.message.unfetched.is_none());
            }
            let accepted = accepted(number, contact, &send.message.input, message_id, content);
            answers.push(Ok(Accepted { reach, ..accepted }));
        }
        undo_all(tx, &unpaid, &reached).await?;
        store::insert_all(tx, rows).await?;
        webhooks::emit(first.ctx, tx, events).await?;
        Ok(answers)
    }

    /// Takes in a message of a person: opens or extends the window, and tells the apps. A repeat does nothing and
    /// answers `false`.
    pub async fn received(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        inbound: &Inbound,
    ) -> Result<bool, SendError> {
        // Called by the gateway, which hosts the number, for a person who wrote to it.
        let number = portfolios::store::phone_number(tx, phone).await?.ok_or(SendError::NotFound)?;
        if blocks::is_blocked(tx, phone, inbound.account).await? {
            return Ok(false);
        }
        if let Some(Body::Feedback(said)) = &inbound.content.body {
            let portfolio = number.portfolio_id;
            let contact =
                contacts::seen(ctx, tx, portfolio, inbound.account, &inbound.number, &inbound.name).await?;
            feedback::said(ctx, tx, &number, &contact, said).await?;
            return Ok(true);
        }
        let message_id = BusinessMessageId(inbound.message_id.0);
        let row = store::NewMessage {
            message_id,
            account: inbound.account,
            is_outgoing: false,
            kind: payload::kind(&inbound.content),
            template: None,
            category: None,
            status: statuses::Status::Delivered,
            pricing: None,
            callback_data: None,
            at: ctx.now(),
            expires_at: ctx.now(),
        };
        if !store::insert(tx, &number, row).await? {
            return Ok(false);
        }
        let contact =
            contacts::seen(ctx, tx, number.portfolio_id, inbound.account, &inbound.number, &inbound.name)
                .await?;
        let answered_id = BusinessMessageId::from_slice(&inbound.content.reply_to).ok();
        let (answered, answered_from) = match inbound.group {
            Some(group) => in_group::heard(ctx, tx, &number, group, (inbound, answered_id)).await?,
            None => {
                windows::person_wrote(ctx, tx, phone, inbound.account, message_id).await?;
                let answered = match answered_id {
                    Some(id) => store::message(tx, id).await?.filter(|message| message.is_outgoing),
                    None => None,
                };
                let from = if answered.is_some() { &number.number } else { &contact.number };
                (answered, Some(from.digits().to_owned()))
            }
        };
        if let (Some(Body::ButtonReply(reply)), Some(answered)) = (&inbound.content.body, &answered)
            && let Some(template) = answered.template
            && answered.account == inbound.account
        {
            let press = (&inbound.number, reply.text.as_str());
            analytics::note_click(ctx, tx, template, answered.is_marketing_lite(), press).await?;
        }
        let media = match &inbound.content.body {
            Some(Body::Media(media)) => self.received_media(ctx, tx, &number, media).await?,
            _ => None,
        };
        let mut content = inbound.content.clone();
        self.name_form_files(ctx, tx, &number, &mut content).await?;
        if let (Some(Body::InteractiveReply(reply)), Some(answered)) = (&mut content.body, &answered)
            && let Some(Reply::CallPermission(reply)) = &mut reply.reply
            && answered.account == inbound.account
            && inbound.group.is_none()
        {
            calls::permissions::replied(ctx, tx, phone, inbound.account, reply).await?;
        }
        let told = payload::Inbound {
            message: message_id,
            at: inbound.at,
            content: &content,
            media,
            group: inbound.group,
            answered_from: answered_from.as_deref(),
        };
        let value = payload::message(&number, &contact, &told);
        let mut event = event(&number, &contact, value);
        if let Some(group) = inbound.group {
            event.lane = groups::lane(group);
        }
        webhooks::emit(ctx, tx, vec![event]).await?;
        Ok(true)
    }

    /// The business has read a person's message: the answer says whose, for the receipt that the gateway sends.
    pub async fn mark_read(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        mark: &ReadMark,
    ) -> Result<MarkedRead, SendError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let invalid = || SendError::Invalid {
            member: "message_id".to_owned(),
            what: "it names no message that this phone number received".to_owned(),
        };
        let message = store::message(tx, mark.message_id).await?.ok_or_else(invalid)?;
        if message.is_outgoing || message.phone != number.phone_number_id {
            return Err(invalid());
        }
        store::set_read(tx, mark.message_id, ctx.now()).await?;
        let message_id = MessageId(mark.message_id.0);
        let conversation = in_group::conversation_of(tx, mark.message_id).await?;
        let is_typing = mark.is_typing;
        Ok(MarkedRead { number, account: message.account, conversation, message_id, is_typing })
    }
}

/// How the portfolios of a batch stand with their invoices: each is looked up once.
#[derive(Debug, Default)]
pub(crate) struct Standings(BTreeMap<PortfolioId, Standing>);

impl Standings {
    pub(crate) async fn of(
        &mut self,
        ctx: &Ctx,
        tx: &mut Tx,
        portfolio: PortfolioId,
    ) -> Result<Standing, SendError> {
        if let Some(known) = self.0.get(&portfolio) {
            return Ok(*known);
        }
        let found = billing::standing::standing(ctx, tx, portfolio).await.map_err(SendError::from)?;
        self.0.insert(portfolio, found);
        Ok(found)
    }
}

/// One message of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// Who asks, and when.
    pub ctx: &'a Ctx,
    /// From which number.
    pub phone: PhoneNumberId,
    /// What.
    pub message: &'a SendMessage,
}

/// A message that may be sent, if its price can be held.
struct Checked {
    number: BusinessNumber,
    contact: Contact,
    message_id: BusinessMessageId,
    /// `None`: a repeat, whose first time `message_id` names.
    new: Option<NewSend>,
}

struct NewSend {
    prepared: Prepared,
    now: Timestamp,
    expires_at: Timestamp,
    /// `None`: nothing is charged.
    intent: Option<Intent>,
    /// The person did not write lately, and the message will reach them.
    is_approach: bool,
    /// It asks whether the business may call.
    asks_to_call: bool,
    /// The places that it took.
    approached: Option<Approached>,
}

/// Everything but the price.
impl Business {
    async fn check(
        &self,
        tx: &mut Tx,
        send: &Sending<'_>,
        standings: &mut Standings,
    ) -> Result<Checked, SendError> {
        let Sending { ctx, phone, message } = *send;
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        if number.status == portfolios::BANNED {
            return Err(SendError::Locked);
        }
        if !number.is_registered {
            return Err(SendError::NotRegistered);
        }
        let contact = recipient(ctx, tx, &number, &message.recipient).await?;
        let message_id: BusinessMessageId = ctx.ordered_id();
        if let Some(message_id) = first_of(ctx, tx, phone, message, message_id).await? {
            return Ok(Checked { number, contact, message_id, new: None });
        }
        let standing = standings.of(ctx, tx, number.portfolio_id).await?;
        match self.check_new(tx, send, (&number, standing), &contact, message_id).await {
            Ok(new) => Ok(Checked { number, contact, message_id, new: Some(new) }),
            Err(refused) => {
                forget(tx, send, message_id).await?;
                Err(refused)
            }
        }
    }

    async fn check_new(
        &self,
        tx: &mut Tx,
        send: &Sending<'_>,
        (number, standing): (&BusinessNumber, Standing),
        contact: &Contact,
        message_id: BusinessMessageId,
    ) -> Result<NewSend, SendError> {
        let Sending { ctx, phone, message } = *send;
        let now = ctx.now();
        if let Some(answered) = message.reply_to {
            let circle = Circle::Person(contact.account);
            require_in(tx, number, circle, answered, "context.message_id").await?;
        }
        let prepared = self.prepare(ctx, tx, number, Circle::Person(contact.account), message).await?;
        let windows = windows::windows(tx, phone, contact.account).await?;
        if prepared.template.is_none() && !windows.is_customer_service_open(now) {
            return Err(SendError::WindowClosed { until: windows.customer_service_until });
        }
        if number.status == portfolios::RESTRICTED && !windows.is_customer_service_open(now) {
            return Err(SendError::Restricted);
        }
        self.keep_pace(ctx, phone, contact.account, standing)?;
        if let Some(flow) = prepared.flow {
            sending::note(ctx, tx, message_id, flow).await?;
        }
        let asks_to_call = calls::permissions::is_request(&prepared.body);
        if asks_to_call {
            calls::permissions::request(ctx, tx, number, contact.account, message_id).await??;
        }
        let expires_at = now + lifetime(prepared.template.as_ref());
        // What could not be fetched is not sent, and not charged.
        let priced = prepared.category.filter(|_| message.unfetched.is_none());
        let intent = match priced {
            None => None,
            Some(category) => {
                let template = prepared.template.as_ref().map(|template| template.name.as_str());
                let tag = message.biz_opaque_callback_data.as_deref();
                let campaign = campaigns::of(ctx, tx, number.portfolio_id, (template, tag)).await?;
                let intent = intent(number, contact, message_id, category, now, windows, expires_at);
                Some(Intent { template: template.is_some(), campaign, ..intent })
            }
        };
        let is_approach = !windows.is_customer_service_open(now) && message.unfetched.is_none();
        Ok(NewSend { prepared, now, expires_at, intent, is_approach, asks_to_call, approached: None })
    }
}

/// A refused request may come again with the same key, and be accepted then.
pub(crate) async fn forget(
    tx: &mut Tx,
    send: &Sending<'_>,
    message_id: BusinessMessageId,
) -> Result<(), DbError> {
    match &send.message.idempotency {
        Some(idempotency) => store::forget_request(tx, send.phone, idempotency, message_id).await,
        None => Ok(()),
    }
}

/// What billing's answer means for the sender.
pub(crate) fn pricing(held: Option<Result<billing::Held, Refused>>) -> Result<Pricing, SendError> {
    match held {
        Some(Ok(held)) => Ok(held.pricing),
        Some(Err(Refused::InsufficientFunds { needed, available, currency })) => {
            Err(SendError::InsufficientFunds { needed, available, currency })
        }
        Some(Err(Refused::NoPrice { market })) => Err(SendError::NoPrice { market }),
        Some(Err(cap @ Refused::CapReached { .. })) => Err(SendError::CapReached(cap)),
        Some(Err(suspended @ Refused::Suspended { .. })) => Err(SendError::Suspended(suspended)),
        // One intent has one answer, and a new message has not ended.
        Some(Err(Refused::Ended)) | None => Err(SendError::NotHeld),
    }
}

/// The row and the `sent` event of an accepted message.
fn written(
    send: &Sending<'_>,
    number: &BusinessNumber,
    contact: &Contact,
    message_id: BusinessMessageId,
    new: &NewSend,
    pricing: Option<Pricing>,
) -> (store::NewMessage, Event) {
    let callback_data = &send.message.biz_opaque_callback_data;
    let unfetched = &send.message.unfetched;
    let category = told_category(send.message, new.prepared.category, false);
    let pricing = pricing.as_ref().map(|pricing| payload::pricing(pricing, category));
    let row = store::NewMessage {
        message_id,
        account: contact.account,
        is_outgoing: true,
        kind: new.prepared.kind,
        template: new.prepared.template.as_ref().map(|template| template.template_id),
        category,
        status: if unfetched.is_none() { statuses::Status::Sent } else { statuses::Status::Failed },
        pricing: pricing.as_ref().map(ToString::to_string),
        callback_data: callback_data.clone(),
        at: new.now,
        expires_at: new.expires_at,
    };
    let update = payload::StatusUpdate {
        message: message_id,
        status: if unfetched.is_none() { "sent" } else { "failed" },
        at: new.now,
        pricing,
        biz_opaque_callback_data: callback_data.clone(),
        failure: unfetched
            .as_ref()
            .map(|why| payload::Failure { code: codes::MEDIA_UPLOAD, details: why.clone() }),
    };
    (row, event(number, contact, payload::status(number, contact, update)))
}

/// What the statuses call the category: marketing messages that came by their own address have a word of their own, and
/// what is said in a group too.
pub(crate) fn told_category(
    message: &SendMessage,
    category: Option<Category>,
    is_in_group: bool,
) -> Option<&'static str> {
    match (message.address, category) {
        (_, Some(category)) if is_in_group => Some(category.in_group().as_str()),
        (Address::MarketingMessages, Some(Category::Marketing)) => Some(payload::MARKETING_LITE),
        (_, category) => category.map(Category::as_str),
    }
}

/// A person's message was read by the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedRead {
    /// Who read it.
    pub number: BusinessNumber,
    /// Who wrote it.
    pub account: AccountId,
    /// The conversation, if it is a group's; `None`: the one with the person.
    pub conversation: Option<ConversationId>,
    /// The message in its conversation.
    pub message_id: MessageId,
    /// The business is typing an answer.
    pub is_typing: bool,
}

async fn recipient(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    recipient: &Recipient,
) -> Result<Contact, SendError> {
    let contact = match recipient {
        Recipient::Number(to) if *to == number.number => return Err(SendError::RecipientIsSender),
        Recipient::Number(to) => contacts::by_number(ctx, tx, number.portfolio_id, to).await?,
        Recipient::UserId(user_id) => contacts::by_user_id(tx, number.portfolio_id, user_id).await?,
        // Messages to groups go another way.
        Recipient::Group(_) => None,
    };
    contact.ok_or(SendError::Undeliverable)
}

/// The message that the same request made before; `None`: this is the first time, and it is noted.
pub(crate) async fn first_of(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    message: &SendMessage,
    message_id: BusinessMessageId,
) -> Result<Option<BusinessMessageId>, SendError> {
    let Some(idempotency) = &message.idempotency else { return Ok(None) };
    if store::note_request(ctx, tx, phone, idempotency, message_id).await? {
        return Ok(None);
    }
    match store::request(tx, phone, idempotency).await? {
        Some((first, body_sha256)) if body_sha256 == idempotency.body_sha256.as_slice() => Ok(Some(first)),
        _ => Err(SendError::KeyReused),
    }
}

impl Business {
    /// Looks up what the request names: the template, the files, other messages.
    pub(crate) async fn prepare(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        number: &BusinessNumber,
        circle: Circle,
        message: &SendMessage,
    ) -> Result<Prepared, SendError> {
        let mut prepared = match &message.kind {
            Kind::Template(request) => {
                let request = in_group::invited(tx, number, request).await?;
                let (template, filled) = templates::fill(tx, number.waba_id, &request).await?;
                if message.address == Address::MarketingMessages && template.category != Category::Marketing {
                    return Err(SendError::NotMarketing { category: template.category });
                }
                if message.address == Address::Messages
                    && template.category == Category::Marketing
                    && !wabas::sends_marketing(tx, number.waba_id).await?
                {
                    return Err(SendError::MarketingOff);
                }
                if template.category == Category::Marketing
                    && let Circle::Person(account) = circle
                    && feedback::wants_no_marketing(tx, number.portfolio_id, account).await?
                {
                    return Err(SendError::MarketingStopped);
                }
                let category = Some(template.category);
                let mut body = Body::Template(filled.template);
                let flow = opened(ctx, tx, number, &mut body, filled.flow.as_ref()).await?;
                Prepared { kind: "template", template: Some(template), category, body, flow }
            }
            Kind::Free(draft) => free(ctx, tx, number, circle, draft).await?,
        };
        catalogs::sending::complete(tx, number, &mut prepared.body).await?;
        if message.unfetched.is_none() {
            let files = self.attachments(ctx, tx, number, message.media()).await?;
            for (place, file) in prepared.body.attachments_mut().into_iter().zip(files) {
                *place = file;
            }
        }
        if let Body::Media(media) = &mut prepared.body {
            media.is_animated = media.form() == MediaForm::Sticker && is_moving(ctx, tx, message).await?;
        }
        Ok(prepared)
    }
}

/// Whether the file of a sticker moves.
async fn is_moving(ctx: &Ctx, tx: &mut Tx, message: &SendMessage) -> Result<bool, SendError> {
    let Some(MediaSource::Id(id)) = message.media().first().map(|one| &one.source) else { return Ok(false) };
    match crate::media::media(ctx, tx, *id).await {
        Ok(media) => Ok(media.is_animated),
        Err(MediaError::Db(error)) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// A message without a template: what it names is looked up.
async fn free(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    circle: Circle,
    draft: &Draft,
) -> Result<Prepared, SendError> {
    let about = match &draft.body {
        Body::Reaction(reaction) => Some((&reaction.message_id, "reaction.message_id")),
        Body::Pin(pin) => Some((&pin.message_id, "pin.message_id")),
        _ => None,
    };
    if let Some((message_id, member)) = about {
        let message_id = BusinessMessageId::from_slice(message_id).map_err(|_| SendError::NotFound)?;
        require_in(tx, number, circle, message_id, member).await?;
    }
    let category = about.is_none().then_some(Category::Service);
    let kind = payload::kind_of(&draft.body);
    let mut body = draft.body.clone();
    let flow = opened(ctx, tx, number, &mut body, draft.flow.as_ref()).await?;
    Ok(Prepared { kind, template: None, category, body, flow })
}

/// The form that a message opens, which is put into it.
async fn opened(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    body: &mut Body,
    named: Option<&FlowName>,
) -> Result<Option<FlowId>, SendError> {
    match named {
        Some(named) => sending::complete(ctx, tx, number, body, named).await,
        None => Ok(None),
    }
}

/// A message may speak only of one between the same two, or in the same group.
pub(crate) async fn require_in(
    tx: &mut Tx,
    number: &BusinessNumber,
    circle: Circle,
    message_id: BusinessMessageId,
    member: &str,
) -> Result<(), SendError> {
    let said = groups::store::said(tx, message_id).await?;
    let is_theirs = match circle {
        Circle::Group(group) => said.is_some_and(|said| said.group == group),
        Circle::Person(account) => {
            let known = store::message(tx, message_id).await?;
            said.is_none()
                && known
                    .is_some_and(|known| known.phone == number.phone_number_id && known.account == account)
        }
    };
    if is_theirs {
        return Ok(());
    }
    let what = "it names no message between this phone number and the recipient".to_owned();
    Err(SendError::Invalid { member: member.to_owned(), what })
}

/// How long a message waits for its recipient.
pub(crate) fn lifetime(template: Option<&templates::Template>) -> Duration {
    let default = match template.map(|template| template.category) {
        Some(Category::Authentication | Category::AuthenticationInternational) => Duration::from_secs(600),
        _ => limits::ENVELOPE_LIFETIME,
    };
    template
        .and_then(|template| template.message_send_ttl_seconds)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(default, Duration::from_secs)
}

pub(crate) fn intent(
    number: &BusinessNumber,
    contact: &Contact,
    message_id: BusinessMessageId,
    category: Category,
    sent_at: Timestamp,
    windows: Windows,
    expires_at: Timestamp,
) -> Intent {
    Intent {
        message_id,
        portfolio_id: number.portfolio_id,
        waba_id: number.waba_id,
        phone_number_id: number.phone_number_id,
        to: contact.number.clone(),
        category,
        template: false,
        sent_at,
        window: WindowState {
            customer_service_until: windows.customer_service_until,
            free_entry_point_until: windows.free_entry_point_until,
        },
        expires_at,
        max_price: None,
        pulses_max: None,
        campaign: None,
    }
}

fn accepted(
    number: BusinessNumber,
    contact: Contact,
    input: &str,
    message_id: BusinessMessageId,
    content: Option<Content>,
) -> Accepted {
    Accepted {
        message_id,
        wamid: wamid::format(message_id),
        input: input.to_owned(),
        to: To::Person {
            account: contact.account,
            wa_id: contact.number.digits().to_owned(),
            user_id: contact.user_id,
        },
        number,
        reach: None,
        content,
    }
}

/// Writes the rows of messages.
pub(crate) async fn insert_all(tx: &mut Tx, rows: Vec<Vec<plaza_db::Value>>) -> Result<(), DbError> {
    store::insert_all(tx, rows).await
}

/// An event about one person: they share a lane, so that statuses of a message keep their order.
fn event(number: &BusinessNumber, contact: &Contact, value: serde_json::Value) -> Event {
    Event {
        portfolio: number.portfolio_id,
        waba: number.waba_id,
        phone: Some(number.phone_number_id),
        field: webhooks::MESSAGES,
        lane: lane(contact.account),
        value,
    }
}

/// The lane of the events about a person.
pub(crate) fn lane(account: AccountId) -> i64 {
    let (bytes, _) = account.as_bytes().split_at(8);
    bytes.try_into().map_or(0, |bytes| i64::from_be_bytes(bytes) & i64::MAX)
}

#[cfg(test)]
mod tests;
