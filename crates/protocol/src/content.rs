//! # What a message says
//!
//! The plaintext inside an MLS PrivateMessage: only the devices of a conversation read it, and the gateway for the
//! business numbers that it hosts. A client shows what it does not know as "not supported yet" and keeps the bytes.
//!
//! Kinds that a person and a business share stand here; what only a business asks ([`Interactive`], [`Template`]) and
//! what a person answers to it ([`InteractiveReply`], [`Order`]) in [`interactive`] and [`template`]; files, which
//! travel as encrypted blobs beside the message, in [`attachment`]; the signals of calls in `call`.
//!
//! Everything serialises to JSON as a user interface wants it: ids with their prefix, and no key.

mod attachment;
mod call;
mod interactive;
mod template;

pub use attachment::*;
pub use call::*;
pub use interactive::*;
pub use template::*;

use crate::MessageId;
use prost::{Message, Oneof};
use serde::Serialize;

/// One message.
#[derive(Clone, PartialEq, Message)]
pub struct Content {
    /// The message that this one answers; empty: none.
    #[prost(bytes = "vec", tag = "1")]
    pub reply_to: Vec<u8>,
    /// The name that the sender goes by.
    #[prost(string, tag = "2")]
    pub sender_name: String,
    #[prost(oneof = "Body", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 24, 30")]
    pub body: Option<Body>,
    /// It was passed on from another conversation.
    #[prost(bool, tag = "20")]
    pub is_forwarded: bool,
}

/// The kinds of message.
#[derive(Clone, PartialEq, Oneof, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// Written by a person, or by a business inside its customer-service window.
    #[prost(message, tag = "3")]
    Text(Text),
    /// A business's template, filled in.
    #[prost(message, tag = "4")]
    Template(Template),
    /// An emoji on a message.
    #[prost(message, tag = "5")]
    Reaction(Reaction),
    /// A quick reply of a template was pressed.
    #[prost(message, tag = "6")]
    ButtonReply(ButtonReply),
    /// A picture, film, recording, document or sticker.
    #[prost(message, tag = "7")]
    Media(Media),
    /// A place.
    #[prost(message, tag = "8")]
    Location(Location),
    /// People's cards.
    #[prost(message, tag = "9")]
    Contacts(Contacts),
    /// A business's question with buttons, a list, products or a form.
    #[prost(message, tag = "10")]
    Interactive(Box<Interactive>),
    /// The answer to one.
    #[prost(message, tag = "11")]
    InteractiveReply(InteractiveReply),
    /// What a person wants to buy.
    #[prost(message, tag = "12")]
    Order(Order),
    /// A message is kept at the top of the conversation.
    #[prost(message, tag = "13")]
    Pin(Pin),
    /// A message says something else now.
    #[prost(message, tag = "14")]
    Edit(Edit),
    /// A message was taken back.
    #[prost(message, tag = "15")]
    Revoke(Revoke),
    /// A signal of a call.
    #[prost(message, tag = "19")]
    Call(Call),
    /// What a person makes of a business.
    #[prost(message, tag = "24")]
    Feedback(Feedback),
    /// The manager of a group has changed it.
    #[prost(message, tag = "30")]
    GroupChange(GroupChange),
}

impl Body {
    /// Every file that the message carries, in a fixed order: whoever makes a message fills them in this way.
    pub fn attachments_mut(&mut self) -> Vec<&mut Attachment> {
        match self {
            Self::Media(media) => media.attachment.iter_mut().collect(),
            Self::Template(template) => template.attachments_mut(),
            Self::Interactive(interactive) => interactive.attachments_mut(),
            Self::Text(_)
            | Self::Reaction(_)
            | Self::ButtonReply(_)
            | Self::Location(_)
            | Self::Contacts(_)
            | Self::InteractiveReply(_)
            | Self::Order(_)
            | Self::Pin(_)
            | Self::Edit(_)
            | Self::Revoke(_)
            | Self::Call(_)
            | Self::Feedback(_)
            | Self::GroupChange(_) => Vec::new(),
        }
    }

