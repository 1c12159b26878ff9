//! The web app, embedded in the binary. Files below `/assets` carry a hash in their name and are kept by browsers for
//! good; every other address gets the page itself, whose router knows what it means.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Assets;

/// Nothing from elsewhere, no inline scripts; WebAssembly may be compiled.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; \
    worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page that takes a card. It alone may load the script of the payment provider, so one comes to it and leaves it by
/// loading the page anew.
const CARD_PAGE: &str = "manager/payments/card";

/// The policy of a page that may also run scripts, make calls and open frames of others.
pub(crate) fn policy_with(scripts: &str, calls: &str, frames: &str) -> String {
    CONTENT_SECURITY_POLICY
        .replace("script-src 'self'", &format!("script-src 'self' {scripts}"))
        .replace("connect-src 'self'", &format!("connect-src 'self' {calls}"))
        .replace("worker-src", &format!("frame-src {frames}; worker-src"))
}

/// A file of the web app, or its page. `card_policy`: of the page that takes a card, if there is one.
pub(crate) async fn serve(uri: Uri, card_policy: Option<&str>) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Assets::get(path) {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let cache =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        return with_headers(file.data, kind.as_ref(), cache);
    }
    if path.starts_with("assets/") {
        return (StatusCode::NOT_FOUND, "no such file").into_response();
    }
    match Assets::get("index.html") {
        Some(page) => {
            let mut response = with_headers(page.data, "text/html; charset=utf-8", "no-cache");
            let policy = card_policy.filter(|_| path == CARD_PAGE);
            if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(policy).ok()) {
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        None => (StatusCode::NOT_FOUND, "the web app is not part of this build: ./x run builds it")
            .into_response(),
    }
}

fn with_headers(data: Cow<'static, [u8]>, kind: &str, cache: &'static str) -> Response {
    let mut response = data.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
