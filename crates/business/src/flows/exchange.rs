//! # What an endpoint is asked, encrypted
//!
//! A flow's endpoint is asked in JSON: `{"version", "action", "screen", "data", "flow_token"}`. Each request has a key
//! of its own, AES-128 in GCM with an IV of 16 bytes; the key goes along encrypted with the number's public key
//! (RSA-OAEP, SHA-256). The answer comes under the same key with every bit of the IV turned. Whoever lies between, TLS
//! or not, reads nothing; the signature of the body says that it is Plaza who asks.
//!
//! `INIT` begins a form, `data_exchange` is asked by an action of a screen, `BACK` by going back; `ping` asks whether
//! the endpoint lives. If its answer cannot be shown, it is told so with `data.error`.

use super::{Flow, FlowError, business_public_key, get, store};
use crate::Business;
use crate::apps;
use crate::webhooks::signature;
use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead as _, KeyInit as _, generic_array::GenericArray};
use aes_gcm::{AesGcm, aes::Aes128};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plaza_db::Tx;
use plaza_protocol::{Actor, BusinessMessageId, Ctx, FlowId, MessageId, Secret};
use serde_json::{Map, Value, json};
use std::time::Duration;

mod oaep;

pub use oaep::PublicKey;

/// How long an endpoint may think.
pub const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the data that a person's client sends.
pub const DATA_BYTES_MAX: usize = 256 * 1024;
/// Characters of a token.
const TOKEN_CHARACTERS_MAX: usize = 1024;
/// The version of requests, if the flow does not say.
const DEFAULT_VERSION: &str = "3.0";
/// What is answered when the endpoint says nothing of its own.
const REFUSED: &str = "This form cannot be used any more.";

const KEY_BYTES: usize = 16;

type Cipher = AesGcm<Aes128, U16>;

/// A request under a key of its own.
#[derive(Debug)]
pub struct Sealed {
    /// The body of the call.
    pub body: String,
    key: Secret<[u8; KEY_BYTES]>,
    iv: [u8; KEY_BYTES],
}

/// A number's key cannot encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public key of the phone number cannot be used")]
pub struct SealingFailed;

impl Sealed {
    /// Encrypts a request for who has the private key of `public_key`.
    pub fn new(ctx: &Ctx, public_key: &PublicKey, request: &Value) -> Result<Self, SealingFailed> {
        let (key, iv) = (ctx.random(), ctx.random());
        let encrypted_key = public_key.encrypt(&key, ctx.random()).ok_or(SealingFailed)?;
        let data = crypt(&key, &iv, request)?;
        let body = json!({
            "encrypted_flow_data": STANDARD.encode(data),
            "encrypted_aes_key": STANDARD.encode(encrypted_key),
            "initial_vector": STANDARD.encode(iv),
        });
        Ok(Self { body: body.to_string(), key: Secret(key), iv })
    }

