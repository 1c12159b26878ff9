//! # Errors in Graph's shape
//!
//! One object with `code`, by which clients branch, `error_data.details`, which says what to do, and `fbtrace_id`. The
//! HTTP status and the title stand in the table of `plaza_business::codes`; here is which error of an operation has
//! which code. What is ours alone (a full disk, a bug) is logged once and answered without its inside.

use super::answer::Answer;
use super::operations::{Operation, State};
use axum::http::{Method, StatusCode};
use plaza_billing::BillingError;
use plaza_blobs::BlobError;
use plaza_business::apps::{AuthenticateError, Scope};
use plaza_business::calls::{CallError, RequestRefused};
use plaza_business::codes::{self, Code};
use plaza_business::flows::FlowError;
use plaza_business::management::ManageError;
use plaza_business::media::MediaError;
use plaza_business::messages::{SendError, Unsendable};
use plaza_business::pace::TooFast;
use plaza_business::portfolios::LookupError;
use plaza_business::reach::TooFar;
use plaza_business::templates::render::RenderError;
use plaza_business::templates::{FillError, TemplateError};
use plaza_business::webhooks::SubscribeError;
use plaza_db::DbError;
use plaza_protocol::{Chain, Ctx};
use serde_json::{Value, json};
use std::error::Error;

/// Graph's two kinds of errors.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// About nearly everything.
    OAuth,
    /// About objects that are not there.
    Method,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::OAuth => "OAuthException",
            Self::Method => "GraphMethodException",
        }
    }
}

/// An error to answer with.
#[derive(Debug)]
pub(super) struct GraphError {
    code: Code,
    kind: Kind,
    message: String,
    details: Option<Box<str>>,
    subcode: Option<i64>,
    is_transient: bool,
    /// The object went between the router and the operation, or is not the asker's to know of.
    is_missing: bool,
    /// Members beside `error`: what was done nevertheless.
    beside: Option<Box<Value>>,
    /// For the log alone.
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl GraphError {
    pub(super) fn new(code: Code) -> Self {
        let message = format!("(#{}) {}", code.number, code.title);
        Self {
            code,
            kind: Kind::OAuth,
            message,
            details: None,
            subcode: None,
            is_transient: false,
            is_missing: false,
            beside: None,
            source: None,
        }
    }

    /// What is wrong and what to do, for the developer.
    pub(super) fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into().into_boxed_str());
        self
    }

    pub(super) fn subcode(mut self, subcode: Option<i64>) -> Self {
        self.subcode = subcode;
        self
    }

    /// Members beside `error`, for what was done nevertheless.
    pub(super) fn beside(mut self, members: Value) -> Self {
        self.beside = Some(Box::new(members));
        self
    }

    /// A missing object is told in the words of one that the router did not find, with the status that it was given.
    pub(super) fn about(self, method: &Method, id: &str) -> Self {
        if self.is_missing { Self { code: self.code, ..Self::unknown_object(method, id) } } else { self }
    }

    fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// With another HTTP status than its code has.
    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { code: Code { status: status.as_u16(), ..self.code }, ..self }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> Code {
        self.code
    }

    /// There is no such object, or none that the asker may know of.
    pub(super) fn unknown_object(method: &Method, id: &str) -> Self {
        let shown: String = id.chars().filter(|character| !character.is_control()).take(64).collect();
        let method = method.as_str().to_ascii_lowercase();
        let message = format!(
            "Unsupported {method} request. Object with ID '{shown}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation"
        );
        Self {
            kind: Kind::Method,
            message,
            subcode: Some(codes::SUBCODE_UNKNOWN_OBJECT),
            ..Self::new(codes::INVALID_PARAMETER)
        }
    }

    /// The object has no such edge here.
    pub(super) fn unknown_edge(method: &Method, edge: &str) -> Self {
        let shown: String = edge.chars().filter(|character| !character.is_control()).take(64).collect();
        Self::new(codes::INVALID_PARAMETER)
            .details(format!("{method} of \"{shown}\" is not supported on this object"))
    }

    /// Neither object nor edge.
    pub(super) fn unknown_path(method: &Method) -> Self {
        Self::new(codes::INVALID_PARAMETER).details(format!("{method} of this path is not supported"))
    }

    /// A known operation that is not here.
    pub(super) fn not_offered(operation: &Operation) -> Self {
        let (method, address) = (&operation.method, operation.address());
        let details = match operation.state {
            State::Refused(why) => format!("{method} {address} is not offered: {why}"),
            State::Planned | State::Done | State::Differs(_) => {
                format!("{method} {address} is not supported yet")
            }
        };
        Self::new(codes::INVALID_PARAMETER).details(details)
    }

    /// The token lacks a permission.
    pub(super) fn permission(scope: Scope) -> Self {
        Self::new(codes::PERMISSION)
            .details(format!("the access token lacks the permission {}", scope.as_str()))
    }

    /// Status and body; logs what nobody else is told.
    pub(super) fn answer(self, ctx: &Ctx, trace: &str) -> Answer {
        let (status, body) = self.parts(ctx, trace);
        Answer::json(status, &body)
    }

    fn parts(self, ctx: &Ctx, trace: &str) -> (StatusCode, Value) {
        if let Some(source) = &self.source {
            tracing::error!(request.id = %ctx.request(), error = %Chain(source.as_ref()), "a Cloud API request failed");
        }
        let mut error = json!({
            "message": self.message,
            "type": self.kind.as_str(),
            "code": self.code.number,
            "fbtrace_id": trace,
        });
        if let Some(members) = error.as_object_mut() {
            if let Some(details) = self.details {
                let data = json!({"messaging_product": "whatsapp", "details": details});
                members.insert("error_data".to_owned(), data);
            }
            if let Some(subcode) = self.subcode {
                members.insert("error_subcode".to_owned(), json!(subcode));
            }
            if self.is_transient {
                members.insert("is_transient".to_owned(), json!(true));
            }
        }
        let status = StatusCode::from_u16(self.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = self.beside.map_or_else(|| json!({}), |members| *members);
        if let Some(members) = body.as_object_mut() {
            members.insert("error".to_owned(), error);
        }
        (status, body)
    }

    pub(super) fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        Self::new(codes::SOMETHING_WRONG).caused_by(source)
    }
}