    /// Its kind, as views and the command line name it: the tag of its JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Template(_) => "template",
            Self::Reaction(_) => "reaction",
            Self::ButtonReply(_) => "button_reply",
            Self::Media(_) => "media",
            Self::Location(_) => "location",
            Self::Contacts(_) => "contacts",
            Self::Interactive(_) => "interactive",
            Self::InteractiveReply(_) => "interactive_reply",
            Self::Order(_) => "order",
            Self::Pin(_) => "pin",
            Self::Edit(_) => "edit",
            Self::Revoke(_) => "revoke",
            Self::Call(_) => "call",
            Self::Feedback(_) => "feedback",
            Self::GroupChange(_) => "group_change",
        }
    }

    /// One line about the message, for lists, notifications and the command line.
    pub fn summary(&self) -> String {
        let or = |text: &str, otherwise: &str| {
            if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
        };
        match self {
            Self::Text(text) => text.body.clone(),
            Self::Template(template) => template.body.clone(),
            Self::Reaction(reaction) => reaction.emoji.clone(),
            Self::ButtonReply(reply) => reply.text.clone(),
            // What is seen on a sticker is said where it is not shown.
            Self::Media(media) if media.form() == MediaForm::Sticker && !media.caption.is_empty() => {
                format!("{}: {}", media.name(), media.caption)
            }
            Self::Media(media) => or(&media.caption, media.name()),
            Self::Location(place) => or(&place.name, "Location"),
            Self::Contacts(contacts) => {
                let names: Vec<_> = contacts.cards.iter().map(|card| card.formatted_name.as_str()).collect();
                or(&names.join(", "), "Contact")
            }
            Self::Interactive(interactive) => interactive.summary(),
            Self::InteractiveReply(reply) => reply.summary(),
            Self::Order(order) => or(&order.text, "Order"),
            Self::Pin(pin) => {
                if pin.is_pinned { "Pinned a message" } else { "Unpinned a message" }.to_owned()
            }
            Self::Edit(edit) => edit.text.clone(),
            Self::Revoke(_) => "This message was deleted".to_owned(),
            Self::Call(call) => call.summary(),
            Self::Feedback(_) => String::new(),
            Self::GroupChange(change) => change.summary(),
        }
    }
}

/// Plain text.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Text {
    #[prost(string, tag = "1")]
    pub body: String,
    /// Show a preview of the first link.
    #[prost(bool, tag = "2")]
    pub preview_url: bool,
}

/// An emoji on a message.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Reaction {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "message_id")]
    pub message_id: Vec<u8>,
    /// Empty: the reaction is taken back.
    #[prost(string, tag = "2")]
    pub emoji: String,
}

/// A quick reply.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ButtonReply {
    #[prost(string, tag = "1")]
    pub text: String,
    #[prost(string, tag = "2")]
    pub payload: String,
}

/// A place, in degrees of WGS 84.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Location {
    #[prost(double, tag = "1")]
    pub latitude: f64,
    #[prost(double, tag = "2")]
    pub longitude: f64,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub address: String,
    #[prost(string, tag = "5")]
    pub url: String,
}

/// People's cards.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Contacts {
    #[prost(message, repeated, tag = "1")]
    pub cards: Vec<ContactCard>,
}

/// One card. Empty members are not given.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ContactCard {
    #[prost(string, tag = "1")]
    pub formatted_name: String,
    #[prost(string, tag = "2")]
    pub first_name: String,
    #[prost(string, tag = "3")]
    pub last_name: String,
    #[prost(string, tag = "4")]
    pub middle_name: String,
    #[prost(string, tag = "5")]
    pub prefix: String,
    #[prost(string, tag = "6")]
    pub suffix: String,
    /// `YYYY-MM-DD`.
    #[prost(string, tag = "7")]
    pub birthday: String,
    #[prost(message, repeated, tag = "8")]
    pub phones: Vec<CardEntry>,
    #[prost(message, repeated, tag = "9")]
    pub emails: Vec<CardEntry>,
    #[prost(message, repeated, tag = "10")]
    pub urls: Vec<CardEntry>,
    #[prost(message, repeated, tag = "11")]
    pub addresses: Vec<CardAddress>,
    #[prost(message, optional, tag = "12")]
    pub org: Option<CardOrganisation>,
}

/// A number, address or page of a card.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CardEntry {
    #[prost(string, tag = "1")]
    pub value: String,
    /// As `WORK` or `HOME`.
    #[prost(string, tag = "2")]
    pub kind: String,
    /// Of a number on this network: its digits.
    #[prost(string, tag = "3")]
    pub wa_id: String,
}

