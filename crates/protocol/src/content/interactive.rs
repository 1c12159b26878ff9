//! What a business asks with more than words, and what a person answers: buttons, lists, links, forms (flows),
//! products, orders, and requests for a place, an address or a call. The client validates an answer against the
//! question before it sends it.

use super::{Attachment, Button, Location, Media};
use prost::{Message, Oneof};
use serde::Serialize;

/// A question.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Interactive {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(string, tag = "2")]
    pub body: String,
    #[prost(string, tag = "3")]
    pub footer: String,
    #[prost(message, optional, tag = "4")]
    pub action: Option<Action>,
    /// Cards to leaf through.
    #[prost(message, repeated, tag = "5")]
    pub cards: Vec<Card>,
}

impl Interactive {
    pub(super) fn attachments_mut(&mut self) -> Vec<&mut Attachment> {
        let header = self.header.iter_mut().filter_map(Header::attachment_mut);
        header.chain(self.cards.iter_mut().filter_map(Card::attachment_mut)).collect()
    }

    pub(super) fn summary(&self) -> String {
        if !self.body.is_empty() {
            return self.body.clone();
        }
        match &self.action {
            Some(Action { action: Some(action::Action::Product(product)) }) => product
                .product
                .as_ref()
                .map_or_else(|| "Product".to_owned(), |product| product.title().to_owned()),
            _ => "Message from a business".to_owned(),
        }
    }
}

/// What stands above a question, a template or a card.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Header {
    #[prost(oneof = "header::Header", tags = "1, 2, 3, 4")]
    #[serde(flatten)]
    pub header: Option<header::Header>,
}

impl Header {
    /// The file in it.
    pub fn attachment_mut(&mut self) -> Option<&mut Attachment> {
        match &mut self.header {
            Some(header::Header::Media(media)) => media.attachment.as_mut(),
            _ => None,
        }
    }
}

/// The kinds of header.
pub mod header {
    use super::{Location, Media, Oneof, Product, Serialize, TextHeader};

    /// One of them.
    #[derive(Clone, PartialEq, Oneof, Serialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    pub enum Header {
        #[prost(message, tag = "1")]
        Text(TextHeader),
        #[prost(message, tag = "2")]
        Media(Media),
        #[prost(message, tag = "3")]
        Location(Location),
        #[prost(message, tag = "4")]
        Product(Product),
    }
}

/// A header of text.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct TextHeader {
    #[prost(string, tag = "1")]
    pub text: String,
}

/// A card among others.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Card {
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    #[prost(string, tag = "2")]
    pub body: String,
    #[prost(message, repeated, tag = "3")]
    pub buttons: Vec<Button>,
}

impl Card {
    /// The file in its header.
    pub fn attachment_mut(&mut self) -> Option<&mut Attachment> {
        self.header.as_mut().and_then(Header::attachment_mut)
    }
}

/// What can be done with a question.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Action {
    #[prost(oneof = "action::Action", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13")]
    #[serde(flatten)]
    pub action: Option<action::Action>,
}

/// The kinds of action.
pub mod action {
    use super::{
        AddressRequest, CallPermission, Catalog, Choices, FlowAction, Link, LocationRequest, Oneof,
        OrderDetails, OrderStatus, ProductAction, ProductList, ReplyButtons, Serialize, VoiceCall,
    };

    /// One of them.
    #[derive(Clone, PartialEq, Oneof, Serialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    pub enum Action {
        #[prost(message, tag = "1")]
        Buttons(ReplyButtons),
        #[prost(message, tag = "2")]
        List(Choices),
        #[prost(message, tag = "3")]
        Link(Link),
        #[prost(message, tag = "4")]
        Flow(FlowAction),
        #[prost(message, tag = "5")]
        Product(ProductAction),
        #[prost(message, tag = "6")]
        ProductList(ProductList),
        #[prost(message, tag = "7")]
        Catalog(Catalog),
        #[prost(message, tag = "8")]
        LocationRequest(LocationRequest),
        #[prost(message, tag = "9")]
        Address(AddressRequest),
        #[prost(message, tag = "10")]
        OrderDetails(OrderDetails),
        #[prost(message, tag = "11")]
        OrderStatus(OrderStatus),
        #[prost(message, tag = "12")]
        CallPermission(CallPermission),
        #[prost(message, tag = "13")]
        VoiceCall(VoiceCall),
    }
}

