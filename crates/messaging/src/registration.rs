//! # Registration
//!
//! A phone number is proved with a one-time code, then a device brings its keys.
//!
//! - A code has six digits, is good for ten minutes and five tries, is stored as a hash, and is used once. After five
//!   wrong tries the number pauses for ten minutes. A number gets three codes in ten minutes, five a day. The answer to
//!   the request for a code is the same whether the number is registered or not.
//! - The right code gives a registration token, good for one device. Registering that device **replaces** the account's
//!   devices before it: they are revoked, their mailboxes emptied, and every conversation of the account marked, so
//!   that the next sender adds the new device before anything is encrypted for the account.
//! - All three steps can be repeated: a client that lost an answer asks again and gets the same one.

pub(crate) mod store;

use crate::accounts::{Device, store as accounts, valid_name};
use crate::key_packages;
use crate::{MessagingError, token_hash};
use plaza_crypto::Certificate;
use plaza_db::{Tx, params};
use plaza_protocol::limits::{
    CODE_LIFETIME, CODE_PAUSE, CODE_TRIES_MAX, CODE_WINDOW, CODES_PER_DAY, CODES_PER_WINDOW,
};
use plaza_protocol::native::{CodeVerified, DeviceRegistered, RegisterDevice, RegistrationStarted};
use plaza_protocol::{AccountId, Ctx, DeviceId, PhoneNumber, RegistrationId, Secret, Timestamp, Wake};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::*;
use subtle::ConstantTimeEq;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The code of the demo range in the sandbox.
const DEMO_CODE: &str = "000000";

/// A code that has to reach its number.
#[derive(Debug)]
pub struct Code {
    /// Where it goes.
    pub number: PhoneNumber,
    /// Six digits.
    pub code: Secret<String>,
}

/// Makes a code for a number. The caller sees to it that it arrives.
pub async fn start(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &str,
    sandbox: bool,
) -> Result<(RegistrationStarted, Code), MessagingError> {
    let number: PhoneNumber =
        number.parse().map_err(|error| MessagingError::invalid("number", format!("{error}")))?;
    let now = ctx.now();
    check_pace(tx, &number, now).await?;
    let registration_id: RegistrationId = ctx.ordered_id();
    let code = if sandbox && number.is_demo() {
        DEMO_CODE.to_owned()
    } else {
        format!("{:06}", u32::from_be_bytes(ctx.random()) % 1_000_000)
    };
    let expires_at = now + CODE_LIFETIME;
    let hash = code_hash(registration_id, &code);
    tx.execute(INSERT_REGISTRATION, params![registration_id, &number, hash, now, expires_at]).await?;
    if sandbox {
        tx.execute(INSERT_SANDBOX_CODE, params![registration_id, &number, &code, now, expires_at]).await?;
    }
    Ok((RegistrationStarted { registration_id, expires_at }, Code { number, code: Secret(code) }))
}

async fn check_pace(tx: &mut Tx, number: &PhoneNumber, now: Timestamp) -> Result<(), MessagingError> {
    if number.is_demo() {
        // Nobody is called and nothing is spent: demo people register as often as they like.
        return Ok(());
    }
    let row = tx.query_one(PACE, params![number, now - DAY, now - CODE_WINDOW, CODE_TRIES_MAX]).await?;
    let row = row.ok_or(MessagingError::NotFound("registration"))?;
    let (day, window): (i64, i64) = (row.get(0)?, row.get(1)?);
    let paused_at: Option<Timestamp> = row.get(2)?;
    let limited = |what, retry_after| Err(MessagingError::RateLimited { what, retry_after });
    match paused_at.map(|at| (at + CODE_PAUSE).since(now)) {
        Some(left) if !left.is_zero() => return limited("wrong codes", left),
        _ => {}
    }
    if day >= CODES_PER_DAY {
        return limited("codes for this number today", DAY);
    }
    if window >= CODES_PER_WINDOW {
        return limited("codes for this number", CODE_WINDOW);
    }
    Ok(())
}

fn code_hash(registration: RegistrationId, code: &str) -> [u8; 32] {
    Sha256::new().chain_update(registration.as_bytes()).chain_update(code.as_bytes()).finalize().into()
}

