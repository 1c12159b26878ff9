//! # What a business asks to send
//!
//! The body of `POST /{phone}/messages`, read with the forgiveness that clients in the field need: `null` is absent, the
//! kind defaults to text, numbers are written in any way, words come in either case, and what is not known is ignored.
//! What is needed and missing, or cannot be, is an error that names the member.

use super::SendError;
use crate::contacts;
use crate::json::{boolean, member, text_member};
use crate::templates::render::SendTemplate;
use crate::wamid;
use plaza_protocol::{BusinessMessageId, InvalidPhoneNumber, PhoneNumber, limits};
use serde_json::Value;

/// Characters that a business may have echoed in the statuses of a message.
const CALLBACK_DATA_CHARACTERS_MAX: usize = 512;
/// Bytes of an emoji: the longest sequences of Unicode have about 40.
const EMOJI_BYTES_MAX: usize = 64;
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

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct SendMessage {
    pub(super) recipient: Recipient,
    /// The recipient as it was written.
    pub(super) input: String,
    pub(super) kind: Kind,
    pub(super) reply_to: Option<BusinessMessageId>,
    pub(super) biz_opaque_callback_data: Option<String>,
    pub(super) idempotency: Option<Idempotency>,
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
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Text { body: String, preview_url: bool },
    Template(SendTemplate),
    Reaction { message_id: BusinessMessageId, emoji: String },
}

fn missing(member: &str) -> SendError {
    SendError::Missing { member: member.to_owned() }
}

fn invalid(member: &str, what: impl Into<String>) -> SendError {
    SendError::Invalid { member: member.to_owned(), what: what.into() }
}

impl Request {
    /// Reads the parameters of a call.
    pub fn read(parameters: &Value, idempotency: Option<Idempotency>) -> Result<Self, SendError> {
        let product =
            text_member(parameters, "messaging_product").ok_or_else(|| missing("messaging_product"))?;
        if !product.eq_ignore_ascii_case("whatsapp") {
            return Err(invalid("messaging_product", "\"whatsapp\" is expected"));
        }
        match text_member(parameters, "status") {
            Some(status) if status.eq_ignore_ascii_case("read") => read_mark(parameters).map(Self::Read),
            Some(_) => Err(invalid("status", "\"read\" is expected")),
            None => SendMessage::read(parameters, idempotency).map(|message| Self::Send(Box::new(message))),
        }
    }
}

fn read_mark(parameters: &Value) -> Result<ReadMark, SendError> {
    let message_id = text_member(parameters, "message_id").ok_or_else(|| missing("message_id"))?;
    let message_id = message(&message_id, "message_id")?;
    Ok(ReadMark { message_id, is_typing: member(parameters, "typing_indicator").is_some() })
}

fn message(text: &str, member: &str) -> Result<BusinessMessageId, SendError> {
    wamid::parse(text).ok_or_else(|| invalid(member, "the id of a message (wamid.…) is expected"))
}

/// A member that may be an object or, from a form or the query, an object as text.
fn object<'a>(parameters: &'a Value, name: &str) -> Result<std::borrow::Cow<'a, Value>, SendError> {
    let value = member(parameters, name).ok_or_else(|| missing(name))?;
    let value = match value {
        Value::String(text) => {
            let read = serde_json::from_str(text).map_err(|_| invalid(name, "a JSON object is expected"))?;
            std::borrow::Cow::Owned(read)
        }
        other => std::borrow::Cow::Borrowed(other),
    };
    if value.is_object() { Ok(value) } else { Err(invalid(name, "a JSON object is expected")) }
}