    /// What an answer says, if it is one to this request.
    pub fn open(&self, answer: &[u8]) -> Option<Value> {
        let iv = self.iv.map(|byte| !byte);
        let encrypted = STANDARD.decode(answer.trim_ascii()).ok()?;
        let cipher = Cipher::new(GenericArray::from_slice(&self.key.0));
        let plain = cipher.decrypt(GenericArray::from_slice(&iv), encrypted.as_slice()).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn crypt(key: &[u8; KEY_BYTES], iv: &[u8; KEY_BYTES], plain: &Value) -> Result<Vec<u8>, SealingFailed> {
    let cipher = Cipher::new(GenericArray::from_slice(key));
    cipher.encrypt(GenericArray::from_slice(iv), plain.to_string().as_bytes()).map_err(|_| SealingFailed)
}

/// What a person's client asks.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeRequest {
    action: &'static str,
    /// The screen that asks; absent at the beginning.
    pub screen: Option<String>,
    data: Map<String, Value>,
    flow_token: String,
}

impl ExchangeRequest {
    /// Reads a request's members.
    pub fn read(request: &Value) -> Result<Self, FlowError> {
        let invalid = |member, what: String| FlowError::Invalid { member, what };
        let text = |name| crate::json::text_member(request, name).unwrap_or_default();
        let action = match text("action").as_str() {
            "INIT" => "INIT",
            "BACK" => "BACK",
            "data_exchange" => "data_exchange",
            _ => return Err(invalid("action", "INIT, BACK or data_exchange is expected".to_owned())),
        };
        let screen = Some(text("screen")).filter(|screen| !screen.is_empty());
        if screen.is_none() && action != "INIT" {
            return Err(invalid("screen", format!("{action} needs the screen that asks")));
        }
        let data = match crate::json::member(request, "data") {
            None => Map::new(),
            Some(Value::Object(data)) => data.clone(),
            Some(_) => return Err(invalid("data", "a JSON object is expected".to_owned())),
        };
        let bytes = serde_json::to_string(&data).map_or(0, |data| data.len());
        if bytes > DATA_BYTES_MAX {
            return Err(invalid("data", format!("at most {DATA_BYTES_MAX} bytes are allowed")));
        }
        let flow_token = text("flow_token");
        if flow_token.chars().count() > TOKEN_CHARACTERS_MAX {
            return Err(invalid(
                "flow_token",
                format!("at most {TOKEN_CHARACTERS_MAX} characters are allowed"),
            ));
        }
        Ok(Self { action, screen, data, flow_token })
    }
}

/// Whom to ask, and how.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The flow.
    pub flow_id: FlowId,
    /// Where to ask.
    pub url: String,
    screens: Vec<String>,
    version: String,
    public_key: PublicKey,
    app_secret: Secret<String>,
}

/// What an endpoint answered, for the person's client.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A screen to show, or the end of the form.
    Screen(Value),
    /// It does not take the form any more: the message that it gives for the person.
    Closed(String),
    /// It cannot decrypt: its key has changed.
    KeyChanged,
    /// It did not believe the signature.
    SignatureRefused,
    /// An HTTP status that is none of the known ones.
    Status(u16),
    /// It cannot be decrypted.
    Undecryptable,
    /// It can be decrypted, and not be shown: what the endpoint is told.
    Malformed(String),
}

impl Endpoint {
    /// The body of a request.
    pub fn request(&self, asked: &ExchangeRequest) -> Value {
        let mut request = json!({
            "version": self.version,
            "action": asked.action,
            "data": asked.data,
            "flow_token": asked.flow_token,
        });
        if let Some(screen) = &asked.screen {
            request["screen"] = json!(screen);
        }
        request
    }

    /// The request that asks whether it lives.
    pub fn ping(&self) -> Value {
        json!({"version": self.version, "action": "ping"})
    }

    /// Tells it that its answer to `asked` could not be shown.
    pub fn complaint(&self, asked: &ExchangeRequest, what: &str) -> Value {
        let mut request = self.request(asked);
        request["data"] = json!({"error": "invalid-response", "error_message": what});
        request
    }

    /// Encrypts a request, and signs it: the body and the value of `X-Hub-Signature-256`.
    pub fn seal(&self, ctx: &Ctx, request: &Value) -> Result<(Sealed, String), SealingFailed> {
        let sealed = Sealed::new(ctx, &self.public_key, request)?;
        let signature = signature(&self.app_secret.0, sealed.body.as_bytes());
        Ok((sealed, signature))
    }

    /// Whether an answer to [`Self::ping`] says that all is well.
    pub fn is_alive(sealed: &Sealed, status: u16, answer: &[u8]) -> bool {
        status == 200
            && sealed.open(answer).is_some_and(|answer| {
                answer.pointer("/data/status").and_then(Value::as_str) == Some("active")
            })
    }

    /// What an answer means.
    pub fn reply(&self, sealed: &Sealed, status: u16, answer: &[u8]) -> Reply {
        match status {
            200 => match sealed.open(answer) {
                None => Reply::Undecryptable,
                Some(answer) => self.shown(answer),
            },
            421 => Reply::KeyChanged,
            427 => Reply::Closed(closing(sealed, answer)),
            432 => Reply::SignatureRefused,
            other => Reply::Status(other),
        }
    }

