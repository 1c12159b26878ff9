//! Keys and groups of hosted devices, as sealed rows, and what of it is kept in memory.

use super::{GatewayError, keys};
use plaza_business::SealingKey;
use plaza_client::hosted::DEVICE_ROW;
use plaza_client::{CONVERSATIONS, Change, Hosted, KEY_PACKAGES};
use plaza_db::{Tx, params, statements};
use plaza_protocol::{AccountId, ConversationId, Ctx, DeviceId};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// Groups that stay in memory: some 50 KB each.
const GROUPS_CACHED: usize = 4_000;
/// The scope of what belongs to the device as a whole.
const OWN: &[u8] = &[];

statements! {
    /// The rows of a group, or of the device as a whole.
    ROWS = "SELECT key, value FROM hosted_state WHERE device_id = $1 AND scope = $2";
    /// Any row.
    ANY = "SELECT device_id, key, value FROM hosted_state LIMIT 1";
    /// One row of the device.
    ROW = "SELECT value FROM hosted_state WHERE device_id = $1 AND scope = $2 AND key = $3";
    /// A changed row.
    PUT = "INSERT INTO hosted_state (device_id, scope, key, value) VALUES ($1, $2, $3, $4)
        ON CONFLICT (device_id, scope, key) DO UPDATE SET value = excluded.value";
    /// A row that is gone.
    DELETE = "DELETE FROM hosted_state WHERE device_id = $1 AND scope = $2 AND key = $3";
    /// A group that is gone.
    FORGET = "DELETE FROM hosted_state WHERE device_id = $1 AND scope = $2";
    /// Its version too.
    FORGET_VERSION = "DELETE FROM hosted_version WHERE device_id = $1 AND scope = $2";
    /// Takes a group for this transaction; the answer is the version that the last use left.
    LOCK = "INSERT INTO hosted_version (device_id, scope, locked, version) VALUES ($1, $2, 1, 0)
        ON CONFLICT (device_id, scope) DO UPDATE SET locked = hosted_version.locked + 1
        RETURNING version";
    /// Leaves a new version.
    SET_VERSION = "UPDATE hosted_version SET version = $3 WHERE device_id = $1 AND scope = $2";
}

type Row = (Vec<u8>, Vec<u8>);

/// A device with one of its groups, and the version that it was stored with.
#[derive(Debug)]
struct Cached {
    version: i64,
    hosted: Hosted,
}

#[derive(Debug)]
pub(super) struct State {
    sealing: SealingKey,
    devices: Mutex<HashMap<AccountId, DeviceId>>,
    known: Mutex<HashSet<DeviceId>>,
    groups: Mutex<HashMap<(DeviceId, ConversationId), Cached>>,
}

impl State {
    pub(super) fn new(sealing: SealingKey) -> Self {
        Self { sealing, devices: Mutex::default(), known: Mutex::default(), groups: Mutex::default() }
    }

