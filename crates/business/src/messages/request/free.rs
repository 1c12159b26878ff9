//! What a business may say freely inside the customer-service window, apart from questions: text, files, places, cards.

use super::{Draft, message};
use crate::json::node::{Node, Refusal};
use crate::media::file;
use plaza_protocol::content::{
    Body, CardAddress, CardEntry, CardOrganisation, ContactCard, Contacts, Location, MediaForm, Pin,
    Reaction, Text,
};
use plaza_protocol::limits;

/// Cards in one message.
const CONTACTS_MAX: usize = 257;
/// Numbers, addresses and pages of one card, each.
const CARD_ENTRIES_MAX: usize = 30;
/// Characters of a part of a card, or of a place.
const PART_CHARACTERS_MAX: usize = 1000;
/// Bytes of an emoji: the longest sequences of Unicode have about 40.
const EMOJI_BYTES_MAX: usize = 64;
/// Days that a message stays at the top.
const PIN_DAYS: [i64; 3] = [1, 7, 30];

pub(super) fn text(text: &Node<'_>) -> Result<Draft, Refusal> {
    let body = text.words("body", limits::TEXT_CHARACTERS_MAX)?;
    let preview_url = text.boolean("preview_url")?;
    Ok(Draft::of(Body::Text(Text { body, preview_url })))
}

/// `image`, `video`, `audio`, `document` or `sticker` as a message of its own.
pub(super) fn media(form: MediaForm, node: &Node<'_>) -> Result<Draft, Refusal> {
    let mut uses = Vec::new();
    let media = file(form, node, &mut uses)?;
    Ok(Draft { body: Body::Media(media), uses, flow: None })
}

pub(crate) fn place(node: &Node<'_>) -> Result<Location, Refusal> {
    let (latitude, longitude) = (node.number("latitude")?, node.number("longitude")?);
    if !(-90.0..=90.0).contains(&latitude) {
        return Err(node.refuse_member("latitude", "degrees from -90 to 90 are expected"));
    }
    if !(-180.0..=180.0).contains(&longitude) {
        return Err(node.refuse_member("longitude", "degrees from -180 to 180 are expected"));
    }
    let name = node.text("name", PART_CHARACTERS_MAX)?;
    let address = node.text("address", PART_CHARACTERS_MAX)?;
    Ok(Location { latitude, longitude, name, address, url: String::new() })
}

pub(super) fn contacts(root: &Node<'_>) -> Result<Draft, Refusal> {
    let cards = root.some("contacts", CONTACTS_MAX)?;
    let cards = cards.iter().map(card).collect::<Result<_, _>>()?;
    Ok(Draft::of(Body::Contacts(Contacts { cards })))
}

fn card(node: &Node<'_>) -> Result<ContactCard, Refusal> {
    let name = node.required("name")?;
    let part = |member: &str| name.text(member, PART_CHARACTERS_MAX);
    let card = ContactCard {
        formatted_name: name.words("formatted_name", PART_CHARACTERS_MAX)?,
        first_name: part("first_name")?,
        last_name: part("last_name")?,
        middle_name: part("middle_name")?,
        prefix: part("prefix")?,
        suffix: part("suffix")?,
        birthday: birthday(node)?,
        phones: entries(node, "phones", "phone")?,
        emails: entries(node, "emails", "email")?,
        urls: entries(node, "urls", "url")?,
        addresses: node.list("addresses", CARD_ENTRIES_MAX)?.iter().map(address).collect::<Result<_, _>>()?,
        org: node.optional("org")?.map(|org| organisation(&org)).transpose()?,
    };
    let parts = [&card.first_name, &card.last_name, &card.middle_name, &card.prefix, &card.suffix];
    if parts.iter().all(|part| part.trim().is_empty()) {
        let what = "besides formatted_name at least one of first_name, last_name, middle_name, prefix and suffix is needed";
        return Err(name.refuse(what));
    }
    Ok(card)
}

fn birthday(node: &Node<'_>) -> Result<String, Refusal> {
    let text = node.text("birthday", 10)?;
    let is_date = text.is_empty() || text.parse::<jiff::civil::Date>().is_ok();
    if is_date { Ok(text) } else { Err(node.refuse_member("birthday", "a date as 1990-05-01 is expected")) }
}

fn entries(node: &Node<'_>, list: &str, member: &str) -> Result<Vec<CardEntry>, Refusal> {
    let entry = |node: &Node<'_>| {
        Ok(CardEntry {
            value: node.words(member, PART_CHARACTERS_MAX)?,
            kind: node.text("type", PART_CHARACTERS_MAX)?,
            wa_id: node.text("wa_id", 32)?,
        })
    };
    node.list(list, CARD_ENTRIES_MAX)?.iter().map(entry).collect()
}

fn address(node: &Node<'_>) -> Result<CardAddress, Refusal> {
    let part = |member: &str| node.text(member, PART_CHARACTERS_MAX);
    Ok(CardAddress {
        street: part("street")?,
        city: part("city")?,
        state: part("state")?,
        zip: part("zip")?,
        country: part("country")?,
        country_code: part("country_code")?,
        kind: part("type")?,
    })
}

fn organisation(node: &Node<'_>) -> Result<CardOrganisation, Refusal> {
    let part = |member: &str| node.text(member, PART_CHARACTERS_MAX);
    Ok(CardOrganisation { company: part("company")?, department: part("department")?, title: part("title")? })
}

pub(super) fn reaction(node: &Node<'_>) -> Result<Draft, Refusal> {
    let id = node.words("message_id", 256)?;
    let message_id = message(&id, &node.at("message_id"))?;
    let emoji = node.text("emoji", EMOJI_BYTES_MAX)?;
    if emoji.len() > EMOJI_BYTES_MAX || emoji.chars().any(|character| character.is_ascii_alphabetic()) {
        return Err(node.refuse_member("emoji", "one emoji is expected, or nothing to take a reaction back"));
    }
    Ok(Draft::of(Body::Reaction(Reaction { message_id: message_id.as_bytes().to_vec(), emoji })))
}

pub(super) fn pin(node: &Node<'_>) -> Result<Draft, Refusal> {
    let id = node.words("message_id", 256)?;
    let message_id = message(&id, &node.at("message_id"))?.as_bytes().to_vec();
    let is_pinned = match node.word("type")?.as_str() {
        "" | "pin" => true,
        "unpin" => false,
        _ => return Err(node.refuse_member("type", "\"pin\" or \"unpin\" is expected")),
    };
    let days = node.integer("expiration_days")?.unwrap_or(7);
    let expiration_days = u32::try_from(days).ok().filter(|_| PIN_DAYS.contains(&days));
    let expiration_days =
        expiration_days.ok_or_else(|| node.refuse_member("expiration_days", "1, 7 or 30 is expected"))?;
    Ok(Draft::of(Body::Pin(Pin { message_id, is_pinned, expiration_days })))
}
