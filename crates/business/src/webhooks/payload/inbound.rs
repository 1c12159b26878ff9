//! The member of a message that is named like its kind: what a person said, as the Cloud API writes it.

use crate::wamid;
use plaza_protocol::BusinessMessageId;
use plaza_protocol::content::reply::Reply;
use plaza_protocol::content::{
    Body, CardAddress, CardEntry, ContactCard, Contacts, InteractiveReply, Location, Media, MediaForm, Order,
    Reaction,
};
use serde_json::{Map, Value, json};

/// Micros of a currency's unit, for the prices of an order.
const MICROS: i64 = 1_000_000;

/// `None`: a person cannot say this to a business.
pub(super) fn said(body: &Body) -> Option<Value> {
    match body {
        Body::Text(text) => Some(json!({"body": text.body})),
        Body::Reaction(reaction) => Some(self::reaction(reaction)),
        Body::ButtonReply(reply) => Some(json!({"payload": reply.payload, "text": reply.text})),
        Body::Media(media) => self::media(media),
        Body::Location(place) => Some(location(place)),
        Body::Contacts(contacts) => Some(cards(contacts)),
        Body::InteractiveReply(reply) => interactive(reply),
        Body::Order(order) => Some(self::order(order)),
        Body::Edit(edit) => Some(json!({
            "original_message_id": id(&edit.message_id),
            "message": {"type": "text", "text": {"body": edit.text}},
        })),
        Body::Revoke(revoke) => Some(json!({"original_message_id": id(&revoke.message_id)})),
        Body::Template(_)
        | Body::Interactive(_)
        | Body::Pin(_)
        | Body::Call(_)
        | Body::Feedback(_)
        | Body::GroupChange(_) => None,
    }
}

fn id(bytes: &[u8]) -> String {
    BusinessMessageId::from_slice(bytes).map(wamid::format).unwrap_or_default()
}

fn reaction(reaction: &Reaction) -> Value {
    let message_id = id(&reaction.message_id);
    if reaction.emoji.is_empty() {
        json!({"message_id": message_id})
    } else {
        json!({"message_id": message_id, "emoji": reaction.emoji})
    }
}

/// A file: its id and address are those that the media store gave it, and are added there.
fn media(media: &Media) -> Option<Value> {
    use base64::Engine as _;
    let attachment = media.attachment.as_ref()?;
    let mut members = Map::new();
    members.insert("mime_type".to_owned(), json!(attachment.mime_type));
    let sha256 = base64::engine::general_purpose::STANDARD.encode(&attachment.sha256);
    members.insert("sha256".to_owned(), json!(sha256));
    if media.form() != MediaForm::Sticker {
        insert_text(&mut members, "caption", &media.caption);
    }
    insert_text(&mut members, "filename", &media.filename);
    match media.form().as_str() {
        "audio" => drop(members.insert("voice".to_owned(), json!(media.is_voice))),
        "sticker" => drop(members.insert("animated".to_owned(), json!(media.is_animated))),
        _ => {}
    }
    Some(Value::Object(members))
}

fn location(place: &Location) -> Value {
    let mut members = Map::new();
    members.insert("latitude".to_owned(), json!(place.latitude));
    members.insert("longitude".to_owned(), json!(place.longitude));
    insert_text(&mut members, "name", &place.name);
    insert_text(&mut members, "address", &place.address);
    insert_text(&mut members, "url", &place.url);
    Value::Object(members)
}

fn cards(contacts: &Contacts) -> Value {
    Value::Array(contacts.cards.iter().map(card).collect())
}

fn card(card: &ContactCard) -> Value {
    let mut name = Map::new();
    for (member, text) in [
        ("formatted_name", &card.formatted_name),
        ("first_name", &card.first_name),
        ("last_name", &card.last_name),
        ("middle_name", &card.middle_name),
        ("prefix", &card.prefix),
        ("suffix", &card.suffix),
    ] {
        insert_text(&mut name, member, text);
    }
    let mut members = Map::new();
    members.insert("name".to_owned(), Value::Object(name));
    insert_text(&mut members, "birthday", &card.birthday);
    insert_list(&mut members, "phones", card.phones.iter().map(|phone| entry("phone", phone)));
    insert_list(&mut members, "emails", card.emails.iter().map(|email| entry("email", email)));
    insert_list(&mut members, "urls", card.urls.iter().map(|url| entry("url", url)));
    insert_list(&mut members, "addresses", card.addresses.iter().map(address));
    if let Some(org) = &card.org {
        let mut organisation = Map::new();
        insert_text(&mut organisation, "company", &org.company);
        insert_text(&mut organisation, "department", &org.department);
        insert_text(&mut organisation, "title", &org.title);
        members.insert("org".to_owned(), Value::Object(organisation));
    }
    Value::Object(members)
}

fn entry(member: &str, entry: &CardEntry) -> Value {
    let mut members = Map::new();
    insert_text(&mut members, member, &entry.value);
    insert_text(&mut members, "type", &entry.kind);
    insert_text(&mut members, "wa_id", &entry.wa_id);
    Value::Object(members)
}

fn address(address: &CardAddress) -> Value {
    let mut members = Map::new();
    for (member, text) in [
        ("street", &address.street),
        ("city", &address.city),
        ("state", &address.state),
        ("zip", &address.zip),
        ("country", &address.country),
        ("country_code", &address.country_code),
        ("type", &address.kind),
    ] {
        insert_text(&mut members, member, text);
    }
    Value::Object(members)
}

fn interactive(reply: &InteractiveReply) -> Option<Value> {
    Some(match reply.reply.as_ref()? {
        Reply::Button(choice) => {
            json!({"type": "button_reply", "button_reply": {"id": choice.id, "title": choice.title}})
        }
        Reply::Row(choice) => {
            let mut row = json!({"id": choice.id, "title": choice.title});
            if let Some(members) = row.as_object_mut() {
                insert_text(members, "description", &choice.description);
            }
            json!({"type": "list_reply", "list_reply": row})
        }
        Reply::Form(form) => json!({
            "type": "nfm_reply",
            "nfm_reply": {"name": form.name, "body": form.text, "response_json": form.response_json},
        }),
        Reply::CallPermission(permission) => {
            let mut said = json!({
                "response": if permission.is_accepted { "accept" } else { "reject" },
                "is_permanent": permission.is_permanent,
                "response_source": "user_action",
            });
            if permission.expires_at > 0 {
                said["expiration_timestamp"] = json!(permission.expires_at);
            }
            json!({"type": "call_permission_reply", "call_permission_reply": said})
        }
    })
}

fn order(order: &Order) -> Value {
    let items = order.items.iter().map(|item| {
        json!({
            "product_retailer_id": item.retailer_id,
            "quantity": item.quantity,
            "item_price": price(item.price_micros),
            "currency": item.currency,
        })
    });
    json!({"catalog_id": order.catalog_id, "text": order.text, "product_items": items.collect::<Vec<_>>()})
}

/// Micros as a JSON number, without a detour over binary fractions where it is whole.
fn price(micros: i64) -> Value {
    if micros % MICROS == 0 {
        return json!(micros / MICROS);
    }
    let text = plaza_protocol::Micros(micros).to_string();
    text.parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}

fn insert_text(members: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        members.insert(name.to_owned(), json!(text));
    }
}

fn insert_list(members: &mut Map<String, Value>, name: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<_> = items.collect();
    if !items.is_empty() {
        members.insert(name.to_owned(), Value::Array(items));
    }
}
