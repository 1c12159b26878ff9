//! What a business asks about a call: the body of `POST /{phone}/calls`.

use super::CallError;
use crate::contacts;
use crate::json::node::Node;
use crate::json::text_member;
use plaza_protocol::limits::SDP_BYTES_MAX;
use plaza_protocol::{BusinessMessageId, InvalidPhoneNumber, PhoneNumber};
use serde_json::Value;

/// Characters that a business may have echoed in what it hears of a call.
const CALLBACK_DATA_CHARACTERS_MAX: usize = 512;
const ACTIONS: &str = "connect, pre_accept, accept, reject or terminate is expected";

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum CallRequest {
    /// To call somebody.
    Connect(Placing),
    /// To do something about a call.
    Act {
        /// Which.
        callee: Callee,
        /// What.
        action: Action,
    },
}

/// A new call.
#[derive(Debug, Clone, PartialEq)]
pub struct Placing {
    pub(super) callee: Person,
    pub(super) sdp: String,
    pub(super) callback_data: Option<String>,
}

/// Somebody, as the request names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// By their number.
    Number(PhoneNumber),
    /// By the business-scoped user id.
    UserId(String),
}

/// A call that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// By its id.
    Call(BusinessMessageId),
    /// The one that goes on with somebody.
    Person(Person),
}

/// What is done about a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The media may connect already.
    PreAccept {
        /// The session description.
        sdp: String,
    },
    /// Picks up.
    Accept {
        /// The session description; `None`: as it was sent ahead.
        sdp: Option<String>,
        /// To be echoed.
        callback_data: Option<String>,
    },
    /// Does not want it.
    Reject,
    /// Hangs up.
    Terminate,
}

fn invalid(member: &str, what: impl Into<String>) -> CallError {
    CallError::Invalid { member: member.to_owned(), what: what.into() }
}

fn missing(member: &str) -> CallError {
    CallError::Missing { member: member.to_owned() }
}

impl CallRequest {
    /// Reads the parameters of a request.
    pub fn read(parameters: &Value) -> Result<Self, CallError> {
        let product =
            text_member(parameters, "messaging_product").ok_or_else(|| missing("messaging_product"))?;
        if !product.eq_ignore_ascii_case("whatsapp") {
            return Err(invalid("messaging_product", "\"whatsapp\" is expected"));
        }
        let root = Node::root(parameters);
        let action = text_member(parameters, "action").ok_or_else(|| missing("action"))?;
        let echoed = "biz_opaque_callback_data";
        let data = root.text(echoed, CALLBACK_DATA_CHARACTERS_MAX)?;
        let callback_data = root.has(echoed).then_some(data);
        let action = match action.trim().to_ascii_lowercase().as_str() {
            "connect" => {
                let callee = person(parameters)?.ok_or_else(|| missing("to"))?;
                let sdp = session(&root, "offer")?.ok_or_else(|| missing("session"))?;
                return Ok(Self::Connect(Placing { callee, sdp, callback_data }));
            }
            "pre_accept" => {
                Action::PreAccept { sdp: session(&root, "answer")?.ok_or_else(|| missing("session"))? }
            }
            "accept" => Action::Accept { sdp: session(&root, "answer")?, callback_data },
            "reject" => Action::Reject,
            "terminate" => Action::Terminate,
            _ => return Err(invalid("action", ACTIONS)),
        };
        let callee = match text_member(parameters, "call_id").filter(|id| !id.is_empty()) {
            Some(id) => {
                let call = super::parse_id(id.trim());
                Callee::Call(call.ok_or(CallError::UnknownCall { member: "call_id" })?)
            }
            None => Callee::Person(person(parameters)?.ok_or_else(|| missing("call_id"))?),
        };
        Ok(Self::Act { callee, action })
    }
}

/// `to` wins over `recipient`; a business-scoped user id is understood in either.
pub(super) fn person(parameters: &Value) -> Result<Option<Person>, CallError> {
    let named = |name| text_member(parameters, name).filter(|text| !text.trim().is_empty());
    let found = ["to", "user_wa_id", "recipient"].into_iter().find_map(|name| Some((name, named(name)?)));
    let Some((member, input)) = found else { return Ok(None) };
    if contacts::is_user_id(input.trim()) {
        return Ok(Some(Person::UserId(input.trim().to_owned())));
    }
    let number = input.parse().map_err(|error: InvalidPhoneNumber| invalid(member, error.to_string()))?;
    Ok(Some(Person::Number(number)))
}

/// The session description; it must be of the kind that the action needs.
fn session(root: &Node<'_>, kind: &str) -> Result<Option<String>, CallError> {
    let Some(session) = root.optional("session")? else { return Ok(None) };
    if session.word("sdp_type")? != kind {
        return Err(invalid("session.sdp_type", format!("\"{kind}\" is expected with this action")));
    }
    let sdp = text_member(session.value(), "sdp").ok_or_else(|| missing("session.sdp"))?;
    if sdp.len() > SDP_BYTES_MAX {
        return Err(invalid("session.sdp", format!("{SDP_BYTES_MAX} bytes are possible")));
    }
    if !sdp.starts_with("v=0") || !sdp.lines().any(|line| line.starts_with("m=audio")) {
        return Err(invalid(
            "session.sdp",
            "a session description (RFC 8866) with an audio line is expected",
        ));
    }
    Ok(Some(sdp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";

    fn read(action: &str, more: Value) -> Result<CallRequest, String> {
        let mut request = json!({"messaging_product": "whatsapp", "action": action});
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        CallRequest::read(&request).map_err(|error| error.to_string())
    }

    #[test]
    fn each_action_asks_for_what_it_needs() {
        let session = |kind: &str| json!({"sdp_type": kind, "sdp": SDP});
        let call = super::super::format_id(BusinessMessageId(uuid::Uuid::from_u128(1)));
        let placed = read("connect", json!({"to": "+4915112345678", "session": session("offer")})).unwrap();
        assert!(matches!(placed, CallRequest::Connect(placing) if placing.sdp == SDP));
        for (action, more, wrong) in [
            ("connect", json!({"session": session("offer")}), "the parameter to is required"),
            ("connect", json!({"to": "+4915112345678"}), "the parameter session is required"),
            ("connect", json!({"to": "Ana", "session": session("offer")}), "to: "),
            ("connect", json!({"to": "+4915112345678", "session": session("answer")}), "session.sdp_type: "),
            ("accept", json!({"call_id": call, "session": session("offer")}), "session.sdp_type: "),
            (
                "accept",
                json!({"call_id": call, "session": {"sdp_type": "answer", "sdp": "v=1"}}),
                "session.sdp: ",
            ),
            ("pre_accept", json!({"call_id": call}), "the parameter session is required"),
            ("reject", json!({}), "the parameter call_id is required"),
            ("reject", json!({"call_id": "wacid.none"}), "call_id: "),
            ("dance", json!({"call_id": call}), "action: "),
        ] {
            let told = read(action, more).unwrap_err();
            assert!(told.starts_with(wrong), "{action}: {told}");
        }
        let by_person = read("reject", json!({"to": "+4915112345678"})).unwrap();
        assert!(matches!(by_person, CallRequest::Act { callee: Callee::Person(_), action: Action::Reject }));
    }
}
