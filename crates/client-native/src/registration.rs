//! # Registering a device
//!
//! Three requests: ask for a code, bring it, bring the keys. The last one is repeated where its answer got lost: the
//! device's id is the same, and so is the answer.

use plaza_client::{Machine, MachineError, NewDevice, RegistrationError};
use plaza_protocol::native::{
    CodeVerified, DeviceRegistered, RegistrationStarted, StartRegistration, VerifyCode,
};
use plaza_protocol::{Ctx, RegistrationId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a request is tried whose answer did not come.
const TRIES: usize = 3;

/// A registration failed.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The server could not be reached.
    #[error("the server could not be reached")]
    Http(#[from] reqwest::Error),
    /// The server refused; its words.
    #[error("{message}")]
    Refused {
        /// An error code of the protocol.
        code: String,
        /// For people.
        message: String,
    },
    /// The device's keys could not be made.
    #[error("the device's keys could not be made")]
    Device(#[from] RegistrationError),
    /// The device could not be opened.
    #[error("the device could not be opened")]
    Machine(#[from] MachineError),
    /// No code was given.
    #[error("no code was given")]
    NoCode,
}

/// Registers devices at a server.
#[derive(Debug, Clone)]
pub struct Registrar {
    http: reqwest::Client,
    url: String,
}

impl Registrar {
    /// For the server at `url`.
    pub fn new(url: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.trim_end_matches('/').to_owned() }
    }

    /// Asks for a one-time code.
    pub async fn start(&self, number: &str) -> Result<RegistrationStarted, RegisterError> {
        self.post("/v1/registrations", &StartRegistration { number: number.to_owned() }).await
    }

    /// Brings the code and registers a new device. The machine's first step holds the keys: it is stored before
    /// anything else happens.
    pub async fn verify(
        &self,
        ctx: &Ctx,
        registration: RegistrationId,
        code: &str,
        number: &str,
        name: &str,
    ) -> Result<Machine, RegisterError> {
        let path = format!("/v1/registrations/{registration}/verify");
        let verified: CodeVerified = self.post(&path, &VerifyCode { code: code.to_owned() }).await?;
        let device = NewDevice::new(ctx, verified.account_id)?;
        let body = device.registration().to_request(verified.registration_token, name.to_owned());
        let answer: DeviceRegistered = self.post("/v1/devices", &body).await?;
        Ok(device.registered(&answer, number, name)?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, RegisterError> {
        let mut tries = 1;
        let response = loop {
            let sent = self.http.post(format!("{}{path}", self.url)).json(body).send().await;
            match sent {
                Err(error) if tries < TRIES && !error.is_builder() => tries += 1,
                sent => break sent?,
            }
        };
        if response.status().is_success() {
            return Ok(response.json().await?);
        }
        let status = response.status();
        let problem: serde_json::Value = response.json().await.unwrap_or_default();
        let text = |member: &str| problem.get(member).and_then(serde_json::Value::as_str).map(str::to_owned);
        Err(RegisterError::Refused {
            code: text("code").unwrap_or_else(|| "internal".to_owned()),
            message: text("detail")
                .or_else(|| text("title"))
                .unwrap_or_else(|| format!("the server answered {status}")),
        })
    }
}

/// Registers a device with a number; `code` is asked for the one-time code once it is on its way.
pub async fn register(
    ctx: &Ctx,
    url: &str,
    number: &str,
    name: &str,
    code: impl AsyncFnOnce() -> Option<String>,
) -> Result<Machine, RegisterError> {
    let registrar = Registrar::new(url);
    let started = registrar.start(number).await?;
    let code = code().await.ok_or(RegisterError::NoCode)?;
    registrar.verify(ctx, started.registration_id, code.trim(), number, name).await
}
