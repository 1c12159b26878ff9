//! Registering the browser as a device, over HTTP.

use crate::js::{Refusal, Started, post};
use plaza_client::{Machine, NewDevice};
use plaza_protocol::native::{
    CodeVerified, DeviceRegistered, RegistrationStarted, StartRegistration, VerifyCode,
};
use plaza_protocol::{Ctx, ErrorCode};
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text)
        .map_err(|_| Refusal::new(ErrorCode::Internal, "The server's answer was not understood."))
}

/// Asks for a code.
pub(crate) async fn start(origin: &str, number: &str) -> Result<Started, Refusal> {
    let body = StartRegistration { number: number.to_owned() };
    let started: RegistrationStarted = read(&post(&format!("{origin}/v1/registrations"), &body).await?)?;
    Ok(started.into())
}

/// Brings the code and the keys of a new device.
pub(crate) async fn verify(
    ctx: &Ctx,
    origin: &str,
    registration: &str,
    (number, code, name): (&str, &str, &str),
) -> Result<Machine, Refusal> {
    let url = format!("{origin}/v1/registrations/{registration}/verify");
    let verified: CodeVerified = read(&post(&url, &VerifyCode { code: code.trim().to_owned() }).await?)?;
    let device = NewDevice::new(ctx, verified.account_id).map_err(|error| Refusal::broken(&error))?;
    let body = device.registration().to_request(verified.registration_token, name.trim().to_owned());
    let answer: DeviceRegistered = read(&post(&format!("{origin}/v1/devices"), &body).await?)?;
    device.registered(&answer, number, name.trim()).map_err(|error| Refusal::broken(&error))
}
