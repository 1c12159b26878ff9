//! # Forms of businesses
//!
//! A message opens a form: its document is in it, or the server has it. While the person fills the form in, the
//! business's endpoint may be asked through the server, which names the message. This makes the requests; the driver
//! around the machine carries them over HTTP. What the person has filled in at the end is an [`crate::Answer`] like any
//! other.
//!
//! Photos and documents go two ways: in what the endpoint is asked, as files encrypted for it alone
//! ([`Machine::prepare_form_file`]); in the answer at the end, as files of the message.

use crate::files::{BlobRequest, FileError};
use crate::machine::Machine;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plaza_crypto::{EndpointKeys, seal_for_endpoint};
use plaza_protocol::content::{Action, Body, Content, FlowAction, action};
use plaza_protocol::{Ctx, MessageId};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Bytes of an encrypted file of a form: a picker takes 25 MB, and a little is added.
const ENDPOINT_FILE_BYTES_MAX: usize = 25 * 1024 * 1024 + 64;

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

/// A file on its way to the endpoint of a form. First `blob` is put, then the server is asked for its address.
#[derive(Debug, Clone)]
pub struct EndpointUpload {
    /// Where to `PUT` the blob.
    pub put: BlobRequest,
    /// The encrypted bytes.
    pub blob: Vec<u8>,
    /// Where to ask for the address that the endpoint fetches it from.
    pub share: BlobRequest,
    /// What to ask with.
    pub shared: Value,
    encryption_metadata: Value,
}

impl EndpointUpload {
    /// What stands for the file in what the endpoint is asked; `address` is the server's answer.
    pub fn told(&self, file_name: &str, address: &Value) -> Value {
        json!({
            "file_name": file_name,
            "media_id": address["media_id"],
            "cdn_url": address["cdn_url"],
            "encryption_metadata": self.encryption_metadata,
        })
    }
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

    /// Where the server is asked about what there is to buy: below `/v1/store`.
    pub fn store_request(&self, path: &str) -> BlobRequest {
        BlobRequest { path: format!("/v1/store{path}"), token: self.token().to_owned() }
    }

    /// Where the server is asked about packs of stickers, or about one of their pictures.
    pub fn stickers_request(&self, sticker: Option<(&str, &str)>) -> BlobRequest {
        let path = sticker.map(|(pack, name)| format!("/{pack}/{name}")).unwrap_or_default();
        BlobRequest { path: format!("/v1/stickers{path}"), token: self.token().to_owned() }
    }

    /// Encrypts a photo or a document for the endpoint behind the form of a message.
    pub fn prepare_form_file(
        &self,
        ctx: &Ctx,
        message: MessageId,
        file: &[u8],
    ) -> Result<EndpointUpload, FileError> {
        let keys = EndpointKeys { encryption_key: ctx.random(), hmac_key: ctx.random(), iv: ctx.random() };
        let blob = seal_for_endpoint(&keys, file);
        if file.is_empty() {
            return Err(FileError::Empty);
        }
        if blob.len() > ENDPOINT_FILE_BYTES_MAX {
            return Err(FileError::TooLarge);
        }
        let hash = |bytes: &[u8]| STANDARD.encode(Sha256::digest(bytes));
        let encryption_metadata = json!({
            "encryption_key": STANDARD.encode(keys.encryption_key),
            "hmac_key": STANDARD.encode(keys.hmac_key),
            "iv": STANDARD.encode(keys.iv),
            "plaintext_hash": hash(file),
            "encrypted_hash": hash(&blob),
        });
        let (blob_id, put) = self.new_blob(ctx);
        let share =
            BlobRequest { path: format!("/v1/flows/{message}/media"), token: self.token().to_owned() };
        Ok(EndpointUpload { put, blob, share, shared: json!({"blob_id": blob_id}), encryption_metadata })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plaza_protocol::content::{Interactive, Text};

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