/// The end of a try with a code. A wrong code is counted, so it is a value and not an error, which would undo the
/// count.
#[derive(Debug)]
pub enum Verification {
    /// The number is the asker's.
    Right(CodeVerified),
    /// It is not, or not yet.
    Wrong(MessagingError),
}

/// Tries a code.
pub async fn verify(
    ctx: &Ctx,
    tx: &mut Tx,
    registration: RegistrationId,
    code: &str,
) -> Result<Verification, MessagingError> {
    let now = ctx.now();
    let row = tx.query_one(REGISTRATION, params![registration]).await?;
    let Some(row) = row else { return Ok(Verification::Wrong(MessagingError::CodeExpired)) };
    let (number, hash): (PhoneNumber, Vec<u8>) = (row.get(0)?, row.get(1)?);
    let (wrong_tries, last_try_at, expires_at): (i64, Timestamp, Timestamp) =
        (row.get(2)?, row.get(3)?, row.get(4)?);
    if wrong_tries >= CODE_TRIES_MAX {
        let retry_after = (last_try_at + CODE_PAUSE).since(now);
        return Ok(Verification::Wrong(MessagingError::RateLimited { what: "wrong codes", retry_after }));
    }
    if now >= expires_at || row.get::<Option<DeviceId>>(5)?.is_some() {
        return Ok(Verification::Wrong(MessagingError::CodeExpired));
    }
    if !bool::from(code_hash(registration, code).as_slice().ct_eq(&hash)) {
        tx.execute(COUNT_WRONG_TRY, params![registration, now]).await?;
        let tries_left = CODE_TRIES_MAX - wrong_tries - 1;
        return Ok(Verification::Wrong(MessagingError::CodeWrong { tries_left }));
    }
    let account_id = match tx.query_one(accounts::ACCOUNT_BY_NUMBER, params![&number]).await? {
        Some(row) => row.get(0)?,
        None => row.get::<Option<AccountId>>(6)?.unwrap_or_else(|| ctx.uuid()),
    };
    let registration_token = format!("plaza_reg_{}", hex::encode(ctx.random::<32>()));
    tx.execute(SET_VERIFIED, params![registration, account_id, token_hash(&registration_token)]).await?;
    Ok(Verification::Right(CodeVerified { account_id, registration_token }))
}

/// Registers a device with its keys, and revokes the account's devices before it.
pub async fn register_device(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &RegisterDevice,
) -> Result<DeviceRegistered, MessagingError> {
    let now = ctx.now();
    let row = tx.query_one(BY_TOKEN, params![token_hash(&request.registration_token)]).await?;
    let row = row.ok_or(MessagingError::CodeExpired)?;
    let registration: RegistrationId = row.get(0)?;
    let number: PhoneNumber = row.get(1)?;
    let account: AccountId = row.get(2)?;
    let registered: Option<DeviceId> = row.get(4)?;
    if now >= row.get::<Timestamp>(3)? || registered.is_some_and(|device| device != request.device_id) {
        return Err(MessagingError::CodeExpired);
    }
    let name = valid_name(&request.name)?;
    let key: [u8; 32] = request
        .identity_key
        .0
        .as_slice()
        .try_into()
        .map_err(|_| MessagingError::invalid("identity_key", "must be an Ed25519 key of 32 bytes"))?;
    check_certificate(request, account, &key)?;
    // A client that lost the first answer gets a new token for the same device.
    let token = format!("plaza_dev_{}", hex::encode(ctx.random::<32>()));
    let answer = DeviceRegistered { account_id: account, device_id: request.device_id, token: token.clone() };
    if registered.is_some() {
        tx.execute(SET_DEVICE_TOKEN, params![request.device_id, token_hash(&token)]).await?;
        return Ok(answer);
    }
    replace_devices(ctx, tx, account).await?;
    let created = tx.query_one(UPSERT_ACCOUNT, params![account, &number, name, key, now]).await?;
    if created.map(|row| row.get::<AccountId>(0)).transpose()? != Some(account) {
        // The number went to another account between the two steps, or it is a business's.
        return Err(MessagingError::NumberTaken);
    }
    let device = request.device_id;
    let certificate = &request.certificate.0;
    tx.execute(
        accounts::INSERT_DEVICE,
        params![device, account, certificate, token_hash(&token), false, now],
    )
    .await
    .map_err(|error| match error {
        error if error.is_unique_violation() => {
            MessagingError::invalid("device_id", "is in use; make a new one")
        }
        error => error.into(),
    })?;
    tx.execute(accounts::INSERT_CURSOR, params![device]).await?;
    tx.execute(SET_REGISTERED, params![registration, device]).await?;
    let packages: Vec<Vec<u8>> = request.key_packages.iter().map(|package| package.0.clone()).collect();
    key_packages::check(&packages, Some(&request.last_resort.0), account, device, &key)?;
    key_packages::store_new(ctx, tx, device, &packages, Some(&request.last_resort.0)).await?;
    Ok(answer)
}