    pub(super) fn device_of(&self, account: AccountId) -> Option<DeviceId> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied()
    }

    pub(super) fn is_known(&self, device: DeviceId) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&device)
    }

    /// A number keeps its hosted device.
    pub(super) fn remember_device(&self, account: AccountId, device: DeviceId) {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner).insert(account, device);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(device);
    }

    /// Whether the sealing key opens what is there.
    pub(super) async fn opens_any(&self, tx: &mut Tx) -> Result<bool, GatewayError> {
        let Some(row) = tx.query_one(ANY, vec![]).await? else { return Ok(true) };
        let (key, value): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        Ok(self.open(row.get(0)?, &key, &value).is_ok())
    }

    /// The device with its key packages, without any group.
    pub(super) async fn load_own(&self, tx: &mut Tx, device: DeviceId) -> Result<Hosted, GatewayError> {
        Hosted::open(self.load(tx, device, OWN).await?).map_err(keys("reading the device"))
    }

    /// Stores what changed of a device that was taken without a group.
    pub(super) async fn store_own(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        device: DeviceId,
        hosted: &Hosted,
    ) -> Result<(), GatewayError> {
        self.store(ctx, tx, device, OWN, hosted.take_changes()).await
    }

    /// Takes a device with one of its groups for this transaction. Whoever takes it puts it back, or drops it and
    /// everything with it.
    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        device: DeviceId,
        conversation: ConversationId,
    ) -> Result<Hosted, GatewayError> {
        let scope = conversation.as_bytes().as_slice();
        let row = tx.query_one(LOCK, params![device, scope]).await?.ok_or(GatewayError::NotHosted)?;
        let version: i64 = row.get(0)?;
        let cached =
            self.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&(device, conversation));
        if let Some(cached) = cached.filter(|cached| cached.version == version && version != 0) {
            return Ok(cached.hosted);
        }
        let row =
            tx.query_one(ROW, params![device, OWN, DEVICE_ROW]).await?.ok_or(GatewayError::NotHosted)?;
        let own = self.open(device, DEVICE_ROW, &row.get::<Vec<u8>>(0)?)?;
        let hosted = Hosted::open([(DEVICE_ROW.to_vec(), own)]).map_err(keys("reading the device"))?;
        hosted.load(self.load(tx, device, scope).await?);
        Ok(hosted)
    }

    /// Stores what changed and keeps it in memory. The new version is random: if this transaction is rolled back, no
    /// later one leaves the same, and the memory is not believed.
    pub(super) async fn put(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        conversation: ConversationId,
        hosted: Hosted,
    ) -> Result<(), GatewayError> {
        let device = hosted.device();
        let scope = conversation.as_bytes().as_slice();
        let (groups, own): (Vec<Change>, Vec<Change>) =
            hosted.take_changes().into_iter().partition(|(key, _)| key.starts_with(CONVERSATIONS));
        self.store(ctx, tx, device, scope, groups).await?;
        self.store(ctx, tx, device, OWN, own).await?;
        let version = i64::from_be_bytes(ctx.random()) | 1;
        tx.execute(SET_VERSION, params![device, scope, version]).await?;
        let mut cache = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= GROUPS_CACHED {
            // Any half will do: what is in use comes back with its next message.
            let mut keep = false;
            cache.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
        cache.insert((device, conversation), Cached { version, hosted });
        Ok(())
    }

    /// Forgets a group for good.
    pub(super) async fn forget(
        &self,
        tx: &mut Tx,
        device: DeviceId,
        conversation: ConversationId,
    ) -> Result<(), GatewayError> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).remove(&(device, conversation));
        let scope = conversation.as_bytes().as_slice();
        tx.execute(FORGET, params![device, scope]).await?;
        tx.execute(FORGET_VERSION, params![device, scope]).await?;
        Ok(())
    }

    /// Adds the private keys of the device's key packages: a welcome needs one of them.
    pub(super) async fn load_key_packages(&self, tx: &mut Tx, hosted: &Hosted) -> Result<(), GatewayError> {
        let rows = self.load(tx, hosted.device(), OWN).await?;
        hosted.load(rows.into_iter().filter(|(key, _)| key.starts_with(KEY_PACKAGES)));
        Ok(())
    }

    async fn load(&self, tx: &mut Tx, device: DeviceId, scope: &[u8]) -> Result<Vec<Row>, GatewayError> {
        let mut opened = Vec::new();
        for row in tx.query(ROWS, params![device, scope]).await? {
            let (key, value): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let value = self.open(device, &key, &value)?;
            opened.push((key, value));
        }
        Ok(opened)
    }

    fn open(&self, device: DeviceId, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, GatewayError> {
        self.sealing.open(&about(device, key), sealed).map_err(keys("opening a row"))
    }

    async fn store(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        device: DeviceId,
        scope: &[u8],
        changes: Vec<Change>,
    ) -> Result<(), GatewayError> {
        let (mut put, mut delete) = (Vec::new(), Vec::new());
        for (key, value) in changes {
            match value {
                Some(value) => {
                    let sealed = self.sealing.seal(ctx, &about(device, &key), &value);
                    put.push(params![device, scope, &key, sealed.map_err(keys("sealing a row"))?]);
                }
                None => delete.push(params![device, scope, &key]),
            }
        }
        tx.execute_many(PUT, put).await?;
        tx.execute_many(DELETE, delete).await?;
        Ok(())
    }
}

/// What a row is sealed for: it opens in no other place.
fn about(device: DeviceId, key: &[u8]) -> Vec<u8> {
    [device.as_bytes().as_slice(), key].concat()
}