    fn shown(&self, answer: Value) -> Reply {
        let Some(screen) = answer.get("screen").and_then(Value::as_str) else {
            return Reply::Malformed("the answer names no screen".to_owned());
        };
        let data = answer.get("data").cloned().unwrap_or_else(|| json!({}));
        if !data.is_object() {
            return Reply::Malformed("the data of the answer is no JSON object".to_owned());
        }
        if screen == super::definition::SUCCESS {
            if data.pointer("/extension_message_response/params").is_none_or(|params| !params.is_object()) {
                let what = "the screen SUCCESS needs data.extension_message_response.params";
                return Reply::Malformed(what.to_owned());
            }
        } else if !self.screens.iter().any(|known| known == screen) {
            return Reply::Malformed(format!(
                "the answer names the screen \"{screen}\", which the flow does not have"
            ));
        }
        Reply::Screen(json!({"screen": screen, "data": data}))
    }
}

/// The words with which an endpoint closes a form: encrypted, or not.
fn closing(sealed: &Sealed, answer: &[u8]) -> String {
    let said = sealed.open(answer).or_else(|| serde_json::from_slice(answer).ok());
    let said = said.as_ref().and_then(|said| said.get("error_msg")).and_then(Value::as_str);
    said.map_or_else(|| REFUSED.to_owned(), |said| said.chars().take(1024).collect())
}

fn no_endpoint() -> FlowError {
    let what = "this form has no endpoint that answers".to_owned();
    FlowError::Invalid { member: "message_id", what }
}

impl Business {
    /// The endpoint of the form in a message, for the device of the person who has the message.
    pub async fn endpoint_of(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        message: MessageId,
    ) -> Result<Endpoint, FlowError> {
        let (flow, phone) = of_message(ctx, tx, message).await?;
        let public_key = business_public_key(tx, phone).await?;
        self.endpoint(tx, flow, public_key).await
    }

    /// The endpoint of a flow, to ask whether it lives. `None`: it has none, or cannot be asked yet.
    pub async fn endpoint_to_ping(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        id: FlowId,
    ) -> Result<Option<Endpoint>, FlowError> {
        let flow = get(ctx, tx, id).await?;
        let public_key = super::key_of_account(tx, flow.waba_id).await?;
        if flow.endpoint_uri.is_none() || !flow.asks_endpoint() || public_key.is_none() {
            return Ok(None);
        }
        self.endpoint(tx, flow, public_key).await.map(Some)
    }

    async fn endpoint(
        &self,
        tx: &mut Tx,
        flow: Flow,
        public_key: Option<String>,
    ) -> Result<Endpoint, FlowError> {
        let url = flow.endpoint_uri.ok_or_else(no_endpoint)?;
        let public_key = public_key.and_then(|key| PublicKey::read(&key)).ok_or_else(no_endpoint)?;
        let app_secret = self.app_secret(tx, flow.app_id).await?.ok_or(FlowError::NotFound)?;
        let version = flow.data_api_version.unwrap_or_else(|| DEFAULT_VERSION.to_owned());
        Ok(Endpoint { flow_id: flow.flow_id, url, screens: flow.screens, version, public_key, app_secret })
    }

    async fn app_secret(
        &self,
        tx: &mut Tx,
        app: plaza_protocol::AppId,
    ) -> Result<Option<Secret<String>>, FlowError> {
        let Some(sealed) = apps::sealed_secret(tx, app).await? else { return Ok(None) };
        Ok(Some(self.open_secret(app, &sealed)?))
    }
}

/// The flow of a message that went to the asking device's account.
async fn of_message(
    ctx: &Ctx,
    tx: &mut Tx,
    message: MessageId,
) -> Result<(Flow, plaza_protocol::PhoneNumberId), FlowError> {
    let Actor::Device { account, .. } = ctx.actor() else { return Err(FlowError::NotFound) };
    let found = store::of_message(tx, BusinessMessageId(message.0)).await?;
    let (flow, phone, _) = found.filter(|(_, _, to)| *to == account).ok_or(FlowError::NotFound)?;
    let flow = store::get(tx, flow).await?.ok_or(FlowError::NotFound)?;
    Ok((flow, phone))
}

/// The flow JSON of a message, for the device of the person who has the message.
pub async fn flow_json_of(ctx: &Ctx, tx: &mut Tx, message: MessageId) -> Result<String, FlowError> {
    let (flow, _) = of_message(ctx, tx, message).await?;
    store::asset(tx, flow.flow_id).await?.ok_or(FlowError::NotFound)
}

#[cfg(test)]
mod tests;
