//! # Groups of a business number
//!
//! A business talks with up to eight people at once. It makes the group and is its only manager; people come by an
//! invite link of this server, and leave when they like. Who is in a group, what it is called and who waits to be let
//! in is the messenger's ([`plaza_messaging::groups`]); here is what makes it a thing of the Cloud API: an id of the
//! Graph, whose it is, the group's window, its webhooks, and its messages ([`sending`]).
//!
//! - **The id** is written as text that is no number, because clients tell a group from a phone number by that
//!   ([`format_id`]).
//! - **The window** is the group's: whoever writes opens it, and the business may write freely to all for 24 hours.
//! - **The answer** names a request (`request_id`), and the webhooks that follow name the same. Everything is done when
//!   the answer comes; the Cloud API's own answer comes before.
//! - What the hosted device has to do for a change ([`GroupWork`]) the caller does in the same transaction, in order.

pub(crate) mod events;
mod request;
pub(crate) mod sending;
pub(crate) mod store;

pub use request::{ChangeGroup, CreateGroup, NewPicture, People, Person, Requests};
pub(crate) use store::STATEMENTS;

use crate::codes::{self, Code};
use crate::contacts::{self, Contact};
use crate::management::ManageError;
use crate::portfolios::{self, BusinessNumber, NodeKind};
use crate::webhooks::{self, Event};
use crate::{Business, is_operator, standing};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_db::{DbError, Tx};
use plaza_messaging::groups::{self as messenger, Group, JoinRequest, Joining};
use plaza_messaging::{MessagingError, accounts};
use plaza_protocol::content::{Body, Content, GroupChange};
use plaza_protocol::{
    AccountId, ConversationId, Ctx, GroupId, JoinRequestId, MessageId, PhoneNumberId, PortfolioId, Timestamp,
    WabaId, limits,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What the text of a group's id begins with, inside the base64: sixteen characters outside.
const ID_PREFIX: &str = "plaza_group:";
/// Random bytes of an invite link.
const INVITE_CODE_BYTES: usize = 16;

/// Writes a group's id.
pub fn format_id(id: GroupId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{ID_PREFIX}{id}"))
}

/// Reads a group's id.
pub fn parse_id(text: &str) -> Option<GroupId> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix(ID_PREFIX)?.parse().ok()
}

/// The copy of a message in a group that goes to one participant. It sorts by time like the message itself.
pub fn copy_of(message: MessageId, participant: AccountId) -> MessageId {
    let hash = Sha256::new().chain_update(message.as_bytes()).chain_update(participant.as_bytes()).finalize();
    let (time, _) = message.as_bytes().split_at(8);
    let mut bytes = [0; 16];
    for (place, byte) in bytes.iter_mut().zip(time.iter().chain(&hash)) {
        *place = *byte;
    }
    MessageId(Uuid::from_bytes(bytes))
}

/// The lane of the events about a group.
pub(crate) fn lane(group: GroupId) -> i64 {
    group.0
}

/// A group of a number, as it stands here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessGroup {
    /// The id.
    pub group_id: GroupId,
    /// Whose it is.
    pub portfolio_id: PortfolioId,
    /// The account.
    pub waba_id: WabaId,
    /// The number that manages it.
    pub phone_number_id: PhoneNumberId,
    /// Where it talks.
    pub conversation: ConversationId,
    /// What its link begins with.
    pub invite_origin: String,
    /// The operator has stopped it.
    pub is_suspended: bool,
    /// Until when the business may write freely.
    pub customer_service_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl BusinessGroup {
    /// The link that lets people in, if there is one.
    pub fn invite_link(&self, group: &Group) -> Option<String> {
        group.invite_code.as_ref().map(|code| format!("{}/g/{code}", self.invite_origin))
    }
}

/// `auto_approve` or `approval_required`.
pub fn approval_mode(group: &Group) -> &'static str {
    if group.is_approval_required { "approval_required" } else { "auto_approve" }
}

/// All about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDetails {
    /// As it stands here.
    pub here: BusinessGroup,
    /// As the messenger has it.
    pub group: Group,
    /// Who is in it.
    pub participants: Vec<Contact>,
}

/// What the hosted device of a group's number has to do for a change.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupWork {
    /// Whose device.
    pub number: BusinessNumber,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub task: GroupTask,
}

