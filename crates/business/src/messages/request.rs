//! # What a business asks to send
//!
//! The body of `POST /{phone}/messages`, read with the forgiveness that clients in the field need: `null` is absent,
//! the kind defaults to text, numbers are written in any way, words come in either case, and what is not known is
//! ignored. What is needed and missing, or cannot be, is an error that names the member.

pub(crate) mod free;
pub(crate) mod interactive;

use super::SendError;
use crate::contacts;
use crate::groups;
use crate::json::node::{Node, Refusal};
use crate::json::{boolean, member, text_member};
use crate::media::MediaUse;
use crate::templates::definition::FlowName;
use crate::templates::render::SendTemplate;
use crate::wamid;
use plaza_protocol::content::{Body, MediaForm};
use plaza_protocol::{BusinessMessageId, GroupId, InvalidPhoneNumber, PhoneNumber};
use serde_json::Value;

/// Characters that a business may have echoed in the statuses of a message.
const CALLBACK_DATA_CHARACTERS_MAX: usize = 512;
/// What may be done with a marketing message that cannot go its own way.
const PRODUCT_POLICIES: [&str; 2] = ["CLOUD_API_FALLBACK", "STRICT"];
/// Characters of an idempotency key.
pub(crate) const KEY_CHARACTERS_MAX: usize = 255;

/// What the call asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// A message.
    Send(Box<SendMessage>),
    /// A person's message was read.
    Read(ReadMark),
}

/// At which address a message was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// `messages`: every kind.
    Messages,
    /// `marketing_messages`: templates that advertise, and nothing else.
    MarketingMessages,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct SendMessage {
    pub(super) address: Address,
    pub(super) recipient: Recipient,
    /// The recipient as it was written.
    pub(crate) input: String,
    pub(crate) kind: Kind,
    pub(crate) reply_to: Option<BusinessMessageId>,
    pub(crate) biz_opaque_callback_data: Option<String>,
    pub(super) idempotency: Option<Idempotency>,
    /// Why a file that it names by a link could not be fetched: it is accepted, and fails.
    pub(crate) unfetched: Option<String>,
}

/// What makes a repeat known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The value of the header `Idempotency-Key`.
    pub key: String,
    /// Of the body that came with it.
    pub body_sha256: [u8; 32],
}

/// A person's message was read, and perhaps is being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadMark {
    /// Which.
    pub message_id: BusinessMessageId,
    /// Show that an answer is being written.
    pub is_typing: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    Number(PhoneNumber),
    UserId(String),
    Group(GroupId),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Template(SendTemplate),
    Free(Box<Draft>),
}

/// A message as it will be, but for what the request only names: files, and a form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) body: Body,
    /// Where the bytes of its files are, in the order of [`Body::attachments_mut`].
    pub(super) uses: Vec<MediaUse>,
    pub(super) flow: Option<FlowName>,
}

impl Draft {
    fn of(body: Body) -> Self {
        Self { body, uses: Vec::new(), flow: None }
    }
}

fn missing(member: &str) -> SendError {
    SendError::Missing { member: member.to_owned() }
}

fn invalid(member: &str, what: impl Into<String>) -> SendError {
    SendError::Invalid { member: member.to_owned(), what: what.into() }
}

impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        match refusal.what {
            None => Self::Missing { member: refusal.member },
            Some(what) => Self::Invalid { member: refusal.member, what },
        }
    }
}

impl Request {
    /// Reads the parameters of a call.
    pub fn read(parameters: &Value, idempotency: Option<Idempotency>) -> Result<Self, SendError> {
        require_product(parameters)?;
        match text_member(parameters, "status") {
            Some(status) if status.eq_ignore_ascii_case("read") => read_mark(parameters).map(Self::Read),
            Some(_) => Err(invalid("status", "\"read\" is expected")),
            None => SendMessage::read(parameters, idempotency).map(|message| Self::Send(Box::new(message))),
        }
    }
}

fn require_product(parameters: &Value) -> Result<(), SendError> {
    let product = text_member(parameters, "messaging_product").ok_or_else(|| missing("messaging_product"))?;
    if product.eq_ignore_ascii_case("whatsapp") {
        Ok(())
    } else {
        Err(invalid("messaging_product", "\"whatsapp\" is expected"))
    }
}

fn read_mark(parameters: &Value) -> Result<ReadMark, SendError> {
    let message_id = text_member(parameters, "message_id").ok_or_else(|| missing("message_id"))?;
    let message_id = message(&message_id, "message_id")?;
    let root = Node::root(parameters);
    let typing = root.optional("typing_indicator")?;
    if let Some(typing) = &typing
        && typing.word("type")? != "text"
    {
        return Err(invalid("typing_indicator.type", "\"text\" is expected"));
    }
    Ok(ReadMark { message_id, is_typing: typing.is_some() })
}

fn message(text: &str, member: &str) -> Result<BusinessMessageId, Refusal> {
    let refused = || crate::json::node::invalid(member, "the id of a message (wamid.…) is expected");
    wamid::parse(text).ok_or_else(refused)
}

impl SendMessage {
    /// The files that it names, in the order in which they stand in it.
    pub fn media(&self) -> &[MediaUse] {
        match &self.kind {
            Kind::Free(draft) => &draft.uses,
            Kind::Template(template) => &template.uses,
        }
    }