/// Buttons that answer.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ReplyButtons {
    #[prost(message, repeated, tag = "1")]
    pub buttons: Vec<Choice>,
}

/// Something to choose.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Choice {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub title: String,
    #[prost(string, tag = "3")]
    pub description: String,
}

/// A list to choose from, behind a button.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Choices {
    #[prost(string, tag = "1")]
    pub button: String,
    #[prost(message, repeated, tag = "2")]
    pub sections: Vec<ChoiceSection>,
}

/// A part of a list.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ChoiceSection {
    #[prost(string, tag = "1")]
    pub title: String,
    #[prost(message, repeated, tag = "2")]
    pub rows: Vec<Choice>,
}

/// A page to open.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Link {
    #[prost(string, tag = "1")]
    pub text: String,
    #[prost(string, tag = "2")]
    pub url: String,
}

/// A form to fill in.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct FlowAction {
    #[prost(string, tag = "1")]
    pub flow_id: String,
    /// What stands on the button.
    #[prost(string, tag = "2")]
    pub text: String,
    /// Says to the business which form this is.
    #[prost(string, tag = "3")]
    pub token: String,
    /// `navigate`, or `data_exchange`: the business's endpoint is asked for the first screen.
    #[prost(string, tag = "4")]
    pub action: String,
    /// The first screen; empty: the form's own.
    #[prost(string, tag = "5")]
    pub screen: String,
    /// Data of the first screen, as JSON; empty: none.
    #[prost(string, tag = "6")]
    pub data: String,
    #[prost(bool, tag = "7")]
    pub is_draft: bool,
    /// The flow JSON, so that the form opens without asking the server.
    #[prost(string, tag = "8")]
    pub flow_json: String,
    /// Whether the form has an endpoint that answers.
    #[prost(bool, tag = "9")]
    pub has_endpoint: bool,
}

/// One product.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ProductAction {
    #[prost(message, optional, tag = "1")]
    pub product: Option<Product>,
}

/// A product, as it was when the message was sent.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Product {
    #[prost(string, tag = "1")]
    pub catalog_id: String,
    #[prost(string, tag = "2")]
    pub retailer_id: String,
    /// Empty: the catalog does not say.
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub description: String,
    /// Micros of the currency.
    #[prost(int64, tag = "5")]
    pub price_micros: i64,
    /// ISO 4217; empty: no price.
    #[prost(string, tag = "6")]
    pub currency: String,
    #[prost(string, tag = "7")]
    pub image_url: String,
}

impl Product {
    /// Its name, or what else it is known by.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { &self.retailer_id } else { &self.name }
    }
}

/// Several products.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ProductList {
    #[prost(string, tag = "1")]
    pub catalog_id: String,
    #[prost(message, repeated, tag = "2")]
    pub sections: Vec<ProductSection>,
}

/// A part of a list of products.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct ProductSection {
    #[prost(string, tag = "1")]
    pub title: String,
    #[prost(message, repeated, tag = "2")]
    pub products: Vec<Product>,
}

/// The whole catalog.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Catalog {
    #[prost(string, tag = "1")]
    pub catalog_id: String,
    #[prost(string, tag = "2")]
    pub thumbnail_retailer_id: String,
    #[prost(message, repeated, tag = "3")]
    pub products: Vec<Product>,
}

/// The person's place is asked for.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct LocationRequest {}

/// The person's postal address is asked for. The members are JSON as the Cloud API writes them; empty: not given.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct AddressRequest {
    /// ISO 3166.
    #[prost(string, tag = "1")]
    pub country: String,
    /// Values to begin with.
    #[prost(string, tag = "2")]
    pub values: String,
    /// Addresses that the business knows already.
    #[prost(string, tag = "3")]
    pub saved_addresses: String,
    /// What was wrong with the last answer.
    #[prost(string, tag = "4")]
    pub validation_errors: String,
}

