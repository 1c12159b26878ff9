//! # What a webhook says about messages
//!
//! The `value` of a change in the field `messages`: one message of a person, or one status of a message of the
//! business. The members and their types are those of the Cloud API: times are seconds in a text, `wa_id` is the digits
//! of the number, and each contact carries the business-scoped user id.

mod inbound;

use crate::codes::Code;
use crate::contacts::Contact;
use crate::groups;
use crate::portfolios::BusinessNumber;
use crate::wamid;
use plaza_billing::{Category, Pricing, PricingType};
use plaza_protocol::content::{Body, Content};
use plaza_protocol::{BusinessMessageId, GroupId, MediaId, Timestamp};
use serde_json::{Map, Value, json};

/// What Plaza does not know, or a person cannot say to a business.
const UNSUPPORTED: &str = "unsupported";

/// The number of an error in a message of a group that is of no kind that a business is told.
const UNSUPPORTED_IN_GROUP: i64 = 130_501;

/// Where the numbers of errors are explained: they are those of the published interface.
const ERRORS_PAGE: &str = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/";

/// The word for a marketing message that was handed in at the address of marketing messages.
pub(crate) const MARKETING_LITE: &str = "marketing_lite";

/// What the words for groups begin with.
const GROUP_PREFIX: &str = "group_";

/// Whether a word is that of a category in a group.
pub(crate) fn is_of_group(category: &str) -> bool {
    category.starts_with(GROUP_PREFIX)
}

/// What a status says about the price. `category` is the word that stands in the message's row.
pub fn pricing(pricing: &Pricing, category: Option<&str>) -> Value {
    let is_in_group = category.is_some_and(is_of_group);
    json!({
        "billable": pricing.billable,
        "pricing_model": Pricing::MODEL,
        "type": match pricing.pricing_type {
            PricingType::FreeCustomerService if is_in_group => "free_group_customer_service",
            pricing_type => pricing_type.as_str(),
        },
        "category": match category {
            Some(MARKETING_LITE) => MARKETING_LITE,
            Some(category) if is_in_group => category,
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
    let recipient = json!({"recipient_id": contact.number.digits(), "recipient_user_id": contact.user_id});
    value(number, std::slice::from_ref(contact), "statuses", vec![status_of(recipient, update)])
}

/// The value of a change that tells the statuses of a message to a group, one for each participant whom they are about.
pub(crate) fn group_statuses(
    number: &BusinessNumber,
    group: GroupId,
    updates: Vec<(Contact, StatusUpdate)>,
) -> Value {
    let (mut contacts, mut statuses) = (Vec::new(), Vec::new());
    for (contact, update) in updates {
        let recipient = json!({
            "recipient_id": groups::format_id(group),
            "recipient_type": "group",
            "recipient_participant_id": contact.number.digits(),
            "recipient_participant_user_id": contact.user_id,
        });
        statuses.push(status_of(recipient, update));
        contacts.push(contact);
    }
    value(number, &contacts, "statuses", statuses)
}

/// A status, and whose it is.
fn status_of(mut recipient: Value, update: StatusUpdate) -> Value {
    if let Some(members) = recipient.as_object_mut() {
        members.insert("id".to_owned(), json!(wamid::format(update.message)));
        members.insert("status".to_owned(), json!(update.status));
        members.insert("timestamp".to_owned(), json!(update.at.seconds().to_string()));
        insert_some(members, "pricing", update.pricing);
        insert_some(members, "biz_opaque_callback_data", update.biz_opaque_callback_data.map(Value::from));
        insert_some(members, "errors", update.failure.map(|failure| json!([error(&failure)])));
    }
    recipient
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
    /// Where it was said; `None`: to the number alone.
    pub group: Option<GroupId>,
    /// The digits of whoever said what it answers.
    pub answered_from: Option<&'a str>,
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
        // A person cannot say this.
        Body::GroupChange(_) => UNSUPPORTED,
    }
}

/// The value of a change that tells one message.
pub fn message(number: &BusinessNumber, contact: &Contact, inbound: &Inbound<'_>) -> Value {
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
            None => drop(members.insert("errors".to_owned(), unsupported(inbound.group.is_some()))),
        }
        insert_some(members, "group_id", inbound.group.map(|group| json!(groups::format_id(group))));
        if is_lost {
            members.insert("errors".to_owned(), lost_file());
        }
        if let Ok(answered) = BusinessMessageId::from_slice(&inbound.content.reply_to) {
            let mut context = json!({"id": wamid::format(answered)});
            if let Some(from) = inbound.answered_from {
                context["from"] = json!(from);
            }
            members.insert("context".to_owned(), context);
        } else if inbound.content.is_forwarded {
            members.insert("context".to_owned(), json!({"forwarded": true}));
        }
    }
    value(number, std::slice::from_ref(contact), "messages", vec![message])
}

fn lost_file() -> Value {
    let code = crate::codes::MEDIA_DOWNLOAD;
    let details = "The file of this message is damaged or larger than 100 MB";
    json!([{"code": code.number, "title": code.title, "message": code.title, "error_data": {"details": details}}])
}

fn unsupported(is_in_group: bool) -> Value {
    let code = crate::codes::UNSUPPORTED_TYPE;
    // Groups have a number of their own for this.
    let code = if is_in_group { Code { number: UNSUPPORTED_IN_GROUP, ..code } } else { code };
    let details = "Message type is not currently supported";
    json!([{"code": code.number, "title": code.title, "message": code.title, "error_data": {"details": details}}])
}

/// The frame around the items of a list.
pub(crate) fn value(number: &BusinessNumber, contacts: &[Contact], list: &str, items: Vec<Value>) -> Value {
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
        contacts
            .iter()
            .map(|contact| {
                json!({
                    "profile": {"name": contact.name},
                    "wa_id": contact.number.digits(),
                    "user_id": contact.user_id,
                })
            })
            .collect(),
    );
    value.insert(list.to_owned(), Value::Array(items));
    Value::Object(value)
}

fn insert_some(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value);
    }
}
