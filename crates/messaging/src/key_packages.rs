//! # Key packages
//!
//! What others need to add a device to a group while it is away. A device keeps a stock of one-time packages here and
//! one of last resort. A claim takes one of each device and deletes it in the same statement, so that no two groups get
//! the same; only the last resort is handed out again. Claims are limited per claimant and target, or a stock could be
//! emptied by anybody.

pub(crate) mod store;

use crate::MessagingError;
use crate::accounts::{self, Device};
use crate::rate::{self, Limit};
use plaza_crypto::{Keystore, Member, inspect_key_package};
use plaza_db::{Tx, params};
use plaza_protocol::limits::{CLAIM_REFILL, CLAIMS_BURST, KEY_PACKAGE_BYTES_MAX, KEY_PACKAGES_MAX};
use plaza_protocol::{AccountId, Ctx, DeviceId, wire};
use sha2::{Digest, Sha256};
use store::*;

const CLAIMS: Limit = Limit { name: "claims of key packages", burst: CLAIMS_BURST, refill: CLAIM_REFILL };

/// Adds to the acting device's stock.
pub async fn publish(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &wire::PublishKeyPackages,
) -> Result<(), MessagingError> {
    let me = Device::acting(ctx)?;
    let keys = accounts::identity_keys(tx, &[me.account]).await?;
    let key = keys.get(&me.account).ok_or(MessagingError::Unauthenticated)?;
    let last_resort = (!request.last_resort.is_empty()).then_some(&request.last_resort);
    check(&request.key_packages, last_resort, me.account, me.device, key)?;
    let stock = stock(tx, me.device).await?;
    if request.key_packages.len() + stock > KEY_PACKAGES_MAX {
        let rule = format!("a device keeps at most {KEY_PACKAGES_MAX}; it has {stock}");
        return Err(MessagingError::invalid("key_packages", rule));
    }
    store_new(ctx, tx, me.device, &request.key_packages, last_resort).await
}

/// Checks that packages are well-formed and belong to the device.
pub(crate) fn check(
    packages: &[Vec<u8>],
    last_resort: Option<&Vec<u8>>,
    account: AccountId,
    device: DeviceId,
    identity_key: &[u8; 32],
) -> Result<(), MessagingError> {
    if packages.len() > KEY_PACKAGES_MAX {
        return Err(MessagingError::invalid("key_packages", format!("more than {KEY_PACKAGES_MAX}")));
    }
    let keystore = Keystore::new();
    for package in packages.iter().chain(last_resort) {
        if package.len() > KEY_PACKAGE_BYTES_MAX {
            return Err(MessagingError::TooLarge { what: "a key package", bytes_max: KEY_PACKAGE_BYTES_MAX });
        }
        let facts = inspect_key_package(&keystore, package).map_err(|error| MessagingError::BadMls {
            what: "key_packages",
            source: Some(Box::new(error)),
        })?;
        let Member { account: owner, device: of, identity_key: key, .. } = facts.member;
        if (owner, of, &key) != (account, device, identity_key) {
            return Err(MessagingError::BadMls { what: "key_packages", source: None });
        }
    }
    Ok(())
}

/// Stores new packages; one that was here before, waiting or spent, refuses them all.
pub(crate) async fn store_new(
    ctx: &Ctx,
    tx: &mut Tx,
    device: DeviceId,
    packages: &[Vec<u8>],
    last_resort: Option<&Vec<u8>>,
) -> Result<(), MessagingError> {
    let now = ctx.now();
    if last_resort.is_some() {
        tx.execute(DROP_LAST_RESORT, params![device]).await?;
    }
    let all = packages.iter().map(|body| (body, false)).chain(last_resort.map(|body| (body, true)));
    for (body, is_last_resort) in all {
        let hash: [u8; 32] = Sha256::digest(body).into();
        let is_spent = tx.query_one(IS_SPENT, params![device, hash]).await?.is_some();
        if is_spent || tx.execute(INSERT, params![device, hash, is_last_resort, body, now]).await? == 0 {
            return Err(MessagingError::KeyPackageReused);
        }
    }
    Ok(())
}

/// How many one-time packages a device has left.
pub async fn stock(tx: &mut Tx, device: DeviceId) -> Result<usize, MessagingError> {
    let row = tx.query_one(STOCK, params![device]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Takes one package of each of an account's devices, but never of the acting one.
pub async fn claim(
    ctx: &Ctx,
    tx: &mut Tx,
    request: &wire::ClaimKeyPackages,
) -> Result<wire::ClaimedKeyPackages, MessagingError> {
    let me = Device::acting(ctx)?;
    let target = AccountId::from_slice(&request.account_id)
        .map_err(|_| MessagingError::invalid("account_id", "must have 16 bytes"))?;
    rate::take(ctx, tx, CLAIMS, me.account, target).await?;
    let account =
        accounts::views(tx, &[target]).await?.remove(&target).ok_or(MessagingError::NotRegistered)?;
    let mut packages = Vec::new();
    for device_id in account.device_ids {
        let wanted = request.device_ids.is_empty() || request.device_ids.contains(&device_id);
        if !wanted || device_id == me.device.as_bytes() {
            continue;
        }
        let device = DeviceId::from_slice(&device_id).map_err(|_| MessagingError::NotFound("device"))?;
        if let Some(key_package) = take(ctx, tx, device).await? {
            packages.push(wire::ClaimedKeyPackage { device_id, key_package });
        }
    }
    Ok(wire::ClaimedKeyPackages { packages })
}

/// Takes a device's oldest one-time package, or its last resort.
async fn take(ctx: &Ctx, tx: &mut Tx, device: DeviceId) -> Result<Option<Vec<u8>>, MessagingError> {
    if let Some(row) = tx.query_one(TAKE, params![device]).await? {
        tx.execute(INSERT_SPENT, params![device, row.get::<Vec<u8>>(0)?, ctx.now()]).await?;
        return Ok(Some(row.get(1)?));
    }
    let row = tx.query_one(LAST_RESORT, params![device]).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}
