//! # What a message says
//!
//! The plaintext inside an MLS PrivateMessage: only the devices of a conversation read it, and the gateway for the
//! business numbers that it hosts. A client shows what it does not know as "not supported yet" and keeps the bytes.

use prost::{Message, Oneof};

/// One message.
#[derive(Clone, PartialEq, Message)]
pub struct Content {
    /// The message that this one answers; empty: none.
    #[prost(bytes = "vec", tag = "1")]
    pub reply_to: Vec<u8>,
    /// The name that the sender goes by.
    #[prost(string, tag = "2")]
    pub sender_name: String,
    #[prost(oneof = "Body", tags = "3, 4, 5, 6")]
    pub body: Option<Body>,
}

/// The kinds of message.
#[derive(Clone, PartialEq, Oneof)]
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
    /// A button of a template was pressed.
    #[prost(message, tag = "6")]
    ButtonReply(ButtonReply),
}

/// Plain text.
#[derive(Clone, PartialEq, Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    pub body: String,
    /// Show a preview of the first link.
    #[prost(bool, tag = "2")]
    pub preview_url: bool,
}

/// A template with its parameters filled in.
#[derive(Clone, PartialEq, Message)]
pub struct Template {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub language: String,
    #[prost(string, tag = "3")]
    pub header: String,
    #[prost(string, tag = "4")]
    pub body: String,
    #[prost(string, tag = "5")]
    pub footer: String,
    #[prost(message, repeated, tag = "6")]
    pub buttons: Vec<Button>,
}

/// A button below a template.
#[derive(Clone, PartialEq, Message)]
pub struct Button {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER` or `COPY_CODE`.
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub text: String,
    /// The payload, address, number or code.
    #[prost(string, tag = "3")]
    pub value: String,
}

/// An emoji on a message.
#[derive(Clone, PartialEq, Message)]
pub struct Reaction {
    #[prost(bytes = "vec", tag = "1")]
    pub message_id: Vec<u8>,
    /// Empty: the reaction is taken back.
    #[prost(string, tag = "2")]
    pub emoji: String,
}

/// A quick reply.
#[derive(Clone, PartialEq, Message)]
pub struct ButtonReply {
    #[prost(string, tag = "1")]
    pub text: String,
    #[prost(string, tag = "2")]
    pub payload: String,
}