    /// A file that it names by a link could not be fetched: the message will be accepted, and fail with this reason.
    pub fn not_fetched(&mut self, why: impl Into<String>) {
        self.unfetched.get_or_insert(why.into());
    }

    /// The group that it goes to; `None`: it goes to a person.
    pub(crate) fn group(&self) -> Option<GroupId> {
        match self.recipient {
            Recipient::Group(group) => Some(group),
            Recipient::Number(_) | Recipient::UserId(_) => None,
        }
    }

    /// The key by which a repeat is known.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())
    }

    /// Reads the parameters of a send at the address of marketing messages. Its two wishes are checked and have no
    /// further meaning here: every marketing message goes the one way there is, and what a person does with it is told
    /// to nobody but the sender.
    pub fn read_marketing(parameters: &Value, idempotency: Option<Idempotency>) -> Result<Self, SendError> {
        require_product(parameters)?;
        if let Some(policy) = text_member(parameters, "product_policy")
            && !PRODUCT_POLICIES.iter().any(|known| known.eq_ignore_ascii_case(&policy))
        {
            return Err(invalid("product_policy", "CLOUD_API_FALLBACK or STRICT is expected"));
        }
        if member(parameters, "message_activity_sharing").is_some_and(|value| boolean(value).is_none()) {
            return Err(invalid("message_activity_sharing", "true or false is expected"));
        }
        let message = Self::read(parameters, idempotency)?;
        if message.group().is_some() {
            return Err(invalid(
                "recipient_type",
                "this address sends to people: send to groups at messages",
            ));
        }
        match message.kind {
            Kind::Template(_) => Ok(Self { address: Address::MarketingMessages, ..message }),
            Kind::Free(_) => Err(SendError::NotATemplate),
        }
    }

    /// Reads the parameters of a send.
    pub fn read(parameters: &Value, idempotency: Option<Idempotency>) -> Result<Self, SendError> {
        let root = Node::root(parameters);
        let (recipient, input) = match root.word("recipient_type")?.as_str() {
            "" | "individual" => recipient(parameters)?,
            "group" => {
                let to = root.words("to", 256)?;
                let group = groups::parse_id(&to).or_else(|| to.trim().parse().ok());
                let group = group.ok_or_else(|| invalid("to", "the id of a group is expected"))?;
                (Recipient::Group(group), to)
            }
            _ => return Err(invalid("recipient_type", "\"individual\" or \"group\" is expected")),
        };
        let context = root.optional("context")?;
        let reply_to = context.map(|context| context.text("message_id", 256)).transpose()?;
        let reply_to = reply_to.filter(|id| !id.is_empty());
        let reply_to = reply_to.map(|id| message(&id, "context.message_id")).transpose()?;
        let echoed = "biz_opaque_callback_data";
        let data = root.text(echoed, CALLBACK_DATA_CHARACTERS_MAX)?;
        let biz_opaque_callback_data = root.has(echoed).then_some(data);
        if let Some(idempotency) = &idempotency
            && !(1..=KEY_CHARACTERS_MAX).contains(&idempotency.key.chars().count())
        {
            return Err(invalid(
                "Idempotency-Key",
                format!("1 to {KEY_CHARACTERS_MAX} characters are expected"),
            ));
        }
        let kind = kind(&root)?;
        Ok(Self {
            address: Address::Messages,
            recipient,
            input,
            kind,
            reply_to,
            biz_opaque_callback_data,
            idempotency,
            unfetched: None,
        })
    }
}

/// `to` wins over `recipient`; a business-scoped user id is understood in either.
fn recipient(parameters: &Value) -> Result<(Recipient, String), SendError> {
    let named = |name| text_member(parameters, name).filter(|text| !text.trim().is_empty());
    let (member, input) = named("to")
        .map(|to| ("to", to))
        .or_else(|| named("recipient").map(|recipient| ("recipient", recipient)))
        .ok_or_else(|| missing("to"))?;
    if contacts::is_user_id(input.trim()) {
        return Ok((Recipient::UserId(input.trim().to_owned()), input));
    }
    let number = input.parse().map_err(|error: InvalidPhoneNumber| invalid(member, error.to_string()))?;
    Ok((Recipient::Number(number), input))
}

fn kind(root: &Node<'_>) -> Result<Kind, SendError> {
    let kind = root.text("type", 64)?.trim().to_ascii_lowercase();
    let kind = if kind.is_empty() { "text" } else { kind.as_str() };
    let draft = match kind {
        "template" => {
            let template = root.required("template")?;
            return Ok(Kind::Template(SendTemplate::read(&template)?));
        }
        "text" => free::text(&root.required("text")?)?,
        "image" | "video" | "audio" | "document" | "sticker" => {
            let form = MediaForm::parse(kind).unwrap_or(MediaForm::Unknown);
            free::media(form, &root.required(kind)?)?
        }
        "location" => Draft::of(Body::Location(free::place(&root.required("location")?)?)),
        "contacts" => free::contacts(root)?,
        "reaction" => free::reaction(&root.required("reaction")?)?,
        "pin" => free::pin(&root.required("pin")?)?,
        "interactive" => interactive::interactive(&root.required("interactive")?)?,
        _ => return Err(SendError::Unsupported { kind: kind.chars().take(40).collect() }),
    };
    Ok(Kind::Free(Box::new(draft)))
}

#[cfg(test)]
mod tests;
