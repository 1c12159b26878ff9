//! # Groups
//!
//! A group is a conversation of several accounts that one of them **manages**: it makes the group, names it, lets
//! people in and removes them. People come by an **invite link**; where approval is required, they stand in a list of
//! **join requests** until the manager says a word. Everybody may leave.
//!
//! Who is in the group is decided here and nowhere else. The MLS group follows: its leaves must be the present devices
//! of the members ([`crate::conversations`]), so that whoever changes the members marks the group as stale, and
//! nobody's message is taken before a commit has brought it up to date. Nobody who left can read what is said
//! afterwards, and nobody who came what was said before.
//!
//! - A group has at most [`GROUP_PARTICIPANTS_MAX`] people beside its manager.
//! - Whom the manager has removed does not come back by the same link; a new link lets them in again.
//! - The code of a link is random; who has it may see subject, description and the manager, and nobody's name.

pub(crate) mod store;

use crate::MessagingError;
use crate::accounts::{self, Device};
use crate::conversations;
use crate::rate::{self, Limit};
use plaza_db::{Row, Tx, params};
use plaza_protocol::limits::{GROUP_PARTICIPANTS_MAX, JOIN_REFILL, JOIN_REQUESTS_MAX, JOINS_BURST};
use plaza_protocol::{AccountId, ConversationId, Ctx, JoinRequestId, Timestamp, wire};
use store::*;

/// Links that an account looks at or follows.
const JOINS: Limit = Limit { name: "invite links", burst: JOINS_BURST, refill: JOIN_REFILL };
/// Characters of a link's code that are looked at.
const CODE_CHARACTERS_MAX: usize = 64;

/// A group as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Who manages it.
    pub manager: AccountId,
    /// What it is called.
    pub subject: String,
    /// What it is about.
    pub description: String,
    /// Where its picture lies, below the server's address; empty: it has none.
    pub picture: String,
    /// The last part of its link; `None`: there is none just now.
    pub invite_code: Option<String>,
    /// Whether people wait for the manager's word.
    pub is_approval_required: bool,
    /// People in it, without the manager.
    pub participants: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Group {
    /// As its members see it.
    pub fn view(&self) -> wire::Group {
        wire::Group {
            subject: self.subject.clone(),
            description: self.description.clone(),
            manager_id: self.manager.as_bytes().to_vec(),
            is_approval_required: self.is_approval_required,
            picture: self.picture.clone(),
        }
    }
}

/// Somebody waits to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinRequest {
    /// Names it.
    pub id: JoinRequestId,
    /// Who.
    pub account: AccountId,
    /// Since when.
    pub at: Timestamp,
}

/// What became of following a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joining {
    /// They are in now.
    Joined,
    /// They wait.
    Requested(JoinRequest),
    /// They were in already, or wait already.
    Already {
        /// Which of the two.
        is_requested: bool,
    },
}

/// A group without people. Its manager opens the conversation next ([`conversations::open_group`]).
pub async fn create(ctx: &Ctx, tx: &mut Tx, group: &Group) -> Result<(), MessagingError> {
    let row = params![
        group.conversation,
        group.manager,
        &group.subject,
        &group.description,
        &group.picture,
        group.invite_code.as_deref(),
        group.is_approval_required,
        ctx.now()
    ];
    tx.execute(INSERT, row).await?;
    tx.execute(conversations::store::INSERT_MEMBER, params![group.manager, group.conversation]).await?;
    Ok(())
}

/// A group, by its conversation.
pub async fn get(tx: &mut Tx, conversation: ConversationId) -> Result<Option<Group>, MessagingError> {
    tx.query_one(SELECT, params![conversation]).await?.as_ref().map(read).transpose()
}

/// Several groups; one that is missing is none.
pub async fn get_all(
    tx: &mut Tx,
    conversations: &[ConversationId],
) -> Result<Vec<Option<Group>>, MessagingError> {
    let asked = conversations.iter().map(|conversation| params![conversation]).collect();
    let answers = tx.query_many(SELECT, asked).await?;
    answers.iter().map(|rows| rows.first().map(read).transpose()).collect()
}

