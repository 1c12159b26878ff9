//! Errors of the native and operator surfaces: problem+json (RFC 9457), with the stable code beside the text.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use plaza_messaging::MessagingError;
use plaza_protocol::{Chain, ErrorCode};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::Duration;

/// A request that was not carried out.
#[derive(Debug)]
pub(crate) struct Problem {
    code: ErrorCode,
    detail: String,
    retry_after: Option<Duration>,
    /// Everything that is wrong, where more than one thing can be.
    errors: Vec<serde_json::Value>,
}

impl Problem {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, errors: Vec::new() }
    }

    /// Says all that is wrong, besides the one thing in the detail.
    pub(crate) fn with_errors(self, errors: Vec<serde_json::Value>) -> Self {
        Self { errors, ..self }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("{what} does not exist"))
    }

    /// A member that cannot be used: which, and what is expected.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, detail)
    }

    /// A failure that is ours: the log has its chain, the answer has nothing of it.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "a request failed");
        Self::new(ErrorCode::Internal, "something failed on our side; the request may be repeated")
    }
}

/// One place says which code has which status.
pub(crate) fn status(code: ErrorCode) -> StatusCode {
    use ErrorCode as E;
    match code {
        E::Invalid
        | E::CodeWrong
        | E::CodeExpired
        | E::BadMls
        | E::BadFrame
        | E::KeyPackageReused
        | E::TemplateParameterCount
        | E::TemplateParameterFormat
        | E::AddressRefused => StatusCode::BAD_REQUEST,
        E::Unauthenticated | E::DeviceRevoked => StatusCode::UNAUTHORIZED,
        E::InsufficientFunds => StatusCode::PAYMENT_REQUIRED,
        E::Forbidden => StatusCode::FORBIDDEN,
        E::NotFound | E::NotRegistered | E::TemplateNotFound | E::Undeliverable => StatusCode::NOT_FOUND,
        E::AlreadyExists
        | E::Conflict
        | E::EpochConflict
        | E::StaleEpoch
        | E::DeviceListChanged
        | E::TemplateNotApproved
        | E::WindowClosed => StatusCode::CONFLICT,
        E::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        E::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        E::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        E::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        E::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<MessagingError> for Problem {
    fn from(error: MessagingError) -> Self {
        if let MessagingError::Db(_) = &error {
            tracing::error!(error = %Chain(&error), "storage failed");
        }
        let wire = error.to_wire();
        Self {
            code: error.code(),
            detail: wire.message,
            retry_after: error.retry_after(),
            errors: Vec::new(),
        }
    }
}

impl From<plaza_db::DbError> for Problem {
    fn from(error: plaza_db::DbError) -> Self {
        MessagingError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = status(self.code);
        let mut body = json!({
            "type": format!("/errors/{}", self.code),
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "detail": self.detail,
        });
        if let (false, Some(members)) = (self.errors.is_empty(), body.as_object_mut()) {
            members.insert("errors".to_owned(), self.errors.into());
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(retry_after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
        }
        response
    }
}

/// A JSON body; what is wrong with it is said in a [`Problem`].
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes::Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let limit = plaza_protocol::limits::BODY_BYTES_MAX;
                return Problem::new(ErrorCode::TooLarge, format!("a body may have {limit} bytes"));
            }
            Problem::new(ErrorCode::Invalid, "the body could not be read to its end")
        })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Problem::new(ErrorCode::Invalid, format!("the body is not what is expected: {error}"))
        })
    }
}
