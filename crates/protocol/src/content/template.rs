//! A business's template with its parameters filled in.

use super::interactive::{Action, Card, Header};
use super::{Attachment, Body};
use prost::Message;
use serde::Serialize;

/// A template with its parameters filled in.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Template {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub language: String,
    /// A header of text.
    #[prost(string, tag = "3")]
    pub header: String,
    #[prost(string, tag = "4")]
    pub body: String,
    #[prost(string, tag = "5")]
    pub footer: String,
    #[prost(message, repeated, tag = "6")]
    pub buttons: Vec<Button>,
    /// A header of another kind: a file, a place, a product.
    #[prost(message, optional, tag = "7")]
    pub rich_header: Option<Header>,
    /// Cards to leaf through.
    #[prost(message, repeated, tag = "8")]
    pub cards: Vec<Card>,
    /// An offer that ends.
    #[prost(message, optional, tag = "9")]
    pub offer: Option<LimitedTimeOffer>,
}

impl Template {
    pub(super) fn attachments_mut(&mut self) -> Vec<&mut Attachment> {
        let header = self.rich_header.iter_mut().filter_map(Header::attachment_mut);
        header.chain(self.cards.iter_mut().filter_map(Card::attachment_mut)).collect()
    }
}

/// A button below a template.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Button {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE`, `FLOW`, `CATALOG`, `MPM`, `SPM`, `VOICE_CALL`,
    /// `ORDER_DETAILS` or `REQUEST_CONTACT_INFO`.
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub text: String,
    /// The payload, address, number or code.
    #[prost(string, tag = "3")]
    pub value: String,
    /// Of the other kinds: what pressing it opens.
    #[prost(message, optional, tag = "4")]
    pub action: Option<Action>,
}

/// An offer that ends.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct LimitedTimeOffer {
    #[prost(string, tag = "1")]
    pub text: String,
    /// Seconds since 1970; 0: it does not say when.
    #[prost(int64, tag = "2")]
    pub expires_at: i64,
}

impl From<Template> for Body {
    fn from(template: Template) -> Self {
        Self::Template(template)
    }
}