/// See [`GroupWork`].
#[derive(Debug, Clone, PartialEq)]
pub enum GroupTask {
    /// Make the MLS group, with itself alone.
    Open,
    /// Bring the leaves up to the members.
    Follow,
    /// Say something to everybody.
    Tell(Box<Content>),
    /// Take everybody out, and forget the group.
    Close,
}

/// A change was made; the work follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Names the request, in the answer and in the webhooks.
    pub request_id: String,
    /// In this order.
    pub work: Vec<GroupWork>,
}

/// Join requests were worked off.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// See [`Changed`].
    pub changed: Changed,
    /// Those that were done.
    pub done: Vec<String>,
    /// Those that were not.
    pub failed: Vec<(String, Code, &'static str)>,
}

/// People were removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Removed {
    /// See [`Changed`].
    pub changed: Changed,
    /// Those who are out.
    pub removed: Vec<(Person, Contact)>,
    /// Those who were not in.
    pub failed: Vec<(Person, Code, &'static str)>,
}

/// Names a request in its answer and its webhooks.
fn request_id(ctx: &Ctx) -> String {
    ctx.request().0.simple().to_string().to_uppercase()
}

fn invite_code(ctx: &Ctx) -> String {
    URL_SAFE_NO_PAD.encode(ctx.random::<INVITE_CODE_BYTES>())
}

impl Business {
    /// Makes a group: its link lets people in at `origin`.
    pub async fn create_group(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        asked: &CreateGroup,
        origin: &str,
    ) -> Result<Changed, ManageError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        if !number.is_registered {
            let what = "the phone number is not registered: register it first";
            return Err(ManageError::refused(codes::NOT_REGISTERED, what));
        }
        if self.groups_per_number == 0 {
            let what = "phone numbers have no groups on this server (groups_per_number is 0)";
            return Err(ManageError::refused(codes::NO_GROUPS, what));
        }
        if let Some(standing) = standing::of(tx, number.waba_id).await? {
            let until = standing.until.map_or_else(
                || "until the operator lets the account go on".to_owned(),
                |until| format!("until {} (seconds since 1970)", until.seconds()),
            );
            let what =
                format!("the account is restricted ({}): no groups are made {until}", standing.violation);
            return Err(ManageError::refused(codes::GROUPS_PAUSED, what));
        }
        self.take_change(ctx, phone)?;
        if !store::count(tx, phone, self.groups_per_number).await? {
            let what = format!(
                "the phone number has {} groups, which is as many as it may have: delete one first",
                self.groups_per_number
            );
            return Err(ManageError::refused(codes::GROUP_LIMIT, what));
        }
        let here = BusinessGroup {
            group_id: GroupId(ctx.graph_id()),
            portfolio_id: number.portfolio_id,
            waba_id: number.waba_id,
            phone_number_id: phone,
            conversation: ctx.uuid(),
            invite_origin: origin.to_owned(),
            is_suspended: false,
            customer_service_until: None,
            created_at: ctx.now(),
        };
        let group = Group {
            conversation: here.conversation,
            manager: number.account_id,
            subject: asked.subject.clone(),
            description: asked.description.clone(),
            picture: String::new(),
            invite_code: Some(invite_code(ctx)),
            is_approval_required: asked.is_approval_required,
            participants: 0,
            created_at: ctx.now(),
        };
        messenger::create(ctx, tx, &group).await?;
        store::insert(tx, &here).await?;
        let node = portfolios::store::insert_node(tx, here.group_id.0, NodeKind::Group, number.portfolio_id);
        node.await?;
        let request_id = request_id(ctx);
        let value = events::created(ctx, &number, &here, &group, &request_id);
        emit(ctx, tx, &here, events::LIFECYCLE, value).await?;
        let work = vec![work(&number, &here, GroupTask::Open)];
        Ok(Changed { request_id, work })
    }

    /// A person's device follows a link. `None`: the group is no business's.
    pub async fn person_joins(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        group: &Group,
        joining: &Joining,
    ) -> Result<Option<GroupWork>, ManageError> {
        let Some((here, number)) = hosted(tx, group.conversation).await? else { return Ok(None) };
        match joining {
            Joining::Joined => {
                if here.is_suspended {
                    return Err(MessagingError::Conflict("this group is stopped for now").into());
                }
                let account = acting_account(ctx)?;
                let contact = meet(ctx, tx, &number, account).await?;
                store::note_flow(tx, here.group_id, ctx.now(), (1, 0)).await?;
                let value = events::joined(ctx, &number, &here, &[contact], None);
                emit(ctx, tx, &here, events::PARTICIPANTS, value).await?;
            }
            Joining::Requested(request) => {
                let contact = meet(ctx, tx, &number, request.account).await?;
                let value = events::requested(ctx, &number, &here, &contact, request, true);
                emit(ctx, tx, &here, events::PARTICIPANTS, value).await?;
            }
            Joining::Already { .. } => {}
        }
        let follow = *joining == Joining::Joined;
        Ok(follow.then(|| work(&number, &here, GroupTask::Follow)))
    }

    /// A person no longer asks to be let in.
    pub async fn person_cancels(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        group: &Group,
        request: &JoinRequest,
    ) -> Result<(), ManageError> {
        let Some((here, number)) = hosted(tx, group.conversation).await? else { return Ok(()) };
        let contact = meet(ctx, tx, &number, request.account).await?;
        let value = events::requested(ctx, &number, &here, &contact, request, false);
        Ok(emit(ctx, tx, &here, events::PARTICIPANTS, value).await?)
    }

    /// A person has left.
    pub async fn person_leaves(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        group: &Group,
    ) -> Result<Option<GroupWork>, ManageError> {
        let Some((here, number)) = hosted(tx, group.conversation).await? else { return Ok(None) };
        let contact = meet(ctx, tx, &number, acting_account(ctx)?).await?;
        store::note_flow(tx, here.group_id, ctx.now(), (0, 1)).await?;
        let value = events::left(ctx, &number, &here, &contact);
        emit(ctx, tx, &here, events::PARTICIPANTS, value).await?;
        Ok(Some(work(&number, &here, GroupTask::Follow)))
    }
}