/// An order to look at and to pay for.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct OrderDetails {
    #[prost(string, tag = "1")]
    pub reference_id: String,
    /// ISO 4217.
    #[prost(string, tag = "2")]
    pub currency: String,
    #[prost(int64, tag = "3")]
    pub total_micros: i64,
    /// Everything about it as the business wrote it, as JSON.
    #[prost(string, tag = "4")]
    pub details: String,
}

/// How an order stands.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct OrderStatus {
    #[prost(string, tag = "1")]
    pub reference_id: String,
    #[prost(string, tag = "2")]
    pub status: String,
    #[prost(string, tag = "3")]
    pub description: String,
}

/// The business asks whether it may call.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallPermission {}

/// A button that calls the business.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct VoiceCall {
    #[prost(string, tag = "1")]
    pub text: String,
    /// Seconds since 1970; 0: always.
    #[prost(int64, tag = "2")]
    pub expires_at: i64,
    #[prost(string, tag = "3")]
    pub payload: String,
}

/// What a person answers to a question.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct InteractiveReply {
    #[prost(oneof = "reply::Reply", tags = "1, 2, 3, 4")]
    #[serde(flatten)]
    pub reply: Option<reply::Reply>,
}

/// The kinds of answer.
pub mod reply {
    use super::{CallPermissionReply, Choice, FormReply, Oneof, Serialize};

    /// One of them.
    #[derive(Clone, PartialEq, Oneof, Serialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    pub enum Reply {
        /// A button.
        #[prost(message, tag = "1")]
        Button(Choice),
        /// A row of a list.
        #[prost(message, tag = "2")]
        Row(Choice),
        /// A form, or an address.
        #[prost(message, tag = "3")]
        Form(FormReply),
        /// Whether the business may call.
        #[prost(message, tag = "4")]
        CallPermission(CallPermissionReply),
    }
}

impl InteractiveReply {
    pub(super) fn summary(&self) -> String {
        match &self.reply {
            Some(reply::Reply::Button(choice) | reply::Reply::Row(choice)) => choice.title.clone(),
            Some(reply::Reply::Form(form)) => form.text.clone(),
            Some(reply::Reply::CallPermission(permission)) if permission.is_accepted => {
                "Calls are welcome".to_owned()
            }
            Some(reply::Reply::CallPermission(_)) => "No calls, please".to_owned(),
            None => String::new(),
        }
    }
}

/// A form that was filled in.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct FormReply {
    /// `flow` or `address_message`.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What stands in the conversation.
    #[prost(string, tag = "2")]
    pub text: String,
    /// A JSON object, as a text.
    #[prost(string, tag = "3")]
    pub response_json: String,
    /// Files that the answer names: an object in it has a file's `blob_id` in hexadecimal as its `id`.
    #[prost(message, repeated, tag = "4")]
    pub files: Vec<Attachment>,
}

/// Whether a business may call.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallPermissionReply {
    #[prost(bool, tag = "1")]
    pub is_accepted: bool,
    #[prost(bool, tag = "2")]
    pub is_permanent: bool,
    /// Seconds since 1970; 0: until it is taken back.
    #[prost(int64, tag = "3")]
    pub expires_at: i64,
}

/// What a person wants to buy.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Order {
    #[prost(string, tag = "1")]
    pub catalog_id: String,
    #[prost(string, tag = "2")]
    pub text: String,
    #[prost(message, repeated, tag = "3")]
    pub items: Vec<OrderItem>,
}

/// One product of an order.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct OrderItem {
    #[prost(string, tag = "1")]
    pub retailer_id: String,
    #[prost(uint32, tag = "2")]
    pub quantity: u32,
    /// Micros of the currency, for one.
    #[prost(int64, tag = "3")]
    pub price_micros: i64,
    /// ISO 4217.
    #[prost(string, tag = "4")]
    pub currency: String,
    #[prost(string, tag = "5")]
    pub name: String,
}
