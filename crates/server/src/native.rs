//! Registration over HTTP: what comes before a device has a socket. The bodies are those of
//! [`plaza_protocol::native`].

use crate::app::App;
use crate::problem::{Body, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use plaza_messaging::MessagingError;
use plaza_messaging::registration::{self, Verification};
use plaza_protocol::native::{
    CodeVerified, DeviceRegistered, RegisterDevice, RegistrationStarted, StartRegistration, VerifyCode,
};
use plaza_protocol::{Actor, ErrorCode, RegistrationId};
use std::sync::Arc;

/// `POST /v1/registrations`
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Body(body): Body<StartRegistration>,
) -> Result<(StatusCode, Json<RegistrationStarted>), Problem> {
    if !app.settings.sandbox {
        // Codes reach people through a courier; none is built in yet besides the sandbox's outbox.
        return Err(Problem::new(
            ErrorCode::Unavailable,
            "this server has no courier for one-time codes yet: the operator runs it with --sandbox",
        ));
    }
    let ctx = app.ctx_for(Actor::Anonymous);
    let start = async move |ctx: &_, tx: &mut _| registration::start(ctx, tx, &body.number, true).await;
    let (started, _code) = app.db.transact(&ctx, "registration.start", start).await?;
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// `POST /v1/registrations/{registration_id}/verify`
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Body(body): Body<VerifyCode>,
) -> Result<Json<CodeVerified>, Problem> {
    // An id that cannot be one is answered like one that is not known.
    let id: RegistrationId = id.parse().map_err(|_| MessagingError::CodeExpired)?;
    let ctx = app.ctx_for(Actor::Anonymous);
    let verify = async move |ctx: &_, tx: &mut _| registration::verify(ctx, tx, id, body.code.trim()).await;
    match app.db.transact(&ctx, "registration.verify", verify).await? {
        Verification::Right(verified) => Ok(Json(verified)),
        Verification::Wrong(error) => Err(error.into()),
    }
}

/// `POST /v1/devices`
pub(crate) async fn register_device(
    State(app): State<Arc<App>>,
    Body(body): Body<RegisterDevice>,
) -> Result<(StatusCode, Json<DeviceRegistered>), Problem> {
    let ctx = app.ctx_for(Actor::Anonymous);
    let register = async move |ctx: &_, tx: &mut _| registration::register_device(ctx, tx, &body).await;
    let registered = app.db.transact(&ctx, "registration.register_device", register).await?;
    Ok((StatusCode::CREATED, Json(registered)))
}
