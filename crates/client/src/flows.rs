//! # Forms of businesses
//!
//! A message opens a form: its document is in it, or the server has it. While the person fills the form in, the business's
//! endpoint may be asked through the server, which names the message. This makes the requests; the driver around the
//! machine carries them over HTTP. What the person has filled in at the end is an [`crate::Answer`] like any other.

use crate::files::BlobRequest;
use crate::machine::Machine;
use plaza_protocol::MessageId;
use plaza_protocol::content::{Action, Body, Content, FlowAction, action};
use serde_json::{Map, Value};

/// What is asked cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The message opens no form.
    #[error("this message opens no form")]
    NoForm,
    /// The form answers by itself.
    #[error("the business of this form is not asked while it is filled in")]
    NoEndpoint,
    /// What is asked is no JSON object.
    #[error("a JSON object with action, screen and data is expected")]
    Malformed,
}

/// The form that a message opens.
pub fn form_of(content: &Content) -> Option<&FlowAction> {
    fn of(action: Option<&Action>) -> Option<&FlowAction> {
        match action?.action.as_ref()? {
            action::Action::Flow(form) => Some(form),
            _ => None,
        }
    }
    match content.body.as_ref()? {
        Body::Interactive(asked) => of(asked.action.as_ref()),
        Body::Template(template) => template.buttons.iter().find_map(|button| of(button.action.as_ref())),
        _ => None,
    }
}

/// The body of a request to the endpoint of a form: what the person did, with the form's token.
pub fn exchange(content: &Content, asked: &str) -> Result<Value, FlowError> {
    let form = form_of(content).ok_or(FlowError::NoForm)?;
    if !form.has_endpoint {
        return Err(FlowError::NoEndpoint);
    }
    let mut asked: Map<String, Value> = serde_json::from_str(asked).map_err(|_| FlowError::Malformed)?;
    asked.entry("flow_token").or_insert_with(|| Value::String(form.token.clone()));
    Ok(Value::Object(asked))
}

impl Machine {
    /// Where the server is asked about the form of a message.
    pub fn flow_request(&self, message: MessageId) -> BlobRequest {
        BlobRequest { path: format!("/v1/flows/{message}"), token: self.token().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_protocol::content::{Interactive, Text};
    use serde_json::json;

    #[test]
    fn a_request_has_the_forms_token() {
        let form = FlowAction { token: "t-1".to_owned(), has_endpoint: true, ..FlowAction::default() };
        let say = |form: FlowAction| {
            let action = Some(Action { action: Some(action::Action::Flow(form)) });
            let body = Body::Interactive(Box::new(Interactive { action, ..Interactive::default() }));
            Content { body: Some(body), ..Content::default() }
        };
        let content = say(form.clone());
        assert_eq!(
            exchange(&content, r#"{"action": "INIT"}"#),
            Ok(json!({"action": "INIT", "flow_token": "t-1"}))
        );
        let own = exchange(&content, r#"{"flow_token": "own"}"#).unwrap();
        assert_eq!(own["flow_token"], "own");
        assert_eq!(exchange(&content, "[]"), Err(FlowError::Malformed));
        let silent = say(FlowAction { has_endpoint: false, ..form });
        assert_eq!(exchange(&silent, "{}"), Err(FlowError::NoEndpoint));
        let text = Content { body: Some(Body::Text(Text::default())), ..Content::default() };
        assert_eq!(exchange(&text, "{}"), Err(FlowError::NoForm));
    }
}