fn check_certificate(
    request: &RegisterDevice,
    account: AccountId,
    key: &[u8; 32],
) -> Result<(), MessagingError> {
    let bad = |source| MessagingError::BadMls { what: "certificate", source };
    let certificate =
        Certificate::from_bytes(&request.certificate.0).map_err(|error| bad(Some(Box::new(error))))?;
    certificate.verify().map_err(|error| bad(Some(Box::new(error))))?;
    let is_theirs = certificate.account == account
        && certificate.device == request.device_id
        && certificate.identity_key == *key
        && !certificate.hosted;
    if is_theirs { Ok(()) } else { Err(bad(None)) }
}

/// Revokes what devices the account has, and marks its conversations.
async fn replace_devices(ctx: &Ctx, tx: &mut Tx, account: AccountId) -> Result<(), MessagingError> {
    let old: Vec<DeviceId> = tx
        .query(accounts::DEVICES, params![account])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect::<Result<_, _>>()?;
    for device in &old {
        tx.execute(REVOKE_DEVICE, params![device, ctx.now()]).await?;
        tx.execute(EMPTY_MAILBOX, params![device]).await?;
        tx.execute(DROP_KEY_PACKAGES, params![device]).await?;
        tx.wake(Wake::Revoked(*device));
    }
    if !old.is_empty() {
        tx.execute(MARK_CONVERSATIONS, params![account]).await?;
    }
    Ok(())
}

/// A code on the operator's outbox page.
#[derive(Debug, Clone)]
pub struct SandboxCode {
    /// Where it would have gone.
    pub number: PhoneNumber,
    /// Six digits.
    pub code: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Shows a code on the operator's outbox page that another part of the sandbox made.
pub async fn show_code(
    ctx: &Ctx,
    tx: &mut Tx,
    number: &PhoneNumber,
    code: &str,
    expires_at: Timestamp,
) -> Result<(), MessagingError> {
    let id: RegistrationId = ctx.ordered_id();
    Ok(tx.execute(INSERT_SANDBOX_CODE, params![id, number, code, ctx.now(), expires_at]).await.map(drop)?)
}

/// The newest codes of the sandbox.
pub async fn sandbox_codes(_: &Ctx, tx: &mut Tx) -> Result<Vec<SandboxCode>, MessagingError> {
    let rows = tx.query(SANDBOX_CODES, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(SandboxCode {
                number: row.get(0)?,
                code: row.get(1)?,
                created_at: row.get(2)?,
                expires_at: row.get(3)?,
            })
        })
        .collect()
}

/// Deletes attempts older than a day.
pub async fn forget_old(ctx: &Ctx, tx: &mut Tx) -> Result<u64, MessagingError> {
    tx.execute(DELETE_OLD_SANDBOX_CODES, params![ctx.now() - DAY]).await?;
    Ok(tx.execute(DELETE_OLD_REGISTRATIONS, params![ctx.now() - DAY]).await?)
}

/// Whether `device` is a present device of its account: for work that outlives a connection.
pub async fn is_present(_: &Ctx, tx: &mut Tx, device: Device) -> Result<bool, MessagingError> {
    let rows = tx.query(accounts::DEVICES, params![device.account]).await?;
    Ok(rows.iter().any(|row| row.get::<DeviceId>(0).is_ok_and(|id| id == device.device)))
}
