//! # Accounts and devices
//!
//! An account is reached by its phone number and known by its id. What others may learn of it is [`wire::Account`]: by
//! looking its number up, which is budgeted, or by sharing a conversation with it.
//!
//! A **hosted** account belongs to a business: its one device is kept by the gateway inside the server, its row says by
//! whom, and everybody who talks to it is told so.

pub(crate) mod store;

use crate::MessagingError;
use crate::rate::{self, Limit};
use plaza_db::{Row, Tx, params};
use plaza_protocol::limits::{
    ENDPOINT_REQUEST_REFILL, ENDPOINT_REQUESTS_BURST, LOOKUPS_BURST, NAME_CHARACTERS_MAX, PAGE_ROWS_MAX,
};
use plaza_protocol::{AccountId, Actor, Ctx, DeviceId, PhoneNumber, Wake, wire};
use std::collections::BTreeMap;
use std::time::Duration;
use store::*;

/// One more look-up comes back after this time: 100 a day.
const LOOKUPS: Limit =
    Limit { name: "look-ups of numbers", burst: LOOKUPS_BURST, refill: Duration::from_secs(24 * 3600 / 100) };

/// What keeps a person from making the server call somebody's endpoint without end.
const ENDPOINT_REQUESTS: Limit =
    Limit { name: "requests to endpoints", burst: ENDPOINT_REQUESTS_BURST, refill: ENDPOINT_REQUEST_REFILL };

/// Accounts that hear at once of a change of another; the others are told at their next look.
const TOLD_MAX: i64 = 10_000;
/// In one wake-up.
const TOLD_AT_ONCE_MAX: usize = 256;

/// A device that may act, and its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
}

impl Device {
    /// The device that acts, or an error for any other actor.
    pub fn acting(ctx: &Ctx) -> Result<Self, MessagingError> {
        match ctx.actor() {
            Actor::Device { account, device } => Ok(Self { account, device }),
            _ => Err(MessagingError::Unauthenticated),
        }
    }
}

/// The device that a token belongs to. A revoked one is told so.
pub async fn authenticate(_: &Ctx, tx: &mut Tx, token: &str) -> Result<Device, MessagingError> {
    let row = tx.query_one(DEVICE_BY_TOKEN, params![crate::token_hash(token)]).await?;
    let row = row.ok_or(MessagingError::Unauthenticated)?;
    if row.get::<Option<i64>>(2)?.is_some() {
        return Err(MessagingError::DeviceRevoked);
    }
    Ok(Device { account: row.get(0)?, device: row.get(1)? })
}

/// Who has this number? Nobody is an answer and not an error, so that the look-up is counted all the same: it is misses
/// that somebody who tries numbers makes.
pub async fn look_up(ctx: &Ctx, tx: &mut Tx, number: &str) -> Result<Option<wire::Account>, MessagingError> {
    let me = Device::acting(ctx)?;
    let number: PhoneNumber =
        number.parse().map_err(|error| MessagingError::invalid("number", format!("{error}")))?;
    rate::take(ctx, tx, LOOKUPS, me.account, me.account).await?;
    let Some(row) = tx.query_one(ACCOUNT_BY_NUMBER, params![&number]).await? else { return Ok(None) };
    let id: AccountId = row.get(0)?;
    let found = views(tx, &[id]).await?.remove(&id);
    Ok(found.filter(|account| !account.device_ids.is_empty()))
}

/// Whether the server may call an outside endpoint for the actor now; counts the call.
pub async fn admit_endpoint_request(ctx: &Ctx, tx: &mut Tx) -> Result<(), MessagingError> {
    let me = Device::acting(ctx)?;
    rate::take(ctx, tx, ENDPOINT_REQUESTS, me.account, me.account).await
}

/// What the actor may know of these accounts: those with which it shares a conversation, and itself.
pub async fn get(ctx: &Ctx, tx: &mut Tx, ids: &[AccountId]) -> Result<Vec<wire::Account>, MessagingError> {
    let me = Device::acting(ctx)?;
    if ids.len() > PAGE_ROWS_MAX {
        return Err(MessagingError::invalid("account_ids", format!("more than {PAGE_ROWS_MAX}")));
    }
    let mut known = Vec::new();
    for id in ids {
        if *id == me.account || tx.query_one(SHARES_CONVERSATION, params![me.account, id]).await?.is_some() {
            known.push(*id);
        }
    }
    Ok(views(tx, &known).await?.into_values().collect())
}