impl From<DbError> for GraphError {
    fn from(error: DbError) -> Self {
        let details = if error.is_full() {
            "the server cannot store anything just now: nothing was sent"
        } else {
            "the server is busy or cannot reach its storage: nothing was stored; try again"
        };
        Self { is_transient: true, ..Self::new(codes::SERVICE).details(details).caused_by(error) }
    }
}

impl From<LookupError> for GraphError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => not_found(),
            LookupError::Db(error) => error.into(),
        }
    }
}

/// There is no such object.
fn not_found() -> GraphError {
    GraphError {
        is_missing: true,
        kind: Kind::Method,
        message: "Object does not exist or cannot be loaded due to missing permissions".to_owned(),
        ..GraphError::new(codes::INVALID_PARAMETER).subcode(Some(codes::SUBCODE_UNKNOWN_OBJECT))
    }
}

impl From<AuthenticateError> for GraphError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Unknown => Self {
                message: "Invalid OAuth access token - Cannot parse access token".to_owned(),
                ..Self::new(codes::TOKEN_INVALID)
            },
            AuthenticateError::Expired(at) => Self {
                message: format!(
                    "Error validating access token: Session has expired at unix time {}",
                    at.seconds()
                ),
                ..Self::new(codes::TOKEN_INVALID).subcode(Some(463))
            },
            AuthenticateError::Seal(error) => Self::internal(error),
            AuthenticateError::Db(error) => error.into(),
        }
    }
}

