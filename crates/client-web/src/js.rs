//! What the machine takes from JavaScript: the time, timers, requests, and refusals as texts.

use plaza_client::files::BlobRequest;
use plaza_protocol::native::RegistrationStarted;
use plaza_protocol::{Clock, Ctx, ErrorCode, RandomIds, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, milliseconds: i32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);

    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, options: &JsValue) -> js_sys::Promise;
}

/// The browser's clock.
#[derive(Debug)]
struct JsClock;

impl Clock for JsClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
        let milliseconds = js_sys::Date::now() as i64;
        Timestamp(milliseconds.saturating_mul(1000))
    }
}

/// The context of everything that the client does.
pub(crate) fn ctx() -> Ctx {
    Ctx::system(Arc::new(JsClock), Arc::new(RandomIds::default()))
}

/// A call that comes later, unless it is dropped before.
#[derive(Debug)]
pub(crate) struct Timer {
    handle: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    pub(crate) fn after(milliseconds: i32, callback: impl FnOnce() + 'static) -> Self {
        let callback = Closure::once(callback);
        let handle = set_timeout(callback.as_ref().unchecked_ref(), milliseconds);
        Self { handle, _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.handle);
    }
}

/// A refusal, as the worker reads it.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    code: String,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code: code.as_str().to_owned(), message: message.into() }
    }

    /// A bug or a broken store: the person can do nothing but load the page again.
    pub(crate) fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::new(ErrorCode::Internal, plaza_protocol::Chain(error).to_string())
    }
}

impl From<Refusal> for JsValue {
    fn from(refusal: Refusal) -> Self {
        json(&refusal)
    }
}

/// A value as a JSON text.
pub(crate) fn json(value: &impl Serialize) -> JsValue {
    JsValue::from_str(&serde_json::to_string(value).unwrap_or_default())
}

/// Posts JSON to this server; gives the answer's text, or the server's refusal.
pub(crate) async fn post(url: &str, body: &impl Serialize) -> Result<String, Refusal> {
    let options = serde_json::json!({
        "method": "POST",
        "headers": { "content-type": "application/json" },
        "body": serde_json::to_string(body).unwrap_or_default(),
    });
    let options = js_sys::JSON::parse(&options.to_string()).map_err(unreachable)?;
    let answer = ask(url, &options, "text").await?;
    Ok(answer.as_string().unwrap_or_default())
}

/// Posts JSON to an address that wants the device's token.
pub(crate) async fn post_as(
    origin: &str,
    request: &BlobRequest,
    body: &serde_json::Value,
) -> Result<String, Refusal> {
    let options = serde_json::json!({
        "method": "POST",
        "headers": { "content-type": "application/json", "authorization": format!("Bearer {}", request.token) },
        "body": body.to_string(),
    });
    let options = js_sys::JSON::parse(&options.to_string()).map_err(unreachable)?;
    let answer = ask(&format!("{origin}{}", request.path), &options, "text").await?;
    Ok(answer.as_string().unwrap_or_default())
}

/// Uploads a blob.
pub(crate) async fn put(origin: &str, request: &BlobRequest, blob: &[u8]) -> Result<(), Refusal> {
    let options = serde_json::json!({
        "method": "PUT",
        "headers": { "content-type": "application/octet-stream", "authorization": format!("Bearer {}", request.token) },
    });
    let options = js_sys::JSON::parse(&options.to_string()).map_err(unreachable)?;
    let bytes = js_sys::Uint8Array::from(blob);
    js_sys::Reflect::set(&options, &JsValue::from_str("body"), &bytes).map_err(unreachable)?;
    ask(&format!("{origin}{}", request.path), &options, "text").await.map(drop)
}

/// Downloads a blob.
pub(crate) async fn get(origin: &str, request: &BlobRequest) -> Result<Vec<u8>, Refusal> {
    let options = serde_json::json!({ "headers": { "authorization": format!("Bearer {}", request.token) } });
    let options = js_sys::JSON::parse(&options.to_string()).map_err(unreachable)?;
    let answer = ask(&format!("{origin}{}", request.path), &options, "arrayBuffer").await?;
    Ok(js_sys::Uint8Array::new(&answer).to_vec())
}

fn unreachable(_: JsValue) -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "The server could not be reached.")
}

/// Asks the server; what `read` (a method of the answer) makes of the answer's body, or the server's refusal.
async fn ask(url: &str, options: &JsValue, read: &str) -> Result<JsValue, Refusal> {
    let response = wasm_bindgen_futures::JsFuture::from(fetch(url, options)).await.map_err(unreachable)?;
    let member = |name: &str| js_sys::Reflect::get(&response, &JsValue::from_str(name));
    let ok = member("ok").map_err(unreachable)?.is_truthy();
    let read: js_sys::Function =
        member(if ok { read } else { "text" }).map_err(unreachable)?.unchecked_into();
    let body: js_sys::Promise = read.call0(&response).map_err(unreachable)?.unchecked_into();
    let body = wasm_bindgen_futures::JsFuture::from(body).await.map_err(unreachable)?;
    if ok { Ok(body) } else { Err(refusal_of(&body.as_string().unwrap_or_default())) }
}

fn refusal_of(problem: &str) -> Refusal {
    let problem: serde_json::Value = serde_json::from_str(problem).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    Refusal {
        code: text("code").unwrap_or_else(|| ErrorCode::Internal.as_str().to_owned()),
        message: text("detail")
            .or_else(|| text("title"))
            .unwrap_or_else(|| "The server did not take the request.".to_owned()),
    }
}

/// The answer to the start of a registration, as the page wants it.
#[derive(Debug, Serialize)]
pub(crate) struct Started {
    registration_id: String,
    expires_at: i64,
}

impl Started {
    pub(crate) fn id(&self) -> &str {
        &self.registration_id
    }
}

impl From<RegistrationStarted> for Started {
    fn from(started: RegistrationStarted) -> Self {
        Self {
            registration_id: started.registration_id.to_string(),
            expires_at: started.expires_at.milliseconds(),
        }
    }
}