/// The account of a number, for the server's own use.
pub async fn by_number(
    _: &Ctx,
    tx: &mut Tx,
    number: &PhoneNumber,
) -> Result<Option<AccountId>, MessagingError> {
    let row = tx.query_one(ACCOUNT_BY_NUMBER, params![number]).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// The accounts with their present devices, for the server's own use.
pub async fn views(
    tx: &mut Tx,
    ids: &[AccountId],
) -> Result<BTreeMap<AccountId, wire::Account>, MessagingError> {
    let mut accounts = BTreeMap::new();
    let rows = tx.query_many(ACCOUNT, ids.iter().map(|id| params![id]).collect()).await?;
    let devices = tx.query_many(DEVICES, ids.iter().map(|id| params![id]).collect()).await?;
    for ((id, row), devices) in ids.iter().zip(rows).zip(devices) {
        let Some(row) = row.first() else { continue };
        let device_ids = devices.iter().map(|row| row.get(0)).collect::<Result<Vec<Vec<u8>>, _>>()?;
        accounts.insert(*id, view(*id, row, device_ids)?);
    }
    Ok(accounts)
}

fn view(id: AccountId, row: &Row, device_ids: Vec<Vec<u8>>) -> Result<wire::Account, MessagingError> {
    Ok(wire::Account {
        account_id: id.as_bytes().to_vec(),
        number: row.get::<PhoneNumber>(0)?.to_string(),
        name: row.get(1)?,
        is_business: row.get(2)?,
        is_verified: row.get(3)?,
        hosted_by: row.get(4)?,
        identity_key: row.get::<Option<Vec<u8>>>(5)?.unwrap_or_default(),
        device_ids,
        // Whether it takes calls, the business side says.
        takes_calls: 0,
    })
}

/// Changes the name that others see.
pub async fn set_name(ctx: &Ctx, tx: &mut Tx, name: &str) -> Result<(), MessagingError> {
    let me = Device::acting(ctx)?;
    let name = valid_name(name)?;
    tx.execute(SET_NAME, params![me.account, name]).await?;
    Ok(())
}

/// Says whether the operator has checked who an account is. Of a change, those who talk with it and are connected hear;
/// everybody else is told at the next look. The answer is whether it was one.
pub async fn set_verified(
    _: &Ctx,
    tx: &mut Tx,
    account: AccountId,
    is_verified: bool,
) -> Result<bool, MessagingError> {
    if tx.execute(SET_VERIFIED, params![account, is_verified]).await? == 0 {
        return Ok(false);
    }
    let rows = tx.query(TALKS_WITH, params![account, TOLD_MAX]).await?;
    let accounts: Vec<AccountId> = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    for accounts in accounts.chunks(TOLD_AT_ONCE_MAX) {
        let ephemeral = wire::Ephemeral {
            kind: wire::EphemeralKind::AccountChanged.into(),
            conversation_id: Vec::new(),
            account_id: account.as_bytes().to_vec(),
            is_answer: false,
        };
        tx.wake(Wake::Ephemeral { accounts: accounts.into(), ephemeral });
    }
    Ok(true)
}

/// A name: trimmed, not empty, no control characters, at most [`NAME_CHARACTERS_MAX`].
pub fn valid_name(name: &str) -> Result<&str, MessagingError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
        let rule =
            format!("must have 1 to {NAME_CHARACTERS_MAX} characters, none of them a control character");
        return Err(MessagingError::invalid("name", rule));
    }
    Ok(name)
}

/// The identity keys of accounts, to check certificates against.
pub(crate) async fn identity_keys(
    tx: &mut Tx,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, [u8; 32]>, MessagingError> {
    let rows = tx.query_many(ACCOUNT, accounts.iter().map(|id| params![id]).collect()).await?;
    let mut keys = BTreeMap::new();
    for (id, rows) in accounts.iter().zip(rows) {
        let key = rows.first().map(|row| row.get::<Option<Vec<u8>>>(5)).transpose()?.flatten();
        if let Some(key) = key.and_then(|key| key.try_into().ok()) {
            keys.insert(*id, key);
        }
    }
    Ok(keys)
}

/// A business's account whose device the gateway holds.
#[derive(Debug, Clone)]
pub struct HostedAccount {
    /// Its number.
    pub number: PhoneNumber,
    /// The business's name.
    pub name: String,
    /// Who holds the keys.
    pub hosted_by: String,
    /// Made by the gateway.
    pub account: AccountId,
    /// Made by the gateway.
    pub device: DeviceId,
    /// Ed25519.
    pub identity_key: [u8; 32],
    /// Signed by the identity key and by the device.
    pub certificate: Vec<u8>,
    /// The first key packages.
    pub key_packages: Vec<Vec<u8>>,
    /// The last resort.
    pub last_resort: Vec<u8>,
}

/// Opens the account of a business number. A number that anybody has is refused.
pub async fn open_hosted(ctx: &Ctx, tx: &mut Tx, hosted: &HostedAccount) -> Result<(), MessagingError> {
    if tx.query_one(ACCOUNT_BY_NUMBER, params![&hosted.number]).await?.is_some() {
        return Err(MessagingError::NumberTaken);
    }
    let name = valid_name(&hosted.name)?;
    let now = ctx.now();
    let (account, device) = (hosted.account, hosted.device);
    let key = hosted.identity_key;
    tx.execute(
        INSERT_ACCOUNT,
        params![account, &hosted.number, name, true, false, &hosted.hosted_by, key, now],
    )
    .await?;
    tx.execute(INSERT_DEVICE, params![device, account, &hosted.certificate, None::<Vec<u8>>, true, now])
        .await?;
    tx.execute(INSERT_CURSOR, params![device]).await?;
    crate::key_packages::store_new(ctx, tx, device, &hosted.key_packages, Some(&hosted.last_resort)).await
}

/// How many accounts there are: people, businesses.
pub async fn count(_: &Ctx, tx: &mut Tx) -> Result<(i64, i64), MessagingError> {
    let row = tx.query_one(COUNT_ACCOUNTS, vec![]).await?.ok_or(MessagingError::NotFound("account"))?;
    Ok((row.get(0)?, row.get(1)?))
}