/// A postal address of a card.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CardAddress {
    #[prost(string, tag = "1")]
    pub street: String,
    #[prost(string, tag = "2")]
    pub city: String,
    #[prost(string, tag = "3")]
    pub state: String,
    #[prost(string, tag = "4")]
    pub zip: String,
    #[prost(string, tag = "5")]
    pub country: String,
    #[prost(string, tag = "6")]
    pub country_code: String,
    #[prost(string, tag = "7")]
    pub kind: String,
}

/// Where the person of a card works.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CardOrganisation {
    #[prost(string, tag = "1")]
    pub company: String,
    #[prost(string, tag = "2")]
    pub department: String,
    #[prost(string, tag = "3")]
    pub title: String,
}

/// A message is kept at the top, or no longer.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Pin {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "message_id")]
    pub message_id: Vec<u8>,
    #[prost(bool, tag = "2")]
    pub is_pinned: bool,
    /// For so many days.
    #[prost(uint32, tag = "3")]
    pub expiration_days: u32,
}

/// A text message says something else now.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Edit {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "message_id")]
    pub message_id: Vec<u8>,
    #[prost(string, tag = "2")]
    pub text: String,
}

/// A message was taken back.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Revoke {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "message_id")]
    pub message_id: Vec<u8>,
}

/// What a person makes of a business: said to whoever hosts its number, and shown in no conversation.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Feedback {
    #[prost(enumeration = "Opinion", tag = "1")]
    pub opinion: i32,
}

/// See [`Feedback`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Opinion {
    Unknown = 0,
    /// Nothing that it sends is shown to them any more.
    Blocked = 1,
    /// It is again.
    Unblocked = 2,
    /// Its messages are spam, a fraud or worse.
    Reported = 3,
    /// No advertising, please.
    MarketingStopped = 4,
    /// Advertising again.
    MarketingResumed = 5,
    /// It is not who it says it is.
    Impersonates = 6,
}

/// What the manager of a group has changed. Members that did not change are absent.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct GroupChange {
    #[prost(string, optional, tag = "1")]
    pub subject: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub description: Option<String>,
    #[prost(bool, tag = "3")]
    pub has_new_picture: bool,
}

impl GroupChange {
    fn summary(&self) -> String {
        match self {
            Self { subject: Some(subject), .. } => format!("The group is called “{subject}” now."),
            Self { description: Some(_), .. } => "The group has a new description.".to_owned(),
            _ => "The group has a new picture.".to_owned(),
        }
    }
}

/// A message's id as it is shown; empty for one that is none.
fn message_id<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match MessageId::from_slice(bytes) {
        Ok(id) => serializer.collect_str(&id),
        Err(_) => serializer.serialize_str(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_shows_no_key() {
        let attachment = Attachment {
            blob_id: vec![1; 16],
            key: vec![42; 32],
            mime_type: "image/png".into(),
            ..Attachment::default()
        };
        let body = Body::Media(Media {
            form: MediaForm::Image.into(),
            attachment: Some(attachment),
            caption: "The square".into(),
            ..Media::default()
        });
        let json = serde_json::to_string(&body).unwrap();
        assert!(json.contains(r#""kind":"media""#) && json.contains(r#""form":"image""#), "{json}");
        assert!(!json.contains("42") && !json.contains("\"key\""), "{json}");
        assert_eq!(body.summary(), "The square");
    }

    #[test]
    fn attachments_are_found_wherever_they_stand() {
        let image = || Header { header: Some(header::Header::Media(Media::pending(MediaForm::Image))) };
        let card = || Card { header: Some(image()), ..Card::default() };
        let mut body = Body::Interactive(Box::new(Interactive {
            header: Some(image()),
            cards: vec![card(), card()],
            ..Interactive::default()
        }));
        assert_eq!(body.attachments_mut().len(), 3);
        for (n, attachment) in body.attachments_mut().into_iter().enumerate() {
            attachment.bytes = n as u64 + 1;
        }
        let found: Vec<_> = body.attachments_mut().iter().map(|attachment| attachment.bytes).collect();
        assert_eq!(found, [1, 2, 3]);
    }
}
