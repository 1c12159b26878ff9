//! # What a webhook says about messages
//!
//! The `value` of a change in the field `messages`: one message of a person, or one status of a message of the business.
//! The members and their types are those of the Cloud API: times are seconds in a text, `wa_id` is the digits of the
//! number, and each contact carries the business-scoped user id.

mod inbound;

use crate::codes::Code;
use crate::contacts::Contact;
use crate::portfolios::BusinessNumber;
use crate::wamid;
use plaza_billing::{Category, Pricing};
use plaza_protocol::content::{Body, Content};
use plaza_protocol::{BusinessMessageId, MediaId, Timestamp};
use serde_json::{Map, Value, json};

/// What Plaza does not know, or a person cannot say to a business.
const UNSUPPORTED: &str = "unsupported";

/// Where the numbers of errors are explained: they are those of the published interface.
const ERRORS_PAGE: &str = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/";

/// The word for a marketing message that was handed in at the address of marketing messages.
pub(crate) const MARKETING_LITE: &str = "marketing_lite";

/// What a status says about the price. `category` is the word that stands in the message's row.
pub fn pricing(pricing: &Pricing, category: Option<&str>) -> Value {
    json!({
        "billable": pricing.billable,
        "pricing_model": Pricing::MODEL,
        "type": pricing.pricing_type.as_str(),
        "category": match category {
            Some(MARKETING_LITE) => MARKETING_LITE,
            // Webhooks have a hyphen here and nowhere else.
            _ if pricing.category == Category::AuthenticationInternational => "authentication-international",
            _ => pricing.category.as_str(),
        },
    })
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The number and title.
    pub code: Code,
    /// In words.
    pub details: String,
}

/// One status of a message.
#[derive(Debug, Clone)]
pub struct StatusUpdate {
    /// Which message.
    pub message: BusinessMessageId,
    /// `sent`, `delivered`, `read` or `failed`.
    pub status: &'static str,
    /// Since when.
    pub at: Timestamp,
    /// In `sent` and in the first of `delivered` and `read`.
    pub pricing: Option<Value>,
    /// As it was given with the message.
    pub biz_opaque_callback_data: Option<String>,
    /// With `failed`.
    pub failure: Option<Failure>,
}

/// The value of a change that tells one status.
pub fn status(number: &BusinessNumber, contact: &Contact, update: StatusUpdate) -> Value {
    let mut status = json!({
        "id": wamid::format(update.message),
        "status": update.status,
        "timestamp": update.at.seconds().to_string(),
        "recipient_id": contact.number.digits(),
        "recipient_user_id": contact.user_id,
    });
    if let Some(members) = status.as_object_mut() {
        insert_some(members, "pricing", update.pricing);
        insert_some(members, "biz_opaque_callback_data", update.biz_opaque_callback_data.map(Value::from));
        insert_some(members, "errors", update.failure.map(|failure| json!([error(&failure)])));
    }
    value(number, contact, "statuses", status)
}

pub(crate) fn error(failure: &Failure) -> Value {
    json!({
        "code": failure.code.number,
        "title": failure.code.title,
        "message": failure.code.title,
        "error_data": {"details": failure.details},
        "href": ERRORS_PAGE,
    })
}

/// A message of a person.
#[derive(Debug, Clone)]
pub struct Inbound<'a> {
    /// Which message.
    pub message: BusinessMessageId,
    /// When it was sent.
    pub at: Timestamp,
    /// What it says.
    pub content: &'a Content,
    /// The id of the file that it carries. A message with a file and none is one whose file cannot be had.
    pub media: Option<MediaId>,
}

/// The kind of a message, as the Cloud API names it.
pub fn kind(content: &Content) -> &'static str {
    content.body.as_ref().map_or(UNSUPPORTED, kind_of)
}

/// See [`kind`].
pub fn kind_of(body: &Body) -> &'static str {
    match body {
        Body::Text(_) => "text",
        Body::Template(_) => "template",
        Body::Reaction(_) => "reaction",
        Body::ButtonReply(_) => "button",
        Body::Media(media) => media.form().as_str(),
        Body::Location(_) => "location",
        Body::Contacts(_) => "contacts",
        Body::Interactive(_) | Body::InteractiveReply(_) => "interactive",
        Body::Order(_) => "order",
        Body::Pin(_) => "pin",
        Body::Edit(_) => "edit",
        Body::Revoke(_) => "revoke",
        Body::Call(_) => "call",
        Body::Feedback(_) => UNSUPPORTED,
    }
}

/// The value of a change that tells one message. `reply_to_own` says whether the message that it answers is the
/// business's.
pub fn message(
    number: &BusinessNumber,
    contact: &Contact,
    inbound: &Inbound<'_>,
    reply_to_own: bool,
) -> Value {
    let body = inbound.content.body.as_ref();
    let mut said = body.and_then(inbound::said);
    let kind = match body {
        Some(body) if said.is_some() => kind_of(body),
        _ => UNSUPPORTED,
    };
    let is_lost = matches!(body, Some(Body::Media(_))) && inbound.media.is_none();
    if let (Some(id), Some(members)) = (inbound.media, said.as_mut().and_then(Value::as_object_mut)) {
        members.insert("id".to_owned(), json!(id.to_string()));
    }
    let mut message = json!({
        "from": contact.number.digits(),
        "from_user_id": contact.user_id,
        "id": wamid::format(inbound.message),
        "timestamp": inbound.at.seconds().to_string(),
        "type": kind,
    });
    if let Some(members) = message.as_object_mut() {
        match said {
            Some(said) => drop(members.insert(kind.to_owned(), said)),
            None => drop(members.insert("errors".to_owned(), unsupported())),
        }
        if is_lost {
            members.insert("errors".to_owned(), lost_file());
        }
        if let Ok(answered) = BusinessMessageId::from_slice(&inbound.content.reply_to) {
            let from = if reply_to_own { number.number.digits() } else { contact.number.digits() };
            members.insert("context".to_owned(), json!({"from": from, "id": wamid::format(answered)}));
        } else if inbound.content.is_forwarded {
            members.insert("context".to_owned(), json!({"forwarded": true}));
        }
    }
    value(number, contact, "messages", message)
}

fn lost_file() -> Value {
    let code = crate::codes::MEDIA_DOWNLOAD;
    let details = "The file of this message is damaged or larger than 100 MB";
    json!([{"code": code.number, "title": code.title, "message": code.title, "error_data": {"details": details}}])
}

fn unsupported() -> Value {
    let code = crate::codes::UNSUPPORTED_TYPE;
    let details = "Message type is not currently supported";
    json!([{"code": code.number, "title": code.title, "message": code.title, "error_data": {"details": details}}])
}

/// The frame around one item of a list.
pub(crate) fn value(number: &BusinessNumber, contact: &Contact, list: &str, item: Value) -> Value {
    let mut value = Map::new();
    value.insert("messaging_product".to_owned(), json!("whatsapp"));
    value.insert(
        "metadata".to_owned(),
        json!({
            "display_phone_number": number.number.digits(),
            "phone_number_id": number.phone_number_id.to_string(),
        }),
    );
    value.insert(
        "contacts".to_owned(),
        json!([{
            "profile": {"name": contact.name},
            "wa_id": contact.number.digits(),
            "user_id": contact.user_id,
        }]),
    );
    value.insert(list.to_owned(), json!([item]));
    Value::Object(value)
}

fn insert_some(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value);
    }
}