impl Business {
    /// A group that the actor may change now, with its number.
    async fn own_to_change(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: GroupId,
    ) -> Result<(BusinessGroup, BusinessNumber, Group), ManageError> {
        let own = own(ctx, tx, id).await?;
        self.take_change(ctx, own.0.phone_number_id)?;
        Ok(own)
    }

    fn take_change(&self, ctx: &Ctx, phone: PhoneNumberId) -> Result<(), ManageError> {
        self.pace.take_group_change(ctx, phone).map_err(|wait| {
            let what = format!(
                "too many changes of this number's groups: {} a second, {} at once; wait {} ms",
                limits::GROUP_CHANGES_PER_S,
                limits::GROUP_CHANGES_AT_ONCE,
                wait.as_millis().max(1)
            );
            ManageError::refused(codes::GROUP_RATE, what)
        })
    }
}

fn acting_account(ctx: &Ctx) -> Result<AccountId, MessagingError> {
    accounts::Device::acting(ctx).map(|device| device.account)
}

fn work(number: &BusinessNumber, here: &BusinessGroup, task: GroupTask) -> GroupWork {
    GroupWork { number: number.clone(), conversation: here.conversation, task }
}

/// The group of a conversation with its number, for what people do.
async fn hosted(
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Option<(BusinessGroup, BusinessNumber)>, DbError> {
    let Some(here) = store::of_conversation(tx, conversation).await? else { return Ok(None) };
    let number = portfolios::store::phone_number(tx, here.phone_number_id).await?;
    Ok(number.map(|number| (here, number)))
}

/// The group of a conversation. For the gateway.
pub async fn of_conversation(tx: &mut Tx, conversation: ConversationId) -> Result<Option<GroupId>, DbError> {
    Ok(store::of_conversation(tx, conversation).await?.map(|here| here.group_id))
}

/// The contact of somebody who shows up in a group.
async fn meet(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &BusinessNumber,
    account: AccountId,
) -> Result<Contact, ManageError> {
    let view = accounts::views(tx, &[account]).await?.remove(&account).ok_or(ManageError::NotFound)?;
    let phone = view.number.parse().map_err(|_| ManageError::NotFound)?;
    Ok(contacts::seen(ctx, tx, number.portfolio_id, account, &phone, &view.name).await?)
}

async fn emit(
    ctx: &Ctx,
    tx: &mut Tx,
    here: &BusinessGroup,
    field: &'static str,
    value: Value,
) -> Result<(), DbError> {
    let event = Event {
        portfolio: here.portfolio_id,
        waba: here.waba_id,
        phone: Some(here.phone_number_id),
        field,
        lane: lane(here.group_id),
        value,
    };
    webhooks::emit(ctx, tx, vec![event]).await
}

/// A group that the actor may touch, with its number.
async fn own(
    ctx: &Ctx,
    tx: &mut Tx,
    id: GroupId,
) -> Result<(BusinessGroup, BusinessNumber, Group), ManageError> {
    let here = store::get(tx, id).await?.ok_or(ManageError::NotFound)?;
    let number = portfolios::phone_number(ctx, tx, here.phone_number_id).await?;
    let group = messenger::get(tx, here.conversation).await?.ok_or(ManageError::NotFound)?;
    Ok((here, number, group))
}

/// The people in a group, as the portfolio knows them.
pub(crate) async fn participants(
    tx: &mut Tx,
    here: &BusinessGroup,
    group: &Group,
) -> Result<Vec<Contact>, MessagingError> {
    let accounts = messenger::participants(tx, group).await?;
    let known: Vec<_> = accounts.into_iter().map(|account| (here.portfolio_id, account)).collect();
    Ok(contacts::by_accounts(tx, &known).await?.into_iter().flatten().collect())
}

/// A cursor that no answer gave, or of a group that is gone.
pub fn invalid_cursor() -> ManageError {
    let what = "after: a cursor of an earlier answer is expected; start from the first page";
    ManageError::refused(codes::INVALID_CURSOR, what)
}

/// The groups of a number, in the order in which they were made, a page after `after`.
pub async fn list(
    ctx: &Ctx,
    tx: &mut Tx,
    phone: PhoneNumberId,
    after: Option<GroupId>,
    limit: usize,
) -> Result<Vec<(BusinessGroup, Group)>, ManageError> {
    portfolios::phone_number(ctx, tx, phone).await?;
    let after = match after {
        Some(id) => {
            let here = store::get(tx, id).await?.filter(|here| here.phone_number_id == phone);
            Some(here.ok_or_else(invalid_cursor)?)
        }
        None => None,
    };
    let found = store::list(tx, phone, after.as_ref(), limit).await?;
    let conversations: Vec<_> = found.iter().map(|here| here.conversation).collect();
    let groups = messenger::get_all(tx, &conversations).await?;
    Ok(found.into_iter().zip(groups).filter_map(|(here, group)| Some((here, group?))).collect())
}

/// All about a group.
pub async fn get(ctx: &Ctx, tx: &mut Tx, id: GroupId) -> Result<GroupDetails, ManageError> {
    let (here, _, group) = own(ctx, tx, id).await?;
    let participants = participants(tx, &here, &group).await?;
    Ok(GroupDetails { here, group, participants })
}

impl Business {
    /// Changes what a group is called, what it is about, or its picture. Members are told by a message of the manager.
    pub async fn change_group(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: GroupId,
        asked: &ChangeGroup,
    ) -> Result<Changed, ManageError> {
        let (here, number, mut group) = self.own_to_change(ctx, tx, id).await?;
        if let Some(subject) = &asked.subject {
            group.subject.clone_from(subject);
        }
        if let Some(description) = &asked.description {
            group.description.clone_from(description);
        }
        if let Some(picture) = &asked.picture {
            let picture_id: Uuid = ctx.uuid();
            store::set_picture(tx, id, picture_id, picture).await?;
            group.picture = format!("group-picture/{}", picture_id.simple());
        }
        messenger::describe(tx, &group).await?;
        let request_id = request_id(ctx);
        let value = events::changed(ctx, &number, &here, asked, &request_id);
        emit(ctx, tx, &here, events::SETTINGS, value).await?;
        let change = GroupChange {
            subject: asked.subject.clone(),
            description: asked.description.clone(),
            has_new_picture: asked.picture.is_some(),
        };
        let said = Content {
            sender_name: number.verified_name.clone(),
            body: Some(Body::GroupChange(change)),
            ..Content::default()
        };
        let tell = work(&number, &here, GroupTask::Tell(Box::new(said)));
        Ok(Changed { request_id, work: vec![tell] })
    }
}

impl Business {
    /// Deletes a group: everybody is out, and nothing of it stays but its messages with their charges.
    pub async fn delete_group(&self, ctx: &Ctx, tx: &mut Tx, id: GroupId) -> Result<Changed, ManageError> {
        let (here, number, group) = self.own_to_change(ctx, tx, id).await?;
        messenger::empty(tx, &group).await?;
        store::delete(tx, id, here.phone_number_id).await?;
        portfolios::store::delete_node(tx, id.0).await?;
        let request_id = request_id(ctx);
        let value = events::deleted(ctx, &number, &here, &request_id);
        emit(ctx, tx, &here, events::LIFECYCLE, value).await?;
        Ok(Changed { request_id, work: vec![work(&number, &here, GroupTask::Close)] })
    }
}

/// The link that lets people in; made, if there is none just now.
pub async fn invite_link(ctx: &Ctx, tx: &mut Tx, id: GroupId) -> Result<String, ManageError> {
    let (here, _, group) = own(ctx, tx, id).await?;
    match here.invite_link(&group) {
        Some(link) => Ok(link),
        None => {
            let what = "the group has no invite link: make one with POST";
            Err(ManageError::refused(codes::INVALID_PARAMETER, what))
        }
    }
}

impl Business {
    /// Gives a group a new link; the one before lets nobody in any more.
    pub async fn reset_invite_link(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: GroupId,
        origin: &str,
    ) -> Result<String, ManageError> {
        let (here, _, _) = self.own_to_change(ctx, tx, id).await?;
        let code = invite_code(ctx);
        messenger::set_invite_code(tx, here.conversation, Some(&code)).await?;
        store::set_origin(tx, id, origin).await?;
        Ok(format!("{origin}/g/{code}"))
    }
}

impl Business {
    /// Takes the link of a group back: nobody comes any more, until there is a new one.
    pub async fn delete_invite_link(&self, ctx: &Ctx, tx: &mut Tx, id: GroupId) -> Result<(), ManageError> {
        let (here, _, _) = self.own_to_change(ctx, tx, id).await?;
        Ok(messenger::set_invite_code(tx, here.conversation, None).await?)
    }
}

/// Who waits to be let in, in the order in which they came.
pub async fn join_requests(
    ctx: &Ctx,
    tx: &mut Tx,
    id: GroupId,
    after: Option<JoinRequestId>,
    limit: usize,
) -> Result<Vec<(JoinRequest, Contact)>, ManageError> {
    let (here, _, _) = own(ctx, tx, id).await?;
    let requests = messenger::requests(tx, here.conversation, after, limit).await?;
    let people: Vec<_> = requests.iter().map(|request| (here.portfolio_id, request.account)).collect();
    let contacts = contacts::by_accounts(tx, &people).await?;
    Ok(requests
        .into_iter()
        .zip(contacts)
        .filter_map(|(request, contact)| Some((request, contact?)))
        .collect())
}

impl Business {
    /// Lets people in who wait, as long as there are places.
    pub async fn approve_join_requests(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: GroupId,
        asked: &Requests,
    ) -> Result<Decided, ManageError> {
        let (here, number, _) = self.own_to_change(ctx, tx, id).await?;
        let request_id = request_id(ctx);
        let (mut done, mut failed, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for written in &asked.0 {
            let outcome = match written.parse() {
                Ok(request) => messenger::approve(tx, here.conversation, request).await,
                Err(_) => Ok(None),
            };
            match outcome {
                Ok(Some(account)) => {
                    people.push(meet(ctx, tx, &number, account).await?);
                    done.push(written.clone());
                }
                Ok(None) => failed.push((written.clone(), codes::NO_JOIN_REQUEST, NO_REQUEST)),
                Err(MessagingError::Conflict(_)) => {
                    failed.push((
                        written.clone(),
                        codes::GROUP_FULL,
                        "the group is full: eight people are in it",
                    ));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut todo = Vec::new();
        if !people.is_empty() {
            let joined = i64::try_from(people.len()).unwrap_or(i64::MAX);
            store::note_flow(tx, id, ctx.now(), (joined, 0)).await?;
            let value = events::joined(ctx, &number, &here, &people, Some(&request_id));
            emit(ctx, tx, &here, events::PARTICIPANTS, value).await?;
            todo.push(work(&number, &here, GroupTask::Follow));
        }
        Ok(Decided { changed: Changed { request_id, work: todo }, done, failed })
    }
}

const NO_REQUEST: &str = "there is no such join request: it was taken back, or decided before";

impl Business {
    /// Refuses people who wait. They may ask again.
    pub async fn reject_join_requests(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: GroupId,
        asked: &Requests,
    ) -> Result<Decided, ManageError> {
        let (here, _, _) = self.own_to_change(ctx, tx, id).await?;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for written in &asked.0 {
            let gone = match written.parse() {
                Ok(request) => messenger::reject(tx, here.conversation, request).await?,
                Err(_) => None,
            };
            match gone {
                Some(_) => done.push(written.clone()),
                None => failed.push((written.clone(), codes::NO_JOIN_REQUEST, NO_REQUEST)),
            }
        }
        Ok(Decided { changed: Changed { request_id: request_id(ctx), work: Vec::new() }, done, failed })
    }
}

impl Business {
    /// Takes people out of a group. The link that is good now lets them in no more.
    pub async fn remove_participants(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: GroupId,
        asked: &People,
    ) -> Result<Removed, ManageError> {
        let (here, number, group) = self.own_to_change(ctx, tx, id).await?;
        let present = participants(tx, &here, &group).await?;
        let request_id = request_id(ctx);
        let (mut removed, mut failed): (Vec<(Person, Contact)>, Vec<_>) = (Vec::new(), Vec::new());
        for person in &asked.0 {
            let found = present.iter().find(|contact| person.is(contact));
            let Some(contact) = found else {
                failed.push((person.clone(), codes::NOT_IN_GROUP, "they are not in the group"));
                continue;
            };
            if removed.iter().any(|(_, other)| other.account == contact.account) {
                failed.push((person.clone(), codes::NAMED_TWICE, "they are named twice"));
                continue;
            }
            messenger::remove(tx, &group, contact.account).await?;
            removed.push((person.clone(), contact.clone()));
        }
        let mut todo = Vec::new();
        if !removed.is_empty() {
            let gone = i64::try_from(removed.len()).unwrap_or(i64::MAX);
            store::note_flow(tx, id, ctx.now(), (0, gone)).await?;
            let value = events::removed(ctx, &number, &here, (&removed, &failed), &request_id);
            emit(ctx, tx, &here, events::PARTICIPANTS, value).await?;
            todo.push(work(&number, &here, GroupTask::Follow));
        }
        Ok(Removed { changed: Changed { request_id, work: todo }, removed, failed })
    }
}

/// The operator stops a group, or lets it go on: while it is stopped, the business cannot write and nobody comes.
pub async fn suspend(ctx: &Ctx, tx: &mut Tx, id: GroupId, is_suspended: bool) -> Result<(), ManageError> {
    if !is_operator(ctx) {
        return Err(ManageError::NotFound);
    }
    let (here, number, _) = own(ctx, tx, id).await?;
    if here.is_suspended == is_suspended {
        return Ok(());
    }
    store::set_suspended(tx, id, is_suspended).await?;
    let value = events::suspended(ctx, &number, &here, is_suspended);
    Ok(emit(ctx, tx, &here, events::STATUS, value).await?)
}

/// A picture, by its id: type and bytes.
pub async fn picture(tx: &mut Tx, id: &str) -> Result<Option<(String, Vec<u8>)>, DbError> {
    match Uuid::try_parse(id) {
        Ok(id) => store::picture(tx, id).await,
        Err(_) => Ok(None),
    }
}

/// Somebody wrote in a group: the business may write freely to all of it.
pub(crate) async fn person_wrote(
    ctx: &Ctx,
    tx: &mut Tx,
    id: GroupId,
    message: MessageId,
) -> Result<(), DbError> {
    store::set_window(tx, id, ctx.now() + limits::CUSTOMER_SERVICE_WINDOW).await?;
    store::note_messages(tx, vec![(message, message, id)]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_no_numbers_and_come_back() {
        let id = GroupId(123_456_789_012_345);
        let text = format_id(id);
        assert!(text.starts_with("cGxhemFfZ3JvdXA6"), "{text}");
        assert_eq!(parse_id(&text), Some(id));
        assert_eq!(parse_id(&format!(" {text}==")), Some(id));
        for text in ["", "123456789012345", "cGxhemFfZ3JvdXA6", "cGxhemFfZ3JvdXA6eA", "+4915112345678"] {
            assert_eq!(parse_id(text), None, "{text}");
        }
    }

    #[test]
    fn copies_differ_by_person_and_keep_the_time() {
        let (ctx, _) = plaza_db::testing::ctx();
        let message: MessageId = ctx.ordered_id();
        let (ana, ben) = (ctx.uuid(), ctx.uuid());
        assert_eq!(copy_of(message, ana), copy_of(message, ana));
        assert_ne!(copy_of(message, ana), copy_of(message, ben));
        assert_eq!(copy_of(message, ana).as_bytes()[..8], message.as_bytes()[..8]);
    }
}