impl From<SendError> for GraphError {
    fn from(error: SendError) -> Self {
        let code = match &error {
            SendError::Missing { .. } => codes::PARAMETER_MISSING,
            SendError::Invalid { member, .. } if member == "messaging_product" => codes::INVALID_PARAMETER,
            SendError::Invalid { .. } => codes::PARAMETER_VALUE,
            SendError::TooFast(TooFast::Number { .. } | TooFast::Overdue { .. }) => codes::THROUGHPUT,
            SendError::TooFast(TooFast::Pair { .. }) => codes::PAIR_RATE,
            SendError::TooFar(TooFar::People { .. }) => codes::MESSAGING_LIMIT,
            SendError::TooFar(TooFar::Marketing { .. }) => codes::MARKETING_CAP,
            SendError::Calls(refused) => request_code(refused),
            SendError::NotATemplate => codes::METHOD_NOT_ALLOWED,
            SendError::NotMarketing { .. } => codes::MARKETING_ONLY,
            SendError::MarketingOff => codes::MARKETING_OFF,
            SendError::MarketingStopped => codes::MARKETING_STOPPED,
            SendError::Media { .. } => codes::MEDIA_UPLOAD,
            SendError::Unsupported { .. } => codes::UNSUPPORTED_TYPE,
            SendError::NotInGroups { .. } => codes::UNSUPPORTED_TYPE,
            SendError::UnknownGroup => codes::UNKNOWN_GROUP,
            SendError::EmptyGroup => codes::EMPTY_GROUP,
            SendError::GroupSuspended => codes::GROUP_SUSPENDED,
            SendError::NotRegistered => codes::NOT_REGISTERED,
            SendError::Locked => codes::LOCKED,
            SendError::Restricted => codes::RESTRICTED,
            SendError::RecipientIsSender => codes::RECIPIENT_IS_SENDER,
            SendError::Undeliverable => codes::UNDELIVERABLE,
            SendError::WindowClosed { .. } => codes::RE_ENGAGEMENT,
            SendError::InsufficientFunds { .. }
            | SendError::CapReached(_)
            | SendError::Suspended(_)
            | SendError::NoPrice { .. } => codes::PAYMENT,
            SendError::Flow(Unsendable::Blocked) => codes::FLOW_BLOCKED,
            SendError::Flow(Unsendable::Throttled) => codes::FLOW_THROTTLED,
            SendError::KeyReused => codes::INVALID_PARAMETER,
            SendError::Template(fill) => template_code(fill),
            SendError::NotFound => return not_found(),
            SendError::Calling(_)
            | SendError::Db(_)
            | SendError::Billing(_)
            | SendError::Messaging(_)
            | SendError::NotHeld => {
                return Self::send_failed(error);
            }
        };
        Self::new(code).details(error.to_string())
    }
}

impl GraphError {
    fn call_failed(error: CallError) -> Self {
        match error {
            CallError::Db(error) | CallError::Billing(BillingError::Db(error)) => error.into(),
            other => Self::internal(other),
        }
    }

    fn send_failed(error: SendError) -> Self {
        match error {
            SendError::Db(error) | SendError::Billing(BillingError::Db(error)) => error.into(),
            SendError::Calling(error) => Self::from(*error),
            other => Self::internal(other),
        }
    }
}

fn request_code(refused: &RequestRefused) -> Code {
    match refused {
        RequestRefused::Disabled => codes::CALLING_OFF,
        RequestRefused::Permanent => codes::PERMANENT_PERMISSION,
        RequestRefused::TooMany { .. } => codes::CALL_REQUEST_LIMIT,
    }
}

impl From<CallError> for GraphError {
    fn from(error: CallError) -> Self {
        let code = match &error {
            CallError::Missing { .. } => codes::PARAMETER_MISSING,
            CallError::Invalid { member, .. } if member == "messaging_product" => codes::INVALID_PARAMETER,
            CallError::Invalid { .. } => codes::PARAMETER_VALUE,
            CallError::UnknownCall { .. } => codes::INVALID_PARAMETER,
            CallError::NotRegistered => codes::NOT_REGISTERED,
            CallError::Disabled => codes::CALLING_OFF,
            CallError::Sip => codes::METHOD_NOT_ALLOWED,
            CallError::Unheard => codes::CALL_PREREQUISITES,
            CallError::TooFast { .. } => codes::CALL_RATE,
            CallError::RecipientIsSender => codes::RECIPIENT_IS_SENDER,
            CallError::Uncallable => codes::UNCALLABLE,
            CallError::NoPermission => codes::NO_CALL_PERMISSION,
            CallError::ConnectedLimit { .. } => codes::CONNECTED_CALLS,
            CallError::Duplicate => codes::DUPLICATE_CALL,
            CallError::Concurrent => codes::CONCURRENT_CALLS,
            CallError::InsufficientFunds { .. }
            | CallError::CapReached(_)
            | CallError::Suspended(_)
            | CallError::NoPrice { .. } => codes::CALL_PAYMENT,
            CallError::TimedOut => codes::CALL_TIMEOUT,
            CallError::Over => codes::CALL_CONNECTION,
            CallError::NotFound => return not_found(),
            CallError::NotHeld
            | CallError::Billing(_)
            | CallError::Messaging(_)
            | CallError::Settings(_)
            | CallError::Db(_) => return Self::call_failed(error),
        };
        Self::new(code).details(error.to_string())
    }
}

