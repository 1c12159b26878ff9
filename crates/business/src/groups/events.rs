//! What webhooks say about groups: that they were made and deleted, who came and went, what was changed, and that the
//! operator stopped them. The members are those of the Cloud API.

use super::{BusinessGroup, ChangeGroup, Code, Person, approval_mode, format_id};
use crate::contacts::Contact;
use crate::portfolios::BusinessNumber;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plaza_messaging::groups::{Group, JoinRequest};
use plaza_protocol::Ctx;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Made and deleted.
pub(crate) const LIFECYCLE: &str = "group_lifecycle_update";
/// Came, went, asks to be let in.
pub(crate) const PARTICIPANTS: &str = "group_participants_update";
/// Called otherwise, or with another picture.
pub(crate) const SETTINGS: &str = "group_settings_update";
/// Stopped, or going on.
pub(crate) const STATUS: &str = "group_status_update";

/// Somebody who could not be removed, and why.
type Failed = (Person, Code, &'static str);

/// The value of a change about one group.
fn value(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    kind: &str,
    members: impl IntoIterator<Item = (&'static str, Value)>,
) -> Value {
    let mut group = Map::from_iter([
        ("timestamp".to_owned(), json!(ctx.now().seconds().to_string())),
        ("group_id".to_owned(), json!(format_id(here.group_id))),
        ("type".to_owned(), json!(kind)),
    ]);
    let told = members.into_iter().filter(|(_, value)| !value.is_null());
    group.extend(told.map(|(name, value)| (name.to_owned(), value)));
    json!({
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": number.number.digits(),
            "phone_number_id": number.phone_number_id.to_string(),
        },
        "groups": [group],
    })
}

fn person(contact: &Contact) -> Value {
    json!({"wa_id": contact.number.digits(), "user_id": contact.user_id})
}

fn people(contacts: &[Contact]) -> Value {
    contacts.iter().map(person).collect()
}

/// An empty text is not told.
fn said(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

pub(super) fn created(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    group: &Group,
    request_id: &str,
) -> Value {
    let members = [
        ("request_id", json!(request_id)),
        ("subject", json!(group.subject)),
        ("description", said(&group.description)),
        ("invite_link", json!(here.invite_link(group))),
        ("join_approval_mode", json!(approval_mode(group))),
    ];
    value(ctx, number, here, "group_create", members)
}

pub(super) fn deleted(ctx: &Ctx, number: &BusinessNumber, here: &BusinessGroup, request_id: &str) -> Value {
    value(ctx, number, here, "group_delete", [("request_id", json!(request_id))])
}

/// People came by the link; with `request_id`, because a request let them in.
pub(super) fn joined(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    contacts: &[Contact],
    request_id: Option<&str>,
) -> Value {
    let members = [
        ("request_id", json!(request_id)),
        ("reason", json!("invite_link")),
        ("added_participants", people(contacts)),
    ];
    value(ctx, number, here, "group_participants_add", members)
}

/// Somebody asks to be let in, or no longer.
pub(super) fn requested(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    contact: &Contact,
    request: &JoinRequest,
    is_new: bool,
) -> Value {
    let kind = if is_new { "group_join_request_created" } else { "group_join_request_revoked" };
    let members = [
        ("join_request_id", json!(request.id)),
        ("reason", if is_new { json!("invite_link") } else { Value::Null }),
        ("wa_id", json!(contact.number.digits())),
        ("user_id", json!(contact.user_id)),
    ];
    value(ctx, number, here, kind, members)
}

pub(super) fn left(ctx: &Ctx, number: &BusinessNumber, here: &BusinessGroup, contact: &Contact) -> Value {
    let members =
        [("initiated_by", json!("participant")), ("removed_participants", json!([person(contact)]))];
    value(ctx, number, here, "group_participants_remove", members)
}

pub(super) fn removed(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    (removed, failed): (&[(Person, Contact)], &[Failed]),
    request_id: &str,
) -> Value {
    let removed = removed.iter().map(|(named, contact)| {
        json!({"input": named.input, "wa_id": contact.number.digits(), "user_id": contact.user_id})
    });
    let failed: Vec<Value> = failed
        .iter()
        .map(|(named, code, why)| json!({"input": named.input, "errors": [error(*code, why)]}))
        .collect();
    let members = [
        ("request_id", json!(request_id)),
        ("initiated_by", json!("business")),
        ("removed_participants", removed.collect()),
        ("failed_participants", if failed.is_empty() { Value::Null } else { json!(failed) }),
    ];
    value(ctx, number, here, "group_participants_remove", members)
}

fn error(code: Code, why: &str) -> Value {
    json!({"code": code.number, "title": code.title, "message": code.title, "error_data": {"details": why}})
}

pub(super) fn changed(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    change: &ChangeGroup,
    request_id: &str,
) -> Value {
    let text = |text: &Option<String>| match text {
        Some(text) => json!({"text": text, "update_successful": true}),
        None => Value::Null,
    };
    let picture = change.picture.as_ref().map(|picture| {
        json!({
            "mime_type": picture.mime_type,
            "sha256": STANDARD.encode(Sha256::digest(&picture.bytes)),
            "update_successful": true,
        })
    });
    let members = [
        ("request_id", json!(request_id)),
        ("profile_picture", json!(picture)),
        ("group_subject", text(&change.subject)),
        ("group_description", text(&change.description)),
    ];
    value(ctx, number, here, "group_settings_update", members)
}

pub(super) fn suspended(
    ctx: &Ctx,
    number: &BusinessNumber,
    here: &BusinessGroup,
    is_suspended: bool,
) -> Value {
    let kind = if is_suspended { "group_suspend" } else { "group_suspend_cleared" };
    value(ctx, number, here, kind, [])
}
