//! # What a view shows
//!
//! Plain values for a user interface, ready to be written as JSON: no keys, no bytes, names resolved.

use plaza_protocol::content::{Body, Content};
use plaza_protocol::{ConversationId, MessageId, Timestamp, wire};
use serde::Serialize;

/// How far a message of one's own has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ticks {
    /// Only here.
    Waiting,
    /// The server has stored it.
    Sent,
    /// All others have stored it.
    Delivered,
    /// All others have seen it.
    Read,
    /// It was refused.
    Failed,
}

/// Something that this device has to say.
pub const NOTICE: &str = "notice";
/// A message that its author took back.
pub const REVOKED: &str = "revoked";
/// Of a kind that this version does not know.
pub const UNSUPPORTED: &str = "unsupported";

/// An item of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemView {
    /// Its message id.
    pub id: String,
    /// Its kind: that of its content ([`Body::kind`]), or [`NOTICE`], [`REVOKED`] or [`UNSUPPORTED`].
    pub kind: &'static str,
    /// Whether this account wrote it.
    pub mine: bool,
    /// The name of who wrote it.
    pub author: String,
    /// When, in milliseconds.
    pub at: i64,
    /// Its place in the conversation; 0: none yet.
    pub gseq: u64,
    /// Of one's own messages.
    pub ticks: Option<Ticks>,
    /// The text to show.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// The reactions to it.
    pub reactions: Vec<ReactionView>,
    /// All that it says. Absent: a notice, a message that was taken back, or a kind that this version does not know.
    pub content: Option<Body>,
    /// Whether its author has changed it.
    pub is_edited: bool,
    /// Why it failed.
    pub error: Option<String>,
}

impl ItemView {
    pub(crate) fn notice(id: MessageId, at: Timestamp, gseq: u64, text: String) -> Self {
        Self {
            id: id.to_string(),
            kind: NOTICE,
            mine: false,
            author: String::new(),
            at: at.milliseconds(),
            gseq,
            ticks: None,
            text,
            reply_to: None,
            reactions: Vec::new(),
            content: None,
            is_edited: false,
            error: None,
        }
    }
}

/// A reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactionView {
    /// The emoji.
    pub emoji: String,
    /// Whether this account reacted.
    pub mine: bool,
}

/// A row of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversationView {
    /// The conversation.
    pub id: String,
    /// The other's name.
    pub title: String,
    /// The other's number.
    pub number: String,
    /// Whether it is a business.
    pub is_business: bool,
    /// Whether the operator has reviewed it.
    pub is_verified: bool,
    /// Who holds the business's keys; empty: itself.
    pub hosted_by: String,
    /// The other's account.
    pub account_id: String,
    /// The beginning of what was said last.
    pub last_text: String,
    /// When, in milliseconds.
    pub last_at: i64,
    /// Whether this account said it.
    pub last_mine: bool,
    /// Its ticks.
    pub last_ticks: Option<Ticks>,
    /// Messages that were not seen yet.
    pub unread: u32,
    /// Whether the other is writing.
    pub typing: bool,
    /// Whether the other is there.
    pub online: bool,
    /// Whether this person wants to hear nothing from the other.
    pub is_blocked: bool,
    /// Whether the other is a business that takes calls…
    pub takes_calls: bool,
    /// …and wants a button for it to be shown.
    pub shows_call_button: bool,
    /// Whether this person wants no advertising from the other.
    pub wants_no_marketing: bool,
    /// Whether this person is in it no more: nothing can be said.
    pub is_left: bool,
    /// Absent: a conversation of two.
    pub group: Option<GroupView>,
}

/// What a group has beside other conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// What it is called.
    pub subject: String,
    /// What it is about; empty: nobody said.
    pub description: String,
    /// Where its picture lies, below the server's address; empty: it has none.
    pub picture: String,
    /// Who is in it: the manager, this person, and the others by their names.
    pub members: Vec<MemberView>,
}

/// A group, as somebody who has its link sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InvitationView {
    /// The conversation that one would be in.
    pub conversation_id: String,
    /// What it is called.
    pub subject: String,
    /// What it is about; empty: nobody said.
    pub description: String,
    /// Where its picture lies, below the server's address; empty: it has none.
    pub picture: String,
    /// Who manages it.
    pub manager: String,
    /// The manager's number.
    pub manager_number: String,
    /// Whether the operator has reviewed the manager.
    pub is_verified: bool,
    /// Who holds the keys of the manager, and reads along; empty: nobody.
    pub hosted_by: String,
    /// People in it, without the manager.
    pub participants: u32,
    /// How many there may be.
    pub participants_max: u32,
    /// Whether the manager has to approve.
    pub is_approval_required: bool,
    /// Whether one is in it.
    pub is_member: bool,
    /// Whether one waits to be let in.
    pub is_requested: bool,
}

impl InvitationView {
    pub(crate) fn read(told: &wire::Invitation) -> Option<Self> {
        let (group, manager) = (told.group.clone()?, told.manager.clone()?);
        Some(Self {
            conversation_id: ConversationId::from_slice(&told.conversation_id).ok()?.to_string(),
            subject: group.subject,
            description: group.description,
            picture: group.picture,
            manager: if manager.name.is_empty() { manager.number.clone() } else { manager.name },
            manager_number: manager.number,
            is_verified: manager.is_verified,
            hosted_by: manager.hosted_by,
            participants: told.participants,
            participants_max: told.participants_max,
            is_approval_required: group.is_approval_required,
            is_member: told.is_member,
            is_requested: told.is_requested,
        })
    }
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Their account.
    pub account_id: String,
    /// Their name.
    pub name: String,
    /// Their number.
    pub number: String,
    /// Whether this is a business.
    pub is_business: bool,
    /// Whether they manage the group.
    pub is_manager: bool,
    /// Whether this is oneself.
    pub is_me: bool,
    /// Who holds the keys of a hosted business; empty: itself.
    pub hosted_by: String,
}

/// The kind and the one line of a message.
pub(crate) fn kind_and_text(content: &Content) -> (&'static str, String) {
    match &content.body {
        Some(body) => (body.kind(), body.summary()),
        None => (UNSUPPORTED, "This message is not supported yet.".to_owned()),
    }
}