impl SendMessage {
    /// The key by which a repeat is known.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())
    }

    /// Reads the parameters of a send.
    pub fn read(parameters: &Value, idempotency: Option<Idempotency>) -> Result<Self, SendError> {
        let recipient_type =
            text_member(parameters, "recipient_type").unwrap_or_default().to_ascii_lowercase();
        if !matches!(recipient_type.as_str(), "" | "individual") {
            return Err(invalid(
                "recipient_type",
                "\"individual\" is expected; groups are not supported yet",
            ));
        }
        let (recipient, input) = recipient(parameters)?;
        let reply_to = match member(parameters, "context") {
            None => None,
            Some(_) => {
                let context = object(parameters, "context")?;
                let id = text_member(&context, "message_id").filter(|id| !id.is_empty());
                id.map(|id| message(&id, "context.message_id")).transpose()?
            }
        };
        let biz_opaque_callback_data = text_member(parameters, "biz_opaque_callback_data");
        if biz_opaque_callback_data
            .as_ref()
            .is_some_and(|data| data.chars().count() > CALLBACK_DATA_CHARACTERS_MAX)
        {
            let what = format!("at most {CALLBACK_DATA_CHARACTERS_MAX} characters are allowed");
            return Err(invalid("biz_opaque_callback_data", what));
        }
        if let Some(idempotency) = &idempotency
            && !(1..=KEY_CHARACTERS_MAX).contains(&idempotency.key.chars().count())
        {
            return Err(invalid(
                "Idempotency-Key",
                format!("1 to {KEY_CHARACTERS_MAX} characters are expected"),
            ));
        }
        let kind = kind(parameters)?;
        Ok(Self { recipient, input, kind, reply_to, biz_opaque_callback_data, idempotency })
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

fn kind(parameters: &Value) -> Result<Kind, SendError> {
    let kind = text_member(parameters, "type").unwrap_or_else(|| "text".to_owned()).to_ascii_lowercase();
    match kind.as_str() {
        "text" => text(object(parameters, "text")?.as_ref()),
        "template" => {
            let template = object(parameters, "template")?;
            SendTemplate::read(&template).map(Kind::Template).map_err(|(member, what)| match what {
                "missing" => missing(&member),
                what => invalid(&member, what),
            })
        }
        "reaction" => {
            let reaction = object(parameters, "reaction")?;
            let id = text_member(&reaction, "message_id").ok_or_else(|| missing("reaction.message_id"))?;
            let message_id = message(&id, "reaction.message_id")?;
            let emoji = text_member(&reaction, "emoji").unwrap_or_default();
            if emoji.len() > EMOJI_BYTES_MAX || emoji.chars().any(|character| character.is_ascii_alphabetic())
            {
                return Err(invalid(
                    "reaction.emoji",
                    "one emoji is expected, or nothing to take a reaction back",
                ));
            }
            Ok(Kind::Reaction { message_id, emoji })
        }
        _ => Err(SendError::Unsupported { kind: kind.chars().take(40).collect() }),
    }
}

fn text(text: &Value) -> Result<Kind, SendError> {
    let body = text_member(text, "body").ok_or_else(|| missing("text.body"))?;
    if body.trim().is_empty() {
        return Err(missing("text.body"));
    }
    let characters = body.chars().count();
    if characters > limits::TEXT_CHARACTERS_MAX {
        let what = format!("{characters} characters; at most {} are allowed", limits::TEXT_CHARACTERS_MAX);
        return Err(invalid("text.body", what));
    }
    Ok(Kind::Text { body, preview_url: member(text, "preview_url").and_then(boolean).unwrap_or(false) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn send(parameters: Value) -> Result<SendMessage, SendError> {
        SendMessage::read(&parameters, None)
    }

    fn hello(change: impl FnOnce(&mut Value)) -> Result<Request, SendError> {
        let mut parameters =
            json!({"messaging_product": "whatsapp", "to": "+49 151 12345678", "text": {"body": "Hi"}});
        change(&mut parameters);
        Request::read(&parameters, None)
    }

    #[test]
    fn what_clients_write_is_read() {
        let id = wamid::format(BusinessMessageId::from_slice(&[7; 16]).unwrap());
        let sent = send(json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": 4_915_112_345_678_i64, "type": "TEXT",
            "text": {"preview_url": "True", "body": "Hi", "unknown": 1}, "context": {"message_id": id}, "extra": []
        }))
        .unwrap();
        assert_eq!(sent.recipient, Recipient::Number("+4915112345678".parse().unwrap()));
        assert_eq!(sent.kind, Kind::Text { body: "Hi".into(), preview_url: true });
        assert!(sent.reply_to.is_some());
        let null = hello(|value| value["context"] = Value::Null);
        assert!(null.is_ok(), "null is absent");
        let form = hello(|value| value["text"] = json!("{\"body\":\"Hi\"}"));
        assert!(form.is_ok(), "a form writes objects as text");
        let user = hello(|value| {
            value["to"] = Value::Null;
            value["recipient"] = json!("DE.482100000000000001");
        });
        let Ok(Request::Send(user)) = user else { panic!("{user:?}") };
        assert_eq!(user.recipient, Recipient::UserId("DE.482100000000000001".into()));
        let read = Request::read(
            &json!({"messaging_product": "whatsapp", "status": "read", "message_id": id, "typing_indicator": {"type": "text"}}),
            None,
        );
        assert!(matches!(read, Ok(Request::Read(ReadMark { is_typing: true, .. }))), "{read:?}");
    }

    #[test]
    fn errors_name_the_member() {
        let named = |outcome: Result<Request, SendError>| match outcome.unwrap_err() {
            SendError::Missing { member } | SendError::Invalid { member, .. } => member,
            SendError::Unsupported { kind } => format!("type {kind}"),
            other => panic!("{other}"),
        };
        assert_eq!(
            named(hello(|value| drop(value.as_object_mut().unwrap().remove("messaging_product")))),
            "messaging_product"
        );
        assert_eq!(named(hello(|value| value["to"] = json!(""))), "to");
        assert_eq!(named(hello(|value| value["to"] = json!("Ana"))), "to");
        assert_eq!(named(hello(|value| value["text"] = json!([]))), "text");
        assert_eq!(named(hello(|value| value["text"] = json!({"body": " "}))), "text.body");
        assert_eq!(named(hello(|value| value["text"]["body"] = json!("x".repeat(4097)))), "text.body");
        assert!(hello(|value| value["text"]["body"] = json!("é".repeat(4096))).is_ok(), "at the limit");
        assert_eq!(named(hello(|value| value["type"] = json!("image"))), "type image");
        assert_eq!(
            named(hello(|value| value["context"] = json!({"message_id": "17"}))),
            "context.message_id"
        );
        assert_eq!(named(hello(|value| value["status"] = json!("seen"))), "status");
        assert_eq!(named(hello(|value| value["recipient_type"] = json!("group"))), "recipient_type");
        assert_eq!(
            named(hello(|value| value["biz_opaque_callback_data"] = json!("x".repeat(513)))),
            "biz_opaque_callback_data"
        );
        assert_eq!(named(Request::read(&json!([1]), None)), "messaging_product");
    }

    proptest! {
        #[test]
        fn no_json_is_too_odd_to_read(text in "\\PC*", kind in "text|template|reaction|[a-z]{0,9}") {
            let odd: Value = serde_json::from_str(&text).unwrap_or(json!(text));
            for member in ["to", "type", "text", "template", "reaction", "context", "status", "recipient"] {
                let _ = hello(|value| { value["type"] = json!(kind); value[member] = odd.clone(); });
            }
        }
    }
}