fn template_code(error: &FillError) -> Code {
    match error {
        FillError::NotFound { .. } => codes::TEMPLATE_NOT_FOUND,
        FillError::Paused => codes::TEMPLATE_PAUSED,
        FillError::Disabled => codes::TEMPLATE_DISABLED,
        FillError::Render(RenderError::Count { .. }) => codes::TEMPLATE_PARAMETER_COUNT,
        FillError::Render(RenderError::Format { .. }) => codes::TEMPLATE_PARAMETER_FORMAT,
        FillError::Render(RenderError::TooLong { .. }) => codes::TEMPLATE_TOO_LONG,
        FillError::Db(_) => codes::SERVICE,
    }
}

impl From<TemplateError> for GraphError {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::NotFound => not_found(),
            TemplateError::Db(error) => error.into(),
            TemplateError::Forbidden => Self::permission(Scope::Management),
            TemplateError::Invalid(problem) => {
                Self::new(codes::INVALID_PARAMETER).subcode(problem.subcode).details(problem.to_string())
            }
            TemplateError::TooMany => Self::new(codes::ACCOUNT_CALLS).details(error.to_string()),
            TemplateError::NotPending(_) => Self::new(codes::INVALID_PARAMETER).details(error.to_string()),
        }
    }
}

impl From<MediaError> for GraphError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::NotFound => not_found(),
            MediaError::Db(error) => error.into(),
            MediaError::Seal(_) | MediaError::Messaging(_) => Self::internal(error),
        }
    }
}

impl From<ManageError> for GraphError {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::NotFound => not_found(),
            ManageError::Refused { code, subcode, what } => Self::new(code).subcode(subcode).details(what),
            ManageError::Seal(error) => Self::internal(error),
            ManageError::Messaging(error) => Self::internal(error),
            ManageError::Db(error) => error.into(),
        }
    }
}

impl From<FlowError> for GraphError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::NotFound => not_found(),
            FlowError::Db(error) => error.into(),
            FlowError::Forbidden => Self::permission(Scope::Management),
            FlowError::Invalid { .. } => Self::new(codes::INVALID_PARAMETER).details(error.to_string()),
            FlowError::State { code, .. } => Self::new(code).details(error.to_string()),
            FlowError::Seal(_) => Self::internal(error),
        }
    }
}

impl From<BlobError> for GraphError {
    fn from(error: BlobError) -> Self {
        let details = "the store of files does not answer: nothing was stored; try again";
        Self { is_transient: true, ..Self::new(codes::SERVICE).details(details).caused_by(error) }
    }
}

impl From<SubscribeError> for GraphError {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::NotFound => not_found(),
            SubscribeError::Db(error) => error.into(),
            SubscribeError::Invalid { .. } => Self::new(codes::INVALID_PARAMETER).details(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_without_its_inside() {
        let (ctx, _) = plaza_db::testing::ctx();
        let (status, body) = GraphError::from(SendError::Db(DbError::Full)).parts(&ctx, "A1");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let error = &body["error"];
        assert_eq!(
            (&error["code"], &error["is_transient"], &error["fbtrace_id"]),
            (&json!(2), &json!(true), &json!("A1"))
        );
        let details = error["error_data"]["details"].as_str().unwrap();
        assert!(details.contains("cannot store anything just now"), "{details}");
        let (_, body) =
            GraphError::from(SendError::Db(DbError::Commit("/var/lib/secret".to_owned()))).parts(&ctx, "A1");
        assert!(!body.to_string().contains("secret"));
    }

    #[test]
    fn every_code_has_a_status_that_is_an_error() {
        for code in codes::ALL {
            // A part of a list that failed stands inside an answer that went well.
            let is_error = (400..600).contains(&code.status) || code.number == codes::PARTIAL_SUCCESS.number;
            assert!(is_error && !code.title.is_empty(), "{}", code.number);
        }
    }
}
