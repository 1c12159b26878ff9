//! What a handler answers: nearly always JSON with 200, sometimes bytes, sometimes another status.

use super::quota::{self, Usage};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use plaza_business::reach::Reach;
use plaza_protocol::PortfolioId;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

impl Answer {
    /// JSON with another status than 200.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store"));
        Self { status, headers, body: Body::from(body.to_string()) }
    }

    /// Bytes of a media type.
    pub(super) fn bytes(content_type: &HeaderValue, body: impl Into<Body>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        // What a business or a person uploaded is shown by nobody's browser as a page of this origin.
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Self { status: StatusCode::OK, headers, body: body.into() }
    }

    /// With the headers that tell how much of the allowance is used, where the answer does not tell of another.
    pub(super) fn with_usage(mut self, usage: &Usage) -> Self {
        let own = std::mem::replace(&mut self.headers, usage.headers());
        self.headers.extend(own);
        self
    }

    /// With the header that tells how much of the messaging limit is used.
    pub(super) fn with_reach(mut self, portfolio: PortfolioId, reach: Reach) -> Self {
        self.headers.extend(quota::of_reach(portfolio, reach));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self::json(StatusCode::OK, &body)
    }
}