/// How members see the group of a conversation; `None`: it is none.
pub(crate) async fn view(
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Option<wire::Group>, MessagingError> {
    Ok(get(tx, conversation).await?.map(|group| group.view()))
}

/// The accounts in a group, without its manager.
pub async fn participants(tx: &mut Tx, group: &Group) -> Result<Vec<AccountId>, MessagingError> {
    let members = conversations::members(tx, group.conversation).await?;
    Ok(members.into_iter().filter(|member| *member != group.manager).collect())
}

/// Names a group anew.
pub async fn describe(tx: &mut Tx, group: &Group) -> Result<(), MessagingError> {
    let row = params![group.conversation, &group.subject, &group.description, &group.picture];
    tx.execute(DESCRIBE, row).await?;
    Ok(())
}

/// Gives a group another link, or none.
pub async fn set_invite_code(
    tx: &mut Tx,
    conversation: ConversationId,
    code: Option<&str>,
) -> Result<(), MessagingError> {
    tx.execute(SET_INVITE_CODE, params![conversation, code]).await?;
    Ok(())
}

/// What a link leads to, for a device whose person considers to join.
pub async fn invitation(ctx: &Ctx, tx: &mut Tx, code: &str) -> Result<wire::Invitation, MessagingError> {
    let me = Device::acting(ctx)?;
    rate::take(ctx, tx, JOINS, me.account, me.account).await?;
    let group = by_code(tx, code).await?;
    let manager = accounts::views(tx, &[group.manager]).await?.remove(&group.manager);
    let members = conversations::members(tx, group.conversation).await?;
    let request = tx.query_one(REQUEST_OF, params![group.conversation, me.account]).await?;
    Ok(wire::Invitation {
        group: Some(group.view()),
        // The devices are nobody's business before one is in.
        manager: manager.map(|manager| wire::Account { device_ids: Vec::new(), ..manager }),
        conversation_id: group.conversation.as_bytes().to_vec(),
        participants: group.participants,
        participants_max: u32::try_from(GROUP_PARTICIPANTS_MAX).unwrap_or(u32::MAX),
        is_member: members.contains(&me.account),
        is_requested: request.is_some(),
    })
}

/// Follows a link: the acting account is in at once, or waits for the manager. Whoever calls this brings the MLS group
/// up to date in the same transaction, if it hosts the manager.
pub async fn join(ctx: &Ctx, tx: &mut Tx, code: &str) -> Result<(Group, Joining), MessagingError> {
    let me = Device::acting(ctx)?;
    rate::take(ctx, tx, JOINS, me.account, me.account).await?;
    let group = by_code(tx, code).await?;
    if conversations::members(tx, group.conversation).await?.contains(&me.account) {
        return Ok((group, Joining::Already { is_requested: false }));
    }
    let removed = tx.query_one(REMOVED_BY, params![group.conversation, me.account, code]).await?;
    if removed.is_some() {
        return Err(MessagingError::Forbidden(
            "you were removed from this group: this link does not let you in again",
        ));
    }
    if !group.is_approval_required {
        take_place(tx, group.conversation).await?;
        return Ok(match enter(tx, group.conversation, me.account).await? {
            true => (group, Joining::Joined),
            false => (group, Joining::Already { is_requested: false }),
        });
    }
    let (id, at): (JoinRequestId, _) = (ctx.ordered_id(), ctx.now());
    if tx.execute(INSERT_REQUEST, params![group.conversation, me.account, id, at]).await? == 0 {
        return Ok((group, Joining::Already { is_requested: true }));
    }
    if tx.execute(COUNT_REQUEST, params![group.conversation, i64::from(JOIN_REQUESTS_MAX)]).await? == 0 {
        return Err(MessagingError::Conflict(
            "too many people wait to be let into this group: try again later",
        ));
    }
    Ok((group, Joining::Requested(JoinRequest { id, account: me.account, at })))
}

/// The acting account no longer asks to be let in; `None`: it did not.
pub async fn cancel(
    ctx: &Ctx,
    tx: &mut Tx,
    code: &str,
) -> Result<Option<(Group, JoinRequest)>, MessagingError> {
    let me = Device::acting(ctx)?;
    let group = by_code(tx, code).await?;
    let Some(row) = tx.query_one(REQUEST_OF, params![group.conversation, me.account]).await? else {
        return Ok(None);
    };
    let request = request(&row)?;
    let gone = reject(tx, group.conversation, request.id).await?;
    Ok(gone.map(|_| (group, request)))
}

/// A place for one more.
async fn take_place(tx: &mut Tx, conversation: ConversationId) -> Result<(), MessagingError> {
    let places = GROUP_PARTICIPANTS_MAX as u64;
    if tx.execute(TAKE_PLACE, params![conversation, places]).await? == 0 {
        return Err(MessagingError::Conflict("the group is full: eight people are in it"));
    }
    Ok(())
}

/// Somebody takes their place; `false`: they have one already, and this one is given back.
async fn enter(
    tx: &mut Tx,
    conversation: ConversationId,
    account: AccountId,
) -> Result<bool, MessagingError> {
    if tx.execute(ENTER, params![account, conversation]).await? == 0 {
        tx.execute(GIVE_PLACE, params![conversation]).await?;
        return Ok(false);
    }
    tx.execute(FORGET_REMOVED, params![conversation, account]).await?;
    tx.execute(MARK_STALE, params![conversation]).await?;
    Ok(true)
}

/// The people who wait, in the order in which they came.
pub async fn requests(
    tx: &mut Tx,
    conversation: ConversationId,
    after: Option<JoinRequestId>,
    limit: usize,
) -> Result<Vec<JoinRequest>, MessagingError> {
    let after = after.unwrap_or(JoinRequestId(Default::default()));
    let rows = tx.query(REQUESTS, params![conversation, after, limit as u64]).await?;
    rows.iter().map(request).collect()
}

/// Lets somebody in who waits. `None`: there is no such request. A refusal leaves them waiting.
pub async fn approve(
    tx: &mut Tx,
    conversation: ConversationId,
    id: JoinRequestId,
) -> Result<Option<AccountId>, MessagingError> {
    take_place(tx, conversation).await?;
    let Some(account) = reject(tx, conversation, id).await? else {
        tx.execute(GIVE_PLACE, params![conversation]).await?;
        return Ok(None);
    };
    enter(tx, conversation, account).await?;
    Ok(Some(account))
}

/// Ends a request. `None`: there is none.
pub async fn reject(
    tx: &mut Tx,
    conversation: ConversationId,
    id: JoinRequestId,
) -> Result<Option<AccountId>, MessagingError> {
    let Some(row) = tx.query_one(DELETE_REQUEST, params![conversation, id]).await? else { return Ok(None) };
    tx.execute(UNCOUNT_REQUEST, params![conversation]).await?;
    Ok(Some(row.get(0)?))
}

/// The manager removes somebody; `false`: they were not in it.
pub async fn remove(tx: &mut Tx, group: &Group, account: AccountId) -> Result<bool, MessagingError> {
    if !exit(tx, group, account).await? {
        return Ok(false);
    }
    if let Some(code) = &group.invite_code {
        tx.execute(NOTE_REMOVED, params![group.conversation, account, code]).await?;
    }
    Ok(true)
}

async fn exit(tx: &mut Tx, group: &Group, account: AccountId) -> Result<bool, MessagingError> {
    if account == group.manager || tx.execute(DELETE_MEMBER, params![account, group.conversation]).await? == 0
    {
        return Ok(false);
    }
    tx.execute(GIVE_PLACE, params![group.conversation]).await?;
    tx.execute(MARK_STALE, params![group.conversation]).await?;
    Ok(true)
}

/// The acting account leaves. The manager cannot: it deletes the group.
pub async fn leave(ctx: &Ctx, tx: &mut Tx, conversation: ConversationId) -> Result<Group, MessagingError> {
    let me = Device::acting(ctx)?;
    let group = get(tx, conversation).await?.ok_or(MessagingError::NotFound("group"))?;
    if !exit(tx, &group, me.account).await? {
        return Err(MessagingError::NotFound("group"));
    }
    Ok(group)
}

/// Everybody is out but the manager; what is on its way still arrives. The manager's device tells the others with its
/// last commit, and then the group goes ([`forget`]).
pub async fn empty(tx: &mut Tx, group: &Group) -> Result<(), MessagingError> {
    for account in participants(tx, group).await? {
        exit(tx, group, account).await?;
    }
    Ok(())
}

/// Nothing of a group stays.
pub async fn forget(tx: &mut Tx, conversation: ConversationId) -> Result<(), MessagingError> {
    for sql in [
        DELETE_GROUP,
        DELETE_REQUESTS,
        DELETE_REMOVED,
        DELETE_MEMBERS,
        DELETE_LEAVES,
        DELETE_STATE,
        DELETE_RECEIPTS,
        DELETE_CONVERSATION,
    ] {
        tx.execute(sql, params![conversation]).await?;
    }
    Ok(())
}

async fn by_code(tx: &mut Tx, code: &str) -> Result<Group, MessagingError> {
    let code = Some(code).filter(|code| code.len() <= CODE_CHARACTERS_MAX && !code.contains('\0'));
    let code = code.ok_or(MessagingError::NotFound("invite link"))?;
    let row = tx.query_one(BY_CODE, params![code]).await?.ok_or(MessagingError::NotFound("invite link"))?;
    read(&row)
}

fn read(row: &Row) -> Result<Group, MessagingError> {
    let participants: i64 = row.get(7)?;
    Ok(Group {
        conversation: row.get(0)?,
        manager: row.get(1)?,
        subject: row.get(2)?,
        description: row.get(3)?,
        picture: row.get(4)?,
        invite_code: row.get(5)?,
        is_approval_required: row.get(6)?,
        participants: u32::try_from(participants).unwrap_or_default(),
        created_at: row.get(8)?,
    })
}

fn request(row: &Row) -> Result<JoinRequest, MessagingError> {
    Ok(JoinRequest { id: row.get(0)?, account: row.get(1)?, at: row.get(2)? })
}
