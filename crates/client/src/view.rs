//! # What a view shows
//!
//! Plain values for a user interface, ready to be written as JSON: no keys, no bytes, names resolved.

use plaza_protocol::content::{Body, Content};
use plaza_protocol::{MessageId, Timestamp};
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

/// The kinds of item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// Text.
    Text,
    /// A business's template.
    Template,
    /// An emoji on another message.
    Reaction,
    /// A pressed button.
    ButtonReply,
    /// Something that this device has to say.
    Notice,
    /// Of a kind that this version does not know.
    Unsupported,
}

/// An item of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemView {
    /// Its message id.
    pub id: String,
    /// Its kind.
    pub kind: ItemKind,
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
    /// The template's parts.
    pub template: Option<TemplateView>,
    /// Why it failed.
    pub error: Option<String>,
}

impl ItemView {
    pub(crate) fn notice(id: MessageId, at: Timestamp, gseq: u64, text: String) -> Self {
        Self {
            id: id.to_string(),
            kind: ItemKind::Notice,
            mine: false,
            author: String::new(),
            at: at.milliseconds(),
            gseq,
            ticks: None,
            text,
            reply_to: None,
            reactions: Vec::new(),
            template: None,
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

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateView {
    /// Its header.
    pub header: String,
    /// Its text.
    pub body: String,
    /// Its footer.
    pub footer: String,
    /// Its buttons.
    pub buttons: Vec<ButtonView>,
}

/// A button of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ButtonView {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER` or `COPY_CODE`.
    pub kind: String,
    /// What stands on it.
    pub text: String,
    /// The payload, address, number or code.
    pub value: String,
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
}

pub(crate) fn kind_and_text(content: &Content) -> (ItemKind, String) {
    match &content.body {
        Some(Body::Text(text)) => (ItemKind::Text, text.body.clone()),
        Some(Body::Template(template)) => (ItemKind::Template, template.body.clone()),
        Some(Body::Reaction(reaction)) => (ItemKind::Reaction, reaction.emoji.clone()),
        Some(Body::ButtonReply(reply)) => (ItemKind::ButtonReply, reply.text.clone()),
        None => (ItemKind::Unsupported, "This message is not supported yet.".to_owned()),
    }
}

pub(crate) fn template_of(content: &Content) -> Option<TemplateView> {
    let Some(Body::Template(template)) = &content.body else { return None };
    let button = |button: &plaza_protocol::content::Button| ButtonView {
        kind: button.kind.clone(),
        text: button.text.clone(),
        value: button.value.clone(),
    };
    Some(TemplateView {
        header: template.header.clone(),
        body: template.body.clone(),
        footer: template.footer.clone(),
        buttons: template.buttons.iter().map(button).collect(),
    })
}
